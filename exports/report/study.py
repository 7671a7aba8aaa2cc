"""Every question that a report answers, asked once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ...errors import InputError
from ...models.scenario import Scenario
from ...models.values import TODAY, Values
from ...optimizer.compare import ALL_MINING, OPTIMUM, compare
from ...optimizer.curves import break_even_curve
from ...optimizer.decision_map import DecisionMap, axes_of, decision_map
from ...optimizer.plan import Plan
from ...optimizer.plan_terms import PlanTerms
from ...optimizer.sandwich import Progress as MapProgress
from ...optimizer.sensitivity import tornado
from ...optimizer.tables import Row

REPORT_BOX: Mapping[str, tuple[float, float]] = {"hashprice": (0.5, 2.0), "rent": (0.7, 1.4), "power": (0.7, 1.5)}
REPORT_TOLERANCE = 0.005
"""Of the NPV today: three axes cost more solves than two, so the report asks for less than `hashlease map` does."""
MOST_CURVES = 12
"""Break-even curves are walked for so many offers, those nearest to their break-even first."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Study:
    """A plan and the studies around it. Each is made when it is first asked for, so that one chart costs one study."""

    plan: Plan
    box: Mapping[str, tuple[float, float]] = field(default_factory=lambda: REPORT_BOX)
    tolerance: float = REPORT_TOLERANCE
    progress: Progress | None = None
    map_progress: Callable[[MapProgress], None] | None = None

    @property
    def scenario(self) -> Scenario:
        return self.plan.scenario

    @cached_property
    def _map(self) -> DecisionMap | InputError:
        axes_of(self.box, self.tolerance)
        try:
            return decision_map(self.scenario, self.box, self.tolerance, self.map_progress)
        except InputError as refused:
            return refused

    @property
    def map(self) -> DecisionMap | None:
        """None where the scenario has terms that a map does not hold. Raises InputError for a box that makes no sense."""
        found = self._map
        return None if isinstance(found, InputError) else found

    @cached_property
    def _terms(self) -> PlanTerms | InputError:
        found = self._map
        if isinstance(found, InputError):
            return found
        try:
            return PlanTerms.of(found.values.values, [*found.decisions, found.all_mining()])
        except InputError as refused:
            return refused

    @property
    def terms(self) -> PlanTerms | None:
        """The map's plans, and the one that mines with every MW, which is the last; None where terms do not fit into this form."""
        found = self._terms
        return None if isinstance(found, InputError) else found

    @property
    def why_no_sliders(self) -> str:
        """Why the page cannot revalue plans at other prices, in a sentence; empty where it can."""
        found = self._terms
        if not isinstance(found, InputError):
            return ""
        told = [f"{problem.field}: {problem.found}" for problem in found.problems]
        lacking = "live what-if" if self.map is not None else "live what-if and no decision map"
        return f"This report has no {lacking}: the scenario has terms that its arithmetic does not hold ({'; '.join(told)})."

    def why_no_chart(self, chart: str) -> str:
        """Why the scenario has no such chart, in a sentence; empty where it has. The map is only solved where it is asked for."""
        mining = self.plan.reference(ALL_MINING)
        if chart == "map" and self.map is None:
            return self.why_no_sliders
        if chart == "sites" and len(self.scenario.sites) == 1:
            return "There is no chart of sites: the scenario has a single site."
        if chart == "waterfall" and not mining.is_possible:
            return "There is no waterfall from all mining to the plan: mining alone would break the scenario's rules."
        if chart == "waterfall" and not self.scenario.leases:
            return "There is no waterfall from all mining to the plan: without leases and offers the plan is all mining."
        if chart == "break_even" and not self.scenario.leases:
            return "There are no break-even curves: the scenario has no offers and no leases."
        if chart == "break_even" and self.scenario.finance.cash is not None:
            return "There are no break-even curves: at other prices the floors of cash allow other plans."
        if chart == "break_even" and any(site.blocks_to_use or site.energy_cap for site in self.scenario.sites):
            return "There are no break-even curves: at other prices power blocks or energy caps let other hours run."
        return ""

    @cached_property
    def plan_today(self) -> int:
        """Number (from 0) of the best plan of the list at the scenario's own prices."""
        return 0 if self.terms is None else int(self.terms.npv_musd(TODAY).argmax())

    @property
    def holds_today(self) -> bool:
        """Whether the scenario's own prices lie in the map's box."""
        return self.map is not None and all(axis.low <= 1.0 <= axis.high for axis in self.map.axes)

    @cached_property
    def values(self) -> Values:
        """What a MW of the scenario is worth."""
        return Values(self.scenario) if self.map is None else self.map.values.values

    @cached_property
    def tornado(self) -> list[Row]:
        return tornado(self.scenario, progress=self.progress)

    @cached_property
    def offers_by_distance(self) -> list[str]:
        """Offers, those nearest to their break-even rent first."""

        def distance(row: Row) -> float:
            rent, edge = row["first_year_rent_usd_per_kw_month"], row["break_even_rent_usd_per_kw_month"]
            return abs(math.log(edge / rent)) if rent and edge and edge > 0 else math.inf

        return [row["offer"] for row in sorted(self.plan.rows["leases"], key=distance)]

    @cached_property
    def curves(self) -> list[Row]:
        """Break-even rents over the hashprice, within the map's box, of the offers that are nearest to theirs."""
        if self.why_no_chart("break_even"):
            return []
        low, high = self.box.get("hashprice", REPORT_BOX["hashprice"])
        wanted = set(self.offers_by_distance[:MOST_CURVES])
        offers = [row["offer"] for row in self.plan.rows["leases"] if row["offer"] in wanted]
        rows: list[Row] = []
        for number, offer in enumerate(offers):
            if self.progress is not None:
                self.progress("break-even curves", number, len(offers))
            rows += break_even_curve(self.scenario, offer, "hashprice", low, high)
        return rows

    @cached_property
    def waterfall(self) -> list[Row]:
        """From all mining to the plan; empty where there is nothing to compare."""
        if self.why_no_chart("waterfall"):
            return []
        return compare(self.scenario, [ALL_MINING, OPTIMUM]).rows["waterfall"]
