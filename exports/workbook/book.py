"""The workbook as a writer of cells: styles, sheets in one layout, formulas that carry their values, defined names.

Sheets that run through time share one timeline: seven columns that say what a row is (the sixth its unit, the seventh a constant or
a total), then a column for each month. A formula of such a row is written once, with § for the letter of the month's column.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...scenarios.workbook.archive import cell_name
from ...scenarios.workbook.exact import exact_sheet, exact_workbook

MONTH = "§"
"""In a formula: the letters of the month's column."""
UNIT, TOTAL, FIRST = 5, 6, 7
"""Columns of the unit, of a constant or total, and of the first month."""
LONGEST_TEXT = 32_000

NAVY, TEAL, ORANGE, GREY, PALE, INPUT, LIVE = "#1F2A44", "#1F7A8C", "#E69F00", "#6B7280", "#F3F5F9", "#FFF6D6", "#1D4ED8"
GREEN, RED = "#15803D", "#B91C1C"

FORMATS: dict[str, str] = {
    "musd": "#,##0.0;-#,##0.0;0.0",
    "usd": "#,##0.00;-#,##0.00;0.00",
    "mw": "#,##0.0;-#,##0.0;0.0",
    "times": '0.000"x"',
    "share": "0.0%",
    "whole": "0",
    "factor": "0.00000",
    "value": "0.000000",
    "month": "yyyy-mm",
    "day": "yyyy-mm-dd",
    "year": "0",
    "any": "General",
}
"""Number formats by what a number is."""

LEGEND = (
    ("input", "input: type here"),
    ("data", "from the program, not to be changed"),
    ("calc", "formula"),
    ("out", "output with a defined name, to link to"),
    ("check", "check: 1 is passed"),
)


def clean(text: str) -> str:
    """Text without characters that a workbook cannot hold, and not longer than a cell."""
    return "".join(c for c in text if (c.isprintable() and c not in "\ufffe\uffff") or c in "\n ")[:LONGEST_TEXT]


def quoted(sheet: str) -> str:
    return sheet if sheet.isalnum() else f"'{sheet}'"


