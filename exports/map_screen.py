"""A decision map as text for the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from ..optimizer.decision_map import DecisionMap
from ..optimizer.tables import Row
from .columns import columns, paragraph
from .screen import title_lines


def map_lines(found: DecisionMap) -> Iterator[str]:
    """The map line by line: the bound, the plans, where leases enter and leave, and the nearest flips."""
    width = shutil.get_terminal_size().columns
    box = ", ".join(f"{axis.name} x{axis.low:g} to x{axis.high:g}" for axis in found.axes)
    yield from title_lines(found.scenario, width)
    yield from paragraph(found.verdict, width)
    if not found.complete:
        asked = f"{found.tolerance_usd:,.0f} USD was asked for; the proof was stopped at what stands above"
        yield from paragraph(asked, width)
    proof = f"{len(found.decisions)} plans, {found.solves:,} solves, {found.simplices:,} simplices"
    yield from paragraph(f"box: {box}; {proof}", width)
    yield ""
    wins = f"At the scenario's prices plan {found.best()} wins: {_musd(found.npv_today_usd)} M USD, {found.leases_of(found.best())}"
    yield from paragraph(wins, width)
    yield ""
    yield "Nearest flips: another plan wins by more than the tolerance where prices move so far"
    yield from columns(("", "change", "hashprice", "rent", "power", "then plan"), [_flip(row) for row in found.rows["flips"]])
    if not found.rows["flips"]:
        yield "  none in the box"
    yield ""
    yield "Plans, best today first (critical MW with signed leases; ranges: where in the box it is the best, to a cell of 41 or 21)"
    axes = [axis.name for axis in found.axes]
    rows = [
        (
            str(row["plan"]),
            _musd(row["npv_today_usd"]),
            _musd(row["regret_today_usd"]),
            f"{100 * row['share_of_box']:.1f} %",
            f"{row['critical_mw']:,.1f}",
            *(_range(row, axis) for axis in axes),
        )
        for row in found.rows["plans"]
    ]
    yield from columns(("", "today M USD", "short of best", "of the box", "critical MW", *axes), rows)
    yield ""
    yield "What they take of the offers, in critical MW (plans that read the same differ in starts: plan_leases of --out)"
    for row in found.rows["plans"]:
        yield from paragraph(f"{row['plan']:>2}  {row['leases']}", width)
    yield ""
    yield "Where offers enter and leave as one multiplier rises and the others stay (edges of the list: within the bound)"
    changes = [
        (
            f"{row['axis']} x{row['multiplier']:.3f}",
            row["offer"],
            f"{row['critical_mw_below']:,.1f} to {row['critical_mw_above']:,.1f} MW",
        )
        for row in found.rows["changes"]
    ]
    yield from columns(("", "offer", "critical MW"), changes)


def _flip(row: Row) -> tuple[str, ...]:
    places = (f"x{row[axis]:.3f}" for axis in ("hashprice", "rent", "power"))
    return (str(row["direction"]), f"{100 * row['change_fraction']:+.1f} %", *places, str(row["plan"]))


def _range(row: Row, axis: str) -> str:
    low, high = row[f"{axis}_from"], row[f"{axis}_to"]
    return "-" if low is None else f"{low:.2f} to {high:.2f}"


def _musd(usd: float) -> str:
    return f"{usd / 1e6:,.1f}" if abs(usd) >= 1e8 else f"{usd / 1e6:,.3f}"
