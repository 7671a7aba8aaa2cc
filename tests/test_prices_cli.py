"""hashlease prices as a person uses it, and its CSV in a scenario."""

from __future__ import annotations

import math
import re
from datetime import date
from pathlib import Path

import ercot
import pytest
import yaml
from cases import data
from hashlease import load
from hashlease.cli import run_command


def wave(day: date, hour: int, mark: str) -> float:
    return round(30 + 25 * math.cos(hour / 4) + day.day, 2)


@pytest.fixture
def year(tmp_path: Path) -> str:
    rows = ercot.day_ahead(ercot.days(date(2024, 1, 1), 366), ["HB_WEST", "LZ_WEST"], wave)
    return str(ercot.workbook(tmp_path / "dam.xlsx", {"2024": rows}))


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run_command(["prices", *arguments]) == 0
    return capsys.readouterr().out


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run_command(["prices", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_a_row_for_each_point(year: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed([year], capsys)
    assert "dam.xlsx: ERCOT settlement point prices, day-ahead" in out
    assert re.search(r"HB_WEST +8,784 +0 +0 ", out)
    assert "--point HB_WEST shows one of them in full" in out


@pytest.mark.parametrize("width", [80, 120])
def test_one_point_in_full(year: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = printed([year, "--point", "LZ_WEST"], capsys)
    assert max(map(len, out.splitlines())) <= width
    flat = " ".join(out.split())
    assert "8,784 hours with a price, 2024-01-01 00:00 to 2025-01-01 00:00 America/Chicago" in flat
    assert "no gaps, no duplicates, in order" in flat
    assert "clocks changed on 2 days, each of the right length: 2024-03-10 23 h; 2024-11-03 25 h" in flat


def test_the_csv_prices_a_scenario(year: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ERCOT's workbook, written as CSV and read as the block of YAML says, gives the hours of every month."""
    out = printed([year, "--point", "HB_WEST", "--out", str(tmp_path / "west.csv")], capsys)
    price = yaml.safe_load(out[out.index("price:") :])["price"]
    assert price["file"] == "west.csv"
    case = tmp_path / "case.yaml"
    zone = {"name": "Zone", "time_zone": "America/Chicago", "price": {**price, "repeat_year": 2024, "multiplier": {"flat": 1.0}}}
    case.write_text(yaml.safe_dump(data(power__zones=[zone])))
    loaded = load(case)
    table = loaded.price_tables["Zone"]
    march = [wave(day, hour, flag) for day in ercot.days(date(2024, 3, 1), 31) for hour, flag in ercot.hours(day)]
    assert table.month_hours[2] == 743 == len(march)
    assert table.month_usd_per_mw[2] == pytest.approx(sum(march), rel=1e-12)


def test_means_of_months_are_a_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ercot.ancillary(ercot.days(date(2024, 2, 28), 13), wave)
    del rows[5]
    file = ercot.workbook(tmp_path / "as.xlsx", {"2024": rows})
    out = printed([str(file), "--point", "RRS", "--monthly", str(tmp_path / "rrs.csv")], capsys)
    assert "{csv: rrs.csv, month_column: month, value_column: usd_per_mw_hour}" in out
    assert (tmp_path / "rrs.csv").read_text().splitlines()[0] == "month,usd_per_mw_hour,hours,missing_hours"
    february, march = (line.split(",") for line in (tmp_path / "rrs.csv").read_text().splitlines()[1:])
    # 47 of the 696 hours of February 2024 are there; 11 days of March, the tenth of them with 23 hours, of 743.
    assert (february[0], february[2:]) == ("2024-02", ["47", "649"])
    assert (march[0], march[2:]) == ("2024-03", ["263", "480"])
    hours = [wave(day, hour, flag) for day in ercot.days(date(2024, 3, 1), 11) for hour, flag in ercot.hours(day)]
    assert float(march[1]) == pytest.approx(sum(hours) / len(hours), rel=1e-12)
    path = {"csv": "rrs.csv", "month_column": "month", "value_column": "usd_per_mw_hour", "then_growth_per_year": 0.0}
    zone = {"name": "Zone", "time_zone": "UTC", "price": {"kind": "flat", "usd_per_mwh": path}}
    case = tmp_path / "case.yaml"
    case.write_text(yaml.safe_dump(data(power__zones=[zone])))
    assert load(case).price_tables["Zone"].usd_per_mwh[0, 0] == pytest.approx(float(march[1]))


def test_gaps_are_written_as_gaps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ercot.day_ahead(ercot.days(date(2024, 1, 1), 2), ["HB_WEST"], wave)
    del rows[10:14]
    file = ercot.workbook(tmp_path / "dam.xlsx", {"Jan": rows})
    out = printed([str(file), "--out", str(tmp_path / "west.csv")], capsys)
    assert "gaps: 4 h missing in 1 place, the longest of 4 h: 2024-01-01 09:00 (4 h)" in " ".join(out.split())
    assert "# gaps longer than fill_gaps_up_to_hours" in out
    assert len((tmp_path / "west.csv").read_text().splitlines()) == 45


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "west.csv"], ["2 series", "--point HB_WEST"]),
        (["--point", "HB_WEST", "--out", "west.parquet"], ['the ending ".parquet"', ".csv"]),
        (["--monthly", "west.csv"], ["--monthly", "2 series"]),
        (["--point", "HB_WEST", "--monthly", "west.txt"], ['the ending ".txt"']),
        (["--point", "HB_EAST"], ['no prices of "HB_EAST"', "HB_WEST, LZ_WEST"]),
        (["--point", "HB_WEST", "--time-column", "x"], ["--point beside stated columns"]),
    ],
)
def test_refused(arguments: list[str], words: list[str], year: str, capsys: pytest.CaptureFixture[str]) -> None:
    err = refused([year, *arguments], capsys)
    assert all(word in err for word in words), err


def test_contradictions_are_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ercot.day_ahead([date(2024, 1, 1)], ["HB_WEST"], wave)
    rows.append([*rows[1][:4], 5.0])
    file = ercot.workbook(tmp_path / "dam.xlsx", {"Jan": rows})
    target = tmp_path / "west.csv"
    err = refused([str(file), "--out", str(target)], capsys)
    assert "1 times with two prices, first 2024-01-01T06:00Z" in err
    assert not target.exists()


def test_ancillary_prices_are_no_prices_of_energy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = ercot.workbook(tmp_path / "as.xlsx", {"2024": ercot.ancillary([date(2024, 1, 1)], wave)})
    printed([str(file), "--point", "RRS"], capsys)
    err = refused([str(file), "--point", "RRS", "--out", str(tmp_path / "rrs.csv")], capsys)
    assert "USD per MW and hour" in err


def reserve(day: date, hour: int, service: str) -> float:
    return round(wave(day, hour, service) / len(service), 2)


def services(folder: Path, first: date, count: int) -> str:
    return str(ercot.workbook(folder / "as.xlsx", {"2024": ercot.ancillary(ercot.days(first, count), reserve)}))


def test_both_prices_of_each_hour_in_one_file(year: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ERCOT's two workbooks as one CSV, and a scenario that reads it as the block of YAML says."""
    beside = ["--ancillary", services(tmp_path, date(2024, 1, 1), 366), "--product", "RRS", "--product", "ECRS"]
    out = printed([year, "--point", "HB_WEST", *beside, "--out", str(tmp_path / "west.csv")], capsys)
    price = yaml.safe_load(out[out.index("price:") :])["price"]
    assert price["ancillary_columns"] == [{"name": "RRS", "column": "rrs"}, {"name": "ECRS", "column": "ecrs"}]
    zone = {"name": "Zone", "time_zone": "America/Chicago", "price": {**price, "repeat_year": 2024, "multiplier": {"flat": 1.0}}}
    sold = [{"name": "ECRS", "share_fraction": 0.3, "hourly_prices": "ECRS"}]
    case = tmp_path / "case.yaml"
    case.write_text(yaml.safe_dump(data(power__zones=[zone], sites__0__ancillary_services=sold)))
    table = load(case).price_tables["Zone"]
    clock = [(day, hour, flag) for day in ercot.days(date(2024, 11, 1), 30) for hour, flag in ercot.hours(day)]
    expected = sorted((wave(day, hour, flag), reserve(day, hour, "ECRS")) for day, hour, flag in clock)
    assert len(expected) == 721
    pairs = zip(table.usd_per_mwh[10], table.ancillary_usd["ECRS"][10], table.hours[10], strict=True)
    assert sorted((usd, price) for usd, price, hours in pairs if hours) == expected


def test_a_quarter_of_an_hour_has_the_reserve_price_of_its_hour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ercot.real_time([date(2024, 1, 2)], [("HB_WEST", "HU")], wave)
    file, target = ercot.workbook(tmp_path / "rtm.xlsx", {"2024": rows}), tmp_path / "west.csv"
    beside = ["--ancillary", services(tmp_path, date(2024, 1, 2), 1), "--product", "NSPIN"]
    out = printed([str(file), *beside, "--out", str(target)], capsys)
    assert "resolution_minutes: 15" in out
    header, *lines = target.read_text().splitlines()
    assert header == "utc_start,usd_per_mwh,nspin"
    found = [float(line.split(",")[2]) for line in lines]
    assert found == [reserve(date(2024, 1, 2), hour, "NSPIN") for hour in range(1, 25) for _ in range(4)]


@pytest.mark.parametrize(
    ("days", "arguments", "words"),
    [
        (365, ["--out", "west.csv"], ["REGUP", "no price in 24 of the 8,784 steps of HB_WEST, first 2024-12-31T06:00Z"]),
        (366, [], ["--ancillary", "no --out"]),
        (366, ["--out", "west.csv", "--product", "RSS"], ["--product", 'no prices of "RSS"', "did you mean RRS?"]),
    ],
)
def test_refused_beside_energy(
    days: int,
    arguments: list[str],
    words: list[str],
    year: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    beside = ["--ancillary", services(tmp_path, date(2024, 1, 1), days)]
    err = refused([year, "--point", "HB_WEST", *beside, *arguments], capsys)
    assert all(word in err for word in words), err
    assert not (tmp_path / "west.csv").exists()


def test_energy_is_no_ancillary_service(year: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "west.csv"
    err = refused([year, "--point", "HB_WEST", "--ancillary", year, "--out", str(target)], capsys)
    assert "prices of energy" in err and "DAMASMCPC" in err
    assert "no --ancillary" in refused([year, "--point", "HB_WEST", "--product", "RRS", "--out", str(target)], capsys)
    assert not target.exists()
