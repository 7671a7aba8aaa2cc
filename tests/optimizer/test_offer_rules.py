"""Minimum sizes, exclusive groups and prerequisites: by hand, against HiGHS's own search, by exhaustion, and in the studies.

A meter MW mines 438,000 USD a year; a critical MW of an offer at rent r earns r x 12,000 - 400,000 in 2026 and takes 1.25 meter MW.
"""

from __future__ import annotations

from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import data, offer, scenario
from hashlease.models.months import Month
from hashlease.models.scenario import Scenario
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.certificate import Certifier
from hashlease.optimizer.decisions import Decisions
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.pinned import PinnedLease, PinnedPlan, fitted
from hashlease.optimizer.policies import Valuer
from hashlease.optimizer.prices import prices_of

MINING = 100 * 876_000.0
"""Both years."""


def gain(rent: float, critical_mw: float = 20.0) -> float:
    """USD that critical MW of an offer bring beyond the mining that they take."""
    return critical_mw * (rent * 12_000 - 400_000 - 1.25 * 438_000)


def solved(leases: list[dict[str, Any]], **changes: Any) -> tuple[hl.Plan, dict[str, float]]:
    plan = hl.solve(scenario(leases=leases, **changes))
    assert plan.verdict == "CERTIFIED", plan.conflicts
    return plan, {row["offer"]: row["critical_mw"] for row in plan.rows["leases"]}


def test_of_a_group_the_better_offer_is_taken() -> None:
    # 20 critical MW at 100 bring 5.05 M USD beyond mining, at 110 7.45 M; the relaxation can do no better than that.
    both = [offer("A", exclusive_group="Hall"), offer("B", exclusive_group="Hall", rent_usd_per_kw_month=110.0)]
    plan, taken = solved(both)
    assert taken == {"A": 0, "B": 20}
    assert plan.npv_usd == pytest.approx(MINING + gain(110), rel=1e-12)
    assert plan.relaxation_npv_usd == pytest.approx(plan.npv_usd, rel=1e-12)
    assert solved([offer("A"), offer("B", rent_usd_per_kw_month=110.0)])[0].npv_usd == pytest.approx(
        MINING + gain(100) + gain(110), rel=1e-12
    )
    why = {row["offer"]: row["reason"] for row in plan.rows["leases"]}
    assert why["A"] == (
        "not taken: the best plan that takes 1.0 critical MW of it, which gives up 20.0 critical MW of B, is worth 2.40 M USD less "
        "(by solving again)"
    )


def test_a_group_over_two_sites_and_a_signed_member() -> None:
    # The group is one for the company, not for the site.
    sites = [
        {"name": name, "zone": "Zone", "energised_mw": 50.0, "supply": {"kind": "index", "adder_usd_per_mwh": 0.0}}
        for name in ("Site", "South")
    ]
    fleets = [{**data()["fleets"][0], "name": name, "site": name, "mw": 50.0} for name in ("Site", "South")]
    both = [
        offer("A", exclusive_group="Hall"),
        offer("B", site="South", exclusive_group="Hall", rent_usd_per_kw_month=110.0),
    ]
    plan, taken = solved(both, sites=sites, fleets=fleets)
    assert taken == {"A": 0, "B": 20}
    assert plan.npv_usd == pytest.approx(MINING + gain(110), rel=1e-12)
    signed = {key: value for key, value in both[0].items() if key != "start_window"} | {
        "status": "signed",
        "start_month": "2026-01",
    }
    plan, taken = solved([signed, both[1]], sites=sites, fleets=fleets)
    assert taken == {"A": 20, "B": 0}
    assert plan.npv_usd == pytest.approx(MINING + gain(100), rel=1e-12)
    why = next(row["reason"] for row in plan.rows["leases"] if row["offer"] == "B")
    assert why == "not taken: A, which is signed, is of the same exclusive group"


