"""A workbook and YAML are the same scenario, to the last digit."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import hashlease as hl
import openpyxl
import pytest
from hashlease.cli import run_command
from hashlease.errors import InputError
from hashlease.models.scenario import Scenario
from hashlease.scenarios.load import STARTER, load, validate
from hashlease.scenarios.workbook.layout import BUDGET, NOTES, PATHS, PRICES, SHAPES, SOURCES, Kind, sheets
from hashlease.scenarios.workbook.reader import read_workbook
from hashlease.scenarios.workbook.writer import workbook_bytes
from hashlease.scenarios.yaml_reader import parse_yaml
from pydantic import BaseModel, ValidationError
from random_cases import random_case
from scenario_text import GOOD, hourly, january, prices, write

NAMES = [*hl.shipped_names(), str(STARTER)]


def back(scenario: Scenario, folder: Path) -> Scenario:
    file = folder / "scenario.xlsx"
    file.write_bytes(workbook_bytes(scenario))
    return load(file)


def same(one: Scenario, other: Scenario) -> None:
    assert one == other
    assert one.content() == other.content()
    assert stated(one.model_dump(exclude_unset=True)) == stated(other.model_dump(exclude_unset=True))


def stated(data: Any) -> Any:
    """Without what is written and says nothing: an empty list, an empty table, null."""
    if isinstance(data, dict):
        return {key: stated(value) for key, value in data.items() if value not in (None, (), {}, [], "")}
    return [stated(value) for value in data] if isinstance(data, list | tuple) else data


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_comes_back_the_same(name: str, tmp_path: Path) -> None:
    scenario = load(name)
    same(scenario, back(scenario, tmp_path))


@pytest.mark.parametrize("seed", range(60))
def test_random_scenarios_come_back_the_same(seed: int, tmp_path: Path) -> None:
    scenario = random_case(seed)
    same(scenario, back(scenario, tmp_path))


def changed(**fields: Any) -> Scenario:
    """The good scenario with other data at its top."""
    return validate(parse_yaml(GOOD, "good.yaml"), Path()).model_copy(update=fields)


HOSTILE = [
    "=cmd|'/c calc'!A1",
    "+1",
    "-1",
    "@x",
    "=1+1",
    "'quoted",
    "#REF!",
    "TRUE",
    "2026-01",
    "1e5",
    "12,5",
    "_x0041_",
    "Größe 氷",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_text_whatever_it_begins_with(text: str, tmp_path: Path) -> None:
    good = changed()
    tenant = good.leases[0].model_copy(update={"name": text, "tenant": text, "sources": {"*": f"{text} and more"}})
    scenario = changed(title=text, description=f"{text}\n  with blanks  \n\ttab\n", leases=(tenant, good.leases[1]))
    content = workbook_bytes(scenario)
    (tmp_path / "scenario.xlsx").write_bytes(content)
    same(scenario, load(tmp_path / "scenario.xlsx"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist() if "worksheets/sheet" in name)


def test_numbers_keep_every_digit(tmp_path: Path) -> None:
    draw = random.Random(7)
    budget = {2026 + n: draw.uniform(1e3, 1e12) for n in range(60)} | {2090: 0.1 + 0.2 + 1e3}
    good = changed()
    scenario = changed(finance=good.finance.model_copy(update={"capex_budget_usd": budget}))
    assert back(scenario, tmp_path).finance.capex_budget_usd == budget


def test_floors_of_cash_have_columns_on_budget(tmp_path: Path) -> None:
    cash = {"opening_usd": 4e7, "raised_usd": {"2027": 0.1 + 0.2 + 1e3}, "floor_usd": {"2026": 0, "2028": 1e7}}
    stated = changed().model_dump(mode="json", by_alias=True)
    scenario = Scenario.model_validate({**stated, "finance": {**stated["finance"], "cash": cash}})
    assert back(scenario, tmp_path).finance.cash == scenario.finance.cash


def test_files_beside_the_workbook_are_read(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, hourly(), {"prices.csv": prices(january())}))
    same(scenario, back(scenario, tmp_path))
    rows = "\n".join(f"2026-{month:02d},{40 + month}" for month in range(1, 13))
    path = "{csv: hashprice.csv, month_column: month, value_column: usd, then_growth_per_year: 0.01}"
    text = GOOD.replace("btc_price_usd: {flat: 90000}", f"btc_price_usd: {path}")
    by_month = load(
        write(tmp_path, text, {"hashprice.csv": "month,usd\n" + rows.replace(",4", ",9004").replace(",5", ",9005") + "\n"})
    )
    same(by_month, back(by_month, tmp_path))


def test_blocks_of_one_name_keep_their_own_sources(tmp_path: Path) -> None:
    good = changed()
    block = good.sites[0].blocks[0]
    blocks = tuple(block.model_copy(update={"mw": mw, "sources": {"mw": f"contract of {mw} MW"}}) for mw in (10.0, 20.0))
    scenario = changed(sites=(good.sites[0].model_copy(update={"blocks": blocks}),))
    same(scenario, back(scenario, tmp_path))


def test_the_same_scenario_gives_the_same_bytes() -> None:
    assert workbook_bytes(load("rockdale")) == workbook_bytes(load("rockdale"))


def test_overrides_change_a_workbook_like_yaml(tmp_path: Path) -> None:
    changes = ["market.hashprice.multiplier=0.8", "leases.*.escalator_per_year=0.02", "sites.rockdale.energised_mw=500"]
    file = tmp_path / "scenario.xlsx"
    file.write_bytes(workbook_bytes(load("rockdale")))
    same(load("rockdale", changes), load(file, changes))
    with pytest.raises(InputError, match=r"--set leases.\*.term_years=500"):
        load(file, "leases.*.term_years=500")


# --- the template -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "scenario.xlsx"
    assert run_command(["new", "--xlsx", str(file)]) == 0
    return file


def test_the_template_is_the_starter_and_is_solved(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same(load(template), load(STARTER))
    assert run_command(["run", str(template)]) == 0
    assert "CERTIFIED" in capsys.readouterr().out
    assert run_command(["validate", str(template), "--strict"]) == 0


def test_every_field_of_the_models_has_its_column(template: Path) -> None:
    """Walks the models by itself, without the layout's own walk."""
    book = openpyxl.load_workbook(template)
    headers = {cell.value for sheet in book for cell in sheet[1]} | {
        cell.value for name in ("General", "Market") for cell in book[name]["A"]
    }
    lasts = {str(header).rpartition(".")[2] for header in headers}
    own_sheets = {
        "sources",
        "phases",
        "extensions",
        "blocks",
        "capex_spending",
        "capex_budget_usd",
        "cumulative_capex_budget_usd",
        "raised_usd",
        "floor_usd",
        "share_of_hours_fraction",
        "ancillary_usd_per_mw_hour",
        "zones",
    }
    shown_elsewhere = {"flat", "anchors", "months", "sites", "fleets", "leases", "machine_offers", "machine_moves", "rules"}

    def check(model: type[BaseModel]) -> None:
        for name, field in model.model_fields.items():
            inner = _models(field.annotation)
            for found in inner:
                check(found)
            if not inner or name in own_sheets:
                assert (field.alias or name) in lasts | own_sheets | shown_elsewhere, f"{model.__name__}.{name}"

    check(Scenario)


