"""The decision map: which leases to sign at which multipliers, as regions with exact edges; slices of three axes, curves of one."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.ticker import MaxNLocator

from ...errors import printable
from ...models.months import Array, WholeArray
from ...optimizer.decision_map import DecisionMap
from ...optimizer.tables import Row
from .style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MARGIN_PT,
    ORANGE,
    PURPLE,
    SKY,
    SMALL_PT,
    TEXT_PT,
    VERMILLION,
    WIDTH_PT,
    Caption,
    Page,
    Swatch,
    house_style,
    ink_on,
    key_height,
    numbers_on,
    shortened,
    signed,
    text_width,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SECONDS = 4.0
"""A grid has as many points as are looked at in this time, within FEWEST and MOST along each axis."""
FEWEST, MOST = 41, 121
PLOT_PT = 250.0
MOST_COLUMNS = 12
MOST_OFFERS = 24
TIMES = "\N{MULTIPLICATION SIGN}"
HEAD = "critical MW, by plan"
LINE_OF_TABLE = 1.45
NAMES = {"hashprice": "hashprice", "rent": "rent of the offers", "power": "power price"}
PALE, DARK = 0.0, 0.94
"""The part of the colour map cividis that is used."""


@dataclass(frozen=True)
class Choice:
    """Leases that one or several plans of the map take; plans that differ in starts or machines alone are one choice.

    number: of the first of its plans. mw: critical MW by offer, signed leases left out.
    """

    number: int
    mw: Mapping[str, float]

    @property
    def leased_mw(self) -> float:
        return float(sum(self.mw.values()))


def decision_map(found: DecisionMap) -> Figure:
    """The map of one, two or three axes."""
    with house_style():
        return _curves(found) if len(found.axes) == 1 else _regions(found)


def choices_of(found: DecisionMap) -> tuple[list[Choice], WholeArray]:
    """(choices in the order of their first plan, choice of every plan)."""
    offered = {offer.name for offer in found.scenario.leases if offer.status == "offered"}
    taken: dict[int, dict[str, float]] = {plan: defaultdict(float) for plan in range(1, len(found.decisions) + 1)}
    for row in found.rows["plan_leases"]:
        if row["offer"] in offered:
            taken[row["plan"]][row["offer"]] += row["critical_mw"]
    choices: list[Choice] = []
    of_plan = []
    for plan, mw in taken.items():
        shown = {offer: round(amount, 3) for offer, amount in mw.items() if round(amount, 3)}
        known = next((at for at, choice in enumerate(choices) if choice.mw == shown), len(choices))
        if known == len(choices):
            choices.append(Choice(plan, shown))
        of_plan.append(known)
    return choices, np.array(of_plan)


# --- two and three axes ----------------------------------------------------------------------------------------------


def _regions(found: DecisionMap) -> Figure:
    choices, of_plan = choices_of(found)
    slices = _slices(found)
    across, along = found.axes[0], found.axes[1]
    started = time.monotonic()
    found.npv_usd(**{axis.name: axis.low for axis in found.axes})
    each = max(time.monotonic() - started, 1e-6)
    per_point = each * len(slices)
    exact_rent = along.name == "rent"
    points = int(SECONDS / (2 * per_point)) if exact_rent else int((SECONDS / per_point) ** 0.5)
    points = min(max(points, FEWEST), MOST)
    worths = [_worth(found, of_plan, len(choices), fixed, points) for fixed in slices]
    winners = [np.argmax(worth, axis=-1) for worth in worths]
    share = np.bincount(np.concatenate([won.ravel() for won in winners]), minlength=len(choices)) / sum(won.size for won in winners)
    today = int(of_plan[found.best() - 1]) if _has_today(found) else None
    shown = _shown(choices, share, today)
    offers = [offer for offer in (lease.name for lease in found.scenario.leases) if any(offer in choices[at].mw for at in shown)]
    caption = Caption.of(found.scenario, _verdict(found))
    title = f"Decision map: {caption.title}"
    subtitle = f"Which leases the best plan signs; proved: nowhere in the box is any plan worth more by over {_bound(found)}"
    table_pt = (min(len(offers), MOST_OFFERS) + 5) * TEXT_PT * LINE_OF_TABLE + 4
    top = 44.0 if slices[0] else 32.0
    page = Page(title, subtitle, caption, top + PLOT_PT + 40 + table_pt)
    colours = _colours(choices)
    left, right = 58.0, WIDTH_PT - 46
    gap = 26.0
    wide = (right - left - gap * (len(slices) - 1)) / len(slices)
    x, y = np.linspace(across.low, across.high, points), np.linspace(along.low, along.high, points)
    numbered: set[int] = set()
    for number, (fixed, worth, won) in enumerate(zip(slices, worths, winners, strict=True)):
        begin = left + number * (wide + gap)
        axes = page.plot(begin, top, begin + wide, top + PLOT_PT)
        _paint(axes, x, y, worth, colours)
        numbered |= _number(axes, x, y, won, choices, colours, wide, shown)
        axes.set_xlim(across.low, across.high)
        axes.set_ylim(along.low, along.high)
        axes.spines[["top", "right"]].set_visible(True)
        axes.locator_params(axis="x", nbins=6 if len(slices) == 1 else 3)
        _axis_names(found, axes, number == 0, number == len(slices) - 1, len(slices) == 1)
        for name, at in fixed.items():
            page.text(begin, page.top_pt + 2, f"{NAMES[name]} {TIMES}{at:.3g}", weight="bold")
        if all(abs(at - 1.0) < 1e-9 for at in fixed.values()):
            _today(found, axes)
    note = f"Choices of small regions that are not listed: {len(choices) - len(shown)}. " if len(shown) < len(choices) else ""
    note += _without_number([choices[at].number for at in shown if share[at] > 0 and at not in numbered])
    listed = [choices[at] for at in shown]
    star = None if today is None else choices[today].number
    _table(page, listed, [colours[at] for at in shown], offers, top + PLOT_PT + 36, star, note + _flip_in_words(found))
    return page.figure


def _verdict(found: DecisionMap) -> str:
    return "CERTIFIED" if found.complete else "CERTIFIED, stopped before the tolerance"


def _slices(found: DecisionMap) -> list[dict[str, float]]:
    """Values of the third axis: its ends and today, or the middle where today lies outside."""
    if len(found.axes) == 2:
        return [{}]
    third = found.axes[2]
    middle = 1.0 if third.low < 1.0 < third.high else (third.low + third.high) / 2
    return [{third.name: at} for at in (third.low, middle, third.high)]


def _worth(found: DecisionMap, of_plan: WholeArray, count: int, fixed: Mapping[str, float], points: int) -> Array:
    """Value of the best plan of every choice on a grid of the first two axes, USD, shape (points, points, choices).

    Plans are linear in rent, so two points give a whole line of it.
    """
    across, along = found.axes[0], found.axes[1]
    worth = np.empty((points, points, len(of_plan)))
    share = np.linspace(0.0, 1.0, points)[:, None]
    for row, x in enumerate(np.linspace(across.low, across.high, points).tolist()):
        if along.name == "rent":
            low, high = (found.npv_usd(**{**fixed, across.name: x, "rent": at}) for at in (along.low, along.high))
            worth[row] = low + share * (high - low)
        else:
            for column, y in enumerate(np.linspace(along.low, along.high, points).tolist()):
                worth[row, column] = found.npv_usd(**{**fixed, across.name: x, along.name: y})
    return np.stack([worth[..., of_plan == choice].max(axis=-1) for choice in range(count)], axis=-1)


def _bound(found: DecisionMap) -> str:
    """The proved regret in words; below one dollar there is only rounding."""
    if found.bound_usd < 1:
        return "1 USD"
    share = f" ({100 * found.bound_usd / abs(found.npv_today_usd):.2g} % of the NPV today)" if found.npv_today_usd else ""
    return f"{signed(found.bound_usd)} USD{share}"


def _has_today(found: DecisionMap) -> bool:
    """Whether today's point lies in the box."""
    return all(axis.low <= 1 <= axis.high for axis in found.axes)


