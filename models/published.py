"""Published figures against the arithmetic that ties them together: which follow, which do not, and what would make them follow.

A tolerance is the rounding in which such figures are printed, or what a formula without fees and luck is known to miss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .market import difficulty_of_network
from .months import Array, Month
from .network import NetworkMonths, identified_product, opportunity
from .network_files import STATED

REVENUE_TOLERANCE = 0.025
"""Relative. Fees and the drift of the block rate, which the product of price and 1 / network leaves out."""
HASHPRICE_BTC_TOLERANCE, HASHPRICE_USD_TOLERANCE = 0.001, 0.01
"""Relative. In USD the price may be of another hour of the day."""
PERCENT_TOLERANCE = 0.01
"""Absolute, of shares and changes that are printed in whole percent."""
BASIS_POINTS_TOLERANCE = 60.0
"""Two margins, each rounded to a whole percent."""
NETWORK_TOLERANCE = 0.025
PRODUCTION_TOLERANCE = 0.015
OPPORTUNITY_TOLERANCE = 0.05


@dataclass(frozen=True)
class Check:
    """A stated figure of a month beside the one that follows from the others; `off` is in the kind that `relative` says."""

    month: Month
    field: str
    stated: float
    computed: float
    tolerance: float
    relative: bool
    formula: str
    explanation: str = ""

    @property
    def off(self) -> float:
        """How far the stated figure is from the computed one: as a share of it, or as a difference."""
        difference = self.stated - self.computed
        return difference / abs(self.computed) if self.relative and self.computed else difference

    @property
    def follows(self) -> bool:
        return abs(self.off) <= self.tolerance * (1 + 1e-9)


def checks(network: NetworkMonths) -> list[Check]:
    """Every stated figure that the others of the table determine, in the order of the months and of the fields."""
    found = [check for rule in RULES for check in rule(network) if np.isfinite(check.stated) and np.isfinite(check.computed)]
    return sorted(found, key=lambda check: (check.month, list(STATED).index(check.field)))


def margin(network: NetworkMonths) -> Array:
    """Gross profit as a share of revenue where both are stated, otherwise the stated margin."""
    unknown = np.full(network.calendar.length, np.nan)
    stated = network.stated
    by_parts = stated.get("gross_profit_usd_per_eh_day", unknown) / stated.get("revenue_usd_per_eh_day", unknown)
    return np.where(np.isfinite(by_parts), by_parts, stated.get("margin_fraction", unknown))


def implied_before(network: NetworkMonths) -> list[tuple[Month, str, float]]:
    """(month before, field, figure) that a stated change implies where the month before is not stated itself."""
    found: list[tuple[Month, str, float]] = []
    for name, change, values in _changes(network):
        before = _before(values)
        lone = np.flatnonzero(np.isfinite(change) & np.isfinite(values) & ~np.isfinite(before))
        found += [(network.calendar.months[t] + -1, name, float(values[t] / (1 + change[t]))) for t in lone]
    return sorted(found)


# --- the rules -----------------------------------------------------------------------------------------------------------


def _of(network: NetworkMonths, name: str) -> Array:
    return network.stated.get(name, np.full(network.calendar.length, np.nan))


def _before(values: Array) -> Array:
    return np.concatenate([[np.nan], values[:-1]])


def _rows(
    network: NetworkMonths,
    name: str,
    computed: Array,
    tolerance: float,
    relative: bool,
    formula: str,
    explain: Callable[[int], str] = lambda t: "",
) -> Iterator[Check]:
    """A check for each month; the explanation is asked for where the figure does not follow."""
    stated = _of(network, name)
    for t, month in enumerate(network.calendar.months):
        check = Check(month, name, float(stated[t]), float(computed[t]), tolerance, relative, formula)
        if np.isfinite(check.stated) and np.isfinite(check.computed) and not check.follows:
            told = explain(t)
            check = Check(month, name, check.stated, check.computed, tolerance, relative, formula, told)
        yield check


def _revenue(network: NetworkMonths) -> Iterator[Check]:
    computed = network.revenue_usd_per_eh_day

    def explain(t: int) -> str:
        price = network.btc_price_usd[t] * _of(network, "revenue_usd_per_eh_day")[t] / computed[t]
        eh = network.network_eh[t] * computed[t] / _of(network, "revenue_usd_per_eh_day")[t]
        needed = f"it would take a price of {price:,.0f} USD or a network of {eh:,.0f} EH/s"
        return f"{needed}; a price on a page's ticker is no mean of a month"

    formula = "(subsidy + fees) x 144 x price / network"
    yield from _rows(network, "revenue_usd_per_eh_day", computed, REVENUE_TOLERANCE, True, formula, explain)


def _hashprice(network: NetworkMonths) -> Iterator[Check]:
    in_btc = network.hashprice_btc_per_ph_day

    def explain(t: int) -> str:
        implied = float(difficulty_of_network(network.network_eh[t])) * in_btc[t] / _of(network, "hashprice_btc_per_ph_day")[t]
        return f"it would take a difficulty of {implied / 1e12:,.2f} T; is the one given from before or after an adjustment?"

    formula = "86,400e15 / (difficulty x 2^32) x (subsidy + fees)"
    yield from _rows(network, "hashprice_btc_per_ph_day", in_btc, HASHPRICE_BTC_TOLERANCE, True, formula, explain)
    in_usd = network.hashprice_usd_per_ph_day
    yield from _rows(network, "hashprice_usd_per_ph_day", in_usd, HASHPRICE_USD_TOLERANCE, True, f"{formula} x price")


def _margins(network: NetworkMonths) -> Iterator[Check]:
    gross, revenue = _of(network, "gross_profit_usd_per_eh_day"), _of(network, "revenue_usd_per_eh_day")

    def explain(t: int) -> str:
        return f"{gross[t]:,.0f} of {revenue[t]:,.0f} USD is {100 * gross[t] / revenue[t]:.1f} %"

    yield from _rows(network, "margin_fraction", gross / revenue, PERCENT_TOLERANCE, False, "gross profit / revenue", explain)
    margins = margin(network)
    before = _before(margins)

    def explain_change(t: int) -> str:
        return f"from {100 * before[t]:.1f} % to {100 * margins[t]:.1f} % is {1e4 * (margins[t] - before[t]):,.0f} basis points"

    points = 1e4 * (margins - before)
    formula = "margin less the margin of the month before"
    yield from _rows(network, "margin_change_bp", points, BASIS_POINTS_TOLERANCE, False, formula, explain_change)


def _changes(network: NetworkMonths) -> Iterator[tuple[str, Array, Array]]:
    """(field, stated change, stated or known figure) of everything whose change on the month before may be stated."""
    yield "revenue_usd_per_eh_day", _of(network, "revenue_change_fraction"), _of(network, "revenue_usd_per_eh_day")
    yield "gross_profit_usd_per_eh_day", _of(network, "gross_profit_change_fraction"), _of(network, "gross_profit_usd_per_eh_day")
    yield "network_eh", _of(network, "network_change_fraction"), network.network_eh
    yield "market_cap_usd", _of(network, "market_cap_change_fraction"), _of(network, "market_cap_usd")


_CHANGE_FIELDS = {
    "revenue_usd_per_eh_day": "revenue_change_fraction",
    "gross_profit_usd_per_eh_day": "gross_profit_change_fraction",
    "network_eh": "network_change_fraction",
    "market_cap_usd": "market_cap_change_fraction",
}


def _month_on_month(network: NetworkMonths) -> Iterator[Check]:
    for name, _, values in _changes(network):
        before = _before(values)

        def explain(t: int, before: Array = before, values: Array = values) -> str:
            return f"from {before[t]:,.10g} to {values[t]:,.10g} is {100 * (values[t] / before[t] - 1):+.1f} %"

        formula = "the figure / that of the month before - 1"
        yield from _rows(network, _CHANGE_FIELDS[name], values / before - 1, PERCENT_TOLERANCE, False, formula, explain)


def _shares(network: NetworkMonths) -> Iterator[Check]:
    reported = _of(network, "reported_eh")

    def explain(t: int) -> str:
        implied = reported[t] / _of(network, "reported_share_fraction")[t]
        return f"{reported[t]:,.0f} EH/s would be that share of a network of {implied:,.0f} EH/s"

    share = reported / network.network_eh
    yield from _rows(network, "reported_share_fraction", share, NETWORK_TOLERANCE, True, "reported EH/s / network EH/s", explain)
    found = mined_share(network)
    formula = "BTC mined by the group / BTC that the network should find"
    yield from _rows(network, "mined_share_fraction", found, PERCENT_TOLERANCE, False, formula)


def mined_share(network: NetworkMonths) -> Array:
    """The group's coins as a share of what the whole network should find in the month, fees included."""
    share: Array = _of(network, "mined_btc") / network.expected_btc(network.network_eh)
    return share


