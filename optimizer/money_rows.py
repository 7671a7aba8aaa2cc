r"""[C6] The rows of money: what is spent within budgets, and cash that stays above its floors.

The coefficients of a floor contain prices. Studies that move prices have to move these rows as well (Program.at_prices), and the
value of the program is not convex in the prices any more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.core as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from ..models.months import Array
from ..models.values import TODAY, USD_PER_MUSD, Multipliers, Values
from .dated_choices import choice_budget_terms, choice_cost_musd, choices_of
from .expansion_rows import columns_of_expansion, expansion_columns
from .machine_moves import columns_of

IntArray = np.ndarray[Any, np.dtype[np.intp]]
Spans = list[slice]
CASH_FLOOR = "cash_floor"
FLOORS_REFUSED = (
    "floors of cash: at other prices they allow other plans, which is not a matter of what a plan is worth",
    "a scenario without finance.cash, or its years and prices by themselves",
    "run, why, sweep, sensitivity and compare hold the floors at every price",
)
"""Found, allowed, hint: of what holds only where prices decide what plans are worth, and not which there are."""


def state_money_rows(model: pyo.ConcreteModel, values: Values, fleet_of: IntArray, month_of: IntArray) -> None:
    """The rows of money; `model` has every column."""
    _capex_budget(model, values)
    _cumulative_budget(model, values)
    _cash_floor(model, values, fleet_of, month_of)


def money_structure(values: Values) -> tuple[Any, ...]:
    """Which rows of money there are, and the coefficients of floors, which prices move."""
    floors = [(year, _cash_per_mw(values, year).tobytes()) for year in values.floor_years]
    return (budget_years(values), cumulative_years(values), floors)


def budget_spans(values: Values) -> Spans:
    """The years, by position in the horizon, that each budget counts."""
    first = values.calendar.years[0]
    own = [slice(year - first, year - first + 1) for year in budget_years(values)]
    return own + [slice(0, year - first + 1) for year in cumulative_years(values)]


def money_limits(values: Values) -> dict[tuple[str, Any], float]:
    """The upper limit of every row of money, USD million, by the row's name."""
    finance = values.scenario.finance
    found: dict[tuple[str, Any], float] = {
        ("capex_budget", year): usd / USD_PER_MUSD for year, usd in finance.capex_budget_usd.items()
    }
    found |= {("cumulative_budget", year): usd / USD_PER_MUSD for year, usd in finance.cumulative_capex_budget_usd.items()}
    return found | {(CASH_FLOOR, year): floor_limit_musd(values, year) for year in values.floor_years}


def budget_years(values: Values) -> list[int]:
    return [year for year in values.calendar.years if year in values.scenario.finance.capex_budget_usd]


def cumulative_years(values: Values) -> list[int]:
    """Calendar years to whose end a cumulative budget limits spending; one that ends before the horizon begins says nothing."""
    return sorted(year for year in values.scenario.finance.cumulative_capex_budget_usd if year >= values.calendar.years[0])


def at_most(terms: list[tuple[float, Any]], limit: float) -> Any:
    if not terms:
        return pyo.Constraint.Skip
    coefficients, columns = zip(*terms, strict=True)
    return (None, LinearExpression(linear_coefs=list(coefficients), linear_vars=list(columns)), limit)


def _capex_budget(model: pyo.ConcreteModel, values: Values) -> None:
    r"""[C6] Capex on offered leases, on machines and on expansions stays within the budget of each calendar year.

        sum_{l offered, c} capex[l,c,year] lease_mw[l,c] + sum_{a,c} price[a,c,year] buy_mw[a,c]
            + sum_{e,c} capex[e,c,year] expansion_mw[e,c] <= budget[year]     for every year with a budget

    USD million of that year on both sides. Dual: value today of one more budget dollar, USD per USD.
    """
    limit, first = money_limits(values), values.calendar.years[0]
    model.capex_budget = pyo.Constraint(
        budget_years(values),
        rule=lambda _, year: at_most(
            _spent_terms(model, values, slice(year - first, year - first + 1)), limit["capex_budget", year]
        ),
    )


