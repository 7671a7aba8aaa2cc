"""Names of sites, fleets, offers and zones: data that ends in terminals, spreadsheets, file names and pages."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator

from .refusal import refusal

LONGEST = 64


def check_name(value: Any) -> str:
    """A name in Unicode form NFC: 1 to 64 printable characters, letters of one script in each word."""
    allowed = f"a name of 1 to {LONGEST} printable characters"
    if not isinstance(value, str):
        shown = "nothing" if value is None else repr(value)
        raise refusal(f"{shown} ({type(value).__name__})", allowed, 'put it in quotes, e.g. name: "12"')
    name = unicodedata.normalize("NFC", value)
    if not name.strip():
        raise refusal("an empty name", allowed)
    if name != name.strip():
        raise refusal(f'"{name}" with blanks at an end', allowed, f'"{name.strip()}"')
    if len(name) > LONGEST:
        raise refusal(f"a name of {len(name)} characters", allowed)
    for character in name:
        if not character.isprintable() or unicodedata.category(character) in ("Cf", "Cc", "Zl", "Zp"):
            raise refusal(f"the invisible character U+{ord(character):04X} in a name", allowed)
    for word in re.findall(r"\w+", name):
        scripts = {_script(c) for c in word if c.isalpha()}
        if len(scripts) > 1:
            raise refusal(
                f'"{word}", which mixes {" and ".join(sorted(scripts))} letters',
                "letters of one script in a word",
                "look-alike letters make two names that read the same",
            )
    return name


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split()[0].capitalize()


def slug(name: str) -> str:
    """The name as it is written in field paths: lower case, runs of other characters as one underscore."""
    return re.sub(r"\W+", "_", name.lower()).strip("_")


Name = Annotated[str, BeforeValidator(check_name)]
