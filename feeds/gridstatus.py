"""ERCOT's settlement point prices through the package gridstatus (https://github.com/gridstatus/gridstatus), in its own process.

gridstatus needs pandas 2 (0.37.0: pandas ~= 2.2) and hashlease pandas 3, so that the two cannot share an environment: gridstatus is
installed in another one, whose Python is named, and answers with a CSV file. Without it, ERCOT's own files are read as they are
(models/ercot_files.py); both ways end in the same series.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from ..errors import InputError, Problem
from ..models.price_report import PriceReport
from ..models.refusal import shortened
from ..scenarios.price_sources import price_reports

NAME = "ercot"
MARKETS = {"day_ahead": ("get_dam_spp", 60), "real_time": ("get_rtm_spp", 15)}
"""Method of gridstatus.Ercot and minutes of a step, by market."""

SCRIPT = """
import sys
try:
    import gridstatus
except ImportError as fault:
    sys.exit(f"NO PACKAGE {fault}")
method, year, point, target = sys.argv[1:]
frame = getattr(gridstatus.Ercot(), method)(int(year))
points = sorted(map(str, frame["Location"].unique()))
frame = frame[frame["Location"] == point]
if not len(frame):
    sys.exit("NO POINT " + ", ".join(points))
times = frame["Interval Start"].dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%MZ")
with open(target, "w") as stream:
    stream.write("utc_start,usd_per_mwh\\n")
    for time, price in zip(times, frame["SPP"]):
        stream.write(f"{time},{'' if price != price else repr(float(price))}\\n")
"""


def read(python: str, market: str, year: int, point: str, timeout_s: float) -> PriceReport:
    """The prices of a settlement point in a year, as they were found. Raises InputError."""
    method, step_minutes = MARKETS[market]
    with tempfile.TemporaryDirectory(prefix="hashlease.") as folder:
        target = Path(folder) / "prices.csv"
        command = [python, "-c", SCRIPT, method, str(year), point, str(target)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        except subprocess.TimeoutExpired:
            raise _fault(python, f"no answer within {timeout_s:g} seconds", "prices", "--timeout") from None
        except OSError as fault:
            hint = "the Python of an environment in which gridstatus is installed"
            raise _fault(python, fault.strerror or str(fault), "a Python that can be run", hint) from None
        if done.returncode != 0 or not target.is_file():
            raise _failed(python, point, done.stderr.strip().splitlines()[-1:] or ["nothing was said"])
        columns = {
            "time_column": "utc_start",
            "price_column": "usd_per_mwh",
            "times_are": "utc",
            "convention": "hour_beginning",
            "resolution_minutes": step_minutes,
        }
        (report,) = price_reports([target], columns=columns).reports.values()
    return report


def _failed(python: str, point: str, said: list[str]) -> InputError:
    word = said[0]
    if word.startswith("NO PACKAGE"):
        hint = "python -m venv grid, then grid/bin/pip install gridstatus, then --python grid/bin/python"
        return _fault(python, "a Python without gridstatus", "one in which gridstatus is installed", hint)
    if word.startswith("NO POINT"):
        return _fault(python, f'no prices of "{point}"', f"one of: {word.removeprefix('NO POINT ')}")
    return _fault(python, f"gridstatus failed: {shortened(word, 300)}", "prices", "ERCOT's files can be read without it")


def _fault(python: str, found: str, allowed: str, hint: str = "") -> InputError:
    return InputError([Problem(f"gridstatus ({python})", "", found, allowed, hint)])
