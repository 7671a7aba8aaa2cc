"""The Timeline sheet: months, days on which cash falls, multipliers in force, and discount factors."""

from __future__ import annotations

from datetime import date

import numpy as np

from ...models.months import DAYS_PER_YEAR
from ...models.values import USD_PER_MUSD
from ...optimizer.plan_terms import Scales
from .book import FIRST, TOTAL, Block, Book, Sheet
from .choices import CURVES
from .scenarios_page import ScenariosPage
from .shadow import DIGITS, DISCOUNTS, SHARE_DIGITS, Group, Shadow

RATE_OF = {"live": "x_discount", "low": "x_discount*(1-swing_discount)", "high": "x_discount*(1+swing_discount)", "base": ""}
RATE_WORDS = {"live": "as typed", "low": "swing down", "high": "swing up", "base": "the scenario's own"}
EXCEL_DAY_ZERO = 693594
"""Ordinal of 30 December 1899, from which spreadsheets count days."""


class Timeline:
    """Rows by their meaning, each a `Block` of one row."""

    def __init__(self, book: Book, shadow: Shadow, scenarios: ScenariosPage) -> None:
        self.shadow, self.scenarios = shadow, scenarios
        self.sheet = book.timed("Timeline")
        self.sheet.title("Timeline", "Months, days on which cash falls, multipliers in force and discount factors.", FIRST + 6)
        self._row = 4
        self._constants()
        self._months()
        self.curves = {name: self._curve(name) for name in CURVES}
        self.multipliers = {name: self._multiplier(name) for name in CURVES}
        self.factors = {(group, which): self._factor(group, which) for which in DISCOUNTS for group in shadow.groups}
        self.kept_musd = {which: self._kept(which) for which in DISCOUNTS}
        self.sheet.page.freeze_panes(4, FIRST)

    def next_row(self) -> int:
        """A free row, for a constant that another sheet needs."""
        return self._take().first

    def _take(self) -> Block:
        self._row += 1
        return Block(self.sheet, self._row - 1, 1)

    def _constants(self) -> None:
        finance = self.shadow.terms.scenario.finance
        constants = (
            ("usd_per_musd", "USD in a million USD", USD_PER_MUSD, "USD", "#,##0"),
            ("days_per_year", "Days in the exponent of a discount factor", DAYS_PER_YEAR, "days", "0.00"),
            ("value_digits", "Digits of a million USD to which values are compared", float(DIGITS), "digits", "whole"),
            (
                "share_digits",
                "Digits below which a share of the flows is nothing",
                float(SHARE_DIGITS),
                "digits",
                "whole",
            ),
            ("valuation_date", "Valuation date", serial_of(finance.valuation_date), "date", "day"),
            ("tax_rate", "Income tax", finance.tax_rate, "fraction", "share"),
        )
        for name, label, value, unit, kind in constants:
            block = self._take()
            self.sheet.labels(block.first, [label], unit)
            self.sheet.number(block.first, TOTAL, value, "data", kind)
            self.sheet.book.name(name, block.at(0, TOTAL))
        self.rates = {}
        for kind_of_cash in dict.fromkeys(kind for kind, _ in self.shadow.groups):
            block = self._take()
            self.sheet.labels(block.first, [f"Discount rate, {kind_of_cash.replace('_', ' ')}"], "a year")
            self.sheet.number(block.first, TOTAL, self.shadow.terms.rate(kind_of_cash), "data", "0.00%")
            self.rates[kind_of_cash] = block.at(0, TOTAL)

    def _months(self) -> None:
        calendar, terms = self.shadow.calendar, self.shadow.terms
        heads = self.sheet
        serial = np.array([serial_of(month.first_day) for month in calendar.months])
        heads.page.set_row(3, 18)
        for column in range(FIRST):
            heads.text(3, column, ("row", "", "", "", "", "unit", "constant")[column], "head")
        heads.numbers(3, serial, "month", "head")
        self.date, self.year, self.days = self._take(), self._take(), self._take()
        heads.labels(self.date.first, ["First day of the month"], "date")
        heads.numbers(self.date.first, serial, "day")
        heads.labels(self.year.first, ["Calendar year"], "year")
        heads.monthly(self.year.first, f"=YEAR({self.date.cell(0)})", calendar.year_of_month.astype(float), "year")
        heads.labels(self.days.first, ["Days of the month"], "days")
        heads.numbers(self.days.first, calendar.days, "whole")
        self.when = {"first day": self._take(), "middle": self._take(), "last day": self._take()}
        day = f"({self.date.cell(0)}-valuation_date)"
        formulas = {
            "first day": f"={day}/days_per_year",
            "middle": f"={day}/days_per_year+{self.days.cell(0)}/(days_per_year+days_per_year)",
            "last day": f"=({day}+{self.days.cell(0)})/days_per_year",
        }
        for when, block in self.when.items():
            heads.labels(block.first, [f"From the valuation date to the {when} of the month"], "years")
            heads.monthly(block.first, formulas[when], terms.years[when], "factor")  # type: ignore[index]

    def _curve(self, name: str) -> Block:
        block = self._take()
        self.sheet.labels(block.first, [f"Curve of the {name}, x the scenario's path"], "x")
        formula = f"=INDEX({self.scenarios.curve_row(name)},MATCH({self.year.cell(0)},{self.scenarios.years_row},0))"
        self.sheet.monthly(block.first, formula, self.shadow.curve[name], "times")
        return block

    def _multiplier(self, name: str) -> Block:
        block = self._take()
        self.sheet.labels(block.first, [f"Multiplier of the {name} in force"], "x")
        self.sheet.monthly(block.first, f"=x_{name}*{self.curves[name].cell(0)}", self.shadow.multiplier(name), "times")
        return block

    def _factor(self, group: Group, which: str) -> Block:
        kind, when = group
        block = self._take()
        rate, factor = self.shadow.terms.rate(kind), RATE_OF[which]
        self.sheet.labels(block.first, [f"Discount factor, {kind.replace('_', ' ')}", when, "rate " + RATE_WORDS[which]], "1")
        formula = f"={self.rates[kind]}" + (f"*{factor}" if factor else "")
        self.sheet.formula(block.first, TOTAL, formula, rate * self.shadow.discount(which), "calc", "0.00%")
        own = block.at(0, TOTAL).split("!")[1]
        self.sheet.monthly(block.first, f"=(1+{own})^-{self.when[when].cell(0)}", self.shadow.factor(group, which), "factor")
        return block

    def _kept(self, which: str) -> Block:
        """M USD of today that a USD of mining margin is worth after tax."""
        block, group = self._take(), self.shadow.groups[0]
        self.sheet.labels(block.first, ["Value of a USD of mining margin after tax", "", "rate " + RATE_WORDS[which]], "M USD")
        values = self.shadow.kept_fraction * self.shadow.factor(group, which) / USD_PER_MUSD
        self.sheet.monthly(block.first, f"=(1-tax_rate)*{self.factors[group, which].cell(0)}/usd_per_musd", values, "0.000E+00")
        return block

    def curve_of(self, scales: Scales) -> str:
        """All months of the curve that a row scales with; empty where it is fixed."""
        return "" if scales == "fixed" else self.curves[scales].row(0)

    def head(self, sheet: Sheet) -> None:
        """Write the months over another sheet of months."""
        for column, text in enumerate(("row", "", "", "", "", "unit", "constant")):
            sheet.text(3, column, text, "head")
        serial = np.array([serial_of(month.first_day) for month in self.shadow.calendar.months])
        sheet.monthly(3, f"={self.date.cell(0)}", serial, "month", "head")
        sheet.page.freeze_panes(4, FIRST)


def serial_of(day: date) -> float:
    """A day as spreadsheets count it."""
    return float(day.toordinal() - EXCEL_DAY_ZERO)
