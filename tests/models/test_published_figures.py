"""Figures that were published about the network and about contracts, reproduced within their tolerance; the source beside each.

Press re-prints of JPMorgan's monthly notes: the price is the mean of the daily closes of the month.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from cases import offer
from hashlease.models.lease import LeaseOffer
from hashlease.models.market_terms import Fleet, MarketTerms
from hashlease.models.months import Calendar, Month
from hashlease.models.network import NetworkMonths, identified_product, opportunity, power_usd_per_eh_day
from hashlease.models.published import Check, checks, implied_before, mined_share, products
from hashlease.scenarios.market_files import network_months
from jpmorgan import JPMORGAN

PRODUCTS = {"2024-09": 1_083, "2025-01": 1_033, "2025-04": 999, "2025-11": 942, "2025-12": 900, "2026-01": 881}
"""J/TH x USD/MWh that revenue and gross profit imply: (revenue - gross profit) / 24."""


def table(folder: Path, rows: list[dict[str, object]], **options: object) -> NetworkMonths:
    """The months of a CSV file with these rows."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    file = folder / "published.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, header)
        writer.writeheader()
        writer.writerows(rows)
    return network_months([file], **options)  # type: ignore[arg-type]


def jpmorgan(folder: Path) -> NetworkMonths:
    rows: list[dict[str, object]] = [
        {
            "month": month,
            "btc_price_usd": price,
            "network_eh": network,
            "revenue_usd_per_eh_day": 1_000 * revenue,
            "gross_profit_usd_per_eh_day": "" if profit is None else 1_000 * profit,
        }
        for month, price, network, revenue, profit, _ in JPMORGAN
    ]
    return table(folder, rows, fees_fraction_of_subsidy=0.0)


def check_of(network: NetworkMonths, month: str, field: str) -> Check:
    (found,) = [check for check in checks(network) if str(check.month) == month and check.field == field]
    return found


# --- JPMorgan's months ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("month", "price", "network_eh", "k_usd", "profit", "source"), JPMORGAN)
def test_revenue_per_eh(
    month: str, price: float, network_eh: float, k_usd: float, profit: float | None, source: str, tmp_path: Path
) -> None:
    # 450 BTC a day x price / network, by hand; fees and the drift of the block rate are the rest.
    found = check_of(jpmorgan(tmp_path), month, "revenue_usd_per_eh_day")
    assert found.computed == pytest.approx(450 * price / network_eh, rel=1e-12)
    assert abs(found.off) <= 0.025, source
    assert found.follows


def test_only_the_product_of_efficiency_and_power_price_is_identified(tmp_path: Path) -> None:
    network = jpmorgan(tmp_path)
    by_month = {str(month): product for month, product in zip(network.calendar.months, products(network), strict=True)}
    assert {month: by_month[month] for month in PRODUCTS} == pytest.approx(PRODUCTS, abs=1.01)
    # January 2026: 17.6 J/TH at 50 USD/MWh, 19.6 at 45, 22 at 40 and 30 at 29.4 all give the gross profit of 21,200 USD.
    for j_per_th, usd_per_mwh in ((17.6, 50.0), (19.6, 45.0), (22.0, 40.0), (30.0, 29.4)):
        assert 42_350 - power_usd_per_eh_day(j_per_th, usd_per_mwh) == pytest.approx(21_200, rel=5e-3)


def test_gross_profit_at_20_joules_and_44_dollars(tmp_path: Path) -> None:
    network = jpmorgan(tmp_path)
    fleet = Fleet.of(network, MarketTerms(j_per_th=20, usd_per_mwh=44))
    assert fleet is not None
    # 24 x 20 x 44 = 21,120 USD of power per EH/s and day; 450 x 90,526 / 981 = 41,525.69 USD of revenue in January 2026.
    assert fleet.gross_profit_usd_per_eh_day[-1] == pytest.approx(41_525.688 - 21_120, abs=1e-3)
    assert fleet.margin_fraction[-1] == pytest.approx(1 - 21_120 / 41_525.688, rel=1e-6)
    assert fleet.product == 880
    # JPMorgan: 21,200 USD. The difference is the fees, which 450 x price / network leaves out.
    assert fleet.gross_profit_usd_per_eh_day[-1] == pytest.approx(21_200, rel=0.04)


