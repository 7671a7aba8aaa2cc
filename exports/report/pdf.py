"""A report as PDF, printed by a Chromium that is on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ...errors import InputError, Problem

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
SECONDS = 120
OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-pdf-header-footer",
    "--run-all-compositor-stages-before-draw",
    "--virtual-time-budget=20000",
)
SHORTEST_BYTES = 1_000


def browser_of(named: Path | None) -> Path:
    """The browser that prints: the one that is named, or the first that is found. Raises InputError where there is none."""
    if named is not None:
        if not named.is_file() or not os.access(named, os.X_OK):
            raise InputError([Problem("report", "--browser", f'"{named}"', "a program file of Chromium, Chrome or Edge")])
        return named
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    for place in PLACES:
        if Path(place).is_file():
            return Path(place)
    hint = "install Chromium, Chrome or Edge, name one with --browser, or print the HTML report from any browser"
    raise InputError([Problem("report", "--pdf", "no browser to print with", "Chromium, Chrome or Edge on this machine", hint)])


def pdf_of(page: str, browser: Path) -> bytes:
    """The pages of a report. Raises InputError where the browser does not print."""
    with tempfile.TemporaryDirectory(prefix="hashlease.") as folder:
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(page, encoding="utf-8")
        command = [
            str(browser),
            *OPTIONS,
            *_without_sandbox(),
            f"--user-data-dir={Path(folder, 'profile')}",
            f"--print-to-pdf={target}",
            f"{source.as_uri()}#paper",
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, errors="replace")
            said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        except subprocess.TimeoutExpired:
            said = [f"no answer in {SECONDS} seconds"]
        except OSError as fault:
            said = [fault.strerror or str(fault)]
        content = target.read_bytes() if target.is_file() else b""
    if not content.startswith(b"%PDF") or len(content) < SHORTEST_BYTES:
        hint = "the HTML report prints from any browser; --browser names another one"
        raise InputError([Problem("report", "--pdf", f"{browser} printed nothing ({said[0]})", "a browser that prints", hint)])
    return content


def _without_sandbox() -> list[str]:
    """Chromium refuses its sandbox to the superuser; the page is our own and its policy lets nothing in."""
    return ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []
