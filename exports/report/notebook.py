"""A plan in a notebook: itself as HTML, and the charts of the report, each in a frame of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

from ...optimizer.plan import Plan
from ...optimizer.tables import Row
from ..atomic import write_atomically
from ..decision import actions, musd
from .study import Study

FRAME_PX = 720


def plan_html(plan: Plan) -> str:
    """Verdict, value, what to do and the offers, as HTML without scripts; text of the scenario is escaped."""
    title = escape(plan.scenario.title or plan.scenario.name)
    head = f"<p><b>{title}</b><br><b>{escape(plan.verdict)}</b>"
    if not plan.is_final:
        lines = "".join(f"<li>{escape(line)}</li>" for line in plan.conflicts)
        return f"<div>{head}</p><ul>{lines}</ul></div>"
    against = ", ".join(
        f"{musd(plan.npv_usd - reference.npv_usd)} more than {escape(reference.name.replace('_', ' '))}"
        for reference in plan.references
        if reference.is_possible
    )
    todo = "".join(
        f"<tr><th>{escape(verb)}</th><td style='text-align:left'>{escape(text)}</td></tr>" for verb, text in actions(plan)
    )
    offers = "".join(_offer(row) for row in plan.rows["leases"])
    table = (
        "<table><thead><tr><th>offer</th><th>critical MW</th><th>NPV</th><th>rent, USD/kW-month</th><th>flips at</th></tr></thead>"
        f"<tbody>{offers}</tbody></table>"
        if offers
        else ""
    )
    return f"<div>{head} worth {musd(plan.npv_usd)}; {against}</p><table><tbody>{todo}</tbody></table>{table}</div>"


def _offer(row: Row) -> str:
    edge = row["break_even_rent_usd_per_kw_month"]
    cells = (
        f"{row['critical_mw']:,.1f} of {row['offered_critical_mw']:,.1f}",
        musd(row["npv_usd"]) if row["critical_mw"] else "-",
        f"{row['first_year_rent_usd_per_kw_month']:,.2f}",
        "-" if edge is None else f"{edge:,.2f}",
    )
    return f"<tr><th>{escape(row['offer'])}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


@dataclass(frozen=True)
class Chart:
    """One chart on a page of its own, shown by Jupyter in a frame."""

    name: str
    page: str

    def __repr__(self) -> str:
        return f"<Chart {self.name}>"

    def _repr_html_(self) -> str:
        look = f"width:100%;height:{FRAME_PX}px;border:0"
        return f'<iframe title="{self.name}" sandbox="allow-scripts" srcdoc="{escape(self.page)}" style="{look}"></iframe>'

    def save(self, file: str | Path) -> None:
        """Write the chart as an HTML file. Raises OutputError."""
        write_atomically(Path(file), self.page.encode())


class Plots:
    """The charts of a plan. The studies that they need are solved when the first chart asks for them, and kept."""

    def __init__(self, plan: Plan) -> None:
        if not plan.is_final:
            raise ValueError(f"there is no plan to draw: {plan.verdict}")
        self.plan = plan

    @cached_property
    def study(self) -> Study:
        return Study(self.plan)

    def _chart(self, name: str) -> Chart:
        from .page import chart_page

        return Chart(name, chart_page(self.study, name))

    def allocation(self) -> Chart:
        """MW at the meter by month and use, with the sliders."""
        return self._chart("allocation")

    def cash(self) -> Chart:
        """Cash by year and line, with the sliders."""
        return self._chart("cash")

    def map(self) -> Chart:
        """The decision map of hashprice and rent, with the sliders; ValueError where the scenario's terms have none."""
        return self._chart("map")

    def hours(self) -> Chart:
        """Energy mined and curtailed by year, with the sliders."""
        return self._chart("hours")

    def duration(self) -> Chart:
        """The price-duration curve with each fleet's break-even, with the sliders."""
        return self._chart("duration")

    def break_even(self) -> Chart:
        """Break-even rents over the hashprice."""
        return self._chart("break_even")

    def waterfall(self) -> Chart:
        """From the value of all mining to that of the plan."""
        return self._chart("waterfall")

    def tornado(self) -> Chart:
        """The inputs that the value hangs on."""
        return self._chart("tornado")

    def sites(self) -> Chart:
        """MW and value by site of a portfolio; ValueError for a single site."""
        return self._chart("sites")
