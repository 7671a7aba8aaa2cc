"""Sweeps: each row against a scenario loaded with the changes and solved; what is refused; the same bytes after an interruption."""

from __future__ import annotations

import csv
import itertools
import tracemalloc
from pathlib import Path
from typing import Any

import cases
import pytest
import yaml
from cases import rich
from hashlease import InputError, Scenario, load, solve
from hashlease.cli import run_command
from hashlease.commands import sweep as command
from hashlease.exports.growing_table import open_table
from hashlease.models.values import Values
from hashlease.optimizer.diagnosis import conflicts
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.sweep import Factor, Sweep, Vary, cases_of_rows, product
from hashlease.optimizer.tables import Row

RENTS = "leases.*.rent_usd_per_kw_month"
HASHPRICE = "market.hashprice.multiplier"


def npv_usd(scenario: Scenario) -> float:
    """From a program of its own."""
    optimiser = Optimiser(Values(scenario))
    return 1e6 * (optimiser.solve().objective + optimiser.values.constant_musd())


def swept(scenario: Scenario, *texts: str) -> list[tuple[dict[str, Any], Row]]:
    varied = [Vary.of(text) for text in texts]
    count, combinations = product(varied)
    sweep = Sweep(scenario)
    sweep.check({one.path: one.values for one in varied})
    found = [(case, sweep.row(case)) for case in combinations]
    assert len(found) == count
    return found


@pytest.mark.parametrize(
    ("texts", "stated"),
    [
        (["market.hashprice.multiplier=0.4:2:5", "power.multiplier=0,1,1.6"], 1),
        (["market.hashprice.usd_per_ph_day.flat=30,60", "power.zones.zone.price.multiplier.flat=0.8,1.2"], 1),
        (["leases.landlord.rent_usd_per_kw_month=120:200:3", "market.hashprice.multiplier=0.9,1.1"], 1),
        (["sites.site.demand_charge.usd_per_kw_month.flat=0,9", "finance.tax.rate_fraction=0,0.35"], 1),
        (["sites.site.energised_mw.0.mw_total=95,130", "finance.capex_budget_usd.2026=0,2e7"], 1),
        (["leases.block_lease.critical_it_mw=11,15", "market.hashprice.multiplier=1,1.4"], 2),  # a block's size is a coefficient
        (["leases.window.gross_up=1.2,1.3", "leases.right.reserved_until=2026-04,2026-05"], 4),
        (["leases.window.start_window.latest=2026-04,2026-07"], 2),
        (["leases.block_lease.indivisible=true,false"], 2),
        (["horizon.end=2027-06,2027-09", "market.hashprice.multiplier=0.8,1.2"], 2),
    ],
)
def test_rows_are_what_single_solves_say(texts: list[str], stated: int) -> None:
    rows = swept(rich(), *texts)
    for case, row in rows:
        data = rich().model_dump(mode="json", by_alias=True)
        for path, value in case.items():
            assign(data, path.split("."), value)
        written = Scenario.model_validate(data)
        if conflicts(written):
            assert (row["verdict"], row["npv_usd"]) == ("INFEASIBLE, PROVED", None)
            continue
        assert row["verdict"] == "OPTIMAL, PROVED", row["why"]
        assert row["npv_usd"] == pytest.approx(npv_usd(written), rel=1e-9, abs=0.2)
        assert 0 <= row["gap_usd"] <= max(1.0, 1e-6 * abs(row["npv_usd"]))
    assert sum(row["stated_anew"] for _, row in rows) == stated


def assign(data: Any, parts: list[str], value: Any) -> None:
    first, *rest = parts
    if isinstance(data, list):
        key: Any = next(n for n, row in enumerate(data) if first in (str(n), str(row.get("name", "")).lower().replace(" ", "_")))
    else:
        key = first
    if rest:
        assign(data[key], rest, value)
    else:
        data[key] = value


def test_factors_wildcards_and_rows_that_state_nothing() -> None:
    """x1.1 of each rent; AMD's first lease states a contract value instead and is left as it is."""
    paths = [f'leases."{lease.name}"' for lease in load("rockdale").leases if lease.rent_usd_per_kw_month is not None]
    rents = [lease.rent_usd_per_kw_month for lease in load("rockdale").leases if lease.rent_usd_per_kw_month is not None]
    assert len(rents) < len(load("rockdale").leases)
    for case, row in swept(load("rockdale"), f"{RENTS}=x0.9:x1.1:2", f"{HASHPRICE}=x0.8,x1.2"):
        factor, hashprice = case[RENTS].factor, case[HASHPRICE].factor
        changes = [f"{path}.rent_usd_per_kw_month={rent * factor!r}" for path, rent in zip(paths, rents, strict=True)]
        written = load("rockdale", [*changes, f"{HASHPRICE}={hashprice!r}"])
        assert row["npv_usd"] == pytest.approx(npv_usd(written), rel=1e-9)
        assert (row[f"{RENTS} factor"], row[f"{HASHPRICE} factor"]) == (factor, hashprice)


