"""Halvings of the block subsidy on a plan's market path."""

from __future__ import annotations

from itertools import pairwise

from ..models.months import Month
from ..optimizer.tables import Row


def halvings(market: list[Row]) -> list[str]:
    """The months in which the subsidy falls to half. The month itself has a mean of both, so the next one falls too."""
    falls = [
        after["period"]
        for before, after in pairwise(market)
        if None not in (before["subsidy_btc"], after["subsidy_btc"]) and after["subsidy_btc"] < before["subsidy_btc"] * (1 - 1e-9)
    ]
    return [month for n, month in enumerate(falls) if n == 0 or Month.of(month) > Month.of(falls[n - 1]) + 1]
