"""Real market data for the tests that use it; they skip where it is not at hand."""

from __future__ import annotations

import os
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
