"""Decisions about machines: closed forms, the certificate against wrong answers, the map against re-solves, what is refused."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import machines, scenario
from hashlease.errors import InputError
from hashlease.models.scenario import Scenario
from hashlease.models.values import TODAY, USD_PER_MUSD, Multipliers, Values
from hashlease.optimizer.certificate import Certifier
from hashlease.optimizer.decisions import Decisions
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.ledger_lines import total_usd
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.plan_terms import PlanTerms
from hashlease.optimizer.policies import Valuer
from hashlease.optimizer.prices import prices_of
from hashlease.optimizer.why import why
from hashlease.scenarios.vary import vary


def mining_only(**changes: Any) -> Scenario:
    """100 MW of 20 J/TH in all 17,520 hours of two years, and 50 MW of 15 J/TH on offer for a year of use."""
    return scenario(**{"leases": [], "machine_offers": [machines()], **changes})


def row_of(plan: hl.Plan, name: str = "New") -> dict[str, Any]:
    return next(row for row in plan.rows["machines"] if row["name"] == name)


# --- buying ----------------------------------------------------------------------------------------------------------------


def test_machines_are_bought_in_closed_form() -> None:
    """A MWh earns 48 / (0.024 x 15) = 133.33 USD, 33.33 more than with the old machines: 292,000 USD a MW in 8,760 hours.

    A MW is 1e6 / 15 = 66,667 TH: 333,333 USD at 5 USD/TH, and 66,667 USD come back. 50 x (292,000 - 333,333 + 66,667) = 1.26667
    M USD on top of 100 MW x 17,520 h x 50 USD; the price may rise to (292,000 + 66,667) / 66,667 = 5.38 USD/TH.
    """
    plan = hl.solve(mining_only())
    assert plan.verdict == "CERTIFIED"
    assert plan.npv_usd == pytest.approx(87.6e6 + 50 * (292_000 - 4e6 / 15), rel=1e-9)
    row = row_of(plan)
    assert (row["decision"], row["mw"], row["month"]) == ("buy", pytest.approx(50), "2026-01")
    assert row["usd"] == pytest.approx(-50 * 1e6 / 3)
    assert row["eh"] == pytest.approx(50 / 15)
    assert row["worth_usd"] == pytest.approx(50 * (292_000 - 4e6 / 15))
    assert row["npv_usd"] == pytest.approx(50 * (8_760 * (400 / 3 - 50) - 4e6 / 15))
    assert row["break_even_usd_per_th"] == pytest.approx(5.38, rel=1e-9)
    assert row["reason"].startswith("bought in full: a MW costs 0.27 M USD")


def test_a_price_above_the_break_even_is_not_paid() -> None:
    """A cent more a TH is 667 USD a MW."""
    plan = hl.solve(mining_only(machine_offers=[machines(usd_per_th={"flat": 5.39})]))
    row = row_of(plan)
    assert (row["decision"], row["mw"], row["month"], row["months"]) == ("do not buy", 0.0, None, [])
    assert row["break_even_usd_per_th"] == pytest.approx(5.38, rel=1e-9)
    assert row["worth_usd"] == 0
    assert row["reason"] == "not bought: the best plan that buys 1.0 MW of them is worth 667 USD less (by solving again)"
    assert plan.npv_usd == pytest.approx(87.6e6, rel=1e-9)


def test_machines_are_written_off_and_taxed_in_closed_form() -> None:
    """At 20 % tax everything is deducted within the horizon, two thirds in 12 of 18 months and the rest with the sale.

    Without discounting that leaves 80 % of all, and the break-even where it was.
    """
    tax = {"rate_fraction": 0.2, "depreciation_years": 15, "machine_depreciation_years": 1.5}
    plan = hl.solve(mining_only(finance__tax=tax))
    assert plan.npv_usd == pytest.approx(0.8 * (87.6e6 + 50 * (292_000 - 4e6 / 15)), rel=1e-9)
    assert row_of(plan)["break_even_usd_per_th"] == pytest.approx(5.38, rel=1e-9)
    taxes = {row["period"]: row["usd"] for row in plan.rows["cash_flow"] if row["item"] == "income_tax" and row["name"] == "New"}
    price = 50 * 1e6 / 3
    margin = 50 * 31 * 24 * (400 / 3 - 50)
    assert taxes["2026-01"] == pytest.approx(0.2 * (price / 18 - margin))
    assert taxes["2027-01"] == pytest.approx(-0.2 * (50 * 1e6 / 15 - price / 3))


def test_payment_and_sale_fall_on_their_days() -> None:
    """Paid on 1 January 2026, delivered in February for 11 months: sold on 1 January 2027, 365 days later."""
    rates = {"mining": 0.1, "lease": 0.0, "capex": 0.3, "power_contract": 0.0}
    window = {"earliest": "2026-01", "latest": "2026-02"}
    offer = machines(paid_months_before_delivery=1, delivery_window=window, life_months=11)
    values = Values(mining_only(machine_offers=[offer], finance__discount_rate_per_year=rates))
    (choice,) = values.machine_choices
    assert list(map(str, choice.months)) == ["2026-02"]
    expected = -1e6 / 3 + 1e6 / 15 * 1.1 ** -(365 / 365.25)
    assert float(choice.musd(Multipliers())[0]) * USD_PER_MUSD == pytest.approx(expected, rel=1e-12)


def test_the_capex_budget_counts_purchases() -> None:
    """5 M USD buy 15 MW at 333,333 USD; one more dollar brings 292,000 / 333,333 + 0.2 - 1 = 0.076 USD."""
    plan = hl.solve(mining_only(finance__capex_budget_usd={"2026": 5e6}))
    row = row_of(plan)
    assert plan.verdict == "CERTIFIED"
    assert row["mw"] == pytest.approx(15)
    assert plan.rows["budget_price"][0] == {
        "year": 2026,
        "budget_usd": 5e6,
        "spent_usd": pytest.approx(5e6),
        "usd_per_usd": pytest.approx(0.076, rel=1e-6),
    }
    assert "because the capex budget is spent" in row["reason"]
    assert row["break_even_usd_per_th"] == pytest.approx(5.38, rel=1e-6)


def test_power_limits_what_is_worth_buying() -> None:
    """On a site of 30 MW only 30 MW of better machines earn anything."""
    plan = hl.solve(mining_only(sites__0__energised_mw=30.0))
    assert row_of(plan)["mw"] == pytest.approx(30)
    assert "the power of the site has no more use for them" in row_of(plan)["reason"]


def test_a_lease_displaces_what_would_be_bought() -> None:
    """The lease takes 25 of 30 MW: 5 MW of machines are bought; without it 30 would be."""
    plan = hl.solve(scenario(machine_offers=[machines()], sites__0__energised_mw=30.0, horizon__end="2026-12"))
    assert plan.verdict == "CERTIFIED"
    assert row_of(plan)["mw"] == pytest.approx(5)
    assert plan.reference("all_mining").npv_usd < plan.npv_usd


def test_machines_of_two_deliveries_share_one_offer() -> None:
    """Six months of use each: 50 MW are there for six months, in the dearer half of the hashprice's year."""
    months = {"months": {"2026-01": 40.0, "2026-07": 60.0}, "then_growth_per_year": 0.0}
    path = {"kind": "given", "usd_per_ph_day": {"anchors": months["months"], "between": "step", "then_growth_per_year": 0.0}}
    offer = machines(life_months=6, usd_per_th={"flat": 2.0}, delivery_window={"earliest": "2026-01", "latest": "2026-07"})
    plan = hl.solve(mining_only(machine_offers=[offer], market__hashprice=path, horizon__end="2026-12"))
    assert row_of(plan)["months"] == [{"month": "2026-07", "mw": pytest.approx(50)}]


