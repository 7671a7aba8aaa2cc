"""Offers that are all or nothing without being whole blocks, or that depend on each other: minimum sizes, groups, prerequisites.

The linear program sees them as rows; where a row alone would allow a mix (a part of a minimum, two offers of a group), the search
of branching.py decides. Each constraint below carries its formula, the unit of both sides and the meaning of the dual.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.core as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from ..models.months import Array, Month
from ..models.values import OfferValue, Values

NOT_TAKEN = 1e-7
"""A smaller share of an offer is the solver's rounding."""


@dataclass(frozen=True)
class OfferRules:
    """Offers by number. chosen: divisible offers that are taken or not, because of a minimum size or a group.

    groups: exclusive groups of two or more offers, by name. prerequisites: (offer, the one that it needs).
    """

    chosen: tuple[int, ...]
    groups: dict[str, tuple[int, ...]]
    prerequisites: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, offers: Sequence[OfferValue]) -> OfferRules:
        number_of = {offer.offer.name: number for number, offer in enumerate(offers)}
        members: dict[str, list[int]] = {}
        for number, offer in enumerate(offers):
            if offer.offer.exclusive_group is not None:
                members.setdefault(offer.offer.exclusive_group, []).append(number)
        groups = {name: tuple(found) for name, found in sorted(members.items()) if len(found) > 1}
        grouped = {number for found in groups.values() for number in found}
        chosen = tuple(
            number
            for number, offer in enumerate(offers)
            if offer.offer.status == "offered"
            and not offer.offer.indivisible
            and (number in grouped or offer.offer.minimum_critical_mw is not None)
        )
        needs = tuple(
            (number, number_of[offer.offer.requires])
            for number, offer in enumerate(offers)
            if offer.offer.status == "offered" and offer.offer.requires in number_of
        )
        return cls(chosen, groups, needs)

    def group_of(self, number: int) -> str | None:
        return next((name for name, members in self.groups.items() if number in members), None)

    def structure(self, offers: Sequence[OfferValue]) -> tuple[Any, ...]:
        """Everything that rows and coefficients of these rules follow from."""
        part = {*self.chosen, *(number for members in self.groups.values() for number in members)}
        part |= {number for pair in self.prerequisites for number in pair}
        sizes = [(number, offers[number].offer.critical_it_mw, offers[number].offer.minimum_critical_mw) for number in sorted(part)]
        return (self.chosen, tuple(self.groups.items()), self.prerequisites, tuple(sizes))


def least_taken_mw(offer: OfferValue) -> float:
    """Critical MW below which an offer that is taken may not be."""
    return offer.offer.minimum_critical_mw or 0.0


def dated_rows(offers: Sequence[OfferValue], later: int, earlier: int) -> list[Month]:
    """Starts of an offer at which its prerequisite has to be looked at: those before the last start of that, and the last one."""
    starts, last = offers[later].starts, offers[earlier].starts[-1]
    return [start for start in starts[:-1] if start < last] + starts[-1:]


def state_offer_rules(model: pyo.ConcreteModel, values: Values, rules: OfferRules) -> None:
    """The columns and rows of the rules; `model` has leased_mw and lease_mw."""
    names = [offer.offer.name for offer in values.offers]
    model.offer_taken = pyo.Var([names[number] for number in rules.chosen], domain=pyo.Binary)
    _minimum_sizes(model, values, rules)
    _exclusive_groups(model, values, rules)
    _prerequisites(model, values, rules)


def _row(terms: Sequence[tuple[float, Any]]) -> LinearExpression:
    coefficients, columns = zip(*terms, strict=True)
    return LinearExpression(linear_coefs=list(coefficients), linear_vars=list(columns))


def _minimum_sizes(model: pyo.ConcreteModel, values: Values, rules: OfferRules) -> None:
    r"""[C3] An offer with a minimum size, or in a group, is taken within its bounds or not at all.

        leased_mw[l] <= offered[l] offer_taken[l]                                                              (taken_most)
        leased_mw[l] >= minimum[l] offer_taken[l]     where there is a minimum                                 (taken_least)

    Critical MW on both sides, for every such offer l. Dual (of the relaxation): value of one MW beyond the bound, USD
    million per MW.
    """
    offers = {values.offers[number].offer.name: values.offers[number] for number in rules.chosen}
    model.taken_most = pyo.Constraint(
        list(offers),
        rule=lambda _, name: (
            None,
            _row([(1.0, model.leased_mw[name]), (-offers[name].offer.critical_it_mw, model.offer_taken[name])]),
            0.0,
        ),
    )
    model.taken_least = pyo.Constraint(
        [name for name, offer in offers.items() if least_taken_mw(offer)],
        rule=lambda _, name: (
            None,
            _row([(-1.0, model.leased_mw[name]), (least_taken_mw(offers[name]), model.offer_taken[name])]),
            0.0,
        ),
    )


