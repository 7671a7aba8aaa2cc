"""hashlease compare: policies, scenarios and pinned plans side by side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from .shared import path, printing, progress_line, scenario_options, tell

if TYPE_CHECKING:
    from ..errors import Problem
    from ..models.scenario import Scenario
    from . import Commands

T = TypeVar("T")


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "compare",
        help="policies, scenarios and pinned plans side by side, with their differences line by line and the regret",
        description="One scenario: its policies and pinned plans side by side. Several: their best plans, and their regret.",
    )
    scenario_options(command)
    command.add_argument("others", nargs="*", metavar="SCENARIO", help="more scenarios; --set changes all of them")
    command.add_argument(
        "--variant",
        dest="variants",
        action="append",
        default=[],
        metavar="NAME:PATH=VALUE",
        help="one more scenario: the first one with a field changed; the same NAME again changes another field of it; repeatable",
    )
    command.add_argument(
        "--policy",
        dest="policies",
        action="append",
        default=[],
        metavar="POLICY",
        help="optimum, all_mining, lease_all or nothing_signed; repeatable (default: all of one scenario, the optima of several)",
    )
    command.add_argument(
        "--plan",
        dest="plans",
        action="append",
        type=path,
        default=[],
        metavar="FILE",
        help="a plan that hashlease pin fixed; repeatable",
    )
    command.add_argument("--out", type=path, metavar="DIR", help="also write compare.json and its tables (CSV, Parquet) there")
    command.add_argument("--format", choices=("table", "json"), default="table", help="what to print (default: table)")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..errors import InputError
    from ..optimizer.compare import compare, names_of
    from ..optimizer.pinned import read_pinned
    from ..optimizer.policies import checked_policies

    problems: list[Problem] = []

    def tried(make: Callable[[], T]) -> list[T]:
        """What can be made, or its problems among the others, so that all are told at once."""
        try:
            return [make()]
        except InputError as fault:
            problems.extend(fault.problems)
            return []

    policies = tried(partial(checked_policies, options.policies))
    changes = [named for found in tried(partial(_variants, options.variants)) for named in found.items()]
    scenarios = [made for file in (options.scenario, *options.others) for made in tried(partial(_loaded, options, file))]
    labels = [*names_of(scenarios), *(name for name, _ in changes)]
    scenarios += [made for _, fields in changes for made in tried(partial(_loaded, options, options.scenario, fields))]
    plans = [made for file in options.plans for made in tried(partial(read_pinned, file))]
    if problems:
        raise InputError(problems)
    if options.out is not None:
        from ..exports.atomic import make_writable

        make_writable(options.out)
    found = compare(scenarios, policies[0], plans, labels, progress_line() if sys.stderr.isatty() else None)
    with printing():
        if options.format == "json":
            print(found.to_json())
        else:
            from ..exports.compare_screen import comparison_lines

            for line in comparison_lines(found):
                print(line)
    if options.out is not None:
        from ..exports.tables import write_rows

        written = write_rows(options.out, found.rows, {"compare.json": found.to_json()})
        tell(f"wrote {len(written)} files to {options.out}")
    return 0


def _loaded(options: argparse.Namespace, file: str, changes: list[str] | None = None) -> Scenario:
    from ..scenarios.load import load

    return load(file, [*options.overrides, *(changes or [])], strict=options.strict)


def _variants(given: list[str]) -> dict[str, list[str]]:
    """Changed fields by the name of the variant. Raises InputError."""
    from ..errors import InputError, Problem
    from ..models.names import check_name

    found: dict[str, list[str]] = {}
    problems = []
    for text in given:
        name, colon, change = text.partition(":")
        try:
            found.setdefault(check_name(name if colon and "=" not in name else ""), []).append(change)
        except ValueError:
            allowed = "a name, a colon, a field path, = and a value"
            hint = "e.g. --variant low:market.hashprice.multiplier=0.8"
            problems.append(Problem("compare", "--variant", f'"{text}"', allowed, hint))
    if problems:
        raise InputError(problems)
    return found
