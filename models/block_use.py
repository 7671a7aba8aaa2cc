r"""[V3] Energy of fixed blocks whose unused part brings less than the index: using it is worth something, and the load is shared.

Everything else counts energy at the index. A MWh of block j that is used rather than resold adds

    gain[j,h] = max(0, index[h] - resale[j,h])          resale = max(0, fraction x index - fee)

and a fleet may run in an hour that does not pay at the index, which loses cost[h] - break-even. In an hour the blocks with the
largest gains serve the load that runs anyway, then fleets in the order of what they lose, as long as the gain exceeds the loss:
which of these comparisons hold is all that decides, whatever the MW. **Exact aggregation**: hours of a month in which all of them
come out the same are one band, so that the program with one set of columns a band has the optimum of the one with every hour.

What is said of a fleet holds for each of its parts (models/runners.py): in an hour in which a part has to be off, it is as if
running it lost without end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .finance import DiscountFactors
from .hour_states import HourStates
from .months import Array
from .power import FixedBlock, SitePower
from .runners import Runners, SiteParts
from .site import Site

if TYPE_CHECKING:
    from .values import OfferValue, Values

IntArray = np.ndarray[Any, np.dtype[np.intp]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
NO_BAND = -1


@dataclass(frozen=True)
class Load:
    """MW at a site's meters in each band, before losses. certain: runs anyway, shape (bands,). ready: machines that are energised
    and stand still at the index, shape (fleets, bands).
    """

    certain_mw: Array
    ready_mw: Array


@dataclass(frozen=True)
class BlockUse:
    """The blocks of one site that are not resold in full, and the bands of their months.

    blocks: by name. fleets, parts: of the site's runners, in order. months, numbers: of each band, the month's position in the
    horizon and its own number in it, shape (bands,). block_mw: MW of a block in a band, shape (blocks, bands). gain_musd: of one MW
    of a block used through a band, discounted after-tax USD million, same shape. runs: whether a runner runs at the index, shape
    (runners, bands). able: MW that run of an energised one, shape (runners, 1). loss_musd: of one meter MW that runs through a band
    in which that does not pay, same unit; infinite where it is off. loss_factor: MW bought for a MW at the meter. states: the hours
    of each month. band_of_state: of each of them, shape (months, states); NO_BAND: none.
    """

    site: str
    blocks: tuple[FixedBlock, ...]
    fleets: IntArray
    parts: IntArray
    months: IntArray
    numbers: IntArray
    block_mw: Array
    gain_musd: Array
    runs: BoolArray
    able: Array
    loss_musd: Array
    loss_factor: float
    states: HourStates
    band_of_state: IntArray

    @cached_property
    def position_of_band(self) -> dict[tuple[int, int], int]:
        """Position of each band by its month (position in the horizon) and its number."""
        return {key: b for b, key in enumerate(zip(self.months.tolist(), self.numbers.tolist(), strict=True))}

    def load(self, values: Values, mining_mw: Array, lease_mw: Sequence[Array]) -> Load:
        """mining_mw: shape (fleets of the scenario, months). lease_mw: critical MW of each offer at each start."""
        able = self.able * mining_mw[self.fleets][:, self.months]
        certain = np.sum(np.where(self.runs, able, 0.0), axis=0)
        for offer, mw in zip(values.offers, lease_mw, strict=True):
            if buys_power(offer, self.site):
                certain = certain + (mw @ expected_load_mw(values, offer))[self.months]
        return Load(certain, np.where(self.runs, 0.0, able))

    def worth_musd(self, load: Load) -> float:
        """What the best use of the blocks adds beside that load, USD million: block after block, runner after runner."""
        total, free = 0.0, self.loss_factor * load.certain_mw
        ready = self.loss_factor * load.ready_mw
        per_bought = self.loss_musd / self.loss_factor
        by_gain, by_loss = np.argsort(-self.gain_musd, axis=0, kind="stable"), np.argsort(per_bought, axis=0, kind="stable")
        band = np.arange(len(self.months))
        for j in by_gain:
            left, gain = self.block_mw[j, band].copy(), self.gain_musd[j, band]
            used = np.minimum(left, free)
            free, left = free - used, left - used
            total += float(np.sum(used * gain))
            for k in by_loss:
                more = gain - per_bought[k, band]
                used = np.where(more > 0, np.minimum(left, ready[k, band]), 0.0)
                ready[k, band] -= used
                left = left - used
                total += float(np.sum(used * np.maximum(more, 0.0)))
        return total


def buys_power(offer: OfferValue, site: str) -> bool:
    """Whether the landlord buys the energy of a lease at a site."""
    return offer.offer.site == site and offer.offer.power_paid_by == "landlord"


def expected_load_mw(values: Values, offer: OfferValue) -> Array:
    """Meter MW around the clock that a critical MW draws, as expected over options and defaults, shape (starts, months)."""
    at = np.array([values.calendar.index(start) for start in offer.starts])
    firm = offer.offer.load_factor_fraction * offer.offer.schedule_from(values.calendar).firm_meter_mw
    found = np.zeros((len(at), values.calendar.length))
    for n, mw in enumerate(firm.tolist()):
        inside = (at + n >= 0) & (at + n < values.calendar.length)
        found[np.flatnonzero(inside), (at + n)[inside]] = mw
    return found


def block_use(site: Site, parts: SiteParts, runners: Runners, values: Values, power: SitePower) -> BlockUse:
    """power: the site's."""
    calendar, states = values.calendar, parts.states
    index = power.market_multiplier * power.market.usd_per_mwh[:, states.point]
    blocks = site.blocks_to_use
    gain = np.array([np.maximum(index - block.resale_usd_per_mwh(index), 0.0) for block in blocks])
    paid = power.delivered_usd_per_mwh()
    loss = np.array([(paid - earned)[:, states.point] for earned in runners.earned_usd_per_mwh]).reshape(-1, *index.shape)
    loss = np.where(states.on[runners.parts], loss, np.inf)
    of_mining, of_contract = _worth_of_a_dollar(values.discount, values.kept)
    mw = np.array([block.mw_in(calendar) for block in blocks])
    return _banded(site.name, blocks, runners, states, power.loss_factor, mw, gain * of_contract, loss * of_mining)


