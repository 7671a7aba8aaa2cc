"""What `hashlease run` prints: for a planner, the decision first, then what carries it."""

from __future__ import annotations

import math
import shutil
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from ..errors import printable
from ..models.scenario import Scenario
from ..optimizer.certificate import Part
from ..optimizer.plan import Plan
from ..optimizer.tables import Row
from .colour import colour
from .columns import GAP, columns, paragraph
from .decision import actions, musd, not_counted
from .figures import count_sources

COLOURS = {"CERTIFIED": "green", "FEASIBLE": "yellow", "INFEASIBLE": "red", "DO NOT USE": "red"}
NARROWEST, WIDEST = 80, 132
SITES_IN_A_ROW = 6
MORE_MW = {"energised": "usd_per_mw", "suitable": "usd_per_suitable_mw"}
"""Columns of the shadow prices by what they are the price of."""
USES = ("mining", "lease", "conversion", "kept", "idle")


def show_plan(plan: Plan) -> None:
    """Print a plan."""
    for line in plan_lines(plan):
        print(line)


def page_width() -> int:
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))


def plan_lines(plan: Plan) -> Iterator[str]:
    """The lines of a plan, section by section."""
    width = page_width()
    yield from _headline(plan, width)
    if plan.is_final:
        yield from _what_to_do(plan, width)
        yield from _against_references(plan, width)
        yield from _yearly(plan, width)
        yield from _budget(plan, width)
        yield from _floors(plan, width)
        yield from _offers(plan, width)
        yield from _machine_offers(plan, width)
        yield from _expansions(plan, width)
        yield from _stranded(plan, width)
        yield from _proof_and_notes(plan, width)
    else:
        for conflict in plan.conflicts:
            yield from paragraph(conflict, width)
    for warning in plan.warnings:
        for line in paragraph(f"note: {warning}", width):
            yield colour(line, "yellow")


def _heading(text: str) -> Iterator[str]:
    yield ""
    yield colour(text, "bold")


def _headline(plan: Plan, width: int) -> Iterator[str]:
    hue = next(hue for verdict, hue in COLOURS.items() if plan.verdict.startswith(verdict))
    yield from title_lines(plan.scenario, width)
    yield colour(plan.verdict, hue, "bold")
    if plan.is_final and plan.certificate is not None:
        calendar = plan.scenario.calendar
        yield from paragraph(
            f"worth {musd(plan.npv_usd)} on {plan.scenario.finance.valuation_date} ({calendar.start} to {calendar.end}); "
            f"no plan can be worth {max(plan.certificate.gap_usd, 1.0):,.0f} USD more",
            width,
        )


def title_lines(scenario: Scenario, width: int) -> Iterator[str]:
    """What the figures below belong to: the title with the file, and every field that was changed for this run."""
    file = f" ({printable(scenario.origin.file)})" if scenario.origin.file else ""
    yield colour(f"{printable(scenario.title or scenario.name)}{file}", "bold")
    for assignment in scenario.origin.overrides:
        for line in paragraph(f"--set {printable(assignment)}", width):
            yield colour(line, "yellow")


# --- the decision ----------------------------------------------------------------------------------------------------


def _what_to_do(plan: Plan, width: int) -> Iterator[str]:
    yield from _heading("What to do now")
    for verb, text in actions(plan):
        yield from paragraph(f"{verb:<6} {text}", width, hanging=" " * 9)


