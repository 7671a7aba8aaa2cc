"""Loading a scenario: read, override, validate; every problem of the file is reported at once, with its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ..errors import InputError, Problem
from ..models.scenario import Fault, Scenario, name_faults
from .fields import apply_overrides
from .yaml_reader import Document, Place, read_yaml

SHIPPED = Path(__file__).parent
STARTER = SHIPPED / "starter.yaml"


def load(path: str | Path, overrides: Iterable[str] = (), strict: bool = False) -> Scenario:
    """The scenario in a YAML file, or a shipped one by its bare name ("rockdale").

    overrides: assignments such as "market.hashprice.multiplier=1.2" or "leases.*.escalator_per_year=0.02".
    strict: what would be a note becomes a problem. Raises InputError with every problem found.
    """
    file = locate(path)
    scenario = validate(apply_overrides(read_yaml(file), overrides), file.parent)
    notes = scenario.warnings() if strict else []
    if notes:
        raise InputError([Problem(str(file), "", note, "no notes (--strict)") for note in notes])
    return scenario


def locate(path: str | Path) -> Path:
    """The file itself, or the shipped scenario of that name where there is no such file."""
    given = Path(path)
    shipped = SHIPPED / f"{given.name.removesuffix('.yaml')}.yaml"
    if not given.exists() and len(given.parts) == 1 and shipped.is_file():
        return shipped
    return given


def shipped_names() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml") if file != STARTER)


def shipped_titles() -> list[tuple[str, str]]:
    """Names and titles of the scenarios that come with the package."""
    return [(name, str(read_yaml(SHIPPED / f"{name}.yaml").data.get("title", ""))) for name in shipped_names()]


def validate(document: Document, folder: Path) -> Scenario:
    """The document as a scenario; files it names are looked for in the folder. Raises InputError."""
    if not isinstance(document.data, dict):
        raise InputError(
            [Problem(document.name, "", "no table of fields", "a scenario", "hashlease new writes a starter scenario")]
        )
    data = {"name": _default_name(document), **document.data}
    try:
        return Scenario.model_validate(data, context={"folder": str(folder)})
    except ValidationError as fault:
        problems = [problem for error in fault.errors() for problem in _problems(error, document)]
        if not any(error["type"] == "refused_many" for error in fault.errors()):
            problems += [_from_fault(found, document) for found in _name_faults(document.data)]
        raise InputError(_in_order(problems, document)) from None


def _default_name(document: Document) -> str:
    return Path(document.name).stem[:64] or "scenario"


def _name_faults(data: dict[str, Any]) -> list[Fault]:
    """Names and references of data that did not validate, so that they are reported together with the rest."""
    power = data.get("power")
    tables = {
        "zones": power.get("zones") if isinstance(power, dict) else None,
        **{t: data.get(t) for t in ("sites", "fleets", "leases")},
    }
    rows = {
        table: [row for row in found if isinstance(row, dict)] if isinstance(found, list) else [] for table, found in tables.items()
    }
    if any(isinstance(found, list) and len(found) != len(rows[table]) for table, found in tables.items()):
        return []
    return name_faults(rows)


def _in_order(problems: list[Problem], document: Document) -> list[Problem]:
    def line(problem: Problem) -> int:
        tail = problem.where.removeprefix(f"{document.name}:")
        return int(tail) if tail.isdigit() else 0

    return sorted(dict.fromkeys(problems), key=line)


def _from_fault(fault: Fault, document: Document) -> Problem:
    return Problem(document.where(fault.place), _field(fault.place, document.data), fault.found, fault.allowed, fault.hint)


def _field(place: Place, data: Any) -> str:
    """The place as a field path, with rows by name."""
    parts = []
    for part in place:
        name: Any = part
        if isinstance(part, int) and isinstance(data, list) and part < len(data):
            data = data[part]
            name = data.get("name", part) if isinstance(data, dict) else part
        elif isinstance(data, dict):
            data = data.get(part)
        parts.append(str(name))
    return ".".join(parts)


def _problems(error: Any, document: Document) -> Iterator[Problem]:
    """One of pydantic's errors in plain words."""
    context = error.get("ctx") or {}
    if error["type"] == "refused_many":
        for fault in context["faults"]:
            yield _from_fault(fault, document)
        return
    place = _place(error["loc"], document.data)
    if error["type"] == "refused":
        if context.get("field"):
            place = (*place, *(context["field"],))
        yield _problem(document, place, context["found"], context["allowed"], context.get("hint", ""))
        return
    yield _problem(document, place, *_plain_words(error, place, document.data))


