r"""Upper bounds of every plan's value that hold for any prices of the limits, whatever the solver said.

For *any* prices lambda >= 0 no plan is worth more than

    lambda b + sum_{k,t} owned max(0, v[k,t] - lambda a) + sum_l max(0, offered max_c (v[l,c] - lambda a[l,c]) - lambda_g)
             + sum_a offered max(0, max_c (v[a,c] - lambda a[a,c] + sum_{t in use} max(0, v[k,t] - lambda a)))
             + sum_e offered max(0, max_c (v[e,c] - lambda a[e,c]))

(lambda_g: of the offer's exclusive group, 0 without one; the last sums: machines that may be bought, machine_readings.py, and
expansions, whose a is negative where they add MW to a limit, expansion_readings.py) because
every column is bounded (Neumaier and Shcherbina's argument).
v and a are the readings of the contracts (readings.py); rounding errors are bounded and added.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import Array, Month
from ..models.values import USD_PER_MUSD
from .bound import RAY_SCALES
from .branching import Choice, Node, leaves
from .offer_rules import dated_rows
from .policy_readings import PolicyReading
from .prices import Prices, prices_of
from .program import Program
from .readings import Readings


class SafeBounds(Readings):
    """What MW earn beyond the prices of what they use, and the bounds that follow."""

    def money_price(self, prices: Prices) -> Array:
        """[C6] Price of a budget dollar by year of the horizon, and with floors of a dollar of cash, USD per USD (readings.py)."""
        years = self.calendar.years
        budget = prices.of_dollar(years)
        return np.concatenate([budget, prices.of_cash(years)]) if self.floors else budget

    def money_used(self, money_musd: Array, prices: Prices) -> tuple[Array, Array]:
        """What a MW at each of its dates takes of budgets, and of cash above its floors, at their prices, USD million."""
        price, years = self.money_price(prices), len(self.calendar.years)
        return money_musd[:, :years] @ price[:years], money_musd[:, years:] @ price[years:]

    def cash_price(self, prices: Prices) -> Array:
        """[C6] What a dollar of cash that comes in a month is worth by the floors, USD per USD, shape (months,)."""
        by_year = prices.of_cash(self.calendar.years)
        return np.asarray(by_year[self.calendar.year_of_month - self.calendar.years[0]], dtype=float)

    def reduced(self, prices: Prices) -> tuple[Array, list[Array]]:
        """What a MW earns beyond the prices of what it uses, USD million: (fleets, months), and starts of each offer."""
        paid = np.array([prices.power[fleet.site] for fleet in self.values.fleets]).reshape(self.mining_musd.shape)
        mining = self.mining_musd - paid - self.policy_price_of_mining(prices)
        if self.floors:
            mining = mining + self.mining_cash_musd * self.cash_price(prices)
        mining = mining + self.hours_of_mining(prices)
        money = self.money_price(prices)
        leases = []
        for l, offer in enumerate(self.values.offers):
            per_mw = prices.power[offer.offer.site] + self.suitable_price(prices, l)
            earned = self.lease_musd[l] - self.occupied_mw[l] @ per_mw - self.money_musd[l] @ money
            earned = earned + self.hours_of_lease(prices, l)
            leases.append(earned - self.prerequisite_price(prices, l) - self.policy_price(prices, l))
        return mining, leases

    def hours_of_mining(self, prices: Prices) -> Array:
        """[V3] What a MW of mining earns as load that uses blocks, less what caps cost it, USD million, (fleets, months)."""
        found = np.zeros_like(self.mining_musd)
        for site in self.blocks:
            np.add.at(found, site.use.fleets, site.mining_musd(prices.load[site.use.site]))
        for cap in self.caps:
            np.subtract.at(found, cap.fleets, cap.given_up_musd(prices.energy))
        return found

    def hours_of_lease(self, prices: Prices, offer: int) -> Array:
        """[V3] The same of a critical MW of an offer, shape (starts,)."""
        found = np.zeros(len(self.values.offers[offer].starts))
        for site in self.blocks:
            if site.use.site == self.values.offers[offer].offer.site:
                found += self.firm_load_mw[offer] @ site.load_musd(prices.load[site.use.site])
        for cap in self.caps:
            if offer in cap.lease_gwh:
                found -= cap.paid_by_lease(offer, prices.energy)
        return found

    def policy_price_of_mining(self, prices: Prices) -> Array:
        """[C5], [C7] What a MW of mining pays for rules that count it (below 0: is paid), USD million, (fleets, months)."""
        found = np.zeros_like(self.mining_musd)
        for rule, price in self._priced(prices):
            found += np.outer(rule.sign * rule.mining, price)
        return found

    def policy_price(self, prices: Prices, offer: int, starts: list[Month] | None = None) -> Array:
        """[C5], [C7] The same of a critical MW of an offer, shape (starts,); starts: other ones than its own."""
        lease, found = self.values.offers[offer].offer, np.zeros(len(starts or self.values.offers[offer].starts))
        for rule, price in self._priced(prices):
            for number, factor, own in rule.leases:
                if number == offer:
                    mw = own if starts is None else self._counted_at(rule, lease, starts)
                    found += rule.sign * factor * (mw @ price)
        return found

    def worth_of_expanded_mw(self, prices: Prices, number: int) -> Array:
        """[C1], [C5], [C7] What a MW of an expansion is worth by the prices of the limits that it eases, USD million, (months,)."""
        site, share = self.expansions.sites[number], self.expansions.suitable_shares[number]
        found = prices.power[site] + share * (prices.suitable[site] + prices.unreserved[site])
        for rule, price in self._priced(prices):
            for of, factor, _ in rule.expansions:
                if of == number:
                    found = found - rule.sign * factor * price
        return found

    def _counted_at(self, rule: PolicyReading, lease: LeaseOffer, starts: list[Month]) -> Array:
        """What a rule counts of a critical MW at some starts, shape (starts, months)."""
        if rule.counts_rent:
            return np.array([self.ledger.book(lease, at).rent_kusd() for at in starts])
        return np.array([self.ledger.book(lease, at).let_mw(rule.delivered) for at in starts])

    def _priced(self, prices: Prices) -> Iterator[tuple[PolicyReading, Array]]:
        """The rules that have a price, and the price in their months."""
        for rule in self.policy:
            price = prices.policy.get((rule.family, rule.of))
            if price is not None and np.any(price):
                yield rule, rule.applies * price

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
            price * limits[year] / USD_PER_MUSD
            for table, limits in (
                (prices.budget, self.scenario.finance.capex_budget_usd),
                (prices.cumulative, self.scenario.finance.cumulative_capex_budget_usd),
            )
            for year, price in table.items()
        ]
        terms += [prices.cash.get(floor.year, 0.0) * floor.free_musd for floor in self.floors]
        terms += [term for rule, price in self._priced(prices) for term in (rule.sign * price * rule.limit).tolist()]
        terms += [term for site in self.blocks for term in site.blocks_musd(prices.load[site.use.site])]
        terms += [term for cap in self.caps for term in cap.limits_musd(prices.energy)]
        return math.fsum([*terms, *prices.exclusive.values()])

    def safe_bound_musd(self, prices: Prices, choices: dict[int, Choice] | None = None) -> float:
        """Part 5: an upper bound of every plan's value, USD million, for any prices (negative ones count as 0).

        choices: what a search allows some of the offers (branching.py).
        """
        positive = prices.without_negative()
        mining, leases = self.reduced(positive)
        terms = [self.limits_value_musd(positive), *(np.maximum(mining, 0.0) * self.owned_mw).ravel().tolist()]
        terms += self.machines.most_musd(mining, self.money_price(positive))
        terms += self.expansions.most_musd(partial(self.worth_of_expanded_mw, positive), self.money_price(positive))
        for l, (offer, earned) in enumerate(zip(self.values.offers, leases, strict=True)):
            choice = (choices or {}).get(l)
            allowed = earned if choice is not None or offer.offer.status == "signed" else earned[self.fitting[l]]
            terms.append(_best_of_offer(offer.offer, allowed, choice, self.place_price(positive, l)))
        bound = math.fsum([*terms, self.standing_musd])
        largest = positive.largest + self._largest_policy_price(positive)
        rounding = self._policy_rounding_musd(positive) + self._cash_rounding_musd(positive) + self._hours_rounding_musd(positive)
        return bound + self._rounding_musd(largest, math.fsum(positive.of_offers)) + rounding

    def _largest_policy_price(self, prices: Prices) -> float:
        """Most that a meter MW pays for rules, whatever their signs, USD million."""
        found = 0.0
        for rule, price in self._priced(prices):
            counted = (*rule.leases, *rule.expansions)
            weights = [*np.abs(rule.mining).tolist(), *(abs(factor) for _, factor, _ in counted)]
            found += float(np.max(price)) * max(weights, default=0.0)
        return found

    def _policy_rounding_musd(self, prices: Prices) -> float:
        """Bound of the rounding errors in what the rules' limits are worth, USD million."""
        size = math.fsum(float(np.sum(np.abs(price * rule.limit))) for rule, price in self._priced(prices))
        return float(4 * np.finfo(float).eps * size)

    def _rounding_musd(self, largest: float, of_offers: float) -> float:
        """Bound of the rounding errors in the bound above, USD million: terms x unit roundoff x size of what is added.

        largest: the largest price, USD million per MW. of_offers: prices per offer together, USD million.
        """
        roundoff = np.finfo(float).eps
        size = float(np.sum(self.owned_mw)) * (largest + float(np.max(np.abs(self.mining_musd), initial=0.0)))
        size += self.machines.size_musd(largest, self.mining_musd) + self.expansions.size_musd(largest)
        for offer, value, occupied in zip(self.values.offers, self.lease_musd, self.occupied_mw, strict=True):
            per_mw = float(np.max(np.abs(value))) + 3 * largest * float(np.max(occupied.sum(axis=1), initial=0.0))
            size += offer.offer.critical_it_mw * per_mw * self.calendar.length
        size += sum(float(np.sum(mw)) for mw in self.energised.values()) * 2 * largest
        size += of_offers * len(self.values.offers) * self.calendar.length
        return float(4 * roundoff * size)

    def _cash_rounding_musd(self, prices: Prices) -> float:
        """Bound of the rounding errors of what the floors of cash add to the bound, USD million."""
        if not self.floors:
            return 0.0
        size = float(np.sum(np.abs(self.mining_cash_musd) * self.owned_mw)) + sum(abs(floor.free_musd) for floor in self.floors)
        for offer, money in zip(self.values.offers, self.money_musd, strict=True):
            size += offer.offer.critical_it_mw * float(np.max(np.sum(np.abs(money), axis=1), initial=0.0))
        size += self.machines.cash_size_musd(self.mining_cash_musd) + self.expansions.cash_size_musd()
        return float(4 * np.finfo(float).eps * size * sum(prices.cash.values()) * self.calendar.length)

    def _hours_rounding_musd(self, prices: Prices) -> float:
        """Bound of the rounding errors of what blocks and caps add to the bound, USD million."""
        sizes = [site.size_musd(prices.load[site.use.site], self._most_load_mw(site.use.site)) for site in self.blocks]
        sizes += [sum(map(abs, cap.limits_musd(prices.energy))) * self.calendar.length for cap in self.caps]
        return float(4 * np.finfo(float).eps * sum(sizes))

    def _most_load_mw(self, site: str) -> Array:
        """More MW than can draw at a site: all of its machines, and all that may be energised, shape (months,)."""
        here = [k for k, fleet in enumerate(self.values.fleets) if fleet.site == site]
        machines: Array = self.values.available_mw[here].sum(axis=0)
        return machines + self.energised[site] + self.expansions.most_mw(site)

    def tree_bound_musd(self, program: Program, root: Node) -> float:
        """Part 6: the largest safe bound of the leaves of a search, USD million; infinite if the tree leaves out a plan."""
        return max(bound for _, bound in self.leaf_bounds_musd(program, root))

    def leaf_bounds_musd(self, program: Program, root: Node, dearer: dict[int, float] | None = None) -> list[tuple[Node, float]]:
        """Leaves of a search with their safe bounds, USD million; the root and infinity if the tree leaves out a plan.

        dearer: what is added to the prices of the budgets, by year.
        """
        if not (self._allows_everything(root) and all(covers(node) for node in _nodes(root))):
            return [(root, math.inf)]
        return [(leaf, self._leaf_bound_musd(program, leaf, dearer or {})) for leaf in leaves(root)]

    def _allows_everything(self, root: Node) -> bool:
        """Whether the search began with every start at which a block fits, and no block taken beforehand."""
        return all(
            not choice.must and choice.starts >= frozenset(np.flatnonzero(self.fitting[offer]).tolist())
            for offer, choice in root.choices.items()
        )

    def _leaf_bound_musd(self, program: Program, leaf: Node, dearer: dict[int, float]) -> float:
        if leaf.row_dual is not None:
            return self.safe_bound_musd(prices_of(program, leaf.row_dual).dearer(dearer), leaf.choices)
        if leaf.ray is None:
            return math.inf
        # A leaf without any plan: along the ray that proves it, the bound falls below every value.
        return min(self.safe_bound_musd(prices_of(program, scale * leaf.ray), leaf.choices) for scale in RAY_SCALES)


def covers(node: Node) -> bool:
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
