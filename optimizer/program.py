r"""The linear program, stated in Pyomo; its standard form is taken once and then belongs to the solver session.

Sets and columns (bounds are finite, so the program cannot be unbounded)

    mining_mw[k, t]   meter MW of fleet k energised in month t          0 <= . <= available[k, t]            [C2]
    lease_mw[l, c]    critical MW of offer l with rent from month c on  0 <= . <= offered; signed: fixed
    leased_mw[l]      critical MW of offer l over all starts            0 <= . <= offered                     [C3]
    offer_taken[l]    1 if offer l is taken                             binary; for minimum sizes and groups (offer_rules.py)
    lease_block[l, c] 1 if indivisible offer l is taken at c            binary; only for indivisible offers; 0 where it cannot fit
    buy_mw[a, c]      meter MW of machines of offer a delivered in c    0 <= . <= offered (machine_moves.py)  [C2]
    expansion_mw[e, c]  meter MW of expansion e energised from c on     0 <= . <= offered (expansion_rows.py) [C1]
    used_mw, extra_mw use of blocks that are not resold in full         block_rows.py                         [V3]
    held_mw           mining held back by an energy cap                 cap_rows.py                           [V3]

Objective: maximise discounted after-tax cash, USD million

    sum_{k,t} mining_musd[k,t] mining_mw[k,t] + sum_{l,c} lease_musd[l,c] lease_mw[l,c] + sum_{a,c} buy_musd[a,c] buy_mw[a,c]
    + sum_{e,c} expansion_musd[e,c] expansion_mw[e,c]

(+ a constant no decision changes)

Each constraint below carries its formula, the unit of both sides and the meaning of its dual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

# pyomo.core is the modelling language alone; pyomo.environ would also load every solver interface (0.3 s at each start).
import pyomo.core as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.core.expr.numeric_expr import LinearExpression

from ..models.months import Array, Month
from ..models.values import TODAY, Multipliers, OfferValue, Values
from .block_rows import block_cost_musd, block_structure, firm_structure, state_block_columns, state_block_rows
from .cap_rows import cap_structure, held_cost_musd, state_cap_columns, state_cap_rows
from .dated_choices import choice_cost_musd, choice_upper_mw, choices_of
from .expansion_rows import (
    added_terms,
    expansion_columns,
    expansion_limits,
    partly_suitable,
    state_expansion_columns,
    state_expansion_rows,
)
from .machine_moves import (
    columns_of,
    machine_limits,
    state_machine_columns,
    state_machine_rows,
)
from .money_rows import CASH_FLOOR, at_most, budget_spans, floor_limit_musd, money_limits, money_structure, state_money_rows
from .offer_rules import OfferRules, state_offer_rules
from .policy_rules import policy_limits, policy_structure, state_policy_rules
from .standard_form import StandardForm, compile_standard_form

if TYPE_CHECKING:
    from .decisions import Decisions

IntArray = np.ndarray[Any, np.dtype[np.intp]]
Terms = list[list[tuple[float, Any]]]
"""For each month, (coefficient, column) pairs."""
Structure = tuple[Any, ...]
LIMITED = ("site_power", "hpc_suitable", "unreserved", "capex_budget", "cumulative_budget")
"""Rows that limit MW or money."""
DEFINITIONS = ("offer_total", "whole_blocks", "taken_most", "taken_least", "machines_there")
"""Rows that define a column; their multipliers are no price of anything."""
OF_HOURS = ("block_load", "extra_run", "held_back")
"""Rows of hours that are decided together [V3]: no limit that anybody stated."""
FITTING_MW = 1e-6
"""A block that is too large by less fits (USD million for the budget)."""
Limits = dict[tuple[str, str], float]
"""MW by site and month."""


@dataclass(frozen=True)
class Program:
    """The program of one scenario: the Pyomo model, its standard form and what each column stands for.

    Columns come in this order: mining (fleet_of, month_of), lease (offer_of, start_of), leased (one an offer), blocks,
    taken (one an offer of rules.chosen), machines (choice after choice, by month), expansions (one after the other, by month),
    hours decided together (block_rows.py, cap_rows.py).

    at: the prices at which it was stated. They move costs alone, unless `prices_in_rows`.
    """

    values: Values
    model: pyo.ConcreteModel
    form: StandardForm
    fleet_of: IntArray
    month_of: IntArray
    offer_of: IntArray
    start_of: IntArray
    indivisible: list[int]
    """Lease columns (counted from the first one) that are whole blocks."""
    at: Multipliers = TODAY

    @property
    def mining_columns(self) -> slice:
        return slice(0, len(self.fleet_of))

    @property
    def lease_columns(self) -> slice:
        return slice(len(self.fleet_of), len(self.fleet_of) + len(self.offer_of))

    @property
    def leased_columns(self) -> slice:
        first = self.lease_columns.stop
        return slice(first, first + len(self.values.offers))

    @property
    def block_columns(self) -> slice:
        first = self.leased_columns.stop
        return slice(first, first + len(self.indivisible))

    @property
    def taken_columns(self) -> slice:
        first = self.block_columns.stop
        return slice(first, first + len(self.rules.chosen))

    @property
    def machine_columns(self) -> slice:
        first = self.taken_columns.stop
        return slice(first, first + sum(len(choice.months) for choice in self.values.machine_choices))

    @property
    def expansion_columns(self) -> slice:
        first = self.machine_columns.stop
        return slice(first, first + sum(len(one.months) for one in self.values.expansions))

    @property
    def hour_columns(self) -> slice:
        return slice(self.expansion_columns.stop, self.form.columns)

    @cached_property
    def rules(self) -> OfferRules:
        return OfferRules.of(self.values.offers)

    def columns_of_offer(self, offer: int) -> IntArray:
        """Positions of the lease columns of one offer."""
        columns: IntArray = np.flatnonzero(self.offer_of == offer) + self.lease_columns.start
        return columns

    def cost_musd(self, at: Multipliers = TODAY) -> Array:
        """Value of one unit of every column, USD million, at multiplied prices (where hours are decided, only at its own ones)."""
        cost = np.zeros(self.form.columns)
        if self.values.decides_hours:
            assert at == self.at, "at other prices the columns of hours are others"
            cost[self.hour_columns] = self.form.cost[self.hour_columns]
        cost[self.mining_columns] = self.values.mining_musd(at)[self.fleet_of, self.month_of]
        offers = self.values.offers
        cost[self.lease_columns] = np.concatenate([offer.musd(at) for offer in offers]) if offers else []
        cost[self.machine_columns] = choice_cost_musd(self.values.machine_choices, at)
        cost[self.expansion_columns] = choice_cost_musd(self.values.expansions, at)
        return cost

    def at_prices(self, at: Multipliers = TODAY) -> Program:
        """The program at multiplied prices: costs, and the rows that contain prices (money_rows.py, block_rows.py, cap_rows.py)."""
        if self.values.decides_hours:
            return build_program(self.values, at)
        cost, form = self.cost_musd(at), self.form
        rows, row_upper = {}, form.row_upper.copy()
        for number, (family, year) in enumerate(form.row_names):
            if family == CASH_FLOOR:
                rows[number] = -replace(self, values=self.values.cash_until(year)).cost_musd(at)
                row_upper[number] = floor_limit_musd(self.values, year, at)
        return replace(self, form=form.with_rows(rows, row_upper, cost) if rows else replace(form, cost=cost))

    def without_floors(self) -> Program:
        """The program that does not ask for cash above its floors."""
        floors = np.array([family == CASH_FLOOR for family, _ in self.form.row_names], dtype=bool)
        return replace(self, form=replace(self.form, row_upper=np.where(floors, np.inf, self.form.row_upper)))

    @property
    def has_floors(self) -> bool:
        """Whether cash has floors."""
        return bool(self.values.floor_years)

    @property
    def prices_in_rows(self) -> bool:
        """Whether rows contain prices, so that other prices are more than other costs (`at_prices`)."""
        return self.has_floors or self.values.decides_hours

    def worth_musd(self, decisions: Decisions, cost: Array) -> float:
        """Value of decisions at the costs of the program's columns, USD million, without the constant."""
        mining = float(cost[self.mining_columns] @ decisions.mining_mw[self.fleet_of, self.month_of])
        leases = np.concatenate(decisions.lease_mw) if decisions.lease_mw else np.zeros(0)
        machines = np.concatenate([np.zeros(0), *decisions.machine_mw])
        hours = self.values.hours_musd(decisions.mining_mw, decisions.lease_mw, self.at)
        expansions = np.concatenate([np.zeros(0), *decisions.expansion_mw])
        bought = float(cost[self.machine_columns] @ machines) + float(cost[self.expansion_columns] @ expansions)
        return mining + float(cost[self.lease_columns] @ leases) + bought + hours

    @cached_property
    def position_of_month(self) -> dict[str, int]:
        """Position of each month, written YYYY-MM, in the horizon."""
        return {str(month): t for t, month in enumerate(self.values.calendar.months)}

    @property
    def is_integer(self) -> bool:
        return bool(self.indivisible or self.rules.chosen)

    def of_other_values(self, values: Values) -> Program | None:
        """The program of another scenario that differs in costs, bounds and limits alone, without stating it anew; else None."""
        hosting = suitable_limits(values)
        if _structure(values, hosting) != self.structure:
            return None
        lower, upper = self.form.lower.copy(), self.form.upper.copy()
        upper[self.mining_columns] = values.available_mw[self.fleet_of, self.month_of]
        offered = np.array([offer.offer.critical_it_mw for offer in values.offers])
        least = np.array([_least_mw(offer) for offer in values.offers])
        lower[self.lease_columns], upper[self.lease_columns] = least[self.offer_of], offered[self.offer_of]
        upper[self.leased_columns] = offered
        upper[self.machine_columns] = choice_upper_mw(values.machine_choices)
        upper[self.expansion_columns] = choice_upper_mw(values.expansions)
        row_lower, row_upper = self._moved_limits(_limits(values, hosting) | policy_limits(values))
        upper[self.block_columns] = 1.0
        form = replace(self.form, lower=lower, upper=upper, row_lower=row_lower, row_upper=row_upper)
        changed = replace(self, values=values, form=form)
        return replace(changed, form=replace(changed.form, cost=changed.cost_musd(), upper=changed.upper_where_blocks_fit()))

    def _moved_limits(self, limit: dict[tuple[str, Any], float]) -> tuple[Array, Array]:
        """Lower and upper limits of the rows; of a row with a limit of its own, the side that it has one on is moved."""
        low, high = self.form.row_lower.copy(), self.form.row_upper.copy()
        for row, name in enumerate(self.form.row_names):
            if name in limit:
                (high if np.isfinite(high[row]) else low)[row] = limit[name]
        return low, high

    def upper_where_blocks_fit(self) -> Array:
        """Upper bounds of the columns; 0 where a whole block does not fit beside the signed leases, whatever else is decided
        (expansions in full).

        The relaxation would otherwise take a part of such a block, and the prices of MW would speak of it.
        """
        form, offers = self.form, self.values.offers
        limited = np.array([name in LIMITED for name, _ in form.row_names], dtype=bool)
        signed = [offer.offer.status == "signed" for offer in offers]
        firm = [self._use(column) * form.lower[column] for column in self._lease_numbers() if signed[self._offer_at(column)]]
        free = (form.row_upper - np.sum(firm, axis=0) if firm else form.row_upper) + self._most_expanded()
        upper = form.upper.copy()
        for block, number in enumerate(self.indivisible):
            column = self.lease_columns.start + number
            needed = self._use(column) * offers[self.offer_of[number]].offer.critical_it_mw
            if np.any(limited & (needed > 0) & (needed > free + FITTING_MW)):
                upper[column] = upper[self.block_columns.start + block] = 0.0
        return upper

    def _most_expanded(self) -> Array:
        """What expansions in full add to the limit of every row, shape (rows,)."""
        form, column, found = self.form, self.expansion_columns.start, np.zeros(self.form.rows)
        for one in self.values.expansions:
            most = np.zeros(form.rows)
            for _ in one.months:
                entries = slice(form.first[column], form.first[column + 1])
                most[form.row[entries]] = np.maximum(most[form.row[entries]], -form.value[entries])
                column += 1
            found += one.size_mw * most
        return found

    def _lease_numbers(self) -> range:
        return range(self.lease_columns.start, self.lease_columns.stop)

    def _offer_at(self, column: int) -> int:
        return int(self.offer_of[column - self.lease_columns.start])

    def _use(self, column: int) -> Array:
        """What one MW of a lease column takes from every row, with what counts on the offer's total, shape (rows,)."""
        form, total = self.form, self.leased_columns.start + self._offer_at(column)
        entries = [slice(form.first[at], form.first[at + 1]) for at in (column, total)]
        rows, values = (np.concatenate([table[part] for part in entries]) for table in (form.row, form.value))
        used: Array = np.bincount(rows, weights=values, minlength=form.rows).astype(float)
        return used

    @cached_property
    def structure(self) -> Structure:
        return _structure(self.values, suitable_limits(self.values))


