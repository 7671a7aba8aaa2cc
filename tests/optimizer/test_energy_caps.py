"""[V3] Energy caps: closed forms, every hour by itself, and the second opinion on random scenarios."""

from __future__ import annotations

from typing import Any

import hashlease as hl
import pytest
from cases import fleet, offer, scenario
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.price_ranges import binding_limits
from hashlease.optimizer.program import build_program
from pydantic import ValidationError
from random_cases import random_case, with_energy_caps
from second_opinion import assert_reckoned_hour_by_hour

CURVE = {
    "kind": "duration_bands",
    "share_of_hours_fraction": [0.25, 0.25, 0.25, 0.25],
    "usd_per_mwh": [[-10.0, 20.0, 60.0, 200.0]] * 12,
    "multiplier": {"flat": 1},
}
"""A quarter of the hours at each price. The fleet of the plain scenario (100 MW) earns 90 USD/MWh before its power: it runs at -10,
20 and 60 and earns 100, 70 and 30 USD a MWh there; 2026 has 8,760 hours, 2,190 at each price: 657,000 MWh in all."""


def a_year(mwh: float | None, **changes: Any) -> hl.Scenario:
    cap = {} if mwh is None else {"sites__0__energy_cap": {"mwh_per_year": mwh}}
    return scenario(**{"horizon__end": "2026-12", "power__zones__0__price": CURVE, "leases": [], **cap, **changes})


def cash(plan: hl.Plan, item: str) -> float:
    return sum(row["usd"] for row in plan.rows["cash_by_year"] if row["item"] == item)


@pytest.mark.parametrize(
    ("mwh", "forgone"),
    [
        (700_000, 0),
        (600_000, 57_000 * 30),  # of the hours at 60 USD
        (300_000, 219_000 * 30 + 138_000 * 70),  # all of these, and of those at 20 USD
        (0, 219_000 * (30 + 70 + 100)),
    ],
)
def test_the_hours_that_earn_least_are_given_up(mwh: float, forgone: float) -> None:
    plan = hl.solve(a_year(mwh))
    assert plan.verdict == "CERTIFIED"
    assert plan.npv_usd == pytest.approx(hl.solve(a_year(None)).npv_usd - forgone)
    if mwh:  # without energy nothing is energised, and nothing given up
        assert cash(plan, "energy_cap_forgone") == pytest.approx(-forgone)
        assert plan.rows["fleets"][0]["mwh"] == pytest.approx(min(mwh, 657_000))


def test_a_lease_takes_energy_from_mining_whoever_pays_for_it() -> None:
    """20 critical MW x 1.25 take 219,000 MWh a year and 25 MW. With 300,000 MWh mining is left with 81,000, at 100 USD a MWh."""
    plan = hl.solve(a_year(300_000, leases=[offer("Offer", rent_usd_per_kw_month=300.0)]))
    assert plan.verdict == "CERTIFIED"
    assert plan.rows["leases"][0]["critical_mw"] == pytest.approx(20)
    assert plan.rows["fleets"][0]["mwh"] == pytest.approx(81_000)
    margin = cash(plan, "mining_revenue") + cash(plan, "mining_power") + cash(plan, "mining_variable_opex")
    assert margin + cash(plan, "energy_cap_forgone") == pytest.approx(81_000 * 100)


def test_a_lease_is_worth_its_energy() -> None:
    """With 150,000 MWh and mining at 100 USD a MWh, a critical MW (10,950 MWh) has to bring 1,095,000 USD beside its capex of
    400,000: 124.6 USD per kW and month. It takes 1.25 MW, which mining does not miss.
    """
    taken = []
    for rent in (124.0, 125.2):
        plan = hl.solve(a_year(150_000, leases=[offer("Offer", rent_usd_per_kw_month=rent)]))
        assert plan.verdict == "CERTIFIED"
        taken.append(plan.rows["leases"][0]["critical_mw"])
        assert plan.rows["leases"][0]["break_even_rent_usd_per_kw_month"] == pytest.approx(1_495_000 / 12_000)
    assert taken == pytest.approx([0.0, 150_000 / 10_950])


def test_what_one_more_gwh_is_worth() -> None:
    """With 600,000 MWh the next one earns 30 USD, at 60 USD of power, up to the 657,000 that run without a cap."""
    rows = binding_limits(Optimiser(Values(a_year(600_000))))
    (row,) = [row for row in rows if row["rule"] == "energy_cap"]
    assert (row["of"], row["period"], row["unit"], row["price_unit"]) == ("Site", "2026", "GWh", "USD per MWh")
    assert row["one_more"] == row["one_less"] == pytest.approx(30)
    assert (row["down_to"], row["up_to"]) == (pytest.approx(438), pytest.approx(657))


