"""A quantity that changes from month to month: BTC price, network hashrate, hashprice, power level, charges.

[M3] A path is written in one of five forms; a flat path has to be called flat.

    {flat: 39.5}                                                 the same in every month
    {start: 90526, from: 2026-01, growth_per_year: 0.08}         compound growth, monthly steps
    {anchors: {2026-01: 981, 2028-04: 1500}, between: geometric, then_growth_per_year: 0.05}
    {months: {2026-01: 39.5, 2026-02: 33.0}, then_growth_per_year: 0.0}
    {csv: hashprice.csv, month_column: month, value_column: usd, then_growth_per_year: 0.0}

Growth compounds: value(t) = value(t0) x (1 + g)^((t - t0) / 12), t in months.
"""

from __future__ import annotations

import csv
import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from .files import open_input
from .months import Array, Calendar, Month
from .quantities import GROWTH, Input, Quantity
from .refusal import refusal

FORMS = ("flat", "start", "anchors", "months", "csv")

Stated = Annotated[float, Quantity("", -1e15, 1e15)]
"""A number of a path; the field that holds the path knows its unit and its bounds."""


class _Path(Input):
    """What the five forms share."""

    def values(self, calendar: Calendar) -> Array:
        """The value in each month of the calendar, shape (length,)."""
        raise NotImplementedError

    def gap(self, calendar: Calendar) -> str:
        """Why the path does not cover the calendar, in words; empty if it does."""
        return ""

    def stated_values(self) -> list[tuple[str, float]]:
        """(where, value) of every number the user wrote."""
        raise NotImplementedError

    def check_values(self, quantity: Quantity) -> None:
        """Raises the first bound violation of the path's own numbers, naming its month."""
        for where, value in self.stated_values():
            try:
                quantity.check(value)
            except PydanticCustomError as error:
                context = error.context or {}
                found = f"{where}: {context['found']}"
                raise refusal(found, context["allowed"], context["hint"], field=where) from None


class FlatPath(_Path):
    """The same value in every month."""

    flat: Stated

    def values(self, calendar: Calendar) -> Array:
        return np.full(calendar.length, self.flat)

    def stated_values(self) -> list[tuple[str, float]]:
        return [("flat", self.flat)]


class GrowthPath(_Path):
    """A start value that grows by a yearly rate."""

    start: Stated
    start_month: Month = Field(alias="from")
    growth_per_year: Annotated[float, GROWTH]

    def values(self, calendar: Calendar) -> Array:
        months = np.arange(calendar.length) + calendar.index(calendar.start) - calendar.index(self.start_month)
        values: Array = self.start * (1 + self.growth_per_year) ** (months / 12)
        return values

    def stated_values(self) -> list[tuple[str, float]]:
        return [("start", self.start)]


class _TablePath(_Path):
    """Values at given months; after the last one a stated growth."""

    then_growth_per_year: Annotated[float, GROWTH] | None = None

    def table(self) -> dict[Month, float]:
        raise NotImplementedError

    def gap(self, calendar: Calendar) -> str:
        months = sorted(self.table())
        if calendar.start < months[0]:
            return f"the path begins in {months[0]}, the horizon in {calendar.start}"
        if calendar.end > months[-1] and self.then_growth_per_year is None:
            return (
                f"the path ends in {months[-1]}, the horizon in {calendar.end}; "
                "say how it goes on with then_growth_per_year (0 for flat)"
            )
        return ""

    def stated_values(self) -> list[tuple[str, float]]:
        return [(str(month), value) for month, value in sorted(self.table().items())]

    def _after(self, values: Array, calendar: Calendar) -> Array:
        """Continue beyond the last stated month."""
        last = max(self.table())
        beyond = np.arange(calendar.length) - calendar.index(last)
        growth = (1 + (self.then_growth_per_year or 0.0)) ** (np.maximum(beyond, 0) / 12)
        continued: Array = np.where(beyond > 0, self.table()[last] * growth, values)
        return continued


class AnchorPath(_TablePath):
    """A few dated values, interpolated between."""

    anchors: dict[Month, Stated] = Field(min_length=1)
    between: Literal["geometric", "linear", "step"]

    def table(self) -> dict[Month, float]:
        return self.anchors

    @model_validator(mode="after")
    def _positive_if_geometric(self) -> AnchorPath:
        if self.between == "geometric" and min(self.anchors.values()) <= 0:
            raise refusal("a value of 0 or less", "positive values for geometric interpolation", "between: linear")
        return self

    def values(self, calendar: Calendar) -> Array:
        months = sorted(self.anchors)
        at = np.array([calendar.index(month) for month in months], dtype=float)
        stated = np.array([self.anchors[month] for month in months])
        wanted = np.arange(calendar.length, dtype=float)
        if self.between == "geometric":
            values = np.exp(np.interp(wanted, at, np.log(stated)))
        elif self.between == "linear":
            values = np.interp(wanted, at, stated)
        else:
            values = stated[np.clip(np.searchsorted(at, wanted, side="right") - 1, 0, None)]
        return self._after(values, calendar)


