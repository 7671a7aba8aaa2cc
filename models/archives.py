"""Files as they are downloaded: a workbook or a CSV file, by itself or in a ZIP archive, bounded before anything is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .files import ZIP
from .refusal import refusal

LARGEST_UNZIPPED = 1_000_000_000
LARGEST_RATIO, RATIO_FROM = 300, 50_000_000
"""A year of quarter hours of every hub and zone unzips to a few hundred megabytes of XML."""
MOST_PARTS = 2_000
WORKBOOK_PART = "xl/workbook.xml"


@dataclass(frozen=True)
class Member:
    """A table file: its name (with the archive it came out of) and its content."""

    name: str
    content: bytes

    @property
    def is_workbook(self) -> bool:
        return self.content.startswith(ZIP)


def table_files(name: str, content: bytes) -> Iterator[Member]:
    """The file itself, or the CSV files and workbooks of a ZIP archive, by name. Raises a refusal."""
    if not content.startswith(ZIP):
        yield Member(name, content)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = _entries(name, content, archive)
            if WORKBOOK_PART in [entry.filename for entry in entries]:
                yield Member(name, content)
                return
            wanted = [entry for entry in entries if entry.filename.lower().endswith((".csv", ".xlsx"))]
            if not wanted:
                raise refusal(f'"{name}", an archive without CSV file or workbook', "a CSV file, a workbook, or a ZIP of them")
            for entry in sorted(wanted, key=lambda entry: entry.filename):
                inner = Member(f"{name}/{entry.filename}", archive.read(entry))
                if inner.is_workbook:
                    with zipfile.ZipFile(io.BytesIO(inner.content)) as workbook:
                        _entries(inner.name, inner.content, workbook)
                yield inner
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError):
        raise refusal(f'"{name}", a damaged ZIP archive or one with a password', "a well-formed one", "download it again") from None


def _entries(name: str, content: bytes, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """What the archive holds, if it is of bounded size by its own account; reading checks that it holds no more."""
    entries = archive.infolist()
    unzipped = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_PARTS:
        raise refusal(f'"{name}", an archive of {len(entries):,} parts', f"at most {MOST_PARTS:,}")
    if unzipped > LARGEST_UNZIPPED or (unzipped > RATIO_FROM and unzipped > LARGEST_RATIO * len(content)):
        size = f'"{name}", an archive that unzips to {unzipped / 1e6:,.0f} MB'
        raise refusal(size, f"at most {LARGEST_UNZIPPED / 1e6:,.0f} MB, and {LARGEST_RATIO} times its size")
    return entries


def sheets(member: Member) -> Iterator[tuple[str, list[list[Any]]]]:
    """(name, rows of values) of every sheet of a workbook that holds anything. Raises a refusal."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise refusal(f'"{member.name}", a workbook', "a CSV file", "pip install 'hashlease[excel]' reads workbooks") from None
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(member.content))
        for sheet in workbook.sheet_names:
            rows = workbook.get_sheet_by_name(sheet).to_python()
            if rows:
                yield sheet, rows
    except (CalamineError, OSError, ValueError) as fault:
        raise refusal(f'"{member.name}", a workbook that cannot be read ({fault})', "an Excel workbook (.xlsx)") from None
