"""Pinned plans: the leases of a plan, fixed so that they can be valued in another scenario.

A pinned plan commits leases: offer, start of rent, critical MW. In another scenario they are firm, and mining is decided anew month
by month around them; the mining MW in the file are for the record. `misfits` says why a plan does not fit a scenario, everything at
once; a plan without misfits is feasible there.
"""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic_core import PydanticCustomError

from ..errors import MOST_DESCRIBED, InputError, Problem
from ..models.files import names_beside
from ..models.months import FIRST_YEAR, LAST_YEAR, Array, Month
from ..models.names import check_name
from ..models.refusal import listed, nearest, shown
from ..models.values import OfferValue
from .certificate import ROW_TOLERANCE, Certifier
from .offer_rules import missing_prerequisites, mixes
from .plan import JSON_SCHEMA_VERSION, Plan, plain
from .policy_readings import missed_by_leases
from .tables import without_dust

PINNED_SCHEMA_VERSION = 1
KIND = "pinned plan"
LARGEST_PLAN_BYTES = 500_000_000
LARGEST_PINNED_BYTES = 20_000_000
MOST_DIGITS = 300
SAME_MW = 1e-6
"""MW that differ by less are the same: files hold them to 1e-9."""

A_PLAN = "the plan.json that hashlease run SCENARIO --out DIR writes"
A_PINNED_PLAN = "a pinned plan; hashlease pin PLAN.json makes one"
A_MONTH = f"a month as YYYY-MM, {FIRST_YEAR}-01 to {LAST_YEAR}-12"
SOME_MW = "MW above 0"
FINAL_VERDICTS = ("CERTIFIED", "FEASIBLE")

T = TypeVar("T")


@dataclass(frozen=True)
class PinnedLease:
    """Critical MW of one offer whose rent starts in a month."""

    site: str
    offer: str
    start: Month
    critical_mw: float


@dataclass(frozen=True)
class MiningRun:
    """Meter MW of a fleet that mine from a first to a last month."""

    site: str
    fleet: str
    first: Month
    last: Month
    mw: float


@dataclass(frozen=True)
class PinnedPlan:
    """The leases of a plan, and where it comes from.

    scenario, scenario_sha256, verdict, npv_usd: the scenario it was best in, and its value there; None if it was written by hand.
    mining: for the record. file: where it was read, if it was.
    """

    name: str
    leases: tuple[PinnedLease, ...]
    mining: tuple[MiningRun, ...] = ()
    scenario: str | None = None
    scenario_sha256: str | None = None
    verdict: str | None = None
    npv_usd: float | None = None
    file: str = ""

    def as_dict(self) -> dict[str, Any]:
        """What a pinned file holds: plain data."""
        found: dict[str, Any] = plain(
            {
                "schema": PINNED_SCHEMA_VERSION,
                "kind": KIND,
                "name": self.name,
                "scenario": self.scenario,
                "scenario_sha256": self.scenario_sha256,
                "verdict": self.verdict,
                "npv_usd": self.npv_usd,
                "leases": [without_dust(vars(lease)) for lease in self.leases],
                "mining": [without_dust(vars(run)) for run in self.mining],
            }
        )
        return found

    def to_json(self) -> str:
        """`as_dict` as text, a line a lease."""
        data = self.as_dict()
        tables = {key: [json.dumps(row, ensure_ascii=False) for row in data.pop(key)] for key in ("leases", "mining")}
        lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}" for key, value in data.items()]
        for key, rows in tables.items():
            lines.append(f" {json.dumps(key)}: [" + ",".join(f"\n  {row}" for row in rows) + ("\n ]" if rows else "]"))
        return "{\n" + ",\n".join(lines) + "\n}\n"


def pin(plan: Plan | str | Path, name: str | None = None) -> PinnedPlan:
    """The leases of a plan (or of a plan.json), fixed; `name` is by default the scenario's.

    Raises InputError for a plan whose figures may not be used, and for a file that is no plan.
    """
    if isinstance(plan, Plan):
        return pinned_from_data(plan.as_dict() if not plan.is_final else _data_of(plan), plan.scenario.name, name)
    file = Path(plan)
    return pinned_from_data(_json(file, LARGEST_PLAN_BYTES, A_PLAN), str(file), name)


