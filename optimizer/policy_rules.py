r"""Policy, contract and site rules [C5], [C7] as rows: one mechanism for all of them.

Each rule of models/policy.py is, for a subject (its site or all sites; a tenant), a side and each of its months, a row

    sum_k weight[k] mining_mw[k,t] + sum_{l,c} weight[l] let[l,c,t] lease_mw[l,c]   <= or >=   limit[t]

let[l,c,t] are the meter MW that a critical MW of offer l with rent from c on lets in month t (`load` and `curtailable_share`: that
are delivered). Weights, limit and unit of both sides by kind, over the fleets and offers of the subject's sites, a fraction f:

    hashrate            1 / (MW per EH/s of k)      0                                       stated                     EH/s
    mining_share        1                           0                                       f x energised MW *         MW
    lease_share         0                           1                                       f x energised MW *         MW
    load                1                           1                                       stated                     MW
    curtailable_share   1 - f                       - f                                     0                          MW
    tenant_share        0                           1 - f of the tenant, - f of others      0                          MW
    tenant_mw           0                           1 of the tenant                         stated                     MW
    tenant_rent_share   0                           1 - f of the tenant, - f of others      0                          k USD of rent

* MW of expansions are energised MW: - f expansion_mw[e,c] stands on the left in every month from c on.

Dual: what one unit more of the limit is worth today, USD million per unit: not negative where the limit is an upper one, not
positive where it is a lower one. Prices of the market occur in none of these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.core as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from ..models.months import Array
from ..models.policy import SIDES, TENANT_KINDS, PolicyRule, RuleKind, Side, let_share, tenant_of
from ..models.scenario import Scenario
from ..models.values import OfferValue, Values
from .expansion_rows import columns_of_expansion

USD_PER_KUSD = 1000.0
IntArray = np.ndarray[Any, np.dtype[np.intp]]
MonthlyTerms = Callable[[OfferValue, Array], list[list[tuple[float, Any]]]]
"""MW per critical MW of an offer, shape (starts, months), as (coefficient, column) pairs of each month."""


def family_of(kind: RuleKind, side: Side) -> str:
    """The name of the rows of a kind of rule on one side."""
    return f"{kind}_{side}"


POLICY_FAMILIES = tuple(family_of(kind, side) for kind, sides in SIDES.items() for side in sides)
"""Families of rows, in the order in which they are stated."""


@dataclass(frozen=True)
class PolicyRow:
    """One rule on one side for one subject: its rows over the months.

    of: the name of the rule, with the tenant of a tenant rule. fleets, offers, expansions: weights of a meter MW, by number.
    delivered: whether leases count from the start of rent. months: positions in the horizon; limit: of each of them.
    """

    rule: PolicyRule
    side: Side
    of: str
    tenant: str
    fleets: Array
    offers: Array
    delivered: bool
    months: IntArray
    limit: Array
    expansions: Array

    @property
    def family(self) -> str:
        return family_of(self.rule.kind, self.side)

    @property
    def sign(self) -> float:
        """1 for an upper limit, -1 for a lower one: sign x (left side - limit) is not above 0 where the rule is kept."""
        return 1.0 if self.side == "at_most" else -1.0

    def let_mw(self, values: Values, number: int) -> Array:
        """Meter MW (or k USD of rent) that a critical MW of an offer counts as, weight and all, shape (starts, months)."""
        offer, months = values.offers[number], np.arange(values.calendar.length)
        n = months[np.newaxis, :] - np.array([[values.calendar.index(start)] for start in offer.starts])
        if self.rule.kind == "tenant_rent_share":
            rent = offer.offer.schedule_from(values.calendar).rent_usd / USD_PER_KUSD
            due = np.where((n >= 0) & (n < len(rent)), rent[np.clip(n, 0, len(rent) - 1)], 0.0)
            return np.asarray(self.offers[number] * due)
        share = let_share(offer.offer, n.ravel(), self.delivered).reshape(n.shape)
        found: Array = self.offers[number] * offer.offer.gross_up * share
        return found


def policy_rows(values: Values) -> list[PolicyRow]:
    """The rows of every rule, rules in the order of their names."""
    rules = sorted(values.scenario.rules, key=lambda rule: rule.name)
    return [
        row
        for rule in rules
        for side in SIDES[rule.kind]
        if rule.limit(side) is not None and len(rule.months(values.calendar))
        for row in _rows_of(values, rule, side)
    ]


def _rows_of(values: Values, rule: PolicyRule, side: Side) -> Iterator[PolicyRow]:
    limit = rule.limit(side)
    assert limit is not None
    months = rule.months(values.calendar)
    mines = np.array([rule.site in (None, fleet.site) for fleet in values.fleets], dtype=float)
    lets = np.array([rule.site in (None, offer.offer.site) for offer in values.offers], dtype=float)
    none_mine, none_let, nothing = np.zeros(len(mines)), np.zeros(len(lets)), np.zeros(len(months))
    adds = np.array([rule.site in (None, one.site) for one in values.expansions], dtype=float)
    if rule.kind in TENANT_KINDS:
        for tenant in _tenants(values, rule):
            own = lets * np.array([tenant_of(offer.offer) == tenant for offer in values.offers])
            weights = own if rule.kind == "tenant_mw" else own - limit * lets
            of = f"{rule.name}: {tenant}"
            stated = nothing + limit if rule.kind == "tenant_mw" else nothing
            yield _where_it_can_bind(
                values, PolicyRow(rule, side, of, tenant, none_mine, weights, False, months, stated, 0.0 * adds)
            )
        return
    fleets, offers, limits = {
        "hashrate": (mines / [fleet.mw_per_eh for fleet in values.fleets], none_let, nothing + limit),
        "mining_share": (mines, none_let, limit * _energised(values, rule)[months]),
        "lease_share": (none_mine, lets, limit * _energised(values, rule)[months]),
        "load": (mines, lets, nothing + limit),
        "curtailable_share": ((1 - limit) * mines, -limit * lets, nothing),
    }[rule.kind]
    expansions = -limit * adds if rule.kind in ("mining_share", "lease_share") else 0.0 * adds
    delivered = rule.kind in ("load", "curtailable_share")
    row = PolicyRow(rule, side, rule.name, "", fleets, offers, delivered, months, limits, expansions)
    yield _where_it_can_bind(values, row)


def _where_it_can_bind(values: Values, row: PolicyRow) -> PolicyRow:
    """A share of what is decided itself (its limit is 0) only in months in which something counts against it."""
    if row.rule.kind not in ("tenant_share", "curtailable_share", "tenant_rent_share"):
        return row
    against = np.zeros(values.calendar.length, dtype=bool)
    for number in np.flatnonzero(row.sign * row.offers > 0).tolist():
        against |= np.any(row.let_mw(values, number) != 0, axis=0)
    kept = against[row.months]
    return replace(row, months=row.months[kept], limit=row.limit[kept])


def _tenants(values: Values, rule: PolicyRule) -> list[str]:
    """Tenants for whom a tenant rule has a row: those with a lease where it holds."""
    here = {tenant_of(offer.offer) for offer in values.offers if rule.site in (None, offer.offer.site)}
    return sorted(here if rule.tenant is None else here & {rule.tenant})


def _energised(values: Values, rule: PolicyRule) -> Array:
    """Energised MW of the rule's sites, shape (months,)."""
    rows = [site.energised(values.calendar) for site in values.sites if rule.site in (None, site.name)]
    found: Array = np.sum(rows, axis=0)
    return found


