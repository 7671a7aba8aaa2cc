"""Whole blocks: the search against HiGHS's own, and its proof."""

from __future__ import annotations

from dataclasses import replace

import cases
import numpy as np
import pytest
from cases import fleet, offer, scenario
from hashlease import solve
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer.certificate import Certifier
from hashlease.optimizer.optimise import Optimiser


def blocks(seed: int, offers: int = 5) -> Scenario:
    """Blocks that do not fit together: their MW add up to more than the site has."""
    random = np.random.default_rng(seed)
    return scenario(
        fleets=[fleet("Fleet", mw=60.0), fleet("Old", mw=40.0, j_per_th=26.0)],
        leases=[
            offer(
                f"Block {number}",
                indivisible=True,
                critical_it_mw=float(random.uniform(12, 45)),
                rent_usd_per_kw_month=float(random.uniform(75, 130)),
                capex_usd_per_critical_mw=float(random.uniform(3e5, 6e5)),
                start_window={"earliest": "2026-02", "latest": f"2026-{random.integers(3, 10):02d}"},
                conversion_outage_months=int(random.integers(0, 2)),
                build_months=1,
            )
            for number in range(offers)
        ],
        finance__capex_budget_usd={"2026": float(random.uniform(1.5e7, 4e7))},
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_search_finds_what_highs_finds_and_proves_it(seed: int) -> None:
    optimiser = Optimiser(Values(blocks(seed)))
    search = optimiser.search()
    highs = optimiser.session.solve()
    assert search.solution is not None
    assert search.finished
    assert search.solution.objective == pytest.approx(highs.objective, abs=1.1e-3)
    assert search.solution.objective >= highs.objective - 1e-6
    bound = Certifier(optimiser.values, optimiser.program.form).tree_bound_musd(optimiser.program, search.root)
    assert search.solution.objective - 1e-6 <= bound <= search.solution.objective + 1e-4


@pytest.mark.parametrize("seed", range(6))
def test_whole_blocks_are_certified_and_never_beat_the_relaxation(seed: int) -> None:
    plan = solve(blocks(seed))
    assert plan.verdict == "CERTIFIED"
    assert plan.npv_usd <= plan.relaxation_npv_usd + 1.0
    for row in plan.rows["leases"]:
        assert row["critical_mw"] in (0, pytest.approx(row["offered_critical_mw"]))
        assert len(row["starts"]) <= 1


def test_a_search_cut_off_states_the_gap_it_can_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    from hashlease.optimizer.branching import BranchAndBound

    honest = BranchAndBound.search
    monkeypatch.setattr(BranchAndBound, "search", lambda self, *rest, **named: honest(self, *rest, **{**named, "most_nodes": 2}))
    best = Optimiser(Values(blocks(1))).session.solve()
    plan = solve(blocks(1))
    assert plan.verdict.startswith("FEASIBLE, PROVED WITHIN")
    assert plan.exit_code == 0
    assert plan.certificate is not None
    assert plan.npv_usd / 1e6 == pytest.approx(best.objective, abs=2e-3)
    assert plan.certificate.gap_usd > 1_000
    assert plan.certificate.bound_usd >= plan.npv_usd


def test_blocks_excluded_stay_excluded() -> None:
    optimiser = Optimiser(Values(blocks(2)))
    everything = frozenset(range(5))
    without = optimiser.solve(without=everything)
    assert np.all(without.x[optimiser.program.lease_columns] == 0)
    assert optimiser.solve().objective >= without.objective


def test_a_search_that_left_out_a_start_from_the_beginning_proves_nothing() -> None:
    """The corrupted tree covers all that it looked at; only that its root allows everything tells."""
    optimiser = Optimiser(Values(blocks(3)))
    root = optimiser.search().root
    certifier = Certifier(optimiser.values, optimiser.program.form)
    assert np.isfinite(certifier.tree_bound_musd(optimiser.program, root))
    offer, choice = next(iter(root.choices.items()))
    root.choices[offer] = replace(choice, starts=choice.starts - {min(choice.starts)})
    root.children.clear()
    assert certifier.tree_bound_musd(optimiser.program, root) == np.inf


def test_a_block_that_cannot_fit_sets_no_prices() -> None:
    """60 critical MW take 75 MW of 50 suitable ones; in the relaxation a part of them would earn and price suitable MW."""
    block = cases.offer("Block", critical_it_mw=60, rent_usd_per_kw_month=500, indivisible=True)
    plan = solve(cases.scenario(sites__0__hpc_suitable_mw=50, leases=[block]))
    assert plan.verdict == "CERTIFIED"
    assert plan.relaxation_npv_usd == pytest.approx(plan.npv_usd, rel=1e-12)
    assert all(row["usd_per_suitable_mw"] == 0 for row in plan.rows["shadow_price"])
    assert "do not fit" in plan.rows["leases"][0]["reason"]
    fits = solve(cases.scenario(sites__0__hpc_suitable_mw=75, leases=[block]))
    assert fits.rows["leases"][0]["critical_mw"] == 60
