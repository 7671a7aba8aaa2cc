"""Every figure of the workbook computed with numpy: the values that its formulas carry, and what they are tested against.

Money in USD million unless a name says otherwise. Arrays of months have shape (..., months), of plans (plans, ...).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...models.months import Array
from ...models.values import USD_PER_MUSD
from ...optimizer.ledger_lines import Kind, When
from ...optimizer.plan_terms import CashRow, PlanTerms, Scales
from .choices import BEST, CURVES, Choices

DIGITS = 8
"""Values are compared after rounding to so many digits of a USD million, so that plans of equal worth tie."""
SHARE_DIGITS = 12
"""A sum of flows, of their size, counts as nothing below so many digits."""
STEEPER = 1e-9
"""Slopes by the rent that differ by less are the same, M USD for each unit of the multiplier."""
DISCOUNTS = ("live", "low", "high", "base")
"""Discount rates at which rows are valued: as typed, lowered and raised by the tornado's swing, and the scenario's own."""
SCALES: tuple[Scales, ...] = ("fixed", "rent", "power")
MOST_CASE_CELLS = 36_000
FEWEST_POINTS, MOST_POINTS = 5, 21
RENT_POINTS = 15
HALVINGS = 60
"""Of the interval that holds the monthly rate of return, 0 to 1."""

Group = tuple[Kind, When]


@dataclass(frozen=True)
class Case:
    """Prices at which the plans are valued once more: multipliers, and which discount rate."""

    name: str
    hashprice: float
    rent: float
    power: float
    discount: str = "live"
    curved: bool = True
    """Whether the yearly curves apply; they do not to the scenario as the program had it."""

    @property
    def moves_machines(self) -> bool:
        """Whether the fleets must be valued anew: at another rent they are worth the same."""
        return not self.name.startswith("rent")


class Shadow:
    """All figures at given choices."""

    def __init__(self, terms: PlanTerms, choices: Choices, status_quo: int) -> None:
        """status_quo: number of the plan (from 0) that takes no offer."""
        self.terms, self.choices, self.status_quo = terms, choices, status_quo
        self.calendar = terms.calendar
        self.months, self.plans = self.calendar.length, len(terms.decisions)
        self.x = {factor: choices.live(factor) for factor in ("hashprice", "rent", "power", "discount")}
        years = self.calendar.year_of_month
        self.curve: dict[str, Array] = {name: np.array(choices.curve(name, years.tolist()), dtype=float) for name in CURVES}

    # --- points and cases --------------------------------------------------------------------------------------------------

    @cached_property
    def points(self) -> int:
        """Points of the lines of hashprices and power prices: fewer where there are many fleets and months."""
        return int(np.clip(MOST_CASE_CELLS // max(len(self.terms.fleets) * self.months, 1) // 2, FEWEST_POINTS, MOST_POINTS))

    def axis(self, name: str) -> Array:
        """The points of an axis."""
        low, high = self.choices.axes[name]
        points = RENT_POINTS if name == "rent" else self.points
        step = (high - low) / (points - 1)
        found: Array = low + step * np.arange(points, dtype=float)
        return found

    @cached_property
    def cases(self) -> list[Case]:
        """The scenario as it is, the tornado's prices, and the points of the three lines."""
        h, r, p, swing = self.x["hashprice"], self.x["rent"], self.x["power"], self.choices.swings
        found = [Case("base", 1.0, 1.0, 1.0, "base", curved=False)]
        for end, sign in (("low", -1.0), ("high", 1.0)):
            found += [
                Case(f"hashprice {end}", h * (1 + sign * swing["hashprice"]), r, p),
                Case(f"rent {end}", h, r * (1 + sign * swing["rent"]), p),
                Case(f"power {end}", h, r, p * (1 + sign * swing["power"])),
                Case(f"discount {end}", h, r, p, end),
            ]
        found += [Case(f"hashprice {n + 1}", at, r, p) for n, at in enumerate(self.axis("hashprice").tolist())]
        found += [Case(f"rent {n + 1}", h, at, p) for n, at in enumerate(self.axis("rent").tolist())]
        return found + [Case(f"power {n + 1}", h, r, at) for n, at in enumerate(self.axis("power").tolist())]

    def case_number(self, name: str) -> int:
        return next(number for number, case in enumerate(self.cases) if case.name == name)

    # --- time and money ----------------------------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> list[Group]:
        """Kinds of cash and days on which it falls, mining first."""
        first: Group = ("mining", "middle")
        return list(dict.fromkeys([first, *((row.kind, row.when) for row in self.terms.rows)]))

    def discount(self, which: str) -> float:
        """Multiplier of the discount rates."""
        swing = self.choices.swings["discount"]
        return {"base": 1.0, "live": self.x["discount"]}.get(
            which, self.x["discount"] * (1 + (swing if which == "high" else -swing))
        )

    def factor(self, group: Group, which: str) -> Array:
        return self.terms.factor(*group, self.discount(which))

    def multiplier(self, name: str) -> Array:
        """In force in each month."""
        return self.x[name] * self.curve[name]

    # --- mining ------------------------------------------------------------------------------------------------------------

    @cached_property
    def kept_fraction(self) -> float:
        return 1.0 - self.terms.scenario.finance.tax_rate

    def fleet(self, k: int, hashprice: Array, power: Array) -> tuple[Array, Array, Array, Array]:
        """(break-even USD/MWh, hours run, energy USD, margin USD) of one MW of a fleet, by month."""
        fleet = self.terms.fleets[k]
        even = hashprice * fleet.revenue_usd_per_mwh * (1 - fleet.pool_fee_fraction) - fleet.variable_usd_per_mwh
        _, price, hours = self.terms.zones[fleet.zone]
        if fleet.fixed_usd_per_mwh is not None:
            runs = np.where(fleet.fixed_usd_per_mwh < even, hours.sum(axis=1), 0.0)
            energy = runs * fleet.fixed_usd_per_mwh
        else:
            cost = price * power[:, np.newaxis] + fleet.adder_usd_per_mwh
            running = np.where(cost < even[:, np.newaxis], hours, 0.0)
            runs, energy = running.sum(axis=1), (running * cost).sum(axis=1)
        runs, energy = runs * fleet.uptime_fraction, energy * fleet.uptime_fraction
        return even, runs, energy, even * runs - energy - fleet.fixed_usd_per_mw_month - fleet.charge_usd_per_mw

    @cached_property
    def mining(self) -> list[tuple[Array, Array, Array, Array]]:
        return [self.fleet(k, self.multiplier("hashprice"), self.multiplier("power")) for k in range(len(self.terms.fleets))]

    @cached_property
    def mining_value(self) -> Array:
        """[fleets, months] USD million per MW, after tax, discounted, where it is a gain."""
        return self._valued(np.array([margin for _, _, _, margin in self.mining]), "live")

    def case_value(self, case: Case) -> Array:
        """[fleets, months] the same at a case's prices."""
        ones = np.ones(self.months)
        h, p = (self.curve[name] if case.curved else ones for name in ("hashprice", "power"))
        margins = [self.fleet(k, case.hashprice * h, case.power * p)[3] for k in range(len(self.terms.fleets))]
        return self._valued(np.array(margins), case.discount)

    @cached_property
    def case_values(self) -> Array:
        """[cases, fleets, months]; those of a case that moves no machines are the values now."""
        return np.array([self.case_value(case) if case.moves_machines else self.mining_value for case in self.cases])

    def _valued(self, margins: Array, discount: str) -> Array:
        shaped = margins.reshape(len(self.terms.fleets), self.months)
        found: Array = np.maximum(shaped, 0.0) * self.kept_fraction * self.factor(("mining", "middle"), discount) / USD_PER_MUSD
        return found

    # --- leases and standing cash ------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> list[CashRow]:
        """By item, then by option, standing cash last."""
        items = list(dict.fromkeys(row.item for row in self.terms.rows))
        last = len(self.terms.options)
        return sorted(self.terms.rows, key=lambda row: (items.index(row.item), row.option if row.option >= 0 else last))

    def row_value(self, row: CashRow, which: str) -> float:
        """USD million per MW of the option at a multiplier of 1 (the yearly curves apply but at base)."""
        usd = row.usd * self.factor((row.kind, row.when), which)
        if row.scales != "fixed" and which != "base":
            usd = usd * self.curve[row.scales]
        return float(usd.sum()) / USD_PER_MUSD

    @cached_property
    def row_values(self) -> Array:
        """[rows, discounts]."""
        return np.array([[self.row_value(row, which) for which in DISCOUNTS] for row in self.rows]).reshape(-1, len(DISCOUNTS))

    @cached_property
    def option_values(self) -> Array:
        """[options and standing cash last, discounts, scales] USD million per MW."""
        found = np.zeros((len(self.terms.options) + 1, len(DISCOUNTS), len(SCALES)))
        for row, values in zip(self.rows, self.row_values, strict=True):
            found[row.option, :, SCALES.index(row.scales)] += values
        return found

    @cached_property
    def option_now(self) -> Array:
        """[options and standing cash last] USD million per MW at the prices typed."""
        found: Array = self.option_values[:, 0, :] @ np.array([1.0, self.x["rent"], self.x["power"]])
        return found

    @cached_property
    def lease_values(self) -> Array:
        """[plans, discounts, scales] of options and standing cash."""
        mw = np.column_stack([self.terms.option_mw, np.ones(self.plans)])
        return np.tensordot(mw, self.option_values, axes=1)

    # --- plans -------------------------------------------------------------------------------------------------------------

    @cached_property
    def mining_npv(self) -> Array:
        """[plans] at the prices typed."""
        return self._of_machines(self.mining_value)

    def _of_machines(self, value: Array) -> Array:
        found: Array = self.terms.machines_mw.reshape(self.plans, -1) @ value.ravel()
        return found

    @cached_property
    def npv(self) -> Array:
        """[plans]."""
        return self._npv(self.mining_npv, "live", self.x["rent"], self.x["power"])

    def _npv(self, mining: Array, which: str, rent: float, power: float) -> Array:
        fixed, of_rent, of_power = self.lease_values[:, DISCOUNTS.index(which)].T
        found: Array = mining + fixed + rent * of_rent + power * of_power
        return found

    @cached_property
    def case_mining(self) -> Array:
        """[plans, cases] value of the machines."""
        return np.array([self._of_machines(value) for value in self.case_values]).reshape(len(self.cases), -1).T

    @cached_property
    def case_npv(self) -> Array:
        """[plans, cases], rounded, so that plans of equal worth tie."""
        columns = [self._npv(self.case_mining[:, n], case.discount, case.rent, case.power) for n, case in enumerate(self.cases)]
        return np.round(np.array(columns).reshape(len(self.cases), -1).T, DIGITS)

    @cached_property
    def ranked(self) -> Array:
        """[plans] what plans are ranked by."""
        return np.round(self.npv, DIGITS)

    @cached_property
    def rank(self) -> list[int]:
        """1 for the best; of equals the first in the list."""
        order = sorted(range(self.plans), key=lambda plan: (-self.ranked[plan], plan))
        found = [0] * self.plans
        for place, plan in enumerate(order):
            found[plan] = place + 1
        return found

    @cached_property
    def best(self) -> int:
        """Number of the best plan, from 0."""
        return self.rank.index(1)

    @cached_property
    def shown(self) -> int:
        """Number of the plan that is shown, from 0."""
        return self.best if self.choices.plan == BEST else self.terms.ids.index(self.choices.plan)

    # --- where another plan wins -------------------------------------------------------------------------------------------

    def points_of(self, name: str) -> int:
        return RENT_POINTS if name == "rent" else self.points

    def line_npv(self, name: str) -> Array:
        """[plans, points] along an axis through the prices typed."""
        first = self.case_number(f"{name} 1")
        return self.case_npv[:, first : first + self.points_of(name)]

    @cached_property
    def rent_edges(self) -> Array:
        """[plans, 2] multiplier of the rent from which a plan beats the best one, above and below; NaN where it never does."""
        of_rent, best = self.lease_values[:, 0, SCALES.index("rent")], self.best
        found = np.full((self.plans, 2), np.nan)
        for plan in range(self.plans):
            steeper = of_rent[plan] - of_rent[best]
            if abs(steeper) > STEEPER:
                edge = self.x["rent"] + (self.npv[best] - self.npv[plan]) / steeper
                found[plan, 0 if steeper > 0 else 1] = edge
        return found

    # --- the map -----------------------------------------------------------------------------------------------------------

    @cached_property
    def map_values(self) -> Array:
        """[rent points, plans, hashprice points], rounded."""
        first = self.case_number("hashprice 1")
        mining = self.case_mining[:, first : first + self.points]
        fixed, of_rent, of_power = self.lease_values[:, 0].T
        found = [
            mining + (fixed + rent * of_rent + self.x["power"] * of_power)[:, np.newaxis] for rent in self.axis("rent").tolist()
        ]
        return np.round(np.array(found), DIGITS)

    # --- the plan shown, month by month ------------------------------------------------------------------------------------

    @cached_property
    def machines(self) -> Array:
        """[fleets, months] MW that the plan shown keeps for each fleet."""
        found: Array = self.terms.machines_mw[self.shown]
        return found

    def running_of(self, plan: int) -> Array:
        """[fleets, months] MW of a plan that run, in months in which that is a gain."""
        gains = np.array([margin > 0 for _, _, _, margin in self.mining]).reshape(len(self.terms.fleets), self.months)
        return np.where(gains, self.terms.machines_mw[plan], 0.0)

    def row_usd(self, row: CashRow) -> Array:
        """USD of one MW in each month at the prices typed."""
        return row.usd if row.scales == "fixed" else row.usd * self.multiplier(row.scales)

    def mw_of(self, row: CashRow, plan: int) -> float:
        """MW of a plan that a row is multiplied by."""
        return 1.0 if row.option < 0 else float(self.terms.option_mw[plan, row.option])

    def mining_cash(self, plan: int) -> dict[str, Array]:
        """USD by item and month."""
        running, fleets = self.running_of(plan), self.terms.fleets
        total = dict.fromkeys(
            ("mining_revenue", "pool_fee", "mining_power", "mining_variable_opex", "mining_fixed_opex", "mining_demand_charge"),
            np.zeros(self.months),
        )
        for k, fleet in enumerate(fleets):
            _, runs, energy, _ = self.mining[k]
            earned = self.multiplier("hashprice") * fleet.revenue_usd_per_mwh * runs
            amounts = {
                "mining_revenue": earned,
                "pool_fee": -earned * fleet.pool_fee_fraction,
                "mining_power": -energy,
                "mining_variable_opex": -runs * fleet.variable_usd_per_mwh,
                "mining_fixed_opex": np.full(self.months, -fleet.fixed_usd_per_mw_month),
                "mining_demand_charge": -fleet.charge_usd_per_mw,
            }
            total = {item: usd + running[k] * amounts[item] for item, usd in total.items()}
        return total

    def cash(self, plan: int) -> dict[str, Array]:
        """USD by item and month of a plan; the tax on mining as an item of its own."""
        found = self.mining_cash(plan)
        found["income_tax_mining"] = -(1 - self.kept_fraction) * sum(found.values(), np.zeros(self.months))
        for row in self.rows:
            found[row.item] = found.get(row.item, np.zeros(self.months)) + self.mw_of(row, plan) * self.row_usd(row)
        return found

    def net_cash(self, plan: int) -> Array:
        """USD by month."""
        return sum(self.cash(plan).values(), np.zeros(self.months))

    def cash_of_group(self, group: Group) -> Array:
        """USD by month of the plan shown that is discounted alike, after tax."""
        total = np.zeros(self.months)
        if group == ("mining", "middle"):
            total = total + self.kept_fraction * sum(self.mining_cash(self.shown).values(), np.zeros(self.months))
        for row in self.rows:
            if (row.kind, row.when) == group:
                total = total + self.mw_of(row, self.shown) * self.row_usd(row)
        return total

    @cached_property
    def extra(self) -> Array:
        """USD by month that the plan shown brings over the status quo."""
        return self.net_cash(self.shown) - self.net_cash(self.status_quo)


def yearly(years: Sequence[int], year_of_month: np.ndarray[Any, Any], monthly: Array) -> Array:
    """Sums of a monthly array over calendar years."""
    return np.array([float(monthly[year_of_month == year].sum()) for year in years])
