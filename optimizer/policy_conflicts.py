"""Rules that no plan can keep, by arithmetic on the data, before any solver: each with what it asks for and what can be reached.

For each limit and month the best that the left side of the rule can be is reckoned from what is given (energised MW, machines,
signed leases) and from every offer and expansion at its largest, each rule by itself. Where even that misses the limit there is no
plan. What only several rules together rule out is found by the elastic program (elastic.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..models.lease import LeaseOffer
from ..models.mining import Fleet
from ..models.months import Array, Month
from ..models.policy import SIDES, TENANT_KINDS, PolicyRule, Side, tenant_of
from ..models.scenario import Scenario
from ..models.site import Site
from .ledger import Ledger
from .policy_rules import asks_for_mining, family_of
from .remedies import ROUNDED_UP_MW, Remedy
from .supplies import TOLERANCE_MW

Run = np.ndarray[Any, np.dtype[np.intp]]
UNIT = {"hashrate": "EH/s"}
"""Of the left side; MW where nothing else is said."""


@dataclass(frozen=True)
class PolicyConflict:
    """A limit of a rule that cannot be kept in a run of months; need and have in `unit` at the month of the largest shortage.

    An at-least limit needs what it asks for and has what can be reached; an at-most limit has what it allows and needs what is
    signed. of: the rule, with the tenant of a tenant rule. site: empty for all sites together. words: need and have, {} the figure.
    """

    rule: str
    family: str
    of: str
    site: str
    first: Month
    last: Month
    worst: Month
    need: float
    have: float
    unit: str
    words: tuple[str, str]
    remedies: tuple[Remedy, ...] = field(default=())

    @property
    def short(self) -> float:
        return self.need - self.have

    def __str__(self) -> str:
        run = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        changes = "; or ".join(remedy.words for remedy in self.remedies)
        need, have = (
            words.format(f"{figure:,.1f} {self.unit}") for words, figure in zip(self.words, (self.need, self.have), strict=True)
        )
        place = f"{self.of}, {self.site or 'all sites'}, {run}"
        return f"{place}: {need}, {have} (short {self.short:,.1f}). Smallest change: {changes}"


@dataclass(frozen=True)
class _Reach:
    """The best that a limit can come to, shape (months,) each: need, have, and the stated figure at which they would be equal."""

    need: Array
    have: Array
    figure: Array
    words: tuple[str, str]

    @property
    def short(self) -> Array:
        return self.need - self.have


def policy_conflicts(scenario: Scenario) -> list[PolicyConflict]:
    """Every limit that no plan keeps, by rule and run of months."""
    if not scenario.rules:
        return []
    amounts = _Amounts(scenario)
    found: list[PolicyConflict] = []
    for rule in sorted(scenario.rules, key=lambda rule: rule.name):
        for side in SIDES[rule.kind]:
            if rule.limit(side) is not None:
                for tenant in amounts.tenants(rule):
                    found += _of_limit(amounts, rule, side, tenant)
    return found


def _of_limit(amounts: _Amounts, rule: PolicyRule, side: Side, tenant: str) -> Iterator[PolicyConflict]:
    scenario, reach = amounts.scenario, amounts.reach(rule, side, tenant)
    if reach is None:
        return
    months, own = scenario.calendar.months, rule.months(scenario.calendar)
    short = reach.short > TOLERANCE_MW * np.maximum(1.0, np.abs(reach.need))
    if scenario.machine_moves and rule.site is None and asks_for_mining(rule):
        # A machine that may move is reckoned at both sites here, and once by the elastic program; without machines that has no row.
        short &= reach.have <= TOLERANCE_MW
    at = own[short[own]]
    for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(at) else []:
        worst = int(run[np.argmax(reach.short[run])])
        yield PolicyConflict(
            rule=rule.name,
            family=family_of(rule.kind, side),
            of=f"{rule.name}: {tenant}" if tenant else rule.name,
            site=rule.site or "",
            first=months[run[0]],
            last=months[run[-1]],
            worst=months[worst],
            need=float(reach.need[worst]),
            have=float(reach.have[worst]),
            unit=UNIT.get(rule.kind, "MW"),
            words=reach.words,
            remedies=tuple(_remedies(scenario, rule, side, reach, run)),
        )


# --- what can be reached -------------------------------------------------------------------------------------------------


class _Amounts:
    """MW of sites, machines, signed leases and offers of a scenario, by month; meter MW, shape (months,) each."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario, self.calendar, self.ledger = scenario, scenario.calendar, Ledger(scenario)
        self._known: dict[tuple[str, str], Array] = {}

    def sites(self, rule: PolicyRule) -> list[Site]:
        return [site for site in self.scenario.sites if rule.site in (None, site.name)]

    def fleets(self, site: Site) -> list[Fleet]:
        """Every fleet that may mine at a site, machines on offer too."""
        return [fleet for fleet in self.scenario.mining_fleets if fleet.site == site.name]

    def leases(self, rule: PolicyRule) -> list[LeaseOffer]:
        return [lease for lease in self.scenario.leases if rule.site in (None, lease.site)]

    def tenants(self, rule: PolicyRule) -> list[str]:
        if rule.kind not in TENANT_KINDS:
            return [""]
        return sorted({tenant_of(lease) for lease in self.leases(rule) if rule.tenant in (None, tenant_of(lease))})

    def largest(self, lease: LeaseOffer, what: str) -> Array:
        """Most meter MW of a lease in each month over its starts; what: let, delivered or occupied."""
        if (lease.name, what) not in self._known:
            starts = lease.starts(self.calendar)
            by_start = (
                self.ledger.book(lease, start).occupied_mw()
                if what == "occupied"
                else self.ledger.book(lease, start).let_mw(what == "delivered")
                for start in starts
            )
            rows = [lease.critical_it_mw * mw for mw in by_start]
            self._known[lease.name, what] = np.max(rows, axis=0) if rows else np.zeros(self.calendar.length)
        return self._known[lease.name, what]

    def total(self, leases: Sequence[LeaseOffer], what: str, status: str) -> Array:
        found = np.zeros(self.calendar.length)
        for lease in leases:
            if lease.status == status:
                found = found + self.largest(lease, what)
        return found

    def energised(self, rule: PolicyRule) -> Array:
        found: Array = np.sum([self.most_energised(site) for site in self.sites(rule)], axis=0)
        return found

    def most_energised(self, site: Site) -> Array:
        """With every expansion."""
        return site.energised(self.calendar) + site.most_expanded(self.calendar)

    def can_grow(self, rule: PolicyRule) -> bool:
        return any(site.counted_expansions for site in self.sites(rule))

    def free(self, site: Site) -> Array:
        """Energised MW that signed leases leave."""
        taken = self.total(self.scenario.leases_at(site.name), "occupied", "signed")
        return np.maximum(self.most_energised(site) - taken, 0.0)

    def most_mining(self, rule: PolicyRule, per_mw: Callable[[Any], float] = lambda fleet: 1.0) -> Array:
        """Most of what fleets make by their MW, on the MW that signed leases leave: the best machines first."""
        found = np.zeros(self.calendar.length)
        for site in self.sites(rule):
            left = self.free(site)
            for fleet in sorted(self.fleets(site), key=lambda fleet: (-per_mw(fleet), fleet.name)):
                mw = np.minimum(fleet.available_mw(self.calendar), left)
                found, left = found + per_mw(fleet) * mw, left - mw
        return found

    def most_let(self, rule: PolicyRule) -> Array:
        """Most MW let: what is signed and offered, at most the suitable MW of each site."""
        found = np.zeros(self.calendar.length)
        for site in self.sites(rule):
            here = self.scenario.leases_at(site.name)
            let = self.total(here, "let", "signed") + self.total(here, "let", "offered")
            suitable = site.hpc_suitable(self.calendar) + site.most_suitable_expanded(self.calendar)
            found = found + np.minimum(let, suitable)
        return found

    def most_load(self, rule: PolicyRule) -> Array:
        """Most MW that mine or are delivered, on the energised MW that are not dark or kept by buildings."""
        found = np.zeros(self.calendar.length)
        for site in self.sites(rule):
            here = self.scenario.leases_at(site.name)
            signed = self.total(here, "delivered", "signed")
            dark = self.total(here, "occupied", "signed") - signed
            machines = [fleet.available_mw(self.calendar) for fleet in self.fleets(site)]
            load = sum(machines, np.zeros(self.calendar.length)) + signed + self.total(here, "delivered", "offered")
            found = found + np.minimum(load, np.maximum(self.most_energised(site) - dark, 0.0))
        return found

    def reach(self, rule: PolicyRule, side: Side, tenant: str) -> _Reach | None:
        """What a limit comes to at best; None where nothing that is given can break it."""
        figure = rule.limit(side)
        assert figure is not None
        ones = np.ones(self.calendar.length)
        if rule.kind == "tenant_rent_share":  # left to the elastic program
            return None
        if rule.kind in TENANT_KINDS:
            return self._tenant(rule, figure, tenant)
        if rule.kind == "curtailable_share":
            mining, firm = self.most_mining(rule), self.total(self.leases(rule), "delivered", "signed")
            load = mining + firm
            words = (f"{{}} have to mine ({figure:g} of the load)", "at most {} can")
            return _Reach(figure * load, mining, _ratio(mining, load), words)
        base = self.energised(rule) if rule.kind in ("mining_share", "lease_share") else ones
        if side == "at_least":
            if rule.kind in ("mining_share", "lease_share") and self.can_grow(rule):
                return None  # what an expansion adds to both sides is left to the elastic program
            most = {
                "hashrate": lambda: self.most_mining(rule, lambda fleet: 1.0 / fleet.mw_per_eh),
                "mining_share": lambda: self.most_mining(rule),
                "lease_share": lambda: self.most_let(rule),
                "load": lambda: self.most_load(rule),
            }[rule.kind]()
            return _Reach(figure * base, most, _ratio(most, base), ASKED[rule.kind])
        if rule.kind not in ("lease_share", "load"):
            return None
        least = self.total(self.leases(rule), "let" if rule.kind == "lease_share" else "delivered", "signed")
        return _Reach(least, figure * base, _ratio(least, base), ("signed leases take {}", "at most {} are allowed"))

    def _tenant(self, rule: PolicyRule, figure: float, tenant: str) -> _Reach:
        own = [lease for lease in self.leases(rule) if tenant_of(lease) == tenant]
        signed = self.total(own, "let", "signed")
        if rule.kind == "tenant_mw":
            allowed = figure * np.ones(self.calendar.length)
            return _Reach(signed, allowed, signed, ("signed leases take {}", "at most {} are allowed"))
        others = [lease for lease in self.leases(rule) if tenant_of(lease) != tenant]
        every = signed + self.total(others, "let", "signed") + self.total(others, "let", "offered")
        words = ("signed leases take {}", f"at most {{}} are allowed ({figure:g} of all that can be let)")
        return _Reach(signed, figure * every, _ratio(signed, every), words)


