"""Bad workbooks, case by case: refused with the cell, what was found, what is allowed and the likely fix; or read as meant."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hashlease.cli import run_command
from hashlease.errors import InputError, Problem
from hashlease.models.scenario import Scenario
from hashlease.scenarios.load import STARTER, load
from hashlease.scenarios.workbook import EXCEL_97
from hashlease.scenarios.workbook.annotate import LIST
from hashlease.scenarios.workbook.writer import workbook_bytes

GOOD = load(STARTER)
CONTENT = workbook_bytes(GOOD)
Edit = Callable[[Any], Any]


def at(book: Any, sheet: str, field: str, row: int = 3) -> Any:
    """The cell of a field: in a row of a table, or beside the field's name in a form."""
    if sheet in ("General", "Market"):
        return next(cell for cell in book[sheet]["A"] if cell.value == field).offset(0, 1)
    return book[sheet].cell(row, next(cell.column for cell in book[sheet][1] if cell.value == field))


def put(sheet: str, field: str, value: Any, row: int = 3, number_format: str = "") -> Edit:
    def edit(book: Any) -> None:
        cell = at(book, sheet, field, row)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"
        cell.number_format = number_format or cell.number_format

    return edit


Content = Callable[[], bytes]


def edited(*edits: Edit) -> Content:
    """The good workbook after some changes; made when it is asked for."""
    return lambda: _edited(*edits)


