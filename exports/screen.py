"""What `hashlease run` and `hashlease validate` print: for a planner, the decision first, then what carries it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..models.scenario import Scenario
from ..models.sources import Sourced, is_assumption
from ..optimizer.plan import Plan, Row

COLOURS = {"CERTIFIED": "bold green", "FEASIBLE": "bold yellow", "INFEASIBLE": "bold red", "DO NOT USE": "bold red"}
WIDEST = 132


def console(stream: Any = None) -> Console:
    """A console as wide as the terminal, never wider than a page; characters its encoding lacks are replaced."""
    import shutil
    import sys

    target = sys.stdout if stream is None else stream
    if hasattr(target, "reconfigure"):
        target.reconfigure(errors="replace")
    columns = shutil.get_terminal_size((WIDEST, 24)).columns
    return Console(file=target, width=max(min(columns, WIDEST), 80), highlight=False, soft_wrap=False)


def show_plan(plan: Plan, out: Console) -> None:
    """The plan for the terminal."""
    _headline(plan, out)
    if not plan.is_final:
        for line in plan.conflicts:
            out.print(Text(f"  {line}"))
        _warnings(plan, out)
        return
    _what_to_do(plan, out)
    _against_references(plan, out)
    _yearly(plan, out)
    _reasons(plan, out)
    _notes(plan, out)
    _warnings(plan, out)


def _headline(plan: Plan, out: Console) -> None:
    colour = next(style for verdict, style in COLOURS.items() if plan.verdict.startswith(verdict))
    out.print(Text(plan.scenario.title or plan.scenario.name, style="bold"))
    line = Text(plan.verdict, style=colour)
    if plan.is_final and plan.certificate is not None:
        calendar = plan.scenario.calendar
        line.append(f"  worth {_musd(plan.npv_usd)} today ({plan.scenario.finance.valuation_date}), {calendar.start} to {calendar.end}", style="default")
        line.append(f"; no plan can be worth {max(plan.certificate.gap_usd, 1.0):,.0f} USD more", style="default")
    out.print(line)


def _what_to_do(plan: Plan, out: Console) -> None:
    out.print(Text("\nWhat to do now", style="bold"))
    taken = [row for row in plan.rows["leases"] if row["critical_mw"] and row["status"] == "offered"]
    for row in taken:
        out.print(
            Text(
                f"  sign   {row['offer']}: {row['critical_mw']:,.1f} MW critical ({row['meter_mw']:,.1f} MW at the meter), "
                f"{_starts(row)}, {_musd(row['capex_usd'])} of capex"
            )
        )
    for row in plan.rows["leases"]:
        if row["status"] == "signed":
            out.print(Text(f"  keep   {row['offer']}: {row['critical_mw']:,.1f} MW critical, signed, from {row['start']}"))
    if not taken:
        out.print(Text("  sign   none of the offers"))
    _machines(plan, out)


def _starts(row: Row) -> str:
    if len(row["starts"]) == 1:
        return f"rent from {row['start']}"
    return "rent from " + ", ".join(f"{start['start']} ({start['critical_mw']:,.1f} MW)" for start in row["starts"])


def _machines(plan: Plan, out: Console) -> None:
    first_year = min((row["year"] for row in plan.rows["fleets"]), default=0)
    for row in plan.rows["fleets"]:
        if row["year"] == first_year:
            off = "" if row["running_fraction"] is None else f", runs {100 * row['running_fraction']:.0f} % of the hours it could"
            verb = "mine " if row["mw"] else "idle "
            out.print(Text(f"  {verb}  {row['fleet']}: {row['mw']:,.1f} of {row['available_mw']:,.1f} MW in {first_year}{off}"))
    for row in plan.rows["allocation_by_year"]:
        if row["use"] == "idle" and row["year"] == plan.scenario.calendar.start.year and row["mw"] > 0.05:
            out.print(Text(f"  idle   {row['mw']:,.1f} MW at {row['site']} in {row['year']}"))


def _against_references(plan: Plan, out: Console) -> None:
    table = Table(title="Value against the reference plans", title_justify="left", title_style="bold", box=None, pad_edge=True)
    for heading, justify in (("", "left"), ("NPV, M USD", "right"), ("this plan is worth more by", "right"), ("critical MW leased", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    leased = sum(row["critical_mw"] for row in plan.rows["leases"])
    table.add_row("this plan", _m(plan.npv_usd), "", f"{leased:,.1f}", "")
    for reference in plan.references:
        name = reference.name.replace("_", " ")
        table.add_row(name, _m(reference.npv_usd), _m(plan.npv_usd - reference.npv_usd), f"{reference.leased_critical_mw:,.1f}", reference.definition)
    out.print()
    out.print(table)


def _yearly(plan: Plan, out: Console) -> None:
    mw: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row in plan.rows["allocation_by_year"]:
        mw[row["use"]][row["year"]] += row["mw"]
    cash: dict[int, float] = defaultdict(float)
    for row in plan.rows["cash_by_year"]:
        cash[row["year"]] += row["usd"]
    price: dict[int, float] = defaultdict(float)
    suitable: dict[int, float] = defaultdict(float)
    for row in plan.rows["shadow_price"]:
        price[int(row["period"][:4])] += row["usd_per_mw"]
        suitable[int(row["period"][:4])] += row["usd_per_suitable_mw"]
    hashprice = _year_means(plan.rows["market"], "hashprice_usd_per_ph_day")
    uses = [use for use in ("mining", "lease", "conversion", "kept", "idle") if any(mw[use].values())]
    table = Table(title="Allocation by year, mean MW at the meter", title_justify="left", title_style="bold", box=None, pad_edge=True)
    table.add_column("year")
    for use in uses:
        table.add_column(use, justify="right")
    for heading in ("cash, M USD", "hashprice USD/PH/day", "one more MW, k USD", "of it suitable"):
        table.add_column(heading, justify="right")
    for year in plan.scenario.calendar.years:
        table.add_row(
            str(year), *(f"{mw[use][year]:,.1f}" for use in uses), _m(cash[year]), f"{hashprice[year]:,.1f}",
            f"{price[year] / 1e3:,.1f}", f"{suitable[year] / 1e3:,.1f}",
        )
    out.print()
    out.print(table)
    out.print(
        Text(
            "  one more MW: value today of one more energised MW through that year; of it suitable: of one more MW that can host a lease",
            style="dim",
        )
    )


def _year_means(rows: list[Row], column: str) -> dict[int, float]:
    found: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        found[int(row["period"][:4])].append(row[column])
    return {year: sum(values) / len(values) for year, values in found.items()}


def _reasons(plan: Plan, out: Console) -> None:
    if not plan.rows["leases"]:
        return
    table = Table(title="Lease offers", title_justify="left", title_style="bold", box=None, pad_edge=True)
    table.add_column("offer", max_width=28)
    for heading in ("MW critical", "NPV M USD", "IRR", "yield on cost", "rent", "break-even rent", "break-even hashprice"):
        table.add_column(heading, justify="right")
    for row in plan.rows["leases"]:
        table.add_row(
            row["offer"],
            f"{row['critical_mw']:,.1f} of {row['offered_critical_mw']:,.1f}",
            _m(row["npv_usd"]),
            _percent(row["irr"]),
            _percent(row["yield_on_cost"]),
            f"{row['first_year_rent_usd_per_kw_month']:,.1f}",
            _or_dash(row["break_even_rent_usd_per_kw_month"], "{:,.1f}"),
            _or_dash(row["break_even_hashprice_multiplier"], "x {:.3f}"),
        )
    out.print()
    out.print(table)
    out.print(
        Text(
            "  rents in USD per kW of critical IT and month, first year; the break-even is where the decision flips, everything else as it is;\n"
            "  break-even hashprice as a factor on the whole path; a dash: it does not flip between 0 and 10 times (rent: up to 64 times)",
            style="dim",
        )
    )
    out.print(Text("\nWhy", style="bold"))
    for row in plan.rows["leases"]:
        out.print(Text(f"  {row['offer']}: {row['reason']}"))


def _notes(plan: Plan, out: Console) -> None:
    out.print(Text("\nProof and notes", style="bold"))
    assert plan.certificate is not None
    for part in plan.certificate.parts:
        mark = "ok  " if part.passed else "over" if part.number == 6 else "FAIL"
        out.print(Text(f"  {mark} {part.number} {part.name}: {part.figure:.2g} {part.unit} {part.note}".rstrip()))
    if plan.relaxation_npv_usd - plan.npv_usd > 1:
        out.print(Text(f"  without whole blocks the plan could be worth {_musd(plan.relaxation_npv_usd)} (linear relaxation); shadow prices are its duals"))
    if plan.beyond is not None:
        _beyond(plan, out)
    sourced, assumed, silent = count_sources(plan.scenario)
    out.print(Text(f"  {sourced} figures carry a source, {assumed} are assumptions, {silent} carry neither (hashlease validate --sources lists them)"))


def _beyond(plan: Plan, out: Console) -> None:
    assert plan.beyond is not None
    end, until = plan.scenario.calendar.end, plan.beyond["until"]
    if plan.beyond["leases_usd"] is None:
        out.print(Text(f"  leases may run to {until}; what they and mining earn after {end} is not counted (the paths end before)"))
        return
    out.print(
        Text(
            f"  not counted after {end} (to {until}, before tax): leases {_musd(plan.beyond['leases_usd'])}, "
            f"mining {_musd(plan.beyond['mining_usd'])}; buildings and machines count at their stated residual value"
        )
    )


def _warnings(plan: Plan, out: Console) -> None:
    for warning in plan.warnings:
        out.print(Text(f"  note: {warning}", style="yellow"))


# --- validate --------------------------------------------------------------------------------------------------------


def show_scenario(scenario: Scenario, out: Console, sources: bool = False) -> None:
    """The cross-checks that catch unit slips: the input's implied figures, and on demand every source."""
    calendar = scenario.calendar
    out.print(Text(f"{scenario.name} is valid", style="bold green"))
    out.print(
        Text(
            f"  {calendar.start} to {calendar.end} ({calendar.length} months); {len(scenario.sites)} sites, {len(scenario.fleets)} fleets, "
            f"{len(scenario.leases)} lease offers"
        )
    )
    _implied_market(scenario, out)
    _implied_fleets(scenario, out)
    _implied_leases(scenario, out)
    for warning in scenario.warnings():
        out.print(Text(f"  note: {warning}", style="yellow"))
    if sources:
        _sources(scenario, out)
    counted = count_sources(scenario)
    out.print(Text(f"  {counted[0]} figures carry a source, {counted[1]} are assumptions, {counted[2]} carry neither"))


