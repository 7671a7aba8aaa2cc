r"""Whole blocks at several sites: each site is searched by itself, and budgets that they share are met by combining their plans.

A search that decides about several sites at once multiplies their open leaves. With prices L of the shared budgets (none where
nothing is shared) the sites are apart:

    value of a plan  =  sum_s (value_s - L use_s) + L sum_s use_s  <=  sum_s best_s + L budget,     best_s = max (value_s - L use_s)

so that no plan within `gap` of this bound contains a plan of a site that is more than `gap` worse than the site's best. The
prices are moved to where the bound is lowest (site_prices.py); then each site lists its plans within reach, and the best
combination that keeps the budgets is the best plan as soon as the reach is the gap. A tree serves all prices: its leaves keep
bounds that hold for others, and are solved again where that is not enough. site_proof.py adds the trees up anew.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..models.months import Array
from ..models.scenario import Scenario
from ..models.values import USD_PER_MUSD, Values
from .branching import CLOSED_MUSD, BranchAndBound, Choice, Leaf, Node
from .optimise import Optimiser
from .prices import prices_of
from .program import FITTING_MW, IntArray, Program
from .session import Outcome, Solution
from .site_prices import PRICE_STEPS, better_prices

ENOUGH = 5e-5
"""Prices are good when better ones could lower the bound by no more than this share of it."""
FIRST_REACH, GROWTH = 1e-4, 1.6
"""The first reach, as a share of the bound, and how it grows; never beyond the gap, which narrows with every better plan."""
MOST_NODES = 20_000
MOST_COMBINATIONS = 2_000_000


def can_go_site_by_site(program: Program) -> bool:
    """Whether sites share nothing but capex budgets, and those for whole blocks alone (none at all for what can be divided)."""
    scenario = program.values.scenario
    if len(scenario.sites) == 1 or not program.is_integer:
        return False
    if not scenario.finance.capex_budget_usd:
        return scenario.sites_are_separate
    blocks = {program.lease_columns.start + number for number in program.indivisible}
    form = program.form
    budgets = np.array([family == "capex_budget" for family, _ in form.row_names], dtype=bool)
    spending = np.repeat(np.arange(form.columns), np.diff(form.first))[budgets[form.row]]
    return scenario.without_capex_budget().sites_are_separate and blocks.issuperset(spending.tolist())


@dataclass(frozen=True)
class SitePlan:
    """A plan of a site in which every block is decided: what it is worth, and what it uses of each shared budget, USD million."""

    worth_musd: float
    use_musd: Array
    x: Array


@dataclass
class _Open:
    """A leaf that waits: its bound, USD million, at prices of the budgets; least and most that its plans use of them."""

    leaf: Leaf
    bound_musd: float
    price: Array
    use: tuple[Array, Array] | None = None


@dataclass
class SiteSearch:
    """The search of one site at prices of the shared budgets."""

    optimiser: Optimiser
    years: list[int]
    price: Array
    root: Node = field(init=False)
    plans: list[SitePlan] = field(default_factory=list)
    nodes: int = 1

    def __post_init__(self) -> None:
        values, program = self.optimiser.values, self.optimiser.program
        at = [values.calendar.years.index(year) for year in self.years]
        self._capex = [self._capex_of(number, at) for number in range(len(values.offers))]
        self.capex = np.concatenate([np.zeros((0, len(at))), *self._capex])
        self.search = BranchAndBound(program, self.optimiser.relaxed) if program.is_integer else None
        everything = {offer: Choice(self.search.fitting(offer), False) for offer in self.search.blocks} if self.search else {}
        self.root = Node(everything)
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, _Open]] = []
        self.move_to(self.price)
        solution = self.optimiser.solve(self.cost, relaxed=True)
        self.root.row_dual = solution.row_dual
        self._push(_Open(Leaf(self.root, solution, self.optimiser.relaxed.basis), solution.objective, self.price))
        self._take_nothing()

    def _capex_of(self, number: int, at: list[int]) -> Array:
        """Capex of one critical MW in each year that has a budget, USD million, shape (starts, years); 0 for signed leases."""
        offer = self.optimiser.values.offers[number]
        found: Array = offer.capex_musd_by_year[:, at]
        return found if offer.offer.status == "offered" else np.zeros_like(found)

    def _take_nothing(self) -> None:
        """The plan without any block, where the site's rules allow it: it keeps every budget, so that there is always a plan."""
        if self.search:
            nothing = {offer: Choice(frozenset(), False) for offer in self.search.blocks}
            leaf = Leaf(Node(nothing), None, self.optimiser.relaxed.basis)
            if self.search.solve_leaf(leaf):
                self._list(leaf)

    def move_to(self, price: Array) -> None:
        """Go on at other prices of the shared budgets; what is worth so much at most at the old ones is bounded at the new ones."""
        self.price = price
        self.cost = self.optimiser.today.copy()
        self.cost[self.optimiser.program.lease_columns] -= self.capex @ price
        self.optimiser.relaxed.set_costs(self.cost)
        self._waiting = [(-self._bound(entry), order, entry) for _, order, entry in self._waiting]
        heapq.heapify(self._waiting)

    def _push(self, entry: _Open) -> None:
        heapq.heappush(self._waiting, (-self._bound(entry), next(self._order), entry))

    def _bound(self, entry: _Open) -> float:
        if entry.price is self.price:
            return entry.bound_musd
        entry.use = entry.use or self._use(entry.leaf.node)
        dearer = entry.price - self.price
        return entry.bound_musd + float(np.sum(np.maximum(dearer * entry.use[0], dearer * entry.use[1])))

    def _use(self, node: Node) -> tuple[Array, Array]:
        """The least and the most that plans of a node use of each budget, USD million, shape (years,)."""
        least, most = np.zeros(len(self.years)), np.zeros(len(self.years))
        for number, choice in node.choices.items():
            if choice.starts:
                lease = self.optimiser.values.offers[number].offer
                rows = self._capex[number][sorted(choice.starts)] * lease.critical_it_mw
                most += rows.max(axis=0)
                if choice.must and lease.indivisible:
                    least += rows.min(axis=0)
        return least, most

    def apart_musd(self, plan: SitePlan) -> float:
        """What a plan is worth less the prices of the shared budgets, USD million."""
        return plan.worth_musd - float(self.price @ plan.use_musd)

    @property
    def best_musd(self) -> float:
        """The most that a listed plan is worth apart, USD million."""
        return max((self.apart_musd(plan) for plan in self.plans), default=-math.inf)

    @property
    def bound_musd(self) -> float:
        """No plan of the site is worth more apart, by the solver's figures."""
        return max(self.best_musd, -self._waiting[0][0] if self._waiting else -math.inf)

    def list_within(self, reach: float, deadline: float) -> bool:
        """List every plan that is no more than `reach` worse than the best one; False if the deadline or the nodes ended it."""
        best = self.best_musd
        while self._waiting and -self._waiting[0][0] >= best - reach + CLOSED_MUSD:
            if self.nodes > MOST_NODES or time.monotonic() > deadline:
                return False
            _, _, entry = heapq.heappop(self._waiting)
            leaf = entry.leaf
            if leaf.solution is None or entry.price is not self.price:
                assert self.search is not None
                if self.search.solve_leaf(leaf):
                    self._push(_Open(leaf, leaf.worth_musd, self.price, entry.use))
            elif self.search is None or self.search.is_whole(leaf.solution.x):
                best = max(best, self._list(leaf))
                self._set_apart(leaf)
            else:
                self._add(self.search.split(leaf, self.cost), leaf)
        return bool(self.plans)

    def _add(self, children: Sequence[tuple[Leaf, float]], parent: Leaf) -> None:
        self.nodes += len(children)
        for child, less in children:
            self._push(_Open(child, parent.worth_musd - less, self.price))

    def _list(self, leaf: Leaf) -> float:
        assert leaf.solution is not None
        use = leaf.solution.x[self.optimiser.program.lease_columns] @ self.capex
        worth = leaf.worth_musd + float(self.price @ use)
        self.plans.append(SitePlan(worth, use, leaf.solution.x))
        return self.apart_musd(self.plans[-1])

    def _set_apart(self, leaf: Leaf) -> None:
        """Nodes of all plans of a leaf but the one that was listed. The prices that prove it stay those of the leaf."""
        solution = leaf.solution
        if self.search is None or not self.years or solution is None:
            return
        earned = self.search.earned(leaf, self.cost)
        while parts := self.search.set_apart(leaf.node.choices, solution.x):
            (own, _), *others = self.search.add_children(leaf, list(parts), earned)
            leaf = Leaf(own.node, solution, own.basis)
            self._add([(child, less) for child, less in others if _allows(child.node)], leaf)
            self.nodes += 1


