"""[V3] The mining of a site where its hours are decided together: machines that earn alike and are off together.

A runner is the share of a fleet that is in one part of the mining (models/mining_parts.py); at a site without services and
programmes it is the fleet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .hour_states import HourStates
from .mining_parts import MiningPart, mining_parts, obliged_off
from .months import Array, Calendar
from .prices import PriceTable
from .site import Site

IntArray = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True)
class SiteParts:
    """Parts of the mining of a site and the hours in which they may run."""

    parts: tuple[MiningPart, ...]
    states: HourStates

    @classmethod
    def of(cls, site: Site, table: PriceTable, calendar: Calendar) -> SiteParts:
        parts, obliged = tuple(mining_parts(site, table, calendar)), obliged_off(site, table, calendar)
        return cls(parts, HourStates.of(parts, obliged, table))

    def hours(self, points: int) -> Array:
        """Hours of each price point in which a part may run, shape (parts, months, points)."""
        states = self.states
        found = np.zeros((*states.on.shape[:2], points))
        for state in range(0, len(states.point), points):
            inside = slice(state, state + points)
            found += np.where(states.on[:, :, inside], states.hours[:, inside], 0.0)
        return found

    def runners(self, fleets: IntArray, earned_usd_per_mwh: Array, uptime: Array, multiplier: float) -> Runners:
        """fleets: their numbers. earned_usd_per_mwh: of a running MWh before power and services, shape (fleets, months). uptime:
        shape (fleets, 1). multiplier: on market prices.
        """
        count = len(self.parts)
        sold = [multiplier * part.ancillary_usd for part in self.parts]
        return Runners(
            fleets=np.repeat(fleets, count),
            parts=np.tile(np.arange(count), len(fleets)),
            earned_usd_per_mwh=[row[:, np.newaxis] + usd for row in earned_usd_per_mwh for usd in sold],
            able=np.array([up * part.share for up in uptime[:, 0].tolist() for part in self.parts]).reshape(-1, 1),
        )


@dataclass(frozen=True)
class Runners:
    """In the order of fleets and parts. fleets: number of the fleet, parts: of the part, shape (runners,) each.

    earned_usd_per_mwh: of a running MWh before its power, shape (months, points) or (months, 1) each. able: MW that run where they
    may, of an energised MW of the fleet: the share that is in the part, and its uptime, shape (runners, 1).
    """

    fleets: IntArray
    parts: IntArray
    earned_usd_per_mwh: Sequence[Array]
    able: Array
