"""Expansions: more energised MW that a site may buy, any part of them, and parts in several months.

Per meter MW that is energised from month c on:

    capex       spent evenly in the `build_months` before c (0: on the first day of c); always ahead, so that none of it is sunk
    use         from c to the end of the horizon: MW for mining or, as far as they are suitable, for leases
    upkeep      fixed_usd_per_mw_month in each of these months, used or not
    residual    residual_fraction of the capex at the end of the horizon
    tax         depreciation from c on by the schedule of lease capex; what is not written off is deducted from the residual

Capex is discounted at the rate of capex; upkeep, depreciation and residual, which belong to the site as a building does, at that of
leases. An expansion has no loan: `debt` is a term of leases (models/debt.py).

Where the interconnection may be refused, `probability` says how likely it is approved, and the site's `mw_counted` what a plan
counts (models/site.py). Expected MW are probability x mw at the full capex per MW: money is spent on what is approved, so that the
mean of MW and the mean of cash belong together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import model_validator

from . import quantities as q
from .months import Calendar, Month
from .names import Name, slug
from .refusal import Fault, refusal
from .sources import Sourced
from .start_window import StartWindow

if TYPE_CHECKING:
    from .site import Counted


class Expansion(Sourced):
    """An expansion on offer at a site."""

    name: Name
    mw: Annotated[float, q.METER_MW]
    """Meter MW on offer, over all months."""
    capex_usd_per_mw: Annotated[float, q.EXPANSION_CAPEX]
    """Substation, line and whatever else it takes to energise one more meter MW."""
    build_months: Annotated[int, q.MONTHS] = 0
    """Capex is spent evenly in so many months before the MW are energised (0: on the first day)."""
    lead_months: Annotated[int, q.MONTHS]
    """From the valuation date to the first month in which they can be energised."""
    window: StartWindow | None = None
    """First and last month in which they may be energised; without it every month after the lead time."""
    fixed_usd_per_mw_month: Annotated[float, q.FIXED_OPEX] = 0.0
    residual_fraction: Annotated[float, q.RESIDUAL_FRACTION] = 0.0
    """Of the capex, at the end of the horizon."""
    hpc_suitable_fraction: Annotated[float, q.FRACTION] = 1.0
    """Of the new MW, those that can host leases."""
    probability: Annotated[float, q.PROBABILITY] = 1.0
    """That the interconnection is approved."""

    @model_validator(mode="after")
    def _something_on_offer(self) -> Expansion:
        if self.mw <= 0:
            raise refusal("an expansion of 0 MW", "a size above 0", "leave the expansion out", field="mw")
        if self.probability <= 0:
            raise refusal("an expansion that is never approved", "a probability above 0", "leave it out", field="probability")
        return self

    def counted_mw(self, counted: Counted) -> float:
        """Meter MW that a plan may take of it."""
        if self.probability == 1.0 or counted == "all":
            return self.mw
        return 0.0 if counted == "firm_only" else self.probability * self.mw

    def spending(self) -> list[tuple[int, float]]:
        """(month from the one in which the MW are energised, share of the capex)."""
        if not self.build_months:
            return [(0, 1.0)]
        return [(-month, 1 / self.build_months) for month in range(self.build_months, 0, -1)]

    def soonest(self, calendar: Calendar) -> Month:
        """First month after the lead time in which MW can be energised; nothing is spent before the valuation date."""
        return calendar.start + max(self.lead_months, self.build_months)

    def months(self, calendar: Calendar) -> list[Month]:
        """Possible months inside the horizon."""
        soonest = self.soonest(calendar)
        first, last, step = soonest, calendar.end, 1
        if self.window is not None:
            first, last, step = self.window.earliest, min(self.window.latest, calendar.end), self.window.every_months
        return [Month(month) for month in range(int(first), int(last) + 1, step) if month >= soonest]


def expansion_faults(expansion: Expansion, calendar: Calendar, others: dict[str, list[str]]) -> Iterator[Fault]:
    """What of an expansion does not fit to the rest of a scenario; others: names of other things that may be decided, by kind."""
    for kind, names in others.items():
        if slug(expansion.name) in [slug(name) for name in names]:
            yield Fault(("name",), f'the name "{expansion.name}", which another {kind} has', "a name of its own")
    if not expansion.months(calendar):
        window, soonest = expansion.window, expansion.soonest(calendar)
        span = "" if window is None else f" from {window.earliest} to {window.latest}"
        yield Fault(
            ("lead_months",) if window is None else ("window",),
            f"no possible month{span}",
            f"a month from {soonest} (lead time and construction) to {calendar.end} (end of the horizon)",
            "a later window, a shorter lead time or a longer horizon",
        )
