"""A plan against `plain_evaluator`: every dollar and MW in which the two differ, in words."""

from __future__ import annotations

from typing import Any

import hashlease as hl
import pytest
from hourly_program import Program
from plain_evaluator import BoughtMw, Evaluation, ExpandedMw, LeaseMw, MiningMw, MovedMw, PlainScenario, SoldMw, month_text

RELATIVE = 1e-9
ABSOLUTE_USD = 1e-6
ABSOLUTE_MW = 1e-6


def plain(scenario: hl.Scenario) -> PlainScenario:
    return PlainScenario(scenario.model_dump(mode="json", by_alias=True))


def decisions_of(plan: hl.Plan) -> tuple[MiningMw, LeaseMw, BoughtMw, SoldMw, MovedMw, ExpandedMw]:
    mining = {(row["name"], row["period"]): row["mw"] for row in plan.rows["allocation"] if row["use"] == "mining"}
    leases = {(row["offer"], start["start"]): start["critical_mw"] for row in plan.rows["leases"] for start in row["starts"]}
    bought, sold, moved = (
        {
            (row["name"], part["month"]): part["mw"]
            for row in plan.rows["machines"]
            if row["decision"] == decision
            for part in row["months"]
        }
        for decision in ("buy", "sell", "move")
    )
    return mining, leases, bought, sold, moved, expanded_of(plan)


def expanded_of(plan: hl.Plan) -> ExpandedMw:
    return {(row["name"], part["month"]): part["mw"] for row in plan.rows["expansions"] for part in row["months"]}


def different(ours: dict[Any, float], theirs: dict[Any, float], relative: float, absolute: float) -> list[str]:
    """Every row in which two tables differ; a row that is missing counts as 0."""
    return [
        f"{key}: second opinion {ours.get(key, 0.0)!r}, plan {theirs.get(key, 0.0)!r}"
        for key in sorted(set(ours) | set(theirs))
        if not abs(ours.get(key, 0.0) - theirs.get(key, 0.0)) <= relative * abs(ours.get(key, 0.0)) + absolute
    ]


def cash_differences(plan: hl.Plan, found: Evaluation) -> list[str]:
    rows = plan.rows["cash_flow"]
    keys = [(row["site"], row["period"], row["item"], row["name"]) for row in rows]
    assert len(set(keys)) == len(keys), "a row of the cash flow appears twice"
    usd = dict(zip(keys, (row["usd"] for row in rows), strict=True))
    discounted = dict(zip(keys, (row["discounted_usd"] for row in rows), strict=True))
    return [
        *different(found.usd, usd, RELATIVE, ABSOLUTE_USD),
        *different(found.discounted_usd, discounted, RELATIVE, ABSOLUTE_USD),
    ]


def mw_differences(plan: hl.Plan, opinion: PlainScenario, found: Evaluation) -> list[str]:
    """Uses by name, and that all uses of a site and month add up to its energised MW."""
    rows = plan.rows["allocation"]
    used = {(row["site"], row["period"], row["use"], row["name"]): row["mw"] for row in rows if row["use"] != "idle"}
    total: dict[tuple[str, str], float] = {}
    for row in rows:
        total[row["site"], row["period"]] = total.get((row["site"], row["period"]), 0.0) + row["mw"]
    energised = {
        (name, month_text(month)): opinion.energised_mw(site, month) + opinion.expanded_mw(site, month, expanded_of(plan))
        for name, site in opinion.sites.items()
        for month in opinion.months
    }
    return [*different(found.uses_mw, used, 0.0, ABSOLUTE_MW), *different(energised, total, 0.0, ABSOLUTE_MW)]


def assert_reckoned_hour_by_hour(scenario: hl.Scenario, short: int) -> None:
    """Every dollar, and for horizons of up to so many months the optimum of the program in which every hour stands for itself."""
    plan, opinion = hl.solve(scenario), plain(scenario)
    if plan.verdict == "INFEASIBLE, PROVED":
        assert opinion.violations({}, {})
        return
    assert plan.verdict == "CERTIFIED", plan.conflicts
    assert all_differences(plan, opinion) == []
    if scenario.calendar.length <= short:
        program = Program(opinion)
        gross = opinion.evaluate({}, {}).gross_usd
        assert program.npv_usd(program.solve()) == pytest.approx(plan.relaxation_npv_usd, rel=1e-9, abs=1e-9 * gross + 1e-3)


def all_differences(plan: hl.Plan, opinion: PlainScenario) -> list[str]:
    found = opinion.evaluate(*decisions_of(plan))
    differences = [*found.violations, *cash_differences(plan, found), *mw_differences(plan, opinion, found)]
    for name, usd in (("npv", plan.npv_usd), ("ledger total", plan.ledger_total_usd)):
        if not abs(usd - found.npv_usd) <= RELATIVE * found.gross_usd + ABSOLUTE_USD:
            differences.append(f"{name}: second opinion {found.npv_usd!r}, plan {usd!r}")
    return differences
