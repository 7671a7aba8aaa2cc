"""The page of a report in a real browser: its numbers are those of PlanTerms and of the ledger, sliders move, text stays text."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import growing, rich, scenario
from hashlease.exports.report.page import report_page
from hashlease.exports.report.pdf import browser_of, pdf_of
from hashlease.exports.report.study import Study
from hashlease.models.values import Multipliers
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.ledger_lines import Line, gross_usd, total_usd
from playwright.sync_api import Browser, sync_playwright
from report_browser import LAUNCH, opened

POSITIONS = 12
EVALUATED = """([hashprice, rent, power]) => {
  const { model } = hashlease;
  const at = { hashprice, rent, power };
  return model.plans.map((_, plan) => {
    const cash = {};
    for (const line of model.cash(plan, at)) {
      const key = line.site + "|" + line.item;
      cash[key] = (cash[key] || new Float64Array(model.length)).map((usd, t) => usd + line.usd[t]);
    }
    return {
      npv: model.npv(at)[plan],
      cash: Object.fromEntries(Object.entries(cash).map(([key, usd]) => [key, Array.from(usd)])),
      mw: model.allocation(plan, at).map((row) => [row.site, row.use, Array.from(row.mw)]),
    };
  });
}"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=LAUNCH)
        yield found
        found.close()


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(hl.solve(rich()), tolerance=0.01)


def ledger_lines(study: Study, plan: int, at: Multipliers) -> list[Line]:
    """The ledger's lines of a plan of the list, whose machines stand idle in months that lose money."""
    terms, values = study.terms, study.values
    assert terms is not None
    ledger, decisions = Ledger(study.scenario, at), terms.decisions[plan]
    mining = {}
    for k, fleet in enumerate(values.fleets):
        gains = np.sum([line.discounted_usd for line in ledger.mining(fleet)], axis=0) > 0
        mining[fleet.name] = np.where(gains, terms.machines_mw[plan][k], 0.0)
    _, leases, _, expanded = decisions.named(values)
    return ledger.lines(mining, leases, expansion_mw=expanded)


def positions(study: Study, seed: int) -> list[tuple[float, float, float]]:
    """Random positions of the sliders, inside the box and beyond it, and the scenario's own."""
    draw = random.Random(seed)
    return [(1.0, 1.0, 1.0), *((draw.uniform(0, 2.3), draw.uniform(0.3, 2), draw.uniform(0, 2)) for _ in range(POSITIONS))]


@pytest.mark.parametrize("name", ["rich", "rockdale", "two_offers", "growing"])
def test_the_page_computes_what_plan_terms_and_the_ledger_do(name: str, browser: Browser, study: Study, tmp_path: Path) -> None:
    if name != "rich":
        study = Study(hl.solve(growing() if name == "growing" else hl.load(name)), tolerance=0.02)
    page, said = opened(browser, tmp_path, study)
    for position in positions(study, len(name)):
        at = Multipliers(*position)
        expected = study.terms.npv_musd(at) * 1e6
        for plan, found in enumerate(page.evaluate(EVALUATED, position)):
            lines = ledger_lines(study, plan, at)
            gross = max(gross_usd(lines), 1.0)
            assert abs(found["npv"] - expected[plan]) <= 1e-9 * gross
            assert abs(found["npv"] - total_usd(lines)) <= 1e-9 * gross
            cash: dict[str, Any] = defaultdict(lambda: np.zeros(study.scenario.calendar.length))
            for line in lines:
                cash[f"{line.site}|{line.item}"] = cash[f"{line.site}|{line.item}"] + line.usd
            for key in {*cash, *found["cash"]}:
                own = np.array(found["cash"].get(key, np.zeros(study.scenario.calendar.length)))
                assert np.max(np.abs(own - cash[key])) <= 1e-9 * max(float(np.max(np.abs(cash[key]))), 1.0), key
            for site in study.scenario.sites:
                mw = np.sum([row[2] for row in found["mw"] if row[0] == site.name], axis=0)
                there = study.terms.decisions[plan].energised_mw(study.values, site.name)
                assert np.max(np.abs(mw - there)) < 1e-6
    assert said == []


