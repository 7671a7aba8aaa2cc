"""Who bears ground rent, tax, insurance and maintenance, by hand, through the value tables and the ledger.

The plain offer pays 100,000 USD a month and critical MW and costs 400,000; here lease and horizon have three years, which is
3,600,000 - 400,000 at no discount.
"""

from __future__ import annotations

from typing import Any

import pytest
from cases import scenario
from hashlease.models.scenario import Scenario
from one_lease import lines_usd, with_terms, worth_usd

PLAIN_USD = 3_200_000.0
TAX: dict[str, Any] = {"kind": "property_tax", "fraction_of_capex_per_year": 0.06, "escalator_per_year": 0.1}
"""6 % of 400,000 = 24,000 in the first year, 26,400 and 29,040 in the next: 79,440."""


def case(*costs: dict[str, Any], finance__tax: dict[str, Any] | None = None, **terms: Any) -> Scenario:
    lease = with_terms(term_years=3.0, property_costs=list(costs), **terms)
    return scenario(horizon__end="2028-12", finance__tax=finance__tax, **lease)


@pytest.mark.parametrize(
    ("shares", "landlords"),
    [
        pytest.param({"tenant_share_fraction": 0}, 79_440, id="gross"),
        pytest.param({"tenant_share_fraction": 1}, 0, id="triple-net"),
        pytest.param({"tenant_share_fraction": 0, "tenant_share_of_rises_fraction": 1}, 3 * 24_000, id="base-year"),
        pytest.param({"tenant_share_fraction": 0.25}, 0.75 * 79_440, id="shared"),
        # half of 24,000 three times, and 80 % of the rises of 2,400 and 5,040
        pytest.param({"tenant_share_fraction": 0.5, "tenant_share_of_rises_fraction": 0.2}, 36_000 + 0.8 * 7_440, id="both-shares"),
        # 30 % due in the first two years
        pytest.param(
            {"tenant_share_fraction": 0, "abated_years": 2, "abated_fraction": 0.7}, 0.3 * (24_000 + 26_400) + 29_040, id="abated"
        ),
    ],
)
def test_the_landlords_part(shares: dict[str, Any], landlords: float) -> None:
    taxed = case({**TAX, **shares})
    assert worth_usd(taxed) == pytest.approx(PLAIN_USD - landlords, rel=1e-12)
    assert lines_usd(taxed, "lease_property_tax") == pytest.approx(-landlords, rel=1e-12, abs=1e-6)


def test_each_kind_has_its_line() -> None:
    # 1.5 USD/kW-month of ground rent: 1,500, 54,000 in three years. Of 2 USD/kW-month of maintenance a third is the landlord's.
    costs = [
        {"kind": "ground_rent", "usd_per_kw_month": 1.5, "tenant_share_fraction": 0},
        {"kind": "maintenance", "usd_per_kw_month": 2.0, "tenant_share_fraction": 2 / 3},
    ]
    found = case(*costs)
    assert lines_usd(found, "lease_ground_rent") == pytest.approx(-54_000)
    assert lines_usd(found, "lease_maintenance") == pytest.approx(-24_000)
    assert lines_usd(found, "lease_opex") == 0
    assert worth_usd(found) == pytest.approx(PLAIN_USD - 78_000)


def test_after_a_default_the_landlord_bears_all_of_it() -> None:
    # s(n) = 0.75^(n/12). A triple net tenant pays 1,000 a month while he is there: the landlord's are 1,000 x sum of 1 - s(n).
    cost = {"kind": "insurance", "usd_per_kw_month": 1.0, "tenant_share_fraction": 1}
    found = case(cost, tenant_default={"hazard_per_year": 0.25})
    worth_usd(found)
    unpaid = sum(1000 * (1 - 0.75 ** (n / 12)) for n in range(36))
    assert lines_usd(found, "lease_insurance") == pytest.approx(-unpaid, rel=1e-12)


def test_costs_follow_phases_and_end_with_the_lease() -> None:
    # Half from the start, half a year later; ended for certain after two years: 1,000 x (12 x 0.5 + 12)
    cost = {"kind": "ground_rent", "usd_per_kw_month": 1.0, "tenant_share_fraction": 0}
    found = case(
        cost,
        phases=[{"months_after_start": 0, "share_fraction": 0.5}, {"months_after_start": 12, "share_fraction": 0.5}],
        terminations=[{"by": "tenant", "month_from_start": 24, "probability_fraction": 1.0}],
    )
    worth_usd(found)
    assert lines_usd(found, "lease_ground_rent") == pytest.approx(-18_000, rel=1e-12)


def test_they_are_deducted_from_tax() -> None:
    # 30 % of rent less cost and depreciation: 0.7 x (3,600,000 - 79,440) - 400,000 + 0.3 x 400,000
    found = case({**TAX, "tenant_share_fraction": 0}, finance__tax={"rate_fraction": 0.3, "depreciation_years": 1.0})
    assert worth_usd(found) == pytest.approx(0.7 * (3_600_000 - 79_440) - 280_000, rel=1e-12)
