"""Machines that stand still although they would earn, as other uses of the power are worth more: what they forgo and are worth.

A month in which no hour pays is not counted here (the table of idle MW is), nor are machines that were sold or have moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..models.months import Array
from ..models.values import USD_PER_MUSD
from .certificate import Certifier
from .decisions import SMALLEST_MW, Decisions
from .ledger_groups import MINING
from .ledger_machines import used_price
from .prices import Prices

Row = dict[str, Any]


def stranded_rows(certifier: Certifier, prices: Prices, plan: Decisions) -> Iterator[Row]:
    """One row a fleet and year in which machines are displaced."""
    calendar, values = certifier.calendar, certifier.values
    there = plan.there_mw(values)
    for k, fleet in enumerate(values.fleets):
        displaced = np.where(certifier.mining_musd[k] > 0, there[k] - plan.mining_mw[k], 0.0)
        displaced[displaced < SMALLEST_MW] = 0.0
        margin = np.sum([line.usd for line in certifier.ledger.mining(fleet) if line.item in MINING], axis=0)
        means, forgone = calendar.mean_by_year(displaced), calendar.total_by_year(displaced * margin)
        for year in calendar.years:
            months = np.flatnonzero((calendar.year_of_month == year) & (displaced > 0))
            if len(months):
                yield {
                    "site": fleet.site,
                    "fleet": fleet.name,
                    "year": year,
                    "mw": means[year],
                    "first": str(calendar.months[months[0]]),
                    "last": str(calendar.months[months[-1]]),
                    "margin_usd": forgone[year],
                    "sale_usd_per_mw": _sale(certifier, k, months),
                    "move_gain_usd_per_mw": _move(certifier, prices, k, months),
                }


def _sale(certifier: Certifier, k: int, months: Any) -> float | None:
    """What a MW would bring, before tax, in the first of the months in which it can be sold; None if it cannot."""
    fleet, calendar = certifier.values.fleets[k], certifier.calendar
    if fleet.sale is None:
        return None
    possible = {calendar.index(month): month for month in fleet.sale.months(calendar, certifier.owned_mw[k])}
    at = next((possible[t] for t in months.tolist() if t in possible), None)
    if at is None:
        return None
    first = certifier.scenario.market.first_hashprice(calendar)
    return used_price(fleet, at, calendar, certifier.ledger.hashprice_usd_per_ph_day, first)


def _move(certifier: Certifier, prices: Prices, k: int, months: Any) -> float | None:
    """What moving a MW in the best of the months would gain today at the plan's prices of power; None if it cannot move."""
    mining, _ = certifier.reduced(prices)
    gains: list[Array] = certifier.machines.gains(mining, certifier.money_price(prices))
    found = [
        float(gain) * USD_PER_MUSD
        for choice, by_month in zip(certifier.values.machine_choices, gains, strict=True)
        if choice.kind == "move" and choice.owner == certifier.values.fleets[k].name
        for month, gain in zip(choice.months, by_month.tolist(), strict=True)
        if certifier.calendar.index(month) in months
    ]
    return max(found, default=None)
