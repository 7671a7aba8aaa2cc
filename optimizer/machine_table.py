"""The table of decisions about machines: a row an offer, bought or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..models.mining import TH_PER_EH
from ..models.months import Array
from ..models.values import USD_PER_MUSD, Values
from .certificate import Certifier
from .decisions import Decisions
from .machine_worth import MachineBreakEven, purchase_reason, worth_of_machines
from .prices import Prices

Row = dict[str, Any]


def machine_row(certifier: Certifier, prices: Prices, plan: Decisions, number: int, found: MachineBreakEven) -> Row:
    """One choice: what is decided in which months, its price, its worth, and why."""
    values, machines = certifier.values, certifier.machines
    choice, mw = values.machine_choices[number], plan.machine_mw[number]
    assert choice.offer is not None
    worth = worth_of_machines(certifier, prices, number, mw)
    taken, price = float(np.sum(mw)), choice.offer.usd_per_th.values(values.calendar)
    per_th = float(price[values.calendar.index(worth.month)])
    decided = [(str(month), amount) for month, amount in zip(choice.months, mw.tolist(), strict=True) if amount]
    mined = float(np.sum(certifier.mining_musd[choice.fleet] * plan.mining_mw[choice.fleet]))
    return {
        "site": choice.site,
        "name": choice.name,
        "decision": "buy" if taken else "do not buy",
        "mw": taken,
        "of_mw": choice.size_mw,
        "eh": taken * choice.offer.th_per_mw / TH_PER_EH,
        "month": decided[0][0] if decided else None,
        "months": [{"month": month, "mw": amount} for month, amount in decided],
        "best_month": str(worth.month),
        "usd_per_th": per_th,
        "usd": -float(mw @ machines.capex_musd[number].sum(axis=1)) * USD_PER_MUSD,
        "npv_usd": (float(mw @ machines.musd[number]) + mined) * USD_PER_MUSD,
        "net_npv_usd": worth.net * taken,
        "worth_usd": found.worth_musd * USD_PER_MUSD,
        "break_even_usd_per_th": None if found.price_multiplier is None else found.price_multiplier * per_th,
        "reason": purchase_reason(choice, mw, worth, found),
    }


def machines_of_rows(values: Values, rows: Sequence[Row]) -> tuple[Array, ...]:
    """The decisions that the table of a plan holds, MW of each choice in each of its months."""
    decided = {row["name"]: {part["month"]: part["mw"] for part in row["months"]} for row in rows}
    return tuple(
        np.array([decided[choice.name].get(str(month), 0.0) for month in choice.months], dtype=float)
        for choice in values.machine_choices
    )
