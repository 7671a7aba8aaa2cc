"""Aligned columns and wrapped paragraphs for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

GAP = "  "
WIDE = 11
"""Columns of headings that are wider than this are broken into one line more."""


def columns(headings: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Lines of a table: cells as wide as their column needs, to the right, those of the columns `left` to the left.

    A long heading is broken into two lines, or three where that would make the column wide.
    """
    widths = [max([len(row[at]) for row in rows] + [_heading_width(heading)]) for at, heading in enumerate(headings)]
    wrapped = [textwrap.wrap(heading, width) if heading else [] for heading, width in zip(headings, widths, strict=True)]
    height = max(map(len, wrapped))
    head = [[""] * (height - len(lines)) + lines for lines in wrapped]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return (GAP + GAP.join(padded)).rstrip()

    return [line(cells) for cells in [*zip(*head, strict=True), *rows]]


def _heading_width(heading: str) -> int:
    """The least width at which a heading fits into two lines, or into three if that is more than `WIDE`."""
    two, three = (next(width for width in range(len(heading) + 1) if _lines(heading, width) <= most) for most in (2, 3))
    return two if two <= WIDE else three


def _lines(heading: str, width: int) -> int:
    """Lines a heading takes at a width; as many as it likes where a word does not fit."""
    if max(map(len, heading.split()), default=0) > width:
        return len(heading)
    return len(textwrap.wrap(heading, max(width, 1)))


def paragraph(text: str, width: int, indent: str = GAP, hanging: str = GAP * 2) -> list[str]:
    """Text wrapped to a width, further lines indented deeper."""
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=hanging, break_long_words=False) or [""]
