"""A finite list of plans in plain numbers, from which a spreadsheet or a web page computes each plan's cash at any prices.

Nothing of the library is needed to evaluate it. At multipliers h of the hashprice, r of offered rents and p of market prices:

    a fleet's MW runs in the hours in which    p price < b(h) = h revenue (1 - pool) - variable - adder
    its margin before tax is                   v(h, p) = uptime sum hours max(0, b(h) - p price) - fixed - charge      USD a month
    cash of an option per MW of it             rows "fixed" + r rows "rent" + p rows "power"
    value of a plan                            sum MW max(0, (1 - tax) v) d + sum MW of options rows d + standing rows d

An option is a lease at one start, per critical MW, or a decision about machines or an expansion in one month, per meter MW.

Rows are the ledger's lines taken apart by what they scale with; `PlanTerms.of` compares the whole with the ledger at other prices
before it hands anything out, so a term of a contract that does not fit into this form is refused, never approximated.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ..errors import InputError, Problem
from ..models.expansion_values import ExpansionValue
from ..models.hosting import first_hosted
from ..models.lease import LeaseOffer
from ..models.months import Array, Calendar, Month
from ..models.refusal import listed
from ..models.scenario import Scenario
from ..models.values import TODAY, USD_PER_MUSD, Multipliers, Values
from .block_rows import HOURS_REFUSED, field_of_hours
from .dated_choices import DatedChoice, choices_of
from .decisions import Decisions
from .ledger import Ledger
from .ledger_lines import Kind, Line, When
from .money_rows import FLOORS_REFUSED
from .plan_values import PlanValues
from .policy_rules import demands_mining

Scales = Literal["fixed", "rent", "power"]

SMALLEST_USD = 1e-9
"""Less, per MW and month, is rounding of differences and counts as nothing."""
TRIED = (Multipliers(0.6, 1.7, 1.3), Multipliers(2.1, 0.4, 0.55))
"""Prices at which the terms are compared with the ledger."""
LARGEST_DIFFERENCE = 1e-9
"""Of the sizes of the ledger's lines."""


@dataclass(frozen=True)
class FleetTerms:
    """What a mining fleet's MW earns and costs.

    zone: number of its zone, whose hours it may run. fixed_usd_per_mwh: None where it pays the zone's price, shape (months,).
    revenue_usd_per_mwh: before the pool's fee; charge_usd_per_mw: demand charge that mining does not avoid. Shape (months,).
    """

    site: str
    name: str
    zone: int
    adder_usd_per_mwh: float
    fixed_usd_per_mwh: Array | None
    revenue_usd_per_mwh: Array
    pool_fee_fraction: float
    variable_usd_per_mwh: float
    uptime_fraction: float
    fixed_usd_per_mw_month: float
    charge_usd_per_mw: Array
    available_mw: Array


@dataclass(frozen=True)
class CashRow:
    """Cash of one MW of an option (or of no decision) in each month, USD, shape (months,).

    option: number of the option, -1 for cash that no decision changes. item: one of the ledger's.
    """

    option: int
    site: str
    item: str
    name: str
    scales: Scales
    when: When
    kind: Kind
    usd: Array


@dataclass(frozen=True)
class LeaseOption:
    """An offer at one start. occupied_mw: meter MW that one critical MW takes from the site, shape (months,)."""

    offer: LeaseOffer
    start: Month
    occupied_mw: Array

    @property
    def name(self) -> str:
        return self.offer.name

    @property
    def site(self) -> str:
        return self.offer.site


@dataclass(frozen=True)
class DatedOption:
    """Machines bought, sold or moved, or an expansion energised, in one month. added_mw: that a MW of it adds to the energised ones
    of its site, shape (months,).
    """

    choice: DatedChoice
    start: Month
    added_mw: Array

    @property
    def name(self) -> str:
        return self.choice.name

    @property
    def site(self) -> str:
        return self.choice.site


