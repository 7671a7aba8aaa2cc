"""The standard form of a Pyomo model as arrays, by Pyomo's own compiler.

Pyomo hands the matrix over in SciPy's classes; importing SciPy would take longer than the solve. The compiler lets its
matrix classes be replaced, so a small compressed-column class on numpy stands in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.core as pyo
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler, _LinearStandardFormCompiler_impl

from ..models.months import Array

IntArray = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class StandardForm:
    """maximise cost x, row_lower <= A x <= row_upper, lower <= x <= upper, x integer where marked.

    A in compressed columns: the entries of column j are value[first[j]:first[j+1]] in rows row[first[j]:first[j+1]].
    row_names, column_names: (constraint or variable, index), the index a name, a tuple of names, or a year.
    """

    cost: Array
    first: IntArray
    row: IntArray
    value: Array
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array
    integer: np.ndarray[Any, np.dtype[np.bool_]]
    row_names: list[tuple[str, Any]]
    column_names: list[tuple[str, Any]]

    def with_least(self, columns: np.ndarray[Any, Any], least: float) -> StandardForm:
        """The same with one more row: the sum of some columns is at least so much."""
        ends = self.first[1:][columns]
        added = np.zeros(self.columns + 1, dtype=np.int32)
        added[columns + 1] = 1
        return replace(
            self,
            first=(self.first + np.cumsum(added)).astype(np.int32),
            row=np.insert(self.row, ends, self.rows),
            value=np.insert(self.value, ends, 1.0),
            row_lower=np.append(self.row_lower, least),
            row_upper=np.append(self.row_upper, np.inf),
            row_names=[*self.row_names, ("at_least", None)],
        )

    def with_rows(self, rows: dict[int, Array], row_upper: Array, cost: Array) -> StandardForm:
        """The same with other coefficients of some rows (by position; of all columns, shape (columns,)), limits and costs."""
        column = np.repeat(np.arange(self.columns), np.diff(self.first))
        kept = ~np.isin(self.row, list(rows))
        columns, numbers, values = [column[kept]], [self.row[kept]], [self.value[kept]]
        for number, coefficients in rows.items():
            used = np.flatnonzero(coefficients)
            columns.append(used)
            numbers.append(np.full(len(used), number, dtype=self.row.dtype))
            values.append(coefficients[used])
        all_columns, all_rows, all_values = (np.concatenate(parts) for parts in (columns, numbers, values))
        order = np.lexsort((all_rows, all_columns))
        first = np.zeros(self.columns + 1, dtype=np.int32)
        np.cumsum(np.bincount(all_columns, minlength=self.columns), out=first[1:])
        row, value = all_rows[order].astype(np.int32), np.asarray(all_values[order], dtype=float)
        return replace(self, first=first, row=row, value=value, row_upper=row_upper, cost=cost)

    @property
    def rows(self) -> int:
        return len(self.row_upper)

    @property
    def columns(self) -> int:
        return len(self.cost)


class _Columns:
    """Compressed columns: what Pyomo's compiler asks of scipy.sparse.csc_array, no more."""

    def __init__(self, parts: tuple[Any, Any, Any], shape: Sequence[int]) -> None:
        self.data, self.indices, self.indptr = parts
        self.shape = tuple(shape)

    def sum_duplicates(self) -> None:
        """A linear expression of distinct columns has no duplicates."""

    def eliminate_zeros(self) -> None:
        """Zeros are harmless to the solver."""


class _Rows:
    """Compressed rows that can turn into compressed columns."""

    def __init__(self, parts: tuple[Any, Any, Any], shape: Sequence[int]) -> None:
        self.data, self.indices, self.indptr = (np.asarray(part) for part in parts)
        self.shape = tuple(shape)

    def tocsc(self) -> _Columns:
        rows, columns = self.shape
        order = np.argsort(self.indices, kind="stable")
        row = np.repeat(np.arange(rows, dtype=np.int32), np.diff(self.indptr))[order]
        first = np.zeros(columns + 1, dtype=np.int32)
        np.cumsum(np.bincount(self.indices, minlength=columns), out=first[1:])
        return _Columns((self.data[order], row, first), self.shape)


class _Compiler(_LinearStandardFormCompiler_impl):  # type: ignore[misc]
    """Pyomo's compiler with the matrix classes above; its own constructor would import SciPy."""

    def __init__(self, config: Any) -> None:
        self.config = config

    _to_vector = staticmethod(np.fromiter)
    _csc_matrix = _Columns
    _csr_matrix = _Rows


def compile_standard_form(model: pyo.ConcreteModel, columns: list[Any]) -> StandardForm:
    """The model's arrays with the columns in the given order (every column must appear in the model)."""
    config = LinearStandardFormCompiler().config({"mixed_form": True, "set_sense": pyo.maximize, "column_order": columns})
    info = _Compiler(config).write(model)
    if len(info.columns) != len(columns):
        raise AssertionError("a column of the program appears in no row and earns nothing")
    rhs = np.array([float(bound) for bound in info.rhs])
    sense = np.array([row.bound_type for row in info.rows])
    cost = np.zeros(len(columns))
    cost[np.repeat(np.arange(len(columns)), np.diff(info.c.indptr))] = info.c.data
    return StandardForm(
        cost=cost,
        first=info.A.indptr,
        row=info.A.indices,
        value=info.A.data,
        row_lower=np.where(sense <= 0, rhs, -np.inf),
        row_upper=np.where(sense >= 0, rhs, np.inf),
        lower=np.array([column.lb for column in info.columns], dtype=float),
        upper=np.array([column.ub for column in info.columns], dtype=float),
        integer=np.array([column.is_integer() for column in info.columns], dtype=bool),
        row_names=[(row.constraint.parent_component().local_name, row.constraint.index()) for row in info.rows],
        column_names=[(column.parent_component().local_name, column.index()) for column in info.columns],
    )