def _without_number(numbers: list[int]) -> str:
    """The choices of the key whose regions have no room for their number: which, or how many."""
    if not numbers:
        return ""
    which = ", ".join(map(str, numbers)) if len(numbers) <= 6 else f"{len(numbers)} choices"
    return f"No room for a number in the regions of: {which}. "


def _flip_in_words(found: DecisionMap) -> str:
    if not _has_today(found):
        return "Today's prices lie outside of the box."
    for row in found.rows["flips"][:1]:
        change = signed(100 * abs(row["change_fraction"]), 1)
        shown = " (arrow)" if _in_plane(found, row) else ""
        flip = f"{row['direction']} by {change} %, to plan {row['plan']}"
        return f"★ today's prices. Nearest flip beyond the tolerance{shown}: {flip}."
    return "★ today's prices. No flip beyond the tolerance on a line from today within the box."


def _colours(choices: list[Choice]) -> list[str]:
    """The more MW a choice leases the darker it is; steps of lightness are even, so that all can be told apart in print."""
    order = sorted(range(len(choices)), key=lambda at: (choices[at].leased_mw, -choices[at].number))
    step = (DARK - PALE) / max(len(choices) - 1, 1)
    rank = {at: place for place, at in enumerate(order)}
    return [to_hex(colormaps["cividis_r"](PALE + step * rank[at])) for at in range(len(choices))]