def _data_of(plan: Plan) -> dict[str, Any]:
    """The part of the JSON contract that is pinned, with MW as they were solved."""
    head = {"schema": JSON_SCHEMA_VERSION, "scenario": plan.scenario.name, "verdict": plan.verdict, "npv_usd": plan.npv_usd}
    return {**head, "manifest": plan.manifest, "leases": plan.rows["leases"], "allocation": plan.rows["allocation"]}


def pinned_from_data(data: dict[str, Any], where: str, name: str | None = None) -> PinnedPlan:
    """A plan's JSON data as a pinned plan. Raises InputError with everything that is wrong."""
    fields = _Fields(where)
    if data.get("kind") == KIND:
        raise InputError([Problem(where, "kind", f"a {KIND}", A_PLAN, "it is pinned already: hashlease compare --plan FILE")])
    fields.schema(data, JSON_SCHEMA_VERSION, A_PLAN)
    verdict = fields.read(data, ("verdict",), _text, "text")
    if verdict is not None and not verdict.startswith(FINAL_VERDICTS):
        fields.refuse(("verdict",), verdict, "a plan that is CERTIFIED, or FEASIBLE and proved within a gap", "its scenario first")
    scenario = fields.read(data, ("scenario",), check_name, "the name of a scenario")
    npv_usd = fields.read(data, ("npv_usd",), _number, "USD")
    fields.raise_problems()
    given = where if name is None else "--name"
    called = _Fields(given).named(scenario if name is None else name)
    leases = [lease for at, row in fields.rows(data, "leases") for lease in _parts(fields, row, at)]
    periods = [run for at, row in fields.rows(data, "allocation") for run in _mining_month(fields, row, at)]
    fields.raise_problems()
    manifest = data.get("manifest")
    sha256 = manifest.get("scenario_sha256") if isinstance(manifest, dict) else None
    return PinnedPlan(
        name=called,
        leases=tuple(leases),
        mining=tuple(_runs(periods)),
        scenario=scenario,
        scenario_sha256=sha256 if isinstance(sha256, str) else None,
        verdict=verdict,
        npv_usd=npv_usd,
    )


def read_pinned(path: str | Path) -> PinnedPlan:
    """A pinned plan from its file. Raises InputError with everything that is wrong."""
    file = Path(path)
    data = _json(file, LARGEST_PINNED_BYTES, A_PINNED_PLAN)
    fields = _Fields(str(file))
    if data.get("kind") != KIND:
        what = "the plan.json of a run" if "certificate" in data else f"kind: {shown(data.get('kind'))}"
        raise InputError([Problem(str(file), "kind", what, f'"{KIND}"', f"hashlease pin {file} -o pinned.json")])
    fields.schema(data, PINNED_SCHEMA_VERSION, A_PINNED_PLAN)
    fields.known(data, (), PinnedPlan("", ()).as_dict())
    name = fields.read(data, ("name",), check_name, "a name")
    leases = [fields.lease(row, at) for at, row in fields.rows(data, "leases")]
    mining = [fields.run(row, at) for at, row in fields.rows(data, "mining")]
    texts = {key: fields.read(data, (key,), _text, "text") for key in ("scenario", "scenario_sha256", "verdict") if data.get(key)}
    npv_usd = fields.read(data, ("npv_usd",), _number, "USD") if data.get("npv_usd") is not None else None
    parts = [(lease.offer, lease.start) for lease in leases if lease is not None]
    for offer, start in sorted({part for part in parts if parts.count(part) > 1}) if len(parts) < MOST_DESCRIBED else ():
        fields.refuse(("leases",), f"{offer} from {start} twice", "each offer and start once")
    fields.raise_problems()
    kept = tuple(lease for lease in leases if lease is not None)
    return PinnedPlan(str(name), kept, tuple(run for run in mining if run is not None), npv_usd=npv_usd, file=str(file), **texts)


