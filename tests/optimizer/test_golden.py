"""Golden LP files: the program of a small case as text, a file for each constraint family.

A change of formulation shows as a diff of these files. Where it is meant, renew them with

    HASHLEASE_REFRESH_GOLDEN=1 python -m pytest tests/optimizer/test_golden.py

and look at the diff. A new constraint needs a case below that gives it rows.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pytest
from cases import fleet, machines, offer, scenario
from golden_lp import COLUMNS, columns_text, families, family_text, whole_program
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer.program import Program, build_program
from hashlease.optimizer.session import Session

GOLDEN = Path(__file__).parent / "golden"


def _site(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "zone": "Zone", "energised_mw": 50.0, "supply": {"kind": "index", "adder_usd_per_mwh": 2.0}, **fields}


def _signed(name: str, start: str, **fields: Any) -> dict[str, Any]:
    return {key: value for key, value in offer(name, status="signed", start_month=start, **fields).items() if key != "start_window"}


def two_sites() -> Scenario:
    """Two sites in four months: a ramp, suitable MW, a right, a signed lease, a whole block, an offer in two phases, a budget."""
    window = {"earliest": "2026-02", "latest": "2026-03"}
    north = _site("North", energised_mw=[{"from": "2026-01", "mw_total": 60.0}, {"from": "2026-03", "mw_total": 80.0}])
    north["hpc_suitable_mw"] = [{"from": "2026-01", "mw_total": 30.0}, {"from": "2026-03", "mw_total": 55.0}]
    rent = {"rent_usd_per_kw_month": 240.0}
    phases = [{"months_after_start": 0, "share_fraction": 0.25}, {"months_after_start": 1, "share_fraction": 0.75}]
    return scenario(
        horizon__end="2026-04",
        sites=[north, _site("South")],
        fleets=[fleet("Old", site="North", mw=40.0, j_per_th=25.0), fleet("New", site="South", mw=50.0)],
        leases=[
            _signed("Anchor", "2026-02", site="North", critical_it_mw=8.0, **rent),
            offer("Block", site="North", critical_it_mw=16.0, indivisible=True, start_window=window, build_months=1, **rent),
            offer("Phased", site="South", start_window=window, phases=phases, conversion_outage_months=1, **rent),
            offer("Right", site="North", critical_it_mw=12.0, reserved_until="2026-03", gross_up=1.5, **rent),
        ],
        finance__capex_budget_usd={"2026": 12e6},
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
    )


def choices() -> Scenario:
    """Two sites in four months: minimum sizes, a group over both sites with a whole block in it, a prerequisite."""
    window = {"earliest": "2026-01", "latest": "2026-03"}
    rent = {"rent_usd_per_kw_month": 240.0}
    return scenario(
        horizon__end="2026-04",
        sites=[_site("North"), _site("South")],
        fleets=[fleet("Old", site="North", mw=40.0, j_per_th=25.0), fleet("New", site="South", mw=50.0)],
        leases=[
            offer("Block", site="North", critical_it_mw=16.0, indivisible=True, exclusive_group="Hall", **rent),
            offer("Large", site="South", minimum_critical_mw=12.0, exclusive_group="Hall", start_window=window, **rent),
            offer("Second phase", site="South", critical_it_mw=8.0, requires="Large", start_window=window, **rent),
            offer("Small", site="North", critical_it_mw=10.0, minimum_critical_mw=4.0, **rent),
        ],
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
    )


def buying() -> Scenario:
    """One site in four months, a budget, machines on offer for two deliveries, paid a month ahead and used for two, and a sale."""
    offer = machines(
        delivery_window={"earliest": "2026-02", "latest": "2026-03"}, paid_months_before_delivery=1, life_months=2, mw=20.0
    )
    return scenario(
        horizon__end="2026-04",
        leases=[],
        fleets__0__sale={"usd_per_th": {"flat": 3.0}, "window": {"earliest": "2026-02", "latest": "2026-03"}},
        machine_offers=[offer],
        finance__capex_budget_usd={"2026": 12e6},
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
    )


def moving() -> Scenario:
    """Two sites in four months, and machines that may leave the one in two months, dark for a month, for more overhead."""
    way = {
        "name": "Moved",
        "fleet": "Fleet",
        "site": "South",
        "usd_per_mw": 9_000.0,
        "downtime_months": 1,
        "overhead": 1.25,
        "uptime_fraction": 0.9,
        "variable_opex_usd_per_mwh": 8.0,
        "fixed_opex_usd_per_mw_month": 0.0,
        "window": {"earliest": "2026-01", "latest": "2026-02"},
    }
    return scenario(
        horizon__end="2026-04",
        sites=[_site("North"), _site("South", supply={"kind": "fixed", "usd_per_mwh": {"flat": 20.0}})],
        fleets=[fleet("Fleet", site="North")],
        leases=[],
        machine_moves=[way],
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
    )


def rules() -> Scenario:
    """Two sites in three months: every kind of rule with its limits, over all sites, at one and for tenants."""
    window = {"earliest": "2026-01", "latest": "2026-02"}
    rent = {"rent_usd_per_kw_month": 240.0, "term_years": 0.25}
    stated: list[dict[str, Any]] = [
        {"kind": "hashrate", "at_least_eh": 1.5, "at_most_eh": 4.0, "to": "2026-02"},
        {"kind": "mining_share", "site": "North", "at_least_fraction": 0.25, "at_most_fraction": 0.75, "from": "2026-02"},
        {"kind": "lease_share", "at_least_fraction": 0.125, "at_most_fraction": 0.5, "from": "2026-03"},
        {"kind": "load", "site": "South", "at_least_mw": 20.0, "at_most_mw": 48.0, "from": "2026-02", "to": "2026-02"},
        {"kind": "curtailable_share", "site": "South", "at_least_fraction": 0.25},
        {"kind": "tenant_share", "at_most_fraction": 0.75},
        {"kind": "tenant_rent_share", "at_most_fraction": 0.75, "from": "2026-03"},
        {"kind": "tenant_mw", "tenant": "X", "at_most_mw": 30.0},
    ]
    return scenario(
        horizon__end="2026-03",
        sites=[_site("North"), _site("South")],
        fleets=[fleet("Old", site="North", mw=40.0, j_per_th=25.0), fleet("New", site="South", mw=50.0)],
        leases=[
            _signed("Anchor", "2026-02", site="North", critical_it_mw=8.0, tenant="X", **rent),
            offer("Early", site="South", critical_it_mw=16.0, tenant="X", start_window=window, **rent),
            offer("Nobody", site="North", conversion_outage_months=1, start_window={**window, "earliest": "2026-02"}, **rent),
        ],
        rules=[{"name": rule["kind"].replace("_", " ").capitalize(), **rule} for rule in stated],
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
    )


def budgets() -> Scenario:
    """Two sites in 14 months: budgets of 2026 and up to the end of 2027, net of a loan that one of three offers has."""
    return scenario(
        horizon__end="2027-02",
        sites=[_site("North"), _site("South")],
        fleets=[fleet("Old", site="North", mw=40.0, j_per_th=25.0)],
        leases=[
            offer("First", site="North", start_window={"earliest": "2026-02", "latest": "2026-04", "every_months": 2}),
            offer("Lent", site="South", build_months=4, start_window={"earliest": "2026-12", "latest": "2027-02"}, debt=_LOAN),
            offer("Second", site="South", build_months=2, start_window={"earliest": "2027-01", "latest": "2027-02"}),
        ],
        finance__capex_budget_usd={"2026": 9e6},
        finance__cumulative_capex_budget_usd={"2026": 8e6, "2027": 12e6},
        finance__capex_budget_is_net_of_debt=True,
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08, "debt": 0.07},
    )


_LOAN = {"loan_to_cost_fraction": 0.75, "rate_per_year": 0.06, "amortisation_years": 0.5}


def floors() -> Scenario:
    """Three months over a year's end: machines that mine and may be bought or sold, a deal, an offer with a loan; two floors."""
    deal = offer("Deal", site="North", status="signed", start_month="2026-11")
    del deal["start_window"]
    sale = {"usd_per_th": {"flat": 2.0}, "window": {"earliest": "2026-12", "latest": "2027-01"}}
    return scenario(
        horizon__end="2027-01",
        finance__valuation_date="2026-11-01",
        finance__tax={"rate_fraction": 0.2, "depreciation_years": 5},
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08, "debt": 0.07},
        finance__cash={"opening_usd": 2e6, "raised_usd": {"2026": 5e6}, "floor_usd": {"2026": 1e6, "2027": 2e6}},
        sites=[_site("North")],
        fleets=[fleet("Fleet", site="North", mw=20.0, **{"from": "2026-11"}, sale=sale)],
        leases=[deal, offer("Lent", site="North", debt=_LOAN, start_window={"earliest": "2026-11", "latest": "2026-12"})],
        machine_offers=[machines(site="North", delivery_window={"earliest": "2026-12", "latest": "2026-12"}, mw=10.0)],
    )


