"""The plan shown, month by month: MW by site and use, cash by item, and what it brings over the status quo."""

from __future__ import annotations

import numpy as np

from ...models.months import Array
from ...models.values import USD_PER_MUSD
from ...optimizer.ledger_lines import ITEMS
from .book import FIRST, TOTAL, Block, Book
from .lease_terms import TermsPage, UsesPage
from .mining import FIXED, POOL, VARIABLE, MiningPage
from .plan_values import MachinesPage
from .shadow import HALVINGS, SHARE_DIGITS, Group, Shadow
from .timeline import Timeline

TOTAL_USES = ("mining", "lease", "conversion", "kept", "idle")
MINING_ITEMS = (
    "mining_revenue",
    "pool_fee",
    "mining_power",
    "mining_variable_opex",
    "mining_fixed_opex",
    "mining_demand_charge",
    "income_tax_mining",
)


class AllocationMonths:
    """MW by site, use and name; the rows of a site add up to its energised MW."""

    def __init__(
        self, book: Book, shadow: Shadow, timeline: Timeline, mining: MiningPage, machines: MachinesPage, uses: UsesPage
    ) -> None:
        self.shadow = shadow
        self.sheet = book.timed("MW by month", "#1F7A8C")
        self.sheet.title(
            "MW by month", "Meter MW of the plan shown by site, use and name. Machines run in months in which they gain.", FIRST + 6
        )
        timeline.head(self.sheet)
        fleets = len(shadow.terms.fleets)
        self.machines = Block(self.sheet, 4, fleets)
        self.running = Block(self.sheet, 5 + fleets, fleets)
        self._fleets(mining, machines)
        self.row = 7 + 2 * fleets
        self.rows: list[tuple[str, str, str, int, Array]] = []
        """(site, use, name, row, MW)."""
        self.energised: dict[str, int] = {}
        for site in sorted(shadow.terms.scenario.sites, key=lambda one: one.name):
            self._site(site.name, uses)

    def _fleets(self, mining: MiningPage, machines: MachinesPage) -> None:
        shadow = self.shadow
        running = shadow.running_of(shadow.shown)
        for k, fleet in enumerate(shadow.terms.fleets):
            self.sheet.labels(self.machines.first + k, ["machines of the plan shown", fleet.name, fleet.site], "MW")
            number = f"(plan_shown-1)*{machines.fleets}+{k + 1}"
            formula = f"=INDEX({machines.block.column()},{number})"
            self.sheet.monthly(self.machines.first + k, formula, shadow.machines[k], "mw")
            self.sheet.labels(self.running.first + k, ["running", fleet.name, fleet.site], "MW")
            formula = f"=IF({mining.margin.cell(k)}>0,{self.machines.cell(k)},0)"
            self.sheet.monthly(self.running.first + k, formula, running[k], "mw")

    def _site(self, site: str, uses: UsesPage) -> None:
        shadow = self.shadow
        self.sheet.text(self.row, 0, site, "section")
        self.row += 1
        left = self._energised(site, uses).copy()
        first = self.row
        running = shadow.running_of(shadow.shown)
        for k, fleet in enumerate(shadow.terms.fleets):
            if fleet.site == site:
                left = left - running[k]
                self._add(site, "mining", fleet.name, f"={self.running.cell(k)}", running[k])
        for offer, use, rows in uses.of_site(site):
            mw = self._of_uses(uses, rows)
            left = left - mw
            self._add(site, use, offer, f"={uses.sum_of(rows)}", mw)
        block = Block(self.sheet, first, self.row - first)
        energised_cell = Block(self.sheet, self.energised[site], 1).cell(0)
        total = f"SUM({block.column()})" if block.rows else "0"
        self._add(site, "idle", "", f"=ROUND({energised_cell}-{total},value_digits)", np.round(left, 8) + 0.0)

    def _energised(self, site: str, uses: UsesPage) -> Array:
        """Rows of the site's energised MW: given ones, those of each expansion, and their sum."""
        given = self.shadow.terms.scenario.site(site).energised(self.shadow.calendar)
        expansions = list(uses.of_site(site, adding=True))
        self.sheet.labels(self.row, ["energised, given" if expansions else "energised", "", site], "MW")
        self.sheet.numbers(self.row, given, "mw")
        block, total = Block(self.sheet, self.row, 1 + len(expansions)), given
        for name, _, rows in expansions:
            self.row += 1
            mw = self._of_uses(uses, rows)
            self.sheet.labels(self.row, ["expansion", name, site], "MW")
            self.sheet.monthly(self.row, f"={uses.sum_of(rows)}", mw, "mw")
            total = total + mw
        if expansions:
            self.row += 1
            self.sheet.labels(self.row, ["energised", "", site], "MW")
            self.sheet.monthly(self.row, f"=SUM({block.column()})", total, "mw")
        self.energised[site] = self.row
        self.row += 1
        return total

    def _of_uses(self, uses: UsesPage, rows: range) -> Array:
        found = np.zeros(self.shadow.months)
        for number in rows:
            option, _, _, mw = uses.rows[number]
            found = found + mw * float(self.shadow.terms.option_mw[self.shadow.shown, option])
        return found

    def _add(self, site: str, use: str, name: str, formula: str, mw: Array) -> None:
        self.sheet.labels(self.row, [use, name, site], "MW")
        self.sheet.monthly(self.row, formula, mw, "mw")
        self.rows.append((site, use, name, self.row, mw))
        self.row += 1


