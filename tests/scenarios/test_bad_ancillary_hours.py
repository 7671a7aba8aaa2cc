"""Hourly prices of ancillary services that do not fit: every mistake with its line, what was found, what is allowed, a fix."""

from __future__ import annotations

from pathlib import Path

import pytest
from hashlease.cli import run_command
from hashlease.errors import InputError, Problem
from hashlease.scenarios.load import load
from scenario_text import FLAT_PRICE, GOOD, changed, hourly, january, prices, write

CHARGED = "      avoided_by_mining_fraction: 0.9"
SERVICE = "sites.Rockdale.ancillary_services.ECRS"
PRICE = "power.zones.West.price"
COLUMNS = "[{name: ECRS, column: ecrs}]"
FILE = prices(january(), "time,usd,ecrs", "40,5")
BANDS = f"""\
        kind: duration_bands
        share_of_hours_fraction: [0.5, 0.5]
        usd_per_mwh: {[[20, 60]] * 12}
        multiplier: {{flat: 1}}
"""


def profile(months: int = 12, hours: int = 24, usd: float = 5, level: str = "multiplier: {flat: 1}") -> str:
    return f"""\
        kind: month_hour_profile
        usd_per_mwh: {[[40] * 24] * 12}
        ancillary_usd_per_mw_hour:
          RRS: {[[usd] * hours] * months}
        {level}
"""


def sold(service: str, text: str = GOOD, price: str = "") -> str:
    """The text with a service of 30 % of mining, and the zone at another price."""
    text = changed(FLAT_PRICE, price, text) if price else text
    services = f"{CHARGED}\n    ancillary_services: [{{name: ECRS, share_fraction: 0.3{service}}}]"
    return changed(CHARGED, services, text)


HOURLY = ", hourly_prices: ECRS"


def from_file(**spec: object) -> str:
    return sold(HOURLY, hourly(**spec))


Case = tuple[str, str, str, str, str, str]
"""Scenario, price file; field, and what is found, allowed and the hint."""


def bad_row(row: str, instead: str, found: str, allowed: str, hint: str = "") -> Case:
    """A good scenario, and a file with another row in place of its first row like this."""
    return from_file(ancillary_columns=COLUMNS), FILE.replace(row, instead, 1), f"{PRICE}.file", found, allowed, hint


