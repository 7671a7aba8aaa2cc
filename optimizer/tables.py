"""The tables of a plan, made from decisions, ledger lines and prices when they are asked for."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import DAYS_PER_YEAR, Array, Month, WholeArray
from ..models.values import USD_PER_MUSD, OfferValue, Values
from .beyond import OPERATING
from .breakeven import BreakEven
from .certificate import Certifier
from .dated_choices import choice_spent_musd, choices_of
from .decisions import SMALLEST_MW, Decisions
from .expansion_table import expansion_rows
from .irr import internal_rate_of_return
from .ledger import Ledger
from .ledger_groups import MINING
from .ledger_lines import Line
from .machine_table import machine_row
from .machine_worth import MachineBreakEven
from .prices import Prices
from .reasons import Forced, Worth, obstacle, reason, worth_of_offer
from .stranded import stranded_rows

Row = dict[str, Any]

TABLES: dict[str, Sequence[str]] = {
    "allocation": ("site", "period", "use", "name", "mw"),
    "allocation_by_year": ("site", "year", "use", "name", "mw"),
    "leases": (
        "site",
        "offer",
        "status",
        "critical_mw",
        "offered_critical_mw",
        "meter_mw",
        "start",
        "end",
        "starts",
        "best_start",
        "npv_usd",
        "net_npv_usd",
        "worth_usd",
        "irr",
        "yield_on_cost",
        "capex_usd",
        "first_year_rent_usd_per_kw_month",
        "contract_value_usd",
        "implied_usd_per_meter_mwh",
        "break_even_rent_usd_per_kw_month",
        "break_even_hashprice_multiplier",
        "reserved_until",
        "cut_off_months",
        "reason",
    ),
    "idle_by_year": ("site", "year", "why", "mw", "first", "last"),
    "fleets": ("site", "fleet", "year", "mw", "available_mw", "mwh", "running_fraction", "margin_usd"),
    "shadow_price": ("site", "period", "usd_per_mw", "usd_per_suitable_mw"),
    "machines": (
        "site",
        "to_site",
        "name",
        "decision",
        "mw",
        "of_mw",
        "eh",
        "month",
        "months",
        "best_month",
        "usd_per_th",
        "usd",
        "npv_usd",
        "net_npv_usd",
        "worth_usd",
        "break_even_usd_per_th",
        "reason",
    ),
    "expansions": (
        "site",
        "name",
        "decision",
        "mw",
        "of_mw",
        "offered_mw",
        "probability",
        "suitable_mw",
        "month",
        "months",
        "best_month",
        "capex_usd_per_mw",
        "capex_usd",
        "npv_usd",
        "net_npv_usd",
        "worth_usd",
        "break_even_capex_usd_per_mw",
        "reason",
    ),
    "stranded": ("site", "fleet", "year", "mw", "first", "last", "margin_usd", "sale_usd_per_mw", "move_gain_usd_per_mw"),
    "budget_price": ("year", "budget_usd", "spent_usd", "usd_per_usd"),
    "cumulative_budget_price": ("year", "budget_usd", "spent_usd", "usd_per_usd"),
    "cash_floor": ("year", "floor_usd", "cash_usd", "usd_per_usd"),
    "cash_flow": ("site", "period", "item", "name", "usd", "discounted_usd"),
    "cash_by_year": ("year", "item", "usd"),
    "market": ("period", "hashprice_usd_per_ph_day", "hashprice_btc_per_ph_day", "btc_price_usd", "network_eh", "subsidy_btc"),
}
"""Columns of every table of a plan."""

MACHINES_STAND_STILL = "no use of them pays"
KEPT_BY_RULES = "machines would earn on them, and the rules allow no more"
NOTHING_THERE = "no machine and no lease for them"
NO_FURTHER_LEASE = "no machine for them, and no further lease pays, fits or is allowed"
"""Why MW are idle: machines are there and would lose money, or may not; no machine is there and no offer could use the month; one
could, and is not worth it, has no room, or is barred by a rule."""


class Tables:
    """Rows of every table of a solved scenario. Pickled, it carries the rows alone."""

    def __init__(
        self,
        certifier: Certifier,
        plan: Decisions,
        lines: list[Line],
        prices: Prices,
        found: list[BreakEven],
        forced: dict[int, Forced],
        machines: list[MachineBreakEven],
        expansions: list[MachineBreakEven],
    ) -> None:
        self._certifier, self._plan, self._lines, self._prices = certifier, plan, lines, prices
        self._found, self._forced, self._machines, self._expansions = found, forced, machines, expansions

    def __getitem__(self, table: str) -> list[Row]:
        rows: list[Row] = getattr(self, table)
        return rows

    def __getstate__(self) -> dict[str, list[Row]]:
        return {table: self[table] for table in TABLES}

    @property
    def _values(self) -> Values:
        return self._certifier.values

    @property
    def _ledger(self) -> Ledger:
        return self._certifier.ledger

    @cached_property
    def _uses(self) -> list[tuple[str, str, str, Array]]:
        return [use for use in uses(self._values, self._plan) if use[1] == "idle" or np.any(use[3])]

    @cached_property
    def allocation(self) -> list[Row]:
        """Meter MW by site, month, use and name."""
        periods = [str(month) for month in self._values.calendar.months]
        return [
            {"site": site, "period": period, "use": use, "name": name, "mw": amount}
            for site, use, name, mw in self._uses
            for period, amount in zip(periods, mw.tolist(), strict=True)
            if amount or use == "idle"
        ]

    @cached_property
    def allocation_by_year(self) -> list[Row]:
        """Mean meter MW by site, year, use and name."""
        return [
            {"site": site, "year": year, "use": use, "name": name, "mw": amount}
            for site, use, name, mw in self._uses
            for year, amount in self._values.calendar.mean_by_year(mw).items()
        ]

    @cached_property
    def idle_by_year(self) -> list[Row]:
        """Mean idle meter MW by site, year and why, and the first and last month of the year in which they are."""
        calendar = self._values.calendar
        found: list[Row] = []
        for site, use, _, idle in self._uses:
            for why, mw in self._why_idle(site, idle) if use == "idle" else ():
                means = calendar.mean_by_year(mw)
                for year in calendar.years:
                    months = [calendar.months[t] for t in np.flatnonzero((calendar.year_of_month == year) & (mw > SMALLEST_MW))]
                    if months:
                        first, last = str(months[0]), str(months[-1])
                        found.append({"site": site, "year": year, "why": why, "mw": means[year], "first": first, "last": last})
        return sorted(found, key=lambda row: (row["site"], row["year"]))

    def _why_idle(self, site: str, idle: Array) -> Iterator[tuple[str, Array]]:
        """(why, idle meter MW in each month); together they are all idle MW of the site."""
        values, plan = self._values, self._plan
        there = plan.there_mw(values)
        unused, kept, could_be_leased = np.zeros(len(idle)), np.zeros(len(idle)), np.zeros(len(idle), dtype=bool)
        held = self._certifier.policy_price_of_mining(self._prices) > 0
        for k, fleet in enumerate(values.fleets):
            if fleet.site == site:
                unused += there[k] - plan.mining_mw[k]
                kept += np.where(held[k], there[k] - plan.mining_mw[k], 0.0)
        for offer, mw in zip(values.offers, plan.lease_mw, strict=True):
            if offer.offer.site == site and offer.offer.critical_it_mw - float(np.sum(mw)) > SMALLEST_MW:
                could_be_leased |= np.any(offer.occupied_mw > 0, axis=0)
        still = np.minimum(idle, unused)
        kept = np.minimum(still, kept)
        yield MACHINES_STAND_STILL, still - kept
        yield KEPT_BY_RULES, kept
        yield NOTHING_THERE, np.where(could_be_leased, 0.0, idle - still)
        yield NO_FURTHER_LEASE, np.where(could_be_leased, idle - still, 0.0)

    @cached_property
    def cash_flow(self) -> list[Row]:
        """Cash by site, month, item and name."""
        groups: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
        for line in self._lines:
            groups[line.site, line.item, line.name].append(line)
        periods = [str(month) for month in self._values.calendar.months]
        found: list[Row] = []
        for (site, item, name), group in groups.items():
            usd, worth = (
                np.sum(part, axis=0).tolist() for part in zip(*((line.usd, line.discounted_usd) for line in group), strict=True)
            )
            found += [
                {"site": site, "period": period, "item": item, "name": name, "usd": amount, "discounted_usd": discounted}
                for period, amount, discounted in zip(periods, usd, worth, strict=True)
                if amount or discounted
            ]
        return found

    @cached_property
    def cash_by_year(self) -> list[Row]:
        """Cash by year and item."""
        by_item: dict[str, Array] = defaultdict(lambda: np.zeros(self._values.calendar.length))
        for line in self._lines:
            by_item[line.item] = by_item[line.item] + line.usd
        return [
            {"year": year, "item": item, "usd": usd}
            for item, monthly in by_item.items()
            for year, usd in self._values.calendar.total_by_year(monthly).items()
            if usd
        ]

    @cached_property
    def _there_mw(self) -> Array:
        return self._plan.there_mw(self._values)

    @cached_property
    def fleets(self) -> list[Row]:
        """Fleets by year: MW, energy, share of the available hours that run, cash margin before tax."""
        return [row for k in range(len(self._values.fleets)) for row in self._fleet(k)]

    def _fleet(self, k: int) -> Iterator[Row]:
        values, calendar = self._values, self._values.calendar
        fleet, mw = values.fleets[k], self._plan.mining_mw[k]
        able = values.site_power(fleet.site).month_hours * fleet.uptime_fraction
        margin = np.sum([line.usd for line in self._ledger.mining(fleet) if line.item in MINING], axis=0)
        mean_mw, mean_available = calendar.mean_by_year(mw), calendar.mean_by_year(self._there_mw[k])
        mwh, possible, earned = (calendar.total_by_year(mw * per_mw) for per_mw in (self._ledger.mwh_per_mw(fleet), able, margin))
        extra = calendar.total_by_year(self._extra_mwh.get(fleet.name, np.zeros(calendar.length)))
        for year in calendar.years:
            if mean_available[year]:
                yield {
                    "site": fleet.site,
                    "fleet": fleet.name,
                    "year": year,
                    "mw": mean_mw[year],
                    "available_mw": mean_available[year],
                    "mwh": mwh[year] + extra[year],
                    "running_fraction": (mwh[year] + extra[year]) / possible[year] if possible[year] else None,
                    "margin_usd": earned[year],
                }

    @cached_property
    def _extra_mwh(self) -> dict[str, Array]:
        """[V3] What fleets run beyond (below 0: less than) what pays at the index, by fleet, shape (months,)."""
        mining, leases, *_ = self._plan.named(self._values)
        return self._ledger.hours.change_mwh(mining, leases)

    @cached_property
    def shadow_price(self) -> list[Row]:
        """[C1], [C5] Value today of one more MW of each site and month, USD."""
        return [
            {
                "site": site.name,
                "period": str(month),
                "usd_per_mw": power * USD_PER_MUSD,
                "usd_per_suitable_mw": suitable * USD_PER_MUSD,
            }
            for site in self._values.sites
            for month, power, suitable in zip(
                self._values.calendar.months,
                self._prices.power[site.name].tolist(),
                self._certifier.value_of_suitable_mw(self._prices, site.name).tolist(),
                strict=True,
            )
        ]

    @cached_property
    def budget_price(self) -> list[Row]:
        """[C6] Budget, spending and value of one more dollar of each year that has a budget."""
        values = self._values
        found: list[Row] = []
        for year, budget in sorted(values.scenario.finance.capex_budget_usd.items()):
            if year in values.calendar.years:
                at = values.calendar.years.index(year)
                leases = (float(offer.capex_musd_by_year[:, at] @ mw) for offer, mw in self._offered(values, self._plan))
                spent = math.fsum([*leases, float(self._spent_beside_leases[at])])
                price = self._prices.budget.get(year, 0.0)
                found.append({"year": year, "budget_usd": budget, "spent_usd": spent * USD_PER_MUSD, "usd_per_usd": price})
        return found

    @cached_property
    def _spent_beside_leases(self) -> Array:
        """What machines and expansions spend in each year, USD million."""
        values, plan = self._values, self._plan
        return choice_spent_musd(values, choices_of(values), [*plan.machine_mw, *plan.expansion_mw])

    @cached_property
    def cumulative_budget_price(self) -> list[Row]:
        """[C6] The same of what may be spent by the end of each year that has a cumulative budget."""
        values = self._values
        spent = np.zeros(len(values.calendar.years))
        for offer, mw in self._offered(values, self._plan):
            spent += mw @ offer.capex_musd_by_year
        spent += self._spent_beside_leases
        found: list[Row] = []
        for year, budget in sorted(values.scenario.finance.cumulative_capex_budget_usd.items()):
            if year >= values.calendar.years[0]:
                until = math.fsum(spent[: year - values.calendar.years[0] + 1].tolist())
                price = self._prices.cumulative.get(year, 0.0)
                found.append({"year": year, "budget_usd": budget, "spent_usd": until * USD_PER_MUSD, "usd_per_usd": price})
        return found

    @cached_property
    def cash_floor(self) -> list[Row]:
        """[C6] Floor, cash at the end, and value of one more dollar by then, of each year that has a floor."""
        stated, certifier = self._values.scenario.finance.cash, self._certifier
        found: list[Row] = []
        for floor in certifier.floors if stated is not None else ():
            assert stated is not None
            above = math.fsum([floor.free_musd, *certifier.cash_musd(self._plan, floor.years)]) * USD_PER_MUSD
            least, price = stated.floor_usd[floor.year], self._prices.cash.get(floor.year, 0.0)
            found.append({"year": floor.year, "floor_usd": least, "cash_usd": least + above, "usd_per_usd": price})
        return found

    @staticmethod
    def _offered(values: Values, plan: Decisions) -> Iterator[tuple[OfferValue, Array]]:
        """Offers that are free to take, with the critical MW taken at each start."""
        for offer, mw in zip(values.offers, plan.lease_mw, strict=True):
            if offer.offer.status == "offered":
                yield offer, mw

    @cached_property
    def market(self) -> list[Row]:
        """The market's path as the plan saw it."""
        paths = {column: getattr(self._values.market, column) for column in TABLES["market"][1:]}
        return [
            {"period": str(month), **{column: None if path is None else float(path[t]) for column, path in paths.items()}}
            for t, month in enumerate(self._values.calendar.months)
        ]

    @cached_property
    def machines(self) -> list[Row]:
        """One row an offer of machines, a fleet that may be sold, and a move."""
        return [machine_row(self._certifier, self._prices, self._plan, n, found) for n, found in enumerate(self._machines)]

    @cached_property
    def expansions(self) -> list[Row]:
        """One row an expansion, those that do not count too."""
        return expansion_rows(self._certifier, self._prices, self._plan, self._expansions)

    @cached_property
    def stranded(self) -> list[Row]:
        """One row a fleet and year in which machines stand still that would earn."""
        return list(stranded_rows(self._certifier, self._prices, self._plan))

    @cached_property
    def leases(self) -> list[Row]:
        """One row an offer."""
        return [self._lease(number) for number in range(len(self._found))]

    def _lease(self, number: int) -> Row:
        offer, mw, found = self._values.offers[number], self._plan.lease_mw[number], self._found[number]
        lease, taken = offer.offer, float(np.sum(mw))
        worth = worth_of_offer(self._certifier, self._prices, number, mw)
        rent, multiplier = lease.first_year_rent_usd_per_kw_month, found.rent_multiplier
        starts = [(start, amount) for start, amount in zip(offer.starts, mw.tolist(), strict=True) if amount]
        first, last = min((start for start, _ in starts), default=None), max((start for start, _ in starts), default=worth.start)
        end = last + (lease.term_months - 1)
        lines = self._ledger.lease(lease, worth.start)
        return {
            "site": lease.site,
            "offer": lease.name,
            "status": lease.status,
            "critical_mw": taken,
            "offered_critical_mw": lease.critical_it_mw,
            "meter_mw": taken * lease.gross_up,
            "start": None if first is None else str(first),
            "end": None if first is None else str(end),
            "starts": [{"start": str(start), "critical_mw": amount} for start, amount in starts],
            "best_start": str(worth.start),
            "npv_usd": float(mw @ self._certifier.lease_musd[number]) * USD_PER_MUSD,
            "net_npv_usd": worth.net * taken,
            "worth_usd": found.worth_musd * USD_PER_MUSD,
            "irr": irr_of_lines(self._ledger, [line for line in lines if line.kind != "debt"]),
            "yield_on_cost": yield_on_cost(self._ledger, lease, worth.start),
            "capex_usd": taken * lease.own_capex_usd_per_critical_mw,
            "first_year_rent_usd_per_kw_month": rent,
            "contract_value_usd": lease.contract_value,
            "implied_usd_per_meter_mwh": rent * 12_000 / (lease.gross_up * DAYS_PER_YEAR * 24),
            "break_even_rent_usd_per_kw_month": None if multiplier is None else multiplier * rent,
            "break_even_hashprice_multiplier": found.hashprice_multiplier,
            "reserved_until": None if lease.reserved_until is None else str(lease.reserved_until),
            "cut_off_months": max(int(end) - int(self._values.calendar.end), 0),
            "reason": self._reason(number, taken, worth, end),
        }

    def _reason(self, number: int, taken: float, worth: Worth, end: Month) -> str:
        offer, horizon = self._values.offers[number], self._values.calendar.end
        why = reason(offer, taken, worth, self._found[number], obstacle(self._certifier, number), self._forced.get(number))
        return why if end <= horizon else f"{why}; its base term runs to {end}, and no cash after {horizon} is counted"


