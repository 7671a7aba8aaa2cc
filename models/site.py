"""A site: how many MW are energised when, how many can host a data hall, and how its energy is bought.

A step of a ramp, or an expansion (models/expansion.py), may have a probability. `mw_counted` says what a plan counts of those that
are not certain; nothing is multiplied by a probability that the user did not ask for:

    firm_only    what is certain alone: of a step that would add MW nothing, of one that would take MW away all of it
    expected     step by step p x its MW + (1 - p) x the MW counted before it: the mean, steps independent of each other
    all          every step as if it were certain
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from . import quantities as q
from .energy_cap import EnergyCap
from .expansion import Expansion
from .flexibility import AncillaryService, CoincidentPeak, Curtailment, Delivery, Standby, check_names, check_once
from .months import FIRST_YEAR, Array, Calendar, Month
from .names import Name
from .path import MonthlyPath
from .power import DemandCharge, FixedBlock, Supply
from .quantities import Input
from .refusal import refusal
from .rows import AT_LEAST_ONE
from .sources import Sourced

Counted = Literal["firm_only", "expected", "all"]


class RampStep(Input):
    """From a month on, this many MW in total (not in addition)."""

    first_month: Month = Field(alias="from")
    mw_total: Annotated[float, q.METER_MW]
    probability: Annotated[float, q.PROBABILITY] = 1.0
    """That the step comes. Below 1 the site's `mw_counted` says what of it counts."""

    def counted_mw(self, before: float, counted: Counted) -> float:
        """MW that count from this step on, given those that counted before it."""
        if self.probability == 1.0 or counted == "all":
            return self.mw_total
        if counted == "firm_only":
            return min(before, self.mw_total)
        return self.probability * self.mw_total + (1.0 - self.probability) * before


