r"""Proof that a plan is feasible, adds up and cannot be beaten, built from the input data and not from the solver's report.

Parts

0  data gate: every cost, coefficient and bound is finite; the money lies in the range the solver resolves
1  primal: every row is added up again from the contracts (exact summation), every bound checked
2  integrality: whole blocks are whole, minimum sizes and exclusive groups hold, and part 1 holds for the rounded plan
3  objective: the ledger's discounted cash equals the program's objective to 1e-9 of the gross flows
4  duals: prices of MW, suitable MW and budget are not negative; complementary slackness; duality gap
5  safe bound: for *any* prices lambda >= 0 no plan is worth more than

       lambda b + sum_{k,t} available max(0, v[k,t] - lambda a) + sum_l max(0, offered max_c (v[l,c] - lambda a[l,c]) - lambda_g)

   (lambda_g: of the offer's exclusive group, 0 without one) because every column is bounded (Neumaier and Shcherbina's argument).
   v and a come from the ledger's reading of the contracts; rounding errors are bounded and added, so the bound is safe whatever the
   solver said.
6  whole blocks: the proved bound of a search over the leases (branching.py); its leaves carry such bounds

The verdict follows from the figures alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import Array
from ..models.scenario import Scenario
from ..models.values import USD_PER_MUSD, Values
from .branching import Choice, Node, leaves
from .decisions import Decisions
from .ledger import Ledger, Line, gross_usd, total_usd
from .offer_rules import BrokenRule, OfferRules, dated_rows, missing_prerequisites, mixes
from .prices import Prices, prices_of
from .program import FITTING_MW, Program
from .standard_form import StandardForm

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]

ROW_TOLERANCE = 1e-6
"""Largest violation of a row, of max(1, sum of the sizes of its terms), and of a bound in MW."""
LEDGER_TOLERANCE = 1e-9
"""Largest difference between ledger and objective, of the gross flows."""
GAP_TOLERANCE = 1e-6
"""Largest duality gap, complementary-slackness term and sign violation, of the gross flows."""
SMALLEST_GROSS_MUSD = 1.0
"""Gross flows of a plan that does next to nothing count as this, so that a gap below one dollar is none."""
SEARCH_TOLERANCE_USD = 1_000.0
"""A plan with whole blocks is proved best when no other can be worth more than this on top."""
LARGEST_COST_MUSD, SMALLEST_LARGEST_COST_MUSD = 1e5, 1e-4
LARGEST_COEFFICIENT, LARGEST_LIMIT = 1e4, 1e6
SOLVER_RESOLUTION_MUSD = 1e-9
"""Values per MW below the solver's dual tolerance are invisible to it."""

CERTIFIED = "CERTIFIED"
PROVED_WITHIN = "FEASIBLE, PROVED WITHIN"
INFEASIBLE = "INFEASIBLE, PROVED"
DO_NOT_USE = "DO NOT USE"


@dataclass(frozen=True)
class Part:
    """One part of the certificate: the figure found, its unit, the limit, and whether it passed."""

    number: int
    name: str
    figure: float
    unit: str
    limit: float
    passed: bool
    note: str = ""


@dataclass(frozen=True)
class Certificate:
    """The parts, the proved upper bound and the verdict that follows."""

    parts: tuple[Part, ...]
    npv_usd: float
    bound_usd: float
    verdict: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdict", self._verdict())

    @property
    def gap_usd(self) -> float:
        """No plan can be worth more than this on top of the plan's value."""
        return max(self.bound_usd - self.npv_usd, 0.0)

    def _verdict(self) -> str:
        if not all(part.passed for part in self.parts if part.number != 6):
            return DO_NOT_USE
        search = [part for part in self.parts if part.number == 6]
        if all(part.passed for part in search):
            return CERTIFIED
        share = self.gap_usd / max(abs(self.npv_usd), 1.0)
        return f"{PROVED_WITHIN} {100 * share:.2g} % (${self.gap_usd:,.0f})"


