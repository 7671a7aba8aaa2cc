"""The ledger's reading of GPUs that the landlord owns: bought, renewed, written off and sold, month by month of the calendar.

Per critical MW. The second code path of models/gpu_cloud.py, which reckons by generations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..models.gpu_cloud import GpuCloud
from ..models.months import Array
from .ledger_terms import LeaseTerms


@dataclass(frozen=True)
class Sale:
    """GPUs sold on the first day of month t of the calendar: expected USD received, and USD of book value deducted."""

    t: int
    usd: float
    book_usd: float


@dataclass(frozen=True, eq=False)
class GpuBook:
    """The GPUs of one lease from one start. endings: (month t, months leased, probability), as the ledger has them."""

    terms: LeaseTerms
    cloud: GpuCloud
    endings: tuple[tuple[int, int, float], ...]

    @property
    def _first_usd(self) -> float:
        return self.cloud.gpus_per_critical_mw * self.cloud.gpu_capex_usd_per_gpu

    @property
    def _renewed_after(self) -> int:
        """Months; longer than any contract where they are not renewed."""
        return 10_000 if self.cloud.refresh_years is None else round(12 * self.cloud.refresh_years)

    def _cost(self, months: int) -> float:
        """USD that the GPUs cost which are in use in month `months` of the lease."""
        return self._first_usd * (1.0 if months < self._renewed_after else self.cloud.refresh_cost_fraction)

    def _book(self, months: int) -> float:
        """Share of their cost that is not written off after so many months of use."""
        return max(0.0, 1.0 - months / (12.0 * self.cloud.gpu_depreciation_years))

    @cached_property
    def bought_usd(self) -> Array:
        """Spent in each month, negative, shape (months,)."""
        spent = np.where(self.terms.since == -self.cloud.gpu_paid_months_before_start, -self._first_usd, 0.0)
        for t in self._renewals():
            spent[t] -= self._cost(int(self.terms.since[t])) * self.terms.alive[t]
        return spent

    def _renewals(self) -> Iterator[int]:
        """Months of the calendar in which a later generation takes over."""
        for t, months in enumerate(self.terms.since.tolist()):
            if months > 0 and months % self._renewed_after == 0 and self.terms.alive[t] > 0:
                yield t

    def sales(self) -> Iterator[Sale]:
        for t in self._renewals():
            before = int(self.terms.since[t]) - 1
            yield self._sale(t, before, self._renewed_after, float(self.terms.alive[t]))
        for t, months, probability in self.endings:
            if t >= 0:
                used = months - self._renewed_after * (math.ceil(months / self._renewed_after) - 1)
                yield self._sale(t, months - 1, used, probability)

    def _sale(self, t: int, last_month: int, used_months: int, probability: float) -> Sale:
        usd = self._cost(last_month) * probability
        return Sale(t, usd * self.cloud.gpu_resale_fraction, usd * self._book(used_months))

    @cached_property
    def depreciation_usd(self) -> Array:
        """Written off in each month, shape (months,)."""
        found = np.zeros(len(self.terms.since))
        for t, months in enumerate(self.terms.since.tolist()):
            if months >= 0 and self.terms.alive[t] > 0:
                used = months % self._renewed_after
                found[t] = self._cost(months) * (self._book(used) - self._book(used + 1)) * self.terms.alive[t]
        return found