def test_power_price_that_each_team_of_jpmorgan_means() -> None:
    # bingxzone.com, phemex.com: 90,000 USD per BTC at 5 cents/kWh with 18,000 USD per cent: 1,800 MWh per BTC; later 77,000: 1,540.
    # 1,800 MWh per BTC is about 32 J/TH over the whole network of some 1,070 EH/s: another measure than the 880 above.
    price, eh = 90_000.0, 1_070.0
    network = one_month("2025-11", price, eh)
    j_per_th = 1_800 / network.mwh_per_btc(1.0)[0]
    assert j_per_th == pytest.approx(32, rel=0.02)
    assert network.power_usd_per_btc(float(j_per_th), 50.0)[0] == pytest.approx(90_000, rel=1e-12)
    assert network.power_usd_per_btc(float(j_per_th), 60.0)[0] == pytest.approx(108_000, rel=1e-12)


def one_month(month: str, price: float, network_eh: float, fees: float = 0.0) -> NetworkMonths:
    """A month by the steady-state formula, apart from the reader of files."""
    in_btc = np.array([3.125 * (1 + fees) * 144 / (1_000 * network_eh)])
    calendar = Calendar(Month.of(month), 1)
    return NetworkMonths(calendar, np.array([price]), np.array([network_eh]), in_btc * price, in_btc, np.array([3.125]))


# --- Hashrate Index, Luxor, CoinShares ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "difficulty_t", "fees", "price", "btc_per_ph_day", "usd_per_ph_day", "source"),
    [
        ("2025-11", 155.97, 0.0062, None, 0.00040577, None, "hashrateindex.com/blog/hashrate-index-roundup-november-3-2025"),
        ("2026-01", 146.47, 0.0055, 91_132, 0.00043143, 39.53, "hashrateindex.com/blog/hashrate-index-roundup-january-12-2026"),
    ],
)
def test_hashrate_index_within_a_thousandth(
    month: str,
    difficulty_t: float,
    fees: float,
    price: float | None,
    btc_per_ph_day: float,
    usd_per_ph_day: float | None,
    source: str,
    tmp_path: Path,
) -> None:
    row: dict[str, object] = {
        "month": month,
        "difficulty": difficulty_t * 1e12,
        "fees_fraction_of_subsidy": fees,
        "btc_price_usd": price or "",
        "hashprice_btc_per_ph_day": btc_per_ph_day,
        "hashprice_usd_per_ph_day": usd_per_ph_day or "",
    }
    network = table(tmp_path, [row])
    found = check_of(network, month, "hashprice_btc_per_ph_day")
    assert abs(found.off) <= 1e-3, source
    assert found.follows
    if usd_per_ph_day is not None:
        assert check_of(network, month, "hashprice_usd_per_ph_day").follows


def test_the_difficulty_before_the_adjustment_is_found_out(tmp_path: Path) -> None:
    # The roundup of 12 January 2026 names 148.26 T; its hashprice belongs to the 146.47 T that came after.
    row: dict[str, object] = {
        "month": "2026-01",
        "difficulty": 148.26e12,
        "fees_fraction_of_subsidy": 0.0055,
        "hashprice_btc_per_ph_day": 0.00043143,
    }
    found = check_of(table(tmp_path, [row]), "2026-01", "hashprice_btc_per_ph_day")
    assert not found.follows
    assert found.explanation.startswith("it would take a difficulty of 146.5")
    assert "before or after an adjustment" in found.explanation


def test_luxor_prints_revenue_by_tier() -> None:
    # hashrateindex.com/blog/hashrate-index-roundup-january-12-2026, at 39.53 USD/PH/day: below 19 J/TH 97 USD/MWh, 19 to 25 75,
    # 25 to 38 51. They are the revenue at 17, 22 and 32.3 J/TH.
    network = one_month("2026-01", 91_132, 981)
    at = 39.53 / network.hashprice_usd_per_ph_day[0]
    for j_per_th, usd_per_mwh in ((17.0, 97), (22.0, 75), (32.3, 51)):
        assert at * network.revenue_usd_per_mwh(j_per_th)[0] == pytest.approx(usd_per_mwh, abs=0.5)


