"""Infeasible? Arithmetic on the data, before any solver: firm leases against the MW of each site and month.

Without rules only signed leases force anything in this program, so the arithmetic decides feasibility by itself: if no line is
found here, a plan exists (sign what is signed, mine nothing). Of rules the arithmetic names those that no plan keeps, each by
itself (policy_conflicts.py). Where the solver finds no plan all the same, elastic.py finds out what does not fit together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.months import Month
from ..models.scenario import Scenario
from .policy_conflicts import PolicyConflict, policy_conflicts
from .remedies import Remedy, remedies
from .supplies import TOLERANCE_MW, Supply, supplies

MOST_LINES = 12


class NoPlanError(Exception):
    """A scenario without any plan; lines: its conflicts in words."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Conflict:
    """A run of months in which signed leases need more than there is; MW at the month of the largest shortage (`worst`)."""

    site: str
    first: Month
    last: Month
    worst: Month
    rule: str
    need_mw: float
    have_mw: float
    leases: tuple[str, ...]
    remedies: tuple[Remedy, ...] = ()

    @property
    def short_mw(self) -> float:
        return self.need_mw - self.have_mw

    def __str__(self) -> str:
        run = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        changes = "; or ".join(remedy.words for remedy in self.remedies)
        return (
            f"{self.site}, {run}: signed leases need {self.need_mw:,.1f} MW, {self.have_mw:,.1f} MW {self.rule} "
            f"(short {self.short_mw:,.1f}): {', '.join(self.leases)}. Smallest change: {changes}"
        )


def conflicts(scenario: Scenario) -> list[Conflict | PolicyConflict]:
    """Every conflict of the scenario's data, by site and run of months, then by rule; empty if none shows without a solver."""
    found: list[Conflict | PolicyConflict] = []
    for site in sorted(scenario.sites, key=lambda site: site.name):
        told = np.zeros(scenario.calendar.length, dtype=bool)
        for supply in supplies(scenario, site):
            short = (supply.short > TOLERANCE_MW) & ~told
            told |= short
            found += _runs(supply, short)
    return found + policy_conflicts(scenario)


def _runs(supply: Supply, short: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[Conflict | PolicyConflict]:
    months, found = supply.scenario.calendar.months, list[Conflict | PolicyConflict]()
    at = np.flatnonzero(short)
    for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(at) else []:
        worst = int(run[np.argmax(supply.short[run])])
        names = tuple(f"{name} {mw[worst]:,.1f} MW" for name, mw in sorted(supply.needs.items()) if mw[worst] > 0)
        found.append(
            Conflict(
                supply.site.name,
                months[run[0]],
                months[run[-1]],
                months[worst],
                supply.rule,
                float(supply.need[worst]),
                float(max(supply.have[worst], 0.0)),
                names,
                tuple(remedies(supply, run)),
            )
        )
    return found


def describe(found: list[Conflict | PolicyConflict]) -> list[str]:
    """At most twelve lines."""
    lines = [str(conflict) for conflict in found[:MOST_LINES]]
    if len(found) > MOST_LINES:
        lines[-1] = f"and {len(found) - MOST_LINES + 1} more conflicts"
    return lines
