"""A scenario: everything the optimiser is told, validated, frozen, and checked as a whole."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .ancillary_prices import service_faults
from .expansion import Expansion, expansion_faults
from .finance import Finance
from .gpu_cloud import gpu_spending
from .lease import LeaseOffer
from .machine_move import MachineMove, move_faults
from .machines import MachineOffer, machine_faults
from .market import Market
from .mining import Fleet
from .money_faults import money_faults, money_warnings
from .months import Array, Calendar, Month
from .names import Name, slug
from .policy import PolicyRule, rule_faults
from .power import Power
from .prices import HourlyPrice, PriceTable, Zone
from .quantities import Input
from .refusal import Fault, Place, listed, nearest
from .rows import AT_LEAST_ONE
from .site import Site

LONGEST_HORIZON_MONTHS = 600
LARGEST_PROGRAM = 2_000_000
"""Most site-months times uses; a larger scenario is refused before anything is built."""
ROUNDING = 1e-9
LOW_DISCOUNT_RATE = 0.02
"""Below this a yearly rate is probably a monthly one."""

MOST_FLEET_TO_SITE = 20
"""A fleet larger than its site may be meant: what does not fit stands still, and there is a note. At so many times the site it is
taken for a slip of units: the usual ones are of a thousand and more, so none passes that is meant to fill 2 % of its site.
"""

DERIVED = ("calendar", "price_tables", "mining_fleets")
"""What a scenario computes from its fields and keeps."""


@dataclass(frozen=True)
class Origin:
    """Where a scenario was read from: the file's name, and the assignments that changed it."""

    file: str = ""
    overrides: tuple[str, ...] = ()


class Horizon(Input):
    """The months that are planned; by default from the valuation date to the latest end of any base term."""

    end: Month | None = None


MOST_CAPPED_POINTS = 150_000
"""More make a program of a site with an energy cap that takes minutes."""


