"""The Checks sheet: does the workbook still say what the program said, and do its sums agree?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...models.months import Array
from .book import GREEN, RED, Block, Book, absolute
from .calculations import Calculations
from .choices import CURVES
from .shadow import Shadow
from .yearly_pages import GROUPS, OTHER, CashPage

TOLERANCE = 1e-6
"""Largest difference that is allowed: MW, M USD, and a share of a checksum."""
FIRST_CHECK, FIRST_SUM = 5, 37
ALL_GROUPS = (*GROUPS, OTHER)


@dataclass(frozen=True)
class Check:
    """A figure that must not exceed the tolerance."""

    what: str
    formula: str
    value: float


class ChecksPage:
    """Positions and the box first; `write` fills the checks."""

    def __init__(self, book: Book, shadow: Shadow, box: dict[str, tuple[float, float]], bound_musd: float) -> None:
        self.shadow = shadow
        self.sheet = book.sheet("Checks", GREEN, [(0, 0, 6), (1, 1, 92), (2, 4, 16)])
        self.sheet.title("Checks", "1 is passed. The last column adds up to the one flag on Control.", 5)
        self.overall = book.name("checks_passed", self.sheet.cell(3, 4))
        self.passed = True
        self.box_cells = self._box(book, box, bound_musd)

    def _box(self, book: Book, box: dict[str, tuple[float, float]], bound_musd: float) -> dict[str, tuple[str, str]]:
        """What was proved, below the checks."""
        sheet, top = self.sheet, 30
        sheet.text(top, 1, "What is proved: factors between which the list holds the best plan to within the bound", "section")
        for column, text in ((2, "from"), (3, "to")):
            sheet.text(top, column, text, "section")
        cells = {}
        for row, name in enumerate(CURVES, start=top + 1):
            low, high = box.get(name, (1.0, 1.0))
            sheet.text(row, 1, f"factor of the {name}")
            sheet.numbers(row, [low, high], "times", first=2)
            cells[name] = (sheet.cell(row, 2), sheet.cell(row, 3))
        sheet.text(top + 4, 1, "largest value that a plan outside of the list can have on top of the best of the list, M USD")
        sheet.number(top + 4, 2, bound_musd, "data", "value")
        book.name("regret_bound", sheet.cell(top + 4, 2))
        sheet.text(top + 5, 1, "largest difference that a check allows")
        sheet.number(top + 5, 2, TOLERANCE, "data", "0.0E+00")
        book.name("tolerance", sheet.cell(top + 5, 2))
        return cells

    def write(self, calc: Calculations, cash: CashPage, program_musd: Array) -> None:
        """program_musd: value of every plan by the program, at the scenario's own prices."""
        sheet = self.sheet
        for column, text in enumerate(("no.", "what must hold", "difference", "allowed", "passed")):
            sheet.text(4, column, text, "head")
        found = list(self._checks(calc, cash, program_musd))
        for number, check in enumerate(found, start=1):
            row = FIRST_CHECK + number - 1
            sheet.number(row, 0, float(number), "data", "whole")
            sheet.text(row, 1, check.what)
            sheet.formula(row, 2, check.formula, check.value, "calc", "0.0E+00")
            sheet.formula(row, 3, "=tolerance", TOLERANCE, "calc", "0.0E+00")
            passed = check.value <= TOLERANCE
            self.passed = self.passed and passed
            sheet.formula(
                row,
                4,
                f"=IF(ISNUMBER({absolute(row, 2)}),IF({absolute(row, 2)}<={absolute(row, 3)},1,0),0)",
                float(passed),
                "check",
                "0",
            )
        flags = f"{absolute(FIRST_CHECK, 4)}:{absolute(FIRST_CHECK + len(found) - 1, 4)}"
        sheet.text(3, 1, "all of them", "bold")
        sheet.formula(3, 4, f"=MIN({flags})", float(self.passed), "check", "0", bold=1)
        for criteria, colour in (("=0", RED), ("=1", GREEN)):
            style = sheet.book.file.add_format(
                {"font_color": "#FFFFFF" if colour == RED else GREEN, "bg_color": colour if colour == RED else "#ECFDF5"}
            )
            sheet.page.conditional_format(
                3,
                4,
                FIRST_CHECK + len(found) - 1,
                4,
                {"type": "cell", "criteria": "==", "value": int(criteria[1:]), "format": style},
            )
        sheet.page.fit_to_pages(1, 0)

    def _checks(self, calc: Calculations, cash: CashPage, program_musd: Array) -> Iterator[Check]:
        yield from self._of_program(calc, program_musd)
        yield from self._of_mw(calc)
        yield from self._of_cash(calc, cash)
        yield from self._of_inputs(calc)

    def _of_program(self, calc: Calculations, program_musd: Array) -> Iterator[Check]:
        sheet, shadow, plans = self.sheet, self.shadow, calc.plans
        column, top = 6, 4
        sheet.text(top, column, "by the program, M USD", "head")
        sheet.page.set_column(column, column, 16)
        for plan, value in enumerate(program_musd.tolist()):
            sheet.number(top + 1 + plan, column, value, "data", "value")
        stored = sheet.area(top + 1, column, top + shadow.plans, column)
        base = plans.down(plans.case_column("base"))
        own = shadow.case_npv[:, shadow.case_number("base")]
        distance = f"=SQRT(SUMXMY2({base},{stored}))"
        yield Check(
            "sheet = program: value of every plan at the scenario's own prices, M USD",
            distance,
            float(np.sqrt(np.sum((own - program_musd) ** 2))),
        )
        sums = (
            (
                "prices and hours of the bands",
                [block for pair in zip(calc.prices.prices, calc.prices.hours, strict=True) for block in pair],
            ),
            ("machines of the plans", [calc.machines.block]),
            ("cash of the options", [calc.terms.block]),
            (
                "revenue, charges and fixed prices of the fleets",
                [calc.mining.revenue, calc.mining.charge, calc.mining.fixed_price],
            ),
            ("MW that the options take or add", [Block(calc.uses.sheet, 4, len(calc.uses.rows))]),
        )
        for number, ((what, blocks), value) in enumerate(zip(sums, self._checksums(calc), strict=True)):
            kept = [block for block in blocks if block.rows]
            formula = "+".join(f"SUMSQ({block.all()})" for block in kept) or "SUM(0)"
            row = FIRST_SUM + number
            sheet.text(row, 1, f"sum of squares of {what}, as written", "note")
            sheet.number(row, 2, value, "data", "General")
            yield Check(
                f"untouched: {what} (sum of squares against the one written, as a share)",
                f"=ABS({formula}-{absolute(row, 2)})/MAX({absolute(row, 2)},1)",
                0.0,
            )

    def _checksums(self, calc: Calculations) -> list[float]:
        terms = self.shadow.terms
        fleets = terms.fleets
        fixed = [fleet.fixed_usd_per_mwh for fleet in fleets if fleet.fixed_usd_per_mwh is not None]
        tables: list[list[Array]] = [
            [table for _, price, hours in terms.zones for table in (price, hours)],
            [terms.machines_mw],
            [row.usd for row in self.shadow.rows],
            [*(fleet.revenue_usd_per_mwh for fleet in fleets), *(fleet.charge_usd_per_mw for fleet in fleets), *fixed],
            [mw for *_, mw in calc.uses.rows],
        ]
        return [float(sum(np.sum(np.square(table)) for table in group)) for group in tables]

    def _of_mw(self, calc: Calculations) -> Iterator[Check]:
        shadow, months = self.shadow, calc.allocation
        idle = [(row, mw) for _, use, _, row, mw in months.rows if use == "idle"]
        ranges = [Block(months.sheet, row, 1).row(0) for row, _ in idle]
        least = min((float(mw.min()) for _, mw in idle), default=0.0)
        yield Check("no site uses more MW than it has in any month, MW", f"=MAX(0,-MIN({','.join(ranges)}))", max(0.0, -least))
        energised = [Block(months.sheet, row, 1).row(0) for row in months.energised.values()]
        rows = [Block(months.sheet, row, 1).row(0) for *_, row, _ in months.rows]
        total = f"=ABS(SUM({','.join(energised)})-({'+'.join(f'SUM({row})' for row in rows)}))"
        yield Check("uses of all months and sites add up to the energised MW, MW-months", total, 0.0)
        if shadow.terms.fleets:
            over = f"=MAX(0,SUMPRODUCT(({months.running.all()}>{calc.mining.available.all()}+tolerance)*1))"
            yield Check("no fleet runs more MW than it has (months in which one does)", over, 0.0)

    def _of_cash(self, calc: Calculations, cash: CashPage) -> Iterator[Check]:
        shadow, months = self.shadow, calc.cash
        by_year = f"=ABS(SUM({cash.line('net cash')})-SUM({months.net.row(0)})/usd_per_musd)"
        yield Check(
            "cash adds up: lines by year = net cash of the months, M USD",
            by_year,
            abs(float(cash.values["net cash"].sum()) - float(shadow.net_cash(shadow.shown).sum()) / 1e6),
        )
        groups = "+".join(f"SUM({block.row(0)})" for block in months.groups)
        kinds = float(sum(shadow.cash_of_group(group).sum() for group in shadow.groups))
        yield Check(
            "cash by line = cash by kind and day, M USD",
            f"=ABS(SUM({months.net.row(0)})-({groups}))/usd_per_musd",
            abs(float(shadow.net_cash(shadow.shown).sum()) - kinds) / 1e6,
        )
        discounted = float(sum((shadow.cash_of_group(g) * shadow.factor(g, "live")).sum() for g in shadow.groups)) / 1e6
        yield Check(
            "cash = NPV: discounted cash of the plan shown = its value in the list, M USD",
            f"=ABS(SUM({months.discounted.row(0)})/usd_per_musd-shown_npv)",
            abs(discounted - float(shadow.npv[shadow.shown])),
        )
        yield Check(
            "groups of lines add up to the net cash, M USD",
            f"=ABS({'+'.join(f'SUM({cash.line(group)})' for group in ALL_GROUPS)}-SUM({cash.line('net cash')}))",
            abs(sum(float(cash.values[group].sum()) for group in ALL_GROUPS) - float(cash.values["net cash"].sum())),
        )
        rate, flows, numbers = months.rate_cell, months.extra.row(0), months.months_since.row(0)
        residual = f"=IF(ISNUMBER(shown_irr),ABS(SUMPRODUCT({flows},(1+{rate})^-{numbers}))/SUMPRODUCT(({flows}^2)^0.5),0)"
        extra = shadow.extra
        left = abs(float(np.sum(extra * (1 + months.monthly_rate) ** -np.arange(shadow.months))))
        shown = float(left / np.abs(extra).sum()) if np.any(extra) and months.has_rate else 0.0
        yield Check(
            "at the internal rate of return the cash over the status quo is worth nothing (share of the flows)", residual, shown
        )

    def _of_inputs(self, calc: Calculations) -> Iterator[Check]:
        shadow = self.shadow
        yield Check("every plan has a value (plans without one)", f"={shadow.plans}-COUNT(plan_npvs)", 0.0)
        yield Check("the best plan of the list is the one of rank 1, M USD", "=ABS(MAX(plan_npvs)-INDEX(plan_npvs,plan_best))", 0.0)
        factors = "in_hashprice,in_rent,in_power,in_discount"
        yield Check("factors are numbers of 0 or more (those that are not)", f"=4-COUNT({factors})+IF(MIN({factors})<0,1,0)", 0.0)
        known = "=IF(ISNUMBER(MATCH(in_case,case_names,0)),0,1)+IF(ISNUMBER(plan_shown),0,1)"
        yield Check("price case and plan are ones of the lists", known, 0.0)
        cells = len(CURVES) * len(shadow.calendar.years)
        yield Check("curves are numbers of 0 or more", f"={cells}-COUNT(curves)+IF(MIN(curves)<0,1,0)", 0.0)
        yield Check("axes of the map rise (those that do not)", "=SUMPRODUCT((INDEX(in_axis,0,1)>=INDEX(in_axis,0,2))*1)", 0.0)
