"""A plan's decisions as arrays, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.months import Array, Month
from ..models.values import TODAY, Multipliers, Values
from .dated_choices import choice_cost_musd, choices_of, split_by_choice
from .expansion_rows import expanded_mw
from .machine_moves import there_mw
from .offer_rules import NOT_TAKEN
from .program import Program

ByMonth = dict[tuple[str, Month], float]
"""MW by name and month."""
SMALLEST_MW = 1e-7
"""Less is the solver's rounding and counts as nothing."""


@dataclass(frozen=True)
class Decisions:
    """mining_mw: meter MW, shape (fleets, months). lease_mw: critical MW of each offer at each start.

    machine_mw: meter MW of each choice about machines in each of its months (values.machine_choices).
    expansion_mw: meter MW of each expansion energised from each of its months on (values.expansions).
    """

    mining_mw: Array
    lease_mw: tuple[Array, ...]
    machine_mw: tuple[Array, ...] = ()
    expansion_mw: tuple[Array, ...] = ()

    @classmethod
    def of(cls, program: Program, x: Array, whole: bool = True) -> Decisions:
        """From the program's columns; dust becomes 0 and, unless it is a relaxation, blocks become whole."""
        values = program.values
        mining = np.zeros_like(values.available_mw)
        mining[program.fleet_of, program.month_of] = x[program.mining_columns]
        lease = x[program.lease_columns].copy()
        for column in program.indivisible if whole else []:
            block = values.offers[program.offer_of[column]].offer.critical_it_mw
            lease[column] = block * round(lease[column] / block)
        for offer in program.rules.chosen if whole else ():
            own = program.offer_of == offer
            if np.sum(lease[own]) <= NOT_TAKEN * values.offers[offer].offer.critical_it_mw:
                lease[own] = 0.0
        mining[np.abs(mining) < SMALLEST_MW] = 0.0
        lease[np.abs(lease) < SMALLEST_MW] = 0.0
        split = np.split(lease, np.cumsum([len(offer.starts) for offer in values.offers])[:-1]) if values.offers else []
        machines, expansions = (
            np.where(np.abs(x[columns]) < SMALLEST_MW, 0.0, x[columns])
            for columns in (program.machine_columns, program.expansion_columns)
        )
        bought = split_by_choice(values.machine_choices, machines), split_by_choice(values.expansions, expansions)
        return cls(mining, tuple(split), *bought)

    def occupied_mw(self, values: Values) -> Array:
        """Meter MW each offer takes from its site, shape (offers, months)."""
        rows = [mw @ offer.occupied_mw for mw, offer in zip(self.lease_mw, values.offers, strict=True)]
        return np.array(rows).reshape(len(values.offers), values.calendar.length)

    def named(self, values: Values) -> tuple[dict[str, Array], ByMonth, dict[str, ByMonth], ByMonth]:
        """What the ledger asks for: mining MW by fleet, critical MW by offer and start, MW of machines by kind, name and month, MW
        of expansions by name and month.
        """
        mining = {fleet.name: self.mining_mw[k] for k, fleet in enumerate(values.fleets)}
        leases: ByMonth = {
            (offer.offer.name, start): float(mw)
            for offer, amounts in zip(values.offers, self.lease_mw, strict=True)
            for start, mw in zip(offer.starts, amounts, strict=True)
            if mw
        }
        decided: dict[str, ByMonth] = {}
        for choice, amounts in zip(values.machine_choices, self.machine_mw, strict=True):
            named = decided.setdefault(choice.kind, {})
            named |= {(choice.name, month): mw for month, mw in zip(choice.months, amounts.tolist(), strict=True) if mw}
        expanded: ByMonth = {
            (one.name, month): mw
            for one, amounts in zip(values.expansions, self.expansion_mw, strict=True)
            for month, mw in zip(one.months, amounts.tolist(), strict=True)
            if mw
        }
        return mining, leases, decided, expanded

    def energised_mw(self, values: Values, site: str) -> Array:
        """Meter MW of a site with its expansions, shape (months,)."""
        found: Array = values.scenario.site(site).energised(values.calendar) + expanded_mw(values, site, self.expansion_mw)
        return found

    def there_mw(self, values: Values) -> Array:
        """Meter MW of machines that are there, shape (fleets, months)."""
        return there_mw(values, self.machine_mw)

    def npv_musd(self, values: Values, at: Multipliers = TODAY) -> float:
        """Discounted after-tax cash, USD million: what the program maximises, with its constant."""
        mining = float(np.sum(values.mining_musd(at) * self.mining_mw))
        leases = sum(float(offer.musd(at) @ mw) for offer, mw in zip(values.offers, self.lease_mw, strict=True))
        decided = np.concatenate([np.zeros(0), *self.machine_mw, *self.expansion_mw])
        bought = float(choice_cost_musd(choices_of(values), at) @ decided)
        hours = values.hours_musd(self.mining_mw, self.lease_mw, at)
        return mining + leases + bought + hours + values.constant_musd(at)
