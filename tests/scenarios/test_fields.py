"""Changes by field path, as `--set` makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hashlease.cli import run_command
from hashlease.errors import InputError, Problem
from hashlease.models.scenario import Scenario
from hashlease.scenarios.fields import apply_overrides, split_path
from hashlease.scenarios.load import load
from hashlease.scenarios.yaml_reader import parse_yaml
from scenario_text import GOOD, changed, write

OFFER = "leases.Second tenant"


def with_set(folder: Path, *assignments: str, text: str = GOOD) -> Scenario:
    return load(write(folder, text), assignments)


def refused(folder: Path, *assignments: str, text: str = GOOD) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        with_set(folder, *assignments, text=text)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("market.hashprice.multiplier", ["market", "hashprice", "multiplier"]),
        ('leases."No. 1".term_years', ["leases", "No. 1", "term_years"]),
        ('leases.No" . "1.term_years', ["leases", "No . 1", "term_years"]),
        ("leases.*.gross_up", ["leases", "*", "gross_up"]),
        *((path, []) for path in ("", ".", "a.", ".a", "a..b", '"a', 'a."b', 'a"b"c"')),
    ],
)
def test_parts_of_a_path(path: str, parts: list[str]) -> None:
    assert split_path(path) == parts


def test_a_path_of_any_length_is_taken_apart_at_once() -> None:
    assert split_path("a" * 1_000_000 + '"') == []
    assert len(split_path('"a".' * 200_000 + "b")) == 200_001


@pytest.mark.parametrize("row", ["Second tenant", "second_tenant", "SECOND-TENANT", '"Second tenant"'])
def test_a_row_by_its_name(row: str, tmp_path: Path) -> None:
    found = with_set(tmp_path, f"leases.{row}.gross_up=1.4")
    assert [lease.gross_up for lease in found.leases] == [1.3, 1.4]


@pytest.mark.parametrize("name", ["No. 1", 'the "best"', "a=b", "Z\u00fcrich"])
def test_the_path_in_a_message_can_be_set(name: str, tmp_path: Path) -> None:
    text = changed("name: Second tenant", f"name: '{name}'")
    (problem,) = refused(tmp_path, text=changed("gross_up: 1.35", "gross_up: 135", text))
    assert with_set(tmp_path, f"{problem.field}=1.4", text=text).leases[1].gross_up == 1.4


def test_a_name_is_the_same_in_both_unicode_forms(tmp_path: Path) -> None:
    text = changed("name: Second tenant", "name: Z\u00fcrich")
    assert with_set(tmp_path, "leases.Zu\u0308rich.gross_up=1.4", text=text).leases[1].gross_up == 1.4


def test_every_row(tmp_path: Path) -> None:
    assert {lease.gross_up for lease in with_set(tmp_path, "leases.*.gross_up=1.4").leases} == {1.4}


def test_a_row_without_a_name_by_its_number(tmp_path: Path) -> None:
    site = with_set(tmp_path, "sites.*.energised_mw.1.mw_total=310").sites[0]
    assert [step.mw_total for step in site.energised_mw] == [260, 310]


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("title=", None),
        ("title= 12 ", 12),
        ("title=1_000.5", 1000.5),
        ("title=no", "no"),
        ("title='12'", "12"),
        ("title=a=b", "a=b"),
        ("title=[1, {a: b}]", [1, {"a": "b"}]),
        (" title =x", "x"),
    ],
)
def test_a_value_reads_as_in_a_file(assignment: str, value: Any) -> None:
    assert apply_overrides(parse_yaml("title: old", "f"), [assignment]).data == {"title": value}


def test_the_document_itself_stays_as_it_is() -> None:
    document = parse_yaml("a: {b: [1, 2]}", "f")
    assert apply_overrides(document, ["a.b.0=5", "a.c=6"]).data == {"a": {"b": [5, 2], "c": 6}}
    assert document.data == {"a": {"b": [1, 2]}}


def test_rows_set_together_do_not_share_their_value() -> None:
    found = apply_overrides(parse_yaml("rows: [{name: A}, {name: B}]", "f"), ["rows.*.x={y: 1}", "rows.A.x.y=2"])
    assert [row["x"] for row in found.data["rows"]] == [{"y": 2}, {"y": 1}]


def test_later_assignments_win_and_tables_are_made(tmp_path: Path) -> None:
    text = changed("horizon: {end: 2040-03}\n", "")
    assert str(with_set(tmp_path, "horizon.end=2039-01", "horizon.end=2039-02", text=text).calendar.end) == "2039-02"


def test_what_is_set_mends_the_file(tmp_path: Path) -> None:
    text = changed("gross_up: 1.35", "gross_up: 135")
    assert with_set(tmp_path, "leases.*.gross_up=1.4", text=text).leases[1].gross_up == 1.4


@pytest.mark.parametrize(
    ("assignment", "field", "found", "allowed", "hint"),
    [
        ("market.hashprise.multiplier=1.2", "market.hashprise", "the unknown field hashprise", "one of: hashprice", "hashprice?"),
        ("leases.*.term_yers=5", "leases.First tenant.term_yers", "the unknown field term_yers", "term_years", "term_years?"),
        ("leases.Secnd.x=5", "leases.Secnd.x", 'no "Secnd" in leases', "one of: First tenant, Second", "mean Second tenant?"),
        ("leases.9.x=5", "leases.9.x", 'no "9" in leases', "or * for all", ""),
        (
            "sites.Rockdale.energised_mw.9.from=5",
            "sites.Rockdale.energised_mw.9.from",
            'no "9" in sites.Rockdale.energised_mw',
            "0, 1, or *",
            "",
        ),
        ("finance.dollars.x=5", "finance.dollars.x", "finance.dollars is a single value", "a path to a field", ""),
        (f"{OFFER}.term_years=ten", f"{OFFER}.term_years", 'the text "ten"', "0.25 to 50 years", "a plain number"),
        (f"{OFFER}.term_years=true", f"{OFFER}.term_years", "the yes/no value true", "0.25 to 50 years", "not numbers"),
        (f"{OFFER}.term_years=", f"{OFFER}.term_years", "nothing", "0.25 to 50 years", ""),
        (f"{OFFER}.term_years=[5]", f"{OFFER}.term_years", "a list", "0.25 to 50 years", ""),
        (f"{OFFER}.term_years=.nan", f"{OFFER}.term_years", "nan", "0.25 to 50 years", "finite"),
        (f"{OFFER}=5", OFFER.replace("Second tenant", "1"), "5", "a table with the fields name", ""),
        ("leases=5", "leases", "5", "a list", ""),
        ("title=*x", "title", "an alias (*x)", "every value written out", "quotes"),
        ("market={a: 1, a: 2}", "market.a", "the field a a second time", "each field once", ""),
        ("title=# 5", "title", "a comment (#)", "a value", "quotes"),
        ("title=a: b: c", "", "a colon where no field can begin", "well-formed YAML", "quotes"),
        ("title=a\u202eb", "", "the invisible character U+202E", "visible text", ""),
        ("market.hashprice", "", "no path=value", "a field path, = and a value", "e.g. --set market."),
        ("=5", "", "no path=value", "a field path", "e.g. --set market."),
        ("", "", "no path=value", "a field path", "e.g. --set market."),
    ],
)
def test_an_assignment_that_cannot_be(assignment: str, field: str, found: str, allowed: str, hint: str, tmp_path: Path) -> None:
    problem = refused(tmp_path, assignment)[0]
    assert problem.where == f"--set {assignment}"
    assert problem.field == field
    assert found in problem.found
    assert allowed in problem.allowed
    assert hint in problem.hint


def test_several_are_reported_at_once_and_with_those_of_the_file(tmp_path: Path) -> None:
    text = changed("overhead: 1.05", "overhead: 105")
    line = text.splitlines().index("    overhead: 105") + 1
    found = refused(tmp_path, "nothing", "leases.x.y=1", "title=ok", "finance.dollars=maybe", text=text)
    assert [(problem.where.rpartition("scenario.yaml:")[2], problem.field) for problem in found] == [
        ("--set nothing", ""),
        ("--set leases.x.y=1", "leases.x.y"),
        (f"{line}", "fleets.Machines.overhead"),
        ("--set finance.dollars=maybe", "finance.dollars"),
    ]


def test_a_file_that_is_no_table_is_what_is_wrong(tmp_path: Path) -> None:
    assert [problem.found for problem in refused(tmp_path, "title=x", "nothing", text="- a\n")] == ["a list"]


def test_the_command_ends_with_2_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run_command(["run", str(write(tmp_path)), "--out", str(out), "--set", f"{OFFER}.term_yeers=5"]) == 2
    shown = capsys.readouterr()
    assert f"--set {OFFER}.term_yeers=5  {OFFER}.term_yeers\n    found    the unknown field term_yeers" in shown.err
    assert "did you mean term_years?" in shown.err
    assert shown.out == ""
    assert not out.exists()


def test_what_is_shown_of_an_assignment_is_bounded_and_printable(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        with_set(tmp_path, "title.\x1b[2J" + "x" * 100_000)
    assert len(caught.value.problems[0].where) < 130
    assert "\x1b" not in str(caught.value)
