"""A plan: the solved scenario as tables that a planner can check by hand.

Tables are kept as columns of plain Python lists and turned into pandas DataFrames when they are asked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.months import Month
from ..models.scenario import Scenario
from .certificate import Certificate
from .tables import TABLES, Row, Tables, without_dust

if TYPE_CHECKING:
    import pandas as pd

    from ..exports.report.notebook import Plots


@dataclass(frozen=True)
class Reference:
    """A reference plan: its NPV, what it means, and its MW by fleet and offer in words; NaN where no such plan keeps the rules."""

    name: str
    definition: str
    npv_usd: float
    leased_critical_mw: float
    cash_by_year_usd: dict[int, float]

    @property
    def is_possible(self) -> bool:
        return math.isfinite(self.npv_usd)


@dataclass(frozen=True)
class Plan:
    """The answer to one scenario.

    verdict: CERTIFIED, FEASIBLE, PROVED WITHIN ..., INFEASIBLE, PROVED, or DO NOT USE; exit_code goes with it.
    npv_usd: discounted after-tax cash. relaxation_npv_usd: value of the linear relaxation (equal without whole blocks).
    conflicts: why there is no plan, where there is none.
    rows: the tables as lists of dictionaries (columns in tables.TABLES), each made when it is first asked for.
    """

    scenario: Scenario
    verdict: str
    npv_usd: float
    relaxation_npv_usd: float
    ledger_total_usd: float
    certificate: Certificate | None
    references: tuple[Reference, ...]
    conflicts: tuple[str, ...]
    warnings: tuple[str, ...]
    beyond: dict[str, Any] | None
    rows: Tables | dict[str, list[Row]] = field(repr=False)
    manifest: dict[str, Any] = field(repr=False)

    def __repr__(self) -> str:
        worth = f", {self.npv_usd / 1e6:,.2f} M USD" if self.is_final else ""
        return f"<Plan of {self.scenario.name}: {self.verdict}{worth}>"

    def _repr_html_(self) -> str:
        """What a notebook shows; exports are imported only there."""
        from ..exports.report.notebook import plan_html

        return plan_html(self)

    @cached_property
    def plot(self) -> Plots:
        """Charts of the plan for a notebook: plot.allocation(), plot.map(), ... (docs/report.md). ValueError without a plan."""
        from ..exports.report.notebook import Plots

        return Plots(self)

    @property
    def exit_code(self) -> int:
        if self.verdict.startswith(("CERTIFIED", "FEASIBLE")):
            return 0
        return 3 if self.verdict.startswith("INFEASIBLE") else 4

    @property
    def is_final(self) -> bool:
        """Whether the figures may be used."""
        return self.exit_code == 0

    def _frame(self, table: str) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(self.rows[table], columns=list(TABLES[table]))

    @cached_property
    def allocation(self) -> pd.DataFrame:
        """Meter MW by site, period, use and name. Uses: mining, lease, conversion (dark for a build), kept (stays with a
        building whose lease has ended), idle. The rows of a site and period add up to its energised MW.
        """
        return self._frame("allocation")

    @cached_property
    def allocation_by_year(self) -> pd.DataFrame:
        """Mean meter MW of each calendar year by site, use and name."""
        return self._frame("allocation_by_year")

    @cached_property
    def idle_by_year(self) -> pd.DataFrame:
        """Mean idle MW of each calendar year by site and why, with the months."""
        return self._frame("idle_by_year")

    @cached_property
    def leases(self) -> pd.DataFrame:
        """One row an offer: what is taken, what it is worth, its break-evens and the reason."""
        return self._frame("leases")

    @cached_property
    def fleets(self) -> pd.DataFrame:
        """One row a fleet and year: mean MW mining and idle, MWh, hours curtailed, margin."""
        return self._frame("fleets")

    @cached_property
    def machines(self) -> pd.DataFrame:
        """One row an offer of machines, a fleet that may be sold, and a move: what, when, worth, break-even, reason."""
        return self._frame("machines")

    @cached_property
    def expansions(self) -> pd.DataFrame:
        """One row an expansion of a site: what is energised when, its capex, worth and break-even capex, reason."""
        return self._frame("expansions")

    @cached_property
    def stranded(self) -> pd.DataFrame:
        """One row a fleet and year in which machines stand still that would earn: what they forgo, and what they are worth."""
        return self._frame("stranded")

    @cached_property
    def cash_flow(self) -> pd.DataFrame:
        """USD by site, period, line item and name (fleet, offer or block), not discounted; discounted_usd adds up to npv_usd."""
        return self._frame("cash_flow")

    @cached_property
    def cash_by_year(self) -> pd.DataFrame:
        """USD by calendar year and line item, all sites, not discounted."""
        return self._frame("cash_by_year")

    @cached_property
    def budget_price(self) -> pd.DataFrame:
        """Capex budget, spending and value today of one more budget dollar, by year."""
        return self._frame("budget_price")

    @cached_property
    def cumulative_budget_price(self) -> pd.DataFrame:
        """The same for what may be spent from the valuation date to the end of a year."""
        return self._frame("cumulative_budget_price")

    @cached_property
    def cash_floor(self) -> pd.DataFrame:
        """Floor of cash, cash at the end of the year, and value today of one more dollar by then."""
        return self._frame("cash_floor")

    @cached_property
    def shadow_price(self) -> pd.DataFrame:
        """Value today of one more energised MW of a site in a month, USD."""
        return self._frame("shadow_price")

    @cached_property
    def market(self) -> pd.DataFrame:
        """Hashprice, BTC price, network and subsidy by month, and mean market price by zone."""
        return self._frame("market")

    def reference(self, name: str) -> Reference:
        """The reference plan "all_mining" or "lease_all"; ValueError for another name."""
        known = {reference.name: reference for reference in self.references}
        if name not in known:
            raise ValueError(f"no reference plan {name!r}; there {_either(known)}")
        return known[name]

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract (docs/json.md): plain data, every number finite or null."""
        certificate = (
            None
            if self.certificate is None
            else {
                "verdict": self.certificate.verdict,
                "bound_usd": self.certificate.bound_usd,
                "gap_usd": self.certificate.gap_usd,
                "parts": [vars(part) for part in self.certificate.parts],
            }
        )
        data = {
            "schema": JSON_SCHEMA_VERSION,
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "verdict": self.verdict,
            "npv_usd": self.npv_usd,
            "relaxation_npv_usd": self.relaxation_npv_usd,
            "ledger_total_usd": self.ledger_total_usd,
            "reference": {
                reference.name: {
                    "definition": reference.definition,
                    "npv_usd": reference.npv_usd,
                    "difference_usd": self.npv_usd - reference.npv_usd,
                    "leased_critical_mw": reference.leased_critical_mw,
                    "cash_by_year_usd": {str(year): usd for year, usd in reference.cash_by_year_usd.items()},
                }
                for reference in self.references
            },
            "certificate": certificate,
            "conflicts": list(self.conflicts),
            "warnings": list(self.warnings),
            "beyond_horizon": self.beyond,
            **{table: [without_dust(row) for row in self.rows[table]] for table in TABLES},
            "manifest": {key: value for key, value in self.manifest.items() if key != "times_s"},
        }
        found: dict[str, Any] = plain(data)
        return found

    def to_json(self) -> str:
        """`as_dict` as text; the same scenario and versions give the same bytes."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1, allow_nan=False)


JSON_SCHEMA_VERSION = 1


def _either(names: Iterable[str]) -> str:
    words = list(names)
    return f"are {' and '.join(words)}" if words else "are none without a plan"


def plain(value: Any) -> Any:
    """Numbers finite or None, months as text, numpy as Python."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Month):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, int | np.integer):
        return int(value)
    return value
