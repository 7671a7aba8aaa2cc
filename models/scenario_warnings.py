"""What a scenario may say but probably does not mean, and what it leaves out of account, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .gpu_cloud import gpu_spending
from .money_faults import money_warnings
from .prices import HourlyPrice

if TYPE_CHECKING:
    from .scenario import Scenario

ROUNDING = 1e-9
LOW_DISCOUNT_RATE = 0.02
"""Below this a yearly rate is probably a monthly one."""


def warnings_of(scenario: Scenario) -> list[str]:
    """What is allowed but probably not meant, and what the input leaves out of account, in plain sentences."""
    return [
        *_rate_warnings(scenario),
        *money_warnings(scenario.finance, scenario.leases, scenario.calendar),
        *_price_warnings(scenario),
        *_fleet_warnings(scenario),
        *_lease_warnings(scenario),
        *_machine_warnings(scenario),
        *_uncertain_warnings(scenario),
        *_size_warnings(scenario),
        *_horizon_warnings(scenario),
    ]


def _rate_warnings(scenario: Scenario) -> Iterator[str]:
    rates = scenario.finance.discount_rate_per_year
    for kind in ("mining", "lease", "capex", "power_contract"):
        rate = getattr(rates, kind)
        if 0 < rate < LOW_DISCOUNT_RATE:
            same = f"{(1 + rate) ** 12 - 1:.3f} a year would be the same"
            yield f"finance.discount_rate_per_year.{kind} is {rate:g} a year; if that is a monthly rate, {same}"


def _price_warnings(scenario: Scenario) -> Iterator[str]:
    for zone in scenario.power.zones:
        if isinstance(zone.price, HourlyPrice):
            yield from zone.price.series.notes


def _fleet_warnings(scenario: Scenario) -> Iterator[str]:
    for fleet in scenario.fleets:
        largest = scenario.most_energised(fleet.site)
        if fleet.owned_mw > largest * (1 + ROUNDING):
            size = f"fleet {fleet.name} has {fleet.owned_mw:,.1f} MW, more than {fleet.site} can energise ({largest:,.1f} MW)"
            yield f"{size}; the rest of its machines stand still"
        if fleet.retire_month is not None and fleet.retire_month <= scenario.calendar.start:
            yield f"fleet {fleet.name} is retired in {fleet.retire_month}, before the horizon begins"
        if fleet.first_month is not None and fleet.first_month > scenario.calendar.end:
            yield f"fleet {fleet.name} begins in {fleet.first_month}, after the horizon ends"


def _lease_warnings(scenario: Scenario) -> Iterator[str]:
    offered = {lease.name for lease in scenario.leases if lease.status == "offered"}
    for lease in scenario.leases:
        if lease.reserved_until is not None and lease.requires in offered:
            yield f"{lease.name}: its right keeps its MW free of other leases whether or not {lease.requires} is taken"
        if lease.start_month is not None:
            start = lease.start_month
            sunk = sum(share for month, share in lease.spending() if start + month < scenario.calendar.start)
            gpus = sum(usd for month, usd in gpu_spending(lease) if start + month < scenario.calendar.start)
            if amount := (sunk * lease.landlord_capex_usd_per_critical_mw + gpus) * lease.critical_it_mw:
                yield f"{lease.name}: {amount / 1e6:,.1f} M USD of its capex fall before the valuation date and are sunk"
        elif lease.start_window and lease.start_window.earliest < (soonest := lease.soonest_start(scenario.calendar)):
            wanted = lease.start_window.earliest
            yield f"{lease.name}: lead time and construction move its earliest start from {wanted} to {soonest}"


def _machine_warnings(scenario: Scenario) -> Iterator[str]:
    for offer in scenario.machine_offers:
        wanted, soonest = offer.delivery_window.earliest, offer.deliveries(scenario.calendar)[0]
        if soonest > wanted and soonest > scenario.calendar.start:
            yield f"{offer.name}: its payment moves the earliest delivery from {wanted} to {soonest}"
        if scenario.finance.tax is not None and scenario.finance.tax.machine_depreciation_years is None:
            own, macrs = scenario.finance.tax.depreciation_years, scenario.finance.tax.macrs_years
            years = f"the {own:g} years of lease capex" if own is not None else f"lease capex's {macrs}-year MACRS schedule"
            yield f"{offer.name}: depreciated over {years}; finance.tax.machine_depreciation_years says otherwise"


def _uncertain_warnings(scenario: Scenario) -> Iterator[str]:
    """What is counted of steps and expansions that are not certain."""
    for site in scenario.sites:
        how = f"(mw_counted: {site.mw_counted})"
        for field in ("energised_mw", "hpc_suitable_mw"):
            before = 0.0
            for step in getattr(site, field) or ():
                counted = step.counted_mw(before, site.mw_counted)
                if step.probability < 1:
                    what = f"the step of {field} to {step.mw_total:,.1f} MW in {step.first_month}"
                    told = f"has a probability of {step.probability:g}; {counted:,.1f} MW are counted from then on"
                    yield f"{site.name}: {what} {told} {how}"
                before = counted
        for expansion in site.expansions:
            if expansion.probability < 1:
                most = f"{expansion.counted_mw(site.mw_counted):,.1f} of its {expansion.mw:,.1f} MW"
                told = f"has a probability of {expansion.probability:g}; {most} can be taken"
                yield f"{site.name}: the expansion {expansion.name} {told} {how}"


def _size_warnings(scenario: Scenario) -> Iterator[str]:
    for lease in scenario.leases:
        site = scenario.site(lease.site)
        most = float((site.hpc_suitable(scenario.calendar) + site.most_suitable_expanded(scenario.calendar)).max())
        if lease.status == "offered" and lease.meter_mw > most * (1 + ROUNDING):
            size = f"{lease.name} has {lease.meter_mw:,.1f} MW at the meter, and {lease.site} at most {most:,.1f} suitable MW"
            part = "only a part" if most else "none"
            what = "it is indivisible and cannot be taken" if lease.indivisible else f"{part} of it can be taken"
            yield f"{size}; {what}"


def _horizon_warnings(scenario: Scenario) -> Iterator[str]:
    finance = scenario.finance
    outside = {year for year in finance.capex_budget_usd if year not in scenario.calendar.years}
    outside |= {year for year in finance.cumulative_capex_budget_usd if year < scenario.calendar.years[0]}
    years = [str(year) for year in sorted(outside)]
    if years:
        yield f"the capex budget of {', '.join(years)} lies outside the horizon and limits nothing"
    if scenario.horizon.end is not None and scenario.default_end is not None and scenario.horizon.end < scenario.default_end:
        end, last = scenario.horizon.end, scenario.default_end
        yield f"the horizon ends in {end}, before the last base term ({last}); cash after it is not counted"
