"""Signed leases as offers again: their terms, their month, and money that is spent already."""

from __future__ import annotations

from typing import Any

import pytest
from cases import offer, scenario
from hashlease import load, shipped_names
from hashlease.models.reopened import can_reopen, reopened, spent_before_usd
from hashlease.models.scenario import Scenario

DATES = {"status", "indivisible", "start_month", "start_window", "build_months", "capex_spending", "lead_time_months"}


def deal(name: str, start: str, **changes: Any) -> dict[str, Any]:
    fields = offer(name, status="signed", start_month=start, **changes)
    return {field: value for field, value in fields.items() if field != "start_window"}


def test_only_leases_that_have_not_begun() -> None:
    case = scenario(leases=[deal("Begun", "2025-12"), deal("First", "2026-01"), deal("Later", "2026-06"), offer("Offer")])
    assert [lease.name for lease in can_reopen(case)] == ["First", "Later"]
    again = reopened(case)
    assert {lease.name: lease.status for lease in again.leases} == {
        "Begun": "signed",
        "First": "offered",
        "Later": "offered",
        "Offer": "offered",
    }
    assert again.calendar == case.calendar


def test_a_scenario_without_deals_is_itself() -> None:
    case = scenario()
    assert reopened(case) is case


def test_money_spent_before_the_valuation_date_counts_on_it() -> None:
    # Six months of building before a start in March: October to February, of which three fall into 2025.
    case = scenario(leases=[deal("Deal", "2026-03", build_months=5)])
    lease = case.leases[0]
    # October, November and December: 3/5 of 20 MW x 400,000
    assert spent_before_usd(lease, case.calendar.start) == pytest.approx(4_800_000)
    spending = {part.month_from_start: part.share_fraction for part in reopened(case).leases[0].capex_spending}
    assert spending == {-2: pytest.approx(0.8), -1: pytest.approx(0.2)}


def test_gpus_paid_before_the_valuation_date_count_on_it_and_have_room() -> None:
    # 500 GPUs of 1,000 USD for each of 20 MW: 10 M USD, paid in December 2025 for March; the hall (8 M USD) is built after it.
    cloud = {
        "gpus_per_critical_mw": 500,
        "gpu_capex_usd_per_gpu": 1_000,
        "usd_per_gpu_hour": 0.5,
        "gpu_paid_months_before_start": 3,
    }
    signed = deal("Cloud", "2026-03", build_months=2, rent_usd_per_kw_month=None, gpu_cloud=cloud)
    cash = {"opening_usd": 1e6, "floor_usd": {"2026": 0}}
    case = scenario(leases=[signed], finance__capex_budget_usd={"2026": 1e6}, finance__cash=cash)
    assert spent_before_usd(case.leases[0], case.calendar.start) == pytest.approx(10e6)
    again = reopened(case)
    assert again.leases[0].gpu_cloud is not None and again.leases[0].gpu_cloud.gpu_paid_months_before_start == 2
    assert again.leases[0].starts(again.calendar) == [case.leases[0].start_month]
    assert again.finance.capex_budget_usd == {2026: pytest.approx(1e6 + 8e6 + 10e6)}
    assert again.finance.cash is not None and again.finance.cash.opening_usd == pytest.approx(1e6 + 10e6)


@pytest.mark.parametrize("name", shipped_names())
def test_the_terms_are_those_of_the_deal(name: str) -> None:
    case = load(name)
    again: Scenario = reopened(case)
    before = {lease.name: lease for lease in case.leases}
    for lease in again.leases:
        old = before[lease.name]
        if lease == old:
            continue
        assert lease.indivisible and lease.starts(again.calendar) == [old.start_month]
        assert lease.model_dump(exclude=DATES) == old.model_dump(exclude=DATES)
        assert lease.contract_value == pytest.approx(old.contract_value, rel=1e-12)
        assert sum(part.share_fraction for part in lease.capex_spending) == pytest.approx(1)
    assert Scenario.model_validate(again.model_dump(mode="json", by_alias=True, exclude_unset=True)).leases == again.leases
