"""A HiGHS session: the program's arrays are handed over once; costs and bounds change in place; re-solves start warm.

Every one of HiGHS's model statuses is mapped to an outcome. Only OPTIMAL carries an answer, and that answer is final only
once the certificate has confirmed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import highspy
import numpy as np

from ..models.months import Array
from .standard_form import StandardForm

MIP_ABSOLUTE_GAP_MUSD = 1e-3
"""A branch-and-bound search ends at 1,000 USD; the relative gap is 0, since 1e-4 of a billion dollars is not small."""
FEASIBILITY_TOLERANCE = 1e-9

_Status = highspy.HighsModelStatus
FEASIBLE_POINT = 2
"""HiGHS's kSolutionStatusFeasible, as its info tells it."""


class Outcome(Enum):
    """What a solver status means for the caller."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped before the end"
    FAILED = "failed"


OUTCOME_OF_STATUS = {
    _Status.kOptimal: Outcome.OPTIMAL,
    _Status.kModelEmpty: Outcome.OPTIMAL,
    _Status.kInfeasible: Outcome.INFEASIBLE,
    _Status.kTimeLimit: Outcome.STOPPED,
    _Status.kIterationLimit: Outcome.STOPPED,
    _Status.kSolutionLimit: Outcome.STOPPED,
    _Status.kObjectiveBound: Outcome.STOPPED,
    _Status.kObjectiveTarget: Outcome.STOPPED,
    _Status.kInterrupt: Outcome.STOPPED,
    _Status.kHighsInterrupt: Outcome.STOPPED,  # type: ignore[attr-defined]
    _Status.kMemoryLimit: Outcome.STOPPED,
    # Every column is bounded, so "unbounded" can only be a fault, and "unbounded or infeasible" decides nothing.
    _Status.kUnbounded: Outcome.FAILED,
    _Status.kUnboundedOrInfeasible: Outcome.FAILED,
    _Status.kNotset: Outcome.FAILED,
    _Status.kLoadError: Outcome.FAILED,
    _Status.kModelError: Outcome.FAILED,
    _Status.kPresolveError: Outcome.FAILED,
    _Status.kSolveError: Outcome.FAILED,
    _Status.kPostsolveError: Outcome.FAILED,
    _Status.kUnknown: Outcome.FAILED,
}


@dataclass(frozen=True)
class Solution:
    """What the solver says; arrays in the order of the standard form's columns and rows.

    objective, bound: USD million, without the program's constant; bound is the solver's upper bound of a search.
    x: empty where a search was stopped before it found any plan.
    row_dual: change of the objective per unit of the row's limit; None after a search over integers.
    """

    outcome: Outcome
    status: str
    objective: float
    x: Array
    row_dual: Array | None
    bound: float


class Session:
    """One program in HiGHS. With `integers=False` the whole blocks are relaxed and re-solves are warm."""

    def __init__(self, form: StandardForm, integers: bool = False) -> None:
        self.form = form
        self._integers = integers and bool(form.integer.any())
        self._highs = highspy.Highs()
        self._options()
        self._check(self._highs.passModel(highs_lp(form, self._integers)), "hand-over of the program")
        self._all = np.arange(form.columns, dtype=np.int32)

    def _options(self) -> None:
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", 0),
            ("primal_feasibility_tolerance", FEASIBILITY_TOLERANCE),
            ("dual_feasibility_tolerance", FEASIBILITY_TOLERANCE),
            ("mip_feasibility_tolerance", FEASIBILITY_TOLERANCE),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", MIP_ABSOLUTE_GAP_MUSD),
            # The aggregated program is small and sparse: measured, presolve costs up to three times what it saves.
            ("presolve", "choose" if self._integers else "off"),
        ):
            self._check(self._highs.setOptionValue(option, value), f"option {option}")

    @staticmethod
    def _check(status: Any, what: str) -> None:
        if status == highspy.HighsStatus.kError:
            raise RuntimeError(f"HiGHS refused the {what}")

    def set_costs(self, cost: Array) -> None:
        """New value of one unit of every column, USD million."""
        self._check(self._highs.changeColsCost(len(cost), self._all, np.ascontiguousarray(cost)), "costs")

    def set_bounds(self, columns: Any, lower: Array, upper: Array) -> None:
        """New bounds of some columns, given by position."""
        at = np.ascontiguousarray(columns, dtype=np.int32)
        self._check(
            self._highs.changeColsBounds(
                len(at), at, np.ascontiguousarray(lower, dtype=float), np.ascontiguousarray(upper, dtype=float)
            ),
            "bounds",
        )

    def move_to(self, form: StandardForm) -> None:
        """Costs, bounds and limits of another program with the same rows, columns and coefficients; the basis stays."""
        self.form = form
        self.set_costs(form.cost)
        self.set_bounds(self._all, form.lower, form.upper)
        rows = np.arange(form.rows, dtype=np.int32)
        self._check(self._highs.changeRowsBounds(form.rows, rows, form.row_lower, form.row_upper), "limits")

    def limit_time(self, seconds: float) -> None:
        """The next solves end after so many seconds, with the best that was found."""
        self._check(self._highs.setOptionValue("time_limit", self._highs.getRunTime() + seconds), "option time_limit")

    def set_limit(self, row: int, limit: float, upper: bool) -> None:
        """Another upper (or else lower) limit of one row; its other side stays."""
        low = float(self.form.row_lower[row]) if upper else limit
        high = limit if upper else float(self.form.row_upper[row])
        self._check(self._highs.changeRowBounds(row, low, high), "limit")

    def limit_ranges(self) -> tuple[Array, Array]:
        """(lowest, highest) limit of every row at which the basis of the last solve stays optimal, all else as it is."""
        status, ranging = self._highs.getRanging()
        self._check(status, "ranging")
        low, high = (np.array(end.value_, dtype=float) for end in (ranging.row_bound_dn, ranging.row_bound_up))
        return low, high

    @property
    def basis(self) -> Any:
        """The last basis, for `start_from`."""
        return self._highs.getBasis()

    def start_from(self, basis: Any) -> None:
        """Begin the next solve at an earlier basis of this program."""
        self._check(self._highs.setBasis(basis), "basis")

    def solve(self) -> Solution:
        """Solve from the last basis; if that fails, from scratch, then with presolve."""
        solution = self._run()
        if solution.outcome is Outcome.FAILED:
            self._highs.clearSolver()
            solution = self._run()
        if solution.outcome is Outcome.FAILED:
            self._highs.setOptionValue("presolve", "on")
            self._highs.clearSolver()
            solution = self._run()
            self._highs.setOptionValue("presolve", "off")
        return solution

    def _run(self) -> Solution:
        self._highs.run()
        status = self._highs.getModelStatus()
        outcome = OUTCOME_OF_STATUS.get(status, Outcome.FAILED)
        info, found = self._highs.getInfo(), self._highs.getSolution()
        x = np.array(found.col_value, dtype=float)
        if outcome is Outcome.OPTIMAL and (len(x) != self.form.columns or not np.all(np.isfinite(x))):
            outcome = Outcome.FAILED
        if outcome is Outcome.STOPPED and info.primal_solution_status != FEASIBLE_POINT:
            x = np.zeros(0)
        has_dual = not self._integers and (found.dual_valid or not self.form.rows)
        dual = np.array(found.row_dual, dtype=float) if has_dual else None
        objective = info.objective_function_value
        return Solution(
            outcome=outcome,
            status=self._highs.modelStatusToString(status),
            objective=objective,
            x=x,
            row_dual=dual,
            bound=info.mip_dual_bound if self._integers else objective,
        )

    def dual_ray(self) -> Array | None:
        """After INFEASIBLE: multipliers of the rows that prove it, if the solver has them."""
        _, exists, ray = self._highs.getDualRay()
        return np.array(ray, dtype=float) if exists else None


def solver_version() -> str:
    """Version of the HiGHS library in use."""
    return str(highspy.Highs().version())


def highs_lp(form: StandardForm, integers: bool) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = form.columns, form.rows
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = form.cost, form.lower, form.upper
    lp.row_lower_, lp.row_upper_ = form.row_lower, form.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = form.first, form.row, form.value
    if integers:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in form.integer]
    return lp
