"""What `hashlease value` prints: the parts of a listed miner, what the market pays, and the definition beside each figure."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import printable
from ..models.miner import GROUPS
from ..optimizer.sum_of_parts import SumOfParts
from .colour import colour
from .columns import columns, paragraph
from .screen import page_width

DEFINITIONS = (
    "mining: discounted cash margin in the months in which running pays, and the sale of the machines at the end",
    "signed leases: NOI x multiple, discounted from the month in which it flows, less the build cost left; of a scenario, the "
    "discounted cash of the signed leases",
    "power optionality: leases that are expected times their probability, open MW at their price; of a scenario, what the offers "
    "add to the plan without offers",
    "land, coins and other: as stated. equity value: all parts less net debt",
)


def value_lines(found: SumOfParts) -> Iterator[str]:
    """The lines of a valuation."""
    width, miner = page_width(), found.miner
    yield colour(f"{printable(miner.title or miner.name)}, {miner.as_of}", "bold")
    if found.verdict:
        yield from paragraph(f"scenario {printable(str(miner.scenario))}: {found.verdict}", width)
    yield ""
    yield colour("Sum of the parts, M USD", "bold")
    yield from columns(("", "M USD", "of all parts %"), list(_parts(found)))
    yield ""
    yield colour("How each part is counted", "bold")
    for part in found.parts:
        size = f"{part.size}, " if part.size else ""
        yield from paragraph(f"{printable(part.name)}: {size}{part.how}", width)
    for text in DEFINITIONS:
        yield from paragraph(text, width)
    ratios = list(found.ratios())
    if ratios:
        yield ""
        yield colour("Against the market" if miner.market_cap_usd is not None else "Measures", "bold")
        yield from columns(("", "", ""), [(what, f"{value:,.2f}", unit) for what, value, unit, _ in ratios], (0, 2))
        for what, _, _, definition in ratios:
            yield from paragraph(f"{what}: {definition}", width)


def _parts(found: SumOfParts) -> Iterator[tuple[str, str, str]]:
    """A row for each part under its group, then the totals."""
    whole = found.enterprise_usd

    def row(label: str, usd: float) -> tuple[str, str, str]:
        return label, _musd(usd), f"{100 * usd / whole:,.1f}" if whole else "-"

    for group in GROUPS:
        parts = [part for part in found.parts if part.group == group]
        if not parts:
            continue
        yield row(group, found.group_usd(group))
        if len(parts) > 1 or parts[0].name.lower() != group:
            yield from (row(f"  {printable(part.name)}", part.usd) for part in parts)
    yield row("all parts", whole)
    yield "net debt", _musd(-found.miner.net_debt_usd), ""
    yield "equity value", _musd(found.equity_usd), ""
    if found.miner.market_cap_usd is not None:
        yield "market capitalisation", _musd(found.miner.market_cap_usd), ""
        yield "equity value above it", _musd(found.equity_usd - found.miner.market_cap_usd), ""


def _musd(usd: float) -> str:
    shown = f"{usd / 1e6:,.1f}"
    return "0.0" if shown == "-0.0" else shown