_LOSSES = {"usd_per_mwh": {"flat": 2.0}, "loss_fraction": 0.0625}


def power_blocks() -> Scenario:
    """One site in two months: machines that run at the index and ones that run on a block alone, two blocks that are not resold
    in full, one of them for a month, losses, an offer whose power the landlord pays, and a programme that calls on a quarter of the
    machines in January's dearest hours.
    """
    curve = {"share_of_hours_fraction": [0.5, 0.375, 0.125], "usd_per_mwh": [[10.0, 50.0, 150.0]] * 12, "multiplier": {"flat": 1.0}}
    block = {"name": "First", "mw": 30.0, "usd_per_mwh": 30.0, "from": "2026-01", "to": "2026-12", "resale_fraction": 0.5}
    other = {"name": "Second", "mw": 20.0, "usd_per_mwh": 30.0, "from": "2026-02", "to": "2026-12", "resale_fraction": 0.0}
    called = {"name": "ERS", "share_fraction": 0.25, "usd_per_mw_month": {"flat": 100.0}, "off_hours_per_month": 186.0}
    called |= {"to_month_of_year": 1}
    return scenario(
        horizon__end="2026-02",
        power__zones__0__price={"kind": "duration_bands", **curve},
        sites=[_site("North", blocks=[block, other], delivery=_LOSSES, standby=[called])],
        fleets=[fleet("New", site="North", mw=20.0), fleet("Old", site="North", mw=30.0, j_per_th=40.0, uptime_fraction=0.75)],
        leases=[offer("Offer", site="North", power_paid_by="landlord", critical_it_mw=8.0)],
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.04},
    )


