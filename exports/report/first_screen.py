"""The first screen of a report, as HTML that needs no script: the decision, its value, what to do, and what would flip it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from html import escape

from ...models.months import Month
from ...optimizer.tables import Row
from ..decision import actions, musd, switched_off
from .page_data import axes
from .study import Study

FIRST_MONTHS = 36
MOST_STEPS = 8
CLOSE_CALL = 0.05
"""An offer whose rent is within this share of its break-even is named as a close call."""
SMALLEST_MW = 0.05
HEADINGS = {"sign": "Sign", "grant": "Grant", "keep": "Keep", "mine": "Mine", "idle": "Idle"}


def first_screen(study: Study) -> str:
    """HTML of the first screen; everything that comes from the scenario is escaped."""
    return "".join(
        [
            f'<p class="eyebrow">{_belongs_to(study)}</p>',
            f"<h1>{escape(sentence(study))}</h1>",
            f'<p class="proof"><span class="verdict {_tone(study)}">{escape(study.plan.verdict)}</span> {escape(_proof(study))}</p>',
            '<div class="tiles">',
            *(_tile(label, value, note) for label, value, note in _tiles(study)),
            "</div>",
            '<div class="actions">',
            *_action_lists(study),
            "</div>",
            "<h2>What would flip it</h2>",
            f'<p class="lead">{escape(_flip_rule(study))}</p>',
            '<div class="flips">',
            *_flip_cards(study),
            "</div>",
            *_close_calls(study),
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
    first, last = next(iter(mining.items())), min(mining.items(), key=lambda pair: (pair[1], pair[0]))
    more = plan.npv_usd - plan.reference("all_mining").npv_usd
    worth = f"worth {musd(plan.npv_usd)}"
    if not taken:
        decided = f"Sign none of the {len(offered)} offers and mine" if offered else "Mine"
        return f"{decided} with {first[1]:,.0f} MW in {first[0]}: {worth}."
    decided = f"Sign {len(taken)} of {len(offered)} offer{'s' if len(offered) > 1 else ''}, {mw:,.1f} MW of critical IT"
    kept = f"mine with {first[1]:,.0f} MW in {first[0]}" if last[1] > first[1] - 1 else _falling(mining)
    return f"{decided}, and {kept}: {worth}, {musd(more)} more than mining alone."


def _falling(mining: dict[int, float]) -> str:
    """Mining MW today and where they have fallen to for the first three years."""
    years = list(mining)[:4]
    return f"take mining from {mining[years[0]]:,.0f} MW in {years[0]} to {mining[years[-1]]:,.0f} MW in {years[-1]}"


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
        yield label, _m(plan.npv_usd - reference.npv_usd, plus=True), f"M USD; that plan is worth {_m(reference.npv_usd)}"
    capex = sum(row["capex_usd"] for row in leases if row["status"] == "offered")
    cash: dict[int, float] = defaultdict(float)
    for row in plan.rows["cash_by_year"]:
        cash[row["year"]] += row["usd"]
    year = min(cash, key=lambda year: cash[year], default=plan.scenario.calendar.start.year)
    worst = f"M USD of capex of new leases; lowest cash {_m(cash[year])} in {year}"
    yield "To be spent", _m(capex), worst


def _tile(label: str, value: str, note: str) -> str:
    return (
        f'<div class="tile"><span class="label">{escape(label)}</span><strong>{escape(value)}</strong>'
        f'<span class="note">{escape(note)}</span></div>'
    )


# --- what to do ---------------------------------------------------------------------------------------------------------


def _action_lists(study: Study) -> Iterator[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for verb, text in actions(study.plan):
        groups[verb].append(text)
    signed = [(verb, text) for verb in ("sign", "grant", "keep") for text in groups[verb]]
    yield _list("What to sign", signed, "")
    steps = [step for step in switched_off(study.plan) if Month.of(step["period"]) < study.scenario.calendar.start + FIRST_MONTHS]
    several = len({row["site"] for row in steps}) > 1
    off = [
        (
            step["period"],
            f"{step['mw']:,.1f} MW of {step['fleet']}{' at ' + step['site'] if several else ''}, {step['left_mw']:,.1f} MW stay on",
        )
        for step in steps
    ]
    more = f"and {len(off) - MOST_STEPS} more steps in these {FIRST_MONTHS} months" if len(off) > MOST_STEPS else ""
    nothing = f"no machine in the first {FIRST_MONTHS} months"
    yield _list("What to switch off", off[:MOST_STEPS] or [("", nothing)], more)
    rest = [(verb, text) for verb in ("mine", "idle") for text in groups[verb]]
    yield _list(f"What runs in {study.scenario.calendar.start.year}", rest or [("", "no machine")], "")


def _list(heading: str, rows: list[tuple[str, str]], more: str) -> str:
    lines = "".join(f"<li><b>{escape(HEADINGS.get(verb, verb))}</b> <span>{escape(text)}</span></li>" for verb, text in rows)
    tail = f'<p class="note">{escape(more)}</p>' if more else ""
    return f"<div><h2>{escape(heading)}</h2><ul>{lines}</ul>{tail}</div>"


# --- what would flip it ---------------------------------------------------------------------------------------------------


def _flip_rule(study: Study) -> str:
    found = study.map
    if any(not axis.low <= 1.0 <= axis.high for axis in found.axes):
        return "The scenario's own prices lie outside of the box that was looked at, so no distance from them is told."
    return (
        f"How far one price has to move, the others as they are, until another plan is worth more by over {musd(found.tolerance_usd)}; "
        "each edge found by solving again."
    )


def _flip_cards(study: Study) -> Iterator[str]:
    found = study.map
    flips = {row["direction"]: row for row in found.rows["flips"]}
    holds = all(axis.low <= 1.0 <= axis.high for axis in found.axes)
    for axis in axes(study):
        if not (axis["certified"] and holds):
            continue
        now = "" if axis["today"] is None else f"{axis['today']:,.2f} {axis['unit']}"
        lines = []
        for direction, end, word in (("down", axis["low"], "falls"), ("up", axis["high"], "rises")):
            row = flips.get(f"{axis['name']} {direction}")
            if row is None:
                lines.append((0.0, f"<li>{word}: no flip up to ×{end:g}</li>"))
                continue
            change = row[axis["name"]] - 1
            at = f"×{row[axis['name']]:.3f}" if axis["today"] is None else f"{row[axis['name']] * axis['today']:,.2f}"
            then = escape(_then(study, row))
            text = f'<li>{word} to <strong>{at}</strong> <span class="change">{_percent(change)}</span><br>{then}</li>'
            lines.append((abs(math.log(row[axis["name"]])), text))
        lines.sort(key=lambda line: line[0] or math.inf)
        body = "".join(text for _, text in lines)
        yield f'<div class="flip"><h3>{escape(axis["label"])}</h3><p class="note">today {escape(now)}</p><ul>{body}</ul></div>'


def _then(study: Study, flip: Row) -> str:
    """How the leases of the plan that wins beyond a flip differ from today's."""
    mw: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in study.map.rows["plan_leases"]:
        mw[row["plan"]][row["offer"]] += row["critical_mw"]
    before, after = mw[study.map.best()], mw[flip["plan"]]
    changes = {offer: after[offer] - before[offer] for offer in [*before, *after]}
    told = [f"{_signed(change)} MW {offer}" for offer, change in changes.items() if abs(change) > SMALLEST_MW]
    return f"then {'; '.join(told)}" if told else "then the same leases, with other starts or machines"


def _close_calls(study: Study) -> Iterator[str]:
    told = []
    for row in study.plan.rows["leases"]:
        rent, edge = row["first_year_rent_usd_per_kw_month"], row["break_even_rent_usd_per_kw_month"]
        if row["status"] == "offered" and rent and edge and abs(edge / rent - 1) < CLOSE_CALL:
            taken = "taken" if row["critical_mw"] else "left out"
            stake = f", {musd(row['worth_usd'])} at stake" if row["critical_mw"] else ""
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