ASKED = {
    "hashrate": ("{} have to be energised", "at most {} can be"),
    "mining_share": ("{} have to mine", "at most {} can"),
    "lease_share": ("{} have to be let", "at most {} can be"),
    "load": ("{} of load are asked for", "at most {} can be reached"),
}
"""What lower limits need and have, in words."""


def _ratio(part: Array, whole: Array) -> Array:
    """Part by part of the whole; 1 where there is nothing."""
    found = np.ones(len(part))
    np.divide(part, whole, out=found, where=whole > 0)
    return found


# --- the smallest changes --------------------------------------------------------------------------------------------------


def _remedies(scenario: Scenario, rule: PolicyRule, side: Side, reach: _Reach, run: Run) -> Iterator[Remedy]:
    """Another limit, or other months, that end the shortage of a run by themselves; the limit first."""
    name, written = SIDES[rule.kind][side], f'rules."{rule.name}".'
    if side == "at_least":
        limit = float(np.min(reach.figure[run])) * (1 - ROUNDED_UP_MW)
    else:
        limit = float(np.max(reach.figure[run])) * (1 + ROUNDED_UP_MW)
    if name.endswith("fraction"):
        limit = 1.0 if 1 < limit <= 1 + 2 * ROUNDED_UP_MW else limit
    if not name.endswith("fraction") or limit <= 1:
        yield Remedy(f"{name} {limit:,.4g} instead of {rule.limit(side):,.4g}", {f"{written}{name}": limit})
    months, own = scenario.calendar.months, rule.months(scenario.calendar)
    if run[0] == own[0] and run[-1] < own[-1]:
        start = months[run[-1]] + 1
        yield Remedy(f"the rule from {start} on", {f"{written}from": str(start)})
    if run[-1] == own[-1] and run[0] > own[0]:
        end = months[run[0]] + -1
        yield Remedy(f"the rule until {end}", {f"{written}to": str(end)})
