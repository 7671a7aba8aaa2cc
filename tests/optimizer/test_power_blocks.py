"""[V3] Blocks that are not resold in full: closed forms, every hour by itself, and the second opinion on random scenarios."""

from __future__ import annotations

from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import fleet, offer, scenario
from hashlease.models.block_use import NO_BAND
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.program import build_program
from hashlease.optimizer.series import OPTIMAL, Series
from hourly_program import Program
from plain_evaluator import PlainScenario
from pydantic import ValidationError
from random_cases import random_case, with_resale_terms
from second_opinion import all_differences, assert_reckoned_hour_by_hour

CURVE = {
    "kind": "duration_bands",
    "share_of_hours_fraction": [0.25, 0.25, 0.25, 0.25],
    "usd_per_mwh": [[-10.0, 20.0, 60.0, 200.0]] * 12,
    "multiplier": {"flat": 1},
}
"""January has 744 hours, 186 at each price. The fleet of the plain scenario earns 100 - 10 = 90 USD/MWh before its power."""


def block(**terms: Any) -> dict[str, Any]:
    return {"name": "Block", "mw": 50.0, "usd_per_mwh": 35.0, "from": "2026-01", "to": "2026-12", **terms}


def one_month(*blocks: dict[str, Any], **changes: Any) -> hl.Scenario:
    return scenario(
        **{"horizon__end": "2026-01", "power__zones__0__price": CURVE, "leases": [], "sites__0__blocks": list(blocks), **changes}
    )


TEN_MW = {"critical_it_mw": 10.0, "capex_usd_per_critical_mw": 0.0, "term_years": 0.25}
"""A lease of 10 critical MW without capex, of which the horizon holds a month."""


def cash(plan: hl.Plan) -> dict[str, float]:
    return {row["item"]: row["usd"] for row in plan.rows["cash_by_year"]}


def test_a_block_that_may_not_be_resold_is_used_in_the_dear_hours_too() -> None:
    """100 MW of machines, a block of 50 MW. At 200 USD the index does not pay (90), but the block's energy is worth nothing else:
    50 MW run on it. At -10 energy is bought at index; at 20, 60 and 200 the block saves what it replaces.

        settlement     50 MW x 744 h x (0 - 35)                       -1,302,000
        block used     50 MW x 186 h x (20 + 60 + 200)                 2,604,000
        revenue        (3 x 100 + 50) MW x 186 h x 100 USD             6,510,000
        power          186 h x (100 x (-10 + 20 + 60) + 50 x 200)     -3,162,000
        opex           350 MW x 186 h x 10                              -651,000
    """
    plan = hl.solve(one_month(block(resale_fraction=0)))
    assert plan.verdict == "CERTIFIED"
    assert cash(plan) == pytest.approx(
        {
            "block_settlement": -1_302_000,
            "block_energy_used": 2_604_000,
            "mining_revenue": 6_510_000,
            "mining_power": -3_162_000,
            "mining_variable_opex": -651_000,
        }
    )
    assert plan.npv_usd == pytest.approx(3_999_000)
    assert plan.rows["fleets"][0]["mwh"] == pytest.approx(350 * 186)


def test_resale_at_a_discount_decides_whether_a_dear_hour_is_mined() -> None:
    """At 200 USD a MWh resold at 40 % brings 80 USD, less than the 90 that it earns by mining; at 50 % it brings 100."""
    mined, sold = (hl.solve(one_month(block(resale_fraction=share))) for share in (0.4, 0.5))
    assert mined.rows["fleets"][0]["mwh"] == pytest.approx(350 * 186)
    assert sold.rows["fleets"][0]["mwh"] == pytest.approx(300 * 186)
    # settlement: 50 MW x 186 h x 0.5 x (20 + 60 + 200) less 50 x 744 x 35 = 0
    # used at 20 and 60 USD: 50 MW x 186 h x 0.5 x 80
    assert "block_settlement" not in cash(sold)
    assert cash(sold)["block_energy_used"] == pytest.approx(50 * 186 * 40)


