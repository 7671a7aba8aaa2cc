"""hashlease value as a person uses it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hashlease.cli import run_command
from hashlease.scenarios.load import SHIPPED


@pytest.fixture
def miner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    file = tmp_path / "miner.yaml"
    assert run_command(["value", str(file), "--new"]) == 0
    assert "next: hashlease value" in capsys.readouterr().out
    return str(file)


@pytest.mark.parametrize("width", [80, 120])
def test_the_starter(miner: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert run_command(["value", miner]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width
    flat = " ".join(out.split())
    # 150 x (1.5 x 14 / 1.09^(273 / 365.25) - 7) = 1,903.5 M USD
    assert "signed leases 1,903.5" in flat
    assert "market pays per critical MW" in flat
    assert "signed leases: NOI x multiple" in flat


def test_parts_and_measures_in_a_file(miner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "value.csv"
    assert run_command(["value", miner, "--set", "market_cap_usd=5e9", "-o", str(target)]) == 0
    with target.open(newline="") as stream:
        rows = {row["name"]: row for row in csv.DictReader(stream)}
    parts = sum(float(row["value"]) for row in rows.values() if row["group"] not in ("total", "ratio"))
    assert float(rows["all parts"]["value"]) == pytest.approx(parts)
    assert float(rows["equity value"]["value"]) == pytest.approx(parts - 6e8)
    assert float(rows["market price per share"]["value"]) == pytest.approx(20)


def test_bad_input(miner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, word in (
        ([miner, "--new"], "a file that exists"),
        ([str(tmp_path / "none.yaml")], "value --new writes a starter"),
        ([str(SHIPPED / "two_offers.yaml")], "a miner's file names it: scenario: two_offers.yaml"),
        ([miner, "--set", "net_debt=5"], "did you mean net_debt_usd?"),
        ([miner, "--set", "shares=250"], "250 in millions of shares is 250,000,000 shares"),
        ([miner, "-o", "value.txt"], ".csv or .parquet"),
    ):
        assert run_command(["value", *arguments]) == 2, arguments
        out, err = capsys.readouterr()
        assert out == ""
        assert word in err, err
