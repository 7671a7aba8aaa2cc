"""What is wrong with a file as a workbook, found before any of it is interpreted, and what its values do not tell.

An .xlsx is a ZIP archive of XML. Sizes are bounded as declared and as found; the reader of values gets a new archive of the parts
that it needs, so that it sees nothing else. The XML of the sheets is scanned for what the reader of values leaves out: cells with
errors, formulas without a value, merged cells, and what is hidden.
"""

from __future__ import annotations

import contextlib
import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from ...errors import InputError, Problem
from ...models.files import ZIP
from . import EXCEL_97

LARGEST_UNZIPPED = 64_000_000
MOST_PARTS = 2_000
LARGEST_RATIO, RATIO_FROM = 200, 10_000_000
"""Bytes unzipped for each zipped one, of archives from a size on."""
MOST_CELLS = 300_000
MOST_ROWS, MOST_COLUMNS = 20_000, 500
"""Where the last value of a sheet may stand."""
LARGEST_AREA = 2_000_000
MOST_ERRORS = 1_000
"""Cells with errors, or merged ones, of a sheet; more of them have one cause."""

WORKBOOK, RELATIONS, TYPES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"
ALLOWED = "an Excel workbook (.xlsx)"
SAVE_AS = "save it as .xlsx (Excel Workbook)"


@dataclass
class SheetScan:
    """One sheet as its XML says it. Cells are (row, column), both from 0."""

    name: str
    hidden: bool = False
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    formulas: dict[tuple[int, int], bool] = field(default_factory=dict)
    """Whether a value was saved with the formula."""
    merged: list[str] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    cells: int = 0
    last_row: int = -1
    last_column: int = -1


@dataclass
class Archive:
    """A workbook that may be read: its sheets, whether its dates count from 1904, and an archive for the reader of values."""

    sheets: dict[str, SheetScan]
    from_1904: bool
    content: bytes


def open_archive(content: bytes, name: str) -> Archive:
    """Raises InputError in plain words for everything that is not a workbook of bounded size."""

    def refused(found: str, allowed: str = ALLOWED, hint: str = "") -> InputError:
        return InputError([Problem(name, "", found, allowed, hint)])

    if content.startswith(EXCEL_97):
        raise refused("a workbook of Excel 97 (.xls), or one with a password", hint=f"{SAVE_AS}, without a password")
    if not content.startswith((ZIP, b"PK\x05\x06")):
        raise refused("an empty file" if not content else "a file that is no workbook, whatever its name says", hint=SAVE_AS)
    try:
        parts = _parts(content, refused)
        return _read(parts, name, refused)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, KeyError, ValueError):
        raise refused("a damaged ZIP archive", hint="open it in Excel and save it again") from None
    except expat.ExpatError:
        raise refused("XML that cannot be read", hint="open it in Excel and save it again") from None


