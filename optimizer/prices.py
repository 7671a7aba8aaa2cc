"""The duals of a solved program as prices with units: what one more MW, suitable MW or budget dollar is worth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..models.months import Array
from .block_rows import BLOCK_LOAD
from .cap_rows import ENERGY_CAP
from .money_rows import CASH_FLOOR
from .policy_rules import POLICY_FAMILIES
from .program import Program


@dataclass(frozen=True)
class Prices:
    """Multipliers of the rows; 0 where the program needs no row.

    power [C1], suitable and unreserved [C5]: USD million today per MW, by site, shape (months,).
    budget, cumulative, cash [C6]: USD today per USD, by year: of that year's budget, of what may be spent by its end, and of cash
    in hand at its end.
    exclusive [C4]: USD million today, by group. prerequisite [C4]: USD million today, by offer and date.
    policy [C5], [C7]: USD million today per unit by which the rule is eased (an upper limit raised, a lower one lowered), by family
    and name of the rule, shape (months,).
    load [V3]: USD million today per MW of load that may use blocks through a band of hours, by site, shape (bands,).
    energy [V3]: USD million today per GWh of an energy cap, by site and year.
    """

    power: dict[str, Array]
    suitable: dict[str, Array]
    unreserved: dict[str, Array]
    budget: dict[int, float]
    cumulative: dict[int, float] = field(default_factory=dict)
    cash: dict[int, float] = field(default_factory=dict)
    exclusive: dict[str, float] = field(default_factory=dict)
    prerequisite: dict[tuple[str, str], float] = field(default_factory=dict)
    policy: dict[tuple[str, str], Array] = field(default_factory=dict)
    load: dict[str, Array] = field(default_factory=dict)
    energy: dict[tuple[str, int], float] = field(default_factory=dict)

    def of_dollar(self, years: list[int]) -> Array:
        """What a dollar spent on offers in each of these years uses of the budgets, USD today, shape (years,)."""
        return np.array(
            [self.budget.get(year, 0.0) + sum(price for end, price in self.cumulative.items() if end >= year) for year in years]
        )

    def of_cash(self, years: list[int]) -> Array:
        """What a dollar of cash that comes in each of these years is worth by the floors, USD today, shape (years,)."""
        return np.array([sum(price for end, price in self.cash.items() if end >= year) for year in years])

    def without_negative(self) -> Prices:
        """The same with negative prices set to 0."""
        power, suitable, unreserved = ({site: np.maximum(row, 0.0) for site, row in table.items()} for table in self._of_mw)
        budget, cumulative, cash = ({year: max(price, 0.0) for year, price in table.items()} for table in self._of_money)
        exclusive = {group: max(price, 0.0) for group, price in self.exclusive.items()}
        prerequisite = {key: max(price, 0.0) for key, price in self.prerequisite.items()}
        policy = {key: np.maximum(row, 0.0) for key, row in self.policy.items()}
        load = {site: np.maximum(row, 0.0) for site, row in self.load.items()}
        energy = {key: max(price, 0.0) for key, price in self.energy.items()}
        return Prices(power, suitable, unreserved, budget, cumulative, cash, exclusive, prerequisite, policy, load, energy)

    @property
    def _of_money(self) -> tuple[dict[int, float], ...]:
        return self.budget, self.cumulative, self.cash

    def dearer(self, budget: dict[int, float]) -> Prices:
        """The same with prices added to those of the budgets, by year; negative ones count as 0 before."""
        if not budget:
            return self
        added = {year: max(self.budget.get(year, 0.0), 0.0) + price for year, price in budget.items()}
        return replace(self, budget={**self.budget, **added})

    @property
    def _of_mw(self) -> tuple[dict[str, Array], ...]:
        return self.power, self.suitable, self.unreserved

    @property
    def most_negative(self) -> float:
        """Size of the most negative price, 0 if there is none."""
        rows = [float(np.min(row)) for table in self._of_mw for row in table.values()]
        rows += [float(np.min(row, initial=0.0)) for row in (*self.policy.values(), *self.load.values())]
        single = [*(price for table in self._of_money for price in table.values()), *self.of_offers, *self.energy.values()]
        return max(-min(rows, default=0.0), -min(single, default=0.0), 0.0)

    @property
    def of_offers(self) -> list[float]:
        """[C4] Prices per offer, USD million."""
        return [*self.exclusive.values(), *self.prerequisite.values()]

    @property
    def largest(self) -> float:
        rows = [float(np.max(row)) for table in self._of_mw for row in table.values()]
        dollars = [max(self.budget.values(), default=0.0), *(max(price, 0.0) for price in self.cumulative.values())]
        return max(max(rows, default=0.0), sum(dollars))


def prices_of(program: Program, row_dual: Array) -> Prices:
    """The multipliers of the program's rows by what the rows stand for."""
    calendar = program.values.calendar
    power, suitable, unreserved = ({site.name: np.zeros(calendar.length) for site in program.values.sites} for _ in range(3))
    tables = {"site_power": power, "hpc_suitable": suitable, "unreserved": unreserved}
    budget: dict[int, float] = {}
    cumulative: dict[int, float] = {}
    cash: dict[int, float] = {}
    exclusive: dict[str, float] = {}
    prerequisite: dict[tuple[str, str], float] = {}
    policy: dict[tuple[str, str], Array] = {}
    bands = {use.site: use.position_of_band for use in program.values.block_uses}
    # A band without a row is one without load: blocks that cannot be used are worth nothing there at their own price.
    load = {use.site: np.max(use.gain_musd, axis=0, initial=0.0) for use in program.values.block_uses}
    energy: dict[tuple[str, int], float] = {}
    for (row, index), dual in zip(program.form.row_names, row_dual.tolist(), strict=True):
        if row in tables:
            tables[row][index[0]][program.position_of_month[index[1]]] = dual
        elif row == "capex_budget":
            budget[index] = dual
        elif row == "cumulative_budget":
            cumulative[index] = dual
        elif row == CASH_FLOOR:
            cash[index] = dual
        elif row == "exclusive":
            exclusive[index] = dual
        elif row == "prerequisite":
            prerequisite[index] = dual
        elif row == ENERGY_CAP:
            energy[index[0], index[1]] = dual
        elif row == BLOCK_LOAD:
            load[index[0]][bands[index[0]][program.position_of_month[index[1]], index[2]]] = dual
        elif row in POLICY_FAMILIES:
            prices = policy.setdefault((row, index[0]), np.zeros(calendar.length))
            prices[program.position_of_month[index[1]]] = dual if row.endswith("at_most") else 0.0 - dual
    return Prices(power, suitable, unreserved, budget, cumulative, cash, exclusive, prerequisite, policy, load, energy)
