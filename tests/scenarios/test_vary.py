"""Scenarios with other values in some fields equal those that were written so, and keep what did not change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cases import data
from hashlease import InputError, Scenario, load
from hashlease.scenarios.vary import name_of, numbers, read, spots, vary

PRICES = "time,usd\n" + "".join(f"2026-01-{day:02}T{hour:02}:00Z,{day + hour}\n" for day in range(1, 32) for hour in range(24))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("market.hashprice.multiplier", 1.2),
        ("leases.*.escalator_per_year", 0.02),
        ("leases.amd_option_75_mw.term_years", 12.0),
        ("finance.capex_budget_usd.2027", 5e8),
        ("fleets.riot_own_machines.hashrate_eh", 12.0),
        ("sites.Rockdale.demand_charge.usd_per_kw_month.flat", 4.0),
    ],
)
def test_equals_the_scenario_that_was_written_so(path: str, value: float) -> None:
    assert vary(load("rockdale"), {path: value}) == load("rockdale", f"{path}={value}")


def test_fields_that_fit_only_together_change_together() -> None:
    """The window opens after the old one has closed, so neither month fits alone."""
    window = {"leases.north.start_window.earliest": "2026-05", "leases.north.start_window.latest": "2026-06"}
    changed = vary(load("two_offers"), window)
    assert changed == load("two_offers", [f"{path}={month}" for path, month in window.items()])
    assert vary(load("two_offers"), dict(reversed(window.items()))) == changed
    with pytest.raises(InputError) as refused:
        vary(load("two_offers"), {**window, "leases.north.start_window.latest": "2026-04"})
    assert refused.value.problems[0].field == "leases.north.start_window.earliest, leases.north.start_window.latest"


def test_a_later_path_wins_where_two_lead_to_the_same_field() -> None:
    rent = {"leases.*.rent_usd_per_kw_month": 90.0, "leases.north.rent_usd_per_kw_month": 110.0}
    assert [lease.rent_usd_per_kw_month for lease in vary(load("two_offers"), rent).leases] == [110.0, 90.0]


def test_what_did_not_change_is_the_same_object() -> None:
    before = load("rockdale")
    after = vary(before, {"leases.amd_option_75_mw.term_years": 12.0})
    assert after.market is before.market
    assert [lease is other for lease, other in zip(after.leases, before.leases, strict=True)].count(False) == 1


def test_a_price_file_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(PRICES)
    written: dict[str, Any] = data(horizon__end="2026-12")
    file = {"file": "prices.csv", "time_column": "time", "price_column": "usd", "times_are": "utc", "convention": "hour_beginning"}
    price = {"kind": "hourly", **file, "repeat_year": 2026, "multiplier": {"flat": 1.0}}
    written["power"]["zones"][0]["price"] = price
    (tmp_path / "prices.csv").write_text("time,usd\n" + "".join(_year()))
    before = Scenario.model_validate(written, context={"folder": str(tmp_path)})
    (tmp_path / "prices.csv").unlink()
    after = vary(before, {"power.zones.*.price.multiplier.flat": 2.0})
    tables = (next(iter(scenario.price_tables.values())) for scenario in (before, after))
    first, second = (table.month_usd_per_mw for table in tables)
    assert second == pytest.approx(2 * first)


def _year() -> list[str]:
    from datetime import UTC, datetime, timedelta

    start = datetime(2025, 12, 31, tzinfo=UTC)
    return [f"{(start + timedelta(hours=hour)).strftime('%Y-%m-%dT%H:%MZ')},{hour % 24}\n" for hour in range(24 * 368)]


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("market.hash", 1.0, "no field hash"),
        ("leases.nobody.term_years", 1.0, 'no "nobody"'),
        ("", 1.0, ""),
        ("market.hashprice.multiplier", -1.0, "-1"),
        ("leases.*.term_years", "long", 'the text "long"'),
        ("leases.amd_option_75_mw.term_years.months", 1.0, "a single value above months"),
        ("leases.*.critical_it_mw", 1e9, ""),
    ],
)
def test_refusals_name_the_path(path: str, value: Any, found: str) -> None:
    with pytest.raises(InputError) as refused:
        vary(load("rockdale"), {path: value})
    assert refused.value.problems[0].field == path
    assert found in refused.value.problems[0].found


def test_all_refusals_at_once() -> None:
    with pytest.raises(InputError) as refused:
        vary(load("rockdale"), {"market.hash": 1, "power.multiplier": -1})
    assert [problem.field for problem in refused.value.problems] == ["market.hash", "power.multiplier"]


def test_every_number_can_be_named_and_read_back() -> None:
    scenario = load("rockdale")
    found = list(numbers(scenario))
    assert len(found) > 100
    for spot, value in found:
        name = name_of(scenario, spot)
        assert spots(scenario, name) == [spot]
        assert read(scenario, spot) == value
