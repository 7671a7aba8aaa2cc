"""A sweep: the optimum of many cases, as a table with one row a case.

Fields are varied by path. Multipliers of all prices change costs that are exact functions of them, so they vary innermost and a
case costs little more than its warm solve; other fields are read anew case by case (optimizer/series.py).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from ..errors import InputError, Problem
from ..models.quantities import MULTIPLIER
from ..models.scenario import Scenario
from ..models.values import TODAY, Multipliers
from ..scenarios.vary import Spot, name_of, read, spots, vary
from .series import Series
from .solve import scenario_hash
from .tables import Row

MULTIPLIERS = {"market.hashprice.multiplier": "hashprice", "power.multiplier": "power"}
"""Paths whose values are factors on today's."""
MOST_CASES = 1_000_000
MOST_POINTS = 100_001
FACTOR = "x"
"""Before a number: a factor on today's value."""


@dataclass(frozen=True)
class Vary:
    """One field to vary (rows by name, `*` for all) and its values; text such as "x1.2" is a factor on today's value."""

    path: str
    values: tuple[Any, ...]

    @classmethod
    def of(cls, text: str) -> Vary:
        """From PATH=LOW:HIGH:POINTS, PATH=A,B,C, or either with factors (x0.8:x1.2:5). Raises InputError."""
        path, equals, values = text.partition("=")
        where = f"--vary {text}"
        if not equals or not path.strip() or not values.strip():
            raise _refused(
                where, path.strip(), "no path=values", "a field path, = and values", "market.hashprice.multiplier=0.5:2:61"
            )
        found = _range(where, path, values) if ":" in values else _list(where, path, values)
        if problems := _mixed(where, path.strip(), found):
            raise InputError(problems)
        return cls(path.strip(), tuple(found))


