"""The full hourly linear program of a scenario: a column for every hour, month and fleet, built from `plain_evaluator` alone.

    maximise   sum_l,c value[l,c] lease[l,c] + sum_k,t fixed[k,t] energised[k,t] + sum_k,h margin[k,h] run[k,h]
               + sum_a,c purchase[a,c] bought[a,c] + sum_k,c sale[k,c] sold[k,c] + sum_r,c cost[r,c] moved[r,c]
               + sum_e,c cost[e,c] expanded[e,c]
    subject to run[k,h] <= uptime[k] energised[k,t(h)]                    every hour, and every part of an hour of a price band
               energised of machines on offer <= bought and in use;  bought <= offered;  energised + sold and moved so far <= owned
               energised at the destination of a move <= what has arrived there
               sum_k energised[k,t] + sum_l,c occupied[l,c,t] lease[l,c] <= energised MW of the site + expanded so far
               leases <= suitable MW, with those of expansions, less what rights reserve for others
               starts of an offer <= offered;  capex <= budget
               shares of an exclusive group <= 1;  in every month: share begun of an offer <= share begun of the one that it needs
               what each rule counts <= or >= its limit
               blocks used in an hour <= what runs in it, with losses

No hour is left out, grouped or sorted, although most hours of a month look alike: that grouping is what is being tested.
Money is in thousand USD, so that an hour's margin and a lease's value are both far from the solver's tolerances.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
import plain_expansions
from plain_evaluator import (
    Data,
    LeaseMw,
    Part,
    PlainScenario,
    at_month,
    curtailed,
    in_season,
    month_number,
    month_text,
    parts_of_a_mw,
    path_value,
    ways,
)
from scipy.sparse import csc_array

USD = 1e-3
"""Thousand USD."""


@dataclass
class Rows:
    """Rows of the form sum of coefficient x column <= limit, collected one by one."""

    limits: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)  # row, column, coefficient

    def add(self, terms: list[tuple[int, float]], limit: float) -> None:
        self.entries += [(len(self.limits), column, coefficient) for column, coefficient in terms]
        self.limits.append(limit)

    def alone_too_large(self, column: int, amount: float, easing: dict[int, tuple[str, float]]) -> bool:
        """Whether an amount of one column breaks a row even where all others are 0, but for those that ease it (`easing`: what they
        are of, and how much of it there is at most): each of these once, at its largest.
        """
        eased: dict[tuple[int, str], float] = {}
        for row, at, size in self.entries:
            if at in easing and size < 0:
                name, most = easing[at]
                eased[row, name] = max(eased.get((row, name), 0.0), -size * most)
        by_row: dict[int, float] = {}
        for (row, _), more in eased.items():
            by_row[row] = by_row.get(row, 0.0) + more
        return any(amount * size > self.limits[row] + by_row.get(row, 0.0) + 1e-6 for row, at, size in self.entries if at == column)

    def matrix(self, columns: int) -> csc_array:
        row, column, coefficient = (np.array(part) for part in zip(*(self.entries or [(0, 0, 0.0)]), strict=True))
        return csc_array((coefficient, (row, column)), shape=(len(self.limits), columns))


@dataclass
class Program:
    """Columns (value of one unit, thousand USD, and upper bound) and rows; the constant is what no decision changes, USD.

    offer_columns: (offer, start) of the columns that are critical MW. Without `hourly`, an energised MW earns its month's margin,
    added up by loops over the hours; the two kinds of program must have the same optimum.
    """

    opinion: PlainScenario
    hourly: bool = True
    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    constant_usd: float = 0.0
    offer_columns: dict[int, tuple[str, int]] = field(default_factory=dict)
    energised_columns: dict[tuple[str, int], int] = field(default_factory=dict)
    bought_columns: dict[int, tuple[str, int]] = field(default_factory=dict)
    sold_columns: dict[int, tuple[str, int]] = field(default_factory=dict)
    moved_columns: dict[int, tuple[str, int]] = field(default_factory=dict)
    run_columns: dict[tuple[str, int, int], list[int]] = field(default_factory=dict)  # site, month, hour in order of price
    expanded_columns: dict[int, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.constant_usd = self.opinion.evaluate({}, {}).npv_usd  # signed leases, blocks, sale of machines
        self.constant_usd -= self.opinion.blocks_usd({}, {})  # has columns of its own
        for lease in self.opinion.leases.values():
            if lease["status"] == "offered":
                self._offer(lease)
        for fleet in self.opinion.fleets.values():
            for month in self.opinion.months:
                if self.opinion.available_mw(fleet, month) > 0:
                    self._fleet_month(fleet, month)
            self._sales_and_moves(fleet)
        self._bought()
        for site in self.opinion.sites.values():
            for month in self.opinion.months:
                self._site_month(site, month)
            self._decided_hours(site)
        for year, budget in self.opinion.data["finance"]["capex_budget_usd"].items():
            self._budget(int(year), int(year), budget)
        for year, budget in self.opinion.data["finance"]["cumulative_capex_budget_usd"].items():
            self._budget(self.opinion.first // 12, int(year), budget)
        self._bar_blocks_that_do_not_fit()
        self._rules()
        self._groups()
        self._prerequisites()
        if self.opinion.data["finance"]["cash"]:
            self._floors()

    def _bought(self) -> None:
        for offer in self.opinion.offers.values():
            self._machines(offer)
        for name in self.opinion.expansions:
            self._expansion(name)

    def _floors(self) -> None:
        """Cash at the end of each year with a floor: what a unit of every column brings until then, by evaluating it alone."""
        assert not self.hourly, "hours of mining have no cash of their own here"
        years = [int(year) for year in self.opinion.data["finance"]["cash"]["floor_usd"]]
        years = [year for year in years if year in {month // 12 for month in self.opinion.months}]
        standing = self._cash(np.zeros(len(self.cost)), years)
        units = [self._cash(unit, years) - standing for unit in np.eye(len(self.cost))]
        for at, year in enumerate(years):
            free = standing[at] - self.opinion.data["finance"]["cash"]["floor_usd"][str(year)]
            self.rows.add([(column, -float(cash[at]) * USD * USD) for column, cash in enumerate(units)], free * USD * USD)

    def _cash(self, x: Any, years: list[int]) -> Any:
        """Cash of a plan at the end of each year, USD."""
        found = self.opinion.evaluate(*self.decisions(x)).cash_usd
        return np.array([found[year] for year in years])

    def _column(self, value_usd: float, most: float) -> int:
        self.cost.append(value_usd * USD)
        self.upper.append(most)
        return len(self.cost) - 1

    def _offer(self, lease: Data) -> None:
        columns = []
        for start in self.opinion.allowed_starts(lease):
            columns.append(self._column(self.opinion.unit_value_usd(lease, start), lease["critical_it_mw"]))
            self.offer_columns[columns[-1]] = (lease["name"], start)
        self.rows.add([(column, 1.0) for column in columns], lease["critical_it_mw"])

    def _expansion(self, name: str) -> None:
        opinion = self.opinion
        most = plain_expansions.counted_mw(opinion.site_of_expansion[name], opinion.expansions[name])
        columns = []
        for begun in opinion.expansion_months(name) if most else ():
            value = math.fsum(entry.discounted_usd for entry in opinion.expansion_entries(name, begun))
            columns.append(self._column(value, most))
            self.expanded_columns[columns[-1]] = (name, begun)
        self.rows.add([(column, 1.0) for column in columns], most)

    def _expanded(self, site: str, month: int, suitable: bool = False) -> list[tuple[int, float]]:
        """What expansions add to a site by a month, on the left side of its limits."""
        return [
            (column, -(self.opinion.expansions[name]["hpc_suitable_fraction"] if suitable else 1.0))
            for column, (name, begun) in self.expanded_columns.items()
            if self.opinion.site_of_expansion[name]["name"] == site and begun <= month
        ]

    def _machines(self, offer: Data) -> None:
        """Deliveries of machines on offer, and the months in which any of them may be there."""
        opinion, size, deliveries = self.opinion, self.opinion.fleet_mw(offer), self.opinion.deliveries(offer)
        columns = {}
        for delivered in deliveries:
            value = math.fsum(entry.discounted_usd for entry in opinion.purchase_entries(offer, delivered))
            columns[delivered] = self._column(value, size)
            self.bought_columns[columns[delivered]] = (offer["name"], delivered)
        self.rows.add([(column, 1.0) for column in columns.values()], size)
        for month in opinion.months:
            there = [column for delivered, column in columns.items() if month in opinion.life(offer, delivered)]
            if there:
                self._fleet_month(offer, month)
                energised = self.energised_columns[offer["name"], month]
                self.rows.add([(energised, 1.0), *((column, -1.0) for column in there)], 0.0)

    def _sales_and_moves(self, fleet: Data) -> None:
        """A column for every month of sale and of each move, which takes MW from every month from then on."""
        opinion, owned = self.opinion, self.opinion.fleet_mw(fleet)
        columns: list[tuple[int, int]] = []
        for month in opinion.sale_months(fleet):
            value = math.fsum(entry.discounted_usd for entry in opinion.sale_entries(fleet, month))
            columns.append((month, self._column(value, owned)))
            self.sold_columns[columns[-1][1]] = (fleet["name"], month)
        for move in opinion.moves.values():
            if move["fleet"] == fleet["name"]:
                columns += self._move(move, owned)
        if columns:
            self.rows.add([(column, 1.0) for _, column in columns], owned)
        for (name, month), energised in list(self.energised_columns.items()):
            if name == fleet["name"] and columns:
                gone = [(column, 1.0) for leaves, column in columns if leaves <= month]
                self.rows.add([(energised, 1.0), *gone], owned)

    def _move(self, move: Data, owned: float) -> list[tuple[int, int]]:
        """(month of leaving, column) of a move, and mining at the destination in the months in which any of it may be there."""
        opinion, columns = self.opinion, []
        for leaves in opinion.move_months(move):
            value = math.fsum(entry.discounted_usd for entry in opinion.move_entries(move, leaves))
            columns.append((leaves, self._column(value, owned)))
            self.moved_columns[columns[-1][1]] = (move["name"], leaves)
        ratio = move["overhead"] / opinion.fleets[move["fleet"]]["overhead"]
        for month in opinion.months:
            arrived = [(column, -ratio) for leaves, column in columns if month in opinion.arrival(move, leaves)]
            if arrived:
                self._fleet_month(opinion.moved_fleet(move), month)
                self.rows.add([(self.energised_columns[move["name"], month], 1.0), *arrived], 0.0)
        return columns

    def _most_mw(self, fleet: Data, month: int) -> float:
        if fleet["name"] not in self.opinion.fleets:
            return self.opinion.fleet_mw(fleet)
        return self.opinion.available_mw(fleet, month)

    def _fleet_month(self, fleet: Data, month: int) -> None:
        opinion, kept = self.opinion, 1 - self.opinion.tax_rate
        lines = opinion.mining_lines(fleet, month)
        earned = math.fsum(lines[item] for item in STANDING) if self.hourly else opinion.mining_margin_usd(fleet, month)
        value = opinion.mid_month("mining", kept * earned, month)
        energised = self._column(value, self._most_mw(fleet, month))
        self.energised_columns[fleet["name"], month] = energised
        if self.hourly:
            for part in parts_of_a_mw(opinion.sites[fleet["site"]], month):
                self._part(fleet, month, energised, part)

    def _part(self, fleet: Data, month: int, energised: int, part: Part) -> None:
        """A share of the energised MW, split over the ways of avoiding peaks; each way pays what it does not avoid."""
        opinion, kept = self.opinion, 1 - self.opinion.tax_rate
        site = opinion.sites[fleet["site"]]
        peaks = [at_month(peak, month) for peak in site["coincident_peaks"] if in_season(peak, month)]
        columns = []
        for avoided in ways(peaks):
            charges = math.fsum(
                1000 * path_value(peak["usd_per_kw"], month) * (1 - peak["avoided_fraction"] * (number in avoided))
                for number, peak in enumerate(peaks)
            )
            value = opinion.mid_month("mining", kept * (part.standby_usd - charges), month)
            columns.append(self._column(value, self._most_mw(fleet, month)))
            off = [*curtailed(site, month), *part.called, *(peaks[number] for number in avoided)]
            self._hours(fleet, month, columns[-1], part, off)
        for sign in (1.0, -1.0):
            self.rows.add([*((way, sign) for way in columns), (energised, -sign * part.share)], 0.0)

    def _hours(self, fleet: Data, month: int, energised: int, part: Part, off: list[Data]) -> None:
        """Every hour with its own column, also those that do not pay."""
        opinion, kept = self.opinion, 1 - self.opinion.tax_rate
        site = opinion.sites[fleet["site"]]
        lost, delivery = opinion.delivery_terms(site, month)
        coins = opinion.fleet_usd_per_mwh(fleet, month) * (1 - fleet["pool_fee_fraction"])
        earned = coins * (1 + opinion.coin_premium(month)) - fleet["variable_opex_usd_per_mwh"]
        cells = [(cell, cell.hours, allowed) for cell, _, allowed in opinion.cells_with_off(site, month, off, off)]
        if opinion.used_blocks(site, month):  # what others do in the same hour counts
            own = parts_of_a_mw(site, month).index(part)
            cells = [(cell, hours, float(own in on)) for _, cell, hours, on in opinion.states_of_month(site, month)]
        for number, (cell, hours, allowed) in enumerate(cells):
            sold = part.sold_usd(cell, opinion.data["power"]["multiplier"])
            earns = earned + sold - delivery - cell.usd_per_mwh * (1 + lost)
            margin = opinion.mid_month("mining", kept * hours * earns, month)
            run = self._column(margin, self._most_mw(fleet, month))
            self.rows.add([(run, 1.0), (energised, -fleet["uptime_fraction"] * allowed)], 0.0)
            self.run_columns.setdefault((site["name"], month, number), []).append(run)

    def _decided_hours(self, site: Data) -> None:
        for month in self.opinion.months:
            if self.opinion.used_blocks(site, month):
                self._blocks(site, month)
        if site["energy_cap"]:
            self._caps(site)

    def _drawn_mwh(self, site: Data, month: int) -> Iterator[tuple[int, float]]:
        """(column, thousand MWh) of what runs in every hour of a month, losses included."""
        bought = 1 + self.opinion.delivery_terms(site, month)[0]
        cells = sorted(zip(self.opinion.market_hours(site, month), self.opinion.site_hours(site, month), strict=True))
        for number, (cell, _) in enumerate(cells):
            for column in self.run_columns.get((site["name"], month, number), []):
                yield column, bought * cell.hours / 1000

    def _caps(self, site: Data) -> None:
        """What runs in the hours of a year, and what leases draw, stays within the cap."""
        assert self.hourly, "without hours nothing tells which of them a cap holds back"
        opinion = self.opinion
        for year in {month // 12 for month in opinion.months}:
            months = [month for month in opinion.months if month // 12 == year]
            terms = [term for month in months for term in self._drawn_mwh(site, month)]
            for column, (name, start) in self.offer_columns.items():
                drawn = opinion.leased_mwh(site, year, {(name, month_text(start)): 1.0})
                if drawn:
                    terms.append((column, drawn / 1000))
            signed = opinion.leased_mwh(site, year, opinion.all_starts({}))
            self.rows.add(terms, (opinion.cap_mwh(site, year) - signed) / 1000)

    def _blocks(self, site: Data, month: int) -> None:
        """In every hour, what is used of the blocks is at most what runs, with losses."""
        assert self.hourly, "without hours nothing tells which of them use a block"
        opinion, kept = self.opinion, 1 - self.opinion.tax_rate
        signed = opinion.firm_mw(site, month, opinion.all_starts({}))
        bought = 1 + opinion.delivery_terms(site, month)[0]
        firm = [
            (column, -bought * opinion.firm_mw_of(opinion.leases[name], start, month))
            for column, (name, start) in self.offer_columns.items()
            if opinion.leases[name]["site"] == site["name"]
        ]
        for number, (market, cell, hours, _) in enumerate(opinion.states_of_month(site, month)):
            sellers, _ = opinion.hour_of_blocks(site, month, cell, market.usd_per_mwh)
            used = [
                self._column(opinion.mid_month("mining", kept * hours * seller.gain_usd_per_mwh, month), seller.mw)
                for seller in sellers
            ]
            runs = [(column, -bought) for column in self.run_columns.get((site["name"], month, number), [])]
            self.rows.add([*((column, 1.0) for column in used), *runs, *firm], bought * signed)

    def _site_month(self, site: Data, month: int) -> None:
        signed: LeaseMw = self.opinion.all_starts({})
        taken = self.opinion.site_leases_mw(site, month, signed)
        reserved = self.opinion.reserved_mw(site, month)
        leases = [
            (column, name, self.opinion.occupied_mw(self.opinion.leases[name], start, month))
            for column, (name, start) in self.offer_columns.items()
            if self.opinion.leases[name]["site"] == site["name"]
        ]
        mining = [
            (column, 1.0)
            for (name, at), column in self.energised_columns.items()
            if at == month and self.opinion.miners[name]["site"] == site["name"]
        ]
        using = [(column, mw) for column, _, mw in leases if mw]
        others = [(column, mw) for column, name, mw in leases if mw and name not in reserved]
        firm, suitable = math.fsum(taken.values()), self.opinion.suitable_mw(site, month)
        free = suitable - math.fsum(reserved.values())
        more, hosting = self._expanded(site["name"], month), self._expanded(site["name"], month, suitable=True)
        for terms, limit in (
            ([*using, *mining, *more], self.opinion.energised_mw(site, month) - firm),
            ([*using, *hosting] if using or firm else [], suitable - firm),
            ([*others, *hosting] if others or firm else [], max(free, 0.0) - firm),
        ):
            if terms:
                self.rows.add(terms, limit)

    def _budget(self, first_year: int, last_year: int, budget_usd: float) -> None:
        terms = []
        for column, (name, start) in self.offer_columns.items():
            budgeted = self.opinion.budgeted(self.opinion.leases[name], start)
            spent = math.fsum(usd for month, usd in budgeted if first_year <= month // 12 <= last_year)
            if spent:
                terms.append((column, spent / 1e6))
        for column, (name, delivered) in self.bought_columns.items():
            offer = self.opinion.offers[name]
            if first_year <= (delivered - offer["paid_months_before_delivery"]) // 12 <= last_year:
                terms.append((column, self.opinion.machine_price(offer, delivered) / 1e6))
        for column, (name, begun) in self.expanded_columns.items():
            paid = self.opinion.expansion_spending(name, begun)
            spent = math.fsum(usd for month, usd in paid if first_year <= month // 12 <= last_year)
            if spent:
                terms.append((column, spent / 1e6))
        if terms:
            self.rows.add(terms, budget_usd / 1e6)

    def _rules(self) -> None:
        signed = self.opinion.all_starts({})
        for month in self.opinion.months:
            for asked in self.opinion.asked_in(month):
                fixed = math.fsum(
                    mw * self.opinion.counted_mw(asked, name, month_number(start), month) for (name, start), mw in signed.items()
                )
                terms = [
                    (column, asked.fleets[name])
                    for (name, at), column in self.energised_columns.items()
                    if at == month and asked.fleets.get(name)
                ]
                terms += [
                    (column, self.opinion.counted_mw(asked, name, start, month))
                    for column, (name, start) in self.offer_columns.items()
                ]
                terms += [
                    (column, asked.per_mw_expanded * less) for site in asked.grows for column, less in self._expanded(site, month)
                ]
                self.rows.add(
                    [(column, asked.turn * share) for column, share in terms if share], asked.turn * (asked.limit - fixed)
                )

    def _share(self, name: str, until: int | None = None) -> tuple[list[tuple[int, float]], float]:
        """Columns and coefficients of the share of a lease that begins by a month, and the share that is signed."""
        lease = self.opinion.leases[name]
        if lease["status"] == "signed":
            return [], float(until is None or month_number(lease["start_month"]) <= until)
        columns = [column for column, (offer, at) in self.offer_columns.items() if offer == name and (until is None or at <= until)]
        return [(column, 1 / lease["critical_it_mw"]) for column in columns], 0.0

    def _groups(self) -> None:
        for group in {lease["exclusive_group"] for lease in self.opinion.leases.values()} - {None}:
            shares = [self._share(name) for name in self._members(group)]
            terms = [term for columns, _ in shares for term in columns]
            if len(shares) > 1 and terms:
                self.rows.add(terms, 1.0 - sum(signed for _, signed in shares))

    def _members(self, group: str) -> list[str]:
        return [name for name, lease in self.opinion.leases.items() if lease["exclusive_group"] == group]

    def _prerequisites(self) -> None:
        for name, lease in self.opinion.leases.items():
            if lease["status"] == "offered" and lease["requires"] is not None:
                for month in self.opinion.months:
                    (mine, _), (theirs, signed) = self._share(name, month), self._share(lease["requires"], month)
                    if mine:
                        self.rows.add([*mine, *((column, -share) for column, share in theirs)], signed)

    def _bar_blocks_that_do_not_fit(self) -> None:
        """A whole block that breaks a row by itself, with every expansion in full, cannot be taken; the relaxation does not take a
        part of it either.
        """
        for column, (name, _) in self.offer_columns.items():
            block = self.opinion.leases[name]["critical_it_mw"]
            if self.opinion.leases[name]["indivisible"] and self.rows.alone_too_large(column, block, self._largest()):
                self.upper[column] = 0.0

    def _largest(self) -> dict[int, tuple[str, float]]:
        """Columns of expansions with their expansion and its size."""
        return {column: (name, self.upper[column]) for column, (name, _) in self.expanded_columns.items()}

    # ---- solving

    def solve(
        self, cost: list[float] | None = None, whole: bool = False, may_fail: bool = False
    ) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Columns of the optimum; `whole` keeps indivisible offers whole (one more binary column and row a start)."""
        if not self.cost:
            return np.zeros(0)
        highs = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("presolve", "on"),
            ("primal_feasibility_tolerance", 1e-9),
            ("dual_feasibility_tolerance", 1e-9),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", 1e-6),
        ):
            assert highs.setOptionValue(option, value) == highspy.HighsStatus.kOk, option
        assert highs.passModel(self._highs_lp(self.cost if cost is None else cost)) == highspy.HighsStatus.kOk
        if whole:
            self._whole_blocks(highs)
        highs.run()
        self.status = highs.getModelStatus()
        if may_fail and self.status != highspy.HighsModelStatus.kOptimal:
            return np.zeros(0)
        assert self.status == highspy.HighsModelStatus.kOptimal
        return np.array(highs.getSolution().col_value)[: len(self.cost)]

    @property
    def has_no_plan(self) -> bool:
        """Whether the solver finds that nothing keeps all rows."""
        if not self.cost:
            return any(limit < -1e-9 for limit in self.rows.limits)
        self.solve(whole=True, may_fail=True)
        kinds = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
        return self.status in kinds

    def _highs_lp(self, cost: list[float]) -> highspy.HighsLp:
        lp, matrix = highspy.HighsLp(), self.rows.matrix(len(cost))
        lp.num_col_, lp.num_row_ = len(cost), len(self.rows.limits)
        lp.sense_ = highspy.ObjSense.kMaximize
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.array(cost), np.zeros(len(cost)), np.array(self.upper)
        lp.row_lower_, lp.row_upper_ = np.full(len(self.rows.limits), -np.inf), np.array(self.rows.limits)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        return lp

    def _whole_blocks(self, highs: highspy.Highs) -> None:
        for column, (name, _) in self.offer_columns.items():
            lease = self.opinion.leases[name]
            if lease["indivisible"]:
                block = highs.addBinary()
                highs.addRow(0.0, 0.0, 2, np.array([column, block.index]), np.array([1.0, -lease["critical_it_mw"]]))
        taken = {}
        for name, lease in self.opinion.leases.items():
            if lease["status"] == "offered" and (lease["minimum_critical_mw"] is not None or lease["exclusive_group"] is not None):
                columns = np.array([column for column, (offer, _) in self.offer_columns.items() if offer == name])
                taken[name] = highs.addBinary().index
                most, least = lease["critical_it_mw"], lease["minimum_critical_mw"] or 0.0
                entries, ones = np.append(columns, taken[name]), np.ones(len(columns))
                highs.addRow(-np.inf, 0.0, len(entries), entries, np.append(ones, -most))
                highs.addRow(0.0, np.inf, len(entries), entries, np.append(ones, -least))
        for group in {lease["exclusive_group"] for lease in self.opinion.leases.values()} - {None}:
            members = self._members(group)
            columns = np.array([taken[name] for name in members if name in taken])
            places = 1.0 - sum(self.opinion.leases[name]["status"] == "signed" for name in members)
            if len(columns):
                highs.addRow(-np.inf, places, len(columns), columns, np.ones(len(columns)))

    def npv_usd(self, columns: np.ndarray[Any, np.dtype[np.float64]]) -> float:
        return math.fsum((np.array(self.cost) * columns).tolist()) / USD + self.constant_usd

    def decisions(self, columns: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[dict[tuple[str, str], float], ...]:
        """Mining MW, lease MW, MW bought, sold, moved and energised by expansions as `plain_evaluator` takes them."""
        mining = {(name, month_text(month)): float(columns[at]) for (name, month), at in self.energised_columns.items()}
        leases = {(name, month_text(start)): float(columns[at]) for at, (name, start) in self.offer_columns.items()}
        bought = {(name, month_text(month)): float(columns[at]) for at, (name, month) in self.bought_columns.items()}
        sold = {(name, month_text(month)): float(columns[at]) for at, (name, month) in self.sold_columns.items()}
        moved = {(name, month_text(month)): float(columns[at]) for at, (name, month) in self.moved_columns.items()}
        expanded = {(name, month_text(month)): float(columns[at]) for at, (name, month) in self.expanded_columns.items()}
        return mining, leases, bought, sold, moved, expanded


STANDING = ("mining_fixed_opex", "mining_demand_charge")
"""What an energised MW pays whatever its hours."""


def with_profile_prices(data: Data, last_month: str, prices: list[list[float]]) -> Data:
    """A scenario's plain data with every zone on a profile of hours, up to a month."""
    profile = {"kind": "month_hour_profile", "usd_per_mwh": prices, "multiplier": {"flat": 1.0}}
    zones = [{**zone, "price": profile} for zone in data["power"]["zones"]]
    leases = [lease for lease in data["leases"] if _starts_by(lease, month_number(last_month))]
    return {**data, "horizon": {"end": last_month}, "power": {**data["power"], "zones": zones}, "leases": leases}


def _starts_by(lease: Data, last_month: int) -> bool:
    return month_number(lease["start_month"] or lease["start_window"]["earliest"]) <= last_month
