"""Whole blocks: 60 indivisible offers with 12 starts each at 5 sites, 180 months: `python benchmarks/whole_blocks.py [--quick]`.

Three ways to the same optimum, in one run: a plain formulation handed to HiGHS (a binary for every offer and start, rows of every
month with every start in them; in a process of its own), hashlease's compact formulation handed to HiGHS, and hashlease, whose time
holds its search and the proof that is added up anew from the contracts. HiGHS runs with one thread to an absolute gap of 1,000 USD.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from typing import Any

import cases
import highspy
import numpy as np
from hashlease.models.scenario import Scenario
from hashlease.models.values import USD_PER_MUSD, Values
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.session import MIP_ABSOLUTE_GAP_MUSD, Session
from hashlease.optimizer.site_by_site import SiteBySite
from hashlease.optimizer.site_proof import proved_bound_musd

SITES, OFFERS_PER_SITE, STARTS, MONTHS = 5, 12, 12, 180
SIZES = (0.15, 0.6)
"""Blocks are so much of the size of the divisible offers of the other benchmarks."""
SHARE_IN_BUDGET = 0.1


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="one case of each kind")
    options.add_argument("--limit", type=float, default=120.0, help="seconds after which the plain formulation is stopped")
    options.add_argument("--plain", type=int, help=argparse.SUPPRESS)
    options.add_argument("--without", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.plain is not None:
        print(json.dumps(_plain(Values(case(chosen.plain, not chosen.without)), chosen.limit)))
        return
    print("60 whole blocks x 12 starts at 5 sites, 180 months: wall s to a plan that is proved best to 1,000 USD")
    print(f"{'':22} {'plain':>8} {'compact':>8} {'hashlease':>10} {'plain / hashlease':>18} {'nodes':>7} {'proved gap, USD':>16}")
    for with_budget in (True, False):
        ratios = [_line(seed, with_budget, chosen.limit) for seed in range(1, 2 if chosen.quick else 9)]
        kind = "with a budget" if with_budget else "without a budget"
        print(f"{kind}: median of plain / hashlease {statistics.median(ratios):.1f}, least {min(ratios):.1f}", flush=True)


def case(seed: int, with_budget: bool) -> Scenario:
    """Seeded blocks at the sites of the other benchmarks; together they want more than the sites and the budgets have."""
    random = np.random.default_rng(seed)
    data = cases.site_data(SITES, STARTS, MONTHS)
    data["leases"] = []
    for site in data["sites"]:
        for number in range(OFFERS_PER_SITE):
            offer = cases.offer_data(random, site, number, STARTS)
            mw = round(offer["critical_it_mw"] * float(random.uniform(*SIZES)), 1)
            data["leases"].append({**offer, "indivisible": True, "critical_it_mw": mw})
    capex = sum(
        o["critical_it_mw"] * o["capex_usd_per_critical_mw"] * (1 - o["tenant_funded_capex_fraction"]) for o in data["leases"]
    )
    del data["finance"]["capex_budget_usd"]
    if with_budget:
        data["finance"]["capex_budget_usd"] = {year: round(SHARE_IN_BUDGET * capex) for year in (2026, 2027)}
    return Scenario.model_validate(data)


def _line(seed: int, with_budget: bool, limit_s: float) -> float:
    values = Values(case(seed, with_budget))
    plain_s, plain_musd, stopped = _in_a_process(seed, with_budget, limit_s)
    optimiser = Optimiser(values)
    begun = time.perf_counter()
    compact = Session(optimiser.program.form, integers=True).solve()
    compact_s = time.perf_counter() - begun
    begun = time.perf_counter()
    sites = SiteBySite(values.scenario, optimiser)
    found = sites.solve()
    constant = values.constant_musd()
    own = compact if found is None else found
    gap_usd = (proved_bound_musd(sites, own.objective + constant) - own.objective - constant) * USD_PER_MUSD
    own_s = time.perf_counter() - begun
    for other in (plain_musd, compact.objective):
        if not stopped and abs(own.objective - other) > 2 * MIP_ABSOLUTE_GAP_MUSD:
            raise AssertionError(f"optima differ: {own.objective} and {other}")
    mark = ">" if stopped else " "
    kind = f"{'budget' if with_budget else 'no budget'}, case {seed}"
    ratio = plain_s / own_s
    print(
        f"  {kind:20} {mark}{plain_s:>7.2f} {compact_s:>8.2f} {own_s:>10.2f} {ratio:>18.1f} {sites.nodes:>7,} {gap_usd:>16,.2f}",
        flush=True,
    )
    return ratio


def _in_a_process(seed: int, with_budget: bool, limit_s: float) -> tuple[float, float, bool]:
    """The plain formulation in a process of its own: a solver that crashes ends that alone, and counts as stopped."""
    begun = time.perf_counter()
    command = [sys.executable, __file__, "--plain", str(seed), "--limit", str(limit_s)] + ([] if with_budget else ["--without"])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return time.perf_counter() - begun, math.nan, True
    seconds, worth, stopped = json.loads(done.stdout)
    return seconds, worth, stopped


def _plain(values: Values, limit_s: float) -> tuple[float, float, bool]:
    """(seconds, optimum in USD million, whether it was stopped) of the formulation as one would write it down first."""
    highs = highspy.Highs()
    options: dict[str, Any] = {
        "output_flag": False,
        "threads": 1,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": MIP_ABSOLUTE_GAP_MUSD,
        "time_limit": limit_s,
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(_plain_model(values))
    begun = time.perf_counter()
    highs.run()
    seconds = time.perf_counter() - begun
    return seconds, highs.getInfo().objective_function_value, highs.getModelStatus() != highspy.HighsModelStatus.kOptimal


def _plain_model(values: Values) -> highspy.HighsLp:
    """mining_mw[k,t] continuous, taken[l,c] binary; power and suitable MW by site and month, one start an offer, budgets."""
    months, offers = values.calendar.length, values.offers
    fleets = len(values.fleets)
    starts = [(number, row) for number, offer in enumerate(offers) for row in range(len(offer.starts))]
    columns = fleets * months + len(starts)
    rows: list[tuple[dict[int, float], float]] = []
    for site in values.sites:
        suitable = site.hpc_suitable(values.calendar)
        for t, mw in enumerate(site.energised(values.calendar).tolist()):
            leased = {
                fleets * months + at: float(offers[number].occupied_mw[row, t] * offers[number].offer.critical_it_mw)
                for at, (number, row) in enumerate(starts)
                if offers[number].offer.site == site.name and offers[number].occupied_mw[row, t]
            }
            mining = {k * months + t: 1.0 for k, fleet in enumerate(values.fleets) if fleet.site == site.name}
            rows += [({**mining, **leased}, mw), (leased, float(suitable[t]))]
    for number in range(len(offers)):
        rows.append(({fleets * months + at: 1.0 for at, (other, _) in enumerate(starts) if other == number}, 1.0))
    for year, usd in values.scenario.finance.capex_budget_usd.items():
        at_year = values.calendar.years.index(year)
        spent = {
            fleets * months + at: float(offers[n].capex_musd_by_year[row, at_year] * offers[n].offer.critical_it_mw)
            for at, (n, row) in enumerate(starts)
        }
        rows.append((spent, usd / USD_PER_MUSD))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_, lp.sense_ = columns, len(rows), highspy.ObjSense.kMaximize
    worth = [float(offers[n].musd()[row] * offers[n].offer.critical_it_mw) for n, row in starts]
    lp.col_cost_ = np.concatenate([values.mining_musd().ravel(), worth])
    lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.concatenate([values.available_mw.ravel(), np.ones(len(starts))])
    lp.row_lower_, lp.row_upper_ = np.full(len(rows), -np.inf), np.array([limit for _, limit in rows])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(row) for row, _ in rows])]).astype(np.int32)
    lp.a_matrix_.index_ = np.array([column for row, _ in rows for column in row], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([value for row, _ in rows for value in row.values()])
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[0]] * (fleets * months) + [kinds[1]] * len(starts)
    return lp


if __name__ == "__main__":
    main()