def _allows(node: Node) -> bool:
    """Whether a node has any plan: what it demands has a start left."""
    return all(choice.starts or not choice.must for choice in node.choices.values())


class SiteBySite:
    """The search over the sites of a scenario together."""

    def __init__(self, scenario: Scenario, optimiser: Optimiser) -> None:
        self.program = optimiser.program
        relaxation = optimiser.solve(relaxed=True)
        assert relaxation.row_dual is not None
        budget = scenario.finance.capex_budget_usd
        self.years = [year for year in optimiser.values.calendar.years if year in budget]
        self.budget_musd = np.array([budget[year] / USD_PER_MUSD for year in self.years])
        prices = prices_of(self.program, relaxation.row_dual).budget
        self.price = np.array([max(prices.get(year, 0.0), 0.0) for year in self.years])
        names = sorted(site.name for site in scenario.sites)
        busy = {part.site for part in scenario.fleets} | {part.site for part in scenario.machine_offers}
        busy |= {part.site for part in scenario.leases} | {site.name for site in scenario.sites if site.counted_expansions}
        only = [Optimiser(Values(scenario.only(name))) for name in names if name in busy]
        self.sites = [SiteSearch(optimiser, self.years, self.price) for optimiser in only]
        self.idle = [Values(scenario.only(name)) for name in names if name not in busy]
        """Sites at which nothing is decided; what stands there anyway is part of every plan."""
        self.worth_musd = -math.inf
        """Value of the best plan found, USD million, without what no decision changes."""
        self._chosen: list[SitePlan] = []
        self._deadline = math.inf
        self.finished = False

    @property
    def nodes(self) -> int:
        return sum(site.nodes for site in self.sites)

    @property
    def bound_musd(self) -> float:
        """No plan is worth more, by the solver's figures, USD million, without what no decision changes."""
        return math.fsum(site.bound_musd for site in self.sites) + float(self.price @ self.budget_musd)

    @property
    def gap_musd(self) -> float:
        return self.bound_musd - self.worth_musd

    def solve(self, deadline: float = math.inf) -> Solution | None:
        """The best plan of all sites; None if none was found in time. `finished` tells whether no other can be better."""
        self._deadline = deadline
        done = self._list_within(0.0)
        done = self._combine() and done
        if self.years:
            done = done and self._better_prices() and self._list_all()
        self.finished = done and bool(self._chosen)
        if not self._chosen:
            return None
        x = _together(self.program, [(site.optimiser.program, plan.x) for site, plan in zip(self.sites, self._chosen, strict=True)])
        outcome = Outcome.OPTIMAL if self.finished else Outcome.STOPPED
        return Solution(outcome, "site by site", float(self.program.form.cost @ x), x, None, self.bound_musd)

    def _list_within(self, reach: float) -> bool:
        ended = [site.list_within(reach, self._deadline) for site in self.sites]
        return all(ended)

    def _combine(self) -> bool:
        """Look for a better plan among those that the sites have listed; False if there were too many combinations for all."""
        if not all(site.plans for site in self.sites):
            return False
        reach = self.gap_musd if self._chosen else math.inf
        for share in (1.0, 0.3, 0.1, 0.03, 0.01):
            found = combined(self.sites, self.price, self.budget_musd, share * reach)
            if found is not None:
                worth, chosen = found
                if worth > self.worth_musd:
                    self.worth_musd = worth
                    self._chosen = [site.plans[number] for site, number in zip(self.sites, chosen, strict=True)]
                return share == 1.0
            reach = min(reach, abs(self.bound_musd))
        return False

    def _better_prices(self) -> bool:
        """Go to the prices of the budgets at which the bound is lowest; False if the deadline ended it."""
        best = (self.bound_musd, self.price)
        for _ in range(PRICE_STEPS):
            price, lowest = better_prices(self.sites, self.budget_musd, best[1])
            if best[0] - lowest <= max(ENOUGH * abs(best[0]), CLOSED_MUSD):
                break
            self._move_to(price)
            listed = self._list_within(0.0)
            self._combine()
            if not listed:
                return False
            if self.bound_musd < best[0]:
                best = (self.bound_musd, price)
        self._move_to(best[1])
        return self._list_within(0.0)

    def _move_to(self, price: Array) -> None:
        if price is not self.price:
            self.price = price
            for site in self.sites:
                site.move_to(price)

    def _list_all(self) -> bool:
        """List the sites' plans until no combination of others can be better; False if the deadline or the nodes ended it."""
        reach = min(FIRST_REACH * abs(self.bound_musd), self.gap_musd)
        while self._list_within(reach):
            complete = self._combine()
            if reach >= self.gap_musd:
                return complete
            reach = min(GROWTH * reach, self.gap_musd)
        self._combine()
        return False


