"""hashlease fetch: a public series into the cache or a file; the one command that goes to a network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .shared import path, printing

if TYPE_CHECKING:
    from datetime import date

    from . import Commands

SINCE = "2023-01-01"


def add(commands: Commands) -> None:
    command = commands.add_parser("fetch", help="fetch a public series into the cache; no other command needs a network")
    sources = command.add_subparsers(title="sources", metavar="SOURCE", required=True)
    help_ = "BTC price, difficulty and fees by day from mempool.space, for hashlease market mempool"
    mempool = sources.add_parser("mempool", help=help_)
    mempool.add_argument(
        "--since", default=SINCE, metavar="YYYY-MM-DD", help=f"the first day (default {SINCE}); fees reach back 3 years"
    )
    mempool.add_argument("--address", metavar="URL", help="an instance of one's own instead of https://mempool.space")
    mempool.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="for each of three answers (default 30)")
    mempool.add_argument("-o", "--out", type=path, metavar="FILE.csv", help="this file instead of the cache")
    mempool.set_defaults(action=_mempool)
    ercot = sources.add_parser("ercot", help="settlement point prices of a year through the package gridstatus")
    ercot.add_argument("--year", type=int, required=True)
    ercot.add_argument("--point", required=True, metavar="NAME", help="a hub or load zone, e.g. HB_WEST")
    ercot.add_argument("--market", choices=("day_ahead", "real_time"), default="day_ahead")
    ercot.add_argument("--python", default=sys.executable, metavar="PATH", help="the Python of the environment that has gridstatus")
    ercot.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS")
    ercot.add_argument("-o", "--out", type=path, required=True, metavar="FILE.csv")
    ercot.set_defaults(action=_ercot)


def _mempool(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime
    from functools import partial

    from ..feeds import cache, mempool
    from ..feeds.answers import get_json

    today = datetime.now(UTC).date()
    since = _since(options.since, today)
    _refuse_timeout(options.timeout)
    file: Path = options.out or cache.cache_folder() / f"{mempool.NAME}.csv"
    _refuse_ending(file)
    address = options.address or mempool.ADDRESS
    days = mempool.read(partial(get_json, timeout_s=options.timeout), since, today, address)
    lines = [",".join(("date", *mempool.COLUMNS))]
    for day in days:
        cells = (getattr(day, name) for name in mempool.COLUMNS)
        lines.append(",".join([day.day.isoformat(), *("" if value is None else repr(value) for value in cells)]))
    cache.write(file, "\r\n".join([*lines, ""]).encode(), cache.Origin(address, today))
    name = mempool.NAME if options.out is None else str(file)
    with printing():
        print(f"wrote {file}: {len(days):,} days, {days[0].day} to {days[-1].day}, from {address}; next: hashlease market {name}")
    return 0


def _ercot(options: argparse.Namespace) -> int:
    from ..exports.price_csv import write_prices
    from ..exports.price_screen import price_lines
    from ..feeds import gridstatus
    from ..scenarios.price_sources import Prices

    _refuse_timeout(options.timeout)
    _refuse_ending(options.out)
    report = gridstatus.read(options.python, options.market, options.year, options.point, options.timeout)
    yaml = write_prices(report, options.out)
    kind = f"ERCOT settlement point prices, {options.market.replace('_', '-')}, through gridstatus"
    with printing():
        for line in price_lines(Prices(kind, (options.out.name,), {options.point: report})):
            print(line)
        print(f"\nFor a zone of a scenario beside {options.out.name}:\n\n{yaml}")
    return 0


def _since(text: str, today: date) -> date:
    from datetime import date, timedelta

    from ..errors import InputError, Problem

    allowed = f"a day as YYYY-MM-DD, 2009-01-03 to {today - timedelta(days=1)}"
    try:
        since = date.fromisoformat(text)
    except ValueError:
        raise InputError([Problem("--since", "", f'"{text}"', allowed)]) from None
    if not date(2009, 1, 3) <= since < today:
        raise InputError([Problem("--since", "", f'"{text}"', allowed)])
    return since


def _refuse_timeout(seconds: float) -> None:
    from ..errors import InputError, Problem

    if not 0 < seconds <= 86_400:
        raise InputError([Problem("--timeout", "", f"{seconds:g}", "more than 0 and at most 86,400 seconds")])


def _refuse_ending(file: Path) -> None:
    from ..errors import InputError, Problem

    if file.suffix.lower() != ".csv":
        raise InputError([Problem(str(file), "--out", f'the ending "{file.suffix}"', ".csv")])
