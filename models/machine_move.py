"""Moving machines that are owned to another site: what it costs, how long they are dark, and as what they mine there.

A MW that leaves a site in a month stands still for the months of downtime and then mines at its destination, where its overhead and
the terms of the site are others: 1 meter MW there holds as many TH/s as overhead there / overhead here meter MW do here. It retires
when the fleet does, and its resale then is what it would have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .mining import Fleet
from .months import Array, Calendar, Month
from .names import Name, slug
from .refusal import Fault, listed, nearest, refusal
from .sources import Sourced
from .start_window import StartWindow


class MachineMove(Sourced):
    """A way of moving a fleet, or a part of it, to another site. name: of the machines once they are there."""

    name: Name
    fleet: Name
    site: Name
    """The destination."""
    usd_per_mw: Annotated[float, q.MOVE_PER_MW] | None = None
    usd_per_th: Annotated[float, q.MOVE_PER_TH] | None = None
    """Cost per meter MW, or per TH/s, that leaves; paid on the first day of the month in which it leaves."""
    downtime_months: Annotated[int, q.MONTHS]
    overhead: Annotated[float, q.OVERHEAD]
    uptime_fraction: Annotated[float, q.UPTIME]
    variable_opex_usd_per_mwh: Annotated[float, q.VARIABLE_OPEX]
    fixed_opex_usd_per_mw_month: Annotated[float, q.FIXED_OPEX]
    window: StartWindow
    """Months in which machines may leave."""

    @model_validator(mode="after")
    def _priced_once(self) -> MachineMove:
        if (self.usd_per_mw is None) == (self.usd_per_th is None):
            found = "neither usd_per_mw nor usd_per_th" if self.usd_per_mw is None else "both usd_per_mw and usd_per_th"
            raise refusal(found, "exactly one of the two", field="usd_per_mw")
        return self

    def cost_usd_per_mw(self, fleet: Fleet) -> float:
        """Per meter MW that leaves."""
        return self.usd_per_mw if self.usd_per_mw is not None else float(self.usd_per_th or 0.0) * fleet.th_per_mw

    def mw_there(self, fleet: Fleet) -> float:
        """Meter MW at the destination of one meter MW that leaves."""
        return self.overhead / fleet.overhead

    def months(self, fleet: Fleet, calendar: Calendar) -> list[Month]:
        """Months of the horizon in which machines can leave: there, and not retired before they arrive."""
        window, last = self.window, calendar.end + 1 if fleet.retire_month is None else min(fleet.retire_month, calendar.end + 1)
        months = range(int(window.earliest), int(window.latest) + 1, window.every_months)
        there = fleet.available_mw(calendar)
        found = (Month(month) for month in months if calendar.start <= month <= calendar.end)
        return [month for month in found if there[calendar.index(month)] > 0 and month + self.downtime_months < last]

    def machines(self, fleet: Fleet, calendar: Calendar) -> Fleet:
        """The whole fleet as it would be at the destination, from the first possible arrival on."""
        months = self.months(fleet, calendar)
        first = months[0] + self.downtime_months if months else calendar.start
        fields = {"j_per_th": fleet.j_per_th, "asic": fleet.asic, "pool_fee_fraction": fleet.pool_fee_fraction}
        own = {field: getattr(self, field) for field in ("name", "site", "overhead", "uptime_fraction")}
        opex = {field: getattr(self, field) for field in ("variable_opex_usd_per_mwh", "fixed_opex_usd_per_mw_month")}
        size = {"mw": fleet.owned_mw * self.mw_there(fleet), "first_month": first, "retire_month": fleet.retire_month}
        return Fleet.model_validate({**fields, **own, **opex, "mw": 0.0}).model_copy(update=size)

    def there(self, fleet: Fleet, leaves: Month, calendar: Calendar) -> Array:
        """Meter MW at the destination in each month of one meter MW that leaves in a month, shape (months,)."""
        month = np.arange(calendar.length)
        last = calendar.length if fleet.retire_month is None else calendar.index(fleet.retire_month)
        arrived = (month >= calendar.index(leaves) + self.downtime_months) & (month < last)
        return np.where(arrived, self.mw_there(fleet), 0.0)


def move_faults(move: MachineMove, fleets: Iterable[Fleet], others: Iterable[str], calendar: Calendar) -> Iterator[Fault]:
    """What of a move does not fit to the rest of a scenario; others: names that a fleet, lease or offer of machines has."""
    if slug(move.name) in [slug(name) for name in others]:
        yield Fault(("name",), f'the name "{move.name}", which a fleet, a lease or a machine offer has', "a name of its own")
    by_name = {fleet.name: fleet for fleet in fleets}
    fleet = by_name.get(move.fleet)
    if fleet is None:
        yield Fault(("fleet",), f'"{move.fleet}"', f"one of the fleets: {listed(by_name)}", nearest(move.fleet, by_name))
    elif fleet.site == move.site:
        yield Fault(("site",), f"{move.site}, where {fleet.name} is", "another site")
    elif not move.months(fleet, calendar):
        found = f"no month in which {fleet.name} can leave, from {move.window.earliest} to {move.window.latest}"
        allowed = "months in which the fleet is there, so early that it arrives before it retires and the horizon ends"
        yield Fault(("window",), found, allowed)
