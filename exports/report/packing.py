"""Lists of numbers and words in as few characters of JSON as two plain forms allow; assets/evaluate.js unpacks them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np

Packed = list[Any] | dict[str, list[Any]]


def packed(values: Iterable[Any]) -> Packed:
    """The list itself, or {"of": distinct values, "runs": [number of the value, how many times, ...]} where that is shorter.

    Floats keep every digit, so that what is unpacked is what was packed.
    """
    listed = [plain_number(value) for value in values]
    place = {value: number for number, value in enumerate(dict.fromkeys(listed))}
    runs: list[Any] = []
    for value, group in groupby(listed):
        runs += [place[value], sum(1 for _ in group)]
    short: Packed = {"of": list(place), "runs": runs}
    return short if len(json.dumps(short)) < len(json.dumps(listed)) else listed


def plain_number(value: Any) -> Any:
    """Python instead of numpy, whole floats as whole numbers (JSON has one kind), no minus before zero."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return int(value) if isinstance(value, np.integer) else value


def packed_table(columns: Iterable[str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A table by its columns."""
    names = list(columns)
    return {"columns": names, "rows": len(rows), "data": [packed(row[name] for row in rows) for name in names]}
