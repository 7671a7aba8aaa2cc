"""The price of hashing: Bitcoin's subsidy schedule, difficulty and the hashprice that follows from them.

[M1] hashprice in BTC/PH/day = 10^15 x 86400 / (difficulty x 2^32) x (subsidy + fees per block); x BTC price = USD/PH/day.
     A network of H hashes per second has, in steady state, difficulty H x 600 / 2^32, so that
     hashprice = (subsidy + fees) x 144 / (network in PH/s).
[M2] subsidy = 50 / 2^(height div 210000) BTC; the month of a halving is prorated by time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from . import quantities as q
from .months import Array, Calendar, Day
from .path import MonthlyPath
from .quantities import Input
from .refusal import refusal
from .sources import Sourced

HALVING_BLOCKS = 210_000
FIRST_SUBSIDY_BTC = 50.0
SECONDS_PER_DAY = 86_400
SECONDS_PER_BLOCK = 600
HASHES_PER_DIFFICULTY = 2**32


def subsidy_btc(height: int) -> float:
    """[M2] New coins in the block at a height, BTC."""
    return FIRST_SUBSIDY_BTC / 2.0 ** (height // HALVING_BLOCKS)


def difficulty_of_network(network_eh: Array | float) -> Array | float:
    """The difficulty at which a network of that many EH/s finds a block every ten minutes on average."""
    return network_eh * (1e18 * SECONDS_PER_BLOCK / HASHES_PER_DIFFICULTY)


def network_of_difficulty(difficulty: Array | float) -> Array | float:
    """The EH/s that find a block every ten minutes on average at a difficulty."""
    return difficulty / (1e18 * SECONDS_PER_BLOCK / HASHES_PER_DIFFICULTY)


def hashprice_btc_per_ph_day(difficulty: Array | float, subsidy: Array | float, fees_btc_per_block: Array | float) -> Array | float:
    """[M1] Coins that one PH/s earns in a day, before the pool's fee."""
    blocks_per_ph_day = 1e15 * SECONDS_PER_DAY / (difficulty * float(HASHES_PER_DIFFICULTY))
    return blocks_per_ph_day * (subsidy + fees_btc_per_block)


class BlockAnchor(Input):
    """A known block, from which the dates of the coming halvings are counted at a steady rate."""

    height: Annotated[int, q.BLOCK_HEIGHT] = 840_000
    day: Day = date(2024, 4, 20)
    """The halving at block 840,000 was mined on 20 April 2024 at 00:09 UTC."""
    blocks_per_day: Annotated[float, q.BLOCKS_PER_DAY] = 144.0

    def time_of(self, height: int) -> datetime:
        """The expected time of a block, UTC."""
        start = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        return start + timedelta(days=(height - self.height) / self.blocks_per_day)

    def subsidy_by_month(self, calendar: Calendar) -> Array:
        """[M2] Mean new coins per block in each month (UTC), BTC; a halving inside a month is prorated by time."""
        days = (calendar.start.first_day - self.day).days + np.concatenate([[0.0], np.cumsum(calendar.days)])
        height = self.height + days * self.blocks_per_day
        era = np.floor(height / HALVING_BLOCKS)
        before, after = era[:-1], era[1:]
        share_after = np.where(after > before, (height[1:] - after * HALVING_BLOCKS) / np.diff(height), 0.0)
        coins: Array = FIRST_SUBSIDY_BTC * ((1 - share_after) * 0.5**before + share_after * 0.5**after)
        return coins


@dataclass(frozen=True)
class MarketPath:
    """What the market pays in each month of a calendar; arrays of shape (length,).

    hashprice_usd_per_ph_day: before the pool's fee, after the scenario's multiplier.
    hashprice_btc_per_ph_day, btc_price_usd: None where the scenario gives the hashprice in USD alone.
    subsidy_btc: mean new coins per block.
    """

    hashprice_usd_per_ph_day: Array
    hashprice_btc_per_ph_day: Array | None
    btc_price_usd: Array | None
    network_eh: Array | None
    subsidy_btc: Array


