r"""[V3] Caps on the energy of a site and year: mining that is held back (models/cap_use.py).

    held_mw[k, p, t, n]    energised meter MW of fleet k of which part p stands still at price point n of month t though it would
                           earn there

costs what it would earn. Parts are those of the site's mining (models/mining_parts.py), by number: 0 where it has but one. There is
a column only where machines run and the cap can bind at all. The coefficients contain prices: the program is stated anew at others
(Program.at_prices).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyomo.core as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from ..models.cap_use import CapUse, cap_load_gwh
from ..models.months import Array
from ..models.values import OfferValue, Values
from .block_rows import added

ENERGY_CAP, HELD_BACK = "energy_cap", "held_back"
MonthlyTerms = Callable[[OfferValue, Array], list[list[tuple[float, Any]]]]


def capped_years(values: Values, use: CapUse) -> list[int]:
    """Years in which a site can draw more than its cap."""
    found = []
    for year, limit in use.limit_gwh.items():
        months = values.calendar.year_of_month == year
        mining = use.gwh[:, months].sum(axis=2) * values.available_mw[use.fleets][:, months]
        leased = [
            offer.offer.critical_it_mw * float(np.max(cap_load_gwh(values, offer, use)[:, months].sum(axis=1), initial=0.0))
            for offer in values.offers
        ]
        if float(mining.sum()) + sum(leased) > limit:
            found.append(year)
    return found


def held_columns(values: Values, uses: list[CapUse]) -> Iterator[tuple[tuple[str, int, str, int], int, int]]:
    """(fleet, part, month, point), number of the site's cap and of the runner in it, for every column, in order."""
    months = [str(month) for month in values.calendar.months]
    for number, use in enumerate(uses):
        capped = np.isin(values.calendar.year_of_month, capped_years(values, use))
        for at, (k, part) in enumerate(zip(use.fleets.tolist(), use.parts.tolist(), strict=True)):
            there = capped & (values.available_mw[k] > 0)
            for t, point in np.argwhere((use.gwh[at] > 0) & there[:, np.newaxis]).tolist():
                yield (values.fleets[k].name, part, months[t], point), number, at


def held_cost_musd(values: Values, uses: list[CapUse]) -> Array:
    """Value of one MW of every column, USD million (below 0), in their order."""
    place = {str(month): t for t, month in enumerate(values.calendar.months)}
    found = [-uses[number].margin_musd[at, place[month], point] for (*_, month, point), number, at in held_columns(values, uses)]
    return np.array(found, dtype=float)


def cap_structure(values: Values) -> tuple[Any, ...]:
    """Everything that columns and rows follow from; whatever differs, the program is stated anew."""
    uses = values.cap_uses
    own = tuple((use.site, use.gwh.tobytes(), use.margin_musd.tobytes(), tuple(use.limit_gwh.items())) for use in uses)
    loads = tuple(cap_load_gwh(values, offer, use).tobytes() for use in uses for offer in values.offers)
    return (own, loads, values.available_mw[[k for use in uses for k in use.fleets.tolist()]].tobytes() if uses else b"")


def state_cap_columns(model: pyo.ConcreteModel, values: Values, uses: list[CapUse]) -> None:
    """The columns above; `uses`: at the prices of the program."""
    place = {str(month): t for t, month in enumerate(values.calendar.months)}
    most = {
        index: (0.0, float(values.available_mw[uses[number].fleets[at], place[index[2]]]))
        for index, number, at in held_columns(values, uses)
    }
    model.held_mw = pyo.Var(list(most), bounds=lambda _, *key: most[key])


def state_cap_rows(model: pyo.ConcreteModel, values: Values, uses: list[CapUse], monthly_terms: MonthlyTerms) -> None:
    """The rows below; `model` has every column."""
    _energy_cap(model, values, uses, monthly_terms)
    _held_back(model)


def _energy_cap(model: pyo.ConcreteModel, values: Values, uses: list[CapUse], monthly_terms: MonthlyTerms) -> None:
    r"""[V3] What a site draws in a year stays within its cap.

        sum_{k,t in year} gwh[k,t] mining_mw[k,t] - sum_{k,p,t,n} gwh[k,p,t,n] held_mw[k,p,t,n] + sum_{l,c} gwh[l,c] lease_mw[l,c]
            <= cap[s,year]     for every site s with a cap, every year in which it can bind

    GWh on both sides, losses included. Dual: value today of one more GWh in that year, USD million per GWh.
    """
    rows: dict[tuple[str, int], list[tuple[float, Any]]] = {}
    limits: dict[tuple[str, int], float] = {}
    for use in uses:
        loads = [monthly_terms(offer, cap_load_gwh(values, offer, use)) for offer in values.offers]
        for year in capped_years(values, use):
            months = np.flatnonzero(values.calendar.year_of_month == year).tolist()
            terms = [term for by_month in loads for t in months for term in by_month[t]]
            rows[use.site, year] = added([*_mining(model, values, use, months), *terms])
            limits[use.site, year] = use.limit_gwh[year]
    model.energy_cap = pyo.Constraint(list(rows), rule=lambda _, *key: _at_most(rows[key], limits[key]))


def _mining(model: pyo.ConcreteModel, values: Values, use: CapUse, months: list[int]) -> Iterator[tuple[float, Any]]:
    for at, (k, part) in enumerate(zip(use.fleets.tolist(), use.parts.tolist(), strict=True)):
        name = values.fleets[k].name
        for t in months:
            month = str(values.calendar.months[t])
            if (name, month) in model.mining_mw and np.any(use.gwh[at, t] > 0):
                yield float(use.gwh[at, t].sum()), model.mining_mw[name, month]
                points = np.flatnonzero(use.gwh[at, t] > 0).tolist()
                yield from ((-float(use.gwh[at, t, point]), model.held_mw[name, part, month, point]) for point in points)


def _held_back(model: pyo.ConcreteModel) -> None:
    r"""[V3] Only what is energised can be held back.

        held_mw[k,p,t,n] <= mining_mw[k,t]     for every fleet k, part p, month t, price point n with that column

    Meter MW on both sides. Dual: what one more MW would earn at that point beyond the price of its energy, USD million per MW.
    """
    model.held_back = pyo.Constraint(
        list(model.held_mw),
        rule=lambda _, name, part, month, point: _at_most(
            [(1.0, model.held_mw[name, part, month, point]), (-1.0, model.mining_mw[name, month])], 0.0
        ),
    )


def _at_most(terms: list[tuple[float, Any]], limit: float) -> Any:
    coefficients, columns = zip(*terms, strict=True)
    return (None, LinearExpression(linear_coefs=list(coefficients), linear_vars=list(columns)), limit)
