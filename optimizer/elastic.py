"""What does not fit together in a program without any plan, found by the solver: rows, MW and money, and the smallest set of rules.

The arithmetic of diagnosis.py names what firm leases alone, or a rule alone, contradict. Where several rules contradict each other
(and integers), the program is made elastic: every business rule may be missed, at a price of 1 per unit of its limit (a thousandth
of it for the rules of models/policy.py, which are the company's own), with whole blocks kept whole; the cheapest way to miss them
names all conflicts at once. An irreducible set of rules (HiGHS, strategy 6: from a ray, then deletion) then says which rules stand
against each other: leaving out any one of them ends the contradiction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np

from ..models.months import Month
from ..models.values import USD_PER_MUSD
from .diagnosis import NoPlanError
from .money_rows import CASH_FLOOR
from .optimise import InfeasibleError
from .policy_rules import POLICY_FAMILIES
from .price_ranges import RULES, Rule
from .program import DEFINITIONS, OF_HOURS, Program
from .session import Outcome, Session, highs_lp
from .standard_form import StandardForm

SMALLEST_SHORT = 1e-6
OWN_RULES_GIVE_WAY = 1e-3
IIS_STRATEGY = 6
IIS_SECONDS = 10.0
MOST_MEMBERS, MOST_LINES = 6, 12


@dataclass(frozen=True)
class Shortage:
    """A rule of a site (or offer) that is missed in a run of periods, at most by `short` of its unit, in period `worst`."""

    family: str
    of: str
    first: str
    last: str
    worst: str
    need: float
    have: float
    short: float

    def __str__(self) -> str:
        rule = _rule(self.family)
        run = self.first if self.first == self.last else f"{self.first} to {self.last}"
        place = ", ".join(part for part in (self.of, run) if part)
        unit = rule.unit
        if self.family == CASH_FLOOR:
            return (
                f"cash at the end of {self.worst}: the floor is {self.need:,.1f} M USD, and what is fixed leaves at most "
                f"{self.have:,.1f} M USD (short {self.short:,.1f}). Smallest change: {self.short:,.1f} M USD more of opening "
                "or raised cash by then, together with the others told here"
            )
        if self.family in POLICY_FAMILIES:
            lower = self.family.endswith("at_least")
            need = f"{self.need:,.1f} {unit} {'are asked for' if lower else 'are needed'}"
            have = f"{self.have:,.1f} {unit} {'can be reached beside all else' if lower else 'are allowed'}"
            change = f"its limit {self.short:,.1f} {unit} {'lower' if lower else 'higher'}, together with the others told here"
            return f"{place}: {rule.words}: {need}, {have} (short {self.short:,.1f}). Smallest change: {change}"
        return (
            f"{place}: what is fixed needs {self.need:,.1f} {unit}, {self.have:,.1f} {unit} of {rule.words} "
            f"(short {self.short:,.1f}). Smallest change: {self.short:,.1f} {unit} more, together with the others told here"
        )


def _rule(family: str) -> Rule:
    return RULES.get(family, Rule(family.replace("_", " "), "units", "", 1.0))


def missed(program: Program) -> list[tuple[int, float]]:
    """(row, by how much) of every business rule in the cheapest way to miss them; empty if none has to be."""
    form, (elastic, rows) = program.form, _elastic(program.form)
    found = Session(elastic, integers=True).solve()
    if found.outcome is not Outcome.OPTIMAL:
        return []
    short = found.x[form.columns :]
    return [(row, float(short[at])) for at, row in enumerate(rows) if short[at] > SMALLEST_SHORT]


def shortages(program: Program) -> list[Shortage]:
    """What is missed, by rule, place and run of periods."""
    return _grouped(program, missed(program))


def _elastic(form: StandardForm) -> tuple[StandardForm, list[int]]:
    """The program with a column for each business rule that says how far it is missed; nothing else costs anything."""
    rows = [row for row, (family, _) in enumerate(form.row_names) if family not in (*DEFINITIONS, *OF_HOURS)]
    most = 1e6
    added = len(rows)
    sign = [-1.0 if math.isfinite(form.row_upper[row]) else 1.0 for row in rows]
    ends = form.first[-1] + np.arange(1, added + 1, dtype=np.int32)
    elastic = replace(
        form,
        cost=np.concatenate([np.zeros(form.columns), [-_price_of(form.row_names[row][0]) for row in rows]]),
        first=np.concatenate([form.first, ends]).astype(np.int32),
        row=np.concatenate([form.row, np.array(rows, dtype=np.int32)]).astype(np.int32),
        value=np.concatenate([form.value, sign]),
        lower=np.concatenate([form.lower, np.zeros(added)]),
        upper=np.concatenate([form.upper, np.full(added, most)]),
        integer=np.concatenate([form.integer, np.zeros(added, dtype=bool)]),
        column_names=[*form.column_names, *[("missed", form.row_names[row]) for row in rows]],
    )
    return elastic, rows


def _price_of(family: str) -> float:
    """What missing a unit of a rule costs: a company's own rules give way before power, halls and money do."""
    return OWN_RULES_GIVE_WAY if family in POLICY_FAMILIES else 1.0


