"""hashlease market as a person uses it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hashlease.cli import run_command

PRESS = (
    "month,btc_price_usd,network_eh,revenue_usd_per_eh_day,gross_profit_usd_per_eh_day,margin_fraction\n"
    "2025-12,89011,1045,38700,17100,0.36\n2026-01,90526,981,42350,21200,0.50\n"
)


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run_command(["market", *arguments]) == 0
    return capsys.readouterr().out


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run_command(["market", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.fixture
def press(tmp_path: Path) -> str:
    file = tmp_path / "press.csv"
    file.write_text(PRESS)
    return str(file)


def test_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(["two_offers", "--j-per-th", "20", "--usd-per-mwh", "40", "--tiers", "20,25"], capsys)
    assert out.startswith("One site, two offers")
    # 48 USD/PH/day: 48,000 USD of revenue, 24 x 20 x 40 = 19,200 of power, 48 / (0.024 x 20) = 100 USD/MWh.
    row = next(line.split() for line in out.splitlines() if line.startswith("  2026-01"))
    assert row[1:] == ["-", "-", "-", "48.00", "48,000", "-", "28,800", "60.0"]
    assert "2026-01 100.00 80.00" in " ".join(out.split())
    assert "only their product, 800," in " ".join(out.split())


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_the_terminal(
    width: int, press: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    fleet = ["--j-per-th", "20", "--usd-per-mwh", "44", "--pool-fee", "0.01", "--opex", "9", "--overhead", "1.05"]
    for arguments in (["rockdale", *fleet], [press, "--fees", "0", *fleet]):
        lines = printed(arguments, capsys).splitlines()
        assert max(map(len, lines)) <= width


def test_published_figures_are_checked(press: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed([press, "--fees", "0"], capsys)
    flat = " ".join(out.split())
    assert "2025-12 margin, % 36.0 44.2 -8.2 points does not follow" in flat
    assert "2026-01 margin, % 50.0 50.1 -0.1 points ok" in flat
    assert "17,100 of 38,700 USD is 44.2 %" in flat
    err = refused([press, "--fees", "0", "--strict"], capsys)
    assert "1 problem" in err
    assert "17,100 of 38,700 USD is 44.2 %" in err


def test_break_even_and_cash_cost(press: str, capsys: pytest.CaptureFixture[str]) -> None:
    terms = ["--j-per-th", "20", "--usd-per-mwh", "44", "--pool-fee", "0.01", "--opex", "9", "--overhead", "1.05", "--tiers", "20"]
    flat = " ".join(printed([press, "--fees", "0", "--months", "2026-01", *terms], capsys).split())
    # 41.5257 USD/PH/day: / (0.024 x 21) = 82.39 USD/MWh; x 0.99 - 9 = 72.57.
    assert "2026-01 82.39" in flat
    assert "2026-01 72.57" in flat
    # 24 x 20 x 44 / 0.458716 BTC = 46,042 USD of power; 24 x 21 x 53 / 0.458716 / 0.99 = 58,820 USD of cash.
    assert "2026-01 0.4587 1,046 46,042 58,820" in flat


def test_figures_in_a_file(tmp_path: Path, press: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.csv"
    printed([press, "--fees", "0", "--j-per-th", "20", "--usd-per-mwh", "44", "-o", str(target)], capsys)
    with target.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["month"] for row in rows] == ["2025-12", "2026-01"]
    assert float(rows[1]["gross_profit_usd_per_eh_day"]) == pytest.approx(450 * 90_526 / 981 - 21_120)
    assert float(rows[1]["identified_j_per_th_x_usd_per_mwh"]) == pytest.approx(881.25)
    assert float(rows[1]["opportunity_btc"]) == pytest.approx(517_125)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.csv"], ["nothing.csv", "which does not exist"]),
        (["rockdale", "two_offers"], ["2 inputs that are not all CSV files"]),
        (["rockdale", "--fees", "0"], ["--fees beside a scenario"]),
        (["rockdale", "--column", "a=b"], ["--column beside a scenario"]),
        (["published", "--set", "a=1"], ["--set beside CSV files"]),
        (["published"], ["no fees", "--fees 0.006"]),
        (["published", "--fees", "6"], ["--fees", "6 in percent is 0.06"]),
        (["published", "--fees", "nan"], ["nan (not a number)"]),
        (["published", "--fees", "0", "--column", "close"], ["FIELD=NAME"]),
        (["published", "--fees", "0", "--j-per-th", "20"], ["j_per_th without usd_per_mwh"]),
        (["published", "--fees", "0", "--j-per-th", "20000", "--usd-per-mwh", "44"], ["20,000 in J/PH is 20 J/TH"]),
        (["published", "--fees", "0", "--tiers", "15;20"], ["numbers with commas between"]),
        (["published", "--fees", "0", "--tiers", "15,0"], ["the command line", "3 to 150 J/TH"]),
        (["published", "--fees", "0", "--months", "2026"], ["FROM:TO"]),
        (["published", "--fees", "0", "--months", "2027-01:2027-02"], ["within 2024-08 to 2026-01"]),
        (["published", "--fees", "0", "--months", "2026-01:2025-01"], ["months in order"]),
        (["published", "--fees", "0", "--pool-fee", "1.5"], ["0 to 1", "1.5"]),
    ],
)
def test_refused(arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    err = refused(arguments, capsys)
    for word in words:
        assert word in err


def test_nothing_is_written_where_a_figure_is_refused(tmp_path: Path, press: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out.csv"
    refused([press, "--fees", "0", "--strict", "-o", str(target)], capsys)
    assert not target.exists()
