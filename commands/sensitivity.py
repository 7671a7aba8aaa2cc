"""hashlease sensitivity: the inputs that the value hangs on, and what one more MW, dollar or month is worth."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from .shared import loaded, path, printing, progress_line, scenario_options, tell, title

if TYPE_CHECKING:
    from . import Commands


def add(commands: Commands) -> None:
    command = commands.add_parser("sensitivity", help="which inputs the value hangs on (tornado), and what one more MW is worth")
    scenario_options(command)
    command.add_argument("--input", action="append", default=[], metavar="PATH", help="an input to move; repeatable (default: all)")
    command.add_argument("--change", type=float, default=0.1, metavar="SHARE", help="how far down and up (default 0.1)")
    command.add_argument("--most", type=int, default=10, metavar="N", help="how many of all inputs to show (default 10)")
    command.add_argument("--out", type=path, metavar="DIR", help="also write tornado and one_more as CSV and Parquet there")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..exports.columns import columns
    from ..optimizer.sensitivity import one_more, tornado

    scenario = loaded(options)
    if options.out is not None:
        from ..exports.atomic import make_writable

        make_writable(options.out)
    progress = progress_line() if sys.stderr.isatty() else None
    rows = tornado(scenario, options.input, options.change, options.most, progress)
    more = one_more(scenario)
    with printing():
        title(scenario)
        print(f"NPV of the optimum, M USD, with one input {100 * options.change:g} % lower and higher; * the leases change")
        today = rows[0]["npv_today_usd"] if rows else None
        if today is not None:
            print(f"today {_musd(today)}")
        for line in columns(("", "today", "lower", "NPV", "higher", "NPV", "swing"), [_bar(row) for row in rows]):
            print(line)
        for row in rows:
            for other in row["same_as_others"]:
                print(f"  {other} has the effect of {row['path']}")
        print()
        print("What one more is worth (the optimum solved again with it, one step of the start window for starts)")
        for line in columns(("", "", "worth", ""), [_worth(row) for row in more]):
            print(line)
    if options.out is not None:
        from ..exports.tables import write_rows

        written = write_rows(options.out, {"tornado": rows, "one_more": more}, {})
        tell(f"wrote {len(written)} files to {options.out}")
    return 0


def _bar(row: dict[str, Any]) -> tuple[str, ...]:
    cells = [row["path"], f"{row['today']:,.6g}"]
    for side in ("low", "high"):
        npv = row[f"npv_{side}_usd"]
        cells.append("-" if row[side] is None else f"{row[side]:,.6g}")
        cells.append("-" if npv is None else f"{_musd(npv)}{'*' if row[f'plan_changes_{side}'] else ' '}")
    return (*cells, _musd(row["swing_usd"]))


def _musd(usd: float) -> str:
    return f"{usd / 1e6:,.1f}" if abs(usd) >= 1e8 else f"{usd / 1e6:,.3f}"


def _worth(row: dict[str, Any]) -> tuple[str, ...]:
    shown = "-" if row["usd"] is None else f"{row['usd']:,.3f}" if row["unit"] == "USD per USD" else f"{row['usd']:,.0f}"
    return (f"{row['what']}, {row['name']}", "", shown, row["unit"])