def expanding() -> Scenario:
    """One site in four months over a year's end: two expansions, one in three months and half of it for halls, a right, a share."""
    more = {"name": "More", "mw": 30.0, "capex_usd_per_mw": 300_000.0, "build_months": 1, "lead_months": 1}
    grid = {"name": "Grid", "mw": 20.0, "capex_usd_per_mw": 100_000.0, "lead_months": 2, "hpc_suitable_fraction": 1.0}
    more |= {"hpc_suitable_fraction": 0.5, "fixed_usd_per_mw_month": 1_000.0, "residual_fraction": 0.25}
    grid |= {"window": {"earliest": "2027-01", "latest": "2027-01"}, "probability": 0.75}
    return scenario(
        horizon__end="2027-02",
        finance__valuation_date="2026-11-01",
        finance__capex_budget_usd={"2026": 6e6},
        finance__cumulative_capex_budget_usd={"2027": 9e6},
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
        sites=[_site("North", hpc_suitable_mw=20.0, mw_counted="expected", expansions=[more, grid])],
        fleets=[fleet("Fleet", site="North", mw=70.0)],
        leases=[
            offer("Right", site="North", critical_it_mw=8.0, reserved_until="2027-02", start_window=_JANUARY),
            offer("Offer", site="North", critical_it_mw=24.0, rent_usd_per_kw_month=240.0, start_window=_JANUARY),
        ],
        rules=[{"name": "Let", "kind": "lease_share", "at_most_fraction": 0.375, "from": "2027-02"}],
    )


