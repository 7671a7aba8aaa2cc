"""What one more unit of every limit that binds is worth, and from which limit to which that price holds; exact.

The optimal value is concave and piecewise linear in each limit. Around today's limit it is a straight line whose slope is the
price; the ends are where the slope changes. From an optimal basis HiGHS tells how far the limit may move before the basis stops
being optimal; from there on the program is solved again a little further out, and as long as the price is the same the range goes
on.

With whole blocks the prices are those of the relaxation, as everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..models.values import USD_PER_MUSD
from .optimise import Optimiser
from .program import DEFINITIONS, OF_HOURS
from .session import Outcome, Session
from .tables import Row

SMALLEST_PRICE_MUSD = 1e-9
"""A smaller multiplier is the solver's zero."""
SAME_PRICE = 1e-7
"""Prices that differ by a smaller share (or by less than SMALLEST_PRICE_MUSD) are the same."""
STEP = 1e-6
"""How far beyond an end the program is solved again, of max(1, limit)."""
MOST_PIECES = 200
INFINITE = 1e20


@dataclass(frozen=True)
class Rule:
    """A family of rows in words: what the limit is, its unit, and the unit of the price; `scale` turns USD million into it."""

    words: str
    unit: str
    price_unit: str
    scale: float


RULES = {
    "site_power": Rule("energised MW", "MW", "USD per MW", USD_PER_MUSD),
    "hpc_suitable": Rule("MW suitable for leases", "MW", "USD per MW", USD_PER_MUSD),
    "unreserved": Rule("suitable MW that no right reserves", "MW", "USD per MW", USD_PER_MUSD),
    "energy_cap": Rule("energy that may be drawn in", "GWh", "USD per MWh", 1e3),
    "machine_offer": Rule("machines on offer", "MW", "USD per MW", USD_PER_MUSD),
    "expansion_offer": Rule("MW of an expansion", "MW", "USD per MW", USD_PER_MUSD),
    "capex_budget": Rule("capex budget", "M USD", "USD per USD", 1.0),
    "cumulative_budget": Rule("capex budget up to the end of", "M USD", "USD per USD", 1.0),
    "cash_floor": Rule("cash above the floor at the end of", "M USD", "USD per USD", 1.0),
    "exclusive": Rule("offers of an exclusive group", "offers", "USD per offer", USD_PER_MUSD),
    "prerequisite": Rule("share of an offer beyond the one that it needs", "offers", "USD per offer", USD_PER_MUSD),
    "hashrate_at_least": Rule("least hashrate", "EH/s", "USD per EH/s", USD_PER_MUSD),
    "hashrate_at_most": Rule("most hashrate", "EH/s", "USD per EH/s", USD_PER_MUSD),
    "mining_share_at_least": Rule("least MW that mine", "MW", "USD per MW", USD_PER_MUSD),
    "mining_share_at_most": Rule("most MW that mine", "MW", "USD per MW", USD_PER_MUSD),
    "lease_share_at_least": Rule("least MW let", "MW", "USD per MW", USD_PER_MUSD),
    "lease_share_at_most": Rule("most MW let", "MW", "USD per MW", USD_PER_MUSD),
    "load_at_least": Rule("least load", "MW", "USD per MW", USD_PER_MUSD),
    "load_at_most": Rule("most load", "MW", "USD per MW", USD_PER_MUSD),
    "curtailable_share_at_least": Rule("MW that mine beyond the least share of the load", "MW", "USD per MW", USD_PER_MUSD),
    "tenant_share_at_most": Rule("MW of a tenant beyond its largest share", "MW", "USD per MW", USD_PER_MUSD),
    "tenant_rent_share_at_most": Rule("rent of a tenant beyond its largest share", "k USD", "USD per k USD", USD_PER_MUSD),
    "tenant_mw_at_most": Rule("most MW of a tenant", "MW", "USD per MW", USD_PER_MUSD),
}


def binding_limits(
    optimiser: Optimiser, most: int | None = None, progress: Callable[[str, int, int], None] | None = None
) -> list[Row]:
    """Every limit that binds, the most valuable first (price times limit), at most so many.

    price: the multiplier of the plan. one_more, up_to: what one more unit is worth, and up to which limit each further one is
    worth exactly that; one_less, down_to: what one unit less costs, and down to which limit. They differ where the price changes
    just at today's limit. None: without an end, or (of one less) without any plan.
    """
    relaxation = optimiser.solve(relaxed=True)
    form, dual = optimiser.program.form, relaxation.row_dual
    assert dual is not None
    priced = [
        row
        for row, (family, _) in enumerate(form.row_names)
        if abs(dual[row]) > SMALLEST_PRICE_MUSD
        and family not in (*DEFINITIONS, *OF_HOURS)
        and form.row_lower[row] != form.row_upper[row]
    ]
    priced.sort(key=lambda row: (-abs(dual[row] * max(1.0, abs(_limit(optimiser, row)))), row))
    shown = priced if most is None else priced[:most]
    ranges = _Ranges(optimiser)
    found = []
    for number, row in enumerate(shown):
        if progress is not None:
            progress("prices", number, len(shown))
        found.append(_row(optimiser, row, float(dual[row]), *ranges.of(row, float(dual[row]))))
    return found


