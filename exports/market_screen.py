"""What `hashlease market` prints: the month as analysts publish it, tiers, published figures and what follows, shares, coins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import printable
from ..models.market_terms import Fleet, MarketTerms
from ..models.months import Array
from ..models.network import NetworkMonths, opportunity
from ..models.published import Check, checks, implied_before, mined_share, products
from .colour import colour
from .columns import columns, paragraph
from .screen import page_width

FIELD_WORDS = {
    "revenue_usd_per_eh_day": "revenue, USD/EH/day",
    "gross_profit_usd_per_eh_day": "gross profit, USD/EH/day",
    "margin_fraction": "margin, %",
    "margin_change_bp": "change of margin, bp",
    "revenue_change_fraction": "change of revenue, %",
    "gross_profit_change_fraction": "change of gross profit, %",
    "network_change_fraction": "change of network, %",
    "hashprice_btc_per_ph_day": "hashprice, BTC/PH/day",
    "hashprice_usd_per_ph_day": "hashprice, USD/PH/day",
    "reported_share_fraction": "share of network, %",
    "mined_btc": "BTC mined",
    "mined_share_fraction": "share of BTC mined, %",
    "market_cap_usd": "market capitalisation, USD",
    "market_cap_change_fraction": "change of market cap, %",
    "cap_to_opportunity_fraction": "of four-year rewards, %",
    "network_eh": "network, EH/s",
}


@dataclass(frozen=True)
class MarketPage:
    """A market table with what it is printed for. title: what the figures belong to, line by line."""

    title: tuple[str, ...]
    network: NetworkMonths
    terms: MarketTerms
    left_out: str = ""
    """Which months are not shown, in words."""
    forward: bool = False
    """Whether the months are to come: the four years of block rewards begin with the first of them, otherwise with the last."""


def market_lines(page: MarketPage) -> Iterator[str]:
    """The lines of the page, section by section."""
    width, network = page_width(), page.network
    yield from page.title
    yield from _economics(page, width)
    yield from _tiers(page, width)
    yield from _coins(page, width)
    yield from _published(network, page.terms, width)
    yield from _shares(network, width)
    yield from _opportunity(network, page.forward, width)
    for note in (*network.notes, *([page.left_out] if page.left_out else [])):
        for line in paragraph(f"note: {printable(note)}", width):
            yield colour(line, "yellow")


def _heading(text: str) -> Iterator[str]:
    yield ""
    yield colour(text, "bold")


def _cell(value: float, digits: int = 0, factor: float = 1.0, plus: bool = False) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{factor * value:{'+' if plus else ''},.{digits}f}"


def _known(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Without the months of which nothing is known."""
    return [row for row in rows if any(cell != "-" for cell in row[1:])]


