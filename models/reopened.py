"""A scenario before its deals were made: leases that are signed but have not begun are offers again.

Such a lease may be taken as it was signed (its MW, its month, its terms), whole or not at all. Whether the deal was worth signing
is then the plan's answer, and its break-evens are those of the deal:

* all of its capex counts; what was spent before the valuation date counts at its face value as if it were spent on that day;
* the capex budgets, which do not count capex of signed leases, are larger by theirs (less loans, where budgets are net of
  debt), so that the plan as signed still fits; so is opening cash by what was paid of it before.

A lease that has begun stays signed: its rent has been received, its tenant is in the building.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any, TypeVar

from pydantic import BaseModel

from .finance import Finance
from .gpu_cloud import gpu_spending
from .lease import LeaseOffer, Spending
from .months import Month
from .scenario import Scenario

AnyInput = TypeVar("AnyInput", bound=BaseModel)


def reopened(scenario: Scenario) -> Scenario:
    """The scenario with every lease that `can_reopen` finds as an offer; itself where there is none."""
    again = {lease.name for lease in can_reopen(scenario)}
    if not again:
        return scenario
    start = scenario.calendar.start
    leases = tuple(_offered(lease, start) if lease.name in again else lease for lease in scenario.leases)
    finance = _with_room(scenario.finance, [lease for lease in leases if lease.name in again])
    if finance.cash is not None:
        past = math.fsum(_own_past_usd(lease, start) for lease in can_reopen(scenario))
        finance = _changed(finance, cash=_changed(finance.cash, opening_usd=finance.cash.opening_usd + past))
    return scenario.with_leases(leases, finance)


def can_reopen(scenario: Scenario) -> list[LeaseOffer]:
    """Signed leases whose rent begins inside the horizon."""
    start = scenario.calendar.start
    return [lease for lease in scenario.leases if lease.start_month is not None and lease.start_month >= start]


def spent_before_usd(lease: LeaseOffer, start: Month) -> float:
    """The landlord's capex of a signed lease that falls before a month, GPUs included, USD."""
    return _built_before_usd(lease, start) + _gpus_before_usd(lease, start)


def _built_before_usd(lease: LeaseOffer, start: Month) -> float:
    assert lease.start_month is not None
    shares = [share for month, share in lease.spending() if lease.start_month + month < start]
    return math.fsum(shares) * lease.landlord_capex_usd_per_critical_mw * lease.critical_it_mw


def _gpus_before_usd(lease: LeaseOffer, start: Month) -> float:
    assert lease.start_month is not None
    return lease.critical_it_mw * math.fsum(usd for month, usd in gpu_spending(lease) if lease.start_month + month < start)


def _own_past_usd(lease: LeaseOffer, start: Month) -> float:
    """What of it was paid from the company's own cash: less what a lender paid out, with the lender's fees."""
    lent = 0.0 if lease.debt is None else lease.debt.loan_to_cost_fraction * (1.0 - lease.debt.fee_fraction)
    return (1.0 - lent) * _built_before_usd(lease, start) + _gpus_before_usd(lease, start)


def _offered(lease: LeaseOffer, start: Month) -> LeaseOffer:
    """The signed lease as an offer for its month alone."""
    assert lease.start_month is not None
    earliest = int(start) - int(lease.start_month)
    shares: dict[int, list[float]] = defaultdict(list)
    for month, share in lease.spending():
        shares[max(month, earliest)].append(share)
    spending = tuple(Spending(month_from_start=month, share_fraction=math.fsum(parts)) for month, parts in sorted(shares.items()))
    gpus = lease.gpu_cloud
    if gpus is not None:
        gpus = _changed(gpus, gpu_paid_months_before_start=min(gpus.gpu_paid_months_before_start, -earliest))
    return _changed(
        lease,
        status="offered",
        gpu_cloud=gpus,
        indivisible=True,
        start_month=None,
        start_window={"earliest": lease.start_month, "latest": lease.start_month},
        build_months=None,
        capex_spending=spending,
        lead_time_months=0,
    )


def _with_room(finance: Finance, offers: list[LeaseOffer]) -> Finance:
    """The capex budgets, each larger by what the offers spend in its year, or by its end."""
    if not finance.has_budget:
        return finance
    budget, cumulative = dict(finance.capex_budget_usd), dict(finance.cumulative_capex_budget_usd)
    for offer in offers:
        assert offer.start_window is not None
        own = 1.0
        if offer.debt is not None and finance.capex_budget_is_net_of_debt:
            own -= offer.debt.loan_to_cost_fraction
        built = [(month, own * share * offer.landlord_capex_usd_per_critical_mw) for month, share in offer.spending()]
        for month, usd in [*built, *gpu_spending(offer)]:
            spent = usd * offer.critical_it_mw
            year = (offer.start_window.earliest + month).year
            if year in budget:
                budget[year] += spent
            for until in cumulative:
                cumulative[until] += spent if year <= until else 0.0
    return _changed(finance, capex_budget_usd=budget, cumulative_capex_budget_usd=cumulative)


def _changed(item: AnyInput, **fields: Any) -> AnyInput:
    """The table with other values in some fields, validated again."""
    stated = {
        field.alias or name: getattr(item, name)
        for name, field in type(item).model_fields.items()
        if name in item.model_fields_set and name not in fields
    }
    return type(item).model_validate({**stated, **{name: value for name, value in fields.items() if value is not None}})
