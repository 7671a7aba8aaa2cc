"""What a MW of each fleet earns: price bands, the fleets' terms, their margin at the prices typed, and at each further case."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...models.months import Array
from .book import FIRST, TOTAL, Block, Book
from .shadow import Case, Shadow
from .timeline import Timeline

UPTIME, POOL, VARIABLE, ADDER, FIXED = range(4, 9)
"""Columns of the fleets' terms."""


class PricesPage:
    """For each zone a block of prices and a block of hours, a band a row."""

    def __init__(self, book: Book, shadow: Shadow, timeline: Timeline) -> None:
        self.sheet = book.timed("Prices")
        self.sheet.title(
            "Prices",
            "Market prices of each zone as bands, cheapest first, and the hours of each band: what the program used.",
            FIRST + 6,
        )
        timeline.head(self.sheet)
        self.prices: list[Block] = []
        self.hours: list[Block] = []
        row = 4
        for zone, price, hours in shadow.terms.zones:
            for kept, table, what, unit in ((self.prices, price, "price", "USD/MWh"), (self.hours, hours, "hours", "hours")):
                block = Block(self.sheet, row, table.shape[1])
                kept.append(block)
                row += block.rows + 1
                for band in range(block.rows):
                    self.sheet.labels(block.first + band, [f"{what}, band {band + 1}", zone], unit)
                    self.sheet.numbers(block.first + band, table[:, band], "usd")


class FleetsPage:
    """A row a fleet: what does not change from month to month."""

    def __init__(self, book: Book, shadow: Shadow) -> None:
        self.sheet = book.sheet("Fleets", "#6B7280", [(0, 0, 34), (1, 3, 18), (4, 8, 16)])
        self.sheet.title("Fleets", "Terms of the mining fleets that do not change from month to month.", 9)
        heads = (
            "fleet",
            "site",
            "zone",
            "pays",
            "uptime, fraction",
            "pool fee, fraction",
            "variable opex, USD/MWh",
            "adder, USD/MWh",
            "fixed opex, USD/MW-month",
        )
        for column, text in enumerate(heads):
            self.sheet.text(3, column, text, "head")
        for row, fleet in enumerate(shadow.terms.fleets, start=4):
            pays = "market price" if fleet.fixed_usd_per_mwh is None else "fixed price"
            self.sheet.labels(row, [fleet.name, fleet.site, shadow.terms.zones[fleet.zone][0], pays])
            terms = (
                fleet.uptime_fraction,
                fleet.pool_fee_fraction,
                fleet.variable_usd_per_mwh,
                fleet.adder_usd_per_mwh,
                fleet.fixed_usd_per_mw_month,
            )
            self.sheet.numbers(row, terms, "any", first=UPTIME)
        self.sheet.page.freeze_panes(4, 1)
        self.sheet.page.fit_to_pages(1, 0)

    def term(self, fleet: int, column: int) -> str:
        return self.sheet.cell(4 + fleet, column)


