"""[V3] What an energy cap changes of the safe bound, price point by price point from the ledger's readings.

With a price p >= 0 of a GWh in a year, no plan earns more from the site than what its MW earn where an hour has to bring more than
its energy at p, leases pay p for their energy, and the cap is worth p times its GWh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.months import Array, WholeArray
from ..models.values import USD_PER_MUSD, Values
from .ledger import Ledger

MWH_PER_GWH = 1000.0


@dataclass(frozen=True)
class CapReading:
    """One site. fleets: number of each runner's fleet (models/runners.py). gwh, margin_musd: of an energised MW at each price point
    where it pays, losses included, shape (runners, months, points). lease_gwh: of a critical MW by offer of the site, shape
    (starts, months). limit_gwh: by year.
    """

    site: str
    fleets: list[int]
    gwh: Array
    margin_musd: Array
    lease_gwh: dict[int, Array]
    limit_gwh: dict[int, float]
    year_of_month: WholeArray

    @classmethod
    def of(cls, values: Values, ledger: Ledger, site: str) -> CapReading:
        found, cap = ledger.hours.cap_hours(site), ledger.scenario.site(site).energy_cap
        assert cap is not None
        position = {fleet.name: k for k, fleet in enumerate(values.fleets)}
        shape = (len(found.fleets), *ledger.price_table(ledger.scenario.site(site)).hours.shape)
        mwh, margin = np.array(found.mwh).reshape(shape), np.array(found.margin).reshape(shape)
        worth = ledger.worth_of_a_dollar("mining")[np.newaxis, :, np.newaxis] / USD_PER_MUSD
        leases = {
            number: np.array([ledger.hours.lease_mwh(site, offer.offer.name, start) for start in offer.starts]) / MWH_PER_GWH
            for number, offer in enumerate(values.offers)
            if offer.offer.site == site
        }
        return cls(
            site=site,
            fleets=[position[fleet.name] for fleet in found.fleets],
            gwh=found.factor * mwh / MWH_PER_GWH,
            margin_musd=mwh * margin * worth,
            lease_gwh=leases,
            limit_gwh=cap.limit_gwh(ledger.calendar),
            year_of_month=values.calendar.year_of_month,
        )

    def by_month(self, price: dict[tuple[str, int], float]) -> Array:
        """Price of a GWh, USD million, shape (months,)."""
        return np.array([price.get((self.site, year), 0.0) for year in self.year_of_month.tolist()])

    def given_up_musd(self, price: dict[tuple[str, int], float]) -> Array:
        """What an energised MW of a fleet pays for the energy of each runner or gives up, hour by hour the less of the two, shape
        (runners, months).
        """
        paid = self.gwh * self.by_month(price)[np.newaxis, :, np.newaxis]
        found: Array = np.minimum(self.margin_musd, paid).sum(axis=2)
        return found

    def paid_by_lease(self, number: int, price: dict[tuple[str, int], float]) -> Array:
        """What a critical MW of an offer pays for its energy, shape (starts,)."""
        found: Array = self.lease_gwh[number] @ self.by_month(price)
        return found

    def limits_musd(self, price: dict[tuple[str, int], float]) -> list[float]:
        """What the caps are worth."""
        return [price.get((self.site, year), 0.0) * gwh for year, gwh in self.limit_gwh.items()]

    def leased_gwh(self, lease_mw: tuple[Array, ...]) -> dict[int, list[float]]:
        """What leases draw, by year, term by term."""
        found: dict[int, list[float]] = {year: [] for year in self.limit_gwh}
        for number, gwh in self.lease_gwh.items():
            drawn = lease_mw[number] @ gwh
            for year in found:
                found[year] += drawn[self.year_of_month == year].tolist()
        return found
