"""The decision map: which plan to commit to at which hashprice, rent and power price, with a proved bound of the regret.

`decision_map` builds the certified list of plans (sandwich.py) and answers from it: who wins where, where each lease enters and
leaves, how far today's point is from the nearest flip. Anywhere in the box the best plan of the list is worth at most `bound_usd`
less than the best of all plans.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, Problem
from ..models.months import Array
from ..models.names import slug
from ..models.scenario import Scenario
from ..models.values import TODAY, USD_PER_MUSD, Multipliers, Values
from .block_rows import HOURS_REFUSED, field_of_hours
from .certificate import LEDGER_TOLERANCE, Certifier
from .decisions import Decisions
from .diagnosis import NoPlanError, conflicts, describe
from .elastic import no_plan
from .ledger_lines import total_usd
from .money_rows import FLOORS_REFUSED
from .optimise import InfeasibleError, Optimiser, SolverError
from .plan import plain
from .plan_values import PlanValues
from .roots import root
from .sandwich import AXES, Axis, Progress, Sandwich
from .tables import Row

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_BOX: Mapping[str, tuple[float, float]] = {"hashprice": (0.5, 2.0), "rent": (0.7, 1.4)}
DEFAULT_TOLERANCE = 0.002
TOLERANCES = (1e-5, 0.1)
HIGHEST_MULTIPLIER = 100.0
MOST_SOLVES = 50_000
SMALLEST_SCALE = 0.01
"""Where the NPV today is near 0, the tolerance is a share of this share of the largest value at a corner of the box."""
DIFFERENT_USD = 1.0
"""Plans whose values differ by less are worth the same."""
POINTS_OF_A_LINE = 65
POINTS_OF_THE_BOX = 400
"""So many pairs of hashprice and power multiplier are looked at for the shares of the box."""
POINTS_OF_RENT = 21
STEPS_OF_A_DIRECTION = 16
"""A direction is looked at in so many even steps for the first one in which today's plan is short by more than the tolerance."""

MAP_TABLES: dict[str, tuple[str, ...]] = {
    "plans": (
        "plan",
        "leases",
        "critical_mw",
        "npv_today_usd",
        "regret_today_usd",
        "share_of_box",
        *(f"{axis}_{end}" for axis in AXES for end in ("from", "to")),
    ),
    "plan_leases": ("plan", "site", "offer", "start", "critical_mw", "meter_mw"),
    "changes": ("axis", "multiplier", "offer", "change", "critical_mw_below", "critical_mw_above", "plan_below", "plan_above"),
    "flips": ("direction", "hashprice", "rent", "power", "change_fraction", "plan", "leases", "regret_at_edge_usd"),
}


