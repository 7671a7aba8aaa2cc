"""Hosting: machines of others at the site, for a fee per kWh that they use; the other terms are those of a lease.

Per critical MW (here: a MW at the machines), in month n from the start, of whose hours H run and T pass; e: escalator ladder

    fee              1000 kW x USD per kWh x e(n) x uptime x max(H, minimum bill x T) x share that pays    times the rent multiplier
    share of revenue share x uptime x H x what a MWh mines, hashprice / (0.024 x J/TH) x (1 - pool's fee)  times that of hashprice
      of profit      share x (that - the fee of the hours that run - power, where it is passed through)
    power            gross-up x uptime x what the hours that run cost at the meter, where the host pays it

and machines run in the hours in which `curtailed` lets them:

    never            in all
    above_strike     whose price at the meter is below the contract's strike
    by_customer      in which the customer earns: (1 - share of revenue) x mined > fee as written + gross-up x price, if that is
                     passed through

The rent multiplier moves what the fee brings; hours follow the fee as the contract states it, the hashprice and the power price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .mining import revenue_usd_per_mwh
from .months import DAYS_PER_YEAR, Array
from .names import slug
from .power import SitePower
from .prices import PriceTable
from .quantities import Input
from .refusal import refusal

if TYPE_CHECKING:
    from .gather import Gather
    from .lease import LeaseOffer
    from .lease_schedule import LeaseSchedule
    from .scenario import Scenario

Curtailed = Literal["never", "above_strike", "by_customer"]
HOURS_PER_MONTH = DAYS_PER_YEAR * 24 / 12
"""730.5: the mean month, in which a fee is told as a rent."""
KW_PER_MW = 1000.0


class Hosting(Input):
    """What a hosting contract has beside a lease. The fee is per kWh at the machines; the site buys gross-up times as much."""

    fee_usd_per_kwh: Annotated[float, q.HOSTING_FEE]
    """Of the first year; `escalator_per_year` of the lease raises it. Where the customer pays the power itself, on top of that."""
    uptime_fraction: Annotated[float, q.UPTIME]
    j_per_th: Annotated[float, q.EFFICIENCY] | None = None
    """Of the hosted machines; needed where the host shares in what they mine or the customer switches them off."""
    pool_fee_fraction: Annotated[float, q.FRACTION] = 0.0
    revenue_share_fraction: Annotated[float, q.FRACTION] = 0.0
    """The host's share of what the machines mine, less the pool's fee; or of the profit."""
    share_of: Literal["revenue", "profit"] = "revenue"
    curtailed: Curtailed = "never"
    strike_usd_per_mwh: Annotated[float, q.MARKET_PRICE] | None = None
    """At the meter, with adder, losses and delivery; at this price and above machines are off."""
    minimum_bill_fraction: Annotated[float, q.FRACTION] = 0.0
    """Take or pay: of the fee of all hours of a month at the uptime, what is due even if the customer switches off."""
    interruptible: bool = False
    """Machines are shut off at the peaks as the site's own are, and avoid the same share of its demand charge."""

    @model_validator(mode="after")
    def _fit_together(self) -> Hosting:
        if (self.curtailed == "above_strike") != (self.strike_usd_per_mwh is not None):
            found = "no strike" if self.strike_usd_per_mwh is None else f"a strike with curtailed: {self.curtailed}"
            raise refusal(found, "curtailed: above_strike and its strike_usd_per_mwh together", field="strike_usd_per_mwh")
        if self.j_per_th is None and (self.revenue_share_fraction or self.curtailed == "by_customer"):
            why = "a share of what is mined" if self.revenue_share_fraction else "a customer who switches off"
            raise refusal(f"{why} without j_per_th", "the J/TH of the hosted machines", field="j_per_th")
        if self.minimum_bill_fraction and self.curtailed != "by_customer":
            raise refusal(
                f"a minimum bill with curtailed: {self.curtailed}",
                "curtailed: by_customer",
                "in the other cases the customer has no hours to refuse",
                field="minimum_bill_fraction",
            )
        if self.share_of == "profit" and self.curtailed != "by_customer":
            raise refusal(
                f"a share of profit with curtailed: {self.curtailed}",
                "curtailed: by_customer, so that machines run in hours with a profit alone, or share_of: revenue",
                field="share_of",
            )
        if not self.fee_usd_per_kwh and not self.revenue_share_fraction:
            raise refusal("neither a fee nor a share of what is mined", "at least one of the two", field="fee_usd_per_kwh")
        return self

    @property
    def usd_per_kw_month(self) -> float:
        """The fee as a rent: USD per kW at the machines in a month of 730.5 hours at the uptime, none of them curtailed."""
        return self.fee_usd_per_kwh * self.uptime_fraction * HOURS_PER_MONTH

    @property
    def hours_follow(self) -> tuple[str, ...]:
        """The multipliers with which the hours change that machines run."""
        return {"never": (), "above_strike": ("power",), "by_customer": ("hashprice", "power")}[self.curtailed]

    @property
    def depends_on_hashprice(self) -> bool:
        return bool(self.revenue_share_fraction) or self.curtailed == "by_customer"

    def mined_usd_per_mwh(self, hashprice_usd_per_ph_day: Array) -> Array:
        """What a MWh at the machines mines, after the pool's fee, shape (months,)."""
        if self.j_per_th is None:
            return np.zeros_like(hashprice_usd_per_ph_day)
        return revenue_usd_per_mwh(hashprice_usd_per_ph_day, self.j_per_th) * (1.0 - self.pool_fee_fraction)


