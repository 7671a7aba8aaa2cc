"""Planted rules that no plan keeps: each named by rule, site, months, need, have and short, with smallest changes that end it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from cases import data, machines, offer
from hashlease import solve
from hashlease.models.months import Month
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer import solve as solving
from hashlease.optimizer.diagnosis import conflicts
from hashlease.optimizer.elastic import missed
from hashlease.optimizer.policy_conflicts import PolicyConflict
from hashlease.optimizer.program import build_program
from hashlease.scenarios.vary import vary


def rule(kind: str, **fields: Any) -> dict[str, Any]:
    return {"name": "Rule", "kind": kind, **fields}


def signed(name: str, start: str, critical_mw: float = 16.0, **changes: Any) -> dict[str, Any]:
    found = offer(name, status="signed", start_month=start, critical_it_mw=critical_mw, **changes)
    return {key: value for key, value in found.items() if key != "start_window"}


@dataclass(frozen=True)
class Planted:
    """A rule on the plain scenario, whose other fields are changed: what must be found."""

    rules: list[dict[str, Any]]
    changes: dict[str, Any]
    found: list[tuple[str, str, str, str, float, float]]
    """(rule with its tenant, site, first, last, need, have)."""


LATER = [{"from": "2026-01", "mw_total": 60.0}, {"from": "2026-07", "mw_total": 100.0}]
BUYING = machines(delivery_window={"earliest": "2026-03", "latest": "2026-06"}, life_months=6)
OTHER = {"name": "Other", "zone": "Zone", "energised_mw": 40.0, "supply": {"kind": "index", "adder_usd_per_mwh": 0.0}}

# 100 MW of 20 J/TH are 5 EH/s; a critical MW takes 1.25 MW at the meter, and the term is a year unless it says otherwise.
PLANTED: dict[str, Planted] = {
    "more hashrate than there are machines": Planted(
        [rule("hashrate", at_least_eh=6.0)], {}, [("Rule", "", "2026-01", "2027-12", 6.0, 5.0)]
    ),
    "hashrate on MW that are not there yet": Planted(
        [rule("hashrate", at_least_eh=4.0)],
        {"sites__0__energised_mw": LATER},
        [("Rule", "", "2026-01", "2026-06", 4.0, 3.0)],
    ),
    "hashrate beside a signed lease": Planted(
        [rule("hashrate", at_least_eh=4.5)], {"leases": [signed("A", "2026-04")]}, [("Rule", "", "2026-04", "2027-03", 4.5, 4.0)]
    ),
    "hashrate of machines that are retired": Planted(
        [rule("hashrate", at_least_eh=2.0, site="Site")],
        {"fleets__0__retire_month": "2027-07"},
        [("Rule", "Site", "2027-07", "2027-12", 2.0, 0.0)],
    ),
    "hashrate before machines are delivered, and after their life": Planted(
        [rule("hashrate", at_least_eh=4.5)],
        {"fleets__0__mw": 40.0, "machine_offers": [BUYING]},
        # 40 MW make 2 EH/s, 50 MW of 15 J/TH 3.33: there from March, and from June's delivery until November.
        [("Rule", "", "2026-01", "2026-02", 4.5, 2.0), ("Rule", "", "2026-12", "2027-12", 4.5, 2.0)],
    ),
    "two sites of which one has no machines": Planted(
        [rule("mining_share", site="Other", at_least_fraction=0.5)],
        {"sites": OTHER},
        [("Rule", "Other", "2026-01", "2027-12", 20, 0)],
    ),
    "more mining than a lease leaves": Planted(
        [rule("mining_share", at_least_fraction=0.9, to="2026-12")],
        {"leases": [signed("A", "2026-07")]},
        [("Rule", "", "2026-07", "2026-12", 90, 80)],
    ),
    "leases that nobody offers": Planted(
        [rule("lease_share", at_least_fraction=0.3, to="2026-12")], {}, [("Rule", "", "2026-01", "2026-12", 30, 25)]
    ),
    "leases on MW that cannot host a hall": Planted(
        [rule("lease_share", at_least_fraction=0.2, to="2026-12")],
        {"sites__0__hpc_suitable_mw": 15.0},
        [("Rule", "", "2026-01", "2026-12", 20, 15)],
    ),
    "signed leases above their share": Planted(
        [rule("lease_share", at_most_fraction=0.15)],
        {"leases": [signed("A", "2026-03")]},
        [("Rule", "", "2026-03", "2027-02", 20, 15)],
    ),
    "a contracted load that nothing makes": Planted(
        [rule("load", at_least_mw=90.0, **{"from": "2027-01"})],
        {"fleets__0__mw": 70.0},
        [("Rule", "", "2027-01", "2027-12", 90, 70)],
    ),
    "a conversion that is dark": Planted(
        [rule("load", at_least_mw=90.0)],
        {"leases": [signed("A", "2026-06", conversion_outage_months=2)]},
        [("Rule", "", "2026-04", "2026-05", 90, 80)],
    ),
    "a cap of the grid below what is signed": Planted(
        [rule("load", at_most_mw=15.0)], {"leases": [signed("A", "2026-09")]}, [("Rule", "", "2026-09", "2027-08", 20, 15)]
    ),
    "too much that cannot be switched off": Planted(
        # Of 80 MW that mine and 20 MW leased 0.9 would be 90.
        [rule("curtailable_share", at_least_fraction=0.9)],
        {"leases": [signed("A", "2026-02")]},
        [("Rule", "", "2026-02", "2027-01", 90, 80)],
    ),
    "a tenant with more than it may have": Planted(
        [rule("tenant_mw", tenant="X", at_most_mw=30.0)],
        {"leases": [signed("A", "2026-02", tenant="X"), signed("B", "2026-08", tenant="X")]},
        [("Rule: X", "", "2026-08", "2027-01", 40, 30)],
    ),
    "one of two tenants with more than each may have": Planted(
        [rule("tenant_mw", at_most_mw=15.0)],
        {"leases": [signed("A", "2026-02", tenant="X"), signed("B", "2026-08", 8.0, tenant="Y")]},
        [("Rule: X", "", "2026-02", "2027-01", 20, 15)],
    ),
    "a tenant that nobody can outweigh": Planted(
        # 20 MW of X beside 10 MW that may be let to others: half of 30.
        [rule("tenant_share", at_most_fraction=0.5)],
        {"leases": [signed("A", "2026-01", tenant="X"), offer("B", critical_it_mw=8.0)]},
        [("Rule: X", "", "2026-01", "2026-12", 20, 15)],
    ),
    "two rules, each by itself": Planted(
        [rule("hashrate", at_least_eh=6.0, to="2026-03"), rule("load", at_least_mw=120.0, to="2026-02") | {"name": "Second"}],
        {},
        [("Rule", "", "2026-01", "2026-03", 6.0, 5.0), ("Second", "", "2026-01", "2026-02", 120, 100)],
    ),
}


def planted(case: str) -> Scenario:
    changes = {path: value for path, value in PLANTED[case].changes.items() if path != "sites"}
    found = data(rules=PLANTED[case].rules, **changes)
    if "sites" in PLANTED[case].changes:
        found["sites"].append(PLANTED[case].changes["sites"])
    return Scenario.model_validate(found)


def of(scenario: Scenario) -> list[PolicyConflict]:
    found = conflicts(scenario)
    rules = [conflict for conflict in found if isinstance(conflict, PolicyConflict)]
    assert len(rules) == len(found)
    return rules


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_conflict_is_named(case: str) -> None:
    found = of(planted(case))
    told = [(one.of, one.site, str(one.first), str(one.last), one.need, one.have) for one in found]
    assert told == [(*place, pytest.approx(need), pytest.approx(have)) for *place, need, have in PLANTED[case].found]
    plan = solve(planted(case))
    assert (plan.verdict, plan.exit_code) == ("INFEASIBLE, PROVED", 3)
    for line, (name, site, first, last, need, have) in zip(plan.conflicts, PLANTED[case].found, strict=True):
        run = first if first == last else f"{first} to {last}"
        assert line.startswith(f"{name}, {site or 'all sites'}, {run}: ")
        assert f"(short {need - have:,.1f})" in line
        assert f"{need:,.1f} " in line
        assert f"{have:,.1f} " in line


@pytest.mark.parametrize("case", PLANTED)
def test_each_change_ends_its_conflict_and_a_smaller_one_does_not(case: str) -> None:
    base = planted(case)
    for conflict in of(base):
        assert conflict.remedies
        for remedy in conflict.remedies:
            ((path, value),) = remedy.changes.items()
            assert not _there(conflict, vary(base, {path: value})), remedy.words
            assert _there(conflict, vary(base, {path: _less(path, value)})), remedy.words


def _there(conflict: PolicyConflict, scenario: Scenario) -> bool:
    """Whether the limit is still not kept in a month of the conflict."""
    return any(
        (other.of, other.family) == (conflict.of, conflict.family) and other.first <= conflict.last and other.last >= conflict.first
        for other in of(scenario)
    )


def _less(path: str, value: Any) -> Any:
    """A change that is a little smaller: by a thousandth of the limit, or a month."""
    if isinstance(value, str):
        return str(Month.of(value) + (-1 if path.endswith(".from") else 1))
    return value * (1.001 if "at_least" in path else 0.999) if value else 0.001


@pytest.mark.parametrize("case", PLANTED)
def test_the_elastic_program_misses_the_same(case: str) -> None:
    """Another path to need, have and months: rows of the program, missed in the cheapest way, and the solver's own verdict."""
    base = planted(case)
    program = build_program(Values(base))
    short = {program.form.row_names[row]: amount for row, amount in missed(program)}
    rows = {index[1] for family, index in program.form.row_names if family in {conflict.family for conflict in of(base)}}
    for conflict in of(base):
        if str(conflict.worst) not in rows:
            continue  # nothing there could count, so that the program has no row: the arithmetic alone knows
        if conflict.family not in ("curtailable_share_at_least", "tenant_share_at_most"):
            assert short[conflict.family, (conflict.of, str(conflict.worst))] == pytest.approx(conflict.short)
        runs = {index[1] for family, index in short if (family, index[0]) == (conflict.family, conflict.of)}
        assert runs >= {str(month) for month in base.calendar.months if conflict.first <= month <= conflict.last}
    assert {family for family, _ in short} <= {conflict.family for conflict in of(base)}


