"""The Sensitivity sheet: tornado of the plan shown and of the best plan, and what holding the plan costs along each price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...models.months import Array
from .book import TEAL, Book, absolute
from .calculations import Calculations
from .choices import CURVES, FACTORS
from .scenarios_page import WORDS
from .shadow import DIGITS, Shadow

TORNADO = 5
LINES = TORNADO + len(FACTORS) + 4
FIRST_POINT = 3


@dataclass(frozen=True)
class Edge:
    """Where the best plan stops being best along a price: cells and values."""

    low: str
    high: str


class SensitivityPage:
    """Tornado and lines."""

    def __init__(self, book: Book, shadow: Shadow) -> None:
        self.shadow = shadow
        self.sheet = book.sheet("Sensitivity", TEAL, [(0, 0, 40), (1, 2, 13), (FIRST_POINT, FIRST_POINT + 30, 10)])
        self.lines: dict[str, int] = {}
        self.values: dict[str, tuple[float | str, float | str]] = {}

    def write(self, calc: Calculations, axis_cells: dict[str, list[str]]) -> None:
        sheet = self.sheet
        words = "How far the value moves with a price: with the plan shown held, and with the best plan at the new price."
        sheet.title("Sensitivity", words, 12)
        self._tornado(calc)
        row = LINES
        for name in CURVES:
            self._line(row, name, calc, axis_cells[name])
            row += 10
        sheet.page.freeze_panes(3, 1)
        sheet.page.fit_to_pages(1, 0)

    def _tornado(self, calc: Calculations) -> None:
        sheet, shadow, plans = self.sheet, self.shadow, calc.plans
        sheet.text(3, 0, "Tornado: change of the NPV against the best plan now, M USD; swings on Scenarios", "section")
        heads = ("price", "swing", "", "down, plan held", "up, plan held", "down, best plan", "up, best plan")
        for column, text in enumerate(heads):
            sheet.text(4, column, text, "head")
        best_now = float(shadow.npv[shadow.best])
        for row, factor in enumerate(FACTORS, start=TORNADO):
            sheet.text(row, 0, WORDS[factor])
            sheet.formula(row, 1, f"=swing_{factor}", shadow.choices.swings[factor], "calc", "share")
            for column, end in enumerate(("low", "high"), start=FIRST_POINT):
                own = plans.down(plans.case_column(f"{factor} {end}"))
                npv = shadow.case_npv[:, shadow.case_number(f"{factor} {end}")]
                held = float(npv[shadow.shown]) - best_now
                sheet.formula(row, column, f"=INDEX({own},plan_shown)-INDEX(plan_npvs,plan_best)", held, "calc", "musd")
                best = float(npv.max()) - best_now
                sheet.formula(row, column + 2, f"=MAX({own})-INDEX(plan_npvs,plan_best)", best, "calc", "musd")

    # --- lines -------------------------------------------------------------------------------------------------------------

    def _line(self, top: int, name: str, calc: Calculations, cells: list[str]) -> None:
        """Rows: factor, best value, number of the winner, value lost by the plan shown, by the best plan now, and the edges."""
        sheet, shadow, plans = self.sheet, self.shadow, calc.plans
        self.lines[name] = top
        sheet.text(top, 0, f"{WORDS[name]}: along the axis of the map through the prices typed", "section")
        labels = (
            "factor, x",
            "best plan, no.",
            "value of the best plan, M USD",
            "plan shown loses, M USD",
            "best plan now loses, M USD",
            "another plan wins above",
            "another plan wins below",
        )
        for row, text in enumerate(labels, start=top + 1):
            sheet.text(row, 0, text)
        axis, npv, at = shadow.axis(name), shadow.line_npv(name), shadow.x[name]
        best, winner = npv.max(axis=0), npv.argmax(axis=0)
        loses = best - npv[shadow.best]
        for g, cell in enumerate(cells):
            column = FIRST_POINT + g
            own = plans.down(plans.case_column(f"{name} {g + 1}"))
            lost = absolute(top + 5, column)
            beaten = bool(round(float(loses[g]), DIGITS) > 0)
            figures: tuple[tuple[str, float, str], ...] = (
                (f"={cell}", float(axis[g]), "times"),
                (f"=MATCH(MAX({own}),{own},0)", float(winner[g] + 1), "whole"),
                (f"=MAX({own})", float(best[g]), "musd"),
                (f"=MAX({own})-INDEX({own},plan_shown)", float(best[g] - npv[shadow.shown, g]), "musd"),
                (f"=MAX({own})-INDEX({own},plan_best)", float(loses[g]), "musd"),
                (
                    f"=IF(AND({absolute(top + 1, column)}>x_{name},ROUND({lost},value_digits)>0),1,0)",
                    float(beaten and axis[g] > at),
                    "whole",
                ),
                (
                    f"=IF(AND({absolute(top + 1, column)}<x_{name},ROUND({lost},value_digits)>0),{g + 1},0)",
                    float(beaten and axis[g] < at) * (g + 1),
                    "whole",
                ),
            )
            for row, (formula, value, kind) in enumerate(figures, start=top + 1):
                sheet.formula(row, column, formula, value, "calc", kind)
        if name == "rent":
            self._rent_edges(top, calc)
        else:
            self._edges(top, name, calc, axis, npv, loses, winner)

    def _rent_edges(self, top: int, calc: Calculations) -> None:
        """Exact: values are straight lines of the rent."""
        plans = calc.plans
        found: list[float | str] = []
        for row, (column, pick, worst) in enumerate(
            ((plans.edges, "MIN", np.nanmin), (plans.edges + 1, "MAX", np.nanmax)), start=top + 6
        ):
            own = plans.down(column)
            values = self.shadow.rent_edges[:, column - plans.edges]
            value: float | str = float(worst(values)) if np.any(np.isfinite(values)) else "-"
            self.sheet.formula(row, 1, f'=IF(COUNT({own})=0,"-",{pick}({own}))', value, "calc", "times")
            found.append(value)
        self.values["rent"] = (found[1], found[0])

    def _edges(self, top: int, name: str, calc: Calculations, axis: Array, npv: Array, loses: Array, winner: Array) -> None:
        """Between the last point where the plan wins and the first where it does not, by the straight line between the two."""
        sheet, shadow = self.sheet, self.shadow
        last = FIRST_POINT + len(axis) - 1
        beaten = np.round(loses, DIGITS) > 0
        at = shadow.x[name]
        above = np.flatnonzero(beaten & (axis > at))
        below = np.flatnonzero(beaten & (axis < at))
        numbers = (int(above[0]) if len(above) else -1, int(below[-1]) if len(below) else -1)
        found: list[float | str] = []
        area = calc.plans.line(name)
        for row, (number, inward) in enumerate(zip(numbers, (-1, 1), strict=True), start=top + 6):
            flags = f"{absolute(row, FIRST_POINT)}:{absolute(row, last)}"
            pick = f"=IFERROR(MATCH(1,{flags},0),0)" if inward < 0 else f"=MAX({flags})"
            sheet.formula(row, 2, pick, float(number + 1), "calc", "whole")
            value = self._edge(axis, npv, winner, number, inward, at)
            sheet.formula(row, 1, self._edge_formula(top, row, name, area, len(axis), inward), value, "calc", "times")
            found.append(value)
        self.values[name] = (found[1], found[0])

    def _edge(self, axis: Array, npv: Array, winner: Array, number: int, inward: int, at: float) -> float | str:
        if number < 0:
            return "-"
        shadow, other = self.shadow, number + inward
        rival = int(winner[number])
        inside = 0 <= other < len(axis) and (axis[other] - at) * inward < 0
        near, ahead = (float(axis[other]), npv[:, other]) if inside else (at, shadow.npv)
        first, then = float(ahead[rival] - ahead[shadow.best]), float(npv[rival, number] - npv[shadow.best, number])
        return near + (float(axis[number]) - near) * -first / (then - first)

    @staticmethod
    def _edge_formula(top: int, row: int, name: str, area: str, points: int, inward: int) -> str:
        """Formula of `_edge`: the number of the point stands in the third column."""
        number = absolute(row, 2)
        axis = f"{absolute(top + 1, FIRST_POINT)}:{absolute(top + 1, FIRST_POINT + points - 1)}"
        winners = f"{absolute(top + 2, FIRST_POINT)}:{absolute(top + 2, FIRST_POINT + points - 1)}"
        rival = f"INDEX({winners},{number})"
        other = f"MAX(1,MIN({points},{number}{'-1' if inward < 0 else '+1'}))"
        compare = ">" if inward < 0 else "<"
        outside = "1" if inward < 0 else str(points)
        inside = f"AND({number}<>{outside},INDEX({axis},{other}){compare}x_{name})"
        near = f"IF({inside},INDEX({axis},{other}),x_{name})"
        ahead = f"INDEX({area},{rival},{other})-INDEX({area},plan_best,{other})"
        first = f"IF({inside},{ahead},INDEX(plan_npvs,{rival})-INDEX(plan_npvs,plan_best))"
        then = f"(INDEX({area},{rival},{number})-INDEX({area},plan_best,{number}))"
        return f'=IF({number}=0,"-",{near}+(INDEX({axis},{number})-{near})*-{first}/({then}-{first}))'

    def edge(self, name: str) -> Edge:
        top = self.lines[name]
        return Edge(self.sheet.cell(top + 7, 1), self.sheet.cell(top + 6, 1))

    def row_of(self, name: str, row: int) -> str:
        """A row of a line: 1 the factors, 4 what the plan shown loses."""
        top = self.lines[name]
        return self.sheet.area(top + row, FIRST_POINT, top + row, FIRST_POINT + self.shadow.points_of(name) - 1)
