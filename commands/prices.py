"""hashlease prices: what a price file holds, from gaps to the duration curve, and writing it for a scenario."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .shared import path, printing, tell

if TYPE_CHECKING:
    from ..models.price_report import PriceReport
    from ..scenarios.price_sources import Prices
    from . import Commands

COLUMNS = {
    "time_column": "time_column",
    "price_column": "price_column",
    "times_are": "times_are",
    "convention": "convention",
    "time_zone": "file_time_zone",
    "repeated_hour_column": "repeated_hour_column",
    "resolution": "resolution_minutes",
}
"""Fields of a price file by the option that states them."""


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "prices", help="what a price file holds: ERCOT's workbooks and CSV files, or any with stated columns"
    )
    help_ = "ERCOT's prices as downloaded (.xlsx, .csv, .zip; several are joined), or one CSV or Parquet file with stated columns"
    command.add_argument("files", nargs="+", type=path, metavar="FILE", help=help_)
    help_ = "a settlement point or ancillary service; without it a row for each"
    command.add_argument("--point", metavar="NAME", help=help_)
    other = command.add_argument_group("files that are not ERCOT's")
    other.add_argument("--time-column", metavar="NAME")
    other.add_argument("--price-column", metavar="NAME")
    other.add_argument("--times-are", choices=("utc", "local", "with_offset"))
    other.add_argument("--convention", choices=("hour_beginning", "hour_ending"))
    other.add_argument("--time-zone", metavar="ZONE", help="of local times, e.g. America/Chicago")
    other.add_argument("--repeated-hour-column", metavar="NAME", help="marks the second pass when clocks are turned back (Y/N)")
    other.add_argument("--resolution", type=int, metavar="MINUTES", help="60 (default), 30, 15 or 5")
    command.add_argument(
        "-o", "--out", type=path, metavar="FILE.csv", help="write the series as a CSV file that a scenario can use"
    )
    help_ = "ERCOT's prices of ancillary services in the same hours, to be written into the columns of --out"
    command.add_argument("--ancillary", nargs="+", type=path, metavar="FILE", help=help_)
    help_ = "one of these services, may be repeated; without it all of them"
    command.add_argument("--product", action="append", metavar="NAME", help=help_)
    command.add_argument("--monthly", type=path, metavar="FILE.csv", help="write the mean of each month, for a path of a scenario")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..exports.price_csv import write_months, write_prices
    from ..exports.price_screen import price_lines
    from ..scenarios.price_sources import price_reports

    _refuse_loose(options)
    columns = _columns(options)
    prices = price_reports(options.files, () if options.point is None else (options.point,), columns)
    told = []
    if options.out is not None:
        yaml = write_prices(_one(prices, "--out"), options.out, _ancillary(options))
        told.append(f"\nFor a zone of a scenario beside {options.out.name}:\n\n{yaml}")
    if options.monthly is not None:
        monthly = write_months(_one(prices, "--monthly"), options.monthly)
        told.append(f"\nFor a path of a scenario beside {options.monthly.name}:\n\n{monthly}")
    with printing():
        for line in (*price_lines(prices), *told):
            print(line)
    for file in filter(None, (options.out, options.monthly)):
        tell(f"wrote {file}")
    return 0


def _one(prices: Prices, option: str) -> PriceReport:
    """The one series there is. Raises InputError where there are several."""
    from ..errors import InputError, Problem

    if len(prices.reports) > 1:
        found = f"{len(prices.reports)} series"
        raise InputError([Problem("prices", option, found, "one series", f"--point {next(iter(prices.reports))}")])
    (report,) = prices.reports.values()
    return report


def _refuse_loose(options: argparse.Namespace) -> None:
    """Options without the one that they belong to."""
    from ..errors import InputError, Problem

    if options.ancillary and options.out is None:
        raise InputError([Problem("prices", "--ancillary", "no --out", "--out FILE.csv, which holds both prices of each hour")])
    if options.product and not options.ancillary:
        raise InputError([Problem("prices", "--product", "no --ancillary", "--ancillary FILE, whose products it names")])


def _ancillary(options: argparse.Namespace) -> dict[str, PriceReport]:
    """Prices of ancillary products from files of their own."""
    from ..errors import InputError, Problem
    from ..exports.price_csv import ENERGY
    from ..scenarios.price_sources import price_reports

    if not options.ancillary:
        return {}
    try:
        found = price_reports(options.ancillary, options.product or ())
    except InputError as fault:
        points = [replace(problem, field="--product") if problem.field == "--point" else problem for problem in fault.problems]
        raise InputError(points) from None
    if any(report.unit == ENERGY for report in found.reports.values()):
        named = ", ".join(map(str, options.ancillary))
        raise InputError([Problem(named, "--ancillary", "prices of energy", "ERCOT's prices of ancillary services (DAMASMCPC)")])
    return found.reports


def _columns(options: argparse.Namespace) -> dict[str, Any]:
    """The stated columns; empty for ERCOT's own files."""
    from ..errors import InputError, Problem

    given = {field: getattr(options, name) for name, field in COLUMNS.items() if getattr(options, name) is not None}
    if given and options.point is not None:
        raise InputError(
            [Problem("prices", "--point", "--point beside stated columns", "one of the two", "--price-column names it")]
        )
    return given
