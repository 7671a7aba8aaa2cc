"""The decision of a plan in words: what to sign, keep, mine and leave idle, and which machines go off and on when."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..optimizer.plan import Plan
from ..optimizer.reasons import SMALLEST_SHOWN_MW
from ..optimizer.tables import Row

Action = tuple[str, str]
"""A verb, and what it is done to."""


def actions(plan: Plan) -> Iterator[Action]:
    """What to do now, the most binding first."""
    taken = [row for row in plan.rows["leases"] if row["critical_mw"] and row["status"] == "offered"]
    for row in taken:
        right = row["reserved_until"] is not None
        text = f"{_lease(row)}, {musd(row['capex_usd'])} of capex{', if the tenant uses its right' if right else ''}"
        yield "grant" if right else "sign", text
    if not taken:
        yield "sign", "none of the offers"
    for row in plan.rows["leases"]:
        if row["status"] == "signed":
            yield "keep", f"{_lease(row)} (signed)"
    yield from purchases(plan)
    yield from expanded(plan)
    yield from _machines(plan)


def purchases(plan: Plan) -> Iterator[Action]:
    """Machines to buy, to sell and to move; that none of those on offer are bought is said too."""
    on_offer = [row for row in plan.rows["machines"] if row["decision"] in ("buy", "do not buy")]
    for row in plan.rows["machines"]:
        if row["mw"]:
            months = ", ".join(f"{part['month']} ({part['mw']:,.1f} MW)" for part in row["months"])
            when = row["month"] if len(row["months"]) == 1 else months
            size = f"{row['mw']:,.1f} of {row['of_mw']:,.1f} MW ({row['eh']:,.2f} EH/s)"
            verb = {"buy": "delivered", "sell": "sold", "move": f"to {row['to_site']}"}[row["decision"]]
            text = f"{row['name']}: {size} at {row['usd_per_th']:,.2f} USD/TH, {verb} {when}, {musd(abs(row['usd']))}"
            yield row["decision"], text
    if on_offer and not any(row["mw"] for row in on_offer):
        yield "buy", "none of the machines on offer"


def expanded(plan: Plan) -> Iterator[Action]:
    """Expansions to energise; that none of those on offer is energised is said too."""
    on_offer = [row for row in plan.rows["expansions"] if row["of_mw"]]
    for row in on_offer:
        if row["mw"]:
            months = ", ".join(f"{part['month']} ({part['mw']:,.1f} MW)" for part in row["months"])
            when = row["month"] if len(row["months"]) == 1 else months
            size = f"{row['mw']:,.1f} of {row['of_mw']:,.1f} MW of {row['site']}"
            yield "expand", f"{row['name']}: {size}, energised from {when}, {musd(row['capex_usd'])} of capex"
    if on_offer and not any(row["mw"] for row in on_offer):
        yield "expand", "none of the expansions on offer"


def _lease(row: Row) -> str:
    return f"{row['offer']}: {row['critical_mw']:,.1f} MW critical ({row['meter_mw']:,.1f} MW at the meter), {_starts(row)}"


def _starts(row: Row) -> str:
    if len(row["starts"]) == 1:
        return f"rent from {row['start']}"
    return "rent from " + ", ".join(f"{start['start']} ({start['critical_mw']:,.1f} MW)" for start in row["starts"])


def _machines(plan: Plan) -> Iterator[Action]:
    first_year = plan.scenario.calendar.start.year
    for row in plan.rows["fleets"]:
        if row["year"] != first_year:
            continue
        runs = "" if row["running_fraction"] is None else f", running {100 * row['running_fraction']:.0f} % of the hours it could"
        text = f"{row['fleet']}: {row['mw']:,.1f} of {row['available_mw']:,.1f} MW in {first_year}{runs}"
        yield "mine" if row["mw"] else "idle", text
    for row in plan.rows["idle_by_year"]:
        if row["year"] == first_year and row["mw"] > SMALLEST_SHOWN_MW:
            months = row["first"] if row["first"] == row["last"] else f"{row['first']} to {row['last']}"
            yield "idle", f"{row['mw']:,.1f} MW of {row['site']} on the mean of {first_year} ({months}): {row['why']}"


def switched(plan: Plan) -> list[Row]:
    """Where more or fewer MW of a fleet mine than in the month before: site, fleet, period, mw (change), then_mw; by time."""
    months = [str(month) for month in plan.scenario.calendar.months]
    place = {month: t for t, month in enumerate(months)}
    mining: dict[tuple[str, str], list[float]] = {}
    for row in plan.rows["allocation"]:
        if row["use"] == "mining":
            mining.setdefault((row["site"], row["name"]), [0.0] * len(months))[place[row["period"]]] = row["mw"]
    found = [
        {"site": site, "fleet": fleet, "period": months[t + 1], "mw": after - before, "then_mw": after}
        for (site, fleet), mw in mining.items()
        for t, (before, after) in enumerate(pairwise(mw))
        if abs(after - before) > SMALLEST_SHOWN_MW
    ]
    return sorted(found, key=lambda row: (row["period"], row["mw"], row["site"], row["fleet"]))


def not_counted(plan: Plan) -> str:
    """What is earned after the horizon, in a sentence."""
    assert plan.beyond is not None
    end, until = plan.scenario.calendar.end, plan.beyond["until"]
    if plan.beyond["leases_usd"] is None:
        return f"not counted: what leases and mining earn after {end}, up to {until} (the paths of the scenario end before)"
    return (
        f"not counted: what is earned after {end}, up to {until}, before tax: by leases {musd(plan.beyond['leases_usd'])}, "
        f"by mining {musd(plan.beyond['mining_usd'])}; buildings and machines count at their stated residual value"
    )


def musd(usd: float) -> str:
    """Millions with four significant digits or one decimal, whichever says more."""
    millions = usd / 1e6
    decimals = 3 if abs(millions) < 10 else 2 if abs(millions) < 100 else 1
    return f"{millions:,.{decimals}f} M USD"