def _against_references(plan: Plan, width: int) -> Iterator[str]:
    yield from _heading("Value against the two reference plans")
    leased = sum(row["critical_mw"] for row in plan.rows["leases"])
    rows = [("this plan", _m(plan.npv_usd), "", f"{leased:,.1f}")]
    for reference in plan.references:
        figures = (_m(reference.npv_usd), _m(plan.npv_usd - reference.npv_usd), f"{reference.leased_critical_mw:,.1f}")
        rows.append((_words(reference.name), *(figures if reference.is_possible else ("-", "-", "-"))))
    yield from columns(("", "NPV M USD", "this plan is worth more by", "leased critical MW"), rows)
    for reference in plan.references:
        yield from paragraph(f"{_words(reference.name)}: {reference.definition}", width)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _yearly(plan: Plan, width: int) -> Iterator[str]:
    mw: dict[tuple[str, int], float] = defaultdict(float)
    for row in plan.rows["allocation_by_year"]:
        mw[row["use"], row["year"]] += row["mw"]
    cash: dict[int, float] = defaultdict(float)
    for row in plan.rows["cash_by_year"]:
        cash[row["year"]] += row["usd"]
    years = plan.scenario.calendar.years
    uses = [use for use in USES if any(mw[use, year] for year in years)]
    hashprice = _by_year(plan.rows["market"], "hashprice_usd_per_ph_day")
    sites = [site.name for site in plan.scenario.sites]
    worth = {site: _worth_of_a_mw(plan, site) for site in sites}
    alone = worth[sites[0]] if len(sites) == 1 else {}
    more = ", cash, and what one more MW through the year is worth today" if alone else " of all sites together, and cash"
    yield from _heading(f"Year by year: mean MW at the meter{more}")
    rows = [
        (
            str(year),
            *(f"{mw[use, year]:,.1f}" for use in uses),
            _m(cash[year]),
            f"{sum(hashprice[year]) / len(hashprice[year]):,.1f}",
            *(f"{usd[year] / 1e3:,.1f}" for usd in alone.values()),
        )
        for year in years
    ]
    headings = (f"{kind} MW, k USD" for kind in alone)
    yield from columns(("", *uses, "cash M USD", "hashprice USD/PH/day", *headings), rows)
    for kind in () if alone else MORE_MW:
        yield from _heading(f"What one more {kind} MW through the year is worth today, by site, k USD")
        for first in range(0, len(sites), SITES_IN_A_ROW):
            shown = sites[first : first + SITES_IN_A_ROW]
            cells = [(str(year), *(f"{worth[site][kind][year] / 1e3:,.1f}" for site in shown)) for year in years]
            yield from columns(("", *shown), cells)


def _worth_of_a_mw(plan: Plan, site: str) -> dict[str, dict[int, float]]:
    """Value today of one more energised and one more suitable MW of a site through each year, USD."""
    rows = [row for row in plan.rows["shadow_price"] if row["site"] == site]
    by_year = {kind: _by_year(rows, column) for kind, column in MORE_MW.items()}
    return {kind: {year: sum(usd) for year, usd in found.items()} for kind, found in by_year.items()}


