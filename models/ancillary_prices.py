"""Prices of ancillary services by the hour, beside those of energy in the same hours: hour h of both is the same hour.

A zone states them with its energy prices, so that both stand in one file (or one profile), cover the same hours and are repeated
over the horizon alike. A service at a site of the zone names the ones that it is paid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from . import quantities as q
from .files import finite_number
from .names import Name, composed
from .quantities import Input
from .refusal import Fault, listed, nearest, refusal, shown

if TYPE_CHECKING:
    from .flexibility import AncillaryService
    from .prices import Zone

NOT_SOLD = "0 in the hours in which the product was not sold"
ROWS_OF_PRICES = "ancillary_columns"

HourlyUsdPerMwHour = Annotated[float, q.HOURLY_ANCILLARY_PRICE]


class AncillaryColumn(Input):
    """A column of a price file that holds the price of an ancillary product, USD per MW and hour."""

    name: Name
    column: str


def column_key(number: int) -> str:
    """What a message of the reading of files calls the column of a row of `ancillary_columns`."""
    return f"{ROWS_OF_PRICES}.{number}"


def column_faults(rows: Sequence[AncillaryColumn], others: dict[str, str]) -> list[Fault]:
    """Products and columns that are stated twice. others: the columns that the file's other fields name."""
    faults: list[Fault] = []
    taken = {composed(column): field for field, column in others.items()}
    names: set[str] = set()
    for number, row in enumerate(rows):
        column = composed(row.column)
        if row.name in names:
            faults.append(Fault((ROWS_OF_PRICES, number, "name"), f'the name "{row.name}" twice', "each name once"))
        if column in taken:
            found = f'the column "{row.column}", which {taken[column]} names too'
            faults.append(Fault((ROWS_OF_PRICES, number, "column"), found, "a column of its own for each product"))
        names.add(row.name)
        taken.setdefault(column, f"{ROWS_OF_PRICES}.{row.name}")
    return faults


def ancillary_price(found: str | float, column: str) -> float:
    """The price in a cell, text where the file is text."""
    if found == "" or (isinstance(found, float) and math.isnan(found)):
        raise refusal(f"{column} without a value", "a price in every row", NOT_SOLD)
    price = finite_number(found, column) if isinstance(found, str) else found
    allowed = q.HOURLY_ANCILLARY_PRICE
    if not math.isfinite(price):
        raise refusal(f"{column} {shown(price)}", "a finite number")
    if not allowed.low <= price <= allowed.high:
        raise refusal(f"{column} {price:,g} {allowed.unit}", allowed.allowed)
    return price


def service_faults(services: Sequence[AncillaryService], zone: Zone) -> Iterator[Fault]:
    """Services that name hourly prices which their zone does not have."""
    known = zone.price.ancillary_names
    for number, service in enumerate(services):
        wanted = service.hourly_prices
        if wanted is None or wanted in known:
            continue
        found = f'no hourly prices "{wanted}" in the prices of {zone.name}'
        if known:
            allowed, hint = f"one of: {listed(known)}", nearest(wanted, known)
        elif zone.price.kind == "hourly":
            allowed = "a product that the zone's price states"
            hint = f"{ROWS_OF_PRICES}: [{{name: {wanted}, column: ...}}] beside price_column"
        elif zone.price.kind == "month_hour_profile":
            allowed, hint = (
                "a product that the zone's price states",
                f"ancillary_usd_per_mw_hour: {{{wanted}: 12 rows of 24 prices}}",
            )
        else:
            found = f"{found}, which are of kind {zone.price.kind}"
            allowed = "prices of kind hourly or month_hour_profile, which know the hours in which energy is dear"
            hint = "usd_per_mw_hour: the mean of each month"
        yield Fault((number, "hourly_prices"), found, allowed, hint)
