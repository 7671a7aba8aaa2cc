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

from .commands import add_studies
from .commands.shared import loaded, path, printing, progress_line, scenario_options, tell

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
    run.add_argument("--format", choices=("table", "json"), default="table", help="what to print (default: table)")
    run.set_defaults(action=_run)

    validate = commands.add_parser("validate", help="check a scenario and print what its figures imply", epilog=EPILOG)
    scenario_options(validate)
    validate.add_argument("--sources", action="store_true", help="list every figure with its source")
    validate.set_defaults(action=_validate)

    new = commands.add_parser("new", help="write a commented starter scenario")
    new.add_argument("file", nargs="?", type=path, default=Path("scenario.yaml"), metavar="FILE", help="default: scenario.yaml")
    new.add_argument("--force", action="store_true", help="replace an existing file")
    new.set_defaults(action=_new)

    add_studies(commands)

    listing = commands.add_parser("list", help="list the scenarios that come with hashlease")
    listing.set_defaults(action=_list)

    explain = commands.add_parser("explain", help="print the formulation and its units in brief")
    explain.set_defaults(action=_explain)
    return top


def _version() -> str:
    from . import __version__

    return __version__


def _run(options: argparse.Namespace) -> int:
    scenario = loaded(options)
    if options.out is not None:
        from .exports.atomic import make_writable
        from .exports.tables import refuse_another_scenario

        if not options.force:
            refuse_another_scenario(options.out, scenario.name)
        make_writable(options.out)
    from .optimizer.solve import solve

    plan = solve(scenario, progress=progress_line() if sys.stderr.isatty() else None)
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


def _validate(options: argparse.Namespace) -> int:
    from .exports.scenario_screen import show_scenario

    scenario = loaded(options)
    with printing():
        show_scenario(scenario, options.sources)
    return 0


def _new(options: argparse.Namespace) -> int:
    from .errors import InputError, Problem
    from .exports.atomic import make_writable, write_atomically
    from .scenarios.load import STARTER

    file: Path = options.file
    if (file.exists() or file.is_symlink()) and not options.force:
        raise InputError([Problem(str(file), "", "a file that exists", "a new file", "--force replaces it")])
    make_writable(file.parent)
    write_atomically(file, STARTER.read_bytes())
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
