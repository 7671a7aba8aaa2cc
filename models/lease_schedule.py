"""[V4] What a critical MW of a lease pays and costs in each month n from the start of rent, as expected.

    late share         late(n) = probability that a delivery is more than n months late
    solvent            s(n) = (1 - hazard)^(months n / 12) since the start of rent, or since the valuation date if that is later
    rent               1000 kW x rent ladder x sum of phases that pay, each x (1 - late) x in force q(n) x s(n)
    default in month k with probability f(k) = s(k) - s(k + 1); from month k + 1 on
        recovery       recovery share of the rent due, if the lease runs
        backstop       its share of what is neither paid nor recovered in the base term, until its limit is used up
    service credits    rent x rent at risk x expected loss of it
    late penalty       penalty share x rent of the phases that are late
    termination fee    months of rent and USD, x probability that the right is used x s, on the day of that end
    prepayment         + amount at its month; - credits in equal parts while the tenant pays; - what is left at an early end x s
    deposit            + amount at its month; - amount at each end x s

All but the deposit is taxed as it is paid; of the deposit, what defaults forfeit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .finance import DiscountFactors
from .gather import Gather, at_boundary
from .months import Array, WholeArray
from .property_costs import landlord_usd

if TYPE_CHECKING:
    from .lease import LeaseOffer
    from .lease_terms import Termination

KW_PER_MW = 1000.0


@dataclass(frozen=True, eq=False)
class LeaseSchedule:
    """Amounts per critical MW in months n = 0, 1, ... from the start of rent, as expected over options, defaults and delays.

    rent_usd, opex_usd: USD, both positive; opex includes the share of rent and property costs. shape (months,)
    firm_meter_mw: meter MW drawn around the clock at load factor 1, shape (months,).
    beside_rent_usd: other monthly payments to the landlord, all of which follow the rent, shape (months,).
    forfeited_usd: of the deposit, by default, shape (months,). solvent: shape (months + 1,).
    Compared by identity: leases that keep it are compared by their fields.
    """

    rent_usd: Array
    opex_usd: Array
    opex_per_rent: float
    firm_meter_mw: Array
    beside_rent_usd: Array
    forfeited_usd: Array
    solvent: Array

    @classmethod
    def of(cls, offer: LeaseOffer, since: int = 0) -> LeaseSchedule:
        """`since`: months that the lease had run on the valuation date."""
        n = np.arange(offer.reserved_months)
        in_force = offer.in_force(n)
        solvent = solvent_share(offer, since)
        paying = _on_time(offer, n, offer.free_months)
        delivered = _on_time(offer, n, 0)
        due = KW_PER_MW * offer.first_year_rent_usd_per_kw_month * offer.rent_ladder(n) * paying * in_force
        rent = due * solvent[:-1]
        own_opex = (
            KW_PER_MW
            * offer.opex_usd_per_kw_month
            * (1 + offer.opex_escalator_per_year) ** (n // 12)
            * delivered
            * in_force
            * solvent[:-1]
        )
        opex = own_opex + offer.opex_fraction_of_rent * rent
        opex += landlord_usd(offer, n, delivered, in_force, solvent[:-1])
        firm = offer.gross_up * delivered * in_force * solvent[:-1]
        other = _after_default(offer, due, in_force, solvent) - _penalties(offer, n, in_force * solvent[:-1])
        if offer.service_level is not None:
            other -= offer.service_level.rent_at_risk_fraction * offer.service_level.expected_loss_fraction * rent
        other -= prepaid_usd(offer) * _credit_share(offer, n) * in_force * solvent[:-1]
        forfeited = deposit_usd(offer) * in_force * (solvent[:-1] - solvent[1:])
        return cls(rent, opex, offer.opex_fraction_of_rent, firm, other, forfeited, solvent)


def contract_usd(offer: LeaseOffer) -> float:
    """Rent of the base term per critical MW as the contract states it, USD."""
    return offer.contract_value / offer.critical_it_mw


def prepaid_usd(offer: LeaseOffer) -> float:
    return 0.0 if offer.prepayment is None else offer.prepayment.contract_value_fraction * contract_usd(offer)


def deposit_usd(offer: LeaseOffer) -> float:
    return 0.0 if offer.deposit is None else offer.deposit.months_of_rent * KW_PER_MW * offer.first_year_rent_usd_per_kw_month


def solvent_share(offer: LeaseOffer, since: int) -> Array:
    """Probability that the tenant has not defaulted by the start of month n, shape (months + 1,)."""
    n = np.arange(offer.reserved_months + 1)
    if offer.tenant_default is None:
        return np.ones(len(n))
    kept: Array = (1.0 - offer.tenant_default.hazard_per_year) ** (np.maximum(n - since, 0) / 12.0)
    return kept


def _late(offer: LeaseOffer, months_since: WholeArray) -> Array:
    """Probability that what was due so many months ago is still not delivered; 0 before it is due."""
    late = np.zeros(len(months_since))
    for delay in offer.delays:
        late += np.where((months_since >= 0) & (months_since < delay.months), delay.probability_fraction, 0.0)
    return late


def _on_time(offer: LeaseOffer, n: WholeArray, later: int) -> Array:
    """Expected share of the critical MW delivered so many months before month n, or earlier."""
    share = np.zeros(len(n))
    for phase in offer.phases:
        due = phase.months_after_start + later
        share += np.where(n >= due, phase.share_fraction * (1.0 - _late(offer, n - due)), 0.0)
    return share


def _penalties(offer: LeaseOffer, n: WholeArray, alive: Array) -> Array:
    late = np.zeros(len(n))
    for phase in offer.phases:
        late += phase.share_fraction * _late(offer, n - phase.months_after_start)
    rent = KW_PER_MW * offer.first_year_rent_usd_per_kw_month * offer.rent_ladder(n)
    penalty: Array = offer.delay_penalty_fraction_of_rent * rent * late * alive
    return penalty


def _after_default(offer: LeaseOffer, due: Array, in_force: Array, solvent: Array) -> Array:
    """Recovery and backstop, USD, shape (months,)."""
    terms, months = offer.tenant_default, len(due)
    if terms is None:
        return np.zeros(months)
    recovered: Array = terms.recovery_fraction * due * (1.0 - solvent[:-1])
    if not terms.backstop_fraction:
        return recovered
    n = np.arange(months)
    certain = KW_PER_MW * offer.first_year_rent_usd_per_kw_month * offer.rent_ladder(n) * _on_time(offer, n, offer.free_months)
    lost = np.where(n < offer.term_months, terms.backstop_fraction * (1.0 - terms.recovery_fraction) * certain, 0.0)
    before = np.append(0.0, np.cumsum(lost))
    limit = terms.backstop_limit_fraction_of_contract_value * contract_usd(offer)
    # Row k: what has been paid by the start of month n after a default in month k.
    paid = np.minimum(np.maximum(before[np.newaxis, :] - before[1:, np.newaxis], 0.0), limit)
    backstop = (solvent[:-1] - solvent[1:]) @ np.diff(paid, axis=1)
    found: Array = recovered + backstop * in_force
    return found


def early_ends(offer: LeaseOffer) -> list[tuple[Termination, float]]:
    """Each right to terminate with the probability that the lease ends by it, if the tenant is solvent."""
    found, alive = [], 1.0
    for right in offer.terminations:
        found.append((right, alive * right.probability_fraction))
        alive *= 1 - right.probability_fraction
    return found


def beside_rent_usd(
    offer: LeaseOffer, schedule: LeaseSchedule, at: WholeArray, discount: DiscountFactors, kept: float
) -> tuple[Array, Array]:
    """What passes beside rent, opex, power and capital, discounted after tax, USD per critical MW at starts `at`, shape (starts,).

    The first follows the rent, the second (fees stated in USD) does not. kept: share of a taxed income that is left after tax.
    """
    monthly = Gather(at, len(schedule.rent_usd), len(discount.lease)).of(discount.lease)
    with_rent, fixed = kept * (monthly @ schedule.beside_rent_usd), np.zeros(len(at))
    for right, probability in early_ends(offer):
        month = right.month_from_start
        if probability and month < len(schedule.solvent):
            worth = at_boundary(discount.lease_sale, at + month) * probability * schedule.solvent[month]
            worth *= kept if right.by == "tenant" else -kept
            with_rent += worth * right.fee_months_of_rent * _monthly_rent_usd(offer, month)
            fixed += worth * right.fee_usd_per_critical_mw
    if offer.prepayment is not None:
        paid = _paid_at(offer, at, offer.prepayment.paid_months_before_start)
        with_rent += kept * prepaid_usd(offer) * (at_boundary(discount.lease, paid) - _left_at_ends(offer, schedule, at, discount))
    if offer.deposit is not None:
        paid = _paid_at(offer, at, offer.deposit.paid_months_before_start)
        returned = _at_ends(offer, schedule, at, discount, np.ones(len(schedule.solvent)))
        with_rent += deposit_usd(offer) * (at_boundary(discount.lease, paid) - returned)
        with_rent -= (1.0 - kept) * (monthly @ schedule.forfeited_usd)
    return with_rent, fixed


def _paid_at(offer: LeaseOffer, at: WholeArray, before: int) -> WholeArray:
    """Months in which a payment before the start falls; an offer's not before the horizon."""
    return np.maximum(at - before, 0) if offer.status == "offered" else at - before


