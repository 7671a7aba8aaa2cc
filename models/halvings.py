"""[M2] New coins per block over any span of time: past halvings by the chain's own clock, later ones as expected.

`BlockAnchor` counts blocks at a steady rate from a known one, which is right for the months to come; blocks before it did not come
at that rate, so that its dates of past halvings would be weeks off.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from .market import FIRST_SUBSIDY_BTC, HALVING_BLOCKS, BlockAnchor
from .months import Array, Calendar

GENESIS = datetime(2009, 1, 3, 18, 15, tzinfo=UTC)
PAST_HALVINGS = (
    datetime(2012, 11, 28, 15, 24, tzinfo=UTC),  # block 210,000
    datetime(2016, 7, 9, 16, 46, tzinfo=UTC),  # block 420,000
    datetime(2020, 5, 11, 19, 23, tzinfo=UTC),  # block 630,000
    datetime(2024, 4, 20, 0, 9, tzinfo=UTC),  # block 840,000
)
"""Times in the blocks' own headers, UTC, to the minute."""
LAST_ERA = 33
"""From block 6,930,000 on no new coins come."""
DAY = timedelta(days=1)
EPOCH = datetime(1, 1, 1, tzinfo=UTC)


def mean_subsidy_btc(start_day: Array, end_day: Array, blocks: BlockAnchor | None = None) -> Array:
    """Mean new coins per block, BTC, over spans of time weighted by time; arrays of any one shape.

    start_day, end_day: days as `date.toordinal` counts them, from midnight UTC, with fractions; start before end.
    """
    anchor = blocks if blocks is not None else BlockAnchor()
    coming = [anchor.time_of(era * HALVING_BLOCKS) for era in range(len(PAST_HALVINGS) + 1, LAST_ERA + 1)]
    edges = np.array([1 + (instant - EPOCH) / DAY for instant in (GENESIS, *PAST_HALVINGS, *coming)])
    coins_per_block = FIRST_SUBSIDY_BTC * 0.5 ** np.arange(LAST_ERA)
    so_far = np.concatenate([[0.0], np.cumsum(np.diff(edges) * coins_per_block)])
    return np.asarray((np.interp(end_day, edges, so_far) - np.interp(start_day, edges, so_far)) / (end_day - start_day))


def subsidy_by_month(calendar: Calendar, blocks: BlockAnchor | None = None) -> Array:
    """Mean new coins per block in each month (UTC), BTC, shape (length,); of months past and to come."""
    first = calendar.start.first_day.toordinal() + np.concatenate([[0.0], np.cumsum(calendar.days)])
    return mean_subsidy_btc(first[:-1], first[1:], blocks)
