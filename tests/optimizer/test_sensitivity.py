"""The tornado and the worth of one more, against scenarios written anew and solved by themselves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cases
import pytest
from cases import rich
from hashlease import InputError, Scenario, load, one_more, tornado
from hashlease.cli import run_command
from hashlease.models.values import Values
from hashlease.optimizer.decisions import Decisions
from hashlease.optimizer.diagnosis import NoPlanError
from hashlease.optimizer.optimise import Optimiser

SIDES = ("low", "high")
IMPOSSIBLE: dict[str, Any] = {
    "sites__0__energised_mw": 20.0,
    "fleets": [],
    "leases__0__status": "signed",
    "leases__0__start_window": None,
    "leases__0__start_month": "2026-01",
}


def fresh(scenario: Scenario, end: str, changes: list[tuple[list[str], Any]]) -> tuple[float, dict[str, float]]:
    """NPV in USD and critical MW of each offer of the scenario written with these fields, on the horizon until `end`."""
    data = scenario.model_dump(mode="json", by_alias=True)
    for path, value in changes:
        place: Any = data
        for part in path[:-1]:
            place = place[at(place, part)]
        place[at(place, path[-1])] = value
    data["horizon"] = {"end": end}
    optimiser = Optimiser(Values(Scenario.model_validate(data)))
    x = optimiser.solve().x
    found = Decisions.of(optimiser.program, x)
    leased = {offer.offer.name: float(mw.sum()) for offer, mw in zip(optimiser.values.offers, found.lease_mw, strict=True)}
    return 1e6 * found.npv_musd(optimiser.values), leased


def at(place: Any, part: str) -> Any:
    """The row of a table whose name reads like a part of a path, or its number."""
    if not isinstance(place, list):
        return part
    names = [
        "".join(sign if sign.isalnum() else " " for sign in str(row.get("name", n)).lower()).split() for n, row in enumerate(place)
    ]
    return next(n for n, name in enumerate(names) if part in ("_".join(name), str(n)))


@pytest.mark.parametrize("name", ["rich", "starter"])
def test_every_row_is_two_solves(name: str) -> None:
    """All rows of the scenario that has everything, and the ten that matter most of the starter."""
    scenario = rich() if name == "rich" else load(name)
    end = str(scenario.calendar.end)
    today, leases = fresh(scenario, end, [])
    rows = tornado(scenario, most=1000 if name == "rich" else 10)
    assert len(rows) > 50 if name == "rich" else len(rows) == 10
    for row in rows[:: 3 if name == "rich" else 1]:
        ends = [today]
        for side, factor in zip(SIDES, (0.9, 1.1), strict=True):
            value = factor * row["today"]
            if row["path"].endswith("years"):
                value = round(12 * value) / 12
            try:
                npv, leased = fresh(scenario, end, [(row["path"].split("."), value)])
            except ValueError:  # beyond the input's bounds
                assert row[side] is row[f"npv_{side}_usd"] is row[f"plan_changes_{side}"] is None
                continue
            assert row[side] == pytest.approx(value, rel=1e-12)
            assert row[f"npv_{side}_usd"] == pytest.approx(npv, rel=1e-9, abs=0.5)
            ends.append(npv)
            if row[f"plan_changes_{side}"] != any(abs(leased[offer] - leases[offer]) > 1e-6 for offer in leases):
                assert npv == pytest.approx(today, rel=1e-3), "plans that are worth the same may differ"
        assert row["npv_today_usd"] == pytest.approx(today, rel=1e-9)
        assert row["swing_usd"] == pytest.approx(max(ends) - min(ends), rel=1e-6, abs=1.0)
    swings = [row["swing_usd"] for row in rows]
    assert swings == sorted(swings, reverse=True)


def test_two_offers_by_hand() -> None:
    """North's rent at 90 and 110: 4 x 1,080,000 - 1,600,000 = 2,720,000 and 3,680,000, with 2,190,000 of mining beside it."""
    rows = {row["path"]: row for row in tornado(load("two_offers"), most=1000)}
    rent = rows["leases.north.rent_usd_per_kw_month"]
    assert (rent["npv_low_usd"], rent["npv_high_usd"]) == (pytest.approx(4_910_000), pytest.approx(5_870_000))
    assert (rent["plan_changes_low"], rent["plan_changes_high"]) == (False, False)
    assert rent["swing_usd"] == pytest.approx(960_000)
    # 22 J/TH: 48 / 0.528 - 50 = 40.909 USD/MWh, 358,364 USD per MW: South pays 384,000. Both leases: 5,120,000.
    efficiency = rows["fleets.machines.j_per_th"]
    assert efficiency["npv_high_usd"] == pytest.approx(5_120_000)
    assert (efficiency["plan_changes_low"], efficiency["plan_changes_high"]) == (False, True)
    # overhead 0.9 is not possible, 1.1 is as 22 J/TH
    overhead = rows["fleets.machines.overhead"]
    assert overhead["low"] is overhead["npv_low_usd"] is overhead["plan_changes_low"] is None
    assert overhead["npv_high_usd"] == pytest.approx(5_120_000)
    assert "leases.south.capex_usd_per_critical_mw" not in rows, "what changes nothing is not listed"


def test_named_inputs_are_all_told_and_move_together() -> None:
    rows = tornado(load("two_offers"), ["leases.south.capex_usd_per_critical_mw", "leases.*.rent_usd_per_kw_month"], change=0.25)
    by_path = {row["path"]: row for row in rows}
    # South for 960,000 - 360,000 USD beats mining: 4 x 800,000 + 4 x 600,000
    assert by_path["leases.south.capex_usd_per_critical_mw"]["npv_low_usd"] == pytest.approx(5_600_000)
    # Rents of 125 and 100: 4 x (1,500,000 - 400,000) + 4 x (1,200,000 - 480,000); of 75 and 60, mining alone: 4,380,000
    rent = by_path["leases.*.rent_usd_per_kw_month"]
    assert (rent["npv_low_usd"], rent["npv_high_usd"]) == (pytest.approx(4_380_000), pytest.approx(7_280_000))
    assert (rent["today"], rent["low"], rent["high"]) == (1.0, 0.75, 1.25), "several values are told as factors"
    assert rent["plan_changes_low"] is rent["plan_changes_high"] is True


