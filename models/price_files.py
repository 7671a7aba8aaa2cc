"""Reading a series of market prices from CSV or Parquet, strictly: no guess about time, gaps or decimals.

The times of a file are either UTC, or carry their offset, or are clock times of a named zone. A clock that is turned back
shows one hour twice; the file must then mark the second one, or the series is refused.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import AfterValidator, PrivateAttr, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from . import quantities as q
from .ancillary_prices import AncillaryColumn, ancillary_price, column_faults, column_key
from .files import LARGEST_BYTES, MOST_ROWS, FaultyRows, check_columns, csv_rows, finite_number, locate_input
from .months import FIRST_YEAR, LAST_YEAR, Array, WholeArray
from .names import composed
from .refusal import Fault, listed, nearest, refusal, refusals, shortened, shown
from .sources import Sourced

TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::00(?:\.0+)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
SHOWN = 5
"""Missing hours named in a message; the rest is counted."""
MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1)

_YES, _NO = {"y", "yes", "1", "true", "t"}, {"n", "no", "0", "false", "f", ""}

Resolution = Literal[60, 30, 15, 5]


def check_time_zone(name: str) -> str:
    """An IANA time zone's name or UTC."""
    try:
        ZoneInfo(name)
    except Exception:
        from zoneinfo import available_timezones

        hint = nearest(name, sorted(available_timezones())) or "ERCOT is America/Chicago"
        raise refusal(f'the time zone "{shortened(name)}"', "UTC or an IANA name such as America/Chicago", hint) from None
    return name


TimeZone = Annotated[str, AfterValidator(check_time_zone)]


@dataclass(frozen=True, eq=False)
class HourlySeries:
    """Prices at equal steps: the k-th price holds from start_utc + k steps on. Compared by content hash.

    ancillary_usd: prices of ancillary products at the same steps, USD per MW and hour, by name.
    """

    start_utc: datetime
    step: timedelta
    usd_per_mwh: Array
    sha256: str
    notes: tuple[str, ...] = ()
    ancillary_usd: dict[str, Array] = field(default_factory=dict)

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
        """Whether the steps from one instant to the other all have a price; a step never straddles either."""
        on_step = (start - self.start_utc) % self.step == (end - self.start_utc) % self.step == timedelta(0)
        return self.start_utc <= start and end <= self.end_utc and on_step

    def steps(self, start: datetime, end: datetime) -> slice:
        """The steps from one instant to another, both UTC and inside the series."""
        return slice(round((start - self.start_utc) / self.step), round((end - self.start_utc) / self.step))

    def between(self, start: datetime, end: datetime) -> Array:
        """The prices of energy at these steps."""
        return self.usd_per_mwh[self.steps(start, end)]


class PriceColumns(Sourced):
    """Where the prices of a file stand, and what their times mean."""

    file: str
    time_column: str
    price_column: str
    times_are: Literal["utc", "local", "with_offset"]
    """utc: no offset written; local: clock times of `file_time_zone`; with_offset: each time carries its offset."""
    file_time_zone: TimeZone | None = None
    convention: Literal["hour_beginning", "hour_ending"]
    repeated_hour_column: str | None = None
    """Column that marks (Y/N) the second pass of the hour in which the clock is turned back; needed for local times."""
    resolution_minutes: Resolution = 60

    @model_validator(mode="after")
    def _zone_of_local_times(self) -> PriceColumns:
        if (self.times_are == "local") != (self.file_time_zone is not None):
            raise refusal(
                "times_are: local without file_time_zone"
                if self.times_are == "local"
                else "file_time_zone with times that are not local",
                "file_time_zone exactly where times_are is local",
                field="file_time_zone",
            )
        return self

    @property
    def step(self) -> timedelta:
        return timedelta(minutes=self.resolution_minutes)

    @property
    def is_parquet(self) -> bool:
        return self.file.lower().endswith(".parquet")

    @property
    def row_word(self) -> str:
        """What a row is counted by in messages."""
        return "row" if self.is_parquet else "line"

    @property
    def beside(self) -> dict[str, str]:
        """Columns with prices of ancillary products, by what messages call them."""
        return {}

    @property
    def columns(self) -> dict[str, str]:
        """The column that each field names, those of ancillary products last."""
        return {**self.own_columns, **self.beside}

    @property
    def own_columns(self) -> dict[str, str]:
        """Of time, energy price and repeated hours."""
        fields = ("time_column", "price_column", "repeated_hour_column")
        return {field: column for field in fields if (column := getattr(self, field)) is not None}


