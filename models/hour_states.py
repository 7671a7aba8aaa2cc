"""[V3] The hours of each month divided by which parts of the mining have to be off in them.

Where what runs in an hour depends on all MW of a site together, it matters which parts are off at the same time. Hours that are off
among the dearest (or cheapest) ones fall on each other: of two agreements the smaller one lies inside the larger. Hours off by
chance fall on the others in proportion, and independently of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np

from .mining_parts import MiningPart, Off
from .months import Array
from .net_prices import of_one_price
from .prices import PriceTable

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
IntArray = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True)
class HourStates:
    """point: position of the price point that a state's hours are of, shape (states,). hours: shape (months, states); those of a
    month's price point add up to its own. on: parts that need not be off, shape (parts, months, states).
    """

    point: IntArray
    hours: Array
    on: BoolArray

    @classmethod
    def of(cls, parts: Sequence[MiningPart], obliged: Sequence[Off], table: PriceTable) -> HourStates:
        """obliged: hours in which every part is off."""
        points = np.arange(table.hours.shape[1])
        if not obliged and not any(part.called for part in parts):
            return cls(points, table.hours, np.ones((len(parts), *table.hours.shape), dtype=bool))
        hours, on = [], []
        for by_rank, left in _by_rank(parts, obliged, table):
            for share, spared in _by_chance(parts, obliged, table):
                found = share[:, np.newaxis] * by_rank
                if np.any(found > 0):
                    hours.append(found)
                    on.append(np.broadcast_to((left & spared[:, np.newaxis])[:, :, np.newaxis], (len(parts), *table.hours.shape)))
        return cls(np.tile(points, len(hours)), np.concatenate(hours, axis=1), np.concatenate(on, axis=2))


def _by_rank(parts: Sequence[MiningPart], obliged: Sequence[Off], table: PriceTable) -> Iterator[tuple[Array, BoolArray]]:
    """Hours of each price point between two ranks of the month's market prices, shape (months, points), and which parts are not
    off there, shape (parts, months). Points of one price have the same share of their hours.
    """
    whole, none = table.month_hours, np.zeros_like(table.month_hours)
    first, last = [], []
    for part in parts:
        off = [*obliged, *part.called]
        cheap, dear = (np.max([none, *(hours for kind, hours in off if kind == at)], axis=0) for at in ("cheapest", "dearest"))
        first.append(np.minimum(cheap, whole))
        last.append(np.maximum(whole - dear, first[-1]))
    since, until = of_one_price(table.usd_per_mwh, table.hours_up_to[:, 1:], table.hours_up_to[:, :-1])
    ranks = np.sort(np.array([none, *first, *last, whole]), axis=0)
    for below, above in pairwise(ranks):
        inside = np.maximum(np.minimum(until, above[:, np.newaxis]) - np.maximum(since, below[:, np.newaxis]), 0.0)
        share = np.divide(inside, until - since, out=np.zeros_like(inside), where=until > since)
        yield share * table.hours, (np.array(first) <= below) & (above <= np.array(last))


def _by_chance(parts: Sequence[MiningPart], obliged: Sequence[Off], table: PriceTable) -> Iterator[tuple[Array, BoolArray]]:
    """Share of the hours, shape (months,), in which these parts are spared by what is off by chance, shape (parts,)."""

    def spared(off: Sequence[Off]) -> Array:
        shares = [1.0 - np.minimum(hours / table.month_hours, 1.0) for kind, hours in off if kind == "average"]
        return np.asarray(np.prod([np.ones_like(table.month_hours), *shares], axis=0), dtype=float)

    everywhere, own = spared(obliged), [spared(part.called) for part in parts]
    yield 1.0 - everywhere, np.zeros(len(parts), dtype=bool)
    at_risk = [n for n, part in enumerate(parts) if any(kind == "average" for kind, _ in part.called)]
    for chosen in product((True, False), repeat=len(at_risk)):
        share, on = everywhere, np.ones(len(parts), dtype=bool)
        for n, is_on in zip(at_risk, chosen, strict=True):
            share, on[n] = share * (own[n] if is_on else 1.0 - own[n]), is_on
        yield share, on
