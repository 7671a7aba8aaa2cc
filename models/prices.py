"""[M4] Electricity prices of a zone, hour by hour, as the exact distribution of each month.

Within a month nothing but the price changes from hour to hour, so a month is fully described by its prices and the hours
at each price. `PriceTable` keeps them sorted with prefix sums: the value of a machine that runs whenever the price is
below its break-even then costs one binary search [V2], and no hour is lost or averaged away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from . import quantities as q
from .ancillary_prices import HourlyUsdPerMwHour
from .months import Array, Calendar, Month, Year
from .names import Name
from .path import MonthlyPath
from .price_files import HourlyFile
from .refusal import refusal
from .rows import AT_LEAST_ONE, exactly
from .sources import Sourced


def check_time_zone(name: str) -> str:
    """An IANA time zone's name or UTC."""
    try:
        ZoneInfo(name)
    except Exception:
        hint = "ERCOT is America/Chicago"
        raise refusal(f'the time zone "{name}"', "UTC or an IANA name such as America/Chicago", hint) from None
    return name


TimeZone = Annotated[str, AfterValidator(check_time_zone)]


@lru_cache(maxsize=4096)
def month_start_utc(month: Month, time_zone: str) -> datetime:
    """The instant (UTC) at which a local calendar month begins."""
    return datetime(month.year, month.month_of_year, 1, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


@lru_cache(maxsize=4096)
def hours_in_month(month: Month, time_zone: str) -> float:
    """The true number of hours of a local calendar month: 743 or 721 where clocks change."""
    return (month_start_utc(month + 1, time_zone) - month_start_utc(month, time_zone)) / timedelta(hours=1)


def hours_by_clock(month: Month, time_zone: str) -> Array:
    """Hours of the month that show each clock hour 0..23, shape (24,); a skipped hour counts one less, a repeated one more."""
    counts = np.full(24, float(month.days))
    if hours_in_month(month, time_zone) == month.days * 24:
        return counts
    for day in range(1, month.days + 1):
        counts += _hours_shown_on(datetime(month.year, month.month_of_year, day), time_zone) - 1.0
    return counts


def _hours_shown_on(day: datetime, time_zone: str) -> Array:
    """Hours for which each clock hour is shown on one local day, shape (24,): ones unless the clock is changed."""
    zone = ZoneInfo(time_zone)
    instant, end = (midnight.replace(tzinfo=zone).astimezone(UTC) for midnight in (day, day + timedelta(days=1)))
    shown = np.ones(24)
    if end - instant == timedelta(hours=24):
        return shown
    shown[:] = 0.0
    while instant < end:
        step = min(end - instant, timedelta(minutes=30))
        shown[instant.astimezone(zone).hour] += step / timedelta(hours=1)
        instant += step
    return shown


@dataclass(frozen=True, eq=False)
class PriceTable:
    """Prices of one zone, shape (months, points), ascending in each row, and the hours at each price.

    usd_per_mwh: padded on the right with the row's last price where a month has fewer points (0 hours there).
    ancillary_usd: prices of ancillary products in the same hours, USD per MW and hour, by name, of the same shape.
    Compared by identity: scenarios that keep it are compared by their fields.
    """

    usd_per_mwh: Array
    hours: Array
    ancillary_usd: dict[str, Array] = field(default_factory=dict)

    @classmethod
    def of(cls, usd_per_mwh: Array, hours: Array, ancillary_usd: dict[str, Array] | None = None) -> PriceTable:
        """Sort each month by price."""
        order = np.argsort(usd_per_mwh, axis=1, kind="stable")
        products = {name: np.take_along_axis(usd, order, axis=1) for name, usd in (ancillary_usd or {}).items()}
        return cls(np.take_along_axis(usd_per_mwh, order, axis=1), np.take_along_axis(hours, order, axis=1), products)

    @cached_property
    def hours_up_to(self) -> Array:
        """Prefix sums of the hours, shape (months, points + 1)."""
        return _prefix_sums(self.hours)

    @cached_property
    def usd_per_mw_up_to(self) -> Array:
        """Prefix sums of price x hours: the cost of one MW in the cheapest hours, shape (months, points + 1)."""
        return _prefix_sums(self.usd_per_mwh * self.hours)

    @property
    def month_hours(self) -> Array:
        """Hours in each month, shape (months,)."""
        return self.hours_up_to[:, -1]

    @property
    def month_usd_per_mw(self) -> Array:
        """Cost of one MW through the whole month, USD, shape (months,)."""
        return self.usd_per_mw_up_to[:, -1]

    def usd_of_cheapest(self, hours: Array) -> Array:
        """Cost of one MW in so many of the cheapest hours of each month, USD; hours and result of shape (months,)."""
        month = np.arange(len(hours))
        point = _count_below(self.hours_up_to[:, 1:], hours[np.newaxis, :])[0]
        point = np.minimum(point, self.hours.shape[1] - 1)
        part = hours - self.hours_up_to[month, point]
        cost: Array = self.usd_per_mw_up_to[month, point] + part * self.usd_per_mwh[month, point]
        return cost

    def margin_usd_per_mw(self, break_even_usd_per_mwh: Array) -> Array:
        """[V2] sum over hours of max(0, break-even - price) for each row of break-evens, USD per MW.

        break_even_usd_per_mwh: shape (any, months); the result has the same shape.
        """
        hours, usd = self.running(break_even_usd_per_mwh)
        margin: Array = break_even_usd_per_mwh * hours - usd
        return np.maximum(margin, 0.0)

    def running(self, break_even_usd_per_mwh: Array) -> tuple[Array, Array]:
        """Hours cheaper than each break-even, and what one MW pays for them in USD; shapes as in `margin_usd_per_mw`."""
        first_dearer = _count_below(self.usd_per_mwh, break_even_usd_per_mwh)
        month = np.arange(self.usd_per_mwh.shape[0])[np.newaxis, :]
        return self.hours_up_to[month, first_dearer], self.usd_per_mw_up_to[month, first_dearer]


def _prefix_sums(rows: Array) -> Array:
    sums = np.zeros((rows.shape[0], rows.shape[1] + 1))
    np.cumsum(rows, axis=1, out=sums[:, 1:])
    return sums


def _count_below(sorted_rows: Array, thresholds: Array) -> np.ndarray[Any, np.dtype[np.intp]]:
    """How many entries of row t lie below thresholds[k, t]: one binary search for all k and t together."""
    months, points = sorted_rows.shape
    month = np.arange(months)[np.newaxis, :]
    low = np.zeros(thresholds.shape, dtype=np.intp)
    high = np.full(thresholds.shape, points, dtype=np.intp)
    for _ in range(points.bit_length()):
        middle = (low + high) // 2
        below = (sorted_rows[month, np.minimum(middle, points - 1)] < thresholds) & (middle < high)
        low = np.where(below, middle + 1, low)
        high = np.where(below, high, middle)
    return low


# --- how a zone's prices may be given --------------------------------------------------------------------------------

HourlyUsdPerMwh = Annotated[float, q.MARKET_PRICE]


class FlatPrice(Sourced):
    """One price through all hours of a month."""

    kind: Literal["flat"]
    usd_per_mwh: Annotated[MonthlyPath, q.MARKET_PRICE]

    @property
    def ancillary_names(self) -> tuple[str, ...]:
        """Ancillary products whose price is known in each hour."""
        return ()

    def paths(self) -> dict[str, MonthlyPath]:
        return {"usd_per_mwh": self.usd_per_mwh}

    def table(self, calendar: Calendar, time_zone: str) -> PriceTable:
        hours = np.array([[hours_in_month(month, time_zone)] for month in calendar.months])
        return PriceTable(self.usd_per_mwh.values(calendar)[:, np.newaxis], hours)


class _ShapedPrice(Sourced):
    """A yearly shape of prices and the level it is moved to.

    Exactly one of
    multiplier: path of factors on the shape;
    monthly_mean_usd_per_mwh: forward curve; every month's shape is scaled so that its mean over hours is the forward.
    """

    multiplier: Annotated[MonthlyPath, q.MULTIPLIER] | None = None
    monthly_mean_usd_per_mwh: Annotated[MonthlyPath, q.MARKET_PRICE] | None = None

    @model_validator(mode="after")
    def _one_level(self) -> _ShapedPrice:
        if (self.multiplier is None) == (self.monthly_mean_usd_per_mwh is None):
            raise refusal(
                "no level for the shape" if self.multiplier is None else "two levels for the shape",
                "exactly one of multiplier and monthly_mean_usd_per_mwh",
                "a shape repeated as it is: multiplier: {flat: 1}",
                field="multiplier",
            )
        return self

    def paths(self) -> dict[str, MonthlyPath]:
        both = {"multiplier": self.multiplier, "monthly_mean_usd_per_mwh": self.monthly_mean_usd_per_mwh}
        return {field: path for field, path in both.items() if path is not None}

    @property
    def ancillary_names(self) -> tuple[str, ...]:
        return ()

    def _levelled(
        self, usd_per_mwh: Array, hours: Array, calendar: Calendar, ancillary_usd: dict[str, Array] | None = None
    ) -> PriceTable:
        if self.multiplier is not None:
            factor = self.multiplier.values(calendar)
        else:
            assert self.monthly_mean_usd_per_mwh is not None
            mean = (usd_per_mwh * hours).sum(axis=1) / hours.sum(axis=1)
            factor = self.monthly_mean_usd_per_mwh.values(calendar) / mean
        products = {name: usd * factor[:, np.newaxis] for name, usd in (ancillary_usd or {}).items()}
        return PriceTable.of(usd_per_mwh * factor[:, np.newaxis], hours, products)


_CLOCK_HOURS = exactly(24, "one price for each clock hour, 00:00 first")
_MONTHS_OF_YEAR = exactly(12, "one row for each month, January first")
Row24 = Annotated[tuple[HourlyUsdPerMwh, ...], _CLOCK_HOURS]
AncillaryRow24 = Annotated[tuple[HourlyUsdPerMwHour, ...], _CLOCK_HOURS]


class ProfilePrice(_ShapedPrice):
    """A price for each month of the year and clock hour: 12 rows (January first) of 24 prices (00:00 first)."""

    kind: Literal["month_hour_profile"]
    usd_per_mwh: Annotated[tuple[Row24, ...], _MONTHS_OF_YEAR]
    ancillary_usd_per_mw_hour: dict[Name, Annotated[tuple[AncillaryRow24, ...], _MONTHS_OF_YEAR]] = {}
    """Prices of ancillary products in the same months and hours, by name; the level moves them too."""

    @model_validator(mode="after")
    def _positive_means(self) -> ProfilePrice:
        _refuse_nonpositive_means(self, [float(np.mean(row)) for row in self.usd_per_mwh])
        if self.ancillary_usd_per_mw_hour and self.monthly_mean_usd_per_mwh is not None:
            lowest = min(value for _, value in self.monthly_mean_usd_per_mwh.stated_values())
            if lowest < 0:
                raise refusal(
                    f"a forward of {lowest:g} USD/MWh, which would turn the ancillary prices negative",
                    "forwards that are not negative where the shape has ancillary prices",
                    "use multiplier instead of monthly_mean_usd_per_mwh",
                    field="monthly_mean_usd_per_mwh",
                )
        return self

    @property
    def ancillary_names(self) -> tuple[str, ...]:
        return tuple(self.ancillary_usd_per_mw_hour)

    def table(self, calendar: Calendar, time_zone: str) -> PriceTable:
        of_year = [month.month_of_year - 1 for month in calendar.months]
        hours = np.array([hours_by_clock(month, time_zone) for month in calendar.months])
        products = {name: np.array(rows)[of_year] for name, rows in self.ancillary_usd_per_mw_hour.items()}
        return self._levelled(np.array(self.usd_per_mwh)[of_year], hours, calendar, products)


class DurationPrice(_ShapedPrice):
    """A duration curve for each month of the year: shares of the hours and the mean price within each share.

    The curve keeps what an average profile loses, the few very dear and the few negative hours.
    """

    kind: Literal["duration_bands"]
    share_of_hours_fraction: Annotated[tuple[Annotated[float, q.FRACTION], ...], AT_LEAST_ONE]
    usd_per_mwh: Annotated[tuple[tuple[HourlyUsdPerMwh, ...], ...], _MONTHS_OF_YEAR]

    @model_validator(mode="after")
    def _shares_and_rows_fit(self) -> DurationPrice:
        shares = self.share_of_hours_fraction
        if abs(sum(shares) - 1) > 1e-9 or min(shares) <= 0:
            raise refusal(
                f"shares that add up to {sum(shares):.6g}", "positive shares that add up to 1", field="share_of_hours_fraction"
            )
        for month, row in enumerate(self.usd_per_mwh, start=1):
            if len(row) != len(shares):
                raise refusal(
                    f"{len(row)} prices in row {month}", f"{len(shares)} prices, one for each share of hours", field="usd_per_mwh"
                )
        _refuse_nonpositive_means(self, [float(np.dot(row, shares)) for row in self.usd_per_mwh])
        return self

    def table(self, calendar: Calendar, time_zone: str) -> PriceTable:
        shape = np.array(self.usd_per_mwh)
        rows = shape[[month.month_of_year - 1 for month in calendar.months]]
        month_hours = np.array([hours_in_month(month, time_zone) for month in calendar.months])
        hours = month_hours[:, np.newaxis] * np.array(self.share_of_hours_fraction)
        return self._levelled(rows, hours, calendar)


def _refuse_nonpositive_means(price: _ShapedPrice, means: list[float]) -> None:
    if price.monthly_mean_usd_per_mwh is not None and min(means) <= 0:
        raise refusal(
            f"a shape with a mean of {min(means):.2f} USD/MWh in month {means.index(min(means)) + 1}",
            "shapes with positive means, where they are scaled to a forward curve",
            "use multiplier instead of monthly_mean_usd_per_mwh",
            field="usd_per_mwh",
        )


class HourlyPrice(HourlyFile):
    """An hourly series from a file; with `repeat_year` that calendar year stands for every year of the horizon.

    A repeated month keeps its distribution of prices; its hours are scaled to the true number of hours of the month
    (February 2028 has 696, its pattern of 2023 has 672). Ancillary prices are repeated and multiplied with those of energy.
    """

    kind: Literal["hourly"]
    repeat_year: Year | None = None
    multiplier: Annotated[MonthlyPath, q.MULTIPLIER] | None = None

    @model_validator(mode="after")
    def _level_of_a_repeated_year(self) -> HourlyPrice:
        if (self.repeat_year is None) != (self.multiplier is None):
            raise refusal(
                "repeat_year without multiplier" if self.multiplier is None else "multiplier without repeat_year",
                "both or neither",
                "a year repeated as it was: multiplier: {flat: 1}",
                field="multiplier",
            )
        return self

    def paths(self) -> dict[str, MonthlyPath]:
        return {} if self.multiplier is None else {"multiplier": self.multiplier}

    def gap(self, calendar: Calendar, time_zone: str) -> str:
        """Why the series does not cover the calendar, in words; empty if it does."""
        series = self.series
        if self.repeat_year is None:
            wanted, first, last = f"the horizon {calendar.start} to {calendar.end}", calendar.start, calendar.end
        else:
            wanted = f"the year {self.repeat_year}"
            first, last = Month.of(f"{self.repeat_year}-01"), Month.of(f"{self.repeat_year}-12")
        if series.covers(month_start_utc(first, time_zone), month_start_utc(last + 1, time_zone)):
            return ""
        hint = "" if self.repeat_year else "; repeat_year lets one year stand for all"
        return f"the series runs from {series.first_text} to {series.last_text} (UTC), which is not {wanted}{hint}"

    def table(self, calendar: Calendar, time_zone: str) -> PriceTable:
        steps = [self.series.steps(*self._span(month, time_zone)) for month in calendar.months]
        counts = [step.stop - step.start for step in steps]
        points = max(counts)

        def by_month(series: Array) -> Array:
            rows = [np.pad(series[step], (0, points - count), mode="edge") for step, count in zip(steps, counts, strict=True)]
            return np.array(rows) if self.multiplier is None else np.array(rows) * self.multiplier.values(calendar)[:, np.newaxis]

        hours = np.zeros((len(steps), points))
        for t, (month, count) in enumerate(zip(calendar.months, counts, strict=True)):
            hours[t, :count] = hours_in_month(month, time_zone) / count
        products = {name: by_month(series) for name, series in self.series.ancillary_usd.items()}
        return PriceTable.of(by_month(self.series.usd_per_mwh), hours, products)

    def _span(self, month: Month, time_zone: str) -> tuple[datetime, datetime]:
        if self.repeat_year is not None:
            month = Month.of(f"{self.repeat_year}-{month.month_of_year:02d}")
        return month_start_utc(month, time_zone), month_start_utc(month + 1, time_zone)


ZonePrice = Annotated[FlatPrice | ProfilePrice | DurationPrice | HourlyPrice, Field(discriminator="kind")]


class Zone(Sourced):
    """A pricing zone of a power market and its clock."""

    name: Name
    time_zone: TimeZone
    price: ZonePrice
