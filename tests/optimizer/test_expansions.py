"""Expansions of sites: what they cost and add, when they pay, what limits them, and that every figure adds up."""

from __future__ import annotations

import copy
import itertools
import random
from typing import Any

import cases
import hashlease as hl
import numpy as np
import pytest
from cases import fleet, offer, scenario
from hashlease.models.values import Values
from hashlease.optimizer.certificate import Certifier
from hashlease.optimizer.expansion_readings import ExpansionReadings
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.policies import Valuer
from hashlease.optimizer.site_by_site import SiteBySite, can_go_site_by_site
from hashlease.optimizer.why import why
from second_opinion import all_differences, plain

HOURS = 8_760 + 8_760
"""Of the plain scenario's two years. A MWh mined earns 50 USD there (tests/cases.py)."""
FROM_MARCH = HOURS - (31 + 28) * 24
RATES = {"mining": 0.12, "lease": 0.08, "capex": 0.1, "power_contract": 0.08}


def expansion(name: str = "More", **changes: Any) -> dict[str, Any]:
    """50 MW for 200,000 USD each, spent in the two months before, from March 2026 on."""
    return {"name": name, "mw": 50.0, "capex_usd_per_mw": 200_000.0, "build_months": 2, "lead_months": 2, **changes}


def larger(*expansions: dict[str, Any], **changes: Any) -> hl.Scenario:
    """The plain site without offers, machines for 200 MW and these expansions."""
    return scenario(**{"leases": [], "fleets__0__mw": 200.0, "sites__0__expansions": list(expansions), **changes})


def certified(case: hl.Scenario) -> hl.Plan:
    plan = hl.solve(case)
    assert plan.verdict == "CERTIFIED", (plan.verdict, plan.conflicts)
    assert plan.ledger_total_usd == pytest.approx(plan.npv_usd, rel=1e-9)
    return plan


def row(plan: hl.Plan, name: str = "More") -> dict[str, Any]:
    return next(row for row in plan.rows["expansions"] if row["name"] == name)


# --- closed forms ------------------------------------------------------------------------------------------------------------


def test_an_expansion_is_taken_in_full_as_soon_as_it_can_be() -> None:
    # 100 MW x 17,520 h x 50 = 87.6 M; 50 MW x (17,520 - 1,416 h) x 50 = 40.26 M, less 50 x 200,000 = 10 M.
    plan = certified(larger(expansion()))
    assert plan.npv_usd == pytest.approx(100 * HOURS * 50 + 50 * FROM_MARCH * 50 - 50 * 200_000, rel=1e-12)
    found = row(plan)
    assert (found["decision"], found["mw"], found["month"], found["capex_usd"]) == ("energise", 50.0, "2026-03", 10_000_000.0)
    assert found["worth_usd"] == pytest.approx(50 * (FROM_MARCH * 50 - 200_000), rel=1e-9)
    assert found["npv_usd"] == pytest.approx(-10e6, rel=1e-12)
    # It pays up to what a MW earns: 16,104 h x 50 USD.
    assert found["break_even_capex_usd_per_mw"] == pytest.approx(FROM_MARCH * 50, rel=1e-7)
    idle = [entry["mw"] for entry in plan.rows["allocation"] if entry["use"] == "idle"]
    assert max(idle) == 0.0


@pytest.mark.parametrize(("capex", "taken"), [(805_199.0, 50.0), (805_201.0, 0.0)])
def test_the_break_even_capex_is_where_the_decision_flips(capex: float, taken: float) -> None:
    # 16,104 h x 50 USD = 805,200 USD; every later month earns less for the same capex.
    plan = certified(larger(expansion(capex_usd_per_mw=capex)))
    assert row(plan)["mw"] == taken
    assert row(plan)["break_even_capex_usd_per_mw"] == pytest.approx(805_200, rel=1e-7)


