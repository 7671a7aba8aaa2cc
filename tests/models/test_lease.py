"""Leases: published contract and option values, and each term by hand."""

from __future__ import annotations

import numpy as np
import pytest
from cases import offer, scenario
from hashlease.models.lease import LeaseOffer
from hashlease.models.values import Values


def lease(**changes: object) -> LeaseOffer:
    return LeaseOffer.model_validate(offer("Lease", **changes))


def first_year_rent(contract_usd: float, critical_it_mw: float, years: float, escalator: float = 0.03) -> float:
    found = lease(
        critical_it_mw=critical_it_mw,
        rent_usd_per_kw_month=None,
        contract_value_usd=contract_usd,
        escalator_per_year=escalator,
        term_years=years,
    )
    return found.first_year_rent_usd_per_kw_month


@pytest.mark.parametrize(
    ("deal", "contract_usd", "critical_it_mw", "years", "rent"),
    [  # first-year rent in USD/kW-month at an escalator of 3 %
        ("Riot and AMD", 311e6, 25, 10, 90),
        ("Cipher and Fluidstack, first", 3.0e9, 168, 10, 130),
        ("Cipher and Fluidstack, second", 830e6, 39, 10, 155),
        ("TeraWulf and Fluidstack, CB-3 and 4", 3.7e9, 200, 10, 134),
        ("TeraWulf and Fluidstack, CB-5", 3.0e9, 160, 10, 136),
        ("Abernathy", 9.5e9, 168, 25, 129),
        ("Hut 8 River Bend", 7.0e9, 245, 15, 128),
        ("Applied Digital PF1", 11e9, 400, 15, 123),
        ("Applied Digital PF2", 5e9, 200, 15, 112),
    ],
)
def test_first_year_rent_of_disclosed_contracts(
    deal: str, contract_usd: float, critical_it_mw: float, years: float, rent: float
) -> None:
    assert first_year_rent(contract_usd, critical_it_mw, years) == pytest.approx(rent, abs=1.0), deal


@pytest.mark.parametrize(
    ("deal", "contract_usd", "critical_it_mw", "years", "with_options_years", "disclosed_usd"),
    [  # value with every option used, at an escalator of 3 %
        ("Riot and AMD", 311e6, 25, 10, 25, 1.0e9),
        ("Cipher and Fluidstack, first", 3.0e9, 168, 10, 20, 7.0e9),
        ("Cipher and Fluidstack, second", 830e6, 39, 10, 20, 2.0e9),
        ("TeraWulf and Fluidstack", 3.7e9, 200, 10, 20, 8.7e9),
        ("Hut 8 River Bend", 7.0e9, 245, 15, 30, 17.7e9),
        ("Hut 8 Beacon Point", 9.8e9, 352, 15, 30, 25.1e9),
    ],
)
def test_disclosed_option_values(
    deal: str, contract_usd: float, critical_it_mw: float, years: int, with_options_years: int, disclosed_usd: float
) -> None:
    options = [{"years": with_options_years - years, "exercise_probability_fraction": 1.0}]
    found = lease(
        critical_it_mw=critical_it_mw,
        rent_usd_per_kw_month=None,
        contract_value_usd=contract_usd,
        escalator_per_year=0.03,
        term_years=years,
        extensions=options,
    )
    assert float(found.schedule.rent_usd.sum()) * critical_it_mw == pytest.approx(disclosed_usd, rel=0.03), deal


def test_galaxy_first_year_and_average() -> None:
    # Phase I: 240 M USD in the first year, 300 M USD on average over 15 years at 3 %.
    rent = 240e6 / (133 * 12_000)
    found = lease(critical_it_mw=133, rent_usd_per_kw_month=rent, escalator_per_year=0.03, term_years=15)
    assert found.contract_value / 15 == pytest.approx(297.6e6, rel=1e-3)


def test_terawulf_core42_states_its_rent() -> None:
    # 125 USD/kW-month is 1.5 M USD per MW-year
    found = lease(rent_usd_per_kw_month=125, escalator_per_year=0.03, term_years=10)
    assert found.schedule.rent_usd[:12].sum() == pytest.approx(1.5e6)


def test_escalator_steps_every_twelve_months() -> None:
    rent = lease(escalator_per_year=0.03, term_years=3).schedule.rent_usd
    assert rent[:12] == pytest.approx(np.full(12, 100_000))
    assert rent[12:24] == pytest.approx(np.full(12, 103_000))
    assert rent[24:36] == pytest.approx(np.full(12, 106_090))


def test_phases_and_free_months() -> None:
    # 40 % from the start, 60 % from month 3; each pays one month later.
    phases = [{"months_after_start": 0, "share_fraction": 0.4}, {"months_after_start": 3, "share_fraction": 0.6}]
    found = lease(phases=phases, free_months=1, conversion_outage_months=2)
    n = np.arange(-3, 13)
    assert found.schedule.rent_usd[:5] == pytest.approx([0, 40_000, 40_000, 40_000, 100_000])
    # Dark from month -2 (first phase) and from month 1 (second phase); the base term ends with month 11.
    assert found.occupied_share(n) == pytest.approx([0, 0.4, 0.4, 0.4, *[1.0] * 11, 0.0])


def test_contract_value_is_what_is_paid() -> None:
    phases = [{"months_after_start": 0, "share_fraction": 0.5}, {"months_after_start": 4, "share_fraction": 0.5}]
    found = lease(
        rent_usd_per_kw_month=None,
        contract_value_usd=311e6,
        critical_it_mw=25,
        escalator_per_year=0.03,
        term_years=10,
        phases=phases,
    )
    assert found.schedule.rent_usd[:120].sum() * 25 == pytest.approx(311e6, rel=1e-13)
    assert found.contract_value == pytest.approx(311e6, rel=1e-13)


