"""The decision map against re-solves, closed forms and the second program: its bound, its plans, its edges."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import cases
import numpy as np
import pytest
from cases import rich
from hashlease import DecisionMap, InputError, Scenario, decision_map, load, solve
from hashlease.cli import run_command
from hashlease.models.values import TODAY, USD_PER_MUSD, Multipliers, Values
from hashlease.optimizer.bound import safe_bound
from hashlease.optimizer.branching import leaves
from hashlease.optimizer.decision_map import MAP_TABLES, box_of
from hashlease.optimizer.decisions import Decisions
from hashlease.optimizer.diagnosis import NoPlanError
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.plan_values import PlanValues
from hashlease.optimizer.sandwich import Axis, Progress, Sandwich
from hashlease.scenarios.vary import vary
from hourly_program import Program
from plain_evaluator import PlainScenario

Box = dict[str, tuple[float, float]]
PLANE: Box = {"hashprice": (0.5, 2.0), "rent": (0.7, 1.4)}
CUBE: Box = {"hashprice": (0.6, 1.6), "rent": (0.8, 1.3), "power": (0.0, 1.8)}
CASES: dict[str, tuple[Box, int]] = {
    "rockdale": (PLANE, 400),
    "linear": (CUBE, 600),
    "rich": (CUBE, 50),
    "terms": (CUBE, 600),
    "by_the_hour": (CUBE, 200),
    "helios": ({**PLANE, "power": (0.7, 1.4)}, 60),
}
"""Box and random points: rockdale and rich have whole blocks, and multipliers of 0 are among those of the cube; of helios several
plans meet inside of simplices whose edges have no gap.
"""


def case(name: str) -> Scenario:
    if name == "linear":
        return vary(rich(), {"leases.block_lease.indivisible": False})
    if name == "terms":
        return vary(rich(**cases.TERMS), {"leases.block_lease.indivisible": False})
    if name == "by_the_hour":
        return vary(rich(**cases.TERMS_BY_THE_HOUR), {"leases.block_lease.indivisible": False})
    return rich() if name == "rich" else load(name)


@cache
def of_case(name: str) -> tuple[DecisionMap, Optimiser]:
    tolerance = {"rich": 0.01, "helios": 0.005}.get(name, 0.002)
    return decision_map(case(name), CASES[name][0], tolerance), Optimiser(Values(case(name)))


def optimum_usd(optimiser: Optimiser, at: Multipliers) -> float:
    objective = optimiser.solve(optimiser.program.cost_musd(at)).objective
    return (objective + optimiser.values.constant_musd(at)) * USD_PER_MUSD


def points(box: Box, number: int, seed: int = 7) -> list[dict[str, float]]:
    """Random points of a box, among them its corners' faces: every fourth has one coordinate at an end."""
    random = np.random.default_rng(seed)
    found = []
    for count in range(number):
        point = {name: float(random.uniform(low, high)) for name, (low, high) in box.items()}
        if count % 4 == 0:
            name = list(box)[count // 4 % len(box)]
            point[name] = box[name][count // 8 % 2]
        found.append(point)
    return found


# ---------------------------------------------------------------- the bound


@pytest.mark.parametrize("name", CASES)
def test_regret_at_random_points(name: str) -> None:
    found, optimiser = of_case(name)
    assert found.complete
    assert found.bound_usd <= found.tolerance_usd
    assert found.solves < 20_000
    regret = []
    for point in points(*CASES[name]):
        best = float(np.max(found.npv_usd(**point)))
        regret.append(optimum_usd(optimiser, Multipliers(**point)) - best)
    assert min(regret) >= -1.0, "a plan of the list is worth more than the optimum"
    assert max(regret) <= found.bound_usd
    assert max(regret) > 0.05 * found.bound_usd or found.bound_usd < 1.0, "a bound that is this far from any regret says little"


@pytest.mark.parametrize("name", CASES)
def test_regret_by_the_second_program(name: str) -> None:
    """Scenarios written with the multiplied figures, solved by the program that shares no code with the package."""
    found, _ = of_case(name)
    for point in points(CASES[name][0], 1 if name == "rockdale" else 3, seed=11)[-2:]:
        written = case(name).model_dump(mode="json", by_alias=True)
        written["market"]["hashprice"]["multiplier"] *= point["hashprice"]
        written["power"]["multiplier"] *= point.get("power", 1.0)
        for lease in written["leases"]:
            if lease["status"] == "offered":
                assert lease["rent_usd_per_kw_month"]
                lease["rent_usd_per_kw_month"] *= point["rent"]
        program = Program(PlainScenario(written), hourly=False)
        regret = program.npv_usd(program.solve(whole=True)) - float(np.max(found.npv_usd(**point)))
        assert -1.0 <= regret <= found.bound_usd


@pytest.mark.parametrize("name", CASES)
def test_the_optimum_is_convex(name: str) -> None:
    """What chords stand on, with whole blocks too."""
    _, optimiser = of_case(name)
    box = CASES[name][0]
    for one, other in zip(points(box, 25, seed=1), points(box, 25, seed=2), strict=True):
        middle = {axis: (one[axis] + other[axis]) / 2 for axis in box}
        ends = (optimum_usd(optimiser, Multipliers(**one)) + optimum_usd(optimiser, Multipliers(**other))) / 2
        assert optimum_usd(optimiser, Multipliers(**middle)) <= ends + 0.5


def test_tighter_tolerances_hold() -> None:
    seen: list[Progress] = []
    loose = decision_map(case("linear"), {**PLANE, "rent": (0.9, 1.1)}, 0.01)
    tight = decision_map(case("linear"), {**PLANE, "rent": (0.9, 1.1)}, 0.0005, seen.append)
    assert tight.complete
    assert tight.bound_usd <= tight.tolerance_usd == pytest.approx(0.0005 * tight.npv_today_usd, rel=1e-12)
    assert tight.bound_usd < loose.bound_usd <= loose.tolerance_usd
    assert len(tight.decisions) > len(loose.decisions)
    bounds = [progress.bound_musd for progress in seen]
    assert bounds[-1] * USD_PER_MUSD <= tight.tolerance_usd < bounds[0] * USD_PER_MUSD
    assert [progress.solves for progress in seen] == sorted(progress.solves for progress in seen)
    _, optimiser = of_case("linear")
    for point in points({**PLANE, "rent": (0.9, 1.1)}, 100, seed=3):
        regret = optimum_usd(optimiser, Multipliers(**point)) - float(np.max(tight.npv_usd(**point)))
        assert -1.0 <= regret <= tight.bound_usd


def test_a_search_that_runs_out_of_solves_says_what_it_reached() -> None:
    optimiser = Optimiser(Values(case("linear")))
    sandwich = Sandwich(optimiser, [Axis("hashprice", 0.5, 2.0), Axis("rent", 0.7, 1.4)])
    sandwich.refine(1e-4, 12)
    kept = sandwich.thin(1e-4)
    assert len(sandwich.corners) <= 13
    assert sandwich.bound_musd > 1e-4
    for point in points(PLANE, 100, seed=4):
        at = Multipliers(**point)
        regret = optimum_usd(optimiser, at) / USD_PER_MUSD - float(np.max(sandwich.plans.at(at)[kept]))
        assert regret <= sandwich.bound_musd


# ---------------------------------------------------------------- values of committed plans


@pytest.mark.parametrize("name", ["rockdale", "linear"])
def test_a_committed_plan_is_the_optimum_with_its_leases_fixed(name: str) -> None:
    """Where it is committed; elsewhere its machines are not the best, and it is worth no more."""
    optimiser = Optimiser(Values(case(name)))
    program, plans = optimiser.program, PlanValues(optimiser.values)
    fixed = [*range(program.lease_columns.start, program.lease_columns.stop)]
    for point in points({**CUBE, "power": (0.0, 1.5)}, 12, seed=5):
        at = Multipliers(**point)
        found = Decisions.of(program, optimiser.solve(program.cost_musd(at), relaxed=name == "linear").x)
        mw = np.concatenate(found.lease_mw)
        for other in (at, *(Multipliers(**one) for one in points(CUBE, 3, seed=6))):
            optimiser.relaxed.set_bounds(fixed, mw, mw)
            best = optimum_relaxed(optimiser, other)
            optimiser.relaxed.set_bounds(fixed, program.form.lower[fixed], program.form.upper[fixed])
            committed_there = plans.add(plans.committed(found, other))
            assert float(plans.at(other)[committed_there]) == pytest.approx(best, abs=2e-6)
            committed = plans.add(plans.committed(found, at))
            assert float(plans.at(other)[committed]) <= best + 2e-6


def optimum_relaxed(optimiser: Optimiser, at: Multipliers) -> float:
    return optimiser.solve(optimiser.program.cost_musd(at), relaxed=True).objective + optimiser.values.constant_musd(at)


@pytest.mark.parametrize("name", ["rockdale", "rich"])
def test_tangents_touch_and_lie_below_everywhere(name: str) -> None:
    found, _ = of_case(name)
    plans, numbers = found.values, np.arange(len(found.decisions))
    looks = [Multipliers(1.0, 1.0, 0.0), Multipliers(0.0, 1.0, 1.0), Multipliers(0.0, 1.0, 0.0), TODAY]
    looks += [Multipliers(**point) for point in points(CUBE, 12, seed=8)]
    for at in looks:
        values, slopes = plans.tangents(at, numbers)
        assert values == pytest.approx(plans.at(at), rel=1e-12, abs=1e-9)
        for other in looks:
            step = np.array([other.hashprice - at.hashprice, other.rent - at.rent, other.power - at.power])
            assert np.all(values + slopes @ step <= plans.at(other) + 1e-9 * (1 + np.abs(values)))


def test_tangents_with_negative_prices_and_a_fixed_price() -> None:
    """-30 USD/MWh half of the time: at hashprice 0 machines earn 30 - 10 a MWh then, and nothing at power 0."""
    price = {
        "kind": "duration_bands",
        "usd_per_mwh": [[-30.0, 50.0]] * 12,
        "share_of_hours_fraction": [0.5, 0.5],
        "multiplier": {"flat": 1},
    }
    scenario = cases.scenario(power__zones__0__price=price, leases=[], horizon__end="2026-01")
    plans = PlanValues(Values(scenario))
    plans.add(Decisions(np.full((1, 1), 100.0), []))
    half = 744 / 2 * 100 / USD_PER_MUSD
    for hashprice, power, expected, per_power in ((0, 0, 0, 0), (0, 1, 20, 30), (0, 1 / 3, 0, 0), (0, 2, 50, 30), (1, 0, 180, -20)):
        values, slopes = plans.tangents(Multipliers(hashprice, 1.0, power), np.array([0]))
        assert float(values[0]) == pytest.approx(expected * half, abs=1e-12)
        assert float(slopes[0, 2]) == pytest.approx(per_power * half, abs=1e-12)


# ---------------------------------------------------------------- bounds from multipliers


@pytest.mark.parametrize("name", ["linear", "rich"])
def test_any_multipliers_of_the_rows_bound_the_optimum(name: str) -> None:
    """Random, of the wrong sign, nearly right, and none at all; each child of a search too, also at other costs."""
    random = np.random.default_rng(3)
    optimiser = Optimiser(Values(case(name)))
    form = optimiser.program.form
    for point in points(CUBE, 10, seed=9):
        at = Multipliers(**point)
        cost = optimiser.program.cost_musd(at)
        best = optimiser.solve(cost, relaxed=True)
        assert best.row_dual is not None
        exact = safe_bound(form, cost, best.row_dual, form.lower, form.upper)
        assert best.objective <= exact <= best.objective + 1e-6
        for scale in (0.0, 1e-9, 1e-3, 1.0, 1e3):
            for around in (best.row_dual, 0.0, -best.row_dual):
                duals = around + scale * random.standard_normal(form.rows)
                assert safe_bound(form, cost, duals, form.lower, form.upper) >= best.objective


def test_leaves_of_a_search_bound_plans_with_whole_blocks() -> None:
    random = np.random.default_rng(4)
    blocks = [
        cases.offer(f"Block {mw}", critical_it_mw=mw, indivisible=True, rent_usd_per_kw_month=90 + mw % 7)
        for mw in (11, 17, 23, 31)
    ]
    for scenario in (case("rich"), load("rockdale"), cases.scenario(leases=blocks, sites__0__hpc_suitable_mw=55.0)):
        optimiser = Optimiser(Values(scenario))
        search = optimiser.search()
        tree = list(leaves(search.root))
        for point in points(CUBE, 4, seed=10):
            cost = optimiser.program.cost_musd(Multipliers(**point))
            best, bound = optimiser.proved(cost)
            assert best.objective <= bound <= best.objective + 2e-6
            assert optimiser.blocks.bound(search.root, cost) >= best.objective, "the tree of other costs"
            right = [leaf.row_dual for leaf in tree]
            for leaf in tree:
                if leaf.row_dual is not None:
                    leaf.row_dual = leaf.row_dual + 0.1 * random.standard_normal(len(leaf.row_dual))
            assert optimiser.blocks.bound(search.root, cost) >= best.objective
            for leaf, dual in zip(tree, right, strict=True):
                leaf.row_dual = dual


# ---------------------------------------------------------------- edges


def test_two_offers_in_closed_form() -> None:
    """Mining earns 8,760 (100 h - 50) USD per MW; North 240,000 x 4 x (rent 1,200,000 r - 400,000), South 960,000 r - 480,000."""
    found = decision_map(load("two_offers"))
    north, south = ((1_200_000, 400_000), (960_000, 480_000))
    hashprice = {name: ((rent - capex) / 1.25 / 8_760 + 50) / 100 for name, (rent, capex) in (("North", north), ("South", south))}
    rent = {name: (1.25 * 438_000 + capex) / gross for name, (gross, capex) in (("North", north), ("South", south))}
    rows = {(row["axis"], row["offer"], row["change"]): row["multiplier"] for row in found.rows["changes"]}
    assert rows == {
        ("hashprice", "North", "leaves"): pytest.approx(hashprice["North"], rel=1e-8),
        ("hashprice", "South", "leaves"): pytest.approx(hashprice["South"], rel=1e-8),
        ("rent", "North", "enters"): pytest.approx(rent["North"], rel=1e-8),
        ("rent", "South", "enters"): pytest.approx(rent["South"], rel=1e-8),
    }
    for row in solve(load("two_offers")).rows["leases"]:  # the break-evens of single offers, found in another way
        of_rent = row["break_even_rent_usd_per_kw_month"] / {"North": 100, "South": 80}[row["offer"]]
        assert rows["rent", row["offer"], "enters"] == pytest.approx(of_rent, rel=1e-8)
        assert rows["hashprice", row["offer"], "leaves"] == pytest.approx(row["break_even_hashprice_multiplier"], rel=1e-8)
    flips = {row["direction"]: row for row in found.rows["flips"]}
    # South in place of 5 MW of mining, or mining in place of North, gains the tolerance:
    tolerance = found.tolerance_usd
    assert tolerance == pytest.approx(0.002 * 5_390_000)
    assert flips["rent up"]["rent"] == pytest.approx(rent["South"] + tolerance / (4 * 960_000), rel=1e-8)
    assert flips["rent down"]["rent"] == pytest.approx(rent["North"] - tolerance / (4 * 1_200_000), rel=1e-8)
    assert flips["hashprice up"]["hashprice"] == pytest.approx(hashprice["North"] + tolerance / (5 * 876_000), rel=1e-8)
    assert flips["hashprice down"]["hashprice"] == pytest.approx(hashprice["South"] - tolerance / (5 * 876_000), rel=1e-8)
    # hashprice down and rent up by the same factor f: 4 (960,000 f - 480,000) - 5 x 8,760 (100 / f - 50) = tolerance
    factor = flips["hashprice down, rent up"]["rent"]
    assert 4 * (960_000 * factor - 480_000) - 43_800 * (100 / factor - 50) == pytest.approx(tolerance, abs=0.01)
    assert flips["hashprice down, rent up"]["hashprice"] == pytest.approx(1 / factor, rel=1e-12)
    assert [row["plan"] for row in found.rows["plans"]] == [1, 2, 3]
    assert [row["npv_today_usd"] for row in found.rows["plans"]] == pytest.approx([5_390_000, 5_120_000, 4_380_000], rel=1e-12)


@pytest.mark.parametrize("name", ["rockdale", "rich"])
def test_changes_and_flips_are_what_solves_say(name: str) -> None:
    found, optimiser = of_case(name)
    assert found.rows["changes"]
    for row in found.rows["changes"]:
        assert found.best(**{row["axis"]: row["multiplier"] - 1e-6}) == row["plan_below"]
        assert found.best(**{row["axis"]: row["multiplier"] + 1e-6}) == row["plan_above"]
        worth = found.npv_usd(**{row["axis"]: row["multiplier"]})
        assert worth[row["plan_below"] - 1] == pytest.approx(worth[row["plan_above"] - 1], abs=1.0)
        for side in ("below", "above"):
            mw = sum(
                r["critical_mw"]
                for r in found.rows["plan_leases"]
                if (r["plan"], r["offer"]) == (row[f"plan_{side}"], row["offer"])
            )
            assert mw == pytest.approx(row[f"critical_mw_{side}"], abs=1e-5)
    assert found.rows["flips"]
    for row in found.rows["flips"]:
        edge = np.array([row["hashprice"], row["rent"], row["power"]])
        assert found.npv_usd(**dict(zip(("hashprice", "rent", "power"), edge.tolist(), strict=True)))[
            found.best() - 1
        ] == pytest.approx(optimum_usd(optimiser, Multipliers(*edge.tolist())) - found.tolerance_usd, abs=1.0)
        assert row["regret_at_edge_usd"] == pytest.approx(found.tolerance_usd, abs=1.0)
        for share in (0.25, 0.5, 0.75):  # no nearer flip
            at = np.exp(share * np.log(edge)).tolist()
            worth = found.npv_usd(hashprice=at[0], rent=at[1], power=at[2])
            assert np.max(worth) - worth[found.best() - 1] <= found.tolerance_usd + 1.0


def test_plans_are_told_truly() -> None:
    found, optimiser = of_case("rockdale")
    today = [row["npv_today_usd"] for row in found.rows["plans"]]
    assert today == sorted(today, reverse=True)
    assert today[0] == pytest.approx(optimum_usd(optimiser, TODAY), abs=1.0)
    assert found.rows["plans"][0]["regret_today_usd"] == pytest.approx(0.0, abs=1.0)
    assert math.fsum(row["share_of_box"] for row in found.rows["plans"]) == pytest.approx(1.0)
    values = optimiser.values
    for plan, decisions in enumerate(found.decisions):  # machines that do not pay stand idle
        paying = Decisions(np.where(values.mining_musd() > 0, decisions.mining_mw, 0.0), decisions.lease_mw)
        assert paying.npv_musd(values) * USD_PER_MUSD == pytest.approx(today[plan], abs=1.0)
    grid = found.grid(4)[1]
    assert grid[3, 0] == pytest.approx(found.npv_usd(hashprice=2.0, rent=0.7))
    assert {name: tuple(rows[0]) for name, rows in found.rows.items()} == MAP_TABLES
    assert json.loads(found.to_json())["bound_usd"] == found.bound_usd


# ---------------------------------------------------------------- odd input


def test_the_order_of_rows_and_axes_is_nothing() -> None:
    straight = decision_map(rich(), PLANE, 0.005)
    turned = rich()
    fields: dict[str, Any] = {name: tuple(reversed(getattr(turned, name))) for name in ("sites", "fleets", "leases")}
    other = decision_map(turned.model_copy(update=fields), dict(reversed(PLANE.items())), 0.005)
    assert other.as_dict() == straight.as_dict()


def test_signed_rents_are_contracts() -> None:
    signed = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}
    found = decision_map(cases.scenario(horizon__end="2026-12", **signed), {"rent": (0.0, 5.0)})
    # 20 x 800,000 + 75 x 438,000 at every rent
    assert [float(found.npv_usd(rent=rent)[0]) for rent in (0.0, 1.0, 5.0)] == pytest.approx([48_850_000] * 3, rel=1e-12)
    assert len(found.decisions) == 1
    assert found.rows["changes"] == found.rows["flips"] == []


EDGES: dict[str, tuple[dict[str, Any], float, float]] = {
    "no offers": ({"leases": []}, 100 * 438_000, 100 * 8_760 * 150),
    "no fleets": ({"fleets": []}, 20 * 800_000, 20 * 800_000),
    # 744 hours: mining 37,200 USD per MW, and no month's rent is worth 400,000 of capex
    "one month": ({"horizon__end": "2026-01"}, 100 * 744 * 50, 100 * 744 * 150),
    "worth nothing": (
        {"market__hashprice__multiplier": 0.4, "leases__0__rent_usd_per_kw_month": 30.0},
        0.0,
        100 * 8_760 * 30,
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_scenarios_with_little_in_them(name: str) -> None:
    changes, today, at_double = EDGES[name]
    found = decision_map(cases.scenario(**{"horizon__end": "2026-12", **changes}))
    assert found.complete
    assert float(np.max(found.npv_usd())) == pytest.approx(today, abs=1e-3)
    assert float(np.max(found.npv_usd(hashprice=2.0))) == pytest.approx(at_double, abs=found.bound_usd + 1e-3)
    assert math.fsum(row["share_of_box"] for row in found.rows["plans"]) == pytest.approx(1.0)
    assert json.loads(found.to_json())["plan_today"] == 1


def test_a_box_that_does_not_hold_today() -> None:
    found = decision_map(load("two_offers"), {"hashprice": (0.5, 2.0), "rent": (1.1, 1.4)})
    assert float(np.max(found.npv_usd())) == pytest.approx(5_390_000), "today's plan is on the list"
    # Along the rent, hashprice is today's, which the box holds; along the hashprice the rent is not.
    assert {row["axis"] for row in found.rows["changes"]} <= {"rent"}
    assert found.rows["flips"] == []


REFUSED: list[tuple[dict[str, Any], float, str]] = [
    ({"hash": (0.5, 2.0)}, 0.002, "no such multiplier"),
    ({"rent": (1.0, 1.0)}, 0.002, "an empty range 1 to 1"),
    ({"rent": (1.4, 0.7)}, 0.002, "an empty range"),
    ({"power": (-0.5, 1.0)}, 0.002, "a multiplier of -0.5"),
    ({"hashprice": (0.5, 101.0)}, 0.002, "a multiplier of 101"),
    ({"hashprice": (0.5, math.nan)}, 0.002, "an empty range"),
    ({"hashprice": (0.5, math.inf)}, 0.002, "an empty range"),
    ({}, 0.002, "no multiplier"),
    ({"rent": (0.7, 1.4)}, 0.0, "0"),
    ({"rent": (0.7, 1.4)}, 0.2, "0.2"),
    ({"rent": (0.7, 1.4)}, math.nan, "nan"),
]


@pytest.mark.parametrize(("box", "tolerance", "found"), REFUSED)
def test_refusals(box: Box, tolerance: float, found: str) -> None:
    with pytest.raises(InputError) as refused:
        decision_map(load("two_offers"), box, tolerance)
    assert [problem.found for problem in refused.value.problems if found in problem.found]


def test_text_of_a_box() -> None:
    assert box_of({"hashprice": None, "rent": "no", "power": "0.7:1.5"}, "0.01") == (
        {"hashprice": (0.5, 2.0), "power": (0.7, 1.5)},
        0.01,
    )
    with pytest.raises(InputError) as refused:
        box_of({"hashprice": "0.5", "rent": "a:b"}, "much")
    assert [problem.field for problem in refused.value.problems] == ["hashprice", "rent", "tolerance"]


IMPOSSIBLE: dict[str, Any] = {
    "sites__0__energised_mw": 20,
    "fleets": [],
    "leases__0__status": "signed",
    "leases__0__start_window": None,
    "leases__0__start_month": "2026-01",
}


def test_a_scenario_without_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import yaml

    with pytest.raises(NoPlanError):
        decision_map(cases.scenario(**IMPOSSIBLE))
    file = tmp_path / "case.yaml"
    file.write_text(yaml.safe_dump(cases.data(**IMPOSSIBLE)))
    assert run_command(["map", str(file), "--out", str(tmp_path / "out")]) == 3
    assert "short 5" in "".join(capsys.readouterr())
    assert not (tmp_path / "out" / "map.json").exists()


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["map", "two_offers", "--rent", "1:0.5", "--tolerance", "5", "--out", str(tmp_path / "no")]) == 2
    assert "2 problems" in capsys.readouterr().err
    assert not (tmp_path / "no" / "map.json").exists()
    assert run_command(["map", "two_offers", "--rent", "no", "--format", "json", "--out", str(tmp_path / "out")]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "out" / "map.json").read_text())
    assert [axis["name"] for axis in printed["axes"]] == ["hashprice"]
    lines = (tmp_path / "out" / "changes.csv").read_text().splitlines()
    assert len(lines) == 1 + len(printed["changes"])