class HourlyFile(PriceColumns):
    """A price series in a file beside the scenario: each step once, without gaps."""

    fill_gaps_up_to_hours: Annotated[int, q.GAP_HOURS] = 0
    """Gaps up to this length repeat the prices before them; longer ones are refused."""
    ancillary_columns: tuple[AncillaryColumn, ...] = ()
    """Prices of ancillary products in the same rows."""
    _series: HourlySeries | None = PrivateAttr(default=None)

    @property
    def series(self) -> HourlySeries:
        assert self._series is not None
        return self._series

    @property
    def ancillary_names(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.ancillary_columns)

    @property
    def beside(self) -> dict[str, str]:
        return {column_key(number): row.column for number, row in enumerate(self.ancillary_columns)}

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> HourlyFile:
        if self._series is not None:  # a table above it was validated again
            return self
        known = (info.context or {}).get("known")
        if isinstance(known, HourlyFile) and _says_the_same(self, known):
            self._series = known.series
            return self
        if faults := column_faults(self.ancillary_columns, self.own_columns):
            raise refusals(faults)
        try:
            self._series = _series(self, read_rows(self, info))
        except PydanticCustomError as fault:
            raise _at_its_row(fault, list(self.beside)) from None
        return self


def _at_its_row(fault: PydanticCustomError, beside: list[str]) -> PydanticCustomError:
    """A fault of a column of an ancillary product at the row that names the column."""
    said = fault.context or {}
    if said.get("field") not in beside:
        return fault
    place = ("ancillary_columns", beside.index(said["field"]), "column")
    return refusals([Fault(place, said["found"], said["allowed"], said["hint"])])


# --- rows ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """The rows of a file in its own order: number of the row, minute (since 1970, UTC) that its time names, price.

    ancillary_usd: of each ancillary product, shape (products, rows).
    """

    number: list[int]
    minute: WholeArray
    usd_per_mwh: Array
    ancillary_usd: Array = field(default_factory=lambda: np.zeros((0, 0)))


Cells = tuple[int, str, str | float, str, list[str | float]]
"""Number of a row, its time, its price (text where the file is text), its mark of a repeated hour, prices of ancillary products."""


def read_rows(spec: PriceColumns, info: ValidationInfo, without_price: list[int] | None = None) -> Rows:
    """Every row of the file; all faulty ones are refused together.

    without_price: takes the numbers of rows whose price is empty, which are refused where it is not given.
    """
    faults = FaultyRows(spec.file, "file")
    read = _parquet_rows if spec.is_parquet else _csv_rows
    numbers, minutes, prices = [], [], []
    ancillary: list[list[float]] = []
    for number, time, price, mark, products in read(spec, info, faults):
        if without_price is not None and (price == "" or (isinstance(price, float) and math.isnan(price))):
            without_price.append(number)
            continue
        try:
            minutes.append(minute_of(spec, time, is_second_pass(spec, mark)))
            prices.append(_price(spec, price))
            ancillary.append([ancillary_price(found, column) for found, column in zip(products, spec.beside.values(), strict=True)])
            numbers.append(number)
        except PydanticCustomError as fault:
            faults.add(f"{spec.row_word} {number}", fault)
    faults.refuse()
    if not numbers and not without_price:
        raise refusal(f"{spec.file}: no rows", "a header and at least one price", field="file")
    of_products = np.array(ancillary, dtype=float).reshape(len(numbers), len(spec.beside)).T + 0.0
    return Rows(numbers, np.array(minutes, dtype=np.int64), np.array(prices, dtype=float) + 0.0, of_products)


def _csv_rows(spec: PriceColumns, info: ValidationInfo, faults: FaultyRows) -> Iterator[Cells]:
    own = len(spec.own_columns)
    for line, cells in csv_rows(spec.file, "file", spec.columns, info, faults):
        time, price, *mark = cells[:own]
        yield line, time, price, mark[0] if mark else "", list[str | float](cells[own:])


def _price(spec: PriceColumns, found: str | float) -> float:
    price = finite_number(found, spec.price_column) if isinstance(found, str) else found
    if not math.isfinite(price):
        raise refusal(f"{spec.price_column} {shown(price)}", "a finite number")
    if not q.MARKET_PRICE.low <= price <= q.MARKET_PRICE.high:
        raise refusal(f"{spec.price_column} {price:,g} {q.MARKET_PRICE.unit}", q.MARKET_PRICE.allowed)
    return price


def is_second_pass(spec: PriceColumns, mark: str) -> bool:
    if mark.lower() not in _YES | _NO:
        raise refusal(f'{spec.repeated_hour_column} "{shortened(mark)}"', "Y or N")
    return mark.lower() in _YES


def minute_of(spec: PriceColumns, text: str, second_pass: bool) -> int:
    """The minute since 1970 (UTC) that a row's time names."""
    match = TIME.fullmatch(text)
    if not match:
        raise refusal(_named(spec, text), "ISO 8601, e.g. 2024-03-10T01:00 or 2024-03-10T01:00-06:00", _hint_on_time(text))
    day, hour, minute, offset = match.groups()
    try:
        clock = datetime.fromisoformat(f"{day}T{hour}:{minute}{offset or ''}")
    except ValueError:
        raise refusal(_named(spec, text), "a time that exists", _hint_on_time(text)) from None
    if not FIRST_YEAR <= clock.year <= LAST_YEAR:
        raise refusal(_named(spec, text), f"times from {FIRST_YEAR} to {LAST_YEAR}")
    shift, clock = clock.utcoffset(), clock.replace(tzinfo=None)
    if (shift is not None) != (spec.times_are == "with_offset") and not (spec.times_are == "utc" and shift == timedelta(0)):
        found = f"{_named(spec, text)} {'without' if shift is None else 'with'} offset"
        raise refusal(found, f"times_are: {spec.times_are} in every row", "mixed forms in one column cannot be told apart")
    if spec.times_are == "local":
        return _minute_of_clock(spec, text, clock, second_pass)
    return (clock - (shift or timedelta(0)) - EPOCH) // MINUTE


