"""Depreciation: the tables against IRS Publication 946 and against the rule they come from, then what they do to a lease's tax.

The plain offer pays 100,000 USD a month and critical MW from January 2026 on and costs 400,000.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import scenario
from hashlease.models.depreciation import HALF_YEAR_PERCENT, MACRS_CLASSES, Tax, macrs_percent
from hashlease.models.months import Month
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer.deductions import share_deducted, share_left
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.ledger_lines import total_usd

REAL_PROPERTY_FIRST_YEAR = (2.461, 2.247, 2.033, 1.819, 1.605, 1.391, 1.177, 0.963, 0.749, 0.535, 0.321, 0.107)
"""Publication 946, table A-7a: year 1 of property placed in service in January, ..., December."""
REAL_PROPERTY_LAST_YEAR = (0.107, 0.321, 0.535, 0.749, 0.963, 1.177, 1.391, 1.605, 1.819, 2.033, 2.247, 2.461)
"""The same table, year 40."""


@pytest.mark.parametrize(("years", "factor"), [(5, 2.0), (7, 2.0), (15, 1.5)])
def test_half_year_tables_are_the_declining_balance_that_they_round(years: int, factor: float) -> None:
    # Half a year of factor / years of the balance, then whole years, straight line over what is left once that is more.
    left, found = 100.0, []
    for year in range(years + 1):
        part = 0.5 if year in (0, years) else 1.0
        declining, straight = left * factor / years, left / (years - max(year - 0.5, 0.0))
        found.append(left if year == years else part * max(declining, straight))
        left -= found[-1]
    # The publication's figures are rounded to cents of a percent, and made to add up.
    assert HALF_YEAR_PERCENT[years] == pytest.approx(found, abs=0.0151)


@pytest.mark.parametrize("years", MACRS_CLASSES)
def test_all_of_the_cost_is_deducted(years: int) -> None:
    for month in range(1, 13):
        assert sum(macrs_percent(years, month)) == pytest.approx(100.0, abs=1e-9)


def test_real_property_is_the_published_table() -> None:
    for month in range(1, 13):
        percent = macrs_percent(39, month)
        assert percent[0] == pytest.approx(REAL_PROPERTY_FIRST_YEAR[month - 1], abs=1e-9)
        assert percent[1:39] == (2.564,) * 38
        assert percent[39] == pytest.approx(REAL_PROPERTY_LAST_YEAR[month - 1], abs=1e-9)


@pytest.mark.parametrize(
    ("fields", "first", "expected"),
    [
        # 20 % in the six months of 2026, then 32 % in the twelve of 2027
        ({"macrs_years": 5}, "2026-07", [0.20 / 6] * 6 + [0.32 / 12] * 12),
        # 60 % at once and 20 % of the other 40 %: 68 % in 2026; 32 % of 40 % in 2027
        ({"macrs_years": 5, "bonus_fraction": 0.6}, "2026-11", [0.68 / 2] * 2 + [0.128 / 12] * 12),
        ({"macrs_years": 15, "bonus_fraction": 1.0}, "2026-12", [1.0] + [0.0] * 12),
        ({"macrs_years": 39}, "2026-02", [0.02247 / 11] * 11 + [0.02564 / 12] * 12),
        ({"depreciation_years": 2.0}, "2026-05", [1 / 24] * 24),
    ],
)
def test_months_of_a_schedule(fields: dict[str, Any], first: str, expected: list[float]) -> None:
    schedule, start, months = Tax(rate_fraction=0.21, **fields), Month.of(first), len(expected)
    deducted, left = schedule.table(1.0, [start], months)
    assert deducted[0] == pytest.approx(expected, abs=1e-12)
    assert left[0] == pytest.approx(1 - np.concatenate([[0.0], np.cumsum(expected)]), abs=1e-12)
    # The ledger's own reading
    assert share_deducted(schedule, start, np.arange(months)) == pytest.approx(expected, abs=1e-12)
    assert share_left(schedule, start, months) == pytest.approx(1 - sum(expected), abs=1e-12)


def taxed(**changes: Any) -> Scenario:
    return scenario(**{"finance__tax": {"rate_fraction": 0.25, "macrs_years": 5}, "leases__0__term_years": 2.0, **changes})


def worth_usd(case: Scenario) -> float:
    """Of one critical MW at the first start, by the value tables; the ledger must say the same."""
    values = Values(case)
    offer = values.offers[0]
    worth = float(offer.musd()[0]) * 1e6
    assert total_usd(Ledger(case).lease(offer.offer, offer.starts[0])) == pytest.approx(worth, rel=1e-12, abs=1e-6)
    return worth


def test_without_discount_only_the_sum_of_the_deductions_counts() -> None:
    # 24 x 100,000 of rent less 400,000, of which a quarter is tax: what is not deducted in two years is deducted at the end
    assert worth_usd(taxed()) == pytest.approx(0.75 * (2_400_000 - 400_000))


def test_a_year_earlier_is_worth_its_discount() -> None:
    # At 50 % a year rent is the same in both; the shields of 2026 and 2027 are 20 % and 32 % of 100,000 by the month, and at the
    # end of 2027 the 48 % that are left. With a bonus of 100 % it is 100 % in 2026.
    rates = {"mining": 0.0, "lease": 0.5, "capex": 0.0, "power_contract": 0.0}
    bonus = {"rate_fraction": 0.25, "macrs_years": 5, "bonus_fraction": 1.0}
    one = taxed(finance__discount_rate_per_year=rates)
    two = taxed(finance__discount_rate_per_year=rates, finance__tax=bonus)
    years = one.calendar.mid_month_years(one.finance.valuation_date)
    factor = 1.5**-years
    end = 1.5 ** -one.calendar.end_years(one.finance.valuation_date)
    shield = 100_000 * (0.20 / 12 * factor[:12].sum() + 0.32 / 12 * factor[12:].sum() + 0.48 * end)
    at_once = 100_000 / 12 * factor[:12].sum()
    assert worth_usd(two) - worth_usd(one) == pytest.approx(at_once - shield, rel=1e-9)


def test_the_month_of_the_start_changes_the_schedule() -> None:
    # From July 2026 the first year's 20 % fall into six months; the sums are those of a start in January.
    later = taxed(leases__0__start_window={"earliest": "2026-07", "latest": "2026-08"}, leases__0__term_years=1.0)
    assert worth_usd(later) == pytest.approx(0.75 * (1_200_000 - 400_000))
    tax = [line for line in Ledger(later).lease(later.leases[0], Month.of("2026-07")) if line.item == "income_tax"]
    shields = sum(line.usd for line in tax if line.when == "middle")
    # 2026: tax on 100,000 of rent less a quarter of 400,000 x 20 % / 6 a month; 2027 (to June): 32 % / 12
    assert shields[6:12] == pytest.approx(-0.25 * (100_000 - 80_000 / 6), rel=1e-12)
    assert shields[12:18] == pytest.approx(-0.25 * (100_000 - 128_000 / 12), rel=1e-12)
