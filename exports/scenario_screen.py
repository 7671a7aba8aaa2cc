"""What `hashlease validate` prints: the input's implied figures, which catch unit slips that no bound can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from ..models.depreciation import Depreciation
from ..models.expansion import Expansion
from ..models.flexibility import AncillaryService, InSeason, Off
from ..models.lease import LeaseOffer
from ..models.mining import TH_PER_EH
from ..models.months import DAYS_PER_YEAR, Array
from ..models.policy import TENANT_KINDS
from ..models.power import FixedBlock
from ..models.scenario import Scenario
from ..models.site import RampStep, Site, ramp_mw
from ..models.sources import is_assumption
from ..models.values import Values
from .colour import colour
from .columns import columns, paragraph
from .figures import count_sources, figures
from .screen import budget_rule, page_width, title_lines

LONGEST_VALUE = 80


def show_scenario(scenario: Scenario, sources: bool = False) -> None:
    """Print what a valid scenario implies, and on demand every figure with its source."""
    for line in scenario_lines(scenario, sources):
        print(line)


def scenario_lines(scenario: Scenario, sources: bool) -> Iterator[str]:
    """The lines of `hashlease validate`."""
    width, calendar = page_width(), scenario.calendar
    yield from title_lines(scenario, width)
    yield colour(f"{scenario.name} is valid", "green", "bold")
    counted = (
        ("site", scenario.sites),
        ("fleet", scenario.fleets),
        ("lease offer", scenario.leases),
        ("machine offer", scenario.machine_offers),
    )
    size = ", ".join(
        f"{len(rows)} {word}{'' if len(rows) == 1 else 's'}" for word, rows in counted if rows or word != "machine offer"
    )
    yield from paragraph(f"{calendar.start} to {calendar.end} ({calendar.length} months); {size}", width)
    for text in (*_market(scenario), *_sites(scenario), *_sales(scenario), *_rules(scenario), *_finance(scenario)):
        yield from paragraph(text, width)
    yield from _fleets(scenario)
    yield from _leases(scenario)
    yield from _machines(scenario)
    for warning in scenario.warnings():
        for line in paragraph(f"note: {warning}", width):
            yield colour(line, "yellow")
    if sources:
        yield from _sources(scenario, width)
    sourced, assumed, silent = count_sources(scenario)
    yield from paragraph(f"inputs: {sourced} with a source, {assumed} assumptions, {silent} with neither", width)


def _market(scenario: Scenario) -> Iterator[str]:
    values = Values(scenario)
    hashprice = values.market.hashprice_usd_per_ph_day
    first, last = scenario.calendar.start, scenario.calendar.end
    ends = f"{hashprice[0]:,.2f} USD/PH/day in {first}, {hashprice[-1]:,.2f} in {last}"
    yield f"hashprice: {ends} ({hashprice.min():,.2f} to {hashprice.max():,.2f})"
    for zone in scenario.power.zones:
        table, factor = scenario.price_tables[zone.name], scenario.power.multiplier
        mean = factor * float(table.month_usd_per_mw.sum() / table.month_hours.sum())
        negative = float(table.hours[table.usd_per_mwh < 0].sum() / table.month_hours.sum())
        lowest, highest = factor * table.usd_per_mwh.min(), factor * table.usd_per_mwh.max()
        span = f"{mean:,.2f} USD/MWh around the clock as a mean over the horizon, {lowest:,.2f} to {highest:,.2f}"
        yield f"market price at {zone.name}: {span}, negative in {100 * negative:.1f} % of the hours"


def _resale_in_words(block: FixedBlock) -> str:
    if block.resale_fraction == 0:
        return "may not be resold"
    fee = f" less {block.resale_fee_usd_per_mwh:,.2f} USD/MWh" if block.resale_fee_usd_per_mwh else ""
    return f"resold at {100 * block.resale_fraction:.4g} % of the index{fee}"


def _sites(scenario: Scenario) -> Iterator[str]:
    for site in scenario.sites:
        suitable = _steps(site, site.hpc_suitable_mw, scenario) if site.hpc_suitable_mw else "all of it"
        yield f"{site.name}: energised {_steps(site, site.energised_mw, scenario)}; suitable for leases {suitable}"
        yield f"{site.name}: energy {_supply(site, scenario)}; {_demand_charge(site, scenario)}"
        yield from (f"{site.name}: {text}" for text in _terms(site, scenario))
        for block in site.blocks:
            price = f"{block.mw:,.1f} MW at {block.usd_per_mwh:,.2f} USD/MWh"
            resale = "" if block.is_resold_in_full else f", {_resale_in_words(block)}"
            yield f"{site.name}: fixed block {block.name}, {price}, {block.first_month} to {block.last_month}{resale}"
        for expansion in site.expansions:
            yield f"{site.name}: expansion {expansion.name}, {_expansion(expansion, scenario)}"
        if site.energy_cap is not None:
            yield f"{site.name}: at most {site.energy_cap.mwh_per_year:,.0f} MWh a year, leases and losses included"


def _expansion(expansion: Expansion, scenario: Scenario) -> str:
    months = expansion.months(scenario.calendar)
    when = f"from {months[0]}" if len(months) == 1 else f"from {months[0]} to {months[-1]}"
    spent = f"spent over {expansion.build_months} months before" if expansion.build_months else "spent on the first day"
    words = [f"up to {expansion.mw:,.1f} MW, energised {when}", f"{expansion.capex_usd_per_mw:,.0f} USD a MW {spent}"]
    if expansion.fixed_usd_per_mw_month:
        words.append(f"upkeep {expansion.fixed_usd_per_mw_month:,.0f} USD a MW and month")
    if expansion.residual_fraction:
        words.append(f"{100 * expansion.residual_fraction:g} % of the capex left at the end")
    words.append(f"{100 * expansion.hpc_suitable_fraction:g} % of it suitable for leases")
    return "; ".join(words)


def _steps(site: Site, ramp: tuple[RampStep, ...], scenario: Scenario) -> str:
    """MW that are counted from the start of the horizon on, and every change in it."""
    calendar = scenario.calendar
    mw = ramp_mw(ramp, calendar, site.mw_counted)
    later = [f"{mw[t]:,.1f} MW from {calendar.months[t]}" for t in range(1, calendar.length) if mw[t] != mw[t - 1]]
    return ", ".join([f"{mw[0]:,.1f} MW from {calendar.start}", *later])


def _supply(site: Site, scenario: Scenario) -> str:
    if site.supply.kind == "index":
        return f"at the market price of {site.zone} {site.supply.adder_usd_per_mwh:+,.2f} USD/MWh"
    return f"at a fixed price, {_ends(site.supply.usd_per_mwh.values(scenario.calendar), scenario)} USD/MWh"


def _demand_charge(site: Site, scenario: Scenario) -> str:
    if site.demand_charge is None:
        return "no demand charge"
    usd = _ends(site.demand_charge.usd_per_kw_month.values(scenario.calendar), scenario)
    return f"demand charge {usd} USD/kW-month, of which mining avoids {100 * site.demand_charge.avoided_by_mining_fraction:g} %"


def _terms(site: Site, scenario: Scenario) -> Iterator[str]:
    """What the load is charged and paid beside its energy."""
    calendar = scenario.calendar
    if site.delivery is not None:
        usd = _ends(site.delivery.usd_per_mwh.values(calendar), scenario)
        yield f"delivery {usd} USD/MWh, losses {100 * site.delivery.loss_fraction:g} %"
    for peak in site.coincident_peaks:
        usd = _ends(peak.usd_per_kw.values(calendar), scenario)
        share = f"{100 * peak.avoided_fraction:g} % of it by being off {_off(peak)}"
        avoids = {
            "when_it_pays": f"mining avoids {share} where that pays",
            "always": f"mining always avoids {share}",
            "never": "mining pays it too",
        }[peak.avoid]
        yield f"coincident peak {peak.name}, {usd} USD per kW and month, {_season(peak)}; {avoids}"
    for duty in site.curtailments:
        yield f"curtailment {duty.name}, {_season(duty)}: mining is off {_off(duty)}"
    for service in site.ancillary_services:
        usd, share = _ancillary_price(service, site, scenario), f"{100 * service.share_fraction:g} % of mining"
        yield f"ancillary service {service.name}, {share}, {usd}, {_season(service)}"
    for item in site.standby:
        usd, share = _ends(item.usd_per_mw_month.values(calendar), scenario), f"{100 * item.share_fraction:g} % of mining"
        yield f"standby {item.name}, {share}, {usd} USD per MW-month, {_season(item)}; called {_off(item)}"


def _ancillary_price(service: AncillaryService, site: Site, scenario: Scenario) -> str:
    if service.usd_per_mw_hour is not None:
        return f"{_ends(service.usd_per_mw_hour.values(scenario.calendar), scenario)} USD per MW-hour"
    table = scenario.price_tables[site.zone]
    usd = table.ancillary_usd[str(service.hourly_prices)]
    mean = float((usd * table.hours).sum() / table.month_hours.sum())
    return f"hour by hour {usd.min():,.2f} to {usd.max():,.2f} USD per MW-hour, {mean:,.2f} on the mean of all hours"


def _season(item: InSeason) -> str:
    """The months of a year in which an agreement holds."""
    first, last = item.from_month_of_year, item.to_month_of_year
    return "all year" if (first, last) == (1, 12) else f"months {first} to {last}"


def _off(item: Off) -> str:
    which = {"dearest": "the dearest hours", "average": "hours whatever their price", "cheapest": "the cheapest hours"}
    if item.off_hours_per_year is not None:
        return f"in {item.off_hours_per_year:g} of {which[item.off_in]} a year"
    return f"in {item.off_hours_per_month:g} of {which[item.off_in]} a month"


def _ends(values: Array, scenario: Scenario) -> str:
    """The first value of a path, and the last where another one is on the way."""
    calendar = scenario.calendar
    if values.min() == values.max():
        return f"{values[0]:,.2f}"
    return f"{values[0]:,.2f} in {calendar.start}, {values[-1]:,.2f} in {calendar.end} ({values.min():,.2f} to {values.max():,.2f})"


def _finance(scenario: Scenario) -> Iterator[str]:
    finance = scenario.finance
    rates = finance.discount_rate_per_year
    kinds = {"mining": rates.mining, "leases": rates.lease, "capex": rates.capex, "power contracts": rates.power_contract}
    if rates.debt is not None:
        kinds["debt"] = rates.debt
    by_kind = ", ".join(f"{kind} {100 * rate:g} %" for kind, rate in kinds.items())
    yield f"valued on {finance.valuation_date} in {finance.dollars} dollars; discount rates a year: {by_kind}"
    tax = finance.tax
    if tax is None:
        yield "no tax"
    else:
        machines = f", machines {_schedule(tax.machines)}" if scenario.machine_offers else ""
        yield f"tax: {100 * tax.rate_fraction:g} %, lease capex depreciated {_schedule(tax)}{machines}"
    if finance.cash is not None:
        floors = ", ".join(f"{year} {usd / 1e6:,.1f}" for year, usd in sorted(finance.cash.floor_usd.items()))
        raised = ", ".join(f"{year} {usd / 1e6:,.1f}" for year, usd in sorted(finance.cash.raised_usd.items())) or "nothing"
        opening = f"opening {finance.cash.opening_usd / 1e6:,.1f}, raised {raised}"
        yield f"cash at the end of the year, M USD: at least {floors}; {opening}"
    if finance.treasury is not None:
        sold = finance.treasury.sell_month or scenario.calendar.end
        yield f"treasury: {100 * finance.treasury.hold_fraction:g} % of the mined coins are kept and sold in {sold}"
    budgets = {"": finance.capex_budget_usd, "up to ": finance.cumulative_capex_budget_usd}
    stated = [f"{until}{year} {usd / 1e6:,.1f}" for until, budget in budgets.items() for year, usd in sorted(budget.items())]
    if stated:
        yield f"capex budget, M USD: {', '.join(stated)}; {budget_rule(scenario)}"
    else:
        yield "no capex budget: spending on offers is not limited"


def _schedule(tax: Depreciation) -> str:
    """A depreciation schedule in words."""
    if tax.macrs_years is None:
        return f"over {tax.depreciation_years:g} years"
    bonus = f", {100 * tax.bonus_fraction:g} % of it at once" if tax.bonus_fraction else ""
    return f"as {tax.macrs_years}-year property (MACRS){bonus}"


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


def _sales(scenario: Scenario) -> Iterator[str]:
    for fleet in scenario.fleets:
        if fleet.sale is not None:
            months = fleet.sale.months(scenario.calendar, fleet.available_mw(scenario.calendar))
            price = _ends(fleet.sale.usd_per_th.values(scenario.calendar), scenario)
            follows = f", of which {100 * fleet.sale.follows_hashprice_fraction:g} % follows the hashprice"
            yield f"{fleet.name}: may be sold from {months[0]} to {months[-1]}; a TH brings USD {price}{follows}"


COUNTED = {
    "hashrate": ("hashrate", "EH/s"),
    "mining_share": ("MW that mine, of the energised MW,", "%"),
    "lease_share": ("MW let, of the energised MW,", "%"),
    "load": ("MW that mine or are delivered", "MW"),
    "curtailable_share": ("MW that mine, of the load,", "%"),
    "tenant_share": ("MW of all MW let", "%"),
    "tenant_rent_share": ("rent of all rent", "%"),
    "tenant_mw": ("MW let", "MW"),
}
"""What a rule of each kind counts, and the unit in which its limits are told."""


def _rules(scenario: Scenario) -> Iterator[str]:
    calendar = scenario.calendar
    for rule in scenario.rules:
        counted, unit = COUNTED[rule.kind]
        scale = 100 if unit == "%" else 1
        limits = [("at least", rule.limit("at_least")), ("at most", rule.limit("at_most"))]
        told = " and ".join(f"{words} {scale * limit:,.6g} {unit}" for words, limit in limits if limit is not None)
        of = f"{rule.tenant or 'each tenant'}: " if rule.kind in TENANT_KINDS else ""
        months = rule.months(calendar)
        span = f"{calendar.months[months[0]]} to {calendar.months[months[-1]]}"
        yield f"rule {rule.name}: {of}{counted} {told}, {rule.site or 'all sites'}, {span}"


def _size_rule(lease: LeaseOffer) -> str:
    if lease.minimum_critical_mw is not None:
        return f"at least {lease.minimum_critical_mw:,.1f}"
    return "whole" if lease.indivisible and lease.status == "offered" else ""


def _leases(scenario: Scenario) -> Iterator[str]:
    if not scenario.leases:
        return
    terms, money = [], []
    for lease in scenario.leases:
        starts, rent = lease.starts(scenario.calendar), lease.first_year_rent_usd_per_kw_month
        one = f"{starts[0]} (signed)" if lease.status == "signed" else str(starts[0])
        terms.append(
            (
                lease.name,
                f"{lease.critical_it_mw:,.1f}",
                f"{lease.meter_mw:,.1f}",
                _size_rule(lease),
                one if len(starts) == 1 else f"{starts[0]}..{starts[-1]}",
                str(starts[-1] + (lease.term_months - 1)),
            )
        )
        money.append(
            (
                lease.name,
                f"{rent:,.2f}",
                f"{rent * 12 / 1e3:,.2f}",
                f"{rent * 12_000 / (lease.gross_up * DAYS_PER_YEAR * 24):,.1f}",
                f"{lease.contract_value / 1e6:,.0f}",
                f"{lease.own_capex_usd_per_critical_mw * lease.critical_it_mw / 1e6:,.0f}",
            )
        )
    yield ""
    yield from columns(("lease offer", "critical MW", "meter MW", "", "rent from", "last month"), terms)
    yield ""
    headings = (
        "lease offer",
        "rent USD per kW-month",
        "M USD per MW-year",
        "USD/MWh at meter",
        "contract M USD",
        "own capex M USD",
    )
    yield from columns(headings, money)


def _machines(scenario: Scenario) -> Iterator[str]:
    """What may be bought: its size, its price, and the power price up to which it runs in the month of the first delivery."""
    calendar = scenario.calendar
    hashprice = scenario.market.hashprice.market(calendar).hashprice_usd_per_ph_day
    rows = []
    for move in scenario.machine_moves:
        fleet = next(fleet for fleet in scenario.fleets if fleet.name == move.fleet)
        months, cost = move.months(fleet, calendar), move.cost_usd_per_mw(fleet)
        way = f"{fleet.name} may move to {move.site}, leaving from {months[0]} to {months[-1]}"
        yield f"  {move.name}: {way}, for {cost:,.0f} USD a MW"
    for offer in scenario.machine_offers:
        months = offer.deliveries(calendar)
        at, price = calendar.index(months[0]), offer.usd_per_th.values(calendar)
        first, last = float(price[at]), float(price[calendar.index(months[-1])])
        rows.append(
            (
                offer.name,
                f"{offer.size_mw:,.1f}",
                f"{offer.size_mw * offer.th_per_mw / TH_PER_EH:,.2f}",
                f"{offer.efficiency_j_per_th:g}",
                f"{first:,.2f}" if first == last else f"{first:,.2f}..{last:,.2f}",
                f"{first * offer.th_per_mw / 1e6:,.3f}",
                str(months[0]) if len(months) == 1 else f"{months[0]}..{months[-1]}",
                f"{offer.machines(calendar).break_even_usd_per_mwh(hashprice[at : at + 1])[0]:,.1f}",
            )
        )
    if rows:
        yield ""
        heads = ("machine offer", "meter MW", "EH/s", "J/TH", "USD/TH", "M USD per MW", "delivered", "break-even power USD/MWh")
        yield from columns(heads, rows)


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
