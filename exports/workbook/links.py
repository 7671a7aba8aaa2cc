"""The Links sheet: outputs under names that stay where they are, for other workbooks to link to.

The contract: names, their order and the cells behind them are the same in every workbook of a version, whatever the scenario.
A link by name or by cell therefore holds after the file is exported again. `VERSION` changes when a name changes or moves.
"""

from __future__ import annotations

from dataclasses import dataclass

from .book import Book
from .calculations import Calculations
from .checks import ChecksPage
from .choices import CURVES, FACTORS
from .control import payback
from .months import TOTAL_USES
from .sensitivity_page import SensitivityPage
from .shadow import Shadow
from .yearly_pages import GROUPS, NAMED_LATER, OTHER, AllocationPage, CashPage

VERSION = "hashlease links 1"
MOST_YEARS, MOST_PLANS, MOST_OFFERS = 52, 400, 200
"""Sizes of the ranges; what a scenario does not fill is empty text."""
FIRST_SINGLE, FIRST_YEARLY, FIRST_LIST = 6, 40, 66
"""Rows, counted from 0, at which the three parts begin."""


@dataclass(frozen=True)
class Single:
    """One output; without a formula it is text of the scenario."""

    name: str
    what: str
    unit: str
    formula: str
    value: float | str
    kind: str = "any"


