r"""Prices of budgets that sites share, by cutting planes: the plans that each site has listed say where the bound can be lower.

    min  sum_s theta_s + L budget     theta_s >= worth_p - L use_p  for every listed plan p of site s;  L >= 0, near the best so far

Theta_s is what site s is worth apart if it had no other plans; so the optimum is a bound of what prices in reach can achieve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..models.months import Array
from .session import Outcome, Session
from .standard_form import StandardForm

if TYPE_CHECKING:
    from .site_by_site import SiteSearch

PRICE_STEPS, PRICE_STEP = 12, 0.05
"""Prices of the budgets (USD per USD) are moved so often, and by no more than so much from the best ones."""
LARGEST_MUSD = 1e6


def better_prices(sites: Sequence[SiteSearch], budget_musd: Array, near: Array) -> tuple[Array, float]:
    """(prices of the budgets, bound of all sites in USD million that they may achieve at best); `near`: the best ones so far."""
    years, plans = len(near), [(number, plan) for number, site in enumerate(sites) for plan in site.plans]
    table = np.zeros((len(plans), years + len(sites)))
    for at, (number, plan) in enumerate(plans):
        table[at, :years], table[at, years + number] = plan.use_musd, 1.0
    column, row = np.nonzero(table.T)
    count = table.shape[1]
    form = StandardForm(
        cost=-np.concatenate([budget_musd, np.ones(len(sites))]),
        first=np.searchsorted(column, np.arange(count + 1)).astype(np.int32),
        row=row.astype(np.int32),
        value=table.T[column, row],
        row_lower=np.array([plan.worth_musd for _, plan in plans]),
        row_upper=np.full(len(plans), np.inf),
        lower=np.concatenate([np.maximum(near - PRICE_STEP, 0.0), np.full(len(sites), -LARGEST_MUSD)]),
        upper=np.concatenate([near + PRICE_STEP, np.full(len(sites), LARGEST_MUSD)]),
        integer=np.zeros(count, dtype=bool),
        row_names=[("plan", at) for at in range(len(plans))],
        column_names=[("price", at) for at in range(years)] + [("site", at) for at in range(len(sites))],
    )
    solution = Session(form).solve()
    if solution.outcome is not Outcome.OPTIMAL:
        return near, float("inf")
    return solution.x[:years], -solution.objective
