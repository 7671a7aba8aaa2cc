"""The certificate catches every corruption of a right answer, and raises no false alarm."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from cases import fleet, offer, scenario
from hashlease import load
from hashlease.models.scenario import Scenario
from hashlease.models.values import TODAY, Multipliers, Values
from hashlease.optimizer import session as sessions
from hashlease.optimizer import solve as solving
from hashlease.optimizer.branching import Choice, Node
from hashlease.optimizer.certificate import CERTIFIED, DO_NOT_USE, Certifier, Part
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.prices import prices_of
from hashlease.optimizer.safe_bounds import covers
from hashlease.optimizer.session import Solution


def case() -> Scenario:
    return scenario(
        leases=[
            offer("A", start_window={"earliest": "2026-02", "latest": "2026-05"}, build_months=1, conversion_outage_months=1),
            offer("B", critical_it_mw=30.0, rent_usd_per_kw_month=90.0, start_window={"earliest": "2026-03", "latest": "2026-06"}),
            offer("C", status="signed", start_window=None, start_month="2026-01", critical_it_mw=8.0),
        ],
        fleets=[fleet("X", mw=70.0), fleet("Y", mw=70.0, j_per_th=27.0, retire_month="2027-04")],
        sites__0__hpc_suitable_mw=40,
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
    )


def verdict_with(monkeypatch: pytest.MonkeyPatch, corrupt: Callable[[Solution], Solution]) -> str:
    """The verdict when the solver's first answer is corrupted on its way out."""
    honest = sessions.Session.solve
    corrupted = []

    def solve(session: sessions.Session) -> Solution:
        solution = honest(session)
        if corrupted:
            return solution
        corrupted.append(True)
        return corrupt(solution)

    monkeypatch.setattr(sessions.Session, "solve", solve)
    return solving.solve(case()).verdict


def changed(solution: Solution, at: int, value: float) -> Solution:
    x = solution.x.copy()
    x[at] = value
    return dataclasses.replace(solution, x=x)


def lowered(solution: Solution) -> Solution:
    """One MW less of the largest mining value."""
    at = int(np.argmax(solution.x[:40]))
    return changed(solution, at, solution.x[at] - 1.0)


def with_duals(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Solution], Solution]:
    def corrupt(solution: Solution) -> Solution:
        assert solution.row_dual is not None
        return dataclasses.replace(solution, row_dual=change(solution.row_dual))

    return corrupt


def stale(solution: Solution) -> Solution:
    """The optimum of other prices."""
    optimiser = Optimiser(Values(case()))
    other = optimiser.program.cost_musd(Multipliers(hashprice=0.3))
    x = np.array(_solve_quietly(optimiser, other))
    return dataclasses.replace(solution, x=x)


def _solve_quietly(optimiser: Optimiser, cost: np.ndarray) -> np.ndarray:
    optimiser.relaxed.set_costs(cost)
    optimiser.relaxed._highs.run()
    return np.array(optimiser.relaxed._highs.getSolution().col_value)


