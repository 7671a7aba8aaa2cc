"""Reading the files a scenario names: only regular files beside or below the scenario, of bounded size, and CSV without guesses."""

from __future__ import annotations

import csv
import io
import math
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from .names import composed
from .quantities import hint_on_text
from .refusal import Fault, listed, nearest, refusal, refusals, shortened

LARGEST_BYTES = 100_000_000
ZIP = b"PK\x03\x04"
"""How a ZIP archive begins, and with it a workbook."""
MOST_ROWS = 530_000
"""60 years of hours, 15 of quarter hours, 5 of five-minute steps."""
LONGEST_CELL, LONGEST_LINE, MOST_COLUMNS = 32_767, 1_000_000, 500
SHOWN = 5
"""Faulty rows named in a message; the rest is counted."""
MOST_FAULTY_ROWS = 1_000
"""A file with more faulty rows has one cause; reading stops."""


def locate_input(name: str, field: str, info: ValidationInfo) -> Path:
    """The file that a field names, relative to the scenario's folder (`folder` in the validation context).

    `allowed_file` in the context says what it may be, where that is not a file of a scenario. Absolute paths, paths that leave the
    folder, links, devices, pipes and files above 100 MB are refused.
    """
    folder = Path((info.context or {}).get("folder", "."))
    allowed = (info.context or {}).get("allowed_file", "a file beside or below the scenario")
    if not name or "\x00" in name or "\\" in name or Path(name).is_absolute() or ":" in name:
        raise refusal(f'the file name "{shortened(name)}"', allowed, "use a relative name with forward slashes", field)
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        status = os.lstat(path) if inside else None
    except FileNotFoundError:
        raise refusal(f'"{name}", which does not exist', allowed, nearest(path.name, names_beside(path)), field) from None
    except (OSError, RuntimeError) as fault:
        found = getattr(fault, "strerror", None) or "which cannot be followed"
        raise refusal(f'"{shortened(name)}": {found}', allowed, field=field) from None
    if status is None:
        raise refusal(f'"{name}", which leaves the folder of the scenario', allowed, "copy the file here", field)
    if stat.S_ISLNK(status.st_mode):
        raise refusal(f'"{name}", which is a link', "a regular file", "copy the file here", field)
    if not stat.S_ISREG(status.st_mode):
        raise refusal(f'"{name}", which is not a regular file', "a regular file", field=field)
    if status.st_size > LARGEST_BYTES:
        raise refusal(f'"{name}" of {status.st_size / 1e6:,.0f} MB', f"at most {LARGEST_BYTES / 1e6:,.0f} MB", field=field)
    return path


def names_beside(path: Path) -> list[str]:
    """Names in the folder of a path, in order; none if the folder cannot be listed."""
    try:
        return sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return []


class FaultyRows:
    """Faulty rows of one file, reported together: by what is allowed, the first few named, the rest counted."""

    def __init__(self, name: str, field: str) -> None:
        self._name, self._field = name, field
        self._found: dict[str, list[str]] = {}
        self._hints: dict[str, str] = {}
        self._count = 0

    def add(self, where: str, fault: PydanticCustomError) -> None:
        """Note what is wrong with the row `where`, e.g. "line 12". Too many faulty rows end the reading."""
        context = fault.context or {}
        allowed = context["allowed"]
        self._found.setdefault(allowed, []).append(f"{where}: {context['found']}")
        self._hints[allowed] = self._hints.get(allowed) or context["hint"]
        self._count += 1
        if self._count == MOST_FAULTY_ROWS:
            self.refuse()

    def refuse(self) -> None:
        """Raises everything noted, if there is anything."""
        if self._count:
            raise refusals(
                Fault((self._field,), f"{self._name} {self._summary(found)}", allowed, self._hints[allowed])
                for allowed, found in self._found.items()
            )

    def _summary(self, found: list[str]) -> str:
        more = f"; and {len(found) - SHOWN} more rows" if len(found) > SHOWN else ""
        stopped = ", where reading stopped" if self._count == MOST_FAULTY_ROWS else ""
        return "; ".join(found[:SHOWN]) + more + stopped


def csv_rows(
    name: str, field: str, columns: Mapping[str, str], info: ValidationInfo, faults: FaultyRows
) -> Iterator[tuple[int, list[str]]]:
    """(line, cells of the wanted columns) of each row of a CSV file.

    columns: the column that each field of the scenario names. Cells are stripped; blank lines are passed over; a row with another
    number of fields than the header is faulty, whatever the reason: no field is ever moved to another column.
    """
    yield from rows_of_csv(locate_input(name, field, info).read_bytes(), name, field, columns, faults)


