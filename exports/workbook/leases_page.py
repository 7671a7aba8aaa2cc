"""The Leases sheet: every offer, why it is taken or not at the scenario's prices, and what the plan shown takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...optimizer.plan import Plan
from .book import TEAL, Book, absolute
from .calculations import Calculations
from .lease_terms import MW
from .plan_values import FIRST_OPTION, FIRST_PLAN, VALUE_ROWS
from .shadow import SCALES, Shadow

STATIC = (
    ("status", "status", "any"),
    ("offered_critical_mw", "offered critical MW", "mw"),
    ("critical_mw", "critical MW at the scenario's prices", "mw"),
    ("start", "rent starts", "any"),
    ("end", "base term ends", "any"),
    ("first_year_rent_usd_per_kw_month", "rent of the first year, USD/kW-month", "usd"),
    ("break_even_rent_usd_per_kw_month", "break-even rent, USD/kW-month", "usd"),
    ("break_even_hashprice_multiplier", "break-even hashprice, x", "times"),
    ("irr", "IRR", "share"),
    ("yield_on_cost", "yield on cost", "share"),
    ("capex_usd", "capex of what is taken, USD", "#,##0"),
    ("contract_value_usd", "contract value, USD", "#,##0"),
)
FIRST_LIVE = 2
FIRST_STATIC = 7


@dataclass(frozen=True)
class OfferInList:
    """Options of an offer that the list uses: numbers from `first` to `last`; none if first is above last."""

    name: str
    site: str
    first: int
    last: int


def offers_in_list(shadow: Shadow, plan: Plan) -> list[OfferInList]:
    """Every offer of the scenario in the order of the plan's table."""
    found = []
    for row in plan.rows["leases"]:
        own = [n for n, option in enumerate(shadow.terms.leases) if option.name == row["offer"]]
        found.append(OfferInList(row["offer"], row["site"], min(own, default=0), max(own, default=-1)))
    return found


class BreakEvensPage:
    """For each offer that some plans take: its MW and rent in every plan, and the rent from which that plan would be best."""

    def __init__(self, book: Book, shadow: Shadow, offers: list[OfferInList], calc: Calculations) -> None:
        self.shadow, self.calc = shadow, calc
        self.sheet = book.sheet("Break-evens", "#6B7280", [(0, 0, 7), (1, 200, 12)])
        words = "Factor on each offer's own rent from which a plan that takes it beats every plan of the list that does not."
        self.sheet.title("Break-evens", words, 10)
        self.first_column: dict[str, int] = {}
        self.multiplier: dict[str, float | str] = {}
        for plan in range(shadow.plans):
            self.sheet.number(6 + plan, 0, plan + 1.0, "data", "whole")
        self.sheet.text(5, 0, "plan", "head")
        column = 1
        for offer in offers:
            if offer.last >= offer.first and shadow.terms.leases[offer.first].offer.status == "offered":
                self.first_column[offer.name] = column
                self._offer(offer, column)
                column += 4
        self.sheet.page.freeze_panes(6, 1)

    def _offer(self, offer: OfferInList, column: int) -> None:
        sheet, shadow, plans = self.sheet, self.shadow, self.calc.plans
        for at, text in enumerate((offer.name, "without it, M USD", "its rent, M USD", "from its rent x"), start=column):
            sheet.text(5, at, text, "head")
        own = slice(offer.first, offer.last + 1)
        mw = shadow.terms.critical_mw[:, own].sum(axis=1)
        values = shadow.option_values[offer.first : offer.last + 1, 0, SCALES.index("rent")]
        rent = shadow.terms.critical_mw[:, own] @ values
        outside = [float(npv) for npv, amount in zip(shadow.npv, mw, strict=True) if amount <= 0]
        best_outside = max(outside) if outside else ""
        first, last = 6, 5 + shadow.plans
        without = f"{absolute(first, column + 1)}:{absolute(last, column + 1)}"
        sheet.text(3, column, "best without it, M USD", "note")
        sheet.formula(4, column, f'=IF(COUNT({without})=0,"",MAX({without}))', best_outside, "calc", "value")
        thresholds: list[float] = []
        for plan in range(shadow.plans):
            row, source = first + plan, FIRST_PLAN + plan
            options = [plans.sheet.cell(source, FIRST_OPTION + n) for n in (offer.first, offer.last)]
            of_plan = f"{options[0]}:{options[1].split('!')[1]}"
            at_value = [plans.sheet.cell(VALUE_ROWS + SCALES.index("rent"), FIRST_OPTION + n) for n in (offer.first, offer.last)]
            of_rent = f"{at_value[0]}:{at_value[1].split('!')[1]}"
            npv = plans.sheet.cell(source, plans.npv)
            takes = float(mw[plan])
            sheet.formula(row, column, f"=SUM({of_plan})", takes, "calc", "mw")
            own_mw, own_rent, base = absolute(row, column), absolute(row, column + 2), absolute(4, column)
            sheet.formula(
                row, column + 1, f'=IF({own_mw}>0,"",{npv})', "" if takes > 0 else float(shadow.npv[plan]), "calc", "value"
            )
            sheet.formula(row, column + 2, f"=SUMPRODUCT({of_plan},{of_rent})", float(rent[plan]), "calc", "value")
            value: float | str = ""
            if takes > 0 and rent[plan] > 0 and best_outside != "":
                value = float((float(best_outside) - (shadow.npv[plan] - shadow.x["rent"] * rent[plan])) / rent[plan])
                thresholds.append(value)
            formula = f'=IF(AND({own_mw}>0,{own_rent}>0,ISNUMBER({base})),({base}-({npv}-x_rent*{own_rent}))/{own_rent},"")'
            sheet.formula(row, column + 3, formula, value, "calc", "times")
        below = f"{absolute(first, column + 3)}:{absolute(last, column + 3)}"
        result: float | str = min(thresholds) if thresholds else ""
        sheet.text(3, column + 3, "factor", "note")
        sheet.formula(4, column + 3, f'=IF(COUNT({below})=0,"",MIN({below}))', result, "calc", "times")
        self.multiplier[offer.name] = result

    def result(self, offer: str) -> str:
        return self.sheet.cell(4, self.first_column[offer] + 3)


