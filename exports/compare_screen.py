"""A comparison as text for the terminal: side by side, why the values differ, and the regret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..models.reopened import can_reopen, spent_before_usd
from ..models.scenario import Scenario
from ..optimizer.compare import Column, Comparison
from ..optimizer.policies import CHECKED, NOTHING_SIGNED
from ..optimizer.tables import Row
from .colour import colour
from .columns import GAP, columns, paragraph
from .screen import page_width, title_lines

MOST_LINES = 12
"""Lines of a difference that are shown; the smaller ones are added up."""
LONGEST_LABEL = 24
PARTS = "+"
"""Behind the first start of an offer that is taken in several parts."""
NOTHING_USD = 0.5e5
"""Less shows as 0.0 million."""


def comparison_lines(found: Comparison) -> Iterator[str]:
    """The comparison line by line."""
    width = page_width()
    several = len(found.scenarios) > 1
    for label, scenario in found.scenarios.items():
        first, *changes = title_lines(scenario, width)
        yield f"{label}: {first}" if several else first
        yield from changes
    yield from _side_by_side(found, width)
    yield from _cash(found, width)
    yield from _break_evens(found, width)
    yield from _waterfalls(found)
    yield from _differences(found)
    if several:
        yield from _regret(found, width)


def _heading(text: str) -> Iterator[str]:
    yield ""
    yield colour(text, "bold")


def _across(first: Sequence[str], labels: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """A table with a row for each word of `first` and a column for each label, in as many blocks as the width needs."""
    done = 0
    while done < len(labels):
        taken = len(labels) - done
        lines = _block(first, labels, cells, done, taken)
        while taken > 1 and max(map(len, lines)) > width:
            taken -= 1
            lines = _block(first, labels, cells, done, taken)
        if done:
            yield ""
        yield from lines
        done += taken


def _block(first: Sequence[str], labels: Sequence[str], cells: Sequence[Sequence[str]], start: int, taken: int) -> list[str]:
    kept = slice(start, start + taken)
    rows = [(name, *row[kept]) for name, row in zip(first, cells, strict=True)]
    return columns(("", *map(_short, labels[kept])), rows)


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 3]}..."


# --- side by side -------------------------------------------------------------------------------------------------------


def _side_by_side(found: Comparison, width: int) -> Iterator[str]:
    yield from _heading("Side by side")
    rows = found.rows["compared"]
    shown = {
        "verdict": [row["verdict"].split(",")[0] for row in rows],
        "NPV, M USD": [_m(row["npv_usd"]) for row in rows],
        f"more than {_short(rows[0]['column'])}": ["", *(_m(row["difference_usd"]) for row in rows[1:])],
        "leased, critical MW": [f"{row['leased_critical_mw']:,.1f}" for row in rows],
        "mining, mean MW": [f"{row['mean_mining_mw']:,.1f}" for row in rows],
        "capex, M USD": [_m(row["capex_usd"]) for row in rows],
        "worst year": [str(row["worst_year"]) for row in rows],
        "its cash, M USD": [_m(row["worst_year_cash_usd"]) for row in rows],
    }
    if len(rows) == 1:
        del shown[f"more than {_short(rows[0]['column'])}"]
    yield from _across(list(shown), [row["column"] for row in rows], list(shown.values()), width)
    for row in found.rows["left_out"]:
        yield from paragraph(f"left out: {row['plan']}: {row['why']}", width, hanging=GAP)
    for row in rows:
        if "," in row["verdict"]:
            yield from paragraph(f"{row['column']}: {row['verdict']}", width)
    if any(row["verdict"] == CHECKED for row in rows):
        yield from paragraph(
            "CHECKED: limits, whole blocks and ledger are checked; such a plan is not meant to be the best one. "
            "Capex: of signed leases too, from the valuation date on",
            width,
            hanging=GAP,
        )
    for column in found.columns:
        if column.found.policy == NOTHING_SIGNED:
            yield from paragraph(_nothing_signed(column.label, found.scenarios[column.scenario]), width, hanging=GAP)
    yield from _leases(found, width)


def _nothing_signed(label: str, scenario: Scenario) -> str:
    """What the column reopens, and how money that is spent already counts in it."""
    again = can_reopen(scenario)
    if not again:
        return f"{label}: no lease that is signed begins after the valuation date, so this is the optimum"
    start = scenario.calendar.start
    kept = [lease.name for lease in scenario.leases if lease.status == "signed" and lease not in again]
    usd = sum(spent_before_usd(lease, start) for lease in again)
    spent = f", {_m(usd)} M USD of it spent before {start} and counted as of then" if usd >= NOTHING_USD else ""
    begun = f"; begun and kept: {', '.join(kept)}" if kept else ""
    names = ", ".join(lease.name for lease in again)
    return f"{label}: offers again, whole or not at all: {names}; all of their capex counts{spent}{begun}"


def _leases(found: Comparison, width: int) -> Iterator[str]:
    """Critical MW of every offer in every column, and its starts."""
    taken: dict[str, dict[str, list[Row]]] = {}
    for row in found.rows["compared_leases"]:
        taken.setdefault(row["offer"], {}).setdefault(row["column"], []).append(row)
    if not taken:
        return
    yield from _heading("Leases: critical MW and first start of rent")
    labels = [column.label for column in found.columns]
    cells = [[_taken(parts.get(label, [])) for label in labels] for parts in taken.values()]
    yield from _across(list(taken), labels, cells, width)
    if any(cell.endswith(PARTS) for row in cells for cell in row):
        yield from paragraph(f"{PARTS}: in several parts, the first of them then", width, hanging=GAP)


def _taken(parts: list[Row]) -> str:
    if not parts:
        return "-"
    mw = sum(part["critical_mw"] for part in parts)
    return f"{mw:,.1f} {min(part['start'] for part in parts)}{PARTS if len(parts) > 1 else ' '}"


def _cash(found: Comparison, width: int) -> Iterator[str]:
    yield from _heading("Cash of each year, M USD")
    cash = {(row["column"], row["year"]): row["cash_usd"] for row in found.rows["compared_cash"]}
    years = sorted({year for _, year in cash})
    labels = [column.label for column in found.columns]
    cells = [[_or_dash(cash.get((label, year))) for label in labels] for year in years]
    yield from _across([str(year) for year in years], labels, cells, width)


def _break_evens(found: Comparison, width: int) -> Iterator[str]:
    rows = found.rows["compared_break_evens"]
    if not rows:
        return
    optima = [column.label for column in found.columns if column.found.plan is not None]
    by_place = {(row["column"], row["offer"]): row for row in rows}
    offers = list(dict.fromkeys(row["offer"] for row in rows))
    yield from _heading("Break-evens: rent, USD per kW of critical IT and month; factor on the hashprice path")
    cells = [[_flips(by_place.get((label, offer))) for label in optima] for offer in offers]
    yield from _across(offers, optima, cells, width)
    yield from paragraph("where the decision on an offer flips, all else as it is; of optima alone", width, hanging=GAP)


def _flips(row: Row | None) -> str:
    if row is None:
        return "-"
    rent, hashprice = row["break_even_rent_usd_per_kw_month"], row["break_even_hashprice_multiplier"]
    return f"{'-' if rent is None else f'{rent:,.1f}'}  {'-' if hashprice is None else f'x {hashprice:.3f}':>8}"


# --- why ----------------------------------------------------------------------------------------------------------------


def _differences(found: Comparison) -> Iterator[str]:
    first = found.columns[0]
    for column in found.columns[1:]:
        total = column.found.npv_usd - first.found.npv_usd
        yield from _heading(f"{column.label} less {first.label}: discounted M USD by line of the ledger")
        yield from _difference(column, first, [row for row in found.rows["differences"] if row["column"] == column.label], total)


def _difference(column: Column, first: Column, rows: list[Row], total: float) -> Iterator[str]:
    if not rows:
        yield f"{GAP}no line moves"
        return
    sites = {row["site"] for row in rows}
    shown: list[tuple[str, ...]] = [
        (
            row["item"].replace("_", " "),
            row["name"] if len(sites) == 1 else f"{row['name']}, {row['site']}",
            _m(row["first_discounted_usd"]),
            _m(row["discounted_usd"]),
            _m(row["difference_usd"]),
        )
        for row in rows[:MOST_LINES]
    ]
    rest = rows[MOST_LINES:]
    if rest:
        sums = (sum(row[key] for row in rest) for key in ("first_discounted_usd", "discounted_usd", "difference_usd"))
        shown.append((f"{len(rest)} smaller lines", "", *map(_m, sums)))
    shown.append(("all lines that move", "", "", "", _m(total)))
    yield from columns(("", "", _short(first.label), _short(column.label), "difference"), shown, left=(0, 1))


def _waterfalls(found: Comparison) -> Iterator[str]:
    pairs = dict.fromkeys((row["from_column"], row["to_column"]) for row in found.rows["waterfall"])
    for before, after in pairs:
        yield from _heading(f"From {before} to {after}, discounted M USD")
        rows = [
            (row["step"], "" if row["change_usd"] is None else f"{row['change_usd'] / 1e6:+,.1f}", _m(row["npv_usd"]))
            for row in found.rows["waterfall"]
            if (row["from_column"], row["to_column"]) == (before, after)
        ]
        yield from columns(("", "step", "NPV"), rows)


# --- regret -------------------------------------------------------------------------------------------------------------


def _regret(found: Comparison, width: int) -> Iterator[str]:
    yield from _heading("Regret, M USD: how much less each plan is worth than the best plan of the scenario")
    rows = found.rows["regret"]
    cells = {(row["plan"], row["scenario"]): row["regret_usd"] for row in rows}
    plans = list(dict.fromkeys(row["plan"] for row in rows))
    table = []
    for plan in plans:
        regrets = [cells[plan, label] for label in found.scenarios]
        largest = None if None in regrets else max(regrets)
        table.append([*map(_or_dash, regrets), _or_dash(largest)])
    yield from _across(plans, [*found.scenarios, "largest"], table, width)
    yield from paragraph(
        "a plan commits its leases (offer, MW, start); mining is decided anew around them in every scenario. "
        "-: its leases do not fit there",
        width,
        hanging=GAP,
    )
    for row in rows:
        if not row["fits"]:
            yield from paragraph(f"{row['plan']} in {row['scenario']}: {row['why_not']}", width)


# --- numbers ------------------------------------------------------------------------------------------------------------


def _m(usd: float) -> str:
    """Millions with one decimal, without a minus before nothing."""
    return f"{0.0 if abs(usd) < NOTHING_USD else usd / 1e6:,.1f}"


def _or_dash(usd: float | None) -> str:
    return "-" if usd is None else _m(usd)
