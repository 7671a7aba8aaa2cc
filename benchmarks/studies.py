"""How long the studies take, sweeps beside a bare warm solve and decision maps: `python benchmarks/studies.py [--quick]`.

The floor of a case is HiGHS alone: changed costs, the last basis, no other work. All else is what hashlease adds: the scenario
with the changed field, its values, the proof of the optimum and the row.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

from cases import scenario
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.decision_map import decision_map
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.sweep import Sweep

HASHPRICES = [2 ** (number / 20 - 1) for number in range(41)]
"""Multipliers from 0.5 to 2, one after the other."""
RENTS = [100.0 + number for number in range(10)]
BOX = {"hashprice": (0.5, 2.0), "rent": (0.7, 1.4)}
BOX_OF_THREE = {**BOX, "power": (0.7, 1.5)}
CASES_OF_MEMORY = (2_000, 20_000)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="up to 5 sites, maps of two multipliers, fewer cases for the memory")
    quick = options.parse_args().quick
    print("Cases of a sweep, CPU ms a case (median), 180 months")
    print(f"{'':10} {'floor':>8} {'hashprice':>10} {'/ floor':>8} {'rent':>8} {'rebuilt':>9} {'rebuilt / hashprice':>20}")
    for sites in (1, 5) if quick else (1, 5, 20):
        print(_sweep_line(sites))
    print("\nDecision maps at 0.2 % of the NPV, wall s")
    print(f"{'':28} {'seconds':>8} {'solves':>7} {'plans':>6} {'bound, % of NPV':>16}")
    for sites, box in [(1, BOX), (5, BOX)] if quick else [(1, BOX), (5, BOX), (20, BOX), (1, BOX_OF_THREE), (20, BOX_OF_THREE)]:
        print(_map_line(sites, box), flush=True)
    print("\nPeak memory of a sweep of one site, MB")
    for cases in CASES_OF_MEMORY[: 1 if quick else 2]:
        print(f"{cases:>10,} cases {_peak_mb(cases):>8,.0f}", flush=True)


def _cpu(call: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    found = call()
    return time.process_time() - begun, found


def _sweep_line(sites: int) -> str:
    case = scenario(sites)
    floor = _floor_ms(Values(case))
    sweep = Sweep(case)
    sweep.row({})
    hashprice = statistics.median(_cpu(lambda at=at: sweep.row({"market.hashprice.multiplier": at}))[0] for at in HASHPRICES)
    path = f'leases."{case.leases[0].name}".rent_usd_per_kw_month'
    rent = statistics.median(_cpu(lambda at=at: sweep.row({path: at}))[0] for at in RENTS)
    rebuilt = statistics.median(_cpu(lambda: Optimiser(Values(case)).solve())[0] for _ in range(3))
    ratios = f"{1e3 * hashprice / floor:>8.2f} {1e3 * rent:>8.1f} {1e3 * rebuilt:>9.1f} {rebuilt / hashprice:>20.0f}"
    return f"{sites:>3} sites  {floor:>8.1f} {1e3 * hashprice:>10.1f} {ratios}"


def _floor_ms(values: Values) -> float:
    """Changed costs, HiGHS from its last basis."""
    optimiser = Optimiser(values)
    optimiser.solve()
    costs = [optimiser.program.cost_musd(Multipliers(hashprice=at)) for at in HASHPRICES]
    session = optimiser.relaxed

    def again(cost: Any) -> None:
        session.set_costs(cost)
        session.solve()

    return 1e3 * statistics.median(_cpu(lambda cost=cost: again(cost))[0] for cost in costs)


def _map_line(sites: int, box: dict[str, tuple[float, float]]) -> str:
    case = scenario(sites)
    begun = time.perf_counter()
    found = decision_map(case, box, 0.002)
    seconds = time.perf_counter() - begun
    share = 100 * found.bound_usd / abs(found.npv_today_usd)
    axes = " x ".join(box)
    return f"{sites:>3} sites, {axes:<17} {seconds:>8.1f} {found.solves:>7,} {len(found.decisions):>6} {share:>16.3f}"


def _peak_mb(cases: int) -> float:
    sweep = Sweep(scenario(1))
    for number in range(cases):
        sweep.row({"market.hashprice.multiplier": 0.5 + 1.5 * number / cases})
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