def test_today_the_page_shows_the_certified_plan(browser: Browser, study: Study, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, study)
    assert page.evaluate("hashlease.state.values[hashlease.state.best]") == pytest.approx(study.plan.npv_usd, rel=1e-9)
    by_use: dict[str, float] = defaultdict(float)
    for row in study.plan.rows["allocation"]:
        by_use[row["use"]] += row["mw"]
    shown = page.evaluate("hashlease.state.allocation.map((row) => [row.use, row.mw.reduce((a, b) => a + b, 0)])")
    for use in {*by_use, *(use for use, _ in shown)}:
        assert sum(mw for one, mw in shown if one == use) == pytest.approx(by_use[use], abs=1e-5), use
    cash = page.evaluate("hashlease.state.cash.reduce((sum, line) => sum + line.discounted, 0)")
    assert cash == pytest.approx(study.plan.npv_usd, rel=1e-9)


def test_expansions_are_told_and_follow_the_sliders(browser: Browser, tmp_path: Path) -> None:
    """Their capex counts in what is to be spent; at a better hashprice the plan energises more."""
    study = Study(hl.solve(growing()), {"hashprice": (0.8, 1.6), "rent": (0.9, 1.1), "power": (0.9, 1.1)}, 0.02)
    page, said = opened(browser, tmp_path, study)
    rows = {row["name"]: row for row in study.plan.rows["expansions"]}
    leases = [row["capex_usd"] for row in study.plan.rows["leases"] if row["status"] == "offered"]
    spent = page.locator(".tile", has_text="To be spent").inner_text()
    assert f"{(sum(leases) + rows['Grid']['capex_usd']) / 1e6:,.1f}" in spent and "new leases and expansions" in spent
    assert "Grid" in page.locator(".actions").first.inner_text()
    assert page.locator("#best-expansions").inner_text() == "and energises 13.3 MW more by Grid"
    page.evaluate("hashlease.set({ hashprice: 1.6 })")
    page.locator("#best-npv", has_text=f"{study.terms.npv_musd(Multipliers(1.6)).max():,.1f}").wait_for()
    more = page.evaluate("[...hashlease.model.expansions(hashlease.state.best).values()].reduce((a, b) => a + b, 0)")
    assert more > rows["Grid"]["mw"] + 1
    assert f"{max(page.evaluate('[...hashlease.model.expansions(hashlease.state.best).values()]')):,.1f} MW more by" in (
        page.locator("#best-expansions").inner_text()
    )
    assert said == []


def test_sliders_move_what_is_read(browser: Browser, study: Study, tmp_path: Path) -> None:
    page, said = opened(browser, tmp_path, study)
    for axis, value in (("hashprice", 1.31), ("rent", 1.17), ("power", 0.83)):
        page.locator(f"#slider-{axis}").fill(str(value))
    at = Multipliers(1.31, 1.17, 0.83)
    worth = study.terms.npv_musd(at)
    page.locator("#best-npv", has_text=f"{worth.max():,.1f}").wait_for()
    assert page.locator("#status").inner_text() == "inside the certified box"
    assert page.locator("#kept-npv").inner_text() == f"{worth[study.plan_today]:,.1f}"
    assert page.locator("#gain").inner_text().lstrip("+") == f"{worth.max() - worth[-1]:,.1f}"
    assert "No plan can be worth more than the best of these by over" in page.locator("#promise").inner_text()
    assert said == []


def test_outside_of_the_box_it_says_so(browser: Browser, study: Study, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, study)
    page.evaluate("hashlease.set({ hashprice: 2.1 })")
    page.locator("#status", has_text="outside").wait_for()
    assert "nothing bounds by how much" in page.locator("#promise").inner_text()
    page.locator("#reset").click()
    page.locator("#status", has_text="own prices").wait_for()
    assert "over 1 USD" in page.locator("#promise").inner_text()


