"""What a decision about machines is worth and what it changes, per MW and by month: the columns buy, sell and move.

A choice is one thing that may be done with machines (buying those of one offer, selling those of one fleet), in one of several
months. From that month on it gives MW to a fleet of the scenario's value tables, or takes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .gather import at_boundary
from .machine_move import MachineMove
from .machines import MachineOffer
from .mining import Fleet
from .months import Array, Calendar, Month

if TYPE_CHECKING:
    from .values import Multipliers, Values

USD_PER_MUSD = 1e6
Kind = Literal["buy", "sell", "move"]


@dataclass(frozen=True)
class MachineChoice:
    """One decision about machines at each of its possible months, per meter MW of what is decided.

    owner: the offer or fleet whose machines they are; all its choices together have at most size_mw. changes: by number of a fleet
    (in values.fleets) the MW of it that a decided MW gives or takes, shape (choices, months). fixed_musd, hashprice_musd:
    discounted USD million after tax, the latter at today's hashprice and in proportion to it, shape (choices,). price_musd: the
    part of both that is in proportion to the price, with the tax on it. capex_musd_by_year: what counts in the capex budget, not
    discounted, shape (choices, years of the horizon).
    """

    kind: Kind
    name: str
    site: str
    owner: str
    size_mw: float
    th_per_mw: float
    months: list[Month]
    changes: dict[int, Array]
    fixed_musd: Array
    hashprice_musd: Array
    price_musd: Array
    capex_musd_by_year: Array
    offer: MachineOffer | None = field(default=None, repr=False)
    fleet: Fleet | None = field(default=None, repr=False)
    move: MachineMove | None = field(default=None, repr=False)

    def musd(self, at: Multipliers) -> Array:
        """Discounted USD million per MW, shape (choices,)."""
        return self.fixed_musd + at.hashprice * self.hashprice_musd

    def structure(self, budgets: list[slice]) -> tuple[Any, ...]:
        """Everything that rows and coefficients of the choice follow from; budgets: the years of each."""
        spent = spent_in(self.capex_musd_by_year, budgets)
        return (self.kind, self.name, tuple(self.months), [(k, mw.tobytes()) for k, mw in self.changes.items()], spent)


def spent_in(capex_musd_by_year: Array, budgets: list[slice]) -> tuple[bytes, ...]:
    """What each row of a table of capex takes of each budget, to be compared."""
    return tuple(capex_musd_by_year[:, years].sum(axis=1).tobytes() for years in budgets)


def machine_choices(values: Values) -> Iterator[MachineChoice]:
    """Every choice of a scenario: offers, then fleets, each in the order of site and name."""
    fleet_of = {fleet.name: k for k, fleet in enumerate(values.fleets)}
    for offer in sorted(values.scenario.machine_offers, key=lambda offer: (offer.site, offer.name)):
        yield _purchase(values, offer, fleet_of[offer.name])
    for k, fleet in enumerate(values.fleets):
        if fleet.sale is not None:
            yield _sale(values, fleet, k)
    for move in sorted(values.scenario.machine_moves, key=lambda move: (move.site, move.name)):
        yield _relocation(values, move, fleet_of[move.fleet], fleet_of[move.name])


def _relocation(values: Values, move: MachineMove, here: int, there: int) -> MachineChoice:
    """The cost of moving one MW, by the month in which it leaves; an operating cost, deducted from tax as it is paid."""
    calendar, fleet = values.calendar, values.fleets[here]
    months = move.months(fleet, calendar)
    at = np.array([calendar.index(month) for month in months])
    cost = -values.kept * move.cost_usd_per_mw(fleet) * values.discount.mining_sale[at] / USD_PER_MUSD
    since = np.arange(calendar.length)[np.newaxis, :] - at[:, np.newaxis]
    leaves = np.where((since >= 0) & (values.available_mw[here] > 0), -1.0, 0.0)
    arrives = np.where((since >= move.downtime_months) & (values.available_mw[there] > 0), move.mw_there(fleet), 0.0)
    return MachineChoice(
        kind="move",
        name=move.name,
        site=fleet.site,
        owner=fleet.name,
        size_mw=fleet.owned_mw,
        th_per_mw=fleet.th_per_mw,
        months=months,
        changes={here: leaves, there: arrives},
        fixed_musd=cost,
        hashprice_musd=np.zeros(len(at)),
        price_musd=cost,
        capex_musd_by_year=np.zeros((len(at), len(calendar.years))),
        fleet=fleet,
        move=move,
    )


def months_in_use(offer: MachineOffer, delivered: list[Month], calendar: Calendar) -> Array:
    """1 in the months in which machines delivered in a month are there, shape (deliveries, months of the calendar)."""
    since = np.arange(calendar.length)[np.newaxis, :] - np.array([[calendar.index(month)] for month in delivered])
    return np.where((since >= 0) & (since < offer.life_months), 1.0, 0.0)


def _purchase(values: Values, offer: MachineOffer, fleet: int) -> MachineChoice:
    """Price, depreciation's tax shield and resale of one MW, by month of delivery."""
    calendar, discount = values.calendar, values.discount
    delivered = offer.deliveries(calendar)
    at = np.array([calendar.index(month) for month in delivered])
    price = offer.usd_per_th.values(calendar)[at] * offer.th_per_mw
    paid = at - offer.paid_months_before_delivery
    tax, schedule = 1.0 - values.kept, values.scenario.finance.tax
    use = months_in_use(offer, delivered, calendar)
    written_off, left = np.zeros(use.shape), np.ones((len(at), calendar.length + 1))
    if schedule is not None:
        deducted, left = schedule.machines.table(1.0, delivered, calendar.length)
        since = np.arange(calendar.length)[np.newaxis, :] - at[:, np.newaxis]
        written_off = use * np.take_along_axis(deducted, np.maximum(since, 0), axis=1)
    end = np.minimum(at + offer.life_months, calendar.length)
    resale = offer.resale_usd_per_th * offer.th_per_mw
    book = price * left[np.arange(len(at)), end - at]
    sold = at_boundary(discount.mining_sale, end)
    priced = -price * discount.capex[paid] + tax * (price * (written_off @ discount.mining) + book * sold)
    spent = np.zeros((len(at), len(calendar.years)))
    spent[np.arange(len(at)), calendar.year_of_month[paid] - calendar.years[0]] = price / USD_PER_MUSD
    return MachineChoice(
        kind="buy",
        name=offer.name,
        site=offer.site,
        owner=offer.name,
        size_mw=offer.size_mw,
        th_per_mw=offer.th_per_mw,
        months=delivered,
        changes={fleet: use},
        fixed_musd=(priced + values.kept * resale * sold) / USD_PER_MUSD,
        hashprice_musd=np.zeros(len(at)),
        price_musd=priced / USD_PER_MUSD,
        capex_musd_by_year=spent,
        offer=offer,
    )


