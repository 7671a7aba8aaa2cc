"""A listed miner as the sum of its parts, against what the market pays for it.

A scenario contributes four parts, which add up to the net present value of its optimum, to 1e-9:

    mining             lines of mining and of machines, in the plan that takes no offer
    signed leases      lines of leases in the same plan: what is signed is in it; their project loans (what is drawn and paid
                       from the valuation date on, and its tax) are a row of their own, which net debt must not hold again
    power contracts    settlement of fixed blocks (counted as mining's supply: its own row)
    power optionality  the optimum less the plan that takes no offer: what the freedom to lease is worth

Both plans are checked by the ledger, the optimum carries its certificate (optimizer/policies.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError, Problem
from ..models.miner import GROUPS, MINING, POWER, SIGNED, Miner, Part
from ..models.months import Calendar, Month
from ..models.network import NetworkMonths, Opportunity, opportunity
from ..models.scenario import Scenario
from .certificate import LEDGER_TOLERANCE
from .ledger_groups import MACHINES
from .ledger_lines import Line
from .policies import ValuedPlan, Valuer


@dataclass(frozen=True)
class SumOfParts:
    """The parts and what follows from them; USD on the valuation date.

    verdict: of the scenario's plan; empty without a scenario. whole: the block rewards of the next four years; None where the price
    of a coin is not known. network_share: operating EH/s of the listed and the scenario's fleets over the network, if it is known.
    """

    miner: Miner
    parts: tuple[Part, ...]
    verdict: str
    whole: Opportunity | None
    network_share: float | None

    def group_usd(self, group: str) -> float:
        return math.fsum(part.usd for part in self.parts if part.group == group)

    @property
    def enterprise_usd(self) -> float:
        """All parts."""
        return math.fsum(part.usd for part in self.parts)

    @property
    def equity_usd(self) -> float:
        """All parts less net debt."""
        return self.enterprise_usd - self.miner.net_debt_usd

    @property
    def signed_mw(self) -> float:
        """Critical MW of signed leases, the miner's share."""
        return math.fsum(part.critical_mw for part in self.parts if part.group == SIGNED)

    @property
    def implied_leases_usd(self) -> float | None:
        """What the market pays for the signed leases: market capitalisation and net debt less every other part."""
        if self.miner.market_cap_usd is None:
            return None
        others = self.enterprise_usd - self.group_usd(SIGNED)
        return self.miner.market_cap_usd + self.miner.net_debt_usd - others

    def ratios(self) -> Iterator[tuple[str, float, str, str]]:
        """(what, value, unit, definition) of every measure that the inputs allow."""
        miner, mw = self.miner, self.signed_mw
        cap = miner.market_cap_usd
        if miner.shares is not None:
            yield "equity value per share", self.equity_usd / miner.shares, "USD", "equity value / fully diluted shares"
        if cap is not None and miner.shares is not None:
            yield "market price per share", cap / miner.shares, "USD", "market capitalisation / fully diluted shares"
        if mw:
            yield "signed leases per critical MW", self.group_usd(SIGNED) / mw / 1e6, "M USD", "value of signed leases / their MW"
            yield "equity value per critical MW", self.equity_usd / mw / 1e6, "M USD", "equity value / critical MW signed"
        if cap is not None and self.equity_usd > 0:
            yield "market cap to equity value", cap / self.equity_usd, "x", "above 1: the market pays more than these inputs"
        if cap is not None:
            if mw and self.implied_leases_usd is not None:
                definition = "(market cap + net debt - all other parts) / critical MW signed"
                yield "market pays per critical MW", self.implied_leases_usd / mw / 1e6, "M USD", definition
            yield from self._against_rewards(cap)

    def _against_rewards(self, cap: float) -> Iterator[tuple[str, float, str, str]]:
        if self.whole is None or not self.whole.usd or not self.whole.usd_without_halving:
            return
        coins = f"{self.whole.btc:,.0f} BTC of 48 months from {self.whole.month}, at the price of that month"
        yield "market cap to four-year rewards", 100 * cap / self.whole.usd, "%", f"all of the network's {coins}"
        yield "the same without the halving", 100 * cap / self.whole.usd_without_halving, "%", "every month at today's subsidy"
        if self.network_share:
            definition = f"its {100 * self.network_share:.2f} % of the network, by operating EH/s"
            yield "market cap to its own share of them", cap / (self.network_share * self.whole.usd), "x", definition

    def rows(self) -> list[dict[str, Any]]:
        """Parts, totals and ratios as rows."""
        found: list[dict[str, Any]] = [
            {
                "group": part.group,
                "name": part.name,
                "value": part.usd,
                "unit": "USD",
                "definition": f"{part.size} {part.how}".strip(),
            }
            for part in self.parts
        ]
        totals = {"all parts": self.enterprise_usd, "net debt": self.miner.net_debt_usd, "equity value": self.equity_usd}
        found += [{"group": "total", "name": name, "value": usd, "unit": "USD", "definition": ""} for name, usd in totals.items()]
        found += [
            {"group": "ratio", "name": name, "value": value, "unit": unit, "definition": definition}
            for name, value, unit, definition in self.ratios()
        ]
        return found


