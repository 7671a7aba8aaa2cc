"""A finite list of plans that is proved good enough everywhere in a box of multipliers (FORMULATION.md 10).

Hashprice, rent and power price stand in the objective alone, so the optimal value V is a maximum of convex functions V_i, one a
plan, and convex itself, with whole blocks too. The box is cut into simplices. On each of them

    chord   V(sum_j a_j corner_j) <= sum_j a_j C_j      C_j a proved upper bound of V at corner j   (V is convex)
    tangent V_i(point) >= T_i(point)                    T_i touches V_i at a corner                 (V_i is convex)

so nowhere on it is the best plan of the list worth less than V by more than

    max over a of min over i of sum_j a_j G_ij,   G_ij = C_j - T_i(corner_j)

which is the value of a matrix game. For any mix q of tangents max_j sum_i q_i G_ij bounds it, so the bound is proved by
arithmetic, and a small linear program only finds a good q. The simplex with the largest bound is cut where the gap of an edge is
largest, which is where two plans are worth the same, or inside, where several are: after few cuts the sides of the simplices lie
along the kinks of V, and chords touch it. The plan that is best at the new corner joins the list. Once the bound is small enough
everywhere, plans are dropped while it allows that.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import highspy
import numpy as np

from ..models.months import Array
from ..models.values import Multipliers
from .decisions import Decisions
from .optimise import Optimiser
from .plan_values import PlanValues

NEAREST_CUT = 0.02
"""An edge is cut no nearer to its ends than this share."""
LEVEL = 0.1
"""Edges whose gap is below this share of the simplex's bound are level: the gap lies between them."""
GOOD_ENOUGH = 0.4
"""A plan joins the list where those on it are worth less by more than this share of the tolerance."""
FAR = 20.0
"""Simplices with a bound so many times the tolerance are cut without a closer look."""
REFINED = 0.9
"""Simplices are cut until this share of the tolerance; the rest is left for dropping plans."""
CANDIDATES = 4
"""So many of the best plans at each corner of a simplex take part in its game."""
COVERED = 0.6
"""At the corners a thinned list is first asked to be this share of the tolerance good."""
AXES = ("hashprice", "rent", "power")

