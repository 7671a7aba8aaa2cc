"""A good scenario as YAML text, and files made from it by replacing a piece of the text, so that a mistake has a known line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

GOOD = """\
name: good
title: A good scenario
horizon: {end: 2040-03}
market:
  hashprice:
    kind: network
    btc_price_usd: {flat: 90000}
    network_eh:
      start: 1000
      from: 2026-01
      growth_per_year: 0.1
    fees_fraction_of_subsidy: {flat: 0.01}
power:
  zones:
    - name: West
      time_zone: America/Chicago
      price:
        kind: flat
        usd_per_mwh: {flat: 40}
sites:
  - name: Rockdale
    zone: West
    energised_mw:
      - from: 2026-01
        mw_total: 260
      - from: 2026-07
        mw_total: 300
    supply: {kind: index, adder_usd_per_mwh: 3}
    blocks:
      - {name: Block, mw: 40, usd_per_mwh: 35, from: 2026-01, to: 2027-12}
    demand_charge:
      usd_per_kw_month: {flat: 5}
      avoided_by_mining_fraction: 0.9
fleets:
  - name: Machines
    site: Rockdale
    hashrate_eh: 12
    j_per_th: 20
    overhead: 1.05
    pool_fee_fraction: 0.01
    uptime_fraction: 0.95
    variable_opex_usd_per_mwh: 8
    fixed_opex_usd_per_mw_month: 500
    from: 2026-01
    retire_month: 2031-01
    resale_usd_per_th: 1
leases:
  - name: First tenant
    site: Rockdale
    status: signed
    critical_it_mw: 10
    gross_up: 1.3
    contract_value_usd: 150_000_000
    escalator_per_year: 0.03
    term_years: 10
    capex_usd_per_critical_mw: 9_000_000
    tenant_funded_capex_fraction: 0.2
    build_months: 0
    conversion_outage_months: 1
    opex_usd_per_kw_month: 10
    power_paid_by: tenant
    demand_charge_paid_by: tenant
    residual_value_fraction_of_capex: 0.3
    mw_after_term: returned
    start_month: 2026-02
  - name: Second tenant
    site: Rockdale
    status: offered
    critical_it_mw: 30
    gross_up: 1.35
    rent_usd_per_kw_month: 125
    escalator_per_year: 0.02
    term_years: 12
    capex_usd_per_critical_mw: 10_000_000
    tenant_funded_capex_fraction: 0
    build_months: 12
    conversion_outage_months: 6
    opex_usd_per_kw_month: 0
    power_paid_by: tenant
    demand_charge_paid_by: landlord
    residual_value_usd_per_critical_mw: 3_000_000
    mw_after_term: returned
    start_window:
      earliest: 2027-04
      latest: 2028-04
finance:
  valuation_date: 2026-01-01
  dollars: nominal
  discount_rate_per_year:
    mining: 0.14
    lease: 0.09
    capex: 0.09
    power_contract: 0.08
  capex_budget_usd:
    2026: 200_000_000
    2027: 300_000_000
"""
"""It has no notes. Every figure stands on a line of its own where a test changes it."""

FLAT_PRICE = """\
        kind: flat
        usd_per_mwh: {flat: 40}
"""

HOURLY_PRICE = """\
        kind: hourly
        file: prices.csv
        time_column: time
        price_column: usd
        times_are: with_offset
        convention: hour_beginning
"""


def changed(old: str, new: str, text: str = GOOD) -> str:
    """The text with its one occurrence of a piece replaced."""
    assert text.count(old) == 1, f"{text.count(old)} times: {old}"
    return text.replace(old, new)


def hourly(**fields: object) -> str:
    """The good scenario for January 2026 alone, without leases, with prices from prices.csv; fields of the price as given."""
    extra = "".join(f"        {field}: {value}\n" for field, value in fields.items())
    kept = "".join(line for line in HOURLY_PRICE.splitlines(keepends=True) if line.split(":")[0].strip() not in fields)
    text = changed(FLAT_PRICE, kept + extra, GOOD.replace("2040-03", "2026-01").replace("    2027: 300_000_000\n", ""))
    return text[: text.index("leases:\n")] + text[text.index("finance:\n") :]


def january(step: timedelta = timedelta(hours=1)) -> list[str]:
    """The times of January 2026 in Chicago, with their offset."""
    first, count = datetime.fromisoformat("2026-01-01T00:00-06:00"), int(timedelta(days=31) / step)
    return [(first + number * step).isoformat(timespec="minutes") for number in range(count)]


def prices(times: list[str], header: str = "time,usd", usd: str = "") -> str:
    """A CSV file of prices; without `usd` they rise and fall through the day."""
    return "\n".join([header, *(f"{time},{usd or 30 + number % 24}" for number, time in enumerate(times))]) + "\n"


def write(folder: Path, text: str | bytes = GOOD, files: Mapping[str, str | bytes] | None = None) -> Path:
    """scenario.yaml in a folder, and files beside it."""
    for name, content in {"scenario.yaml": text, **(files or {})}.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / "scenario.yaml"
