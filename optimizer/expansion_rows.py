"""Columns and rows of expansions: MW of a site that are bought, and what they add to the limits of MW.

The limits of MW themselves, [C1] and [C5], are stated in program.py, rules in policy_rules.py; here is what an expansion adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyomo.core as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from ..models.expansion_values import ExpansionValue
from ..models.months import Array
from ..models.values import Values

Terms = list[tuple[float, Any]]


def state_expansion_columns(model: pyo.ConcreteModel, values: Values) -> None:
    """expansion_mw[e, c]: meter MW of expansion e energised from month c on, within 0 and the MW of it that count."""
    size = {(one.name, str(month)): one.size_mw for one in values.expansions for month in one.months}
    model.expansion_mw = pyo.Var(list(size), bounds=lambda _, *key: (0.0, size[key]))


def columns_of_expansion(model: pyo.ConcreteModel, one: ExpansionValue) -> list[Any]:
    """The columns of one expansion, in the order of its months."""
    return [model.expansion_mw[one.name, str(month)] for month in one.months]


def expansion_columns(model: pyo.ConcreteModel, values: Values) -> list[Any]:
    """The columns of all expansions, in their order."""
    return [column for one in values.expansions for column in columns_of_expansion(model, one)]


def state_expansion_rows(model: pyo.ConcreteModel, values: Values) -> None:
    r"""[C1] Of an expansion no more is energised than is offered, over all months.

        sum_c expansion_mw[e,c] <= offered[e]     for every expansion e with more than one possible month

    Meter MW on both sides; offered: MW of it that count (models/site.py). Dual: value today of one more MW of it, USD million per
    MW.
    """
    several = {one.name: one for one in values.expansions if len(one.months) > 1}

    def rule(_: Any, name: str) -> Any:
        columns = columns_of_expansion(model, several[name])
        return (None, LinearExpression(linear_coefs=[1.0] * len(columns), linear_vars=columns), several[name].size_mw)

    model.expansion_offer = pyo.Constraint(list(several), rule=rule)


def expansion_limits(values: Values) -> dict[tuple[str, Any], float]:
    """The upper limit of every row above, by the row's name."""
    return {("expansion_offer", one.name): one.size_mw for one in values.expansions}


def added_terms(model: pyo.ConcreteModel, values: Values, site: str, t: int, suitable: bool = False) -> Terms:
    """[C1], [C5] What expansions add to the MW (suitable: to the suitable MW) of a site in month t, on the left side of a limit."""
    found: Terms = []
    for one in values.expansions:
        share = one.suitable_share if suitable else 1.0
        if one.site == site and share:
            columns = columns_of_expansion(model, one)
            found += [(-share, column) for column, there in zip(columns, one.there[:, t].tolist(), strict=True) if there]
    return found


def partly_suitable(values: Values, site: str) -> Array:
    """[C5] Whether MW that a site may have in a month by expansions cannot all host leases, shape (months,)."""
    found = np.zeros(values.calendar.length, dtype=bool)
    for one in values.expansions:
        if one.site == site and one.suitable_share < 1:
            found |= np.any(one.there > 0, axis=0)
    return found


def expanded_mw(values: Values, site: str, expansion_mw: Sequence[Array]) -> Array:
    """[C1] Meter MW that decisions about expansions add at a site in each month, shape (months,)."""
    found = np.zeros(values.calendar.length)
    for one, mw in zip(values.expansions, expansion_mw, strict=True):
        if one.site == site:
            found += mw @ one.there
    return found
