"""Many cases of one scenario: each solved warm where its program differs in costs, bounds and limits alone, else stated anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.scenario import Scenario
from ..models.values import TODAY, USD_PER_MUSD, Multipliers, Values
from .decisions import Decisions
from .diagnosis import conflicts, describe
from .elastic import explained
from .optimise import InfeasibleError, Optimiser, SolverError

OPTIMAL, NO_PLAN, UNPROVED = "OPTIMAL, PROVED", "INFEASIBLE, PROVED", "DO NOT USE"
PROVED_USD = 1.0
PROVED_SHARE = 1e-6
"""A case is proved when no plan can be worth more by one dollar, or by this share of its NPV."""


@dataclass(frozen=True)
class Answer:
    """The optimum of one case.

    verdict: OPTIMAL, PROVED (by duality, from the program's numbers), INFEASIBLE, PROVED or DO NOT USE; `why` says why not.
    npv_usd, gap_usd: None without an answer; no plan is worth more than npv_usd + gap_usd. stated: the program was stated anew.
    """

    verdict: str
    npv_usd: float | None
    gap_usd: float | None
    decisions: Decisions | None
    values: Values | None
    stated: bool
    why: str = ""

    def critical_mw(self) -> dict[str, float]:
        """Critical MW of every offer and signed lease."""
        if self.decisions is None or self.values is None:
            return {}
        pairs = zip(self.values.offers, self.decisions.lease_mw, strict=True)
        return {offer.offer.name: float(np.sum(mw)) for offer, mw in pairs}

    def mining_mw(self) -> float:
        """Mean meter MW that mine over the horizon, weighted by days."""
        if self.decisions is None or self.values is None:
            return 0.0
        days = self.values.calendar.days
        return float(self.decisions.mining_mw.sum(axis=0) @ days / days.sum())


class Series:
    """Solves case after case. Neighbours should follow each other: the last basis is the next one's start."""

    def __init__(self) -> None:
        self._optimiser: Optimiser | None = None
        self._scenario: Scenario | None = None
        self._conflicts: list[str] = []
        self.stated = 0
        """Programs stated so far."""

    def solve(self, scenario: Scenario, at: Multipliers = TODAY) -> Answer:
        """The optimum of a scenario at multiplied prices."""
        stated = self._stated(scenario)
        if self._conflicts:
            return Answer(NO_PLAN, None, None, None, None, stated, "; ".join(self._conflicts))
        optimiser = self.optimiser
        if at != TODAY and optimiser.program.prices_in_rows:
            optimiser = Optimiser(optimiser.values, optimiser.program.at_prices(at))
        cost = optimiser.today if at == TODAY else optimiser.program.cost_musd(at)
        try:
            solution, bound_musd = optimiser.proved(cost)
        except InfeasibleError as fault:
            verdict, why = (NO_PLAN, explained(fault.program)) if fault.proved else (UNPROVED, [str(fault)])
            return Answer(verdict, None, None, None, None, stated, "; ".join(why))
        except SolverError as fault:
            return Answer(UNPROVED, None, None, None, None, stated, str(fault))
        decisions = Decisions.of(optimiser.program, solution.x)
        constant_musd = optimiser.values.constant_musd(at)
        npv_usd = (optimiser.program.worth_musd(decisions, cost) + constant_musd) * USD_PER_MUSD
        gap_usd = (bound_musd + constant_musd) * USD_PER_MUSD - npv_usd
        if not abs(gap_usd) <= max(PROVED_USD, PROVED_SHARE * abs(npv_usd)):
            return Answer(UNPROVED, None, None, None, None, stated, f"the proved bound lies {gap_usd:,.0f} USD from the plan")
        return Answer(OPTIMAL, npv_usd, max(gap_usd, 0.0), decisions, optimiser.values, stated)

    def forget(self) -> None:
        """The next case is stated anew and solved from scratch."""
        self._optimiser = self._scenario = None
        self._conflicts = []

    @property
    def optimiser(self) -> Optimiser:
        """The present case's program and sessions."""
        assert self._optimiser is not None
        return self._optimiser

    def _stated(self, scenario: Scenario) -> bool:
        """Move to a scenario; whether its program had to be stated anew."""
        if scenario is self._scenario:
            return False
        self._scenario, self._conflicts = scenario, describe(conflicts(scenario))
        if self._conflicts:
            return False
        values = Values(scenario, None if self._optimiser is None else self._optimiser.values)
        if self._optimiser is not None and self._optimiser.move_to(values):
            return False
        self._optimiser = Optimiser(values)
        self.stated += 1
        return True
