"""At which rent, and at which hashprice, a lease decision flips: by exact re-solves, not by a derivative.

Let V(x) be the optimal value and V0(x) the optimal value without the offer, x the rent or the hashprice multiplier. An offer is
worth having where V > V0, and the break-even is the edge of that set.

Rent. V is convex and piecewise linear in the rent of one offer, V0 does not depend on it. From a rent at which the offer is
taken, the tangent of V meets V0 at a lower rent; solving there again and repeating walks down V's breakpoints and ends on the
break-even after finitely many steps, exactly.

Hashprice. Both values are convex but curved (mining switches hour by hour). The edge is bracketed and narrowed by plans: with
the plans on both sides fixed, the difference of their values is a cheap exact function whose root is the next trial point.

A signed lease is compared as signed: its full MW at its date against not having it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from ..models.months import Array
from ..models.values import Multipliers
from .dated_choices import choice_cost_musd
from .decisions import SMALLEST_MW
from .optimise import InfeasibleError, Optimiser
from .roots import root
from .session import Solution

INDIFFERENT_MUSD = 1e-6
"""Differences below one dollar are none."""
HIGHEST_RENT_MULTIPLIER = 64.0
FALLING, RISING = (0.8, 0.6, 0.4, 0.2, 0.0), (1.25, 1.6, 2.5, 5.0, 10.0)
"""Hashprice multipliers at which the decision is looked at first."""
HASHPRICE_PRECISION = 1e-9
HALVED_PRECISION = 1e-6
"""Of the hashprice, where the program is stated anew for every trial."""
MOST_STEPS = 60


@dataclass(frozen=True)
class BreakEven:
    """rent_multiplier: of the offer's own rent; None if no rent up to 64 times makes the decision flip.

    hashprice_multiplier: None if no hashprice from 0 to 10 times today's path flips the decision. worth_musd: V - V0 today;
    infinite where there is no plan without it. Both multipliers are None where cash has floors, whose rows contain prices.
    """

    worth_musd: float
    rent_multiplier: float | None
    hashprice_multiplier: float | None


NOT_ASKED = BreakEven(math.nan, None, None)
"""Of an offer that a time limit left no time for."""


@dataclass(frozen=True)
class BreakEvenRent:
    """worth_musd: V - V0 today. multiplier: of the offer's own rent, as in BreakEven.

    having, lacking: columns of the program of the best plans with and without the offer at that rent, which are worth the same.
    """

    worth_musd: float
    multiplier: float | None
    having: Array
    lacking: Array


class BreakEvens:
    """Break-evens of the offers of one program."""

    def __init__(self, optimiser: Optimiser) -> None:
        self.optimiser = optimiser
        self.program = optimiser.program
        self._optimum = optimiser.solve()
        relaxation = self._optimum if self._optimum.row_dual is not None else optimiser.solve(relaxed=True)
        assert relaxation.row_dual is not None
        self._optimum_dual = relaxation.row_dual
        self._restated: tuple[float, Optimiser] | None = None

    def of_offer(self, number: int) -> BreakEven:
        """Break-evens of one offer."""
        if self.program.has_floors:
            return BreakEven(self._worth(number), None, None)
        rent = self.rent(number)
        if math.isinf(rent.worth_musd):
            return BreakEven(math.inf, None, None)
        return BreakEven(rent.worth_musd, rent.multiplier, self._hashprice(number, rent.worth_musd))

    def _worth(self, number: int) -> float:
        try:
            return self._optimum.objective - self.optimiser.solve(without=frozenset([number])).objective
        except InfeasibleError:
            return math.inf

    def rent(self, number: int) -> BreakEvenRent:
        """The break-even rent of one offer, and the two plans that are worth the same at it."""
        try:
            without = self.optimiser.solve(without=frozenset([number]))
        except InfeasibleError:
            return BreakEvenRent(math.inf, None, self._optimum.x, self._optimum.x)
        worth = self._optimum.objective - without.objective
        if self.program.values.offers[number].offer.status == "signed":
            return BreakEvenRent(worth, self._signed_rent(number, worth), self._optimum.x, without.x)
        multiplier, having = self._rent(number, without.objective)
        return BreakEvenRent(worth, multiplier, having.x, without.x)

    # --- rent ----------------------------------------------------------------------------------------------------------

    def _rent_slope(self, number: int, x: Array) -> float:
        """Change of a plan's value per unit of the rent multiplier, USD million."""
        columns = self.program.columns_of_offer(number)
        return float(self.program.values.offers[number].rent_musd @ x[columns])

    def _signed_rent(self, number: int, worth: float) -> float | None:
        slope = self._rent_slope(number, self._optimum.x)
        return None if slope <= 0 else 1 - worth / slope

    def _at_rent(self, number: int, multiplier: float) -> Solution:
        cost = self.optimiser.today.copy()
        cost[self.program.columns_of_offer(number)] += (multiplier - 1) * self.program.values.offers[number].rent_musd
        return self.optimiser.solve(cost)

    def _missing_rent(self, number: int) -> float:
        """A first guess of the rise in rent, as a multiplier, that an offer left out needs: from the relaxation's duals."""
        columns = self.program.columns_of_offer(number)
        rent = self.program.values.offers[number].rent_musd
        missing = -self.optimiser.reduced_cost(self._optimum_dual)[columns]
        pays = rent > 0
        return max(1.001 * float(np.min(missing[pays] / rent[pays], initial=1.0)), 1e-3)

    def _rent(self, number: int, value_without: float) -> tuple[float | None, Solution]:
        """The multiplier, and the best plan with the offer there."""
        rent, solution, step = 1.0, self._optimum, self._missing_rent(number)
        while solution.objective - value_without <= INDIFFERENT_MUSD:
            rent += step
            step *= 4
            if rent > HIGHEST_RENT_MULTIPLIER:
                return None, solution
            solution = self._at_rent(number, rent)
        having = solution
        for _ in range(MOST_STEPS):
            slope = self._rent_slope(number, solution.x)
            if slope <= 0:
                return None, solution
            having = solution
            rent -= (solution.objective - value_without) / slope
            solution = self._at_rent(number, rent)
            if solution.objective - value_without <= INDIFFERENT_MUSD:
                break
        return rent, having

    # --- hashprice -----------------------------------------------------------------------------------------------------

    def _solve(self, hashprice: float, without: frozenset[int] = frozenset()) -> Solution:
        """The optimum at a multiplier of the hashprice, stated anew where that moves more than costs. The last one is kept."""
        if hashprice == 1.0 or not self.program.prices_in_rows:
            return self.optimiser.solve(self._cost(hashprice), without=without)
        if self._restated is None or self._restated[0] != hashprice:
            program = self.program.at_prices(Multipliers(hashprice=hashprice))
            self._restated = (hashprice, Optimiser(self.program.values, program))
        return self._restated[1].solve(without=without)

    def _cost(self, hashprice: float) -> Array:
        return self.program.cost_musd(Multipliers(hashprice=hashprice))

    @cached_property
    def _scan(self) -> list[tuple[float, Solution]]:
        """The optimum at a few multipliers around today's, shared by all offers, in order."""
        found = [(1.0, self._optimum)]
        for side in (FALLING, RISING):
            found += [(hashprice, self._solve(hashprice)) for hashprice in side]
        return sorted(found, key=lambda pair: pair[0])

    def _hashprice(self, number: int, worth: float) -> float | None:
        """The multiplier nearest to 1 at which the offer stops being worth having, or starts to."""
        signed = self.program.values.offers[number].offer.status == "signed"
        edges = self._signed_edges(number, worth >= 0) if signed else self._edges(number, worth > INDIFFERENT_MUSD)
        nearest: float | None = None
        for taken, out in sorted(edges, key=lambda edge: min(map(_distance, edge))):
            if nearest is None or min(_distance(taken), _distance(out)) < _distance(nearest):
                found = self._narrow(number, taken, out)
                nearest = found if nearest is None else min(nearest, found, key=_distance)
        return nearest

    def _edges(self, number: int, taken_today: bool) -> list[tuple[float, float]]:
        """(multiplier at which it is taken, at which it is not) next to today's on either side, as far as there are any."""
        total = self.program.leased_columns.start + number
        taken = {hashprice: solution.x[total] > SMALLEST_MW for hashprice, solution in self._scan}
        taken[1.0] = taken_today
        return _next_to_today(taken)

    def _signed_edges(self, number: int, worth_having: bool) -> list[tuple[float, float]]:
        """The same for a signed lease, which the optimum always has: whether it is worth having is asked."""
        edges = []
        for side in (FALLING, RISING):
            near = 1.0
            for far in side:
                lacking = self._solve(far, frozenset([number]))
                if (self._known(far).objective >= lacking.objective) != worth_having:
                    edges.append((near, far) if worth_having else (far, near))
                    break
                near = far
        return edges

    def _pair(self, number: int, hashprice: float) -> tuple[Solution, Solution]:
        """The optimum with and without the offer."""
        return self._solve(hashprice), self._solve(hashprice, frozenset([number]))

    def _narrow(self, number: int, taken: float, out: float) -> float:
        """The edge between a multiplier at which the offer is worth having and one at which it is not.

        Each trial is where a plan that has the offer and a plan that lacks it, the best ones found last, are worth the same. The
        end at which it is not worth having is the edge once the plan that has it is as good there as any.
        """
        if self.program.prices_in_rows:
            return self._halved(number, taken, out)
        having = self._known(taken)
        lacking = at_out = self._lacking(number, out)
        for _ in range(MOST_STEPS):
            as_good = float(self._cost(out) @ having.x) >= at_out.objective - INDIFFERENT_MUSD
            if as_good or abs(out - taken) <= HASHPRICE_PRECISION:
                break
            trial = self._equal_value(having.x - lacking.x, taken, out)
            now_having, now_lacking = self._pair(number, trial)
            if now_having.objective - now_lacking.objective > INDIFFERENT_MUSD:
                taken, having, lacking = trial, now_having, now_lacking
            else:
                out, lacking, at_out = trial, now_lacking, now_lacking
        return out

    def _known(self, hashprice: float) -> Solution:
        """The optimum at a multiplier, from the scan if it was looked at there."""
        known = dict(self._scan)
        return known[hashprice] if hashprice in known else self._solve(hashprice)

    def _lacking(self, number: int, hashprice: float) -> Solution:
        """The optimum without the offer; that with it, where it is not taken anyway."""
        found = self._known(hashprice)
        if found.x[self.program.leased_columns.start + number] <= SMALLEST_MW:
            return found
        return self._solve(hashprice, frozenset([number]))

    def _halved(self, number: int, taken: float, out: float) -> float:
        """The edge by halving, where the columns of two hashprices are not the same."""
        while abs(out - taken) > HALVED_PRECISION * max(out, taken):
            middle = (taken + out) / 2
            having, lacking = self._pair(number, middle)
            if having.objective - lacking.objective > INDIFFERENT_MUSD:
                taken = middle
            else:
                out = middle
        return out

    def _equal_value(self, difference: Array, taken: float, out: float) -> float:
        """Where two fixed plans are worth the same, between the two multipliers; the middle if they never are."""
        values, mining = self.program.values, difference[self.program.mining_columns]
        used = np.flatnonzero(mining)
        at = (self.program.fleet_of[used], self.program.month_of[used])
        columns, machines = self.program.lease_columns, difference[self.program.machine_columns]
        expanded = float(self.optimiser.today[self.program.expansion_columns] @ difference[self.program.expansion_columns])
        fixed = float(self.optimiser.today[columns] @ difference[columns])
        hosted = any(offer.offer.hosting is not None for offer in values.offers)

        def leases(hashprice: float) -> float:
            if not hosted:
                return fixed + expanded
            at = Multipliers(hashprice=hashprice)
            return float(np.concatenate([offer.musd(at) for offer in values.offers]) @ difference[columns]) + expanded

        def advantage(hashprice: float) -> float:
            decided = float(choice_cost_musd(values.machine_choices, Multipliers(hashprice=hashprice)) @ machines)
            return leases(hashprice) + decided + float(values.mining_musd(Multipliers(hashprice=hashprice))[at] @ mining[used])

        found = root(advantage, taken, out, INDIFFERENT_MUSD / 100)
        return (taken + out) / 2 if found is None else found


def _distance(hashprice: float) -> float:
    """How far a multiplier is from today's, the same for half and for double."""
    return abs(math.log(max(hashprice, 1e-12)))


def _next_to_today(taken: dict[float, bool]) -> list[tuple[float, float]]:
    """The flips nearest to 1 on each side, as (taken, not taken)."""
    found = []
    for side in (sorted(h for h in taken if h >= 1.0), sorted((h for h in taken if h <= 1.0), reverse=True)):
        for near, far in pairwise(side):
            if taken[near] != taken[far]:
                found.append((near, far) if taken[near] else (far, near))
                break
    return found
