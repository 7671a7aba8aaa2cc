"""The documents say what the program does: their commands run, and what they show is what it prints.

HASHLEASE_REFRESH_DOCUMENTS=1 writes the present output into the blocks that show output.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from hashlease.cli import parser, run_command

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"]
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
WIDTH = "110"


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """(command, expected lines of output) of a console block."""
    command, expected = "", []
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, expected
            command, expected = line[2:], []
        else:
            expected.append(line)
    yield command, expected


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", WIDTH)
    return tmp_path


def matches(expected: list[str], printed: list[str]) -> bool:
    """Equal line by line; a line of three points stands for any lines."""
    if "..." not in expected:
        return expected == printed
    before = expected.index("...")
    return printed[:before] == expected[:before] and (expected[before + 1 :] == [] or printed[-1:] == expected[-1:])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_of_a_document(document: Path, workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = document.read_text()
    for block in BLOCK.findall(text):
        shown = []
        for command, expected in commands(block):
            name, *arguments = shlex.split(command)
            assert name == "hashlease", command
            assert run_command(arguments) == 0, command
            printed = [line.rstrip() for line in capsys.readouterr().out.rstrip().splitlines()]
            shown += [f"$ {command}", *(expected if "..." in expected else printed)]
            if not os.environ.get("HASHLEASE_REFRESH_DOCUMENTS"):
                assert matches(expected, printed), command
        text = text.replace(block, "\n".join(shown) + "\n")
    if os.environ.get("HASHLEASE_REFRESH_DOCUMENTS"):
        document.write_text(text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_of_a_document(document: Path, workplace: Path) -> None:
    for block in PYTHON.findall(document.read_text()):
        exec(compile(block, document.name, "exec"), {})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_of_a_document_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        assert link.startswith("https://") or (document.parent / link).exists(), link


def test_every_command_is_in_the_guide() -> None:
    guide = "".join(path.read_text() for path in DOCUMENTS)
    actions = next(action for action in parser()._actions if action.choices and "run" in action.choices)
    assert actions.choices is not None
    for command in actions.choices:
        assert f"hashlease {command}" in guide, command


def test_the_contract_names_every_column() -> None:
    from hashlease.optimizer.ledger_lines import ITEMS
    from hashlease.optimizer.tables import TABLES

    contract = (ROOT / "docs" / "json.md").read_text()
    for table, columns in TABLES.items():
        assert f"`{table}`" in contract
        for column in columns:
            assert f"`{column}`" in contract or column in ("year", "item"), (table, column)
    assert all(f"`{item}`" in contract for item in ITEMS)


def test_documents_and_code_speak_of_the_project_alone() -> None:
    """No path of a machine and no address of a package registry."""
    import subprocess

    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a checkout of the repository")
    forbidden = re.compile("/" + r"(home|root|work|opt)/\w|pypi\.(org|python)|files\.pythonhosted")
    for name in listed.stdout.split():
        text = (ROOT / name).read_text(errors="replace")
        assert not forbidden.search(text), name
