"""LibreOffice in the tests: workbooks recalculated from scratch, and their cells compared one by one."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
 <prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
 <prop oor:name="SecureURL" oor:op="fuse"><value><it>{folder}</it></value></prop></item>
</oor:items>"""
"""Stored values are never trusted, and links to other files of the folder are followed."""
INPUTS = ("Control", "Scenarios", "Decision map")
CELL = re.compile(r'<c r="([A-Z]+\d+)"([^>]*)>(?!<f>)(.*?)</c>')
SMALLEST = 1e-6
"""Numbers below are rounding of sums: a millionth of a dollar or of a megawatt."""


def converted(soffice: str, file: Path, folder: Path, kind: str = "xlsx") -> Path:
    """The file opened, recalculated and saved into a folder by LibreOffice with a profile of its own."""
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(SETTINGS.format(folder=folder.as_uri()))
    target = folder / "out"
    command = [
        soffice,
        f"-env:UserInstallation={profile.as_uri()}",
        "--headless",
        "--convert-to",
        kind,
        "--outdir",
        str(target),
        str(file),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return target / f"{file.stem}.{kind.partition(':')[0]}"


def cells(content: bytes | Path) -> dict[tuple[str, int, int], Any]:
    """Every cell that holds something: (sheet, row, column) from 1 on, and its value."""
    data = content.read_bytes() if isinstance(content, Path) else content
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    found = {}
    for name in book.sheet_names:
        for row, values in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False), start=1):
            for column, value in enumerate(values, start=1):
                if value not in ("", None):
                    found[name, row, column] = value
    return found


def differences(expected: dict[tuple[str, int, int], Any], found: dict[tuple[str, int, int], Any]) -> tuple[int, list[str]]:
    """How many numbers were compared, and the cells that differ by more than 1e-9."""
    wrong, numbers = [], 0
    for place in expected.keys() | found.keys():
        one, other = expected.get(place, ""), found.get(place, "")
        if isinstance(one, float | int) and isinstance(other, float | int):
            numbers += 1
            if abs(one - other) > max(1e-9 * max(abs(one), abs(other)), SMALLEST):
                wrong.append(f"{place}: {one!r}, recalculated {other!r}")
        elif one != other:
            wrong.append(f"{place}: {one!r}, recalculated {other!r}")
    return numbers, wrong


def with_inputs_of(book: bytes, other: bytes) -> bytes:
    """The book with the input cells of another one of the same scenario, as if typed into it: no formula is touched."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as own,
        zipfile.ZipFile(io.BytesIO(other)) as given,
        zipfile.ZipFile(target, "w") as made,
    ):
        texts = re.findall(r"<si>(.*?)</si>", given.read("xl/sharedStrings.xml").decode(), re.DOTALL)
        for part in own.infolist():
            data = own.read(part)
            if part.filename in [f"xl/worksheets/sheet{number}.xml" for number in range(1, len(INPUTS) + 1)]:
                typed = {match[1]: match for match in CELL.finditer(given.read(part.filename).decode())}
                data = CELL.sub(lambda match, typed=typed: _typed(match, typed, texts), data.decode()).encode()  # type: ignore[misc]
            made.writestr(part, data)
    return target.getvalue()


def _typed(match: re.Match[str], typed: dict[str, re.Match[str]], texts: list[str]) -> str:
    other = typed.get(match[1])
    if other is None:
        return match[0]
    if 't="s"' in other[2]:
        index = re.search(r"<v>(\d+)</v>", other[3])
        assert index is not None
        attributes = match[2].replace('t="s"', 't="inlineStr"')
        return f'<c r="{match[1]}"{attributes}><is>{texts[int(index[1])]}</is></c>'
    return f'<c r="{match[1]}"{match[2]}>{other[3]}</c>'


def with_other_number(book: bytes, sheet: str) -> bytes:
    """The book with one figure of a sheet, in the first column of months, typed over."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as own, zipfile.ZipFile(target, "w") as made:
        names = re.findall(r'<sheet name="([^"]*)"', own.read("xl/workbook.xml").decode())
        wanted = f"xl/worksheets/sheet{names.index(sheet) + 1}.xml"
        for part in own.infolist():
            data = own.read(part)
            if part.filename == wanted:
                pattern = re.compile(r'(<c r="H(?:[5-9]|\d\d+)"[^>]*><v>)(?!0\.0<)([^<]+)')
                text, count = pattern.subn(lambda match: f"{match[1]}{float(match[2]) + 3.0!r}", data.decode(), count=1)
                assert count == 1
                data = text.encode()
            made.writestr(part, data)
    return target.getvalue()
