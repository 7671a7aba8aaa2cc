"""Which sheets a workbook has and which columns: made from the models, so that a new field has its column at once.

A form (General, Market) holds one field a row. A table (Sites, Fleets, Leases, Machines, Moves, Rules, Power) holds one item a row;
fields of the tables inside an item are columns with points in their names (`start_window.earliest`). Lists inside an item are
sheets of their own (Ramps, Expansions, Blocks, Extensions, Phases, Spending, Terminations, Delays), whose first column names the
item. Paths, Prices, Shapes, Budget and Sources hold what has no place in a row.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator

from ...models.asics import ASICS
from ...models.cash import Cash
from ...models.finance import Finance
from ...models.lease import Spending
from ...models.months import Month
from ...models.names import check_name
from ...models.path import AnchorPath, CsvPath, FlatPath, GrowthPath, MonthlyPath
from ...models.power import FixedBlock
from ...models.quantities import Quantity
from ...models.scenario import Scenario
from ...models.site import RampStep
from ...models.sources import Sourced

Fields = tuple[str, ...]
"""Fields as written in a file, from the outer to the inner one."""

UNIT = "unit"
"""What the second row of a table begins with."""
NOTES = "Notes"
"""A sheet whose name begins so is for people; it is not read."""
PATHS, PRICES, SHAPES, BUDGET, SOURCES = "Paths", "Prices", "Shapes", "Budget", "Sources"
BUDGET_FIELDS: dict[str, Fields] = {
    "usd": ("capex_budget_usd",),
    "cumulative_usd": ("cumulative_capex_budget_usd",),
    "raised_usd": ("cash", "raised_usd"),
    "cash_floor_usd": ("cash", "floor_usd"),
}
"""Columns of Budget, by the field of finance that they hold."""
SHARE = "share"
"""The row of a shape that holds the share of the hours of each band."""
CLOCK_HOURS = 24

_TABLES: dict[Fields, str] = {("power", "zones"): "Power", ("machine_offers",): "Machines", ("machine_moves",): "Moves"}
_LISTS: dict[type[BaseModel], str] = {RampStep: "Ramps", FixedBlock: "Blocks", Spending: "Spending"}
_ITEMS = {
    "sites": "site",
    "fleets": "fleet",
    "leases": "lease",
    "rules": "rule",
    "zones": "zone",
    "machine_offers": "machines",
    "machine_moves": "move",
}
_SUGGESTED: dict[Fields, tuple[str, ...]] = {("asic",): tuple(ASICS)}
_REFERENCES = {"site": "Sites", "zone": "Power", "lease": "Leases", "requires": "Leases", "fleet": "Fleets"}


class Kind(Enum):
    """What a cell may hold."""

    NUMBER = "number"
    PATH = "a number for the same in every month, or the name of a path"
    RAMP = "a number that always holds, or nothing and rows on Ramps"
    TEXT = "text"
    NAME = "a name of 1 to 64 characters"
    CHOICE = "choice"
    FLAG = "TRUE or FALSE"
    MONTH = "a month (YYYY-MM)"
    DAY = "a day (YYYY-MM-DD)"
    YEAR = "a calendar year"


@dataclass(frozen=True)
class Column:
    """One field: of an item in a table, or a row of a form. `of` are the kinds of the item that have it; empty for all."""

    place: Fields
    kind: Kind
    quantity: Quantity | None = None
    choices: tuple[Any, ...] = ()
    required: bool = False
    default: str = ""
    of: tuple[str, ...] = ()
    reference: str = ""
    within: str = ""
    """The table that may be left out with this field in it."""

    @property
    def header(self) -> str:
        return ".".join(self.place)

    @property
    def allowed(self) -> str:
        """What the cell may hold, with unit and bounds."""
        if self.kind is Kind.CHOICE:
            return " or ".join(map(str, self.choices))
        if self.quantity is None:
            return f"a name on {self.reference}" if self.reference else self.kind.value
        return self.quantity.allowed if self.kind is Kind.NUMBER else f"{self.quantity.allowed}; {self.kind.value}"

    @property
    def unit(self) -> str:
        return self.quantity.unit if self.quantity is not None else self.allowed

    @property
    def note(self) -> str:
        """Whether the cell may be empty, and for which kinds it is."""
        parts = [f"For kind {' or '.join(self.of)}."] if self.of else []
        if self.required:
            parts.append(f"Required where {self.within} is given." if self.within else "Required.")
        else:
            parts.append(f"Empty: {self.default}." if self.default else "May be empty.")
        return " ".join(parts)


@dataclass(frozen=True)
class Sheet:
    """A form or a table. `place` leads to the list of items (a form has none: its columns are whole places).

    parent: of a list inside items, the sheet of those items, and `lists`, the fields that hold it there. sourced: the tables of an
    item that carry sources.
    """

    name: str
    place: Fields
    columns: tuple[Column, ...]
    sourced: tuple[Fields, ...] = ()
    parent: str = ""
    lists: tuple[Fields, ...] = ()

    @property
    def is_form(self) -> bool:
        return not self.place and not self.parent

    @property
    def key(self) -> str:
        """Header of the column that names the parent."""
        return self.columns[0].header


@dataclass(frozen=True)
class _List:
    """A list of tables inside an item."""

    place: Fields
    model: type[BaseModel]


@cache
def sheets() -> tuple[Sheet, ...]:
    """Every form and table, in the order of the workbook; lists come after the tables that hold them."""
    found: list[Any] = [part for part in _walk(Scenario, (), ()) if isinstance(part, Column | _List)]
    columns = [part for part in found if isinstance(part, Column)]
    sourced = _sourced(Scenario, ())
    market = tuple(column for column in columns if column.place[0] == "market")
    general = tuple(column for column in columns if column.place[0] != "market")
    made = [
        Sheet("General", (), general, tuple(place for place in sourced if place[0] != "market")),
        Sheet("Market", (), market, tuple(place for place in sourced if place[0] == "market")),
    ]
    lists: list[Sheet] = []
    for table in (part for part in found if isinstance(part, _List)):
        name = _TABLES.get(table.place, table.place[-1].capitalize())
        parts = list(_walk(table.model, (), ()))
        own = tuple(part for part in parts if isinstance(part, Column))
        made.append(Sheet(name, table.place, own, tuple(_sourced(table.model, ()))))
        inside = [part for part in parts if isinstance(part, _List)]
        for model in dict.fromkeys(part.model for part in inside):
            fields = tuple(part.place for part in inside if part.model is model)
            lists.append(_list_sheet(name, table.place[-1], model, fields))
    order = ["General", "Market", "Power", "Sites", "Fleets", "Leases", "Machines", "Moves", "Rules"]
    made.sort(key=lambda sheet: order.index(sheet.name) if sheet.name in order else len(order))
    return (*made, *lists)


def _list_sheet(parent: str, table: str, model: type[BaseModel], fields: tuple[Fields, ...]) -> Sheet:
    key = Column((_ITEMS.get(table, table),), Kind.NAME, required=True, reference=parent)
    which = Column(("field",), Kind.CHOICE, choices=tuple(".".join(field) for field in fields), required=True)
    own = tuple(part for part in _walk(model, (), ()) if isinstance(part, Column))
    first = (key, which) if len(fields) > 1 else (key,)
    name = _LISTS.get(model, f"{model.__name__}s")
    return Sheet(name, (), (*first, *own), tuple(_sourced(model, ())), parent, fields)


@cache
def sheet(name: str) -> Sheet:
    return next(found for found in sheets() if found.name == name)


@cache
def path_columns() -> tuple[Column, ...]:
    """Columns of Paths: the name, and the fields of every form of a path but the values on Prices."""
    found: dict[Fields, Column] = {}
    for model in (FlatPath, GrowthPath, AnchorPath, CsvPath):
        for part in _walk(model, (), ()):
            if isinstance(part, Column):
                found.setdefault(part.place, part)
    loose = [Column(c.place, c.kind, c.quantity, c.choices) for c in found.values() if c.place != ("flat",)]
    return (Column(("name",), Kind.NAME, required=True), *loose)


@cache
def budget_columns() -> tuple[Column, ...]:
    """Columns of Budget: the year, its own budget, that of all years up to its end, what is raised in it, and its floor of cash."""
    amounts = []
    for header, (*tables, field) in BUDGET_FIELDS.items():
        _, amount = get_args((Cash if tables else Finance).model_fields[str(field)].annotation)
        quantity = next(meta for meta in get_args(amount) if isinstance(meta, Quantity))
        amounts.append(Column((header,), Kind.NUMBER, quantity))
    return (Column(("year",), Kind.YEAR, required=True), *amounts)


SOURCE_COLUMNS = (
    Column(("sheet",), Kind.CHOICE, required=True),
    Column(("item",), Kind.NAME),
    Column(("field",), Kind.TEXT, required=True),
    Column(("source",), Kind.TEXT, required=True),
)


# --- from the models -----------------------------------------------------------------------------------------------------


def _walk(model: type[BaseModel], above: Fields, of: Fields) -> Iterator[Column | _List]:
    """Columns and lists of a model; the tables inside it are flattened."""
    for name, field in model.model_fields.items():
        place = (*above, field.alias or name)
        members = [(base, (*meta, *field.metadata)) for base, meta in _members(field.annotation)]
        tables = [base for base, _ in members if isinstance(base, type) and issubclass(base, BaseModel)]
        if tables:
            yield from _merged(tables, place, of, optional=not field.is_required())
            continue
        for base, meta in members:
            if (row := _row_model(base)) is not None:
                yield _List(place, row)
                if row is RampStep:
                    yield Column(place, Kind.RAMP, _quantity_of(RampStep, "mw_total"), of=of)
            elif (kind := _kind(base, meta)) is not None:
                quantity = next((part for part in meta if isinstance(part, Quantity)), None)
                choices = get_args(base) if kind is Kind.CHOICE else _SUGGESTED.get(place, ())
                default = "" if field.is_required() else _default(field.get_default(call_default_factory=True))
                reference = _REFERENCES.get(place[-1], "") if kind is Kind.NAME else ""
                yield Column(place, kind, quantity, choices, field.is_required(), default, of, reference)


def _merged(tables: list[type[BaseModel]], place: Fields, of: Fields, optional: bool) -> Iterator[Column | _List]:
    """The fields of a table, or of all kinds that it may have; a field of several kinds is one column."""
    kinds = {table: get_args(table.model_fields["kind"].annotation) for table in tables if "kind" in table.model_fields}
    found: dict[tuple[Fields, Any], list[tuple[str, Column | _List]]] = {}
    for table in tables:
        for part in _walk(table, place, of):
            found.setdefault((part.place, getattr(part, "kind", None)), []).append((*kinds.get(table, ("",)), part)[:2])
    for parts in found.values():
        first = parts[0][1]
        if optional and isinstance(first, Column):
            first = replace(first, within=first.within or ".".join(place))
        if len(tables) == 1 or not isinstance(first, Column):
            yield first
            continue
        columns = [part for _, part in parts if isinstance(part, Column)]
        choices = tuple(dict.fromkeys(choice for column in columns for choice in column.choices))
        needed = all(column.required for column in columns)
        which = of if len(columns) == len(tables) else tuple(kind for kind, _ in parts)
        yield replace(first, choices=choices, required=needed, of=which)


def _sourced(model: type[BaseModel], above: Fields) -> list[Fields]:
    """Places below a model that carry sources, without those inside lists."""
    found = [above] if issubclass(model, Sourced) else []
    for name, field in model.model_fields.items():
        for base, _ in _members(field.annotation):
            if isinstance(base, type) and issubclass(base, BaseModel):
                found += _sourced(base, (*above, field.alias or name))
    return list(dict.fromkeys(found))


def _members(annotation: Any, meta: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """What an annotation allows beside None, each with its metadata."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        yield from _members(inner, (*meta, *more))
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member, meta)
    elif annotation is not type(None):
        yield annotation, meta