def test_each_payment_has_its_day_and_its_rate() -> None:
    # Energised in April 2026 alone: halves of the capex on 1 February (31 days) and 1 March (59 days) at 10 %; upkeep at mid-month
    # at 8 %: April's on day 90 + 15 = 105, May's 120 + 15.5 = 135.5, June's 151 + 15 = 166; 40 % of the capex on 1 July, day 181.
    window = {"earliest": "2026-04", "latest": "2026-04"}
    terms = expansion(window=window, fixed_usd_per_mw_month=1_000.0, residual_fraction=0.4)
    case = larger(terms, horizon__end="2026-06", finance__discount_rate_per_year=RATES)
    (found,) = Values(case).expansions
    capex = 100_000 * (1.1 ** (-31 / 365.25) + 1.1 ** (-59 / 365.25))
    upkeep = 1_000 * sum(1.08 ** (-days / 365.25) for days in (105, 135.5, 166))
    residual = 0.4 * 200_000 * 1.08 ** (-181 / 365.25)
    assert found.fixed_musd * 1e6 == pytest.approx([residual - capex - upkeep], rel=1e-12)
    assert found.price_musd * 1e6 == pytest.approx([residual - capex], rel=1e-12)
    assert found.capex_musd_by_year.tolist() == [[pytest.approx(0.2)]]


def test_tax_deducts_depreciation_upkeep_and_what_is_left_of_the_cost() -> None:
    # Nothing is discounted; energised in April, three months of a life of 60: 20 % of 200,000 x 3 / 60 = 2,000 are saved. Upkeep is
    # deducted as it is paid: 0.8 x 3 x 1,000. The residual of 80,000 is taxed beyond the book value of 190,000: 22,000 come back.
    window = {"earliest": "2026-04", "latest": "2026-04"}
    terms = expansion(window=window, fixed_usd_per_mw_month=1_000.0, residual_fraction=0.4)
    tax = {"rate_fraction": 0.2, "depreciation_years": 5.0}
    case = larger(terms, horizon__end="2026-06", finance__tax=tax)
    (found,) = Values(case).expansions
    expected = -200_000 + 2_000 - 2_400 + 80_000 - 0.2 * (80_000 - 190_000)
    assert found.fixed_musd * 1e6 == pytest.approx([expected], rel=1e-12)
    (read,) = ExpansionReadings(Values(case), Certifier(Values(case), Optimiser(Values(case)).program.form).ledger).musd
    assert read * 1e6 == pytest.approx([expected], rel=1e-12)


@pytest.mark.parametrize("schedule", [{"macrs_years": 5, "bonus_fraction": 0.4}, {"macrs_years": 39}, {"depreciation_years": 1.0}])
def test_every_schedule_adds_up_by_ledger_and_program(schedule: dict[str, Any]) -> None:
    terms = expansion(build_months=5, fixed_usd_per_mw_month=700.0, residual_fraction=0.9)
    tax = {"rate_fraction": 0.3, **schedule}
    case = larger(terms, finance__tax=tax, finance__discount_rate_per_year=RATES)
    values = Values(case)
    readings = Certifier(values, Optimiser(values).program.form).expansions
    assert readings.musd[0] == pytest.approx(values.expansions[0].fixed_musd, rel=1e-12, abs=1e-15)
    assert readings.capex_musd[0] == pytest.approx(values.expansions[0].capex_musd_by_year, rel=1e-12, abs=1e-15)
    assert readings.there[0].tolist() == values.expansions[0].there.tolist()
    certified(case)


def test_nothing_is_energised_before_lead_time_and_construction() -> None:
    case = larger(expansion(lead_months=1, build_months=4), expansion("Late", window={"earliest": "2026-02", "latest": "2026-09"}))
    months = {one.name: [str(month) for month in one.months] for one in Values(case).expansions}
    assert months["More"][0] == "2026-05"  # four months of building from the valuation date on
    assert (months["Late"][0], months["Late"][-1]) == ("2026-03", "2026-09")


# --- what limits it ----------------------------------------------------------------------------------------------------------


def test_suitable_mw_are_a_share_of_the_new_mw() -> None:
    # A critical MW takes 1.25 MW. Of 40 new MW a quarter can host leases: 10 MW, beside the 5 of the site: 12 critical MW.
    lease = offer(
        "Offer", critical_it_mw=40.0, rent_usd_per_kw_month=300.0, start_window={"earliest": "2026-03", "latest": "2026-03"}
    )
    terms = expansion(mw=40.0, hpc_suitable_fraction=0.25, capex_usd_per_mw=1_000.0)
    plan = certified(larger(terms, leases=[lease], sites__0__hpc_suitable_mw=5.0))
    assert plan.rows["leases"][0]["critical_mw"] == pytest.approx(12.0)
    assert row(plan)["suitable_mw"] == pytest.approx(10.0)


