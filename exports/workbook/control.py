"""The Control sheet: what a planner types, the plan that wins, and what it brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...models.months import Array
from .book import GREEN, NAVY, RED, TEAL, Book, absolute
from .calculations import Calculations
from .charts import insert_charts
from .checks import ChecksPage
from .choices import BEST, CURVES, FACTORS
from .scenarios_page import WORDS
from .sensitivity_page import SensitivityPage
from .shadow import Shadow
from .yearly_pages import AllocationPage, CashPage

TYPED, FORCE, REAL = 2, 3, 4
INPUT_ROW = 5
"""Row of the price case; the factors follow."""
LIST_ROWS = 10


@dataclass(frozen=True)
class Box:
    """What is proved of the list: the axes' ends and the largest regret, M USD."""

    axes: Mapping[str, tuple[float, float]]
    bound_musd: float


class ControlPage:
    """Inputs first, so that every sheet can name them; `write` fills the rest."""

    def __init__(self, book: Book, shadow: Shadow, box: Box, title: str) -> None:
        self.shadow, self.box = shadow, box
        widths = [
            (0, 0, 1.5),
            (1, 1, 21),
            (TYPED, TYPED, 15),
            (FORCE, FORCE, 9),
            (REAL, REAL, 10),
            (5, 5, 13),
            (6, 6, 2),
            (7, 7, 30),
            (8, 8, 15),
            (9, 10, 12),
            (11, 11, 2),
            (12, 12, 26),
            (13, 14, 12),
            (15, 15, 22),
        ]
        self.sheet = book.sheet("Control", NAVY, widths)
        self.sheet.title(
            title,
            "The plan that wins at your prices. Type in a cream cell: plan, MW, cash and charts follow. Plain formulas, no macros.",
            16,
        )
        self._inputs(book)

    def _inputs(self, book: Book) -> None:
        sheet, choices = self.sheet, self.shadow.choices
        sheet.text(3, 1, "Your prices", "section")
        for column in range(TYPED, 6):
            sheet.text(3, column, "", "section")
        for column, text in ((TYPED, "type here"), (FORCE, "in force"), (REAL, "first year")):
            sheet.text(4, column, text, "note", align="center")
        sheet.text(INPUT_ROW, 1, "Price case", "bold")
        sheet.text(INPUT_ROW, TYPED, choices.case, "input", shrink=1)
        sheet.page.data_validation(INPUT_ROW, TYPED, INPUT_ROW, TYPED, {"validate": "list", "source": "=case_names"})
        book.name("in_case", sheet.cell(INPUT_ROW, TYPED))
        for row, factor in enumerate(FACTORS, start=INPUT_ROW + 1):
            sheet.text(row, 1, WORDS[factor], "bold")
            sheet.number(row, TYPED, getattr(choices, factor), "input", "times")
            book.name(f"in_{factor}", sheet.cell(row, TYPED))
            formula = f"=in_{factor}*INDEX(case_{factor},MATCH(in_case,case_names,0))"
            sheet.formula(row, FORCE, formula, self.shadow.x[factor], "calc", "times", align="center", bg_color="#F3F5F9")
            book.name(f"x_{factor}", sheet.cell(row, FORCE))
        rule = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 100, "error_title": "Factor"}
        sheet.page.data_validation(
            INPUT_ROW + 1, TYPED, INPUT_ROW + 4, TYPED, {**rule, "error_message": "A factor from 0 to 100; 1 is as planned."}
        )
        row = INPUT_ROW + 5
        sheet.text(row, 1, "Plan to show", "bold")
        sheet.text(row, TYPED, choices.plan, "input")
        sheet.page.data_validation(row, TYPED, row, TYPED, {"validate": "list", "source": "=plan_choices"})
        book.name("in_plan", sheet.cell(row, TYPED))
        sheet.text(row + 1, 1, "Best plan, no.", "note")
        sheet.formula(row + 1, TYPED, "=MATCH(1,plan_ranks,0)", self.shadow.best + 1.0, "calc", "whole", align="center")
        book.name("plan_best", sheet.cell(row + 1, TYPED))
        sheet.text(row + 2, 1, "Plan shown, no.", "note")
        shown = f'=IF(in_plan="{BEST}",plan_best,MATCH(in_plan,plan_ids,0))'
        sheet.formula(row + 2, TYPED, shown, self.shadow.shown + 1.0, "calc", "whole", align="center")
        book.name("plan_shown", sheet.cell(row + 2, TYPED))
        self.after_inputs = row + 3

    # --- figures -----------------------------------------------------------------------------------------------------------

    def write(
        self,
        calc: Calculations,
        allocation: AllocationPage,
        cash: CashPage,
        sensitivity: SensitivityPage,
        checks: ChecksPage,
        words: list[str],
    ) -> None:
        self._first_year(calc)
        self._certified(checks)
        self._plan(calc, words)
        self._edges(sensitivity)
        self._list()
        insert_charts(self.sheet, self.shadow, allocation, cash, sensitivity)
        page = self.sheet.page
        page.print_area(0, 0, 58, 15)
        page.fit_to_pages(1, 1)
        page.freeze_panes(3, 0)
        page.set_first_sheet()
        page.activate()

    def _first_year(self, calc: Calculations) -> None:
        """The prices of the first twelve months in dollars."""
        shadow, sheet, timeline = self.shadow, self.sheet, calc.timeline
        months = min(12, shadow.months)
        market = shadow.terms.scenario.market.hashprice.market(shadow.calendar)
        hashprice = float(market.hashprice_usd_per_ph_day[:months].mean())
        power = float(np.mean([price_mean(price, hours, months) for _, price, hours in shadow.terms.zones]))
        offers = [lease for lease in shadow.terms.scenario.leases if lease.status == "offered"]
        weights = sum(lease.critical_it_mw for lease in offers)
        rent = sum(lease.critical_it_mw * lease.first_year_rent_usd_per_kw_month for lease in offers) / weights if weights else 0.0
        self.hashprice, self.rent = float(market.hashprice_usd_per_ph_day[0]), rent
        bases = (("hashprice", hashprice, "USD/PH/day"), ("rent", rent, "USD/kW-month"), ("power", power, "USD/MWh"))
        calculation = timeline.sheet
        for row, (name, value, unit) in enumerate(bases):
            at = timeline.next_row()
            calculation.labels(
                at,
                [
                    f"Mean {name} of the first {months} months in the scenario"
                    if name != "rent"
                    else "Mean first-year rent of the offers, by critical MW"
                ],
                unit,
            )
            calculation.number(at, 6, value, "data", "usd")
            book_name = f"mean_{name}"
            sheet.book.name(book_name, calculation.cell(at, 6))
            sheet.formula(
                INPUT_ROW + 1 + row, REAL, f"=x_{name}*{book_name}", shadow.x[name] * value, "calc", "usd", align="center"
            )
            sheet.text(INPUT_ROW + 1 + row, 5, unit, "note")
        rate = shadow.terms.rate("lease")
        own = timeline.rates["lease"] if "lease" in timeline.rates else timeline.rates["mining"]
        if "lease" not in timeline.rates:
            rate = shadow.terms.rate("mining")
        sheet.formula(INPUT_ROW + 4, REAL, f"=x_discount*{own}", shadow.x["discount"] * rate, "calc", "0.0%", align="center")
        sheet.text(INPUT_ROW + 4, 5, "a year, on leases" if "lease" in timeline.rates else "a year, on mining", "note")

    def inside(self) -> bool:
        """Whether the prices typed lie in the box that is proved."""
        x, choices = self.shadow.x, self.shadow.choices
        in_box = all(low <= x[name] <= high for name, (low, high) in self.box.axes.items())
        as_was = all(x[name] == 1 for name in CURVES if name not in self.box.axes) and x["discount"] == 1
        flat = all(factor == 1 for curve in choices.curves.values() for factor in curve.values())
        return in_box and as_was and flat

    def _certified(self, checks: ChecksPage) -> None:
        sheet, row = self.sheet, self.after_inputs + 1
        bound = self.box.bound_musd
        cells = checks.box_cells
        conditions = []
        for name in CURVES:
            low, high = cells[name]
            conditions += [f"x_{name}>={low}", f"x_{name}<={high}"]
        inside = f"AND({','.join(conditions)},x_discount=1,SUMPRODUCT((curves<>1)*1)=0)"
        ok = self.inside()
        sheet.text(row, 1, "Proved", "bold")
        sheet.formula(row, TYPED, f"=IF({inside},1,0)", float(ok), "check", "0;-0;0", align="center")
        sheet.book.name("certified", sheet.cell(row, TYPED))
        text = (
            f"CERTIFIED: no plan can be worth more than the best by {bound:,.1f} M USD"
            if ok
            else "NOT CERTIFIED: outside of the prices and rates that were proved"
        )
        proved = '"CERTIFIED: no plan can be worth more than the best by "&TEXT(regret_bound,"#,##0.0")&" M USD"'
        formula = f'=IF(certified=1,{proved},"NOT CERTIFIED: outside of the prices and rates that were proved")'
        sheet.formula(row, FORCE, formula, text, "bold", font_color=GREEN)
        sheet.text(row + 1, 1, "Checks of this workbook", "bold")
        sheet.formula(row + 1, TYPED, f"={checks.overall}", float(checks.passed), "check", "0", align="center")
        sheet.formula(
            row + 1,
            FORCE,
            f'=IF({checks.overall}=1,"all passed","NOT PASSED: see Checks")',
            "all passed" if checks.passed else "NOT PASSED: see Checks",
            "bold",
            font_color=GREEN,
        )
        red = sheet.book.file.add_format({"font_color": "#FFFFFF", "bg_color": RED, "bold": 1})
        for at, name in ((row, "certified"), (row + 1, checks.overall)):
            sheet.page.conditional_format(at, 1, at, 5, {"type": "formula", "criteria": f"={name}=0", "format": red})

    def _plan(self, calc: Calculations, words: list[str]) -> None:
        sheet, shadow = self.sheet, self.shadow
        sheet.text(3, 7, "The plan shown", "section")
        for column in range(8, 11):
            sheet.text(3, column, "", "section")
        sheet.formula(4, 7, "=INDEX(plan_ids,plan_shown)", shadow.terms.ids[shadow.shown], "bold", font_color=TEAL, font_size=12)
        sheet.formula(4, 8, "=INDEX(plan_words,plan_shown)", words[shadow.shown], "note", font_size=8)
        for row, (label, name, formula, value, kind) in enumerate(self._figures(calc), start=5):
            sheet.text(row, 7, label)
            sheet.formula(row, 8, formula, value, "out" if name else "calc", kind, align="right")
            if name:
                sheet.book.name(name, sheet.cell(row, 8))

    def _figures(self, calc: Calculations) -> Iterator[tuple[str, str, str, float | str, str]]:
        shadow, cash = self.shadow, calc.cash
        npv = float(shadow.npv[shadow.shown])
        yield "NPV, M USD", "shown_npv", "=INDEX(plan_npvs,plan_shown)", npv, "musd"
        over = npv - float(shadow.npv[shadow.status_quo])
        yield (
            "over the status quo, M USD",
            "shown_over_status_quo",
            "=shown_npv-INDEX(plan_npvs,plan_status_quo)",
            over,
            "+#,##0.0;-#,##0.0;0.0",
        )
        below = float(shadow.npv[shadow.best]) - npv
        yield "below the best plan, M USD", "shown_below_best", "=INDEX(plan_npvs,plan_best)-shown_npv", below, "musd"
        mw = float(shadow.terms.critical_mw[shadow.shown].sum())
        yield "critical MW leased or signed", "shown_critical_mw", f"=INDEX({calc.plans.down(3)},plan_shown)", mw, "mw"
        rate = float((1 + cash.monthly_rate) ** 12 - 1) if cash.has_rate else "-"
        condition = f"AND(SUM({cash.changes.row(0)})=1,SUM({cash.extra.row(0)})>0)"
        formula = f'=IF({condition},(1+{cash.rate_cell})^12-1,"-")'
        yield "IRR of the cash over the status quo", "shown_irr", formula, rate, "share"
        paid = payback(shadow)
        last = f"MAX({cash.short.row(0)})"
        when = f"INDEX({calc.timeline.date.row(0)},{last}+1)"
        yield (
            "paid back (added up, not discounted)",
            "shown_payback",
            f'=IF({last}=0,"-",IF({last}>={shadow.months},"not by the end",TEXT({when},"yyyy-mm")))',
            paid,
            "any",
        )
        runner = runner_up(shadow)
        yield "runner-up", "", '=IF(COUNT(plan_ranks)>1,INDEX(plan_ids,MATCH(2,plan_ranks,0)),"-")', runner[0], "any"
        yield (
            "best over the runner-up, M USD",
            "",
            '=IF(COUNT(plan_ranks)>1,INDEX(plan_npvs,plan_best)-INDEX(plan_npvs,MATCH(2,plan_ranks,0)),"-")',
            runner[1],
            "musd",
        )

    def _edges(self, sensitivity: SensitivityPage) -> None:
        sheet = self.sheet
        sheet.text(3, 12, "The best plan stays best while", "section")
        for column, text in ((13, "above"), (14, "below"), (15, "")):
            sheet.text(3, column, text, "section")
        for row, name in enumerate(CURVES, start=4):
            low, high = sensitivity.values[name]
            edge = sensitivity.edge(name)
            sheet.text(row, 12, WORDS[name])
            for column, cell, value in ((13, edge.low, low), (14, edge.high, high)):
                sheet.formula(row, column, f"={cell}", value, "calc", "times", align="center")
            sheet.text(row, 15, "exact within the list" if name == "rent" else "between points of the line", "note")
        sheet.text(7, 12, "-: as far as the axis goes (Decision map)", "note")

    def _list(self) -> None:
        sheet, shadow, top = self.sheet, self.shadow, 38
        sheet.text(top - 1, 12, "Best plans now", "section")
        for column in range(13, 16):
            sheet.text(top - 1, column, "", "section")
        for column, text in ((12, "plan"), (13, "NPV, M USD"), (14, "below, M USD"), (15, "critical MW")):
            sheet.text(top, column, text, "head", align="left" if column == 12 else "right")
        for place in range(1, min(LIST_ROWS, shadow.plans) + 1):
            row, plan = top + place, shadow.rank.index(place)
            number = f"MATCH({place},plan_ranks,0)"
            sheet.formula(row, 12, f"=INDEX(plan_ids,{number})", shadow.terms.ids[plan])
            sheet.formula(row, 13, f"=INDEX(plan_npvs,{number})", float(shadow.npv[plan]), "calc", "musd")
            below = float(shadow.npv[shadow.best] - shadow.npv[plan])
            sheet.formula(row, 14, f"=INDEX(plan_npvs,plan_best)-{absolute(row, 13)}", below, "calc", "musd")
            mw = float(shadow.terms.critical_mw[plan].sum())
            sheet.formula(row, 15, f"=INDEX(plan_mws,{number})", mw, "calc", "mw")


def price_mean(price: Array, hours: Array, months: int) -> float:
    """Mean price over the hours of the first months, USD/MWh."""
    return float((price[:months] * hours[:months]).sum() / hours[:months].sum())


def payback(shadow: Shadow) -> str:
    """First month from which the running sum stays at 0 or above."""
    short = np.flatnonzero(np.round(np.cumsum(shadow.extra), 2) < 0)
    if not len(short):
        return "-"
    after = int(short[-1]) + 1
    return "not by the end" if after >= shadow.months else str(shadow.calendar.months[after])


def runner_up(shadow: Shadow) -> tuple[str, float | str]:
    if shadow.plans < 2:
        return "-", "-"
    second = shadow.rank.index(2)
    return shadow.terms.ids[second], float(shadow.npv[shadow.best] - shadow.npv[second])
