"""What buying, selling and moving machines is worth to the plan, in figures and words, and at which price the decision flips.

Let V(x) be the optimal value with the prices of one choice at x times what they are, V0 the optimal value without it. V is
convex and piecewise linear in x, V0 does not depend on it. From a price at which machines are bought, the tangent of V (the best
plan found, kept at a higher price) meets V0 at the next trial; after finitely many steps that ends on the break-even, exactly.
A price of used machines is walked down to in the same way from where some are sold. Where a capex budget is in the program a price
bends it as well, and the edge is halved down instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..models.expansion_values import ExpansionValue
from ..models.machine_values import MachineChoice
from ..models.months import Array, Month
from ..models.values import USD_PER_MUSD
from .breakeven import INDIFFERENT_MUSD
from .certificate import Certifier
from .decisions import SMALLEST_MW
from .optimise import InfeasibleError, Optimiser, SolverError
from .prices import Prices
from .program import Program
from .reasons import NOT_WITHOUT, PRICED_OUT_USD, money
from .session import Solution

MOST_STEPS, PRECISION = 60, 1e-9
HIGHEST_PRICE_MULTIPLIER = 64.0
SAME_SHARE = 1e-9


@dataclass(frozen=True)
class MachineWorth:
    """One choice in one month, USD per MW.

    own: discounted cash of the purchase itself, after tax and resale, or of the sale, less the resale forgone. mining: what its MW
    earn while they are there, where that is a gain (negative: would have earned). power: of that, what the power is worth
    elsewhere. budget: what the money is worth elsewhere. cash: of what it takes before floors of cash are asked, the same. policy:
    what the scenario's rules make them pay (negative: what they are worth for rules that they help to keep).
    """

    month: Month
    own: float
    mining: float
    power: float
    budget: float
    cash: float = 0.0
    policy: float = 0.0

    @property
    def net(self) -> float:
        return self.own + self.mining - self.power - self.budget - self.cash - self.policy


def worth_of_machines(certifier: Certifier, prices: Prices, number: int, mw: Array) -> MachineWorth:
    """The choice in the month in which most is decided, or, if nothing is, in its best month."""
    machines, choice = certifier.machines, certifier.values.machine_choices[number]
    mining, _ = certifier.reduced(prices)
    gain = machines.gains(mining, certifier.money_price(prices))[number]
    c = int(np.argmax(mw)) if np.any(mw) else int(np.argmax(gain))
    changes = {k: per_mw[c] for k, per_mw in machines.changes[number].items()}
    gross = sum(float(per_mw @ np.maximum(certifier.mining_musd[k], 0.0)) for k, per_mw in changes.items())
    unruled = mining + certifier.policy_price_of_mining(prices)
    earned = unruled - certifier.mining_cash_musd * certifier.cash_price(prices)  # apart from what floors make of cash
    beyond, free, ruled = (
        sum(float(per_mw @ np.maximum(of[k], 0.0)) for k, per_mw in changes.items()) for of in (earned, unruled, mining)
    )
    budget, cash = certifier.money_used(machines.money_musd[number], prices)
    figures = (machines.musd[number][c], gross, gross - beyond, budget[c], cash[c] - (free - beyond), free - ruled)
    return MachineWorth(choice.months[c], *(float(figure) * USD_PER_MUSD for figure in figures))


@dataclass(frozen=True)
class MachineBreakEven:
    """worth_musd: V - V0 today; infinite where there is no plan without it. price_multiplier: of the offer's own price; None if no
    price flips the decision, and where cash has floors, whose rows contain prices.

    forced_mw, forced_musd: of machines that are not bought, so many MW, and by how much less the best plan is worth that buys them
    (by solving again; infinite if there is none).
    """

    worth_musd: float
    price_multiplier: float | None
    forced_mw: float = 0.0
    forced_musd: float = math.inf


class BreakEvensOfChoices:
    """Break-even prices of goods that one program may buy in one of several months."""

    def __init__(self, optimiser: Optimiser) -> None:
        self.optimiser, self.program = optimiser, optimiser.program

    @property
    def choices(self) -> Sequence[MachineChoice | ExpansionValue]:
        """What may be bought (or sold), in the order of its columns."""
        raise NotImplementedError

    @property
    def first_column(self) -> int:
        raise NotImplementedError

    def columns_of(self, number: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Positions of the columns of one choice."""
        first = self.first_column + sum(len(choice.months) for choice in self.choices[:number])
        return np.arange(first, first + len(self.choices[number].months))

    @cached_property
    def _budget_rows(self) -> list[int]:
        return [
            row for row, (family, _) in enumerate(self.program.form.row_names) if family in ("capex_budget", "cumulative_budget")
        ]

    def without(self, number: int) -> Solution:
        """The optimum without the choice."""
        upper = self.program.form.upper.copy()
        upper[self.columns_of(number)] = 0.0
        return Optimiser(self.program.values, replace(self.program, form=replace(self.program.form, upper=upper))).solve()

    def of_choice(self, number: int) -> MachineBreakEven:
        """Worth and break-even price of one choice."""
        today = self.optimiser.solve()
        try:
            without = self.without(number).objective
        except InfeasibleError:
            return MachineBreakEven(math.inf, None)
        worth, price = today.objective - without, self._price(number, without, today)
        if np.sum(today.x[self.columns_of(number)]) > SMALLEST_MW:
            return MachineBreakEven(worth, price)
        mw = min(1.0, self.choices[number].size_mw)
        return MachineBreakEven(worth, price, mw, self.forced(number, mw))

    def forced(self, number: int, mw: float) -> float:
        """How much less the best plan with so many MW of a choice is worth, USD million; infinite if there is none."""
        form = self.program.form.with_least(self.columns_of(number), mw)
        try:
            found = Optimiser(self.program.values, replace(self.program, form=form)).solve()
        except SolverError:
            return math.inf
        return max(self.optimiser.solve().objective - found.objective, 0.0)

    def _price(self, number: int, without: float, today: Solution) -> float | None:
        if self.program.prices_in_rows:
            return None
        if self.choices[number].kind == "sell":
            return self._sale_price(number, without, today)
        bought = today.objective - without > INDIFFERENT_MUSD
        at, solution = (1.0, today) if bought else (0.0, self._at(number, 0.0))
        if solution is None or solution.objective - without <= INDIFFERENT_MUSD:
            return None
        if self._budget_rows and self.choices[number].capex_musd_by_year.any():
            return self._halved(number, without, at)
        for _ in range(MOST_STEPS):
            slope = self._slope(number, solution)
            if slope >= 0:
                return None
            at += (solution.objective - without) / -slope
            if at > HIGHEST_PRICE_MULTIPLIER:
                return None
            solution = self._at(number, at)
            if solution is None or solution.objective - without <= INDIFFERENT_MUSD:
                break
        return at

    def _sale_price(self, number: int, without: float, today: Solution) -> float | None:
        """From a price at which machines are sold down to the one at which none are; a sale spends no budget."""
        at, solution = 1.0, today
        while solution.objective - without <= INDIFFERENT_MUSD:
            at *= 2.0
            if at > HIGHEST_PRICE_MULTIPLIER:
                return None
            solution = self._dearer(number, at)
        for _ in range(MOST_STEPS):
            slope = self._slope(number, solution)
            if slope <= 0:
                return None
            at -= (solution.objective - without) / slope
            if at <= 0:
                return None
            solution = self._dearer(number, at)
            if solution.objective - without <= INDIFFERENT_MUSD:
                break
        return at

    def _dearer(self, number: int, multiplier: float) -> Solution:
        """The optimum at a multiple of the price of used machines."""
        cost = self.optimiser.today.copy()
        cost[self.columns_of(number)] += (multiplier - 1) * self.choices[number].price_musd
        return self.optimiser.solve(cost)

    def _halved(self, number: int, without: float, bought: float) -> float | None:
        """The edge above a multiplier at which machines are bought, where a budget makes the value bend."""
        out = 1.0
        while out <= bought or self._is_bought(number, out, without):
            out *= 2.0
            if out > HIGHEST_PRICE_MULTIPLIER:
                return None
        while out - bought > PRECISION * out:
            middle = (bought + out) / 2
            if self._is_bought(number, middle, without):
                bought = middle
            else:
                out = middle
        return out

    def _is_bought(self, number: int, multiplier: float, without: float) -> bool:
        found = self._at(number, multiplier)
        return found is not None and found.objective - without > INDIFFERENT_MUSD

    def _slope(self, number: int, solution: Solution) -> float:
        """Change of a plan's value per unit of the price multiplier, USD million."""
        choice = self.choices[number]
        return float(choice.price_musd @ solution.x[self.columns_of(number)])

    def _at(self, number: int, multiplier: float) -> Solution | None:
        """The optimum at a multiple of the offer's price, in the objective and in the budgets."""
        form, own = self.program.form, self.columns_of(number)
        cost = self.optimiser.today.copy()
        cost[own] += (multiplier - 1) * self.choices[number].price_musd
        try:
            if not self._budget_rows:
                return self.optimiser.solve(cost)
            value = form.value.copy()
            for column in own.tolist():
                entries = slice(form.first[column], form.first[column + 1])
                value[entries] *= np.where(np.isin(form.row[entries], self._budget_rows), multiplier, 1.0)
            changed: Program = replace(self.program, form=replace(form, cost=cost, value=value))
            return Optimiser(self.program.values, changed).solve()
        except SolverError:
            return None


