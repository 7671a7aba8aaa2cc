"""A MW of mining at a site with terms of its own, by hand."""

from __future__ import annotations

from typing import Any, get_args

import cases
import hashlease as hl
import numpy as np
import pytest
from hashlease.models.off_hours import OffIn, hours_by_month
from hashlease.models.values import Multipliers, Values

BANDS = {
    "kind": "duration_bands",
    "share_of_hours_fraction": [0.5, 0.3, 0.2],
    "usd_per_mwh": [[20, 60, 150]] * 12,
    "multiplier": {"flat": 1.0},
}
BANDED = {"power__zones__0__price": BANDS, "leases": [], "horizon__end": "2026-06"}
"""A MWh mined earns 100 USD less 10 of opex; June has 720 hours: 360 at 20 USD, 216 at 60, 144 at 150 (in which mining is off)."""

JUNE = 5


def june(**terms: Any) -> float:
    """USD of one MW in June."""
    return float(Values(cases.scenario(**BANDED, **terms)).mining_usd_per_mw()[0, JUNE])


def june_cash(item: str, **terms: Any) -> float:
    """USD of an item in June, of 100 MW."""
    plan = hl.solve(cases.scenario(**BANDED, **terms))
    assert plan.verdict == "CERTIFIED"
    return sum(row["usd"] for row in plan.rows["cash_flow"] if row["item"] == item and row["period"] == "2026-06")


def test_without_terms() -> None:
    """360 x (90 - 20) + 216 x (90 - 60) = 25,200 + 6,480 = 31,680."""
    assert june() == pytest.approx(31_680)


def test_losses_and_delivery() -> None:
    """At 20 USD a MWh costs 20 x 1.1 + 5 = 27, at 60 it costs 71: 360 x 63 + 216 x 19 = 22,680 + 4,104 = 26,784.

    Of that 576 MWh of delivery at 5 and 0.1 x (360 x 20 + 216 x 60) = 2,016 of losses.
    """
    terms = {"sites__0__delivery": {"usd_per_mwh": {"flat": 5}, "loss_fraction": 0.1}}
    assert june(**terms) == pytest.approx(26_784)
    assert june_cash("mining_delivery", **terms) == pytest.approx(-100 * 576 * 5)
    assert june_cash("mining_losses", **terms) == pytest.approx(-100 * 2_016)


def test_a_fixed_price_is_lost_too() -> None:
    """At 40 x 1.1 + 5 = 49 USD all 720 hours pay: 720 x (90 - 49) = 29,520."""
    terms = {
        "sites__0__supply": {"kind": "fixed", "usd_per_mwh": {"flat": 40}},
        "sites__0__delivery": {"usd_per_mwh": {"flat": 5}, "loss_fraction": 0.1},
    }
    assert june(**terms) == pytest.approx(29_520)


PEAK: dict[str, Any] = {"name": "4CP", "usd_per_kw": {"flat": 16}, "avoided_fraction": 0.75, "from_month_of_year": 6}


@pytest.mark.parametrize(
    ("off_in", "hours", "forgone", "avoids"),
    [
        ("dearest", 100, 0.0, True),  # the 144 dearest hours are off anyway
        ("dearest", 204, 60 * 30.0, True),  # 60 of the hours at 60 USD
        ("cheapest", 100, 100 * 70.0, True),  # of the hours at 20 USD
        ("cheapest", 200, 200 * 70.0, False),  # 14,000 is more than the 12,000 that it avoids
        ("average", 72, 0.1 * 31_680, True),  # a tenth of every hour
    ],
)
def test_coincident_peak(off_in: str, hours: float, forgone: float, avoids: bool) -> None:
    """The peak of June costs 16,000 USD a MW; being off avoids 12,000 of it."""
    terms = {"sites__0__coincident_peaks": [{**PEAK, "off_hours_per_month": hours, "off_in": off_in}]}
    expected = 31_680 - (4_000 + forgone if avoids else 16_000)
    assert june(**terms) == pytest.approx(expected)
    assert june_cash("peak_hours_forgone", **terms) == pytest.approx(-100 * forgone if avoids else 0)
    assert june_cash("mining_peak_charge", **terms) == pytest.approx(-100 * (4_000 if avoids else 16_000))


def test_peaks_are_avoided_one_by_one() -> None:
    """A: 1,000 USD avoided by 30 of the hours that pay (900 USD forgone). B: 500 avoided by 120 (3,600 forgone): only A is."""
    peaks = [
        {"name": "A", "usd_per_kw": {"flat": 1}, "avoided_fraction": 1, "off_hours_per_month": 144 + 30},
        {"name": "B", "usd_per_kw": {"flat": 0.5}, "avoided_fraction": 1, "off_hours_per_month": 144 + 120},
    ]
    assert june(sites__0__coincident_peaks=peaks) == pytest.approx(31_680 - 900 - 500)


