"""Allocation over time: meter MW by month, stacked by use, under the energised MW."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import printable
from ...models.months import Array
from ...optimizer.plan import Plan
from ...optimizer.tables import Row
from ..halvings import halvings
from .style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    SMALL_PT,
    TEXT_PT,
    VERMILLION,
    WIDTH_PT,
    YELLOW,
    Caption,
    Page,
    Swatch,
    house_style,
    ink_on,
    key_height,
    lightness,
    numbers_on,
    signed,
    text_width,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLOT_PT = 245.0
LEFT_PT, RIGHT_PT = 44.0, WIDTH_PT - 10
FLEETS = (ORANGE, "#8A3B00", "#FBD38A", VERMILLION)
OFFERS = (BLUE, "#B5DCF5", "#003B5C", SKY, "#00543D", "#8FE0C4", GREEN)
HATCHES = ("", "////", "----", "xxxx")
TURNS = {"lease": OFFERS, "mining": FLEETS}
"""Fleets and offers take these colours in turn, dark beside light; a second turn is hatched."""
LEAST_STEP = 12.0
"""Neighbours differ by so much lightness (CIE L*) at least, or one of them is hatched."""
WORDS = {"conversion": "dark for a build", "kept": "kept by buildings after the lease", "idle": "idle"}
ORDER = ("lease", "kept", "conversion", "mining", "idle")
PLAIN = {"conversion": (YELLOW, "\\\\\\\\"), "kept": (PURPLE, "++++"), "idle": ("#F4F4F4", "")}


@dataclass(frozen=True)
class Layer:
    """One band of the picture: meter MW by month."""

    text: str
    colour: str
    hatch: str
    mw: Array


def allocation(plan: Plan) -> Figure:
    """The allocation of a plan, all sites together."""
    calendar = plan.scenario.calendar
    months = [str(month) for month in calendar.months]
    layers = layers_of(plan.rows["allocation"], months)
    starts = np.array([month.year + (month.month_of_year - 1) / 12 for month in calendar.months] + [0.0])
    starts[-1] = starts[-2] + 1 / 12
    tops = np.cumsum([layer.mw for layer in layers], axis=0)
    highest = float(tops[-1].max()) * 1.03 or 1.0
    per_pt = highest / PLOT_PT
    month_pt = (RIGHT_PT - LEFT_PT) / len(months)
    halved = halvings(plan.rows["market"])
    lines = [months.index(month) for month in halved]
    inside = [_place(layer, top, month_pt, per_pt, lines) for layer, top in zip(layers, tops, strict=True)]
    rest = [Swatch(layer.text, layer.colour, layer.hatch) for layer, at in zip(layers, inside, strict=True) if at is None]
    swatches = [Swatch("energised MW", INK, line="-"), *rest]
    sites = [site.name for site in plan.scenario.sites]
    where = f"at the meter of {sites[0]}" if len(sites) == 1 else f"at the meters of {len(sites)} sites together"
    subtitle = f"MW {where} by month; the plan is worth {signed(plan.npv_usd / 1e6, 1)} M USD"
    caption = Caption.of(plan.scenario, plan.verdict)
    with house_style():
        page = Page(f"Allocation over time: {caption.title}", subtitle, caption, PLOT_PT + 50 + key_height(swatches))
        axes = page.plot(LEFT_PT, 12, RIGHT_PT, 12 + PLOT_PT)
        for layer, top, at in zip(layers, tops, inside, strict=True):
            _band(axes, layer, top, starts)
            if at is not None:
                _label(axes, layer, starts[0] + at[0] / 12, at[1])
        energised = np.append(tops[-1], tops[-1][-1])
        axes.step(starts, energised, where="post", color=INK, linewidth=1.3)
        axes.set_xlim(starts[0], starts[-1])
        axes.set_ylim(0, highest)
        _halvings(axes, halved)
        axes.set_ylabel("MW at the meter")
        axes.set_xlabel("year")
        _years(axes, starts)
        numbers_on(axes, "y")
        page.key(swatches, PLOT_PT + 12 + 34)
    return page.figure


def layers_of(rows: list[Row], months: list[str]) -> list[Layer]:
    """Bands from below: each offer, MW kept by buildings and dark for builds, each fleet, idle MW."""
    position = {month: t for t, month in enumerate(months)}
    by_use: dict[str, dict[str, Array]] = {use: {} for use in ORDER}
    for row in rows:
        name = printable(row["name"]) if row["use"] in TURNS else WORDS[row["use"]]
        mw = by_use[row["use"]].setdefault(name, np.zeros(len(months)))
        mw[position[row["period"]]] += row["mw"]
    found = []
    for use in ORDER:
        for number, (name, mw) in enumerate(by_use[use].items()):
            colour, hatch = _turn(TURNS[use], number) if use in TURNS else PLAIN[use]
            if mw.any():
                found.append(Layer(name, colour, hatch, mw))
    return _apart(found)


def _turn(colours: tuple[str, ...], number: int) -> tuple[str, str]:
    return colours[number % len(colours)], HATCHES[number // len(colours) % len(HATCHES)]


def _apart(layers: list[Layer]) -> list[Layer]:
    """The same bands; of two neighbours that are alike in greyscale the upper is hatched."""
    found = layers[:1]
    for layer in layers[1:]:
        below = found[-1]
        alike = abs(lightness(below.colour) - lightness(layer.colour)) < LEAST_STEP and below.hatch == layer.hatch
        found.append(replace(layer, hatch="----" if layer.hatch == "////" else "////") if alike else layer)
    return found


def _place(layer: Layer, top: Array, month_pt: float, mw_per_pt: float, avoid: list[int]) -> tuple[float, float] | None:
    """(months from the start, MW) of the middle of the band's label, where it is thick; None where it fits nowhere.

    avoid: months in which a line stands.
    """
    needs = int(np.ceil((text_width(layer.text, SMALL_PT) + 8) / month_pt))
    if needs > len(top):
        return None
    window = np.lib.stride_tricks.sliding_window_view
    ceiling, floor = window(top, needs).min(axis=1), window(top - layer.mw, needs).max(axis=1)
    room = ceiling - floor
    least = (SMALL_PT + 4) * mw_per_pt
    if room.max() < least:
        return None
    free = np.array([not any(first <= month <= first + needs for month in avoid) for first in range(len(room))])
    fits = (room >= least) & free
    thick = (room >= 0.999 * room[fits].max()) & fits if fits.any() else room >= 0.999 * room.max()
    runs = np.split(np.flatnonzero(thick), np.flatnonzero(np.diff(np.flatnonzero(thick)) > 1) + 1)
    longest = max(runs, key=len)
    best = int(longest[len(longest) // 2])
    return best + needs / 2, float(ceiling[best] + floor[best]) / 2


def _band(axes: Axes, layer: Layer, top: Array, starts: Array) -> None:
    low, high = (np.append(line, line[-1]) for line in (top - layer.mw, top))
    moves = np.flatnonzero((np.diff(low) != 0) | (np.diff(high) != 0)) + 1
    kept = np.unique(np.concatenate([[0], moves, [len(low) - 1]]))
    style: dict[str, Any] = {"facecolor": layer.colour, "hatch": layer.hatch or None, "edgecolor": INK, "linewidth": 0.3}
    axes.fill_between(starts[kept], low[kept], high[kept], step="post", **style)


def _label(axes: Axes, layer: Layer, x: float, y: float) -> None:
    box = {"facecolor": layer.colour, "edgecolor": "none", "pad": 1.2}
    axes.text(x, y, layer.text, ha="center", va="center", fontsize=SMALL_PT, color=ink_on(layer.colour), bbox=box, parse_math=False)


def _halvings(axes: Axes, months: list[str]) -> None:
    for month in months:
        at = int(month[:4]) + (int(month[5:]) - 1) / 12
        axes.axvline(at, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
        where: dict[str, Any] = {
            "xycoords": ("data", "axes fraction"),
            "textcoords": "offset points",
            "ha": "center",
            "va": "bottom",
        }
        axes.annotate(f"halving {month}", (at, 1.0), (0, 2), fontsize=SMALL_PT, color=FAINT, **where)


def _years(axes: Axes, starts: Array) -> None:
    first, last = int(np.ceil(starts[0] - 1e-9)), int(np.floor(starts[-1] + 1e-9))
    step = next(step for step in (1, 2, 5, 10) if (last - first) / step * (text_width("2030", TEXT_PT) + 8) < RIGHT_PT - LEFT_PT)
    axes.set_xticks(range(first, last + 1, step), [str(year) for year in range(first, last + 1, step)])