def test_mw_of_a_row_are_those_of_the_plan() -> None:
    (_, row), (_, other) = swept(load("two_offers"), f"{HASHPRICE}=1,1.5")
    plan = solve(load("two_offers"))
    assert row["npv_usd"] == pytest.approx(plan.npv_usd)
    # North on 5 of 10 meter MW; at 1.5 times the hashprice mining earns 100 USD/MWh: all 10 MW mine
    assert (row["critical_mw.North"], row["critical_mw.South"], row["leased_critical_mw"], row["mean_mining_mw"]) == (4, 0, 4, 5)
    assert (other["leased_critical_mw"], other["mean_mining_mw"], other["npv_usd"]) == (0, 10, pytest.approx(8_760_000))


def test_a_multiplier_of_zero_today_is_read_anew() -> None:
    scenario = cases.scenario(market__hashprice__multiplier=0.0, horizon__end="2026-12")
    rows = [row for _, row in swept(scenario, f"{HASHPRICE}=0,1,1.2")]
    # 20 x 800,000, with 75 x 8,760 x 50 or x 70 (the offer still pays: 87.6 x 7,000 x 1.25 = 766,500 < 800,000)
    assert [row["npv_usd"] for row in rows] == pytest.approx([16_000_000, 48_850_000, 16_000_000 + 75 * 8_760 * 70])


def test_verdicts_of_cases_that_cannot_be() -> None:
    changes = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}
    scenario = cases.scenario(fleets__0__mw=20.0, **changes)
    rows = [row for _, row in swept(scenario, "sites.site.energised_mw.0.mw_total=100,20,1e-3,90")]
    assert [row["verdict"] for row in rows] == ["OPTIMAL, PROVED", "INFEASIBLE, PROVED", "NOT A SCENARIO", "OPTIMAL, PROVED"]
    assert [row["npv_usd"] is None for row in rows] == [False, True, True, False]
    assert [bool(row["why"]) for row in rows] == [False, True, True, False]
    assert "short" in rows[1]["why"]
    assert rows[2]["critical_mw.Offer"] is rows[1]["leased_critical_mw"] is None
    assert rows[0]["npv_usd"] == pytest.approx(npv_usd(scenario), rel=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "market.hashprice.multiplier",
        "=1,2",
        "market.hashprice.multiplier=",
        "market.hashprice.multiplier=2:1:5",
        "market.hashprice.multiplier=1:2:1",
        "market.hashprice.multiplier=1:2:2.5",
        "market.hashprice.multiplier=1:2",
        "market.hashprice.multiplier=1:nan:3",
        "market.hashprice.multiplier=1:inf:3",
        "market.hashprice.multiplier=0.5:2:1000000",
        "market.hashprice.multiplier=1,,2",
        "market.hashprice.multiplier=1,x1.2",
        "market.hashprice.multiplier=1,much",
        "market.hashprice.multiplier=nan",
        "market.hashprice.multiplier=-1,1",
        "market.hashprice.multiplier=x-1,x1",
        "market.hash=1,2",
        "leases.nobody.term_years=1,2",
        "leases.*.start_window=x1,x2",
        "leases.*.start_window.earliest=x1,x2",
    ],
)
def test_refusals_write_nothing(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.csv"
    out.write_text("what was there")
    assert run_command(["sweep", "two_offers", "--vary", text, "--out", str(out)]) == 2
    assert "nothing was written" in capsys.readouterr().err
    assert out.read_text() == "what was there"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--vary", f"{HASHPRICE}=1,2", "--vary", f"{HASHPRICE}=3,4"],
        ["--vary", f"{HASHPRICE}=1,2", "--resume"],
        ["--vary", f"{HASHPRICE}=1,2", "--out", "sweep.xlsx"],
        ["--vary", f"{HASHPRICE}=1,2", "--out", "sweep.parquet", "--resume"],
        ["--cases", "missing.csv"],
        ["--vary", f"{HASHPRICE}=1:2:1000", "--vary", "power.multiplier=1:2:1001"],
    ],
)
def test_refused_combinations(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["sweep", "two_offers", *arguments]) == 2
    assert list(tmp_path.iterdir()) == []


