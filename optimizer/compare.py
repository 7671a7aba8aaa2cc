"""Plans side by side: policies on one scenario, or scenarios with their best plans; why their values differ; and the regret.

Every figure is the ledger's. The difference of two values is explained line by line, and the lines add up to it.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, Problem
from ..models.reopened import can_reopen
from ..models.scenario import Scenario
from .certificate import LEDGER_TOLERANCE
from .ledger_groups import COINS, DEBT, EXPANSION, FEES, LEASE_CAPEX, LEASE_COSTS, MACHINES, MINING, RENT, RESIDUALS
from .optimise import SolverError
from .pinned import PinnedPlan, pin, read_pinned
from .plan import plain
from .policies import NOTHING_SIGNED, POLICIES, NoReferenceError, ValuedPlan, Valuer, checked_policies
from .solve import Progress
from .tables import Row, without_dust

if TYPE_CHECKING:
    import pandas as pd

COMPARISON_SCHEMA_VERSION = 1
OPTIMUM, ALL_MINING = "optimum", "all_mining"
ROUNDING_USD = 0.01
MOST_COLUMNS = 100

STEPS = {
    "mining margin": MINING,
    "rent": RENT,
    "prepayments, deposits and fees": FEES,
    "lease opex, power and charges": LEASE_COSTS,
    "lease capex": LEASE_CAPEX,
    "machines bought and moved": MACHINES,
    "expansions": EXPANSION,
    "debt": DEBT,
    "residual values": RESIDUALS,
    "coins kept": COINS,
    "income tax": ("income_tax",),
    "blocks and machine sales": ("machine_sale", "block_settlement", "block_energy_used"),
}
"""Items of the ledger by the step of a waterfall that they belong to."""

COMPARISON_TABLES: dict[str, tuple[str, ...]] = {
    "compared": (
        "column",
        "scenario",
        "policy",
        "verdict",
        "npv_usd",
        "difference_usd",
        "leased_critical_mw",
        "mean_mining_mw",
        "capex_usd",
        "worst_year",
        "worst_year_cash_usd",
    ),
    "compared_cash": ("column", "year", "cash_usd"),
    "compared_leases": ("column", "site", "offer", "status", "start", "critical_mw", "meter_mw"),
    "compared_break_evens": (
        "column",
        "site",
        "offer",
        "critical_mw",
        "break_even_rent_usd_per_kw_month",
        "break_even_hashprice_multiplier",
    ),
    "differences": ("column", "site", "item", "name", "first_discounted_usd", "discounted_usd", "difference_usd"),
    "waterfall": ("from_column", "to_column", "step", "kind", "change_usd", "npv_usd"),
    "left_out": ("scenario", "plan", "why"),
    "regret": ("plan", "scenario", "fits", "npv_usd", "regret_usd", "why_not"),
}
"""Columns of every table of a comparison."""


@dataclass(frozen=True)
class Column:
    """A plan on a scenario, with the words it is called by."""

    label: str
    scenario: str
    found: ValuedPlan


@dataclass(frozen=True)
class Comparison:
    """Columns side by side; the first is the one that the others are compared with.

    scenarios: by label. rows: tables as lists of dictionaries (columns in COMPARISON_TABLES), USD, discounted where they say so.
    """

    scenarios: dict[str, Scenario]
    columns: tuple[Column, ...]
    rows: dict[str, list[Row]] = field(repr=False)

    def frame(self, table: str) -> pd.DataFrame:
        """A table as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows[table], columns=list(COMPARISON_TABLES[table]))

    def as_dict(self) -> dict[str, Any]:
        """Plain data, every number finite or null."""
        scenarios = {
            label: {"name": scenario.name, "file": scenario.origin.file, "overrides": list(scenario.origin.overrides)}
            for label, scenario in self.scenarios.items()
        }
        tables = {table: [without_dust(row) for row in rows] for table, rows in self.rows.items()}
        found: dict[str, Any] = plain({"schema": COMPARISON_SCHEMA_VERSION, "scenarios": scenarios, **tables})
        return found

    def to_json(self) -> str:
        """`as_dict` as text."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1, allow_nan=False)


def compare(
    scenarios: Scenario | Sequence[Scenario],
    policies: Iterable[str] = (),
    plans: Iterable[PinnedPlan | str | Path] = (),
    labels: Sequence[str] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Policies and pinned plans on one scenario; or several scenarios, with the regret table of plans x scenarios.

    policies: of optimum, all_mining, lease_all and nothing_signed; by default all on one scenario (the last one where it has leases
    that are signed and have not begun; without reference plans that cannot keep its rules, which the table left_out names), the
    optimum on several. plans: pinned plans or their files. labels: what the scenarios are called, by default by their names, or by
    their files where names are the same.
    Raises InputError for a pinned plan that fits nowhere, NoPlanError for a scenario without any plan, SolverError for a plan
    that cannot be proved.
    """
    listed = [scenarios] if isinstance(scenarios, Scenario) else list(scenarios)
    wanted = checked_policies(policies)
    pinned = [plan if isinstance(plan, PinnedPlan) else read_pinned(plan) for plan in plans]
    _check_size(len(listed), len(listed) * max(len(wanted), 1) + len(pinned))
    by_default = not wanted
    wanted = wanted or (_policies_of(listed[0]) if len(listed) == 1 else [OPTIMUM])
    named = distinct(labels or names_of(listed))
    found = _Studied(listed, named, wanted, pinned, progress or (lambda step, done, of: None), by_default)
    return Comparison(dict(zip(named, listed, strict=True)), tuple(found.columns), found.tables())