def _row_model(base: Any) -> type[BaseModel] | None:
    """The model of the rows of a list."""
    inner = next((member for member, _ in _members(get_args(base)[0])), None) if get_origin(base) is tuple else None
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _kind(base: Any, meta: tuple[Any, ...]) -> Kind | None:
    """What a cell of the field may hold; None for lists of numbers and for tables by key."""
    if get_origin(base) is Literal:
        return Kind.CHOICE
    if base is str:
        named = any(isinstance(part, BeforeValidator) and part.func is check_name for part in meta)
        return Kind.NAME if named else Kind.TEXT
    if base is int and not any(isinstance(part, Quantity) for part in meta):
        return Kind.YEAR
    simple = {MonthlyPath: Kind.PATH, bool: Kind.FLAG, Month: Kind.MONTH, date: Kind.DAY, int: Kind.NUMBER, float: Kind.NUMBER}
    return simple.get(base) if get_origin(base) is None else None


def _quantity_of(model: type[BaseModel], field: str) -> Quantity | None:
    return next((part for part in model.model_fields[field].metadata if isinstance(part, Quantity)), None)


def _default(value: Any) -> str:
    """A default as a person would write it; empty where it says no more than that there is none."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, BaseModel | dict | tuple) or value in (None, ""):
        return ""
    return str(value)