CASE_FILES = {
    "no case": "market.hashprice.multiplier\n",
    "nothing": "",
    "a row that is too short": "market.hashprice.multiplier,power.multiplier\n1,1\n2\n",
    "a column twice": "market.hashprice.multiplier, market.hashprice.multiplier\n1,2\n",
    "a column of two kinds": "market.hashprice.multiplier\n1\nx2\n",
    "an empty cell": "market.hashprice.multiplier,power.multiplier\n1,1\n2,\n",
    "no field": "market.hash\n1\n",
}


@pytest.mark.parametrize("name", CASE_FILES)
def test_case_files_that_are_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text(CASE_FILES[name])
    assert run_command(["sweep", "two_offers", "--cases", str(file), "--out", str(tmp_path / "out.csv")]) == 2
    assert not (tmp_path / "out.csv").exists()


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_case_file_is_the_grid(tmp_path: Path) -> None:
    """Months that fit only together, numbers, a switch; a byte-order mark and blanks as spreadsheets leave them."""
    file, out, grid = tmp_path / "cases.csv", tmp_path / "out.csv", tmp_path / "grid.csv"
    file.write_text(
        "\ufeffleases.north.start_window.earliest, leases.north.start_window.latest ,"
        "market.hashprice.multiplier,leases.*.indivisible\r\n"
        "2026-01,2026-01,1.5,false\r\n2026-03,2026-04, 1,true\r\n"
    )
    assert run_command(["sweep", "two_offers", "--cases", str(file), "--out", str(out)]) == 0
    first, second = read(out)
    assert float(first["npv_usd"]) == pytest.approx(8_760_000)
    window = [f"leases.north.start_window.{end}=2026-0{month}" for end, month in (("earliest", 3), ("latest", 4))]
    written = load("two_offers", [*window, "leases.north.indivisible=true", "leases.south.indivisible=true"])
    assert float(second["npv_usd"]) == pytest.approx(npv_usd(written), rel=1e-9)
    assert (second["leases.north.start_window.latest"], second["leases.*.indivisible"]) == ("2026-04", "True")
    file.write_text(f"{HASHPRICE}\n0.5\n1.0\n2.0\n")
    assert run_command(["sweep", "two_offers", "--cases", str(file), "--out", str(out)]) == 0
    assert run_command(["sweep", "two_offers", "--vary", f"{HASHPRICE}=0.5,1,2", "--out", str(grid)]) == 0
    assert out.read_bytes() == grid.read_bytes()


def test_parquet_is_the_csv(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    arguments = ["sweep", "two_offers", "--vary", "sites.*.energised_mw.0.mw_total=8,1e-4,10", "--vary", f"{HASHPRICE}=0.8,1.3"]
    for ending in ("csv", "parquet"):
        assert run_command([*arguments, "--out", str(tmp_path / f"t.{ending}")]) == 0
    rows = read(tmp_path / "t.csv")
    table = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert len(table) == 6
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in table] == rows
    assert (table[2]["npv_usd"], table[2]["verdict"]) == (None, "NOT A SCENARIO")


def test_parquet_in_several_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first group without a single number in a column does not make the column text."""
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("hashlease.exports.growing_table.ROWS_OF_A_GROUP", 2)
    table = open_table(tmp_path / "t.parquet")
    values = [None, None, 1.5, 2.5, None]
    for value in values:
        table.add({"npv_usd": value, "why": "" if value else "none"})
    table.close()
    assert parquet.read_table(tmp_path / "t.parquet")["npv_usd"].to_pylist() == values


def test_names_that_a_spreadsheet_would_run(tmp_path: Path) -> None:
    """A lease whose name is a formula, in columns and in cells; the sweep goes on behind its own escaped cells."""
    file, out = tmp_path / "case.yaml", tmp_path / "out.csv"
    file.write_text(yaml.safe_dump(cases.data(horizon__end="2026-12", leases__0__name="=HYPERLINK(1)")))
    arguments = ["sweep", str(file), "--vary", "leases.*.tenant=@SUM(1),-1+1", "--out", str(out)]
    assert run_command(arguments) == 0
    whole = out.read_bytes()
    with out.open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert "critical_mw.=HYPERLINK(1)" in rows[0]
    assert [row[0] for row in rows[1:]] == ["'@SUM(1)", "'-1+1"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "@", "+"))]
    out.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    assert run_command([*arguments, "--resume"]) == 0
    assert out.read_bytes() == whole


# ---------------------------------------------------------------- interruption

GRID = ["sweep", "rockdale", "--vary", "leases.*.escalator_per_year=0.01:0.03:3", "--vary", f"{HASHPRICE}=0.5:1.6:5"]


@pytest.mark.parametrize("stop", [1, 3, 4, 8, 14])
def test_an_interrupted_sweep_goes_on_to_the_same_bytes(
    stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C in the midst of a case; the solver starts from nothing after every fourth."""
    monkeypatch.setattr(command, "AFRESH", 4)
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    assert run_command([*GRID, "--out", str(whole)]) == 0
    solved, row = itertools.count(), Sweep.row

    def interrupted(self: Sweep, case: Any) -> Row:
        if next(solved) == stop:
            raise KeyboardInterrupt
        return row(self, case)

    monkeypatch.setattr(Sweep, "row", interrupted)
    assert run_command([*GRID, "--out", str(out)]) == 130
    assert f"{stop} of 15 cases" in capsys.readouterr().err
    assert whole.read_bytes().startswith(out.read_bytes())
    assert out.read_bytes().count(b"\r\n") == stop + 1
    before = out.read_bytes()
    solved = itertools.count(stop)  # again at once: what is there stays
    assert run_command([*GRID, "--out", str(out), "--resume"]) == 130
    assert out.read_bytes() == before
    monkeypatch.setattr(Sweep, "row", row)
    assert run_command([*GRID, "--out", str(out), "--resume"]) == 0
    assert out.read_bytes() == whole.read_bytes()
    assert run_command([*GRID, "--out", str(out), "--resume"]) == 0, "nothing is left to do"
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "whole.csv"]