CORRUPTIONS: dict[str, Callable[[Solution], Solution]] = {
    "all zero": lambda s: dataclasses.replace(s, x=np.zeros_like(s.x)),
    "one value lowered": lowered,
    "one value raised": lambda s: changed(s, int(np.argmax(s.x[:40])), float(s.x.max()) + 1.0),
    "one value negative": lambda s: changed(s, 0, -1.0),
    "everything half": lambda s: dataclasses.replace(s, x=s.x / 2),
    "everything double": lambda s: dataclasses.replace(s, x=s.x * 2),
    "not a number": lambda s: changed(s, 3, float("nan")),
    "infinite": lambda s: changed(s, 3, float("inf")),
    "two columns swapped": lambda s: changed(changed(s, 0, float(s.x[-4])), len(s.x) - 4, float(s.x[0])),
    "solution of other prices": stale,
    "duals negated": with_duals(lambda dual: -dual),
    "duals of thousandfold units": with_duals(lambda dual: dual * 1000),
    "duals lost": with_duals(np.zeros_like),
    "duals shuffled": with_duals(lambda dual: np.roll(dual, 5)),
    "one dual wrong": with_duals(lambda dual: np.where(np.arange(len(dual)) == int(np.argmax(np.abs(dual[:24]))), 0.0, dual)),
    "one dual not a number": with_duals(lambda dual: np.where(np.arange(len(dual)) == 2, np.nan, dual)),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corrupted_answer_is_not_used(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert verdict_with(monkeypatch, CORRUPTIONS[name]) == DO_NOT_USE


def test_the_honest_answer_is_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict_with(monkeypatch, lambda solution: solution) == CERTIFIED


def test_a_plan_in_other_units_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dollars for millions in the program's objective: the solver is right for the wrong money."""
    honest = Values.mining_musd
    monkeypatch.setattr(Values, "mining_musd", lambda self, at=TODAY: honest(self, at) * 1e6)
    assert solving.solve(case()).verdict == DO_NOT_USE


@pytest.mark.parametrize("factor", [0.99, 1.000001, 1.5])
def test_a_wrong_lease_coefficient_is_found_by_the_ledger(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    from hashlease.models.values import OfferValue

    honest = OfferValue.musd
    monkeypatch.setattr(OfferValue, "musd", lambda self, at=TODAY: honest(self, at) * factor)
    assert solving.solve(case()).verdict == DO_NOT_USE


def test_a_forgotten_conversion_outage_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from hashlease.models.lease import LeaseOffer

    honest = LeaseOffer._phased
    monkeypatch.setattr(LeaseOffer, "_phased", lambda self, n, earlier: honest(self, n, min(earlier, 0)))
    assert solving.solve(case()).verdict == DO_NOT_USE


def test_no_answer_carries_figures_unless_it_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = sessions.Session.solve
    monkeypatch.setattr(sessions.Session, "solve", lambda self: dataclasses.replace(honest(self), x=np.zeros_like(honest(self).x)))
    plan = solving.solve(case())
    assert plan.verdict == DO_NOT_USE
    assert plan.exit_code == 4
    assert np.isnan(plan.npv_usd)
    assert plan.rows["allocation"] == []
    assert plan.as_dict()["npv_usd"] is None


@pytest.mark.parametrize("seed", range(40))
def test_no_false_alarm(seed: int) -> None:
    """Right answers of random cases, rates and sizes over five orders of magnitude, are certified."""
    random = np.random.default_rng(seed)
    size = float(10 ** random.uniform(-1, 3.5))
    rates = {kind: float(random.uniform(0, 0.3)) for kind in ("mining", "lease", "capex", "power_contract")}
    plan = solving.solve(
        scenario(
            sites__0__energised_mw=size,
            fleets=[
                fleet(f"F{k}", mw=size * float(random.uniform(0.1, 0.9)), j_per_th=float(random.uniform(12, 35))) for k in range(3)
            ],
            leases=[
                offer(
                    f"L{number}",
                    critical_it_mw=size * float(random.uniform(0.05, 0.5)),
                    rent_usd_per_kw_month=float(random.uniform(30, 200)),
                    indivisible=bool(random.random() < 0.4),
                    start_window={"earliest": "2026-02", "latest": f"2026-{random.integers(2, 12):02d}"},
                    conversion_outage_months=int(random.integers(0, 3)),
                    build_months=1,
                )
                for number in range(4)
            ],
            finance__discount_rate_per_year=rates,
        )
    )
    assert plan.verdict == CERTIFIED


def test_the_bound_holds_for_any_prices() -> None:
    """Random non-negative prices: the safe bound is never below the optimum."""
    optimiser = Optimiser(Values(case()))
    certifier = Certifier(optimiser.values, optimiser.program.form)
    best = solving.solve(case()).npv_usd / 1e6
    random = np.random.default_rng(3)
    for scale in (0.0, 1e-3, 1e-2, 0.1, 1.0, 100.0):
        dual = random.uniform(0, scale, optimiser.program.form.rows)
        assert certifier.safe_bound_musd(prices_of(optimiser.program, dual)) >= best - 1e-9


def test_a_search_tree_must_cover_its_node() -> None:
    everything = {0: Choice(frozenset({0, 1, 2}), must=False)}
    out = Node({0: Choice(frozenset(), must=False)})
    early, late = (Node({0: Choice(frozenset(starts), must=True)}) for starts in ({0}, {1, 2}))
    assert covers(Node(everything, children=[early, late, out]))
    assert not covers(Node(everything, children=[early, late]))  # not taking it is left out
    assert not covers(Node(everything, children=[early, out]))  # later starts are left out
    assert not covers(Node(everything, children=[Node(everything)]))


def test_parts_of_the_shipped_scenarios() -> None:
    plan = solving.solve(load("rockdale"))
    assert plan.certificate is not None
    parts: dict[int, Part] = {part.number: part for part in plan.certificate.parts}
    assert sorted(parts) == [0, 1, 2, 3, 4, 5, 6]
    assert all(part.passed for part in parts.values())
    assert parts[3].figure <= 1e-12
    assert plan.certificate.gap_usd < 10
