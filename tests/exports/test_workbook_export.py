"""The exported workbook: its shadow against the program and the ledger, and every cell against LibreOffice's recalculation."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xlsxwriter
from cases import data, growing, machines
from hashlease import InputError, Scenario, load, solve
from hashlease.cli import run_command
from hashlease.exports.workbook.choices import Choices
from hashlease.exports.workbook.export import Export, build, export_of, with_plans, workbook_bytes
from hashlease.exports.workbook.links import FIRST_SINGLE, MOST_PLANS
from hashlease.exports.workbook.shadow import Shadow
from hashlease.exports.workbook.template import filled
from hashlease.exports.workbook.yearly_pages import GROUPS
from hashlease.models.months import Array
from hashlease.models.values import USD_PER_MUSD, Multipliers, Values
from hashlease.optimizer.decisions import Decisions
from hashlease.optimizer.irr import internal_rate_of_return
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.ledger_lines import ITEMS
from hashlease.optimizer.optimise import Optimiser
from office import cells, converted, differences, with_inputs_of, with_other_number
from openpyxl.utils import range_boundaries

HOSTILE = ["=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-2", "http://example.org", "tab\there", "<b>&amp;", "'quoted"]


@cache
def rockdale() -> Export:
    return export_of(load("rockdale"), tolerance=0.01)


@cache
def plain() -> Export:
    return export_of(load("two_offers"))


@cache
def grown() -> Export:
    """Sites that expand, and machines on offer."""
    return export_of(growing(machine_offers=[machines("Bought", site="Fixed")]), tolerance=0.01)


def typed(export: Export, kind: str) -> Choices:
    """What a planner may type."""
    first, years = export.choices, export.terms.calendar.years
    curves = {"hashprice": {years[0]: 0.5}, "rent": {years[-1]: 1.2}, "power": {years[len(years) // 2]: 1.9}}
    axes = {"hashprice": (0.2, 1.3), "rent": (0.95, 1.2), "power": (0.0, 3.0)}
    known: dict[str, Choices] = {
        "as planned": first,
        "inside": first.but(hashprice=1.37, rent=0.83, power=1.21),
        "curves": first.but(
            hashprice=0.6, discount=1.15, plan=export.terms.ids[-1], case=first.cases[2].name, curves=curves, axes=axes
        ),
        "zero": first.but(hashprice=0.0, rent=0.0, power=0.0, discount=0.0),
        "huge": first.but(hashprice=90.0, rent=50.0, power=99.0, discount=40.0),
    }
    return known[kind]


def other_rates(scenario: Scenario, factor: float) -> Scenario:
    rates = scenario.finance.discount_rate_per_year
    dearer = {kind: factor * getattr(rates, kind) for kind in ("mining", "lease", "capex", "power_contract")}
    finance = scenario.finance.model_copy(update={"discount_rate_per_year": rates.model_copy(update=dearer)})
    return scenario.model_copy(update={"finance": finance})


def by_ledger(export: Export, plan: int, at: Multipliers, discount: float) -> tuple[dict[str, Array], float]:
    """USD by line and month, and the NPV in M USD, of a plan whose machines stand still in months that lose money."""
    scenario = other_rates(export.plan.scenario, discount)
    ledger, decisions = Ledger(scenario, at), export.terms.decisions[plan]
    values = export.found.values.values
    _, leases, decided, expanded = decisions.named(values)
    mining: dict[str, Array] = {}
    for k, fleet in enumerate(values.fleets):
        margin = np.sum([line.usd for line in ledger.mining(fleet)], axis=0)
        mining[fleet.name] = np.where(margin > 0, decisions.mining_mw[k], 0.0)
    cash: dict[str, Array] = {}
    npv = 0.0
    for line in ledger.lines(mining, leases, decided, expanded):
        cash[line.item] = cash.get(line.item, np.zeros(len(line.usd))) + line.usd
        npv += float(line.discounted_usd.sum())
    return cash, npv / USD_PER_MUSD


# --- the shadow, which the formulas' values come from, against the program -------------------------------------------------


@pytest.mark.parametrize("export", [rockdale, plain, grown], ids=["rockdale", "two offers", "growing"])
@pytest.mark.parametrize("kind", ["as planned", "inside", "zero", "huge"])
def test_every_plan_is_worth_what_the_ledger_says(export: Any, kind: str) -> None:
    one, choices = export(), typed(export(), kind)
    shadow = Shadow(one.terms, choices, one.status_quo)
    at = Multipliers(choices.hashprice, choices.rent, choices.power)
    for plan in range(shadow.plans):
        cash, npv = by_ledger(one, plan, at, choices.discount)
        size = max(sum(float(np.abs(usd).sum()) for usd in cash.values()) / USD_PER_MUSD, 1.0)
        assert shadow.npv[plan] == pytest.approx(npv, abs=1e-9 * size)
        own = shadow.cash(plan)
        tax = own.pop("income_tax_mining")
        own["income_tax"] = own.get("income_tax", np.zeros(shadow.months)) + tax
        for item in own.keys() | cash.keys():
            none = np.zeros(shadow.months)
            assert own.get(item, none) == pytest.approx(cash.get(item, none), abs=1e-9 * size * USD_PER_MUSD), item


def test_the_best_plan_of_the_list_is_within_the_bound_of_the_best_of_all() -> None:
    export = rockdale()
    optimiser = Optimiser(Values(export.plan.scenario))
    random = np.random.default_rng(5)
    for _ in range(12):
        point = {name: float(random.uniform(low, high)) for name, (low, high) in export.box.axes.items()}
        at = Multipliers(**point)
        best = optimiser.solve(optimiser.program.cost_musd(at)).objective + optimiser.values.constant_musd(at)
        shadow = Shadow(export.terms, export.choices.but(**point), export.status_quo)
        assert -1e-6 <= best - float(shadow.npv.max()) <= export.box.bound_musd + 1e-6


def test_rent_edges_are_where_another_plan_takes_over() -> None:
    export = rockdale()
    shadow = Shadow(export.terms, export.choices, export.status_quo)
    upper = float(np.nanmin(shadow.rent_edges[:, 0]))
    for side, same in ((-1e-6, True), (1e-6, False)):
        there = Shadow(export.terms, export.choices.but(rent=upper + side), export.status_quo)
        assert (there.best == shadow.best) is same


def test_edges_of_the_hashprice_lie_where_the_winner_changes() -> None:
    """Drawn straight between two points of the line: the best plan is best inside, and another one a point further out."""
    export = rockdale()
    shadow = Shadow(export.terms, export.choices, export.status_quo)
    axis, lost = shadow.axis("hashprice"), shadow.line_npv("hashprice").max(axis=0) - shadow.line_npv("hashprice")[shadow.best]
    first = int(np.flatnonzero((lost > 1e-6) & (axis > 1.0))[0])
    edge = cells(workbook_bytes(export))["Control", 5, 15]
    assert max(axis[first - 1], 1.0) <= edge <= axis[first]
    true = min(at for at, _ in export.found.walk("hashprice") if at > 1.0)
    assert edge == pytest.approx(true, abs=axis[1] - axis[0])


@pytest.mark.parametrize("kind", ["as planned", "inside"])
def test_rate_of_return_and_payback_by_another_way(kind: str) -> None:
    """The cash over the status quo from two ledgers; its rate by the solver of the offers' rates, its payback by counting."""
    export, choices = rockdale(), typed(rockdale(), kind)
    at = Multipliers(choices.hashprice, choices.rent, choices.power)
    best = Shadow(export.terms, choices, export.status_quo).best
    taken, none = (
        sum(by_ledger(export, plan, at, choices.discount)[0].values(), np.zeros(export.terms.calendar.length))
        for plan in (best, export.status_quo)
    )
    extra = taken - none
    found = cells(workbook_bytes(export, choices))
    rate = internal_rate_of_return(extra, np.arange(len(extra)) / 12)
    assert rate is not None
    assert found["Control", 10, 9] == pytest.approx(rate, rel=1e-9)
    total, month = 0.0, 0
    for number, usd in enumerate(extra.tolist()):
        total += usd
        if total < 0:
            month = number + 1
    assert found["Control", 11, 9] == str(export.terms.calendar.months[month])


