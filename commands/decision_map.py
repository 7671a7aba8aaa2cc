"""hashlease map: the certified decision map of a scenario."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from .shared import loaded, path, printing, scenario_options, tell

if TYPE_CHECKING:
    from ..optimizer.sandwich import Progress
    from . import Commands

MAP = "map.json"


def add(commands: Commands) -> None:
    command = commands.add_parser("map", help="which plan is best at which hashprice, rent and power price, with a proved bound")
    scenario_options(command)
    for axis, default in (("hashprice", "0.5:2"), ("rent", "0.7:1.4"), ("power", "")):
        shown = f"default {default}" if default else "left out by default"
        command.add_argument(f"--{axis}", metavar="LOW:HIGH", help=f"range of the {axis} multiplier ({shown}; 'no' leaves it out)")
    command.add_argument("--tolerance", metavar="SHARE", default="0.002", help="largest regret, of the NPV today (default 0.002)")
    command.add_argument("--out", type=path, metavar="DIR", help="also write map.json and its tables (CSV, Parquet) there")
    command.add_argument("--force", action="store_true", help="write into a folder that holds the results of another scenario")
    command.add_argument("--format", choices=("table", "json"), default="table", help="what to print (default: table)")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..exports.map_screen import map_lines
    from ..optimizer.decision_map import box_of, decision_map

    scenario = loaded(options)
    box, tolerance = box_of({axis: getattr(options, axis) for axis in ("hashprice", "rent", "power")}, options.tolerance)
    if options.out is not None:
        from ..exports.atomic import make_writable
        from ..exports.tables import refuse_another_scenario

        if not options.force:
            refuse_another_scenario(options.out, scenario.name, MAP)
            refuse_another_scenario(options.out, scenario.name)
        make_writable(options.out)
    on_terminal = sys.stderr.isatty()
    found = decision_map(scenario, box, tolerance, map_progress if on_terminal else None)
    if on_terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    with printing():
        if options.format == "json":
            print(found.to_json())
        else:
            for line in map_lines(found):
                print(line)
    if options.out is not None:
        from ..exports.tables import write_rows

        written = write_rows(options.out, found.rows, {MAP: found.to_json()})
        tell(f"wrote {len(written)} files to {options.out}")
    return 0


def map_progress(progress: Progress) -> None:
    """Show how far the proof is on one line of the terminal."""
    regret = f"{progress.bound_musd:,.2f} M USD"
    print(f"\r{progress.solves} solves, {progress.plans} plans, regret below {regret} ", end="", file=sys.stderr, flush=True)
