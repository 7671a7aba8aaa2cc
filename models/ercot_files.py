"""ERCOT's price files as they are downloaded: settlement point prices, day-ahead and real-time, and ancillary services.

Yearly workbooks with a sheet a month (DAMLZHBSPP, RTMLZHBSPP, DAMASMCPC) and the reports' CSV files, in their ZIP archives or not:

    Delivery Date | Hour Ending | Repeated Hour Flag | Settlement Point | Settlement Point Price
    Delivery Date | Delivery Hour | Delivery Interval | Repeated Hour Flag | Settlement Point Name | ... Type | ... Price
    Delivery Date | Hour Ending | Repeated Hour Flag | REGDN | REGUP | RRS | NSPIN | ECRS
    DeliveryDate,HourEnding,AncillaryType,MCPC,DSTFlag

The header is the first row that names a delivery date; what stands above it (a logo, a title) is passed over. Hours are named by
their end, 1 to 24 or 01:00 to 24:00, in Central Prevailing Time; the flag (DSTFlag in the CSV files) is Y in the second pass of the
hour in which clocks are turned back, and N elsewhere, in summer too. Real-time intervals are four a named hour.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from pydantic_core import PydanticCustomError

from . import quantities as q
from .archives import Member, sheets, table_files
from .files import FaultyRows, finite_number, header_of_csv, rows_of_csv
from .price_files import PriceColumns, Rows, is_second_pass, minute_of
from .quantities import Quantity
from .refusal import listed, refusal, shortened

CENTRAL = "America/Chicago"
MOST_ROWS = 10_000_000
HEADER_WITHIN = 30
"""Rows of a sheet in which its header is looked for."""
SERVICES = ("REGUP", "REGDN", "RRS", "NSPIN", "ECRS")
WEIGHTED = "LZEW"
"""Energy-weighted load zone prices, which stand under the load zone's own name."""
RESERVE_PRICE = Quantity("USD per MW and hour", -1_000, 100_000)
"""Capacity of an ancillary service; 25,000 in February 2021."""

_NAMES = {
    "deliverydate": "date",
    "hourending": "hour",
    "deliveryhour": "hour",
    "deliveryinterval": "interval",
    "repeatedhourflag": "flag",
    "dstflag": "flag",
    "settlementpoint": "point",
    "settlementpointname": "point",
    "settlementpointtype": "type",
    "settlementpointprice": "price",
    "ancillarytype": "point",
    "mcpc": "price",
    **{service.lower(): service for service in SERVICES},
}


@dataclass
class Series:
    """Prices of one settlement point or service as they were read: number of the row, minute (UTC, its end), price."""

    number: list[int] = field(default_factory=list)
    minute: list[int] = field(default_factory=list)
    price: list[float] = field(default_factory=list)

    @property
    def rows(self) -> Rows:
        return Rows(self.number, np.array(self.minute, dtype=np.int64), np.array(self.price, dtype=float) + 0.0)


@dataclass
class ErcotPrices:
    """What ERCOT's files hold. step_minutes: 60, or 15 in real time. series: by point or service, in the order of the files."""

    kind: str
    unit: str
    step_minutes: int
    series: dict[str, Series]
    files: tuple[str, ...] = ()
    without_price: int = 0


def is_ercot(name: str, content: bytes) -> bool:
    """Whether a file's header is one of ERCOT's. Raises a refusal where it cannot be looked at."""
    return any(_mapping(header) for _, header, _ in _tables(name, content))


