"""hashlease why: the reason of every decision, what would flip it, and what every binding limit is worth."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from .shared import loaded, printing, progress_line, scenario_options

if TYPE_CHECKING:
    from . import Commands


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "why", help="why each offer and fleet is decided as it is, what would flip it, what limits are worth"
    )
    scenario_options(command)
    command.add_argument("offer", nargs="?", metavar="OFFER", help="one offer or fleet by its name; without it: all of them")
    command.add_argument("--most", type=int, metavar="N", help="how many binding limits (default 24 on the screen, all in JSON)")
    command.add_argument("--format", choices=("table", "json"), default="table", help="what to print (default: table)")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..optimizer.why import MOST_LIMITS, why

    as_json = options.format == "json"
    most = options.most if options.most is not None or as_json else MOST_LIMITS
    found = why(loaded(options), options.offer, most, progress_line() if sys.stderr.isatty() else None)
    with printing():
        if as_json:
            print(json.dumps(found.as_dict(), ensure_ascii=False, indent=1, allow_nan=False))
        else:
            from ..exports.why_screen import why_lines

            for line in why_lines(found):
                print(line)
    return found.plan.exit_code
