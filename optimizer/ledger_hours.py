"""[V3] The ledger's lines of hours that are decided together: blocks that are not resold in full, and energy caps.

The lines of mining hold what pays at the index. Here is what is beyond: energy of blocks that is used, machines that run because of
them alone, and what a cap makes mining give up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..models.mining import Fleet
from ..models.months import Array, Month
from ..models.off_hours import OffIn
from ..models.runners import IntArray, SiteParts
from ..models.site import Site
from .ledger_blocks import BlockHours
from .ledger_mining import allowed_hours, shares_of_mw

if TYPE_CHECKING:
    from .ledger import Ledger
    from .ledger_lines import Line

ByStart = dict[tuple[str, Month], float]


@dataclass(frozen=True)
class Lot:
    """The machines of a fleet that are in one service or programme, or in none. share: of every MW of the fleet. sold_usd: what a
    service pays a MW for an hour that it runs, shape (months, points) or (months, 1). called: hours in which it is called on.
    """

    fleet: Fleet
    share: float
    sold_usd: Array
    called: list[tuple[OffIn, Array]]


@dataclass(frozen=True)
class CapHours:
    """Mining at a site with a cap, lots of machines in order. mwh: of an energised MW of the fleet at the meter, where it pays,
    (months, points) each. margin: what a MWh earns, USD, same shape; factor: MWh bought for each of them.
    """

    fleets: list[Fleet]
    mwh: list[Array]
    margin: list[Array]
    factor: float


class DecidedHours:
    """Lines of one ledger; blocks and caps are never at the same site."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._blocks: dict[str, BlockHours] = {}
        self._caps: dict[str, CapHours] = {}

    @property
    def _sites(self) -> list[Site]:
        return sorted(self._ledger.scenario.sites, key=lambda site: site.name)

    def lines(self, mining_mw: dict[str, Array], lease_mw: ByStart) -> Iterator[Line]:
        """MW by fleet and month; critical MW by offer and start."""
        for site in self._sites:
            if site.blocks_to_use:
                yield from self._block_lines(site, mining_mw, lease_mw)
            if site.energy_cap is not None:
                hours = self.cap_hours(site.name)
                for fleet, held, margin in zip(hours.fleets, self._held_mwh(site, mining_mw, lease_mw), hours.margin, strict=True):
                    usd = -(held * margin).sum(axis=1)
                    yield from self._ledger.taxed_monthly(site.name, {"energy_cap_forgone": usd}, fleet.name, "mining")

    def change_mwh(self, mining_mw: dict[str, Array], lease_mw: ByStart) -> dict[str, Array]:
        """MWh of fleets that run though the index does not pay, less those that a cap holds back, shape (months,)."""
        found: dict[str, Array] = {}
        for site in self._sites:
            if site.blocks_to_use:
                hours = self.block_hours(site.name).hours
                _, extra = self._dispatch(site, mining_mw, lease_mw)
                for lot, mw in zip(self._lots(site), extra, strict=True):
                    found[lot.fleet.name] = found.get(lot.fleet.name, 0.0) + (mw * hours).sum(axis=1)
            if site.energy_cap is not None:
                held = self._held_mwh(site, mining_mw, lease_mw)
                for lot, mwh in zip(self._lots(site), held, strict=True):
                    found[lot.fleet.name] = found.get(lot.fleet.name, 0.0) - mwh.sum(axis=1)
        return found

    def _fleets_at(self, site: Site) -> list[Fleet]:
        """By name."""
        here = (fleet for fleet in self._ledger.scenario.mining_fleets if fleet.site == site.name)
        return sorted(here, key=lambda fleet: fleet.name)

    def _lots(self, site: Site) -> list[Lot]:
        """By fleet, and in the order of services, programmes and the rest."""
        ledger = self._ledger
        multiplier = ledger.scenario.power.multiplier * ledger.at.power
        shares = shares_of_mw(site, ledger.price_table(site), ledger.calendar)
        return [
            Lot(fleet, share, multiplier * sold, called) for fleet in self._fleets_at(site) for share, sold, _, called in shares
        ]

    def _before_power(self, lot: Lot) -> Array:
        """What a MWh earns, USD, shape (months, points) or (months, 1)."""
        revenue = lot.fleet.revenue_usd_per_mwh(self._ledger.hashprice_usd_per_ph_day)
        coins = revenue - revenue * lot.fleet.pool_fee_fraction - lot.fleet.variable_opex_usd_per_mwh
        return np.asarray(coins[:, np.newaxis] + lot.sold_usd)

    # --- blocks --------------------------------------------------------------------------------------------------------

    def block_hours(self, site_name: str) -> BlockHours:
        """What the energy of a site's blocks is worth hour by hour."""
        if site_name not in self._blocks:
            ledger, site = self._ledger, self._ledger.scenario.site(site_name)
            table, calendar, lots = ledger.price_table(site), ledger.calendar, self._lots(site)
            states = SiteParts.of(site, table, calendar).states
            on = [may_run for _ in self._fleets_at(site) for may_run in states.on]
            earned = [self._before_power(lot) for lot in lots]
            same = ledger.worth_of_a_dollar("power_contract") / ledger.worth_of_a_dollar("mining")
            multiplier = ledger.scenario.power.multiplier * ledger.at.power
            self._blocks[site_name] = BlockHours.of(site, table, multiplier, earned, on, states, same, calendar)
        return self._blocks[site_name]

    def _block_lines(self, site: Site, mining_mw: dict[str, Array], lease_mw: ByStart) -> Iterator[Line]:
        """Energy of blocks that the load uses, and mining that runs on it alone."""
        found = self.block_hours(site.name)
        used, extra = self._dispatch(site, mining_mw, lease_mw)
        for block, mw, gain in zip(found.blocks, used, found.gain, strict=True):
            usd = (mw * gain * found.hours).sum(axis=1)
            yield from self._ledger.taxed_monthly(site.name, {"block_energy_used": usd}, block.name, "power_contract")
        for lot, mw in zip(self._lots(site), extra, strict=True):
            yield from self._extra_run(site, lot, mw * found.hours, found.point)

    def _dispatch(self, site: Site, mining_mw: dict[str, Array], lease_mw: ByStart) -> tuple[list[Array], list[Array]]:
        ledger = self._ledger
        none = np.zeros(ledger.calendar.length)
        able = [lot.share * lot.fleet.uptime_fraction * mining_mw.get(lot.fleet.name, none) for lot in self._lots(site)]
        leases = {lease.name: lease for lease in ledger.scenario.leases_at(site.name) if lease.power_paid_by == "landlord"}
        firm = [mw * ledger.book(leases[name], start).load_mw() for (name, start), mw in sorted(lease_mw.items()) if name in leases]
        return self.block_hours(site.name).dispatch(able, np.sum([none, *firm], axis=0))

    def _extra_run(self, site: Site, lot: Lot, mwh: Array, point: IntArray) -> list[Line]:
        """Mining that runs though the index does not pay; mwh: by state of the hours; point: the price point of each."""
        fleet, total = lot.fleet, mwh.sum(axis=1)
        revenue = fleet.revenue_usd_per_mwh(self._ledger.hashprice_usd_per_ph_day)
        price = self._ledger.energy_price(site)
        power = (mwh * price[:, point]).sum(axis=1)
        amounts = {
            "mining_revenue": revenue * total,
            "pool_fee": -revenue * fleet.pool_fee_fraction * total,
            "mining_power": -power,
            "mining_variable_opex": -fleet.variable_opex_usd_per_mwh * total,
        }
        if site.ancillary_services:
            amounts["ancillary_income"] = (mwh * np.broadcast_to(lot.sold_usd, price.shape)[:, point]).sum(axis=1)
        if site.delivery is not None:
            amounts["mining_losses"] = -site.delivery.loss_fraction * power
            amounts["mining_delivery"] = -site.delivery.usd_per_mwh.values(self._ledger.calendar) * total
        return self._ledger.taxed_monthly(site.name, amounts, fleet.name, "mining")

    # --- caps ----------------------------------------------------------------------------------------------------------

    def cap_hours(self, site_name: str) -> CapHours:
        """What mining earns and draws at a site with a cap, price point by price point."""
        if site_name not in self._caps:
            ledger, site = self._ledger, self._ledger.scenario.site(site_name)
            lost = 0.0 if site.delivery is None else site.delivery.loss_fraction
            delivery = site.delivery_usd_per_mwh(ledger.calendar)[:, np.newaxis]
            price = ledger.energy_price(site)
            table, lots = ledger.price_table(site), self._lots(site)
            margin = [self._before_power(lot) - delivery - price - lost * price for lot in lots]
            mwh = [
                lot.share
                * lot.fleet.uptime_fraction
                * np.where(earned > 0, allowed_hours(site, table, ledger.calendar, lot.called), 0.0)
                for lot, earned in zip(lots, margin, strict=True)
            ]
            self._caps[site_name] = CapHours([lot.fleet for lot in lots], mwh, margin, 1.0 + lost)
        return self._caps[site_name]

    def _held_mwh(self, site: Site, mining_mw: dict[str, Array], lease_mw: ByStart) -> list[Array]:
        """MWh of each lot of machines at the meter that a cap holds back, shape (months, points) each: the best hours of a year
        fill the cap first.
        """
        ledger, found = self._ledger, self.cap_hours(site.name)
        none = np.zeros(ledger.calendar.length)
        able = np.array(
            [mwh * mining_mw.get(fleet.name, none)[:, np.newaxis] for fleet, mwh in zip(found.fleets, found.mwh, strict=True)]
        ).reshape(len(found.fleets), *ledger.price_table(site).hours.shape)
        worth = np.array(found.margin).reshape(able.shape) * ledger.worth_of_a_dollar("mining")[np.newaxis, :, np.newaxis]
        held, leased = np.zeros_like(able), self._leased_mwh(site, lease_mw)
        for year, left in self._limits_mwh(site).items():
            months = ledger.calendar.year_of_month == year
            mwh, room = able[:, months].ravel(), max(left - float(leased[months].sum()), 0.0) / found.factor
            order = np.argsort(-worth[:, months].ravel(), kind="stable")
            until = np.cumsum(mwh[order])
            runs = np.zeros_like(mwh)
            runs[order] = np.clip(room - (until - mwh[order]), 0.0, mwh[order])
            held[:, months] = (mwh - runs).reshape(held[:, months].shape)
        return list(held)

    def _limits_mwh(self, site: Site) -> dict[int, float]:
        assert site.energy_cap is not None
        return {year: 1000.0 * gwh for year, gwh in site.energy_cap.limit_gwh(self._ledger.calendar).items()}

    def _leased_mwh(self, site: Site, lease_mw: ByStart) -> Array:
        """What leases draw with losses, shape (months,)."""
        leases = {lease.name: lease for lease in self._ledger.scenario.leases_at(site.name)}
        found = np.zeros(self._ledger.calendar.length)
        for (name, start), mw in sorted(lease_mw.items()):
            if name in leases:
                found += mw * self.lease_mwh(site.name, name, start)
        return found

    def lease_mwh(self, site_name: str, name: str, start: Month) -> Array:
        """What a critical MW of a lease draws with losses, whoever pays, shape (months,)."""
        ledger, site = self._ledger, self._ledger.scenario.site(site_name)
        lease = next(lease for lease in ledger.scenario.leases_at(site_name) if lease.name == name)
        hours = ledger.price_table(site).hours.sum(axis=1)
        return np.asarray(self.cap_hours(site_name).factor * ledger.book(lease, start).load_mw() * hours)
