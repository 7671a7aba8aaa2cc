"""Loading a scenario: read, override, validate; every problem of the file is reported at once, with its line or cell."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from ..errors import MOST_DESCRIBED, InputError, Problem
from ..models.files import ZIP
from ..models.names import LONGEST, composed
from ..models.quantities import Quantity
from ..models.refusal import Fault, Place, listed, nearest, shown
from ..models.scenario import Origin, Scenario
from ..models.scenario_faults import name_faults
from .fields import apply_overrides
from .workbook import EXCEL_97
from .yaml_reader import LARGEST_BYTES, NEW, Document, read_yaml

EVERY_FIELD = "hashlease new writes a scenario with every field explained"
Model = TypeVar("Model", bound=BaseModel)

SHIPPED = Path(__file__).parent
STARTER = SHIPPED / "starter.yaml"

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".xltx", ".ods")


def load(path: str | Path, overrides: str | Iterable[str] = (), strict: bool = False) -> Scenario:
    """The scenario in a YAML file or an Excel workbook, or a shipped one by its bare name ("rockdale").

    overrides: assignments such as "market.hashprice.multiplier=1.2" or "leases.*.escalator_per_year=0.02"; one of them or several.
    strict: what would be a note becomes a problem (a figure without a source is no note), and so do formulas of a workbook.
    Raises InputError with every problem found.
    """
    file = locate(path)
    assignments = (overrides,) if isinstance(overrides, str) else tuple(overrides)
    document = _read(file)
    scenario = validate(apply_overrides(document, assignments), file.parent)
    scenario.read_from(Origin(file.name, assignments))
    notes = [*document.notes, *scenario.warnings()] if strict else []
    if notes:
        raise InputError([Problem(str(file), "", note, "no notes (--strict)") for note in notes])
    return scenario


def _read(file: Path) -> Document:
    """A file as a document: a workbook if its content or its name says so, otherwise YAML."""
    content = _workbook_content(file)
    if content is None:
        return read_yaml(file, shipped_names())
    from .workbook.reader import read_workbook

    return read_workbook(file, content)


def _workbook_content(file: Path) -> bytes | None:
    """The bytes of a workbook; None for any other file, and for what cannot be read, which the reader of YAML tells."""
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_BYTES:
            return None
        with file.open("rb") as stream:
            begins = stream.read(len(EXCEL_97))
        is_workbook = begins.startswith((ZIP, EXCEL_97)) or file.suffix.lower() in WORKBOOKS
        return file.read_bytes() if is_workbook else None
    except (OSError, ValueError):
        return None


def locate(path: str | Path) -> Path:
    """The file itself, or the shipped scenario of that name where there is no such file (a folder is not one)."""
    given = Path(path)
    shipped = SHIPPED / f"{given.name.removesuffix('.yaml')}.yaml"
    if len(given.parts) == 1 and shipped in SHIPPED.glob("*.yaml") and (given.is_dir() or not given.exists()):
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
        raise InputError([Problem(document.where(()), "", shown(document.data), "a scenario (a table of fields)", NEW)])
    named = {"name": _default_name(document), **document.data}
    return read_as(Scenario, document, folder, named)


def read_as(
    model: type[Model], document: Document, folder: Path, data: dict[str, Any] | None = None, allowed_file: str = ""
) -> Model:
    """The document, or other data that it has the lines of, as a model; files it names are looked for in the folder.

    allowed_file: what such a file may be, where that is not a file of a scenario. Raises InputError with every problem found.
    """
    context = {"folder": str(folder), **({"allowed_file": allowed_file} if allowed_file else {})}
    try:
        found = model.model_validate(document.data if data is None else data, context=context)
    except ValidationError as fault:
        raise _input_error(document, fault.errors(include_url=False), model) from None
    if document.faults or document.refused:
        raise _input_error(document, [], model)
    return found


def _default_name(document: Document) -> str:
    return Path(document.name).stem[:LONGEST].strip() or "scenario"


# --- every problem of a document -----------------------------------------------------------------------------------------


def _input_error(document: Document, errors: list[Any], root: type[BaseModel]) -> InputError:
    """What could not be set, then what reading and validating found, in the order of the file.

    A value that could not be read is reported once, not again as missing. Only the problems that are described are put
    into words, so that a file with a hundred thousand of them takes no time.
    """
    places = (_spot(error["loc"], document.data, root).place for error in errors)
    in_order = sorted((document.line(place), number) for number, place in enumerate(places) if not document.is_unread(place))
    faults: list[Fault] = []
    for _, number in in_order[:MOST_DESCRIBED]:
        faults += _faults(errors[number], _spot(errors[number]["loc"], document.data, root), document.data)
    whole = any(error["type"] == "refused_many" and not error["loc"] for error in errors)
    if root is Scenario and len(in_order) < MOST_DESCRIBED and not whole:
        faults += _name_faults(document.data)
    found = [(document.line(fault.place), document.problem(fault)) for fault in faults]
    found += document.reading_problems(MOST_DESCRIBED)
    in_file = (problem for _, problem in sorted(found, key=lambda entry: entry[0]))
    problems = list(dict.fromkeys([*document.refused, *in_file]))
    more = sum(max(len(every) - MOST_DESCRIBED, 0) for every in (in_order, document.faults, problems))
    return InputError(problems[:MOST_DESCRIBED], more)


def _name_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """Names and references of data that did not validate, so that they are reported together with the rest."""
    power = data.get("power")
    tables = {"zones": power.get("zones") if isinstance(power, dict) else None}
    tables |= {table: data.get(table) for table in ("sites", "fleets", "leases", "machine_offers", "machine_moves", "rules")}
    rows = {table: [_names(row) for row in found] if isinstance(found, list) else [] for table, found in tables.items()}
    yield from name_faults(rows)


def _names(row: Any) -> dict[str, Any]:
    """The name and the references of a row, as far as they are text."""
    if not isinstance(row, dict):
        return {}
    return {field: composed(text) for field in ("name", "site", "zone") if isinstance(text := row.get(field), str)}


# --- where pydantic found an error ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Spot:
    """A place in the data; the model that has (or lacks) its last part as a field; the members if its value is a union.

    root: the model of the whole.
    """

    root: type[BaseModel]
    place: Place
    holder: type[BaseModel] | None
    members: tuple[type[BaseModel], ...]

    @property
    def name(self) -> str:
        return str(self.place[-1]) if self.place else ""


def _spot(location: tuple[str | int, ...], data: Any, root: type[BaseModel]) -> _Spot:
    """Pydantic's location without the names of union members, which are not in the data."""
    place: list[str | int] = []
    holder: type[BaseModel] | None = None
    models: tuple[type[BaseModel], ...] = (root,)
    for part in location:
        if isinstance(part, int):
            place.append(part)
        elif len(models) > 1:
            models = tuple(model for model in models if _is_member(model, part))
        elif part != "[key]":
            place.append(part)
            holder = models[0] if models else None
            models = _models_of(holder, part)
    return _Spot(root, _inside(tuple(place), data), holder, models)


