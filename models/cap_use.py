r"""[V3] A cap on the energy that a site draws in a calendar year: mining is held back in the hours that earn least.

Without a cap an energised MW runs in every hour that earns more than it costs ([V2]). A cap counts the energy of these hours and
of all leases; what is too much is held back, and that costs what the hours would have earned. Which hours of a year are worth
least depends on their prices alone, but how many of them are held back depends on all MW of the site, so the program has a column
for every price point of every month in which machines run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .block_use import IntArray, expected_load_mw
from .energy_cap import MWH_PER_GWH
from .months import Array
from .power import SitePower
from .runners import Runners, SiteParts

if TYPE_CHECKING:
    from .site import Site
    from .values import OfferValue, Values


@dataclass(frozen=True)
class CapUse:
    """What the mining of one site with a cap draws and earns by price point.

    fleets, parts: of the site's runners (models/runners.py). limit_gwh: by calendar year. loss_factor: MWh bought for a MWh at the
    meter. gwh: what a runner draws of an energised MW of its fleet in a point's hours if it runs there, losses included, 0 where it
    does not run. margin_musd: what it earns there, discounted after-tax USD million. Both of shape (runners, months, points).
    """

    site: str
    fleets: IntArray
    parts: IntArray
    gwh: Array
    margin_musd: Array
    limit_gwh: dict[int, float]
    loss_factor: float

    def held_back_musd(self, values: Values, mining_mw: Array, lease_mw: Sequence[Array]) -> float:
        """What the cap costs these decisions, USD million: in each year the hours that earn least per GWh are given up."""
        mw = mining_mw[self.fleets][:, :, np.newaxis]
        firm = np.zeros(values.calendar.length)
        for offer, row in zip(values.offers, lease_mw, strict=True):
            firm += row @ cap_load_gwh(values, offer, self)
        drawn = self.gwh * mw
        lost = 0.0
        for year, limit in self.limit_gwh.items():
            months = values.calendar.year_of_month == year
            over = float(np.sum(drawn[:, months])) + float(np.sum(firm[months])) - limit
            if over > 0:
                lost += self._cheapest_musd(months, drawn[:, months].ravel(), over)
        return lost

    def _cheapest_musd(self, months: Array, drawn: Array, over: float) -> float:
        gwh, margin = self.gwh[:, months].ravel(), self.margin_musd[:, months].ravel()
        rate = np.divide(margin, gwh, out=np.full_like(gwh, np.inf), where=gwh > 0)
        order = np.argsort(rate, kind="stable")
        order = order[drawn[order] > 0]
        before = np.cumsum(drawn[order]) - drawn[order]
        held = np.clip(over - before, 0.0, drawn[order])
        return float(held @ rate[order])


def cap_load_gwh(values: Values, offer: OfferValue, use: CapUse) -> Array:
    """GWh that a critical MW of an offer counts against a cap, whoever pays for them, shape (starts, months); 0 at other sites."""
    if offer.offer.site != use.site:
        return np.zeros((len(offer.starts), values.calendar.length))
    hours = values.scenario.price_tables[values.scenario.site(use.site).zone].month_hours
    found: Array = use.loss_factor * expected_load_mw(values, offer) * hours / MWH_PER_GWH
    return found


def cap_use(site: Site, parts: SiteParts, runners: Runners, values: Values, power: SitePower) -> CapUse:
    """power: the site's."""
    assert site.energy_cap is not None
    paid = power.delivered_usd_per_mwh()
    margin = np.array([earned - paid for earned in runners.earned_usd_per_mwh]).reshape(-1, *paid.shape)
    hours = parts.hours(paid.shape[1])[runners.parts]
    mwh = runners.able[:, :, np.newaxis] * np.where(margin > 0, hours, 0.0)
    worth = values.kept * values.discount.mining[np.newaxis, :, np.newaxis] / 1e6
    return CapUse(
        site=site.name,
        fleets=runners.fleets,
        parts=runners.parts,
        gwh=power.loss_factor * mwh / MWH_PER_GWH,
        margin_musd=mwh * margin * worth,
        limit_gwh=site.energy_cap.limit_gwh(values.calendar),
        loss_factor=power.loss_factor,
    )
