"""hashlease: every megawatt's next best use.

    import hashlease as hl

    plan = hl.solve(hl.load("rockdale"))
    plan.verdict, plan.npv_usd
    plan.allocation          # MW by site, month and use, a pandas DataFrame

`load` reads a scenario file (or a shipped scenario by name), `solve` returns a certified `Plan`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import InputError, Problem
    from .models.scenario import Scenario
    from .optimizer.compare import compare
    from .optimizer.pinned import pin
    from .optimizer.plan import Plan
    from .optimizer.solve import solve
    from .scenarios.load import load, shipped_names

__version__ = "0.1.0"

_HOMES = {
    "InputError": "errors",
    "Problem": "errors",
    "Scenario": "models.scenario",
    "Plan": "optimizer.plan",
    "compare": "optimizer.compare",
    "pin": "optimizer.pinned",
    "solve": "optimizer.solve",
    "load": "scenarios.load",
    "shipped_names": "scenarios.load",
}
__all__ = ["InputError", "Plan", "Problem", "Scenario", "__version__", "compare", "load", "pin", "shipped_names", "solve"]


def __getattr__(name: str) -> Any:
    """Import each name where it is first used, so that the command line starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
