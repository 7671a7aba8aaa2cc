"""A listed miner's parts by hand, a scenario's parts against its plans, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import data
from hashlease import InputError, solve
from hashlease.models.miner import Miner
from hashlease.optimizer.sum_of_parts import SumOfParts, sum_of_parts
from hashlease.scenarios.miner_files import STARTER, load_miner

DAY_2026 = 365
LEASE: dict[str, Any] = {
    "name": "Signed",
    "critical_it_mw": 100.0,
    "noi_usd_per_critical_mw_year": 1.5e6,
    "multiple": 14.0,
    "noi_from": "2026-01",
    "build_left_usd_per_critical_mw": 7.0e6,
    "discount_rate_per_year": 0.1,
}
MACHINES: dict[str, Any] = {
    "name": "Machines",
    "operating_eh": 10.0,
    "j_per_th": 20.0,
    "overhead": 1.05,
    "pool_fee_fraction": 0.01,
    "power_usd_per_mwh": {"months": {"2026-01": 40.0, "2026-02": 200.0}, "then_growth_per_year": 0.0},
    "other_usd_per_mwh": 9.0,
    "until": "2026-03",
    "resale_usd_per_th": 2.0,
    "discount_rate_per_year": 0.0,
}
MARKET = {"hashprice": {"kind": "given", "usd_per_ph_day": {"flat": 45.0}, "btc_price_usd": {"flat": 90_000.0}}}
PLAIN: dict[str, Any] = {"name": "Miner", "as_of": "2026-01-01", "net_debt_usd": 0.0}


def write(folder: Path, **fields: Any) -> Path:
    file = folder / "miner.yaml"
    file.write_text(yaml.safe_dump({**PLAIN, **fields}))
    return file


def value(folder: Path, **fields: Any) -> SumOfParts:
    return sum_of_parts(*load_miner(write(folder, **fields)))


def refused(folder: Path, **fields: Any) -> str:
    with pytest.raises(InputError) as caught:
        value(folder, **fields)
    return str(caught.value)


# --- each part by hand ------------------------------------------------------------------------------------------------------


def test_mining_runs_where_it_pays(tmp_path: Path) -> None:
    # January: 45,000 x 0.99 - 24 x 21 x 49 = 19,854 USD per EH/s and day; x 10 EH/s x 31 days = 6,154,740 USD.
    # February: 44,550 - 24 x 21 x 209 is a loss: nothing. Machines: 10 EH/s x 1,000,000 TH x 2 USD = 20 M USD.
    found = value(tmp_path, mining=[MACHINES], market=MARKET)
    assert found.enterprise_usd == pytest.approx(6_154_740 + 20e6, rel=1e-12)
    # At 10 %: the middle of January is 15.5 days on, the end of February 59.
    discounted = value(tmp_path, mining=[{**MACHINES, "discount_rate_per_year": 0.1}], market=MARKET)
    assert discounted.enterprise_usd == pytest.approx(6_154_740 * 1.1 ** (-15.5 / 365.25) + 20e6 * 1.1 ** (-59 / 365.25), rel=1e-12)


def test_a_signed_lease(tmp_path: Path) -> None:
    # 100 MW x (1.5 M x 14 - 7 M) = 1,400 M USD.
    found = value(tmp_path, signed_leases=[LEASE])
    assert found.equity_usd == pytest.approx(1_400e6)
    assert found.signed_mw == 100
    # A year later, half owned: 50 x (21 M / 1.1^(365 / 365.25) - 7 M).
    later = value(tmp_path, signed_leases=[{**LEASE, "noi_from": "2027-01", "owned_fraction": 0.5}])
    assert later.equity_usd == pytest.approx(50e6 * (21 * 1.1 ** (-365 / 365.25) - 7), rel=1e-12)
    assert later.signed_mw == 50


def test_expected_leases_power_land_coins_and_debt(tmp_path: Path) -> None:
    found = value(
        tmp_path,
        signed_leases=[LEASE],
        expected_leases=[{**LEASE, "name": "Expected", "probability_fraction": 0.5}],
        open_power=[{"name": "Grid", "mw": 200.0, "usd_per_mw": 1e6, "owned_fraction": 0.5}],
        land=[{"name": "Land", "acres": 100.0, "usd_per_acre": 10_000.0}],
        other=[{"name": "Corporate", "usd": -50e6}],
        bitcoin_btc=1_000,
        btc_price_usd=90_000.0,
        net_debt_usd=400e6,
        market_cap_usd=2_500e6,
        shares=100e6,
    )
    groups = {
        group: found.group_usd(group) / 1e6 for group in ("mining", "signed leases", "power optionality", "land", "coins", "other")
    }
    assert groups == pytest.approx(
        {"mining": 0, "signed leases": 1_400, "power optionality": 700 + 100, "land": 1, "coins": 90, "other": -50}
    )
    assert found.enterprise_usd == pytest.approx(2_241e6)
    assert found.equity_usd == pytest.approx(1_841e6)
    ratios = {what: number for what, number, _, _ in found.ratios()}
    assert ratios["equity value per share"] == pytest.approx(18.41)
    assert ratios["market price per share"] == pytest.approx(25.0)
    assert ratios["signed leases per critical MW"] == pytest.approx(14.0)
    assert ratios["equity value per critical MW"] == pytest.approx(18.41)
    assert ratios["market cap to equity value"] == pytest.approx(2_500 / 1_841)
    # The market pays 2,500 + 400 for everything; all but the signed leases is 841 M USD: 2,059 M USD for 100 MW.
    assert ratios["market pays per critical MW"] == pytest.approx(20.59)
    # Four years of block rewards from January 2026: 517,125 BTC (tests/models/test_published_figures.py).
    assert ratios["market cap to four-year rewards"] == pytest.approx(100 * 2_500e6 / (517_125 * 90_000))
    assert ratios["the same without the halving"] == pytest.approx(100 * 2_500e6 / (657_450 * 90_000))


def test_published_valuation_of_critical_megawatts(tmp_path: Path) -> None:
    # VanEck: NOI of some 1.5 M USD per MW at a mid-teens multiple (altfins.com/crypto-news/crypto-news-summary/348867); with 7 to
    # 13 M USD of build cost left it spans JPMorgan's 8 to 17 M USD of equity per critical MW of November 2025.
    low = value(tmp_path, signed_leases=[{**LEASE, "build_left_usd_per_critical_mw": 13e6}])
    high = value(tmp_path, signed_leases=[{**LEASE, "multiple": 16.0, "build_left_usd_per_critical_mw": 7e6}])
    ratios = [{what: number for what, number, _, _ in found.ratios()} for found in (low, high)]
    assert [found["signed leases per critical MW"] for found in ratios] == pytest.approx([8.0, 17.0])


def test_its_own_share_of_the_rewards(tmp_path: Path) -> None:
    network = {"kind": "network", "btc_price_usd": {"flat": 90_000.0}, "network_eh": {"flat": 1_000.0}}
    market = {"hashprice": {**network, "fees_fraction_of_subsidy": {"flat": 0.0}}}
    found = value(tmp_path, mining=[MACHINES], market=market, market_cap_usd=1e9)
    assert found.network_share == pytest.approx(0.01)
    ratios = {what: number for what, number, _, _ in found.ratios()}
    assert ratios["market cap to its own share of them"] == pytest.approx(1e9 / (0.01 * 517_125 * 90_000))


# --- a scenario's parts ---------------------------------------------------------------------------------------------------------


def scenario_file(folder: Path, **changes: Any) -> str:
    (folder / "case.yaml").write_text(yaml.safe_dump(data(**changes)))
    return "case.yaml"


def test_parts_of_a_scenario_add_up_to_its_optimum(tmp_path: Path) -> None:
    # 92.65 M USD with the offer, 87.6 without (tests/optimizer/test_compare.py).
    found = value(tmp_path, scenario=scenario_file(tmp_path))
    assert found.verdict == "CERTIFIED"
    assert found.group_usd("mining") == pytest.approx(87.6e6)
    assert found.group_usd("power optionality") == pytest.approx(5.05e6)
    assert found.equity_usd == pytest.approx(92.65e6)
    half = value(tmp_path, scenario=scenario_file(tmp_path), scenario_owned_fraction=0.5)
    assert half.equity_usd == pytest.approx(92.65e6 / 2)


def test_a_signed_lease_is_in_both_plans(tmp_path: Path) -> None:
    signed = {"leases__0__status": "signed", "leases__0__start_month": "2026-01", "leases__0__start_window": None}
    found = value(tmp_path, scenario=scenario_file(tmp_path, **signed))
    # 20 MW x (1.2 M USD of rent - 0.4 M of capex) = 16 M USD; no freedom is left.
    assert found.group_usd("signed leases") == pytest.approx(16e6)
    assert found.group_usd("power optionality") == pytest.approx(0, abs=1)
    assert found.signed_mw == 20


def test_rockdale_adds_up(tmp_path: Path) -> None:
    found = value(tmp_path, scenario="rockdale", land=[{"name": "Land", "acres": 200.0, "usd_per_acre": 480_000.0}])
    from hashlease import load

    plan = solve(load("rockdale"))
    assert found.enterprise_usd - 96e6 == pytest.approx(plan.npv_usd, rel=1e-9)
    without = plan.reference("all_mining").npv_usd
    assert found.group_usd("power optionality") == pytest.approx(plan.npv_usd - without, rel=1e-9)
    assert found.signed_mw == 25
    (signed,) = [row for row in plan.rows["leases"] if row["status"] == "signed"]
    assert found.group_usd("signed leases") == pytest.approx(signed["npv_usd"], rel=1e-6)


def test_coins_at_the_scenarios_price(tmp_path: Path) -> None:
    network = {"kind": "network", "btc_price_usd": {"flat": 80_000.0}, "network_eh": {"flat": 1_000.0}}
    case = scenario_file(tmp_path, market__hashprice={**network, "fees_fraction_of_subsidy": {"flat": 0.0}})
    found = value(tmp_path, scenario=case, bitcoin_btc=100)
    assert found.group_usd("coins") == pytest.approx(8e6)
    # 100 MW at 20 J/TH are 5 EH/s of 1,000.
    assert found.network_share == pytest.approx(0.005)


def test_loans_of_signed_leases_are_a_row_of_their_own(tmp_path: Path) -> None:
    # Nothing is discounted: a loan of 60 % of 20 MW x 400,000 USD at 12 % over a year costs 20 x 15,884.51 USD of interest, whose
    # quarter is a deduction of tax: 238,268 USD less, and the lease itself is worth what it is without the loan.
    loan = {"loan_to_cost_fraction": 0.6, "rate_per_year": 0.12, "amortisation_years": 1.0}
    rates = {"mining": 0.0, "lease": 0.0, "capex": 0.0, "power_contract": 0.0, "debt": 0.0}
    deal = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}
    changes = {**deal, "finance__tax": {"rate_fraction": 0.25, "macrs_years": 5}, "finance__discount_rate_per_year": rates}
    found = {}
    for name, debt in (("plain", None), ("lent", loan)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(data(**changes, name=name, leases__0__debt=debt)))
        found[name] = {part.name: part for part in value(tmp_path, scenario=f"{name}.yaml").parts}
    of_loan = found["lent"]["lent: loans of signed leases"]
    assert of_loan.group == "signed leases"
    assert of_loan.usd == pytest.approx(-0.75 * 20 * 15_884.51, rel=1e-6)
    assert "not in net debt as well" in of_loan.how
    assert found["lent"]["lent: signed"].usd == pytest.approx(found["plain"]["plain: signed"].usd, rel=1e-12)
    assert "plain: loans of signed leases" not in found["plain"]


# --- what is refused ------------------------------------------------------------------------------------------------------------


def test_problems_are_reported_together_with_their_lines(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        as_of="2026-01-15",
        net_debt_usd="much",
        signed_leases=[{**LEASE, "noi_usd_per_critical_mw_year": 1.5, "multiple": 140.0, "probability": 1}],
        bitcoins=3,
    )
    assert "1.5 in millions of USD is 1,500,000 USD per critical MW and year; did you mean that?" in said
    assert "0.5 to 60 times the yearly NOI" in said
    assert "the unknown field probability" in said
    assert "did you mean bitcoin_btc?" in said
    assert 'the text "much"' in said
    assert "miner.yaml:" in said
    assert "hashlease new writes a scenario" not in said


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ["no parts at all"]),
        ({"as_of": "2026-01-15", "land": []}, ["the first day of a month", "2026-01-01"]),
        ({"mining": [MACHINES]}, ["mining without a market path"]),
        ({"mining": [{**MACHINES, "until": "2025-12"}], "market": MARKET}, ["a month after 2026-01"]),
        ({"signed_leases": [LEASE, dict(LEASE)]}, ['the name "Signed" a second time']),
        ({"bitcoin_btc": 5.0}, ["coins without a price"]),
        ({"signed_leases": [LEASE], "scenario_owned_fraction": 0.5}, ["a share of no scenario"]),
        ({"scenario": "two_offers", "market": MARKET}, ["a market beside a scenario"]),
        ({"scenario": "nothing.yaml"}, ["nothing.yaml", "which does not exist"]),
        ({"scenario": "../miner.yaml"}, ["which leaves the folder"]),
        ({"scenario": "two_offers", "as_of": "2025-01-01"}, ["the scenario's valuation date 2026-01-01", "the same day"]),
        ({"scenario": "two_offers", "signed_leases": [{**LEASE, "name": "North"}]}, ['"North", which the scenario has too']),
        ({"scenario": "two_offers", "bitcoin_btc": 5.0}, ["a market path without a price"]),
        ({"signed_leases": [LEASE], "market_cap_usd": 4_000.0}, ["4000 in millions of USD is 4,000,000,000 USD"]),
        ({"signed_leases": [{**LEASE, "owned_fraction": 51}]}, ["51 in percent is 0.51"]),
    ],
)
def test_refused(fields: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    said = refused(tmp_path, **fields)
    assert all(word in said for word in words), said


def test_a_market_path_that_is_too_short(tmp_path: Path) -> None:
    market = {"hashprice": {"kind": "given", "usd_per_ph_day": {"months": {"2026-01": 45.0}}}}
    assert "the path ends in 2026-01, the horizon in 2026-02" in refused(tmp_path, mining=[MACHINES], market=market)
    power = {**MACHINES, "power_usd_per_mwh": {"months": {"2026-01": 45.0}}}
    assert "a path over the months in which it mines" in refused(tmp_path, mining=[power], market=MARKET)


def test_the_starter_states_every_field() -> None:
    content = STARTER.read_text()
    for field in Miner.model_fields:
        assert f"{field}:" in content or field in ("title", "sources", "btc_price_usd"), field
