"""What every decision of a scenario is worth: discounted USD million per MW, as arrays.

These tables are the only thing the program (optimizer/program.py) knows of the economics. Values are linear in three
multipliers or, for mining, an exact function of them, so a study that changes prices re-evaluates a table and leaves the
program as it is:

    lease value  = rent multiplier x rent_musd + power multiplier x power_musd + fixed_musd     per critical MW; of hosted machines
                   + hashprice multiplier x hashprice_musd, all four in the hours that run at the multipliers
    machines     = hashprice multiplier x hashprice_musd + fixed_musd                           per meter MW bought, sold or moved
    expansions   = fixed_musd                                                                   per meter MW energised
    mining value = [V2] at the multiplied hashprice and market price                            per meter MW and month
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from .block_use import BlockUse, block_use
from .cap_use import CapUse, cap_use
from .debt import DebtSchedule
from .dispatch import Margin, SiteTerms
from .expansion_values import ExpansionValue, expansion_values
from .finance import DiscountFactors
from .gather import Gather, at_boundary
from .gpu_cloud import gpu_capital_usd, gpu_spending
from .hosting import HostedHours, HostedUsd
from .lease import KW_PER_MW, LeaseOffer
from .lease_schedule import LeaseSchedule, beside_rent_usd
from .machine_values import MachineChoice, machine_choices, spent_in
from .market import MarketPath
from .months import Array, Calendar, Month
from .power import SitePower, index_margin_usd_per_mw
from .runners import Runners, SiteParts
from .scenario import Scenario
from .site import Site

USD_PER_MUSD = 1e6


@dataclass(frozen=True)
class Multipliers:
    """Factors on today's scenario; (1, 1, 1) is the scenario itself.

    hashprice: on the path of the scenario. rent: on offered leases (a signed rent is a contract). power: on market prices.
    """

    hashprice: float = 1.0
    rent: float = 1.0
    power: float = 1.0


TODAY = Multipliers()


@dataclass(frozen=True)
class OfferValue:
    """One lease offer at each of its possible starts, per critical MW.

    starts: the months. occupied_mw: meter MW it takes from the site, shape (starts, months).
    rent_musd, power_musd, fixed_musd: discounted USD million, shape (starts,); rent net of the opex that is a share of it, and
    with all else that follows the rent, power as paid by the landlord (negative), fixed everything else; all after tax.
    hashprice_musd: the host's share of what hosted machines mine. at_other_hours: the same offer in the hours that hosted machines
    run at other prices; None where hours do not depend on prices.
    capex_musd_by_year: landlord's capex as it counts against the budgets, not discounted, shape (starts, years of the horizon).
    """

    offer: LeaseOffer
    starts: list[Month]
    occupied_mw: Array
    rent_musd: Array
    power_musd: Array
    fixed_musd: Array
    capex_musd_by_year: Array
    hashprice_musd: Array
    at_other_hours: Callable[[Multipliers], OfferValue] | None = None

    def musd(self, at: Multipliers = TODAY) -> Array:
        """Discounted USD million per critical MW, shape (starts,)."""
        found = self.in_hours_of(at)
        rent = at.rent if self.offer.status == "offered" else 1.0
        return rent * found.rent_musd + at.power * found.power_musd + at.hashprice * found.hashprice_musd + found.fixed_musd

    def in_hours_of(self, at: Multipliers) -> OfferValue:
        """With the hours that hosted machines run at the multipliers; itself where these are today's hours."""
        if self.at_other_hours is None or (at.hashprice == 1.0 and at.power == 1.0):
            return self
        return self.at_other_hours(at)

    def spent_in(self, budgets: list[slice]) -> tuple[bytes, ...]:
        """What counts against each budget (the years of each), to be compared."""
        return spent_in(self.capex_musd_by_year, budgets) if self.offer.status == "offered" else ()