@dataclass(frozen=True)
class DecisionMap:
    """The certified list of plans of a box of multipliers.

    bound_usd: nowhere in the box can any plan be worth more than the best of the list by more than this.
    tolerance_usd: what was asked for; `complete` tells whether it was reached. solves, simplices: what the proof took.
    plans are numbered from 1 in the order of their value today. decisions: the leases and machines that a plan commits; machines
    stand idle in months in which they do not pay, which `npv_usd` takes into account and `Decisions.npv_musd` does not.
    """

    scenario: Scenario
    axes: tuple[Axis, ...]
    tolerance_usd: float
    bound_usd: float
    npv_today_usd: float
    solves: int
    simplices: int
    decisions: tuple[Decisions, ...]
    values: PlanValues = field(repr=False)
    optimiser: Optimiser = field(repr=False)

    @property
    def complete(self) -> bool:
        return self.bound_usd <= self.tolerance_usd

    @property
    def verdict(self) -> str:
        """The certificate in words."""
        share = f" ({100 * self.bound_usd / abs(self.npv_today_usd):.2g} % of the NPV today)" if self.bound_usd >= 1 else ""
        return f"CERTIFIED: regret below {max(self.bound_usd, 1.0):,.0f} USD{share} everywhere in the box"

    def npv_usd(self, **multipliers: float) -> Array:
        """Value of every plan at multipliers (hashprice, rent, power; 1 if left out), USD, shape (plans,)."""
        return self.values.at(Multipliers(**multipliers)) * USD_PER_MUSD

    def best(self, **multipliers: float) -> int:
        """Number of the best plan at multipliers."""
        return int(np.argmax(self.npv_usd(**multipliers))) + 1

    def grid(self, points: int) -> tuple[list[Array], Array]:
        """(multipliers of each axis, values of the plans there in USD, shape (points, ..., plans))."""
        lines = [np.linspace(axis.low, axis.high, points) for axis in self.axes]
        names = [axis.name for axis in self.axes]
        found = [self.npv_usd(**dict(zip(names, point, strict=True))) for point in itertools.product(*(x.tolist() for x in lines))]
        return lines, np.array(found).reshape(*(len(line) for line in lines), len(self.decisions))

    # --- tables --------------------------------------------------------------------------------------------------------

    def frame(self, table: str) -> pd.DataFrame:
        """One of the tables of MAP_TABLES as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows[table], columns=list(MAP_TABLES[table]))

    @cached_property
    def rows(self) -> dict[str, list[Row]]:
        """The tables of MAP_TABLES."""
        return {"plans": self._plans, "plan_leases": self._plan_leases, "changes": self._changes, "flips": self._flips}

    @cached_property
    def _plans(self) -> list[Row]:
        """One row a plan: what it signs, what it is worth today, and where in the box it is best, to a cell of its sample."""
        today = self.npv_usd()
        points = self._sample
        winner = np.array([int(np.argmax(self.npv_usd(**point))) for point in points])
        rows: list[Row] = []
        for plan, decisions in enumerate(self.decisions):
            where = np.flatnonzero(winner == plan)
            row: Row = {
                "plan": plan + 1,
                "leases": self.leases_of(plan + 1),
                "critical_mw": float(sum(np.sum(mw) for mw in decisions.lease_mw)),
                "npv_today_usd": float(today[plan]),
                "regret_today_usd": float(max(self.npv_today_usd - today[plan], 0.0)),
                "share_of_box": len(where) / len(points),
            }
            for axis in AXES:
                inside = [points[at][axis] for at in where if axis in points[at]]
                half = self._half_cells.get(axis, 0.0)
                row |= {
                    f"{axis}_from": min(inside) - half if inside else None,
                    f"{axis}_to": max(inside) + half if inside else None,
                }
            rows.append(row)
        return rows

    @cached_property
    def _sample(self) -> list[dict[str, float]]:
        """Evenly spaced points of the box (middles of equal cells)."""
        priced = [axis for axis in self.axes if axis.name != "rent"]
        each = max(int(POINTS_OF_THE_BOX ** (1 / max(len(priced), 1))), 1) if len(priced) > 1 else 41
        lines = []
        for axis in self.axes:
            cells = POINTS_OF_RENT if axis.name == "rent" else each
            lines.append([axis.low + (axis.high - axis.low) * (cell + 0.5) / cells for cell in range(cells)])
        return [dict(zip([axis.name for axis in self.axes], point, strict=True)) for point in itertools.product(*lines)]

    @property
    def _half_cells(self) -> dict[str, float]:
        """Half the side of a cell of the sample, by axis."""
        cells = {axis.name: len({point[axis.name] for point in self._sample}) for axis in self.axes}
        return {axis.name: (axis.high - axis.low) / cells[axis.name] / 2 for axis in self.axes}

    @cached_property
    def _plan_leases(self) -> list[Row]:
        """One row a lease and start of each plan."""
        return [
            {
                "plan": plan + 1,
                "site": offer.offer.site,
                "offer": offer.offer.name,
                "start": str(start),
                "critical_mw": mw,
                "meter_mw": mw * offer.offer.gross_up,
            }
            for plan, decisions in enumerate(self.decisions)
            for offer, amounts in zip(self.values.values.offers, decisions.lease_mw, strict=True)
            for start, mw in zip(offer.starts, amounts.tolist(), strict=True)
            if mw
        ]

    def leases_of(self, plan: int) -> str:
        """The offers that a plan takes, with critical MW, and what it does with machines, in words; without signed leases."""
        taken = self._taken_mw(plan)
        offered = {offer.offer.name for offer in self.values.values.offers if offer.offer.status == "offered"}
        leases = [f"{mw:,.4g} MW of {name}" for name, mw in taken.items() if mw and name in offered] or ["no offer"]
        machines = zip(self.values.values.machine_choices, self.decisions[plan - 1].machine_mw, strict=True)
        done = {"buy": "bought", "sell": "sold", "move": "moved"}
        decided = [f"{np.sum(mw):,.4g} MW of {choice.name} {done[choice.kind]}" for choice, mw in machines if np.any(mw)]
        expanded = zip(self.values.values.expansions, self.decisions[plan - 1].expansion_mw, strict=True)
        decided += [f"{np.sum(mw):,.4g} MW of {one.name} energised" for one, mw in expanded if np.any(mw)]
        return "; ".join([*leases, *decided])

    def _taken_mw(self, plan: int) -> dict[str, float]:
        """Critical MW of every offer in a plan."""
        amounts = self.decisions[plan - 1].lease_mw
        return {offer.offer.name: round(float(np.sum(mw)), 6) for offer, mw in zip(self.values.values.offers, amounts, strict=True)}

    # --- lines through today's point -------------------------------------------------------------------------------------

    @cached_property
    def _changes(self) -> list[Row]:
        """Where along each axis through today's point a lease enters, leaves or changes its MW as the multiplier rises."""
        rows: list[Row] = []
        for axis in self.axes:
            walk = self.walk(axis.name) if self._holds_today(but=axis) else []
            for (_, below), (multiplier, above) in itertools.pairwise(walk):
                before, after = self._taken_mw(below), self._taken_mw(above)
                for offer in before:
                    if abs(before[offer] - after[offer]) > 1e-6:
                        change = "enters" if not before[offer] else "leaves" if not after[offer] else "changes"
                        rows.append(
                            {
                                "axis": axis.name,
                                "multiplier": multiplier,
                                "offer": offer,
                                "change": change,
                                "critical_mw_below": before[offer],
                                "critical_mw_above": after[offer],
                                "plan_below": below,
                                "plan_above": above,
                            }
                        )
        return rows

    def walk(self, axis: str) -> list[tuple[float, int]]:
        """(multiplier, plan that is best from there on) along an axis through today's point, from its low end on.

        Edges are where two plans of the list are worth the same, to 1e-9; a plan that wins for less than the distance of 65 even
        points may be missed.
        """
        found = next(one for one in self.axes if one.name == axis)
        line = np.linspace(found.low, found.high, POINTS_OF_A_LINE).tolist()
        winners = [self.best(**{axis: at}) for at in line]
        edges = [(line[0], winners[0])]
        for (low, first), (high, second) in itertools.pairwise(zip(line, winners, strict=True)):
            edges += self._edges(axis, low, first, high, second)
        return edges

    def _edges(self, axis: str, low: float, first: int, high: float, second: int) -> list[tuple[float, int]]:
        """Edges between two multipliers with different winners."""
        if first == second:
            return []

        def advantage(at: float) -> float:
            worth = self.npv_usd(**{axis: at})
            return float(worth[second - 1] - worth[first - 1])

        at = root(advantage, low, high)
        if at is None:
            return [(high, second)]
        worth = self.npv_usd(**{axis: at})
        third = int(np.argmax(worth)) + 1
        if third in (first, second) or worth[third - 1] - worth[first - 1] <= DIFFERENT_USD or high - low < 1e-9:
            return [(at, second)]
        return [*self._edges(axis, low, first, at, third), *self._edges(axis, at, third, high, second)]

    @cached_property
    def _flips(self) -> list[Row]:
        """How far today's point is from where another plan wins by more than the tolerance: on each axis, and on all together.

        The distances are exact (the program is solved on the way), the plan named is the best of the list there. Directions rise or
        fall by the same factor on each axis that they name.
        """
        today = self.best()
        rows: list[Row] = []
        if not self._holds_today():
            return rows
        for signs in itertools.product((-1, 0, 1), repeat=len(self.axes)):
            if any(signs) and (sum(map(abs, signs)) == 1 or all(signs)):
                edge = self._edge_in(signs, today)
                if edge is not None:
                    rows.append(edge)
        return sorted(rows, key=lambda row: abs(math.log1p(row["change_fraction"])))

    def all_mining(self) -> Decisions:
        """The plan that takes no offer, which live pages compare with. Raises InputError where no such plan keeps the rules."""
        try:
            return self.optimiser.all_mining()
        except InfeasibleError:
            allowed = "rules that can be kept without an offer: live pages compare every plan with the one that takes none"
            raise InputError([Problem("decision map", "rules", "rules that no plan without offers keeps", allowed)]) from None

    def _best_usd(self, point: dict[str, float]) -> float:
        """Value of the best of all plans at a point, solved for."""
        at = Multipliers(**point)
        solution = self.optimiser.solve(self.optimiser.program.cost_musd(at))
        return (solution.objective + self.optimiser.values.constant_musd(at)) * USD_PER_MUSD

    def _edge_in(self, signs: tuple[int, ...], today: int) -> Row | None:
        furthest = min((self._room(axis, sign) for axis, sign in zip(self.axes, signs, strict=True) if sign), default=0.0)

        def point(step: float) -> dict[str, float]:
            return {axis.name: math.exp(sign * step) for axis, sign in zip(self.axes, signs, strict=True) if sign}

        def regret(step: float) -> float:
            return self._best_usd(point(step)) - float(self.npv_usd(**point(step))[today - 1]) - self.tolerance_usd

        near = 0.0
        for far in np.linspace(0.0, furthest, STEPS_OF_A_DIRECTION + 1)[1:].tolist():
            if regret(far) > 0:
                edge = root(regret, near, far)
                edge = far if edge is None else edge
                at = point(edge)
                beyond = self.best(**point(min(edge * (1 + 1e-6) + 1e-9, furthest)))
                moved = [(axis.name, sign) for axis, sign in zip(self.axes, signs, strict=True) if sign]
                return {
                    "direction": ", ".join(f"{axis} {'up' if sign > 0 else 'down'}" for axis, sign in moved),
                    **{axis: at.get(axis, 1.0) for axis in AXES},
                    "change_fraction": math.exp(edge * (1 if sum(signs) >= 0 else -1)) - 1,
                    "plan": beyond,
                    "leases": self.leases_of(beyond),
                    "regret_at_edge_usd": regret(edge) + self.tolerance_usd,
                }
            near = far
        return None

    def _holds_today(self, but: Axis | None = None) -> bool:
        """Whether today's prices lie in the box, one axis perhaps left aside; beside it the list of plans is not proved."""
        return all(axis.low <= 1.0 <= axis.high for axis in self.axes if axis is not but)

    @staticmethod
    def _room(axis: Axis, sign: int) -> float:
        """How far today's point is from the end of an axis, as a logarithm; 0 if it lies outside."""
        end = axis.high if sign > 0 else max(axis.low, 1e-6)
        return max(sign * math.log(end), 0.0)

    def as_dict(self) -> dict[str, Any]:
        """Plain data: axes, bound, tables."""
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "file": self.scenario.origin.file,
            "overrides": list(self.scenario.origin.overrides),
            "axes": [{"name": axis.name, "low": axis.low, "high": axis.high} for axis in self.axes],
            "verdict": self.verdict,
            "complete": self.complete,
            "npv_today_usd": self.npv_today_usd,
            "bound_usd": self.bound_usd,
            "tolerance_usd": self.tolerance_usd,
            "solves": self.solves,
            "simplices": self.simplices,
            "plan_today": self.best(),
            **self.rows,
        }

    def to_json(self) -> str:
        """`as_dict` as text."""
        return json.dumps(plain(self.as_dict()), ensure_ascii=False, indent=1, allow_nan=False)


