"""[V2] Hours of a month by what a MWh costs net of an ancillary service that is sold in the same hour.

With price p, losses, multiplier m and the service's price a of an hour, a MW runs where

    earned - own price + m (a - loss factor x p) > 0        the market part is 0 at a fixed-price supply
    (earned - own price) / m > net,   net = loss factor x p - a

so the hours sorted by their net price, with prefix sums, give the margin by one binary search, whatever m. Hours that are off are
so by their rank among market prices; they are left out before the others are sorted by net price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .months import Array
from .prices import PriceTable

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


def of_one_price(usd_per_mwh: Array, until: Array, since: Array) -> tuple[Array, Array]:
    """Where the hours of each price point's price begin and end in their month, in order of price; shape (months, points) each.

    usd_per_mwh rises in every row; until, since: where the hours of each point end and begin.
    """
    rises = np.diff(usd_per_mwh, axis=1) > 0
    edge = np.ones((len(usd_per_mwh), 1), dtype=bool)
    first = np.where(np.hstack([edge, rises]), since, -np.inf)
    last = np.where(np.hstack([rises, edge]), until, np.inf)
    return np.maximum.accumulate(first, axis=1), np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]


@dataclass(frozen=True)
class NetWindow:
    """The hours of each month in which mining may run, by net price."""

    table: PriceTable

    @classmethod
    def of(cls, net_usd_per_mwh: Array, hours: Array) -> NetWindow:
        """Net price at each point, before the power multiplier, and its hours that are not off, shape (months, points)."""
        return cls(PriceTable.of(net_usd_per_mwh, hours))

    def below(self, price: Array) -> tuple[Array, Array]:
        """Hours whose net price is below one price a month, and what a MW pays for them net; shape (months,) each."""
        hours, usd = self.table.running(price[np.newaxis, :])
        return hours[0], usd[0]

    def whole(self, running: BoolArray) -> tuple[Array, Array]:
        """All hours in the months marked, and what a MW pays for them net."""
        return np.where(running, self.table.month_hours, 0.0), np.where(running, self.table.month_usd_per_mw, 0.0)
