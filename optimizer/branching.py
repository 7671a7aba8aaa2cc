"""Whole blocks: a search over the leases whose every leaf keeps the prices that prove it closed.

A node restricts each indivisible offer to a set of starts, and may demand that it is taken; offers with a minimum size, and those
of an exclusive group, are taken or not in the same way, a divisible one in any amount from its minimum on. Its linear program is
the relaxation with other bounds, so that each node is a warm re-solve of the one session. Blocks are few and leases are long: the
relaxation is mostly whole already, and a handful of nodes settles the rest.

The tree is handed to the certificate (part 6), which checks without the solver that the children of every node cover it and that
no leaf can hold a better plan.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..models.months import Array
from .bound import RAY_SCALES, safe_bound
from .offer_rules import NOT_TAKEN, least_taken_mw
from .program import DEFINITIONS, Program
from .session import Outcome, Session, Solution

WHOLE = 1e-9
"""A block closer than this to 0 or 1 is whole."""
CLOSED_MUSD = 1e-7
"""A node is closed when its relaxation is not worth more than this (0.1 USD) beyond the best plan found."""
MOST_NODES = 5_000


@dataclass(frozen=True)
class Choice:
    """What a node allows an offer: one of these starts, or (unless it must be taken) none."""

    starts: frozenset[int]
    must: bool


@dataclass
class Node:
    """Choices by offer number; after solving, the multipliers of the relaxation (row_dual) or of its infeasibility (ray)."""

    choices: dict[int, Choice]
    row_dual: Array | None = None
    ray: Array | None = None
    children: list[Node] = field(default_factory=list)


@dataclass
class Leaf:
    """A node that waits, with the solution of its relaxation (None: not solved yet) and a basis to solve it from."""

    node: Node
    solution: Solution | None
    basis: Any

    @property
    def worth_musd(self) -> float:
        """Value of the solved relaxation, USD million."""
        assert self.solution is not None
        return self.solution.objective


@dataclass(frozen=True)
class Search:
    """solution: the best plan with whole blocks, None if there is none (or none better than the one that was known).

    finished: every node is closed.
    """

    solution: Solution | None
    root: Node
    nodes: int
    finished: bool


class BranchAndBound:
    """Searches over the whole blocks of a program through the session of its relaxation."""

    def __init__(self, program: Program, session: Session) -> None:
        self.program, self.session = program, session
        self.whole = sorted({int(program.offer_of[column]) for column in program.indivisible})
        self.blocks = sorted([*self.whole, *program.rules.chosen])
        self._taken = {offer: program.taken_columns.start + at for at, offer in enumerate(program.rules.chosen)}
        self._columns = np.concatenate([self._columns_of(offer) for offer in self.blocks])
        form = program.form
        self._column = np.repeat(np.arange(form.columns), np.diff(form.first))
        self._defines = np.array([family in DEFINITIONS for family, _ in form.row_names], dtype=bool)

    def _columns_of(self, offer: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """The offer's lease columns, its total, and where it has one the column that says that it is taken."""
        taken = [self._taken[offer]] if offer in self._taken else []
        return np.append(self.program.columns_of_offer(offer), [self.program.leased_columns.start + offer, *taken])

    def search(
        self,
        relaxation: Solution,
        without: frozenset[int] = frozenset(),
        cost: Array | None = None,
        most_nodes: int = MOST_NODES,
        known_musd: float = -math.inf,
        deadline: float = math.inf,
    ) -> Search:
        """The best plan with whole blocks, given the solved relaxation; `without` offers are excluded throughout.

        cost: of the columns in the session (default: the program's). known_musd: value of a plan that is known; only better ones
        are looked for. deadline: time.monotonic() at which it ends.
        """
        cost = self.program.form.cost if cost is None else cost
        everything = {offer: Choice(frozenset() if offer in without else self.fitting(offer), False) for offer in self.blocks}
        root = Node(everything, relaxation.row_dual)
        best: Solution | None = None
        order = itertools.count()
        waiting = [(-relaxation.objective, next(order), Leaf(root, relaxation, self.session.basis))]
        nodes = 1
        while waiting and nodes < most_nodes and time.monotonic() < deadline:
            if -waiting[0][0] <= known_musd + CLOSED_MUSD:
                break
            negative_bound, _, leaf = heapq.heappop(waiting)
            if leaf.solution is None:
                if self.solve_leaf(leaf) and leaf.worth_musd > known_musd + CLOSED_MUSD:
                    heapq.heappush(waiting, (-leaf.worth_musd, next(order), leaf))
            elif self.is_whole(leaf.solution.x):
                best, known_musd = leaf.solution, max(known_musd, leaf.worth_musd)
            else:
                for child, less in self.split(leaf, cost):
                    nodes += 1
                    heapq.heappush(waiting, (negative_bound + less, next(order), child))
        finished = not waiting or -waiting[0][0] <= known_musd + CLOSED_MUSD
        self.restore(everything)
        return Search(best, root, nodes, finished)

    def fitting(self, offer: int) -> frozenset[int]:
        """Starts at which a block fits beside the signed leases."""
        upper = self.program.form.upper[self.program.columns_of_offer(offer)]
        return frozenset(np.flatnonzero(upper > 0).tolist())

    def is_whole(self, x: Array) -> bool:
        """Whether every block of a solution of the relaxation is taken whole or not at all, and minimum sizes and groups hold."""
        blocks = x[self.program.block_columns]
        return bool(np.all(np.abs(blocks - np.round(blocks)) <= WHOLE)) and not any(self._mixed(x).values())

    def _mixed(self, x: Array) -> dict[int, float]:
        """How undecided each chosen offer is (0: it keeps its minimum size, and its group takes no other), between 0 and 1."""
        rules, offers = self.program.rules, self.program.values.offers
        amount = x[self.program.leased_columns]
        share = np.array([amount[n] / offer.offer.critical_it_mw for n, offer in enumerate(offers)])
        found = {}
        for number in rules.chosen:
            least = least_taken_mw(offers[number]) / offers[number].offer.critical_it_mw
            group = rules.groups.get(rules.group_of(number) or "", ())
            others = any(share[other] > NOT_TAKEN for other in group if other != number)
            part = share[number] > NOT_TAKEN and (others or share[number] < least - NOT_TAKEN)
            found[number] = float(min(share[number], max(1 - share[number], NOT_TAKEN))) if part else 0.0
        return found

    def solve_leaf(self, leaf: Leaf) -> bool:
        """Solve the relaxation of a leaf at the session's costs; False if it has no plan (or the solver gave up on it).

        The node then keeps what proves it: new multipliers, a ray, or those of its parent, which hold for it too.
        """
        self._set_bounds(leaf.node.choices)
        self.session.start_from(leaf.basis)
        solution = self.session.solve()
        if solution.outcome is Outcome.OPTIMAL:
            leaf.node.row_dual, leaf.solution, leaf.basis = solution.row_dual, solution, self.session.basis
            return True
        ray = self.session.dual_ray() if solution.outcome is Outcome.INFEASIBLE else None
        if ray is not None:
            leaf.node.row_dual, leaf.node.ray = None, ray
        return False

    def split(self, leaf: Leaf, cost: Array) -> list[tuple[Leaf, float]]:
        """Leaves below a solved leaf that is not whole, not solved yet, and by how much less they are worth at least."""
        assert leaf.solution is not None
        return self.add_children(leaf, self._split(leaf.node.choices, leaf.solution.x), self.earned(leaf, cost))

    def add_children(self, leaf: Leaf, parts: list[dict[int, Choice]], earned: Array) -> list[tuple[Leaf, float]]:
        """Leaves with these choices below a leaf; the parent's multipliers bound them until they are solved themselves."""
        found = []
        for choices in parts:
            node = Node(choices, leaf.node.row_dual)
            leaf.node.children.append(node)
            found.append((Leaf(node, None, leaf.basis), self._less(leaf.node.choices, choices, earned)))
        return found

    def earned(self, leaf: Leaf, cost: Array) -> Array:
        """What a MW of each lease column earns beyond the prices of the limits at a leaf, USD million, shape (lease columns,)."""
        program, form = self.program, self.program.form
        assert leaf.node.row_dual is not None
        prices = np.where(self._defines, 0.0, leaf.node.row_dual)
        own = cost - np.bincount(self._column, weights=form.value * prices[form.row], minlength=form.columns)
        found: Array = own[program.lease_columns] + own[program.leased_columns][program.offer_of]
        return found

    def _less(self, parent: dict[int, Choice], child: dict[int, Choice], earned: Array) -> float:
        """By how much less a child is worth at least, USD million: what narrower choices cost at the parent's prices."""
        less = 0.0
        for offer in self.blocks:
            if child[offer] is not parent[offer] and offer not in self._taken:
                at = earned[self.program.columns_of_offer(offer) - self.program.lease_columns.start]
                lost = _most(at, parent[offer]) - _most(at, child[offer])
                less += max(lost, 0.0) * self.program.values.offers[offer].offer.critical_it_mw
        return less

    def bound(self, root: Node, cost: Array) -> float:
        """The largest safe bound of the leaves of a search at these costs, USD million: no plan with whole blocks is worth more."""
        return max(self._leaf_bound(leaf, cost) for leaf in leaves(root))

    def _leaf_bound(self, leaf: Node, cost: Array) -> float:
        form = self.program.form
        lower, upper = form.lower.copy(), form.upper.copy()
        lower[self._columns], upper[self._columns] = self._bounds(leaf.choices)
        if leaf.row_dual is not None:
            return safe_bound(form, cost, leaf.row_dual, lower, upper)
        if leaf.ray is None:
            return math.inf
        # A leaf without any plan: along the ray that proves it, the bound falls below every value.
        return min(safe_bound(form, cost, scale * leaf.ray, lower, upper) for scale in RAY_SCALES)

    def _set_bounds(self, choices: dict[int, Choice]) -> None:
        self.session.set_bounds(self._columns, *self._bounds(choices))

    def _bounds(self, choices: dict[int, Choice]) -> tuple[Array, Array]:
        """Lower and upper bounds of the blocks' columns."""
        lower: list[float] = []
        upper: list[float] = []
        for offer in self.blocks:
            choice, most = choices[offer], self.program.values.offers[offer].offer.critical_it_mw
            starts = range(len(self.program.values.offers[offer].starts))
            least = least_taken_mw(self.program.values.offers[offer]) if offer in self._taken else most
            lower += [0.0 for _ in starts] + [least if choice.must else 0.0]
            upper += [most if start in choice.starts else 0.0 for start in starts] + [most if choice.starts else 0.0]
            if offer in self._taken:
                lower.append(1.0 if choice.must else 0.0)
                upper.append(1.0)
        return np.array(lower), np.array(upper)

    def restore(self, everything: dict[int, Choice]) -> None:
        """The session's bounds as a search began with them."""
        self._set_bounds(everything)

    def _split(self, choices: dict[int, Choice], x: Array) -> list[dict[int, Choice]]:
        """Children of a node: the least decided offer taken or not, or its starts in two halves."""
        blocks = {offer: self._blocks(offer, x) for offer in self.whole}
        undecided = {offer: float(np.max(np.minimum(amount, 1 - amount))) for offer, amount in blocks.items()} | self._mixed(x)
        number = max(self.blocks, key=undecided.__getitem__)
        choice = choices[number]
        if number in self._taken:
            return [{**choices, number: half} for half in (Choice(choice.starts, True), Choice(frozenset(), False))]
        amount = blocks[number]
        total = float(np.sum(amount))
        if not choice.must and total < 1 - WHOLE:
            halves = [Choice(choice.starts, True), Choice(frozenset(), False)]
        else:
            middle = float(np.dot(amount, np.arange(len(amount)))) / total
            early = frozenset(start for start in choice.starts if start <= middle)
            halves = [Choice(early, True), Choice(choice.starts - early, True)]
            if not choice.must:
                halves.append(Choice(frozenset(), False))
        return [{**choices, number: half} for half in halves]

    def set_apart(self, choices: dict[int, Choice], x: Array) -> tuple[dict[int, Choice], dict[int, Choice]] | None:
        """(choices that hold a whole solution, all others) by one offer that is not decided yet; None where all are."""
        number = next((offer for offer in self.blocks if not self._is_decided(offer, choices[offer])), None)
        if number is None:
            return None
        choice, amount = choices[number], x[self.program.columns_of_offer(number)]
        if float(np.sum(amount)) <= NOT_TAKEN:
            own, others = Choice(frozenset(), False), Choice(choice.starts, True)
        elif number in self._taken:
            own, others = Choice(choice.starts, True), Choice(frozenset(), False)
        else:
            start = frozenset([int(np.argmax(amount))])
            own, others = Choice(start, True), Choice(choice.starts - start, choice.must)
        return {**choices, number: own}, {**choices, number: others}

    def _is_decided(self, offer: int, choice: Choice) -> bool:
        """Whether a choice leaves nothing to decide: not taken, or taken from one start (in any amount from the least on)."""
        return not choice.starts or (choice.must and (offer in self._taken or len(choice.starts) == 1))

    def _blocks(self, offer: int, x: Array) -> Array:
        """Blocks of an offer at each start, between 0 and 1."""
        blocks: Array = x[self.program.columns_of_offer(offer)] / self.program.values.offers[offer].offer.critical_it_mw
        return blocks


def _most(earned: Array, choice: Choice) -> float:
    """The most that a MW of an offer earns at the starts of a choice."""
    most = max((float(earned[start]) for start in choice.starts), default=0.0)
    return most if choice.must else max(most, 0.0)


def leaves(node: Node) -> Iterator[Node]:
    """The nodes of a tree without children."""
    if not node.children:
        yield node
    for child in node.children:
        yield from leaves(child)