def test_a_minimum_size_is_kept_or_the_offer_left() -> None:
    # 40 suitable meter MW are 32 critical. B at 110 would take 20 and leave 12 for A, which wants at least 20: A 20 and B 12.
    leases = [
        offer("A", critical_it_mw=32.0, minimum_critical_mw=20.0),
        offer("B", rent_usd_per_kw_month=110.0),
    ]
    plan, taken = solved(leases, sites__0__hpc_suitable_mw=40.0)
    assert taken == pytest.approx({"A": 20, "B": 12})
    assert plan.npv_usd == pytest.approx(MINING + gain(100, 20) + gain(110, 12), rel=1e-12)
    # With A at 79.5, its 20 MW bring less than 8 MW of B that they displace: A is left.
    leases[0]["rent_usd_per_kw_month"] = 79.5
    plan, taken = solved(leases, sites__0__hpc_suitable_mw=40.0)
    assert gain(79.5, 20) + gain(110, 12) < gain(110)
    assert taken == pytest.approx({"A": 0, "B": 20})
    assert plan.npv_usd == pytest.approx(MINING + gain(110), rel=1e-12)
    assert plan.relaxation_npv_usd > plan.npv_usd
    # More than what there is room for cannot be taken at all.
    plan, taken = solved([offer("A", critical_it_mw=40.0, minimum_critical_mw=36.0)], sites__0__hpc_suitable_mw=40.0)
    assert taken == {"A": 0}
    why = plan.rows["leases"][0]["reason"]
    assert (
        why == "not taken: 45.0 MW at the meter do not fit: at most 40.0 MW of Site are suitable for leases and free at any start"
    )


def test_an_offer_that_needs_another_carries_it() -> None:
    # A alone costs 1.67 M USD; B on top of it brings 19.45 M.
    leases = [offer("A", rent_usd_per_kw_month=72.0), offer("B", rent_usd_per_kw_month=160.0, requires="A")]
    plan, taken = solved(leases)
    assert gain(72) == pytest.approx(-1_670_000)
    assert taken == pytest.approx({"A": 20, "B": 20})
    assert plan.npv_usd == pytest.approx(MINING + gain(72) + gain(160), rel=1e-12)
    # B brings less than A costs: neither.
    leases[1]["rent_usd_per_kw_month"] = 84.0
    assert 0 < gain(84) < -gain(72)
    plan, taken = solved(leases)
    assert taken == pytest.approx({"A": 0, "B": 0})
    assert plan.npv_usd == pytest.approx(MINING, rel=1e-12)


def test_a_prerequisite_comes_first_and_share_by_share() -> None:
    # A may begin in March or April, B from January on: B waits for March. 30 suitable meter MW are 24 critical: 12 of each.
    window = {"earliest": "2026-01", "latest": "2026-04"}
    leases = [
        offer("A", start_window={"earliest": "2026-03", "latest": "2026-04"}, term_years=0.75),
        offer("B", rent_usd_per_kw_month=160.0, requires="A", start_window=window, term_years=0.75),
    ]
    plan, taken = solved(leases, sites__0__hpc_suitable_mw=30.0)
    starts = {row["offer"]: [part["start"] for part in row["starts"]] for row in plan.rows["leases"]}
    assert taken == pytest.approx({"A": 12, "B": 12})
    assert min(starts["B"]) >= min(starts["A"]) >= "2026-03"


def random_rules(seed: int, offers: int = 5) -> Scenario:
    """Offers of every kind that compete for a site and a budget, with groups, minimum sizes and prerequisites."""
    random = np.random.default_rng(seed)
    leases = []
    for number in range(offers):
        size = float(random.uniform(12, 45))
        lease = offer(
            f"Offer {number}",
            critical_it_mw=size,
            rent_usd_per_kw_month=float(random.uniform(75, 130)),
            capex_usd_per_critical_mw=float(random.uniform(3e5, 6e5)),
            start_window={"earliest": "2026-02", "latest": f"2026-{random.integers(3, 10):02d}"},
            conversion_outage_months=int(random.integers(0, 2)),
            build_months=1,
        )
        if random.random() < 0.4:
            lease["indivisible"] = True
        elif random.random() < 0.6:
            lease["minimum_critical_mw"] = size * float(random.uniform(0.3, 1))
        lease["exclusive_group"] = [None, "One", "Two"][int(random.integers(3))]
        leases.append(lease)
    for later in range(1, offers):
        earlier = int(random.integers(later))
        apart = leases[later]["exclusive_group"] is None or leases[later]["exclusive_group"] != leases[earlier]["exclusive_group"]
        if random.random() < 0.4 and apart:
            leases[later]["requires"] = f"Offer {earlier}"
    return scenario(
        leases=leases,
        finance__capex_budget_usd={"2026": float(random.uniform(1.5e7, 4e7))},
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
    )


