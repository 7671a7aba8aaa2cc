"""From a scenario to the workbook: the certified list of plans, evaluated by formulas.

content = workbook_bytes(export_of(scenario))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ...errors import InputError, Problem
from ...models.scenario import Scenario
from ...models.values import TODAY, USD_PER_MUSD, Values
from ...optimizer.decision_map import DecisionMap, decision_map
from ...optimizer.decisions import Decisions
from ...optimizer.diagnosis import NoPlanError
from ...optimizer.plan import Plan
from ...optimizer.plan_terms import PlanTerms, refuse_terms
from ...optimizer.plan_values import PlanValues
from ...optimizer.sandwich import Progress
from ...optimizer.solve import solve
from .book import Book
from .calculations import calculations
from .checks import ChecksPage
from .choices import Choices, first_choices
from .control import Box, ControlPage
from .leases_page import BreakEvensPage, LeasesPage, offers_in_list
from .links import MOST_OFFERS, MOST_PLANS, LinksPage
from .map_page import MapPage
from .records import write_about, write_certificate, write_inputs, write_tables
from .scenarios_page import ScenariosPage
from .sensitivity_page import SensitivityPage
from .shadow import Shadow
from .yearly_pages import AllocationPage, CashPage, PlansPage

DEFAULT_BOX: Mapping[str, tuple[float, float]] = {"hashprice": (0.5, 2.0), "rent": (0.7, 1.4), "power": (0.7, 1.4)}
DEFAULT_TOLERANCE = 0.005
LONGEST_WORDS = 240
DONE = {"expand": "more by", "buy": "bought of", "sell": "sold of", "move": "moved by"}


@dataclass(frozen=True)
class Export:
    """A solved scenario with the list of its plans, those that lease least first.

    program_musd: value of every plan of the list by the program at the scenario's own prices.
    """

    plan: Plan
    found: DecisionMap
    terms: PlanTerms
    status_quo: int
    words: tuple[str, ...]
    program_musd: tuple[float, ...]

    @property
    def choices(self) -> Choices:
        """What stands in the input cells at first."""
        return first_choices(self.found.axes)

    @property
    def box(self) -> Box:
        axes = {axis.name: (axis.low, axis.high) for axis in self.found.axes}
        return Box(axes, max(self.found.bound_usd, 0.0) / USD_PER_MUSD)


def export_of(
    scenario: Scenario,
    box: Mapping[str, tuple[float, float]] = DEFAULT_BOX,
    tolerance: float = DEFAULT_TOLERANCE,
    progress: Callable[[Progress], None] | None = None,
) -> Export:
    """Solve, prove the list over the box, and take it apart. Raises InputError, NoPlanError, SolverError as the two studies do."""
    plan = solve(scenario)
    if plan.verdict.startswith("INFEASIBLE"):
        raise NoPlanError(list(plan.conflicts))
    if not plan.is_final:
        raise InputError(
            [Problem("export", "", f"a plan that is not proved ({plan.verdict})", "a proved plan", "hashlease run tells why")]
        )
    refuse_terms(Values(scenario))
    found = decision_map(scenario, box, tolerance, progress)
    return with_plans(plan, found, list(found.decisions))


def with_plans(plan: Plan, found: DecisionMap, decisions: list[Decisions]) -> Export:
    """An export of these plans; the status quo joins them if it is not among them."""
    values = found.values.values
    known = PlanValues(values)
    for one in decisions:
        known.add(one)
    status_quo = known.add(known.committed(found.all_mining(), TODAY))
    if len(known) > MOST_PLANS or len(values.offers) > MOST_OFFERS:
        size = f"{len(known)} plans and {len(values.offers)} offers"
        hint = "a larger --tolerance needs fewer plans; a portfolio can be exported site by site"
        raise InputError([Problem("export", "", size, f"at most {MOST_PLANS} plans and {MOST_OFFERS} offers", hint)])
    weight = [
        sum(float(np.sum(mw @ offer.occupied_mw)) for mw, offer in zip(one.lease_mw, values.offers, strict=True))
        for one in known.plans
    ]
    order = sorted(range(len(known)), key=lambda number: (number != status_quo, weight[number], number))
    chosen = [known.plans[number] for number in order]
    terms = PlanTerms.of(values, chosen)
    by_program = known.at(TODAY)[order]
    return Export(
        plan, found, terms, order.index(status_quo), tuple(_words(terms, n) for n in range(len(chosen))), tuple(by_program.tolist())
    )


def _words(terms: PlanTerms, plan: int) -> str:
    """The offers that a plan takes and the expansions that it energises, with MW and first start."""
    taken: dict[str, tuple[float, str]] = {}
    for option, mw in zip(terms.leases, terms.critical_mw[plan].tolist(), strict=True):
        if mw and option.offer.status == "offered":
            before, first = taken.get(option.offer.name, (0.0, str(option.start)))
            taken[option.offer.name] = (before + mw, min(first, str(option.start)))
    text = "; ".join(f"{mw:,.4g} MW {name} from {first}" for name, (mw, first) in taken.items()) or "no offer: mine"
    for one, mw in zip(terms.dated, terms.option_mw[plan, len(terms.leases) :].tolist(), strict=True):
        text += f"; {mw:,.4g} MW {DONE[one.choice.kind]} {one.name} from {one.start}" if mw else ""
    return text if len(text) <= LONGEST_WORDS else f"{text[:LONGEST_WORDS]}..."


def workbook_bytes(export: Export, choices: Choices | None = None) -> bytes:
    """The workbook. choices: what stands in its input cells, at first the scenario as it is."""
    return build(export, choices)[0]


def build(export: Export, choices: Choices | None = None) -> tuple[bytes, dict[str, list[float | str]]]:
    """(the workbook, what stands under each name of its Links sheet)."""
    shadow = Shadow(export.terms, choices or export.choices, export.status_quo)
    scenario, words = export.plan.scenario, list(export.words)
    book = Book(f"hashlease plan: {scenario.name}", shadow.months)
    control = ControlPage(book, shadow, export.box, scenario.title or scenario.name)
    scenarios = ScenariosPage(book, shadow)
    map_page = MapPage(book, shadow)
    plans, allocation, cash, leases = (
        PlansPage(book, shadow),
        AllocationPage(book, shadow),
        CashPage(book, shadow),
        LeasesPage(book, shadow),
    )
    sensitivity = SensitivityPage(book, shadow)
    write_inputs(book, scenario)
    write_certificate(book, export.plan, export.found)
    checks = ChecksPage(book, shadow, dict(export.box.axes), export.box.bound_musd)
    write_about(book, export.plan)
    links = LinksPage(book, shadow, control.inside(), export.box.bound_musd, checks)
    write_tables(book, export.plan)
    calc = calculations(book, shadow, scenarios, map_page.axis_cells, words)
    offers = offers_in_list(shadow, export.plan)
    break_evens = BreakEvensPage(book, shadow, offers, calc)
    plans.write(calc, words)
    allocation.write(calc)
    cash.write(calc)
    leases.write(export.plan, offers, calc, break_evens)
    sensitivity.write(calc, map_page.axis_cells)
    checks.write(calc, cash, np.array(export.program_musd))
    control.write(calc, allocation, cash, sensitivity, checks, words)
    map_page.write(calc.map_values, control.hashprice, control.rent)
    taken = [float(shadow.terms.critical_mw[shadow.shown, offer.first : offer.last + 1].sum()) for offer in offers]
    named = [(offer.name, mw) for offer, mw in zip(offers, taken, strict=True)]
    links.write((scenario.name, export.plan.verdict), calc, allocation, cash, sensitivity, named)
    return book.content(), links.outputs
