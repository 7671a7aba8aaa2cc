"""Rules that a company, a contract or a law sets over the decisions of a plan: each a limit on a sum of MW in each month.

What a rule counts, at its site or over all sites, in each of its months:

    hashrate            EH/s of the machines that are energised                                        at_least_eh, at_most_eh
    mining_share        MW that mine, of the energised MW                               at_least_fraction, at_most_fraction
    lease_share         MW let, of the energised MW                                     at_least_fraction, at_most_fraction
    load                MW that mine and MW under lease that are delivered                             at_least_mw, at_most_mw
    curtailable_share   MW that mine, which can be switched off, of that load                          at_least_fraction
    tenant_share        MW let to a tenant, of all MW let                                              at_most_fraction
    tenant_mw           MW let to a tenant                                                             at_most_mw
    tenant_rent_share   rent of a tenant in the month, of all rent                                     at_most_fraction

Rent is what the scenario states, as expected over options, delays and defaults; hosted machines count with the fee of all hours.
All MW are meter MW. MW let are taken by a lease from the first month of its conversion until it is over, with every option to
extend that has a probability; MW delivered are those whose rent has started, in the same term. MW that a building keeps after its
lease count as neither. A tenant rule that names no tenant holds for each of them; a lease that names none is a tenant by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from . import quantities as q
from .lease import LeaseOffer
from .months import Array, Calendar, Month
from .names import Name
from .refusal import Fault, listed, nearest, refusal
from .sources import Sourced

RuleKind = Literal[
    "hashrate", "mining_share", "lease_share", "load", "curtailable_share", "tenant_share", "tenant_mw", "tenant_rent_share"
]
Side = Literal["at_least", "at_most"]

SIDES: dict[RuleKind, dict[Side, str]] = {
    "hashrate": {"at_least": "at_least_eh", "at_most": "at_most_eh"},
    "mining_share": {"at_least": "at_least_fraction", "at_most": "at_most_fraction"},
    "lease_share": {"at_least": "at_least_fraction", "at_most": "at_most_fraction"},
    "load": {"at_least": "at_least_mw", "at_most": "at_most_mw"},
    "curtailable_share": {"at_least": "at_least_fraction"},
    "tenant_share": {"at_most": "at_most_fraction"},
    "tenant_mw": {"at_most": "at_most_mw"},
    "tenant_rent_share": {"at_most": "at_most_fraction"},
}
"""The fields in which each kind of rule states its limits."""
TENANT_KINDS = ("tenant_share", "tenant_mw", "tenant_rent_share")
BEFORE_TENANT = ": "
"""Between the name of a tenant rule and the tenant, where both are told."""
LIMIT_FIELDS = tuple(dict.fromkeys(field for sides in SIDES.values() for field in sides.values()))


class PolicyRule(Sourced):
    """One rule. It holds in every month of the horizon, or from a first to a last one."""

    name: Name
    kind: RuleKind
    site: Name | None = None
    """The site whose MW count; without it, all sites together."""
    tenant: Name | None = None
    """Of tenant rules: the tenant; without it, each one."""
    at_least_eh: Annotated[float, q.POLICY_HASHRATE] | None = None
    at_most_eh: Annotated[float, q.POLICY_HASHRATE] | None = None
    at_least_mw: Annotated[float, q.POLICY_MW] | None = None
    at_most_mw: Annotated[float, q.POLICY_MW] | None = None
    at_least_fraction: Annotated[float, q.FRACTION] | None = None
    at_most_fraction: Annotated[float, q.FRACTION] | None = None
    first_month: Month | None = Field(default=None, alias="from")
    last_month: Month | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _limits_fit(self) -> PolicyRule:
        fields = list(SIDES[self.kind].values())
        stated = [field for field in LIMIT_FIELDS if getattr(self, field) is not None]
        wrong = [field for field in stated if field not in fields]
        if wrong or not stated:
            found = f"{wrong[0]} in a rule of the kind {self.kind}" if wrong else f"no limit in a rule of the kind {self.kind}"
            raise refusal(found, " or ".join(fields), field=wrong[0] if wrong else "kind")
        if len(stated) == 2 and getattr(self, stated[0]) > getattr(self, stated[1]):
            found = f"{stated[0]} {getattr(self, stated[0]):g} above {stated[1]} {getattr(self, stated[1]):g}"
            raise refusal(found, "at_least not above at_most", field=stated[0])
        if self.tenant is not None and self.kind not in TENANT_KINDS:
            raise refusal(f"a tenant in a rule of the kind {self.kind}", f"none; {listed(TENANT_KINDS)} have one", field="tenant")
        if self.kind in TENANT_KINDS and BEFORE_TENANT in self.name:
            raise refusal(
                "a colon and a blank in the name of a tenant rule", "a name without, as the tenant's comes after them", field="name"
            )
        if self.first_month is not None and self.last_month is not None and self.last_month < self.first_month:
            raise refusal(f"to {self.last_month} before from {self.first_month}", "the same month or a later one", field="to")
        return self

    def limit(self, side: Side) -> float | None:
        """The limit on one side in the rule's own unit (EH/s, MW or a fraction); None if it has none there."""
        field = SIDES[self.kind].get(side)
        found: float | None = None if field is None else getattr(self, field)
        return found

    def months(self, calendar: Calendar) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Positions of the rule's months in the horizon, in order."""
        first = 0 if self.first_month is None else max(calendar.index(self.first_month), 0)
        last = calendar.length if self.last_month is None else min(calendar.index(self.last_month) + 1, calendar.length)
        return np.arange(first, max(first, last), dtype=np.intp)


def tenant_of(lease: LeaseOffer) -> str:
    """Who a tenant rule counts a lease for."""
    return lease.tenant if lease.tenant is not None else lease.name


def let_share(lease: LeaseOffer, n: np.ndarray[Any, np.dtype[np.signedinteger[Any]]], delivered: bool) -> Array:
    """Share of a lease's meter MW that is let in month n of the lease, or delivered; 0 once it is over."""
    share = lease.delivered_share(n) if delivered else lease.occupied_share(n)
    found: Array = np.where(n < lease.reserved_months, share, 0.0)
    return found


def rule_faults(rules: Sequence[PolicyRule], leases: Sequence[LeaseOffer], calendar: Calendar) -> Iterator[Fault]:
    """Tenants of rules whom no lease has, and rules of no month of the horizon."""
    tenants = [tenant_of(lease) for lease in leases]
    for number, rule in enumerate(rules):
        if rule.tenant is not None and rule.tenant not in tenants:
            allowed = f"one of: {listed(dict.fromkeys(tenants))}" if tenants else "a tenant of a lease; there is none"
            yield Fault(("rules", number, "tenant"), f"no lease of {rule.tenant}", allowed, nearest(rule.tenant, tenants))
        if not len(rule.months(calendar)):
            span = f"a rule from {rule.first_month or calendar.start} to {rule.last_month or calendar.end}"
            field = "to" if rule.last_month is not None and rule.last_month < calendar.start else "from"
            yield Fault(("rules", number, field), span, f"months of the horizon, {calendar.start} to {calendar.end}")