def rows_of_csv(
    content: bytes, name: str, field: str, columns: Mapping[str, str], faults: FaultyRows, most_rows: int = MOST_ROWS
) -> Iterator[tuple[int, list[str]]]:
    """The same of the content of a CSV file, which may come out of an archive."""
    csv.field_size_limit(LONGEST_CELL)
    with _open_text(content, name, field, most_rows) as stream:
        reader = csv.reader(stream, strict=True)
        begins = 1
        try:
            header = [composed(cell.strip()) for cell in next(filter(None, reader), [])]
            if not header:
                raise refusal(f'"{name}", which is empty', "a header and rows", field=field)
            at = _columns_at(name, field, columns, header)
            begins = reader.line_num + 1
            for cells in reader:
                if len(cells) == len(header):
                    yield begins, [cells[column].strip() for column in at]
                elif cells:
                    faults.add(f"line {begins}", _ragged(len(cells), len(header)))
                begins = reader.line_num + 1
        except csv.Error as fault:
            raise refusal(f"{name} line {begins}: {_plain_words(fault)}", "a well-formed CSV file", field=field) from None


def header_of_csv(content: bytes, name: str, field: str, most_rows: int = MOST_ROWS) -> list[str]:
    """The names of a CSV file's columns, each once; nothing else of the file is looked at."""
    with _open_text(content, name, field, most_rows) as stream:
        try:
            header = [composed(cell.strip()) for cell in next(filter(None, csv.reader(stream, strict=True)), [])]
        except csv.Error as fault:
            raise refusal(f"{name} line 1: {_plain_words(fault)}", "a well-formed CSV file", field=field) from None
    if not header:
        raise refusal(f'"{name}", which is empty', "a header and rows", field=field)
    _columns_at(name, field, {}, header)
    return header


def _open_text(content: bytes, name: str, field: str, most_rows: int) -> IO[str]:
    """The text of a file: UTF-8, with or without byte-order mark. It is decoded as it is read, so that it is never held twice."""
    hint = "save it as CSV in UTF-8"
    if content.startswith(b"PAR1"):
        raise refusal(f'"{name}", which is a Parquet file', "a name that ends in .parquet", field=field)
    if content.startswith(ZIP):
        raise refusal(f'"{name}", which is a ZIP archive (a workbook?)', "a CSV file", hint, field)
    if b"\x00" in content:
        raise refusal(f'"{name}", which is not text in UTF-8 (it holds NUL bytes)', "text in UTF-8", hint, field)
    lines = max(content.count(b"\n"), content.count(b"\r"))
    if lines > most_rows:
        raise refusal(f'"{name}" of {lines:,} lines', f"at most {most_rows:,}", field=field)
    longest = max(map(len, content.splitlines()), default=0)
    if longest > LONGEST_LINE:
        raise refusal(f'"{name}" with a line of {longest:,} bytes', f"at most {LONGEST_LINE:,}", field=field)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        raise refusal(f"{name} line {line}, which is not UTF-8", "text in UTF-8", hint, field) from None
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")


def _columns_at(name: str, field: str, columns: Mapping[str, str], header: list[str]) -> list[int]:
    """Positions of the wanted columns in a header that names every column once."""
    if len(header) == 1 and any(separator in header[0] for separator in (";", "\t")):
        separator = "semicolons" if ";" in header[0] else "tabs"
        hint = "save it with commas between fields and points in decimals"
        raise refusal(f"{name} line 1: fields separated by {separator}", "commas between fields", hint, field)
    check_columns(name, field, columns, header)
    return [header.index(composed(column)) for column in columns.values()]


def check_columns(name: str, field: str, columns: Mapping[str, str], header: list[str]) -> None:
    """Refuses a header with a nameless or repeated column, and one that lacks a wanted column."""
    if len(header) > MOST_COLUMNS:
        raise refusal(f"{name}: {len(header):,} columns", f"at most {MOST_COLUMNS}", field=field)
    if "" in header:
        found = f"{name} line 1: no name for column {header.index('') + 1}"
        raise refusal(found, "a name for every column", "a comma at the end of a line makes an empty column", field)
    twice = next((column for column in header if header.count(column) > 1), None)
    if twice is not None:
        raise refusal(f'{name} line 1: {header.count(twice)} columns named "{twice}"', "each column once", field=field)
    for wanting, column in columns.items():
        if composed(column) not in header:
            raise refusal(f'no column "{column}" in {name}', f"one of: {listed(header)}", nearest(column, header), wanting)


def _ragged(fields: int, wanted: int) -> PydanticCustomError:
    hint = "a decimal comma splits a number in two; the decimal sign is a point" if fields > wanted else ""
    return refusal(f"{fields} {'field' if fields == 1 else 'fields'}", f"{wanted} fields as in the header", hint)


def _plain_words(fault: csv.Error) -> str:
    said = str(fault)
    if "unexpected end of data" in said:
        return "a quotation mark that is never closed"
    if "field larger" in said:
        return f"a field of more than {LONGEST_CELL:,} characters"
    return "text after a closing quotation mark" if "expected after" in said else said


def finite_number(text: str, column: str) -> float:
    """A number as CSV files hold it: a point as decimal sign, no commas, no underscores, no foreign digits."""
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise refusal(f'{column} "{shortened(text)}"', "a finite number with a decimal point", hint_on_text(text))
    return number
