"""Decisions about mining machines: offers to buy them, and what a MW of bought machines costs and brings back.

A purchase is counted per meter MW of the machines at the site, by the month of their delivery:

    price       1e6 TH per EH x USD/TH / (J/TH x overhead), paid so many months earlier, on the first day of the month
    use         from the month of delivery for `life_months`, or to the end of the horizon
    resale      at the end of that use, at resale_usd_per_th
    tax         depreciation from the month of delivery; what is not written off by the resale is deducted there

Paid for, a MW of machines mines, or stands still, as a MW of machines that are owned does (models/mining.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import model_validator

from . import quantities as q
from .asics import ASICS
from .mining import TH_PER_EH, Fleet
from .months import Calendar, Month
from .names import Name, slug
from .path import MonthlyPath
from .refusal import Fault, refusal
from .sources import Sourced
from .start_window import StartWindow


class MachineOffer(Sourced):
    """New machines that may be bought for a site: any part of the size, and parts may be delivered in several months.

    Size and efficiency are stated as those of a fleet are.
    """

    name: Name
    site: Name
    hashrate_eh: Annotated[float, q.FLEET_HASHRATE] | None = None
    mw: Annotated[float, q.METER_MW] | None = None
    """Most that can be bought, over all months."""
    j_per_th: Annotated[float, q.EFFICIENCY] | None = None
    asic: str | None = None
    overhead: Annotated[float, q.OVERHEAD]
    pool_fee_fraction: Annotated[float, q.FRACTION]
    uptime_fraction: Annotated[float, q.UPTIME]
    variable_opex_usd_per_mwh: Annotated[float, q.VARIABLE_OPEX]
    fixed_opex_usd_per_mw_month: Annotated[float, q.FIXED_OPEX]
    usd_per_th: Annotated[MonthlyPath, q.MACHINE_PRICE]
    """By the month of delivery, delivered and installed."""
    paid_months_before_delivery: Annotated[int, q.MONTHS] = 0
    """Nothing can be delivered before its payment could fall on the valuation date."""
    delivery_window: StartWindow
    life_months: Annotated[int, q.MACHINE_LIFE]
    resale_usd_per_th: Annotated[float, q.RESALE_PRICE] = 0.0
    """Received at the end of the life, or of the horizon, whichever comes first."""

    @model_validator(mode="after")
    def _as_a_fleet(self) -> MachineOffer:
        self.machines()
        if self.size_mw <= 0:
            raise refusal("an offer of 0 MW", "a size above 0", "leave the offer out", field="mw")
        return self

    def machines(self, calendar: Calendar | None = None) -> Fleet:
        """The machines of the whole offer as a fleet: there from the first delivery to the end of the last one's life."""
        months = [] if calendar is None else self.deliveries(calendar)
        fields = {field: getattr(self, field) for field in Fleet.model_fields if field in MachineOffer.model_fields}
        fields["resale_usd_per_th"], fields["sources"] = 0.0, {}
        dates = {"from": months[0], "retire_month": months[-1] + self.life_months} if months else {}
        return Fleet.model_validate({**fields, **dates})

    @property
    def efficiency_j_per_th(self) -> float:
        """At the machine, before the site's overhead."""
        return self.j_per_th if self.j_per_th is not None else ASICS[str(self.asic)].j_per_th

    @property
    def th_per_mw(self) -> float:
        """TH/s of one meter MW."""
        return TH_PER_EH / (self.efficiency_j_per_th * self.overhead)

    @property
    def size_mw(self) -> float:
        """Meter MW of the whole offer."""
        return self.mw if self.mw is not None else float(self.hashrate_eh or 0.0) * TH_PER_EH / self.th_per_mw

    def soonest(self, calendar: Calendar) -> Month:
        """First month of a delivery that can still be paid for."""
        return max(self.delivery_window.earliest, calendar.start + self.paid_months_before_delivery)

    def deliveries(self, calendar: Calendar) -> list[Month]:
        """Possible months of delivery inside the horizon."""
        window, soonest = self.delivery_window, self.soonest(calendar)
        months = range(int(window.earliest), int(min(window.latest, calendar.end)) + 1, window.every_months)
        return [Month(month) for month in months if month >= soonest]


def machine_faults(
    offer: MachineOffer, calendar: Calendar, others: dict[str, list[str]], most_mw: float, energised_mw: float
) -> Iterator[Fault]:
    """What of an offer does not fit to the rest of a scenario.

    others: names of its fleets and leases, by what they are of. most_mw: size from which it is a slip of units at a site that
    energises `energised_mw`.
    """
    if energised_mw and offer.size_mw > most_mw:
        field = "mw" if offer.hashrate_eh is None else "hashrate_eh"
        found, allowed = f"machines of {offer.size_mw:,.1f} MW", f"at most {most_mw:,.1f} MW at {offer.site}"
        yield Fault((field,), found, f"{allowed}, which energises {energised_mw:,.1f}", "mw is in MW, hashrate_eh in EH/s")
    for kind, names in others.items():
        if slug(offer.name) in [slug(name) for name in names]:
            yield Fault(("name",), f'the name "{offer.name}", which a {kind} has', "a name of its own")
    if not offer.deliveries(calendar):
        window = offer.delivery_window
        yield Fault(
            ("delivery_window",),
            f"no possible delivery from {window.earliest} to {window.latest}",
            f"a delivery from {offer.soonest(calendar)} (payment on the valuation date) to {calendar.end} (end of the horizon)",
            "a later window, a payment nearer to the delivery, or a longer horizon",
        )
