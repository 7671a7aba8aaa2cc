"""hashlease beside the floor and its peers, in one run: `python benchmarks/compare.py [--quick]`.

Prints plain tables with ratios to the floor, and checks that every contender finds the same optimum (exit code 1 if not).
Peers run in processes of their own; a library that is not installed is said so and skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Rows = list[list[str]]

LIBRARIES = ("hashlease", "highspy", "numpy", "pyomo", "linopy", "PyPSA", "pandas", "xarray", "scipy")
AGREEMENT = 1e-9
"""Largest difference of two optima, relative."""
STEPS = {"build": "build", "compile": "compile", "hand_over": "hand-off", "solve": "solve", "read": "read-back"}


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    cases: (sites, possible starts of each offer), ascending in size; the last one is solved again.
    seconds, fewest: runs go on for so long, but are not fewer than that. orders: hashprice multipliers of the re-solves.
    processes: contenders by process. The first two need the same libraries and take turns, since their ratio is near one.
    """

    cases: list[tuple[int, int]]
    seconds: float
    fewest: int
    orders: dict[str, list[float]]
    processes: list[list[str]]


NEIGHBOURS = [2 ** (number / 20 - 1) for number in range(41)]
"""Hashprice multipliers from 0.5 to 2, one after the other."""
SHUFFLED = random.Random(2026).sample(NEIGHBOURS, len(NEIGHBOURS))
HOURLY_MONTHS = 24

FULL = Extent(
    cases=[(1, 6), (5, 6), (20, 1), (20, 6)],
    seconds=2.0,
    fewest=3,
    orders={"neighbours": NEIGHBOURS, "random": SHUFFLED, "rebuilt": NEIGHBOURS[::20]},
    processes=[["floor", "hashlease"], ["appsi"], ["contribsolver"], ["linopy"], ["pypsa"]],
)
QUICK = Extent(
    cases=[(1, 6), (5, 6)],
    seconds=0.3,
    fewest=1,
    orders={"neighbours": NEIGHBOURS[:11], "random": SHUFFLED[:11]},
    processes=[["floor", "hashlease"], ["appsi"], ["contribsolver"], ["linopy"]],
)


@dataclass
class Agreement:
    """The optima that were compared."""

    largest: float = 0.0
    differing: list[str] = field(default_factory=list)

    def of(self, what: str, optima: Iterable[float], reference: Iterable[float]) -> float:
        """Largest relative difference."""
        found = max(abs(one - other) / abs(other) for one, other in zip(optima, reference, strict=True))
        self.largest = max(self.largest, found)
        if not found <= AGREEMENT:
            self.differing.append(f"{what}: {found:.1e}")
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="up to 5 sites, few runs, no PyPSA; half a minute")
    extent = QUICK if parser.parse_args().quick else FULL
    agreement = Agreement()
    print(machine())
    print("Times are CPU milliseconds, medians; wall is wall time. Every optimum is checked against the floor's.")
    length = {"seconds": extent.seconds, "fewest": extent.fewest}
    show_value_tables(extent, run("value_tables", cases=extent.cases, **length))
    results: Json = {}
    for contenders in extent.processes:
        found = run("contend", contenders=contenders, cases=extent.cases, orders=extent.orders, **length)
        if "missing" in found:
            print(f"\n{', '.join(contenders)}: skipped, {found['missing']} is not installed")
        else:
            results |= found
    for number, case in enumerate(extent.cases):
        show_cold(case, {name: found | found["cold"][number] for name, found in results.items()}, agreement)
    show_again(extent, results, agreement)
    show_hourly(run("hourly", months=HOURLY_MONTHS, **length), agreement)
    if agreement.differing:
        sys.exit("OPTIMA DIFFER: " + "; ".join(agreement.differing))
    print(f"All optima agree; largest relative difference {agreement.largest:.0e} (allowed {AGREEMENT:.0e}).")


