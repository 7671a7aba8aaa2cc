"""What the certificate knows of choices that are made in one of several months, read anew from the ledger's lines of one MW.

Machines (machine_readings.py) and expansions (expansion_readings.py) add what their MW are good for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..models.months import Array
from ..models.values import USD_PER_MUSD, Values
from .budgets import cash_by_year_musd
from .ledger import Ledger
from .ledger_lines import Line


class DatedReadings:
    """Values, money and sizes; arrays by choice, in the order of the program's columns."""

    word: ClassVar[str]
    """What a choice is called where it exceeds its size."""
    spent_on: ClassVar[str]
    """The item of the ledger that counts in the capex budgets."""

    def __init__(self, values: Values, ledger: Ledger) -> None:
        self.values, self.ledger = values, ledger

    @property
    def names(self) -> list[str]:
        raise NotImplementedError

    @cached_property
    def offered(self) -> list[float]:
        """Meter MW of each choice."""
        raise NotImplementedError

    @cached_property
    def lines(self) -> list[list[list[Line]]]:
        """The ledger's lines of one MW, by choice and month of decision, apart from what the MW are used for."""
        raise NotImplementedError

    @cached_property
    def musd(self) -> list[Array]:
        """Value of one MW in each month of decision, USD million, apart from what the MW are used for."""
        return [
            np.array([math.fsum(float(line.discounted_usd.sum()) for line in lines) for lines in by_month]) / USD_PER_MUSD
            for by_month in self.lines
        ]

    @cached_property
    def capex_musd(self) -> list[Array]:
        """What counts in the capex budget per MW, USD million, shape (months of decision, years of the horizon)."""
        return [
            -self._cash_musd([[line for line in lines if line.item == self.spent_on] for lines in by_month])
            for by_month in self.lines
        ]

    def _cash_musd(self, by_month: Sequence[Sequence[Line]]) -> Array:
        years = self.values.calendar.years
        rows = [cash_by_year_musd(lines, self.values.calendar) for lines in by_month]
        return np.array(rows).reshape(len(rows), len(years))

    @cached_property
    def money_musd(self) -> list[Array]:
        """What a MW takes of money: the capex above, and beside it, where cash has floors, the cash it takes (readings.py)."""
        if not self.values.floor_years:
            return self.capex_musd
        return [np.hstack([capex, -self._cash_musd(by_month)]) for capex, by_month in zip(self.capex_musd, self.lines, strict=True)]

    def value_musd(self, decided_mw: Sequence[Array]) -> float:
        """Value of these decisions, apart from what their MW are used for, USD million."""
        return math.fsum(float(musd @ mw) for musd, mw in zip(self.musd, decided_mw, strict=True))

    def gross_musd(self, decided_mw: Sequence[Array]) -> float:
        """Sum of the sizes of their discounted amounts, USD million."""
        amounts = (
            float(mw[c]) * float(np.sum(np.abs(line.discounted_usd)))
            for by_month, mw in zip(self.lines, decided_mw, strict=True)
            for c in np.flatnonzero(mw).tolist()
            for line in by_month[c]
        )
        return math.fsum(amounts) / USD_PER_MUSD

    def excess(self, decided_mw: Sequence[Array]) -> Iterator[tuple[float, str]]:
        """How far each choice exceeds its size, MW, and its name."""
        for name, offered, mw in zip(self.names, self.offered, decided_mw, strict=True):
            yield max(math.fsum(mw.tolist()) - offered, float(np.max(-mw, initial=0.0))), f"{self.word} {name}"
