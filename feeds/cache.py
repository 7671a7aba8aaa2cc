"""Fetched series on disk: a CSV file that `hashlease market` reads by its name, and beside it where and when it came from."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..exports.atomic import make_writable, write_atomically

VARIABLE = "HASHLEASE_CACHE"


def cache_folder() -> Path:
    """HASHLEASE_CACHE, or hashlease in the user's cache folder."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return Path(base or Path.home() / ".cache") / "hashlease"


@dataclass(frozen=True)
class Origin:
    """Where a cached file came from."""

    address: str
    fetched: date


def write(file: Path, content: bytes, origin: Origin) -> None:
    """The file, and its origin beside it; neither is ever half written."""
    make_writable(file.parent)
    digest = hashlib.sha256(content).hexdigest()
    told = {"address": origin.address, "fetched": origin.fetched.isoformat(), "sha256": digest}
    write_atomically(file, content)
    write_atomically(_beside(file), json.dumps(told, indent=1).encode())


def origin_of(file: Path) -> Origin | None:
    """Where a file came from; None if that is not known, or if the file has been changed since."""
    try:
        told = json.loads(_beside(file).read_bytes())
        if hashlib.sha256(file.read_bytes()).hexdigest() != told["sha256"]:
            return None
        return Origin(str(told["address"]), date.fromisoformat(told["fetched"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _beside(file: Path) -> Path:
    return file.with_suffix(".origin.json")
