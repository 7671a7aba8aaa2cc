"""Plans, Allocation and Cash flow: what the plan shown does, year by year."""

from __future__ import annotations

import numpy as np

from ...models.months import Array
from ...optimizer.ledger_groups import COINS, DEBT, FEES, LEASE_CAPEX, LEASE_POWER, MACHINES, PROPERTY_COSTS, RENT, RESIDUALS
from .book import TEAL, Block, Book, Sheet, absolute
from .calculations import Calculations
from .months import TOTAL_USES, meaning
from .plan_values import winners
from .shadow import Shadow, yearly

YEAR_HEAD = 4
"""Row of the years, on both sheets."""
FIRST_YEAR = 5
"""Column of the first year."""

GROUPS: dict[str, tuple[str, ...]] = {
    "Mining revenue": (
        "mining_revenue",
        "pool_fee",
        "ancillary_income",
        "standby_income",
        "peak_hours_forgone",
        "curtailment_forgone",
        "energy_cap_forgone",
    ),
    "Rent": (*RENT, *FEES),
    "Power": (
        "mining_power",
        "mining_losses",
        "mining_delivery",
        "mining_demand_charge",
        "mining_peak_charge",
        *LEASE_POWER,
        "block_settlement",
        "block_energy_used",
    ),
    "Operating cost": ("mining_variable_opex", "mining_fixed_opex", "lease_opex", *PROPERTY_COSTS, "expansion_upkeep"),
    "Capex": (*LEASE_CAPEX, *MACHINES, "expansion_capex"),
    "Residual value and sales": (*RESIDUALS, "machine_sale"),
    "Tax": ("income_tax", "income_tax_mining"),
    "Debt": DEBT,
    "Coins kept": COINS,
}
"""Items of the ledger by what a board asks for; an item of no group counts as other."""
NAMED_LATER = ("Debt", "Coins kept")
"""Groups whose lines have their place on Links after the other group, so that names which are linked to stay where they are."""
OTHER = "Other"


def group_of(item: str) -> str:
    return next((group for group, items in GROUPS.items() if item in items), OTHER)


class PlansPage:
    """The list of plans: what each does, is worth at the prices typed, and how much of the map it wins."""

    def __init__(self, book: Book, shadow: Shadow) -> None:
        self.shadow = shadow
        self.sheet = book.sheet("Plans", TEAL, [(0, 0, 6), (1, 1, 11), (2, 2, 80), (3, 9, 13)])

    def write(self, calc: Calculations, words: list[str]) -> None:
        sheet, shadow = self.sheet, self.shadow
        sheet.title(
            "Plans",
            "The certified list: in the box the best of these is within the bound on Control of the best of all plans.",
            9,
        )
        heads = (
            "no.",
            "plan",
            "what it does",
            "critical MW",
            "NPV, M USD",
            "below the best, M USD",
            "over the status quo, M USD",
            "rank",
            "share of the map",
        )
        for column, text in enumerate(heads):
            sheet.text(3, column, text, "head")
        sheet.page.set_row(3, 36)
        won = winners(shadow)
        for plan in range(shadow.plans):
            row, number = 4 + plan, f"$A{5 + plan}"
            sheet.number(row, 0, plan + 1.0, "data", "whole")
            sheet.text(row, 1, shadow.terms.ids[plan], "data")
            sheet.text(row, 2, words[plan], "data")
            npv = float(shadow.npv[plan])
            figures: tuple[tuple[str, float, str], ...] = (
                (f"=INDEX({calc.plans.down(3)},{number})", float(shadow.terms.critical_mw[plan].sum()), "mw"),
                (f"=INDEX(plan_npvs,{number})", npv, "musd"),
                (f"=INDEX(plan_npvs,plan_best)-$E{row + 1}", float(shadow.npv[shadow.best]) - npv, "musd"),
                (f"=$E{row + 1}-INDEX(plan_npvs,plan_status_quo)", npv - float(shadow.npv[shadow.status_quo]), "musd"),
                (f"=INDEX(plan_ranks,{number})", float(shadow.rank[plan]), "whole"),
                (f"=INDEX(map_shares,{number})", float(np.mean(won == plan)), "0%"),
            )
            for column, (formula, value, kind) in enumerate(figures, start=3):
                sheet.formula(row, column, formula, value, "calc", kind)
        shown = sheet.book.file.add_format({"bold": 1, "bg_color": "#E0F2F1"})
        area = (4, 0, 3 + shadow.plans, 8)
        sheet.page.conditional_format(*area, {"type": "formula", "criteria": "=$A5=plan_shown", "format": shown})
        sheet.page.freeze_panes(4, 3)
        sheet.page.fit_to_pages(1, 0)
        sheet.page.repeat_rows(3)
        sheet.page.autofilter(3, 0, 3 + shadow.plans, 8)


