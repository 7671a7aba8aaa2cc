"""Reading monthly arrays at months counted from several starts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .months import Array


class Gather:
    """Reads a monthly array at months start + n: shape (starts, length); 0 outside the horizon."""

    def __init__(self, at: np.ndarray[Any, Any], length: int, months: int) -> None:
        index = at[:, np.newaxis] + np.arange(length)[np.newaxis, :]
        self._inside = (index >= 0) & (index < months)
        self._index = np.clip(index, 0, months - 1)

    def of(self, monthly: Array) -> Array:
        return np.where(self._inside, monthly[self._index], 0.0)

    def by_year(self, monthly_by_year: Array) -> Array:
        """Of an array with a row for each twelve months from the start, shape (years, months)."""
        year = np.arange(self._index.shape[1]) // 12
        return np.where(self._inside, monthly_by_year[year[np.newaxis, :], self._index], 0.0)


def at_boundary(boundary: Array, index: np.ndarray[Any, Any]) -> Array:
    """boundary[index], 0 outside."""
    inside = (index >= 0) & (index < len(boundary))
    return np.where(inside, boundary[np.clip(index, 0, len(boundary) - 1)], 0.0)