class NetworkHashprice(Sourced):
    """Hashprice from BTC price, network hashrate or difficulty, fees and the subsidy schedule [M1, M2]."""

    kind: Literal["network"]
    btc_price_usd: Annotated[MonthlyPath, q.BITCOIN_PRICE]
    network_eh: Annotated[MonthlyPath, q.NETWORK_HASHRATE] | None = None
    difficulty: Annotated[MonthlyPath, q.DIFFICULTY] | None = None
    fees_btc_per_block: Annotated[MonthlyPath, q.FEES_PER_BLOCK] | None = None
    fees_fraction_of_subsidy: Annotated[MonthlyPath, q.FEES_FRACTION] | None = None
    blocks: BlockAnchor = BlockAnchor()
    multiplier: Annotated[float, q.MULTIPLIER] = 1.0

    @model_validator(mode="after")
    def _one_of_each(self) -> NetworkHashprice:
        if (self.network_eh is None) == (self.difficulty is None):
            raise refusal(
                "both network_eh and difficulty" if self.network_eh else "neither network_eh nor difficulty",
                "exactly one of the two",
                field="network_eh",
            )
        if (self.fees_btc_per_block is None) == (self.fees_fraction_of_subsidy is None):
            raise refusal(
                "both forms of fees" if self.fees_btc_per_block else "no fees",
                "exactly one of fees_btc_per_block and fees_fraction_of_subsidy",
                "late 2025: fees_fraction_of_subsidy: {flat: 0.006}",
                field="fees_btc_per_block",
            )
        return self

    def paths(self) -> dict[str, MonthlyPath]:
        """The paths that must cover the horizon, by field."""
        fields = ("btc_price_usd", "network_eh", "difficulty", "fees_btc_per_block", "fees_fraction_of_subsidy")
        return {field: getattr(self, field) for field in fields if getattr(self, field) is not None}

    def market(self, calendar: Calendar) -> MarketPath:
        subsidy = self.blocks.subsidy_by_month(calendar)
        price = self.btc_price_usd.values(calendar)
        if self.difficulty is not None:
            difficulty = self.difficulty.values(calendar)
            network = np.asarray(network_of_difficulty(difficulty))
        else:
            assert self.network_eh is not None
            network = self.network_eh.values(calendar)
            difficulty = np.asarray(difficulty_of_network(network))
        if self.fees_btc_per_block is not None:
            fees = self.fees_btc_per_block.values(calendar)
        else:
            assert self.fees_fraction_of_subsidy is not None
            fees = self.fees_fraction_of_subsidy.values(calendar) * subsidy
        in_btc = np.asarray(hashprice_btc_per_ph_day(difficulty, subsidy, fees)) * self.multiplier
        return MarketPath(in_btc * price, in_btc, price, network, subsidy)


class GivenHashprice(Sourced):
    """A hashprice path in USD/PH/day, such as a forward curve; halvings are whatever the path says."""

    kind: Literal["given"]
    usd_per_ph_day: Annotated[MonthlyPath, q.HASHPRICE]
    btc_price_usd: Annotated[MonthlyPath, q.BITCOIN_PRICE] | None = None
    blocks: BlockAnchor = BlockAnchor()
    multiplier: Annotated[float, q.MULTIPLIER] = 1.0

    def paths(self) -> dict[str, MonthlyPath]:
        """The paths that must cover the horizon, by field."""
        found = {"usd_per_ph_day": self.usd_per_ph_day}
        return found if self.btc_price_usd is None else {**found, "btc_price_usd": self.btc_price_usd}

    def market(self, calendar: Calendar) -> MarketPath:
        in_usd = self.usd_per_ph_day.values(calendar) * self.multiplier
        price = None if self.btc_price_usd is None else self.btc_price_usd.values(calendar)
        in_btc = None if price is None else in_usd / price
        subsidy = self.blocks.subsidy_by_month(calendar)
        return MarketPath(in_usd, in_btc, price, None, subsidy)


class Market(Input):
    """The market for hashing."""

    hashprice: Annotated[NetworkHashprice | GivenHashprice, Field(discriminator="kind")]

    def first_hashprice(self, calendar: Calendar) -> float:
        """Of the first month at a multiplier of 1, USD/PH/day."""
        plain = self.hashprice.model_copy(update={"multiplier": 1.0})
        return float(plain.market(calendar).hashprice_usd_per_ph_day[0])