def test_new_mw_that_host_nothing_are_no_hall_although_the_site_has_no_limit() -> None:
    # All 10 MW of the site can host leases, none of the new ones: 8 critical MW, as without them.
    lease = offer(
        "Offer", critical_it_mw=40.0, rent_usd_per_kw_month=300.0, start_window={"earliest": "2026-03", "latest": "2026-03"}
    )
    terms = expansion(hpc_suitable_fraction=0.0, capex_usd_per_mw=1_000.0)
    plan = certified(larger(terms, leases=[lease], sites__0__energised_mw=10.0))
    assert plan.rows["leases"][0]["critical_mw"] == pytest.approx(8.0)
    assert row(plan)["mw"] == 50.0


def test_a_right_reserves_mw_of_the_site_and_none_of_an_expansion() -> None:
    # The right keeps all 10 MW of the site free until August; the other lease takes the 50 new MW: 40 critical MW from March.
    kept = offer("Kept", critical_it_mw=8.0, reserved_until="2026-08", rent_usd_per_kw_month=1.0)
    free = offer(
        "Free", critical_it_mw=60.0, rent_usd_per_kw_month=300.0, start_window={"earliest": "2026-03", "latest": "2026-03"}
    )
    plan = certified(larger(expansion(), leases=[kept, free], sites__0__energised_mw=10.0, fleets__0__mw=1.0))
    taken = {lease["offer"]: lease["critical_mw"] for lease in plan.rows["leases"]}
    assert taken == {"Free": pytest.approx(40.0), "Kept": 0.0}


def test_the_capex_budget_limits_it_by_year() -> None:
    # Energised in January 2027, paid in November and December 2026: 15 MW x 200,000 = 3 M.
    plan = certified(larger(expansion(lead_months=12), finance__capex_budget_usd={"2026": 3e6, "2027": 0.0}))
    found = row(plan)
    assert (found["mw"], found["month"]) == (pytest.approx(15.0), "2027-01")
    # A MW earns 8,760 h x 50 = 438,000 USD for 200,000: a dollar more of budget is worth 438 / 200 - 1.
    prices = {entry["year"]: entry["usd_per_usd"] for entry in plan.rows["budget_price"]}
    assert prices[2026] == pytest.approx(438_000 / 200_000 - 1, rel=1e-9)
    assert plan.rows["budget_price"][0]["spent_usd"] == pytest.approx(3e6)
    assert "because the capex budget is spent" in found["reason"]
    # With the budget a price above 438,000 is none: from 15 MW on its MW fall with the price until there.
    assert found["break_even_capex_usd_per_mw"] == pytest.approx(438_000, rel=1e-6)


def test_a_cumulative_budget_limits_it() -> None:
    plan = certified(larger(expansion(), finance__cumulative_capex_budget_usd={"2027": 4e6}))
    assert row(plan)["mw"] == pytest.approx(20.0)
    assert plan.rows["cumulative_budget_price"][0]["spent_usd"] == pytest.approx(4e6)


def test_a_floor_of_cash_limits_it() -> None:
    # No machine mines in 2026; 1 M in hand, and the floor at the end of 2026 is 0: 5 MW x 200,000 USD for January 2027.
    machines = [fleet("Fleet", mw=200.0, **{"from": "2027-01"})]
    cash = {"opening_usd": 1e6, "raised_usd": {}, "floor_usd": {"2026": 0.0}}
    january = expansion(window={"earliest": "2027-01", "latest": "2027-01"})
    plan = certified(larger(january, fleets=machines, finance__cash=cash))
    assert row(plan)["mw"] == pytest.approx(5.0)
    assert plan.rows["cash_floor"][0]["usd_per_usd"] == pytest.approx(438_000 / 200_000 - 1, rel=1e-9)
    assert "because cash is down to its floor" in row(plan)["reason"]


def test_a_share_of_the_energised_mw_counts_expansions() -> None:
    # At most half of the energised MW may mine: 50 of 100 before; each of the 50 new MW lets half a MW more mine, for 200,000 USD:
    # 0.5 x 16,104 h x 50 = 402,600 USD.
    rule = {"name": "Half", "kind": "mining_share", "at_most_fraction": 0.5}
    plan = certified(larger(expansion(), rules=[rule]))
    assert plan.npv_usd == pytest.approx(50 * HOURS * 50 + 25 * FROM_MARCH * 50 - 50 * 200_000, rel=1e-12)
    dear = certified(larger(expansion(capex_usd_per_mw=402_700.0), rules=[rule]))
    assert row(dear)["mw"] == 0.0


