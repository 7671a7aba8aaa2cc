"""Use of power blocks in one hour, worked out by trading: the second opinion's own way, one hour and one MW after the other.

Sellers are blocks, each with its MW and what using it gains. Buyers are loads, each with the MW that it would buy and what each of
these costs it beyond the index (a load that runs anyway costs nothing). The dearest seller meets the cheapest buyer for as long
as the one gains more than the other costs.
"""

from __future__ import annotations

from typing import NamedTuple


class Seller(NamedTuple):
    name: str
    mw: float
    gain_usd_per_mwh: float


class Buyer(NamedTuple):
    """cost: None for a load that runs anyway."""

    name: str
    mw: float
    cost_usd_per_mwh: float | None


def trade(sellers: list[Seller], buyers: list[Buyer]) -> list[tuple[str, str, float]]:
    """(seller, buyer, MW) of every trade."""
    cheapest_first = sorted(buyers, key=lambda buyer: (buyer.cost_usd_per_mwh is not None, buyer.cost_usd_per_mwh or 0.0))
    wanted, trades = [buyer.mw for buyer in cheapest_first], []
    for seller in sorted(sellers, key=lambda seller: -seller.gain_usd_per_mwh):
        left = seller.mw
        for at, buyer in enumerate(cheapest_first):
            mw = min(left, wanted[at]) if seller.gain_usd_per_mwh > (buyer.cost_usd_per_mwh or 0.0) else 0.0
            if mw > 0:
                trades.append((seller.name, buyer.name, mw))
                wanted[at], left = wanted[at] - mw, left - mw
    return trades


def resale(block: dict[str, float], index: float) -> float:
    """What a MWh brings that is not used."""
    share, fee = block["resale_fraction"], block["resale_fee_usd_per_mwh"]
    if share == 1 and fee == 0:
        return index
    return max(0.0, share * index - fee)


def is_resold_in_full(block: dict[str, float]) -> bool:
    return block["resale_fraction"] == 1 and block["resale_fee_usd_per_mwh"] == 0