def _grouped(program: Program, told: list[tuple[int, float]]) -> list[Shortage]:
    """Rows of one rule and place in periods that follow each other as one."""
    groups: list[list[tuple[int, float]]] = []
    for row, short in sorted(told, key=lambda item: (_key(program, item[0])[:2], item[0])):
        if groups and _follows(_key(program, groups[-1][-1][0]), _key(program, row)):
            groups[-1].append((row, short))
        else:
            groups.append([(row, short)])
    return [_shortage(program, group) for group in groups]


def _key(program: Program, row: int) -> tuple[str, str, str]:
    family, index = program.form.row_names[row]
    of, period = (str(index[0]), str(index[1])) if isinstance(index, tuple) else ("", "" if index is None else str(index))
    return family, of, period


def _follows(before: tuple[str, str, str], after: tuple[str, str, str]) -> bool:
    if before[:2] != after[:2]:
        return False
    try:
        return int(Month.of(before[2])) + 1 == int(Month.of(after[2]))
    except ValueError:
        return False


def _shortage(program: Program, group: list[tuple[int, float]]) -> Shortage:
    row, short = max(group, key=lambda item: item[1])
    family, of, first = _key(program, group[0][0])
    form = program.form
    upper = math.isfinite(form.row_upper[row])
    need, have = (form.row_upper[row] + short, form.row_upper[row]) if upper else (form.row_lower[row], form.row_lower[row] - short)
    if family == CASH_FLOOR:
        cash = program.values.scenario.finance.cash
        assert cash is not None
        need = cash.floor_usd[int(form.row_names[row][1])] / USD_PER_MUSD
        have = need - short
    last, worst = _key(program, group[-1][0])[2], _key(program, row)[2]
    return Shortage(family, of, first, last, worst, float(need), float(have), short)


def stand_against_each_other(program: Program) -> list[tuple[str, Any]]:
    """Rows and columns, by name, of one irreducible set that has no plan; empty if the solver finds none in time."""
    highs = highspy.Highs()
    options: tuple[tuple[str, Any], ...] = (
        ("output_flag", False),
        ("threads", 1),
        ("iis_strategy", IIS_STRATEGY),
        ("iis_time_limit", IIS_SECONDS),
    )
    for option, value in options:
        highs.setOptionValue(option, value)
    highs.passModel(highs_lp(program.form, integers=True))
    highs.run()
    _, found = highs.getIis()
    if not found.valid_:
        return []
    rows = [program.form.row_names[row] for row in found.row_index_]
    return rows + [program.form.column_names[column] for column in found.col_index_]


def explained(program: Program) -> list[str]:
    """The shortages in words, and the rules that stand against each other; at most MOST_LINES lines."""
    found = [str(shortage) for shortage in shortages(program)]
    lines = found[: MOST_LINES - 2]
    if len(found) > len(lines):
        lines.append(f"and {len(found) - len(lines)} more shortages")
    members = list(filter(None, (_name(*member) for member in stand_against_each_other(program))))
    if members:
        more = f" and {len(members) - MOST_MEMBERS} more" if len(members) > MOST_MEMBERS else ""
        lines.append(f"stand against each other: {', '.join(members[:MOST_MEMBERS])}{more}")
    return lines


def no_plan(fault: InfeasibleError) -> NoPlanError:
    """The solver's proof that there is no plan, as the lines that tell why."""
    return NoPlanError(explained(fault.program) or [str(fault)])


def _name(family: str, index: Any) -> str:
    """A row or column in words; empty for those that only define others."""
    if family in (*DEFINITIONS, *OF_HOURS, "leased_mw", "lease_block", "offer_taken"):
        return ""
    if family in ("lease_mw", "mining_mw", "buy_mw", "sell_mw", "move_mw", "expansion_mw"):
        return f"{index[0]} {'from' if family != 'mining_mw' else 'in'} {index[1]}"
    where = " ".join(map(str, index)) if isinstance(index, tuple) else "" if index is None else str(index)
    words = RULES[family].words if family in RULES else family.replace("_", " ")
    return f"{words} {where}".strip()
