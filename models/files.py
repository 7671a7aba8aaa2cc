"""Opening the files a scenario names: only regular files beside or below the scenario, of bounded size."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import IO

from pydantic import ValidationInfo

from .refusal import refusal

LARGEST_BYTES = 100_000_000


def locate_input(name: str, info: ValidationInfo) -> Path:
    """The file a scenario names, relative to the scenario's folder (`folder` in the validation context).

    Absolute paths, paths that leave the folder, links, devices, pipes and files above 100 MB are refused.
    """
    folder = Path((info.context or {}).get("folder", "."))
    allowed = "a file beside or below the scenario"
    if not name or "\x00" in name or "\\" in name or Path(name).is_absolute() or ":" in name:
        raise refusal(f'the file name "{name}"', allowed, "use a relative name with forward slashes")
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise refusal(f'"{name}", which leaves the folder of the scenario', allowed)
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        raise refusal(f'"{name}", which does not exist', allowed, _nearest(path)) from None
    if stat.S_ISLNK(status.st_mode):
        raise refusal(f'"{name}", which is a link', "a regular file", "copy the file here")
    if not stat.S_ISREG(status.st_mode):
        raise refusal(f'"{name}", which is not a regular file', "a regular file")
    if status.st_size > LARGEST_BYTES:
        raise refusal(f'"{name}" of {status.st_size / 1e6:,.0f} MB', f"at most {LARGEST_BYTES / 1e6:,.0f} MB")
    return path


def open_input(name: str, info: ValidationInfo) -> IO[str]:
    """The text of a file a scenario names: UTF-8, with or without byte-order mark."""
    content = locate_input(name, info).read_bytes()
    if not content.strip():
        raise refusal(f'"{name}", which is empty', "a header and rows")
    if b"\x00" in content:
        raise refusal(f'"{name}", which is not text (it holds NUL bytes)', "text in UTF-8")
    try:
        return io.StringIO(content.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as fault:
        raise refusal(f'"{name}", byte {fault.start} of which is not UTF-8', "text in UTF-8") from None


def _nearest(path: Path) -> str:
    import difflib

    present = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, present, n=1)
    return f'did you mean "{near[0]}"?' if near else ""
