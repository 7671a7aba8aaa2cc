"""The list of plans and what each is worth: machines, leases, values at the prices typed, at every case and over the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .book import FIRST, Block, Book, Sheet, absolute
from .choices import BEST, CURVES
from .shadow import DISCOUNTS, SCALES, STEEPER, Shadow
from .timeline import Timeline

if TYPE_CHECKING:
    from .calculations import Calculations
    from .lease_terms import OptionsPage

FIRST_OPTION = 4
VALUE_ROWS = 4
"""First of the rows with the options' values above the plans."""
FIRST_PLAN = VALUE_ROWS + len(DISCOUNTS) * len(SCALES) + 2


class MachinesPage:
    """MW of each fleet and month in every plan, fleets together plan by plan."""

    def __init__(self, book: Book, shadow: Shadow, timeline: Timeline) -> None:
        self.shadow = shadow
        self.sheet = book.timed("Machines")
        self.sheet.title(
            "Machines",
            "Meter MW that each plan of the list keeps for each fleet; they run in months in which they gain.",
            FIRST + 6,
        )
        timeline.head(self.sheet)
        self.fleets = len(shadow.terms.fleets)
        self.block = Block(self.sheet, 4, max(shadow.plans * self.fleets, 1))
        style = book.style("data", "mw")
        for plan in range(shadow.plans):
            for k, fleet in enumerate(shadow.terms.fleets):
                at = 4 + plan * self.fleets + k
                self.sheet.labels(at, [shadow.terms.ids[plan], fleet.name, fleet.site], "MW")
                for column, mw in enumerate(shadow.terms.machines_mw[plan, k].tolist(), start=FIRST):
                    self.sheet.page.write_number(at, column, mw, style)

    def of_plan(self, plan: int) -> str:
        """All fleets and months of a plan."""
        first = 4 + plan * self.fleets
        return self.sheet.area(first, FIRST, first + self.fleets - 1, FIRST + self.shadow.months - 1)


