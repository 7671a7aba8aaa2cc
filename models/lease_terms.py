"""What else a lease contract may say beside rent, term and construction: the money that moves when things go well, late or wrong.

Every amount follows the rent (months of rent, a share of the contract value) or is stated in USD per critical MW, so that the value
of a lease stays linear in its rent. How they add up month by month: lease_schedule.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from . import quantities as q
from .quantities import Input
from .refusal import refusal


class Prepayment(Input):
    """Rent paid ahead, credited against later rent in equal monthly parts.

    The amount is a share of the rent of the whole base term. What is not credited yet when the lease ends early by a right to
    terminate, or when the horizon ends, is paid back; after a default it is kept.
    """

    contract_value_fraction: Annotated[float, q.FRACTION]
    paid_months_before_start: Annotated[int, q.MONTHS] = 0
    """Before the start of rent; an offer's is paid in the first month of the horizon at the earliest."""
    credited_from_month: Annotated[int, q.MONTH_OF_LEASE]
    """Month of the lease (0 is the first) in which crediting begins."""
    credited_months: Annotated[int, q.CREDIT_MONTHS]


class Deposit(Input):
    """A security deposit, held in cash: received, and returned when the lease ends (or the horizon); kept after a default.

    Neither receipt nor return is taxed; what a default forfeits is.
    """

    months_of_rent: Annotated[float, q.RENT_MONTHS]
    """Of the first year's rent."""
    paid_months_before_start: Annotated[int, q.MONTHS] = 0


class TenantDefault(Input):
    """The chance that the tenant fails, and what the landlord still gets then.

    From the month after the default the rent, the lease's opex and its power stop. Until the lease would have ended the MW and the
    building stay with it: they are let anew or stand empty, and `recovery_fraction` says what comes in.
    """

    hazard_per_year: Annotated[float, q.HAZARD]
    """Probability of a default within a year, the same in every year, counted from the valuation date or the start of rent."""
    recovery_fraction: Annotated[float, q.FRACTION] = 0.0
    """Of the rent lost, what comes in nonetheless when it would have fallen due (new tenant, claim), net of its cost."""
    backstop_fraction: Annotated[float, q.FRACTION] = 0.0
    """Of the rent of the base term that is lost and not recovered, what a guarantor pays when it would have fallen due."""
    backstop_limit_fraction_of_contract_value: Annotated[float, q.FRACTION] = 1.0
    """Most that the guarantor pays in total, of the rent of the whole base term."""


class Termination(Input):
    """A right to end the lease early, on the first day of a month of the base term; the fee is paid on that day."""

    by: Literal["tenant", "landlord"]
    """Who has the right, and so pays the fee to the other."""
    month_from_start: Annotated[int, q.MONTH_OF_LEASE]
    """Full months that have run by then."""
    probability_fraction: Annotated[float, q.FRACTION]
    """That it is used, if the lease still runs then."""
    fee_months_of_rent: Annotated[float, q.RENT_MONTHS] = 0.0
    """Of the rent of that month."""
    fee_usd_per_critical_mw: Annotated[float, q.CAPEX] = 0.0


class ServiceLevel(Input):
    """Rent at risk from downtime."""

    rent_at_risk_fraction: Annotated[float, q.FRACTION]
    """Most of a month's rent that can be lost to service credits."""
    expected_loss_fraction: Annotated[float, q.FRACTION]
    """Of the rent at risk, what is expected to be lost."""


class Delay(Input):
    """A delay of the delivery of every phase and its probability; what is left of the probabilities is delivery on time.

    While a phase is late it pays no rent and costs no opex; the term, and the MW set aside for it, do not move.
    """

    months: Annotated[int, q.DELAY_MONTHS]
    probability_fraction: Annotated[float, q.FRACTION]


def check_terminations(terminations: tuple[Termination, ...], term_months: int) -> None:
    """In order of time, inside the base term."""
    before = 0
    for one in terminations:
        if not before < one.month_from_start < term_months:
            raise refusal(
                f"a right to terminate after {one.month_from_start} months",
                f"months from 1 to {term_months - 1} (inside the base term), in order, each once",
                field="terminations",
            )
        before = one.month_from_start
