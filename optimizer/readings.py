"""What the certificate knows of a scenario: values, MW and limits per MW, read anew from the contracts through the ledger.

Nothing here comes from the program's coefficients. Shapes: (fleets, months) for fleets; one array an offer, by its starts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from ..models.months import Array
from ..models.scenario import Scenario
from ..models.values import USD_PER_MUSD, Values
from .block_readings import BlockReading
from .budgets import Floor, budgets_of, cash_by_year_musd, floors_of
from .cap_readings import CapReading
from .expansion_readings import ExpansionReadings
from .ledger import Ledger
from .ledger_lines import Line, total_usd
from .machine_readings import MachineReadings
from .offer_rules import OfferRules
from .policy_readings import PolicyReading, read_policy
from .program import FITTING_MW

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


class Readings:
    """A scenario's values per MW and its limits, the second code path of models/values.py and program.py."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.scenario: Scenario = values.scenario
        self.calendar = values.calendar
        self.ledger = Ledger(self.scenario)
        self.budgets = budgets_of(self.scenario)
        self.energised = {site.name: site.energised(self.calendar) for site in self.scenario.sites}
        self.suitable = {site.name: site.hpc_suitable(self.calendar) for site in self.scenario.sites}
        self.unreserved = {site.name: self._unreserved(site.name) for site in self.scenario.sites}

    @cached_property
    def rules(self) -> OfferRules:
        return OfferRules.of(self.values.offers)

    def _unreserved(self, site: str) -> Array:
        """[C5] Suitable MW less what tenants' rights reserve, shape (months,)."""
        mw = self.suitable[site].copy()
        for lease in sorted(self.scenario.leases_at(site), key=lambda lease: lease.name):
            if lease.status == "offered" and lease.reserved_until is not None:
                reserved = np.array([month < lease.reserved_until for month in self.calendar.months])
                mw -= reserved * lease.critical_it_mw * lease.gross_up
        return np.maximum(mw, 0.0)

    @cached_property
    def machines(self) -> MachineReadings:
        return MachineReadings(self.values, self.ledger)

    @cached_property
    def expansions(self) -> ExpansionReadings:
        return ExpansionReadings(self.values, self.ledger)

    @cached_property
    def owned_mw(self) -> Array:
        """[C2] Meter MW of each fleet without a decision about machines, shape (fleets, months)."""
        rows = [fleet.available_mw(self.calendar) for fleet in self.values.fleets]
        return self.machines.owned_mw(np.array(rows).reshape(len(rows), self.calendar.length))

    @cached_property
    def mining_musd(self) -> Array:
        """Value of one energised MW, USD million, shape (fleets, months), from the ledger's lines."""
        rows = [total(line.discounted_usd for line in self.ledger.mining(fleet)) for fleet in self.values.fleets]
        return np.array(rows).reshape(len(rows), self.calendar.length) / USD_PER_MUSD

    @cached_property
    def standing_musd(self) -> float:
        """Value that no decision changes, USD million."""
        return total_usd(self.ledger.standing) / USD_PER_MUSD

    @cached_property
    def lease_musd(self) -> list[Array]:
        """Value of one critical MW at each start, USD million, from the ledger's lines."""
        return [
            np.array(
                [sum(float(line.discounted_usd.sum()) for line in self.ledger.lease(offer.offer, start)) for start in offer.starts]
            )
            / USD_PER_MUSD
            for offer in self.values.offers
        ]

    @cached_property
    def occupied_mw(self) -> list[Array]:
        """Meter MW per critical MW, shape (starts, months) for each offer."""
        return [
            np.array([self.ledger.book(offer.offer, start).occupied_mw() for start in offer.starts]) for offer in self.values.offers
        ]

    @cached_property
    def let_mw(self) -> list[Array]:
        """[C7] Meter MW per critical MW that are let, shape (starts, months) for each offer."""
        return [np.array([self.ledger.book(offer.offer, start).let_mw() for start in offer.starts]) for offer in self.values.offers]

    @cached_property
    def delivered_mw(self) -> list[Array]:
        """[C5] Of these, those that are delivered."""
        return [
            np.array([self.ledger.book(offer.offer, start).let_mw(True) for start in offer.starts]) for offer in self.values.offers
        ]

    @cached_property
    def rent_kusd(self) -> list[Array]:
        """[C7] Rent of a critical MW, thousand USD, shape (starts, months) for each offer."""
        return [
            np.array([self.ledger.book(offer.offer, start).rent_kusd() for start in offer.starts]) for offer in self.values.offers
        ]

    @cached_property
    def policy(self) -> list[PolicyReading]:
        """[C5], [C7] The limits of the scenario's rules."""
        return read_policy(self)

    @cached_property
    def blocks(self) -> list[BlockReading]:
        """[V3] Blocks that are not resold in full, a site each."""
        return [BlockReading.of(use, self.ledger) for use in self.values.block_uses]

    @cached_property
    def firm_load_mw(self) -> list[Array]:
        """[V3] Meter MW around the clock that the landlord buys for a critical MW of each offer, shape (starts, months)."""
        return [
            float(offer.offer.power_paid_by == "landlord")
            * np.array([self.ledger.book(offer.offer, start).load_mw() for start in offer.starts])
            for offer in self.values.offers
        ]

    @cached_property
    def caps(self) -> list[CapReading]:
        """[V3] Energy caps, a site each."""
        capped = sorted(site.name for site in self.scenario.sites if site.energy_cap is not None)
        return [CapReading.of(self.values, self.ledger, site) for site in capped]

    @cached_property
    def needs_unreserved(self) -> list[Array]:
        """1 in the months in which no right reserves the offer's MW for it, shape (months,)."""
        found = []
        for offer in self.values.offers:
            until = offer.offer.reserved_until
            own = offer.offer.status == "offered" and until is not None
            found.append(np.array([0.0 if own and until and month < until else 1.0 for month in self.calendar.months]))
        return found

    @cached_property
    def capex_musd(self) -> list[Array]:
        """Landlord's capex as it counts against the budgets, by start and calendar year, USD million per critical MW.

        0 for signed leases.
        """
        years = np.array([month.year for month in self.calendar.months])
        found = []
        for offer in self.values.offers:
            rows = np.zeros((len(offer.starts), len(self.calendar.years)))
            for row, start in enumerate(offer.starts if offer.offer.status == "offered" else []):
                spent = self.ledger.book(offer.offer, start).spent_usd()
                for column, year in enumerate(self.calendar.years):
                    rows[row, column] = math.fsum(spent[years == year].tolist()) / USD_PER_MUSD
            found.append(rows)
        return found

    @cached_property
    def money_musd(self) -> list[Array]:
        """What a critical MW at each start takes of money, USD million: capex that counts in budgets, by calendar year, and beside
        it, where cash has floors, the cash that it takes (less what it brings), by calendar year. Shape (starts, 1 or 2 x years).
        """
        if not self.floors:
            return self.capex_musd
        taken = [
            np.array([-self.cash_by_year_musd(self.ledger.lease(offer.offer, start, building=False)) for start in offer.starts])
            for offer in self.values.offers
        ]
        return [np.hstack([capex, cash]) for capex, cash in zip(self.capex_musd, taken, strict=True)]

    @cached_property
    def mining_cash_musd(self) -> Array:
        """Cash of one energised MW, not discounted, USD million, shape (fleets, months), from the ledger's lines."""
        rows = [total(line.usd for line in self.ledger.mining(fleet)) for fleet in self.values.fleets]
        return np.array(rows).reshape(len(rows), self.calendar.length) / USD_PER_MUSD

    def cash_by_year_musd(self, lines: list[Line]) -> Array:
        """Cash of some lines of the ledger, not discounted, USD million, shape (years of the horizon,)."""
        return cash_by_year_musd(lines, self.calendar)

    @cached_property
    def floors(self) -> list[Floor]:
        """[C6] The floors of cash, with what decisions may use above them."""
        standing = self.cash_by_year_musd(self.ledger.standing)
        return list(floors_of(self.scenario, standing))

    def room(self, number: int) -> tuple[Array, Array, Array]:
        """Critical MW that energised MW, suitable MW and the budget leave beside what is signed, each of shape (starts,).

        Every expansion counts in full. Suitable MW never leave more than energised MW do.
        """
        power, suitable, budget = (_least_ratio(limit, use) for limit, use in self._left_over(number))
        return power, suitable, budget

    def _left_over(self, number: int) -> list[tuple[Array, Array]]:
        """What signed leases leave of energised MW, suitable MW (by month) and budgets, and a critical MW's use of it."""
        lease = self.values.offers[number].offer
        months = self.calendar.months
        own_right = np.array([lease.reserved_until is not None and month < lease.reserved_until for month in months])
        suitable = np.where(own_right, self.suitable[lease.site], self.unreserved[lease.site])
        signed = np.zeros(len(months))
        for other, occupied in zip(self.values.offers, self.occupied_mw, strict=True):
            if other.offer.status == "signed" and other.offer.site == lease.site:
                signed = signed + occupied[0] * other.offer.critical_it_mw
        budget = np.array([math.inf, *(row.limit_musd for row in self.budgets)])
        use, capex = self.occupied_mw[number], self.capex_musd[number]
        spent = np.array([np.zeros(len(use)), *(row.spent_musd(capex) for row in self.budgets)]).T
        energised = self.energised[lease.site] + self.expansions.most_mw(lease.site)
        suitable = suitable + self.expansions.most_mw(lease.site, suitable=True)
        return [(energised - signed, use), (suitable - signed, use), (budget, spent)]

    @cached_property
    def fitting(self) -> list[BoolArray]:
        """Starts at which a whole block fits beside what is signed, shape (starts,); every start of other offers."""
        found = []
        for number, offer in enumerate(self.values.offers):
            fits = np.ones(len(offer.starts), dtype=bool)
            if offer.offer.indivisible and offer.offer.status == "offered":
                for limit, use in self._left_over(number):
                    needed = use * offer.offer.critical_it_mw
                    fits &= np.all((needed <= 0) | (needed <= limit + FITTING_MW), axis=1)
            found.append(fits)
        return found


def total(rows: Iterable[Array]) -> Array | float:
    """Rows added up in their order; 0.0 of none."""
    found: Array | float = 0.0
    for row in rows:
        found = found + row
    return found


def _least_ratio(limit: Array, use: Array) -> Array:
    """How often each row of `use` fits under the limit: the least limit / use, where it uses anything, and never below 0."""
    ratio = np.full(use.shape, np.inf)
    np.divide(np.broadcast_to(limit, use.shape), use, out=ratio, where=use > 0)
    return np.asarray(np.maximum(np.min(ratio, axis=1), 0.0))
