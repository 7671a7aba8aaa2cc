"""The command line: parse, call the API, print. Nothing heavy is imported before it is needed.

argparse rather than a richer library, because importing one costs more than the whole of `hashlease --help`.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .commands import add_studies
from .commands.shared import loaded, path, printing, progress_line, scenario_options, tell

if TYPE_CHECKING:
    from .models.scenario import Scenario

EXIT_INPUT, EXIT_NO_PLAN, EXIT_FAULT, EXIT_STOPPED = 2, 3, 4, 130

DESCRIPTION = "Decide what each megawatt of a bitcoin-mining site should do next: mine, or be leased to AI and HPC tenants."
EPILOG = (
    "exit codes: 0 certified, or proved within a stated gap; 2 input that cannot be used (nothing is written), "
    "or output that cannot be written; 3 proved infeasible; 4 do not use"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code.

    The process ends at once: everything is written and flushed, and taking a few thousand modules apart takes longer than
    printing the plan.
    """
    try:
        code = run_command(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run_command(arguments: Sequence[str]) -> int:
    """The exit code of a command; neither a faulty input nor a fault of ours ends in a traceback."""
    options = parser().parse_args(arguments)
    # A run is short and allocates much: collecting cycles in it only costs time, and so does looking for pydantic plugins.
    gc.set_threshold(200_000)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    from .errors import InputError, OutputError

    try:
        return int(options.action(options))
    except (InputError, OutputError) as problem:
        tell(str(problem))
        return EXIT_INPUT
    except KeyboardInterrupt:
        tell("stopped")
        return EXIT_STOPPED
    except Exception as fault:
        from .optimizer.diagnosis import NoPlanError
        from .optimizer.elastic import no_plan
        from .optimizer.optimise import InfeasibleError

        if isinstance(fault, InfeasibleError) and fault.proved:
            fault = no_plan(fault)
        if isinstance(fault, NoPlanError):
            tell("\n".join(["INFEASIBLE, PROVED", *fault.lines]))
            return EXIT_NO_PLAN
        if os.environ.get("HASHLEASE_TRACEBACK"):
            raise
        tell(f"DO NOT USE: a fault in hashlease itself ({type(fault).__name__}: {fault}).")
        tell("Please report it; with HASHLEASE_TRACEBACK=1 in the environment it shows where it happened.")
        return EXIT_FAULT


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="hashlease", description=DESCRIPTION, epilog=EPILOG)
    top.add_argument("--version", action="version", version=f"hashlease {_version()}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    run = commands.add_parser("run", help="find, prove and print the best allocation of a scenario", epilog=EPILOG)
    scenario_options(run)
    run.add_argument(
        "--out",
        type=path,
        metavar="DIR",
        help="also write plan.json, scenario.json, tables (CSV, Parquet) and manifest.json there",
    )
    run.add_argument("--force", action="store_true", help="write into a folder that holds the results of another scenario")
    _annotate_option(run)
    run.add_argument(
        "--time-limit",
        type=float,
        metavar="SECONDS",
        help="end a search over whole blocks after so long, with the best plan found and its proved bound",
    )
    run.add_argument("--format", choices=("table", "json"), default="table", help="what to print (default: table)")
    run.set_defaults(action=_run)

    validate = commands.add_parser("validate", help="check a scenario and print what its figures imply", epilog=EPILOG)
    scenario_options(validate)
    validate.add_argument("--sources", action="store_true", help="list every figure with its source")
    _annotate_option(validate)
    validate.set_defaults(action=_validate)

    new = commands.add_parser("new", help="write a commented starter scenario, as YAML or as a workbook")
    new.add_argument("file", nargs="?", type=path, metavar="FILE", help="default: scenario.yaml, or scenario.xlsx")
    new.add_argument("--xlsx", action="store_true", help="as an Excel workbook (needs hashlease[excel])")
    new.add_argument("--from", dest="source", metavar="SCENARIO", help="with --xlsx: this scenario instead of the starter")
    new.add_argument("--force", action="store_true", help="replace an existing file")
    new.set_defaults(action=_new)

    add_studies(commands)

    listing = commands.add_parser("list", help="list the scenarios that come with hashlease")
    listing.set_defaults(action=_list)

    explain = commands.add_parser("explain", help="print the formulation and its units in brief")
    explain.set_defaults(action=_explain)
    return top


def _annotate_option(command: argparse.ArgumentParser) -> None:
    help_ = "if a workbook has problems, write a copy there with the cells marked and a list of links to them"
    command.add_argument("--annotate", type=path, metavar="FILE", help=help_)


def _version() -> str:
    from . import __version__

    return __version__


def _run(options: argparse.Namespace) -> int:
    scenario = _loaded_or_annotated(options)
    if options.out is not None:
        from .exports.atomic import make_writable
        from .exports.tables import refuse_another_scenario

        if not options.force:
            refuse_another_scenario(options.out, scenario.name)
        make_writable(options.out)
    from .optimizer.solve import solve

    plan = solve(scenario, progress_line() if sys.stderr.isatty() else None, options.time_limit)
    with printing():
        if options.format == "json":
            print(plan.to_json())
        else:
            from .exports.screen import show_plan

            show_plan(plan)
    if options.out is not None:
        from .exports.tables import write_plan

        written = write_plan(plan, options.out) if plan.is_final else []
        tell(f"wrote {len(written)} files to {options.out}" if written else "nothing was written: there is no plan")
    return plan.exit_code


def _loaded_or_annotated(options: argparse.Namespace) -> Scenario:
    """The scenario; of a workbook with problems, a marked copy where --annotate asks for one."""
    if options.annotate is None:
        return loaded(options)
    from .errors import InputError
    from .exports.atomic import make_writable
    from .scenarios.load import locate
    from .scenarios.workbook.annotate import check_annotation, write_annotation

    source = locate(options.scenario)
    check_annotation(source, options.annotate)
    make_writable(options.annotate.parent)
    try:
        return loaded(options)
    except InputError as fault:
        tell(write_annotation(source, fault, options.annotate))
        raise


def _validate(options: argparse.Namespace) -> int:
    from .exports.scenario_screen import show_scenario

    scenario = _loaded_or_annotated(options)
    with printing():
        show_scenario(scenario, options.sources)
    return 0


def _new(options: argparse.Namespace) -> int:
    from .errors import InputError, Problem
    from .exports.atomic import make_writable, write_atomically
    from .scenarios.load import STARTER

    file: Path = options.file or Path("scenario.xlsx" if options.xlsx else "scenario.yaml")
    problems = []
    if (file.exists() or file.is_symlink()) and not options.force:
        problems.append(Problem(str(file), "", "a file that exists", "a new file", "--force replaces it"))
    if options.xlsx != (file.suffix.lower() == ".xlsx"):
        named = "a name that ends in .xlsx" if options.xlsx else "--xlsx with a name that ends in .xlsx"
        problems.append(Problem(str(file), "", f'the name "{file.name}"', named))
    if options.source is not None and not options.xlsx:
        problems.append(Problem("new", "--from", "no --xlsx", "--from together with --xlsx", "a YAML file is simply copied"))
    if problems:
        raise InputError(problems)
    if options.xlsx:
        from .scenarios.load import load
        from .scenarios.workbook.writer import workbook_bytes

        content = workbook_bytes(load(options.source or STARTER))
    else:
        content = STARTER.read_bytes()
    make_writable(file.parent)
    write_atomically(file, content)
    with printing():
        print(f"wrote {file}; next: hashlease validate {file}, then hashlease run {file}")
    return 0


def _list(options: argparse.Namespace) -> int:
    from .scenarios.load import shipped_titles

    with printing():
        for name, title in shipped_titles():
            print(f"{name:<16} {title}")
    return 0


def _explain(options: argparse.Namespace) -> int:
    from .exports.explanation import EXPLANATION

    with printing():
        print(EXPLANATION, end="")
    return 0


if __name__ == "__main__":
    main()
