"""The ledger's reading of a hosting contract: which hours hosted machines run in each month of the calendar, and who pays whom.

Price point by price point, per critical MW. The second code path of models/hosting.py, which counts by prefix sums and years.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.hosting import Hosting
from ..models.lease import KW_PER_MW
from ..models.months import Array
from .ledger_terms import LeaseTerms

MEAN_MONTH_HOURS = 365.25 * 24 / 12


@dataclass(frozen=True, eq=False)
class HostingBook:
    """One hosting contract from one start.

    terms: with the fee told as a rent, multiplied as rents are. bought: USD per MWh at each price point before losses; hours: at
    each; shape (months, points). loss: MWh lost for each at the meter. delivery: USD per meter MWh; hashprice: USD/PH/day; shape
    (months,).
    """

    terms: LeaseTerms
    hosting: Hosting
    bought: Array
    hours: Array
    loss: float
    delivery: Array
    hashprice: Array

    @property
    def _written_fee(self) -> Array:
        """USD per MWh at the machines in each month, as the contract states it."""
        years = np.maximum(self.terms.since, 0) // 12
        return np.asarray(KW_PER_MW * self.hosting.fee_usd_per_kwh * np.power(1.0 + self.terms.lease.escalator_per_year, years))

    @property
    def _mined(self) -> Array:
        """USD that a MWh at the machines mines, after the pool's fee: 1 PH/s at e J/TH uses 0.024 e MWh a day."""
        if self.hosting.j_per_th is None:
            return np.zeros(len(self.hashprice))
        mwh_a_day = 0.024 * self.hosting.j_per_th
        return np.asarray(self.hashprice * (1.0 - self.hosting.pool_fee_fraction) / mwh_a_day)

    @property
    def _passed_through(self) -> bool:
        return self.terms.lease.power_paid_by == "tenant"

    def _run_hours(self) -> Array:
        """Hours at each price point in which machines run, shape (months, points)."""
        at_meter = (1.0 + self.loss) * self.bought + self.delivery[:, np.newaxis]
        if self.hosting.curtailed == "never":
            return self.hours
        if self.hosting.strike_usd_per_mwh is not None:
            return np.where(at_meter < self.hosting.strike_usd_per_mwh, self.hours, 0.0)
        kept = 1.0 - (self.hosting.revenue_share_fraction if self.hosting.share_of == "revenue" else 0.0)
        earns = (kept * self._mined - self._written_fee)[:, np.newaxis]
        power = self.terms.lease.gross_up * at_meter if self._passed_through else np.zeros_like(at_meter)
        return np.where(power < earns, self.hours, 0.0)

    def lines(self) -> dict[str, Array]:
        """USD of each line by month, shape (months,)."""
        lease, uptime = self.terms.lease, self.hosting.uptime_fraction
        running = self._run_hours() * uptime
        mwh = running.sum(axis=1)
        due = np.maximum(mwh, self.hosting.minimum_bill_fraction * uptime * self.hours.sum(axis=1))
        paying = self.terms.delivered(lease.free_months) * self.terms.running
        there = self.terms.delivered() * self.terms.running
        fee = self.terms.full_rent / (MEAN_MONTH_HOURS * uptime) * paying
        energy = lease.gross_up * (running * self.bought).sum(axis=1)
        delivered = lease.gross_up * mwh * self.delivery
        whole = {"hosting_fee": fee * due}
        mined = self._mined * mwh * there
        if self.hosting.share_of == "profit":
            power = ((1.0 + self.loss) * energy + delivered) * there if self._passed_through else np.zeros(len(mwh))
            mined = mined - fee * mwh - power
        whole["hosting_revenue_share"] = self.hosting.revenue_share_fraction * mined
        if not self._passed_through:
            whole["lease_power"] = -energy * there
            whole["lease_losses"] = -self.loss * energy * there
            whole["lease_delivery"] = -delivered * there
        return whole