def first_hosted(scenario: Scenario, moved: bool = False) -> str:
    """The field of the first contract with hosted machines; moved: of the first whose hours or pay follow hashprice or power price.

    Empty without one.
    """
    for lease in scenario.leases:
        hosting = lease.hosting
        if hosting is not None and (not moved or hosting.depends_on_hashprice or hosting.hours_follow):
            return f"leases.{slug(lease.name)}.hosting"
    return ""


@dataclass(frozen=True)
class HostedHours:
    """Of each contract year (rows) and month of the calendar, at full uptime: hours that run, hours that are billed, and what the
    hours that run cost at the market alone and by adder, fixed price, losses and delivery beside it, USD per meter MW.

    Shape (years, months) each. market_usd is per unit of the power multiplier of a study.
    """

    run: Array
    billed: Array
    market_usd: Array
    own_usd: Array

    @classmethod
    def of(cls, offer: LeaseOffer, power: SitePower, hashprice_usd_per_ph_day: Array, power_multiplier: float) -> HostedHours:
        """power: the site's at the multipliers; hashprice: the same. power_multiplier: that of the study, for `market_usd`."""
        hosting = offer.hosting
        assert hosting is not None
        table = power.market
        price = power.delivered_usd_per_mwh()
        mined = hosting.mined_usd_per_mwh(hashprice_usd_per_ph_day)
        years = max((offer.reserved_months + 11) // 12, 1)
        rows = [cls._year(offer, power, table, price, mined, year, power_multiplier) for year in range(years)]
        return cls(*(np.array(parts) for parts in zip(*rows, strict=True)))

    @staticmethod
    def _year(
        offer: LeaseOffer, power: SitePower, table: PriceTable, price: Array, mined: Array, year: int, power_multiplier: float
    ) -> tuple[Array, Array, Array, Array]:
        hosting = offer.hosting
        assert hosting is not None
        month, points = np.arange(price.shape[0]), price.shape[1]
        if hosting.curtailed == "never":
            cheap = np.full(len(month), points)
        elif hosting.strike_usd_per_mwh is not None:
            cheap = (price < hosting.strike_usd_per_mwh).sum(axis=1)
        else:
            share = hosting.revenue_share_fraction if hosting.share_of == "revenue" else 0.0
            fee = KW_PER_MW * hosting.fee_usd_per_kwh * (1.0 + offer.escalator_per_year) ** year
            left = ((1.0 - share) * mined - fee)[:, np.newaxis]
            bears = offer.gross_up if offer.power_paid_by == "tenant" else 0.0
            cheap = (bears * price < left).sum(axis=1)
        run = table.hours_up_to[month, cheap]
        billed = np.maximum(run, hosting.minimum_bill_fraction * table.month_hours)
        bought = table.usd_per_mw_up_to[month, cheap]
        if power.fixed_usd_per_mwh is not None:
            market_usd = np.zeros(len(month))
            own = power.loss_factor * power.fixed_usd_per_mwh * run
        else:
            at_one = power.market_multiplier / power_multiplier if power_multiplier else 0.0
            market_usd = power.loss_factor * at_one * bought
            own = power.loss_factor * power.adder_usd_per_mwh * run
        return run, billed, market_usd, own + power.delivery_usd_per_mwh * run


@dataclass(frozen=True)
class HostedUsd:
    """What hosted machines pay and cost before tax by what it scales with, discounted USD per critical MW, shape (starts,).

    rent_usd: fee, with the rent multiplier. hashprice_usd: share of coins. power_usd: at market prices. fixed_usd: the rest.
    """

    rent_usd: Array
    hashprice_usd: Array
    power_usd: Array
    fixed_usd: Array

    @classmethod
    def none(cls, starts: int) -> HostedUsd:
        return cls(*(np.zeros(starts) for _ in range(4)))

    @classmethod
    def of(
        cls,
        offer: LeaseOffer,
        schedule: LeaseSchedule,
        hours: HostedHours,
        hashprice_usd_per_ph_day: Array,
        monthly: Gather,
        d_lease: Array,
    ) -> HostedUsd:
        """d_lease: discount factors of each start's months, shape (starts, months of the contract)."""
        hosting = offer.hosting
        assert hosting is not None
        run, share = monthly.by_year(hours.run), hosting.revenue_share_fraction
        fee = d_lease * schedule.rent_usd / HOURS_PER_MONTH
        machines = d_lease * schedule.firm_meter_mw / offer.gross_up * hosting.uptime_fraction
        fee_usd = np.sum(fee * monthly.by_year(hours.billed), axis=1)
        mined_usd = np.sum(machines * run * monthly.of(hosting.mined_usd_per_mwh(hashprice_usd_per_ph_day)), axis=1)
        market_usd, own_usd = (
            offer.gross_up * np.sum(machines * monthly.by_year(usd), axis=1) for usd in (hours.market_usd, hours.own_usd)
        )
        bears = 1.0 if offer.power_paid_by == "landlord" else 0.0
        if hosting.share_of == "profit":
            fee_usd = fee_usd - share * np.sum(fee * run, axis=1)
            bears = max(bears, share)
        return cls(fee_usd, share * mined_usd, -bears * market_usd, -bears * own_usd)