def _paint(axes: Axes, x: Array, y: Array, worth: Array, colours: list[str]) -> None:
    """Every choice where it is worth most; edges are where it is worth as much as the next, between the points of the grid."""
    for choice, colour in enumerate(colours):
        others = np.delete(worth, choice, axis=-1)
        lead = worth[..., choice] - (others.max(axis=-1) if others.shape[-1] else -np.inf)
        if not (lead > 0).any():
            continue
        if not np.isfinite(lead).all():
            axes.axvspan(x[0], x[-1], color=colour)
            continue
        largest = float(lead.max()) * 2 + 1.0
        axes.contourf(x, y, lead.T, levels=[0.0, largest], colors=[colour])
        if (lead < 0).any():
            axes.contour(x, y, lead.T, levels=[0.0], colors=["white"], linewidths=0.7)


def _number(
    axes: Axes, x: Array, y: Array, won: WholeArray, choices: list[Choice], colours: list[str], wide: float, shown: list[int]
) -> set[int]:
    """The number of a choice inside each of its regions that has room for it; the choices that have one."""
    numbered = set()
    across_pt, up_pt = wide / (len(x) - 1), PLOT_PT / (len(y) - 1)
    for choice in shown:
        text = str(choices[choice].number)
        half_wide, half_tall = text_width(text, TEXT_PT) / 2 + 1.5, TEXT_PT / 2 + 1
        for spot in _spots(won == choice, int(np.ceil(half_wide / across_pt)), int(np.ceil(half_tall / up_pt))):
            axes.text(x[spot[0]], y[spot[1]], text, ha="center", va="center", color=ink_on(colours[choice]), weight="bold")
            numbered.add(choice)
    return numbered


def _spots(inside: np.ndarray[Any, np.dtype[np.bool_]], wide: int, tall: int) -> list[tuple[int, int]]:
    """Middles of boxes of (2 wide + 1) x (2 tall + 1) points that lie inside, one for each separate area, where most is around."""
    room = _eroded(inside, wide, tall)
    spots = []
    while room.any():
        deep, depth = room, 0
        while (next_deep := _eroded(deep, 1, 1)).any():
            deep, depth = next_deep, depth + 1
        candidates = np.argwhere(deep)
        middle = candidates[np.argmin(((candidates - candidates.mean(axis=0)) ** 2).sum(axis=1))]
        spots.append((int(middle[0]), int(middle[1])))
        room = room & ~_connected(inside, spots[-1])
    return spots


