"""A treasury that keeps a share of the mined coins and sells them in a later month at the price path.

Coins kept in month t are worth, in the month T in which they are sold, their number x the price of T. They are income at the price
of the month in which they are mined (IRS Notice 2014-21), sold or kept; what the price gains until T is taxed in T. Per dollar of
coins mined in t after tax, with d the discount factor of mining at mid-month, k = 1 - tax and g = price of T / price of t:

    sold at once   k d_t
    kept           -(1 - k) d_t + g d_T - (1 - k) (g - 1) d_T  =  k g d_T - (1 - k) (d_t - d_T)

`worth_of_coins` is the mean of the two by the share kept, over the first: what a dollar of mined coins counts for. It does not
depend on multipliers of the hashprice, which change the number of coins and not their price, and it decides in which hours mining
pays.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from . import quantities as q
from .months import Array, Calendar, Month
from .sources import Sourced


class Treasury(Sourced):
    """How many coins are kept, and until when."""

    hold_fraction: Annotated[float, q.FRACTION]
    """Of the coins mined, after the pool's fee."""
    sell_month: Month | None = None
    """They are sold at its price, in its middle; by default the horizon's last month. Coins mined from then on are sold at once."""

    def sold_at(self, calendar: Calendar) -> int:
        """Position in the calendar of the month in which the coins are sold."""
        return calendar.length - 1 if self.sell_month is None else min(calendar.index(self.sell_month), calendar.length - 1)

    def worth_of_coins(self, calendar: Calendar, price_usd: Array, discount: Array, kept_after_tax: float) -> Array:
        """After-tax worth of a dollar of coins mined in each month, of which a share is kept, over that of a dollar sold at once,
        shape (months,).
        """
        sold = self.sold_at(calendar)
        held = np.where(np.arange(calendar.length) < sold, self.hold_fraction, 0.0)
        gain, later = price_usd[sold] / price_usd, discount[sold]
        kept = kept_after_tax * gain * later - (1.0 - kept_after_tax) * (discount - later)
        return np.asarray(1.0 - held + held * kept / (kept_after_tax * discount))