def _implied_market(scenario: Scenario, out: Console) -> None:
    from ..models.values import Values

    values = Values(scenario)
    hashprice = values.market.hashprice_usd_per_ph_day
    first, last = scenario.calendar.start, scenario.calendar.end
    out.print(Text(f"  hashprice {hashprice[0]:,.2f} USD/PH/day in {first}, {hashprice[-1]:,.2f} in {last}, {hashprice.min():,.2f} to {hashprice.max():,.2f}"))
    for zone in scenario.power.zones:
        table = values.price_table(zone.name)
        mean = float(table.month_usd_per_mw.sum() / table.month_hours.sum())
        negative = float(table.hours[table.usd_per_mwh < 0].sum() / table.month_hours.sum())
        out.print(
            Text(
                f"  {zone.name}: mean {mean * scenario.power.multiplier:,.2f} USD/MWh around the clock over the horizon, "
                f"negative in {100 * negative:.1f} % of the hours, highest {table.usd_per_mwh.max():,.0f}"
            )
        )


def _implied_fleets(scenario: Scenario, out: Console) -> None:
    if not scenario.fleets:
        return
    hashprice = scenario.market.hashprice.market(scenario.calendar).hashprice_usd_per_ph_day
    table = Table(box=None, pad_edge=True)
    for heading in ("fleet", "EH/s", "J/TH", "MW at the meter", "revenue USD/MWh", "break-even USD/MWh", "from", "to"):
        table.add_column(heading, justify="left" if heading == "fleet" else "right")
    for fleet in scenario.fleets:
        first = 0 if fleet.first_month is None else min(max(scenario.calendar.index(fleet.first_month), 0), scenario.calendar.length - 1)
        at = hashprice[first : first + 1]
        table.add_row(
            fleet.name, f"{fleet.owned_eh:,.2f}", f"{fleet.efficiency_j_per_th:g}", f"{fleet.owned_mw:,.1f}",
            f"{fleet.revenue_usd_per_mwh(at)[0]:,.1f}", f"{fleet.break_even_usd_per_mwh(at)[0]:,.1f}",
            str(scenario.calendar.start + first), "end" if fleet.retire_month is None else str(fleet.retire_month),
        )
    out.print(table)


