"""The calculation sheets, in the order in which one builds on the other."""

from __future__ import annotations

from dataclasses import dataclass

from .book import Book
from .lease_terms import OptionsPage, TermsPage, UsesPage
from .mining import CasesPage, FleetsPage, MiningPage, PricesPage
from .months import AllocationMonths, CashMonths
from .plan_values import MachinesPage, MapValuesPage, PlanValuesPage
from .scenarios_page import ScenariosPage
from .shadow import Shadow
from .timeline import Timeline


@dataclass(frozen=True)
class Calculations:
    """Every calculation sheet."""

    timeline: Timeline
    prices: PricesPage
    fleets: FleetsPage
    mining: MiningPage
    cases: CasesPage
    machines: MachinesPage
    plans: PlanValuesPage
    terms: TermsPage
    options: OptionsPage
    uses: UsesPage
    allocation: AllocationMonths
    cash: CashMonths
    map_values: MapValuesPage


def calculations(
    book: Book, shadow: Shadow, scenarios: ScenariosPage, axis_cells: dict[str, list[str]], words: list[str]
) -> Calculations:
    """Write them. axis_cells: references of the points of each axis. words: what each plan does."""
    timeline = Timeline(book, shadow, scenarios)
    prices = PricesPage(book, shadow, timeline)
    fleets = FleetsPage(book, shadow)
    mining = MiningPage(book, shadow, timeline, prices, fleets)
    cases = CasesPage(book, mining)
    machines = MachinesPage(book, shadow, timeline)
    plans = PlanValuesPage(book, shadow)
    terms = TermsPage(book, shadow, timeline, plans)
    options = OptionsPage(book, shadow, terms, plans)
    uses = UsesPage(book, shadow, timeline, plans)
    allocation = AllocationMonths(book, shadow, timeline, mining, machines, uses)
    cash = CashMonths(book, shadow, timeline, mining, machines, terms, allocation)
    map_values = MapValuesPage(book, shadow, plans, axis_cells["rent"])
    found = Calculations(
        timeline, prices, fleets, mining, cases, machines, plans, terms, options, uses, allocation, cash, map_values
    )
    cases.write(plans.case_price)
    plans.write(found, case_prices(axis_cells), words)
    return found


def case_prices(axis_cells: dict[str, list[str]]) -> dict[str, tuple[str, str, str]]:
    """Formulas of the multipliers of hashprice, rent and power of every case."""
    names = ("hashprice", "rent", "power")
    now = {name: f"x_{name}" for name in names}
    found = {"base": ("SUM(1)", "SUM(1)", "SUM(1)")}
    for end, sign in (("low", "-"), ("high", "+")):
        found[f"discount {end}"] = (now["hashprice"], now["rent"], now["power"])
        for name in names:
            found[f"{name} {end}"] = _with(now, name, f"x_{name}*(1{sign}swing_{name})")
    for name in names:
        for number, cell in enumerate(axis_cells[name], start=1):
            found[f"{name} {number}"] = _with(now, name, cell)
    return found


def _with(now: dict[str, str], name: str, formula: str) -> tuple[str, str, str]:
    moved = {**now, name: formula}
    return moved["hashprice"], moved["rent"], moved["power"]
