"""What of a scenario's money does not fit together: loans and their rate, kinds of dollars, coins and their price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import quantities as q
from .finance import Finance
from .lease import LeaseOffer
from .months import Calendar
from .refusal import Fault, Place
from .treasury import Treasury

LOAN_RATE_MARGIN = 0.005
"""A loan discounted at so much more than its own yearly rate counts as a gain of its own, which is said."""


def money_faults(
    finance: Finance, leases: Sequence[LeaseOffer], has_coin_price: bool, calendar: Calendar, hours_decided_by: str = ""
) -> Iterator[Fault]:
    """has_coin_price: whether the market states the price of a BTC. hours_decided_by: what else decides the hours, in words."""
    for field in ("cash", "treasury") if hours_decided_by else ():
        if getattr(finance, field) is not None:
            allowed = "one of the two: both decide the hours in which mining runs"
            yield Fault(("finance", field), f"{field} beside {hours_decided_by}", allowed, "leave one of them out")
    if finance.discount_rate_per_year.debt is None and any(lease.debt is not None for lease in leases):
        place: Place = ("finance", "discount_rate_per_year", "debt")
        hint = "at the loan's own rate a loan without fees is worth its tax shield alone"
        yield Fault(place, "no discount rate for debt, which a lease has", q.DISCOUNT_RATE.allowed, hint)
    for number, lease in enumerate(leases):
        if lease.debt is not None and finance.dollars == "real":
            found = "a loan in nominal dollars in a scenario in real dollars"
            hint = "finance: {dollars: nominal} with nominal discount rates"
            yield Fault(("leases", number, "debt"), found, "one kind of dollars", hint)
    if finance.treasury is not None and finance.cash is not None:
        found = "coins that are kept beside floors of cash"
        allowed = "one of the two: what the coins are worth in the end decides the hours, and the floor asks for cash before"
        yield Fault(("finance", "cash"), found, allowed, "leave out treasury, or cash")
    if finance.treasury is not None:
        yield from _treasury_faults(finance.treasury, finance.tax_rate, has_coin_price, calendar)


def _treasury_faults(treasury: Treasury, tax_rate: float, has_coin_price: bool, calendar: Calendar) -> Iterator[Fault]:
    place: Place = ("finance", "treasury")
    if not has_coin_price:
        found = "coins kept without a price at which they are sold"
        yield Fault(place, found, "a BTC price", "market: {hashprice: {btc_price_usd: a path}}")
    if tax_rate == 1:
        yield Fault((*place, "hold_fraction"), "coins kept where all income is taxed away", "a tax below 100 %")
    month = treasury.sell_month
    if month is not None and not calendar.start <= month <= calendar.end:
        allowed = f"a month of the horizon, {calendar.start} to {calendar.end}"
        yield Fault((*place, "sell_month"), f"a sale in {month}", allowed, "leave it out to sell in the last month")


def money_warnings(finance: Finance, leases: Sequence[LeaseOffer], calendar: Calendar) -> Iterator[str]:
    """What is allowed and changes the answer without being a deal's merit."""
    if finance.dollars == "real" and finance.tax is not None:
        yield "depreciation is of what was paid, in nominal dollars; in real dollars its later years count for too much"
    yield from _cash_warnings(finance, calendar)
    rate = finance.discount_rate_per_year.debt
    for lease in leases:
        if lease.debt is not None and rate is not None:
            own = (1 + lease.debt.rate_per_year / 12) ** 12 - 1
            if rate > own + LOAN_RATE_MARGIN:
                costs = f"{lease.name}: its loan costs {100 * own:.2f} % a year and is discounted at {100 * rate:.2f} %"
                yield f"{costs} (finance.discount_rate_per_year.debt): borrowing counts as a gain of its own"


def _cash_warnings(finance: Finance, calendar: Calendar) -> Iterator[str]:
    if finance.cash is None:
        return
    for what, table, says in (("floor", finance.cash.floor_usd, "limits"), ("raised", finance.cash.raised_usd, "adds")):
        years = [str(year) for year in sorted(table) if year not in calendar.years]
        if years:
            yield f"finance.cash.{what}_usd of {', '.join(years)} lies outside the horizon and {says} nothing"
    yield "with floors of cash, break-evens, maps and live what-if are not made: at other prices the floors allow other plans"
