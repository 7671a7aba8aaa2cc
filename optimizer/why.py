"""Why the plan decides as it does: every offer, fleet, offer of machines and expansion, every limit that binds; by exact solves.

For each offer and fleet, taken or not: the rule that binds in words, what would have to change for the decision to flip (rent,
hashprice, capex, start), and by how much the plan's value falls if the opposite is forced. For each limit that binds: what one more
unit of it is worth, and from where to where that price holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..errors import InputError, Problem
from ..models.names import slug
from ..models.refusal import nearest
from ..models.scenario import Scenario
from ..models.values import USD_PER_MUSD, Values
from .certificate import Certifier
from .decisions import Decisions
from .diagnosis import NoPlanError
from .expansion_reasons import ExpansionReasons
from .expansion_table import expansions_of_rows
from .fleet_reasons import FleetReasons
from .flips import Flips
from .machine_reasons import MachineReasons
from .machine_table import machines_of_rows
from .optimise import Optimiser, SolverError
from .plan import Plan, plain
from .price_ranges import binding_limits, count_binding
from .prices import prices_of
from .reasons import Worth, obstacle, smallest_mw, worth_of_offer
from .solve import solve
from .tables import Row

WHY_SCHEMA_VERSION = 1
MOST_LIMITS = 24
SAME_SHARE = 1e-9
SMALLEST_USD = 0.5
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Why:
    """The reasons of a plan.

    uses: a row an offer, fleet, offer of machines and expansion (kind, site, name, decision, taken_mw, of_mw, rule, why, opposite,
    opposite_costs_usd, flips). opposite_costs_usd: None where no plan can do the opposite. flips: input, unit, today, to (None:
    nothing in reach), then.
    limits: binding limits, the most valuable first; limits_in_all: how many there are.
    """

    plan: Plan = field(repr=False)
    uses: list[Row]
    limits: list[Row]
    limits_in_all: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data, every number finite or null."""
        found: dict[str, Any] = plain(
            {
                "schema": WHY_SCHEMA_VERSION,
                "scenario": self.plan.scenario.name,
                "verdict": self.plan.verdict,
                "npv_usd": self.plan.npv_usd,
                "uses": self.uses,
                "limits": self.limits,
                "limits_in_all": self.limits_in_all,
            }
        )
        return found


def why(
    scenario: Scenario, name: str | None = None, most_limits: int | None = MOST_LIMITS, progress: Progress | None = None
) -> Why:
    """Reasons for every offer, fleet, offer of machines and expansion (or the one of that name), and for the limits that bind
    (most_limits None: all of them).

    Raises InputError for a name that is none of these, NoPlanError where the scenario has no plan, SolverError where the
    plan is not proved.
    """
    if most_limits is not None and most_limits < 0:
        raise InputError([Problem("why", "most", f"{most_limits}", "0 or more")])
    wanted = None if name is None else _named(scenario, name)
    plan = solve(scenario, progress)
    if not plan.is_final:
        if plan.exit_code == 3:
            raise NoPlanError(list(plan.conflicts))
        raise SolverError("; ".join(plan.conflicts) or plan.verdict)
    asked = _Asked(scenario, plan, progress or (lambda step, done, of: None))
    return Why(
        plan,
        asked.uses(wanted),
        binding_limits(asked.optimiser, most_limits, progress),
        count_binding(asked.optimiser),
    )


def _named(scenario: Scenario, name: str) -> str:
    names = [*(lease.name for lease in scenario.leases), *(fleet.name for fleet in scenario.fleets)]
    names += [*(offer.name for offer in scenario.machine_offers), *(move.name for move in scenario.machine_moves)]
    names += [expansion.name for _, expansion in scenario.expansions]
    found = next((known for known in names if name in (known, slug(known))), None)
    if found is None:
        raise InputError([Problem("why", "offer", f'"{name}"', f"one of: {'; '.join(names)}", nearest(name, names))])
    return found


