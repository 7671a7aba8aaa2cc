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
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..models.months import Array
from .bound import RAY_SCALES, safe_bound
from .offer_rules import NOT_TAKEN, least_taken_mw
from .program import Program
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


@dataclass(frozen=True)
class Search:
    """solution: the best plan with whole blocks, None if there is none. finished: every node is closed."""

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

    def _columns_of(self, offer: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """The offer's lease columns, its total, and where it has one the column that says that it is taken."""
        taken = [self._taken[offer]] if offer in self._taken else []
        return np.append(self.program.columns_of_offer(offer), [self.program.leased_columns.start + offer, *taken])

    def search(self, relaxation: Solution, without: frozenset[int] = frozenset(), most_nodes: int = MOST_NODES) -> Search:
        """The best plan with whole blocks, given the solved relaxation; `without` offers are excluded throughout."""
        everything = {offer: Choice(frozenset() if offer in without else self._fitting(offer), False) for offer in self.blocks}
        root = Node(everything, relaxation.row_dual)
        best: Solution | None = None
        order = itertools.count()
        open_nodes = [(-relaxation.objective, next(order), root, relaxation)]
        nodes = 1
        while open_nodes and nodes < most_nodes:
            negative_bound, _, node, solution = heapq.heappop(open_nodes)
            if best is not None and -negative_bound <= best.objective + CLOSED_MUSD:
                break
            if self.is_whole(solution.x):
                best = solution
                continue
            for choices in self._split(node.choices, solution.x):
                child, found = self._solve(choices)
                node.children.append(child)
                nodes += 1
                if found is not None:
                    heapq.heappush(open_nodes, (-found.objective, next(order), child, found))
        finished = not open_nodes or (best is not None and -open_nodes[0][0] <= best.objective + CLOSED_MUSD)
        self._restore(everything)
        return Search(best, root, nodes, finished)

    def _fitting(self, offer: int) -> frozenset[int]:
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

    def _solve(self, choices: dict[int, Choice]) -> tuple[Node, Solution | None]:
        self._set_bounds(choices)
        solution = self.session.solve()
        if solution.outcome is Outcome.OPTIMAL:
            return Node(choices, solution.row_dual), solution
        ray = self.session.dual_ray() if solution.outcome is Outcome.INFEASIBLE else None
        return Node(choices, None, ray), None

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

    def _restore(self, everything: dict[int, Choice]) -> None:
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

    def _blocks(self, offer: int, x: Array) -> Array:
        """Blocks of an offer at each start, between 0 and 1."""
        blocks: Array = x[self.program.columns_of_offer(offer)] / self.program.values.offers[offer].offer.critical_it_mw
        return blocks


def leaves(node: Node) -> Iterator[Node]:
    """The nodes of a tree without children."""
    if not node.children:
        yield node
    for child in node.children:
        yield from leaves(child)
