"""The plans of a decision map as plain data: what assets/evaluate.js needs to evaluate them at any prices, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...models.months import Array
from ...models.scenario import Scenario
from ...optimizer.plan_terms import PlanTerms
from ...optimizer.tables import lease_uses
from .packing import Packed, packed, plain_number

SAME_SHAPE = 1e-14
"""Rows of prices that are multiples of each other to this share are stored once, with their factors."""


def model_data(terms: PlanTerms) -> dict[str, Any]:
    """Zones, fleets, options, cash rows, plans, sites, discounting: PlanTerms in JSON."""
    scenario, calendar = terms.scenario, terms.calendar
    kinds = dict.fromkeys(["mining", *(row.kind for row in terms.rows)])
    return {
        "months": [str(month) for month in calendar.months],
        "zones": zones_data(scenario),
        "fleets": [
            {
                "site": fleet.site,
                "name": fleet.name,
                "zone": fleet.zone,
                "adder": fleet.adder_usd_per_mwh,
                "fixed_price": None if fleet.fixed_usd_per_mwh is None else packed(fleet.fixed_usd_per_mwh),
                "revenue": packed(fleet.revenue_usd_per_mwh),
                "pool_fee": fleet.pool_fee_fraction,
                "variable": fleet.variable_usd_per_mwh,
                "uptime": fleet.uptime_fraction,
                "fixed": fleet.fixed_usd_per_mw_month,
                "charge": packed(fleet.charge_usd_per_mw),
                "available": packed(fleet.available_mw),
            }
            for fleet in terms.fleets
        ],
        "options": _options(terms),
        "rows": [
            {
                "option": row.option,
                "site": row.site,
                "item": row.item,
                "name": row.name,
                "scales": row.scales,
                "when": row.when,
                "kind": row.kind,
                "usd": packed(np.broadcast_to(row.usd, calendar.length)),
            }
            for row in terms.rows
        ],
        "plans": [
            {
                "id": terms.ids[plan],
                "machines": [packed(mw) for mw in terms.machines_mw[plan]],
                "options": [plain_number(mw) for mw in terms.option_mw[plan]],
            }
            for plan in range(len(terms.decisions))
        ],
        "sites": [{"name": site.name, "energised": packed(site.energised(calendar))} for site in scenario.sites],
        "rates": {kind: terms.rate(kind) for kind in kinds},
        "years": {when: years.tolist() for when, years in terms.years.items()},
        "tax_rate": scenario.finance.tax_rate,
    }


def zones_data(scenario: Scenario) -> list[dict[str, Any]]:
    """Market prices by zone and month, USD/MWh ascending, with the hours at each price; zones by name."""
    tables, multiplier = scenario.price_tables, scenario.power.multiplier
    return [
        {"name": name, "price": _multiples(multiplier * tables[name].usd_per_mwh), "hours": _multiples(tables[name].hours)}
        for name in sorted(tables)
    ]


def _options(terms: PlanTerms) -> list[dict[str, Any]]:
    """Lease options, with meter MW of one critical MW by use as the plan's allocation has them; and decisions about machines and
    expansions, with MW that one MW adds to the site.
    """
    calendar = terms.calendar
    found: list[dict[str, Any]] = []
    for option in terms.leases:
        since = np.arange(calendar.length) - calendar.index(option.start)
        uses = {use: option.offer.gross_up * share[0] for use, share in lease_uses(option.offer, since[np.newaxis, :])}
        found.append(
            {
                "offer": option.offer.name,
                "site": option.offer.site,
                "start": str(option.start),
                "signed": option.offer.status == "signed",
                "uses": {use: packed(mw) for use, mw in uses.items() if np.any(mw)},
            }
        )
    return found + [
        {
            "offer": one.name,
            "site": one.site,
            "start": str(one.start),
            "uses": {},
            "kind": one.choice.kind,
            "adds": packed(one.added_mw),
        }
        for one in terms.dated
    ]


def _multiples(rows: Array) -> dict[str, Packed | list[Packed]]:
    """Rows that are multiples of each other as one row and factors: {"rows", "row": number by month, "times": factor by month}.

    A shape that is repeated year by year, or scaled to a forward curve, is told once.
    """
    kept: list[Array] = []
    known: dict[bytes, list[int]] = {}
    number, times = [], []
    for row in rows:
        at = int(np.argmax(np.abs(row)))
        shape = np.round(row / row[at], 9).tobytes() if row[at] else b""
        for candidate in known.get(shape, []):
            base = kept[candidate]
            factor = float(row[at] / base[at]) if base[at] else 1.0
            if factor > 0 and np.all(np.abs(row - factor * base) <= SAME_SHAPE * np.abs(row)):
                number.append(candidate)
                times.append(factor)
                break
        else:
            known.setdefault(shape, []).append(len(kept))
            number.append(len(kept))
            times.append(1.0)
            kept.append(row)
    return {"rows": [packed(row) for row in kept], "row": packed(number), "times": packed(times)}
