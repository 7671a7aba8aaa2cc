"""The value of money over time: discount factors by kind of cash flow, tax, capex budgets, treasury.

d_t = (1 + rate)^-((date_t - valuation date) / 365.25). Operating cash falls at the middle of its month, capex at the start of
its spending month, the sale of an asset on the day it happens (FORMULATION 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .cash import Cash, days_until
from .depreciation import Tax
from .months import Array, Calendar, Day, Year
from .refusal import refusal
from .sources import Sourced
from .treasury import Treasury


class DiscountRates(Sourced):
    """Yearly rates by kind of cash flow: block rewards carry another risk than contracted rent."""

    mining: Annotated[float, q.DISCOUNT_RATE]
    lease: Annotated[float, q.DISCOUNT_RATE]
    """Rent, lease opex and residual values."""
    capex: Annotated[float, q.DISCOUNT_RATE]
    power_contract: Annotated[float, q.DISCOUNT_RATE]
    """Settlement of fixed blocks."""
    debt: Annotated[float, q.DISCOUNT_RATE] | None = None
    """What a lender pays out and is paid; needed where a lease has debt."""


class Finance(Sourced):
    """Valuation date, discount rates, tax, capex budgets and treasury."""

    valuation_date: Day
    dollars: Literal["nominal", "real"]
    """Of every figure and every rate of the scenario; real and nominal are not mixed."""
    discount_rate_per_year: DiscountRates
    tax: Tax | None = None
    capex_budget_usd: dict[Year, Annotated[float, q.BUDGET]] = {}
    """Most that may be spent on offered leases and on buying machines in a calendar year; a year not named is unlimited."""
    cumulative_capex_budget_usd: dict[Year, Annotated[float, q.BUDGET]] = {}
    """Most that may be spent on them from the valuation date to the end of a calendar year."""
    capex_budget_is_net_of_debt: bool = False
    """True: what a lender pays out does not count against the budgets (they are budgets of equity)."""
    cash: Cash | None = None
    """Floors of cash by year."""
    treasury: Treasury | None = None

    @model_validator(mode="after")
    def _first_of_month(self) -> Finance:
        if self.valuation_date.day != 1:
            raise refusal(
                f"valuation_date {self.valuation_date}",
                "the first day of a month, on which the horizon begins",
                f"{self.valuation_date.replace(day=1)}",
                field="valuation_date",
            )
        return self

    @property
    def tax_rate(self) -> float:
        return 0.0 if self.tax is None else self.tax.rate_fraction

    @property
    def has_budget(self) -> bool:
        """Whether any spending is limited; a budget ties the sites of a portfolio together."""
        return bool(self.capex_budget_usd or self.cumulative_capex_budget_usd or self.cash)


def discount_factor(rate_per_year: float, years: Array | float) -> Array | float:
    """(1 + rate)^-years."""
    return (1.0 + rate_per_year) ** -years


@dataclass(frozen=True)
class DiscountFactors:
    """Factors on a calendar.

    Shape (months,): mining, lease, power_contract at mid-month; capex at the start of the month.
    Shape (months + 1,): mining_sale, lease_sale, building, debt at the start of each month and at the end of the horizon.
    """

    mining: Array
    lease: Array
    power_contract: Array
    capex: Array
    mining_sale: Array
    lease_sale: Array
    building: Array
    """Of the value of buildings when leases end; that of lease_sale, but where cash is counted."""
    debt: Array | None

    @classmethod
    def of(cls, finance: Finance, calendar: Calendar) -> DiscountFactors:
        rates = finance.discount_rate_per_year
        middle = calendar.mid_month_years(finance.valuation_date)
        start = calendar.start_of_month_years(finance.valuation_date)
        boundary = np.append(start, calendar.end_years(finance.valuation_date))
        return cls(
            mining=np.asarray(discount_factor(rates.mining, middle)),
            lease=np.asarray(discount_factor(rates.lease, middle)),
            power_contract=np.asarray(discount_factor(rates.power_contract, middle)),
            capex=np.asarray(discount_factor(rates.capex, start)),
            mining_sale=np.asarray(discount_factor(rates.mining, boundary)),
            lease_sale=(sale := np.asarray(discount_factor(rates.lease, boundary))),
            building=sale,
            debt=None if rates.debt is None else np.asarray(discount_factor(rates.debt, boundary)),
        )

    @classmethod
    def until(cls, year: int, calendar: Calendar, has_debt: bool) -> DiscountFactors:
        """Factors at which a present value is the cash until the end of a calendar year (models/cash.py)."""
        months, days = days_until(year, calendar)
        return cls(
            mining=months,
            lease=months,
            power_contract=months,
            capex=months,
            mining_sale=days,
            lease_sale=days,
            building=np.zeros_like(days),
            debt=days if has_debt else None,
        )
