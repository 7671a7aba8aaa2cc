"""hashlease export: the plan as a workbook that stays optimal when a price in it is changed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .shared import loaded, path, printing, scenario_options, tell

if TYPE_CHECKING:
    from ..models.scenario import Scenario
    from . import Commands

BOX = {"hashprice": "0.5:2", "rent": "0.7:1.4", "power": "0.7:1.4"}


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "export", help="write the plan as a workbook whose formulas find the best plan at the prices typed into it"
    )
    scenario_options(command)
    command.add_argument(
        "-o", "--out", type=path, metavar="FILE", default=Path("plan.xlsx"), help="the workbook (default: plan.xlsx)"
    )
    for axis, default in BOX.items():
        help_ = f"range of the {axis} multiplier that is proved (default {default}; 'no' leaves it out)"
        command.add_argument(f"--{axis}", metavar="LOW:HIGH", default=default, help=help_)
    command.add_argument("--tolerance", metavar="SHARE", default="0.005", help="largest regret, of the NPV today (default 0.005)")
    command.add_argument("--tables", type=path, metavar="DIR", help="also write every table there, as CSV and Parquet")
    template = "fill the out_ names of this workbook instead of writing a new one"
    command.add_argument("--template", type=path, metavar="FILE", help=template)
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..exports.atomic import make_writable, write_atomically
    from ..exports.workbook.export import build, export_of
    from ..exports.workbook.template import filled
    from ..optimizer.decision_map import box_of
    from .decision_map import map_progress

    box, tolerance = box_of({axis: getattr(options, axis) for axis in BOX}, options.tolerance)
    _check_target(options.out, options.template)
    scenario, npv_usd = _scenario(options)
    make_writable(options.out.parent)
    if options.tables is not None:
        from ..exports.tables import refuse_another_scenario

        refuse_another_scenario(options.tables, scenario.name)
        make_writable(options.tables)
    on_terminal = sys.stderr.isatty()
    export = export_of(scenario, box, tolerance, map_progress if on_terminal else None)
    if on_terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    _check_value(options.scenario, npv_usd, export.plan.npv_usd)
    content, outputs = build(export)
    note = ""
    if options.template is not None:
        content, names = filled(options.template, outputs)
        note = f"filled {len(names)} names of {options.template.name}; its formulas are calculated when it is opened"
    write_atomically(options.out, content)
    if options.tables is not None:
        from ..exports.tables import write_plan, write_rows

        names = [*write_plan(export.plan, options.tables), *write_rows(options.tables, export.found.rows, {})]
        tell(f"wrote {len(names)} files to {options.tables}")
    with printing():
        print(f"wrote {options.out}: {len(export.words)} plans; {export.found.verdict}")
        if note:
            print(note)
    return export.plan.exit_code


def _scenario(options: argparse.Namespace) -> tuple[Scenario, float | None]:
    """The scenario, and the NPV of the plan that was named instead of one."""
    from ..scenarios.results import is_plan, scenario_of_plan

    if not is_plan(options.scenario):
        return loaded(options), None
    from ..errors import InputError, Problem

    if options.overrides:
        found = f"--set {options.overrides[0]}"
        raise InputError([Problem(options.scenario, "", f"{found} with a plan", "a scenario, which can be changed")])
    scenario, data = scenario_of_plan(options.scenario)
    return scenario, float(data["npv_usd"])


def _check_value(name: str, expected_usd: float | None, found_usd: float) -> None:
    """A plan that is exported must still be the one that was written."""
    from ..errors import InputError, Problem

    if expected_usd is not None and abs(expected_usd - found_usd) > 1e-9 * max(abs(expected_usd), 1e6):
        found = f"a plan of {expected_usd:,.0f} USD; solved again it is worth {found_usd:,.0f} USD"
        raise InputError(
            [Problem(name, "npv_usd", found, "a plan of this version of hashlease", "hashlease run SCENARIO --out DIR")]
        )


def _check_target(out: Path, template: Path | None) -> None:
    """Refuse a name that is no workbook's, the template itself, and a file that a spreadsheet program has open."""
    from ..errors import InputError, Problem

    problems = []
    if out.suffix.lower() != ".xlsx":
        problems.append(Problem("export", "--out", f'the name "{out.name}"', "a name that ends in .xlsx"))
    if template is not None and out.exists() and template.exists() and out.samefile(template):
        problems.append(Problem("export", "--out", "the template itself", "another file", "the template is never written to"))
    locks = [out.with_name(f"~${out.name}"), out.with_name(f".~lock.{out.name}#")]
    if any(lock.exists() for lock in locks):
        hint = f"close it, or write another file: -o {_free_name(out)}"
        problems.append(Problem(str(out), "", "a file that is open in a spreadsheet program", "a file that can be replaced", hint))
    if problems:
        raise InputError(problems)


def _free_name(out: Path) -> Path:
    """The first name with a number that no file has."""
    number = 2
    while (free := out.with_name(f"{out.stem}-{number}{out.suffix}")).exists():
        number += 1
    return free
