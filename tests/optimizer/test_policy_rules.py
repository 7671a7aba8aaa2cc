"""Rules of policy, contracts and sites: by hand, priced, proved, and against every way a plan may be changed or read.

A meter MW mines 438,000 USD in 2026 and as much in 2027. A critical MW of the offer brings 800,000 USD in 2026 and takes 1.25 meter
MW, so that it is worth 800,000 - 547,500 = 252,500 USD more than mining; 20 of them 5.05 M USD. 1 EH/s takes 20 MW.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import fleet, machines, offer, scenario
from hashlease.models.months import Month
from hashlease.models.scenario import Scenario
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.certificate import Certifier
from hashlease.optimizer.decisions import Decisions
from hashlease.optimizer.diagnosis import NoPlanError
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.pinned import PinnedLease, PinnedPlan
from hashlease.optimizer.policies import Valuer
from hashlease.optimizer.price_ranges import binding_limits
from hashlease.optimizer.prices import prices_of
from hashlease.optimizer.series import NO_PLAN, OPTIMAL, Series
from hashlease.optimizer.tables import KEPT_BY_RULES, MACHINES_STAND_STILL
from random_cases import random_case, with_rules

MINING = 100 * 876_000.0
"""Both years, USD."""
GAIN = 252_500.0
"""USD that a critical MW of the offer brings beyond the mining it takes."""
YEAR = 438_000.0
"""USD that a MW mines in a year."""


def rule(kind: str, **fields: Any) -> dict[str, Any]:
    return {"name": "Rule", "kind": kind, **fields}


def solved(rules: list[dict[str, Any]], **changes: Any) -> tuple[hl.Plan, dict[str, float]]:
    plan = hl.solve(scenario(rules=rules, **changes))
    assert plan.verdict == "CERTIFIED", plan.conflicts
    return plan, {row["offer"]: row["critical_mw"] for row in plan.rows["leases"]}


def mining_mw(plan: hl.Plan, month: str) -> float:
    rows = plan.rows["allocation"]
    return sum(row["mw"] for row in rows if (row["use"], row["period"]) == ("mining", month))


# --- each kind by hand ------------------------------------------------------------------------------------------------------


def test_least_hashrate_keeps_machines_energised() -> None:
    # 4.5 EH/s are 90 MW, which leave 10 meter MW = 8 critical MW for the offer.
    plan, taken = solved([rule("hashrate", at_least_eh=4.5)])
    assert taken == pytest.approx({"Offer": 8})
    assert plan.npv_usd == pytest.approx(MINING + 8 * GAIN, rel=1e-12)
    # From 2027 on the rule costs nothing: the lease is over.
    plan, taken = solved([rule("hashrate", at_least_eh=4.5, **{"from": "2027-01"})])
    assert plan.npv_usd == pytest.approx(MINING + 20 * GAIN, rel=1e-12)


def test_least_hashrate_runs_machines_at_a_loss() -> None:
    # At 20 USD/PH/day a MWh earns 41.67 USD and costs 50: a MW loses 73,000 USD in a year. 1 EH/s is 20 MW.
    loss = (50 - 20 / 0.48) * 8760 * 2
    low = {"market__hashprice__usd_per_ph_day": {"flat": 20.0}, "leases": [], "fleets__0__mw": 100.0}
    plan, _ = solved([rule("hashrate", at_least_eh=1.0)], **low)
    assert plan.npv_usd == pytest.approx(-20 * 0.0, abs=1.0)  # a MW that is energised switches off in every hour that loses
    fixed = {**low, "fleets__0__fixed_opex_usd_per_mw_month": 1000.0}
    plan, _ = solved([rule("hashrate", at_least_eh=1.0)], **fixed)
    assert loss > 0
    assert plan.npv_usd == pytest.approx(-20 * 1000.0 * 24, rel=1e-12)
    assert mining_mw(plan, "2026-05") == pytest.approx(20)


def test_most_hashrate_leaves_machines_idle() -> None:
    # 2 EH/s are 40 MW: the offer takes 25 of the others in 2026.
    plan, taken = solved([rule("hashrate", at_most_eh=2.0)])
    assert taken == pytest.approx({"Offer": 20})
    assert plan.npv_usd == pytest.approx(40 * 2 * YEAR + 20 * 800_000, rel=1e-12)
    assert plan.reference("all_mining").npv_usd == pytest.approx(40 * 2 * YEAR, rel=1e-12)


def test_best_machines_count_most_towards_hashrate() -> None:
    # 50 MW at 10 J/TH are 5 EH/s, 50 MW at 20 J/TH 2.5; at most 6 EH/s: the first earn twice as much per EH/s and mine in full.
    machines = [fleet("New", mw=50.0, j_per_th=10.0), fleet("Old", mw=50.0)]
    plan, _ = solved([rule("hashrate", at_most_eh=6.0)], fleets=machines, leases=[])
    assert mining_mw(plan, "2026-03") == pytest.approx(50 + 20)


def test_least_and_most_share_of_mining() -> None:
    # 0.92 of 100 MW mine at least: 8 meter MW = 6.4 critical MW are left.
    plan, taken = solved([rule("mining_share", at_least_fraction=0.92)])
    assert taken == pytest.approx({"Offer": 6.4})
    assert plan.npv_usd == pytest.approx(MINING + 6.4 * GAIN, rel=1e-12)
    plan, taken = solved([rule("mining_share", at_most_fraction=0.3)])
    assert plan.npv_usd == pytest.approx(30 * 2 * YEAR + 20 * 800_000, rel=1e-12)


def test_least_and_most_share_let() -> None:
    # At most 0.1 of 100 MW: 10 meter MW = 8 critical MW.
    plan, taken = solved([rule("lease_share", at_most_fraction=0.1)])
    assert taken == pytest.approx({"Offer": 8})
    assert plan.npv_usd == pytest.approx(MINING + 8 * GAIN, rel=1e-12)
    # At a rent of 60 a critical MW brings 320,000 USD, 227,500 less than mining; at least 0.2 let in 2026 takes 16 of them.
    plan, taken = solved([rule("lease_share", at_least_fraction=0.2, to="2026-12")], leases__0__rent_usd_per_kw_month=60.0)
    assert taken == pytest.approx({"Offer": 16})
    assert plan.npv_usd == pytest.approx(MINING - 16 * 227_500, rel=1e-12)


def test_mw_are_let_from_their_conversion_on() -> None:
    # Dark in January, rent from February: 10 of 100 MW are let in both; kept MW after the term are not let.
    dark = {
        "leases__0__start_window": {"earliest": "2026-02", "latest": "2026-02"},
        "leases__0__conversion_outage_months": 1,
        "leases__0__mw_after_term": "kept",
    }
    for first, last, mw in (("2026-01", "2026-01", 8), ("2026-02", "2027-01", 8), ("2027-02", "2027-12", 20)):
        months = {"from": first, "to": last}
        _, taken = solved([rule("lease_share", at_most_fraction=0.1, **months)], leases__0__rent_usd_per_kw_month=300.0, **dark)
        assert taken == pytest.approx({"Offer": mw}), months


def test_an_earliest_date_of_leasing_and_a_latest_of_mining() -> None:
    # Every month of 300 USD/kW-month counts until the horizon ends with 2026. Nothing is let before July, conversions neither: a
    # month of it makes August the first month of rent. Mining ends with September; the lease's MW leave it in July.
    changes = {
        "horizon__end": "2026-12",
        "leases__0__start_window": {"earliest": "2026-02", "latest": "2026-12"},
        "leases__0__conversion_outage_months": 1,
        "leases__0__rent_usd_per_kw_month": 300.0,
    }
    latest = rule("mining_share", at_most_fraction=0.0, **{"from": "2026-10"}) | {"name": "Latest"}
    plan, taken = solved([rule("lease_share", at_most_fraction=0.0, to="2026-06"), latest], **changes)
    assert taken == pytest.approx({"Offer": 20})
    assert plan.rows["leases"][0]["start"] == "2026-08"
    assert {row["period"] for row in plan.rows["allocation"] if row["use"] == "conversion"} == {"2026-07"}
    assert max(row["period"] for row in plan.rows["allocation"] if row["use"] == "mining") == "2026-09"
    # 100 MW in 181 days of 24 hours at 50 USD/MWh, 75 MW in 92; 20 MW of five months of rent less capex.
    mined = 50 * 24 * (100 * 181 + 75 * 92)
    assert plan.npv_usd == pytest.approx(mined + 20 * (5 * 300_000 - 400_000), rel=1e-12)


def test_contracted_least_load() -> None:
    # Machines of 60 MW on 100: 95 MW of load want 35 meter MW = 28 critical MW let, at 60 USD/kW-month, which lose 80,000 each
    # (720,000 - 800,000 of capex) on idle MW: 28 x -80,000.
    few = {
        "fleets__0__mw": 60.0,
        "leases__0__critical_it_mw": 32.0,
        "leases__0__rent_usd_per_kw_month": 60.0,
        "leases__0__capex_usd_per_critical_mw": 800_000.0,
    }
    months = {"to": "2026-12"}
    plan, taken = solved([rule("load", at_least_mw=95.0, site="Site", **months)], **few)
    assert taken == pytest.approx({"Offer": 28})
    assert plan.npv_usd == pytest.approx(60 * 2 * YEAR - 28 * 80_000, rel=1e-12)
    assert not plan.reference("all_mining").is_possible
    assert plan.rows["leases"][0]["reason"].endswith("without it no plan keeps the rules")


def test_load_counts_delivered_mw_alone() -> None:
    # The hall is dark in January and kept after January 2027: then 60 MW are all the load that there can be.
    found = hl.solve(
        scenario(
            rules=[rule("load", at_least_mw=61.0)],
            fleets__0__mw=60.0,
            leases__0__start_window={"earliest": "2026-02", "latest": "2026-02"},
            leases__0__conversion_outage_months=1,
            leases__0__mw_after_term="kept",
        )
    )
    assert found.verdict == "INFEASIBLE, PROVED"
    assert [line.split(":")[0] for line in found.conflicts] == [
        "Rule, all sites, 2026-01",
        "Rule, all sites, 2027-02 to 2027-12",
    ]
    assert "61.0 MW of load are asked for, at most 60.0 MW can be reached (short 1.0)" in found.conflicts[0]


def test_a_share_of_the_load_stays_curtailable() -> None:
    # 0.9 of the load mines: with x meter MW leased mining is 9 x, and 10 x = 100 MW: 10 meter MW = 8 critical MW.
    plan, taken = solved([rule("curtailable_share", at_least_fraction=0.9, site="Site")])
    assert taken == pytest.approx({"Offer": 8})
    assert plan.npv_usd == pytest.approx(MINING + 8 * GAIN, rel=1e-12)


def test_no_tenant_beyond_its_share() -> None:
    # A at 110 (920,000 USD a critical MW), B at 100, both of 20 critical MW. At most 0.5 each: as much of A as of B, all of both.
    # At most 0.4 each: two tenants cannot, so nothing is let; with a third of 8 critical MW, which are 0.2 of 40, A and B have 16.
    both = [offer("A", tenant="X", rent_usd_per_kw_month=110.0), offer("B", tenant="Y")]
    plan, taken = solved([rule("tenant_share", at_most_fraction=0.5)], leases=both)
    assert taken == pytest.approx({"A": 20, "B": 20})
    _, taken = solved([rule("tenant_share", at_most_fraction=0.4)], leases=both)
    assert taken == pytest.approx({"A": 0, "B": 0})
    third = [*both, offer("C", critical_it_mw=8.0)]
    plan, taken = solved([rule("tenant_share", at_most_fraction=0.4)], leases=third)
    assert taken == pytest.approx({"A": 16, "B": 16, "C": 8})
    assert plan.npv_usd == pytest.approx(MINING + 16 * (GAIN + 120_000) + 24 * GAIN, rel=1e-12)


def test_no_tenant_beyond_its_share_of_rent() -> None:
    # A at 150, B at 100 USD per kW, both of 20 critical MW: of A at most as much as pays 60 % of the rent, x with
    # 150 x <= 0.6 (150 x + 100 x 20), x = 20; at 50 % 150 x <= 100 x 20, 13.333 of A beside all of B.
    both = [offer("A", tenant="X", rent_usd_per_kw_month=150.0), offer("B", tenant="Y")]
    plan, taken = solved([rule("tenant_rent_share", at_most_fraction=0.6)], leases=both)
    assert taken == pytest.approx({"A": 20, "B": 20})
    plan, taken = solved([rule("tenant_rent_share", at_most_fraction=0.5)], leases=both)
    assert plan.verdict == "CERTIFIED"
    assert taken == pytest.approx({"A": 40 / 3, "B": 20})
    _, taken = solved([rule("tenant_rent_share", tenant="Y", at_most_fraction=0.25)], leases=both)
    assert taken == pytest.approx({"A": 20, "B": 10})


def test_signed_rent_beyond_a_share_leaves_no_plan() -> None:
    deal = offer("Deal", status="signed", start_month="2026-01", tenant="X")
    del deal["start_window"]
    plan = hl.solve(scenario(rules=[rule("tenant_rent_share", at_most_fraction=0.5)], leases=[deal]))
    assert plan.verdict == "INFEASIBLE, PROVED"
    assert any("rent" in line for line in plan.conflicts), plan.conflicts


def test_leases_of_one_tenant_count_together() -> None:
    # X has A and B: 30 meter MW of X are 24 critical MW, the dearer ones first.
    both = [offer("A", tenant="X", rent_usd_per_kw_month=110.0), offer("B", tenant="X")]
    plan, taken = solved([rule("tenant_mw", tenant="X", at_most_mw=30.0)], leases=both)
    assert taken == pytest.approx({"A": 20, "B": 4})
    assert plan.npv_usd == pytest.approx(MINING + 20 * (GAIN + 120_000) + 4 * GAIN, rel=1e-12)
    # Without a name the rule is on each tenant; a lease without a tenant is one by itself.
    alone = [offer("A", rent_usd_per_kw_month=110.0), offer("B")]
    _, taken = solved([rule("tenant_mw", at_most_mw=15.0)], leases=alone)
    assert taken == pytest.approx({"A": 12, "B": 12})


def test_a_rule_of_a_site_and_one_of_all_sites() -> None:
    sites = [
        {"name": name, "zone": "Zone", "energised_mw": 50.0, "supply": {"kind": "index", "adder_usd_per_mwh": 0.0}}
        for name in ("Site", "South")
    ]
    machines = [fleet("First", mw=50.0), fleet("Second", site="South", mw=50.0)]
    two = {"sites": sites, "fleets": machines, "leases": [offer("A"), offer("B", site="South")]}
    # Each offer takes 25 of 50 MW. At the first site 40 MW have to mine: 10 meter MW = 8 critical MW are left.
    _, taken = solved([rule("hashrate", site="Site", at_least_eh=2.0)], **two)
    assert taken == pytest.approx({"A": 8, "B": 20})
    plan, taken = solved([rule("hashrate", at_least_eh=4.0)], **two)
    assert sum(taken.values()) == pytest.approx(16)
    assert plan.npv_usd == pytest.approx(MINING + 16 * GAIN, rel=1e-12)
    assert not scenario(rules=[rule("hashrate", at_least_eh=4.0)], **two).sites_are_separate
    assert scenario(rules=[rule("hashrate", site="Site", at_least_eh=2.0)], **two).sites_are_separate


# --- machines that are bought, sold and moved -------------------------------------------------------------------------------


def test_bought_machines_count_while_they_are_there() -> None:
    # 40 MW make 2 EH/s. Machines of 15 J/TH that never pay their power (100 USD/MWh beside it) cost 266,667 USD a MW, price less
    # resale: 0.6 EH/s more through 2026 are 9 MW of them. They are there for a year, so that 2.6 EH/s cannot be had in 2027.
    own = {"leases": [], "fleets__0__mw": 40.0, "machine_offers": [machines(variable_opex_usd_per_mwh=100.0)]}
    plan = hl.solve(scenario(rules=[rule("hashrate", at_least_eh=2.6, to="2026-12")], **own))
    assert plan.verdict == "CERTIFIED", plan.conflicts
    assert [(row["mw"], row["month"]) for row in plan.rows["machines"]] == [(pytest.approx(9), "2026-01")]
    assert plan.npv_usd == pytest.approx(40 * 2 * YEAR - 9 * 8e6 / 30, rel=1e-12)
    assert plan.rows["machines"][0]["reason"].startswith(
        "bought in part (9.0 of 50.0 MW) because the rules ask for no more: a MW costs 0.27 M USD (price less tax and resale), "
        "earns 0 USD by mining and helps to keep rules, worth 0.27 M USD; without them no plan keeps the rules"
    )
    later = hl.solve(scenario(rules=[rule("hashrate", at_least_eh=2.6)], **own))
    assert (later.verdict, len(later.conflicts)) == ("INFEASIBLE, PROVED", 1)
    assert later.conflicts[0].startswith(
        "Rule, all sites, 2027-01 to 2027-12: 2.6 EH/s have to be energised, at most 2.0 EH/s can be (short 0.6)."
    )


def test_what_is_sold_does_not_count() -> None:
    # In January 2027 a MW sold for 500,000 USD instead of 50,000 a year later gives up 438,000: 12,000 USD more. 2 EH/s are 40 MW
    # that stay; a rule that ends in 2026 keeps none.
    sale = {"usd_per_th": {"flat": 10.0}, "window": {"earliest": "2026-07", "latest": "2027-01"}}
    own = {"leases": [], "fleets__0__sale": sale, "fleets__0__resale_usd_per_th": 1.0}
    for months, sold in (({}, 60), ({"to": "2026-12"}, 100), ({"from": "2027-12"}, 60)):
        plan = hl.solve(scenario(rules=[rule("hashrate", at_least_eh=2.0, **months)], **own))
        assert plan.verdict == "CERTIFIED", plan.conflicts
        assert plan.npv_usd == pytest.approx(100 * (2 * YEAR + 50_000) + sold * 12_000, rel=1e-12)


def moving(rules: list[dict[str, Any]], overhead: float = 1.0) -> Scenario:
    """100 MW of machines, and a site of 110 MW at 20 USD/MWh that a MW reaches for 100,000 USD and a month of downtime."""
    base = scenario().model_dump(mode="json", by_alias=True)
    zone, site = base["power"]["zones"][0], base["sites"][0]
    way = {
        "name": "Moved",
        "fleet": "Fleet",
        "site": "Cheap",
        "usd_per_mw": 100_000.0,
        "downtime_months": 1,
        "overhead": overhead,
        "uptime_fraction": 1.0,
        "variable_opex_usd_per_mwh": 10.0,
        "fixed_opex_usd_per_mw_month": 0.0,
        "window": {"earliest": "2026-01", "latest": "2026-06"},
    }
    return scenario(
        leases=[],
        power__zones=[zone, {**zone, "name": "Low", "price": {"kind": "flat", "usd_per_mwh": {"flat": 20.0}}}],
        sites=[site, {**site, "name": "Cheap", "zone": "Low", "energised_mw": 110.0}],
        machine_moves=[way],
        rules=rules,
    )


def test_moved_machines_count_where_they_are() -> None:
    # A MW that moves earns 70 USD/MWh in 16,776 hours instead of 50 in 17,520, and costs 100,000: 198,320 USD more.
    # 3 EH/s that stay are 60 MW: 40 move. With 5 EH/s in every month none may be dark; from March on all may have moved.
    # At an overhead of 1.1 there a MW becomes 1.1 MW and makes as many EH/s as before: 67 USD/MWh, 16,776 x 67 - 100,000.
    for stated, overhead, worth in (
        (rule("hashrate", at_least_eh=3.0, site="Site"), 1.0, 100 * 2 * YEAR + 40 * 198_320),
        (rule("hashrate", at_least_eh=5.0), 1.0, 100 * 2 * YEAR),
        (rule("hashrate", at_least_eh=5.0, **{"from": "2026-03"}), 1.0, 100 * (2 * YEAR + 198_320)),
        (rule("hashrate", at_least_eh=5.0, **{"from": "2026-03"}), 1.1, 100 * (16_776 * 67 - 100_000)),
        (rule("load", at_most_mw=55.0, site="Cheap"), 1.1, 50 * (2 * YEAR + 16_776 * 67 - 100_000)),
    ):
        plan = hl.solve(moving([stated], overhead))
        assert plan.verdict == "CERTIFIED", plan.conflicts
        assert plan.npv_usd == pytest.approx(worth, rel=1e-12), stated


def test_a_machine_that_moves_counts_once() -> None:
    # 110 MW have a place at the new site and 100 at the old one, but there are machines of 5 EH/s.
    found = hl.solve(moving([rule("hashrate", at_least_eh=6.0)]))
    assert found.verdict == "INFEASIBLE, PROVED"
    assert found.conflicts[0].startswith(
        "Rule, 2026-01 to 2027-12: least hashrate: 6.0 EH/s are asked for, 5.0 EH/s can be reached beside all else (short 1.0)"
    )
    there = hl.solve(moving([rule("hashrate", at_least_eh=4.0, site="Cheap", **{"from": "2026-02"})]))
    assert there.verdict == "CERTIFIED"
    early = hl.solve(moving([rule("hashrate", at_least_eh=4.0, site="Cheap")]))
    assert early.conflicts[0].startswith("Rule, Cheap, 2026-01: 4.0 EH/s have to be energised, at most 0.0 EH/s can be (short 4.0)")


# --- prices -----------------------------------------------------------------------------------------------------------------


def test_what_a_lower_limit_costs_and_an_upper_one_is_worth() -> None:
    # One more EH/s is 20 MW that cannot be let through a year: 16 critical MW x 252,500 USD. The price holds from 75 MW (all of the
    # offer taken: 3.75 EH/s) to 100 MW (none: 5 EH/s). In the LP it is spread over the twelve months of the lease in some way.
    optimiser = Optimiser(Values(scenario(rules=[rule("hashrate", at_least_eh=4.5, to="2026-12")])))
    rows = [row for row in binding_limits(optimiser) if row["rule"] == "hashrate_at_least"]
    assert {(row["of"], row["unit"], row["price_unit"], row["limit"]) for row in rows} == {("Rule", "EH/s", "USD per EH/s", 4.5)}
    assert sum(row["price"] for row in rows) == pytest.approx(-16 * GAIN, rel=1e-9)
    assert all(row["price"] <= 0 for row in rows)
    one = Optimiser(Values(scenario(rules=[rule("hashrate", at_least_eh=4.5, **{"from": "2026-03", "to": "2026-03"})])))
    (row,) = [row for row in binding_limits(one) if row["rule"] == "hashrate_at_least"]
    assert row["period"] == "2026-03"
    assert (row["price"], row["one_more"], row["one_less"]) == pytest.approx((-16 * GAIN,) * 3, rel=1e-9)
    assert (row["down_to"], row["up_to"]) == pytest.approx((3.75, 5.0))
    # An upper limit of one month: one more EH/s lets 20 MW mine in that month, 744 hours x 50 USD.
    most = Optimiser(Values(scenario(rules=[rule("hashrate", at_most_eh=2.0, **{"from": "2027-03", "to": "2027-03"})])))
    (row,) = [row for row in binding_limits(most) if row["rule"] == "hashrate_at_most"]
    assert row["price"] == pytest.approx(20 * 744 * 50, rel=1e-9)
    assert (row["down_to"], row["up_to"]) == pytest.approx((0.0, 5.0))


def test_the_reason_of_an_offer_speaks_of_the_rules() -> None:
    plan, _ = solved([rule("hashrate", at_least_eh=4.5)])
    why = plan.rows["leases"][0]["reason"]
    assert why.startswith("taken in part (8.0 of 20.0 MW) because the rules keep the site's other MW mining: ")
    found = hl.why(scenario(rules=[rule("tenant_mw", at_most_mw=10.0)]))
    (use,) = [use for use in found.uses if use["kind"] == "offer"]
    assert use["rule"] == "rules"
    assert "because the rules allow no more" in use["why"]


def test_fleets_and_idle_mw_speak_of_the_rules() -> None:
    # Of 100 MW 40 may mine in 2026, each of which earns 744 h x 50 USD in January; the others would, and are idle.
    most = scenario(leases=[], rules=[rule("hashrate", at_most_eh=2.0, to="2026-12")])
    (fleet_row,) = hl.why(most).uses
    assert fleet_row["rule"] == "machines"
    assert (
        "less in 12 of 24 months, as the rules allow no more: a MW would earn 36,500 USD a month, and room under the rules is "
        in (fleet_row["why"])
    )
    idle = hl.solve(most).rows["idle_by_year"]
    assert [(row["year"], row["why"], row["mw"]) for row in idle] == [(2026, KEPT_BY_RULES, pytest.approx(60))]
    # At 20 USD/PH/day a MWh earns 41.67 USD, which does not pay 50 USD: machines cost 1,000 USD a MW and month, and 2 EH/s run.
    poor = {"leases": [], "fleets__0__fixed_opex_usd_per_mw_month": 1_000.0, "market__hashprice__usd_per_ph_day": {"flat": 20.0}}
    least = scenario(rules=[rule("hashrate", at_least_eh=2.0)], **poor)
    plan = hl.solve(least)
    assert plan.npv_usd == pytest.approx(-40 * 24 * 1_000, rel=1e-12)
    (fleet_row,) = hl.why(least).uses
    assert fleet_row["why"].endswith("; the rules ask for it in all 24 months: a MW is worth 1,000 USD a month by them")
    assert fleet_row["flips"][0]["to"] is None
    assert {row["why"] for row in plan.rows["idle_by_year"]} == {MACHINES_STAND_STILL}


# --- proof ------------------------------------------------------------------------------------------------------------------

EVERY_RULE = [
    rule("hashrate", at_least_eh=3.2, at_most_eh=4.6) | {"name": "Hashrate"},
    rule("mining_share", at_least_fraction=0.5, at_most_fraction=0.95) | {"name": "Mining"},
    rule("lease_share", at_most_fraction=0.33) | {"name": "Leases"},
    rule("load", at_least_mw=70.0, at_most_mw=99.0) | {"name": "Load"},
    rule("curtailable_share", at_least_fraction=0.6) | {"name": "Curtailable"},
    rule("tenant_share", at_most_fraction=0.7) | {"name": "Share"},
    rule("tenant_mw", at_most_mw=22.0) | {"name": "Tenant"},
]


def every_rule(**changes: Any) -> Scenario:
    window = {"earliest": "2026-01", "latest": "2026-06"}
    leases = [
        offer("A", tenant="X", rent_usd_per_kw_month=110.0, start_window=window),
        offer("B", tenant="Y", critical_it_mw=12.0, conversion_outage_months=1, start_window={**window, "earliest": "2026-02"}),
        offer("C", critical_it_mw=4.0, rent_usd_per_kw_month=95.0),
    ]
    return scenario(leases=leases, rules=EVERY_RULE, **changes)


def test_all_kinds_together_are_certified() -> None:
    plan = hl.solve(every_rule())
    assert plan.verdict == "CERTIFIED", plan.conflicts


def test_a_plan_that_misses_a_rule_is_not_used() -> None:
    optimiser = Optimiser(Values(every_rule()))
    certifier, best = Certifier(optimiser.values, optimiser.program.form), optimiser.solve()
    good = Decisions.of(optimiser.program, best.x)
    assert certifier.primal(good).passed
    missed = certifier.primal(replace(good, mining_mw=0.5 * good.mining_mw))
    assert (missed.passed, missed.note.startswith("rule ")) == (False, True)
    only_one = tuple(mw * (number == 0) for number, mw in enumerate(good.lease_mw))
    assert certifier.primal(replace(good, lease_mw=only_one)).note.startswith("rule Share: X in ")


@pytest.mark.parametrize("scale", [0.0, 1e-2, 1.0, 100.0])
def test_any_prices_bound_every_plan(scale: float) -> None:
    optimiser = Optimiser(Values(every_rule()))
    certifier, best = Certifier(optimiser.values, optimiser.program.form), optimiser.solve().objective
    random = np.random.default_rng(3)
    for _ in range(20):
        dual = random.uniform(-scale, scale, optimiser.program.form.rows)
        assert certifier.safe_bound_musd(prices_of(optimiser.program, dual)) >= best - 1e-9


def test_the_certificate_reads_the_program() -> None:
    """Each row of the program, at any decisions, is what the certificate reads from the rule: two paths."""
    optimiser = Optimiser(Values(every_rule()))
    program, certifier = optimiser.program, Certifier(optimiser.values, optimiser.program.form)
    form, random = program.form, np.random.default_rng(5)
    x = random.uniform(0, 1, form.columns)
    lease = x[program.lease_columns]
    x[program.leased_columns] = [lease[program.offer_of == number].sum() for number in range(len(program.values.offers))]
    column = np.repeat(np.arange(form.columns), np.diff(form.first))
    left = np.bincount(form.row, weights=form.value * x[column], minlength=form.rows)
    mining = np.zeros_like(program.values.available_mw)
    mining[program.fleet_of, program.month_of] = x[program.mining_columns]
    plan = Decisions(mining, tuple(lease[program.offer_of == number] for number in range(len(program.values.offers))))
    seen = 0
    for read in certifier.policy:
        terms = read.terms(plan).sum(axis=0)
        for row, (family, index) in enumerate(form.row_names):
            if family == read.family and index[0] == read.of:
                t = program.position_of_month[index[1]]
                limit = form.row_upper[row] if read.upper else form.row_lower[row]
                assert left[row] == pytest.approx(terms[t], abs=1e-9)
                assert limit == pytest.approx(read.limit[t], abs=1e-9)
                assert read.applies[t] == 1
                seen += 1
    assert seen > 200


# --- other questions --------------------------------------------------------------------------------------------------------


def test_other_limits_are_solved_warm() -> None:
    series = Series()
    assert series.solve(scenario(rules=[rule("hashrate", at_least_eh=4.5)])).npv_usd == pytest.approx(MINING + 8 * GAIN)
    found = series.solve(scenario(rules=[rule("hashrate", at_least_eh=4.0)]))
    assert (found.stated, found.npv_usd) == (False, pytest.approx(MINING + 16 * GAIN))
    found = series.solve(scenario(rules=[rule("lease_share", at_most_fraction=0.1)]))
    assert (found.stated, found.npv_usd) == (True, pytest.approx(MINING + 8 * GAIN))
    found = series.solve(scenario(rules=[rule("lease_share", at_most_fraction=0.05)], sites__0__energised_mw=200.0))
    assert (found.stated, found.verdict) == (False, OPTIMAL)


def test_a_series_tells_where_rules_leave_no_plan() -> None:
    # Two rules, each of which can be kept alone: 90 MW mine, 20 MW are let, on 100.
    both = [rule("mining_share", at_least_fraction=0.9), rule("lease_share", at_least_fraction=0.2, to="2026-06") | {"name": "Let"}]
    found = Series().solve(scenario(rules=both))
    assert found.verdict == NO_PLAN
    assert "short" in found.why


@pytest.mark.parametrize("seed", range(4))
def test_the_map_keeps_the_rules_and_its_bound(seed: int) -> None:
    random = np.random.default_rng(seed)
    case = every_rule(fleets__0__fixed_opex_usd_per_mw_month=float(random.uniform(1_000, 30_000)))
    case = case.model_copy(update={"rules": case.rules[1:]}) if seed == 3 else case
    found = hl.decision_map(case, {"hashprice": (0.4, 1.4), "rent": (0.8, 1.3)}, 0.01)
    optimiser = Optimiser(Values(case))
    for _ in range(25):
        hashprice, rent = float(random.uniform(0.4, 1.4)), float(random.uniform(0.8, 1.3))
        at = Multipliers(hashprice=hashprice, rent=rent)
        best = (optimiser.solve(optimiser.program.cost_musd(at)).objective + optimiser.values.constant_musd(at)) * 1e6
        regret = best - found.npv_usd(hashprice=hashprice, rent=rent).max()
        assert -1.0 <= regret <= found.bound_usd + 1.0


def test_a_pinned_plan_keeps_the_rules() -> None:
    def pinned(mw: float) -> PinnedPlan:
        return PinnedPlan("mine", (PinnedLease("Site", "Offer", Month.of("2026-01"), mw),))

    valuer = Valuer(scenario(rules=[rule("hashrate", at_most_eh=2.0)]))
    assert valuer.pinned(pinned(20)).npv_usd == pytest.approx(40 * 2 * YEAR + 20 * 800_000, rel=1e-12)
    with pytest.raises(hl.InputError, match="short"):
        Valuer(scenario(rules=[rule("hashrate", at_least_eh=4.5)])).pinned(pinned(20))
    with pytest.raises(hl.InputError, match=r"short 15\.0 MW"):
        Valuer(scenario(rules=[rule("lease_share", at_most_fraction=0.1)])).pinned(pinned(20))


def test_reference_plans_that_cannot_keep_the_rules_are_left_out() -> None:
    from hashlease.exports.compare_screen import comparison_lines
    from hashlease.exports.report.study import Study
    from hashlease.optimizer.compare import COMPARISON_TABLES

    base = scenario(rules=[rule("lease_share", at_least_fraction=0.2, to="2026-06")])
    found = hl.compare(base)
    assert [column.label for column in found.columns] == ["optimum", "lease all"]
    [left] = found.rows["left_out"]
    assert tuple(left) == COMPARISON_TABLES["left_out"]
    assert left["plan"] == "all mining"
    assert "no plan like this keeps the rules of the scenario (Rule)" in left["why"]
    assert "left out: all mining: no offer is taken" in "\n".join(comparison_lines(found))
    with pytest.raises(NoPlanError, match="no plan like this keeps the rules"):
        hl.compare(base, ["all_mining", "optimum"])
    assert Study(hl.solve(base)).waterfall == []
    more = scenario(rules=[rule("lease_share", at_least_fraction=0.3, to="2026-06")])
    with pytest.raises(NoPlanError, match=r"at most 25\.0 MW can be"):
        hl.compare(more)


def test_live_formulas_refuse_machines_that_run_at_a_loss() -> None:
    from hashlease.optimizer.plan_terms import PlanTerms

    found = hl.decision_map(scenario(rules=[rule("hashrate", at_least_eh=4.5)]), {"hashprice": (0.5, 1.5)})
    with pytest.raises(hl.InputError, match="machines may have to run at a loss"):
        PlanTerms.of(found.values.values, list(found.decisions))
    found = hl.decision_map(scenario(rules=[rule("hashrate", at_most_eh=3.0)]), {"hashprice": (0.5, 1.5)})
    terms = PlanTerms.of(found.values.values, list(found.decisions))
    assert terms.npv_musd().max() * 1e6 == pytest.approx(hl.solve(found.scenario).npv_usd, rel=1e-9)


@pytest.mark.parametrize("case", range(30))
def test_random_rules_are_proved(case: int) -> None:
    """Rules on random scenarios: certified, or proved to leave no plan; the independent program says the same elsewhere."""
    plan = hl.solve(with_rules(random_case(case), case))
    assert plan.verdict in ("CERTIFIED", "INFEASIBLE, PROVED"), plan.conflicts
