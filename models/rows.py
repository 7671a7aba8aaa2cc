"""How many rows a table or list must have, checked after the rows themselves, so that one fault is not reported twice."""

from __future__ import annotations

from typing import Any

from pydantic import AfterValidator

from .refusal import refusal


def _at_least_one(rows: Any) -> Any:
    if not rows:
        raise refusal("no entries", "at least one")
    return rows


AT_LEAST_ONE = AfterValidator(_at_least_one)


def exactly(count: int, what: str) -> AfterValidator:
    """A list of so many entries; `what` says what they are."""

    def check(rows: Any) -> Any:
        if len(rows) != count:
            raise refusal(f"{len(rows)} entries", f"{count}: {what}")
        return rows

    return AfterValidator(check)
