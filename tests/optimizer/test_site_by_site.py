"""Whole blocks at several sites that share budgets: the search site by site against HiGHS's own, its proof, and time limits."""

from __future__ import annotations

import time
from typing import Any

import cases
import numpy as np
import pytest
from cases import fleet, offer, scenario
from hashlease import InputError, solve
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer import site_by_site
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.site_by_site import Bounds, SiteBySite, can_go_site_by_site, pairs_within
from hashlease.optimizer.site_proof import proved_bound_musd


def sites_with_blocks(seed: int, budgets: int = 1, sites: int = 3, blocks: int = 4, **changes: Any) -> Scenario:
    """Blocks that want more MW than their sites have and more capex than the budgets hold."""
    random = np.random.default_rng(seed)
    plain = cases.data()["sites"][0]
    names = [f"Site {number}" for number in range(sites)]
    grouped = {name: (0, 1) if random.random() < 0.5 else () for name in names}
    leases = [
        offer(
            f"Block {number} at {name}",
            site=name,
            indivisible=bool(random.random() < 0.9) or budgets > 0,
            critical_it_mw=float(random.uniform(12, 45)),
            rent_usd_per_kw_month=float(random.uniform(75, 130)),
            capex_usd_per_critical_mw=float(random.uniform(3e5, 6e5)),
            start_window={"earliest": "2026-02", "latest": f"2026-{random.integers(5, 10):02d}"},
            conversion_outage_months=int(random.integers(0, 2)),
            build_months=int(random.integers(0, 4)),
            **({"exclusive_group": f"one at {name}"} if number in grouped[name] else {}),
        )
        for name in names
        for number in range(blocks)
    ]
    for lease in leases:
        if not lease["indivisible"] and random.random() < 0.5:
            lease["minimum_critical_mw"] = 0.4 * lease["critical_it_mw"]
    capex = sum(lease["critical_it_mw"] * lease["capex_usd_per_critical_mw"] for lease in leases)
    years = ["2025", "2026"][2 - budgets :]
    return scenario(
        sites=[{**plain, "name": name} for name in names],
        fleets=[fleet(f"Fleet at {name}", site=name, mw=float(random.uniform(40, 100))) for name in names],
        leases=leases,
        **({"finance__capex_budget_usd": {year: round(capex * random.uniform(0.15, 0.6)) for year in years}} if years else {}),
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
        **changes,
    )


