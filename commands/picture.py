"""hashlease picture: a plan or a study as PNG or SVG."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .curve import RANGES
from .shared import loaded, path, printing, progress_line, scenario_options, tell

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from . import Commands

SUFFIXES = (".png", ".svg")
OWN = {
    "map": ("hashprice", "rent", "power", "tolerance"),
    "break-even": ("offer", "over", "range"),
    "tornado": ("input", "change", "most"),
}
"""Options that belong to one kind."""


def add(commands: Commands) -> None:
    kinds = "; ".join(f"{kind}: {words}" for kind, (words, _) in KINDS.items())
    command = commands.add_parser(
        "picture", help="a plan or a study as PNG or SVG for print", description=f"Needs hashlease[pictures]. {kinds}."
    )
    command.add_argument("kind", choices=tuple(KINDS), metavar="KIND", help=f"one of {', '.join(KINDS)}")
    scenario_options(command)
    command.add_argument("-o", "--output", type=path, required=True, metavar="FILE", help="file to write: .png or .svg")
    of_map = command.add_argument_group("map")
    for axis, default in (("hashprice", "0.5:2"), ("rent", "0.7:1.4"), ("power", "left out")):
        of_map.add_argument(f"--{axis}", metavar="LOW:HIGH", help=f"range of the {axis} multiplier (default {default}; or 'no')")
    of_map.add_argument("--tolerance", metavar="SHARE", help="largest regret, of the NPV today (default 0.002)")
    curve = command.add_argument_group("break-even")
    curve.add_argument("--offer", action="append", metavar="NAME", help="the curve of this offer; repeatable (default: all offers)")
    curve.add_argument("--over", choices=tuple(RANGES), help="the input that the curve runs over (default hashprice)")
    curve.add_argument("--range", metavar="LOW:HIGH", help="its range (default: that of hashlease curve)")
    bars = command.add_argument_group("tornado")
    bars.add_argument("--input", action="append", metavar="PATH", help="an input to move; repeatable (default: all)")
    bars.add_argument("--change", type=float, metavar="SHARE", help="how far down and up (default 0.1)")
    bars.add_argument("--most", type=int, metavar="N", help="how many of all inputs to show (default 10)")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    _check(options)
    from ..exports.atomic import write_atomically
    from ..exports.pictures.style import rendered

    figure = KINDS[options.kind][1](options)
    if isinstance(figure, int):
        return figure
    write_atomically(options.output, rendered(figure, options.output.suffix.lower()))
    with printing():
        print(f"wrote {options.output}")
    return 0


def _check(options: argparse.Namespace) -> None:
    """Everything that would make the solving vain. Raises InputError."""
    from importlib.util import find_spec

    from ..errors import InputError, Problem
    from ..exports.atomic import make_writable

    file: Path = options.output
    problems = []
    if file.suffix.lower() not in SUFFIXES:
        problems.append(Problem("picture", "-o", f'"{file}"', "a file that ends in .png or .svg"))
    elif file.is_dir():
        problems.append(Problem("picture", "-o", f'"{file}"', "a file", "this is a folder"))
    for kind, names in OWN.items():
        given = [name for name in names if getattr(options, name) is not None]
        if kind != options.kind:
            problems += [Problem("picture", f"--{name}", f"KIND {options.kind}", f"--{name} goes with {kind}") for name in given]
    if find_spec("matplotlib") is None:
        problems.append(Problem("picture", "", "no matplotlib", "matplotlib 3.9 or later", "pip install 'hashlease[pictures]'"))
    if problems:
        raise InputError(problems)
    make_writable(file.parent)


def _progress() -> Callable[[str, int, int], None] | None:
    return progress_line() if sys.stderr.isatty() else None


def _of_plan(options: argparse.Namespace) -> Figure | int:
    from ..exports.pictures.allocation import allocation
    from ..exports.pictures.cash import cash
    from ..optimizer.solve import solve

    plan = solve(loaded(options), progress=_progress())
    if not plan.is_final:
        tell("\n".join([plan.verdict, *plan.conflicts, "nothing was written: there is no plan"]))
        return plan.exit_code
    return allocation(plan) if options.kind == "allocation" else cash(plan)


def _map(options: argparse.Namespace) -> Figure | int:
    from ..exports.pictures.decision_map import decision_map as draw
    from ..optimizer.decision_map import DEFAULT_TOLERANCE, box_of, decision_map

    ranges = {axis: getattr(options, axis) for axis in ("hashprice", "rent", "power")}
    box, tolerance = box_of(ranges, options.tolerance or str(DEFAULT_TOLERANCE))
    return draw(decision_map(loaded(options), box, tolerance))


def _break_even(options: argparse.Namespace) -> Figure | int:
    from ..errors import InputError, Problem
    from ..exports.pictures.break_even import break_even
    from ..exports.pictures.style import Caption
    from ..optimizer.curves import break_even_curve

    over = options.over or "hashprice"
    text = options.range or RANGES[over]
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        raise InputError([Problem("picture", "--range", f'"{text}"', "LOW:HIGH, two numbers", f"e.g. {RANGES[over]}")]) from None
    scenario = loaded(options)
    rents = {lease.name: lease.first_year_rent_usd_per_kw_month for lease in scenario.leases}
    if not rents:
        raise InputError([Problem("picture", "break-even", "a scenario without leases", "at least one lease offer")])
    progress, offers = _progress(), options.offer or list(rents)
    rows = []
    for number, offer in enumerate(offers):
        if progress is not None:
            progress("offers", number, len(offers))
        rows += break_even_curve(scenario, offer, over, low, high)
    return break_even(rows, rents, Caption.of(scenario, "exact break-evens, each by solving again"))


def _tornado(options: argparse.Namespace) -> Figure | int:
    from ..errors import InputError, Problem
    from ..exports.pictures.style import Caption
    from ..exports.pictures.tornado import tornado as draw
    from ..optimizer.sensitivity import DEFAULT_CHANGE, DEFAULT_MOST, tornado

    change = DEFAULT_CHANGE if options.change is None else options.change
    most = DEFAULT_MOST if options.most is None else options.most
    if most < 1:
        raise InputError([Problem("picture", "--most", str(most), "1 or more")])
    scenario = loaded(options)
    rows = tornado(scenario, options.input or (), change, most, _progress())
    if not rows:
        raise InputError([Problem("picture", "tornado", "no input that moves the value", "at least one")])
    return draw(rows, Caption.of(scenario, "every bar is an optimum, solved again"))


def _waterfall(options: argparse.Namespace) -> Figure | int:
    from ..exports.pictures.style import Caption
    from ..exports.pictures.waterfall import waterfall
    from ..optimizer.compare import compare

    scenario = loaded(options)
    found = compare(scenario, ["all_mining", "optimum"], progress=_progress())
    return waterfall(found.rows["waterfall"], Caption.of(scenario, found.columns[-1].found.verdict))


KINDS: dict[str, tuple[str, Callable[[argparse.Namespace], Figure | int]]] = {
    "allocation": ("MW by month and use", _of_plan),
    "cash": ("cash by year and kind", _of_plan),
    "map": ("which leases to sign at which hashprice, rent and power price", _map),
    "break-even": ("break-even rents over another input", _break_even),
    "tornado": ("the inputs that the value hangs on", _tornado),
    "waterfall": ("from the value of all mining to the optimum", _waterfall),
}
