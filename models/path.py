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

import hashlib
import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from .files import FaultyRows, csv_rows, finite_number
from .months import Array, Calendar, Month
from .quantities import GROWTH, Input, Quantity
from .refusal import Fault, Place, listed, nearest, refusal, refusals, shown
from .rows import AT_LEAST_ONE

FORMS = ("flat", "start", "anchors", "months", "csv")
MOST_FAULTS = 5
"""Values out of bounds named one by one; the rest is counted."""

Stated = Annotated[float, Quantity("in the unit of the field's name", -math.inf, math.inf)]
"""A number of a path; the field that holds the path knows its unit and its bounds."""


class _Path(Input):
    """What the five forms share."""

    def values(self, calendar: Calendar) -> Array:
        """The value in each month of the calendar, shape (length,)."""
        raise NotImplementedError

    def gap(self, calendar: Calendar) -> str:
        """Why the path does not cover the calendar, in words; empty if it does."""
        return ""

    def stated_values(self) -> list[tuple[Place, float]]:
        """(place in the path, value) of every number the user wrote."""
        raise NotImplementedError

    def check_values(self, quantity: Quantity) -> None:
        """Refuses the path's own numbers that are out of bounds, each at its place."""
        faults = []
        for place, value in self.stated_values():
            try:
                quantity.check(value)
            except PydanticCustomError as error:
                context = error.context or {}
                month = f"{place[-1]}: " if len(place) > 1 else ""
                faults.append(Fault(place, month + context["found"], context["allowed"], context["hint"]))
        if len(faults) > MOST_FAULTS:
            found = f"{len(faults) - MOST_FAULTS} more values out of bounds"
            faults[MOST_FAULTS:] = [Fault(faults[MOST_FAULTS].place, found, quantity.allowed)]
        if faults:
            raise refusals(faults)


class FlatPath(_Path):
    """The same value in every month."""

    flat: Stated

    def values(self, calendar: Calendar) -> Array:
        return np.full(calendar.length, self.flat)

    def stated_values(self) -> list[tuple[Place, float]]:
        return [(("flat",), self.flat)]


class GrowthPath(_Path):
    """A start value that grows by a yearly rate."""

    start: Stated
    start_month: Month = Field(alias="from")
    growth_per_year: Annotated[float, GROWTH]

    def values(self, calendar: Calendar) -> Array:
        months = np.arange(calendar.length) + calendar.index(calendar.start) - calendar.index(self.start_month)
        values: Array = self.start * (1 + self.growth_per_year) ** (months / 12)
        return values

    def stated_values(self) -> list[tuple[Place, float]]:
        return [(("start",), self.start)]


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

    def _after(self, values: Array, calendar: Calendar) -> Array:
        """Continue beyond the last stated month."""
        last = max(self.table())
        beyond = np.arange(calendar.length) - calendar.index(last)
        growth = (1 + (self.then_growth_per_year or 0.0)) ** (np.maximum(beyond, 0) / 12)
        continued: Array = np.where(beyond > 0, self.table()[last] * growth, values)
        return continued


class AnchorPath(_TablePath):
    """A few dated values, interpolated between."""

    anchors: Annotated[dict[Month, Stated], AT_LEAST_ONE]
    between: Literal["geometric", "linear", "step"]

    def table(self) -> dict[Month, float]:
        return self.anchors

    def stated_values(self) -> list[tuple[Place, float]]:
        return [(("anchors", str(month)), value) for month, value in sorted(self.anchors.items())]

    @model_validator(mode="after")
    def _positive_if_geometric(self) -> AnchorPath:
        if self.between == "geometric" and min(self.anchors.values()) <= 0:
            found, allowed = f"the value {min(self.anchors.values()):g}", "positive values for geometric interpolation"
            raise refusal(found, allowed, "between: linear", field="anchors")
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

    months: Annotated[dict[Month, Stated], AT_LEAST_ONE]

    def table(self) -> dict[Month, float]:
        return self.months

    def stated_values(self) -> list[tuple[Place, float]]:
        return [(("months", str(month)), value) for month, value in sorted(self.months.items())]

    @model_validator(mode="after")
    def _without_gaps(self) -> MonthsPath:
        _refuse_gaps(self.months, "months")
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
    _read: dict[Month, float] = PrivateAttr(default={})

    def table(self) -> dict[Month, float]:
        return self._read

    @property
    def columns(self) -> tuple[str, str, str]:
        """Which columns of which file are read."""
        return self.csv, self.month_column, self.value_column

    @property
    def sha256(self) -> str:
        """Of the values that were read, in the order of the months."""
        return hashlib.sha256(repr(sorted(self._read.items())).encode()).hexdigest()

    def stated_values(self) -> list[tuple[Place, float]]:
        return [(("csv", str(month)), value) for month, value in sorted(self._read.items())]

    @model_validator(mode="after")
    def _read_file(self, info: ValidationInfo) -> CsvPath:
        if self._read:  # a table above it was validated again
            return self
        known = (info.context or {}).get("known")
        if isinstance(known, CsvPath) and known.columns == self.columns:
            self._read = known.table()
        else:
            self._read = _monthly_csv(self, info)
        _refuse_gaps(self._read, "csv")
        return self

    def values(self, calendar: Calendar) -> Array:
        first = calendar.index(min(self._read))
        stated = np.array([self._read[month] for month in sorted(self._read)])
        values = stated[np.clip(np.arange(calendar.length) - first, 0, len(stated) - 1)]
        return self._after(values, calendar)


def _refuse_gaps(table: dict[Month, float], field: str) -> None:
    months = sorted(table)
    missing = [str(month) for month in (months[0] + i for i in range(months[-1] - months[0])) if month not in table]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise refusal(
            f"no value for {', '.join(missing[:5])}{more}",
            "a value for every month from the first to the last",
            "anchors: interpolates between months",
            field=field,
        )


def _monthly_csv(path: CsvPath, info: ValidationInfo) -> dict[Month, float]:
    """The two columns of a CSV file as a table; all faulty rows are refused together."""
    columns = {"month_column": path.month_column, "value_column": path.value_column}
    faults = FaultyRows(path.csv, "csv")
    table: dict[Month, float] = {}
    for line, (month_text, value_text) in csv_rows(path.csv, "csv", columns, info, faults):
        try:
            month = Month._check(month_text)
            if month in table:
                raise refusal(f"{month} a second time", "each month once")
            table[month] = finite_number(value_text, path.value_column)
        except PydanticCustomError as fault:
            faults.add(f"line {line}", fault)
    faults.refuse()
    if not table:
        raise refusal(f"{path.csv}: no rows", "a header and at least one month", field="csv")
    return table


def _form(value: Any) -> str | None:
    if isinstance(value, _Path):
        return next(form for form in FORMS if form in type(value).model_fields)
    if isinstance(value, dict):
        return next((form for form in FORMS if form in value), None)
    return None


def _known_form(value: Any) -> Any:
    if _form(value) is not None:
        return value
    hint = ""
    if isinstance(value, dict):
        hint = next(filter(None, (nearest(str(key), FORMS) for key in value)), "")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        hint = f"the same in every month is written {{flat: {shown(value)}}}"
    raise refusal(
        f"a table with {listed(map(str, value))}" if isinstance(value, dict) and value else shown(value),
        "{flat: ...}, {start: ..., from: ..., growth_per_year: ...}, {anchors: ...}, {months: ...} or {csv: ...}",
        hint,
    )


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
