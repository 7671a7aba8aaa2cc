"""The cash of a plan: what is there on the valuation date, what owners and lenders add, and the least that must be left by year.

Cash at the end of a calendar year is what is there on the valuation date, plus what is raised up to the end of that year, plus
every line of the cash flow up to it, not discounted: mining, rent, opex, power, tax, capex, machines, loans. So with a floor of 0 a
plan pays for itself: it spends no more than opening cash, what is raised, and what it earns in time. What is counted and not paid
is no cash: the value of a building when its lease ends, with the tax on it, and whatever is counted on the day the horizon ends.

Cash until the end of a year is a present value at discount factors of 1 on the days up to it and 0 afterwards; the tables of
values.py give it at those factors.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .months import Array, Calendar, Year
from .refusal import refusal
from .sources import Sourced


class Cash(Sourced):
    """Cash on the valuation date, what comes from outside, and floors."""

    opening_usd: Annotated[float, q.BUDGET]
    """On the valuation date, free to be spent."""
    raised_usd: dict[Year, Annotated[float, q.BUDGET]] = {}
    """What owners and lenders to the company add in a calendar year (loans of leases are their own); it is there by its end."""
    floor_usd: dict[Year, Annotated[float, q.BUDGET]]
    """Least cash at the end of a calendar year; a year not named has no floor."""

    @model_validator(mode="after")
    def _has_a_floor(self) -> Cash:
        if not self.floor_usd:
            raise refusal("cash without a floor", "a floor at the end of at least one year", "0 USD is a floor", field="floor_usd")
        return self

    def years(self, calendar: Calendar) -> list[int]:
        """Calendar years of the horizon that have a floor, in order."""
        return [year for year in calendar.years if year in self.floor_usd]

    def free_usd(self, year: int, calendar: Calendar) -> float:
        """Opening cash and what is raised from the horizon's first year to the end of this one, less its floor."""
        raised = sum(usd for at, usd in sorted(self.raised_usd.items()) if calendar.years[0] <= at <= year)
        return self.opening_usd + raised - self.floor_usd[year]


def days_until(year: int, calendar: Calendar) -> tuple[Array, Array]:
    """1 for what falls before the end of a calendar year, 0 afterwards: shape (months,) by month, and (months + 1,) by the first
    day of each month and the day on which the horizon ends, which is 0.
    """
    inside = np.asarray(calendar.year_of_month <= year, dtype=float)
    return inside, np.append(inside, 0.0)
