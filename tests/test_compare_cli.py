"""hashlease compare and hashlease pin as a person uses them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from cases import data
from hashlease.cli import run_command
from hashlease.optimizer.pinned import read_pinned

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "compare.md"


def write(folder: Path, name: str = "case.yaml", **changes: object) -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(data(**changes)))
    return str(path)


@pytest.fixture
def pinned(tmp_path: Path) -> str:
    assert run_command(["run", write(tmp_path), "--out", str(tmp_path / "results")]) == 0
    file = tmp_path / "pinned.json"
    assert run_command(["pin", str(tmp_path / "results" / "plan.json"), "-o", str(file), "--name", "Spring plan"]) == 0
    return str(file)


def test_policies_side_by_side(tmp_path: Path, pinned: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run_command(["compare", write(tmp_path), "--plan", pinned]) == 0
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    # 92.65, 87.6 by hand in tests/optimizer/test_compare.py
    assert "NPV, M USD 92.7 87.6 92.7 92.7" in lines
    assert "Offer 20.0 2026-01 - 20.0 2026-01 20.0 2026-01" in lines
    assert "rent Offer 24.0 0.0 -24.0" in lines
    assert "mining margin -10.9 76.7" in lines
    assert "Regret" not in out
    assert max(map(len, out.splitlines())) <= 110


def test_scenarios_side_by_side_with_their_regret(tmp_path: Path, pinned: str, capsys: pytest.CaptureFixture[str]) -> None:
    case, cheap = write(tmp_path), write(tmp_path, "cheap.yaml", leases__0__rent_usd_per_kw_month=40.0)
    capsys.readouterr()
    arguments = ["compare", case, cheap, "--plan", pinned, "--variant", "none:leases=[]"]
    assert run_command(arguments) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "optimum of case 0.0 9.3 - -" in lines
    assert "optimum of cheap 5.0 0.0 0.0 5.0" in lines or "optimum of cheap 5.1 0.0 0.0 5.1" in lines
    assert "Spring plan 0.0 9.3 - -" in lines
    assert any(line.startswith("Spring plan in none: Offer: no lease of this name") for line in lines)


def test_files_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run_command(["compare", write(tmp_path), "--format", "json", "--out", str(out)]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert [row["column"] for row in found["compared"]] == ["optimum", "all mining", "lease all"]
    assert json.loads((out / "compare.json").read_text()) == found
    assert (out / "waterfall.csv").is_file()
    assert "wrote" in captured.err


def test_a_plan_that_does_not_fit_ends_with_2(tmp_path: Path, pinned: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["compare", write(tmp_path), "--plan", pinned, "--set", "sites.Site.hpc_suitable_mw=10", "--out", str(out)]
    assert run_command(arguments) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "pinned.json in scenario one_site Site found leases that need 25.0 MW at the meter in 2026-01 to 2026-12" in error
    assert "allowed 10.0 MW, which are suitable for leases" in error
    assert "short 15.0 MW" in error


def test_everything_wrong_with_the_arguments_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", write(tmp_path, sites__0__energised_mw=300_000), str(tmp_path / "no.yaml"), "--policy", "as_announced"]
    assert run_command([*arguments, "--plan", str(tmp_path / "no.json"), "--variant", "low"]) == 2
    error = capsys.readouterr().err
    assert "5 problems" in error
    assert "300,000 in kW" in error
    assert "e.g. --variant" in error


def test_an_impossible_scenario_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signed = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}
    assert (
        run_command(["compare", write(tmp_path), write(tmp_path, "bad.yaml", sites__0__energised_mw=20, fleets=[], **signed)]) == 3
    )
    assert "scenario bad" in capsys.readouterr().err


def test_pin_does_not_replace_a_file_unasked(tmp_path: Path, pinned: str, capsys: pytest.CaptureFixture[str]) -> None:
    plan = str(tmp_path / "results" / "plan.json")
    assert run_command(["pin", plan, "-o", pinned]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert read_pinned(pinned).name == "Spring plan"
    assert run_command(["pin", plan, "-o", pinned, "--force"]) == 0
    assert read_pinned(pinned).name == "one_site"
    assert run_command(["pin", plan, "-o", plan, "--force"]) == 2
    assert "the plan itself" in capsys.readouterr().err
    assert run_command(["pin", plan, "-o", str(tmp_path / "new.json"), "--name", " "]) == 2
    assert not (tmp_path / "new.json").exists()


def test_the_plan_written_by_hand_in_the_guide_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = re.findall(r"```json\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    file = tmp_path / "announced.json"
    file.write_text(text)
    assert run_command(["compare", "rockdale", "--policy", "optimum", "--plan", str(file)]) == 0
    assert "announced" in capsys.readouterr().out
