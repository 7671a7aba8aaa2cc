"""Price files: what a series says, whatever the form of its file, and what is refused instead of being guessed."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hashlease.models.price_files import HourlyFile, HourlySeries
from pydantic import ValidationError

CHICAGO = {"times_are": "local", "file_time_zone": "America/Chicago"}
MARKED = {**CHICAGO, "repeated_hour_column": "again"}
HOUR = timedelta(hours=1)

SHORT_DAY = [f"2027-03-14T{hour:02}:00" for hour in range(24) if hour != 2]
LONG_DAY = [(f"2027-11-07T{hour:02}:00", "N") for hour in range(24)]
LONG_DAY.insert(2, ("2027-11-07T01:00", "Y"))
DAY = [f"2027-01-01T{hour:02}:00" for hour in range(24)]

FORMS = pytest.mark.parametrize("form", ["csv", "parquet"])


def write(folder: Path, form: str, columns: dict[str, list[Any]]) -> str:
    """A file with these columns; its name."""
    file = folder / f"prices.{form}"
    if form == "csv":
        lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
        file.write_text("\n".join(lines) + "\n")
    else:
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pyarrow.table(columns), file)
    return file.name


def series(folder: Path, file: str, **spec: Any) -> HourlySeries:
    fields = {"time_column": "time", "price_column": "usd", "times_are": "utc", "convention": "hour_beginning"}
    return HourlyFile.model_validate({"file": file, **fields, **spec}, context={"folder": str(folder)}).series


def refused(folder: Path, file: str, **spec: Any) -> tuple[str, str, str, str]:
    """(field, found, allowed, hint) of the one problem."""
    with pytest.raises(ValidationError) as caught:
        series(folder, file, **spec)
    (error,) = caught.value.errors()
    if error["type"] == "refused_many":
        (fault,) = error["ctx"]["faults"]
        return str(fault.place[0]), fault.found, fault.allowed, fault.hint
    context = error["ctx"]
    return context["field"], context["found"], context["allowed"], context["hint"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- times -----------------------------------------------------------------------------------------------------------


@FORMS
@pytest.mark.parametrize(("convention", "first"), [("hour_beginning", "2027-01-01T00:00"), ("hour_ending", "2026-12-31T23:00")])
def test_utc(form: str, convention: str, first: str, tmp_path: Path) -> None:
    found = series(tmp_path, write(tmp_path, form, {"time": DAY, "usd": list(range(24))}), convention=convention)
    assert (found.start_utc, found.step, found.end_utc) == (at(first), HOUR, at(first) + 24 * HOUR)
    assert found.usd_per_mwh.tolist() == list(range(24))
    assert found.notes == ()


@FORMS
def test_the_day_of_23_hours(form: str, tmp_path: Path) -> None:
    found = series(tmp_path, write(tmp_path, form, {"time": SHORT_DAY, "usd": list(range(23))}), **CHICAGO)
    # Midnight is 06:00 UTC before the change, 05:00 after it.
    assert (found.start_utc, found.end_utc) == (at("2027-03-14T06:00"), at("2027-03-15T05:00"))
    assert found.usd_per_mwh.tolist() == list(range(23))


@FORMS
def test_the_day_of_23_hours_has_no_24th(form: str, tmp_path: Path) -> None:
    times = [f"2027-03-14T{hour:02}:00" for hour in range(24)]
    _, found, allowed, hint = refused(tmp_path, write(tmp_path, form, {"time": times, "usd": [1.0] * 24}), **CHICAGO)
    row = "line 4" if form == "csv" else "row 3"
    assert found == f'prices.{form} {row}: time "2027-03-14T02:00"'
    assert allowed == "a time that clocks in America/Chicago show"
    assert "the day has 23 hours" in hint


@FORMS
def test_the_day_of_25_hours(form: str, tmp_path: Path) -> None:
    times, marks = zip(*LONG_DAY, strict=True)
    file = write(tmp_path, form, {"time": list(times), "usd": list(range(25)), "again": list(marks)})
    found = series(tmp_path, file, **MARKED)
    assert (found.start_utc, found.end_utc) == (at("2027-11-07T05:00"), at("2027-11-08T06:00"))
    assert found.usd_per_mwh.tolist() == list(range(25))


def test_the_day_of_25_hours_by_its_hours_ending(tmp_path: Path) -> None:
    """The mark belongs to the hour from 01:00 to 02:00, whose row is named 02:00."""
    rows = [("2027-11-07T01:00", "N"), ("2027-11-07T02:00", "N"), ("2027-11-07T02:00", "Y"), ("2027-11-07T03:00", "N")]
    times, marks = zip(*rows, strict=True)
    file = write(tmp_path, "csv", {"time": list(times), "usd": [0, 1, 2, 3], "again": list(marks)})
    found = series(tmp_path, file, **MARKED, convention="hour_ending")
    assert (found.start_utc, found.end_utc) == (at("2027-11-07T05:00"), at("2027-11-07T09:00"))
    assert found.usd_per_mwh.tolist() == [0, 1, 2, 3]


@FORMS
def test_the_repeated_hour_needs_its_mark(form: str, tmp_path: Path) -> None:
    times = [time for time, _ in LONG_DAY]
    _, found, allowed, _ = refused(tmp_path, write(tmp_path, form, {"time": times, "usd": [1.0] * 25}), **CHICAGO)
    assert "which clocks in America/Chicago show twice" in found
    assert allowed == "a repeated_hour_column that marks the second pass"


def test_a_mark_elsewhere_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "csv", {"time": DAY[:2], "usd": [1, 2], "again": ["N", "Y"]})
    assert 'line 3: time "2027-01-01T01:00", marked as a second pass' in refused(tmp_path, file, **MARKED)[1]


def test_an_unknown_mark_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "csv", {"time": DAY[:2], "usd": [1, 2], "again": ["N", "X"]})
    assert refused(tmp_path, file, **MARKED)[1:3] == ('prices.csv line 3: again "X"', "Y or N")


def test_half_an_hour_is_repeated_on_lord_howe(tmp_path: Path) -> None:
    """Clocks go back from 02:00 to 01:30 on 4 April 2027."""
    times = ["2027-04-04T01:00", "2027-04-04T01:30", "2027-04-04T01:30", "2027-04-04T02:00"]
    file = write(tmp_path, "csv", {"time": times, "usd": [1, 2, 3, 4], "again": ["N", "N", "Y", "N"]})
    found = series(tmp_path, file, **{**MARKED, "file_time_zone": "Australia/Lord_Howe"}, resolution_minutes=30)
    assert found.usd_per_mwh.tolist() == [1, 2, 3, 4]
    assert found.start_utc == at("2027-04-03T14:00")


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"times_are": "local"}, "times_are: local without file_time_zone"),
        ({"file_time_zone": "UTC"}, "file_time_zone with times that are not local"),
    ],
)
def test_a_zone_stands_with_local_times_alone(spec: dict[str, str], found: str, tmp_path: Path) -> None:
    assert refused(tmp_path, write(tmp_path, "csv", {"time": DAY, "usd": DAY}), **spec)[:2] == ("file_time_zone", found)


@pytest.mark.parametrize("zone", ["America/Chicgo", "", "../../etc/passwd", "\0", "x" * 5000])
def test_an_unknown_zone_is_refused(zone: str, tmp_path: Path) -> None:
    _, found, allowed, hint = refused(tmp_path, "prices.csv", times_are="local", file_time_zone=zone)
    assert found.startswith("the time zone")
    assert "IANA name" in allowed
    assert hint == ("did you mean America/Chicago?" if "Chic" in zone else "ERCOT is America/Chicago")


# --- rows ------------------------------------------------------------------------------------------------------------


@FORMS
def test_rows_in_any_order_are_the_same_series(form: str, tmp_path: Path) -> None:
    in_order = series(tmp_path, write(tmp_path, form, {"time": DAY, "usd": list(range(24))}))
    mixed = [(hour * 7) % 24 for hour in range(24)]
    found = series(tmp_path, write(tmp_path, form, {"time": [DAY[hour] for hour in mixed], "usd": mixed}))
    assert found == in_order
    assert found.usd_per_mwh.tolist() == list(range(24))
    assert found.notes == (f"prices.{form}: the rows were out of order and have been sorted",)


@FORMS
def test_a_time_twice_is_named_with_both_rows(form: str, tmp_path: Path) -> None:
    field, found, allowed, _ = refused(tmp_path, write(tmp_path, form, {"time": [*DAY, DAY[3]], "usd": [1.0] * 25}))
    rows = ("line 26", "line 5") if form == "csv" else ("row 25", "row 4")
    assert (field, found) == ("file", f"prices.{form}: {rows[0]} repeats {rows[1]} (2027-01-01T03:00Z)")
    assert allowed == "each time once"


@FORMS
def test_gaps_are_named(form: str, tmp_path: Path) -> None:
    times = [time for number, time in enumerate(DAY) if number not in (2, 3, 10, 11, 12, 13)]
    field, found, _, hint = refused(tmp_path, write(tmp_path, form, {"time": times, "usd": [1.0] * 18}), fill_gaps_up_to_hours=3)
    hours = ", ".join(f"2027-01-01T{hour:02}:00Z" for hour in (2, 3, 10, 11, 12))
    assert (field, found) == ("file", f"prices.{form}: 6 prices missing: {hours} and 1 more")
    assert "fill_gaps_up_to_hours" in hint


def test_gaps_are_filled_where_asked(tmp_path: Path) -> None:
    file = write(tmp_path, "csv", {"time": [DAY[0], DAY[4], DAY[5], DAY[7]], "usd": [1, 2, 3, 4]})
    found = series(tmp_path, file, fill_gaps_up_to_hours=3)
    assert found.usd_per_mwh.tolist() == [1, 1, 1, 1, 2, 3, 3, 4]
    assert found.notes == ("prices.csv: 4 missing prices repeat the price before them (fill_gaps_up_to_hours)",)


def test_a_row_between_the_steps_is_refused(tmp_path: Path) -> None:
    found = refused(tmp_path, write(tmp_path, "csv", {"time": [*DAY, "2027-01-01T05:15"], "usd": [1] * 25}))[1]
    assert found == "prices.csv: times between the steps in line 26 (2027-01-01T05:15Z)"


NUMBER = "a finite number"


@pytest.mark.parametrize(
    ("written", "allowed", "hint"),
    [
        ("", NUMBER, ""),
        ("nan", NUMBER, ""),
        ("-inf", NUMBER, ""),
        ("1e999", NUMBER, ""),
        ("n/a", NUMBER, ""),
        ("1_000", NUMBER, ""),
        ("0x10", NUMBER, ""),
        ('"40,5"', NUMBER, "the decimal sign is a point: 40.5"),
        ('"1,234.5"', NUMBER, "no thousands commas: 1234.5"),
        ("\uff14\uff10", NUMBER, "character 1 is U+FF14"),
        ("40,5", "2 fields as in the header", "a decimal comma splits a number in two"),
        ("10001", "a number, -1000 to 10,000 USD/MWh", ""),
        ("-1000.5", "a number, -1000 to 10,000 USD/MWh", ""),
    ],
)
def test_a_price_that_is_none(written: str, allowed: str, hint: str, tmp_path: Path) -> None:
    file = write(tmp_path, "csv", {"time": DAY, "usd": [*["40"] * 8, written, *["40"] * 15]})
    field, found, said, hinted = refused(tmp_path, file)
    assert field == "file"
    assert found.startswith("prices.csv line 10: ")
    assert said.startswith(allowed)
    assert hinted.startswith(hint)


def test_the_first_faulty_rows_are_named_and_the_others_counted(tmp_path: Path) -> None:
    found = refused(tmp_path, write(tmp_path, "csv", {"time": DAY, "usd": ["x"] * 24}))[1]
    assert found.startswith('prices.csv line 2: usd "x"; line 3: usd "x"; ')
    assert found.endswith('line 6: usd "x"; and 19 more rows')


def test_prices_at_the_bounds_are_prices(tmp_path: Path) -> None:
    found = series(tmp_path, write(tmp_path, "csv", {"time": DAY[:4], "usd": ["-1000", "10000", "-0.0", "1e2"]}))
    assert [str(price) for price in found.usd_per_mwh.tolist()] == ["-1000.0", "10000.0", "0.0", "100.0"]


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", "\ufeff", "\n\n", "\ufeff\r\n\r\n"])
def test_an_empty_file(content: str, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(content, encoding="utf-8", newline="")
    assert refused(tmp_path, "prices.csv")[:3] == ("file", '"prices.csv", which is empty', "a header and rows")


@FORMS
def test_a_header_without_rows(form: str, tmp_path: Path) -> None:
    empty: Any = [] if form == "csv" else pytest.importorskip("pyarrow").array([], "string")
    prices: Any = [] if form == "csv" else pytest.importorskip("pyarrow").array([], "double")
    assert refused(tmp_path, write(tmp_path, form, {"time": empty, "usd": prices}))[1] == f"prices.{form}: no rows"


def test_blank_lines_before_the_header_and_between_rows_mean_nothing(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text(f"\n\ntime,usd\n\n{DAY[0]},1\n\n{DAY[1]},x\n")
    assert refused(tmp_path, "prices.csv")[1] == 'prices.csv line 7: usd "x"'


@FORMS
def test_a_column_that_is_not_there(form: str, tmp_path: Path) -> None:
    field, found, allowed, hint = refused(tmp_path, write(tmp_path, form, {"time": DAY, "price usd": [1.0] * 24}))
    assert (field, found, allowed) == ("price_column", f'no column "usd" in prices.{form}', "one of: time, price usd")
    field, _, _, hint = refused(tmp_path, f"prices.{form}", price_column="price_usd", time_column="times")
    assert (field, hint) == ("time_column", "did you mean time?")


@FORMS
def test_no_file_and_a_folder(form: str, tmp_path: Path) -> None:
    (tmp_path / f"price.{form}").mkdir()
    field, found, allowed, hint = refused(tmp_path, f"prices.{form}")
    assert (field, found) == ("file", f'"prices.{form}", which does not exist')
    assert (allowed, hint) == ("a file beside or below the scenario", f"did you mean price.{form}?")
    assert refused(tmp_path, f"price.{form}")[1] == f'"price.{form}", which is not a regular file'
    assert refused(tmp_path / "nowhere", f"prices.{form}")[1] == f'"prices.{form}", which does not exist'


# --- Parquet ---------------------------------------------------------------------------------------------------------


def timestamps(times: list[str], unit: str = "us", zone: str | None = None) -> Any:
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.array([datetime.fromisoformat(time) for time in times], pyarrow.timestamp(unit, zone))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_a_clock(unit: str, tmp_path: Path) -> None:
    file = write(tmp_path, "parquet", {"time": timestamps(SHORT_DAY, unit), "usd": list(range(23))})
    assert series(tmp_path, file, **CHICAGO).start_utc == at("2027-03-14T06:00")


def test_timestamps_that_know_their_zone(tmp_path: Path) -> None:
    """An instant is the same whatever zone it is shown in; it is not a time of a clock."""
    file = write(tmp_path, "parquet", {"time": timestamps(DAY, zone="America/Chicago"), "usd": list(range(24))})
    for times_are in ("utc", "with_offset"):
        assert series(tmp_path, file, times_are=times_are).start_utc == at(DAY[0])
    assert refused(tmp_path, file, **CHICAGO)[1].startswith('prices.parquet row 1: time "2027-01-01T00:00:00+00:00" with offset')


def test_marks_that_are_yes_or_no(tmp_path: Path) -> None:
    times, marks = zip(*LONG_DAY, strict=True)
    columns = {"time": timestamps(list(times)), "usd": list(range(25)), "again": [mark == "Y" for mark in marks]}
    assert series(tmp_path, write(tmp_path, "parquet", columns), **MARKED).usd_per_mwh.tolist() == list(range(25))


@pytest.mark.parametrize("price", [None, float("nan"), float("inf")])
def test_a_number_that_is_none(price: float | None, tmp_path: Path) -> None:
    file = write(tmp_path, "parquet", {"time": DAY, "usd": [*[1.0] * 23, price]})
    field, found, allowed, _ = refused(tmp_path, file)
    shown = "an infinite number" if price == float("inf") else "nan (not a number)"
    assert (field, found, allowed) == ("file", f"prices.parquet row 24: usd {shown}", "a finite number")


@pytest.mark.parametrize(
    ("columns", "field", "allowed"),
    [
        ({"time": list(range(24)), "usd": [1.0] * 24}, "time_column", "timestamps, or text in ISO 8601"),
        ({"time": DAY, "usd": ["1.0"] * 24}, "price_column", "numbers"),
        ({"time": DAY, "usd": [True] * 24}, "price_column", "numbers"),
        ({"time": DAY, "usd": [[1.0]] * 24}, "price_column", "numbers"),
    ],
)
def test_columns_of_another_type(columns: dict[str, list[Any]], field: str, allowed: str, tmp_path: Path) -> None:
    assert refused(tmp_path, write(tmp_path, "parquet", columns))[::2] == (field, allowed)


@pytest.mark.parametrize("content", [b"", b"time,usd\n", b"PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1"])
def test_a_file_that_is_no_parquet(content: bytes, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "prices.parquet").write_bytes(content)
    assert refused(tmp_path, "prices.parquet")[1] == '"prices.parquet", which cannot be read as Parquet'


@pytest.mark.parametrize("times", [DAY, [DAY[0]] * 24], ids=["each once", "one text in a dictionary"])
def test_a_damaged_parquet_is_refused_or_read(times: list[str], tmp_path: Path) -> None:
    """Every byte damaged in turn: the library fails in many ways, and in some ends the process."""
    file = tmp_path / write(tmp_path, "parquet", {"time": times, "usd": [float(hour) for hour in range(24)]})
    content = file.read_bytes()
    for place in range(len(content)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 0x15]) + content[place + 1 :])
        with contextlib.suppress(ValidationError):
            series(tmp_path, file.name)


# --- prices of ancillary products in the same rows ----------------------------------------------------------------------------

BESIDE = {"ancillary_columns": [{"name": "ECRS", "column": "ecrs"}, {"name": "Reg-up", "column": "up"}]}


@FORMS
def test_ancillary_prices_stand_in_the_same_hours(form: str, tmp_path: Path) -> None:
    """Whatever the order of rows and columns; a gap that may be filled repeats all prices before it."""
    order = [3, 0, 1, 4]  # the hour from 02:00 on is missing
    columns = {
        "up": [float(n) for n in order],
        "time": [DAY[n] for n in order],
        "ecrs": [10.0 + n for n in order],
        "usd": [20.0 + n for n in order],
    }
    found = series(tmp_path, write(tmp_path, form, columns), fill_gaps_up_to_hours=1, **BESIDE)
    assert found.usd_per_mwh.tolist() == [20, 21, 21, 23, 24]
    assert found.ancillary_usd["ECRS"].tolist() == [10, 11, 11, 13, 14]
    assert found.ancillary_usd["Reg-up"].tolist() == [0, 1, 1, 3, 4]


def test_the_hash_of_a_file_without_ancillary_columns_is_that_of_its_prices(tmp_path: Path) -> None:
    name = write(tmp_path, "csv", {"time": DAY, "usd": list(range(24)), "ecrs": list(range(24)), "up": [1] * 24})
    plain, beside = series(tmp_path, name), series(tmp_path, name, **BESIDE)
    assert plain != beside
    assert plain.ancillary_usd == {}
    assert beside.notes == ("prices.csv: the price of Reg-up is 1 USD per MW and hour in every hour; is it a stub?",)


@pytest.mark.parametrize(
    ("form", "cell", "found", "hint"),
    [
        ("csv", "", "row 4: ecrs without a value", "0 in the hours in which the product was not sold"),
        ("csv", "nan", 'ecrs "nan"', ""),
        ("csv", "n/a", 'ecrs "n/a"', ""),
        ("csv", -1, "ecrs -1 USD per MW and hour", ""),
        ("csv", 84_000, "ecrs 84,000 USD per MW and hour", ""),
        ("parquet", None, "row 4: ecrs without a value", "0 in the hours"),
        ("parquet", float("nan"), "row 4: ecrs without a value", "0 in the hours"),
        ("parquet", float("inf"), "ecrs an infinite number", ""),
        ("parquet", -0.5, "ecrs -0.5 USD per MW and hour", ""),
    ],
)
def test_a_faulty_ancillary_price(form: str, cell: Any, found: str, hint: str, tmp_path: Path) -> None:
    columns = {"time": DAY, "usd": list(range(24)), "ecrs": [1.0, 2.0, 3.0, cell, *[5.0] * 20], "up": [0.0] * 24}
    field, said, allowed, hinted = refused(tmp_path, write(tmp_path, form, columns), **BESIDE)
    assert field == "file"
    assert found.replace("row 4", "line 5" if form == "csv" else "row 4") in said
    assert hint in hinted
    assert "0 to 30,000" in allowed or "a finite number" in allowed or "a price in every row" in allowed


@FORMS
def test_an_ancillary_column_that_is_not_there(form: str, tmp_path: Path) -> None:
    name = write(tmp_path, form, {"time": DAY, "usd": list(range(24)), "ecrs": [1.0] * 24, "upp": [1.0] * 24})
    field, said, allowed, hint = refused(tmp_path, name, **BESIDE)
    assert (field, hint) == ("ancillary_columns", "did you mean upp?")
    assert 'no column "up"' in said and "time, usd, ecrs, upp" in allowed


def test_a_column_of_text_is_no_price(tmp_path: Path) -> None:
    name = write(tmp_path, "parquet", {"time": DAY, "usd": [1.0] * 24, "ecrs": ["1"] * 24, "up": [1.0] * 24})
    field, said, allowed, _ = refused(tmp_path, name, **BESIDE)
    assert (field, said, allowed) == ("ancillary_columns", 'the column "ecrs" of type string', "numbers")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([("ECRS", "ecrs"), ("ECRS", "up")], 'the name "ECRS" twice'),
        ([("ECRS", "ecrs"), ("RRS", "ecrs")], 'the column "ecrs", which ancillary_columns.ECRS names too'),
        ([("ECRS", "usd")], 'the column "usd", which price_column names too'),
    ],
)
def test_a_column_for_each_product(rows: list[tuple[str, str]], found: str, tmp_path: Path) -> None:
    name = write(tmp_path, "csv", {"time": DAY, "usd": [1.0] * 24, "ecrs": [1.0] * 24, "up": [1.0] * 24})
    stated = [{"name": product, "column": column} for product, column in rows]
    assert refused(tmp_path, name, ancillary_columns=stated)[1] == found