def test_a_least_share_that_only_new_mw_would_break_holds_them_back() -> None:
    # At least 80 % of the energised MW have to mine, and there are machines for 84 MW: at most 105 MW may be energised.
    rule = {"name": "Mine", "kind": "mining_share", "at_least_fraction": 0.8}
    lease = offer(
        "Offer", critical_it_mw=40.0, rent_usd_per_kw_month=300.0, start_window={"earliest": "2026-03", "latest": "2026-03"}
    )
    case = larger(expansion(capex_usd_per_mw=0.0), leases=[lease], rules=[rule], fleets__0__mw=84.0, horizon__end="2027-02")
    plan = certified(case)
    assert row(plan)["mw"] <= 5.0 + 1e-6
    without = certified(larger(expansion(capex_usd_per_mw=0.0), leases=[lease], fleets__0__mw=84.0, horizon__end="2027-02"))
    assert row(without)["mw"] > 5.0 + 1e-6


def test_a_whole_block_fits_on_mw_that_are_bought_for_it() -> None:
    # 64 critical MW take 80 MW; the site has 40, and 40 more cost 8 M. Rent 64 x 1,000 x 300 x 12 = 230.4 M less 25.6 M of capex.
    window = {"earliest": "2026-03", "latest": "2026-03"}
    block = offer("Block", critical_it_mw=64.0, indivisible=True, rent_usd_per_kw_month=300.0, start_window=window)
    plan = certified(larger(expansion(), leases=[block], fleets=[], sites__0__energised_mw=40.0))
    assert plan.rows["leases"][0]["critical_mw"] == 64.0
    assert row(plan)["mw"] == pytest.approx(40.0)
    assert plan.npv_usd == pytest.approx(64 * 300_000 * 12 - 64 * 400_000 - 40 * 200_000, rel=1e-12)
    without = certified(larger(leases=[block], fleets=[], sites__0__energised_mw=40.0, sites__0__expansions=[]))
    assert without.rows["leases"][0]["critical_mw"] == 0.0


def test_a_signed_lease_may_rely_on_an_expansion() -> None:
    signed = {key: value for key, value in offer("Deal", status="signed", start_month="2026-06").items() if key != "start_window"}
    dear = expansion(capex_usd_per_mw=5e6)
    plan = certified(larger(dear, leases=[signed], fleets=[], sites__0__energised_mw=10.0))
    assert row(plan)["mw"] == pytest.approx(15.0)  # 20 critical MW x 1.25 less the 10 of the site
    assert row(plan)["worth_usd"] == np.inf
    assert "without it no plan" in row(plan)["reason"]
    short = hl.solve(larger(expansion(mw=12.0), leases=[signed], fleets=[], sites__0__energised_mw=10.0))
    assert short.verdict == "INFEASIBLE, PROVED"
    assert "short 3.0" in short.conflicts[0]
    poor = hl.solve(larger(dear, leases=[signed], fleets=[], sites__0__energised_mw=10.0, finance__capex_budget_usd={"2026": 60e6}))
    assert poor.verdict == "INFEASIBLE, PROVED"  # 15 x 5 M are needed by May
    assert any("capex budget" in line for line in poor.conflicts)


# --- probability -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counted", "mw"),
    [({}, 0.0), ({"sites__0__mw_counted": "expected"}, 30.0), ({"sites__0__mw_counted": "all"}, 50.0)],
)
def test_what_an_uncertain_expansion_counts_is_the_users_choice(counted: dict[str, str], mw: float) -> None:
    plan = certified(larger(expansion(probability=0.6), **counted))
    found = row(plan)
    assert (found["mw"], found["of_mw"], found["offered_mw"], found["probability"]) == (mw, mw, 50.0, 0.6)
    assert plan.npv_usd == pytest.approx(100 * HOURS * 50 + mw * (FROM_MARCH * 50 - 200_000), rel=1e-12)
    assert (found["decision"] == "not counted") == (mw == 0.0)
    assert any(f"More has a probability of 0.6; {mw:,.1f} of its 50.0 MW can be taken" in line for line in plan.warnings)


