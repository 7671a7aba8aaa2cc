"""Where each figure of a scenario comes from: a source, or the word assumption and the reason."""

from __future__ import annotations

import difflib
from typing import Annotated

from pydantic import Field, model_validator

from .quantities import Input
from .refusal import refusal

EVERY_OTHER_FIELD = "*"
ASSUMPTION = "assumption"

SourceText = Annotated[str, Field(min_length=3, max_length=500)]


class Sourced(Input):
    """An input whose fields carry sources.

    `sources` maps a field's name as it is written in the file (or "*" for every other one) to its source. A text that begins with
    "assumption" is an assumption and should give its reason.
    """

    sources: dict[str, SourceText] = {}

    @model_validator(mode="after")
    def _sources_name_fields(self) -> Sourced:
        known = [field.alias or name for name, field in type(self).model_fields.items()]
        for field in self.sources:
            if field != EVERY_OTHER_FIELD and field not in known and field not in type(self).model_fields:
                near = difflib.get_close_matches(field, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(known)}"
                raise refusal(f'a source for "{field}"', "names of this table's fields, or *", hint, field="sources")
        return self

    def source_of(self, field: str) -> str:
        """The stated source of a field (by its name here; `from` is stated for `first_month`); empty if there is none."""
        written = type(self).model_fields[field].alias or field
        own = self.sources.get(written, self.sources.get(field, ""))
        return own or self.sources.get(EVERY_OTHER_FIELD, "")


def is_assumption(source: str) -> bool:
    return source.strip().lower().startswith(ASSUMPTION)
