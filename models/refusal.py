"""How an input is refused: what was found, what is allowed, the likely fix.

Every check of a scenario raises an error made here, so that the reader of files (which knows the file, the line and the field)
can print all of them in one form.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

Place = tuple[str | int, ...]
"""Keys and positions that lead to a value in plain data."""

LONGEST_SHOWN = 60
MOST_LISTED = 40
MOST_COMPARED = 1_000
SHORTEST_BEGINNING = 4
"""A word this long may be meant as the beginning of a longer one: rent for rent_usd_per_kw_month."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an object: where in it, what was found, what is allowed, a hint."""

    place: Place
    found: str
    allowed: str
    hint: str = ""


def refusal(found: str, allowed: str, hint: str = "", field: str = "") -> PydanticCustomError:
    """A validation error in the project's one form.

    found, allowed, hint: short phrases; `field` is the name of the field inside the refused object, where the
    object as a whole was checked (dates in order, shares that add up).
    """
    context: dict[str, Any] = {"found": found, "allowed": allowed, "hint": hint, "field": field}
    return PydanticCustomError("refused", "found {found}; allowed: {allowed}", context)


def refusals(faults: Iterable[Fault]) -> PydanticCustomError:
    """Several faults of one object as one validation error; their places are relative to the object."""
    return PydanticCustomError("refused_many", "several faults", {"faults": list(faults)})


def refuse_part_months(years: float, field: str) -> None:
    if abs(years * 12 - round(years * 12)) > 1e-6:
        raise refusal(f"{years} years", "a whole number of months", f"{round(years * 12) / 12:.4f}", field=field)


def shown(value: Any) -> str:
    """A value as a person would name it; never Python's notation."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the yes/no value {str(value).lower()}"
    if isinstance(value, str):
        return f'the text "{shortened(value)}"' if value else "an empty text"
    if isinstance(value, dict):
        return "a table of fields"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan (not a number)" if math.isnan(value) else "an infinite number"
    return shortened(str(value))


def shortened(text: str, longest: int = LONGEST_SHOWN) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def listed(words: Iterable[str]) -> str:
    """Words with commas; of a long list the first ones and how many more there are."""
    every = list(words)
    more = f" and {len(every) - MOST_LISTED} more" if len(every) > MOST_LISTED else ""
    return ", ".join(shortened(word) for word in every[:MOST_LISTED]) + more


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean ...?` with the known word that is most like the one found, or begins like it; empty if none does."""
    import difflib

    by_form = {_form(other): other for other, _ in zip(known, range(MOST_COMPARED), strict=False)}
    form = _form(word[:LONGEST_SHOWN])
    by_beginning = {other[: len(form)]: by_form[other] for other in reversed(by_form)} if len(form) >= SHORTEST_BEGINNING else {}
    for forms, cutoff in ((by_beginning, 1.0), (by_form, 0.6), (by_beginning, 0.75)):
        if near := difflib.get_close_matches(form, forms, n=1, cutoff=cutoff):
            return f"did you mean {forms[near[0]]}?"
    return ""


def _form(word: str) -> str:
    """The word without what people mistype first: capitals, blanks, hyphens."""
    return re.sub(r"[\W_]+", "_", word.casefold())
