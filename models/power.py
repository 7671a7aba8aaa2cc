"""Electricity at a site: what each MWh costs, fixed blocks, and charges per kW.

A site takes its energy at the index (the zone's market price) plus an adder, or at one fixed price. A fixed block with
full resale at index is a financial contract: whoever uses the energy, it pays block MW x (index - block price), so that the
true cost of every MWh used is the index. The block therefore moves the site's cash but never its decision. Where unused energy
brings less than the index, the load decides how much is used: [V3], models/block_use.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from . import quantities as q
from .months import Array, Calendar, Month
from .names import Name
from .path import MonthlyPath
from .prices import PriceTable, Zone
from .quantities import Input
from .refusal import refusal
from .rows import AT_LEAST_ONE
from .sources import Sourced


class IndexSupply(Sourced):
    """Every MWh at the zone's market price plus an adder."""

    kind: Literal["index"]
    adder_usd_per_mwh: Annotated[float, q.PRICE_ADDER]


class FixedSupply(Sourced):
    """Every MWh at a contract price, whatever the market does."""

    kind: Literal["fixed"]
    usd_per_mwh: Annotated[MonthlyPath, q.CONTRACT_PRICE]


Supply = Annotated[IndexSupply | FixedSupply, Field(discriminator="kind")]


class FixedBlock(Sourced):
    """A take-or-pay block at a fixed price, paid for whether used or not. What is not used is sold back, by default at index."""

    name: Name
    mw: Annotated[float, q.METER_MW]
    usd_per_mwh: Annotated[float, q.CONTRACT_PRICE]
    first_month: Month = Field(alias="from")
    last_month: Month = Field(alias="to")
    resale_fraction: Annotated[float, q.FRACTION] = 1.0
    """Share of the index that energy brings which is not used; 0: it may not be resold."""
    resale_fee_usd_per_mwh: Annotated[float, q.RESALE_FEE] = 0.0
    """What reselling costs."""

    @property
    def is_resold_in_full(self) -> bool:
        """Whether a MWh is worth the index, used or not."""
        return self.resale_fraction == 1.0 and self.resale_fee_usd_per_mwh == 0.0

    def resale_usd_per_mwh(self, index_usd_per_mwh: Array) -> Array:
        """What a MWh brings that is not used, any shape; energy that would bring less than nothing is not taken."""
        if self.is_resold_in_full:
            return index_usd_per_mwh
        return np.maximum(self.resale_fraction * index_usd_per_mwh - self.resale_fee_usd_per_mwh, 0.0)

    @model_validator(mode="after")
    def _in_order(self) -> FixedBlock:
        if self.last_month < self.first_month:
            raise refusal(f"to {self.last_month} before from {self.first_month}", "to on or after from", field="to")
        return self

    def mw_in(self, calendar: Calendar) -> Array:
        """The block's MW in each month, shape (length,)."""
        first, last = calendar.index(self.first_month), calendar.index(self.last_month)
        month = np.arange(calendar.length)
        return np.where((month >= first) & (month <= last), self.mw, 0.0)


class DemandCharge(Sourced):
    """A charge per kW and month: transmission (ERCOT 4CP), coincident peak, capacity.

    Mining that is switched off in the peak hours avoids a share of it; a firm lease pays all of it (FORMULATION [V5]).
    """

    usd_per_kw_month: Annotated[MonthlyPath, q.DEMAND_CHARGE]
    avoided_by_mining_fraction: Annotated[float, q.FRACTION]


class Power(Input):
    """The power market: pricing zones, and a multiplier on every market price."""

    zones: Annotated[tuple[Zone, ...], AT_LEAST_ONE]
    multiplier: Annotated[float, q.MULTIPLIER] = 1.0


def index_margin_usd_per_mw(market: PriceTable, multiplier: float, break_even_usd_per_mwh: Array) -> Array:
    """Sum over a month's hours of max(0, break-even - multiplier x market price), USD per MW; shape (any, months)."""
    if multiplier == 0.0:
        return np.maximum(break_even_usd_per_mwh, 0.0) * market.month_hours
    return multiplier * market.margin_usd_per_mw(break_even_usd_per_mwh / multiplier)


