"""What every contender is given: the numbers of the linear program as plain arrays, USD million and MW."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hashlease.models.values import USD_PER_MUSD, Multipliers, Values

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True)
class Tables:
    """One program of S sites, F fleets, L offers, O options (an offer at one of its starts), T months, Y budgeted years.

    site_of_fleet (F,), site_of_offer (L,), offer_of_option (O,): positions.
    mining_musd, available_mw: shape (F, T). option_musd: shape (O,), per critical MW. offered_mw: critical MW, shape (L,).
    occupied_mw: meter MW per critical MW, shape (O, T). common_mw: the same at each offer's middle start, shape (L, T).
    energised_mw, suitable_mw: shape (S, T). capex_musd: shape (O, Y). budget_musd: shape (Y,).
    """

    site_of_fleet: Whole
    site_of_offer: Whole
    offer_of_option: Whole
    mining_musd: Floats
    available_mw: Floats
    option_musd: Floats
    offered_mw: Floats
    occupied_mw: Floats
    common_mw: Floats
    energised_mw: Floats
    suitable_mw: Floats
    capex_musd: Floats
    budget_musd: Floats

    @classmethod
    def of(cls, values: Values) -> Tables:
        """The tables of a scenario whose leases are all offers that may be taken in part."""
        site_number = {site.name: number for number, site in enumerate(values.sites)}
        offers, calendar = values.offers, values.calendar
        budget = values.scenario.finance.capex_budget_usd
        budgeted = [number for number, year in enumerate(calendar.years) if year in budget]
        return cls(
            site_of_fleet=np.array([site_number[fleet.site] for fleet in values.fleets]),
            site_of_offer=np.array([site_number[offer.offer.site] for offer in offers]),
            offer_of_option=np.repeat(np.arange(len(offers)), [len(offer.starts) for offer in offers]),
            mining_musd=values.mining_musd(),
            available_mw=values.available_mw,
            option_musd=np.concatenate([offer.musd() for offer in offers]),
            offered_mw=np.array([offer.offer.critical_it_mw for offer in offers]),
            occupied_mw=np.concatenate([offer.occupied_mw for offer in offers]),
            common_mw=np.array([offer.occupied_mw[len(offer.starts) // 2] for offer in offers]),
            energised_mw=np.array([site.energised(calendar) for site in values.sites]),
            suitable_mw=np.array([site.hpc_suitable(calendar) for site in values.sites]),
            capex_musd=np.concatenate([offer.capex_musd_by_year[:, budgeted] for offer in offers]),
            budget_musd=np.array([budget[calendar.years[number]] / USD_PER_MUSD for number in budgeted]),
        )

    def at(self, values: Values, hashprice: float) -> Tables:
        """The same program at another hashprice."""
        return replace(self, mining_musd=values.mining_musd(Multipliers(hashprice=hashprice)))

    @property
    def own_mw(self) -> Floats:
        """What an option takes beyond its offer's common profile, meter MW per critical MW, shape (O, T)."""
        return self.occupied_mw - self.common_mw[self.offer_of_option]

    @property
    def site_of_option(self) -> Whole:
        return self.site_of_offer[self.offer_of_option]

    def npv_musd(self, mining_mw: Floats, option_mw: Floats) -> float:
        """Worth of an allocation, USD million: mining_mw of shape (F, T), option_mw of shape (O,)."""
        return float(np.sum(self.mining_musd * mining_mw) + self.option_musd @ option_mw)