# --- what the mining of a plan may be changed to without looking at the rules ---------------------------------------------


def limits_mining(scenario: Scenario) -> bool:
    """Whether rules bind the MW that mine, so that MW which leases leave cannot be filled by value alone."""
    return any(rule.kind not in ("lease_share", *TENANT_KINDS) for rule in scenario.rules)


def demands_mining(scenario: Scenario) -> bool:
    """Whether rules ask for MW that mine, so that a fleet may have to run at a loss."""
    return any(map(asks_for_mining, scenario.rules))


def asks_for_mining(rule: PolicyRule) -> bool:
    """Whether MW that mine help to keep a lower limit of a rule."""
    kinds = ("hashrate", "mining_share", "load", "curtailable_share")
    return rule.kind in kinds and rule.limit("at_least") is not None


# --- the program ---------------------------------------------------------------------------------------------------------


def state_policy_rules(model: pyo.ConcreteModel, values: Values, monthly_terms: MonthlyTerms) -> None:
    """One family of rows for each kind and side; `model` has mining_mw, lease_mw, leased_mw and expansion_mw. Formula and units:
    see above.
    """
    found: dict[str, dict[tuple[str, str], Any]] = {family: {} for family in POLICY_FAMILIES}
    mining: dict[str, list[tuple[str, Any]]] = {}
    for (fleet, month), column in model.mining_mw.items():
        mining.setdefault(month, []).append((fleet, column))
    for row in policy_rows(values):
        found[row.family] |= _expressions(model, values, row, mining, monthly_terms)
    for family in POLICY_FAMILIES:
        setattr(model, family, pyo.Constraint(list(found[family]), rule=_looked_up(found[family])))


