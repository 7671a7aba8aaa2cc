"""[C6] Floors of cash by hand, and where they cannot hold; on random scenarios: test_second_opinion.py."""

from __future__ import annotations

from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import fleet, machines, offer, scenario
from hashlease.errors import InputError
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.program import build_program
from hashlease.optimizer.series import NO_PLAN, OPTIMAL, Series

RATES = {"mining": 0.0, "lease": 0.0, "capex": 0.0, "power_contract": 0.0, "debt": 0.05}


def with_cash(opening_usd: float, floor_usd: dict[str, float], **changes: Any) -> hl.Scenario:
    """Nothing mines; 20 critical MW cost 400,000 USD each on the first day and pay 100,000 USD a month each, for twelve months."""
    cash = {"opening_usd": opening_usd, "floor_usd": floor_usd, **changes.pop("cash", {})}
    return scenario(**{"fleets": [], "finance__cash": cash, "leases__0__start_window": WINDOW, **changes})


WINDOW = {"earliest": "2026-12", "latest": "2026-12"}


def test_a_plan_pays_for_itself() -> None:
    # Rent from December 2026: a MW costs 400,000 on 1 December and brings 100,000 by the end of the year, so it takes 300,000.
    # 3 M USD of opening cash pay for 10 MW; in the year after they bring 1.1 M each. A dollar more of cash is worth
    # (1,200,000 - 400,000) / 300,000 = 2.667 USD.
    plan = hl.solve(with_cash(3e6, {"2026": 0}))
    assert plan.verdict == "CERTIFIED"
    assert plan.rows["leases"][0]["critical_mw"] == pytest.approx(10)
    assert plan.rows["cash_floor"] == [
        {"year": 2026, "floor_usd": 0.0, "cash_usd": pytest.approx(0.0, abs=1e-3), "usd_per_usd": pytest.approx(8 / 3)}
    ]
    assert list(plan.cash_floor.columns) == list(plan.rows["cash_floor"][0])


def test_what_is_raised_and_the_floor_count_as_cash() -> None:
    # 1 M of opening cash, 2 M raised in 2026 and 0.9 M that must be left pay for 2.1 M / 300,000 = 7 MW.
    plan = hl.solve(with_cash(1e6, {"2026": 900_000}, cash={"raised_usd": {"2025": 5e6, "2026": 2e6, "2027": 9e6}}))
    assert plan.rows["leases"][0]["critical_mw"] == pytest.approx(7)


def test_operating_cash_of_mining_is_reinvested() -> None:
    # 25 MW earn (48 / 24e-3 / 20 - 40 - 10) = 50 USD/MWh in 8,760 - 744 hours before December and in December (744) as far as
    # the leases leave MW. With x critical MW (1.25 meter MW each) cash at the end of 2026 is
    # 25 x 50 x 8,760 - 1.25 x 50 x 744 x - 300,000 x = 10.95 M - 346,500 x >= floor.
    left = 25 * 50 * 8_760 - 346_500 * 12
    plan = hl.solve(with_cash(0, {"2026": left}, sites__0__energised_mw=25.0, fleets=[fleet("Fleet", mw=25.0)]))
    assert plan.verdict == "CERTIFIED"
    assert plan.rows["leases"][0]["critical_mw"] == pytest.approx(12)
    assert plan.rows["cash_floor"][0]["cash_usd"] == pytest.approx(left)


def test_a_loan_is_cash_and_so_is_its_service() -> None:
    # 60 % is lent: a MW takes 160,000 on the first day, and by 1 January owes 240,000 x 1 % on that day, which is 2027.
    loan = {"loan_to_cost_fraction": 0.6, "rate_per_year": 0.12, "amortisation_years": 1.0}
    lent = {"leases__0__debt": loan, "finance__discount_rate_per_year": RATES}
    plan = hl.solve(with_cash(600_000, {"2026": 0}, **lent))
    assert plan.rows["leases"][0]["critical_mw"] == pytest.approx(10)  # 160,000 - 100,000 of rent


def test_a_floor_that_nothing_can_hold_is_told() -> None:
    plan = hl.solve(with_cash(3e6, {"2026": 4e6}))
    assert plan.verdict == "INFEASIBLE, PROVED"
    told = plan.conflicts[0]
    assert "cash at the end of 2026: the floor is 4.0 M USD, and what is fixed leaves at most 3.0 M USD (short 1.0)" in told
    answer = Series().solve(with_cash(3e6, {"2026": 4e6}))
    assert (answer.verdict, "cash at the end of 2026" in answer.why) == (NO_PLAN, True)