class _Asked:
    """One solved scenario, and the questions about its uses."""

    def __init__(self, scenario: Scenario, plan: Plan, progress: Progress) -> None:
        self.plan, self.progress = plan, progress
        self.optimiser = Optimiser(Values(scenario))
        self.values, program = self.optimiser.values, self.optimiser.program
        self.certifier = Certifier(self.values, program.form)
        self.best = self.optimiser.solve()
        relaxation = self.optimiser.solve(relaxed=True)
        assert relaxation.row_dual is not None
        self.prices = prices_of(program, relaxation.row_dual)
        self.flips = Flips(scenario)

    def uses(self, wanted: str | None) -> list[Row]:
        offers = [number for number, offer in enumerate(self.values.offers) if wanted in (None, offer.offer.name)]
        choices = self.values.machine_choices
        on_offer = {choice.name for choice in choices if choice.kind != "sell"}
        fleets = [k for k, fleet in enumerate(self.values.fleets) if wanted in (None, fleet.name) and fleet.name not in on_offer]
        rows = []
        for at, number in enumerate(offers):
            self.progress("offers", at, len(offers))
            rows.append(self._offer(number))
        reasons = FleetReasons(self.optimiser, self.certifier, self._decisions(), self.prices)
        for at, k in enumerate(fleets):
            self.progress("fleets", at, len(fleets))
            rows.append(reasons.row(k))
        table = self.plan.rows["machines"]
        machines = MachineReasons(self.optimiser, self.certifier, self._decisions(), self.prices, table)
        for number, choice in enumerate(choices):
            self.progress("machines", number, len(choices))
            if wanted in (None, choice.name):
                rows.append(machines.row(number))
        table = self.plan.rows["expansions"]
        expansions = ExpansionReasons(self.optimiser, self.certifier, self._decisions(), self.prices, table)
        for at, row in enumerate(table):
            self.progress("expansions", at, len(table))
            if wanted in (None, row["name"]):
                rows.append(expansions.row_of(row["name"]))
        if self.optimiser.program.prices_in_rows:  # other prices are other rows: money_rows.py
            for row in rows:
                row["flips"] = [flip for flip in row["flips"] if flip["input"] in ("capex", "start") and flip["to"] is not None]
        return rows

    def _decisions(self) -> Decisions:
        """The decisions of the plan itself, from its tables."""
        place = {str(month): t for t, month in enumerate(self.values.calendar.months)}
        number = {fleet.name: k for k, fleet in enumerate(self.values.fleets)}
        mining = np.zeros_like(self.values.available_mw)
        for row in self.plan.rows["allocation"]:
            if row["use"] == "mining":
                mining[number[row["name"]], place[row["period"]]] = row["mw"]
        machines = machines_of_rows(self.values, self.plan.rows["machines"])
        return Decisions(mining, (), machines, expansions_of_rows(self.values, self.plan.rows["expansions"]))

    def _offer(self, number: int) -> Row:
        offer = self.values.offers[number].offer
        row = next(row for row in self.plan.rows["leases"] if row["offer"] == offer.name)
        taken, of = float(row["critical_mw"]), float(row["offered_critical_mw"])
        decision = (
            "signed" if offer.status == "signed" else "not taken" if not taken else "in part" if taken < of - 1e-6 else "taken"
        )
        opposite, costs = self._opposite(number, row)
        return {
            "kind": "offer",
            "site": offer.site,
            "name": offer.name,
            "decision": decision,
            "taken_mw": taken,
            "of_mw": of,
            "rule": "signed" if offer.status == "signed" else self._rule(number, taken, of),
            "why": row["reason"],
            "opposite": opposite,
            "opposite_costs_usd": costs,
            "flips": self._flips(number, row),
        }

    def _rule(self, number: int, taken_mw: float, of_mw: float) -> str:
        amounts = self.best.x[self.optimiser.program.columns_of_offer(number)] if taken_mw else np.zeros(1)
        worth = worth_of_offer(self.certifier, self.prices, number, amounts)
        return _rule(taken_mw, of_mw, worth, not taken_mw and bool(obstacle(self.certifier, number)))

    def _opposite(self, number: int, row: Row) -> tuple[str, float | None]:
        """The opposite, and by how much the plan is worth less with it, by solving again; all of it first, then the least of it."""
        lease = self.values.offers[number].offer
        if row["critical_mw"]:
            return "without it", _finite(float(row["worth_usd"]))
        for words, mw in (
            ("with all of it", lease.critical_it_mw),
            (f"with {smallest_mw(lease):,.6g} MW of it", smallest_mw(lease)),
        ):
            costs = self._forced(number, mw)
            if costs is not None:
                return words, costs
        return "with it", None

    def _forced(self, number: int, critical_mw: float) -> float | None:
        program = self.optimiser.program
        form = program.form.with_least(np.array([program.leased_columns.start + number]), critical_mw)
        try:
            found = Optimiser(self.values, replace(program, form=form)).solve()
        except SolverError:
            return None
        return max(self.best.objective - found.objective, 0.0) * USD_PER_MUSD

    def _flips(self, number: int, row: Row) -> list[Row]:
        lease = self.values.offers[number].offer
        worth_having = bool(row["critical_mw"]) if lease.status == "offered" else row["worth_usd"] >= 0
        then = ("is not taken" if worth_having else "is taken") if lease.status == "offered" else "is worth nothing"
        start = self.flips.start(number)
        now = row["starts"][-1]["start"] if row["starts"] else row["best_start"]
        rent, capex = row["break_even_rent_usd_per_kw_month"], self.flips.capex_usd(number)
        today = row["first_year_rent_usd_per_kw_month"]
        found = [
            ("rent", "USD/kW-month", today, rent),
            ("hashprice", "x the path", 1.0, row["break_even_hashprice_multiplier"]),
            ("capex", "USD per critical MW", lease.capex_usd_per_critical_mw, capex),
            ("start", "month", now, None if start is None else str(start)),
        ]
        return [
            {"input": name, "unit": unit, "today": value, "to": _finite(to), "then": then}
            for name, unit, value, to in found
            if name != "start" or lease.status == "offered"
        ]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _rule(taken_mw: float, of_mw: float, worth: Worth, obstructed: bool) -> str:
    """What binds an offer, in a word or two: its own size, its own cash, or what most of its worth is used up by."""
    if taken_mw >= of_mw * (1 - SAME_SHARE):
        return "its size"
    if obstructed:
        return "does not fit"
    if worth.own < 0:
        return "its own cash"
    uses = {
        "site power": worth.power,
        "suitable MW": worth.suitable,
        "capex budget": worth.budget,
        "cash floor": worth.cash,
        "group or prerequisite": worth.rules,
        "rules": worth.policy + worth.demanded,
    }
    scarce = {name: usd for name, usd in uses.items() if name != "site power"} if taken_mw else uses
    rule = max(scarce, key=scarce.__getitem__)
    return rule if scarce[rule] > SMALLEST_USD else "site power"