class LeasesPage:
    """A row an offer."""

    def __init__(self, book: Book, shadow: Shadow) -> None:
        self.shadow = shadow
        self.sheet = book.sheet(
            "Leases",
            TEAL,
            [
                (0, 0, 32),
                (1, 1, 16),
                (2, 6, 14),
                (FIRST_STATIC, FIRST_STATIC + len(STATIC) - 1, 13),
                (FIRST_STATIC + len(STATIC), FIRST_STATIC + len(STATIC), 90),
            ],
        )

    def write(self, plan: Plan, offers: list[OfferInList], calc: Calculations, break_evens: BreakEvensPage) -> None:
        sheet = self.sheet
        sheet.title(
            "Leases",
            "Every offer: at the prices typed (formulas), and at the scenario's own prices with the reason (from the program).",
            12,
        )
        sheet.text(2, FIRST_LIVE, "in the plan shown, at the prices typed", "section")
        sheet.text(2, FIRST_STATIC, "at the scenario's own prices, from the program", "section")
        live = ("critical MW", "first rent", "value, M USD", "break-even of its rent within the list, x", "and in USD/kW-month")
        heads = ("offer", "site", *live, *(text for _, text, _ in STATIC), "why")
        for column, text in enumerate(heads):
            sheet.text(3, column, text, "head")
        sheet.page.set_row(3, 52)
        for number, (row, offer) in enumerate(zip(plan.rows["leases"], offers, strict=True)):
            at = 4 + number
            sheet.labels(at, [offer.name, offer.site])
            for column, formula, value, kind in self._live(at, offer, calc, break_evens):
                sheet.formula(at, column, formula, value, "calc", kind)
            self._static(at, row)
        last = 3 + max(len(offers), 1)
        sheet.book.name("offer_names", sheet.area(4, 0, last, 0))
        sheet.book.name("offer_mws", sheet.area(4, FIRST_LIVE, last, FIRST_LIVE))
        sheet.page.freeze_panes(4, 1)
        sheet.page.fit_to_pages(1, 0)
        sheet.page.repeat_rows(2, 3)

    def _live(
        self, at: int, offer: OfferInList, calc: Calculations, break_evens: BreakEvensPage
    ) -> Iterator[tuple[int, str, float | str, str]]:
        shadow, options = self.shadow, calc.options
        if offer.last < offer.first:
            self.sheet.formula(at, FIRST_LIVE, "=SUM(0)", 0.0, "calc", "mw")
            self.sheet.text(at, FIRST_LIVE + 1, "in no plan of the list", "note")
            return
        own = [4 + n for n in range(offer.first, offer.last + 1)]
        mw = shadow.terms.critical_mw[shadow.shown, offer.first : offer.last + 1]
        mw_range = options.sheet.area(own[0], MW, own[-1], MW)
        yield 2, f"=SUM({mw_range})", float(mw.sum()), "mw"
        starts = options.sheet.area(own[0], 3, own[-1], 3)
        helper = options.sheet.area(own[0], options.flag, own[-1], options.flag)
        taken = np.flatnonzero(mw > 0)
        first = str(shadow.terms.leases[offer.first + int(taken[0])].start) if len(taken) else "-"
        yield 3, f'=IFERROR(INDEX({starts},MATCH(1,{helper},0)),"-")', first, "any"
        value = options.sheet.area(own[0], options.value_now, own[-1], options.value_now)
        worth = float(mw @ shadow.option_now[offer.first : offer.last + 1])
        yield 4, f"=SUMPRODUCT({mw_range},{value})", worth, "musd"
        if offer.name in break_evens.first_column:
            result = break_evens.multiplier[offer.name]
            cell = break_evens.result(offer.name)
            yield 5, f'=IF(ISNUMBER({cell}),{cell},"-")', result if result != "" else "-", "times"
            rent = shadow.terms.leases[offer.first].offer.first_year_rent_usd_per_kw_month
            static = absolute(at, FIRST_STATIC + 5)
            usd: float | str = float(result) * rent if result != "" else "-"
            yield 6, f'=IF(ISNUMBER({absolute(at, 5)}),{absolute(at, 5)}*{static},"-")', usd, "usd"

    def _static(self, at: int, row: dict[str, Any]) -> None:
        for column, (field, _, kind) in enumerate(STATIC, start=FIRST_STATIC):
            value = row.get(field)
            if isinstance(value, int | float) and not isinstance(value, bool):
                self.sheet.number(at, column, float(value), "data", kind)
            else:
                self.sheet.text(at, column, "-" if value is None else str(value), "data")
        self.sheet.text(at, FIRST_STATIC + len(STATIC), row["reason"], "data")
