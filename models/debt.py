"""Project debt of a lease: drawn with the landlord's capex, repaid from rent.

Time is counted in months n from the start of rent. Per dollar of the landlord's capex, with e(n) the share spent in month n:

    drawn          loan to cost x e(n), on the first day of month n, with the capex; the fee on it is paid the same day
    interest       rate / 12 x balance of month n, due on the first day of month n + 1; before the start of rent it is paid
                   or added to the balance
    repaid         from month `grace_months` on the level payment that clears the balance in the months that are left,
                   less the interest; before it nothing
    at the end     what is owed when the horizon ends is repaid that day, as the building counts at its residual value that day

Interest (also while building) and fees are deducted from taxable income on the day they fall due. That is simpler than section
263A(f), which adds interest of construction to the building's cost, and section 163(j), which limits it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .months import Array
from .quantities import Input
from .refusal import refusal


class Debt(Input):
    """Terms of a loan on one lease's capex."""

    loan_to_cost_fraction: Annotated[float, q.FRACTION]
    """Of the landlord's part of the capex."""
    rate_per_year: Annotated[float, q.LOAN_RATE]
    """Nominal: a twelfth is due each month."""
    amortisation_years: Annotated[float, q.TERM_YEARS]
    """Level payments through so many years after the grace."""
    grace_months: Annotated[int, q.MONTHS] = 0
    """From the start of rent, months of interest alone."""
    fee_fraction: Annotated[float, q.LOAN_FEE] = 0.0
    """Of each amount drawn."""
    interest_while_building: Literal["paid", "capitalised"] = "paid"

    @model_validator(mode="after")
    def _whole_months(self) -> Debt:
        months = self.amortisation_years * 12
        if abs(months - round(months)) > 1e-6:
            nearest = f"{round(months) / 12:.4f}"
            raise refusal(f"{self.amortisation_years} years", "a whole number of months", nearest, field="amortisation_years")
        return self

    @property
    def months(self) -> int:
        """From the start of rent to the last payment."""
        return self.grace_months + round(self.amortisation_years * 12)

    def schedule(self, spending: list[tuple[int, float]]) -> DebtSchedule:
        """The loan month by month; spending: (month from the start of rent, share of the capex)."""
        first = min([0, *(month for month, _ in spending)])
        drawn = np.zeros(self.months - first)
        for month, share in spending:
            drawn[month - first] += self.loan_to_cost_fraction * share
        paid, accrued, repaid, owed = (np.zeros(len(drawn)) for _ in range(4))
        balance, rate = 0.0, self.rate_per_year / 12
        for at in range(len(drawn)):
            n = first + at
            balance += drawn[at]
            accrued[at] = rate * balance
            if n < 0 and self.interest_while_building == "capitalised":
                balance += accrued[at]
            else:
                paid[at] = accrued[at]
            if n >= self.grace_months:
                repaid[at] = balance * _share_repaid(rate, self.months - n)
                balance -= repaid[at]
            owed[at] = balance
        return DebtSchedule(first, drawn, accrued, paid, repaid, owed)


@dataclass(frozen=True, eq=False)
class DebtSchedule:
    """Dollars per dollar of the landlord's capex, shape (months,), from month `first` (before the start of rent negative) on.

    drawn: on the first day of the month. accrued, paid, repaid: interest of the month, the part of it that is paid, and principal,
    all on the first day of the next month. owed: after that day.
    """

    first: int
    drawn: Array
    accrued: Array
    paid: Array
    repaid: Array
    owed: Array


def _share_repaid(rate: float, months_left: int) -> float:
    """Part of the balance that a level payment repays when so many payments are left: r / ((1 + r)^m - 1); 1 / m at no interest."""
    if rate * months_left < 1e-12:
        return 1.0 / months_left
    return float(rate / np.expm1(months_left * np.log1p(rate)))