# --- reasons -----------------------------------------------------------------------------------------------------------------


def test_reasons_of_machines() -> None:
    """Bought up to 5.38 USD/TH. The gain is 1/4 of a hashprice of 133.33 USD/MWh: 266,667 = x 292,000 at x 0.913242."""
    found = why(mining_only(), "New")
    (row,) = found.uses
    assert (row["kind"], row["decision"], row["rule"]) == ("machine offer", "bought", "its size")
    assert row["opposite_costs_usd"] == pytest.approx(50 * (292_000 - 4e6 / 15))
    flips = {flip["input"]: flip["to"] for flip in row["flips"]}
    assert flips["price"] == pytest.approx(5.38, rel=1e-9)
    assert flips["hashprice"] == pytest.approx(4e6 / 15 / 292_000, rel=1e-6)


def test_forcing_machines_costs_what_they_lose() -> None:
    """At 6 USD/TH a MW costs 400,000 - 66,667 and gains 292,000: 50 MW lose 2.0667 M USD."""
    (row,) = why(mining_only(machine_offers=[machines(usd_per_th={"flat": 6.0})]), "New").uses
    assert (row["decision"], row["rule"], row["opposite"]) == ("not bought", "site power", "all of them bought")
    assert row["opposite_costs_usd"] == pytest.approx(50 * (1e6 / 3 - 292_000))