# --- reading ------------------------------------------------------------------------------------------------------------


def _json(file: Path, largest: int, allowed: str) -> dict[str, Any]:
    """The table in a JSON file of bounded size; a device or a pipe is never opened."""
    where = str(file)
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            found = "a folder" if stat.S_ISDIR(status.st_mode) else "something that is not a regular file"
            raise InputError([Problem(where, "", found, allowed, "its plan.json" if (file / "plan.json").is_file() else "")])
        if status.st_size > largest:
            raise InputError([Problem(where, "", f"a file of {status.st_size / 1e6:,.0f} MB", f"at most {largest / 1e6:,.0f} MB")])
        text = file.read_bytes().decode("utf-8-sig")
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_int=_whole)
    except FileNotFoundError:
        raise InputError([Problem(where, "", "no such file", allowed, nearest(file.name, names_beside(file)))]) from None
    except OSError as fault:
        raise InputError([Problem(where, "", fault.strerror or "a file that cannot be read", allowed)]) from None
    except json.JSONDecodeError as fault:
        found = f"damaged JSON ({fault.msg.lower()} in column {fault.colno})"
        raise InputError([Problem(f"{where}:{fault.lineno}", "", found, allowed, "write it again")]) from None
    except UnicodeDecodeError:
        raise InputError([Problem(where, "", "text that is not UTF-8", allowed)]) from None
    except RecursionError:
        raise InputError([Problem(where, "", "tables in tables too deep to read", allowed)]) from None
    except ValueError as fault:
        raise InputError([Problem(where, "", str(fault), allowed)]) from None
    if not isinstance(data, dict):
        raise InputError([Problem(where, "", shown(data), allowed)])
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {shown(next(key for key in keys if keys.count(key) > 1))} twice in one table")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text}, which is no number")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return float(value)


def _mw(value: Any) -> float:
    mw = _number(value)
    if mw <= 0:
        raise ValueError
    return mw


def _month(value: Any) -> Month:
    month = Month.of(_text(value))
    if not FIRST_YEAR <= month.year <= LAST_YEAR:
        raise ValueError
    return month


