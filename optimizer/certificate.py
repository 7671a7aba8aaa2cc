r"""Proof that a plan is feasible, adds up and cannot be beaten, built from the input data and not from the solver's report.

Parts

0  data gate: every cost, coefficient and bound is finite; the money lies in the range the solver resolves
1  primal: every row is added up again from the contracts (exact summation), every bound checked
2  integrality: whole blocks are whole, minimum sizes and exclusive groups hold, and part 1 holds for the rounded plan
3  objective: the ledger's discounted cash equals the program's objective to 1e-9 of the gross flows
4  duals: prices of MW, suitable MW, budget and rules are not negative (of a lower limit: of one unit less); complementary
   slackness; duality gap
5  safe bound: no plan is worth more, whatever the prices are (safe_bounds.py), from the readings of the contracts (readings.py)
6  whole blocks: the proved bound of a search over the leases (branching.py); its leaves carry such bounds

The verdict follows from the figures alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ..models.months import Array
from ..models.values import USD_PER_MUSD, Values
from .decisions import Decisions
from .ledger_lines import Line, gross_usd, total_usd
from .offer_rules import BrokenRule, dated_rows, missing_prerequisites, mixes
from .policy_readings import PolicyReading
from .prices import Prices
from .readings import total
from .safe_bounds import SafeBounds
from .standard_form import StandardForm

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


class Certifier(SafeBounds):
    """Checks plans of one scenario. Everything is read anew from the scenario through the ledger."""

    def __init__(self, values: Values, form: StandardForm) -> None:
        super().__init__(values)
        self.form = form

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

    def primal(self, plan: Decisions, floors: bool = True) -> Part:
        """Part 1 (and the rows of part 2, since whole blocks have been rounded before); floors: of cash too."""
        worst, where = 0.0, ""
        for violation, name in (*self._violations(plan), *(self._below_floors(plan) if floors else ())):
            if not violation <= worst:
                worst, where = violation, name
        return Part(
            1, "largest violation of a row or bound", worst, "of the row's size", ROW_TOLERANCE, worst <= ROW_TOLERANCE, where
        )

    def _violations(self, plan: Decisions) -> Iterator[tuple[float, str]]:
        there = self.machines.there_mw(self.owned_mw, plan.machine_mw)
        for k, fleet in enumerate(self.values.fleets):
            over = np.maximum(plan.mining_mw[k] - there[k], -plan.mining_mw[k])
            yield float(np.max(over)), f"fleet {fleet.name}"
        yield from self.machines.excess(plan.machine_mw)
        yield from self.expansions.excess(plan.expansion_mw)
        for l, offer in enumerate(self.values.offers):
            mw, most = plan.lease_mw[l], offer.offer.critical_it_mw
            yield max(math.fsum(mw.tolist()) - most, float(np.max(-mw))), f"lease {offer.offer.name}"
            if offer.offer.status == "signed":
                yield float(np.max(np.abs(mw - most))), f"signed lease {offer.offer.name}"
        for broken in missing_prerequisites(self.values.offers, plan.lease_mw):
            yield broken.share, f"prerequisite of {broken.offer}"
        for site in self.scenario.sites:
            yield from self._site_violations(plan, site.name)
        for rule in self.policy:
            yield self._policy_violation(plan, rule)
        for cap in self.caps:  # mining can always be held back; what leases draw cannot
            for year, drawn in cap.leased_gwh(plan.lease_mw).items():
                yield _excess(drawn, cap.limit_gwh[year]), f"energy cap of {cap.site} in {year}"
        capex = [*self.capex_musd, *self.machines.capex_musd, *self.expansions.capex_musd]
        decided = [*plan.lease_mw, *plan.machine_mw, *plan.expansion_mw]
        for budget in self.budgets:
            yield _excess(budget.terms_musd(capex, decided), budget.limit_musd), budget.name

    def _below_floors(self, plan: Decisions) -> Iterator[tuple[float, str]]:
        """[C6] How far cash falls below its floors."""
        for floor in self.floors:
            yield _excess([-term for term in self.cash_musd(plan, floor.years)], floor.free_musd), floor.name

    def cash_musd(self, plan: Decisions, years: int) -> list[float]:
        """Cash that the decisions bring in the first calendar years of the horizon, USD million, term by term."""
        months = int(np.sum(self.calendar.year_of_month < self.calendar.years[0] + years))
        terms = (self.mining_cash_musd * plan.mining_mw)[:, :months].ravel().tolist()
        first = len(self.calendar.years)
        taken = [*self.money_musd, *self.machines.money_musd, *self.expansions.money_musd]
        for money, mw in zip(taken, [*plan.lease_mw, *plan.machine_mw, *plan.expansion_mw], strict=True):
            terms += (-money[:, first : first + years] * mw[:, np.newaxis]).ravel().tolist()
        return terms

    def _site_violations(self, plan: Decisions, site: str) -> Iterator[tuple[float, str]]:
        """The worst month of each rule of a site, added up exactly."""
        mining = [plan.mining_mw[k] for k, fleet in enumerate(self.values.fleets) if fleet.site == site]
        here = [l for l, offer in enumerate(self.values.offers) if offer.offer.site == site]
        leased = [plan.lease_mw[l] @ self.occupied_mw[l] for l in here]
        others = [row * self.needs_unreserved[l] for l, row in zip(here, leased, strict=True)]
        added = -self.expansions.added_mw(site, plan.expansion_mw)
        added_suitable = -self.expansions.added_mw(site, plan.expansion_mw, suitable=True)
        rules = (
            ("power", [*mining, *leased, added], self.energised),
            ("suitable MW", [*leased, added_suitable], self.suitable),
            ("unreserved MW", [*others, added_suitable], self.unreserved),
        )
        for name, found, limits in rules:
            rows, limit = np.array(found).reshape(len(found), self.calendar.length), limits[site]
            month = int(np.argmax((rows.sum(axis=0) - limit) / np.maximum(1.0, np.abs(rows).sum(axis=0))))
            yield _excess(rows[:, month].tolist(), float(limit[month])), f"{name} of {site} in {self.calendar.months[month]}"

    def _policy_violation(self, plan: Decisions, rule: PolicyReading) -> tuple[float, str]:
        """The worst month of a rule; a lower limit is missed by as much as an upper one is exceeded with the signs turned."""
        rows, limit = rule.sign * rule.terms(plan), rule.sign * rule.limit
        over = np.where(rule.applies > 0, (rows.sum(axis=0) - limit) / np.maximum(1.0, np.abs(rows).sum(axis=0)), -np.inf)
        month = int(np.argmax(over))
        return _excess(rows[:, month].tolist(), float(limit[month])), f"rule {rule.of} in {self.calendar.months[month]}"

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

    def duals(self, plan: Decisions, prices: Prices, gross_musd: float) -> Part:
        """Part 4: the largest of sign violation, complementary-slackness term and duality gap, of the gross flows."""
        mining, leases = self.reduced(prices)
        there = self.machines.there_mw(self.owned_mw, plan.machine_mw)
        slack = np.maximum(mining, 0.0) * (there - plan.mining_mw) + np.maximum(-mining, 0.0) * plan.mining_mw
        worst = [prices.most_negative, float(np.max(slack, initial=0.0))]
        worst += self.machines.unused_musd(mining, self.money_price(prices), plan.machine_mw)
        worth = partial(self.worth_of_expanded_mw, prices)
        worst += self.expansions.unused_musd(worth, self.money_price(prices), plan.expansion_mw)
        for l, (offer, earned, mw, fitting) in enumerate(zip(self.values.offers, leases, plan.lease_mw, self.fitting, strict=True)):
            if offer.offer.status == "offered":
                best = max(float(np.max(earned[fitting], initial=0.0)), 0.0)
                unused = best * (offer.offer.critical_it_mw - float(np.sum(mw))) + float(np.sum((best - earned) * mw))
                # With a price of a place: max(0, offered best - price) less what the share taken earns and pays.
                price, share = self.place_price(prices, l), float(np.sum(mw)) / offer.offer.critical_it_mw
                worst.append(unused - min(price, best * offer.offer.critical_it_mw) + price * share)
        worst += [price * -broken.share for price, broken in self._prerequisite_slack(plan, prices)]
        worst += [price * (1.0 - self._places(plan, group)) for group, price in prices.exclusive.items()]
        worst += [
            prices.cash.get(floor.year, 0.0) * (floor.free_musd + math.fsum(self.cash_musd(plan, floor.years)))
            for floor in self.floors
        ]
        for site, power in prices.power.items():
            idle = self.energised[site] + self.expansions.added_mw(site, plan.expansion_mw) - self._used(plan, site)
            worst.append(float(np.max(np.abs(power * idle), initial=0.0)))
        for rule in self.policy:
            left = rule.applies * prices.policy.get((rule.family, rule.of), 0.0) * (rule.limit - rule.terms(plan).sum(axis=0))
            worst.append(float(np.max(np.abs(left), initial=0.0)))
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
        mining = total((plan.mining_mw[k] for k, fleet in enumerate(self.values.fleets) if fleet.site == site))
        leased = total(
            plan.lease_mw[l] @ self.occupied_mw[l] for l, offer in enumerate(self.values.offers) if offer.offer.site == site
        )
        return np.zeros(self.calendar.length) + mining + leased


def _excess(terms: list[float], limit: float) -> float:
    """How far a sum exceeds its limit, of max(1, sum of the sizes)."""
    return (math.fsum(terms) - limit) / max(1.0, math.fsum(abs(term) for term in terms))
