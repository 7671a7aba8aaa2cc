"""The ledger's reading of what a lease contract says beside rent and term, month by month of the calendar.

Delays, defaults, service credits, penalties, fees, prepayment and deposit, per critical MW. The second code path of
models/lease_schedule.py, which counts along the months of the lease instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..models.lease import KW_PER_MW, LeaseOffer
from ..models.months import Array, WholeArray


@dataclass(frozen=True, eq=False)
class LeaseTerms:
    """One lease from one start. since: months from the start of rent to each month of the calendar (negative before).

    alive: probability that the contract has neither run out nor been ended by a right, shape (months,).
    first_kw_rent: rent of the first year, USD per kW and month.
    """

    lease: LeaseOffer
    since: WholeArray
    alive: Array
    first_kw_rent: float

    @cached_property
    def survival(self) -> Array:
        """Probability that the tenant has not defaulted by the start of each month, and by the end of the horizon."""
        a_month = 1.0
        if self.lease.tenant_default is not None:
            a_month = (1.0 - self.lease.tenant_default.hazard_per_year) ** (1 / 12)
        runs = np.where(self.since >= 0, a_month, 1.0)
        survived: Array = np.append(1.0, np.cumprod(runs))
        return survived

    @property
    def running(self) -> Array:
        """Probability that the lease runs and its tenant pays, shape (months,)."""
        running: Array = self.alive * self.survival[:-1]
        return running

    # --- what is delivered when ------------------------------------------------------------------------------------------

    def delivered(self, months_later: int = 0) -> Array:
        """Expected share of the critical MW delivered so many months ago, by phase and delay."""
        share = np.zeros(len(self.since))
        on_time = 1.0 - sum(delay.probability_fraction for delay in self.lease.delays)
        chances = [(0, on_time), *((delay.months, delay.probability_fraction) for delay in self.lease.delays)]
        for phase in self.lease.phases:
            for late, chance in chances:
                share[self.since >= phase.months_after_start + late + months_later] += chance * phase.share_fraction
        return share

    @cached_property
    def full_rent(self) -> Array:
        """Rent of a month in which all of it pays, USD."""
        return self._rent_of_month(self.since)

    def _rent_of_month(self, since: WholeArray) -> Array:
        months = np.maximum(since, 0)
        rent: Array = KW_PER_MW * self.first_kw_rent * (1.0 + self.lease.escalator_per_year) ** (months // 12)
        if self.lease.gpu_cloud is None:
            return rent
        decayed: Array = rent * np.power(1.0 - self.lease.gpu_cloud.price_decay_per_year, months / 12)
        return decayed

    @cached_property
    def base_rent(self) -> Array:
        """Rent of each month of the base term as the contract states it, USD, shape (term months,)."""
        months = np.arange(self.lease.term_months)
        share = np.zeros(len(months))
        for phase in self.lease.phases:
            share[phase.months_after_start + self.lease.free_months :] += phase.share_fraction
        rent: Array = self._rent_of_month(months) * share
        return rent

    # --- amounts of each month -------------------------------------------------------------------------------------------

    def monthly(self, rent: Array) -> Iterator[tuple[str, Array]]:
        """(item, USD in each month), given the rent that is expected."""
        lease = self.lease
        if lease.tenant_default is not None:
            yield from self._after_default()
        if lease.service_level is not None:
            at_risk = rent * lease.service_level.rent_at_risk_fraction
            yield "service_credits", -at_risk * lease.service_level.expected_loss_fraction
        if lease.delay_penalty_fraction_of_rent:
            yield "late_delivery_penalty", -self._late_rent() * self.running * lease.delay_penalty_fraction_of_rent
        if lease.prepayment is not None:
            ahead, first = lease.prepayment, lease.prepayment.credited_from_month
            credited = (self.since >= first) & (self.since < first + ahead.credited_months)
            paid = np.where(self.since == self._paid(ahead.paid_months_before_start), self._prepaid, 0.0)
            yield "prepayment", paid - credited * self.running * (self._prepaid / ahead.credited_months)
        if lease.deposit is not None:
            yield "deposit", np.where(self.since == self._paid(lease.deposit.paid_months_before_start), self._deposit, 0.0)

    def _paid(self, before: int) -> int:
        """Months since the start of rent at which a payment before it falls: an offer's is not before the horizon."""
        return max(-before, int(self.since[0])) if self.lease.status == "offered" else -before

    @property
    def _prepaid(self) -> float:
        return 0.0 if self.lease.prepayment is None else self.lease.prepayment.contract_value_fraction * float(self.base_rent.sum())

    @property
    def _deposit(self) -> float:
        if self.lease.deposit is None:
            return 0.0
        return self.lease.deposit.months_of_rent * KW_PER_MW * self.first_kw_rent

    def _late_rent(self) -> Array:
        """Rent of phases that should be there and are not, USD."""
        due = np.zeros(len(self.since))
        for phase in self.lease.phases:
            due[self.since >= phase.months_after_start] += phase.share_fraction
        return self.full_rent * (due - self.delivered())

    def _after_default(self) -> Iterator[tuple[str, Array]]:
        """Every month of default by itself: what is recovered of later rent, and what the guarantor pays until his limit."""
        terms = self.lease.tenant_default
        assert terms is not None
        contracted = self.full_rent * self.delivered(self.lease.free_months)
        defaults = self.survival[:-1] - self.survival[1:]
        yield "default_recovery", terms.recovery_fraction * contracted * self.alive * np.append(0.0, np.cumsum(defaults)[:-1])
        in_base_term = (self.since >= 0) & (self.since < self.lease.term_months)
        owed = np.where(in_base_term, contracted * (1.0 - terms.recovery_fraction) * terms.backstop_fraction, 0.0)
        limit = terms.backstop_limit_fraction_of_contract_value * float(self.base_rent.sum())
        supported = np.zeros(len(self.since))
        for t in np.flatnonzero(defaults) if terms.backstop_fraction else ():
            used = np.minimum(np.cumsum(owed[t + 1 :]), limit)
            supported[t + 1 :] += defaults[t] * np.diff(used, prepend=0.0)
        yield "credit_support", supported * self.alive

    @property
    def forfeited(self) -> Array:
        """Of the deposit, in the month of a default, USD."""
        lost: Array = self._deposit * self.alive * (self.survival[:-1] - self.survival[1:])
        return lost

    def property_costs(self) -> Iterator[tuple[str, Array]]:
        """(item, USD in each month): each cost year by year of the lease, whole where no tenant is left to bear his part."""
        since = np.maximum(self.since, 0)
        for cost in self.lease.property_costs:
            first = cost.first_year_usd_per_month(self.lease)
            landlords, tenants = np.zeros(len(since)), np.zeros(len(since))
            for year in range(int(since[-1]) // 12 + 1):
                whole = first * (1.0 + cost.escalator_per_year) ** year
                share = first * cost.tenant_share_fraction + (whole - first) * cost.share_of_rises
                left = 1.0 - cost.abated_fraction if year < cost.abated_years else 1.0
                inside = since // 12 == year
                landlords[inside], tenants[inside] = left * (whole - share), left * share
            there = self.delivered() * self.alive
            gone = 1.0 - self.survival[:-1]
            yield f"lease_{cost.kind}", -there * (landlords + gone * tenants)

    # --- amounts of a day ------------------------------------------------------------------------------------------------

    def at_the_end(self, t: int, months: int, probability: float) -> Iterator[tuple[str, float]]:
        """(item, USD) on the first day of month t of the calendar, when the lease ends or is counted after so many months."""
        solvent = probability * float(self.survival[t])
        if self.lease.prepayment is not None:
            ahead = self.lease.prepayment
            left = ahead.credited_months - min(max(months - ahead.credited_from_month, 0), ahead.credited_months)
            yield "prepayment", -solvent * self._prepaid * left / ahead.credited_months
        if self.lease.deposit is not None:
            yield "deposit", -solvent * self._deposit

    def termination_fees(self) -> Iterator[tuple[int, float]]:
        """(months leased, USD) at each right to terminate."""
        still = 1.0
        for right in self.lease.terminations:
            month = right.month_from_start
            usd = right.fee_months_of_rent * float(self.base_rent[month]) + right.fee_usd_per_critical_mw
            yield month, still * right.probability_fraction * (usd if right.by == "tenant" else -usd)
            still *= 1.0 - right.probability_fraction
