"""Reading a series of market prices from CSV or Parquet, strictly: no guess about time, gaps or decimals.

The times of a file are either UTC, or carry their offset, or are clock times of a named zone. A clock that is turned back
shows one hour twice; the file must then mark the second one, or the series is refused.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import PrivateAttr, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from . import quantities as q
from .files import locate_input, open_input
from .months import Array
from .refusal import refusal
from .sources import Sourced

TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::00(?:\.0+)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
LONGEST_CELL, MOST_COLUMNS = 32_767, 500
SHOWN = 5
"""Faulty rows named in a message; the rest is counted."""

_YES, _NO = {"y", "yes", "1", "true", "t"}, {"n", "no", "0", "false", "f", ""}


@dataclass(frozen=True, eq=False)
class HourlySeries:
    """Prices at equal steps: the k-th price holds from start_utc + k steps on. Compared by content hash."""

    start_utc: datetime
    step: timedelta
    usd_per_mwh: Array
    sha256: str
    notes: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HourlySeries) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @property
    def end_utc(self) -> datetime:
        return self.start_utc + len(self.usd_per_mwh) * self.step

    @property
    def first_text(self) -> str:
        return f"{self.start_utc:%Y-%m-%d %H:%M}"

    @property
    def last_text(self) -> str:
        return f"{self.end_utc:%Y-%m-%d %H:%M}"

    def covers(self, start: datetime, end: datetime) -> bool:
        return self.start_utc <= start and end <= self.end_utc

    def between(self, start: datetime, end: datetime) -> Array:
        """The prices from one instant to another, both UTC and inside the series."""
        first = round((start - self.start_utc) / self.step)
        last = round((end - self.start_utc) / self.step)
        return self.usd_per_mwh[first:last]


class HourlyFile(Sourced):
    """A price series in a file beside the scenario."""

    file: str
    time_column: str
    price_column: str
    times_are: Literal["utc", "local", "with_offset"]
    """utc: no offset written; local: clock times of `file_time_zone`; with_offset: each time carries its offset."""
    file_time_zone: str | None = None
    convention: Literal["hour_beginning", "hour_ending"]
    repeated_hour_column: str | None = None
    """Column that marks (Y/N) the second pass of the hour in which the clock is turned back; needed for local times."""
    resolution_minutes: Literal[60, 30, 15, 5] = 60
    fill_gaps_up_to_hours: Annotated[int, q.GAP_HOURS] = 0
    """Gaps up to this length repeat the price before them; longer ones are refused."""
    _series: HourlySeries | None = PrivateAttr(default=None)

    @property
    def series(self) -> HourlySeries:
        assert self._series is not None
        return self._series

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> HourlyFile:
        if (self.times_are == "local") != (self.file_time_zone is not None):
            raise refusal(
                "times_are: local without file_time_zone"
                if self.times_are == "local"
                else "file_time_zone with times that are not local",
                "file_time_zone exactly where times_are is local",
                field="file_time_zone",
            )
        rows = _rows(self, info)
        self._series = _series(self, rows)
        return self


@dataclass(frozen=True)
class _Row:
    where: str
    time: str
    price: float
    repeated: bool


def _rows(spec: HourlyFile, info: ValidationInfo) -> list[_Row]:
    if spec.file.lower().endswith(".parquet"):
        return list(_parquet_rows(spec, info))
    return list(_csv_rows(spec, info))


def _csv_rows(spec: HourlyFile, info: ValidationInfo) -> Iterator[_Row]:
    with open_input(spec.file, info) as stream:
        csv.field_size_limit(LONGEST_CELL)
        reader = csv.reader(stream, strict=True)
        try:
            header = [cell.strip() for cell in next(reader)]
            _check_header(spec, header)
            wanted = [spec.time_column, spec.price_column, *([spec.repeated_hour_column] if spec.repeated_hour_column else [])]
            at = [header.index(column) for column in wanted]
            faults: list[PydanticCustomError] = []
            for cells in reader:
                try:
                    yield _csv_row(spec, cells, f"{spec.file} line {reader.line_num}", at, len(header))
                except PydanticCustomError as fault:
                    faults.append(fault)
            _refuse_faulty_rows(faults)
        except csv.Error as fault:
            raise refusal(f"{spec.file} line {reader.line_num}: {fault}", "a well-formed CSV file", field="file") from None


def _csv_row(spec: HourlyFile, cells: list[str], where: str, at: list[int], width: int) -> _Row:
    if len(cells) != width:
        hint = "a decimal comma splits a number in two; the decimal sign is a point"
        raise refusal(f"{where}: {len(cells)} fields", f"{width} fields as in the header", hint, field="file")
    mark = cells[at[2]].strip().lower() if len(at) > 2 else ""
    if mark not in _YES | _NO:
        raise refusal(f'{where}, {spec.repeated_hour_column}: "{mark}"', "Y or N", field="file")
    return _Row(where, cells[at[0]].strip(), _price(cells[at[1]].strip(), where, spec.price_column), mark in _YES)


def _refuse_faulty_rows(faults: list[PydanticCustomError]) -> None:
    """All faulty rows of a file as one refusal: the first few named, the rest counted."""
    if faults:
        contexts = [fault.context or {} for fault in faults]
        found = "; ".join(context["found"] for context in contexts[:SHOWN])
        more = f"; and {len(faults) - SHOWN} more faulty rows" if len(faults) > SHOWN else ""
        raise refusal(found + more, contexts[0]["allowed"], contexts[0]["hint"], field="file")


def _check_header(spec: HourlyFile, header: list[str]) -> None:
    if len(header) > MOST_COLUMNS:
        raise refusal(f"{spec.file}: {len(header)} columns", f"at most {MOST_COLUMNS}", field="file")
    if len(header) == 1 and ";" in header[0]:
        raise refusal(
            f"{spec.file} line 1: fields separated by semicolons", "commas between fields and points in decimals", field="file"
        )
    for column in filter(None, (spec.time_column, spec.price_column, spec.repeated_hour_column)):
        if header.count(column) != 1:
            shown = ", ".join(header[:12])
            raise refusal(f'{spec.file}: {header.count(column)} columns named "{column}"', f"exactly one of: {shown}", field="file")


def _price(text: str, where: str, column: str) -> float:
    try:
        price = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        price = math.nan
    if not math.isfinite(price):
        hint = f"the decimal sign is a point: {text.replace(',', '.')}" if re.fullmatch(r"-?\d+,\d+", text) else ""
        raise refusal(f'{where}, {column}: "{text[:40]}"', "a finite number", hint, field="file")
    return _in_band(price, where, column)


def _in_band(price: float, where: str, column: str) -> float:
    if not q.MARKET_PRICE.low <= price <= q.MARKET_PRICE.high:
        raise refusal(f"{where}, {column}: {price:,g}", q.MARKET_PRICE.allowed, field="file")
    return price


def _parquet_rows(spec: HourlyFile, info: ValidationInfo) -> Iterator[_Row]:
    path = locate_input(spec.file, info)
    try:
        from pyarrow import parquet
    except ImportError:
        raise refusal(
            f'"{spec.file}"', "CSV, or Parquet with pyarrow installed", "pip install 'hashlease[parquet]'", field="file"
        ) from None
    try:
        file = parquet.ParquetFile(path)
        _check_header(spec, list(file.schema_arrow.names))
        columns = [c for c in (spec.time_column, spec.price_column, spec.repeated_hour_column) if c]
        table = file.read(columns=columns)
    except (OSError, ValueError) as fault:
        raise refusal(f'"{spec.file}": {fault}', "a well-formed Parquet file", field="file") from None
    marks = table.column(columns[2]).to_pylist() if len(columns) > 2 else [False] * table.num_rows
    pairs = zip(table.column(columns[0]).to_pylist(), table.column(columns[1]).to_pylist(), marks, strict=True)
    for number, (time, price, mark) in enumerate(pairs, start=1):
        where = f"{spec.file} row {number}"
        if isinstance(price, bool) or not isinstance(price, int | float) or not math.isfinite(price):
            raise refusal(f"{where}, {spec.price_column}: {price!r}", "a finite number", field="file")
        text = time.isoformat() if isinstance(time, datetime) else str(time)
        yield _Row(where, text, _in_band(float(price), where, spec.price_column), str(mark).strip().lower() in _YES)


def _series(spec: HourlyFile, rows: list[_Row]) -> HourlySeries:
    """Rows in any order as a series of equal steps; duplicates, gaps and odd steps are refused."""
    if not rows:
        raise refusal(f"{spec.file}: no rows", "a header and at least one price", field="file")
    step = timedelta(minutes=spec.resolution_minutes)
    instants, faults = [], []
    for row in rows:
        try:
            instants.append(_instant(spec, row))
        except PydanticCustomError as fault:
            faults.append(fault)
    _refuse_faulty_rows(faults)
    if spec.convention == "hour_ending":
        instants = [instant - step for instant in instants]
    order = sorted(range(len(rows)), key=instants.__getitem__)
    notes = [] if order == list(range(len(rows))) else [f"{spec.file}: the rows were out of order and have been sorted"]
    times = [instants[i] for i in order]
    _refuse_twice(spec, rows, order, times)
    _refuse_odd_steps(spec, times, step)
    prices = np.array([rows[i].price for i in order])
    start = times[0]
    at = np.array([round((time - start) / step) for time in times])
    filled = _without_gaps(spec, start, step, at, prices, notes)
    if len(filled) > 1 and np.all(filled == filled[0]):
        notes.append(f"{spec.file}: the price is {filled[0]:g} USD/MWh in every hour; is it a stub?")
    digest = hashlib.sha256(f"{start.isoformat()} {step}".encode() + filled.tobytes()).hexdigest()
    return HourlySeries(start, step, filled, digest, tuple(notes))


def _instant(spec: HourlyFile, row: _Row) -> datetime:
    """The instant (UTC) that a row's time names."""
    match = TIME.fullmatch(row.time)
    if not match:
        hint = "an hour ending at 24:00 is written 00:00 of the next day" if " 24:" in row.time or "T24:" in row.time else ""
        raise refusal(
            f'{row.where}, {spec.time_column}: "{row.time[:40]}"',
            "ISO 8601, e.g. 2024-03-10T01:00 or 2024-03-10T01:00-06:00",
            hint,
            field="file",
        )
    day, hour, minute, offset = match.groups()
    try:
        time = datetime.fromisoformat(f"{day}T{hour}:{minute}:00")
    except ValueError:
        hint = "an hour ending at 24:00 is written 00:00 of the next day" if hour == "24" else ""
        raise refusal(f'{row.where}, {spec.time_column}: "{row.time}"', "a time that exists", hint, field="file") from None
    if (offset is not None) != (spec.times_are == "with_offset") and not (offset in ("Z", "+00:00") and spec.times_are == "utc"):
        raise refusal(
            f'{row.where}: "{row.time}" {"with" if offset else "without"} offset',
            f"times_are: {spec.times_are} in every row",
            "mixed forms in one column cannot be told apart",
            field="file",
        )
    if spec.times_are == "with_offset":
        return datetime.fromisoformat(f"{day}T{hour}:{minute}:00{'+00:00' if offset == 'Z' else offset}").astimezone(UTC)
    if spec.times_are == "utc":
        return time.replace(tzinfo=UTC)
    return _from_clock(spec, row, time)


