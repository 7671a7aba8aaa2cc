"""The floor: the program's arrays assembled with numpy alone and handed straight into HiGHS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from hashlease.optimizer.session import FEASIBILITY_TOLERANCE
from tables import Floats, Tables, Whole

OPTIONS: dict[str, Any] = {
    "output_flag": False,
    "threads": 1,
    "primal_feasibility_tolerance": FEASIBILITY_TOLERANCE,
    "dual_feasibility_tolerance": FEASIBILITY_TOLERANCE,
}
"""hashlease's own tolerances; every contender gets them, so that all optima can agree to 1e-9."""

Block = tuple[Any, Any, Any]
"""Rows, columns and coefficients of a part of the matrix, of equal length (the rows counted within the part)."""


@dataclass(frozen=True)
class Arrays:
    """Maximise cost x, row_lower <= A x <= row_upper, lower <= x <= upper; A as rows, columns and coefficients."""

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    row: Whole
    column: Whole
    value: Floats


@dataclass(frozen=True)
class Layout:
    """Which columns stand for what: energised MW of (fleet, month) first, then options, then the total of each offer."""

    fleet_of: Whole
    month_of: Whole
    options: slice
    totals: slice

    @classmethod
    def of(cls, tables: Tables) -> Layout:
        fleet_of, month_of = np.nonzero(tables.available_mw)
        first, options = len(fleet_of), len(tables.offer_of_option)
        offers = len(tables.offered_mw)
        return cls(fleet_of, month_of, slice(first, first + options), slice(first + options, first + options + offers))

    def cost(self, tables: Tables) -> Floats:
        mining = tables.mining_musd[self.fleet_of, self.month_of]
        return np.concatenate([mining, tables.option_musd, np.zeros(len(tables.offered_mw))])

    def allocation(self, tables: Tables, x: Floats) -> tuple[Floats, Floats]:
        """(meter MW of each fleet and month, critical MW of each option)."""
        mining_mw = np.zeros_like(tables.mining_musd)
        mining_mw[self.fleet_of, self.month_of] = x[: self.options.start]
        return mining_mw, x[self.options]


def assemble(tables: Tables, layout: Layout) -> Arrays:
    """The same rows and columns as optimizer/program.py, in the same order."""
    upper = [tables.available_mw[layout.fleet_of, layout.month_of], tables.offered_mw[tables.offer_of_option], tables.offered_mw]
    cost = layout.cost(tables)
    parts = list(_constraints(tables, layout))
    limits = [limit for _, _, limit in parts]
    first_row = np.cumsum([0, *[len(limit) for limit in limits]])
    row = np.concatenate([start + block[0] for start, (block, _, _) in zip(first_row[:-1], parts, strict=True)])
    row_lower = np.concatenate([limit if equal else np.full(len(limit), -np.inf) for _, equal, limit in parts])
    used, row = np.unique(row, return_inverse=True)
    return Arrays(
        cost=cost,
        lower=np.zeros(len(cost)),
        upper=np.concatenate(upper),
        row_lower=row_lower[used],
        row_upper=np.concatenate(limits)[used],
        row=row,
        column=np.concatenate([block[1] for block, _, _ in parts]),
        value=np.concatenate([block[2] for block, _, _ in parts]),
    )


def _constraints(tables: Tables, layout: Layout) -> Iterator[tuple[Block, bool, Floats]]:
    """(coefficients, whether the rows are equations, limits) of each kind of constraint."""
    months = tables.mining_musd.shape[1]
    mining = (
        tables.site_of_fleet[layout.fleet_of] * months + layout.month_of,
        np.arange(len(layout.fleet_of)),
        np.ones(len(layout.fleet_of)),
    )
    leases = _leases(tables, layout)
    yield _joined(mining, *leases), False, tables.energised_mw.ravel()

    options = np.arange(layout.options.start, layout.options.stop)
    totals = np.arange(layout.totals.start, layout.totals.stop)
    taken = (tables.offer_of_option, options, np.ones(len(options)))
    yield _joined((np.arange(len(totals)), totals, -np.ones(len(totals))), taken), True, np.zeros(len(totals))

    scarce = (tables.suitable_mw < tables.energised_mw).ravel()
    row, column, value = _joined(*leases)
    tight = scarce[row]
    yield (row[tight], column[tight], value[tight]), False, tables.suitable_mw.ravel()

    option, year = np.nonzero(tables.capex_musd)
    yield (year, option + layout.options.start, tables.capex_musd[option, year]), False, tables.budget_musd


def _leases(tables: Tables, layout: Layout) -> tuple[Block, Block]:
    """Meter MW of the leases by site and month: the common profile of each offer, and what its options differ from it."""
    months = tables.mining_musd.shape[1]
    offer, at = np.nonzero(tables.common_mw)
    common = (tables.site_of_offer[offer] * months + at, offer + layout.totals.start, tables.common_mw[offer, at])
    own_mw = tables.own_mw
    option, at = np.nonzero(own_mw)
    own = (tables.site_of_option[option] * months + at, option + layout.options.start, own_mw[option, at])
    return common, own


def _joined(*blocks: Block) -> Block:
    rows, columns, values = zip(*blocks, strict=True)
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)


def handed_over(arrays: Arrays, presolve: str = "off") -> highspy.Highs:
    """A HiGHS instance that holds the arrays; as for hashlease, without presolve, which is dearer than what it saves here."""
    highs = highspy.Highs()
    for option, value in {**OPTIONS, "presolve": presolve}.items():
        highs.setOptionValue(option, value)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(arrays.cost), len(arrays.row_upper)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = arrays.cost, arrays.lower, arrays.upper
    lp.row_lower_, lp.row_upper_ = arrays.row_lower, arrays.row_upper
    by_column = np.argsort(arrays.column, kind="stable")
    entries = np.bincount(arrays.column, minlength=len(arrays.cost))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(entries)]).astype(np.int32)
    lp.a_matrix_.index_ = arrays.row[by_column].astype(np.int32)
    lp.a_matrix_.value_ = arrays.value[by_column]
    highs.passModel(lp)
    return highs


def optimum(highs: highspy.Highs) -> float:
    """Solve; the objective, USD million."""
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(highs.modelStatusToString(highs.getModelStatus()))
    return float(highs.getInfo().objective_function_value)


def size(highs: highspy.Highs) -> list[int]:
    """[rows, columns, nonzeros]."""
    return [highs.getNumRow(), highs.getNumCol(), highs.getNumNz()]