def test_every_line_of_the_ledger_has_its_group() -> None:
    grouped = [item for items in GROUPS.values() for item in items if item != "income_tax_mining"]
    assert sorted(grouped) == sorted(ITEMS)


# --- the real program ----------------------------------------------------------------------------------------------------


def recalculated(soffice: str, export: Export, choices: Choices, folder: Path) -> tuple[int, list[str]]:
    """The workbook as first written, the choices typed into it, recalculated, against one written for the choices."""
    expected = workbook_bytes(export, choices)
    file = folder / "plan.xlsx"
    file.write_bytes(with_inputs_of(workbook_bytes(export), expected))
    return differences(cells(expected), cells(converted(soffice, file, folder)))


@pytest.mark.parametrize("kind", ["inside", "curves", "zero", "huge"])
def test_every_number_is_what_libreoffice_calculates(soffice: str, tmp_path: Path, kind: str) -> None:
    numbers, wrong = recalculated(soffice, rockdale(), typed(rockdale(), kind), tmp_path)
    assert numbers > 50_000
    assert not wrong[:10], len(wrong)


def test_every_number_of_a_site_that_expands(soffice: str, tmp_path: Path) -> None:
    """The plan shown energises more or less as prices move it; idle MW and checks follow."""
    export = grown()
    for kind in ("inside", "curves"):
        numbers, wrong = recalculated(soffice, export, typed(export, kind), tmp_path)
        assert numbers > 5_000
        assert not wrong[:10], len(wrong)
    shadow = Shadow(export.terms, export.choices, export.status_quo)
    adds = [float(option.added_mw.any()) for option in export.terms.dated]
    added = export.terms.option_mw[:, len(export.terms.leases) :] @ np.array(adds)
    assert added[shadow.shown] > 0 and added[shadow.shown] != added[export.status_quo]
    assert "MW more by Grid from" in export.words[shadow.shown]
    assert {option.choice.kind for option in export.terms.dated} == {"buy", "expand"}


