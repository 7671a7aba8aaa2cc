"""Rules as the certificate reads them: from the statement of each rule and the contracts, not from the program's rows.

A rule counts something of the decisions, and a share is of something else; each is read as amounts per MW:

    counted - f x base  <= or >=  limit        base: what a share is of, where that is decided too; f: the stated fraction

A share of the energised MW has the limit f x the energised MW that are given, and the MW of expansions as its base.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import Array, Month
from ..models.policy import PolicyRule

SHORT_MW = 1e-6
"""Leases that miss a rule by less (of its limit, where that is above 1 MW) keep it."""

if TYPE_CHECKING:
    from .decisions import Decisions
    from .readings import Readings


@dataclass(frozen=True)
class PolicyReading:
    """One limit of a rule for one subject.

    family, of: the names of its rows. upper: whether the limit is an upper one. site: empty for all. unit: of both sides.
    applies: 1 in its months, else 0; limit: shape (months,) each. mining: of a meter MW of each fleet, shape (fleets,).
    leases: (offer, factor, MW per critical MW of shape (starts, months)) of the offers that count. expansions: the
    same of expansions, MW per meter MW.
    """

    rule: PolicyRule
    family: str
    of: str
    tenant: str
    upper: bool
    unit: str
    applies: Array
    limit: Array
    mining: Array
    leases: tuple[tuple[int, float, Array], ...]
    expansions: tuple[tuple[int, float, Array], ...] = ()

    @property
    def delivered(self) -> bool:
        """Whether leases count from the start of rent, and not from their conversion on."""
        return self.rule.kind in ("load", "curtailable_share")

    @property
    def counts_rent(self) -> bool:
        """Whether leases count with their rent, and not with their MW."""
        return self.rule.kind == "tenant_rent_share"

    @property
    def sign(self) -> float:
        """1 for an upper limit, -1 for a lower one."""
        return 1.0 if self.upper else -1.0

    def terms(self, plan: Decisions) -> Array:
        """What each fleet, offer and expansion adds to the left side, shape (those that count, months)."""
        rows = [weight * mw for weight, mw in zip(self.mining.tolist(), plan.mining_mw, strict=True) if weight]
        rows += [factor * (plan.lease_mw[number] @ mw) for number, factor, mw in self.leases]
        rows += [factor * (plan.expansion_mw[number] @ mw) for number, factor, mw in self.expansions]
        return np.array(rows).reshape(len(rows), len(self.limit))


def read_policy(readings: Readings) -> list[PolicyReading]:
    """Every limit of every rule."""
    return [found for rule in readings.scenario.rules for upper in (False, True) for found in _read(readings, rule, upper)]


def missed_by_leases(readings: Readings, lease_mw: Sequence[Array]) -> Iterator[tuple[PolicyReading, Month, float]]:
    """(rule, its worst month, MW that are short) of the rules that speak of leases alone and that leases miss, whichever expansions
    are bought.
    """
    for rule in readings.policy:
        if not np.any(rule.mining):
            used = sum((factor * (lease_mw[number] @ mw) for number, factor, mw in rule.leases), np.zeros(len(rule.limit)))
            for number, factor, mw in rule.expansions if rule.upper else ():
                used = used + factor * readings.expansions.offered[number] * np.max(mw, axis=0)
            over = rule.applies * rule.sign * (used - rule.limit)
            worst = int(np.argmax(over))
            if over[worst] > SHORT_MW * max(1.0, float(abs(rule.limit[worst]))):
                yield rule, readings.calendar.months[worst], float(over[worst])


def _read(readings: Readings, rule: PolicyRule, upper: bool) -> Iterator[PolicyReading]:
    side = "at_most" if upper else "at_least"
    stated = [getattr(rule, f"{side}_{unit}") for unit in ("eh", "mw", "fraction")]
    figure = next((value for value in stated if value is not None), None)
    if figure is None:
        return
    months = readings.calendar.months
    begins, ends = rule.first_month or months[0], rule.last_month or months[-1]
    applies = np.array([float(begins <= month <= ends) for month in months])
    for tenant in _subjects(readings, rule):
        mining, leases = _counted(readings, rule, tenant, figure)
        limit = figure * np.ones(len(months))
        if rule.kind in ("mining_share", "lease_share"):
            limit = figure * sum(mw for site, mw in readings.energised.items() if rule.site in (None, site))
        if rule.kind in ("curtailable_share", "tenant_share", "tenant_rent_share"):
            limit = np.zeros(len(months))
        of = f"{rule.name}: {tenant}" if tenant else rule.name
        unit = {"hashrate": "EH/s", "tenant_rent_share": "k USD"}.get(rule.kind, "MW")
        counted = tuple((number, factor, mw) for number, factor, mw in leases if factor)
        grown = tuple(_base_of_expansions(readings, rule, figure)) if rule.kind in ("mining_share", "lease_share") else ()
        yield PolicyReading(rule, f"{rule.kind}_{side}", of, tenant, upper, unit, applies, limit, mining, counted, grown)


def _base_of_expansions(readings: Readings, rule: PolicyRule, figure: float) -> Iterator[tuple[int, float, Array]]:
    """What expansions add to the energised MW that a share is of, less side: - f x MW that are there."""
    for number, there in enumerate(readings.expansions.there):
        if figure and rule.site in (None, readings.expansions.sites[number]):
            yield number, -figure, there


def _subjects(readings: Readings, rule: PolicyRule) -> list[str]:
    """Tenants of a tenant rule, in order; one nameless subject of any other rule."""
    if not rule.kind.startswith("tenant"):
        return [""]
    here = [offer.offer for offer in readings.values.offers if rule.site in (None, offer.offer.site)]
    names = {lease.tenant or lease.name for lease in here}
    return sorted(name for name in names if rule.tenant in (None, name))


def _counted(readings: Readings, rule: PolicyRule, tenant: str, figure: float) -> tuple[Array, list[tuple[int, float, Array]]]:
    """What is counted less the share of its base: (by fleet; offer, factor and MW of each offer)."""
    fleets, offers = readings.values.fleets, readings.values.offers
    here = np.array([float(rule.site in (None, fleet.site)) for fleet in fleets])
    lets = [float(rule.site in (None, offer.offer.site)) for offer in offers]
    let, delivered, nothing = readings.let_mw, readings.delivered_mw, np.zeros(len(fleets))
    if rule.kind == "hashrate":
        per_mw = np.array([1.0 / (fleet.efficiency_j_per_th * fleet.overhead) for fleet in fleets])
        return here * per_mw, []
    if rule.kind == "mining_share":
        return here, []
    if rule.kind == "lease_share":
        return nothing, _with(lets, let)
    if rule.kind == "load":
        return here, _with(lets, delivered)
    if rule.kind == "curtailable_share":
        return here - figure * here, _with([0.0 - figure * own for own in lets], delivered)
    theirs = [own * _is_of(offer.offer, tenant) for own, offer in zip(lets, offers, strict=True)]
    if rule.kind == "tenant_mw":
        return nothing, _with(theirs, let)
    shares = [own - figure * every for own, every in zip(theirs, lets, strict=True)]
    return nothing, _with(shares, readings.rent_kusd if rule.kind == "tenant_rent_share" else let)


def _with(factors: Sequence[float], mw: Sequence[Array]) -> list[tuple[int, float, Array]]:
    return [(number, factor, of) for number, (factor, of) in enumerate(zip(factors, mw, strict=True))]


def _is_of(lease: LeaseOffer, tenant: str) -> float:
    return float((lease.tenant or lease.name) == tenant)