def _problem(document: Document, place: Place, found: str, allowed: str, hint: str = "") -> Problem:
    return Problem(document.where(place), _field(place, document.data), found, allowed, hint)


def _place(location: tuple[str | int, ...], data: Any) -> Place:
    """Pydantic's location without the tags of unions, which are not in the data."""
    place: list[Any] = []
    last: Any
    for at, last in enumerate(location):
        if (isinstance(data, dict) and last in data) or (isinstance(data, list) and isinstance(last, int) and last < len(data)):
            data = data[last]
            place.append(last)
        elif at == len(location) - 1 and isinstance(data, dict) and last not in ("[key]", data.get("kind")):
            place.append(last)
    return tuple(place)


def _plain_words(error: Any, place: Place, data: Any) -> tuple[str, str, str]:
    """(found, allowed, hint) of one of pydantic's own error types."""
    kind, context, name = error["type"], error.get("ctx") or {}, str(place[-1]) if place else ""
    if kind == "missing":
        return "nothing", f"the field {name}", "hashlease new writes a scenario with every field explained"
    if kind == "extra_forbidden":
        known = _fields_beside(error["loc"])
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else ""
        return f"the unknown field {name}", f"one of: {', '.join(known)}" if known else "a known field", hint
    if kind == "literal_error":
        near = difflib.get_close_matches(
            str(error["input"]), context["expected"].replace("'", "").replace(" or ", ", ").split(", "), n=1
        )
        return _shown(error["input"]), context["expected"].replace("'", ""), f"did you mean {near[0]}?" if near else ""
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        allowed = context.get("expected_tags", "those of hashlease explain")
        found = f"kind: {context['tag']}" if "tag" in context else "no kind"
        return found, f"kind: one of {allowed}".replace("'", ""), ""
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return _shown(error["input"]), "a table of fields", ""
    if kind in ("tuple_type", "list_type"):
        return _shown(error["input"]), "a list (one entry a line, each beginning with -)", ""
    if kind in ("too_short", "too_long"):
        return f"{context['actual_length']} entries", f"{context.get('min_length', context.get('max_length'))} entries", ""
    if kind == "string_type":
        return _shown(error["input"]), "text", "put it in quotes"
    if kind in ("string_too_short", "string_too_long"):
        return f"{len(error['input'])} characters", error["msg"].removeprefix("String should have "), ""
    if kind.startswith("bool"):
        return _shown(error["input"]), "true or false", ""
    return _shown(error["input"]), error["msg"], ""


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a table of fields"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value[:60]}"' if isinstance(value, str) else repr(value)[:60]


def _fields_beside(location: tuple[str | int, ...]) -> list[str]:
    """The fields that the model holding the last part of a location knows, as they are written in a file."""
    model = _model_at(location[:-1])
    return [] if model is None else [field.alias or name for name, field in model.model_fields.items()]


def _model_at(location: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The model that validates a location; steps through containers, unions and their tags."""
    candidates: list[type[BaseModel]] = [Scenario]
    for part in location:
        if isinstance(part, int):
            continue
        inner = [
            _models_in(field.annotation)
            for model in candidates
            for name, field in model.model_fields.items()
            if part in (name, field.alias)
        ]
        if inner:
            candidates = [model for models in inner for model in models]
        else:
            tagged = [model for model in candidates if _is_tagged(model, part)]
            candidates = tagged or candidates
    return candidates[0] if candidates else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _is_tagged(model: type[BaseModel], tag: str) -> bool:
    if tag in model.model_fields:
        return True
    kind = model.model_fields.get("kind")
    return kind is not None and tag in get_args(kind.annotation)