class Certifier:
    """Checks plans of one scenario. Everything is read anew from the scenario through the ledger."""

    def __init__(self, values: Values, form: StandardForm) -> None:
        self.values = values
        self.form = form
        self.scenario: Scenario = values.scenario
        self.calendar = values.calendar
        self.ledger = Ledger(self.scenario)
        self.energised = {site.name: site.energised(self.calendar) for site in self.scenario.sites}
        self.suitable = {site.name: site.hpc_suitable(self.calendar) for site in self.scenario.sites}
        self.unreserved = {site.name: self._unreserved(site.name) for site in self.scenario.sites}

    def _unreserved(self, site: str) -> Array:
        """[C5] Suitable MW less what tenants' rights reserve, shape (months,)."""
        mw = self.suitable[site].copy()
        for lease in sorted(self.scenario.leases_at(site), key=lambda lease: lease.name):
            if lease.status == "offered" and lease.reserved_until is not None:
                reserved = np.array([month < lease.reserved_until for month in self.calendar.months])
                mw -= reserved * lease.critical_it_mw * lease.gross_up
        return np.maximum(mw, 0.0)

    # --- values and occupancy per MW, read through the ledger -----------------------------------------------------------

    @cached_property
    def available_mw(self) -> Array:
        """[C2] Meter MW of each fleet, shape (fleets, months)."""
        rows = [fleet.available_mw(self.calendar) for fleet in self.values.fleets]
        return np.array(rows).reshape(len(rows), self.calendar.length)

    @cached_property
    def mining_musd(self) -> Array:
        """Value of one energised MW, USD million, shape (fleets, months), from the ledger's lines."""
        rows = [_sum(line.discounted_usd for line in self.ledger.mining(fleet)) for fleet in self.values.fleets]
        return np.array(rows).reshape(len(rows), self.calendar.length) / USD_PER_MUSD

    @cached_property
    def standing_musd(self) -> float:
        """Value that no decision changes, USD million."""
        return total_usd(self.ledger.standing) / USD_PER_MUSD

    @cached_property
    def lease_musd(self) -> list[Array]:
        """Value of one critical MW at each start, USD million, from the ledger's lines."""
        return [
            np.array(
                [sum(float(line.discounted_usd.sum()) for line in self.ledger.lease(offer.offer, start)) for start in offer.starts]
            )
            / USD_PER_MUSD
            for offer in self.values.offers
        ]

    @cached_property
    def occupied_mw(self) -> list[Array]:
        """Meter MW per critical MW, shape (starts, months) for each offer."""
        return [np.array([self.ledger.occupied_mw(offer.offer, start) for start in offer.starts]) for offer in self.values.offers]

    @cached_property
    def needs_unreserved(self) -> list[Array]:
        """1 in the months in which no right reserves the offer's MW for it, shape (months,)."""
        found = []
        for offer in self.values.offers:
            until = offer.offer.reserved_until
            own = offer.offer.status == "offered" and until is not None
            found.append(np.array([0.0 if own and until and month < until else 1.0 for month in self.calendar.months]))
        return found

    @cached_property
    def capex_musd(self) -> list[Array]:
        """Landlord's capex by start and year of the horizon, USD million per critical MW; 0 for signed leases."""
        years = np.array([month.year for month in self.calendar.months])
        found = []
        for offer in self.values.offers:
            rows = np.zeros((len(offer.starts), len(self.calendar.years)))
            for row, start in enumerate(offer.starts if offer.offer.status == "offered" else []):
                spent = self.ledger.capex(offer.offer, start).usd
                for column, year in enumerate(self.calendar.years):
                    rows[row, column] = -math.fsum(spent[years == year].tolist()) / USD_PER_MUSD
            found.append(rows)
        return found

    def room(self, number: int) -> tuple[Array, Array, Array]:
        """Critical MW that energised MW, suitable MW and the budget leave beside what is signed, each of shape (starts,).

        Suitable MW never leave more than energised MW do.
        """
        power, suitable, budget = (_least_ratio(limit, use) for limit, use in self._left_over(number))
        return power, suitable, budget

    def _left_over(self, number: int) -> list[tuple[Array, Array]]:
        """What signed leases leave of energised MW, suitable MW (by month) and budget (by year), and a critical MW's use of it."""
        lease = self.values.offers[number].offer
        months = self.calendar.months
        own_right = np.array([lease.reserved_until is not None and month < lease.reserved_until for month in months])
        suitable = np.where(own_right, self.suitable[lease.site], self.unreserved[lease.site])
        signed = np.zeros(len(months))
        for other, occupied in zip(self.values.offers, self.occupied_mw, strict=True):
            if other.offer.status == "signed" and other.offer.site == lease.site:
                signed = signed + occupied[0] * other.offer.critical_it_mw
        limits = self.scenario.finance.capex_budget_usd
        budget = np.array([limits.get(year, math.inf) / USD_PER_MUSD for year in self.calendar.years])
        use = self.occupied_mw[number]
        return [(self.energised[lease.site] - signed, use), (suitable - signed, use), (budget, self.capex_musd[number])]

    @cached_property
    def fitting(self) -> list[BoolArray]:
        """Starts at which a whole block fits beside what is signed, shape (starts,); every start of other offers."""
        found = []
        for number, offer in enumerate(self.values.offers):
            fits = np.ones(len(offer.starts), dtype=bool)
            if offer.offer.indivisible and offer.offer.status == "offered":
                for limit, use in self._left_over(number):
                    needed = use * offer.offer.critical_it_mw
                    fits &= np.all((needed <= 0) | (needed <= limit + FITTING_MW), axis=1)
            found.append(fits)
        return found

    # --- the parts -----------------------------------------------------------------------------------------------------

    def data_gate(self) -> Part:
        """Part 0."""
        form = self.form
        arrays = (form.cost, form.value, form.lower, form.upper)
        finite = all(bool(np.all(np.isfinite(array))) for array in arrays)
        finite = finite and not bool(np.any(np.isnan(form.row_lower)) or np.any(np.isnan(form.row_upper)))
        largest = float(np.max(np.abs(form.cost), initial=0.0)) if finite else math.nan
        limits = np.abs(np.concatenate([form.row_lower, form.row_upper]))
        invisible = np.abs(form.cost) < SOLVER_RESOLUTION_MUSD
        unseen_usd = float(np.sum(np.abs(form.cost) * form.upper, where=invisible)) * USD_PER_MUSD if finite else math.nan
        passed = (
            finite
            and (largest < SOLVER_RESOLUTION_MUSD or SMALLEST_LARGEST_COST_MUSD <= largest <= LARGEST_COST_MUSD)
            and float(np.max(np.abs(form.value), initial=0.0)) <= LARGEST_COEFFICIENT
            and float(np.max(limits[np.isfinite(limits)], initial=0.0)) <= LARGEST_LIMIT
            and unseen_usd <= 1.0
        )
        note = f"{form.rows:,} rows, {form.columns:,} columns, {len(form.value):,} nonzeros"
        return Part(0, "data gate: largest value of one MW", largest, "USD million", LARGEST_COST_MUSD, passed, note)

    def primal(self, plan: Decisions) -> Part:
        """Part 1 (and the rows of part 2, since whole blocks have been rounded before)."""
        worst, where = 0.0, ""
        for violation, name in self._violations(plan):
            if not violation <= worst:
                worst, where = violation, name
        return Part(
            1, "largest violation of a row or bound", worst, "of the row's size", ROW_TOLERANCE, worst <= ROW_TOLERANCE, where
        )

    def _violations(self, plan: Decisions) -> Iterator[tuple[float, str]]:
        for k, fleet in enumerate(self.values.fleets):
            over = np.maximum(plan.mining_mw[k] - self.available_mw[k], -plan.mining_mw[k])
            yield float(np.max(over)), f"fleet {fleet.name}"
        for l, offer in enumerate(self.values.offers):
            mw, most = plan.lease_mw[l], offer.offer.critical_it_mw
            yield max(math.fsum(mw.tolist()) - most, float(np.max(-mw))), f"lease {offer.offer.name}"
            if offer.offer.status == "signed":
                yield float(np.max(np.abs(mw - most))), f"signed lease {offer.offer.name}"
        for broken in missing_prerequisites(self.values.offers, plan.lease_mw):
            yield broken.share, f"prerequisite of {broken.offer}"
        for site in self.scenario.sites:
            yield from self._site_violations(plan, site.name)
        for column, year in enumerate(self.calendar.years):
            if year in self.scenario.finance.capex_budget_usd:
                terms = [float(t) for capex, mw in zip(self.capex_musd, plan.lease_mw, strict=True) for t in capex[:, column] * mw]
                yield _excess(terms, self.scenario.finance.capex_budget_usd[year] / USD_PER_MUSD), f"capex budget {year}"

    def _site_violations(self, plan: Decisions, site: str) -> Iterator[tuple[float, str]]:
        """The worst month of each rule of a site, added up exactly."""
        mining = [plan.mining_mw[k] for k, fleet in enumerate(self.values.fleets) if fleet.site == site]
        here = [l for l, offer in enumerate(self.values.offers) if offer.offer.site == site]
        leased = [plan.lease_mw[l] @ self.occupied_mw[l] for l in here]
        others = [row * self.needs_unreserved[l] for l, row in zip(here, leased, strict=True)]
        rules = (
            ("power", [*mining, *leased], self.energised),
            ("suitable MW", leased, self.suitable),
            ("unreserved MW", others, self.unreserved),
        )
        for name, found, limits in rules:
            rows, limit = np.array(found).reshape(len(found), self.calendar.length), limits[site]
            month = int(np.argmax((rows.sum(axis=0) - limit) / np.maximum(1.0, np.abs(rows).sum(axis=0))))
            yield _excess(rows[:, month].tolist(), float(limit[month])), f"{name} of {site} in {self.calendar.months[month]}"

    def whole_blocks(self, plan: Decisions) -> Part:
        """Part 2."""
        worst = 0.0
        for offer, mw in zip(self.values.offers, plan.lease_mw, strict=True):
            if offer.offer.indivisible:
                blocks = mw / offer.offer.critical_it_mw
                worst = max(worst, float(np.max(np.abs(blocks - np.round(blocks)))))
        worst = max([worst, *(broken.share for broken in mixes(self.values.offers, plan.lease_mw))])
        return Part(2, "largest fraction of a whole block", worst, "blocks", ROW_TOLERANCE, worst <= ROW_TOLERANCE)

    def objective(self, plan_npv_musd: float, lines: list[Line]) -> Part:
        """Part 3."""
        gross = max(gross_usd(lines), 1.0)
        difference = abs(total_usd(lines) - plan_npv_musd * USD_PER_MUSD) / gross
        passed = difference <= LEDGER_TOLERANCE
        return Part(3, "ledger against objective", difference, "of the gross flows", LEDGER_TOLERANCE, passed)

    def reduced(self, prices: Prices) -> tuple[Array, list[Array]]:
        """What a MW earns beyond the prices of what it uses, USD million: (fleets, months), and starts of each offer."""
        paid = np.array([prices.power[fleet.site] for fleet in self.values.fleets]).reshape(self.mining_musd.shape)
        mining = self.mining_musd - paid
        budget = np.array([prices.budget.get(year, 0.0) for year in self.calendar.years])
        leases = []
        for l, offer in enumerate(self.values.offers):
            per_mw = prices.power[offer.offer.site] + self.suitable_price(prices, l)
            earned = self.lease_musd[l] - self.occupied_mw[l] @ per_mw - self.capex_musd[l] @ budget
            leases.append(earned - self.prerequisite_price(prices, l))
        return mining, leases

    @cached_property
    def rules(self) -> OfferRules:
        return OfferRules.of(self.values.offers)

    def signed_of_group(self, offer: int) -> str:
        """The signed lease that keeps an offer's exclusive group from it; empty if there is none."""
        members = self.rules.groups.get(self.rules.group_of(offer) or "", ())
        return next((self.values.offers[n].offer.name for n in members if self.values.offers[n].offer.status == "signed"), "")

    def place_price(self, prices: Prices, offer: int) -> float:
        """[C4] What an offer pays, USD million, for being the one of its exclusive group."""
        return prices.exclusive.get(self.rules.group_of(offer) or "", 0.0)

    def prerequisite_price(self, prices: Prices, offer: int) -> Array:
        """[C4] What an offer pays for the one that it needs, less what those that need it pay, USD million per MW, (starts,)."""
        starts, mw = self.values.offers[offer].starts, self.values.offers[offer].offer.critical_it_mw
        found = np.zeros(len(starts))
        for later, earlier in self.rules.prerequisites:
            if offer in (later, earlier):
                name = self.values.offers[later].offer.name
                for date in dated_rows(self.values.offers, later, earlier):
                    price = prices.prerequisite.get((name, str(date)), 0.0) / mw
                    found += np.where([start <= date for start in starts], price if offer == later else -price, 0.0)
        return found

    def suitable_price(self, prices: Prices, offer: int) -> Array:
        """[C5] What an offer pays for a suitable MW, USD million, shape (months,)."""
        site = self.values.offers[offer].offer.site
        return prices.suitable[site] + prices.unreserved[site] * self.needs_unreserved[offer]

    def value_of_suitable_mw(self, prices: Prices, site: str) -> Array:
        """[C5] Value today of one more suitable MW, USD million, shape (months,); where rights reserve them all it is theirs."""
        found: Array = prices.suitable[site] + np.where(self.unreserved[site] > 0, prices.unreserved[site], 0.0)
        return found

    def limits_value_musd(self, prices: Prices) -> float:
        """Lambda b: what all limits are worth at their prices, USD million."""
        terms = [term for site, row in prices.power.items() for term in (row * self.energised[site]).tolist()]
        terms += [term for site, row in prices.suitable.items() for term in (row * self.suitable[site]).tolist()]
        terms += [term for site, row in prices.unreserved.items() for term in (row * self.unreserved[site]).tolist()]
        terms += [
            prices.budget[year] * usd / USD_PER_MUSD
            for year, usd in self.scenario.finance.capex_budget_usd.items()
            if year in prices.budget
        ]
        return math.fsum([*terms, *prices.exclusive.values()])

    def safe_bound_musd(self, prices: Prices, choices: dict[int, Choice] | None = None) -> float:
        """Part 5: an upper bound of every plan's value, USD million, for any prices (negative ones count as 0).

        choices: what a search allows some of the offers (branching.py).
        """
        positive = prices.without_negative()
        mining, leases = self.reduced(positive)
        terms = [self.limits_value_musd(positive), *(np.maximum(mining, 0.0) * self.available_mw).ravel().tolist()]
        for l, (offer, earned) in enumerate(zip(self.values.offers, leases, strict=True)):
            choice = (choices or {}).get(l)
            allowed = earned if choice is not None or offer.offer.status == "signed" else earned[self.fitting[l]]
            terms.append(_best_of_offer(offer.offer, allowed, choice, self.place_price(positive, l)))
        bound = math.fsum([*terms, self.standing_musd])
        return bound + self._rounding_musd(positive.largest, math.fsum(positive.of_offers))

    def _rounding_musd(self, largest: float, of_offers: float) -> float:
        """Bound of the rounding errors in the bound above, USD million: terms x unit roundoff x size of what is added.

        largest: the largest price, USD million per MW. of_offers: prices per offer together, USD million.
        """
        roundoff = np.finfo(float).eps
        size = float(np.sum(self.available_mw)) * (largest + float(np.max(np.abs(self.mining_musd), initial=0.0)))
        for offer, value, occupied in zip(self.values.offers, self.lease_musd, self.occupied_mw, strict=True):
            per_mw = float(np.max(np.abs(value))) + 3 * largest * float(np.max(occupied.sum(axis=1), initial=0.0))
            size += offer.offer.critical_it_mw * per_mw * self.calendar.length
        size += sum(float(np.sum(mw)) for mw in self.energised.values()) * 2 * largest
        size += of_offers * len(self.values.offers) * self.calendar.length
        return float(4 * roundoff * size)

    def tree_bound_musd(self, program: Program, root: Node) -> float:
        """Part 6: the largest safe bound of the leaves of a search, USD million; infinite if the tree leaves out a plan."""
        if not (self._allows_everything(root) and all(_covers(node) for node in _nodes(root))):
            return math.inf
        return max(self._leaf_bound_musd(program, leaf) for leaf in leaves(root))

    def _allows_everything(self, root: Node) -> bool:
        """Whether the search began with every start at which a block fits, and no block taken beforehand."""
        return all(
            not choice.must and choice.starts >= frozenset(np.flatnonzero(self.fitting[offer]).tolist())
            for offer, choice in root.choices.items()
        )

    def _leaf_bound_musd(self, program: Program, leaf: Node) -> float:
        if leaf.row_dual is not None:
            return self.safe_bound_musd(prices_of(program, leaf.row_dual), leaf.choices)
        if leaf.ray is None:
            return math.inf
        # A leaf without any plan: along the ray that proves it, the bound falls below every value.
        scaled = (self.safe_bound_musd(prices_of(program, scale * leaf.ray), leaf.choices) for scale in (1e3, 1e6, -1e3, -1e6))
        return min(scaled)

    def duals(self, plan: Decisions, prices: Prices, gross_musd: float) -> Part:
        """Part 4: the largest of sign violation, complementary-slackness term and duality gap, of the gross flows."""
        mining, leases = self.reduced(prices)
        slack = np.maximum(mining, 0.0) * (self.available_mw - plan.mining_mw) + np.maximum(-mining, 0.0) * plan.mining_mw
        worst = [prices.most_negative, float(np.max(slack, initial=0.0))]
        for l, (offer, earned, mw, fitting) in enumerate(zip(self.values.offers, leases, plan.lease_mw, self.fitting, strict=True)):
            if offer.offer.status == "offered":
                best = max(float(np.max(earned[fitting], initial=0.0)), 0.0)
                unused = best * (offer.offer.critical_it_mw - float(np.sum(mw))) + float(np.sum((best - earned) * mw))
                # With a price of a place: max(0, offered best - price) less what the share taken earns and pays.
                price, share = self.place_price(prices, l), float(np.sum(mw)) / offer.offer.critical_it_mw
                worst.append(unused - min(price, best * offer.offer.critical_it_mw) + price * share)
        worst += [price * -broken.share for price, broken in self._prerequisite_slack(plan, prices)]
        worst += [price * (1.0 - self._places(plan, group)) for group, price in prices.exclusive.items()]
        for site, power in prices.power.items():
            idle = self.energised[site] - self._used(plan, site)
            worst.append(float(np.max(np.abs(power * idle), initial=0.0)))
        figure = max(worst) / max(gross_musd, SMALLEST_GROSS_MUSD)
        return Part(4, "duals: sign, slackness", figure, "of the gross flows", GAP_TOLERANCE, figure <= GAP_TOLERANCE)

    def _places(self, plan: Decisions, group: str) -> float:
        """Shares of the offers of a group that are taken, together."""
        offers = self.values.offers
        return math.fsum(float(np.sum(plan.lease_mw[n])) / offers[n].offer.critical_it_mw for n in self.rules.groups[group])

    def _prerequisite_slack(self, plan: Decisions, prices: Prices) -> Iterator[tuple[float, BrokenRule]]:
        keys = [
            (self.values.offers[later].offer.name, str(date))
            for later, earlier in self.rules.prerequisites
            for date in dated_rows(self.values.offers, later, earlier)
        ]
        found = missing_prerequisites(self.values.offers, plan.lease_mw)
        for key, broken in zip(keys, found, strict=True):
            yield prices.prerequisite.get(key, 0.0), broken

    def _used(self, plan: Decisions, site: str) -> Array:
        mining = _sum((plan.mining_mw[k] for k, fleet in enumerate(self.values.fleets) if fleet.site == site))
        leased = _sum(
            plan.lease_mw[l] @ self.occupied_mw[l] for l, offer in enumerate(self.values.offers) if offer.offer.site == site
        )
        return np.zeros(self.calendar.length) + mining + leased


