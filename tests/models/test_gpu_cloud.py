"""GPUs that the landlord owns, by hand, through both paths: the value tables and the ledger's lines.

The plain offer of cases.py costs 400,000 USD and runs from January to December 2026; here 500 GPUs a MW sell their hours.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import hashlease as hl
import pytest
from cases import scenario
from hashlease.models.scenario import Scenario
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.ledger import Ledger
from one_lease import RATES, factor, lines_usd, with_terms, worth_usd

CLOUD: dict[str, Any] = {"gpus_per_critical_mw": 500, "gpu_capex_usd_per_gpu": 1_000, "usd_per_gpu_hour": 0.5}
MONTH_USD = 500 * 0.5 * 730.5
"""A MW with all hours sold."""


def case(cloud: dict[str, Any], **fields: Any) -> Scenario:
    return scenario(**with_terms(rent_usd_per_kw_month=None, gpu_cloud={**CLOUD, **cloud}), **fields)


def test_hours_sold_at_a_price() -> None:
    # 500 GPUs x 0.5 USD x 730.5 hours x 80 % = 146,100 USD a month; 12 of them less the hall (400,000) and the GPUs (500,000).
    found = case({"hours_sold_fraction": 0.8})
    assert found.leases[0].first_year_rent_usd_per_kw_month == pytest.approx(146.1, rel=1e-12)
    assert worth_usd(found) == pytest.approx(12 * 146_100 - 400_000 - 500_000, rel=1e-12)
    assert lines_usd(found, "gpu_capex") == -500_000


def test_the_price_that_microsoft_pays() -> None:
    # 9.7 bn USD over five years for 200 MW: at 380 GPUs a MW 2.91 USD an hour, 808.3 USD per kW and month.
    contract = 9.7e9 / (200_000 * 60)
    found = case({"gpus_per_critical_mw": 380, "usd_per_gpu_hour": 2.91}).leases[0]
    assert contract == pytest.approx(808.33, abs=0.01)
    assert found.first_year_rent_usd_per_kw_month == pytest.approx(contract, rel=1e-3)


def test_price_falls_month_by_month() -> None:
    # 0.64^(1/12) a month: the sum is a geometric series.
    a_month = 0.64 ** (1 / 12)
    found = case({"price_decay_per_year": 0.36})
    assert lines_usd(found, "rent") == pytest.approx(MONTH_USD * (1 - 0.64) / (1 - a_month), rel=1e-12)
    assert worth_usd(found) == pytest.approx(MONTH_USD * (1 - 0.64) / (1 - a_month) - 900_000, rel=1e-12)


def test_refresh_resale_and_days() -> None:
    # New GPUs after six months at 60 % of the price; old ones bring 20 % on 1 July, the new ones on 1 January 2027, at 10 % a year.
    cloud = {"refresh_years": 0.5, "refresh_cost_fraction": 0.6, "gpu_resale_fraction": 0.2}
    found = case(cloud, finance__discount_rate_per_year=RATES)
    plain = case({"gpu_capex_usd_per_gpu": 0}, finance__discount_rate_per_year=RATES)
    july, january = factor(date(2026, 7, 1)), factor(date(2027, 1, 1))
    by_hand = -500_000 - 300_000 * july + 100_000 * july + 60_000 * january
    assert worth_usd(found) - worth_usd(plain) == pytest.approx(by_hand, rel=1e-9)
    assert lines_usd(found, "gpu_resale") == pytest.approx(160_000)


def test_tax_sees_depreciation_and_book_value() -> None:
    # 30 % tax. The hall is written off in a year. GPUs over two years: 250,000 in the year, 250,000 of book value at the end; the
    # sale at 100,000 is a loss. So all 500,000 are deducted within the year, and 100,000 taxed.
    tax = {"rate_fraction": 0.3, "depreciation_years": 1.0}
    found = case({"gpu_resale_fraction": 0.2, "gpu_depreciation_years": 2.0}, finance__tax=tax)
    income = 12 * MONTH_USD + 100_000
    assert worth_usd(found) == pytest.approx(0.7 * income - 900_000 + 0.3 * 900_000, rel=1e-12)


def test_a_contract_that_may_end_renews_by_its_probability() -> None:
    # The tenant leaves after six months with 25 %: the second generation is bought with 75 %, sold with 75 %.
    right = {"by": "tenant", "month_from_start": 6, "probability_fraction": 0.25}
    cloud = {"refresh_years": 0.5, "gpu_resale_fraction": 0.1}
    found = scenario(**with_terms(rent_usd_per_kw_month=None, gpu_cloud={**CLOUD, **cloud}, terminations=[right]))
    assert lines_usd(found, "gpu_capex") == pytest.approx(-500_000 * 1.75)
    assert lines_usd(found, "gpu_resale") == pytest.approx(50_000 * 1.75)
    assert worth_usd(found) == pytest.approx(MONTH_USD * 10.5 - 400_000 - 500_000 * 1.75 + 50_000 * 1.75, rel=1e-12)


def test_a_contract_value_is_what_the_customer_pays() -> None:
    # 2,400,000 USD for 2 MW over a year, whatever share of the hours runs.
    cloud = {**CLOUD, "usd_per_gpu_hour": None, "hours_sold_fraction": 0.5}
    terms = with_terms(rent_usd_per_kw_month=None, contract_value_usd=2_400_000.0, critical_it_mw=2.0, gpu_cloud=cloud)
    assert lines_usd(scenario(**terms), "rent") == pytest.approx(1_200_000, rel=1e-12)


def test_capex_budget_counts_gpus_in_the_year_of_their_payment() -> None:
    # 1 MW costs 400,000 for the hall and 500,000 for GPUs in January; the budget of 450,000 allows half a MW.
    found = case({}, finance__capex_budget_usd={"2026": 450_000.0})
    plan = hl.solve(found)
    assert plan.verdict == "CERTIFIED"
    assert sum(row["critical_mw"] for row in plan.rows["leases"]) == pytest.approx(0.5, rel=1e-9)


def test_the_rent_multiplier_moves_the_price_of_the_hour() -> None:
    found = case({"hours_sold_fraction": 0.7, "price_decay_per_year": 0.2, "gpu_resale_fraction": 0.1})
    values = Values(found)
    at = Multipliers(1.0, 1.3, 1.0)
    lines = Ledger(found, at).lease(values.offers[0].offer, values.offers[0].starts[0])
    dearer = case({"usd_per_gpu_hour": 0.65, "hours_sold_fraction": 0.7, "price_decay_per_year": 0.2, "gpu_resale_fraction": 0.1})
    expected = worth_usd(dearer)
    assert sum(float(line.discounted_usd.sum()) for line in lines) == pytest.approx(expected, rel=1e-12)
    assert float(values.offers[0].musd(at)[0]) * 1e6 == pytest.approx(expected, rel=1e-12)