def test_the_horizon_stays() -> None:
    """Without a stated end a longer term would move it, and mining would earn a month more."""
    scenario = cases.scenario(horizon={})
    row = tornado(scenario, ["leases.offer.term_years"])[0]
    # The rent of a thirteenth month lies outside the 12 months of today's horizon.
    assert row["npv_high_usd"] == pytest.approx(row["npv_today_usd"]) == pytest.approx(48_850_000)
    assert row["high"] == pytest.approx(13 / 12)
    # 11 months: one rent less, but a month's 25 MW of mining (744 hours in December) more
    assert row["npv_low_usd"] == pytest.approx(48_850_000 - 20 * 100_000 + 25 * 744 * 50)


def test_one_more_by_differences() -> None:
    scenario = rich()
    end = str(scenario.calendar.end)
    today, _ = fresh(scenario, end, [])
    found = {(row["what"], row["name"]): row["usd"] for row in one_more(scenario)}
    changes: dict[tuple[str, str], tuple[list[tuple[list[str], Any]], float]] = {
        ("energised MW", "Site"): ([(["sites", "site", "energised_mw", "0", "mw_total"], 101.0)], 1.0),
        ("energised MW", "Fixed"): ([(["sites", "fixed", "energised_mw", "0", "mw_total"], 41.0)], 1.0),
        ("suitable MW", "Site"): (
            [(["sites", "site", "hpc_suitable_mw", str(step), "mw_total"], mw + 1.0) for step, mw in enumerate((60.0, 90.0))],
            1.0,
        ),
        ("budget dollar", "2026"): ([(["finance", "capex_budget_usd", "2026"], 10e6)], 1e6),
        ("start later", "Window"): ([(["leases", "window", "start_window", "latest"], "2026-08")], 1.0),
        ("start earlier", "Window"): ([(["leases", "window", "start_window", "earliest"], "2026-02")], 1.0),
        ("start earlier", "Right"): ([(["leases", "right", "start_window", "earliest"], "2026-01")], 1.0),
        ("start later", "Right"): ([(["leases", "right", "start_window", "latest"], "2026-05")], 1.0),
        ("start later", "Landlord"): ([(["leases", "landlord", "start_window", "latest"], "2026-02")], 1.0),
    }
    assert len(found) == 2 + 1 + 1 + 2 * 5
    for key, (changed, of) in changes.items():
        npv, _ = fresh(scenario, end, changed)
        assert found[key] == pytest.approx((npv - today) / of, rel=1e-6, abs=0.5), key
        assert found[key] >= -0.2
    assert sum(usd > 1.0 for usd in found.values()) >= 2, "else nothing is tested"


def test_one_more_by_hand() -> None:
    """A MW more mines: 438,000 USD. With 4 suitable MW and 5 wanted, one more leases 0.8 MW for 640,000 and does not mine."""
    found = {row["what"]: row["usd"] for row in one_more(load("two_offers", ["sites.site.hpc_suitable_mw=4"]))}
    assert found["suitable MW"] == pytest.approx(640_000 - 438_000)
    # 10 MW of machines, of which 6 run beside 4 leased MW: the eleventh MW mines.
    assert found["energised MW"] == pytest.approx(438_000)
    budget = {row["what"]: row["usd"] for row in one_more(load("two_offers", ["finance.capex_budget_usd.2026=400000"]))}
    # A critical MW costs 400,000 and adds 800,000 less 1.25 x 438,000 of mining: 252,500 / 400,000 a dollar, while it lasts
    assert budget["budget dollar"] == pytest.approx(252_500 / 400_000)


REFUSED: list[tuple[list[str], float, int, str]] = [
    (["leases.nobody.term_years"], 0.1, 10, "leases.nobody.term_years"),
    (["leases.*.name"], 0.1, 10, "leases.*.name"),
    (["leases.*.indivisible"], 0.1, 10, "leases.*.indivisible"),
    (["leases.*.start_window"], 0.1, 10, "leases.*.start_window"),
    (["leases.*.contract_value_usd"], 0.1, 10, "leases.*.contract_value_usd"),
    ([], 0.0, 10, "change"),
    ([], -0.1, 10, "change"),
    ([], 0.91, 10, "change"),
    ([], math.nan, 10, "change"),
    ([], 0.1, 0, "most"),
    ([], 0.1, -3, "most"),
]


@pytest.mark.parametrize(("paths", "change", "most", "field"), REFUSED)
def test_refusals(paths: list[str], change: float, most: int, field: str) -> None:
    with pytest.raises(InputError) as refused:
        tornado(load("two_offers"), paths, change, most)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_scenario_without_a_plan() -> None:
    for study in (tornado, one_more):
        with pytest.raises(NoPlanError):
            study(cases.scenario(**IMPOSSIBLE))


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run_command(["sensitivity", "two_offers", "--change", "2", "--out", str(out)]) == 2
    assert run_command(["sensitivity", "two_offers", "--most", "0", "--out", str(out)]) == 2
    assert not (out / "tornado.csv").exists()
    assert run_command(["sensitivity", "two_offers", "--most", "3", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "leases.north.rent_usd_per_kw_month" in printed
    assert len((out / "tornado.csv").read_text().splitlines()) == 4
    assert (out / "one_more.csv").is_file()
