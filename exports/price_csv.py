"""A price series as the generic CSV that a scenario reads: the start of each step in UTC, and the price."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, Problem
from ..models.price_report import PriceReport, instant
from .atomic import make_writable, write_atomically

ENERGY = "USD/MWh"
CAPACITY_PRICE = "usd_per_mw_hour"
TIME, PRICE = "utc_start", "usd_per_mwh"


def write_prices(report: PriceReport, file: Path) -> str:
    """Write the series as it was found, sorted and each step once; returns what a scenario writes to use it.

    Raises InputError where a step has two prices, or where the unit is not that of energy.
    """
    if file.suffix.lower() != ".csv":
        raise InputError([Problem(str(file), "--out", f'the ending "{file.suffix}"', ".csv")])
    if report.unit != ENERGY:
        hint = "a price of reserve capacity is no price of energy"
        raise InputError([Problem(report.name, "--out", f"prices in {report.unit}", f"prices in {ENERGY}", hint)])
    if report.contradictions:
        at, one, two = report.contradictions[0]
        found = f"{len(report.contradictions):,} times with two prices, first {at:%Y-%m-%dT%H:%MZ} with {one:,g} and {two:,g}"
        raise InputError([Problem(report.name, "", found, "one price for each step", "mend the file first")])
    make_writable(file.parent)
    rows = [f"{instant(at):%Y-%m-%dT%H:%MZ},{price!r}" for at, price in zip(report.minute, report.price.tolist(), strict=True)]
    write_atomically(file, "\r\n".join([f"{TIME},{PRICE}", *rows, ""]).encode())
    return yaml_of(report, file)


def write_months(report: PriceReport, file: Path) -> str:
    """Write the mean of each local month with its hours; returns the path that a scenario writes to use it. Raises InputError."""
    if file.suffix.lower() != ".csv":
        raise InputError([Problem(str(file), "--monthly", f'the ending "{file.suffix}"', ".csv")])
    make_writable(file.parent)
    column = PRICE if report.unit == ENERGY else CAPACITY_PRICE
    rows = [f"{month},{mean!r},{hours:g},{missing:g}" for month, hours, missing, mean in report.months()]
    write_atomically(file, "\r\n".join([f"month,{column},hours,missing_hours", *rows, ""]).encode())
    return f"{{csv: {file.name}, month_column: month, value_column: {column}}}"


def yaml_of(report: PriceReport, file: Path) -> str:
    """The price of a zone that reads the file, as a scenario writes it."""
    lines = [
        "price:",
        "  kind: hourly",
        f"  file: {file.name}",
        f"  time_column: {TIME}",
        f"  price_column: {PRICE}",
        "  times_are: utc",
        "  convention: hour_beginning",
    ]
    if report.step_minutes != 60:
        lines.append(f"  resolution_minutes: {report.step_minutes}")
    if report.gaps:
        lines.append("  # gaps longer than fill_gaps_up_to_hours (0 to 3) are refused")
    return "\n".join(lines)