@dataclass(frozen=True)
class PlanTerms:
    """The list.

    zones: (name, prices in USD/MWh ascending, hours at each price), both of shape (months, points).
    machines_mw: shape (plans, fleets, months). option_mw: critical MW of the lease options, then meter MW of the others, shape
    (plans, options). ids: a short hash of each plan's allocation.
    """

    scenario: Scenario
    zones: tuple[tuple[str, Array, Array], ...]
    fleets: tuple[FleetTerms, ...]
    leases: tuple[LeaseOption, ...]
    dated: tuple[DatedOption, ...]
    rows: tuple[CashRow, ...]
    decisions: tuple[Decisions, ...]
    machines_mw: Array
    option_mw: Array

    @property
    def options(self) -> tuple[LeaseOption | DatedOption, ...]:
        """Leases first."""
        return (*self.leases, *self.dated)

    @property
    def critical_mw(self) -> Array:
        """Of the lease options, shape (plans, leases)."""
        found: Array = self.option_mw[:, : len(self.leases)]
        return found

    @classmethod
    def of(cls, values: Values, decisions: Sequence[Decisions]) -> PlanTerms:
        """The terms of these plans. Raises InputError where the scenario has terms that do not fit into this form."""
        refuse_terms(values)
        used = [
            (number, row)
            for number, offer in enumerate(values.offers)
            for row in range(len(offer.starts))
            if any(plan.lease_mw[number][row] for plan in decisions)
        ]
        leases = tuple(
            LeaseOption(values.offers[number].offer, values.offers[number].starts[row], values.offers[number].occupied_mw[row])
            for number, row in used
        )
        choices, decided = choices_of(values), [[*plan.machine_mw, *plan.expansion_mw] for plan in decisions]
        taken = [
            (number, row)
            for number, choice in enumerate(choices)
            for row in range(len(choice.months))
            if any(mw[number][row] for mw in decided)
        ]
        option_mw = [
            [plan.lease_mw[number][row] for number, row in used] + [mw[number][row] for number, row in taken]
            for plan, mw in zip(decisions, decided, strict=True)
        ]
        dated = tuple(_dated_option(choices[number], row, values.calendar) for number, row in taken)
        zones = sorted(values.scenario.price_tables)
        multiplier = values.scenario.power.multiplier
        tables = values.scenario.price_tables
        terms = cls(
            scenario=values.scenario,
            zones=tuple((zone, multiplier * tables[zone].usd_per_mwh, tables[zone].hours) for zone in zones),
            fleets=tuple(_fleet_terms(values, k, zones) for k in range(len(values.fleets))),
            leases=leases,
            dated=dated,
            rows=tuple(_rows(values.scenario, (*leases, *dated))),
            decisions=tuple(decisions),
            machines_mw=np.array([plan.mining_mw for plan in decisions]).reshape(len(decisions), *values.available_mw.shape),
            option_mw=np.array(option_mw).reshape(len(decisions), len(used) + len(taken)),
        )
        terms._compare_with_ledger()
        known = PlanValues(values)
        numbers = [known.add(plan) for plan in decisions]
        for plan, (own, other) in enumerate(zip(terms.npv_musd().tolist(), known.at(TODAY)[numbers].tolist(), strict=True)):
            if abs(own - other) > LARGEST_DIFFERENCE * max(abs(other), 1.0) * 100:
                raise _does_not_fit(f"plan {plan + 1}")
        return terms

    # --- time and money ------------------------------------------------------------------------------------------------

    @property
    def calendar(self) -> Calendar:
        return self.scenario.calendar

    @cached_property
    def years(self) -> dict[When, Array]:
        """Years of 365.25 days from the valuation date to the days on which cash falls, shape (months,) each."""
        valued = self.scenario.finance.valuation_date
        first = self.calendar.start_of_month_years(valued)
        last = np.append(first[1:], self.calendar.end_years(valued))
        return {"first day": first, "middle": self.calendar.mid_month_years(valued), "last day": last}

    def rate(self, kind: Kind) -> float:
        """Discount rate of a kind of cash, per year."""
        rate: float = getattr(self.scenario.finance.discount_rate_per_year, kind)
        return rate

    def factor(self, kind: Kind, when: When, discount: float = 1.0) -> Array:
        """Discount factors of the months, shape (months,); discount: multiplier of the rate."""
        factors: Array = (1.0 + self.rate(kind) * discount) ** -self.years[when]
        return factors

    # --- evaluation ----------------------------------------------------------------------------------------------------

    def fleet_hours(self, k: int, at: Multipliers) -> tuple[Array, Array, Array]:
        """(hours that run, their energy cost in USD, margin before tax in USD) of one MW of a fleet, each of shape (months,)."""
        fleet = self.fleets[k]
        kept = at.hashprice * fleet.revenue_usd_per_mwh * (1 - fleet.pool_fee_fraction) - fleet.variable_usd_per_mwh
        _, price, hours = self.zones[fleet.zone]
        if fleet.fixed_usd_per_mwh is not None:
            runs = np.where(kept > fleet.fixed_usd_per_mwh, hours.sum(axis=1), 0.0)
            energy = runs * fleet.fixed_usd_per_mwh
        else:
            running = np.where(at.power * price < (kept - fleet.adder_usd_per_mwh)[:, np.newaxis], hours, 0.0)
            runs = running.sum(axis=1)
            energy = (running * (at.power * price + fleet.adder_usd_per_mwh)).sum(axis=1)
        runs, energy = fleet.uptime_fraction * runs, fleet.uptime_fraction * energy
        return runs, energy, kept * runs - energy - fleet.fixed_usd_per_mw_month - fleet.charge_usd_per_mw

    def scale(self, row: CashRow, at: Multipliers) -> float:
        return {"fixed": 1.0, "rent": at.rent, "power": at.power}[row.scales]

    def mining_musd(self, at: Multipliers = TODAY, discount: float = 1.0) -> Array:
        """Value of one MW of each fleet and month where it runs at a gain, USD million, shape (fleets, months)."""
        worth = np.zeros(self.machines_mw.shape[1:])
        factor = (1 - self.scenario.finance.tax_rate) * self.factor("mining", "middle", discount) / USD_PER_MUSD
        for k in range(len(self.fleets)):
            worth[k] = np.maximum(self.fleet_hours(k, at)[2], 0.0) * factor
        return worth

    def option_musd(self, at: Multipliers = TODAY, discount: float = 1.0) -> tuple[Array, float]:
        """Value of one MW of each option, shape (options,), and of what no decision changes, USD million."""
        worth = np.zeros(len(self.options) + 1)
        for row in self.rows:
            factor = self.factor(row.kind, row.when, discount)
            worth[row.option] += self.scale(row, at) * float(row.usd @ factor) / USD_PER_MUSD
        return worth[:-1], float(worth[-1])

    def npv_musd(self, at: Multipliers = TODAY, discount: float = 1.0) -> Array:
        """Value of every plan, USD million, shape (plans,)."""
        options, standing = self.option_musd(at, discount)
        mining = self.machines_mw.reshape(len(self.decisions), -1) @ self.mining_musd(at, discount).ravel()
        found: Array = mining + self.option_mw @ options + standing
        return found

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """A letter and six digits that stay the same as long as the allocation does."""
        return tuple(self._id(plan) for plan in range(len(self.decisions)))

    def _id(self, plan: int) -> str:
        taken = [
            f"{option.name} {option.start} {mw:.6f}"
            for option, mw in zip(self.options, self.option_mw[plan].tolist(), strict=True)
            if mw
        ]
        fleets = [
            fleet.name + " ".join(f"{mw:.6f}" for mw in row)
            for fleet, row in zip(self.fleets, self.machines_mw[plan].tolist(), strict=True)
        ]
        return "P" + hashlib.sha256("\n".join([*taken, *fleets]).encode()).hexdigest()[:6].upper()

    # --- proof ---------------------------------------------------------------------------------------------------------

    def _compare_with_ledger(self) -> None:
        """Raises InputError where a fleet, an option or the standing cash differs from the ledger at other prices."""
        for at in TRIED:
            ledger = Ledger(self.scenario, at)
            worth, standing = self.option_musd(at)
            fleets = {fleet.name: fleet for fleet in self.scenario.mining_fleets}
            factor = self.factor("mining", "middle") * (1 - self.scenario.finance.tax_rate)
            for k, fleet in enumerate(self.fleets):
                lines = ledger.mining(fleets[fleet.name])
                self._refuse_difference(fleet.name, self.fleet_hours(k, at)[2] * factor, lines)
            for number, option in enumerate(self.options):
                lines = _lines(ledger, option)
                self._refuse_difference(option.name, worth[number : number + 1] * USD_PER_MUSD, lines, of_all_months=True)
            self._refuse_difference("standing cash", np.array([standing]) * USD_PER_MUSD, ledger.standing, of_all_months=True)

    @staticmethod
    def _refuse_difference(name: str, usd: Array, lines: list[Line], of_all_months: bool = False) -> None:
        rows = np.array([line.discounted_usd for line in lines]) if lines else np.zeros((1, len(usd)))
        expected, size = rows.sum(axis=0), np.abs(rows).sum(axis=0)
        if of_all_months:
            expected, size = expected.sum(keepdims=True), size.sum(keepdims=True)
        if np.any(np.abs(usd - expected) > LARGEST_DIFFERENCE * np.maximum(size, 1.0)):
            raise _does_not_fit(name)


