"""What `hashlease prices` prints: what a price file holds, and what a scenario that used it would stumble over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from ..errors import printable
from ..models.price_report import STUB_HOURS, PriceReport
from ..scenarios.price_sources import Prices
from .colour import colour
from .columns import columns, paragraph
from .screen import page_width

SHOWN = 5
"""Gaps and contradictions named; the rest is counted."""


def price_lines(prices: Prices) -> Iterator[str]:
    """The lines of a report: of the one series in full, or a row for each of several."""
    width = page_width()
    yield colour(f"{printable(', '.join(prices.files))}: {prices.kind}", "bold")
    if len(prices.reports) == 1:
        ((_, report),) = prices.reports.items()
        yield from _one(report, width)
        return
    yield from _several(prices, width)


def _several(prices: Prices, width: int) -> Iterator[str]:
    reports = prices.reports
    rows = [
        (
            printable(name),
            f"{report.hours:,.10g}",
            f"{report.missing_hours:,.10g}",
            f"{report.duplicates + len(report.contradictions):,}",
            *(f"{value:,.2f}" for value in (report.price.mean(), report.price.min(), report.price.max())),
            f"{report.negative_hours:,.10g}",
        )
        for name, report in reports.items()
    ]
    yield from columns(("", "hours", "missing hours", "twice", "mean", "lowest", "highest", "hours below 0"), rows)
    first = next(iter(reports))
    unit = reports[first].unit
    yield from paragraph(f"{unit}; --point {printable(first)} shows one of them in full", width)


def _one(report: PriceReport, width: int) -> Iterator[str]:
    step = "hours" if report.step_minutes == 60 else f"steps of {report.step_minutes} minutes"
    span = f"{_local(report, report.start_utc)} to {_local(report, report.end_utc)} {report.time_zone}"
    count = f"{len(report.price):,} {step}"
    yield from paragraph(f"{printable(report.name)}, {report.unit}: {count} with a price, {span}", width)
    yield from paragraph(f"in UTC {report.start_utc:%Y-%m-%d %H:%M} to {report.end_utc:%Y-%m-%d %H:%M}", width, indent="    ")
    for text in (*_faults(report), *_clocks(report)):
        yield from paragraph(text, width)
    hours, start, price = report.longest_standstill()
    if hours >= STUB_HOURS:
        text = f"{hours:,.10g} hours at {price:g} from {_local(report, start)} on; is a part of the series a stub?"
        for line in paragraph(text, width):
            yield colour(line, "yellow")
    yield ""
    yield colour(f"Level by year, {report.unit}", "bold")
    rows = [
        (
            level.label,
            f"{level.hours:,.10g}",
            *(f"{value:,.2f}" for value in (level.mean, level.median, level.lowest, level.highest)),
            f"{level.negative_hours:,.10g}",
            f"{100 * level.negative_hours / level.hours:.1f}",
            f"{level.dearest_percent_mean:,.2f}",
        )
        for level in report.levels()
    ]
    head = ("", "hours", "mean", "median", "lowest", "highest", "hours below 0", "% of them", "mean of dearest 1 %")
    yield from columns(head, rows)
    yield ""
    yield colour(f"Duration curve: {report.unit} that so many hours reach or exceed", "bold")
    yield from _duration(report)


def _duration(report: PriceReport) -> Iterator[str]:
    curve = report.duration()
    half = (len(curve) + 1) // 2
    for part in (curve[:half], curve[half:]):
        cells = [f"{price:,.2f}" for _, price in part]
        yield from columns(("", *(f"{share:g} %" for share, _ in part)), [("price", *cells)])


def _local(report: PriceReport, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(report.time_zone)):%Y-%m-%d %H:%M}"


def _faults(report: PriceReport) -> Iterator[str]:
    """What a scenario would refuse or be told of, one line each; a sound series says so."""
    gaps = report.gaps
    if gaps:
        named = "; ".join(f"{_local(report, gap.start_utc)} ({gap.steps * report.step_hours:,.10g} h)" for gap in gaps[:SHOWN])
        more = f"; and {len(gaps) - SHOWN:,} more" if len(gaps) > SHOWN else ""
        longest = max(gap.steps for gap in gaps) * report.step_hours
        yield (
            f"gaps: {report.missing_hours:,.10g} h missing in {len(gaps):,} {_places(len(gaps))}, "
            f"the longest of {longest:,.10g} h: {named}{more}"
        )
    if report.duplicates:
        yield f"duplicates: {report.duplicates:,} rows repeat a time with the same price"
    if report.contradictions:
        named = "; ".join(f"{_local(report, at)} {one:,g} and {two:,g}" for at, one, two in report.contradictions[:SHOWN])
        more = f"; and {len(report.contradictions) - SHOWN:,} more" if len(report.contradictions) > SHOWN else ""
        yield f"contradictions: {len(report.contradictions):,} rows repeat a time with another price: {named}{more}"
    if report.without_price:
        yield f"no price: {report.without_price:,} rows"
    if report.odd_times:
        yield f"between the steps: {report.odd_times:,} rows, which are not used here"
    if report.out_of_order:
        yield f"out of order: {report.out_of_order:,} rows stand before an earlier one"
    if not (gaps or report.duplicates or report.contradictions or report.without_price or report.odd_times or report.out_of_order):
        yield "no gaps, no duplicates, in order"


def _places(count: int) -> str:
    return "place" if count == 1 else "places"


def _clocks(report: PriceReport) -> Iterator[str]:
    days = report.clock_days()
    if not days:
        return
    told = [f"{day.day} {day.hours:g} h" + ("" if day.found == day.hours else f", {day.found:g} found") for day in days]
    right = "each of the right length" if all(day.found == day.hours for day in days) else "not all of the right length"
    listed = "; ".join(told[: 2 * SHOWN])
    more = f"; and {len(told) - 2 * SHOWN} more" if len(told) > 2 * SHOWN else ""
    yield f"clocks changed on {len(days)} days, {right}: {listed}{more}"