def _eroded(inside: np.ndarray[Any, np.dtype[np.bool_]], wide: int, tall: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The points whose whole surrounding box is inside; nothing is inside beyond the edge."""
    window = np.lib.stride_tricks.sliding_window_view
    padded = np.pad(inside, ((wide, wide), (tall, tall)))
    first = np.asarray(window(padded, 2 * wide + 1, axis=0).all(axis=-1))
    return np.asarray(window(first, 2 * tall + 1, axis=1).all(axis=-1))


def _connected(inside: np.ndarray[Any, np.dtype[np.bool_]], start: tuple[int, int]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The area that hangs together with a point."""
    found = np.zeros_like(inside)
    found[start] = True
    while True:
        grown = np.pad(found, 1)
        wider = inside & (grown[:-2, 1:-1] | grown[2:, 1:-1] | grown[1:-1, :-2] | grown[1:-1, 2:] | found)
        if (wider == found).all():
            return found
        found = wider


def _axis_names(found: DecisionMap, axes: Axes, first: bool, last: bool, roomy: bool) -> None:
    """Multipliers at the left and below; what they are in the market's units at the right and above."""
    across, along = found.axes[0], found.axes[1]
    axes.xaxis.set_major_formatter(TIMES + "{x:g}")
    axes.yaxis.set_major_formatter(TIMES + "{x:g}")
    axes.set_xlabel(f"{NAMES[across.name]}, multiple of today's" if roomy else f"{NAMES[across.name]} ({TIMES} today's)")
    if first:
        axes.set_ylabel(f"{NAMES[along.name]}, multiple of today's")
    else:
        axes.set_yticklabels([])
    unit_x, unit_y = _in_units(found, across.name), _in_units(found, along.name)
    if unit_x is not None:
        above = axes.secondary_xaxis("top", functions=_both_ways(unit_x[0]))
        above.set_xlabel(unit_x[1] if roomy else "USD/PH/day")
        above.xaxis.set_major_locator(MaxNLocator(6 if roomy else 3))
    if unit_y is not None and last:
        beside = axes.secondary_yaxis("right", functions=_both_ways(unit_y[0]))
        beside.set_ylabel(unit_y[1])


def _both_ways(unit: float) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """From multipliers to units and back, for an axis."""
    return lambda multiplier: multiplier * unit, lambda value: value / unit


def _in_units(found: DecisionMap, axis: str) -> tuple[float, str] | None:
    """(what a multiplier of one is, its name and unit)."""
    if axis == "hashprice":
        path = found.values.values.market.hashprice_usd_per_ph_day
        return (float(path[0]), f"hashprice in {found.scenario.calendar.start}, USD/PH/day") if path[0] > 0 else None
    if axis == "rent":
        offers = [lease for lease in found.scenario.leases if lease.status == "offered"]
        mw = sum(lease.critical_it_mw for lease in offers)
        mean = sum(lease.critical_it_mw * lease.first_year_rent_usd_per_kw_month for lease in offers) / mw if mw else 0.0
        return (mean, "mean rent of the offers, first year, USD/kW-month") if mean > 0 else None
    return None


def _in_plane(found: DecisionMap, flip: Row) -> bool:
    """Whether a flip can be shown on a map of the first two axes."""
    return all(flip[axis.name] == 1.0 for axis in found.axes[2:])


def _today(found: DecisionMap, axes: Axes) -> None:
    """A star at today's point, and an arrow to the nearest point where another plan wins by more than the tolerance."""
    across, along = found.axes[0], found.axes[1]
    if not (across.low <= 1 <= across.high and along.low <= 1 <= along.high):
        return
    style: dict[str, Any] = {"markeredgecolor": INK, "markerfacecolor": "white", "linestyle": "none", "clip_on": False, "zorder": 6}
    for row in found.rows["flips"][:1]:
        if _in_plane(found, row):
            at = (row[across.name], row[along.name])
            arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": VERMILLION, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", at, (1.0, 1.0), arrowprops=arrow, zorder=5)
    axes.plot([1.0], [1.0], marker="*", markersize=9, markeredgewidth=0.8, **style)


def _shown(choices: list[Choice], share: Array, today: int | None) -> list[int]:
    """The choices in the key: today's (if it lies in the box) and the largest, in the order of their numbers."""
    largest = sorted(range(len(choices)), key=lambda at: (at != today, -share[at]))
    return sorted(at for at in largest[:MOST_COLUMNS] if share[at] > 0 or at == today)


def _table(
    page: Page, choices: list[Choice], colours: list[str], offers: list[str], top: float, today: int | None, note: str
) -> None:
    """The key: a column for each numbered choice with its critical MW by offer."""
    line = TEXT_PT * LINE_OF_TABLE
    inner = WIDTH_PT - 2 * MARGIN_PT
    cell = text_width("129.3", SMALL_PT) + 3
    names = min(
        max([text_width(printable(offer), SMALL_PT) for offer in offers] + [text_width(HEAD, SMALL_PT, "bold")]) + 8,
        inner - cell * len(choices),
    )
    cell = min((inner - names) / max(len(choices), 1), 34.0)
    at = page.top_pt + top
    page.text(MARGIN_PT, at + 1.5, HEAD, size=SMALL_PT, weight="bold")
    for column, (choice, colour) in enumerate(zip(choices, colours, strict=True)):
        x = MARGIN_PT + names + column * cell
        page.box(x + 0.5, at, cell - 1, line - 1, colour)
        text = f"{choice.number}★" if choice.number == today else str(choice.number)
        style: dict[str, Any] = {"ha": "center", "va": "center", "weight": "bold", "color": ink_on(colour)}
        page.text(x + cell / 2, at + (line - 1) / 2, text, size=SMALL_PT, **style)
    rows = offers[:MOST_OFFERS]
    for offer in rows:
        at += line
        page.text(MARGIN_PT, at + 1.5, shortened(offer, names - 4, SMALL_PT), size=SMALL_PT)
        for column, choice in enumerate(choices):
            mw = choice.mw.get(offer, 0.0)
            x = MARGIN_PT + names + (column + 0.5) * cell
            page.text(x, at + 1.5, _mw(mw) if mw else "·", size=SMALL_PT, ha="center")
    at += line
    page.text(MARGIN_PT, at + 1.5, "together", size=SMALL_PT, weight="bold")
    for column, choice in enumerate(choices):
        x = MARGIN_PT + names + (column + 0.5) * cell
        page.text(x, at + 1.5, f"{choice.leased_mw:,.0f}", size=SMALL_PT, ha="center", weight="bold")
    more = f"{len(offers) - len(rows)} offers more are not listed. " if len(rows) < len(offers) else ""
    for text in wrapped(f"{more}{note} Numbers are the plans of hashlease map; darker: more MW.", inner, SMALL_PT, 3):
        at += line
        page.text(MARGIN_PT, at + 1.5, text, size=SMALL_PT, color=FAINT)