class MonthsPath(_TablePath):
    """A value for each month, without gaps."""

    months: dict[Month, Stated] = Field(min_length=1)

    def table(self) -> dict[Month, float]:
        return self.months

    @model_validator(mode="after")
    def _without_gaps(self) -> MonthsPath:
        _refuse_gaps(self.months)
        return self

    def values(self, calendar: Calendar) -> Array:
        first = calendar.index(min(self.months))
        stated = np.array([self.months[month] for month in sorted(self.months)])
        values = stated[np.clip(np.arange(calendar.length) - first, 0, len(stated) - 1)]
        return self._after(values, calendar)


class CsvPath(_TablePath):
    """A value for each month from two columns of a CSV file beside the scenario (read when the scenario is read)."""

    csv: str
    month_column: str
    value_column: str
    read: dict[Month, float] = Field(default={}, exclude=True, repr=False)

    def table(self) -> dict[Month, float]:
        return self.read

    @model_validator(mode="before")
    @classmethod
    def _read_is_ours(cls, data: Any) -> Any:
        if isinstance(data, dict) and "read" in data:
            raise refusal('the field "read"', "csv, month_column, value_column, then_growth_per_year")
        return data

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> CsvPath:
        table = _monthly_csv(self.csv, self.month_column, self.value_column, info)
        _refuse_gaps(table)
        object.__setattr__(self, "read", table)
        return self

    def values(self, calendar: Calendar) -> Array:
        first = calendar.index(min(self.read))
        stated = np.array([self.read[month] for month in sorted(self.read)])
        values = stated[np.clip(np.arange(calendar.length) - first, 0, len(stated) - 1)]
        return self._after(values, calendar)


def _refuse_gaps(table: dict[Month, float]) -> None:
    months = sorted(table)
    missing = [str(month) for month in (months[0] + i for i in range(months[-1] - months[0])) if month not in table]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise refusal(
            f"no value for {', '.join(missing[:5])}{more}",
            "a value for every month from the first to the last",
            "anchors: interpolates between months",
        )


def _monthly_csv(name: str, month_column: str, value_column: str, info: ValidationInfo) -> dict[Month, float]:
    """The two columns of a CSV file as a table; every fault is refused with file, line and column."""
    table: dict[Month, float] = {}
    with open_input(name, info) as stream:
        rows = csv.reader(stream, strict=True)
        header = [cell.strip() for cell in next(rows, [])]
        for column in (month_column, value_column):
            if header.count(column) != 1:
                raise refusal(
                    f"{name}: {header.count(column)} columns named {column}",
                    "exactly one",
                    f"the columns are: {', '.join(header)}",
                )
        at_month, at_value = header.index(month_column), header.index(value_column)
        for line, row in enumerate(rows, start=2):
            if len(row) != len(header):
                raise refusal(
                    f"{name} line {line}: {len(row)} fields",
                    f"{len(header)} fields as in the header",
                    "a decimal comma splits a number in two; the decimal sign is a point",
                )
            month = Month._check(row[at_month].strip())
            if month in table:
                raise refusal(f"{name} line {line}: {month} a second time", "each month once")
            table[month] = _csv_number(row[at_value].strip(), name, line, value_column)
    if not table:
        raise refusal(f"{name}: no rows", "a header and at least one month")
    return table


def _csv_number(text: str, name: str, line: int, column: str) -> float:
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise refusal(f'{name} line {line}, {column}: "{text}"', "a finite number with a decimal point")
    return number


def _form(value: Any) -> str | None:
    if isinstance(value, _Path):
        return next(form for form in FORMS if form in type(value).model_fields)
    if isinstance(value, dict):
        return next((form for form in FORMS if form in value), None)
    return None


def _known_form(value: Any) -> Any:
    if _form(value) is None:
        found = "a table with no known form of a path" if isinstance(value, dict) else f"{value!r}"[:60]
        raise refusal(
            found,
            "{flat: ...}, {start: ..., from: ..., growth_per_year: ...}, {anchors: ...}, {months: ...} or {csv: ...}",
            f"a constant is written {{flat: {value}}}: nothing is taken to be flat in silence"
            if isinstance(value, int | float)
            else "",
        )
    return value


# A named type: its schema is built once, however many fields use it.
MonthlyPath = TypeAliasType(
    "MonthlyPath",
    Annotated[
        Annotated[FlatPath, Tag("flat")]
        | Annotated[GrowthPath, Tag("start")]
        | Annotated[AnchorPath, Tag("anchors")]
        | Annotated[MonthsPath, Tag("months")]
        | Annotated[CsvPath, Tag("csv")],
        Discriminator(_form),
        BeforeValidator(_known_form),
    ],
)