def _production(network: NetworkMonths) -> Iterator[Check]:
    expected = network.expected_btc(_of(network, "operating_eh"))
    operating = _of(network, "operating_eh")

    def explain(t: int) -> str:
        needed = operating[t] * _of(network, "mined_btc")[t] / expected[t]
        told = f"it would take {needed:,.2f} EH/s on average"
        return f"{told}; a fleet that grows or shrinks in the month, or fees that the pool does not pass on, do this"

    formula = "operating EH/s x days x coins per EH/s and day"
    yield from _rows(network, "mined_btc", expected, PRODUCTION_TOLERANCE, True, formula, explain)


def _opportunity(network: NetworkMonths) -> Iterator[Check]:
    stated, cap = _of(network, "cap_to_opportunity_fraction"), _of(network, "market_cap_usd")
    computed = np.full(network.calendar.length, np.nan)
    for t, month in enumerate(network.calendar.months):
        if np.isfinite(stated[t] + cap[t] + network.btc_price_usd[t]):
            computed[t] = cap[t] / (opportunity(month, None, network.blocks).btc * network.btc_price_usd[t])

    def explain(t: int) -> str:
        price = float(network.btc_price_usd[t])
        whole = opportunity(network.calendar.months[t], price, network.blocks)
        without = cap[t] / (whole.btc_without_halving * price)
        return (
            f"{cap[t] / 1e9:,.1f} bn USD against {whole.btc:,.0f} BTC at {price:,.0f} USD; "
            f"without the halving it would be {100 * without:.0f} %"
        )

    formula = "market capitalisation / (new coins of 48 months x price)"
    yield from _rows(network, "cap_to_opportunity_fraction", computed, OPPORTUNITY_TOLERANCE, True, formula, explain)


RULES = (_revenue, _hashprice, _margins, _month_on_month, _shares, _production, _opportunity)


def products(network: NetworkMonths) -> Array:
    """[N2] J/TH x USD/MWh of each month whose revenue and gross profit are stated, otherwise NaN."""
    return identified_product(_of(network, "revenue_usd_per_eh_day"), _of(network, "gross_profit_usd_per_eh_day"))
