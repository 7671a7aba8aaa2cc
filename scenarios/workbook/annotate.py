"""A copy of a workbook in which the cells with mistakes are marked, with a list of them and links to them."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import InputError, Problem, printable
from .layout import NOTES

LIST = f"{NOTES} on problems"
"""Its name keeps the list from being read as a part of the scenario."""
CELL = re.compile(r" (\w+)!([A-Z]{1,3}[1-9]\d*)$", re.ASCII)
COLUMNS = (("cell", 18), ("field", 48), ("found", 60), ("allowed", 60), ("hint", 60))
LIBRARY = "pip install 'hashlease[excel]'"


def check_annotation(source: Path, target: Path) -> None:
    """Raises InputError where a marked copy could not be written: it never takes the place of a file."""
    from importlib.util import find_spec

    problems = []
    if source.suffix.lower() != ".xlsx":
        problems.append(Problem(str(source), "--annotate", "a scenario that is no workbook", "a workbook (.xlsx)"))
    if target.suffix.lower() != ".xlsx":
        problems.append(Problem(str(target), "--annotate", f'"{target.name}"', "a name that ends in .xlsx"))
    if target.exists() or target.is_symlink():
        hint = "what was corrected there would be lost"
        problems.append(Problem(str(target), "--annotate", "a file that exists", "a new file", hint))
    if find_spec("openpyxl") is None:
        problems.append(Problem("--annotate", "", "no openpyxl, which marks cells", "openpyxl", LIBRARY))
    if problems:
        raise InputError(problems)


def write_annotation(source: Path, fault: InputError, target: Path) -> str:
    """Write the marked copy, if a problem lies in a cell; returns what was done, in words. Raises OutputError."""
    from ...exports.atomic import write_atomically

    marked = [problem for problem in fault.problems if CELL.search(problem.where)]
    if not marked:
        return f"{target} was not written: no problem lies in a cell"
    try:
        content = annotated(source.read_bytes(), fault.problems, fault.more)
    except Exception as trouble:  # the workbook is not sound, and the library has no one error for that
        return f"{target} was not written: openpyxl cannot copy the workbook ({type(trouble).__name__})"
    write_atomically(target, content)
    return f"wrote {target}: a copy with the cells marked and listed on the sheet {LIST}"


def annotated(content: bytes, problems: Sequence[Problem], more: int = 0) -> bytes:
    """The workbook with its cells marked. Charts, pictures and the saved values of formulas are not kept."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content))
    if LIST in book.sheetnames:
        del book[LIST]
    sheet = book.create_sheet(LIST, 0)
    book.active = 0
    for at, (title, width) in enumerate(COLUMNS, start=1):
        _write(sheet, 1, at, title, bold=True)
        sheet.column_dimensions[openpyxl.utils.get_column_letter(at)].width = width
    for row, problem in enumerate(problems, start=2):
        found = CELL.search(problem.where)
        cell = f"{found[1]}!{found[2]}" if found is not None else problem.where
        for at, text in enumerate((cell, problem.field, problem.found, problem.allowed, problem.hint), start=1):
            _write(sheet, row, at, text)
        if found is not None and found[1] in book.sheetnames:
            _link(sheet.cell(row, 1), cell)
            _mark(book[found[1]][found[2]], problem)
    if more:
        _write(sheet, len(problems) + 2, 1, f"and {more:,} more")
    sheet.freeze_panes = "A2"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _write(sheet: Any, row: int, column: int, text: str, bold: bool = False) -> None:
    """Text that no spreadsheet takes for a formula."""
    from openpyxl.styles import Alignment, Font

    cell = sheet.cell(row, column)
    cell.value = printable(text)
    cell.data_type = "s"
    cell.font = Font(bold=bold)
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def _link(cell: Any, target: str) -> None:
    from openpyxl.styles import Font
    from openpyxl.worksheet.hyperlink import Hyperlink

    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=target, display=target)
    cell.font = Font(color="0563C1", underline="single")


def _mark(cell: Any, problem: Problem) -> None:
    from openpyxl.cell.cell import MergedCell
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    cell.fill = PatternFill("solid", start_color="FFC7CE")
    if isinstance(cell, MergedCell):
        return
    parts = [f"found: {problem.found}", f"allowed: {problem.allowed}", *([f"hint: {problem.hint}"] if problem.hint else [])]
    before = f"{cell.comment.text}\n\n" if cell.comment is not None else ""
    cell.comment = Comment(before + "\n".join(map(printable, parts)), "hashlease", height=140, width=420)