CASES: dict[str, Case] = {
    "neither": (sold(""), FILE, f"{SERVICE}.usd_per_mw_hour", "neither usd_per_mw_hour nor", "exactly one", ""),
    "both": (
        sold(", usd_per_mw_hour: {flat: 8}, hourly_prices: ECRS"),
        FILE,
        f"{SERVICE}.usd_per_mw_hour",
        "both usd_per_mw_hour and hourly_prices",
        "exactly one of the two",
        "",
    ),
    "flat zone": (
        sold(HOURLY),
        FILE,
        f"{SERVICE}.hourly_prices",
        'no hourly prices "ECRS" in the prices of West, which are of kind flat',
        "hourly or month_hour_profile, which know the hours",
        "the mean of each month",
    ),
    "zone in bands": (
        sold(HOURLY, price=BANDS),
        FILE,
        f"{SERVICE}.hourly_prices",
        "which are of kind duration_bands",
        "hourly or month_hour_profile",
        "usd_per_mw_hour",
    ),
    "no columns": (
        from_file(),
        FILE,
        f"{SERVICE}.hourly_prices",
        'no hourly prices "ECRS" in the prices of West',
        "a product that the zone's price states",
        "ancillary_columns: [{name: ECRS, column: ...}]",
    ),
    "another product": (
        from_file(ancillary_columns="[{name: ECRS 2024, column: ecrs}]"),
        FILE,
        f"{SERVICE}.hourly_prices",
        'no hourly prices "ECRS"',
        "one of: ECRS 2024",
        "did you mean ECRS 2024?",
    ),
    "another product of a profile": (
        sold(HOURLY, price=profile()),
        FILE,
        f"{SERVICE}.hourly_prices",
        'no hourly prices "ECRS"',
        "one of: RRS",
        "",
    ),
    "no such column": (
        from_file(ancillary_columns="[{name: ECRS, column: ecsr}]"),
        FILE,
        f"{PRICE}.ancillary_columns.ECRS.column",
        'no column "ecsr" in prices.csv',
        "one of: time, usd, ecrs",
        "did you mean ecrs?",
    ),
    "the price of energy": (
        from_file(ancillary_columns="[{name: ECRS, column: usd}]"),
        FILE,
        f"{PRICE}.ancillary_columns.ECRS.column",
        'the column "usd", which price_column names too',
        "a column of its own",
        "",
    ),
    "a hole": bad_row(
        "T05:00-06:00,40,5",
        "T05:00-06:00,40,",
        "prices.csv line 7: ecrs without a value",
        "a price in every row",
        "0 in the hours in which the product was not sold",
    ),
    "a missing hour": bad_row("2026-01-01T05:00-06:00,40,5\n", "", "1 prices missing: 2026-01-01T11:00Z", "every step"),
    "not a number": bad_row(",40,5", ",40,NaN", 'line 2: ecrs "NaN"', "a finite number"),
    "negative": bad_row(",40,5", ",40,-5", "line 2: ecrs -5 USD per MW and hour", "0 to 30,000 USD per MW and hour"),
    "absurd": bad_row(",40,5", ",40,99999", "line 2: ecrs 99,999 USD per MW and hour", "0 to 30,000"),
    "a short row": bad_row(",40,5", ",40", "line 2: 2 fields", "3 fields as in the header"),
    "eleven months": (
        sold(", hourly_prices: RRS", price=profile(months=11)),
        FILE,
        f"{PRICE}.ancillary_usd_per_mw_hour.RRS",
        "11 entries",
        "12: one row for each month",
        "",
    ),
    "23 hours": (
        sold(", hourly_prices: RRS", price=profile(hours=23)),
        FILE,
        f"{PRICE}.ancillary_usd_per_mw_hour.RRS.0",
        "23 entries",
        "24: one price for each clock hour",
        "",
    ),
    "a year in a profile": (
        sold(", hourly_prices: RRS", price=profile(usd=84_000)),
        FILE,
        f"{PRICE}.ancillary_usd_per_mw_hour.RRS.0.0",
        "84,000 USD per MW and hour",
        "0 to 30,000 USD",
        "USD per MW and year is 9.58904 USD per MW and hour",
    ),
    "a forward below 0": (
        sold(", hourly_prices: RRS", price=profile(level="monthly_mean_usd_per_mwh: {flat: -5}")),
        FILE,
        f"{PRICE}.monthly_mean_usd_per_mwh",
        "a forward of -5 USD/MWh, which would turn the ancillary prices negative",
        "not negative",
        "multiplier",
    ),
}


def problems(folder: Path, text: str, file: str) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        load(write(folder, text, {"prices.csv": file}))
    return list(caught.value.problems)


@pytest.mark.parametrize("name", CASES)
def test_refused_in_words(name: str, tmp_path: Path) -> None:
    text, file, field, found, allowed, hint = CASES[name]
    first = problems(tmp_path, text, file)[0]
    assert first.field == field
    assert found in first.found
    assert allowed in first.allowed
    assert hint in first.hint
    line = int(first.where.rpartition(":")[2])
    word = field.removesuffix(".0").removesuffix(".0").rpartition(".")[2]
    assert word in text.splitlines()[line - 1] or "ECRS" in text.splitlines()[line - 1], first.where


def test_one_mistake_is_one_problem_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("flat zone", "no such column", "a hole", "eleven months"):
        text, file, *_ = CASES[name]
        assert len(problems(tmp_path, text, file)) == 1, name
        assert run_command(["run", str(tmp_path / "scenario.yaml"), "--out", str(tmp_path / "out")]) == 2
        assert not (tmp_path / "out").exists()
        capsys.readouterr()


@pytest.mark.parametrize(
    "beside", ["energy_cap: {mwh_per_year: 700000}", "blocks: [{name: B, mw: 9, usd_per_mwh: 35, resale_fraction: 0.9}]"]
)
def test_caps_and_blocks_to_use_stand_beside_it(beside: str, tmp_path: Path) -> None:
    text = from_file(ancillary_columns=COLUMNS)
    block = "    blocks:\n      - {name: Block, mw: 40, usd_per_mwh: 35, from: 2026-01, to: 2027-12}\n"
    text = changed(block, f"    {beside.replace('9}', '9, from: 2026-01, to: 2027-12}')}\n", text)
    assert load(write(tmp_path, text, {"prices.csv": FILE})).sites[0].decides_hours


def test_a_good_one_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = prices(january(), "time,usd,ecrs", "40,5").replace(",40,5", ",40,749", 1)
    assert run_command(["validate", str(write(tmp_path, from_file(ancillary_columns=COLUMNS), {"prices.csv": file}))]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "ancillary service ECRS, 30 % of mining, hour by hour 5.00 to 749.00 USD per MW-hour, 6.00 on the mean of all hours" in said
    )