def box_of(ranges: Mapping[str, str | None], tolerance: str) -> tuple[dict[str, tuple[float, float]], float]:
    """The box and the tolerance as text says them: "0.5:2" for each axis, "no" for none, nothing for the default.

    Raises InputError with everything that is no number.
    """
    box: dict[str, tuple[float, float]] = {}
    problems = []
    for axis, text in ranges.items():
        if text is None:
            box |= {axis: DEFAULT_BOX[axis]} if axis in DEFAULT_BOX else {}
        elif text.strip().lower() != "no":
            try:
                low, high = map(float, text.split(":"))
                box[axis] = (low, high)
            except ValueError:
                problems.append(Problem("decision map", axis, f'"{text}"', "LOW:HIGH, two numbers, or no", "e.g. 0.5:2"))
    try:
        share = float(tolerance)
    except ValueError:
        problems.append(Problem("decision map", "tolerance", f'"{tolerance}"', "a share of the NPV today", "0.2 % is 0.002"))
    if problems:
        raise InputError(problems)
    return box, share


def _refuse_moving_hours(scenario: Scenario, axes: list[str]) -> None:
    """Hosted machines that are switched off at a price make the value of a plan jump along that price."""
    problems = []
    for lease in scenario.leases:
        moved = [axis for axis in axes if lease.hosting is not None and axis in lease.hosting.hours_follow]
        if moved and lease.hosting is not None:
            found = f"curtailed: {lease.hosting.curtailed}, whose hours, fee and power jump along the axis {' and '.join(moved)}"
            allowed = "machines that are never curtailed, or a box without that axis, over which a map can be proved"
            hint = f"--{moved[0]} no; or sweep, which solves each case by itself"
            problems.append(Problem("decision map", f"leases.{slug(lease.name)}.hosting", found, allowed, hint))
    if problems:
        raise InputError(problems)


