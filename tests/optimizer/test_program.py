"""The program itself: closed forms, its standard form, and what its duals mean."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from cases import fleet, offer, scenario
from hashlease import solve
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.program import build_program
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler


def test_one_site_one_fleet_one_lease() -> None:
    """20 critical MW take 25 MW: 20 x 800,000 = 16.0 M USD; 75 MW mine in 2026 (438,000 each) and 100 MW in 2027:
    32.85 + 43.8 M USD. Together 92.65 M USD; all mining 87.6 M USD."""
    plan = solve(scenario())
    assert plan.verdict == "CERTIFIED"
    assert plan.npv_usd == pytest.approx(92.65e6, rel=1e-12)
    assert plan.reference("all_mining").npv_usd == pytest.approx(87.6e6, rel=1e-12)
    assert plan.reference("lease_all").npv_usd == pytest.approx(92.65e6, rel=1e-12)


def test_shadow_price_of_a_mw_is_what_it_would_mine() -> None:
    # Machines for 120 MW on a site of 100: one more MW would mine, 50 USD x 744 h in January 2026.
    plan = solve(scenario(fleets__0__mw=104.0))
    first = plan.rows["shadow_price"][0]
    assert first["usd_per_mw"] == pytest.approx(50 * 744, rel=1e-9)


def test_idle_mw_have_no_price() -> None:
    plan = solve(scenario(fleets__0__mw=60.0))
    assert all(row["usd_per_mw"] == pytest.approx(0, abs=1e-6) for row in plan.rows["shadow_price"])
    idle = [row["mw"] for row in plan.rows["allocation"] if row["use"] == "idle"]
    assert idle[0] == pytest.approx(100 - 60 - 25)
    assert idle[-1] == pytest.approx(100 - 60)


def test_conversion_darkens_mw_that_mined() -> None:
    window = {"earliest": "2026-07", "latest": "2026-07"}
    plan = solve(scenario(leases__0__start_window=window, leases__0__conversion_outage_months=3, leases__0__build_months=3))
    rows = {(row["period"], row["use"]): row["mw"] for row in plan.rows["allocation"]}
    assert rows["2026-03", "mining"] == pytest.approx(100)
    assert rows["2026-04", "conversion"] == pytest.approx(25)
    assert rows["2026-06", "mining"] == pytest.approx(75)
    assert rows["2026-07", "lease"] == pytest.approx(25)
    assert rows["2027-06", "lease"] == pytest.approx(25)
    assert rows["2027-07", "mining"] == pytest.approx(100)


def test_suitable_mw_limit_leases_and_have_a_price() -> None:
    # Only 10 of 25 meter MW may be let: 8 critical MW. A suitable MW is worth (640,000 - 438,000) USD over the year.
    plan = solve(scenario(sites__0__hpc_suitable_mw=10))
    lease = plan.rows["leases"][0]
    assert lease["critical_mw"] == pytest.approx(8)
    assert sum(row["usd_per_suitable_mw"] for row in plan.rows["shadow_price"]) == pytest.approx(202_000, rel=1e-9)
    assert "no more MW are suitable" in lease["reason"]


def test_capex_budget_limits_leases_and_has_a_price() -> None:
    # 4 M USD build 10 critical MW. A dollar more builds 1 / 400,000 MW worth 800,000 - 1.25 x 438,000 = 252,500 USD: 0.63 USD.
    plan = solve(scenario(finance__capex_budget_usd={"2026": 4_000_000.0}))
    assert plan.rows["leases"][0]["critical_mw"] == pytest.approx(10)
    budget = plan.rows["budget_price"][0]
    assert budget["spent_usd"] == pytest.approx(4e6)
    assert budget["usd_per_usd"] == pytest.approx(252_500 / 400_000, rel=1e-9)
    assert "capex budget is spent" in plan.rows["leases"][0]["reason"]


def test_a_right_keeps_its_mw_free_of_other_leases_until_it_lapses() -> None:
    right = offer(
        "Right", rent_usd_per_kw_month=50.0, start_window={"earliest": "2026-06", "latest": "2026-06"}, reserved_until="2026-06"
    )
    other = offer("Other", critical_it_mw=80.0, start_window={"earliest": "2026-01", "latest": "2026-12"})
    plan = solve(scenario(leases=[right, other]))
    taken = {row["offer"]: row for row in plan.rows["leases"]}
    # 25 MW are reserved until May 2026: of 80 critical MW (100 at the meter) only 60 can start before June.
    early = sum(start["critical_mw"] for start in taken["Other"]["starts"] if start["start"] < "2026-06")
    assert taken["Right"]["critical_mw"] == 0
    assert early <= 60 + 1e-6
    assert taken["Other"]["critical_mw"] == pytest.approx(80)


def test_an_offer_is_taken_once_over_its_starts() -> None:
    window = {"earliest": "2026-01", "latest": "2026-12"}
    plan = solve(scenario(leases__0__start_window=window))
    lease = plan.rows["leases"][0]
    assert lease["critical_mw"] == pytest.approx(20)
    assert sum(start["critical_mw"] for start in lease["starts"]) == pytest.approx(20)


def test_a_signed_lease_stays_even_at_a_loss() -> None:
    plan = solve(
        scenario(
            leases__0__status="signed",
            leases__0__start_window=None,
            leases__0__start_month="2026-01",
            leases__0__rent_usd_per_kw_month=20.0,
        )
    )
    row = plan.rows["leases"][0]
    assert row["critical_mw"] == 20
    # It would take 1.25 x 438,000 + 400,000 USD of rent a year: 78.96 USD/kW-month
    assert row["break_even_rent_usd_per_kw_month"] == pytest.approx(947_500 / 12_000, rel=1e-9)
    assert "less with it than without it" in row["reason"]


def test_a_scenario_without_leases_mines() -> None:
    plan = solve(scenario(leases=[]))
    assert plan.verdict == "CERTIFIED"
    assert plan.npv_usd == pytest.approx(87.6e6, rel=1e-12)


def test_a_scenario_without_fleets_leases() -> None:
    plan = solve(scenario(fleets=[]))
    assert plan.verdict == "CERTIFIED"
    assert plan.npv_usd == pytest.approx(16e6, rel=1e-12)


def rich_scenario() -> object:
    return scenario(
        leases=[
            offer("A", start_window={"earliest": "2026-02", "latest": "2026-08"}, conversion_outage_months=1, build_months=1),
            offer("B", indivisible=True, start_window={"earliest": "2026-03", "latest": "2026-09"}, rent_usd_per_kw_month=120.0),
        ],
        fleets=[fleet("X", mw=60.0), fleet("Y", mw=70.0, j_per_th=25.0, retire_month="2027-01")],
        sites__0__hpc_suitable_mw=[{"from": "2026-01", "mw_total": 20}, {"from": "2026-06", "mw_total": 60}],
        finance__capex_budget_usd={"2026": 9_000_000.0},
    )


def test_standard_form_equals_that_of_pyomo_and_scipy() -> None:
    program = build_program(Values(rich_scenario()))  # type: ignore[arg-type]
    model, form = program.model, program.form
    order = [column for part in (model.mining_mw, model.lease_mw, model.leased_mw, model.lease_block) for column in part.values()]
    reference = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=pyo.maximize, column_order=order)
    import scipy.sparse

    ours = scipy.sparse.csc_array((form.value, form.row, form.first), shape=(form.rows, form.columns))
    assert (ours != reference.A).nnz == 0
    assert reference.c.toarray()[0] == pytest.approx(form.cost)
    assert np.array_equal(np.isfinite(form.row_upper), np.array([row.bound_type >= 0 for row in reference.rows]))


def test_pyomo_with_its_own_highs_interface_finds_the_same_optimum() -> None:
    program = build_program(Values(rich_scenario()))  # type: ignore[arg-type]
    result = pyo.SolverFactory("appsi_highs").solve(program.model)
    assert result.solver.termination_condition == pyo.TerminationCondition.optimal
    found = solve(rich_scenario())  # type: ignore[arg-type]
    assert pyo.value(program.model.npv_musd) * 1e6 == pytest.approx(found.npv_usd, rel=1e-6)


def test_costs_of_multiplied_prices_are_those_of_a_rebuilt_program() -> None:
    values = Values(rich_scenario())  # type: ignore[arg-type]
    program = build_program(values)
    changed = scenario(
        **{
            "leases": [item.model_dump(mode="json", by_alias=True, exclude_unset=True) for item in values.scenario.leases],
            "fleets": [item.model_dump(mode="json", by_alias=True, exclude_unset=True) for item in values.scenario.fleets],
            "market__hashprice__multiplier": 1.3,
            "power__multiplier": 0.8,
        }
    )
    rebuilt = build_program(Values(changed))
    again = program.cost_musd(Multipliers(hashprice=1.3, power=0.8))
    assert again == pytest.approx(rebuilt.form.cost, rel=1e-12)


def test_warm_re_solves_equal_cold_ones() -> None:
    optimiser = Optimiser(Values(rich_scenario()))  # type: ignore[arg-type]
    for hashprice in (1.0, 0.7, 1.4, 0.2, 1.0):
        cost = optimiser.program.cost_musd(Multipliers(hashprice=hashprice))
        warm = optimiser.solve(cost).objective
        cold = Optimiser(Values(rich_scenario())).solve(cost).objective  # type: ignore[arg-type]
        assert warm == pytest.approx(cold, rel=1e-10)
    without = optimiser.solve(without=frozenset([0])).objective
    assert without <= optimiser.solve().objective + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_row_order_of_the_input_does_not_matter(seed: int) -> None:
    base = rich_scenario()
    random = np.random.default_rng(seed)
    rows = {
        table: [item.model_dump(mode="json", by_alias=True, exclude_unset=True) for item in getattr(base, table)]
        for table in ("leases", "fleets")
    }
    shuffled = scenario(
        **{table: [found[i] for i in random.permutation(len(found))] for table, found in rows.items()},
        sites__0__hpc_suitable_mw=[{"from": "2026-01", "mw_total": 20}, {"from": "2026-06", "mw_total": 60}],
        finance__capex_budget_usd={"2026": 9_000_000.0},
    )
    assert solve(shuffled).rows["leases"] == solve(base).rows["leases"]  # type: ignore[arg-type]
