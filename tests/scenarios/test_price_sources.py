"""ERCOT's files as they are downloaded, and other files with stated columns: what is found in them, and what is refused."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ercot
import numpy as np
import pandas as pd
import pytest
from hashlease import InputError
from hashlease.models.price_report import PriceReport
from hashlease.scenarios.price_sources import Prices, price_reports

JANUARY = date(2024, 1, 1)


def by_hour(day: date, hour: int, mark: str) -> float:
    """A price that tells the day, the hour and the pass: 100 x day of the month + hour, half a dollar more in the second pass."""
    return 100 * day.day + hour + (0.5 if mark.startswith("Y") else 0.0)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def only(prices: Prices) -> PriceReport:
    (report,) = prices.reports.values()
    return report


def test_a_day_ahead_workbook_with_a_sheet_a_month(tmp_path: Path) -> None:
    sheets = {
        "Jan": ercot.day_ahead(ercot.days(date(2024, 1, 31), 1), ["HB_NORTH", "HB_WEST"], by_hour),
        "Feb": ercot.day_ahead(ercot.days(date(2024, 2, 1), 1), ["HB_NORTH", "HB_WEST"], by_hour),
    }
    file = ercot.workbook(tmp_path / "rpt.00013060.DAMLZHBSPP_2024.xlsx", sheets)
    prices = price_reports([file])
    assert list(prices.reports) == ["HB_NORTH", "HB_WEST"]
    assert prices.kind == "ERCOT settlement point prices, day-ahead"
    report = prices.reports["HB_WEST"]
    # Hours are named by their end: the one ending at 24:00 on 31 January begins at 23:00, which is 05:00 UTC of 1 February.
    assert (report.start_utc, report.end_utc) == (at("2024-01-31T06:00"), at("2024-02-02T06:00"))
    assert report.price.tolist() == [*range(3_101, 3_125), *range(101, 125)]
    assert (report.missing_hours, report.duplicates, report.contradictions, report.out_of_order) == (0, 0, (), 0)


@pytest.mark.parametrize(
    ("day", "count", "start"), [(ercot.SPRING, 23, "2024-03-10T06:00"), (ercot.AUTUMN, 25, "2024-11-03T05:00")]
)
def test_days_of_changed_clocks(day: date, count: int, start: str, tmp_path: Path) -> None:
    file = ercot.workbook(tmp_path / "dam.xlsx", {"Sheet": ercot.day_ahead(ercot.days(day, 2), ["HB_WEST"], by_hour)})
    report = only(price_reports([file], ["HB_WEST"]))
    assert (report.start_utc, report.hours, report.missing_hours) == (at(start), count + 24, 0)
    ((changed),) = report.clock_days()
    assert (changed.day, changed.hours, changed.found) == (day, count, count)
    if day == ercot.AUTUMN:
        # Hours ending at 1, 2, 2 again, 3: the flag is Y in the second pass.
        assert report.price[:4].tolist() == [301, 302, 302.5, 303]
    else:
        assert report.price[:3].tolist() == [1_001, 1_002, 1_004]


def test_a_real_time_workbook_has_quarter_hours_and_weighted_zones_apart(tmp_path: Path) -> None:
    points = [("HB_WEST", "HU"), ("LZ_WEST", "LZ"), ("LZ_WEST", "LZEW")]
    rows = ercot.real_time([ercot.AUTUMN], points, by_hour)
    rows.insert(5, ["11/03/2024", "", "", "", "", "", ""])  # a row without hour, as ERCOT writes where the clock skips one
    file = ercot.workbook(tmp_path / "rtm.xlsx", {"Nov": rows})
    prices = price_reports([file])
    assert list(prices.reports) == ["HB_WEST", "LZ_WEST", "LZ_WEST LZEW"]
    report = prices.reports["LZ_WEST"]
    assert (report.step_minutes, report.hours, report.start_utc) == (15, 25, at("2024-11-03T05:00"))
    # Interval 1 of the hour ending at 2 begins at 01:00; four of the first pass, then four of the second.
    assert report.price[4:12].tolist() == pytest.approx([302.01, 302.02, 302.03, 302.04, 302.51, 302.52, 302.53, 302.54])


def test_ancillary_prices_below_a_title(tmp_path: Path) -> None:
    rows = ercot.ancillary(ercot.days(JANUARY, 1), lambda day, hour, service: 25_000.0 if service == "RRS" else float(hour))
    file = ercot.workbook(tmp_path / "DAMASMCPC_2024.xlsx", {"2024": rows}, above=7)
    prices = price_reports([file])
    assert list(prices.reports) == ["REGUP", "REGDN", "RRS", "NSPIN", "ECRS"]
    assert prices.reports["RRS"].unit == "USD per MW and hour"
    assert prices.reports["RRS"].price.max() == 25_000
    assert prices.reports["ECRS"].price.tolist() == list(range(1, 25))


def test_csv_in_its_archive(tmp_path: Path) -> None:
    header = "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag\n"
    lines = [f"08/05/2025,{hour:02}:00,HB_WEST, {hour}.5,N\n" for hour in range(1, 25)]
    file = ercot.zipped(tmp_path / "dam.zip", "cdr.00012331.DAMSPNP4190.csv", (header + "".join(lines)).encode())
    report = only(price_reports([file]))
    # N in summer: the flag marks the repeated hour alone.
    assert (report.start_utc, report.hours) == (at("2025-08-05T05:00"), 24)
    assert report.price[0] == 1.5


def test_ancillary_csv_in_rows(tmp_path: Path) -> None:
    header = "DeliveryDate,HourEnding,AncillaryType,MCPC,DSTFlag\n"
    lines = [f"08/05/2025,{hour:02}:00,{service},{hour},N\n" for hour in (1, 2) for service in ("ECRS", "REGDN")]
    file = tmp_path / "as.csv"
    file.write_text(header + "".join(lines))
    prices = price_reports([file], ["ECRS"])
    assert only(prices).unit == "USD per MW and hour"
    assert only(prices).price.tolist() == [1, 2]


def test_a_workbook_in_its_archive_and_several_files(tmp_path: Path) -> None:
    files = []
    for n, day in enumerate(ercot.days(JANUARY, 2)):
        book = ercot.workbook(tmp_path / f"{n}.xlsx", {"Jan": ercot.day_ahead([day], ["HB_WEST"], by_hour)})
        files.append(ercot.zipped(tmp_path / f"{n}.zip", f"{n}.xlsx", book.read_bytes()))
    report = only(price_reports(files[::-1]))
    assert (report.hours, report.missing_hours, report.out_of_order) == (48, 0, 1)
    assert report.price.tolist() == [*range(101, 125), *range(201, 225)]


def test_dates_of_a_spreadsheet_are_dates(tmp_path: Path) -> None:
    rows = ercot.day_ahead([JANUARY], ["HB_WEST"], by_hour)
    for row in rows[1:]:
        row[0], row[1] = datetime(2024, 1, 1), int(row[1][:2])
    report = only(price_reports([ercot.workbook(tmp_path / "dam.xlsx", {"Jan": rows})]))
    assert report.price.tolist() == list(range(101, 125))


# --- what is found --------------------------------------------------------------------------------------------------------


def test_gaps_duplicates_and_contradictions(tmp_path: Path) -> None:
    rows = ercot.day_ahead(ercot.days(JANUARY, 2), ["HB_WEST"], by_hour)
    del rows[30:33]  # hours ending at 6, 7 and 8 of the second day
    rows.append(rows[1])
    rows.append([*rows[2][:4], 999.0])
    rows.append([*rows[3][:4], ""])
    report = only(price_reports([ercot.workbook(tmp_path / "dam.xlsx", {"Jan": rows})]))
    (gap,) = report.gaps
    assert (gap.start_utc, gap.steps, report.missing_hours) == (at("2024-01-02T11:00"), 3, 3)
    assert report.duplicates == 1
    assert report.contradictions == ((at("2024-01-01T07:00"), 102.0, 999.0),)
    assert report.price[1] == 102
    assert report.hours == 45


def columns(**changes: Any) -> dict[str, Any]:
    return {"time_column": "time", "price_column": "usd", "times_are": "utc", "convention": "hour_beginning", **changes}


def generic(folder: Path, rows: list[tuple[str, str]]) -> Path:
    file = folder / "prices.csv"
    file.write_text("\n".join(["time,usd", *(",".join(row) for row in rows)]) + "\n")
    return file


def test_levels_and_duration_by_hand(tmp_path: Path) -> None:
    # New Year in Chicago is 06:00 UTC: hours from 04:00 to 07:00 UTC are two of 2025 and two of 2026.
    rows = [("2026-01-01T04:00", "-10"), ("2026-01-01T05:00", "30"), ("2026-01-01T06:00", "50"), ("2026-01-01T07:00", "90")]
    report = only(price_reports([generic(tmp_path, rows)], columns=columns()))
    first, second, whole = report.levels()
    assert (first.label, first.hours, first.mean, first.negative_hours, first.lowest) == ("2025", 2, 10, 1, -10)
    assert (second.label, second.mean, second.highest, second.negative_hours) == ("2026", 70, 90, 0)
    assert (whole.label, whole.hours, whole.mean, whole.median, whole.dearest_percent_mean) == ("all", 4, 40, 40, 90)
    assert dict(report.duration()) == {
        0.0: 90,
        0.1: 90,
        1.0: 90,
        5.0: 90,
        10.0: 90,
        25.0: 50,
        50.0: 30,
        75.0: -10,
        90.0: -10,
        95.0: -10,
        99.0: -10,
        100.0: -10,
    }


def test_rows_without_a_price_and_between_the_steps(tmp_path: Path) -> None:
    times = [f"2026-01-01T{hour:02}:00" for hour in range(6)]
    rows = [(time, str(n)) for n, time in enumerate(times)]
    rows[2] = (times[2], "")
    rows.append(("2026-01-01T04:20", "7"))
    report = only(price_reports([generic(tmp_path, rows)], columns=columns()))
    assert (report.without_price, report.odd_times, report.missing_hours, report.hours) == (1, 1, 1, 5)


def test_a_stub_is_seen(tmp_path: Path) -> None:
    start = datetime(2026, 1, 1)
    rows = [(f"{start + timedelta(hours=n):%Y-%m-%dT%H:%M}", "40" if 10 <= n < 90 else str(n)) for n in range(100)]
    report = only(price_reports([generic(tmp_path, rows)], columns=columns()))
    assert report.longest_standstill() == (80.0, at("2026-01-01T10:00"), 40.0)


def test_real_files(market_data: Path) -> None:
    """Day-ahead and real-time prices as they are kept for the tests: their traps are found."""
    day_ahead = only(
        price_reports(
            [market_data / "ercot_dam_hourly_to_2024.parquet"], columns=columns(time_column="utc_start", price_column="HB_WEST")
        )
    )
    levels = {level.label: level for level in day_ahead.levels()}
    assert {"2015", "2016", "2020", "2021", "2022", "2023", "2024", "all"} == set(levels)
    assert levels["2021"].highest == pytest.approx(9_000, abs=1)
    (gap,) = day_ahead.gaps
    assert gap.steps == 3 * 8_760  # 2017 to 2019
    real_time = only(
        price_reports(
            [market_data / "ercot_rt_hourly_to_2024.parquet"],
            columns=columns(time_column="local_start", price_column="HB_WEST", times_are="with_offset"),
        )
    )
    october = [gap for gap in real_time.gaps if f"{gap.start_utc:%Y-%m}" == "2022-10"]
    assert sum(gap.steps for gap in october) == 396
    kept = pd.read_parquet(market_data / "ercot_rt_hourly_to_2024.parquet")[["local_start", "HB_WEST"]].dropna()
    for level in real_time.levels()[:-1]:
        prices = kept[kept.local_start.str.startswith(level.label)].HB_WEST
        found = (level.hours, level.negative_hours, level.mean, level.median)
        assert found == pytest.approx((len(prices), (prices < 0).sum(), prices.mean(), prices.median()), rel=1e-9)


# --- what is refused --------------------------------------------------------------------------------------------------------


def refused(files: list[Path], points: tuple[str, ...] = (), stated: dict[str, Any] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        price_reports(files, points, stated)
    return str(caught.value)


def edited(folder: Path, line: int, text: str) -> Path:
    """A day-ahead CSV file with one line replaced."""
    lines = ercot.text(ercot.day_ahead([JANUARY], ["HB_WEST"], by_hour)).splitlines()
    lines[line - 1] = text
    file = folder / "dam.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize(
    ("line", "text", "words"),
    [
        (3, "13/01/2024,02:00,N,HB_WEST,1", ["line 3", "13/01/2024", "MM/DD/YYYY"]),
        (3, "01/01/2024,25:00,N,HB_WEST,1", ["25:00", "01:00 to 24:00"]),
        (3, "01/01/2024,00:00,N,HB_WEST,1", ["00:00", "hours are named by their end"]),
        (3, "01/01/2024,02:00,Y,HB_WEST,1", ["marked as a second pass"]),
        (3, "01/01/2024,02:00,?,HB_WEST,1", ["Y or N"]),
        (3, "01/01/2024,02:00,N,HB_WEST,ten", ['"ten"', "a finite number"]),
        (3, "01/01/2024,02:00,N,HB_WEST,nan", ['"nan"', "a finite number"]),
        (3, '01/01/2024,02:00,N,HB_WEST,"1,5"', ["the decimal sign is a point"]),
        (3, "01/01/2024,02:00,N,HB_WEST,99999", ["99,999 USD/MWh", "-1000 to 10,000"]),
        (3, "01/01/2024,02:00,N,,5", ["no settlement point"]),
        (3, "01/01/2024,02:00,N,HB_WEST", ["4 fields"]),
        (3, "03/10/2024,03:00,N,HB_WEST,5", ["the clock is put forward in this hour"]),
    ],
)
def test_a_faulty_row(line: int, text: str, words: list[str], tmp_path: Path) -> None:
    said = refused([edited(tmp_path, line, text)])
    assert all(word in said for word in words), said


def test_the_repeated_hour_without_flag(tmp_path: Path) -> None:
    file = tmp_path / "dam.csv"
    file.write_text("DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice\n11/03/2024,02:00,HB_WEST,1\n")
    assert "which clocks in America/Chicago show twice" in refused([file])


def test_other_files_need_their_columns_stated(tmp_path: Path) -> None:
    said = refused([generic(tmp_path, [("2026-01-01T00:00", "1")])])
    assert "a header without delivery date, hour and price" in said
    assert "--time-column" in said
    said = refused([generic(tmp_path, [("2026-01-01T00:00", "1")])], (), {"time_column": "time", "price_column": "usd"})
    assert "times_are" in said
    assert "convention" in said


def test_other_bad_files(tmp_path: Path) -> None:
    assert "which does not exist" in refused([tmp_path / "none.csv"])
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    assert "which is empty" in refused([empty])
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(b"PK\x03\x04 and nothing else")
    assert "a damaged ZIP archive" in refused([damaged])
    other = ercot.zipped(tmp_path / "other.zip", "readme.txt", b"hello")
    assert "an archive without CSV file or workbook" in refused([other])
    load = tmp_path / "load.csv"
    load.write_text("OperDay,HourEnding,NORTH,TOTAL\n01/01/2024,01:00,1,2\n")
    assert "a header without delivery date, hour and price" in refused([load])
    quarter = generic(tmp_path, [(f"2026-01-01T00:{minute:02}", "1") for minute in (0, 15, 30, 45)])
    assert "--resolution 15" in refused([quarter], (), columns())
    nothing = generic(tmp_path, [("2026-01-01T00:00", "")])
    assert "no row with a price" in refused([nothing], (), columns())
    (tmp_path / "link.csv").symlink_to(empty)
    assert "which is a link" in refused([tmp_path / "link.csv"])
    assert "a folder" in refused([tmp_path])


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 200_000_000)
    assert "unzips to 200 MB" in refused([file])


def test_an_unknown_point_and_two_kinds(tmp_path: Path) -> None:
    day_ahead = ercot.workbook(tmp_path / "dam.xlsx", {"Jan": ercot.day_ahead([JANUARY], ["HB_WEST", "HB_NORTH"], by_hour)})
    assert "did you mean HB_WEST?" in refused([day_ahead], ("HB_WET",))
    real_time = ercot.workbook(tmp_path / "rtm.xlsx", {"Jan": ercot.real_time([JANUARY], [("HB_WEST", "HU")], by_hour)})
    assert "files of one kind at a time" in refused([day_ahead, real_time])
    assert "2 files with stated columns" in refused([day_ahead, real_time], (), columns())


def test_every_year_and_hour_of_the_chicago_clock_is_where_it_belongs(tmp_path: Path) -> None:
    """A whole leap year of hours, named by their ends, against a walk through UTC."""
    rows = ercot.day_ahead(ercot.days(JANUARY, 366), ["HB_WEST"], by_hour)
    report = only(price_reports([ercot.workbook(tmp_path / "dam.xlsx", {"all": rows})]))
    assert (report.start_utc, report.end_utc, report.hours) == (at("2024-01-01T06:00"), at("2025-01-01T06:00"), 8_784)
    assert np.all(np.diff(report.minute) == 60)
    assert [(day.day, day.hours) for day in report.clock_days()] == [(ercot.SPRING, 23), (ercot.AUTUMN, 25)]
