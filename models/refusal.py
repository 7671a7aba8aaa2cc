"""How an input is refused: what was found, what is allowed, the likely fix.

Every check of a scenario raises the error made here, so that the reader of files (which knows the file,
the line and the field) can print all of them in one form.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticCustomError


def refusal(found: str, allowed: str, hint: str = "", field: str = "") -> PydanticCustomError:
    """A validation error in the project's one form.

    found, allowed, hint: short phrases; `field` is the name of the field inside the refused object, where the
    object as a whole was checked (dates in order, shares that add up).
    """
    context: dict[str, Any] = {"found": found, "allowed": allowed, "hint": hint, "field": field}
    return PydanticCustomError("refused", "found {found}; allowed: {allowed}", context)
