"""Catalogue of mining machines: efficiency at the machine, and where the figure was published.

Prices move by the week, so the catalogue gives efficiency alone; a scenario states the prices it uses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AsicModel:
    """j_per_th: at the machine. th: nominal hashrate, or None where variants differ. source: where it was read."""

    j_per_th: float
    th: float | None
    source: str


_ROUND_UP = "hashrateindex.com/blog/luxor-rfq-june-2023-update"
_TECH4U = "tech4u.app/bitcoin-mining-stocks-soar-as-companies-rush-to-buy-new-hardware-ahead-of-halving"
_SNAPSHOT = "manufacturer's data as listed by top-crypto-mining-asics.com/?p=4692"
_S23 = "mutli.pro/mining/bitmains-new-antminer-launch-signals-profound-shift-for-bitcoin-miners-theminermag.html"
_SEALMINER = "binance.com/en-JP/square/post/15816899072866"

ASICS: dict[str, AsicModel] = {
    "S19 Pro": AsicModel(29.5, None, _ROUND_UP),
    "S19 XP": AsicModel(21.5, 140, _ROUND_UP),
    "T21": AsicModel(19.0, 190, _TECH4U),
    "S21": AsicModel(17.5, 200, _TECH4U),
    "S21+": AsicModel(16.5, None, _SNAPSHOT + " (15.2 to 16.5 by variant; the upper end)"),
    "S21+ Hyd": AsicModel(15.0, 319, _SNAPSHOT),
    "S21 XP": AsicModel(13.5, 270, "assumption: nominal figure of the trade press; price sources give no efficiency"),
    "S23 Hyd": AsicModel(9.5, 580, _S23),
    "M60": AsicModel(19.2, None, _TECH4U),
    "M60S": AsicModel(17.5, None, _TECH4U),
    "SEALMINER A2": AsicModel(16.5, 226, _SEALMINER),
    "SEALMINER A2 Hyd": AsicModel(16.5, 446, _SEALMINER),
}
