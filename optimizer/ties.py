"""Among plans that are worth the same, the one that a fixed rule names, whatever way the solver came.

The rule, in this order:

1. as few critical MW of offers as possible: what earns nothing more is not signed
2. of the offers in the order of site and name, as much of each as possible, one after the other
3. of each of these, as early a start as possible (mean month of its MW)
4. of machines as few MW bought, sold and moved as possible, of these in the order of site and name as much of each, and as early;
   the same of expansions
5. as few MW of mining as possible: what earns nothing stays idle; of equal fleets the first by name mine

How: the plans of equal worth are those that leave every column that costs something at its bound and every row that has a price
at its limit (complementary slackness, with the prices of the optimum). On that face the rules are solved one after the other, each
on the face of those before it, as a lexicographic simplex does. Where no column or row off the basis is free, the optimum is the
only one, and nothing is solved.

Whole blocks and offers taken or not stay as the search found them, but for offers alike in everything but the name, which then
change places so that the first by name is taken first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import Array
from .offer_rules import NOT_TAKEN, least_taken_mw
from .program import Program
from .session import Outcome, Session, Solution
from .standard_form import StandardForm

FREE_MUSD = 1e-9
"""A multiplier of this size (USD million per unit) is the solver's zero: its dual tolerance."""
SAME_MUSD = 1e-7
"""Plans whose values differ by less (0.1 USD) are worth the same."""
NAMES = {"name", "sources"}
"""Fields of an offer that decide nothing."""


def break_ties(program: Program, solution: Solution) -> Solution:
    """The plan of the same worth that the rule above names; the solution itself where it is the only one.

    solution: an optimum of the program, its whole blocks whole. Only x is another one.
    """
    if not len(program.values.offers) and not len(program.fleet_of):
        return solution
    settled = _settled(program, solution.x)
    session = Session(settled)
    optimum = session.solve()
    if optimum.outcome is not Outcome.OPTIMAL or abs(optimum.objective - solution.objective) > SAME_MUSD:
        return solution
    assert optimum.row_dual is not None
    x = optimum.x
    if not _is_only_one(settled, session, optimum):
        x = _first_by_rule(program, _Face.of(settled, optimum), session, x)
    x = _change_places(program, x)
    worth = float(program.form.cost @ x)
    return replace(solution, x=x) if abs(worth - solution.objective) <= SAME_MUSD else solution


def _settled(program: Program, x: Array) -> StandardForm:
    """The program with every whole block and every offer that is taken or not as they are in a plan."""
    form, offers = program.form, program.values.offers
    lower, upper = form.lower.copy(), form.upper.copy()
    blocks = np.round(x[program.block_columns])
    whole = program.lease_columns.start + np.array(program.indivisible, dtype=np.intp)
    sizes = np.array([offers[program.offer_of[column]].offer.critical_it_mw for column in program.indivisible])
    lower[whole] = upper[whole] = blocks * sizes
    lower[program.block_columns] = upper[program.block_columns] = blocks
    for at, number in enumerate(program.rules.chosen):
        total, size = program.leased_columns.start + number, offers[number].offer.critical_it_mw
        taken = bool(x[total] > NOT_TAKEN * size)
        lower[total], upper[total] = (least_taken_mw(offers[number]), size) if taken else (0.0, 0.0)
        lower[program.taken_columns.start + at] = upper[program.taken_columns.start + at] = float(taken)
    return replace(form, lower=lower, upper=upper)


def _reduced(form: StandardForm, cost: Array, row_dual: Array) -> Array:
    column = np.repeat(np.arange(form.columns), np.diff(form.first))
    earned: Array = cost - np.bincount(column, weights=form.value * row_dual[form.row], minlength=form.columns)
    return earned


def _is_only_one(form: StandardForm, session: Session, optimum: Solution) -> bool:
    """Whether every column and row off the basis has a multiplier, so that moving it would cost something."""
    assert optimum.row_dual is not None
    basic = highspy.HighsBasisStatus.kBasic
    basis = session.basis
    off_basis = np.array([status != basic for status in basis.col_status], dtype=bool) & (form.upper > form.lower)
    free = np.abs(_reduced(form, form.cost, optimum.row_dual)) <= FREE_MUSD
    if np.any(off_basis & free):
        return False
    rows = np.array([status != basic for status in basis.row_status], dtype=bool) & (form.row_upper > form.row_lower)
    return not np.any(rows & (np.abs(optimum.row_dual) <= FREE_MUSD))


