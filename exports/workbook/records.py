"""Inputs with their sources, the certificate, and what the workbook is: sheets of records, not of calculations."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from ...models.months import Month
from ...models.scenario import Scenario
from ...models.sources import is_assumption
from ...optimizer.decision_map import DecisionMap
from ...optimizer.ledger_lines import ITEMS
from ...optimizer.plan import Plan
from ..figures import figures
from .book import GREY, LEGEND, TEAL, Book

LONGEST_VALUE = 300
DEFINITIONS = (
    ("critical MW", "MW of critical IT load; meter MW are critical MW times the gross-up"),
    ("status quo", "no offer is taken; what is signed stays, and every other MW may mine"),
    (
        "NPV",
        "after-tax cash, each kind at its own discount rate from the middle of the month (capex: its first day) on",
    ),
    ("regret", "what a plan is worth less than the best of the list at the same prices"),
    (
        "bound",
        "at no prices in the box can any plan, in the list or not, be worth more than the best of the list by more than this",
    ),
    ("certified", "the factors typed lie in the box, discount rates and curves are the scenario's own"),
    ("IRR", "yearly rate at which the plan's cash over that of the status quo is worth nothing, months of equal length"),
    ("machines", "MW that a plan keeps for a fleet; they run in the hours cheaper than the break-even, in months that gain"),
)


def write_inputs(book: Book, scenario: Scenario) -> None:
    """Every figure of the scenario, those with a source first, assumptions apart."""
    sheet = book.sheet("Inputs", GREY, [(0, 0, 58), (1, 1, 44), (2, 2, 110)])
    sheet.title(
        "Inputs",
        "Every figure of the scenario as it was read, with its source. To change one, edit the scenario and export again.",
        3,
    )
    rows = [(place, shown(value), source) for place, value, source in figures(scenario)]
    parts = (
        ("With a source", [row for row in rows if row[2] and not is_assumption(row[2])]),
        ("Assumptions", [row for row in rows if is_assumption(row[2])]),
        ("Neither source nor assumption", [row for row in rows if not row[2]]),
    )
    at = 3
    for title, part in parts:
        sheet.text(at, 0, f"{title} ({len(part)})", "section")
        for column, text in enumerate(("figure", "value", "source")):
            sheet.text(at + 1, column, text, "head")
        for row, texts in enumerate(part, start=at + 2):
            for column, text in enumerate(texts):
                sheet.text(row, column, text, "data")
        at += len(part) + 3
    sheet.page.freeze_panes(3, 1)
    sheet.page.fit_to_pages(1, 0)


def shown(value: Any) -> str:
    """A value as one line of text."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    elif isinstance(value, tuple):
        value = [
            item.model_dump(mode="json", by_alias=True, exclude_unset=True) if isinstance(item, BaseModel) else item
            for item in value
        ]
    elif isinstance(value, Month | str):
        return str(value)[:LONGEST_VALUE]
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."


def write_certificate(book: Book, plan: Plan, found: DecisionMap) -> None:
    """The proof of the plan at the scenario's prices, and of the list over the box."""
    sheet = book.sheet("Certificate", GREY, [(0, 0, 6), (1, 1, 46), (2, 3, 20), (4, 4, 18), (5, 5, 10), (6, 6, 60)])
    sheet.title("Certificate", "What was proved by the program, in figures; the workbook's own checks are on Checks.", 7)
    sheet.text(3, 0, f"At the scenario's own prices: {plan.verdict}", "section")
    for column, text in enumerate(("part", "what", "figure", "allowed", "unit", "passed", "note")):
        sheet.text(4, column, text, "head")
    row = 5
    for part in plan.certificate.parts if plan.certificate is not None else ():
        sheet.number(row, 0, float(part.number), "data", "whole")
        sheet.text(row, 1, part.name)
        sheet.numbers(row, [float(part.figure), float(part.limit)], "0.00E+00", first=2)
        for column, text in ((4, part.unit), (5, "yes" if part.passed else "no"), (6, part.note)):
            sheet.text(row, column, text)
        row += 1
    row += 1
    sheet.text(row, 0, f"Over the box: {found.verdict}", "section")
    facts = [
        ("plans in the list of the box", float(len(found.decisions)), ""),
        ("solves of the program", float(found.solves), ""),
        ("simplices of the proof", float(found.simplices), ""),
        ("largest regret", found.bound_usd / 1e6, "M USD"),
        ("NPV at the scenario's own prices", found.npv_today_usd / 1e6, "M USD"),
    ]
    facts += [
        (f"factor of the {axis.name}, {end}", value, "x")
        for axis in found.axes
        for end, value in (("from", axis.low), ("to", axis.high))
    ]
    for number, (what, value, unit) in enumerate(facts, start=row + 1):
        sheet.text(number, 1, what)
        sheet.number(number, 2, value, "data", "#,##0.00")
        sheet.text(number, 4, unit)
    row += len(facts) + 2
    sheet.text(row, 0, "How far the scenario's own prices are from where another plan wins (from the program)", "section")
    for column, text in ((1, "direction"), (2, "change"), (3, "then plan of the map"), (6, "which takes")):
        sheet.text(row + 1, column, text, "head")
    for number, flip in enumerate(found.rows["flips"], start=row + 2):
        sheet.text(number, 1, str(flip["direction"]))
        sheet.number(number, 2, float(flip["change_fraction"]), "data", "0.00%")
        sheet.number(number, 3, float(flip["plan"]), "data", "whole")
        sheet.text(number, 6, str(flip["leases"]))
    sheet.page.fit_to_pages(1, 0)


