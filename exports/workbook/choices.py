"""What a planner may type into the workbook, and what stands there at first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...optimizer.sandwich import Axis

BEST = "Best"
"""In place of a plan's id: whichever plan of the list is best at the prices."""
AS_PLANNED = "As planned"
OWN_CASES = 4
"""Price cases that are left for the planner to fill."""
FACTORS = ("hashprice", "rent", "power", "discount")
CURVES = ("hashprice", "rent", "power")
SWING = 0.1
"""At first, each price of the tornado moves by so much; as in `hashlease tornado`."""


@dataclass(frozen=True)
class PriceCase:
    """A named set of multipliers."""

    name: str
    hashprice: float = 1.0
    rent: float = 1.0
    power: float = 1.0
    discount: float = 1.0


@dataclass(frozen=True)
class Choices:
    """The input cells. Multipliers are on the scenario's own prices and rates.

    case, plan: of the pickers. curves: factors by calendar year, missing years count as 1. axes: ends of the decision map's axes
    (hashprice, rent) and of the line of power prices. swings: change of each price in the tornado, as a fraction.
    """

    cases: tuple[PriceCase, ...]
    axes: Mapping[str, tuple[float, float]]
    hashprice: float = 1.0
    rent: float = 1.0
    power: float = 1.0
    discount: float = 1.0
    case: str = AS_PLANNED
    plan: str = BEST
    curves: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    swings: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(FACTORS, SWING))

    @property
    def picked(self) -> PriceCase:
        return next(case for case in self.cases if case.name == self.case)

    def live(self, factor: str) -> float:
        """Multiplier in force: the cell's times the price case's."""
        own: float = getattr(self, factor)
        of_case: float = getattr(self.picked, factor)
        return own * of_case

    def curve(self, factor: str, year_of_month: list[int]) -> list[float]:
        """Factor of the yearly curve in each month."""
        by_year = self.curves.get(factor, {})
        return [by_year.get(int(year), 1.0) for year in year_of_month]

    def but(self, **changes: object) -> Choices:
        return replace(self, **changes)  # type: ignore[arg-type]


def first_choices(box: tuple[Axis, ...]) -> Choices:
    """What stands in the workbook as it is written: the scenario as it is, and as cases the ends of the certified box."""
    known = {axis.name: (axis.low, axis.high) for axis in box}
    words = {"hashprice": "Hashprice", "rent": "Rent", "power": "Power price"}
    cases = [PriceCase(AS_PLANNED)]
    for name, ends in known.items():
        for end, multiplier in zip(("low", "high"), ends, strict=True):
            cases.append(PriceCase(f"{words[name]} at the {end} end of the box", **{name: multiplier}))
    cases += [PriceCase(f"Own case {number + 1}") for number in range(OWN_CASES)]
    axes = {name: known.get(name, (0.5, 2.0)) for name in CURVES}
    return Choices(tuple(cases), axes)
