"""One critical MW of the plain offer of cases.py: what it is worth and what its lines pay, by both paths of the package."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.ledger_lines import total_usd

RATES = {"mining": 0.1, "lease": 0.1, "capex": 0.1, "power_contract": 0.1}


def with_terms(offer_number: int = 0, **terms: Any) -> dict[str, Any]:
    return {f"leases__{offer_number}__{field}": value for field, value in terms.items()}


def worth_usd(case: Scenario) -> float:
    """Of one critical MW at the first start, by the value tables; the ledger must say the same."""
    values = Values(case)
    offer = values.offers[0]
    worth = float(offer.musd()[0]) * 1e6
    assert total_usd(Ledger(case).lease(offer.offer, offer.starts[0])) == pytest.approx(worth, rel=1e-12, abs=1e-6)
    return worth


def lines_usd(case: Scenario, item: str) -> float:
    """Of a line for one critical MW at the first start, not discounted."""
    offer = Values(case).offers[0]
    lines = Ledger(case).lease(offer.offer, offer.starts[0])
    return math.fsum(float(line.usd.sum()) for line in lines if line.item == item)


def factor(day: date, days: float = 0.0) -> float:
    return float(1.1 ** (-((day - date(2026, 1, 1)).days + days) / 365.25))


def middle(month: int) -> float:
    """Discount factor at the middle of a month of 2026."""
    first, after = date(2026, month, 1), date(2026 + month // 12, month % 12 + 1, 1)
    return factor(first, (after - first).days / 2)
