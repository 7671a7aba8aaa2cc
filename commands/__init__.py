"""The commands that ask questions of many solves, one file each: its arguments, and what it calls. Light to import."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import compare, curve, decision_map, export, fetch, market, picture, pin, prices, report, sensitivity, sweep, value, why

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

STUDIES = (decision_map, curve, sensitivity, sweep, compare, pin, picture, market, prices, value, fetch, report, export, why)


def add_studies(commands: Commands) -> None:
    """Add every study to the command line; each module has `add(commands)`."""
    for study in STUDIES:
        study.add(commands)