@dataclass(frozen=True)
class SitePower:
    """What energy costs at a site: loss factor x (multiplier x market price + adder, or a fixed price a month) + delivery.

    market: the zone's price table. fixed_usd_per_mwh: shape (months,), or None where the site buys at index.
    loss_factor: MWh bought for each MWh at the meter. delivery_usd_per_mwh: shape (months,), or 0.
    """

    market: PriceTable
    market_multiplier: float
    adder_usd_per_mwh: float
    fixed_usd_per_mwh: Array | None
    loss_factor: float = 1.0
    delivery_usd_per_mwh: Array | float = 0.0

    @classmethod
    def of(cls, supply: IndexSupply | FixedSupply, market: PriceTable, multiplier: float, calendar: Calendar) -> SitePower:
        if isinstance(supply, FixedSupply):
            return cls(market, multiplier, 0.0, supply.usd_per_mwh.values(calendar))
        return cls(market, multiplier, supply.adder_usd_per_mwh, None)

    def delivered(self, loss_factor: float, delivery_usd_per_mwh: Array) -> SitePower:
        """The same with losses and delivery."""
        return replace(self, loss_factor=loss_factor, delivery_usd_per_mwh=delivery_usd_per_mwh)

    @property
    def month_hours(self) -> Array:
        return self.market.month_hours

    def interruptible_margin_usd_per_mw(self, break_even_usd_per_mwh: Array) -> Array:
        """[V2] Sum over a month's hours of max(0, break-even - price), USD per MW, at a site without losses and delivery.

        break_even_usd_per_mwh: shape (any, months), what a running MWh earns before power; same shape back.
        """
        if self.fixed_usd_per_mwh is not None:
            return np.maximum(break_even_usd_per_mwh - self.fixed_usd_per_mwh, 0.0) * self.month_hours
        return index_margin_usd_per_mw(self.market, self.market_multiplier, break_even_usd_per_mwh - self.adder_usd_per_mwh)

    def delivered_usd_per_mwh(self) -> Array:
        """What a MWh at the meter costs at every price point, losses and delivery included, shape (months, points)."""
        bought: Array = self.market_multiplier * self.market.usd_per_mwh + self.adder_usd_per_mwh
        if self.fixed_usd_per_mwh is not None:
            bought = np.repeat(self.fixed_usd_per_mwh[:, np.newaxis], bought.shape[1], axis=1)
        delivery = np.broadcast_to(self.delivery_usd_per_mwh, self.month_hours.shape)
        found: Array = self.loss_factor * bought + delivery[:, np.newaxis]
        return found

    def firm_usd_per_mw(self) -> Array:
        """Cost of one MW through every hour of each month, USD, shape (months,)."""
        if self.fixed_usd_per_mwh is not None:
            bought = self.fixed_usd_per_mwh * self.month_hours
        else:
            bought = self.market_multiplier * self.market.month_usd_per_mw + self.adder_usd_per_mwh * self.month_hours
        return self.loss_factor * bought + self.delivery_usd_per_mwh * self.month_hours

    def firm_market_usd_per_mw(self) -> Array:
        """The part of that cost that moves with the power multiplier, USD, shape (months,)."""
        if self.fixed_usd_per_mwh is not None:
            return np.zeros_like(self.month_hours)
        return self.loss_factor * self.market_multiplier * self.market.month_usd_per_mw

    def block_usd(self, block: FixedBlock, calendar: Calendar) -> Array:
        """Settlement of a fixed block of which nothing is used, USD a month: MW x sum over hours of (resale - block price)."""
        resale_usd_per_mw = self.market_multiplier * self.market.month_usd_per_mw
        if not block.is_resold_in_full:
            index = self.market_multiplier * self.market.usd_per_mwh
            resale_usd_per_mw = np.sum(block.resale_usd_per_mwh(index) * self.market.hours, axis=1)
        return block.mw_in(calendar) * (resale_usd_per_mw - block.usd_per_mwh * self.month_hours)
