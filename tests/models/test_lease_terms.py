"""Terms beside rent and construction, by hand, through both paths: the value tables and the ledger's lines.

The plain offer pays 100,000 USD a month and critical MW from January to December 2026 and costs 400,000: 800,000 at no discount.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import hashlease as hl
import pytest
from cases import rich, scenario
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.ledger_lines import ITEMS
from one_lease import RATES, factor, lines_usd, middle, with_terms, worth_usd

ALL_TERMS: dict[str, Any] = {
    "prepayment": {
        "contract_value_fraction": 0.3,
        "paid_months_before_start": 2,
        "credited_from_month": 2,
        "credited_months": 9,
    },
    "deposit": {"months_of_rent": 2.0, "paid_months_before_start": 1},
    "tenant_default": {
        "hazard_per_year": 0.2,
        "recovery_fraction": 0.3,
        "backstop_fraction": 0.8,
        "backstop_limit_fraction_of_contract_value": 0.2,
    },
    "terminations": [
        {"by": "tenant", "month_from_start": 6, "probability_fraction": 0.3, "fee_months_of_rent": 2.0},
        {"by": "landlord", "month_from_start": 9, "probability_fraction": 0.1, "fee_usd_per_critical_mw": 50_000.0},
    ],
    "service_level": {"rent_at_risk_fraction": 0.2, "expected_loss_fraction": 0.1},
    "delays": [{"months": 2, "probability_fraction": 0.25}],
    "delay_penalty_fraction_of_rent": 0.5,
    "property_costs": [
        {"kind": "ground_rent", "usd_per_kw_month": 1.5, "tenant_share_fraction": 0.0},
        {"kind": "property_tax", "fraction_of_capex_per_year": 0.02, "tenant_share_fraction": 0.25, "escalator_per_year": 0.05},
        {
            "kind": "insurance",
            "fraction_of_capex_per_year": 0.003,
            "tenant_share_fraction": 0.5,
            "tenant_share_of_rises_fraction": 1.0,
        },
        {"kind": "maintenance", "usd_per_kw_month": 2.0, "tenant_share_fraction": 1.0, "abated_years": 1, "abated_fraction": 0.5},
    ],
}


def test_prepayment_moves_money_in_time_and_nothing_else() -> None:
    # 20 % of 1,200,000 ahead, in January since the horizon begins then, and 40,000 less in each month from July on.
    terms = {"contract_value_fraction": 0.2, "paid_months_before_start": 4, "credited_from_month": 6, "credited_months": 6}
    assert worth_usd(scenario(**with_terms(prepayment=terms))) == pytest.approx(800_000, rel=1e-12)
    plain = worth_usd(scenario(finance__discount_rate_per_year=RATES))
    found = worth_usd(scenario(finance__discount_rate_per_year=RATES, **with_terms(prepayment=terms)))
    moved = 240_000 * middle(1) - 40_000 * sum(middle(month) for month in range(7, 13))
    assert moved > 0
    assert found - plain == pytest.approx(moved, rel=1e-9)


def test_prepayment_not_credited_by_the_end_of_the_horizon_counts_as_paid_back() -> None:
    # Two years of 1,200,000; half of it ahead; credits of 100,000 in the second year. The horizon ends with the first year.
    terms = {"contract_value_fraction": 0.5, "credited_from_month": 12, "credited_months": 12}
    case = scenario(finance__discount_rate_per_year=RATES, horizon__end="2026-12", **with_terms(prepayment=terms, term_years=2.0))
    plain = scenario(finance__discount_rate_per_year=RATES, horizon__end="2026-12", **with_terms(term_years=2.0))
    assert worth_usd(case) - worth_usd(plain) == pytest.approx(1_200_000 * (middle(1) - factor(date(2027, 1, 1))), rel=1e-9)
    assert lines_usd(case, "prepayment") == pytest.approx(0, abs=1e-6)


def test_deposit_is_returned_and_taxed_only_where_a_default_forfeits_it() -> None:
    # 3 months of 100,000. The tenant fails within the year with 20 %: 60,000 are kept, and taxed with 30 %, as is the rent:
    # rent falls to 100,000 x sum of 0.8^(n/12) = 100,000 x 0.2 / (1 - 0.8^(1/12)).
    terms = {"months_of_rent": 3.0, "paid_months_before_start": 0}
    default = {"hazard_per_year": 0.2}
    tax = {"rate_fraction": 0.3, "depreciation_years": 1.0}
    rent = 100_000 * 0.2 / (1 - 0.8 ** (1 / 12))
    case = scenario(finance__tax=tax, **with_terms(deposit=terms, tenant_default=default))
    assert worth_usd(case) == pytest.approx(0.7 * rent - 400_000 + 0.3 * 400_000 + 60_000 - 0.3 * 60_000, rel=1e-12)
    assert lines_usd(case, "deposit") == pytest.approx(60_000, rel=1e-12)


def test_default_recovery_and_a_backstop_up_to_its_limit() -> None:
    # s(n) = 0.64^(n/12). Of what is lost half comes in anyway, and the guarantor adds the other half, at most 50,000 (a 24th of
    # 1,200,000): that is one month's, which a default in each month but the last one costs him: (1 - s(11)) x 50,000.
    default = {
        "hazard_per_year": 0.36,
        "recovery_fraction": 0.5,
        "backstop_fraction": 1.0,
        "backstop_limit_fraction_of_contract_value": 1 / 24,
    }
    case = scenario(**with_terms(tenant_default=default))
    rent = 100_000 * 0.36 / (1 - 0.64 ** (1 / 12))
    assert lines_usd(case, "rent") == pytest.approx(rent, rel=1e-12)
    assert lines_usd(case, "default_recovery") == pytest.approx(0.5 * (1_200_000 - rent), rel=1e-12)
    assert lines_usd(case, "credit_support") == pytest.approx(50_000 * (1 - 0.64 ** (11 / 12)), rel=1e-12)
    support = 50_000 * (1 - 0.64 ** (11 / 12))
    assert worth_usd(case) == pytest.approx(rent + 0.5 * (1_200_000 - rent) + support - 400_000, rel=1e-12)


def test_a_backstop_without_limit_makes_a_default_harmless() -> None:
    default = {"hazard_per_year": 0.3, "recovery_fraction": 0.25, "backstop_fraction": 1.0}
    assert worth_usd(scenario(**with_terms(tenant_default=default))) == pytest.approx(800_000, rel=1e-12)


def test_a_tenant_that_is_there_has_not_defaulted() -> None:
    # Signed, begun in July 2025: six months are left, in which s = 1, 0.64^(1/12), ...
    case = scenario(
        leases__0__status="signed",
        leases__0__start_window=None,
        leases__0__start_month="2025-07",
        **with_terms(tenant_default={"hazard_per_year": 0.36}),
    )
    left = 100_000 * (1 - 0.64 ** (6 / 12)) / (1 - 0.64 ** (1 / 12))
    assert worth_usd(case) == pytest.approx(left, rel=1e-12)


def test_rights_to_terminate() -> None:
    # After 6 months the tenant leaves with 25 % for 3 rents: 600,000 + 75 % of 600,000 + 25 % of 300,000.
    right = {"by": "tenant", "month_from_start": 6, "probability_fraction": 0.25, "fee_months_of_rent": 3.0}
    assert worth_usd(scenario(**with_terms(terminations=[right]))) == pytest.approx(600_000 + 450_000 + 75_000 - 400_000)
    # The landlord ends it for certain after 9 months and pays 100,000; the MW are free again from October on.
    right = {"by": "landlord", "month_from_start": 9, "probability_fraction": 1.0, "fee_usd_per_critical_mw": 100_000.0}
    case = scenario(**with_terms(terminations=[right]))
    assert worth_usd(case) == pytest.approx(900_000 - 100_000 - 400_000)
    assert lines_usd(case, "termination_fee") == pytest.approx(-100_000)
    assert Values(case).offers[0].occupied_mw[0][[8, 9]].tolist() == [1.25, 0.0]


def test_the_building_comes_back_with_an_early_end() -> None:
    # 30 % of 400,000 at 10 % a year: after 6 months with 50 %, else after 12.
    right = {"by": "tenant", "month_from_start": 6, "probability_fraction": 0.5}
    terms = with_terms(terminations=[right], residual_value_fraction_of_capex=0.3, rent_usd_per_kw_month=1.0)
    case = scenario(finance__discount_rate_per_year=RATES, **terms)
    rent = 1000 * (sum(middle(month) for month in range(1, 7)) + 0.5 * sum(middle(month) for month in range(7, 13)))
    building = 120_000 * (0.5 * factor(date(2026, 7, 1)) + 0.5 * factor(date(2027, 1, 1)))
    assert worth_usd(case) == pytest.approx(rent + building - 400_000, rel=1e-9)


def test_rent_at_risk_from_downtime() -> None:
    # At most 20 % of a rent, of which 5 % are expected to be lost: 12,000 of 1,200,000
    level = {"rent_at_risk_fraction": 0.2, "expected_loss_fraction": 0.05}
    case = scenario(**with_terms(service_level=level))
    assert worth_usd(case) == pytest.approx(788_000)
    assert lines_usd(case, "service_credits") == pytest.approx(-12_000)


def test_late_delivery() -> None:
    # Three months late with 50 %: 150,000 of rent do not come in, and 40 % of them are paid on top.
    case = scenario(
        **with_terms(
            delays=[{"months": 3, "probability_fraction": 0.5}], delay_penalty_fraction_of_rent=0.4, opex_usd_per_kw_month=10
        )
    )
    # opex of 10,000 a month falls away with the rent: 120,000 - 15,000
    assert worth_usd(case) == pytest.approx(1_050_000 - 60_000 - 105_000 - 400_000)
    assert lines_usd(case, "late_delivery_penalty") == pytest.approx(-60_000)


def test_every_term_together_is_certified_and_linear_in_the_rent() -> None:
    case = rich(**with_terms(1, **ALL_TERMS), **with_terms(2, **ALL_TERMS))
    plan = hl.solve(case)
    assert plan.verdict == "CERTIFIED", plan.conflicts
    values = Values(case)
    offer = next(offer for offer in values.offers if offer.offer.name == "Window")
    dearer = rich(**with_terms(1, **ALL_TERMS, rent_usd_per_kw_month=130.0))
    other = next(offer for offer in Values(dearer).offers if offer.offer.name == "Window")
    assert offer.musd(Multipliers(rent=1.3)) == pytest.approx(other.musd(), rel=1e-12)


def test_every_new_line_is_told() -> None:
    case = scenario(finance__tax={"rate_fraction": 0.3, "depreciation_years": 2.0}, **with_terms(**ALL_TERMS))
    worth_usd(case)
    offer = Values(case).offers[0]
    found = {line.item for line in Ledger(case).lease(offer.offer, offer.starts[0]) if line.usd.any()}
    assert found == {
        "rent",
        "default_recovery",
        "credit_support",
        "service_credits",
        "late_delivery_penalty",
        "termination_fee",
        "lease_ground_rent",
        "lease_property_tax",
        "lease_insurance",
        "lease_maintenance",
        "prepayment",
        "deposit",
        "lease_capex",
        "income_tax",
    }
    assert found <= set(ITEMS)
