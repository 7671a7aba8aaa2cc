"""[V4] Lease offers: what a critical MW pays and costs, month by month from the start of rent.

Time within a lease is counted in months n from the start of rent (n = 0), so a schedule does not depend on the start.

    delivered share        s(n) = sum of the phases with months_after_start <= n
    paying share           p(n) = the same, each phase `free_months` later
    in force               q(n) = 1 in the base term, then the product of the extension probabilities so far, then 0;
                                  times 1 - probability for every right to terminate up to n
    rent                   1000 kW x first-year rent x (1 + escalator)^floor(n / 12) x p(n) x q(n)      USD per critical MW
    opex                   1000 kW x opex x (1 + opex escalator)^floor(n / 12) x s(n) x q(n) + share of rent x rent
                           + property costs that are left to the landlord (property_costs.py)
    occupied meter MW      gross-up x (delivered share, each phase `conversion_outage_months` earlier), while the lease runs or its
                           tenant may still extend it; afterwards the MW return to the site or stay with the building

An average rent published as contract value / (12 x years x kW) already contains the escalator; `contract_value_usd` therefore
derives the first-year rent whose base-term payments add up to the contract value.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .debt import Debt, DebtSchedule
from .gpu_cloud import GpuCloud, gpu_spending
from .hosting import Hosting
from .lease_schedule import KW_PER_MW, LeaseSchedule
from .lease_terms import Delay, Deposit, Prepayment, ServiceLevel, TenantDefault, Termination, check_terminations
from .months import Array, Calendar, Month, WholeArray
from .names import Name
from .property_costs import PropertyCost, check_kinds
from .quantities import Input
from .refusal import refusal, refuse_part_months
from .sources import Sourced
from .start_window import StartWindow

__all__ = ["KW_PER_MW", "Extension", "LeaseOffer", "LeaseSchedule", "Phase", "Spending"]


class Extension(Input):
    """A tenant's option to extend; the probability is conditional on the options before it having been used."""

    years: Annotated[float, q.TERM_YEARS]
    exercise_probability_fraction: Annotated[float, q.FRACTION]


class Phase(Input):
    """A share of the critical MW delivered some months after the start of rent."""

    months_after_start: Annotated[int, q.MONTHS]
    share_fraction: Annotated[float, q.FRACTION]


class Spending(Input):
    """A share of the capex spent in a month counted from the start of rent (negative: before)."""

    month_from_start: Annotated[int, q.OFFSET_MONTHS]
    share_fraction: Annotated[float, q.FRACTION]


