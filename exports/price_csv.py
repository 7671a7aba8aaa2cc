"""A price series as the generic CSV that a scenario reads: the start of each step in UTC, and the prices in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, Problem
from ..models.names import slug
from ..models.price_report import PriceReport, instant
from .atomic import make_writable, write_atomically

ENERGY = "USD/MWh"
CAPACITY_PRICE = "usd_per_mw_hour"
TIME, PRICE = "utc_start", "usd_per_mwh"


def write_prices(report: PriceReport, file: Path, ancillary: Mapping[str, PriceReport] | None = None) -> str:
    """Write the series as it was found, sorted and each step once; returns what a scenario writes to use it.

    ancillary: prices of ancillary products, which have a column each. Raises InputError where a step has two prices, where the unit
    is not that of energy, or where a step has no ancillary price.
    """
    if file.suffix.lower() != ".csv":
        raise InputError([Problem(str(file), "--out", f'the ending "{file.suffix}"', ".csv")])
    if report.unit != ENERGY:
        hint = "a price of reserve capacity is no price of energy"
        raise InputError([Problem(report.name, "--out", f"prices in {report.unit}", f"prices in {ENERGY}", hint)])
    columns = {slug(name): product for name, product in (ancillary or {}).items()}
    for series in (report, *columns.values()):
        _refuse_contradictions(series)
    prices = [report.price.tolist(), *(_at_steps(report, product) for product in columns.values())]
    make_writable(file.parent)
    cells = zip(report.minute, *prices, strict=True)
    rows = [",".join([f"{instant(at):%Y-%m-%dT%H:%MZ}", *map(repr, row)]) for at, *row in cells]
    write_atomically(file, "\r\n".join([",".join([TIME, PRICE, *columns]), *rows, ""]).encode())
    return yaml_of(report, file, {product.name: column for column, product in columns.items()})


def _refuse_contradictions(report: PriceReport) -> None:
    if report.contradictions:
        at, one, two = report.contradictions[0]
        found = f"{len(report.contradictions):,} times with two prices, first {at:%Y-%m-%dT%H:%MZ} with {one:,g} and {two:,g}"
        raise InputError([Problem(report.name, "", found, "one price for each step", "mend the file first")])


def _at_steps(report: PriceReport, product: PriceReport) -> list[Any]:
    """The product's price at each step of a series of energy prices, which may be shorter: a quarter of an hour has its hour's."""
    holds = report.minute - report.minute % product.step_minutes
    at = np.searchsorted(product.minute, holds)
    known = product.minute[np.minimum(at, len(product.minute) - 1)] == holds
    if not known.all():
        first = instant(report.minute[~known][0])
        found = (
            f"no price in {np.count_nonzero(~known):,} of the {len(holds):,} steps of {report.name}, first {first:%Y-%m-%dT%H:%MZ}"
        )
        hint = "products that were not sold all the time are left out by naming the others: --product"
        raise InputError([Problem(product.name, "--ancillary", found, "a price in every step", hint)])
    steps: list[Any] = product.price[at].tolist()
    return steps


def write_months(report: PriceReport, file: Path) -> str:
    """Write the mean of each local month with its hours; returns the path that a scenario writes to use it. Raises InputError."""
    if file.suffix.lower() != ".csv":
        raise InputError([Problem(str(file), "--monthly", f'the ending "{file.suffix}"', ".csv")])
    make_writable(file.parent)
    column = PRICE if report.unit == ENERGY else CAPACITY_PRICE
    rows = [f"{month},{mean!r},{hours:g},{missing:g}" for month, hours, missing, mean in report.months()]
    write_atomically(file, "\r\n".join([f"month,{column},hours,missing_hours", *rows, ""]).encode())
    return f"{{csv: {file.name}, month_column: month, value_column: {column}}}"


def yaml_of(report: PriceReport, file: Path, ancillary: Mapping[str, str] | None = None) -> str:
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
    if ancillary:
        rows = ", ".join(f"{{name: {name}, column: {column}}}" for name, column in ancillary.items())
        lines.append(f"  ancillary_columns: [{rows}]")
    if report.step_minutes != 60:
        lines.append(f"  resolution_minutes: {report.step_minutes}")
    if report.gaps:
        lines.append("  # gaps longer than fill_gaps_up_to_hours (0 to 3) are refused")
    return "\n".join(lines)