def build_program(values: Values, at: Multipliers = TODAY) -> Program:
    """The program of a scenario's value tables, at multiplied prices."""
    with PauseGC():  # Pyomo makes many small objects that all stay
        return _build(values, at)


def _build(values: Values, at: Multipliers) -> Program:
    model = pyo.ConcreteModel(name=values.scenario.name)
    fleet_of, month_of = (index.astype(np.intp) for index in np.nonzero(values.available_mw > 0))
    offers = values.offers
    offer_of = np.repeat(np.arange(len(offers)), [len(offer.starts) for offer in offers]).astype(np.intp)
    start_of = np.array([row for offer in offers for row in range(len(offer.starts))], dtype=np.intp)
    indivisible = [i for i, offer in enumerate(offer_of.tolist()) if _is_block(offers[offer])]

    _columns(model, values, fleet_of, month_of, indivisible)
    state_machine_columns(model, values)
    state_expansion_columns(model, values)
    uses = values.block_uses if at == TODAY else list(values.block_uses_at(at))
    caps = values.cap_uses if at == TODAY else list(values.cap_uses_at(at))
    state_block_columns(model, values, uses)
    state_cap_columns(model, values, caps)
    occupied = [_monthly_terms(model, offer, offer.occupied_mw) for offer in offers]
    _site_power(model, values, occupied)
    _offer_total(model, values)
    _whole_blocks(model, values)
    state_offer_rules(model, values, OfferRules.of(offers))
    state_machine_rows(model, values)
    state_expansion_rows(model, values)
    _hpc_suitable(model, values, occupied)
    state_money_rows(model, values, fleet_of, month_of)
    state_policy_rules(model, values, lambda offer, mw: _monthly_terms(model, offer, mw))
    state_block_rows(model, values, uses, lambda offer, mw: _monthly_terms(model, offer, mw))
    state_cap_rows(model, values, caps, lambda offer, mw: _monthly_terms(model, offer, mw))
    hours = np.concatenate([block_cost_musd(values, uses), held_cost_musd(values, caps)])
    _objective(model, values, fleet_of, month_of, at, hours)
    order = [model.mining_mw, model.lease_mw, model.leased_mw, model.lease_block, model.offer_taken]
    columns = [column for variable in order for column in variable.values()]
    bought = [*_machine_columns(model, values), *expansion_columns(model, values)]
    form = compile_standard_form(model, [*columns, *bought, *_hour_columns(model)])
    program = Program(values, model, form, fleet_of, month_of, offer_of, start_of, indivisible, at)
    return replace(program, form=replace(form, upper=program.upper_where_blocks_fit())) if indivisible else program


