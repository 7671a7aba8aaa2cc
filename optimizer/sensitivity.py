"""What the plan's value hangs on: every input moved both ways, and what one more MW, dollar or start is worth; by exact re-solves.

The horizon stays where it is today, also where a longer term would move its default end: values over other horizons say nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, Problem
from ..models.months import Month
from ..models.scenario import Scenario
from ..models.site import Site
from ..scenarios.vary import Spot, name_of, numbers, read, spots, vary
from .diagnosis import NoPlanError
from .series import OPTIMAL, Answer, Series
from .tables import Row

DEFAULT_CHANGE = 0.1
DEFAULT_MOST = 10
LARGEST_CHANGE = 0.9
SAME_MW = 1e-6
UNITS = {
    "usd_per_kw_month": "USD/kW-month",
    "usd_per_critical_mw": "USD per critical MW",
    "usd_per_mw_month": "USD/MW-month",
    "usd_per_mwh": "USD/MWh",
    "usd_per_ph_day": "USD/PH/day",
    "usd_per_th": "USD/TH",
    "j_per_th": "J/TH",
    "per_year": "a year",
    "per_day": "a day",
    "years": "years",
    "fraction": "share",
    "eh": "EH/s",
    "mw": "MW",
    "usd": "USD",
}
"""Units at the end of a field's name, longest first."""
BUDGET_STEP_USD = 1e6


@dataclass(frozen=True)
class _Input:
    """One input: its path, and its spots (several where the path names rows with `*`)."""

    path: str
    spots: tuple[Spot, ...]


def tornado(
    scenario: Scenario,
    paths: Iterable[str] = (),
    change: float = DEFAULT_CHANGE,
    most: int = DEFAULT_MOST,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Row]:
    """NPV of the optimum with each input lower and higher by a share, the widest swing first.

    paths: the inputs; by default every number that the scenario states (but probabilities of what is certain), of which the `most`
    that matter most are returned; one whose effect is that of another (a price and its multiplier) is left out and named in
    `same_as_others`. A side that the input's
    bounds do not allow is None. plan_changes: whether the leases change. Raises InputError for a path that is no number or a
    change outside (0, 0.9], NoPlanError where the scenario has no plan.
    """
    paths = list(paths)
    inputs = _inputs(scenario, paths, change, most)
    scenario = scenario.until(scenario.calendar.end)
    series = Series()
    today = series.solve(scenario)
    if today.npv_usd is None:
        raise NoPlanError([today.why])
    rows: list[Row] = []
    sides = (("low", 1 - change), ("high", 1 + change))
    for number, one in enumerate(inputs):
        if progress is not None:
            progress("inputs", number, len(inputs))
        value = read(scenario, one.spots[0])
        row: Row = {"path": one.path, "label": _label(scenario, one), "today": value}
        for side, factor in sides:
            moved = {name_of(scenario, spot): _moved(read(scenario, spot), factor, spot) for spot in one.spots}
            answer = _solved(series, scenario, moved)
            row[side] = None if answer is None else next(iter(moved.values()))
            row[f"npv_{side}_usd"] = None if answer is None else answer.npv_usd
            row[f"plan_changes_{side}"] = None if answer is None else _differs(answer, today)
        if len(one.spots) > 1:  # several values: told as factors
            row |= {"today": 1.0, **{side: None if row[side] is None else factor for side, factor in sides}}
        row["npv_today_usd"] = today.npv_usd
        row["swing_usd"] = _swing(row)
        row["same_as_others"] = []
        rows.append(row)
    rows.sort(key=lambda row: -row["swing_usd"])
    return rows if paths else _distinct([row for row in rows if row["swing_usd"] > 0])[:most]


def _inputs(scenario: Scenario, paths: list[str], change: float, most: int) -> list[_Input]:
    problems: list[Problem] = []
    if most < 1:
        problems.append(Problem("sensitivity", "most", f"{most}", "1 or more"))
    if not (math.isfinite(change) and 0 < change <= LARGEST_CHANGE):
        allowed = f"a share above 0 and at most {LARGEST_CHANGE:g}"
        problems.append(Problem("sensitivity", "change", f"{change:g}", allowed, "10 % is 0.1"))
    found: list[_Input] = []
    for path in paths:
        try:
            places = tuple(spot for spot in spots(scenario, path) if read(scenario, spot) is not None)
            wrong = [spot for spot in places if not _is_number(read(scenario, spot))]
            if wrong or not places:
                problems.append(Problem("sensitivity", path, "no number", "a field that holds a number"))
            else:
                found.append(_Input(path, places))
        except InputError as fault:
            problems += fault.problems
    if problems:
        raise InputError(problems)
    if paths:
        return found
    certain = {spot for spot, value in numbers(scenario) if spot[-1] == "probability" and value == 1.0}
    return [_Input(name_of(scenario, spot), (spot,)) for spot, value in numbers(scenario) if value and spot not in certain]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moved(value: float, factor: float, spot: Spot) -> float:
    """The value times the factor; years to whole months, counts to whole numbers but at least by one."""
    moved = value * factor
    if str(spot[-1]).endswith("years"):
        return round(12 * moved) / 12
    if isinstance(value, int):
        return value + math.copysign(max(1, round(abs(value * (factor - 1)))), factor - 1)
    return moved