def test_a_signed_lease_that_the_floor_needs_has_no_plan_without_it() -> None:
    deal = {**offer("Deal", status="signed", start_month="2026-01")}
    del deal["start_window"]
    case = with_cash(9e6, {"2027": 10e6}, leases=[deal])
    plan = hl.solve(case)
    assert plan.verdict == "CERTIFIED"
    assert np.isinf(plan.rows["leases"][0]["worth_usd"])
    assert "below a floor" not in plan.reference("all_mining").definition  # signed leases are in it
    (row,) = hl.why(case).uses
    assert row["opposite_costs_usd"] is None


def test_reasons_speak_of_cash() -> None:
    (row,) = hl.why(with_cash(3e6, {"2026": 0})).uses
    assert (row["decision"], row["rule"]) == ("in part", "cash floor")
    # 10 of 20 MW. One brings 1.2 M USD of rent less 0.4 M USD of capex: all of it for the 0.3 M USD of cash that it takes in 2026.
    brings = "a critical MW brings 0.80 M USD and uses cash worth 0.80 M USD elsewhere"
    assert f"because cash is down to its floor: {brings}" in row["why"]
    assert {flip["input"] for flip in row["flips"]} <= {"capex", "start"}


def test_machines_are_bought_as_far_as_cash_goes() -> None:
    # 1e6 / 15 = 66,667 TH a MW at 7.5 USD/TH are 0.5 M USD, paid and delivered in December; by the end of the year a MW earns
    # 744 h x (48 / 0.024 / 15 - 40 - 10) = 62,000 USD, so 4.38 M USD of opening cash pay for 10 MW.
    bought = machines(mw=25.0, usd_per_th={"flat": 7.5}, delivery_window={"earliest": "2026-12", "latest": "2026-12"})
    case = with_cash(10 * (500_000 - 62_000), {"2026": 0}, leases=[], machine_offers=[bought])
    plan = hl.solve(case)
    assert plan.verdict == "CERTIFIED"
    row = plan.rows["machines"][0]
    assert row["mw"] == pytest.approx(10)
    assert "cash is down to its floor" in row["reason"]
    assert row["break_even_usd_per_th"] is None
    (found,) = (use for use in hl.why(case).uses if use["kind"] == "machine offer")
    assert found["rule"] == "cash floor"


def test_references_that_break_a_floor_say_so() -> None:
    plan = hl.solve(with_cash(3e6, {"2026": 0, "2027": 10e6}))
    assert plan.rows["leases"][0]["critical_mw"] == pytest.approx(10)
    assert "below a floor" in plan.reference("all_mining").definition  # 3 M USD stay 3 M USD
    assert "below a floor" not in plan.reference("lease_all").definition


def test_what_prices_alone_decide_is_refused_in_words() -> None:
    case = with_cash(3e6, {"2026": 0})
    for refused in (lambda: hl.decision_map(case), lambda: hl.break_even_curve(case, "Offer", "hashprice", 0.5, 2.0)):
        with pytest.raises(InputError, match="floors of cash"):
            refused()
    row = hl.solve(case).rows["leases"][0]
    assert (row["break_even_rent_usd_per_kw_month"], row["break_even_hashprice_multiplier"]) == (None, None)


@pytest.mark.parametrize("at", [Multipliers(0.7, 1.3, 1.2), Multipliers(1.4, 0.6, 0.5)])
def test_other_prices_are_other_rows(at: Multipliers) -> None:
    """The rows moved to other prices are those of the scenario that states them."""
    case = with_cash(3e6, {"2026": 0, "2027": 1e6}, fleets=[fleet("Fleet", mw=25.0)], leases__0__power_paid_by="landlord")
    rent = 100.0 * at.rent
    stated = with_cash(
        3e6,
        {"2026": 0, "2027": 1e6},
        fleets=[fleet("Fleet", mw=25.0)],
        leases__0__power_paid_by="landlord",
        leases__0__rent_usd_per_kw_month=rent,
        market__hashprice__multiplier=at.hashprice,
        power__multiplier=at.power,
    )
    moved, anew = build_program(Values(case)).at_prices(at).form, build_program(Values(stated)).form
    assert moved.row_names == anew.row_names
    for part in ("cost", "value", "row_upper"):
        assert getattr(moved, part) == pytest.approx(getattr(anew, part), rel=1e-12, abs=1e-12)
    for part in ("first", "row"):
        assert np.array_equal(getattr(moved, part), getattr(anew, part))
    answer, known = Series().solve(case, at), Series().solve(stated)
    assert answer.verdict == known.verdict == OPTIMAL
    assert answer.npv_usd == pytest.approx(known.npv_usd, rel=1e-9)


def test_prices_of_cash_lie_between_one_sided_differences() -> None:
    case = with_cash(3e6, {"2026": 0})
    price = hl.solve(case).rows["cash_floor"][0]["usd_per_usd"]
    more, less = (Optimiser(Values(with_cash(3e6 + step, {"2026": 0}))).solve().objective for step in (1e3, -1e3))
    assert (more - less) * 1e6 / 2e3 == pytest.approx(price, rel=1e-9)
