"""Hashprice and subsidy against closed forms and published figures."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from cases import scenario
from hashlease.models.market import (
    BlockAnchor,
    difficulty_of_network,
    hashprice_btc_per_ph_day,
    subsidy_btc,
)
from hashlease.models.months import Calendar, Month


@pytest.mark.parametrize(
    ("height", "subsidy"),
    [(0, 50.0), (209_999, 50.0), (210_000, 25.0), (840_000, 3.125), (1_049_999, 3.125), (1_050_000, 1.5625), (1_260_000, 0.78125)],
)
def test_subsidy_schedule(height: int, subsidy: float) -> None:
    assert subsidy_btc(height) == subsidy


def test_hashprice_of_the_worked_example() -> None:
    # difficulty 100 T, 3.125 BTC, no fees, 100,000 USD: 10^15 x 86400 / (10^14 x 2^32) x 3.125 x 100,000 = 62.86 USD/PH/day
    assert float(hashprice_btc_per_ph_day(1e14, 3.125, 0.0)) * 100_000 == pytest.approx(62.86, abs=0.01)


@pytest.mark.parametrize(
    ("difficulty", "fees_fraction", "btc_per_ph_day"),
    [
        (155.97e12, 0.0062, 0.00040577),  # Hashrate Index, 3 November 2025
        (146.47e12, 0.0055, 0.00043143),  # Hashrate Index, 12 January 2026; the post's 148.26 T is the value before the adjustment
    ],
)
def test_hashrate_index_points(difficulty: float, fees_fraction: float, btc_per_ph_day: float) -> None:
    found = float(hashprice_btc_per_ph_day(difficulty, 3.125, 3.125 * fees_fraction))
    assert found == pytest.approx(btc_per_ph_day, rel=1e-3)


def test_hashrate_index_january_in_dollars() -> None:
    assert float(hashprice_btc_per_ph_day(146.47e12, 3.125, 3.125 * 0.0055)) * 91_132 == pytest.approx(39.53, rel=5.5e-3)


def test_the_difficulty_before_the_adjustment_does_not_reproduce_the_figure() -> None:
    found = float(hashprice_btc_per_ph_day(148.26e12, 3.125, 3.125 * 0.0055))
    assert found != pytest.approx(0.00043143, rel=5e-3)


@pytest.mark.parametrize(
    ("month", "btc_usd", "network_eh", "k_usd_per_eh_day"),
    [  # JPMorgan, as reported month by month in the press; price is the mean of daily closes
        ("2024-08", 59_912, 631, 43.6),
        ("2024-09", 60_359, 643, 42.1),
        ("2025-01", 100_086, 785, 57.2),
        ("2025-09", 113_258, 1_031, 49.7),
        ("2025-11", 96_434, 1_074, 41.4),
        ("2025-12", 89_011, 1_045, 38.7),
        ("2026-01", 90_526, 981, 42.35),
    ],
)
def test_revenue_per_eh_as_jpmorgan_reports_it(month: str, btc_usd: float, network_eh: float, k_usd_per_eh_day: float) -> None:
    # 450 BTC a day x price / network; the rest is fees and the drift of the block rate: -1 % to +2.5 %.
    per_ph_day = float(hashprice_btc_per_ph_day(difficulty_of_network(network_eh), 3.125, 0.0)) * btc_usd
    assert per_ph_day == pytest.approx(450 * btc_usd / (network_eh * 1000), rel=1e-12)
    assert -0.01 <= k_usd_per_eh_day / per_ph_day - 1 <= 0.025


def test_steady_state_form_agrees_with_difficulty() -> None:
    # (subsidy + fees) x 144 / network in PH/s
    found = hashprice_btc_per_ph_day(difficulty_of_network(1_000.0), 3.125, 0.02)
    assert found == pytest.approx((3.125 + 0.02) * 144 / 1_000_000, rel=1e-12)


def test_month_of_the_halving_is_prorated() -> None:
    # Block 840,000 on 20 April 2024; 210,000 blocks at 144 a day are 1,458 1/3 days: 17 April 2028, 08:00 UTC.
    blocks = BlockAnchor()
    assert blocks.time_of(1_050_000) == datetime(2028, 4, 17, 8, tzinfo=UTC)
    subsidy = blocks.subsidy_by_month(Calendar(Month.of("2028-03"), 3))
    before = (16 + 8 / 24) / 30  # share of April before the halving
    assert subsidy[0] == 3.125
    assert subsidy[1] == pytest.approx(before * 3.125 + (1 - before) * 1.5625, rel=1e-12)
    assert subsidy[2] == 1.5625


def test_halving_exactly_at_the_turn_of_a_month() -> None:
    blocks = BlockAnchor(height=1_050_000, day="2028-05-01")  # type: ignore[arg-type]
    subsidy = blocks.subsidy_by_month(Calendar(Month.of("2028-04"), 2))
    assert subsidy.tolist() == [3.125, 1.5625]


def test_coins_of_four_years_from_january_2026() -> None:
    # About 517.7 thousand BTC with the halving of April 2028.
    calendar = Calendar(Month.of("2026-01"), 48)
    coins = float(np.sum(BlockAnchor().subsidy_by_month(calendar) * 144 * calendar.days))
    assert coins == pytest.approx(517_700, rel=2e-3)


def network(**changes: object) -> dict[str, object]:
    return {
        "kind": "network",
        "btc_price_usd": {"flat": 90_000.0},
        "network_eh": {"flat": 1_000.0},
        "fees_fraction_of_subsidy": {"flat": 0.01},
        **changes,
    }


def test_network_hashprice_in_both_units() -> None:
    # 3.125 x 1.01 x 144 / 1,000,000 PH = 0.0004545 BTC/PH/day; x 90,000 = 40.905 USD/PH/day
    case = scenario(market__hashprice=network())
    path = case.market.hashprice.market(case.calendar)
    assert path.hashprice_btc_per_ph_day is not None
    assert path.hashprice_btc_per_ph_day[0] == pytest.approx(0.0004545, rel=1e-12)
    assert path.hashprice_usd_per_ph_day[0] == pytest.approx(40.905, rel=1e-12)


def test_difficulty_instead_of_network() -> None:
    difficulty = float(difficulty_of_network(1_000.0))
    by_difficulty = scenario(market__hashprice=network(network_eh=None, difficulty={"flat": difficulty}))
    by_network = scenario(market__hashprice=network())
    paths = [case.market.hashprice.market(case.calendar).hashprice_usd_per_ph_day for case in (by_difficulty, by_network)]
    assert paths[0] == pytest.approx(paths[1], rel=1e-12)


def test_multiplier_scales_the_whole_path() -> None:
    plain, doubled = (
        case.market.hashprice.market(case.calendar).hashprice_usd_per_ph_day
        for case in (scenario(market__hashprice=network()), scenario(market__hashprice=network(multiplier=2.0)))
    )
    assert doubled == pytest.approx(2 * plain, rel=1e-15)


def test_real_hashprice_of_whole_months(market_data: object) -> None:
    """Mean hashprice of 2024's months from mean price, mean network hashrate and fees: within 3 % of the daily record."""
    import csv
    from pathlib import Path

    with (Path(str(market_data)) / "btc_daily_to_2024.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["date"].startswith("2024")]
    for month in ("2024-01", "2024-03", "2024-06", "2024-10"):
        days = [row for row in rows if row["date"].startswith(month)]
        mean = {
            key: float(np.mean([float(row[key]) for row in days]))
            for key in ("price_usd", "difficulty_implied", "hashprice_usd_ph_day")
        }
        blocks, fees = (sum(float(row[key]) for row in days) for key in ("block_count", "fees_btc"))
        subsidy = sum(float(row["issuance_btc"]) for row in days) / blocks
        found = float(hashprice_btc_per_ph_day(mean["difficulty_implied"], subsidy, fees / blocks)) * mean["price_usd"]
        assert found == pytest.approx(mean["hashprice_usd_ph_day"], rel=0.03), month