class LeaseOffer(Sourced):
    """A lease signed or offered; every amount is per critical MW unless its name says otherwise."""

    name: Name
    site: Name
    tenant: Name | None = None
    status: Literal["signed", "offered"]
    critical_it_mw: Annotated[float, q.CRITICAL_MW]
    gross_up: Annotated[float, q.GROSS_UP]
    indivisible: bool = False
    """True: all of it or nothing; false: any part of it."""
    minimum_critical_mw: Annotated[float, q.CRITICAL_MW] | None = None
    """Least that is taken of a divisible offer, over all its starts, if any of it is."""
    exclusive_group: Name | None = None
    """Of the leases of one group, whatever their sites, at most one is taken."""
    requires: Name | None = None
    """Another lease without which this one is not taken: by no month a larger share of this one than of that."""
    rent_usd_per_kw_month: Annotated[float, q.RENT] | None = None
    contract_value_usd: Annotated[float, q.CONTRACT_VALUE] | None = None
    escalator_per_year: Annotated[float, q.ESCALATOR]
    term_years: Annotated[float, q.TERM_YEARS]
    extensions: tuple[Extension, ...] = ()
    free_months: Annotated[int, q.MONTHS] = 0
    phases: tuple[Phase, ...] = (Phase(months_after_start=0, share_fraction=1.0),)
    capex_usd_per_critical_mw: Annotated[float, q.CAPEX]
    tenant_funded_capex_fraction: Annotated[float, q.FRACTION]
    build_months: Annotated[int, q.MONTHS] | None = None
    """Capex is spent evenly in this many months before the start of rent (0: at the start)."""
    capex_spending: tuple[Spending, ...] = ()
    """Instead of build_months: shares of the capex by month."""
    debt: Debt | None = None
    """A loan on the landlord's part of the capex."""
    lead_time_months: Annotated[int, q.MONTHS] = 0
    """From the valuation date to the earliest start of rent that permits and construction allow."""
    conversion_outage_months: Annotated[int, q.MONTHS]
    """MW that mined before are dark for so long before each phase."""
    opex_usd_per_kw_month: Annotated[float, q.LEASE_OPEX]
    opex_fraction_of_rent: Annotated[float, q.FRACTION] = 0.0
    opex_escalator_per_year: Annotated[float, q.ESCALATOR] = 0.0
    property_costs: tuple[PropertyCost, ...] = ()
    """Ground rent, property tax, insurance, maintenance, and who bears them."""
    power_paid_by: Literal["tenant", "landlord"]
    load_factor_fraction: Annotated[float, q.FRACTION] = 1.0
    """Energy drawn as a share of the leased meter MW; matters where the landlord pays the power."""
    demand_charge_paid_by: Literal["tenant", "landlord"]
    residual_value_fraction_of_capex: Annotated[float, q.RESIDUAL_FRACTION] | None = None
    residual_value_usd_per_critical_mw: Annotated[float, q.CAPEX] | None = None
    """Value of the building to the landlord when the lease ends, or at the end of the horizon if that is earlier."""
    mw_after_term: Literal["returned", "kept"]
    """Whether the meter MW return to the site when the lease ends, or stay with the building that the residual value stands for."""
    start_month: Month | None = None
    start_window: StartWindow | None = None
    gpu_cloud: GpuCloud | None = None
    """The landlord owns the GPUs and sells their hours."""
    hosting: Hosting | None = None
    """Machines of others instead of a hall: a fee per kWh instead of a rent."""
    prepayment: Prepayment | None = None
    deposit: Deposit | None = None
    tenant_default: TenantDefault | None = None
    terminations: tuple[Termination, ...] = ()
    service_level: ServiceLevel | None = None
    delays: tuple[Delay, ...] = ()
    delay_penalty_fraction_of_rent: Annotated[float, q.PENALTY] = 0.0
    """What the landlord pays for MW that are late, of the rent that they would have paid."""
    reserved_until: Month | None = None
    """A tenant's option or right of first refusal: until this month its MW are kept free of other leases."""

    @model_validator(mode="after")
    def _terms_fit_together(self) -> LeaseOffer:
        if self.hosting is not None:
            self._hosting_fits()
        elif self.gpu_cloud is not None and self.gpu_cloud.usd_per_gpu_hour is not None:
            if self.rent_usd_per_kw_month is not None or self.contract_value_usd is not None:
                raise refusal("a rent beside a price of GPU-hours", "exactly one of the two", field="gpu_cloud")
        else:
            _exactly_one(self, "rent_usd_per_kw_month", "contract_value_usd")
        _exactly_one(self, "residual_value_fraction_of_capex", "residual_value_usd_per_critical_mw")
        _exactly_one(self, "build_months", "capex_spending")
        needed, other = ("start_month", "start_window") if self.status == "signed" else ("start_window", "start_month")
        if getattr(self, needed) is None or getattr(self, other) is not None:
            found = f"no {needed}" if getattr(self, needed) is None else f"{other} beside {needed}"
            raise refusal(f"{found} in a lease that is {self.status}", f"{needed} alone", field=needed)
        for field in ("term_years", *(("extensions",) if self.extensions else ())):
            _refuse_part_months(self, field)
        _refuse_shares("phases", [phase.share_fraction for phase in self.phases])
        if min(phase.months_after_start for phase in self.phases) != 0:
            raise refusal(
                "no phase at month 0",
                "a first phase with months_after_start: 0",
                "the start of rent is the first phase's",
                field="phases",
            )
        if max(phase.months_after_start for phase in self.phases) + self.free_months >= self.term_months:
            raise refusal(
                "a phase that pays no rent within the term", "phases and free months shorter than the term", field="phases"
            )
        if self.capex_spending:
            _refuse_shares("capex_spending", [part.share_fraction for part in self.capex_spending])
        self._other_terms_fit()
        if self.debt is not None:
            self._debt_fits(self.debt)
        return self

    def _other_terms_fit(self) -> None:
        self._choice_fits()
        check_terminations(self.terminations, self.term_months)
        check_kinds(self.property_costs)
        if (ahead := self.prepayment) and ahead.credited_from_month + ahead.credited_months > self.term_months:
            last = ahead.credited_from_month + ahead.credited_months - 1
            raise refusal(f"credits until month {last} of the lease", f"up to month {self.term_months - 1}", field="prepayment")
        likely = math.fsum(delay.probability_fraction for delay in self.delays)
        if likely > 1 + 1e-9:
            raise refusal(f"delays with probabilities that add up to {likely:.6g}", "at most 1 together", field="delays")
        if self.delay_penalty_fraction_of_rent and not self.delays:
            raise refusal("a penalty without delays", "delays with their probabilities", field="delay_penalty_fraction_of_rent")

    def _hosting_fits(self) -> None:
        """What a fee per kWh stands instead of."""
        instead = {
            "rent_usd_per_kw_month": (self.rent_usd_per_kw_month, "the fee of hosting alone"),
            "contract_value_usd": (self.contract_value_usd, "the fee of hosting alone"),
            "gpu_cloud": (self.gpu_cloud, "one of hosting and gpu_cloud"),
            "opex_fraction_of_rent": (self.opex_fraction_of_rent or None, "opex_usd_per_kw_month, as there is no rent"),
            "load_factor_fraction": (None if self.load_factor_fraction == 1 else 1, "hosting.uptime_fraction alone"),
        }
        for field, (stated, allowed) in instead.items():
            if stated is not None:
                raise refusal(f"{field} beside hosting", allowed, field="hosting")

    def _choice_fits(self) -> None:
        if self.minimum_critical_mw is not None:
            if self.status == "signed" or self.indivisible:
                what = "signed" if self.status == "signed" else "indivisible"
                raise refusal(f"a minimum of a lease that is {what}", "none: it is taken whole", field="minimum_critical_mw")
            if self.minimum_critical_mw > self.critical_it_mw:
                found = f"a minimum of {self.minimum_critical_mw:g} MW in an offer of {self.critical_it_mw:g} MW"
                raise refusal(found, f"at most {self.critical_it_mw:g} MW", field="minimum_critical_mw")
        if self.requires is not None and self.status == "signed":
            raise refusal("a prerequisite of a signed lease", "prerequisites of offers", field="requires")
        if self.requires == self.name:
            raise refusal("an offer that requires itself", "the name of another lease", field="requires")

    def _debt_fits(self, debt: Debt) -> None:
        if debt.months > self.term_months:
            found = f"a loan that is repaid {debt.months} months after the start of rent"
            allowed = f"grace and amortisation within the base term of {self.term_months} months"
            raise refusal(found, allowed, "a lender is repaid while a tenant is bound", field="debt")
        last = max(month for month, _ in self.spending())
        if last >= debt.months:
            found = f"capex spent {last} months after the start of rent, when the loan is repaid"
            raise refusal(found, f"spending before month {debt.months}", field="debt")

    # --- terms ---------------------------------------------------------------------------------------------------------

    @property
    def meter_mw(self) -> float:
        """Meter MW of the whole offer."""
        return self.critical_it_mw * self.gross_up

    @property
    def term_months(self) -> int:
        return round(self.term_years * 12)

    @property
    def landlord_capex_usd_per_critical_mw(self) -> float:
        return self.capex_usd_per_critical_mw * (1 - self.tenant_funded_capex_fraction)

    @property
    def own_capex_usd_per_critical_mw(self) -> float:
        """The landlord's part of construction, and the first GPUs."""
        gpus = 0.0 if self.gpu_cloud is None else self.gpu_cloud.gpus_usd_per_critical_mw
        return self.landlord_capex_usd_per_critical_mw + gpus

    @property
    def residual_usd_per_critical_mw(self) -> float:
        if self.residual_value_usd_per_critical_mw is not None:
            return self.residual_value_usd_per_critical_mw
        assert self.residual_value_fraction_of_capex is not None
        return self.residual_value_fraction_of_capex * self.capex_usd_per_critical_mw

    @cached_property
    def schedule(self) -> LeaseSchedule:
        return LeaseSchedule.of(self)

    def schedule_from(self, calendar: Calendar) -> LeaseSchedule:
        """The schedule as it is known on the valuation date: a tenant that is there has not defaulted so far."""
        if self.tenant_default is None or self.start_month is None or self.start_month >= calendar.start:
            return self.schedule
        return LeaseSchedule.of(self, calendar.start - self.start_month)

    @property
    def first_year_rent_usd_per_kw_month(self) -> float:
        """As stated, or derived from the contract value: contract value = rent x kW x sum of ladder x paying share."""
        if self.rent_usd_per_kw_month is not None:
            return self.rent_usd_per_kw_month
        if self.hosting is not None:
            return self.hosting.usd_per_kw_month
        if self.gpu_cloud is not None and self.gpu_cloud.usd_per_gpu_hour is not None:
            return self.gpu_cloud.usd_per_kw_month
        assert self.contract_value_usd is not None
        n = np.arange(self.term_months)
        rented_months = float(np.sum(self.rent_ladder(n) * self.paying_share(n)))
        return self.contract_value_usd / (self.critical_it_mw * KW_PER_MW * rented_months)

    @property
    def contract_value(self) -> float:
        """Rent of the base term for the whole offer as it is written, USD: no delay, no default, no early end."""
        n = np.arange(self.term_months)
        rent_usd = KW_PER_MW * self.first_year_rent_usd_per_kw_month * self.rent_ladder(n) * self.paying_share(n)
        return float(np.sum(rent_usd)) * self.critical_it_mw

    # --- schedules in months n from the start of rent ----------------------------------------------------------------

    def rent_ladder(self, n: WholeArray) -> Array:
        ladder = np.asarray((1 + self.escalator_per_year) ** (n // 12), dtype=float)
        if self.gpu_cloud is None or not self.gpu_cloud.price_decay_per_year:
            return ladder
        return np.asarray(ladder * (1 - self.gpu_cloud.price_decay_per_year) ** (n / 12.0))

    def paying_share(self, n: WholeArray) -> Array:
        return self._phased(n, -self.free_months)

    def delivered_share(self, n: WholeArray) -> Array:
        return self._phased(n, 0)

    def occupied_share(self, n: WholeArray) -> Array:
        """Share of the meter MW that mining cannot use in month n, including the conversion before each phase."""
        share = self._phased(n, self.conversion_outage_months)
        if self.mw_after_term == "kept":
            return share
        return np.where(n < self.reserved_months, share, 0.0)

    def _phased(self, n: WholeArray, earlier: int) -> Array:
        share = np.zeros(len(n))
        for phase in self.phases:
            share += np.where(n >= phase.months_after_start - earlier, phase.share_fraction, 0.0)
        return share

    @cached_property
    def ends(self) -> list[tuple[int, float]]:
        """(month n at whose start the lease is over, probability), for rights to terminate, the base term and each extension."""
        found: list[tuple[int, float]] = []
        month, alive = self.term_months, 1.0
        for right in self.terminations:
            found.append((right.month_from_start, alive * right.probability_fraction))
            alive *= 1 - right.probability_fraction
        for extension in self.extensions:
            found.append((month, alive * (1 - extension.exercise_probability_fraction)))
            alive *= extension.exercise_probability_fraction
            month += round(extension.years * 12)
        found.append((month, alive))
        return [(end, probability) for end, probability in found if probability > 0]

    @property
    def reserved_months(self) -> int:
        """Months from the start of rent to the last end that has a probability."""
        return max(end for end, _ in self.ends)

    def in_force(self, n: WholeArray) -> Array:
        """Probability that the lease still runs in month n."""
        alive = np.zeros(len(n))
        for end, probability in self.ends:
            alive += np.where(n < end, probability, 0.0)
        return np.where(n >= 0, alive, 0.0)

    def spending(self) -> list[tuple[int, float]]:
        """(month from the start of rent, share of the capex)."""
        if self.capex_spending:
            return [(part.month_from_start, part.share_fraction) for part in self.capex_spending]
        if not self.build_months:
            return [(0, 1.0)]
        return [(-month, 1 / self.build_months) for month in range(self.build_months, 0, -1)]

    @cached_property
    def debt_schedule(self) -> DebtSchedule | None:
        """The loan, per dollar of the landlord's capex."""
        return None if self.debt is None else self.debt.schedule(self.spending())

    # --- dates -------------------------------------------------------------------------------------------------------

    def starts(self, calendar: Calendar) -> list[Month]:
        """Months in which rent may start: inside the window, after the lead time, inside the horizon."""
        if self.start_month is not None:
            return [self.start_month]
        assert self.start_window is not None
        window = self.start_window
        first = self.soonest_start(calendar)
        months = range(window.earliest, window.latest + 1, window.every_months)
        return [Month(month) for month in months if first <= month <= calendar.end]

    def soonest_start(self, calendar: Calendar) -> Month:
        """The valuation date plus the lead time; money for an offer cannot be spent before the valuation date either."""
        build = -min(month for month, _ in [*self.spending(), *gpu_spending(self)[:1]])
        return calendar.start + max(self.lead_time_months, build)

    def base_term_end(self) -> Month:
        """Last month of the base term at the latest start."""
        if self.start_month is not None:
            return self.start_month + (self.term_months - 1)
        assert self.start_window is not None
        return self.start_window.latest + (self.term_months - 1)


def _exactly_one(offer: LeaseOffer, first: str, second: str) -> None:
    given = [field for field in (first, second) if getattr(offer, field) not in (None, ())]
    if len(given) != 1:
        raise refusal(
            f"both {first} and {second}" if given else f"neither {first} nor {second}", "exactly one of the two", field=first
        )


def _refuse_part_months(offer: LeaseOffer, field: str) -> None:
    value: Any = getattr(offer, field)
    for number in [value] if isinstance(value, float | int) else [extension.years for extension in value]:
        refuse_part_months(number, field)


def _refuse_shares(field: str, shares: list[float]) -> None:
    if abs(sum(shares) - 1) > 1e-9:
        raise refusal(f"shares that add up to {sum(shares):.6g}", "shares that add up to 1", field=field)