def test_extension_options_are_conditional() -> None:
    options = [{"years": 1, "exercise_probability_fraction": 0.6}, {"years": 1, "exercise_probability_fraction": 0.5}]
    found = lease(term_years=1, extensions=options)
    assert found.schedule.rent_usd[[0, 12, 24]] == pytest.approx([100_000, 60_000, 30_000])
    assert found.ends == [(12, 0.4), (24, 0.3), (36, 0.3)]
    # The tenant may stay, so the MW are kept for him.
    assert found.occupied_share(np.array([11, 12, 35, 36])).tolist() == [1, 1, 1, 0]


def test_an_option_that_is_never_used_reserves_nothing() -> None:
    found = lease(term_years=1, extensions=[{"years": 5, "exercise_probability_fraction": 0.0}])
    assert found.reserved_months == 12
    assert found.ends == [(12, 1.0)]


def test_mw_kept_by_the_building_never_return() -> None:
    found = lease(term_years=1, mw_after_term="kept")
    assert found.occupied_share(np.array([11, 12, 500])).tolist() == [1, 1, 1]


def test_starts_respect_window_lead_time_construction_and_horizon() -> None:
    window = {"earliest": "2026-01", "latest": "2027-12", "every_months": 2}
    case = scenario(
        leases__0__start_window=window, leases__0__lead_time_months=5, leases__0__build_months=8, horizon__end="2027-06"
    )
    # construction needs 8 months: from September 2026 on, every second month of the window, until the horizon ends
    assert [str(start) for start in case.leases[0].starts(case.calendar)] == ["2026-09", "2026-11", "2027-01", "2027-03", "2027-05"]


def test_value_of_a_lease_by_hand() -> None:
    """Two years at 10 % a year, rent 100 with 3 %, 20 % of it opex, one month free; capex 400,000, half of it the tenant's.

    Rent falls at the middle of its month, capex on 1 January 2026; the building counts at 30 % of 400,000 on 1 January 2028.
    """
    import calendar as days
    from datetime import date

    case = scenario(
        finance__discount_rate_per_year={"mining": 0.1, "lease": 0.1, "capex": 0.1, "power_contract": 0.1},
        leases__0__term_years=2.0,
        leases__0__escalator_per_year=0.03,
        leases__0__opex_fraction_of_rent=0.2,
        leases__0__free_months=1,
        leases__0__tenant_funded_capex_fraction=0.5,
        leases__0__residual_value_fraction_of_capex=0.3,
    )
    value, valued = 0.0, date(2026, 1, 1)
    for n in range(24):
        year, month = 2026 + n // 12, n % 12 + 1
        length = days.monthrange(year, month)[1]
        middle = (date(year, month, 1) - valued).days + length / 2
        rent = 100 * 1000 * 1.03 ** (n // 12) if n >= 1 else 0.0
        value += 0.8 * rent * 1.1 ** (-middle / 365.25)
    value -= 200_000
    value += 0.3 * 400_000 * 1.1 ** (-(date(2028, 1, 1) - valued).days / 365.25)
    assert Values(case).offers[0].musd()[0] * 1e6 == pytest.approx(value, rel=1e-12)


def test_tax_by_hand() -> None:
    """30 % tax, capex of 400,000 over two years, nothing discounted, building sold for 100,000 after one year.

    1,200,000 of rent are taxed with 360,000; depreciation of 200,000 saves 60,000; the sale of a book value of 200,000 for 100,000
    is a loss of 100,000 and saves 30,000: 1,200,000 - 400,000 + 100,000 - 360,000 + 60,000 + 30,000 = 630,000.
    """
    case = scenario(
        finance__tax={"rate_fraction": 0.3, "depreciation_years": 2.0},
        leases__0__residual_value_fraction_of_capex=None,
        leases__0__residual_value_usd_per_critical_mw=100_000.0,
    )
    assert Values(case).offers[0].musd()[0] * 1e6 == pytest.approx(630_000, rel=1e-12)


def test_landlord_pays_power_and_charges() -> None:
    # 1.25 meter MW x 80 % x 40 USD/MWh x 8,760 h = 350,400; 1.25 MW x 5 USD/kW-month x 12 = 75,000
    case = scenario(
        leases__0__power_paid_by="landlord",
        leases__0__load_factor_fraction=0.8,
        leases__0__demand_charge_paid_by="landlord",
        sites__0__demand_charge={"usd_per_kw_month": {"flat": 5.0}, "avoided_by_mining_fraction": 1.0},
    )
    assert Values(case).offers[0].musd()[0] * 1e6 == pytest.approx(800_000 - 350_400 - 75_000, rel=1e-12)


def test_spending_before_the_valuation_date_is_sunk_for_a_signed_lease() -> None:
    spending = [{"month_from_start": -1, "share_fraction": 0.75}, {"month_from_start": 0, "share_fraction": 0.25}]
    case = scenario(
        leases__0__status="signed",
        leases__0__start_window=None,
        leases__0__start_month="2026-01",
        leases__0__build_months=None,
        leases__0__capex_spending=spending,
    )
    assert Values(case).offers[0].musd()[0] * 1e6 == pytest.approx(1_200_000 - 100_000, rel=1e-12)
    assert "6.0 M USD of its capex fall before the valuation date" in case.warnings()[0]


def test_a_building_still_let_at_the_end_of_the_horizon_counts_at_its_residual_value() -> None:
    # Six of twelve months: 600,000 of rent, 400,000 of capex, 30 % of it at the end of June 2026.
    case = scenario(leases__0__residual_value_fraction_of_capex=0.3, horizon__end="2026-06")
    assert Values(case).offers[0].musd()[0] * 1e6 == pytest.approx(600_000 - 400_000 + 120_000, rel=1e-12)