def _known_columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The table without the columns of which nothing is known."""
    known = [at for at in range(len(head)) if any(row[at] != "-" for row in rows)]
    return columns([head[at] for at in known], [[row[at] for at in known] for row in rows])


def _change(values: Array) -> Array:
    change: Array = np.full(len(values), np.nan)
    change[1:] = values[1:] / values[:-1] - 1
    return change


def _economics(page: MarketPage, width: int) -> Iterator[str]:
    network, terms = page.network, page.terms
    fleet = Fleet.of(network, terms)
    yield from _heading("Mining economics by month")
    head = ["month", "BTC USD", "network EH/s", "+/- %", "hashprice a day, USD / PH", "revenue a day, USD / EH", "+/- %"]
    head += ["gross profit", "margin %"] if fleet else []
    revenue = network.revenue_usd_per_eh_day
    of_network, of_revenue = _change(network.network_eh), _change(revenue)
    rows = []
    for t, month in enumerate(network.calendar.months):
        row = [
            str(month),
            _cell(network.btc_price_usd[t]),
            _cell(network.network_eh[t]),
            _cell(of_network[t], 1, 100, True),
            _cell(network.hashprice_usd_per_ph_day[t], 2),
            _cell(revenue[t]),
            _cell(of_revenue[t], 1, 100, True),
        ]
        if fleet:
            row += [_cell(fleet.gross_profit_usd_per_eh_day[t]), _cell(fleet.margin_fraction[t], 1, 100)]
        rows.append(row)
    yield from columns(head, _known(rows))
    yield from paragraph("revenue: block subsidy and fees of one EH/s through a day, before the pool's fee", width)
    if fleet is None:
        yield from paragraph("gross profit and margin: state a fleet and its power with --j-per-th and --usd-per-mwh", width)
        return
    yield from paragraph(
        f"gross profit: revenue less power of {24 * fleet.product:,.0f} USD per EH/s and day, at {terms.j_per_th:g} J/TH and "
        f"{terms.usd_per_mwh:g} USD/MWh; only their product, {fleet.product:,.0f}, is known by it{_alike(fleet.product, terms)}",
        width,
    )


def _alike(product: float, terms: MarketTerms) -> str:
    """The other tiers with the power price that makes the same product, in words."""
    pairs = [f"{tier:g} J/TH at {product / tier:,.1f}" for tier in terms.tiers_j_per_th if tier != terms.j_per_th]
    return f"; the same: {', '.join(pairs)}" if pairs else ""


def _tiers(page: MarketPage, width: int) -> Iterator[str]:
    network, terms = page.network, page.terms
    at_meter = f" x {terms.overhead:g} of overhead" if terms.overhead != 1 else ""
    yield from _heading("What a MWh earns, by efficiency, USD")
    revenues = [network.revenue_usd_per_mwh(tier * terms.overhead) for tier in terms.tiers_j_per_th]
    yield from _by_tier(network, terms, revenues)
    if terms.break_even_is_revenue:
        text = f"revenue / (0.024 x J/TH{at_meter}); it is the break-even power price too, before pool fee and other cost"
        yield from paragraph(f"{text} (--pool-fee, --opex)", width)
        return
    yield from paragraph(f"hashprice / (0.024 x J/TH{at_meter})", width)
    yield from _heading("Power price up to which it pays to run, USD/MWh")
    yield from _by_tier(network, terms, [terms.break_even_usd_per_mwh(network, tier) for tier in terms.tiers_j_per_th])
    fee = f"after a pool fee of {100 * terms.pool_fee_fraction:g} %"
    yield from paragraph(f"{fee} and {terms.opex_usd_per_mwh:g} USD/MWh of other cost", width)


def _by_tier(network: NetworkMonths, terms: MarketTerms, values: Sequence[Array]) -> Iterator[str]:
    rows = [[str(month), *(_cell(tier[t], 2) for tier in values)] for t, month in enumerate(network.calendar.months)]
    yield from columns(["month", *(f"{tier:g} J/TH" for tier in terms.tiers_j_per_th)], _known(rows))


def _coins(page: MarketPage, width: int) -> Iterator[str]:
    network, terms = page.network, page.terms
    fleet = Fleet.of(network, terms)
    if fleet is None or not np.isfinite(network.coins_per_eh_day).any():
        return
    yield from _heading(f"What a coin takes, at {terms.j_per_th:g} J/TH and {terms.usd_per_mwh:g} USD/MWh")
    whole = not (terms.break_even_is_revenue and terms.overhead == 1)
    head = ["month", "BTC per EH/s and day", "MWh per BTC", "power USD per BTC", *(["cash cost USD per BTC"] if whole else [])]
    rows = []
    for t, month in enumerate(network.calendar.months):
        coins, electricity = _cell(network.coins_per_eh_day[t], 4), _cell(fleet.mwh_per_btc[t])
        row = [str(month), coins, electricity, _cell(fleet.power_usd_per_btc[t])]
        rows.append([*row, _cell(fleet.cash_usd_per_btc[t])] if whole else row)
    yield from columns(head, _known(rows))
    if whole:
        text = f"power and {terms.opex_usd_per_mwh:g} USD/MWh of other cost at the meter (overhead {terms.overhead:g})"
        yield from paragraph(f"cash cost: {text}, per coin left after a pool fee of {100 * terms.pool_fee_fraction:g} %", width)


# --- what was published ---------------------------------------------------------------------------------------------------


def _published(network: NetworkMonths, terms: MarketTerms, width: int) -> Iterator[str]:
    found = checks(network)
    if found:
        yield from _heading("Published figures, and what follows from the others")
        yield from columns(("month", "figure", "published", "follows", "off", ""), [_check_row(check) for check in found], (0, 1))
        for check in found:
            if not check.follows:
                told = f": {check.explanation}" if check.explanation else ""
                text = f"{check.month} {FIELD_WORDS[check.field]}: does not follow from {check.formula}{told}"
                for line in paragraph(text, width):
                    yield colour(line, "yellow")
    implied = implied_before(network)
    if implied:
        said = "; ".join(f"{month} {FIELD_WORDS[name]} {value:,.6g}" for month, name, value in implied)
        yield from paragraph(f"stated changes imply for months that are not given: {said}", width)
    identified = products(network)
    if np.isfinite(identified).any():
        yield from _heading("Cost that published gross profit implies: only J/TH x USD/MWh is identified")
        rows = [
            [
                str(month),
                _cell(24 * identified[t]),
                _cell(identified[t]),
                *(_cell(identified[t] / j, 1) for j in terms.tiers_j_per_th),
            ]
            for t, month in enumerate(network.calendar.months)
            if np.isfinite(identified[t])
        ]
        head = ["month", "power USD/EH/day", "J/TH x USD/MWh", *(f"USD/MWh at {tier:g} J/TH" for tier in terms.tiers_j_per_th)]
        yield from columns(head, rows)
        yield from paragraph("(revenue - gross profit) / 24; every pair of efficiency and power price in a row fits as well", width)


def _check_row(check: Check) -> tuple[str, ...]:
    percent = check.field.endswith("_fraction")
    factor, digits = (100.0, 1) if percent else (1.0, 0)
    if check.field.startswith("hashprice"):
        digits = 8 if "btc" in check.field else 2
    unit = " %" if check.relative else " points" if percent else ""
    off = f"{(100 if check.relative or percent else 1) * check.off:+,.{2 if check.relative else 1}f}{unit}"
    shown = (_cell(value, digits, factor) for value in (check.stated, check.computed))
    return (str(check.month), FIELD_WORDS[check.field], *shown, off, "ok" if check.follows else "does not follow")


def _shares(network: NetworkMonths, width: int) -> Iterator[str]:
    unknown = np.full(network.calendar.length, np.nan)
    reported, operating, mined = (network.stated.get(name, unknown) for name in ("reported_eh", "operating_eh", "mined_btc"))
    if not np.isfinite([reported, operating, mined]).any():
        return
    yield from _heading("The group against the network")
    found, expected = mined_share(network), network.expected_btc(operating)
    at_work = mined / network.expected_btc(reported)
    rows = [
        [
            str(month),
            _cell(reported[t], 1),
            _cell(reported[t] / network.network_eh[t], 1, 100),
            _cell(mined[t]),
            _cell(found[t], 1, 100),
            _cell(at_work[t], 0, 100),
            _cell(operating[t], 1),
            _cell(expected[t]),
            _cell(mined[t] / expected[t] - 1, 1, 100, True),
        ]
        for t, month in enumerate(network.calendar.months)
        if np.isfinite([reported[t], operating[t], mined[t]]).any()
    ]
    head = ["month", "reported EH/s", "of network %", "BTC mined", "of coins %", "at work %", "operating EH/s"]
    head += ["expected BTC", "mined against it %"]
    yield from _known_columns(head, rows)
    if np.isfinite(at_work).any():
        text = "at work: coins mined as a share of what the reported capacity would have found"
        yield from paragraph(f"{text}; a share of the network by reported capacity is no share of its coins", width)
    if np.isfinite(expected).any():
        text = "expected: average operating EH/s x days x coins per EH/s and day, with fees"
        yield from paragraph(f"{text}; a fleet that grows in the month finds another number", width)


def _opportunity(network: NetworkMonths, forward: bool, width: int) -> Iterator[str]:
    cap = network.stated.get("market_cap_usd", np.full(network.calendar.length, np.nan))
    months = [t for t in range(network.calendar.length) if np.isfinite(cap[t])]
    known = np.flatnonzero(np.isfinite(network.btc_price_usd))
    if not months and len(known):
        months = [int(known[0 if forward else -1])]
    if not months:
        return
    yield from _heading("Block rewards of the next four years, at the price of the month, without fees")
    rows = []
    for t in months:
        price = network.btc_price_usd[t]
        whole = opportunity(network.calendar.months[t], float(price) if np.isfinite(price) else None, network.blocks)
        usd, without = whole.usd or np.nan, whole.usd_without_halving or np.nan
        rows.append(
            [
                str(whole.month),
                _cell(whole.btc),
                _cell(usd, 1, 1e-9),
                _cell(whole.btc_without_halving),
                _cell(without, 1, 1e-9),
                _cell(cap[t], 1, 1e-9),
                _cell(cap[t] / usd, 0, 100),
                _cell(cap[t] / without, 0, 100),
            ]
        )
    head = ["month", "BTC", "bn USD", "without halving BTC", "bn USD", "market cap bn USD", "of rewards %", "without halving %"]
    yield from _known_columns(head, rows)
    yield from paragraph("new coins of 48 months at a block every ten minutes, with the halvings that fall into them", width)
