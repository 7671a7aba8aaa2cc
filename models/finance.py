"""The value of money over time: discount factors by kind of cash flow, tax, capex budget.

d_t = (1 + rate)^-((date_t - valuation date) / 365.25). Operating cash falls at the middle of its month, capex at the start of
its spending month, the sale of an asset on the day it happens (FORMULATION 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import model_validator

from . import quantities as q
from .months import Array, Calendar, Day, Year
from .refusal import refusal
from .sources import Sourced


class DiscountRates(Sourced):
    """Yearly rates by kind of cash flow: block rewards carry another risk than contracted rent."""

    mining: Annotated[float, q.DISCOUNT_RATE]
    lease: Annotated[float, q.DISCOUNT_RATE]
    """Rent, lease opex and residual values."""
    capex: Annotated[float, q.DISCOUNT_RATE]
    power_contract: Annotated[float, q.DISCOUNT_RATE]
    """Settlement of fixed blocks."""


class Tax(Sourced):
    """Corporate income tax with straight-line depreciation; losses are taken as usable against other income.

    That is what keeps the tax linear. Machines owned today have no stated book value, so their sale is taxed in full.
    """

    rate_fraction: Annotated[float, q.FRACTION]
    depreciation_years: Annotated[float, q.DEPRECIATION_YEARS]
    """Life of lease capex, from the start of rent."""
    machine_depreciation_years: Annotated[float, q.DEPRECIATION_YEARS] | None = None
    """Life of machines that are bought, from their delivery; by default that of lease capex."""


class Finance(Sourced):
    """Valuation date, discount rates, tax and capex budget."""

    valuation_date: Day
    dollars: Literal["nominal", "real"]
    """Of every figure and every rate of the scenario; real and nominal are not mixed."""
    discount_rate_per_year: DiscountRates
    tax: Tax | None = None
    capex_budget_usd: dict[Year, Annotated[float, q.BUDGET]] = {}
    """Most that may be spent on offered leases and on buying machines in a calendar year; a year not named is unlimited."""

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
    def depreciation_months(self) -> float:
        return np.inf if self.tax is None else self.tax.depreciation_years * 12

    @property
    def machine_depreciation_months(self) -> float:
        return np.inf if self.tax is None else (self.tax.machine_depreciation_years or self.tax.depreciation_years) * 12


def discount_factor(rate_per_year: float, years: Array | float) -> Array | float:
    """(1 + rate)^-years."""
    return (1.0 + rate_per_year) ** -years


@dataclass(frozen=True)
class DiscountFactors:
    """Factors on a calendar.

    Shape (months,): mining, lease, power_contract at mid-month; capex at the start of the month.
    Shape (months + 1,): mining_sale, lease_sale at the start of each month and at the end of the horizon.
    """

    mining: Array
    lease: Array
    power_contract: Array
    capex: Array
    mining_sale: Array
    lease_sale: Array

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
            lease_sale=np.asarray(discount_factor(rates.lease, boundary)),
        )
