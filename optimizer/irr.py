"""Internal rate of return of dated cash flows."""

from __future__ import annotations

import math

import numpy as np

from ..models.months import Array

LOWEST_RATE, HIGHEST_RATE = -0.99, 100.0


def internal_rate_of_return(usd: Array, years: Array) -> float | None:
    """The yearly rate at which the flows are worth nothing: sum usd (1 + rate)^-years = 0.

    usd, years: same shape, years from any common date. None if no flow changes sign, or if several rates would do (the sign of
    the value is looked at on a fine grid from -99 % to 10,000 %).
    """
    days, day = np.unique(years, return_inverse=True)
    usd = np.asarray(np.bincount(day, weights=usd), dtype=float)
    rates = np.concatenate([np.linspace(LOWEST_RATE, 1.0, 120), np.geomspace(1.0, HIGHEST_RATE, 30)[1:]])
    worth = np.exp(-np.log1p(rates)[:, np.newaxis] * days) @ usd
    sign = np.sign(worth)
    changes = np.flatnonzero((sign[:-1] * sign[1:] < 0) & np.isfinite(worth[:-1]) & np.isfinite(worth[1:]))
    if len(changes) != 1:
        return None
    low, high = float(rates[changes[0]]), float(rates[changes[0] + 1])
    rising = worth[changes[0]] < 0
    for _ in range(60):
        middle = (low + high) / 2
        if (float(usd @ np.exp(-math.log1p(middle) * days)) < 0) == rising:
            low = middle
        else:
            high = middle
        if high - low < 1e-14:
            break
    return (low + high) / 2
