"""From a scenario to a certified plan."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from pyomo.version import version as pyomo_version

from .. import __version__
from ..errors import InputError, Problem
from ..models.scenario import Scenario
from ..models.values import USD_PER_MUSD, Values
from .beyond import beyond_horizon
from .breakeven import NOT_ASKED, BreakEven, BreakEvens
from .certificate import (
    DO_NOT_USE,
    GAP_TOLERANCE,
    INFEASIBLE,
    SEARCH_TOLERANCE_USD,
    SMALLEST_GROSS_MUSD,
    Certificate,
    Certifier,
    Part,
)
from .decisions import Decisions
from .diagnosis import conflicts, describe
from .elastic import explained
from .expansion_table import ExpansionBreakEvens
from .ledger_lines import Line, gross_usd, total_usd
from .machine_worth import MachineBreakEvens
from .optimise import InfeasibleError, Optimiser, SolverError
from .plan import Plan, Reference
from .prices import Prices, prices_of
from .reasons import SMALLEST_SHOWN_MW, Forced, needs_forcing, smallest_mw
from .session import FEASIBILITY_TOLERANCE, MIP_ABSOLUTE_GAP_MUSD, Solution, solver_version
from .site_by_site import SiteBySite, can_go_site_by_site
from .site_proof import proved_bound_musd
from .tables import TABLES, Tables
from .ties import break_ties

ALL_MINING = "no offer is taken; every MW without a signed lease may mine"
LEASE_ALL = "offers are taken as far as MW and rules allow (most leased MW first, then most value)"

BELOW_FLOOR = "; its cash falls below a floor, which no such plan holds"
KEEPS_NO_RULES = "no plan like this keeps the rules of the scenario"

MOST_FORCED = 50
"""Offers left out that are solved for once more to tell why; others are explained by prices alone."""

Progress = Callable[[str, int, int], None]
"""Told (step, done, of) while a long step goes on."""


def solve(scenario: Scenario, progress: Progress | None = None, time_limit_s: float | None = None) -> Plan:
    """The best allocation of a scenario, with its proof, reference plans, break-evens and tables.

    time_limit_s: a search over whole blocks ends after so many seconds with the best plan found and the bound that is proved by
    then (FEASIBLE, PROVED WITHIN ...); break-evens that are not reached in this time are left out.

    Never raises for a scenario that was validated: an impossible one comes back INFEASIBLE, PROVED with the conflicts, an unproved
    answer as DO NOT USE without figures.
    """
    if not isinstance(scenario, Scenario):
        raise TypeError(f"solve takes a Scenario, not {scenario!r}; use hashlease.load, e.g. solve(load({str(scenario)!r}))")
    if time_limit_s is not None and not (math.isfinite(time_limit_s) and time_limit_s > 0):
        raise InputError([Problem("solve", "time limit", f"{time_limit_s:g} s", "seconds above 0")])
    clock = _Clock()
    clock.deadline = math.inf if time_limit_s is None else time.monotonic() + time_limit_s
    found = conflicts(scenario)
    if found:
        return _without_answer(scenario, INFEASIBLE, tuple(describe(found)), clock)
    values = Values(scenario)
    optimiser = Optimiser(values)
    clock.lap("program")
    try:
        solved = _Solved(scenario, optimiser, clock, progress)
    except InfeasibleError as fault:
        why = tuple(explained(fault.program)) or (str(fault),)
        return _without_answer(scenario, INFEASIBLE if fault.proved else DO_NOT_USE, why, clock)
    except SolverError as failure:
        return _without_answer(scenario, DO_NOT_USE, (str(failure),), clock)
    try:
        return solved.plan()
    except SolverError as failure:
        return _without_answer(scenario, DO_NOT_USE, (str(failure),), clock)


class _Clock:
    """Wall times of the steps, seconds; deadline: time.monotonic() at which a time limit ends."""

    def __init__(self) -> None:
        self.deadline = math.inf
        self.times: dict[str, float] = {}
        self._last = time.perf_counter()

    @property
    def is_over(self) -> bool:
        """Whether the time limit is over."""
        return time.monotonic() > self.deadline

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.times[step] = self.times.get(step, 0.0) + now - self._last
        self._last = now


class _Solved:
    """A solved program on its way to a plan."""

    def __init__(self, scenario: Scenario, optimiser: Optimiser, clock: _Clock, progress: Progress | None) -> None:
        self.scenario, self.optimiser, self.clock = scenario, optimiser, clock
        self.progress: Progress = progress or (lambda step, done, of: None)
        self.program, self.values = optimiser.program, optimiser.values
        self.certifier = Certifier(self.values, self.program.form)
        self.ledger = self.certifier.ledger
        optimiser.deadline = clock.deadline
        # First, so that the prices do not depend on how the search over whole blocks went.
        self.relaxation = optimiser.solve(relaxed=True)
        self.sites = SiteBySite(scenario, optimiser) if can_go_site_by_site(self.program) else None
        self.solution = self._best() if self.program.is_integer else self.relaxation
        assert self.relaxation.row_dual is not None
        if not (np.all(np.isfinite(self.solution.x)) and np.all(np.isfinite(self.relaxation.row_dual))):
            raise SolverError("HiGHS returned numbers that are not finite")
        self.solution = break_ties(self.program, self.solution)
        self.prices: Prices = prices_of(self.program, self.relaxation.row_dual)
        self.decisions = Decisions.of(self.program, self.solution.x)
        clock.lap("solve")

    def _best(self) -> Solution:
        """The optimum, site by site where that is possible and ends; STOPPED if a deadline ended the search."""
        if self.sites is None:
            return self.optimiser.solve()
        found = self.sites.solve(self.clock.deadline)
        if found is not None and self.sites.finished:
            return found
        other = self.optimiser.solve()
        return found if found is not None and found.objective > other.objective else other

    def plan(self) -> Plan:
        lines = self._lines(self.decisions)
        certificate = self._certificate(lines)
        self.clock.lap("certificate")
        if certificate.verdict == DO_NOT_USE:
            failed = tuple(
                f"part {part.number}, {part.name}: {part.figure:.3g} {part.unit}, allowed {part.limit:g} {part.note}"
                for part in certificate.parts
                if not part.passed
            )
            return _without_answer(self.scenario, DO_NOT_USE, failed, self.clock, certificate)
        references = [self._reference("all_mining", ALL_MINING)]
        if not self.clock.is_over:
            references.append(self._reference("lease_all", LEASE_ALL))
        self.clock.lap("reference plans")
        break_evens = self._break_evens()
        self.clock.lap("break-evens")
        machines = [MachineBreakEvens(self.optimiser).of_choice(number) for number in range(len(self.values.machine_choices))]
        self.clock.lap("machines")
        expansions = [ExpansionBreakEvens(self.optimiser).of_choice(number) for number in range(len(self.values.expansions))]
        self.clock.lap("expansions")
        forced = self._forced()
        self.clock.lap("offers left out")
        beyond = beyond_horizon(self.values, self.decisions)
        self.clock.lap("beyond the horizon")
        return Plan(
            scenario=self.scenario,
            verdict=certificate.verdict,
            npv_usd=certificate.npv_usd,
            relaxation_npv_usd=(self.relaxation.objective + self.values.constant_musd()) * USD_PER_MUSD,
            ledger_total_usd=total_usd(lines),
            certificate=certificate,
            references=tuple(references),
            conflicts=(),
            warnings=tuple(self.scenario.warnings()),
            beyond=None if beyond is None else vars(beyond),
            rows=Tables(self.certifier, self.decisions, lines, self.prices, break_evens, forced, machines, expansions),
            manifest=_manifest(self.scenario, self.solution.status, self.clock),
        )

    # --- proof ---------------------------------------------------------------------------------------------------------

    def _certificate(self, lines: list[Line]) -> Certificate:
        certifier, decisions = self.certifier, self.decisions
        npv_musd = decisions.npv_musd(self.values)
        gross_musd = gross_usd(lines) / USD_PER_MUSD
        relaxed = Decisions.of(self.program, self.relaxation.x, whole=False)
        bound_musd = certifier.safe_bound_musd(self.prices)
        relaxed_npv = relaxed.npv_musd(self.values)
        gap = (bound_musd - relaxed_npv) / max(gross_musd, SMALLEST_GROSS_MUSD)
        parts = [
            certifier.data_gate(),
            certifier.primal(decisions),
            certifier.whole_blocks(decisions),
            certifier.objective(npv_musd, lines),
            certifier.duals(relaxed, self.prices, gross_musd),
            Part(
                5,
                "safe bound above the plan" if not self.program.is_integer else "safe bound above the relaxation",
                gap,
                "of the gross flows",
                GAP_TOLERANCE,
                -GAP_TOLERANCE <= gap <= GAP_TOLERANCE,
            ),
        ]
        if self.program.is_integer:
            part, proved_musd = self._search_part(npv_musd)
            parts.append(part)
            bound_musd = min(bound_musd, proved_musd)
        return Certificate(tuple(parts), npv_musd * USD_PER_MUSD, bound_musd * USD_PER_MUSD)

    def _search_part(self, npv_musd: float) -> tuple[Part, float]:
        """Part 6, and the upper bound of every plan, USD million, that the leaves of the search prove when they are recomputed.

        The solver's own bound is told beside it where it is lower; it is not recomputed, so nothing follows from it.
        """
        constant_musd = self.values.constant_musd()
        if self.sites is not None:
            bound_musd = proved_bound_musd(self.sites, npv_musd)
            nodes, finished = self.sites.nodes, self.sites.finished
        else:
            search = self.optimiser.search(npv_musd - constant_musd)
            bound_musd = self.certifier.tree_bound_musd(self.program, search.root)
            nodes, finished = search.nodes, search.finished
        note = f"{nodes:,} nodes" if finished else f"cut off after {nodes:,} nodes"
        gap_usd = max(bound_musd - npv_musd, 0.0) * USD_PER_MUSD
        solver_usd = max(self.solution.bound + constant_musd - npv_musd, 0.0) * USD_PER_MUSD
        passed = gap_usd <= SEARCH_TOLERANCE_USD
        if not passed and solver_usd < gap_usd:
            note += f"; the solver's own search claims {solver_usd:,.0f} USD"
        return Part(6, "proved gap of the whole blocks", gap_usd, "USD", SEARCH_TOLERANCE_USD, passed, note), bound_musd

    # --- tables --------------------------------------------------------------------------------------------------------

    def _lines(self, decisions: Decisions) -> list[Line]:
        return self.ledger.lines(*decisions.named(self.values))

    def _reference(self, name: str, definition: str) -> Reference:
        try:
            decisions, holds = self.optimiser.reference(name)
        except InfeasibleError:
            return Reference(name, f"{definition}; {KEEPS_NO_RULES}", math.nan, math.nan, {})
        definition += "" if holds else BELOW_FLOOR
        lines = self._lines(decisions)
        leased = float(sum(np.sum(mw) for mw in decisions.lease_mw))
        cash = self.ledger.calendar.total_by_year(sum((line.usd for line in lines), np.zeros(self.ledger.calendar.length)))
        return Reference(name, definition, total_usd(lines), leased, cash)

    def _break_evens(self) -> list[BreakEven]:
        """Of every offer that a time limit leaves time for. Separate sites are separate programs, so each is asked by itself."""
        found: dict[str, BreakEven] = {}
        for asked in self._separate_programs():
            for number, offer in enumerate(asked.program.values.offers):
                if self.clock.is_over:
                    break
                self.progress("break-evens", len(found), len(self.values.offers))
                found[offer.offer.name] = asked.of_offer(number)
        return [found.get(offer.offer.name, NOT_ASKED) for offer in self.values.offers]

    def _forced(self) -> dict[int, Forced]:
        """The best plans that take offers which prices do not tell why they are left out, by number of the offer."""
        left_out = (
            number for number, mw in enumerate(self.decisions.lease_mw) if needs_forcing(self.certifier, self.prices, number, mw)
        )
        found: dict[int, Forced] = {}
        for number in islice(left_out, MOST_FORCED):
            if self.clock.is_over:
                break
            found[number] = self._forced_offer(number)
        return found

    def _forced_offer(self, number: int) -> Forced:
        lease = self.values.offers[number].offer
        critical_mw = smallest_mw(lease)
        form = self.program.form.with_least(np.array([self.program.leased_columns.start + number]), critical_mw)
        try:
            found = Optimiser(self.values, replace(self.program, form=form)).solve()
        except SolverError:
            return Forced(critical_mw, math.inf)
        other, own = Decisions.of(self.program, found.x), self.decisions
        less = [float(np.sum(mine) - np.sum(theirs)) for mine, theirs in zip(own.lease_mw, other.lease_mw, strict=True)]
        given_up = [(offer.offer.name, mw) for offer, mw in zip(self.values.offers, less, strict=True) if mw > SMALLEST_SHOWN_MW]
        mining = float(np.sum(own.mining_mw - other.mining_mw)) / self.values.calendar.length
        return Forced(critical_mw, self.solution.objective - found.objective, tuple(given_up), mining)

    def _separate_programs(self) -> Iterator[BreakEvens]:
        if self.clock.is_over:
            return
        self.optimiser.deadline = math.inf  # a question that is begun is answered
        if len(self.values.sites) == 1 or not self.scenario.sites_are_separate:
            yield BreakEvens(self.optimiser)
            return
        for site in self.values.sites:
            if self.scenario.leases_at(site.name):
                yield BreakEvens(Optimiser(Values(self.scenario.only(site.name))))


def _without_answer(
    scenario: Scenario, verdict: str, why: tuple[str, ...], clock: _Clock, certificate: Certificate | None = None
) -> Plan:
    return Plan(
        scenario=scenario,
        verdict=verdict,
        npv_usd=float("nan"),
        relaxation_npv_usd=float("nan"),
        ledger_total_usd=float("nan"),
        certificate=certificate,
        references=(),
        conflicts=why,
        warnings=tuple(scenario.warnings()),
        beyond=None,
        rows={table: [] for table in TABLES},
        manifest=_manifest(scenario, "not solved" if certificate is None else "rejected", clock),
    )


def scenario_hash(scenario: Scenario) -> str:
    """SHA-256 of everything the scenario says, files included, independent of layout and order of fields."""
    text = json.dumps(scenario.content(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest(scenario: Scenario, status: str, clock: _Clock) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "file": scenario.origin.file,
        "overrides": list(scenario.origin.overrides),
        "scenario_sha256": scenario_hash(scenario),
        "hashlease": __version__,
        "python": platform.python_version(),
        "pyomo": pyomo_version,
        "highs": solver_version(),
        "numpy": np.__version__,
        "solver_status": status,
        "solver_options": {
            "threads": 1,
            "random_seed": 0,
            "feasibility_tolerances": FEASIBILITY_TOLERANCE,
            "mip_rel_gap": 0.0,
            "mip_abs_gap_musd": MIP_ABSOLUTE_GAP_MUSD,
        },
        "times_s": {step: round(seconds, 4) for step, seconds in clock.times.items()},
    }
