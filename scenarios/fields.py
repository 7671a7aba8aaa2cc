"""Field paths such as `market.hashprice.multiplier` or `leases.amd.escalator_per_year`, and changes made through them.

A row of a table (sites, fleets, leases, machine_offers, machine_moves, rules, zones, blocks, expansions) is named by its name, as
it is or in lower case with underscores; `*` names every row. Overrides change the data before it is validated, so they meet the
same bounds as a file.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ..errors import MOST_DESCRIBED, InputError, Problem
from ..models.names import composed, slug
from ..models.refusal import Place, listed, nearest, shortened
from .yaml_reader import QUOTE, Document, parse_yaml, row_name

EXAMPLE = "e.g. --set market.hashprice.multiplier=1.2"
PART = r'(?:"[^"]*"|[^".])+'
PATH = re.compile(rf"{PART}(?:\.{PART})*")


def apply_overrides(document: Document, assignments: Iterable[str]) -> Document:
    """The document with `path=value` assignments applied in order; those that cannot be applied are noted in `refused`."""
    changed = replace(document, data=copy.deepcopy(document.data))
    set_by: dict[Place, str] = {}
    refused: list[Problem] = []
    for assignment in assignments:
        where = f"--set {shortened(assignment, 120)}"
        try:
            set_by |= dict.fromkeys(_assign(changed, assignment), where)
        except InputError as fault:
            refused += [replace(problem, where=where) for problem in fault.problems]
    return replace(changed, set_by=set_by, refused=tuple(refused))


def _assign(document: Document, assignment: str) -> list[Place]:
    """Set the places that an assignment names in the data of a document."""
    path, equals, text = assignment.partition("=")
    parts = split_path(path.strip())
    if not equals or not parts:
        raise _refused("", "no path=value", "a field path, = and a value", EXAMPLE)
    value = _value(path.strip(), text)
    places = list(_find(document, parts, (), document.data))
    return [made for place in places for made in _put(document.data, place, copy.deepcopy(value))]


def _put(data: Any, place: Place, value: Any) -> Iterator[Place]:
    """Set a place, and make the tables above it that are not there yet; yields what was made or set."""
    for length, part in enumerate(place[:-1], start=1):
        if isinstance(data, dict) and data.get(part) is None:
            data[part] = {}
            yield place[:length]
        data = data[part]
    data[place[-1]] = value
    yield place


def _value(path: str, text: str) -> Any:
    """A value as it would be read from a file; without any text, none."""
    if not text.strip():
        return None
    if text.lstrip().startswith("#"):
        raise _refused(path, "a comment (#)", "a value", QUOTE)
    document = parse_yaml(text, path)
    if document.faults:
        problems = [problem for _, problem in document.reading_problems(MOST_DESCRIBED)]
        raise InputError([replace(problem, field=f"{path}.{problem.field}".rstrip(".")) for problem in problems])
    return document.data


def split_path(path: str) -> list[str]:
    """The parts of a path, of which one with points stands in double quotes; none if it is not a path."""
    return [part.replace('"', "") for part in re.findall(PART, path)] if PATH.fullmatch(path) else []


def _find(document: Document, parts: list[str], place: Place, data: Any) -> Iterator[Place]:
    """The places that a path names in the data at a place; fields may be named that are not there yet, rows not."""
    if not parts:
        yield place
    elif isinstance(data, list):
        for number in _rows(document, parts, place, data):
            yield from _find(document, parts[1:], (*place, number), data[number])
    elif not isinstance(data, dict):
        raise _refused(document.field((*place, *parts)), f"{document.field(place)} is a single value", "a path to a field")
    elif data.get(parts[0]) is None:
        yield (*place, *parts)
    else:
        yield from _find(document, parts[1:], (*place, parts[0]), data[parts[0]])


def _rows(document: Document, parts: list[str], place: Place, rows: list[Any]) -> list[int]:
    """The rows of a table that the first part of a path names."""
    names = [row_name(row, number) for number, row in enumerate(rows)]
    chosen = [number for number, name in enumerate(names) if parts[0] == "*" or _is_called(parts[0], name)]
    if not chosen:
        found = f'no "{parts[0]}" in {document.field(place)}'
        allowed = f"one of: {listed(names)}, or * for all" if names else "a table with rows"
        raise _refused(document.field((*place, *parts)), found, allowed, nearest(parts[0], names))
    return chosen


def _is_called(part: str, name: str) -> bool:
    wanted, present = composed(part), composed(name)
    return wanted == present or (bool(slug(wanted)) and slug(wanted) == slug(present))


def _refused(field: str, found: str, allowed: str, hint: str = "") -> InputError:
    """An assignment that cannot be made; the caller knows where it was written."""
    return InputError([Problem("", field, found, allowed, hint)])