STEPS = [
    {"from": "2025-01", "mw_total": 100.0},
    {"from": "2026-04", "mw_total": 200.0, "probability": 0.25},
    {"from": "2026-07", "mw_total": 50.0, "probability": 0.5},
    {"from": "2026-10", "mw_total": 80.0},
]


@pytest.mark.parametrize(
    ("counted", "mw"),
    [
        # What is certain: the step up does not count, the step down does.
        ("firm_only", (100.0, 100.0, 50.0, 80.0)),
        # 0.25 x 200 + 0.75 x 100 = 125; 0.5 x 50 + 0.5 x 125 = 87.5; then a certain step.
        ("expected", (100.0, 125.0, 87.5, 80.0)),
        ("all", (100.0, 200.0, 50.0, 80.0)),
    ],
)
def test_what_an_uncertain_step_counts_is_the_users_choice(counted: str, mw: tuple[float, ...]) -> None:
    case = scenario(leases=[], fleets__0__mw=300.0, sites__0__energised_mw=STEPS, sites__0__mw_counted=counted)
    site = case.sites[0].energised(case.calendar)
    assert tuple(site[[0, 3, 6, 9]]) == mw
    plan = certified(case)
    hours = [24 * days for days in (90, 91, 92)]
    first_nine = sum(size * length * 50 for size, length in zip(mw, hours, strict=False))
    assert plan.npv_usd == pytest.approx(first_nine + mw[3] * (HOURS - 273 * 24) * 50, rel=1e-12)
    said = [line for line in plan.warnings if "the step of energised_mw" in line]
    assert len(said) == 2
    assert f"to 200.0 MW in 2026-04 has a probability of 0.25; {mw[1]:,.1f} MW are counted from then on" in said[0]
    assert f"(mw_counted: {counted})" in said[1]


def test_suitable_mw_have_uncertain_steps_too() -> None:
    ramp = [{"from": "2025-01", "mw_total": 20.0}, {"from": "2026-04", "mw_total": 60.0, "probability": 0.5}]
    for counted, mw in (("firm_only", 20.0), ("expected", 40.0), ("all", 60.0)):
        case = scenario(sites__0__hpc_suitable_mw=ramp, sites__0__mw_counted=counted)
        assert case.sites[0].hpc_suitable(case.calendar)[[0, 3]].tolist() == [20.0, mw]


# --- reasons, references, studies ----------------------------------------------------------------------------------------------


def test_why_tells_of_each_expansion_taken_or_not() -> None:
    case = larger(expansion(mw=40.0), expansion("Dear", capex_usd_per_mw=900_000.0), expansion("Maybe", probability=0.5))
    uses = {use["name"]: use for use in why(case).uses}
    more, dear, maybe = uses["More"], uses["Dear"], uses["Maybe"]
    assert (more["kind"], more["decision"], more["rule"], more["opposite"]) == ("expansion", "energised", "its size", "without it")
    assert more["opposite_costs_usd"] == pytest.approx(40 * (FROM_MARCH * 50 - 200_000), rel=1e-9)
    assert {flip["input"]: flip["to"] for flip in more["flips"]}["capex"] == pytest.approx(805_200, rel=1e-7)
    # At x of the hashprice a MWh earns 100 x - 50 USD: 16,104 h of it pay 200,000 USD at x = 0.5 + 200,000 / 1,610,400.
    assert {flip["input"]: flip["to"] for flip in more["flips"]}["hashprice"] == pytest.approx(0.5 + 200_000 / 1_610_400, rel=1e-5)
    assert (dear["decision"], dear["opposite"]) == ("not energised", "all of it energised")
    # Forced, it is energised in March 2026 as well: 900,000 USD for 805,200.
    assert dear["opposite_costs_usd"] == pytest.approx(50 * (900_000 - FROM_MARCH * 50), rel=1e-7)
    assert (maybe["decision"], maybe["rule"], maybe["flips"]) == ("not counted", "its probability", [])
    assert [use["name"] for use in why(case, "Dear").uses] == ["Dear"]


