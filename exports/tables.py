"""A plan as a folder of files: plan.json, every table as CSV and Parquet, and manifest.json with their hashes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem
from ..optimizer.plan import Plan
from ..optimizer.tables import TABLES, Row, without_dust
from .atomic import write_atomically

MANIFEST = "manifest.json"

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would run text that begins so; such text gets an apostrophe in front."""


def write_plan(plan: Plan, folder: Path) -> list[str]:
    """Write all files of a plan into an existing folder; returns their names. The manifest comes last and lists the hashes."""
    files = {"plan.json": plan.to_json().encode(), "scenario.json": _json(plan.scenario.content())}
    for table, columns in TABLES.items():
        flat = [_flat(without_dust(row)) for row in plan.rows[table]]
        files[f"{table}.csv"] = _csv(flat, list(columns))
        parquet = _parquet(flat, list(columns))
        if parquet is not None:
            files[f"{table}.parquet"] = parquet
    for name, content in files.items():
        write_atomically(folder / name, content)
    manifest = {
        **plan.manifest,
        "verdict": plan.verdict,
        "warnings": list(plan.warnings),
        "parquet": "written" if "leases.parquet" in files else "not written: pip install 'hashlease[parquet]'",
        "files_sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    write_atomically(folder / MANIFEST, _json(manifest))
    return [*files, MANIFEST]


def write_rows(folder: Path, tables: dict[str, list[Row]], files: dict[str, str]) -> list[str]:
    """Write texts and tables of a study into an existing folder, tables as CSV and Parquet; returns the names."""
    written = {name: text.encode() for name, text in files.items()}
    for table, rows in tables.items():
        flat = [_flat(without_dust(row)) for row in rows]
        named = list(rows[0]) if rows else []
        written[f"{table}.csv"] = _csv(flat, named)
        parquet = _parquet(flat, named)
        if parquet is not None:
            written[f"{table}.parquet"] = parquet
    for name, content in written.items():
        write_atomically(folder / name, content)
    return list(written)


def refuse_another_scenario(folder: Path, scenario: str, file: str = MANIFEST) -> None:
    """Refuse a folder whose manifest is of another scenario or of another program. Raises InputError."""
    try:
        text = (folder / file).read_bytes()
    except OSError:
        return
    try:
        found = json.loads(text)
        of_ours = isinstance(found, dict) and "scenario" in found
    except ValueError:
        of_ours = False
    name = found.get("scenario", "") if of_ours else ""
    if name != scenario:
        what = f'results of the scenario "{name}"' if name else f"a {file} that names no scenario"
        raise InputError([Problem(str(folder), "", what, f'a folder for the scenario "{scenario}"', "--force writes into it")])


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False).encode()


def _flat(row: Row) -> Row:
    """Lists inside a row as JSON text."""
    return {key: json.dumps(value) if isinstance(value, list) else value for key, value in row.items()}


def _csv(rows: list[Row], columns: list[str]) -> bytes:
    """UTF-8, point as decimal sign, full precision, empty for nothing."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([safe_cell(row[column]) for column in columns] for row in rows)
    return stream.getvalue().encode()


def safe_cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _parquet(rows: list[Row], columns: list[str]) -> bytes | None:
    """None without pyarrow."""
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        return None
    table = arrow.table({column: [row[column] for row in rows] for column in columns})
    sink = arrow.BufferOutputStream()
    parquet.write_table(table, sink)
    return bytes(sink.getvalue())
