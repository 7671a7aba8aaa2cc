"""hashlease curve: lease against hashprice, and the break-even rent of an offer as a function of one other input."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from .shared import loaded, path, printing, scenario_options, tell, title

if TYPE_CHECKING:
    from . import Commands

RANGES = {
    "hashprice": "0.5:2",
    "power": "0.5:2",
    "term": "5:20",
    "capex": "2e6:14e6",
    "residual": "0:1",
    "discount_rate": "0.04:0.2",
}


def add(commands: Commands) -> None:
    command = commands.add_parser("curve", help="lease against hashprice: equivalents of every offer, break-even curves of one")
    scenario_options(command)
    command.add_argument("--offer", metavar="NAME", help="draw the curve of this offer; without it: the equivalents of all offers")
    ranges = ", ".join(f"{name} {text}" for name, text in RANGES.items())
    command.add_argument("--over", choices=tuple(RANGES), default="hashprice", help="the input that the curve runs over")
    command.add_argument("--range", metavar="LOW:HIGH", help=f"its range (default: {ranges})")
    command.add_argument("-o", "--out", type=path, metavar="FILE", help="write all points to FILE.csv or FILE.parquet")
    command.set_defaults(action=_run)


def _run(options: argparse.Namespace) -> int:
    from ..exports.columns import columns

    scenario = loaded(options)
    if options.offer is None:
        from ..optimizer.curves import equivalents
        from ..optimizer.solve import solve

        plan = solve(scenario)
        if not plan.is_final:
            tell("\n".join([plan.verdict, *plan.conflicts]))
            return plan.exit_code
        rows = equivalents(plan)
    else:
        from ..optimizer.curves import break_even_curve

        low, high = _range(options.over, options.range or RANGES[options.over])
        rows = break_even_curve(scenario, options.offer, options.over, low, high)
    if options.out is not None:
        from ..exports.growing_table import open_table

        table = open_table(options.out)
        for row in rows:
            table.add(row)
        table.close()
    with printing():
        title(scenario)
        if options.offer is None:
            print("Lease against hashprice (rent of the first year, USD/kW-month; hashprice of the first month, USD/PH/day)")
            head = ("", "rent", "equal to mining at", "per meter kW", "hashprice today", "equal to the lease at")
            for line in columns(head, [_equivalent(row) for row in rows]):
                print(line)
        else:
            shown = [row for row in rows if row["kind"] != "point"] or rows
            print(f"{rows[0]['offer']}: break-even rent over {options.over} ({rows[0]['unit']}); {len(rows)} points with --out")
            points = [rows[0], *(row for row in shown if row not in (rows[0], rows[-1])), rows[-1]]
            for line in columns(("", options.over, "USD/kW-month", "per meter kW"), [_point(row) for row in points]):
                print(line)
    return 0


def _equivalent(row: dict[str, Any]) -> tuple[str, ...]:
    names = (
        "rent_usd_per_kw_month",
        "hashprice_equivalent_rent_usd_per_kw_month",
        "hashprice_equivalent_rent_usd_per_meter_kw_month",
        "hashprice_usd_per_ph_day",
        "lease_equivalent_hashprice_usd_per_ph_day",
    )
    return (str(row["offer"]), *("-" if row[name] is None else f"{row[name]:,.2f}" for name in names))


def _point(row: dict[str, Any]) -> tuple[str, ...]:
    names = ("break_even_rent_usd_per_kw_month", "break_even_rent_usd_per_meter_kw_month")
    return (str(row["kind"]), f"{row['value']:,.6g}", *("-" if row[name] is None else f"{row[name]:,.3f}" for name in names))


def _range(over: str, text: str) -> tuple[float, float]:
    from ..errors import InputError, Problem

    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        raise InputError([Problem("--range", over, f'"{text}"', "LOW:HIGH, two numbers", f"e.g. {RANGES[over]}")]) from None
    return low, high
