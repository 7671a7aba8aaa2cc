"""A listed miner as the sum of its parts: what a user states about it, and what each listed part is worth.

[E1] Mining: sum over months of d_t x operating EH/s x days x max(0, revenue after the pool's fee - 24 x J/TH x overhead x (power +
     other cost)), from the valuation date to the month before `until`, and the machines' sale there.
[E2] Signed lease: owned share x MW x (NOI x multiple x d - build cost left), where d discounts the years until the NOI flows.
[E3] Expected lease: the same times its probability. Open power: owned share x MW x price. Together with what a scenario's offers
     add to it (optimizer/sum_of_parts.py) they are the power optionality.
[E4] Land: acres x price. Coins: BTC x price. Other: as stated.
     Equity = all parts - net debt.

d = (1 + rate)^-years, years of 365.25 days; mining falls at mid-month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from . import quantities as q
from .finance import discount_factor
from .market import Market
from .mining import TH_PER_EH
from .months import DAYS_PER_YEAR, Calendar, Day, Month
from .names import Name
from .network import HOURS_PER_DAY, NetworkMonths
from .path import MonthlyPath
from .refusal import Fault, refusal
from .sources import Sourced

LONGEST_MONTHS = 600
MINING, SIGNED, POWER, LAND, COINS, OTHER = "mining", "signed leases", "power optionality", "land", "coins", "other"
GROUPS = (MINING, SIGNED, POWER, LAND, COINS, OTHER)


@dataclass(frozen=True)
class Part:
    """A part of the miner: USD today (net of what it still costs), its size in words, how it is counted.

    critical_mw: of leases, the miner's share, not weighted by probability.
    """

    group: str
    name: str
    usd: float
    size: str
    how: str
    critical_mw: float = 0.0


class MiningPart(Sourced):
    """Machines of one kind that mine until a month."""

    name: Name
    operating_eh: Annotated[float, q.GROUP_HASHRATE]
    """Average operating, not deployed."""
    j_per_th: Annotated[float, q.EFFICIENCY]
    overhead: Annotated[float, q.OVERHEAD]
    pool_fee_fraction: Annotated[float, q.FRACTION]
    power_usd_per_mwh: Annotated[MonthlyPath, q.MARKET_PRICE]
    other_usd_per_mwh: Annotated[float, q.VARIABLE_OPEX]
    until: Month
    """The first month in which they no longer mine."""
    resale_usd_per_th: Annotated[float, q.RESALE_PRICE]
    discount_rate_per_year: Annotated[float, q.DISCOUNT_RATE]

    def part(self, network: NetworkMonths, as_of: Day) -> Part:
        """[E1] The network's calendar begins at the valuation date and reaches at least to the last month."""
        months = int(self.until) - int(network.calendar.start)
        calendar = Calendar(network.calendar.start, months)
        cost = HOURS_PER_DAY * self.j_per_th * self.overhead * (self.power_usd_per_mwh.values(calendar) + self.other_usd_per_mwh)
        margin = network.revenue_usd_per_eh_day[:months] * (1 - self.pool_fee_fraction) - cost
        factors = discount_factor(self.discount_rate_per_year, calendar.mid_month_years(as_of))
        cash = self.operating_eh * calendar.days * np.maximum(margin, 0.0)
        sale = self.operating_eh * TH_PER_EH * self.resale_usd_per_th
        at_end = discount_factor(self.discount_rate_per_year, calendar.end_years(as_of))
        size = f"{self.operating_eh:,.2f} EH/s at {self.j_per_th:g} J/TH"
        how = f"cash margin to {calendar.end} at {100 * self.discount_rate_per_year:g} %"
        return Part(MINING, self.name, float(np.sum(cash * factors) + sale * at_end), size, how)