def without_dust(row: Row) -> Row:
    """A row as it is written to a file: MW to 1e-9 and USD to 1e-6, below which there is only rounding of the arithmetic."""
    return {column: _without_dust(column, value) for column, value in row.items()}


def _without_dust(column: str, value: Any) -> Any:
    if isinstance(value, list):
        return [without_dust(item) if isinstance(item, dict) else item for item in value]
    if isinstance(value, float):
        if column in ("usd", "usd_per_mw", "usd_per_suitable_mw") or column.endswith(("_usd", "_usd_per_mw")):
            return round(value, 6) + 0.0
        if column == "mw" or column.endswith("_mw"):
            return round(value, 9) + 0.0
    return value


def uses(values: Values, plan: Decisions) -> Iterator[tuple[str, str, str, Array]]:
    """(site, use, name, meter MW by month); the rows of a site add up to its energised MW, with its expansions."""
    calendar = values.calendar
    for site in values.sites:
        left = plan.energised_mw(values, site.name)
        for k, fleet in enumerate(values.fleets):
            if fleet.site == site.name:
                left -= plan.mining_mw[k]
                yield site.name, "mining", fleet.name, plan.mining_mw[k]
        for offer, mw in zip(values.offers, plan.lease_mw, strict=True):
            if offer.offer.site == site.name and np.any(mw):
                since = np.arange(calendar.length) - np.array([[calendar.index(start)] for start in offer.starts])
                left -= mw @ offer.occupied_mw
                for use, share in lease_uses(offer.offer, since):
                    yield site.name, use, offer.offer.name, mw @ (offer.offer.gross_up * share)
        yield site.name, "idle", "", np.where(np.abs(left) < SMALLEST_MW, 0.0, left)


