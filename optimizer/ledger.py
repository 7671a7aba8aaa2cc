"""The ledger: a plan's cash by site, month and line, computed apart from the program.

This is the second code path of every dollar. It reads the contracts along the calendar (the program reads them along the
months of a lease), sums a fleet's hours one by one (the program uses prefix sums), computes its own discount factors, and
must still add up to the program's objective to 1e-9. It shares the inputs' own definitions (terms, price points, hashprice)
and nothing else, so a fault in either path shows as a difference.

To add a line: give it to `ITEMS` (ledger_lines.py), compute it here (of a lease: ledger_leases.py) and in models/values.py; the
certificate then compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..models.expansion import Expansion
from ..models.finance import Finance
from ..models.lease import KW_PER_MW, LeaseOffer
from ..models.machine_move import MachineMove
from ..models.machines import MachineOffer
from ..models.market import MarketPath
from ..models.mining import Fleet
from ..models.months import DAYS_PER_YEAR, Array, Month, WholeArray
from ..models.prices import PriceTable
from ..models.scenario import Scenario
from ..models.site import Site
from ..models.values import TODAY, Multipliers
from .deductions import share_deducted, share_left
from .ledger_coins import Coins
from .ledger_hours import DecidedHours
from .ledger_leases import LeaseBook
from .ledger_lines import UNTAXED, Kind, Line, day_of
from .ledger_machines import MachinesOfMw, used_price
from .ledger_mining import MiningOfMw, mining_of_mw

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


class Ledger:
    """Lines per MW of every fleet and offer of a scenario, and the lines of a whole plan.

    at: multipliers of the hashprice, of the rent of leases that are offered, and of market prices.
    """

    def __init__(self, scenario: Scenario, at: Multipliers = TODAY) -> None:
        self.scenario = scenario
        self.at = at
        self.calendar = scenario.calendar
        self.finance: Finance = scenario.finance
        market: MarketPath = scenario.market.hashprice.market(self.calendar)
        self.btc_price_usd = market.btc_price_usd
        self.hashprice_usd_per_ph_day: Array = at.hashprice * market.hashprice_usd_per_ph_day
        self._mining: dict[str, list[Line]] = {}

    # --- time and money ------------------------------------------------------------------------------------------------

    @cached_property
    def _first_days(self) -> list[int]:
        """Days from the valuation date to the first day of each month, of the month after the horizon and of the next."""
        valued = self.finance.valuation_date
        return [((self.calendar.start + t).first_day - valued).days for t in range(self.calendar.length + 2)]

    def _factors(self, rate: float, day_in_month: float) -> Array:
        """Discount factor of a day in each month; 0 is the first day, 0.5 the middle. One more entry: end of horizon."""
        first = np.array(self._first_days, dtype=float)
        days = first[:-1] + day_in_month * np.diff(first)
        return np.power(1.0 + rate, -days / DAYS_PER_YEAR)

    @cached_property
    def _middle(self) -> dict[Kind, Array]:
        rates = self.finance.discount_rate_per_year
        kinds: dict[Kind, float] = {"mining": rates.mining, "lease": rates.lease, "power_contract": rates.power_contract}
        return {kind: self._factors(rate, 0.5)[:-1] for kind, rate in kinds.items()}

    @cached_property
    def first_day(self) -> dict[Kind, Array]:
        rates = self.finance.discount_rate_per_year
        kinds: dict[Kind, float] = {"mining": rates.mining, "lease": rates.lease, "capex": rates.capex}
        if rates.debt is not None:
            kinds["debt"] = rates.debt
        return {kind: self._factors(rate, 0.0) for kind, rate in kinds.items()}

    @cached_property
    def hours(self) -> DecidedHours:
        """[V3] Hours that are decided together."""
        return DecidedHours(self)

    def worth_of_a_dollar(self, kind: Kind) -> Array:
        """Today, after tax, of a dollar of income in the middle of each month, shape (months,)."""
        kept = 1.0 if self.finance.tax is None else 1.0 - self.finance.tax.rate_fraction
        return kept * self._middle[kind]

    def taxed_monthly(self, site: str, usd: dict[str, Array], name: str, kind: Kind) -> list[Line]:
        """Lines of taxed amounts by item, shape (months,) each, with the tax."""
        return self.with_tax([self.monthly(site, item, name, amounts, kind) for item, amounts in usd.items()], [])

    def monthly(self, site: str, item: str, name: str, usd: Array, kind: Kind) -> Line:
        return Line(site, item, name, "middle", kind, usd, usd * self._middle[kind])

    def with_tax(self, lines: list[Line], deductions: list[Line]) -> list[Line]:
        """The lines and the tax on them; `deductions` reduce the tax without being cash (depreciation, book value)."""
        if self.finance.tax is None or not lines:
            return lines
        rate = self.finance.tax.rate_fraction
        taxed = [line for line in lines if line.item not in UNTAXED]
        found = list(lines)
        for when, kind, paid_in in dict.fromkeys(map(day_of, sorted(taxed, key=lambda line: line.when))):
            usd, discounted = np.zeros(self.calendar.length), np.zeros(self.calendar.length)
            for sign, group in ((-rate, taxed), (rate, deductions)):
                for line in group:
                    if day_of(line) == (when, kind, paid_in):
                        usd, discounted = usd + sign * line.usd, discounted + sign * line.discounted_usd
            found.append(Line(lines[0].site, "income_tax", lines[0].name, when, kind, usd, discounted, paid_in))
        return found

    # --- power ---------------------------------------------------------------------------------------------------------

    def price_table(self, site: Site) -> PriceTable:
        return self.scenario.price_tables[site.zone]

    def energy_price(self, site: Site) -> Array:
        """What a MWh costs at the site at every price point, USD, shape (months, points)."""
        market = self.price_table(site).usd_per_mwh
        if site.supply.kind == "fixed":
            return np.repeat(site.supply.usd_per_mwh.values(self.calendar)[:, np.newaxis], market.shape[1], axis=1)
        return self.scenario.power.multiplier * self.at.power * market + site.supply.adder_usd_per_mwh

    def charge_per_mw(self, site: Site) -> Array:
        if site.demand_charge is None:
            return np.zeros(self.calendar.length)
        return np.array([usd * KW_PER_MW for usd in site.demand_charge.usd_per_kw_month.values(self.calendar)])

    # --- mining --------------------------------------------------------------------------------------------------------

    def mining(self, fleet: Fleet) -> list[Line]:
        """Lines of one energised meter MW in every month."""
        if fleet.name not in self._mining:
            self._mining[fleet.name] = self._mining_lines(fleet)
        return self._mining[fleet.name]

    def _mining_lines(self, fleet: Fleet) -> list[Line]:
        site = self.scenario.site(fleet.site)
        revenue = fleet.revenue_usd_per_mwh(self.hashprice_usd_per_ph_day)
        pool = revenue * fleet.pool_fee_fraction
        if site.has_terms:
            found = self._mining_with_terms(site, fleet)
            amounts, mwh = found.usd, found.mwh
        else:
            price, hours = self.energy_price(site), self.price_table(site).hours
            run_hours = fleet.uptime_fraction * np.where(self._earns(fleet, price), hours, 0.0)
            mwh = run_hours.sum(axis=1)
            amounts = {
                "mining_revenue": revenue * mwh,
                "pool_fee": -pool * mwh,
                "mining_power": -(run_hours * price).sum(axis=1),
                "mining_variable_opex": -fleet.variable_opex_usd_per_mwh * mwh,
            }
        amounts = {**amounts, **self._standing_cost(site, fleet)}
        lines = [self.monthly(site.name, item, fleet.name, usd, "mining") for item, usd in amounts.items()]
        kept, bought_for = self._treasury(fleet, (revenue - pool) * mwh)
        return self.with_tax([*lines, *kept], bought_for)

    def _standing_cost(self, site: Site, fleet: Fleet) -> dict[str, Array]:
        """Of one energised MW, whatever its hours."""
        avoided = 0.0 if site.demand_charge is None else site.demand_charge.avoided_by_mining_fraction
        return {
            "mining_fixed_opex": np.full(self.calendar.length, -fleet.fixed_opex_usd_per_mw_month),
            "mining_demand_charge": -(1 - avoided) * self.charge_per_mw(site),
        }

    def _mining_with_terms(self, site: Site, fleet: Fleet) -> MiningOfMw:
        revenue = fleet.revenue_usd_per_mwh(self.hashprice_usd_per_ph_day)
        multiplier = self.scenario.power.multiplier * self.at.power
        worth = 1.0 if self._coins is None else self._coins.worth
        return mining_of_mw(site, fleet, self.price_table(site), multiplier, revenue, worth, self.calendar)

    def _earns(self, fleet: Fleet, price: Array) -> BoolArray:
        """Whether a MWh brings more than it costs, at every price point: shape (months, points)."""
        revenue = fleet.revenue_usd_per_mwh(self.hashprice_usd_per_ph_day)
        pool, variable = revenue * fleet.pool_fee_fraction, fleet.variable_opex_usd_per_mwh
        if self._coins is None:
            return np.asarray(price + variable + pool[:, np.newaxis] < revenue[:, np.newaxis])
        coins = (revenue - pool) * self._coins.worth
        return np.asarray(price + variable < coins[:, np.newaxis])

    @cached_property
    def _coins(self) -> Coins | None:
        """How coins are kept; None where all are sold at once."""
        if self.finance.treasury is None:
            return None
        assert self.btc_price_usd is not None
        rate = 0.0 if self.finance.tax is None else self.finance.tax.rate_fraction
        return Coins.of(self.finance.treasury, self.calendar, self.btc_price_usd, self._middle["mining"], rate)

    def _treasury(self, fleet: Fleet, coins_usd: Array) -> tuple[list[Line], list[Line]]:
        """Coins kept and sold later, by the month in which they are mined, and at what they were taxed then."""
        coins = self._coins
        if coins is None:
            return [], []
        kept, later = coins.kept_usd(coins_usd), float(coins.discount[coins.sold_in])
        sold_usd = kept * coins.gain
        sold = Line(fleet.site, "treasury_sale", fleet.name, "middle", "mining", sold_usd, sold_usd * later, coins.sold_in)
        taxed_before = replace(sold, usd=kept, discounted_usd=kept * later)
        return [self.monthly(fleet.site, "treasury_held", fleet.name, -kept, "mining"), sold], [taxed_before]

    def mwh_per_mw(self, fleet: Fleet) -> Array:
        """MWh that one energised MW draws in each month, shape (months,)."""
        site = self.scenario.site(fleet.site)
        if site.has_terms:
            return self._mining_with_terms(site, fleet).mwh
        running = self._earns(fleet, self.energy_price(site))
        mwh: Array = fleet.uptime_fraction * np.where(running, self.price_table(site).hours, 0.0).sum(axis=1)
        return mwh

    # --- leases --------------------------------------------------------------------------------------------------------

    def since(self, start: Month) -> WholeArray:
        """Months from the start of rent to each month of the calendar (negative before)."""
        return np.arange(self.calendar.length) + (int(self.calendar.start) - int(start))

    def book(self, lease: LeaseOffer, start: Month) -> LeaseBook:
        """One critical MW of a lease whose rent starts in a month."""
        return LeaseBook(self, lease, start)

    def lease(self, lease: LeaseOffer, start: Month, building: bool = True) -> list[Line]:
        """Its lines; building: with its value at the end, and the tax on that."""
        return self.book(lease, start).lines(building)

    def on_day(self, site: str, item: str, name: str, t: int, usd: float, kind: Kind) -> Line:
        """An amount on the first day of month t, or at the end of the horizon (the last day of its last month)."""
        amounts, discounted = np.zeros(self.calendar.length), np.zeros(self.calendar.length)
        month = min(t, self.calendar.length - 1)
        if t >= 0:
            amounts[month] = usd
            discounted[month] = usd * self.first_day[kind][t]
        return Line(site, item, name, "last day" if t > month else "first day", kind, amounts, discounted)

    # --- machines ------------------------------------------------------------------------------------------------------

    def machines(self, offer: MachineOffer, delivered: Month) -> MachinesOfMw:
        """One MW of the machines of an offer, delivered in a month."""
        return MachinesOfMw.of(offer, delivered, self.calendar, self.finance)

    def purchase(self, offer: MachineOffer, delivered: Month) -> list[Line]:
        """Lines of one MW of the machines of an offer, delivered in a month, apart from what it earns by mining."""
        found = self.machines(offer, delivered)
        paid = self.on_day(offer.site, "machine_purchase", offer.name, found.paid_in, -found.price, "capex")
        sold = self.on_day(offer.site, "machine_sale", offer.name, found.ends_in, found.resale, "mining")
        book = self.on_day(offer.site, "machine_sale", offer.name, found.ends_in, found.book_value, "mining")
        written_off = self.monthly(offer.site, "income_tax", offer.name, found.written_off, "mining")
        taxed = self.with_tax([sold], [book])
        if self.finance.tax is not None:
            shield = written_off.times(self.finance.tax.rate_fraction)
            taxed.append(shield)
        return [paid, *taxed]

    def used_sale(self, fleet: Fleet, month: Month) -> list[Line]:
        """Lines of one MW of a fleet that is sold as a month begins: what it brings, and the resale that it will not bring."""
        first = self.scenario.market.first_hashprice(self.calendar)
        price = used_price(fleet, month, self.calendar, self.hashprice_usd_per_ph_day, first)
        brings = self.on_day(fleet.site, "machine_sale", fleet.name, self.calendar.index(month), price, "mining")
        later = [line.times(-1.0 / fleet.owned_mw) for line in self._machine_sale(fleet)] if fleet.owned_mw else []
        return [*self.with_tax([brings], []), *later]

    def relocation(self, move: MachineMove, leaves: Month) -> list[Line]:
        """Lines of one MW that leaves its site in a month, apart from what it earns by mining."""
        fleet = next(fleet for fleet in self.scenario.fleets if fleet.name == move.fleet)
        per_th = 1e6 / (fleet.efficiency_j_per_th * fleet.overhead)
        usd = move.usd_per_mw if move.usd_per_mw is not None else (move.usd_per_th or 0.0) * per_th
        return self.with_tax([self.on_day(fleet.site, "machine_move", move.name, self.calendar.index(leaves), -usd, "mining")], [])

    # --- expansions ----------------------------------------------------------------------------------------------------

    def expansion(self, site: str, expansion: Expansion, month: Month) -> list[Line]:
        """Lines of one MW of an expansion that is energised in a month, apart from what the MW are used for."""
        first, since = self.calendar.index(month), self.since(month)
        usd = np.zeros(self.calendar.length)
        if expansion.build_months == 0:
            usd[first] -= expansion.capex_usd_per_mw
        else:
            usd[first - expansion.build_months : first] -= expansion.capex_usd_per_mw / expansion.build_months
        capex = Line(site, "expansion_capex", expansion.name, "first day", "capex", usd, usd * self.first_day["capex"][:-1])
        each_month = np.where(since >= 0, -expansion.fixed_usd_per_mw_month, 0.0)
        upkeep = self.monthly(site, "expansion_upkeep", expansion.name, each_month, "lease")
        end, cost = self.calendar.length, expansion.capex_usd_per_mw
        residual = self.on_day(site, "residual_value", expansion.name, end, expansion.residual_fraction * cost, "lease")
        if self.finance.tax is None:
            return [capex, upkeep, residual]
        written_off = cost * share_deducted(self.finance.tax, month, since)
        book = cost * share_left(self.finance.tax, month, end - first)
        deductions = [
            self.monthly(site, "income_tax", expansion.name, written_off, "lease"),
            self.on_day(site, "residual_value", expansion.name, end, book, "lease"),
        ]
        return self.with_tax([capex, upkeep, residual], deductions)

    # --- what no decision changes --------------------------------------------------------------------------------------

    @cached_property
    def standing(self) -> list[Line]:
        """Settlement of fixed blocks and sale of machines."""
        lines: list[Line] = []
        for site in sorted(self.scenario.sites, key=lambda site: site.name):
            table = self.price_table(site)
            index = self.scenario.power.multiplier * self.at.power * table.usd_per_mwh
            for block in site.blocks:
                usd, unused = np.zeros(self.calendar.length), block.resale_usd_per_mwh(index)
                for t, month in enumerate(self.calendar.months):
                    if block.first_month <= month <= block.last_month:
                        usd[t] = block.mw * float(np.sum((unused[t] - block.usd_per_mwh) * table.hours[t]))
                lines += self.with_tax([self.monthly(site.name, "block_settlement", block.name, usd, "power_contract")], [])
        for fleet in sorted(self.scenario.fleets, key=lambda fleet: (fleet.site, fleet.name)):
            lines += self._machine_sale(fleet)
        return lines

    def _machine_sale(self, fleet: Fleet) -> list[Line]:
        end = self.calendar.end + 1
        if fleet.first_month is not None and fleet.first_month >= end:
            return []
        sold = end if fleet.retire_month is None else min(fleet.retire_month, end)
        amount = fleet.owned_eh * 1e6 * fleet.resale_usd_per_th
        sale = self.on_day(fleet.site, "machine_sale", fleet.name, self.calendar.index(Month(sold)), amount, "mining")
        return self.with_tax([sale], [])

    # --- a plan --------------------------------------------------------------------------------------------------------

    def lines(
        self,
        mining_mw: dict[str, Array],
        lease_mw: dict[tuple[str, Month], float],
        machine_mw: dict[str, dict[tuple[str, Month], float]] | None = None,
        expansion_mw: dict[tuple[str, Month], float] | None = None,
    ) -> list[Line]:
        """Every line of a plan: meter MW by fleet and month, critical MW by offer and start, meter MW of machines, by kind of
        decision (buy: offer and month of delivery; sell: fleet and month; move: move and month of leaving), and of expansions, by
        name and month. Empty lines are left out.
        """
        found = [*self.standing, *self._machine_lines(machine_mw or {}), *self.hours.lines(mining_mw, lease_mw)]
        for site, expansion in self.scenario.expansions:
            for (name, month), energised_mw in sorted((expansion_mw or {}).items()):
                if name == expansion.name and energised_mw:
                    found += [line.times(energised_mw) for line in self.expansion(site.name, expansion, month)]
        for fleet in sorted(self.scenario.mining_fleets, key=lambda fleet: (fleet.site, fleet.name)):
            mw = mining_mw.get(fleet.name)
            if mw is not None and np.any(mw):
                found += [line.times(mw) for line in self.mining(fleet)]
        for lease in sorted(self.scenario.leases, key=lambda lease: (lease.site, lease.name)):
            for (name, start), critical_mw in sorted(lease_mw.items()):
                if name == lease.name and critical_mw:
                    found += [line.times(critical_mw) for line in self.lease(lease, start)]
        return [line for line in found if np.any(line.usd)]

    def _machine_lines(self, machine_mw: dict[str, dict[tuple[str, Month], float]]) -> Iterator[Line]:
        """Lines of what is bought, sold and moved."""
        offers = {offer.name: offer for offer in self.scenario.machine_offers}
        fleets = {fleet.name: fleet for fleet in self.scenario.fleets}
        moves = {move.name: move for move in self.scenario.machine_moves}
        for kind, decided in sorted(machine_mw.items()):
            for (name, month), mw in sorted(decided.items()):
                if kind == "buy":
                    lines = self.purchase(offers[name], month)
                else:
                    lines = self.used_sale(fleets[name], month) if kind == "sell" else self.relocation(moves[name], month)
                yield from (line.times(mw) for line in lines)
