"""The ledger's reading of a treasury: which mined coins are kept, what they are worth, and the month in which they are sold.

The second code path of models/treasury.py, along the calendar: coins kept are taken out of the month in which they are mined, and
come back in the month of the sale. Tax falls on the coins when they are mined, and at the sale on what their price has gained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.months import Array, Calendar, Month
from ..models.treasury import Treasury


@dataclass(frozen=True, eq=False)
class Coins:
    """held: share of each month's coins that is kept. gain: price at their sale over that month's. discount: factor of mining at
    mid-month; shape (months,) each. sold_in: position of the month of the sale. tax_rate: share of income.
    """

    held: Array
    gain: Array
    discount: Array
    sold_in: int
    tax_rate: float

    @classmethod
    def of(cls, treasury: Treasury, calendar: Calendar, price_usd: Array, discount: Array, tax_rate: float) -> Coins:
        """price_usd: of a BTC, shape (months,)."""
        last = calendar.months[-1]
        sale = last if treasury.sell_month is None else min(treasury.sell_month, last)
        at = calendar.index(Month(sale))
        held = np.array([treasury.hold_fraction if month < sale else 0.0 for month in calendar.months])
        return cls(held, price_usd[at] / price_usd, discount, at, tax_rate)

    @property
    def worth(self) -> Array:
        """After-tax worth of a dollar of coins as they are kept and sold, over that of a dollar sold at once, shape (months,)."""
        now, later, rate = self.discount, float(self.discount[self.sold_in]), self.tax_rate
        kept = self.gain * later - rate * now - rate * (self.gain - 1.0) * later
        worth: Array = ((1.0 - self.held) * (1.0 - rate) * now + self.held * kept) / ((1.0 - rate) * now)
        return worth

    def kept_usd(self, coins_usd: Array) -> Array:
        """Of coins mined in each month, those that are kept, USD at the price of that month."""
        kept: Array = self.held * coins_usd
        return kept
