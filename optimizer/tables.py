"""The rows of a plan's tables, from decisions, ledger lines and prices."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import DAYS_PER_YEAR, Array
from ..models.values import USD_PER_MUSD, Values
from .breakeven import BreakEven
from .certificate import Certifier
from .decisions import SMALLEST_MW, Decisions
from .irr import internal_rate_of_return
from .ledger import Ledger, Line, total_usd
from .plan import Row, mean_by_year
from .prices import Prices
from .reasons import reason, worth_of_offer


def uses(values: Values, plan: Decisions) -> Iterator[tuple[str, str, str, Array]]:
    """(site, use, name, meter MW by month); the rows of a site add up to its energised MW."""
    months = values.calendar.months
    for site in values.sites:
        left = site.energised(values.calendar).copy()
        for k, fleet in enumerate(values.fleets):
            if fleet.site == site.name:
                left -= plan.mining_mw[k]
                yield site.name, "mining", fleet.name, plan.mining_mw[k]
        for offer, mw in zip(values.offers, plan.lease_mw, strict=True):
            if offer.offer.site == site.name and np.any(mw):
                since = np.array([[int(month) - int(start) for month in months] for start in offer.starts])
                left -= mw @ offer.occupied_mw
                for use, share in _lease_uses(offer.offer, since):
                    yield site.name, use, offer.offer.name, mw @ (offer.offer.gross_up * share)
        yield site.name, "idle", "", np.where(np.abs(left) < SMALLEST_MW, 0.0, left)


def _lease_uses(lease: LeaseOffer, since: Array) -> Iterator[tuple[str, Array]]:
    """Shares of the meter MW under lease, dark for the build, and kept by the building after the term."""
    occupied = lease.occupied_share(since.ravel()).reshape(since.shape)
    delivered = lease.delivered_share(since.ravel()).reshape(since.shape)
    over = since >= lease.reserved_months
    yield "lease", np.where(over, 0.0, np.minimum(delivered, occupied))
    yield "conversion", np.where(over, 0.0, np.maximum(occupied - delivered, 0.0))
    yield "kept", np.where(over, occupied, 0.0)


def allocation_rows(values: Values, plan: Decisions) -> tuple[list[Row], list[Row]]:
    """Allocation by month and by year."""
    monthly: list[Row] = []
    yearly: list[Row] = []
    periods = [str(month) for month in values.calendar.months]
    for site, use, name, mw in uses(values, plan):
        if use != "idle" and not np.any(mw):
            continue
        monthly += [
            {"site": site, "period": period, "use": use, "name": name, "mw": amount}
            for period, amount in zip(periods, mw.tolist(), strict=True)
            if amount or use == "idle"
        ]
        yearly += [
            {"site": site, "year": year, "use": use, "name": name, "mw": amount}
            for year, amount in mean_by_year(mw, values.calendar).items()
        ]
    return monthly, yearly


def cash_rows(ledger: Ledger, lines: list[Line]) -> tuple[list[Row], list[Row]]:
    """Cash by site, month, item and name; and by year and item."""
    groups: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.site, line.item, line.name].append(line)
    periods = [str(month) for month in ledger.calendar.months]
    monthly: list[Row] = []
    by_year: dict[tuple[int, str], list[float]] = defaultdict(list)
    for (site, item, name), group in groups.items():
        usd = sum((line.usd for line in group), np.zeros(len(periods)))
        discounted = sum((line.discounted_usd for line in group), np.zeros(len(periods)))
        for period, month, amount, worth in zip(periods, ledger.calendar.months, usd.tolist(), discounted.tolist(), strict=True):
            if amount or worth:
                monthly.append({"site": site, "period": period, "item": item, "name": name, "usd": amount, "discounted_usd": worth})
                by_year[month.year, item].append(amount)
    yearly = [{"year": year, "item": item, "usd": math.fsum(amounts)} for (year, item), amounts in sorted(by_year.items())]
    return monthly, yearly


def total_by_year(ledger: Ledger, lines: list[Line]) -> dict[int, float]:
    """Cash of all lines by calendar year, USD."""
    total = sum((line.usd for line in lines), np.zeros(ledger.calendar.length))
    years = np.array([month.year for month in ledger.calendar.months])
    return {year: float(np.sum(total[years == year])) for year in ledger.calendar.years}


def fleet_rows(values: Values, ledger: Ledger, plan: Decisions) -> list[Row]:
    """Fleets by year: MW, energy, share of the available hours that run, cash margin."""
    found: list[Row] = []
    years = np.array([month.year for month in values.calendar.months])
    for k, fleet in enumerate(values.fleets):
        mw = plan.mining_mw[k]
        mwh_per_mw = ledger.mwh_per_mw(fleet)
        margin = sum(line.usd for line in ledger.mining(fleet) if line.item != "income_tax")
        able = values.site_power(fleet.site).month_hours * fleet.uptime_fraction
        available = values.available_mw[k]
        mean_mw, mean_available = mean_by_year(mw, values.calendar), mean_by_year(available, values.calendar)
        for year in values.calendar.years:
            inside = years == year
            if not np.any(available[inside]):
                continue
            possible = float(np.dot(mw[inside], able[inside]))
            mwh = float(np.dot(mw[inside], mwh_per_mw[inside]))
            found.append(
                {
                    "site": fleet.site,
                    "fleet": fleet.name,
                    "year": year,
                    "mw": mean_mw[year],
                    "available_mw": mean_available[year],
                    "mwh": mwh,
                    "running_fraction": mwh / possible if possible else None,
                    "margin_usd": float(np.dot(mw[inside], np.asarray(margin)[inside])),
                }
            )
    return found


def price_rows(values: Values, prices: Prices) -> list[Row]:
    """[C1], [C5] Value today of one more MW of each site and month, USD."""
    return [
        {
            "site": site.name,
            "period": str(month),
            "usd_per_mw": power * USD_PER_MUSD,
            "usd_per_suitable_mw": suitable * USD_PER_MUSD,
        }
        for site in values.sites
        for month, power, suitable in zip(
            values.calendar.months, prices.power[site.name].tolist(), prices.suitable[site.name].tolist(), strict=True
        )
    ]


def budget_rows(values: Values, plan: Decisions, prices: Prices) -> list[Row]:
    """[C6] Budget, spending and value of one more dollar of each year that has a budget."""
    found: list[Row] = []
    for year, budget in sorted(values.scenario.finance.capex_budget_usd.items()):
        if year in values.calendar.years:
            at = values.calendar.years.index(year)
            spent = sum(
                float(offer.capex_musd_by_year[:, at] @ mw)
                for offer, mw in zip(values.offers, plan.lease_mw, strict=True)
                if offer.offer.status == "offered"
            )
            price = prices.budget.get(year, 0.0)
            found.append({"year": year, "budget_usd": budget, "spent_usd": spent * USD_PER_MUSD, "usd_per_usd": price})
    return found


def market_rows(values: Values) -> list[Row]:
    """The market's path as the plan saw it."""
    market = values.market
    columns = ("hashprice_usd_per_ph_day", "hashprice_btc_per_ph_day", "btc_price_usd", "network_eh", "subsidy_btc")
    paths = {column: getattr(market, column) for column in columns}
    return [
        {"period": str(month), **{column: None if path is None else float(path[t]) for column, path in paths.items()}}
        for t, month in enumerate(values.calendar.months)
    ]


