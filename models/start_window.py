"""The months in which something that is decided may begin."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator

from . import quantities as q
from .months import Month
from .quantities import Input
from .refusal import refusal


class StartWindow(Input):
    """First and last month in which rent may start."""

    earliest: Month
    latest: Month
    every_months: Annotated[int, q.START_STEP] = 1
    """Only every so many months from the earliest on."""

    @model_validator(mode="after")
    def _in_order(self) -> StartWindow:
        if self.latest < self.earliest:
            raise refusal(f"latest {self.latest} before earliest {self.earliest}", "latest on or after earliest", field="latest")
        return self
