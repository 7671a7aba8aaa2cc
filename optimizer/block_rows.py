r"""[V3] Blocks that are not resold in full: how much of their energy is used, in bands of hours (models/block_use.py).

    used_mw[s, j, t, b]    MW of block j of site s that the load uses in band b of month t      0 <= . <= MW of the block
    extra_mw[k, p, t, b]   meter MW of fleet k in part p that run though the index does not pay 0 <= . <= able[k,p] x available

earn gain[j,t,b] and lose loss[k,p,t,b], USD million per MW. Parts are those of the site's mining (models/mining_parts.py), by
number: 0 where it has but one. able: MW that run of an energised one, the share in the part x uptime. There is a column only where
it can be worth something. The coefficients contain prices: at others the bands are others, and the program is stated anew
(Program.at_prices).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyomo.core as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from ..models.block_use import BlockUse, buys_power, expected_load_mw
from ..models.months import Array
from ..models.names import slug
from ..models.scenario import Scenario
from ..models.values import OfferValue, Values

BLOCK_LOAD, EXTRA_RUN = "block_load", "extra_run"
HOURS_REFUSED = (
    "a block that is not resold in full, or an energy cap: at other prices other hours run, which a list of plans does not hold",
    "blocks with resale_fraction 1 and no resale_fee_usd_per_mwh, and no energy_cap",
    "run, why, sweep, sensitivity and compare hold them at every price",
)
"""Found, allowed, hint: of studies whose plans are valued at other prices without the hours in which blocks are used."""
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
MonthlyTerms = Callable[[OfferValue, Array], list[list[tuple[float, Any]]]]
"""MW per critical MW of an offer, shape (starts, months), as (coefficient, column) pairs of each month."""
Column = tuple[tuple[Any, ...], float, float]
"""Index, upper bound (MW) and value (USD million per MW) of a column."""


def field_of_hours(scenario: Scenario) -> str:
    """The field of the first block that is not resold in full, or of the first energy cap; empty without one."""
    for site in scenario.sites:
        if site.blocks_to_use:
            return f"sites.{slug(site.name)}.blocks.{slug(site.blocks_to_use[0].name)}"
        if site.energy_cap is not None:
            return f"sites.{slug(site.name)}.energy_cap"
    return ""


def used_columns(values: Values, uses: list[BlockUse]) -> Iterator[Column]:
    """Blocks that may be used, in the order of sites, blocks and bands; none in months without any possible load."""
    for use in uses:
        loaded = _may_draw(values, use)[use.months]
        for j, block in enumerate(use.blocks):
            for b in np.flatnonzero((use.block_mw[j] > 0) & (use.gain_musd[j] > 0) & loaded).tolist():
                yield (use.site, block.name, *_band(values, use, b)), float(use.block_mw[j, b]), float(use.gain_musd[j, b])


def _may_draw(values: Values, use: BlockUse) -> BoolArray:
    """Whether anything may draw energy that the site buys, shape (months,)."""
    found = np.asarray(np.any(values.available_mw[use.fleets] > 0, axis=0))
    for offer in values.offers:
        if buys_power(offer, use.site):
            found |= np.any(expected_load_mw(values, offer) > 0, axis=0)
    return found


def extra_columns(values: Values, uses: list[BlockUse]) -> Iterator[Column]:
    """Machines that may run on blocks alone: where they do not run anyway, are there, and lose less than a block gains."""
    for use in uses:
        most = use.loss_factor * np.max(np.where(use.block_mw > 0, use.gain_musd, 0.0), axis=0, initial=0.0)
        for at, (k, part) in enumerate(zip(use.fleets.tolist(), use.parts.tolist(), strict=True)):
            able = use.able[at, 0] * values.available_mw[k, use.months]
            for b in np.flatnonzero(~use.runs[at] & (able > 0) & (use.loss_musd[at] < most)).tolist():
                yield (values.fleets[k].name, part, *_band(values, use, b)), float(able[b]), -float(use.loss_musd[at, b])


def _band(values: Values, use: BlockUse, band: int) -> tuple[str, int]:
    return str(values.calendar.months[use.months[band]]), int(use.numbers[band])


def block_cost_musd(values: Values, uses: list[BlockUse]) -> Array:
    """Value of one MW of every column, USD million, in their order."""
    return np.array([value for _, _, value in (*used_columns(values, uses), *extra_columns(values, uses))])


def block_structure(uses: list[BlockUse]) -> tuple[Any, ...]:
    """Everything that columns and rows follow from; whatever differs, the program is stated anew."""
    return tuple(
        (
            use.site,
            use.loss_factor,
            *(
                table.tobytes()
                for table in (use.months, use.numbers, use.block_mw, use.gain_musd, use.runs, use.able, use.loss_musd)
            ),
        )
        for use in uses
    )


def firm_structure(values: Values) -> tuple[Any, ...]:
    """What leases use of blocks."""
    return tuple(
        expected_load_mw(values, offer).tobytes()
        for use in values.block_uses
        for offer in values.offers
        if buys_power(offer, use.site)
    )


def state_block_columns(model: pyo.ConcreteModel, values: Values, uses: list[BlockUse]) -> None:
    """The columns above; `uses`: at the prices of the program."""
    for name, found in (("used_mw", used_columns(values, uses)), ("extra_mw", extra_columns(values, uses))):
        bounds = {index: (0.0, most) for index, most, _ in found}
        setattr(model, name, pyo.Var(list(bounds), bounds=_looked_up(bounds)))


def _looked_up(table: dict[Any, Any]) -> Any:
    return lambda _, *key: table[key]


def state_block_rows(model: pyo.ConcreteModel, values: Values, uses: list[BlockUse], monthly_terms: MonthlyTerms) -> None:
    """The rows below; `model` has every column."""
    _block_load(model, values, uses, monthly_terms)
    _extra_run(model, values, uses)


def _block_load(model: pyo.ConcreteModel, values: Values, uses: list[BlockUse], monthly_terms: MonthlyTerms) -> None:
    r"""[V3] What is used of blocks is what the load buys.

        sum_j used_mw[s,j,t,b] <= (1 + losses) x ( sum_{k,p runs in b} able[k,p] mining_mw[k,t] + sum_{k,p} extra_mw[k,p,t,b]
                                                   + sum_{l,c} firm[l,c,t] lease_mw[l,c] )     for every site s, month t, band b

    MW on both sides; firm: of leases whose power the landlord pays. Dual: value today of one more MW of load through the band that
    buys its energy at the index, USD million per MW.
    """
    rows: dict[tuple[Any, ...], list[tuple[float, Any]]] = {}
    for (site, _, month, number), column in model.used_mw.items():
        rows.setdefault((site, month, number), []).append((1.0, column))
    for use in uses:
        firm = [monthly_terms(offer, expected_load_mw(values, offer)) for offer in values.offers if buys_power(offer, use.site)]
        for b, t in enumerate(use.months.tolist()):
            key = (use.site, *_band(values, use, b))
            if key in rows:
                load = [*_running(model, values, use, b, key[1:]), *(term for by_month in firm for term in by_month[t])]
                rows[key] += added([(-use.loss_factor * mw, column) for mw, column in load])
    model.block_load = pyo.Constraint(list(rows), rule=_at_most_zero(rows))


def _running(
    model: pyo.ConcreteModel, values: Values, use: BlockUse, band: int, key: tuple[Any, ...]
) -> Iterator[tuple[float, Any]]:
    """What mining draws in a band, as (coefficient, column) pairs."""
    for at, (k, part) in enumerate(zip(use.fleets.tolist(), use.parts.tolist(), strict=True)):
        name = values.fleets[k].name
        if use.runs[at, band] and (name, key[0]) in model.mining_mw:
            yield float(use.able[at, 0]), model.mining_mw[name, key[0]]
        elif (name, part, *key) in model.extra_mw:
            yield 1.0, model.extra_mw[(name, part, *key)]


def _extra_run(model: pyo.ConcreteModel, values: Values, uses: list[BlockUse]) -> None:
    r"""[V3] Machines run on blocks only where they are energised.

        extra_mw[k,p,t,b] <= able[k,p] mining_mw[k,t]     for every fleet k, part p, month t, band b with that column

    Meter MW on both sides. Dual: value today of one more MW of the part that can run in the band, USD million per MW.
    """
    able = {
        (values.fleets[k].name, part): float(use.able[at, 0])
        for use in uses
        for at, (k, part) in enumerate(zip(use.fleets.tolist(), use.parts.tolist(), strict=True))
    }
    rows = {
        (name, part, month, number): [(1.0, column), (-able[name, part], model.mining_mw[name, month])]
        for (name, part, month, number), column in model.extra_mw.items()
    }
    model.extra_run = pyo.Constraint(list(rows), rule=_at_most_zero(rows))


def added(terms: list[tuple[float, Any]]) -> list[tuple[float, Any]]:
    """A column once, with the sum of its coefficients."""
    found: dict[int, tuple[float, Any]] = {}
    for coefficient, column in terms:
        before = found.get(id(column), (0.0, column))[0]
        found[id(column)] = (before + coefficient, column)
    return list(found.values())


def _at_most_zero(rows: dict[tuple[Any, ...], list[tuple[float, Any]]]) -> Any:
    def rule(_: Any, *key: Any) -> Any:
        coefficients, columns = zip(*rows[key], strict=True)
        return (None, LinearExpression(linear_coefs=list(coefficients), linear_vars=list(columns)), 0.0)

    return rule
