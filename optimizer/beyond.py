"""What the end of the horizon cuts off: the cash after it, of leases and of mining alike, for the plan at hand.

Nothing after the horizon is in a plan's value (a building or machine still held there counts at its stated residual or resale
value instead). This module says how much operating cash is left out on each side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.machine_values import months_in_use
from ..models.months import Array, Month
from ..models.scenario import Scenario
from ..models.scenario_faults import path_gaps
from ..models.values import Values
from .decisions import Decisions
from .ledger import Ledger
from .ledger_groups import LEASE_COSTS, MINING, RENT

OPERATING = (*RENT, *LEASE_COSTS)
"""What a lease brings and costs month by month."""


@dataclass(frozen=True)
class Beyond:
    """Discounted operating cash before tax after the horizon, USD; None where the paths do not reach so far.

    until: last month looked at, the last possible end of any lease of the plan.
    """

    until: Month
    leases_usd: float | None
    mining_usd: float | None


def beyond_horizon(values: Values, plan: Decisions) -> Beyond | None:
    """What the plan would still earn after the horizon; None if no lease of the plan outlives it.

    Mining is continued at the MW of the horizon's last month, as far as machines are left.
    """
    scenario, calendar = values.scenario, values.calendar
    taken = [
        (offer.offer, start, float(mw))
        for offer, amounts in zip(values.offers, plan.lease_mw, strict=True)
        for start, mw in zip(offer.starts, amounts, strict=True)
        if mw
    ]
    until = max((start + (lease.reserved_months - 1) for lease, start, _ in taken), default=calendar.end)
    if until <= calendar.end:
        return None
    longer = _extended(scenario, until)
    if longer is None:
        return Beyond(until, None, None)
    ledger, after = Ledger(longer), calendar.length
    leases = sum(
        mw * float(np.sum(line.discounted_usd[after:]))
        for lease, start, mw in taken
        for line in ledger.lease(lease, start)
        if line.item in OPERATING
    )
    mining = 0.0
    there = _machines_left(values, plan, longer)
    for k, fleet in enumerate(values.fleets):
        left = np.minimum(there[k], plan.mining_mw[k][-1])
        margin = sum(line.discounted_usd for line in ledger.mining(fleet) if line.item in MINING)
        mining += float(np.sum((np.maximum(margin, 0.0) * left)[after:]))
    return Beyond(until, leases, mining)


def _machines_left(values: Values, plan: Decisions, longer: Scenario) -> list[Array]:
    """MW of each fleet that are there in each month of a longer horizon, those bought up to the end of their life."""
    there = [fleet.available_mw(longer.calendar) for fleet in values.fleets]
    owned = {fleet.name for fleet in values.scenario.fleets}
    bought = [
        np.zeros(longer.calendar.length) if fleet.name not in owned else mw for fleet, mw in zip(values.fleets, there, strict=True)
    ]
    for choice, mw in zip(values.machine_choices, plan.machine_mw, strict=True):
        for k in choice.changes:
            if choice.offer is not None:
                bought[k] = bought[k] + mw @ months_in_use(choice.offer, choice.months, longer.calendar)
            elif choice.name == values.fleets[k].name and choice.move is not None:
                assert choice.fleet is not None
                bought[k] = bought[k] + mw @ [choice.move.there(choice.fleet, month, longer.calendar) for month in choice.months]
            else:
                bought[k] = np.maximum(bought[k] - float(np.sum(mw)), 0.0)
    return bought


def _extended(scenario: Scenario, until: Month) -> Scenario | None:
    """The scenario with a longer horizon; None if its paths do not reach so far."""
    longer = scenario.until(until)
    return None if path_gaps(longer) else longer