def test_losses_count_and_a_part_of_a_year_has_that_part_of_the_cap() -> None:
    """From October on 92 of 365 days: 92,000 of 365,000 MWh, with 25 % of losses 73,600 at the meter, of 100 MW x 552 h x 3."""
    delivery = {"usd_per_mwh": {"flat": 0}, "loss_fraction": 0.25}
    plan = hl.solve(a_year(365_000, finance__valuation_date="2026-10-01", sites__0__delivery=delivery))
    assert plan.verdict == "CERTIFIED"
    assert plan.rows["fleets"][0]["mwh"] == pytest.approx(73_600)


def test_signed_leases_that_draw_more_than_the_cap_leave_no_plan() -> None:
    deal = offer("Deal", status="signed", start_month="2026-01")
    del deal["start_window"]
    plan = hl.solve(a_year(200_000, leases=[deal]))
    assert plan.verdict == "INFEASIBLE, PROVED"
    assert any("energy" in line and "2026" in line for line in plan.conflicts), plan.conflicts


# ---------------------------------------------------------------- second opinions

RANDOM, SHORT = range(400, 430), 11


def random_caps(case: int) -> hl.Scenario:
    return with_energy_caps(random_case(case), case)


@pytest.mark.parametrize("case", RANDOM)
def test_random_caps(case: int) -> None:
    assert_reckoned_hour_by_hour(random_caps(case), SHORT)


def test_enough_random_caps_bind() -> None:
    plans = [hl.solve(random_caps(case)) for case in RANDOM]
    bind = [plan for plan in plans if plan.is_final and cash(plan, "energy_cap_forgone") < 0]
    assert len(bind) >= 7
    assert sum(plan.scenario.calendar.length <= SHORT for plan in bind) >= 2


@pytest.mark.parametrize("hashprice, power", [(0.5, 1.0), (1.6, 2.5), (0.8, 0.0)])
def test_the_program_at_other_prices_is_the_one_of_a_scenario_with_them(hashprice: float, power: float) -> None:
    fleets = [fleet("New", mw=30.0), fleet("Old", mw=30.0, j_per_th=40.0)]
    own, at = a_year(150_000, fleets=fleets), Multipliers(hashprice=hashprice, power=power)
    other = a_year(150_000, fleets=fleets, market__hashprice__multiplier=hashprice, power__multiplier=power)
    values = Values(own)
    found = Optimiser(values, build_program(values).at_prices(at)).solve().objective + values.constant_musd(at)
    assert found == pytest.approx(hl.solve(other).npv_usd / 1e6, rel=1e-12)


# ---------------------------------------------------------------- bad input


def test_bad_caps() -> None:
    with pytest.raises(ValueError, match="0 to 100,000,000 MWh a year"):
        a_year(-1)
    block = {"name": "Block", "mw": 50.0, "usd_per_mwh": 35.0, "from": "2026-01", "to": "2026-12", "resale_fraction": 0.5}
    with pytest.raises(ValueError, match="energy cap beside a block that is not resold in full"):
        a_year(1, sites__0__blocks=[block])
    with pytest.raises(ValidationError) as refused:
        a_year(1, finance__cash={"opening_usd": 1e6, "raised_usd": {}, "floor_usd": {"2026": 0}})
    (fault,) = refused.value.errors()[0]["ctx"]["faults"]
    assert fault.found == "cash beside an energy cap"


def test_too_many_hours_are_refused_in_words() -> None:
    with pytest.raises(ValidationError) as refused:
        a_year(1, fleets=[fleet(f"Fleet {n}", mw=1.0) for n in range(3200)])
    (fault,) = refused.value.errors()[0]["ctx"]["faults"]
    assert fault.place == ("sites", 0, "energy_cap") and "153,600" in fault.found


def test_parts_of_the_mining_count_too() -> None:
    service = {"name": "ECRS", "share_fraction": 0.3, "usd_per_mw_hour": {"flat": 8.0}}
    with pytest.raises(ValidationError) as refused:
        a_year(1, fleets=[fleet(f"Fleet {n}", mw=1.0) for n in range(1600)], sites__0__ancillary_services=[service])
    (fault,) = refused.value.errors()[0]["ctx"]["faults"]
    assert "153,600" in fault.found and "x 2 (services, programmes, rest)" in fault.allowed


def test_a_map_refuses_in_words() -> None:
    with pytest.raises(hl.InputError, match="energy cap"):
        hl.decision_map(a_year(300_000, leases=[offer("Offer")]))