class MiningPage:
    """Margin of one MW of each fleet and month at the prices typed."""

    def __init__(self, book: Book, shadow: Shadow, timeline: Timeline, prices: PricesPage, fleets: FleetsPage) -> None:
        self.shadow, self.timeline, self.prices, self.fleets = shadow, timeline, prices, fleets
        self.sheet = book.timed("Mining")
        words = (
            "What one MW of each fleet earns in each month at the prices typed: it runs in the bands cheaper than its break-even."
        )
        self.sheet.title("Mining", words, FIRST + 6)
        timeline.head(self.sheet)
        self._row = 4
        data = [
            [fleet.revenue_usd_per_mwh for fleet in shadow.terms.fleets],
            [fleet.charge_usd_per_mw for fleet in shadow.terms.fleets],
            [
                np.zeros(shadow.months) if fleet.fixed_usd_per_mwh is None else fleet.fixed_usd_per_mwh
                for fleet in shadow.terms.fleets
            ],
            [fleet.available_mw for fleet in shadow.terms.fleets],
        ]
        words_and_units = (
            ("revenue at the scenario's hashprice", "USD/MWh"),
            ("demand charge not avoided", "USD/MW"),
            ("price where it is fixed", "USD/MWh"),
            ("MW of the machines", "MW"),
        )
        self.revenue, self.charge, self.fixed_price, self.available = (
            self._data(values, *texts) for values, texts in zip(data, words_and_units, strict=True)
        )
        even, runs, energy, margin = (np.array(rows).reshape(-1, shadow.months) for rows in self._figures())
        self.break_even = self._block(even, "break-even power price", "USD/MWh", "usd", self._break_even)
        self.runs = self._block(runs, "hours run", "MWh/MW", "usd", self._runs)
        self.energy = self._block(energy, "energy", "USD/MW", "usd", self._energy)
        self.margin = self._block(margin, "margin before tax", "USD/MW", "usd", self._margin)
        self.value = self._block(shadow.mining_value, "value: gain after tax, discounted", "M USD/MW", "value", self._value)

        self._of_cases()

    def _of_cases(self) -> None:
        """What every case has in common: revenue after the pool's fee with the yearly curve, and cost beside energy."""
        shadow, fleets, curve = self.shadow, self.shadow.terms.fleets, self.timeline.curves["hashprice"]
        kept = [shadow.curve["hashprice"] * fleet.revenue_usd_per_mwh * (1 - fleet.pool_fee_fraction) for fleet in fleets]
        costs = [fleet.fixed_usd_per_mw_month + fleet.charge_usd_per_mw for fleet in fleets]
        self.kept = self._block(
            np.array(kept).reshape(-1, shadow.months),
            "revenue after the pool's fee, with the curve",
            "USD/MWh",
            "usd",
            lambda k: f"={curve.cell(0)}*{self.revenue.cell(k)}*(1-{self.fleets.term(k, POOL)})",
        )
        self.costs = self._block(
            np.array(costs).reshape(-1, shadow.months),
            "fixed cost and charges",
            "USD/MW",
            "usd",
            lambda k: f"={self.fleets.term(k, FIXED)}+{self.charge.cell(k)}",
        )

    def _figures(self) -> list[list[Array]]:
        return [[figures[part] for figures in self.shadow.mining] for part in range(4)]

    def _take(self, what: str, unit: str) -> Block:
        block = Block(self.sheet, self._row, len(self.shadow.terms.fleets))
        self._row += block.rows + 1
        for k, fleet in enumerate(self.shadow.terms.fleets):
            self.sheet.labels(block.first + k, [what, fleet.name, fleet.site], unit)
        return block

    def _data(self, values: list[Array], what: str, unit: str) -> Block:
        block = self._take(what, unit)
        for k, row in enumerate(values):
            self.sheet.numbers(block.first + k, row, "usd")
        return block

    def _block(self, values: Array, what: str, unit: str, kind: str, formula: Callable[[int], str]) -> Block:
        block = self._take(what, unit)
        for k in range(block.rows):
            self.sheet.monthly(block.first + k, formula(k), values[k], kind)
        return block

    # --- formulas ----------------------------------------------------------------------------------------------------------

    def _break_even(self, k: int) -> str:
        kept = f"{self.revenue.cell(k)}*(1-{self.fleets.term(k, POOL)})"
        return f"={self.timeline.multipliers['hashprice'].cell(0)}*{kept}-{self.fleets.term(k, VARIABLE)}"

    def at_index(self, k: int) -> bool:
        return self.shadow.terms.fleets[k].fixed_usd_per_mwh is None

    def _running(self, k: int) -> tuple[str, str, str]:
        """(bands that run, hours of the bands, cost of the bands)."""
        zone = self.shadow.terms.fleets[k].zone
        cost = f"({self.prices.prices[zone].column()}*{self.timeline.multipliers['power'].cell(0)}+{self.fleets.term(k, ADDER)})"
        return f"({cost}<{self.break_even.cell(k)})", self.prices.hours[zone].column(), cost

    def _runs(self, k: int) -> str:
        running, hours, _ = self._running(k)
        if not self.at_index(k):
            return f"={self.fleets.term(k, UPTIME)}*IF({self.fixed_price.cell(k)}<{self.break_even.cell(k)},SUM({hours}),0)"
        return f"={self.fleets.term(k, UPTIME)}*SUMPRODUCT({running}*{hours})"

    def _energy(self, k: int) -> str:
        running, hours, cost = self._running(k)
        if not self.at_index(k):
            return f"={self.runs.cell(k)}*{self.fixed_price.cell(k)}"
        return f"={self.fleets.term(k, UPTIME)}*SUMPRODUCT({running}*{hours}*{cost})"

    def _margin(self, k: int) -> str:
        earned = f"{self.break_even.cell(k)}*{self.runs.cell(k)}-{self.energy.cell(k)}"
        return f"={earned}-{self.fleets.term(k, FIXED)}-{self.charge.cell(k)}"

    def _value(self, k: int) -> str:
        factor = self.timeline.factors[("mining", "middle"), "live"].cell(0)
        return f"=MAX({self.margin.cell(k)},0)*(1-tax_rate)*{factor}/usd_per_musd"


