"""How capital is deducted from taxable income: straight line, or MACRS with a bonus share in the first year.

Straight line: cost / life in each month from the month placed in service on.
MACRS: the tables of IRS Publication 946, appendix A (A-1, half-year convention, for 5, 7 and 15-year property; A-7a, mid-month
convention, for 39-year property, which is nonresidential real property). The tax year is the calendar year; what a table gives for
a year is spread evenly over the months of that year in which the asset is in service. A bonus share (section 168(k)) is deducted in
the first year in the same way, and the table applies to the rest.
What is not deducted when the asset goes is deducted from its sale. (Publication 946 gives the year of the sale half a year's
deduction; here it gives the months until the sale. The total is the same and falls within the same year.)
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .months import Array, Month, WholeArray
from .refusal import refusal
from .sources import Sourced

HALF_YEAR_PERCENT: dict[int, tuple[float, ...]] = {
    5: (20.00, 32.00, 19.20, 11.52, 11.52, 5.76),
    7: (14.29, 24.49, 17.49, 12.49, 8.93, 8.92, 8.93, 4.46),
    15: (5.00, 9.50, 8.55, 7.70, 6.93, 6.23, 5.90, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 2.95),
}
"""Table A-1: percent of the cost by tax year, by class of property."""
REAL_PROPERTY_YEARS = 39
REAL_PROPERTY_PERCENT = (2.564, 38, 0.107)
"""Table A-7a: percent of each of the middle years, how many they are, and percent for half of a first or last month."""
MACRS_CLASSES = (*HALF_YEAR_PERCENT, REAL_PROPERTY_YEARS)


def macrs_percent(years: int, month_of_year: int) -> tuple[float, ...]:
    """Percent of the cost deducted in each tax year, for an asset placed in service in a month (1 to 12) of the first one."""
    if years != REAL_PROPERTY_YEARS:
        return HALF_YEAR_PERCENT[years]
    each, middle, half_month = REAL_PROPERTY_PERCENT
    last = half_month * (2 * month_of_year - 1)
    return (100.0 - middle * each - last, *(each for _ in range(middle)), last)


class Depreciation(Sourced):
    """The schedule of one kind of asset: either `depreciation_years` or `macrs_years`."""

    depreciation_years: Annotated[float, q.DEPRECIATION_YEARS] | None = None
    """Straight line over so many years, from the month placed in service on (for lease capex, the start of rent)."""
    macrs_years: Annotated[int, q.MACRS_YEARS] | None = None
    """Class of property under MACRS: 5, 7, 15 or 39 years."""
    bonus_fraction: Annotated[float, q.FRACTION] = 0.0
    """Share of the cost that is deducted in the first tax year; the MACRS table applies to the rest."""

    @model_validator(mode="after")
    def _one_schedule(self) -> Depreciation:
        if (self.depreciation_years is None) == (self.macrs_years is None):
            found = f"{'neither' if self.macrs_years is None else 'both'} depreciation_years and macrs_years"
            raise refusal(found, "exactly one of the two", field="depreciation_years")
        if self.macrs_years is not None and self.macrs_years not in MACRS_CLASSES:
            classes = "5, 7, 15 or 39 (classes of property in IRS Publication 946)"
            raise refusal(f"{self.macrs_years} years", classes, "depreciation_years is for straight lines", field="macrs_years")
        if self.bonus_fraction and self.macrs_years in (None, REAL_PROPERTY_YEARS):
            found = "a bonus share on a straight line" if self.macrs_years is None else "a bonus share on 39-year real property"
            raise refusal(found, "a bonus share only with macrs_years 5, 7 or 15 (section 168(k))", field="bonus_fraction")
        return self

    @property
    def depends_on_start(self) -> bool:
        """Whether the month of the year in which an asset starts changes its schedule."""
        return self.macrs_years is not None

    def deducted(self, cost: float, n: Array | WholeArray) -> Array:
        """Straight line: what is deducted in month n from the start, in the unit of the cost."""
        assert self.depreciation_years is not None
        life = self.depreciation_years * 12
        return np.asarray(cost / life * np.clip(life - n, 0.0, 1.0))

    def book(self, cost: float, n: Array | WholeArray) -> Array:
        """Straight line: what is left after n months."""
        assert self.depreciation_years is not None
        return np.asarray(cost * np.clip(1.0 - n / (self.depreciation_years * 12), 0.0, 1.0))

    def macrs_shares(self, month_of_year: int, months: int) -> Array:
        """MACRS: share of the cost deducted in month n of an asset placed in service in a month (1 to 12), shape (months,)."""
        assert self.macrs_years is not None
        percent = np.array(macrs_percent(self.macrs_years, month_of_year)) / 100.0
        first = 13 - month_of_year
        yearly = (1.0 - self.bonus_fraction) * percent
        yearly[0] += self.bonus_fraction
        of_month = np.concatenate([np.full(first, yearly[0] / first), np.repeat(yearly[1:] / 12, 12)])
        shares = np.zeros(months)
        kept = min(months, len(of_month))
        shares[:kept] = of_month[:kept]
        return shares

    def table(self, cost: float, starts: list[Month], months: int) -> tuple[Array, Array]:
        """(deducted in month n, left after n months) of assets placed in service at the starts: shape (starts, months),
        (starts, months + 1), in the unit of the cost.
        """
        if not self.depends_on_start:
            n = np.arange(months + 1, dtype=float)
            rows = len(starts)
            return np.tile(self.deducted(cost, n[:-1]), (rows, 1)), np.tile(self.book(cost, n), (rows, 1))
        by_month = {moy: self.macrs_shares(moy, months) for moy in {start.month_of_year for start in starts}}
        shares = np.array([by_month[start.month_of_year] for start in starts]).reshape(len(starts), months)
        deducted = np.concatenate([np.zeros((len(starts), 1)), np.cumsum(shares, axis=1)], axis=1)
        left = np.maximum(1.0 - deducted, 0.0)
        return cost * shares, cost * left


class Tax(Depreciation):
    """Corporate income tax; losses are taken as usable against other income, which is what keeps the tax linear.

    The schedule stated here is that of lease capex, from the start of rent. Machines owned today have no stated book value, so
    their sale is taxed in full.
    """

    rate_fraction: Annotated[float, q.FRACTION]
    machine_depreciation_years: Annotated[float, q.DEPRECIATION_YEARS] | None = None
    """Straight line of machines that are bought, from their delivery; by default they follow the schedule of lease capex."""

    @property
    def machines(self) -> Depreciation:
        """The schedule of machines that are bought."""
        return self if self.machine_depreciation_years is None else Depreciation(depreciation_years=self.machine_depreciation_years)
