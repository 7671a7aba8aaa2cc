"""A cap on the energy that a site draws in a calendar year. What it makes mining give up: models/cap_use.py."""

from __future__ import annotations

from typing import Annotated

from . import quantities as q
from .months import Calendar, Month
from .sources import Sourced

MWH_PER_GWH = 1000.0


class EnergyCap(Sourced):
    """Most energy that the site may draw in each calendar year, losses included: a permit, a contract's or a utility's limit."""

    mwh_per_year: Annotated[float, q.ENERGY_OF_YEAR]
    """Of a year of which the horizon holds a part, that part counts, by days."""

    def limit_gwh(self, calendar: Calendar) -> dict[int, float]:
        """GWh by calendar year of the horizon."""
        found = {}
        for year, days in calendar.total_by_year(calendar.days).items():
            whole = (Month.of(f"{year + 1}-01").first_day - Month.of(f"{year}-01").first_day).days
            found[year] = self.mwh_per_year / MWH_PER_GWH * days / whole
        return found
