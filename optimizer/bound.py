"""A proved upper bound of a program's value from multipliers of its rows, whatever the solver said.

Every column has finite bounds, so for any multipliers y of the rows

    max { c x : row_lower <= A x <= row_upper, lower <= x <= upper }  <=  sum_i y_i b_i + sum_j max(r_j lower_j, r_j upper_j)

with r = c - A' y and b_i the limit of row i that y_i presses against (a multiplier that presses against no limit counts as 0).
"""

from __future__ import annotations

import numpy as np

from ..models.months import Array
from .standard_form import StandardForm

ROUNDOFFS = 8
"""Rounding errors of the sums are below so many unit roundoffs of the terms' sizes, times the logarithm of their number."""


RAY_SCALES = (1e3, 1e6, -1e3, -1e6)
"""Along a ray the bound falls below every value; the solver's sign and size of it are no promise."""


def safe_bound(form: StandardForm, cost: Array, row_dual: Array, lower: Array, upper: Array) -> float:
    """Upper bound of cost x over the program with these column bounds, in the unit of the costs; rounding is added."""
    usable = np.where(row_dual > 0, np.isfinite(form.row_upper), np.isfinite(form.row_lower))
    y = np.where(usable, row_dual, 0.0)
    limit = np.where(y > 0, form.row_upper, np.where(y < 0, form.row_lower, 0.0))
    column = np.repeat(np.arange(form.columns), np.diff(form.first))
    products = form.value * y[form.row]
    reduced = cost - np.bincount(column, weights=products, minlength=form.columns)
    terms = np.concatenate([y * limit, np.maximum(reduced * lower, reduced * upper)])
    largest = np.maximum(np.abs(lower), np.abs(upper))
    size = np.sum(np.abs(terms)) + np.sum(np.abs(cost) * largest) + np.sum(np.abs(products) * largest[column])
    return float(np.sum(terms) + ROUNDOFFS * np.finfo(float).eps * np.log2(len(terms) + 2) * size)


def proves_no_plan(form: StandardForm, ray: Array | None, lower: Array, upper: Array) -> bool:
    """Whether multipliers of the rows prove that no plan keeps them: at no cost at all, plans would be worth less than 0."""
    if ray is None:
        return False
    nothing = np.zeros(form.columns)
    return min(safe_bound(form, nothing, scale * ray, lower, upper) for scale in RAY_SCALES) < 0