def lease_rows(certifier: Certifier, prices: Prices, plan: Decisions, found: list[BreakEven]) -> list[Row]:
    """One row an offer."""
    return [_lease_row(certifier, prices, number, plan.lease_mw[number], found[number]) for number in range(len(found))]


def _lease_row(certifier: Certifier, prices: Prices, number: int, mw: Array, found: BreakEven) -> Row:
    offer = certifier.values.offers[number]
    lease, ledger = offer.offer, certifier.ledger
    taken = float(np.sum(mw))
    worth = worth_of_offer(certifier, prices, number, mw)
    per_mw = ledger.lease(lease, worth.start)
    rent = lease.first_year_rent_usd_per_kw_month
    multiplier = found.rent_multiplier
    starts = [(str(start), amount) for start, amount in zip(offer.starts, mw.tolist(), strict=True) if amount]
    first = min((start for start, amount in zip(offer.starts, mw.tolist(), strict=True) if amount), default=None)
    return {
        "site": lease.site,
        "offer": lease.name,
        "status": lease.status,
        "critical_mw": taken,
        "offered_critical_mw": lease.critical_it_mw,
        "meter_mw": taken * lease.gross_up,
        "start": None if first is None else str(first),
        "end": None if first is None else str(first + (lease.term_months - 1)),
        "starts": [{"start": start, "critical_mw": amount} for start, amount in starts],
        "npv_usd": sum(amount * float(certifier.lease_musd[number][row]) for row, amount in enumerate(mw.tolist())) * USD_PER_MUSD,
        "net_npv_usd": worth.net * taken,
        "worth_usd": found.worth_musd * USD_PER_MUSD,
        "irr": _irr(ledger, per_mw),
        "yield_on_cost": _yield_on_cost(lease),
        "capex_usd": taken * lease.landlord_capex_usd_per_critical_mw,
        "first_year_rent_usd_per_kw_month": rent,
        "contract_value_usd": lease.contract_value,
        "implied_usd_per_meter_mwh": rent * 12_000 / (lease.gross_up * DAYS_PER_YEAR * 24),
        "break_even_rent_usd_per_kw_month": None if multiplier is None else multiplier * rent,
        "break_even_hashprice_multiplier": found.hashprice_multiplier,
        "reason": reason(offer, taken, worth, found),
    }


def _irr(ledger: Ledger, lines: list[Line]) -> float | None:
    """Of one critical MW's own cash, after tax where the scenario has one; dates as in the ledger."""
    calendar, valued = ledger.calendar, ledger.finance.valuation_date
    start = calendar.start_of_month_years(valued)
    days = {
        "first day": start,
        "middle": calendar.mid_month_years(valued),
        "last day": np.append(start[1:], calendar.end_years(valued)),
    }
    if not lines:
        return None
    usd = np.concatenate([line.usd for line in lines])
    years = np.concatenate([days[line.when] for line in lines])
    return internal_rate_of_return(usd, years)


def _yield_on_cost(lease: LeaseOffer) -> float | None:
    """Mean yearly rent less opex over the base term, of the landlord's capex; power and charges are not part of it."""
    cost = lease.landlord_capex_usd_per_critical_mw
    if not cost:
        return None
    term = slice(0, lease.term_months)
    net = float(np.sum(lease.schedule.rent_usd[term]) - np.sum(lease.schedule.opex_usd[term]))
    return net / lease.term_years / cost


