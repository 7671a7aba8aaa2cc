"""What a site's load is charged and paid beside its energy: delivery and losses, coincident peaks, curtailment, ancillary services,
standby programmes. A leased MW is firm and pays; a mining MW switches off or is paid for being able to [V5].

Mining that has to be off in some hours of a month is off in the dearest ones, in ones that do not depend on the price (average),
or, where the counterparty may choose and the worst is assumed, in the cheapest ones, which mining would miss most. An hour counts
once where two agreements name the dearest (or the cheapest) hours; hours that do not depend on the price fall on the others by
chance.

Every MW of mining is in at most one ancillary service or standby programme: their shares add up to at most 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .months import Array, Calendar, Month
from .names import Name
from .off_hours import OffIn, hours_by_month
from .path import MonthlyPath
from .prices import PriceTable
from .refusal import refusal
from .sources import Sourced


class Delivery(Sourced):
    """Charge per MWh at the meter, and energy that is bought and lost on the way to it. For mining and leases alike."""

    usd_per_mwh: Annotated[MonthlyPath, q.DELIVERY_CHARGE]
    loss_fraction: Annotated[float, q.LOSSES] = 0.0
    """MWh lost for each MWh at the meter; they cost what the energy costs (market price and adder, or the fixed price)."""


class InSeason(Sourced):
    """In force in some months of every year, both included; a season may run over the turn of the year (11 to 2)."""

    name: Name
    from_month_of_year: Annotated[int, q.MONTH_OF_YEAR] = 1
    to_month_of_year: Annotated[int, q.MONTH_OF_YEAR] = 12

    def in_season(self, calendar: Calendar) -> Array:
        """1 in the months of the season, shape (months,)."""
        first, last = self.from_month_of_year, self.to_month_of_year
        months = np.array([month.month_of_year for month in calendar.months])
        inside = (months >= first) & (months <= last) if first <= last else (months >= first) | (months <= last)
        return inside.astype(float)


class Off(InSeason):
    """With hours of each month of the season, or of each year's season, in which mining is off."""

    off_hours_per_month: Annotated[float, q.OFF_HOURS] = 0.0
    off_hours_per_year: Annotated[float, q.OFF_HOURS_OF_YEAR] | None = None
    """Those hours of the year's season that are dearest (or cheapest) of all; by chance so many in each month."""
    off_in: OffIn = "dearest"

    @model_validator(mode="after")
    def _stated_once(self) -> Off:
        if self.off_hours_per_year is not None and self.off_hours_per_month:
            found = f"off_hours_per_month {self.off_hours_per_month:g} beside off_hours_per_year {self.off_hours_per_year:g}"
            raise refusal(found, "one of the two", field="off_hours_per_year")
        return self

    def off_hours(self, calendar: Calendar, table: PriceTable) -> Array:
        """Hours, shape (months,). A year of which the horizon holds a part of the season has that part of its hours, by days."""
        in_season = self.in_season(calendar)
        if self.off_hours_per_year is None:
            return self.off_hours_per_month * in_season
        found = np.zeros(calendar.length)
        for year in calendar.years:
            whole = Calendar(Month.of(f"{year}-01"), 12)
            months = np.flatnonzero((calendar.year_of_month == year) & (in_season > 0))
            if len(months):
                part = float(calendar.days[months].sum()) / float((whole.days * self.in_season(whole)).sum())
                wanted = part * self.off_hours_per_year
                found[months] = hours_by_month(wanted, self.off_in, table.usd_per_mwh[months], table.hours[months])
        return found


Avoid = Literal["when_it_pays", "always", "never"]


