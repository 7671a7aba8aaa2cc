"""A hosting contract told hour by hour: who runs, who is billed and who pays for power, for one MW of hosted machines.

From what a user wrote; part of the second opinion of plain_evaluator.py.

Free months change what is paid, not the hours in which machines run; a customer decides hour by hour on what the contract states,
whatever he owes as a minimum.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

Data = dict[str, Any]


def fee_as_rent(hosting: Data) -> float:
    """USD per kW and month of 730.5 hours, at the uptime."""
    return float(hosting["fee_usd_per_kwh"] * hosting["uptime_fraction"] * 365.25 * 24 / 12)


class Bill(NamedTuple):
    """USD of a month of one MW of machines that is there and pays in full."""

    lease: Data
    fee: float
    fee_of_hours: float
    mined: float
    energy: float
    losses: float
    delivery: float

    def lines(self, machines_mw: float, paying_mw: float) -> dict[str, float]:
        hosting = self.lease["hosting"]
        host_pays = self.lease["power_paid_by"] == "landlord"
        earned = machines_mw * self.mined
        if hosting["share_of"] == "profit":
            earned -= paying_mw * self.fee_of_hours
            earned -= 0.0 if host_pays else machines_mw * (self.energy + self.losses + self.delivery)
        found = {"hosting_fee": paying_mw * self.fee, "hosting_revenue_share": hosting["revenue_share_fraction"] * earned}
        if host_pays:
            found["lease_power"] = -machines_mw * self.energy
            found["lease_losses"] = -machines_mw * self.losses
            found["lease_delivery"] = -machines_mw * self.delivery
        return found


def month_of_a_mw(lease: Data, hours: list[tuple[float, float]], ladder: float, mined: float, lost: float, delivery: float) -> Bill:
    """hours: (USD per MWh before losses and delivery, length). mined: USD per MWh at the machines before the pool's fee."""
    hosting = lease["hosting"]
    fee_usd_per_mwh = 1000 * hosting["fee_usd_per_kwh"] * ladder
    earns = mined * (1 - hosting["pool_fee_fraction"])
    running: list[tuple[float, float]] = []
    for price, length in hours:
        at_meter = price * (1 + lost) + delivery
        if hosting["curtailed"] == "above_strike" and at_meter >= hosting["strike_usd_per_mwh"]:
            continue
        if hosting["curtailed"] == "by_customer":
            kept = earns * (1 - (hosting["revenue_share_fraction"] if hosting["share_of"] == "revenue" else 0))
            pays = fee_usd_per_mwh + (lease["gross_up"] * at_meter if lease["power_paid_by"] == "tenant" else 0.0)
            if kept <= pays:
                continue
        running.append((price, hosting["uptime_fraction"] * length))
    mwh = math.fsum(length for _, length in running)
    least = hosting["minimum_bill_fraction"] * hosting["uptime_fraction"] * math.fsum(length for _, length in hours)
    energy = lease["gross_up"] * math.fsum(price * length for price, length in running)
    return Bill(
        lease=lease,
        fee=fee_usd_per_mwh * max(mwh, least),
        fee_of_hours=fee_usd_per_mwh * mwh,
        mined=earns * mwh,
        energy=energy,
        losses=energy * lost,
        delivery=lease["gross_up"] * mwh * delivery,
    )
