"""Planted conflicts: each is named by rule, site, months, need, have and short; each remedy ends it; the elastic program agrees."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from cases import data, offer
from hashlease import solve
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer import solve as solving
from hashlease.optimizer.diagnosis import Conflict, conflicts
from hashlease.optimizer.elastic import explained, missed, shortages, stand_against_each_other
from hashlease.optimizer.optimise import InfeasibleError, Optimiser
from hashlease.optimizer.program import Program, build_program
from hashlease.scenarios.vary import vary


def signed(name: str, start: str, critical_mw: float = 48.0, **changes: Any) -> dict[str, Any]:
    found = offer(name, status="signed", start_month=start, critical_it_mw=critical_mw, **changes)
    return {key: value for key, value in found.items() if key != "start_window"}


def ramp(*steps: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"from": month, "mw_total": mw} for month, mw in steps]


def right(name: str, until: str, critical_mw: float) -> dict[str, Any]:
    return offer(name, critical_it_mw=critical_mw, reserved_until=until)


SECOND = {"name": "Other", "zone": "Zone", "energised_mw": 40.0, "supply": {"kind": "index", "adder_usd_per_mwh": 0.0}}
LATE = ramp(("2026-01", 20.0), ("2026-07", 100.0))
FALLING = ramp(("2026-01", 100.0), ("2026-09", 30.0))


@dataclass(frozen=True)
class Planted:
    """A conflict planted in the plain scenario (100 MW, no machines): what must be found."""

    leases: list[dict[str, Any]]
    changes: dict[str, Any]
    found: list[tuple[str, str, str, str, float, float]]
    """(site, rule, first, last, need, have)."""


E, S, U = "energised", "suitable for leases", "suitable for leases and not reserved"
# A critical MW takes 1.25 MW at the meter; the term is a year unless it says otherwise.
PLANTED: dict[str, Planted] = {
    "one lease too large": Planted([signed("A", "2026-02", 96.0)], {}, [("Site", E, "2026-02", "2027-01", 120, 100)]),
    "two leases that overlap": Planted(
        [signed("A", "2026-02"), signed("B", "2026-06")], {}, [("Site", E, "2026-06", "2027-01", 120, 100)]
    ),
    "three leases of which any two fit": Planted(
        [signed(name, "2026-03", 32.0) for name in "ABC"], {}, [("Site", E, "2026-03", "2027-02", 120, 100)]
    ),
    "a ramp that comes too late": Planted(
        [signed("A", "2026-04")], {"sites__0__energised_mw": LATE}, [("Site", E, "2026-04", "2026-06", 60, 20)]
    ),
    "a site that is not there yet": Planted(
        [signed("A", "2026-02")], {"sites__0__energised_mw": ramp(("2026-05", 100.0))}, [("Site", E, "2026-02", "2026-04", 60, 0)]
    ),
    "MW that are retired": Planted(
        [signed("A", "2026-02")], {"sites__0__energised_mw": FALLING}, [("Site", E, "2026-09", "2027-01", 60, 30)]
    ),
    "a dip in the ramp": Planted(
        [signed("A", "2026-02")],
        {"sites__0__energised_mw": ramp(("2026-01", 100.0), ("2026-05", 50.0), ("2026-06", 100.0))},
        [("Site", E, "2026-05", "2026-05", 60, 50)],
    ),
    "a conversion that begins too early": Planted(
        [signed("A", "2026-08", conversion_outage_months=3)],
        {"sites__0__energised_mw": LATE},
        [("Site", E, "2026-05", "2026-06", 60, 20)],
    ),
    "a second phase that does not fit": Planted(
        [
            signed(
                "A",
                "2026-02",
                96.0,
                phases=[{"months_after_start": 0, "share_fraction": 0.5}, {"months_after_start": 4, "share_fraction": 0.5}],
            )
        ],
        {},
        [("Site", E, "2026-06", "2027-01", 120, 100)],
    ),
    "an extension that runs into the next lease": Planted(
        [
            signed("A", "2026-01", extensions=[{"years": 0.5, "exercise_probability_fraction": 0.4}]),
            signed("B", "2027-01"),
        ],
        {},
        [("Site", E, "2027-01", "2027-06", 120, 100)],
    ),
    "MW that stay with the building": Planted(
        [signed("A", "2026-01", term_years=0.5, mw_after_term="kept"), signed("B", "2026-07")],
        {},
        [("Site", E, "2026-07", "2027-06", 120, 100)],
    ),
    "a gross-up that was forgotten": Planted(
        [signed("A", "2026-02", 80.0, gross_up=1.5)], {}, [("Site", E, "2026-02", "2027-01", 120, 100)]
    ),
    "a lease that has begun": Planted([signed("A", "2025-06", 88.0)], {}, [("Site", E, "2026-01", "2026-05", 110, 100)]),
    "a lease beyond the horizon's end": Planted([signed("A", "2027-08", 96.0)], {}, [("Site", E, "2027-08", "2027-12", 120, 100)]),
    "MW that cannot host a hall": Planted(
        [signed("A", "2026-02")], {"sites__0__hpc_suitable_mw": 50.0}, [("Site", S, "2026-02", "2027-01", 60, 50)]
    ),
    "suitable MW that come too late": Planted(
        [signed("A", "2026-04")], {"sites__0__hpc_suitable_mw": LATE}, [("Site", S, "2026-04", "2026-06", 60, 20)]
    ),
    "suitable MW that are given up": Planted(
        [signed("A", "2026-02")], {"sites__0__hpc_suitable_mw": FALLING}, [("Site", S, "2026-09", "2027-01", 60, 30)]
    ),
    "suitable MW that are not energised": Planted(
        [signed("A", "2026-02")],
        {"sites__0__energised_mw": 55.0, "sites__0__hpc_suitable_mw": 100.0},
        [("Site", E, "2026-02", "2027-01", 60, 55)],
    ),
    "a right of another tenant": Planted(
        [signed("A", "2026-02"), right("R", "2026-08", 40.0)], {}, [("Site", U, "2026-02", "2026-07", 60, 50)]
    ),
    "two rights that reserve too much together": Planted(
        [signed("A", "2026-02"), right("Q", "2026-05", 20.0), right("R", "2026-05", 20.0)],
        {},
        [("Site", U, "2026-02", "2026-04", 60, 50)],
    ),
    "rights that end one after the other": Planted(
        [signed("A", "2026-02"), right("Q", "2026-06", 20.0), right("R", "2026-04", 20.0)],
        {"sites__0__hpc_suitable_mw": 80.0},
        [("Site", U, "2026-02", "2026-05", 60, 30)],
    ),
    "rights of more than there is": Planted(
        [signed("A", "2026-02"), right("R", "2026-05", 96.0)], {}, [("Site", U, "2026-02", "2026-04", 60, 0)]
    ),
    "power first, then suitable MW, then a right": Planted(
        [signed("A", "2026-02"), right("R", "2026-09", 48.0)],
        {
            "sites__0__energised_mw": ramp(("2026-01", 40.0), ("2026-04", 100.0)),
            "sites__0__hpc_suitable_mw": ramp(("2026-01", 40.0), ("2026-04", 55.0), ("2026-06", 100.0)),
        },
        [
            ("Site", E, "2026-02", "2026-03", 60, 40),
            ("Site", S, "2026-04", "2026-05", 60, 55),
            ("Site", U, "2026-06", "2026-08", 60, 40),
        ],
    ),
    "two sites": Planted(
        [signed("A", "2026-02", 96.0), signed("B", "2026-03", site="Other")],
        {"sites__1": SECOND},
        [("Other", E, "2026-03", "2027-02", 60, 40), ("Site", E, "2026-02", "2027-01", 120, 100)],
    ),
    "two runs of months": Planted(
        [signed("A", "2026-01", term_years=2.0), signed("B", "2026-03", term_years=0.25), signed("C", "2026-09", term_years=0.25)],
        {},
        [("Site", E, "2026-03", "2026-05", 120, 100), ("Site", E, "2026-09", "2026-11", 120, 100)],
    ),
}


def planted(case: str) -> Scenario:
    found = data(fleets=[], leases=PLANTED[case].leases)
    for path, value in PLANTED[case].changes.items():
        if path == "sites__1":
            found["sites"].append(value)
        else:
            found["sites"][0][path.removeprefix("sites__0__")] = value
    return Scenario.model_validate(found)


def told(conflict: Conflict) -> tuple[str, str, str, str, float, float]:
    return (conflict.site, conflict.rule, str(conflict.first), str(conflict.last), conflict.need_mw, conflict.have_mw)


def test_there_are_at_least_twenty() -> None:
    assert len(PLANTED) >= 20


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_conflict_is_named(case: str) -> None:
    found = conflicts(planted(case))
    expected = [(*place, pytest.approx(need), pytest.approx(have)) for *place, need, have in PLANTED[case].found]
    assert [told(conflict) for conflict in found] == expected
    plan = solve(planted(case))
    assert (plan.verdict, plan.exit_code) == ("INFEASIBLE, PROVED", 3)
    for line, (site, rule, first, last, need, have) in zip(plan.conflicts, PLANTED[case].found, strict=True):
        run = first if first == last else f"{first} to {last}"
        short = f"{need:,.1f} MW, {have:,.1f} MW {rule} (short {need - have:,.1f})"
        assert line.startswith(f"{site}, {run}: signed leases need {short}: ")


@pytest.mark.parametrize("case", PLANTED)
def test_each_remedy_alone_ends_its_conflict(case: str) -> None:
    base = planted(case)
    for conflict in conflicts(base):
        assert conflict.remedies
        for remedy in conflict.remedies:
            left = conflicts(vary(base, remedy.changes))
            same = [other for other in left if other.site == conflict.site and other.rule == conflict.rule]
            assert not any(other.first <= conflict.last and other.last >= conflict.first for other in same), remedy.words
            assert len(left) < len(conflicts(base)) or len(conflicts(base)) > 1, remedy.words


@pytest.mark.parametrize("case", PLANTED)
def test_a_remedy_is_the_smallest(case: str) -> None:
    """A little less of a change of MW, or a month less of a change of dates, does not do."""
    base = planted(case)
    for conflict in conflicts(base):
        for remedy in conflict.remedies:
            for path, value in remedy.changes.items():
                less = _less(base, path, value)
                if less is not None:
                    left = conflicts(vary(base, {**remedy.changes, path: less}))
                    assert any(other.site == conflict.site for other in left), remedy.words


def _less(base: Scenario, path: str, value: Any) -> Any:
    """A change that is a little smaller than the remedy's, where it is one number or one date."""
    name = re.search(r'"(.*?)"', path)
    assert name is not None
    lease = next((lease for lease in base.leases if lease.name == name.group(1)), None)
    if lease is not None and path.endswith("critical_it_mw"):
        return value + 0.001
    if lease is not None and path.endswith(("start_month", "reserved_until")):
        from hashlease.models.months import Month

        return str(Month.of(value) + (-1 if path.endswith("start_month") else 1))
    return None


