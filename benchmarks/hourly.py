"""The full hourly program of one site, without any aggregation, to hold the exact one [V2] against.

Beside the energised MW of each fleet and month there is a column for every fleet and hour, the MW that run then, and a row that
keeps it below what is energised and able to run. Margins come straight from the inputs and the hour's price, so nothing of
`hashlease.models.values` for mining is used.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from floor import Arrays, Layout, assemble
from hashlease.models.power import IndexSupply
from hashlease.models.prices import HourlyPrice, month_start_utc
from hashlease.models.values import USD_PER_MUSD, Values
from tables import Floats, Tables, Whole


def hourly_arrays(values: Values, tables: Tables) -> Arrays:
    """The monthly program with the hours' columns (fleets x hours) behind its own and their rows behind its own."""
    layout = Layout.of(tables)
    monthly = assemble(replace(tables, mining_musd=_energised_musd(values)), layout)
    month_of_hour, usd_per_mwh = _hours(values)
    fleet, hour = np.nonzero(tables.available_mw[:, month_of_hour])
    month = month_of_hour[hour]
    column_of = np.zeros(tables.available_mw.shape, dtype=np.intp)
    column_of[layout.fleet_of, layout.month_of] = np.arange(len(layout.fleet_of))
    energised = column_of[fleet, month]
    columns, rows, running = len(monthly.cost), len(monthly.row_upper), np.arange(len(energised))
    uptime = np.array([fleet.uptime_fraction for fleet in values.fleets])[fleet]
    return Arrays(
        cost=np.concatenate([monthly.cost, _running_musd(values, fleet, month, usd_per_mwh[hour])]),
        lower=np.concatenate([monthly.lower, np.zeros(len(running))]),
        upper=np.concatenate([monthly.upper, tables.available_mw[fleet, month]]),
        row_lower=np.concatenate([monthly.row_lower, np.full(len(running), -np.inf)]),
        row_upper=np.concatenate([monthly.row_upper, np.zeros(len(running))]),
        row=np.concatenate([monthly.row, rows + running, rows + running]),
        column=np.concatenate([monthly.column, columns + running, energised]),
        value=np.concatenate([monthly.value, np.ones(len(running)), -uptime]),
    )


def _hours(values: Values) -> tuple[Whole, Floats]:
    """(month, market price) of every hour of the horizon."""
    zone = values.scenario.power.zones[0]
    assert isinstance(zone.price, HourlyPrice)
    series = zone.price.series
    prices = [
        series.between(month_start_utc(month, zone.time_zone), month_start_utc(month + 1, zone.time_zone))
        for month in values.calendar.months
    ]
    return np.repeat(np.arange(len(prices)), [len(month) for month in prices]), np.concatenate(prices)


def _energised_musd(values: Values) -> Floats:
    """What an energised MW costs whether it runs or not, discounted USD million, shape (fleets, months)."""
    charge = values.scenario.sites[0].demand_charge
    assert charge is not None
    charged_usd = (1 - charge.avoided_by_mining_fraction) * 1000 * charge.usd_per_kw_month.values(values.calendar)
    fixed_usd = np.array([fleet.fixed_opex_usd_per_mw_month + charged_usd for fleet in values.fleets])
    return -fixed_usd * values.discount.mining / USD_PER_MUSD


def _running_musd(values: Values, fleet: Whole, month: Whole, usd_per_mwh: Floats) -> Floats:
    """What a running MWh of a fleet earns in an hour of a month, discounted USD million."""
    supply = values.scenario.sites[0].supply
    assert isinstance(supply, IndexSupply)
    hashprice = values.market.hashprice_usd_per_ph_day
    break_even = np.array([fleet.break_even_usd_per_mwh(hashprice) for fleet in values.fleets])
    margin_usd = break_even[fleet, month] - usd_per_mwh - supply.adder_usd_per_mwh
    return margin_usd * values.discount.mining[month] / USD_PER_MUSD
