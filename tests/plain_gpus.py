"""GPUs that a landlord owns, told as a story: every generation is bought on a day, written off month by month and sold on a day.

Per critical MW, in months from the start of rent, from what a user wrote; part of the second opinion of plain_evaluator.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

Data = dict[str, Any]
Ends = list[tuple[int, float]]


class Generation(NamedTuple):
    """GPUs in use from month `first` until the next ones come in month `until` (or never: infinite)."""

    first: int
    until: float
    usd: float


def gpu_hour_rent(cloud: Data) -> float:
    """USD per kW of critical IT and month: 730.5 hours, of which some are sold."""
    return float(cloud["gpus_per_critical_mw"] / 1000 * cloud["usd_per_gpu_hour"] * cloud["hours_sold_fraction"] * 365.25 * 24 / 12)


def generations(cloud: Data, last_end: int) -> list[Generation]:
    first_usd = cloud["gpus_per_critical_mw"] * cloud["gpu_capex_usd_per_gpu"]
    if cloud["refresh_years"] is None:
        return [Generation(0, math.inf, first_usd)]
    months = round(12 * cloud["refresh_years"])
    return [
        Generation(n, n + months, first_usd * (cloud["refresh_cost_fraction"] if n else 1.0)) for n in range(0, last_end, months)
    ]


def bought(cloud: Data, ends: Ends) -> Iterator[tuple[int, float]]:
    """(month, USD): the first GPUs are paid ahead, later ones on the day they come, if the contract still runs."""
    for generation in generations(cloud, max(n for n, chance in ends if chance)):
        if generation.first == 0:
            yield -cloud["gpu_paid_months_before_start"], generation.usd
        else:
            yield generation.first, generation.usd * math.fsum(chance for n, chance in ends if n > generation.first)


def sold(cloud: Data, ends: Ends, horizon: int) -> Iterator[tuple[int, float, float]]:
    """(month on whose first day, USD received, USD of book value); what is there when the horizon ends is counted then."""
    for generation in generations(cloud, max(n for n, chance in ends if chance)):
        days: dict[int, float] = {}
        for n, chance in ends:
            day = min(n, generation.until, horizon)
            if n > generation.first and day > generation.first:
                days[int(day)] = days.get(int(day), 0.0) + chance
        for day, chance in days.items():
            yield day, chance * generation.usd * cloud["gpu_resale_fraction"], chance * book_value(cloud, generation, day)


def book_value(cloud: Data, generation: Generation, month: int) -> float:
    life = 12 * cloud["gpu_depreciation_years"]
    return generation.usd * max(0.0, (life - (month - generation.first)) / life)


def written_off(cloud: Data, ends: Ends, month: int) -> float:
    """In a month of the contract, by the probability that it runs."""
    runs = math.fsum(chance for n, chance in ends if month < n)
    for generation in generations(cloud, max(n for n, chance in ends if chance)):
        if generation.first <= month < generation.until:
            return runs * (book_value(cloud, generation, month) - book_value(cloud, generation, month + 1))
    return 0.0
