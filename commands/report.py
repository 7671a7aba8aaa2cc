"""hashlease report: a report as one HTML file that works without a network, and as PDF."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .shared import loaded, path, printing, progress_line, scenario_options, tell

if TYPE_CHECKING:
    from . import Commands

RANGES = {"hashprice": "0.5:2", "rent": "0.7:1.4", "power": "0.7:1.5"}
TOLERANCE = "0.005"


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "report",
        help="a report as one HTML file with sliders, charts and tables; with --pdf also for print",
        description="One HTML file that works without a network: the decision, a live what-if over the certified decision map, "
        "charts, tables and the proof.",
    )
    scenario_options(command)
    command.add_argument("-o", "--output", type=path, required=True, metavar="FILE", help="file to write: .html")
    command.add_argument(
        "--pdf", action="store_true", help="also print it to a PDF of the same name (needs Chromium, Chrome or Edge)"
    )
    command.add_argument("--browser", type=path, metavar="PATH", help="the browser that prints, where it is not found by itself")
    for axis, default in RANGES.items():
        words = f"range of the {axis} slider that is certified (default {default}; 'no' leaves it out)"
        command.add_argument(f"--{axis}", metavar="LOW:HIGH", default=default, help=words)
    words = f"largest regret in the box, of the NPV today (default {TOLERANCE})"
    command.add_argument("--tolerance", metavar="SHARE", default=TOLERANCE, help=words)
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    browser = _check(options)
    from ..exports.atomic import write_atomically
    from ..exports.report.page import report_page
    from ..exports.report.study import Study
    from ..optimizer.decision_map import axes_of, box_of
    from ..optimizer.solve import solve
    from .decision_map import map_progress

    box, tolerance = box_of({axis: getattr(options, axis) for axis in RANGES}, options.tolerance)
    axes_of(box, tolerance)
    scenario = loaded(options)
    on_terminal = sys.stderr.isatty()
    progress = progress_line() if on_terminal else None
    plan = solve(scenario, progress=progress)
    if not plan.is_final:
        tell("\n".join([plan.verdict, *plan.conflicts, "nothing was written: there is no plan"]))
        return plan.exit_code
    page = report_page(Study(plan, box, tolerance, progress, map_progress if on_terminal else None))
    content = {options.output: page.encode()}
    if browser is not None:
        from ..exports.report.pdf import pdf_of

        content[options.output.with_suffix(".pdf")] = pdf_of(page, browser)
    for file, written in content.items():
        write_atomically(file, written)
    with printing():
        print(f"wrote {' and '.join(map(str, content))}")
    return 0


def _check(options: argparse.Namespace) -> Path | None:
    """Everything that would make the solving vain; the browser, where one is needed. Raises InputError."""
    from ..errors import InputError, Problem
    from ..exports.atomic import make_writable
    from ..exports.report.pdf import browser_of

    file: Path = options.output
    problems = []
    if file.suffix.lower() not in (".html", ".htm"):
        problems.append(Problem("report", "-o", f'"{file}"', "a file that ends in .html", "--pdf writes the PDF beside it"))
    elif file.is_dir():
        problems.append(Problem("report", "-o", f'"{file}"', "a file", "this is a folder"))
    if options.browser is not None and not options.pdf:
        problems.append(Problem("report", "--browser", "no --pdf", "--browser together with --pdf"))
    browser = None
    if options.pdf:
        try:
            browser = browser_of(options.browser)
        except InputError as fault:
            problems += fault.problems
    if problems:
        raise InputError(problems)
    make_writable(file.parent)
    return browser
