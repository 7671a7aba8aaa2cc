"""The ledger's lines of one critical MW of a lease, read along the calendar, and what it takes of its site.

Rent, opex, energy and charges by month; construction, depreciation and the building's value at the end; prepayment, deposits,
penalties and fees (ledger_terms.py), hosting (ledger_hosting.py), GPUs (ledger_gpus.py) and the lender (lender.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..models.hosting import Hosting
from ..models.lease import KW_PER_MW, LeaseOffer
from ..models.months import Array, Month
from ..models.site import Site
from .deductions import share_deducted, share_left
from .ledger_gpus import GpuBook
from .ledger_hosting import HostingBook
from .ledger_lines import Line
from .ledger_terms import LeaseTerms
from .lender import lender_cash

if TYPE_CHECKING:
    from .ledger import Ledger


class LeaseBook:
    """One critical MW whose rent starts in a month. Arrays of shape (months,)."""

    def __init__(self, ledger: Ledger, lease: LeaseOffer, start: Month) -> None:
        self.ledger, self.lease, self.start = ledger, lease, start
        self.calendar, self.tax = ledger.calendar, ledger.finance.tax
        self.first = self.calendar.index(start)
        self.since = ledger.since(start)

    # --- MW ------------------------------------------------------------------------------------------------------------

    def occupied_mw(self) -> Array:
        """[C1] Meter MW that it takes from the site."""
        lease, taken = self.lease, np.zeros(self.calendar.length)
        for phase in lease.phases:
            dark_from = phase.months_after_start - lease.conversion_outage_months
            taken[self.since >= dark_from] += phase.share_fraction * lease.gross_up
        if lease.mw_after_term == "returned":
            taken[self.since >= self._longest] = 0.0
        return taken

    def let_mw(self, delivered: bool = False) -> Array:
        """[C7] Of these MW, those that are let (delivered: whose rent has started): none once the lease is over."""
        lease, mw = self.lease, np.zeros(self.calendar.length)
        ahead = 0 if delivered else lease.conversion_outage_months
        for phase in lease.phases:
            mw[self.since + ahead >= phase.months_after_start] += phase.share_fraction * lease.gross_up
        mw[self.since >= self._longest] = 0.0
        return mw

    def load_mw(self) -> Array:
        """Meter MW around the clock that it draws, as expected."""
        terms = self._terms(0.0)
        return np.asarray(self.lease.load_factor_fraction * self.lease.gross_up * terms.delivered() * terms.running)

    # --- how long ------------------------------------------------------------------------------------------------------

    @property
    def _longest(self) -> int:
        """Most months that the lease may run."""
        for right in self.lease.terminations:
            if right.probability_fraction == 1:
                return right.month_from_start
        return self.lease.term_months + sum(self._possible_extension_months())

    def _possible_extension_months(self) -> Iterator[int]:
        for extension in self.lease.extensions:
            if extension.exercise_probability_fraction == 0:
                return
            yield round(12 * extension.years)

    @cached_property
    def alive(self) -> Array:
        """Probability that the lease runs."""
        lease, since = self.lease, self.since
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

    def endings(self) -> Iterator[tuple[int, int, float]]:
        """(month of the calendar, months leased, probability) at which the building is handed back or counted."""
        lease, first, end = self.lease, self.first, self.calendar.length
        chance, months = 1.0, lease.term_months
        for right in lease.terminations:
            t = min(first + right.month_from_start, end)
            yield t, t - first, chance * right.probability_fraction
            chance *= 1.0 - right.probability_fraction
        for extension in (*lease.extensions, None):
            goes_on = 0.0 if extension is None else extension.exercise_probability_fraction
            t = min(first + months, end)
            yield t, t - first, chance * (1.0 - goes_on)
            chance *= goes_on
            months += 0 if extension is None else round(12 * extension.years)

    def _terms(self, usd_per_kw_month: float) -> LeaseTerms:
        return LeaseTerms(self.lease, self.since, self.alive, usd_per_kw_month)

    # --- cash ----------------------------------------------------------------------------------------------------------

    def rent_kusd(self) -> Array:
        """[C7] Rent as the scenario states it, as expected, thousand USD."""
        terms = self._terms(self.lease.first_year_rent_usd_per_kw_month)
        return np.asarray(terms.full_rent * terms.delivered(self.lease.free_months) * terms.running / 1000.0)

    def lines(self, building: bool = True) -> list[Line]:
        """Every line with its tax; building: with its value at the end, and the tax on that."""
        ledger, lease = self.ledger, self.lease
        multiplier = ledger.at.rent if lease.status == "offered" else 1.0
        terms = self._terms(multiplier * lease.first_year_rent_usd_per_kw_month)
        lines = [self._monthly(item, usd) for item, usd in self._operation(terms).items()]
        lines += [self.capex(), *self._on_end_days(terms)]
        deductions = [*self._depreciation(), self._monthly("deposit", -terms.forfeited)]
        if building:
            lines, deductions = [*lines, *self._residual()], [*deductions, *self._book_value()]
        if lease.gpu_cloud is not None:
            book = GpuBook(terms, lease.gpu_cloud, tuple(self.endings()))
            lines += [self._gpus_bought(book), *(self._on_day("gpu_resale", sale.t, sale.usd) for sale in book.sales())]
            deductions.append(self._monthly("gpu_resale", book.depreciation_usd))
            deductions += [self._on_day("gpu_resale", sale.t, sale.book_usd) for sale in book.sales()]
        if lease.debt is not None:
            loan, accrued = self._debt()
            lines, deductions = [*lines, *loan], [*deductions, *accrued]
        return ledger.with_tax(lines, deductions)

    def _monthly(self, item: str, usd: Array) -> Line:
        return self.ledger.monthly(self.lease.site, item, self.lease.name, usd, "lease")

    def _on_day(self, item: str, t: int, usd: float) -> Line:
        return self.ledger.on_day(self.lease.site, item, self.lease.name, t, usd, "lease")

    def _operation(self, terms: LeaseTerms) -> dict[str, Array]:
        """USD by item of what comes in and goes out month by month, before tax."""
        ledger, lease = self.ledger, self.lease
        site = ledger.scenario.site(lease.site)
        paying, delivered = terms.delivered(lease.free_months), terms.delivered()
        year = np.maximum(self.since, 0) // 12
        rent = terms.full_rent * paying * terms.running
        kw_opex = lease.opex_usd_per_kw_month * (1.0 + lease.opex_escalator_per_year) ** year
        opex = KW_PER_MW * kw_opex * delivered * terms.running + lease.opex_fraction_of_rent * rent
        amounts = {"rent": rent, "lease_opex": -opex, **dict(terms.property_costs()), **dict(terms.monthly(rent))}
        firm_mw = lease.gross_up * delivered * terms.running
        if lease.hosting is not None:
            del amounts["rent"]
            amounts |= self._hosting(site, lease.hosting, terms).lines()
        elif lease.power_paid_by == "landlord":
            around_the_clock = (ledger.energy_price(site) * ledger.price_table(site).hours).sum(axis=1)
            amounts["lease_power"] = -firm_mw * lease.load_factor_fraction * around_the_clock
            if site.delivery is not None:
                amounts["lease_losses"] = site.delivery.loss_fraction * amounts["lease_power"]
                mwh = firm_mw * lease.load_factor_fraction * ledger.price_table(site).hours.sum(axis=1)
                amounts["lease_delivery"] = -mwh * site.delivery.usd_per_mwh.values(self.calendar)
        if lease.demand_charge_paid_by == "landlord":
            paid = 1.0
            if lease.hosting is not None and lease.hosting.interruptible and site.demand_charge is not None:
                paid -= site.demand_charge.avoided_by_mining_fraction
            amounts["lease_demand_charge"] = -firm_mw * paid * ledger.charge_per_mw(site)
            for peak in site.coincident_peaks:
                before = amounts.get("lease_peak_charge", np.zeros(self.calendar.length))
                amounts["lease_peak_charge"] = before - firm_mw * peak.usd_per_mw(self.calendar)
        return amounts

    def _hosting(self, site: Site, hosting: Hosting, terms: LeaseTerms) -> HostingBook:
        ledger, none = self.ledger, np.zeros(self.calendar.length)
        price, hours, hashprice = ledger.energy_price(site), ledger.price_table(site).hours, ledger.hashprice_usd_per_ph_day
        if site.delivery is None:
            return HostingBook(terms, hosting, price, hours, 0.0, none, hashprice)
        delivery = site.delivery.usd_per_mwh.values(self.calendar)
        return HostingBook(terms, hosting, price, hours, site.delivery.loss_fraction, delivery, hashprice)

    def _gpus_bought(self, book: GpuBook) -> Line:
        lease, usd = self.lease, book.bought_usd
        return Line(lease.site, "gpu_capex", lease.name, "first day", "capex", usd, usd * self.ledger.first_day["capex"][:-1])

    def _on_end_days(self, terms: LeaseTerms) -> Iterator[Line]:
        """What is paid on the day a lease ends, or is counted at the end of the horizon."""
        for t, months, probability in self.endings():
            for item, usd in terms.at_the_end(t, months, probability) if t >= 0 else ():
                yield self._on_day(item, t, usd)
        for months, usd in terms.termination_fees():
            t = self.first + months
            if 0 <= t <= self.calendar.length:
                yield self._on_day("termination_fee", t, usd * float(terms.survival[t]))

    # --- construction and its money ------------------------------------------------------------------------------------

    def spent_usd(self) -> Array:
        """What counts against the budgets, USD: construction, less what a lender pays out of it where budgets are net of debt, and
        GPUs.
        """
        spent = -self.own_capex()
        if self.lease.gpu_cloud is None:
            return spent
        found: Array = spent - GpuBook(self._terms(0.0), self.lease.gpu_cloud, ()).bought_usd
        return found

    def own_capex(self) -> Array:
        """Capex as it counts against the budgets, not discounted, as a negative amount, USD."""
        spent = self.capex().usd
        if self.lease.debt is None or not self.ledger.finance.capex_budget_is_net_of_debt:
            return spent
        return spent + lender_cash(self.lease, self.first, self.calendar.length).drawn

    @property
    def _cost_usd(self) -> float:
        """The landlord's part of construction."""
        return self.lease.capex_usd_per_critical_mw * (1.0 - self.lease.tenant_funded_capex_fraction)

    def capex(self) -> Line:
        """What the landlord spends; spending outside the horizon is left out."""
        lease, usd = self.lease, np.zeros(self.calendar.length)
        for offset, share in lease.spending():
            t = self.first + offset
            if 0 <= t < self.calendar.length:
                usd[t] -= share * self._cost_usd
        return Line(lease.site, "lease_capex", lease.name, "first day", "capex", usd, usd * self.ledger.first_day["capex"][:-1])

    def _depreciation(self) -> Iterator[Line]:
        if self.tax is not None:
            share = share_deducted(self.tax, self.start, self.since)
            yield self._monthly("income_tax", self._cost_usd * share * self.alive)

    def _residual(self) -> Iterator[Line]:
        for t, _, probability in self.endings():
            yield self._on_day("residual_value", t, probability * self.lease.residual_usd_per_critical_mw)

    def _book_value(self) -> Iterator[Line]:
        for t, months, probability in self.endings() if self.tax is not None else ():
            assert self.tax is not None
            yield self._on_day("residual_value", t, probability * share_left(self.tax, self.start, months) * self._cost_usd)

    def _debt(self) -> tuple[list[Line], list[Line]]:
        """What passes between landlord and lender, and interest that is deducted without being paid."""
        lease, length, factors = self.lease, self.calendar.length, self.ledger.first_day["debt"]
        cash = lender_cash(lease, self.first, length)

        def dated(item: str, usd: Array) -> list[Line]:
            """Amounts on the first day of each month, and where there is one more, on the day the horizon ends."""
            last, first_days = np.arange(length) == length - 1, usd[:length]
            lines = [Line(lease.site, item, lease.name, "first day", "debt", first_days, first_days * factors[:-1])]
            if len(usd) > length:
                lines.append(Line(lease.site, item, lease.name, "last day", "debt", last * usd[-1], last * usd[-1] * factors[-1]))
            return lines

        loan = [*dated("debt_drawn", cash.drawn), *dated("debt_fees", -cash.fees)]
        loan += [*dated("debt_interest", -cash.interest), *dated("debt_repaid", -cash.repaid)]
        return loan, dated("income_tax", cash.accrued - cash.interest)
