"""Infeasible? Arithmetic on the data, before any solver: firm leases against the MW of each site and month.

Only signed leases force anything in this program, so the arithmetic decides feasibility by itself: if no line is found here,
a plan exists (sign what is signed, mine nothing).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.months import Array, Month
from ..models.scenario import Scenario
from ..models.site import Site
from .ledger import Ledger

MOST_LINES = 12
TOLERANCE_MW = 1e-6


class NoPlanError(Exception):
    """A scenario without any plan; lines: its conflicts in words."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Conflict:
    """A run of months in which signed leases need more than there is; MW at the month of the largest shortage."""

    site: str
    first: Month
    last: Month
    rule: str
    need_mw: float
    have_mw: float
    leases: tuple[str, ...]

    @property
    def short_mw(self) -> float:
        return self.need_mw - self.have_mw

    def __str__(self) -> str:
        run = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return (
            f"{self.site}, {run}: signed leases need {self.need_mw:,.1f} MW, {self.have_mw:,.1f} MW {self.rule} "
            f"(short {self.short_mw:,.1f}): {', '.join(self.leases)}. "
            f"Smallest change: {self.short_mw:,.1f} MW more at the meter or {self.short_mw:,.1f} meter MW less leased then"
        )


def conflicts(scenario: Scenario) -> list[Conflict]:
    """Every conflict of the scenario's data, by site and run of months; empty if a plan exists."""
    ledger = Ledger(scenario)
    found: list[Conflict] = []
    for site in sorted(scenario.sites, key=lambda site: site.name):
        signed = [
            lease for lease in sorted(scenario.leases_at(site.name), key=lambda lease: lease.name) if lease.status == "signed"
        ]
        needs = {lease.name: lease.critical_it_mw * ledger.occupied_mw(lease, _start(lease.start_month)) for lease in signed}
        if not needs:
            continue
        need = np.sum(list(needs.values()), axis=0)
        energised = site.energised(scenario.calendar)
        found += _runs(scenario, site, need, energised, "energised", needs)
        suitable = site.hpc_suitable(scenario.calendar) - scenario.reserved_mw(site.name)
        elsewhere = np.where(need <= energised + TOLERANCE_MW, need, 0.0)
        found += _runs(scenario, site, elsewhere, suitable, "suitable for leases and not reserved", needs)
    return found


def _start(month: Month | None) -> Month:
    assert month is not None
    return month


def _runs(scenario: Scenario, site: Site, need: Array, have: Array, rule: str, needs: dict[str, Array]) -> list[Conflict]:
    months = scenario.calendar.months
    short = [t for t in range(len(months)) if need[t] > max(have[t], 0.0) + TOLERANCE_MW]
    runs: list[list[int]] = []
    for t in short:
        if runs and runs[-1][-1] == t - 1:
            runs[-1].append(t)
        else:
            runs.append([t])
    found = []
    for run in runs:
        worst = max(run, key=lambda t: need[t] - have[t])
        names = tuple(f"{name} {mw[worst]:,.1f} MW" for name, mw in sorted(needs.items()) if mw[worst] > 0)
        found.append(
            Conflict(site.name, months[run[0]], months[run[-1]], rule, float(need[worst]), float(max(have[worst], 0.0)), names)
        )
    return found


def describe(found: list[Conflict]) -> list[str]:
    """At most twelve lines."""
    lines = [str(conflict) for conflict in found[:MOST_LINES]]
    if len(found) > MOST_LINES:
        lines[-1] = f"and {len(found) - MOST_LINES + 1} more conflicts"
    return lines