def count_binding(optimiser: Optimiser) -> int:
    """How many limits bind."""
    dual = optimiser.solve(relaxed=True).row_dual
    assert dual is not None
    form = optimiser.program.form
    return sum(
        abs(price) > SMALLEST_PRICE_MUSD and family not in (*DEFINITIONS, *OF_HOURS) and low != high
        for price, (family, _), low, high in zip(dual, form.row_names, form.row_lower, form.row_upper, strict=True)
    )


def _limit(optimiser: Optimiser, row: int) -> float:
    """The limit that a row has: its upper one, or its lower one."""
    form = optimiser.program.form
    return float(form.row_upper[row] if math.isfinite(form.row_upper[row]) else form.row_lower[row])


def _row(optimiser: Optimiser, row: int, price: float, less: _Side, more: _Side) -> Row:
    family, index = optimiser.program.form.row_names[row]
    rule = RULES.get(family, Rule(family.replace("_", " "), "units", "USD per unit", USD_PER_MUSD))
    of, period = _place(index)
    return {
        "rule": family,
        "words": rule.words,
        "of": of,
        "period": period,
        "limit": _limit(optimiser, row),
        "unit": rule.unit,
        "price": price * rule.scale,
        "price_unit": rule.price_unit,
        "one_less": None if less.price is None else less.price * rule.scale,
        "down_to": less.end,
        "one_more": None if more.price is None else more.price * rule.scale,
        "up_to": more.end,
    }


def _place(index: Any) -> tuple[str, str]:
    """(site, offer or group; month or year) of a row's index."""
    if isinstance(index, tuple):
        return str(index[0]), " ".join(map(str, index[1:]))
    return ("", str(index)) if isinstance(index, int) else (str(index), "")


@dataclass(frozen=True)
class _Side:
    """price: USD million per unit on one side of a limit; None: no plan there. end: where it changes; None: nowhere."""

    price: float | None
    end: float | None


class _Ranges:
    """Moves one limit at a time in a session of its own, from today's optimal basis."""

    def __init__(self, optimiser: Optimiser) -> None:
        self.form = optimiser.program.form
        self.session = Session(self.form)
        self.session.start_from(optimiser.relaxed.basis)
        self.session.solve()
        self.basis = self.session.basis
        self.today = self.session.limit_ranges()

    def of(self, row: int, price: float) -> tuple[_Side, _Side]:
        """The sides below and above a row's limit."""
        upper = math.isfinite(self.form.row_upper[row])
        limit = float(self.form.row_upper[row] if upper else self.form.row_lower[row])
        sides = []
        for sign, end in ((-1.0, float(self.today[0][row])), (1.0, float(self.today[1][row]))):
            wide = sign * (end - limit) > STEP * max(1.0, abs(limit))
            sides.append(self._side(row, price if wide else None, end if wide else limit, sign, upper))
        self.session.set_limit(row, limit, upper)
        return sides[0], sides[1]

    def _side(self, row: int, price: float | None, end: float, sign: float, upper: bool) -> _Side:
        """From the end of what today's basis tells (price None: it tells nothing on this side) as far as the price goes on."""
        self.session.start_from(self.basis)
        for _ in range(MOST_PIECES):
            if abs(end) >= INFINITE:
                return _Side(price, None)
            beyond = end + sign * STEP * max(1.0, abs(end))
            self.session.set_limit(row, beyond, upper)
            solution = self.session.solve()
            if solution.outcome is not Outcome.OPTIMAL:
                return _Side(price, end)
            assert solution.row_dual is not None
            there = float(solution.row_dual[row])
            if price is not None and abs(there - price) > max(SAME_PRICE * abs(price), SMALLEST_PRICE_MUSD):
                return _Side(price, end)
            price = there if price is None else price
            if abs(price) <= SMALLEST_PRICE_MUSD and upper == (sign > 0):
                return _Side(0.0, None)  # a limit that no longer binds
            low, high = self.session.limit_ranges()
            end = max(float(high[row]), beyond) if sign > 0 else min(float(low[row]), beyond)
        return _Side(price, end)
