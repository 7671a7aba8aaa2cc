"""How much of a cost is deducted when, along the calendar: the ledger's own reading of a depreciation schedule."""

from __future__ import annotations

import math

import numpy as np

from ..models.depreciation import Depreciation, macrs_percent
from ..models.months import Array, Month, WholeArray


def share_deducted(schedule: Depreciation, start: Month, since: WholeArray) -> Array:
    """Share of the cost deducted in each month, `since` months after the one placed in service (before it nothing)."""
    if schedule.depreciation_years is not None:
        life = 12.0 * schedule.depreciation_years
        straight: Array = np.clip(life - since, 0.0, 1.0) / life
        return np.where(since >= 0, straight, 0.0)
    yearly = _yearly(schedule, start)
    found = np.zeros(len(since))
    for at, n in enumerate(since.tolist()):
        year = (start + n).year - start.year if n >= 0 else -1
        if 0 <= year < len(yearly):
            found[at] = yearly[year] / (13 - start.month_of_year if year == 0 else 12)
    return found


def share_left(schedule: Depreciation, start: Month, months: int) -> float:
    """Share of the cost that is not deducted in the first so many months."""
    if schedule.depreciation_years is not None:
        return max(0.0, 1.0 - months / (12.0 * schedule.depreciation_years))
    deducted = share_deducted(schedule, start, np.arange(max(months, 0)))
    return max(0.0, 1.0 - math.fsum(deducted.tolist()))


def _yearly(schedule: Depreciation, start: Month) -> list[float]:
    """Share of the cost deducted in each calendar year."""
    assert schedule.macrs_years is not None
    percent = macrs_percent(schedule.macrs_years, start.month_of_year)
    rest = [(1.0 - schedule.bonus_fraction) * one / 100.0 for one in percent]
    return [schedule.bonus_fraction + rest[0], *rest[1:]]