def _from_clock(spec: HourlyFile, row: _Row, clock: datetime) -> datetime:
    """A clock time of the named zone as an instant; an hour that the clock skips or shows unmarked twice is refused."""
    assert spec.file_time_zone is not None
    zone = ZoneInfo(spec.file_time_zone)
    begins = clock - timedelta(minutes=spec.resolution_minutes) if spec.convention == "hour_ending" else clock
    first, second = (begins.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != begins:
        raise refusal(
            f'{row.where}: "{row.time}"',
            f"a time that clocks in {spec.file_time_zone} show",
            "the clock is put forward in this hour; the day has 23 hours",
            field="file",
        )
    if first == second:
        instant = first
    elif spec.repeated_hour_column is None:
        raise refusal(
            f'{row.where}: "{row.time}", which clocks in {spec.file_time_zone} show twice',
            "a repeated_hour_column that marks the second pass",
            "or times in UTC or with offset",
            field="file",
        )
    else:
        instant = second if row.repeated else first
    return instant + (clock - begins)


def _refuse_twice(spec: HourlyFile, rows: list[_Row], order: list[int], times: list[datetime]) -> None:
    twice = [rows[order[i + 1]] for i in range(len(times) - 1) if times[i] == times[i + 1]]
    if twice:
        shown = "; ".join(f"{row.where}: {row.time}" for row in twice[:SHOWN])
        raise refusal(f"{len(twice)} times a second time ({shown})", "each time once", field="file")


def _refuse_odd_steps(spec: HourlyFile, times: list[datetime], step: timedelta) -> None:
    smallest = min((b - a for a, b in pairwise(times)), default=step)
    if smallest < step:
        minutes = round(smallest / timedelta(minutes=1))
        raise refusal(
            f"{spec.file}: rows every {minutes} minutes",
            f"rows every {spec.resolution_minutes} minutes",
            f"set resolution_minutes: {minutes}",
            field="resolution_minutes",
        )


def _without_gaps(
    spec: HourlyFile, start: datetime, step: timedelta, at: np.ndarray[Any, Any], prices: Array, notes: list[str]
) -> Array:
    """Prices at every step; a gap longer than the scenario allows to fill is refused with its missing hours named."""
    length = int(at[-1]) + 1
    if length == len(prices):
        return prices
    known = np.zeros(length, dtype=bool)
    known[at] = True
    missing = np.flatnonzero(~known)
    last_known = np.maximum.accumulate(np.where(known, np.arange(length), -1))
    gap_steps = np.arange(length) - last_known
    longest_hours = float(gap_steps.max() * (step / timedelta(hours=1)))
    if longest_hours > spec.fill_gaps_up_to_hours:
        shown = ", ".join(f"{start + int(i) * step:%Y-%m-%dT%H:%MZ}" for i in missing[:SHOWN])
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise refusal(
            f"{spec.file}: {len(missing)} prices missing: {shown}{more}",
            "every step from the first to the last",
            "fill_gaps_up_to_hours: 3 repeats the price before gaps of up to 3 hours",
            field="file",
        )
    filled = np.zeros(length)
    filled[at] = prices
    notes.append(f"{spec.file}: {len(missing)} missing prices repeat the price before them (fill_gaps_up_to_hours)")
    return filled[last_known]