def _parts(content: bytes, refused: Callable[..., InputError]) -> dict[str, bytes]:
    """The parts that matter, by name; nothing is unzipped before the archive's own figures are within the bounds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        unzipped = sum(entry.file_size for entry in entries)
        if len(entries) > MOST_PARTS:
            raise refused(f"an archive of {len(entries):,} parts", f"at most {MOST_PARTS:,}")
        if unzipped > LARGEST_UNZIPPED or (unzipped > RATIO_FROM and unzipped > LARGEST_RATIO * len(content)):
            size = f"an archive that unzips to {unzipped / 1e6:,.0f} MB"
            hint = "values without pictures, copied to a new workbook, are small"
            raise refused(size, f"at most {LARGEST_UNZIPPED / 1e6:,.0f} MB, and {LARGEST_RATIO} times its size", hint)
        if len(set(names)) != len(names):
            raise refused("an archive that holds a part twice")
        if any(entry.flag_bits & 1 for entry in entries):
            raise refused("an archive with a password", hint="save it without a password")
        _refuse_other_formats(archive, names, refused)
        wanted = [n for n in names if n in (TYPES, "_rels/.rels") or (n.startswith("xl/") and n.endswith((".xml", ".rels")))]
        needed = [n for n in wanted if not n.startswith(("xl/drawings/", "xl/charts/", "xl/media/", "xl/pivot"))]
        found = {part: _unzipped(archive, part) for part in needed}
    for part, text in found.items():
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\x00" in text:
            raise refused(f"a document type or text that is not UTF-8 in {part}", "plain XML in UTF-8", SAVE_AS)
    return found


def _unzipped(archive: zipfile.ZipFile, part: str) -> bytes:
    """A part, which is as large as the archive says; its checksum is verified. Raises BadZipFile."""
    size = archive.getinfo(part).file_size
    with archive.open(part) as stream:
        text = stream.read(size + 1)
        if len(text) != size:
            raise zipfile.BadZipFile("a part of another size than declared")
    return text


def _refuse_other_formats(archive: zipfile.ZipFile, names: list[str], refused: Callable[..., InputError]) -> None:
    types = _unzipped(archive, TYPES) if TYPES in names else b""
    if "xl/vbaProject.bin" in names or b"macroEnabled" in types:
        raise refused("a workbook with macros (.xlsm)", hint=SAVE_AS)
    if "xl/workbook.bin" in names:
        raise refused("a binary workbook (.xlsb)", hint=SAVE_AS)
    if "mimetype" in names and b"opendocument" in _unzipped(archive, "mimetype"):
        raise refused("an OpenDocument file (.ods)", hint=SAVE_AS)
    if WORKBOOK not in names or RELATIONS not in names:
        raise refused("a ZIP archive that is no Excel workbook", hint=SAVE_AS)


def _read(parts: dict[str, bytes], name: str, refused: Callable[..., InputError]) -> Archive:
    listed: list[tuple[str, str, bool]] = []
    targets: dict[str, str] = {}
    from_1904 = False

    def in_workbook(tag: str, at: dict[str, str]) -> None:
        nonlocal from_1904
        if tag == "sheet":
            relation = next((value for key, value in at.items() if key.rpartition(":")[2] == "id" and ":" in key), "")
            listed.append((at.get("name", ""), relation, at.get("state", "visible") != "visible"))
        elif tag == "workbookPr":
            from_1904 = at.get("date1904", "0") in ("1", "true")

    def in_relations(tag: str, at: dict[str, str]) -> None:
        if tag == "Relationship" and at.get("Type", "").endswith("/worksheet") and at.get("TargetMode") != "External":
            target = at.get("Target", "")
            joined = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            targets[at.get("Id", "")] = joined

    _parse(parts[WORKBOOK], in_workbook)
    _parse(parts[RELATIONS], in_relations)
    sheets: dict[str, SheetScan] = {}
    left = MOST_CELLS
    for sheet, relation, hidden in listed:
        if sheet in sheets:
            raise refused(f'two sheets named "{sheet}"', "each sheet once")
        scan = SheetScan(sheet, hidden)
        if relation in targets:
            _scan(parts[targets[relation]], scan, left)
        left -= scan.cells
        if left < 0:
            raise refused(f"more than {MOST_CELLS:,} cells", f"at most {MOST_CELLS:,}", "delete empty rows that carry formats")
        if len(scan.errors) > MOST_ERRORS:
            where = f"{name} {sheet}!{cell_name(*min(scan.errors))}"
            found = f"{len(scan.errors):,} cells with errors, the first of them {scan.errors[min(scan.errors)]}"
            raise InputError([Problem(where, "", found, "cells without errors", "mend the formula that they hang on")])
        beyond = scan.last_row >= MOST_ROWS or scan.last_column >= MOST_COLUMNS
        if beyond or (scan.last_row + 1) * (scan.last_column + 1) > LARGEST_AREA:
            where = f"{name} {sheet}!{cell_name(scan.last_row, scan.last_column)}"
            allowed = f"values in the first {MOST_ROWS:,} rows and {MOST_COLUMNS} columns"
            raise InputError([Problem(where, "", "values that far out", allowed, "delete what stands far from the table")])
        sheets[sheet] = scan
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        for part, text in parts.items():
            archive.writestr(part, text)
    return Archive(sheets, from_1904, stored.getvalue())


class _TooManyCellsError(Exception):
    """More cells than are read."""


def _scan(text: bytes, scan: SheetScan, most: int) -> None:
    """Fill a scan from the XML of a sheet; it stops when there are more cells than `most`."""
    row = column = -1
    error = formula = saved = False
    value: list[str] | None = None

    def start(tag: str, at: dict[str, str]) -> None:
        nonlocal row, column, error, formula, saved, value
        if tag == "c":
            scan.cells += 1
            if scan.cells > most:
                raise _TooManyCellsError
            column += 1
            if reference := at.get("r"):
                row, column = cell_at(reference)
            error, formula, saved = at.get("t") == "e", False, False
        elif tag == "row":
            row = int(at["r"]) - 1 if "r" in at else row + 1
            column = -1
            if at.get("hidden") in ("1", "true"):
                scan.hidden_rows.add(row)
        elif tag == "f":
            formula = True
        elif tag in ("v", "is"):
            saved = True
            value = [] if error else None
        elif tag == "mergeCell":
            if len(scan.merged) < MOST_ERRORS:
                scan.merged.append(at.get("ref", ""))
        elif tag == "col" and at.get("hidden") in ("1", "true"):
            scan.hidden_columns.append((int(at["min"]) - 1, int(at["max"]) - 1))

    def end(tag: str) -> None:
        nonlocal value
        if tag == "v" and value is not None:
            scan.errors[row, column] = "".join(value)[:20]
            value = None
        elif tag == "c" and (saved or formula):
            scan.last_row, scan.last_column = max(scan.last_row, row), max(scan.last_column, column)
            if formula:
                scan.formulas[row, column] = saved

    def data(words: str) -> None:
        if value is not None:
            value.append(words)

    with contextlib.suppress(_TooManyCellsError):
        _parse(text, start, end, data)


def _parse(text: bytes, start: Any, end: Any = None, data: Any = None) -> None:
    """Hand the elements of XML over by their local names."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    locals_: dict[str, str] = {}

    def local(tag: str) -> str:
        found = locals_.get(tag)
        if found is None:
            found = locals_[tag] = tag.rpartition(":")[2]
        return found

    parser.StartElementHandler = lambda tag, at: start(local(tag), at)
    if end is not None:
        parser.EndElementHandler = lambda tag: end(local(tag))
    if data is not None:
        parser.CharacterDataHandler = data
    parser.Parse(text, True)


def cell_at(reference: str) -> tuple[int, int]:
    """(row, column) of a cell such as D7, both from 0. Raises ValueError."""
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?([1-9]\d{0,6})", reference, re.ASCII)
    if found is None:
        raise ValueError(f"not a cell: {reference!r}")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def cell_name(row: int, column: int) -> str:
    """D7 for (6, 3)."""
    letters, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"