def _worth_of_a_dollar(discount: DiscountFactors, kept: float) -> tuple[Array, Array]:
    """USD million today of a dollar of mining, and of a dollar of a power contract, shape (months, 1) each."""
    return tuple(kept * row[:, np.newaxis] / 1e6 for row in (discount.mining, discount.power_contract))  # type: ignore[return-value]


def _banded(
    site: str,
    blocks: tuple[FixedBlock, ...],
    runners: Runners,
    states: HourStates,
    loss_factor: float,
    block_mw: Array,
    gain: Array,
    loss: Array,
) -> BlockUse:
    """gain, loss: USD million today per MWh, shapes (blocks, months, states) and (runners, months, states)."""
    hours = states.hours
    band_of_state = np.full(hours.shape, NO_BAND, dtype=np.intp)
    bands: list[tuple[int, int, Array, Array, BoolArray, Array]] = []
    for t in np.flatnonzero(np.any(block_mw > 0, axis=0)).tolist():
        there = block_mw[:, t] > 0
        gains = np.where(there[:, np.newaxis], gain[:, t], 0.0)
        inside = np.flatnonzero((hours[t] > 0) & np.any(gains > 0, axis=0))
        groups = _groups(gains[:, inside], loss[:, t][:, inside], loss_factor)
        for number, group in enumerate(groups):
            own = inside[group]
            band_of_state[t, own] = len(bands)
            runs = loss[:, t, own[0]] < 0
            lost = np.where(runs, 0.0, loss[:, t][:, own] @ hours[t, own])
            bands.append((t, number, block_mw[:, t], gains[:, own] @ hours[t, own], runs, lost))
    count, rows = len(bands), len(runners.fleets)
    return BlockUse(
        site=site,
        blocks=blocks,
        fleets=runners.fleets,
        parts=runners.parts,
        months=np.array([band[0] for band in bands], dtype=np.intp),
        numbers=np.array([band[1] for band in bands], dtype=np.intp),
        block_mw=np.array([band[2] for band in bands]).reshape(count, len(blocks)).T,
        gain_musd=np.array([band[3] for band in bands]).reshape(count, len(blocks)).T,
        runs=np.array([band[4] for band in bands], dtype=bool).reshape(count, rows).T,
        able=runners.able,
        loss_musd=np.array([band[5] for band in bands]).reshape(count, rows).T,
        loss_factor=loss_factor,
        states=states,
        band_of_state=band_of_state,
    )


def _groups(gains: Array, losses: Array, loss_factor: float) -> list[IntArray]:
    """Positions of the points in which every comparison comes out the same, groups in the order of the first one."""
    points = gains.shape[1]
    if points == 0:
        return []
    bought = loss_factor * gains
    signs = [*(losses < 0), *((losses[:, np.newaxis] < bought[np.newaxis]).reshape(-1, points))]
    signs += [gains[i] > gains[j] for i in range(len(gains)) for j in range(len(gains)) if i != j]
    if not signs:  # one block and no fleet
        return [np.arange(points)]
    _, first, group = np.unique(np.array(signs, dtype=bool).T, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return [np.flatnonzero(group.ravel() == number) for number in order.tolist()]
