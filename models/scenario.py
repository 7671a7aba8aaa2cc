"""A scenario: everything the optimiser is told, validated, frozen, and checked as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .expansion import Expansion
from .finance import Finance
from .lease import LeaseOffer
from .machine_move import MachineMove
from .machines import MachineOffer
from .market import Market
from .mining import Fleet
from .months import Array, Calendar, Month
from .names import Name
from .policy import PolicyRule
from .power import Power
from .prices import HourlyPrice, PriceTable, Zone
from .quantities import Input
from .rows import AT_LEAST_ONE
from .scenario_faults import cap_faults, content_faults, horizon_faults, name_faults
from .scenario_warnings import warnings_of
from .site import Site

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
        faults = name_faults(tables) or horizon_faults(self) or content_faults(self) or list(cap_faults(self))
        if faults:
            raise PydanticCustomError("refused_many", "the scenario does not fit together", {"faults": faults})
        return self

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

    def content(self) -> dict[str, Any]:
        """Everything the scenario says as plain data, with the content hash of every file it reads."""
        files = {
            f"{zone.name}: {zone.price.file}": zone.price.series.sha256
            for zone in self.power.zones
            if isinstance(zone.price, HourlyPrice)
        }
        return {**self.model_dump(mode="json", by_alias=True), "files": files}

    def most_energised(self, site: str) -> float:
        """Most meter MW in any month, expansions included."""
        return float((self.site(site).energised(self.calendar) + self.site(site).most_expanded(self.calendar)).max())

    def warnings(self) -> list[str]:
        """What is allowed but probably not meant, and what the input leaves out of account, in plain sentences."""
        return warnings_of(self)
