"""The Scenarios sheet: named price cases, curves by calendar year and the tornado's swings, all to be edited."""

from __future__ import annotations

from .book import ORANGE, Book
from .choices import CURVES, FACTORS
from .shadow import Shadow

FIRST_CASE_ROW = 5
WORDS = {"hashprice": "Hashprice", "rent": "Rent of offers", "power": "Market power price", "discount": "Discount rates"}


class ScenariosPage:
    """Where the cases, curves and swings stand."""

    def __init__(self, book: Book, shadow: Shadow) -> None:
        self.shadow, self.years = shadow, shadow.calendar.years
        self.sheet = book.sheet("Scenarios", ORANGE, [(0, 0, 38), (1, 60, 11)])
        cases = len(shadow.choices.cases)
        self.case_rows = (FIRST_CASE_ROW, FIRST_CASE_ROW + cases - 1)
        self.curve_head = FIRST_CASE_ROW + cases + 3
        self.swing_head = self.curve_head + len(CURVES) + 4
        self._write()

    def _write(self) -> None:
        sheet, choices = self.sheet, self.shadow.choices
        sheet.title(
            "Scenarios",
            "Price cases for the picker on Control, curves by year, and swings of the tornado. Edit the cream cells.",
            12,
        )
        sheet.text(3, 0, "Price cases: factors on the scenario's prices and rates", "section")
        for column, text in enumerate(("case", *(WORDS[factor] for factor in FACTORS))):
            sheet.text(4, column, text, "head")
        for row, case in enumerate(choices.cases, start=FIRST_CASE_ROW):
            sheet.text(row, 0, case.name, "input", align="left")
            for column, factor in enumerate(FACTORS, start=1):
                sheet.number(row, column, getattr(case, factor), "input", "times")
        self._not_negative(FIRST_CASE_ROW, 1, self.case_rows[1], 4)
        first, last = self.case_rows
        sheet.book.name("case_names", sheet.area(first, 0, last, 0))
        for column, factor in enumerate(FACTORS, start=1):
            sheet.book.name(f"case_{factor}", sheet.area(first, column, last, column))
        self._curves()
        self._swings()
        sheet.page.freeze_panes(3, 1)
        sheet.page.fit_to_pages(1, 0)

    def _curves(self) -> None:
        sheet, head = self.sheet, self.curve_head
        sheet.text(
            head - 1, 0, "Curves: factors on the scenario's own paths by calendar year, on top of the multipliers", "section"
        )
        sheet.text(head, 0, "curve", "head")
        sheet.numbers(head, self.years, "year", "head", first=1)
        for row, name in enumerate(CURVES, start=head + 1):
            sheet.text(row, 0, WORDS[name])
            curve = self.shadow.choices.curves.get(name, {})
            sheet.numbers(row, [curve.get(year, 1.0) for year in self.years], "times", "input", first=1)
        self._not_negative(head + 1, 1, head + len(CURVES), len(self.years))
        sheet.book.name("curves", sheet.area(head + 1, 1, head + len(CURVES), len(self.years)))

    def _swings(self) -> None:
        sheet, head = self.sheet, self.swing_head
        sheet.text(head - 1, 0, "Swings: how far the tornado on Sensitivity moves each price", "section")
        for column, text in enumerate(("price", "down and up")):
            sheet.text(head, column, text, "head")
        for row, factor in enumerate(FACTORS, start=head + 1):
            sheet.text(row, 0, WORDS[factor])
            sheet.number(row, 1, self.shadow.choices.swings[factor], "input", "share")
            sheet.book.name(f"swing_{factor}", sheet.cell(row, 1))
        rule = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 0.9, "error_title": "Swing"}
        sheet.page.data_validation(head + 1, 1, head + len(FACTORS), 1, {**rule, "error_message": "A fraction from 0 to 90 %."})

    def _not_negative(self, row: int, column: int, last_row: int, last_column: int) -> None:
        rule = {
            "validate": "decimal",
            "criteria": ">=",
            "value": 0,
            "error_title": "Factor",
            "error_message": "A number of 0 or more; 1 is as planned.",
        }
        self.sheet.page.data_validation(row, column, last_row, last_column, rule)

    def curve_row(self, name: str) -> str:
        row = self.curve_head + 1 + CURVES.index(name)
        return self.sheet.area(row, 1, row, len(self.years))

    @property
    def years_row(self) -> str:
        return self.sheet.area(self.curve_head, 1, self.curve_head, len(self.years))