class LeasePart(Sourced):
    """A lease by its NOI, a multiple and what is left to build."""

    name: Name
    critical_it_mw: Annotated[float, q.CRITICAL_MW]
    noi_usd_per_critical_mw_year: Annotated[float, q.NOI]
    multiple: Annotated[float, q.NOI_MULTIPLE]
    noi_from: Month
    build_left_usd_per_critical_mw: Annotated[float, q.CAPEX]
    discount_rate_per_year: Annotated[float, q.DISCOUNT_RATE]
    owned_fraction: Annotated[float, q.OWNED] = 1.0

    @property
    def owned_mw(self) -> float:
        return self.critical_it_mw * self.owned_fraction

    def usd(self, as_of: Day) -> float:
        """[E2]"""
        years = max((self.noi_from.first_day - as_of).days, 0) / DAYS_PER_YEAR
        capitalised = self.noi_usd_per_critical_mw_year * self.multiple * float(discount_factor(self.discount_rate_per_year, years))
        return self.owned_mw * (capitalised - self.build_left_usd_per_critical_mw)

    def part(self, as_of: Day) -> Part:
        size = f"{self.critical_it_mw:,.1f} MW critical" + _owned(self.owned_fraction)
        return Part(SIGNED, self.name, self.usd(as_of), size, self._how(), self.owned_mw)

    def _how(self) -> str:
        left = f", less {self.build_left_usd_per_critical_mw / 1e6:g} M USD a MW" if self.build_left_usd_per_critical_mw else ""
        return f"{self.noi_usd_per_critical_mw_year / 1e6:g} M USD a MW x {self.multiple:g} from {self.noi_from}{left}"


class ExpectedLease(LeasePart):
    """A lease that is not signed."""

    probability_fraction: Annotated[float, q.PROBABILITY]

    def part(self, as_of: Day) -> Part:
        """[E3]"""
        size = f"{self.critical_it_mw:,.1f} MW critical" + _owned(self.owned_fraction)
        how = f"{100 * self.probability_fraction:g} % x ({self._how()})"
        return Part(POWER, self.name, self.probability_fraction * self.usd(as_of), size, how, self.owned_mw)


class PowerPart(Sourced):
    """Meter MW with a connection and no lease, at a price."""

    name: Name
    mw: Annotated[float, q.METER_MW]
    usd_per_mw: Annotated[float, q.MW_PRICE]
    owned_fraction: Annotated[float, q.OWNED] = 1.0

    def part(self) -> Part:
        """[E3]"""
        size = f"{self.mw:,.1f} MW open" + _owned(self.owned_fraction)
        return Part(
            POWER, self.name, self.owned_fraction * self.mw * self.usd_per_mw, size, f"{self.usd_per_mw / 1e6:g} M USD a MW"
        )


class LandPart(Sourced):
    """Land at a price per acre."""

    name: Name
    acres: Annotated[float, q.ACRES]
    usd_per_acre: Annotated[float, q.ACRE_PRICE]
    owned_fraction: Annotated[float, q.OWNED] = 1.0

    def part(self) -> Part:
        """[E4]"""
        size = f"{self.acres:,.10g} acres" + _owned(self.owned_fraction)
        return Part(
            LAND, self.name, self.owned_fraction * self.acres * self.usd_per_acre, size, f"{self.usd_per_acre:,.10g} USD an acre"
        )


class OtherPart(Sourced):
    """Anything else, positive or negative, as stated: corporate cost, a cloud business, tax."""

    name: Name
    usd: Annotated[float, q.ANY_USD]

    def part(self) -> Part:
        return Part(OTHER, self.name, self.usd, "", "as stated")