def test_coinshares_break_even() -> None:
    # tokenpost.com/news/insights/19340: at 30 USD/PH/day a fleet of 21.5 J/TH breaks even at 5.81 cents/kWh.
    network = one_month("2026-02", 68_928, 1_020)
    at = 30 / network.hashprice_usd_per_ph_day[0]
    terms = MarketTerms()
    assert at * terms.break_even_usd_per_mwh(network, 21.5)[0] == pytest.approx(58.1, abs=0.05)


def test_revenue_of_a_megawatt_year() -> None:
    # "0.79 M USD per MW and year" at 43.34 USD/PH/day and 20 J/TH, and a lease of 1.45 M USD is reached at 79.5 USD/PH/day
    # (cryptopressnews.com/?p=48205; 1.45 M USD is Core Scientific's contract with CoreWeave per critical MW and year).
    network = one_month("2025-11", 96_434, 1_074)
    at = 43.34 / network.hashprice_usd_per_ph_day[0]
    assert at * network.revenue_usd_per_mwh(20.0)[0] * 8_760 == pytest.approx(0.79e6, rel=2e-3)
    assert pytest.approx(79.5, rel=1e-3) == 1.45e6 / 8_760 * 0.024 * 20


@pytest.mark.parametrize(
    ("j_per_th", "hashprice", "usd_per_mwh", "k_usd"),
    [(15, 28, 30, 277), (18, 45, 50, 316), (20.5, 39.5, 40, 215), (20.5, 60, 30, 612), (25, 33, 30, 104), (29.5, 28, 50, -175)],
)
def test_margin_of_a_gross_megawatt_year(j_per_th: float, hashprice: float, usd_per_mwh: float, k_usd: float) -> None:
    # 92 % of 8,760 hours, pool 1 %, overhead 1.05, 9 USD/MWh beside power: derived from the formulas, in thousand USD.
    network = one_month("2026-01", 90_526, 981)
    at = hashprice / network.hashprice_usd_per_ph_day[0]
    scaled = NetworkMonths(
        network.calendar,
        at * network.btc_price_usd,
        network.network_eh,
        at * network.hashprice_usd_per_ph_day,
        network.hashprice_btc_per_ph_day,
        network.subsidy_btc,
    )
    terms = MarketTerms(overhead=1.05, pool_fee_fraction=0.01, opex_usd_per_mwh=9.0)
    margin = (terms.break_even_usd_per_mwh(scaled, j_per_th)[0] - usd_per_mwh) * 8_760 * 0.92
    assert margin / 1_000 == pytest.approx(k_usd, abs=0.6)


# --- four years of block rewards ---------------------------------------------------------------------------------------------


def test_four_year_opportunity() -> None:
    # 48 bn USD of listed miners at 87,500 USD (end of December 2025): 106 % of the 517.7 k BTC of 48 months, 83 % without the
    # halving of 2028, 258 % of a share of 41 %. The 150 % of the press follows from none of them.
    whole = opportunity(Month.of("2026-01"), 87_500.0)
    assert whole.btc == pytest.approx(517_700, rel=2e-3)
    assert whole.usd is not None
    assert whole.usd_without_halving is not None
    assert 48e9 / whole.usd == pytest.approx(1.06, abs=0.005)
    assert 48e9 / whole.usd_without_halving == pytest.approx(0.83, abs=0.006)
    assert 48e9 / (0.41 * whole.usd) == pytest.approx(2.58, abs=0.02)
    # By hand: 837 1/3 days to the halving on 17 April 2028, 08:00, then 623 2/3 of the 1,461 days at half of it.
    assert whole.btc == pytest.approx(144 * ((837 + 1 / 3) * 3.125 + (1_461 - 837 - 1 / 3) * 1.5625), rel=1e-9)
    assert whole.btc_without_halving == 144 * 3.125 * 1_461


# --- production ----------------------------------------------------------------------------------------------------------------