def _steps(value: Any) -> Any:
    """A plain number is short for one step that has always been there: `energised_mw: 700`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [{"from": f"{FIRST_YEAR}-01", "mw_total": q.METER_MW.check(value)}]
    return value


Ramp = Annotated[tuple[RampStep, ...], AT_LEAST_ONE, BeforeValidator(_steps)]


def ramp_mw(ramp: tuple[RampStep, ...], calendar: Calendar, counted: Counted) -> Array:
    """MW that count in each month, shape (length,); 0 before the first step."""
    mw, before = np.zeros(calendar.length), 0.0
    for step in ramp:
        before = step.counted_mw(before, counted)
        mw[max(calendar.index(step.first_month), 0) :] = before
    return mw


def _in_order(ramp: tuple[RampStep, ...], field: str) -> None:
    for before, after in pairwise(ramp):
        if after.first_month <= before.first_month:
            raise refusal(f"{after.first_month} after {before.first_month}", "steps in order of time, each month once", field=field)


MOST_BY_CHANCE = 6
"""Each one more doubles the states of every hour (models/hour_states.py)."""


class Site(Sourced):
    """A site with one grid connection."""

    name: Name
    zone: Name
    energised_mw: Ramp
    """Meter MW that can be drawn."""
    hpc_suitable_mw: Ramp | None = None
    """Meter MW that can host leases (space, water, fibre); without it, all energised MW can."""
    mw_counted: Counted = "firm_only"
    """What counts of steps and expansions whose probability is below 1."""
    expansions: tuple[Expansion, ...] = ()
    """More MW that may be bought."""
    supply: Supply
    blocks: tuple[FixedBlock, ...] = ()
    demand_charge: DemandCharge | None = None
    energy_cap: EnergyCap | None = None
    delivery: Delivery | None = None
    coincident_peaks: tuple[CoincidentPeak, ...] = ()
    curtailments: tuple[Curtailment, ...] = ()
    ancillary_services: tuple[AncillaryService, ...] = ()
    standby: tuple[Standby, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Site:
        _in_order(self.energised_mw, "energised_mw")
        _in_order(self.hpc_suitable_mw or (), "hpc_suitable_mw")
        if self.blocks and self.supply.kind == "fixed":
            raise refusal(
                "fixed blocks under a fixed-price supply",
                "blocks only where the site buys at index",
                "supply: {kind: index, adder_usd_per_mwh: 0}",
                field="blocks",
            )
        self._check_hours()
        check_names("expansions", self.expansions)
        check_once(self.ancillary_services, self.standby, self.coincident_peaks)
        for field in ("coincident_peaks", "curtailments", "ancillary_services", "standby"):
            check_names(field, getattr(self, field))
        return self

    def _check_hours(self) -> None:
        """Blocks to use or a cap decide the hours of mining, not both at a site; peaks are avoided as a policy there."""
        check_names("blocks", self.blocks_to_use)
        to_use = "a block that is not resold in full (resale_fraction, resale_fee_usd_per_mwh)"
        if self.energy_cap is not None and self.blocks_to_use:
            found, allowed = f"an energy cap beside {to_use}", "one of them: each decides the hours in which mining runs"
            raise refusal(found, allowed, field="energy_cap")
        weighed = [peak.name for peak in self.coincident_peaks if peak.avoid == "when_it_pays"]
        if weighed and self.decides_hours:
            raise refusal(
                f"{weighed[0]} with avoid: when_it_pays beside {to_use if self.blocks_to_use else 'an energy cap'}",
                "avoid: always or avoid: never: what an hour is worth depends on all MW of the site there",
                "solve it both ways and keep the better plan",
                field="coincident_peaks",
            )
        by_chance = sum(programme.off_in == "average" for programme in self.standby)
        if self.blocks_to_use and by_chance > MOST_BY_CHANCE:
            found = f"{by_chance} programmes that call by chance (off_in: average) beside {to_use}"
            hint = "programmes of one kind as one, with their shares added up"
            raise refusal(found, f"at most {MOST_BY_CHANCE}: any of them may be called on at once", hint, field="standby")

    @property
    def decides_hours(self) -> bool:
        """[V3] Whether the hours in which mining runs are decided for all MW together."""
        return self.energy_cap is not None or bool(self.blocks_to_use)

    @property
    def blocks_to_use(self) -> tuple[FixedBlock, ...]:
        """[V3] Fixed blocks whose unused energy brings less than the index, by name."""
        return tuple(sorted((block for block in self.blocks if not block.is_resold_in_full), key=lambda block: block.name))

    def energised(self, calendar: Calendar) -> Array:
        """[C1] Meter MW in each month, shape (length,)."""
        return ramp_mw(self.energised_mw, calendar, self.mw_counted)

    def hpc_suitable(self, calendar: Calendar) -> Array:
        """[C5] Meter MW that can host leases in each month, shape (length,); never more than is energised."""
        energised = self.energised(calendar)
        if self.hpc_suitable_mw is None:
            return energised
        return np.minimum(ramp_mw(self.hpc_suitable_mw, calendar, self.mw_counted), energised)

    # --- expansions [C1] ------------------------------------------------------------------------------------------------------

    @property
    def counted_expansions(self) -> list[Expansion]:
        """The expansions of which any MW count, by name."""
        found = [expansion for expansion in self.expansions if expansion.counted_mw(self.mw_counted)]
        return sorted(found, key=lambda expansion: expansion.name)

    def most_expanded(self, calendar: Calendar) -> Array:
        """[C1] Meter MW that all expansions together may add in each month, shape (length,)."""
        return self._most(calendar, lambda expansion: 1.0)

    def most_suitable_expanded(self, calendar: Calendar) -> Array:
        """[C5] Of these, MW that can host leases, shape (length,)."""
        return self._most(calendar, lambda expansion: expansion.hpc_suitable_fraction)

    def _most(self, calendar: Calendar, share: Callable[[Expansion], float]) -> Array:
        mw = np.zeros(calendar.length)
        for expansion in self.counted_expansions:
            for month in expansion.months(calendar)[:1]:
                mw[calendar.index(month) :] += share(expansion) * expansion.counted_mw(self.mw_counted)
        return mw

    # --- what the load is charged and paid beside its energy [V5] ----------------------------------------------------------

    @property
    def has_terms(self) -> bool:
        """Whether a MW of mining is worth other than by energy price and demand charge alone."""
        lists = (self.coincident_peaks, self.curtailments, self.ancillary_services, self.standby)
        return self.delivery is not None or any(lists)

    @property
    def loss_factor(self) -> float:
        """MWh bought for each MWh at the meter."""
        return 1.0 if self.delivery is None else 1.0 + self.delivery.loss_fraction

    def delivery_usd_per_mwh(self, calendar: Calendar) -> Array:
        """Shape (months,)."""
        return np.zeros(calendar.length) if self.delivery is None else self.delivery.usd_per_mwh.values(calendar)

    def peak_usd_per_mw(self, calendar: Calendar) -> Array:
        """Coincident-peak charges of a MW that runs through all peaks, USD a month, shape (months,)."""
        charges = [peak.usd_per_mw(calendar) for peak in self.coincident_peaks]
        return np.sum(charges, axis=0) if charges else np.zeros(calendar.length)

    def paths_of_terms(self) -> dict[tuple[str | int, ...], MonthlyPath]:
        """Every path of these terms, by its place in the site's table."""
        found: dict[tuple[str | int, ...], MonthlyPath] = {}
        if self.delivery is not None:
            found["delivery", "usd_per_mwh"] = self.delivery.usd_per_mwh
        found |= {("coincident_peaks", n, "usd_per_kw"): peak.usd_per_kw for n, peak in enumerate(self.coincident_peaks)}
        for n, service in enumerate(self.ancillary_services):
            if service.usd_per_mw_hour is not None:
                found["ancillary_services", n, "usd_per_mw_hour"] = service.usd_per_mw_hour
        return found | {("standby", n, "usd_per_mw_month"): item.usd_per_mw_month for n, item in enumerate(self.standby)}
