"""The two lines of Odessa's contract in January 2026, by hand: the zone's price at each share of hours, 744 hours, multiplier 1."""

from __future__ import annotations

import hashlease as hl
import pytest

JANUARY = (-15.21, -3.48, -1.22, 1.23, 9.03, 14.22, 18.26, 21.66, 25.03, 30.99, 41.63, 66.93, 103.76, 169.80, 250.59, 395.97)
SHARES = (0.02, 0.03, 0.05, 0.10, 0.10, 0.10, 0.10, 0.10, 0.10, 0.10, 0.10, 0.05, 0.025, 0.015, 0.005, 0.005)
MW, HOURS, USD_PER_MWH, UPTIME = 207.0, 744.0, 27.0, 0.95


def resale(index: float) -> float:
    """Nine tenths of the index less a dollar; energy that would bring less than nothing is not sold."""
    return max(0.9 * index - 1.0, 0.0)


def test_the_contract_in_january() -> None:
    plan = hl.solve(hl.load("odessa"))
    lines = {row["item"]: row["usd"] for row in plan.rows["cash_flow"] if row["period"] == "2026-01" and row["site"] == "Odessa"}
    sold = sum(share * (resale(index) - USD_PER_MWH) for share, index in zip(SHARES, JANUARY, strict=True))
    assert lines["block_settlement"] == pytest.approx(MW * HOURS * sold, rel=1e-9)
    # A MWh earns 93.8 x 0.99 - 9 = 83.9 USD. At 66.93 a MWh would be sold back for 59.2, at 103.76 for 92.4: there machines stop.
    # Where the index is not below 0, energy that is used saves the index and forgoes the resale.
    used = sum(share * (index - resale(index)) for share, index in zip(SHARES, JANUARY, strict=True) if 0 < index < 100)
    assert lines["block_energy_used"] == pytest.approx(UPTIME * MW * HOURS * used, rel=1e-9)
    paid = sum(share * index for share, index in zip(SHARES, JANUARY, strict=True) if index < 100)
    assert lines["mining_power"] == pytest.approx(-UPTIME * MW * HOURS * paid, rel=1e-9)
