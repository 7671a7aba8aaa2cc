"""Cash by year: stacked bars by group of line items, inflows up and outflows down, with the net of each year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...models.months import Array
from ...optimizer.ledger_groups import COINS, DEBT, EXPANSION, FEES, LEASE_CAPEX, LEASE_COSTS, MACHINES, MINING, RENT, RESIDUALS
from ...optimizer.plan import Plan
from ...optimizer.tables import Row
from .style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    SMALL_PT,
    VERMILLION,
    WIDTH_PT,
    YELLOW,
    Caption,
    Page,
    Swatch,
    decimals_for,
    house_style,
    key_height,
    numbers_on,
    signed,
    text_width,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLOT_PT = 250.0
LEFT_PT, RIGHT_PT = 52.0, WIDTH_PT - 8
FEWEST_BARS = 5
ABOVE_PT = 6.0
USD_PER_MUSD = 1e6


@dataclass(frozen=True)
class Group:
    """Line items of the ledger that are one colour."""

    text: str
    colour: str
    hatch: str
    items: tuple[str, ...]


GROUPS = (
    Group("mining margin", ORANGE, "", MINING),
    Group("rent", BLUE, "", RENT),
    Group("prepayments, deposits, fees", PURPLE, "....", FEES),
    Group("opex, power and charges of leases", SKY, "----", LEASE_COSTS),
    Group("capex of leases", "#5A1E00", "", LEASE_CAPEX),
    Group("machines bought and moved", "#7F7F7F", "++", MACHINES),
    Group("expansions", "#4D4D4D", "xx", EXPANSION),
    Group("loans: drawn, fees, interest, repaid", "#8C8C8C", "||||", DEBT),
    Group("coins kept, and sold later", "#C8A2C8", "oooo", COINS),
    Group("residual value, machines sold", YELLOW, "////", (*RESIDUALS, "machine_sale")),
    Group("taxes", VERMILLION, "\\\\\\\\", ("income_tax",)),
    Group("power blocks against the index", GREEN, "xxxx", ("block_settlement", "block_energy_used")),
)
OTHER = Group("other items", PURPLE, "++++", ())


def cash(plan: Plan) -> Figure:
    """The cash of a plan by year, all sites together, not discounted."""
    years = list(plan.scenario.calendar.years)
    groups = groups_of(plan.rows["cash_by_year"], years)
    net = np.sum([musd for _, musd in groups], axis=0) if groups else np.zeros(len(years))
    swatches = [Swatch(group.text, group.colour, group.hatch) for group, _ in groups]
    decimals = min(decimals_for(float(np.abs(net).max(initial=0.0))), 2)
    bar_pt = (RIGHT_PT - LEFT_PT) / len(years)
    figures = [signed(value, decimals) for value in net] if bar_pt > SMALL_PT * 1.2 else []
    upright = bool(figures) and _widest(figures) + 2 > bar_pt
    swatches.append(Swatch(f"net of the year{', in figures above the bars' if figures else ''}", "white", marker="D"))
    caption = Caption.of(plan.scenario, plan.verdict)
    taxed = "after tax" if plan.scenario.finance.tax is not None else "before tax (the scenario has none)"
    subtitle = f"M USD of each year, not discounted, {taxed}; inflows up, outflows down"
    with house_style():
        page = Page(f"Cash by year: {caption.title}", subtitle, caption, PLOT_PT + 42 + key_height(swatches))
        axes = page.plot(LEFT_PT, 4, RIGHT_PT, 4 + PLOT_PT)
        up, down = np.zeros(len(years)), np.zeros(len(years))
        for group, musd in groups:
            style: dict[str, Any] = {
                "width": 0.78,
                "facecolor": group.colour,
                "hatch": group.hatch or None,
                "edgecolor": INK,
                "linewidth": 0.3,
            }
            axes.bar(years, np.maximum(musd, 0), bottom=up, **style)
            axes.bar(years, np.minimum(musd, 0), bottom=down, **style)
            up, down = up + np.maximum(musd, 0), down + np.minimum(musd, 0)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.plot(years, net, linestyle="none", marker="D", markersize=4.5, markerfacecolor="white", markeredgecolor=INK)
        for year, text, top in zip(years, figures, np.maximum(up, net), strict=False):
            where: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": SMALL_PT, "rotation": 90 if upright else 0}
            axes.annotate(text, (year, top), (0, ABOVE_PT), textcoords="offset points", **where)
        beside = 0.6 + max(0.0, (FEWEST_BARS - len(years)) / 2)
        axes.set_xlim(years[0] - beside, years[-1] + beside)
        text_pt = (_widest(figures) if upright else SMALL_PT) + ABOVE_PT + 4 if figures else 4.0
        low, high = float(down.min()), float(up.max())
        tall = (high - low) or 1.0
        per_pt = tall / (PLOT_PT - text_pt - 6)
        axes.set_ylim(low - 6 * per_pt if low else 0.0, high + text_pt * per_pt)
        step = next(step for step in (1, 2, 5, 10) if bar_pt * step > text_width("2030") + 4)
        axes.set_xticks(years[::step], [str(year) for year in years[::step]])
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel("cash, M USD a year")
        axes.set_xlabel("year")
        numbers_on(axes, "y")
        page.key(swatches, PLOT_PT + 4 + 36)
    return page.figure


def groups_of(rows: list[Row], years: list[int]) -> list[tuple[Group, Array]]:
    """(group, M USD by year) of every group that has cash; together they are all rows."""
    group_of: Mapping[str, Group] = {item: group for group in GROUPS for item in group.items}
    found = {group.text: np.zeros(len(years)) for group in (*GROUPS, OTHER)}
    for row in rows:
        found[group_of.get(row["item"], OTHER).text][years.index(row["year"])] += row["usd"] / USD_PER_MUSD
    return [(group, found[group.text]) for group in (*GROUPS, OTHER) if np.any(np.abs(found[group.text]) > 1e-9)]


def _widest(texts: list[str]) -> float:
    return max(text_width(text, SMALL_PT) for text in texts)
