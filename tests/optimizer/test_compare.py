"""Comparisons: two code paths for every value, differences that add up, and a regret that is never negative."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from cases import data, fleet, offer, scenario
from hashlease.errors import InputError
from hashlease.models.months import Month
from hashlease.models.scenario import Scenario
from hashlease.optimizer.compare import COMPARISON_TABLES, STEPS, Comparison, compare, distinct
from hashlease.optimizer.diagnosis import NoPlanError
from hashlease.optimizer.ledger_lines import ITEMS
from hashlease.optimizer.optimise import Optimiser, SolverError
from hashlease.optimizer.pinned import PinnedLease, PinnedPlan, pin
from hashlease.optimizer.policies import POLICIES, Valuer, checked_policies
from hashlease.scenarios.load import load

WINDOW = {"earliest": "2026-01", "latest": "2026-12", "every_months": 1}
CHEAP = {"leases__0__rent_usd_per_kw_month": 40.0}
"""At 40 USD a critical MW earns 480,000 - 400,000 = 80,000 USD a year, less than the 547,500 that its 1.25 MW mine."""


def rich(**changes: Any) -> Scenario:
    """Two fleets, three offers, tax, rates, a budget and a block."""
    leases = [
        offer("First", start_window=WINDOW, conversion_outage_months=2, residual_value_fraction_of_capex=0.3),
        offer("Second", rent_usd_per_kw_month=70.0, start_window=WINDOW, power_paid_by="landlord", opex_usd_per_kw_month=5.0),
        offer("Block", critical_it_mw=30.0, rent_usd_per_kw_month=60.0, start_window=WINDOW, indivisible=True),
    ]
    return scenario(
        leases=leases,
        fleets=[*data()["fleets"], fleet("Old", mw=40.0, j_per_th=28.0, resale_usd_per_th=1.0)],
        finance__tax={"rate_fraction": 0.2, "depreciation_years": 10},
        finance__discount_rate_per_year={"mining": 0.14, "lease": 0.09, "capex": 0.09, "power_contract": 0.08},
        finance__capex_budget_usd={2026: 15_000_000},
        **changes,
    )


def regrets(found: Comparison) -> dict[tuple[str, str], float | None]:
    return {(row["plan"], row["scenario"]): row["regret_usd"] for row in found.rows["regret"]}


# --- nothing signed -----------------------------------------------------------------------------------------------------


def signed(**changes: Any) -> dict[str, Any]:
    """The plain offer as a deal: 20 critical MW from July 2026 for a year, half of its cost spent in 2025."""
    spending = [{"month_from_start": -12, "share_fraction": 0.5}, {"month_from_start": 0, "share_fraction": 0.5}]
    deal = offer("Deal", status="signed", start_month="2026-07", capex_spending=spending, **changes)
    return {field: value for field, value in deal.items() if field not in ("start_window", "build_months")}


@pytest.mark.parametrize(("usd", "again", "npv_musd"), [(100.0, True, 92.65), (60.0, False, 87.6)])
def test_a_deal_by_hand(usd: float, again: bool, npv_musd: float) -> None:
    # 100 MW mine for two years: 87.6 M USD. The deal takes 25 MW for the 8,760 hours from July 2026, which would have mined for
    # 25 x 438,000 = 10.95 M. At 100 USD/kW-month it brings 20 x (1.2 - 0.4) = 16 M, as signed with half of the cost spent 20 M.
    # At 60 it brings 20 x (0.72 - 0.4) = 6.4 M, less than mining, and 10.4 M as signed.
    found = compare(scenario(leases=[signed(rent_usd_per_kw_month=usd)]))
    rows = {row["column"]: row for row in found.rows["compared"]}
    assert list(rows) == ["optimum", "all mining", "lease all", "nothing signed"]
    as_signed = 87.6 - 10.95 + 20 * (usd * 0.012 - 0.2)
    assert rows["optimum"]["npv_usd"] == pytest.approx(as_signed * 1e6)
    assert rows["nothing signed"]["npv_usd"] == pytest.approx(npv_musd * 1e6)
    assert rows["nothing signed"]["leased_critical_mw"] == (20 if again else 0)
    assert rows["nothing signed"]["verdict"] == "CERTIFIED"
    # The deal pays from (25 x 438,000 / 20 + 400,000) / 12,000 USD/kW-month; as it is signed and half spent, 200,000 less.
    rents = {row["column"]: row["break_even_rent_usd_per_kw_month"] for row in found.rows["compared_break_evens"]}
    assert rents["nothing signed"] == pytest.approx((1.25 * 438_000 + 400_000) / 12_000, rel=1e-6)
    assert rents["optimum"] == pytest.approx((1.25 * 438_000 + 200_000) / 12_000, rel=1e-6)
    moved = [row for row in found.rows["differences"] if row["column"] == "nothing signed"]
    assert math.fsum(row["difference_usd"] for row in moved) == pytest.approx((npv_musd - as_signed) * 1e6)


def test_a_deal_that_has_begun_stays_signed() -> None:
    begun = signed(rent_usd_per_kw_month=20.0) | {"name": "Begun", "start_month": "2025-12"}
    found = compare(scenario(leases=[begun, signed(rent_usd_per_kw_month=60.0)]), ["nothing_signed"])
    assert [row["offer"] for row in found.rows["compared_leases"]] == ["Begun"]
    alone = compare(scenario(leases=[begun]))
    assert [row["column"] for row in alone.rows["compared"]] == ["optimum", "all mining", "lease all"]
    asked = compare(scenario(leases=[begun]), ["optimum", "nothing_signed"]).rows["compared"]
    assert asked[0]["npv_usd"] == asked[1]["npv_usd"]


def test_a_budget_leaves_room_for_the_deals_it_did_not_count() -> None:
    """1 M USD for offers in 2026; the deal's 8 M come on top, and are free for others if it is left."""
    other = offer("Other", rent_usd_per_kw_month=90.0, start_window={"earliest": "2026-07", "latest": "2026-07"})
    budget = {2026: 1_000_000}
    rich_deal = scenario(leases=[signed(), other], finance__capex_budget_usd=budget)
    both = {row["offer"]: row["critical_mw"] for row in compare(rich_deal, ["nothing_signed"]).rows["compared_leases"]}
    assert both == {"Deal": 20, "Other": pytest.approx(2.5)}
    poor_deal = scenario(leases=[signed(rent_usd_per_kw_month=60.0), other], finance__capex_budget_usd=budget)
    one = {row["offer"]: row["critical_mw"] for row in compare(poor_deal, ["nothing_signed"]).rows["compared_leases"]}
    assert one == {"Other": pytest.approx(20)}


