"""A workbook as the same document that YAML yields, each place with its cell; every mistake is noted, none guessed away.

What is the same for every sheet: blanks at the ends of names, choices and months are dropped; a cell of blanks is empty, and an
empty cell is a field that is not written; empty rows are passed over. What cannot be seen on the screen is not read: a hidden row,
column or sheet with values is refused. A formula counts with the value that was saved with it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from ...errors import InputError, Problem
from ...models.months import FIRST_YEAR, LAST_YEAR, Month
from ...models.names import composed
from ...models.quantities import hint_on_text
from ...models.refusal import Fault, Place, listed, nearest, shortened, shown
from ..yaml_reader import MOST_VALUES, Document, invisible, row_name
from .archive import SheetScan, cell_name, open_archive
from .layout import (
    BUDGET,
    BUDGET_FIELDS,
    NOTES,
    PATHS,
    PRICES,
    SHAPES,
    SHARE,
    SOURCE_COLUMNS,
    SOURCES,
    UNIT,
    Column,
    Fields,
    Kind,
    Sheet,
    budget_columns,
    path_columns,
    sheets,
)

AGAIN = "open it in Excel and save it again"
LONGEST_TEXT = 32_767
MOST_CELLS = 200_000
"""Cells in the rows of all items, empty ones too."""
NEW_XLSX = "hashlease new --xlsx writes a workbook with every sheet and column"
MONTH_OF_SHAPE = re.compile(r"(?:(?P<product>.+) )?(?:[1-9]|1[0-2])")
"""Label of a row of Shapes: a month of the year, behind the name of an ancillary product where it holds the product's prices."""
_TRIMMED = {Kind.NAME, Kind.CHOICE, Kind.MONTH, Kind.DAY, Kind.PATH, Kind.FLAG}
_HINTS = (
    (re.compile(r"write it without quotes: (.*)"), r"the cell holds text; type the number again: \1"),
    (re.compile(r'put it in quotes: "(.*)"'), r"an apostrophe in front makes it text: '\1"),
    (re.compile(r"put it in quotes"), "an apostrophe in front makes it text"),
    (re.compile(r"hashlease new writes a scenario with every field explained"), NEW_XLSX),
)
"""Hints on YAML, and what is said of a cell."""


