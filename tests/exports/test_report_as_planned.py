"""A report of a scenario whose terms the page cannot revalue: the plan as it is, everything else present, and why in words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import rich
from hashlease.errors import InputError, Problem
from hashlease.exports.report import study as study_module
from hashlease.exports.report.page import report_page
from hashlease.exports.report.study import Study
from hashlease.models.values import Multipliers
from hashlease.optimizer.ledger import Ledger
from playwright.sync_api import Browser, sync_playwright
from report_browser import LAUNCH, data_of, opened

TERMS: dict[str, Any] = {
    "sites__0__delivery": {"usd_per_mwh": {"flat": 3.0}, "loss_fraction": 0.02},
    "sites__0__ancillary_services": [{"name": "ECRS", "share_fraction": 0.3, "usd_per_mw_hour": {"flat": 6.0}}],
}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=LAUNCH)
        yield found
        found.close()


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(hl.solve(rich(**TERMS)), tolerance=0.01)


def test_the_report_says_in_words_why_nothing_moves(study: Study) -> None:
    page = report_page(study)
    data = data_of(page)
    assert "model" not in data
    assert set(data["charts"]) == {"allocation", "cash", "map", "hours", "duration", "break_even", "waterfall", "tornado", "sites"}
    note = re.search(r'id="box-note">(.*?)</p>', page)
    assert note is not None
    assert "no live what-if" in note[1]
    assert any(fleet.name in note[1] for fleet in study.scenario.fleets)
    assert ">Over time</a>" in page


def test_its_figures_are_those_of_the_plan_and_of_the_ledger(browser: Browser, study: Study, tmp_path: Path) -> None:
    page, said = opened(browser, tmp_path, study)
    assert page.locator("#controls, input[type=range]").count() == 0
    months = [str(month) for month in study.scenario.calendar.months]
    expected: dict[tuple[str, ...], float] = defaultdict(float)
    for row in study.plan.rows["allocation"]:
        expected[row["site"], row["use"], row["name"], row["period"]] += row["mw"]
    found = page.evaluate("hashlease.model.allocation().map((row) => [row.site, row.use, row.name, Array.from(row.mw)])")
    shown = {(*row[:3], month): mw for row in found for month, mw in zip(months, row[3], strict=True)}
    for key in {*expected, *shown}:
        assert shown.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=1e-6), key
    cash = page.evaluate(
        "hashlease.model.cash().map((line) => [line.site, line.item, line.name, Array.from(line.usd), line.discounted])"
    )
    assert sum(line[4] for line in cash) == pytest.approx(study.plan.npv_usd, rel=1e-9)
    ledger_usd = sum(row["usd"] for row in study.plan.rows["cash_flow"])
    assert sum(sum(line[3]) for line in cash) == pytest.approx(ledger_usd, rel=1e-9)
    mwh = sum(row["mwh"] for row in study.plan.rows["fleets"])
    assert mwh > 0
    assert page.evaluate(
        "hashlease.model.energy().reduce((sum, one) => sum + one.mined.reduce((a, b) => a + b, 0), 0)"
    ) == pytest.approx(mwh)
    assert said == []


def test_its_map_holds_the_values_of_the_plans(browser: Browser, study: Study, tmp_path: Path) -> None:
    assert study.map is not None
    page, said = opened(browser, tmp_path, study)
    for hashprice in (0.5, 1.0, 1.25, 2.0):
        for rent in (0.7, 1.0, 1.4):
            found = page.evaluate("([hashprice, rent]) => hashlease.model.npv({ hashprice, rent })", [hashprice, rent])
            expected = study.map.npv_usd(hashprice=hashprice, rent=rent)
            assert np.max(np.abs(np.array(found) - expected)) <= 0.01
    page.locator("figure[data-chart=map]").scroll_into_view_if_needed()
    page.locator("figure[data-chart=map] svg").wait_for()
    before = page.evaluate("JSON.stringify(hashlease.state.at)")
    page.locator("figure[data-chart=map] .plot").click()
    assert page.evaluate("JSON.stringify(hashlease.state.at)") == before
    assert said == []


def test_a_break_even_is_the_market_price_at_which_it_stops(study: Study) -> None:
    """(revenue - pool - opex - delivery) / loss factor - adder: 1 MW of a site with 3 USD/MWh of delivery and 2 % of losses."""
    fleets = {fleet["name"]: fleet for fleet in data_of(report_page(study))["planned"]["fleets"]}
    ledger = Ledger(study.scenario)
    for fleet in study.scenario.fleets_at(study.scenario.sites[0].name):
        site = study.scenario.sites[0]
        assert site.supply.kind == "index"
        first = fleet.break_even_usd_per_mwh(ledger.hashprice_usd_per_ph_day)[0]
        packed = fleets[fleet.name]["edge"]
        edge = packed[0] if isinstance(packed, list) else packed["of"][packed["runs"][0]]
        assert edge == pytest.approx((first - 3.0) / 1.02 - site.supply.adder_usd_per_mwh)


def test_a_scenario_that_a_map_does_not_hold_has_a_report(
    browser: Browser, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InputError([Problem("decision map", "Tenant <b>", "a term of its own", "none")])

    monkeypatch.setattr(study_module, "decision_map", refuse)
    without = Study(study.plan)
    page, said = opened(browser, tmp_path, without)
    assert "no live what-if and no decision map" in page.locator("#box-note").inner_text()
    assert "Tenant <b>: a term of its own" in page.locator("#box-note").inner_text()
    assert page.locator("figure[data-chart]").count() == 8
    for figure in page.locator("figure[data-chart]").all():
        figure.scroll_into_view_if_needed()
        figure.locator("svg").wait_for()
    nearest = without.offers_by_distance[0]
    assert nearest in page.locator(".flips").inner_text()
    with pytest.raises(ValueError, match="no decision map"):
        without.plan.plot.map()
    assert said == []


def test_a_box_that_makes_no_sense_is_no_missing_map(study: Study) -> None:
    with pytest.raises(InputError, match="lowest below highest"):
        _ = Study(study.plan, {"hashprice": (2.0, 0.5)}).map


def test_values_of_a_map_are_straight_lines_in_the_rent(study: Study) -> None:
    assert study.map is not None
    low, middle, high = (study.map.values.at(Multipliers(0.8, rent, 1.0)) for rent in (0.7, 1.05, 1.4))
    assert np.allclose(middle, (low + high) / 2, rtol=1e-12, atol=1e-9)


def test_machines_on_offer_are_in_the_report(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan buys machines; that others may be sold is what the sliders cannot hold. Energy that stands still is of machines that
    are bought alone.
    """
    monkeypatch.setattr(study_module, "MOST_CURVES", 1)
    study = Study(hl.solve(hl.load("pure_miner")), {"hashprice": (0.8, 1.3), "rent": (0.9, 1.1)}, 0.05)
    page, said = opened(browser, tmp_path, study)
    assert "machines that may be sold" in page.locator("#box-note").inner_text()
    bought = [row for row in study.plan.rows["machines"] if row["decision"] == "buy"]
    assert bought
    for row in bought:
        assert row["name"] in page.locator(".actions").inner_text()
    spent = f"{-sum(row['usd'] for row in bought) / 1e6:,.1f}"
    assert spent in page.locator(".tile", has_text="To be spent").inner_text()
    possible: dict[str, float] = defaultdict(float)
    for year in study.plan.rows["fleets"]:
        possible[year["fleet"]] += year["available_mw"]
    for fleet in page.evaluate("hashlease.model.energy().map((one) => ({ name: one.name, still: Math.max(...one.still) }))"):
        assert possible[fleet["name"]] > 0 or fleet["still"] == 0
    assert said == []


@pytest.mark.parametrize("name", [name for name in hl.shipped_names() if name != "portfolio"])
def test_every_shipped_scenario_has_a_report(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a small box and one break-even curve, which is what takes time; the portfolio is of the same kinds of contracts."""
    monkeypatch.setattr(study_module, "MOST_CURVES", 1)
    page = report_page(Study(hl.solve(hl.load(name)), {"hashprice": (0.9, 1.1)}, 0.05))
    assert data_of(page)["verdict"].startswith(("CERTIFIED", "FEASIBLE"))
    assert len(page.encode()) < 3e6
