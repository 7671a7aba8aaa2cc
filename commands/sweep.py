"""hashlease sweep: the optimum of many cases as one table."""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .shared import loaded, path, printing, scenario_options, tell, title

if TYPE_CHECKING:
    from ..optimizer.sweep import Sweep
    from . import Commands

EXIT_STOPPED = 130
SHOWN = 40
LONGEST_CASE_FILE = 200_000_000
AFRESH = 200
"""After so many cases the solver starts from nothing: a resumed sweep solves no more of them again to end on the same digits."""


def add(commands: Commands) -> None:
    command = commands.add_parser("sweep", help="solve many cases of a scenario and write one row for each")
    scenario_options(command)
    command.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="PATH=VALUES",
        help="LOW:HIGH:POINTS or A,B,C for a field, x before a number is a factor: market.hashprice.multiplier=0.5:2:61, "
        "'leases.*.rent_usd_per_kw_month=x0.8:x1.2:5'; repeatable (every combination)",
    )
    command.add_argument("--cases", type=path, metavar="FILE.csv", help="cases from a CSV file instead: a column for each path")
    command.add_argument("-o", "--out", type=path, metavar="FILE", help="write the table to FILE.csv or FILE.parquet")
    command.add_argument("--resume", action="store_true", help="go on behind the cases that the CSV file already holds")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..errors import InputError, Problem
    from ..optimizer.sweep import Sweep

    scenario = loaded(options)
    count, cases, values = _cases(options)
    if count == 0:
        raise InputError([Problem("", "", "no case", "--vary PATH=VALUES, or --cases FILE.csv with rows")])
    sweep = Sweep(scenario)
    sweep.check(values)
    done = _rows_there(options.out, options.resume)
    if options.out is None:
        return _printed(sweep, cases, count)
    return _written(sweep, cases, count, options.out, done)


def _cases(options: argparse.Namespace) -> tuple[int, Iterator[dict[str, Any]], dict[str, Iterable[Any]]]:
    """How many cases, the cases one by one, and the values of every path."""
    from ..errors import InputError, Problem
    from ..optimizer.sweep import Vary, cases_of_rows, product

    if options.cases is None:
        problems: list[Problem] = []
        varied: list[Vary] = []
        for text in options.vary:
            try:
                varied.append(Vary.of(text))
            except InputError as fault:
                problems += fault.problems
        if problems:
            raise InputError(problems)
        count, combinations = product(varied)
        return (count if varied else 0), combinations, {one.path: one.values for one in varied}
    if options.vary:
        raise InputError([Problem("", "", "--vary and --cases", "one of the two")])
    cases = cases_of_rows(_read_rows(options.cases))
    return len(cases), iter(cases), {path: [case[path] for case in cases] for path in cases[0]} if cases else {}


