"""What `hashlease why` prints: a paragraph an offer and fleet, then the limits that bind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..optimizer.tables import Row
from ..optimizer.why import Why
from .columns import columns, paragraph
from .screen import page_width, title_lines


def why_lines(found: Why) -> Iterator[str]:
    """The lines, as wide as the terminal (80 to 132)."""
    width = page_width()
    yield from title_lines(found.plan.scenario, width)
    yield f"{found.plan.verdict}, worth {_musd(found.plan.npv_usd)}"
    for row in found.uses:
        yield ""
        yield from _use(row, width)
    yield ""
    yield from _limits(found, width)


def _use(row: Row, width: int) -> Iterator[str]:
    unit = {"offer": "critical MW", "fleet": "MW on the mean of its months"}.get(row["kind"], "MW")
    amount = f"{row['taken_mw']:,.1f} of {row['of_mw']:,.1f} {unit}"
    yield from paragraph(f"{row['name']} ({row['site']}): {row['decision']}, {amount}; binds: {row['rule']}", width, "", "  ")
    yield from paragraph(row["why"], width, "  ", "  ")
    if row["opposite"]:
        costs = row["opposite_costs_usd"]
        worth = "no plan can do that" if costs is None else _less_or_more(costs)
        yield from paragraph(f"the opposite, {row['opposite']}: {worth}", width, "  ", "    ")
    flips = [f"{flip['input']} {_value(flip, 'today')} to {_value(flip, 'to')}" for flip in row["flips"] if flip["to"] is not None]
    none = [flip["input"] for flip in row["flips"] if flip["to"] is None]
    if flips:
        yield from paragraph(f"{row['flips'][0]['then']} at: {'; '.join(flips)}", width, "  ", "    ")
    if none:
        yield from paragraph(f"no flip in reach: {', '.join(none)}", width, "  ", "    ")


def _less_or_more(usd: float) -> str:
    if abs(usd) < 1.0:
        return "worth the same"
    return f"{_musd(abs(usd))} {'less' if usd > 0 else 'more'}"


def _value(flip: Row, side: str) -> str:
    value: Any = flip[side]
    if flip["input"] == "start":
        return str(value)
    if flip["input"] == "hashprice":
        return f"x {value:.4g}"
    return f"{value:,.2f} {flip['unit']}" if flip["input"] in ("rent", "price") else f"{value:,.0f} {flip['unit']}"


def _limits(found: Why, width: int) -> Iterator[str]:
    shown = f" (the {len(found.limits)} most valuable)" if len(found.limits) < found.limits_in_all else ""
    yield f"Limits that bind: {found.limits_in_all:,}{shown}"
    if not found.limits:
        return
    groups: dict[str, list[Row]] = {}
    for row in found.limits:
        groups.setdefault(f"{row['words']}{', ' if row['of'] else ''}{row['of']} ({row['unit']}; {row['price_unit']})", []).append(
            row
        )
    rows: list[tuple[str, ...]] = []
    for title, members in groups.items():
        rows.append((title, "", "", "", "", ""))
        for row in members:
            ends = (_price(row, "one_less"), _end(row["down_to"]), _price(row, "one_more"), _end(row["up_to"]))
            rows.append((f"  {row['period']}", f"{row['limit']:,.1f}", *ends))
    yield from _under_titles(("", "limit", "one less costs", "down to", "one more is worth", "up to"), rows, width)
    note = "worth today of one unit, all else as it is; further units are worth the same down to, and up to, the limit beside it"
    yield from paragraph(note, width)


def _under_titles(head: tuple[str, ...], rows: list[tuple[str, ...]], width: int) -> Iterator[str]:
    """A table in which a row of one cell is a title and does not widen its column."""
    lines = columns(head, [row for row in rows if row[1]])
    height = len(lines) - sum(bool(row[1]) for row in rows)
    yield from lines[:height]
    body = iter(lines[height:])
    for row in rows:
        if row[1]:
            yield next(body)
        else:
            yield from paragraph(row[0], width)


def _price(row: Row, side: str) -> str:
    if row[side] is None:
        return "-"
    return f"{row[side]:,.3f}" if row["price_unit"] == "USD per USD" else f"{row[side]:,.0f}"


def _end(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _musd(usd: float) -> str:
    return f"{usd / 1e6:,.2f} M USD" if abs(usd) >= 5e3 else f"{usd:,.0f} USD"