class Scenario(Input):
    """One case: the market, power, sites, fleets, leases and money that a plan is made for."""

    name: Name
    title: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=20_000)] = ""
    horizon: Horizon = Horizon()
    market: Market
    power: Power
    sites: Annotated[tuple[Site, ...], AT_LEAST_ONE]
    fleets: tuple[Fleet, ...] = ()
    leases: tuple[LeaseOffer, ...] = ()
    machine_offers: tuple[MachineOffer, ...] = ()
    machine_moves: tuple[MachineMove, ...] = ()
    rules: tuple[PolicyRule, ...] = ()
    finance: Finance

    @model_validator(mode="after")
    def _whole(self) -> Scenario:
        own = ("sites", "fleets", "leases", "machine_offers", "machine_moves", "rules")
        tables = {
            table: [item.model_dump(include={"name", "site", "zone"}) for item in items]
            for table, items in (*((table, getattr(self, table)) for table in own), ("zones", self.power.zones))
        }
        faults = name_faults(tables) or self._horizon_faults() or self._content_faults() or list(self._cap_faults())
        if faults:
            raise PydanticCustomError("refused_many", "the scenario does not fit together", {"faults": faults})
        return self

    def _content_faults(self) -> list[Fault]:
        return [
            *self._lease_faults(),
            *self._choice_faults(),
            *self._finance_faults(),
            *self.path_gaps(),
            *self._ancillary_faults(),
            *self._fleet_faults(),
            *self._machine_faults(),
            *self._move_faults(),
            *self._expansion_faults(),
            *rule_faults(self.rules, self.leases, self.calendar),
        ]

    # --- the parts, by name --------------------------------------------------------------------------------------------

    @cached_property
    def calendar(self) -> Calendar:
        start = Month.containing(self.finance.valuation_date)
        end = self.horizon.end if self.horizon.end is not None else self.default_end
        assert end is not None
        return Calendar(start, int(end) - int(start) + 1)

    @cached_property
    def mining_fleets(self) -> tuple[Fleet, ...]:
        """Every fleet that may mine: those that are owned, the machines of each offer, whole, and fleets where they may move."""
        fleet_of = {fleet.name: fleet for fleet in self.fleets}
        moved = (move.machines(fleet_of[move.fleet], self.calendar) for move in self.machine_moves)
        return (*self.fleets, *(offer.machines(self.calendar) for offer in self.machine_offers), *moved)

    @property
    def expansions(self) -> list[tuple[Site, Expansion]]:
        """Every expansion with its site, by site and name, those that do not count too."""
        pairs = [(site, expansion) for site in self.sites for expansion in site.expansions]
        return sorted(pairs, key=lambda pair: (pair[0].name, pair[1].name))

    @cached_property
    def price_tables(self) -> dict[str, PriceTable]:
        """The market prices of every zone over the horizon."""
        return {zone.name: zone.price.table(self.calendar, zone.time_zone) for zone in self.power.zones}

    @cached_property
    def origin(self) -> Origin:
        """Which file and which changes made it; empty for a scenario made in Python. It is no part of the scenario's content."""
        return Origin()

    def read_from(self, origin: Origin) -> Scenario:
        """The scenario itself, which from now on knows where it comes from."""
        self.__dict__["origin"] = origin
        return self

    @property
    def default_end(self) -> Month | None:
        """The latest end of any offer's base term; None without leases."""
        return max((lease.base_term_end() for lease in self.leases), default=None)

    def site(self, name: str) -> Site:
        return next(site for site in self.sites if site.name == name)

    def zone(self, name: str) -> Zone:
        return next(zone for zone in self.power.zones if zone.name == name)

    def fleets_at(self, site: str) -> list[Fleet]:
        return [fleet for fleet in self.fleets if fleet.site == site]

    def leases_at(self, site: str) -> list[LeaseOffer]:
        return [lease for lease in self.leases if lease.site == site]

    def reserved_mw(self, site: str) -> Array:
        """[C5] Meter MW that tenants' rights keep free of other leases in each month, shape (months,)."""
        reserved = np.zeros(self.calendar.length)
        for lease in sorted(self.leases_at(site), key=lambda lease: lease.name):
            if lease.status == "offered" and lease.reserved_until is not None:
                reserved[: max(self.calendar.index(lease.reserved_until), 0)] += lease.meter_mw
        return reserved

    @property
    def sites_are_separate(self) -> bool:
        """Whether what is decided at one site leaves the others as they are."""
        if len(self.sites) == 1:
            return True
        group_at = {(lease.exclusive_group, lease.site) for lease in self.leases if lease.exclusive_group is not None}
        grouped = [group for group, _ in group_at]
        site_of = {lease.name: lease.site for lease in self.leases}
        apart = any(lease.requires is not None and site_of.get(lease.requires) != lease.site for lease in self.leases)
        over_all = any(rule.site is None for rule in self.rules)
        return not (self.machine_moves or self.finance.has_budget or apart or over_all or len(grouped) > len(set(grouped)))

    def without_capex_budget(self) -> Scenario:
        """The same scenario with as much capex as anyone likes (not checked again)."""
        return self._changed(finance=self.finance.model_copy(update={"capex_budget_usd": {}}))

    def until(self, end: Month) -> Scenario:
        """The same scenario with another end of the horizon (not checked again)."""
        return self._changed(horizon=Horizon(end=end))

    def only(self, site: str) -> Scenario:
        """The part of the scenario at one site, over the same horizon (not checked again)."""
        return self._changed(
            horizon=Horizon(end=self.calendar.end),
            sites=(self.site(site),),
            fleets=tuple(self.fleets_at(site)),
            leases=tuple(self.leases_at(site)),
            machine_offers=tuple(offer for offer in self.machine_offers if offer.site == site),
            rules=tuple(rule for rule in self.rules if rule.site == site),
        )

    def with_leases(self, leases: tuple[LeaseOffer, ...], finance: Finance) -> Scenario:
        """The same sites and fleets with other leases and other money (not checked again); it knows where it comes from."""
        return self._changed(horizon=Horizon(end=self.calendar.end), leases=leases, finance=finance).read_from(self.origin)

    def _changed(self, **fields: Any) -> Scenario:
        other = self.model_copy(update=fields)
        for derived in DERIVED:
            other.__dict__.pop(derived, None)
        return other

    def __getstate__(self) -> dict[Any, Any]:
        """Without what can be derived again, which may be large."""
        state = super().__getstate__()
        return {**state, "__dict__": {key: value for key, value in state["__dict__"].items() if key not in DERIVED}}

    # --- the whole ---------------------------------------------------------------------------------------------------

    def _horizon_faults(self) -> list[Fault]:
        start = Month.containing(self.finance.valuation_date)
        end = self.horizon.end if self.horizon.end is not None else self.default_end
        if end is None:
            return [
                Fault(
                    ("horizon", "end"), "no end of the horizon and no lease to take it from", "a month", "horizon: {end: 2035-12}"
                )
            ]
        length = int(end) - int(start) + 1
        if not 1 <= length <= LONGEST_HORIZON_MONTHS:
            span = f"a horizon from {start} to {end}"
            return [Fault(("horizon", "end"), span, f"1 to {LONGEST_HORIZON_MONTHS} months from the valuation date on")]
        if not self.fleets and not self.leases and not self.machine_offers:
            return [Fault(("fleets",), "neither fleets nor leases", "at least one of either", "there is nothing to decide")]
        starts = sum(len(lease.starts(self.calendar)) for lease in self.leases)
        bought = len(self.machine_offers + self.machine_moves) + len(self.expansions)
        size = length * (len(self.sites) + len(self.fleets) + 2 * bought + starts)
        size += sum(length * len(expansion.months(self.calendar)) for _, expansion in self.expansions)
        if size > LARGEST_PROGRAM:
            found = f"{len(self.sites)} sites, {len(self.fleets)} fleets and {starts} lease starts in {length} months"
            return [
                Fault(
                    ("sites",),
                    found,
                    f"at most {LARGEST_PROGRAM:,} site-months times uses (this is {size:,})",
                    "split it, or start_window.every_months: 3",
                )
            ]
        return []

    def _lease_faults(self) -> Iterator[Fault]:
        calendar = self.calendar
        for number, lease in enumerate(self.leases):
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
                yield from self._past_faults(place, lease)
            elif not lease.starts(calendar):
                assert lease.start_window is not None
                soonest = lease.soonest_start(calendar)
                yield Fault(
                    (*place, "start_window"),
                    f"no possible start from {lease.start_window.earliest} to {lease.start_window.latest}",
                    f"a start from {soonest} (lead time and construction) to {calendar.end} (end of the horizon)",
                    "a later window, a shorter lead time or a longer horizon",
                )
            site = self.site(lease.site)
            if lease.hosting is not None and (site.blocks_to_use or site.energy_cap is not None):
                found = f"hosted machines at {site.name}, whose energy has a cap or blocks that are not resold in full"
                yield Fault((*place, "hosting"), found, "one of the two: both decide the hours in which machines run")
            if self.finance.dollars == "real" and (lease.escalator_per_year or lease.contract_value_usd):
                yield Fault(
                    (*place, "escalator_per_year"),
                    f"a contract in nominal dollars (escalator {lease.escalator_per_year:g}) in a scenario in real dollars",
                    "one kind of dollars",
                    "finance: {dollars: nominal} with nominal discount rates",
                )

    def _choice_faults(self) -> Iterator[Fault]:
        """Groups and prerequisites that cannot be met."""
        leases = {lease.name: lease for lease in self.leases}
        signed_in: dict[str, str] = {}
        for number, lease in enumerate(self.leases):
            group = lease.exclusive_group
            if group is not None and lease.status == "signed":
                if group in signed_in:
                    found = f"two signed leases of the group {group}: {signed_in[group]} and {lease.name}"
                    yield Fault(("leases", number, "exclusive_group"), found, "at most one signed lease of a group")
                signed_in.setdefault(group, lease.name)
            if lease.requires is not None:
                yield from self._prerequisite_faults(("leases", number, "requires"), lease, leases)

    @staticmethod
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

    def _past_faults(self, place: Place, lease: LeaseOffer) -> Iterator[Fault]:
        """Chances of a signed lease that the valuation date has decided."""
        assert lease.start_month is not None
        valued = self.calendar.start
        for number, right in enumerate(lease.terminations):
            if (day := lease.start_month + right.month_from_start) < valued:
                found = f"a right to terminate in {day}, before the valuation date"
                yield Fault((*place, "terminations", number), found, "rights to come", "leave out what has passed")
        longest = max((delay.months for delay in lease.delays), default=0)
        due = [lease.start_month + phase.months_after_start for phase in lease.phases]
        if longest and any(month < valued < month + longest for month in due):
            found = f"a possible delay of what was due before the valuation date, in {min(due)}"
            yield Fault((*place, "delays"), found, "delays of deliveries to come", "state the phases as they were delivered")

    def _finance_faults(self) -> Iterator[Fault]:
        """Loans, coins and what they need of the rest."""
        has_coin_price = self.market.hashprice.btc_price_usd is not None
        decided_by = "a block that is not resold in full" if any(site.blocks_to_use for site in self.sites) else ""
        decided_by = decided_by or ("an energy cap" if any(site.energy_cap for site in self.sites) else "")
        return money_faults(self.finance, self.leases, has_coin_price, self.calendar, decided_by)

    def _cap_faults(self) -> Iterator[Fault]:
        """Caps that would take a column for each of too many hours."""
        for number, site in enumerate(self.sites):
            if site.energy_cap is not None:
                fleets = sum(fleet.site == site.name for fleet in self.mining_fleets)
                parts = 1 + len(site.ancillary_services) + len(site.standby)
                points = fleets * parts * self.price_tables[site.zone].hours.size
                if points > MOST_CAPPED_POINTS:
                    found = f"an energy cap over {points:,} prices of fleets and hours"
                    allowed = f"at most {MOST_CAPPED_POINTS:,}: fleets of the site x months x prices of a month"
                    allowed += f" x {parts} (services, programmes, rest)" if parts > 1 else ""
                    hint = "prices as duration_bands or a month_hour_profile, or a shorter horizon"
                    yield Fault(("sites", number, "energy_cap"), found, allowed, hint)

    def path_gaps(self) -> list[Fault]:
        """Paths and series that do not cover the horizon."""
        found: list[Fault] = []

        def check(place: Place, path: Any) -> None:
            if gap := path.gap(self.calendar):
                found.append(Fault(place, gap, "a path over the whole horizon"))

        for field, path in self.market.hashprice.paths().items():
            check(("market", "hashprice", field), path)
        for number, zone in enumerate(self.power.zones):
            place: Place = ("power", "zones", number, "price")
            for field, path in zone.price.paths().items():
                check((*place, field), path)
            if isinstance(zone.price, HourlyPrice) and (gap := zone.price.gap(self.calendar, zone.time_zone)):
                found.append(Fault((*place, "file"), gap, "a series over the whole horizon"))
        for number, site in enumerate(self.sites):
            if site.supply.kind == "fixed":
                check(("sites", number, "supply", "usd_per_mwh"), site.supply.usd_per_mwh)
            if site.demand_charge is not None:
                check(("sites", number, "demand_charge", "usd_per_kw_month"), site.demand_charge.usd_per_kw_month)
            for below, path in site.paths_of_terms().items():
                check(("sites", number, *below), path)
        for number, offer in enumerate(self.machine_offers):
            check(("machine_offers", number, "usd_per_th"), offer.usd_per_th)
        return found

    def _ancillary_faults(self) -> Iterator[Fault]:
        for number, site in enumerate(self.sites):
            for fault in service_faults(site.ancillary_services, self.zone(site.zone)):
                yield replace(fault, place=("sites", number, "ancillary_services", *fault.place))

    def _fleet_faults(self) -> Iterator[Fault]:
        for number, fleet in enumerate(self.fleets):
            largest = self._most_energised(fleet.site)
            if largest and fleet.owned_mw > MOST_FLEET_TO_SITE * largest:
                field = "mw" if fleet.hashrate_eh is None else "hashrate_eh"
                yield Fault(
                    ("fleets", number, field),
                    f"a fleet of {fleet.owned_mw:,.1f} MW ({fleet.owned_eh:,.2f} EH/s at {fleet.efficiency_j_per_th:g} J/TH)",
                    f"at most {MOST_FLEET_TO_SITE} times what {fleet.site} can energise, {largest:,.1f} MW",
                    "mw is in MW" if field == "mw" else "1 EH/s is 1,000 PH/s or 1,000,000 TH/s",
                )
            for fault in fleet.sale.faults(self.calendar, fleet) if fleet.sale is not None else ():
                yield replace(fault, place=("fleets", number, "sale", *fault.place))

    def _machine_faults(self) -> Iterator[Fault]:
        others = {"fleet": [fleet.name for fleet in self.fleets], "lease": [lease.name for lease in self.leases]}
        for number, offer in enumerate(self.machine_offers):
            energised = self._most_energised(offer.site)
            for fault in machine_faults(offer, self.calendar, others, MOST_FLEET_TO_SITE * energised, energised):
                yield replace(fault, place=("machine_offers", number, *fault.place))

    def _move_faults(self) -> Iterator[Fault]:
        taken = [*(fleet.name for fleet in self.fleets), *(lease.name for lease in self.leases)]
        taken += [offer.name for offer in self.machine_offers]
        for number, move in enumerate(self.machine_moves):
            for fault in move_faults(move, self.fleets, taken, self.calendar):
                yield replace(fault, place=("machine_moves", number, *fault.place))

    def _expansion_faults(self) -> Iterator[Fault]:
        taken = {
            "fleet": [fleet.name for fleet in self.fleets],
            "lease": [lease.name for lease in self.leases],
            "machine offer": [offer.name for offer in self.machine_offers],
            "move": [move.name for move in self.machine_moves],
            "expansion": list[str](),
        }
        for number, site in enumerate(self.sites):
            for at, expansion in enumerate(site.expansions):
                for fault in expansion_faults(expansion, self.calendar, taken):
                    yield replace(fault, place=("sites", number, "expansions", at, *fault.place))
            taken["expansion"] += [expansion.name for expansion in site.expansions]

    def _most_energised(self, site: str) -> float:
        """Most meter MW in any month, expansions included."""
        return float((self.site(site).energised(self.calendar) + self.site(site).most_expanded(self.calendar)).max())

    def content(self) -> dict[str, Any]:
        """Everything the scenario says as plain data, with the content hash of every file it reads."""
        files = {
            f"{zone.name}: {zone.price.file}": zone.price.series.sha256
            for zone in self.power.zones
            if isinstance(zone.price, HourlyPrice)
        }
        return {**self.model_dump(mode="json", by_alias=True), "files": files}

    def warnings(self) -> list[str]:
        """What is allowed but probably not meant, and what the input leaves out of account, in plain sentences."""
        return [
            *self._rate_warnings(),
            *money_warnings(self.finance, self.leases, self.calendar),
            *self._price_warnings(),
            *self._fleet_warnings(),
            *self._lease_warnings(),
            *self._machine_warnings(),
            *self._uncertain_warnings(),
            *self._size_warnings(),
            *self._horizon_warnings(),
        ]

    def _rate_warnings(self) -> Iterator[str]:
        rates = self.finance.discount_rate_per_year
        for kind in ("mining", "lease", "capex", "power_contract"):
            rate = getattr(rates, kind)
            if 0 < rate < LOW_DISCOUNT_RATE:
                same = f"{(1 + rate) ** 12 - 1:.3f} a year would be the same"
                yield f"finance.discount_rate_per_year.{kind} is {rate:g} a year; if that is a monthly rate, {same}"

    def _price_warnings(self) -> Iterator[str]:
        for zone in self.power.zones:
            if isinstance(zone.price, HourlyPrice):
                yield from zone.price.series.notes

    def _fleet_warnings(self) -> Iterator[str]:
        for fleet in self.fleets:
            largest = self._most_energised(fleet.site)
            if fleet.owned_mw > largest * (1 + ROUNDING):
                size = f"fleet {fleet.name} has {fleet.owned_mw:,.1f} MW, more than {fleet.site} can energise ({largest:,.1f} MW)"
                yield f"{size}; the rest of its machines stand still"
            if fleet.retire_month is not None and fleet.retire_month <= self.calendar.start:
                yield f"fleet {fleet.name} is retired in {fleet.retire_month}, before the horizon begins"
            if fleet.first_month is not None and fleet.first_month > self.calendar.end:
                yield f"fleet {fleet.name} begins in {fleet.first_month}, after the horizon ends"

    def _lease_warnings(self) -> Iterator[str]:
        offered = {lease.name for lease in self.leases if lease.status == "offered"}
        for lease in self.leases:
            if lease.reserved_until is not None and lease.requires in offered:
                yield f"{lease.name}: its right keeps its MW free of other leases whether or not {lease.requires} is taken"
            if lease.start_month is not None:
                start = lease.start_month
                sunk = sum(share for month, share in lease.spending() if start + month < self.calendar.start)
                gpus = sum(usd for month, usd in gpu_spending(lease) if start + month < self.calendar.start)
                if amount := (sunk * lease.landlord_capex_usd_per_critical_mw + gpus) * lease.critical_it_mw:
                    yield f"{lease.name}: {amount / 1e6:,.1f} M USD of its capex fall before the valuation date and are sunk"
            elif lease.start_window and lease.start_window.earliest < (soonest := lease.soonest_start(self.calendar)):
                wanted = lease.start_window.earliest
                yield f"{lease.name}: lead time and construction move its earliest start from {wanted} to {soonest}"

    def _machine_warnings(self) -> Iterator[str]:
        for offer in self.machine_offers:
            wanted, soonest = offer.delivery_window.earliest, offer.deliveries(self.calendar)[0]
            if soonest > wanted and soonest > self.calendar.start:
                yield f"{offer.name}: its payment moves the earliest delivery from {wanted} to {soonest}"
            if self.finance.tax is not None and self.finance.tax.machine_depreciation_years is None:
                own, macrs = self.finance.tax.depreciation_years, self.finance.tax.macrs_years
                years = f"the {own:g} years of lease capex" if own is not None else f"lease capex's {macrs}-year MACRS schedule"
                yield f"{offer.name}: depreciated over {years}; finance.tax.machine_depreciation_years says otherwise"

    def _uncertain_warnings(self) -> Iterator[str]:
        """What is counted of steps and expansions that are not certain."""
        for site in self.sites:
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

    def _size_warnings(self) -> Iterator[str]:
        for lease in self.leases:
            site = self.site(lease.site)
            most = float((site.hpc_suitable(self.calendar) + site.most_suitable_expanded(self.calendar)).max())
            if lease.status == "offered" and lease.meter_mw > most * (1 + ROUNDING):
                size = f"{lease.name} has {lease.meter_mw:,.1f} MW at the meter, and {lease.site} at most {most:,.1f} suitable MW"
                part = "only a part" if most else "none"
                what = "it is indivisible and cannot be taken" if lease.indivisible else f"{part} of it can be taken"
                yield f"{size}; {what}"

    def _horizon_warnings(self) -> Iterator[str]:
        finance = self.finance
        outside = {year for year in finance.capex_budget_usd if year not in self.calendar.years}
        outside |= {year for year in finance.cumulative_capex_budget_usd if year < self.calendar.years[0]}
        years = [str(year) for year in sorted(outside)]
        if years:
            yield f"the capex budget of {', '.join(years)} lies outside the horizon and limits nothing"
        if self.horizon.end is not None and self.default_end is not None and self.horizon.end < self.default_end:
            end, last = self.horizon.end, self.default_end
            yield f"the horizon ends in {end}, before the last base term ({last}); cash after it is not counted"


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