def _cumulative_budget(model: pyo.ConcreteModel, values: Values) -> None:
    r"""[C6] What has been spent on offers by the end of a year stays within its cumulative budget.

        sum_{y <= year} (sum_{l offered, c} capex[l,c,y] lease_mw[l,c] + sum_{a,c} price[a,c,y] buy_mw[a,c]
            + sum_{e,c} capex[e,c,y] expansion_mw[e,c]) <= cumulative budget[year]     for every year that has one

    USD million on both sides. Dual: value today of one more dollar by the end of that year, USD per USD.
    """
    limit, first = money_limits(values), values.calendar.years[0]
    model.cumulative_budget = pyo.Constraint(
        cumulative_years(values),
        rule=lambda _, year: at_most(_spent_terms(model, values, slice(0, year - first + 1)), limit["cumulative_budget", year]),
    )


def _spent_terms(model: pyo.ConcreteModel, values: Values, years: slice) -> list[tuple[float, Any]]:
    """Capex of offered leases, machines and expansions in some years of the horizon, as (USD million per MW, column)."""
    leases = [
        (float(spent), model.lease_mw[offer.offer.name, str(start)])
        for offer in values.offers
        if offer.offer.status == "offered"
        for start, spent in zip(offer.starts, offer.capex_musd_by_year[:, years].sum(axis=1), strict=True)
        if spent
    ]
    machines = ((choice, columns_of(model, choice)) for choice in values.machine_choices)
    expansions = ((one, columns_of_expansion(model, one)) for one in values.expansions)
    return [*leases, *choice_budget_terms([*machines, *expansions], years)]


def _cash_floor(model: pyo.ConcreteModel, values: Values, fleet_of: IntArray, month_of: IntArray) -> None:
    r"""[C6] Cash at the end of a calendar year stays above its floor.

        - sum_{k,t} cash[k,t] mining_mw[k,t] - sum_{l,c} cash[l,c] lease_mw[l,c] - sum_{a,c} cash[a,c] (machines in c)
            - sum_{e,c} cash[e,c] expansion_mw[e,c]
            <= opening cash + raised until the year's end + cash that no decision changes - floor[year]
        for every year with a floor; cash up to its end, after tax, not discounted, with signed leases (models/cash.py)

    USD million on both sides. Dual: value today of one more dollar in hand by the end of that year, USD per USD.
    """
    columns = [*model.mining_mw.values(), *model.lease_mw.values()]
    columns += [column for choice in values.machine_choices for column in columns_of(model, choice)]
    columns += expansion_columns(model, values)

    def rule(_: Any, year: int) -> Any:
        cash = worth_of_columns(values.cash_until(year), fleet_of, month_of).tolist()
        terms = [(-musd, column) for musd, column in zip(cash, columns, strict=True) if musd]
        return at_most(terms, floor_limit_musd(values, year))

    model.cash_floor = pyo.Constraint(values.floor_years, rule=rule)


def floor_limit_musd(values: Values, year: int, at: Multipliers = TODAY) -> float:
    """What decisions may use of cash until the end of a year, USD million."""
    cash = values.scenario.finance.cash
    assert cash is not None
    return cash.free_usd(year, values.calendar) / USD_PER_MUSD + values.cash_until(year).constant_musd(at)


def worth_of_columns(values: Values, fleet_of: IntArray, month_of: IntArray, at: Multipliers = TODAY) -> Array:
    """Worth of one MW of mining, of leases, of machines and of expansions, in the program's order of columns, USD million."""
    mining, leases = values.mining_musd(at)[fleet_of, month_of], [offer.musd(at) for offer in values.offers]
    return np.concatenate([mining, *leases, choice_cost_musd(choices_of(values), at)])


def _cash_per_mw(values: Values, year: int) -> Array:
    fleet_of, month_of = np.nonzero(values.available_mw > 0)
    return worth_of_columns(values.cash_until(year), fleet_of, month_of)
