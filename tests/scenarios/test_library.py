"""The scenario library says what its runs give: descriptions, the tables of docs/scenarios.md, and the blocks they share.

HASHLEASE_REFRESH_DOCUMENTS=1 writes what the optimiser says into the descriptions, and the tables and paragraphs into the document.
"""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from claims import SAYS, m, sentences, study
from hashlease import load, shipped_names
from hashlease.models.reopened import can_reopen

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "scenarios.md"
TO_BE_CHECKED_BY_HAND = "two_offers"
NAMES = [name for name in shipped_names() if name != TO_BE_CHECKED_BY_HAND]
REFRESH = bool(os.environ.get("HASHLEASE_REFRESH_DOCUMENTS"))
DESCRIPTION = re.compile(r"^description: >\n((?:  .*\n|\n)*?)(?=\n*^\S)", re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.-])\d[\d,_]*(?:\.\d+)?")
SCALES = (1.0, 1e-6, 1e-9, 1e2)
"""A description may say 7.0 billion, 830 million or 10 % of what a field or source writes out."""


def paragraphs(name: str) -> list[str]:
    return [" ".join(part.split()) for part in load(name).description.strip().split("\n")]


def test_every_scenario_of_the_library_has_its_sentences() -> None:
    assert sorted(SAYS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_description_ends_with_what_the_run_says(name: str) -> None:
    said = sentences(name)
    if REFRESH:
        _write_description(name, said)
    else:
        asked, answered = paragraphs(name)
        assert answered == said
        assert asked.endswith(".") or asked.endswith("?")


def _write_description(name: str, said: str) -> None:
    file = ROOT / "scenarios" / f"{name}.yaml"
    text = file.read_text()
    found = DESCRIPTION.search(text)
    assert found is not None
    asked = " ".join(found.group(1).strip("\n").split("\n\n")[0].split())
    block = "\n\n".join(
        "\n".join(f"  {line}" for line in textwrap.wrap(part, 128, break_on_hyphens=False)) for part in (asked, said)
    )
    file.write_text(f"{text[: found.start(1)]}{block}\n{text[found.end(1) :]}")


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_the_question_stands_in_the_scenario(name: str) -> None:
    """In a field or in a source; what the run gives is in the other paragraph."""
    scenario = load(name)
    stated = {round(number * scale, 9) for number in _numbers(scenario.model_dump(mode="json")) for scale in SCALES}
    asked = paragraphs(name)[0]
    missing = [text for text in NUMBER.findall(asked) if round(float(text.rstrip(",").replace(",", "")), 9) not in stated]
    assert missing == []


def _numbers(value: Any) -> list[float]:
    """Every number in the fields and sources of a scenario, its description left out."""
    if isinstance(value, dict):
        return [number for key, item in value.items() if key != "description" for number in [*_numbers(key), *_numbers(item)]]
    if isinstance(value, list | tuple):
        return [number for item in value for number in _numbers(item)]
    if isinstance(value, str):
        dates = [int(part) for text in re.findall(r"\d{4}-\d{2}(?:-\d{2})?", value) for part in text.split("-")]
        return [*map(float, dates), *(float(text.rstrip(",").replace(",", "").replace("_", "")) for text in NUMBER.findall(value))]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


# --- the document ----------------------------------------------------------------------------------------------------------


def test_the_document_shows_the_results_of_the_runs() -> None:
    text = DOCUMENT.read_text()
    for heading, body in (("Results", results()), ("Deals and offers", offers()), ("What each says", told())):
        pattern = re.compile(rf"(^## {heading}\n\n(?:.*\n)*?<!-- from the runs -->\n)((?:.*\n)*?)(<!-- end -->\n)", re.MULTILINE)
        found = pattern.search(text)
        assert found is not None, heading
        if REFRESH:
            text = text[: found.start(2)] + body + text[found.end(2) :]
        else:
            assert found.group(2) == body, heading
    if REFRESH:
        DOCUMENT.write_text(text)


def results() -> str:
    """One line a scenario: verdict, worth, references, leased MW."""
    rows = ["| scenario | verdict | NPV, M USD | all mining | lease all | nothing signed | leased, critical MW | of it signed |"]
    rows.append("|---|---|--:|--:|--:|--:|--:|--:|")
    for name in NAMES:
        s = study(name)
        leases = s.plan.rows["leases"]
        cells = [
            f"[`{name}`](../scenarios/{name}.yaml)",
            s.plan.verdict,
            m(s.plan.npv_usd),
            *(m(s.plan.reference(policy).npv_usd) for policy in ("all_mining", "lease_all")),
            m(s.again.npv_usd) if s.has_deals else "-",
            f"{sum(row['critical_mw'] for row in leases):,.1f}",
            f"{sum(row['critical_mw'] for row in leases if row['status'] == 'signed'):,.1f}",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def offers() -> str:
    """One line a lease: its rent, what is taken, and its break-evens, as signed and with nothing signed."""
    rows = [
        "| scenario | lease | status | critical MW | taken | rent | break-even | break-even hashprice | nothing signed | then |"
    ]
    rows.append("|---|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for name in NAMES:
        s = study(name)
        again = {lease.name for lease in can_reopen(s.scenario)}
        for row in s.plan.rows["leases"]:
            other = s.row_again(row["offer"]) if s.has_deals else None
            hashprice = row["break_even_hashprice_multiplier"]
            begun = row["status"] == "signed" and row["offer"] not in again
            cells = [
                f"`{name}`",
                row["offer"],
                "begun" if begun else row["status"],
                f"{row['offered_critical_mw']:,.1f}",
                f"{row['critical_mw']:,.1f}",
                f"{row['first_year_rent_usd_per_kw_month']:.1f}",
                _dash(row["break_even_rent_usd_per_kw_month"], "{:.1f}"),
                _dash(hashprice, "x {:.3f}"),
                "-" if other is None else f"{other['critical_mw']:,.1f}",
                "-" if other is None else _dash(other["break_even_rent_usd_per_kw_month"], "{:.1f}"),
            ]
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def told() -> str:
    """Title and description of every scenario."""
    parts = []
    for name in NAMES:
        parts.append(f"\n### {name}: {load(name).title}\n")
        parts += [
            f"\n{textwrap.fill(paragraph, 140, break_on_hyphens=False)}\n" for paragraph in (paragraphs(name)[0], sentences(name))
        ]
    return "".join(parts)


# --- what scenarios share ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_market_is_the_same_in_all(name: str) -> None:
    """One view of bitcoin, so that scenarios can be compared."""
    assert load(name).market == load("rockdale").market


@pytest.mark.parametrize("name", NAMES)
def test_zones_of_one_name_have_the_same_prices_in_all(name: str) -> None:
    for zone in load(name).power.zones:
        same = [other for each in NAMES for other in load(each).power.zones if other.name == zone.name]
        assert all(other == zone for other in same), zone.name


def test_the_portfolio_is_made_of_the_other_scenarios() -> None:
    """Its sites, machines and leases are those of the scenarios they come from, but for names."""
    whole = load("portfolio")
    others = [load(name) for name in NAMES if name != "portfolio"]
    for site in whole.sites:
        home = next(other for other in others if site in other.sites)
        for mine, theirs in (
            (whole.fleets_at(site.name), home.fleets_at(site.name)),
            (whole.leases_at(site.name), home.leases_at(site.name)),
        ):
            assert [_without_name(row) for row in mine] == [_without_name(row) for row in theirs], site.name
    assert len(whole.sites) == 10


def _without_name(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = row.model_dump(mode="json", exclude={"name"})
    return found
