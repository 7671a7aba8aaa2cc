"""Break-even curves: the rent at which an offer is indifferent, as a function of one other input; exact, by its breakpoints.

At every value of the input the break-even rent is found by exact solves (breakeven.py), with the two plans that are worth the same
there, one with the offer and one without. While both stay the best of their kind the curve is the closed function

    rent(t) = rent at which V_having(t, rent) = V_lacking(t)             V of fixed plans, linear in the rent

so the walk needs solves only where the pair changes: between two values with different pairs the curves of both pairs meet at a
candidate, where the program is solved again; either it confirms the breakpoint or it finds a third pair in between. Inputs that
change what a program allows (the term) are walked through value by value.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import InputError, Problem
from ..models.hosting import first_hosted
from ..models.months import Array, Month
from ..models.names import slug
from ..models.refusal import nearest
from ..models.scenario import Scenario
from ..models.values import Values
from ..scenarios.vary import vary
from .block_rows import HOURS_REFUSED, field_of_hours
from .breakeven import BreakEvens
from .diagnosis import NoPlanError, conflicts, describe
from .money_rows import FLOORS_REFUSED
from .optimise import Optimiser
from .plan import Plan
from .roots import root
from .tables import Row

SAME_RENT = 1e-9
"""Rents that differ by less than this share are the same."""
NARROWEST = 1e-7
"""Breakpoints closer together than this share of the range are not told apart."""
MOST_VALUES = 400
FIRST_VALUES = 5
STRAIGHT = 1e-4
"""Between breakpoints points of the closed function are listed so that lines between them miss it by no more than this share."""
MOST_HALVINGS = 10
SAMPLED_HALVINGS = 5


@dataclass(frozen=True)
class Parameter:
    """An input that a curve runs over. field: below the lease, or of the scenario; step: where it is walked value by value."""

    name: str
    unit: str
    field: str
    of_lease: bool
    step: float = 0.0


PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter("hashprice", "x today's path", "", False),
        Parameter("power", "x today's market prices", "", False),
        Parameter("term", "years", "term_years", True, 1.0),
        Parameter("capex", "USD per critical MW", "capex_usd_per_critical_mw", True),
        Parameter("residual", "", "residual_value_fraction_of_capex", True),
        Parameter("discount_rate", "per year, leases", "finance.discount_rate_per_year.lease", False),
    )
}


@dataclass(frozen=True)
class _Point:
    """The break-even rent at a value, USD/kW-month of the first year (None if none flips the decision), and its pair of plans."""

    value: float
    rent: float | None
    having: Array
    lacking: Array


def break_even_curve(scenario: Scenario, offer: str, parameter: str, low: float, high: float) -> list[Row]:
    """Rows of the curve in the order of the parameter: value, break-even rent per critical and per meter kW, kind of point.

    parameter: one of PARAMETERS. kind: "breakpoint" (the pair of plans changes), "today" (today's value) or "point".
    Raises InputError for an unknown offer or parameter or an empty range, NoPlanError where the scenario has no plan.
    """
    found = _checked(scenario, offer, parameter, low, high)
    walk = _Walk(scenario, found[0], found[1], high)
    today = walk.today
    points = walk.stepwise(low, high) if found[1].step else walk.sampled(low, high) if walk.is_bent else walk.walk(low, high)
    lease = next(lease for lease in scenario.leases if lease.name == found[0])
    rows = [walk.row(value, rent, kind) for value, rent, kind in points]
    if today is not None and low <= today <= high:
        rows.append(walk.row(today, walk.at(today).rent, "today"))
    for row in rows:
        rent = row["break_even_rent_usd_per_kw_month"]
        row["break_even_rent_usd_per_meter_kw_month"] = None if rent is None else rent / lease.gross_up
    return sorted(rows, key=lambda row: (row["value"], row["kind"] != "breakpoint"))


def _checked(scenario: Scenario, offer: str, parameter: str, low: float, high: float) -> tuple[str, Parameter]:
    problems = []
    if scenario.finance.cash is not None:
        problems.append(Problem("curve", "finance.cash", *FLOORS_REFUSED))
    if field := field_of_hours(scenario):
        problems.append(Problem("curve", field, *HOURS_REFUSED))
    if parameter in ("hashprice", "power") and (hosted := first_hosted(scenario, moved=True)):
        found = f"hosted machines whose hours or pay follow prices, over {parameter}"
        hint = "sweep and sensitivity solve each case by itself"
        problems.append(Problem("curve", hosted, found, "a curve over another parameter, or hosting at a fee alone", hint))
    names = [lease.name for lease in scenario.leases]
    name = next((name for name in names if offer in (name, slug(name))), None)
    if name is None:
        problems.append(Problem("curve", "offer", f'"{offer}"', f"one of: {'; '.join(names)}", nearest(offer, names)))
    if parameter not in PARAMETERS:
        allowed = f"one of: {', '.join(PARAMETERS)}"
        problems.append(Problem("curve", "parameter", f'"{parameter}"', allowed, nearest(parameter, list(PARAMETERS))))
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        problems.append(Problem("curve", parameter, f"an empty range {low:g} to {high:g}", "lowest below highest"))
    elif low < 0:
        problems.append(Problem("curve", parameter, f"{low:g}", "0 or more"))
    elif parameter in PARAMETERS and not _steps(PARAMETERS[parameter], low, high):
        step = PARAMETERS[parameter].step
        problems.append(Problem("curve", parameter, f"no step of {step:g} in {low:g} to {high:g}", "a range with whole steps"))
    if problems:
        raise InputError(problems)
    assert name is not None
    lines = describe(conflicts(scenario))
    if lines:
        raise NoPlanError(lines)
    return name, PARAMETERS[parameter]


def equivalents(plan: Plan) -> list[Row]:
    """Lease against hashprice, one row an offer, from a plan's exact break-evens.

    rent: of the first year. hashprice_equivalent_rent: the rent that is worth as much as mining at today's hashprice, per critical
    and per meter kW. lease_equivalent_hashprice: the hashprice (of the first month, the path keeping its shape) at which mining is
    worth as much as the lease. None where nothing in reach flips the decision.
    """
    first = float(plan.rows["market"][0]["hashprice_usd_per_ph_day"])
    leases = {lease.name: lease for lease in plan.scenario.leases}
    rows = []
    for row in plan.rows["leases"]:
        lease = leases[row["offer"]]
        rent, multiplier = row["break_even_rent_usd_per_kw_month"], row["break_even_hashprice_multiplier"]
        rows.append(
            {
                "site": lease.site,
                "offer": lease.name,
                "rent_usd_per_kw_month": lease.first_year_rent_usd_per_kw_month,
                "hashprice_equivalent_rent_usd_per_kw_month": rent,
                "hashprice_equivalent_rent_usd_per_meter_kw_month": None if rent is None else rent / lease.gross_up,
                "hashprice_usd_per_ph_day": first,
                "lease_equivalent_hashprice_usd_per_ph_day": None if multiplier is None else multiplier * first,
                "break_even_hashprice_multiplier": multiplier,
                "taken": bool(row["critical_mw"]),
            }
        )
    return rows


class _Walk:
    """The curve of one offer over one parameter."""

    def __init__(self, scenario: Scenario, offer: str, parameter: Parameter, high: float) -> None:
        self.scenario, self.offer, self.parameter = scenario.until(self._end(scenario, offer, parameter, high)), offer, parameter
        self.optimiser = Optimiser(Values(self.scenario))
        self._values_today = self.optimiser.values
        self._known: dict[float, _Point] = {}
        self._values_at: tuple[float, Values] | None = None

    @staticmethod
    def _end(scenario: Scenario, offer: str, parameter: Parameter, high: float) -> Month:
        """The end of the horizon, the same for the whole curve: today's, or later where the longest term needs it."""
        end = scenario.calendar.end
        if parameter.name != "term" or scenario.horizon.end is not None:
            return end
        lease = next(lease for lease in scenario.leases if lease.name == offer)
        return max(end, lease.base_term_end() + max(round(12 * high) - lease.term_months, 0))

    @property
    def today(self) -> float | None:
        """Today's value of the parameter; None where the lease does not state it."""
        if not self.parameter.field:
            return 1.0
        lease = next(lease for lease in self.scenario.leases if lease.name == self.offer)
        if self.parameter.of_lease:
            stated = getattr(lease, self.parameter.field)
            return None if stated is None else float(stated)
        return float(self.scenario.finance.discount_rate_per_year.lease)

    def row(self, value: float, rent: float | None, kind: str) -> Row:
        lease = next(lease for lease in self.scenario.leases if lease.name == self.offer)
        return {
            "site": lease.site,
            "offer": lease.name,
            "parameter": self.parameter.name,
            "unit": self.parameter.unit,
            "value": value,
            "break_even_rent_usd_per_kw_month": rent,
            "kind": kind,
        }

    # --- the scenario at a value -----------------------------------------------------------------------------------------

    def _case(self, value: float) -> Values:
        if self._values_at is not None and self._values_at[0] == value:
            return self._values_at[1]
        field: dict[str, Any] = {}
        if self.parameter.name == "hashprice":
            field = {"market.hashprice.multiplier": self.scenario.market.hashprice.multiplier * value}
        elif self.parameter.name == "power":
            field = {"power.multiplier": self.scenario.power.multiplier * value}
        elif self.parameter.of_lease:
            field = {f'leases."{self.offer}".{self.parameter.field}': value}
            if self.parameter.name == "residual":
                field[f'leases."{self.offer}".residual_value_usd_per_critical_mw'] = None
        else:
            field = {self.parameter.field: value}
        values = Values(vary(self.scenario, field), self._values_today)
        self._values_at = (value, values)
        return values

    def at(self, value: float) -> _Point:
        """The exact break-even rent at a value."""
        if value not in self._known:
            values = self._case(value)
            if not self.optimiser.move_to(values):
                self.optimiser = Optimiser(values)
            number = next(n for n, offer in enumerate(values.offers) if offer.offer.name == self.offer)
            found = BreakEvens(self.optimiser).rent(number)
            own = values.offers[number].offer.first_year_rent_usd_per_kw_month
            rent = None if found.multiplier is None else found.multiplier * own
            self._known[value] = _Point(value, rent, found.having, found.lacking)
        return self._known[value]

    def rent_of_pair(self, pair: _Point, value: float) -> float:
        """The rent at which the pair's two plans are worth the same at another value."""
        values = self._case(value)
        program = replace(self.optimiser.program, values=values)
        number = next(n for n, offer in enumerate(values.offers) if offer.offer.name == self.offer)
        offer = values.offers[number]
        slope = float(offer.rent_musd @ pair.having[program.columns_of_offer(number)])
        if slope <= 0:
            return math.nan
        worth = float(program.cost_musd() @ (pair.having - pair.lacking))
        return (1 - worth / slope) * offer.offer.first_year_rent_usd_per_kw_month

    # --- the walk ----------------------------------------------------------------------------------------------------------

    def walk(self, low: float, high: float) -> Iterator[tuple[float, float | None, str]]:
        """(value, rent, kind) from low to high: breakpoints, and points of the closed function between them."""
        values = np.linspace(low, high, FIRST_VALUES).tolist()
        pieces: list[tuple[float, float, _Point]] = []
        for start, end in itertools.pairwise(values):
            pieces += self._pieces(self.at(start), self.at(end), NARROWEST * (high - low))
        merged: list[tuple[float, float, _Point]] = []
        for start, end, pair in pieces:
            if merged and self._same(merged[-1][2], pair, (start + end) / 2):
                merged[-1] = (merged[-1][0], end, merged[-1][2])
            else:
                merged.append((start, end, pair))
        last: float | None = None
        for number, (start, end, pair) in enumerate(merged):
            rents = self._rent_in(pair, start), self._rent_in(pair, end)
            if last is not None and (rents[0] is None or not _close(last, rents[0])):
                yield start, last, "breakpoint"  # the curve ends or jumps here
            yield start, rents[0], "point" if number == 0 else "breakpoint"
            if rents[0] is not None and rents[1] is not None:
                for value, rent in self._bends(pair, (start, rents[0]), (end, rents[1]), MOST_HALVINGS):
                    yield value, rent, "point"
            last = rents[1]
        yield high, self.at(high).rent, "point"

    def _bends(
        self, pair: _Point, start: tuple[float, float], end: tuple[float, float], halvings: int
    ) -> Iterator[tuple[float, float]]:
        """Points of a pair's closed function between two of its points, close where it bends."""
        thirds = [start[0] + share * (end[0] - start[0]) for share in (1 / 3, 2 / 3)]
        rents = [self.rent_of_pair(pair, value) for value in thirds]
        lines = [start[1] + share * (end[1] - start[1]) for share in (1 / 3, 2 / 3)]
        missed = max(abs(rent - line) for rent, line in zip(rents, lines, strict=True))
        if not halvings or missed <= STRAIGHT * max(abs(start[1]), abs(end[1]), 1.0):
            return
        points = [start, *zip(thirds, rents, strict=True), end]
        for before, after in itertools.pairwise(points):
            yield from self._bends(pair, before, after, halvings - 1)
            if after is not end:
                yield after

    def _rent_in(self, pair: _Point, value: float) -> float | None:
        return None if pair.rent is None else self.rent_of_pair(pair, value)

    def _same(self, first: _Point, second: _Point, value: float) -> bool:
        if first.rent is None or second.rent is None:
            return first.rent is second.rent
        return _close(self.rent_of_pair(first, value), self.rent_of_pair(second, value))

    def _pieces(self, left: _Point, right: _Point, narrowest: float) -> list[tuple[float, float, _Point]]:
        """Intervals from left to right, each with the pair that holds in it."""
        if right.value - left.value <= narrowest or len(self._known) > MOST_VALUES:
            return [(left.value, right.value, left)]
        if left.rent is None or right.rent is None:
            if left.rent is right.rent:
                return [(left.value, right.value, left)]
            return self._halved(left, right, narrowest)
        if self._holds(left, right):
            return [(left.value, right.value, left)]
        if self._holds(right, left):
            return [(left.value, right.value, right)]

        def apart(value: float) -> float:
            return self.rent_of_pair(left, value) - self.rent_of_pair(right, value)

        meeting = root(apart, left.value, right.value)
        if meeting is None or not left.value + narrowest < meeting < right.value - narrowest:
            return self._halved(left, right, narrowest)
        found = self.at(meeting)
        if found.rent is not None and _close(found.rent, self.rent_of_pair(left, meeting)):
            return [(left.value, meeting, left), (meeting, right.value, right)]
        return [*self._pieces(left, found, narrowest), *self._pieces(found, right, narrowest)]

    def _halved(self, left: _Point, right: _Point, narrowest: float) -> list[tuple[float, float, _Point]]:
        middle = self.at((left.value + right.value) / 2)
        return [*self._pieces(left, middle, narrowest), *self._pieces(middle, right, narrowest)]

    def _holds(self, pair: _Point, other: _Point) -> bool:
        """Whether a pair still gives the exact rent at another value, and half-way to it."""
        assert other.rent is not None
        if not _close(self.rent_of_pair(pair, other.value), other.rent):
            return False
        middle = self.at((pair.value + other.value) / 2)
        return middle.rent is not None and _close(self.rent_of_pair(pair, middle.value), middle.rent)

    @property
    def is_bent(self) -> bool:
        """Whether the plans themselves change with the parameter all along: capex that a budget limits."""
        return self.parameter.name == "capex" and self.scenario.finance.has_budget

    def sampled(self, low: float, high: float) -> Iterator[tuple[float, float | None, str]]:
        """Exact points, so many that lines between them miss the curve by no more than STRAIGHT."""
        values = np.linspace(low, high, FIRST_VALUES).tolist()
        yield low, self.at(low).rent, "point"
        for start, end in itertools.pairwise(values):
            yield from self._between(self.at(start), self.at(end), SAMPLED_HALVINGS)
            yield end, self.at(end).rent, "point"

    def _between(self, left: _Point, right: _Point, halvings: int) -> Iterator[tuple[float, float | None, str]]:
        if (left.rent is None) != (right.rent is None):
            yield from self._end_of_the_curve(left, right)
            return
        if not halvings or left.rent is None or right.rent is None:
            return
        middle = self.at((left.value + right.value) / 2)
        straight = (left.rent + right.rent) / 2
        if middle.rent is not None and abs(middle.rent - straight) <= STRAIGHT * max(abs(straight), 1.0):
            return
        yield from self._between(left, middle, halvings - 1)
        yield middle.value, middle.rent, "point"
        yield from self._between(middle, right, halvings - 1)

    def _end_of_the_curve(self, left: _Point, right: _Point) -> Iterator[tuple[float, float | None, str]]:
        """The two sides of the value from which on, or up to which, no rent flips the decision."""
        narrowest = NARROWEST * (right.value - left.value)
        while right.value - left.value > narrowest:
            middle = self.at((left.value + right.value) / 2)
            left, right = (middle, right) if (middle.rent is None) == (left.rent is None) else (left, middle)
        yield left.value, left.rent, "breakpoint"
        yield right.value, right.rent, "breakpoint"

    def stepwise(self, low: float, high: float) -> Iterator[tuple[float, float | None, str]]:
        """Every step of the parameter (whole years) inside the range, by exact solves."""
        for number in _steps(self.parameter, low, high):
            value = number * self.parameter.step
            yield value, self.at(value).rent, "point"


def _steps(parameter: Parameter, low: float, high: float) -> range:
    """Which steps of a parameter lie in a range; of one without steps, any that is not empty."""
    if not parameter.step:
        return range(1)
    return range(math.ceil(low / parameter.step - 1e-9), math.floor(high / parameter.step + 1e-9) + 1)


def _close(first: float, second: float) -> bool:
    return abs(first - second) <= SAME_RENT * max(abs(first), abs(second), 1.0)