def run(job: str, **arguments: Any) -> Any:
    """The result of a job in a process of its own."""
    print(f"measuring {', '.join(arguments.get('contenders', [job]))} ...", file=sys.stderr, flush=True)
    worker = Path(__file__).with_name("worker.py")
    done = subprocess.run([sys.executable, worker, job, json.dumps(arguments)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def machine() -> str:
    versions = [f"{name} {_version(name)}" for name in LIBRARIES]
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return ", ".join([system, *versions])


def _version(name: str) -> str:
    if name == "hashlease":
        from hashlease import __version__

        return __version__
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


# --- tables ----------------------------------------------------------------------------------------------------------


def show_value_tables(extent: Extent, results: list[Json]) -> None:
    steps = list(results[0])
    rows = [[_case(case), *(_ms(result[step][0]) for step in steps)] for case, result in zip(extent.cases, results, strict=True)]
    show("Value tables (the input of every contender)", ["", *steps], rows)


def show_cold(case: tuple[int, int], results: dict[str, Json], agreement: Agreement) -> None:
    reference = results["floor"]
    rows = []
    for name, found in results.items():
        cpu_ms, wall_ms = found["total"]
        optima = [found["optimum_musd"], found["read_musd"]]
        difference = agreement.of(f"{name}, {_case(case)}", optima, [reference["optimum_musd"]] * 2)
        steps = [_ms(found["times"][step][0]) for step in STEPS]
        ratio = _ratio(cpu_ms, reference["total"][0])
        size = "{:,} x {:,}, {:,}".format(*found["size"])
        figures = [_ms(cpu_ms), ratio, _ms(wall_ms), f"{found['peak_mb']:,.0f}", str(found["runs"]), size, f"{difference:.0e}"]
        rows.append([found["title"], *steps, *figures])
    heads = ["", *STEPS.values(), "total", "/ floor", "wall", "peak MB", "runs", "rows x columns, nonzeros", "difference"]
    show(f"From value tables to the allocation: {_case(case)} x 180 months", heads, rows)
    outside = sum(results["hashlease"]["times"][step][0] for step in ("hand_over", "solve", "read"))
    print(f"hashlease outside Pyomo (hand-off, solve, read-back) / floor: {outside / reference['total'][0]:.2f}")


def show_again(extent: Extent, results: dict[str, Json], agreement: Agreement) -> None:
    reference = results["floor"]["again"]
    rows = []
    for name, result in results.items():
        row = [result["title"]]
        for order, floor in reference.items():
            found = result["again"].get(order)
            if found is not None:
                agreement.of(f"{name}, {order}", found["optima"], floor["optima"])
            row += ["-", "-"] if found is None else [_ms(found["times"][0]), _ratio(found["times"][0], floor["times"][0])]
        rows.append(row)
    heads = ["", *(head for order in reference for head in (order, "/ floor"))]
    title = f"Re-solves at other hashprices (x 0.5 to 2): {_case(extent.cases[-1])} x 180 months, ms a solve"
    show(title, heads, rows)


def show_hourly(results: dict[str, Json], agreement: Agreement) -> None:
    full, *_ = results.values()
    rows = []
    for way, found in results.items():
        difference = agreement.of(way, [found["optimum_musd"]], [full["optimum_musd"]])
        size = "{:,} x {:,}, {:,}".format(*found["size"])
        cpu_ms, wall_ms = found["times"]
        rows.append([way, _ms(cpu_ms), _ms(wall_ms), _ratio(full["times"][0], cpu_ms), size, f"{difference:.0e}"])
    title = f"Exact aggregation against every hour: 1 site x {HOURLY_MONTHS} months of hourly prices, scenario to optimum"
    show(title, ["", "total", "wall", "times faster", "rows x columns, nonzeros", "difference"], rows)


def show(title: str, heads: list[str], rows: Rows) -> None:
    """A plain table: names to the left, figures to the right."""
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
    print(f"\n{title}")
    for row in [heads, *rows]:
        print(
            "  ".join(
                cell.ljust(width) if at == 0 else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )


def _case(case: tuple[int, int]) -> str:
    sites, starts = case
    return f"{sites} site{'s' * (sites > 1)}, {starts} start{'s' * (starts > 1)}"


def _ms(milliseconds: float) -> str:
    if milliseconds < 0.01:
        return "-"
    return f"{milliseconds:,.0f}" if milliseconds >= 100 else f"{milliseconds:.2g}" if milliseconds < 1 else f"{milliseconds:.1f}"


def _ratio(this: float, other: float) -> str:
    ratio = this / other
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


if __name__ == "__main__":
    main()