def read_ercot(files: Sequence[tuple[str, bytes]], points: Sequence[str] = ()) -> ErcotPrices:
    """The series of ERCOT files of one kind, joined; only the points named, or all. Raises a refusal with every faulty row."""
    found: ErcotPrices | None = None
    for name, content in files:
        for table, header, rows in _tables(name, content):
            mapping = _mapping(header)
            if not mapping:
                known = "a delivery date, an hour and a price as in ERCOT's files"
                raise refusal(f"{table}: the columns {listed(filter(None, header))}", known, "is it another report?")
            one = _empty(mapping, header)
            if found is None:
                found = one
            elif (found.kind, found.step_minutes) != (one.kind, one.step_minutes):
                allowed = "files of one kind at a time"
                raise refusal(f"{table}: {one.kind}, beside {found.kind}", allowed)
            _Reader(table, mapping, found, set(points)).read(rows)
    assert found is not None
    found.files = tuple(name for name, _ in files)
    return found


# --- tables and their headers ----------------------------------------------------------------------------------------------

Table = tuple[str, list[str], Iterator[tuple[str, list[Any]]]]
"""Name, header, and rows as (where, cells)."""


def _tables(name: str, content: bytes) -> Iterator[Table]:
    """Every table of a file: the CSV, or each sheet with anything in it."""
    for member in table_files(name, content):
        if not member.is_workbook:
            header = header_of_csv(member.content, member.name, "file", MOST_ROWS)
            yield member.name, header, _csv_cells(member, header)
            continue
        for sheet, rows in sheets(member):
            at = next((n for n, row in enumerate(rows[:HEADER_WITHIN]) if "deliverydate" in map(_plain, row)), 0)
            header = [str(cell).strip() for cell in rows[at]]
            yield f"{member.name} {sheet}", header, _sheet_cells(rows, at)


def _csv_cells(member: Member, header: list[str]) -> Iterator[tuple[str, list[Any]]]:
    faults = FaultyRows(member.name, "file")
    wanted = {str(at): column for at, column in enumerate(header)}
    for line, cells in rows_of_csv(member.content, member.name, "file", wanted, faults, MOST_ROWS):
        yield f"line {line}", cells
    faults.refuse()


def _sheet_cells(rows: list[list[Any]], header_at: int) -> Iterator[tuple[str, list[Any]]]:
    """Rows below the header that are not blank."""
    for number, cells in enumerate(rows[header_at + 1 :], start=header_at + 2):
        if any(cell not in ("", None) for cell in cells):
            yield f"row {number}", cells


def _plain(cell: Any) -> str:
    return re.sub(r"[\W_]+", "", str(cell)).lower()


def _mapping(header: Sequence[str]) -> dict[str, int]:
    """Position of each known column; empty if the header is not one of ERCOT's."""
    found = {_NAMES[plain]: at for at, cell in enumerate(header) if (plain := _plain(cell)) in _NAMES}
    priced = {"point", "price"} <= set(found) or any(service in found for service in SERVICES)
    return found if {"date", "hour"} <= set(found) and priced else {}


def _empty(mapping: dict[str, int], header: Sequence[str]) -> ErcotPrices:
    if "interval" in mapping:
        return ErcotPrices("settlement point prices, real-time", "USD/MWh", 15, {})
    if "price" not in mapping or "ancillarytype" in map(_plain, header):
        return ErcotPrices("ancillary services, day-ahead", "USD per MW and hour", 60, {})
    return ErcotPrices("settlement point prices, day-ahead", "USD/MWh", 60, {})


