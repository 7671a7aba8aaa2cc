"""Project debt by hand: level payments, grace, fee, interest while building, the horizon's end, default and early end; both paths.

The plain offer costs 400,000 USD a critical MW in January 2026 and pays 100,000 a month through 2026.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import offer, scenario
from hashlease import solve
from hashlease.models.debt import Debt
from hashlease.models.reopened import reopened
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.ledger_lines import total_usd

LOAN = {"loan_to_cost_fraction": 0.6, "rate_per_year": 0.12, "amortisation_years": 1.0}
PAYMENT = 21_323.7092
"""240,000 at 1 % a month in 12 level payments: 2,400 / (1 - 1.01^-12)."""
RATES = {"mining": 0.0, "lease": 0.0, "capex": 0.0, "power_contract": 0.0, "debt": 0.0}
AT_ITS_OWN = {**RATES, "debt": 1.01**12 - 1}
"""12.68 % a year is 1 % a month (of equal length)."""


def lent(loan: dict[str, Any] | None = None, **changes: Any) -> Scenario:
    return scenario(**{"finance__discount_rate_per_year": RATES, "leases__0__debt": {**LOAN, **(loan or {})}, **changes})


def worth_usd(case: Scenario) -> float:
    """Of one critical MW at the first start, by the value tables; the ledger must say the same."""
    values = Values(case)
    found = values.offers[0]
    worth = float(found.musd()[0]) * 1e6
    assert total_usd(Ledger(case).lease(found.offer, found.starts[0])) == pytest.approx(worth, rel=1e-12, abs=1e-6)
    return worth


def of_item(case: Scenario, item: str) -> Any:
    """A line of one critical MW at the first start, USD by month."""
    found = Values(case).offers[0]
    return np.sum([line.usd for line in Ledger(case).lease(found.offer, found.starts[0]) if line.item == item], axis=0)


def test_level_payments_clear_the_balance() -> None:
    found = Debt(**LOAN).schedule([(0, 1.0)])
    payments = 400_000 * (found.paid + found.repaid)
    assert payments == pytest.approx([PAYMENT] * 12, rel=1e-8)
    # The first month's interest is 1 % of 240,000, the last payment leaves nothing.
    assert 400_000 * found.paid[0] == pytest.approx(2_400)
    assert found.owed[-1] == pytest.approx(0.0, abs=1e-12)


def test_a_loan_without_tax_costs_its_interest() -> None:
    # 12 x 21,323.71 - 240,000 = 15,884.51 of interest
    assert worth_usd(lent()) == pytest.approx(800_000 - (12 * PAYMENT - 240_000), abs=1e-3)


def test_grace_is_interest_alone() -> None:
    # Six months at 2,400, then twelve level payments; the lease is of 24 months to leave room.
    case = lent({"grace_months": 6}, leases__0__term_years=2.0)
    interest, repaid = of_item(case, "debt_interest"), of_item(case, "debt_repaid")
    assert interest[1:7] == pytest.approx(-2_400)
    assert repaid[:7] == pytest.approx(0.0)
    assert (interest + repaid)[7:19] == pytest.approx(-PAYMENT, rel=1e-8)
    assert worth_usd(case) == pytest.approx(2_000_000 - 6 * 2_400 - (12 * PAYMENT - 240_000), abs=1e-3)


def test_the_fee_is_of_what_is_drawn() -> None:
    assert worth_usd(lent({"fee_fraction": 0.02})) == pytest.approx(worth_usd(lent()) - 4_800)


BUILT = {"leases__0__build_months": 3, "leases__0__start_window": {"earliest": "2026-06", "latest": "2026-06"}}


def test_interest_while_building_is_paid_or_added() -> None:
    # 80,000 on the first days of March, April and May: interest of 800, 1,600 and 2,400 on the first days after.
    paid = of_item(lent(**BUILT), "debt_interest")
    assert paid[3:6] == pytest.approx([-800, -1_600, -2_400])
    # Added to the balance: 80,000 x 1.01^3 + 80,000 x 1.01^2 + 80,000 x 1.01 = 244,832.08 are owed in June.
    added = lent({"interest_while_building": "capitalised"}, **BUILT)
    assert of_item(added, "debt_interest")[:6] == pytest.approx(0.0)
    assert of_item(added, "debt_repaid").sum() == pytest.approx(-244_832.08, abs=0.01)
    assert of_item(added, "debt_interest")[6] == pytest.approx(-2_448.3208, abs=1e-4)


@pytest.mark.parametrize("how", ["paid", "capitalised"])
def test_at_its_own_rate_a_loan_is_worth_nothing(how: str) -> None:
    # At no fee and no tax; months are not all of the same length, which leaves a few dollars of 240,000.
    loan = {"interest_while_building": how}
    without = worth_usd(scenario(**BUILT))
    assert worth_usd(lent(loan, finance__discount_rate_per_year=AT_ITS_OWN, **BUILT)) == pytest.approx(without, abs=100)


def test_tax_shields_interest_and_fee() -> None:
    # A quarter of 15,884.51 of interest and of 4,800 of fee comes back.
    tax = {"rate_fraction": 0.25, "depreciation_years": 1.0}
    case, without = lent({"fee_fraction": 0.02}, finance__tax=tax), scenario(finance__tax=tax)
    assert worth_usd(case) == pytest.approx(worth_usd(without) - 0.75 * (12 * PAYMENT - 240_000 + 4_800), abs=1e-3)


def test_what_is_owed_at_the_end_of_the_horizon_is_paid_back_then() -> None:
    # A loan of two years in a horizon of one: 240,000 x 0.01 / (1 - 1.01^-24) = 11,297.63 a month; after twelve payments
    # 11,297.63 x (1 - 1.01^-12) / 0.01 = 127,155.7 are owed.
    case = lent({"amortisation_years": 2.0}, leases__0__term_years=2.0, horizon__end="2026-12")
    level = 2_400 / (1 - 1.01**-24)
    owed = level * (1 - 1.01**-12) / 0.01
    assert worth_usd(case) == pytest.approx(800_000 + 240_000 - 12 * level - owed, abs=1e-3)
    assert owed == pytest.approx(127_155.7, abs=0.1)


@pytest.mark.parametrize(
    "chance",
    [
        {"leases__0__tenant_default": {"hazard_per_year": 0.3, "recovery_fraction": 0.2}},
        {"leases__0__terminations": [{"by": "tenant", "month_from_start": 4, "probability_fraction": 0.5}]},
    ],
)
def test_the_loan_is_the_landlords_whatever_becomes_of_the_tenant(chance: dict[str, Any]) -> None:
    # Rent falls away, the payments do not: the loan costs its 15,884.51 of interest as if the tenant stayed.
    with_loan, without = lent(**chance), scenario(**chance)
    assert worth_usd(with_loan) == pytest.approx(worth_usd(without) - (12 * PAYMENT - 240_000), abs=1e-3)
    assert of_item(with_loan, "debt_repaid") == pytest.approx(of_item(lent(), "debt_repaid"))


def test_a_loan_drawn_before_the_valuation_date_is_paid_from_then_on() -> None:
    # Signed, rent from October 2025: three payments are past, the one due on 1 January 2026 is not. With 22 more of 24 to come
    # after it (2,400 / (1 - 1.01^-24) = 11,297.63 each): 22 x 11,297.63, as the horizon ends after them.
    deal = {key: value for key, value in offer("Deal", status="signed", start_month="2025-10").items() if key != "start_window"}
    deal |= {"term_years": 2.0, "debt": {**LOAN, "amortisation_years": 2.0}}
    case = lent(leases=[deal])
    level = 2_400 / (1 - 1.01**-24)
    paid = of_item(case, "debt_interest") + of_item(case, "debt_repaid")
    assert paid[:22] == pytest.approx(-level, rel=1e-9)
    assert paid.sum() == pytest.approx(-22 * level, rel=1e-9)
    # Rent of 21 months is to come; capex and draws are past.
    assert worth_usd(case) == pytest.approx(21 * 100_000 - 22 * level, rel=1e-9)


def test_a_budget_net_of_debt_is_a_budget_of_equity() -> None:
    # 4 M USD build 10 critical MW; with 60 % lent they are 40 % of the capex, enough for all 20 (3.2 M USD).
    budget = {"finance__capex_budget_usd": {"2026": 4_000_000.0}}
    gross = solve(lent(**budget))
    assert gross.rows["leases"][0]["critical_mw"] == pytest.approx(10)
    net = solve(lent(finance__capex_budget_is_net_of_debt=True, **budget))
    assert net.rows["leases"][0]["critical_mw"] == pytest.approx(20)
    assert net.rows["budget_price"][0]["spent_usd"] == pytest.approx(0.4 * 20 * 400_000)
    assert gross.verdict == net.verdict == "CERTIFIED"


@pytest.mark.parametrize(("net", "room"), [(False, 8_000_000), (True, 3_200_000)])
def test_deals_that_are_offers_again_have_room_in_every_budget(net: bool, room: float) -> None:
    deal = {key: value for key, value in offer("Deal", status="signed", start_month="2027-02").items() if key != "start_window"}
    deal |= {"build_months": 4, "debt": {**LOAN, "amortisation_years": 0.5}}
    case = lent(
        leases=[deal],
        finance__capex_budget_usd={"2026": 1e6},
        finance__cumulative_capex_budget_usd={"2026": 2e6, "2027": 3e6},
        finance__capex_budget_is_net_of_debt=net,
    )
    # October, November and December are in 2026: three quarters of 20 MW x 400,000, or of the 40 % that are not lent.
    again = reopened(case).finance
    assert again.capex_budget_usd == {2026: pytest.approx(1e6 + 0.75 * room)}
    assert again.cumulative_capex_budget_usd == {2026: pytest.approx(2e6 + 0.75 * room), 2027: pytest.approx(3e6 + room)}


def test_irr_is_of_the_project_and_not_of_the_equity() -> None:
    case = lent({"fee_fraction": 0.02}, horizon__end="2026-12")
    assert solve(case).rows["leases"][0]["irr"] == pytest.approx(solve(scenario(horizon__end="2026-12")).rows["leases"][0]["irr"])


def test_a_loan_discounted_well_above_its_cost_is_pointed_out() -> None:
    # 6 % a year, a twelfth a month, is 1.005^12 - 1 = 6.17 % a year; 6.6 % is within half a point of it, 9 % is not.
    rates = {"mining": 0.12, "lease": 0.09, "capex": 0.09, "power_contract": 0.08}
    near, far = (
        [
            text
            for text in lent({"rate_per_year": 0.06}, finance__discount_rate_per_year={**rates, "debt": rate}).warnings()
            if "loan" in text
        ]
        for rate in (0.066, 0.09)
    )
    assert near == []
    (said,) = far
    assert "its loan costs 6.17 % a year and is discounted at 9.00 %" in said