def refuse_terms(values: Values) -> None:
    """Raises InputError where the scenario has terms that do not fit into this form, whatever its plans."""
    if any(np.any(choice.hashprice_musd) for choice in values.machine_choices):
        raise _no_machines(values)
    if values.scenario.finance.cash is not None:
        raise InputError([Problem("terms of the plans", "finance.cash", *FLOORS_REFUSED)])
    if field := field_of_hours(values.scenario):
        raise InputError([Problem("terms of the plans", field, *HOURS_REFUSED)])
    if hosted := first_hosted(values.scenario):
        raise _does_not_fit(hosted)
    if values.scenario.finance.treasury is not None:
        raise _does_not_fit("finance.treasury")
    if demands_mining(values.scenario):
        raise _mining_demanded()
    for fleet in values.fleets:
        if values.scenario.site(fleet.site).has_terms:
            raise _does_not_fit(fleet.name)


def _does_not_fit(name: str) -> InputError:
    return InputError(
        [
            Problem(
                "terms of the plans",
                name,
                "a term whose cash is not linear in rent and power price, or not a sum over price bands (such as coins kept, or "
                "hosted machines)",
                "fixed amounts, amounts in proportion to rent or market price, and mining by the hour without delivery, peaks, "
                "curtailment, ancillary services or standby",
                "run, map and compare evaluate it; a workbook or a page of live formulas cannot",
            )
        ]
    )