# --- rows ----------------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads the rows of one table into the series; all faulty rows are refused together."""

    def __init__(self, table: str, mapping: dict[str, int], prices: ErcotPrices, points: set[str]) -> None:
        self._at, self._prices, self._points = mapping, prices, points
        self._faults = FaultyRows(table, "file")
        self._times: dict[tuple[Any, ...], int] = {}
        self._bounds = q.MARKET_PRICE if prices.unit == "USD/MWh" else RESERVE_PRICE
        flagged = "flag" in mapping
        self._spec = PriceColumns.model_construct(
            file=table,
            time_column="the hour",
            price_column="the price",
            times_are="local",
            file_time_zone=CENTRAL,
            convention="hour_ending",
            repeated_hour_column="the repeated hour flag" if flagged else None,
            resolution_minutes=prices.step_minutes,
        )

    def read(self, rows: Iterator[tuple[str, list[Any]]]) -> None:
        for count, (where, cells) in enumerate(rows, start=1):
            try:
                self._row(count, cells)
            except PydanticCustomError as fault:
                self._faults.add(where, fault)
        self._faults.refuse()

    def _row(self, number: int, cells: list[Any]) -> None:
        columns = [self._at.get(name) for name in ("date", "hour", "interval", "flag")]
        key = tuple(cells[at] if at is not None and at < len(cells) else "" for at in columns)
        if all(part in ("", None) for part in key[1:3]):
            self._prices.without_price += 1  # ERCOT writes a row without hour where the clock skips one
            return
        if "price" in self._at:
            point = self._point(cells)
            if self._points and point not in self._points:
                return
            self._put(point, number, key, cells[self._at["price"]])
            return
        for service in SERVICES:
            if service in self._at and (not self._points or service in self._points):
                self._put(service, number, key, cells[self._at[service]])

    def _point(self, cells: list[Any]) -> str:
        point = str(cells[self._at["point"]]).strip()
        if not point:
            raise refusal("no settlement point", "a name in every row")
        weighted = "type" in self._at and str(cells[self._at["type"]]).strip() == WEIGHTED
        return f"{point} {WEIGHTED}" if weighted and not point.endswith("EW") else point

    def _put(self, point: str, number: int, key: tuple[Any, ...], cell: Any) -> None:
        if cell in ("", None):
            self._prices.without_price += 1
            return
        minute = self._times.get(key)
        if minute is None:
            minute = self._times[key] = self._minute(*key)
        price = finite_number(cell, "the price") if isinstance(cell, str) else self._bounds_of(cell)
        series = self._prices.series.setdefault(point, Series())
        series.number.append(number)
        series.minute.append(minute)
        series.price.append(self._bounds_of(price))

    def _bounds_of(self, price: Any) -> float:
        if isinstance(price, bool) or not isinstance(price, int | float) or not math.isfinite(price):
            raise refusal(f'the price "{shortened(str(price))}"', "a finite number")
        if not self._bounds.low <= price <= self._bounds.high:
            raise refusal(f"a price of {price:,g} {self._bounds.unit}", self._bounds.allowed)
        return float(price)

    def _minute(self, day: Any, hour: Any, interval: Any, flag: Any) -> int:
        """The minute (since 1970, UTC) at which a row's hour or interval ends."""
        ends = datetime.combine(_day(day), datetime.min.time()) + timedelta(hours=_whole(hour, "hour", 24))
        if "interval" in self._at:
            ends += timedelta(minutes=15 * _whole(interval, "interval", 4) - 60)
        return minute_of(self._spec, ends.isoformat(timespec="minutes"), is_second_pass(self._spec, str(flag).strip()))


def _day(cell: Any) -> date:
    """MM/DD/YYYY, as in all of ERCOT's files, or a cell that holds a date."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = str(cell).strip()
    american = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text, re.ASCII)
    try:
        return date(int(american[3]), int(american[1]), int(american[2])) if american else date.fromisoformat(text)
    except ValueError:
        raise refusal(f'the delivery date "{shortened(text)}"', "MM/DD/YYYY, as ERCOT writes it") from None


def _whole(cell: Any, what: str, most: int) -> int:
    """An hour 1 to 24, or 01:00 to 24:00, or an interval 1 to 4."""
    text = f"{cell / timedelta(hours=1):g}" if isinstance(cell, timedelta) else str(cell).strip()
    found = re.fullmatch(r"(\d{1,2})(?::00(?::00)?|\.0)?", text, re.ASCII)
    if not found or not 1 <= int(found[1]) <= most:
        allowed = f"1 to {most}, or 01:00 to 24:00" if what == "hour" else f"1 to {most}"
        raise refusal(f'the delivery {what} "{shortened(text)}"', allowed, "hours are named by their end" if what == "hour" else "")
    return int(found[1])