class Miner(Sourced):
    """A listed miner: its parts, its debt, and what the market says it is worth."""

    name: Name
    title: Annotated[str, Field(max_length=200)] = ""
    as_of: Day
    market: Market | None = None
    """The market path that mining is valued on; needed without a scenario if anything mines."""
    scenario: str | None = None
    """A scenario's file beside this one, or the name of a shipped one, whose plan values its mining, signed leases and offers."""
    scenario_owned_fraction: Annotated[float, q.OWNED] = 1.0
    mining: tuple[MiningPart, ...] = ()
    signed_leases: tuple[LeasePart, ...] = ()
    expected_leases: tuple[ExpectedLease, ...] = ()
    open_power: tuple[PowerPart, ...] = ()
    land: tuple[LandPart, ...] = ()
    other: tuple[OtherPart, ...] = ()
    bitcoin_btc: Annotated[float, q.COINS] = 0.0
    btc_price_usd: Annotated[float, q.BITCOIN_PRICE] | None = None
    """On the valuation date; by default the market path's first month."""
    net_debt_usd: Annotated[float, q.NET_DEBT]
    market_cap_usd: Annotated[float, q.MARKET_VALUE] | None = None
    shares: Annotated[float, q.SHARES] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Miner:
        faults = [*self._faults(), *self._market_faults()]
        if faults:
            raise PydanticCustomError("refused_many", "the miner does not fit together", {"faults": faults})
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.as_of.day != 1:
            yield Fault(("as_of",), f"{self.as_of}", "the first day of a month", f"{self.as_of.replace(day=1)}")
        seen: set[str] = set()
        for table in ("mining", "signed_leases", "expected_leases", "open_power", "land", "other"):
            for number, row in enumerate(getattr(self, table)):
                if row.name in seen:
                    yield Fault((table, number, "name"), f'the name "{row.name}" a second time', "each part once")
                seen.add(row.name)
        if self.scenario is None and not seen and not self.bitcoin_btc:
            yield Fault(("mining",), "no parts at all", "a scenario or at least one part", "there is nothing to add up")
        if self.scenario is not None and self.market is not None:
            yield Fault(("market",), "a market beside a scenario, which has its own", "one of the two")
        if self.scenario is None and self.market is None and self.mining:
            yield Fault(("market",), "mining without a market path", "the field market, or a scenario")
        if self.scenario is None and self.scenario_owned_fraction != 1:
            yield Fault(("scenario_owned_fraction",), "a share of no scenario", "the field scenario with it")
        if self.bitcoin_btc and self.btc_price_usd is None and self.scenario is None and self.market is None:
            yield Fault(("btc_price_usd",), "coins without a price", "the field btc_price_usd, or a market path")

    def _market_faults(self) -> Iterator[Fault]:
        """Paths that do not cover the months in which something mines."""
        start = Month.containing(self.as_of)
        for number, part in enumerate(self.mining):
            months = int(part.until) - int(start)
            if not 1 <= months <= LONGEST_MONTHS:
                allowed = f"a month after {start}, at most {LONGEST_MONTHS} months on"
                yield Fault(("mining", number, "until"), str(part.until), allowed)
                continue
            calendar = Calendar(start, months)
            if gap := part.power_usd_per_mwh.gap(calendar):
                yield Fault(("mining", number, "power_usd_per_mwh"), gap, "a path over the months in which it mines")
        if self.market is not None and (calendar_ := self.calendar) is not None:
            for field, path in self.market.hashprice.paths().items():
                if gap := path.gap(calendar_):
                    yield Fault(("market", "hashprice", field), gap, "a path over the months in which anything mines")

    @property
    def calendar(self) -> Calendar | None:
        """From the valuation date to the last month in which a listed part mines; its first month alone if none does."""
        start = Month.containing(self.as_of)
        months = max((int(part.until) - int(start) for part in self.mining), default=1)
        return Calendar(start, months) if 1 <= months <= LONGEST_MONTHS else None

    def listed_parts(self, network: NetworkMonths | None, btc_price_usd: float | None) -> list[Part]:
        """Every part but the scenario's. Raises a refusal where coins have no price."""
        parts = [part.part(network, self.as_of) for part in self.mining if network is not None]
        parts += [part.part(self.as_of) for part in (*self.signed_leases, *self.expected_leases)]
        parts += [part.part() for part in self.open_power]
        parts += [part.part() for part in self.land]
        if self.bitcoin_btc:
            if btc_price_usd is None:
                raise refusal("coins without a price", "the field btc_price_usd", field="btc_price_usd")
            size, how = f"{self.bitcoin_btc:,.10g} BTC", f"{btc_price_usd:,.0f} USD"
            parts.append(Part(COINS, "Bitcoin held", self.bitcoin_btc * btc_price_usd, size, how))
        return [*parts, *(part.part() for part in self.other)]


def _owned(fraction: float) -> str:
    return "" if fraction == 1 else f", {100 * fraction:g} % owned"
