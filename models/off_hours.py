"""Hours of a year in which mining is off, by month: those in which the year's market prices are highest or lowest, or evenly."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .months import Array

OffIn = Literal["dearest", "average", "cheapest"]
"""The hours in which mining is off, by the zone's market price."""


def hours_by_month(wanted: float, off_in: OffIn, usd_per_mwh: Array, hours: Array) -> Array:
    """So many hours among those of some months, by month, shape (months,).

    usd_per_mwh, hours: price points of the months, shape (months, points). Where not all hours of one price are needed, the months
    have their share of them. All hours, if there are no more than are wanted.
    """
    month_hours = hours.sum(axis=1)
    wanted = min(wanted, float(month_hours.sum()))
    if off_in == "average":
        share: Array = wanted * month_hours / month_hours.sum()
        return share
    sign = -1.0 if off_in == "dearest" else 1.0
    prices, level = np.unique(sign * usd_per_mwh, return_inverse=True)
    at_price = np.bincount(level.ravel(), weights=hours.ravel(), minlength=len(prices))
    before = np.cumsum(at_price) - at_price
    share_of_price = np.clip((wanted - before) / np.where(at_price > 0, at_price, 1.0), 0.0, 1.0)
    found: Array = (share_of_price[level.reshape(hours.shape)] * hours).sum(axis=1)
    return found