Point = tuple[float, ...]
IntArray = np.ndarray[Any, np.dtype[np.intp]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Axis:
    """One multiplier (hashprice, rent or power) and its range."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class _Look:
    """Some plans at a point: plans, their numbers; values, shape (plans,), and slopes, shape (plans, axes), USD million."""

    point: Array
    plans: IntArray
    values: Array
    slopes: Array


@dataclass(frozen=True)
class _Corner:
    """bound_musd: proved upper bound of V. look: at the plans known when it was solved. basis: the solver's, to start from."""

    point: Point
    bound_musd: float
    look: _Look
    basis: Any


@dataclass(frozen=True)
class _Simplex:
    """corners: numbers. candidates: plans that take part. bound_musd: regret is nowhere larger. plans: whose tangents prove it.

    middle: a look at its centre, once the bound is the value of the game and not only a bound of it.
    """

    corners: tuple[int, ...]
    candidates: IntArray
    bound_musd: float
    plans: IntArray
    middle: _Look | None = None


@dataclass(frozen=True)
class Progress:
    """After each solve: how many solves and plans there are, and the regret that is proved so far, USD million."""

    solves: int
    plans: int
    bound_musd: float


class Sandwich:
    """The construction of one map. `refine` until the bound is small enough, then `thin` the list."""

    def __init__(self, optimiser: Optimiser, axes: list[Axis]) -> None:
        self.optimiser, self.axes = optimiser, axes
        self.plans = PlanValues(optimiser.values)
        self.corners: list[_Corner] = []
        self.simplices: list[_Simplex] = []
        self._number_of: dict[Point, int] = {}
        self._columns = [AXES.index(axis.name) for axis in axes]
        self._game = _Game()
        self._cut_of: dict[tuple[int, int], Point] = {}
        self._good_musd = 0.0

    def at(self, point: Point) -> Multipliers:
        """The multipliers at a point of the box; those that are no axis are today's."""
        return Multipliers(**{axis.name: value for axis, value in zip(self.axes, point, strict=True)})

    # --- refining --------------------------------------------------------------------------------------------------------

    def refine(self, tolerance_musd: float, most_solves: int, progress: Callable[[Progress], None] | None = None) -> None:
        """Cut simplices until the regret is nowhere larger than the tolerance, the solves are used up, or Ctrl-C stops it.

        What was reached holds: every simplex carries its bound.
        """
        self._good_musd = GOOD_ENOUGH * tolerance_musd
        order = itertools.count()
        heap = [(-simplex.bound_musd, next(order), simplex) for simplex in map(self._simplex, self.box)]
        heapq.heapify(heap)
        while -heap[0][0] > REFINED * tolerance_musd and len(self.corners) < most_solves:
            _, _, worst = heapq.heappop(heap)
            try:
                parts = list(self._better(worst, tolerance_musd))
            except KeyboardInterrupt:
                heapq.heappush(heap, (-worst.bound_musd, next(order), worst))
                break
            for part in parts:
                heapq.heappush(heap, (-part.bound_musd, next(order), part))
            if progress is not None:
                progress(Progress(len(self.corners), len(self.plans), -heap[0][0]))
        self.simplices = [simplex for _, _, simplex in heap]

    @cached_property
    def box(self) -> list[tuple[int, ...]]:
        """The simplices of the whole box, with its corners solved."""
        return list(self._cut_box())

    @property
    def largest_musd(self) -> float:
        """The largest size of V at a corner of the box."""
        return max(abs(self.corners[corner].bound_musd) for simplex in self.box for corner in simplex)

    @property
    def bound_musd(self) -> float:
        """Regret is nowhere in the box larger than this."""
        return max(0.0, *(simplex.bound_musd for simplex in self.simplices))

    def _cut_box(self) -> Iterator[tuple[int, ...]]:
        """Kuhn's cut of a box: one simplex for each order in which the axes are walked from the low to the high corner."""
        for walk in itertools.permutations(range(len(self.axes))):
            point = [axis.low for axis in self.axes]
            corners = [self._corner(tuple(point))]
            for axis in walk:
                point[axis] = self.axes[axis].high
                corners.append(self._corner(tuple(point), corners[-1]))
            yield tuple(corners)

    def _corner(self, point: Point, near: int | None = None) -> int:
        """The number of a point, where the program is solved if that was not done yet, from the basis of a corner near it."""
        if point not in self._number_of:
            at = self.at(point)
            if near is not None:
                self.optimiser.relaxed.start_from(self.corners[near].basis)
            solution, bound = self.optimiser.proved(self.optimiser.program.cost_musd(at))
            basis = self.optimiser.relaxed.basis
            bound += self.optimiser.values.constant_musd(at)
            if not len(self.plans) or bound - float(self.plans.at(at).max()) > self._good_musd:
                self.plans.add(self.plans.committed(Decisions.of(self.optimiser.program, solution.x), at))
            self._number_of[point] = len(self.corners)
            self.corners.append(_Corner(point, bound, self._look(np.array(point), np.arange(len(self.plans))), basis))
        return self._number_of[point]

    def _look(self, point: Array, plans: IntArray) -> _Look:
        values, slopes = self.plans.tangents(self.at(tuple(point.tolist())), plans)
        return _Look(point, plans, values, slopes[:, self._columns])

    def _better(self, simplex: _Simplex, tolerance_musd: float) -> Iterator[_Simplex]:
        """The simplex with a better bound, if that can help, or its parts."""
        if simplex.middle is None and simplex.bound_musd < FAR * tolerance_musd:
            yield self._played(simplex)
        else:
            yield from self._parts(simplex)

    # --- one simplex -----------------------------------------------------------------------------------------------------

    def _simplex(self, corners: tuple[int, ...], kept: BoolArray | None = None) -> _Simplex:
        """With the plain bound. kept: the plans that may take part, shape (plans,); all of them by default."""
        return self._plain(_Simplex(corners, self._candidates(corners, kept), math.inf, np.zeros(0, dtype=np.intp)), kept)

    def _plain(self, simplex: _Simplex, kept: BoolArray | None) -> _Simplex:
        """With the bound of the best single tangent, or of the even mix of each corner's best tangent."""
        gaps, plans = self._gaps(simplex, kept)
        single = int(np.argmin(gaps.max(axis=1)))
        mix = np.argmin(gaps, axis=0)
        bound, even = float(gaps[single].max()), float(gaps[mix].mean(axis=0).max())
        if bound <= even:
            return replace(simplex, bound_musd=bound, plans=plans[[single]])
        return replace(simplex, bound_musd=even, plans=np.unique(plans[mix]))

    def _played(self, simplex: _Simplex, kept: BoolArray | None = None) -> _Simplex:
        """With the value of the game as its bound, in which the tangents of the middle take part."""
        if simplex.middle is None:
            centre = np.mean([self.corners[corner].point for corner in simplex.corners], axis=0)
            simplex = replace(simplex, middle=self._look(centre, simplex.candidates))
        gaps, plans = self._gaps(simplex, kept)
        bound, rows = self._game.value(gaps)
        return replace(simplex, bound_musd=min(bound, simplex.bound_musd), plans=np.unique(plans[rows]))

    def _candidates(self, corners: tuple[int, ...], kept: BoolArray | None) -> IntArray:
        """The best plans at each corner."""
        found = []
        for corner in corners:
            look = self.corners[corner].look
            plans, values = look.plans, look.values
            if kept is not None:
                plans, values = plans[kept[plans]], values[kept[plans]]
            found.append(plans[np.argsort(-values, kind="stable")[:CANDIDATES]])
        return np.unique(np.concatenate(found))

    def _gaps(self, simplex: _Simplex, kept: BoolArray | None) -> tuple[Array, IntArray]:
        """G of the candidates' tangents at the corners and at the middle, one row each, and the plan of each row."""
        corners = [self.corners[corner] for corner in simplex.corners]
        points = np.array([corner.point for corner in corners])
        bounds = np.array([corner.bound_musd for corner in corners])
        plans = simplex.candidates if kept is None else simplex.candidates[kept[simplex.candidates]]
        rows, plan_of = [], []
        for look in (*(corner.look for corner in corners), *([] if simplex.middle is None else [simplex.middle])):
            at = np.searchsorted(look.plans, plans)
            known = at < len(look.plans)
            known[known] = look.plans[at[known]] == plans[known]
            chosen = at[known]
            rows.append(bounds - look.values[chosen, np.newaxis] - look.slopes[chosen] @ (points - look.point).T)
            plan_of.append(plans[known])
        return np.vstack(rows), np.concatenate(plan_of)

    def _parts(self, simplex: _Simplex) -> Iterator[_Simplex]:
        """Cut at a new corner: each part has it in place of one of the corners between which it lies."""
        new, between = self._cut(simplex)
        for replaced in between:
            part = self._simplex(tuple(new if corner == replaced else corner for corner in simplex.corners))
            if part.bound_musd > simplex.bound_musd:  # what holds on the whole holds on a part
                part = replace(part, bound_musd=simplex.bound_musd, plans=simplex.plans)
            yield part

    def _cut(self, simplex: _Simplex) -> tuple[int, list[int]]:
        """A new corner, and the corners between which it lies: on the edge with the largest gap, where that is largest, at the kink
        between the plans of its ends. Where no edge has a gap to speak of, the point that is worst for the tangents, where more
        than two plans meet; and where that lies on an edge, the middle of the longest one.
        """
        gaps, _ = self._gaps(simplex, None)
        cuts, at_corner = {}, gaps.min(axis=0)
        for first, second in itertools.combinations(range(len(simplex.corners)), 2):
            share, gap = _peak(gaps[:, first], gaps[:, second])
            gap -= max(at_corner[first], at_corner[second])  # which no cut makes smaller
            cuts[simplex.corners[first], simplex.corners[second]] = (gap, share)
        edge, (gap, share) = max(cuts.items(), key=lambda cut: cut[1][0])
        if gap < LEVEL * simplex.bound_musd:
            weights = self._game.worst(gaps)
            if np.count_nonzero(weights) > 2:
                point = weights @ np.array([self.corners[corner].point for corner in simplex.corners])
                new = self._corner(tuple(point.tolist()), simplex.corners[int(np.argmax(weights))])
                return new, [corner for corner, weight in zip(simplex.corners, weights.tolist(), strict=True) if weight]
            edge, share = max(cuts, key=self._length), 0.5
        return self._corner(self._between(*edge, share), edge[0] if share <= 0.5 else edge[1]), list(edge)

    def _length(self, edge: tuple[int, int]) -> float:
        """Length of an edge in shares of the box's sides."""
        first, second = (np.array(self.corners[corner].point) for corner in edge)
        return float(np.linalg.norm((first - second) / [axis.high - axis.low for axis in self.axes]))

    def _between(self, first: int, second: int, share: float) -> Point:
        """A point of an edge; the same one for all simplices that have the edge."""
        edge = (min(first, second), max(first, second))
        if edge not in self._cut_of:
            start, end = self.corners[first].point, self.corners[second].point
            self._cut_of[edge] = tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))
        return self._cut_of[edge]

    # --- thinning --------------------------------------------------------------------------------------------------------

    def thin(self, tolerance_musd: float, needed: frozenset[int] = frozenset()) -> list[int]:
        """The numbers of few plans with which the bound stays within the tolerance (or what was reached).

        First the plans that are good enough at the most corners, until every corner has one; then those that simplices still need;
        then plans that have become needless are dropped. needed: plans that are kept in any case.
        """
        self._look_again()
        allowed = max(tolerance_musd, self.bound_musd)
        proved = self.simplices
        kept = self._cover(allowed * COVERED, needed)
        tried = [self._with_only(simplex, kept, allowed) for simplex in proved]
        while failing := [number for number, simplex in enumerate(tried) if simplex.bound_musd > allowed]:
            wanted = np.zeros(len(self.plans), dtype=int)
            for number in failing:
                missing = proved[number].plans[~kept[proved[number].plans]]
                wanted[missing] += 1
            kept[np.argmax(wanted)] = True
            for number in failing:
                tried[number] = self._with_only(proved[number], kept, allowed)
        self.simplices = tried
        for plan in self._by_use():
            if plan not in needed:
                kept[plan] = False
                kept[plan] = not self._holds_without(plan, kept, allowed)
        return np.flatnonzero(kept).tolist()

    def _cover(self, tolerance_musd: float, needed: frozenset[int]) -> BoolArray:
        """Plans so that at each corner one is worth no less than V by more than the tolerance; the greedy choice."""
        short = np.array([corner.bound_musd - corner.look.values for corner in self.corners])
        good = short <= np.maximum(tolerance_musd, short.min(axis=1))[:, np.newaxis]
        kept = np.zeros(len(self.plans), dtype=bool)
        kept[list(needed)] = True
        open_corners = ~good[:, kept].any(axis=1)
        while open_corners.any():
            best = int(np.argmax(good[open_corners].sum(axis=0)))
            kept[best] = True
            open_corners &= ~good[:, best]
        return kept

    def _with_only(self, simplex: _Simplex, kept: BoolArray, allowed: float) -> _Simplex:
        """The simplex proved by kept plans alone: as before if they are, else plainly, else by the game."""
        if kept[simplex.plans].all():
            return simplex
        if kept[simplex.candidates].any():
            found = self._plain(simplex, kept)
            if found.bound_musd <= allowed:
                return found
        found = self._simplex(simplex.corners, kept)
        return found if found.bound_musd <= allowed else self._played(found, kept)

    def _by_use(self) -> list[int]:
        """Plans in the order of the number of simplices that they prove, fewest first."""
        uses = np.zeros(len(self.plans), dtype=int)
        for simplex in self.simplices:
            uses[simplex.plans] += 1
        used: list[int] = np.flatnonzero(uses).tolist()
        return sorted(used, key=lambda plan: int(uses[plan]))

    def _holds_without(self, plan: int, kept: BoolArray, allowed: float) -> bool:
        """Whether the bound holds without a plan; if so the simplices that it proved are proved by others."""
        changed: dict[int, _Simplex] = {}
        for number, simplex in enumerate(self.simplices):
            if plan in simplex.plans:
                changed[number] = self._with_only(simplex, kept, allowed)
                if changed[number].bound_musd > allowed:
                    return False
        for number, simplex in changed.items():
            self.simplices[number] = simplex
        return True

    def _look_again(self) -> None:
        """Looks at all plans at all corners, also at those that were found later."""
        for number, corner in enumerate(self.corners):
            known = len(corner.look.plans)
            if known < len(self.plans):
                later = self._look(corner.look.point, np.arange(known, len(self.plans)))
                both = (np.concatenate(pair) for pair in zip(_of_look(corner.look), _of_look(later), strict=True))
                self.corners[number] = replace(corner, look=_Look(corner.look.point, *both))