class CoincidentPeak(Off):
    """A charge on the load in the hours of the system's peak (ERCOT 4CP, PJM capacity), in the months in which peaks are measured.

    Mining pays it and runs, or is off in `off_hours_per_month`, which is enough to be off in the peak, and avoids
    `avoided_fraction` of the charge. A lease pays all of it.
    """

    usd_per_kw: Annotated[MonthlyPath, q.PEAK_CHARGE]
    """Per kW of load in the peak of a month of the season; counted in that month, whenever it is billed."""
    avoided_fraction: Annotated[float, q.FRACTION]
    avoid: Avoid = "when_it_pays"
    """Whether mining is off in the peak: where that is worth more, for every fleet and month by itself, or as a policy."""

    def usd_per_mw(self, calendar: Calendar) -> Array:
        """Of a MW that runs through the peak, shape (months,)."""
        return self.usd_per_kw.values(calendar) * 1000.0 * self.in_season(calendar)

    @property
    def may_be_avoided(self) -> tuple[bool, ...]:
        """The ways of it that mining may choose between: paying (False) and avoiding (True)."""
        return {"when_it_pays": (False, True), "always": (True,), "never": (False,)}[self.avoid]


class Curtailment(Off):
    """An obligation: all mining of the site is off for so many hours of each month of the season. Leases are not curtailed."""


class AncillaryService(InSeason):
    """A product (RRS, ECRS, non-spin, regulation) that a share of the mining MW sells in every hour in which it runs.

    Its price is the mean of a month, or that of each hour, beside the energy prices of the zone. It moves with the market: the
    power multiplier applies to it.
    """

    share_fraction: Annotated[float, q.FRACTION]
    usd_per_mw_hour: Annotated[MonthlyPath, q.ANCILLARY_PRICE] | None = None
    hourly_prices: Name | None = None
    """Name of a product whose prices the zone's price states."""

    @model_validator(mode="after")
    def _priced_once(self) -> AncillaryService:
        if (self.usd_per_mw_hour is None) == (self.hourly_prices is None):
            found = "both usd_per_mw_hour and hourly_prices" if self.hourly_prices else "neither usd_per_mw_hour nor hourly_prices"
            raise refusal(found, "exactly one of the two", field="usd_per_mw_hour")
        return self

    def mean_usd(self, calendar: Calendar) -> Array:
        """Per MW and hour that runs, before the power multiplier, shape (months,); 0 where the price is that of each hour."""
        if self.usd_per_mw_hour is None:
            return np.zeros(calendar.length)
        return self.usd_per_mw_hour.values(calendar) * self.in_season(calendar)

    def hourly_usd(self, calendar: Calendar, table: PriceTable) -> Array | None:
        """The same at each price point of the zone, shape (months, points); None where the price is the mean of a month."""
        if self.hourly_prices is None:
            return None
        usd: Array = table.ancillary_usd[self.hourly_prices] * self.in_season(calendar)[:, np.newaxis]
        return usd


class Standby(Off):
    """A demand-response programme that pays a share of the mining MW for being ready, and calls on it for some hours a month."""

    share_fraction: Annotated[float, q.FRACTION]
    usd_per_mw_month: Annotated[MonthlyPath, q.STANDBY_PAYMENT]
    """Per energised MW in the programme, whatever its hours; a contract, to which the power multiplier does not apply."""

    def usd_per_mw(self, calendar: Calendar) -> Array:
        """Shape (months,)."""
        return self.usd_per_mw_month.values(calendar) * self.in_season(calendar)


MOST_PEAKS = 3
"""Mining tries each way of avoiding some of them and not others: 8 ways at most."""


def check_once(services: Sequence[AncillaryService], standby: Sequence[Standby], peaks: Sequence[CoincidentPeak]) -> None:
    """Refuses shares that pay a MW twice, and more peaks than mining can weigh against each other."""
    shares: list[AncillaryService | Standby] = [*services, *standby]
    total = sum(item.share_fraction for item in shares)
    if total > 1 + 1e-9:
        said = ", ".join(f"{item.name} {item.share_fraction:g}" for item in shares)
        raise refusal(
            f"shares of {total:g} in all ({said})",
            "ancillary services and standby programmes with shares that add up to at most 1",
            "a MW is paid for by one of them only",
            field="ancillary_services" if services else "standby",
        )
    if len(peaks) > MOST_PEAKS:
        raise refusal(f"{len(peaks)} coincident peaks", f"at most {MOST_PEAKS}", field="coincident_peaks")


def check_names(field: str, items: Sequence[Any]) -> None:
    """Refuses a name that two items of a list have."""
    names = [item.name for item in items]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise refusal(f'the name "{twice[0]}" twice', "each name once", field=field)
