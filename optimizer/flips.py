"""To which capex, and to which start, a lease decision flips: by exact solves of the program with that capex or start.

An offer is worth having where the best plan with it beats the best plan without it, V > V0; V0 knows nothing of the offer.

Capex. V falls with the capex of the offer, so that there is one edge. It is walked to by tangents: the best plan found, kept at a
higher capex, is worth V0 at the next trial. Where a capex budget makes plans impossible at a higher capex, the edge is halved
down instead.

Start. If the tenant came in another month, would the offer be taken? The prices of the best plan without the offer say for every
month what a critical MW of it would earn beyond what it uses; the nearest month at which that turns is solved for, with the offer
starting in that month alone, and so is its neighbour. If they do not differ, the search goes on from there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..models.lease import LeaseOffer
from ..models.months import Array, Month
from ..models.scenario import Scenario
from ..models.values import OfferValue, Values
from ..scenarios.vary import vary
from .breakeven import INDIFFERENT_MUSD
from .certificate import Certifier
from .money_rows import CASH_FLOOR
from .optimise import InfeasibleError, Optimiser, SolverError
from .prices import prices_of
from .session import Solution

LOWER, HIGHER = (0.9, 0.75, 0.5, 0.25, 0.0), (1.1, 1.5, 2.5, 5.0, 10.0)
"""Factors on today's capex at which the decision is looked at first."""
PRECISION = 1e-9
MOST_STEPS = 60
MOST_STARTS = 18
"""Months that are solved for, from the one that prices name on."""


@dataclass(frozen=True)
class _Case:
    """An offer with and without at one value of an input. program_cost: of the columns, for the plans' values elsewhere."""

    worth_musd: float
    having: Solution
    cost: Array