def program_of(case: str) -> Program:
    return build_program(Values(planted(case)))


@pytest.mark.parametrize("case", PLANTED)
def test_the_elastic_program_misses_what_the_arithmetic_names(case: str) -> None:
    """Another path to the same figures: rows of the program, missed in the cheapest way, against tables of the ledger."""
    program, base = program_of(case), planted(case)
    short = {program.form.row_names[row]: mw for row, mw in missed(program)}
    for conflict in conflicts(base):
        worst = (conflict.site, str(conflict.worst))
        by_family = {family: short.get((family, worst)) for family in ("site_power", "hpc_suitable", "unreserved")}
        rule = {E: "site_power", S: "hpc_suitable", U: "unreserved"}[conflict.rule]
        assert by_family[rule] == pytest.approx(conflict.short_mw), by_family
    months = {index[1] for (family, index), _ in ((program.form.row_names[row], mw) for row, mw in missed(program))}
    assert months == {
        str(month)
        for month in base.calendar.months
        if any(conflict.first <= month <= conflict.last for conflict in conflicts(base))
    }


@pytest.mark.parametrize("case", ["one lease too large", "a right of another tenant", "MW that cannot host a hall"])
def test_the_solver_comes_to_the_same_verdict_with_a_proof(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the arithmetic the solver finds out; its ray is recomputed before anybody calls it proved."""
    monkeypatch.setattr(solving, "conflicts", lambda scenario: [])
    plan = solve(planted(case))
    assert plan.verdict == "INFEASIBLE, PROVED"
    assert any("short" in line for line in plan.conflicts)
    assert "stand against each other" in plan.conflicts[-1]


def test_an_irreducible_set_names_the_lease_and_the_limit() -> None:
    names = stand_against_each_other(program_of("one lease too large"))
    assert any(family == "site_power" for family, _ in names)
    assert len([family for family, _ in names if family == "site_power"]) == 1  # one month is contradiction enough


def test_a_feasible_program_misses_nothing() -> None:
    program = build_program(Values(Scenario.model_validate(data())))
    assert shortages(program) == []
    assert explained(program) == []


def test_whole_blocks_that_are_asked_for_and_do_not_fit_together() -> None:
    """Two blocks of 60 MW on 100 MW, both demanded: the relaxation has no plan; 20 MW are short in every month of the year."""
    blocks = [offer(name, critical_it_mw=48.0, indivisible=True) for name in "AB"]
    program = build_program(Values(Scenario.model_validate(data(fleets=[], leases=blocks))))
    both = program.leased_columns.start + np.arange(2)
    demanded = replace(program, form=program.form.with_least(both, 96.0))
    with pytest.raises(InfeasibleError) as fault:
        Optimiser(program.values, demanded).solve()
    assert fault.value.proved
    found = shortages(demanded)
    assert found
    assert sum(item.short for item in found) > 0


def test_integers_alone_can_contradict_and_that_is_proved_too() -> None:
    """Half of a block is demanded of each of two, which the relaxation can do, and whole blocks cannot: 100 MW hold one of 60."""
    blocks = [offer(name, critical_it_mw=48.0, indivisible=True) for name in "AB"]
    program = build_program(Values(Scenario.model_validate(data(fleets=[], leases=blocks))))
    form = program.form
    for number in range(2):
        form = form.with_least(np.array([program.leased_columns.start + number]), 24.0)
    with pytest.raises(InfeasibleError) as fault:
        Optimiser(program.values, replace(program, form=form)).solve()
    assert fault.value.proved
    found = shortages(replace(program, form=form))
    # The cheapest to miss is one demand of 24 critical MW; 20 MW of power would be missed in each of 12 months.
    assert [(item.family, item.need, item.have) for item in found] == [("at_least", 24.0, pytest.approx(0.0, abs=1e-6))]