def _implied_leases(scenario: Scenario, out: Console) -> None:
    if not scenario.leases:
        return
    table = Table(box=None, pad_edge=True)
    for heading in ("offer", "status", "critical MW", "meter MW", "rent USD/kW-month", "= USD/meter MWh", "contract M USD", "capex M USD", "rent", "to"):
        table.add_column(heading, justify="left" if heading in ("offer", "status") else "right", max_width=28 if heading == "offer" else None)
    for lease in scenario.leases:
        starts = lease.starts(scenario.calendar)
        rent = lease.first_year_rent_usd_per_kw_month
        span = str(starts[0]) if len(starts) == 1 else f"{starts[0]}..{starts[-1]}"
        table.add_row(
            lease.name, lease.status, f"{lease.critical_it_mw:,.1f}", f"{lease.meter_mw:,.1f}", f"{rent:,.2f}",
            f"{rent * 12_000 / (lease.gross_up * 8766):,.1f}", f"{lease.contract_value / 1e6:,.0f}",
            f"{lease.landlord_capex_usd_per_critical_mw * lease.critical_it_mw / 1e6:,.0f}", span, str(starts[-1] + (lease.term_months - 1)),
        )
    out.print(table)


def _sources(scenario: Scenario, out: Console) -> None:
    for place, value, source in figures(scenario):
        label = "assumption" if is_assumption(source) else "source" if source else "none"
        out.print(Text(f"  {place} = {value}"), Text(f"      {label}: {source}" if source else "      no source", style="dim"), sep="\n")


