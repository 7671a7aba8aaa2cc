"""The JSON contract, the tables, and files that are whole or not there."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cases import offer, scenario
from hashlease import load, solve
from hashlease.exports.atomic import write_atomically
from hashlease.exports.tables import write_plan
from hashlease.optimizer.plan import Plan
from hashlease.optimizer.tables import TABLES, without_dust


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solve(load("rockdale"))


@pytest.fixture(scope="module")
def contract(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(plan.to_json())
    return found


def test_keys_of_the_contract(contract: dict[str, Any]) -> None:
    assert contract["verdict"] == "CERTIFIED"
    assert contract["schema"] == 1
    assert contract["npv_usd"] == pytest.approx(contract["ledger_total_usd"], rel=1e-9)
    for reference in ("all_mining", "lease_all"):
        assert contract["reference"][reference]["npv_usd"] <= contract["npv_usd"]
    rows = {
        "allocation": {"site", "period", "use", "name", "mw"},
        "leases": {
            "site",
            "offer",
            "critical_mw",
            "meter_mw",
            "start",
            "npv_usd",
            "irr",
            "break_even_rent_usd_per_kw_month",
            "break_even_hashprice_multiplier",
            "reason",
        },
        "shadow_price": {"site", "period", "usd_per_mw"},
        "cash_flow": {"site", "period", "item", "usd"},
    }
    for table, keys in rows.items():
        assert contract[table], table
        assert all(keys <= set(row) for row in contract[table]), table
    assert [part["number"] for part in contract["certificate"]["parts"]] == list(range(7))


def test_contract_holds_no_number_that_is_not_finite(plan: Plan) -> None:
    def refuse(text: str) -> float:
        raise AssertionError(text)

    json.loads(plan.to_json(), parse_constant=refuse)


def test_allocation_adds_up_to_the_energised_mw(contract: dict[str, Any]) -> None:
    by_month: dict[str, float] = {}
    for row in contract["allocation"]:
        by_month[row["period"]] = by_month.get(row["period"], 0.0) + row["mw"]
        assert row["mw"] >= 0
    assert len(by_month) == 215
    assert all(mw == pytest.approx(700, rel=1e-12) for mw in by_month.values())


def test_cash_flow_adds_up_to_the_value(contract: dict[str, Any]) -> None:
    discounted = math.fsum(row["discounted_usd"] for row in contract["cash_flow"])
    assert discounted == pytest.approx(contract["npv_usd"], rel=1e-12)
    by_year = math.fsum(row["usd"] for row in contract["cash_by_year"])
    assert by_year == pytest.approx(math.fsum(row["usd"] for row in contract["cash_flow"]), rel=1e-12)


def test_leases_and_allocation_say_the_same(contract: dict[str, Any]) -> None:
    for lease in contract["leases"]:
        assert lease["critical_mw"] == pytest.approx(sum(start["critical_mw"] for start in lease["starts"]))
        rows = [row["mw"] for row in contract["allocation"] if row["name"] == lease["offer"] and row["use"] == "lease"]
        assert max(rows, default=0.0) == pytest.approx(lease["meter_mw"], rel=1e-9)


def test_tables_as_data_frames(plan: Plan) -> None:
    assert list(plan.allocation.columns) == list(TABLES["allocation"])
    wide = plan.allocation.pivot_table(index="period", columns="use", values="mw", aggfunc="sum", fill_value=0.0)
    assert wide.sum(axis=1).round(6).eq(700).all()
    for table in TABLES:
        assert len(getattr(plan, table)) == len(plan.rows[table])


def test_the_same_scenario_gives_the_same_bytes() -> None:
    """Whatever the hash seed of the process."""
    code = "import hashlease as hl; print(hl.solve(hl.load('rockdale')).to_json())"
    outputs = set()
    for seed in ("0", "1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        outputs.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(outputs) == 1


def test_files_of_a_plan(plan: Plan, tmp_path: Path) -> None:
    written = write_plan(plan, tmp_path)
    assert sorted(written) == sorted(path.name for path in tmp_path.iterdir())
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["verdict"] == "CERTIFIED"
    assert manifest["scenario_sha256"]
    for name, digest in manifest["files_sha256"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    assert json.loads((tmp_path / "plan.json").read_text())["npv_usd"] == plan.npv_usd


def test_csv_and_parquet_hold_the_same(plan: Plan, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_plan(plan, tmp_path)
    for table, columns in TABLES.items():
        with (tmp_path / f"{table}.csv").open(newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))
        assert rows[0] == list(columns)
        other = parquet.read_table(tmp_path / f"{table}.parquet").to_pylist()
        assert len(rows) - 1 == len(other) == len(plan.rows[table])
        for row, same in zip(rows[1:50], other[:50], strict=False):
            for text, value in zip(row, same.values(), strict=True):
                assert (float(text) == value) if isinstance(value, float) else (text == ("" if value is None else str(value)))


def test_files_hold_no_dust() -> None:
    """What is left of differences of large numbers is rounded away in files, to 1e-9 MW and 1e-6 USD."""
    row = {
        "mw": 40.999999999999325,
        "usd": -2.98e-08,
        "usd_per_mw": -0.0,
        "irr": 0.12345678912345,
        "starts": [{"critical_mw": 1e-12}],
    }
    assert (
        str(without_dust(row))
        == "{'mw': 41.0, 'usd': 0.0, 'usd_per_mw': 0.0, 'irr': 0.12345678912345, 'starts': [{'critical_mw': 0.0}]}"
    )


def test_a_plan_in_one_line_and_its_references_by_name(plan: Plan) -> None:
    assert repr(plan) == "<Plan of rockdale: CERTIFIED, 1,512.38 M USD>"
    with pytest.raises(ValueError, match="no reference plan 'foo'; there are all_mining and lease_all"):
        plan.reference("foo")
    with pytest.raises(TypeError, match="load"):
        solve("mine.yaml")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-2", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_text_in_csv_is_never_a_formula(name: str, tmp_path: Path) -> None:
    write_plan(solve(scenario(leases=[offer(name)])), tmp_path)
    with (tmp_path / "leases.csv").open(newline="", encoding="utf-8") as stream:
        row = next(csv.DictReader(stream))
    assert row["offer"] == f"'{name}"
    assert json.loads((tmp_path / "plan.json").read_text())["leases"][0]["offer"] == name


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "plan.json"
    write_atomically(target, b"old")

    def fail(self: Path, other: Path) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk is gone"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_killed_writer_leaves_whole_files(tmp_path: Path) -> None:
    """A process that rewrites a file over and over is killed; the file holds one version in full."""
    import signal
    import time

    code = (
        "import sys; from pathlib import Path; from hashlease.exports.atomic import write_atomically\n"
        "while True:\n    for letter in b'ab': write_atomically(Path(sys.argv[1]), bytes([letter]) * 500_000)"
    )
    target = tmp_path / "plan.json"
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", code, str(target)])
        deadline = time.monotonic() + 20
        while not target.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        content = target.read_bytes()
        assert len(content) == 500_000
        assert len(set(content)) == 1
        target.unlink()


def test_a_plan_crosses_a_process_boundary(plan: Plan) -> None:
    import pickle

    again = pickle.loads(pickle.dumps(plan))
    assert again.to_json() == plan.to_json()