def _solved(series: Series, scenario: Scenario, moved: dict[str, float]) -> Answer | None:
    """None where the moved values are no scenario, or have no plan."""
    try:
        answer = series.solve(vary(scenario, moved))
    except InputError:
        return None
    return answer if answer.verdict == OPTIMAL else None


def _differs(answer: Answer, today: Answer) -> bool:
    before, after = today.critical_mw(), answer.critical_mw()
    return any(abs(before[name] - after[name]) > SAME_MW for name in before)


def _distinct(rows: list[Row]) -> list[Row]:
    """Without rows that have the NPVs of a row before them, whose paths that row names."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(None if row[f"npv_{side}_usd"] is None else round(row[f"npv_{side}_usd"]) for side in ("low", "high"))
        if key in found:
            found[key]["same_as_others"].append(row["path"])
        else:
            found[key] = row
    return list(found.values())


def _swing(row: Row) -> float:
    ends = [row["npv_today_usd"], *(row[f"npv_{side}_usd"] for side in ("low", "high") if row[f"npv_{side}_usd"] is not None)]
    return float(max(ends) - min(ends))


def _label(scenario: Scenario, one: _Input) -> str:
    """Rows by their names and the field in words, with its unit in brackets."""
    if len(one.spots) > 1:
        return f"{one.path} (factor)"
    words: list[str] = []
    value: Any = scenario
    for part in one.spots[0]:
        value = read(value, (part,)) if not isinstance(part, int) else value[part]
        if isinstance(part, int):
            words[-1] = str(getattr(value, "name", f"{words[-1]}, step {part + 1}"))
        else:
            words.append(_in_words(part))
    return ": ".join(words)


def _in_words(field: str) -> str:
    """A field's name in words, its unit in brackets."""
    for suffix, unit in UNITS.items():
        if field.endswith(f"_{suffix}"):
            return f"{field.removesuffix(f'_{suffix}').replace('_', ' ')} ({unit})"
    return field.replace("_", " ")


# --- one more ------------------------------------------------------------------------------------------------------------


def one_more(scenario: Scenario) -> list[Row]:
    """What one more MW (energised, suitable), budget dollar or start is worth: NPV of the optimum with it less today's, USD.

    A MW is added through the whole horizon; a budget by 1 M USD in its year (given per dollar); a start is one more month (or step
    of the start window) at which an offer may start, before its first or after its last. None where the scenario does not allow it.
    """
    scenario = scenario.until(scenario.calendar.end)
    series = Series()
    today = series.solve(scenario)
    if today.npv_usd is None:
        raise NoPlanError([today.why])
    rows: list[Row] = []

    def add(what: str, name: str, unit: str, changed: dict[str, Any], of: float = 1.0) -> None:
        answer = _solved(series, scenario, changed)
        worth = None if answer is None or answer.npv_usd is None or today.npv_usd is None else (answer.npv_usd - today.npv_usd) / of
        rows.append({"what": what, "name": name, "unit": unit, "usd": worth})

    for number, site in enumerate(scenario.sites):
        add("energised MW", site.name, "USD per MW", _one_more_mw(scenario, site, number, "energised_mw"))
        if site.hpc_suitable_mw is not None:
            add("suitable MW", site.name, "USD per MW", _one_more_mw(scenario, site, number, "hpc_suitable_mw"))
    for year, usd in scenario.finance.capex_budget_usd.items():
        changed = {f"finance.capex_budget_usd.{year}": usd + BUDGET_STEP_USD}
        add("budget dollar", str(year), "USD per USD", changed, BUDGET_STEP_USD)
    for year, usd in scenario.finance.cumulative_capex_budget_usd.items():
        changed = {f"finance.cumulative_capex_budget_usd.{year}": usd + BUDGET_STEP_USD}
        add("budget dollar by the end of", str(year), "USD per USD", changed, BUDGET_STEP_USD)
    for lease in scenario.leases:
        if lease.status == "offered" and lease.start_window is not None:
            path = f'leases."{lease.name}".start_window'
            window, step = lease.start_window, lease.start_window.every_months
            add("start earlier", lease.name, "USD", {f"{path}.earliest": str(Month(window.earliest - step))})
            add("start later", lease.name, "USD", {f"{path}.latest": str(Month(window.latest + step))})
    return rows


def _one_more_mw(scenario: Scenario, site: Site, number: int, field: str) -> dict[str, Any]:
    steps = getattr(site, field)
    return {f"{name_of(scenario, ('sites', number, field, step))}.mw_total": one.mw_total + 1.0 for step, one in enumerate(steps)}
