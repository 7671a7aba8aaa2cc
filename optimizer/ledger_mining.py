"""The ledger's lines of mining at a site with terms: delivery, coincident peaks, curtailment, ancillary services, standby.

Price point by price point, apart from models/dispatch.py, whose values it must add up to. Revenue, energy and opex are those of a
MW that runs whenever that earns something; what it does not earn in the hours in which it is off is taken back on two lines of its
own, so that a reader sees what an obligation and what avoiding a peak cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ..models.flexibility import AncillaryService
from ..models.mining import Fleet
from ..models.months import Array, Calendar
from ..models.off_hours import OffIn
from ..models.prices import PriceTable
from ..models.site import Site

Off = list[tuple[OffIn, Array]]


@dataclass(frozen=True)
class MiningOfMw:
    """One energised MW in every month: USD by item, and MWh drawn, shape (months,)."""

    usd: dict[str, Array]
    mwh: Array


def mining_of_mw(
    site: Site, fleet: Fleet, table: PriceTable, multiplier: float, revenue: Array, worth: Array | float, calendar: Calendar
) -> MiningOfMw:
    """revenue: USD per meter MWh before the pool's fee, shape (months,). multiplier: on market prices.

    worth: what a dollar of mined coins counts for when it decides which hours pay (ledger_coins.py); 1 where they are sold at once.
    """
    none = np.zeros(calendar.length)
    amounts: dict[str, Array] = {}
    mwh = none
    for share, ancillary, standby, called in shares_of_mw(site, table, calendar):
        found = _part(site, fleet, table, multiplier, revenue, worth, calendar, multiplier * ancillary, called)
        for item, usd in (*found.usd.items(), ("standby_income", standby)):
            amounts[item] = amounts.get(item, none) + share * usd
        mwh = mwh + share * found.mwh
    return MiningOfMw(amounts, mwh)


def shares_of_mw(site: Site, table: PriceTable, calendar: Calendar) -> list[tuple[float, Array, Array, Off]]:
    """Of every MW: the share in each service and programme, what a MW of it is paid for an hour that it runs (before the power
    multiplier) and for a month of standing by, and the hours in which it is called on; what is in none of them last.
    """
    none = np.zeros(calendar.length)
    unsold = none[:, np.newaxis]
    shares: list[tuple[float, Array, Array, Off]] = [
        (service.share_fraction, _sold(service, table, calendar), none, []) for service in site.ancillary_services
    ]
    for programme in site.standby:
        called: Off = [(programme.off_in, programme.off_hours(calendar, table))]
        shares.append((programme.share_fraction, unsold, programme.usd_per_mw(calendar), called))
    rest = 1.0 - sum(share for share, *_ in shares)
    return [*shares, (rest, unsold, none, [])] if rest > 0 else shares


def allowed_hours(site: Site, table: PriceTable, calendar: Calendar, called: Off) -> Array:
    """Hours of each price point in which a MW may run that is called on in some, where peaks are avoided always or never."""
    off = [(item.off_in, item.off_hours(calendar, table)) for item in site.curtailments] + called
    off += [(peak.off_in, peak.off_hours(calendar, table)) for peak in site.coincident_peaks if peak.avoid == "always"]
    return _allowed(table, off, by_hour=True) * table.hours


def _sold(service: AncillaryService, table: PriceTable, calendar: Calendar) -> Array:
    """What a service pays a MW that runs for an hour, before the power multiplier: shape (months, points), or (months, 1)."""
    hourly = service.hourly_usd(calendar, table)
    return service.mean_usd(calendar)[:, np.newaxis] if hourly is None else hourly


def _part(
    site: Site,
    fleet: Fleet,
    table: PriceTable,
    multiplier: float,
    revenue: Array,
    worth: Array | float,
    calendar: Calendar,
    ancillary: Array,
    called: Off,
) -> MiningOfMw:
    """A MW in one ancillary service, one programme or none."""
    supply = site.supply
    if supply.kind == "fixed":
        bought = np.repeat(supply.usd_per_mwh.values(calendar)[:, np.newaxis], table.usd_per_mwh.shape[1], axis=1)
    else:
        bought = multiplier * table.usd_per_mwh + supply.adder_usd_per_mwh
    lost = bought * (0.0 if site.delivery is None else site.delivery.loss_fraction)
    delivery = site.delivery_usd_per_mwh(calendar)
    pool = revenue * fleet.pool_fee_fraction
    earned = (revenue - pool - fleet.variable_opex_usd_per_mwh)[:, np.newaxis] + ancillary - delivery[:, np.newaxis]
    net = earned - bought - lost
    deciding = net + ((worth - 1.0) * (revenue - pool))[:, np.newaxis]
    hours = fleet.uptime_fraction * np.where(deciding > 0, table.hours, 0.0)
    obliged: Off = [(item.off_in, item.off_hours(calendar, table)) for item in site.curtailments] + called
    by_hour = ancillary.shape[1] > 1
    allowed = _allowed(table, obliged, by_hour)
    charge, kept = _best_way(site, calendar, table, obliged, hours * deciding, by_hour)
    mwh = hours.sum(axis=1)
    usd = {
        "mining_revenue": revenue * mwh,
        "pool_fee": -pool * mwh,
        "mining_power": -(hours * bought).sum(axis=1),
        "mining_losses": -(hours * lost).sum(axis=1),
        "mining_delivery": -delivery * mwh,
        "mining_variable_opex": -fleet.variable_opex_usd_per_mwh * mwh,
        "ancillary_income": (hours * ancillary).sum(axis=1),
        "curtailment_forgone": -(hours * net * (1.0 - allowed)).sum(axis=1),
        "peak_hours_forgone": -(hours * net * (allowed - kept)).sum(axis=1),
        "mining_peak_charge": -charge,
    }
    return MiningOfMw(usd, (hours * kept).sum(axis=1))


def _best_way(site: Site, calendar: Calendar, table: PriceTable, obliged: Off, earns: Array, by_hour: bool) -> tuple[Array, Array]:
    """Charges and the share of each price point's hours that runs, in each month by the best way of avoiding peaks.

    earns: USD at each price point where nothing is off, shape (months, points). by_hour: whether points of one price differ.
    """
    charge, kept, best = np.zeros(calendar.length), np.ones_like(earns), np.full(calendar.length, -np.inf)
    for avoids in product(*(peak.may_be_avoided for peak in site.coincident_peaks)):
        paid, off = np.zeros(calendar.length), list(obliged)
        for avoided, peak in zip(avoids, site.coincident_peaks, strict=True):
            paid = paid + peak.usd_per_mw(calendar) * (1.0 - peak.avoided_fraction * avoided)
            off += [(peak.off_in, peak.off_hours(calendar, table))] if avoided else []
        allowed = _allowed(table, off, by_hour)
        worth = (earns * allowed).sum(axis=1) - paid
        better = worth > best
        best, charge = np.where(better, worth, best), np.where(better, paid, charge)
        kept = np.where(better[:, np.newaxis], allowed, kept)
    return charge, kept


def _allowed(table: PriceTable, off: Off, by_hour: bool) -> Array:
    """Share of the hours at each price point in which mining is not off, shape (months, points); points rise in price.

    by_hour: points of one price are worth different things, so that they have the same share.
    """
    months = table.hours.sum(axis=1)
    until = np.cumsum(table.hours, axis=1)
    since = until - table.hours
    first, last, share = np.zeros(len(months)), months.copy(), np.ones(len(months))
    for kind, hours in off:
        if kind == "cheapest":
            first = np.maximum(first, np.minimum(hours, months))
        elif kind == "dearest":
            last = np.minimum(last, months - hours)
        else:
            share = share * np.maximum(1.0 - hours / months, 0.0)
    inside = np.minimum(until, last[:, np.newaxis]) - np.maximum(since, first[:, np.newaxis])
    part = np.divide(np.maximum(inside, 0.0), table.hours, out=np.zeros_like(table.hours), where=table.hours > 0)
    if by_hour and any(kind != "average" for kind, _ in off):
        for t, usd in enumerate(table.usd_per_mwh):
            _, price = np.unique(usd, return_inverse=True)
            part[t] = (np.bincount(price, part[t] * table.hours[t]) / np.bincount(price, table.hours[t]))[price]
    return np.asarray(share[:, np.newaxis] * part)
