"""The first screen of a report, as HTML that needs no script: the decision, its value, what to do, and what would flip it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from html import escape

from ...models.months import Month
from ...optimizer.decision_map import DecisionMap
from ...optimizer.tables import Row
from ..decision import actions, expanded, musd, purchases, switched
from .page_data import axes
from .study import Study

FIRST_MONTHS = 36
YEARS_TOLD = 4
"""How far the sentence looks at mining."""
MOST_STEPS = 6
MOST_MACHINES = 12
"""More lines on machines and idle MW than this are summed up."""
MOST_FLIPS = 3
"""Of offers, where there is no map."""
CLOSE_CALL = 0.05
"""An offer whose rent is within this share of its break-even is named as a close call."""
SMALLEST_MW = 0.05
TIMES = "\N{MULTIPLICATION SIGN}"


def first_screen(study: Study) -> str:
    """HTML of the first screen; everything that comes from the scenario is escaped."""
    verdict = f'<span class="verdict {_tone(study)}">{escape(study.plan.verdict)}</span>'
    return "".join(
        [
            f'<p class="eyebrow">{_belongs_to(study)}</p>',
            f"<h1>{escape(sentence(study))}</h1>",
            f'<p class="proof">{verdict} {escape(_proof(study))}</p>',
            '<div class="tiles">',
            *(_tile(label, value, note) for label, value, note in _tiles(study)),
            "</div>",
            '<div class="actions">',
            _list("What to sign and buy" if _bought_usd(study) else "What to sign", list(_signing(study)), ""),
            _steps(study),
            f'<div class="flips"><h2>What would flip it</h2>{"".join(_flips(study))}',
            f'<p class="note">{escape(_flip_rule(study))}</p></div>',
            "</div>",
            *_close_calls(study),
            *_running(study),
        ]
    )


def _belongs_to(study: Study) -> str:
    origin = study.scenario.origin
    parts = [escape(study.scenario.title or study.scenario.name)]
    parts += [f"<code>{escape(origin.file)}</code>"] if origin.file else []
    parts += [f'<code class="changed">--set {escape(change)}</code>' for change in origin.overrides]
    return " · ".join([*parts, f"valued on {study.scenario.finance.valuation_date}"])


def _tone(study: Study) -> str:
    return "good" if study.plan.verdict == "CERTIFIED" else "fair"


def sentence(study: Study) -> str:
    """The decision in one sentence."""
    plan, leases = study.plan, study.plan.rows["leases"]
    offered = [row for row in leases if row["status"] == "offered"]
    taken = [row for row in offered if row["critical_mw"]]
    mw = sum(row["critical_mw"] for row in taken)
    mining = mining_by_year(study)
    years = list(mining)[:YEARS_TOLD]
    mining_alone = plan.reference("all_mining")
    if not taken:
        none = "Do not sign the one offer" if len(offered) == 1 else f"Sign none of the {len(offered)} offers"
        decided = f"{none} and mine" if offered else "Mine"
        return f"{decided} with {mining[years[0]]:,.0f} MW in {years[0]}: worth {musd(plan.npv_usd)}."
    decided = f"Sign {len(taken)} of {len(offered)} offer{'s' if len(offered) > 1 else ''} ({mw:,.1f} MW of critical IT)"
    more = (
        f"{musd(plan.npv_usd - mining_alone.npv_usd)} more than mining alone"
        if mining_alone.is_possible
        else "and mining alone would break the rules"
    )
    told = _mining_in_words(mining[years[0]], mining[years[-1]], years[-1])
    return f"{decided}{told}: worth {musd(plan.npv_usd)}, {more}."


def _mining_in_words(before: float, after: float, year: int) -> str:
    if max(before, after) < SMALLEST_MW:
        return ""
    if abs(after - before) < 1:
        return f" and keep mining with {before:,.0f} MW"
    return f" and take mining from {before:,.0f} to {after:,.0f} MW by {year}"


def mining_by_year(study: Study) -> dict[int, float]:
    """Mean meter MW that mine, by year."""
    found: dict[int, float] = dict.fromkeys(study.scenario.calendar.years, 0.0)
    for row in study.plan.rows["allocation_by_year"]:
        if row["use"] == "mining":
            found[row["year"]] += row["mw"]
    return found


def _proof(study: Study) -> str:
    certificate, plan = study.plan.certificate, study.plan
    assert certificate is not None
    calendar = plan.scenario.calendar
    return (
        f"No plan can be worth {max(certificate.gap_usd, 1.0):,.0f} USD more ({calendar.start} to {calendar.end}, "
        f"{'before tax, the scenario has none' if plan.scenario.finance.tax is None else 'after tax'})."
    )


def _tiles(study: Study) -> Iterator[tuple[str, str, str]]:
    plan, leases = study.plan, study.plan.rows["leases"]
    yield "Value of the plan", _m(plan.npv_usd), "M USD, discounted"
    for name, label in (("all_mining", "Against all mining"), ("lease_all", "Against leasing all it can")):
        reference = plan.reference(name)
        if reference.is_possible:
            yield label, _m(plan.npv_usd - reference.npv_usd, plus=True), f"M USD; that plan is worth {_m(reference.npv_usd)}"
        else:
            yield label, "not possible", "no plan like that keeps the rules"
    built = math.fsum(row["capex_usd"] for row in plan.rows["expansions"])
    capex = sum(row["capex_usd"] for row in leases if row["status"] == "offered") + built + _bought_usd(study)
    cash: dict[int, float] = defaultdict(float)
    for row in plan.rows["cash_by_year"]:
        cash[row["year"]] += row["usd"]
    year = min(cash, key=lambda year: cash[year], default=plan.scenario.calendar.start.year)
    spent_on = ["new leases", *(["expansions"] if built else []), *(["machines"] if _bought_usd(study) else [])]
    worst = f"M USD of capex of {' and '.join(spent_on)}; lowest cash {_m(cash[year])} in {year}"
    yield "To be spent", _m(capex), worst


def _bought_usd(study: Study) -> float:
    """Price of the machines that the plan buys."""
    return -math.fsum(row["usd"] for row in study.plan.rows["machines"] if row["decision"] == "buy")


def _tile(label: str, value: str, note: str) -> str:
    return (
        f'<div class="tile"><span class="label">{escape(label)}</span><strong>{escape(value)}</strong>'
        f'<span class="note">{escape(note)}</span></div>'
    )


# --- what to do ---------------------------------------------------------------------------------------------------------


def _signing(study: Study) -> Iterator[tuple[str, str, str]]:
    """(verb, offer, terms) of every lease that the plan takes, new ones first."""
    rows = [row for row in study.plan.rows["leases"] if row["critical_mw"]]
    for row in sorted(rows, key=lambda row: row["status"] == "signed"):
        signed, right = row["status"] == "signed", row["reserved_until"] is not None
        starts = [start["start"] for start in row["starts"]]
        parts = [f"{row['critical_mw']:,.1f} MW", f"rent from {starts[0]}{f' to {starts[-1]}' if len(starts) > 1 else ''}"]
        parts += [] if signed or not row["capex_usd"] else [f"{_m(row['capex_usd'])} M USD of capex"]
        parts += ["if the tenant uses its right"] if right and not signed else []
        yield "Keep" if signed else "Grant" if right else "Sign", row["offer"], ", ".join(parts)
    if all(row["status"] == "signed" for row in rows):
        yield "Sign", "none of the offers", ""
    for verb, text in (*expanded(study.plan), *purchases(study.plan)):
        what, _, terms = text.partition(": ")
        yield verb.capitalize(), what, terms


def _steps(study: Study) -> str:
    steps = [step for step in switched(study.plan) if Month.of(step["period"]) < study.scenario.calendar.start + FIRST_MONTHS]
    several = len({row["site"] for row in steps}) > 1
    rows = [
        (
            step["period"],
            f"{_signed(step['mw'])} MW",
            f"{step['fleet']}{' at ' + step['site'] if several else ''}; {step['then_mw']:,.1f} MW on from then",
        )
        for step in steps
    ]
    more = f"and {len(rows) - MOST_STEPS} more steps in these {FIRST_MONTHS} months" if len(rows) > MOST_STEPS else ""
    nothing = [("", "nothing", f"in the first {FIRST_MONTHS} months")]
    heading = "What to switch off and on" if any(step["mw"] > 0 for step in steps) else "What to switch off"
    return _list(heading, rows[:MOST_STEPS] or nothing, more)


def _list(heading: str, rows: list[tuple[str, str, str]], more: str) -> str:
    lines = "".join(
        f"<li><b>{escape(verb)}</b> <span><strong>{escape(what)}</strong> {escape(terms)}</span></li>" for verb, what, terms in rows
    )
    tail = f'<p class="note">{escape(more)}</p>' if more else ""
    return f"<div><h2>{escape(heading)}</h2><ul>{lines}</ul>{tail}</div>"


def _running(study: Study) -> Iterator[str]:
    told = [f"{verb} {text}" for verb, text in actions(study.plan) if verb in ("mine", "idle")]
    if not told:
        return
    year, listed = study.scenario.calendar.start.year, told
    if len(told) > MOST_MACHINES:
        used = [row for row in study.plan.rows["allocation_by_year"] if row["year"] == year and row["use"] in ("mining", "idle")]
        mw = {use: math.fsum(row["mw"] for row in used if row["use"] == use) for use in ("mining", "idle")}
        listed = [
            f"{mw['mining']:,.1f} MW mine and {mw['idle']:,.1f} MW are idle on the mean of {year}",
            "each fleet is in the table fleets, why MW are idle in the table idle by year",
        ]
    yield f'<p class="lead"><b>Machines in {year}:</b> {escape("; ".join(listed))}.</p>'


# --- what would flip it ---------------------------------------------------------------------------------------------------


def _flip_rule(study: Study) -> str:
    found = study.map
    if found is None:
        return "Offers whose rent is nearest to the one at which they flip; all else as it is, by solving again."
    if not study.holds_today:
        return "The scenario's own prices lie outside of the box that was looked at, so no distance from them is told."
    worth = f"until another plan is worth more by over {musd(found.tolerance_usd)}"
    return f"One price moves, the others stay, {worth}; each edge found by solving again."


def _flips(study: Study) -> Iterator[str]:
    """Each price with its nearest flips, exact, down and up."""
    if study.map is None:
        yield from _flips_of_offers(study)
        return
    flips = {row["direction"]: row for row in study.map.rows["flips"]}
    if not study.holds_today:
        return
    for axis in axes(study):
        if not axis["certified"]:
            continue
        now = "" if axis["today"] is None else f"today {axis['today']:,.2f} {axis['unit']}"
        lines = []
        for direction, end, word in (("down", axis["low"], "down"), ("up", axis["high"], "up")):
            row = flips.get(f"{axis['name']} {direction}")
            if row is None:
                lines.append((math.inf, f"<li>{word}: none to {TIMES}{end:g}</li>"))
                continue
            factor = row[axis["name"]]
            at = f"{TIMES}{factor:.3f}" if axis["today"] is None else f"{factor * axis['today']:,.2f}"
            change = f'<span class="change">{_percent(factor - 1)}</span>'
            lines.append((abs(math.log(factor)), f"<li><strong>{at}</strong> {change} then {escape(_then(study.map, row))}</li>"))
        body = "".join(text for _, text in sorted(lines))
        yield f'<h3>{escape(axis["label"])} <span class="note">{escape(now)}</span></h3><ul>{body}</ul>'


def _flips_of_offers(study: Study) -> Iterator[str]:
    """Where there is no map: the offers nearest to their break-even rent."""
    leases = {row["offer"]: row for row in study.plan.rows["leases"]}
    near = [leases[name] for name in study.offers_by_distance if leases[name]["break_even_rent_usd_per_kw_month"]]
    for row in near[:MOST_FLIPS]:
        rent, edge = row["first_year_rent_usd_per_kw_month"], row["break_even_rent_usd_per_kw_month"]
        then = "is left out below" if row["critical_mw"] else "is taken above"
        change = f'<span class="change">{_percent(edge / rent - 1)}</span>' if rent else ""
        now = f"today {rent:,.2f} USD/kW-month"
        yield f'<h3>{escape(row["offer"])} <span class="note">{now}</span></h3>'
        yield f"<ul><li><strong>{edge:,.2f}</strong> {change} {then}</li></ul>"


def _then(found: DecisionMap, flip: Row) -> str:
    """How the leases of the plan that wins beyond a flip differ from today's."""
    mw: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in found.rows["plan_leases"]:
        mw[row["plan"]][row["offer"]] += row["critical_mw"]
    before, after = mw[found.best()], mw[flip["plan"]]
    changes = {offer: after[offer] - before[offer] for offer in [*before, *after]}
    told = [f"{_signed(change)} MW {offer}" for offer, change in changes.items() if abs(change) > SMALLEST_MW]
    return "; ".join(told) if told else "the same leases, with other starts or machines"