def test_a_fee_on_resale_counts_like_a_discount() -> None:
    """At 200 USD with a fee of 120 a MWh brings 80, less than 90; with a fee of 100 it brings 100."""
    mined, sold = (hl.solve(one_month(block(resale_fee_usd_per_mwh=fee))) for fee in (120, 100))
    assert mined.rows["fleets"][0]["mwh"] == pytest.approx(350 * 186)
    assert sold.rows["fleets"][0]["mwh"] == pytest.approx(300 * 186)


def test_full_resale_is_as_it_was() -> None:
    """Nothing of the block decides anything: the plan without it, and its settlement at index."""
    with_block, without = hl.solve(one_month(block())), hl.solve(one_month())
    # 50 MW x (186 h x (-10 + 20 + 60 + 200) - 744 h x 35)
    assert with_block.npv_usd - without.npv_usd == pytest.approx(50 * (186 * 270 - 744 * 35))
    assert "block_energy_used" not in cash(with_block)


def test_two_blocks_and_two_fleets_are_matched_in_order() -> None:
    """At 200 USD: block A (no resale, 30 MW) gains 200, B (resale 45 %, 40 MW) 110. New machines lose 110 a MWh, old ones (40 J/TH:
    50 USD a MWh less 10) 160. A serves 30 MW of the new ones, B none (it gains no more than they lose); with 20 MW of new machines
    A serves 10 MW of the old ones too.
    """
    blocks = (block(name="A", mw=30.0, resale_fraction=0), block(name="B", mw=40.0, resale_fraction=0.45))
    old = fleet("Old", mw=30.0, j_per_th=40.0)
    for new_mw, dear in ((60.0, {"New": 30.0, "Old": 0.0}), (20.0, {"New": 20.0, "Old": 10.0})):
        plan = hl.solve(one_month(*blocks, fleets=[fleet("New", mw=new_mw), old]))
        assert plan.verdict == "CERTIFIED"
        mwh = {row["fleet"]: row["mwh"] for row in plan.rows["fleets"]}
        # New runs at -10, 20 and 60; Old (40 before power) at -10 and 20, and at 60 where a block gains more than the 20 it loses.
        assert mwh["New"] == pytest.approx(186 * (3 * new_mw + dear["New"]))
        served_at_60 = min(30.0, max(0.0, 70.0 - new_mw))  # A gains 60, B 33: both above 20; New takes its share first
        assert mwh["Old"] == pytest.approx(186 * (2 * 30 + served_at_60 + dear["Old"]))


def test_a_lease_whose_power_the_landlord_pays_uses_the_block() -> None:
    """10 critical MW x 1.25 x load factor 0.8 = 10 MW around the clock: at 20, 60 and 200 USD they use the block in place of the
    index. No fleet is there.
    """
    lease = offer("Lease", power_paid_by="landlord", load_factor_fraction=0.8, **TEN_MW)
    plan = hl.solve(one_month(block(resale_fraction=0), leases=[lease], fleets=[]))
    assert plan.verdict == "CERTIFIED"
    assert cash(plan)["rent"] == pytest.approx(10_000 * 100)
    assert cash(plan)["lease_power"] == pytest.approx(-10 * 186 * 270)
    assert cash(plan)["block_energy_used"] == pytest.approx(10 * 186 * 280)


def test_the_block_makes_a_lease_worth_taking() -> None:
    """The rent does not pay for power at index, but the block's energy, which nothing else would use, does.

    A critical MW takes 1.25 x 186 x (-10 + 20 + 60 + 200) = 62,775 USD of power for 50,000 of rent; the block saves 65,100 of it.
    """
    lease = offer("Lease", power_paid_by="landlord", **{**TEN_MW, "rent_usd_per_kw_month": 50.0})
    without, with_block = (hl.solve(one_month(*blocks, leases=[lease], fleets=[])) for blocks in ((), (block(resale_fraction=0),)))
    taken = [plan.rows["leases"][0]["critical_mw"] for plan in (without, with_block)]
    assert taken == pytest.approx([0.0, 10.0])


def test_losses_are_bought_from_the_block() -> None:
    """With 25 % of losses 40 MW at the meter use the whole block of 50 MW: at 200 USD 40 MW run."""
    delivery = {"usd_per_mwh": {"flat": 0}, "loss_fraction": 0.25}
    plan = hl.solve(one_month(block(resale_fraction=0), sites__0__delivery=delivery))
    assert plan.verdict == "CERTIFIED"
    assert plan.rows["fleets"][0]["mwh"] == pytest.approx(186 * (3 * 100 + 40))


