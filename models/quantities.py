"""Every number a scenario may hold: its unit, its bounds and the slips people make with it.

This is the one place of the bounds. A field names its unit in its suffix and takes its type from here, so that the
schema, the messages, the templates and the documents all say the same.

A band cannot catch every unit slip (a rent of 205 is plausible in USD/kW-month and in USD/MWh), so the tables also print
implied figures beside the input (USD/MWh, USD per MW-year, end dates).
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from .months import FIRST_YEAR, LAST_YEAR
from .refusal import refusal, shown

NEGLIGIBLE = 1e-9
"""Numbers smaller than this in their own unit are zero (a denormal or a slip, never a plan)."""


class Input(BaseModel):
    """Base of everything a user may write: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Slip:
    """A frequent unit mistake: a value that falls inside the bounds once multiplied by `factor`."""

    factor: float
    mistaken_unit: str


@dataclass(frozen=True)
class Quantity:
    """A number with a unit and bounds (both inclusive); `or_zero` also admits exactly 0 below `low`."""

    unit: str
    low: float
    high: float
    or_zero: bool = False
    whole: bool = False
    slips: tuple[Slip, ...] = ()

    @property
    def allowed(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        zero = "0 or " if self.or_zero else ""
        bounds = f", {zero}{_number(self.low)} to {_number(self.high)}" if math.isfinite(self.low) else ""
        return f"{kind}{bounds} {self.unit}".rstrip()

    def check(self, value: Any) -> float:
        """The value as a finite number inside the bounds; refuses booleans, text, NaN and infinities."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise refusal(shown(value), self.allowed, _hint_on_kind(value))
        try:
            number = float(value)
        except OverflowError:
            raise refusal("a number with more than 300 digits", self.allowed) from None
        if not math.isfinite(number):
            raise refusal(shown(number), self.allowed, "every figure must be finite")
        if abs(number) < NEGLIGIBLE:
            number = 0.0
        if self.whole and number != int(number):
            raise refusal(self._with_unit(number), self.allowed)
        if not (self.low <= number <= self.high or (self.or_zero and number == 0.0)):
            raise refusal(self._with_unit(number), self.allowed, self._hint_on_size(number))
        return int(number) if self.whole else number

    def _hint_on_size(self, number: float) -> str:
        if number < 0 <= self.low:
            return "costs and sizes are written as positive numbers"
        for slip in self.slips:
            meant = number * slip.factor
            if self.low <= meant <= self.high:
                return f"{_number(number)} in {slip.mistaken_unit} is {self._with_unit(float(f'{meant:.6g}'))}; did you mean that?"
        if self.unit in ("years", "months") and FIRST_YEAR <= number <= LAST_YEAR:
            return f"a number of {self.unit}, not the calendar year in which they end"
        return ""

    def _with_unit(self, number: float) -> str:
        """The number with its unit, without the explanation that some units carry in brackets."""
        return f"{_number(number)} {self.unit.partition('(')[0]}".rstrip()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        if source in (float, int):
            return core_schema.no_info_plain_validator_function(
                self.check, serialization=core_schema.simple_ser_schema("int" if self.whole else "float")
            )
        return core_schema.no_info_after_validator_function(self._check_path, handler(source))

    def _check_path(self, path: Any) -> Any:
        """Bounds of every value on a monthly path (models/path.py)."""
        path.check_values(self)
        return path

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        if schema.get("type") == "function-after":
            return {**handler(schema["schema"]), "unit": self.unit}
        kind = "integer" if self.whole else "number"
        low = 0.0 if self.or_zero else self.low
        bounds = {"minimum": low, "maximum": self.high} if math.isfinite(low) else {}
        return {"type": kind, **bounds, "unit": self.unit}


def _number(value: float) -> str:
    """Thousands commas from five digits on, so that a calendar year reads as one."""
    commas = "," if abs(value) >= 10_000 else ""
    if value == int(value) and abs(value) < 1e15:
        return format(int(value), commas)
    return format(value, f"{commas}.12g")


def _hint_on_kind(value: Any) -> str:
    """What a value that is not a number was probably meant to be."""
    if isinstance(value, bool):
        return "write the number itself; true and false are not numbers"
    if not isinstance(value, str):
        return ""
    if re.fullmatch(r"[+-]?[\d.]+([eE][+-]?\d+)?", value, re.ASCII):
        return f"write it without quotes: {value}"
    return hint_on_text(value) or "a plain number without unit; the unit is in the field's name"


def hint_on_text(text: str) -> str:
    """What a text that is not a plain number was probably meant to be; empty if it looks like nothing known."""
    foreign = next((c for c in text if not c.isascii()), None)
    if foreign is not None:
        name = unicodedata.name(foreign, "without a name").lower()
        return f"character {text.index(foreign) + 1} is U+{ord(foreign):04X} ({name}), not a plain digit, sign or point"
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        return f"no thousands commas: {text.replace(',', '')}"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"the decimal sign is a point: {text.replace(',', '.')}"
    if re.fullmatch(r"[+-]?\d+(\.\d+)? *%", text):
        return f"a share is written as a fraction: {float(text.rstrip(' %')) / 100:.12g}"
    return ""


# --- power -----------------------------------------------------------------------------------------------------------

_MW_SLIPS = (Slip(1e-3, "kW"), Slip(1e-6, "W"))
_MWH_SLIPS = (Slip(10.0, "cents/kWh"), Slip(1000.0, "USD/kWh"))

METER_MW = Quantity("MW", 0.001, 10_000, or_zero=True, slips=_MW_SLIPS)
"""Power at the utility meter."""
CRITICAL_MW = Quantity("MW", 0.001, 5_000, slips=_MW_SLIPS)
"""Critical IT power, on which rent is paid."""
GROSS_UP = Quantity("meter MW per critical MW", 1, 2.5)
"""Published deals: 1.18 to 1.52."""
OVERHEAD = Quantity("meter MW per ASIC MW", 1, 1.5)
"""Mining overhead; 1.02 to 1.10 in practice."""
MARKET_PRICE = Quantity("USD/MWh", -1_000, 10_000)
"""A market price; ERCOT's cap was 9,000 USD/MWh until 2021 and negative prices are real."""
CONTRACT_PRICE = Quantity("USD/MWh", 1, 1_000, or_zero=True, slips=_MWH_SLIPS)
"""A price agreed in a supply contract."""
PRICE_ADDER = Quantity("USD/MWh", -50, 200)
RESALE_FEE = Quantity("USD/MWh", 0, 200, slips=_MWH_SLIPS)
"""Added to the market price for each MWh taken: delivery, losses, retail margin."""
DEMAND_CHARGE = Quantity("USD/kW-month", 0.001, 100, or_zero=True, slips=(Slip(1e-3, "USD/MW-month"),))
"""Transmission, coincident-peak and capacity charges; 50-150 k USD/MW-year is 4-12 USD/kW-month."""

DELIVERY_CHARGE = Quantity("USD/MWh", -50, 200, slips=_MWH_SLIPS)
"""Delivery per MWh at the meter."""
PEAK_CHARGE = Quantity("USD per kW and peak month", 0.001, 200, or_zero=True, slips=(Slip(1e-3, "USD per MW and peak month"),))
"""ERCOT 4CP of 65-70 k USD/MW-year is 16-18 USD per kW in each of 4 months; PJM capacity of 120 k USD/MW-year 30 in each of 4."""
OFF_HOURS = Quantity("hours a month", 0, 744)
ENERGY_OF_YEAR = Quantity("MWh a year", 0, 100_000_000)
OFF_HOURS_OF_YEAR = Quantity("hours a year", 0, 8784)
"""Hours of a month in which mining is off."""
ANCILLARY_PRICE = Quantity("USD per MW and hour", 0, 1_000, slips=(Slip(1 / 8760, "USD per MW and year"),))
"""Mean of a month; ERCOT's ECRS was 9.62 USD in 2024 and 76.77 USD in 2023."""
HOURLY_ANCILLARY_PRICE = Quantity("USD per MW and hour", 0, 30_000, slips=ANCILLARY_PRICE.slips)
"""Of one hour; ERCOT's RRS was 4,083 USD on 25 August 2023 (day ahead); in February 2021 some services were
above energy's cap of 9,000 USD/MWh (energyedge.com/winter-storm-uri-market-alert-feb-16-2021).
"""
STANDBY_PAYMENT = Quantity("USD per MW and month", 1, 100_000, or_zero=True, slips=(Slip(1_000, "USD per kW and month"),))
"""60-70 k USD/MW-year is 5,000-6,000 USD per MW and month."""
MONTH_OF_YEAR = Quantity("(month of the year; 1 is January)", 1, 12, whole=True)

# --- shares and rates ------------------------------------------------------------------------------------------------

_PERCENT = (Slip(0.01, "percent"),)

FRACTION = Quantity("(a fraction; 1 is 100 %)", 0, 1, slips=_PERCENT)
UPTIME = Quantity("(a fraction; 1 is 100 %)", 0.5, 1, slips=_PERCENT)
"""Hours a machine is available; below one half it is usually a downtime by mistake."""
LOSSES = Quantity("of the energy at the meter (a fraction; 0.02 is 2 %)", 0, 0.25, slips=_PERCENT)
"""Transmission and distribution losses, 1 to 10 % by voltage."""
DISCOUNT_RATE = Quantity("per year (a fraction; 0.1 is 10 %)", 0, 0.5, slips=(*_PERCENT, Slip(1e-4, "basis points")))
"""A discount rate."""
ESCALATOR = Quantity("per year (a fraction; 0.03 is 3 %)", -0.05, 0.2, slips=_PERCENT)
"""Contractual increase every twelve months."""
GROWTH = Quantity("per year (a fraction; 0.1 is 10 %)", -0.95, 10)
"""Growth of a market quantity from year to year."""
MULTIPLIER = Quantity("(a factor; 1 changes nothing)", 0.001, 100, or_zero=True)

# --- more MW ---------------------------------------------------------------------------------------------------------

EXPANSION_CAPEX = Quantity(
    "USD per meter MW", 1_000, 20_000_000, or_zero=True, slips=(Slip(1e6, "millions of USD"), Slip(1_000, "USD per kW"))
)
"""Substation, line and site works for one more energised MW."""

# --- bitcoin ---------------------------------------------------------------------------------------------------------

HASHPRICE = Quantity(
    "USD/PH/day",
    3,
    1_000,
    slips=(Slip(1e-3, "USD/EH/day"), Slip(1e3, "USD/TH/day"), Slip(24, "USD/PH/hour"), Slip(12 / 365.25, "USD/PH/month")),
)
"""Before the pool's fee. 28-57 USD/PH/day in 2024-2026; 816 at the start of 2017."""
HASHPRICE_STATED = Quantity("USD/PH/day", 0.1, 1e8)
"""As it was published, of any year since 2009."""
HASHPRICE_BTC = Quantity("BTC/PH/day", 1e-7, 1, slips=(Slip(1e-8, "satoshi"), Slip(1e-5, "BTC/EH/day")))
BITCOIN_PRICE = Quantity("USD/BTC", 100, 100_000_000, slips=(Slip(1_000, "thousand USD"),))
NETWORK_HASHRATE = Quantity("EH/s", 1, 100_000, slips=(Slip(1e-3, "PH/s"), Slip(1e-6, "TH/s"), Slip(1e3, "ZH/s")))
DIFFICULTY = Quantity("(difficulty)", 1e9, 1e18, slips=(Slip(1e12, "trillions"),))
FEES_PER_BLOCK = Quantity("BTC per block", 0, 50)
FEES_FRACTION = Quantity("of the subsidy (a fraction)", 0, 5, slips=_PERCENT)
BLOCKS_PER_DAY = Quantity("blocks per day", 100, 200)
BLOCK_HEIGHT = Quantity("blocks", 0, 10_000_000, whole=True)

# --- the network, as analysts publish it --------------------------------------------------------------------------------

_MILLIONS = (Slip(1e6, "millions of USD"), Slip(1e3, "thousands of USD"), Slip(1e9, "billions of USD"))
REVENUE_PER_EH_DAY = Quantity("USD per EH/s and day", 3_000, 1_000_000, slips=(Slip(1_000, "thousand USD (or in USD/PH/day)"),))
"""1,000 times the hashprice: 38,700 to 57,200 in 2025."""
GROSS_PROFIT_PER_EH_DAY = Quantity("USD per EH/s and day", -100_000, 1_000_000)
MARGIN = Quantity("of revenue (a fraction; 0.5 is 50 %)", -5, 1, slips=_PERCENT)
CHANGE = Quantity("on the month before (a fraction; 0.1 is 10 %)", -0.99, 20)
CHANGE_BP = Quantity("basis points", -100_000, 100_000)
GROUP_HASHRATE = Quantity("EH/s", 0.001, 100_000, slips=(Slip(1e-3, "PH/s"), Slip(1e-6, "TH/s")))
"""Of one miner or of a group of them."""
COINS = Quantity("BTC", 0, 21_000_000)
MARKET_VALUE = Quantity("USD", 100_000, 1e14, or_zero=True, slips=_MILLIONS)
OF_OPPORTUNITY = Quantity("of the four-year block rewards (a fraction; 1 is 100 %)", 0, 1_000)

# --- machines --------------------------------------------------------------------------------------------------------

FLEET_HASHRATE = Quantity("EH/s", 0.0001, 1_000, slips=(Slip(1e-3, "PH/s"), Slip(1e-6, "TH/s")))
EFFICIENCY = Quantity("J/TH", 3, 150, slips=(Slip(1e-3, "J/PH"), Slip(1e3, "J/GH")))
"""J/TH, W per TH/s and kW per PH/s are the same number."""
RESALE_PRICE = Quantity("USD/TH", 0, 500)
MACHINE_PRICE = Quantity("USD/TH", 0.1, 500, slips=(Slip(1e-3, "USD/PH"), Slip(1e3, "USD/GH")))
"""Published: 14 (S21+, T21) to 25.70 (S21 XP, November 2025) USD/TH; 24 for an S19 XP in June 2023."""
MOVE_PER_MW = Quantity("USD per meter MW", 100, 5_000_000, or_zero=True, slips=(Slip(1_000, "USD per kW"),))
MOVE_PER_TH = Quantity("USD/TH", 0, 50, slips=(Slip(1e-3, "USD/PH"),))
"""Of moving a machine: transport, taking down and setting up."""
MACHINE_LIFE = Quantity("months", 1, 240, whole=True, slips=())
VARIABLE_OPEX = Quantity("USD/MWh", 0, 200, slips=_MWH_SLIPS)
FIXED_OPEX = Quantity("USD per meter MW and month", 100, 500_000, or_zero=True, slips=(Slip(1_000, "USD per kW and month"),))

# --- rules -----------------------------------------------------------------------------------------------------------

POLICY_HASHRATE = Quantity("EH/s", 0.0001, 10_000, or_zero=True, slips=(Slip(1e-3, "PH/s"), Slip(1e-6, "TH/s")))
"""Energised hashrate of a site or a company; the largest miners run 30 to 60 EH/s."""
POLICY_MW = Quantity("MW", 0.001, 100_000, or_zero=True, slips=_MW_SLIPS)
"""Meter MW of a site or a company."""

# --- leases ----------------------------------------------------------------------------------------------------------

RENT = Quantity(
    "USD per kW of critical IT and month",
    1,
    600,
    slips=(Slip(1 / 12, "USD/kW-year"), Slip(1e-3, "USD/MW-month"), Slip(1e-3 / 12, "USD/MW-year")),
)
"""Published first-year rents: 90 to 155 USD/kW-month."""
CONTRACT_VALUE = Quantity("USD", 100_000, 1e12, slips=_MILLIONS)
CAPEX = Quantity("USD per critical MW", 1_000, 60_000_000, or_zero=True, slips=_MILLIONS)
"""Published builds: 3.6 to 15 million USD per critical MW."""
LEASE_OPEX = Quantity(
    "USD per kW of critical IT and month", 0, 200, slips=(Slip(1 / 12, "USD/kW-year"), Slip(1e-3, "USD/MW-month"))
)
COST_OF_CAPEX = Quantity("of the capex a year (a fraction; 0.02 is 2 %)", 0, 0.1, slips=_PERCENT)
"""Of a building's ground, tax, insurance or upkeep; more than a tenth a year is a slip."""
ABATED_YEARS = Quantity("years", 0, 50, whole=True)
"""As long as the longest term."""
TERM_YEARS = Quantity("years", 0.25, 50, slips=(Slip(1 / 12, "months"),))
MONTHS = Quantity("months", 0, 120, whole=True)
OFFSET_MONTHS = Quantity("months from the start of rent", -120, 120, whole=True)
START_STEP = Quantity("months", 1, 12, whole=True)
MONTH_OF_LEASE = Quantity("months after the start of rent", 0, 600, whole=True)
CREDIT_MONTHS = Quantity("months", 1, 600, whole=True)
DELAY_MONTHS = Quantity("months", 1, 60, whole=True)
RENT_MONTHS = Quantity("months of rent", 0, 240)
"""An amount as a number of monthly rents."""
PENALTY = Quantity("of the rent (a fraction; 1 is 100 %)", 0, 3, slips=_PERCENT)
HAZARD = Quantity("per year (a fraction; 0.02 is 2 %)", 0, 0.5, slips=_PERCENT)
"""Probability that a tenant defaults within a year."""
RESIDUAL_FRACTION = Quantity("of the capex (a fraction; 1 is 100 %)", 0, 3, slips=_PERCENT)

GPUS = Quantity("GPUs per critical MW", 1, 5_000)
"""One rack-scale GPU with its server and network draws 1 to 2 kW of critical IT: 500 to 1,000 a MW."""
GPU_PRICE = Quantity(
    "USD per GPU-hour", 0.01, 100, slips=(Slip(1 / 730.5, "USD per GPU-month"), Slip(1 / 8766, "USD per GPU-year"))
)
GPU_CAPEX = Quantity("USD per GPU", 100, 1_000_000, or_zero=True, slips=(Slip(1e3, "thousands of USD"),))
HOSTING_FEE = Quantity("USD per kWh", 0.001, 0.3, or_zero=True, slips=(Slip(0.01, "cents/kWh"), Slip(0.001, "USD/MWh")))
"""For each kWh that hosted machines use; 0.06 to 0.09 where the host pays the power."""
PRICE_DECAY = Quantity("per year (a fraction; 0.2 is 20 %)", 0, 0.9, slips=_PERCENT)

# --- money -----------------------------------------------------------------------------------------------------------

BUDGET = Quantity("USD", 1_000, 1e12, or_zero=True, slips=_MILLIONS)
DEPRECIATION_YEARS = Quantity("years", 1, 40)
MACRS_YEARS = Quantity("years (class of property: 5, 7, 15 or 39)", 5, 39, whole=True)
"""Classes of IRS Publication 946 that mining and data centres use."""
LOAN_RATE = Quantity("per year (a fraction; 0.07 is 7 %)", 0, 0.3, slips=(*_PERCENT, Slip(1e-4, "basis points")))
"""Nominal, a twelfth due each month; published project debt of 2025 and 2026: 6.1 to 7.1 %."""
LOAN_FEE = Quantity("of the amount drawn (a fraction; 0.02 is 2 %)", 0, 0.1, slips=_PERCENT)

# --- a listed miner --------------------------------------------------------------------------------------------------

NET_DEBT = Quantity("USD", -1e12, 1e12)
"""Debt, preferred shares and lease liabilities less cash; negative where there is more cash."""
SHARES = Quantity("shares", 1_000, 1e12, slips=(Slip(1e6, "millions of shares"), Slip(1e3, "thousands of shares")))
"""Fully diluted."""
NOI = Quantity(
    "USD per critical MW and year", 10_000, 50_000_000, slips=(Slip(1e6, "millions of USD"), Slip(12_000, "USD per kW and month"))
)
"""Rent less what the landlord pays. Published colocation: 1.0 to 2.3 million; GPU cloud more."""
NOI_MULTIPLE = Quantity("times the yearly NOI", 0.5, 60)
MW_PRICE = Quantity("USD per meter MW", 0, 50_000_000, slips=_MILLIONS)
ACRES = Quantity("acres", 0.1, 10_000_000)
ACRE_PRICE = Quantity("USD per acre", 1, 100_000_000)
OWNED = Quantity("(the miner's share; 1 is all of it)", 0.0001, 1, slips=_PERCENT)
PROBABILITY = Quantity("(a fraction; 1 is certain)", 0, 1, slips=_PERCENT)
ANY_USD = Quantity("USD", -1e12, 1e12)

# --- files -----------------------------------------------------------------------------------------------------------

GAP_HOURS = Quantity("hours", 0, 3, whole=True)
