"""YAML 1.2 as plain data with the line of every field: no tags, no surprises, bounded size.

`NO` is text, `12:30` is text, `010` is ten, `1e6` is a number. A key written twice, a tag, an alias, nesting beyond 30 levels or
more than 200,000 nodes are refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, Problem

LARGEST_BYTES = 20_000_000
DEEPEST = 30
MOST_NODES = 200_000

CORE_SCHEMA = (
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN"),
    ("null", r"^$", ""),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^(?:[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+0123456789.",
    ),
)
"""Plain scalars of YAML 1.2 that are not text, by tag, pattern and first characters; underscores in numbers are allowed too."""

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None) and the line of each place in it."""

    name: str
    data: Any
    lines: dict[Place, int]

    def where(self, place: Place) -> str:
        """File and line of a place, or of the nearest enclosing one."""
        while place and place not in self.lines:
            place = place[:-1]
        line = self.lines.get(place)
        return self.name if line is None else f"{self.name}:{line}"


def read_yaml(path: Path) -> Document:
    """The content of a file. Raises InputError."""
    try:
        if not path.is_file():
            found = "a folder" if path.is_dir() else "something that is not a regular file" if path.exists() else "no such file"
            raise InputError([Problem(str(path), "", found, "a scenario file in YAML", _nearest(path))])
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(
                [Problem(str(path), "", f"{path.stat().st_size / 1e6:,.0f} MB", f"at most {LARGEST_BYTES / 1e6:,.0f} MB")]
            )
        content = path.read_bytes()
    except OSError as fault:
        raise InputError([Problem(str(path), "", str(fault), "a file that can be read")]) from None
    if content[:2] == b"PK":
        raise InputError([Problem(str(path), "", "a ZIP archive (a workbook?)", "YAML text")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        raise InputError([Problem(f"{path}:{line}", "", "text that is not UTF-8", "UTF-8", "save the file as UTF-8")]) from None
    return parse_yaml(text, str(path))


def _nearest(path: Path) -> str:
    import difflib

    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f"did you mean {path.parent / near[0]}?" if near else "hashlease new writes a starter scenario"


def parse_yaml(text: str, name: str) -> Document:
    """YAML text as a document. Raises InputError with line and column."""
    import yaml

    _refuse_strange_characters(text, name)
    _refuse_depth(text, name)
    try:
        node = _loader(text).get_single_node()
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        where = name if mark is None else f"{name}:{mark.line + 1}"
        column = "" if mark is None else f" (column {mark.column + 1})"
        said = (fault.problem or fault.context or "not YAML").strip()
        raise InputError([Problem(where, "", f"{said}{column}", "well-formed YAML", _syntax_hint(said))]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        raise InputError([Problem(name, "", str(fault).splitlines()[0][:200], "well-formed YAML")]) from None
    if node is None:
        raise InputError([Problem(name, "", "an empty file", "a scenario", "hashlease new writes a starter scenario")])
    builder = _Builder(name)
    data = builder.value(node, ())
    if builder.problems:
        raise InputError(builder.problems)
    return Document(name, data, builder.lines)


def _loader(text: str) -> Any:
    """PyYAML's parser (in C where it was built so) with the scalar rules of YAML 1.2's core schema instead of its own 1.1."""
    from yaml import composer, parser, reader, resolver, scanner

    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]

        bases: tuple[type, ...] = (CParser,)
    except ImportError:
        bases = (reader.Reader, scanner.Scanner, parser.Parser, composer.Composer)

    class Loader(*bases, resolver.BaseResolver):  # type: ignore[misc]
        def __init__(self, stream: str) -> None:
            resolver.BaseResolver.__init__(self)
            bases[0].__init__(self, stream)  # type: ignore[misc]
            for base in bases[1:]:
                base.__init__(self)  # type: ignore[misc]

    for tag, pattern, first in CORE_SCHEMA:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first) if first else [""])
    return Loader(text)


