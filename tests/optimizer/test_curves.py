"""Break-even curves against bisection on programs stated from nothing, at values of all inputs and beside every breakpoint."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import cases
import numpy as np
import pytest
from hashlease import InputError, Scenario, break_even_curve, load, solve
from hashlease.cli import run_command
from hashlease.models.values import Values
from hashlease.optimizer.curves import equivalents
from hashlease.optimizer.diagnosis import NoPlanError
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.tables import Row

HIGHEST_RENT = 590.0
PROFILE = {
    "kind": "month_hour_profile",
    "usd_per_mwh": [[round(10 + 3.7 * hour + 0.9 * month, 2) for hour in range(24)] for month in range(12)],
    "multiplier": {"flat": 1.0},
}
SIGNED = {"status": "signed", "start_month": "2026-02"}
LEASES: list[dict[str, Any]] = [
    cases.offer("Small", critical_it_mw=12, rent_usd_per_kw_month=88.0, residual_value_fraction_of_capex=0.2),
    cases.offer("Block", critical_it_mw=15, rent_usd_per_kw_month=96.0, indivisible=True, conversion_outage_months=1),
    cases.offer("Landlord", critical_it_mw=10, rent_usd_per_kw_month=130.0, power_paid_by="landlord"),
    {key: value for key, value in cases.offer("Signed", critical_it_mw=6, **SIGNED).items() if key != "start_window"},
]
CONTESTED: dict[str, Any] = {
    "horizon__end": "2027-06",
    "sites__0__hpc_suitable_mw": 40.0,
    "power__zones__0__price": PROFILE,
    "fleets": [cases.fleet("Old", mw=60.0, j_per_th=27.0), cases.fleet("New", mw=60.0, j_per_th=17.0)],
    "leases": LEASES,
    "finance__discount_rate_per_year": {"mining": 0.1, "lease": 0.1, "capex": 0.1, "power_contract": 0.1},
}
"""Offers that compete for 40 suitable MW, two fleets, a price that differs from hour to hour, a signed lease, a block."""
BUDGET = {"finance__capex_budget_usd": {"2026": 12e6}}


def contested(**changes: Any) -> Scenario:
    return cases.scenario(**{**CONTESTED, **changes})


def at_value(written: Scenario, offer: str, parameter: str, value: float, rent: float) -> Scenario:
    """The scenario written anew: no part of the package that a curve goes through."""
    data = written.model_dump(mode="json", by_alias=True)
    lease = next(lease for lease in data["leases"] if lease["name"] == offer)
    lease["rent_usd_per_kw_month"] = rent
    if parameter == "hashprice":
        data["market"]["hashprice"]["multiplier"] *= value
    elif parameter == "power":
        data["power"]["multiplier"] *= value
    elif parameter == "discount_rate":
        data["finance"]["discount_rate_per_year"]["lease"] = value
    else:
        fields = {"term": "term_years", "capex": "capex_usd_per_critical_mw", "residual": "residual_value_fraction_of_capex"}
        lease[fields[parameter]] = value
    return Scenario.model_validate(data)


def worth_usd(scenario: Scenario, offer: str) -> float:
    """Optimum with the offer less optimum without it, from a program of its own."""
    optimiser = Optimiser(Values(scenario))
    number = [found.offer.name for found in optimiser.values.offers].index(offer)
    return 1e6 * (optimiser.solve().objective - optimiser.solve(without=frozenset([number])).objective)


def bisected(written: Scenario, offer: str, parameter: str, value: float, near: float, share: float = 1e-4) -> float:
    """The rent at which the offer starts to be worth having, between `share` below and above `near`."""
    edge = 0.0 if next(lease for lease in written.leases if lease.name == offer).status == "signed" else 2.0

    def having(rent: float) -> bool:
        return worth_usd(at_value(written, offer, parameter, value, rent), offer) > edge

    low, high = near * (1 - share), near * (1 + share)
    assert not having(low), f"worth having at {low} already, {parameter} {value}"
    assert having(high), f"not worth having at {high}, {parameter} {value}"
    for _ in range(4):
        middle = (low + high) / 2
        low, high = (low, middle) if having(middle) else (middle, high)
    return (low + high) / 2


def rent_at(rows: list[Row], value: float) -> float | None:
    """Read off a line between the points of a curve."""
    for before, after in pairwise(rows):
        if before["value"] <= value <= after["value"] and before["value"] < after["value"]:
            rents = [row["break_even_rent_usd_per_kw_month"] for row in (before, after)]
            if None in rents:
                return None
            share = (value - before["value"]) / (after["value"] - before["value"])
            return float(rents[0] + share * (rents[1] - rents[0]))
    return None


def assert_right(written: Scenario, offer: str, parameter: str, low: float, high: float, looks: int = 3) -> list[Row]:
    """Exact at its points (each breakpoint, and just left and right of it), and near enough on lines between them."""
    rows = break_even_curve(written, offer, parameter, low, high)
    assert [row["value"] for row in rows] == sorted(row["value"] for row in rows)
    assert (rows[0]["value"], rows[-1]["value"]) == (low, high)
    edges = [row for row in rows if row["kind"] == "breakpoint" and row["break_even_rent_usd_per_kw_month"]][:3]
    random = np.random.default_rng(5)
    beside = [row["value"] + side * 1e-6 * (high - low) for row in edges for side in (-1, 1)]
    for value in (*beside, *random.uniform(low, high, looks).tolist(), *(row["value"] for row in edges)):
        if value > high:
            continue
        found = rent_at(rows, value)
        assert found is not None
        if 1 < found < HIGHEST_RENT / 1.1:
            assert bisected(written, offer, parameter, value, found, 4e-4) == pytest.approx(found, rel=1e-4)
    for row in edges:
        rent = row["break_even_rent_usd_per_kw_month"]
        assert bisected(written, offer, parameter, row["value"], rent, 2e-6) == pytest.approx(rent, rel=2e-6)
    for before, after in pairwise(rows):  # no jump between two points that are next to each other
        rents = [row["break_even_rent_usd_per_kw_month"] for row in (before, after)]
        if None not in rents and after["value"] - before["value"] < 1e-9 * (high - low):
            assert rents[1] == pytest.approx(rents[0], rel=1e-6)
    return rows


@pytest.mark.parametrize("offer", ["Small", "Block", "Landlord", "Signed"])
@pytest.mark.parametrize(("parameter", "low", "high"), [("hashprice", 0.4, 1.8), ("power", 0.0, 2.0)])
def test_over_prices(offer: str, parameter: str, low: float, high: float) -> None:
    rows = assert_right(contested(), offer, parameter, low, high)
    if (offer, parameter) == ("Small", "hashprice"):  # what its MW could mine instead is worth more
        rents = [row["break_even_rent_usd_per_kw_month"] for row in rows]
        assert all(after > before - 1e-9 for before, after in pairwise(rents))
        assert rents[-1] > rents[0]


@pytest.mark.parametrize(
    ("offer", "parameter", "low", "high", "changes"),
    [
        ("Small", "capex", 2e5, 7e5, {}),
        ("Small", "capex", 2e5, 7e5, BUDGET),
        ("Block", "capex", 2e5, 7e5, {}),
        ("Signed", "capex", 2e5, 7e5, {}),
        ("Small", "residual", 0.0, 1.0, {}),
        ("Block", "residual", 0.0, 1.0, BUDGET),
        ("Small", "discount_rate", 0.0, 0.4, {}),
        ("Landlord", "discount_rate", 0.02, 0.3, {"finance__tax": {"rate_fraction": 0.3, "depreciation_years": 5.0}}),
        ("Signed", "discount_rate", 0.02, 0.3, {}),
    ],
)
def test_over_costs_and_rates(offer: str, parameter: str, low: float, high: float, changes: dict[str, Any]) -> None:
    rows = assert_right(contested(**changes), offer, parameter, low, high, looks=2)
    if parameter == "capex":
        assert rows[-1]["break_even_rent_usd_per_kw_month"] > rows[0]["break_even_rent_usd_per_kw_month"]


def test_a_block_that_the_budget_does_not_allow_has_no_rent() -> None:
    """15 MW x capex <= 9 M USD: up to 600,000 USD per MW (the others are out of the budget's way: tenant-funded)."""
    leases = [LEASES[1], {**LEASES[0], "tenant_funded_capex_fraction": 1.0}]
    written = contested(leases=leases, finance__capex_budget_usd={"2026": 9e6})
    rows = break_even_curve(written, "Block", "capex", 2e5, 9e5)
    with_rent = [row["value"] for row in rows if row["break_even_rent_usd_per_kw_month"] is not None]
    without = [row["value"] for row in rows if row["break_even_rent_usd_per_kw_month"] is None]
    assert max(with_rent) == pytest.approx(600_000, abs=0.2), "also the end of the curve is told"
    assert min(without) == pytest.approx(600_000, abs=0.2)
    last = max(row["break_even_rent_usd_per_kw_month"] or 0.0 for row in rows)
    assert bisected(written, "Block", "capex", 599_999.0, last, 4e-6) == pytest.approx(last, rel=4e-6)


def test_over_the_term_in_whole_years_on_one_horizon() -> None:
    written = contested(horizon__end=None, horizon={}, leases=[{**LEASES[0]}, LEASES[3]])
    rows = [row for row in break_even_curve(written, "Small", "term", 1.0, 3.0) if row["kind"] == "point"]
    assert [row["value"] for row in rows] == [1.0, 2.0, 3.0]
    # The latest start is January 2026, so the longest term of three years ends in December 2028.
    longest = contested(horizon__end="2028-12", leases=[{**LEASES[0]}, LEASES[3]])
    for row in rows:
        rent = row["break_even_rent_usd_per_kw_month"]
        assert bisected(longest, "Small", "term", row["value"], rent, 2e-6) == pytest.approx(rent, rel=2e-6)


def test_two_offers_by_hand() -> None:
    """North: (1.25 x 8,760 x (100 h - 50) + 400,000) / 12,000 over the hashprice; + capex / 12,000 over capex."""
    rows = break_even_curve(load("two_offers"), "North", "hashprice", 0.6, 1.6)
    for row in rows:
        expected = (1.25 * 8_760 * (100 * row["value"] - 50) + 400_000) / 12_000
        # Where South pays more than mining (384,000 USD per meter MW), it is not displaced: 5 MW of mining are there for both.
        assert row["break_even_rent_usd_per_kw_month"] == pytest.approx(expected, rel=1e-8)
        assert row["break_even_rent_usd_per_meter_kw_month"] == pytest.approx(expected / 1.25, rel=1e-8)
    today = next(row for row in rows if row["kind"] == "today")
    assert today["value"] == 1.0
    for row in break_even_curve(load("two_offers"), "north", "capex", 2e5, 8e5):
        assert row["break_even_rent_usd_per_kw_month"] == pytest.approx((547_500 + row["value"]) / 12_000, rel=1e-9)


def test_an_idle_site_has_a_kink_where_mining_starts_to_pay() -> None:
    """Mining pays from 50 / 100 of today's hashprice on: the rent is 400,000 / 12,000 below, and rises from there."""
    rows = break_even_curve(load("two_offers"), "North", "hashprice", 0.1, 0.9)
    for row in rows:
        mining = max(0.0, 8_760 * (100 * row["value"] - 50))
        assert row["break_even_rent_usd_per_kw_month"] == pytest.approx((1.25 * mining + 400_000) / 12_000, rel=2e-5)
    kinks = [row["value"] for row in rows if abs(row["value"] - 0.5) < 1e-3]
    assert kinks, "the kink is among the points"


def test_equivalents() -> None:
    plan = solve(contested())
    rows = {row["offer"]: row for row in equivalents(plan)}
    of_plan = {row["offer"]: row for row in plan.rows["leases"]}
    for name, row in rows.items():
        rent = row["hashprice_equivalent_rent_usd_per_kw_month"]
        assert rent == of_plan[name]["break_even_rent_usd_per_kw_month"]
        assert row["hashprice_equivalent_rent_usd_per_meter_kw_month"] == pytest.approx(rent / 1.25)
        assert bisected(contested(), name, "hashprice", 1.0, rent, 2e-5) == pytest.approx(rent, rel=2e-5)
        multiplier = row["break_even_hashprice_multiplier"]
        if multiplier is None:
            assert row["lease_equivalent_hashprice_usd_per_ph_day"] is None
            assert not any(worth_usd(at_value(contested(), name, "hashprice", at, 130.0), name) > 2 for at in (0.0, 0.5, 2.0, 10.0))
            continue
        assert row["lease_equivalent_hashprice_usd_per_ph_day"] == pytest.approx(48 * multiplier)
        stated = next(lease for lease in plan.scenario.leases if lease.name == name).rent_usd_per_kw_month
        assert stated is not None
        below, above = (
            worth_usd(at_value(contested(), name, "hashprice", multiplier * side, stated), name) for side in (0.9999, 1.0001)
        )
        assert (below > 2) != (above > 2)
    hand = {row["offer"]: row for row in equivalents(solve(load("two_offers")))}
    assert hand["North"]["lease_equivalent_hashprice_usd_per_ph_day"] == pytest.approx(48 * (640_000 / 8_760 + 50) / 100)
    assert (hand["North"]["taken"], hand["South"]["taken"]) == (True, False)


@pytest.mark.parametrize(
    ("offer", "parameter", "low", "high", "field"),
    [
        ("Nord", "hashprice", 0.5, 2.0, "offer"),
        ("North", "hash", 0.5, 2.0, "parameter"),
        ("North", "capex", 2e5, 2e5, "capex"),
        ("North", "capex", math.nan, 2e5, "capex"),
        ("North", "hashprice", -0.5, 2.0, "hashprice"),
        ("North", "term", 1.2, 1.8, "term"),
        ("North", "residual", 0.0, 30.0, "residual"),
        ("North", "discount_rate", 0.0, 3.0, "discount_rate"),
    ],
)
def test_refusals(offer: str, parameter: str, low: float, high: float, field: str) -> None:
    with pytest.raises(InputError) as refused:
        break_even_curve(load("two_offers"), offer, parameter, low, high)
    assert any(field in problem.field for problem in refused.value.problems)


def test_a_scenario_without_a_plan() -> None:
    signed = [{**LEASES[3], "critical_it_mw": 30.0}, LEASES[0]]
    with pytest.raises(NoPlanError):
        break_even_curve(
            contested(leases=signed, sites__0__energised_mw=20.0, sites__0__hpc_suitable_mw=None), "Small", "capex", 1e5, 2e5
        )


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "curve.csv"
    arguments = ["curve", "two_offers", "--offer", "North", "--over", "capex"]
    for wrong in (["--range", "5"], ["--range", "8e5:2e5"], ["--range", "2e5:8e5", "--out", str(tmp_path / "curve.txt")]):
        assert run_command([*arguments, *wrong]) == 2
    assert run_command(["curve", "two_offers", "--offer", "North", "--over", "term", "--range", "1.2:1.8", "--out", str(out)]) == 2
    assert list(tmp_path.iterdir()) == []
    assert run_command([*arguments, "--range", "2e5:8e5", "--out", str(out)]) == 0
    assert "112.292" in capsys.readouterr().out
    assert len(out.read_text().splitlines()) == 1 + len(break_even_curve(load("two_offers"), "North", "capex", 2e5, 8e5))
    assert run_command(["curve", "two_offers"]) == 0
    assert "78.96" in capsys.readouterr().out
