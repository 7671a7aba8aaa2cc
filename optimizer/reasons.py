"""Why an offer is taken or not, in words: what a critical MW brings, what it uses, and which limit binds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import Array, Month
from ..models.values import USD_PER_MUSD, OfferValue
from .breakeven import INDIFFERENT_MUSD, BreakEven
from .certificate import Certifier
from .decisions import SMALLEST_MW
from .prices import Prices

ROUNDING = 1e-9
SMALLEST_SHOWN_MW = 0.05
NOT_WITHOUT = "without it no plan keeps the rules"
NO_TIME = "what it is worth was not asked within the time limit"
PRICED_OUT_USD = 0.5
"""An offer left out whose MW are worth so much more elsewhere, per critical MW, is explained by these prices."""


@dataclass(frozen=True)
class Worth:
    """One offer at one start, USD per critical MW.

    own: discounted cash of the lease itself. power, suitable, budget: what the MW and the money it uses are worth elsewhere.
    rules: what its place in an exclusive group and the offer that it needs are worth, less what offers that need it add. cash: what
    the cash that it takes before floors are asked is worth elsewhere (negative: that it brings). policy: what the scenario's rules
    make it pay, less what it is worth for rules that it helps to keep. demanded: of power, what rules that ask for mining make its
    MW worth.
    """

    start: Month
    own: float
    power: float
    suitable: float
    budget: float
    rules: float = 0.0
    cash: float = 0.0
    policy: float = 0.0
    demanded: float = 0.0

    @property
    def net(self) -> float:
        return self.own - self.power - self.suitable - self.budget - self.rules - self.cash - self.policy


@dataclass(frozen=True)
class Forced:
    """The best plan that takes so much of an offer the best plan leaves out, by solving again.

    costs_musd: how much less it is worth; infinite if there is no such plan. given_up: (offer, critical MW less).
    mining_mw: mean meter MW less that mine.
    """

    critical_mw: float
    costs_musd: float
    given_up: tuple[tuple[str, float], ...] = ()
    mining_mw: float = 0.0


def worth_of_offer(
    certifier: Certifier, prices: Prices, number: int, taken_mw: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Worth:
    """The offer at the start at which most of it is taken, or, if none is, at its best start."""
    offer = certifier.values.offers[number]
    own = certifier.lease_musd[number]
    used_power = certifier.occupied_mw[number] @ prices.power[offer.offer.site]
    used_suitable = certifier.occupied_mw[number] @ certifier.suitable_price(prices, number)
    used_budget, used_cash = certifier.money_used(certifier.money_musd[number], prices)
    place = certifier.place_price(prices, number) / offer.offer.critical_it_mw
    rules = certifier.prerequisite_price(prices, number) + place
    policy = certifier.policy_price(prices, number)
    here = [k for k, fleet in enumerate(certifier.values.fleets) if fleet.site == offer.offer.site]
    asked = np.max(-certifier.policy_price_of_mining(prices)[here], axis=0, initial=0.0)
    demanded = np.minimum(certifier.occupied_mw[number] @ asked, used_power)
    net = own - used_power - used_suitable - used_budget - rules - used_cash - policy
    row = int(np.argmax(taken_mw)) if np.any(taken_mw) else int(np.argmax(net))
    uses = (used_power[row], used_suitable[row], used_budget[row], rules[row], used_cash[row], policy[row], demanded[row])
    figures = (own[row], *uses)
    return Worth(offer.starts[row], *(float(figure) * USD_PER_MUSD for figure in figures))


def obstacle(certifier: Certifier, number: int) -> str:
    """Why an offer fits at none of its starts, in words; empty if it fits at one, as far as signed leases and limits go."""
    offer, lease = certifier.values.offers[number], certifier.values.offers[number].offer
    if lease.status == "signed":
        return ""
    needed = max(smallest_mw(lease) * (1 - ROUNDING), SMALLEST_MW) if is_all_or_nothing(lease) else SMALLEST_MW
    if taken_in_group := certifier.signed_of_group(number):
        return f"{taken_in_group}, which is signed, is of the same exclusive group"
    by_power, by_suitable, by_budget = certifier.room(number)
    most = float(np.max(by_suitable))
    if most < needed:
        kind = "energised" if np.max(by_power) <= most else "suitable for leases"
        whole = needed * lease.gross_up
        wanted = f"{whole:,.1f} MW at the meter do not fit" if is_all_or_nothing(lease) else "none of it fits"
        return f"{wanted}: at most {most * lease.gross_up:,.1f} MW of {lease.site} are {kind} and free at any start"
    if np.max(by_budget) < needed:
        row = int(np.argmax(by_budget))
        spent = certifier.capex_musd[number][row : row + 1] * lease.critical_it_mw * USD_PER_MUSD
        capex = [float(budget.spent_musd(spent)[0]) for budget in certifier.budgets]
        worst = max(range(len(capex)), key=lambda at: capex[at] - certifier.budgets[at].usd)
        budget = certifier.budgets[worst]
        whose = (
            f"in {budget.year}, whose budget is"
            if budget.when == f"in {budget.year}"
            else f"{budget.when}, for which the budget is"
        )
        return f"even from {offer.starts[row]}, {money(capex[worst])} of its capex fall {whose} {money(budget.usd)}"
    if np.max(np.minimum(by_suitable, by_budget)) < needed:
        return "at none of its starts do its MW and its capex both fit"
    return ""


def is_all_or_nothing(lease: LeaseOffer) -> bool:
    """Whether there is a least amount that is taken, if any is."""
    return lease.indivisible or lease.minimum_critical_mw is not None


def smallest_mw(lease: LeaseOffer) -> float:
    """Critical MW of the least amount of an offer that says what taking it would mean."""
    return lease.critical_it_mw if lease.indivisible else max(min(1.0, lease.critical_it_mw), lease.minimum_critical_mw or 0.0)


def needs_forcing(certifier: Certifier, prices: Prices, number: int, taken_mw: Array) -> bool:
    """Whether prices do not tell why an offer is left out: whole blocks, or another plan that is worth the same."""
    if certifier.values.offers[number].offer.status == "signed" or np.any(taken_mw) or obstacle(certifier, number):
        return False
    worth = worth_of_offer(certifier, prices, number, taken_mw)
    return worth.own >= 0 and worth.net > -PRICED_OUT_USD


def reason(offer: OfferValue, taken_mw: float, worth: Worth, found: BreakEven, does_not_fit: str, forced: Forced | None) -> str:
    """One sentence or two for the tables."""
    lease = offer.offer
    if lease.status == "signed" and math.isnan(found.worth_musd):
        return f"signed; {NO_TIME}"
    if lease.status == "signed":
        if math.isinf(found.worth_musd):
            return f"signed; {NOT_WITHOUT}"
        better = "more" if found.worth_musd >= 0 else "less"
        return f"signed; the plan is worth {money(abs(found.worth_musd) * USD_PER_MUSD)} {better} with it than without it"
    if taken_mw > 0:
        return _why_taken(offer, taken_mw, worth, found)
    if does_not_fit:
        return f"not taken: {does_not_fit}"
    return _why_not(worth) if forced is None else _why_not_forced(offer, forced)


def _why_taken(offer: OfferValue, taken_mw: float, worth: Worth, found: BreakEven) -> str:
    per_mw = f"a critical MW brings {money(worth.own)}"
    uses = _uses(worth)
    gain = f"; without it the plan is worth {money(found.worth_musd * USD_PER_MUSD)} less"
    if math.isnan(found.worth_musd):
        gain = f"; {NO_TIME}"
    elif math.isinf(found.worth_musd):
        gain = f"; {NOT_WITHOUT}"
    elif found.worth_musd <= INDIFFERENT_MUSD:
        gain = "; another plan without it is worth the same"
    if taken_mw >= offer.offer.critical_it_mw * (1 - 1e-9):
        return f"taken in full: {per_mw}{uses}{gain}"
    return f"taken in part ({taken_mw:,.1f} of {offer.offer.critical_it_mw:,.1f} MW) because {_limit(worth)}: {per_mw}{uses}{gain}"


def _why_not(worth: Worth) -> str:
    if worth.own < 0:
        return f"not taken: at its best start ({worth.start}) it loses {money(-worth.own)} per critical MW on its own cash"
    return f"not taken: at its best start ({worth.start}) a critical MW brings {money(worth.own)}{_uses(worth)}" + (
        f", {money(-worth.net)} more than it brings" if worth.net < 0 else ""
    )


def _why_not_forced(offer: OfferValue, forced: Forced) -> str:
    so_much = "all of it" if offer.offer.indivisible else f"{forced.critical_mw:,.1f} critical MW of it"
    if math.isinf(forced.costs_musd):
        return f"not taken: no plan can take {so_much} beside what is signed"
    if forced.costs_musd <= INDIFFERENT_MUSD:
        return f"not taken: another plan that takes {so_much} is worth the same"
    given_up = [f"{mw:,.1f} critical MW of {name}" for name, mw in forced.given_up]
    given_up += [f"{forced.mining_mw:,.1f} MW of mining on average"] if forced.mining_mw > SMALLEST_SHOWN_MW else []
    instead = f", which gives up {' and '.join(given_up)}," if given_up else ""
    cost = money(forced.costs_musd * USD_PER_MUSD)
    return f"not taken: the best plan that takes {so_much}{instead} is worth {cost} less (by solving again)"


def _uses(worth: Worth) -> str:
    parts = []
    uses = {
        "power": worth.power,
        "suitable MW": worth.suitable,
        "budget": worth.budget,
        "group or prerequisite": worth.rules,
        "cash": worth.cash,
        "room under the rules": worth.policy,
    }
    for name, usd in uses.items():
        if usd > 0.5:
            parts.append(f"{name} worth {money(usd)}")
    helps = f" and helps to keep rules, worth {money(-worth.policy)}" if worth.policy < -0.5 else ""
    return (f" and uses {', '.join(parts)} elsewhere" if parts else " and uses nothing that has another use") + helps


def _limit(worth: Worth) -> str:
    limits = {
        "the capex budget is spent": worth.budget,
        "cash is down to its floor": worth.cash,
        "no more MW are suitable for leases": worth.suitable,
        "its group or the offer that it needs allows no more": worth.rules,
        "the rules allow no more": worth.policy,
    }
    best = max(limits, key=limits.__getitem__)
    if limits[best] > 0.5:
        return best
    return "the rules keep the site's other MW mining" if worth.demanded > 0.5 else "the site's power is used up"


def money(usd: float) -> str:
    if math.isclose(usd, 0.0, abs_tol=0.5):
        return "0 USD"
    return f"{usd / 1e6:,.2f} M USD" if abs(usd) >= 5e3 else f"{usd:,.0f} USD"