def _exclusive_groups(model: pyo.ConcreteModel, values: Values, rules: OfferRules) -> None:
    r"""[C4] Of the offers of a group at most one is taken.

        sum_{l divisible} offer_taken[l] + sum_{l whole or signed} leased_mw[l] / offered[l] <= 1     for every group g

    Offers on both sides. Dual: what being allowed one more offer of the group is worth today, USD million.
    """

    def rule(_: Any, group: str) -> Any:
        terms = []
        for number in rules.groups[group]:
            lease = values.offers[number].offer
            chosen = number in rules.chosen
            terms.append(
                (1.0, model.offer_taken[lease.name]) if chosen else (1.0 / lease.critical_it_mw, model.leased_mw[lease.name])
            )
        return (None, _row(terms), 1.0)

    model.exclusive = pyo.Constraint(list(rules.groups), rule=rule)


def _prerequisites(model: pyo.ConcreteModel, values: Values, rules: OfferRules) -> None:
    r"""[C4] An offer is taken only with the one that it needs: by no date a larger share of it than of that.

        sum_{c <= d} lease_mw[l,c] / offered[l] <= sum_{c <= d} lease_mw[n,c] / offered[n]     for every offer l that needs n, d

    Shares of the offers on both sides, for the months d in dated_rows; whole blocks: not without, and not before it.
    Dual: what one more whole offer n by that date would be worth today through l alone, USD million.
    """
    offers = values.offers
    pairs = {offers[later].offer.name: (later, earlier) for later, earlier in rules.prerequisites}
    keys = [(name, str(date)) for name, pair in pairs.items() for date in dated_rows(offers, *pair)]

    def rule(_: Any, name: str, date: str) -> Any:
        terms = []
        for sign, number in zip((1.0, -1.0), pairs[name], strict=True):
            lease = offers[number].offer
            terms += [
                (sign / lease.critical_it_mw, model.lease_mw[lease.name, str(start)])
                for start in offers[number].starts
                if start <= Month.of(date)
            ]
        return (None, _row(terms), 0.0)

    model.prerequisite = pyo.Constraint(keys, rule=rule)


# --- a plan against the rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BrokenRule:
    """A rule that a plan breaks: by how much (a share of an offer), the offer, what was found and what is allowed, in words."""

    share: float
    offer: str
    found: str
    allowed: str


def mixes(offers: Sequence[OfferValue], lease_mw: Sequence[Array]) -> Iterator[BrokenRule]:
    """How far critical MW at each start of every offer miss minimum sizes and groups; `share` is 0 or less where they hold."""
    taken = [math.fsum(mw.tolist()) for mw in lease_mw]
    shares = [mw / offer.offer.critical_it_mw for mw, offer in zip(taken, offers, strict=True)]
    for offer, mw, share in zip(offers, taken, shares, strict=True):
        least = least_taken_mw(offer)
        if offer.offer.status == "offered" and least:
            missing = min(share, (least - mw) / offer.offer.critical_it_mw)
            yield BrokenRule(missing, offer.offer.name, f"{mw:,.6g} critical MW", f"nothing, or at least {least:,.6g} critical MW")
    for group, members in OfferRules.of(offers).groups.items():
        second, first = sorted(members, key=lambda number: shares[number])[-2:]
        found = f"{offers[first].offer.name} and {offers[second].offer.name}"
        yield BrokenRule(shares[second], offers[second].offer.name, found, f"at most one offer of the group {group}")


def missing_prerequisites(offers: Sequence[OfferValue], lease_mw: Sequence[Array]) -> Iterator[BrokenRule]:
    """By how large a share offers precede the ones that they need; `share` is 0 or less where they do not."""
    for later, earlier in OfferRules.of(offers).prerequisites:
        own, needed = offers[later].offer, offers[earlier].offer
        for date in dated_rows(offers, later, earlier):
            mine, theirs = (
                math.fsum(float(mw) for start, mw in zip(offers[number].starts, lease_mw[number], strict=True) if start <= date)
                for number in (later, earlier)
            )
            over = mine / own.critical_it_mw - theirs / needed.critical_it_mw
            found = f"{mine:,.6g} critical MW by {date} with {theirs:,.6g} of {needed.name}"
            yield BrokenRule(over, own.name, found, f"no larger a share of it than of {needed.name} by the same month")
