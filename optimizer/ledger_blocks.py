"""[V3] The ledger's own dispatch of blocks that are not resold in full: hour by hour, from the MW of a plan.

In an hour with the blocks in the order of what using them gains (index less resale), the first i of them together use

    U[i] = max(U[i-1], min(U[i-1] + MW of block i, load that loses less than block i gains))

and machines that run only because of them do so in the order of what they lose. models/block_use.py does the same by bands, and the
program by columns; none of them shares this. Of the machines of a fleet those in a service or programme count apart, and hours are
told apart by which of them are off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..models.hour_states import HourStates, IntArray
from ..models.months import Array, Calendar
from ..models.power import FixedBlock
from ..models.prices import PriceTable
from ..models.site import Site

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class BlockHours:
    """What a MWh of a site is worth to it in every hour, shape (months, states) each (models/hour_states.py); blocks and machines
    in order.

    gain: of a block's energy, used rather than resold, USD per MWh. lost: of running, USD per MWh at the meter (below 0: it earns;
    infinite where the machines are `on` no more). hours: of each state. block_mw: shape (months,).
    """

    blocks: tuple[FixedBlock, ...]
    block_mw: list[Array]
    gain: list[Array]
    lost: list[Array]
    on: list[BoolArray]
    point: IntArray
    """The price point of each state."""
    hours: Array
    loss_factor: float
    same_dollar: Array
    """What a dollar of the block counts for beside one of mining, where they are discounted apart, shape (months, 1)."""

    @classmethod
    def of(
        cls,
        site: Site,
        table: PriceTable,
        multiplier: float,
        before_power: Sequence[Array],
        on: Sequence[BoolArray],
        states: HourStates,
        same_dollar: Array,
        calendar: Calendar,
    ) -> BlockHours:
        """before_power: what a MWh of each lot of machines earns before its power, shape (months, points) or (months, 1). on:
        whether it may run, by state.
        """
        assert site.supply.kind == "index"
        index = multiplier * table.usd_per_mwh[:, states.point]
        lost_share = 0.0 if site.delivery is None else site.delivery.loss_fraction
        delivery = np.zeros(calendar.length) if site.delivery is None else site.delivery.usd_per_mwh.values(calendar)
        price = (1 + lost_share) * (index + site.supply.adder_usd_per_mwh) + delivery[:, np.newaxis]
        blocks = site.blocks_to_use
        return cls(
            blocks=blocks,
            block_mw=[
                np.array([block.mw * (block.first_month <= month <= block.last_month) for month in calendar.months])
                for block in blocks
            ],
            gain=[np.where(index > (brings := block.resale_usd_per_mwh(index)), index - brings, 0.0) for block in blocks],
            lost=[
                np.where(may_run, price - np.broadcast_to(earned, table.hours.shape)[:, states.point], np.inf)
                for earned, may_run in zip(before_power, on, strict=True)
            ],
            on=list(on),
            point=states.point,
            hours=states.hours,
            loss_factor=1 + lost_share,
            same_dollar=same_dollar[:, np.newaxis],
        )

    def dispatch(self, able_mw: Sequence[Array], firm_mw: Array) -> tuple[list[Array], list[Array]]:
        """MW of each block that are used, and meter MW of machines that run beyond what pays at the index, (months, states) each.

        able_mw: of each lot of machines, shape (months,). firm_mw: of leases, shape (months,).
        """
        stands = [loss >= 0 for loss in self.lost]
        running = [np.where(still, 0.0, mw[:, np.newaxis]) for still, mw in zip(stands, able_mw, strict=True)]
        certain = self.loss_factor * (firm_mw[:, np.newaxis] + np.sum([np.zeros_like(self.hours), *running], axis=0))
        gain = np.array([row * self.same_dollar for row in self.gain])
        mw = np.array([np.broadcast_to(row[:, np.newaxis], self.hours.shape) for row in self.block_mw])
        order = np.argsort(-gain, axis=0, kind="stable")
        used, together = np.zeros_like(gain), np.zeros_like(self.hours)
        for rank in order:
            own, most = np.take_along_axis(gain, rank[np.newaxis], 0)[0], np.take_along_axis(mw, rank[np.newaxis], 0)[0]
            load = certain + self._cheaper(own, stands, able_mw)
            reached = np.where(own > 0, np.maximum(together, np.minimum(together + most, load)), together)
            np.put_along_axis(used, rank[np.newaxis], (reached - together)[np.newaxis], 0)
            together = reached
        return list(used), self._extra(np.maximum(together - certain, 0.0), stands, able_mw)

    def _cheaper(self, gain: Array, stands: list[BoolArray], able_mw: Sequence[Array]) -> Array:
        """MW bought for machines that stand still and lose less than a gain."""
        found = np.zeros_like(self.hours)
        for loss, still, mw in zip(self.lost, stands, able_mw, strict=True):
            found += np.where(still & (loss < self.loss_factor * gain), self.loss_factor * mw[:, np.newaxis], 0.0)
        return found

    def _extra(self, bought_mw: Array, stands: list[BoolArray], able_mw: Sequence[Array]) -> list[Array]:
        """Meter MW of each lot of machines that so much is bought for, those that lose least first."""
        lost = np.array(self.lost).reshape(len(self.lost), *self.hours.shape)
        extra, left = np.zeros_like(lost), bought_mw / self.loss_factor
        free = [still & on for still, on in zip(stands, self.on, strict=True)]
        ready = np.array([np.where(standing, mw[:, np.newaxis], 0.0) for standing, mw in zip(free, able_mw, strict=True)])
        for rank in np.argsort(lost, axis=0, kind="stable"):
            runs = np.minimum(np.take_along_axis(ready, rank[np.newaxis], 0)[0], left)
            np.put_along_axis(extra, rank[np.newaxis], runs[np.newaxis], 0)
            left = left - runs
        return list(extra)