def _mw(mw: float) -> str:
    return f"{mw:,.{0 if abs(mw - round(mw)) < 0.05 else 1}f}"


# --- one axis --------------------------------------------------------------------------------------------------------

LINES: tuple[tuple[str, Any], ...] = (
    (BLUE, "-"),
    (VERMILLION, "--"),
    (GREEN, "-."),
    (PURPLE, ":"),
    (ORANGE, (0, (5, 1, 1, 1, 1, 1))),
    (SKY, "-"),
    (INK, "--"),
    (FAINT, (0, (1, 1))),
)


def _curves(found: DecisionMap) -> Figure:
    """Value of every choice along one axis: the best of them, and how much less each is worth."""
    axis = found.axes[0]
    choices, of_plan = choices_of(found)
    x = np.unique(np.concatenate([np.linspace(axis.low, axis.high, 201), [at for at, _ in found.walk(axis.name)]]))
    worth = np.array([found.npv_usd(**{axis.name: at}) for at in x.tolist()]) / 1e6
    worth = np.stack([worth[:, of_plan == choice].max(axis=1) for choice in range(len(choices))], axis=1)
    best = worth.max(axis=1)
    wins = np.bincount(np.argmax(worth, axis=1), minlength=len(choices))
    today = int(of_plan[found.best() - 1]) if _has_today(found) else None
    shown = _shown(choices, wins / len(x), today)[: len(LINES)]
    swatches = [
        Swatch(f"{choices[at].number}: {_in_words(choices[at])}", colour, line=line)
        for at, (colour, line) in zip(shown, LINES, strict=False)
    ]
    caption = Caption.of(found.scenario, _verdict(found))
    subtitle = f"Value of the plans as the {NAMES[axis.name]} moves; proved: nowhere is any plan worth more by over {_bound(found)}"
    page = Page(f"Decision map: {caption.title}", subtitle, caption, 350 + key_height(swatches))
    left, right = 58.0, WIDTH_PT - 12
    above, below = page.plot(left, 34, right, 34 + 110), page.plot(left, 34 + 122, right, 34 + 272)
    steps = [(at, int(of_plan[plan - 1])) for at, plan in found.walk(axis.name)]
    edges = [at for (_, before), (at, after) in pairwise(steps) if before != after]
    above.plot(x, best, color=INK, linewidth=1.5)
    for at, (colour, line) in zip(shown, LINES, strict=False):
        below.plot(x, worth[:, at] - best, color=colour, linestyle=line, linewidth=1.5)
    furthest = max(-float(np.median((worth - best[:, None])[:, shown], axis=0).min()), 1e-3)
    below.set_ylim(-furthest * 1.1, furthest * 0.06)
    for axes in (above, below):
        axes.set_xlim(axis.low, axis.high)
        for edge in edges:
            axes.axvline(edge, color=FAINT, linewidth=0.6, linestyle=(0, (1, 2)))
        if axis.low < 1 < axis.high:
            axes.axvline(1.0, color=INK, linewidth=0.8, linestyle="--")
        axes.xaxis.set_major_formatter(TIMES + "{x:g}")
        numbers_on(axes, "y")
    above.set_xticklabels([])
    above.set_ylabel("NPV, M USD")
    below.set_ylabel("less than the best, M USD")
    dashed = "dashed: today; " if axis.low < 1 < axis.high else ""
    below.set_xlabel(f"{NAMES[axis.name]}, multiple of today's ({dashed}dotted: where the best plan changes)")
    unit = _in_units(found, axis.name)
    if unit is not None:
        top = above.secondary_xaxis("top", functions=_both_ways(unit[0]))
        top.set_xlabel(unit[1])
    page.key(swatches, 34 + 272 + 36)
    return page.figure


def _in_words(choice: Choice) -> str:
    return "; ".join(f"{_mw(mw)} MW of {offer}" for offer, mw in choice.mw.items()) or "no offer"
