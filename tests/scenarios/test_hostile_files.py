"""Hostile files: refused within two seconds and 512 MB, in a process of their own, so that a crash or a hang fails like others."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scenario_text import GOOD, changed, hourly, write

SECONDS, MEGABYTES = 2.0, 512
LOOP_SECONDS = 0.06
"""A million additions on the machine that the two seconds are meant for; a slower one, or a busy one, has more time."""

CHILD = """
import json, sys, time
from hashlease.errors import InputError
from hashlease.scenarios.load import load
begin = time.process_time()
total = 0
for number in range(1_000_000):
    total += number
loop, begin = time.process_time() - begin, time.process_time()
try:
    load(sys.argv[1])
    problems = []
except InputError as fault:
    problems = [[problem.field, problem.found, problem.allowed] for problem in fault.problems]
    message = len(str(fault))
seconds = time.process_time() - begin
try:
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
except OSError:
    peak = 0
print(json.dumps({"problems": problems, "seconds": seconds, "loop": loop, "megabytes": peak, "message": message}))
"""


def refused(file: Path) -> list[list[str]]:
    """(field, found, allowed) of what a process of its own reports, within the bounds."""
    done = subprocess.run([sys.executable, "-c", CHILD, str(file)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr[-2000:]}"
    report = json.loads(done.stdout)
    assert report["seconds"] < SECONDS * max(report["loop"] / LOOP_SECONDS, 1.0)
    assert report["megabytes"] < MEGABYTES
    assert report["message"] < 100_000
    assert report["problems"]
    found: list[list[str]] = report["problems"]
    return found


def repeated(row: str, count: int) -> str:
    return "".join(row.replace("#", str(number)) for number in range(count))


BOMB = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24))
DEEP = "too many levels of nesting"

YAML_FILES: dict[str, tuple[str, str]] = {
    "B094-in-itself": ("a: &a [*a]\n", "an alias (*a)"),
    "B120-alias-bomb": (BOMB, "an alias (*a)"),
    "B120-merge-bomb": ("a: &a {x: 1}\nb:\n  <<: [*a, *a]\n", "a merge key (<<)"),
    "B121-braces": ("{" * 500, DEEP),
    "B121-brackets": ("[" * 100_000, DEEP),
    "B121-brackets-in-text": ("a:\n  - [[[[\n" + "[" * 2_000_000, DEEP),
    "B121-dashes": ("- " * 100_000, DEEP),
    "B121-question-marks": ("? " * 100_000, DEEP),
    "B121-indented": ("".join(f"{' ' * level}a:\n" for level in range(5_000)), DEEP),
    "B121-indented-lists": ("".join(f"{' ' * level}-\n" for level in range(5_000)), DEEP),
    "B121-deep-in-a-second-value": (GOOD + "title: " + "[" * 1_000, DEEP),
    "B138-values": (GOOD + "x: [" + "1," * 300_000 + "]\n", "too many values"),
    "B138-fields": (GOOD + repeated("x#: 1\n", 90_000), "the unknown field x0"),
    "B138-same-field": (GOOD + "x: 1\n" * 90_000, "the field x a second time"),
    "B138-text": ("title: " + "x" * 19_000_000, "19,000,000 characters"),
    "B138-quoted": ('title: "' + "x" * 19_000_000, "a quotation mark that is never closed"),
    "B138-size": ("# " + "x" * 20_000_000, "a file of 20 MB"),
    "B138-lines": ("\n" * 19_000_000, "an empty file"),
    "B138-rows": (changed("      - from: 2026-01\n", repeated("      - {}\n", 40_000) + "      - from: 2026-01\n"), "nothing"),
    "B138-months": (
        changed("{flat: 5}", "{months: {" + ", ".join(f"{n}: 1" for n in range(80_000)) + "}}"),
        '"0"',
    ),
    "B078-zero-width": ("\u200b" * 5_000_000, "U+200B"),
    "B017-digits": (changed("critical_it_mw: 30", "critical_it_mw: " + "7" * 10_000_000), "a number of 10,000,000 digits"),
}


@pytest.mark.parametrize("case", YAML_FILES)
def test_hostile_scenario(case: str, tmp_path: Path) -> None:
    text, expected = YAML_FILES[case]
    assert any(expected in found for _, found, _ in refused(write(tmp_path, text)))


def rows(row: str, count: int) -> str:
    return "time,usd\n" + repeated(row, count)


CSV_FILES: dict[str, tuple[str, str]] = {
    "B138-blank-lines": ("time,usd\n" + "\n" * 90_000_000, "90,000,001 lines"),
    "B138-one-line": ("time,usd\n" + "2026-01-01T00:00-06:00,1," * 3_500_000, "a line of 87,500,000 bytes"),
    "B138-cell": (rows("2026-01-01T00:00-06:00," + "1" * 900_000 + "\n", 1), "a field of more than 32,767 characters"),
    "B138-columns": (",".join(f"c{number}" for number in range(100_000)) + "\n", "100,000 columns"),
    "B138-faulty": (rows("x,y\n", 500_000), "and 995 more rows, where reading stopped"),
    "B138-quoted": ('time,usd\n"' + "x\n" * 500_000, "a field of more than 32,767 characters"),
    "B070-span": ("time,usd\n2009-01-01T00:00Z,1\n2100-12-31T23:00Z,2\n", "806,446 prices missing"),
}


@pytest.mark.parametrize("case", CSV_FILES)
def test_hostile_prices(case: str, tmp_path: Path) -> None:
    content, expected = CSV_FILES[case]
    (field, found, _), *others = refused(write(tmp_path, hourly(), {"prices.csv": content}))
    assert field == "power.zones.West.price.file"
    assert expected in found
    assert not others


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet as writer

    sink = io.BytesIO()
    writer.write_table(pyarrow.table(columns), sink, **options)
    return sink.getvalue()


def test_parquet_that_unpacks_into_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """B122, for Parquet: 150 MB of texts in a few kilobytes."""
    texts = [f"{number:030000d}" for number in range(5_000)]
    content = parquet({"time": texts, "usd": [1.0] * 5_000}, compression="zstd", use_dictionary=False)
    assert len(content) < 100_000
    found = refused(write(tmp_path, hourly(file="prices.parquet"), {"prices.parquet": content}))
    assert found == [["power.zones.West.price.file", "prices.parquet: 150 MB when unpacked", "at most 100 MB"]]


def test_parquet_with_one_long_text_in_every_row_is_not_multiplied(tmp_path: Path) -> None:
    """B122, for Parquet: a dictionary makes 15 GB of one text."""
    pyarrow = pytest.importorskip("pyarrow")
    long = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 500_000, pyarrow.int32()), ["2026" + "x" * 30_000])
    content = parquet({"time": long, "usd": [1.0] * 500_000})
    found = refused(write(tmp_path, hourly(file="prices.parquet"), {"prices.parquet": content}))
    assert "where reading stopped" in found[0][1]


def test_parquet_with_too_many_rows_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """B122, for Parquet."""
    content = parquet({"time": [0] * 5_000_000, "usd": [1.0] * 5_000_000})
    found = refused(write(tmp_path, hourly(file="prices.parquet"), {"prices.parquet": content}))
    assert found[0][1] in ("prices.parquet: 5,000,000 rows", 'the column "time" of type int64')