class PlanValuesPage:
    """A row a plan. Columns: options, lease values by discount rate and scaling, value now, machines and value at each case."""

    def __init__(self, book: Book, shadow: Shadow) -> None:
        self.shadow, self.plans = shadow, shadow.plans
        self.sheet: Sheet = book.sheet("Plan values", "#6B7280", [(0, 0, 7), (1, 1, 10), (2, 2, 46), (3, 3, 12), (4, 200, 12)])
        self.sheet.title(
            "Plan values",
            "Every plan of the list: MW of each option (critical MW of leases, else meter MW) and its value, M USD.",
            12,
        )
        self.leases = FIRST_OPTION + len(shadow.terms.options)
        self.mining = self.leases + len(DISCOUNTS) * len(SCALES)
        self.npv, self.rounded, self.rank = self.mining + 1, self.mining + 2, self.mining + 3
        self.edges = self.rank + 1
        self.case_mining = self.edges + 2
        self.case_npv = self.case_mining + len(shadow.cases)
        for column, (name, text, value, kind) in enumerate(
            (
                ("plan_status_quo", "status quo is plan no.", shadow.status_quo + 1.0, "whole"),
                ("steeper", "slopes by rent that differ by less are the same", STEEPER, "0.0E+00"),
            )
        ):
            self.sheet.text(2, 2 + 2 * column, text, "note")
            self.sheet.number(2, 3 + 2 * column, value, "data", kind)
            book.name(name, self.sheet.cell(2, 3 + 2 * column))
        book.name("plan_ids", self.down(1))
        book.name("plan_words", self.down(2))
        self.sheet.text(FIRST_PLAN - 1, 1, BEST, "data")
        book.name("plan_choices", self.sheet.area(FIRST_PLAN - 1, 1, FIRST_PLAN + self.plans - 1, 1))
        book.name("plan_mws", self.down(3))
        book.name("plan_npvs", self.down(self.npv))
        book.name("plan_ranks", self.down(self.rank))

    # --- references --------------------------------------------------------------------------------------------------------

    def down(self, column: int) -> str:
        """A column over all plans."""
        return self.sheet.area(FIRST_PLAN, column, FIRST_PLAN + self.plans - 1, column)

    def mw_of_option(self, option: int) -> str:
        return self.down(FIRST_OPTION + option)

    def lease_column(self, discount: int, scales: int) -> int:
        return self.leases + len(SCALES) * discount + scales

    def case_column(self, name: str) -> int:
        """Of the plans' values at a case."""
        return self.case_npv + self.shadow.case_number(name)

    def case_price(self, case: int, price: str) -> str:
        """Multiplier of a price at a case."""
        return self.sheet.cell(VALUE_ROWS + CURVES.index(price), self.case_npv + case)

    def line(self, name: str) -> str:
        """Values of all plans at all points of an axis."""
        first = self.case_column(f"{name} 1")
        return self.sheet.area(FIRST_PLAN, first, FIRST_PLAN + self.plans - 1, first + self.shadow.points_of(name) - 1)

    # --- cells -------------------------------------------------------------------------------------------------------------

    def write(self, calc: Calculations, case_prices: dict[str, tuple[str, str, str]], words: list[str]) -> None:
        """case_prices: formulas of the multipliers of hashprice, rent and power of every case. words: what each plan does."""
        self._heads(case_prices)
        self._option_values(calc.options)
        for plan in range(self.plans):
            row = FIRST_PLAN + plan
            self.sheet.number(row, 0, plan + 1, "data", "whole")
            self.sheet.text(row, 1, self.shadow.terms.ids[plan], "data")
            self.sheet.text(row, 2, words[plan], "data")
            self._leases(plan, row, calc.options)
            self._now(plan, row, calc)
            self._cases(plan, row, calc)
        self.sheet.page.freeze_panes(4, FIRST_OPTION)
        self.sheet.page.fit_to_pages(3, 0)

    def _heads(self, case_prices: dict[str, tuple[str, str, str]]) -> None:
        sheet, terms = self.sheet, self.shadow.terms
        names = ["no.", "plan", "what it does", "critical MW"]
        names += [f"{option.name}, {option.start}" for option in terms.options]
        names += [f"leases {scales}, {which}" for which in DISCOUNTS for scales in SCALES]
        names += ["machines", "NPV", "NPV, rounded", "rank", "beats the best above rent x", "beats the best below rent x"]
        names += [f"machines at {case.name}" for case in self.shadow.cases] + [f"NPV at {case.name}" for case in self.shadow.cases]
        for column, name in enumerate(names):
            sheet.text(3, column, name, "head")
        sheet.page.set_row(3, 48)
        for number, case in enumerate(self.shadow.cases):
            for row, (name, formula) in enumerate(zip(CURVES, case_prices[case.name], strict=True), start=VALUE_ROWS):
                sheet.formula(row, self.case_npv + number, f"={formula}", getattr(case, name), "calc", "times")

    def _option_values(self, options: OptionsPage) -> None:
        for d, which in enumerate(DISCOUNTS):
            for s, scales in enumerate(SCALES):
                row = VALUE_ROWS + len(SCALES) * d + s
                self.sheet.text(row, 2, f"value of one MW, {scales}, discount {which}", "note")
                for number in range(len(self.shadow.terms.options)):
                    value = self.shadow.option_values[number, d, s]
                    self.sheet.formula(row, FIRST_OPTION + number, f"={options.value(number, d, s)}", value, "calc", "value")

    def _leases(self, plan: int, row: int, options: OptionsPage) -> None:
        terms, mw = self.shadow.terms, self.shadow.terms.option_mw[plan]
        count, leases = len(terms.options), len(terms.leases)
        own = f"{absolute(row, FIRST_OPTION)}:{absolute(row, self.leases - 1)}"
        critical = f"{absolute(row, FIRST_OPTION)}:{absolute(row, FIRST_OPTION + leases - 1)}"
        formula = f"=SUM({critical})" if leases else "=SUM(0)"
        self.sheet.formula(row, 3, formula, float(terms.critical_mw[plan].sum()), "calc", "mw")
        self.sheet.numbers(row, mw, "mw", first=FIRST_OPTION)
        for d in range(len(DISCOUNTS)):
            for s in range(len(SCALES)):
                at = VALUE_ROWS + len(SCALES) * d + s
                values = f"{absolute(at, FIRST_OPTION)}:{absolute(at, self.leases - 1)}"
                taken = f"SUMPRODUCT({own},{values})+" if count else ""
                formula = f"={taken}{options.value(count, d, s)}"
                self.sheet.formula(row, self.lease_column(d, s), formula, self.shadow.lease_values[plan, d, s], "calc", "value")

    def _of_machines(self, plan: int, row: int, column: int, calc: Calculations, value: Block, npv: float) -> None:
        mw = calc.machines.of_plan(plan) if self.shadow.terms.fleets else ""
        formula = f"=SUMPRODUCT({mw},{value.all()})" if mw else "=SUM(0)"
        self.sheet.formula(row, column, formula, npv, "calc", "value")

    def _now(self, plan: int, row: int, calc: Calculations) -> None:
        sheet, shadow = self.sheet, self.shadow
        self._of_machines(plan, row, self.mining, calc, calc.mining.value, shadow.mining_npv[plan])
        fixed, rent, power = (absolute(row, self.lease_column(0, s)) for s in range(len(SCALES)))
        npv = f"={absolute(row, self.mining)}+{fixed}+x_rent*{rent}+x_power*{power}"
        sheet.formula(row, self.npv, npv, shadow.npv[plan], "calc", "value")
        own = absolute(row, self.rounded)
        sheet.formula(row, self.rounded, f"=ROUND({absolute(row, self.npv)},value_digits)", shadow.ranked[plan], "calc", "value")
        above = f"{absolute(FIRST_PLAN, self.rounded)}:{own}"
        rank = f"=RANK({own},{self.down(self.rounded)})+COUNTIF({above},{own})-1"
        sheet.formula(row, self.rank, rank, shadow.rank[plan], "calc", "whole")
        steeper = f"({rent}-INDEX({self.down(self.lease_column(0, SCALES.index('rent')))},plan_best))"
        edge = f"x_rent+(INDEX(plan_npvs,plan_best)-{absolute(row, self.npv)})/{steeper}"
        for column, (sign, value) in enumerate(
            zip((f"{steeper}>steeper", f"{steeper}<-steeper"), shadow.rent_edges[plan], strict=True)
        ):
            shown = "" if np.isnan(value) else float(value)
            sheet.formula(row, self.edges + column, f'=IF({sign},{edge},"")', shown, "calc", "times")

    def _cases(self, plan: int, row: int, calc: Calculations) -> None:
        for number, case in enumerate(self.shadow.cases):
            value = self.shadow.case_mining[plan, number]
            self._of_machines(plan, row, self.case_mining + number, calc, calc.cases.blocks[number], value)
            d = DISCOUNTS.index(case.discount)
            fixed, rent, power = (absolute(row, self.lease_column(d, s)) for s in range(len(SCALES)))
            r, p = (self.case_price(number, name).split("!")[1] for name in ("rent", "power"))
            formula = f"=ROUND({absolute(row, self.case_mining + number)}+{fixed}+{r}*{rent}+{p}*{power},value_digits)"
            self.sheet.formula(row, self.case_npv + number, formula, self.shadow.case_npv[plan, number], "calc", "value")


