"""A second opinion on expansions of sites: MW that count, possible months, and every payment of one MW, in plain loops.

What the documents leave open, and what is taken here:
* capex is paid in equal parts on the first days of the build months; without any, on the first day of the month of energising
* a MW that is energised stays to the end of the horizon, which brings its residual; what is left of its cost is deducted then
* rights of tenants reserve MW of the site as it stands: MW of an expansion are free for every lease
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Data = dict[str, Any]


class Payment(NamedTuple):
    """month: in which it falls; at_once: on its first day, else in its middle; kind: of discount rate."""

    month: int
    item: str
    usd: float
    kind: str
    at_once: bool


def counted_mw(site: Data, expansion: Data) -> float:
    """MW of an expansion that a plan may take."""
    certain = expansion["probability"] == 1
    return float(expansion["mw"] * {"firm_only": certain, "expected": expansion["probability"], "all": 1}[site["mw_counted"]])


def may_begin(expansion: Data, months: range, month_number: Any) -> list[int]:
    """Months of the horizon in which MW may be energised."""
    found = []
    for month in months:
        early = month - months.start < expansion["lead_months"] or month - expansion["build_months"] < months.start
        window = expansion["window"]
        if window is not None:
            since = month - month_number(window["earliest"])
            early = early or since < 0 or since % window["every_months"] != 0 or month > month_number(window["latest"])
        if not early:
            found.append(month)
    return found


def payments(expansion: Data, begun: int, end: int) -> Iterator[Payment]:
    """Every payment of one MW before tax; end: the month after the horizon."""
    cost, build = expansion["capex_usd_per_mw"], expansion["build_months"]
    for part in range(max(build, 1)):
        yield Payment(begun - build + part, "expansion_capex", -cost / max(build, 1), "capex", True)
    for month in range(begun, end):
        yield Payment(month, "expansion_upkeep", -expansion["fixed_usd_per_mw_month"], "lease", False)
    yield Payment(end, "residual_value", expansion["residual_fraction"] * cost, "lease", True)
