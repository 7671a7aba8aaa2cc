"""Colours of a terminal, left out where output is not a terminal or NO_COLOR is set."""

from __future__ import annotations

import os
import sys

CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def colour(text: str, *styles: str) -> str:
    """The text in the given styles."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    codes = ";".join(CODES[style] for style in styles)
    return f"\033[{codes}m{text}\033[0m"
