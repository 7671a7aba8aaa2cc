"""[C6] The budgets of a scenario, each with the spending that counts against it, read anew for the certificate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..models.months import Array
from ..models.scenario import Scenario
from ..models.values import USD_PER_MUSD


@dataclass(frozen=True)
class Budget:
    """A limit on what is spent on offers in some calendar years of the horizon.

    when: the years in words. usd: the limit. years: which of the horizon's calendar years count.
    """

    name: str
    year: int
    when: str
    usd: float
    years: slice

    @property
    def limit_musd(self) -> float:
        return self.usd / USD_PER_MUSD

    def spent_musd(self, capex_musd: Array) -> Array:
        """Of a critical MW at each start, from capex by start and calendar year: shape (starts,)."""
        return np.array([math.fsum(row[self.years].tolist()) for row in capex_musd])

    def terms_musd(self, capex_musd: Iterable[Array], decided_mw: Iterable[Array]) -> list[float]:
        """What each offer, of leases or machines, spends of it at each of its dates, USD million."""
        pairs = zip(capex_musd, decided_mw, strict=True)
        return [float(term) for capex, mw in pairs for term in (capex[:, self.years] * mw[:, np.newaxis]).ravel()]


def budgets_of(scenario: Scenario) -> list[Budget]:
    """Every budget that limits spending inside the horizon: those of calendar years, then the cumulative ones."""
    finance, years = scenario.finance, scenario.calendar.years
    first, last = years[0], years[-1]
    found = [
        Budget(f"capex budget {year}", year, f"in {year}", usd, slice(year - first, year - first + 1))
        for year, usd in sorted(finance.capex_budget_usd.items())
        if first <= year <= last
    ]
    return found + [
        Budget(f"capex budget up to {year}", year, f"by the end of {year}", usd, slice(0, year - first + 1))
        for year, usd in sorted(finance.cumulative_capex_budget_usd.items())
        if first <= year
    ]
