"""The Decision map sheet: winning plan, its value, and the regret of the plan shown, by hashprice and rent."""

from __future__ import annotations

from typing import Any

import numpy as np

from .book import NAVY, ORANGE, TEAL, Book, absolute
from .choices import CURVES
from .plan_values import MapValuesPage, winners
from .scenarios_page import WORDS
from .shadow import RENT_POINTS, Shadow

FIRST_AXIS = 5
"""Row of the first axis' ends."""
GRID = 11
"""Row of the hashprices above the first grid."""
FIRST_POINT = 2
"""Column of the first hashprice."""


class MapPage:
    """Positions first; `write` fills the grids."""

    def __init__(self, book: Book, shadow: Shadow) -> None:
        self.shadow, self.points = shadow, shadow.points
        self.sheet = book.sheet(
            "Decision map",
            TEAL,
            [
                (0, 0, 24),
                (1, 1, 9),
                (FIRST_POINT, FIRST_POINT + self.points - 1, 7.2),
                (FIRST_POINT + self.points, FIRST_POINT + self.points, 3),
                (FIRST_POINT + self.points + 1, FIRST_POINT + self.points + 3, 9),
            ],
        )
        self.grids = [GRID + 1 + n * (RENT_POINTS + 4) for n in range(3)]
        """First rows of the three grids."""
        self.power_row = self.grids[-1] + RENT_POINTS + 3
        self._axes(book)

    def _axes(self, book: Book) -> None:
        sheet, shadow = self.sheet, self.shadow
        words = "The best plan of the list at each hashprice and rent, else as on Control. Low numbers mine, high ones lease."
        sheet.title("Decision map", words, FIRST_POINT + self.points + 4)
        sheet.text(3, 0, "Axes: move them, the map follows", "section")
        for column, text in enumerate(("factor", "from", "to", "step")):
            sheet.text(4, column, text, "head")
        for row, name in enumerate(CURVES, start=FIRST_AXIS):
            low, high = shadow.choices.axes[name]
            points = shadow.points_of(name)
            sheet.text(row, 0, WORDS[name] + (" (line)" if name == "power" else ""))
            sheet.number(row, 1, low, "input", "times")
            sheet.number(row, 2, high, "input", "times")
            step = f"=({absolute(row, 2)}-{absolute(row, 1)})/({points}-1)"
            sheet.formula(row, 3, step, (high - low) / (points - 1), "calc", "0.000")
        rule = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 100, "error_title": "Axis"}
        sheet.page.data_validation(FIRST_AXIS, 1, FIRST_AXIS + 2, 2, {**rule, "error_message": "A factor from 0 to 100."})
        book.name("in_axis", sheet.area(FIRST_AXIS, 1, FIRST_AXIS + 2, 2))
        self._points_of("hashprice", [(GRID, FIRST_POINT + g) for g in range(self.points)])
        self._points_of("rent", [(self.grids[0] + RENT_POINTS - 1 - j, 1) for j in range(RENT_POINTS)])
        sheet.text(self.power_row, 0, "Points of the line of power prices")
        self._points_of("power", [(self.power_row, FIRST_POINT + g) for g in range(self.points)])

    def _points_of(self, name: str, cells: list[tuple[int, int]]) -> None:
        row = FIRST_AXIS + CURVES.index(name)
        low, step = absolute(row, 1), absolute(row, 3)
        for number, ((at, column), value) in enumerate(zip(cells, self.shadow.axis(name).tolist(), strict=True)):
            self.sheet.formula(at, column, f"={low}+{step}*{number}", value, "bold", "0.00")

    @property
    def axis_cells(self) -> dict[str, list[str]]:
        """References of the points of each axis, lowest first."""
        return {
            "hashprice": [self.sheet.cell(GRID, FIRST_POINT + g) for g in range(self.points)],
            "rent": [self.sheet.cell(self.grids[0] + RENT_POINTS - 1 - j, 1) for j in range(RENT_POINTS)],
            "power": [self.sheet.cell(self.power_row, FIRST_POINT + g) for g in range(self.points)],
        }

    # --- grids -------------------------------------------------------------------------------------------------------------

    def write(self, values: MapValuesPage, first_hashprice: float, first_rent: float) -> None:
        """first_hashprice, first_rent: of the scenario's first month and of its offers, to put dollars beside the factors."""
        won = winners(self.shadow)
        best = self.shadow.map_values.max(axis=1)
        shown = self.shadow.map_values[:, self.shadow.shown, :]
        titles = (
            "Number of the winning plan",
            "Value of the winning plan, M USD",
            "What the plan shown on Control loses to it, M USD",
        )
        kinds = ("0", "#,##0", '#,##0;-#,##0;"·"')
        arrays = (won + 1.0, best, best - shown)
        for grid, (top, title, kind, array) in enumerate(zip(self.grids, titles, kinds, arrays, strict=True)):
            self._head(grid, top, title, first_hashprice)
            for j in range(RENT_POINTS):
                row = top + RENT_POINTS - 1 - j
                self._rent(grid, row, j, first_rent)
                for g in range(self.points):
                    column = values.column(j, g)
                    formula = (
                        f"=MATCH(MAX({column}),{column},0)",
                        f"=MAX({column})",
                        f"=MAX({column})-INDEX({column},plan_shown)",
                    )[grid]
                    self.sheet.formula(row, FIRST_POINT + g, formula, float(array[j, g]), "calc", kind, align="center", font_size=8)
        self._colours()
        self._here()
        self._legend(won)
        self.sheet.page.freeze_panes(3, FIRST_POINT)
        self.sheet.page.fit_to_pages(1, 1)
        self.sheet.page.print_area(0, 0, self.power_row, FIRST_POINT + self.points + 3)

    def _head(self, grid: int, top: int, title: str, first_hashprice: float) -> None:
        self.sheet.text(top - 3, 0, title, "section")
        self.sheet.text(top - 2, 0, "hashprice, USD/PH/day", "note")
        self.sheet.text(top - 1, 0, "rent, USD/kW-month; factors", "note")
        if grid == 0:
            self.sheet.number(top - 2, 1, first_hashprice, "data", "0.00")
        base = absolute(self.grids[0] - 2, 1)
        for g, value in enumerate(self.shadow.axis("hashprice").tolist()):
            own = absolute(GRID, FIRST_POINT + g)
            self.sheet.formula(top - 2, FIRST_POINT + g, f"={own}*{base}", value * first_hashprice, "note", "0.0", align="center")
            if grid:
                self.sheet.formula(top - 1, FIRST_POINT + g, f"={own}", value, "bold", "0.00", align="center")

    def _rent(self, grid: int, row: int, j: int, first_rent: float) -> None:
        value = float(self.shadow.axis("rent")[j])
        own = absolute(self.grids[0] + RENT_POINTS - 1 - j, 1)
        if grid:
            self.sheet.formula(row, 1, f"={own}", value, "bold", "0.00")
        self.sheet.formula(row, 0, f"={own}*mean_rent", value * first_rent, "note", "0.0", align="right")

    def _colours(self) -> None:
        page, last = self.sheet.page, FIRST_POINT + self.points - 1
        ends = [(top, FIRST_POINT, top + RENT_POINTS - 1, last) for top in self.grids]
        page.conditional_format(
            *ends[0],
            {
                "type": "3_color_scale",
                "min_color": ORANGE,
                "mid_color": "#F2E9B8",
                "max_color": "#2A8FA0",
                "min_type": "num",
                "min_value": 1,
                "mid_type": "num",
                "mid_value": (1 + self.shadow.plans) / 2,
                "max_type": "num",
                "max_value": max(self.shadow.plans, 2),
            },
        )
        page.conditional_format(*ends[1], {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#9CC9D2"})
        page.conditional_format(*ends[2], {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#F0A8A0"})

    def _here(self) -> None:
        """A frame around the point nearest to the prices typed."""
        frame = self.sheet.book.file.add_format({"bold": 1, "border": 1, "border_color": NAVY, "font_color": NAVY})
        for top in self.grids:
            across, down = (absolute(FIRST_AXIS + n, 3) for n in range(2))
            g = f"ROUND((x_hashprice-{absolute(FIRST_AXIS, 1)})/{across},0)=COLUMN()-{FIRST_POINT + 1}"
            j = f"ROUND((x_rent-{absolute(FIRST_AXIS + 1, 1)})/{down},0)={top + RENT_POINTS}-ROW()"
            area = (top, FIRST_POINT, top + RENT_POINTS - 1, FIRST_POINT + self.points - 1)
            self.sheet.page.conditional_format(*area, {"type": "formula", "criteria": f"=AND({g},{j})", "format": frame})

    def _legend(self, won: np.ndarray[Any, Any]) -> None:
        column, top = FIRST_POINT + self.points + 1, GRID
        for at, text in enumerate(("share", "no.", "plan"), start=column):
            self.sheet.text(top, at, text, "head")
        self.sheet.text(top - 1, column, "Share of the map", "section")
        grid = f"{absolute(self.grids[0], FIRST_POINT)}:{absolute(self.grids[0] + RENT_POINTS - 1, FIRST_POINT + self.points - 1)}"
        for plan in range(self.shadow.plans):
            row = top + 1 + plan
            share = float(np.mean(won == plan))
            own = absolute(row, column + 1)
            self.sheet.formula(row, column, f"=COUNTIF({grid},{own})/COUNT({grid})", share, "calc", "0%;-0%;·", align="center")
            self.sheet.number(row, column + 1, plan + 1.0, "data", "whole", align="center")
            self.sheet.text(row, column + 2, self.shadow.terms.ids[plan], "data")
        book = self.sheet.book
        book.name("map_shares", self.sheet.area(top + 1, column, top + self.shadow.plans, column))
