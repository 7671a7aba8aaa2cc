"""What an expansion is worth by the month in which it is energised, per meter MW: the column expansion_mw.

What its MW earn is not in here: they are MW of the site, for whatever use is best ([C1], [C5]).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .expansion import Expansion
from .gather import Gather, at_boundary
from .machine_values import spent_in
from .months import Array, Month

if TYPE_CHECKING:
    from .values import Multipliers, Values

USD_PER_MUSD = 1e6


@dataclass(frozen=True)
class ExpansionValue:
    """One expansion in each of its possible months, per meter MW.

    size_mw: MW that count of it. there: 1 in the months in which a MW is there, shape (choices, months). fixed_musd: discounted USD
    million after tax; price_musd: the part in proportion to the capex, with its tax, shape (choices,). capex_musd_by_year: what
    counts in the capex budget, not discounted, shape (choices, years of the horizon).
    """

    kind: ClassVar[str] = "expand"
    name: str
    site: str
    size_mw: float
    suitable_share: float
    months: list[Month]
    there: Array
    fixed_musd: Array
    price_musd: Array
    capex_musd_by_year: Array
    expansion: Expansion = field(repr=False)

    def musd(self, at: Multipliers) -> Array:
        """Discounted USD million per MW, shape (choices,); no price of the market moves it."""
        return self.fixed_musd

    def structure(self, budgets: list[slice]) -> tuple[Any, ...]:
        """Everything that rows and coefficients follow from; budgets: the years of each."""
        spent = spent_in(self.capex_musd_by_year, budgets)
        return (self.site, self.name, tuple(self.months), self.suitable_share, spent)


def expansion_values(values: Values) -> Iterator[ExpansionValue]:
    """Every expansion of which MW count, in the order of site and name."""
    for site in values.sites:
        for expansion in site.counted_expansions:
            yield _value(values, site.name, expansion, expansion.counted_mw(site.mw_counted))


def _value(values: Values, site: str, expansion: Expansion, size_mw: float) -> ExpansionValue:
    calendar, discount, tax = values.calendar, values.discount, 1.0 - values.kept
    months, capex, schedule = expansion.months(calendar), expansion.capex_usd_per_mw, values.scenario.finance.tax
    at = np.array([calendar.index(month) for month in months])
    there = (np.arange(calendar.length)[np.newaxis, :] >= at[:, np.newaxis]).astype(float)
    priced, spent = np.zeros(len(at)), np.zeros((len(at), len(calendar.years)))
    for offset, share in expansion.spending():
        paid = at + offset
        priced -= share * capex * discount.capex[paid]
        np.add.at(spent, (np.arange(len(at)), calendar.year_of_month[paid] - calendar.years[0]), share * capex / USD_PER_MUSD)
    use = calendar.length - at
    left = np.zeros((len(at), calendar.length + 1))
    if schedule is not None:
        deducted, left = schedule.table(capex, months, calendar.length)
        monthly = Gather(at, calendar.length, calendar.length)
        priced += tax * np.sum(monthly.of(discount.lease) * deducted, axis=1)
    residual, book = expansion.residual_fraction * capex, left[np.arange(len(at)), use]
    priced += (residual - tax * (residual - book)) * at_boundary(discount.building, at + use)
    upkeep = values.kept * expansion.fixed_usd_per_mw_month * (there @ discount.lease)
    return ExpansionValue(
        name=expansion.name,
        site=site,
        size_mw=size_mw,
        suitable_share=expansion.hpc_suitable_fraction,
        months=months,
        there=there,
        fixed_musd=(priced - upkeep) / USD_PER_MUSD,
        price_musd=priced / USD_PER_MUSD,
        capex_musd_by_year=spent,
        expansion=expansion,
    )