STEADY = {"2023-07", "2023-08", "2024-03", "2024-04", "2024-08", "2024-09", "2024-12"}
RAMP = {"2024-06", "2024-07"}
"""Riot went from 12.4 to 22 EH/s in June 2024 and to 23.3 in July; in June a single block's fees were kept by pools as well."""


def test_production_from_average_operating_hashrate(market_data: Path, tmp_path: Path) -> None:
    """Riot's monthly releases (address of each row in miner_monthly_reported_to_2024.csv) against the daily record of the chain."""
    with (market_data / "miner_monthly_reported_to_2024.csv").open(newline="") as stream:
        riot = [row for row in csv.DictReader(stream) if row["company"] == "RIOT" and row["avg_operating_ehs"]]
    assert {row["month"] for row in riot} == STEADY | RAMP
    reported = tmp_path / "riot.csv"
    lines = [f"{row['month']},{row['avg_operating_ehs']},{row['deployed_ehs']},{row['btc_produced']}" for row in riot]
    reported.write_text("\n".join(["month,operating_eh,reported_eh,mined_btc", *lines]) + "\n")
    daily = tmp_path / "chain.csv"
    with (market_data / "btc_daily_to_2024.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["date"] >= "2023-07-01"]
    fees = [f"{row['date']},{row['difficulty_implied']},{float(row['fees_btc']) / float(row['block_count'])!r}" for row in rows]
    daily.write_text("\n".join(["date,difficulty,fees_btc_per_block", *fees]) + "\n")
    network = network_months([reported, daily])
    for row in riot:
        found = check_of(network, row["month"], "mined_btc")
        if row["month"] in STEADY:
            assert abs(found.off) <= 0.015, (row["month"], row["source"])
            assert found.follows
        else:
            assert not found.follows
            assert "grows or shrinks in the month" in found.explanation


def test_deployed_hashrate_overstates(tmp_path: Path) -> None:
    # Listed miners in September 2025: 419 EH/s reported are 41 % of the network (JPMorgan in the press), yet they mined 25 to 26 %
    # of the coins (fastly.tipranks.com, Jefferies): six tenths of the reported capacity was at work.
    row: dict[str, object] = {
        "month": "2025-12",
        "network_eh": 1_022,
        "reported_eh": 419,
        "reported_share_fraction": 0.41,
        "mined_btc": 0.255 * 450 * 31,
        "mined_share_fraction": 0.255,
    }
    network = table(tmp_path, [row], fees_fraction_of_subsidy=0.0)
    assert check_of(network, "2025-12", "reported_share_fraction").follows
    assert check_of(network, "2025-12", "mined_share_fraction").follows
    assert mined_share(network)[0] / 0.41 == pytest.approx(0.62, abs=0.005)


# --- what the press got wrong ---------------------------------------------------------------------------------------------------

PRESS = "JPMorgan coverage in the press, January and February 2026"
DECEMBER = {"month": "2025-12", "btc_price_usd": 89_011, "network_eh": 1_045, "revenue_usd_per_eh_day": 38_700}
JANUARY = {"month": "2026-01", "btc_price_usd": 90_526, "network_eh": 981, "revenue_usd_per_eh_day": 42_350}


@pytest.mark.parametrize(
    ("december", "january", "month", "field", "computed", "explanation"),
    [
        # Margin "nearly 36 %" in December: 17,100 of 38,700 is 44.2 %.
        (
            {"gross_profit_usd_per_eh_day": 17_100, "margin_fraction": 0.36},
            {},
            "2025-12",
            "margin_fraction",
            17.1 / 38.7,
            "44.2 %",
        ),
        # "From 36 % to 47 %, 300 basis points": that would be 1,100.
        (
            {"margin_fraction": 0.36},
            {"margin_fraction": 0.47, "margin_change_bp": 300},
            "2026-01",
            "margin_change_bp",
            1_100,
            "1,100",
        ),
        # Revenue "up slightly from December" (written as 1 %): 38,700 to 42,350 is 9.4 %.
        ({}, {"revenue_change_fraction": 0.01}, "2026-01", "revenue_change_fraction", 42.35 / 38.7 - 1, "+9.4 %"),
        # 60 bn USD, "+23 %" on the 48 bn that others print for the end of the year: 25 %.
        (
            {"market_cap_usd": 48e9},
            {"market_cap_usd": 60e9, "market_cap_change_fraction": 0.23},
            "2026-01",
            "market_cap_change_fraction",
            0.25,
            "+25.0 %",
        ),
        # Shares at "150 % of the four-year block reward opportunity".
        (
            {"market_cap_usd": 48e9, "cap_to_opportunity_fraction": 1.5},
            {},
            "2025-12",
            "cap_to_opportunity_fraction",
            48e9 / (144 * ((868 + 1 / 3) * 3.125 + (1_461 - 868 - 1 / 3) * 1.5625) * 89_011),
            "without the halving it would be 82 %",
        ),
        # "419 EH/s, 41 %" against January's 981 EH/s: the share is of mid-January's 1,022.
        ({}, {"reported_eh": 419, "reported_share_fraction": 0.41}, "2026-01", "reported_share_fraction", 419 / 981, "1,022 EH/s"),
        # 83,570 USD is a live ticker on the page, no mean of January (90,526): revenue does not follow from it.
        ({}, {"btc_price_usd": 83_570}, "2026-01", "revenue_usd_per_eh_day", 450 * 83_570 / 981, "price of 92,3"),
        ({}, {"btc_price_usd": 76_073}, "2026-01", "revenue_usd_per_eh_day", 450 * 76_073 / 981, "no mean of a month"),
    ],
)
def test_what_does_not_follow_is_named_and_explained(
    december: dict[str, object],
    january: dict[str, object],
    month: str,
    field: str,
    computed: float,
    explanation: str,
    tmp_path: Path,
) -> None:
    rows: list[dict[str, object]] = [{**DECEMBER, **december}, {**JANUARY, **january}]
    network = table(tmp_path, rows, fees_fraction_of_subsidy=0.0)
    found = check_of(network, month, field)
    assert found.computed == pytest.approx(computed, rel=2e-6)
    assert not found.follows
    assert explanation in found.explanation
    assert [check for check in checks(network) if not check.follows] == [found]


def test_what_the_press_got_right_follows(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {**DECEMBER, "gross_profit_usd_per_eh_day": 17_100, "market_cap_usd": 48.8e9},
        {
            **JANUARY,
            "gross_profit_usd_per_eh_day": 21_200,
            "gross_profit_change_fraction": 0.24,  # 17.1 to 21.2 k USD
            "network_change_fraction": -0.06,  # 1,045 to 981 EH/s
            "market_cap_usd": 60e9,
            "market_cap_change_fraction": 0.23,
        },
    ]
    network = table(tmp_path, rows, fees_fraction_of_subsidy=0.0)
    assert all(check.follows for check in checks(network))
    assert {check.field for check in checks(network)} >= {"gross_profit_change_fraction", "network_change_fraction"}


def test_280_basis_points_once_the_margin_of_december_is_right(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {**DECEMBER, "gross_profit_usd_per_eh_day": 17_100},
        {**JANUARY, "margin_fraction": 0.47, "margin_change_bp": 300},  # printed in mid-January
    ]
    found = check_of(table(tmp_path, rows, fees_fraction_of_subsidy=0.0), "2026-01", "margin_change_bp")
    assert found.computed == pytest.approx(281, abs=1)
    assert found.follows


def test_stated_changes_imply_the_month_before(tmp_path: Path) -> None:
    # September 2025: 49,700 USD, -10 %; 1,031 EH/s, +9 %; 56 bn USD, +43 %: August had 55.2 k, 946 EH/s and 39 bn.
    row: dict[str, object] = {
        "month": "2025-09",
        "btc_price_usd": 113_258,
        "network_eh": 1_031,
        "revenue_usd_per_eh_day": 49_700,
        "revenue_change_fraction": -0.1,
        "network_change_fraction": 0.09,
        "market_cap_usd": 56e9,
        "market_cap_change_fraction": 0.43,
    }
    implied = {name: value for _, name, value in implied_before(table(tmp_path, [row], fees_fraction_of_subsidy=0.0))}
    assert implied["revenue_usd_per_eh_day"] == pytest.approx(55_222, abs=1)
    assert implied["network_eh"] == pytest.approx(946, abs=0.5)
    assert implied["market_cap_usd"] == pytest.approx(39.2e9, rel=1e-2)


def test_hashprice_since_the_end_of_december() -> None:
    # "+11 % since the end of December": 87,500 USD at 148.26 T to 96,500 USD at 146.47 T.
    spot = (96_500 / 146.47) / (87_500 / 148.26) - 1
    assert spot == pytest.approx(0.116, abs=0.001)
    network = one_month("2026-01", 90_526, 981), one_month("2025-12", 89_011, 1_045)
    monthly = network[0].hashprice_usd_per_ph_day[0] / network[1].hashprice_usd_per_ph_day[0] - 1
    assert monthly == pytest.approx(0.083, abs=0.002)  # on the means of the months


def test_a_figure_that_two_files_give_is_refused_with_the_month_in_which_they_differ(tmp_path: Path) -> None:
    # An article of "January 2025" gives 48,000 USD per BTC; the mean of that month was 100,086 USD.
    from hashlease import InputError

    press, closes = tmp_path / "article.csv", tmp_path / "closes.csv"
    press.write_text("month,btc_price_usd\n2025-01,48000\n")
    closes.write_text("month,btc_price_usd\n2025-01,100086\n")
    with pytest.raises(InputError, match="in 2025-01 48,000 and 100,086"):
        network_months([press, closes])


# --- contracts and their options ---------------------------------------------------------------------------------------------

CONTRACTS = [
    # deal, contract M USD, critical MW, years, years with options, disclosed M USD with options, source
    ("Riot and AMD", 311, 25, 10, 25, 1_000, "secwatch.observer/filing/0001104659-26-004551.md (8-K)"),
    (
        "Cipher and Fluidstack, first",
        3_000,
        168,
        10,
        20,
        7_000,
        "stocktitan.net/news/CIFR/cipher-mining-signs-168-mw-10-year-ai-hosting",
    ),
    ("Cipher and Fluidstack, second", 830, 39, 10, 20, 2_000, "beyondspx.com/quote/CIFR/news/cipher-mining-secures-830-million"),
    ("TeraWulf and Fluidstack, CB-3 and 4", 3_700, 200, 10, 20, 8_700, "blockspace.media/insight/terawulf-signs-10-year-200-mw"),
    (
        "Hut 8 River Bend",
        7_000,
        245,
        15,
        30,
        17_700,
        "particle.news/story/hut-8-strikes-google-backed-7-billion-ai-data-center-deal",
    ),
    ("Hut 8 Beacon Point", 9_800, 352, 15, 30, 25_100, "letsdatascience.com/news/hut-8-signs-98b-lease-for-beacon-point-campus"),
]


@pytest.mark.parametrize(("deal", "contract", "mw", "years", "with_options", "disclosed", "source"), CONTRACTS)
def test_contract_and_option_values_at_three_percent_a_year(
    deal: str, contract: float, mw: float, years: int, with_options: int, disclosed: float, source: str
) -> None:
    # rent x 12 x kW x (1 + 1.03 + 1.03^2 + ...) over the base term is the contract value, over all options the disclosed one.
    ladder = [1.03**year for year in range(with_options)]
    by_hand = contract * sum(ladder) / sum(ladder[:years])
    lease = LeaseOffer.model_validate(
        offer(
            deal,
            critical_it_mw=mw,
            rent_usd_per_kw_month=None,
            contract_value_usd=contract * 1e6,
            escalator_per_year=0.03,
            term_years=years,
            extensions=[{"years": with_options - years, "exercise_probability_fraction": 1.0}],
        )
    )
    assert float(lease.schedule.rent_usd.sum()) * mw / 1e6 == pytest.approx(by_hand, rel=1e-9)
    assert by_hand == pytest.approx(disclosed, rel=0.03), source


def test_identified_product_of_a_single_pair() -> None:
    assert identified_product(np.array([42_350.0]), np.array([21_200.0]))[0] == pytest.approx(881.25)
