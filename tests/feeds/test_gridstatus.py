"""ERCOT through gridstatus: a stand-in for the package answers in its own shape, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hashlease.cli import run_command

STAND_IN = '''
import pandas as pd


class Ercot:
    def get_dam_spp(self, year):
        return frame(year, "h")

    def get_rtm_spp(self, year):
        return frame(year, "15min")


def frame(year, step):
    """Interval Start in Chicago's time, Location, SPP: what gridstatus 0.37 returns."""
    start = pd.date_range(f"{year}-11-02", f"{year}-11-04", freq=step, tz="US/Central", inclusive="left")
    rows = []
    for point in ("HB_WEST", "LZ_WEST"):
        prices = [float(n) for n in range(len(start))]
        rows.append(pd.DataFrame({"Time": start, "Interval Start": start, "Location": point, "SPP": prices}))
    return pd.concat(rows, ignore_index=True)
'''


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "site" / "gridstatus"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    return package


def fetch(tmp_path: Path, *more: str) -> int:
    return run_command(["fetch", "ercot", "--year", "2024", "--point", "HB_WEST", "-o", str(tmp_path / "west.csv"), *more])


@pytest.mark.parametrize(
    ("market", "hours", "rows"), [("day_ahead", "49 hours", 49), ("real_time", "196 steps of 15 minutes", 196)]
)
def test_a_series_with_its_day_of_25_hours(
    market: str, hours: str, rows: int, stand_in: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(tmp_path, "--market", market) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert hours in out
    assert "2024-11-03 25 h" in out
    assert "no gaps, no duplicates, in order" in out
    lines = (tmp_path / "west.csv").read_text().splitlines()
    assert lines[:2] == ["utc_start,usd_per_mwh", "2024-11-02T05:00Z,0.0"]
    assert len(lines) == rows + 1
    assert ("resolution_minutes: 15" in out) == (market == "real_time")


def test_bad_answers(stand_in: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(tmp_path, "--point", "HB_EAST") == 2
    assert "one of: HB_WEST, LZ_WEST" in capsys.readouterr().err
    (stand_in / "__init__.py").write_text(
        "class Ercot:\n    def get_dam_spp(self, year):\n        raise ConnectionError('no route')\n"
    )
    assert fetch(tmp_path) == 2
    assert "gridstatus failed: ConnectionError: no route" in capsys.readouterr().err
    (stand_in / "__init__.py").write_text("import time\ntime.sleep(5)\n")
    assert fetch(tmp_path, "--timeout", "0.3") == 2
    assert "no answer within 0.3 seconds" in capsys.readouterr().err
    assert not (tmp_path / "west.csv").exists()


def test_no_such_package_or_python(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert fetch(tmp_path, "--python", sys.executable) == 2
    assert "a Python without gridstatus" in capsys.readouterr().err
    assert fetch(tmp_path, "--python", str(tmp_path / "none")) == 2
    assert "No such file" in capsys.readouterr().err