def _models(annotation: Any) -> list[type[BaseModel]]:
    from typing import get_args

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inside = (getattr(annotation, "__value__", None), *get_args(annotation))
    return [found for part in inside if part is not None for found in _models(part)]


def test_the_sheets_have_units_notes_and_lists(template: Path) -> None:
    book = openpyxl.load_workbook(template)
    assert book.sheetnames == [NOTES, *(sheet.name for sheet in sheets()), PATHS, PRICES, SHAPES, BUDGET, SOURCES]
    leases = book["Leases"]
    column = {cell.value: cell for cell in leases[1]}
    rent = column["rent_usd_per_kw_month"]
    assert "1 to 600 USD per kW of critical IT and month" in leases.cell(2, rent.column).value
    assert rent.comment is not None and "May be empty" in rent.comment.text
    assert column["status"].comment is not None and "Required" in column["status"].comment.text
    rules = {str(rule.sqref): rule for rule in leases.data_validations.dataValidation}
    status = next(rule for where, rule in rules.items() if where.startswith(f"{column['status'].column_letter}3:"))
    assert (status.type, status.formula1) == ("list", '"signed,offered"')
    site = next(rule for where, rule in rules.items() if where.startswith(f"{column['site'].column_letter}3:"))
    assert site.formula1 == "Sites!$A$3:$A$203"
    assert any(rule.type == "decimal" for rule in rules.values())
    kinds = {column.kind for sheet in sheets() for column in sheet.columns}
    assert kinds == set(Kind)


