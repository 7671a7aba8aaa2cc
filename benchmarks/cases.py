"""Synthetic but realistic scenarios, built through the project's own validated inputs; the same seed gives the same figures.

A site has three fleets (old machines until 2029 or 2030, today's until 2033 to 2035, new ones from 2029 on) and three lease
offers that together want more than the site has. Zones give their prices in turn as a month-hour profile and as duration bands.
The capital of all offers together exceeds the yearly budgets, so that sites compete for it.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from hashlease.models.scenario import Scenario

Json = dict[str, Any]

MONTHS = 180
STARTS = 6
SITES_PER_ZONE = 4
FLEETS_PER_SITE = OFFERS_PER_SITE = 3
CAPEX_SHARE_IN_BUDGET = 0.1
"""A year's budget as a share of the landlord's capex of all offers, which falls in 2026 and 2027."""
DURATION_SHARES = [0.02, 0.03, 0.05, *[0.10] * 8, 0.05, 0.025, 0.015, 0.005, 0.005]


def scenario(sites: int, starts: int = STARTS, months: int = MONTHS, hashprice_multiplier: float = 1.0) -> Scenario:
    """Sites x 3 fleets x 3 offers from January 2026 on; each offer may start in any of `starts` months in a row."""
    return Scenario.model_validate(_scenario(sites, starts, months, hashprice_multiplier))


def hourly_scenario(folder: Path, months: int) -> Scenario:
    """One site whose zone has another price in every hour, read from a file written to `folder`.

    A building is worth its cost at the end of so short a horizon; otherwise no lease could pay.
    """
    data = _scenario(1, STARTS, months, hashprice_multiplier=1.0)
    _write_hourly_prices(folder / "hourly.csv", months)
    data["power"]["zones"][0]["price"] = {
        "kind": "hourly",
        "file": "hourly.csv",
        "time_column": "utc",
        "price_column": "usd_per_mwh",
        "times_are": "utc",
        "convention": "hour_beginning",
    }
    for offer in data["leases"]:
        offer["residual_value_fraction_of_capex"] = 1.0
    return Scenario.model_validate(data, context={"folder": str(folder)})


def site_data(sites: int, starts: int, months: int) -> Json:
    """The fields of a scenario, for a benchmark that changes them."""
    return _scenario(sites, starts, months, hashprice_multiplier=1.0)


def _scenario(sites: int, starts: int, months: int, hashprice_multiplier: float) -> Json:
    random = np.random.default_rng(2026)
    rows = [_site(random, number) for number in range(sites)]
    leases = [offer_data(random, row, number, starts) for row in rows for number in range(OFFERS_PER_SITE)]
    capex = sum(
        offer["critical_it_mw"] * offer["capex_usd_per_critical_mw"] * (1 - offer["tenant_funded_capex_fraction"])
        for offer in leases
    )
    return {
        "name": f"{sites} sites",
        "horizon": {"end": _month(months - 1)},
        "market": {"hashprice": _hashprice(hashprice_multiplier)},
        "power": {"zones": [_zone(random, number) for number in range((sites - 1) // SITES_PER_ZONE + 1)]},
        "sites": rows,
        "fleets": [fleet for row in rows for fleet in _fleets(random, row)],
        "leases": leases,
        "finance": {
            "valuation_date": "2026-01-01",
            "dollars": "nominal",
            "discount_rate_per_year": {"mining": 0.14, "lease": 0.095, "capex": 0.095, "power_contract": 0.08},
            "capex_budget_usd": {year: round(CAPEX_SHARE_IN_BUDGET * capex) for year in (2026, 2027)},
        },
    }


def _month(number: int) -> str:
    """The month so many months after January 2026."""
    return f"{2026 + number // 12}-{number % 12 + 1:02d}"


def _uniform(random: np.random.Generator, low: float, high: float, digits: int = 2) -> float:
    return round(float(random.uniform(low, high)), digits)


def _hashprice(multiplier: float) -> Json:
    return {
        "kind": "network",
        "btc_price_usd": {"start": 90_000, "from": "2026-01", "growth_per_year": 0.10},
        "network_eh": {
            "anchors": {"2026-01": 980, "2028-04": 1350, "2029-04": 1350, "2032-04": 1750},
            "between": "geometric",
            "then_growth_per_year": 0.05,
        },
        "fees_fraction_of_subsidy": {"flat": 0.01},
        "multiplier": multiplier,
    }


# --- prices ----------------------------------------------------------------------------------------------------------


def _zone(random: np.random.Generator, number: int) -> Json:
    price = _profile(random) if number % 2 == 0 else _duration_bands(random)
    growth = {"start": 1.0, "from": "2026-01", "growth_per_year": 0.02}
    return {"name": f"Zone {number}", "time_zone": "America/Chicago", "price": {**price, "multiplier": growth}}


def _profile(random: np.random.Generator) -> Json:
    """12 x 24 mean prices: cheap at night and at solar noon, dear in summer evenings."""
    hour = np.arange(24)
    day = 28 + 14 * np.exp(-(((hour - 19) / 2.5) ** 2)) - 9 * np.exp(-(((hour - 12) / 3) ** 2)) - 5 * (hour < 6)
    season = 1 + 0.5 * np.exp(-(((np.arange(12) - 7) / 1.5) ** 2))
    rows = np.outer(season, day) * random.lognormal(0.0, 0.08, (12, 24))
    return {"kind": "month_hour_profile", "usd_per_mwh": rows.round(2).tolist()}


def _duration_bands(random: np.random.Generator) -> Json:
    """Mean prices of 16 shares of a month's hours, negative at one end and scarce at the other."""
    ordered = np.concatenate([[-8, 1, 5], np.linspace(11, 32, 8), [45, 70, 120, 260, 900]])
    rows = np.sort(ordered * random.lognormal(0.0, 0.15, (12, 1)), axis=1)
    return {"kind": "duration_bands", "share_of_hours_fraction": DURATION_SHARES, "usd_per_mwh": rows.round(2).tolist()}


