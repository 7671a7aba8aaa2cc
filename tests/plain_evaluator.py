"""A second opinion on a plan: every cash line, MW and rule of a scenario, reckoned anew in plain loops.

Reads nothing but what a user wrote (`scenario.model_dump(mode="json", by_alias=True)`) and shares no arithmetic with the package:
hours are enumerated one by one in local time, halvings are walked through in time, every payment is written down on its day.

What the documents leave open, and what is taken here:
* a fleet runs in an hour if that hour brings more than nothing; at exactly nothing it stands still
* an anchor block is found at 00:00 UTC of its day
* a residual value stated as a fraction is a fraction of the whole capex, the tenant's share included
* all of the landlord's capex is depreciated from the start of rent, also what is spent later or was spent before the horizon
* extension options: depreciation goes on with the probability that the lease does; book value is deducted with each end
* `reserved_until` ends where its month begins; till then other leases keep off the offer's meter MW, of the suitable MW
* no offer starts before construction could have begun on the valuation date, even if the tenant pays for all of it
* a payment due on the day the horizon begins, or on the day after it ends (a sale), counts
* demand charges of a lease are on its meter MW in force, whatever its load factor
* a default falls within a month whose rent was still paid; it stops rent, opex, power and credits from the next month on, while the
  building, its MW and its possible ends stay as they were
* a tenant that is there on the valuation date has not defaulted so far
* every phase is late by the same delays; a late phase pays and costs nothing, and the term does not move
* bought machines are paid for in full on the first day of the month of payment; their resale price is received in full where the
  horizon ends before their life does, and no machine is delivered before its payment could fall on the first day of the horizon
* a MW that is sold is paid for on the first day of its month, in which it no longer mines, and brings no resale at its retirement
* a MW that moves costs on the first day of the month in which it leaves, an expense at the rate for mining; its resale stays
* MW are let from their conversion to the end of the lease, delivered from the start of rent on; kept MW are neither
* a lease without a tenant is a tenant of its own
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import combinations, groupby, pairwise, product
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import plain_expansions
import plain_gpus
import plain_hosting
from plain_blocks import Buyer, Seller, is_resold_in_full, resale, trade

Data = dict[str, Any]
Key = tuple[str, str, str, str]  # site, period, item, name
MiningMw = dict[tuple[str, str], float]  # (fleet, month as YYYY-MM): meter MW
LeaseMw = dict[tuple[str, str], float]  # (offer, first month of rent as YYYY-MM): critical MW
BoughtMw = dict[tuple[str, str], float]  # (machine offer, month of delivery as YYYY-MM): meter MW
SoldMw = dict[tuple[str, str], float]  # (fleet, month of sale as YYYY-MM): meter MW
ExpandedMw = dict[tuple[str, str], float]  # (expansion, month from which it is energised as YYYY-MM): meter MW
MovedMw = dict[tuple[str, str], float]  # (move, month of leaving as YYYY-MM): meter MW at the site that is left

ASIC_J_PER_TH = {"S19 Pro": 29.5, "S19 XP": 21.5, "T21": 19.0, "S21": 17.5, "S21+": 16.5, "S21 XP": 13.5, "S23 Hyd": 9.5}  # makers'
NOTHING_MW = 1e-9
COST_OF_COINS, INTEREST_ADDED = "cost of coins", "interest added to the loan"
UNTAXED = ("lease_capex", "gpu_capex", "expansion_capex", "deposit", "debt_drawn", "debt_repaid", "treasury_held")
"""Payments that are no income and no expense."""


# ---------------------------------------------------------------- months


def month_number(text: str) -> int:
    year, month = text.split("-")
    return int(year) * 12 + int(month) - 1


def month_text(number: int) -> str:
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def first_day(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def days_in(number: int) -> int:
    return (first_day(number + 1) - first_day(number)).days


# ---------------------------------------------------------------- paths


def path_value(path: Data, month: int) -> float:
    """Value of one of the written forms of a path in a month."""
    if "flat" in path:
        return float(path["flat"])
    if "start" in path:
        return float(path["start"] * (1 + path["growth_per_year"]) ** ((month - month_number(path["from"])) / 12))
    points = sorted((month_number(key), value) for key, value in path.get("anchors", path.get("months")).items())
    last_month, last_value = points[-1]
    if month >= last_month:
        growth = path["then_growth_per_year"] if month > last_month else 0.0
        return float(last_value * (1 + growth) ** ((month - last_month) / 12))
    left, right = next((a, b) for a, b in pairwise(points) if a[0] <= month < b[0])
    return _between(left, right, month, path.get("between", "step"))


def _between(left: tuple[int, float], right: tuple[int, float], month: int, how: str) -> float:
    share = (month - left[0]) / (right[0] - left[0])
    if how == "step":
        return float(left[1])
    if how == "linear":
        return float(left[1] + share * (right[1] - left[1]))
    return float(left[1] * (right[1] / left[1]) ** share)


# ---------------------------------------------------------------- hours and prices


class Hour(NamedTuple):
    """A stretch of time at one price; `hours` is 1 but for the broken end of a month or a band.

    ancillary: prices of ancillary products in it, by name.
    """

    usd_per_mwh: float
    hours: float
    ancillary: tuple[tuple[str, float], ...] = ()


@cache
def real_hours(time_zone: str, month: int) -> tuple[tuple[int, float], ...]:
    """(clock hour, length) of every hour that really passes in a local calendar month."""
    zone = ZoneInfo(time_zone)
    now, end = (datetime(number // 12, number % 12 + 1, 1, tzinfo=zone).astimezone(UTC) for number in (month, month + 1))
    half_hours = round((end - now) / timedelta(minutes=30))
    step = timedelta(hours=1) if half_hours % 2 == 0 else timedelta(minutes=30)  # some clocks change by half an hour
    hours = []
    while now < end:
        hours.append((now.astimezone(zone).hour, step / timedelta(hours=1)))
        now += step
    return tuple(hours)


def hours_in(time_zone: str, month: int) -> float:
    return math.fsum(hours for _, hours in real_hours(time_zone, month))


def _unlevelled_hours(zone: Data, month: int) -> list[Hour]:
    price, clock = zone["price"], zone["time_zone"]
    if price["kind"] == "flat":
        level = path_value(price["usd_per_mwh"], month)
        return [Hour(level, hours) for _, hours in real_hours(clock, month)]
    row = price["usd_per_mwh"][month % 12]
    if price["kind"] == "month_hour_profile":
        products = sorted(price["ancillary_usd_per_mw_hour"].items())
        return [
            Hour(row[clock_hour], hours, tuple((name, rows[month % 12][clock_hour]) for name, rows in products))
            for clock_hour, hours in real_hours(clock, month)
        ]
    total = hours_in(clock, month)
    return [
        cell
        for share, level in zip(price["share_of_hours_fraction"], row, strict=True)
        for cell in _cells_of_an_hour(level, share * total)
    ]


def _cells_of_an_hour(level: float, hours: float) -> Iterator[Hour]:
    for _ in range(math.floor(hours)):
        yield Hour(level, 1.0)
    if hours > math.floor(hours):
        yield Hour(level, hours - math.floor(hours))


def market_hours(zone: Data, month: int, power_multiplier: float) -> list[Hour]:
    """Every hour of the month at the zone's price, after the level of the month and the scenario's multiplier."""
    price, cells = zone["price"], _unlevelled_hours(zone, month)
    level = 1.0
    if price.get("multiplier") is not None:
        level = path_value(price["multiplier"], month)
    elif price.get("monthly_mean_usd_per_mwh") is not None:
        mean = math.fsum(cell.usd_per_mwh * cell.hours for cell in cells) / math.fsum(cell.hours for cell in cells)
        level = path_value(price["monthly_mean_usd_per_mwh"], month) / mean
    return [
        Hour(
            cell.usd_per_mwh * level * power_multiplier,
            cell.hours,
            tuple((name, usd * level * power_multiplier) for name, usd in cell.ancillary),
        )
        for cell in cells
    ]


# ---------------------------------------------------------------- the price of hashing


def mean_subsidy_btc(blocks: Data, month: int) -> float:
    """New coins per block, averaged over the time of a UTC month by walking from halving to halving."""
    anchor = date.fromisoformat(blocks["day"])
    per_day = Fraction(blocks["blocks_per_day"])

    def day_of(height: int) -> Fraction:
        return (height - blocks["height"]) / per_day

    now, end = (Fraction((first_day(number) - anchor).days) for number in (month, month + 1))
    start, coins = now, Fraction(0)
    epoch = math.floor((blocks["height"] + now * per_day) / 210_000)
    while now < end:
        until = min(end, day_of((epoch + 1) * 210_000))
        coins += (until - now) * Fraction(50, 2 ** max(epoch, 0))
        now, epoch = until, epoch + 1
    return float(coins / (end - start))


def hashprice_usd_per_ph_day(hashprice: Data, month: int) -> float:
    if hashprice["kind"] == "given":
        return path_value(hashprice["usd_per_ph_day"], month) * float(hashprice["multiplier"])
    subsidy = mean_subsidy_btc(hashprice["blocks"], month)
    if hashprice["fees_btc_per_block"] is not None:
        coins = subsidy + path_value(hashprice["fees_btc_per_block"], month)
    else:
        coins = subsidy * (1 + path_value(hashprice["fees_fraction_of_subsidy"], month))
    if hashprice["network_eh"] is not None:
        share_of_a_ph = 1 / (path_value(hashprice["network_eh"], month) * 1000)
        coins_per_day = coins * 144 * share_of_a_ph
    else:
        hashes_per_block = path_value(hashprice["difficulty"], month) * 2**32
        coins_per_day = coins * 1e15 * 24 * 3600 / hashes_per_block
    return coins_per_day * path_value(hashprice["btc_price_usd"], month) * float(hashprice["multiplier"])


# ---------------------------------------------------------------- agreements about the hours of mining

PLAIN_MINING = ("mining_revenue", "pool_fee", "mining_power", "mining_variable_opex", "mining_fixed_opex", "mining_demand_charge")


class Part(NamedTuple):
    """A share of every mining MW: what a running MWh and a month bring beside coins, and the programme that calls on it."""

    share: float
    ancillary_usd: float
    standby_usd: float
    called: tuple[Data, ...]
    by_the_hour: str = ""

    def sold_usd(self, cell: Hour, power_multiplier: float) -> float:
        """What a MWh in an hour brings from the service."""
        return dict(cell.ancillary)[self.by_the_hour] if self.by_the_hour else power_multiplier * self.ancillary_usd


def in_season(agreement: Data, month: int) -> bool:
    first, last, now = agreement["from_month_of_year"], agreement["to_month_of_year"], month % 12 + 1
    return first <= now <= last if first <= last else now >= first or now <= last


def curtailed(site: Data, month: int) -> list[Data]:
    return [at_month(agreement, month) for agreement in site["curtailments"] if in_season(agreement, month)]


def at_month(agreement: Data, month: int) -> Data:
    """With the hours of a month of what is agreed for a year (PlainScenario works them out)."""
    if agreement["off_hours_per_year"] is None:
        return agreement
    return {**agreement, "off_hours_per_month": agreement["off_by_month"].get(month, 0.0)}


def parts_of_a_mw(site: Data, month: int) -> list[Part]:
    """Each service and programme with its own share, and the rest."""
    parts = []
    for service in site["ancillary_services"]:
        if not in_season(service, month):
            parts.append(Part(service["share_fraction"], 0.0, 0.0, ()))
        elif service["hourly_prices"]:
            parts.append(Part(service["share_fraction"], 0.0, 0.0, (), service["hourly_prices"]))
        else:
            parts.append(Part(service["share_fraction"], path_value(service["usd_per_mw_hour"], month), 0.0, ()))
    for programme in site["standby"]:
        if in_season(programme, month):
            usd = path_value(programme["usd_per_mw_month"], month)
            parts.append(Part(programme["share_fraction"], 0.0, usd, (at_month(programme, month),)))
        else:
            parts.append(Part(programme["share_fraction"], 0.0, 0.0, ()))
    return [*parts, Part(1.0 - math.fsum(part.share for part in parts), 0.0, 0.0, ())]


def ways(peaks: list[Data]) -> list[tuple[int, ...]]:
    """Every set of peaks, by number, that mining may avoid: with those that it always avoids, without those that it never does."""
    forced = {number for number, peak in enumerate(peaks) if peak["avoid"] == "always"}
    barred = {number for number, peak in enumerate(peaks) if peak["avoid"] == "never"}
    return [chosen for chosen in subsets(len(peaks)) if forced <= set(chosen) and not barred & set(chosen)]


def subsets(size: int) -> list[tuple[int, ...]]:
    """Every set of the numbers from 0 to size - 1, small ones first."""
    return [chosen for count in range(size + 1) for chosen in combinations(range(size), count)]


def share_of_cell(agreements: list[Data], since: float, until: float, total: float) -> float:
    """Share of a stretch of the month's hours, in order of price, in which none of the agreements keeps mining off."""
    if until <= since:
        return 0.0
    dearest = max([a["off_hours_per_month"] for a in agreements if a["off_in"] == "dearest"], default=0.0)
    cheapest = max([a["off_hours_per_month"] for a in agreements if a["off_in"] == "cheapest"], default=0.0)
    inside = min(until, total - dearest) - max(since, cheapest)
    by_chance = math.prod(max(0.0, 1 - a["off_hours_per_month"] / total) for a in agreements if a["off_in"] == "average")
    return by_chance * max(0.0, inside) / (until - since)