def write_about(book: Book, plan: Plan) -> None:
    """Where the workbook comes from, what its colours and words mean."""
    sheet = book.sheet("About", GREY, [(0, 0, 30), (1, 1, 110)])
    sheet.title("About", "What this workbook is, which program and scenario it was made from, and what its words mean.", 2)
    manifest = plan.manifest
    facts = [
        ("scenario", plan.scenario.name),
        ("title", plan.scenario.title),
        ("file", str(manifest["file"])),
        ("changed fields", ", ".join(manifest["overrides"]) or "none"),
        ("SHA-256 of the scenario", str(manifest["scenario_sha256"])),
        *((name, str(manifest[name])) for name in ("hashlease", "highs", "pyomo", "numpy", "python") if name in manifest),
        (
            "opens in",
            "Excel 2016 and LibreOffice 7.4 or later; recalculated in LibreOffice for every test, Excel by the functions used",
        ),
        ("macros, external links", "none"),
    ]
    row = 3
    for title, pairs in (("Made from", facts), ("Words", list(DEFINITIONS)), ("Lines of cash", list(ITEMS.items()))):
        sheet.text(row, 0, title, "section")
        for number, (name, text) in enumerate(pairs, start=row + 1):
            sheet.text(number, 0, name, "bold")
            sheet.text(number, 1, text)
        row += len(pairs) + 2
    sheet.text(row, 0, "Colours", "section")
    for number, (role, text) in enumerate(LEGEND, start=row + 1):
        sheet.text(number, 0, text, role)
    row += len(LEGEND) + 2
    sheet.text(row, 0, "Description of the scenario", "section")
    sheet.text(row + 1, 0, plan.scenario.description)
    sheet.page.fit_to_pages(1, 0)


def write_tables(book: Book, plan: Plan) -> None:
    """Long tables of the program's plan at the scenario's own prices, for queries and pivots."""
    sheet = book.sheet("Tables", TEAL, [(0, 40, 16)])
    sheet.title(
        "Tables",
        "The program's plan at the scenario's own prices, as tables for Power Query and pivots. They do not follow Control.",
        12,
    )
    column = 0
    for table, fields in (
        ("allocation_by_year", ("site", "year", "use", "name", "mw")),
        ("cash_by_year", ("year", "item", "usd")),
        ("leases", ("site", "offer", "status", "critical_mw", "meter_mw", "npv_usd", "irr", "capex_usd")),
        ("expansions", ("site", "name", "mw", "of_mw", "capex_usd")),
    ):
        rows = plan.rows[table]
        if table == "expansions" and not rows:
            continue
        for number, row in enumerate(rows, start=4):
            for at, field in enumerate(fields, start=column):
                value = row[field]
                if isinstance(value, int | float) and not isinstance(value, bool):
                    sheet.number(number, at, float(value), "data", "General")
                elif value is not None:
                    sheet.text(number, at, str(value), "data")
        head = {
            "header_row": True,
            "columns": [{"header": field} for field in fields],
            "name": f"tbl_{table}",
            "style": "Table Style Light 1",
        }
        sheet.page.add_table(3, column, 3 + max(len(rows), 1), column + len(fields) - 1, head)
        column += len(fields) + 1
    sheet.page.freeze_panes(4, 0)
