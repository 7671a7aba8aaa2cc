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
    """One site: bands by price point, and values in USD million today. Shapes: (months, points), fleets first.

    bands: how many. gain: per MW of a block in an hour that counts so many hours. lost: per meter MW of a fleet, the same.
    """

    use: BlockUse
    hours: Array
    gain: list[Array]
    block_mw: list[Array]
    lost: list[Array]

    @classmethod
    def of(cls, use: BlockUse, ledger: Ledger, fleets: list[str]) -> BlockReading:
        found = ledger.hours.block_hours(use.site)
        mining, contract = ledger.worth_of_a_dollar("mining"), ledger.worth_of_a_dollar("power_contract")
        per_hour = found.hours / USD_PER_MUSD
        gain = [row * per_hour * contract[:, np.newaxis] for row in found.gain]
        lost = [row * per_hour * mining[:, np.newaxis] for row in found.lost]
        assert len(lost) == len(use.fleets) == len(fleets)
        return cls(use, found.hours, gain, found.block_mw, lost)

    @cached_property
    def _edges(self) -> tuple[Array, Array]:
        """What a MW of load may be worth at the margin, nothing included: by point, shape (edges, inside points), and added up by
        band in rising order, shape (edges, bands), with the points in the same order.
        """
        inside, bands = self._inside, len(self.use.months)
        gains = [np.where(mw[:, np.newaxis] > 0, gain, 0.0) for gain, mw in zip(self.gain, self.block_mw, strict=True)]
        losses = [np.maximum(lost, 0.0) / self.use.loss_factor for lost in self.lost]
        points = np.array([row[inside] for row in (np.zeros_like(self.hours), *gains, *losses)])
        band = self.use.band_of_point[inside]
        sums = np.array([np.bincount(band, weights=row, minlength=bands) for row in points])
        order = np.argsort(sums, axis=0, kind="stable")
        return np.take_along_axis(points, order[:, band], axis=0), np.take_along_axis(sums, order, axis=0)

    @cached_property
    def _inside(self) -> BoolArray:
        return np.asarray(self.use.band_of_point != NO_BAND)

    def price_of_point(self, price: Array) -> Array:
        """Of a MW of load through each point's hours, USD million; price: of a MW through each band, shape (bands,).

        A band's price lies between two of the values that a MW may have at the margin; each of its hours has the price that lies
        as far between its own two. So what decides in the band decides in every hour.
        """
        points, sums = self._edges
        band, count = self.use.band_of_point[self._inside], np.arange(len(price))
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
        found: Array = self.use.loss_factor * self.price_of_point(price).sum(axis=1)
        return found

    def mining_musd(self, price: Array) -> Array:
        """What an energised MW of each fleet earns by using blocks, USD million, shape (fleets of the site, months)."""
        paid = self.use.loss_factor * self.price_of_point(price)
        rows = [np.where(lost < 0, paid, np.maximum(paid - lost, 0.0)).sum(axis=1) for lost in self.lost]
        found: Array = self.use.uptime * np.array(rows).reshape(len(rows), len(self.hours))
        return found

    def blocks_musd(self, price: Array) -> list[float]:
        """What the blocks earn beyond the price of the load, USD million, term by term."""
        paid = self.price_of_point(price)
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