# ---------------------------------------------------------------- money


@dataclass
class Entry:
    """One payment: in which month it falls, and what it is worth today. The month after the last one stands for the day on which
    the horizon ends; what falls on it is booked in the last month.
    """

    period: int
    item: str
    usd: float
    discounted_usd: float


@dataclass
class Evaluation:
    """What a set of decisions pays, occupies and breaks."""

    usd: dict[Key, float]
    discounted_usd: dict[Key, float]
    npv_usd: float
    gross_usd: float
    uses_mw: dict[Key, float]  # site, period, use (mining, lease, conversion, kept), name
    violations: list[str]
    cash_usd: dict[int, float] = field(default_factory=dict)  # at the end of each year that has a floor


@dataclass(frozen=True)
class Asked:
    """One limit of a rule in one month: turn x (sum of what is counted - limit) <= 0.

    fleets: of a meter MW that mines. leases: factor on the MW of a lease that are let, or delivered (`what`). per_mw_expanded:
    by how much a MW that an expansion adds to one of the sites `grows` raises the limit.
    """

    words: str
    turn: int
    limit: float
    fleets: dict[str, float]
    leases: dict[str, float]
    what: str
    per_mw_expanded: float = 0.0
    grows: tuple[str, ...] = ()


@dataclass
class PlainScenario:
    """A scenario's plain data and what loops make of it; nothing here knows the package."""

    data: Data
    first: int = field(init=False)
    length: int = field(init=False)
    _memory: dict[Any, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.valuation = date.fromisoformat(self.data["finance"]["valuation_date"])
        self.first = self.valuation.year * 12 + self.valuation.month - 1
        end = self.data["horizon"]["end"]
        last = month_number(end) if end is not None else max(map(self._last_base_month, self.data["leases"]))
        self.length = last - self.first + 1
        self.sites = {site["name"]: site for site in self.data["sites"]}
        self.fleets = {fleet["name"]: fleet for fleet in self.data["fleets"]}
        self.leases = {lease["name"]: lease for lease in self.data["leases"]}
        self.offers = {offer["name"]: offer for offer in self.data["machine_offers"]}
        self.moves = {move["name"]: move for move in self.data["machine_moves"]}
        self.site_of_expansion = {part["name"]: site for site in self.sites.values() for part in site["expansions"]}
        self.expansions = {part["name"]: part for site in self.sites.values() for part in site["expansions"]}
        self.zones = {zone["name"]: zone for zone in self.data["power"]["zones"]}
        tax = self.data["finance"]["tax"]
        self.tax_rate = 0.0 if tax is None else float(tax["rate_fraction"])
        self.schedule: Data | None = tax
        self._work_out_years()

    def _work_out_years(self) -> None:
        """Hours by month of every agreement that names hours of a year."""
        for site in self.sites.values():
            for agreement in [*site["coincident_peaks"], *site["curtailments"], *site["standby"]]:
                if agreement["off_hours_per_year"] is not None:
                    agreement["off_by_month"] = {}
                    for year in {month // 12 for month in self.months}:
                        agreement["off_by_month"].update(self._hours_of_year(site, agreement, year))

    def _hours_of_year(self, site: Data, agreement: Data, year: int) -> dict[int, float]:
        """One hour after the other from the dearest (or the cheapest) on; hours of one price in the proportion that is needed."""
        season = [month for month in range(12 * year, 12 * year + 12) if in_season(agreement, month)]
        inside = [month for month in season if month in self.months]
        left = agreement["off_hours_per_year"] * sum(map(days_in, inside)) / sum(map(days_in, season)) if season else 0.0
        cells = [(cell.usd_per_mwh, cell.hours, month) for month in inside for cell in self.market_hours(site, month)]
        found = dict.fromkeys(inside, 0.0)
        if agreement["off_in"] == "average":
            for _, hours, month in cells:
                found[month] += min(1.0, left / math.fsum(hours for _, hours, _ in cells)) * hours
            return found
        ordered = sorted(cells, key=lambda cell: cell[0], reverse=agreement["off_in"] == "dearest")
        for _, group in groupby(ordered, key=lambda cell: cell[0]):
            same = list(group)
            together = math.fsum(hours for _, hours, _ in same)
            share = min(1.0, max(0.0, left) / together)
            left -= together
            for _, hours, month in same:
                found[month] += share * hours
        return found

    def _last_base_month(self, lease: Data) -> int:
        start = lease["start_month"] or lease["start_window"]["latest"]
        return month_number(start) + term_months(lease) - 1

    @property
    def months(self) -> range:
        return range(self.first, self.first + self.length)

    # ---- discounting

    def _worth(self, kind: str, usd: float, days: float) -> float:
        rate = self.data["finance"]["discount_rate_per_year"][kind]
        return float(usd * (1 + rate) ** (-days / 365.25))

    def mid_month(self, kind: str, usd: float, month: int) -> float:
        return self._worth(kind, usd, (first_day(month) - self.valuation).days + days_in(month) / 2)

    def on_first_day(self, kind: str, usd: float, month: int) -> float:
        return self._worth(kind, usd, (first_day(month) - self.valuation).days)

    # ---- energy

    def market_hours(self, site: Data, month: int) -> tuple[Hour, ...]:
        key = ("market", site["zone"], month)
        if key not in self._memory:
            self._memory[key] = tuple(market_hours(self.zones[site["zone"]], month, self.data["power"]["multiplier"]))
        hours: tuple[Hour, ...] = self._memory[key]
        return hours

    def site_hours(self, site: Data, month: int) -> tuple[Hour, ...]:
        """Every hour of the month at what a MWh costs at the site."""
        key = ("site", site["name"], month)
        if key not in self._memory:
            supply, cells = site["supply"], self.market_hours(site, month)
            if supply["kind"] == "fixed":
                price = path_value(supply["usd_per_mwh"], month)
                cells = tuple(cell._replace(usd_per_mwh=price) for cell in cells)
            else:
                cells = tuple(cell._replace(usd_per_mwh=cell.usd_per_mwh + supply["adder_usd_per_mwh"]) for cell in cells)
            self._memory[key] = cells
        hours: tuple[Hour, ...] = self._memory[key]
        return hours

    def demand_charge_usd_per_mw(self, site: Data, month: int) -> float:
        charge = site["demand_charge"]
        return 0.0 if charge is None else 1000 * path_value(charge["usd_per_kw_month"], month)

    # ---- mining

    def fleet_j_per_th(self, fleet: Data) -> float:
        return float(fleet["j_per_th"]) if fleet["j_per_th"] is not None else ASIC_J_PER_TH[fleet["asic"]]

    def fleet_mw(self, fleet: Data) -> float:
        """1 EH/s is a million TH/s, so that many J/TH are as many MW."""
        if fleet["mw"] is not None:
            return float(fleet["mw"])
        return float(fleet["hashrate_eh"] * self.fleet_j_per_th(fleet) * fleet["overhead"])

    def fleet_th(self, fleet: Data) -> float:
        if fleet["hashrate_eh"] is not None:
            return float(fleet["hashrate_eh"] * 1e6)
        return float(fleet["mw"] * 1e6 / (self.fleet_j_per_th(fleet) * fleet["overhead"]))

    # ---- machines that may be bought

    @property
    def miners(self) -> dict[str, Data]:
        """Everything that may mine: fleets, machines on offer, and fleets where they may be moved."""
        return self.fleets | self.offers | {name: self.moved_fleet(move) for name, move in self.moves.items()}

    def deliveries(self, offer: Data) -> list[int]:
        window = offer["delivery_window"]
        first, last = month_number(window["earliest"]), month_number(window["latest"])
        months = range(first, last + 1, window["every_months"])
        return [month for month in months if month in self.months and month - offer["paid_months_before_delivery"] >= self.first]

    def life(self, offer: Data, delivered: int) -> range:
        """The months of the horizon in which machines delivered in a month are there."""
        return range(delivered, min(delivered + offer["life_months"], self.first + self.length))

    def machine_price(self, offer: Data, delivered: int) -> float:
        """USD per meter MW: a meter MW holds 1e6 W / overhead of machines, each TH/s of which draws so many W."""
        return float(path_value(offer["usd_per_th"], delivered) * self.th_per_mw(offer))

    def th_per_mw(self, offer: Data) -> float:
        return float(1e6 / offer["overhead"] / self.fleet_j_per_th(offer))

    def purchase_entries(self, offer: Data, delivered: int) -> list[Entry]:
        """Every payment of one MW delivered in a month apart from its mining, tax included."""
        price, end = self.machine_price(offer, delivered), self.life(offer, delivered).stop
        paid, period = delivered - offer["paid_months_before_delivery"], end
        resale = offer["resale_usd_per_th"] * self.th_per_mw(offer)
        sale = Entry(period, "machine_sale", resale, self.on_first_day("mining", resale, end))
        entries = [Entry(paid, "machine_purchase", -price, self.on_first_day("capex", -price, paid)), sale]
        if self.tax_rate == 0:
            return entries
        tax = self.data["finance"]["tax"]
        schedule = tax if tax["machine_depreciation_years"] is None else {"depreciation_years": tax["machine_depreciation_years"]}
        book = price
        for month in self.life(offer, delivered):
            written_off = book - price * book_share(schedule, delivered, month - delivered + 1)
            book -= written_off
            shield = self.tax_rate * written_off
            entries.append(Entry(month, "income_tax", shield, self.mid_month("mining", shield, month)))
        gain = -self.tax_rate * (resale - book)
        return [*entries, Entry(period, "income_tax", gain, self.on_first_day("mining", gain, end))]

    # ---- machines that may be sold

    def sale_months(self, fleet: Data) -> list[int]:
        if fleet["sale"] is None:
            return []
        window = fleet["sale"]["window"]
        months = range(month_number(window["earliest"]), month_number(window["latest"]) + 1, window["every_months"])
        return [month for month in months if month in self.months and self.available_mw(fleet, month) > 0]

    def sale_entries(self, fleet: Data, month: int) -> list[Entry]:
        """What one MW brings that is sold as a month begins, and the resale that it will not bring; tax included."""
        sale, market = fleet["sale"], self.data["market"]["hashprice"]
        then, first = (hashprice_usd_per_ph_day({**market, "multiplier": 1}, at) for at in (month, self.first))
        level = then * market["multiplier"] / first
        follows = sale["follows_hashprice_fraction"]
        usd = self.th_per_mw(fleet) * path_value(sale["usd_per_th"], month) * ((1 - follows) + follows * level)
        entries = [Entry(month, "machine_sale", usd, self.on_first_day("mining", usd, month))]
        later = self.fleet_sale(fleet)
        if later is not None:
            share = -1 / self.fleet_mw(fleet)
            entries.append(Entry(later.period, later.item, share * later.usd, share * later.discounted_usd))
        return [*entries, *map(self._taxed, entries)]

    def sold_mw(self, name: str, month: int, sold: SoldMw) -> float:
        return math.fsum(mw for (fleet, start), mw in sold.items() if fleet == name and month_number(start) <= month)

    # ---- machines that may be moved

    def moved_fleet(self, move: Data) -> Data:
        """The fleet as it is at the destination: the same TH/s under another overhead, and the terms of the move."""
        fleet = self.fleets[move["fleet"]]
        own = ("name", "site", "overhead", "uptime_fraction", "variable_opex_usd_per_mwh", "fixed_opex_usd_per_mw_month")
        size = {"hashrate_eh": self.fleet_th(fleet) / 1e6, "mw": None, "sale": None, "from": None, "resale_usd_per_th": 0.0}
        return {**fleet, **{key: move[key] for key in own}, **size}

    def arrival(self, move: Data, leaves: int) -> range:
        """The months of the horizon in which machines that leave in a month are at the destination."""
        retired = self.fleets[move["fleet"]]["retire_month"]
        last = self.first + self.length if retired is None else min(self.first + self.length, month_number(retired))
        return range(leaves + move["downtime_months"], max(last, leaves + move["downtime_months"]))

    def move_months(self, move: Data) -> list[int]:
        window, fleet = move["window"], self.fleets[move["fleet"]]
        months = range(month_number(window["earliest"]), month_number(window["latest"]) + 1, window["every_months"])
        there = [month for month in months if month in self.months and self.available_mw(fleet, month) > 0]
        return [month for month in there if len(self.arrival(move, month))]

    def move_entries(self, move: Data, leaves: int) -> list[Entry]:
        """Cost of one MW that leaves, and the tax on it."""
        per_th = move["usd_per_th"]
        usd = -move["usd_per_mw"] if per_th is None else -per_th * self.th_per_mw(self.fleets[move["fleet"]])
        entry = Entry(leaves, "machine_move", usd, self.on_first_day("mining", usd, leaves))
        return [entry, self._taxed(entry)]

    def moved_mw(self, name: str, month: int, moved: MovedMw) -> float:
        """MW at the destination of a move."""
        move = self.moves[name]
        ratio = move["overhead"] / self.fleets[move["fleet"]]["overhead"]
        parts = [mw for (way, leaves), mw in moved.items() if way == name and month in self.arrival(move, month_number(leaves))]
        return ratio * math.fsum(parts)

    def left_mw(self, fleet: str, month: int, moved: MovedMw) -> float:
        """MW of a fleet that have left its site."""
        return math.fsum(
            mw for (way, leaves), mw in moved.items() if self.moves[way]["fleet"] == fleet and month_number(leaves) <= month
        )

    def bought_mw(self, offer: Data, month: int, bought: BoughtMw) -> float:
        return math.fsum(
            mw for (name, start), mw in bought.items() if name == offer["name"] and month in self.life(offer, month_number(start))
        )

    def there_mw(self, name: str, month: int, bought: BoughtMw, sold: SoldMw, moved: MovedMw) -> float:
        """MW of a fleet that are there, neither sold nor moved; of machines on offer, bought and in use; of a move, arrived."""
        if name in self.moves:
            return self.moved_mw(name, month, moved)
        if name in self.offers:
            return self.bought_mw(self.offers[name], month, bought)
        there = self.available_mw(self.fleets[name], month)
        return there - self.sold_mw(name, month, sold) - self.left_mw(name, month, moved) if there else 0.0

    def available_mw(self, fleet: Data, month: int) -> float:
        early = fleet["from"] is not None and month < month_number(fleet["from"])
        late = fleet["retire_month"] is not None and month >= month_number(fleet["retire_month"])
        return 0.0 if early or late else self.fleet_mw(fleet)

    def fleet_usd_per_mwh(self, fleet: Data, month: int) -> float:
        """1 PH/s at e J/TH draws 1000 x e W; a day of it is 24 x 1000 x e Wh = 0.024 e MWh at the machine."""
        mwh_per_ph_day = 1000 * self.fleet_j_per_th(fleet) * fleet["overhead"] * 24 / 1e6
        return hashprice_usd_per_ph_day(self.data["market"]["hashprice"], month) / mwh_per_ph_day

    # ---- treasury

    def coin_sale_month(self) -> int:
        treasury = self.data["finance"]["treasury"]
        last = self.first + self.length - 1
        return last if treasury["sell_month"] is None else min(last, month_number(treasury["sell_month"]))

    def coins_kept(self, month: int) -> float:
        """Share of the coins mined in a month that goes to the treasury."""
        treasury = self.data["finance"]["treasury"]
        return 0.0 if treasury is None or month >= self.coin_sale_month() else float(treasury["hold_fraction"])

    def coin_gain(self, month: int) -> float:
        """What a coin fetches at the sale, over its price in the month in which it is mined."""
        path = self.data["market"]["hashprice"]["btc_price_usd"]
        return path_value(path, self.coin_sale_month()) / path_value(path, month)

    def worth_of_a_dollar_mined(self, month: int) -> float:
        """After tax, discounted to today: part sold at once, part kept, taxed now, sold later and taxed on the gain."""
        kept, now = self.coins_kept(month), self.mid_month("mining", 1.0, month)
        if not kept:
            return (1 - self.tax_rate) * now
        sold = self.coin_gain(month)
        later = self.mid_month("mining", sold - self.tax_rate * (sold - 1), self.coin_sale_month())
        return (1 - kept) * (1 - self.tax_rate) * now + kept * (later - self.tax_rate * now)

    def coin_premium(self, month: int) -> float:
        """What a mined dollar of coins is worth beyond one that is sold at once, per dollar of the latter; 0 where none is kept."""
        if not self.coins_kept(month):
            return 0.0
        return self.worth_of_a_dollar_mined(month) / self.mid_month("mining", 1 - self.tax_rate, month) - 1

    def _coins_per_mwh(self, fleet: Data, month: int) -> float:
        return self.fleet_usd_per_mwh(fleet, month) * (1 - fleet["pool_fee_fraction"])

    def coins_usd(self, fleet: Data, month: int) -> float:
        """Coins mined by one energised MW, after the pool's fee, at the price of the month; nothing where no coin is kept."""
        return self._coins_per_mwh(fleet, month) * self.running_mwh(fleet, month) if self.coins_kept(month) else 0.0

    def mining_lines(self, fleet: Data, month: int) -> dict[str, float]:
        """USD of each cash line for one energised MW."""
        key = ("mining", fleet["name"], month)
        if key not in self._memory:
            self._memory[key] = self._mining_lines(fleet, month)
        return dict(self._memory[key])

    def _mining_lines(self, fleet: Data, month: int) -> dict[str, float]:
        """Revenue and energy are those of a MW that is never off; what off hours cost is taken back on lines of their own."""
        site = self.sites[fleet["site"]]
        charge = site["demand_charge"]
        borne = 0.0 if charge is None else 1 - charge["avoided_by_mining_fraction"]
        lines = {
            "mining_fixed_opex": -float(fleet["fixed_opex_usd_per_mw_month"]),
            "mining_demand_charge": -borne * self.demand_charge_usd_per_mw(site, month),
        }
        for part in parts_of_a_mw(site, month):
            for item, usd in self._part_lines(fleet, month, part, self._best_way(fleet, month, part)).items():
                lines[item] = lines.get(item, 0.0) + part.share * usd
        return {item: usd for item, usd in lines.items() if usd or item in PLAIN_MINING}

    def _part_lines(self, fleet: Data, month: int, part: Part, avoided: tuple[int, ...]) -> dict[str, float]:
        """A MW in one ancillary service, one programme or none, with some peaks avoided."""
        site, uptime = self.sites[fleet["site"]], fleet["uptime_fraction"]
        revenue, opex = self.fleet_usd_per_mwh(fleet, month), fleet["variable_opex_usd_per_mwh"]
        fee = revenue * fleet["pool_fee_fraction"]
        lost, delivery = self.delivery_terms(site, month)
        peaks = [
            at_month(peak, month) if in_season(peak, month) else {**peak, "off_hours_per_month": 0.0}
            for peak in site["coincident_peaks"]
        ]
        obliged = [*curtailed(site, month), *part.called]
        charges = math.fsum(
            1000
            * path_value(peak["usd_per_kw"], month)
            * in_season(peak, month)
            * (1 - peak["avoided_fraction"] * (number in avoided))
            for number, peak in enumerate(peaks)
        )
        lines: dict[str, list[float]] = defaultdict(list, {item: [] for item in PLAIN_MINING[:4]})
        cells = self.cells_with_off(site, month, obliged, [*obliged, *(peaks[number] for number in avoided)])
        for cell, allowed, kept in cells:
            sold = part.sold_usd(cell, self.data["power"]["multiplier"])
            margin = revenue - fee - opex + sold - delivery - cell.usd_per_mwh * (1 + lost)
            if margin + (revenue - fee) * self.coin_premium(month) > 0:
                mwh = uptime * cell.hours
                lines["mining_revenue"].append(mwh * revenue)
                lines["pool_fee"].append(-mwh * fee)
                lines["mining_power"].append(-mwh * cell.usd_per_mwh)
                lines["mining_losses"].append(-mwh * lost * cell.usd_per_mwh)
                lines["mining_delivery"].append(-mwh * delivery)
                lines["mining_variable_opex"].append(-mwh * opex)
                lines["ancillary_income"].append(mwh * sold)
                lines["curtailment_forgone"].append(-mwh * (1 - allowed) * margin)
                lines["peak_hours_forgone"].append(-mwh * (allowed - kept) * margin)
        lines["mining_peak_charge"].append(-charges)
        lines["standby_income"].append(part.standby_usd)
        return {item: math.fsum(usd) for item, usd in lines.items()}

    def cells_with_off(self, site: Data, month: int, obliged: list[Data], off: list[Data]) -> list[tuple[Hour, float, float]]:
        """Every hour at the site's price, with the shares of it in which mining may run under two lists of agreements."""
        pairs = sorted(zip(self.market_hours(site, month), self.site_hours(site, month), strict=True), key=lambda pair: pair[0])
        total, since, found = math.fsum(market.hours for market, _ in pairs), 0.0, []
        for _, group in groupby(pairs, key=lambda pair: pair[0].usd_per_mwh):
            same = list(group)
            until = since + math.fsum(market.hours for market, _ in same)
            shares = [share_of_cell(agreements, since, until, total) for agreements in (obliged, off)]
            found += [(cell, *shares) for _, cell in same]
            since = until
        return found

    def running_mwh(self, fleet: Data, month: int) -> float:
        """MWh that one energised MW draws, with all off hours left out."""
        site = self.sites[fleet["site"]]
        return math.fsum(
            part.share * self._part_mwh(fleet, month, part, self._best_way(fleet, month, part))
            for part in parts_of_a_mw(site, month)
        )

    def _best_way(self, fleet: Data, month: int, part: Part) -> tuple[int, ...]:
        """The peaks that a MW avoids, by their numbers: the set that is worth most, with coins as the treasury keeps them."""

        def worth(avoided: tuple[int, ...]) -> float:
            cash = math.fsum(self._part_lines(fleet, month, part, avoided).values())
            premium = self.coin_premium(month) * self._coins_per_mwh(fleet, month)
            return cash + (premium * self._part_mwh(fleet, month, part, avoided) if premium else 0.0)

        return max(ways(self.sites[fleet["site"]]["coincident_peaks"]), key=worth)

    def _part_mwh(self, fleet: Data, month: int, part: Part, avoided: tuple[int, ...]) -> float:
        site = self.sites[fleet["site"]]
        lost, delivery = self.delivery_terms(site, month)
        earned = self._coins_per_mwh(fleet, month) * (1 + self.coin_premium(month)) - fleet["variable_opex_usd_per_mwh"]
        multiplier = self.data["power"]["multiplier"]
        peaks = [site["coincident_peaks"][number] for number in avoided]
        off = [*curtailed(site, month), *part.called, *(at_month(peak, month) for peak in peaks if in_season(peak, month))]
        return math.fsum(
            fleet["uptime_fraction"] * kept * cell.hours
            for cell, _, kept in self.cells_with_off(site, month, off, off)
            if earned + part.sold_usd(cell, multiplier) - delivery - cell.usd_per_mwh * (1 + lost) > 0
        )

    def delivery_terms(self, site: Data, month: int) -> tuple[float, float]:
        """MWh lost for each MWh at the meter, and the charge per MWh."""
        delivery = site["delivery"]
        return (0.0, 0.0) if delivery is None else (delivery["loss_fraction"], path_value(delivery["usd_per_mwh"], month))

    def peak_charges_usd_per_mw(self, site: Data, month: int) -> float:
        """Of a MW that is always on."""
        peaks = [peak for peak in site["coincident_peaks"] if in_season(peak, month)]
        return math.fsum(1000 * path_value(peak["usd_per_kw"], month) for peak in peaks)

    def mining_margin_usd(self, fleet: Data, month: int) -> float:
        """Before tax, which takes the same share of every MW and so never changes the order of fleets or the sign.

        Coins that are kept count at what they are worth after tax today, per dollar of today's that a sale would leave.
        """
        extra = self.coin_premium(month) * self.coins_usd(fleet, month)
        return math.fsum([*self.mining_lines(fleet, month).values(), extra])

    def fleet_sale(self, fleet: Data) -> Entry | None:
        """The whole fleet is sold on the first day of its retirement month or at the end of the horizon, whatever the plan."""
        end = self.first + self.length
        day = end if fleet["retire_month"] is None else min(end, month_number(fleet["retire_month"]))
        usd = fleet["resale_usd_per_th"] * self.fleet_th(fleet)
        never_there = fleet["from"] is not None and month_number(fleet["from"]) >= end
        if day < self.first or usd == 0 or never_there:
            return None
        return Entry(day, "machine_sale", usd, self.on_first_day("mining", usd, day))

    def _running_entries(self, fleet: Data, mining_mw: MiningMw) -> Iterator[Entry]:
        for month in self.months:
            mw = mining_mw.get((fleet["name"], month_text(month)), 0.0)
            lines = self.mining_lines(fleet, month) if mw else {}
            for item, per_mw in lines.items():
                yield Entry(month, item, mw * per_mw, self.mid_month("mining", mw * per_mw, month))
            if lines and (kept := self.coins_kept(month)):
                coins = kept * mw * self.coins_usd(fleet, month)
                yield Entry(month, "treasury_held", -coins, self.mid_month("mining", -coins, month))
                sold, sale = coins * self.coin_gain(month), self.coin_sale_month()
                yield Entry(sale, "treasury_sale", sold, self.mid_month("mining", sold, sale))
                yield Entry(sale, COST_OF_COINS, coins, self.mid_month("mining", coins, sale))

    def _mining_entries(self, fleet: Data, mining_mw: MiningMw) -> Iterator[Entry]:
        yield from self._running_entries(fleet, mining_mw)
        sale = self.fleet_sale(fleet)
        if sale is not None:
            yield sale

    # ---- leases

    def lease_entries(self, lease: Data, start: int) -> list[Entry]:
        """Every payment of one critical MW whose rent starts in a month, tax excluded."""
        key = ("lease", lease["name"], start)
        if key not in self._memory:
            parts = (
                self._capex,
                self._gpus,
                self._operation,
                self._residuals,
                self._ahead,
                self._on_end_days,
                self._termination_fees,
                self._loan,
            )
            self._memory[key] = [entry for part in parts for entry in part(lease, start)]
        return list(self._memory[key])

    def _capex(self, lease: Data, start: int) -> Iterator[Entry]:
        for month, usd in self.spending(lease, start):
            yield Entry(month, "lease_capex", -usd, self.on_first_day("capex", -usd, month))

    def _gpus(self, lease: Data, start: int) -> Iterator[Entry]:
        for month, usd in self.gpu_spending(lease, start):
            yield Entry(month, "gpu_capex", -usd, self.on_first_day("capex", -usd, month))
        for day, usd, _ in self.gpu_sales(lease, start):
            yield Entry(day, "gpu_resale", usd, self.on_first_day("lease", usd, day))

    def gpu_spending(self, lease: Data, start: int) -> Iterator[tuple[int, float]]:
        """(month, USD spent on GPUs per critical MW) inside the horizon."""
        for n, usd in plain_gpus.bought(lease["gpu_cloud"], ends(lease)) if lease["gpu_cloud"] else ():
            if start + n in self.months:
                yield start + n, usd

    def gpu_sales(self, lease: Data, start: int) -> Iterator[tuple[int, float, float]]:
        """(month beginning on that day, USD received, book value), from the valuation date on."""
        horizon = self.first + self.length - start
        for n, usd, book in plain_gpus.sold(lease["gpu_cloud"], ends(lease), horizon) if lease["gpu_cloud"] else ():
            if start + n >= self.first:
                yield start + n, usd, book

    def spending(self, lease: Data, start: int) -> Iterator[tuple[int, float]]:
        """(month, USD of the landlord's capex per critical MW) inside the horizon."""
        for offset, share in spending_shares(lease):
            if self.first <= start + offset < self.first + self.length:
                yield start + offset, share * landlord_capex(lease)

    def _operation(self, lease: Data, start: int) -> Iterator[Entry]:
        for month in self.months:
            for item, usd in self._operating_lines(lease, month, start).items():
                if usd:
                    yield Entry(month, item, usd, self.mid_month("lease", usd, month))

    def _operating_lines(self, lease: Data, month: int, start: int) -> dict[str, float]:
        rent, opex, meter_mw = self._terms(lease, month, start)
        if month < start:
            return {}
        site, lines = self.sites[lease["site"]], {"rent": rent, "lease_opex": -opex}
        if lease["hosting"] is not None:
            lines = {"lease_opex": -opex} | self._hosted_lines(lease, month, start, meter_mw)
        elif lease["power_paid_by"] == "landlord" and meter_mw:
            whole_month = math.fsum(cell.usd_per_mwh * cell.hours for cell in self.site_hours(site, month))
            lines["lease_power"] = -meter_mw * lease["load_factor_fraction"] * whole_month
            lost, delivery = self.delivery_terms(site, month)
            lines["lease_losses"] = lost * lines["lease_power"]
            hours = math.fsum(cell.hours for cell in self.site_hours(site, month))
            lines["lease_delivery"] = -meter_mw * lease["load_factor_fraction"] * hours * delivery
        if lease["demand_charge_paid_by"] == "landlord":
            shut_off = lease["hosting"] is not None and lease["hosting"]["interruptible"] and site["demand_charge"] is not None
            avoided = site["demand_charge"]["avoided_by_mining_fraction"] if shut_off else 0.0
            lines["lease_demand_charge"] = -meter_mw * (1 - avoided) * self.demand_charge_usd_per_mw(site, month)
            lines["lease_peak_charge"] = -meter_mw * self.peak_charges_usd_per_mw(site, month)
        lines |= self._property_lines(lease, month, start)
        return lines | self._lines_of_other_terms(lease, month, start, rent)

    def _property_lines(self, lease: Data, month: int, start: int) -> dict[str, float]:
        """What the owner of a leased critical MW pays for ground, tax, insurance and upkeep, as expected."""
        n, lines = month - start, {}
        stands = expected_share(lease, n, False) * probability_in_force(lease, n)
        for cost in lease["property_costs"]:
            by_kw, of_capex = cost["usd_per_kw_month"], cost["fraction_of_capex_per_year"]
            base = by_kw * 1000 if by_kw is not None else of_capex * lease["capex_usd_per_critical_mw"] / 12
            now = base * ladder(cost["escalator_per_year"], n)
            rises = cost["tenant_share_of_rises_fraction"]
            rises = cost["tenant_share_fraction"] if rises is None else rises
            owed = cost["tenant_share_fraction"] * base + rises * (now - base)
            if n // 12 < cost["abated_years"]:
                now, owed = now * (1 - cost["abated_fraction"]), owed * (1 - cost["abated_fraction"])
            paying = self.solvent(lease, start, month)
            lines["lease_" + cost["kind"]] = -stands * (paying * (now - owed) + (1 - paying) * now)
        return lines

    def _hosted_lines(self, lease: Data, month: int, start: int, meter_mw: float) -> dict[str, float]:
        """What hosted machines pay and what their power costs, for a critical MW of the offer."""
        site, n = self.sites[lease["site"]], month - start
        lost, delivery = self.delivery_terms(site, month)
        j_per_th = lease["hosting"]["j_per_th"]
        mined = 0.0
        if j_per_th is not None:
            mined = hashprice_usd_per_ph_day(self.data["market"]["hashprice"], month) * 1e6 / (24 * 1000 * j_per_th)
        machines_mw = meter_mw / lease["gross_up"]
        paying = expected_share(lease, n, True) * probability_in_force(lease, n) * self.solvent(lease, start, month)
        ladder_now = ladder(lease["escalator_per_year"], n)
        hours = [(cell.usd_per_mwh, cell.hours) for cell in self.site_hours(site, month)]
        bill = plain_hosting.month_of_a_mw(lease, hours, ladder_now, mined, lost, delivery)
        return bill.lines(machines_mw, paying)

    def _terms(self, lease: Data, month: int, start: int) -> tuple[float, float, float]:
        """Rent, opex and meter MW in force in a month, as expected over options, rights, delays and defaults."""
        n = month - start
        key = ("terms", lease["name"], start, n)
        if key not in self._memory:
            runs = probability_in_force(lease, n) * self.solvent(lease, start, month)
            rent = first_year_rent(lease) * 1000 * rent_ladder(lease, n) * expected_share(lease, n, True) * runs
            delivered = expected_share(lease, n, False) * runs
            opex = lease["opex_usd_per_kw_month"] * 1000 * ladder(lease["opex_escalator_per_year"], n) * delivered
            self._memory[key] = (rent, opex + lease["opex_fraction_of_rent"] * rent, lease["gross_up"] * delivered)
        terms: tuple[float, float, float] = self._memory[key]
        return terms

    # ---- defaults, delays and money beside the rent

    def solvent(self, lease: Data, start: int, month: int) -> float:
        """The probability that the tenant has not defaulted by the first day of a month."""
        if lease["tenant_default"] is None:
            return 1.0
        years = max(0, month - max(start, self.first)) / 12
        return float((1 - lease["tenant_default"]["hazard_per_year"]) ** years)

    def _lines_of_other_terms(self, lease: Data, month: int, start: int, rent: float) -> dict[str, float]:
        n, lines = month - start, dict[str, float]()
        whole = first_year_rent(lease) * 1000 * rent_ladder(lease, n)
        alive, solvent = probability_in_force(lease, n), self.solvent(lease, start, month)
        if lease["service_level"] is not None:
            level = lease["service_level"]
            lines["service_credits"] = -rent * level["rent_at_risk_fraction"] * level["expected_loss_fraction"]
        late = delivered_share(lease, n) - expected_share(lease, n, False)
        lines["late_delivery_penalty"] = -lease["delay_penalty_fraction_of_rent"] * whole * late * alive * solvent
        if lease["tenant_default"] is not None:
            due = whole * expected_share(lease, n, True)
            recovery = lease["tenant_default"]["recovery_fraction"]
            lines["default_recovery"] = recovery * due * alive * (1 - solvent)
            lines["credit_support"] = alive * self._credit_support(lease, start, month)
        if lease["prepayment"] is not None:
            terms = lease["prepayment"]
            if terms["credited_from_month"] <= n < terms["credited_from_month"] + terms["credited_months"]:
                lines["prepayment"] = -prepaid(lease) / terms["credited_months"] * alive * solvent
        return lines

    def _credit_support(self, lease: Data, start: int, month: int) -> float:
        """What the guarantor pays in a month: for a default in every month before, what is left of his limit, if the lease runs."""
        terms = lease["tenant_default"]
        if month - start >= term_months(lease) or not terms["backstop_fraction"]:
            return 0.0
        key = ("support", lease["name"], start)
        if key not in self._memory:
            self._memory[key] = self._support_by_month(lease, start)
        return float(self._memory[key].get(month, 0.0))

    def _support_by_month(self, lease: Data, start: int) -> dict[int, float]:
        """Every default by itself, and what the guarantor still owes after it month by month until his limit."""
        terms, paid, end = lease["tenant_default"], defaultdict[int, list[float]](list), start + term_months(lease)
        share = terms["backstop_fraction"] * (1 - terms["recovery_fraction"])
        rent, limit = first_year_rent(lease) * 1000, contract_value(lease) * terms["backstop_limit_fraction_of_contract_value"]
        owed = {
            month: share * rent * rent_ladder(lease, month - start) * expected_share(lease, month - start, True)
            for month in range(max(start, self.first), end)
        }
        for default in owed:
            chance, left = self.solvent(lease, start, default) - self.solvent(lease, start, default + 1), limit
            for later in range(default + 1, end):
                payment = min(left, owed[later])
                left -= payment
                paid[later].append(chance * payment)
        return {month: math.fsum(parts) for month, parts in paid.items()}

    def _ahead(self, lease: Data, start: int) -> Iterator[Entry]:
        """Prepayment and deposit as they come in; an offer's not before the valuation date."""
        for item, usd in (("prepayment", prepaid(lease)), ("deposit", deposit(lease))):
            if lease[item] is not None:
                month = start - lease[item]["paid_months_before_start"]
                if lease["status"] == "offered":
                    month = max(month, self.first)
                if month in self.months:
                    yield Entry(month, item, usd, self.mid_month("lease", usd, month))

    def _on_end_days(self, lease: Data, start: int) -> Iterator[Entry]:
        """What goes back when the lease ends or is counted: rent paid ahead and not credited yet, and the deposit."""
        for day, n, probability in self.lease_ends(lease, start):
            chance, period = probability * self.solvent(lease, start, day), day
            if lease["prepayment"] is not None:
                terms = lease["prepayment"]
                credited = sum(1 for k in range(terms["credited_months"]) if terms["credited_from_month"] + k < n)
                usd = -chance * prepaid(lease) * (1 - credited / terms["credited_months"])
                yield Entry(period, "prepayment", usd, self.on_first_day("lease", usd, day))
            if lease["deposit"] is not None:
                usd = -chance * deposit(lease)
                yield Entry(period, "deposit", usd, self.on_first_day("lease", usd, day))

    def _termination_fees(self, lease: Data, start: int) -> Iterator[Entry]:
        alive = 1.0
        for right in lease["terminations"]:
            n, chance = right["month_from_start"], alive * right["probability_fraction"]
            alive -= chance
            rent = first_year_rent(lease) * 1000 * rent_ladder(lease, n) * paying_share(lease, n)
            fee = right["fee_months_of_rent"] * rent + right["fee_usd_per_critical_mw"]
            day = start + n
            if self.first <= day <= self.first + self.length:
                usd = chance * self.solvent(lease, start, day) * (fee if right["by"] == "tenant" else -fee)
                yield Entry(day, "termination_fee", usd, self.on_first_day("lease", usd, day))

    def _forfeits(self, lease: Data, start: int) -> Iterator[Entry]:
        """Tax on the deposit that a default in a month of the lease leaves with the landlord."""
        for month in self.months:
            chance = self.solvent(lease, start, month) - self.solvent(lease, start, month + 1)
            usd = -self.tax_rate * deposit(lease) * chance * probability_in_force(lease, month - start)
            if usd:
                yield Entry(month, "income_tax", usd, self.mid_month("lease", usd, month))

    def lease_ends(self, lease: Data, start: int) -> Iterator[tuple[int, int, float]]:
        """(month beginning on the day of an end, n, probability); what outlasts the horizon is booked out where that ends."""
        end = self.first + self.length
        for n, probability in ends(lease):
            day = min(start + n, end)
            if probability and day >= self.first:
                yield day, day - start, probability

    def _residuals(self, lease: Data, start: int) -> Iterator[Entry]:
        for day, _, probability in self.lease_ends(lease, start):
            usd = probability * residual_value(lease)
            if usd:
                yield Entry(day, "residual_value", usd, self.on_first_day("lease", usd, day))

    def lease_tax(self, lease: Data, start: int) -> Iterator[Entry]:
        """Tax on what comes in less what is deducted, per critical MW; capex is deducted through its depreciation alone."""
        if self.tax_rate == 0:
            return
        for entry in self.lease_entries(lease, start):
            if entry.item not in UNTAXED:
                yield self._taxed(entry)
        yield from self._forfeits(lease, start)
        for day, usd in self._interest_added(lease, start):
            shield = self.tax_rate * usd
            yield Entry(day, "income_tax", shield, self.on_first_day("debt", shield, day))
        for month in self.months:
            shield = self.tax_rate * self._depreciation(lease, start, month - start)
            yield Entry(month, "income_tax", shield, self.mid_month("lease", shield, month))
        for day, n, probability in self.lease_ends(lease, start):
            shield = self.tax_rate * probability * self.book_value(lease, start, n)
            yield Entry(day, "income_tax", shield, self.on_first_day("lease", shield, day))

        yield from self._gpu_shields(lease, start)

    def _gpu_shields(self, lease: Data, start: int) -> Iterator[Entry]:
        """What GPUs save in tax, while they are written off and when they are sold."""
        for month in self.months if lease["gpu_cloud"] else ():
            if month >= start:
                shield = self.tax_rate * plain_gpus.written_off(lease["gpu_cloud"], ends(lease), month - start)
                yield Entry(month, "income_tax", shield, self.mid_month("lease", shield, month))
        for day, _, book in self.gpu_sales(lease, start):
            shield = self.tax_rate * book
            yield Entry(day, "income_tax", shield, self.on_first_day("lease", shield, day))

    # ---- expansions

    def expansion_months(self, name: str) -> list[int]:
        return plain_expansions.may_begin(self.expansions[name], self.months, month_number)

    def expansion_entries(self, name: str, begun: int) -> Iterator[Entry]:
        """Every payment of one MW of an expansion, tax included."""
        expansion, end = self.expansions[name], self.first + self.length
        for paid in plain_expansions.payments(expansion, begun, end):
            day = self.on_first_day if paid.at_once else self.mid_month
            entry = Entry(paid.month, paid.item, paid.usd, day(paid.kind, paid.usd, paid.month))
            yield entry
            if paid.item not in UNTAXED and self.tax_rate:
                yield self._taxed(entry)
        if self.tax_rate:
            assert self.schedule is not None
            left = [expansion["capex_usd_per_mw"] * book_share(self.schedule, begun, n) for n in range(end - begun + 1)]
            for n, month in enumerate(range(begun, end)):
                shield = self.tax_rate * (left[n] - left[n + 1])
                yield Entry(month, "income_tax", shield, self.mid_month("lease", shield, month))
            yield Entry(end, "income_tax", self.tax_rate * left[-1], self.on_first_day("lease", self.tax_rate * left[-1], end))

    def expanded_mw(self, site: Data, month: int, expanded: ExpandedMw, suitable: bool = False) -> float:
        """MW that expansions have added to a site by a month, or those of them that can host leases."""
        return math.fsum(
            mw * (self.expansions[name]["hpc_suitable_fraction"] if suitable else 1.0)
            for (name, begun), mw in expanded.items()
            if self.site_of_expansion[name]["name"] == site["name"] and month_number(begun) <= month
        )

    def expansion_spending(self, name: str, begun: int) -> Iterator[tuple[int, float]]:
        """(month, USD) of the capex of one MW."""
        for paid in plain_expansions.payments(self.expansions[name], begun, self.first + self.length):
            if paid.item == "expansion_capex":
                yield paid.month, -paid.usd

    def _broken_expansions(self, expanded: ExpandedMw, tolerance: float = 1e-6) -> Iterator[str]:
        for name, expansion in self.expansions.items():
            parts = {month_number(begun): mw for (of, begun), mw in expanded.items() if of == name and mw}
            most = plain_expansions.counted_mw(self.site_of_expansion[name], expansion)
            if sum(parts.values()) > most + tolerance or min(parts.values(), default=0.0) < -tolerance:
                yield f"{name}: {parts} MW energised of {most}"
            if not set(parts) <= set(self.expansion_months(name)):
                yield f"{name}: energised in {sorted(map(month_text, parts))}, not all possible"

    def book_value(self, lease: Data, start: int, n: int) -> float:
        assert self.schedule is not None
        return landlord_capex(lease) * book_share(self.schedule, start, n)

    def _depreciation(self, lease: Data, start: int, n: int) -> float:
        return (self.book_value(lease, start, n) - self.book_value(lease, start, n + 1)) * probability_in_force(lease, n)

    # ---- loans

    def _loan(self, lease: Data, start: int) -> Iterator[Entry]:
        """What passes between lender and landlord on days of the horizon; what is owed when it ends is paid then."""
        end = self.first + self.length
        for day, item, usd in loan_payments(lease, start, end) if lease["debt"] is not None else ():
            if item != INTEREST_ADDED and self.first <= day <= end and usd:
                yield Entry(day, item, usd, self.on_first_day("debt", usd, day))

    def _interest_added(self, lease: Data, start: int) -> Iterator[tuple[int, float]]:
        """(day, interest that is deducted and added to the loan instead of being paid)."""
        end = self.first + self.length
        for day, item, usd in loan_payments(lease, start, end) if lease["debt"] is not None else ():
            if item == INTEREST_ADDED and self.first <= day <= end:
                yield day, usd

    def unit_value_usd(self, lease: Data, start: int) -> float:
        """What one critical MW from a start is worth today, after tax, without the power it uses."""
        return math.fsum(entry.discounted_usd for entry in [*self.lease_entries(lease, start), *self.lease_tax(lease, start)])

    def all_starts(self, lease_mw: LeaseMw) -> LeaseMw:
        """The decisions on offers and what is signed already."""
        signed = {
            (name, lease["start_month"]): float(lease["critical_it_mw"])
            for name, lease in self.leases.items()
            if lease["status"] == "signed"
        }
        return {key: mw for key, mw in lease_mw.items() if self.leases[key[0]]["status"] == "offered"} | signed

    # ---- rules

    def energised_mw(self, site: Data, month: int) -> float:
        """Without expansions."""
        return ramp_value(site["energised_mw"], month, site["mw_counted"])

    def suitable_mw(self, site: Data, month: int) -> float:
        if site["hpc_suitable_mw"] is None:
            return self.energised_mw(site, month)
        return min(self.energised_mw(site, month), ramp_value(site["hpc_suitable_mw"], month, site["mw_counted"]))

    def allowed_starts(self, lease: Data) -> list[int]:
        """Months of the window, in its steps, after lead time and construction (from the valuation date on), inside the horizon."""
        window = lease["start_window"]
        earliest_spending = min(offset for offset, _ in spending_shares(lease))
        if lease["gpu_cloud"]:
            earliest_spending = min(earliest_spending, -lease["gpu_cloud"]["gpu_paid_months_before_start"])
        return [
            month
            for month in range(month_number(window["earliest"]), month_number(window["latest"]) + 1, window["every_months"])
            if month >= self.first + lease["lead_time_months"]
            and month in self.months
            and month + min(0, earliest_spending) >= self.first
        ]

    def occupied_mw(self, lease: Data, start: int, month: int) -> float:
        """Meter MW per critical MW that mining cannot use."""
        return math.fsum(self.lease_uses(lease, start, month).values())

    def lease_uses(self, lease: Data, start: int, month: int) -> dict[str, float]:
        """Meter MW per critical MW in a month, by use."""
        key = ("uses", lease["name"], month - start)
        if key not in self._memory:
            self._memory[key] = self._lease_uses(lease, month - start)
        return dict(self._memory[key])

    @staticmethod
    def _lease_uses(lease: Data, n: int) -> dict[str, float]:
        if n >= max(end for end, probability in ends(lease) if probability):
            return {"kept": float(lease["gross_up"])} if lease["mw_after_term"] == "kept" else {}
        delivered = delivered_share(lease, n)
        taken = delivered_share(lease, n + lease["conversion_outage_months"])
        return {"lease": lease["gross_up"] * delivered, "conversion": lease["gross_up"] * (taken - delivered)}

    def budgeted(self, lease: Data, start: int) -> Iterator[tuple[int, float]]:
        """(month, USD per critical MW) that counts against the budgets."""
        own = 1.0
        if lease["debt"] is not None and self.data["finance"]["capex_budget_is_net_of_debt"]:
            own = 1 - lease["debt"]["loan_to_cost_fraction"]
        for month, usd in self.spending(lease, start):
            yield month, own * usd
        yield from self.gpu_spending(lease, start)

    def capex_by_year(self, lease_mw: LeaseMw) -> dict[int, float]:
        """The landlord's spending on offers."""
        spent: dict[int, list[float]] = defaultdict(list)
        for (name, start), mw in lease_mw.items():
            if self.leases[name]["status"] == "offered":
                for month, usd in self.budgeted(self.leases[name], month_number(start)):
                    spent[month // 12].append(mw * usd)
        return {year: math.fsum(usd) for year, usd in spent.items()}

    def violations(
        self,
        mining_mw: MiningMw,
        lease_mw: LeaseMw,
        bought: BoughtMw | None = None,
        sold: SoldMw | None = None,
        moved: MovedMw | None = None,
        expanded: ExpandedMw | None = None,
        tolerance: float = 1e-6,
    ) -> list[str]:
        lease_mw, bought, sold, moved = self.all_starts(lease_mw), bought or {}, sold or {}, moved or {}
        expanded = expanded or {}
        found = [*self._broken_offers(lease_mw), *self._broken_purchases(bought)]
        found += [*self._broken_budget(lease_mw, bought, expanded), *self._broken_expansions(expanded)]
        found += [*self._broken_sales(sold, moved), *self._broken_moves(moved)]
        found += self._broken_rules(mining_mw, lease_mw, expanded, tolerance)
        for site in self.sites.values():
            for month in self.months:
                found += self._broken_site(site, month, mining_mw, lease_mw, expanded, tolerance)
            for year in {month // 12 for month in self.months} if site["energy_cap"] else ():
                if self.leased_mwh(site, year, lease_mw) > self.cap_mwh(site, year) * (1 + tolerance) + tolerance:
                    found.append(f"{site['name']} {year}: leases draw more than the cap")
        for (name, period), mw in mining_mw.items():
            there = self.there_mw(name, month_number(period), bought, sold, moved)
            if not -tolerance <= mw <= there + tolerance:
                found.append(f"{period}: {name} mines {mw} MW of {there}")
        return found

    def _broken_moves(self, moved: MovedMw) -> Iterator[str]:
        for (name, leaves), mw in moved.items():
            if mw < -1e-6 or (mw and month_number(leaves) not in self.move_months(self.moves[name])):
                yield f"{name}: {mw} MW cannot leave in {leaves}"

    def _broken_sales(self, sold: SoldMw, moved: MovedMw, tolerance: float = 1e-6) -> Iterator[str]:
        for name, fleet in self.fleets.items():
            parts = {month_number(start): mw for (machines, start), mw in sold.items() if machines == name and mw}
            left = self.left_mw(name, self.first + self.length, moved)
            if sum(parts.values()) + left > self.fleet_mw(fleet) + tolerance or min(parts.values(), default=0.0) < -tolerance:
                yield f"{name}: {parts} MW sold and {left} moved of {self.fleet_mw(fleet)}"
            if not set(parts) <= set(self.sale_months(fleet)):
                yield f"{name}: sales {sorted(map(month_text, parts))} not all possible"

    def _broken_purchases(self, bought: BoughtMw, tolerance: float = 1e-6) -> Iterator[str]:
        for name, offer in self.offers.items():
            parts = {month_number(start): mw for (machines, start), mw in bought.items() if machines == name and mw}
            if sum(parts.values()) > self.fleet_mw(offer) + tolerance or min(parts.values(), default=0.0) < -tolerance:
                yield f"{name}: {parts} MW bought of {self.fleet_mw(offer)}"
            if not set(parts) <= set(self.deliveries(offer)):
                yield f"{name}: deliveries {sorted(map(month_text, parts))} not all possible"

    def _broken_offers(self, lease_mw: LeaseMw, tolerance: float = 1e-6) -> Iterator[str]:
        for name, lease in self.leases.items():
            taken = {month_number(start): mw for (offer, start), mw in lease_mw.items() if offer == name and mw > NOTHING_MW}
            most = lease["critical_it_mw"]
            if sum(taken.values()) > most * (1 + tolerance):
                yield f"{name}: {sum(taken.values())} MW of {most}"
            if lease["status"] == "offered" and not set(taken) <= set(self.allowed_starts(lease)):
                yield f"{name}: starts {sorted(map(month_text, taken))} not all allowed"
            if lease["indivisible"] and any(abs(mw - most) > tolerance * most for mw in taken.values()):
                yield f"{name}: not a whole block, {taken}"
            least = lease["minimum_critical_mw"]
            if least is not None and 0 < sum(taken.values()) < least * (1 - tolerance):
                yield f"{name}: {sum(taken.values())} MW, at least {least} if any"
            if lease["status"] == "offered" and lease["requires"] in self.leases:
                yield from self._broken_prerequisite(lease, self.leases[lease["requires"]], lease_mw, tolerance)
        groups = {lease["exclusive_group"] for lease in self.leases.values()} - {None}
        for group in sorted(groups):
            taken_names = {
                offer for (offer, _), mw in lease_mw.items() if mw > NOTHING_MW and self.leases[offer]["exclusive_group"] == group
            }
            if len(taken_names) > 1:
                yield f"group {group}: {sorted(taken_names)}"

    def _broken_prerequisite(self, lease: Data, needed: Data, lease_mw: LeaseMw, tolerance: float) -> Iterator[str]:
        """In no month has a larger share of the offer begun than of the one that it needs."""
        for month in self.months:
            mine, theirs = (
                math.fsum(mw for (name, start), mw in lease_mw.items() if name == one["name"] and month_number(start) <= month)
                / one["critical_it_mw"]
                for one in (lease, needed)
            )
            if mine > theirs + tolerance:
                yield f"{lease['name']}: {mine} of it by {month_text(month)} with {theirs} of {needed['name']}"

    def _broken_budget(self, lease_mw: LeaseMw, bought: BoughtMw, expanded: ExpandedMw, tolerance: float = 1e-6) -> Iterator[str]:
        spent = self.capex_by_year(lease_mw)
        for (name, start), mw in bought.items():
            offer, delivered = self.offers[name], month_number(start)
            year = (delivered - offer["paid_months_before_delivery"]) // 12
            spent[year] = spent.get(year, 0.0) + mw * self.machine_price(offer, delivered)
        for (name, begun), mw in expanded.items():
            for month, usd in self.expansion_spending(name, month_number(begun)):
                spent[month // 12] = spent.get(month // 12, 0.0) + mw * usd
        for year, most in self.data["finance"]["capex_budget_usd"].items():
            if spent.get(int(year), 0.0) > most + tolerance * max(most, 1e6):
                yield f"{year}: capex of {spent[int(year)]} against a budget of {most}"
        for year, most in self.data["finance"]["cumulative_capex_budget_usd"].items():
            until = math.fsum(usd for at, usd in spent.items() if at <= int(year))
            if until > most + tolerance * max(most, 1e6):
                yield f"up to {year}: capex of {until} against a budget of {most}"

    def _broken_rules(self, mining_mw: MiningMw, lease_mw: LeaseMw, expanded: ExpandedMw, tolerance: float) -> Iterator[str]:
        for month in self.months:
            for asked in self.asked_in(month):
                grown = math.fsum(self.expanded_mw(self.sites[site], month, expanded) for site in asked.grows)
                counted = [share * mining_mw.get((name, month_text(month)), 0.0) for name, share in asked.fleets.items()] + [
                    mw * self.counted_mw(asked, name, month_number(start), month) for (name, start), mw in lease_mw.items()
                ]
                over = asked.turn * (math.fsum(counted) - asked.limit - asked.per_mw_expanded * grown)
                if over > tolerance * max(1.0, math.fsum(abs(part) for part in counted)):
                    yield f"{month_text(month)}: {asked.words} is missed by {over}"

    def asked_in(self, month: int) -> Iterator[Asked]:
        """Every limit of every rule in a month: what is counted of each fleet and lease, and the limit."""
        for rule in self.data.get("rules", []):
            early = rule["from"] is not None and month < month_number(rule["from"])
            late = rule["to"] is not None and month > month_number(rule["to"])
            for side, turn in (("at_most", 1), ("at_least", -1)):
                stated = [rule[f"{side}_{unit}"] for unit in ("eh", "mw", "fraction") if rule[f"{side}_{unit}"] is not None]
                if stated and not early and not late:
                    yield from self._asked(rule, turn, stated[0], month)

    def _asked(self, rule: Data, turn: int, figure: float, month: int) -> Iterator[Asked]:
        words, kind = f"{rule['name']} ({'at most' if turn > 0 else 'at least'} {figure})", rule["kind"]
        sites = [name for name in self.sites if rule["site"] in (None, name)]
        fleets = {name: fleet for name, fleet in self.miners.items() if fleet["site"] in sites}
        leases = {name: lease for name, lease in self.leases.items() if lease["site"] in sites}
        there = math.fsum(self.energised_mw(self.sites[name], month) for name in sites)
        if kind == "hashrate":
            per_mw = {name: 1 / (self.fleet_j_per_th(fleet) * fleet["overhead"]) for name, fleet in fleets.items()}
            yield Asked(words, turn, figure, per_mw, {}, "let")
        elif kind == "mining_share":
            yield Asked(words, turn, figure * there, dict.fromkeys(fleets, 1.0), {}, "let", figure, tuple(sites))
        elif kind == "lease_share":
            yield Asked(words, turn, figure * there, {}, dict.fromkeys(leases, 1.0), "let", figure, tuple(sites))
        elif kind == "load":
            yield Asked(words, turn, figure, dict.fromkeys(fleets, 1.0), dict.fromkeys(leases, 1.0), "delivered")
        elif kind == "curtailable_share":
            mining, firm = dict.fromkeys(fleets, 1 - figure), dict.fromkeys(leases, -figure)
            yield Asked(words, turn, 0.0, mining, firm, "delivered")
        else:
            tenants = {name: lease["tenant"] if lease["tenant"] is not None else name for name, lease in leases.items()}
            for tenant in sorted(set(tenants.values())):
                if rule["tenant"] in (None, tenant):
                    own = {name: float(tenants[name] == tenant) for name in leases}
                    if kind == "tenant_rent_share":
                        yield Asked(words, turn, 0.0, {}, {name: share - figure for name, share in own.items()}, "rent")
                    elif kind == "tenant_share":
                        yield Asked(words, turn, 0.0, {}, {name: share - figure for name, share in own.items()}, "let")
                    else:
                        yield Asked(words, turn, figure, {}, own, "let")

    def counted_mw(self, asked: Asked, name: str, start: int, month: int) -> float:
        """What a rule counts of one critical MW of a lease in a month."""
        if not asked.leases.get(name):
            return 0.0
        if asked.what == "rent":
            return asked.leases[name] * (self._terms(self.leases[name], month, start)[0] if month >= start else 0.0) / 1000
        uses = self.lease_uses(self.leases[name], start, month)
        mw = uses.get("lease", 0.0) + (uses.get("conversion", 0.0) if asked.what == "let" else 0.0)
        return asked.leases[name] * mw

    def _broken_site(
        self, site: Data, month: int, mining_mw: MiningMw, lease_mw: LeaseMw, expanded: ExpandedMw, tolerance: float
    ) -> Iterator[str]:
        occupied = self.site_leases_mw(site, month, lease_mw)
        mining = math.fsum(
            mining_mw.get((fleet["name"], month_text(month)), 0.0)
            for fleet in self.miners.values()
            if fleet["site"] == site["name"]
        )
        place = f"{site['name']} {month_text(month)}"
        energised = self.energised_mw(site, month) + self.expanded_mw(site, month, expanded)
        if mining + math.fsum(occupied.values()) > energised + tolerance:
            yield f"{place}: more than the energised {energised} MW in use"
        added = self.expanded_mw(site, month, expanded, suitable=True)
        yield from self._broken_suitable(place, site, month, occupied, added, tolerance)

    def _broken_suitable(
        self, place: str, site: Data, month: int, occupied: dict[str, float], added: float, tolerance: float
    ) -> Iterator[str]:
        """added: suitable MW of expansions, which no right reserves."""
        suitable = self.suitable_mw(site, month)
        reserved = self.reserved_mw(site, month)
        others = math.fsum(mw for name, mw in occupied.items() if name not in reserved)
        if math.fsum(occupied.values()) > suitable + added + tolerance:
            yield f"{place}: leases use {math.fsum(occupied.values())} of {suitable + added} suitable MW"
        if others > NOTHING_MW and others > max(suitable - math.fsum(reserved.values()), 0.0) + added + tolerance:
            yield f"{place}: {others} MW of leases in MW reserved for {sorted(reserved)}"

    def reserved_mw(self, site: Data, month: int) -> dict[str, float]:
        """Meter MW kept free in a month, by the offer they are kept for."""
        return {
            name: lease["critical_it_mw"] * lease["gross_up"]
            for name, lease in self.leases.items()
            if lease["site"] == site["name"]
            and lease["status"] == "offered"
            and lease["reserved_until"] is not None
            and month < month_number(lease["reserved_until"])
        }

    def site_leases_mw(self, site: Data, month: int, lease_mw: LeaseMw) -> dict[str, float]:
        """Meter MW that each lease of a site occupies."""
        occupied: dict[str, float] = {}
        for (name, start), mw in lease_mw.items():
            if self.leases[name]["site"] == site["name"]:
                used = mw * self.occupied_mw(self.leases[name], month_number(start), month)
                occupied[name] = occupied.get(name, 0.0) + used
        return occupied

    # ---- the whole

    def evaluate(
        self,
        mining_mw: MiningMw,
        lease_mw: LeaseMw,
        bought: BoughtMw | None = None,
        sold: SoldMw | None = None,
        moved: MovedMw | None = None,
        expanded: ExpandedMw | None = None,
    ) -> Evaluation:
        expanded = expanded or {}
        lease_mw, bought, sold, moved = self.all_starts(lease_mw), bought or {}, sold or {}, moved or {}
        book: list[tuple[str, str, Entry]] = []  # site, name, payment
        for name, fleet in self.fleets.items():
            entries = list(self._mining_entries(fleet, mining_mw))
            book += [(fleet["site"], name, entry) for entry in self._with_tax(entries)]
        for name, offer in self.miners.items():
            entries = [] if name in self.fleets else list(self._running_entries(offer, mining_mw))
            book += [(offer["site"], name, entry) for entry in self._with_tax(entries)]
        for (name, leaves), mw in moved.items():
            site, entries = (
                self.fleets[self.moves[name]["fleet"]]["site"],
                self.move_entries(self.moves[name], month_number(leaves)),
            )
            book += [(site, name, Entry(e.period, e.item, mw * e.usd, mw * e.discounted_usd)) for e in entries]
        for (name, start), mw in [*bought.items(), *sold.items()]:
            owner, month = self.miners[name], month_number(start)
            entries = self.purchase_entries(owner, month) if name in self.offers else self.sale_entries(owner, month)
            book += [(owner["site"], name, Entry(e.period, e.item, mw * e.usd, mw * e.discounted_usd)) for e in entries]
        for (name, begun), mw in expanded.items():
            for e in self.expansion_entries(name, month_number(begun)):
                site_name = self.site_of_expansion[name]["name"]
                book.append((site_name, name, Entry(e.period, e.item, mw * e.usd, mw * e.discounted_usd)))
        for (name, start), mw in lease_mw.items():
            lease = self.leases[name]
            entries = [*self.lease_entries(lease, month_number(start)), *self.lease_tax(lease, month_number(start))]
            book += [(lease["site"], name, Entry(e.period, e.item, mw * e.usd, mw * e.discounted_usd)) for e in entries]
        for site in self.sites.values():
            for block in site["blocks"]:
                entries = list(self._block_entries(site, block))
                book += [(site["name"], block["name"], entry) for entry in [*entries, *map(self._taxed, entries)]]
            for name, entry in self._block_use(site, mining_mw, lease_mw):
                book += [(site["name"], name, entry), (site["name"], name, self._taxed(entry))]
            for name, entry in self._given_up(site, mining_mw, lease_mw) if site["energy_cap"] else ():
                book += [(site["name"], name, entry), (site["name"], name, self._taxed(entry))]
        found = self._added_up(book, mining_mw, lease_mw, self.violations(mining_mw, lease_mw, bought, sold, moved, expanded))
        if self.data["finance"]["cash"]:
            self._add_cash(found, [entry for *_, entry in book], lease_mw)
        return found

    def _add_cash(self, found: Evaluation, book: list[Entry], lease_mw: LeaseMw, tolerance: float = 1e-6) -> None:
        """Cash until the end of each year with a floor, without buildings and without the day on which the horizon ends."""
        end = self.first + self.length
        buildings = [
            (day, mw * probability * (residual_value(lease) - self._tax_on_building(lease, month_number(start), n)))
            for (name, start), mw in lease_mw.items()
            for lease in [self.leases[name]]
            for day, n, probability in self.lease_ends(lease, month_number(start))
        ]
        paid = [(entry.period, entry.usd) for entry in book] + [(day, -usd) for day, usd in buildings]
        for year, least in self.data["finance"]["cash"]["floor_usd"].items():
            if int(year) in {month // 12 for month in self.months}:
                until = [usd for month, usd in paid if month // 12 <= int(year) and month < end]
                found.cash_usd[int(year)] = math.fsum([self.from_outside(int(year)), *until])
                if found.cash_usd[int(year)] < least - tolerance * max(1e6, math.fsum(map(abs, until))):
                    found.violations.append(f"end of {year}: {found.cash_usd[int(year)]} USD of cash, the floor is {least}")

    def _tax_on_building(self, lease: Data, start: int, n: int) -> float:
        return self.tax_rate * (residual_value(lease) - self.book_value(lease, start, n)) if self.tax_rate else 0.0

    def from_outside(self, year: int) -> float:
        """Cash on the valuation date and what is raised until the end of a year."""
        cash = self.data["finance"]["cash"]
        raised = (usd for at, usd in cash["raised_usd"].items() if self.first // 12 <= int(at) <= year)
        return math.fsum([cash["opening_usd"], *raised])

    def _with_tax(self, entries: list[Entry]) -> list[Entry]:
        """What is paid of the entries of machines that run, and the tax on it."""
        paid = [entry for entry in entries if entry.item != COST_OF_COINS]
        return [*paid, *(self._taxed(entry) for entry in entries if entry.item not in UNTAXED)]

    def _taxed(self, entry: Entry) -> Entry:
        if entry.item == COST_OF_COINS:  # deducted from what the coins are sold for
            return Entry(entry.period, "income_tax", self.tax_rate * entry.usd, self.tax_rate * entry.discounted_usd)
        return Entry(entry.period, "income_tax", -self.tax_rate * entry.usd, -self.tax_rate * entry.discounted_usd)

    def _block_entries(self, site: Data, block: Data) -> Iterator[Entry]:
        for month in self.months:
            if month_number(block["from"]) <= month <= month_number(block["to"]):
                gain = math.fsum(
                    cell.hours * (resale(block, cell.usd_per_mwh) - block["usd_per_mwh"]) for cell in self.market_hours(site, month)
                )
                usd = block["mw"] * gain
                yield Entry(month, "block_settlement", usd, self.mid_month("power_contract", usd, month))

    # ---- blocks whose energy is used

    def used_blocks(self, site: Data, month: int) -> list[Data]:
        """Blocks of a month whose unused energy brings less than the index."""
        return [
            block
            for block in site["blocks"]
            if not is_resold_in_full(block) and month_number(block["from"]) <= month <= month_number(block["to"])
        ]

    def firm_mw(self, site: Data, month: int, lease_mw: LeaseMw) -> float:
        """Meter MW around the clock whose energy the landlord buys."""
        return math.fsum(
            mw * self.firm_mw_of(self.leases[name], month_number(start), month)
            for (name, start), mw in lease_mw.items()
            if self.leases[name]["site"] == site["name"]
        )

    def firm_mw_of(self, lease: Data, start: int, month: int) -> float:
        if lease["power_paid_by"] != "landlord" or month < start:
            return 0.0
        return float(lease["load_factor_fraction"] * self._terms(lease, month, start)[2])

    def states_of_month(self, site: Data, month: int) -> list[tuple[Hour, Hour, float, frozenset[int]]]:
        """(hour at the market, at the site, hours that it counts, numbers of the parts that may run then), in order of price.

        Stretches of the month's hours in order of price are cut where any agreement begins or ends; in each of them every set of
        agreements by chance may fall together.
        """
        key = ("states", site["name"], month)
        if key not in self._memory:
            self._memory[key] = list(self._states_of_month(site, month))
        return list(self._memory[key])

    def _states_of_month(self, site: Data, month: int) -> Iterator[tuple[Hour, Hour, float, frozenset[int]]]:
        pairs = sorted(zip(self.market_hours(site, month), self.site_hours(site, month), strict=True), key=lambda pair: pair[0])
        total, since = math.fsum(market.hours for market, _ in pairs), 0.0
        everywhere = [*curtailed(site, month), *self.peaks_always_avoided(site, month)]
        of_part = [[*everywhere, *part.called] for part in parts_of_a_mw(site, month)]
        spans = []
        for agreements in of_part:
            dearest = max([a["off_hours_per_month"] for a in agreements if a["off_in"] == "dearest"], default=0.0)
            cheapest = max([a["off_hours_per_month"] for a in agreements if a["off_in"] == "cheapest"], default=0.0)
            spans.append((cheapest, total - dearest))
        everyone = frozenset(range(len(of_part)))
        chances = [(a, everyone) for a in everywhere]
        chances += [(a, frozenset([n])) for n, part in enumerate(parts_of_a_mw(site, month)) for a in part.called]
        chances = [(a, hit) for a, hit in chances if a["off_in"] == "average"]
        for _, group in groupby(pairs, key=lambda pair: pair[0].usd_per_mwh):
            same = list(group)
            until = since + math.fsum(market.hours for market, _ in same)
            cuts = sorted({since, until, *(edge for span in spans for edge in span if since < edge < until)})
            for begin, end in pairwise(cuts):
                ranked = frozenset(n for n, (low, high) in enumerate(spans) if low <= begin and end <= high)
                for chosen in subsets(len(chances)):
                    odds = math.prod(
                        min(1.0, a["off_hours_per_month"] / total)
                        if n in chosen
                        else max(0.0, 1 - a["off_hours_per_month"] / total)
                        for n, (a, _) in enumerate(chances)
                    )
                    on = ranked.difference(*(chances[n][1] for n in chosen))
                    for market, cell in same if odds > 0 else ():
                        yield market, cell, market.hours * (end - begin) / (until - since) * odds, on
            since = until

    def peaks_always_avoided(self, site: Data, month: int) -> list[Data]:
        return [at_month(peak, month) for peak in site["coincident_peaks"] if peak["avoid"] == "always" and in_season(peak, month)]

    def hour_of_blocks(self, site: Data, month: int, cell: Hour, price: float) -> tuple[list[Seller], dict[tuple[str, int], float]]:
        """What each block gains in an hour at a market price, and what running loses (below 0: earns), by fleet and part; per MWh.

        In dollars of mining: a dollar of a block counts for as many as it is worth beside one of them today.
        """
        same = self.mid_month("power_contract", 1.0, month) / self.mid_month("mining", 1.0, month)
        sellers = [
            Seller(block["name"], block["mw"], same * max(0.0, price - resale(block, price)))
            for block in self.used_blocks(site, month)
        ]
        lost, delivery = self.delivery_terms(site, month)
        loses = {
            (name, n): cell.usd_per_mwh * (1 + lost)
            + delivery
            + fleet["variable_opex_usd_per_mwh"]
            - self._coins_per_mwh(fleet, month)
            - part.sold_usd(cell, self.data["power"]["multiplier"])
            for name, fleet in self.miners.items()
            if fleet["site"] == site["name"]
            for n, part in enumerate(parts_of_a_mw(site, month))
        }
        return sellers, loses

    def _block_use(self, site: Data, mining_mw: MiningMw, lease_mw: LeaseMw) -> Iterator[tuple[str, Entry]]:
        """(name, payment) of the energy of blocks that is used, and of mining that runs on it although the index does not pay."""
        for month in self.months:
            if self.used_blocks(site, month):
                firm = self.firm_mw(site, month, lease_mw)
                for market, cell, hours, on in self.states_of_month(site, month):
                    yield from self._hour_of_use(site, month, market._replace(hours=hours), cell, on, firm, mining_mw)

    def _hour_of_use(
        self, site: Data, month: int, market: Hour, cell: Hour, on: frozenset[int], firm: float, mining_mw: MiningMw
    ) -> Iterator[tuple[str, Entry]]:
        lost, delivery = self.delivery_terms(site, month)
        sellers, loses = self.hour_of_blocks(site, month, cell, market.usd_per_mwh)
        buyers = [Buyer("firm", firm * (1 + lost), None)]
        parts, of_buyer = parts_of_a_mw(site, month), {}
        for (name, n), loss in loses.items():
            mw = parts[n].share * self.miners[name]["uptime_fraction"] * mining_mw.get((name, month_text(month)), 0.0)
            if n in on:
                of_buyer[f"{name} / {n}"] = name, parts[n]
                buyers.append(Buyer(f"{name} / {n}", mw * (1 + lost), None if loss < 0 else loss / (1 + lost)))
        standing = {buyer.name for buyer in buyers if buyer.cost_usd_per_mwh is not None}
        blocks = {block["name"]: block for block in self.used_blocks(site, month)}
        for block, buyer, mw in trade(sellers, buyers):
            usd = mw * market.hours * (market.usd_per_mwh - resale(blocks[block], market.usd_per_mwh))
            yield block, Entry(month, "block_energy_used", usd, self.mid_month("power_contract", usd, month))
            if buyer in standing:
                name, part = of_buyer[buyer]
                fleet, mwh = self.miners[name], mw * market.hours / (1 + lost)
                revenue = self.fleet_usd_per_mwh(fleet, month)
                for item, per_mwh in (
                    ("mining_revenue", revenue),
                    ("pool_fee", -revenue * fleet["pool_fee_fraction"]),
                    ("mining_power", -cell.usd_per_mwh),
                    ("mining_losses", -lost * cell.usd_per_mwh),
                    ("mining_delivery", -delivery),
                    ("mining_variable_opex", -fleet["variable_opex_usd_per_mwh"]),
                    ("ancillary_income", part.sold_usd(cell, self.data["power"]["multiplier"])),
                ):
                    yield name, Entry(month, item, mwh * per_mwh, self.mid_month("mining", mwh * per_mwh, month))

    # ---- energy caps

    def cap_mwh(self, site: Data, year: int) -> float:
        """Of the part of a year that the horizon holds, by days."""
        inside = math.fsum(days_in(month) for month in self.months if month // 12 == year)
        return float(site["energy_cap"]["mwh_per_year"] * inside / math.fsum(days_in(12 * year + n) for n in range(12)))

    def load_mw(self, lease: Data, start: int, month: int) -> float:
        """Meter MW around the clock, whoever pays for its energy."""
        return 0.0 if month < start else float(lease["load_factor_fraction"] * self._terms(lease, month, start)[2])

    def leased_mwh(self, site: Data, year: int, lease_mw: LeaseMw) -> float:
        """What leases draw in a year, losses included."""
        return math.fsum(
            mw
            * self.load_mw(self.leases[name], month_number(start), month)
            * math.fsum(cell.hours for cell in self.site_hours(site, month))
            * (1 + self.delivery_terms(site, month)[0])
            for (name, start), mw in lease_mw.items()
            if self.leases[name]["site"] == site["name"]
            for month in self.months
            if month // 12 == year
        )

    def _given_up(self, site: Data, mining_mw: MiningMw, lease_mw: LeaseMw) -> Iterator[tuple[str, Entry]]:
        """Hour after hour, the ones that are worth least today per MWh bought first, until the cap is kept."""
        for year in sorted({month // 12 for month in self.months}):
            hours = []  # worth per MWh bought, MWh bought, fleet, month, margin per MWh
            for name, fleet in self.miners.items():
                for month in self.months:
                    mw = mining_mw.get((name, month_text(month)), 0.0)
                    if fleet["site"] == site["name"] and month // 12 == year and mw:
                        for part in parts_of_a_mw(site, month):
                            hours += [
                                (worth, mw * bought, name, month, margin)
                                for worth, bought, margin in self._capped(fleet, month, part)
                            ]
            drawn = math.fsum(bought for _, bought, *_ in hours) + self.leased_mwh(site, year, lease_mw)
            over = drawn - self.cap_mwh(site, year)
            for _, bought, name, month, margin in sorted(hours):
                held = min(max(over, 0.0), bought)
                over -= held
                if held:
                    usd = -held * margin
                    yield name, Entry(month, "energy_cap_forgone", usd, self.mid_month("mining", usd, month))

    def _capped(self, fleet: Data, month: int, part: Part) -> Iterator[tuple[float, float, float]]:
        """(worth today per MWh bought, MWh bought, margin per MWh bought) of a part of one MW, hour by hour where it pays."""
        site = self.sites[fleet["site"]]
        lost, delivery = self.delivery_terms(site, month)
        off = [*curtailed(site, month), *self.peaks_always_avoided(site, month), *part.called]
        for cell, allowed, _ in self.cells_with_off(site, month, off, off):
            earned = self._coins_per_mwh(fleet, month) - fleet["variable_opex_usd_per_mwh"]
            sold = part.sold_usd(cell, self.data["power"]["multiplier"])
            margin = earned + sold - delivery - cell.usd_per_mwh * (1 + lost)
            if margin > 0:
                bought = part.share * allowed * fleet["uptime_fraction"] * cell.hours * (1 + lost)
                yield self.mid_month("mining", margin, month) / (1 + lost), bought, margin / (1 + lost)

    def blocks_usd(self, mining_mw: MiningMw, lease_mw: LeaseMw) -> float:
        """What the use of blocks adds to a plan today, after tax."""
        signed = self.all_starts(lease_mw)
        found = [entry.discounted_usd for site in self.sites.values() for _, entry in self._block_use(site, mining_mw, signed)]
        return (1 - self.tax_rate) * math.fsum(found)

    def _added_up(
        self, book: list[tuple[str, str, Entry]], mining_mw: MiningMw, lease_mw: LeaseMw, violations: list[str]
    ) -> Evaluation:
        usd: dict[Key, list[float]] = defaultdict(list)
        discounted: dict[Key, list[float]] = defaultdict(list)
        for site, name, entry in book:
            key = (site, month_text(min(entry.period, self.first + self.length - 1)), entry.item, name)
            usd[key].append(entry.usd)
            discounted[key].append(entry.discounted_usd)
        return Evaluation(
            usd={key: math.fsum(parts) for key, parts in usd.items()},
            discounted_usd={key: math.fsum(parts) for key, parts in discounted.items()},
            npv_usd=math.fsum(entry.discounted_usd for _, _, entry in book),
            gross_usd=math.fsum(abs(entry.discounted_usd) for _, _, entry in book),
            uses_mw=self._uses_mw(mining_mw, lease_mw),
            violations=violations,
        )

    def _uses_mw(self, mining_mw: MiningMw, lease_mw: LeaseMw) -> dict[Key, float]:
        uses: dict[Key, float] = defaultdict(float)
        for (name, period), mw in mining_mw.items():
            uses[self.miners[name]["site"], period, "mining", name] += mw
        for (name, start), mw in lease_mw.items():
            for month in self.months:
                for use, per_mw in self.lease_uses(self.leases[name], month_number(start), month).items():
                    uses[self.leases[name]["site"], month_text(month), use, name] += mw * per_mw
        return uses

    def best_mining(self, lease_mw: LeaseMw) -> MiningMw:
        """The best use of what leases leave free: in every month the fleets with the largest margin first, losing ones never."""
        lease_mw, best = self.all_starts(lease_mw), {}
        for site in self.sites.values():
            for month in self.months:
                free = self.energised_mw(site, month) - math.fsum(self.site_leases_mw(site, month, lease_mw).values())
                fleets = [fleet for fleet in self.fleets.values() if fleet["site"] == site["name"]]
                for fleet in sorted(fleets, key=lambda fleet: -self.mining_margin_usd(fleet, month)):
                    mw = max(0.0, min(free, self.available_mw(fleet, month)))
                    if mw > 0 and self.mining_margin_usd(fleet, month) > 0:
                        best[fleet["name"], month_text(month)] = mw
                        free -= mw
        return best


# ---------------------------------------------------------------- a lease, in months n from the start of rent


def term_months(lease: Data) -> int:
    return round(lease["term_years"] * 12)


def ladder(escalator: float, n: int) -> float:
    """A step every twelve months."""
    return float((1 + escalator) ** (n // 12))


def rent_ladder(lease: Data, n: int) -> float:
    """The escalator's steps, and the fall of the price of a GPU-hour month by month."""
    decay = 0.0 if lease["gpu_cloud"] is None else lease["gpu_cloud"]["price_decay_per_year"]
    return float(ladder(lease["escalator_per_year"], n) * (1 - decay) ** (n / 12))


def delivered_share(lease: Data, n: int) -> float:
    return math.fsum(phase["share_fraction"] for phase in lease["phases"] if phase["months_after_start"] <= n)


def paying_share(lease: Data, n: int) -> float:
    return delivered_share(lease, n - lease["free_months"])


def expected_share(lease: Data, n: int, paying: bool) -> float:
    """Share delivered (or paying) in month n, over every possible delay."""
    share = delivered_share(lease, n - (lease["free_months"] if paying else 0))
    for delay in lease["delays"]:
        later = delivered_share(lease, n - delay["months"] - (lease["free_months"] if paying else 0))
        now = delivered_share(lease, n - (lease["free_months"] if paying else 0))
        share += delay["probability_fraction"] * (later - now)
    return share


def contract_value(lease: Data) -> float:
    """Rent of the base term for one critical MW."""
    months = range(term_months(lease))
    return math.fsum(first_year_rent(lease) * 1000 * rent_ladder(lease, n) * paying_share(lease, n) for n in months)


def prepaid(lease: Data) -> float:
    return 0.0 if lease["prepayment"] is None else float(lease["prepayment"]["contract_value_fraction"] * contract_value(lease))


def deposit(lease: Data) -> float:
    return 0.0 if lease["deposit"] is None else float(lease["deposit"]["months_of_rent"] * 1000 * first_year_rent(lease))


def first_year_rent(lease: Data) -> float:
    """USD per kW and month; a contract value is shared out over the base term as its ladder, phases and free months have it."""
    if lease["rent_usd_per_kw_month"] is not None:
        return float(lease["rent_usd_per_kw_month"])
    if lease["hosting"] is not None:
        return plain_hosting.fee_as_rent(lease["hosting"])
    if lease["gpu_cloud"] is not None and lease["gpu_cloud"]["usd_per_gpu_hour"] is not None:
        return plain_gpus.gpu_hour_rent(lease["gpu_cloud"])
    payments = math.fsum(rent_ladder(lease, n) * paying_share(lease, n) for n in range(term_months(lease)))
    return float(lease["contract_value_usd"] / (lease["critical_it_mw"] * 1000 * payments))


def landlord_capex(lease: Data) -> float:
    return float(lease["capex_usd_per_critical_mw"] * (1 - lease["tenant_funded_capex_fraction"]))


MACRS = {  # IRS Publication 946, table A-1, in hundredths of a percent
    5: [2000, 3200, 1920, 1152, 1152, 576],
    7: [1429, 2449, 1749, 1249, 893, 892, 893, 446],
    15: [500, 950, 855, 770, 693, 623, 590, 590, 591, 590, 591, 590, 591, 590, 591, 295],
}
FIRST_YEAR_OF_39 = [2.461, 2.247, 2.033, 1.819, 1.605, 1.391, 1.177, 0.963, 0.749, 0.535, 0.321, 0.107]  # table A-7a, January first


def yearly_shares(schedule: Data, start: int) -> list[float]:
    """Shares of the cost deducted in the first, second, ... calendar year."""
    if schedule["macrs_years"] == 39:
        first = FIRST_YEAR_OF_39[start % 12] / 100
        shares = [first, *[0.02564] * 38, 1 - first - 38 * 0.02564]
    else:
        shares = [hundredths / 10_000 for hundredths in MACRS[schedule["macrs_years"]]]
    bonus = schedule["bonus_fraction"]
    return [bonus + (1 - bonus) * shares[0], *((1 - bonus) * share for share in shares[1:])]


@cache
def _macrs_book(macrs_years: int, bonus: float, month_of_year: int, n: int) -> float:
    schedule = {"macrs_years": macrs_years, "bonus_fraction": bonus}
    shares, left, first = yearly_shares(schedule, month_of_year), 1.0, 12 - month_of_year
    for month in range(n):
        year = 0 if month < first else 1 + (month - first) // 12
        if year < len(shares):
            left -= shares[year] / (first if year == 0 else 12)
    return max(0.0, left)


def book_share(schedule: Data, start: int, n: int) -> float:
    """Share of the cost that is left after n months."""
    if schedule["depreciation_years"] is not None:
        return float(max(0.0, 1 - max(0, n) / (12 * schedule["depreciation_years"])))
    return _macrs_book(schedule["macrs_years"], schedule["bonus_fraction"], start % 12, max(0, n))


def loan_payments(lease: Data, start: int, end: int) -> Iterator[tuple[int, str, float]]:
    """(month on whose first day, item, USD per critical MW) of a loan, month by month; what is owed at the end is paid back."""
    terms, cost = lease["debt"], landlord_capex(lease)
    last = start + terms["grace_months"] + round(12 * terms["amortisation_years"])
    rate, owed = terms["rate_per_year"] / 12, 0.0
    for month in range(min(start, *(start + offset for offset, _ in spending_shares(lease))), min(last, end)):
        drawn = (
            terms["loan_to_cost_fraction"] * cost * math.fsum(s for offset, s in spending_shares(lease) if start + offset == month)
        )
        yield month, "debt_drawn", drawn
        yield month, "debt_fees", -terms["fee_fraction"] * drawn
        owed += drawn
        interest = owed * rate
        if month < start and terms["interest_while_building"] == "capitalised":
            yield month + 1, INTEREST_ADDED, interest
            owed += interest
        else:
            yield month + 1, "debt_interest", -interest
        if month >= start + terms["grace_months"]:
            payments = last - month
            level = owed / payments if rate == 0 else owed * rate * (1 + rate) ** payments / ((1 + rate) ** payments - 1)
            yield month + 1, "debt_repaid", interest - level
            owed -= level - interest
    if last > end:
        yield end, "debt_repaid", -owed


def residual_value(lease: Data) -> float:
    if lease["residual_value_usd_per_critical_mw"] is not None:
        return float(lease["residual_value_usd_per_critical_mw"])
    return float(lease["capex_usd_per_critical_mw"] * lease["residual_value_fraction_of_capex"])


def spending_shares(lease: Data) -> list[tuple[int, float]]:
    """(month from the start of rent, share): as listed, or evenly over the months of building, which end where rent begins."""
    if lease["capex_spending"]:
        return [(spending["month_from_start"], spending["share_fraction"]) for spending in lease["capex_spending"]]
    build = lease["build_months"]
    return [(0, 1.0)] if build == 0 else [(-k, 1 / build) for k in range(build, 0, -1)]


def ends(lease: Data) -> list[tuple[int, float]]:
    """(months from the start of rent, probability) of each possible end."""
    found, n, reached = list[tuple[int, float]](), term_months(lease), 1.0
    for right in lease["terminations"]:
        found.append((right["month_from_start"], reached * right["probability_fraction"]))
        reached *= 1 - right["probability_fraction"]
    for extension in lease["extensions"]:
        used = extension["exercise_probability_fraction"]
        found.append((n, reached * (1 - used)))
        n, reached = n + round(extension["years"] * 12), reached * used
    return [*found, (n, reached)]


def probability_in_force(lease: Data, n: int) -> float:
    """The probability that the lease has begun and has not ended by month n."""
    return math.fsum(probability for end, probability in ends(lease) if n < end) if n >= 0 else 0.0


def ramp_value(steps: list[Data], month: int, counted: str) -> float:
    """MW that count: for `expected` the mean over all ways in which the steps up to the month may come or not, enumerated."""
    begun = [step for step in sorted(steps, key=lambda step: month_number(step["from"])) if month_number(step["from"]) <= month]
    if counted == "all":
        return float(begun[-1]["mw_total"]) if begun else 0.0
    uncertain = [step for step in begun if step["probability"] < 1]
    found: list[tuple[float, float]] = []  # (probability, MW) of each way
    for comes in product((False, True), repeat=len(uncertain)):
        chance = math.prod(
            step["probability"] if yes else 1 - step["probability"] for step, yes in zip(uncertain, comes, strict=True)
        )
        left_out = [step for step, yes in zip(uncertain, comes, strict=True) if not yes]
        kept = [step for step in begun if not any(step is other for other in left_out)]
        found.append((chance, float(kept[-1]["mw_total"]) if kept else 0.0))
    # What is certain is there whichever steps come.
    return min(mw for _, mw in found) if counted == "firm_only" else math.fsum(chance * mw for chance, mw in found)
