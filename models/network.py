"""The economics of mining as analysts publish them, month by month: revenue per EH/s, gross profit, coins, costs.

[N1] revenue in USD per EH/s and day = 1,000 x hashprice.
[N2] power in USD per EH/s and day = 24 x J/TH x USD/MWh: one EH/s at e J/TH draws e MW.
     Gross profit = revenue - power. Revenue and gross profit together therefore identify the product J/TH x USD/MWh, which is
     (revenue - gross profit) / 24, and neither of its factors.
[N3] coins per EH/s and day = 1,000 x hashprice in BTC; production = average operating EH/s x days x these coins.
[N4] power per coin in USD = 24 x J/TH x USD/MWh / coins per EH/s and day; MWh per coin = 24 x J/TH / the same coins.
[N5] block-reward opportunity = price x new coins of the 48 months from a month on, with the halving inside them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .halvings import subsidy_by_month
from .market import SECONDS_PER_BLOCK, SECONDS_PER_DAY, BlockAnchor, MarketPath
from .mining import revenue_usd_per_mwh
from .months import Array, Calendar, Month

PH_PER_EH = 1_000.0
HOURS_PER_DAY = 24.0
BLOCKS_PER_DAY = SECONDS_PER_DAY / SECONDS_PER_BLOCK
OPPORTUNITY_MONTHS = 48


@dataclass(frozen=True, eq=False)
class NetworkMonths:
    """The market of hashing in each month of a calendar; arrays of shape (length,), NaN where it is not known.

    hashprice_*: before the pool's fee. subsidy_btc: mean new coins per block.
    stated: figures that somebody published, by field (models/network_files.py); notes: what reading them found worth saying.
    """

    calendar: Calendar
    btc_price_usd: Array
    network_eh: Array
    hashprice_usd_per_ph_day: Array
    hashprice_btc_per_ph_day: Array
    subsidy_btc: Array
    stated: dict[str, Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    blocks: BlockAnchor = field(default_factory=BlockAnchor)
    """From which the coming halvings are counted."""

    @classmethod
    def of_market(cls, market: MarketPath, calendar: Calendar, blocks: BlockAnchor) -> NetworkMonths:
        """A scenario's path, which may give the hashprice alone."""
        unknown = np.full(calendar.length, np.nan)
        price, network, in_btc = (
            unknown if found is None else found
            for found in (market.btc_price_usd, market.network_eh, market.hashprice_btc_per_ph_day)
        )
        in_usd = market.hashprice_usd_per_ph_day
        return cls(calendar, price, network, in_usd, in_btc, market.subsidy_btc, blocks=blocks)

    def between(self, first: Month, last: Month) -> NetworkMonths:
        """The months from the first to the last, both inside the calendar."""
        span = slice(self.calendar.index(first), self.calendar.index(last) + 1)
        return replace(
            self,
            calendar=Calendar(first, int(last) - int(first) + 1),
            btc_price_usd=self.btc_price_usd[span],
            network_eh=self.network_eh[span],
            hashprice_usd_per_ph_day=self.hashprice_usd_per_ph_day[span],
            hashprice_btc_per_ph_day=self.hashprice_btc_per_ph_day[span],
            subsidy_btc=self.subsidy_btc[span],
            stated={name: values[span] for name, values in self.stated.items()},
        )

    @property
    def revenue_usd_per_eh_day(self) -> Array:
        """[N1]"""
        return PH_PER_EH * self.hashprice_usd_per_ph_day

    @property
    def coins_per_eh_day(self) -> Array:
        """[N3] BTC"""
        return PH_PER_EH * self.hashprice_btc_per_ph_day

    @property
    def mined_btc(self) -> Array:
        """New coins of the whole network in each month at a block every ten minutes, without fees."""
        mined: Array = self.subsidy_btc * BLOCKS_PER_DAY * self.calendar.days
        return mined

    def gross_profit_usd_per_eh_day(self, j_per_th: float, usd_per_mwh: float) -> Array:
        """[N2] At an efficiency and a power price."""
        return self.revenue_usd_per_eh_day - power_usd_per_eh_day(j_per_th, usd_per_mwh)

    def revenue_usd_per_mwh(self, j_per_th: float) -> Array:
        """[V1] Of machines (or sites, with their overhead) of an efficiency."""
        return revenue_usd_per_mwh(self.hashprice_usd_per_ph_day, j_per_th)

    def expected_btc(self, operating_eh: Array | float) -> Array:
        """[N3] Coins that so many EH/s, operating on the average of the month, should have found in it, fees included."""
        expected: Array = self.coins_per_eh_day * operating_eh * self.calendar.days
        return expected

    def power_usd_per_btc(self, j_per_th: float, usd_per_mwh: float) -> Array:
        """[N4] What the power of one coin costs."""
        cost: Array = power_usd_per_eh_day(j_per_th, usd_per_mwh) / self.coins_per_eh_day
        return cost

    def mwh_per_btc(self, j_per_th: float) -> Array:
        """[N4] Electricity of one coin."""
        return self.power_usd_per_btc(j_per_th, 1.0)


def power_usd_per_eh_day(j_per_th: float, usd_per_mwh: float) -> float:
    """[N2] One EH/s at e J/TH draws e MW."""
    return HOURS_PER_DAY * j_per_th * usd_per_mwh


def identified_product(revenue_usd_per_eh_day: Array, gross_profit_usd_per_eh_day: Array) -> Array:
    """[N2] The product J/TH x USD/MWh that a published revenue and gross profit imply; what each factor is they do not tell."""
    product: Array = (revenue_usd_per_eh_day - gross_profit_usd_per_eh_day) / HOURS_PER_DAY
    return product


@dataclass(frozen=True)
class Opportunity:
    """[N5] The block rewards of the four years from a month on, without fees.

    btc, btc_without_halving: new coins at a block every ten minutes, with and without the halving that falls into the years.
    usd: the coins at the price of the month; None where that is not known.
    """

    month: Month
    btc: float
    btc_without_halving: float
    usd_per_btc: float | None

    @property
    def usd(self) -> float | None:
        return None if self.usd_per_btc is None else self.btc * self.usd_per_btc

    @property
    def usd_without_halving(self) -> float | None:
        return None if self.usd_per_btc is None else self.btc_without_halving * self.usd_per_btc


def opportunity(month: Month, usd_per_btc: float | None, blocks: BlockAnchor | None = None) -> Opportunity:
    """[N5] From a month on."""
    calendar = Calendar(month, OPPORTUNITY_MONTHS)
    per_block = subsidy_by_month(calendar, blocks)
    coins = float(np.sum(per_block * calendar.days)) * BLOCKS_PER_DAY
    without = float(per_block[0] * calendar.days.sum()) * BLOCKS_PER_DAY
    return Opportunity(month, coins, without, usd_per_btc)