def _minute_of_clock(spec: PriceColumns, text: str, clock: datetime, second_pass: bool) -> int:
    """As a clock of the named zone shows it; an hour that it skips, or shows twice without a mark, is refused."""
    assert spec.file_time_zone is not None
    begins = clock - spec.step if spec.convention == "hour_ending" else clock
    before, after = _offsets(begins, spec.file_time_zone)
    if before < after:
        hint = "the clock is put forward in this hour; the day has 23 hours"
        raise refusal(_named(spec, text), f"a time that clocks in {spec.file_time_zone} show", hint)
    if before > after and spec.repeated_hour_column is None:
        found = f"{_named(spec, text)}, which clocks in {spec.file_time_zone} show twice"
        raise refusal(found, "a repeated_hour_column that marks the second pass", "or times in UTC or with offset")
    if before == after and second_pass:
        found = f"{_named(spec, text)}, marked as a second pass"
        raise refusal(found, f"marks only where clocks in {spec.file_time_zone} are turned back", "is it the right column?")
    return (clock - (after if second_pass else before) - EPOCH) // MINUTE


def _offsets(clock: datetime, time_zone: str) -> tuple[timedelta, timedelta]:
    """Offsets from UTC before and after a change of clocks, for a time that the change touches; elsewhere twice the same.

    The first is the smaller one where the clock skips the time, the larger one where it shows it twice (PEP 495).
    """
    zone = ZoneInfo(time_zone)
    before, after = (clock.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    assert before is not None
    assert after is not None
    return before, after


def _named(spec: PriceColumns, text: str) -> str:
    return f'{spec.time_column} "{shortened(text)}"'


def _hint_on_time(text: str) -> str:
    if re.search(r"[T ]24:", text):
        return "an hour ending at 24:00 is written 00:00 of the next day"
    if re.search(r"\d+/\d+/\d+", text):
        return "day and month cannot be told apart in this form"
    if re.fullmatch(r"[\d.]+", text):
        return "a serial number of a spreadsheet? write the time as text"
    return ""


# --- Parquet -----------------------------------------------------------------------------------------------------------


def _parquet_rows(spec: PriceColumns, info: ValidationInfo, faults: FaultyRows) -> Iterator[Cells]:
    """The rows batch by batch; texts stay coded as numbers, so that a small file cannot fill the memory."""
    path = locate_input(spec.file, "file", info)
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        allowed = "CSV, or Parquet with pyarrow installed"
        raise refusal(f'"{spec.file}"', allowed, "pip install 'hashlease[parquet]'", field="file") from None
    try:
        described = parquet.ParquetFile(path)
        header = [composed(name) for name in described.schema_arrow.names]
        check_columns(spec.file, "file", spec.columns, header)
        at = [header.index(composed(column)) for column in spec.columns.values()]
        _refuse_types(spec, [described.schema_arrow.field(index).type for index in at])
        _refuse_size(spec, described.metadata)
        wanted = [described.schema_arrow.names[index] for index in at]
        number, own = 0, len(spec.own_columns)
        for batch in parquet.ParquetFile(path, read_dictionary=wanted).iter_batches(batch_size=10_000, columns=wanted):
            columns = {name: _plain(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)}
            times, prices, *marks = (columns[name] for name in wanted[:own])
            products = [columns[name] for name in wanted[own:]]
            for row, (time, price) in enumerate(zip(times, prices, strict=True)):
                number += 1
                mark = marks[0][row] if marks else ""
                yield number, _as_text(time), _as_number(price), _as_text(mark), [_as_number(cells[row]) for cells in products]
    except PydanticCustomError:
        raise
    except (ArrowException, OSError, ValueError, OverflowError):
        raise refusal(f'"{spec.file}", which cannot be read as Parquet', "a well-formed Parquet file", field="file") from None


def _refuse_types(spec: PriceColumns, types: list[Any]) -> None:
    from pyarrow import types as kind

    def is_text(found: Any) -> bool:
        return bool(kind.is_string(found) or kind.is_large_string(found))

    allowed: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "time_column": ("timestamps, or text in ISO 8601", lambda found: kind.is_timestamp(found) or is_text(found)),
        "price_column": ("numbers", lambda found: kind.is_integer(found) or kind.is_floating(found) or kind.is_decimal(found)),
        "repeated_hour_column": ("yes/no values, or the text Y or N", lambda found: kind.is_boolean(found) or is_text(found)),
    }
    for (names, column), found in zip(spec.columns.items(), types, strict=True):
        what, fits = allowed[names if names in allowed else "price_column"]
        plain = found.value_type if kind.is_dictionary(found) else found
        if not fits(plain):
            raise refusal(f'the column "{column}" of type {found}', what, field=names)