@dataclass(frozen=True)
class _Face:
    """Bounds of columns and rows within which every plan is worth the same."""

    form: StandardForm

    @classmethod
    def of(cls, form: StandardForm, optimum: Solution) -> _Face:
        return cls(form).smaller(form.cost, optimum)

    def smaller(self, cost: Array, optimum: Solution) -> _Face:
        """What of the face is optimal for other costs as well."""
        form = self.form
        assert optimum.row_dual is not None
        held = (np.abs(_reduced(form, cost, optimum.row_dual)) > FREE_MUSD) & (form.upper > form.lower)
        at = np.where(np.abs(optimum.x - form.lower) <= np.abs(optimum.x - form.upper), form.lower, form.upper)
        lower, upper = np.where(held, at, form.lower), np.where(held, at, form.upper)
        tight = np.abs(optimum.row_dual) > FREE_MUSD
        row_lower = np.where(tight & (optimum.row_dual > 0), form.row_upper, form.row_lower)
        row_upper = np.where(tight & (optimum.row_dual < 0), form.row_lower, form.row_upper)
        return _Face(replace(form, lower=lower, upper=upper, row_lower=row_lower, row_upper=row_upper))

    def is_free(self, cost: Array) -> bool:
        """Whether any column that these costs look at can still move."""
        return bool(np.any((cost != 0) & (self.form.upper > self.form.lower)))


def _first_by_rule(program: Program, face: _Face, session: Session, x: Array) -> Array:
    for cost in _rules(program):
        if not face.is_free(cost):
            continue
        session.move_to(replace(face.form, cost=cost))
        found = session.solve()
        if found.outcome is not Outcome.OPTIMAL:
            return x
        face, x = face.smaller(cost, found), found.x
    return x


def _rules(program: Program) -> Iterator[Array]:
    """What is maximised on the face, one after the other."""
    offers = program.values.offers
    offered = [number for number, offer in enumerate(offers) if offer.offer.status == "offered"]
    least = np.zeros(program.form.columns)
    least[[program.leased_columns.start + number for number in offered]] = -1.0
    yield least
    for number in offered:
        cost = np.zeros(program.form.columns)
        cost[program.leased_columns.start + number] = 1.0
        yield cost
    for number in offered:
        cost = np.zeros(program.form.columns)
        cost[program.columns_of_offer(number)] = -np.arange(len(offers[number].starts))
        yield cost
    yield from _bought_rules(program)
    cost = np.zeros(program.form.columns)
    cost[program.mining_columns] = -(1.0 + program.fleet_of / (1.0 + len(program.values.fleets)))
    yield cost


def _bought_rules(program: Program) -> Iterator[Array]:
    """Of machines, then of expansions."""
    values = program.values
    yield from _rules_of_choices(program, program.machine_columns, [len(choice.months) for choice in values.machine_choices])
    yield from _rules_of_choices(program, program.expansion_columns, [len(one.months) for one in values.expansions])


def _rules_of_choices(program: Program, columns: slice, lengths: list[int]) -> Iterator[Array]:
    if not lengths:
        return
    least = np.zeros(program.form.columns)
    least[columns] = -1.0
    yield least
    first = columns.start + np.cumsum([0, *lengths])
    for sign, by_month in ((1.0, False), (-1.0, True)):
        for start, length in zip(first.tolist(), lengths, strict=False):
            cost = np.zeros(program.form.columns)
            months = np.arange(length)
            cost[start : start + len(months)] = sign * (months if by_month else 1.0)
            yield cost


# --- offers that are alike -----------------------------------------------------------------------------------------------


def _change_places(program: Program, x: Array) -> Array:
    """Of offers that are alike in everything but the name, the first takes what most was taken of."""
    x = x.copy()
    for members in _alike(program):
        groups = [
            np.concatenate([program.columns_of_offer(n), [program.leased_columns.start + n], _own_columns(program, n)])
            for n in members
        ]
        parts = [x[columns.astype(np.intp)] for columns in groups]
        starts = len(program.values.offers[members[0]].starts)
        parts.sort(key=lambda part: (-round(float(np.sum(part[:starts])), 6), *(-round(float(mw), 6) for mw in part[:starts])))
        for columns, part in zip(groups, parts, strict=True):
            x[columns.astype(np.intp)] = part
    return x


def _own_columns(program: Program, number: int) -> Array:
    """Columns that say whether an offer is taken, by start and as a whole."""
    blocks = [
        program.block_columns.start + at for at, column in enumerate(program.indivisible) if program.offer_of[column] == number
    ]
    taken = [program.taken_columns.start + at for at, chosen in enumerate(program.rules.chosen) if chosen == number]
    return np.array([*blocks, *taken], dtype=float)


def _alike(program: Program) -> Iterator[list[int]]:
    """Numbers of the offers that are alike, in the order of their names; none that needs another or is needed."""
    tied = {number for pair in program.rules.prerequisites for number in pair}
    groups: dict[str, list[int]] = {}
    for number, offer in enumerate(program.values.offers):
        if offer.offer.status == "offered" and number not in tied:
            groups.setdefault(_terms(offer.offer), []).append(number)
    yield from (members for members in groups.values() if len(members) > 1)


def _terms(lease: LeaseOffer) -> str:
    found: dict[str, Any] = lease.model_dump(mode="json", exclude=NAMES)
    return repr(sorted(found.items()))
