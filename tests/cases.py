"""Small scenarios for the tests: a plain one, and changes to it by field path."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from hashlease.models.scenario import Scenario

ONE_SITE: dict[str, Any] = {
    "name": "one_site",
    "horizon": {"end": "2027-12"},
    "market": {"hashprice": {"kind": "given", "usd_per_ph_day": {"flat": 48.0}}},
    "power": {
        "zones": [{"name": "Zone", "time_zone": "UTC", "price": {"kind": "flat", "usd_per_mwh": {"flat": 40.0}}}],
    },
    "sites": [
        {"name": "Site", "zone": "Zone", "energised_mw": 100.0, "supply": {"kind": "index", "adder_usd_per_mwh": 0.0}},
    ],
    "fleets": [
        {
            "name": "Fleet",
            "site": "Site",
            "mw": 100.0,
            "j_per_th": 20.0,
            "overhead": 1.0,
            "pool_fee_fraction": 0.0,
            "uptime_fraction": 1.0,
            "variable_opex_usd_per_mwh": 10.0,
            "fixed_opex_usd_per_mw_month": 0.0,
        }
    ],
    "leases": [
        {
            "name": "Offer",
            "site": "Site",
            "status": "offered",
            "critical_it_mw": 20.0,
            "gross_up": 1.25,
            "rent_usd_per_kw_month": 100.0,
            "escalator_per_year": 0.0,
            "term_years": 1.0,
            "capex_usd_per_critical_mw": 400_000.0,
            "tenant_funded_capex_fraction": 0.0,
            "build_months": 0,
            "conversion_outage_months": 0,
            "opex_usd_per_kw_month": 0.0,
            "power_paid_by": "tenant",
            "demand_charge_paid_by": "tenant",
            "residual_value_fraction_of_capex": 0.0,
            "mw_after_term": "returned",
            "start_window": {"earliest": "2026-01", "latest": "2026-01"},
        }
    ],
    "finance": {
        "valuation_date": "2026-01-01",
        "dollars": "nominal",
        "discount_rate_per_year": {"mining": 0.0, "lease": 0.0, "capex": 0.0, "power_contract": 0.0},
    },
}
"""One year of 8,760 hours is 2026. A MWh mined earns 48 / (0.024 x 20) = 100 USD, less 40 power and 10 opex: 50 USD.
A MW mined all year is worth 438,000 USD; a critical MW of the offer 1,200,000 - 400,000 = 800,000 USD, 640,000 per meter MW."""


def data(**changes: Any) -> dict[str, Any]:
    """The plain scenario with changes; keys are field paths with __ for points, rows by number: leases__0__gross_up=1.3.

    A value of None removes the field.
    """
    found = copy.deepcopy(ONE_SITE)
    for path, value in changes.items():
        target: Any = found
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("__"))
        for part in parents:
            target = target[part]
        if value is None:
            target.pop(last, None)
        else:
            target[last] = copy.deepcopy(value)
    return found


def scenario(folder: str | Path = ".", **changes: Any) -> Scenario:
    """The plain scenario with changes, validated."""
    return Scenario.model_validate(data(**changes), context={"folder": str(folder)})


def offer(name: str, **changes: Any) -> dict[str, Any]:
    """Another offer like the one of the plain scenario."""
    return {**copy.deepcopy(ONE_SITE["leases"][0]), "name": name, **changes}


def fleet(name: str, **changes: Any) -> dict[str, Any]:
    """Another fleet like the one of the plain scenario."""
    return {**copy.deepcopy(ONE_SITE["fleets"][0]), "name": name, **changes}


def machines(name: str = "New", **changes: Any) -> dict[str, Any]:
    """An offer of 50 MW at 15 J/TH for the plain scenario's site: 333,333 USD a MW, delivered in January 2026 for a year of use."""
    return {
        "name": name,
        "site": "Site",
        "mw": 50.0,
        "j_per_th": 15.0,
        "overhead": 1.0,
        "pool_fee_fraction": 0.0,
        "uptime_fraction": 1.0,
        "variable_opex_usd_per_mwh": 10.0,
        "fixed_opex_usd_per_mw_month": 0.0,
        "usd_per_th": {"flat": 5.0},
        "delivery_window": {"earliest": "2026-01", "latest": "2026-01"},
        "life_months": 12,
        "resale_usd_per_th": 1.0,
        **changes,
    }


