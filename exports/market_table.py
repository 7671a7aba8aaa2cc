"""The market month by month as rows: what the files and the frame of `hashlease market` hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.market_terms import Fleet, MarketTerms
from ..models.network import NetworkMonths, opportunity
from ..models.published import products
from ..optimizer.tables import Row

if TYPE_CHECKING:
    import pandas as pd


def market_rows(network: NetworkMonths, terms: MarketTerms) -> list[Row]:
    """A row a month; None where a figure is not known. Published figures are the columns that begin with stated_."""
    fleet = Fleet.of(network, terms)
    found: dict[str, Any] = {
        "btc_price_usd": network.btc_price_usd,
        "network_eh": network.network_eh,
        "subsidy_btc": network.subsidy_btc,
        "hashprice_btc_per_ph_day": network.hashprice_btc_per_ph_day,
        "hashprice_usd_per_ph_day": network.hashprice_usd_per_ph_day,
        "revenue_usd_per_eh_day": network.revenue_usd_per_eh_day,
        "mined_btc_network": network.mined_btc,
        "opportunity_btc": np.array([opportunity(month, None, network.blocks).btc for month in network.calendar.months]),
    }
    for tier in terms.tiers_j_per_th:
        found[f"revenue_usd_per_mwh_at_{tier:g}_j_per_th"] = network.revenue_usd_per_mwh(tier * terms.overhead)
        found[f"break_even_usd_per_mwh_at_{tier:g}_j_per_th"] = terms.break_even_usd_per_mwh(network, tier)
    if fleet is not None:
        found["gross_profit_usd_per_eh_day"] = fleet.gross_profit_usd_per_eh_day
        found["margin_fraction"] = fleet.margin_fraction
        found["mwh_per_btc"] = fleet.mwh_per_btc
        found["power_usd_per_btc"] = fleet.power_usd_per_btc
        found["cash_usd_per_btc"] = fleet.cash_usd_per_btc
    found |= {f"stated_{name}": values for name, values in network.stated.items()}
    if np.isfinite(products(network)).any():
        found["identified_j_per_th_x_usd_per_mwh"] = products(network)
    months = network.calendar.months
    return [{"month": str(month), **{name: _plain(values[t]) for name, values in found.items()}} for t, month in enumerate(months)]


def _plain(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None


def market_table(network: NetworkMonths, terms: MarketTerms | None = None) -> pd.DataFrame:
    """The rows as a frame with the month as index; `terms` state tiers, a fleet and its power."""
    import pandas as pd

    return pd.DataFrame(market_rows(network, terms or MarketTerms())).set_index("month")
