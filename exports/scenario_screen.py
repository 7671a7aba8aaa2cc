"""What `hashlease validate` prints: the input's implied figures, which catch unit slips that no bound can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from ..models.months import DAYS_PER_YEAR
from ..models.scenario import Scenario
from ..models.sources import is_assumption
from ..models.values import Values
from .colour import colour
from .columns import columns, paragraph
from .figures import count_sources, figures
from .screen import page_width

LONGEST_VALUE = 80


def show_scenario(scenario: Scenario, sources: bool = False) -> None:
    """Print what a valid scenario implies, and on demand every figure with its source."""
    for line in scenario_lines(scenario, sources):
        print(line)


def scenario_lines(scenario: Scenario, sources: bool) -> Iterator[str]:
    """The lines of `hashlease validate`."""
    width, calendar = page_width(), scenario.calendar
    yield colour(f"{scenario.name} is valid", "green", "bold")
    size = f"{len(scenario.sites)} sites, {len(scenario.fleets)} fleets, {len(scenario.leases)} lease offers"
    yield f"  {calendar.start} to {calendar.end} ({calendar.length} months); {size}"
    yield from _market(scenario)
    yield from _fleets(scenario)
    yield from _leases(scenario)
    for warning in scenario.warnings():
        for line in paragraph(f"note: {warning}", width):
            yield colour(line, "yellow")
    if sources:
        yield from _sources(scenario, width)
    sourced, assumed, silent = count_sources(scenario)
    yield f"  inputs: {sourced} with a source, {assumed} assumptions, {silent} with neither"


def _market(scenario: Scenario) -> Iterator[str]:
    values = Values(scenario)
    hashprice = values.market.hashprice_usd_per_ph_day
    first, last = scenario.calendar.start, scenario.calendar.end
    ends = f"{hashprice[0]:,.2f} USD/PH/day in {first}, {hashprice[-1]:,.2f} in {last}"
    yield f"  hashprice {ends} ({hashprice.min():,.2f} to {hashprice.max():,.2f})"
    for zone in scenario.power.zones:
        table, factor = scenario.price_tables[zone.name], scenario.power.multiplier
        mean = factor * float(table.month_usd_per_mw.sum() / table.month_hours.sum())
        negative = float(table.hours[table.usd_per_mwh < 0].sum() / table.month_hours.sum())
        lowest, highest = factor * table.usd_per_mwh.min(), factor * table.usd_per_mwh.max()
        span = f"{mean:,.2f} USD/MWh around the clock, {lowest:,.2f} to {highest:,.2f}"
        yield f"  {zone.name}: {span}, negative in {100 * negative:.1f} % of the hours"


def _fleets(scenario: Scenario) -> Iterator[str]:
    calendar = scenario.calendar
    hashprice = scenario.market.hashprice.market(calendar).hashprice_usd_per_ph_day
    rows = []
    for fleet in scenario.fleets:
        month = 0 if fleet.first_month is None else min(max(calendar.index(fleet.first_month), 0), calendar.length - 1)
        at = hashprice[month : month + 1]
        rows.append(
            (
                fleet.name,
                f"{fleet.owned_eh:,.2f}",
                f"{fleet.efficiency_j_per_th:g}",
                f"{fleet.owned_mw:,.1f}",
                str(calendar.start + month),
                "end" if fleet.retire_month is None else str(fleet.retire_month),
                f"{fleet.revenue_usd_per_mwh(at)[0]:,.1f}",
                f"{fleet.break_even_usd_per_mwh(at)[0]:,.1f}",
            )
        )
    if rows:
        yield ""
        yield from columns(
            ("fleet", "EH/s", "J/TH", "meter MW", "from", "retired", "first revenue USD/MWh", "break-even power USD/MWh"), rows
        )


def _leases(scenario: Scenario) -> Iterator[str]:
    rows = []
    for lease in scenario.leases:
        starts, rent = lease.starts(scenario.calendar), lease.first_year_rent_usd_per_kw_month
        rows.append(
            (
                lease.name,
                lease.status,
                f"{lease.critical_it_mw:,.1f}",
                f"{lease.meter_mw:,.1f}",
                str(starts[0]) if len(starts) == 1 else f"{starts[0]}..{starts[-1]}",
                str(starts[-1] + (lease.term_months - 1)),
                f"{rent:,.2f}",
                f"{rent * 12 / 1e3:,.2f}",
                f"{rent * 12_000 / (lease.gross_up * DAYS_PER_YEAR * 24):,.1f}",
                f"{lease.contract_value / 1e6:,.0f}",
                f"{lease.landlord_capex_usd_per_critical_mw * lease.critical_it_mw / 1e6:,.0f}",
            )
        )
    if rows:
        headings = (
            "lease offer",
            "",
            "critical MW",
            "meter MW",
            "rent from",
            "last month",
            "rent USD/kW-month",
            "= M USD per MW-year",
            "= USD per meter MWh",
            "contract M USD",
            "landlord's capex M USD",
        )
        yield ""
        yield from columns(headings, rows, left=(0, 1))


def _sources(scenario: Scenario, width: int) -> Iterator[str]:
    yield ""
    for place, value, source in figures(scenario):
        yield f"  {place} = {_short(value)}"
        label = "none" if not source else "assumption" if is_assumption(source) else "source"
        text = source.split(":", 1)[-1].strip() if label == "assumption" and ":" in source else source
        for line in paragraph(f"{label}: {text}" if source else "no source", width, indent=" " * 6, hanging=" " * 8):
            yield colour(line, "dim")


def _short(value: Any) -> str:
    data = value.model_dump(mode="json", by_alias=True, exclude_unset=True) if isinstance(value, BaseModel) else value
    if isinstance(value, tuple):
        data = [
            item.model_dump(mode="json", by_alias=True, exclude_unset=True) if isinstance(item, BaseModel) else item
            for item in value
        ]
    text = str(data)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."
