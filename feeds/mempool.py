"""The network's history from mempool.space's REST API (https://mempool.space/docs/api/rest), or from an instance of one's own.

    GET /api/v1/historical-price?currency=USD         {"prices": [{"time": s, "USD": price}, ...], ...}
    GET /api/v1/mining/difficulty-adjustments         [[time s, height, difficulty, change], ...], newest first
    GET /api/v1/mining/blocks/fees/3y                 [{"avgHeight": n, "timestamp": s, "avgFees": satoshi}, ...]

A day (UTC) has the last price of the day, the difficulty weighted by time, and the mean of the fees; a figure that the service does
not have is left empty. The day that is not over yet is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic_core import PydanticCustomError

from ..errors import InputError, Problem
from ..models.network_files import FIELDS
from ..models.refusal import shortened

NAME = "mempool"
ADDRESS = "https://mempool.space"
PRICES = "/api/v1/historical-price?currency=USD"
DIFFICULTY = "/api/v1/mining/difficulty-adjustments"
FEES = "/api/v1/mining/blocks/fees/3y"
SATOSHI_PER_BTC = 1e8
SECONDS_PER_DAY = 86_400
EARLIEST = datetime(2009, 1, 3, tzinfo=UTC).timestamp()
COLUMNS = ("btc_price_usd", "difficulty", "fees_btc_per_block")

Get = Callable[[str], Any]
"""Fetches the JSON document at an address."""


@dataclass(frozen=True)
class Day:
    """A day of the network; None where the service has no figure."""

    day: date
    btc_price_usd: float | None
    difficulty: float | None
    fees_btc_per_block: float | None


def read(get: Get, since: date, today: date, address: str = ADDRESS) -> list[Day]:
    """The days from one on to yesterday. Raises InputError where an answer has not the documented form."""
    base = address.rstrip("/")
    prices = _prices(base + PRICES, get(base + PRICES))
    steps = _difficulty(base + DIFFICULTY, get(base + DIFFICULTY))
    fees = _fees(base + FEES, get(base + FEES))
    days = [since + timedelta(days=n) for n in range((today - since).days)]
    found = [Day(day, prices.get(day), _difficulty_of(day, steps), fees.get(day)) for day in days]
    if not any(day.btc_price_usd is not None or day.difficulty is not None for day in found):
        allowed = "figures of at least one whole day"
        raise InputError([Problem(base, "", f"nothing from {since} to {today - timedelta(days=1)}", allowed)])
    _check(base, found)
    return found


# --- the three answers --------------------------------------------------------------------------------------------------


def _prices(url: str, answer: Any) -> dict[date, float]:
    """The last price of each day."""
    rows = answer.get("prices") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not rows:
        raise _strange(url, answer, '{"prices": [{"time": ..., "USD": ...}]}')
    last: dict[date, tuple[float, float]] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise _strange(url, row, '{"time": ..., "USD": ...}')
        at, price = _time(url, row.get("time"), row), _number(url, row.get("USD"), row)
        if price <= 0:  # the service marks a price that it does not know by 0 or -1
            continue
        day = datetime.fromtimestamp(at, UTC).date()
        if day not in last or at >= last[day][0]:
            last[day] = at, price
    return {day: price for day, (_, price) in last.items()}


def _difficulty(url: str, answer: Any) -> list[tuple[float, float]]:
    """(time, difficulty from then on), oldest first."""
    if not isinstance(answer, list) or not answer:
        raise _strange(url, answer, "[[time, height, difficulty, change], ...]")
    steps = []
    for row in answer:
        if not isinstance(row, list) or len(row) < 3:
            raise _strange(url, row, "[time, height, difficulty, change]")
        steps.append((_time(url, row[0], row), _number(url, row[2], row)))
    return sorted(steps)


def _fees(url: str, answer: Any) -> dict[date, float]:
    """Mean fees per block of each day, BTC."""
    if not isinstance(answer, list):
        raise _strange(url, answer, '[{"timestamp": ..., "avgFees": ...}]')
    by_day: dict[date, list[float]] = {}
    for row in answer:
        if not isinstance(row, dict):
            raise _strange(url, row, '{"timestamp": ..., "avgFees": ...}')
        at, fees = _time(url, row.get("timestamp"), row), _number(url, row.get("avgFees"), row)
        by_day.setdefault(datetime.fromtimestamp(at, UTC).date(), []).append(fees / SATOSHI_PER_BTC)
    return {day: math.fsum(found) / len(found) for day, found in by_day.items()}


def _difficulty_of(day: date, steps: list[tuple[float, float]]) -> float | None:
    """The difficulty of a day weighted by time; None where the steps do not reach so far back."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    end = start + SECONDS_PER_DAY
    if not steps or steps[0][0] > start:
        return None
    weighted = 0.0
    for number, (at, difficulty) in enumerate(steps):
        until = steps[number + 1][0] if number + 1 < len(steps) else end
        weighted += difficulty * max(min(until, end) - max(at, start), 0.0)
    return weighted / SECONDS_PER_DAY


# --- what an answer may hold ----------------------------------------------------------------------------------------------


def _time(url: str, value: Any, row: Any) -> float:
    number = _number(url, value, row)
    if not EARLIEST <= number <= datetime.now(UTC).timestamp() + SECONDS_PER_DAY:
        raise _strange(url, row, "seconds since 1970, from 2009 to now")
    return number


def _number(url: str, value: Any, row: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _strange(url, row, "numbers")
    return float(value)


def _check(base: str, days: list[Day]) -> None:
    """Figures within the bounds of the file that they are written to."""
    for day in days:
        for name in COLUMNS:
            value = getattr(day, name)
            try:
                if value is not None:
                    FIELDS[name].check(value)
            except PydanticCustomError as fault:
                context = fault.context or {}
                found = f"{day.day} {name}: {context['found']}"
                raise InputError([Problem(base, name, found, context["allowed"], "is it another service?")]) from None


def _strange(url: str, found: Any, allowed: str) -> InputError:
    hint = "the interface may have changed, or another service answers"
    return InputError([Problem(url, "", f"an answer of another form: {shortened(repr(found))}", allowed, hint)])