def test_a_month_out_of_season_has_no_peak() -> None:
    terms = {"sites__0__coincident_peaks": [{**PEAK, "from_month_of_year": 7, "to_month_of_year": 5}]}
    values = Values(cases.scenario(**BANDED, **terms)).mining_usd_per_mw()[0]
    assert values[JUNE] == pytest.approx(31_680)
    assert np.all(values[:JUNE] < Values(cases.scenario(**BANDED)).mining_usd_per_mw()[0, :JUNE] - 3_000)


def test_curtailment() -> None:
    """Off in 10 hours of the counterparty's choice, at worst the cheapest: 10 x 70 = 700 USD less."""
    duty = {"name": "Host", "off_hours_per_month": 10, "off_in": "cheapest"}
    assert june(sites__0__curtailments=[duty]) == pytest.approx(30_980)
    assert june_cash("curtailment_forgone", sites__0__curtailments=[duty]) == pytest.approx(-70_000)


def test_ancillary_services() -> None:
    """A quarter of the MW sells at 64 USD: it runs at 150 USD too (90 + 64 = 154).

    That part earns 360 x 134 + 216 x 94 + 144 x 4 = 48,240 + 20,304 + 576 = 69,120; the whole 0.25 x 69,120 + 0.75 x 31,680.
    """
    service = {"name": "ECRS", "share_fraction": 0.25, "usd_per_mw_hour": {"flat": 64}}
    assert june(sites__0__ancillary_services=[service]) == pytest.approx(41_040)
    assert june_cash("ancillary_income", sites__0__ancillary_services=[service]) == pytest.approx(100 * 0.25 * 720 * 64)


def test_ancillary_prices_move_with_the_market() -> None:
    """At half of all market prices the part in the service earns 90 + 32 less 10, 30 or 75 USD, the rest 90 less the same."""
    service = {"name": "ECRS", "share_fraction": 0.25, "usd_per_mw_hour": {"flat": 64}}
    values = Values(cases.scenario(**BANDED, sites__0__ancillary_services=[service]))
    sells = 360 * 112 + 216 * 92 + 144 * 47
    others = 360 * 80 + 216 * 60 + 144 * 15
    found = values.mining_usd_per_mw(Multipliers(power=0.5))[0, JUNE]
    assert found == pytest.approx(0.25 * sells + 0.75 * others)


def test_standby() -> None:
    """40 % of the MW for 5,000 USD a month, called in 154 of the dearest hours, 10 of which pay: 0.4 x (5,000 - 10 x 30) more."""
    programme = {"name": "ERS", "share_fraction": 0.4, "usd_per_mw_month": {"flat": 5_000}, "off_hours_per_month": 154}
    assert june(sites__0__standby=[programme]) == pytest.approx(31_680 + 0.4 * 4_700)
    assert june_cash("standby_income", sites__0__standby=[programme]) == pytest.approx(100 * 0.4 * 5_000)
    assert june_cash("curtailment_forgone", sites__0__standby=[programme]) == pytest.approx(-100 * 0.4 * 300)


def test_a_lease_pays_losses_delivery_and_peaks() -> None:
    """A critical MW is 1.25 at the meter, at a load of 0.8 it draws one MW: in June 31,680 for 36 + 18 + 30 USD a MWh on the mean.

    Market: 360 x 20 + 216 x 60 + 144 x 150 = 41,760 USD; 10 % of it lost; 720 MWh delivered at 5; a peak of 1.25 x 16,000.
    """
    paid = {"power_paid_by": "landlord", "demand_charge_paid_by": "landlord", "load_factor_fraction": 0.8}
    offer = cases.offer("Offer", **paid, status="signed", start_month="2026-01", critical_it_mw=1.0)
    del offer["start_window"]
    terms = {
        "power__zones__0__price": BANDS,
        "horizon__end": "2026-06",
        "leases": [offer],
        "sites__0__delivery": {"usd_per_mwh": {"flat": 5}, "loss_fraction": 0.1},
        "sites__0__coincident_peaks": [PEAK],
    }
    plan = hl.solve(cases.scenario(**terms))
    assert plan.verdict == "CERTIFIED"
    cash = {row["item"]: row["usd"] for row in plan.rows["cash_flow"] if row["name"] == "Offer" and row["period"] == "2026-06"}
    assert cash["lease_power"] == pytest.approx(-41_760)
    assert cash["lease_losses"] == pytest.approx(-4_176)
    assert cash["lease_delivery"] == pytest.approx(-3_600)
    assert cash["lease_peak_charge"] == pytest.approx(-20_000)