class MapValuesPage:
    """Value of every plan at each point of the map: a block of plans for each rent, a column for each hashprice."""

    def __init__(self, book: Book, shadow: Shadow, plans: PlanValuesPage, rent_cells: list[str]) -> None:
        self.shadow = shadow
        self.sheet = book.sheet("Map values", "#6B7280", [(0, 0, 10), (1, 1, 10), (2, 60, 11)])
        self.sheet.title(
            "Map values",
            "Value of every plan at each point of the decision map, M USD; rounded, so that plans of equal worth tie.",
            12,
        )
        for column in range(shadow.points):
            self.sheet.text(3, 2 + column, f"hashprice point {column + 1}", "head")
        first = plans.case_mining + shadow.case_number("hashprice 1")
        for j, cell in enumerate(rent_cells):
            for plan in range(shadow.plans):
                at = 4 + j * shadow.plans + plan
                source = FIRST_PLAN + plan
                rent = self.sheet.cell(at, 0).split("!")[1]
                self.sheet.formula(at, 0, f"={cell}", float(shadow.axis("rent")[j]), "calc", "times")
                self.sheet.text(at, 1, shadow.terms.ids[plan], "data")
                fixed, of_rent, of_power = (plans.sheet.cell(source, plans.lease_column(0, s)) for s in range(len(SCALES)))
                leases = f"{fixed}+{rent}*{of_rent}+x_power*{of_power}"
                for g in range(shadow.points):
                    formula = f"=ROUND({plans.sheet.cell(source, first + g)}+{leases},value_digits)"
                    self.sheet.formula(at, 2 + g, formula, shadow.map_values[j, plan, g], "calc", "value")
        self.sheet.page.freeze_panes(4, 2)
        self.sheet.page.fit_to_pages(1, 0)

    def column(self, rent: int, hashprice: int) -> str:
        """Values of all plans at a point."""
        first = 4 + rent * self.shadow.plans
        return self.sheet.area(first, 2 + hashprice, first + self.shadow.plans - 1, 2 + hashprice)


def winners(shadow: Shadow) -> np.ndarray[Any, Any]:
    """[rent points, hashprice points] number of the best plan, from 0: the first of equals."""
    found: np.ndarray[Any, Any] = np.argmax(shadow.map_values, axis=1)
    return found