def _edited(*edits: Edit) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(CONTENT))
    for edit in edits:
        edit(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def part_of(sheet: str) -> str:
    book = openpyxl.load_workbook(io.BytesIO(CONTENT), read_only=True)
    return f"xl/worksheets/sheet{book.sheetnames.index(sheet) + 1}.xml"


def in_xml(sheet: str, cell: str, inner: str, attributes: str = "") -> Content:
    """The good workbook with the XML of one cell replaced; made when it is asked for."""
    return lambda: _in_xml(sheet, cell, inner, attributes)


def _in_xml(sheet: str, cell: str, inner: str, attributes: str) -> bytes:
    parts = parts_of(CONTENT)
    name = part_of(sheet)
    new, count = re.subn(rf'<c r="{cell}"[^>]*?(/>|>.*?</c>)', f'<c r="{cell}" {attributes}>{inner}</c>', parts[name].decode())
    assert count == 1, count
    return zipped({**parts, name: new.encode()})


def cell_of(sheet: str, field: str, row: int = 3) -> str:
    return str(at(openpyxl.load_workbook(io.BytesIO(CONTENT)), sheet, field, row).coordinate)


def problems_of(content: bytes, folder: Path) -> list[Problem]:
    file = folder / "scenario.xlsx"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(file)
    return list(caught.value.problems)


@dataclass(frozen=True)
class Refused:
    """A workbook with one mistake, and parts of its one message; `cell` may name a field of a sheet."""

    name: str
    content: Content
    cell: str
    found: str
    allowed: str = ""
    hint: str = ""
    field: str = ""


MW = "critical_it_mw"
FIELD = f"leases.Second tenant.{MW}"
MW_CELL = f"Leases!{cell_of('Leases', MW, 4)}"
START = f"Leases!{cell_of('Leases', 'start_month', 3)}"


def lease(value: Any, number_format: str = "") -> Content:
    return edited(put("Leases", MW, value, 4, number_format))


def start(value: Any, number_format: str = "General") -> Content:
    return edited(put("Leases", "start_month", value, 3, number_format))


def _write(sheet: str, cell: str, value: Any) -> Edit:
    def edit(book: Any) -> None:
        book[sheet][cell].value = value

    return edit


REFUSED = [
    Refused("text-for-number", lease("thirty"), MW_CELL, 'the text "thirty"', "0.001 to 5000 MW", "plain number", FIELD),
    Refused(
        "number-as-text",
        lease("30"),
        MW_CELL,
        'the text "30"',
        "0.001 to 5000 MW",
        "the cell holds text; type the number again: 30",
    ),
    Refused("decimal-comma", lease("30,5"), MW_CELL, 'the text "30,5"', "0.001 to 5000 MW", "the decimal sign is a point: 30.5"),
    Refused("thousands-comma", lease("1,000"), MW_CELL, 'the text "1,000"', "MW", "no thousands commas: 1000"),
    Refused("no-break-space", lease("300\u00a0"), MW_CELL, "300", "MW", "U+00A0"),
    Refused("zero-width", lease("3\u200b0"), MW_CELL, "the invisible character U+200B", "visible text", "", FIELD),
    Refused("kilowatts", lease(30_000), MW_CELL, "30,000 MW", "0.001 to 5000 MW", "30,000 in kW is 30 MW"),
    Refused("percent", edited(put("Leases", "escalator_per_year", 3, 4)), "", "3 per year", "-0.05 to 0.2", "0.03"),
    Refused("yes-no", lease(True), MW_CELL, "the yes/no value true", "0.001 to 5000 MW"),
    Refused(
        "date-for-number",
        lease(date(2027, 3, 1), "yyyy-mm-dd"),
        MW_CELL,
        "the date 2027-03-01",
        "MW",
        "format the cell as a number",
    ),
    Refused("empty", lease(None), MW_CELL, "nothing", "0.001 to 5000 MW", "hashlease new --xlsx", FIELD),
    Refused("only-blanks", lease("   "), MW_CELL, "nothing", "0.001 to 5000 MW"),
    Refused(
        "choice", edited(put("Leases", "status", "sigend", 3)), "Leases!D3", '"sigend"', "signed or offered", "did you mean signed?"
    ),
    Refused("flag", edited(put("Leases", "indivisible", "perhaps", 4)), "", 'the text "perhaps"', "TRUE or FALSE"),
    Refused(
        "number-for-a-name",
        edited(put("Leases", "name", 2028, 4)),
        "Leases!A4",
        "2028",
        "a name",
        "an apostrophe in front makes it text: '2028",
    ),
    Refused("look-alike", edited(put("Fleets", "name", "R\u043e\u0441k")), "Fleets!A3", "mixes Cyrillic and Latin", "one script"),
    Refused(
        "twice", edited(put("Leases", "name", "First tenant", 4)), "Leases!A4", 'the name "First tenant" again', "each name once"
    ),
    Refused("no-such-site", edited(put("Fleets", "site", "My cite")), "Fleets!B3", '"My cite"', "My site", "did you mean"),
    Refused(
        "error-cell",
        in_xml("Leases", MW_CELL[7:], "<f>1/0</f><v>#DIV/0!</v>", 't="e"'),
        MW_CELL,
        "the error #DIV/0!",
        "a value",
        "mend the formula",
        FIELD,
    ),
    Refused("error-without-formula", in_xml("Leases", MW_CELL[7:], "<v>#REF!</v>", 't="e"'), MW_CELL, "the error #REF!", "a value"),
    Refused("error-in-a-name", in_xml("Leases", "A4", "<v>#N/A</v>", 't="e"'), "Leases!A4", "the error #N/A", "a value"),
    Refused(
        "formula-without-value",
        in_xml("Leases", MW_CELL[7:], "<f>15*2</f>"),
        MW_CELL,
        "a formula without a saved value",
        "a value",
        "open the workbook in Excel and save it",
    ),
    Refused("middle-of-month", start(date(2026, 2, 27), "mmm-yy"), START, "the day 2026-02-27", "a month: its first day", "Mar-27"),
    Refused("serial-middle-of-month", start(46_100), START, "the day 2026-03-19", "a month: its first day"),
    Refused("serial-too-small", start(60), START, "60", "a month (YYYY-MM)", "such as 2027-03"),
    Refused(
        "part-of-a-day",
        edited(put("General", "finance.valuation_date", datetime(2026, 1, 1, 5, 30), 3, "yyyy-mm-dd hh:mm")),
        "General!B",
        "2026-01-01 05:30",
        "a day",
        "no time of day",
    ),
    Refused("slashes", start("03/2026"), START, '"03/2026"', "YYYY-MM", "2026-03"),
    Refused(
        "29-february",
        edited(put("General", "finance.valuation_date", "2027-02-29")),
        "General!B",
        '"2027-02-29"',
        "YYYY-MM-DD",
        "not a leap year",
    ),
    Refused(
        "unknown-column",
        edited(lambda book: book["Leases"].__setitem__("BZ1", "criticl_it_mw")),
        "Leases!BZ1",
        "the unknown column criticl_it_mw",
        "critical_it_mw",
        "did you mean critical_it_mw?",
    ),
    Refused(
        "column-twice",
        edited(_write("Leases", "BZ1", "gross_up")),
        "Leases!BZ1",
        "the column gross_up a second time",
        "each column once",
    ),
    Refused(
        "value-without-header",
        edited(_write("Leases", "BZ4", "see mail")),
        "Leases!BZ4",
        '"see mail" in a column without a header',
        "headers",
        "Notes",
    ),
    Refused(
        "unknown-field",
        edited(_write("General", "A20", "tilte"), _write("General", "B20", "x")),
        "General!A20",
        "the unknown field tilte",
        "title",
        "did you mean title?",
    ),
    Refused(
        "field-twice",
        edited(_write("General", "A20", "title"), _write("General", "B20", "x")),
        "General!A20",
        "the field title a second time (first in A3)",
        "each field once",
    ),
    Refused("value-without-field", edited(_write("General", "B25", 5)), "General!A25", "5 without a field", "the name of a field"),
    Refused(
        "no-units-row", edited(lambda book: book["Sites"].delete_rows(2)), "Sites!A2", '"My site"', "the row of units", "third row"
    ),
    Refused(
        "unknown-sheet",
        edited(lambda book: book.create_sheet("Lease").append(["x"])),
        "Lease!A1",
        'the unknown sheet "Lease"',
        "Leases",
        "did you mean Leases?",
    ),
    Refused(
        "merged",
        edited(lambda book: book["Leases"].merge_cells("B3:B4")),
        "Leases!B3",
        "merged cells B3 to B4",
        "one value in each cell",
        "unmerge",
    ),
    Refused(
        "hidden-row",
        edited(lambda book: setattr(book["Leases"].row_dimensions[4], "hidden", True)),
        "Leases!A4",
        "a hidden row with values",
        "can be seen",
        "clear the filter",
    ),
    Refused(
        "hidden-column",
        edited(lambda book: setattr(book["Leases"].column_dimensions["E"], "hidden", True)),
        "Leases!E1",
        "a hidden column with values",
        "can be seen",
    ),
    Refused(
        "hidden-sheet",
        edited(lambda book: setattr(book["Leases"], "sheet_state", "hidden")),
        "Leases!A1",
        "the hidden sheet Leases",
        "can be seen",
    ),
    Refused(
        "very-hidden-sheet",
        edited(lambda book: setattr(book["Leases"], "sheet_state", "veryHidden")),
        "Leases!A1",
        "the hidden sheet Leases",
        "can be seen",
    ),
    Refused(
        "unknown-path",
        edited(put("Market", "market.hashprice.network_eh", "netwrk_eh")),
        "Market!B4",
        'the text "netwrk_eh"',
        "a number, or the name of a path",
        "",
    ),
    Refused(
        "comma-in-a-path",
        edited(put("Market", "market.hashprice.network_eh", "1000,5")),
        "Market!B4",
        'the text "1000,5"',
        "a number",
        "the decimal sign is a point: 1000.5",
    ),
    Refused("bad-growth", edited(put("Paths", "growth_per_year", "ten", 3)), "Paths!", 'the text "ten"', "per year"),
    Refused(
        "path-out-of-bounds", edited(put("Paths", "start", 90, 3)), "Paths!", "90 USD/BTC", "100 to 100,000,000", "thousand USD"
    ),
    Refused(
        "prices-twice",
        edited(
            _write("Prices", "A3", "2026-01"),
            _write("Prices", "A4", "2026-01"),
            _write("Prices", "B1", "x"),
            _write("Prices", "B3", 1),
            _write("Prices", "B4", 1),
        ),
        "Prices!A4",
        "2026-01 a second time",
        "each month once",
    ),
    Refused(
        "shape-without-a-month",
        edited(lambda book: book["Shapes"].delete_rows(6)),
        "Shapes!A",
        "no row for month 3",
        "1 to 12",
        "",
        "power.zones.My zone.price.usd_per_mwh",
    ),
    Refused("shape-text", edited(_write("Shapes", "D5", "12,5")), "Shapes!D5", 'the text "12,5"', "USD/MWh", "12.5"),
    Refused(
        "shape-beside-path",
        edited(put("Power", "price.usd_per_mwh", 40)),
        "Shapes!A3",
        "rows of a shape beside price.usd_per_mwh in Power!",
        "one of the two",
    ),
    Refused("ramp-beside-number", edited(put("Sites", "energised_mw", 50)), "Ramps!A3", "rows beside a number on Sites", "one of"),
    Refused("spending-of-nobody", edited(put("Spending", "lease", "Nobody")), "Spending!A3", '"Nobody"', "Leases: First tenant"),
    Refused("block-of-nobody", edited(put("Blocks", "site", "Nowhere", 3)), "Blocks!A3", '"Nowhere"', "a name on Sites: My site"),
    Refused("source-of-nothing", edited(put("Sources", "item", "Nobody", 8)), "Sources!B8", '"Nobody"', "a name on"),
    Refused("budget-year", edited(put("Budget", "year", "FY27", 3)), "Budget!", '"FY27"', "a calendar year"),
    Refused("floor-text", edited(put("Budget", "cash_floor_usd", "ten", 3)), "Budget!E3", '"ten"', "0 or 1000"),
    Refused("budget-twice", edited(put("Budget", "year", 2027, 3)), "Budget!A4", "2027 a second time", "each calendar year once"),
    Refused("far-out", edited(_write("Leases", "XFD1048576", 1)), "Leases!XFD1048576", "values that far out", "first 20,000 rows"),
    Refused(
        "long-text",
        in_xml("General", "B3", f"<is><t>{'x' * 40_000}</t></is>", 't="inlineStr"'),
        "General!B3",
        "a text of 40,000 characters",
        "at most 32,767",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_it_is_refused_once_with_its_cell(case: Refused, tmp_path: Path) -> None:
    problems = problems_of(case.content(), tmp_path)
    fits = [problem for problem in problems if f" {case.cell}" in problem.where and case.found in problem.found]
    assert fits, "\n".join(map(str, problems))
    problem = fits[0]
    assert case.allowed in problem.allowed and case.hint in problem.hint and case.field in problem.field, str(problem)
    assert problem.where.startswith(f"{tmp_path / 'scenario.xlsx'} ")
    assert len(problems) <= 3, "\n".join(map(str, problems))


def _declared(content: bytes, name: str, size: int) -> bytes:
    """The archive with another size declared for a part, in both of its directories."""
    old = zipfile.ZipFile(io.BytesIO(content)).getinfo(name)
    raw = bytearray(content)
    for signature, offset, name_at in ((b"PK\x01\x02", 24, 46), (b"PK\x03\x04", 22, 30)):
        begin = 0
        while (begin := raw.find(signature, begin)) >= 0:
            if raw[begin + name_at : begin + name_at + len(name)] == name.encode():
                assert int.from_bytes(raw[begin + offset : begin + offset + 4], "little") in (old.file_size, 0)
                raw[begin + offset : begin + offset + 4] = size.to_bytes(4, "little")
            begin += 4
    return bytes(raw)


def with_part(name: str, content: bytes) -> bytes:
    return zipped({**parts_of(CONTENT), name: content})


def with_rows(rows: Callable[[], bytes]) -> Content:
    """The good workbook with XML of more rows at the end of Leases."""
    leases = part_of("Leases")
    return lambda: with_part(leases, parts_of(CONTENT)[leases].replace(b"</sheetData>", rows() + b"</sheetData>"))


def _leases_after(change: Callable[[bytes], bytes]) -> Content:
    leases = part_of("Leases")
    return lambda: with_part(leases, change(parts_of(CONTENT)[leases]))


def blanks() -> bytes:
    return with_part("xl/styles.xml", b" " * 200_000_000)


def other_sheets() -> bytes:
    return with_part("xl/workbook.xml", parts_of(CONTENT)["xl/workbook.xml"].replace(b' name="', b' name="Z'))


XLSX, AGAIN = "an Excel workbook (.xlsx)", "open it in Excel and save it again"
FILES: dict[str, tuple[Content, str, str]] = {
    "zip-bomb": (blanks, "an archive that unzips to 200 MB", "at most 64 MB"),
    "zip-bomb-of-false-size": (lambda: _declared(blanks(), "xl/styles.xml", 1_000), "a damaged ZIP archive", XLSX),
    "many-parts": (lambda: zipped({f"xl/{n}": b"" for n in range(3_000)}), "an archive of 3,000 parts", "at most 2,000"),
    "many-cells": (
        with_rows(lambda: b'<row r="900">' + b'<c r="A1" s="1"/>' * 400_000 + b"</row>"),
        "more than 300,000 cells",
        "at most 300,000",
    ),
    "many-errors": (
        with_rows(lambda: b"".join(b'<row r="%d"><c r="A%d" t="e"><v>#REF!</v></c></row>' % (n, n) for n in range(100, 2_000))),
        "1,900 cells with errors, the first of them #REF!",
        "cells without errors",
    ),
    "many-items": (
        with_rows(lambda: b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(100, 19_000))),
        "too many items",
        "at most 200,000 cells",
    ),
    "entities": (_leases_after(lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml), "a document type", "plain XML"),
    "cut-xml": (_leases_after(lambda xml: xml[:900]), "XML that cannot be read", XLSX),
    "cut-zip": (lambda: CONTENT[:20_000], "a damaged ZIP archive", XLSX),
    "xls": (lambda: EXCEL_97 + bytes(2_000), "Excel 97 (.xls), or one with a password", XLSX),
    "xlsm": (lambda: with_part("xl/vbaProject.bin", b"x"), "a workbook with macros (.xlsm)", XLSX),
    "xlsb": (lambda: zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"x"}), "a binary workbook (.xlsb)", XLSX),
    "ods": (
        lambda: zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}),
        "an OpenDocument file (.ods)",
        XLSX,
    ),
    "document": (lambda: zipped({"word/document.xml": b"<x/>"}), "a ZIP archive that is no Excel workbook", XLSX),
    "csv": (lambda: b"name,mw\nx,1\n", "a file that is no workbook, whatever its name says", XLSX),
    "nothing": (lambda: b"", "an empty file", XLSX),
    "another-workbook": (other_sheets, "the sheets ZNotes, ZGeneral", "General"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_workbook_is_refused_in_plain_words(name: str, tmp_path: Path) -> None:
    content, found, allowed = FILES[name]
    (problem,) = problems_of(content(), tmp_path)
    assert found in problem.found and allowed in problem.allowed, str(problem)


def test_content_counts_and_not_the_name(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_bytes(CONTENT)
    assert load(file) == GOOD


# --- what is read as it is meant -----------------------------------------------------------------------------------------


def taken(content: bytes, folder: Path) -> Scenario:
    (folder / "scenario.xlsx").write_bytes(content)
    return load(folder / "scenario.xlsx")


def _swapped(book: Any) -> None:
    """Two columns of Fleets the other way round, an empty row between units and items, remarks on a sheet of their own."""
    sheet = book["Fleets"]
    for row in range(1, 4):
        second, third = sheet.cell(row, 3), sheet.cell(row, 4)
        second.value, third.value = third.value, second.value
    sheet.insert_rows(3)
    book.create_sheet("Notes of mine").append(["=1+1", "anything"])


MEANT: dict[str, Content] = {
    "blanks-at-ends": edited(
        put("Fleets", "site", " My site  "), put("Leases", "status", "signed ", 3), put("Sites", "name", "My site ")
    ),
    "date-cell": start(date(2026, 2, 1), "mmm-yy"),
    "serial": start(46_054),
    "text-month": start("2026-02"),
    "text-day": edited(put("General", "finance.valuation_date", "2026-01-01")),
    "serial-day": edited(put("General", "finance.valuation_date", 46_023, 3, "General")),
    "columns-in-another-order": edited(_swapped),
    "text-true": edited(put("Leases", "indivisible", "false", 4)),
    "formula-with-value": in_xml("Leases", MW_CELL[7:], "<f>15*2</f><v>30</v>"),
    "million-empty-rows": with_rows(lambda: b"".join(b'<row r="%d" ht="15"/>' % row for row in range(100, 1_048_577))),
    "formats-far-out": with_rows(lambda: b'<row r="1048576"><c r="XFD1048576" s="1"/></row>'),
}


@pytest.mark.parametrize("name", MEANT)
def test_it_is_read_as_it_is_meant(name: str, tmp_path: Path) -> None:
    assert taken(MEANT[name](), tmp_path) == GOOD


def test_a_workbook_that_counts_from_1904(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(start(46_054 - 1_462)()))
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book.epoch = CALENDAR_MAC_1904
    target = io.BytesIO()
    book.save(target)
    assert taken(target.getvalue(), tmp_path) == GOOD


def test_formulas_are_named_where_notes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "scenario.xlsx").write_bytes(MEANT["formula-with-value"]())
    with pytest.raises(InputError, match=f"the saved value of 1 formula is read: {MW_CELL}"):
        load(tmp_path / "scenario.xlsx", strict=True)


def test_a_steps_number_and_prices_by_hand(tmp_path: Path) -> None:
    """A path with a column on Prices alone is one for every month; with `between` it is interpolated."""

    def edit(book: Any) -> None:
        put("Market", "market.hashprice.network_eh", "curve")(book)
        for row, (month, value) in enumerate([(date(2026, 1, 1), 1_000), ("2027-01", 1_100), (date(2050, 1, 1), 2_000)], start=3):
            book["Prices"].cell(row, 1).value = month
            book["Prices"].cell(row, 2).value = value
        book["Prices"].cell(1, 2).value = "curve"
        row = book["Paths"].max_row + 1
        for field, value in (("name", "curve"), ("between", "linear")):
            at(book, "Paths", field, row).value = value

    path = taken(edited(edit)(), tmp_path).market.hashprice.paths()["network_eh"]
    assert path.model_dump(mode="json") == {
        "anchors": {"2026-01": 1000, "2027-01": 1100, "2050-01": 2000},
        "between": "linear",
        "then_growth_per_year": None,
    }


# --- all at once, and the marked copy --------------------------------------------------------------------------------------

MANY = _edited(
    put("Leases", MW, "30,5", 4),
    put("Leases", "status", "sigend", 3),
    put("Fleets", "site", "My cite"),
    put("General", "title", "=cmd|' /C calc'!A0"),
    put("General", "finance.dollars", "=1+1"),
    _write("Leases", "BZ4", "see mail"),
    _write("Shapes", "D5", "x"),
)


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    cells = {problem.where.rpartition(" ")[2] for problem in problems_of(MANY, tmp_path)}
    assert {MW_CELL, "Leases!D3", "Fleets!B3", "Leases!BZ4", "Shapes!D5"} <= cells


@pytest.mark.parametrize("command", ["run", "validate"])
def test_the_marked_copy(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, copy = tmp_path / "scenario.xlsx", tmp_path / "marked.xlsx"
    file.write_bytes(MANY)
    assert run_command([command, str(file), "--annotate", str(copy)]) == 2
    said = capsys.readouterr().err
    assert f"wrote {copy}" in said and MW_CELL in said
    assert file.read_bytes() == MANY
    book = openpyxl.load_workbook(copy)
    rows = list(book[LIST].iter_rows(min_row=2))
    places = [row[0].value for row in rows]
    assert MW_CELL in places and "Leases!D3" in places
    for row in rows:
        assert row[0].hyperlink.location == row[0].value
        sheet, _, cell = row[0].value.partition("!")
        assert book[sheet][cell].fill.start_color.rgb == "00FFC7CE"
        assert row[2].value in book[sheet][cell].comment.text
        assert all(cell.data_type != "f" for cell in row)
    title = at(book, "General", "title")
    assert (title.value, title.data_type) == ("=cmd|' /C calc'!A0", "s")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["marked.xlsx", "scenario.xlsx"]
    again = problems_of(copy.read_bytes(), tmp_path)
    assert [problem.where.rpartition(" ")[2] for problem in again] == places


def test_the_marked_copy_takes_no_file_s_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, copy = tmp_path / "scenario.xlsx", tmp_path / "marked.xlsx"
    file.write_bytes(MANY)
    assert run_command(["run", str(file), "--annotate", str(file)]) == 2
    assert run_command(["run", "rockdale", "--annotate", str(copy)]) == 2
    assert run_command(["run", str(file), "--annotate", str(tmp_path / "marked.txt")]) == 2
    copy.write_bytes(b"mine")
    assert run_command(["run", str(file), "--annotate", str(copy)]) == 2
    assert "a file that exists" in capsys.readouterr().err
    assert (file.read_bytes(), copy.read_bytes()) == (MANY, b"mine")


def test_no_copy_without_a_mistake_in_a_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, copy = tmp_path / "scenario.xlsx", tmp_path / "marked.xlsx"
    file.write_bytes(CONTENT)
    assert run_command(["validate", str(file), "--annotate", str(copy)]) == 0
    file.write_bytes(CONTENT[:20_000])
    assert run_command(["validate", str(file), "--annotate", str(copy)]) == 2
    assert "no problem lies in a cell" in capsys.readouterr().err
    assert not copy.exists()
