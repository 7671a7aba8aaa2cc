"""The ledger: a plan's cash by site, month and line, computed apart from the program.

This is the second code path of every dollar. It reads the contracts along the calendar (the program reads them along the
months of a lease), sums a fleet's hours one by one (the program uses prefix sums), computes its own discount factors, and
must still add up to the program's objective to 1e-9. It shares the inputs' own definitions (terms, price points, hashprice)
and nothing else, so a fault in either path shows as a difference.

To add a line: give it to `ITEMS`, compute it here and in models/values.py; the certificate then compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..models.expansion import Expansion
from ..models.finance import Finance
from ..models.hosting import Hosting
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
from .ledger_gpus import GpuBook
from .ledger_hosting import HostingBook
from .ledger_hours import DecidedHours
from .ledger_machines import MachinesOfMw, used_price
from .ledger_mining import MiningOfMw, mining_of_mw
from .ledger_terms import LeaseTerms
from .lender import lender_cash

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

ITEMS = {
    "mining_revenue": "block rewards and fees earned, before the pool's fee",
    "pool_fee": "kept by the mining pool",
    "mining_power": "energy of the hours mined, at the site's price",
    "mining_variable_opex": "other cost per MWh mined",
    "mining_fixed_opex": "cost per energised MW and month",
    "mining_demand_charge": "charge per kW that mining does not avoid by switching off",
    "mining_losses": "energy bought and lost on the way to the meter, for the hours mined",
    "mining_delivery": "delivery charge of the hours mined",
    "mining_peak_charge": "coincident-peak charges that mining does not avoid",
    "peak_hours_forgone": "margin of the hours in which mining is off to avoid coincident peaks; the lines above contain it",
    "curtailment_forgone": "margin of the hours in which mining is curtailed or called on; the lines above contain it",
    "energy_cap_forgone": "margin of the hours that an energy cap makes mining give up; the lines above contain it",
    "ancillary_income": "ancillary services sold while mining runs",
    "standby_income": "demand-response programmes, for being ready",
    "treasury_held": "mined coins that are kept, at the price at which they were mined",
    "treasury_sale": "kept coins sold",
    "machine_sale": "machines sold before or at retirement, at the end of their life or of the horizon",
    "machine_purchase": "machines bought",
    "machine_move": "cost of moving machines to another site",
    "expansion_capex": "substation, line and site works of expansions",
    "expansion_upkeep": "fixed cost of the MW of expansions",
    "rent": "rent, as expected over the tenant's extension options",
    "hosting_fee": "fee per kWh of hosted machines, with minimum bills",
    "hosting_revenue_share": "the host's share of what hosted machines mine, or of its profit",
    "lease_opex": "operating cost of leased MW",
    "lease_ground_rent": "rent of the ground under leased buildings, as far as their tenants do not bear it",
    "lease_property_tax": "property tax of leased buildings, as far as their tenants do not bear it",
    "lease_insurance": "insurance of leased buildings, as far as their tenants do not bear it",
    "lease_maintenance": "maintenance of leased buildings, as far as their tenants do not bear it",
    "lease_power": "energy of leased MW, where the landlord pays it",
    "lease_losses": "energy bought and lost on the way to leased MW, where the landlord pays their power",
    "lease_delivery": "delivery charge of leased MW, where the landlord pays their power",
    "lease_demand_charge": "charge per kW of leased MW, where the landlord pays it",
    "lease_peak_charge": "coincident-peak charges of leased MW, where the landlord pays charges per kW",
    "lease_capex": "the landlord's part of construction",
    "gpu_capex": "GPUs that the landlord buys and renews for an AI cloud",
    "gpu_resale": "GPUs sold when they are renewed, at the end of the lease, or of the horizon",
    "default_recovery": "what comes in of rent lost through a tenant's default, as expected",
    "credit_support": "what a guarantor pays of rent lost through a tenant's default, as expected",
    "service_credits": "rent lost to downtime under the service level, as expected",
    "late_delivery_penalty": "paid to the tenant for MW that are late, as expected",
    "termination_fee": "for ending a lease early: the tenant's (positive) or the landlord's, as expected",
    "prepayment": "rent paid ahead, its credits against later rent, and what is paid back",
    "deposit": "security deposit received and returned",
    "debt_drawn": "what a lender pays out for construction",
    "debt_fees": "the lender's fees on it",
    "debt_interest": "interest paid to the lender",
    "debt_repaid": "paid back to the lender; what is owed at the end of the horizon is paid back then",
    "residual_value": "the building at the end of the lease, or of the horizon; an expansion at the end of the horizon",
    "block_settlement": "fixed power blocks as if unused: MW x (what resale brings, by default the index, - block price)",
    "block_energy_used": "energy of blocks that is used instead of resold: MWh x (index - what resale brings)",
    "income_tax": "tax on all of the above, with depreciation of lease capex, bought machines and expansions",
}


UNTAXED = (
    "lease_capex",
    "gpu_capex",
    "machine_purchase",
    "expansion_capex",
    "deposit",
    "debt_drawn",
    "debt_repaid",
    "treasury_held",
)
"""Capex and the price of machines are deducted through their depreciation; a deposit is a debt, of which only what a default
forfeits is income; loans are neither income nor expense; coins are taxed when they are mined, sold or not.
"""

When = Literal["first day", "middle", "last day"]
Kind = Literal["mining", "lease", "capex", "power_contract", "debt"]
"""Kind of cash flow: which of the discount rates applies."""


@dataclass(frozen=True)
class Line:
    """One line of the ledger: cash in each month and the same discounted, USD, shape (months,).

    name: the fleet, offer or block it belongs to. when: the day of the month on which the cash falls. kind: at which rate it is
    discounted. paid_in: of lines per MW, position of the month in which cash of other months falls (coins that were kept).
    """

    site: str
    item: str
    name: str
    when: When
    kind: Kind
    usd: Array
    discounted_usd: Array
    paid_in: int | None = None

    def times(self, mw: Array | float) -> Line:
        """The line of so many MW, its cash in the month in which it falls."""
        usd, discounted = self.usd * mw, self.discounted_usd * mw
        if self.paid_in is not None:
            there = np.arange(len(usd)) == self.paid_in
            usd, discounted = there * math.fsum(usd.tolist()), there * math.fsum(discounted.tolist())
        return Line(self.site, self.item, self.name, self.when, self.kind, usd, discounted)


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
    def _first_day(self) -> dict[Kind, Array]:
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
        return self._with_tax([self._monthly(site, item, name, amounts, kind) for item, amounts in usd.items()], [])

    def _monthly(self, site: str, item: str, name: str, usd: Array, kind: Kind) -> Line:
        return Line(site, item, name, "middle", kind, usd, usd * self._middle[kind])

    def _with_tax(self, lines: list[Line], deductions: list[Line]) -> list[Line]:
        """The lines and the tax on them; `deductions` reduce the tax without being cash (depreciation, book value)."""
        if self.finance.tax is None or not lines:
            return lines
        rate = self.finance.tax.rate_fraction
        taxed = [line for line in lines if line.item not in UNTAXED]
        found = list(lines)
        for when, kind, paid_in in dict.fromkeys(map(_day, sorted(taxed, key=lambda line: line.when))):
            usd, discounted = np.zeros(self.calendar.length), np.zeros(self.calendar.length)
            for sign, group in ((-rate, taxed), (rate, deductions)):
                for line in group:
                    if _day(line) == (when, kind, paid_in):
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

    def _charge_per_mw(self, site: Site) -> Array:
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
        lines = [self._monthly(site.name, item, fleet.name, usd, "mining") for item, usd in amounts.items()]
        kept, bought_for = self._treasury(fleet, (revenue - pool) * mwh)
        return self._with_tax([*lines, *kept], bought_for)

    def _standing_cost(self, site: Site, fleet: Fleet) -> dict[str, Array]:
        """Of one energised MW, whatever its hours."""
        avoided = 0.0 if site.demand_charge is None else site.demand_charge.avoided_by_mining_fraction
        return {
            "mining_fixed_opex": np.full(self.calendar.length, -fleet.fixed_opex_usd_per_mw_month),
            "mining_demand_charge": -(1 - avoided) * self._charge_per_mw(site),
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
        return [self._monthly(fleet.site, "treasury_held", fleet.name, -kept, "mining"), sold], [taxed_before]

    def mwh_per_mw(self, fleet: Fleet) -> Array:
        """MWh that one energised MW draws in each month, shape (months,)."""
        site = self.scenario.site(fleet.site)
        if site.has_terms:
            return self._mining_with_terms(site, fleet).mwh
        running = self._earns(fleet, self.energy_price(site))
        mwh: Array = fleet.uptime_fraction * np.where(running, self.price_table(site).hours, 0.0).sum(axis=1)
        return mwh

    # --- leases --------------------------------------------------------------------------------------------------------

    def _since(self, start: Month) -> WholeArray:
        """Months from the start of rent to each month of the calendar (negative before)."""
        return np.arange(self.calendar.length) + (int(self.calendar.start) - int(start))

    def occupied_mw(self, lease: LeaseOffer, start: Month) -> Array:
        """[C1] Meter MW that one critical MW takes from the site in each month."""
        since = self._since(start)
        taken = np.zeros(self.calendar.length)
        for phase in lease.phases:
            dark_from = phase.months_after_start - lease.conversion_outage_months
            taken[since >= dark_from] += phase.share_fraction * lease.gross_up
        if lease.mw_after_term == "returned":
            taken[since >= self._longest(lease)] = 0.0
        return taken

    def let_mw(self, lease: LeaseOffer, start: Month, delivered: bool = False) -> Array:
        """[C7] Of these MW, those that are let in each month (delivered: whose rent has started): none once the lease is over."""
        since = self._since(start)
        ahead = 0 if delivered else lease.conversion_outage_months
        mw = np.zeros(self.calendar.length)
        for phase in lease.phases:
            mw[since + ahead >= phase.months_after_start] += phase.share_fraction * lease.gross_up
        mw[since >= self._longest(lease)] = 0.0
        return mw

    def _longest(self, lease: LeaseOffer) -> int:
        """Most months that the lease may run."""
        for right in lease.terminations:
            if right.probability_fraction == 1:
                return right.month_from_start
        return lease.term_months + sum(self._possible_extension_months(lease))

    @staticmethod
    def _possible_extension_months(lease: LeaseOffer) -> Iterator[int]:
        for extension in lease.extensions:
            if extension.exercise_probability_fraction == 0:
                return
            yield round(12 * extension.years)

    def _alive(self, lease: LeaseOffer, since: WholeArray) -> Array:
        """Probability that the lease runs in each month of the calendar."""
        alive = ((since >= 0) & (since < lease.term_months)).astype(float)
        chance, first = 1.0, lease.term_months
        for extension in lease.extensions:
            chance *= extension.exercise_probability_fraction
            last = first + round(12 * extension.years)
            alive[(since >= first) & (since < last)] = chance
            first = last
        for right in lease.terminations:
            alive[since >= right.month_from_start] *= 1.0 - right.probability_fraction
        return alive

    def load_mw(self, lease: LeaseOffer, start: Month) -> Array:
        """Meter MW around the clock that one critical MW draws, as expected, shape (months,)."""
        since = self._since(start)
        terms = LeaseTerms(lease, since, self._alive(lease, since), 0.0)
        return np.asarray(lease.load_factor_fraction * lease.gross_up * terms.delivered() * terms.running)

    def rent_kusd(self, lease: LeaseOffer, start: Month) -> Array:
        """[C7] Rent of one critical MW as the scenario states it, as expected, thousand USD, shape (months,)."""
        since = self._since(start)
        terms = LeaseTerms(lease, since, self._alive(lease, since), lease.first_year_rent_usd_per_kw_month)
        return np.asarray(terms.full_rent * terms.delivered(lease.free_months) * terms.running / 1000.0)

    def lease(self, lease: LeaseOffer, start: Month, building: bool = True) -> list[Line]:
        """Lines of one critical MW whose rent starts in a month; building: with its value at the end, and the tax on that."""
        site = self.scenario.site(lease.site)
        since = self._since(start)
        alive = self._alive(lease, since)
        multiplier = self.at.rent if lease.status == "offered" else 1.0
        terms = LeaseTerms(lease, since, alive, multiplier * lease.first_year_rent_usd_per_kw_month)
        paying, delivered = terms.delivered(lease.free_months), terms.delivered()
        year = np.maximum(since, 0) // 12
        rent = terms.full_rent * paying * terms.running
        kw_opex = lease.opex_usd_per_kw_month * (1.0 + lease.opex_escalator_per_year) ** year
        opex = KW_PER_MW * kw_opex * delivered * terms.running + lease.opex_fraction_of_rent * rent
        amounts = {"rent": rent, "lease_opex": -opex, **dict(terms.property_costs()), **dict(terms.monthly(rent))}
        firm_mw = lease.gross_up * delivered * terms.running
        if lease.hosting is not None:
            del amounts["rent"]
            amounts |= self._hosting(lease, lease.hosting, terms).lines()
        elif lease.power_paid_by == "landlord":
            around_the_clock = (self.energy_price(site) * self.price_table(site).hours).sum(axis=1)
            amounts["lease_power"] = -firm_mw * lease.load_factor_fraction * around_the_clock
            if site.delivery is not None:
                amounts["lease_losses"] = site.delivery.loss_fraction * amounts["lease_power"]
                mwh = firm_mw * lease.load_factor_fraction * self.price_table(site).hours.sum(axis=1)
                amounts["lease_delivery"] = -mwh * site.delivery.usd_per_mwh.values(self.calendar)
        if lease.demand_charge_paid_by == "landlord":
            paid = 1.0
            if lease.hosting is not None and lease.hosting.interruptible and site.demand_charge is not None:
                paid -= site.demand_charge.avoided_by_mining_fraction
            amounts["lease_demand_charge"] = -firm_mw * paid * self._charge_per_mw(site)
            for peak in site.coincident_peaks:
                before = amounts.get("lease_peak_charge", np.zeros(self.calendar.length))
                amounts["lease_peak_charge"] = before - firm_mw * peak.usd_per_mw(self.calendar)
        lines = [self._monthly(site.name, item, lease.name, usd, "lease") for item, usd in amounts.items()]
        lines += [self.capex(lease, start), *self._on_end_days(terms, start)]
        forfeited = self._monthly(site.name, "deposit", lease.name, -terms.forfeited, "lease")
        deductions = [*self._depreciation(lease, start, since, alive), forfeited]
        if building:
            lines, deductions = [*lines, *self._residual(lease, start)], [*deductions, *self._book_value(lease, start)]
        if lease.gpu_cloud is not None:
            book = GpuBook(terms, lease.gpu_cloud, tuple(self._endings(lease, start)))
            lines += [self._gpus_bought(lease, book), *self._gpus_sold(lease, book)]
            deductions.append(self._monthly(site.name, "gpu_resale", lease.name, book.depreciation_usd, "lease"))
            deductions += [
                self._on_day(site.name, "gpu_resale", lease.name, sale.t, sale.book_usd, "lease") for sale in book.sales()
            ]
        if lease.debt is not None:
            loan, accrued = self._debt(lease, start)
            lines, deductions = [*lines, *loan], [*deductions, *accrued]
        return self._with_tax(lines, deductions)

    def _hosting(self, lease: LeaseOffer, hosting: Hosting, terms: LeaseTerms) -> HostingBook:
        site = self.scenario.site(lease.site)
        price, hours, none = self.energy_price(site), self.price_table(site).hours, np.zeros(self.calendar.length)
        if site.delivery is None:
            return HostingBook(terms, hosting, price, hours, 0.0, none, self.hashprice_usd_per_ph_day)
        delivery = site.delivery.usd_per_mwh.values(self.calendar)
        return HostingBook(terms, hosting, price, hours, site.delivery.loss_fraction, delivery, self.hashprice_usd_per_ph_day)

    def _gpus_bought(self, lease: LeaseOffer, book: GpuBook) -> Line:
        usd = book.bought_usd
        return Line(lease.site, "gpu_capex", lease.name, "first day", "capex", usd, usd * self._first_day["capex"][:-1])

    def _gpus_sold(self, lease: LeaseOffer, book: GpuBook) -> Iterator[Line]:
        for sale in book.sales():
            yield self._on_day(lease.site, "gpu_resale", lease.name, sale.t, sale.usd, "lease")

    def spent_usd(self, lease: LeaseOffer, start: Month) -> Array:
        """What counts against the budgets of one critical MW in each month, USD, shape (months,): construction, less what a lender
        pays out of it where budgets are net of debt, and GPUs.
        """
        spent = -self.own_capex(lease, start)
        if lease.gpu_cloud is None:
            return spent
        since = self._since(start)
        book = GpuBook(LeaseTerms(lease, since, self._alive(lease, since), 0.0), lease.gpu_cloud, ())
        found: Array = spent - book.bought_usd
        return found

    def _on_end_days(self, terms: LeaseTerms, start: Month) -> Iterator[Line]:
        """What is paid on the day a lease ends, or is counted at the end of the horizon."""
        lease, first = terms.lease, self.calendar.index(start)
        for t, months, probability in self._endings(lease, start):
            for item, usd in terms.at_the_end(t, months, probability) if t >= 0 else ():
                yield self._on_day(lease.site, item, lease.name, t, usd, "lease")
        for months, usd in terms.termination_fees():
            t = first + months
            if 0 <= t <= self.calendar.length:
                yield self._on_day(lease.site, "termination_fee", lease.name, t, usd * float(terms.survival[t]), "lease")

    def _debt(self, lease: LeaseOffer, start: Month) -> tuple[list[Line], list[Line]]:
        """What passes between landlord and lender for one critical MW, and interest that is deducted without being paid."""
        cash = lender_cash(lease, self.calendar.index(start), self.calendar.length)

        def dated(item: str, usd: Array) -> list[Line]:
            """Amounts on the first day of each month, and where there is one more, on the day the horizon ends."""
            factors, last = self._first_day["debt"], np.arange(self.calendar.length) == self.calendar.length - 1
            first_days = usd[: self.calendar.length]
            worth = first_days * factors[:-1]
            lines = [Line(lease.site, item, lease.name, "first day", "debt", first_days, worth)]
            if len(usd) > self.calendar.length:
                lines.append(Line(lease.site, item, lease.name, "last day", "debt", last * usd[-1], last * usd[-1] * factors[-1]))
            return lines

        loan = [*dated("debt_drawn", cash.drawn), *dated("debt_fees", -cash.fees)]
        loan += [*dated("debt_interest", -cash.interest), *dated("debt_repaid", -cash.repaid)]
        return loan, dated("income_tax", cash.accrued - cash.interest)

    def own_capex(self, lease: LeaseOffer, start: Month) -> Array:
        """Capex of one critical MW as it counts against the budgets, not discounted, as a negative amount, USD by month."""
        spent = self.capex(lease, start).usd
        if lease.debt is None or not self.finance.capex_budget_is_net_of_debt:
            return spent
        return spent + lender_cash(lease, self.calendar.index(start), self.calendar.length).drawn

    def capex(self, lease: LeaseOffer, start: Month) -> Line:
        """What the landlord spends on one critical MW; spending outside the horizon is left out."""
        usd = np.zeros(self.calendar.length)
        first = self.calendar.index(start)
        for offset, share in lease.spending():
            t = first + offset
            if 0 <= t < self.calendar.length:
                usd[t] -= share * lease.capex_usd_per_critical_mw * (1.0 - lease.tenant_funded_capex_fraction)
        return Line(lease.site, "lease_capex", lease.name, "first day", "capex", usd, usd * self._first_day["capex"][:-1])

    def _endings(self, lease: LeaseOffer, start: Month) -> Iterator[tuple[int, int, float]]:
        """(month of the calendar, months leased, probability) at which the building is handed back or counted."""
        chance, months, first = 1.0, lease.term_months, self.calendar.index(start)
        for right in lease.terminations:
            t = min(first + right.month_from_start, self.calendar.length)
            yield t, t - first, chance * right.probability_fraction
            chance *= 1.0 - right.probability_fraction
        for extension in (*lease.extensions, None):
            goes_on = 0.0 if extension is None else extension.exercise_probability_fraction
            t = min(first + months, self.calendar.length)
            yield t, t - first, chance * (1.0 - goes_on)
            chance *= goes_on
            months += 0 if extension is None else round(12 * extension.years)

    def _residual(self, lease: LeaseOffer, start: Month) -> Iterator[Line]:
        for t, _, probability in self._endings(lease, start):
            yield self._sale(lease, t, probability * lease.residual_usd_per_critical_mw)

    def _book_value(self, lease: LeaseOffer, start: Month) -> Iterator[Line]:
        if self.finance.tax is None:
            return
        cost = lease.capex_usd_per_critical_mw * (1.0 - lease.tenant_funded_capex_fraction)
        for t, months, probability in self._endings(lease, start):
            left = share_left(self.finance.tax, start, months)
            yield self._sale(lease, t, probability * left * cost)

    def _sale(self, lease: LeaseOffer, t: int, usd: float) -> Line:
        return self._on_day(lease.site, "residual_value", lease.name, t, usd, "lease")

    def _on_day(self, site: str, item: str, name: str, t: int, usd: float, kind: Kind) -> Line:
        """An amount on the first day of month t, or at the end of the horizon (the last day of its last month)."""
        amounts, discounted = np.zeros(self.calendar.length), np.zeros(self.calendar.length)
        month = min(t, self.calendar.length - 1)
        if t >= 0:
            amounts[month] = usd
            discounted[month] = usd * self._first_day[kind][t]
        return Line(site, item, name, "last day" if t > month else "first day", kind, amounts, discounted)

    def _depreciation(self, lease: LeaseOffer, start: Month, since: WholeArray, alive: Array) -> Iterator[Line]:
        if self.finance.tax is None:
            return
        cost = lease.capex_usd_per_critical_mw * (1.0 - lease.tenant_funded_capex_fraction)
        share = share_deducted(self.finance.tax, start, since)
        yield self._monthly(lease.site, "income_tax", lease.name, cost * share * alive, "lease")

    # --- machines ------------------------------------------------------------------------------------------------------

    def machines(self, offer: MachineOffer, delivered: Month) -> MachinesOfMw:
        """One MW of the machines of an offer, delivered in a month."""
        return MachinesOfMw.of(offer, delivered, self.calendar, self.finance)

    def purchase(self, offer: MachineOffer, delivered: Month) -> list[Line]:
        """Lines of one MW of the machines of an offer, delivered in a month, apart from what it earns by mining."""
        found = self.machines(offer, delivered)
        paid = self._on_day(offer.site, "machine_purchase", offer.name, found.paid_in, -found.price, "capex")
        sold = self._on_day(offer.site, "machine_sale", offer.name, found.ends_in, found.resale, "mining")
        book = self._on_day(offer.site, "machine_sale", offer.name, found.ends_in, found.book_value, "mining")
        written_off = self._monthly(offer.site, "income_tax", offer.name, found.written_off, "mining")
        taxed = self._with_tax([sold], [book])
        if self.finance.tax is not None:
            shield = written_off.times(self.finance.tax.rate_fraction)
            taxed.append(shield)
        return [paid, *taxed]

    def used_sale(self, fleet: Fleet, month: Month) -> list[Line]:
        """Lines of one MW of a fleet that is sold as a month begins: what it brings, and the resale that it will not bring."""
        first = self.scenario.market.first_hashprice(self.calendar)
        price = used_price(fleet, month, self.calendar, self.hashprice_usd_per_ph_day, first)
        brings = self._on_day(fleet.site, "machine_sale", fleet.name, self.calendar.index(month), price, "mining")
        later = [line.times(-1.0 / fleet.owned_mw) for line in self._machine_sale(fleet)] if fleet.owned_mw else []
        return [*self._with_tax([brings], []), *later]

    def relocation(self, move: MachineMove, leaves: Month) -> list[Line]:
        """Lines of one MW that leaves its site in a month, apart from what it earns by mining."""
        fleet = next(fleet for fleet in self.scenario.fleets if fleet.name == move.fleet)
        per_th = 1e6 / (fleet.efficiency_j_per_th * fleet.overhead)
        usd = move.usd_per_mw if move.usd_per_mw is not None else (move.usd_per_th or 0.0) * per_th
        return self._with_tax(
            [self._on_day(fleet.site, "machine_move", move.name, self.calendar.index(leaves), -usd, "mining")], []
        )

    # --- expansions ----------------------------------------------------------------------------------------------------

    def expansion(self, site: str, expansion: Expansion, month: Month) -> list[Line]:
        """Lines of one MW of an expansion that is energised in a month, apart from what the MW are used for."""
        first, since = self.calendar.index(month), self._since(month)
        usd = np.zeros(self.calendar.length)
        if expansion.build_months == 0:
            usd[first] -= expansion.capex_usd_per_mw
        else:
            usd[first - expansion.build_months : first] -= expansion.capex_usd_per_mw / expansion.build_months
        capex = Line(site, "expansion_capex", expansion.name, "first day", "capex", usd, usd * self._first_day["capex"][:-1])
        each_month = np.where(since >= 0, -expansion.fixed_usd_per_mw_month, 0.0)
        upkeep = self._monthly(site, "expansion_upkeep", expansion.name, each_month, "lease")
        end, cost = self.calendar.length, expansion.capex_usd_per_mw
        residual = self._on_day(site, "residual_value", expansion.name, end, expansion.residual_fraction * cost, "lease")
        if self.finance.tax is None:
            return [capex, upkeep, residual]
        written_off = cost * share_deducted(self.finance.tax, month, since)
        book = cost * share_left(self.finance.tax, month, end - first)
        deductions = [
            self._monthly(site, "income_tax", expansion.name, written_off, "lease"),
            self._on_day(site, "residual_value", expansion.name, end, book, "lease"),
        ]
        return self._with_tax([capex, upkeep, residual], deductions)

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
                lines += self._with_tax([self._monthly(site.name, "block_settlement", block.name, usd, "power_contract")], [])
        for fleet in sorted(self.scenario.fleets, key=lambda fleet: (fleet.site, fleet.name)):
            lines += self._machine_sale(fleet)
        return lines

    def _machine_sale(self, fleet: Fleet) -> list[Line]:
        end = self.calendar.end + 1
        if fleet.first_month is not None and fleet.first_month >= end:
            return []
        sold = end if fleet.retire_month is None else min(fleet.retire_month, end)
        amount = fleet.owned_eh * 1e6 * fleet.resale_usd_per_th
        sale = self._on_day(fleet.site, "machine_sale", fleet.name, self.calendar.index(Month(sold)), amount, "mining")
        return self._with_tax([sale], [])

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


def _day(line: Line) -> tuple[When, Kind, int | None]:
    """When the cash of a line falls and at which rate it is discounted."""
    return line.when, line.kind, line.paid_in


def total_usd(lines: list[Line]) -> float:
    """Discounted cash of all lines (exact summation over the lines)."""
    return math.fsum(float(line.discounted_usd.sum()) for line in lines)


def gross_usd(lines: list[Line]) -> float:
    """Sum of the sizes of all discounted amounts: the scale against which differences are judged."""
    return math.fsum(float(np.abs(line.discounted_usd).sum()) for line in lines)
