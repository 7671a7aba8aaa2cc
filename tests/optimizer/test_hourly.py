"""[V2] Grouping the hours of a month is exact: the full program with a column for every hour has the same optimum."""

from __future__ import annotations

import cases
import hashlease as hl
import pytest
from hourly_program import Program, with_profile_prices
from plain_evaluator import Data, PlainScenario, real_hours

SHIPPED = (*(name for name in hl.shipped_names() if name != "portfolio"), "starter")
"""The sites of the portfolio are those of the others (a test of the library holds them together)."""
RELATIVE = 1e-9

WINTER = [18.0] * 6 + [35.0, 52.0, 41.0, 30.0, 26.0, 22.0, 20.0, 19.0, 21.0, 28.0, 60.0, 95.0, 140.0, 66.0, 44.0, 33.0, 25.0, 20.0]
SUMMER = [22.0] * 7 + [19.0, 8.0, -4.0, -11.0, -15.0, -12.0, -3.0, 12.0, 31.0, 88.0, 240.0, 310.0, 150.0, 70.0, 45.0, 33.0, 26.0]


def assert_same_optimum(plan: hl.Plan, opinion: PlainScenario) -> Program:
    """The relaxation where blocks are indivisible: grouping hours is about prices, not about blocks."""
    program = Program(opinion)
    assert program.npv_usd(program.solve()) == pytest.approx(plan.relaxation_npv_usd, rel=RELATIVE)
    return program


def plain_data(scenario: hl.Scenario) -> Data:
    written: Data = scenario.model_dump(mode="json", by_alias=True)
    return written


@pytest.mark.parametrize("name", SHIPPED)
def test_hourly_optimum_of_a_shipped_scenario(name: str) -> None:
    plan = hl.solve(hl.load(name))
    program = assert_same_optimum(plan, PlainScenario(plain_data(plan.scenario)))
    energised = len(program.energised_columns)
    assert len(program.cost) >= 672 * energised, "a month has 672 hours or more, each with its own column"


def test_hourly_optimum_with_a_price_for_every_clock_hour() -> None:
    """The starter on prices by clock hour, over a spring and an autumn in which the clocks change."""
    prices = [WINTER] * 3 + [SUMMER] * 6 + [WINTER] * 3
    written = with_profile_prices(plain_data(hl.load("starter")), "2027-04", prices)
    plan = hl.solve(hl.Scenario.model_validate(written))
    assert plan.verdict == "CERTIFIED"
    assert_same_optimum(plan, PlainScenario(plain_data(plan.scenario)))


def test_hourly_optimum_with_delivery_peaks_curtailment_ancillary_and_standby() -> None:
    """Every hour of every part of a MW, in every way of avoiding peaks, has its own column."""
    plan = hl.solve(cases.rich(**cases.TERMS))
    assert plan.verdict == "CERTIFIED"
    program = assert_same_optimum(plan, PlainScenario(plain_data(plan.scenario)))
    assert len(program.cost) > 3 * 672 * len(program.energised_columns)


def test_hourly_optimum_with_ancillary_prices_by_the_hour() -> None:
    """Hours are sorted by their net price, and the optimum is that of the program with a column for each of them."""
    plan = hl.solve(cases.rich(**cases.TERMS_BY_THE_HOUR))
    assert plan.verdict == "CERTIFIED"
    assert_same_optimum(plan, PlainScenario(plain_data(plan.scenario)))


def test_hours_of_months_in_which_the_clocks_change() -> None:
    """March 2026 in Chicago has 743 hours, none of them at 2 o'clock on the 8th; November has 721, two at 1 o'clock on the 1st."""
    march, november = ([clock_hour for clock_hour, _ in real_hours("America/Chicago", 2026 * 12 + month - 1)] for month in (3, 11))
    assert (len(march), march.count(2), march.count(1)) == (743, 30, 31)
    assert (len(november), november.count(1), november.count(2)) == (721, 31, 30)
