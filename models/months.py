"""Calendar months and dates: the time axis of every plan.

A `Month` is a whole number (months since year 0), so that month arithmetic is integer arithmetic: a month is
counted from the first one, never stepped from month end to month end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from .refusal import refusal, shown

FIRST_YEAR, LAST_YEAR = 2009, 2100
"""Allowed years: Bitcoin's first block was mined in January 2009; nothing here looks beyond 2100."""

DAYS_PER_YEAR = 365.25
"""Days in the exponent of a discount factor (FORMULATION 2)."""

Array = np.ndarray[Any, np.dtype[np.float64]]
WholeArray = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]


class Month(int):
    """A calendar month; `Month.of("2027-03")`, `month + 1`, `str(month) == "2027-03"`."""

    @classmethod
    def of(cls, text: str) -> Month:
        """The month written as ISO 8601 `YYYY-MM`. Raises ValueError."""
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII):
            raise ValueError(f"not a month: {text!r}")
        return cls(int(text[:4]) * 12 + int(text[5:]) - 1)

    @classmethod
    def containing(cls, day: date) -> Month:
        return cls(day.year * 12 + day.month - 1)

    @property
    def year(self) -> int:
        return int(self) // 12

    @property
    def month_of_year(self) -> int:
        """1 for January to 12 for December."""
        return int(self) % 12 + 1

    @property
    def first_day(self) -> date:
        return date(self.year, self.month_of_year, 1)

    @property
    def days(self) -> int:
        return ((self + 1).first_day - self.first_day).days

    def __add__(self, months: int) -> Month:
        return Month(int(self) + int(months))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month_of_year:02d}"

    __repr__ = __str__

    @classmethod
    def _check(cls, value: Any) -> Month:
        if isinstance(value, Month):
            return value
        allowed = f"a month as YYYY-MM, {FIRST_YEAR}-01 to {LAST_YEAR}-12"
        if not isinstance(value, str):
            raise refusal(shown(value), allowed, 'write it as text, e.g. "2027-03"')
        try:
            month = cls.of(value)
        except ValueError:
            raise refusal(f'"{value}"', allowed, _month_hint(value)) from None
        if not FIRST_YEAR <= month.year <= LAST_YEAR:
            raise refusal(f'"{value}"', allowed)
        return month

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._check, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])$", "examples": ["2027-03"]}


class _YearCheck:
    """Validates a calendar year: a whole number, or its four digits as the key of a table."""

    def check(self, value: Any) -> int:
        digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if not re.fullmatch(r"\d{4}", digits, re.ASCII) or not FIRST_YEAR <= int(digits) <= LAST_YEAR:
            raise refusal(shown(value), f"a calendar year, {FIRST_YEAR} to {LAST_YEAR}", "fiscal years are not known here")
        return int(digits)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check, serialization=core_schema.simple_ser_schema("int"))

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "integer", "minimum": FIRST_YEAR, "maximum": LAST_YEAR}


Year = Annotated[int, _YearCheck()]
"""A calendar year."""


def _month_hint(text: str) -> str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return f"a month has no day: {text[:7]}"
    if re.fullmatch(r"\d{1,2}/\d{4}", text):
        month, year = text.split("/")
        return f"ISO 8601 puts the year first: {year}-{int(month):02d}"
    if re.fullmatch(r"\d{4}-\d", text):
        return f"two digits for the month: {text[:5]}0{text[5:]}"
    return "e.g. 2027-03"


class _DayCheck:
    """Validates a calendar day given as ISO 8601 text `YYYY-MM-DD`."""

    def check(self, value: Any) -> date:
        allowed = f"a day as YYYY-MM-DD, {FIRST_YEAR}-01-01 to {LAST_YEAR}-12-31"
        if isinstance(value, date) and type(value) is date:
            return value
        if not isinstance(value, str):
            raise refusal(shown(value), allowed, 'write it as text, e.g. "2027-03-01"')
        try:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T00:00(:00)?)?", value, re.ASCII):
                raise ValueError
            day = date.fromisoformat(value[:10])
        except ValueError:
            raise refusal(f'"{value}"', allowed, _day_hint(value)) from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise refusal(f'"{value}"', allowed)
        return day

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check, serialization=core_schema.to_string_ser_schema())

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "date", "examples": ["2027-03-01"]}


Day = Annotated[date, _DayCheck()]
"""A calendar day, ISO 8601 `YYYY-MM-DD`."""


def day_of(text: str) -> date:
    """The day that a text names, checked as a field of type `Day` is."""
    return _DayCheck().check(text)


def _day_hint(text: str) -> str:
    iso = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    if iso and iso[2] == "02" and iso[3] == "29":
        return f"{iso[1]} is not a leap year"
    if re.search(r"\d+/\d+/\d+", text):
        return "day and month cannot be told apart in this form; ISO 8601 is YYYY-MM-DD"
    if "T" in text:
        return "a day has no time of day"
    return "e.g. 2027-03-01"


@dataclass(frozen=True)
class Calendar:
    """The horizon: `length` calendar months from `start` on, and its discounting dates.

    Arrays have one entry a month, shape (length,).
    """

    start: Month
    length: int

    @property
    def end(self) -> Month:
        """The last month of the horizon."""
        return self.start + (self.length - 1)

    @cached_property
    def months(self) -> list[Month]:
        return [self.start + i for i in range(self.length)]

    def index(self, month: Month) -> int:
        """Position of a month in the arrays; may lie outside 0..length-1."""
        return int(month) - int(self.start)

    @cached_property
    def days(self) -> Array:
        first_days = [(self.start + i).first_day.toordinal() for i in range(self.length + 1)]
        return np.diff(np.array(first_days, dtype=float))

    @cached_property
    def years(self) -> list[int]:
        """The calendar years the horizon touches, in order."""
        return list(range(self.start.year, self.end.year + 1))

    @cached_property
    def year_of_month(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The calendar year of each month, shape (length,)."""
        first = self.start.month_of_year - 1
        return self.start.year + (first + np.arange(self.length)) // 12

    def mean_by_year(self, monthly: Array) -> dict[int, float]:
        """Mean of a monthly quantity over the months of each calendar year, weighted by days."""
        year = self.year_of_month - self.start.year
        means = np.bincount(year, weights=monthly * self.days) / np.bincount(year, weights=self.days)
        return dict(zip(self.years, means.tolist(), strict=True))

    def total_by_year(self, monthly: Array) -> dict[int, float]:
        """Sum of a monthly quantity over each calendar year."""
        totals = np.bincount(self.year_of_month - self.start.year, weights=monthly)
        return dict(zip(self.years, totals.tolist(), strict=True))

    def start_of_month_years(self, valuation_date: date) -> Array:
        """Years of 365.25 days from the valuation date to the first day of each month."""
        first = (self.start.first_day - valuation_date).days
        elapsed = np.concatenate([[0.0], np.cumsum(self.days)[:-1]])
        years: Array = (first + elapsed) / DAYS_PER_YEAR
        return years

    def mid_month_years(self, valuation_date: date) -> Array:
        """Years of 365.25 days from the valuation date to the middle of each month."""
        years: Array = self.start_of_month_years(valuation_date) + self.days / 2 / DAYS_PER_YEAR
        return years

    def end_years(self, valuation_date: date) -> float:
        """Years of 365.25 days from the valuation date to the end of the horizon."""
        return ((self.end + 1).first_day - valuation_date).days / DAYS_PER_YEAR
