"""[C6] Budgets and floors of cash, each with what counts against it, read anew for the certificate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..models.months import Array, Calendar
from ..models.scenario import Scenario
from ..models.values import USD_PER_MUSD
from .ledger_lines import Line


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


@dataclass(frozen=True)
class Floor:
    """Least cash at the end of a calendar year.

    free_musd: what decisions may use above it, USD million: opening cash, what is raised until then and what no decision changes,
    less the floor. years: how many calendar years of the horizon count.
    """

    year: int
    free_musd: float
    years: int

    @property
    def name(self) -> str:
        return f"cash at the end of {self.year}"


def floors_of(scenario: Scenario, standing_musd: Array) -> Iterator[Floor]:
    """standing_musd: cash that no decision changes, by calendar year of the horizon."""
    cash, years = scenario.finance.cash, scenario.calendar.years
    for at, year in enumerate(years):
        if cash is not None and year in cash.floor_usd:
            raised = [usd for of, usd in cash.raised_usd.items() if years[0] <= of <= year]
            from_outside = math.fsum([cash.opening_usd, *raised, -cash.floor_usd[year]]) / USD_PER_MUSD
            yield Floor(year, from_outside + math.fsum(standing_musd[: at + 1].tolist()), at + 1)


def cash_by_year_musd(lines: Iterable[Line], calendar: Calendar) -> Array:
    """Cash of some lines of the ledger, not discounted, USD million, shape (years of the horizon,).

    What is counted on the day on which the horizon ends is no cash.
    """
    found = np.zeros(len(calendar.years))
    for line in (line for line in lines if line.when != "last day"):
        found += np.array([math.fsum(line.usd[calendar.year_of_month == year].tolist()) for year in calendar.years])
    return found / USD_PER_MUSD