def decision_map(
    scenario: Scenario,
    box: Mapping[str, tuple[float, float]] = DEFAULT_BOX,
    tolerance: float = DEFAULT_TOLERANCE,
    progress: Callable[[Progress], None] | None = None,
) -> DecisionMap:
    """The certified decision map of a scenario over a box of multipliers.

    box: (lowest, highest) multiplier of one to three of hashprice, rent (of leases that are offered) and power (market prices).
    tolerance: of the NPV today (0.00001 to 0.1), or of 1 % of the largest value at a corner of the box if that is more. Ctrl-C
    ends the search with the bound that was reached (`complete` is False then). Raises InputError for a box or tolerance that makes
    no sense, NoPlanError where the scenario has no plan, SolverError where the solver fails.
    """
    axes = axes_of(box, tolerance)
    if scenario.finance.cash is not None:
        raise InputError([Problem("map", "finance.cash", *FLOORS_REFUSED)])
    if field := field_of_hours(scenario):
        raise InputError([Problem("map", field, *HOURS_REFUSED)])
    _refuse_moving_hours(scenario, [axis.name for axis in axes])
    found = conflicts(scenario)
    if found:
        raise NoPlanError(describe(found))
    optimiser = Optimiser(Values(scenario))
    try:
        today = Decisions.of(optimiser.program, optimiser.solve().x)
    except InfeasibleError as fault:
        raise no_plan(fault) if fault.proved else fault from None
    npv_musd = today.npv_musd(optimiser.values)
    sandwich = Sandwich(optimiser, axes)
    first = sandwich.plans.add(sandwich.plans.committed(today, TODAY))
    scale_musd = max(abs(npv_musd), SMALLEST_SCALE * sandwich.largest_musd, 1.0 / USD_PER_MUSD)
    tolerance_musd = tolerance * scale_musd
    sandwich.refine(tolerance_musd, MOST_SOLVES, progress)
    kept = sandwich.thin(tolerance_musd, frozenset([first]))
    values = sandwich.plans
    order = np.argsort(-values.at(TODAY)[kept], kind="stable")
    values.keep([kept[number] for number in order])
    certifier = Certifier(optimiser.values, optimiser.program.form)
    for plan in values.plans:
        _check(certifier, plan)
    return DecisionMap(
        scenario=scenario,
        axes=tuple(axes),
        tolerance_usd=tolerance_musd * USD_PER_MUSD,
        bound_usd=sandwich.bound_musd * USD_PER_MUSD,
        npv_today_usd=npv_musd * USD_PER_MUSD,
        solves=len(sandwich.corners) + 1,
        simplices=len(sandwich.simplices),
        decisions=tuple(values.plans),
        values=values,
        optimiser=optimiser,
    )