def test_slopes_are_those_of_the_values() -> None:
    """Central differences of every fleet and month, by hashprice and by power multiplier; and the values themselves."""
    values, step = Values(cases.rich(**cases.TERMS)), 1e-6
    at = Multipliers(hashprice=0.83, power=1.07)
    musd, per_hashprice, per_power = values.mining_musd_and_slopes(at)
    assert musd == pytest.approx(values.mining_musd(at), rel=1e-12)

    def difference(**by: float) -> np.ndarray[Any, Any]:
        up, down = (
            Multipliers(**{name: getattr(at, name) + sign * step for name, step in by.items()} | _others(at, by))
            for sign in (1, -1)
        )
        return np.asarray((values.mining_musd(up) - values.mining_musd(down)) / (2 * step))

    assert per_hashprice == pytest.approx(difference(hashprice=step), rel=1e-5, abs=1e-8)
    assert per_power == pytest.approx(difference(power=step), rel=1e-5, abs=1e-8)


def _others(at: Multipliers, by: dict[str, float]) -> dict[str, float]:
    return {name: getattr(at, name) for name in ("hashprice", "rent", "power") if name not in by}


# ---------------------------------------------------------------- hours of a year

JULY_IS_DEAR = [[40.0, 40.0 if month != 7 else 80.0] for month in range(1, 13)]
YEAR: dict[str, Any] = {
    "power__zones__0__price": {
        "kind": "duration_bands",
        "share_of_hours_fraction": [0.9, 0.1],
        "usd_per_mwh": JULY_IS_DEAR,
        "multiplier": {"flat": 1},
    },
    "horizon__end": "2026-12",
    "leases": [],
}
"""A MWh earns 90 USD before its power: 50 at 40 USD, 10 in the 74.4 hours of July at 80 USD."""


def test_hours_of_a_year_by_month() -> None:
    usd, hours = np.array([[10.0, 50.0], [10.0, 90.0]]), np.array([[700.0, 44.0], [600.0, 120.0]])
    assert hours_by_month(130, "dearest", usd, hours).tolist() == pytest.approx([10, 120])
    assert hours_by_month(650, "cheapest", usd, hours).tolist() == pytest.approx([350, 300])
    assert hours_by_month(146.4, "average", usd, hours).tolist() == pytest.approx([74.4, 72])
    for off_in in get_args(OffIn):
        assert hours_by_month(5_000, off_in, usd, hours).tolist() == pytest.approx([744, 720])


@pytest.mark.parametrize(
    ("off_in", "forgone"),
    [
        ("dearest", 74.4 * 10 + 25.6 * 50),
        ("cheapest", 100 * 50),
        ("average", 100 * (8_760 - 74.4) / 8_760 * 50 + 100 * 74.4 / 8_760 * 10),
    ],
)
def test_curtailment_of_a_year(off_in: str, forgone: float) -> None:
    """100 hours of 2026: at worst all of them earn 50 USD a MWh; the dearest are those of July and 25.6 at 40 USD, whenever."""
    duty = {"name": "Host", "off_hours_per_year": 100, "off_in": off_in}
    plan = hl.solve(cases.scenario(**YEAR, sites__0__curtailments=[duty]))
    assert plan.verdict == "CERTIFIED"
    assert sum(row["usd"] for row in plan.rows["cash_by_year"] if row["item"] == "curtailment_forgone") == pytest.approx(
        -100 * forgone
    )


def curtailed_usd(plan: hl.Plan) -> float:
    return sum(row["usd"] for row in plan.rows["cash_by_year"] if row["item"] == "curtailment_forgone")


def test_a_part_of_a_year_has_that_part_of_its_hours() -> None:
    """From October on 92 of the 365 days, and 92 of the 153 of a season from August: at 40 USD, 50 USD an hour."""
    for season, days in (({}, 365), ({"from_month_of_year": 8}, 153)):
        duty = {"name": "Host", "off_hours_per_year": 100, **season}
        changes = {**YEAR, "finance__valuation_date": "2026-10-01", "sites__0__curtailments": [duty]}
        plan = hl.solve(cases.scenario(**changes))
        assert curtailed_usd(plan) == pytest.approx(-100 * 100 * 92 / days * 50)


def test_hours_of_a_month_and_of_a_year_are_one_or_the_other() -> None:
    duty = {"name": "Host", "off_hours_per_year": 100, "off_hours_per_month": 10}
    with pytest.raises(ValueError, match="off_hours_per_month 10 beside off_hours_per_year 100"):
        cases.scenario(**YEAR, sites__0__curtailments=[duty])
    with pytest.raises(ValueError, match="0 to 8784 hours a year"):
        cases.scenario(**YEAR, sites__0__curtailments=[{"name": "Host", "off_hours_per_year": 9_000}])