def figures(scenario: Scenario) -> Iterable[tuple[str, str, str]]:
    """(field path, value, source) of every figure that was stated in a table that can carry sources."""
    yield from _figures(scenario, "", "")


def _figures(item: Any, place: str, inherited: str) -> Iterable[tuple[str, str, str]]:
    for field in item.model_fields_set:
        value = getattr(item, field)
        if field in ("sources", "name", "title", "description", "kind", "site", "zone", "status"):
            continue
        source = (item.source_of(field) if isinstance(item, Sourced) else "") or inherited
        path = f"{place}.{field}".lstrip(".")
        yield from _figures_of(value, path, source)


def _figures_of(value: Any, path: str, source: str) -> Iterable[tuple[str, str, str]]:
    from pydantic import BaseModel

    if isinstance(value, Sourced) or (isinstance(value, BaseModel) and not source):
        yield from _figures(value, path, source)
    elif isinstance(value, tuple) and value and isinstance(value[0], Sourced):
        for row in value:
            yield from _figures(row, f"{path}.{getattr(row, 'name', '')}", source)
    else:
        yield path, _short(value), source


def _short(value: Any) -> str:
    from pydantic import BaseModel

    text = str(value.model_dump(mode="json", by_alias=True, exclude_unset=True)) if isinstance(value, BaseModel) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def count_sources(scenario: Scenario) -> tuple[int, int, int]:
    """Figures with a source, assumptions, and figures that carry neither."""
    found = [source for _, _, source in figures(scenario)]
    assumed = sum(is_assumption(source) for source in found)
    silent = sum(not source for source in found)
    return len(found) - assumed - silent, assumed, silent


# --- numbers ---------------------------------------------------------------------------------------------------------


def _m(usd: float) -> str:
    return f"{usd / 1e6:,.1f}"


def _musd(usd: float) -> str:
    return f"{usd / 1e6:,.1f} M USD"


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
