"""A report in a browser of the tests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hashlease.exports.report.page import report_page
from hashlease.exports.report.study import Study
from playwright.sync_api import Browser, Page

LAUNCH = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def data_of(page: str) -> dict[str, Any]:
    """The data of a page as its script reads it."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


def opened(browser: Browser, folder: Path, study: Study, **look: Any) -> tuple[Page, list[str]]:
    """The report, opened from its file without a network, and what it said on the console."""
    return opened_text(browser, folder, report_page(study), **look)


def opened_text(browser: Browser, folder: Path, text: str, **look: Any) -> tuple[Page, list[str]]:
    """The text of a report, opened from a file without a network, and what it said on the console."""
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    page = browser.new_context(offline=True, **look).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda fault: said.append(str(fault)))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    return page, said