def _close_calls(study: Study) -> Iterator[str]:
    told = []
    for row in study.plan.rows["leases"]:
        rent, edge = row["first_year_rent_usd_per_kw_month"], row["break_even_rent_usd_per_kw_month"]
        if row["status"] == "offered" and rent and edge and abs(edge / rent - 1) < CLOSE_CALL:
            taken = "taken" if row["critical_mw"] else "left out"
            at_stake = row["critical_mw"] and math.isfinite(row["worth_usd"])
            stake = f", {musd(row['worth_usd'])} at stake" if at_stake else ""
            told.append(f"{row['offer']} ({taken} at {rent:,.2f}, flips at {edge:,.2f} USD/kW-month{stake})")
    if told:
        yield f'<p class="lead"><b>Close calls among the offers:</b> {escape("; ".join(told))}.</p>'


# --- numbers ---------------------------------------------------------------------------------------------------------------


def _m(usd: float, plus: bool = False) -> str:
    return f"{round(usd / 1e6, 1) + 0.0:{'+' if plus else ''},.1f}".replace("-", "\N{MINUS SIGN}")


def _signed(value: float) -> str:
    return f"{value:+,.1f}".replace("-", "\N{MINUS SIGN}")


def _percent(change: float) -> str:
    return f"{100 * change:+.1f} %".replace("-", "\N{MINUS SIGN}")
