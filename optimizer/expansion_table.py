"""The table of expansions: what is energised when, what a MW costs and is worth, at which capex that turns, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..models.expansion import Expansion
from ..models.expansion_values import ExpansionValue
from ..models.months import Array, Month
from ..models.site import Site
from ..models.values import USD_PER_MUSD, Values
from .certificate import Certifier
from .decisions import SMALLEST_MW, Decisions
from .machine_worth import SAME_SHARE, BreakEvensOfChoices, MachineBreakEven, forced_words, gain_words
from .prices import Prices
from .reasons import PRICED_OUT_USD, money

Row = dict[str, Any]
ENERGISE, LEAVE, NOT_COUNTED = "energise", "do not energise", "not counted"


class ExpansionBreakEvens(BreakEvensOfChoices):
    """Worth and break-even capex of the expansions of one program."""

    @property
    def choices(self) -> Sequence[ExpansionValue]:
        return self.program.values.expansions

    @property
    def first_column(self) -> int:
        return int(self.program.expansion_columns.start)


@dataclass(frozen=True)
class ExpansionWorth:
    """One expansion in one month, USD per MW.

    own: discounted cash of the expansion itself (capex, upkeep and residual, after tax). power, suitable: what the MW are worth to
    the plan as energised and as suitable MW. budget, cash: what the money is worth elsewhere. policy: what the MW are worth for the
    scenario's rules (negative: cost).
    """

    month: Month
    own: float
    power: float
    suitable: float
    budget: float
    cash: float
    policy: float

    @property
    def net(self) -> float:
        return self.own + self.power + self.suitable + self.policy - self.budget - self.cash


def worth_of_expansion(certifier: Certifier, prices: Prices, number: int, mw: Array) -> ExpansionWorth:
    """The expansion in the month in which most is energised, or, if nothing is, in its best month."""
    readings, one = certifier.expansions, certifier.values.expansions[number]
    worth = partial(certifier.worth_of_expanded_mw, prices)
    gain = readings.gains(worth, certifier.money_price(prices))[number]
    c = int(np.argmax(mw)) if np.any(mw) else int(np.argmax(gain))
    there, share = readings.there[number][c], readings.suitable_shares[number]
    power = float(there @ prices.power[one.site])
    suitable = share * float(there @ (prices.suitable[one.site] + prices.unreserved[one.site]))
    ruled = float(there @ worth(number)) - power - suitable
    budget, cash = certifier.money_used(readings.money_musd[number], prices)
    figures = (readings.musd[number][c], power, suitable, budget[c], cash[c], ruled)
    return ExpansionWorth(one.months[c], *(float(figure) * USD_PER_MUSD for figure in figures))


def expansion_rows(certifier: Certifier, prices: Prices, plan: Decisions, found: Sequence[MachineBreakEven]) -> list[Row]:
    """A row an expansion, by site and name; those of which no MW count too."""
    number_of = {one.name: number for number, one in enumerate(certifier.values.expansions)}
    return [
        _row(certifier, prices, plan, site, number_of[expansion.name], found[number_of[expansion.name]])
        if expansion.name in number_of
        else _not_counted(site, expansion)
        for site, expansion in certifier.scenario.expansions
    ]


def _row(certifier: Certifier, prices: Prices, plan: Decisions, site: Site, number: int, found: MachineBreakEven) -> Row:
    one, mw = certifier.values.expansions[number], plan.expansion_mw[number]
    worth, taken = worth_of_expansion(certifier, prices, number, mw), float(np.sum(mw))
    capex = one.expansion.capex_usd_per_mw
    decided = [{"month": str(month), "mw": amount} for month, amount in zip(one.months, mw.tolist(), strict=True) if amount]
    return {
        **_offered(site, one.expansion),
        "decision": ENERGISE if taken else LEAVE,
        "mw": taken,
        "suitable_mw": taken * one.expansion.hpc_suitable_fraction,
        "month": decided[0]["month"] if decided else None,
        "months": decided,
        "best_month": str(worth.month),
        "capex_usd": taken * capex,
        "npv_usd": float(mw @ certifier.expansions.musd[number]) * USD_PER_MUSD,
        "net_npv_usd": worth.net * taken,
        "worth_usd": found.worth_musd * USD_PER_MUSD,
        "break_even_capex_usd_per_mw": None if found.price_multiplier is None else found.price_multiplier * capex,
        "reason": expansion_reason(one, mw, worth, found),
    }


def _offered(site: Site, expansion: Expansion) -> Row:
    """What does not depend on the plan. of_mw: MW that count; offered_mw: as stated."""
    return {
        "site": site.name,
        "name": expansion.name,
        "of_mw": expansion.counted_mw(site.mw_counted),
        "offered_mw": expansion.mw,
        "probability": expansion.probability,
        "capex_usd_per_mw": expansion.capex_usd_per_mw,
    }


def _not_counted(site: Site, expansion: Expansion) -> Row:
    counted = f"mw_counted: {site.mw_counted}; expected or all would count it"
    return {
        **_offered(site, expansion),
        "decision": NOT_COUNTED,
        "mw": 0.0,
        "suitable_mw": 0.0,
        "month": None,
        "months": [],
        "best_month": None,
        "capex_usd": 0.0,
        "npv_usd": 0.0,
        "net_npv_usd": 0.0,
        "worth_usd": 0.0,
        "break_even_capex_usd_per_mw": None,
        "reason": f"not counted: it is approved with a probability of {expansion.probability:g} ({counted})",
    }


def expansions_of_rows(values: Values, rows: Sequence[Row]) -> tuple[Array, ...]:
    """The decisions that the table of a plan holds, MW of each expansion that counts in each of its months."""
    decided = {row["name"]: {part["month"]: part["mw"] for part in row["months"]} for row in rows}
    return tuple(np.array([decided[one.name].get(str(month), 0.0) for month in one.months]) for one in values.expansions)


# --- in words ------------------------------------------------------------------------------------------------------------


def expansion_reason(one: ExpansionValue, mw: Array, worth: ExpansionWorth, found: MachineBreakEven) -> str:
    """Why an expansion is energised or not, for the tables."""
    taken = float(np.sum(mw))
    if taken <= SMALLEST_MW:
        if worth.net > -PRICED_OUT_USD:
            return forced_words(found, "not energised", "energise")
        return f"not energised: in its best month ({worth.month}) {_balance(worth)}, {money(-worth.net)} less than it takes"
    gain = gain_words(found, "it")
    if taken >= one.size_mw * (1 - SAME_SHARE):
        return f"energised in full: {_balance(worth)}; {gain}"
    return f"energised in part ({taken:,.1f} of {one.size_mw:,.1f} MW) because {_limit(worth)}: {_balance(worth)}; {gain}"


def _balance(worth: ExpansionWorth) -> str:
    costs = f"costs {money(-worth.own)}" if worth.own <= 0 else f"brings {money(worth.own)} back beyond its cost"
    adds = [f"power worth {money(worth.power)}"]
    adds += [f"suitable MW worth {money(worth.suitable)}"] if worth.suitable > PRICED_OUT_USD else []
    adds += [f"room under the rules worth {money(worth.policy)}"] if worth.policy > PRICED_OUT_USD else []
    uses = [f"budget worth {money(worth.budget)}"] if worth.budget > PRICED_OUT_USD else []
    uses += [f"cash worth {money(worth.cash)}"] if worth.cash > PRICED_OUT_USD else []
    uses += [f"room under the rules worth {money(-worth.policy)}"] if worth.policy < -PRICED_OUT_USD else []
    elsewhere = f" and uses {' and '.join(uses)} elsewhere" if uses else ""
    return f"a MW {costs} (capex and upkeep, less tax and residual), adds {' and '.join(adds)}{elsewhere}"


def _limit(worth: ExpansionWorth) -> str:
    if worth.policy < -PRICED_OUT_USD:
        return "the rules ask for no more"
    if worth.cash > max(worth.budget, PRICED_OUT_USD):
        return "cash is down to its floor"
    return "the capex budget is spent" if worth.budget > PRICED_OUT_USD else "no further MW has a use that pays for it"


def binding_rule(one: ExpansionValue, mw: Array, worth: ExpansionWorth) -> str:
    """What binds, in a word or two."""
    taken = float(np.sum(mw))
    if taken >= one.size_mw * (1 - SAME_SHARE):
        return "its size"
    if max(worth.budget, worth.cash) > PRICED_OUT_USD:
        return "capex budget" if worth.budget >= worth.cash else "cash floor"
    if worth.policy < -PRICED_OUT_USD:
        return "rules"
    return "uses of its MW" if taken > SMALLEST_MW else "its own cost"
