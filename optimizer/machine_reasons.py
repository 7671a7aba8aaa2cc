"""Why machines are bought, sold, moved or not, at which price and hashprice that turns, what the opposite costs; by solves."""

from __future__ import annotations

import math

import numpy as np

from ..models.values import USD_PER_MUSD, Multipliers
from .certificate import Certifier
from .decisions import SMALLEST_MW, Decisions
from .fleet_reasons import FALLING, PRECISION, RISING
from .machine_worth import BreakEvensOfChoices, MachineBreakEvens, binding_rule, worth_of_machines
from .optimise import Optimiser
from .prices import Prices
from .tables import Row

KINDS = {"buy": "machine offer", "sell": "machine sale", "move": "machine move"}
WORDS = {
    "buy": ("bought", "not bought", "without them", "all of them bought"),
    "sell": ("sold", "kept", "without the sale", "all of it sold"),
    "move": ("moved", "not moved", "without the move", "all of it moved"),
}
"""For each kind of choice: done, left, and the opposite where it is done and where it is left."""


class MachineReasons:
    """Reasons for the decisions about machines of one solved scenario. rows: the plan's table of them."""

    def __init__(self, optimiser: Optimiser, certifier: Certifier, decisions: Decisions, prices: Prices, rows: list[Row]) -> None:
        self.optimiser, self.certifier, self.decisions, self.prices, self.rows = optimiser, certifier, decisions, prices, rows
        self.break_evens = self.break_evens_of()
        self._bought: dict[float, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}

    def break_evens_of(self) -> BreakEvensOfChoices:
        return MachineBreakEvens(self.optimiser)

    def row(self, number: int) -> Row:
        """One choice: what is decided and why, the price and the hashprice at which that turns, and what the opposite costs."""
        choice, mw = self.optimiser.values.machine_choices[number], self.decisions.machine_mw[number]
        row, taken = self.rows[number], float(np.sum(mw))
        bought = taken > SMALLEST_MW
        worth = worth_of_machines(self.certifier, self.prices, number, mw)
        done, left, without, whole = WORDS[choice.kind]
        opposite, costs = (without, finite(float(row["worth_usd"]))) if bought else (whole, self.forced_usd(number))
        then = left if bought else done
        return {
            "kind": KINDS[choice.kind],
            "site": choice.site,
            "name": choice.name,
            "decision": left if not bought else done if taken >= choice.size_mw - SMALLEST_MW else f"{done} in part",
            "taken_mw": taken,
            "of_mw": choice.size_mw,
            "rule": binding_rule(choice, mw, worth),
            "why": row["reason"],
            "opposite": opposite,
            "opposite_costs_usd": costs,
            "flips": [
                {
                    "input": "price",
                    "unit": "USD/TH",
                    "today": row["usd_per_th"],
                    "to": row["break_even_usd_per_th"],
                    "then": then,
                },
                {"input": "hashprice", "unit": "x the path", "today": 1.0, "to": self.hashprice(number, bought), "then": then},
            ],
        }

    def forced_usd(self, number: int) -> float | None:
        """By how much the plan is worth less with all of a choice that is left out, in whichever months; None if no plan can."""
        costs = self.break_evens.forced(number, self.break_evens.choices[number].size_mw)
        return None if math.isinf(costs) else costs * USD_PER_MUSD

    def _is_bought(self, number: int, multiplier: float) -> bool:
        if multiplier not in self._bought:
            self._bought[multiplier] = self.optimiser.solve(self.optimiser.program.cost_musd(Multipliers(hashprice=multiplier))).x
        return bool(np.sum(self._bought[multiplier][self.break_evens.columns_of(number)]) > SMALLEST_MW)

    def hashprice(self, number: int, bought: bool) -> float | None:
        """The nearest multiplier at which the decision is the other one; first upwards where they are not bought, or sold."""
        if self.optimiser.program.prices_in_rows:  # other prices are other rows: optimizer/money_rows.py
            return None
        sale = self.break_evens.choices[number].kind == "sell"
        for side in (RISING, FALLING) if bought == sale else (FALLING, RISING):
            before = 1.0
            for trial in side:
                if self._is_bought(number, trial) != bought:
                    return self._narrowed(number, before, trial, bought)
                before = trial
        return None

    def _narrowed(self, number: int, same: float, other: float, bought: bool) -> float:
        while abs(same - other) > PRECISION * max(same, other):
            middle = (same + other) / 2
            if self._is_bought(number, middle) == bought:
                same = middle
            else:
                other = middle
        return other


def finite(usd: float) -> float | None:
    """None where there is no plan."""
    return usd if math.isfinite(usd) else None
