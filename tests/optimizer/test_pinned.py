"""Pinned plans: what is written, what is read, and how a plan fits another scenario."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import data, offer, scenario
from hashlease.errors import InputError
from hashlease.models.months import Month
from hashlease.optimizer.pinned import PinnedLease, PinnedPlan, fitted, pin, read_pinned
from hashlease.optimizer.policies import Valuer
from hashlease.optimizer.solve import solve

OFFER = PinnedLease("Site", "Offer", Month.of("2026-01"), 20.0)
SIGNED: dict[str, Any] = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}


def problems(plan: PinnedPlan, **changes: Any) -> list[str]:
    with pytest.raises(InputError) as refused:
        fitted(plan, Valuer(scenario(**changes)).certifier)
    return [f"{problem.field}: {problem.found} | {problem.allowed} | {problem.hint}" for problem in refused.value.problems]


def write(folder: Path, content: Any) -> Path:
    file = folder / "pinned.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def refused(folder: Path, content: Any) -> str:
    with pytest.raises(InputError) as fault:
        read_pinned(write(folder, content))
    return str(fault.value)


# --- writing and reading ------------------------------------------------------------------------------------------------


def test_a_plan_is_pinned_with_its_leases_and_mining() -> None:
    # 25 of 100 MW are leased for the 12 months of 2026 and return; the fleet mines the rest.
    found = pin(solve(scenario()))
    assert found.name == "one_site"
    assert found.leases == (OFFER,)
    runs = [(str(run.first), str(run.last), run.mw) for run in found.mining]
    assert runs == [("2026-01", "2026-12", 75.0), ("2027-01", "2027-12", 100.0)]


def test_a_pinned_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = pin(solve(scenario()), "Spring plan")
    file = write(tmp_path, found.to_json())
    assert read_pinned(file) == replace(found, file=str(file))


def test_a_plan_file_gives_the_same_as_the_plan(tmp_path: Path) -> None:
    plan = solve(scenario())
    file = tmp_path / "plan.json"
    file.write_text(plan.to_json())
    assert pin(file).leases == pin(plan).leases
    assert pin(file).scenario_sha256 == pin(plan).scenario_sha256


def test_a_plan_written_by_hand_needs_name_and_leases_alone(tmp_path: Path) -> None:
    lease = {"site": "Site", "offer": "Offer", "start": "2026-01", "critical_mw": 20}
    found = read_pinned(write(tmp_path, {"schema": 1, "kind": "pinned plan", "name": "By hand", "leases": [lease]}))
    assert found.leases == (OFFER,)
    assert found.scenario is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"verdict": "DO NOT USE"}, "a plan that is CERTIFIED"),
        ({"verdict": "INFEASIBLE, PROVED"}, "a plan that is CERTIFIED"),
        ({"schema": 2}, "later version"),
        ({"schema": True}, "yes/no"),
        ({"schema": None}, "1: the plan.json"),
        ({"leases": None}, "a list of rows"),
        ({"leases": [7]}, "leases.0"),
        ({"allocation": [{"use": "mining", "site": "Site", "name": "Fleet", "period": "soon", "mw": 1}]}, "allocation.0.period"),
        ({"npv_usd": "much"}, "npv_usd"),
        ({"scenario": ""}, "scenario"),
    ],
)
def test_what_is_no_final_plan_is_refused(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    content = {**solve(scenario()).as_dict(), **changes}
    with pytest.raises(InputError) as fault:
        pin(write(tmp_path, content))
    assert told in str(fault.value)


def test_a_plan_without_figures_is_not_pinned() -> None:
    with pytest.raises(InputError, match="a plan that is CERTIFIED"):
        pin(solve(scenario(sites__0__energised_mw=20, fleets=[], **SIGNED)))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "damaged JSON"),
        ("[1]", "a list"),
        ('{"schema": NaN}', "NaN, which is no number"),
        ('{"kind": 1, "kind": 2}', '"kind" twice'),
        ("[" * 100_000, "too deep"),
        ("9" * 5000, "digits"),
        ('{"schema": 1, "certificate": {}}', "hashlease pin"),
        ('{"schema": 2, "kind": "pinned plan"}', "later version"),
        ('{"schema": 1, "kind": "pinned plan", "name": "x", "leases": [], "colour": 1}', "unknown field"),
        ('{"schema": 1, "kind": "pinned plan", "name": " x", "leases": []}', "blanks at an end"),
    ],
)
def test_what_is_no_pinned_plan_is_refused(content: str, told: str, tmp_path: Path) -> None:
    assert told in refused(tmp_path, content)


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    rows = [
        {"site": "Site", "offer": "A", "start": "2026-13", "critical_mw": 1},
        {"site": "Site", "offer": "B", "start": "2026-01", "critical_mw": -1},
        {"site": "Site", "offer": "C", "start": "2026-01", "critical_mw": 1e999},
        {"site": 7, "offer": "D", "start": "2026-01", "critical_mw": True},
    ]
    text = json.dumps({"schema": 1, "kind": "pinned plan", "name": "x", "leases": rows}).replace("Infinity", "1e999")
    found = refused(tmp_path, text)
    for place in ("leases.0.start", "leases.1.critical_mw", "leases.2.critical_mw", "leases.3.site", "leases.3.critical_mw"):
        assert place in found


def test_the_same_offer_and_start_twice_is_refused(tmp_path: Path) -> None:
    row = {"site": "Site", "offer": "A", "start": "2026-01", "critical_mw": 1}
    assert "A from 2026-01 twice" in refused(tmp_path, {"schema": 1, "kind": "pinned plan", "name": "x", "leases": [row, row]})


def test_missing_folders_and_huge_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_pinned(tmp_path / "none.json")
    with pytest.raises(InputError, match="a folder"):
        read_pinned(tmp_path)
    file = write(tmp_path, {})
    monkeypatch.setattr("hashlease.optimizer.pinned.LARGEST_PINNED_BYTES", 1)
    with pytest.raises(InputError, match="at most"):
        read_pinned(file)


# --- fitting ------------------------------------------------------------------------------------------------------------


def test_the_leases_are_put_at_their_starts() -> None:
    window = {"earliest": "2026-01", "latest": "2026-03"}
    plan = PinnedPlan("x", (replace(OFFER, critical_mw=5.0), replace(OFFER, start=Month.of("2026-03"), critical_mw=7.0)))
    (mw,) = fitted(plan, Valuer(scenario(leases__0__start_window=window)).certifier)
    assert mw.tolist() == [5.0, 0.0, 7.0]


def test_signed_leases_stay_as_signed() -> None:
    certifier = Valuer(scenario(**SIGNED)).certifier
    for leases in ((), (OFFER,)):
        (mw,) = fitted(PinnedPlan("x", leases), certifier)
        assert mw.tolist() == [20.0]
    assert (
        "20 critical MW from 2026-01, as it is signed there"
        in problems(PinnedPlan("x", (replace(OFFER, critical_mw=10.0),)), **SIGNED)[0]
    )


@pytest.mark.parametrize(
    ("lease", "changes", "told"),
    [
        (replace(OFFER, offer="Ofer"), {}, "did you mean Offer?"),
        (OFFER, {"leases": []}, "it has no lease offers"),
        (replace(OFFER, site="Elsewhere"), {}, "the site of the offer, Site"),
        (replace(OFFER, start=Month.of("2026-02")), {}, "a start in 2026-01 | nearest possible: 2026-01"),
        (replace(OFFER, start=Month.of("2031-01")), {}, "the horizon ends in 2027-12"),
        (OFFER, {"leases__0__lead_time_months": 3, "leases__0__start_window__latest": "2026-06"}, "none before 2026-04"),
        (OFFER, {"leases__0__critical_it_mw": 15.0}, "at most 15 critical MW, which are offered"),
        (replace(OFFER, critical_mw=10.0), {"leases__0__indivisible": True}, "all 20 critical MW from one start"),
        # 20 critical MW take 25 MW at the meter
        (OFFER, {"sites__0__energised_mw": 24.0}, "short 1.0 MW"),
        (OFFER, {"sites__0__hpc_suitable_mw": 10.0}, "10.0 MW, which are suitable for leases | short 15.0 MW"),
        # 20 MW of 400,000 USD are 8 M USD
        (OFFER, {"finance__capex_budget_usd": {2026: 5_000_000}}, "at most the budget, 5.0 M USD | short 3.0 M USD"),
    ],
)
def test_a_misfit_says_what_is_allowed(lease: PinnedLease, changes: dict[str, Any], told: str) -> None:
    (found,) = problems(PinnedPlan("x", (lease,)), **changes)
    assert told in found


def test_a_right_keeps_its_mw_from_others() -> None:
    right = offer("Right", critical_it_mw=70.0, reserved_until="2026-07", start_window={"earliest": "2026-06", "latest": "2026-06"})
    changes = {"leases": [*data()["leases"], right]}
    (found,) = problems(PinnedPlan("x", (OFFER,)), **changes)
    # 87.5 of 100 MW are reserved, 12.5 are left for 25
    assert "12.5 MW, which are suitable and not reserved by tenants' rights | short 12.5 MW" in found
    assert "2026-01 to 2026-06" in found


def test_all_misfits_are_told_at_once() -> None:
    second = PinnedLease("Site", "Second", Month.of("2026-05"), 5.0)
    plan = PinnedPlan("x", (replace(OFFER, offer="Nobody"), second, OFFER))
    found = problems(plan, leases=[*data()["leases"], offer("Second")], sites__0__hpc_suitable_mw=10.0)
    assert [text.split(":")[0] for text in found] == ["Nobody", "Second", "Site"]


def test_rounding_of_a_file_is_no_misfit() -> None:
    plan = PinnedPlan("x", (replace(OFFER, critical_mw=20.0 + 4e-10),))
    (mw,) = fitted(plan, Valuer(scenario(leases__0__indivisible=True)).certifier)
    assert np.array_equal(mw, [20.0])
