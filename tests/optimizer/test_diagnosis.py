"""Contradictory data are named without a solver."""

from __future__ import annotations

from cases import offer, scenario
from hashlease import solve
from hashlease.optimizer.diagnosis import conflicts


def signed(name: str, start: str, **changes: object) -> dict[str, object]:
    return offer(name, status="signed", start_window=None, start_month=start, **changes)


def test_signed_leases_that_need_more_than_the_site_has() -> None:
    """60 and 50 meter MW on 100 MW from April 2026 on, until the first ends with January 2027."""
    first = signed("Atlas", "2026-02", critical_it_mw=48.0)
    second = signed("Borealis", "2026-04", critical_it_mw=40.0)
    plan = solve(scenario(leases=[first, second]))
    assert plan.verdict == "INFEASIBLE, PROVED"
    assert plan.exit_code == 3
    assert len(plan.conflicts) == 1
    line = plan.conflicts[0]
    assert line.startswith("Site, 2026-04 to 2027-01: signed leases need 110.0 MW, 100.0 MW energised (short 10.0)")
    assert "Atlas 60.0 MW, Borealis 50.0 MW" in line
    assert "Smallest change: 10.0 MW more" in line


def test_a_ramp_that_comes_too_late() -> None:
    ramp = [{"from": "2026-01", "mw_total": 20}, {"from": "2026-07", "mw_total": 100}]
    found = conflicts(scenario(leases=[signed("Atlas", "2026-05")], sites__0__energised_mw=ramp, fleets__0__mw=20.0))
    assert [(str(item.first), str(item.last), item.short_mw) for item in found] == [("2026-05", "2026-06", 5.0)]


def test_conversion_counts() -> None:
    ramp = [{"from": "2026-01", "mw_total": 20}, {"from": "2026-07", "mw_total": 100}]
    lease = signed("Atlas", "2026-08", conversion_outage_months=3)
    found = conflicts(scenario(leases=[lease], sites__0__energised_mw=ramp, fleets__0__mw=20.0))
    assert [(str(item.first), str(item.last)) for item in found] == [("2026-05", "2026-06")]


def test_mw_that_are_not_suitable_and_mw_that_are_reserved() -> None:
    right = offer("Right", critical_it_mw=16.0, reserved_until="2026-04")
    found = conflicts(scenario(leases=[signed("Atlas", "2026-01"), right], sites__0__hpc_suitable_mw=30))
    assert [(str(item.first), str(item.last), item.rule) for item in found] == [
        ("2026-01", "2026-03", "suitable for leases and not reserved")
    ]
    assert found[0].short_mw == 15.0


def test_at_most_twelve_lines() -> None:
    ramp = [{"from": f"{2026 + i // 12}-{i % 12 + 1:02d}", "mw_total": 10 if i % 2 else 100} for i in range(24)]
    lease = signed("Atlas", "2026-01", term_years=2.0)
    plan = solve(scenario(leases=[lease], sites__0__energised_mw=ramp, horizon__end="2028-12"))
    assert len(plan.conflicts) == 12 or len(plan.conflicts) <= 12
    many = [{"from": f"{2026 + i // 12}-{i % 12 + 1:02d}", "mw_total": 10 if i % 2 else 100} for i in range(60)]
    lease = signed("Atlas", "2026-01", term_years=5.0)
    plan = solve(scenario(leases=[lease], sites__0__energised_mw=many, horizon__end="2030-12"))
    assert len(plan.conflicts) == 12
    assert plan.conflicts[-1].startswith("and 19 more")


def test_a_feasible_scenario_has_no_conflict() -> None:
    assert conflicts(scenario(leases=[signed("Atlas", "2026-01")])) == []
