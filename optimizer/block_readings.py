"""[V3] What the use of blocks adds to the safe bound, hour by hour from the ledger's readings.

With a price p >= 0 of a MW of load in each band, no use of the blocks and no machines running on them add more than

    sum over hours:  sum_j MW[j] max(0, gain[j] - p)  +  per MW of load that runs anyway  (1 + losses) p
                     +  per MW of machines that stand still  max(0, (1 + losses) p - what running loses)

The bands are a mere division of the hours: for any division and any prices this holds, so nothing depends on their being right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..models.block_use import NO_BAND, BlockUse
from ..models.months import Array
from ..models.values import USD_PER_MUSD
from .ledger import Ledger

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class BlockReading:
    """One site, in USD million today, each of shape (months, states of the hours): hours by state; gain per MW of a block that is
    used through them, lost per meter MW that runs through them, of each runner (models/runners.py), infinite where it is off.
    """

    use: BlockUse
    hours: Array
    gain: list[Array]
    block_mw: list[Array]
    lost: list[Array]

    @classmethod
    def of(cls, use: BlockUse, ledger: Ledger) -> BlockReading:
        found = ledger.hours.block_hours(use.site)
        mining, contract = ledger.worth_of_a_dollar("mining"), ledger.worth_of_a_dollar("power_contract")
        per_hour = found.hours / USD_PER_MUSD
        gain = [row * per_hour * contract[:, np.newaxis] for row in found.gain]
        lost = [
            np.where(on, np.where(on, row, 0.0) * per_hour * mining[:, np.newaxis], np.inf)
            for row, on in zip(found.lost, found.on, strict=True)
        ]
        assert len(lost) == len(use.fleets) and found.hours.shape == use.band_of_state.shape
        return cls(use, found.hours, gain, found.block_mw, lost)

    @cached_property
    def _edges(self) -> tuple[Array, Array]:
        """What a MW of load may be worth at the margin, nothing included: by state, shape (edges, states inside), and added up by
        band in rising order, shape (edges, bands), with the states in the same order. No MW is worth more than all blocks gain.
        """
        inside, bands = self._inside, len(self.use.months)
        gains = [np.where(mw[:, np.newaxis] > 0, gain, 0.0) for gain, mw in zip(self.gain, self.block_mw, strict=True)]
        most = np.sum([np.zeros_like(self.hours), *gains], axis=0)
        losses = [np.clip(lost / self.use.loss_factor, 0.0, most) for lost in self.lost]
        points = np.array([row[inside] for row in (np.zeros_like(self.hours), *gains, *losses)])
        band = self.use.band_of_state[inside]
        sums = np.array([np.bincount(band, weights=row, minlength=bands) for row in points])
        order = np.argsort(sums, axis=0, kind="stable")
        return np.take_along_axis(points, order[:, band], axis=0), np.take_along_axis(sums, order, axis=0)

    @cached_property
    def _inside(self) -> BoolArray:
        return np.asarray(self.use.band_of_state != NO_BAND)

    def price_of_state(self, price: Array) -> Array:
        """Of a MW of load through each state's hours, USD million; price: of a MW through each band, shape (bands,).

        A band's price lies between two of the values that a MW may have at the margin; each of its hours has the price that lies
        as far between its own two. So what decides in the band decides in every hour.
        """
        points, sums = self._edges
        band, count = self.use.band_of_state[self._inside], np.arange(len(price))
        low = np.clip(np.sum(sums <= price, axis=0) - 1, 0, len(sums) - 1)
        high = np.minimum(low + 1, len(sums) - 1)
        span = sums[high, count] - sums[low, count]
        share = np.where(span > 0, (price - sums[low, count]) / np.where(span > 0, span, 1.0), 0.0)
        at = np.arange(len(band))
        below, above = points[low[band], at], points[high[band], at]
        found = np.zeros_like(self.hours)
        found[self._inside] = below + share[band] * (above - below)
        return found

    def load_musd(self, price: Array) -> Array:
        """What a meter MW of firm load earns by using blocks, USD million, shape (months,)."""
        found: Array = self.use.loss_factor * self.price_of_state(price).sum(axis=1)
        return found

    def mining_musd(self, price: Array) -> Array:
        """What an energised MW of a fleet earns in each runner by using blocks, USD million, shape (runners, months)."""
        paid = self.use.loss_factor * self.price_of_state(price)
        rows = [np.where(lost < 0, paid, np.maximum(paid - lost, 0.0)).sum(axis=1) for lost in self.lost]
        found: Array = self.use.able * np.array(rows).reshape(len(rows), len(self.hours))
        return found

    def blocks_musd(self, price: Array) -> list[float]:
        """What the blocks earn beyond the price of the load, USD million, term by term."""
        paid = self.price_of_state(price)
        return [
            term
            for gain, mw in zip(self.gain, self.block_mw, strict=True)
            for term in (mw * np.maximum(gain - paid, 0.0).sum(axis=1)).tolist()
        ]

    def size_musd(self, price: Array, most_mw: Array) -> float:
        """Size of what is added up, USD million, for a bound of the rounding errors; most_mw: of load, shape (months,)."""
        terms = [float(np.sum(mw * np.abs(gain).sum(axis=1))) for gain, mw in zip(self.gain, self.block_mw, strict=True)]
        largest = float(np.max(most_mw, initial=0.0))
        return sum(terms) + float(np.sum(np.abs(price))) * largest * float(self.hours.shape[1])
