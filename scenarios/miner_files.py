"""Reading a listed miner from YAML, with every problem in plain words, and the scenario that it names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError, Problem
from ..models.miner import Miner
from ..models.refusal import shown
from ..models.scenario import Scenario
from .fields import apply_overrides
from .load import SHIPPED, load, locate, read_as
from .yaml_reader import Document, read_yaml

STARTER = SHIPPED / "starters" / "miner.yaml"
NEW = "hashlease value --new writes a starter with every field explained"


def load_miner(path: str | Path, overrides: str | Iterable[str] = ()) -> tuple[Miner, Scenario | None]:
    """The miner in a YAML file, and the scenario that it names. Raises InputError with every problem of either."""
    file = Path(path)
    if not file.exists():
        raise InputError([Problem(str(file), "", "no such file", "a miner's file (YAML)", NEW)])
    assignments = (overrides,) if isinstance(overrides, str) else tuple(overrides)
    document = apply_overrides(read_yaml(file), assignments)
    if not isinstance(document.data, dict):
        raise InputError([Problem(document.where(()), "", shown(document.data), "a miner (a table of fields)", NEW)])
    if {"sites", "finance"} & set(document.data):
        hint = f"a miner's file names it: scenario: {file.name}; {NEW}"
        raise InputError([Problem(str(file), "", "a scenario", "a miner's file", hint)])
    miner = read_as(Miner, document, file.parent)
    return miner, None if miner.scenario is None else _scenario(miner.scenario, document, file)


def _scenario(name: str, document: Document, file: Path) -> Scenario:
    """A shipped scenario, or a file beside or below the miner's."""
    shipped = locate(name)
    if shipped.parent == SHIPPED and not (file.parent / name).exists():
        return load(shipped)
    where, field = document.where(("scenario",)), "scenario"
    allowed = "a file beside or below this one, or the name of a shipped scenario"
    given = file.parent / name
    try:
        inside = given.resolve().is_relative_to(file.parent.resolve())
    except (OSError, RuntimeError, ValueError):
        inside = False
    if not inside:
        raise InputError([Problem(where, field, f'"{name}", which leaves the folder', allowed)])
    if not given.is_file():
        raise InputError([Problem(where, field, f'"{name}", which does not exist', allowed)])
    return load(given)
