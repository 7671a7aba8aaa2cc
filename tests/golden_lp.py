"""A program in the LP format of CPLEX, line by line and with every name, so that a change of formulation shows as a diff.

One file for each constraint family (a constraint of the Pyomo model) and one for columns and objective. A file of a family holds
its rows with their exact coefficients; `columns` holds the value of every column, its bounds, and which ones are whole. Together
they are the program (`whole_program`), which HiGHS reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyomo.core as pyo
from hashlease.optimizer.program import Program

COLUMNS = "columns"
MONEY_DIGITS = 12
"""Digits of a column's value: discount factors are powers, whose last digits differ between machines."""


def families(program: Program) -> list[str]:
    """The constraint families of a program's model, with rows or without."""
    return sorted(family.local_name for family in program.model.component_objects(pyo.Constraint))


def family_text(program: Program, family: str) -> str:
    """The rows of one family."""
    return "\n".join(["maximize", "subject to", *_rows(program, [family]), "end", ""])


def columns_text(program: Program) -> str:
    """Value, bounds and kind of every column."""
    return "\n".join([*_objective(program), *_bounds(program), "end", ""])


def whole_program(program: Program) -> str:
    """Everything as one file."""
    return "\n".join([*_objective(program), "subject to", *_rows(program, families(program)), *_bounds(program), "end", ""])


def name_of(variable: str, index: Any) -> str:
    """A name that the format allows: `site_power(North,2026_01)`."""
    parts = index if isinstance(index, tuple) else () if index is None else (index,)
    inner = ",".join(re.sub(r"[^A-Za-z0-9_.]", "_", str(part)) for part in parts)
    return f"{variable}({inner})" if inner else variable


def _columns(program: Program) -> list[str]:
    return [name_of(*name) for name in program.form.column_names]


def _objective(program: Program) -> Iterator[str]:
    yield "maximize"
    yield " npv_musd:"
    for name, value in zip(_columns(program), program.form.cost.tolist(), strict=True):
        if value:
            yield f"  {_signed(float(f'{value:.{MONEY_DIGITS}g}'))} {name}"


def _rows(program: Program, wanted: Iterable[str]) -> Iterator[str]:
    form, columns, wanted = program.form, _columns(program), list(wanted)
    column_of = np.repeat(np.arange(form.columns), np.diff(form.first))
    for row, (family, index) in enumerate(form.row_names):
        if family not in wanted:
            continue
        yield f" {name_of(family, index)}:"
        for entry in np.flatnonzero(form.row == row).tolist():
            if form.value[entry]:
                yield f"  {_signed(form.value[entry])} {columns[column_of[entry]]}"
        least, most = float(form.row_lower[row]), float(form.row_upper[row])
        yield f"  = {most!r}" if least == most else f"  <= {most!r}" if np.isinf(least) else f"  >= {least!r}"
        assert least == most or np.isinf(least) or np.isinf(most), "a row with two limits needs two lines"


def _bounds(program: Program) -> Iterator[str]:
    form, columns = program.form, _columns(program)
    yield "bounds"
    for name, least, most in zip(columns, form.lower.tolist(), form.upper.tolist(), strict=True):
        yield f" {name} = {most!r}" if least == most else f" {least!r} <= {name} <= {most!r}"
    whole = [name for name, integer in zip(columns, form.integer.tolist(), strict=True) if integer]
    if whole:
        yield "general"
        yield from (f" {name}" for name in whole)


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'} {abs(float(value))!r}"
