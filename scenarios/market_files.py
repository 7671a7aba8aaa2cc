"""The network's months from a user's CSV files, with every problem in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic_core import PydanticCustomError

from ..errors import InputError, Problem
from ..models.network import NetworkMonths
from ..models.network_files import NetworkFile, read_network
from ..models.quantities import FEES_FRACTION
from ..models.refusal import listed, nearest
from .load import SHIPPED, read_as
from .yaml_reader import Document


def network_months(
    files: Sequence[str | Path], columns: Mapping[str, str] | None = None, fees_fraction_of_subsidy: float | None = None
) -> NetworkMonths:
    """The months of CSV files, joined (models/network_files.py).

    columns: the column of each field that is named otherwise in the files; each file takes those that it has.
    fees_fraction_of_subsidy: transaction fees where no file gives them. Raises InputError with every problem of a file.
    """
    paths = [locate(file) for file in files]
    try:
        fees = None if fees_fraction_of_subsidy is None else FEES_FRACTION.check(fees_fraction_of_subsidy)
    except PydanticCustomError as fault:
        raise _problem("--fees", fault) from None
    read = [_read(path, dict(columns or {})) for path in paths]
    header = {column for file in read for column in file.header}
    absent = [
        Problem("--column", name, f'no column "{column}"', f"one of: {listed(sorted(header))}", nearest(column, header))
        for name, column in (columns or {}).items()
        if column not in header
    ]
    if absent:
        raise InputError(absent)
    try:
        return read_network(read, fees)
    except PydanticCustomError as fault:
        raise _problem(", ".join(map(str, paths)), fault) from None


def locate(file: str | Path) -> Path:
    """The file itself, or the shipped table of that name ("published") where there is no such file."""
    given = Path(file)
    shipped = SHIPPED / f"{given.name}.csv"
    return shipped.resolve() if len(given.parts) == 1 and shipped.is_file() and not given.exists() else given


def is_table(name: str) -> bool:
    """Whether an argument names a CSV file rather than a scenario."""
    return locate(name).suffix.lower() == ".csv"


def _read(path: Path, columns: dict[str, str]) -> NetworkFile:
    document = Document(str(path), {"file": path.name, "columns": columns}, {})
    return read_as(NetworkFile, document, path.parent)


def _problem(where: str, fault: PydanticCustomError) -> InputError:
    context = fault.context or {}
    return InputError([Problem(where, "", context["found"], context["allowed"], context["hint"])])
