"""What a price series holds, found and not mended: gaps, duplicates, changed clocks, negative hours, levels, duration curve.

Every figure is weighted by time: a quarter hour counts a quarter of an hour. A step that stands twice with one price counts once;
with two prices it is a contradiction, counted apart, and the first of them is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from .months import Array, Month, WholeArray
from .price_files import EPOCH, MINUTE, Rows

SHARES_PERCENT = (0.0, 0.1, 1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 100.0)
"""Of the hours, dearest first, at which the duration curve is read."""
STUB_HOURS = 72
"""A price that stands still for longer is worth a word."""


@dataclass(frozen=True)
class Gap:
    """Steps without a price: the first instant (UTC) and how many."""

    start_utc: datetime
    steps: int


@dataclass(frozen=True)
class ClockDay:
    """A day on which clocks are changed: hours that it has by the clock, and hours found for it."""

    day: date
    hours: float
    found: float


@dataclass(frozen=True)
class Level:
    """Prices of a calendar year (local), or of all; USD/MWh."""

    label: str
    hours: float
    mean: float
    median: float
    lowest: float
    highest: float
    negative_hours: float
    dearest_percent_mean: float
    """Mean of the dearest hundredth of the hours."""


@dataclass(frozen=True, eq=False)
class PriceReport:
    """A series as it was found. minute: start of each step, UTC, ascending, each once; price: at it."""

    name: str
    unit: str
    time_zone: str
    step_minutes: int
    minute: WholeArray
    price: Array
    rows: int
    without_price: int
    duplicates: int
    contradictions: tuple[tuple[datetime, float, float], ...]
    odd_times: int
    """Rows between the steps."""
    out_of_order: int
    usual_minutes: int
    """From one row to the next, as most of them are."""

    @classmethod
    def of(
        cls, name: str, rows: Rows, step_minutes: int, time_zone: str, ends: bool, unit: str = "USD/MWh", without_price: int = 0
    ) -> PriceReport:
        """Of rows in any order; `ends`: whether their minute is the end of the step."""
        begins = rows.minute - step_minutes if ends else rows.minute
        order = np.argsort(begins, kind="stable")
        minute, price = begins[order], rows.usd_per_mwh[order]
        again = np.zeros(len(minute), dtype=bool)
        again[1:] = minute[1:] == minute[:-1]
        first = np.maximum.accumulate(np.where(again, 0, np.arange(len(minute)))) if len(minute) else np.array([], dtype=np.intp)
        differs = again & (price != price[first])
        found = [(instant(minute[at]), float(price[first[at]]), float(price[at])) for at in np.flatnonzero(differs)]
        kept_minute, kept_price = minute[~again], price[~again]
        odd = (kept_minute - kept_minute[0]) % step_minutes != 0 if len(kept_minute) else np.array([], dtype=bool)
        return cls(
            name=name,
            unit=unit,
            time_zone=time_zone,
            step_minutes=step_minutes,
            minute=kept_minute[~odd],
            price=kept_price[~odd],
            rows=len(minute) + without_price,
            without_price=without_price,
            duplicates=int(again.sum() - differs.sum()),
            contradictions=tuple(found),
            odd_times=int(odd.sum()),
            out_of_order=int((np.diff(begins) < 0).sum()),
            usual_minutes=_usual(kept_minute, step_minutes),
        )

    @property
    def step_hours(self) -> float:
        return self.step_minutes / 60

    @property
    def hours(self) -> float:
        """Hours that have a price."""
        return len(self.price) * self.step_hours

    @property
    def start_utc(self) -> datetime:
        return instant(self.minute[0])

    @property
    def end_utc(self) -> datetime:
        """The end of the last step."""
        return instant(self.minute[-1] + self.step_minutes)

    @property
    def gaps(self) -> list[Gap]:
        """Runs of steps without a price between the first and the last."""
        missing = np.diff(self.minute) // self.step_minutes - 1
        return [Gap(instant(self.minute[at] + self.step_minutes), int(missing[at])) for at in np.flatnonzero(missing)]

    @property
    def missing_hours(self) -> float:
        return sum(gap.steps for gap in self.gaps) * self.step_hours

    @property
    def negative_hours(self) -> float:
        return float((self.price < 0).sum()) * self.step_hours

    def clock_days(self) -> list[ClockDay]:
        """Days inside the series on which the zone's clocks are changed."""
        zone = ZoneInfo(self.time_zone)
        found = []
        for day in _days(self.start_utc.astimezone(zone).date(), self.end_utc.astimezone(zone).date()):
            first, last = (_midnight(day + timedelta(days=n), zone) for n in (0, 1))
            if last - first == timedelta(hours=24):
                continue
            inside = (self.minute >= _minute(first)) & (self.minute < _minute(last))
            found.append(ClockDay(day, (last - first) / timedelta(hours=1), float(inside.sum()) * self.step_hours))
        return found

    def levels(self) -> list[Level]:
        """Of each calendar year (local), and of all hours where there are several years."""
        years = self._local_years()
        found = [self._level(str(year), self.price[years == year]) for year in np.unique(years)]
        return found if len(found) == 1 else [*found, self._level("all", self.price)]

    def _local_years(self) -> WholeArray:
        """The local calendar year of each step, shape (steps,)."""
        zone = ZoneInfo(self.time_zone)
        first, last = self.start_utc.astimezone(zone).year, self.end_utc.astimezone(zone).year
        turns = np.array([_minute(_midnight(date(year, 1, 1), zone)) for year in range(first, last + 2)])
        years: WholeArray = first + np.searchsorted(turns, self.minute, side="right") - 1
        return years

    def _level(self, label: str, price: Array) -> Level:
        dearest = np.sort(price)[::-1][: max(round(len(price) / 100), 1)]
        return Level(
            label=label,
            hours=len(price) * self.step_hours,
            mean=float(price.mean()),
            median=float(np.median(price)),
            lowest=float(price.min()),
            highest=float(price.max()),
            negative_hours=float((price < 0).sum()) * self.step_hours,
            dearest_percent_mean=float(dearest.mean()),
        )

    def months(self) -> list[tuple[Month, float, float, float]]:
        """(month, hours with a price, hours without, mean) of each local month that the series touches with a price."""
        zone = ZoneInfo(self.time_zone)
        first = Month.containing(self.start_utc.astimezone(zone).date())
        last = Month.containing(instant(self.minute[-1]).astimezone(zone).date())
        turns = np.array([_minute(_midnight(Month(month).first_day, zone)) for month in range(first, last + 2)])
        at = np.searchsorted(turns, self.minute, side="right") - 1
        count, total = (np.bincount(at, weights=weights, minlength=len(turns) - 1) for weights in (None, self.price))
        hours, whole = count * self.step_hours, np.diff(turns) / 60
        return [
            (first + n, float(hours[n]), float(whole[n] - hours[n]), float(total[n] / count[n]))
            for n in range(len(turns) - 1)
            if count[n]
        ]

    def duration(self) -> list[tuple[float, float]]:
        """(percent of the hours, the price that so many of them reach or exceed), dearest first."""
        dearest_first = np.sort(self.price)[::-1]
        last = len(dearest_first) - 1
        return [(share, float(dearest_first[min(int(share / 100 * len(dearest_first)), last)])) for share in SHARES_PERCENT]

    def longest_standstill(self) -> tuple[float, datetime, float]:
        """(hours, from, price) of the longest run of steps at one price."""
        turns = np.flatnonzero(np.concatenate([[True], np.diff(self.price) != 0, [True]]))
        at = int(np.argmax(np.diff(turns)))
        return float(turns[at + 1] - turns[at]) * self.step_hours, instant(self.minute[turns[at]]), float(self.price[turns[at]])


def _usual(minute: WholeArray, step_minutes: int) -> int:
    steps, counts = np.unique(np.diff(minute), return_counts=True)
    return int(steps[np.argmax(counts)]) if len(steps) else step_minutes


def instant(minute: int) -> datetime:
    """The instant of a minute since 1970, UTC."""
    return (EPOCH + int(minute) * MINUTE).replace(tzinfo=UTC)


def _minute(instant_: datetime) -> int:
    return (instant_.replace(tzinfo=None) - EPOCH) // MINUTE


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)