def _syntax_hint(said: str) -> str:
    if "\\t" in said or "tab" in said:
        return "indent with blanks, not with tabs"
    if "duplicate" in said.lower():
        return "each field once"
    if "alias" in said:
        return "a text that begins with * or & is put in quotes"
    return ""


def _refuse_strange_characters(text: str, name: str) -> None:
    problems = []
    for number, line in enumerate(text.splitlines(), start=1):
        for column, character in enumerate(line, start=1):
            category = "" if character.isascii() and character >= " " else unicodedata.category(character)
            if character == "\x00" or category == "Cf" or (category == "Cc" and character != "\t"):
                problems.append(
                    Problem(
                        f"{name}:{number}", "", f"the invisible character U+{ord(character):04X} (column {column})", "visible text"
                    )
                )
    if problems:
        raise InputError(problems)


def _refuse_depth(text: str, name: str) -> None:
    """Nesting is bounded before parsing: brackets by counting, block style by indentation."""
    depth = deepest = 0
    for opening, closing in re.findall(r"([\[{])|([\]}])", text):
        depth += bool(opening) - bool(closing)
        deepest = max(deepest, depth)
    for dashes in re.findall(r"^(?: *- )+", text, re.MULTILINE):
        deepest = max(deepest, dashes.count("-"))
    if deepest > DEEPEST:
        raise InputError([Problem(name, "", f"{deepest} levels of nesting", f"at most {DEEPEST}")])


class _Builder:
    """Turns ruamel's nodes into plain data, noting lines and collecting problems."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()

    def value(self, node: Any, place: Place) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        field = ".".join(str(part) for part in place)
        where = f"{self.name}:{line}"
        if id(node) in self._seen:
            self._problem(where, field, "an alias (*name)", "every value written out")
            return None
        self._seen.add(id(node))
        if len(self._seen) > MOST_NODES or len(place) > DEEPEST:
            raise InputError(
                [Problem(where, field, "too many or too deeply nested values", f"{MOST_NODES:,} values, {DEEPEST} levels")]
            )
        kind = type(node).__name__
        if kind == "MappingNode":
            return self._mapping(node, place)
        if kind == "SequenceNode":
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, where, field)

    def _mapping(self, node: Any, place: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            field = ".".join(str(part) for part in place)
            if type(key_node).__name__ != "ScalarNode":
                self._problem(f"{self.name}:{line}", field, "a key that is a list or a table", "plain names as keys")
                continue
            key = str(key_node.value)
            if key == "<<":
                self._problem(f"{self.name}:{line}", field, "a merge key (<<)", "every value written out")
                continue
            if key in data:
                first = self.lines[(*place, key)]
                self._problem(
                    f"{self.name}:{line}",
                    f"{field}.{key}".lstrip("."),
                    f"the field {key} a second time (first in line {first})",
                    "each field once",
                )
                continue
            self.lines[(*place, key)] = line
            data[key] = self.value(value_node, (*place, key))
        return data

    def _scalar(self, node: Any, where: str, field: str) -> Any:
        text, tag = str(node.value), str(node.tag)
        if tag.endswith(":null"):
            return None
        if tag.endswith(":bool"):
            return text.lower() == "true"
        if tag.endswith(":int"):
            return self._integer(text, where, field)
        if tag.endswith(":float"):
            return self._float(text)
        if not tag.endswith((":str", ":timestamp")):
            self._problem(where, field, f"the tag {tag}", "no tags")
        return text

    def _integer(self, text: str, where: str, field: str) -> int | str:
        plain = text.replace("_", "")
        if len(plain) > 300:
            self._problem(where, field, f"a number of {len(plain)} digits", "at most 300 digits")
            return 0
        base = 16 if "0x" in plain.lower() else 8 if "0o" in plain.lower() else 10
        return int(plain, base)

    @staticmethod
    def _float(text: str) -> float:
        plain = text.replace("_", "").lower()
        return float(plain.replace(".inf", "inf").replace(".nan", "nan"))

    def _problem(self, where: str, field: str, found: str, allowed: str, hint: str = "") -> None:
        self.problems.append(Problem(where, field, found, allowed, hint))