def test_bands_are_few_and_hold_every_dear_hour() -> None:
    """744 hours of a month fall into as many bands as comparisons can come out, not into 744."""
    prices = {
        "kind": "month_hour_profile",
        "usd_per_mwh": [[7.0 * hour - 20.0 for hour in range(24)]] * 12,
        "multiplier": {"flat": 1},
    }
    values = Values(one_month(block(resale_fraction=0.3), power__zones__0__price=prices))
    (use,) = values.block_uses
    table = values.scenario.price_tables["Zone"]
    gains = table.usd_per_mwh > 0
    assert np.array_equal(use.band_of_state != NO_BAND, gains & (table.hours > 0))
    assert 2 <= len(use.months) <= 4


# ---------------------------------------------------------------- second opinions

RANDOM = range(300, 330)
SHORT = 11
"""Months of a horizon whose every hour is stated."""


def random_blocks(case: int) -> hl.Scenario:
    return with_resale_terms(random_case(case), case)


@pytest.mark.parametrize("case", RANDOM)
def test_random_blocks(case: int) -> None:
    assert_reckoned_hour_by_hour(random_blocks(case), SHORT)


def test_enough_random_blocks_are_used_and_run_machines_on_their_own() -> None:
    used = run = short = 0
    for case in RANDOM:
        found = random_blocks(case)
        plan = hl.solve(found)
        if plan.is_final and plan.verdict == "CERTIFIED":
            used += any(row["item"] == "block_energy_used" for row in plan.rows["cash_by_year"])
            values = Values(found)
            run += bool(build_program(values).model.extra_mw)
            short += found.calendar.length <= SHORT and bool(values.block_uses)
    assert used >= 12 and run >= 8 and short >= 5


@pytest.mark.parametrize("hashprice, power", [(0.5, 1.0), (1.0, 0.4), (1.6, 2.5), (0.8, 0.0)])
def test_the_program_at_other_prices_is_the_one_of_a_scenario_with_them(hashprice: float, power: float) -> None:
    old = fleet("Old", mw=30.0, j_per_th=40.0)
    blocks = [block(resale_fraction=0.4), block(name="Other", mw=20.0, resale_fraction=0)]
    own = one_month(*blocks, fleets=[fleet("New", mw=30.0), old])
    other = one_month(
        *blocks,
        fleets=[fleet("New", mw=30.0), old],
        market__hashprice__multiplier=hashprice,
        power__multiplier=power,
    )
    at = Multipliers(hashprice=hashprice, power=power)
    values = Values(own)
    program = build_program(values).at_prices(at)
    assert Optimiser(values, program).solve().objective + values.constant_musd(at) == pytest.approx(
        hl.solve(other).npv_usd / 1e6, rel=1e-12
    )


def test_studies_that_move_prices_refuse_in_words() -> None:
    found = one_month(block(resale_fraction=0), leases=[offer("Offer", **TEN_MW)])
    for refused in (lambda: hl.decision_map(found), lambda: hl.break_even_curve(found, "Offer", "hashprice", 0.5, 2.0)):
        with pytest.raises(hl.InputError, match="not resold in full"):
            refused()


def test_a_series_over_hashprice_states_the_program_anew() -> None:
    series, found = Series(), one_month(block(resale_fraction=0.4))
    for hashprice in (0.8, 1.0, 1.3):
        answer = series.solve(found, Multipliers(hashprice=hashprice))
        alone = hl.solve(one_month(block(resale_fraction=0.4), market__hashprice__multiplier=hashprice))
        assert (answer.verdict, answer.npv_usd) == (OPTIMAL, pytest.approx(alone.npv_usd, rel=1e-9))


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"resale_fraction": 40}, "0 to 1"),
        ({"resale_fraction": -0.1}, "0 to 1"),
        ({"resale_fee_usd_per_mwh": -1}, "0 to 200"),
        ({"resale_fee_usd_per_mwh": 2000}, "0 to 200"),
    ],
)
def test_bad_terms_of_resale(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        one_month(block(**changes))


@pytest.mark.parametrize("field", ["cash", "treasury"])
def test_blocks_to_use_beside_cash_floors_or_coins_are_refused(field: str) -> None:
    stated = {
        "cash": {"opening_usd": 1e6, "raised_usd": {}, "floor_usd": {"2026": 0}},
        "treasury": {"hold_fraction": 0.5},
    }[field]
    price = {"btc_price_usd": {"flat": 100_000}} if field == "treasury" else {}
    market = {"kind": "given", "usd_per_ph_day": {"flat": 48.0}, **price}
    with pytest.raises(ValidationError) as refused:
        one_month(block(resale_fraction=0), market__hashprice=market, **{f"finance__{field}": stated})
    (fault,) = refused.value.errors()[0]["ctx"]["faults"]
    assert (fault.place, fault.found) == (("finance", field), f"{field} beside a block that is not resold in full")


def test_two_blocks_to_use_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match='the name "Block" twice'):
        one_month(block(resale_fraction=0), block(resale_fraction=0.5))


