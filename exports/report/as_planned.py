"""The plan at the scenario's own prices as plain data, for a page that cannot revalue it; assets/as_planned.js reads it.

MW and cash are the plan's own tables, hours are the ledger's; the plans of the decision map come with what they are worth along the
map's columns, straight lines in the rent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...models.months import Array
from ...models.values import USD_PER_MUSD, Multipliers
from ...optimizer.decision_map import DecisionMap
from ...optimizer.ledger import Ledger
from ...optimizer.machine_moves import there_mw
from ...optimizer.machine_table import machines_of_rows
from ...optimizer.tables import Row
from .model_data import zones_data
from .packing import packed, plain_number
from .study import REPORT_BOX, Study

COLUMNS = 193
"""The map is told at so many even steps of the hashprice."""
HOURS_NOTE = "Without the hours off for peaks and curtailments; MW in an ancillary service run on at prices above their break-even."


def planned_data(study: Study) -> dict[str, Any]:
    """Sites, MW, cash, hours and prices by month, and the map's plans where there is a map."""
    plan, calendar = study.plan, study.scenario.calendar
    allocation = _monthly(study, plan.rows["allocation"], ("site", "use", "name"), "mw")
    cash = _monthly(study, plan.rows["cash_flow"], ("site", "item", "name"), "usd")
    worth = _monthly(study, plan.rows["cash_flow"], ("site", "item", "name"), "discounted_usd")
    return {
        "months": [str(month) for month in calendar.months],
        "zones": zones_data(study.scenario),
        "sites": [site.name for site in study.scenario.sites],
        "allocation": [
            {"site": site, "use": use, "name": name, "mw": packed(np.where(np.abs(mw) < 1e-7, 0.0, mw))}
            for (site, use, name), mw in allocation.items()
        ],
        "cash": [
            {"site": site, "item": item, "name": name, "usd": packed(usd), "discounted": float(worth[site, item, name].sum())}
            for (site, item, name), usd in cash.items()
        ],
        "fleets": list(_fleets(study, allocation)),
        "hours_note": HOURS_NOTE if any(site.has_terms for site in study.scenario.sites) else "",
        **({} if study.map is None else _map_lines(study.map)),
    }


def _monthly(study: Study, rows: Iterable[Row], key: tuple[str, str, str], column: str) -> dict[tuple[str, str, str], Array]:
    """A column of a table by month."""
    calendar = study.scenario.calendar
    place = {str(month): t for t, month in enumerate(calendar.months)}
    found: dict[tuple[str, str, str], Array] = defaultdict(lambda: np.zeros(calendar.length))
    for row in rows:
        found[row[key[0]], row[key[1]], row[key[2]]][place[row["period"]]] += row[column]
    return found


def _fleets(study: Study, allocation: dict[tuple[str, str, str], Array]) -> Iterable[dict[str, Any]]:
    """Energy of each fleet by month, MWh (mined, curtailed, of machines that no use pays for), and its break-even market price."""
    scenario, calendar, values = study.scenario, study.scenario.calendar, study.values
    ledger, zones = Ledger(scenario), sorted(scenario.price_tables)
    none = np.zeros(calendar.length)
    there = there_mw(values, machines_of_rows(values, study.plan.rows["machines"]))
    left = {site.name: allocation.get((site.name, "idle", ""), none).copy() for site in scenario.sites}
    for k, fleet in enumerate(values.fleets):
        site = scenario.site(fleet.site)
        mw, available = allocation.get((fleet.site, "mining", fleet.name), none), there[k]
        still = np.clip(available - mw, 0.0, left[fleet.site])
        left[fleet.site] -= still
        hours, runs = fleet.uptime_fraction * values.site_power(fleet.site).month_hours, ledger.mwh_per_mw(fleet)
        earned = fleet.break_even_usd_per_mwh(ledger.hashprice_usd_per_ph_day) - site.delivery_usd_per_mwh(calendar)
        at_index = site.supply.kind == "index"
        yield {
            "site": fleet.site,
            "name": fleet.name,
            "zone": zones.index(site.zone),
            "at_index": at_index,
            "mined": packed(mw * runs),
            "curtailed": packed(mw * (hours - runs)),
            "still": packed(still * hours),
            "edge": packed(earned / site.loss_factor - site.supply.adder_usd_per_mwh if site.supply.kind == "index" else none),
            "share": packed(np.divide(runs, hours, out=none.copy(), where=hours > 0)),
            "available": packed(available),
        }


def _map_lines(found: DecisionMap) -> dict[str, Any]:
    """Hashprices; each plan's value in USD at a rent of 0 and per unit of the rent multiplier at them; the offers it takes."""
    box = {axis.name: (axis.low, axis.high) for axis in found.axes}
    hashprices = np.linspace(*box.get("hashprice", REPORT_BOX["hashprice"]), COLUMNS)
    level = np.array([found.values.at(Multipliers(h, 0.0, 1.0)) for h in hashprices.tolist()]) * USD_PER_MUSD
    slope = found.values.at(Multipliers(1.0, 1.0, 1.0)) * USD_PER_MUSD - found.values.at(Multipliers(1.0, 0.0, 1.0)) * USD_PER_MUSD
    offered = {lease.name for lease in found.scenario.leases if lease.status == "offered"}
    leases: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in found.rows["plan_leases"]:
        if row["offer"] in offered:
            leases[row["plan"] - 1][row["offer"]] += row["critical_mw"]
    return {
        "hashprices": hashprices.tolist(),
        "plans": [
            {
                "level": [round(usd, 2) for usd in level[:, plan].tolist()],
                "slope": plain_number(slope[plan]),
                "leases": [[offer, mw] for offer, mw in leases[plan].items()],
            }
            for plan in range(len(found.decisions))
        ],
    }
