"""Files in the shape that ERCOT publishes, made for the tests: any prices, the days of changed clocks as ERCOT writes them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SPRING, AUTUMN = date(2024, 3, 10), date(2024, 11, 3)
Price = Callable[[date, int, str], float]


def hours(day: date) -> Iterator[tuple[int, str]]:
    """(hour ending, repeated hour flag) of a day: no hour ending at 3 in spring, two ending at 2 in autumn."""
    for hour in range(1, 25):
        if day == SPRING and hour == 3:
            continue
        yield hour, "N"
        if day == AUTUMN and hour == 2:
            yield hour, "Y"


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def day_ahead(dates: list[date], points: list[str], price: Price) -> list[list[Any]]:
    """Rows of a DAMLZHBSPP sheet."""
    rows: list[list[Any]] = [["Delivery Date", "Hour Ending", "Repeated Hour Flag", "Settlement Point", "Settlement Point Price"]]
    for day in dates:
        for hour, flag in hours(day):
            rows += [[f"{day:%m/%d/%Y}", f"{hour:02}:00", flag, point, price(day, hour, flag + point)] for point in points]
    return rows


def real_time(dates: list[date], points: list[tuple[str, str]], price: Price) -> list[list[Any]]:
    """Rows of an RTMLZHBSPP sheet; points as (name, type). The quarter of an hour is a hundredth of the price."""
    name = "Settlement Point"
    rows: list[list[Any]] = [
        [
            "Delivery Date",
            "Delivery Hour",
            "Delivery Interval",
            "Repeated Hour Flag",
            f"{name} Name",
            f"{name} Type",
            f"{name} Price",
        ]
    ]
    for day in dates:
        for hour, flag in hours(day):
            for quarter in (1, 2, 3, 4):
                for point, kind in points:
                    value = price(day, hour, flag + point) + quarter / 100
                    rows.append([f"{day:%m/%d/%Y}", hour, quarter, flag, point, kind, value])
    return rows


def ancillary(dates: list[date], price: Price) -> list[list[Any]]:
    """Rows of a DAMASMCPC sheet."""
    services = ["REGDN", "REGUP", "RRS", "NSPIN", "ECRS"]
    rows: list[list[Any]] = [["Delivery Date", "Hour Ending", "Repeated Hour Flag", *services]]
    for day in dates:
        for hour, flag in hours(day):
            rows.append([f"{day:%m/%d/%Y}", f"{hour:02}:00", flag, *(price(day, hour, service) for service in services)])
    return rows


def workbook(file: Path, sheets: dict[str, list[list[Any]]], above: int = 0) -> Path:
    """A workbook of these sheets, each with so many rows above its header."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for n in range(above):
            sheet.cell(n + 1, 1, "ERCOT" if n == 0 else None)
        for at, row in enumerate(rows, start=above + 1):
            for column, value in enumerate(row, start=1):
                sheet.cell(at, column, value)
    book.save(file)
    return file


def text(rows: list[list[Any]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


def zipped(file: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file
