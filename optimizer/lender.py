"""A lender's cash along the calendar: the ledger's own reading of a lease's loan.

Balances are walked through month by month of the calendar; the level payment comes from the present value of the payments that are
left, where models/debt.py splits each payment by a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import Array


@dataclass(frozen=True)
class LenderCash:
    """USD per critical MW, as the landlord sees it but all positive.

    drawn, fees: on the first day of each month, shape (months,). interest, repaid: paid on the first day of each month, and on the
    day the horizon ends, shape (months + 1,). accrued: interest that falls due then, paid or added to the balance.
    """

    drawn: Array
    fees: Array
    interest: Array
    repaid: Array
    accrued: Array


def lender_cash(lease: LeaseOffer, start: int, months: int) -> LenderCash:
    """The loan of one critical MW whose rent starts at a position in the calendar (which may lie outside of it)."""
    debt = lease.debt
    assert debt is not None
    cost = lease.capex_usd_per_critical_mw * (1.0 - lease.tenant_funded_capex_fraction) * debt.loan_to_cost_fraction
    draws: dict[int, float] = {}
    for offset, share in lease.spending():
        draws[start + offset] = draws.get(start + offset, 0.0) + share * cost
    drawn, fees = np.zeros(months), np.zeros(months)
    interest, repaid, accrued = np.zeros(months + 1), np.zeros(months + 1), np.zeros(months + 1)
    monthly, over = debt.rate_per_year / 12.0, start + debt.grace_months + round(12 * debt.amortisation_years)
    owed = 0.0
    for t in range(min([start, *draws]), min(over, months)):
        amount = draws.get(t, 0.0)
        owed += amount
        due = owed * monthly
        added = due if t < start and debt.interest_while_building == "capitalised" else 0.0
        back = owed / _annuity(monthly, over - t) - due if t >= start + debt.grace_months else 0.0
        owed += added - back
        if t >= 0:
            drawn[t], fees[t] = amount, debt.fee_fraction * amount
        if t + 1 >= 0:
            accrued[t + 1], interest[t + 1], repaid[t + 1] = due, due - added, back
    if over > months:
        repaid[months] += owed
    return LenderCash(drawn, fees, interest, repaid, accrued)


def _annuity(rate: float, payments: int) -> float:
    """Present value of one dollar a month, paid so many times at the end of the month."""
    return float(sum((1.0 + rate) ** -k for k in range(1, payments + 1)))