def test_reference_plans_expand_as_it_pays() -> None:
    case = larger(expansion(), leases=[offer("Offer")])
    plan = certified(case)
    assert plan.reference("all_mining").npv_usd == pytest.approx(100 * HOURS * 50 + 50 * (FROM_MARCH * 50 - 200_000), rel=1e-9)
    valued = Valuer(case).policy("lease_all")
    assert float(np.sum(valued.decisions.expansion_mw[0])) == pytest.approx(50.0)
    assert Valuer(case).optimum.npv_usd == pytest.approx(plan.npv_usd, rel=1e-12)


def test_pinned_leases_may_stand_on_new_mw() -> None:
    window = {"earliest": "2026-03", "latest": "2026-03"}
    block = offer("Block", critical_it_mw=64.0, indivisible=True, rent_usd_per_kw_month=300.0, start_window=window)
    case = larger(expansion(), leases=[block], fleets=[], sites__0__energised_mw=40.0)
    plan = certified(case)
    assert Valuer(case).pinned(hl.pin(plan)).npv_usd == pytest.approx(plan.npv_usd, rel=1e-9)
    smaller = larger(expansion(mw=30.0), leases=[block], fleets=[], sites__0__energised_mw=40.0)
    with pytest.raises(hl.InputError, match=r"short 10\.0 MW"):
        Valuer(smaller).pinned(hl.pin(plan))


def test_a_decision_map_holds_plans_with_expansions() -> None:
    found = hl.decision_map(larger(expansion(), leases=[offer("Offer")]), {"hashprice": (0.4, 2.0)})
    assert found.complete
    sizes = {round(float(np.sum(plan.expansion_mw[0])), 6) for plan in found.decisions}
    assert {0.0, 50.0} <= sizes
    for multiplier in (0.45, 0.6, 0.7, 1.3, 1.9):
        changed = larger(expansion(), leases=[offer("Offer")], market__hashprice__multiplier=multiplier)
        best = found.npv_usd(hashprice=multiplier).max()
        assert 0 <= certified(changed).npv_usd - best + 1.0 <= found.tolerance_usd + 2.0


def test_ties_are_broken_as_the_documents_say() -> None:
    # A free MW that earns nothing is not energised; of two that are alike the first by name is taken, as early as it can be.
    idle = certified(larger(expansion(capex_usd_per_mw=0.0), fleets__0__mw=100.0))
    assert row(idle)["mw"] == 0.0
    free = [expansion(name, capex_usd_per_mw=1_000.0, build_months=0, mw=30.0) for name in ("B", "A")]
    plan = certified(larger(*free, fleets__0__mw=140.0))
    assert [(row(plan, name)["mw"], row(plan, name)["month"]) for name in ("A", "B")] == [
        (pytest.approx(30.0), "2026-03"),
        (pytest.approx(10.0), "2026-03"),
    ]


def test_one_more_month_of_lead_time_costs_what_it_costs() -> None:
    today, later = certified(larger(expansion())), certified(larger(expansion(lead_months=3)))
    assert today.npv_usd - later.npv_usd == pytest.approx(50 * 31 * 24 * 50, rel=1e-9)  # March


# --- several sites -----------------------------------------------------------------------------------------------------------


def two_sites(budget: bool) -> hl.Scenario:
    """Two sites, each with blocks that fit only with the site's expansion; with or without a budget for all."""
    site = cases.data()["sites"][0]
    own = [
        {**site, "name": name, "energised_mw": 40.0, "expansions": [expansion(f"More {name}", capex_usd_per_mw=capex)]}
        for name, capex in (("A", 150_000.0), ("B", 250_000.0))
    ]
    window = {"earliest": "2026-03", "latest": "2026-06"}
    blocks = [
        offer(f"{name}{size}", site=name, critical_it_mw=size, indivisible=True, start_window=window, rent_usd_per_kw_month=rent)
        for name, size, rent in (("A", 48.0, 120.0), ("A", 30.0, 125.0), ("B", 56.0, 110.0), ("B", 33.0, 140.0))
    ]
    money = {"finance__capex_budget_usd": {"2026": 30e6}} if budget else {}
    fleets = [fleet(f"Fleet {name}", site=name, mw=60.0) for name in ("A", "B")]
    return scenario(sites=own, leases=blocks, fleets=fleets, **money)


