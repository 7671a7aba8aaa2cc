"""AI cloud: the landlord owns the GPUs and sells their hours; the other terms are those of a lease.

Per critical MW, in months n from the start of rent

    rent            GPUs x USD per GPU-hour x hours sold x 730.5 hours a month (a year of 365.25 days), instead of USD per kW
    price           x (1 - decay)^(n / 12), beside the escalator
    GPUs            bought before the start, and again every `refresh_years` at `refresh_cost_fraction` of the first price, if the
                    contract still runs (in force q(n))
    resale          of the price of the generation in use: at each refresh, and at each end by its probability
    depreciation    of each generation straight over its own life, while it is in use; its book value is deducted when it is sold

A default of the customer leaves the GPUs where they are, as it leaves the building.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .finance import DiscountFactors
from .gather import Gather, at_boundary
from .months import DAYS_PER_YEAR, Array, WholeArray
from .quantities import Input
from .refusal import refuse_part_months

if TYPE_CHECKING:
    from .lease import LeaseOffer

HOURS_PER_MONTH = DAYS_PER_YEAR * 24 / 12
"""730.5: hours are sold by the mean month."""


class GpuCloud(Input):
    """What a contract over GPU-hours has beside a lease."""

    gpus_per_critical_mw: Annotated[float, q.GPUS]
    usd_per_gpu_hour: Annotated[float, q.GPU_PRICE] | None = None
    """Of the first month; instead of rent_usd_per_kw_month and contract_value_usd."""
    hours_sold_fraction: Annotated[float, q.FRACTION] = 1.0
    """Utilisation: of all hours, those that are paid. With a contract value it is in that already."""
    price_decay_per_year: Annotated[float, q.PRICE_DECAY] = 0.0
    """Fall of the price of a GPU-hour from year to year, month by month; 0 where a contract fixes it."""
    gpu_capex_usd_per_gpu: Annotated[float, q.GPU_CAPEX]
    """Installed, with its share of servers and network."""
    gpu_paid_months_before_start: Annotated[int, q.MONTHS] = 0
    refresh_years: Annotated[float, q.TERM_YEARS] | None = None
    """GPUs are replaced after so many years; by default not within the contract."""
    refresh_cost_fraction: Annotated[float, q.RESIDUAL_FRACTION] = 1.0
    """Cost of a later generation, of the first one's."""
    gpu_resale_fraction: Annotated[float, q.FRACTION] = 0.0
    """Value of used GPUs, of what they cost."""
    gpu_depreciation_years: Annotated[float, q.DEPRECIATION_YEARS] = 5.0
    """Life for tax, from the start of use."""

    @model_validator(mode="after")
    def _whole_months(self) -> GpuCloud:
        if self.refresh_years is not None:
            refuse_part_months(self.refresh_years, "refresh_years")
        return self

    @property
    def gpus_usd_per_critical_mw(self) -> float:
        return self.gpus_per_critical_mw * self.gpu_capex_usd_per_gpu

    @property
    def usd_per_kw_month(self) -> float:
        """First rent, USD per kW of critical IT and month, from the price of a GPU-hour."""
        assert self.usd_per_gpu_hour is not None
        return self.gpus_per_critical_mw * self.usd_per_gpu_hour * self.hours_sold_fraction * HOURS_PER_MONTH / 1000


def generations(offer: LeaseOffer) -> list[tuple[int, float]]:
    """(month n in which its use begins, USD per critical MW) of each generation of GPUs."""
    cloud = offer.gpu_cloud
    if cloud is None:
        return []
    found = [(0, cloud.gpus_usd_per_critical_mw)]
    if cloud.refresh_years is not None:
        months = range(round(12 * cloud.refresh_years), offer.reserved_months, round(12 * cloud.refresh_years))
        found += [(month, cloud.refresh_cost_fraction * cloud.gpus_usd_per_critical_mw) for month in months]
    return found


def gpu_spending(offer: LeaseOffer) -> list[tuple[int, float]]:
    """(month from the start of rent, expected USD per critical MW) spent on GPUs."""
    if offer.gpu_cloud is None:
        return []
    (_, first), *later = generations(offer)
    in_force = offer.in_force(np.array([month for month, _ in later], dtype=np.intp))
    renewed = [(month, usd * chance) for (month, usd), chance in zip(later, in_force.tolist(), strict=True)]
    return [(-offer.gpu_cloud.gpu_paid_months_before_start, first), *renewed]


def gpu_capital_usd(offer: LeaseOffer, at: WholeArray, discount: DiscountFactors, kept: float) -> Array:
    """Purchase, resale and depreciation of GPUs, discounted after tax, USD per critical MW at starts `at`, shape (starts,)."""
    worth = np.zeros(len(at))
    if offer.gpu_cloud is None:
        return worth
    for month, usd in gpu_spending(offer):
        worth = worth - usd * at_boundary(discount.capex, at + month)
    n = np.arange(offer.reserved_months)
    in_force, life = offer.in_force(n), 12 * offer.gpu_cloud.gpu_depreciation_years
    depreciation = np.zeros(len(n))
    bought = generations(offer)
    for (first, cost), (after, _) in zip(bought, [*bought[1:], (len(n), 0.0)], strict=True):
        used = (n >= first) & (n < after)
        depreciation += np.where(used, cost / life * np.clip(life - (n - first), 0.0, 1.0), 0.0)
        if after < len(n):  # sold when the next generation comes
            day = np.where(at + after < len(discount.lease), at_boundary(discount.lease_sale, at + after), 0.0)
            worth += in_force[after] * _sale_usd(offer, cost, np.array(after - first), kept) * day
    worth += (1.0 - kept) * (Gather(at, len(n), len(discount.lease)).of(discount.lease) @ (depreciation * in_force))
    for end, probability in offer.ends:
        stop = np.minimum(at + end, len(discount.lease))
        starts = np.array([month for month, _ in bought])
        present = np.searchsorted(starts, stop - at, side="left") - 1  # bought before that day
        costs = np.array([cost for _, cost in bought])[present]
        worth += probability * _sale_usd(offer, costs, stop - at - starts[present], kept) * at_boundary(discount.lease_sale, stop)
    return worth


def _sale_usd(offer: LeaseOffer, usd: Array | float, months: WholeArray, kept: float) -> Array:
    """Resale after tax of GPUs that cost so much and were used so many months."""
    assert offer.gpu_cloud is not None
    book = usd * np.clip(1.0 - months / (12 * offer.gpu_cloud.gpu_depreciation_years), 0.0, 1.0)
    resale = offer.gpu_cloud.gpu_resale_fraction * usd
    sale: Array = np.asarray(resale - (1.0 - kept) * (resale - book))
    return sale