@pytest.mark.parametrize("budgets", [0, 1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_site_by_site_finds_what_highs_finds_and_proves_it(seed: int, budgets: int) -> None:
    optimiser = Optimiser(Values(sites_with_blocks(seed, budgets)))
    assert can_go_site_by_site(optimiser.program)
    sites = SiteBySite(optimiser.values.scenario, optimiser)
    found, highs = sites.solve(), optimiser.session.solve()
    assert found is not None
    assert sites.finished
    assert found.objective == pytest.approx(highs.objective, abs=1.1e-3)
    assert found.objective >= highs.objective - 1e-6
    worth = found.objective + optimiser.values.constant_musd()
    assert worth - 1e-6 <= proved_bound_musd(sites, worth) <= worth + 1e-4


@pytest.mark.parametrize("seed", range(4))
def test_the_plan_is_certified_and_equals_the_search_over_all_sites_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = solve(sites_with_blocks(seed, sites=2, blocks=3))
    assert plan.verdict == "CERTIFIED"
    monkeypatch.setattr("hashlease.optimizer.solve.can_go_site_by_site", lambda program: False)
    other = solve(sites_with_blocks(seed, sites=2, blocks=3))
    assert plan.npv_usd == pytest.approx(other.npv_usd, abs=1.0)
    for own, joint in zip(plan.rows["leases"], other.rows["leases"], strict=True):
        assert own.keys() == joint.keys()
        for field, value in own.items():
            assert value == (pytest.approx(joint[field], rel=1e-9, abs=1e-3) if isinstance(value, float) else joint[field]), field


def test_sites_that_share_more_than_budgets_are_searched_together() -> None:
    def alone(**changes: Any) -> bool:
        return can_go_site_by_site(Optimiser(Values(sites_with_blocks(1, **changes))).program)

    assert alone()
    shared = {"leases__0__exclusive_group": "one of all", "leases__4__exclusive_group": "one of all"}
    for budgets in (0, 1):
        changed = cases_with(sites_with_blocks(1, budgets), shared)
        assert not can_go_site_by_site(Optimiser(Values(changed)).program)


def cases_with(plain: Scenario, changes: dict[str, Any]) -> Scenario:
    """A scenario with fields of leases changed: leases__0__field."""
    data = plain.model_dump(mode="json", by_alias=True, exclude_none=True)
    for path, value in changes.items():
        _, number, field = path.split("__")
        data["leases"][int(number)][field] = value
    return Scenario.model_validate(data)


def test_a_budget_that_binds_divisible_leases_too_is_searched_together() -> None:
    free = next(at for at, lease in enumerate(sites_with_blocks(2).leases) if lease.exclusive_group is None)
    divisible = cases_with(sites_with_blocks(2), {f"leases__{free}__indivisible": False})
    assert not can_go_site_by_site(Optimiser(Values(divisible)).program)
    assert solve(divisible).verdict == "CERTIFIED"


def test_machines_on_offer_at_a_site_without_any_other_use_are_decided_there() -> None:
    """Found by a random case: a site with nothing but machines on offer was left out."""
    plain = cases.data()["sites"][0]
    found = solve(
        scenario(
            sites=[{**plain, "name": "Site"}, {**plain, "name": "Empty"}],
            leases=[offer("Block", indivisible=True)],
            machine_offers=[cases.machines(site="Empty", resale_usd_per_th=4.0)],
        )
    )
    assert found.verdict == "CERTIFIED"
    assert [row["mw"] for row in found.rows["machines"] if row["decision"] == "buy"] == [50.0]


def test_what_a_site_without_any_decision_costs_is_in_the_proof() -> None:
    """10 MW bought at 60 and sold back at the index of 40 cost 20 x 10 x 8,760 h x 2 years = 3,504,000 USD."""
    plain = cases.data()["sites"][0]
    block = {"name": "Dear", "mw": 10.0, "usd_per_mwh": 60.0, "from": "2026-01", "to": "2027-12"}
    found = solve(
        scenario(
            sites=[{**plain, "name": "Site"}, {**plain, "name": "Empty", "blocks": [block]}],
            leases=[offer("Block", indivisible=True)],
        )
    )
    assert found.verdict == "CERTIFIED"
    cost = sum(row["discounted_usd"] for row in found.rows["cash_flow"] if row["site"] == "Empty")
    assert cost == pytest.approx(-3_504_000.0, abs=1e-3)
    assert found.certificate is not None
    assert found.certificate.bound_usd == pytest.approx(found.npv_usd, abs=1.0)


def test_a_site_whose_leaves_leave_out_a_plan_proves_nothing() -> None:
    optimiser = Optimiser(Values(sites_with_blocks(3)))
    sites = SiteBySite(optimiser.values.scenario, optimiser)
    found = sites.solve()
    assert found is not None
    worth = found.objective + optimiser.values.constant_musd()
    assert proved_bound_musd(sites, worth) <= worth + 1e-4
    root = next(site.root for site in sites.sites if site.root.children)
    root.children.pop()
    assert proved_bound_musd(sites, worth) == np.inf


def test_a_bound_below_a_plan_that_is_known_proves_nothing() -> None:
    optimiser = Optimiser(Values(sites_with_blocks(3)))
    sites = SiteBySite(optimiser.values.scenario, optimiser)
    found = sites.solve()
    assert found is not None
    worth = found.objective + optimiser.values.constant_musd()
    assert proved_bound_musd(sites, worth + 1.0) == np.inf


def test_pairs_within_a_reach_are_all_pairs_within_it() -> None:
    random = np.random.default_rng(5)
    deficit, short = random.uniform(0, 3, 40), random.uniform(0, 3, 30)
    pairs = pairs_within(deficit, short, 1.7)
    assert pairs is not None
    expected = {(a, b) for a in range(40) for b in range(30) if deficit[a] + short[b] <= 1.7}
    assert set(zip(*(part.tolist() for part in pairs), strict=True)) == expected


def test_what_a_budget_does_not_spend_is_worth_its_price() -> None:
    """Budget 10 at 0.5: the first spends 6 and the other site 1 more, 3 are left, 1.5 beyond the reach of 1; the second 9: 0."""
    bounds = Bounds(np.array([0.5]), np.array([10.0]), np.zeros(1), 1.0)
    use = np.array([[6.0], [9.0], [10.5]])
    left = [np.array([[0.0], [1.0]])]
    assert bounds.keep(np.zeros(3), use, use, left, left).tolist() == [1]


# --- limits of time and of nodes ---------------------------------------------------------------------------------------


def test_a_search_that_ends_early_has_a_plan_and_the_gap_that_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    best = Optimiser(Values(sites_with_blocks(4, blocks=6))).session.solve().objective
    monkeypatch.setattr(site_by_site, "MOST_NODES", 3)
    optimiser = Optimiser(Values(sites_with_blocks(4, blocks=6)))
    sites = SiteBySite(optimiser.values.scenario, optimiser)
    found = sites.solve()
    assert found is not None
    assert not sites.finished
    constant = optimiser.values.constant_musd()
    bound = proved_bound_musd(sites, found.objective + constant) - constant
    assert found.objective <= best + 1e-6 <= bound + 2e-6
    assert found.objective < bound - 1e-3


def test_a_time_limit_gives_the_best_plan_found_with_its_proved_gap() -> None:
    hard = sites_with_blocks(4, sites=2, blocks=4)
    best = Optimiser(Values(hard)).session.solve().objective + Values(hard).constant_musd()
    plan = solve(hard, time_limit_s=1e-9)
    assert plan.verdict.startswith("FEASIBLE, PROVED WITHIN")
    assert plan.certificate is not None
    assert plan.npv_usd / 1e6 <= best + 1e-6
    assert plan.certificate.bound_usd / 1e6 >= best - 1e-6
    assert plan.exit_code == 0
    slow = solve(hard, time_limit_s=1e6)
    assert slow.verdict == "CERTIFIED"
    assert slow.npv_usd / 1e6 == pytest.approx(best, abs=2e-3)


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_limit_is_a_number_of_seconds(limit: float) -> None:
    with pytest.raises(InputError, match="seconds above 0"):
        solve(sites_with_blocks(0), time_limit_s=limit)


def test_a_deadline_that_is_over_lists_nothing() -> None:
    optimiser = Optimiser(Values(sites_with_blocks(4, blocks=6)))
    sites = SiteBySite(optimiser.values.scenario, optimiser)
    found = sites.solve(time.monotonic() - 1)
    assert not sites.finished
    assert found is None or found.objective <= sites.bound_musd + 1e-6