def lease_uses(lease: LeaseOffer, since: WholeArray) -> Iterator[tuple[str, Array]]:
    """Shares of the meter MW under lease, dark for the build, and kept by the building after the term."""
    occupied = lease.occupied_share(since.ravel()).reshape(since.shape)
    delivered = lease.delivered_share(since.ravel()).reshape(since.shape)
    over = since >= lease.reserved_months
    yield "lease", np.where(over, 0.0, np.minimum(delivered, occupied))
    yield "conversion", np.where(over, 0.0, np.maximum(occupied - delivered, 0.0))
    yield "kept", np.where(over, occupied, 0.0)


def irr_of_lines(ledger: Ledger, lines: list[Line]) -> float | None:
    """Internal rate of return of the lines' cash (after tax where the scenario has one), on the ledger's dates."""
    if not lines:
        return None
    calendar, valued = ledger.calendar, ledger.finance.valuation_date
    start = calendar.start_of_month_years(valued)
    days = {
        "first day": start,
        "middle": calendar.mid_month_years(valued),
        "last day": np.append(start[1:], calendar.end_years(valued)),
    }
    usd = np.concatenate([line.usd for line in lines])
    years = np.concatenate([days[line.when] for line in lines])
    return internal_rate_of_return(usd, years)


def yield_on_cost(ledger: Ledger, lease: LeaseOffer, start: Month) -> float | None:
    """Rent less opex and what property costs, power and charges the landlord pays, a year, over his capex; before tax.

    Means over the months of the base term that lie in the horizon, for a lease from a start. None without capex.
    """
    calendar, cost = ledger.calendar, lease.own_capex_usd_per_critical_mw
    first = calendar.index(start)
    inside = slice(max(first, 0), min(first + lease.term_months, calendar.length))
    months = inside.stop - inside.start
    if not cost or months <= 0:
        return None
    earned = math.fsum(float(np.sum(line.usd[inside])) for line in ledger.lease(lease, start) if line.item in OPERATING)
    return earned * 12 / months / cost