def test_new_refuses_what_it_would_overwrite_or_misname(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["new", "--xlsx"]) == 0
    assert run_command(["new", "--xlsx"]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert run_command(["new", "--xlsx", "--force", "--from", "rockdale"]) == 0
    same(load("scenario.xlsx"), load("rockdale"))
    assert run_command(["new", "--xlsx", "scenario.yaml"]) == 2
    assert run_command(["new", "other.xlsx"]) == 2
    assert "--xlsx with a name that ends in .xlsx" in capsys.readouterr().err
    assert run_command(["new", "--from", "rockdale"]) == 2
    assert run_command(["new", "--xlsx", "other.xlsx", "--from", "nowhere"]) == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["scenario.xlsx"]


def test_every_command_takes_a_workbook(template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run_command(["run", str(template), "--out", str(out)]) == 0
    assert '"scenario.xlsx"' in (out / "manifest.json").read_text()
    assert run_command(["compare", str(template), str(STARTER)]) == 0
    assert run_command(["curve", str(template), "--offer", "Second tenant", "--range", "0.9:1.1"]) in (0, 2)
    capsys.readouterr()


@pytest.mark.parametrize("missing", ["python_calamine", "xlsxwriter", "openpyxl"])
def test_a_missing_library_is_told(missing: str, template: Path, tmp_path: Path) -> None:
    commands = {
        "python_calamine": ["run", str(template)],
        "xlsxwriter": ["new", "--xlsx", str(tmp_path / "x.xlsx")],
        "openpyxl": ["validate", str(template), "--annotate", str(tmp_path / "x.xlsx")],
    }
    code = (
        "import sys, importlib.util\n"
        f"sys.modules[{missing!r}] = None\n"
        "found = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *more: None if name == {missing!r} else found(name, *more)\n"
        "from hashlease.cli import main\n"
        f"main({commands[missing]!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2, done.stderr
    assert "pip install 'hashlease[excel]'" in done.stderr
    assert not (tmp_path / "x.xlsx").exists()


def test_yaml_imports_nothing_for_workbooks() -> None:
    code = "import sys, hashlease as hl; hl.load('two_offers'); print(sorted(m for m in sys.modules if 'workbook.' in m or m in ('openpyxl', 'xlsxwriter', 'python_calamine', 'xml.parsers.expat')))"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


def test_a_random_scenario_that_is_refused_is_refused_in_a_workbook_too(tmp_path: Path) -> None:
    scenario = changed()
    broken = scenario.model_copy(update={"leases": (scenario.leases[0].model_copy(update={"gross_up": 9.0}), scenario.leases[1])})
    (tmp_path / "scenario.xlsx").write_bytes(workbook_bytes(broken))
    with pytest.raises((InputError, ValidationError), match=r"1 to 2\.5 meter MW per critical MW"):
        load(tmp_path / "scenario.xlsx")
    document = read_workbook(tmp_path / "scenario.xlsx", (tmp_path / "scenario.xlsx").read_bytes())
    assert document.where(("leases", 0, "gross_up")).endswith(" Leases!F3")