@pytest.mark.parametrize("case", ["more hashrate than there are machines", "a tenant that nobody can outweigh"])
def test_the_solver_proves_it_without_the_arithmetic(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "conflicts", lambda scenario: [])
    plan = solve(planted(case))
    assert plan.verdict == "INFEASIBLE, PROVED"
    assert re.search(r"short [0-9.]+\)", plan.conflicts[0])


# --- rules that contradict each other, each of which could be kept alone --------------------------------------------------

MOVE = {
    "name": "Moved",
    "fleet": "Fleet",
    "site": "Other",
    "usd_per_mw": 1_000.0,
    "downtime_months": 2,
    "overhead": 1.0,
    "uptime_fraction": 1.0,
    "variable_opex_usd_per_mwh": 10.0,
    "fixed_opex_usd_per_mw_month": 0.0,
    "window": {"earliest": "2026-03", "latest": "2026-03"},
}
TOGETHER: dict[str, tuple[list[dict[str, Any]], dict[str, Any], list[str]]] = {
    "mining and leases": (
        [rule("mining_share", at_least_fraction=0.9), rule("lease_share", at_least_fraction=0.2, to="2026-06") | {"name": "Let"}],
        {},
        ["2026-01 to 2026-06: least MW", "(short 10.0)"],
    ),
    "hashrate at both ends of a way": (
        [rule("hashrate", site="Site", at_least_eh=4.0), rule("hashrate", site="Other", at_least_eh=2.0, **{"from": "2026-05"})],
        {"sites": OTHER, "machine_moves": [MOVE]},
        ["2026-05 to 2027-12: least hashrate", "(short 1.0)"],
    ),
    "hashrate of a way on which machines are dark": (
        [rule("hashrate", at_least_eh=5.0), rule("load", site="Other", at_least_mw=30.0, **{"from": "2026-05"})],
        {"sites": OTHER, "machine_moves": [MOVE]},
        ["2026-03 to 2026-04: least hashrate", "(short 1.5)"],
    ),
    "a purchase that the budget does not pay": (
        [rule("hashrate", at_least_eh=5.5, to="2026-12")],
        {"machine_offers": [machines()], "finance__capex_budget_usd": {"2026": 1e6}},
        ["2026-01 to 2026-12: least hashrate"],
    ),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_rules_that_stand_against_each_other_are_named_with_what_is_short(case: str) -> None:
    rules, changes, parts = TOGETHER[case]
    rules = [one | {"name": f"Rule {number}"} for number, one in enumerate(rules)]
    found = data(rules=rules, **{path: value for path, value in changes.items() if path != "sites"})
    if "sites" in changes:
        found["sites"].append(changes["sites"])
    base = Scenario.model_validate(found)
    assert conflicts(base) == []
    plan = solve(base)
    assert (plan.verdict, plan.exit_code) == ("INFEASIBLE, PROVED", 3)
    assert 1 <= len(plan.conflicts) <= 12
    for part in parts:
        assert any(part in line for line in plan.conflicts), plan.conflicts
    assert plan.conflicts[-1].startswith("stand against each other: ")


def test_no_machine_at_all_is_named_where_machines_may_move_too() -> None:
    # In the last half year nothing could count, so that the program has no row for the rule.
    found = data(rules=[rule("hashrate", at_least_eh=1.0)], machine_moves=[MOVE], fleets__0__retire_month="2027-07")
    found["sites"].append(OTHER)
    (conflict,) = of(Scenario.model_validate(found))
    assert (str(conflict.first), str(conflict.last), conflict.need, conflict.have) == ("2027-07", "2027-12", 1.0, 0.0)


def test_at_most_twelve_lines() -> None:
    rules = [rule("hashrate", at_least_eh=6.0 + number) | {"name": f"Rule {number}"} for number in range(20)]
    plan = solve(Scenario.model_validate(data(rules=rules)))
    assert len(plan.conflicts) == 12
    assert plan.conflicts[-1].startswith("and 9 more")
