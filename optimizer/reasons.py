"""Why an offer is taken or not, in words: what a critical MW brings, what it uses, and which limit binds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..models.months import Month
from ..models.values import USD_PER_MUSD, OfferValue
from .breakeven import INDIFFERENT_MUSD, BreakEven
from .certificate import Certifier
from .prices import Prices


@dataclass(frozen=True)
class Worth:
    """One offer at one start, USD per critical MW.

    own: discounted cash of the lease itself. power, suitable, budget: what the MW and the money it uses are worth elsewhere.
    """

    start: Month
    own: float
    power: float
    suitable: float
    budget: float

    @property
    def net(self) -> float:
        return self.own - self.power - self.suitable - self.budget


def worth_of_offer(
    certifier: Certifier, prices: Prices, number: int, taken_mw: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Worth:
    """The offer at the start at which most of it is taken, or, if none is, at its best start."""
    offer = certifier.values.offers[number]
    own = certifier.lease_musd[number]
    used_power = certifier.occupied_mw[number] @ prices.power[offer.offer.site]
    used_suitable = certifier.occupied_mw[number] @ certifier.suitable_price(prices, number)
    budget = np.array([prices.budget.get(year, 0.0) for year in certifier.calendar.years])
    used_budget = certifier.capex_musd[number] @ budget
    net = own - used_power - used_suitable - used_budget
    row = int(np.argmax(taken_mw)) if np.any(taken_mw) else int(np.argmax(net))
    figures = (own[row], used_power[row], used_suitable[row], used_budget[row])
    return Worth(offer.starts[row], *(float(figure) * USD_PER_MUSD for figure in figures))


def reason(offer: OfferValue, taken_mw: float, worth: Worth, found: BreakEven) -> str:
    """One sentence or two for the tables."""
    lease = offer.offer
    if lease.status == "signed":
        better = "more" if found.worth_musd >= 0 else "less"
        return f"signed; the plan is worth {_money(abs(found.worth_musd) * USD_PER_MUSD)} {better} with it than without it"
    if taken_mw > 0:
        return _why_taken(offer, taken_mw, worth, found)
    return _why_not(worth)


def _why_taken(offer: OfferValue, taken_mw: float, worth: Worth, found: BreakEven) -> str:
    per_mw = f"a critical MW brings {_money(worth.own)}"
    uses = _uses(worth)
    gain = f"; without it the plan is worth {_money(found.worth_musd * USD_PER_MUSD)} less"
    if found.worth_musd <= INDIFFERENT_MUSD:
        gain = "; another plan without it is worth the same"
    if taken_mw >= offer.offer.critical_it_mw * (1 - 1e-9):
        return f"taken in full: {per_mw}{uses}{gain}"
    return f"taken in part ({taken_mw:,.1f} of {offer.offer.critical_it_mw:,.1f} MW) because {_limit(worth)}: {per_mw}{uses}{gain}"


def _why_not(worth: Worth) -> str:
    if worth.own < 0:
        return f"not taken: at its best start ({worth.start}) it loses {_money(-worth.own)} per critical MW on its own cash"
    return f"not taken: at its best start ({worth.start}) a critical MW brings {_money(worth.own)}{_uses(worth)}" + (
        f", {_money(-worth.net)} more than it brings" if worth.net < 0 else ""
    )


def _uses(worth: Worth) -> str:
    parts = []
    for name, usd in (("power", worth.power), ("suitable MW", worth.suitable), ("budget", worth.budget)):
        if usd > 0.5:
            parts.append(f"{name} worth {_money(usd)}")
    return f" and uses {', '.join(parts)} elsewhere" if parts else " and uses nothing that has another use"


def _limit(worth: Worth) -> str:
    limits = {"the capex budget is spent": worth.budget, "no more MW are suitable for leases": worth.suitable}
    best = max(limits, key=limits.__getitem__)
    return best if limits[best] > 0.5 else "the site's power is used up"


def _money(usd: float) -> str:
    if math.isclose(usd, 0.0, abs_tol=0.5):
        return "0 USD"
    return f"{usd / 1e6:,.2f} M USD" if abs(usd) >= 5e3 else f"{usd:,.0f} USD"