def test_break_even_hashprice_by_fresh_programs() -> None:
    """A year of a block whose dear hours decide between mining and a lease: the edge told is where the lease comes and goes."""

    def with_hashprice(multiplier: float) -> hl.Scenario:
        return scenario(
            horizon__end="2026-12",
            power__zones__0__price=CURVE,
            sites__0__blocks=[block(resale_fraction=0.2)],
            leases=[offer("Offer", rent_usd_per_kw_month=65.0)],
            market__hashprice__multiplier=multiplier,
        )

    row = hl.solve(with_hashprice(1.0)).rows["leases"][0]
    edge = row["break_even_hashprice_multiplier"]
    assert 0 < edge < 10 and edge != 1
    taken = [hl.solve(with_hashprice(edge * factor)).rows["leases"][0]["critical_mw"] > 0 for factor in (0.9999, 1.0001)]
    assert taken == [True, False]
    shown = hl.solve(with_hashprice(1.0)).rows["leases"][0]["break_even_rent_usd_per_kw_month"]
    rents = [
        hl.solve(replace_rent(with_hashprice(1.0), shown * factor)).rows["leases"][0]["critical_mw"] for factor in (0.9999, 1.0001)
    ]
    assert rents[0] == 0 and rents[1] > 0


def replace_rent(found: hl.Scenario, usd: float) -> hl.Scenario:
    written = found.model_dump(mode="json", by_alias=True)
    written["leases"][0]["rent_usd_per_kw_month"] = usd
    return hl.Scenario.model_validate(written)


def test_hourly_optimum_of_a_year() -> None:
    """Two fleets, two blocks of other months, delivery with losses, contract dollars discounted apart: every hour of a year."""
    prices = {
        "kind": "month_hour_profile",
        "usd_per_mwh": [[round(9.0 * hour - 25.0 + 3 * month, 2) for hour in range(24)] for month in range(12)],
        "multiplier": {"flat": 1},
    }
    found = scenario(
        horizon__end="2026-12",
        power__zones__0__price=prices,
        sites__0__blocks=[
            block(resale_fraction=0.6, to="2026-09"),
            block(name="Summer", mw=35.0, resale_fraction=0.9, resale_fee_usd_per_mwh=6.0, **{"from": "2026-05"}),
        ],
        sites__0__delivery={"usd_per_mwh": {"flat": 3.0}, "loss_fraction": 0.03},
        fleets=[fleet("New", mw=40.0, uptime_fraction=0.93), fleet("Old", mw=50.0, j_per_th=34.0, pool_fee_fraction=0.02)],
        leases=[offer("Offer", power_paid_by="landlord", load_factor_fraction=0.9, rent_usd_per_kw_month=150.0)],
        finance__discount_rate_per_year={"mining": 0.14, "lease": 0.08, "capex": 0.08, "power_contract": 0.05},
        finance__tax={"rate_fraction": 0.21, "depreciation_years": 5},
    )
    plan = hl.solve(found)
    opinion = PlainScenario(found.model_dump(mode="json", by_alias=True))
    assert plan.verdict == "CERTIFIED"
    assert all_differences(plan, opinion) == []
    program = Program(opinion)
    assert program.npv_usd(program.solve()) == pytest.approx(plan.relaxation_npv_usd, rel=1e-9)