class CashMonths:
    """USD by item, and the sums that the outputs need."""

    def __init__(
        self,
        book: Book,
        shadow: Shadow,
        timeline: Timeline,
        mining: MiningPage,
        machines: MachinesPage,
        terms: TermsPage,
        allocation: AllocationMonths,
    ) -> None:
        self.shadow, self.timeline, self.mining, self.machines, self.terms = shadow, timeline, mining, machines, terms
        self.allocation = allocation
        self.sheet = book.timed("Cash by month", "#1F7A8C")
        self.sheet.title(
            "Cash by month",
            "Cash of the plan shown by item, USD, not discounted; its sums, and the difference to the status quo.",
            FIRST + 6,
        )
        timeline.head(self.sheet)
        self.row = 4
        self.items = self._items()
        self.net = self._net()
        self.groups = [self._group(number, group) for number, group in enumerate(shadow.groups)]
        self.discounted = self._discounted()
        self.status_quo = self._status_quo()
        self.extra = self._add("over the status quo", "USD", f"={self.net.cell(0)}-{self.status_quo.cell(0)}", shadow.extra)
        self.cumulative = self._cumulative()
        self._rate_of_return(book)

    def _add(self, label: str, unit: str, formula: str, values: Array, kind: str = "#,##0;-#,##0;0", detail: str = "") -> Block:
        block = Block(self.sheet, self.row, 1)
        self.sheet.labels(self.row, [label, detail], unit)
        self.sheet.monthly(self.row, formula, values, kind)
        self.row += 1
        return block

    # --- items -------------------------------------------------------------------------------------------------------------

    def _items(self) -> dict[str, Block]:
        cash = self.shadow.cash(self.shadow.shown)
        formulas: dict[str, str] = {}
        if self.shadow.terms.fleets:
            formulas |= self._mining_formulas()
        for item in dict.fromkeys(row.item for row in self.shadow.rows):
            formulas[item] = f"={self.terms.sum_of(self.terms.rows_of_item(item), TOTAL)}"
        first = self.row
        found = {item: self._add(item, "USD", formula, cash[item], detail=meaning(item)) for item, formula in formulas.items()}
        if not found:
            found["no_cash"] = self._add("no_cash", "USD", "=SUM(0)", np.zeros(self.shadow.months))
        self.all_items = Block(self.sheet, first, self.row - first)
        self.row += 1
        return found

    def _mining_formulas(self) -> dict[str, str]:
        running, mining, fleets = self.allocation.running.column(), self.mining, self.mining.fleets
        last = len(self.shadow.terms.fleets) - 1

        def term(column: int) -> str:
            return f"{fleets.term(0, column)}:{fleets.term(last, column).split('!')[1]}"

        hashprice = self.timeline.multipliers["hashprice"].cell(0)
        revenue = f"{hashprice}*SUMPRODUCT({running},{mining.runs.column()},{mining.revenue.column()}"
        own = Block(self.sheet, self.row, len(MINING_ITEMS) - 1)
        return {
            "mining_revenue": f"={revenue})",
            "pool_fee": f"=-{revenue},{term(POOL)})",
            "mining_power": f"=-SUMPRODUCT({running},{mining.energy.column()})",
            "mining_variable_opex": f"=-SUMPRODUCT({running},{mining.runs.column()},{term(VARIABLE)})",
            "mining_fixed_opex": f"=-SUMPRODUCT({running},{term(FIXED)})",
            "mining_demand_charge": f"=-SUMPRODUCT({running},{mining.charge.column()})",
            "income_tax_mining": f"=-tax_rate*SUM({own.column()})",
        }

    def _net(self) -> Block:
        net = self.shadow.net_cash(self.shadow.shown)
        block = self._add("net cash", "USD", f"=SUM({self.all_items.column()})", net)
        self.row += 1
        return block

    def _group(self, number: int, group: Group) -> Block:
        """Cash that is discounted alike; the sum of its rows picked by their code, not by item."""
        parts = []
        if number == 0 and self.shadow.terms.fleets:
            margin = self.mining.margin.column()
            parts.append(f"(1-tax_rate)*SUMPRODUCT({self.allocation.running.column()},{margin})")
        if self.shadow.rows:
            every = range(len(self.shadow.rows))
            parts.append(self.terms.sum_of(every, TOTAL, self.terms.in_group(number)))
        kind, when = group
        label = f"cash, {kind.replace('_', ' ')}"
        return self._add(label, "USD", f"={'+'.join(parts) or 'SUM(0)'}", self.shadow.cash_of_group(group), detail=when)

    def _discounted(self) -> Block:
        shadow = self.shadow
        parts = [
            f"{block.cell(0)}*{self.timeline.factors[group, 'live'].cell(0)}"
            for block, group in zip(self.groups, shadow.groups, strict=True)
        ]
        values = sum(
            (shadow.cash_of_group(group) * shadow.factor(group, "live") for group in shadow.groups), np.zeros(shadow.months)
        )
        block = self._add("discounted cash", "USD", f"={'+'.join(parts)}", values)
        self.row += 1
        return block

    # --- against the status quo --------------------------------------------------------------------------------------------

    def _status_quo(self) -> Block:
        shadow, parts = self.shadow, []
        if shadow.terms.fleets:
            first = 4 + shadow.status_quo * self.machines.fleets
            own = Block(self.machines.sheet, first, self.machines.fleets).column()
            margin = self.mining.margin.column()
            parts.append(f"(1-tax_rate)*SUMPRODUCT({own}*({margin}>0)*{margin})")
        if shadow.rows:
            parts.append(self.terms.sum_of(range(len(shadow.rows)), self.terms.own_mw))
        return self._add("net cash of the status quo", "USD", f"={'+'.join(parts) or 'SUM(0)'}", shadow.net_cash(shadow.status_quo))

    def _cumulative(self) -> Block:
        """Running sums; up to which month they are negative; and in which months their sign changes."""
        letters, extra, own = self.sheet.book.letters, self.extra.first + 1, self.row + 1
        values = np.cumsum(self.shadow.extra)
        first = letters[0]
        block = self._add("over the status quo, added up", "USD", f"=SUM(${first}{extra}:§{extra})", values)
        cents = np.round(values, 2)
        months = np.arange(1.0, len(values) + 1)
        short = f"=IF(ROUND(§{own},2)<0,COLUMNS(${first}{own}:§{own}),0)"
        self.short = self._add("last month in which that is negative", "number", short, np.where(cents < 0, months, 0.0), "whole")
        signs = np.sign(cents)
        self.sign = self._add("sign of the sum", "1", f"=SIGN(ROUND(§{own},2))", signs, "whole")
        changes = np.append((signs[1:] * signs[:-1] < 0).astype(float), 0.0)
        self.changes = Block(self.sheet, self.row, 1)
        self.sheet.labels(self.row, ["the sign changes after the month"], "1")
        style, at = self.sheet.book.style("calc", "whole"), self.sign.first + 1
        for month, value in enumerate(changes.tolist()):
            after = letters[month + 1] if month + 1 < len(letters) else letters[month]
            formula = f"=IF({letters[month]}{at}*{after}{at}<0,1,0)"
            self.sheet.page.plain_formula(self.row, FIRST + month, formula, style, value)
        self.row += 2
        return block

    def _rate_of_return(self, book: Book) -> None:
        """Halving the interval 0 to 1 of monthly rates, where the sum over time changes its sign once, from below."""
        sheet, row = self.sheet, self.row
        sheet.text(
            row, 0, "Internal rate of return of the cash over the status quo: the interval of monthly rates is halved", "section"
        )
        for column, text in enumerate(
            ("step", "lowest rate", "highest rate", "middle", "value at the middle, of the size of the flows")
        ):
            sheet.text(row + 1, column, text, "head")
        self._numbers_of_months()
        low, high = 0.0, 1.0
        months, extra = self.months_since.row(0), self.shadow.extra
        size = max(float(np.sqrt(np.sum(extra**2))), USD_PER_MUSD)
        for step in range(HALVINGS):
            at = row + 2 + step
            middle = (low + high) / 2
            value = float(np.sum(extra * (1 + middle) ** -np.arange(self.shadow.months))) / size
            sheet.number(at, 0, step + 1, "data", "whole")
            above = at - 1
            up = f"ROUND(E{above + 1},share_digits)>0"
            halved = (f"=IF({up},D{above + 1},B{above + 1})", f"=IF({up},C{above + 1},D{above + 1})")
            formulas = halved if step else ("=SUM(0)", "=SUM(1)")
            sheet.formula(at, 1, formulas[0], low, "calc", "0.000000000")
            sheet.formula(at, 2, formulas[1], high, "calc", "0.000000000")
            sheet.formula(at, 3, f"=(B{at + 1}+C{at + 1})/2", middle, "calc", "0.000000000")
            sheet.formula(
                at,
                4,
                f"=SUMPRODUCT({self.extra.row(0)},(1+D{at + 1})^-{months})/MAX(SQRT(SUMSQ({self.extra.row(0)})),usd_per_musd)",
                value,
                "calc",
                "0.0E+00",
            )
            low, high = (middle, high) if round(value, SHARE_DIGITS) > 0 else (low, middle)
        self.monthly_rate = middle
        self.rate_cell = sheet.cell(row + 1 + HALVINGS, 3)
        self.row = row + HALVINGS + 3

    @property
    def has_rate(self) -> bool:
        """Whether the running sum changes its sign once and ends above 0, so that there is one rate (Norstrom's rule)."""
        cents = np.sign(np.round(np.cumsum(self.shadow.extra), 2))
        return int(np.sum(cents[1:] * cents[:-1] < 0)) == 1 and bool(self.shadow.extra.sum() > 0)

    def _numbers_of_months(self) -> None:
        block = Block(self.sheet, self.row - 1, 1)
        self.sheet.labels(block.first, ["months from the first one"], "months")
        self.sheet.monthly(
            block.first, f"=COLUMNS(${self.sheet.book.letters[0]}$1:§$1)-1", np.arange(self.shadow.months, dtype=float), "whole"
        )
        self.months_since = block


def meaning(item: str) -> str:
    """What an item is, in words."""
    return "tax on mining" if item == "income_tax_mining" else ITEMS.get(item, "")
