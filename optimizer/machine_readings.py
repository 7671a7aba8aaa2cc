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
from ..models.values import Values
from .dated_readings import DatedReadings
from .ledger import Ledger
from .ledger_lines import Line


class MachineReadings(DatedReadings):
    """Values, MW and limits of every choice about machines; arrays by choice, in the order of values.machine_choices."""

    word = "machines"
    spent_on = "machine_purchase"

    def __init__(self, values: Values, ledger: Ledger) -> None:
        super().__init__(values, ledger)
        self.choices = values.machine_choices

    @property
    def names(self) -> list[str]:
        return [choice.name for choice in self.choices]

    @cached_property
    def offered(self) -> list[float]:
        """Meter MW of each choice."""
        return [choice.offer.size_mw if choice.offer is not None else _fleet(choice).owned_mw for choice in self.choices]

    @cached_property
    def lines(self) -> list[list[list[Line]]]:
        """Of each choice and month of decision, apart from what the machines earn by mining."""
        return [[self._lines(choice, month) for month in choice.months] for choice in self.choices]

    def _lines(self, choice: MachineChoice, month: Month) -> list[Line]:
        if choice.offer is not None:
            return self.ledger.purchase(choice.offer, month)
        if choice.move is not None:
            return self.ledger.relocation(choice.move, month)
        return self.ledger.used_sale(_fleet(choice), month)

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


def _fleet(choice: MachineChoice) -> Fleet:
    assert choice.fleet is not None
    return choice.fleet
