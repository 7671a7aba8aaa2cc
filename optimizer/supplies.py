"""What signed leases of a site may use by each rule, every expansion included, and what they need: conflicts are read from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import Array, Month
from ..models.scenario import Scenario
from ..models.site import Site
from .ledger import Ledger

TOLERANCE_MW = 1e-6
ENERGISED, SUITABLE, UNRESERVED = "energised", "suitable for leases", "suitable for leases and not reserved"
"""Rules by what they give."""


@dataclass(frozen=True)
class Supply:
    """What signed leases of a site may use by one rule, and what they need; meter MW, shape (months,).

    short: where the need exceeds it. needs: by lease. reserved: of `have`, what rights take away.
    """

    scenario: Scenario
    site: Site
    rule: str
    have: Array
    needs: dict[str, Array]
    reserved: Array

    @property
    def need(self) -> Array:
        found: Array = np.sum(list(self.needs.values()), axis=0)
        return found

    @property
    def short(self) -> Array:
        return self.need - np.maximum(self.have, 0.0)


def supplies(scenario: Scenario, site: Site) -> list[Supply]:
    """The rules that signed leases of a site are under, the first to be looked at first; none without signed leases."""
    ledger, calendar = Ledger(scenario), scenario.calendar
    signed = [lease for lease in sorted(scenario.leases_at(site.name), key=lambda lease: lease.name) if lease.status == "signed"]
    if not signed:
        return []
    needs = {lease.name: lease.critical_it_mw * ledger.book(lease, start_of(lease)).occupied_mw() for lease in signed}
    energised = site.energised(calendar) + site.most_expanded(calendar)
    suitable = site.hpc_suitable(calendar) + site.most_suitable_expanded(calendar)
    reserved = scenario.reserved_mw(site.name)
    none = np.zeros(calendar.length)
    return [
        Supply(scenario, site, ENERGISED, energised, needs, none),
        Supply(scenario, site, SUITABLE, suitable, needs, none),
        Supply(scenario, site, UNRESERVED, suitable - reserved, needs, reserved),
    ]


def start_of(lease: LeaseOffer) -> Month:
    """Start of rent of a signed lease."""
    assert lease.start_month is not None
    return lease.start_month