def _policies_of(scenario: Scenario) -> list[str]:
    """The policies that say something of a scenario."""
    return [policy for policy in POLICIES if policy != NOTHING_SIGNED or can_reopen(scenario)]


def _check_size(scenarios: int, columns: int) -> None:
    if not scenarios:
        raise InputError([Problem("compare", "", "no scenario", "at least one scenario")])
    if columns > MOST_COLUMNS:
        raise InputError([Problem("compare", "", f"{columns} plans", f"at most {MOST_COLUMNS} side by side", "fewer at a time")])


def names_of(scenarios: Sequence[Scenario]) -> list[str]:
    """Names of the scenarios; the name of its file for one whose name another has too."""
    names = [scenario.name for scenario in scenarios]
    files = [Path(scenario.origin.file).stem for scenario in scenarios]
    return [file if file and names.count(name) > 1 else name for name, file in zip(names, files, strict=True)]


def distinct(names: Iterable[str]) -> list[str]:
    """The names, a repeated one with its number behind it."""
    found: list[str] = []
    for name in names:
        number, called = 1, name
        while called in found:
            number += 1
            called = f"{name} ({number})"
        found.append(called)
    return found


def words(policy: str) -> str:
    """A policy as it is written on a screen."""
    return policy.replace("_", " ") if policy in POLICIES else policy


