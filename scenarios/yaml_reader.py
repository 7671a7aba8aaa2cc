"""YAML 1.2 as plain data with the line of every field: no tags, no surprises, bounded size.

`NO`, `12:30`, `0o10` and `0x10` are text, `010` is ten, `1e6` is a number. A key written twice, a tag, an anchor, an alias, nesting
beyond 30 levels or more than 100,000 values are refused. The data is built from the parser's events: nothing recurses deeper than
the limit, and an alias is refused where it stands instead of being multiplied.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import MOST_DESCRIBED, InputError, Problem
from ..models.files import names_beside
from ..models.names import LONGEST, slug
from ..models.refusal import Fault, Place, nearest

LARGEST_BYTES = 20_000_000
DEEPEST = 30
MOST_VALUES = 100_000
MOST_DIGITS = 300
LINE_BREAK = re.compile(r"\r\n|\r|\n")

NULL = re.compile(r"~|null|Null|NULL|")
BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
INT = re.compile(r"[-+]?[0-9][0-9_]*")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
"""Plain scalars that are not text: YAML 1.2's core schema, without octal and hexadecimal numbers, with underscores in numbers."""

NEW = "hashlease new writes a starter scenario"
QUOTE = "put the text in quotes"


@dataclass(frozen=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None) and the line of each place in it.

    set_by: places that were set on the command line, and how. refused: what could not be set there. faults: what reading found
    wrong, with its line. unread: places that hold no usable value because of such a fault. notes: what `--strict` refuses.
    """

    name: str
    data: Any
    lines: dict[Place, int]
    set_by: dict[Place, str] = field(default_factory=dict)
    refused: tuple[Problem, ...] = ()
    faults: tuple[tuple[int, Fault], ...] = ()
    unread: frozenset[Place] = frozenset()
    notes: tuple[str, ...] = ()

    def where(self, place: Place) -> str:
        """File and line of a place, or of the nearest enclosing one; or the option that set it."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.set_by:
                return self.set_by[place[:length]]
        line = self.line(place)
        return f"{self.name}:{line}" if line else self.name

    def line(self, place: Place) -> int:
        """Line of a place, or of the nearest enclosing one; 0 if there is none."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 0)

    def field(self, place: Place) -> str:
        """The place as a field path, as `--set` takes it: rows by name, parts with points in quotes."""
        parts: list[str] = []
        data = self.data
        for part in place:
            if isinstance(data, list) and isinstance(part, int) and part < len(data):
                data = data[part]
                parts.append(row_name(data, part))
            else:
                data = data.get(part) if isinstance(data, dict) else None
                parts.append(str(part))
        return ".".join(f'"{part}"' if "." in part else part for part in parts)

    def problem(self, fault: Fault) -> Problem:
        """A fault as it is reported."""
        return Problem(self.where(fault.place), self.field(fault.place), fault.found, fault.allowed, fault.hint)

    def reading_problems(self, most: int) -> list[tuple[int, Problem]]:
        """The first of what reading found wrong, with its line."""
        return [
            (line, Problem(f"{self.name}:{line}", self.field(fault.place), fault.found, fault.allowed, fault.hint))
            for line, fault in self.faults[:most]
        ]

    def is_unread(self, place: Place) -> bool:
        """Whether a place lies in a value that could not be read."""
        return bool(self.unread) and any(place[:length] in self.unread for length in range(1, len(place) + 1))


def row_name(row: Any, number: int) -> str:
    """What a row of a table is called in a path: its name where it has a usable one, otherwise its number."""
    name = row.get("name") if isinstance(row, dict) else None
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= LONGEST:
        return str(number)
    return slug(name) if '"' in name or "=" in name else name


def read_yaml(path: Path, others: Iterable[str] = ()) -> Document:
    """The content of a file; `others` are names that would have been found elsewhere. Raises InputError."""
    content = _content(path, others)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        raise InputError([Problem(f"{path}:{line}", "", "text that is not UTF-8", "UTF-8", "save the file as UTF-8")]) from None
    return parse_yaml(text, str(path))


def _content(path: Path, others: Iterable[str]) -> bytes:
    """The bytes of a regular file of bounded size; a device or a pipe is never opened."""
    allowed = "a scenario file (YAML, or an Excel workbook)"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            found = "a folder" if stat.S_ISDIR(status.st_mode) else "something that is not a regular file"
            raise InputError([Problem(str(path), "", found, allowed)])
        if status.st_size > LARGEST_BYTES:
            found = f"a file of {status.st_size / 1e6:,.0f} MB"
            raise InputError([Problem(str(path), "", found, f"at most {LARGEST_BYTES / 1e6:,.0f} MB")])
        return path.read_bytes()
    except FileNotFoundError:
        hint = nearest(path.name, [*others, *names_beside(path)]) or NEW
        raise InputError([Problem(str(path), "", "no such file", allowed, hint)]) from None
    except OSError as fault:
        raise InputError([Problem(str(path), "", fault.strerror or "a file that cannot be read", allowed)]) from None
    except ValueError:
        raise InputError([Problem(str(path), "", "a file name with a NUL character", allowed)]) from None


def parse_yaml(text: str, name: str) -> Document:
    """YAML text as a document; what cannot be parsed at all raises InputError with line and column."""
    import yaml

    _refuse_invisible(text, name)
    try:
        return _Builder(text, name).document()
    except yaml.MarkedYAMLError as fault:
        raise InputError([_syntax_problem(fault, text, name)]) from None
    except yaml.YAMLError as fault:
        raise InputError([Problem(name, "", str(fault).splitlines()[0], "well-formed YAML")]) from None
    except (ValueError, OverflowError):
        # Only PyYAML's Python parser, of an escape such as "\UFFFFFFFF".
        raise InputError([Problem(name, "", "an escape that is no character", "well-formed YAML")]) from None


def _parser(text: str) -> Any:
    """PyYAML's event parser, in C where it was built so. Neither resolves a scalar nor constructs anything."""
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]
    except ImportError:
        return _python_parser(text)
    return CParser(text)


