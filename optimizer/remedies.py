"""The smallest changes that end a conflict by themselves: in MW, in dates, and what they mean in dollars.

Each is found by arithmetic on the same tables as the conflict: more MW, one lease smaller, one lease later, the next step of a ramp
earlier, a tenant's right shorter. A change that would only move the shortage to other months is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.lease import LeaseOffer
from ..models.months import Array, Month
from ..models.site import RampStep, ramp_mw
from .ledger import Ledger
from .supplies import ENERGISED, TOLERANCE_MW, UNRESERVED, Supply, start_of

if TYPE_CHECKING:
    Run = np.ndarray[Any, np.dtype[np.intp]]

ROUNDED_UP_MW = 1e-9
"""Changes of MW are larger by this share, so that rounding does not undo them."""


@dataclass(frozen=True)
class Remedy:
    """A smallest change that ends a conflict by itself: in words, and as fields of the scenario with their new values."""

    words: str
    changes: dict[str, object] = field(hash=False)


def remedies(supply: Supply, run: Run) -> Iterator[Remedy]:
    """Changes that end the shortage of a run of months (positions in the horizon), the ones in MW first."""
    yield _more_mw(supply, run)
    yield from _smaller_lease(supply, run)
    yield from _later_lease(supply, run)
    yield from _earlier_step(supply, run)
    if supply.rule == UNRESERVED:
        yield from _shorter_right(supply, run)


def _months(supply: Supply, run: Run) -> str:
    months = supply.scenario.calendar.months
    return f"in {months[run[0]]}" if len(run) == 1 else f"from {months[run[0]]} to {months[run[-1]]}"


def _field(supply: Supply) -> str:
    """The ramp that limits; energised MW where the site states no suitable ones."""
    stated = supply.rule != ENERGISED and supply.site.hpc_suitable_mw is not None
    return "hpc_suitable_mw" if stated else "energised_mw"


def _path(supply: Supply) -> str:
    return f'sites."{supply.site.name}".{_field(supply)}'


def _ramp(supply: Supply) -> tuple[RampStep, ...]:
    found: tuple[RampStep, ...] = getattr(supply.site, _field(supply))
    return found


def _more_mw(supply: Supply, run: Run) -> Remedy:
    """As many MW more as are short at the worst, through the run; suitable MW have to be energised as well."""
    site, calendar, short = supply.site, supply.scenario.calendar, float(np.max((supply.need - supply.have)[run]))
    limit = ramp_mw(_ramp(supply), calendar, site.mw_counted) if _field(supply) == "energised_mw" else site.hpc_suitable(calendar)
    mw = limit.copy()
    mw[run] += short * (1 + ROUNDED_UP_MW)
    changes: dict[str, object] = {_path(supply): _steps(supply, mw)}
    word = _field(supply).removesuffix("_mw").replace("hpc_suitable", "suitable for leases")
    energised = site.energised(calendar)
    if np.any(mw > energised + TOLERANCE_MW) and _field(supply) == "hpc_suitable_mw":
        changes[f'sites."{site.name}".energised_mw'] = _steps(supply, np.maximum(mw, energised))
        word = "energised and suitable for leases"
    return Remedy(f"{short:,.1f} MW more {word} {_months(supply, run)}", changes)


def _steps(supply: Supply, mw: Array) -> list[dict[str, Any]]:
    """The ramp that is `mw` in every month of the horizon."""
    months = supply.scenario.calendar.months
    changes = [t for t in range(len(months)) if t == 0 or mw[t] != mw[t - 1]]
    return [{"from": str(months[t]), "mw_total": float(mw[t])} for t in changes]


def _lease(supply: Supply, name: str) -> LeaseOffer:
    return next(lease for lease in supply.scenario.leases if lease.name == name)


def _smaller_lease(supply: Supply, run: Run) -> Iterator[Remedy]:
    """The lease that has to give up the fewest critical MW, if it alone is large enough."""
    cuts: list[tuple[float, str]] = []
    for name, need in supply.needs.items():
        if np.all(need[run] > 0):
            per_critical = need[run] / _lease(supply, name).critical_it_mw
            cuts.append((float(np.max(supply.short[run] / per_critical)), name))
    for cut, name in sorted(cuts)[:1]:
        lease = _lease(supply, name)
        left = lease.critical_it_mw - cut * (1 + ROUNDED_UP_MW)
        if left > 0:
            usd = lease.contract_value * cut / lease.critical_it_mw / 1e6
            words = f"{name} {cut:,.1f} critical MW smaller ({usd:,.1f} M USD of base-term rent)"
            changes: dict[str, object] = {f'leases."{name}".critical_it_mw': left}
            if lease.contract_value_usd is not None:
                changes[f'leases."{name}".contract_value_usd'] = lease.contract_value_usd * left / lease.critical_it_mw
            yield Remedy(words, changes)


def _later_lease(supply: Supply, run: Run) -> Iterator[Remedy]:
    """The lease that has to start the fewest months later, among those that have not begun."""
    calendar, ledger = supply.scenario.calendar, Ledger(supply.scenario)
    found: list[tuple[int, str, Month]] = []
    for name, need in supply.needs.items():
        lease, others = _lease(supply, name), supply.need - need
        if start_of(lease) < calendar.start or not np.any(need[run] > 0):
            continue
        for later in range(1, int(calendar.end) - int(start_of(lease)) + 1):
            start = start_of(lease) + later
            if _fits(supply, run, others + lease.critical_it_mw * ledger.book(lease, start).occupied_mw()):
                found.append((later, name, start))
                break
    for later, name, start in sorted(found)[:1]:
        yield Remedy(
            f"{name} from {start} on ({later} {'month' if later == 1 else 'months'} later)",
            {f'leases."{name}".start_month': str(start)},
        )


def _fits(supply: Supply, run: Run, need: Array) -> bool:
    """Whether a need fits in the run, and is short nowhere where it was not before."""
    short = need - np.maximum(supply.have, 0.0) > TOLERANCE_MW
    return not np.any(short[run]) and not np.any(short & (supply.short <= TOLERANCE_MW))


def _earlier_step(supply: Supply, run: Run) -> Iterator[Remedy]:
    """The next step of the ramp, if it would be enough."""
    calendar = supply.scenario.calendar
    ramp = list(_ramp(supply))
    if any(step.probability < 1 for step in ramp):  # the date of a step that may not come at all is no remedy
        return
    first = calendar.months[run[0]]
    for at, step in enumerate(ramp):
        enough = step.mw_total - np.max(supply.reserved[run]) + TOLERANCE_MW >= np.max(supply.need[run])
        if step.first_month == calendar.months[run[-1]] + 1 and enough and step.first_month > first:
            words = f"the step to {step.mw_total:,.1f} MW in {first} instead of {step.first_month}"
            before = [other for other in ramp[:at] if other.first_month < first]
            moved = [(other.first_month, other.mw_total) for other in before] + [(first, step.mw_total)]
            moved += [(other.first_month, other.mw_total) for other in ramp[at + 1 :]]
            yield Remedy(words, {_path(supply): [{"from": str(month), "mw_total": mw} for month, mw in moved]})


def _shorter_right(supply: Supply, run: Run) -> Iterator[Remedy]:
    """A right that ends before the run, the smallest that is enough."""
    first = supply.scenario.calendar.months[run[0]]
    rights = [
        lease
        for lease in supply.scenario.leases_at(supply.site.name)
        if lease.status == "offered" and lease.reserved_until is not None and lease.reserved_until > first
    ]
    for lease in sorted(rights, key=lambda lease: (lease.meter_mw, lease.name)):
        if lease.meter_mw + TOLERANCE_MW >= np.max(supply.short[run]):
            words = f"the right of {lease.name} until {first} instead of {lease.reserved_until}"
            yield Remedy(words, {f'leases."{lease.name}".reserved_until': str(first)})
            return