def combined(sites: Sequence[SiteSearch], price: Array, budget_musd: Array, reach: float) -> tuple[float, list[int]] | None:
    """(worth in USD million, plan of each site) of the best combination within reach that keeps the budgets; minus infinity
    and no plans if none does, None where there are too many combinations to look at.
    """
    order = sorted(range(len(sites)), key=lambda number: len(sites[number].plans))
    uses = [np.array([plan.use_musd for plan in sites[number].plans]) for number in order]
    best = [site.best_musd for site in sites]
    shorts = [best[number] - np.array([sites[number].apart_musd(plan) for plan in sites[number].plans]) for number in order]
    bounds = Bounds(price, budget_musd, np.full(len(budget_musd), FITTING_MW), reach + CLOSED_MUSD)
    deficit, use, taken = np.zeros(1), np.zeros((1, len(budget_musd))), list[tuple[IntArray, IntArray]]()
    for at, (short, own) in enumerate(zip(shorts, uses, strict=True)):
        pairs = pairs_within(deficit, short, bounds.reach)
        if pairs is None:
            return None
        before, here = pairs
        deficit, use = deficit[before] + short[here], use[before] + own[here]
        kept = bounds.keep(deficit, use, use, uses[at + 1 :], uses[at + 1 :])
        deficit, use = deficit[kept], use[kept]
        taken.append((before[kept], here[kept]))
    if not len(deficit):
        return -math.inf, []
    worth = math.fsum(best) - deficit + use @ price
    row = int(np.argmax(worth))
    value, chosen = float(worth[row]), [0] * len(sites)
    for number, (before, here) in zip(reversed(order), reversed(taken), strict=True):
        chosen[number], row = int(here[row]), int(before[row])
    return value, chosen


