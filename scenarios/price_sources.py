"""Price files that are looked at before a scenario uses them: ERCOT's own, and CSV or Parquet with stated columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

from pydantic import PrivateAttr, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from ..errors import InputError, Problem
from ..models.ercot_files import CENTRAL, is_ercot, read_ercot
from ..models.files import locate_input
from ..models.price_files import PriceColumns, Resolution, Rows, read_rows
from ..models.price_report import PriceReport
from ..models.refusal import listed, nearest
from .load import read_as
from .yaml_reader import Document

PRICE_FILE = "a file of prices"


class LookedAt(PriceColumns):
    """A price file whose rows are read as they stand: gaps, duplicates and rows without a price are found, not refused."""

    _rows: Rows | None = PrivateAttr(default=None)
    _without_price: list[int] = PrivateAttr(default=[])

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> LookedAt:
        self._without_price = []
        self._rows = read_rows(self, info, self._without_price)
        return self

    @property
    def rows(self) -> Rows:
        assert self._rows is not None
        return self._rows

    @property
    def without_price(self) -> int:
        return len(self._without_price)


@dataclass(frozen=True)
class Prices:
    """What price files hold. kind: in words. reports: by settlement point, service or column."""

    kind: str
    files: tuple[str, ...]
    reports: dict[str, PriceReport]


def price_reports(
    files: Sequence[str | Path], points: Sequence[str] = (), columns: dict[str, Any] | None = None, time_zone: str = CENTRAL
) -> Prices:
    """Every series of ERCOT's files, or of one CSV or Parquet file whose columns are stated.

    points: settlement points or services of ERCOT's files; all of them if empty. columns: fields of `PriceColumns`.
    time_zone: whose days and years the report counts. Raises InputError.
    """
    paths = [Path(file) for file in files]
    if columns:
        return _of_columns(paths, columns, time_zone)
    contents = [(path, _content(path)) for path in paths]
    for path, content in contents:
        _refuse_strange(path, content)
    try:
        found = read_ercot([(path.name, content) for path, content in contents], points)
    except PydanticCustomError as fault:
        raise _input_error(", ".join(map(str, paths)), fault) from None
    absent = [point for point in points if point not in found.series]
    if absent or not found.series:
        raise InputError([_no_such_point(point, paths, points) for point in absent] or [_nothing(paths)])
    reports = {
        point: PriceReport.of(point, series.rows, found.step_minutes, CENTRAL, True, found.unit)
        for point, series in found.series.items()
    }
    return Prices(f"ERCOT {found.kind}", found.files, reports)


def _of_columns(paths: list[Path], columns: dict[str, Any], time_zone: str) -> Prices:
    if len(paths) > 1:
        raise InputError([Problem("prices", "", f"{len(paths)} files with stated columns", "one file", "or ERCOT's own files")])
    (path,) = paths
    document = Document(str(path), {"file": path.name, **columns}, {})
    looked_at = read_as(LookedAt, document, path.parent, allowed_file=PRICE_FILE)
    rows = looked_at.rows
    if not len(rows.minute):
        raise InputError([Problem(str(path), "price_column", "no row with a price", "at least one price")])
    ends = looked_at.convention == "hour_ending"
    name = looked_at.price_column
    zone = looked_at.file_time_zone or time_zone
    report = PriceReport.of(name, rows, looked_at.resolution_minutes, zone, ends, without_price=looked_at.without_price)
    if report.usual_minutes != report.step_minutes:
        found = f"rows every {report.usual_minutes} minutes"
        hint = f"--resolution {report.usual_minutes}" if report.usual_minutes in get_args(Resolution) else ""
        raise InputError([Problem(str(path), "resolution_minutes", found, f"rows every {report.step_minutes} minutes", hint)])
    return Prices(f"{path.suffix.lstrip('.')} file", (path.name,), {name: report})


def _content(path: Path) -> bytes:
    """The bytes of a regular file of bounded size, wherever it is."""
    if path.is_dir():
        raise InputError([Problem(str(path), "", "a folder", PRICE_FILE)])
    info: Any = SimpleNamespace(context={"folder": str(path.parent), "allowed_file": PRICE_FILE})
    try:
        return locate_input(path.name, "file", info).read_bytes()
    except PydanticCustomError as fault:
        raise _input_error(str(path), fault) from None
    except OSError as fault:
        raise InputError([Problem(str(path), "", fault.strerror or "a file that cannot be read", "a file")]) from None


def _refuse_strange(path: Path, content: bytes) -> None:
    """A file that is not one of ERCOT's needs its columns stated; nothing is guessed."""
    hint = "--time-column, --price-column, --times-are and --convention state the columns of any other file"
    allowed = "one of ERCOT's price files"
    if content.startswith(b"PAR1"):
        raise InputError([Problem(str(path), "", "a Parquet file without stated columns", "stated columns", hint)])
    try:
        known = is_ercot(path.name, content)
    except PydanticCustomError as fault:
        raise _input_error(str(path), fault) from None
    if not known:
        raise InputError([Problem(str(path), "", "a header without delivery date, hour and price", allowed, hint)])


def _no_such_point(point: str, paths: list[Path], points: Sequence[str]) -> Problem:
    every = read_ercot([(path.name, _content(path)) for path in paths])
    known = list(every.series)
    return Problem(
        ", ".join(map(str, paths)), "--point", f'no prices of "{point}"', f"one of: {listed(known)}", nearest(point, known)
    )


def _nothing(paths: list[Path]) -> Problem:
    return Problem(", ".join(map(str, paths)), "", "no row with a price", "at least one price")


def _input_error(where: str, fault: PydanticCustomError) -> InputError:
    context = fault.context or {}
    if fault.type == "refused_many":
        return InputError([Problem(where, "", one.found, one.allowed, one.hint) for one in context["faults"]])
    return InputError([Problem(where, "", context["found"], context["allowed"], context["hint"])])
