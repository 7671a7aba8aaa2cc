"""A case that is reached from another one equals the case stated from nothing, to the last digit: no stale table, limit or cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cases
import numpy as np
import pytest
from cases import RAMP, rich
from hashlease import InputError, Scenario, load
from hashlease.models.values import TODAY, Multipliers, Values
from hashlease.optimizer.diagnosis import conflicts
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.program import Program, build_program
from hashlease.optimizer.series import NO_PLAN, OPTIMAL, Series
from hashlease.optimizer.solve import solve
from hashlease.scenarios.vary import name_of, numbers, vary
from random_cases import random_case

TEXTS: list[dict[str, Any]] = [
    {"finance.valuation_date": "2025-07-01"},
    {"finance.valuation_date": "2025-12-01"},
    {"horizon.end": "2027-08"},
    {"horizon.end": "2028-09"},
    {"power.zones.Zone.time_zone": "Europe/Berlin"},
    {"power.zones.Other.time_zone": "Europe/Berlin"},
    {"power.zones.Zone.price.multiplier": {"start": 1.0, "from": "2026-01", "growth_per_year": 0.3}},
    {"power.zones.Zone.price": {"kind": "flat", "usd_per_mwh": {"flat": 51.0}}},
    {"sites.Site.zone": "Other"},
    {"sites.Fixed.zone": "Zone"},
    {"sites.Fixed.supply": {"kind": "index", "adder_usd_per_mwh": 1.0}},
    {"sites.Site.supply": {"kind": "fixed", "usd_per_mwh": {"flat": 31.0}}, "sites.Site.blocks": []},
    {"sites.Site.blocks": []},
    {"sites.Site.demand_charge": None},
    {"sites.Site.hpc_suitable_mw": None},
    {"sites.Site.energised_mw": RAMP},
    {"fleets.Elsewhere.site": "Site"},
    {"fleets.Old.retire_month": "2027-01"},
    {"fleets.New.from": "2026-04"},
    {"leases.Landlord.power_paid_by": "tenant"},
    {"leases.Landlord.demand_charge_paid_by": "tenant"},
    {"leases.Window.power_paid_by": "landlord"},
    {"leases.Window.mw_after_term": "kept"},
    {"leases.Window.start_window.every_months": 2},
    {"leases.Window.start_window.latest": "2026-09"},
    {"leases.Right.reserved_until": None},
    {"leases.Right.reserved_until": "2026-07"},
    {"leases.block_lease.indivisible": False},
    {"leases.Window.indivisible": True},
    {"leases.There.site": "Site"},
    {"leases.There.name": "Here"},
    {"leases.Signed.start_month": "2025-11"},
    {"leases.Window.extensions": [{"years": 1.0, "exercise_probability_fraction": 0.5}]},
    {"leases.Window.phases": [{"months_after_start": 0, "share_fraction": 0.5}, {"months_after_start": 2, "share_fraction": 0.5}]},
    {"leases.Window.free_months": 2},
    {"finance.capex_budget_usd": {}},
    {"finance.tax": None},
]
POINTS = (TODAY, Multipliers(0.6, 1.2, 1.5), Multipliers(1.3, 0.8, 0.0))


def tables(values: Values) -> dict[str, Any]:
    """Everything that a program, a bound or a ledger reads from the tables."""
    found: dict[str, Any] = {"available": values.available_mw, "calendar": values.calendar, "kept": values.kept}
    found["names"] = [row.name for rows in (values.sites, values.fleets, values.leases) for row in rows]
    for kind in ("mining", "lease", "capex", "power_contract", "lease_sale", "mining_sale"):
        found[f"discount {kind}"] = getattr(values.discount, kind)
    for point in POINTS:
        found[f"mining {point}"], found[f"constant {point}"] = values.mining_musd(point), values.constant_musd(point)
        found |= {f"slope {number} {point}": of for number, of in enumerate(values.mining_musd_and_slopes(point))}
    for offer in values.offers:
        name = offer.offer.name
        found |= {f"{name} {part}": getattr(offer, part) for part in ("offer", "starts", "occupied_mw", "capex_musd_by_year")}
        found |= {f"{name} {part}": getattr(offer, part) for part in ("rent_musd", "power_musd", "fixed_musd")}
    for site in values.sites:
        found[f"charge {site.name}"] = values.demand_charge_usd_per_mw(site.name)
        found[f"firm {site.name}"] = values.site_power(site.name).firm_usd_per_mw()
        found[f"energised {site.name}"] = site.energised(values.calendar)
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    assert one.keys() == other.keys()
    return [name for name in one if not equal(one[name], other[name])]


def equal(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else bool(one == other)


def form(program: Program) -> dict[str, Any]:
    found = dict(vars(program.form))
    return found | {"blocks": program.indivisible, **{at: getattr(program, at) for at in ("fleet_of", "month_of", "offer_of")}}


def assert_the_same(before: Program, after: Scenario) -> Program:
    """The tables taken over, and the program moved if it can be, against both made anew; returns the program of `after`.

    None of the move is right only where rows, columns or coefficients differ.
    """
    taken_over, anew = Values(after, before.values), Values(after.model_validate(after.model_dump(by_alias=True)))
    assert differences(tables(taken_over), tables(anew)) == []
    moved, stated = before.of_other_values(taken_over), build_program(anew)
    if moved is not None:
        assert differences(form(moved), form(stated)) == []
        return moved
    parts = ("first", "row", "value", "row_lower", "row_names", "column_names", "integer")
    # Rows with a fixed limit (equalities, and [C6] of no offer) are structure too.
    assert any(not equal(getattr(before.form, part), getattr(stated.form, part)) for part in parts) or (
        before.values.calendar != anew.calendar
    ), "nothing but costs, bounds and limits differs, and yet it was not moved"
    return stated


def varied(scenario: Scenario) -> list[tuple[str, Scenario]]:
    """Every number of a scenario lower and higher, as far as that is a scenario with a program."""
    found = []
    for spot, value in numbers(scenario):
        for factor in (0.93, 1.4):
            path = name_of(scenario, spot)
            moved = round(12 * factor * value) / 12 if path.endswith("years") else factor * value if value else 0.01
            try:
                case = vary(scenario, {path: moved})
            except InputError:
                continue
            found += [] if conflicts(case) else [(path, case)]
    return found


def test_every_number_of_a_scenario_that_has_everything() -> None:
    """From the same case to each, and from each to the next one."""
    first = last = build_program(Values(rich()))
    cases_seen = varied(rich())
    assert len({path for path, _ in cases_seen}) > 80
    moved = 0
    for _, case in cases_seen:
        moved += first.of_other_values(Values(case, first.values)) is not None
        last = assert_the_same(last, case)
    assert 0.6 * len(cases_seen) < moved < len(cases_seen)


@pytest.mark.parametrize("change", TEXTS, ids=lambda change: next(iter(change)))
def test_everything_else_that_a_scenario_says(change: dict[str, Any]) -> None:
    before, after = rich(), vary(rich(), change)
    assert before != after
    assert differences_of_any_kind(before, after), "a change that changes nothing tests nothing"
    program = assert_the_same(build_program(Values(before)), after)
    assert_the_same(program, before)


def differences_of_any_kind(before: Scenario, after: Scenario) -> bool:
    one, other = (tables(Values(scenario)) for scenario in (before, after))
    programs = [form(build_program(Values(scenario))) for scenario in (before, after)]
    return one.keys() != other.keys() or bool(differences(one, other)) or bool(differences(*programs))


@pytest.mark.parametrize("case", range(0, 60, 4))
def test_random_scenarios(case: int) -> None:
    """Some of their numbers, one after the other, so that a stale one would be carried on."""
    scenario = random_case(case)
    if conflicts(scenario):
        pytest.skip("its signed leases do not fit")
    program = build_program(Values(scenario))
    for _, other in varied(scenario)[case % 5 :: 12]:
        program = assert_the_same(program, other)


def test_scenarios_that_were_both_solved_are_compared_by_their_fields() -> None:
    one, other = rich(), rich()
    for scenario in (one, other):
        assert Values(scenario).offers[0].offer.schedule is not None
    assert one == other
    assert one != vary(other, {"power.multiplier": 1.1})
    assert differences(tables(Values(one, Values(other))), tables(Values(rich()))) == []


def test_a_price_file_that_changed_on_disk_is_not_taken_over(tmp_path: Path) -> None:
    hours = [
        f"{month:02}-{day:02}T{hour:02}:00Z" for month in (1, 2) for day in range(1, 32 if month == 1 else 29) for hour in range(24)
    ]
    file = {"file": "p.csv", "time_column": "t", "price_column": "usd", "times_are": "utc", "convention": "hour_beginning"}
    found = []
    for price in (40, 41):
        (tmp_path / "p.csv").write_text("t,usd\n" + "".join(f"2026-{hour},{price}\n" for hour in hours))
        changes = {"horizon__end": "2026-02", "power__zones__0__price": {"kind": "hourly", **file}}
        found.append(cases.scenario(tmp_path, **changes))
    after = Values(found[1], Values(found[0]))
    # A MWh earns 100 less 10 opex and 41 of power: 49 USD, 744 hours.
    assert after.mining_usd_per_mw()[0, 0] == pytest.approx(744 * 49, rel=1e-12)


def test_a_moved_optimiser_answers_as_a_new_one_does() -> None:
    """After a search with blocks, an excluded offer and other costs, all of which must not stay behind."""
    optimiser = Optimiser(Values(rich()))
    optimiser.proved(optimiser.program.cost_musd(Multipliers(0.7)))
    for change in (
        {"leases.*.critical_it_mw": 9.0},
        {"sites.Site.energised_mw.0.mw_total": 70.0},
        {"leases.*.capex_usd_per_critical_mw": 6e5},
    ):
        optimiser.solve(without=frozenset([0, 1]))
        case = vary(rich(), change)
        if not optimiser.move_to(Values(case, optimiser.values)):
            optimiser = Optimiser(Values(case))
        new = Optimiser(Values(case))
        for at in POINTS:
            (_, bound), (found, expected) = optimiser.proved(optimiser.program.cost_musd(at)), new.proved(new.program.cost_musd(at))
            assert bound == pytest.approx(expected, abs=2e-7)
            assert optimiser.solve(optimiser.program.cost_musd(at)).objective == pytest.approx(found.objective, abs=2e-7)
        assert optimiser.all_mining().npv_musd(optimiser.values) == pytest.approx(new.all_mining().npv_musd(new.values), abs=2e-7)


def test_series_over_infeasible_cases_and_back() -> None:
    series = Series()
    base, small = rich(), vary(rich(), {"sites.Site.energised_mw.0.mw_total": 3.0})
    first, impossible, again = series.solve(base), series.solve(small), series.solve(base)
    assert (first.verdict, impossible.verdict, again.verdict) == (OPTIMAL, NO_PLAN, OPTIMAL)
    assert impossible.npv_usd is None
    assert "short" in impossible.why or impossible.why
    assert again.npv_usd == pytest.approx(first.npv_usd, rel=1e-12)
    assert first.npv_usd == pytest.approx(solve(base).npv_usd, abs=0.2)
    assert series.stated == 1


def test_series_forgets() -> None:
    """A case solved after `forget` has the digits of a first case, whatever came before."""
    fresh, used = Series(), Series()
    for multiplier in (0.5, 1.4, 0.8):
        used.solve(load("rockdale"), Multipliers(multiplier))
    used.forget()
    one, other = fresh.solve(load("rockdale")), used.solve(load("rockdale"))
    assert (one.npv_usd, one.gap_usd, one.critical_mw(), one.stated) == (other.npv_usd, other.gap_usd, other.critical_mw(), True)