class MachineBreakEvens(BreakEvensOfChoices):
    """Of the decisions about machines."""

    @property
    def choices(self) -> Sequence[MachineChoice]:
        return self.program.values.machine_choices

    @property
    def first_column(self) -> int:
        return int(self.program.machine_columns.start)


# --- in words ------------------------------------------------------------------------------------------------------------


def purchase_reason(choice: MachineChoice, mw: Array, worth: MachineWorth, found: MachineBreakEven) -> str:
    """Why machines are bought or not, for the tables."""
    taken = float(np.sum(mw))
    if taken <= SMALLEST_MW:
        if worth.net > -PRICED_OUT_USD:
            return forced_words(found, "not bought", "buy")
        return f"not bought: at its best delivery ({worth.month}) {_balance(worth)}, {money(-worth.net)} less than it costs"
    gain = gain_words(found, "them")
    if taken >= choice.size_mw * (1 - SAME_SHARE):
        return f"bought in full: {_balance(worth)}; {gain}"
    return f"bought in part ({taken:,.1f} of {choice.size_mw:,.1f} MW) because {_limit(worth)}: {_balance(worth)}; {gain}"


def sale_reason(choice: MachineChoice, mw: Array, worth: MachineWorth, found: MachineBreakEven) -> str:
    """Why machines are sold or kept, for the tables."""
    taken = float(np.sum(mw))
    if taken <= SMALLEST_MW:
        if worth.net > -PRICED_OUT_USD:
            return forced_words(found, "kept", "sell")
        return f"kept: in the best month to sell them ({worth.month}) {_given_up(worth)}, {money(-worth.net)} more than it brings"
    gain = gain_words(found, "the sale")
    size = "all sold" if taken >= choice.size_mw * (1 - SAME_SHARE) else f"{taken:,.1f} of {choice.size_mw:,.1f} MW sold"
    return f"{size}: {_given_up(worth)}; {gain}"