def _least_ratio(limit: Array, use: Array) -> Array:
    """How often each row of `use` fits under the limit: the least limit / use, where it uses anything, and never below 0."""
    ratio = np.full(use.shape, np.inf)
    np.divide(np.broadcast_to(limit, use.shape), use, out=ratio, where=use > 0)
    return np.asarray(np.maximum(np.min(ratio, axis=1), 0.0))


def _covers(node: Node) -> bool:
    """Whether the children of a node leave out no plan of it: they split the choices of one offer, each start in one of them."""
    if not node.children:
        return True
    changed = {offer for child in node.children for offer in node.choices if child.choices[offer] != node.choices[offer]}
    if len(changed) != 1:
        return False
    offer = changed.pop()
    parts = [child.choices[offer] for child in node.children]
    all_starts = frozenset().union(*(part.starts for part in parts)) == node.choices[offer].starts
    none_of_them = node.choices[offer].must or any(not part.must for part in parts)
    return all_starts and none_of_them


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _best_of_offer(lease: LeaseOffer, earned: Array, choice: Choice | None, price: float) -> float:
    """Most that an offer can add, USD million, at what a MW of it earns beyond the prices; `price`: of a place in its group."""
    offered = lease.critical_it_mw
    if choice is not None:
        allowed = earned[sorted(choice.starts)]
        if choice.must:
            best, least = float(np.max(allowed)), offered if lease.indivisible else lease.minimum_critical_mw or 0.0
            return max(offered * best, least * best) - price
        return max(offered * max(float(np.max(allowed, initial=0.0)), 0.0) - price, 0.0)
    if lease.status == "signed":
        return offered * float(earned[0]) - price
    return max(offered * max(float(np.max(earned, initial=0.0)), 0.0) - price, 0.0)


def _sum(rows: object) -> Array | float:
    total: Array | float = 0.0
    for row in rows:  # type: ignore[attr-defined]
        total = total + row
    return total


def _excess(terms: list[float], limit: float) -> float:
    """How far a sum exceeds its limit, of max(1, sum of the sizes)."""
    return (math.fsum(terms) - limit) / max(1.0, math.fsum(abs(term) for term in terms))
