"""Solving one program and its variations: the optimum, the two reference plans, and plans without one offer."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..models.months import Array
from ..models.values import Values
from .bound import proves_no_plan, safe_bound
from .branching import BranchAndBound, Search
from .decisions import Decisions
from .program import Program, build_program
from .session import Outcome, Session, Solution

FIRST_NODES = 400
"""So many nodes settle most cases; beyond, HiGHS's own search finds a plan first, and the nodes only have to prove it."""
SHORTEST_S = 0.05


class SolverError(Exception):
    """The solver ended without an optimum although the data admit one."""


class InfeasibleError(SolverError):
    """There is no plan at all, the solver says; proved: whether its proof was recomputed from the program's numbers."""

    def __init__(self, program: Program, proved: bool) -> None:
        super().__init__("HiGHS ended with status 'Infeasible'")
        self.program, self.proved = program, proved


class Optimiser:
    """A program with its warm sessions. Every solve takes costs and the offers that are excluded; nothing is rebuilt."""

    def __init__(self, values: Values, program: Program | None = None) -> None:
        self.values = values
        self.program: Program = program or build_program(values)
        self.today = self.program.form.cost
        self.deadline = math.inf
        """time.monotonic() after which a search over whole blocks ends with the best plan found."""
        self.relaxed = Session(self.program.form)
        self._cost_in: dict[Session, Array] = {self.relaxed: self.today}
        self._excluded_in: dict[Session, frozenset[int]] = {self.relaxed: frozenset()}

    def move_to(self, values: Values) -> bool:
        """Ask the same questions of another scenario. True if its program is the same but for costs, bounds and limits: warm.

        False: nothing was changed, and it needs an Optimiser of its own.
        """
        program = self.program.of_other_values(values)
        if program is None:
            return False
        self.values, self.program, self.today = values, program, program.form.cost
        self.relaxed.move_to(program.form)
        self._cost_in, self._excluded_in = {self.relaxed: self.today}, {self.relaxed: frozenset()}
        for derived in ("session", "blocks"):
            self.__dict__.pop(derived, None)
        return True

    @cached_property
    def session(self) -> Session:
        """HiGHS's own search over whole blocks."""
        session = Session(self.program.form, integers=True)
        self._cost_in[session], self._excluded_in[session] = self.today, frozenset()
        return session

    def solve(self, cost: Array | None = None, without: frozenset[int] = frozenset(), relaxed: bool = False) -> Solution:
        """The optimum for costs (default: today's), with some offers excluded (signed ones too). Raises SolverError.

        Whole blocks are searched for through warm relaxations; HiGHS's own search is the fallback for large trees. Where a deadline
        stops that, the outcome is STOPPED, with the best plan found and the solver's bound.
        """
        solution = self._solve_in(self.relaxed, cost, without)
        if relaxed or not self.program.is_integer:
            return solution
        search = self.blocks.search(solution, without, cost, most_nodes=FIRST_NODES, deadline=self.deadline)
        if search.finished and search.solution is not None:
            return search.solution
        if search.finished:
            raise InfeasibleError(self.program, self.blocks.bound(search.root, np.zeros(self.program.form.columns)) < 0)
        return self._by_highs(cost, without, solution)

    def _by_highs(self, cost: Array | None, without: frozenset[int], relaxation: Solution) -> Solution:
        """What HiGHS's own search finds in the time that is left; the plan without any offer where it finds none."""
        if math.isfinite(self.deadline):
            self.session.limit_time(max(self.deadline - time.monotonic(), SHORTEST_S))
        found = self._solve_in(self.session, cost, without)
        if len(found.x):
            return found
        signed_alone = self._solve_in(self.relaxed, cost, without | self.offered)
        return replace(signed_alone, outcome=Outcome.STOPPED, row_dual=None, bound=min(found.bound, relaxation.objective))

    def search(self, known_musd: float = -math.inf) -> Search:
        """The search over whole blocks at today's costs, with the tree that proves it; known_musd: value of a known plan."""
        return self.blocks.search(self.solve(relaxed=True), known_musd=known_musd, deadline=self.deadline)

    def proved(self, cost: Array) -> tuple[Solution, float]:
        """The optimum for costs, and a proved upper bound of every plan's value at them, USD million. Raises SolverError."""
        relaxation = self.solve(cost, relaxed=True)
        if not self.program.is_integer:
            assert relaxation.row_dual is not None
            form = self.program.form
            return relaxation, safe_bound(form, cost, relaxation.row_dual, form.lower, form.upper)
        search = self.blocks.search(relaxation, cost=cost, most_nodes=FIRST_NODES)
        if search.finished and search.solution is not None:
            return search.solution, self.blocks.bound(search.root, cost)
        solution = self.solve(cost)
        search = self.blocks.search(self.solve(cost, relaxed=True), cost=cost, known_musd=solution.objective)
        solution = search.solution or solution
        return solution, self.blocks.bound(search.root, cost)

    @cached_property
    def blocks(self) -> BranchAndBound:
        return BranchAndBound(self.program, self.relaxed)

    def _solve_in(self, session: Session, cost: Array | None, without: frozenset[int]) -> Solution:
        cost = self.today if cost is None else cost
        if self._cost_in[session] is not cost:
            session.set_costs(cost)
            self._cost_in[session] = cost
        if self._excluded_in[session] != without:
            self._exclude(session, without)
        solution = session.solve()
        if solution.outcome is Outcome.INFEASIBLE:
            form = self.program.form
            raise InfeasibleError(self.program, proves_no_plan(form, session.dual_ray(), form.lower, form.upper))
        if solution.outcome is not Outcome.OPTIMAL and not (session is not self.relaxed and solution.outcome is Outcome.STOPPED):
            raise SolverError(f"HiGHS ended with status {solution.status!r}")
        return solution

    def _exclude(self, session: Session, without: frozenset[int]) -> None:
        form, first = self.program.form, self.program.leased_columns.start
        changed = sorted(without ^ self._excluded_in[session])
        columns = np.array([column for offer in changed for column in (*self.program.columns_of_offer(offer), first + offer)])
        barred = np.array([offer in without for offer in changed for _ in range(len(self.program.columns_of_offer(offer)) + 1)])
        session.set_bounds(columns, np.where(barred, 0.0, form.lower[columns]), np.where(barred, 0.0, form.upper[columns]))
        self._excluded_in[session] = without

    def reduced_cost(self, row_dual: Array) -> Array:
        """What a unit of every column earns beyond the multipliers of its rows, USD million; totals count with their offer."""
        form = self.program.form
        column = np.repeat(np.arange(form.columns), np.diff(form.first))
        earned = self.today - np.bincount(column, weights=form.value * row_dual[form.row], minlength=form.columns)
        earned[self.program.lease_columns] += earned[self.program.leased_columns][self.program.offer_of]
        return earned

    @property
    def offered(self) -> frozenset[int]:
        """Numbers of the offers that are free to take."""
        return frozenset(n for n, offer in enumerate(self.values.offers) if offer.offer.status == "offered")

    def reference(self, name: str) -> tuple[Decisions, bool]:
        """One of the two reference plans, "all_mining" or "lease_all", and whether it holds the floors of cash: where no such plan
        does, it is the one that does not ask for them.
        """
        try:
            return getattr(self, name)(), True
        except InfeasibleError:
            if not self.program.has_floors:
                raise
            return getattr(Optimiser(self.values, self.program.without_floors()), name)(), False

    def all_mining(self) -> Decisions:
        """The reference in which no offer is taken: every MW without a signed lease may mine."""
        return Decisions.of(self.program, self.solve(without=self.offered).x)

    def lease_all(self) -> Decisions:
        """The reference in which offers are taken as far as MW and rules allow: most leased MW first, then most value.

        Two programs: the most critical MW that can be leased, then the most value with no fewer.
        """
        offered = self.program.leased_columns.start + np.array(sorted(self.offered), dtype=np.intp)
        leased = np.zeros(len(self.today))
        leased[offered] = 1.0
        most_mw = float(np.sum(self.solve(leased).x[offered]))
        form = self.program.form.with_least(offered, most_mw)
        held = Optimiser(self.values, replace(self.program, form=form))
        return Decisions.of(self.program, held.solve().x)