def move_reason(choice: MachineChoice, mw: Array, worth: MachineWorth, found: MachineBreakEven) -> str:
    """Why machines are moved or stay, for the tables."""
    taken = float(np.sum(mw))
    if taken <= SMALLEST_MW:
        if worth.net > -PRICED_OUT_USD:
            return forced_words(found, "not moved", "move")
        return f"not moved: in the best month to leave ({worth.month}) {_elsewhere(worth)}, {money(-worth.net)} less than it costs"
    gain = gain_words(found, "the move")
    size = "all moved" if taken >= choice.size_mw * (1 - SAME_SHARE) else f"{taken:,.1f} of {choice.size_mw:,.1f} MW moved"
    return f"{size}: {_elsewhere(worth)}; {gain}"


def gain_words(found: MachineBreakEven, what: str) -> str:
    """What the plan would be worth less without a choice."""
    if math.isinf(found.worth_musd):
        return NOT_WITHOUT.replace(" it ", f" {what} ")
    return f"without {what} the plan is worth {money(found.worth_musd * USD_PER_MUSD)} less"


def _ruled(worth: MachineWorth) -> str:
    """What the scenario's rules add, where they do."""
    if worth.policy > PRICED_OUT_USD:
        return f" and takes room under the rules worth {money(worth.policy)}"
    return f" and helps to keep rules, worth {money(-worth.policy)}" if worth.policy < -PRICED_OUT_USD else ""