def year_heads(sheet: Sheet, shadow: Shadow, texts: tuple[str, ...]) -> None:
    for column, text in enumerate(texts):
        sheet.text(YEAR_HEAD, column, text, "head")
    sheet.numbers(YEAR_HEAD, shadow.calendar.years, "year", "head", first=FIRST_YEAR)
    sheet.page.freeze_panes(YEAR_HEAD + 1, FIRST_YEAR)
    sheet.page.fit_to_pages(1, 0)
    sheet.page.repeat_rows(YEAR_HEAD)


class AllocationPage:
    """Mean MW of each calendar year."""

    def __init__(self, book: Book, shadow: Shadow) -> None:
        self.shadow = shadow
        self.sheet = book.sheet(
            "Allocation",
            TEAL,
            [(0, 0, 20), (1, 1, 12), (2, 2, 30), (3, 3, 8), (4, 4, 3), (FIRST_YEAR, FIRST_YEAR + len(shadow.calendar.years), 9)],
        )
        self.totals = {use: YEAR_HEAD + 1 + number for number, use in enumerate(TOTAL_USES)}
        self.first = YEAR_HEAD + len(TOTAL_USES) + 3

    def write(self, calc: Calculations) -> None:
        sheet, shadow, timeline = self.sheet, self.shadow, calc.timeline
        sheet.title(
            "Allocation",
            "Meter MW of the plan shown, mean of each year weighted by days, by site, use and name. Months: MW by month.",
            FIRST_YEAR + 8,
        )
        year_heads(sheet, shadow, ("site", "use", "name", "unit", ""))
        years = shadow.calendar.years
        self.by_use: dict[str, Array] = {use: np.zeros(len(years)) for use in TOTAL_USES}
        rows = calc.allocation.rows
        for row, (site, use, name, source, mw) in enumerate(rows, start=self.first):
            sheet.labels(row, [site, use, name, "MW"])
            own = Block(calc.allocation.sheet, source, 1).row(0)
            means = np.array(list(shadow.calendar.mean_by_year(mw).values()))
            self.by_use[use] = self.by_use[use] + means
            for column, value in enumerate(means.tolist(), start=FIRST_YEAR):
                year = f"({timeline.year.row(0)}={absolute(YEAR_HEAD, column)})*{timeline.days.row(0)}"
                formula = f"=SUMPRODUCT({year}*{own})/SUMPRODUCT({year})"
                sheet.formula(row, column, formula, value, "calc", "mw")
        last = self.first + len(rows) - 1
        for use, row in self.totals.items():
            sheet.labels(row, ["all sites", use, "", "MW"], role="bold")
            for column, value in enumerate(self.by_use[use].tolist(), start=FIRST_YEAR):
                uses = f"{absolute(self.first, 1)}:{absolute(last, 1)}"
                formula = f"=SUMIF({uses},{absolute(row, 1)},{absolute(self.first, column)}:{absolute(last, column)})"
                sheet.formula(row, column, formula, value, "bold", "mw")

    def total(self, use: str) -> str:
        """All years of a use."""
        row = self.totals[use]
        return self.sheet.area(row, FIRST_YEAR, row, FIRST_YEAR + len(self.shadow.calendar.years) - 1)