class Flips:
    """Edges of the decisions on the offers of one scenario, over today's horizon."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario.until(scenario.calendar.end)
        self.values = Values(self.scenario)
        self.today = Optimiser(self.values)
        self.warm = Optimiser(self.values, self.today.program)

    # --- capex ---------------------------------------------------------------------------------------------------------

    def capex_usd(self, number: int) -> float | None:
        """USD per critical MW at which the decision flips; None if none from 0 to ten times today's does."""
        lease = self.values.offers[number].offer
        now = lease.capex_usd_per_critical_mw
        if not now or (self.today.program.has_floors and (lease.status == "signed" or not self._can_do_without(number))):
            return None
        without = self._without(number)
        if math.isinf(without):
            return None
        case = self._at_capex(lease, now, number, without)
        if lease.status == "signed":
            return self._signed_capex(lease, number, without, case)
        taken_now = case.worth_musd > INDIFFERENT_MUSD
        last, at_last = now, case
        for factor in HIGHER if taken_now else LOWER:
            try:
                found = self._at_capex(lease, factor * now, number, without)
            except InputError:
                break
            if (found.worth_musd > INDIFFERENT_MUSD) != taken_now:
                known, out = ((last, at_last), factor * now) if taken_now else ((factor * now, found), last)
                return self._edge(lease, number, without, known, out)
            last, at_last = factor * now, found
        return None

    def _can_do_without(self, number: int) -> bool:
        """Whether there is a plan without the offer; there is none where a floor of cash needs it."""
        try:
            self._without(number)
        except InfeasibleError:
            return False
        return True

    def _without(self, number: int) -> float:
        """Value without the offer, USD million; minus infinity where no plan without it keeps the rules."""
        try:
            return self.today.solve(without=frozenset([number])).objective
        except InfeasibleError:
            return -math.inf

    def _at_capex(self, lease: LeaseOffer, usd: float, number: int, without: float) -> _Case:
        field = f'leases."{lease.name}".capex_usd_per_critical_mw'
        values = Values(vary(self.scenario, {field: usd}), self.values)
        if not self.warm.move_to(values):
            self.warm = Optimiser(values)
        found = self.warm.solve()
        return _Case(found.objective - without, found, self.warm.today)

    def _signed_capex(self, lease: LeaseOffer, number: int, without: float, case: _Case) -> float | None:
        """A signed lease is always there: its worth is linear in its capex, as far as that is not yet spent."""
        now = lease.capex_usd_per_critical_mw
        other = self._at_capex(lease, 0.5 * now, number, without)
        slope = (other.worth_musd - case.worth_musd) / (0.5 * now)
        if slope <= 0:
            return None
        edge = now + case.worth_musd / slope
        return edge if edge >= 0 else None

    def _edge(self, lease: LeaseOffer, number: int, without: float, known: tuple[float, _Case], out: float) -> float:
        """The edge between a capex at which the offer is taken (with its case) and a higher one at which it is not."""
        bent = any("budget" in family or family == CASH_FLOOR for family, _ in self.today.program.form.row_names)
        taken, case = known
        scale = max(out, 1.0)
        for _ in range(MOST_STEPS):
            if out - taken <= PRECISION * scale:
                break
            trial = (taken + out) / 2 if bent else self._tangent(lease, number, without, (taken, case), out)
            found = self._at_capex(lease, trial, number, without)
            if found.worth_musd > INDIFFERENT_MUSD:
                taken, case = trial, found
            else:
                out = trial
                if not bent:
                    break
        return out

    def _tangent(self, lease: LeaseOffer, number: int, without: float, known: tuple[float, _Case], out: float) -> float:
        """Where the plan that is best at a capex is worth no more than the best plan without the offer."""
        taken, case = known
        there = self._at_capex(lease, out, number, without)
        slope = float((there.cost - case.cost) @ case.having.x) / (out - taken)
        meeting = taken - case.worth_musd / slope if slope < 0 else out
        return min(max(meeting, taken), out)

    # --- start ---------------------------------------------------------------------------------------------------------

    def start(self, number: int) -> Month | None:
        """The nearest month such that the decision would be the other one if rent could start in that month alone.

        Of an offer that is taken, a later one; None for signed leases, and where no month of the horizon flips the decision.
        """
        lease = self.values.offers[number].offer
        if lease.status == "signed" or not self._can_do_without(number):
            return None
        best = self.today.solve()
        without = self._without(number)
        if math.isinf(without):
            return None
        taken_now = best.objective - without > INDIFFERENT_MUSD
        opened = self._opened(lease)
        earned, starts = self._earned_by_start(number, opened), opened.starts
        own = self.values.offers[number].starts
        amounts = best.x[self.today.program.columns_of_offer(number)]
        now = max((s for s, mw in zip(own, amounts, strict=True) if mw > 0), default=own[-1]) if taken_now else None
        order = [s for s in starts if s > now] if now is not None else sorted(starts, key=lambda s: (_away(s, own), int(s)))
        wanted = [s for s in order if (earned[starts.index(s)] > 0) != taken_now and (taken_now or s not in own)]
        for month in wanted[:MOST_STARTS]:
            if self._taken_from(lease, month, without) != taken_now:
                return month if now is None else self._first_out(lease, month, now, without)
        return None

    def _first_out(self, lease: LeaseOffer, month: Month, now: Month, without: float) -> Month:
        """The first month from which on the offer is not taken: prices may name one that is a little late."""
        for _ in range(MOST_STARTS):
            if month + -1 <= now or self._taken_from(lease, month + -1, without):
                break
            month = month + -1
        return month

    def _starting(self, lease: LeaseOffer, earliest: Month, latest: Month) -> Scenario:
        """The scenario with another window of the offer."""
        path = f'leases."{lease.name}".start_window'
        return vary(self.scenario, {f"{path}.earliest": str(earliest), f"{path}.latest": str(latest), f"{path}.every_months": 1})

    def _opened(self, lease: LeaseOffer) -> OfferValue:
        """The offer with every start that the calendar and the lead time allow."""
        calendar = self.scenario.calendar
        values = Values(self._starting(lease, lease.soonest_start(calendar), calendar.end), self.values)
        return next(offer for offer in values.offers if offer.offer.name == lease.name)

    def _earned_by_start(self, number: int, opened: OfferValue) -> Array:
        """What a critical MW earns at each month beyond the prices of the best plan without the offer, USD million, (starts,)."""
        relaxation = self.today.solve(without=frozenset([number]), relaxed=True)
        assert relaxation.row_dual is not None
        prices, lease = prices_of(self.today.program, relaxation.row_dual), opened.offer
        certifier = Certifier(self.values, self.today.program.form)
        per_mw = prices.power[lease.site] + certifier.suitable_price(prices, number)
        budget = prices.of_dollar(self.values.calendar.years)
        earned: Array = opened.musd() - opened.occupied_mw @ per_mw - opened.capex_musd_by_year @ budget
        for floor in certifier.floors if prices.cash else ():
            cash = np.array(
                [certifier.cash_by_year_musd(certifier.ledger.lease(lease, start, building=False)) for start in opened.starts]
            )
            earned = earned + prices.cash.get(floor.year, 0.0) * cash[:, : floor.years].sum(axis=1)
        earned = earned - certifier.policy_price(prices, number, opened.starts)
        return np.where(np.abs(earned) < INDIFFERENT_MUSD / max(lease.critical_it_mw, 1.0), 0.0, earned)

    def _taken_from(self, lease: LeaseOffer, month: Month, without: float) -> bool:
        """Whether the offer is worth having if its rent can start in one month alone."""
        try:
            case = self._starting(lease, month, month)
            return Optimiser(Values(case, self.values)).solve().objective - without > INDIFFERENT_MUSD
        except (InputError, SolverError):
            return False


def _away(month: Month, own: list[Month]) -> int:
    """Months from the nearest start of the window."""
    return min(abs(int(month) - int(start)) for start in own)
