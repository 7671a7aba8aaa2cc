"""Cash of the options (leases, machines, expansions): the ledger's rows per MW, what they are worth, and their use of MW."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...models.months import Array
from ...optimizer.plan_terms import DatedOption, LeaseOption
from ...optimizer.tables import lease_uses
from .book import FIRST, MONTH, TOTAL, Block, Book, quoted
from .plan_values import PlanValuesPage
from .shadow import DISCOUNTS, SCALES, Shadow
from .timeline import Timeline

ADDED = "energised"
"""What an expansion does with its MW."""
STATUS = {"buy": "machines bought", "sell": "machines sold", "move": "machines moved", "expand": "expansion"}
USES = ("lease", "conversion", "kept", ADDED)
MW, FIRST_VALUE = 6, 7
"""Columns of the options: MW in the plan shown, and the first of their values."""


class TermsPage:
    """Every row of cash by month, sorted by item; behind the months what it belongs to and what it is worth."""

    def __init__(self, book: Book, shadow: Shadow, timeline: Timeline, plans: PlanValuesPage) -> None:
        self.shadow, self.timeline, self.plans = shadow, timeline, plans
        self.sheet = book.timed("Lease terms")
        words = (
            "Cash of one MW of each option (critical MW of a lease, meter MW of machines or an expansion) at the scenario's "
            "prices, and of what no decision changes, USD by month."
        )
        self.sheet.title("Lease terms", words, FIRST + 6)
        timeline.head(self.sheet)
        self.sheet.text(3, TOTAL, "MW of the plan shown", "head")
        self.block = Block(self.sheet, 4, max(len(shadow.rows), 1))
        after = FIRST + shadow.months
        self.option, self.of_rent, self.of_power, self.group, self.own_mw = range(after, after + 5)
        self.values = after + 5
        for column, text in enumerate(
            ("option", "scales with rent", "scales with power price", "kind of cash", "MW of the status quo"), start=after
        ):
            self.sheet.text(3, column, text, "head")
        for column, which in enumerate(DISCOUNTS, start=self.values):
            self.sheet.text(3, column, f"value, M USD per MW, discount {which}", "head")
        self.sheet.page.set_column(after, self.values + len(DISCOUNTS), 12)
        self._write()

    def _write(self) -> None:
        sheet, shadow, options = self.sheet, self.shadow, self.shadow.terms.options
        if not shadow.rows:
            sheet.labels(4, ["no option and no standing cash"])
        for at, row in enumerate(shadow.rows, start=self.block.first):
            whose = row.name if row.option < 0 else f"{row.name}, {options[row.option].start}"
            sheet.labels(at, [row.item, whose, row.site, row.scales, row.when], "USD/MW")
            sheet.numbers(at, row.usd, "usd")
            number = len(options) if row.option < 0 else row.option
            codes = (number + 1, row.scales == "rent", row.scales == "power", shadow.groups.index((row.kind, row.when)) + 1)
            sheet.numbers(at, [float(code) for code in codes], "whole", first=self.option)
            if row.option < 0:
                sheet.numbers(at, [1.0], "whole", first=TOTAL)
                sheet.numbers(at, [1.0], "whole", first=self.own_mw)
            else:
                self._mw(at, TOTAL, row.option, "plan_shown", shadow.shown)
                self._mw(at, self.own_mw, row.option, "plan_status_quo", shadow.status_quo)
            self._value(at, number_of_row=at - self.block.first)

    def _mw(self, row: int, column: int, option: int, plan_name: str, plan: int) -> None:
        formula = f"=INDEX({self.plans.mw_of_option(option)},{plan_name})"
        self.sheet.formula(row, column, formula, self.shadow.terms.option_mw[plan, option], "calc", "mw")

    def _value(self, at: int, number_of_row: int) -> None:
        row = self.shadow.rows[number_of_row]
        cash = self.block.row(number_of_row)
        for column, which in enumerate(DISCOUNTS):
            factor = self.timeline.factors[(row.kind, row.when), which].row(0)
            curve = "" if which == "base" else self.timeline.curve_of(row.scales)
            formula = f"=SUMPRODUCT({','.join(filter(None, (cash, factor, curve)))})/usd_per_musd"
            self.sheet.formula(at, self.values + column, formula, self.shadow.row_values[number_of_row, column], "calc", "value")

    # --- references --------------------------------------------------------------------------------------------------------

    def sum_of(self, rows: range, mw_column: int, extra: str = "") -> str:
        """USD in the month of the formula of consecutive rows, at the prices in force."""
        first, last = self.block.first + rows.start, self.block.first + rows.stop - 1

        def down(column: int) -> str:
            return self.sheet.area(first, column, last, column)

        month = f"{quoted(self.sheet.name)}!{MONTH}${first + 1}:{MONTH}${last + 1}"
        fixed = f"(1-{down(self.of_rent)}-{down(self.of_power)})"
        rent, power = (self.timeline.multipliers[name].cell(0) for name in ("rent", "power"))
        scale = f"({fixed}+{down(self.of_rent)}*{rent}+{down(self.of_power)}*{power})"
        return f"SUMPRODUCT({extra}{down(mw_column)}*{scale}*{month})"

    def rows_of_item(self, item: str) -> range:
        numbers = [number for number, row in enumerate(self.shadow.rows) if row.item == item]
        return range(numbers[0], numbers[-1] + 1) if numbers else range(0)

    def in_group(self, number: int) -> str:
        """Factor that picks the rows of a kind of cash."""
        column = self.sheet.area(self.block.first, self.group, self.block.first + self.block.rows - 1, self.group)
        return f"({column}={number + 1})*"


class OptionsPage:
    """A row an option: its MW in the plan shown, and the value of one MW by what it scales with."""

    def __init__(self, book: Book, shadow: Shadow, terms: TermsPage, plans: PlanValuesPage) -> None:
        self.shadow = shadow
        self.sheet = book.sheet("Options", "#6B7280", [(0, 0, 34), (1, 5, 15), (MW, FIRST_VALUE + 12, 13)])
        self.sheet.title(
            "Options",
            "Each lease offer at each start, and each expansion from each month, that a plan of the list uses, and what one MW of "
            "it (critical MW of a lease, meter MW of an expansion or of machines) is worth.",
            12,
        )
        heads = ("option", "site", "status", "start", "gross-up", "number", "MW of the plan shown")
        for column, text in enumerate((*heads, *(f"{scales}, {which}" for which in DISCOUNTS for scales in SCALES))):
            self.sheet.text(3, column, text, "head")
        for number, option in enumerate(shadow.terms.options):
            status = option.offer.status if isinstance(option, LeaseOption) else STATUS[option.choice.kind]
            gross_up = option.offer.gross_up if isinstance(option, LeaseOption) else 1.0
            self.sheet.labels(4 + number, [option.name, option.site, status, str(option.start)])
            self.sheet.numbers(4 + number, [gross_up, number + 1.0], "any", first=4)
            formula = f"=INDEX({plans.mw_of_option(number)},plan_shown)"
            self.sheet.formula(4 + number, MW, formula, shadow.terms.option_mw[shadow.shown, number], "calc", "mw")
        last = len(shadow.terms.options)
        self.sheet.labels(4 + last, ["what no decision changes"])
        self.sheet.numbers(4 + last, [last + 1.0], "whole", first=5)
        self.sheet.numbers(4 + last, [1.0], "mw", first=MW)
        self._values(terms)
        self.flag, self.value_now = FIRST_VALUE + 12, FIRST_VALUE + 13
        self._now()
        self.sheet.page.freeze_panes(4, 1)
        self.sheet.page.fit_to_pages(1, 0)

    def _values(self, terms: TermsPage) -> None:
        block = terms.block
        flags = {"rent": block.down(terms.of_rent), "power": block.down(terms.of_power)}
        for number in range(len(self.shadow.terms.options) + 1):
            own = f"{block.down(terms.option)},{self.sheet.cell(4 + number, 5)}"
            for d, _ in enumerate(DISCOUNTS):
                for s, scales in enumerate(SCALES):
                    picks = ",".join(f"{column},{int(name == scales)}" for name, column in flags.items())
                    formula = f"=SUMIFS({block.down(terms.values + d)},{own},{picks})"
                    value = self.shadow.option_values[number, d, s]
                    self.sheet.formula(4 + number, FIRST_VALUE + 3 * d + s, formula, value, "calc", "value")

    def _now(self) -> None:
        """Whether the plan shown takes the option, and what a MW of it is worth at the prices typed."""
        for column, text in ((self.flag, "in the plan shown"), (self.value_now, "value of one MW now, M USD")):
            self.sheet.text(3, column, text, "head")
        for number in range(len(self.shadow.terms.options)):
            row, mw = 4 + number, float(self.shadow.terms.option_mw[self.shadow.shown, number])
            taken = self.sheet.cell(row, MW).split("!")[1]
            self.sheet.formula(row, self.flag, f"=IF({taken}>0,1,0)", float(mw > 0), "calc", "whole")
            fixed, rent, power = (self.value(number, 0, scales).split("!")[1] for scales in range(3))
            formula = f"={fixed}+x_rent*{rent}+x_power*{power}"
            self.sheet.formula(row, self.value_now, formula, float(self.shadow.option_now[number]), "calc", "value")

    def value(self, number: int, discount: int, scales: int) -> str:
        return self.sheet.cell(4 + number, FIRST_VALUE + 3 * discount + scales)


class UsesPage:
    """Meter MW that one critical MW of each lease takes, by use, sorted by offer and use; and that one MW of an expansion adds."""

    def __init__(self, book: Book, shadow: Shadow, timeline: Timeline, plans: PlanValuesPage) -> None:
        self.shadow = shadow
        self.sheet = book.timed("Use of MW")
        words = (
            "Meter MW that one critical MW of a lease takes: under lease, dark for the build, kept after the term; and that one MW "
            "of an expansion adds."
        )
        self.sheet.title("Use of MW", words, FIRST + 6)
        timeline.head(self.sheet)
        self.sheet.text(3, TOTAL, "MW of the plan shown", "head")
        self.rows = list(self._profiles())
        for at, (number, option, use, mw) in enumerate(self.rows, start=4):
            self.sheet.labels(at, [option.name, use, option.site, str(option.start)], "MW/MW")
            formula = f"=INDEX({plans.mw_of_option(number)},plan_shown)"
            self.sheet.formula(at, TOTAL, formula, shadow.terms.option_mw[shadow.shown, number], "calc", "mw")
            self.sheet.numbers(at, mw, "any")

    def _profiles(self) -> Iterator[tuple[int, LeaseOption | DatedOption, str, Array]]:
        """(number of the option, the option, use, meter MW per MW of it by month)."""
        options = self.shadow.terms.options
        order = sorted(range(len(options)), key=lambda number: (options[number].site, options[number].name))
        found = [(number, use, mw) for number in order for use, mw in profile(options[number], self.shadow)]
        for number, use, mw in sorted(found, key=lambda row: (options[row[0]].site, options[row[0]].name, USES.index(row[1]))):
            yield number, options[number], use, mw

    def of_site(self, site: str, adding: bool = False) -> Iterator[tuple[str, str, range]]:
        """(offer, use, consecutive rows); adding: those of expansions instead."""
        keys = [(option.site, option.name, use) for _, option, use, _ in self.rows]
        for key in dict.fromkeys(keys):
            if key[0] == site and (key[2] == ADDED) == adding:
                yield *key[1:], range(keys.index(key), keys.index(key) + keys.count(key))

    def sum_of(self, rows: range) -> str:
        """Meter MW in the month of the formula."""
        first, last = 4 + rows.start, 4 + rows.stop - 1
        month = f"{quoted(self.sheet.name)}!{MONTH}${first + 1}:{MONTH}${last + 1}"
        return f"SUMPRODUCT({self.sheet.area(first, TOTAL, last, TOTAL)},{month})"


def profile(option: LeaseOption | DatedOption, shadow: Shadow) -> Iterator[tuple[str, Array]]:
    """(use, meter MW per MW by month), those that are ever used."""
    if isinstance(option, DatedOption):
        if np.any(option.added_mw):
            yield ADDED, option.added_mw
        return
    since = np.arange(shadow.months) - shadow.calendar.index(option.start)
    for use, share in lease_uses(option.offer, since):
        if np.any(share):
            yield use, option.offer.gross_up * share