@pytest.mark.parametrize("seed", range(25))
def test_the_search_finds_what_highs_finds_and_proves_it(seed: int) -> None:
    optimiser = Optimiser(Values(random_rules(seed)))
    search, highs = optimiser.search(), optimiser.session.solve()
    assert search.solution is not None
    assert search.finished
    assert search.solution.objective == pytest.approx(highs.objective, abs=1.1e-3)
    assert search.solution.objective >= highs.objective - 1e-6
    certifier = Certifier(optimiser.values, optimiser.program.form)
    bound = certifier.tree_bound_musd(optimiser.program, search.root)
    assert search.solution.objective - 1e-6 <= bound <= search.solution.objective + 1e-4
    assert hl.solve(random_rules(seed)).verdict == "CERTIFIED"
    random = np.random.default_rng(seed)
    for scale in (0.0, 1e-2, 1.0, 100.0):
        dual = random.uniform(0, scale, optimiser.program.form.rows)
        assert certifier.safe_bound_musd(prices_of(optimiser.program, dual)) >= search.solution.objective - 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_the_map_keeps_the_rules_and_its_bound(seed: int) -> None:
    case = random_rules(seed, offers=4)
    found = hl.decision_map(case, {"hashprice": (0.6, 1.5), "rent": (0.8, 1.3)}, 0.01)
    optimiser = Optimiser(Values(case))
    random = np.random.default_rng(seed)
    for _ in range(25):
        hashprice, rent = float(random.uniform(0.6, 1.5)), float(random.uniform(0.8, 1.3))
        at = Multipliers(hashprice=hashprice, rent=rent)
        best = (optimiser.solve(optimiser.program.cost_musd(at)).objective + optimiser.values.constant_musd(at)) * 1e6
        regret = best - found.npv_usd(hashprice=hashprice, rent=rent).max()
        assert -1.0 <= regret <= found.bound_usd + 1.0


def test_a_mixed_answer_is_not_used() -> None:
    """Two offers of a group, a part of a minimum, an offer without its prerequisite: the certificate finds each."""
    leases = [
        offer("A", exclusive_group="Hall", minimum_critical_mw=10.0),
        offer("B", exclusive_group="Hall"),
        offer("C", requires="A"),
    ]
    optimiser = Optimiser(Values(scenario(leases=leases)))
    certifier = Certifier(optimiser.values, optimiser.program.form)
    idle = np.zeros((1, 24))

    def failed(*critical_mw: float) -> list[int]:
        plan = Decisions(idle, tuple(np.array([mw]) for mw in critical_mw))
        return [part.number for part in (certifier.primal(plan), certifier.whole_blocks(plan)) if not part.passed]

    assert failed(20, 0, 20) == []
    assert failed(0, 20, 0) == []
    assert failed(10, 1, 0) == [2]
    assert failed(9, 0, 0) == [2]
    assert failed(10, 0, 11) == [1]
    assert failed(0, 20, 1) == [1]


def test_a_pinned_plan_must_keep_the_rules() -> None:
    leases = [
        offer("A", exclusive_group="Hall", minimum_critical_mw=10.0),
        offer("B", exclusive_group="Hall"),
        offer("C", requires="A"),
    ]
    pinned = [PinnedLease("Site", name, Month.of("2026-01"), mw) for name, mw in (("A", 5.0), ("B", 20.0), ("C", 20.0))]
    with pytest.raises(hl.InputError) as refused:
        fitted(PinnedPlan("mine", tuple(pinned)), Valuer(scenario(leases=leases)).certifier)
    found = {(problem.field, problem.allowed) for problem in refused.value.problems}
    assert found == {
        ("A", "nothing, or at least 10 critical MW"),
        ("A", "at most one offer of the group Hall"),
        ("C", "no larger a share of it than of A by the same month"),
    }


def test_all_mining_and_lease_all_keep_the_rules() -> None:
    leases = [
        offer("A", exclusive_group="Hall", rent_usd_per_kw_month=60.0),
        offer("B", exclusive_group="Hall", critical_it_mw=15.0, rent_usd_per_kw_month=110.0),
        offer("C", requires="A", critical_it_mw=10.0, rent_usd_per_kw_month=50.0),
    ]
    plan, _ = solved(leases)
    assert plan.reference("all_mining").npv_usd == pytest.approx(MINING, rel=1e-12)
    assert plan.reference("lease_all").leased_critical_mw == pytest.approx(30)


def test_break_evens_of_a_group_are_where_the_decision_flips() -> None:
    # A flips where it brings as much as B: at B's rent, since both have the same size.
    plan, _ = solved([offer("A", exclusive_group="Hall"), offer("B", exclusive_group="Hall", rent_usd_per_kw_month=110.0)])
    rents = {row["offer"]: row["break_even_rent_usd_per_kw_month"] for row in plan.rows["leases"]}
    assert rents == pytest.approx({"A": 110.0, "B": 100.0}, rel=1e-9)
