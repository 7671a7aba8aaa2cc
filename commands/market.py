"""hashlease market: hashprice, revenue, gross profit, tiers, shares and coins month by month, as analysts publish them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .shared import path, printing

if TYPE_CHECKING:
    from ..models.market_terms import MarketTerms
    from ..models.network import NetworkMonths
    from . import Commands

MONTHS_SHOWN = 24
"""Of a scenario, where --months does not choose."""


def add(commands: Commands) -> None:
    command = commands.add_parser("market", help="mining economics by month: hashprice, gross profit, tiers, shares, coins")
    help_ = "a scenario, whose market path is shown, or CSV files with a column month or date (published: one that comes along)"
    command.add_argument("inputs", nargs="+", metavar="SCENARIO|FILE.csv", help=help_)
    command.add_argument("--set", dest="overrides", action="append", default=[], metavar="PATH=VALUE", help="change the scenario")
    command.add_argument("--months", metavar="FROM:TO", help="the months to show, e.g. 2026-01:2026-12")
    help_ = "the column of a field that is named otherwise in the file, e.g. btc_price_usd=close; repeatable"
    command.add_argument("--column", action="append", default=[], metavar="FIELD=NAME", help=help_)
    help_ = "transaction fees as a fraction of the subsidy, where no file has them (0: the subsidy alone)"
    command.add_argument("--fees", type=float, metavar="FRACTION", help=help_)
    command.add_argument("--j-per-th", type=float, metavar="J", help="efficiency of the fleet that gross profit is counted at")
    command.add_argument("--usd-per-mwh", type=float, metavar="USD", help="its power price")
    command.add_argument("--tiers", metavar="J,J,...", help="efficiencies shown (default: the scenario's fleets, or 15,20,25,30)")
    command.add_argument("--overhead", type=float, default=1.0, help="meter MW per machine MW, of tiers and cash cost (default 1)")
    command.add_argument("--pool-fee", type=float, default=0.0, metavar="FRACTION", help="of break-even and cash cost (default 0)")
    command.add_argument("--opex", type=float, default=0.0, metavar="USD", help="other cost per MWh, of both too (default 0)")
    command.add_argument("--strict", action="store_true", help="published figures that do not follow from the others are errors")
    command.add_argument("-o", "--out", type=path, metavar="FILE", help="write every figure to FILE.csv or FILE.parquet")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..exports.market_screen import MarketPage, market_lines

    title, network, tiers = _read(options)
    terms = _terms(options, tiers)
    whole, left_out = network, ""
    if options.months is not None:
        network = network.between(*_span(options.months, network))
    elif tiers is not None and network.calendar.length > MONTHS_SHOWN:
        calendar = network.calendar
        network = network.between(calendar.start, calendar.start + (MONTHS_SHOWN - 1))
        left_out = f"the first {MONTHS_SHOWN} of {calendar.length} months; --months {calendar.start}:{calendar.end} shows them all"
    if options.strict:
        _refuse_unsound(whole)
    if options.out is not None:
        from ..exports.growing_table import open_table
        from ..exports.market_table import market_rows

        table = open_table(options.out)
        for row in market_rows(whole if options.months is None else network, terms):
            table.add(row)
        table.close()
    with printing():
        for line in market_lines(MarketPage(title, network, terms, left_out, forward=tiers is not None)):
            print(line)
    return 0


def _read(options: argparse.Namespace) -> tuple[tuple[str, ...], NetworkMonths, tuple[float, ...] | None]:
    """(title, months, efficiencies of the scenario's fleets or None) of what the arguments name."""
    from ..scenarios.market_files import is_table, locate, network_months

    files = [name for name in options.inputs if is_table(name)]
    if len(files) == len(options.inputs):
        _refuse_beside(options, "--set", bool(options.overrides), "CSV files")
        network = network_months(files, _columns(options.column), options.fees)
        return (", ".join(locate(file).name for file in files),), network, None
    _refuse_mixture(options.inputs)
    _refuse_beside(options, "--fees", options.fees is not None, "a scenario, which states its fees")
    _refuse_beside(options, "--column", bool(options.column), "a scenario")
    return _of_scenario(options)


def _of_scenario(options: argparse.Namespace) -> tuple[tuple[str, ...], NetworkMonths, tuple[float, ...]]:
    from ..exports.screen import page_width, title_lines
    from ..models.network import NetworkMonths
    from ..scenarios.load import load

    scenario = load(options.inputs[0], options.overrides)
    hashprice = scenario.market.hashprice
    network = NetworkMonths.of_market(hashprice.market(scenario.calendar), scenario.calendar, hashprice.blocks)
    tiers = sorted({fleet.efficiency_j_per_th for fleet in scenario.fleets})
    return tuple(title_lines(scenario, page_width())), network, tuple(tiers)


def _refuse_mixture(inputs: list[str]) -> None:
    from ..errors import InputError, Problem

    if len(inputs) > 1:
        found = f"{len(inputs)} inputs that are not all CSV files"
        raise InputError([Problem("market", "", found, "one scenario, or CSV files alone", "one table shows one market")])


def _refuse_beside(options: argparse.Namespace, option: str, given: bool, what: str) -> None:
    from ..errors import InputError, Problem

    if given:
        raise InputError([Problem("market", option, f"{option} beside {what}", f"no {option}")])


def _columns(assignments: list[str]) -> dict[str, str]:
    from ..errors import InputError, Problem

    faulty = [text for text in assignments if not all(part.strip() for part in text.partition("="))]
    if faulty:
        hint = "e.g. btc_price_usd=close"
        raise InputError([Problem("--column", "", f'"{text}"', "FIELD=NAME", hint) for text in faulty])
    return {name.strip(): column.strip() for name, _, column in (text.partition("=") for text in assignments)}


def _terms(options: argparse.Namespace, tiers: tuple[float, ...] | None) -> MarketTerms:
    from ..errors import InputError, Problem
    from ..models.market_terms import MarketTerms
    from ..scenarios.load import read_as
    from ..scenarios.yaml_reader import Document

    stated: dict[str, Any] = {
        "j_per_th": options.j_per_th,
        "usd_per_mwh": options.usd_per_mwh,
        "overhead": options.overhead,
        "pool_fee_fraction": options.pool_fee,
        "opex_usd_per_mwh": options.opex,
    }
    try:
        given = [float(text) for text in options.tiers.split(",")] if options.tiers else list(tiers or ())
    except ValueError:
        raise InputError([Problem("--tiers", "", f'"{options.tiers}"', "numbers with commas between", "e.g. 15,20,25")]) from None
    if given:
        stated["tiers_j_per_th"] = given
    return read_as(MarketTerms, Document("the command line", {k: v for k, v in stated.items() if v is not None}, {}), Path())


def _span(text: str, network: NetworkMonths) -> tuple[Any, Any]:
    from ..errors import InputError, Problem
    from ..models.months import Month

    calendar = network.calendar
    first, _, last = text.partition(":")
    try:
        span = Month.of(first), Month.of(last or first)
    except ValueError:
        raise InputError(
            [Problem("--months", "", f'"{text}"', "FROM:TO or one month, as YYYY-MM", "e.g. 2026-01:2026-12")]
        ) from None
    if not calendar.start <= span[0] <= span[1] <= calendar.end:
        raise InputError([Problem("--months", "", f'"{text}"', f"months in order within {calendar.start} to {calendar.end}")])
    return span


def _refuse_unsound(network: NetworkMonths) -> None:
    from ..errors import InputError, Problem
    from ..models.published import checks

    problems = [
        Problem(
            str(check.month), check.field, f"{check.stated:,.6g}", f"{check.computed:,.6g} ({check.formula})", check.explanation
        )
        for check in checks(network)
        if not check.follows
    ]
    if problems:
        raise InputError(problems)