def test_what_is_best_with_nothing_signed_has_no_regret_where_leases_are_signed() -> None:
    found = compare([scenario(leases=[signed()]), scenario(leases=[signed()])], ["optimum", "nothing_signed"])
    assert {row["plan"] for row in found.rows["regret"]} == {"optimum of one_site", "optimum of one_site (2)"}


# --- one scenario -------------------------------------------------------------------------------------------------------


def test_policies_by_hand() -> None:
    # A MW mined for two years is worth 876,000 USD: 100 MW are 87.6 M. The lease of 2026 takes 25 MW, which would have mined
    # for 25 x 438,000 = 10.95 M, and brings 20 x 800,000 = 16 M.
    found = compare(scenario())
    rows = {row["column"]: row for row in found.rows["compared"]}
    assert list(rows) == ["optimum", "all mining", "lease all"]
    assert rows["all mining"]["npv_usd"] == pytest.approx(87.6e6)
    assert rows["optimum"]["npv_usd"] == pytest.approx(92.65e6)
    assert rows["all mining"]["difference_usd"] == pytest.approx(-5.05e6)
    assert rows["optimum"]["mean_mining_mw"] == pytest.approx(87.5)
    assert rows["optimum"]["capex_usd"] == pytest.approx(8e6)
    assert (rows["all mining"]["worst_year"], rows["all mining"]["worst_year_cash_usd"]) == (2026, pytest.approx(43.8e6))
    assert (rows["optimum"]["verdict"], rows["all mining"]["verdict"]) == ("CERTIFIED", "CHECKED")
    steps = [(row["step"], row["kind"], row["npv_usd"]) for row in found.rows["waterfall"]]
    assert steps == [
        ("all mining", "start", pytest.approx(87.6e6)),
        ("mining margin", "change", pytest.approx(76.65e6)),
        ("rent", "change", pytest.approx(100.65e6)),
        ("lease capex", "change", pytest.approx(92.65e6)),
        ("optimum", "end", pytest.approx(92.65e6)),
    ]
    assert found.rows["regret"] == []


