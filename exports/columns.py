"""Aligned columns and wrapped paragraphs for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

GAP = "  "


def columns(headings: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Lines of a table: cells as wide as their column needs, to the right, those of the columns `left` to the left.

    A long heading is broken into up to three lines.
    """
    widths = [max([len(row[at]) for row in rows] + [_heading_width(heading)]) for at, heading in enumerate(headings)]
    wrapped = [textwrap.wrap(heading, width) if heading else [] for heading, width in zip(headings, widths, strict=True)]
    height = max(map(len, wrapped))
    head = [[""] * (height - len(lines)) + lines for lines in wrapped]
    return [
        GAP
        + GAP.join(
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in [*zip(*head, strict=True), *rows]
    ]


def _heading_width(heading: str) -> int:
    """The least width at which a heading fits into three lines."""
    longest_word = max(map(len, heading.split()), default=0)
    return next(width for width in range(longest_word, len(heading) + 1) if len(textwrap.wrap(heading, max(width, 1))) <= 3)


def paragraph(text: str, width: int, indent: str = GAP, hanging: str = GAP * 2) -> list[str]:
    """Text wrapped to a width, further lines indented deeper."""
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=hanging, break_long_words=False) or [""]