@dataclass(frozen=True)
class WorkbookDocument(Document):
    """A document whose lines are positions in `cells`, the cells in the order in which they were read."""

    cells: tuple[str, ...] = ()

    def where(self, place: Place) -> str:
        """File and cell of a place, or of the nearest enclosing one; or the option that set it."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.set_by:
                return self.set_by[place[:length]]
        return self._cell(self.line(place))

    def problem(self, fault: Fault) -> Problem:
        return _in_words_of_cells(super().problem(fault))

    def reading_problems(self, most: int) -> list[tuple[int, Problem]]:
        return [
            (at, Problem(self._cell(at), self.field(fault.place), fault.found, fault.allowed, fault.hint))
            for at, fault in self.faults[:most]
        ]

    def _cell(self, at: int) -> str:
        return f"{self.name} {self.cells[at - 1]}" if at else self.name


def _in_words_of_cells(problem: Problem) -> Problem:
    hint = problem.hint
    for pattern, words in _HINTS:
        if pattern.fullmatch(hint):
            hint = pattern.sub(words, hint)
    return replace(problem, hint=hint)


def read_workbook(path: Path, content: bytes) -> WorkbookDocument:
    """The content of a workbook. Raises InputError where it cannot be read at all; its mistakes are noted in the document."""
    try:
        import python_calamine as calamine
    except ImportError:
        hint = "pip install 'hashlease[excel]'"
        raise InputError([Problem(str(path), "", "no python-calamine, which reads workbooks", "python-calamine", hint)]) from None
    archive = open_archive(content, str(path))
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(archive.content))
        grids = {
            name: _grid(book.get_sheet_by_name(name), scan)
            for name, scan in archive.sheets.items()
            if scan.last_row >= 0 and not name.startswith(NOTES)
        }
    except calamine.CalamineError as fault:
        said = (str(fault).splitlines() or ["it cannot be read"])[0]
        raise InputError([Problem(str(path), "", f"a damaged workbook ({shortened(said)})", "a workbook", AGAIN)]) from None
    except BaseException as fault:  # a panic of the library is no Exception
        if isinstance(fault, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise InputError(
            [Problem(str(path), "", "a damaged workbook", "a workbook", "open it in Excel and save it again")]
        ) from None
    return _Reader(str(path), archive.sheets, grids, archive.from_1904).document()


def _grid(found: Any, scan: SheetScan) -> list[list[Any]]:
    """The values of a sheet from A1 on, filled up to the last cell that the scan knows."""
    rows: list[list[Any]] = found.to_python(skip_empty_area=False)
    rows += [[] for _ in range(scan.last_row + 1 - len(rows))]
    return [row + [""] * (scan.last_column + 1 - len(row)) for row in rows]


class _Absent:
    """An empty cell."""


ABSENT = _Absent()


class _Reader:
    """Turns the cells of a workbook into plain data, noting where each place stands and collecting faults."""

    def __init__(self, name: str, scans: dict[str, SheetScan], grids: dict[str, list[list[Any]]], from_1904: bool) -> None:
        self.name, self.scans, self.grids, self.from_1904 = name, scans, grids, from_1904
        self.data: dict[str, Any] = {}
        self.cells: list[str] = []
        self.positions: dict[str, int] = {}
        self.lines: dict[Place, int] = {}
        self.faults: list[tuple[int, Fault]] = []
        self.unread: set[Place] = set()
        self.formulas: list[str] = []
        self.values = 0
        self.index: dict[str, dict[str, int]] = {}
        self.items: dict[str, list[Place]] = {}
        self.paths: dict[str, _WrittenPath] = {}
        self.months: dict[int, str] = {}
        self.lost: set[str] = set()
        """Sheets that cannot be read, which is a fault; what depends on them is none besides."""

    def document(self) -> WorkbookDocument:
        self._check_sheets()
        self._read_paths()
        for sheet in sheets():
            if sheet.name in self.grids:
                (self._form if sheet.is_form else self._table)(sheet)
        self._shapes()
        self._budget()
        self._sources()
        return WorkbookDocument(
            self.name,
            self.data,
            self.lines,
            faults=tuple(sorted(self.faults, key=lambda entry: entry[0])),
            unread=frozenset(self.unread),
            cells=tuple(self.cells),
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        """What the screen of the spreadsheet does not show: values that a formula had when the workbook was saved."""
        cells = list(dict.fromkeys(self.formulas))
        if not cells:
            return ()
        what = "the saved value of 1 formula is" if len(cells) == 1 else f"the saved values of {len(cells):,} formulas are"
        return (f"{what} read: {listed(cells)}",)

    # --- sheets ------------------------------------------------------------------------------------------------------------

    def _check_sheets(self) -> None:
        """Unknown and hidden sheets, and what is merged or hidden in the others."""
        known = [sheet.name for sheet in sheets()] + [PATHS, PRICES, SHAPES, BUDGET, SOURCES]
        if not any(name in self.grids for name in ("General", "Market", "Sites")):
            found = f"the sheets {listed(self.scans)}" if self.scans else "no sheet"
            raise InputError([Problem(self.name, "", found, f"the sheets {listed(known)}", NEW_XLSX)])
        for name, scan in self.scans.items():
            if name.startswith(NOTES) or name not in self.grids:
                continue
            at = self._at(name, 0, 0)
            if name not in known:
                allowed = f"one of: {listed(known)}"
                hint = nearest(name, known) or f'a sheet whose name begins with "{NOTES}" is not read'
                self._fault(at, (), f'the unknown sheet "{shortened(name)}"', allowed, hint)
                del self.grids[name]
                continue
            if scan.hidden:
                self._fault(at, (), f"the hidden sheet {name}", "sheets that can be seen", "show it, or delete it")
            for area in scan.merged:
                first, _, last = area.partition(":")
                here = self._at_name(name, first if re.fullmatch(r"[A-Z]+\d+", first) else "A1")
                hint = "unmerge them and write the value into every row that it is meant for"
                self._fault(here, (), f"merged cells {first} to {last}", "one value in each cell", hint)
            self._check_hidden(name, scan)

    def _check_hidden(self, name: str, scan: SheetScan) -> None:
        grid = self.grids[name]
        rows = [row for row in sorted(scan.hidden_rows) if row < len(grid) and any(not _blank(cell) for cell in grid[row])]
        if rows:
            many = f"{len(rows)} hidden rows with values" if len(rows) > 1 else "a hidden row with values"
            hint = "show them (or clear the filter), or delete what is not meant"
            self._fault(self._at(name, rows[0], 0), (), many, "rows that can be seen", hint)
        for first, last in scan.hidden_columns:
            full = [c for c in range(first, min(last, scan.last_column) + 1) if any(not _blank(row[c]) for row in grid[2:])]
            if full:
                at = self._at(name, 0, full[0])
                self._fault(at, (), "a hidden column with values", "columns that can be seen", "show it, or empty it")

    def _form(self, sheet: Sheet) -> None:
        """One field a row: its name in column `field`, its value in column `value`."""
        header = self._header(sheet.name, ("field", "value", "unit", "allowed", "note"), ("field", "value"))
        if header is None:
            self.unread.update(column.place[:1] for column in sheet.columns if column.place[0] != "power")
            return
        known = {column.header: column for column in sheet.columns}
        first: dict[str, str] = {}
        for row in range(1, len(self.grids[sheet.name])):
            name, value = (self.grids[sheet.name][row][header[part]] for part in ("field", "value"))
            at = self._at(sheet.name, row, header["field"])
            if _blank(name):
                if not _blank(value):
                    self._fault(at, (), f"{_shown(value)} without a field", "the name of a field in this row")
                continue
            field = composed(str(name)).strip()
            column = known.get(field)
            if column is None:
                self._fault(at, (), f"the unknown field {shortened(field)}", f"one of: {listed(known)}", nearest(field, known))
            elif field in first:
                self._fault(at, column.place, f"the field {field} a second time (first in {first[field]})", "each field once")
            else:
                first[field] = cell_name(row, header["field"])
                self._put(column, (), sheet.name, row, header["value"])

    def _table(self, sheet: Sheet) -> None:
        """One item a row; a list inside items names its item first."""
        columns = {column.header: column for column in sheet.columns}
        header = self._header(sheet.name, columns, columns if sheet.parent else ("name",), units=True)
        if header is None:
            self.unread.update({sheet.place} if sheet.place else set())
            return
        self.items[sheet.name] = []
        ordered = [(columns[name], at) for name, at in header.items()]
        for row in self._rows(sheet.name, header):
            place = self._item(sheet, header, row)
            if place is None:
                continue
            self.items[sheet.name].append(place)
            self.lines[place] = self._at(sheet.name, row, 0)
            for column, at in ordered:
                if not sheet.parent or column.place not in ((sheet.key,), ("field",)):
                    self._put(column, place, sheet.name, row, at)
            if not sheet.parent and isinstance(name := self._found(place).get("name"), str):
                self.index.setdefault(sheet.name, {}).setdefault(composed(name), int(place[-1]))

    def _item(self, sheet: Sheet, header: dict[str, int], row: int) -> Place | None:
        """Where the item of a row belongs, which is made there; None, with a fault, where that is not known."""
        rows = self._parent_list(sheet, header, row) if sheet.parent else self._made_list(sheet.place)
        if rows is None:
            return None
        place, items = rows
        items.append({})
        return (*place, len(items) - 1)

    def _parent_list(self, sheet: Sheet, header: dict[str, int], row: int) -> tuple[Place, list[Any]] | None:
        """The list of the parent that a row names, and of the field where there are several."""
        parent = next(found for found in sheets() if found.name == sheet.parent)
        number = self._reference(sheet.parent, sheet.name, row, header[sheet.key])
        field = sheet.lists[0]
        if len(sheet.lists) > 1:
            column = next(column for column in sheet.columns if column.place == ("field",))
            written = self._text(sheet.name, row, header["field"])
            chosen = next((place for place in sheet.lists if ".".join(place) == written), None)
            if chosen is None:
                at = self._at(sheet.name, row, header["field"])
                self._fault(at, (), shown(written or None), column.allowed, nearest(written, map(str, column.choices)))
                return None
            field = chosen
        if number is None:
            return None
        place: Place = (*parent.place, number, *field)
        self.lines.setdefault(place, self._at(sheet.name, row, 0))
        found = self._found(place[:-1])
        if not isinstance(found.get(place[-1], []), list):
            at = self._at(sheet.name, row, header[sheet.key])
            self._fault(
                at, place, f"rows beside a number on {sheet.parent}", "one of the two", f"empty the number on {sheet.parent}"
            )
            return None
        return place, found.setdefault(place[-1], [])

    def _reference(self, table: str, name: str, row: int, column: int) -> int | None:
        """The number of the item that a cell names; None, with a fault, if there is none."""
        wanted, known = self._text(name, row, column), self.index.get(table, {})
        if wanted in known or table in self.lost:
            return known.get(wanted)
        found = f'"{shortened(wanted)}"' if wanted else "no name"
        allowed = f"a name on {table}: {listed(known)}" if known else f"a name on {table}, which has none"
        self._fault(self._at(name, row, column), (), found, allowed, nearest(wanted, known))
        return None

    def _header(self, name: str, known: Iterable[str], needed: Iterable[str], units: bool = False) -> dict[str, int] | None:
        """Columns by their header; unknown and repeated ones are faults. None where one is missing that the sheet needs."""
        grid, allowed = self.grids[name], list(known)
        found: dict[str, int] = {}
        for column, cell in enumerate(grid[0]):
            header = composed(str(cell)).strip()
            at = self._at(name, 0, column)
            if not header:
                self._nameless(name, column)
            elif header not in allowed:
                self._fault(
                    at, (), f"the unknown column {shortened(header)}", f"one of: {listed(allowed)}", nearest(header, allowed)
                )
            elif header in found:
                self._fault(at, (), f"the column {header} a second time", "each column once")
            else:
                found[header] = column
        missing = [header for header in needed if header not in found]
        if missing:
            self._fault(self._at(name, 0, 0), (), f"no column {', '.join(missing)}", "the first row of the template", NEW_XLSX)
        if missing or (units and not self._has_units(name)):
            self.lost.add(name)
            return None
        return found

    def _has_units(self, name: str) -> bool:
        grid = self.grids[name]
        if len(grid) > 1 and str(grid[1][0]).strip() == UNIT:
            return True
        at, found = self._at(name, 1, 0), shown(grid[1][0] if len(grid) > 1 and grid[1][0] != "" else None)
        hint = "items begin in the third row"
        self._fault(at, (), found, f'the row of units of the template, which begins with "{UNIT}"', hint)
        return False

    def _nameless(self, name: str, column: int) -> None:
        """Values below an empty header."""
        for row in range(1, len(self.grids[name])):
            if not _blank(value := self.grids[name][row][column]):
                hint = f'remarks go on a sheet whose name begins with "{NOTES}"'
                self._fault(
                    self._at(name, row, column), (), f"{_shown(value)} in a column without a header", "columns with headers", hint
                )
                return

    def _rows(self, name: str, header: dict[str, int]) -> Iterator[int]:
        """Rows of a table with something in them, from the third on."""
        scan, wanted = self.scans[name], list(header.values())
        for row in range(2, len(self.grids[name])):
            cells = self.grids[name][row]
            if any(not _blank(cells[c]) or (row, c) in scan.errors or scan.formulas.get((row, c)) is False for c in wanted):
                yield row

    # --- cells ---------------------------------------------------------------------------------------------------------------

    def _put(self, column: Column, item: Place, name: str, row: int, at_column: int) -> None:
        """Read a cell and put its value into the item."""
        place = (*item, *column.place)
        at = self._at(name, row, at_column)
        value = self._value(column, place, name, row, at_column)
        for length in range(len(item) + 1, len(place)):
            if place[:length] not in self.lines:
                self.lines[place[:length]] = at
        if value is ABSENT:
            self.lines.setdefault(place, at)
            return
        self.lines[place] = at
        if column.kind is Kind.PATH and not isinstance(value, dict) and value is not None:
            value = self._path(value, place, at)
        holder = self._made(item, column.place[:-1])
        if column.place[-1] not in holder:
            holder[column.place[-1]] = value
        if isinstance(value, dict | list):
            self._inside(place, value, at)

    def _inside(self, place: Place, value: Any, at: int) -> None:
        """Places inside a value that stand in its cell, unless they have cells of their own."""
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in entries:
            self.lines.setdefault((*place, key), at)
            if isinstance(inner, dict | list):
                self._inside((*place, key), inner, at)

    def _value(self, column: Column, place: Place, name: str, row: int, at_column: int) -> Any:
        """The value of a cell as it would stand in YAML; None, and the place unread, where it cannot be read."""
        raw = self._raw(place, name, row, at_column)
        if raw is ABSENT or raw is None:
            return raw
        at = self._at(name, row, at_column)
        if isinstance(raw, str) and column.kind in _TRIMMED:
            raw = raw.strip()
        if column.kind in (Kind.NAME, Kind.TEXT) and not isinstance(raw, str):
            whole = _plain(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else ""
            hint = f"an apostrophe in front makes it text: '{whole}" if whole != "" else "an apostrophe in front makes it text"
            return self._unreadable(at, place, _shown(raw), column.allowed, hint)
        if column.kind in (Kind.MONTH, Kind.DAY):
            return self._date(column, raw, at, place)
        if isinstance(raw, date | timedelta) or hasattr(raw, "hour"):
            return self._unreadable(at, place, _shown(raw), column.allowed, "format the cell as a number and type it again")
        if column.kind is Kind.FLAG and not isinstance(raw, bool):
            if isinstance(raw, str) and raw.upper() in ("TRUE", "FALSE"):
                return raw.upper() == "TRUE"
            return self._unreadable(at, place, _shown(raw), column.allowed)
        if column.kind is Kind.RAMP and isinstance(raw, str):
            hint = hint_on_text(raw) or "steps are written on Ramps"
            return self._unreadable(at, place, shown(raw), column.allowed, hint)
        return raw if isinstance(raw, bool | str) else _plain(raw)

    def _raw(self, place: Place, name: str, row: int, column: int) -> Any:
        """What stands in a cell; ABSENT if it is empty, None with a fault if it holds an error or what cannot be seen."""
        scan = self.scans[name]
        raw = self.grids[name][row][column]
        if not scan.errors and not scan.formulas and _blank(raw):
            return ABSENT
        at = self._at(name, row, column)
        if (error := scan.errors.get((row, column))) is not None:
            hint = "mend the formula, or type the value itself"
            return self._unreadable(at, place, f"the error {error}", "a value", hint)
        saved = scan.formulas.get((row, column))
        if saved is False:
            hint = "open the workbook in Excel and save it, or type the value itself"
            return self._unreadable(at, place, "a formula without a saved value", "a value", hint)
        if saved:
            self.formulas.append(self.cells[at - 1])
        if _blank(raw):
            return ABSENT
        self.values += 1
        if self.values > MOST_VALUES:
            raise InputError(
                [Problem(f"{self.name} {self.cells[at - 1]}", "", "too many values", f"at most {MOST_VALUES:,} values")]
            )
        if isinstance(raw, str):
            if len(raw) > LONGEST_TEXT:
                return self._unreadable(at, place, f"a text of {len(raw):,} characters", f"at most {LONGEST_TEXT:,}")
            if bad := invisible(raw):
                hint = "type the text again"
                return self._unreadable(at, place, f"the invisible character U+{ord(bad[0]):04X}", "visible text", hint)
        return raw

    def _text(self, name: str, row: int, column: int) -> str:
        """A name or a label without blanks at its ends; empty where there is no text: a fault unless the cell is empty."""
        raw = self._raw((), name, row, column)
        if raw is ABSENT or raw is None:
            return ""
        if not isinstance(raw, str):
            self._fault(self._at(name, row, column), (), _shown(raw), "text", "an apostrophe in front makes it text")
            return ""
        return composed(raw).strip()

    def _date(self, column: Column, raw: Any, at: int, place: Place) -> Any:
        """A month or a day as text: from a date, from the number of a date, or from text, which is checked later."""
        if isinstance(raw, str):
            return raw
        found = _shown(raw)
        if isinstance(raw, float | int) and not isinstance(raw, bool):
            raw = self._of_serial(raw)
            if raw is not None:
                found = f"{found}, as a date {raw}"
        if isinstance(raw, datetime):
            if raw.time() != datetime.min.time():
                return self._unreadable(at, place, f"{raw:%Y-%m-%d %H:%M}", column.allowed, "a day has no time of day")
            raw = raw.date()
        if not isinstance(raw, date):
            return self._unreadable(at, place, found, column.allowed, "a date, or text such as 2027-03")
        if column.kind is Kind.DAY:
            return raw.isoformat()
        if raw.day != 1:
            hint = f"{raw:%Y-%m} as text, or the date {raw:%Y-%m}-01; Excel takes Mar-27 for 27 March of this year"
            return self._unreadable(at, place, f"the day {raw}", "a month: its first day", hint)
        return f"{raw:%Y-%m}"

    def _of_serial(self, number: float) -> date | None:
        """The day that Excel counts with a number; None for other numbers than days of the years that a scenario may have."""
        if number != int(number) or not 30_000 < number < 80_000:
            return None
        day = (date(1904, 1, 1) if self.from_1904 else date(1899, 12, 30)) + timedelta(days=int(number))
        return day if FIRST_YEAR <= day.year <= LAST_YEAR else None

    # --- paths -----------------------------------------------------------------------------------------------------------------

    def _read_paths(self) -> None:
        """The paths by name: their rows on Paths, and their columns on Prices."""
        if PATHS in self.grids:
            columns = {column.header: column for column in path_columns()}
            header = self._header(PATHS, columns, ("name",), units=True)
            for row in self._rows(PATHS, header) if header is not None else ():
                name = self._text(PATHS, row, header["name"]) if header is not None else ""
                at = self._at(PATHS, row, 0)
                if not name:
                    self._fault(at, (), "a path without a name", "a name in the first column")
                elif name in self.paths:
                    first = self.cells[self.paths[name].at - 1]
                    self._fault(at, (), f'the path "{name}" a second time (first in {first})', "each name once")
                else:
                    self.paths[name] = _WrittenPath(at, row, header)
        if PRICES in self.grids:
            self._read_prices()

    def _read_prices(self) -> None:
        grid = self.grids[PRICES]
        if str(grid[0][0]).strip() != "month":
            self._fault(self._at(PRICES, 0, 0), (), _shown(grid[0][0] or None), '"month", as in the template')
            self.lost.add(PRICES)
            return
        if not self._has_units(PRICES):
            self.lost.add(PRICES)
            return
        for column in range(1, len(grid[0])):
            name = self._text(PRICES, 0, column)
            at = self._at(PRICES, 0, column)
            if not name:
                self._nameless(PRICES, column)
            elif name in self.paths and self.paths[name].column is not None:
                self._fault(at, (), f'the path "{shortened(name)}" a second time', "each column once")
            else:
                self.paths.setdefault(name, _WrittenPath(at)).column = column
        self.months = self._months()

    def _months(self) -> dict[int, str]:
        """The month of each row of Prices, every one once."""
        month = Column(("month",), Kind.MONTH)
        found: dict[int, str] = {}
        for row in self._rows(PRICES, {str(column): column for column in range(len(self.grids[PRICES][0]))}):
            at = self._at(PRICES, row, 0)
            raw = self._raw((), PRICES, row, 0)
            if raw is ABSENT:
                self._fault(at, (), "prices without a month", month.allowed)
            text = self._date(month, raw.strip() if isinstance(raw, str) else raw, at, ()) if raw not in (ABSENT, None) else None
            if text is None:
                continue
            try:
                Month._check(text)
            except PydanticCustomError as fault:
                context = fault.context or {}
                self._fault(at, (), context["found"], context["allowed"], context["hint"])
                continue
            if text in found.values():
                self._fault(at, (), f"{text} a second time", "each month once")
            else:
                found[row] = text
        return found

    def _path(self, value: Any, place: Place, at: int) -> Any:
        """A number as a flat path; a name as the path that it names."""
        if not isinstance(value, str):
            return {"flat": value}
        name = composed(value)
        path = self.paths.get(name)
        if path is None and self.lost & {PATHS, PRICES}:
            self.unread.add(place)
            return None
        if path is None:
            hint = hint_on_text(value) or nearest(name, self.paths)
            if re.fullmatch(r"[+-]?[\d.]+([eE][+-]?\d+)?", value, re.ASCII):
                hint = f"the cell holds text; type the number again: {value}"
            named = f": {listed(self.paths)}" if self.paths else ""
            return self._unreadable(at, place, shown(value), f"a number, or the name of a path on {PATHS} or {PRICES}{named}", hint)
        data: dict[str, Any] = {}
        if path.row is not None and path.header is not None:
            for column in path_columns()[1:]:
                if column.header in path.header:
                    own = (*place, *column.place)
                    found = self._value(column, own, PATHS, path.row, path.header[column.header])
                    self.lines[own] = self._at(PATHS, path.row, path.header[column.header])
                    if found is not ABSENT:
                        data[column.header] = found
        if path.column is not None:
            self._add_prices(data, place, path.column)
        return data

    def _add_prices(self, data: dict[str, Any], place: Place, column: int) -> None:
        form = "anchors" if "between" in data else "months"
        price = Column(("price",), Kind.NUMBER)
        stated: dict[str, Any] = {}
        self.lines[*place, form] = self._at(PRICES, 0, column)
        for row, month in self.months.items():
            own = (*place, form, month)
            found = self._value(price, own, PRICES, row, column)
            if found is not ABSENT:
                self.lines[own] = self._at(PRICES, row, column)
                stated[month] = found
        data[form] = stated

    # --- sheets of their own kind --------------------------------------------------------------------------------------------

    def _shapes(self) -> None:
        """Shapes of prices: for each zone a row of shares where it has bands, and a row for each month of the year.

        The rows of an ancillary product have its name before the month.
        """
        if SHAPES not in self.grids:
            return
        grid = self.grids[SHAPES]
        width = len(grid[0])
        labels = ["zone", "row", *map(str, range(1, width - 1))]
        for column, (cell, wanted) in enumerate(zip(grid[0], labels, strict=True)):
            found = str(_plain(cell)) if isinstance(cell, float) else str(cell).strip()
            if found != wanted and (found or any(not _blank(row[column]) for row in grid)):
                self._fault(
                    self._at(SHAPES, 0, column), (), _shown(cell or None), f'"{wanted}" (bands or hours are numbered from 1 on)'
                )
                return
        if not self._has_units(SHAPES):
            return
        by_zone: dict[int, dict[str, int]] = {}
        for row in self._rows(SHAPES, {str(column): column for column in range(width)}):
            number = self._reference("Power", SHAPES, row, 0)
            raw = self._raw((), SHAPES, row, 1)
            label = str(_plain(raw)).strip() if raw not in (ABSENT, None) and not isinstance(raw, bool) else ""
            if label != SHARE and MONTH_OF_SHAPE.fullmatch(label) is None:
                self._fault(
                    self._at(SHAPES, row, 1),
                    (),
                    _shown(None if raw is ABSENT else raw),
                    f'"{SHARE}", or a month of the year: 1 to 12 (of an ancillary product: ECRS 1 to ECRS 12)',
                )
            elif number is not None and label in by_zone.setdefault(number, {}):
                self._fault(self._at(SHAPES, row, 1), (), f"the row {label} a second time", "each row of a zone once")
            elif number is not None:
                by_zone[number][label] = row
        for number, rows in by_zone.items():
            self._shape(number, rows)

    def _shape(self, number: int, rows: dict[str, int]) -> None:
        place: Place = ("power", "zones", number, "price")
        price = self._made(place[:-1], ("price",))
        at = self._at(SHAPES, min(rows.values()), 0)
        self.lines.setdefault(place, at)
        if "usd_per_mwh" in price:
            cell = self.cells[self.lines[*place, "usd_per_mwh"] - 1]
            hint = "empty the cell, or delete the rows"
            self._fault(at, (*place, "usd_per_mwh"), f"rows of a shape beside price.usd_per_mwh in {cell}", "one of the two", hint)
            return
        if SHARE in rows:
            self.lines[*place, "share_of_hours_fraction"] = self._at(SHAPES, rows[SHARE], 1)
            price["share_of_hours_fraction"] = self._numbers((*place, "share_of_hours_fraction"), rows[SHARE])
        price["usd_per_mwh"] = self._months_of_shape((*place, "usd_per_mwh"), "", rows, at)
        matches = (MONTH_OF_SHAPE.fullmatch(label) for label in rows)
        for product in dict.fromkeys(match["product"] for match in matches if match is not None and match["product"]):
            products: Place = (*place, "ancillary_usd_per_mw_hour")
            first = self._at(SHAPES, min(row for label, row in rows.items() if label.startswith(f"{product} ")), 1)
            self.lines.setdefault(products, first)
            numbers = self._months_of_shape((*products, product), f"{product} ", rows, first)
            price.setdefault("ancillary_usd_per_mw_hour", {})[product] = numbers

    def _months_of_shape(self, place: Place, before: str, rows: dict[str, int], at: int) -> list[list[Any]] | None:
        """The rows of the months of the year, whose labels begin with `before`; None, with a fault, where one is missing."""
        self.lines[place] = at
        found = {month: rows[f"{before}{month}"] for month in range(1, 13) if f"{before}{month}" in rows}
        if len(found) < 12:
            missing = ", ".join(f"{before}{month}" for month in range(1, 13) if month not in found)
            self._unreadable(at, place, f"no row for month {missing}", "a row for each month of the year, 1 to 12")
            return None
        numbers = []
        for month, row in found.items():
            own = (*place, month - 1)
            self.lines[own] = self._at(SHAPES, row, 1)
            numbers.append(self._numbers(own, row))
        return numbers

    def _numbers(self, place: Place, row: int) -> list[Any]:
        """The numbers of a row of Shapes up to its last one."""
        cells, scan = self.grids[SHAPES][row], self.scans[SHAPES]
        last = max((c for c in range(2, len(cells)) if not _blank(cells[c]) or (row, c) in scan.errors), default=1)
        found = []
        for column in range(2, last + 1):
            own = (*place, column - 2)
            self.lines[own] = self._at(SHAPES, row, column)
            value = self._value(Column(("value",), Kind.NUMBER), own, SHAPES, row, column)
            found.append(None if value is ABSENT else value)
        return found

    def _budget(self) -> None:
        if BUDGET not in self.grids:
            return
        year, *amounts = budget_columns()
        columns = {column.header: column for column in amounts}
        header = self._header(BUDGET, ("year", *columns), ("year",), units=True)
        known: set[Any] = set()
        for row in self._rows(BUDGET, header) if header is not None else ():
            assert header is not None
            place: Place = ("finance", *BUDGET_FIELDS["usd"])
            key = self._value(year, (*place, "year"), BUDGET, row, header["year"])
            if key is ABSENT or key is None or key in known:
                found = "nothing" if key in (ABSENT, None) else f"{shown(key)} a second time"
                if key is not None:
                    self._fault(self._at(BUDGET, row, header["year"]), place, found, "each calendar year once")
                continue
            known.add(key)
            self._amounts(key, row, {columns[name]: at for name, at in header.items() if name in columns})

    def _amounts(self, year: Any, row: int, columns: dict[Column, int]) -> None:
        """The amounts of a year; at least one of them."""
        found = 0
        for column, at in columns.items():
            place: Place = ("finance", *BUDGET_FIELDS[column.header])
            amount = self._value(column, (*place, year), BUDGET, row, at)
            if amount is not ABSENT:
                budget, cell = self._made((), place), self._at(BUDGET, row, at)
                self.lines.setdefault(place, cell)
                self.lines[*place, str(year)] = self.lines[*place, year] = cell
                budget[year] = amount
                found += 1
        if not found:
            self._fault(self._at(BUDGET, row, 0), ("finance",), f"{shown(year)} without an amount", " or ".join(BUDGET_FIELDS))

    def _sources(self) -> None:
        """The source of each figure: its sheet, its item by name (or by number where two have the same name), and its field."""
        if SOURCES not in self.grids:
            return
        names = [column.header for column in SOURCE_COLUMNS]
        header = self._header(SOURCES, names, names, units=True)
        by_name = {sheet.name: sheet for sheet in sheets() if sheet.sourced}
        for row in self._rows(SOURCES, header) if header is not None else ():
            assert header is not None
            written = self._text(SOURCES, row, header["sheet"])
            sheet = by_name.get(written)
            if sheet is None:
                found = f'"{shortened(written)}"' if written else "no sheet"
                at = self._at(SOURCES, row, header["sheet"])
                self._fault(at, (), found, f"one of: {listed(by_name)}", nearest(written, by_name))
                continue
            item = () if sheet.is_form else self._sourced_item(sheet, row, header["item"])
            field = self._text(SOURCES, row, header["field"])
            if item is None:
                continue
            if not field:
                self._fault(
                    self._at(SOURCES, row, header["field"]), (), "no field", 'the name of a field, or "*" for every other one'
                )
                continue
            self._source(sheet, item, field, row, header["source"])

    def _source(self, sheet: Sheet, item: Place, field: str, row: int, column: int) -> None:
        fits = [place for place in sheet.sourced if not place or field.startswith(f"{'.'.join(place)}.")]
        if not fits:
            allowed = f"a field below {' or '.join('.'.join(place) for place in sheet.sourced)}"
            self._fault(self._at(SOURCES, row, column), (), f'a source for "{shortened(field)}"', allowed)
            return
        table = max(fits, key=len)
        key = field.removeprefix(f"{'.'.join(table)}.") if table else field
        place = (*item, *table, "sources")
        at = self._at(SOURCES, row, column)
        sources = self._made(item, (*table, "sources"))
        self.lines.setdefault(place, at)
        if key in sources:
            self._fault(at, (*place, key), f"a second source for {field}", "each field once")
            return
        self.lines[*place, key] = at
        found = self._value(SOURCE_COLUMNS[3], (*place, key), SOURCES, row, column)
        sources[key] = None if found is ABSENT else found

    def _sourced_item(self, sheet: Sheet, row: int, column: int) -> Place | None:
        raw = self._raw((), SOURCES, row, column)
        places = self.items.get(sheet.name, [])
        at = self._at(SOURCES, row, column)
        if sheet.name in self.lost or sheet.parent in self.lost:
            return None
        if isinstance(raw, float | int) and not isinstance(raw, bool):
            if raw == int(raw) and 1 <= raw <= len(places):
                return places[int(raw) - 1]
            self._fault(at, (), f"item {_plain(raw)}", f"1 to {len(places)}, or a name on {sheet.name}")
            return None
        wanted = composed(raw).strip() if isinstance(raw, str) else ""
        fits = [place for place in places if self._found(place).get("name") == wanted]
        if len(fits) == 1 or (fits and not sheet.parent):
            return fits[0]
        names = [row_name(self._found(place), number) for number, place in enumerate(places)]
        found = (
            f'"{shortened(wanted)}", which {len(fits)} items are called'
            if fits
            else f'"{shortened(wanted)}"'
            if wanted
            else "no item"
        )
        hint = "the number of the item on its sheet, 1 for the first" if fits else nearest(wanted, names)
        self._fault(at, (), found, f"a name on {sheet.name}: {listed(names)}", hint)
        return None

    # --- places ----------------------------------------------------------------------------------------------------------------

    def _at(self, name: str, row: int, column: int) -> int:
        """The position of a cell in `cells`."""
        return self._at_name(name, cell_name(row, column))

    def _at_name(self, sheet: str, cell: str) -> int:
        name = f"{sheet}!{cell}"
        found = self.positions.get(name)
        if found is None:
            if len(self.cells) >= MOST_CELLS:
                raise InputError(
                    [Problem(f"{self.name} {name}", "", "too many items", f"at most {MOST_CELLS:,} cells in their rows")]
                )
            self.cells.append(name)
            found = self.positions[name] = len(self.cells)
        return found

    def _found(self, place: Place) -> Any:
        data: Any = self.data
        for part in place:
            data = data[part]
        return data

    def _made(self, item: Place, fields: Fields | Place) -> Any:
        """The table below an item, made where it is not there yet."""
        data = self._found(item)
        for field in fields:
            data = data.setdefault(field, {})
        return data

    def _made_list(self, place: Fields) -> tuple[Place, list[Any]]:
        holder = self._made((), place[:-1])
        return place, holder.setdefault(place[-1], [])

    def _unreadable(self, at: int, place: Place, found: str, allowed: str, hint: str = "") -> None:
        """A fault after which the value at the place means nothing."""
        if place:
            self.unread.add(place)
        self._fault(at, place, found, allowed, hint)

    def _fault(self, at: int, place: Place, found: str, allowed: str, hint: str = "") -> None:
        fault = (at, Fault(place, found, allowed, hint))
        if fault not in self.faults[-20:]:
            self.faults.append(fault)


@dataclass
class _WrittenPath:
    """A named path: the row on Paths, and the column on Prices."""

    at: int
    row: int | None = None
    header: dict[str, int] | None = None
    column: int | None = None


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _plain(number: Any) -> Any:
    """A whole number as one, as YAML has it."""
    if isinstance(number, float) and abs(number) < 2**53 and number == int(number):
        return int(number)
    return number


def _shown(raw: Any) -> str:
    if isinstance(raw, datetime):
        return f"the time {raw:%Y-%m-%d %H:%M}"
    if isinstance(raw, date):
        return f"the date {raw}"
    if isinstance(raw, timedelta) or hasattr(raw, "hour"):
        return f"the time {raw}"
    return shown(_plain(raw))
