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
SCRIPTS = ("evaluate.js", "format.js", "tables.js", "charts_plan.js", "charts_map.js", "charts_study.js", "page.js")
LIBRARY = "echarts/echarts.min.js"
LIBRARY_NAME = "Apache ECharts 6.1.0"


@lru_cache(maxsize=32)
def asset(name: str) -> str:
    """A file of assets/."""
    return files(__package__).joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


def report_page(study: Study) -> str:
    """The whole report."""
    return _page("page.html", page_data(study), {"first_screen": first_screen(study), "title": _title(study)})


def chart_page(study: Study, chart: str) -> str:
    """One chart on a page of its own."""
    if chart not in CHARTS:
        raise ValueError(f"no chart {chart!r}; there are {', '.join(CHARTS)}")
    return _page("chart.html", page_data(study, [chart]), {"title": _title(study)})


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
