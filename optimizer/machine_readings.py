"""What the certificate knows of the decisions about machines, read anew from the offers through the ledger.

A MW of machines that is bought in a month is worth its own cash, less the budget it uses, plus what it earns by mining beyond the
price of power while it is there. For any prices no plan gains more from an offer than its size times the best of its months,
or nothing: the prices of the machines themselves are not needed, since at their best they are what a MW earns beyond the power it
uses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from ..models.machine_values import MachineChoice
from ..models.months import Array
from ..models.values import USD_PER_MUSD, Values
from .ledger import Ledger, Line


class MachineReadings:
    """Values, MW and limits of every choice about machines; arrays by choice, in the order of values.machine_choices."""

    def __init__(self, values: Values, ledger: Ledger) -> None:
        self.values, self.ledger = values, ledger
        self.choices = values.machine_choices

    @cached_property
    def offered(self) -> list[float]:
        """Meter MW of each choice."""
        return [choice.offer.size_mw for choice in self.choices if choice.offer is not None]

    @cached_property
    def musd(self) -> list[Array]:
        """Value of one MW in each month of decision, USD million, from the ledger's lines, apart from what it earns by mining."""
        return [
            np.array([sum(float(line.discounted_usd.sum()) for line in self._lines(choice, c)) for c in range(len(choice.months))])
            / USD_PER_MUSD
            for choice in self.choices
        ]

    def _lines(self, choice: MachineChoice, c: int) -> list[Line]:
        assert choice.offer is not None
        return self.ledger.purchase(choice.offer, choice.months[c])

    @cached_property
    def there(self) -> list[Array]:
        """MW that are there per MW decided, shape (months of decision, months) for each choice."""
        length = self.values.calendar.length
        return [
            np.array([self.ledger.machines(choice.offer, month).there(length) for month in choice.months])
            for choice in self.choices
            if choice.offer is not None
        ]

    @cached_property
    def capex_musd(self) -> list[Array]:
        """What counts in the capex budget per MW, USD million, shape (months of decision, years of the horizon)."""
        years = np.array([month.year for month in self.values.calendar.months])
        found = []
        for choice in self.choices:
            rows = np.zeros((len(choice.months), len(self.values.calendar.years)))
            for c in range(len(choice.months)):
                spent = np.sum([line.usd for line in self._lines(choice, c) if line.item == "machine_purchase"], axis=0)
                for column, year in enumerate(self.values.calendar.years):
                    rows[c, column] = -math.fsum(spent[years == year].tolist()) / USD_PER_MUSD
            found.append(rows)
        return found

    def owned_mw(self, available_mw: Array) -> Array:
        """Of the MW of every fleet, those that are there without a decision, shape (fleets, months)."""
        bought = {offer.name for offer in self.values.scenario.machine_offers}
        owned = np.array([float(fleet.name not in bought) for fleet in self.values.fleets]).reshape(-1, 1)
        found: Array = available_mw * owned
        return found

    def there_mw(self, owned_mw: Array, machine_mw: Sequence[Array]) -> Array:
        """[C2] MW of every fleet that are there with these decisions, shape (fleets, months)."""
        there = owned_mw.copy()
        for choice, per_mw, mw in zip(self.choices, self.there, machine_mw, strict=True):
            there[choice.fleet] = there[choice.fleet] + mw @ per_mw
        return there

    def gains(self, mining: Array, budget: Array) -> list[Array]:
        """What a MW of each choice gains in each month of decision beyond the prices of what it uses, USD million.

        mining: what a mining MW earns beyond the price of power, (fleets, months). budget: price of a dollar by year.
        """
        earned = np.maximum(mining, 0.0)
        return [
            musd + per_mw @ earned[choice.fleet] - capex @ budget
            for choice, musd, per_mw, capex in zip(self.choices, self.musd, self.there, self.capex_musd, strict=True)
        ]

    def most_musd(self, mining: Array, budget: Array) -> Iterator[float]:
        """Most that each choice can add to a plan at these prices, USD million."""
        for size, gain in zip(self.offered, self.gains(mining, budget), strict=True):
            yield size * max(float(np.max(gain, initial=0.0)), 0.0)

    def unused_musd(self, mining: Array, budget: Array, machine_mw: Sequence[Array]) -> Iterator[float]:
        """Complementary slackness: what each choice could add, less what its MW in a plan do, USD million."""
        most = self.most_musd(mining, budget)
        for best, gain, mw in zip(most, self.gains(mining, budget), machine_mw, strict=True):
            yield best - float(gain @ mw)

    def size_musd(self, largest: float, mining_musd: Array) -> float:
        """Size of the terms above, for the bound of their rounding errors, USD million; largest: the largest price."""
        size = 0.0
        for choice, offered, musd, capex in zip(self.choices, self.offered, self.musd, self.capex_musd, strict=True):
            earned = float(np.max(np.abs(mining_musd[choice.fleet]), initial=0.0)) + largest
            own = float(np.max(np.abs(musd), initial=0.0)) + largest * float(np.max(capex.sum(axis=1), initial=0.0))
            size += offered * (own + self.values.calendar.length * earned) * self.values.calendar.length
        return size

    def value_musd(self, machine_mw: Sequence[Array]) -> float:
        """Value of these decisions, apart from what their MW earn by mining, USD million."""
        return math.fsum(float(musd @ mw) for musd, mw in zip(self.musd, machine_mw, strict=True))

    def gross_musd(self, machine_mw: Sequence[Array]) -> float:
        """Sum of the sizes of their discounted amounts, USD million."""
        amounts = (
            float(mw[c]) * float(np.sum(np.abs(line.discounted_usd)))
            for choice, mw in zip(self.choices, machine_mw, strict=True)
            for c in np.flatnonzero(mw).tolist()
            for line in self._lines(choice, c)
        )
        return math.fsum(amounts) / USD_PER_MUSD

    def excess(self, machine_mw: Sequence[Array]) -> Iterator[tuple[float, str]]:
        """[C2] How far each choice exceeds its size, MW, and its name."""
        for choice, offered, mw in zip(self.choices, self.offered, machine_mw, strict=True):
            yield max(math.fsum(mw.tolist()) - offered, float(np.max(-mw, initial=0.0))), f"machines {choice.name}"
