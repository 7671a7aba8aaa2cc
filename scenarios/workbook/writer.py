"""A scenario as a workbook: what it states and nothing else, with units, bounds, notes and lists of choices beside every field.

Text is written as text whatever it begins with; numbers with every digit that they have, so that reading gives the same scenario.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from ...models.months import FIRST_YEAR, Month
from ...models.path import AnchorPath, FlatPath, MonthsPath
from ...models.prices import DurationPrice, ProfilePrice
from ...models.scenario import Scenario
from .archive import cell_name
from .exact import exact_sheet, exact_workbook
from .layout import (
    BUDGET,
    BUDGET_FIELDS,
    CLOCK_HOURS,
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

ALWAYS = f"{FIRST_YEAR}-01"
"""The month of the one step that a plain number of MW stands for."""
MORE_ROWS = 200
"""Empty rows below a table in which choices are offered."""
LONGEST_LIST = 255

_GUIDE = (
    "A scenario for hashlease. Check it with `hashlease validate FILE`, solve it with `hashlease run FILE`.",
    "",
    "General and Market   one field a row: its value goes into column B",
    "Power, Sites, Fleets, Leases   one item a row, from the third row on; the second row holds units and bounds",
    "Ramps, Blocks, Extensions, Phases, Spending, Terminations, Delays   lists inside an item, which the first column names",
    "Paths, Prices   what changes from month to month. Where a field allows a path, its cell holds a number (the same in every",
    "    month) or the name of a path. Paths has its start and growth; Prices its values, months down and one column a path,",
    "    interpolated where Paths says how (between), and otherwise one for every month",
    "Shapes   prices within the year: a row for each month (1 to 12); for duration bands also a row of shares of the hours; for an",
    "    ancillary product 12 rows more, with its name before the month",
    "Budget   the most that may be spent on offers in a calendar year, and by its end; what is raised in it; its floor of cash",
    "Sources   where each figure comes from: a source, or the word assumption and the reason",
    "",
    "An empty cell is a field that is not stated; the notes on the headers say what then holds. Columns may stand in any order.",
    "Months and days are dates, or text such as 2027-03. Fractions: 0.08 is 8 %. MW are meter MW unless the name says critical_it.",
    "Rows, columns and sheets with values must not be hidden. Remarks go on sheets whose name begins with Notes, like this one.",
)


def workbook_bytes(scenario: Scenario) -> bytes:
    """The scenario as the content of an .xlsx file. Raises InputError where the library that writes it is missing."""
    return _Writer(scenario).content()


class _Writer:
    """Writes the sheets in the order of the layout, collecting paths and sources on the way."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.target = io.BytesIO()
        self.book = exact_workbook(self.target, "hashlease scenario")
        self.paths: dict[str, Any] = {}
        self.units: dict[str, str] = {}
        self.sources: list[tuple[str, str | int, str, str]] = []
        self.items: dict[str, list[Any]] = {}
        self.formats = {
            "header": self.book.add_format({"bold": True, "bg_color": "#DCE6F1", "bottom": 1, "valign": "top"}),
            "unit": self.book.add_format(
                {"italic": True, "font_color": "#595959", "text_wrap": True, "valign": "top", "font_size": 9}
            ),
            Kind.MONTH: self.book.add_format({"num_format": "yyyy-mm", "align": "left"}),
            Kind.DAY: self.book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
            Kind.TEXT: self.book.add_format({"num_format": "@"}),
        }

    def content(self) -> bytes:
        guide = self._sheet(NOTES)
        guide.set_column(0, 0, 130)
        for row, line in enumerate(_GUIDE):
            guide.write_string(row, 0, line)
        for sheet in sheets():
            (self._form if sheet.is_form else self._table)(sheet)
        self._paths_and_prices()
        self._shapes()
        self._budget()
        named = dict(zip(("sheet", "item", "field", "source"), SOURCE_COLUMNS, strict=True))
        self._rows(SOURCES, SOURCE_COLUMNS, [dict(zip(named.values(), row, strict=True)) for row in self.sources], wide=3)
        self.book.close()
        return self.target.getvalue()

    def _budget(self) -> None:
        year, *amounts = budget_columns()
        tables = {column: self._by_year(BUDGET_FIELDS[column.header]) for column in amounts}
        years = sorted({key for table in tables.values() for key in table})
        rows = [{year: key, **{column: table.get(key) for column, table in tables.items()}} for key in years]
        self._rows(BUDGET, (year, *amounts), rows)

    def _by_year(self, field: Fields) -> dict[int, float]:
        """A table of finance by year; empty where the scenario does not have it."""
        found: Any = self.scenario.finance
        for part in field:
            found = None if found is None else getattr(found, str(part))
        return found or {}

    def _sheet(self, name: str) -> Any:
        sheet = self.book.add_worksheet(name, exact_sheet())
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_paper(9)
        return sheet

    def _form(self, sheet: Sheet) -> None:
        target = self._sheet(sheet.name)
        for at, (header, width) in enumerate((("field", 48), ("value", 32), ("unit", 28), ("allowed", 52), ("note", 52))):
            target.write_string(0, at, header, self.formats["header"])
            target.set_column(at, at, width)
        target.freeze_panes(1, 1)
        for row, column in enumerate(sheet.columns, start=1):
            target.write_string(row, 0, column.header)
            for at, text in ((2, column.unit), (3, column.allowed), (4, column.note)):
                target.write_string(row, at, text, self.formats["unit"])
            self._write(target, row, 1, column, self._cell(column, self.scenario, column.place[-1]))
            self._offer(target, row, row, 1, column)
        for place in sheet.sourced:
            self._note_sources(sheet.name, "", self.scenario, place, above=place)

    def _table(self, sheet: Sheet) -> None:
        rows: list[dict[Column, Any]] = []
        owners = (
            [(None, _stated(self.scenario, sheet.place))]
            if not sheet.parent
            else [(item, None) for item in self.items[sheet.parent]]
        )
        self.items[sheet.name] = []
        for owner, listed in owners:
            for field in sheet.lists or ((),):
                found = listed if owner is None else _stated(owner, field)
                if owner is not None and (found is None or _is_constant(found)):
                    continue
                for item in found or ():
                    self.items[sheet.name].append(item)
                    rows.append(self._item(sheet, owner, field, item))
        names = Counter(getattr(item, "name", "") for item in self.items[sheet.name])
        for number, item in enumerate(self.items[sheet.name], start=1):
            name = getattr(item, "name", "")
            for place in sheet.sourced:
                self._note_sources(sheet.name, name if names[name] == 1 else number, item, place, above=place)
        self._rows(sheet.name, sheet.columns, rows)

    def _item(self, sheet: Sheet, owner: Any, field: Fields, item: Any) -> dict[Column, Any]:
        row: dict[Column, Any] = {}
        for column in sheet.columns:
            if owner is not None and column is sheet.columns[0]:
                row[column] = owner.name
            elif len(sheet.lists) > 1 and column is sheet.columns[1]:
                row[column] = ".".join(field)
            else:
                row[column] = self._cell(column, item, f"{getattr(item, 'name', '')} {column.header}".strip())
        return row

    def _cell(self, column: Column, item: Any, label: str) -> Any:
        """What a cell holds of an item; None if nothing is stated."""
        value = _stated(item, column.place)
        if column.kind is Kind.RAMP:
            return value[0].mw_total if value and _is_constant(value) else None
        if column.kind is not Kind.PATH or value is None:
            return value
        if isinstance(value, FlatPath):
            return value.flat
        if isinstance(value, tuple):  # a shape, on its own sheet
            return None
        name, number = label, 2
        while name in self.paths:
            name, number = f"{label} {number}", number + 1
        self.paths[name] = value
        self.units[name] = column.unit
        return name

    def _note_sources(self, sheet: str, item: str | int, holder: Any, place: Fields, above: Fields) -> None:
        table = _stated(holder, place) if place else holder
        for field, source in getattr(table, "sources", {}).items():
            self.sources.append((sheet, item, ".".join((*above, field)), source))

    def _rows(self, name: str, columns: Iterable[Column], rows: list[dict[Column, Any]], wide: int = -1) -> None:
        """A table: headers with notes, units, then the items."""
        target = self._sheet(name)
        target.freeze_panes(2, 1)
        target.set_row(1, 60)
        for at, column in enumerate(columns):
            width = 110 if at == wide else max(14, min(len(column.header) + 2, 34))
            target.set_column(at, at, 26 if at == 0 else width)
            target.write_string(0, at, column.header, self.formats["header"])
            target.write_string(1, at, UNIT if at == 0 else column.allowed, self.formats["unit"])
            target.write_comment(0, at, f"{column.header}: {column.allowed}. {column.note}", {"x_scale": 2})
            for row, cells in enumerate(rows, start=2):
                self._write(target, row, at, column, cells.get(column))
            self._offer(target, 2, 2 + len(rows) + MORE_ROWS, at, column)

    def _write(self, target: Any, row: int, at: int, column: Column, value: Any) -> None:
        """A value in a cell of the kind that the reader expects; raises where the library refuses it."""
        form = self.formats.get(column.kind)
        if value is None or value == "":
            done = target.write_blank(row, at, None, form) if form is not None else 0
        elif isinstance(value, bool):
            done = target.write_boolean(row, at, value)
        elif isinstance(value, Month):
            done = target.write_datetime(row, at, datetime(value.year, value.month_of_year, 1), form)
        elif isinstance(value, date):
            done = target.write_datetime(row, at, datetime(value.year, value.month, value.day), form)
        elif isinstance(value, int | float):
            done = target.write_number(row, at, value)
        else:
            done = target.write_string(row, at, str(value), self.formats[Kind.TEXT])
        if done:
            raise ValueError(f"{target.get_name()}!{cell_name(row, at)} was not written ({done})")

    def _offer(self, target: Any, first: int, last: int, at: int, column: Column) -> None:
        """A list of choices, or bounds, for the cells of a column."""
        rule: dict[str, Any] = {}
        quantity = column.quantity
        if column.kind is Kind.FLAG:
            rule = {"validate": "list", "source": ["TRUE", "FALSE"]}
        elif column.choices and len(",".join(map(str, column.choices))) <= LONGEST_LIST:
            rule = {"validate": "list", "source": [str(choice) for choice in column.choices]}
            if column.kind is not Kind.CHOICE:
                rule["show_error"] = False
        elif column.reference:
            rule = {"validate": "list", "source": f"={column.reference}!$A$3:$A${3 + MORE_ROWS}", "error_type": "warning"}
        elif column.kind is Kind.NUMBER and quantity is not None and quantity.low > -1e300:
            low = min(quantity.low, 0) if quantity.or_zero else quantity.low
            kind = "integer" if quantity.whole else "decimal"
            rule = {"validate": kind, "criteria": "between", "minimum": low, "maximum": quantity.high, "error_type": "warning"}
        if rule:
            target.data_validation(
                first, at, last, at, {**rule, "error_title": column.header[:32], "error_message": column.allowed[:255]}
            )

    # --- paths and shapes ------------------------------------------------------------------------------------------------------

    def _paths_and_prices(self) -> None:
        columns = path_columns()
        rows = []
        for name, path in self.paths.items():
            row = {columns[0]: name, **{column: _stated(path, column.place) for column in columns[1:]}}
            rows.append(row)
        self._rows(PATHS, columns, rows)
        tables = {name: path.table() for name, path in self.paths.items() if isinstance(path, AnchorPath | MonthsPath)}
        target = self._sheet(PRICES)
        target.freeze_panes(2, 1)
        target.set_column(0, 0, 14)
        target.set_column(1, max(len(tables), 1), 24)
        target.write_string(0, 0, "month", self.formats["header"])
        target.write_string(1, 0, UNIT, self.formats["unit"])
        target.write_comment(0, 0, "Months down, one column a path; the header is the path's name.")
        months = sorted({month for table in tables.values() for month in table})
        row_of = {month: row for row, month in enumerate(months, start=2)}
        for month, at in row_of.items():
            self._write(target, at, 0, Column(("month",), Kind.MONTH), month)
        for at, (name, table) in enumerate(tables.items(), start=1):
            target.write_string(0, at, name, self.formats["header"])
            target.write_string(1, at, self.units[name], self.formats["unit"])
            for month, value in table.items():
                target.write_number(row_of[month], at, value)

    def _shapes(self) -> None:
        target = self._sheet(SHAPES)
        target.freeze_panes(2, 2)
        every = ((zone.name, zone.price) for zone in self.scenario.power.zones)
        shaped = [(name, price) for name, price in every if isinstance(price, ProfilePrice | DurationPrice)]
        width = max([CLOCK_HOURS, *(len(row) for _, price in shaped for row in price.usd_per_mwh)])
        for at, header in enumerate(("zone", "row")):
            target.write_string(0, at, header, self.formats["header"])
        target.write_string(1, 0, UNIT, self.formats["unit"])
        target.write_string(1, 1, f"{SHARE}, 1 to 12, or product and month", self.formats["unit"])
        target.write_comment(
            0,
            1,
            f"{SHARE}: share of the hours of each band. 1 to 12: USD/MWh of a month, January first. "
            "ECRS 1 to ECRS 12: the price of an ancillary product in these months, USD per MW and hour.",
            {"x_scale": 2},
        )
        for number in range(1, width + 1):
            target.write_number(0, 1 + number, number, self.formats["header"])
            target.write_string(1, 1 + number, "USD/MWh, or share", self.formats["unit"])
        target.set_column(0, 0, 26)
        row = 2
        for name, price in shaped:
            lines: list[tuple[str | int, Iterable[float]]] = list(enumerate(price.usd_per_mwh, start=1))
            if isinstance(price, DurationPrice):
                lines.insert(0, (SHARE, price.share_of_hours_fraction))
            else:
                products = price.ancillary_usd_per_mw_hour.items()
                lines += [(f"{name} {month}", usd) for name, months in products for month, usd in enumerate(months, start=1)]
            for label, values in lines:
                target.write_string(row, 0, name, self.formats[Kind.TEXT])
                self._write(target, row, 1, Column(("row",), Kind.TEXT), label)
                for at, value in enumerate(values, start=2):
                    target.write_number(row, at, value)
                row += 1


def _stated(item: Any, place: Fields) -> Any:
    """The value that an item states at a place; None where it states none."""
    for part in place:
        fields = type(item).model_fields if item is not None else {}
        name = next((name for name, field in fields.items() if (field.alias or name) == part), None)
        if name is None or name not in item.model_fields_set:
            return None
        item = getattr(item, name)
    return item


def _is_constant(ramp: Any) -> bool:
    """Whether a ramp is the one step that a plain number stands for."""
    return len(ramp) == 1 and hasattr(ramp[0], "mw_total") and str(ramp[0].first_month) == ALWAYS


# --- numbers with every digit ----------------------------------------------------------------------------------------------
