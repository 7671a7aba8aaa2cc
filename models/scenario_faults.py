"""What of a scenario does not fit together: names, horizon, dates, sizes, and what the parts ask of each other."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .ancillary_prices import service_faults
from .expansion import expansion_faults
from .lease import LeaseOffer
from .machine_move import move_faults
from .machines import machine_faults
from .money_faults import money_faults
from .months import Month
from .names import slug
from .policy import rule_faults
from .prices import HourlyPrice
from .refusal import Fault, Place, listed, nearest

if TYPE_CHECKING:
    from .scenario import Scenario

LONGEST_HORIZON_MONTHS = 600
LARGEST_PROGRAM = 2_000_000
"""Most site-months times uses; a larger scenario is refused before anything is built."""
MOST_FLEET_TO_SITE = 20
"""A fleet larger than its site may be meant: what does not fit stands still, and there is a note. At so many times the site it is
taken for a slip of units: the usual ones are of a thousand and more, so none passes that is meant to fill 2 % of its site.
"""
MOST_CAPPED_POINTS = 150_000
"""More make a program of a site with an energy cap that takes minutes."""


def content_faults(scenario: Scenario) -> list[Fault]:
    """Of everything inside the horizon."""
    return [
        *_lease_faults(scenario),
        *_choice_faults(scenario),
        *_finance_faults(scenario),
        *path_gaps(scenario),
        *_ancillary_faults(scenario),
        *_fleet_faults(scenario),
        *_machine_faults(scenario),
        *_move_faults(scenario),
        *_expansion_faults(scenario),
        *rule_faults(scenario.rules, scenario.leases, scenario.calendar),
    ]


def horizon_faults(scenario: Scenario) -> list[Fault]:
    """Of its end, its length, and the size of what it holds."""
    start = Month.containing(scenario.finance.valuation_date)
    end = scenario.horizon.end if scenario.horizon.end is not None else scenario.default_end
    if end is None:
        return [
            Fault(("horizon", "end"), "no end of the horizon and no lease to take it from", "a month", "horizon: {end: 2035-12}")
        ]
    length = int(end) - int(start) + 1
    if not 1 <= length <= LONGEST_HORIZON_MONTHS:
        span = f"a horizon from {start} to {end}"
        return [Fault(("horizon", "end"), span, f"1 to {LONGEST_HORIZON_MONTHS} months from the valuation date on")]
    if not scenario.fleets and not scenario.leases and not scenario.machine_offers:
        return [Fault(("fleets",), "neither fleets nor leases", "at least one of either", "there is nothing to decide")]
    starts = sum(len(lease.starts(scenario.calendar)) for lease in scenario.leases)
    bought = len(scenario.machine_offers + scenario.machine_moves) + len(scenario.expansions)
    size = length * (len(scenario.sites) + len(scenario.fleets) + 2 * bought + starts)
    size += sum(length * len(expansion.months(scenario.calendar)) for _, expansion in scenario.expansions)
    if size > LARGEST_PROGRAM:
        found = f"{len(scenario.sites)} sites, {len(scenario.fleets)} fleets and {starts} lease starts in {length} months"
        return [
            Fault(
                ("sites",),
                found,
                f"at most {LARGEST_PROGRAM:,} site-months times uses (this is {size:,})",
                "split it, or start_window.every_months: 3",
            )
        ]
    return []


def _lease_faults(scenario: Scenario) -> Iterator[Fault]:
    calendar = scenario.calendar
    for number, lease in enumerate(scenario.leases):
        place: Place = ("leases", number)
        if lease.start_month is not None:
            if lease.start_month + lease.reserved_months <= calendar.start:
                over = str(lease.start_month + (lease.reserved_months - 1))
                yield Fault((*place, "start_month"), f"a lease that ended in {over}", f"leases that run after {calendar.start}")
            elif lease.start_month > calendar.end:
                yield Fault(
                    (*place, "start_month"),
                    f"a start in {lease.start_month}",
                    f"a start inside the horizon, which ends in {calendar.end}",
                )
            yield from _past_faults(scenario, place, lease)
        elif not lease.starts(calendar):
            assert lease.start_window is not None
            soonest = lease.soonest_start(calendar)
            yield Fault(
                (*place, "start_window"),
                f"no possible start from {lease.start_window.earliest} to {lease.start_window.latest}",
                f"a start from {soonest} (lead time and construction) to {calendar.end} (end of the horizon)",
                "a later window, a shorter lead time or a longer horizon",
            )
        site = scenario.site(lease.site)
        if lease.hosting is not None and (site.blocks_to_use or site.energy_cap is not None):
            found = f"hosted machines at {site.name}, whose energy has a cap or blocks that are not resold in full"
            yield Fault((*place, "hosting"), found, "one of the two: both decide the hours in which machines run")
        if scenario.finance.dollars == "real" and (lease.escalator_per_year or lease.contract_value_usd):
            yield Fault(
                (*place, "escalator_per_year"),
                f"a contract in nominal dollars (escalator {lease.escalator_per_year:g}) in a scenario in real dollars",
                "one kind of dollars",
                "finance: {dollars: nominal} with nominal discount rates",
            )


def _choice_faults(scenario: Scenario) -> Iterator[Fault]:
    """Groups and prerequisites that cannot be met."""
    leases = {lease.name: lease for lease in scenario.leases}
    signed_in: dict[str, str] = {}
    for number, lease in enumerate(scenario.leases):
        group = lease.exclusive_group
        if group is not None and lease.status == "signed":
            if group in signed_in:
                found = f"two signed leases of the group {group}: {signed_in[group]} and {lease.name}"
                yield Fault(("leases", number, "exclusive_group"), found, "at most one signed lease of a group")
            signed_in.setdefault(group, lease.name)
        if lease.requires is not None:
            yield from _prerequisite_faults(("leases", number, "requires"), lease, leases)


def _prerequisite_faults(place: Place, lease: LeaseOffer, leases: dict[str, LeaseOffer]) -> Iterator[Fault]:
    assert lease.requires is not None
    needed = leases.get(lease.requires)
    if needed is None:
        allowed = f"one of: {listed([name for name in leases if name != lease.name])}"
        yield Fault(place, f"no lease named {lease.requires}", allowed, nearest(lease.requires, list(leases)))
        return
    if lease.exclusive_group is not None and lease.exclusive_group == needed.exclusive_group:
        found = f"{needed.name}, of which only one or {lease.name} may be taken (group {lease.exclusive_group})"
        yield Fault(place, found, "a lease outside of its own exclusive group")
    chain = [lease.name]
    while needed is not None and needed.requires is not None:
        chain.append(needed.name)
        if needed.requires in chain:
            yield Fault(place, f"a circle: {' requires '.join([*chain, needed.requires])}", "prerequisites without a circle")
            return
        needed = leases.get(needed.requires)


def _past_faults(scenario: Scenario, place: Place, lease: LeaseOffer) -> Iterator[Fault]:
    """Chances of a signed lease that the valuation date has decided."""
    assert lease.start_month is not None
    valued = scenario.calendar.start
    for number, right in enumerate(lease.terminations):
        if (day := lease.start_month + right.month_from_start) < valued:
            found = f"a right to terminate in {day}, before the valuation date"
            yield Fault((*place, "terminations", number), found, "rights to come", "leave out what has passed")
    longest = max((delay.months for delay in lease.delays), default=0)
    due = [lease.start_month + phase.months_after_start for phase in lease.phases]
    if longest and any(month < valued < month + longest for month in due):
        found = f"a possible delay of what was due before the valuation date, in {min(due)}"
        yield Fault((*place, "delays"), found, "delays of deliveries to come", "state the phases as they were delivered")


def _finance_faults(scenario: Scenario) -> Iterator[Fault]:
    """Loans, coins and what they need of the rest."""
    has_coin_price = scenario.market.hashprice.btc_price_usd is not None
    decided_by = "a block that is not resold in full" if any(site.blocks_to_use for site in scenario.sites) else ""
    decided_by = decided_by or ("an energy cap" if any(site.energy_cap for site in scenario.sites) else "")
    return money_faults(scenario.finance, scenario.leases, has_coin_price, scenario.calendar, decided_by)


def cap_faults(scenario: Scenario) -> Iterator[Fault]:
    """Caps that would take a column for each of too many hours."""
    for number, site in enumerate(scenario.sites):
        if site.energy_cap is not None:
            fleets = sum(fleet.site == site.name for fleet in scenario.mining_fleets)
            parts = 1 + len(site.ancillary_services) + len(site.standby)
            points = fleets * parts * scenario.price_tables[site.zone].hours.size
            if points > MOST_CAPPED_POINTS:
                found = f"an energy cap over {points:,} prices of fleets and hours"
                allowed = f"at most {MOST_CAPPED_POINTS:,}: fleets of the site x months x prices of a month"
                allowed += f" x {parts} (services, programmes, rest)" if parts > 1 else ""
                hint = "prices as duration_bands or a month_hour_profile, or a shorter horizon"
                yield Fault(("sites", number, "energy_cap"), found, allowed, hint)


def path_gaps(scenario: Scenario) -> list[Fault]:
    """Paths and series that do not cover the horizon."""
    found: list[Fault] = []

    def check(place: Place, path: Any) -> None:
        if gap := path.gap(scenario.calendar):
            found.append(Fault(place, gap, "a path over the whole horizon"))

    for field, path in scenario.market.hashprice.paths().items():
        check(("market", "hashprice", field), path)
    for number, zone in enumerate(scenario.power.zones):
        place: Place = ("power", "zones", number, "price")
        for field, path in zone.price.paths().items():
            check((*place, field), path)
        if isinstance(zone.price, HourlyPrice) and (gap := zone.price.gap(scenario.calendar, zone.time_zone)):
            found.append(Fault((*place, "file"), gap, "a series over the whole horizon"))
    for number, site in enumerate(scenario.sites):
        if site.supply.kind == "fixed":
            check(("sites", number, "supply", "usd_per_mwh"), site.supply.usd_per_mwh)
        if site.demand_charge is not None:
            check(("sites", number, "demand_charge", "usd_per_kw_month"), site.demand_charge.usd_per_kw_month)
        for below, path in site.paths_of_terms().items():
            check(("sites", number, *below), path)
    for number, offer in enumerate(scenario.machine_offers):
        check(("machine_offers", number, "usd_per_th"), offer.usd_per_th)
    return found


def _ancillary_faults(scenario: Scenario) -> Iterator[Fault]:
    for number, site in enumerate(scenario.sites):
        for fault in service_faults(site.ancillary_services, scenario.zone(site.zone)):
            yield replace(fault, place=("sites", number, "ancillary_services", *fault.place))


def _fleet_faults(scenario: Scenario) -> Iterator[Fault]:
    for number, fleet in enumerate(scenario.fleets):
        largest = scenario.most_energised(fleet.site)
        if largest and fleet.owned_mw > MOST_FLEET_TO_SITE * largest:
            field = "mw" if fleet.hashrate_eh is None else "hashrate_eh"
            yield Fault(
                ("fleets", number, field),
                f"a fleet of {fleet.owned_mw:,.1f} MW ({fleet.owned_eh:,.2f} EH/s at {fleet.efficiency_j_per_th:g} J/TH)",
                f"at most {MOST_FLEET_TO_SITE} times what {fleet.site} can energise, {largest:,.1f} MW",
                "mw is in MW" if field == "mw" else "1 EH/s is 1,000 PH/s or 1,000,000 TH/s",
            )
        for fault in fleet.sale.faults(scenario.calendar, fleet) if fleet.sale is not None else ():
            yield replace(fault, place=("fleets", number, "sale", *fault.place))


def _machine_faults(scenario: Scenario) -> Iterator[Fault]:
    others = {"fleet": [fleet.name for fleet in scenario.fleets], "lease": [lease.name for lease in scenario.leases]}
    for number, offer in enumerate(scenario.machine_offers):
        energised = scenario.most_energised(offer.site)
        for fault in machine_faults(offer, scenario.calendar, others, MOST_FLEET_TO_SITE * energised, energised):
            yield replace(fault, place=("machine_offers", number, *fault.place))


def _move_faults(scenario: Scenario) -> Iterator[Fault]:
    taken = [*(fleet.name for fleet in scenario.fleets), *(lease.name for lease in scenario.leases)]
    taken += [offer.name for offer in scenario.machine_offers]
    for number, move in enumerate(scenario.machine_moves):
        for fault in move_faults(move, scenario.fleets, taken, scenario.calendar):
            yield replace(fault, place=("machine_moves", number, *fault.place))


def _expansion_faults(scenario: Scenario) -> Iterator[Fault]:
    taken = {
        "fleet": [fleet.name for fleet in scenario.fleets],
        "lease": [lease.name for lease in scenario.leases],
        "machine offer": [offer.name for offer in scenario.machine_offers],
        "move": [move.name for move in scenario.machine_moves],
        "expansion": list[str](),
    }
    for number, site in enumerate(scenario.sites):
        for at, expansion in enumerate(site.expansions):
            for fault in expansion_faults(expansion, scenario.calendar, taken):
                yield replace(fault, place=("sites", number, "expansions", at, *fault.place))
        taken["expansion"] += [expansion.name for expansion in site.expansions]


def name_faults(tables: dict[str, list[dict[str, Any]]]) -> list[Fault]:
    """Names used twice and references to nothing, from the tables sites, fleets, leases and zones.

    Each row holds `name` and, where the table has it, `site` or `zone`; rows may be unvalidated data.
    """
    faults: list[Fault] = []
    for table, rows in tables.items():
        place: Place = ("power", "zones") if table == "zones" else (table,)
        faults += _twice(place, [row.get("name") for row in rows])
        for field, target in (("site", "sites"), ("zone", "zones")):
            known = [str(row.get("name")) for row in tables[target]]
            for number, row in enumerate(rows):
                wanted = row.get(field)
                if isinstance(wanted, str) and known and wanted not in known:
                    near = difflib.get_close_matches(wanted, known, n=1)
                    hint = f'did you mean "{near[0]}"?' if near else ""
                    faults.append(Fault((*place, number, field), f'"{wanted}"', f"one of the {target}: {', '.join(known)}", hint))
    return faults


def _twice(place: Place, names: Iterable[Any]) -> Iterator[Fault]:
    first_use: dict[str, tuple[int, str]] = {}
    for number, name in enumerate(names):
        if not isinstance(name, str):
            continue
        key = slug(name) or name
        if key in first_use:
            earlier, text = first_use[key]
            same = f'the name "{name}" again' if text == name else f'the name "{name}", which reads like "{text}" in field paths'
            yield Fault((*place, number, "name"), f"{same} (first used in entry {earlier + 1})", "each name once")
        else:
            first_use[key] = (number, name)