class Book:
    """The workbook."""

    def __init__(self, title: str, months: int) -> None:
        self.target = io.BytesIO()
        self.file = exact_workbook(self.target, title)
        self.file.set_calc_mode("auto")
        self.months = months
        self.letters = [cell_name(0, FIRST + month)[:-1] for month in range(months)]
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def sheet(self, name: str, colour: str, columns: Sequence[tuple[int, int, float]], landscape: bool = True) -> Sheet:
        """A new sheet; columns: (first, last, width)."""
        sheet = Sheet(self, name)
        page = sheet.page
        page.set_tab_color(colour)
        page.hide_gridlines(2)
        for first, last, width in columns:
            page.set_column(first, last, width)
        if landscape:
            page.set_landscape()
        page.set_paper(9)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        page.set_footer('&L&8&"Arial"hashlease&C&8&A&R&8page &P of &N')
        return sheet

    def timed(self, name: str, colour: str = GREY) -> Sheet:
        """A sheet in the layout of months."""
        sheet = self.sheet(
            name,
            colour,
            [(0, 0, 34), (1, 3, 16), (4, 4, 12), (UNIT, UNIT, 15), (TOTAL, TOTAL, 13), (FIRST, FIRST + self.months - 1, 11)],
        )
        sheet.page.set_paper(8)
        sheet.page.fit_to_pages(max(self.months // 60, 1), 0)
        sheet.page.repeat_rows(3)
        return sheet

    def format(self, **properties: Any) -> Any:
        """The format with these properties, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.file.add_format({"font_name": "Arial", "font_size": 9, "valign": "vcenter", **properties})
        return self._formats[key]

    def style(self, role: str, kind: str = "any", **more: Any) -> Any:
        """Format of a cell: its role (input, data, calc, out, check, label, head) and what its number is."""
        roles: dict[str, dict[str, Any]] = {
            "input": {
                "bg_color": INPUT,
                "font_color": LIVE,
                "border": 1,
                "border_color": "#D9B84C",
                "locked": 0,
                "align": "center",
            },
            "data": {"font_color": "#374151"},
            "calc": {"font_color": "#000000"},
            "out": {"font_color": "#065F46", "bg_color": "#ECFDF5", "bold": 1},
            "check": {"font_color": "#6B21A8"},
            "label": {},
            "note": {"font_color": GREY, "italic": 1},
            "bold": {"bold": 1},
            "head": {"bold": 1, "font_color": "#FFFFFF", "bg_color": NAVY, "text_wrap": 1, "valign": "vcenter"},
            "section": {"bold": 1, "font_color": NAVY, "bottom": 2, "bottom_color": NAVY, "font_size": 10},
        }
        return self.format(num_format=FORMATS.get(kind, kind), **{**roles[role], **more})

    def name(self, name: str, reference: str) -> str:
        """Define a name for the whole workbook; returns it."""
        self.file.define_name(name, f"={reference}")
        return name

    def content(self) -> bytes:
        self.file.close()
        return self.target.getvalue()


class Sheet:
    """One sheet. Rows and columns count from 0."""

    def __init__(self, book: Book, name: str) -> None:
        self.book, self.name = book, name
        self.page = book.file.add_worksheet(name, exact_sheet())

    # --- references --------------------------------------------------------------------------------------------------------

    def cell(self, row: int, column: int) -> str:
        """Absolute reference with the sheet's name."""
        return f"{quoted(self.name)}!{absolute(row, column)}"

    def area(self, row: int, column: int, last_row: int, last_column: int) -> str:
        return f"{quoted(self.name)}!{absolute(row, column)}:{absolute(last_row, last_column)}"

    # --- cells -------------------------------------------------------------------------------------------------------------

    def text(self, row: int, column: int, text: str, role: str = "label", **more: Any) -> None:
        self.page.write_string(row, column, clean(text), self.book.style(role, **more))

    def number(self, row: int, column: int, value: float, role: str = "data", kind: str = "any", **more: Any) -> None:
        self.page.write_number(row, column, value, self.book.style(role, kind, **more))

    def formula(
        self, row: int, column: int, formula: str, value: float | str, role: str = "calc", kind: str = "any", **more: Any
    ) -> None:
        """A formula and the value that it gives."""
        shown = clean(value) if isinstance(value, str) else float(value)
        self.page.plain_formula(row, column, formula, self.book.style(role, kind, **more), shown)

    # --- rows of months ----------------------------------------------------------------------------------------------------

    def labels(self, row: int, texts: Iterable[str], unit: str = "", role: str = "label") -> None:
        for column, text in enumerate(texts):
            if text:
                self.text(row, column, text, role)
        if unit:
            self.text(row, UNIT, unit, "note")

    def numbers(
        self, row: int, values: Sequence[float] | np.ndarray[Any, Any], kind: str, role: str = "data", first: int = FIRST
    ) -> None:
        """Numbers from a column on."""
        style, write = self.book.style(role, kind), self.page.write_number
        for column, value in enumerate(np.asarray(values, dtype=float).tolist(), start=first):
            write(row, column, value, style)

    def monthly(self, row: int, formula: str, values: np.ndarray[Any, Any], kind: str, role: str = "calc") -> None:
        """One formula through all months."""
        style, write = self.book.style(role, kind), self.page.plain_formula
        for column, (letter, value) in enumerate(zip(self.book.letters, np.asarray(values, dtype=float).tolist(), strict=True)):
            write(row, FIRST + column, formula.replace(MONTH, letter), style, value)

    def title(self, text: str, below: str, width: int) -> None:
        """The band on top of a sheet and what the sheet is, in a sentence."""
        band = self.book.format(bg_color=NAVY, font_color="#FFFFFF", bold=1, font_size=14)
        self.page.set_row(0, 26, band)
        self.page.write_string(0, 0, clean(f" {text}"), band)
        for column in range(1, width):
            self.page.write_blank(0, column, None, band)
        self.text(1, 0, below, "note")


@dataclass(frozen=True)
class Block:
    """Consecutive rows of a sheet of months."""

    sheet: Sheet
    first: int
    rows: int

    def cell(self, row: int) -> str:
        """The cell of a row in the month of the formula."""
        return f"{quoted(self.sheet.name)}!{MONTH}${self.first + row + 1}"

    def column(self) -> str:
        """All rows in the month of the formula."""
        return f"{quoted(self.sheet.name)}!{MONTH}${self.first + 1}:{MONTH}${self.first + self.rows}"

    def row(self, row: int) -> str:
        """All months of a row."""
        return self.sheet.area(self.first + row, FIRST, self.first + row, FIRST + self.sheet.book.months - 1)

    def all(self) -> str:
        return self.sheet.area(self.first, FIRST, self.first + self.rows - 1, FIRST + self.sheet.book.months - 1)

    def at(self, row: int, column: int) -> str:
        """Absolute reference of another column of a row."""
        return self.sheet.cell(self.first + row, column)

    def down(self, column: int) -> str:
        """Absolute reference of a column over all rows."""
        return self.sheet.area(self.first, column, self.first + self.rows - 1, column)


def absolute(row: int, column: int) -> str:
    """$D$7 for (6, 3)."""
    name = cell_name(row, column)
    letters = name.rstrip("0123456789")
    return f"${letters}${name[len(letters) :]}"
