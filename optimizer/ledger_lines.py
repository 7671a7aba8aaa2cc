"""The lines of the ledger: what each is, when its cash falls, at which rate it is discounted, and whether it is taxed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..models.months import Array

ITEMS = {
    "mining_revenue": "block rewards and fees earned, before the pool's fee",
    "pool_fee": "kept by the mining pool",
    "mining_power": "energy of the hours mined, at the site's price",
    "mining_variable_opex": "other cost per MWh mined",
    "mining_fixed_opex": "cost per energised MW and month",
    "mining_demand_charge": "charge per kW that mining does not avoid by switching off",
    "mining_losses": "energy bought and lost on the way to the meter, for the hours mined",
    "mining_delivery": "delivery charge of the hours mined",
    "mining_peak_charge": "coincident-peak charges that mining does not avoid",
    "peak_hours_forgone": "margin of the hours in which mining is off to avoid coincident peaks; the lines above contain it",
    "curtailment_forgone": "margin of the hours in which mining is curtailed or called on; the lines above contain it",
    "energy_cap_forgone": "margin of the hours that an energy cap makes mining give up; the lines above contain it",
    "ancillary_income": "ancillary services sold while mining runs",
    "standby_income": "demand-response programmes, for being ready",
    "treasury_held": "mined coins that are kept, at the price at which they were mined",
    "treasury_sale": "kept coins sold",
    "machine_sale": "machines sold before or at retirement, at the end of their life or of the horizon",
    "machine_purchase": "machines bought",
    "machine_move": "cost of moving machines to another site",
    "expansion_capex": "substation, line and site works of expansions",
    "expansion_upkeep": "fixed cost of the MW of expansions",
    "rent": "rent, as expected over the tenant's extension options",
    "hosting_fee": "fee per kWh of hosted machines, with minimum bills",
    "hosting_revenue_share": "the host's share of what hosted machines mine, or of its profit",
    "lease_opex": "operating cost of leased MW",
    "lease_ground_rent": "rent of the ground under leased buildings, as far as their tenants do not bear it",
    "lease_property_tax": "property tax of leased buildings, as far as their tenants do not bear it",
    "lease_insurance": "insurance of leased buildings, as far as their tenants do not bear it",
    "lease_maintenance": "maintenance of leased buildings, as far as their tenants do not bear it",
    "lease_power": "energy of leased MW, where the landlord pays it",
    "lease_losses": "energy bought and lost on the way to leased MW, where the landlord pays their power",
    "lease_delivery": "delivery charge of leased MW, where the landlord pays their power",
    "lease_demand_charge": "charge per kW of leased MW, where the landlord pays it",
    "lease_peak_charge": "coincident-peak charges of leased MW, where the landlord pays charges per kW",
    "lease_capex": "the landlord's part of construction",
    "gpu_capex": "GPUs that the landlord buys and renews for an AI cloud",
    "gpu_resale": "GPUs sold when they are renewed, at the end of the lease, or of the horizon",
    "default_recovery": "what comes in of rent lost through a tenant's default, as expected",
    "credit_support": "what a guarantor pays of rent lost through a tenant's default, as expected",
    "service_credits": "rent lost to downtime under the service level, as expected",
    "late_delivery_penalty": "paid to the tenant for MW that are late, as expected",
    "termination_fee": "for ending a lease early: the tenant's (positive) or the landlord's, as expected",
    "prepayment": "rent paid ahead, its credits against later rent, and what is paid back",
    "deposit": "security deposit received and returned",
    "debt_drawn": "what a lender pays out for construction",
    "debt_fees": "the lender's fees on it",
    "debt_interest": "interest paid to the lender",
    "debt_repaid": "paid back to the lender; what is owed at the end of the horizon is paid back then",
    "residual_value": "the building at the end of the lease, or of the horizon; an expansion at the end of the horizon",
    "block_settlement": "fixed power blocks as if unused: MW x (what resale brings, by default the index, - block price)",
    "block_energy_used": "energy of blocks that is used instead of resold: MWh x (index - what resale brings)",
    "income_tax": "tax on all of the above, with depreciation of lease capex, bought machines and expansions",
}


UNTAXED = (
    "lease_capex",
    "gpu_capex",
    "machine_purchase",
    "expansion_capex",
    "deposit",
    "debt_drawn",
    "debt_repaid",
    "treasury_held",
)
"""Capex and the price of machines are deducted through their depreciation; a deposit is a debt, of which only what a default
forfeits is income; loans are neither income nor expense; coins are taxed when they are mined, sold or not.
"""

When = Literal["first day", "middle", "last day"]
Kind = Literal["mining", "lease", "capex", "power_contract", "debt"]
"""Kind of cash flow: which of the discount rates applies."""


@dataclass(frozen=True)
class Line:
    """One line of the ledger: cash in each month and the same discounted, USD, shape (months,).

    name: the fleet, offer or block it belongs to. when: the day of the month on which the cash falls. kind: at which rate it is
    discounted. paid_in: of lines per MW, position of the month in which cash of other months falls (coins that were kept).
    """

    site: str
    item: str
    name: str
    when: When
    kind: Kind
    usd: Array
    discounted_usd: Array
    paid_in: int | None = None

    def times(self, mw: Array | float) -> Line:
        """The line of so many MW, its cash in the month in which it falls."""
        usd, discounted = self.usd * mw, self.discounted_usd * mw
        if self.paid_in is not None:
            there = np.arange(len(usd)) == self.paid_in
            usd, discounted = there * math.fsum(usd.tolist()), there * math.fsum(discounted.tolist())
        return Line(self.site, self.item, self.name, self.when, self.kind, usd, discounted)


def day_of(line: Line) -> tuple[When, Kind, int | None]:
    """When the cash of a line falls and at which rate it is discounted."""
    return line.when, line.kind, line.paid_in


def total_usd(lines: list[Line]) -> float:
    """Discounted cash of all lines (exact summation over the lines)."""
    return math.fsum(float(line.discounted_usd.sum()) for line in lines)


def gross_usd(lines: list[Line]) -> float:
    """Sum of the sizes of all discounted amounts: the scale against which differences are judged."""
    return math.fsum(float(np.abs(line.discounted_usd).sum()) for line in lines)