def test_separate_sites_are_searched_apart_with_their_expansions() -> None:
    case = two_sites(budget=False)
    optimiser = Optimiser(Values(case))
    assert can_go_site_by_site(optimiser.program)
    found = SiteBySite(case, optimiser).solve()
    assert found is not None
    whole = Optimiser(Values(case)).solve()
    assert found.objective == pytest.approx(whole.objective, abs=1e-6)
    assert certified(case).npv_usd == pytest.approx(1e6 * whole.objective, abs=1.0)


def test_sites_whose_expansions_share_a_budget_are_searched_together() -> None:
    case = two_sites(budget=True)
    optimiser = Optimiser(Values(case))
    assert not can_go_site_by_site(optimiser.program)
    plan = certified(case)
    assert plan.rows["budget_price"][0]["spent_usd"] <= 30e6 + 1


def test_a_site_with_nothing_but_an_expansion_does_no_harm() -> None:
    case = two_sites(budget=False)
    lone = {**cases.data()["sites"][0], "name": "C", "expansions": [expansion("More C")]}
    sites = [*(site.model_dump(mode="json", by_alias=True) for site in case.sites), lone]
    more = case.model_dump(mode="json", by_alias=True) | {"sites": sites}
    plan = certified(hl.Scenario.model_validate(more))
    assert plan.npv_usd == pytest.approx(certified(case).npv_usd, abs=1.0)
    assert row(plan, "More C")["mw"] == 0.0


# --- brute force -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_no_way_to_expand_a_small_case_is_better(seed: int) -> None:
    """Every pair of months for two expansions in full or not at all, mining on what is there: the best is the plan.

    Each is worth taking in full or not at all, since power has one price in every month and machines for all of it are there.
    """
    draw = random.Random(seed)
    ones = [
        expansion(
            name,
            mw=draw.uniform(10, 60),
            capex_usd_per_mw=draw.uniform(1e5, 9e5),
            build_months=draw.choice([0, 1, 3]),
            lead_months=draw.randint(0, 4),
            fixed_usd_per_mw_month=draw.choice([0.0, 2_000.0]),
            residual_fraction=draw.uniform(0, 0.9),
        )
        for name in ("First", "Second")
    ]
    tax = {"rate_fraction": 0.25, "depreciation_years": 5.0}
    path = {"start": 48.0, "from": "2026-01", "growth_per_year": draw.uniform(-0.6, 0.6)}
    case = larger(
        *ones,
        horizon__end="2026-12",
        finance__discount_rate_per_year=RATES,
        finance__tax=tax,
        market__hashprice={"kind": "given", "usd_per_ph_day": path},
    )
    values = Values(case)
    ledger = Certifier(values, Optimiser(values).program.form).ledger
    margin = sum(line.discounted_usd for line in ledger.mining(values.fleets[0]))
    base = 100.0 * float(np.sum(np.maximum(margin, 0.0)))
    best = -np.inf
    choices = [[None, *one.months] for one in values.expansions]
    for months in itertools.product(*choices):
        worth = base
        for one, month in zip(values.expansions, months, strict=True):
            if month is not None:
                first = values.calendar.index(month)
                own = sum(float(np.sum(line.discounted_usd)) for line in ledger.expansion("Site", one.expansion, month))
                worth += one.size_mw * (own + float(np.sum(np.maximum(margin[first:], 0.0))))
        best = max(best, worth)
    assert certified(case).npv_usd == pytest.approx(best, rel=1e-9)


def test_a_scenario_is_not_changed_by_asking() -> None:
    written = cases.data(sites__0__expansions=[expansion()])
    before = copy.deepcopy(written)
    hl.solve(hl.Scenario.model_validate(written))
    assert written == before


def test_new_mw_may_run_on_a_power_block_that_is_not_resold_in_full() -> None:
    # The block of 120 MW cannot be resold; the site could use 100 of it. On the new MW a MWh earns 100 less 10 of opex, since the
    # block is paid for anyway: 16,104 h x 90 USD.
    block = {"name": "Block", "mw": 120.0, "usd_per_mwh": 1.0, "from": "2026-01", "to": "2027-12", "resale_fraction": 0.0}
    plan = certified(larger(expansion(mw=20.0), sites__0__blocks=[block]))
    assert row(plan)["worth_usd"] == pytest.approx(20 * (FROM_MARCH * 90 - 200_000), rel=1e-9)
    assert all_differences(plan, plain(plan.scenario)) == []