def _refuse_size(spec: PriceColumns, metadata: Any) -> None:
    """Before anything is unpacked: a few kilobytes of Parquet can stand for gigabytes.

    Sizes by column are not asked for: in a damaged file they end the process.
    """
    unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if metadata.num_rows > MOST_ROWS:
        raise refusal(f"{spec.file}: {metadata.num_rows:,} rows", f"at most {MOST_ROWS:,}", field="file")
    if unpacked > LARGEST_BYTES:
        found = f"{spec.file}: {unpacked / 1e6:,.0f} MB when unpacked"
        raise refusal(found, f"at most {LARGEST_BYTES / 1e6:,.0f} MB", field="file")


def _plain(column: Any) -> list[Any]:
    """A column's values as Python's; times to the microsecond, those that know their zone in UTC."""
    import pyarrow

    if pyarrow.types.is_dictionary(column.type):
        column.validate(full=True)
        words = column.dictionary.to_pylist()
        return [None if index is None else words[index] for index in column.indices.to_pylist()]
    if pyarrow.types.is_timestamp(column.type):
        column = column.cast(pyarrow.timestamp("us", None if column.type.tz is None else "UTC"))
    found: list[Any] = column.to_pylist()
    return found


def _as_number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value.isoformat() if isinstance(value, datetime) else value)


# --- the series ----------------------------------------------------------------------------------------------------------


def _says_the_same(spec: HourlyFile, known: HourlyFile) -> bool:
    """Whether two specifications read the same series from the same file."""
    return all(getattr(spec, field) == getattr(known, field) for field in HourlyFile.model_fields if field != "sources")


