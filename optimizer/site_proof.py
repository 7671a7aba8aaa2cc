"""The proof of a search site by site, added up anew from the ledger's reading of the contracts.

Every leaf of a site's tree has a safe bound of what the site is worth apart, less the prices of the shared budgets, and the least
and the most that its plans spend of each budget. A plan of all sites lies in one leaf of each, so that it is worth no more than

    sum of the leaves' bounds + prices x min(budgets, most that the leaves spend)

and it cannot exist where the least that the leaves spend exceeds a budget. The bound of the search is the largest of these sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..models.months import Array
from .branching import Choice, Node
from .certificate import ROW_TOLERANCE, Certifier
from .readings import Readings
from .site_by_site import Bounds, SiteBySite, SiteSearch, pairs_within

ROUNDOFFS = 64
SLACK_MUSD = 1e-5
"""What rounding may move a plan's value by, USD million."""


@dataclass(frozen=True)
class _Leaves:
    """Of one site: bound apart, USD million, shape (leaves,); least and most spending, shape (leaves, years)."""

    bound: Array
    least: Array
    most: Array


def proved_bound_musd(search: SiteBySite, known_musd: float) -> float:
    """Upper bound of every plan, USD million, with what no decision changes; infinite if a tree leaves out a plan.

    known_musd: value of a plan that is known, in the same sense: combinations that are worth less are left out, and a bound below
    it would be a contradiction, which proves nothing.
    """
    price, budget = search.price, search.budget_musd
    sites = [_leaves(site, budget) for site in search.sites]
    best = [float(np.max(site.bound)) for site in sites]
    if not math.isfinite(math.fsum(best)):
        return math.inf
    standing = [Readings(values).standing_musd for values in search.idle]
    tolerance = ROW_TOLERANCE * np.maximum(1.0, budget)
    most_musd = math.fsum([*best, *standing, float(price @ (budget + tolerance))])
    # What lies so far below a site's best leaf that all else cannot make up for it is left out of the combinations.
    keep = Bounds(price, budget, tolerance, most_musd - known_musd + SLACK_MUSD)
    deficit, least, most = np.zeros(1), np.zeros((1, len(budget))), np.zeros((1, len(budget)))
    sites.sort(key=lambda site: len(site.bound))
    for at, site in enumerate(sites):
        pairs = pairs_within(deficit, float(np.max(site.bound)) - site.bound, keep.reach)
        if pairs is None:
            return most_musd
        before, here = pairs
        deficit = deficit[before] + (float(np.max(site.bound)) - site.bound)[here]
        least, most = least[before] + site.least[here], most[before] + site.most[here]
        left = sites[at + 1 :]
        kept = keep.keep(deficit, least, most, [other.least for other in left], [other.most for other in left])
        deficit, least, most = deficit[kept], least[kept], most[kept]
    sums = math.fsum([*best, *standing]) - deficit + np.minimum(most, budget + tolerance) @ price
    size = math.fsum(map(abs, [*best, *standing])) + float(price @ budget)
    rounding = ROUNDOFFS * np.finfo(float).eps * (len(sites) + len(standing)) * size
    bound = float(np.max(sums, initial=-math.inf)) + float(rounding)
    return bound if bound >= known_musd - SLACK_MUSD else math.inf


def _leaves(site: SiteSearch, budget_musd: Array) -> _Leaves:
    """The leaves of a site's tree, their bounds with the prices of the shared budgets on top of the site's own."""
    optimiser = site.optimiser
    certifier = Certifier(optimiser.values, optimiser.program.form)
    price = dict(zip(site.years, site.price.tolist(), strict=True))
    found = certifier.leaf_bounds_musd(optimiser.program, site.root, price)
    # The site's bound counts the whole budgets at these prices; apart, they are not the site's.
    bounds = np.array([bound for _, bound in found]) - float(site.price @ budget_musd)
    spending = [_spending(certifier, leaf, site.years) for leaf, _ in found]
    least, most = (np.array([pair[side] for pair in spending]).reshape(len(found), len(site.years)) for side in (0, 1))
    return _Leaves(bounds, least, most)


def _spending(certifier: Certifier, leaf: Node, years: list[int]) -> tuple[Array, Array]:
    """The least and the most that plans of a leaf spend of each budget, USD million, shape (years,)."""
    at = [certifier.calendar.years.index(year) for year in years]
    least, most = np.zeros(len(at)), np.zeros(len(at))
    for number, (offer, capex) in enumerate(zip(certifier.values.offers, certifier.capex_musd, strict=True)):
        if offer.offer.status != "offered":
            continue
        choice = leaf.choices.get(number, Choice(frozenset(range(len(offer.starts))), False))
        if choice.starts:
            rows = capex[sorted(choice.starts)][:, at] * offer.offer.critical_it_mw
            most += rows.max(axis=0)
            if choice.must and offer.offer.indivisible:
                least += rows.min(axis=0)
    return least, most
