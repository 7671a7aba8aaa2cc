"""Reading a scenario: where it is found, what its text means, and that what it says can be written and read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hashlease import load, shipped_names
from hashlease.errors import MOST_DESCRIBED, InputError
from hashlease.models.scenario import Scenario
from hashlease.scenarios import yaml_reader
from hashlease.scenarios.load import SHIPPED, STARTER, locate
from hashlease.scenarios.yaml_reader import parse_yaml
from scenario_text import GOOD, hourly, january, prices, write

PARSERS = pytest.mark.parametrize("parser", [yaml_reader._parser, yaml_reader._python_parser], ids=["C", "Python"])


# --- written and read again ----------------------------------------------------------------------------------------------


def written(scenario: Scenario) -> dict[str, Any]:
    found: dict[str, Any] = scenario.model_dump(mode="json", by_alias=True)
    return found


@pytest.mark.parametrize("name", [*shipped_names(), str(STARTER)])
def test_a_shipped_scenario_is_the_same_when_read_again(name: str, tmp_path: Path) -> None:
    scenario = load(name)
    again = load(write(tmp_path, yaml.safe_dump(written(scenario), sort_keys=False)))
    assert again == scenario
    assert written(again) == written(scenario)
    assert load(write(tmp_path, json.dumps(written(scenario)))) == scenario


def test_a_scenario_with_prices_is_the_same_when_read_again(tmp_path: Path) -> None:
    files = {"prices.csv": prices(january())}
    scenario = load(write(tmp_path, hourly(), files))
    again = load(write(tmp_path, yaml.safe_dump(written(scenario)), files))
    assert again == scenario
    assert again.content() == scenario.content()


def test_another_price_is_another_scenario(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, hourly(), {"prices.csv": prices(january())}))
    assert load(write(tmp_path, hourly(), {"prices.csv": prices(january(), usd="30")})) != scenario


# --- text ------------------------------------------------------------------------------------------------------------------

SCALARS: dict[str, Any] = {
    "yes": "yes",
    "No": "No",
    "on": "on",
    "OFF": "OFF",
    "y": "y",
    "true": True,
    "False": False,
    "tRUE": "tRUE",
    "null": None,
    "~": None,
    "": None,
    "nUll": "nUll",
    "010": 10,
    "0o10": "0o10",
    "0x10": "0x10",
    "0b1": "0b1",
    "+7": 7,
    "1_000": 1000,
    "_1": "_1",
    "12:30": "12:30",
    "1:30:00": "1:30:00",
    "2026-01": "2026-01",
    "2026-01-01": "2026-01-01",
    "1e6": 1e6,
    "-1.5E-3": -0.0015,
    ".5": 0.5,
    "5.": 5.0,
    ".": ".",
    "1.2.3": "1.2.3",
    "1e": "1e",
    "-.INF": float("-inf"),
    "+.inf": float("inf"),
    "inf": "inf",
    "=": "=",
    "'010'": "010",
    '"true"': "true",
    r'"\u00e9\n"': "\u00e9\n",
    "|\n  010\n": "010\n",
    ">-\n  a\n  b\n": "a b",
}


@PARSERS
@pytest.mark.parametrize("text", SCALARS)
def test_scalars_of_yaml_1_2(parser: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "_parser", parser)
    found = parse_yaml(f"x: {text}\n", "f").data["x"]
    assert found == SCALARS[text]
    assert type(found) is type(SCALARS[text])


SYNTAX = {
    "a: b: c": "a colon where no field can begin (column 5)",
    'a: "x': "a quotation mark that is never closed (column 4)",
    "a: [1": "a bracket that is not closed, or a comma that is missing (column 4)",
    "a:\n\tb: 1": "a tab in the indentation (column 1)",
    "a: @x": "a text that begins with a sign which YAML reserves (column 4)",
    "a: %x": "a text that begins with a sign which YAML reserves (column 4)",
    "a: - b": "a list entry (-) on the line of its field (column 4)",
    "a: !x!y z": "a text that begins with ! (column 4)",
    "a: *": "a text that begins with * or & (column 5)",
    "a: {b: 1,, c: 2}": "a comma or closing bracket where a value belongs (column 10)",
    "{a: 1}}": "more text after the end of the document (column 7)",
    "a: 'x'y": "a line that does not fit the lines above it (column 7)",
    "- a\nb: 1": "a line that does not fit the lines above it (column 1)",
}


@PARSERS
@pytest.mark.parametrize("text", SYNTAX)
def test_what_is_no_yaml_is_said_in_plain_words(parser: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "_parser", parser)
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f")
    (problem,) = caught.value.problems
    assert (problem.where, problem.found) == (f"f:{text.count(chr(10)) + 1}", SYNTAX[text])


@PARSERS
@pytest.mark.parametrize("text", [r'a: "\UFFFFFFFF"', r'a: "\ud800"', "a: \ufffe", "a: |9x\n b", "%YAML 3.0\n---\na: 1"])
def test_what_the_parsers_refuse_each_in_its_words(parser: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_reader, "_parser", parser)
    try:
        faults = parse_yaml(text, "f").faults
    except InputError as caught:
        assert len(caught.problems) == 1
    else:
        assert len(faults) == 1


@pytest.mark.parametrize(
    ("text", "place", "found"),
    [
        ("a: &x 1", ("a",), "an anchor (&x)"),
        ("a: &x [1]", ("a",), "an anchor (&x)"),
        ("a: *x", ("a",), "an alias (*x)"),
        ("a: !!int 1", ("a",), "a tag (tag:yaml.org,2002:int)"),
        ("<<: {b: 1}", (), "a merge key (<<)"),
        ("? [a, b]\n: 1", (), "a key that is not a plain name"),
        ("? {a: b}\n: 1", (), "a key that is not a plain name"),
        ("*x : 1", (), "a key that is not a plain name"),
        ("!!str a: 1", ("a",), "an anchor or a tag on the key a"),
        ("a: 1\na: {b: [2]}", ("a",), "the field a a second time (first in line 1)"),
        ("a: 1\n'a': 2", ("a",), "the field a a second time (first in line 1)"),
        ("a: 1\n--- \nb: 2", (), "a second document (---)"),
        (r'"a\0": 1', ("a\0",), "the character U+0000 in the key a\0"),
        ("a\u00a0b: 1", ("a\u00a0b",), "the character U+00A0 in the key a\u00a0b"),
        (r'a: "\u202e"', ("a",), "the invisible character U+202E"),
        ("a: 1\u20092", ("a",), "the character U+2009"),
    ],
)
def test_what_a_scenario_does_not_need_of_yaml(text: str, place: tuple[str, ...], found: str) -> None:
    faults = parse_yaml(text, "f").faults
    assert [(fault.place, fault.found) for _, fault in faults] == [(place, found)]


def test_what_follows_a_value_that_is_passed_over_is_read() -> None:
    document = parse_yaml("a: 1\n<<: [{b: [1]}, 2]\na: {x: [1]}\n? [k]\n: [v]\nz: 9\n", "f")
    assert document.data == {"a": 1, "z": 9}
    assert [line for line, _ in document.faults] == [2, 3, 4]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_however_they_end(newline: str) -> None:
    document = parse_yaml("a: 1\n# two\n\nb:\n  - c: 5\n".replace("\n", newline), "f")
    assert [document.where(place) for place in [("a",), ("b",), ("b", 0, "c"), ("b", 0, "d"), ("e",)]] == [
        "f:1",
        "f:4",
        "f:5",
        "f:5",
        "f:1",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("line", "column"), [("b: \u200bx", 4), ("\tb: 1", 1)])
def test_faults_have_their_line_however_lines_end(newline: str, line: str, column: int) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(newline.join(["a:", "", line, ""]), "f")
    (problem,) = caught.value.problems
    assert problem.where == "f:3"
    assert f"(column {column})" in problem.found


def test_many_invisible_characters_are_counted_not_listed() -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml("\u200b\n" * 1_000, "f")
    assert len(caught.value.problems) == MOST_DESCRIBED
    assert str(caught.value).startswith("1,000 problems")


# --- where it is found ---------------------------------------------------------------------------------------------------


def test_a_bare_name_is_a_shipped_scenario_unless_a_file_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("rockdale", "rockdale.yaml"):
        assert locate(name) == SHIPPED / "rockdale.yaml"
    (tmp_path / "rockdale").mkdir()
    assert locate("rockdale") == SHIPPED / "rockdale.yaml"
    write(tmp_path).rename(tmp_path / "rockdale.yaml")
    assert load("rockdale.yaml").name == "good"
    assert load("rockdale").name != "good"
    assert locate(tmp_path / "two_offers") == tmp_path / "two_offers"


@pytest.mark.parametrize(("stem", "name"), [("my case", "my case"), ("x" * 63 + " y", "x" * 63), ("NO", "NO")])
def test_a_scenario_without_a_name_is_called_like_its_file(stem: str, name: str, tmp_path: Path) -> None:
    write(tmp_path, GOOD.removeprefix("name: good\n")).rename(tmp_path / f"{stem}.yaml")
    assert load(tmp_path / f"{stem}.yaml").name == name


def test_a_folder_that_cannot_be_listed_gives_no_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)

    def denied(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(InputError) as caught:
        load(tmp_path / "scenaro.yaml")
    assert caught.value.problems[0].hint == yaml_reader.NEW


def test_a_text_that_begins_like_an_archive_is_a_text(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, "PK: 1\n"))
    assert "the unknown field PK" in [problem.found for problem in caught.value.problems]
