"""Field paths such as `market.hashprice.multiplier` or `leases.amd.escalator_per_year`, and changes made through them.

A row of a table (sites, fleets, leases, zones, blocks) is named by its name, as it is or in lower case with underscores; `*` names
every row. Overrides change the data before it is validated, so they meet the same bounds as a file.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import InputError, Problem
from ..models.names import slug
from .yaml_reader import Document, Place, parse_yaml


def apply_overrides(document: Document, assignments: Iterable[str]) -> Document:
    """The document with `path=value` assignments applied in order. Raises InputError naming every unusable one."""
    data, lines = copy.deepcopy(document.data), dict(document.lines)
    where: dict[Place, str] = {}
    problems: list[Problem] = []
    for assignment in assignments:
        try:
            for place in _assign(data, assignment):
                where[place] = f"--set {assignment}"
        except InputError as fault:
            problems += fault.problems
    if problems:
        raise InputError(problems)
    return _Overridden(document.name, data, lines, where)


class _Overridden(Document):
    """A document in which some places were set from the command line."""

    def __init__(self, name: str, data: Any, lines: dict[Place, int], set_at: dict[Place, str]) -> None:
        super().__init__(name, data, lines)
        object.__setattr__(self, "_set_at", set_at)

    def where(self, place: Place) -> str:
        set_at: dict[Place, str] = self._set_at  # type: ignore[attr-defined]
        for length in range(len(place), 0, -1):
            if place[:length] in set_at:
                return set_at[place[:length]]
        return super().where(place)


def _assign(data: Any, assignment: str) -> Iterator[Place]:
    path, equals, text = assignment.partition("=")
    where = f"--set {assignment}"
    if not equals or not path.strip():
        raise InputError([Problem(where, "", "no path=value", "e.g. --set market.hashprice.multiplier=1.2")])
    value = parse_yaml(text, where).data if text.strip() else None
    places = list(find_places(data, split_path(path.strip()), where))
    for place in places:
        target = data
        for part in place[:-1]:
            target = target[part]
        target[place[-1]] = copy.deepcopy(value)
        yield place


def split_path(path: str) -> list[str]:
    """The parts of a path; a part with points is put in double quotes."""
    parts: list[str] = []
    part, quoted = "", False
    for character in path:
        if character == '"':
            quoted = not quoted
        elif character == "." and not quoted:
            parts.append(part)
            part = ""
        else:
            part += character
    return [*parts, part]


def find_places(data: Any, parts: list[str], where: str) -> Iterator[Place]:
    """The places that a path names in plain data; the last part may be a field that is not there yet."""
    yield from _find(data, parts, (), where)


def _find(data: Any, parts: list[str], place: Place, where: str) -> Iterator[Place]:
    if not parts:
        yield place
        return
    part, rest = parts[0], parts[1:]
    shown = ".".join(str(step) for step in place) or "the scenario"
    if isinstance(data, list):
        yield from _find_row(data, part, rest, place, where)
    elif isinstance(data, dict):
        if part in data:
            yield from _find(data[part], rest, (*place, part), where)
        elif not rest and place:
            yield (*place, part)
        else:
            near = difflib.get_close_matches(part, data, n=1)
            hint = f"did you mean {near[0]}?" if near else ""
            raise InputError(
                [Problem(where, ".".join(parts), f'no "{part}" in {shown}', f"one of: {', '.join(map(str, data))}", hint)]
            )
    else:
        raise InputError([Problem(where, ".".join(parts), f"{shown} is a single value", "a path to a field")])


def _find_row(rows: list[Any], part: str, rest: list[str], place: Place, where: str) -> Iterator[Place]:
    names = [str(row.get("name", number)) if isinstance(row, dict) else str(number) for number, row in enumerate(rows)]
    chosen = [number for number, name in enumerate(names) if part in ("*", name) or slug(part) == slug(name)]
    if not chosen:
        near = difflib.get_close_matches(part, names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else ""
        shown = ".".join(str(step) for step in place)
        raise InputError([Problem(where, part, f'no "{part}" in {shown}', f"one of: {', '.join(names)}, or * for all", hint)])
    for number in chosen:
        yield from _find(rows[number], rest, (*place, number), where)
