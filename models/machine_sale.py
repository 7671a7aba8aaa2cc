"""Selling machines that are owned, before their retirement: in which months, and what a TH/s of them is worth then.

    price of a TH in month t = usd_per_th[t] x (1 - f + f x hashprice[t] / hashprice of the first month)

The path says how machines age, f (follows_hashprice_fraction) which share of their price moves in proportion to the hashprice,
through time and in studies that multiply it; the hashprice of the first month is the scenario's own at a multiplier of 1. In the
hashprice multiplier the price is a straight line, so that the decision map stays exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np

from . import quantities as q
from .months import Array, Calendar, Month
from .path import MonthlyPath
from .refusal import Fault
from .sources import Sourced
from .start_window import StartWindow


class MachineSale(Sourced):
    """A market for used machines: any part of the fleet may be sold on the first day of any month of the window."""

    usd_per_th: Annotated[MonthlyPath, q.RESALE_PRICE]
    follows_hashprice_fraction: Annotated[float, q.FRACTION] = 0.0
    window: StartWindow

    def months(self, calendar: Calendar, there: Array) -> list[Month]:
        """Months of the horizon in which machines can be sold: inside the window, and there. there: MW by month."""
        window = self.window
        months = range(int(window.earliest), int(min(window.latest, calendar.end)) + 1, window.every_months)
        return [Month(month) for month in months if month >= calendar.start and there[calendar.index(Month(month))] > 0]

    def usd_per_th_parts(self, calendar: Calendar, relative_hashprice: Array) -> tuple[Array, Array]:
        """(the part that stays, the part in proportion to the hashprice) of the price, USD/TH, shape (months,) each.

        relative_hashprice: the scenario's hashprice over that of the first month at a multiplier of 1.
        """
        price = self.usd_per_th.values(calendar)
        follows = self.follows_hashprice_fraction
        return (1.0 - follows) * price, follows * price * relative_hashprice

    def faults(self, calendar: Calendar, fleet: Any) -> Iterator[Fault]:
        """What of it does not fit to the fleet and the horizon."""
        if gap := self.usd_per_th.gap(calendar):
            yield Fault(("usd_per_th",), gap, "a path over the whole horizon")
        if not self.months(calendar, np.asarray(fleet.available_mw(calendar))):
            window = self.window
            allowed = f"months from {calendar.start} to {calendar.end} in which the fleet is there"
            yield Fault(("window",), f"no month of sale from {window.earliest} to {window.latest}", allowed)