@pytest.mark.parametrize("plans", [3, 40, 200])
def test_lists_of_any_length(soffice: str, tmp_path: Path, plans: int) -> None:
    """Parts of an offer at some start, as plans: not all are sensible, but each has a value."""
    first = plain()
    values = first.found.values.values
    random = np.random.default_rng(plans)
    made = []
    for _ in range(plans):
        share = random.uniform(0, 1)
        made.append(Decisions(values.available_mw * (1 - share), tuple(mw * share for mw in first.found.decisions[0].lease_mw)))
    export = with_plans(first.plan, first.found, made)
    assert len(export.words) >= plans
    numbers, wrong = recalculated(soffice, export, typed(export, "inside"), tmp_path)
    assert numbers > 1_000
    assert not wrong[:10], len(wrong)


@pytest.mark.parametrize("sheet", ["Prices", "Machines", "Lease terms", "Mining", "Use of MW"])
def test_a_figure_that_is_overwritten_fails_the_checks(soffice: str, tmp_path: Path, sheet: str) -> None:
    content = workbook_bytes(plain())
    assert cells(content)["Checks", 4, 5] == 1.0
    file = tmp_path / "plan.xlsx"
    file.write_bytes(with_other_number(content, sheet))
    assert cells(converted(soffice, file, tmp_path))["Checks", 4, 5] == 0.0


