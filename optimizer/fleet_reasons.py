"""Why a fleet mines or stands still, month by month, and at which hashprice that turns; by exact solves.

In a month a fleet mines as far as its machines go, or less: because no hour of the month pays, because the MW are worth more in
another use (the price of the site's power is at least the fleet's margin), or because the scenario's rules allow no more (their
price and that of power are). A rule that asks for mining keeps it running where it would not, or displaces what would.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ..models.months import Array
from ..models.values import USD_PER_MUSD, Multipliers
from .certificate import Certifier
from .decisions import SMALLEST_MW, Decisions
from .optimise import Optimiser, SolverError
from .prices import Prices
from .tables import Row

FALLING, RISING = (0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1, 0.0), (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Hashprice multipliers at which a fleet is looked at first."""
PRECISION = 1e-7
PRICED_USD = 0.5
"""A rule with a price of more for a MW of mining and month keeps it from mining, or (below 0) asks for it."""


@dataclass(frozen=True)
class Months:
    """What a fleet does in its months: how many there are, and in how many it mines in full, in part, or not for which reason."""

    available: int
    full: int
    part: int
    no_hour_pays: int
    used_otherwise: int
    ruled_out: int


class FleetReasons:
    """Reasons for the fleets of one solved scenario."""

    def __init__(self, optimiser: Optimiser, certifier: Certifier, decisions: Decisions, prices: Prices) -> None:
        self.optimiser, self.certifier, self.decisions, self.prices = optimiser, certifier, decisions, prices
        self.values = optimiser.values
        self.there_mw = decisions.there_mw(self.values)
        self.policy = certifier.policy_price_of_mining(prices) * USD_PER_MUSD
        self._mined: dict[float, Array] = {}

    def row(self, k: int) -> Row:
        """One fleet: what it does and why, the hashprice multiplier at which that turns, and what the opposite costs."""
        fleet, mw, available = self.values.fleets[k], self.decisions.mining_mw[k], self.there_mw[k]
        there, months = available > 0, self._months(k)
        mines = bool(np.any(mw > SMALLEST_MW))
        opposite, costs = self._opposite(k, mines)
        return {
            "kind": "fleet",
            "site": fleet.site,
            "name": fleet.name,
            "decision": _decision(months, mines),
            "taken_mw": float(np.mean(mw[there])) if np.any(there) else 0.0,
            "of_mw": float(np.mean(available[there])) if np.any(there) else 0.0,
            "rule": _rule(months),
            "why": self._why(k, months),
            "opposite": opposite,
            "opposite_costs_usd": costs,
            "flips": [self._hashprice(k, mines)] if np.any(there) else [],
        }

    def _months(self, k: int) -> Months:
        mw, available, margin = self.decisions.mining_mw[k], self.there_mw[k], self.certifier.mining_musd[k]
        found: Counter[str] = Counter()
        for t in np.flatnonzero(available > 0).tolist():
            if mw[t] >= available[t] - SMALLEST_MW:
                found["full"] += 1
            elif self.policy[k, t] > PRICED_USD:
                found["ruled"] += 1
            elif mw[t] > SMALLEST_MW:
                found["part"] += 1
            else:
                found["none" if margin[t] <= 0 else "other"] += 1
        return Months(int(np.sum(available > 0)), found["full"], found["part"], found["none"], found["other"], found["ruled"])

    def _why(self, k: int, months: Months) -> str:
        if not months.available:
            return "its machines are never there in the horizon"
        margin, power = self.certifier.mining_musd[k], self.prices.power[self.values.fleets[k].site]
        mw, available = self.decisions.mining_mw[k], self.there_mw[k]
        parts = []
        if months.full:
            on = mw >= available - SMALLEST_MW
            on &= available > 0
            parts.append(
                f"with all its machines in {_of(months.full, months.available)}: a MW earns {_usd(margin[on])} a month "
                f"(discounted) and uses power worth {_usd(power[on])} elsewhere"
            )
        if months.ruled_out:
            less = (available > 0) & (mw < available - SMALLEST_MW) & (self.policy[k] > PRICED_USD)
            parts.append(
                f"less in {_of(months.ruled_out, months.available)}, as the rules allow no more: a MW would earn "
                f"{_usd(margin[less])} a month, and room under the rules is worth {_usd(self.policy[k][less] / USD_PER_MUSD)}"
            )
        if months.part:
            parts.append(
                f"in part in {_of(months.part, months.available)}: leases and better machines leave no more MW of the site"
            )
        if months.used_otherwise:
            off = (available > 0) & (mw <= SMALLEST_MW) & (margin > 0) & (self.policy[k] <= PRICED_USD)
            parts.append(
                f"not in {_of(months.used_otherwise, months.available)}: a MW would earn {_usd(margin[off])} a month and is worth "
                f"{_usd(power[off])} in other uses"
            )
        if months.no_hour_pays:
            parts.append(f"not in {_of(months.no_hour_pays, months.available)}: what a MWh earns does not pay for power and opex")
        asked = (mw > SMALLEST_MW) & (self.policy[k] < -PRICED_USD)
        if np.any(asked):
            parts.append(
                f"the rules ask for it in {_of(int(np.sum(asked)), months.available)}: a MW is worth "
                f"{_usd(-self.policy[k][asked] / USD_PER_MUSD)} a month by them"
            )
        return "; ".join(parts)

    # --- the opposite ----------------------------------------------------------------------------------------------------

    def _opposite(self, k: int, mines: bool) -> tuple[str, float | None]:
        """The opposite in words, and by how much the plan's value falls if it is forced (None: no plan can), by solving again."""
        program = self.optimiser.program
        columns = program.mining_columns.start + np.flatnonzero(program.fleet_of == k)
        lower, upper = program.form.lower.copy(), program.form.upper.copy()
        if mines:
            upper[columns] = 0.0
            words = "no machine of it mines"
        else:
            lower[columns] = np.minimum(upper[columns], self._left_by_signed(k)[program.month_of[columns]])
            words = "all of it mines as far as signed leases leave power"
        if not len(columns):
            return "", None
        forced = replace(program, form=replace(program.form, lower=lower, upper=upper))
        try:
            found = Optimiser(self.values, forced).solve()
        except SolverError:
            return words, None
        return words, max(self.optimiser.solve().objective - found.objective, 0.0) * USD_PER_MUSD

    def _left_by_signed(self, k: int) -> Array:
        """Energised MW, without expansions, less signed leases, shape (months,)."""
        site = self.values.fleets[k].site
        left = self.certifier.energised[site].copy()
        for offer, occupied in zip(self.values.offers, self.certifier.occupied_mw, strict=True):
            if offer.offer.site == site and offer.offer.status == "signed":
                left -= occupied[0] * offer.offer.critical_it_mw
        return np.maximum(left, 0.0)

    # --- hashprice -------------------------------------------------------------------------------------------------------

    def _mines_at(self, k: int, multiplier: float) -> bool:
        """Whether any of it mines in the best plan at a multiple of today's hashprice; months that earn nothing do not count."""
        if multiplier not in self._mined:
            program = self.optimiser.program
            cost = program.cost_musd(Multipliers(hashprice=multiplier))
            x = self.optimiser.solve(cost).x
            self._mined[multiplier] = np.where(cost[program.mining_columns] != 0, x[program.mining_columns], 0.0)
        own = self.optimiser.program.fleet_of == k
        return bool(np.any(self._mined[multiplier][own] > SMALLEST_MW))

    def _hashprice(self, k: int, mines: bool) -> Row:
        if self.optimiser.program.prices_in_rows:  # other prices are other rows: money_rows.py
            return {"input": "hashprice", "unit": "x the path", "today": 1.0, "to": None, "then": ""}
        mines = self._mines_at(k, 1.0)
        before, edge = 1.0, None
        for trial in FALLING if mines else RISING:
            if self._mines_at(k, trial) != mines:
                edge = self._narrowed(k, before, trial, mines)
                break
            before = trial
        turn = "stops mining altogether" if mines else "begins to mine"
        return {"input": "hashprice", "unit": "x the path", "today": 1.0, "to": edge, "then": turn}

    def _narrowed(self, k: int, same: float, other: float, mines: bool) -> float:
        while abs(same - other) > PRECISION * max(same, other):
            middle = (same + other) / 2
            if self._mines_at(k, middle) == mines:
                same = middle
            else:
                other = middle
        return other


def _decision(months: Months, mines: bool) -> str:
    if not mines:
        return "stands still"
    return "mines" if months.full == months.available else "mines in part"


def _rule(months: Months) -> str:
    counts = {
        "machines": months.full,
        "site power": months.part + months.used_otherwise,
        "no hour pays": months.no_hour_pays,
        "rules": months.ruled_out,
    }
    return max(counts, key=counts.__getitem__) if months.available else "no machines"


def _of(count: int, of: int) -> str:
    return f"all {of} months" if count == of else f"{count} of {of} months"


def _usd(musd: Array) -> str:
    return f"{float(np.mean(musd)) * USD_PER_MUSD:,.0f} USD" if len(musd) else "0 USD"
