"""What the certificate knows of the decisions about machines, read anew from the offers through the ledger.

A MW of machines that is bought in a month is worth its own cash, less the budget it uses, plus what it earns by mining beyond the
price of power while it is there; one that is sold is worth what it brings less what it would have earned from then on. For any
prices no plan gains more from the machines of an offer or fleet than their size times the best that may be done with them, or
nothing: the prices of the machines themselves are not needed, since at their best they are what a MW earns beyond the power it
uses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from ..models.machine_move import MachineMove
from ..models.machine_values import MachineChoice
from ..models.mining import Fleet
from ..models.months import Array, Month
from ..models.values import USD_PER_MUSD, Values
from .budgets import cash_by_year_musd
from .ledger import Ledger, Line


class MachineReadings:
    """Values, MW and limits of every choice about machines; arrays by choice, in the order of values.machine_choices."""

    def __init__(self, values: Values, ledger: Ledger) -> None:
        self.values, self.ledger = values, ledger
        self.choices = values.machine_choices

    @cached_property
    def offered(self) -> list[float]:
        """Meter MW of each choice."""
        return [choice.offer.size_mw if choice.offer is not None else _fleet(choice).owned_mw for choice in self.choices]

    @cached_property
    def musd(self) -> list[Array]:
        """Value of one MW in each month of decision, USD million, from the ledger's lines, apart from what it earns by mining."""
        return [
            np.array([sum(float(line.discounted_usd.sum()) for line in self._lines(choice, c)) for c in range(len(choice.months))])
            / USD_PER_MUSD
            for choice in self.choices
        ]

    def _lines(self, choice: MachineChoice, c: int) -> list[Line]:
        if choice.offer is not None:
            return self.ledger.purchase(choice.offer, choice.months[c])
        if choice.move is not None:
            return self.ledger.relocation(choice.move, choice.months[c])
        return self.ledger.used_sale(_fleet(choice), choice.months[c])

    @cached_property
    def changes(self) -> list[dict[int, Array]]:
        """MW that each choice gives to a fleet or takes from it per MW decided, shape (months of decision, months)."""
        number = {fleet.name: k for k, fleet in enumerate(self.values.fleets)}
        found = []
        for choice in self.choices:
            changed = {number[choice.owner]: np.array([self._own(choice, month) for month in choice.months])}
            if choice.move is not None:
                changed[number[choice.name]] = np.array([self._elsewhere(choice.move, choice, month) for month in choice.months])
            found.append(changed)
        return found

    def _elsewhere(self, move: MachineMove, choice: MachineChoice, leaves: Month) -> Array:
        """MW at the destination, month by month: after the downtime, as long as the fleet is not retired."""
        fleet, calendar = _fleet(choice), self.values.calendar
        retired = calendar.end + 1 if fleet.retire_month is None else fleet.retire_month
        per_mw = move.overhead / fleet.overhead
        return np.array(
            [per_mw * float(leaves + move.downtime_months <= month < retired) for month in calendar.months], dtype=float
        )

    def _own(self, choice: MachineChoice, month: Month) -> Array:
        calendar = self.values.calendar
        if choice.offer is not None:
            return self.ledger.machines(choice.offer, month).there(calendar.length)
        later = np.array([float(other >= month) for other in calendar.months])
        return -later * (_fleet(choice).available_mw(calendar) > 0)

    @cached_property
    def capex_musd(self) -> list[Array]:
        """What counts in the capex budget per MW, USD million, shape (months of decision, years of the horizon)."""
        years = np.array([month.year for month in self.values.calendar.months])
        found = []
        for choice in self.choices:
            rows = np.zeros((len(choice.months), len(self.values.calendar.years)))
            for c in range(len(choice.months)):
                lines = [line.usd for line in self._lines(choice, c) if line.item == "machine_purchase"]
                spent = np.sum(lines, axis=0) if lines else np.zeros(len(years))
                for column, year in enumerate(self.values.calendar.years):
                    rows[c, column] = -math.fsum(spent[years == year].tolist()) / USD_PER_MUSD
            found.append(rows)
        return found

    @cached_property
    def money_musd(self) -> list[Array]:
        """What a MW takes of money: the capex above, and beside it, where cash has floors, the cash it takes (readings.py)."""
        if not self.values.floor_years:
            return self.capex_musd
        calendar = self.values.calendar
        return [
            np.hstack([capex, [-cash_by_year_musd(self._lines(choice, c), calendar) for c in range(len(choice.months))]])
            for choice, capex in zip(self.choices, self.capex_musd, strict=True)
        ]

    def cash_size_musd(self, mining_cash_musd: Array) -> float:
        """Size of the cash that decisions about machines move, USD million."""
        size = 0.0
        for choice, offered, money in zip(self.choices, self.offered, self.money_musd, strict=True):
            mined = sum(float(np.sum(np.abs(mining_cash_musd[k]))) for k in choice.changes)
            size += offered * (float(np.max(np.sum(np.abs(money), axis=1), initial=0.0)) + mined)
        return size

    def owned_mw(self, available_mw: Array) -> Array:
        """Of the MW of every fleet, those that are there without a decision, shape (fleets, months)."""
        names = {fleet.name for fleet in self.values.scenario.fleets}
        owned = np.array([float(fleet.name in names) for fleet in self.values.fleets]).reshape(-1, 1)
        found: Array = available_mw * owned
        return found

    def there_mw(self, owned_mw: Array, machine_mw: Sequence[Array]) -> Array:
        """[C2] MW of every fleet that are there with these decisions, shape (fleets, months)."""
        there = owned_mw.copy()
        for changes, mw in zip(self.changes, machine_mw, strict=True):
            for k, per_mw in changes.items():
                there[k] = there[k] + mw @ per_mw
        return there

    def gains(self, mining: Array, price: Array) -> list[Array]:
        """What a MW of each choice gains in each month of decision beyond the prices of what it uses, USD million.

        mining: what a mining MW earns beyond the price of power, (fleets, months). price: of a dollar, as money_musd counts them.
        """
        earned = np.maximum(mining, 0.0)
        return [
            musd + sum(per_mw @ earned[k] for k, per_mw in changes.items()) - money @ price
            for musd, changes, money in zip(self.musd, self.changes, self.money_musd, strict=True)
        ]

    @cached_property
    def _owners(self) -> list[list[int]]:
        """Numbers of the choices about the same machines."""
        owners: dict[str, list[int]] = {}
        for number, choice in enumerate(self.choices):
            owners.setdefault(choice.owner, []).append(number)
        return list(owners.values())

    def most_musd(self, mining: Array, price: Array) -> Iterator[float]:
        """Most that the machines of each offer and fleet can add to a plan at these prices, USD million."""
        gains = self.gains(mining, price)
        for numbers in self._owners:
            yield self.offered[numbers[0]] * max(float(np.max(gains[number], initial=0.0)) for number in numbers)

    def unused_musd(self, mining: Array, price: Array, machine_mw: Sequence[Array]) -> Iterator[float]:
        """Complementary slackness: what the machines of each offer and fleet could add, less what they do, USD million."""
        gains = self.gains(mining, price)
        for best, numbers in zip(self.most_musd(mining, price), self._owners, strict=True):
            yield best - math.fsum(float(gains[number] @ machine_mw[number]) for number in numbers)

    def size_musd(self, largest: float, mining_musd: Array) -> float:
        """Size of the terms above, for the bound of their rounding errors, USD million; largest: the largest price."""
        size = 0.0
        for choice, offered, musd, capex in zip(self.choices, self.offered, self.musd, self.capex_musd, strict=True):
            mined = sum(float(np.max(np.abs(mining_musd[k]), initial=0.0)) + largest for k in choice.changes)
            own = float(np.max(np.abs(musd), initial=0.0)) + largest * float(np.max(capex.sum(axis=1), initial=0.0))
            size += offered * (own + self.values.calendar.length * mined) * self.values.calendar.length
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


def _fleet(choice: MachineChoice) -> Fleet:
    assert choice.fleet is not None
    return choice.fleet
