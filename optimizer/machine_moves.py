"""Columns and rows of the decisions about machines: what is bought, sold and moved, and that only machines that are there mine.

Each constraint carries its formula, the unit of both sides and the meaning of its dual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyomo.core as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from ..models.machine_values import MachineChoice
from ..models.months import Array
from ..models.values import Values

COLUMNS = {"buy": "buy_mw", "sell": "sell_mw", "move": "move_mw"}
"""Name of the columns of each kind of choice."""
Terms = list[tuple[float, Any]]


def state_machine_columns(model: pyo.ConcreteModel, values: Values) -> None:
    """Columns, all within 0 and the size of what they are about.

    buy_mw[a, c]: meter MW of the machines of offer a delivered in month c; sell_mw[k, c]: of fleet k sold as month c begins;
    move_mw[r, c]: of the fleet of move r that leaves its site as month c begins.
    """
    for kind, column in COLUMNS.items():
        size = {(choice.name, str(month)): choice.size_mw for choice in _of_kind(values, kind) for month in choice.months}
        setattr(model, column, pyo.Var(list(size), bounds=lambda _, *key, size=size: (0.0, size[key])))


def _of_kind(values: Values, kind: str) -> list[MachineChoice]:
    return [choice for choice in values.machine_choices if choice.kind == kind]


def columns_of(model: pyo.ConcreteModel, choice: MachineChoice) -> list[Any]:
    """The columns of one choice, in the order of its months."""
    table = getattr(model, COLUMNS[choice.kind])
    return [table[choice.name, str(month)] for month in choice.months]


def state_machine_rows(model: pyo.ConcreteModel, values: Values) -> None:
    """The rows of the decisions about machines; `model` has the columns of mining and of machines."""
    _machines_there(model, values)
    _machine_offer(model, values)


def _row(terms: Terms, limit: float) -> Any:
    coefficients, columns = zip(*terms, strict=True)
    return (None, LinearExpression(linear_coefs=list(coefficients), linear_vars=list(columns)), limit)


def _machines_there(model: pyo.ConcreteModel, values: Values) -> None:
    r"""[C2] Only machines that are there mine.

        mining_mw[k,t] <= owned[k,t] + sum_{a,c: bought for k, in use in t} buy_mw[a,c] - sum_{c <= t} sell_mw[k,c]
                          - sum_{r from k, c <= t} move_mw[r,c] + sum_{r to k, c + downtime <= t} overheads[r] move_mw[r,c]
        for every fleet k of which machines may be bought, sold or moved, and every month t in which it may be there

    Meter MW on both sides; owned is 0 for machines that can only be bought or come from elsewhere; overheads: of the
    destination over that of the site they leave. No more is sold and moved than is owned, as mining in the last
    month cannot be negative. Dual: value today of one more MW of these machines in that month, USD million per MW.
    """
    months = [str(month) for month in values.calendar.months]
    terms: dict[tuple[str, str], Terms] = {}
    for choice in values.machine_choices:
        columns = columns_of(model, choice)
        for k, changed in choice.changes.items():
            name = values.fleets[k].name
            for t in np.flatnonzero(values.available_mw[k] > 0).tolist():
                row = terms.setdefault((name, months[t]), [(1.0, model.mining_mw[name, months[t]])])
                row += [(-float(changed[c, t]), column) for c, column in enumerate(columns) if changed[c, t]]
    limit = machine_limits(values)
    model.machines_there = pyo.Constraint(list(terms), rule=lambda _, *key: _row(terms[key], limit["machines_there", key]))


def _machine_offer(model: pyo.ConcreteModel, values: Values) -> None:
    r"""[C2] Of an offer of machines no more is bought than is offered, over all months of delivery.

        sum_c buy_mw[a,c] <= offered[a]     for every offer a with more than one possible delivery

    Meter MW on both sides. Dual: value today of one more MW on offer, USD million per MW.
    """
    choices = {choice.name: choice for choice in _of_kind(values, "buy") if len(choice.months) > 1}
    model.machine_offer = pyo.Constraint(
        list(choices),
        rule=lambda _, name: _row([(1.0, column) for column in columns_of(model, choices[name])], choices[name].size_mw),
    )


def machine_limits(values: Values) -> dict[tuple[str, Any], float]:
    """The upper limit of every row above, by the row's name."""
    months = [str(month) for month in values.calendar.months]
    found: dict[tuple[str, Any], float] = {}
    for choice in values.machine_choices:
        for k in choice.changes:
            name, owned = values.fleets[k].name, values.owned_mw[k].tolist()
            found |= {("machines_there", (name, month)): mw for month, mw in zip(months, owned, strict=True)}
        if choice.kind == "buy":
            found["machine_offer", choice.name] = choice.size_mw
    return found


def there_mw(values: Values, machine_mw: Sequence[Array]) -> Array:
    """[C2] Meter MW of each fleet that are there in each month with these decisions, shape (fleets, months)."""
    there = values.owned_mw.copy()
    for choice, mw in zip(values.machine_choices, machine_mw, strict=True):
        for k, changed in choice.changes.items():
            there[k] += mw @ changed
    return there