@dataclass(frozen=True)
class Bounds:
    """What combinations of some sites have to keep to be of interest, whatever the other sites add."""

    price: Array
    budget_musd: Array
    tolerance_musd: Array
    """By how much a plan may go beyond a budget and still count as within it."""
    reach: float

    def keep(self, deficit: Array, least: Array, most: Array, least_left: list[Array], most_left: list[Array]) -> IntArray:
        """Rows that may keep the budgets, and that may be worth enough: what is not spent of a budget is worth its price.

        least, most: spending of the combinations, shape (rows, years); *_left: of the plans of each site still to come.
        """
        still_least = sum((rows.min(axis=0) for rows in least_left), np.zeros(len(self.price)))
        still_most = sum((rows.max(axis=0) for rows in most_left), np.zeros(len(self.price)))
        unspent = np.maximum(self.budget_musd - (most + still_most), 0.0)
        most_spent = self.budget_musd + self.tolerance_musd
        good = (deficit + unspent @ self.price <= self.reach) & np.all(least + still_least <= most_spent, axis=1)
        return np.flatnonzero(good)


def pairs_within(deficit: Array, short: Array, reach: float) -> tuple[IntArray, IntArray] | None:
    """Positions in both of all pairs that are together no more than `reach` short; None where there are too many."""
    order = np.argsort(short, kind="stable")
    counts = np.searchsorted(short[order], reach - deficit, side="right")
    total = int(counts.sum())
    if total > MOST_COMBINATIONS:
        return None
    first = np.repeat(np.arange(len(deficit)), counts)
    begun = np.repeat(np.cumsum(counts) - counts, counts)
    return first, order[np.arange(total) - begun]


def _together(program: Program, parts: Sequence[tuple[Program, Array]]) -> Array:
    """Columns of the whole program from those of its sites, by their names; shape (columns,)."""
    found = {name: value for part, x in parts for name, value in zip(part.form.column_names, x.tolist(), strict=True)}
    return np.array([found[name] for name in program.form.column_names])