def _by_year(rows: list[Row], column: str) -> dict[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        found[int(row["period"][:4])].append(row[column])
    return found


def _budget(plan: Plan, width: int) -> Iterator[str]:
    tables = {"": plan.rows["budget_price"], "up to ": plan.rows["cumulative_budget_price"]}
    rows = [
        (
            f"{until}{row['year']}",
            _m(row["budget_usd"]),
            _m(row["spent_usd"]),
            _m(row["budget_usd"] - row["spent_usd"]),
            f"{row['usd_per_usd']:,.3f}",
        )
        for until, table in tables.items()
        for row in table
    ]
    if rows:
        yield from _heading("Capex budget, M USD of its year")
        yield from columns(("", "budget", "spent", "left", "one more USD is worth today, USD"), rows)
        yield from paragraph(budget_rule(plan.scenario), width)


def _floors(plan: Plan, width: int) -> Iterator[str]:
    rows = plan.rows["cash_floor"]
    if rows:
        yield from _heading("Cash at the end of the year, M USD of its year")
        cells = [
            (
                str(row["year"]),
                _m(row["floor_usd"]),
                _m(row["cash_usd"]),
                _m(row["cash_usd"] - row["floor_usd"]),
                f"{row['usd_per_usd']:,.3f}",
            )
            for row in rows
        ]
        yield from columns(("", "floor", "cash", "above it", "one more USD by then is worth today, USD"), cells)
        words = "Break-even rents and hashprices are not told: at other prices the floors allow other plans"
        yield from paragraph(words, width)


def budget_rule(scenario: Scenario) -> str:
    """What the capex budgets do not limit."""
    finance = scenario.finance
    last = max(finance.cumulative_capex_budget_usd, default=0)
    free = [year for year in scenario.calendar.years if year not in finance.capex_budget_usd and year > last]
    runs = [[year for _, year in run] for _, run in groupby(enumerate(free), lambda pair: pair[1] - pair[0])]
    spans = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
    years = f"no limit in the years without a budget ({spans}); " if spans else ""
    lent = "; what lenders pay out does not count" if finance.capex_budget_is_net_of_debt else ""
    return f"{years}capex of signed leases does not count{lent}"


# --- the offers ------------------------------------------------------------------------------------------------------


def _offers(plan: Plan, width: int) -> Iterator[str]:
    if not plan.rows["leases"]:
        return
    yield from _heading("Lease offers")
    rows = [
        (
            row["offer"],
            f"{row['critical_mw']:,.1f} of {row['offered_critical_mw']:,.1f}",
            _m(row["npv_usd"]) if row["critical_mw"] else "-",
            _percent(row["irr"]),
            _percent(row["yield_on_cost"]),
            f"{row['first_year_rent_usd_per_kw_month']:,.1f}",
            _or_dash(row["break_even_rent_usd_per_kw_month"], "{:,.1f}"),
            _or_dash(row["break_even_hashprice_multiplier"], "x {:.3f}"),
        )
        for row in plan.rows["leases"]
    ]
    yield from columns(
        ("", "critical MW", "NPV M USD", "IRR", "yield on cost", "rent", "break-even rent", "break-even hashprice"), rows
    )
    yield from paragraph(
        "rent: first year, USD per kW of critical IT and month. Break-even: where the decision flips, all else as it is, "
        "by solving again; hashprice as a factor on the whole path. -: no flip from 0 to 10 times the hashprice, "
        f"or up to 64 times the rent. IRR {_after_tax(plan)}; yield on cost before tax",
        width,
        hanging=GAP,
    )
    cut_off = [row["offer"] for row in plan.rows["leases"] if row["cut_off_months"]]
    if cut_off:
        horizon = f"the horizon ends in {plan.scenario.calendar.end}, before the base term of {', '.join(cut_off)}"
        yield from paragraph(f"{horizon}: NPV, IRR, yield and break-evens count no cash after it", width, hanging=GAP)
    yield from _heading("Why")
    for row in plan.rows["leases"]:
        yield from paragraph(f"{row['offer']}: {row['reason']}", width)


def _machine_offers(plan: Plan, width: int) -> Iterator[str]:
    if not plan.rows["machines"]:
        return
    yield from _heading("Machines to buy, sell and move")
    rows = [
        (
            row["name"],
            row["decision"],
            f"{row['mw']:,.1f} of {row['of_mw']:,.1f}",
            _m(row["npv_usd"]) if row["mw"] else "-",
            _m(row["worth_usd"]) if row["mw"] and math.isfinite(row["worth_usd"]) else "-",
            f"{row['usd_per_th']:,.2f}",
            _or_dash(row["break_even_usd_per_th"], "{:,.2f}"),
            row["month"] or row["best_month"],
        )
        for row in plan.rows["machines"]
    ]
    yield from columns(("", "", "MW", "NPV M USD", "the plan loses without M USD", "USD/TH", "break-even USD/TH", "month"), rows)
    yield from paragraph(
        "NPV after tax: price, mining and resale of what is bought; price of what is sold, less the resale forgone; cost of "
        "moving. Break-even: the price at which the decision flips, all else as it is, by solving again; -: none up to 64 times "
        "that. Month: of the first delivery, sale or move, or the best there is",
        width,
        hanging=GAP,
    )
    for row in plan.rows["machines"]:
        yield from paragraph(f"{row['name']}: {row['reason']}", width)


def _expansions(plan: Plan, width: int) -> Iterator[str]:
    if not plan.rows["expansions"]:
        return
    yield from _heading("Expansions")
    rows = [
        (
            row["name"],
            row["decision"],
            f"{row['mw']:,.1f} of {row['of_mw']:,.1f}",
            _m(row["capex_usd"]) if row["mw"] else "-",
            _m(row["worth_usd"]) if row["mw"] and math.isfinite(row["worth_usd"]) else "-",
            f"{row['capex_usd_per_mw']:,.0f}",
            _or_dash(row["break_even_capex_usd_per_mw"], "{:,.0f}"),
            row["month"] or row["best_month"] or "-",
        )
        for row in plan.rows["expansions"]
    ]
    heads = ("", "", "MW", "capex M USD", "the plan loses without M USD", "USD per MW", "break-even USD per MW", "month")
    yield from columns(heads, rows)
    yield from paragraph(
        "Break-even: the capex at which the decision flips, all else as it is, by solving again; -: none up to 64 times that. "
        "Month: from which the first MW are energised, or the best there is",
        width,
        hanging=GAP,
    )
    for row in plan.rows["expansions"]:
        yield from paragraph(f"{row['name']}: {row['reason']}", width)


def _stranded(plan: Plan, width: int) -> Iterator[str]:
    """Machines that other uses displace, where the scenario says what else could become of them."""
    worth = [row for row in plan.rows["stranded"] if row["sale_usd_per_mw"] is not None or row["move_gain_usd_per_mw"] is not None]
    if not worth:
        return
    yield from _heading("Machines that stand still although they would earn: other uses of their power are worth more")
    rows = [
        (
            row["fleet"],
            str(row["year"]),
            f"{row['mw']:,.1f}",
            _m(row["margin_usd"]),
            _or_dash(row["sale_usd_per_mw"], "{:,.0f}"),
            _or_dash(row["move_gain_usd_per_mw"], "{:,.0f}"),
        )
        for row in worth
    ]
    yield from columns(("", "", "mean MW", "margin forgone M USD", "a MW sold brings USD", "a MW moved gains USD"), rows)


def _after_tax(plan: Plan) -> str:
    taxed = "without tax (the scenario has none)" if plan.scenario.finance.tax is None else "after tax"
    return f"{taxed}, as if there were no loan" if any(lease.debt is not None for lease in plan.scenario.leases) else taxed


# --- the proof -------------------------------------------------------------------------------------------------------


def _proof_and_notes(plan: Plan, width: int) -> Iterator[str]:
    yield from _heading("Proof and notes")
    assert plan.certificate is not None
    for part in plan.certificate.parts:
        mark = "ok" if part.passed else "open" if part.number == 6 else "FAIL"
        note = f" ({part.note})" if part.note else ""
        yield from paragraph(f"{part.number} {mark:<5}{part.name}: {_size(part)} {part.unit}{note}", width)
    if plan.relaxation_npv_usd - plan.npv_usd > 1:
        worth = f"if blocks could be divided the plan would be worth {musd(plan.relaxation_npv_usd)}"
        yield from paragraph(f"{worth}; the prices of MW above are those of this relaxation", width)
    if plan.beyond is not None:
        yield from paragraph(not_counted(plan), width)
    sourced, assumed, silent = count_sources(plan.scenario)
    yield from paragraph(
        f"inputs: {sourced} with a source, {assumed} assumptions, {silent} with neither; hashlease validate --sources lists them",
        width,
    )


# --- numbers ---------------------------------------------------------------------------------------------------------


def _m(usd: float) -> str:
    """Millions with one decimal."""
    return f"{round(usd / 1e6, 1) + 0.0:,.1f}"


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _size(part: Part) -> str:
    """A figure of the certificate. Far below its limit it is rounding, which differs from processor to processor."""
    if part.number > 0 and abs(part.figure) < part.limit / 1000:
        return f"below {part.limit / 1000:g}"
    return f"{part.figure:.2g}"