def _inside(place: Place, data: Any) -> Place:
    """The part of a place that the data holds, and one missing field beyond."""
    for at, part in enumerate(place):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return place[:at]
    return place


def _is_member(model: type[BaseModel], tag: str) -> bool:
    """Whether the model is the member of a union with that tag: its kind, or the field that its form begins with."""
    kinds = _kinds(model)
    return tag in kinds if kinds else tag in model.model_fields


@cache
def _kinds(model: type[BaseModel]) -> list[str]:
    kind = model.model_fields.get("kind")
    return [] if kind is None else list(get_args(kind.annotation))


def _models_of(model: type[BaseModel] | None, written: str) -> tuple[type[BaseModel], ...]:
    """The models that a field of a model holds; `written` as in a file."""
    return () if model is None else _models_by_field(model).get(written, ())


@cache
def _models_by_field(model: type[BaseModel]) -> dict[str, tuple[type[BaseModel], ...]]:
    return {field.alias or name: tuple(_models_in(field.annotation)) for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models inside an annotation: in lists, unions and named types."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in (getattr(annotation, "__value__", None), *get_args(annotation)):
        yield from _models_in(inner) if inner is not None else ()


def _fields(model: type[BaseModel] | None) -> list[str]:
    """The fields of a model as they are written in a file; `sources`, which every table has, comes last."""
    written = [] if model is None else list(_models_by_field(model))
    return sorted(written, key=lambda name: name == "sources")


# --- in plain words --------------------------------------------------------------------------------------------------------


def _faults(error: Any, spot: _Spot, data: Any) -> Iterator[Fault]:
    """One of pydantic's errors as faults at places of the data."""
    context = error.get("ctx") or {}
    if error["type"] == "refused_many":
        for fault in context["faults"]:
            place = _inside((*spot.place, *fault.place), data)
            yield Fault(place, fault.found, fault.allowed, fault.hint)
    elif error["type"] == "refused":
        place = (*spot.place, context["field"]) if context["field"] else spot.place
        yield Fault(place, context["found"], context["allowed"], context["hint"])
    elif error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        yield _unknown_kind(error, spot, data)
    else:
        yield Fault(spot.place, *_plain_words(error, context, spot))


def _unknown_kind(error: Any, spot: _Spot, data: Any) -> Fault:
    kinds = [kind for model in spot.members for kind in _kinds(model)]
    kind = error["input"].get("kind") if isinstance(error["input"], dict) else None
    found = "no kind" if kind is None else f"kind: {shown(kind)}"
    hint = nearest(kind, kinds) if isinstance(kind, str) else ""
    return Fault(_inside((*spot.place, "kind"), data), found, f"kind: {_either(kinds)}", hint)


def _plain_words(error: Any, context: dict[str, Any], spot: _Spot) -> tuple[str, str, str]:
    """(found, allowed, hint) of one of pydantic's own error types."""
    kind, value = error["type"], error["input"]
    if kind == "missing":
        return "nothing", _allowed_in(spot), EVERY_FIELD if spot.root is Scenario else ""
    if kind == "extra_forbidden":
        known = _fields(spot.holder)
        return f"the unknown field {spot.name}", f"one of: {listed(known)}", nearest(spot.name, known)
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "")
        hint = nearest(value, allowed.replace(" or ", ", ").split(", ")) if isinstance(value, str) else ""
        return shown(value), allowed, hint
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return shown(value), _table_of(spot), ""
    if kind in ("tuple_type", "list_type"):
        return shown(value), "a list (one entry a line, each beginning with -)", ""
    if kind == "string_type":
        return shown(value), "text", "" if isinstance(value, dict | list) or value is None else "put it in quotes"
    if kind in ("string_too_short", "string_too_long"):
        return f"{len(value):,} characters", error["msg"].removeprefix("String should have "), ""
    if kind.startswith("bool"):
        return shown(value), "true or false", ""
    return shown(value), error["msg"], ""


def _allowed_in(spot: _Spot) -> str:
    """What belongs into a field that is missing."""
    fields = spot.holder.model_fields.items() if spot.holder is not None else []
    field = next((field for name, field in fields if (field.alias or name) == spot.name), None)
    quantity = next((found for found in field.metadata if isinstance(found, Quantity)), None) if field is not None else None
    if quantity is not None and not spot.members:
        return f"the field {spot.name}: {quantity.allowed}"
    choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)] if field is not None else []
    return f"the field {spot.name}: {_either(choices)}" if choices else f"the field {spot.name}"


def _table_of(spot: _Spot) -> str:
    kinds = [kind for model in spot.members for kind in _kinds(model)]
    if kinds:
        return f"a table of fields with kind: {_either(kinds)}"
    return f"a table with the fields {listed(_fields(spot.members[0]))}" if len(spot.members) == 1 else "a table of fields"


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
