"""Coins that are kept and sold later, by hand, through the value tables, the ledger and a plan.

In the plain scenario a MWh earns 100 USD and costs 50: 2026 has 8,760 hours, January 744. Here a coin costs 50,000 USD in 2026 and
100,000 in December 2027.
"""

from __future__ import annotations

from typing import Any

import pytest
from cases import scenario
from hashlease import solve
from hashlease.errors import InputError
from hashlease.models.scenario import Scenario
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.plan_terms import PlanTerms

DOUBLE = {"anchors": {"2026-01": 50_000.0, "2027-11": 50_000.0, "2027-12": 100_000.0}, "between": "step"}
RATES = {"mining": 0.1, "lease": 0.0, "capex": 0.0, "power_contract": 0.0}


def kept(share: float = 1.0, **changes: Any) -> Scenario:
    return scenario(
        **{
            "market__hashprice": {"kind": "given", "usd_per_ph_day": {"flat": 48.0}, "btc_price_usd": DOUBLE},
            "finance__treasury": {"hold_fraction": share},
            **changes,
        }
    )


def worth_usd(case: Scenario) -> Any:
    """Of one MW in each month, by the value tables; the ledger must say the same."""
    values = Values(case)
    found = values.mining_musd()[0] * 1e6
    ledger = sum(line.discounted_usd for line in Ledger(case).mining(values.fleets[0]))
    assert ledger == pytest.approx(found, rel=1e-12)
    return found


def test_half_of_the_coins_at_twice_the_price() -> None:
    # A MWh mined in January 2026: 50 of its 100 USD are sold at once, 50 become 100 in December 2027: 150 less 50 of cost.
    worth = worth_usd(kept(0.5))
    assert worth[0] == pytest.approx(744 * 100)
    # In December 2027 coins are sold at once: 50 a MWh.
    assert worth[23] == pytest.approx(744 * 50)


def test_the_sale_is_discounted_from_its_own_month() -> None:
    case = kept(finance__discount_rate_per_year=RATES)
    factors = 1.1 ** -case.calendar.mid_month_years(case.finance.valuation_date)
    # 200 USD in December 2027 for 50 in January 2026; and in March 2026 (743 hours in Texas, 744 in UTC) likewise
    assert worth_usd(case)[[0, 2]] == pytest.approx(744 * (200 * factors[23] - 50 * factors[[0, 2]]))


def test_tax_falls_when_coins_are_mined_and_on_the_gain_when_they_are_sold() -> None:
    # 25 % of (100 - 50) in January 2026 and of the gain of 100 in December 2027.
    case = kept(finance__tax={"rate_fraction": 0.25, "depreciation_years": 5.0}, finance__discount_rate_per_year=RATES)
    factors = 1.1 ** -case.calendar.mid_month_years(case.finance.valuation_date)
    expected = 744 * ((200 - 25) * factors[23] - (50 + 12.5) * factors[0])
    assert worth_usd(case)[0] == pytest.approx(expected)


def test_what_coins_will_be_worth_decides_which_hours_mine() -> None:
    # Power at 120 USD/MWh: sold at once a MWh loses 30 USD, and machines stand still; kept it gains 200 - 130 = 70 USD.
    dear = {"power__zones__0__price__usd_per_mwh": {"flat": 120.0}}
    assert worth_usd(kept(0.0, **dear))[0] == 0
    assert worth_usd(kept(1.0, **dear))[0] == pytest.approx(744 * 70)
    assert worth_usd(kept(0.4, **dear))[0] == pytest.approx(744 * 10)


def test_cash_is_short_in_the_month_of_mining_and_comes_back_in_the_month_of_the_sale() -> None:
    case = kept(finance__treasury={"hold_fraction": 1.0, "sell_month": "2026-03"}, leases=[])
    plan = solve(case)
    assert plan.verdict == "CERTIFIED"
    cash = plan.cash_flow.groupby(["period", "item"])["usd"].sum()
    mwh = 100 * 744.0
    assert cash["2026-01", "treasury_held"] == pytest.approx(-100 * mwh)
    assert cash["2026-03", "treasury_sale"] == pytest.approx(100 * 100 * (744.0 + 672.0))
    assert ("2026-03", "treasury_held") not in cash.index
    # Worth nothing more: the price is the same in March, and there is no discount.
    assert plan.npv_usd == pytest.approx(solve(scenario(leases=[])).npv_usd)


def test_terms_of_a_load_and_coins_together() -> None:
    # Off in 100 hours of each month whatever the price: coins are of the 644 hours that run.
    off = [{"name": "Grid", "off_hours_per_month": 100.0, "off_in": "average"}]
    assert worth_usd(kept(0.5, sites__0__curtailments=off))[0] == pytest.approx(644 * 100)


def test_a_factor_on_the_hashprice_is_one_on_coins_and_not_on_their_price() -> None:
    # At half the hashprice 50 USD a MWh, all kept: 100 in 2027 less 50.
    values = Values(kept())
    assert values.mining_musd(Multipliers(hashprice=0.5))[0, 0] * 1e6 == pytest.approx(744 * 50)


def test_live_formulas_refuse_coins_that_are_kept() -> None:
    values = Values(kept())
    with pytest.raises(InputError, match=r"finance\.treasury"):
        PlanTerms.of(values, [])
