"""Months, days and the dates of discounting."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hashlease.models.months import Calendar, Month


def test_month_arithmetic_counts_whole_months() -> None:
    assert str(Month.of("2027-11") + 3) == "2028-02"
    assert Month.of("2028-02").days == 29
    assert Month.of("2027-02").days == 28
    assert Month.of("2027-03") - Month.of("2026-12") == 3


@pytest.mark.parametrize("text", ["2027-13", "2027-00", "27-03", "2027/03", "2027-3", "2027-03-01", "March 2027", "2027-0٣"])
def test_a_month_has_one_form(text: str) -> None:
    with pytest.raises(ValueError, match="not a month"):
        Month.of(text)


def test_dates_of_discounting() -> None:
    # The middle of January 2026 is 15.5 days after the first; February begins 31 days after it. Years have 365.25 days.
    calendar = Calendar(Month.of("2026-01"), 3)
    valued = date(2026, 1, 1)
    assert calendar.mid_month_years(valued) * 365.25 == pytest.approx([15.5, 31 + 14, 59 + 15.5])
    assert calendar.start_of_month_years(valued) * 365.25 == pytest.approx([0, 31, 59])
    assert calendar.end_years(valued) * 365.25 == pytest.approx(90)


def test_leap_year_has_its_day() -> None:
    assert Calendar(Month.of("2028-01"), 12).days.sum() == 366
    assert Calendar(Month.of("2027-01"), 12).days.sum() == 365


def test_means_and_totals_by_year() -> None:
    calendar = Calendar(Month.of("2026-11"), 4)
    monthly = np.array([1.0, 2.0, 3.0, 5.0])
    # November 30 days, December 31; January 31, February 28
    assert calendar.mean_by_year(monthly) == pytest.approx({2026: (30 + 62) / 61, 2027: (93 + 140) / 59})
    assert calendar.total_by_year(monthly) == pytest.approx({2026: 3.0, 2027: 8.0})
