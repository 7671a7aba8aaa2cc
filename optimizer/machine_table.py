"""The table of decisions about machines: a row an offer of machines, a fleet that may be sold, and a move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..models.machine_values import MachineChoice
from ..models.mining import TH_PER_EH
from ..models.months import Array, Month
from ..models.values import USD_PER_MUSD, Values
from .certificate import Certifier
from .decisions import Decisions
from .ledger_machines import used_price
from .machine_worth import MachineBreakEven, move_reason, purchase_reason, sale_reason, worth_of_machines
from .prices import Prices

Row = dict[str, Any]
DECISIONS = {"buy": ("buy", "do not buy"), "sell": ("sell", "keep"), "move": ("move", "do not move")}
REASONS = {"buy": purchase_reason, "sell": sale_reason, "move": move_reason}
"""Words of the table for each kind of choice, where anything is decided and where nothing is."""


def machine_row(certifier: Certifier, prices: Prices, plan: Decisions, number: int, found: MachineBreakEven) -> Row:
    """One choice: what is decided in which months, its price, its worth, and why."""
    values, machines = certifier.values, certifier.machines
    choice, mw = values.machine_choices[number], plan.machine_mw[number]
    worth = worth_of_machines(certifier, prices, number, mw)
    taken, per_th = float(np.sum(mw)), np.array([_usd_per_th(certifier, choice, month) for month in choice.months])
    best = choice.months.index(worth.month)
    decided = [(str(month), amount) for month, amount in zip(choice.months, mw.tolist(), strict=True) if amount]
    mined = sum(float(np.sum(certifier.mining_musd[k] * plan.mining_mw[k])) for k in choice.changes if choice.kind == "buy")
    sign = 1.0 if choice.kind == "sell" else -1.0
    return {
        "site": choice.site,
        "to_site": None if choice.move is None else choice.move.site,
        "name": choice.name,
        "decision": DECISIONS[choice.kind][not taken],
        "mw": taken,
        "of_mw": choice.size_mw,
        "eh": taken * choice.th_per_mw / TH_PER_EH,
        "month": decided[0][0] if decided else None,
        "months": [{"month": month, "mw": amount} for month, amount in decided],
        "best_month": str(worth.month),
        "usd_per_th": float(per_th[best]),
        "usd": sign * float(mw @ per_th) * choice.th_per_mw,
        "npv_usd": (float(mw @ machines.musd[number]) + mined) * USD_PER_MUSD,
        "net_npv_usd": worth.net * taken,
        "worth_usd": found.worth_musd * USD_PER_MUSD,
        "break_even_usd_per_th": None if found.price_multiplier is None else found.price_multiplier * float(per_th[best]),
        "reason": REASONS[choice.kind](choice, mw, worth, found),
    }


def _usd_per_th(certifier: Certifier, choice: MachineChoice, month: Month) -> float:
    """Price of a TH that is bought for delivery, sold, or moved, in a month."""
    if choice.offer is not None:
        return float(choice.offer.usd_per_th.values(certifier.calendar)[certifier.calendar.index(month)])
    assert choice.fleet is not None
    if choice.move is not None:
        return choice.move.cost_usd_per_mw(choice.fleet) / choice.th_per_mw
    ledger, first = certifier.ledger, certifier.scenario.market.first_hashprice(certifier.calendar)
    return used_price(choice.fleet, month, certifier.calendar, ledger.hashprice_usd_per_ph_day, first) / choice.th_per_mw


def machines_of_rows(values: Values, rows: Sequence[Row]) -> tuple[Array, ...]:
    """The decisions that the table of a plan holds, MW of each choice in each of its months."""
    decided = {
        (kind, row["name"]): {part["month"]: part["mw"] for part in row["months"]}
        for row in rows
        for kind, words in DECISIONS.items()
        if row["decision"] in words
    }
    return tuple(
        np.array([decided[choice.kind, choice.name].get(str(month), 0.0) for month in choice.months], dtype=float)
        for choice in values.machine_choices
    )
