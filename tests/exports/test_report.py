"""A report as text: what is in the file, what cannot get into it, what the command refuses. test_report_page.py runs its page."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import hashlease as hl
import numpy as np
import pytest
import yaml
from cases import data, offer, rich, scenario
from hashlease.cli import run_command
from hashlease.errors import InputError
from hashlease.exports.report import pdf
from hashlease.exports.report.model_data import _multiples
from hashlease.exports.report.packing import packed
from hashlease.exports.report.page import LIBRARY, LIBRARY_NAME, asset, policy, report_page
from hashlease.exports.report.page_data import as_json
from hashlease.exports.report.study import Study
from report_browser import data_of

LIBRARY_SHA256 = "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"
"""dist/echarts.min.js of the npm package echarts 6.1.0, whose archive has the integrity
sha512-q0yaFPggC9FUdsWH4blavRWFmxdrIodbkoKNAjJudAI6CA9gNPxHtV2RcZNEepZVlk4yvBYkOkbk6HIVpIyHZA==
"""
PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "{b|text} {value} {a}",
    "=cmd|' /C calc'!A0",
    "+1-2 @SUM(A1)",
    "<!--slot:data--> --><!--",
    "javascript:alert(1)",
    "ünïcödé 電力 🙂 \u202etxet",
    "&lt;b&gt; &amp; \\u003c",
]

TAGS = {
    *("html", "head", "meta", "title", "body", "header", "nav", "main", "section", "noscript", "footer", "figure"),
    *("a", "span", "button", "p", "h1", "h2", "h3", "div", "ul", "li", "b", "strong", "code"),
}


def unpacked(found: Any) -> list[Any]:
    if isinstance(found, list):
        return found
    return [found["of"][n] for n, times in zip(found["runs"][::2], found["runs"][1::2], strict=True) for _ in range(times)]


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(hl.solve(hl.load("two_offers")))


@pytest.fixture(scope="module")
def page(study: Study) -> str:
    return report_page(study)


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [0.1] * 200, [0.0, -0.0, 1 / 3, 1 / 3, None, "a", "a", True], list(np.random.default_rng(1).normal(size=50))],
    ids=["none", "one", "equal", "mixed", "random"],
)
def test_what_is_packed_can_be_unpacked_to_the_last_digit(values: list[Any]) -> None:
    assert unpacked(json.loads(json.dumps(packed(values)))) == values


def test_a_shape_that_is_repeated_with_factors_is_stored_once() -> None:
    shape = np.array([-5.0, 1.0, 20.0, 333.3])
    rows = np.array([shape, 1.02 * shape, shape + 1, 1.0404 * shape, 0 * shape])
    found = _multiples(rows)
    assert len(found["rows"]) == 3
    back = np.array([unpacked(found["rows"][n]) for n in unpacked(found["row"])]) * np.array(unpacked(found["times"]))[:, None]
    assert np.max(np.abs(back - rows)) <= 1e-13


def test_rows_that_differ_in_sign_or_little_are_not_taken_for_multiples() -> None:
    rows = np.array([[1.0, 2.0], [-2.0, -1.0], [1.0, 2.0 + 1e-10]])
    assert len(_multiples(rows)["rows"]) == 3


def test_the_library_is_the_published_file_with_its_licences() -> None:
    assert hashlib.sha256(asset(LIBRARY).encode()).hexdigest() == LIBRARY_SHA256
    assert LIBRARY_NAME.endswith(" 6.1.0")
    assert "Apache License" in asset("echarts/LICENSE")
    assert "The Apache Software Foundation" in asset("echarts/NOTICE")
    assert "BSD 3-Clause" in asset("echarts/LICENSE-zrender")
    assert "Mike Bostock" in asset("echarts/LICENSE-d3")


def test_the_first_screen_needs_no_script(page: str) -> None:
    """two_offers is worth 5.39 M USD by hand; all mining 4.38, lease all 5.12 (scenarios/two_offers.yaml)."""
    text = page[: page.index("<noscript>")]
    assert "Sign 1 of 2 offers (4.0 MW of critical IT) and keep mining with 5 MW: worth 5.390 M USD, 1.010 M USD more" in text
    assert ">CERTIFIED</span>" in text
    assert "<strong>+1.0</strong>" in text
    assert "that plan is worth 5.1" in text
    assert "<b>Sign</b> <span><strong>North</strong> 4.0 MW, rent from 2026-01, 1.6 M USD of capex</span>" in text
    # hashprice x 0.938 and x 1.231 by hand, less and more by the tolerance; 48 USD/PH/day today
    assert "today 48.00 USD/PH/day" in text
    assert "+4.0 MW South" in text


def test_a_page_allows_its_own_scripts_and_style_alone(page: str) -> None:
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert found[1] == policy(scripts, style[1])
    assert "default-src 'none'" in found[1]
    assert "unsafe-eval" not in found[1]
    assert page.count("<script") == 3
    markup = re.sub(r"(?s)<script.*?</script>", "", page)
    assert not re.search(r"<(link|iframe|img|object|embed)\b|\bsrc=|url\(", markup)
    assert len(page.encode()) < 3e6


def test_equal_input_gives_equal_bytes(page: str) -> None:
    again = report_page(Study(hl.solve(hl.load("two_offers"))))
    assert again == page


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_are_text_wherever_they_stand(payload: str) -> None:
    """Names of 64 characters and titles of 200, as far as the models allow them."""
    changes: dict[str, Any] = {"title": payload[:200]}
    try:
        found = scenario(**changes, leases__0__name=payload[:64], fleets__0__name=f"F {payload}"[:64])
    except ValueError:
        found = scenario(**changes)
    page = report_page(Study(hl.solve(found)))
    assert page.count("<script") == 3
    assert page.count("</script") == 3
    assert data_of(page)["title"] == payload[:200]
    markup = re.sub(r"(?s)<(script|style).*?</\1>", "", page)
    assert {tag.lower() for tag in re.findall(r"<\s*([a-zA-Z0-9]+)", markup)} <= TAGS


def test_json_of_a_page_cannot_end_its_script() -> None:
    found = as_json({"text": "</script><!-- & \u2028"})
    assert "<" not in found
    assert "\u2028" not in found
    assert json.loads(found)["text"] == "</script><!-- & \u2028"


def test_tables_come_from_the_plan_and_keep_assumptions_apart() -> None:
    from hashlease.optimizer.tables import TABLES

    study = Study(hl.solve(rich()))
    tables = {table["name"]: table for table in data_of(report_page(study))["tables"]}
    for name, columns in TABLES.items():
        assert tables[name]["columns"] == list(columns)
        assert tables[name]["rows"] == len(study.plan.rows[name])
    rockdale = {table["name"]: table for table in data_of(report_page(Study(hl.solve(hl.load("two_offers")))))["tables"]}
    assert rockdale["assumptions"]["rows"] > 10
    assert "assumption:" not in json.dumps(rockdale["assumptions"]["data"])


def test_a_notebook_shows_the_plan_and_its_charts(study: Study, tmp_path: Path) -> None:
    shown = study.plan._repr_html_()
    assert "CERTIFIED" in shown
    assert "5.390 M USD" in shown
    assert "<th>North</th><td>4.0 of 4.0</td>" in shown
    assert "&lt;b&gt;" in hl.solve(scenario(title="<b>"))._repr_html_()
    chart = study.plan.plot.allocation()
    assert data_of(chart.page)["charts"] == ["allocation"]
    assert "tables" not in data_of(chart.page)
    frame = chart._repr_html_()
    assert 'sandbox="allow-scripts"' in frame
    assert "<script" not in frame
    chart.save(tmp_path / "chart.html")
    assert (tmp_path / "chart.html").read_text() == chart.page
    with pytest.raises(ValueError, match="single site"):
        study.plan.plot.sites()


# --- the command --------------------------------------------------------------------------------------------------------


def write(folder: Path, **changes: object) -> Path:
    path = folder / "case.yaml"
    path.write_text(yaml.safe_dump(data(**changes)))
    return path


def test_the_command_writes_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new" / "case.html"
    assert run_command(["report", str(write(tmp_path)), "-o", str(target), "--power", "no"]) == 0
    assert capsys.readouterr().out == f"wrote {target}\n"
    found = data_of(target.read_text())
    assert [axis["certified"] for axis in found["axes"]] == [True, True, False]
    assert sorted(path.name for path in target.parent.iterdir()) == ["case.html"]


def test_everything_wrong_is_told_at_once_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "case.pdf"
    arguments = ["report", str(write(tmp_path)), "-o", str(target), "--browser", str(tmp_path / "none")]
    assert run_command(arguments) == 2
    error = capsys.readouterr().err
    assert "a file that ends in .html" in error
    assert "--browser together with --pdf" in error
    assert not target.exists()


def test_no_browser_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pdf, "PLACES", ())
    target = tmp_path / "case.html"
    assert run_command(["report", str(write(tmp_path)), "-o", str(target), "--pdf"]) == 2
    error = capsys.readouterr().err
    assert "no browser to print with" in error
    assert "--browser" in error
    assert not target.exists()


@pytest.mark.skipif(os.name == "nt", reason="a shell script as the browser")
def test_a_browser_that_prints_nothing_is_told(tmp_path: Path) -> None:
    wrong = tmp_path / "browser"
    wrong.write_text("#!/bin/sh\necho it is broken >&2\nexit 3\n")
    wrong.chmod(0o755)
    with pytest.raises(InputError, match="it is broken"):
        pdf.pdf_of("<p>", wrong)
    with pytest.raises(InputError, match="a program file of Chromium"):
        pdf.browser_of(tmp_path / "missing")


def test_a_scenario_without_a_plan_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signed = {"leases__0__status": "signed", "leases__0__start_window": None, "leases__0__start_month": "2026-01"}
    target = tmp_path / "case.html"
    case = write(tmp_path, **signed, leases__0__critical_it_mw=500.0)
    assert run_command(["report", str(case), "-o", str(target)]) == 3
    assert "nothing was written" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"leases": []},
        {"fleets": []},
        {"leases__0__rent_usd_per_kw_month": 20.0},
        {"leases": [offer("Signed", status="signed", start_month="2026-01", start_window=None)]},
    ],
    ids=["no offers", "no machines", "no offer pays", "all signed"],
)
def test_odd_scenarios_have_a_report(changes: dict[str, Any]) -> None:
    if "leases" in changes:
        changes = {"leases": [{key: value for key, value in lease.items() if value is not None} for lease in changes["leases"]]}
    page = report_page(Study(hl.solve(scenario(**changes))))
    assert "<h1>" in page
    assert data_of(page)["verdict"] == "CERTIFIED"


def test_why_a_chart_is_missing_is_said() -> None:
    study = Study(hl.solve(scenario(leases=[])))
    data = data_of(report_page(study))
    assert data["absent"] == {
        "break_even": "There are no break-even curves: the scenario has no offers and no leases.",
        "waterfall": "There is no waterfall from all mining to the plan: without leases and offers the plan is all mining.",
    }
    with pytest.raises(ValueError, match="without leases and offers the plan is all mining"):
        study.plan.plot.waterfall()
    with pytest.raises(ValueError, match="the scenario has a single site"):
        study.plan.plot.sites()


def test_no_waterfall_where_mining_alone_breaks_a_rule() -> None:
    rule = {"name": "Load", "kind": "load", "at_least_mw": 95.0, "to": "2026-12"}
    study = Study(hl.solve(scenario(rules=[rule], fleets__0__mw=90.0)))
    assert not study.plan.reference("all_mining").is_possible
    assert "mining alone would break the scenario's rules" in data_of(report_page(study))["absent"]["waterfall"]