def test_a_price_that_is_no_axis_is_not_certified_off_one(browser: Browser, tmp_path: Path) -> None:
    box = {"hashprice": (0.5, 2.0), "rent": (0.7, 1.4)}
    page, _ = opened(browser, tmp_path, Study(hl.solve(hl.load("two_offers")), box))
    page.evaluate("hashlease.set({ power: 1.2 })")
    page.locator("#status", has_text="not certified").wait_for()
    page.evaluate("hashlease.set({ power: 1, hashprice: 1.2 })")
    page.locator("#status", has_text="inside").wait_for()


def test_arrow_keys_move_a_slider(browser: Browser, study: Study, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, study)
    page.locator("#slider-rent").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("hashlease.state.at.rent") == pytest.approx(1.03)
    assert "1.030 times" in (page.locator("#slider-rent").get_attribute("aria-valuetext") or "")


def test_the_map_shows_the_plan_that_wins(browser: Browser, study: Study, tmp_path: Path) -> None:
    """Every point of a grid lies in the region of the choice that is best there, but for edges."""
    page, _ = opened(browser, tmp_path, study)
    page.locator("figure[data-chart=map]").scroll_into_view_if_needed()
    page.locator("figure[data-chart=map] svg").wait_for()
    wrong = page.evaluate(
        """() => {
          const { model, figures, state } = hashlease;
          const { option } = figures.find((one) => one.name === 'map').made;
          const regions = option.series[0].polygons;
          const inside = (points, [x, y]) => points.reduce((odd, [ax, ay], n) => {
            const [bx, by] = points[(n + 1) % points.length];
            return (ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax ? !odd : odd;
          }, false);
          let wrong = 0, looked = 0;
          for (let h = 0.52; h < 1.99; h += 0.09) for (let r = 0.713; r < 1.39; r += 0.041) {
            const worth = model.npv({ hashprice: h, rent: r, power: 1 });
            const sorted = [...worth].sort((a, b) => b - a);
            if (sorted[0] - sorted[1] < 1e-3 * Math.abs(sorted[0])) continue;
            looked += 1;
            const region = regions.find((one) => inside(one.points, [h, r]));
            if (!region || region.choice !== state.ofPlan[model.best(worth)]) wrong += 1;
          }
          return [looked, wrong];
        }"""
    )
    assert wrong[0] > 50
    assert wrong[1] == 0


def test_every_chart_is_drawn_and_named(browser: Browser, study: Study, tmp_path: Path) -> None:
    page, said = opened(browser, tmp_path, study)
    for figure in page.locator("figure[data-chart]").all():
        figure.scroll_into_view_if_needed()
        figure.locator("svg").wait_for()
        assert figure.locator(".plot").get_attribute("aria-label")
        figure.locator("summary").click()
        figure.locator(".figures tbody tr").first.wait_for()
    assert page.locator("figure[data-chart]").count() == 9
    assert said == []


@pytest.mark.parametrize("name", ["cash", "map", "tornado", "sites"])
def test_a_chart_stands_alone(name: str, browser: Browser, study: Study, tmp_path: Path) -> None:
    file, said = tmp_path / "chart.html", []
    getattr(study.plan.plot, name)().save(file)
    page = browser.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda fault: said.append(str(fault)))
    page.goto(file.as_uri())
    page.locator("figure svg").wait_for()
    assert (page.locator("#slider-rent").count() == 1) == (name != "tornado")
    assert said == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_while_a_reader_scrolls(width: int, browser: Browser, study: Study, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, study, viewport={"width": width, "height": 844})
    moved = page.evaluate(
        """async () => {
          const wait = (ms) => new Promise((done) => setTimeout(done, ms));
          let [seen, shifts] = [0, 0];
          const watcher = new PerformanceObserver((list) => list.getEntries().forEach((entry) => (shifts += entry.value)));
          watcher.observe({ type: "layout-shift", buffered: true });
          while (!hashlease.figures.every((figure) => figure.chart)) await wait(20);
          for (const box of document.querySelectorAll("figure[data-chart], section")) {
            box.scrollIntoView();
            seen += 1;
            await wait(30);
          }
          await wait(200);
          return [seen, shifts];
        }"""
    )
    assert moved[0] > 10
    assert moved[1] == 0


