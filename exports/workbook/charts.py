"""The native charts on Control; they follow the cells, whatever is typed."""

from __future__ import annotations

from typing import Any

from .book import NAVY, ORANGE, TEAL, Sheet
from .choices import FACTORS
from .scenarios_page import WORDS
from .sensitivity_page import TORNADO, SensitivityPage
from .shadow import Shadow
from .yearly_pages import FIRST_YEAR, GROUPS, OTHER, YEAR_HEAD, AllocationPage, CashPage

USE_COLOURS = {"mining": ORANGE, "lease": TEAL, "conversion": "#9CA3AF", "kept": "#C4B5D4", "idle": "#E5E7EB"}
GROUP_COLOURS = ("#E69F00", "#1F7A8C", "#7A8799", "#B9C0CC", "#D55E00", "#56B4E9", "#CC79A7", "#009E73", "#F0E442", "#374151")
LINE_COLOURS = {"hashprice": ORANGE, "rent": TEAL, "power": "#7A8799"}
BARS = (
    (5, "down, best plan", "#9CC9D2"),
    (6, "up, best plan", TEAL),
    (3, "down, plan held", "#F3C77A"),
    (4, "up, plan held", ORANGE),
)
"""Columns of the tornado on Sensitivity."""
SMALL = {"size": 8}
GRID = {"visible": True, "line": {"color": "#E5E7EB"}}


def insert_charts(sheet: Sheet, shadow: Shadow, allocation: AllocationPage, cash: CashPage, sensitivity: SensitivityPage) -> None:
    """Put the five charts on Control."""
    years = f"={allocation.sheet.area(YEAR_HEAD, FIRST_YEAR, YEAR_HEAD, FIRST_YEAR - 1 + len(shadow.calendar.years))}"
    charts = (
        (17, 1, _uses(sheet, years, allocation), "Stacked columns: mean MW of each year by use", 500),
        (
            17,
            7,
            _net(sheet, years, cash),
            "Columns: net cash by year of the plan shown and of the status quo; line: their sum over time",
            510,
        ),
        (17, 12, _holding(sheet, sensitivity), "Lines: what the plan shown loses to the best plan when one price moves", 535),
        (38, 1, _money(sheet, years, cash), "Stacked columns: cash by year and group of lines", 500),
        (38, 7, _tornado(sheet, sensitivity), "Bars: change of NPV when each price moves", 510),
    )
    for row, column, chart, what, width in charts:
        chart.set_size({"width": width, "height": 370})
        sheet.page.insert_chart(row, column, chart, {"description": what, "object_position": 2})


def _chart(sheet: Sheet, title: str, kind: dict[str, str], unit: str) -> Any:
    chart = sheet.book.file.add_chart(kind)
    chart.set_title({"name": title, "name_font": {"size": 10, "color": NAVY}, "overlay": False})
    chart.set_legend({"position": "bottom", "font": SMALL})
    chart.set_x_axis({"num_font": SMALL, "label_position": "low"})
    name = {"name": unit, "name_font": {"size": 8, "bold": False}}
    chart.set_y_axis({"num_font": SMALL, "num_format": "#,##0", "major_gridlines": GRID, **name})
    chart.set_chartarea({"border": {"color": "#D1D5DB"}})
    return chart


def _columns(chart: Any, name: str, years: str, values: str, colour: str, gap: int = 30) -> None:
    chart.add_series({"name": name, "categories": years, "values": f"={values}", "fill": {"color": colour}, "gap": gap})


def _uses(sheet: Sheet, years: str, allocation: AllocationPage) -> Any:
    chart = _chart(sheet, "MW by use", {"type": "column", "subtype": "stacked"}, "MW")
    for use, colour in USE_COLOURS.items():
        _columns(chart, use, years, allocation.total(use), colour)
    return chart


def _money(sheet: Sheet, years: str, cash: CashPage) -> Any:
    chart = _chart(sheet, "Where the money comes from and goes, M USD", {"type": "column", "subtype": "stacked"}, "M USD")
    for group, colour in zip((*GROUPS, OTHER), GROUP_COLOURS, strict=True):
        if cash.has_lines(group):
            _columns(chart, group, years, cash.line(group), colour)
    return chart


def _net(sheet: Sheet, years: str, cash: CashPage) -> Any:
    chart = _chart(sheet, "Net cash against the status quo, M USD", {"type": "column"}, "M USD")
    _columns(chart, "plan shown", years, cash.line("net cash"), TEAL, gap=60)
    _columns(chart, "status quo", years, cash.line("net cash of the status quo"), "#F3C77A", gap=60)
    line = sheet.book.file.add_chart({"type": "line"})
    added_up = {"name": "difference, added up", "line": {"color": NAVY, "width": 2}}
    line.add_series({**added_up, "categories": years, "values": f"={cash.line('over the status quo, added up')}"})
    chart.combine(line)
    return chart


def _holding(sheet: Sheet, sensitivity: SensitivityPage) -> Any:
    chart = _chart(sheet, "What holding the plan shown costs, M USD", {"type": "scatter", "subtype": "straight"}, "M USD lost")
    for name, colour in LINE_COLOURS.items():
        points = {"categories": f"={sensitivity.row_of(name, 1)}", "values": f"={sensitivity.row_of(name, 4)}"}
        chart.add_series({"name": WORDS[name], "line": {"color": colour, "width": 2}, **points})
    axis = {"name": "factor on today's price", "num_format": "0.0", "major_gridlines": {"visible": False}}
    chart.set_x_axis({**axis, "num_font": SMALL, "name_font": {"size": 8, "bold": False}})
    return chart


def _tornado(sheet: Sheet, sensitivity: SensitivityPage) -> Any:
    chart = _chart(sheet, "Tornado: change of NPV, M USD", {"type": "bar"}, "")
    last = TORNADO + len(FACTORS) - 1
    labels = f"={sensitivity.sheet.area(TORNADO, 0, last, 0)}"
    for column, name, colour in BARS:
        _columns(chart, name, labels, sensitivity.sheet.area(TORNADO, column, last, column), colour, gap=40)
    chart.set_y_axis({"reverse": True, "label_position": "low", "num_font": SMALL, "major_gridlines": {"visible": False}})
    chart.set_x_axis({"num_font": SMALL, "num_format": "#,##0", "major_gridlines": GRID})
    return chart
