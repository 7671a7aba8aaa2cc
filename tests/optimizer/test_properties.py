"""What must hold for every scenario: more choice never hurts, prices move values the right way, duals are slopes."""

from __future__ import annotations

from typing import Any

import pytest
from cases import data, fleet, offer, scenario
from hashlease import solve
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer.optimise import Optimiser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

RATES = {"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08}
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@some.composite
def offers(draw: some.DrawFn, name: str = "Offer", blocks: bool = False) -> dict[str, Any]:
    last = draw(some.integers(2, 9))
    return offer(
        name,
        critical_it_mw=draw(some.floats(2, 60)),
        gross_up=draw(some.floats(1.1, 1.6)),
        rent_usd_per_kw_month=draw(some.floats(40, 160)),
        escalator_per_year=draw(some.floats(0, 0.05)),
        capex_usd_per_critical_mw=draw(some.floats(1e5, 9e5)),
        start_window={"earliest": "2026-02", "latest": f"2026-{last:02d}"},
        conversion_outage_months=draw(some.integers(0, 2)),
        build_months=1,
        indivisible=blocks and draw(some.booleans()),
    )


@some.composite
def cases(draw: some.DrawFn, blocks: bool = False) -> dict[str, Any]:
    prices = [[draw(some.floats(-20, 20)), draw(some.floats(20, 60)), draw(some.floats(60, 400))] for _ in range(12)]
    return data(
        power__zones__0__price={
            "kind": "duration_bands",
            "share_of_hours_fraction": [0.2, 0.7, 0.1],
            "usd_per_mwh": prices,
            "multiplier": {"flat": 1.0},
        },
        fleets=[
            fleet("A", mw=draw(some.floats(10, 100)), j_per_th=draw(some.floats(13, 30))),
            fleet("B", mw=draw(some.floats(10, 100)), j_per_th=draw(some.floats(13, 30)), retire_month="2027-05"),
        ],
        leases=[draw(offers(f"Offer {number}", blocks)) for number in range(draw(some.integers(1, 4)))],
        sites__0__hpc_suitable_mw=draw(some.floats(20, 100)),
        finance__discount_rate_per_year=RATES,
    )


def best_musd(case: dict[str, Any], relaxed: bool = False) -> float:
    optimiser = Optimiser(Values(Scenario.model_validate(case)))
    return optimiser.solve(relaxed=relaxed).objective + optimiser.values.constant_musd()


@few
@given(case=cases(blocks=True), another=offers("Another", blocks=True))
def test_another_offer_never_hurts(case: dict[str, Any], another: dict[str, Any]) -> None:
    more = {**case, "leases": [*case["leases"], another]}
    assert best_musd(more) >= best_musd(case) - 1e-6


@few
@given(case=cases(blocks=True))
def test_whole_blocks_are_worth_at_most_the_relaxation(case: dict[str, Any]) -> None:
    assert best_musd(case) <= best_musd(case, relaxed=True) + 1e-6


@few
@given(case=cases(), factor=some.floats(1.0, 3.0))
def test_a_higher_hashprice_or_rent_is_never_worse(case: dict[str, Any], factor: float) -> None:
    base = best_musd(case)
    dearer_hash = {**case, "market": {"hashprice": {**case["market"]["hashprice"], "multiplier": factor}}}
    better_rent = {
        **case,
        "leases": [
            {**lease, "rent_usd_per_kw_month": min(lease["rent_usd_per_kw_month"] * factor, 600.0)} for lease in case["leases"]
        ],
    }
    assert best_musd(dearer_hash) >= base - 1e-7
    assert best_musd(better_rent) >= base - 1e-7


@few
@given(case=cases(), factor=some.floats(0.1, 10.0))
def test_twice_the_site_is_worth_twice(case: dict[str, Any], factor: float) -> None:
    """Every MW and every fleet and offer scaled by the same factor scales the value."""
    scaled = {
        **case,
        "sites": [
            {**site, "energised_mw": site["energised_mw"] * factor, "hpc_suitable_mw": site["hpc_suitable_mw"] * factor}
            for site in case["sites"]
        ],
        "fleets": [{**row, "mw": row["mw"] * factor} for row in case["fleets"]],
        "leases": [{**row, "critical_it_mw": row["critical_it_mw"] * factor} for row in case["leases"]],
    }
    assert best_musd(scaled) == pytest.approx(best_musd(case) * factor, rel=1e-9, abs=1e-9)


@few
@given(case=cases())
def test_more_mw_and_more_choice_of_start_never_hurt(case: dict[str, Any]) -> None:
    more_mw = {**case, "sites": [{**case["sites"][0], "energised_mw": 110.0}]}
    later = [{**row, "start_window": {"earliest": "2026-02", "latest": "2026-12"}} for row in case["leases"]]
    base = best_musd(case)
    assert best_musd(more_mw) >= base - 1e-7
    assert best_musd({**case, "leases": later}) >= base - 1e-7


@few
@given(case=cases(), month=some.integers(0, 23))
def test_the_price_of_a_mw_lies_between_its_one_sided_differences(case: dict[str, Any], month: int) -> None:
    plan = solve(Scenario.model_validate(case))
    price = plan.rows["shadow_price"][month]["usd_per_mw"] / 1e6

    def with_mw(change: float) -> float:
        steps = [
            {"from": f"{2026 + t // 12}-{t % 12 + 1:02d}", "mw_total": 100.0 + (change if t == month else 0.0)} for t in range(24)
        ]
        # Suitable MW never exceed energised MW, so they are kept below in both.
        site = {**case["sites"][0], "energised_mw": steps, "hpc_suitable_mw": min(case["sites"][0]["hpc_suitable_mw"], 99.0)}
        return best_musd({**case, "sites": [site]})

    if case["sites"][0]["hpc_suitable_mw"] > 99.0:
        return
    step = 0.01
    right = (with_mw(step) - with_mw(0.0)) / step
    left = (with_mw(0.0) - with_mw(-step)) / step
    assert right - 1e-5 <= price <= left + 1e-5


@few
@given(case=cases(blocks=True))
def test_every_random_plan_is_certified_and_beats_both_references(case: dict[str, Any]) -> None:
    plan = solve(Scenario.model_validate(case))
    assert plan.verdict == "CERTIFIED"
    for reference in plan.references:
        assert plan.npv_usd >= reference.npv_usd - 1.0


@few
@given(case=cases(), number=some.integers(0, 3), factor=some.floats(0.97, 1.03))
def test_a_break_even_rent_separates_taken_from_left(case: dict[str, Any], number: int, factor: float) -> None:
    leases = case["leases"]
    row = solve(Scenario.model_validate(case)).rows["leases"][number % len(leases)]
    rent = row["break_even_rent_usd_per_kw_month"]
    if rent is None or not 1.0 <= rent * factor <= 600.0 or abs(factor - 1) < 1e-4:
        return
    changed = [{**lease, "rent_usd_per_kw_month": rent * factor} if lease["name"] == row["offer"] else lease for lease in leases]
    after = solve(Scenario.model_validate({**case, "leases": changed})).rows["leases"]
    taken = next(found for found in after if found["offer"] == row["offer"])
    assert (taken["worth_usd"] > 2.0) == (factor > 1.0)


def test_leap_years_and_clock_changes_reach_the_plan() -> None:
    """A MW mined through February 2028 and through the 743 hours of March: 50 USD x 696 h and x 743 h."""
    plan = solve(
        scenario(
            finance__valuation_date="2028-02-01",
            horizon__end="2028-03",
            power__zones__0__time_zone="America/Chicago",
            leases=[],
        )
    )
    assert plan.npv_usd == pytest.approx(100 * 50 * (696 + 743), rel=1e-12)
    assert [row["mwh"] for row in plan.rows["fleets"]] == [pytest.approx(100 * (696 + 743))]