def _machine_columns(model: pyo.ConcreteModel, values: Values) -> list[Any]:
    return [column for choice in values.machine_choices for column in columns_of(model, choice)]


def _hour_columns(model: pyo.ConcreteModel) -> list[Any]:
    return [*model.used_mw.values(), *model.extra_mw.values(), *model.held_mw.values()]


def _is_block(offer: OfferValue) -> bool:
    return offer.offer.indivisible and offer.offer.status == "offered"


def _columns(model: pyo.ConcreteModel, values: Values, fleet_of: IntArray, month_of: IntArray, indivisible: list[int]) -> None:
    months = [str(month) for month in values.calendar.months]
    mining_bounds = {
        (values.fleets[k].name, months[t]): (0.0, mw)
        for k, t, mw in zip(fleet_of.tolist(), month_of.tolist(), values.available_mw[fleet_of, month_of].tolist(), strict=True)
    }
    lease_bounds = {
        (offer.offer.name, str(start)): (_least_mw(offer), offer.offer.critical_it_mw)
        for offer in values.offers
        for start in offer.starts
    }
    blocks = [list(lease_bounds)[i] for i in indivisible]
    model.mining_mw = pyo.Var(list(mining_bounds), bounds=_bounds(mining_bounds))
    model.lease_mw = pyo.Var(list(lease_bounds), bounds=_bounds(lease_bounds))
    offered = {offer.offer.name: (0.0, offer.offer.critical_it_mw) for offer in values.offers}
    model.leased_mw = pyo.Var(list(offered), bounds=lambda _, name: offered[name])
    model.lease_block = pyo.Var(blocks, domain=pyo.Binary)