def _read_rows(file: Path) -> list[dict[str, str]]:
    """Rows of a CSV file with a header; every row as long as the header."""
    from ..errors import InputError, Problem

    try:
        if file.stat().st_size > LONGEST_CASE_FILE:
            raise InputError([Problem(str(file), "", "a file of more than 200 MB", "a smaller file")])
        with file.open(encoding="utf-8-sig", newline="") as stream:
            lines = [row for row in csv.reader(stream) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise InputError([Problem(str(file), "", f"no readable CSV file ({fault})", "a CSV file in UTF-8")]) from None
    head, *rows = lines or [[]]
    head = [name.strip() for name in head]
    twice = sorted({name for name in head if head.count(name) > 1})
    if twice:
        raise InputError([Problem(f"{file}:1", name, "a column twice", "each path once") for name in twice])
    wrong = [number for number, row in enumerate(rows, start=2) if len(row) != len(head)]
    if wrong:
        found = f"{len(rows[wrong[0] - 2])} values under {len(head)} columns"
        raise InputError([Problem(f"{file}:{wrong[0]}", "", found, "a value in every column")])
    return [dict(zip(head, row, strict=True)) for row in rows]


def _rows_there(out: Path | None, resume: bool) -> list[dict[str, str]]:
    """Rows of an earlier, stopped run."""
    from ..errors import InputError, Problem

    if not resume:
        return []
    if out is None or out.suffix != ".csv":
        raise InputError([Problem("--resume", "", "no CSV file to go on with", "--out FILE.csv")])
    return _read_rows(out) if out.exists() else []


def _printed(sweep: Sweep, cases: Iterator[dict[str, Any]], count: int) -> int:
    from ..exports.columns import columns

    shown = [sweep.row(case) for case in itertools.islice(cases, SHOWN)]
    head = [
        name
        for name in shown[0]
        if not name.startswith("critical_mw.") and name not in ("stated_anew", "gap_usd", "why", "scenario_sha256")
    ]
    rows = [tuple(_cell(row[name]) for name in head) for row in shown]
    with printing():
        title(sweep.scenario)
        for line in columns(tuple(head), rows):
            print(line)
        if count > SHOWN:
            print(f"... {count - SHOWN:,} more cases; --out FILE.csv writes all of them, with the MW of every offer")
    return 0


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return "-" if value is None else str(value)
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


def _written(sweep: Sweep, cases: Iterator[dict[str, Any]], count: int, out: Path, done: list[dict[str, str]]) -> int:
    from ..exports.growing_table import open_table

    table = open_table(out)
    written = 0
    try:
        for row in _rows(sweep, cases, count, done):
            table.add(row)
            written += 1
    except KeyboardInterrupt:
        if written <= len(done):
            table.discard()
            tell(f"\nstopped before a new case was solved; {out} is as it was")
            return EXIT_STOPPED
        table.close()
        tell(f"\nstopped: {written:,} of {count:,} cases are in {out}; --resume goes on behind them")
        return EXIT_STOPPED
    except BaseException:
        table.discard()
        raise
    table.close()
    tell(f"wrote {written:,} cases to {out} ({sweep.series.stated:,} programs stated, the others solved warm)")
    return 0


def _rows(sweep: Sweep, cases: Iterator[dict[str, Any]], count: int, done: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """Rows of the earlier run as they were, then the others, with progress on a terminal.

    What the last digits of a row depend on is solved again: the cases since the solver last started from nothing.
    """
    from ..errors import InputError, Problem
    from ..exports.tables import safe_cell

    if len(done) > count:
        raise InputError([Problem("--resume", "", f"a table of {len(done):,} cases", f"the table of this sweep of {count:,}")])
    numbered = enumerate(cases)
    again = len(done) // AFRESH * AFRESH if len(done) < count else count
    for row, (number, case) in zip(done, numbered, strict=False):
        expected = {name: str(safe_cell(value)) for name, value in sweep.stated_values(case).items()}
        if list(row) != sweep.columns(case) or any(row[name] != value for name, value in expected.items()):
            found = "another case than this sweep's"
            raise InputError(
                [Problem(f"line {number + 2}", "", found, "the table of the same sweep", "without --resume it is replaced")]
            )
        if number >= again:
            _solved(sweep, number, case)
        yield row
    yield from _with_progress((_solved(sweep, number, case) for number, case in numbered), count - len(done))


def _solved(sweep: Sweep, number: int, case: dict[str, Any]) -> dict[str, Any]:
    if number % AFRESH == 0:
        sweep.afresh()
    return sweep.row(case)


def _with_progress(rows: Iterable[dict[str, Any]], of: int) -> Iterator[dict[str, Any]]:
    begun = shown = time.monotonic()
    on_terminal = sys.stderr.isatty()
    for number, row in enumerate(rows, start=1):
        yield row
        now = time.monotonic()
        if on_terminal and now - shown > 0.5:
            shown, left = now, (now - begun) / number * (of - number)
            print(f"\r{number:,} of {of:,} cases, {_clock(left)} left ", end="", file=sys.stderr, flush=True)
    if on_terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