def _left_at_ends(offer: LeaseOffer, schedule: LeaseSchedule, at: WholeArray, discount: DiscountFactors) -> Array:
    """Discounted share of the prepayment that is paid back when the lease ends, or the horizon."""
    credited = np.append(0.0, np.cumsum(_credit_share(offer, np.arange(len(schedule.rent_usd)))))
    return _at_ends(offer, schedule, at, discount, 1.0 - credited)


def _at_ends(offer: LeaseOffer, schedule: LeaseSchedule, at: WholeArray, discount: DiscountFactors, share: Array) -> Array:
    """Discounted expectation of a share (by months leased) paid by a solvent party on the day the lease ends, or the horizon."""
    worth = np.zeros(len(at))
    for end, probability in offer.ends:
        stop = np.minimum(at + end, len(discount.lease))
        leased = np.clip(stop - at, 0, len(share) - 1)
        worth += probability * share[leased] * schedule.solvent[leased] * at_boundary(discount.lease_sale, stop)
    return worth


def _monthly_rent_usd(offer: LeaseOffer, month: int) -> float:
    """Rent per critical MW of one month as the contract states it, USD."""
    at = np.array([month])
    return float(KW_PER_MW * offer.first_year_rent_usd_per_kw_month * (offer.rent_ladder(at) * offer.paying_share(at))[0])


def _credit_share(offer: LeaseOffer, n: WholeArray) -> Array:
    if offer.prepayment is None:
        return np.zeros(len(n))
    first, months = offer.prepayment.credited_from_month, offer.prepayment.credited_months
    return np.where((n >= first) & (n < first + months), 1.0 / months, 0.0)
