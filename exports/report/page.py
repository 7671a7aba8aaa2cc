"""The file of a report: style, scripts, library and data in one page that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any

from ... import __version__
from .first_screen import first_screen
from .page_data import CHARTS, as_json, page_data
from .study import Study

STYLE = "report.css"
CHART_SCRIPTS = ("charts_plan.js", "charts_map.js", "charts_study.js")
SCRIPTS = ("evaluate.js", "as_planned.js", "format.js", "tables.js", *CHART_SCRIPTS, "page.js")
OTHER_PRICES = "hashlease run --set, sweep and compare tell what it is worth at others"
LIBRARY = "echarts/echarts.min.js"
LIBRARY_NAME = "Apache ECharts 6.1.0"


@lru_cache(maxsize=32)
def asset(name: str) -> str:
    """A file of assets/."""
    return files(__package__).joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


def report_page(study: Study) -> str:
    """The whole report."""
    return _page("page.html", page_data(study), {"first_screen": first_screen(study), **_over_time(study), "title": _title(study)})


def chart_page(study: Study, chart: str) -> str:
    """One chart on a page of its own. Raises ValueError for one that the scenario does not have."""
    if chart not in CHARTS:
        raise ValueError(f"no chart {chart!r}; there are {', '.join(CHARTS)}")
    data = page_data(study, [chart])
    if not data["charts"]:
        raise ValueError(study.why_no_chart(chart))
    note = escape(study.why_no_sliders) if "planned" in data else ""
    return _page("chart.html", data, {"title": _title(study), "why_no_sliders": note})


def _over_time(study: Study) -> dict[str, str]:
    """What heads the charts over time: the live what-if, or why there is none."""
    if study.terms is None:
        note = f"{study.why_no_sliders} The charts show the plan at the scenario's own prices; {OTHER_PRICES}."
        return {"whatif_short": "Over time", "whatif": "The plan over time", "box_note": escape(note)}
    assert study.map is not None
    plans = f"{len(study.terms.decisions):,} plans"
    note = f"Every slider revalues {plans} in this page, month by month and price band by price band. {study.map.verdict}."
    return {"whatif_short": "What if", "whatif": "What if prices move?", "box_note": escape(note)}


def _title(study: Study) -> str:
    return escape(study.scenario.title or study.scenario.name)


def _page(template: str, data: dict[str, Any], slots: dict[str, str]) -> str:
    style, program, library = asset(STYLE), _program(), asset(LIBRARY)
    filled = {
        **slots,
        "policy": policy([library, program], style),
        "style": style,
        "library": library,
        "program": program,
        "data": as_json(data),
        "version": __version__,
        "library_name": LIBRARY_NAME,
    }
    return re.sub(r"<!--slot:(\w+)-->", lambda found: filled[found[1]], asset(template))


def _program() -> str:
    """Our scripts as one; none of their names reaches the page's global ones."""
    return "(() => {\n" + "\n".join(asset(name) for name in SCRIPTS) + "\n})();"


def policy(scripts: Sequence[str], style: str) -> str:
    """A content security policy: these scripts and this style run, nothing is fetched, nothing is sent.

    Attributes of style are allowed, because the charts set them; no text of a scenario is ever parsed as markup.
    """
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; style-src-attr 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
