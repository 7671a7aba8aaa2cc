"""What a mined MW earns: closed forms and published figures."""

from __future__ import annotations

import numpy as np
import pytest
from cases import scenario
from hashlease.models.asics import ASICS
from hashlease.models.months import Calendar, Month
from hashlease.models.values import Multipliers, Values

YEAR_2026 = {"horizon__end": "2026-12"}


def margin_usd_per_mw_year(**changes: object) -> float:
    """A year's margin of one energised MW."""
    return float(Values(scenario(**YEAR_2026, **changes)).mining_usd_per_mw().sum())


def test_revenue_per_mwh() -> None:
    # 48 / (0.024 x 20) = 100 USD/MWh; x 8,760 h x (100 - 40 - 10) = 438,000 USD
    case = scenario(**YEAR_2026)
    assert case.fleets[0].revenue_usd_per_mwh(np.array([48.0]))[0] == pytest.approx(100.0, rel=1e-14)
    assert margin_usd_per_mw_year() == pytest.approx(438_000, rel=1e-12)


def test_luxor_revenue_tiers() -> None:
    # Luxor's Hashrate Index roundup of January 2026 prints 97 USD/MWh below 19 J/TH and 75 for 19-25 J/TH at 39.53 USD/PH/day:
    # 39.53 / (0.024 x 17) = 96.9 and 39.53 / (0.024 x 22) = 74.9.
    case = scenario()
    per_mwh = case.fleets[0].revenue_usd_per_mwh(np.array([39.53]))[0] * 20
    assert per_mwh / 17 == pytest.approx(97, abs=0.5)
    assert per_mwh / 22 == pytest.approx(75, abs=0.5)


def test_coinshares_break_even() -> None:
    # 30 USD/PH/day at 21.5 J/TH: 5.81 cents/kWh
    fleet = scenario(fleets__0__j_per_th=21.5, fleets__0__variable_opex_usd_per_mwh=0.0).fleets[0]
    assert fleet.break_even_usd_per_mwh(np.array([30.0]))[0] == pytest.approx(58.1, abs=0.05)


@pytest.mark.parametrize(
    ("j_per_th", "hashprice", "margins_k_usd"),
    [  # thousand USD per meter MW and year at 30, 40 and 50 USD/MWh; uptime 92 %, pool 1 %, overhead 1.05, opex 9 USD/MWh
        (15, 39.5, (519, 439, 358)),
        (18, 45, (477, 397, 316)),
        (20.5, 33, (195, 115, 34)),
        (20.5, 60, (612, 532, 451)),
        (25, 50, (318, 238, 158)),
        (29.5, 39.5, (110, 29, -52)),
    ],
)
def test_margin_table(j_per_th: float, hashprice: float, margins_k_usd: tuple[float, ...]) -> None:
    for price, expected in zip((30, 40, 50), margins_k_usd, strict=True):
        found = margin_usd_per_mw_year(
            market__hashprice__usd_per_ph_day={"flat": float(hashprice)},
            power__zones__0__price__usd_per_mwh={"flat": float(price)},
            fleets__0__j_per_th=float(j_per_th),
            fleets__0__overhead=1.05,
            fleets__0__pool_fee_fraction=0.01,
            fleets__0__uptime_fraction=0.92,
            fleets__0__variable_opex_usd_per_mwh=9.0,
        )
        # Mining stops where it would lose, so a negative margin is 0.
        assert found / 1e3 == pytest.approx(max(expected, 0), abs=1.0)


def test_jpmorgan_gross_profit_identifies_a_product() -> None:
    # January 2026: cost 21.15 k USD per EH/s and day / 24 h = 881 J/TH x USD/MWh: 20 J/TH at 44 USD/MWh is within 0.2 %.
    fleet = scenario(fleets__0__variable_opex_usd_per_mwh=0.0).fleets[0]
    cost_per_eh_day = 44.0 * 24 * fleet.mw_per_eh
    assert cost_per_eh_day == pytest.approx(21_150, rel=2e-3)


def test_size_by_hashrate_or_by_mw() -> None:
    # 15 EH/s x 20.5 J/TH x 1.05 = 322.875 MW
    fleet = scenario(
        fleets__0__mw=None,
        fleets__0__hashrate_eh=15.0,
        fleets__0__j_per_th=20.5,
        fleets__0__overhead=1.05,
        sites__0__energised_mw=400,
    ).fleets[0]
    assert fleet.owned_mw == pytest.approx(322.875, rel=1e-14)
    assert fleet.owned_eh == pytest.approx(15.0, rel=1e-14)


def test_catalogue_model_and_its_sources() -> None:
    fleet = scenario(fleets__0__j_per_th=None, fleets__0__asic="S21").fleets[0]
    assert fleet.efficiency_j_per_th == 17.5
    assert all(model.source and 3 <= model.j_per_th <= 40 for model in ASICS.values())


def test_fleet_is_there_from_its_first_month_to_its_retirement() -> None:
    case = scenario(fleets__0__from="2026-03", fleets__0__retire_month="2026-06")
    available = case.fleets[0].available_mw(Calendar(Month.of("2026-01"), 8))
    assert available.tolist() == [0, 0, 100, 100, 100, 0, 0, 0]


def test_fixed_costs_and_the_charge_that_mining_does_not_avoid() -> None:
    # 438,000 - 12 x 1,000 - 12 x 5 USD/kW x 1,000 kW x (1 - 0.9) = 438,000 - 12,000 - 6,000 = 420,000
    found = margin_usd_per_mw_year(
        fleets__0__fixed_opex_usd_per_mw_month=1_000.0,
        sites__0__demand_charge={"usd_per_kw_month": {"flat": 5.0}, "avoided_by_mining_fraction": 0.9},
    )
    assert found == pytest.approx(420_000, rel=1e-12)


@pytest.mark.parametrize("multiplier", [0.0, 0.3, 0.7, 1.0, 2.5])
def test_multipliers_are_the_same_as_multiplied_inputs(multiplier: float) -> None:
    profile = {"kind": "duration_bands", "share_of_hours_fraction": [0.1, 0.5, 0.3, 0.1], "multiplier": {"flat": 1.0}}
    profile["usd_per_mwh"] = [[-20.0, 20.0 + month, 60.0, 300.0] for month in range(12)]
    today = Values(scenario(power__zones__0__price=profile))
    hashprice = Values(scenario(power__zones__0__price=profile, market__hashprice__multiplier=multiplier))
    power = Values(scenario(power__zones__0__price=profile, power__multiplier=multiplier))
    assert today.mining_usd_per_mw(Multipliers(hashprice=multiplier)) == pytest.approx(hashprice.mining_usd_per_mw(), rel=1e-12)
    assert today.mining_usd_per_mw(Multipliers(power=multiplier)) == pytest.approx(power.mining_usd_per_mw(), rel=1e-12)
