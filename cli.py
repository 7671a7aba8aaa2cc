"""The command line: parse, call the API, print. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import click

EXIT_INPUT = 2
EXIT_FAULT = 4


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hashlease")
def main() -> None:
    """Decide what each megawatt of a bitcoin-mining site should do next: mine, or be leased to AI and HPC tenants.

    Exit codes: 0 certified or proved within a stated gap, 2 input that cannot be used, 3 proved infeasible, 4 do not use.
    """
    # A run is short and allocates much; collecting cycles during it only costs time.
    gc.set_threshold(200_000)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _guarded(action: object) -> None:
    """Run a command; inputs that cannot be used end with their problems and exit code 2, faults with 4, neither with a traceback."""
    from .errors import InputError

    assert callable(action)
    try:
        code = action()
    except InputError as problems:
        click.echo(str(problems), err=True)
        code = EXIT_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        code = 130
    except Exception as fault:
        if os.environ.get("HASHLEASE_TRACEBACK"):
            raise
        click.echo(f"DO NOT USE: a fault in hashlease itself ({type(fault).__name__}: {fault}).", err=True)
        click.echo("Please report it; HASHLEASE_TRACEBACK=1 shows where it happened.", err=True)
        code = EXIT_FAULT
    sys.exit(code)


scenario_argument = click.argument("scenario")
set_option = click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a field, e.g. --set market.hashprice.multiplier=1.2; repeatable."
)
strict_option = click.option("--strict", is_flag=True, help="Treat notes on the input as errors.")


@main.command()
@scenario_argument
@click.option("--out", type=click.Path(path_type=Path), help="Folder for plan.json, tables (CSV, Parquet) and manifest.json.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="What to print.")
@set_option
@strict_option
def run(scenario: str, out: Path | None, form: str, overrides: tuple[str, ...], strict: bool) -> None:
    """Find, prove and print the best allocation of SCENARIO (a YAML file, or a shipped one by name, e.g. rockdale)."""
    _guarded(lambda: _run(scenario, out, form, overrides, strict))


def _run(name: str, out: Path | None, form: str, overrides: tuple[str, ...], strict: bool) -> int:
    from .optimizer.solve import solve
    from .scenarios.load import load

    scenario = load(name, overrides, strict=strict)
    folder = None
    if out is not None:
        from .exports.atomic import writable_folder

        folder = writable_folder(out)
    plan = solve(scenario)
    if form == "json":
        click.echo(plan.to_json())
    else:
        from .exports.screen import console, show_plan

        show_plan(plan, console())
    if folder is not None and plan.is_final:
        from .exports.tables import write_plan

        written = write_plan(plan, folder)
        click.echo(f"wrote {len(written)} files to {folder}", err=True)
    elif folder is not None:
        click.echo("nothing was written: there is no plan", err=True)
    return plan.exit_code


@main.command()
@scenario_argument
@click.option("--sources", is_flag=True, help="List every figure with its source.")
@set_option
@strict_option
def validate(scenario: str, sources: bool, overrides: tuple[str, ...], strict: bool) -> None:
    """Check SCENARIO without solving it and print what its figures imply (USD/MWh, end dates, MW)."""
    _guarded(lambda: _validate(scenario, sources, overrides, strict))


def _validate(name: str, sources: bool, overrides: tuple[str, ...], strict: bool) -> int:
    from .exports.screen import console, show_scenario
    from .scenarios.load import load

    show_scenario(load(name, overrides, strict=strict), console(), sources)
    return 0


@main.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("scenario.yaml"))
@click.option("--force", is_flag=True, help="Replace an existing file.")
def new(file: Path, force: bool) -> None:
    """Write a commented starter scenario to FILE (default: scenario.yaml), ready to run and to change."""
    _guarded(lambda: _new(file, force))


def _new(file: Path, force: bool) -> int:
    from .errors import InputError, Problem
    from .exports.atomic import writable_folder, write_atomically
    from .scenarios.load import STARTER

    if (file.exists() or file.is_symlink()) and not force:
        raise InputError([Problem(str(file), "", "a file that exists", "a new file", "--force replaces it")])
    writable_folder(file.parent)
    write_atomically(file, STARTER.read_bytes())
    click.echo(f"wrote {file}; next: hashlease validate {file}, then hashlease run {file}")
    return 0


@main.command("list")
def list_scenarios() -> None:
    """List the scenarios that come with hashlease."""
    from .scenarios.load import shipped_titles

    for name, title in shipped_titles():
        click.echo(f"{name:<20} {title}")


@main.command()
def explain() -> None:
    """Print the formulation and its units in brief."""
    from .exports.explanation import EXPLANATION

    click.echo(EXPLANATION)
