"""CSV files of the network: days and months, several files, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hashlease import InputError
from hashlease.models.network import NetworkMonths
from hashlease.scenarios.market_files import network_months


def write(folder: Path, text: str, name: str = "series.csv") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def read(folder: Path, text: str, **options: object) -> NetworkMonths:
    return network_months([write(folder, text)], **options)  # type: ignore[arg-type]


def test_months(tmp_path: Path) -> None:
    # 3.125 x 1.01 x 144 / 1,000,000 PH = 0.0004545 BTC/PH/day; x 90,000 = 40.905 USD; the empty month is not known.
    text = "month,btc_price_usd,network_eh,fees_fraction_of_subsidy\n2026-01,90000,1000,0.01\n2026-02,,,\n2026-03,80000,1000,0.01\n"
    network = read(tmp_path, text)
    assert network.hashprice_usd_per_ph_day == pytest.approx([40.905, np.nan, 36.36], rel=1e-12, nan_ok=True)
    assert network.revenue_usd_per_eh_day[0] == pytest.approx(40_905)
    assert network.coins_per_eh_day[0] == pytest.approx(0.4545)


def test_days_are_averaged_after_the_product(tmp_path: Path) -> None:
    # Two days at 100,000 USD and 1,000 EH/s, and at 50,000 USD and 500 EH/s: 45 USD/PH/day each; the product of the means is 45 x
    # 75,000 / 75,000 x 1,000 / 750 ... = 45, by chance; so the second day has 1,000 EH/s: 45 and 22.5, mean 33.75.
    text = "date,btc_price_usd,network_eh,fees_btc_per_block\n2026-01-01,100000,1000,0\n2026-01-02,50000,500,0\n"
    assert read(tmp_path, text).hashprice_usd_per_ph_day[0] == pytest.approx(45.0, rel=1e-12)
    text = "date,btc_price_usd,network_eh,fees_btc_per_block\n2026-01-01,100000,1000,0\n2026-01-02,50000,2000,0\n"
    network = read(tmp_path, text)
    # 45 and 11.25 USD/PH/day: 28.125; of the means it would be 450 x 75,000 / 1,500,000 = 22.5.
    assert network.hashprice_usd_per_ph_day[0] == pytest.approx(28.125, rel=1e-12)
    assert network.hashprice_btc_per_ph_day[0] == pytest.approx((0.00045 + 0.000225) / 2, rel=1e-12)
    assert (network.btc_price_usd[0], network.network_eh[0]) == (75_000, 1_500)
    given = "btc_price_usd, network_eh, fees_btc_per_block as means of the days given, in 2026-01 (2 of 31)"
    assert network.notes == (f"series.csv: {given}",)


def test_days_that_lack_a_figure_are_told(tmp_path: Path) -> None:
    days = [f"2026-02-{day:02},90000,1000,{0 if day > 10 else ''}" for day in range(1, 29)]
    network = read(tmp_path, "\n".join(["date,btc_price_usd,network_eh,fees_btc_per_block", *days]) + "\n")
    assert network.hashprice_usd_per_ph_day[0] == pytest.approx(40.5)
    assert network.notes == (
        "series.csv: fees_btc_per_block as means of the days given, in 2026-02 (18 of 28)",
        "series.csv: hashprice as a mean of the days that have price, network and fees, in 2026-02 (18 of 28)",
    )


def test_files_are_joined_and_columns_renamed(tmp_path: Path) -> None:
    prices = write(tmp_path, "month,close,source\n2026-01,90000,here\n", "prices.csv")
    chain = write(tmp_path, "month,difficulty,weather\n2026-01,146470000000000,cold\n2026-02,144000000000000,\n", "chain.csv")
    network = network_months([prices, chain], {"btc_price_usd": "close"}, 0.0055)
    assert network.hashprice_btc_per_ph_day[0] == pytest.approx(0.00043143, rel=1e-3)
    assert network.network_eh[0] == pytest.approx(146.47e12 * 2**32 / 600 / 1e18, rel=1e-12)
    assert np.isnan(network.hashprice_usd_per_ph_day[1])
    assert network.notes == ("chain.csv: columns that are not used: weather",)


def test_the_daily_record_of_the_chain(market_data: Path, tmp_path: Path) -> None:
    """Mean hashprice of every month since 2017 against the record's own, which has each day's fees and subsidy."""
    with (market_data / "btc_daily_to_2024.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    lines = ["date,btc_price_usd,difficulty,fees_btc_per_block"]
    for row in rows:
        fees = float(row["fees_btc"]) / float(row["block_count"])
        lines.append(f"{row['date']},{row['price_usd']},{row['difficulty_implied']},{fees!r}")
    network = read(tmp_path, "\n".join(lines) + "\n")
    for month, found in zip(network.calendar.months, network.hashprice_usd_per_ph_day, strict=True):
        recorded = [float(row["hashprice_usd_ph_day"]) for row in rows if row["date"].startswith(str(month))]
        tolerance = 2e-3 if str(month) in ("2020-05", "2024-04") else 1e-6  # blocks of a halving's day are not spread evenly
        assert found == pytest.approx(np.mean(recorded), rel=tolerance), month


@pytest.mark.parametrize(
    ("text", "found", "allowed"),
    [
        ("", "which is empty", "a header and rows"),
        ("month,btc_price_usd\n", "no rows", "at least one row"),
        ("btc_price_usd,network_eh\n1,2\n", "neither a column month nor a column date", "month (YYYY-MM)"),
        ("month,date,network_eh\n2026-01,2026-01-01,1000\n", "both a column month and a column date", "month (YYYY-MM)"),
        ("month,price\n2026-01,90000\n", "no known figure", "btc_price_usd"),
        ("month,btc_price_usd,btc_price_usd\n2026-01,1,2\n", '2 columns named "btc_price_usd"', "each column once"),
        ("month,btc_price_usd\n2026-01,90000\n2026-01,90000\n", "2026-01 a second time", "each month once"),
        ("month,btc_price_usd\n01/2026,90000\n", '"01/2026"', "a month as YYYY-MM"),
        ("month,btc_price_usd\n2026-01,90,000\n", "3 fields", "2 fields as in the header"),
        ("month,btc_price_usd\n2026-01,nan\n", 'btc_price_usd "nan"', "a finite number"),
        ("month,btc_price_usd\n2026-01,90\n", "btc_price_usd 90 USD/BTC", "100 to 100,000,000 USD/BTC"),
        ("month,revenue_usd_per_eh_day\n2026-01,42.35\n", "42.35 USD per EH/s and day", "3000 to 1,000,000"),
        (
            "month,network_eh,difficulty,fees_btc_per_block\n2026-01,1000,1e14,0\n",
            "both network_eh and difficulty",
            "one of the two",
        ),
        ("month,btc_price_usd,network_eh\n2026-01,90000,1000\n", "no fees", "or --fees"),
        ("month,btc_price_usd\n2026-01,\n", "no figures at all", "at least one row with a figure"),
        ("month,btc_price_usd\n2009-01,100\n2100-12,100\n", "", ""),
    ],
)
def test_refused(text: str, found: str, allowed: str, tmp_path: Path) -> None:
    if not found:
        assert read(tmp_path, text).calendar.length == 1_104
        return
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    (problem,) = caught.value.problems
    assert found in problem.found
    assert allowed in problem.allowed
    assert str(tmp_path / "series.csv") in problem.where


def test_hints_name_the_slip(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean btc_price_usd"):
        read(tmp_path, "month,btc_price\n2026-01,90000\n")
    with pytest.raises(InputError, match=r"42.35 in thousand USD .* is 42,350"):
        read(tmp_path, "month,revenue_usd_per_eh_day\n2026-01,42.35\n")
    with pytest.raises(InputError, match=r"41 in percent is 0\.41"):
        read(tmp_path, "month,reported_share_fraction\n2026-01,41\n")


def test_every_faulty_row_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, "month,btc_price_usd\n2026-13,1000\n2026-02,ten\n2026-03,-5\n")
    assert len(caught.value.problems) == 3


def test_a_column_that_no_file_has(tmp_path: Path) -> None:
    file = write(tmp_path, "month,close\n2026-01,90000\n")
    with pytest.raises(InputError, match="did you mean close"):
        network_months([file], {"btc_price_usd": "closes"})
    with pytest.raises(InputError, match='the field "btc_prise"'):
        network_months([file], {"btc_prise": "close"})


def test_the_shipped_table_is_the_one_of_the_tests() -> None:
    from jpmorgan import JPMORGAN

    network = network_months(["published"], fees_fraction_of_subsidy=0.0)
    for month, price, eh, revenue, profit, _ in JPMORGAN:
        t = network.calendar.index(type(network.calendar.start).of(month))
        stated = network.stated["revenue_usd_per_eh_day"][t], network.stated["gross_profit_usd_per_eh_day"][t]
        assert (network.btc_price_usd[t], network.network_eh[t]) == (price, eh)
        assert stated == pytest.approx((1_000 * revenue, np.nan if profit is None else 1_000 * profit), nan_ok=True)