def test_an_interruption_before_the_first_case_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.csv").write_text("an earlier table")

    def interrupted(self: Sweep, case: Any) -> Row:
        raise KeyboardInterrupt

    monkeypatch.setattr(Sweep, "row", interrupted)
    assert run_command([*GRID, "--out", str(tmp_path / "out.csv")]) == 130
    assert (tmp_path / "out.csv").read_text() == "an earlier table"


@pytest.mark.parametrize(
    "other",
    [
        ["--vary", f"{HASHPRICE}=0.5,1.1"],
        ["--vary", f"{HASHPRICE}=0.5"],
        ["--vary", f"{HASHPRICE}=x0.5,x1"],
        ["--vary", f"{HASHPRICE}=0.5,1", "--vary", "power.multiplier=1,1.2"],
    ],
)
def test_another_sweep_is_not_gone_on_with(other: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run_command(["sweep", "two_offers", "--vary", f"{HASHPRICE}=0.5,1", "--out", str(out)]) == 0
    before = out.read_bytes()
    assert run_command(["sweep", "two_offers", *other, "--out", str(out), "--resume"]) == 2
    assert out.read_bytes() == before
    more = ["sweep", "two_offers", "--vary", "power.multiplier=1", "--vary", f"{HASHPRICE}=0.5,1", "--out", str(out), "--resume"]
    assert run_command(more) == 2, "columns that are no longer varied"


# ---------------------------------------------------------------- parts


def test_multipliers_vary_innermost() -> None:
    _, combinations = product([Vary(HASHPRICE, (1.0, 2.0)), Vary("leases.*.term_years", (Factor(1.0), Factor(2.0)))])
    found = [tuple(case.items()) for case in combinations]
    assert [case[1] for case in found] == [(HASHPRICE, 1.0), (HASHPRICE, 2.0)] * 2


def test_values_of_a_text() -> None:
    assert Vary.of(" a.b = 1:2:3 ") == Vary("a.b", (1.0, 1.5, 2.0))
    assert Vary.of("a=x0.5:x1:2").values == (Factor(0.5), Factor(1.0))
    assert Vary.of("a=true,false").values == (True, False)
    assert Vary.of("a=2027-01, 2028-01").values == ("2027-01", "2028-01")
    assert cases_of_rows([{"a": "1e6", "b": "xenon"}]) == [{"a": 1e6, "b": "xenon"}]
    with pytest.raises(InputError):
        cases_of_rows([{"a": "1"}, {"a": "true"}])


def test_memory_does_not_grow() -> None:
    """Rents and MW: 200 more cases keep no more than 20 did."""
    sweep = Sweep(load("two_offers"))

    def run(cases_of: range) -> None:
        for number in cases_of:
            sweep.row(
                {"leases.north.rent_usd_per_kw_month": 60 + number % 97, "sites.site.energised_mw.0.mw_total": 8 + number % 5}
            )

    run(range(40))
    tracemalloc.start()
    run(range(40, 60))
    before = tracemalloc.get_traced_memory()[0]
    run(range(60, 260))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert sweep.series.stated == 1
    assert grown < 300_000
