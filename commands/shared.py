"""What the commands share: arguments, printing, progress, and writing a table to a file."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..models.scenario import Scenario


def tell(text: str) -> None:
    """Print beside the answer; where nobody listens, the exit code still tells."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """Whoever reads the answer may stop reading (`| head`); an answer that cannot be printed is an OutputError."""
    from ..errors import OutputError

    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as fault:
        raise OutputError("the standard output", fault) from None


def scenario_options(command: argparse.ArgumentParser) -> None:
    help_ = "a YAML file, a workbook (.xlsx), or the name of a scenario that comes along (rockdale)"
    command.add_argument("scenario", metavar="SCENARIO", help=help_)
    command.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="change a field, e.g. market.hashprice.multiplier=1.2 or 'leases.*.escalator_per_year=0.02'; repeatable",
    )
    command.add_argument(
        "--strict",
        action="store_true",
        help="treat notes on the input as errors (a figure without a source is no note; see validate --sources)",
    )


def path(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty name; a point (.) is the present folder")
    return Path(text)


def progress_line() -> Callable[[str, int, int], None]:
    """Shows how far a step is on one line of the terminal, once it has taken a second."""
    import time

    begun = time.monotonic()

    def show(step: str, done: int, of: int) -> None:
        if time.monotonic() - begun > 1.0:
            end = "\r\033[K" if done + 1 == of else ""
            print(f"\r{step} {done + 1} of {of}{end}", end="", file=sys.stderr, flush=True)

    return show


def loaded(options: argparse.Namespace) -> Scenario:
    """The scenario that the arguments name, with its overrides."""
    from ..scenarios.load import load

    return load(options.scenario, options.overrides, strict=options.strict)


def title(scenario: Scenario) -> None:
    """Print what the figures below belong to: the scenario, its file, and the fields that were changed."""
    import shutil

    from ..exports.screen import title_lines

    for line in title_lines(scenario, shutil.get_terminal_size().columns):
        print(line)