def _python_parser(text: str) -> Any:
    from yaml import parser, reader, scanner

    class PythonParser(reader.Reader, scanner.Scanner, parser.Parser):
        def __init__(self) -> None:
            reader.Reader.__init__(self, text)
            scanner.Scanner.__init__(self)
            parser.Parser.__init__(self)

    return PythonParser()


# --- characters ------------------------------------------------------------------------------------------------------


def _refuse_invisible(text: str, name: str) -> None:
    """Characters that an editor does not show: they change names, hide text or command a terminal."""
    bad = invisible(text)
    if not bad:
        return
    if "\x00" in bad:
        raise InputError([Problem(name, "", "NUL characters", "text in UTF-8", "save the file as UTF-8")])
    pattern = re.compile(f"[{re.escape(''.join(bad))}]")
    problems = (
        Problem(f"{name}:{number}", "", f"{_character(match[0])} (column {match.start() + 1})", "visible text")
        for number, line in enumerate(LINE_BREAK.split(text), start=1)
        for match in pattern.finditer(line)
    )
    first = list(islice(problems, MOST_DESCRIBED))
    raise InputError(first, more=sum(map(text.count, bad)) - len(first))


def _character(character: str) -> str:
    return f"the invisible character U+{ord(character):04X}"


def invisible(text: str) -> list[str]:
    """The characters of a text that are neither visible nor plain white space, in code order."""
    return sorted(c for c in set(text) if c not in "\t\n\r" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp"))


# --- syntax ----------------------------------------------------------------------------------------------------------

_MISFIT = "a line that does not fit the lines above it"
_ALIKE = "fields of one table are indented alike; or a quotation mark or bracket above is not closed"
_SYNTAX = (
    (
        "mapping values are not allowed",
        "a colon where no field can begin",
        'a text with ": " in it is put in quotes; fields of one table are indented alike',
    ),
    ("unexpected end of stream", "a quotation mark that is never closed", ""),
    ("expected ',' or", "a bracket that is not closed, or a comma that is missing", ""),
    ("could not find expected ':'", "a line that is not a field with its value", "field: value, with a blank after the colon"),
    ("cannot start any token", "a text that begins with a sign which YAML reserves", QUOTE),
    ("unknown escape character", "an unknown escape after a backslash", "single quotes keep a backslash as it is"),
    ("sequence entries are not allowed", "a list entry (-) on the line of its field", "begin the list on the next line"),
    ("alphabetic or numeric character", "a text that begins with * or &", QUOTE),
    ("undefined tag handle", "a text that begins with !", QUOTE),
    ("document start", "more text after the end of the document", "one scenario in a file"),
    ("node content", "a comma or closing bracket where a value belongs", ""),
    ("expected key", _MISFIT, _ALIKE),
    ("expected <block end>", _MISFIT, _ALIKE),
    ("expected '-'", _MISFIT, _ALIKE),
)
"""What the parser says (in C or in Python), and what is said to a person."""


def _syntax_problem(fault: Any, text: str, name: str) -> Problem:
    """A parser's fault in plain words; what was opened and not closed is reported where it was opened."""
    said = (fault.problem or fault.context or "not YAML").strip()
    _, found, hint = next((entry for entry in _SYNTAX if entry[0] in said), ("", said, ""))
    opened = any(part in said for part in ("end of stream", "could not find expected ':'", "expected ',' or"))
    mark = fault.context_mark if opened and fault.context_mark else fault.problem_mark or fault.context_mark
    if mark is None:
        return Problem(name, "", found, "well-formed YAML", hint)
    lines = LINE_BREAK.split(text)[: mark.line + 1]
    if re.match(r" *\t", lines[-1]):
        found, hint = "a tab in the indentation", "indent with blanks, not with tabs"
    for number in range(max(mark.line, 1), mark.line + 2):
        if odd := _odd_blank(lines[number - 1]):
            column = lines[number - 1].index(odd) + 1
            hint = f"column {column} of line {number} is U+{ord(odd):04X}, which looks like a blank and is none"
    return Problem(f"{name}:{mark.line + 1}", "", f"{found} (column {mark.column + 1})", "well-formed YAML", hint)


def _odd_blank(text: str) -> str:
    """A blank that YAML does not take for one (a no-break space from a word processor); empty if there is none."""
    return "" if text.isascii() else next((c for c in text if not c.isascii() and c.isspace()), "")


# --- data ------------------------------------------------------------------------------------------------------------


class _Builder:
    """Turns the events of one document into plain data, noting lines and collecting faults."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.parser = _parser(text)
        self.lines: dict[Place, int] = {}
        self.faults: list[tuple[int, Fault]] = []
        self.unread: set[Place] = set()
        self.values = 0

    def document(self) -> Document:
        event = self._next()
        while type(event).__name__ in ("StreamStartEvent", "DocumentStartEvent"):
            event = self._next()
        if type(event).__name__ == "StreamEndEvent":
            raise InputError([Problem(self.name, "", "an empty file", "a scenario", NEW)])
        data = self._value(event, ())
        self._next()
        second = self._next()
        if type(second).__name__ != "StreamEndEvent":
            self._fault(second, (), "a second document (---)", "one scenario in a file")
        return Document(self.name, data, self.lines, faults=tuple(self.faults), unread=frozenset(self.unread))

    def _next(self) -> Any:
        return self.parser.get_event()

    def _value(self, event: Any, place: Place) -> Any:
        self.lines.setdefault(place, event.start_mark.line + 1)
        self._count(event, len(place))
        kind = type(event).__name__
        if kind == "AliasEvent":
            self._unreadable(event, place, f"an alias (*{event.anchor})", "every value written out", f"or {QUOTE}")
            return None
        note = self._unreadable if kind == "ScalarEvent" else self._fault
        if event.anchor is not None:
            note(event, place, f"an anchor (&{event.anchor})", "every value written out", f"or {QUOTE}")
        if event.tag is not None:
            note(event, place, f"a tag ({event.tag})", "values without tags", QUOTE)
        if kind == "MappingStartEvent":
            return self._mapping(place)
        if kind == "SequenceStartEvent":
            return self._sequence(place)
        return self._scalar(event, place)

    def _count(self, event: Any, depth: int) -> None:
        """Size and depth are bounded while reading, before anything large exists."""
        self.values += 1
        if self.values > MOST_VALUES or depth > DEEPEST:
            found = "too many values" if self.values > MOST_VALUES else "too many levels of nesting"
            allowed = f"at most {MOST_VALUES:,} values in {DEEPEST} levels"
            raise InputError([Problem(f"{self.name}:{event.start_mark.line + 1}", "", found, allowed)])

    def _sequence(self, place: Place) -> list[Any]:
        data: list[Any] = []
        while type(event := self._next()).__name__ != "SequenceEndEvent":
            data.append(self._value(event, (*place, len(data))))
        return data

    def _mapping(self, place: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while type(event := self._next()).__name__ != "MappingEndEvent":
            key = self._key(event, place)
            if key is None:
                self._discard(self._next(), len(place) + 1)
            elif key in data:
                first = self.lines[(*place, key)]
                found = f"the field {key} a second time (first in line {first})"
                self._fault(event, (*place, key), found, "each field once")
                self._discard(self._next(), len(place) + 1)
            else:
                self.lines[(*place, key)] = event.start_mark.line + 1
                data[key] = self._value(self._next(), (*place, key))
        return data

    def _key(self, event: Any, place: Place) -> str | None:
        """A plain name; None where the key is something else, which is noted."""
        if type(event).__name__ != "ScalarEvent":
            self._fault(event, place, "a key that is not a plain name", "plain names as keys", QUOTE)
            self._discard(event, len(place) + 1)
            return None
        key = str(event.value)
        if key == "<<":
            self._fault(event, place, "a merge key (<<)", "every value written out")
            return None
        if event.anchor is not None or event.tag is not None:
            self._unreadable(event, (*place, key), f"an anchor or a tag on the key {key}", "plain names as keys", QUOTE)
        if strange := ((event.style and invisible(key)) or _odd_blank(key)):
            self._unreadable(event, (*place, key), f"the character U+{ord(strange[0]):04X} in the key {key}", "plain names as keys")
        return key

    def _discard(self, event: Any, depth: int) -> None:
        """Pass over a value that is not used, within the same bounds; `depth` is its own."""
        inside = 0
        while True:
            self._count(event, depth + inside)
            kind = type(event).__name__
            inside += kind.endswith("StartEvent") - kind.endswith("EndEvent")
            if inside == 0:
                return
            event = self._next()

    def _scalar(self, event: Any, place: Place) -> Any:
        text = str(event.value)
        if event.style:
            # Escapes in double quotes can make what the file itself may not hold.
            if event.style == '"' and (bad := invisible(text)):
                self._unreadable(event, place, _character(bad[0]), "visible text")
            return text
        if odd := _odd_blank(text):
            self._unreadable(event, place, f"the character U+{ord(odd):04X}", "plain blanks", "or quotes around the text")
        return self._plain(event, text, place)

    def _plain(self, event: Any, text: str, place: Place) -> Any:
        """A scalar without quotes, by the rules of YAML 1.2."""
        if NULL.fullmatch(text):
            return None
        if BOOL.fullmatch(text):
            return text.lower() == "true"
        if INT.fullmatch(text):
            digits = text.replace("_", "")
            if len(digits) > MOST_DIGITS:
                self._unreadable(event, place, f"a number of {len(digits):,} digits", f"at most {MOST_DIGITS} digits")
                return None
            return int(digits)
        if FLOAT.fullmatch(text):
            return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        return text

    def _unreadable(self, event: Any, place: Place, found: str, allowed: str, hint: str = "") -> None:
        """A fault after which the value at the place means nothing."""
        self.unread.add(place)
        self._fault(event, place, found, allowed, hint)

    def _fault(self, event: Any, place: Place, found: str, allowed: str, hint: str = "") -> None:
        self.faults.append((event.start_mark.line + 1, Fault(place, found, allowed, hint)))
