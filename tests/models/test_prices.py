"""Hours and prices of a month, and the exact aggregation [V2]."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cases import scenario
from hashlease.models.months import Calendar, Month
from hashlease.models.prices import PriceTable, hours_by_clock, hours_in_month
from hypothesis import given, settings
from hypothesis import strategies as some

CHICAGO = "America/Chicago"


@pytest.mark.parametrize(
    ("month", "time_zone", "hours"),
    [
        ("2027-03", CHICAGO, 743),  # clocks go forward on 14 March 2027
        ("2027-11", CHICAGO, 721),  # and back on 7 November 2027
        ("2027-03", "UTC", 744),
        ("2027-07", CHICAGO, 744),
        ("2028-02", CHICAGO, 696),
        ("2027-02", CHICAGO, 672),
        ("2027-04", "Australia/Lord_Howe", 720.5),  # half an hour
    ],
)
def test_true_hours_of_a_month(month: str, time_zone: str, hours: float) -> None:
    assert hours_in_month(Month.of(month), time_zone) == hours


def test_a_skipped_clock_hour_counts_one_less_and_a_repeated_one_more() -> None:
    march, november = (hours_by_clock(Month.of(month), CHICAGO) for month in ("2027-03", "2027-11"))
    assert march[2] == 30
    assert march[1] == march[3] == 31
    assert november[1] == 31
    assert november[2] == 30
    assert march.sum() == 743
    assert november.sum() == 721


def test_profile_price_by_clock_hour() -> None:
    # January: every clock hour 31 times; price = hour of day, so the mean is 11.5.
    profile = [[float(hour) for hour in range(24)] for _ in range(12)]
    price = {"kind": "month_hour_profile", "usd_per_mwh": profile, "multiplier": {"flat": 2.0}}
    case = scenario(power__zones__0__price=price)
    table = case.power.zones[0].price.table(case.calendar, "UTC")
    assert table.month_usd_per_mw[0] == pytest.approx(2 * 11.5 * 744, rel=1e-14)
    # 2 x 6 = 12 USD/MWh: hours 0 to 5 are cheaper; 31 days x sum of (12 - 2h) for h < 6 = 31 x 42
    assert table.margin_usd_per_mw(np.full((1, 24), 12.0))[0, 0] == pytest.approx(31 * 42, rel=1e-14)


def test_forward_curve_moves_the_shape_to_its_mean() -> None:
    price = {
        "kind": "duration_bands",
        "share_of_hours_fraction": [0.9, 0.1],
        "usd_per_mwh": [[20.0, 120.0]] * 12,
        "monthly_mean_usd_per_mwh": {"flat": 60.0},
    }
    case = scenario(power__zones__0__price=price)
    table = case.power.zones[0].price.table(case.calendar, "UTC")
    # The shape's mean is 30, so its prices are doubled: 40 and 240.
    assert table.month_usd_per_mw / table.month_hours == pytest.approx(60.0)
    assert table.usd_per_mwh[0].tolist() == pytest.approx([40.0, 240.0])


@settings(max_examples=200, deadline=None)
@given(
    prices=some.lists(some.floats(-500, 5_000), min_size=1, max_size=60),
    thresholds=some.lists(some.floats(-600, 6_000), min_size=1, max_size=5),
    seed=some.integers(0, 2**32 - 1),
)
def test_one_binary_search_equals_the_sum_over_hours(prices: list[float], thresholds: list[float], seed: int) -> None:
    hours = np.random.default_rng(seed).uniform(0.0, 2.0, len(prices))
    table = PriceTable.of(np.array([prices]), np.array([hours]))
    for threshold in [*thresholds, prices[0]]:
        found = float(table.margin_usd_per_mw(np.array([[threshold]]))[0, 0])
        by_hour = math.fsum(max(0.0, threshold - price) * hour for price, hour in zip(prices, hours.tolist(), strict=True))
        scale = sum((abs(threshold) + abs(price)) * hour for price, hour in zip(prices, hours.tolist(), strict=True))
        assert found == pytest.approx(by_hour, rel=1e-12, abs=1e-13 * scale)


def test_months_and_fleets_are_searched_together() -> None:
    random = np.random.default_rng(7)
    prices, hours = random.normal(40, 60, (30, 744)), random.uniform(0.5, 1.0, (30, 744))
    table = PriceTable.of(prices, hours)
    thresholds = random.normal(40, 50, (4, 30))
    found = table.margin_usd_per_mw(thresholds)
    for k in range(4):
        by_hour = (np.maximum(0.0, thresholds[k][:, np.newaxis] - prices) * hours).sum(axis=1)
        assert found[k] == pytest.approx(by_hour, rel=1e-11, abs=1e-8)


def test_fixed_supply_ignores_the_market() -> None:
    case = scenario(sites__0__supply={"kind": "fixed", "usd_per_mwh": {"flat": 60.0}}, horizon__end="2026-12")
    from hashlease.models.values import Values

    # 100 - 10 - 60 = 30 USD/MWh
    assert Values(case).mining_usd_per_mw().sum() == pytest.approx(8_760 * 30, rel=1e-12)


def test_a_block_pays_the_difference_to_the_index() -> None:
    block = {"name": "Block", "mw": 50.0, "usd_per_mwh": 25.0, "from": "2026-02", "to": "2026-03"}
    case = scenario(sites__0__blocks=[block], horizon__end="2026-12")
    from hashlease.models.values import Values

    settled = Values(case).site_power("Site").block_usd(case.sites[0].blocks[0], case.calendar)
    # 50 MW x (40 - 25) USD/MWh x 672 and 744 hours
    assert settled.tolist() == pytest.approx([0, 50 * 15 * 672, 50 * 15 * 744, *[0] * 9])


@pytest.mark.parametrize(("name", "hub"), [("rockdale", "HB_NORTH"), ("helios", "HB_WEST")])
def test_shipped_duration_bands_are_those_of_the_real_hours(market_data: object, name: str, hub: str) -> None:
    """Bands of a hub from 17,537 real hours; margins by band within 0.7 % of margins by hour."""
    from pathlib import Path

    import pandas as pd
    from hashlease import load

    price = load(name).power.zones[0].price
    assert price.kind == "duration_bands"
    shares, bands = np.array(price.share_of_hours_fraction), np.array(price.usd_per_mwh)
    hours = pd.read_parquet(Path(str(market_data)) / "ercot_rt_hourly_to_2024.parquet", columns=["local_start", hub]).dropna()
    hours = hours[hours.local_start.str[:4].isin(["2023", "2024"])]
    assert len(hours) == 17_537
    for month in range(1, 13):
        real = np.sort(hours[hub][hours.local_start.str[5:7] == f"{month:02d}"].to_numpy())
        edges = np.concatenate([[0.0], np.cumsum(shares)]) * len(real)
        sums = np.interp(edges, np.arange(len(real) + 1), np.concatenate([[0.0], np.cumsum(real)]))
        assert bands[month - 1] == pytest.approx(np.diff(sums) / np.diff(edges), abs=0.0051)
    for threshold in (20.0, 30.0, 45.0, 70.0, 150.0):
        by_band = np.mean(np.maximum(0.0, threshold - bands) @ shares)
        months = [hours[hub][hours.local_start.str[5:7] == f"{month:02d}"] for month in range(1, 13)]
        by_hour = np.mean([np.maximum(0.0, threshold - real).mean() for real in months])
        assert by_band == pytest.approx(by_hour, rel=7e-3)


def test_calendar_of_a_repeated_year_has_true_hours(tmp_path: object) -> None:
    """A file of 2023 stands for 2028: February keeps its distribution and has 696 hours."""
    from datetime import datetime, timedelta
    from pathlib import Path

    start = datetime(2023, 1, 1)
    rows = [f"{(start + timedelta(hours=i)).isoformat()},{10 + i % 24}" for i in range(365 * 24)]
    Path(str(tmp_path), "prices.csv").write_text("\n".join(["time,usd", *rows]))
    price = {
        "kind": "hourly",
        "file": "prices.csv",
        "time_column": "time",
        "price_column": "usd",
        "times_are": "utc",
        "convention": "hour_beginning",
        "repeat_year": 2023,
        "multiplier": {"flat": 1.0},
    }
    case = scenario(str(tmp_path), power__zones__0__price=price, horizon__end="2028-12")
    table = case.power.zones[0].price.table(Calendar(Month.of("2028-01"), 12), "UTC")
    assert table.month_hours[1] == pytest.approx(696)
    assert table.month_usd_per_mw[1] / 696 == pytest.approx(10 + 11.5)