class CashPage:
    """Cash of the plan shown by calendar year and item, M USD."""

    def __init__(self, book: Book, shadow: Shadow) -> None:
        self.shadow = shadow
        self.sheet = book.sheet(
            "Cash flow",
            TEAL,
            [(0, 0, 30), (1, 1, 52), (2, 2, 22), (3, 3, 9), (4, 4, 3), (FIRST_YEAR, FIRST_YEAR + len(shadow.calendar.years), 10)],
        )
        self.rows: dict[str, int] = {}
        self.values: dict[str, Array] = {}

    def write(self, calc: Calculations) -> None:
        sheet, shadow = self.sheet, self.shadow
        sheet.title(
            "Cash flow",
            "Cash of the plan shown by year and line, M USD, not discounted unless it says so. Months: Cash by month.",
            FIRST_YEAR + 8,
        )
        year_heads(sheet, shadow, ("line", "what it is", "group", "unit", ""))
        cash, items = calc.cash, calc.cash.items
        monthly = shadow.cash(shadow.shown)
        row = YEAR_HEAD + 1
        self.first_item = row
        for item, block in items.items():
            self._months(row, item, meaning(item), group_of(item), block, monthly.get(item, np.zeros(shadow.months)), calc)
            row += 1
        self.last_item = row - 1
        self._sum(row, "net cash", "sum of the lines above")
        row += 2
        sheet.text(row, 0, "By group", "section")
        row += 1
        for group in (*GROUPS, OTHER):
            self._group(row, group)
            row += 1
        row += 1
        sheet.text(row, 0, "Against the status quo", "section")
        row += 1
        later = (
            (
                "net cash of the status quo",
                "no offer is taken; what is signed stays",
                cash.status_quo,
                shadow.net_cash(shadow.status_quo),
            ),
            ("over the status quo", "net cash less that of the status quo", cash.extra, shadow.extra),
            ("discounted cash", "net cash, each kind at its own rate", cash.discounted, self._discounted()),
        )
        for label, what, block, values in later:
            self._months(row, label, what, "", block, values, calc)
            row += 1
        self._added_up(row, "over the status quo, added up", "over the status quo", "from the first year on")
        self._added_up(row + 1, "discounted cash, added up", "discounted cash", "ends at the NPV")

    def _discounted(self) -> Array:
        return sum(
            (self.shadow.cash_of_group(g) * self.shadow.factor(g, "live") for g in self.shadow.groups), np.zeros(self.shadow.months)
        )

    def _months(self, row: int, label: str, what: str, group: str, block: Block, monthly: Array, calc: Calculations) -> None:
        self.sheet.labels(row, [label, what, group, "M USD"])
        values = yearly(self.shadow.calendar.years, self.shadow.calendar.year_of_month, monthly) / 1e6
        self.rows[label], self.values[label] = row, values
        for column, value in enumerate(values.tolist(), start=FIRST_YEAR):
            formula = f"=SUMIF({calc.timeline.year.row(0)},{absolute(YEAR_HEAD, column)},{block.row(0)})/usd_per_musd"
            self.sheet.formula(row, column, formula, value, "calc", "musd")

    def _items(self) -> dict[str, Array]:
        return {label: values for label, values in self.values.items() if self.first_item <= self.rows[label] <= self.last_item}

    def _sum(self, row: int, label: str, what: str) -> None:
        self.sheet.labels(row, [label, what, "", "M USD"], role="bold")
        values = sum(self._items().values(), np.zeros(len(self.shadow.calendar.years)))
        self.rows[label], self.values[label] = row, values
        for column, value in enumerate(values.tolist(), start=FIRST_YEAR):
            formula = f"=SUM({absolute(self.first_item, column)}:{absolute(self.last_item, column)})"
            self.sheet.formula(row, column, formula, value, "bold", "musd", top=1)

    def _group(self, row: int, group: str) -> None:
        self.sheet.labels(row, [group, "", "", "M USD"])
        own = [values for item, values in self._items().items() if group_of(item) == group]
        values = sum(own, np.zeros(len(self.shadow.calendar.years)))
        self.rows[group], self.values[group] = row, values
        groups = f"{absolute(self.first_item, 2)}:{absolute(self.last_item, 2)}"
        for column, value in enumerate(values.tolist(), start=FIRST_YEAR):
            items = f"{absolute(self.first_item, column)}:{absolute(self.last_item, column)}"
            self.sheet.formula(row, column, f"=SUMIF({groups},{absolute(row, 0)},{items})", value, "calc", "musd")

    def _added_up(self, row: int, label: str, source: str, what: str) -> None:
        self.sheet.labels(row, [label, what, "", "M USD"])
        values = np.cumsum(self.values[source])
        self.rows[label], self.values[label] = row, values
        at = self.rows[source]
        for column, value in enumerate(values.tolist(), start=FIRST_YEAR):
            formula = f"=SUM({absolute(at, FIRST_YEAR)}:{absolute(at, column)})"
            self.sheet.formula(row, column, formula, value, "calc", "musd")

    def has_lines(self, group: str) -> bool:
        """Whether any line of the scenario belongs to a group, whatever it is worth now."""
        return any(group_of(item) == group for item in self._items())

    def line(self, label: str) -> str:
        """All years of a line."""
        row = self.rows[label]
        return self.sheet.area(row, FIRST_YEAR, row, FIRST_YEAR + len(self.shadow.calendar.years) - 1)
