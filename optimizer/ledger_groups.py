"""Items of the ledger that belong together wherever cash is summed up for people: pictures, comparisons, workbooks.

A new item of the ledger joins one of these; the tests ask that every grouping holds each item once.
"""

from __future__ import annotations

MINING = (
    "mining_revenue",
    "pool_fee",
    "mining_power",
    "mining_variable_opex",
    "mining_fixed_opex",
    "mining_demand_charge",
    "mining_losses",
    "mining_delivery",
    "mining_peak_charge",
    "peak_hours_forgone",
    "curtailment_forgone",
    "energy_cap_forgone",
    "ancillary_income",
    "standby_income",
)
"""Together the margin of mining before tax."""
MACHINES = ("machine_purchase", "machine_move")
"""What is spent on machines."""
EXPANSION = ("expansion_capex", "expansion_upkeep")
"""What is spent on more energised MW."""
RENT = (
    "rent",
    "hosting_fee",
    "hosting_revenue_share",
    "default_recovery",
    "credit_support",
    "service_credits",
    "late_delivery_penalty",
)
FEES = ("prepayment", "deposit", "termination_fee")
LEASE_POWER = ("lease_power", "lease_losses", "lease_delivery", "lease_demand_charge", "lease_peak_charge")
PROPERTY_COSTS = ("lease_ground_rent", "lease_property_tax", "lease_insurance", "lease_maintenance")
LEASE_COSTS = ("lease_opex", *PROPERTY_COSTS, *LEASE_POWER)
DEBT = ("debt_drawn", "debt_fees", "debt_interest", "debt_repaid")
COINS = ("treasury_held", "treasury_sale")
"""Coins that a treasury keeps, and their sale."""
LEASE_CAPEX = ("lease_capex", "gpu_capex")
RESIDUALS = ("residual_value", "gpu_resale")