def _looked_up(rows: dict[tuple[str, str], Any]) -> Any:
    return lambda _, *key: rows[key]


def _expressions(
    model: pyo.ConcreteModel, values: Values, row: PolicyRow, mining: dict[str, list[tuple[str, Any]]], monthly_terms: MonthlyTerms
) -> dict[tuple[str, str], Any]:
    """The rows by (of, month); none where no column counts."""
    weight_of = {fleet.name: float(weight) for fleet, weight in zip(values.fleets, row.fleets, strict=True)}
    terms: dict[str, list[tuple[float, Any]]] = {
        str(values.calendar.months[t]): [
            (weight_of[fleet], column) for fleet, column in mining.get(str(values.calendar.months[t]), []) if weight_of[fleet]
        ]
        for t in row.months.tolist()
    }
    for number in np.flatnonzero(row.offers).tolist():
        offer = values.offers[number]
        for month, more in zip(values.calendar.months, monthly_terms(offer, row.let_mw(values, number)), strict=True):
            if more and str(month) in terms:
                terms[str(month)] += more
    for number in np.flatnonzero(row.expansions).tolist():
        one = values.expansions[number]
        columns, weight = columns_of_expansion(model, one), float(row.expansions[number])
        for t in row.months.tolist():
            added = [(weight, column) for column, there in zip(columns, one.there[:, t].tolist(), strict=True) if there]
            terms[str(values.calendar.months[t])] += added
    limits = dict(zip(terms, row.limit.tolist(), strict=True))
    return {(row.of, month): _row(found, limits[month], row.side) for month, found in terms.items() if found}


def _row(terms: list[tuple[float, Any]], limit: float, side: Side) -> Any:
    coefficients, columns = zip(*terms, strict=True)
    left = LinearExpression(linear_coefs=list(coefficients), linear_vars=list(columns))
    return (limit, left, None) if side == "at_least" else (None, left, limit)


def policy_limits(values: Values) -> dict[tuple[str, Any], float]:
    """The limit of every row, lower or upper, by the row's name."""
    months = [str(month) for month in values.calendar.months]
    return {
        (row.family, (row.of, months[t])): limit
        for row in policy_rows(values)
        for t, limit in zip(row.months.tolist(), row.limit.tolist(), strict=True)
    }


def policy_structure(values: Values) -> tuple[Any, ...]:
    """Everything that these rows and their coefficients follow from, limits apart."""
    found: list[Any] = []
    for row in policy_rows(values):
        counted = [(number, row.let_mw(values, number)[:, row.months].tobytes()) for number in np.flatnonzero(row.offers).tolist()]
        weights = (row.fleets.tobytes(), row.expansions.tobytes())
        found.append((row.family, row.of, *weights, row.months.tobytes(), tuple(counted)))
    return tuple(found)
