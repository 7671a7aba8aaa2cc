"""Waterfall: from the NPV of all mining to that of the optimum, in steps of the ledger's lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import printable
from ...optimizer.tables import Row
from .style import (
    INK,
    MARGIN_PT,
    SMALL_PT,
    VERMILLION,
    WIDTH_PT,
    Caption,
    Page,
    Swatch,
    decimals_for,
    house_style,
    key_height,
    numbers_on,
    signed,
    text_width,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PITCH_PT = 22.0
WIDEST_LABEL_PT = 140.0
GREY, LIGHT_GREEN = "#8C8C8C", "#7FCDB4"
USD_PER_MUSD = 1e6


def waterfall(rows: Sequence[Row], caption: Caption) -> Figure:
    """Signed steps from the first row to the last; the steps add up. Rows as compare.waterfall makes them."""
    swatches = [Swatch("NPV", GREY), Swatch("adds", LIGHT_GREEN, "////"), Swatch("takes away", VERMILLION, "")]
    last = rows[-1]
    words = [printable(str(row["step"])) for row in rows]
    label_pt = min(max(text_width(word) for word in words), WIDEST_LABEL_PT) + 4
    height = PITCH_PT * len(rows) + 6
    left = MARGIN_PT + label_pt + 6
    arrives = [row["npv_usd"] / USD_PER_MUSD for row in rows]
    decimals = min(decimals_for(max(map(abs, arrives))), 2)
    gain = signed(arrives[-1] - arrives[0], decimals, plus=True)
    subtitle = f"Discounted M USD by line of the ledger, from {words[0]} to {words[-1]}: {gain} M USD"
    with house_style():
        page = Page(f"Where the value comes from: {caption.title}", subtitle, caption, height + 48 + key_height(swatches))
        axes = page.plot(left, 6, WIDTH_PT - 12, 6 + height)
        texts = []
        for place, (row, npv) in enumerate(zip(rows, arrives, strict=True)):
            change = row["kind"] == "change"
            begin = npv - row["change_usd"] / USD_PER_MUSD if change else 0.0
            colour, hatch = (GREY, None) if not change else (LIGHT_GREEN, "////") if npv >= begin else (VERMILLION, None)
            axes.barh(place, npv - begin, left=begin, height=0.62, facecolor=colour, hatch=hatch, edgecolor=INK, linewidth=0.4)
            if row is not last:
                axes.plot([npv, npv], [place + 0.31, place + 0.69], color=INK, linewidth=0.6)
            texts.append((max(begin, npv), signed(npv - begin if change else npv, decimals, plus=change)))
            lines = wrapped(words[place], label_pt, SMALL_PT if text_width(words[place]) > label_pt else 8.0, 2)
            at = page.top_pt + 6 + (place + 0.5) * height / len(rows)
            size = SMALL_PT if len(lines) > 1 else 8.0
            for number, line in enumerate(lines):
                shift = (number - (len(lines) - 1) / 2) * size * 1.2
                weight = "normal" if change else "bold"
                page.text(MARGIN_PT + label_pt, at + shift, line, size, ha="right", va="center_baseline", weight=weight)
        low = min(0.0, *arrives)
        text_pt = max(text_width(text, SMALL_PT) for _, text in texts) + 8
        span = (max(0.0, *arrives) - low) or 1.0
        axes.set_xlim(low - 0.01 * span if low else 0.0, low + span * (1 + text_pt / (WIDTH_PT - 12 - left - text_pt)))
        axes.set_ylim(len(rows) - 0.5, -0.5)
        for place, (end, text) in enumerate(texts):
            axes.annotate(text, (end, place), (4, 0), textcoords="offset points", va="center", fontsize=SMALL_PT)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("NPV, M USD")
        numbers_on(axes, "x")
        page.key(swatches, height + 6 + 34)
    return page.figure