class _Fields:
    """Reads the fields of JSON data and notes everything that is wrong with them."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.problems: list[Problem] = []

    def refuse(self, place: Sequence[str | int], found: str, allowed: str, hint: str = "") -> None:
        self.problems.append(Problem(self.where, ".".join(map(str, place)), found, allowed, hint))

    def raise_problems(self) -> None:
        if self.problems:
            raise InputError(self.problems[:MOST_DESCRIBED], max(len(self.problems) - MOST_DESCRIBED, 0))

    def schema(self, data: Mapping[str, Any], wanted: int, what: str) -> None:
        found = data.get("schema")
        if found != wanted or isinstance(found, bool):
            hint = "written by a later version of hashlease" if isinstance(found, int) and found > wanted else ""
            self.refuse(("schema",), shown(found), f"{wanted}: {what}", hint)
            self.raise_problems()

    def known(self, row: Mapping[str, Any], place: tuple[str | int, ...], fields: Iterable[str]) -> None:
        names = list(fields)
        for key in row:
            if key not in names:
                self.refuse((*place, key), "an unknown field", f"one of: {listed(names)}", nearest(key, names))

    def rows(self, data: Mapping[str, Any], table: str) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
        """(place, row) of a table; what is no row is refused. A pinned plan may do without its record of mining."""
        rows = data.get(table, [] if table == "mining" else None)
        if not isinstance(rows, list):
            self.refuse((table,), shown(rows), "a list of rows")
            return
        for number, row in enumerate(rows):
            if isinstance(row, dict):
                yield (table, number), row
            else:
                self.refuse((table, number), shown(row), "a row (a table of fields)")

    def read(self, row: Mapping[str, Any], place: Sequence[str | int], check: Callable[[Any], T], allowed: str) -> T | None:
        """The field that a place ends with, or None with a problem noted."""
        value = row.get(str(place[-1]))
        try:
            return check(value)
        except PydanticCustomError as fault:
            told = {"found": shown(value), "allowed": allowed, **(fault.context or {})}
            self.refuse(place, told["found"], told["allowed"], told.get("hint", ""))
        except ValueError:
            self.refuse(place, shown(value), allowed)
        return None

    def named(self, name: Any) -> str:
        """A name that was given. Raises InputError."""
        found = self.read({"name": name}, ("name",), check_name, "a name of 1 to 64 printable characters")
        self.raise_problems()
        return str(found)

    def lease(self, row: Mapping[str, Any], at: tuple[str | int, ...]) -> PinnedLease | None:
        self.known(row, at, PinnedLease.__annotations__)
        site = self.read(row, (*at, "site"), check_name, "the name of a site")
        offer = self.read(row, (*at, "offer"), check_name, "the name of a lease offer")
        start = self.read(row, (*at, "start"), _month, A_MONTH)
        critical_mw = self.read(row, (*at, "critical_mw"), _mw, f"critical {SOME_MW}")
        if site is None or offer is None or start is None or critical_mw is None:
            return None
        return PinnedLease(site, offer, start, critical_mw)

    def run(self, row: Mapping[str, Any], at: tuple[str | int, ...]) -> MiningRun | None:
        self.known(row, at, MiningRun.__annotations__)
        site = self.read(row, (*at, "site"), check_name, "the name of a site")
        fleet = self.read(row, (*at, "fleet"), check_name, "the name of a fleet")
        first, last = (self.read(row, (*at, end), _month, A_MONTH) for end in ("first", "last"))
        mw = self.read(row, (*at, "mw"), _mw, f"meter {SOME_MW}")
        if site is None or fleet is None or first is None or last is None or mw is None:
            return None
        return MiningRun(site, fleet, first, last, mw)


def _parts(fields: _Fields, row: Mapping[str, Any], at: tuple[str | int, ...]) -> Iterator[PinnedLease]:
    """The parts of an offer that a plan takes, each with its start."""
    site = fields.read(row, (*at, "site"), check_name, "the name of a site")
    offer = fields.read(row, (*at, "offer"), check_name, "the name of a lease offer")
    for place, part in fields.rows(row, "starts"):
        start = fields.read(part, (*at, *place, "start"), _month, A_MONTH)
        critical_mw = fields.read(part, (*at, *place, "critical_mw"), _mw, f"critical {SOME_MW}")
        if site is not None and offer is not None and start is not None and critical_mw is not None:
            yield PinnedLease(site, offer, start, critical_mw)


def _mining_month(fields: _Fields, row: Mapping[str, Any], at: tuple[str | int, ...]) -> Iterator[MiningRun]:
    if row.get("use") == "mining":
        site = fields.read(row, (*at, "site"), check_name, "the name of a site")
        fleet = fields.read(row, (*at, "name"), check_name, "the name of a fleet")
        period = fields.read(row, (*at, "period"), _month, A_MONTH)
        mw = fields.read(row, (*at, "mw"), _number, "meter MW")
        if site is not None and fleet is not None and period is not None and mw:
            yield MiningRun(site, fleet, period, period, mw)


def _runs(periods: Iterable[MiningRun]) -> Iterator[MiningRun]:
    """Months in a row with the same MW as one run."""
    run: MiningRun | None = None
    for period in periods:
        same = run is not None and (run.site, run.fleet) == (period.site, period.fleet) and abs(run.mw - period.mw) <= 1e-9
        if run is not None and same and period.first == run.last + 1:
            run = replace(run, last=period.last)
        else:
            if run is not None:
                yield run
            run = period
    if run is not None:
        yield run


# --- fitting to a scenario ----------------------------------------------------------------------------------------------


def fitted(plan: PinnedPlan, certifier: Certifier, where: str = "") -> tuple[Array, ...]:
    """Critical MW of each offer of a scenario at each of its starts, the pinned leases firm, signed ones as signed.

    where: what problems are said to be in. Raises InputError with every reason why the plan does not fit.
    """
    lease_mw, problems = _placed(plan, certifier, where or plan.file or plan.name)
    problems += _shortages(certifier, lease_mw, where or plan.file or plan.name)
    for rule, month, short in missed_by_leases(certifier, lease_mw):
        found, wanted = f"leases that miss it, most in {month}", f"leases that keep the rule ({rule.family.replace('_', ' ')})"
        problems.append(Problem(where or plan.file or plan.name, f"rule {rule.of}", found, wanted, f"short {short:,.1f} MW"))
    offers = certifier.values.offers
    for broken in (*mixes(offers, lease_mw), *missing_prerequisites(offers, lease_mw)):
        if broken.share > ROW_TOLERANCE:
            problems.append(Problem(where or plan.file or plan.name, broken.offer, broken.found, broken.allowed))
    if problems:
        raise InputError(problems[:MOST_DESCRIBED], max(len(problems) - MOST_DESCRIBED, 0))
    return lease_mw


def _placed(plan: PinnedPlan, certifier: Certifier, where: str) -> tuple[tuple[Array, ...], list[Problem]]:
    """Critical MW at each start of every offer whose pinned parts are possible by themselves, and what is not possible."""
    offers, problems = certifier.values.offers, list[Problem]()
    by_name = {offer.offer.name: number for number, offer in enumerate(offers)}
    lease_mw = tuple(
        np.full(len(offer.starts), offer.offer.critical_it_mw if offer.offer.status == "signed" else 0.0) for offer in offers
    )
    parts: dict[str, list[PinnedLease]] = {}
    for lease in plan.leases:
        parts.setdefault(lease.offer, []).append(lease)
    for name, pinned in parts.items():
        if name not in by_name:
            allowed = f"one of: {listed(by_name)}" if by_name else "nothing: it has no lease offers"
            found = f"no lease of this name in the scenario {certifier.scenario.name}"
            problems.append(Problem(where, name, found, allowed, nearest(name, by_name)))
            continue
        offer = offers[by_name[name]]
        faults = list(_faults(offer, pinned, certifier, where))
        problems += faults
        if not faults and offer.offer.status == "offered":
            for lease in pinned:
                lease_mw[by_name[name]][offer.starts.index(lease.start)] += lease.critical_mw
            if offer.offer.indivisible:
                lease_mw[by_name[name]][offer.starts.index(pinned[0].start)] = offer.offer.critical_it_mw
    return lease_mw, problems


def _faults(offer: OfferValue, pinned: list[PinnedLease], certifier: Certifier, where: str) -> Iterator[Problem]:
    """Why the pinned parts of one offer are not possible, whatever else the plan holds."""
    lease, mw = offer.offer, math.fsum(part.critical_mw for part in pinned)
    starts = ", ".join(str(part.start) for part in pinned)
    for site in sorted({part.site for part in pinned} - {lease.site}):
        yield Problem(where, lease.name, f"a lease at {site}", f"the site of the offer, {lease.site}")
    if lease.status == "signed":
        if [part.start for part in pinned] != offer.starts or abs(mw - lease.critical_it_mw) > SAME_MW:
            allowed = f"{_size(lease.critical_it_mw)} from {offer.starts[0]}, as it is signed there"
            yield Problem(where, lease.name, f"{_size(mw)} from {starts}", allowed, "leave it out: signed leases stay as signed")
        return
    for part in pinned:
        if part.start not in offer.starts:
            yield Problem(
                where, lease.name, f"a start in {part.start}", _possible(offer), _start_hint(offer, part.start, certifier)
            )
    if mw > lease.critical_it_mw + SAME_MW:
        yield Problem(where, lease.name, _size(mw), f"at most {_size(lease.critical_it_mw)}, which are offered")
    elif lease.indivisible and (len(pinned) > 1 or abs(mw - lease.critical_it_mw) > SAME_MW):
        found = f"{_size(mw)} from {starts}"
        yield Problem(where, lease.name, found, f"all {_size(lease.critical_it_mw)} from one start: it is indivisible there")


def _possible(offer: OfferValue) -> str:
    first, last = offer.starts[0], offer.starts[-1]
    if len(offer.starts) == 1:
        return f"a start in {first}"
    step = int(offer.starts[1]) - int(first)
    return f"a start from {first} to {last}{'' if step == 1 else f', every {step} months'}"


def _start_hint(offer: OfferValue, start: Month, certifier: Certifier) -> str:
    calendar = certifier.calendar
    if start > calendar.end:
        return f"the horizon ends in {calendar.end}"
    if start < offer.offer.soonest_start(calendar):
        return f"lead time and construction allow none before {offer.offer.soonest_start(calendar)}"
    return f"nearest possible: {min(offer.starts, key=lambda month: abs(int(month) - int(start)))}"


def _shortages(certifier: Certifier, lease_mw: Sequence[Array], where: str) -> list[Problem]:
    """MW and capex that the leases need beyond what there is with every expansion, by site, rule and run of months, and by year."""
    values, problems = certifier.values, list[Problem]()
    meter_mw = [mw @ occupied for mw, occupied in zip(lease_mw, certifier.occupied_mw, strict=True)]
    for site in values.sites:
        here = [n for n, offer in enumerate(values.offers) if offer.offer.site == site.name and np.any(lease_mw[n])]
        most = certifier.expansions.most_mw(site.name)
        suitable = certifier.expansions.most_mw(site.name, suitable=True)
        rules = {
            "energised": (certifier.energised[site.name] + most, {n: meter_mw[n] for n in here}),
            "suitable for leases": (certifier.suitable[site.name] + suitable, {n: meter_mw[n] for n in here}),
            "suitable and not reserved by tenants' rights": (
                certifier.unreserved[site.name] + suitable,
                {n: meter_mw[n] * certifier.needs_unreserved[n] for n in here},
            ),
        }
        told = np.zeros(certifier.calendar.length, dtype=bool)
        for rule, (have, needs) in rules.items():
            need = np.sum(list(needs.values()), axis=0) if needs else np.zeros(len(have))
            short = (need - have > ROW_TOLERANCE * np.maximum(1.0, need)) & ~told
            told |= short
            for run in np.split(np.flatnonzero(short), np.flatnonzero(np.diff(np.flatnonzero(short)) > 1) + 1):
                if len(run):
                    problems.append(_short(certifier, where, site.name, rule, run, need, have, needs))
    for budget in certifier.budgets:
        spent, limit = math.fsum(budget.terms_musd(certifier.capex_musd, lease_mw)), budget.limit_musd
        if spent - limit > ROW_TOLERANCE * max(1.0, spent):
            over = f"short {spent - limit:,.1f} M USD"
            found = f"capex of {spent:,.1f} M USD {budget.when}"
            problems.append(Problem(where, "capex budget", found, f"at most the budget, {limit:,.1f} M USD", over))
    return problems


def _short(
    certifier: Certifier, where: str, site: str, rule: str, run: Any, need: Array, have: Array, needs: Mapping[int, Array]
) -> Problem:
    """One run of months in which leases need more MW than there are; MW at the month of the largest shortage."""
    months = certifier.calendar.months
    worst = max(run.tolist(), key=lambda t: need[t] - have[t])
    span = str(months[run[0]]) if len(run) == 1 else f"{months[run[0]]} to {months[run[-1]]}"
    names = (f"{certifier.values.offers[n].offer.name} {mw[worst]:,.1f}" for n, mw in needs.items() if mw[worst] > 0)
    found = f"leases that need {need[worst]:,.1f} MW at the meter in {span} ({', '.join(names)})"
    return Problem(where, site, found, f"{have[worst]:,.1f} MW, which are {rule}", f"short {need[worst] - have[worst]:,.1f} MW")


def _size(mw: float) -> str:
    return f"{mw:,.6g} critical MW"
