"""Internal rate of return."""

from __future__ import annotations

import numpy as np
import pytest
from cases import scenario
from hashlease import solve
from hashlease.optimizer.irr import internal_rate_of_return


def test_one_outlay_and_one_return() -> None:
    # 100 now, 121 in two years: 10 %
    assert internal_rate_of_return(np.array([-100.0, 121.0]), np.array([0.0, 2.0])) == pytest.approx(0.10, abs=1e-12)


def test_an_annuity() -> None:
    # 1000 now, ten times 162.745 a year: 10 %
    usd = np.array([-1000.0, *[162.74539488] * 10])
    assert internal_rate_of_return(usd, np.arange(11.0)) == pytest.approx(0.10, abs=1e-9)


def test_no_outlay_or_no_return_has_no_rate() -> None:
    years = np.array([0.0, 1.0])
    assert internal_rate_of_return(np.array([5.0, 5.0]), years) is None
    assert internal_rate_of_return(np.array([-5.0, -5.0]), years) is None


def test_two_rates_are_none() -> None:
    # -100 + 230 / (1 + r) - 132 / (1 + r)^2 = 0 at 10 % and at 20 %
    assert internal_rate_of_return(np.array([-100.0, 230.0, -132.0]), np.array([0.0, 1.0, 2.0])) is None


def test_rate_of_the_plain_lease() -> None:
    """400,000 on 1 January 2026, 100,000 in the middle of every month: the value at the reported rate is 0."""
    import calendar

    rate = solve(scenario()).rows["leases"][0]["irr"]
    day, worth = 0.0, -400_000.0
    for month in range(1, 13):
        length = calendar.monthrange(2026, month)[1]
        worth += 100_000 * (1 + rate) ** (-(day + length / 2) / 365.25)
        day += length
    assert worth == pytest.approx(0.0, abs=1e-3)
