"""The parts of every mining MW at a site: a share in each ancillary service and standby programme, and the rest in none.

The machines of a part earn alike and are off together. Mining of the whole site is off for curtailments and for coincident peaks
that it always avoids; a part of it where its programme calls on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .months import Array, Calendar
from .off_hours import OffIn
from .prices import PriceTable
from .site import Site

Off = tuple[OffIn, Array]
"""Hours of each month in which mining is off, and which they are."""


@dataclass(frozen=True)
class MiningPart:
    """ancillary_usd: of a MW that runs for an hour, before the power multiplier, shape (months, 1), or by price point where the
    service is sold by the hour (by_the_hour), (months, points). standby_usd: of an energised MW, shape (months,). called: hours in
    which a programme has it off.
    """

    share: float
    ancillary_usd: Array
    standby_usd: Array
    called: tuple[Off, ...] = ()

    @property
    def by_the_hour(self) -> bool:
        return bool(self.ancillary_usd.shape[1] > 1)


def mining_parts(site: Site, table: PriceTable, calendar: Calendar) -> Iterator[MiningPart]:
    """Services, programmes, and what is in neither, in this order."""
    none = np.zeros(calendar.length)
    rest = 1.0
    for service in site.ancillary_services:
        hourly = service.hourly_usd(calendar, table)
        paid = service.mean_usd(calendar)[:, np.newaxis] if hourly is None else hourly
        yield MiningPart(service.share_fraction, paid, none)
        rest -= service.share_fraction
    for programme in site.standby:
        called: Off = (programme.off_in, programme.off_hours(calendar, table))
        yield MiningPart(programme.share_fraction, none[:, np.newaxis], programme.usd_per_mw(calendar), (called,))
        rest -= programme.share_fraction
    if rest > 0:
        yield MiningPart(rest, none[:, np.newaxis], none)


def obliged_off(site: Site, table: PriceTable, calendar: Calendar) -> list[Off]:
    """Hours in which all mining of a site is off whatever they earn: curtailments, and peaks that it always avoids."""
    always = [peak for peak in site.coincident_peaks if peak.avoid == "always"]
    return [(item.off_in, item.off_hours(calendar, table)) for item in (*site.curtailments, *always)]
