"""A table that grows row by row, as CSV or Parquet, and is whole whenever it stops.

Rows go to a file beside the target; `close` puts it in the target's place, complete or not, so that a reader never sees half a row.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ..errors import InputError, OutputError, Problem
from .tables import safe_cell

ROWS_OF_A_GROUP = 5_000


class GrowingTable(Protocol):
    """What `open_table` returns."""

    def add(self, row: Mapping[str, Any]) -> None:
        """One more row; the first one names the columns."""

    def close(self) -> None:
        """Put the table in its place."""

    def discard(self) -> None:
        """Leave the target as it was."""


def open_table(target: Path) -> GrowingTable:
    """A growing table for a target that ends in .csv or .parquet. Raises InputError for another ending or without pyarrow."""
    if target.suffix == ".csv":
        return _Csv(target)
    if target.suffix == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise InputError(
                [Problem(str(target), "", "a Parquet file without pyarrow", "a .csv file", "or pip install 'hashlease[parquet]'")]
            ) from None
        return _Parquet(target)
    raise InputError([Problem(str(target), "", f'the ending "{target.suffix}"', ".csv or .parquet")])


class _Beside:
    """The file beside the target."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.beside = target.with_name(f".{target.name}.{os.getpid()}.part")

    def _replace(self) -> None:
        try:
            self.beside.replace(self.target)
        except OSError as fault:
            raise OutputError(str(self.target), fault) from None

    def _remove(self) -> None:
        self.beside.unlink(missing_ok=True)


class _Csv(_Beside):
    def __init__(self, target: Path) -> None:
        super().__init__(target)
        try:
            self._stream = self.beside.open("w", encoding="utf-8", newline="")
        except OSError as fault:
            raise OutputError(str(target), fault) from None
        self._writer: Any = csv.writer(self._stream, lineterminator="\r\n")
        self._columns: list[str] = []

    def add(self, row: Mapping[str, Any]) -> None:
        try:
            if not self._columns:
                self._columns = list(row)
                self._writer.writerow(self._columns)
            self._writer.writerow([safe_cell(row[column]) for column in self._columns])
        except OSError as fault:
            raise OutputError(str(self.target), fault) from None

    def close(self) -> None:
        try:
            self._stream.close()
        except OSError as fault:
            raise OutputError(str(self.target), fault) from None
        self._replace()

    def discard(self) -> None:
        self._stream.close()
        self._remove()


class _Parquet(_Beside):
    """Rows are written in groups; the types of the columns are those of the first group, numbers where a column is empty there."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self._rows: list[dict[str, Any]] = []
        self._writer: Any = None

    def add(self, row: Mapping[str, Any]) -> None:
        self._rows.append(dict(row))
        if len(self._rows) >= ROWS_OF_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as arrow
        from pyarrow import parquet

        if not self._rows and self._writer is not None:
            return
        columns = list(self._rows[0]) if self._rows else []
        if self._writer is None:
            types = {column: _type(arrow, [row[column] for row in self._rows]) for column in columns}
            self._writer = parquet.ParquetWriter(self.beside, arrow.schema(list(types.items())))
        schema = self._writer.schema
        self._writer.write_table(arrow.table({name: [row[name] for row in self._rows] for name in schema.names}, schema=schema))
        self._rows = []

    def close(self) -> None:
        try:
            self._flush()
            self._writer.close()
        except OSError as fault:
            raise OutputError(str(self.target), fault) from None
        self._replace()

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._remove()


def _type(arrow: Any, values: list[Any]) -> Any:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return arrow.bool_()
    return arrow.float64() if kinds <= {int, float} and bool not in kinds else arrow.string()
