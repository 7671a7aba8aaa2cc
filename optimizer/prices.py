"""The duals of a solved program as prices with units: what one more MW, suitable MW or budget dollar is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.months import Array
from .program import Program


@dataclass(frozen=True)
class Prices:
    """Multipliers of the rows; 0 where the program needs no row.

    power [C1], suitable and unreserved [C5]: USD million today per MW, by site, shape (months,).
    budget [C6]: USD today per USD, by year.
    """

    power: dict[str, Array]
    suitable: dict[str, Array]
    unreserved: dict[str, Array]
    budget: dict[int, float]

    def without_negative(self) -> Prices:
        """The same with negative prices set to 0."""
        power, suitable, unreserved = ({site: np.maximum(row, 0.0) for site, row in table.items()} for table in self._of_mw)
        return Prices(power, suitable, unreserved, {year: max(price, 0.0) for year, price in self.budget.items()})

    @property
    def _of_mw(self) -> tuple[dict[str, Array], ...]:
        return self.power, self.suitable, self.unreserved

    @property
    def most_negative(self) -> float:
        """Size of the most negative price, 0 if there is none."""
        rows = [float(np.min(row)) for table in self._of_mw for row in table.values()]
        return max(-min(rows, default=0.0), -min(self.budget.values(), default=0.0), 0.0)

    @property
    def largest(self) -> float:
        rows = [float(np.max(row)) for table in self._of_mw for row in table.values()]
        return max(max(rows, default=0.0), max(self.budget.values(), default=0.0))


def prices_of(program: Program, row_dual: Array) -> Prices:
    """The multipliers of the program's rows by what the rows stand for."""
    calendar = program.values.calendar
    power, suitable, unreserved = ({site.name: np.zeros(calendar.length) for site in program.values.sites} for _ in range(3))
    tables = {"site_power": power, "hpc_suitable": suitable, "unreserved": unreserved}
    budget: dict[int, float] = {}
    for (row, index), dual in zip(program.form.row_names, row_dual.tolist(), strict=True):
        if row in tables:
            tables[row][index[0]][program.position_of_month[index[1]]] = dual
        elif row == "capex_budget":
            budget[index] = dual
    return Prices(power, suitable, unreserved, budget)
