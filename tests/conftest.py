"""What tests take from the machine, and skip where it is not at hand: real market data, programs such as a browser."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of real BTC and ERCOT data: HASHLEASE_MARKET_DATA, or shared/data beside the repository."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("HASHLEASE_MARKET_DATA", default))
    if not folder.is_dir():
        pytest.skip("the real market data is not at hand (HASHLEASE_MARKET_DATA)")
    return folder


@pytest.fixture(autouse=True)
def _cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the user's cache of public series."""
    monkeypatch.setenv("HASHLEASE_CACHE", str(tmp_path_factory.getbasetemp() / "no-cache"))


@pytest.fixture(autouse=True)
def _width_of_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables and paragraphs fit the terminal; in the tests it is as wide as in the documents."""
    monkeypatch.setenv("COLUMNS", "110")


def program(*names: str) -> str:
    """The path of the first of these programs that is on the machine; without one the test is skipped.

    Where HASHLEASE_NEEDS_PROGRAMS is set, as on the machine that guards the main branch, it fails instead.
    """
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    missing = f"needs one of the programs {', '.join(names)}"
    if os.environ.get("HASHLEASE_NEEDS_PROGRAMS"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium."""
    return program("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def soffice() -> str:
    """LibreOffice with Calc."""
    return program("soffice", "libreoffice")