class CasesPage:
    """The same value at the further cases: a block of fleets for each case, its multipliers in front of every row."""

    def __init__(self, book: Book, mining: MiningPage) -> None:
        self.shadow, self.mining = mining.shadow, mining
        self.sheet = book.timed("Cases")
        words = "Value of one MW of each fleet at other prices: the scenario's own, the tornado's, the points of the map and lines."
        self.sheet.title("Cases", words, FIRST + 6)
        mining.timeline.head(self.sheet)
        for column, text in ((3, "hashprice, x"), (4, "power, x")):
            self.sheet.text(3, column, text, "head")
        fleets, row = len(self.shadow.terms.fleets), 4
        self.blocks: list[Block] = []
        for case in self.shadow.cases:
            self.blocks.append(Block(self.sheet, row, fleets) if case.moves_machines else mining.value)
            row += fleets if case.moves_machines else 0

    def write(self, prices: Callable[[int, str], str]) -> None:
        """prices: reference of the multiplier of a price at a case."""
        fleets = self.shadow.terms.fleets
        self.sheet.text(3, TOTAL, "cost, USD/MWh", "head")
        for number, case in enumerate(self.shadow.cases):
            for k, fleet in enumerate(fleets if case.moves_machines else ()):
                row = self.blocks[number].first + k
                self.sheet.labels(row, [case.name, fleet.name, fleet.site], "M USD/MW")
                for column, name in ((3, "hashprice"), (4, "power")):
                    self.sheet.formula(row, column, f"={prices(number, name)}", getattr(case, name), "calc", "times")
                cost = f"={self.mining.fleets.term(k, VARIABLE)}+{self.mining.fleets.term(k, ADDER)}"
                self.sheet.formula(row, TOTAL, cost, fleet.variable_usd_per_mwh + fleet.adder_usd_per_mwh, "calc", "usd")
                self.sheet.monthly(row, self._formula(case, k, row), self.shadow.case_values[number, k], "value")

    def _formula(self, case: Case, k: int, row: int) -> str:
        """Hashprice and power multipliers and the cost beside the power price stand in columns D, E and G of the row."""
        mining, timeline = self.mining, self.mining.timeline
        kept = mining.kept.cell(k) if case.curved else f"{mining.revenue.cell(k)}*(1-{mining.fleets.term(k, POOL)})"
        curve = f"*{timeline.curves['power'].cell(0)}" if case.curved else ""
        even = f"$D{row + 1}*{kept}-$G{row + 1}"
        zone = self.shadow.terms.fleets[k].zone
        price, hours = mining.prices.prices[zone].column(), mining.prices.hours[zone].column()
        if mining.at_index(k):
            cost = f"{price}*$E{row + 1}{curve}"
            gain = f"SUMPRODUCT(({cost}<{even})*{hours}*({even}-{cost}))"
        else:
            gain = f"MAX({even}-{mining.fixed_price.cell(k)},0)*SUM({hours})"
        margin = f"{mining.fleets.term(k, UPTIME)}*{gain}-{mining.costs.cell(k)}"
        return f"=MAX({margin},0)*{timeline.kept_musd[case.discount].cell(0)}"
