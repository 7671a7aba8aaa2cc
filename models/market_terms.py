"""What a reader of the market table states about machines and power, since the market does not say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .months import Array
from .network import NetworkMonths
from .quantities import Input
from .refusal import refusal
from .rows import AT_LEAST_ONE

Efficiency = Annotated[float, q.EFFICIENCY]


class MarketTerms(Input):
    """Efficiency tiers, and the fleet and power price that gross profit is counted at.

    tiers_j_per_th: at the machine. overhead, pool_fee_fraction, opex_usd_per_mwh: of the break-even alone; gross profit as analysts
    publish it is revenue less power.
    """

    tiers_j_per_th: Annotated[tuple[Efficiency, ...], AT_LEAST_ONE] = (15.0, 20.0, 25.0, 30.0)
    """Where the revenue and the break-even are printed; no statement about who runs such machines."""
    j_per_th: Efficiency | None = None
    usd_per_mwh: Annotated[float, q.MARKET_PRICE] | None = None
    overhead: Annotated[float, q.OVERHEAD] = 1.0
    pool_fee_fraction: Annotated[float, q.FRACTION] = 0.0
    opex_usd_per_mwh: Annotated[float, q.VARIABLE_OPEX] = 0.0

    @model_validator(mode="after")
    def _both_or_neither(self) -> MarketTerms:
        if (self.j_per_th is None) != (self.usd_per_mwh is None):
            given, other = ("usd_per_mwh", "j_per_th") if self.j_per_th is None else ("j_per_th", "usd_per_mwh")
            hint = "gross profit hangs on the product of the two alone"
            raise refusal(f"{given} without {other}", "both or neither", hint, field=given)
        return self

    @property
    def break_even_is_revenue(self) -> bool:
        return self.pool_fee_fraction == 0 and self.opex_usd_per_mwh == 0

    def break_even_usd_per_mwh(self, network: NetworkMonths, j_per_th: float) -> Array:
        """The power price up to which machines run: revenue after the pool's fee, less other operating cost, at the meter."""
        kept: Array = network.revenue_usd_per_mwh(j_per_th * self.overhead) * (1 - self.pool_fee_fraction)
        return kept - self.opex_usd_per_mwh


@dataclass(frozen=True)
class Fleet:
    """The fleet that gross profit is counted at, month by month; arrays of shape (length,)."""

    product: float
    """J/TH x USD/MWh: all that gross profit knows of the two."""
    gross_profit_usd_per_eh_day: Array
    margin_fraction: Array
    mwh_per_btc: Array
    power_usd_per_btc: Array
    cash_usd_per_btc: Array
    """Power and other operating cost of a coin, at the meter and after the pool's fee."""

    @classmethod
    def of(cls, network: NetworkMonths, terms: MarketTerms) -> Fleet | None:
        """None where the terms state no fleet."""
        if terms.j_per_th is None or terms.usd_per_mwh is None:
            return None
        gross = network.gross_profit_usd_per_eh_day(terms.j_per_th, terms.usd_per_mwh)
        at_meter = terms.j_per_th * terms.overhead
        cash = network.power_usd_per_btc(at_meter, terms.usd_per_mwh + terms.opex_usd_per_mwh) / (1 - terms.pool_fee_fraction)
        return cls(
            product=terms.j_per_th * terms.usd_per_mwh,
            gross_profit_usd_per_eh_day=gross,
            margin_fraction=np.asarray(gross / network.revenue_usd_per_eh_day),
            mwh_per_btc=network.mwh_per_btc(terms.j_per_th),
            power_usd_per_btc=network.power_usd_per_btc(terms.j_per_th, terms.usd_per_mwh),
            cash_usd_per_btc=cash,
        )