def _of_look(look: _Look) -> tuple[IntArray, Array, Array]:
    return look.plans, look.values, look.slopes


def _peak(at_start: Array, at_end: Array) -> tuple[float, float]:
    """(share of an edge, value there) at which the lowest of lines from `at_start` to `at_end` is highest, ends left out."""
    slope = at_end - at_start
    low, high = NEAREST_CUT, 1.0 - NEAREST_CUT
    rising, falling = (int(np.argmin(at_start + share * slope)) for share in (low, high))
    if slope[rising] <= 0:
        return low, float(at_start[rising] + low * slope[rising])
    if slope[falling] >= 0:
        return high, float(at_start[falling] + high * slope[falling])
    while True:
        share = float((at_start[falling] - at_start[rising]) / (slope[rising] - slope[falling]))
        lines = at_start + share * slope
        lowest = int(np.argmin(lines))
        if lines[lowest] >= lines[rising] - 1e-12 * abs(lines[rising]) or lowest in (rising, falling):
            return min(max(share, low), high), float(lines[lowest])
        if slope[lowest] > 0:
            rising = lowest
        else:
            falling = lowest


class _Game:
    """max over mixes a of columns of min over rows i of sum_j a_j G_ij, bounded by a mix of rows that a linear program finds."""

    def __init__(self) -> None:
        self._highs = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
            self._highs.setOptionValue(option, value)

    def value(self, gaps: Array) -> tuple[float, IntArray]:
        """An upper bound of the game's value, and the rows that prove it."""
        single = gaps.max(axis=1)
        best = int(np.argmin(single))
        if single[best] <= 0 or len(gaps) == 1:
            return float(single[best]), np.array([best])
        mix = self._mix(gaps / single[best])
        bound = float(np.max(mix @ gaps))
        return (bound, np.flatnonzero(mix)) if bound < single[best] else (float(single[best]), np.array([best]))

    def worst(self, gaps: Array) -> Array:
        """The mix of columns at which the lowest row is highest, shape (columns,), small shares left out."""
        scale = float(gaps.max(axis=1).min())
        self._mix(gaps / scale if scale > 0 else gaps)
        weights = np.abs(np.array(self._highs.getSolution().row_dual[: gaps.shape[1]]))
        weights = np.where(weights < NEAREST_CUT * weights.sum(), 0.0, weights)
        total = float(weights.sum())
        return weights / total if math.isfinite(total) and total > 0 else np.zeros(gaps.shape[1])

    def _mix(self, gaps: Array) -> Array:
        """Minimise t with sum_i q_i G_ij <= t for every column j, q a mix: columns q and t, rows j and the sum."""
        rows, columns = gaps.shape
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = rows + 1, columns + 1
        lp.col_cost_ = np.append(np.zeros(rows), 1.0)
        lp.col_lower_, lp.col_upper_ = np.append(np.zeros(rows), -1e6), np.append(np.ones(rows), 1e6)
        lp.row_lower_, lp.row_upper_ = np.append(np.full(columns, -np.inf), 1.0), np.append(np.zeros(columns), 1.0)
        matrix = np.vstack([np.hstack([gaps.T, -np.ones((columns, 1))]), np.append(np.ones(rows), 0.0)])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.arange(0, matrix.size + 1, rows + 1)
        lp.a_matrix_.index_ = np.tile(np.arange(rows + 1), columns + 1)
        lp.a_matrix_.value_ = matrix.ravel()
        self._highs.passModel(lp)
        self._highs.run()
        mix = np.clip(np.array(self._highs.getSolution().col_value[:rows]), 0.0, None)
        mix[mix < 1e-9] = 0.0
        total = float(mix.sum())
        return mix / total if math.isfinite(total) and total > 0 else np.full(rows, 1.0 / rows)