def test_the_key_of_the_map_tells_choices_against_todays(browser: Browser, study: Study, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, study)
    figure = page.locator("figure[data-chart=map]")
    figure.locator("summary").click()
    rows = [row.locator("td").all_inner_texts() for row in figure.locator(".figures tbody tr").all()]
    key = figure.locator(".key li").all_inner_texts()
    today = sum(row["critical_mw"] for row in study.plan.rows["leases"] if row["status"] == "offered")
    assert key[0].partition(": ")[2].startswith("today's plan")
    assert len(rows) > 2
    for leases, against, mw, _ in rows:
        if against.startswith("today's plan"):
            assert float(mw) == pytest.approx(today, abs=0.01)
        else:
            changes = [float(part.replace("\N{MINUS SIGN}", "-").split(" MW ")[0]) for part in against.split("; ")]
            assert today + sum(changes) == pytest.approx(float(mw), abs=0.06 * len(changes)), leases


def test_tables_without_rows_are_named_in_one_line(browser: Browser, study: Study, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, study)
    told = page.locator("#table-list > .note").inner_text()
    assert not study.plan.rows["machines"]
    assert "machines" in told
    assert page.locator("details[data-table=machines]").count() == 0
    assert page.locator("details[data-table=allocation]").count() == 1


def test_tables_sort_and_copy_cleanly(browser: Browser, study: Study, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path, study)
    folded = page.locator("details[data-table=cash_by_year]")
    folded.locator("summary").click()
    folded.locator("thead button", has_text="USD").click()
    assert folded.locator("th[aria-sort=ascending]").count() == 1
    text = page.evaluate("document.querySelector('details[data-table=cash_by_year] .table').text()")
    lines = [line.split("\t") for line in text.splitlines()]
    assert lines[0] == ["year", "item", "usd"]
    usd = [float(line[2]) for line in lines[1:]]
    assert usd == sorted(usd)
    assert sorted(usd) == pytest.approx(sorted(row["usd"] for row in study.plan.rows["cash_by_year"]), abs=1e-6)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_of_the_page(width: int, scheme: str, browser: Browser, study: Study, tmp_path: Path) -> None:
    page, said = opened(browser, tmp_path, study, viewport={"width": width, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") != scheme
    assert said == []


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "{b|text} {value} {{7*7}} ${7*7}",
    "=cmd|' /C calc'!A0",
    "&lt;b&gt; \"quoted\" 'too'",
]


@pytest.mark.parametrize("payload", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is(payload: str, browser: Browser, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"title": payload}
    try:
        found = scenario(**changes, leases__0__name=payload)
    except ValueError:
        found = scenario(**changes)
    page, said = opened(browser, tmp_path, Study(hl.solve(found)))
    for figure in page.locator("figure[data-chart]").all():
        figure.scroll_into_view_if_needed()
        figure.locator("svg").wait_for()
        figure.locator(".plot").hover()
    for table in page.locator("details.folded").all():
        table.locator("summary").first.click()
    assert page.locator("img, iframe, object, embed").count() == 0
    assert payload in page.locator(".eyebrow").inner_text()
    assert page.evaluate("document.scripts.length") == 3
    copied = page.evaluate("document.querySelector('details[data-table=leases] .table').text()")
    assert not any(cell.startswith("=") for line in copied.splitlines() for cell in line.split("\t"))
    assert said == []


def test_the_pdf_has_pages(chromium: str, study: Study) -> None:
    content = pdf_of(report_page(study), browser_of(Path(chromium)))
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") + content.count(b"/Type/Page") >= 4
