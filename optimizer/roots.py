"""The root of a function of one variable between two points of opposite sign."""

from __future__ import annotations

from collections.abc import Callable

MOST_STEPS = 100
PRECISION = 2.5e-10


def root(function: Callable[[float], float], low: float, high: float, small: float = 0.0) -> float | None:
    """Where the function is 0 (or within `small` of it), to 2.5e-10; None if the signs at both ends are equal.

    Regula falsi in the Illinois variant: the end that stays is weighed down by half, so that both ends move.
    """
    at_low, at_high = function(low), function(high)
    if at_low * at_high > 0:
        return None
    for _ in range(MOST_STEPS):
        if at_low == at_high or abs(high - low) <= PRECISION:
            break
        middle = high - at_high * (high - low) / (at_high - at_low)
        at_middle = function(middle)
        if abs(at_middle) <= small:
            return middle
        if at_middle * at_high < 0:
            low, at_low = high, at_high
        else:
            at_low /= 2
        high, at_high = middle, at_middle
    return high