@dataclass(frozen=True)
class _MiningTerms:
    """Shape (fleets, months) or (fleets, 1); and which rows buy at the index of which zone, which at a fixed price, and which are
    at sites with terms of their own (models/dispatch.py).
    """

    kept_usd_per_mwh: Array
    variable_usd_per_mwh: Array
    adder_usd_per_mwh: Array
    uptime: Array
    fixed_usd: Array
    rows_at_index: dict[str, list[int]]
    rows_at_fixed_price: list[int]
    terms_of_row: dict[int, SiteTerms]


def _column(values: Iterable[float]) -> Array:
    return np.array(list(values), dtype=float).reshape(-1, 1)


class Values:
    """All value tables of a scenario. Sites, fleets and offers are ordered by name, whatever the order of the input."""

    def __init__(self, scenario: Scenario, before: Values | None = None) -> None:
        """`before`: the tables of another case of the same study; those of equal inputs are taken over."""
        self.scenario = scenario
        self.calendar: Calendar = scenario.calendar
        self._before = before if before is not None and before.calendar == self.calendar else None
        if self._before is not None and self._before.scenario.power.zones == scenario.power.zones:
            scenario.__dict__["price_tables"] = self._before.scenario.price_tables
        self.sites = sorted(scenario.sites, key=lambda site: site.name)
        self.fleets = sorted(scenario.mining_fleets, key=lambda fleet: (fleet.site, fleet.name))
        self.leases = sorted(scenario.leases, key=lambda lease: (lease.site, lease.name))
        self.discount = DiscountFactors.of(scenario.finance, self.calendar)
        self._cash_until: dict[int, Values] = {}
        self.kept = 1.0 - scenario.finance.tax_rate
        """Share of a taxed income that is left after tax."""
        self.market: MarketPath = scenario.market.hashprice.market(self.calendar)

    # --- power -------------------------------------------------------------------------------------------------------

    def site_power(self, site_name: str, at: Multipliers = TODAY) -> SitePower:
        site = self.scenario.site(site_name)
        multiplier = self.scenario.power.multiplier * at.power
        power = SitePower.of(site.supply, self.scenario.price_tables[site.zone], multiplier, self.calendar)
        return power.delivered(site.loss_factor, site.delivery_usd_per_mwh(self.calendar)) if site.delivery else power

    def demand_charge_usd_per_mw(self, site_name: str) -> Array:
        """Charge for one firm meter MW, USD a month, shape (months,)."""
        charge = self.scenario.site(site_name).demand_charge
        if charge is None:
            return np.zeros(self.calendar.length)
        return charge.usd_per_kw_month.values(self.calendar) * KW_PER_MW

    # --- mining ------------------------------------------------------------------------------------------------------

    @cached_property
    def available_mw(self) -> Array:
        """[C2] Most meter MW of each fleet and month, machines that may be bought included, shape (fleets, months)."""
        rows = [fleet.available_mw(self.calendar) for fleet in self.fleets]
        return np.array(rows).reshape(len(self.fleets), self.calendar.length)

    @cached_property
    def machine_choices(self) -> list[MachineChoice]:
        """What may be decided about machines."""
        return list(machine_choices(self))

    @cached_property
    def expansions(self) -> list[ExpansionValue]:
        """What may be decided about more energised MW."""
        return list(expansion_values(self))

    @cached_property
    def owned_mw(self) -> Array:
        """[C2] Meter MW of each fleet and month without any decision about machines, shape (fleets, months)."""
        owned = self.available_mw.copy()
        names = {fleet.name for fleet in self.scenario.fleets}
        owned[[k for k, fleet in enumerate(self.fleets) if fleet.name not in names]] = 0.0
        return owned

    @cached_property
    def _mining(self) -> _MiningTerms:
        """What [V2] takes of each fleet and month, apart from the prices that studies multiply."""
        hashprice = self.market.hashprice_usd_per_ph_day
        shape = (len(self.fleets), self.calendar.length)
        sites = [self.scenario.site(fleet.site) for fleet in self.fleets]
        kept = [fleet.revenue_usd_per_mwh(hashprice) * (1 - fleet.pool_fee_fraction) for fleet in self.fleets]
        worth_of_coins = self._worth_of_coins
        if worth_of_coins is not None:
            kept = [row * worth_of_coins for row in kept]
        fixed = [fleet.fixed_opex_usd_per_mw_month + self._unavoided_charge(fleet.site) for fleet in self.fleets]
        at_index: dict[str, list[int]] = {}
        for row, site in enumerate(sites):
            if site.supply.kind == "index" and not site.has_terms:
                at_index.setdefault(site.zone, []).append(row)
        return _MiningTerms(
            kept_usd_per_mwh=np.array(kept).reshape(shape),
            variable_usd_per_mwh=_column(fleet.variable_opex_usd_per_mwh for fleet in self.fleets),
            adder_usd_per_mwh=_column(site.supply.adder_usd_per_mwh if site.supply.kind == "index" else 0.0 for site in sites),
            uptime=_column(fleet.uptime_fraction for fleet in self.fleets),
            fixed_usd=np.array(fixed).reshape(shape),
            rows_at_index=at_index,
            rows_at_fixed_price=[row for row, site in enumerate(sites) if site.supply.kind == "fixed" and not site.has_terms],
            terms_of_row={row: self._site_terms[site.name] for row, site in enumerate(sites) if site.has_terms},
        )

    @cached_property
    def _site_terms(self) -> dict[str, SiteTerms]:
        """Of the sites that have terms of their own."""
        tables = self.scenario.price_tables
        return {site.name: SiteTerms.of(site, tables[site.zone], self.calendar) for site in self.sites if site.has_terms}

    def _margins(self, terms: _MiningTerms, break_even: Array, multiplier: float) -> Iterator[tuple[int, Margin]]:
        """Rows at sites with terms, and the margin of a MW there."""
        for row, site_terms in terms.terms_of_row.items():
            yield row, site_terms.margin(break_even[row], float(terms.uptime[row, 0]), multiplier)

    @property
    def _worth_of_coins(self) -> Array | None:
        """What a dollar of mined coins counts for where a treasury keeps a share of them, shape (months,)."""
        treasury = self.scenario.finance.treasury
        if treasury is None:
            return None
        assert self.market.btc_price_usd is not None
        return treasury.worth_of_coins(self.calendar, self.market.btc_price_usd, self.discount.mining, self.kept)

    def _unavoided_charge(self, site_name: str) -> Array:
        """Demand charge of one mining MW, USD a month, shape (months,)."""
        charge = self.scenario.site(site_name).demand_charge
        avoided = 0.0 if charge is None else charge.avoided_by_mining_fraction
        return (1.0 - avoided) * self.demand_charge_usd_per_mw(site_name)

    def mining_usd_per_mw(self, at: Multipliers = TODAY) -> Array:
        """[V2] Margin of one energised meter MW of each fleet and month before tax, USD, shape (fleets, months).

        Coins that a treasury keeps count at what they are worth to the plan (models/treasury.py). One binary search for all
        fleets of a zone together.
        """
        terms = self._mining
        break_even = at.hashprice * terms.kept_usd_per_mwh - terms.variable_usd_per_mwh
        margin = np.zeros_like(break_even)
        for zone, rows in terms.rows_at_index.items():
            market = self.scenario.price_tables[zone]
            margin[rows] = index_margin_usd_per_mw(
                market, self.scenario.power.multiplier * at.power, break_even[rows] - terms.adder_usd_per_mwh[rows]
            )
        for row in terms.rows_at_fixed_price:
            margin[row] = self.site_power(self.fleets[row].site, at).interruptible_margin_usd_per_mw(break_even[row : row + 1])[0]
        found: Array = terms.uptime * margin - terms.fixed_usd
        for row, special in self._margins(terms, break_even, self.scenario.power.multiplier * at.power):
            found[row] = special.usd - terms.fixed_usd[row]
        return found

    def mining_musd(self, at: Multipliers = TODAY) -> Array:
        """Discounted after-tax USD million per meter MW, shape (fleets, months)."""
        return self.mining_usd_per_mw(at) * (self.kept * self.discount.mining / USD_PER_MUSD)

    def mining_musd_and_slopes(self, at: Multipliers) -> tuple[Array, Array, Array]:
        """`mining_musd`, and its change per unit of the hashprice and of the power multiplier.

        Each is convex in both multipliers (a maximum over the hours that run), so that the slopes bound it from below.
        """
        terms, multiplier = self._mining, self.scenario.power.multiplier * at.power
        break_even = at.hashprice * terms.kept_usd_per_mwh - terms.variable_usd_per_mwh
        hours, market_usd, own_usd = (np.zeros_like(break_even) for _ in range(3))
        for zone, rows in terms.rows_at_index.items():
            market = self.scenario.price_tables[zone]
            earned = break_even[rows] - terms.adder_usd_per_mwh[rows]
            if multiplier > 0:
                hours[rows], market_usd[rows] = market.running(earned / multiplier)
            else:
                hours[rows], market_usd[rows] = np.where(earned > 0, [[market.month_hours], [market.month_usd_per_mw]], 0.0)
            own_usd[rows] = hours[rows] * terms.adder_usd_per_mwh[rows]
        for row in terms.rows_at_fixed_price:
            power = self.site_power(self.fleets[row].site, at)
            assert power.fixed_usd_per_mwh is not None
            hours[row] = np.where(break_even[row] > power.fixed_usd_per_mwh, power.month_hours, 0.0)
            own_usd[row] = hours[row] * power.fixed_usd_per_mwh
        discounted = self.kept * self.discount.mining / USD_PER_MUSD
        margin = terms.uptime * (break_even * hours - own_usd - multiplier * market_usd) - terms.fixed_usd
        per_power = -terms.uptime * self.scenario.power.multiplier * market_usd
        per_hashprice = terms.uptime * hours * terms.kept_usd_per_mwh
        for row, special in self._margins(terms, break_even, multiplier):
            margin[row] = special.usd - terms.fixed_usd[row]
            per_hashprice[row] = special.hours * terms.kept_usd_per_mwh[row]
            per_power[row] = self.scenario.power.multiplier * special.usd_per_power
        return margin * discounted, per_hashprice * discounted, per_power * discounted

    # --- blocks whose energy is worth using ---------------------------------------------------------------------------

    @property
    def has_blocks_to_use(self) -> bool:
        """[V3] Whether any site has a block that is not resold in full."""
        return any(site.blocks_to_use for site in self.sites)

    @cached_property
    def block_uses(self) -> list[BlockUse]:
        """[V3] Of every site with such a block, at today's prices."""
        return list(self.block_uses_at(TODAY))

    def block_uses_at(self, at: Multipliers) -> Iterator[BlockUse]:
        """[V3] The same at multiplied prices."""
        for site in self.sites if self.has_blocks_to_use else ():
            if site.blocks_to_use:
                parts, runners = self._runners(site, at)
                yield block_use(site, parts, runners, self, self.site_power(site.name, at))

    # --- energy caps --------------------------------------------------------------------------------------------------

    @property
    def has_caps(self) -> bool:
        """[V3] Whether any site's energy has a cap."""
        return any(site.energy_cap is not None for site in self.sites)

    @property
    def decides_hours(self) -> bool:
        """[V3] Whether hours of mining are decided together, so that the program has columns for them, which move with prices."""
        return self.has_blocks_to_use or self.has_caps

    @cached_property
    def cap_uses(self) -> list[CapUse]:
        """[V3] Of every site with a cap, at today's prices."""
        return list(self.cap_uses_at(TODAY))

    def cap_uses_at(self, at: Multipliers) -> Iterator[CapUse]:
        """[V3] The same at multiplied prices."""
        for site in self.sites if self.has_caps else ():
            if site.energy_cap is not None:
                parts, runners = self._runners(site, at)
                yield cap_use(site, parts, runners, self, self.site_power(site.name, at))

    @cached_property
    def _site_parts(self) -> dict[str, SiteParts]:
        """Of the sites whose hours of mining are decided together."""
        tables = self.scenario.price_tables
        decided = (site for site in self.sites if site.decides_hours)
        return {site.name: SiteParts.of(site, tables[site.zone], self.calendar) for site in decided}

    def _runners(self, site: Site, at: Multipliers) -> tuple[SiteParts, Runners]:
        terms, parts = self._mining, self._site_parts[site.name]
        rows = np.array([k for k, fleet in enumerate(self.fleets) if fleet.site == site.name], dtype=np.intp)
        earned = at.hashprice * terms.kept_usd_per_mwh[rows] - terms.variable_usd_per_mwh[rows]
        return parts, parts.runners(rows, earned, terms.uptime[rows], self.scenario.power.multiplier * at.power)

    def hours_musd(self, mining_mw: Array, lease_mw: Sequence[Array], at: Multipliers = TODAY) -> float:
        """[V3] What deciding hours together adds, discounted after-tax USD million: use of blocks less what caps cost."""
        blocks = self.block_uses if at == TODAY else self.block_uses_at(at)
        caps = self.cap_uses if at == TODAY else self.cap_uses_at(at)
        gained = sum((use.worth_musd(use.load(self, mining_mw, lease_mw)) for use in blocks), 0.0)
        return gained - sum((use.held_back_musd(self, mining_mw, lease_mw) for use in caps), 0.0)

    # --- leases ------------------------------------------------------------------------------------------------------

    @cached_property
    def offers(self) -> list[OfferValue]:
        known = {} if self._before is None else self._before.offer_of_lease
        found = [known[lease.name] if self._is_known(lease) else self._offer(lease) for lease in self.leases]
        self._before = None
        return found

    @property
    def offer_of_lease(self) -> dict[str, OfferValue]:
        return {offer.offer.name: offer for offer in self.offers}

    def _is_known(self, lease: LeaseOffer) -> bool:
        """Whether the case before has the same lease, with everything else that its values depend on."""
        before = self._before
        if before is None or before.scenario.finance != self.scenario.finance:
            return False
        known = before.offer_of_lease.get(lease.name)
        if known is None or known.offer != lease:
            return False
        pays_nothing = lease.power_paid_by == "tenant" and lease.demand_charge_paid_by == "tenant"
        if lease.hosting is not None and (lease.hosting.depends_on_hashprice or lease.hosting.hours_follow):
            pays_nothing = False
            if before.scenario.market != self.scenario.market:
                return False
        same_site = before.scenario.site(lease.site) == self.scenario.site(lease.site)
        return pays_nothing or (same_site and before.scenario.power == self.scenario.power)

    def _offer(self, lease: LeaseOffer, hours_at: Multipliers = TODAY) -> OfferValue:
        """hours_at: multipliers in whose hours hosted machines run."""
        starts = lease.starts(self.calendar)
        at = np.array([self.calendar.index(start) for start in starts])
        schedule = lease.schedule_from(self.calendar)
        monthly = Gather(at, len(schedule.rent_usd), self.calendar.length)
        d_lease = monthly.of(self.discount.lease)
        power = self.site_power(lease.site)
        firm_usd = np.zeros(self.calendar.length)
        charge_usd = np.zeros(self.calendar.length)
        market_usd = np.zeros(self.calendar.length)
        if lease.power_paid_by == "landlord" and lease.hosting is None:
            market_usd, firm_usd = power.firm_market_usd_per_mw(), power.firm_usd_per_mw()
        if lease.demand_charge_paid_by == "landlord":
            peaks_usd = self.scenario.site(lease.site).peak_usd_per_mw(self.calendar)
            charge_usd = self._demand_charge_of(lease) + peaks_usd
        weight = schedule.firm_meter_mw * d_lease
        hosted = self._hosted(lease, schedule, monthly, d_lease, hours_at)
        rent = d_lease @ schedule.rent_usd * (float(lease.hosting is None) - schedule.opex_per_rent) + hosted.rent_usd
        own_opex = d_lease @ (schedule.opex_usd - schedule.opex_per_rent * schedule.rent_usd)
        from_market = lease.load_factor_fraction * np.sum(weight * monthly.of(market_usd), axis=1)
        from_adder = lease.load_factor_fraction * np.sum(weight * monthly.of(firm_usd - market_usd), axis=1)
        charges = np.sum(weight * monthly.of(charge_usd), axis=1)
        fixed = -self.kept * (own_opex + from_adder + charges) + self._capital(lease, at)
        if lease.debt_schedule is not None:
            fixed = fixed + self._debt(lease, lease.debt_schedule, at)
        fixed += gpu_capital_usd(lease, at, self.discount, self.kept)
        with_rent, beside = beside_rent_usd(lease, schedule, at, self.discount, self.kept)
        return OfferValue(
            offer=lease,
            starts=starts,
            occupied_mw=self._occupied(lease, at),
            rent_musd=(self.kept * rent + with_rent) / USD_PER_MUSD,
            power_musd=self.kept * (hosted.power_usd - from_market) / USD_PER_MUSD,
            fixed_musd=(fixed + beside + self.kept * hosted.fixed_usd) / USD_PER_MUSD,
            capex_musd_by_year=self._capex_by_year(lease, at) / USD_PER_MUSD,
            hashprice_musd=self.kept * hosted.hashprice_usd / USD_PER_MUSD,
            at_other_hours=partial(self._offer, lease) if lease.hosting is not None and lease.hosting.hours_follow else None,
        )

    def _demand_charge_of(self, lease: LeaseOffer) -> Array:
        """Demand charge of a firm MW, or of one that is shut off at the peaks as mining is, USD a month, shape (months,)."""
        if lease.hosting is not None and lease.hosting.interruptible:
            return self._unavoided_charge(lease.site)
        return self.demand_charge_usd_per_mw(lease.site)

    def _hosted(
        self, lease: LeaseOffer, schedule: LeaseSchedule, monthly: Gather, d_lease: Array, hours_at: Multipliers
    ) -> HostedUsd:
        """Fee, share and power of hosted machines before tax, discounted USD per critical MW."""
        if lease.hosting is None:
            return HostedUsd.none(len(d_lease))
        hashprice, power = self.market.hashprice_usd_per_ph_day, self.site_power(lease.site, hours_at)
        hours = HostedHours.of(lease, power, hours_at.hashprice * hashprice, hours_at.power)
        return HostedUsd.of(lease, schedule, hours, hashprice, monthly, d_lease)

    def _occupied(self, lease: LeaseOffer, at: np.ndarray[Any, Any]) -> Array:
        """[C1] Meter MW taken per critical MW, shape (starts, months)."""
        n = np.arange(self.calendar.length)[np.newaxis, :] - at[:, np.newaxis]
        return lease.gross_up * lease.occupied_share(n.ravel()).reshape(n.shape)

    def _capital(self, lease: LeaseOffer, at: np.ndarray[Any, Any]) -> Array:
        """Capex, depreciation's tax shield and residual value, discounted USD per critical MW, shape (starts,)."""
        capex = lease.landlord_capex_usd_per_critical_mw
        tax, schedule = 1.0 - self.kept, self.scenario.finance.tax
        value = np.zeros(len(at))
        for month, share in lease.spending():
            value -= share * capex * at_boundary(self.discount.capex, at + month)
        n = np.arange(lease.reserved_months)
        monthly = Gather(at, len(n), self.calendar.length)
        left = None
        if schedule is not None and schedule.depends_on_start:
            deducted, left = schedule.table(capex, [self.calendar.start + int(start) for start in at], len(n))
            value += tax * np.sum(monthly.of(self.discount.lease) * deducted * lease.in_force(n), axis=1)
        elif schedule is not None:
            value += tax * (monthly.of(self.discount.lease) @ (schedule.deducted(capex, n) * lease.in_force(n)))
        for end, probability in lease.ends:
            stop = np.minimum(at + end, self.calendar.length)
            book: Array | float = 0.0
            if left is not None:
                book = left[np.arange(len(at)), stop - at]
            elif schedule is not None:
                book = schedule.book(capex, stop - at)
            residual = lease.residual_usd_per_critical_mw
            value += probability * (residual - tax * (residual - book)) * at_boundary(self.discount.building, stop)
        return value

    def _debt(self, lease: LeaseOffer, debt: DebtSchedule, at: np.ndarray[Any, Any]) -> Array:
        """What the lender pays out less fees, interest and repayment after tax, discounted USD per critical MW, shape (starts,)."""
        factors, months = self.discount.debt, self.calendar.length
        assert factors is not None and lease.debt is not None
        fee, tax = lease.debt.fee_fraction, 1.0 - self.kept
        first = at + debt.first
        months_of = Gather(first, len(debt.drawn), months)
        worth = months_of.of(factors[:-1]) @ (debt.drawn * (1.0 - self.kept * fee))
        worth -= months_of.of(factors[1:]) @ (debt.paid + debt.repaid - tax * debt.accrued)
        worth -= factors[0] * self._due_on_first_day(debt, first, tax)
        at_end = months - 1 - first
        owed = np.where((at_end >= 0) & (at_end < len(debt.owed)), debt.owed[np.clip(at_end, 0, len(debt.owed) - 1)], 0.0)
        worth -= owed * factors[-1]
        return np.asarray(lease.landlord_capex_usd_per_critical_mw * worth)

    @staticmethod
    def _due_on_first_day(debt: DebtSchedule, first: np.ndarray[Any, Any], tax: float) -> Array:
        """What falls due on the day on which the horizon begins, for the month before it, per dollar of capex, shape (starts,)."""
        before = -1 - first
        known = (before >= 0) & (before < len(debt.drawn))
        due = debt.paid + debt.repaid - tax * debt.accrued
        return np.where(known, due[np.clip(before, 0, len(due) - 1)], 0.0)

    def _capex_by_year(self, lease: LeaseOffer, at: np.ndarray[Any, Any]) -> Array:
        years = self.calendar.years
        spent = np.zeros((len(at), len(years)))
        for month, share in lease.spending():
            for row, start in enumerate(at + month):
                if 0 <= start < self.calendar.length:
                    year = (self.calendar.start + int(start)).year
                    spent[row, years.index(year)] += share * lease.landlord_capex_usd_per_critical_mw * self._own_share(lease)
        for month, usd in gpu_spending(lease):
            for row, start in enumerate(at + month):
                if 0 <= start < self.calendar.length:
                    spent[row, years.index((self.calendar.start + int(start)).year)] += usd
        return spent

    def _own_share(self, lease: LeaseOffer) -> float:
        """Share of the landlord's capex that counts against the budgets."""
        if lease.debt is None or not self.scenario.finance.capex_budget_is_net_of_debt:
            return 1.0
        return 1.0 - lease.debt.loan_to_cost_fraction

    # --- cash --------------------------------------------------------------------------------------------------------

    @cached_property
    def floor_years(self) -> list[int]:
        """Calendar years of the horizon at whose end cash has a floor."""
        cash = self.scenario.finance.cash
        return [] if cash is None else cash.years(self.calendar)

    def cash_until(self, year: int) -> Values:
        """The tables whose worth is the cash until the end of a calendar year, not discounted; mining runs in the same hours."""
        if year not in self._cash_until:
            other = copy.copy(self)
            other.discount = DiscountFactors.until(year, self.calendar, self.discount.debt is not None)
            other._before, other._cash_until = None, {}
            for table in ("offers", "machine_choices", "expansions"):
                other.__dict__.pop(table, None)
            self._cash_until[year] = other
        return self._cash_until[year]

    # --- what no decision changes ------------------------------------------------------------------------------------

    def constant_musd(self, at: Multipliers = TODAY) -> float:
        """Settlement of fixed blocks and sale of machines, discounted after-tax USD million."""
        total = 0.0
        for site in self.sites:
            power = self.site_power(site.name, at)
            for block in site.blocks:
                total += float(np.dot(power.block_usd(block, self.calendar), self.discount.power_contract))
        for fleet in self.fleets:
            month = fleet.resale_month_index(self.calendar)
            if month >= 0:
                total += fleet.resale_usd() * float(self.discount.mining_sale[month])
        return self.kept * total / USD_PER_MUSD
