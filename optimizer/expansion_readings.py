"""What the certificate knows of expansions, read anew from the scenario through the ledger.

A MW that is energised from a month on is worth its own cash, less the money it uses, plus the prices of power and of suitable MW
from then on, which it adds to the site. For any prices no plan gains more from an expansion than its size times the best that may
be done with it, or nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np

from ..models.months import Array
from ..models.values import Values
from .dated_readings import DatedReadings
from .ledger import Ledger
from .ledger_lines import Line

WorthOfMw = Callable[[int], Array]
"""What MW of an expansion are worth by the prices of the limits that they ease, by month, USD million per MW."""


class ExpansionReadings(DatedReadings):
    """Values, MW and limits of every expansion that counts; arrays by expansion, in the order of values.expansions."""

    word = "expansion"
    spent_on = "expansion_capex"

    def __init__(self, values: Values, ledger: Ledger) -> None:
        super().__init__(values, ledger)
        self.ones = values.expansions
        self.sites = [one.site for one in self.ones]
        self.suitable_shares = [one.expansion.hpc_suitable_fraction for one in self.ones]

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.ones]

    @cached_property
    def offered(self) -> list[float]:
        """Meter MW that count of each expansion."""
        counted = [self.values.scenario.site(one.site).mw_counted for one in self.ones]
        share = [
            one.expansion.probability if how == "expected" else float(how == "all" or one.expansion.probability == 1.0)
            for how, one in zip(counted, self.ones, strict=True)
        ]
        return [part * one.expansion.mw for part, one in zip(share, self.ones, strict=True)]

    @cached_property
    def there(self) -> list[Array]:
        """[C1] 1 in the months in which a MW is there, shape (months of decision, months)."""
        calendar = self.values.calendar
        return [np.array([[float(month >= first) for month in calendar.months] for first in one.months]) for one in self.ones]

    @cached_property
    def lines(self) -> list[list[list[Line]]]:
        """Of each expansion and month in which its MW are energised."""
        return [[self.ledger.expansion(one.site, one.expansion, month) for month in one.months] for one in self.ones]

    def added_mw(self, site: str, expansion_mw: Sequence[Array], suitable: bool = False) -> Array:
        """[C1] MW that decisions add at a site in each month ([C5] suitable: those that can host leases), shape (months,)."""
        found = np.zeros(self.values.calendar.length)
        for number, mw in enumerate(expansion_mw):
            if self.sites[number] == site:
                found = found + (self.suitable_shares[number] if suitable else 1.0) * (mw @ self.there[number])
        return found

    def most_mw(self, site: str, suitable: bool = False) -> Array:
        """The same of every expansion in full at its first month."""
        first = [np.eye(1, len(one.months))[0] * size for one, size in zip(self.ones, self.offered, strict=True)]
        return self.added_mw(site, first, suitable)

    def gains(self, worth: WorthOfMw, price: Array) -> list[Array]:
        """What a MW gains in each month of decision, USD million; price: of a dollar, as money_musd counts them."""
        return [
            musd + there @ worth(number) - money @ price
            for number, (musd, there, money) in enumerate(zip(self.musd, self.there, self.money_musd, strict=True))
        ]

    def most_musd(self, worth: WorthOfMw, price: Array) -> Iterator[float]:
        """Most that each expansion can add to a plan at these prices, USD million."""
        for size, gain in zip(self.offered, self.gains(worth, price), strict=True):
            yield size * float(np.max(gain, initial=0.0))

    def unused_musd(self, worth: WorthOfMw, price: Array, expansion_mw: Sequence[Array]) -> Iterator[float]:
        """Complementary slackness: what each expansion could add, less what it does, USD million."""
        for best, gain, mw in zip(self.most_musd(worth, price), self.gains(worth, price), expansion_mw, strict=True):
            yield best - math.fsum((gain * mw).tolist())

    def size_musd(self, largest: float) -> float:
        """Size of the terms above, for the bound of their rounding errors, USD million; largest: the largest price."""
        months, size = self.values.calendar.length, 0.0
        for offered, musd, capex in zip(self.offered, self.musd, self.capex_musd, strict=True):
            own = float(np.max(np.abs(musd), initial=0.0)) + largest * float(np.max(capex.sum(axis=1), initial=0.0))
            size += offered * (own + 3 * largest * months) * months
        return size

    def cash_size_musd(self) -> float:
        """Size of the cash that expansions move, USD million."""
        sizes = (float(np.max(np.sum(np.abs(money), axis=1), initial=0.0)) for money in self.money_musd)
        return math.fsum(offered * size for offered, size in zip(self.offered, sizes, strict=True))
