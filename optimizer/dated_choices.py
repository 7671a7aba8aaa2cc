"""What decisions about machines and expansions have in common: any part of a size, in several months, a column for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..models.expansion_values import ExpansionValue
from ..models.machine_values import MachineChoice
from ..models.months import Array
from ..models.values import TODAY, Multipliers, Values

DatedChoice = MachineChoice | ExpansionValue


def choices_of(values: Values) -> list[DatedChoice]:
    """Every choice about machines and expansions, in the order of the program's columns."""
    return [*values.machine_choices, *values.expansions]


def choice_cost_musd(choices: Sequence[DatedChoice], at: Multipliers = TODAY) -> Array:
    """Value of one MW of every column, USD million, in their order."""
    return np.concatenate([np.zeros(0), *(choice.musd(at) for choice in choices)])


def choice_upper_mw(choices: Sequence[DatedChoice]) -> Array:
    """Upper bounds of the columns."""
    return np.concatenate([np.zeros(0), *(np.full(len(choice.months), choice.size_mw) for choice in choices)])


def split_by_choice(choices: Sequence[DatedChoice], mw: Array) -> tuple[Array, ...]:
    """MW of every column, by choice."""
    return tuple(np.split(mw, np.cumsum([len(choice.months) for choice in choices])[:-1])) if choices else ()


def choice_spent_musd(values: Values, choices: Sequence[DatedChoice], decided_mw: Sequence[Array]) -> Array:
    """[C6] What decisions spend in each year of the horizon, USD million, not discounted."""
    spent = np.zeros(len(values.calendar.years))
    for choice, mw in zip(choices, decided_mw, strict=True):
        spent += mw @ choice.capex_musd_by_year
    return spent


def choice_budget_terms(choices: Iterable[tuple[DatedChoice, list[Any]]], years: slice) -> Iterator[tuple[float, Any]]:
    """[C6] What choices, each with its columns, take of the budget of some years (by position), USD million per MW."""
    for choice, columns in choices:
        spent = choice.capex_musd_by_year[:, years].sum(axis=1)
        for usd, column in zip(spent.tolist(), columns, strict=True):
            if usd:
                yield usd, column
