"""Names of sites, fleets, offers and zones: data that ends in terminals, spreadsheets, file names and pages."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator

from .refusal import refusal, shown

LONGEST = 64
EAST_ASIAN = {"Cjk", "Hiragana", "Katakana", "Katakana-hiragana", "Hangul", "Bopomofo"}
"""Scripts that are written together in one word."""


def check_name(value: Any) -> str:
    """A name in Unicode form NFC: 1 to 64 printable characters, letters of one script in each word."""
    allowed = f"a name of 1 to {LONGEST} printable characters"
    if not isinstance(value, str):
        raise refusal(shown(value), allowed, _hint_on_kind(value))
    name = composed(value)
    if not name.strip():
        raise refusal("an empty name", allowed)
    if name != name.strip():
        raise refusal(f'the name "{name}" with blanks at an end', allowed, f'"{name.strip()}"')
    if len(name) > LONGEST:
        raise refusal(f"a name of {len(name):,} characters", allowed)
    for character in name:
        if not character.isprintable():
            found = f"the invisible character U+{ord(character):04X} in a name"
            raise refusal(found, allowed, "a plain blank" if unicodedata.category(character) == "Zs" else "delete it")
    for word in re.findall(r"\w+", name):
        scripts = {_script(c) for c in word if c.isalpha()}
        if len(scripts) > 1:
            raise refusal(
                f'the word "{word}", which mixes {" and ".join(sorted(scripts))} letters',
                "letters of one script in a word",
                "look-alike letters make two names that read the same; type the word again",
            )
    return name


def composed(text: str) -> str:
    """Unicode form NFC, in which a letter with an accent is one character however it was typed."""
    return unicodedata.normalize("NFC", text)


def slug(name: str) -> str:
    """The name as it is written in field paths: lower case, runs of other characters as one underscore."""
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def _script(letter: str) -> str:
    script = unicodedata.name(letter, "UNKNOWN").split()[0].capitalize()
    return "East Asian" if script in EAST_ASIAN else script


def _hint_on_kind(value: Any) -> str:
    if value is None:
        return 'a name such as null or ~ is put in quotes: "null"'
    if isinstance(value, bool | int | float):
        written = str(value).lower() if isinstance(value, bool) else str(value)
        return f'put it in quotes: "{written}"'
    return ""


Name = Annotated[str, BeforeValidator(check_name)]
