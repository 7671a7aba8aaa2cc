"""What committed plans are worth at any multipliers of hashprice, rent and power price, without a solver.

A plan commits leases (critical MW by offer and start), what is decided about machines and expansions, and machines (meter MW of
each fleet that may run in a month). In a month in
which a fleet's MW earn less than they cost they stay idle, as the program would leave them:

    V_i(h, r, p) = sum_{k,t} machines_i[k,t] max(0, v[k,t](h, p)) + sum_{l,c} leases_i[l,c] w[l,c](h, r, p)
                   + sum_{a,c} decided_i[a,c] u[a,c](h) + sum_{e,c} expanded_i[e,c] u[e,c] + constant(p)

v is a maximum over hours, w and u are linear, so V_i is convex; a tangent anywhere bounds it from below everywhere. Where a rule
asks for MW that mine, machines may have to run in a month that costs more than it earns, and v stands in place of max(0, v). Hosted
machines whose hours follow a price would bend w: a map over that price is refused (decision_map.py).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any

import numpy as np

from ..models.months import Array
from ..models.values import TODAY, Multipliers, Values
from .dated_choices import choice_cost_musd, choices_of
from .decisions import Decisions
from .policy_rules import demands_mining, limits_mining

MOST_KEPT = 256
"""Mining values at so many pairs of hashprice and power multiplier are kept."""


class PlanValues:
    """A growing list of plans of one scenario and their values, USD million.

    Where no rule limits mining, site power alone couples the fleets, so machines are assigned to the MW that leases leave by value,
    best first; else they stay as they were found.
    """

    def __init__(self, values: Values) -> None:
        self.values = values
        self._limited, self._demanded = limits_mining(values.scenario), demands_mining(values.scenario)
        self.plans: list[Decisions] = []
        self._keys: dict[bytes, int] = {}
        self._machines = np.zeros((0, values.available_mw.size))
        self._leases = np.zeros((0, sum(len(offer.starts) for offer in values.offers)))
        self._decided = _cost_of_choices(values, Multipliers(hashprice=0.0))
        self._decided_per_hashprice = _cost_of_choices(values, TODAY) - self._decided
        self._choices = np.zeros((0, len(self._decided)))
        offers = values.offers
        empty = [np.zeros(0)]
        offered = [float(offer.offer.status == "offered") for offer in offers]
        self._rent = np.concatenate([on * offer.rent_musd for on, offer in zip(offered, offers, strict=True)] or empty)
        signed = [(1 - on) * offer.rent_musd for on, offer in zip(offered, offers, strict=True)]
        self._power = np.concatenate([offer.power_musd for offer in offers] or empty)
        self._hashprice = np.concatenate([offer.hashprice_musd for offer in offers] or empty)
        self._fixed = np.concatenate([offer.fixed_musd + rent for offer, rent in zip(offers, signed, strict=True)] or empty)
        self._constant = values.constant_musd(Multipliers(power=0.0))
        self._constant_per_power = values.constant_musd(TODAY) - self._constant
        self._mining: OrderedDict[tuple[float, float], Array] = OrderedDict()

    def __len__(self) -> int:
        return len(self.plans)

    def committed(self, found: Decisions, at: Multipliers) -> Decisions:
        """The plan with these leases and decisions about machines, and the best use of machines at the multipliers."""
        return found if self._limited else replace(found, mining_mw=self._assigned(found, at))

    def add(self, plan: Decisions) -> int:
        """The number of a plan; a new one if it is not known."""
        leases = np.concatenate([np.zeros(0), *plan.lease_mw])
        choices = np.concatenate([np.zeros(0), *plan.machine_mw, *plan.expansion_mw])
        key = np.round(np.concatenate([leases, choices, plan.mining_mw.ravel()]), 6).tobytes()
        if key not in self._keys:
            self._keys[key] = len(self.plans)
            self.plans.append(plan)
            self._machines = np.vstack([self._machines, plan.mining_mw.ravel()])
            self._leases = np.vstack([self._leases, leases])
            self._choices = np.vstack([self._choices, choices])
        return self._keys[key]

    def keep(self, plans: list[int]) -> None:
        """Only these plans, in this order."""
        self.plans = [self.plans[plan] for plan in plans]
        self._machines, self._leases, self._choices = self._machines[plans], self._leases[plans], self._choices[plans]
        self._keys = {}

    def at(self, at: Multipliers) -> Array:
        """Value of every plan, USD million, shape (plans,)."""
        constant = self._constant + at.power * self._constant_per_power
        decided = self._decided + at.hashprice * self._decided_per_hashprice
        lease = self._lease_at(at)
        found: Array = self._machines @ self._mining_at(at)[:, 0] + self._leases @ lease + self._choices @ decided + constant
        return found

    def tangents(self, at: Multipliers, plans: np.ndarray[Any, np.dtype[np.intp]]) -> tuple[Array, Array]:
        """Values of some plans, (plans,), and their change per unit of the hashprice, rent and power multiplier, (plans, 3)."""
        all_of_them = len(plans) == len(self.plans)
        tables = (self._machines, self._leases, self._choices)
        machines, leases, choices = (table if all_of_them else table[plans] for table in tables)
        mining = machines @ self._mining_at(at)
        lease = self._lease_at(at)
        constant = self._constant + at.power * self._constant_per_power
        decided = self._decided + at.hashprice * self._decided_per_hashprice
        per_hashprice = mining[:, 1] + choices @ self._decided_per_hashprice + leases @ self._hashprice
        slopes = (per_hashprice, leases @ self._rent, mining[:, 2] + leases @ self._power + self._constant_per_power)
        return mining[:, 0] + leases @ lease + choices @ decided + constant, np.column_stack(slopes)

    def _lease_at(self, at: Multipliers) -> Array:
        """Value of a critical MW of each offer and start, USD million; the hours of hosted machines are today's."""
        worth: Array = at.rent * self._rent + at.power * self._power + at.hashprice * self._hashprice + self._fixed
        return worth

    def _mining_at(self, at: Multipliers) -> Array:
        """max(0, v) and its slopes by hashprice and power multiplier, USD million per MW, shape (fleets x months, 3)."""
        key = (at.hashprice, at.power)
        if key not in self._mining:
            found = np.stack(self.values.mining_musd_and_slopes(at), axis=-1)
            self._mining[key] = np.where((found[..., :1] > 0) | self._demanded, found, 0.0).reshape(-1, 3)
            if len(self._mining) > MOST_KEPT:
                self._mining.popitem(last=False)
        return self._mining[key]

    def _assigned(self, found: Decisions, at: Multipliers) -> Array:
        """Meter MW of each fleet and month: the MW that leases leave, filled by value, best first, shape (fleets, months)."""
        values = self.values
        worth = values.mining_musd(at)
        occupied, there = found.occupied_mw(values), found.there_mw(values)
        machines = np.zeros_like(values.available_mw)
        for site in values.sites:
            here = [k for k, fleet in enumerate(values.fleets) if fleet.site == site.name]
            leases = [n for n, offer in enumerate(values.offers) if offer.offer.site == site.name]
            free = np.maximum(found.energised_mw(values, site.name) - occupied[leases].sum(axis=0), 0.0)
            order = np.argsort(-worth[here], axis=0, kind="stable")
            available = np.take_along_axis(there[here], order, axis=0)
            before = np.cumsum(available, axis=0) - available
            used = np.clip(free - before, 0.0, available)
            rows = np.zeros_like(used)
            np.put_along_axis(rows, order, used, axis=0)
            machines[here] = rows
        return machines


def _cost_of_choices(values: Values, at: Multipliers) -> Array:
    """Value of a MW of every decision about machines and expansions, USD million."""
    return choice_cost_musd(choices_of(values), at)
