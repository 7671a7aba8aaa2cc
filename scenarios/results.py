"""The scenario behind a plan.json: `hashlease run --out DIR` writes it beside the plan."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem
from ..models.scenario import Scenario
from .load import locate, validate
from .yaml_reader import read_yaml

SCENARIO = "scenario.json"


def is_plan(path: str | Path) -> bool:
    """Whether a file that a user names is a plan and not a scenario: JSON with a manifest."""
    if Path(path).suffix.lower() != ".json":
        return False
    try:
        data = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and "manifest" in data


def scenario_of_plan(path: str | Path) -> tuple[Scenario, dict[str, Any]]:
    """The scenario beside a plan.json, and the plan as data. Raises InputError where the two do not belong together."""
    from ..optimizer.solve import scenario_hash

    file = locate(path)
    hint = "hashlease run SCENARIO --out DIR writes both"
    try:
        data = json.loads(file.read_bytes())
        wanted = data["manifest"]["scenario_sha256"]
    except OSError as fault:
        raise InputError([Problem(str(file), "", fault.strerror or str(fault), "a plan.json", hint)]) from None
    except (ValueError, KeyError, TypeError):
        raise InputError([Problem(str(file), "manifest.scenario_sha256", "no plan of hashlease", "a plan.json", hint)]) from None
    beside = file.parent / SCENARIO
    if not beside.is_file():
        raise InputError([Problem(str(beside), "", "no such file", f"the {SCENARIO} that was written with the plan", hint)])
    document = read_yaml(beside)
    stated = (
        {key: value for key, value in document.data.items() if key != "files"} if isinstance(document.data, dict) else document.data
    )
    scenario = validate(replace(document, data=stated), beside.parent)
    if scenario_hash(scenario) != wanted:
        found = f"another scenario than that of {file.name}"
        raise InputError([Problem(str(beside), "", found, "the scenario that the plan was made from", hint)])
    return scenario, data
