"""CPU and wall time of one action, and their medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Times(NamedTuple):
    """Milliseconds of this process."""

    cpu_ms: float
    wall_ms: float


def timed(action: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs) -> tuple[Result, Times]:
    """What the action returns and what it took, the garbage collector running as it does for any user."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = action(*arguments, **named)
    return result, Times((time.process_time() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3)


def repeated(action: Callable[[], Result], seconds: float, fewest: int) -> list[Result]:
    """As many results as fit into the time, but not fewer than so many."""
    results: list[Result] = []
    end = time.perf_counter() + seconds
    while len(results) < fewest or time.perf_counter() < end:
        results.append(action())
    return results


def total(times: Iterable[Times]) -> Times:
    return Times(*map(sum, zip(*times, strict=True)))


def median(times: Iterable[Times]) -> Times:
    return Times(*map(statistics.median, zip(*times, strict=True)))