def _bounds(table: dict[tuple[str, str], tuple[float, float]]) -> Any:
    return lambda _, *key: table[key]


def _least_mw(offer: OfferValue) -> float:
    """A signed lease is fixed at its MW and date; an offer is free."""
    return offer.offer.critical_it_mw if offer.offer.status == "signed" else 0.0


def _monthly_terms(model: pyo.ConcreteModel, offer: OfferValue, mw: Array) -> Terms:
    """Meter MW of an offer in each month, as lists of (coefficient, column). mw: per critical MW, shape (starts, months).

    In most months every possible start takes the same MW. What the middle start takes goes on the offer's total, which leaves
    few nonzeros:  sum_c occ[c] y[c] = occ[middle] x leased + sum_c (occ[c] - occ[middle]) y[c].
    """
    name = offer.offer.name
    common = mw[len(offer.starts) // 2]
    starts = [model.lease_mw[name, str(start)] for start in offer.starts]
    terms = [[(taken, model.leased_mw[name])] if taken else [] for taken in common.tolist()]
    rest = mw - common
    for start, month in zip(*(index.tolist() for index in np.nonzero(rest)), strict=True):
        terms[month].append((float(rest[start, month]), starts[start]))
    return terms


def _site_power(model: pyo.ConcreteModel, values: Values, occupied: list[Terms]) -> None:
    r"""[C1] Meter MW of a site are used once.

        sum_k mining_mw[k,t] + sum_{l,c} occ[l,c,t] lease_mw[l,c] - sum_{e at s, c <= t} expansion_mw[e,c] <= energised[s,t]
        for every site s, month t

    MW on both sides; what is left over is idle. Dual: value today of one more energised MW in that month, USD million per MW.
    """
    months = [str(month) for month in values.calendar.months]
    terms: dict[tuple[str, str], list[tuple[float, Any]]] = {(site.name, month): [] for site in values.sites for month in months}
    site_of = {fleet.name: fleet.site for fleet in values.fleets}
    for (fleet, month), column in model.mining_mw.items():
        terms[site_of[fleet], month].append((1.0, column))
    for offer, by_month in zip(values.offers, occupied, strict=True):
        for month, found in zip(months, by_month, strict=True):
            terms[offer.offer.site, month] += found
    energised = {site.name: site.energised(values.calendar).tolist() for site in values.sites}
    position = {month: t for t, month in enumerate(months)}
    for site, month in terms:
        terms[site, month] += added_terms(model, values, site, position[month])
    model.site_power = pyo.Constraint(
        list(terms), rule=lambda _, site, month: at_most(terms[site, month], energised[site][position[month]])
    )


def _offer_total(model: pyo.ConcreteModel, values: Values) -> None:
    r"""[C3] An offer is taken once, at one or several starts.

        leased_mw[l] = sum_c lease_mw[l,c]     for every offer l          (leased_mw <= offered is its column bound)

    Critical MW on both sides. Dual: value of one MW of the offer taken at no particular start, USD million per MW.
    """

    def rule(_: Any, name: str) -> Any:
        starts = [(1.0, model.lease_mw[name, str(start)]) for start in by_name[name].starts]
        coefficients, columns = zip((-1.0, model.leased_mw[name]), *starts, strict=True)
        return (LinearExpression(linear_coefs=list(coefficients), linear_vars=list(columns)), 0.0)

    by_name = {offer.offer.name: offer for offer in values.offers}
    model.offer_total = pyo.Constraint(list(by_name), rule=rule)


def _whole_blocks(model: pyo.ConcreteModel, values: Values) -> None:
    r"""[C3] An indivisible offer is taken whole or not at all.

        lease_mw[l,c] = offered[l] lease_block[l,c]     for every indivisible offer l, start c

    Critical MW on both sides. Dual (of the relaxation): value of one MW beyond the block, USD million per MW.
    """
    offered = {offer.offer.name: offer.offer.critical_it_mw for offer in values.offers}

    def rule(_: Any, name: str, start: str) -> Any:
        columns = [model.lease_mw[name, start], model.lease_block[name, start]]
        return (LinearExpression(linear_coefs=[1.0, -offered[name]], linear_vars=columns), 0.0)

    model.whole_blocks = pyo.Constraint(list(model.lease_block), rule=rule)


def _structure(values: Values, hosting: tuple[Limits, Limits]) -> Structure:
    """Everything that rows, columns and coefficients follow from; `hosting`: the limits of [C5]."""
    all_leases, others = hosting
    money = budget_spans(values)
    offers = [
        (
            offer.offer.name,
            offer.offer.site,
            offer.offer.status,
            tuple(offer.starts),
            offer.occupied_mw.tobytes(),
            offer.offer.reserved_until,
            offer.offer.critical_it_mw if _is_block(offer) else None,
            offer.spent_in(money),
        )
        for offer in values.offers
    ]
    fleets = [(fleet.name, fleet.site) for fleet in values.fleets]
    sites = [site.name for site in values.sites]
    available = (values.available_mw > 0).tobytes()
    rules = OfferRules.of(values.offers).structure(values.offers)
    letting = {offer.offer.site for offer in values.offers}  # elsewhere [C5] has no row
    limited = [[key for key in limits if key[0] in letting] for limits in (all_leases, others)]
    machines = [choice.structure(money) for choice in values.machine_choices]
    expansions = [one.structure(money) for one in values.expansions]
    policy, hours = policy_structure(values), (block_structure(values.block_uses), firm_structure(values), cap_structure(values))
    chosen = (rules, machines, expansions, policy, hours)
    return (values.calendar, sites, fleets, available, offers, *limited, money_structure(values), *chosen)


def _limits(values: Values, hosting: tuple[Limits, Limits]) -> dict[tuple[str, Any], float]:
    """The upper limit of every row that has one of its own, by the row's name."""
    months = [str(month) for month in values.calendar.months]
    found: dict[tuple[str, Any], float] = {}
    for site in values.sites:
        energised = site.energised(values.calendar).tolist()
        found |= {("site_power", (site.name, month)): mw for month, mw in zip(months, energised, strict=True)}
    for constraint, rows in zip(("hpc_suitable", "unreserved"), hosting, strict=True):
        found |= {(constraint, key): limit for key, limit in rows.items()}
    found |= machine_limits(values) | expansion_limits(values)
    return found | money_limits(values)


def suitable_limits(values: Values) -> tuple[Limits, Limits]:
    """[C5] MW for all leases, and for leases without a right, by site and month; only where a row is needed."""
    all_leases: Limits = {}
    others: Limits = {}
    months = [str(month) for month in values.calendar.months]
    for site in values.sites:
        energised, suitable = site.energised(values.calendar), site.hpc_suitable(values.calendar)
        reserved = values.scenario.reserved_mw(site.name)
        for t in np.flatnonzero(reserved).tolist():
            others[site.name, months[t]] = float(max(suitable[t] - reserved[t], 0.0))
        implied = (reserved > 0) & (reserved <= suitable)
        partly = partly_suitable(values, site.name)
        for t in np.flatnonzero(np.logical_or(suitable < energised, partly) & ~implied).tolist():
            all_leases[site.name, months[t]] = float(suitable[t])
    return all_leases, others


def _hpc_suitable(model: pyo.ConcreteModel, values: Values, occupied: list[Terms]) -> None:
    r"""[C5] Leases need MW that can host a data hall, and MW that no other tenant's right reserves.

        sum_l occ[l,c,t] lease_mw[l,c] - sum_{e at s, c <= t} share[e] expansion_mw[e,c] <= suitable[s,t]    (hpc_suitable)
        sum_{l not reserving in t} occ[l,c,t] lease_mw[l,c] - sum_{e at s, c <= t} share[e] expansion_mw[e,c]
            <= max(0, suitable[s,t] - sum_{l reserving in t} offered meter MW of l)                          (unreserved)

    share[e]: of the expansion's MW, those that are suitable. Rights reserve MW of the site as it stands, none of an expansion.
    MW on both sides, for every site s and month t in which a row says more than [C1] and the other row.
    Dual: value today of one more suitable MW (hpc_suitable) or unreserved MW (unreserved) in that month, USD million per MW.
    """
    all_leases, others = suitable_limits(values)
    months = {str(month): (t, month) for t, month in enumerate(values.calendar.months)}
    pairs = list(zip(values.offers, occupied, strict=True))

    def row(leases: list[tuple[float, Any]], site: str, t: int, limit: float) -> Any:
        """No row where no lease counts."""
        return at_most([*leases, *added_terms(model, values, site, t, suitable=True)] if leases else [], limit)

    def hosted(_: Any, site: str, key: str) -> Any:
        t, _month = months[key]
        leases = [term for offer, by_month in pairs if offer.offer.site == site for term in by_month[t]]
        return row(leases, site, t, all_leases[site, key])

    def unreserved(_: Any, site: str, key: str) -> Any:
        t, month = months[key]
        without_right = [by_month for offer, by_month in pairs if offer.offer.site == site and not reserves(offer, month)]
        return row([term for by_month in without_right for term in by_month[t]], site, t, others[site, key])

    model.hpc_suitable = pyo.Constraint(list(all_leases), rule=hosted)
    model.unreserved = pyo.Constraint(list(others), rule=unreserved)


def reserves(offer: OfferValue, month: Month) -> bool:
    """Whether an offer's right keeps its MW free of other leases in a month."""
    until = offer.offer.reserved_until
    return offer.offer.status == "offered" and until is not None and month < until


def _objective(
    model: pyo.ConcreteModel, values: Values, fleet_of: IntArray, month_of: IntArray, at: Multipliers, hours: Array
) -> None:
    """Discounted after-tax cash of every decision, USD million (FORMULATION 7); hours: of the columns of hours."""
    mining = values.mining_musd(at)[fleet_of, month_of].tolist()
    lease = [musd for offer in values.offers for musd in offer.musd(at).tolist()]
    bought = choice_cost_musd(choices_of(values), at).tolist()
    columns = [*model.mining_mw.values(), *model.lease_mw.values(), *_machine_columns(model, values)]
    columns += [*expansion_columns(model, values), *_hour_columns(model)]
    expression = LinearExpression(linear_coefs=[*mining, *lease, *bought, *hours.tolist()], linear_vars=columns)
    model.npv_musd = pyo.Objective(expr=expression, sense=pyo.maximize)
