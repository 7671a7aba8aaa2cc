"""New coins per block by month and by day, past and to come."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hashlease.models.halvings import mean_subsidy_btc, subsidy_by_month
from hashlease.models.market import BlockAnchor
from hashlease.models.months import Calendar, Month


def test_months_to_come_are_those_of_the_anchor() -> None:
    calendar = Calendar(Month.of("2024-05"), 240)
    assert subsidy_by_month(calendar) == pytest.approx(BlockAnchor().subsidy_by_month(calendar), rel=1e-9)


def test_another_anchor_moves_the_coming_halving_alone() -> None:
    blocks = BlockAnchor(height=1_050_000, day="2028-05-01")  # type: ignore[arg-type]
    assert subsidy_by_month(Calendar(Month.of("2028-04"), 2), blocks).tolist() == pytest.approx([3.125, 1.5625])
    assert subsidy_by_month(Calendar(Month.of("2020-04"), 1), blocks)[0] == pytest.approx(12.5)


@pytest.mark.parametrize(
    ("month", "coins", "by_hand"),
    [
        ("2009-02", 50.0, "the first era"),
        ("2012-11", (27 + (15 + 24 / 60) / 24) / 30 * 25 + 25, "28 November, 15:24"),
        ("2016-07", (8 + (16 + 46 / 60) / 24) / 31 * 12.5 + 12.5, "9 July, 16:46"),
        ("2020-05", (10 + (19 + 23 / 60) / 24) / 31 * 6.25 + 6.25, "11 May, 19:23"),
        ("2024-04", (19 + 9 / 1_440) / 30 * 3.125 + 3.125, "20 April, 00:09"),
    ],
)
def test_months_of_past_halvings(month: str, coins: float, by_hand: str) -> None:
    assert subsidy_by_month(Calendar(Month.of(month), 1))[0] == pytest.approx(coins, rel=1e-9), by_hand


def test_days_make_their_month() -> None:
    days = np.array([date(2020, 5, day).toordinal() for day in range(1, 32)], dtype=float)
    assert mean_subsidy_btc(days, days + 1).mean() == pytest.approx(subsidy_by_month(Calendar(Month.of("2020-05"), 1))[0], rel=1e-9)


def test_against_the_record_of_the_chain(market_data: Path) -> None:
    """Every day's issuance by its number of blocks; on the days of halvings blocks are not spread evenly."""
    with (market_data / "btc_daily_to_2024.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    days = np.array([date.fromisoformat(row["date"]).toordinal() for row in rows], dtype=float)
    recorded = np.array([float(row["issuance_btc"]) / float(row["block_count"]) for row in rows])
    off = np.abs(mean_subsidy_btc(days, days + 1) / recorded - 1)
    halvings = np.isin(days, [date(*day).toordinal() for day in ((2020, 5, 11), (2024, 4, 19), (2024, 4, 20))])
    assert off[~halvings].max() < 1e-9
    assert off[halvings].max() < 0.02