@pytest.mark.parametrize("price", [3.0, 7.5])
def test_break_even_prices_of_richer_cases(price: float) -> None:
    """A cent below the break-even machines are bought, a cent above they are not."""
    tax = {"rate_fraction": 0.21, "depreciation_years": 5}
    rates = {"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08}
    window = {"earliest": "2026-02", "latest": "2026-08"}

    def case(usd_per_th: float) -> Scenario:
        offer = machines(usd_per_th={"flat": usd_per_th}, delivery_window=window, paid_months_before_delivery=2)
        return scenario(machine_offers=[offer], finance__tax=tax, finance__discount_rate_per_year=rates)

    edge = row_of(hl.solve(case(price)))["break_even_usd_per_th"]
    assert row_of(hl.solve(case(edge - 0.01)))["mw"] > 0
    assert row_of(hl.solve(case(edge + 0.01)))["mw"] == 0


# --- proof ---------------------------------------------------------------------------------------------------------------


def solved(case: Scenario) -> tuple[Optimiser, Certifier, Decisions, Any]:
    optimiser = Optimiser(Values(case))
    certifier = Certifier(optimiser.values, optimiser.program.form)
    solution = optimiser.solve()
    assert solution.row_dual is not None
    return optimiser, certifier, Decisions.of(optimiser.program, solution.x), prices_of(optimiser.program, solution.row_dual)


def test_machines_that_are_not_there_are_found() -> None:
    """Mining with machines that were not bought, more bought than offered, and a negative purchase."""
    _, certifier, plan, _ = solved(mining_only())
    assert certifier.primal(plan).passed
    for wrong in ([0.0], [51.0], [-1.0]):
        bad = dataclasses.replace(plan, machine_mw=(np.array(wrong),))
        assert not certifier.primal(bad).passed
    early = dataclasses.replace(plan, mining_mw=plan.mining_mw.copy())
    early.mining_mw[certifier.values.machine_choices[0].fleet, -1] = 1.0
    assert not certifier.primal(early).passed, "their life is over"


def test_the_bound_holds_for_any_prices_and_is_met_by_the_right_ones() -> None:
    case = mining_only(finance__capex_budget_usd={"2026": 5e6})
    optimiser, certifier, plan, prices = solved(case)
    best = plan.npv_musd(optimiser.values)
    assert certifier.safe_bound_musd(prices) == pytest.approx(best, rel=1e-9)
    draw = random.Random(5)
    for _ in range(50):
        power = {site: row * draw.uniform(0, 2) for site, row in prices.power.items()}
        budget = {year: usd * draw.uniform(0, 3) for year, usd in prices.budget.items()}
        assert certifier.safe_bound_musd(dataclasses.replace(prices, power=power, budget=budget)) >= best - 1e-9


def test_slackness_notices_machines_that_should_have_been_bought() -> None:
    _, certifier, plan, prices = solved(mining_only())
    left = dataclasses.replace(plan, machine_mw=(np.zeros(1),), mining_mw=plan.mining_mw.copy())
    left.mining_mw[certifier.values.machine_choices[0].fleet] = 0.0
    assert certifier.duals(plan, prices, 100.0).passed
    assert not certifier.duals(left, prices, 100.0).passed


# --- studies -------------------------------------------------------------------------------------------------------------


def test_the_map_decides_machines_by_hashprice() -> None:
    """At every hashprice of the box the list is worth what a fresh solve is, to the tolerance; machines come and go."""
    case = scenario(machine_offers=[machines(delivery_window={"earliest": "2026-01", "latest": "2026-04"})])
    found = hl.decision_map(case, {"hashprice": (0.6, 1.8), "rent": (0.8, 1.2), "power": (0.7, 1.3)})
    assert found.complete
    optimiser = Optimiser(Values(case))
    draw = random.Random(3)
    for _ in range(40):
        at = {"hashprice": draw.uniform(0.6, 1.8), "rent": draw.uniform(0.8, 1.2), "power": draw.uniform(0.7, 1.3)}
        there = Multipliers(**at)
        best = optimiser.solve(optimiser.program.cost_musd(there)).objective + optimiser.values.constant_musd(there)
        regret = best * USD_PER_MUSD - float(np.max(found.npv_usd(**at)))
        assert -1.0 <= regret <= found.bound_usd + 1.0
    words = [row["leases"] for row in found.rows["plans"]]
    assert any("of New bought" in text for text in words)
    assert any("bought" not in text for text in words)


def test_warm_and_fresh_solves_agree() -> None:
    case = scenario(machine_offers=[machines(delivery_window={"earliest": "2026-01", "latest": "2026-04"})])
    optimiser = Optimiser(Values(case))
    for change in ({"machine_offers.new.usd_per_th": {"flat": 4.0}}, {"machine_offers.new.mw": 20.0}):
        other = vary(case, change)
        assert optimiser.move_to(Values(other))
        assert optimiser.solve().objective == pytest.approx(Optimiser(Values(other)).solve().objective, rel=1e-9)
    assert not optimiser.move_to(Values(vary(case, {"machine_offers.new.life_months": 5})))


def test_policies_decide_machines_too() -> None:
    """All mining buys 50 MW; a pinned plan that keeps the lease out is worth the same."""
    valuer = Valuer(scenario(machine_offers=[machines()]))
    mining = valuer.policy("all_mining")
    assert [float(np.sum(mw)) for mw in mining.decisions.machine_mw] == [pytest.approx(50)]
    assert mining.capex_usd == pytest.approx(50 * 1e6 / 3)
    none = valuer._valued("pinned", valuer._best_mining((np.zeros(1),)))
    assert none.npv_usd == pytest.approx(mining.npv_usd, rel=1e-9)
    assert valuer.optimum.npv_usd >= none.npv_usd


def test_live_formulas_hold_machines_that_are_bought() -> None:
    optimiser, _, plan, _ = solved(mining_only())
    terms = PlanTerms.of(optimiser.values, [plan])
    assert [option.name for option in terms.dated] == ["New"]
    for at in (TODAY, Multipliers(1.7, 0.3, 0.8), Multipliers(0.45, 1.0, 0.3)):
        assert terms.npv_musd(at)[0] == pytest.approx(gainful_musd(optimiser.values, plan, at), rel=1e-9)


def gainful_musd(values: Values, plan: Decisions, at: Multipliers) -> float:
    """Value by the ledger of a plan whose machines stand idle in months that lose money."""
    ledger, (mining, leases, decided, expanded) = Ledger(values.scenario, at), plan.named(values)
    for fleet in values.fleets:
        gains = np.sum([line.discounted_usd for line in ledger.mining(fleet)], axis=0) > 0
        mining[fleet.name] = np.where(gains, mining[fleet.name], 0.0)
    return total_usd(ledger.lines(mining, leases, decided, expanded)) / 1e6


# --- selling -------------------------------------------------------------------------------------------------------------


def sale(**changes: Any) -> dict[str, Any]:
    """A market for used machines at 10 USD/TH, from July 2026 to January 2027."""
    return {"usd_per_th": {"flat": 10.0}, "window": {"earliest": "2026-07", "latest": "2027-01"}, **changes}


def selling(**changes: Any) -> Scenario:
    """100 MW of 20 J/TH, 50,000 TH a MW, that earn 50 USD/MWh in all hours of two years and 1 USD/TH at their end."""
    return scenario(**{"leases": [], "fleets__0__sale": sale(), "fleets__0__resale_usd_per_th": 1.0, **changes})


def test_machines_are_sold_in_closed_form() -> None:
    """In January 2027 a MW brings 500,000 USD, less the 50,000 of its end, and gives up 8,760 x 50 = 438,000: 12,000 USD more.

    Sold earlier it would give up more mining. The price may fall to (438,000 + 50,000) / 50,000 = 9.76 USD/TH.
    """
    plan = hl.solve(selling())
    assert plan.verdict == "CERTIFIED"
    assert plan.npv_usd == pytest.approx(100 * (17_520 * 50 + 50_000 + 12_000), rel=1e-9)
    row = row_of(plan, "Fleet")
    assert (row["decision"], row["mw"], row["month"]) == ("sell", pytest.approx(100), "2027-01")
    assert row["usd"] == pytest.approx(100 * 500_000)
    assert row["worth_usd"] == pytest.approx(1.2e6)
    assert row["npv_usd"] == pytest.approx(100 * 450_000)
    assert row["break_even_usd_per_th"] == pytest.approx(9.76, rel=1e-9)
    assert row["reason"].startswith("all sold: a MW brings 0.45 M USD (price less tax and the resale forgone)")
    sales = {
        row["period"]: row["usd"] for row in plan.rows["cash_flow"] if row["item"] == "machine_sale" and abs(row["usd"]) > 1e-6
    }
    assert sales == {"2027-01": pytest.approx(50e6)}, "the resale at the end is not paid a second time"


def test_machines_are_kept_below_the_break_even() -> None:
    """A cent less a TH is 500 USD a MW."""
    plan = hl.solve(selling(fleets__0__sale=sale(usd_per_th={"flat": 9.75})))
    row = row_of(plan, "Fleet")
    assert (row["decision"], row["mw"]) == ("keep", 0.0)
    assert row["break_even_usd_per_th"] == pytest.approx(9.76, rel=1e-9)
    assert "500 USD" in row["reason"]


def test_a_lease_strands_machines_that_are_then_sold() -> None:
    """The lease keeps 25 of 100 MW from July 2026 on: at 1.5 USD/TH the 25 MW it displaces are sold, the others mine on."""
    lease = {"start_window": {"earliest": "2026-07", "latest": "2026-07"}, "mw_after_term": "kept", "term_years": 1.5}
    base = scenario().model_dump(mode="json", by_alias=True)["leases"][0]
    plan = hl.solve(selling(leases=[{**base, **lease}], fleets__0__sale=sale(usd_per_th={"flat": 1.5})))
    assert plan.verdict == "CERTIFIED"
    row = row_of(plan, "Fleet")
    assert row["months"] == [{"month": "2026-07", "mw": pytest.approx(25)}]
    assert row["worth_usd"] == pytest.approx(25 * 50_000 * 0.5)
    assert "gives up no mining that pays" in row["reason"] or "of mining on power worth" in row["reason"]


def test_used_machines_follow_the_hashprice() -> None:
    """Half of a price of 10 USD/TH follows a hashprice that falls to a half: 7.5 USD/TH, and 5 + 2.5 h at a multiplier h."""
    path = {
        "kind": "given",
        "usd_per_ph_day": {"anchors": {"2026-01": 48.0, "2027-01": 24.0}, "between": "step"},
        "multiplier": 1.0,
    }
    path["usd_per_ph_day"]["then_growth_per_year"] = 0.0
    offered = sale(follows_hashprice_fraction=0.5, window={"earliest": "2026-12", "latest": "2027-01"})
    values = Values(selling(fleets__0__sale=offered, fleets__0__resale_usd_per_th=0.0, market__hashprice=path))
    (choice,) = values.machine_choices
    for h in (0.0, 1.0, 2.0):
        assert (choice.musd(Multipliers(hashprice=h)) * USD_PER_MUSD).tolist() == pytest.approx(
            [50_000 * (5 + 5 * h), 50_000 * (5 + 2.5 * h)], rel=1e-12
        )
    doubled = Values(vary(values.scenario, {"market.hashprice.multiplier": 2.0}))
    assert doubled.machine_choices[0].musd(Multipliers()).tolist() == pytest.approx(
        choice.musd(Multipliers(hashprice=2.0)).tolist()
    )


def test_reasons_of_a_sale() -> None:
    """A lower hashprice makes selling better; above today's it turns where 100 h - 50 = 450,000 / 8,760 USD/MWh."""
    rows = why(selling(), "Fleet").uses
    row = next(row for row in rows if row["kind"] == "machine sale")
    assert (row["decision"], row["rule"], row["opposite"]) == ("sold", "its size", "without the sale")
    assert row["opposite_costs_usd"] == pytest.approx(1.2e6)
    flips = {flip["input"]: flip["to"] for flip in row["flips"]}
    assert flips["price"] == pytest.approx(9.76, rel=1e-9)
    assert flips["hashprice"] == pytest.approx((450_000 / 8_760 + 50) / 100, rel=1e-6)


def test_live_formulas_hold_machines_that_are_moved_but_not_sales_that_follow_the_hashprice() -> None:
    optimiser, _, plan, _ = solved(two_sites())
    terms = PlanTerms.of(optimiser.values, [plan])
    assert {option.choice.kind for option in terms.dated} == {"move"}
    for at in (TODAY, Multipliers(1.7, 0.3, 0.8), Multipliers(0.45, 1.0, 0.3)):
        assert terms.npv_musd(at)[0] == pytest.approx(gainful_musd(optimiser.values, plan, at), rel=1e-9)
    optimiser, _, plan, _ = solved(selling(fleets__0__sale=sale(follows_hashprice_fraction=0.4)))
    with pytest.raises(InputError, match=r"machines that may be sold \(Fleet\) at prices that move with the hashprice"):
        PlanTerms.of(optimiser.values, [plan])


def test_the_map_decides_sales_by_hashprice() -> None:
    case = scenario(fleets__0__sale=sale(follows_hashprice_fraction=0.4), machine_offers=[machines()])
    found = hl.decision_map(case, {"hashprice": (0.5, 2.0), "rent": (0.8, 1.2)})
    assert found.complete
    optimiser = Optimiser(Values(case))
    draw = random.Random(4)
    for _ in range(40):
        at = {"hashprice": draw.uniform(0.5, 2.0), "rent": draw.uniform(0.8, 1.2)}
        there = Multipliers(**at)
        best = optimiser.solve(optimiser.program.cost_musd(there)).objective + optimiser.values.constant_musd(there)
        regret = best * USD_PER_MUSD - float(np.max(found.npv_usd(**at)))
        assert -1.0 <= regret <= found.bound_usd + 1.0
    assert any("of Fleet sold" in row["leases"] for row in found.rows["plans"])


def test_machines_that_were_sold_do_not_mine() -> None:
    _, certifier, plan, prices = solved(selling())
    assert certifier.primal(plan).passed
    late = dataclasses.replace(plan, mining_mw=plan.mining_mw.copy())
    late.mining_mw[0, -1] = 1.0
    assert not certifier.primal(late).passed
    assert certifier.safe_bound_musd(prices) == pytest.approx(plan.npv_musd(certifier.values), rel=1e-9)


# --- moving --------------------------------------------------------------------------------------------------------------


def move(**changes: Any) -> dict[str, Any]:
    """The plain fleet to a site whose power costs half: 100,000 USD a MW, a month of downtime."""
    return {
        "name": "Moved",
        "fleet": "Fleet",
        "site": "Cheap",
        "usd_per_mw": 100_000.0,
        "downtime_months": 1,
        "overhead": 1.0,
        "uptime_fraction": 1.0,
        "variable_opex_usd_per_mwh": 10.0,
        "fixed_opex_usd_per_mw_month": 0.0,
        "window": {"earliest": "2026-01", "latest": "2026-06"},
        **changes,
    }


def two_sites(cheap_mw: float = 60.0, **changes: Any) -> Scenario:
    """100 MW of machines at 40 USD/MWh, and an empty site at 20 USD/MWh."""
    base = scenario().model_dump(mode="json", by_alias=True)
    power = base["power"]["zones"]
    power = [*power, {**power[0], "name": "Low", "price": {"kind": "flat", "usd_per_mwh": {"flat": 20.0}}}]
    site = base["sites"][0]
    sites = [site, {**site, "name": "Cheap", "zone": "Low", "energised_mw": cheap_mw}]
    return scenario(**{"leases": [], "power__zones": power, "sites": sites, "machine_moves": [move()], **changes})


def test_machines_are_moved_in_closed_form() -> None:
    """At 20 USD/MWh a MW earns 70 USD/MWh in 16,776 hours from February 2026 on, 1,174,320 USD, instead of 50 in 17,520, 876,000.

    The move pays up to 298,320 USD a MW, 5.9664 USD/TH; 60 MW have a place there and bring 198,320 USD each.
    """
    plan = hl.solve(two_sites())
    assert plan.verdict == "CERTIFIED"
    assert plan.npv_usd == pytest.approx(100 * 876_000 + 60 * 198_320, rel=1e-9)
    row = row_of(plan, "Moved")
    assert (row["decision"], row["site"], row["to_site"]) == ("move", "Site", "Cheap")
    assert row["months"] == [{"month": "2026-01", "mw": pytest.approx(60)}]
    assert row["usd"] == pytest.approx(-6e6)
    assert row["worth_usd"] == pytest.approx(60 * 198_320)
    assert row["break_even_usd_per_th"] == pytest.approx(5.9664, rel=1e-9)
    assert row["reason"].startswith("60.0 of 100.0 MW moved: a MW costs 0.10 M USD to move")
    mined = {(r["site"], r["period"]): r["mw"] for r in plan.rows["allocation"] if r["use"] == "mining"}
    assert ("Cheap", "2026-01") not in mined, "the month of downtime"
    assert (mined["Site", "2026-01"], mined["Cheap", "2026-02"]) == (pytest.approx(40), pytest.approx(60))


def test_a_destination_has_its_own_overhead_and_tax_counts() -> None:
    """A MW becomes 1.1 MW there, each of which earns 100 / 1.1 - 30 USD/MWh: 67 USD for the MW that left. 0.8 of all is kept."""
    tax = {"rate_fraction": 0.2, "depreciation_years": 5}
    plan = hl.solve(two_sites(110.0, machine_moves=[move(overhead=1.1)], finance__tax=tax))
    assert plan.npv_usd == pytest.approx(0.8 * 100 * (16_776 * 67 - 100_000), rel=1e-9)
    assert row_of(plan, "Moved")["mw"] == pytest.approx(100)


def test_a_move_that_costs_too_much_is_not_made() -> None:
    """At 6 USD/TH, 300,000 USD a MW, each loses 1,680 USD."""
    plan = hl.solve(two_sites(machine_moves=[move(usd_per_mw=None, usd_per_th=6.0)]))
    row = row_of(plan, "Moved")
    assert (row["decision"], row["mw"], row["usd_per_th"]) == ("do not move", 0.0, pytest.approx(6.0))
    assert row["break_even_usd_per_th"] == pytest.approx(5.9664, rel=1e-9)


def test_a_fleet_is_sold_or_moved_but_each_machine_once() -> None:
    """60 MW move; the others are worth more sold at 18 USD/TH than kept (876,000 USD a MW)."""
    market = {"usd_per_th": {"flat": 18.0}, "window": {"earliest": "2026-01", "latest": "2026-01"}}
    plan = hl.solve(two_sites(fleets__0__sale=market))
    assert plan.verdict == "CERTIFIED"
    assert (row_of(plan, "Moved")["mw"], row_of(plan, "Fleet")["mw"]) == (pytest.approx(60), pytest.approx(40))
    assert plan.npv_usd == pytest.approx(60 * 1_074_320 + 40 * 900_000, rel=1e-9)


def test_reasons_of_a_move() -> None:
    (row,) = why(two_sites(), "Moved").uses
    assert (row["kind"], row["decision"], row["rule"]) == ("machine move", "moved in part", "site power")
    assert row["opposite_costs_usd"] == pytest.approx(60 * 198_320)
    assert {flip["input"]: flip["to"] for flip in row["flips"]}["price"] == pytest.approx(5.9664, rel=1e-9)


def test_stranded_machines_have_a_worth() -> None:
    """25 MW that a lease displaces from July 2026 on for good would have earned 50 USD in each of 4,416 hours of 2026.

    A sale would bring 1 USD/TH, 50,000 USD a MW, no more than the end of the horizon does.
    """
    base = scenario().model_dump(mode="json", by_alias=True)["leases"][0]
    lease = {"start_window": {"earliest": "2026-07", "latest": "2026-07"}, "mw_after_term": "kept", "term_years": 1.5}
    plan = hl.solve(selling(leases=[{**base, **lease}], fleets__0__sale=sale(usd_per_th={"flat": 1.0})))
    row = next(row for row in plan.rows["stranded"] if row["year"] == 2026)
    assert row["mw"] == pytest.approx(25 * 184 / 365)
    assert row["margin_usd"] == pytest.approx(25 * 4_416 * 50)
    assert (row["first"], row["last"]) == ("2026-07", "2026-12")
    assert row["sale_usd_per_mw"] == pytest.approx(50_000)
    assert row["move_gain_usd_per_mw"] is None