@pytest.mark.parametrize("made", [rich, lambda: load("rockdale")], ids=["rich", "rockdale"])
def test_every_value_has_two_code_paths(made: Any) -> None:
    valuer = Valuer(made())
    pinned = pin(valuer.optimum.plan)
    for found in (*map(valuer.policy, POLICIES), valuer.pinned(pinned)):
        program_usd = found.decisions.npv_musd(found.values) * 1e6
        assert abs(found.npv_usd - program_usd) <= 1e-9 * found.gross_usd


@pytest.mark.parametrize("made", [rich, lambda: load("rockdale")], ids=["rich", "rockdale"])
def test_differences_and_steps_add_up(made: Any) -> None:
    found = compare(made())
    npv = {row["column"]: row["npv_usd"] for row in found.rows["compared"]}
    gross = found.columns[0].found.gross_usd
    for column in ("all mining", "lease all"):
        rows = [row for row in found.rows["differences"] if row["column"] == column]
        assert abs(math.fsum(row["difference_usd"] for row in rows) - (npv[column] - npv["optimum"])) <= 1e-9 * gross
        sizes = [abs(row["difference_usd"]) for row in rows]
        assert sizes == sorted(sizes, reverse=True)
    start, *changes, end = found.rows["waterfall"]
    assert (start["npv_usd"], end["npv_usd"]) == (npv["all mining"], npv["optimum"])
    assert abs(start["npv_usd"] + math.fsum(row["change_usd"] for row in changes) - end["npv_usd"]) <= 1e-9 * gross
    assert abs(changes[-1]["npv_usd"] - end["npv_usd"]) <= 1e-9 * gross
    for column in found.columns:
        cash = [row["cash_usd"] for row in found.rows["compared_cash"] if row["column"] == column.label]
        undiscounted = math.fsum(float(line.usd.sum()) for line in column.found.lines)
        assert math.fsum(cash) == pytest.approx(undiscounted, rel=1e-12)


def test_every_item_of_the_ledger_belongs_to_one_step() -> None:
    items = [item for step in STEPS.values() for item in step]
    assert sorted(items) == sorted(ITEMS)


def test_tables_have_the_stated_columns() -> None:
    found = compare([rich(), rich(market__hashprice__usd_per_ph_day={"flat": 40.0})], list(POLICIES))
    for table, columns in COMPARISON_TABLES.items():
        assert bool(found.rows[table]) == (table != "left_out"), table
        assert all(tuple(row) == columns for row in found.rows[table]), table
    assert json.loads(found.to_json())["schema"] == 1
    assert list(found.frame("regret").columns) == list(COMPARISON_TABLES["regret"])


def test_mining_around_pinned_leases_is_the_best_there_is() -> None:
    """Against the solver, with the leases fixed by their bounds."""
    pinned = pin(Valuer(rich()).optimum.plan)
    other = Valuer(rich(market__hashprice__usd_per_ph_day={"start": 60.0, "from": "2026-01", "growth_per_year": -0.6}))
    found = other.pinned(pinned)
    optimiser = Optimiser(other.values)
    columns = np.arange(optimiser.program.lease_columns.start, optimiser.program.lease_columns.stop)
    fixed = np.concatenate(found.decisions.lease_mw)
    optimiser.relaxed.set_bounds(columns, fixed, fixed)
    best_musd = optimiser.relaxed.solve().objective + other.values.constant_musd()
    assert found.npv_usd == pytest.approx(best_musd * 1e6, rel=1e-9)


# --- several scenarios --------------------------------------------------------------------------------------------------


