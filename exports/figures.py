"""Every figure of a scenario with its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from ..models.scenario import Scenario
from ..models.sources import Sourced, is_assumption

NOT_FIGURES = frozenset(
    {
        "sources",
        "name",
        "title",
        "description",
        "horizon",
        "kind",
        "site",
        "zone",
        "time_zone",
        "status",
        "tenant",
        "valuation_date",
        "dollars",
    }
)


def figures(scenario: Scenario) -> Iterator[tuple[str, Any, str]]:
    """(field path, value, source) of every field that was stated; the source is empty where none is given."""
    yield from _of_model(scenario, "", "")


def _of_model(item: BaseModel, place: str, inherited: str) -> Iterator[tuple[str, Any, str]]:
    for field in type(item).model_fields:
        neutral = field == "multiplier" and getattr(item, field) == 1.0
        if field in item.model_fields_set - NOT_FIGURES and not neutral:
            source = (item.source_of(field) if isinstance(item, Sourced) else "") or inherited
            yield from _of_value(getattr(item, field), f"{place}.{field}".lstrip("."), source)


def _of_value(value: Any, place: str, source: str) -> Iterator[tuple[str, Any, str]]:
    if isinstance(value, Sourced) or (isinstance(value, BaseModel) and not source):
        yield from _of_model(value, place, source)
    elif isinstance(value, tuple) and value and isinstance(value[0], Sourced):
        for row in value:
            yield from _of_model(row, f"{place}.{getattr(row, 'name', '')}", source)
    else:
        yield place, value, source


def count_sources(scenario: Scenario) -> tuple[int, int, int]:
    """Figures with a source, assumptions, and figures that carry neither."""
    found = [source for _, _, source in figures(scenario)]
    assumed = sum(is_assumption(source) for source in found)
    silent = sum(not source for source in found)
    return len(found) - assumed - silent, assumed, silent