def test_the_pages_to_print(soffice: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.xlsx"
    file.write_bytes(workbook_bytes(plain()))
    assert converted(soffice, file, tmp_path, "pdf").read_bytes().startswith(b"%PDF")


def test_a_second_workbook_keeps_its_links(tmp_path: Path) -> None:
    """A second workbook holds names of plan.xlsx; each is looked up there again after the plan is exported anew.

    LibreOffice follows no link to another file while it converts one, so the look-up is made here as a spreadsheet makes it: the
    name in the book's table of names, then the values of its cells.
    """
    wanted = ("out_npv_musd", "out_plan_shown", "out_mw_mining", "out_plan_ids", "out_offer_critical_mw")
    linked = tmp_path / "model.xlsx"
    book = xlsxwriter.Workbook(linked)
    sheet = book.add_worksheet("Model")
    for row, name in enumerate(wanted):
        sheet.write_formula(row, 0, f"=SUM([plan.xlsx]!{name})", None, 0)
    book.close()
    links = [row[0].value for row in openpyxl.load_workbook(linked)["Model"].iter_rows()]
    for export in (plain(), rockdale()):
        content, outputs = build(export)
        found, values = names_of(content), cells(content)
        for link, name in zip(links, wanted, strict=True):
            named = link.partition("!")[2].rstrip(")")
            assert named == name
            there = values_of(found[named], values)[: len(outputs[name])]
            for one, other in zip(there, outputs[name], strict=True):
                assert one == other if isinstance(other, str) else one == pytest.approx(other, rel=1e-9)


def values_of(area: str, values: dict[tuple[str, int, int], Any]) -> list[Any]:
    """The cells of an area in its order."""
    sheet, _, cells_of = area.partition("!")
    left, top, right, bottom = range_boundaries(cells_of.replace("$", ""))
    return [values.get((sheet, row, column), "") for row in range(top, bottom + 1) for column in range(left, right + 1)]


# --- the contract of the names ---------------------------------------------------------------------------------------------


def names_of(content: bytes) -> dict[str, str]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {name: defined.attr_text for name, defined in book.defined_names.items() if name.startswith("out_")}


def test_names_stay_where_they_are() -> None:
    """A name that moves or goes breaks the workbooks that link to it: then VERSION must change, and this list."""
    one, other = names_of(workbook_bytes(plain())), names_of(workbook_bytes(rockdale(), typed(rockdale(), "inside")))
    assert one == other
    assert one["out_version"] == f"Links!$D${FIRST_SINGLE + 1}"
    assert one["out_npv_musd"] == "Links!$D$15"
    assert one["out_x_hashprice"] == "Links!$D$21"
    assert one["out_years"] == "Links!$E$41:$BD$41"
    assert one["out_mw_mining"] == "Links!$E$42:$BD$42"
    assert one["out_cash_net_musd"] == "Links!$E$47:$BD$47"
    assert one["out_cash_tax_musd"] == "Links!$E$57:$BD$57"
    assert one["out_cash_other_musd"] == "Links!$E$58:$BD$58"
    assert one["out_plan_ids"] == f"Links!$A$67:$A${66 + MOST_PLANS}"
    assert len(one) == 49


# --- the file ----------------------------------------------------------------------------------------------------------------


def test_the_same_scenario_gives_the_same_bytes() -> None:
    assert workbook_bytes(plain()) == workbook_bytes(export_of(load("two_offers")))


def test_values_are_there_without_recalculation() -> None:
    found = cells(workbook_bytes(plain()))
    assert found["Control", 6, 9] == pytest.approx(solve(load("two_offers")).npv_usd / 1e6, rel=1e-9)
    assert found["Checks", 4, 5] == 1.0


@pytest.mark.parametrize("kind", ["zero", "huge", "inside"])
def test_no_cell_holds_an_error(kind: str) -> None:
    for value in cells(workbook_bytes(rockdale(), typed(rockdale(), kind))).values():
        assert not isinstance(value, float) or np.isfinite(value)
        assert not (isinstance(value, str) and value.startswith("#"))


def test_text_is_never_a_formula(tmp_path: Path) -> None:
    changed = data(title=HOSTILE[0], description=HOSTILE[6])
    for number, lease in enumerate(changed["leases"]):
        lease["name"] = HOSTILE[number % 5 + 1].replace("\t", " ")
    scenario = Scenario.model_validate(changed)
    content = workbook_bytes(export_of(scenario))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        assert not [name for name in names if "externalLink" in name or "vba" in name.lower()]
        for name in names:
            if name.startswith("xl/worksheets/sheet"):
                text = archive.read(name).decode()
                assert "<hyperlink" not in text
                assert "cmd|" not in "".join(part.partition("</f>")[0] for part in text.split("<f>")[1:])


def test_a_scenario_without_fleets_and_one_without_leases(soffice: str, tmp_path: Path) -> None:
    for number, changes in enumerate(({"fleets": []}, {"leases": [], "horizon": {"end": "2026-12"}})):
        scenario = Scenario.model_validate(data(**changes))  # type: ignore[arg-type]
        folder = tmp_path / str(number)
        folder.mkdir()
        _, wrong = recalculated(soffice, export_of(scenario), export_of(scenario).choices.but(hashprice=1.2, rent=1.1), folder)
        assert not wrong[:10]


def test_twenty_sites_and_fifteen_years_stay_below_five_megabytes() -> None:
    stated = load("rockdale").model_dump(mode="json", by_alias=True, exclude_unset=True)
    site, fleet, lease = stated["sites"][0], stated["fleets"][0], next(x for x in stated["leases"] if x["status"] == "offered")
    lease.pop("reserved_until", None)
    stated["finance"].pop("capex_budget_usd", None)
    stated["horizon"] = {"end": "2040-12"}
    for table in ("sites", "fleets", "leases"):
        stated[table] = []
    for number in range(20):
        name = f"Site {number}"
        stated["sites"].append({**site, "name": name})
        stated["fleets"].append(
            {**fleet, "name": f"Fleet {number}", "site": name, "retire_month": "2040-01", "j_per_th": 16 + number / 2}
        )
        stated["leases"].append({**lease, "name": f"Offer {number}", "site": name, "rent_usd_per_kw_month": 70 + 3 * number})
    assert len(workbook_bytes(export_of(Scenario.model_validate(stated), tolerance=0.01))) < 5_000_000


# --- the command ---------------------------------------------------------------------------------------------------------------


def test_export_writes_a_workbook_and_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, tables = tmp_path / "plan.xlsx", tmp_path / "tables"
    assert run_command(["export", "two_offers", "-o", str(out), "--tables", str(tables)]) == 0
    assert zipfile.is_zipfile(out)
    assert {"allocation.csv", "cash_flow.csv", "plans.csv", "leases.parquet"} <= {file.name for file in tables.iterdir()}
    assert "CERTIFIED" in capsys.readouterr().out


def test_export_of_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "results"
    assert run_command(["run", "two_offers", "--out", str(folder)]) == 0
    out = tmp_path / "plan.xlsx"
    assert run_command(["export", str(folder / "plan.json"), "-o", str(out)]) == 0
    changed = json.loads((folder / "scenario.json").read_text())
    changed["leases"][0]["rent_usd_per_kw_month"] *= 2
    (folder / "scenario.json").write_text(json.dumps(changed))
    out.unlink()
    assert run_command(["export", str(folder / "plan.json"), "-o", str(out)]) == 2
    assert "another scenario" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "plan.csv"], "ends in .xlsx"),
        (["--hashprice", "2:1"], "empty range"),
        (["--tolerance", "5"], "tolerance"),
        (["--template", "missing.xlsx"], "No such file"),
    ],
)
def test_bad_arguments_write_nothing(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["export", "two_offers", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("lock", ["~$plan.xlsx", ".~lock.plan.xlsx#"])
def test_a_file_that_is_open_is_left_alone(lock: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "plan.xlsx"
    out.write_bytes(b"mine")
    (tmp_path / lock).touch()
    assert run_command(["export", "two_offers", "-o", str(out)]) == 2
    assert "plan-2.xlsx" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"


# --- a workbook of the user's own ------------------------------------------------------------------------------------------------


def template(path: Path, names: Mapping[str, str], chart: bool = False) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Model")
    sheet.write_formula("A1", "=B1*2", None, 0)
    sheet.write_string("A2", "kept")
    for name, area in names.items():
        book.define_name(name, f"=Model!{area}")
    if chart:
        drawn = book.add_chart({"type": "line"})
        drawn.add_series({"values": "=Model!$B$1:$B$3"})
        sheet.insert_chart("D1", drawn)
    book.close()
    return path


def test_a_template_is_filled(tmp_path: Path) -> None:
    given = template(tmp_path / "corporate.xlsx", {"out_npv_musd": "$B$1", "out_years": "$B$5:$BA$5", "own": "$C$1"})
    _, outputs = build(plain())
    content, done = filled(given, outputs)
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Model"]
    assert sorted(done) == ["out_npv_musd", "out_years"]
    assert sheet["B1"].value == pytest.approx(outputs["out_npv_musd"][0])
    assert sheet["B5"].value == outputs["out_years"][0]
    assert (sheet["A1"].value, sheet["A2"].value) == ("=B1*2", "kept")


def test_a_template_that_would_be_damaged_is_refused(tmp_path: Path) -> None:
    given = template(tmp_path / "corporate.xlsx", {"out_npv_musd": "$B$1"}, chart=True)
    before = given.read_bytes()
    with pytest.raises(InputError, match="charts, which would be lost"):
        filled(given, build(plain())[1])
    assert given.read_bytes() == before


def test_names_that_do_not_fit_are_told_together(tmp_path: Path) -> None:
    given = template(tmp_path / "corporate.xlsx", {"out_npw_musd": "$B$1", "out_plan_ids": "$B$5:$B$5"})
    with pytest.raises(InputError) as fault:
        filled(given, build(plain())[1])
    assert "out_npv_musd" in str(fault.value)
    assert "at least" in str(fault.value)
