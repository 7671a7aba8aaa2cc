"""Break-evens: closed forms, and bisection by whole re-solves of changed scenarios."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cases import offer, scenario
from hashlease import load, solve
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer.breakeven import BreakEvens
from hashlease.optimizer.optimise import Optimiser


def rows(plan: object) -> dict[str, dict[str, float]]:
    return {row["offer"]: row for row in plan.rows["leases"]}  # type: ignore[attr-defined]


def test_two_offers_by_hand() -> None:
    found = rows(solve(load("two_offers")))
    assert found["North"]["break_even_rent_usd_per_kw_month"] == pytest.approx((1.25 * 438_000 + 400_000) / 12_000, rel=1e-9)
    assert found["South"]["break_even_rent_usd_per_kw_month"] == pytest.approx((1.25 * 438_000 + 480_000) / 12_000, rel=1e-9)
    assert found["North"]["break_even_hashprice_multiplier"] == pytest.approx((640_000 / 8_760 + 50) / 100, rel=1e-8)
    assert found["South"]["break_even_hashprice_multiplier"] == pytest.approx((384_000 / 8_760 + 50) / 100, rel=1e-8)


def test_a_signed_lease_breaks_even_where_it_is_worth_nothing_on_top() -> None:
    changes = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}
    row = rows(solve(scenario(**changes)))["Offer"]
    # It displaces mining: as for an offer, 78.958 USD/kW-month and (640,000 / 8,760 + 50) / 100.
    assert row["break_even_rent_usd_per_kw_month"] == pytest.approx(947_500 / 12_000, rel=1e-9)
    assert row["break_even_hashprice_multiplier"] == pytest.approx((640_000 / 8_760 + 50) / 100, rel=1e-8)
    assert row["worth_usd"] == pytest.approx(20 * 252_500, rel=1e-9)


def test_an_offer_that_uses_idle_mw_is_never_driven_out_by_hashprice() -> None:
    row = rows(solve(scenario(fleets__0__mw=50.0)))["Offer"]
    assert row["break_even_hashprice_multiplier"] is None
    assert row["break_even_rent_usd_per_kw_month"] == pytest.approx(400_000 / 12_000, rel=1e-9)


def test_an_offer_that_loses_money_by_itself_is_not_saved_by_a_low_hashprice() -> None:
    row = rows(solve(scenario(leases__0__rent_usd_per_kw_month=30.0)))["Offer"]
    assert row["break_even_hashprice_multiplier"] is None
    assert row["critical_mw"] == 0


def taken(case: Scenario, name: str) -> bool:
    """Whether an offer is worth having: the plan with it beats the plan without it."""
    optimiser = Optimiser(Values(case))
    number = [value.offer.name for value in optimiser.values.offers].index(name)
    return optimiser.solve().objective - optimiser.solve(without=frozenset([number])).objective > 2e-6


def bisect(low: float, high: float, is_taken: Callable[[float], bool]) -> float:
    at_low = is_taken(low)
    assert at_low != is_taken(high)
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if is_taken(middle) == at_low else (low, middle)
    return (low + high) / 2


OFFERS = [
    "AMD first refusal 100 MW",
    "AMD option 75 MW",
    "Market 128, 15 years, NNN",
    "Market 130, 10 years",
    "Market 136, block of 50 MW",
    "Tenant-funded, 12 years",
]


@pytest.fixture(scope="module")
def rockdale_rows() -> dict[str, dict[str, float]]:
    return rows(solve(load("rockdale")))


@pytest.mark.parametrize("name", OFFERS)
def test_break_even_rent_of_rockdale_by_bisection(name: str, rockdale_rows: dict[str, dict[str, float]]) -> None:
    """A fresh scenario with the rent changed, built and solved anew at every step."""
    rent = rockdale_rows[name]["break_even_rent_usd_per_kw_month"]
    found = bisect(
        rent * 0.97, rent * 1.03, lambda usd: taken(load("rockdale", [f'leases."{name}".rent_usd_per_kw_month={usd!r}']), name)
    )
    assert rent == pytest.approx(found, rel=2e-6)


@pytest.mark.parametrize("name", OFFERS)
def test_break_even_hashprice_of_rockdale_by_bisection(name: str, rockdale_rows: dict[str, dict[str, float]]) -> None:
    multiplier = rockdale_rows[name]["break_even_hashprice_multiplier"]

    def at(factor: float) -> bool:
        return taken(load("rockdale", [f"market.hashprice.multiplier={factor!r}"]), name)

    if multiplier is None:
        assert len({at(factor) for factor in (0.0, 0.3, 0.7, 1.0, 1.5, 3.0, 10.0)}) == 1
    else:
        assert multiplier == pytest.approx(bisect(multiplier * 0.97, multiplier * 1.03, at), rel=2e-6)


def test_whole_blocks_break_even_as_blocks() -> None:
    """A block of 25 meter MW on a site of 100 where another lease wants 90: it must beat both what it displaces."""
    case = scenario(
        leases=[
            offer("Block", indivisible=True, rent_usd_per_kw_month=105.0),
            offer("Other", critical_it_mw=72.0, rent_usd_per_kw_month=102.0),
        ]
    )
    found = rows(solve(case))["Block"]
    # With the block, Other takes the 75 MW left (60 critical); without it 90 MW (72 critical), and 10 MW mine.
    # Block: 20 x (12,000 r - 400,000) = 12 x (1,224,000 - 400,000) + 10 x 438,000  =>  r = 92.783
    expected = ((12 * 824_000 + 10 * 438_000) / 20 + 400_000) / 12_000
    assert found["break_even_rent_usd_per_kw_month"] == pytest.approx(expected, rel=1e-8)


def test_break_evens_do_not_disturb_the_plan() -> None:
    optimiser = Optimiser(Values(load("rockdale")))
    before = optimiser.solve().objective
    found = BreakEvens(optimiser)
    for number in range(len(optimiser.values.offers)):
        found.of_offer(number)
    assert optimiser.solve().objective == pytest.approx(before, rel=1e-12)
