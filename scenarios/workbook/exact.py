"""Workbooks that say exactly what was given: numbers with every digit, text as text, the same bytes for the same content."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ...errors import InputError, Problem

CREATED = datetime(2026, 1, 1)
"""Of every workbook, so that the same content gives the same bytes."""


def exact_workbook(target: io.BytesIO, title: str) -> Any:
    """A workbook of XlsxWriter in which text is never taken for a number, a formula or a link. Raises InputError without it."""
    try:
        import xlsxwriter
    except ImportError:
        hint = "pip install 'hashlease[excel]'"
        raise InputError([Problem("workbook", "", "no xlsxwriter, which writes workbooks", "XlsxWriter", hint)]) from None
    plain = {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(target, plain)
    book.set_properties({"title": title, "created": CREATED})
    book.set_calc_mode("auto")
    return book


def exact_sheet() -> Any:
    """The library's sheet, which rounds numbers to 16 digits, with all that they have."""
    from xlsxwriter.worksheet import CellFormulaTuple, Worksheet

    class ExactSheet(Worksheet):  # type: ignore[misc]
        def _xml_number_element(self, number: float, attributes: Iterable[tuple[str, Any]] = ()) -> None:
            attr = "".join(f' {key}="{self._escape_attributes(value)}"' for key, value in attributes)
            digits = repr(number if isinstance(number, int) else float(number))
            self.fh.write(f"<c{attr}><v>{digits}</v></c>")

        def plain_formula(self, row: int, column: int, formula: str, style: Any, value: float | str) -> None:
            """A formula of functions that every spreadsheet knows, as it stands: the library would look for newer ones."""
            self._check_dimensions(row, column)
            self.table[row][column] = CellFormulaTuple(formula.removeprefix("="), style, value)

    return ExactSheet