def _series(spec: HourlyFile, rows: Rows) -> HourlySeries:
    """Rows in any order as a series of equal steps; duplicates, gaps and odd steps are refused."""
    begins = rows.minute - spec.resolution_minutes if spec.convention == "hour_ending" else rows.minute
    order = np.argsort(begins, kind="stable")
    in_order = bool(np.all(order[1:] > order[:-1]))
    notes = [] if in_order else [f"{spec.file}: the rows were out of order and have been sorted"]
    minute, prices = begins[order], rows.usd_per_mwh[order]
    _refuse_twice(spec, rows, order, minute)
    _refuse_odd_steps(spec, rows, order, minute)
    repeats = _repeats(spec, minute, notes)
    filled = np.repeat(prices, repeats)
    if len(filled) > 1 and np.all(filled == filled[0]):
        notes.append(f"{spec.file}: the price is {filled[0]:g} USD/MWh in every hour; is it a stub?")
    start = _utc(minute[0])
    content = f"{start.isoformat()} {spec.step}".encode() + filled.tobytes()
    ancillary = {}
    for row, product in zip(spec.ancillary_columns, rows.ancillary_usd, strict=True):
        usd = ancillary[row.name] = np.repeat(product[order], repeats)
        if len(usd) > 1 and np.all(usd == usd[0]):
            notes.append(f"{spec.file}: the price of {row.name} is {usd[0]:g} USD per MW and hour in every hour; is it a stub?")
        content += row.name.encode() + usd.tobytes()
    return HourlySeries(start, spec.step, filled, hashlib.sha256(content).hexdigest(), tuple(notes), ancillary)


def _utc(minute: Any) -> datetime:
    return (EPOCH + int(minute) * MINUTE).replace(tzinfo=UTC)


def _refuse_twice(spec: HourlyFile, rows: Rows, order: WholeArray, minute: WholeArray) -> None:
    twice = np.flatnonzero(minute[1:] == minute[:-1]) + 1
    if len(twice):
        first = [(rows.number[order[at]], rows.number[order[at - 1]], minute[at]) for at in twice[:SHOWN]]
        named = "; ".join(
            f"{spec.row_word} {second} repeats {spec.row_word} {number} ({_utc(at):%Y-%m-%dT%H:%MZ})"
            for second, number, at in first
        )
        more = f"; and {len(twice) - SHOWN} more" if len(twice) > SHOWN else ""
        raise refusal(f"{spec.file}: {named}{more}", "each time once", field="file")


def _refuse_odd_steps(spec: HourlyFile, rows: Rows, order: WholeArray, minute: WholeArray) -> None:
    """Rows at another resolution than stated, and rows between the steps."""
    steps, counts = np.unique(np.diff(minute), return_counts=True)
    step = spec.resolution_minutes
    usual = int(steps[np.argmax(counts)]) if len(steps) else step
    known = get_args(Resolution)
    if usual != step and (usual in known or usual % step):
        hint = f"set resolution_minutes: {usual}" if usual in known else f"the resolutions are {listed(map(str, known))} minutes"
        raise refusal(f"{spec.file}: rows every {usual} minutes", f"rows every {step} minutes", hint, field="resolution_minutes")
    between = np.flatnonzero((minute - minute[0]) % step)
    if len(between):
        named = ", ".join(
            f"{spec.row_word} {rows.number[order[at]]} ({_utc(minute[at]):%Y-%m-%dT%H:%MZ})" for at in between[:SHOWN]
        )
        more = f" and {len(between) - SHOWN} more" if len(between) > SHOWN else ""
        allowed = f"a row every {step} minutes from {_utc(minute[0]):%Y-%m-%dT%H:%MZ} on"
        raise refusal(f"{spec.file}: times between the steps in {named}{more}", allowed, field="file")


def _repeats(spec: HourlyFile, minute: WholeArray, notes: list[str]) -> WholeArray:
    """For how many steps each row's prices stand: one, and more before a gap.

    A gap longer than the scenario allows to fill is refused with its missing hours named.
    """
    step = spec.resolution_minutes
    steps: WholeArray = np.append(np.diff(minute) // step, 1)
    missing = int(steps.sum()) - len(minute)
    if missing == 0:
        return steps
    if (steps.max() - 1) * step > spec.fill_gaps_up_to_hours * 60:
        gaps = np.flatnonzero(steps > 1)
        first = [minute[gap] + n * step for gap in gaps[:SHOWN] for n in range(1, min(steps[gap], SHOWN + 1))][:SHOWN]
        more = f" and {missing - SHOWN:,} more" if missing > SHOWN else ""
        raise refusal(
            f"{spec.file}: {missing:,} prices missing: {', '.join(f'{_utc(at):%Y-%m-%dT%H:%MZ}' for at in first)}{more}",
            "every step from the first to the last",
            "fill_gaps_up_to_hours: 3 repeats the price before gaps of up to 3 hours",
            field="file",
        )
    notes.append(f"{spec.file}: {missing} missing prices repeat the price before them (fill_gaps_up_to_hours)")
    return steps
