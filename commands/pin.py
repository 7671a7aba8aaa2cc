"""hashlease pin: fix the leases of a plan, so that it can be valued in another scenario."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .shared import path, printing

if TYPE_CHECKING:
    from . import Commands


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "pin", help="fix the leases of a plan, to value them in another scenario (hashlease compare --plan)"
    )
    command.add_argument("plan", type=path, metavar="PLAN.json", help="plan.json of hashlease run SCENARIO --out DIR")
    command.add_argument(
        "-o", "--output", type=path, default=Path("pinned.json"), metavar="FILE", help="file to write (default: pinned.json)"
    )
    command.add_argument("--name", help="what comparisons call the plan (default: the scenario's name)")
    command.add_argument("--force", action="store_true", help="replace an existing file")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..errors import InputError, Problem
    from ..exports.atomic import make_writable, write_atomically
    from ..optimizer.pinned import pin

    file: Path = options.output
    found = pin(options.plan, options.name)
    if (file.exists() or file.is_symlink()) and not options.force:
        raise InputError([Problem(str(file), "", "a file that exists", "a new file", "--force replaces it")])
    if file.exists() and file.samefile(options.plan):
        raise InputError([Problem(str(file), "", "the plan itself", "another file")])
    make_writable(file.parent)
    write_atomically(file, found.to_json().encode())
    with printing():
        mw = sum(lease.critical_mw for lease in found.leases)
        print(f'wrote {file}: "{found.name}", {len({lease.offer for lease in found.leases})} leases, {mw:,.1f} critical MW')
        print(f"next: hashlease compare SCENARIO --plan {file}")
    return 0
