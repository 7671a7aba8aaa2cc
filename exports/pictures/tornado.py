"""Tornado: how far the NPV moves when one input moves to its low and to its high value, widest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...optimizer.tables import Row
from .style import (
    BLUE,
    FAINT,
    INK,
    MARGIN_PT,
    SMALL_PT,
    WIDTH_PT,
    Caption,
    Page,
    Swatch,
    house_style,
    key_height,
    numbers_on,
    signed,
    text_width,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 25
PITCH_PT = 35.0
LABEL_PT = 150.0
LIGHT_ORANGE = "#F3B94D"
USD_PER_MUSD = 1e6


def tornado(rows: Sequence[Row], caption: Caption) -> Figure:
    """Bars around today's NPV. Rows without an NPV at an end (no plan there) have no bar on that side."""
    ordered = sorted(rows, key=lambda row: -_swing(row))
    shown = ordered[:MOST_BARS]
    today = shown[0]["npv_today_usd"] / USD_PER_MUSD
    left_out = f"; {len(rows) - len(shown)} narrower bars are left out" if len(shown) < len(rows) else ""
    swatches = [Swatch("input at its low value", BLUE), Swatch("input at its high value", LIGHT_ORANGE, "////")]
    swatches.append(Swatch("another plan is best there", "white", marker="D"))
    height = PITCH_PT * len(shown) + 6
    left = LABEL_PT + MARGIN_PT + 6
    with house_style():
        subtitle = f"NPV today {signed(today, 1)} M USD; one input moves at a time and the plan is found anew{left_out}"
        page = Page(f"What the value hangs on: {caption.title}", subtitle, caption, height + 48 + key_height(swatches))
        axes = page.plot(left, 6, WIDTH_PT - 14, 6 + height)
        low, high, room = _reach(shown, today, WIDTH_PT - 14 - left)
        axes.set_xlim(low - room, high + room)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        for place, row in enumerate(shown):
            _bars(axes, place, row, today)
            lines = [*wrapped(row["label"], LABEL_PT, SMALL_PT, 3), f"today {_value(row['today'])}"]
            at = page.top_pt + 6 + (place + 0.5) * height / len(shown) - (len(lines) - 1) / 2 * SMALL_PT * 1.2
            for number, line in enumerate(lines):
                style: dict[str, Any] = {"ha": "right", "va": "center", "color": FAINT if line == lines[-1] else INK}
                page.text(LABEL_PT + MARGIN_PT, at + number * SMALL_PT * 1.2, line, SMALL_PT, **style)
        axes.axvline(today, color=INK, linewidth=1.0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("NPV, M USD")
        numbers_on(axes, "x")
        page.key(swatches, height + 6 + 34)
    return page.figure


def _ends(row: Row, today: float) -> tuple[float, float]:
    """NPV at the low and at the high value, M USD; today's where there is none."""
    low, high = row["npv_low_usd"], row["npv_high_usd"]
    return today if low is None else low / USD_PER_MUSD, today if high is None else high / USD_PER_MUSD


def _swing(row: Row) -> float:
    low, high = _ends(row, row["npv_today_usd"] / USD_PER_MUSD)
    today = row["npv_today_usd"] / USD_PER_MUSD
    return float(max(low, high, today) - min(low, high, today))


def _reach(rows: Sequence[Row], today: float, wide: float) -> tuple[float, float, float]:
    """(lowest NPV, highest NPV, room for the texts at the ends of the bars), M USD."""
    ends = [end for row in rows for end in _ends(row, today)]
    low, high = min([*ends, today]), max([*ends, today])
    high = high if high - low > 1e-9 else low + 1.0
    text = max(text_width(_value(row[side]), SMALL_PT) for row in rows for side in ("low", "high")) + 14
    return low, high, (high - low) * text / max(wide - 2 * text, 40.0)


def _bars(axes: Axes, place: int, row: Row, today: float) -> None:
    low, high = _ends(row, today)
    both_on_one_side = (low - today) * (high - today) > 0
    sides = ((low, "low", BLUE, "", -0.17), (high, "high", LIGHT_ORANGE, "////", 0.17))
    for end, side, colour, hatch, lane in sides:
        if row[f"npv_{side}_usd"] is None:
            continue
        at, height = (place + lane, 0.32) if both_on_one_side else (place, 0.6)
        style: dict[str, Any] = {"facecolor": colour, "hatch": hatch or None, "edgecolor": INK, "linewidth": 0.4}
        axes.barh(at, end - today, left=today, height=height, **style)
        outward = -1 if end < today or (end == today and side == "low") else 1
        if row[f"plan_changes_{side}"]:
            axes.plot([end], [at], marker="D", markersize=4, markerfacecolor="white", markeredgecolor=INK, zorder=5)
        axes.annotate(
            _value(row[side]),
            (end, at),
            (outward * 5, 0),
            textcoords="offset points",
            ha="left" if outward > 0 else "right",
            va="center",
            fontsize=SMALL_PT,
            parse_math=False,
        )


def _value(value: Any) -> str:
    """A value of an input in four digits; a dash where the input's bounds allow none."""
    if value is None:
        return "\N{EN DASH}"
    if not isinstance(value, int | float):
        return str(value)
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")
