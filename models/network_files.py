"""Series of the network and figures that were published about it, from a user's CSV files.

A file has a column `month` (YYYY-MM) or `date` (YYYY-MM-DD, a row a day) and any of the columns in `MARKET` and `STATED`; a cell
may be empty where a figure is not known. Days become means of their months. Several files are joined by month; a figure comes from
one file. The hashprice of a daily file is computed for each day and then averaged, because the mean of a product is not the product
of means.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import numpy as np
from pydantic import PrivateAttr, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from . import quantities as q
from .files import FaultyRows, csv_rows, finite_number, header_of_csv, locate_input
from .halvings import mean_subsidy_btc, subsidy_by_month
from .market import difficulty_of_network, hashprice_btc_per_ph_day, network_of_difficulty
from .months import Array, Calendar, Month, day_of
from .network import NetworkMonths
from .quantities import Input, Quantity
from .refusal import listed, nearest, refusal

MARKET: dict[str, Quantity] = {
    "btc_price_usd": q.BITCOIN_PRICE,
    "network_eh": q.NETWORK_HASHRATE,
    "difficulty": q.DIFFICULTY,
    "fees_btc_per_block": q.FEES_PER_BLOCK,
    "fees_fraction_of_subsidy": q.FEES_FRACTION,
}
"""What the hashprice follows from."""
STATED: dict[str, Quantity] = {
    "revenue_usd_per_eh_day": q.REVENUE_PER_EH_DAY,
    "gross_profit_usd_per_eh_day": q.GROSS_PROFIT_PER_EH_DAY,
    "margin_fraction": q.MARGIN,
    "margin_change_bp": q.CHANGE_BP,
    "revenue_change_fraction": q.CHANGE,
    "gross_profit_change_fraction": q.CHANGE,
    "network_change_fraction": q.CHANGE,
    "hashprice_btc_per_ph_day": q.HASHPRICE_BTC,
    "hashprice_usd_per_ph_day": q.HASHPRICE_STATED,
    "reported_eh": q.GROUP_HASHRATE,
    "reported_share_fraction": q.FRACTION,
    "operating_eh": q.GROUP_HASHRATE,
    "mined_btc": q.COINS,
    "mined_share_fraction": q.FRACTION,
    "market_cap_usd": q.MARKET_VALUE,
    "market_cap_change_fraction": q.CHANGE,
    "cap_to_opportunity_fraction": q.OF_OPPORTUNITY,
}
"""What is published about a network or a group of miners, and can be checked against it."""
FIELDS = {**MARKET, **STATED}
MONTH, DAY = "month", "date"
REMARKS = ("source", "note")
"""Columns that are for the reader of the file."""
MOST_MONTHS = 1_200


class NetworkFile(Input):
    """A CSV file of the network; `columns`: the column of each field that is named otherwise, where the file has it."""

    file: str
    columns: dict[str, str] = {}
    _months: dict[str, dict[Month, float]] = PrivateAttr(default={})
    _by_day: dict[date, dict[str, float]] = PrivateAttr(default={})
    _header: list[str] = PrivateAttr(default=[])
    _unused: list[str] = PrivateAttr(default=[])

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> NetworkFile:
        header = header_of_csv(locate_input(self.file, "file", info).read_bytes(), self.file, "file")
        for name in self.columns:
            if name not in FIELDS and name not in (MONTH, DAY):
                known = (MONTH, DAY, *FIELDS)
                raise refusal(f'the field "{name}"', f"one of: {listed(known)}", nearest(name, known), field="columns")
        wanted = {name: self.columns.get(name, name) for name in (MONTH, DAY, *FIELDS)}
        present = {name: column for name, column in wanted.items() if column in header}
        if (MONTH in present) == (DAY in present):
            found = "both a column month and a column date" if MONTH in present else "neither a column month nor a column date"
            allowed = "one of them: month (YYYY-MM) or date (YYYY-MM-DD)"
            raise refusal(f"{self.file}: {found}", allowed, self._hint(header), field="file")
        if len(present) == 1:
            raise refusal(f"{self.file}: no known figure", f"at least one of: {listed(FIELDS)}", self._hint(header), field="file")
        self._header = header
        self._unused = [column for column in header if column not in (*present.values(), *REMARKS)]
        self._fill(present, info)
        return self

    def _hint(self, header: list[str]) -> str:
        absent = next(((name, column) for name, column in self.columns.items() if column not in header), None)
        if absent is not None:
            return f'no column "{absent[1]}" for {absent[0]}; {nearest(absent[1], header)}'.rstrip("; ")
        near = next((hint for column in header if (hint := nearest(column, FIELDS))), "")
        return near or "--column FIELD=NAME names a column that is called otherwise"

    def _fill(self, present: dict[str, str], info: ValidationInfo) -> None:
        """Read every row; all faulty ones are refused together."""
        faults = FaultyRows(self.file, "file")
        by_day = DAY in present
        seen: set[Month | date] = set()
        values: dict[Month | date, dict[str, float]] = {}
        for line, (time, *cells) in csv_rows(self.file, "file", present, info, faults):
            try:
                at = day_of(time) if by_day else Month._check(time)
                if at in seen:
                    raise refusal(f"{time} a second time", "each month once" if not by_day else "each day once")
                seen.add(at)
                values[at] = dict(_numbers(list(present)[1:], list(present.values())[1:], cells))
            except PydanticCustomError as fault:
                faults.add(f"line {line}", fault)
        faults.refuse()
        if not values:
            raise refusal(f"{self.file}: no rows", "a header and at least one row", field="file")
        if by_day:
            self._by_day = {at: row for at, row in sorted(values.items()) if isinstance(at, date)}
            self._months = _means_of_months(self._by_day)
        else:
            self._months = {
                name: {at: row[name] for at, row in sorted(values.items()) if isinstance(at, Month) and name in row}
                for name in present
                if name != MONTH
            }

    # --- what it holds ------------------------------------------------------------------------------------------------

    @property
    def months(self) -> dict[str, dict[Month, float]]:
        """Known figures by field and month."""
        return {name: found for name, found in self._months.items() if found}

    @property
    def days(self) -> dict[date, dict[str, float]]:
        """Known figures by day; empty for a file of months."""
        return self._by_day

    @property
    def header(self) -> list[str]:
        """The columns of the file."""
        return self._header

    def notes(self) -> Iterator[str]:
        if self._unused:
            yield f"{self.file}: columns that are not used: {listed(self._unused)}"
        by_short: dict[str, list[str]] = {}
        for name in self.months:
            days = [day for day, row in self._by_day.items() if name in row]
            by_short.setdefault(_short_months(days), []).append(name)
        for short, names in by_short.items():
            if short:
                yield f"{self.file}: {', '.join(names)} as means of the days given, in {short}"


def _numbers(fields: list[str], columns: list[str], cells: list[str]) -> Iterator[tuple[str, float]]:
    """The figures of a row, within their bounds; an empty cell is no figure."""
    for name, column, cell in zip(fields, columns, cells, strict=True):
        if not cell:
            continue
        try:
            yield name, FIELDS[name].check(finite_number(cell, column))
        except PydanticCustomError as fault:
            context = fault.context or {}
            found = str(context["found"])
            named = found if found.startswith(column) else f"{column} {found}"
            raise refusal(named, context["allowed"], context["hint"]) from None


def _short_months(days: Iterable[date]) -> str:
    """The months that lack a day, with how many days there are; empty if there is none."""
    count = Counter(map(Month.containing, days))
    return listed(f"{month} ({found} of {month.days})" for month, found in sorted(count.items()) if found < month.days)


def _means_of_months(by_day: Mapping[date, Mapping[str, float]]) -> dict[str, dict[Month, float]]:
    sums: dict[str, dict[Month, list[float]]] = {}
    for day, row in by_day.items():
        for name, value in row.items():
            sums.setdefault(name, {}).setdefault(Month.containing(day), []).append(value)
    return {name: {month: math.fsum(found) / len(found) for month, found in months.items()} for name, months in sums.items()}


# --- several files as one table -----------------------------------------------------------------------------------------


def read_network(files: list[NetworkFile], fees: float | None) -> NetworkMonths:
    """The files joined by month; `fees` is the fraction of the subsidy in every month where no file gives them.

    Raises a refusal where the files contradict each other or lack what a hashprice needs.
    """
    found = _joined(files)
    months = sorted({month for values in found.values() for month in values})
    length = int(months[-1]) - int(months[0]) + 1
    if length > MOST_MONTHS:
        raise refusal(f"months from {months[0]} to {months[-1]}", f"at most {MOST_MONTHS:,} months")
    calendar = Calendar(months[0], length)
    columns = {name: _on(calendar, values) for name, values in found.items()}
    subsidy = subsidy_by_month(calendar)
    price = columns.get("btc_price_usd", np.full(length, np.nan))
    network = _network(columns, length)
    in_btc = hashprice_btc_per_ph_day(
        columns.get("difficulty", difficulty_of_network(network)), subsidy, _fees(columns, subsidy, fees)
    )
    in_btc, in_usd = np.array(in_btc, dtype=float), np.array(in_btc * price, dtype=float)
    notes = [note for file in files for note in file.notes()]
    for file in files:
        notes += _put_daily_means(file, calendar, fees, in_btc, in_usd)
    stated = {name: columns[name] for name in STATED if name in columns}
    return NetworkMonths(calendar, price, network, in_usd, in_btc, subsidy, stated, tuple(notes))


def _joined(files: list[NetworkFile]) -> dict[str, dict[Month, float]]:
    """Every field from the one file that gives it."""
    found: dict[str, dict[Month, float]] = {}
    home: dict[str, str] = {}
    for file in files:
        for name, values in file.months.items():
            if name in found:
                raise _contradiction(name, (home[name], found[name]), (file.file, values))
            found[name], home[name] = values, file.file
    for one, other in (("network_eh", "difficulty"), ("fees_btc_per_block", "fees_fraction_of_subsidy")):
        if one in found and other in found:
            where = home[one] if home[one] == home[other] else f"{home[one]} and {home[other]}"
            raise refusal(f"both {one} and {other} ({where})", "one of the two", f"leave out the column {other}", field="file")
    if not found:
        raise refusal("no figures at all", "at least one row with a figure", field="file")
    return found


def _contradiction(name: str, one: tuple[str, dict[Month, float]], other: tuple[str, dict[Month, float]]) -> PydanticCustomError:
    """Two files give the same figure: said with the first month in which they differ."""
    (first_file, first), (second_file, second) = one, other
    differing = [month for month in first if month in second and not math.isclose(first[month], second[month], rel_tol=1e-9)]
    told = f"{name} in {first_file} and in {second_file}"
    if differing:
        month = differing[0]
        told += f", in {month} {first[month]:,g} and {second[month]:,g}"
    return refusal(told, "each figure from one file", "leave one of the two columns out", field="file")


def _on(calendar: Calendar, values: dict[Month, float]) -> Array:
    column = np.full(calendar.length, np.nan)
    for month, value in values.items():
        column[calendar.index(month)] = value
    return column


def _network(columns: dict[str, Array], length: int) -> Array:
    if "difficulty" in columns:
        return np.asarray(network_of_difficulty(columns["difficulty"]))
    return columns.get("network_eh", np.full(length, np.nan))


def _fees(columns: dict[str, Array], subsidy: Array, fees: float | None) -> Array:
    """BTC per block."""
    if "fees_btc_per_block" in columns:
        return columns["fees_btc_per_block"]
    if "fees_fraction_of_subsidy" in columns:
        return np.asarray(columns["fees_fraction_of_subsidy"] * subsidy)
    if fees is not None:
        return np.asarray(fees * subsidy)
    if "network_eh" not in columns and "difficulty" not in columns:
        return np.zeros_like(subsidy)
    allowed = "a column fees_btc_per_block or fees_fraction_of_subsidy, or --fees"
    raise refusal("no fees", allowed, "--fees 0.006 for late 2025; --fees 0 for the block subsidy alone", field="file")


def _put_daily_means(file: NetworkFile, calendar: Calendar, fees: float | None, in_btc: Array, in_usd: Array) -> list[str]:
    """Where a file of days has all that a hashprice needs, the months' hashprice is the mean of its days'.

    A note tells the months in which some days lack what it needs, and others do not.
    """
    if not file.days:
        return []
    days = np.array([day.toordinal() for day in file.days], dtype=float)
    subsidy = mean_subsidy_btc(days, days + 1)
    columns = {name: np.array([row.get(name, np.nan) for row in file.days.values()]) for name in MARKET if name in file.months}
    if "btc_price_usd" not in columns or not {"network_eh", "difficulty"} & set(columns):
        return []
    if fees is None and not {"fees_btc_per_block", "fees_fraction_of_subsidy"} & set(columns):
        return []
    difficulty = columns.get("difficulty", difficulty_of_network(_network(columns, len(days))))
    daily_btc = np.asarray(hashprice_btc_per_ph_day(difficulty, subsidy, _fees(columns, subsidy, fees)))
    daily_usd = daily_btc * columns["btc_price_usd"]
    month = np.array([calendar.index(Month.containing(day)) for day in file.days])
    for daily, monthly in ((daily_btc, in_btc), (daily_usd, in_usd)):
        known = np.isfinite(daily)
        count = np.bincount(month[known], minlength=calendar.length)
        total = np.bincount(month[known], weights=daily[known], minlength=calendar.length)
        monthly[count > 0] = total[count > 0] / count[count > 0]
    whole = [day for day, found in zip(file.days, np.isfinite(daily_usd), strict=True) if found]
    short = _short_months(whole) if len(whole) < len(file.days) else ""
    return [f"{file.file}: hashprice as a mean of the days that have price, network and fees, in {short}"] if short else []