def axes_of(box: Mapping[str, tuple[float, float]], tolerance: float) -> list[Axis]:
    """The axes in their order. Raises InputError with everything that is wrong."""
    problems = []
    for name, (low, high) in box.items():
        if name not in AXES:
            problems.append(Problem("decision map", name, "no such multiplier", f"one of {', '.join(AXES)}"))
        elif not (math.isfinite(low) and math.isfinite(high) and low < high):
            problems.append(
                Problem("decision map", name, f"an empty range {low:g} to {high:g}", "lowest below highest, e.g. 0.5:2")
            )
        elif low < 0:
            problems.append(
                Problem("decision map", name, f"a multiplier of {low:g}", "0 or more", "a negative one turns prices negative")
            )
        elif high > HIGHEST_MULTIPLIER:
            problems.append(
                Problem(
                    "decision map",
                    name,
                    f"a multiplier of {high:g}",
                    f"at most {HIGHEST_MULTIPLIER:g}",
                    "1 is today; 50 % more is 1.5",
                )
            )
    if not box:
        problems.append(Problem("decision map", "", "no multiplier", f"one to three of {', '.join(AXES)}"))
    if not TOLERANCES[0] <= tolerance <= TOLERANCES[1]:
        low, high = TOLERANCES
        problems.append(
            Problem("decision map", "tolerance", f"{tolerance:g}", f"{low:g} to {high:g} of the NPV today", "0.2 % is 0.002")
        )
    if problems:
        raise InputError(problems)
    return [Axis(name, *map(float, box[name])) for name in AXES if name in box]


