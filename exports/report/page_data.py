"""Everything that a report's page shows, as one plain dictionary."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from ... import __version__
from ...models.sources import is_assumption
from ...optimizer.compare import STEPS
from ...optimizer.curves import PARAMETERS
from ...optimizer.decision_map import MAP_TABLES, DecisionMap
from ...optimizer.ledger_lines import ITEMS
from ...optimizer.plan import Plan, plain
from ...optimizer.sensitivity import DEFAULT_CHANGE
from ...optimizer.tables import TABLES, Row, without_dust
from ..decision import not_counted
from ..figures import figures
from ..halvings import halvings
from .as_planned import planned_data
from .model_data import model_data
from .packing import packed_table
from .study import REPORT_BOX, Study

LONGEST_VALUE = 160
MOST_ROWS = 20_000
"""A longer table is left to `hashlease run --out`; a page that holds it would be slow."""
LABELS = {"hashprice": "Hashprice", "rent": "Rent of the offers", "power": "Power price"}
CURVE_COLUMNS = ("offer", "kind", "value", "break_even_rent_usd_per_kw_month", "break_even_rent_usd_per_meter_kw_month")
CHARTS = ("allocation", "cash", "map", "hours", "duration", "break_even", "waterfall", "tornado", "sites")
NEEDS_MODEL = frozenset({"allocation", "cash", "map", "hours", "duration", "break_even", "sites"})
SAID_ELSEWHERE = frozenset({"map", "sites"})
"""Charts whose absence a report tells at the head of the section (map), or which nobody misses (one site)."""
MAP_TITLES = {
    "plans": "plans of the map, best at the scenario's prices first",
    "plan_leases": "leases of each plan of the map",
    "changes": "where offers enter and leave along each axis of the map",
    "flips": "how far prices move until another plan wins by more than the tolerance",
}


def page_data(study: Study, charts: Sequence[str] = CHARTS) -> dict[str, Any]:
    """The data of a page with these charts; of all of them: the whole report, with its tables."""
    plan, whole = study.plan, tuple(charts) == CHARTS
    found: dict[str, Any] = {
        "title": plan.scenario.title or plan.scenario.name,
        "version": __version__,
        "verdict": plan.verdict,
        "npv_usd": plan.npv_usd,
        "valuation_date": str(plan.scenario.finance.valuation_date),
        "references": {one.name: one.npv_usd for one in plan.references if one.is_possible},
        "charts": [chart for chart in charts if not study.why_no_chart(chart)],
        "absent": {chart: why for chart in charts if chart not in SAID_ELSEWHERE and (why := study.why_no_chart(chart))},
        "offers": [{"name": lease.name, "signed": lease.status == "signed"} for lease in plan.scenario.leases],
        "fleets": list(
            dict.fromkeys([*(fleet.name for fleet in plan.scenario.fleets), *(row["fleet"] for row in plan.rows["fleets"])])
        ),
        "rents": {lease.name: lease.first_year_rent_usd_per_kw_month for lease in plan.scenario.leases},
        "groups": _groups(),
        "halvings": halvings(plan.rows["market"]),
    }
    if whole or NEEDS_MODEL & set(charts):
        found |= _model(study)
    if "break_even" in found["charts"]:
        found["curves"] = packed_table(CURVE_COLUMNS, study.curves)
        found["curves_left_out"] = max(len(plan.rows["leases"]) - len({row["offer"] for row in study.curves}), 0)
        found["curve_unit"] = PARAMETERS["hashprice"].unit
    if "tornado" in charts:
        found |= {"tornado": study.tornado, "tornado_change": DEFAULT_CHANGE}
    if "waterfall" in found["charts"]:
        found["waterfall"] = study.waterfall
    if whole:
        found |= {"tables": _tables(study), "notes": _notes(plan)}
    return plain_keys(found)


def plain_keys(found: dict[str, Any]) -> dict[str, Any]:
    """Plain data that JSON can hold."""
    data: dict[str, Any] = plain(found)
    return data


def as_json(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a page: no character in it can end a script or begin a tag."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    return "".join(escapes.get(c, c) for c in text) if any(c in text for c in escapes) else text


def _model(study: Study) -> dict[str, Any]:
    """What the charts of the plan and of the map need: plans that the page revalues, or the plan as it is."""
    terms = study.terms
    found = {"axes": axes(study), **({} if study.map is None else {"map": _map(study, study.map)})}
    if terms is None:
        return {**found, "planned": planned_data(study), "plan_today": 0}
    return {**found, "model": model_data(terms), "plan_today": study.plan_today, "all_mining": len(terms.decisions) - 1}


def _map(study: Study, found: DecisionMap) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "complete": found.complete,
        "bound_usd": max(found.bound_usd, 1.0),
        "tolerance_usd": found.tolerance_usd,
        "plans": len(found.decisions),
        "solves": found.solves,
        "simplices": found.simplices,
        "flips": found.rows["flips"],
        "holds_today": study.holds_today,
    }


def axes(study: Study) -> list[dict[str, Any]]:
    """Hashprice, rent and power price: what a multiplier of 1 is in market units, and the certified range (None: not an axis)."""
    units = units_today(study.plan)
    box = {} if study.map is None else {axis.name: (axis.low, axis.high) for axis in study.map.axes}
    found = []
    for name, label in LABELS.items():
        today, unit, meaning = units[name]
        low, high = box.get(name, REPORT_BOX[name])
        row = {"name": name, "label": label, "today": today, "unit": unit, "meaning": meaning, "low": low, "high": high}
        found.append({**row, "certified": name in box})
    return found


def units_today(plan: Plan) -> dict[str, tuple[float | None, str, str]]:
    """What a multiplier of 1 stands for: (value, unit, meaning); no value where there is nothing to multiply."""
    scenario = plan.scenario
    first = plan.rows["market"][0]["hashprice_usd_per_ph_day"]
    offers = [lease for lease in scenario.leases if lease.status == "offered"]
    mw = sum(lease.critical_it_mw for lease in offers)
    rent = sum(lease.critical_it_mw * lease.first_year_rent_usd_per_kw_month for lease in offers) / mw if mw else None
    tables = scenario.price_tables.values()
    usd = scenario.power.multiplier * sum(float(np.sum(table.month_usd_per_mw)) for table in tables)
    hours = sum(float(np.sum(table.month_hours)) for table in tables)
    span = f"{scenario.calendar.start} to {scenario.calendar.end}"
    return {
        "hashprice": (first, "USD/PH/day", f"in {scenario.calendar.start}; the whole path moves with it"),
        "rent": (rent, "USD/kW-month", "mean of the offers' first year by critical MW; signed rents stay"),
        "power": (
            usd / hours,
            "USD/MWh",
            f"mean market price around the clock, {span}; contracts stay",
        ),
    }


def _groups() -> list[dict[str, Any]]:
    """Items of the ledger by what they are a part of; items of no group are one of their own."""
    known = {item for items in STEPS.values() for item in items}
    found = [{"name": name, "items": list(items)} for name, items in STEPS.items()]
    rest = [item for item in ITEMS if item not in known]
    return [*found, {"name": "other items", "items": rest}] if rest else found


# --- tables -----------------------------------------------------------------------------------------------------------


def _tables(study: Study) -> list[dict[str, Any]]:
    plan, found = study.plan, []
    for name, columns in TABLES.items():
        about = " ".join((inspect.getdoc(getattr(Plan, name)) or "").split())
        found.append(_table(name, name.replace("_", " "), about, columns, [without_dust(row) for row in plan.rows[name]]))
    for name, rows in ({} if study.map is None else study.map.rows).items():
        found.append(_table(f"map_{name}", MAP_TITLES.get(name, name), "", MAP_TABLES[name], rows))
    sourced, assumed, silent = _inputs(plan)
    columns = ("input", "value", "source")
    found.append(_table("inputs", "inputs with a source", "", columns, sourced))
    found.append(
        _table("assumptions", "assumptions", "What nobody published: change it with --set, and look again.", columns, assumed)
    )
    if silent:
        found.append(_table("unsourced", "inputs with neither source nor reason", "", columns, silent))
    assert plan.certificate is not None
    parts = [dict(vars(part)) for part in plan.certificate.parts]
    found.append(_table("certificate", "certificate", "", tuple(parts[0]), parts))
    manifest = [{"what": key, "value": _text(value)} for key, value in plan.manifest.items() if key != "times_s"]
    found.append(_table("manifest", "manifest", "", ("what", "value"), manifest))
    return found


def _table(name: str, title: str, about: str, columns: Sequence[str], rows: list[Row]) -> dict[str, Any]:
    """A table of the page; one that is too long comes without its rows."""
    flat = [{column: _cell(row[column]) for column in columns} for row in (rows if len(rows) <= MOST_ROWS else [])]
    return {"name": name, "title": title, "about": about, "all_rows": len(rows), **packed_table(columns, flat)}


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        return _text(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value


def _text(value: Any) -> str:
    """A list or a table of fields as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_text(item) for item in value)
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _notes(plan: Plan) -> list[str]:
    """What the plan leaves out of account, and the notes on its input."""
    beyond = [] if plan.beyond is None else [not_counted(plan)]
    return [*beyond, *plan.warnings]


def _inputs(plan: Plan) -> tuple[list[Row], list[Row], list[Row]]:
    """Every stated figure: with a source, assumed, with neither."""
    found: tuple[list[Row], list[Row], list[Row]] = ([], [], [])
    for place, value, source in figures(plan.scenario):
        label = 2 if not source else 1 if is_assumption(source) else 0
        text = source.split(":", 1)[-1].strip() if label == 1 and ":" in source else source
        found[label].append({"input": place, "value": _shown(value), "source": text})
    return found


def _shown(value: Any) -> Any:
    """A number as it is, anything else in words."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    listed = isinstance(value, tuple | list)
    data = [_as_stated(item) for item in value] if listed else _as_stated(value)
    text = _text(data)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _as_stated(value: Any) -> Any:
    return value.model_dump(mode="json", by_alias=True, exclude_unset=True) if isinstance(value, BaseModel) else value