def cases_of_rows(rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Cases from the rows of a CSV file: one column a path, numbers as numbers. Raises InputError for a column of several kinds."""
    cases = [{path: _value(text) for path, text in row.items()} for row in rows]
    problems = [problem for path in (rows[0] if rows else ()) for problem in _mixed("", path, [case[path] for case in cases])]
    if problems:
        raise InputError(problems)
    return cases


def product(varied: Sequence[Vary]) -> tuple[int, Iterator[dict[str, Any]]]:
    """How many cases there are, and every combination of values, multipliers of all prices innermost. Raises InputError."""
    paths = [one.path for one in varied]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        raise InputError([Problem("", path, "varied twice", "each path once") for path in twice])
    count = math.prod(len(one.values) for one in varied)
    if count > MOST_CASES:
        raise InputError([Problem("", "", f"{count:,} cases", f"at most {MOST_CASES:,}", "fewer points")])
    ordered = [one for one in varied if one.path not in MULTIPLIERS] + [one for one in varied if one.path in MULTIPLIERS]
    combinations = itertools.product(*(one.values for one in ordered))
    return count, (dict(zip((one.path for one in ordered), values, strict=True)) for values in combinations)


class Sweep:
    """Solves cases one by one and makes a row of each."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.series = Series()
        self.scenario_sha256 = scenario_hash(scenario)[:16]
        """What the cases vary: the first half of the hash that a manifest holds."""
        self._last: tuple[dict[str, Any], Scenario] | None = None
        self._multipliers_today = {path: float(read(scenario, spots(scenario, path)[0])) for path in MULTIPLIERS}
        self.columns_of_offers = {name: f"critical_mw.{name}" for name in sorted(lease.name for lease in scenario.leases)}

    def check(self, values: Mapping[str, Iterable[Any]]) -> None:
        """Every path leads somewhere, and the first and last value of each can be read. Raises InputError with all that do not.

        Values are read one by one; where one does not fit alone, all first or all last ones together. A case whose values do not
        fit together gets a row that says so.
        """
        listed = {path: list(of_path) for path, of_path in values.items()}
        problems: list[Problem] = []
        for end in (0, -1):
            together = {path: of_path[end] for path, of_path in listed.items()}
            alone = [problem for path, value in together.items() for problem in self._problems({path: value})]
            if alone and self._problems(together):
                problems += [problem for problem in alone if problem not in problems]
        if problems:
            raise InputError(problems)

    def _problems(self, values: Mapping[str, Any]) -> tuple[Problem, ...]:
        """Why these values make no scenario."""
        try:
            vary(self.scenario, self._settled(values))
        except InputError as fault:
            return tuple(fault.problems)
        return ()

    def afresh(self) -> None:
        """Forget the cases so far: the next row does not depend on them, to the last digit."""
        self.series.forget()

    def columns(self, case: Mapping[str, Any]) -> list[str]:
        """The names of what `row` returns for a case."""
        return list(self._row(case, "", None, None, None, {}, False, ""))

    def row(self, case: Mapping[str, Any]) -> Row:
        """Solve a case: its values, verdict, NPV, proved gap, MW of mining and of every offer, and why there is no answer."""
        outer = {path: value for path, value in case.items() if path not in MULTIPLIERS}
        try:
            scenario = self._of(outer)
            at, changed = self._multipliers(case)
            answer = self.series.solve(scenario if not changed else vary(scenario, changed), at)
        except InputError as fault:
            found = "; ".join(f"{problem.field}: {problem.found} (allowed: {problem.allowed})" for problem in fault.problems)
            return self._row(case, "NOT A SCENARIO", None, None, None, {}, False, found)
        return self._row(
            case,
            answer.verdict,
            answer.npv_usd,
            answer.gap_usd,
            answer.mining_mw(),
            answer.critical_mw(),
            answer.stated,
            answer.why,
        )

    def stated_values(self, case: Mapping[str, Any]) -> Row:
        """The case as columns of its row (the column of a factor says so), and the scenario that it varies."""
        return {
            f"{path} factor" if isinstance(value, Factor) else path: value.factor if isinstance(value, Factor) else value
            for path, value in case.items()
        } | {"scenario_sha256": self.scenario_sha256}

    def _row(
        self,
        case: Mapping[str, Any],
        verdict: str,
        npv_usd: float | None,
        gap_usd: float | None,
        mining_mw: float | None,
        critical_mw: dict[str, float],
        stated: bool,
        why: str,
    ) -> Row:
        return {
            **self.stated_values(case),
            "verdict": verdict,
            "npv_usd": npv_usd,
            "gap_usd": gap_usd,
            "mean_mining_mw": mining_mw if npv_usd is not None else None,
            "leased_critical_mw": sum(critical_mw.values()) if npv_usd is not None else None,
            **{column: critical_mw.get(name) for name, column in self.columns_of_offers.items()},
            "stated_anew": stated,
            "why": why,
        }

    def _of(self, outer: dict[str, Any]) -> Scenario:
        """The scenario of the fields that are not multipliers; that of the case before where they are the same."""
        if self._last is None or self._last[0] != outer:
            self._last = (outer, vary(self.scenario, self._settled(outer)) if outer else self.scenario)
        return self._last[1]

    def _multipliers(self, case: Mapping[str, Any]) -> tuple[Multipliers, dict[str, Any]]:
        """Multipliers of the case relative to the scenario's, and those that cannot be so (where the scenario's is 0)."""
        found: dict[str, float] = {}
        changed: dict[str, Any] = {}
        for path, name in MULTIPLIERS.items():
            if path in case:
                value, today = case[path], self._multipliers_today[path]
                if isinstance(value, Factor):
                    value = today * value.factor
                if today:
                    found[name] = _checked_multiplier(path, value) / today
                else:
                    changed[path] = value
        return Multipliers(**found) if found else TODAY, changed

    def _settled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Factors turned into values, row by row."""
        found: dict[str, Any] = {}
        for path, value in values.items():
            if isinstance(value, Factor):
                places = spots(self.scenario, path)
                stated = [spot for spot in places if read(self.scenario, spot) is not None] or places
                found |= {name_of(self.scenario, spot): value.of(self.scenario, spot, path) for spot in stated}
            else:
                found[path] = value
        return found


def _checked_multiplier(path: str, value: Any) -> float:
    try:
        return MULTIPLIER.check(value)
    except PydanticCustomError as fault:
        said = fault.context or {}
        raise InputError([Problem("", path, said["found"], said["allowed"], said["hint"])]) from None


@dataclass(frozen=True)
class Factor:
    """A factor on today's value; rows that state none are left as they are."""

    factor: float

    def of(self, scenario: Scenario, spot: Spot, path: str) -> float:
        today = read(scenario, spot)
        if isinstance(today, bool) or not isinstance(today, int | float):
            raise _refused("", path, f"{FACTOR}{self.factor:g} of {today!r}", "a factor on a field that holds a number")
        return today * self.factor

    def __str__(self) -> str:
        return f"{FACTOR}{self.factor:.12g}"


def _range(where: str, path: str, text: str) -> list[Any]:
    parts = text.split(":")
    factors = all(part.strip().startswith(FACTOR) for part in parts[:2])
    try:
        low, high = (float(part.strip().removeprefix(FACTOR if factors else "")) for part in parts[:2])
        points = int(parts[2]) if len(parts) == 3 else 0
    except ValueError:
        raise _refused(where, path, f'"{text}"', "LOW:HIGH:POINTS, e.g. 0.5:2:61 or x0.8:x1.2:5") from None
    if len(parts) != 3 or not (math.isfinite(low) and math.isfinite(high)):
        raise _refused(where, path, f'"{text}"', "LOW:HIGH:POINTS, e.g. 0.5:2:61 or x0.8:x1.2:5")
    if not 1 <= points <= MOST_POINTS or low > high or (points == 1) != (low == high):
        raise _refused(where, path, f"the empty range {text}", f"lowest below highest and 2 to {MOST_POINTS:,} points")
    steps = [low + (high - low) * step / max(points - 1, 1) for step in range(points)]
    return [Factor(step) for step in steps] if factors else steps


def _list(where: str, path: str, text: str) -> list[Any]:
    found = [_value(part) for part in text.split(",")]
    if "" in found:
        raise _refused(where, path, f'"{text}"', "values separated by commas")
    return found


def _mixed(where: str, path: str, values: Sequence[Any]) -> list[Problem]:
    """Values of one path that are not all of a kind: a table's column holds numbers, factors, switches or text."""
    kinds = {type(value): value for value in reversed(values)}
    if len(kinds) < 2:
        return []
    found = " and ".join(f'"{value}"' for value in reversed(kinds.values()))
    return [Problem(where, path, found, "values of one kind: numbers, factors, switches or text")]


def _value(text: str) -> Any:
    """A number, a factor, a switch, or text such as a month."""
    stripped = text.strip()
    if stripped.startswith(FACTOR):
        try:
            return Factor(float(stripped.removeprefix(FACTOR)))
        except ValueError:
            return stripped
    if stripped in ("true", "false"):
        return stripped == "true"
    try:
        return float(stripped)
    except ValueError:
        return stripped


def _refused(where: str, path: str, found: str, allowed: str, hint: str = "") -> InputError:
    return InputError([Problem(where, path.strip(), found, allowed, hint)])