def _check(certifier: Certifier, plan: Decisions) -> None:
    """Every plan of the list keeps the contracts' limits and is worth what the ledger says. Raises SolverError."""
    by_ledger = certifier.standing_musd + float(np.sum(certifier.mining_musd * plan.mining_mw))
    gross = abs(certifier.standing_musd) + float(np.sum(np.abs(certifier.mining_musd) * plan.mining_mw))
    for offer, mw in zip(certifier.values.offers, plan.lease_mw, strict=True):
        for row in np.flatnonzero(mw).tolist():
            lines = certifier.ledger.lease(offer.offer, offer.starts[row])
            worth = float(mw[row]) * total_usd(lines) / USD_PER_MUSD
            by_ledger, gross = by_ledger + worth, gross + abs(worth)
    by_ledger += certifier.machines.value_musd(plan.machine_mw) + certifier.expansions.value_musd(plan.expansion_mw)
    gross += certifier.machines.gross_musd(plan.machine_mw) + certifier.expansions.gross_musd(plan.expansion_mw)
    difference = abs(by_ledger - plan.npv_musd(certifier.values))
    if not difference <= LEDGER_TOLERANCE * max(gross, 1.0):
        raise SolverError(f"a plan of the map is worth {difference:.3g} M USD more or less by the ledger")
    for part in (certifier.primal(plan), certifier.whole_blocks(plan)):
        if not part.passed:
            raise SolverError(f"a plan of the map fails part {part.number}, {part.name}: {part.figure:.3g} {part.unit}")