def sum_of_parts(miner: Miner, scenario: Scenario | None = None) -> SumOfParts:
    """The parts of a miner; `scenario` is the one that it names, if it names one. Raises InputError and NoPlanError."""
    network = _network(miner, scenario)
    price = miner.btc_price_usd
    if price is None and network is not None and np.isfinite(network.btc_price_usd[0]):
        price = float(network.btc_price_usd[0])
    if miner.bitcoin_btc and price is None:
        problem = Problem(miner.name, "btc_price_usd", "coins, and a market path without a price", "the field btc_price_usd")
        raise InputError([problem])
    parts, verdict = miner.listed_parts(network, price), ""
    operating = math.fsum(part.operating_eh for part in miner.mining)
    if scenario is not None:
        own, verdict, mean_eh = _of_scenario(miner, scenario)
        parts, operating = [*own, *parts], operating + mean_eh
    ordered = sorted(parts, key=lambda part: GROUPS.index(part.group))
    whole = (
        None if price is None else opportunity(Month.containing(miner.as_of), price, None if network is None else network.blocks)
    )
    known = network is not None and np.isfinite(network.network_eh[0]) and operating
    share = operating / float(network.network_eh[0]) if network is not None and known else None
    return SumOfParts(miner, tuple(ordered), verdict, whole, share)


def _network(miner: Miner, scenario: Scenario | None) -> NetworkMonths | None:
    """The market path from the valuation date to the last month in which a listed part mines."""
    market = scenario.market if scenario is not None else miner.market
    calendar = miner.calendar
    if market is None or calendar is None:
        return None
    if scenario is not None:
        _refuse_uncovered(miner, scenario, calendar)
    hashprice = market.hashprice
    return NetworkMonths.of_market(hashprice.market(calendar), calendar, hashprice.blocks)


def _refuse_uncovered(miner: Miner, scenario: Scenario, calendar: Calendar) -> None:
    problems = []
    if scenario.finance.valuation_date != miner.as_of:
        found = f"as_of {miner.as_of}, the scenario's valuation date {scenario.finance.valuation_date}"
        problems.append(Problem(miner.name, "as_of", found, "the same day"))
    for field, path in scenario.market.hashprice.paths().items():
        if gap := path.gap(calendar):
            problems.append(Problem(miner.name, f"scenario: market.hashprice.{field}", gap, "a path over all months that mine"))
    taken = {fleet.name for fleet in scenario.fleets} | {lease.name for lease in scenario.leases}
    listed = [*(part.name for part in miner.mining), *(part.name for part in (*miner.signed_leases, *miner.expected_leases))]
    twice = [name for name in listed if name in taken]
    allowed = "each part once: in the scenario or in this file"
    problems += [Problem(miner.name, "name", f'"{name}", which the scenario has too', allowed) for name in twice]
    if problems:
        raise InputError(problems)


def _of_scenario(miner: Miner, scenario: Scenario) -> tuple[list[Part], str, float]:
    """(parts, verdict, mean EH/s that mine in the first month) of a scenario, the miner's share of it."""
    valuer = Valuer(scenario)
    optimum, without = valuer.optimum, valuer.policy("all_mining")
    owned = miner.scenario_owned_fraction
    expansions = {expansion.name for _, expansion in scenario.expansions}
    by_kind = {
        kind: math.fsum(_usd(line) for line in without.lines if _kind(line, expansions) == kind)
        for kind in ("mining", "lease", "debt", "block")
    }
    option = optimum.npv_usd - without.npv_usd
    if abs(math.fsum([*by_kind.values(), option]) - optimum.npv_usd) > LEDGER_TOLERANCE * max(optimum.gross_usd, 1.0):
        raise ArithmeticError("the parts of the scenario do not add up to its optimum")
    mining_mw, eh = _mining_today(without)
    signed = math.fsum(lease.critical_it_mw for lease in scenario.leases if lease.status == "signed")
    name, part_of = scenario.title or scenario.name, "" if owned == 1 else f", {100 * owned:g} % owned"
    end = f"discounted cash to {scenario.calendar.end}"
    parts = [
        Part(MINING, f"{name}: mining", owned * by_kind["mining"], f"{mining_mw:,.1f} MW{part_of}", f"{end}, no offer taken"),
        Part(SIGNED, f"{name}: signed", owned * by_kind["lease"], f"{signed:,.1f} MW critical{part_of}", end, owned * signed),
        Part(SIGNED, f"{name}: loans of signed leases", owned * by_kind["debt"], "", f"{end}; not in net debt as well"),
        Part(MINING, f"{name}: power contracts", owned * by_kind["block"], "fixed blocks against the index", end),
        Part(POWER, f"{name}: offers", owned * option, _taken(optimum), "the optimum less the plan without offers"),
    ]
    return [part for part in parts if part.usd or part.critical_mw], optimum.verdict, owned * eh


def _usd(line: Line) -> float:
    return float(np.sum(line.discounted_usd))


OWNERS: dict[str, str] = {"mining": "mining", "lease": "lease", "capex": "lease", "debt": "debt", "power_contract": "block"}
"""What the kinds of cash flow belong to; debt is a project loan of a lease."""


def _kind(line: Line, expansions: set[str]) -> str:
    """mining, lease, debt or block: what a line of the ledger belongs to, its tax too; expansions count with mining, which
    uses what signed leases leave.
    """
    return "mining" if line.item in MACHINES or line.name in expansions else OWNERS[line.kind]


def _mining_today(plan: ValuedPlan) -> tuple[float, float]:
    """(meter MW, EH/s operating) of the first month: MW that mine, by the fleets' efficiency and uptime."""
    mw = [float(amount[0]) for amount in plan.decisions.mining_mw]
    eh = [amount / fleet.mw_per_eh * fleet.uptime_fraction for amount, fleet in zip(mw, plan.values.fleets, strict=True)]
    return math.fsum(mw), math.fsum(eh)


def _taken(optimum: ValuedPlan) -> str:
    offered = [
        float(np.sum(mw))
        for offer, mw in zip(optimum.values.offers, optimum.decisions.lease_mw, strict=True)
        if offer.offer.status == "offered"
    ]
    return f"{math.fsum(offered):,.1f} MW critical to sign"
