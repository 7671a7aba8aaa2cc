"""[V2] What one energised MW of mining earns in a month at a site with terms of its own (models/flexibility.py).

A MW is divided by the shares of ancillary services and standby programmes; the rest is in none of them. Each part runs in the hours
in which it earns more than it pays, apart from the hours in which it has to be off, and avoids the coincident peaks that are worth
avoiding:

    margin = sum over parts of share x ( standby + max over sets A of avoided peaks of
             ( uptime x sum over hours not off of max(0, earned - price) - charges left with A ) )

    earned = revenue - pool fee - variable opex + power multiplier x ancillary price of the part
    price  = loss factor x (power multiplier x market price + adder, or the fixed price) + delivery

The ancillary price is that of the month, or of each hour (models/net_prices.py). Hours are off by their rank among the month's
market prices, which no multiplier changes. So each margin is a sum of maxima of linear functions of the hashprice and of the power
multiplier, and the whole is convex in both. With prefix sums every term costs one binary search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from .flexibility import CoincidentPeak
from .mining_parts import Off, mining_parts, obliged_off
from .months import Array, Calendar
from .net_prices import BoolArray, NetWindow, of_one_price
from .prices import PriceTable
from .site import Site


@dataclass(frozen=True)
class Window:
    """The hours of each month in which mining may run: from the `first` to the `last` cheapest hour, and of these a share.

    first_usd, last_usd: what a MW pays at market prices in that many cheapest hours. All of shape (months,).
    """

    table: PriceTable
    first: Array
    last: Array
    share: Array
    first_usd: Array
    last_usd: Array

    @classmethod
    def without(cls, off: Sequence[Off], table: PriceTable) -> Window:
        """All hours but these."""
        none = np.zeros_like(table.month_hours)
        cheapest, dearest = (
            np.max([none, *(hours for kind, hours in off if kind == at)], axis=0) for at in ("cheapest", "dearest")
        )
        first = np.minimum(cheapest, table.month_hours)
        last = np.maximum(table.month_hours - dearest, first)
        left = [1.0 - np.minimum(hours / table.month_hours, 1.0) for kind, hours in off if kind == "average"]
        share = np.prod([none + 1.0, *left], axis=0)
        return cls(table, first, last, share, table.usd_of_cheapest(first), table.usd_of_cheapest(last))

    def below(self, price: Array) -> tuple[Array, Array]:
        """Hours in which the market price is below one price a month, and what a MW pays for them; shape (months,) each."""
        hours, usd = (rows[0] for rows in self.table.running(price[np.newaxis, :]))
        usd = np.where(hours <= self.first, self.first_usd, np.where(hours >= self.last, self.last_usd, usd))
        return self.share * (np.clip(hours, self.first, self.last) - self.first), self.share * (usd - self.first_usd)

    def whole(self, running: BoolArray) -> tuple[Array, Array]:
        """All of its hours in the months marked, and what a MW pays for them at market prices."""
        found = (self.share * (self.last - self.first), self.share * (self.last_usd - self.first_usd))
        return np.where(running, found[0], 0.0), np.where(running, found[1], 0.0)

    def hours_at_points(self) -> Array:
        """Its hours at each price point, shape (months, points); points of one price have the same share of their hours."""
        table = self.table
        since, until = of_one_price(table.usd_per_mwh, table.hours_up_to[:, 1:], table.hours_up_to[:, :-1])
        inside = np.minimum(until, self.last[:, np.newaxis]) - np.maximum(since, self.first[:, np.newaxis])
        part = np.divide(np.maximum(inside, 0.0), until - since, out=np.zeros_like(table.hours), where=until > since)
        found: Array = self.share[:, np.newaxis] * part * table.hours
        return found


@dataclass(frozen=True)
class _Way:
    """One way of avoiding some of the peaks: the hours it leaves, and the charges, USD per MW and month, shape (months,)."""

    window: Window | NetWindow
    charge_usd: Array


@dataclass(frozen=True)
class _Part:
    """A share of every MW. market: factor on the prices of its windows, which are market prices or, where it sells a service by the
    hour, net ones. ancillary_usd_per_mwh: of a month, before the power multiplier; standby_usd: per MW and month; shape (months,).
    """

    share: float
    market: float
    ancillary_usd_per_mwh: Array
    standby_usd: Array
    ways: tuple[_Way, ...]


@dataclass(frozen=True)
class Margin:
    """Of one MW with its uptime, before fixed opex, shape (months,).

    usd: the margin. hours: hours that run. usd_per_power: change of the margin per unit of the multiplier on market prices.
    """

    usd: Array
    hours: Array
    usd_per_power: Array


@dataclass(frozen=True)
class SiteTerms:
    """The parts of a MW at a site and what a MWh costs there beside the market price."""

    parts: tuple[_Part, ...]
    own_usd_per_mwh: Array

    @classmethod
    def of(cls, site: Site, table: PriceTable, calendar: Calendar) -> SiteTerms:
        factor, supply = site.loss_factor, site.supply
        bought = (
            supply.usd_per_mwh.values(calendar) if supply.kind == "fixed" else np.full(calendar.length, supply.adder_usd_per_mwh)
        )
        own = factor * bought + site.delivery_usd_per_mwh(calendar)
        return cls(tuple(_parts(site, table, calendar)), own)

    def margin(self, earned_usd_per_mwh: Array, uptime: float, multiplier: float) -> Margin:
        """earned_usd_per_mwh: what a running MWh earns before power and ancillary income, shape (months,)."""
        usd, hours, per_power = (np.zeros_like(earned_usd_per_mwh) for _ in range(3))
        for part in self.parts:
            earned = earned_usd_per_mwh + multiplier * part.ancillary_usd_per_mwh - self.own_usd_per_mwh
            best, ran, moved = (np.full_like(earned, -np.inf), np.zeros_like(earned), np.zeros_like(earned))
            for way in part.ways:
                paid = multiplier * part.market
                run, market_usd = way.window.below(earned / paid) if paid > 0 else way.window.whole(earned > 0)
                worth = uptime * (earned * run - paid * market_usd) - way.charge_usd
                better = worth > best
                best, ran = np.where(better, worth, best), np.where(better, run, ran)
                moved = np.where(better, part.ancillary_usd_per_mwh * run - part.market * market_usd, moved)
            usd = usd + part.share * (best + part.standby_usd)
            hours, per_power = hours + part.share * uptime * ran, per_power + part.share * uptime * moved
        return Margin(usd, hours, per_power)


def _parts(site: Site, table: PriceTable, calendar: Calendar) -> Iterator[_Part]:
    none = np.zeros(calendar.length)
    market = site.loss_factor if site.supply.kind == "index" else 0.0
    obliged = obliged_off(site, table, calendar)
    for part in mining_parts(site, table, calendar):
        off = [*obliged, *part.called]
        if part.by_the_hour:
            ways = _ways(site, table, calendar, off, market * table.usd_per_mwh - part.ancillary_usd)
            yield _Part(part.share, 1.0, none, part.standby_usd, ways)
        else:
            yield _Part(part.share, market, part.ancillary_usd[:, 0], part.standby_usd, _ways(site, table, calendar, off))


def _ways(site: Site, table: PriceTable, calendar: Calendar, off: list[Off], net_usd: Array | None = None) -> tuple[_Way, ...]:
    """Every set of peaks that may be avoided, the smallest first. off: hours, whatever is avoided. net_usd: prices net of a service
    that is sold by the hour.
    """
    peaks = site.coincident_peaks
    found = []
    for avoided in sorted(product(*(peak.may_be_avoided for peak in peaks)), key=sum):
        chosen = [
            (peak.off_in, peak.off_hours(calendar, table))
            for peak, off_in_it in zip(peaks, avoided, strict=True)
            if off_in_it and peak.avoid == "when_it_pays"
        ]
        window = Window.without([*off, *chosen], table)
        kept = window if net_usd is None else NetWindow.of(net_usd, window.hours_at_points())
        found.append(_Way(kept, _charges(peaks, avoided, calendar)))
    return tuple(found)


def _charges(peaks: Sequence[CoincidentPeak], avoided: Sequence[bool], calendar: Calendar) -> Array:
    """Charges that are left, USD per MW and month, shape (months,)."""
    usd = np.zeros(calendar.length)
    for peak, off_in_it in zip(peaks, avoided, strict=True):
        left = 1.0 - peak.avoided_fraction if off_in_it else 1.0
        usd = usd + left * peak.usd_per_mw(calendar)
    return usd
