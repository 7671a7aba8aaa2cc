"""hashlease value: a listed miner as the sum of its parts, against its market capitalisation."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .shared import path, printing

if TYPE_CHECKING:
    from . import Commands


def add(commands: Commands) -> None:
    command = commands.add_parser("value", help="a listed miner as the sum of its parts, against its market capitalisation")
    command.add_argument("file", type=path, metavar="MINER.yaml", help="the parts, the net debt and the market capitalisation")
    command.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="PATH=VALUE", help="change a field; repeatable"
    )
    command.add_argument("--new", action="store_true", help="write a commented starter to the file instead")
    command.add_argument("-o", "--out", type=path, metavar="FILE", help="write parts and measures to FILE.csv or FILE.parquet")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    if options.new:
        return _new(options.file)
    from ..exports.value_screen import value_lines
    from ..optimizer.sum_of_parts import sum_of_parts
    from ..scenarios.miner_files import load_miner

    found = sum_of_parts(*load_miner(options.file, options.overrides))
    if options.out is not None:
        from ..exports.growing_table import open_table

        table = open_table(options.out)
        for row in found.rows():
            table.add(row)
        table.close()
    with printing():
        for line in value_lines(found):
            print(line)
    return 0


def _new(file: Path) -> int:
    from ..errors import InputError, Problem
    from ..exports.atomic import make_writable, write_atomically
    from ..scenarios.miner_files import STARTER

    if file.exists() or file.is_symlink():
        raise InputError([Problem(str(file), "", "a file that exists", "a new file")])
    make_writable(file.parent)
    write_atomically(file, STARTER.read_bytes())
    with printing():
        print(f"wrote {file}; next: hashlease value {file}")
    return 0
