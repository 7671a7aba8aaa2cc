"""One measurement in a process of its own: `python worker.py JOB ARGUMENTS`, arguments and result as JSON.

compare.py starts it, so that no library's imports, garbage or threads weigh on another's times.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import floor
from cases import MONTHS, hourly_scenario, scenario
from contenders import CONTENDERS, Contender, Floor, Hashlease
from hashlease.models.scenario import Scenario
from hashlease.models.values import Multipliers, Values
from hourly import hourly_arrays
from tables import Tables
from timing import Times, median, repeated, timed, total

Json = dict[str, Any]
Case = Sequence[int]
"""(number of sites, possible starts of each offer)."""
Kinds = dict[str, type[Contender]]
Round = dict[str, tuple[float, Times]]
"""The optimum, USD million, and the time it took, by contender."""

STEPS = ("build", "compile", "hand_over", "solve", "read")
TO_OPTIMUM = STEPS[:4]


def contend(contenders: list[str], cases: list[Case], seconds: float, fewest: int, orders: dict[str, list[float]]) -> Json:
    """From tables to allocation for each case, and re-solves of the last case; several contenders take turns.

    The cases ascend in size, so that the peak of memory so far is that of the last one. orders: hashprice multipliers by
    name; "rebuilt" is the one order for contenders that keep nothing in HiGHS.
    """
    kinds = {contender: CONTENDERS[contender] for contender in contenders}
    for kind in kinds.values():
        _one_run(kind, *_tables(*cases[0]))  # what a library imports on first use is not its time per program
    cold = [_cold(kinds, case, seconds, fewest) for case in cases]
    again = {order: _again(order, kinds, cases[-1], hashprices) for order, hashprices in orders.items()}
    return {
        contender: {
            "title": kind.title,
            "cold": [case[contender] for case in cold],
            "again": {order: found[contender] for order, found in again.items() if contender in found},
        }
        for contender, kind in kinds.items()
    }


@cache
def _tables(sites: int, starts: int, hashprice: float = 1.0) -> tuple[Values, Tables]:
    values = Values(scenario(sites, starts, MONTHS, hashprice))
    return values, Tables.of(values)


def _cold(kinds: Kinds, case: Case, seconds: float, fewest: int) -> Json:
    values, tables = _tables(*case)
    rounds = repeated(lambda: {name: _one_run(kind, values, tables) for name, kind in kinds.items()}, seconds, fewest)
    return {name: _summary([found[name] for found in rounds]) for name in kinds}


def _summary(runs: list[Json]) -> Json:
    return {
        **runs[-1],
        "times": {step: median(run["times"][step] for run in runs) for step in STEPS},
        "total": median(total(run["times"].values()) for run in runs),
        "runs": len(runs),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # Linux counts in kB
    }


def _one_run(kind: type[Contender], values: Values, tables: Tables) -> Json:
    contender = kind(values, tables)
    done = {step: timed(getattr(contender, step)) for step in STEPS}
    return {
        "times": {step: times for step, (_, times) in done.items()},
        "optimum_musd": done["solve"][0],
        "read_musd": tables.npv_musd(*done["read"][0]),
        "size": contender.size(),
    }


def _optimum(contender: Contender) -> float:
    for step in TO_OPTIMUM[:-1]:
        getattr(contender, step)()
    return contender.solve()


def _again(order: str, kinds: Kinds, case: Case, hashprices: list[float]) -> Json:
    """Times and optima of one program at several hashprices."""
    if order == "rebuilt":
        rounds = [_rebuilt(kinds, *_tables(*case, hashprice)) for hashprice in hashprices]
    else:
        rounds = _resolved({name: kind for name, kind in kinds.items() if kind.persistent}, case, hashprices)
    return {
        name: {"times": median(found[name][1] for found in rounds), "optima": [found[name][0] for found in rounds]}
        for name in rounds[0]
    }


def _rebuilt(kinds: Kinds, values: Values, tables: Tables) -> Round:
    """From nothing each time."""
    return {name: timed(_optimum, kind(values, tables)) for name, kind in kinds.items()}


def _resolved(kinds: Kinds, case: Case, hashprices: list[float]) -> list[Round]:
    """New prices into the program that HiGHS still holds, and the optimum from its last basis."""
    values, today = _tables(*case)
    programs = {name: kind(values, today) for name, kind in kinds.items()}
    for program in programs.values():
        _optimum(program)

    repriced = [today.at(values, hashprice) for hashprice in hashprices]
    return [{name: timed(_resolve, program, tables) for name, program in programs.items()} for tables in repriced]


def _resolve(program: Contender, tables: Tables) -> float:
    program.reprice(tables)
    return program.solve()


def value_tables(cases: list[Case], seconds: float, fewest: int) -> list[Json]:
    """From plain data to the value tables, and mining values at another hashprice."""
    results = []
    for sites, starts in cases:
        runs = repeated(partial(_evaluated, sites, starts), seconds, fewest)
        results.append({step: median(run[step] for run in runs) for step in runs[0]})
    return results


def _evaluated(sites: int, starts: int) -> dict[str, Times]:
    found, validate = timed(scenario, sites, starts)
    values, start = timed(Values, found)
    _, prices = timed(lambda: [table.month_usd_per_mw for table in found.price_tables.values()])
    _, leases = timed(lambda: values.offers)
    _, mining = timed(values.mining_musd)
    _, again = timed(values.mining_musd, Multipliers(hashprice=1.1))
    parts = {"price tables": prices, "leases": leases, "mining": total([start, mining])}
    return {"validation": validate, **parts, "all tables": total(parts.values()), "mining again": again}


def hourly(months: int, seconds: float, fewest: int) -> dict[str, Json]:
    """One site with hourly prices: the full hourly program against the aggregated one, from scenario to optimum."""
    with tempfile.TemporaryDirectory() as folder:
        case = hourly_scenario(Path(folder), months)
    ways: dict[str, Callable[[Scenario], tuple[float, list[int]]]] = {
        "full hourly, arrays into highspy": _full_hourly,
        "aggregated, arrays into highspy": partial(_aggregated, Floor),
        "aggregated, hashlease": partial(_aggregated, Hashlease),
    }
    results = {}
    for way, solve in ways.items():
        runs = repeated(partial(timed, solve, case), seconds, fewest)
        optimum, size = runs[-1][0]
        results[way] = {"times": median(times for _, times in runs), "optimum_musd": optimum, "size": size}
    return results


def _full_hourly(case: Scenario) -> tuple[float, list[int]]:
    values = Values(case)
    highs = floor.handed_over(hourly_arrays(values, Tables.of(values)), presolve="choose")
    return floor.optimum(highs), floor.size(highs)


def _aggregated(kind: type[Contender], case: Scenario) -> tuple[float, list[int]]:
    values = Values(case)
    contender = kind(values, Tables.of(values))
    return _optimum(contender), contender.size()


JOBS: dict[str, Callable[..., Any]] = {job.__name__: job for job in (contend, value_tables, hourly)}


def main() -> None:
    # What libraries tell about themselves is no result, and printing it would count as their time.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    job, arguments = sys.argv[1:]
    try:
        result = JOBS[job](**json.loads(arguments))
    except ModuleNotFoundError as error:
        result = {"missing": error.name}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
