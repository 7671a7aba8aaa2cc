"""Small cases by exhaustion: every combination of leases is put to `plain_evaluator`, and none may beat the plan.

Given the leases, mining is filled greedily, in every month the fleets with the largest margins first. That is optimal: the months
separate, since a fleet's MW in one month bind nothing in another (its sale does not depend on use); within a month every energised
MW takes one MW of the site, whatever the fleet, so the month is a knapsack whose items may be cut and all weigh the same. An
exchange of a MW of a lower margin for one of a higher margin that is still free never loses, and a MW of negative margin is
better idle. Tax takes the same share of all, and the month's discount factor is positive, so neither changes the order.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import cases
import hashlease as hl
import pytest
from plain_evaluator import Data, LeaseMw, PlainScenario, month_text

WHOLE_CASES = 24
RULED_CASES = 14
DIVISIBLE_CASES = 10
SEARCHED_USD = 0.2
"""The search over whole blocks ends when nothing better by 0.1 USD can be left."""


def random_offer(draw: random.Random, number: int, starts: int) -> Data:
    first = draw.randint(2, 4)
    step = draw.choice([1, 2])
    window = {"earliest": f"2026-{first:02d}", "latest": f"2026-{first + step * (starts - 1):02d}", "every_months": step}
    return cases.offer(
        f"Offer {number}",
        critical_it_mw=draw.choice([8, 15, 24, 30]),
        gross_up=draw.choice([1.2, 1.25, 1.4]),
        rent_usd_per_kw_month=draw.uniform(60, 110),
        escalator_per_year=0.03,
        term_years=draw.choice([3, 6, 9, 18]) / 12,
        extensions=draw.choice([[], [{"years": 0.25, "exercise_probability_fraction": 0.4}]]),
        capex_usd_per_critical_mw=draw.uniform(5e4, 5e5),
        build_months=draw.choice([0, 1]),
        conversion_outage_months=draw.choice([0, 1, 2]),
        residual_value_fraction_of_capex=draw.choice([0, 0.4]),
        mw_after_term=draw.choice(["returned", "kept"]),
        start_window=window,
        reserved_until=draw.choice([None, "2026-04"]) if number == 0 else None,
    )


def random_scenario(seed: int, offers: int, starts: int, indivisible: bool) -> hl.Scenario:
    draw = random.Random(seed)
    fleets = [
        cases.fleet(f"Fleet {number}", mw=draw.uniform(20, 60), j_per_th=draw.uniform(14, 26), uptime_fraction=0.9)
        for number in range(2)
    ]
    leases = [{**random_offer(draw, number, starts), "indivisible": indivisible} for number in range(offers)]
    shape = [[round(draw.uniform(-5, 30) + 12 * band, 2) for band in range(4)] for _ in range(12)]
    bands = {"share_of_hours_fraction": [0.125, 0.375, 0.375, 0.125], "usd_per_mwh": shape, "multiplier": {"flat": 1}}
    written = cases.data(
        horizon__end=draw.choice(["2026-08", "2026-11", "2027-02"]),
        power__zones__0__price={"kind": "duration_bands", **bands},
        sites__0__energised_mw=draw.uniform(60, 100),
        sites__0__hpc_suitable_mw=draw.uniform(45, 80),
        fleets=fleets,
        leases=leases,
        finance__discount_rate_per_year={"mining": 0.14, "lease": 0.09, "capex": 0.08, "power_contract": 0.07},
        finance__tax=draw.choice([None, {"rate_fraction": 0.25, "depreciation_years": 5}]),
        finance__capex_budget_usd=draw.choice([{}, {"2026": draw.uniform(3e6, 1.2e7)}]),
    )
    if draw.random() < 0.3:
        signed = {**leases[0], "name": "Signed", "status": "signed", "critical_it_mw": 4, "start_month": "2025-11"}
        signed = {key: value for key, value in signed.items() if key not in ("start_window", "reserved_until")}
        written["leases"] = [*leases, signed]
    return hl.Scenario.model_validate(written)


def feasible_npvs(opinion: PlainScenario, choices: Iterator[LeaseMw]) -> list[float]:
    """Value of every choice of leases that breaks no rule, with the best mining beside it."""
    found = []
    for leases in choices:
        if not opinion.violations({}, leases):
            evaluation = opinion.evaluate(opinion.best_mining(leases), leases)
            assert evaluation.violations == []
            found.append(evaluation.npv_usd)
    return found


def whole_choices(opinion: PlainScenario) -> Iterator[LeaseMw]:
    """Every offer not at all, or whole at one of its starts."""
    options = [
        [{}, *({(name, month_text(start)): lease["critical_it_mw"]} for start in opinion.allowed_starts(lease))]
        for name, lease in opinion.leases.items()
        if lease["status"] == "offered"
    ]
    for parts in itertools.product(*options):
        yield {key: mw for part in parts for key, mw in part.items()}


def quarter_choices(opinion: PlainScenario) -> Iterator[LeaseMw]:
    """Every offer in quarters, spread over its starts in every way."""
    keys = [
        (name, month_text(start))
        for name, lease in opinion.leases.items()
        if lease["status"] == "offered"
        for start in opinion.allowed_starts(lease)
    ]
    for quarters in itertools.product(range(5), repeat=len(keys)):
        yield {
            (name, start): opinion.leases[name]["critical_it_mw"] * quarter / 4
            for (name, start), quarter in zip(keys, quarters, strict=True)
            if quarter
        }


@pytest.mark.parametrize("seed", range(WHOLE_CASES))
def test_whole_offers_by_exhaustion(seed: int) -> None:
    """Up to three offers at up to four starts: 125 combinations at most, of which the plan is the best."""
    scenario = random_scenario(seed, offers=3, starts=1 + seed % 4, indivisible=True)
    plan = hl.solve(scenario)
    assert plan.verdict == "CERTIFIED", plan.conflicts
    opinion = PlainScenario(scenario.model_dump(mode="json", by_alias=True))
    assert plan.npv_usd == pytest.approx(max(feasible_npvs(opinion, whole_choices(opinion))), abs=SEARCHED_USD)


@pytest.mark.parametrize("seed", range(RULED_CASES))
def test_whole_offers_with_a_group_and_a_prerequisite_by_exhaustion(seed: int) -> None:
    """Two offers exclude each other or not, and one needs another; the plan is the best combination that keeps the rules."""
    draw = random.Random(1000 + seed)
    written = random_scenario(200 + seed, offers=3, starts=2 + seed % 3, indivisible=True).model_dump(mode="json", by_alias=True)
    first, second, third = written["leases"][:3]
    if draw.random() < 0.6:
        first["exclusive_group"] = second["exclusive_group"] = "Either"
    third["requires"] = draw.choice([first, second])["name"]
    scenario = hl.Scenario.model_validate(written)
    plan = hl.solve(scenario)
    assert plan.verdict == "CERTIFIED", plan.conflicts
    opinion = PlainScenario(scenario.model_dump(mode="json", by_alias=True))
    assert plan.npv_usd == pytest.approx(max(feasible_npvs(opinion, whole_choices(opinion))), abs=SEARCHED_USD)


@pytest.mark.parametrize("seed", range(DIVISIBLE_CASES))
def test_no_quarters_of_divisible_offers_beat_the_plan(seed: int) -> None:
    scenario = random_scenario(100 + seed, offers=2, starts=2, indivisible=False)
    plan = hl.solve(scenario)
    assert plan.verdict == "CERTIFIED", plan.conflicts
    opinion = PlainScenario(scenario.model_dump(mode="json", by_alias=True))
    best = max(feasible_npvs(opinion, quarter_choices(opinion)))
    assert best <= plan.npv_usd + SEARCHED_USD
    assert best >= opinion.evaluate(opinion.best_mining({}), {}).npv_usd