class LinksPage:
    """Created with the outputs, filled at the end."""

    def __init__(self, book: Book, shadow: Shadow, certified: bool, bound_musd: float, checks: ChecksPage) -> None:
        self.shadow, self.certified, self.bound_musd, self.checks = shadow, certified, bound_musd, checks
        self.outputs: dict[str, list[float | str]] = {}
        """What stands under each name."""
        self.sheet = book.sheet("Links", "#065F46", [(0, 0, 30), (1, 1, 60), (2, 2, 14), (3, 3, 20), (4, 4 + MOST_YEARS, 10)])

    def write(
        self,
        plan: tuple[str, str],
        calc: Calculations,
        allocation: AllocationPage,
        cash: CashPage,
        sensitivity: SensitivityPage,
        offers: list[tuple[str, float]],
    ) -> None:
        """plan: name of the scenario and verdict. offers: names and critical MW of every offer in the plan shown."""
        sheet = self.sheet
        words = "Link to these names (for example =plan.xlsx!out_npv_musd): they stay the same in every export of this version."
        sheet.title("Links", words, 12)
        sheet.text(3, 0, VERSION, "bold")
        sheet.text(
            4,
            0,
            "With plan.xlsx closed INDEX, SUM and SUMPRODUCT on names work; SUMIF gives 0 and references to tables fail.",
            "note",
        )
        for column, text in enumerate(("name", "what", "unit", "value")):
            sheet.text(FIRST_SINGLE - 1, column, text, "head")
        for row, single in enumerate(self._singles(plan, calc, sensitivity), start=FIRST_SINGLE):
            sheet.labels(row, [single.name, single.what, single.unit])
            if single.formula:
                sheet.formula(row, 3, single.formula, single.value, "out", single.kind)
            else:
                sheet.text(row, 3, str(single.value), "out")
            sheet.book.name(single.name, sheet.cell(row, 3))
            self.outputs[single.name] = [single.value]
        self._yearly(allocation, cash)
        self._lists(offers)
        sheet.page.freeze_panes(FIRST_SINGLE, 1)
        sheet.page.fit_to_pages(1, 0)

    def _singles(self, plan: tuple[str, str], calc: Calculations, sensitivity: SensitivityPage) -> list[Single]:
        shadow = self.shadow
        ids, npv = shadow.terms.ids, shadow.npv
        rate: float | str = float((1 + calc.cash.monthly_rate) ** 12 - 1) if calc.cash.has_rate else "-"
        found = [
            Single("out_version", "version of this list of names", "", "", VERSION),
            Single("out_scenario", "scenario", "", "", plan[0]),
            Single("out_verdict", "verdict of the program at the scenario's own prices", "", "", plan[1]),
            Single(
                "out_checks_passed",
                "1: every check of the workbook is passed",
                "1",
                "=checks_passed",
                float(self.checks.passed),
                "0",
            ),
            Single(
                "out_certified", "1: prices and rates lie in the box that is proved", "1", "=certified", float(self.certified), "0"
            ),
            Single(
                "out_regret_bound_musd",
                "no plan is worth more than the best by more",
                "M USD",
                "=regret_bound",
                self.bound_musd,
                "value",
            ),
            Single("out_plan_best", "best plan", "id", "=INDEX(plan_ids,plan_best)", ids[shadow.best]),
            Single("out_plan_shown", "plan shown", "id", "=INDEX(plan_ids,plan_shown)", ids[shadow.shown]),
            Single("out_npv_musd", "NPV of the plan shown", "M USD", "=shown_npv", float(npv[shadow.shown]), "musd"),
            Single(
                "out_npv_best_musd", "NPV of the best plan", "M USD", "=INDEX(plan_npvs,plan_best)", float(npv[shadow.best]), "musd"
            ),
            Single(
                "out_npv_status_quo_musd",
                "NPV of the status quo",
                "M USD",
                "=INDEX(plan_npvs,plan_status_quo)",
                float(npv[shadow.status_quo]),
                "musd",
            ),
            Single(
                "out_critical_mw",
                "critical MW leased or signed in the plan shown",
                "MW",
                "=shown_critical_mw",
                float(shadow.terms.critical_mw[shadow.shown].sum()),
                "mw",
            ),
            Single("out_irr", "IRR of the cash over the status quo, or -", "a year", "=shown_irr", rate, "share"),
            Single("out_payback_month", "month from which it is paid back, or -", "month", "=shown_payback", payback(shadow)),
        ]
        found += [
            Single(f"out_x_{factor}", f"factor of the {factor} in force", "x", f"=x_{factor}", shadow.x[factor], "times")
            for factor in FACTORS
        ]
        for name in CURVES:
            edge, (low, high) = sensitivity.edge(name), sensitivity.values[name]
            found.append(
                Single(
                    f"out_best_above_{name}",
                    f"the best plan stays best above this factor of the {name}, or -",
                    "x",
                    f"={edge.low}",
                    low,
                    "times",
                )
            )
            found.append(Single(f"out_best_below_{name}", "and below this one, or -", "x", f"={edge.high}", high, "times"))
        return found

    # --- ranges ------------------------------------------------------------------------------------------------------------

    def _yearly(self, allocation: AllocationPage, cash: CashPage) -> None:
        sheet, years = self.sheet, self.shadow.calendar.years
        sheet.text(FIRST_YEARLY - 2, 0, f"By calendar year: {MOST_YEARS} columns, empty text after the last year", "section")
        rows: list[tuple[str, str, str, str, list[float], str]] = [
            ("out_years", "calendar years", "", allocation.sheet.area(4, 5, 4, 4 + len(years)), [float(y) for y in years], "year")
        ]
        rows += [
            (f"out_mw_{use}", f"mean meter MW, {use}", "MW", allocation.total(use), allocation.by_use[use].tolist(), "mw")
            for use in TOTAL_USES
        ]
        lines = {
            "net": "net cash",
            "status_quo": "net cash of the status quo",
            "over_status_quo": "over the status quo",
            "discounted": "discounted cash",
        }
        named_first = [group for group in GROUPS if group not in NAMED_LATER]
        lines |= {group.lower().replace(" ", "_"): group for group in (*named_first, OTHER, *NAMED_LATER)}
        rows += [
            (f"out_cash_{short}_musd", line, "M USD", cash.line(line), cash.values[line].tolist(), "musd")
            for short, line in lines.items()
        ]
        for row, (name, what, unit, source, values, kind) in enumerate(rows, start=FIRST_YEARLY):
            sheet.labels(row, [name, what, unit])
            for column in range(MOST_YEARS):
                formula = f'=IF({column + 1}>COLUMNS({source}),"",INDEX({source},{column + 1}))'
                value: float | str = values[column] if column < len(values) else ""
                sheet.formula(row, 4 + column, formula, value, "out", kind)
            sheet.book.name(name, sheet.area(row, 4, row, 3 + MOST_YEARS))
            self.outputs[name] = list(values)

    def _lists(self, offers: list[tuple[str, float]]) -> None:
        sheet, shadow, top = self.sheet, self.shadow, FIRST_LIST
        sheet.text(
            top - 2, 0, f"Plans ({MOST_PLANS} rows) and offers ({MOST_OFFERS} rows): empty text after the last one", "section"
        )
        style = {role: sheet.book.style("out", role) for role in ("any", "musd", "mw")}
        columns: tuple[tuple[str, int, list[tuple[str, float | str]], str], ...] = (
            ("out_plan_ids", MOST_PLANS, [(f"=INDEX(plan_ids,{n + 1})", shadow.terms.ids[n]) for n in range(shadow.plans)], "any"),
            (
                "out_plan_npvs_musd",
                MOST_PLANS,
                [(f"=INDEX(plan_npvs,{n + 1})", float(shadow.npv[n])) for n in range(shadow.plans)],
                "musd",
            ),
            (
                "out_plan_critical_mw",
                MOST_PLANS,
                [(f"=INDEX(plan_mws,{n + 1})", float(shadow.terms.critical_mw[n].sum())) for n in range(shadow.plans)],
                "mw",
            ),
            ("out_offers", MOST_OFFERS, [(f"=INDEX(offer_names,{n + 1})", name) for n, (name, _) in enumerate(offers)], "any"),
            ("out_offer_critical_mw", MOST_OFFERS, [(f"=INDEX(offer_mws,{n + 1})", mw) for n, (_, mw) in enumerate(offers)], "mw"),
        )
        for column, (name, most, cells, kind) in enumerate(columns):
            sheet.text(top - 1, column, name, "head")
            for row in range(most):
                if row < len(cells):
                    formula, value = cells[row]
                    sheet.formula(top + row, column, formula, value, "out", kind)
                else:
                    sheet.page.write_string(top + row, column, "", style[kind])
            sheet.book.name(name, sheet.area(top, column, top + most - 1, column))
            self.outputs[name] = [value for _, value in cells]
