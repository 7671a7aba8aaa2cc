"""Why an offer is taken or not, why MW are idle, and what a lease table says of starts and of the horizon's end."""

from __future__ import annotations

from typing import Any

import pytest
from cases import fleet, offer, scenario
from hashlease import solve
from hashlease.optimizer.plan import Plan
from hashlease.optimizer.tables import MACHINES_STAND_STILL, NO_FURTHER_LEASE, NOTHING_THERE


def lease(plan: Plan, name: str) -> dict[str, Any]:
    return next(row for row in plan.rows["leases"] if row["offer"] == name)


def why(name: str = "Offer", **changes: Any) -> str:
    return str(lease(solve(scenario(**changes)), name)["reason"])


WHOLE = {"leases__0__indivisible": True}
RICH = {"rent_usd_per_kw_month": 300.0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        # 20 x 1.25 = 25 MW at the meter
        ({**WHOLE, "sites__0__energised_mw": 24.0}, "25.0 MW at the meter do not fit: at most 24.0 MW of Site are energised"),
        ({**WHOLE, "sites__0__hpc_suitable_mw": 24.0}, "25.0 MW at the meter do not fit: at most 24.0 MW of Site are suitable"),
        ({"sites__0__hpc_suitable_mw": 0.0}, "none of it fits: at most 0.0 MW of Site are suitable"),
        # 20 x 400,000 USD
        (
            {**WHOLE, "finance__capex_budget_usd": {2026: 7_000_000}},
            "even from 2026-01, 8.00 M USD of its capex fall in 2026, whose budget is 7.00 M USD",
        ),
    ],
)
def test_what_cannot_fit_is_said_so(changes: dict[str, Any], words: str) -> None:
    assert f"not taken: {words}" in why(**changes)


def test_a_right_and_a_signed_lease_leave_less_room() -> None:
    signed = {"status": "signed", "start_month": "2026-01", "critical_it_mw": 40.0, "term_years": 2.0}
    first = {key: value for key, value in offer("Signed", **signed).items() if key != "start_window"}
    right = offer("Right", critical_it_mw=20.0, reserved_until="2027-06", rent_usd_per_kw_month=1.0)
    found = why("Offer", leases=[first, right, offer("Offer", critical_it_mw=30.0, indivisible=True)])
    # 100 less 40 x 1.25 signed less 20 x 1.25 reserved
    assert "37.5 MW at the meter do not fit: at most 25.0 MW of Site are suitable for leases" in found


def test_a_block_that_another_displaces() -> None:
    """Of two blocks of 60 MW one fits: prices do not tell why the poorer is left out, solving again does.

    The rich block pays 3,600,000 - 400,000 a critical MW and year, the poorer 2,400,000 - 400,000; 48 MW of either.
    """
    blocks = [
        offer(name, critical_it_mw=48.0, indivisible=True, rent_usd_per_kw_month=rent)
        for name, rent in (("Rich", 300.0), ("Poor", 200.0))
    ]
    found = why("Poor", leases=blocks)
    assert "the best plan that takes all of it, which gives up 48.0 critical MW of Rich," in found
    assert "is worth 57.60 M USD less (by solving again)" in found  # 48 x 1,200,000


def test_an_equal_offer_left_out_is_called_equal() -> None:
    """Of two equal offers of 80 MW at 1.25 the site holds one, in whatever mix."""
    plan = solve(scenario(leases=[offer(name, critical_it_mw=80.0, **RICH) for name in ("A", "B")]))
    left_out = [row["reason"] for row in plan.rows["leases"] if not row["critical_mw"]]
    assert all(reason == "not taken: another plan that takes 1.0 critical MW of it is worth the same" for reason in left_out)


def idle(**changes: Any) -> dict[str, tuple[str, str, float]]:
    plan = solve(scenario(**changes))
    rows = [row for row in plan.rows["idle_by_year"] if row["year"] == 2026]
    total = sum(row["mw"] for row in plan.rows["allocation_by_year"] if row["use"] == "idle" and row["year"] == 2026)
    assert sum(row["mw"] for row in rows) == pytest.approx(total)
    return {row["why"]: (row["first"], row["last"], pytest.approx(row["mw"])) for row in rows}


def test_idle_mw_with_their_reason_and_months() -> None:
    whole_year = ("2026-01", "2026-12")
    assert idle(leases=[], fleets=[fleet("Fleet", mw=60.0)]) == {NOTHING_THERE: (*whole_year, 40.0)}
    # At 20 USD/PH/day a MWh earns 41.67 and costs 50.
    assert idle(leases=[], market__hashprice__usd_per_ph_day={"flat": 20.0}) == {MACHINES_STAND_STILL: (*whole_year, 100.0)}
    half = {"fleets__0__from": "2026-07", "leases__0__start_window": {"earliest": "2026-04", "latest": "2026-04"}}
    found = idle(**half, leases__0__rent_usd_per_kw_month=1.0)
    assert found[NOTHING_THERE][:2] == ("2026-01", "2026-03")
    assert found[NO_FURTHER_LEASE][:2] == ("2026-04", "2026-06")


def test_the_end_is_the_latest_of_several_starts() -> None:
    """60 MW are energised at first and 100 later: an offer of 64 critical MW comes in two parts."""
    ramp = [{"from": "2026-01", "mw_total": 60}, {"from": "2026-03", "mw_total": 100}]
    window = {"earliest": "2026-01", "latest": "2026-03"}
    case = scenario(leases=[offer("Offer", critical_it_mw=64.0, start_window=window, **RICH)], sites__0__energised_mw=ramp)
    row = lease(solve(case), "Offer")
    assert len(row["starts"]) == 2
    assert row["start"] < row["starts"][-1]["start"] == "2026-03"
    assert row["end"] == "2027-02"


def test_a_term_that_the_horizon_cuts_off_says_so() -> None:
    row = lease(solve(scenario(leases__0__term_years=4.0)), "Offer")
    assert row["cut_off_months"] == 24
    assert row["reason"].endswith("its base term runs to 2029-12, and no cash after 2027-12 is counted")
    assert lease(solve(scenario()), "Offer")["cut_off_months"] == 0