class _Studied:
    """The columns of a comparison and its tables."""

    def __init__(
        self,
        scenarios: list[Scenario],
        labels: list[str],
        policies: list[str],
        pinned: list[PinnedPlan],
        progress: Progress,
        by_default: bool,
    ) -> None:
        self.valuers = [Valuer(scenario, label) for scenario, label in zip(scenarios, labels, strict=True)]
        self.policies, self.pinned = policies, pinned
        self.on_one = len(scenarios) == 1
        self.left_out: list[Row] = []
        found: list[tuple[str, str, ValuedPlan]] = []
        for number, valuer in enumerate(self.valuers):
            progress("scenarios", number, len(self.valuers))
            for policy in policies:
                label = self._label(valuer, policy)
                try:
                    found.append((label, valuer.label, valuer.policy(policy)))
                except NoReferenceError as none:
                    if not by_default:
                        raise
                    self.left_out.append({"scenario": valuer.label, "plan": label, "why": none.why})
        if self.on_one:
            found += self._pinned_columns(self.valuers[0])
        called = distinct(label for label, _, _ in found)
        self.columns = [Column(label, scenario, plan) for label, (_, scenario, plan) in zip(called, found, strict=True)]

    def _label(self, valuer: Valuer, policy: str) -> str:
        if self.on_one:
            return words(policy)
        return valuer.label if self.policies == [OPTIMUM] else f"{valuer.label}, {words(policy)}"

    def _pinned_columns(self, valuer: Valuer) -> list[tuple[str, str, ValuedPlan]]:
        found: list[tuple[str, str, ValuedPlan]] = []
        problems: list[Problem] = []
        for plan in self.pinned:
            try:
                found.append((plan.name, valuer.label, valuer.pinned(plan)))
            except InputError as fault:
                problems += fault.problems
        if problems:
            raise InputError(problems)
        return found

    def tables(self) -> dict[str, list[Row]]:
        first = self.columns[0]
        return {
            "compared": [_summary(column, first) for column in self.columns],
            "compared_cash": [
                {"column": column.label, "year": year, "cash_usd": usd}
                for column in self.columns
                for year, usd in column.found.cash_by_year_usd.items()
            ],
            "compared_leases": [row for column in self.columns for row in _leases(column)],
            "compared_break_evens": [row for column in self.columns for row in _break_evens(column)],
            "differences": [
                {"column": column.label, **row} for column in self.columns[1:] for row in differences(first.found, column.found)
            ],
            "waterfall": [
                {"from_column": before.label, "to_column": after.label, **row}
                for before, after in self._pairs()
                for row in waterfall(before, after)
            ],
            "left_out": self.left_out,
            "regret": [] if self.on_one else self._regret(),
        }

    def _pairs(self) -> list[tuple[Column, Column]]:
        """What waterfalls lead from and to: on one scenario from all mining to the optimum, else from the first to the others."""
        by_policy = {column.found.policy: column for column in self.columns}
        if self.on_one and OPTIMUM in by_policy and ALL_MINING in by_policy:
            return [(by_policy[ALL_MINING], by_policy[OPTIMUM])]
        return [(self.columns[0], column) for column in self.columns[1:]]

    # --- regret ----------------------------------------------------------------------------------------------------------

    def _regret(self) -> list[Row]:
        """Every plan in every scenario: the optimum of each, the other policies that were asked for, and pinned plans.

        What is best where nothing is signed is no plan of a scenario in which leases are signed, and has no regret there.
        """
        best = [_pinned_optimum(valuer) for valuer in self.valuers]
        others = [policy for policy in self.policies if policy not in (OPTIMUM, NOTHING_SIGNED)]
        optima = [f"optimum of {valuer.label}" for valuer in self.valuers]
        plans = [*zip(optima, best, strict=True), *((plan.name, plan) for plan in self.pinned)]
        called = distinct([*(words(policy) for policy in others), *(label for label, _ in plans)])
        rows = [
            _in_scenario(label, valuer, column.found)
            for label, policy in zip(called, others, strict=False)
            for valuer in self.valuers
            for column in self.columns
            if (column.scenario, column.found.policy) == (valuer.label, policy)
        ]
        for label, (_, plan) in zip(called[len(others) :], plans, strict=True):
            tried = [_tried(label, valuer, plan) for valuer in self.valuers]
            faults = [fault for _, fault in tried if fault is not None]
            if len(faults) == len(tried):
                raise InputError([problem for fault in faults for problem in fault.problems])
            rows += [row for row, _ in tried]
        return rows


def _pinned_optimum(valuer: Valuer) -> PinnedPlan:
    assert valuer.optimum.plan is not None
    return pin(valuer.optimum.plan)


def _tried(label: str, valuer: Valuer, plan: PinnedPlan) -> tuple[Row, InputError | None]:
    """A pinned plan's row of the regret table in one scenario, and why it does not fit if it does not."""
    try:
        return _in_scenario(label, valuer, valuer.pinned(plan)), None
    except InputError as fault:
        first = fault.problems[0]
        more = len(fault.problems) + fault.more - 1
        why = f"{first.field}: {first.found}; allowed: {first.allowed}{f' (and {more} more)' if more else ''}"
        row = {"plan": label, "scenario": valuer.label, "fits": False, "npv_usd": None, "regret_usd": None, "why_not": why}
        return row, fault


def _in_scenario(label: str, valuer: Valuer, found: ValuedPlan) -> Row:
    regret = max(valuer.regret_usd(found), 0.0)
    worth = {"npv_usd": found.npv_usd, "regret_usd": regret}
    return {"plan": label, "scenario": valuer.label, "fits": True, **worth, "why_not": None}


# --- one column -----------------------------------------------------------------------------------------------------------


