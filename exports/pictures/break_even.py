"""Break-even curves: the rent at which an offer is indifferent, over one other input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import printable
from ...models.months import Array
from ...optimizer.tables import Row
from .style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    SMALL_PT,
    VERMILLION,
    WIDTH_PT,
    Caption,
    Page,
    Swatch,
    house_style,
    key_height,
    numbers_on,
    shortened,
    signed,
    text_width,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLOT_PT = 245.0
LEFT_PT, RIGHT_PT = 50.0, WIDTH_PT - 12
LINES: tuple[tuple[str, Any], ...] = (
    (BLUE, "-"),
    (VERMILLION, (0, (5, 1.5))),
    (GREEN, (0, (6, 1.5, 1, 1.5))),
    (INK, (0, (1, 1))),
    (ORANGE, (0, (8, 1.5, 1, 1.5, 1, 1.5))),
    (PURPLE, "-"),
    (SKY, (0, (3, 1))),
    (FAINT, (0, (10, 2))),
)
PALE_BLUE, PALE_ORANGE = "#CFE6F5", "#F7DCA3"
WORDS = {
    "hashprice": "hashprice",
    "power": "market power price",
    "term": "term",
    "capex": "capex",
    "residual": "residual value",
    "discount_rate": "discount rate of leases",
}


def break_even(rows: Sequence[Row], rents_today: dict[str, float], caption: Caption) -> Figure:
    """The curve of one offer with both sides of it named, or the curves of several offers over the same input.

    rents_today: first-year rent by offer, USD/kW-month. Rows without a rent (nothing flips the decision) leave a gap.
    """
    offers = list(dict.fromkeys(row["offer"] for row in rows))
    parameter, unit = str(rows[0]["parameter"]), str(rows[0]["unit"])
    todays = {str(row["offer"]): float(row["value"]) for row in rows if row["kind"] == "today"}
    common = todays[offers[0]] if set(todays) == set(offers) and len(set(todays.values())) == 1 else None
    styles = [LINES[number % len(LINES)] for number in range(len(offers))]
    several = len(offers) > 1
    swatches = [Swatch(offer, colour, line=line) for offer, (colour, line) in zip(offers, styles, strict=True)]
    word = WORDS.get(parameter, parameter)
    if any(offer in rents_today for offer in todays):
        own = f"today's rent, at the offer's own {word} today" if several and common is None else "today's rent and value"
        swatches.append(Swatch(own, "white", marker="D"))
    if any(row["kind"] == "breakpoint" and row["break_even_rent_usd_per_kw_month"] is not None for row in rows):
        swatches.append(Swatch("where the two best plans change", INK, marker="o"))
    above = "above its curve: an offer" if several else "above: the offer"
    meaning = f"{above} is worth having; below: the best plan without it is worth more"
    with house_style():
        subtitle = f"Rent at which the decision flips, over the {word}; {meaning}"
        title = f"Break-even rent: {caption.title if several else offers[0]}"
        page = Page(title, subtitle, caption, PLOT_PT + 48 + key_height(swatches))
        xs = np.array([row["value"] for row in rows], dtype=float)
        label_pt = text_width(signed(float(xs.max()), 0 if xs.max() >= 100 else 2))
        right = min(RIGHT_PT, WIDTH_PT - label_pt / 2 - 5)
        axes = page.plot(LEFT_PT, 8, right, 8 + PLOT_PT)
        for offer, drawn in zip(offers, styles, strict=True):
            _curve(axes, [row for row in rows if row["offer"] == offer], drawn)
        axes.set_xlim(float(xs.min()), float(xs.max()))
        rents = [row["break_even_rent_usd_per_kw_month"] for row in rows if row["break_even_rent_usd_per_kw_month"] is not None]
        marks = [rents_today[offer] for offer in offers if offer in rents_today]
        low, high = _reach([*rents, *marks] or [0.0, 1.0], 0.08 if several else 0.4)
        axes.set_ylim(low, high)
        if not several:
            _sides(axes, list(rows), low, high)
        if common is not None:
            axes.axvline(common, color=INK, linewidth=0.8, linestyle="--", zorder=1)
        drawn_at: list[tuple[float, float]] = []
        for offer, (colour, _) in zip(offers, styles, strict=True):
            if offer in rents_today and offer in todays:
                at = todays[offer], rents_today[offer]
                _diamond(axes, at, drawn_at, colour if several else INK)
                drawn_at.append(at)
        axes.set_ylabel("break-even rent, USD/kW-month of critical IT")
        axes.set_xlabel(
            f"{word}, {printable(unit).removesuffix(', leases') or 'fraction'}{'' if common is None else ' (dashed: today)'}"
        )
        axes.locator_params(axis="x", nbins=max(2, min(9, int((right - LEFT_PT) / (label_pt + 14)))))
        numbers_on(axes, "y")
        numbers_on(axes, "x")
        page.key(swatches, 8 + PLOT_PT + 36)
    return page.figure


def _reach(rents: Sequence[float], above: float) -> tuple[float, float]:
    """Ends of the axis: from zero, or closer where all rents are far above it."""
    lowest, highest = min(rents), max(rents)
    span = max(highest - lowest, 0.1 * abs(highest), 1.0)
    return (lowest - 0.6 * span if lowest > 2 * span else min(0.0, lowest * 1.1)), highest + above * span


def _points(rows: Sequence[Row]) -> tuple[Array, Array]:
    ordered = sorted(rows, key=lambda row: float(row["value"]))
    rents = [row["break_even_rent_usd_per_kw_month"] for row in ordered]
    return np.array([row["value"] for row in ordered], dtype=float), np.array([np.nan if r is None else r for r in rents])


def _curve(axes: Axes, rows: list[Row], style: tuple[str, Any]) -> None:
    colour, line = style
    axes.plot(*_points(rows), color=colour, linestyle=line, linewidth=1.7, zorder=3)
    breaks = [row for row in rows if row["kind"] == "breakpoint"]
    axes.plot(*_points(breaks), color=colour, linestyle="none", marker="o", markersize=3.5, markeredgecolor=INK, zorder=4)


def _diamond(axes: Axes, at: tuple[float, float], others: Sequence[tuple[float, float]], colour: str) -> None:
    """A hollow diamond, around those that are there already."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    wide, tall = abs(right - left) * 0.012, abs(high - low) * 0.018
    under = sum(abs(x - at[0]) < wide and abs(y - at[1]) < tall for x, y in others)
    style: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": colour, "markeredgewidth": 1.2, "clip_on": False}
    axes.plot([at[0]], [at[1]], marker="D", markersize=4.0 + 3.5 * under, linestyle="none", zorder=6, **style)


def _sides(axes: Axes, rows: list[Row], low: float, high: float) -> None:
    """What is done above and below the curve of one offer."""
    x, rent = _points(rows)
    known = np.isfinite(rent)
    if not known.any():
        return
    axes.fill_between(x, rent, high, where=known, facecolor=PALE_BLUE, zorder=0)
    axes.fill_between(x, low, rent, where=known, facecolor=PALE_ORANGE, zorder=0)
    room = (RIGHT_PT - LEFT_PT) * 0.6
    name = shortened(rows[0]["offer"], room - 40, SMALL_PT)
    style: dict[str, Any] = {"fontsize": SMALL_PT, "transform": axes.transAxes, "parse_math": False}
    left_high = rent[known][0] > rent[known][-1]
    axes.text(0.98 if left_high else 0.02, 0.97, f"worth having: {name}", ha="right" if left_high else "left", va="top", **style)
    axes.text(
        0.02 if left_high else 0.98, 0.03, "the best plan without it", ha="left" if left_high else "right", va="bottom", **style
    )
