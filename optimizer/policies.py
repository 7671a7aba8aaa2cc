"""Policies on a scenario: how its megawatts are decided, and what that is worth, checked by a second code path.

    optimum          the plan of hashlease run, with its certificate
    all_mining       no offer is taken; signed leases stay, every other MW may mine
    lease_all        offers are taken as far as MW and rules allow: most leased MW first, then most value
    nothing_signed   the best plan where signed leases that have not begun are offers again (models/reopened.py)
    pinned           the leases of a pinned plan (pinned.py), mining decided anew around them

What was announced is what is signed, and signed leases are in every policy but nothing_signed, which asks whether they were worth
signing; anything beyond what is signed is a pinned plan.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from ..errors import InputError, Problem
from ..models.months import Array
from ..models.refusal import listed, nearest, shown
from ..models.reopened import reopened
from ..models.scenario import Scenario
from ..models.values import TODAY, Values
from .certificate import LEDGER_TOLERANCE, Certifier
from .decisions import SMALLEST_MW, Decisions
from .diagnosis import NoPlanError, conflicts, describe
from .elastic import explained
from .expansion_table import expansions_of_rows
from .ledger_groups import LEASE_CAPEX, MACHINES
from .ledger_lines import Line, gross_usd, total_usd
from .machine_table import machines_of_rows
from .optimise import InfeasibleError, Optimiser, SolverError
from .pinned import PinnedPlan, fitted
from .plan import Plan
from .plan_values import PlanValues
from .policy_rules import limits_mining
from .solve import ALL_MINING, KEEPS_NO_RULES, LEASE_ALL, solve

NOTHING_SIGNED = "nothing_signed"
POLICIES = {
    "optimum": "the best plan, with its certificate",
    "all_mining": ALL_MINING,
    "lease_all": LEASE_ALL,
    NOTHING_SIGNED: "the best plan, with its certificate, where signed leases that have not begun are offers again",
}
CHECKED = "CHECKED"
"""Limits, whole blocks and ledger were checked (parts 1 to 3 of the certificate); nobody says that such a plan is best."""
ANNOUNCED = (
    "signed leases are in every policy, so what was announced and signed is all_mining; write leases that were announced "
    "but not signed into a pinned plan, and give it with --plan"
)
SMALLEST_EXCESS_USD = 1.0


def checked_policies(names: Iterable[str]) -> list[str]:
    """The policies, each once, written with underscores. Raises InputError for those that are none."""
    wanted = list(dict.fromkeys(name.strip().lower().replace("-", "_").replace(" ", "_") for name in names))
    problems = [
        Problem(
            "compare", "policy", shown(name), ", ".join(POLICIES), ANNOUNCED if "announced" in name else nearest(name, POLICIES)
        )
        for name in wanted
        if name not in POLICIES
    ]
    if problems:
        raise InputError(problems)
    return wanted


@dataclass(frozen=True)
class ValuedPlan:
    """A plan on a scenario and what it is worth; every figure is the ledger's, and the program's equals it to 1e-9.

    plan: the certified plan, where this is an optimum. npv_usd: discounted cash after tax.
    """

    policy: str
    verdict: str
    values: Values = field(repr=False)
    decisions: Decisions = field(repr=False)
    lines: list[Line] = field(repr=False)
    plan: Plan | None = None

    @cached_property
    def npv_usd(self) -> float:
        return total_usd(self.lines)

    @property
    def gross_usd(self) -> float:
        """Sum of the sizes of all discounted amounts."""
        return gross_usd(self.lines)

    @cached_property
    def cash_by_year_usd(self) -> dict[int, float]:
        """Cash after tax of each calendar year, not discounted."""
        calendar = self.values.calendar
        return calendar.total_by_year(sum((line.usd for line in self.lines), np.zeros(calendar.length)))

    @property
    def worst_year(self) -> tuple[int, float]:
        """The calendar year with the least cash, and that cash, USD."""
        return min(self.cash_by_year_usd.items(), key=lambda entry: entry[1])

    @property
    def capex_usd(self) -> float:
        """The landlord's capex inside the horizon, of signed leases too, that of expansions, and the price of machines, not
        discounted.
        """
        items = (*LEASE_CAPEX, *MACHINES, "expansion_capex")
        return 0.0 - math.fsum(float(np.sum(line.usd)) for line in self.lines if line.item in items)

    @property
    def leased_critical_mw(self) -> float:
        """Critical MW of all leases, signed ones too."""
        return math.fsum(float(np.sum(mw)) for mw in self.decisions.lease_mw)

    @property
    def mean_mining_mw(self) -> float:
        """Mean meter MW that mine over the horizon, weighted by days."""
        calendar = self.values.calendar
        return float(np.sum(self.decisions.mining_mw, axis=0) @ calendar.days / np.sum(calendar.days))


class NoReferenceError(NoPlanError):
    """No plan like a reference keeps the rules of a scenario; why: in words."""

    def __init__(self, label: str, name: str, rules: str) -> None:
        self.why = f"{POLICIES[name]}; {KEEPS_NO_RULES}" + (f" ({rules})" if rules else "")
        super().__init__([f"scenario {label}: {self.why}"])


class Valuer:
    """Values plans of one scenario: its optimum, its reference plans and pinned plans.

    Raises NoPlanError if the scenario has no plan. `label` names it in messages.
    """

    def __init__(self, scenario: Scenario, label: str = "") -> None:
        self.scenario, self.label = scenario, label or scenario.name
        found = conflicts(scenario)
        if found:
            raise NoPlanError([f"scenario {self.label}:", *describe(found)])
        self.values = Values(scenario)

    @cached_property
    def optimiser(self) -> Optimiser:
        return Optimiser(self.values)

    @cached_property
    def certifier(self) -> Certifier:
        return Certifier(self.values, self.optimiser.program.form)

    def policy(self, name: str) -> ValuedPlan:
        """One of POLICIES. Raises SolverError where it cannot be proved, NoReferenceError where no such plan keeps the rules."""
        if name == "optimum":
            return self.optimum
        if name == NOTHING_SIGNED:
            return self.nothing_signed
        try:
            decisions, holds = self.optimiser.reference(name)
        except InfeasibleError:
            raise NoReferenceError(self.label, name, listed(rule.name for rule in self.scenario.rules)) from None
        return self._valued(name, decisions, floors=holds)

    @cached_property
    def optimum(self) -> ValuedPlan:
        """The best plan. Its value is checked against the program's and against the ledger's."""
        plan = solve(self.scenario)
        if plan.exit_code == 3:
            raise NoPlanError([f"scenario {self.label}:", *plan.conflicts])
        if not plan.is_final:
            raise SolverError(f"scenario {self.label}: {plan.verdict}; {'; '.join(plan.conflicts)}")
        found = self._valued("optimum", self._decisions(plan), plan)
        if abs(found.npv_usd - plan.npv_usd) > LEDGER_TOLERANCE * max(found.gross_usd, 1.0):
            raise SolverError(f"scenario {self.label}: the plan's tables are worth {found.npv_usd}, the plan {plan.npv_usd}")
        return found

    @cached_property
    def nothing_signed(self) -> ValuedPlan:
        """The optimum of the scenario before its deals were made; its values are those of that scenario."""
        found = Valuer(reopened(self.scenario), f"{self.label}, nothing signed").optimum
        return replace(found, policy=NOTHING_SIGNED)

    def _decisions(self, plan: Plan) -> Decisions:
        """The decisions that the tables of a plan of this scenario hold."""
        values = self.values
        fleet_of = {fleet.name: k for k, fleet in enumerate(values.fleets)}
        month_of = {str(month): t for t, month in enumerate(values.calendar.months)}
        mining_mw = np.zeros_like(values.available_mw)
        for row in plan.rows["allocation"]:
            if row["use"] == "mining":
                mining_mw[fleet_of[row["name"]], month_of[row["period"]]] = row["mw"]
        taken = {row["offer"]: {part["start"]: part["critical_mw"] for part in row["starts"]} for row in plan.rows["leases"]}
        lease_mw = tuple(
            np.array([taken[offer.offer.name].get(str(start), 0.0) for start in offer.starts], dtype=float)
            for offer in values.offers
        )
        machines, expansions = plan.rows["machines"], plan.rows["expansions"]
        return Decisions(mining_mw, lease_mw, machines_of_rows(values, machines), expansions_of_rows(values, expansions))

    def pinned(self, plan: PinnedPlan) -> ValuedPlan:
        """A pinned plan's leases, and the best mining around them. Raises InputError with every reason why it does not fit."""
        where = f"{plan.file or plan.name} in scenario {self.label}"
        return self._valued(plan.name, self._best_mining(fitted(plan, self.certifier, where), where))

    def _best_mining(self, lease_mw: tuple[Array, ...], where: str = "") -> Decisions:
        """Leases with the mining that earns most in each month on the MW they leave, and the best decisions about machines and
        expansions.

        Raises InputError where the rules allow no mining beside them, SolverError where none holds the floors of cash.
        """
        in_program = self.values.machine_choices or self.values.expansions or self.optimiser.program.prices_in_rows
        if in_program or limits_mining(self.scenario):
            try:
                return self._best_machines(lease_mw)
            except InfeasibleError as fault:
                if not limits_mining(self.scenario):
                    raise SolverError(f"scenario {self.label}: no mining holds the floors of cash with these leases") from None
                lines, allowed = explained(fault.program) or [str(fault)], "leases beside which mining keeps the rules"
                raise InputError([Problem(where or self.label, "rules", line, allowed) for line in lines]) from None
        firm = Decisions(np.zeros_like(self.values.available_mw), lease_mw)
        machines = PlanValues(self.values).committed(firm, TODAY).mining_mw
        mining = np.where((self.values.mining_musd() > 0) & (machines >= SMALLEST_MW), machines, 0.0)
        return Decisions(mining, lease_mw)

    def _best_machines(self, lease_mw: tuple[Array, ...]) -> Decisions:
        """The same where machines or expansions are to be decided, cash has floors or power blocks are used: the program with the
        leases held.

        Raises SolverError.
        """
        program = self.optimiser.program
        form, whole = program.form, np.concatenate([np.zeros(0), *lease_mw])
        lower, upper = form.lower.copy(), form.upper.copy()
        lower[program.lease_columns] = upper[program.lease_columns] = whole
        upper[program.block_columns] = 1.0
        held = replace(program, form=replace(form, lower=lower, upper=upper))
        found = Decisions.of(program, Optimiser(self.values, held).solve().x)
        return replace(found, lease_mw=lease_mw)

    def regret_usd(self, found: ValuedPlan) -> float:
        """How much less a plan is worth than the optimum, USD. Raises SolverError if it is worth more than the proved bound."""
        best = self.optimum
        assert best.plan is not None and best.plan.certificate is not None
        tolerance = max(SMALLEST_EXCESS_USD, LEDGER_TOLERANCE * best.gross_usd)
        excess = found.npv_usd - best.plan.certificate.bound_usd
        if excess > tolerance:
            raise SolverError(f"scenario {self.label}: {found.policy} is worth {excess:,.0f} USD more than the proved bound")
        return best.npv_usd - found.npv_usd

    def _valued(self, name: str, decisions: Decisions, plan: Plan | None = None, floors: bool = True) -> ValuedPlan:
        """A plan with its ledger, checked; floors: of cash too. Raises SolverError."""
        certifier, values = self.certifier, self.values
        lines = certifier.ledger.lines(*decisions.named(values))
        parts = (
            certifier.primal(decisions, floors),
            certifier.whole_blocks(decisions),
            certifier.objective(decisions.npv_musd(values), lines),
        )
        for part in parts:
            if not part.passed:
                figure = f"{part.figure:.3g} {part.unit} {part.note}".rstrip()
                raise SolverError(f"scenario {self.label}: {name} fails part {part.number}, {part.name}: {figure}")
        checked = CHECKED if floors else f"{CHECKED}, BELOW A FLOOR OF CASH"
        return ValuedPlan(name, checked if plan is None else plan.verdict, values, decisions, lines, plan)
