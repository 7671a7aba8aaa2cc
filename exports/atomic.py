"""Files are replaced as a whole or not at all: written beside their place, flushed to disk, then renamed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..errors import InputError, OutputError, Problem


def write_atomically(path: Path, content: bytes) -> None:
    """Put content at path; whoever reads it meanwhile sees the old file or the new one, never a part. Raises OutputError."""
    try:
        _replace(path, content)
    except OSError as fault:
        raise OutputError(str(path), fault) from None


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def make_writable(folder: Path) -> None:
    """Make the folder if it is missing, and try it by writing to it. Raises InputError."""
    where = str(folder)
    try:
        if folder.exists() and not folder.is_dir():
            raise InputError([Problem(where, "", "a file", "a folder")])
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".hashlease.", suffix=".part"):
            pass
    except OSError as fault:
        raise InputError([Problem(where, "", fault.strerror or str(fault), "a folder that can be written to")]) from None
