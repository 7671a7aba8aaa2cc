"""The ledger's reading of decisions about machines: a MW bought, from its payment to its resale, and a MW that is sold.

The second code path of models/machine_values.py: it walks through the months of the machines' use one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.finance import Finance
from ..models.machines import MachineOffer
from ..models.mining import Fleet
from ..models.months import Array, Calendar, Month
from .deductions import share_deducted, share_left


@dataclass(frozen=True)
class MachinesOfMw:
    """Meter MW of machines of one offer, delivered in one month; USD per MW.

    paid_in, delivered_in, ends_in: positions in the calendar; the last one is the first month without them (or the horizon's end).
    written_off: depreciation in each month, shape (months,). book_value: what is left of the price at the end.
    """

    paid_in: int
    delivered_in: int
    ends_in: int
    price: float
    resale: float
    written_off: Array
    book_value: float

    @classmethod
    def of(cls, offer: MachineOffer, delivered: Month, calendar: Calendar, finance: Finance) -> MachinesOfMw:
        first = calendar.index(delivered)
        ends = min(first + offer.life_months, calendar.length)
        th = 1e6 / (offer.efficiency_j_per_th * offer.overhead)
        price = float(offer.usd_per_th.values(calendar)[first]) * th
        written_off, left = np.zeros(calendar.length), price
        if finance.tax is not None:
            schedule, use = finance.tax.machines, np.arange(ends - first)
            written_off[first:ends] = price * share_deducted(schedule, delivered, use)
            left = price * share_left(schedule, delivered, ends - first)
        return cls(first - offer.paid_months_before_delivery, first, ends, price, offer.resale_usd_per_th * th, written_off, left)

    def there(self, months: int) -> Array:
        """[C2] 1 in the months in which the machines are there, shape (months,)."""
        there = np.zeros(months)
        there[self.delivered_in : self.ends_in] = 1.0
        return there


def used_price(fleet: Fleet, month: Month, calendar: Calendar, hashprice: Array, first_hashprice: float) -> float:
    """What a MW of a fleet's machines brings if it is sold as a month begins, USD.

    hashprice: of every month, at the multipliers in force; first_hashprice: of the first month at a multiplier of 1.
    """
    assert fleet.sale is not None
    t = calendar.index(month)
    moving = fleet.sale.follows_hashprice_fraction * (float(hashprice[t]) / first_hashprice - 1.0)
    th = 1e6 / (fleet.efficiency_j_per_th * fleet.overhead)
    return th * float(fleet.sale.usd_per_th.values(calendar)[t]) * (1.0 + moving)
