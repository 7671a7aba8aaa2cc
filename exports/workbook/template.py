"""A user's own workbook, filled: cells under the names of the Links sheet get their values, everything else stays as it was.

openpyxl reads and writes the workbook. It does not keep charts, pivots, pictures, macros, links to other files, slicers, sparklines
and some newer formats, so a workbook that holds any of them is refused, not damaged.
"""

from __future__ import annotations

import difflib
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import InputError, Problem

Cell = float | str
NOT_KEPT = (
    (r"xl/charts/", "charts"),
    (r"xl/chartsheets/", "chart sheets"),
    (r"xl/pivot", "pivot tables"),
    (r"xl/media/", "pictures"),
    (r"xl/drawings/drawing", "drawings"),
    (r"xl/vbaProject", "macros"),
    (r"xl/externalLinks/", "links to other files"),
    (r"xl/slicer", "slicers"),
    (r"xl/timeline", "timelines"),
    (r"xl/threadedComments/", "threaded comments"),
    (r"xl/ctrlProps/|xl/activeX/", "form controls"),
    (r"xl/connections|xl/queryTables|customXml/", "queries"),
    (r"xl/richData/", "linked data types"),
)
"""Parts of the file that openpyxl drops."""
EXTENSIONS = re.compile(rb"<extLst|<mc:AlternateContent")
"""Newer formats inside a sheet: sparklines, newer conditional formats and validations."""
NAME = re.compile(r"out_[A-Za-z0-9_]+")
INSTEAD = "link your workbook to plan.xlsx by the names of its sheet Links, which damages nothing"


def filled(template: Path, values: Mapping[str, Sequence[Cell]]) -> tuple[bytes, list[str]]:
    """(the template with its out_ names filled, the names). Raises InputError with everything that stands against it."""
    content = _read(template)
    _refuse_what_is_lost(template, content)
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content))
    problems: list[Problem] = []
    done: list[str] = []
    for name, defined in book.defined_names.items():
        if not NAME.fullmatch(name):
            continue
        if name not in values:
            near = difflib.get_close_matches(name, values, n=1)
            hint = f"did you mean {near[0]}?" if near else "the sheet Links lists them"
            problems.append(Problem(str(template), name, "no output of that name", "a name of the contract", hint))
            continue
        problems += _fill(template, book, name, defined, values[name])
        done.append(name)
    if not done and not problems:
        allowed = "names that begin with out_, such as out_npv_musd"
        problems.append(Problem(str(template), "", "no defined name to fill", allowed, "Formulas > Name Manager in Excel"))
    if problems:
        raise InputError(problems)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue(), done


def _read(template: Path) -> bytes:
    try:
        content = template.read_bytes()
    except OSError as fault:
        raise InputError([Problem(str(template), "", fault.strerror or str(fault), "a workbook (.xlsx)")]) from None
    if template.suffix.lower() != ".xlsx" or not zipfile.is_zipfile(io.BytesIO(content)):
        raise InputError([Problem(str(template), "", "no .xlsx workbook", "a workbook (.xlsx)", "save it as .xlsx")])
    return content


def _refuse_what_is_lost(template: Path, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        lost = [what for pattern, what in NOT_KEPT if any(re.match(pattern, name) for name in names)]
        sheets = [name for name in names if re.match(r"xl/worksheets/[^/]+\.xml", name)]
        if any(EXTENSIONS.search(archive.read(name)) for name in sheets):
            lost.append("sparklines or newer conditional formats or validations")
    if lost:
        raise InputError(
            [Problem(str(template), "", f"{what}, which would be lost", "a workbook without them", INSTEAD) for what in lost]
        )


def _fill(template: Path, book: Any, name: str, defined: Any, values: Sequence[Cell]) -> list[Problem]:
    """Write the values into the area of a name, across or down."""
    destinations = list(defined.destinations)
    if len(destinations) != 1 or destinations[0][0] not in book.sheetnames:
        return [Problem(str(template), name, f"the reference {defined.attr_text}", "one area of a sheet")]
    sheet, area = destinations[0]
    cells = book[sheet][area.replace("$", "")]
    flat = (
        [cells] if not isinstance(cells, tuple) else [cell for row in cells for cell in (row if isinstance(row, tuple) else (row,))]
    )
    wide = isinstance(cells, tuple) and len({cell.row for cell in flat}) > 1 and len({cell.column for cell in flat}) > 1
    needed = max((number for number, value in enumerate(values, start=1) if value != ""), default=1)
    if wide or len(flat) < needed:
        found = f"an area of {len(flat)} cells" + (" in rows and columns" if wide else "")
        return [Problem(str(template), name, found, f"one row or column of at least {needed} cells", f"{sheet}!{area}")]
    for number, cell in enumerate(flat):
        value = values[number] if number < len(values) else ""
        cell.value = None if value == "" else value
        if isinstance(value, str) and value:
            cell.data_type = "s"
    return []