RAMP = [{"from": "2026-01", "mw_total": 60.0}, {"from": "2026-06", "mw_total": 90.0}]
_PROFILE = [[round(10 + 3.7 * hour + 0.9 * month, 2) for hour in range(24)] for month in range(12)]
_ZONES = [
    {
        "name": "Zone",
        "time_zone": "America/Chicago",
        "price": {"kind": "month_hour_profile", "usd_per_mwh": _PROFILE, "multiplier": {"flat": 1.0}},
    },
    {"name": "Other", "time_zone": "UTC", "price": {"kind": "flat", "usd_per_mwh": {"flat": 45.0}}},
]
_RICH: dict[str, Any] = {
    "horizon__end": "2027-09",
    "power__zones": _ZONES,
    "sites": [
        {
            "name": "Site",
            "zone": "Zone",
            "energised_mw": 100.0,
            "hpc_suitable_mw": RAMP,
            "supply": {"kind": "index", "adder_usd_per_mwh": 3.0},
            "blocks": [{"name": "Block", "mw": 20.0, "usd_per_mwh": 35.0, "from": "2026-02", "to": "2026-11"}],
            "demand_charge": {"usd_per_kw_month": {"flat": 4.0}, "avoided_by_mining_fraction": 0.5},
        },
        {
            "name": "Fixed",
            "zone": "Other",
            "energised_mw": 40.0,
            "supply": {"kind": "fixed", "usd_per_mwh": {"flat": 38.0}},
            "demand_charge": {"usd_per_kw_month": {"flat": 2.0}, "avoided_by_mining_fraction": 0.0},
        },
    ],
    "fleets": [
        fleet("Old", mw=60.0, j_per_th=27.0, retire_month="2027-03", resale_usd_per_th=1.0),
        fleet("New", mw=60.0, j_per_th=17.0, fixed_opex_usd_per_mw_month=4000.0),
        fleet("Elsewhere", site="Fixed", mw=40.0),
    ],
    "leases": [
        offer("Landlord", power_paid_by="landlord", demand_charge_paid_by="landlord", rent_usd_per_kw_month=160.0),
        offer(
            "Window",
            start_window={"earliest": "2026-03", "latest": "2026-07"},
            build_months=2,
            conversion_outage_months=1,
            residual_value_fraction_of_capex=0.4,
        ),
        offer("Block lease", critical_it_mw=15.0, indivisible=True, rent_usd_per_kw_month=92.0),
        offer("Right", critical_it_mw=10.0, reserved_until="2026-05", start_window={"earliest": "2026-02", "latest": "2026-04"}),
        offer("There", site="Fixed", demand_charge_paid_by="landlord", extensions=[]),
        {
            key: value
            for key, value in offer("Signed", critical_it_mw=3.0, status="signed", start_month="2026-02").items()
            if key != "start_window"
        },
    ],
    "finance__discount_rate_per_year": {"mining": 0.14, "lease": 0.09, "capex": 0.1, "power_contract": 0.08},
    "finance__tax": {"rate_fraction": 0.21, "depreciation_years": 5.0},
    "finance__capex_budget_usd": {"2026": 9e6},
}


SUMMER: dict[str, int] = {"from_month_of_year": 6, "to_month_of_year": 9}
TERMS: dict[str, Any] = {
    "sites__0__delivery": {"usd_per_mwh": {"flat": 2.5}, "loss_fraction": 0.03},
    "sites__0__coincident_peaks": [
        {"name": "4CP", "usd_per_kw": {"flat": 16.0}, "avoided_fraction": 0.9, "off_hours_per_month": 30.0, **SUMMER},
        {"name": "Local", "usd_per_kw": {"flat": 1.0}, "avoided_fraction": 1.0, "off_hours_per_month": 50.0, "off_in": "average"},
    ],
    "sites__0__curtailments": [
        {"name": "Host", "off_hours_per_month": 8.0, "off_in": "cheapest", "from_month_of_year": 11, "to_month_of_year": 2}
    ],
    "sites__0__ancillary_services": [{"name": "RRS", "share_fraction": 0.3, "usd_per_mw_hour": {"flat": 6.0}}],
    "sites__0__standby": [
        {"name": "ERS", "share_fraction": 0.25, "usd_per_mw_month": {"flat": 5000.0}, "off_hours_per_month": 12.0, **SUMMER}
    ],
    "sites__1__delivery": {"usd_per_mwh": {"flat": 1.0}},
    "sites__1__ancillary_services": [{"name": "ECRS", "share_fraction": 1.0, "usd_per_mw_hour": {"flat": 3.0}, **SUMMER}],
}
"""All terms of a load, for the two sites below."""

_RESERVE = [[round((usd - 40) * 1.9 % 97, 2) for usd in row] for row in _PROFILE]
TERMS_BY_THE_HOUR: dict[str, Any] = {
    **TERMS,
    "power__zones": [
        {
            **_ZONES[0],
            "price": {
                "kind": "month_hour_profile",
                "usd_per_mwh": [[5.0 * round(usd / 5) for usd in row] for row in _PROFILE],
                "ancillary_usd_per_mw_hour": {"ECRS": _RESERVE},
                "multiplier": {"flat": 1.0},
            },
        },
        _ZONES[1],
    ],
    "sites__0__ancillary_services": [
        {"name": "RRS", "share_fraction": 0.1, "usd_per_mw_hour": {"flat": 6.0}},
        {"name": "ECRS", "share_fraction": 0.3, "hourly_prices": "ECRS", "from_month_of_year": 2},
    ],
}
"""The same with an ancillary price of each hour; several clock hours have one price of energy."""


def rich(**changes: Any) -> Scenario:
    """Two sites in 21 months with about everything that a scenario can say: power paid by landlords, blocks, rights, a budget."""
    return scenario(**{**_RICH, **changes})


def growing(**changes: Any) -> Scenario:
    """The same with expansions of both sites: one with halls, one by its window, one that pays at better prices alone."""
    grid = {"name": "Grid", "mw": 40.0, "capex_usd_per_mw": 150_000.0, "build_months": 2, "lead_months": 2}
    grid |= {"hpc_suitable_fraction": 0.5, "fixed_usd_per_mw_month": 900.0, "residual_fraction": 0.3}
    later = {
        "name": "Later",
        "mw": 10.0,
        "capex_usd_per_mw": 90_000.0,
        "lead_months": 1,
        "window": {"earliest": "2026-09", "latest": "2026-10"},
    }
    dear = {"name": "Dear", "mw": 20.0, "capex_usd_per_mw": 700_000.0, "lead_months": 3}
    own = {"sites__0__expansions": [grid, later], "sites__1__expansions": [dear], "fleets__2__mw": 60.0}
    return rich(**{**own, "fleets__0__mw": 110.0, "finance__capex_budget_usd": {"2026": 22e6}, **changes})
