"""[V4] What a leased building costs its owner whatever its tenant draws: ground rent, property tax, insurance, maintenance.

Who bears a cost is the tenant's share of it, and his share of what it rises above the first year's:

    triple net (NNN)       tenant_share_fraction 1 for tax, insurance and maintenance
    modified gross         tenant_share_fraction 0, tenant_share_of_rises_fraction 1 (base year), or any shares between
    gross                  tenant_share_fraction 0

    cost a(n)       = first year's x (1 + escalator)^floor(n / 12) x (1 - abated)      USD per critical MW and month
    tenant's t(n)   = first year's x [share + share of rises x ((1 + escalator)^floor(n / 12) - 1)] x (1 - abated)
    landlord's      = delivered share x probability that the lease runs x (a(n) - probability of a solvent tenant x t(n))

So after a default the landlord bears all of it until the lease would have ended. When a lease ends the building is handed back with
its residual value, which stands for what it costs from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .months import Array, WholeArray
from .refusal import refusal
from .sources import Sourced

if TYPE_CHECKING:
    from .lease import LeaseOffer

PropertyCostKind = Literal["ground_rent", "property_tax", "insurance", "maintenance"]


class PropertyCost(Sourced):
    """One cost of a leased building, and who bears it."""

    kind: PropertyCostKind
    usd_per_kw_month: Annotated[float, q.LEASE_OPEX] | None = None
    """Of critical IT, in the first year of the lease."""
    fraction_of_capex_per_year: Annotated[float, q.COST_OF_CAPEX] | None = None
    """In its place, by the year, of `capex_usd_per_critical_mw`, whoever funds that: of an assessed value, of a sum insured."""
    escalator_per_year: Annotated[float, q.ESCALATOR] = 0.0
    tenant_share_fraction: Annotated[float, q.FRACTION]
    tenant_share_of_rises_fraction: Annotated[float, q.FRACTION] | None = None
    """Of what the cost rises above the first year's; as tenant_share_fraction if it is left out."""
    abated_years: Annotated[int, q.ABATED_YEARS] = 0
    abated_fraction: Annotated[float, q.FRACTION] = 0.0
    """Of the cost, what is not due in the first `abated_years` years of the lease (a tax abatement)."""

    @model_validator(mode="after")
    def _stated_once(self) -> PropertyCost:
        amounts = (self.usd_per_kw_month, self.fraction_of_capex_per_year)
        if sum(amount is not None for amount in amounts) != 1:
            names = ("usd_per_kw_month", "fraction_of_capex_per_year")
            found = f"both {names[0]} and {names[1]}" if amounts[0] is not None else f"neither {names[0]} nor {names[1]}"
            raise refusal(found, "exactly one of the two", field=names[0])
        if bool(self.abated_years) != bool(self.abated_fraction):
            found = f"abated_years {self.abated_years} with abated_fraction {self.abated_fraction:g}"
            raise refusal(found, "both, or neither", "an abatement has a length and a size", field="abated_years")
        return self

    @property
    def share_of_rises(self) -> float:
        if self.tenant_share_of_rises_fraction is None:
            return self.tenant_share_fraction
        return self.tenant_share_of_rises_fraction

    def first_year_usd_per_month(self, lease: LeaseOffer) -> float:
        """Per critical MW, before an abatement."""
        if self.usd_per_kw_month is not None:
            return 1000.0 * self.usd_per_kw_month
        assert self.fraction_of_capex_per_year is not None
        return self.fraction_of_capex_per_year * lease.capex_usd_per_critical_mw / 12.0


def landlord_usd(lease: LeaseOffer, n: WholeArray, delivered: Array, in_force: Array, solvent: Array) -> Array:
    """What is left to the landlord of all property costs, USD per critical MW in months n from the start of rent."""
    usd = np.zeros(len(n))
    for cost in lease.property_costs:
        ladder = (1.0 + cost.escalator_per_year) ** (n // 12)
        tenants = solvent * (cost.tenant_share_fraction + cost.share_of_rises * (ladder - 1.0))
        due = np.where(n < 12 * cost.abated_years, 1.0 - cost.abated_fraction, 1.0)
        usd += cost.first_year_usd_per_month(lease) * due * (ladder - tenants)
    found: Array = usd * delivered * in_force
    return found


def check_kinds(costs: Sequence[PropertyCost]) -> None:
    """Refuses a kind that is stated twice."""
    kinds = [cost.kind for cost in costs]
    twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
    if twice:
        raise refusal(f"{twice[0]} twice", "each kind once", "add the two up", field="property_costs")
