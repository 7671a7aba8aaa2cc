"""[C6] Cumulative budgets by hand: what they limit, what a dollar more is worth, and who speaks of them.

Offers of the plain scenario cost 400,000 USD a critical MW and bring 1,200,000 (First, of 2026) or 1,080,000 (Second, of 2027); the
1.25 MW they take would mine 1.25 x 438,000 = 547,500 USD. Beyond that a MW brings 252,500 (First) and 132,500 (Second).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from cases import offer, scenario
from hashlease import solve
from hashlease.exports.screen import plan_lines
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer.certificate import Certifier
from hashlease.optimizer.decisions import Decisions
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.prices import prices_of
from hashlease.optimizer.sensitivity import one_more
from hashlease.optimizer.why import why

LATER = {"earliest": "2027-01", "latest": "2027-01"}


def two_offers(cumulative: dict[str, float], **changes: Any) -> Scenario:
    second = offer("Second", rent_usd_per_kw_month=90.0, start_window=LATER)
    return scenario(leases=[offer("First"), second], finance__cumulative_capex_budget_usd=cumulative, **changes)


def taken(case: Scenario) -> dict[str, float]:
    plan = solve(case)
    assert plan.verdict == "CERTIFIED"
    return {row["offer"]: pytest.approx(row["critical_mw"], abs=1e-6) for row in plan.rows["leases"]}


@pytest.mark.parametrize(
    ("cumulative", "first", "second"),
    [
        ({"2027": 12e6}, 20, 10),  # 8 M USD for the better one, 4 M USD are left
        ({"2026": 4e6, "2027": 12e6}, 10, 20),  # what 2026 may not spend, 2027 may
        ({"2026": 4e6}, 10, 20),  # nothing is said of 2027
        ({"2026": 20e6, "2027": 6e6}, 15, 0),  # a later limit also holds what was spent before
        ({"2025": 1e6}, 20, 20),  # over before the horizon begins
        ({"2030": 12e6}, 20, 10),  # to the end of the horizon
    ],
)
def test_what_is_spent_by_the_end_of_a_year(cumulative: dict[str, float], first: float, second: float) -> None:
    assert taken(two_offers(cumulative)) == {"First": first, "Second": second}


def test_a_dollar_more_builds_more_of_the_last_offer() -> None:
    plan = solve(two_offers({"2027": 12e6}))
    row = plan.rows["cumulative_budget_price"][0]
    assert row == {
        "year": 2027,
        "budget_usd": 12e6,
        "spent_usd": pytest.approx(12e6),
        "usd_per_usd": pytest.approx(132_500 / 400_000, rel=1e-9),
    }
    assert list(plan.cumulative_budget_price.columns) == list(row)
    more = next(row for row in one_more(plan.scenario) if row["what"] == "budget dollar by the end of")
    assert more["usd"] == pytest.approx(132_500 / 400_000, rel=1e-6)


def test_both_kinds_of_budgets_pay_for_a_dollar() -> None:
    # 2026 allows 4 M USD, all years 10 M USD: First 10 MW, Second 15. A dollar more of 2026 takes one from Second.
    plan = solve(two_offers({"2027": 10e6}, finance__capex_budget_usd={"2026": 4e6}))
    assert plan.rows["budget_price"][0]["usd_per_usd"] == pytest.approx(120_000 / 400_000, rel=1e-9)
    assert plan.rows["cumulative_budget_price"][0]["usd_per_usd"] == pytest.approx(132_500 / 400_000, rel=1e-9)


def test_screen_and_why_speak_of_it() -> None:
    plan = solve(two_offers({"2027": 12e6}))
    text = "\n".join(plan_lines(plan))
    assert "up to 2027" in text and "no limit in the years" not in text
    found = why(two_offers({"2027": 12e6}))
    limit = next(row for row in found.limits if row["rule"] == "cumulative_budget")
    assert limit["price"] == pytest.approx(132_500 / 400_000, rel=1e-6)
    reasons = {row["offer"]: row["reason"] for row in plan.rows["leases"]}
    assert "capex budget is spent" in reasons["Second"]


def test_an_offer_that_no_budget_has_room_for() -> None:
    # A whole block of 8 M USD by the end of 2027, for which there are 6.
    block = offer("Block", indivisible=True, start_window=LATER)
    plan = solve(scenario(leases=[block], finance__cumulative_capex_budget_usd={"2027": 6e6}))
    reason = plan.rows["leases"][0]["reason"]
    assert "8.00 M USD of its capex fall by the end of 2027, for which the budget is 6.00 M USD" in reason


def test_the_certificate_refuses_a_plan_over_a_cumulative_budget() -> None:
    free = Optimiser(Values(two_offers({})))
    plan = Decisions.of(free.program, free.solve().x)
    limited = Optimiser(Values(two_offers({"2027": 12e6})))
    part = Certifier(limited.values, limited.program.form).primal(plan)
    assert not part.passed and part.note == "capex budget up to 2027"


def test_prices_of_cumulative_budgets_are_in_the_bound() -> None:
    optimiser = Optimiser(Values(two_offers({"2027": 12e6})))
    solution = optimiser.solve(relaxed=True)
    assert solution.row_dual is not None
    prices = prices_of(optimiser.program, solution.row_dual)
    certifier = Certifier(optimiser.values, optimiser.program.form)
    assert certifier.safe_bound_musd(prices) == pytest.approx(solution.objective, rel=1e-9)
    # Without their price the bound is that of a plan without a budget, and still a bound.
    assert certifier.safe_bound_musd(dataclasses.replace(prices, cumulative={})) > solution.objective + 1e-3