def _summary(column: Column, first: Column) -> Row:
    found = column.found
    year, usd = found.worst_year
    return {
        "column": column.label,
        "scenario": column.scenario,
        "policy": found.policy,
        "verdict": found.verdict,
        "npv_usd": found.npv_usd,
        "difference_usd": found.npv_usd - first.found.npv_usd,
        "leased_critical_mw": found.leased_critical_mw,
        "mean_mining_mw": found.mean_mining_mw,
        "capex_usd": found.capex_usd,
        "worst_year": year,
        "worst_year_cash_usd": usd,
    }


def _leases(column: Column) -> list[Row]:
    """One row a lease and start."""
    return [
        {
            "column": column.label,
            "site": offer.offer.site,
            "offer": offer.offer.name,
            "status": offer.offer.status,
            "start": str(start),
            "critical_mw": mw,
            "meter_mw": mw * offer.offer.gross_up,
        }
        for offer, amounts in zip(column.found.values.offers, column.found.decisions.lease_mw, strict=True)
        for start, mw in zip(offer.starts, amounts.tolist(), strict=True)
        if mw
    ]


def _break_evens(column: Column) -> list[Row]:
    """One row an offer, where the column is an optimum: a plan that is not best has no point at which it stops being so."""
    kept = COMPARISON_TABLES["compared_break_evens"][1:]
    rows = [] if column.found.plan is None else column.found.plan.rows["leases"]
    return [{"column": column.label, **{key: row[key] for key in kept}} for row in rows]


# --- differences ----------------------------------------------------------------------------------------------------------


def differences(first: ValuedPlan, second: ValuedPlan) -> list[Row]:
    """Discounted USD of every line of the ledger, second less first, largest first; they add up to the difference of the NPVs.

    A line that moves by less than a cent, which is rounding of the arithmetic, is left out. Raises SolverError if they do not
    add up to 1e-9 of the gross flows.
    """
    before, after = _by_line(first), _by_line(second)
    rows: list[Row] = [
        {
            "site": site,
            "item": item,
            "name": name,
            "first_discounted_usd": before.get((site, item, name), 0.0),
            "discounted_usd": after.get((site, item, name), 0.0),
            "difference_usd": after.get((site, item, name), 0.0) - before.get((site, item, name), 0.0),
        }
        for site, item, name in sorted({*before, *after})
    ]
    moved = sorted((row for row in rows if abs(row["difference_usd"]) > ROUNDING_USD), key=lambda row: -abs(row["difference_usd"]))
    unexplained = math.fsum(row["difference_usd"] for row in rows) - (second.npv_usd - first.npv_usd)
    if abs(unexplained) > LEDGER_TOLERANCE * max(first.gross_usd, second.gross_usd, 1.0):
        raise SolverError(f"the lines leave {unexplained:,.2f} USD of a difference unexplained")
    return moved


def _by_line(found: ValuedPlan) -> dict[tuple[str, str, str], float]:
    """Discounted USD by site, item and name."""
    amounts: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for line in found.lines:
        amounts[line.site, line.item, line.name].append(float(line.discounted_usd.sum()))
    return {key: math.fsum(usd) for key, usd in amounts.items()}


def waterfall(before: Column, after: Column) -> list[Row]:
    """From the NPV of one column to that of another in steps of the ledger's lines.

    step: its name; at start and end the column's. kind: start, change or end. change_usd: what the step adds (None at start and
    end). npv_usd: where it arrives; at the end this is the NPV of the second column itself, and the steps add up to it.
    """
    moved: dict[str, list[float]] = defaultdict(list)
    of_item = {item: step for step, items in STEPS.items() for item in items}
    for row in differences(before.found, after.found):
        moved[of_item[row["item"]]].append(row["difference_usd"])
    first, last = before.found.npv_usd, after.found.npv_usd
    steps: list[Row] = [{"step": before.label, "kind": "start", "change_usd": None, "npv_usd": first}]
    changes: list[float] = []
    for step in STEPS:
        if step in moved:
            changes += moved[step]
            usd = math.fsum(moved[step])
            steps.append({"step": step, "kind": "change", "change_usd": usd, "npv_usd": math.fsum([first, *changes])})
    return [*steps, {"step": after.label, "kind": "end", "change_usd": None, "npv_usd": last}]
