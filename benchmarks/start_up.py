"""What a command takes as a whole process, and how much of that is imports: `python benchmarks/start_up.py [--rounds 7]`.

The commands take turns, round after round, so that a slow moment of the machine falls on all of them alike.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from compare import machine, show

CONSOLE_SCRIPT = "from hashlease.cli import main; main()"
"""What the installed command `hashlease` runs."""
IMPORTS_OF_A_RUN = (
    "import os; os.environ['PYDANTIC_DISABLE_PLUGINS'] = '__all__'; "  # as the command does
    "import hashlease.cli, hashlease.scenarios.load, hashlease.optimizer.solve, hashlease.exports.screen"
)

COMMANDS: dict[str, Sequence[str]] = {
    "python -c pass": ("pass",),
    **{
        f"import {module}": (f"import {module}",)
        for module in ("numpy", "highspy", "pydantic", "pyomo.core", "pyomo.environ", "pandas")
    },
    "hashlease --help": (CONSOLE_SCRIPT, "--help"),
    "imports of hashlease run": (IMPORTS_OF_A_RUN,),
    "hashlease run rockdale": (CONSOLE_SCRIPT, "run", "rockdale"),
}

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""An installed package has its bytecode; here the first round writes it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often each command runs (default: 7)")
    rounds = parser.parse_args().rounds
    print(machine())
    for command in COMMANDS.values():
        _run(command)  # fills the caches
    taken = [{name: _run(command) for name, command in COMMANDS.items()} for _ in range(rounds)]
    wall_ms = {name: [one[name][0] for one in taken] for name in COMMANDS}
    cpu_ms = {name: [one[name][1] for one in taken] for name in COMMANDS}
    least_ms = {name: min(times) for name, times in wall_ms.items()}
    bare_ms = least_ms["python -c pass"]
    rows = []
    for name, least in least_ms.items():
        figures = (least, statistics.median(wall_ms[name]), min(cpu_ms[name]), least - bare_ms)
        rows.append([name, *(f"{time_ms:,.0f}" for time_ms in figures)])
    heads = ["", "wall, minimum", "wall, median", "CPU, minimum", "wall beyond bare python"]
    show(f"Whole processes, ms, {rounds} runs each", heads, rows)
    share = least_ms["imports of hashlease run"] / least_ms["hashlease run rockdale"]
    print(f"Python and imports are {share:.0%} of hashlease run rockdale.")


def _run(command: Sequence[str]) -> tuple[float, float]:
    """(wall, CPU) of one process, ms."""
    cpu_s, wall_s = _children_cpu_s(), time.perf_counter()
    subprocess.run([sys.executable, "-c", *command], stdout=subprocess.DEVNULL, check=True, env=ENVIRONMENT)
    return (time.perf_counter() - wall_s) * 1e3, (_children_cpu_s() - cpu_s) * 1e3


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