def _sale(values: Values, fleet: Fleet, k: int) -> MachineChoice:
    """What one MW brings by month of sale, less its resale at retirement that is forgone. Owned machines have no book value."""
    assert fleet.sale is not None
    calendar, discount = values.calendar, values.discount
    months = fleet.sale.months(calendar, values.available_mw[k])
    at = np.array([calendar.index(month) for month in months])
    relative = values.market.hashprice_usd_per_ph_day / values.scenario.market.first_hashprice(calendar)
    worth = values.kept * fleet.th_per_mw / USD_PER_MUSD
    stays, follows = (worth * usd[at] * discount.mining_sale[at] for usd in fleet.sale.usd_per_th_parts(calendar, relative))
    retired = fleet.resale_month_index(calendar)
    forgone = worth * fleet.resale_usd_per_th * float(discount.mining_sale[retired]) if retired >= 0 else 0.0
    since = np.arange(calendar.length)[np.newaxis, :] - at[:, np.newaxis]
    return MachineChoice(
        kind="sell",
        name=fleet.name,
        site=fleet.site,
        owner=fleet.name,
        size_mw=fleet.owned_mw,
        th_per_mw=fleet.th_per_mw,
        months=months,
        changes={k: np.where((since >= 0) & (values.available_mw[k] > 0), -1.0, 0.0)},
        fixed_musd=stays - forgone,
        hashprice_musd=follows,
        price_musd=stays + follows,
        capex_musd_by_year=np.zeros((len(at), len(calendar.years))),
        fleet=fleet,
    )