def _elsewhere(worth: MachineWorth) -> str:
    """Against staying: what a MW costs to move, and what it earns and uses more, or less."""

    def compared(usd: float) -> str:
        return f"{money(abs(usd))} {'more' if usd >= 0 else 'less'}"

    return (
        f"a MW costs {money(-worth.own)} to move, would earn {compared(worth.mining)} than here if it always had power, and uses "
        f"power worth {compared(worth.power)}{_ruled(worth)}"
    )


def _given_up(worth: MachineWorth) -> str:
    brings = "brings" if worth.own >= 0 else "loses"
    mining = f"gives up {money(-worth.mining)} of mining" if worth.mining < -0.5 else "gives up no mining that pays"
    power = f" on power worth {money(-worth.power)} elsewhere" if worth.power < -0.5 else ""
    return f"a MW {brings} {money(abs(worth.own))} (price less tax and the resale forgone) and {mining}{power}{_ruled(worth)}"


def forced_words(found: MachineBreakEven, left_out: str, act: str) -> str:
    """Where prices do not tell why a choice is left out: whole blocks, or another plan that is worth the same."""
    some = f"{found.forced_mw:,.1f} MW of them"
    if math.isinf(found.forced_musd):
        return f"{left_out}: no plan can {act} {some}"
    if found.forced_musd <= INDIFFERENT_MUSD:
        return f"{left_out}: another plan that {act}s {some} is worth the same"
    return (
        f"{left_out}: the best plan that {act}s {some} is worth {money(found.forced_musd * USD_PER_MUSD)} less (by solving again)"
    )


def _balance(worth: MachineWorth) -> str:
    uses = [f"power worth {money(worth.power)}"] if worth.power > 0.5 else []
    uses += [f"budget worth {money(worth.budget)}"] if worth.budget > 0.5 else []
    uses += [f"cash worth {money(worth.cash)}"] if worth.cash > 0.5 else []
    elsewhere = f" and uses {' and '.join(uses)} elsewhere" if uses else ""
    costs = f"costs {money(-worth.own)}" if worth.own <= 0 else f"brings {money(worth.own)} back beyond its price"
    return f"a MW {costs} (price less tax and resale), earns {money(worth.mining)} by mining{elsewhere}{_ruled(worth)}"


def _limit(worth: MachineWorth) -> str:
    if worth.policy > max(worth.budget, worth.cash, PRICED_OUT_USD):
        return "the rules allow no more"
    if worth.policy < -PRICED_OUT_USD and worth.net + worth.policy < -PRICED_OUT_USD:
        return "the rules ask for no more"
    if worth.cash > max(worth.budget, 0.5):
        return "cash is down to its floor"
    return "the capex budget is spent" if worth.budget > 0.5 else "the power of the site has no more use for them"


def binding_rule(choice: MachineChoice, mw: Array, worth: MachineWorth) -> str:
    """What binds, in a word or two."""
    taken = float(np.sum(mw))
    if taken >= choice.size_mw * (1 - SAME_SHARE):
        return "its size"
    unruled = worth.net + worth.policy
    if worth.policy > max(PRICED_OUT_USD, worth.budget, worth.cash) or (taken > SMALLEST_MW and unruled < -PRICED_OUT_USD):
        return "rules"
    if max(worth.budget, worth.cash) > max(0.5, 0.0 if taken > SMALLEST_MW else worth.power):
        return "capex budget" if worth.budget >= worth.cash else "cash floor"
    if taken <= SMALLEST_MW and worth.own + worth.mining < 0:
        return "its own cash"
    return "site power"
