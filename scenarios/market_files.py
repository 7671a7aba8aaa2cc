"""The network's months from a user's CSV files, with every problem in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic_core import PydanticCustomError

from ..errors import InputError, Problem
from ..feeds.cache import cache_folder, origin_of
from ..models.network import NetworkMonths
from ..models.network_files import NetworkFile, read_network
from ..models.quantities import FEES_FRACTION
from ..models.refusal import listed, nearest
from .load import SHIPPED, read_as
from .yaml_reader import Document

FETCHED = ("mempool",)
"""Tables that hashlease fetch puts into the cache."""


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
    fetched = [_fetched(path) for path in paths]
    header = {column for file in read for column in file.header}
    absent = [
        Problem("--column", name, f'no column "{column}"', f"one of: {listed(sorted(header))}", nearest(column, header))
        for name, column in (columns or {}).items()
        if column not in header
    ]
    if absent:
        raise InputError(absent)
    try:
        network = read_network(read, fees)
        return replace(network, notes=(*network.notes, *filter(None, fetched)))
    except PydanticCustomError as fault:
        raise _problem(", ".join(map(str, paths)), fault) from None


def locate(file: str | Path) -> Path:
    """The file itself; where there is none, the shipped table of that name ("published") or the one fetched ("mempool")."""
    given = Path(file)
    if len(given.parts) != 1 or given.exists():
        return given
    named = (folder / f"{given.name}.csv" for folder in (SHIPPED, cache_folder()))
    found = next((table.resolve() for table in named if table.is_file()), None)
    if found is None and given.name in FETCHED:
        found_words, allowed = "a public series that has not been fetched yet", "a series in the cache, or a CSV file"
        raise InputError([Problem(given.name, "", found_words, allowed, f"hashlease fetch {given.name} (needs a network, once)")])
    return found or given


def _fetched(path: Path) -> str:
    """Where a fetched file came from and when; empty for any other file."""
    origin = origin_of(path)
    return "" if origin is None else f"{path.name}: fetched on {origin.fetched} from {origin.address}"


def is_table(name: str) -> bool:
    """Whether an argument names a CSV file rather than a scenario."""
    return locate(name).suffix.lower() == ".csv"


def _read(path: Path, columns: dict[str, str]) -> NetworkFile:
    document = Document(str(path), {"file": path.name, "columns": columns}, {})
    return read_as(NetworkFile, document, path.parent, allowed_file="a CSV file of the network")


def _problem(where: str, fault: PydanticCustomError) -> InputError:
    context = fault.context or {}
    return InputError([Problem(where, "", context["found"], context["allowed"], context["hint"])])