def _write_hourly_prices(file: Path, months: int) -> None:
    """A price for each UTC hour of the horizon and a day on either side, with spikes and negative hours."""
    random = np.random.default_rng(months)
    first = datetime(2025, 12, 31, tzinfo=UTC)
    hours = (months * 31 + 2) * 24
    prices = 26 + 10 * np.sin(np.arange(hours) * 2 * np.pi / 24) + random.normal(0, 9, hours)
    prices += np.where(random.random(hours) < 0.02, random.pareto(1.5, hours) * 100, 0)
    with file.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["utc", "usd_per_mwh"])
        for number, price in enumerate(prices.clip(-200, 5_000).tolist()):
            rows.writerow([f"{first + timedelta(hours=number):%Y-%m-%dT%H:%M}", f"{price:.4f}"])


# --- sites -----------------------------------------------------------------------------------------------------------


def _site(random: np.random.Generator, number: int) -> Json:
    mw = round(float(random.uniform(100, 700)))
    suitable = [("2026-01", 0.5), ("2028-01", 0.75), ("2029-01", 1.0)]
    return {
        "name": f"Site {number}",
        "zone": f"Zone {number // SITES_PER_ZONE}",
        "energised_mw": mw,
        "hpc_suitable_mw": [{"from": month, "mw_total": round(share * mw, 1)} for month, share in suitable],
        "supply": {"kind": "index", "adder_usd_per_mwh": _uniform(random, 2, 6)},
        "demand_charge": {"usd_per_kw_month": {"flat": _uniform(random, 3, 7)}, "avoided_by_mining_fraction": 0.9},
    }


def _fleets(random: np.random.Generator, site: Json) -> list[Json]:
    kinds = [
        {"name": "old", "share": 0.4, "j_per_th": (26, 31), "retire_month": f"{random.integers(2029, 2031)}-01"},
        {"name": "today's", "share": 0.7, "j_per_th": (17, 22), "retire_month": f"{random.integers(2033, 2036)}-01"},
        {"name": "new", "share": 0.8, "j_per_th": (7, 10), "from": "2029-01", "fixed_opex_usd_per_mw_month": 17_000},
    ]
    return [
        {
            "site": site["name"],
            "overhead": 1.05,
            "pool_fee_fraction": 0.01,
            "uptime_fraction": 0.95,
            "variable_opex_usd_per_mwh": 8.0,
            "fixed_opex_usd_per_mw_month": 0,
            **{field: value for field, value in kind.items() if field != "share"},
            "name": f"{site['name']} {kind['name']}",
            "mw": round(kind["share"] * site["energised_mw"], 1),
            "j_per_th": _uniform(random, *kind["j_per_th"]),
        }
        for kind in kinds
    ]


def offer_data(random: np.random.Generator, site: Json, number: int, starts: int) -> Json:
    """A lease offer at a site, drawn."""
    gross_up = _uniform(random, 1.2, 1.45)
    earliest = int(random.integers(9, 19))
    return {
        "name": f"{site['name']} offer {number}",
        "site": site["name"],
        "status": "offered",
        "critical_it_mw": round(float(random.uniform(0.25, 0.6)) * site["energised_mw"] / gross_up, 1),
        "gross_up": gross_up,
        "rent_usd_per_kw_month": _uniform(random, 90, 150),
        "escalator_per_year": _uniform(random, 0.0, 0.03, 3),
        "term_years": int(random.choice([10, 12, 15])),
        "capex_usd_per_critical_mw": round(float(random.uniform(6e6, 11e6)), -5),
        "tenant_funded_capex_fraction": _uniform(random, 0.0, 0.8),
        "build_months": int(random.integers(6, 9)),
        "conversion_outage_months": int(random.integers(3, 7)),
        "opex_usd_per_kw_month": _uniform(random, 0, 8),
        "opex_fraction_of_rent": 0.15,
        "power_paid_by": "landlord" if number == 2 else "tenant",
        "load_factor_fraction": 0.8,
        "demand_charge_paid_by": "tenant",
        "residual_value_fraction_of_capex": _uniform(random, 0.0, 0.3),
        "mw_after_term": "returned",
        "start_window": {"earliest": _month(earliest), "latest": _month(earliest + starts - 1)},
    }
