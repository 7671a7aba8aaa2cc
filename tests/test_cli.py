"""The command line as a person uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cases import data
from hashlease.cli import run_command

BAD_UNITS = {"sites__0__energised_mw": 300_000, "leases__0__rent_usd_per_kw_month": 150_000}
SIGNED = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}


def write(folder: Path, name: str = "case.yaml", **changes: object) -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(data(**changes)))
    return path


def test_run_prints_the_decision_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["run", str(write(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert "CERTIFIED" in out.splitlines()[1]
    assert "worth 92.65 M USD" in out
    assert "sign   Offer: 20.0 MW critical (25.0 MW at the meter), rent from 2026-01" in out
    assert "mine   Fleet: 75.0 of 100.0 MW in 2026" in out


def test_run_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["run", str(write(tmp_path)), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["npv_usd"] == pytest.approx(92.65e6)


def test_run_writes_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "folder"
    assert run_command(["run", str(write(tmp_path)), "--out", str(out)]) == 0
    assert (out / "plan.json").is_file()
    assert (out / "manifest.json").is_file()
    assert "wrote" in capsys.readouterr().err


def test_set_changes_a_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", str(write(tmp_path)), "--format", "json", "--set", "leases.Offer.rent_usd_per_kw_month=10"]
    assert run_command(arguments) == 0
    assert json.loads(capsys.readouterr().out)["npv_usd"] == pytest.approx(87.6e6)


def test_bad_input_is_explained_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run_command(["run", str(write(tmp_path, **BAD_UNITS)), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "2 problems" in error
    assert "300,000 in kW is 300 MW" in error
    assert "150,000 in USD/MW-month is 150 USD" in error
    assert not out.exists()


def test_a_missing_file_and_a_near_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "rockdale_case.yaml")
    assert run_command(["run", str(tmp_path / "rockdale_cse.yaml")]) == 2
    assert "rockdale_case.yaml?" in capsys.readouterr().err


def test_infeasible_data_end_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = write(tmp_path, sites__0__energised_mw=20, fleets=[], **SIGNED)
    assert run_command(["run", str(case), "--out", str(tmp_path / "out")]) == 3
    captured = capsys.readouterr()
    assert "INFEASIBLE, PROVED" in captured.out
    assert "(short 5.0)" in " ".join(captured.out.split())
    assert not (tmp_path / "out" / "plan.json").exists()


def test_a_fault_of_ours_ends_with_4_and_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlease.optimizer.solve as solving

    monkeypatch.setattr(solving, "conflicts", lambda scenario: 1 / 0)
    monkeypatch.delenv("HASHLEASE_TRACEBACK", raising=False)
    assert run_command(["run", str(write(tmp_path))]) == 4
    error = capsys.readouterr().err
    assert "DO NOT USE" in error
    assert "Traceback" not in error


def test_strict_refuses_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = write(tmp_path, horizon__end="2026-06")
    assert run_command(["run", str(case)]) == 0
    assert run_command(["run", str(case), "--strict"]) == 2
    assert "before the last base term" in capsys.readouterr().err


def test_validate_prints_what_the_figures_imply(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["validate", str(write(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert "case is valid" not in out
    assert "one_site is valid" in out
    # 100 x 12,000 / (1.25 x 8,766) = 109.5 USD per meter MWh
    assert "109.5" in out
    assert "1.20" in out


def test_new_writes_a_starter_that_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["new"]) == 0
    assert run_command(["new"]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert run_command(["new", "--force"]) == 0
    assert run_command(["run", "scenario.yaml"]) == 0
    assert run_command(["validate", "scenario.yaml", "--strict"]) == 0


def test_explain_and_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["explain"]) == 0
    assert "[V2]" in capsys.readouterr().out
    assert run_command(["list"]) == 0
    out = capsys.readouterr().out
    assert "rockdale" in out
    assert "two_offers" in out
    assert "starter" not in out


def test_the_installed_command() -> None:
    command = Path(sys.executable).parent / "hashlease"
    done = subprocess.run([str(command), "run", "two_offers"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "worth 5.390 M USD" in done.stdout
    assert done.stderr == ""
    assert subprocess.run([str(command), "run"], capture_output=True, check=False).returncode == 2
    assert subprocess.run([str(command), "run", "nowhere.yaml"], capture_output=True, check=False).returncode == 2


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, hashlease.cli as cli\n"
        "try: cli.run_command(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'pandas', 'pydantic', 'pyomo', 'highspy', 'yaml') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_a_run_imports_neither_pandas_nor_scipy() -> None:
    code = (
        "import sys, hashlease.cli as cli\n"
        "cli.run_command(['run', 'two_offers'])\n"
        "print([m for m in ('pandas', 'scipy', 'pyomo.environ', 'pyarrow') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_python_dash_m_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "hashlease", "list"], capture_output=True, text=True, check=True)
    assert "rockdale" in done.stdout


# --- output that cannot be written -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_under_the_answer_is_an_output_error() -> None:
    for arguments in (["run", "two_offers"], ["run", "two_offers", "--format", "json"], ["validate", "rockdale"], ["list"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "hashlease", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == 2
        assert done.stderr == "could not write the standard output: No space left on device\n"


def test_a_full_disk_under_the_files_is_an_output_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hashlease.exports import atomic

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "_replace", full)
    assert run_command(["run", str(write(tmp_path)), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == f"could not write {tmp_path / 'out' / 'plan.json'}: No space left on device\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_gone_changes_no_exit_code(stream: str, tmp_path: Path) -> None:
    infeasible = write(tmp_path, sites__0__energised_mw=20, fleets=[], **SIGNED)
    for arguments, code in ((["run", "two_offers"], 0), (["run", "nowhere.yaml"], 2), (["run", str(infeasible)], 3)):
        read, written = os.pipe()
        os.close(read)
        other = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE} | {stream: written}
        done = subprocess.run([sys.executable, "-m", "hashlease", *arguments], check=False, **other)  # type: ignore[call-overload]
        os.close(written)
        assert done.returncode == code
        assert b"Traceback" not in (done.stderr or b"")


def test_out_without_a_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run_command(["run", str(write(tmp_path)), "--out", ""])
    assert stop.value.code == 2
    assert "an empty name" in capsys.readouterr().err


def test_results_of_another_scenario_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, case, other = tmp_path / "out", write(tmp_path), tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump({**data(), "name": "other"}))
    assert run_command(["run", str(case), "--out", str(out)]) == 0
    assert run_command(["run", str(case), "--set", "finance.dollars=nominal", "--out", str(out)]) == 0
    before = (out / "plan.json").read_bytes()
    capsys.readouterr()
    assert run_command(["run", str(other), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert 'results of the scenario "one_site"' in error
    assert "--force" in error
    assert (out / "plan.json").read_bytes() == before
    assert run_command(["run", str(other), "--out", str(out), "--force"]) == 0
    (out / "manifest.json").write_text("a list of cargo")
    assert run_command(["run", str(other), "--out", str(out)]) == 2


def test_results_name_their_file_and_changes(tmp_path: Path) -> None:
    out, change = tmp_path / "out", "leases.Offer.rent_usd_per_kw_month=99"
    assert run_command(["run", str(write(tmp_path)), "--set", change, "--out", str(out)]) == 0
    for manifest in (json.loads((out / "manifest.json").read_text()), json.loads((out / "plan.json").read_text())["manifest"]):
        assert (manifest["scenario"], manifest["file"], manifest["overrides"]) == ("one_site", "case.yaml", [change])
    assert json.loads((out / "scenario.json").read_text())["leases"][0]["rent_usd_per_kw_month"] == 99


def test_output_survives_a_narrow_terminal_without_unicode(tmp_path: Path) -> None:
    case = write(tmp_path, leases__0__name="Zürich Nord")
    code = f"import sys, hashlease.cli as cli; sys.exit(cli.run_command(['run', {str(case)!r}]))"
    environment = {"PYTHONIOENCODING": "ascii", "COLUMNS": "40", "PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=environment)
    assert done.returncode == 0
    assert b"Z?rich Nord" in done.stdout