_JANUARY = {"earliest": "2027-01", "latest": "2027-01"}


def energy_cap() -> Scenario:
    """One site in two months over a year's end, capped: two fleets on two prices, a quarter of both in a service that is paid in
    the new year, a deal and an offer that draw too.
    """
    curve = {"share_of_hours_fraction": [0.5, 0.5], "usd_per_mwh": [[10.0, 50.0]] * 12, "multiplier": {"flat": 1.0}}
    deal, window = _signed("Deal", "2026-12", site="North", critical_it_mw=8.0), {"earliest": "2026-12", "latest": "2027-01"}
    delivery = {"usd_per_mwh": {"flat": 2.0}, "loss_fraction": 0.0625}
    service = {"name": "ECRS", "share_fraction": 0.25, "usd_per_mw_hour": {"flat": 16.0}, "to_month_of_year": 1}
    return scenario(
        horizon__end="2027-01",
        finance__valuation_date="2026-12-01",
        power__zones__0__price={"kind": "duration_bands", **curve},
        sites=[_site("North", energy_cap={"mwh_per_year": 240_000.0}, delivery=delivery, ancillary_services=[service])],
        fleets=[fleet("New", site="North", mw=20.0), fleet("Old", site="North", mw=30.0, j_per_th=40.0, uptime_fraction=0.75)],
        leases=[deal, offer("Offer", site="North", critical_it_mw=8.0, start_window=window)],
        finance__discount_rate_per_year={"mining": 0.12, "lease": 0.08, "capex": 0.08, "power_contract": 0.08},
    )


CASES = {
    "two_sites": two_sites,
    "choices": choices,
    "budgets": budgets,
    "buying": buying,
    "moving": moving,
    "floors": floors,
    "rules": rules,
    "power_blocks": power_blocks,
    "expanding": expanding,
    "energy_cap": energy_cap,
}
"""Scenarios by name. The files of a case lie in the folder of its name; a family may have rows in several cases."""


@cache
def program_of(case: str) -> Program:
    return build_program(Values(CASES[case]()))


def texts(case: str) -> dict[str, str]:
    """The golden text of every family with rows in a case, and of its columns."""
    program = program_of(case)
    present = {family for family, _ in program.form.row_names}
    found = {family: family_text(program, family) for family in families(program) if family in present}
    return {COLUMNS: columns_text(program), **found}


@pytest.mark.parametrize("case", CASES)
def test_the_program_is_the_golden_one(case: str) -> None:
    folder, found = GOLDEN / case, texts(case)
    if os.environ.get("HASHLEASE_REFRESH_GOLDEN"):
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("*.lp"):
            file.unlink()
        for name, text in found.items():
            (folder / f"{name}.lp").write_text(text)
    assert sorted(file.stem for file in folder.glob("*.lp")) == sorted(found), "renew the golden files (see above)"
    for name, text in found.items():
        assert text == (folder / f"{name}.lp").read_text(), f"{case}/{name}.lp"


def test_every_constraint_family_has_a_golden_file() -> None:
    known = {family for case in CASES for family in families(program_of(case))}
    covered = {family for case in CASES for family in texts(case)}
    assert known <= covered, f"no case gives rows to {', '.join(sorted(known - covered))}"


@pytest.mark.parametrize("case", CASES)
def test_the_golden_text_is_the_program(case: str, tmp_path: Path) -> None:
    """HiGHS reads the text and finds the optimum of the program itself, whole blocks and all."""
    program = program_of(case)
    file = tmp_path / "program.lp"
    file.write_text(whole_program(program))
    reader = highspy.Highs()
    reader.setOptionValue("output_flag", False)
    assert reader.readModel(str(file)) == highspy.HighsStatus.kOk
    read = reader.getLp()
    assert (read.num_row_, len(read.a_matrix_.value_)) == (program.form.rows, int(np.count_nonzero(program.form.value)))
    reader.run()
    own = Session(program.form, integers=True).solve()
    assert reader.getInfo().objective_function_value == pytest.approx(own.objective, rel=1e-9)
