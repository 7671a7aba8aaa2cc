"""Mining fleets: what they earn per MWh, and what one energised MW is worth in a month.

[V1] revenue per meter MWh = hashprice / (0.024 x J/TH x overhead), of which the pool keeps its fee.
     One PH/s for a day at e J/TH is 0.024 x e MWh at the machine.
[V2] margin of an energised meter MW = uptime x sum over hours of max(0, revenue - variable opex - price) - fixed opex.
     Uptime counts the hours the machines are able to run; in the others they neither earn nor draw.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from . import quantities as q
from .asics import ASICS, AsicModel
from .machine_sale import MachineSale
from .months import Array, Calendar, Month
from .names import Name
from .refusal import refusal
from .sources import Sourced

MWH_PER_PH_DAY_AND_J_PER_TH = 0.024
"""1 PH/s at 1 J/TH draws 1 kW; through 24 hours that is 0.024 MWh."""

TH_PER_EH = 1e6


def revenue_usd_per_mwh(hashprice_usd_per_ph_day: Array, j_per_th: float) -> Array:
    """[V1] What a MWh earns before the pool's fee, where the J/TH are counted (machine or meter): hashprice / (0.024 x J/TH)."""
    return hashprice_usd_per_ph_day / (MWH_PER_PH_DAY_AND_J_PER_TH * j_per_th)


class Fleet(Sourced):
    """Machines of one kind at one site.

    Size: either `hashrate_eh` or `mw` (meter MW = EH/s x J/TH x overhead). Efficiency: either `j_per_th` or `asic`, a
    model of the catalogue. The fleet is available from its first month (default: from the start) up to, not including, the
    month of its retirement.
    """

    name: Name
    site: Name
    hashrate_eh: Annotated[float, q.FLEET_HASHRATE] | None = None
    mw: Annotated[float, q.METER_MW] | None = None
    j_per_th: Annotated[float, q.EFFICIENCY] | None = None
    asic: str | None = None
    overhead: Annotated[float, q.OVERHEAD]
    pool_fee_fraction: Annotated[float, q.FRACTION]
    uptime_fraction: Annotated[float, q.UPTIME]
    variable_opex_usd_per_mwh: Annotated[float, q.VARIABLE_OPEX]
    fixed_opex_usd_per_mw_month: Annotated[float, q.FIXED_OPEX]
    first_month: Month | None = Field(default=None, alias="from")
    retire_month: Month | None = None
    resale_usd_per_th: Annotated[float, q.RESALE_PRICE] = 0.0
    """Received for the whole fleet, mining or not, in its retirement month, or at the end of the horizon; not for what was sold."""
    sale: MachineSale | None = None
    """Without it the machines stay until their retirement."""

    @model_validator(mode="after")
    def _sized_once(self) -> Fleet:
        if (self.hashrate_eh is None) == (self.mw is None):
            found = "neither hashrate_eh nor mw" if self.mw is None else "both hashrate_eh and mw"
            raise refusal(found, "exactly one of the two", field="mw")
        if (self.j_per_th is None) == (self.asic is None):
            found = "neither j_per_th nor asic" if self.asic is None else "both j_per_th and asic"
            raise refusal(found, "exactly one of the two", field="j_per_th")
        if self.asic is not None and self.asic not in ASICS:
            raise refusal(f'the model "{self.asic}"', f"a model of the catalogue: {', '.join(ASICS)}", "or j_per_th", field="asic")
        if self.first_month is not None and self.retire_month is not None and self.retire_month <= self.first_month:
            raise refusal(
                f"retire_month {self.retire_month} not after from {self.first_month}", "a later month", field="retire_month"
            )
        return self

    @property
    def model(self) -> AsicModel | None:
        return None if self.asic is None else ASICS[self.asic]

    @property
    def efficiency_j_per_th(self) -> float:
        """At the machine, before the site's overhead."""
        if self.j_per_th is not None:
            return self.j_per_th
        assert self.asic is not None
        return ASICS[self.asic].j_per_th

    @property
    def mw_per_eh(self) -> float:
        """Meter MW that one EH/s draws."""
        return self.efficiency_j_per_th * self.overhead

    @property
    def owned_mw(self) -> float:
        """Meter MW of the whole fleet."""
        if self.mw is not None:
            return self.mw
        assert self.hashrate_eh is not None
        return self.hashrate_eh * self.mw_per_eh

    @property
    def owned_eh(self) -> float:
        return self.owned_mw / self.mw_per_eh

    def available_mw(self, calendar: Calendar) -> Array:
        """[C2] Meter MW that can be energised in each month, shape (length,)."""
        first = 0 if self.first_month is None else calendar.index(self.first_month)
        last = calendar.length if self.retire_month is None else calendar.index(self.retire_month)
        month = np.arange(calendar.length)
        return np.where((month >= first) & (month < last), self.owned_mw, 0.0)

    def revenue_usd_per_mwh(self, hashprice_usd_per_ph_day: Array) -> Array:
        """[V1] Before the pool's fee, per meter MWh."""
        return revenue_usd_per_mwh(hashprice_usd_per_ph_day, self.mw_per_eh)

    def break_even_usd_per_mwh(self, hashprice_usd_per_ph_day: Array) -> Array:
        """The power price up to which the fleet runs: revenue after the pool's fee, less variable opex."""
        kept = self.revenue_usd_per_mwh(hashprice_usd_per_ph_day) * (1 - self.pool_fee_fraction)
        return kept - self.variable_opex_usd_per_mwh

    @property
    def th_per_mw(self) -> float:
        """TH/s of one meter MW."""
        return TH_PER_EH / self.mw_per_eh

    def resale_usd(self) -> float:
        """Value of the whole fleet when it is sold."""
        return self.owned_eh * TH_PER_EH * self.resale_usd_per_th

    def resale_month_index(self, calendar: Calendar) -> int:
        """Month at whose start the fleet is sold: its retirement, or the end of the horizon (= length); -1 if it is not.

        A fleet sold before the horizon or delivered after it is no part of the scenario's cash.
        """
        if self.first_month is not None and self.first_month > calendar.end:
            return -1
        if self.retire_month is None:
            return calendar.length
        return min(calendar.index(self.retire_month), calendar.length)