def _no_machines(values: Values) -> InputError:
    names = listed(choice.name for choice in values.machine_choices if np.any(choice.hashprice_musd))
    found = f"machines that may be sold ({names}) at prices that move with the hashprice"
    hint = "run, map and compare evaluate them; a workbook or a page of live formulas cannot"
    return InputError([Problem("terms of the plans", "machines", found, "machines that are kept, bought or moved", hint)])


def _mining_demanded() -> InputError:
    """Plans of live formulas let machines stand still where they lose money."""
    found = "a rule that asks for MW that mine, so that machines may have to run at a loss"
    hint = "run, map and compare evaluate it; a workbook or a page of live formulas cannot"
    return InputError([Problem("terms of the plans", "rules", found, "rules that ask for no mining", hint)])


def _fleet_terms(values: Values, k: int, zones: list[str]) -> FleetTerms:
    fleet, calendar = values.fleets[k], values.calendar
    site = values.scenario.site(fleet.site)
    charge = site.demand_charge
    unavoided = 0.0 if charge is None else 1.0 - charge.avoided_by_mining_fraction
    return FleetTerms(
        site=fleet.site,
        name=fleet.name,
        zone=zones.index(site.zone),
        adder_usd_per_mwh=site.supply.adder_usd_per_mwh if site.supply.kind == "index" else 0.0,
        fixed_usd_per_mwh=site.supply.usd_per_mwh.values(calendar) if site.supply.kind == "fixed" else None,
        revenue_usd_per_mwh=fleet.revenue_usd_per_mwh(values.market.hashprice_usd_per_ph_day),
        pool_fee_fraction=fleet.pool_fee_fraction,
        variable_usd_per_mwh=fleet.variable_opex_usd_per_mwh,
        uptime_fraction=fleet.uptime_fraction,
        fixed_usd_per_mw_month=fleet.fixed_opex_usd_per_mw_month,
        charge_usd_per_mw=unavoided * values.demand_charge_usd_per_mw(fleet.site),
        available_mw=values.available_mw[k],
    )


def _dated_option(choice: DatedChoice, row: int, calendar: Calendar) -> DatedOption:
    added = choice.there[row] if isinstance(choice, ExpansionValue) else np.zeros(calendar.length)
    return DatedOption(choice, choice.months[row], added)


def _lines(ledger: Ledger, option: LeaseOption | DatedOption) -> list[Line]:
    """Of one MW."""
    if isinstance(option, LeaseOption):
        return ledger.lease(option.offer, option.start)
    choice = option.choice
    if isinstance(choice, ExpansionValue):
        return ledger.expansion(choice.site, choice.expansion, option.start)
    if choice.offer is not None:
        return ledger.purchase(choice.offer, option.start)
    if choice.move is not None:
        return ledger.relocation(choice.move, option.start)
    assert choice.fleet is not None
    return ledger.used_sale(choice.fleet, option.start)


def _rows(scenario: Scenario, options: Sequence[LeaseOption | DatedOption]) -> Iterator[CashRow]:
    """The ledger's lines of every option and of no decision, taken apart by what they scale with."""
    ledgers = [Ledger(scenario, Multipliers(1.0, rent, power)) for rent, power in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))]
    for number, option in enumerate(options):
        yield from _parts(number, [_lines(ledger, option) for ledger in ledgers])
    yield from _parts(-1, [ledger.standing for ledger in ledgers])


def _parts(option: int, lines: list[list[Line]]) -> Iterator[CashRow]:
    """lines: of the ledger at no rent and no market price, at rent alone, and at market prices alone."""
    keys = list(dict.fromkeys((line.site, line.item, line.name, line.when, line.kind) for line in itertools.chain(*lines)))
    for site, item, name, when, kind in keys:
        fixed, rent, power = (
            sum(
                (
                    line.usd
                    for line in group
                    if (line.site, line.item, line.name, line.when, line.kind) == (site, item, name, when, kind)
                ),
                0.0,
            )
            for group in lines
        )
        parts: dict[Scales, Array | float] = {"fixed": fixed, "rent": rent - fixed, "power": power - fixed}
        for scales, usd in parts.items():
            if np.any(np.abs(usd) > SMALLEST_USD):
                yield CashRow(option, site, item, name, scales, when, kind, np.asarray(usd))
