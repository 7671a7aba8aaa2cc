"""A scenario with other values in some fields, for studies of many cases.

Fields are named as in `--set` (scenarios/fields.py). Only the tables on the way to a field are validated again; all others stay the
same objects, so that what was computed from them (optimizer/series.py) can be kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import InputError, Problem
from ..models.names import composed, slug
from ..models.refusal import listed, nearest
from ..models.scenario import Scenario
from .fields import split_path

Spot = tuple[str | int, ...]
"""Fields as written in a file, and positions of rows."""
Change = tuple[Spot, Any, str]
"""Where, the new value, and the path that asked for it."""


def vary(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """The scenario with these values at these paths, all at once. Raises InputError with every path or value that does not fit."""
    problems: list[Problem] = []
    changes: list[Change] = []
    for path, value in values.items():
        try:
            changes += [(spot, value, path) for spot in spots(scenario, path)]
        except InputError as fault:
            problems += fault.problems
    changed: Any = None
    try:
        changed = _with(scenario, changes)
    except InputError as fault:
        problems += fault.problems
    if problems:
        raise InputError(problems)
    assert isinstance(changed, Scenario)
    return changed


def spots(scenario: Scenario, path: str) -> list[Spot]:
    """Where a path leads; several spots where it names rows with `*`. Raises InputError where it leads nowhere."""
    parts = split_path(path.strip())
    if not parts:
        raise InputError([Problem("", path, "no path of a field", "e.g. market.hashprice.multiplier or leases.*.term_years")])
    return list(_find(scenario, parts, (), path))


def read(scenario: Scenario, spot: Spot) -> Any:
    """The value at a spot."""
    value: Any = scenario
    for part in spot:
        value = _child(value, part)
    return value


def name_of(scenario: Scenario, spot: Spot) -> str:
    """The path of a spot, rows by their names."""
    parts, value = [], scenario
    for part in spot:
        value = _child(value, part)
        parts.append(slug(value.name) if isinstance(part, int) and hasattr(value, "name") else str(part))
    return ".".join(parts)


def numbers(scenario: Scenario) -> Iterator[tuple[Spot, float]]:
    """Every number that the scenario states in a field of its own, with its spot; switches, dates and lists are left out."""
    yield from _numbers(scenario, ())


def _numbers(value: Any, spot: Spot) -> Iterator[tuple[Spot, float]]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _numbers(getattr(value, name), (*spot, field.alias or name))
    elif isinstance(value, tuple) and value and all(isinstance(item, BaseModel) for item in value):
        for number, item in enumerate(value):
            yield from _numbers(item, (*spot, number))
    elif isinstance(value, float) and math.isfinite(value):
        yield spot, value


def _find(value: Any, parts: list[str], spot: Spot, path: str) -> Iterator[Spot]:
    if not parts:
        yield spot
    elif isinstance(value, tuple):
        for number in _rows(value, parts[0], path):
            yield from _find(value[number], parts[1:], (*spot, number), path)
    elif isinstance(value, BaseModel):
        known = [field.alias or name for name, field in type(value).model_fields.items()]
        if parts[0] not in known:
            raise InputError([Problem("", path, f"no field {parts[0]}", f"one of: {listed(known)}", nearest(parts[0], known))])
        yield from _find(_child(value, parts[0]), parts[1:], (*spot, parts[0]), path)
    elif isinstance(value, dict):
        yield from _find(value.get(_key(value, parts[0])), parts[1:], (*spot, parts[0]), path)
    else:
        found = "nothing" if value is None else "a single value"
        raise InputError([Problem("", path, f"{found} above {parts[0]}", "a path to a field")])


def _rows(rows: tuple[Any, ...], part: str, path: str) -> list[int]:
    names = [getattr(row, "name", str(number)) for number, row in enumerate(rows)]
    wanted = composed(part)
    chosen = [n for n, name in enumerate(names) if part == "*" or wanted == name or (slug(wanted) and slug(wanted) == slug(name))]
    if not chosen:
        allowed = f"one of: {listed(names)}, or * for all" if names else "a table with rows"
        raise InputError([Problem("", path, f'no "{part}"', allowed, nearest(part, names))])
    return chosen


def _key(table: dict[Any, Any], part: str) -> Any:
    """The key of a table (years, months) that a part of a path names."""
    return next((key for key in table if str(key) == part), part)


def _child(value: Any, part: str | int) -> Any:
    if isinstance(value, BaseModel):
        name = next(name for name, field in type(value).model_fields.items() if (field.alias or name) == part)
        return getattr(value, name)
    return value[part] if isinstance(part, int) else value.get(_key(value, part))


def _with(value: Any, changes: list[Change]) -> Any:
    """The value with others at spots below it; each table on the way is validated again, once, with all that changes in it."""
    whole = max((number for number, (spot, _, _) in enumerate(changes) if not spot), default=None)
    if whole is not None:
        value, changes = changes[whole][1], changes[whole + 1 :]
    if not changes or not isinstance(value, tuple | dict | BaseModel):
        return value
    parts: dict[Any, list[Change]] = {}
    for spot, new, path in changes:
        part = _key(value, str(spot[0])) if isinstance(value, dict) else spot[0]
        parts.setdefault(part, []).append((spot[1:], new, path))
    below: dict[Any, Any] = {}
    problems: list[Problem] = []
    for part, inside in parts.items():
        try:
            below[part] = _with(_child(value, part), inside)
        except InputError as fault:
            problems += fault.problems
    if problems:
        raise InputError(problems)
    if isinstance(value, tuple):
        return tuple(below.get(number, row) for number, row in enumerate(value))
    return {**value, **below} if isinstance(value, dict) else _validated(value, below, parts)


def _validated(value: BaseModel, below: dict[str, Any], parts: dict[str, list[Change]]) -> BaseModel:
    """The table with these fields. Raises InputError that names the paths below the field that does not fit, or all of them."""
    fields = {
        field.alias or name: getattr(value, name)
        for name, field in type(value).model_fields.items()
        if name in value.model_fields_set
    }
    try:
        return type(value).model_validate({**fields, **below}, context={"known": value})
    except ValidationError as fault:
        problems = []
        for error in fault.errors(include_url=False):
            at = error["loc"][0] if error["loc"] else None
            found = [at] if at in parts else list(parts)
            paths = dict.fromkeys(path for part in found for _, _, path in parts[str(part)])
            problems.append(_problem(", ".join(paths), error))
        raise InputError(problems) from None


def _problem(path: str, error: Any) -> Problem:
    context = error.get("ctx") or {}
    if error["type"] == "refused_many":
        first = context["faults"][0]
        return Problem("", path, first.found, first.allowed, first.hint)
    if error["type"] == "refused":
        return Problem("", path, context["found"], context["allowed"], context["hint"])
    return Problem("", path, str(error["input"]), error["msg"])
