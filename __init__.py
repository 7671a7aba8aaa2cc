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
    from .exports.market_table import market_table
    from .models.market_terms import MarketTerms
    from .models.scenario import Scenario
    from .optimizer.compare import compare
    from .optimizer.curves import break_even_curve
    from .optimizer.decision_map import DecisionMap, decision_map
    from .optimizer.pinned import pin
    from .optimizer.plan import Plan
    from .optimizer.sensitivity import one_more, tornado
    from .optimizer.solve import solve
    from .optimizer.sum_of_parts import sum_of_parts
    from .optimizer.why import why
    from .scenarios.load import load, shipped_names
    from .scenarios.market_files import network_months
    from .scenarios.miner_files import load_miner
    from .scenarios.price_sources import price_reports

__version__ = "0.1.0"

_HOMES = {
    "DecisionMap": "optimizer.decision_map",
    "InputError": "errors",
    "MarketTerms": "models.market_terms",
    "Problem": "errors",
    "Scenario": "models.scenario",
    "Plan": "optimizer.plan",
    "break_even_curve": "optimizer.curves",
    "compare": "optimizer.compare",
    "decision_map": "optimizer.decision_map",
    "one_more": "optimizer.sensitivity",
    "tornado": "optimizer.sensitivity",
    "why": "optimizer.why",
    "pin": "optimizer.pinned",
    "solve": "optimizer.solve",
    "sum_of_parts": "optimizer.sum_of_parts",
    "load": "scenarios.load",
    "load_miner": "scenarios.miner_files",
    "market_table": "exports.market_table",
    "network_months": "scenarios.market_files",
    "price_reports": "scenarios.price_sources",
    "shipped_names": "scenarios.load",
}
__all__ = [
    "DecisionMap",
    "InputError",
    "MarketTerms",
    "Plan",
    "Problem",
    "Scenario",
    "__version__",
    "break_even_curve",
    "compare",
    "decision_map",
    "load",
    "load_miner",
    "market_table",
    "network_months",
    "one_more",
    "pin",
    "price_reports",
    "shipped_names",
    "solve",
    "sum_of_parts",
    "tornado",
    "why",
]


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