def test_regret_by_hand() -> None:
    found = compare([scenario(), scenario(name="cheap", **CHEAP)])
    # cheap: taking the lease brings 20 x 80,000 = 1.6 M and gives up 10.95 M; here, not taking it gives up 5.05 M
    assert regrets(found) == {
        ("optimum of one_site", "one_site"): pytest.approx(0.0, abs=1e-3),
        ("optimum of one_site", "cheap"): pytest.approx(9.35e6),
        ("optimum of cheap", "one_site"): pytest.approx(5.05e6),
        ("optimum of cheap", "cheap"): pytest.approx(0.0, abs=1e-3),
    }


@pytest.mark.parametrize("prices", [(20.0, 48.0, 80.0), (30.0, 35.0, 40.0)])
def test_regret_is_never_negative(prices: tuple[float, ...]) -> None:
    cases = [rich(market__hashprice__usd_per_ph_day={"flat": price}) for price in prices]
    cases.append(rich(power__multiplier=1.5))
    found = compare(cases, ["optimum", "all_mining"])
    assert len(found.rows["regret"]) == 2 * len(cases) * len(cases) - len(cases) * (len(cases) - 1)
    for row in found.rows["regret"]:
        assert row["fits"]
        assert row["regret_usd"] >= -1.0
    own = [row["regret_usd"] for row in found.rows["regret"] if row["plan"] == f"optimum of {row['scenario']}"]
    assert own == pytest.approx([0.0] * len(cases), abs=1e-3)


def test_a_plan_that_fits_one_scenario_has_a_dash_in_the_other() -> None:
    small = scenario(name="small", sites__0__hpc_suitable_mw=10.0)
    found = compare([scenario(), small])
    assert regrets(found)["optimum of one_site", "small"] is None
    assert regrets(found)["optimum of small", "one_site"] > 0
    (row,) = [row for row in found.rows["regret"] if not row["fits"]]
    assert "10.0 MW, which are suitable" in row["why_not"]


def test_a_plan_that_fits_nowhere_is_an_error() -> None:
    nowhere = PinnedPlan("x", (PinnedLease("Site", "Nobody", Month.of("2026-01"), 1.0),))
    with pytest.raises(InputError, match="no lease of this name"):
        compare(scenario(), plans=[nowhere])
    with pytest.raises(InputError, match="no lease of this name"):
        compare([scenario(), scenario(name="cheap", **CHEAP)], plans=[nowhere])


def test_pinned_plans_are_columns_of_one_scenario_and_rows_of_the_regret() -> None:
    nothing = PinnedPlan("nothing", ())
    found = compare(scenario(), ["optimum"], [nothing])
    assert [row["column"] for row in found.rows["compared"]] == ["optimum", "nothing"]
    assert found.rows["compared"][1]["npv_usd"] == pytest.approx(87.6e6)
    assert regrets(compare([scenario(), scenario(name="cheap", **CHEAP)], plans=[nothing]))["nothing", "one_site"] == pytest.approx(
        5.05e6
    )


def test_scenarios_with_different_horizons_are_compared() -> None:
    found = compare([scenario(), scenario(name="long", horizon__end="2028-12")])
    years = {(row["column"], row["year"]) for row in found.rows["compared_cash"]}
    assert ("long", 2028) in years
    assert ("one_site", 2028) not in years


def test_an_impossible_scenario_is_named() -> None:
    signed = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}
    bad = scenario(name="bad", sites__0__energised_mw=20, fleets=[], **signed)
    with pytest.raises(NoPlanError, match="scenario bad"):
        compare([scenario(), bad])


def test_a_plan_that_breaks_a_limit_is_refused() -> None:
    valuer = Valuer(scenario())
    wrong = valuer.optimum.decisions
    with pytest.raises(SolverError, match="fails part 1"):
        valuer._valued("wrong", type(wrong)(wrong.mining_mw + 50.0, wrong.lease_mw))


def test_names_and_policies() -> None:
    assert distinct(["a", "a", "b", "a"]) == ["a", "a (2)", "b", "a (3)"]
    assert checked_policies(["all-mining", "All mining", "optimum"]) == ["all_mining", "optimum"]
    with pytest.raises(InputError, match="--plan"):
        checked_policies(["as_announced"])
    with pytest.raises(InputError, match="no scenario"):
        compare([])
