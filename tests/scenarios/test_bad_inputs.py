"""Bad inputs, case by case: refused with the place, what was found, what is allowed and the likely fix; or taken as it is meant."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hashlease.cli import run_command
from hashlease.errors import InputError, Problem
from hashlease.models.scenario import Scenario
from hashlease.scenarios.load import load, validate
from hashlease.scenarios.yaml_reader import parse_yaml
from scenario_text import GOOD, changed, hourly, january, prices, write

TIMES = january()
SITE, FLEET, SIGNED, OFFER = "sites.Rockdale", "fleets.Machines", "leases.First tenant", "leases.Second tenant"
PRICE = "power.zones.West.price"
CHARGED = "      avoided_by_mining_fraction: 0.9"


@dataclass(frozen=True)
class Refused:
    """A scenario with one mistake: `old` in the good text becomes `new`; the message must hold the parts given.

    line_of: the text in whose line the mistake is reported, none if empty; without it, the last line of `new`.
    """

    name: str
    old: str
    new: str
    field: str
    found: str
    allowed: str
    hint: str = ""
    line_of: str | None = None
    text: str = GOOD
    files: dict[str, str | bytes] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        return write(folder, changed(self.old, self.new, self.text) if self.old else self.text, self.files)

    def where(self, file: Path) -> str:
        """File and line in which the mistake is reported."""
        if self.line_of == "":
            return str(file)
        text = file.read_text(encoding="utf-8")
        end = text.index(self.line_of) if self.line_of else text.index(self.new) + len(self.new.rstrip("\n"))
        return f"{file}:{text.count(chr(10), 0, end) + 1}"


def in_prices(
    name: str, content: str | bytes | None, found: str, allowed: str, hint: str = "", at: str = "file", **spec: Any
) -> Refused:
    """A mistake in the file that the price names (None: there is no file), reported at a field of the price."""
    files = {} if content is None else {str(spec.get("file", "prices.csv")): content}
    return Refused(name, "", "", f"{PRICE}.{at}", found, allowed, hint, f"{at}:", hourly(**spec), files)


def cells(*changes: tuple[int, str]) -> str:
    """prices.csv with rows replaced by number (0 is the first hour)."""
    lines = prices(TIMES).splitlines()
    for row, text in changes:
        lines[row + 1] = text
    return "\n".join(lines) + "\n"


def many_offers(count: int) -> str:
    """More offers like the second tenant, each with a choice of 586 months."""
    lease = GOOD[GOOD.index("  - name: Second") : GOOD.index("finance:")].replace("latest: 2028-04", "latest: 2075-12")
    return "".join(lease.replace("Second tenant", f"Tenant {number}") for number in range(count))


MACHINE_TEXT = GOOD.replace(
    "finance:\n",
    """\
machine_offers:
  - name: New
    site: Rockdale
    mw: 41
    j_per_th: 15
    overhead: 1.05
    pool_fee_fraction: 0.01
    uptime_fraction: 0.95
    variable_opex_usd_per_mwh: 8
    fixed_opex_usd_per_mw_month: 500
    usd_per_th: {flat: 16}
    paid_months_before_delivery: 3
    delivery_window: {earliest: 2026-06, latest: 2027-06, every_months: 3}
    life_months: 60
    resale_usd_per_th: 1.5
finance:
""",
)


def bad_machines(name: str, old: str, new: str, field: str, found: str, allowed: str, hint: str = "") -> Refused:
    """A mistake in the machines on offer, reported in the line of the new text."""
    return Refused(f"machines-{name}", old, new, f"machine_offers.New.{field}", found, allowed, hint, None, MACHINE_TEXT)


RESALE = "    resale_usd_per_th: 1\n"


def bad_sale(name: str, sale: str, field: str, found: str, allowed: str, hint: str = "") -> Refused:
    """A mistake in the sale of a fleet, which is written on one line."""
    line = f"    sale: {sale}"
    return Refused(f"sale-{name}", RESALE, f"{RESALE}{line}\n", f"{FLEET}.sale{field}", found, allowed, hint)


SALE_WINDOW = "window: {earliest: 2026-06, latest: 2027-06}"
SALES = [
    bad_sale("negative", f"{{usd_per_th: {{flat: -1}}, {SALE_WINDOW}}}", ".usd_per_th.flat", "-1 USD/TH", "0 to 500 USD/TH"),
    bad_sale(
        "percent",
        f"{{usd_per_th: {{flat: 3}}, follows_hashprice_fraction: 50, {SALE_WINDOW}}}",
        ".follows_hashprice_fraction",
        "50",
        "0 to 1",
        "0.5",
    ),
    bad_sale("no-window", "{usd_per_th: {flat: 3}}", ".window", "nothing", "the field window"),
    bad_sale(
        "retired",
        "{usd_per_th: {flat: 3}, window: {earliest: 2031-01, latest: 2032-06}}",
        ".window",
        "no month of sale from 2031-01 to 2032-06",
        "months from 2026-01 to 2040-03 in which the fleet is there",
    ),
    bad_sale(
        "gap",
        f"{{usd_per_th: {{months: {{2026-03: 3}}, then_growth_per_year: 0}}, {SALE_WINDOW}}}",
        ".usd_per_th",
        "the path begins in 2026-03, the horizon in 2026-01",
        "a path over the whole horizon",
    ),
]

MOVE_TEXT = GOOD.replace(
    "fleets:\n",
    """\
  - {name: Odessa, zone: West, energised_mw: 90, supply: {kind: index, adder_usd_per_mwh: 2}}
fleets:
""",
).replace(
    "finance:\n",
    """\
machine_moves:
  - name: Moved
    fleet: Machines
    site: Odessa
    usd_per_mw: 70_000
    downtime_months: 2
    overhead: 1.04
    uptime_fraction: 0.95
    variable_opex_usd_per_mwh: 7.5
    fixed_opex_usd_per_mw_month: 600
    window: {earliest: 2026-06, latest: 2027-06}
finance:
""",
)


def bad_move(name: str, old: str, new: str, field: str, found: str, allowed: str, hint: str = "") -> Refused:
    """A mistake in a move of machines, reported in the line of the new text."""
    return Refused(f"move-{name}", old, new, f"machine_moves.Moved.{field}", found, allowed, hint, None, MOVE_TEXT)


MOVES = [
    bad_move("fleet", "fleet: Machines", "fleet: Machine", "fleet", '"Machine"', "one of the fleets: Machines", "mean Machines?"),
    bad_move("site", "    site: Odessa", "    site: Odesa", "site", '"Odesa"', "one of the sites: Rockdale, Odessa", "Odessa"),
    bad_move("nowhere", "    site: Odessa", "    site: Rockdale ", "site", "Rockdale, where Machines is", "another site"),
    bad_move("kw", "usd_per_mw: 70_000", "usd_per_mw: 70", "usd_per_mw", "70 USD", "0 or 100 to 5,000,000 USD", "70 in USD per kW"),
    bad_move(
        "both", "usd_per_mw: 70_000", "usd_per_th: 1\n    usd_per_mw: 70_000", "usd_per_mw", "both usd_per_mw and", "exactly one"
    ),
    bad_move("dark", "downtime_months: 2", "downtime_months: 200", "downtime_months", "200 months", "0 to 120 months"),
    bad_move(
        "retired",
        "window: {earliest: 2026-06, latest: 2027-06}",
        "window: {earliest: 2030-11, latest: 2030-12}",
        "window",
        "no month in which Machines can leave, from 2030-11 to 2030-12",
        "so early that it arrives before it retires",
    ),
]

RULE_TEXT = GOOD.replace(
    "finance:\n",
    """\
rules:
  - name: Floor
    kind: hashrate
    at_least_eh: 0.25
    to: 2028-12
  - name: Nobody above a half
    kind: tenant_share
    tenant: First tenant
    at_most_fraction: 0.55
finance:
""",
)
SHARE, FLOOR = "rules.Nobody above a half", "rules.Floor"


def bad_rule(name: str, old: str, new: str, field: str, found: str, allowed: str, hint: str = "") -> Refused:
    """A mistake in the rules, reported in the line of the new text."""
    return Refused(f"rule-{name}", old, new, field, found, allowed, hint, None, RULE_TEXT)


RULES = [
    bad_rule(
        "kind",
        "kind: tenant_share",
        "kind: tenant_shares",
        f"{SHARE}.kind",
        '"tenant_shares"',
        "tenant_mw or tenant_rent_share",
        "tenant_share",
    ),
    bad_rule("percent", "at_most_fraction: 0.55", "at_most_fraction: 55", f"{SHARE}.at_most_fraction", "55", "0 to 1", "0.55"),
    bad_rule("negative", "at_least_eh: 0.25", "at_least_eh: -1", f"{FLOOR}.at_least_eh", "-1 EH/s", "0 or 0.0001 to 10,000 EH/s"),
    bad_rule("petahash", "at_least_eh: 0.25", "at_least_eh: 25_000", f"{FLOOR}.at_least_eh", "25,000 EH/s", "EH/s", "PH/s"),
    bad_rule(
        "other-limit",
        "at_least_eh: 0.25",
        "at_least_mw: 25",
        f"{FLOOR}.at_least_mw",
        "at_least_mw in a rule of the kind hashrate",
        "at_least_eh or at_most_eh",
    ),
    Refused(
        "rule-no-limit",
        "    at_least_eh: 0.25\n",
        "",
        f"{FLOOR}.kind",
        "no limit in a rule of the kind hashrate",
        "at_least_eh or at_most_eh",
        "",
        "kind: hashrate",
        RULE_TEXT,
    ),
    bad_rule(
        "crossed",
        "at_least_eh: 0.25",
        "at_most_eh: 0.1\n    at_least_eh: 0.25",
        f"{FLOOR}.at_least_eh",
        "at_least_eh 0.25 above at_most_eh 0.1",
        "at_least not above at_most",
    ),
    bad_rule(
        "tenant",
        "tenant: First tenant",
        "tenant: First tennant",
        f"{SHARE}.tenant",
        "no lease of First tennant",
        "one of: First",
        "First",
    ),
    bad_rule(
        "no-tenants-rule",
        "at_least_eh: 0.25",
        "at_least_eh: 0.25\n    tenant: First tenant",
        f"{FLOOR}.tenant",
        "a tenant in a rule of the kind hashrate",
        "tenant_share, tenant_mw, tenant_rent_share have one",
    ),
    bad_rule(
        "site", "kind: hashrate", "kind: hashrate\n    site: Rokdale", f"{FLOOR}.site", '"Rokdale"', "one of the sites", "Rockdale"
    ),
    bad_rule(
        "backwards", "to: 2028-12", "from: 2029-01\n    to: 2028-12", f"{FLOOR}.to", "to 2028-12 before from 2029-01", "later"
    ),
    bad_rule(
        "never", "to: 2028-12", "to: 2025-12", f"{FLOOR}.to", "a rule from 2026-01 to 2025-12", "months of the horizon, 2026-01 to"
    ),
    bad_rule(
        "field", "at_least_eh: 0.25", "at_least_eh: 0.25\n    at_most_ehs: 3", f"{FLOOR}.at_most_ehs", "unknown", "", "at_most_eh"
    ),
]

BUYING = "usd_per_th: {flat: 16}"
WINDOW = "delivery_window: {earliest: 2026-06, latest: 2027-06, every_months: 3}"
MACHINES = [
    bad_machines("free", BUYING, "usd_per_th: {flat: 0}", "usd_per_th.flat", "0 USD/TH", "0.1 to 500 USD/TH"),
    bad_machines(
        "per-ph",
        BUYING,
        "usd_per_th: {flat: 16_000}",
        "usd_per_th.flat",
        "16,000 USD/TH",
        "0.1 to 500 USD/TH",
        "USD/PH is 16 USD/TH",
    ),
    bad_machines("plain", BUYING, "usd_per_th: 16", "usd_per_th", "16", "{flat: ...}", "{flat: 16}"),
    bad_machines(
        "gap",
        BUYING,
        "usd_per_th: {months: {2026-06: 16}}",
        "usd_per_th",
        "the path begins in 2026-06, the horizon in 2026-01",
        "a path over the whole horizon",
    ),
    bad_machines("life", "life_months: 60", "life_months: 0", "life_months", "0 months", "a whole number, 1 to 240 months"),
    bad_machines(
        "too-late",
        WINDOW,
        "delivery_window: {earliest: 2041-01, latest: 2042-06}",
        "delivery_window",
        "no possible delivery from 2041-01 to 2042-06",
        "a delivery from 2041-01 (payment on the valuation date) to 2040-03 (end of the horizon)",
    ),
    bad_machines(
        "before-payment",
        WINDOW,
        "delivery_window: {earliest: 2026-01, latest: 2026-03}",
        "delivery_window",
        "no possible delivery from 2026-01 to 2026-03",
        "a delivery from 2026-04 (payment on the valuation date)",
        "a payment nearer to the delivery",
    ),
    bad_machines("two-sizes", "mw: 41", "hashrate_eh: 2\n    mw: 41", "mw", "both hashrate_eh and mw", "exactly one of the two"),
    bad_machines("nothing", "mw: 41", "mw: 0", "mw", "an offer of 0 MW", "a size above 0", "leave the offer out"),
    bad_machines("slip", "mw: 41", "mw: 9_100", "mw", "machines of 9,100.0 MW", "at most 6,000.0 MW at Rockdale", "mw is in MW"),
    bad_machines(
        "model", "    j_per_th: 15\n", "    asic: S99\n", "asic", 'the model "S99"', "a model of the catalogue", "j_per_th"
    ),
    bad_machines("resale", "resale_usd_per_th: 1.5", "resale_usd_per_th: -1", "resale_usd_per_th", "-1", "0 to 500 USD/TH"),
    Refused(
        "machines-site",
        "  - name: New\n    site: Rockdale",
        "  - name: New\n    site: Rokdale",
        "machine_offers.New.site",
        '"Rokdale"',
        "one of the sites: Rockdale",
        'did you mean "Rockdale"?',
        None,
        MACHINE_TEXT,
    ),
    Refused(
        "machines-name-of-a-fleet",
        "  - name: New\n",
        "  - name: Machines\n",
        "machine_offers.Machines.name",
        'the name "Machines", which a fleet has',
        "a name of its own",
        "",
        "Machines\n    site: Rockdale\n    mw: 41",
        MACHINE_TEXT,
    ),
]

GOOD_LINES = GOOD.splitlines()
CRITICAL = "critical_it_mw: 30"
CRITICAL_FIELD = f"{OFFER}.critical_it_mw"
CRITICAL_ALLOWED = "a number, 0.001 to 5000 MW"
RENT = "rent_usd_per_kw_month: 125"
RENT_FIELD = f"{OFFER}.rent_usd_per_kw_month"
RENT_ALLOWED = "1 to 600 USD per kW of critical IT and month"

NUMBERS = [
    Refused("B001-nan", CRITICAL, "critical_it_mw: .nan", CRITICAL_FIELD, "nan", CRITICAL_ALLOWED, "finite"),
    Refused("B001-text", CRITICAL, "critical_it_mw: nan", CRITICAL_FIELD, 'the text "nan"', CRITICAL_ALLOWED),
    Refused("B001-empty", CRITICAL, "critical_it_mw:  # to come", CRITICAL_FIELD, "nothing", CRITICAL_ALLOWED),
    in_prices("B001-csv-empty", cells((5, f"{TIMES[5]},")), 'prices.csv line 7: usd ""', "a finite number"),
    in_prices("B001-csv-na", cells((5, f"{TIMES[5]},NA")), 'prices.csv line 7: usd "NA"', "a finite number"),
    Refused("B002-inf", CRITICAL, "critical_it_mw: .inf", CRITICAL_FIELD, "an infinite number", CRITICAL_ALLOWED, "finite"),
    Refused("B002-minus-inf", CRITICAL, "critical_it_mw: -.inf", CRITICAL_FIELD, "an infinite number", CRITICAL_ALLOWED, "finite"),
    Refused("B002-overflow", CRITICAL, "critical_it_mw: 1e400", CRITICAL_FIELD, "an infinite number", CRITICAL_ALLOWED),
    in_prices("B002-csv-1e400", cells((0, f"{TIMES[0]},1e400")), 'line 2: usd "1e400"', "a finite number"),
    in_prices("B002-csv-inf", cells((0, f"{TIMES[0]},inf")), 'line 2: usd "inf"', "a finite number"),
    in_prices("B002-csv-infinity", cells((0, f"{TIMES[0]},Infinity")), 'line 2: usd "Infinity"', "a finite number"),
    Refused("B004-true", CRITICAL, "critical_it_mw: true", CRITICAL_FIELD, "the yes/no value true", CRITICAL_ALLOWED, "number"),
    Refused("B004-yes", CRITICAL, "critical_it_mw: yes", CRITICAL_FIELD, 'the text "yes"', CRITICAL_ALLOWED),
    Refused("B004-on", CRITICAL, "critical_it_mw: on", CRITICAL_FIELD, 'the text "on"', CRITICAL_ALLOWED),
    Refused("B006-minutes", CRITICAL, "critical_it_mw: 12:30", CRITICAL_FIELD, 'the text "12:30"', CRITICAL_ALLOWED),
    Refused("B006-hours", CRITICAL, "critical_it_mw: 1:30:00", CRITICAL_FIELD, 'the text "1:30:00"', CRITICAL_ALLOWED),
    Refused("B008-comma", RENT, "rent_usd_per_kw_month: 1,000", RENT_FIELD, '"1,000"', RENT_ALLOWED, "no thousands commas: 1000"),
    in_prices(
        "B008-csv", cells((3, f'{TIMES[3]},"1,234.5"')), 'line 5: usd "1,234.5"', "a finite number", "no thousands commas: 1234.5"
    ),
    in_prices(
        "B009-semicolons", "time;usd\n2026-01-01T00:00-06:00;40,5\n", "line 1: fields separated by semicolons", "commas", "points"
    ),
    in_prices("B009-quoted", cells((0, f'{TIMES[0]},"40,5"')), 'line 2: usd "40,5"', "a decimal point", "point: 40.5"),
    Refused("B009-yaml", RENT, "rent_usd_per_kw_month: 120,5", RENT_FIELD, '"120,5"', RENT_ALLOWED, "point: 120.5"),
    in_prices("B010", cells((0, f"{TIMES[0]},40,5")), "line 2: 3 fields", "2 fields as in the header", "a decimal comma splits"),
    Refused("B012-mw", CRITICAL, "critical_it_mw: -30", CRITICAL_FIELD, "-30 MW", CRITICAL_ALLOWED, "positive"),
    Refused("B012-term", "term_years: 12", "term_years: -12", f"{OFFER}.term_years", "-12 years", "0.25 to 50 years", "positive"),
    Refused(
        "B012-price", "resale_usd_per_th: 1", "resale_usd_per_th: -1", f"{FLEET}.resale_usd_per_th", "-1 USD/TH", "0 to 500 USD/TH"
    ),
    Refused("B017", CRITICAL, f"critical_it_mw: {'7' * 5000}", CRITICAL_FIELD, "a number of 5,000 digits", "at most 300 digits"),
    Refused("B017-299", CRITICAL, f"critical_it_mw: {'7' * 299}", CRITICAL_FIELD, "7.77777777778e+298 MW", CRITICAL_ALLOWED),
    Refused(
        "B018-fullwidth",
        CRITICAL,
        "critical_it_mw: \uff13\uff10",
        CRITICAL_FIELD,
        '"\uff13\uff10"',
        CRITICAL_ALLOWED,
        "1 is U+FF13",
    ),
    Refused(
        "B018-arabic",
        CRITICAL,
        "critical_it_mw: \u0663\u0660",
        CRITICAL_FIELD,
        '"\u0663\u0660"',
        CRITICAL_ALLOWED,
        "U+0663 (arabic-indic",
    ),
    Refused(
        "B018-minus", CRITICAL, "critical_it_mw: \u221230", CRITICAL_FIELD, '"\u221230"', CRITICAL_ALLOWED, "U+2212 (minus sign)"
    ),
    Refused("B018-nbsp", CRITICAL, "critical_it_mw:\u00a030", "", "not a field with its value", "YAML", "is U+00A0"),
    Refused("B018-nbsp-in-number", CRITICAL, "critical_it_mw: 3\u00a00", CRITICAL_FIELD, "U+00A0", "plain blanks"),
]

MW_TOTAL = "mw_total: 300"
MW_FIELD, MW_ALLOWED = f"{SITE}.energised_mw.1.mw_total", "0 or 0.001 to 10,000 MW"
EFFICIENCY_FIELD, EFFICIENCY_ALLOWED = f"{FLEET}.j_per_th", "3 to 150 J/TH"
NETWORK = GOOD[GOOD.index("    kind: network") : GOOD.index("power:")]
GIVEN = "    kind: given\n    usd_per_ph_day:\n      flat: "
HASHPRICE_FIELD, HASHPRICE_ALLOWED = "market.hashprice.usd_per_ph_day.flat", "3 to 1000 USD/PH/day"
CAPEX, CAPEX_FIELD = "capex_usd_per_critical_mw: 10_000_000", f"{OFFER}.capex_usd_per_critical_mw"
CAPEX_ALLOWED = "0 or 1000 to 60,000,000 USD per critical MW"

UNITS = [
    Refused(
        "B021", MW_TOTAL, "mw_total: 300000", MW_FIELD, "300,000 MW", MW_ALLOWED, "300,000 in kW is 300 MW; did you mean that?"
    ),
    Refused("B022", MW_TOTAL, "mw_total: 3e8", MW_FIELD, "300,000,000 MW", MW_ALLOWED, "300,000,000 in W is 300 MW"),
    Refused(
        "B024", RENT, "rent_usd_per_kw_month: 150000", RENT_FIELD, "150,000 USD", RENT_ALLOWED, "USD/MW-month is 150 USD per kW"
    ),
    Refused("B025", RENT, "rent_usd_per_kw_month: 1800", RENT_FIELD, "1800 USD", RENT_ALLOWED, "USD/kW-year is 150 USD per kW"),
    Refused(
        "B028-j-per-ph", "j_per_th: 20", "j_per_th: 18000", EFFICIENCY_FIELD, "18,000 J/TH", EFFICIENCY_ALLOWED, "J/PH is 18 J/TH"
    ),
    Refused(
        "B028-j-per-gh", "j_per_th: 20", "j_per_th: 0.018", EFFICIENCY_FIELD, "0.018 J/TH", EFFICIENCY_ALLOWED, "J/GH is 18 J/TH"
    ),
    Refused("B029-th", NETWORK, f"{GIVEN}0.05\n", HASHPRICE_FIELD, "0.05 USD", HASHPRICE_ALLOWED, "USD/TH/day is 50 USD/PH/day"),
    Refused("B029-eh", NETWORK, f"{GIVEN}50000\n", HASHPRICE_FIELD, "50,000 USD", HASHPRICE_ALLOWED, "USD/EH/day is 50 USD/PH/day"),
    Refused("B029-hour", NETWORK, f"{GIVEN}2.1\n", HASHPRICE_FIELD, "2.1 USD", HASHPRICE_ALLOWED, "USD/PH/hour is 50.4 USD/PH/day"),
    Refused(
        "B029-month",
        NETWORK,
        f"{GIVEN}1500\n",
        HASHPRICE_FIELD,
        "1500 USD",
        HASHPRICE_ALLOWED,
        "USD/PH/month is 49.2813 USD/PH/day",
    ),
    Refused(
        "B030-ph",
        "hashrate_eh: 12",
        "hashrate_eh: 12000",
        f"{FLEET}.hashrate_eh",
        "12,000 EH/s",
        "0.0001 to 1000 EH/s",
        "PH/s is 12",
    ),
    # 0.9 EH/s given in PH/s passes the bounds of a hashrate, and would be 63 times the site.
    Refused(
        "B030-mw",
        "hashrate_eh: 12",
        "hashrate_eh: 900",
        f"{FLEET}.hashrate_eh",
        "18,900.0 MW",
        "at most 20 times what Rockdale",
        "1,000 PH/s",
    ),
    Refused("B032", "uptime_fraction: 0.95", "uptime_percent: 0.08", f"{FLEET}.uptime_percent", "unknown field", "uptime_fraction"),
    Refused(
        "B032-percent",
        "uptime_fraction: 0.95",
        "uptime_fraction: 95",
        f"{FLEET}.uptime_fraction",
        "95",
        "0.5 to 1",
        "percent is 0.95",
    ),
    Refused(
        "B032-sign",
        "uptime_fraction: 0.95",
        "uptime_fraction: 95 %",
        f"{FLEET}.uptime_fraction",
        '"95 %"',
        "0.5 to 1",
        "fraction: 0.95",
    ),
    Refused(
        "B034",
        "mining: 0.14",
        "mining: 250",
        "finance.discount_rate_per_year.mining",
        "250 per year",
        "0 to 0.5",
        "basis points is 0.025",
    ),
    Refused(
        "B036", "term_years: 12", "term_years: 120", f"{OFFER}.term_years", "120 years", "0.25 to 50 years", "months is 10 years"
    ),
    Refused(
        "B036-date",
        "term_years: 12",
        "term_years: 2036",
        f"{OFFER}.term_years",
        "2036 years",
        "0.25 to 50",
        "not the calendar year",
    ),
    Refused("B037", "uptime_fraction: 0.95", "uptime_fraction: 0.03", f"{FLEET}.uptime_fraction", "0.03", "0.5 to 1 (a fraction"),
    Refused(
        "B038-pue", "gross_up: 1.35", "gross_up: 0.25", f"{OFFER}.gross_up", "0.25 meter MW", "1 to 2.5 meter MW per critical MW"
    ),
    Refused(
        "B038-overhead", "overhead: 1.05", "overhead: 0.05", f"{FLEET}.overhead", "0.05 meter MW", "1 to 1.5 meter MW per ASIC MW"
    ),
    Refused("B040", MW_TOTAL, "mva_total: 333", f"{SITE}.energised_mw.1.mva_total", "unknown field", "from, mw_total", "mw_total?"),
    Refused("B041-missing", "  dollars: nominal\n", "", "finance.dollars", "nothing", "nominal or real", line_of="finance:"),
    in_prices("B042", prices(TIMES, "time,usd ($000)"), 'no column "usd"', "one of: time, usd ($000)", at="price_column"),
    Refused("B045", CAPEX, "capex_usd_per_critical_mw: -9000000", CAPEX_FIELD, "-9,000,000 USD", CAPEX_ALLOWED, "positive numbers"),
    Refused(
        "B045-millions",
        CAPEX,
        "capex_usd_per_critical_mw: 10",
        CAPEX_FIELD,
        "10 USD",
        CAPEX_ALLOWED,
        "millions of USD is 10,000,000",
    ),
]

VALUATION, START, EARLIEST = "valuation_date: 2026-01-01", "start_month: 2026-02", "earliest: 2027-04"
MONTH_ALLOWED, DAY_ALLOWED = "a month as YYYY-MM, 2009-01 to 2100-12", "a day as YYYY-MM-DD, 2009-01-01 to 2100-12-31"
SHORT_DAY = [f"2026-03-08T{hour:02}:00" for hour in range(24)]
LONG_DAY = [f"2026-11-01T{hour:02}:00" for hour in (0, 1, *range(1, 24))]
LOCAL = {"times_are": "local", "file_time_zone": "America/Chicago"}

DATES = [
    Refused(
        "B046",
        VALUATION,
        "valuation_date: 2027-02-29",
        "finance.valuation_date",
        "2027-02-29",
        DAY_ALLOWED,
        "2027 is not a leap year",
    ),
    in_prices(
        "B049", prices(SHORT_DAY), 'line 4: time "2026-03-08T02:00"', "that clocks in America/Chicago show", "23 hours", **LOCAL
    ),
    in_prices("B050", prices(LONG_DAY), "which clocks in America/Chicago show twice", "a repeated_hour_column", "UTC", **LOCAL),
    in_prices(
        "B052",
        prices([f"{TIMES[0][:10]}T24:00"]),
        '"2026-01-01T24:00"',
        "a time that exists",
        "00:00 of the next day",
        times_are="utc",
    ),
    # No check of the time of the daily peak: the distribution of a month's prices hardly depends on it.
    Refused(
        "B053",
        "        convention: hour_beginning\n",
        "",
        f"{PRICE}.convention",
        "nothing",
        "hour_beginning or hour_ending",
        line_of="      price:\n",
        text=hourly(),
    ),
    in_prices("B054", cells((4, "2026-01-01T04:00,30")), "without offset", "times_are: with_offset in every row", "mixed forms"),
    Refused("B056-months", START, "start_month: 03/2027", f"{SIGNED}.start_month", "03/2027", MONTH_ALLOWED, "year first: 2027-03"),
    Refused(
        "B056-days",
        VALUATION,
        "valuation_date: 03/04/2027",
        "finance.valuation_date",
        "03/04/2027",
        DAY_ALLOWED,
        "cannot be told apart",
    ),
    in_prices("B056-csv", prices(["03/04/2027 00:00"]), '"03/04/2027 00:00"', "ISO 8601", "cannot be told apart"),
    Refused("B057", VALUATION, "valuation_date: 03/04/27", "finance.valuation_date", "03/04/27", DAY_ALLOWED),
    Refused("B058", VALUATION, "valuation_date: 46082", "finance.valuation_date", "46082", DAY_ALLOWED, "text"),
    Refused("B058-month", START, "start_month: 202703", f"{SIGNED}.start_month", "202703", MONTH_ALLOWED, "text"),
    in_prices("B058-csv", prices(["46082.25"]), '"46082.25"', "ISO 8601", "serial number"),
    Refused("B060", VALUATION, "valuation_date: 1900-02-28", "finance.valuation_date", "1900-02-28", DAY_ALLOWED),
    Refused(
        "B061", VALUATION, "valuation_date: 2026-01-01T05:00", "finance.valuation_date", "T05:00", DAY_ALLOWED, "no time of day"
    ),
    Refused(
        "B062-window",
        EARLIEST,
        "earliest: 2029-04",
        f"{OFFER}.start_window.latest",
        "latest 2028-04 before earliest 2029-04",
        "on or after",
        line_of="latest:",
    ),
    Refused(
        "B062-block", "to: 2027-12", "to: 2025-12", f"{SITE}.blocks.Block.to", "to 2025-12 before from 2026-01", "on or after from"
    ),
    Refused(
        "terms-twice-the-same-mw",
        CHARGED,
        CHARGED + "\n    ancillary_services: [{name: ECRS, share_fraction: 0.7, usd_per_mw_hour: {flat: 8}}]\n"
        "    standby: [{name: ERS, share_fraction: 0.4, usd_per_mw_month: {flat: 5000}}]",
        f"{SITE}.ancillary_services",
        "shares of 1.1 in all (ECRS 0.7, ERS 0.4)",
        "add up to at most 1",
        "one of them only",
        line_of="ancillary_services:",
    ),
    Refused(
        "terms-yearly-price",
        CHARGED,
        CHARGED + "\n    ancillary_services: [{name: ECRS, share_fraction: 0.7, usd_per_mw_hour: {flat: 84000}}]",
        f"{SITE}.ancillary_services.ECRS.usd_per_mw_hour.flat",
        "84,000 USD per MW and hour",
        "0 to 1000 USD per MW and hour",
        "did you mean that?",
    ),
    Refused(
        "terms-percent-of-losses",
        CHARGED,
        CHARGED + "\n    delivery: {usd_per_mwh: {flat: 4}, loss_fraction: 2}",
        f"{SITE}.delivery.loss_fraction",
        "2 of the energy at the meter",
        "0 to 0.25",
        "2 in percent is 0.02",
    ),
    Refused(
        "terms-off-hours",
        CHARGED,
        CHARGED + "\n    curtailments: [{name: Host, off_hours_per_month: 900}]",
        f"{SITE}.curtailments.Host.off_hours_per_month",
        "900 hours a month",
        "0 to 744 hours a month",
    ),
    Refused(
        "terms-which-hours",
        CHARGED,
        CHARGED + "\n    curtailments: [{name: Host, off_hours_per_month: 9, off_in: dear}]",
        f"{SITE}.curtailments.Host.off_in",
        "dear",
        "dearest, average or cheapest",
        "did you mean dearest?",
    ),
    Refused(
        "terms-kw-for-mw",
        CHARGED,
        CHARGED + "\n    coincident_peaks: [{name: 4CP, usd_per_kw: {flat: 16000}, avoided_fraction: 0.9}]",
        f"{SITE}.coincident_peaks.4CP.usd_per_kw.flat",
        "16,000 USD per kW and peak month",
        "0.001 to 200",
        "16 USD per kW and peak month",
    ),
    Refused(
        "terms-month-of-year",
        CHARGED,
        CHARGED + "\n    coincident_peaks: [{name: 4CP, usd_per_kw: {flat: 16}, avoided_fraction: 0.9, to_month_of_year: 13}]",
        f"{SITE}.coincident_peaks.4CP.to_month_of_year",
        "13",
        "1 to 12",
    ),
    Refused(
        "terms-name-twice",
        CHARGED,
        CHARGED + "\n    curtailments: [{name: Host, off_hours_per_month: 1}, {name: Host, off_hours_per_month: 2}]",
        f"{SITE}.curtailments",
        'the name "Host" twice',
        "each name once",
    ),
    *MACHINES,
    *SALES,
    *MOVES,
    *RULES,
    Refused(
        "B062-fleet",
        "retire_month: 2031-01",
        "retire_month: 2026-01",
        f"{FLEET}.retire_month",
        "2026-01 not after from",
        "a later month",
    ),
    Refused(
        "B062-day",
        VALUATION,
        "valuation_date: 2026-01-15",
        "finance.valuation_date",
        "2026-01-15",
        "first day of a month",
        "2026-01-01",
    ),
    # Tariffs are paths here: a path by months must not leave one out, and a ramp must be in order.
    Refused(
        "B064-gap",
        "{flat: 5}",
        "{months: {2026-01: 5, 2026-03: 6}}",
        f"{SITE}.demand_charge.usd_per_kw_month.months",
        "no value for 2026-02",
        "every month",
    ),
    Refused(
        "B064-end",
        "{flat: 5}",
        "{months: {2026-01: 5, 2026-02: 6}}",
        f"{SITE}.demand_charge.usd_per_kw_month",
        "ends in 2026-02",
        "whole horizon",
    ),
    Refused(
        "B064-ramp",
        "from: 2026-07",
        "from: 2026-01",
        f"{SITE}.energised_mw",
        "2026-01 after 2026-01",
        "steps in order of time",
        line_of="energised_mw:",
    ),
    in_prices(
        "B066",
        prices([*TIMES[:100], *TIMES[103:]]),
        "3 prices missing: 2026-01-05T10:00Z, 2026-01-05T11:00Z, 2026-01-05T12:00Z",
        "every step",
        "fill_gaps",
    ),
    in_prices(
        "B069",
        prices(january(timedelta(minutes=15))),
        "rows every 15 minutes",
        "rows every 60 minutes",
        "set resolution_minutes: 15",
        at="resolution_minutes",
        resolution_minutes=60,
    ),
    Refused("B070-9999", EARLIEST, "earliest: 9999-12", f"{OFFER}.start_window.earliest", "9999-12", MONTH_ALLOWED),
    Refused("B070-0001", EARLIEST, "earliest: 0001-01", f"{OFFER}.start_window.earliest", "0001-01", MONTH_ALLOWED),
    Refused("B070-horizon", "2040-03", "2095-12", "horizon.end", "a horizon from 2026-01 to 2095-12", "1 to 600 months"),
    in_prices(
        "B070-csv", "time,usd\n0001-01-01T00:00,1\n9999-12-31T23:00,2\n", "line 2:", "times from 2009 to 2100", times_are="utc"
    ),
    Refused(
        "B073-budget",
        "    2026: 200_000_000",
        "    FY26: 200_000_000",
        "finance.capex_budget_usd.FY26",
        "FY26",
        "a calendar year, 2009 to 2100",
        "fiscal",
    ),
    Refused("B073-month", EARLIEST, "earliest: FY27", f"{OFFER}.start_window.earliest", "FY27", MONTH_ALLOWED),
]

NAME = "name: Second tenant"
NAME_ALLOWED = "a name of 1 to 64 printable characters"


def named(case: str, written: str, found: str, allowed: str = NAME_ALLOWED, hint: str = "", row: str = "1") -> Refused:
    """The second lease under another name; `row` is how its path names it."""
    return Refused(case, NAME, f"name: {written}", f"leases.{row}.name", found, allowed, hint)


SITE_TO_LEASES = GOOD[GOOD.index("sites:") : GOOD.index("leases:")]
WINDOW = GOOD[GOOD.index("    start_window") : GOOD.index("finance:")]
CHARGE = f"{SITE}.demand_charge.usd_per_kw_month"
LONG_NAME = f"{'p' * 300}.csv"

STRUCTURE = [
    Refused(
        "B074",
        f"{NAME}\n    site: Rockdale\n",
        "name: First tenant\n    site: Rockdale\n",
        f"{SIGNED}.name",
        'the name "First tenant" again (first used in entry 1)',
        "each name once",
        line_of="name: First tenant\n    site: Rockdale\n    status: offered",
    ),
    named("B074-slug", "first_TENANT", 'which reads like "First tenant" in field paths', "each name once", row="first_TENANT"),
    named("B077", "R\u043esk", "mixes Cyrillic and Latin letters", "letters of one script", "look-alike", row="R\u043esk"),
    Refused("B078-zero-width", NAME, "name: Second\u200btenant", "", "U+200B (column 17)", "visible text"),
    Refused("B078-override", NAME, "name: Second\u202etenant", "", "U+202E (column 17)", "visible text"),
    Refused("B078-nul", NAME, "name: Second\x00tenant", "", "NUL characters", "UTF-8", line_of=""),
    Refused("B078-escaped", NAME, r'name: "Second\0"', "leases.1.name", "the invisible character U+0000", "visible text"),
    named("B080", "n" * 10_000, "a name of 10,000 characters"),
    in_prices("B080-file", None, "File name too long", "a file beside or below the scenario", file=LONG_NAME),
    named("B081-empty", "''", "an empty name"),
    named("B081-blank", "'  '", "an empty name", row="  "),
    named("B081-ends", "' North'", "blanks at an end", hint='"North"', row=" North"),
    named("B082-null", "null", "nothing", hint='put in quotes: "null"'),
    named("B082-true", "TRUE", "the yes/no value true", hint="put it in quotes"),
    named("B082-number", "12", "12", hint='put it in quotes: "12"'),
    Refused(
        "B085",
        "energised_mw:",
        "enrgised_mw:",
        f"{SITE}.enrgised_mw",
        "the unknown field",
        "energised_mw",
        "did you mean energised_mw?",
    ),
    Refused(
        "B085-start",
        RENT,
        "rent: 125",
        f"{OFFER}.rent",
        "the unknown field rent",
        "rent_usd",
        "did you mean rent_usd_per_kw_month?",
    ),
    Refused("B085-kind", "kind: flat", "kind: flatt", f"{PRICE}.kind", '"flatt"', "duration_bands or hourly", "did you mean flat?"),
    Refused(
        "B085-no-kind", "        kind: flat\n", "", f"{PRICE}.kind", "no kind", "duration_bands or hourly", line_of="      price:\n"
    ),
    Refused(
        "B085-choice", "dollars: nominal", "dollars: Nominal", "finance.dollars", '"Nominal"', "nominal or real", "mean nominal?"
    ),
    Refused("B085-path", "{flat: 5}", "{flatt: 5}", CHARGE, "a table with flatt", "{flat: ...}", "did you mean flat?"),
    Refused("B085-in-path", "{flat: 5}", "{flat: 5, growth: 0}", f"{CHARGE}.growth", "the unknown field growth", "one of: flat"),
    Refused("B085-constant", "{flat: 5}", "5", CHARGE, "5", "{flat: ...}", "{flat: 5}", line_of="usd_per_kw_month: 5"),
    Refused("B085-table", "{flat: 5}", "[5, 6]", CHARGE, "a list", "{flat: ...}"),
    Refused(
        "B088",
        CRITICAL,
        f"{CRITICAL}\n    critical_it_mw: 100",
        CRITICAL_FIELD,
        f"a second time (first in line {GOOD_LINES.index(f'    {CRITICAL}') + 1})",
        "each field once",
    ),
    in_prices("B089-empty", "", '"prices.csv", which is empty', "a header and rows"),
    in_prices("B089-header-only", "time,usd\n", "prices.csv: no rows", "a header and at least one price"),
    Refused("B090-sites", SITE_TO_LEASES, "sites: []\n", "sites", "no entries", "at least one"),
    Refused("B090-months", "2040-03", "2025-12", "horizon.end", "a horizon from 2026-01 to 2025-12", "1 to 600 months"),
    Refused("B090-path", "{flat: 5}", "{months: {}}", f"{CHARGE}.months", "no entries", "at least one"),
    Refused(
        "B092-site",
        f"{NAME}\n    site: Rockdale",
        f"{NAME}\n    site: Rockdal",
        f"{OFFER}.site",
        '"Rockdal"',
        "Rockdale",
        "Rockdale",
    ),
    Refused("B092-zone", "zone: West", "zone: Wst", f"{SITE}.zone", '"Wst"', "one of the zones: West", "West"),
    # Scenarios do not extend one another, so nothing can go in circles.
    Refused("B093", "name: good", "extends: other.yaml", "extends", "the unknown field extends", "name, title"),
    Refused("B094", "title: A good scenario", "title: [*a]", "title.0", "an alias (*a)", "every value written out"),
    Refused("B096", f"    {CRITICAL}", f"\t{CRITICAL}", "", "a tab in the indentation (column 1)", "YAML", "blanks, not with tabs"),
    in_prices("B097-utf16", prices(TIMES).encode("utf-16"), "not text in UTF-8", "UTF-8", "save it as CSV in UTF-8"),
    in_prices("B097-latin", "time,usd,Größe\n".encode("latin-1"), "line 1, which is not UTF-8", "UTF-8", "save it as CSV in UTF-8"),
    in_prices("B098-twice", prices(TIMES, "time,usd,usd", "1,2"), 'line 1: 2 columns named "usd"', "each column once"),
    in_prices(
        "B098-comma", prices(TIMES, "time,usd,", "1,"), "line 1: no name for column 3", "a name for every column", "end of a line"
    ),
    in_prices("B098-ragged", cells((7, TIMES[7])), "line 9: 1 field", "2 fields as in the header"),
    in_prices(
        "B098-quote", cells((7, f'{TIMES[7]},"3')), "line 9: a quotation mark that is never closed", "a well-formed CSV file"
    ),
    in_prices("B098-nul", cells((7, f"{TIMES[7]},3\x00")), "NUL bytes", "UTF-8"),
    Refused(
        "B100",
        WINDOW,
        "    start_window: {earliest: 2027-04, latest: 2075-12}\n",
        "sites",
        "lease starts in 600 months",
        "at most 2,000,000 site-months",
        "every_months: 3",
        "sites:",
        GOOD.replace("2040-03", "2075-12").replace("leases:\n", "leases:\n" + many_offers(6)),
    ),
    # No lease excludes another here; the nearest contradiction is a signed lease with a choice of dates.
    Refused(
        "B101",
        f"    {START}\n",
        f"    {START}\n    start_window: {{earliest: 2026-02, latest: 2026-03}}\n",
        f"{SIGNED}.start_month",
        "start_window beside start_month",
        "start_month alone",
        line_of=START,
    ),
    # Neither correlations nor a risk level are part of a scenario.
    Refused("B104", "name: good", "correlation: [[1, 2], [2, 1]]", "correlation", "the unknown field", "name, title"),
    Refused("B105", "name: good", "cvar_level: 95", "cvar_level", "the unknown field", "name, title"),
]

FOLDER = "a file beside or below the scenario"

HOSTILE = [
    Refused(
        "B120", "title: A good scenario", "title: &x A\ndescription: *x", "description", "an alias (*x)", "every value written out"
    ),
    Refused("B120-anchor", "title: A good scenario", "title: &Co", "title", "an anchor (&Co)", "written out", "text in quotes"),
    in_prices("B124-up", None, '"../../etc/passwd", which leaves the folder', FOLDER, file="../../etc/passwd"),
    in_prices("B124-absolute", None, '"/etc/passwd"', FOLDER, "relative name", file="/etc/passwd"),
    in_prices("B124-sideways", None, "which leaves the folder", FOLDER, file="a/../../in2/x"),
    in_prices("B124-backslash", None, r'"..\\prices.csv"', FOLDER, "forward slashes", file=r"..\\prices.csv"),
    in_prices("B124-drive", None, '"C:prices.csv"', FOLDER, "relative name", file='"C:prices.csv"'),
    in_prices("B124-missing", None, '"price.csv", which does not exist', FOLDER, file="price.csv"),
    Refused("B132-escaped", "title: A good scenario", r'title: "\e[2J"', "title", "the invisible character U+001B", "visible text"),
    Refused("B132-raw", "title: A good scenario", "title: \x1b[2J", "", "U+001B (column 8)", "visible text", line_of="title:"),
    named("B133", r'"two\nlines"', "the invisible character U+000A", row="1"),
    Refused("B134", "name: good", "'{found}%s{{7*7}}': 1", "{found}%s{{7*7}}", "the unknown field {found}%s{{7*7}}", "name, title"),
    Refused(
        "B136",
        "title: A good scenario",
        "title: !!python/name:os.system x",
        "title",
        "a tag (tag:yaml.org,2002:python/name:os.system)",
        "values without tags",
    ),
    in_prices(
        "B137-csv-as-parquet", prices(TIMES), "cannot be read as Parquet", "a well-formed Parquet file", file="prices.parquet"
    ),
    in_prices("B137-workbook-as-csv", b"PK\x03\x04" + b"x" * 100, "a ZIP archive", "a CSV file"),
    in_prices("B138-cell", cells((0, f'{TIMES[0]},"{"1" * 33_000}"')), "line 2: a field of more than 32,767 characters", "CSV"),
    in_prices("B138-line", "time,usd\n" + "1" * 1_000_001, "a line of 1,000,001 bytes", "at most 1,000,000"),
    in_prices("B138-columns", ",".join(f"c{number}" for number in range(100_000)) + "\n", "100,000 columns", "at most 500"),
    in_prices("B138-lines", "time,usd\n" + "\n" * 600_000, "600,001 lines", "at most 530,000"),
]

WINDOW = "      latest: 2028-04\n"
RIGHT = "by: tenant, probability_fraction: 0.1"


def with_term(name: str, term: str, place: str, found: str, allowed: str, hint: str = "", line_of: str | None = None) -> Refused:
    """A mistake in a term that the second tenant's lease has on top."""
    text = f"{WINDOW}    {term}\n"
    return Refused(name, WINDOW, text, f"{OFFER}.{place}", found, allowed, hint, line_of=line_of)


TERMS = [
    with_term(
        "prepayment-percent",
        "prepayment: {contract_value_fraction: 20, credited_from_month: 24, credited_months: 36}",
        "prepayment.contract_value_fraction",
        "20",
        "0 to 1",
        "percent is 0.2",
    ),
    with_term(
        "prepayment-late",
        "prepayment: {contract_value_fraction: 0.2, credited_from_month: 120, credited_months: 36}",
        "prepayment",
        "credits until month 155",
        "up to month 143",
    ),
    with_term("deposit", "deposit: {months_of_rent: -3}", "deposit.months_of_rent", "-3", "0 to 240 months of rent", "positive"),
    with_term(
        "hazard", "tenant_default: {hazard_per_year: 2}", "tenant_default.hazard_per_year", "2", "0 to 0.5", "percent is 0.02"
    ),
    with_term(
        "backstop",
        "tenant_default: {hazard_per_year: 0.02, backstop_limit_usd: 1}",
        "tenant_default.backstop_limit_usd",
        "unknown field",
        "backstop_limit_fraction_of_contract_value",
    ),
    with_term(
        "termination-after-term",
        f"terminations: [{{{RIGHT}, month_from_start: 144}}]",
        "terminations",
        "after 144 months",
        "1 to 143",
    ),
    with_term(
        "termination-order",
        f"terminations: [{{{RIGHT}, month_from_start: 84}}, {{{RIGHT}, month_from_start: 60}}]",
        "terminations",
        "after 60 months",
        "in order",
    ),
    with_term(
        "termination-by",
        "terminations: [{by: bank, probability_fraction: 0.1, month_from_start: 60}]",
        "terminations.0.by",
        "bank",
        "tenant or landlord",
    ),
    with_term(
        "service-level",
        "service_level: {rent_at_risk_fraction: 0.2, expected_loss_fraction: 1.5}",
        "service_level.expected_loss_fraction",
        "1.5",
        "0 to 1",
    ),
    with_term(
        "property-cost-stated-twice",
        "property_costs: [{kind: property_tax, fraction_of_capex_per_year: 0.02, tenant_share_fraction: 0, usd_per_kw_month: 1}]",
        "property_costs.0.usd_per_kw_month",
        "both usd_per_kw_month and fraction_of_capex_per_year",
        "exactly one",
    ),
    with_term(
        "property-cost-without-amount",
        "property_costs: [{kind: insurance, tenant_share_fraction: 0}]",
        "property_costs.0.usd_per_kw_month",
        "neither usd_per_kw_month nor fraction_of_capex_per_year",
        "exactly one",
    ),
    with_term(
        "property-tax-in-percent",
        "property_costs: [{kind: property_tax, fraction_of_capex_per_year: 2, tenant_share_fraction: 0}]",
        "property_costs.0.fraction_of_capex_per_year",
        "2",
        "0 to 0.1",
        "0.02",
    ),
    with_term(
        "abatement-without-size",
        "property_costs: [{kind: property_tax, fraction_of_capex_per_year: 0.02, tenant_share_fraction: 0, abated_years: 10}]",
        "property_costs.0.abated_years",
        "abated_years 10 with abated_fraction 0",
        "both, or neither",
    ),
    with_term(
        "property-cost-of-a-kind-twice",
        "property_costs: [{kind: insurance, usd_per_kw_month: 1, tenant_share_fraction: 0}"
        ", {kind: insurance, usd_per_kw_month: 2, tenant_share_fraction: 0}]",
        "property_costs",
        "insurance twice",
        "each kind once",
    ),
    with_term(
        "gpus-beside-rent",
        "gpu_cloud: {gpus_per_critical_mw: 380, usd_per_gpu_hour: 2.9, gpu_capex_usd_per_gpu: 76_000}",
        "gpu_cloud",
        "a rent beside a price of GPU-hours",
        "exactly one",
    ),
    with_term(
        "hosting-beside-rent",
        "hosting: {fee_usd_per_kwh: 0.07, uptime_fraction: 1}",
        "hosting",
        "rent_usd_per_kw_month beside hosting",
        "the fee of hosting alone",
    ),
    with_term(
        "hosting-fee-in-cents",
        "hosting: {fee_usd_per_kwh: 7, uptime_fraction: 1}",
        "hosting.fee_usd_per_kwh",
        "7",
        "0.001 to 0.3",
        "cents/kWh",
    ),
    with_term(
        "hosting-strike-missing",
        "hosting: {fee_usd_per_kwh: 0.07, uptime_fraction: 1, curtailed: above_strike}",
        "hosting.strike_usd_per_mwh",
        "no strike",
        "together",
    ),
    with_term(
        "hosting-share-without-machines",
        "hosting: {fee_usd_per_kwh: 0.07, uptime_fraction: 1, revenue_share_fraction: 0.1}",
        "hosting.j_per_th",
        "without j_per_th",
        "J/TH",
    ),
    with_term(
        "hosting-minimum-of-nothing",
        "hosting: {fee_usd_per_kwh: 0.07, uptime_fraction: 1, minimum_bill_fraction: 0.8}",
        "hosting.minimum_bill_fraction",
        "a minimum bill with curtailed: never",
        "by_customer",
    ),
    with_term(
        "hosting-for-nothing",
        "hosting: {fee_usd_per_kwh: 0, uptime_fraction: 1}",
        "hosting.fee_usd_per_kwh",
        "neither a fee nor a share",
        "at least one",
    ),
    with_term(
        "gpus-per-kw",
        "gpu_cloud: {gpus_per_critical_mw: 0.38, gpu_capex_usd_per_gpu: 76_000}",
        "gpu_cloud.gpus_per_critical_mw",
        "0.38",
        "1 to 5000 GPUs",
    ),
    with_term(
        "gpu-price-a-month",
        "gpu_cloud: {gpus_per_critical_mw: 380, usd_per_gpu_hour: 2100, gpu_capex_usd_per_gpu: 76_000}",
        "gpu_cloud.usd_per_gpu_hour",
        "2100",
        "0.01 to 100",
        "USD per GPU-month",
    ),
    with_term(
        "gpu-decay-percent",
        "gpu_cloud: {gpus_per_critical_mw: 380, price_decay_per_year: 15, gpu_capex_usd_per_gpu: 76_000}",
        "gpu_cloud.price_decay_per_year",
        "15",
        "0 to 0.9",
        "0.15",
    ),
    with_term(
        "gpu-refresh-part-of-a-month",
        "gpu_cloud: {gpus_per_critical_mw: 380, refresh_years: 4.03, gpu_capex_usd_per_gpu: 76_000}",
        "gpu_cloud.refresh_years",
        "4.03 years",
        "whole number of months",
    ),
    with_term(
        "delays",
        "delays: [{months: 3, probability_fraction: 0.7}, {months: 6, probability_fraction: 0.4}]",
        "delays",
        "add up to 1.1",
        "at most 1",
    ),
    with_term("penalty", "delay_penalty_fraction_of_rent: 0.5", "delay_penalty_fraction_of_rent", "without delays", "delays with"),
    with_term("minimum", "minimum_critical_mw: 31", "minimum_critical_mw", "31 MW in an offer of 30 MW", "at most 30 MW"),
    with_term("minimum-kw", "minimum_critical_mw: 15000", "minimum_critical_mw", "15,000 MW", "0.001 to 5000 MW", "kW is 15 MW"),
    with_term(
        "minimum-whole", "indivisible: true\n    minimum_critical_mw: 10", "minimum_critical_mw", "indivisible", "taken whole"
    ),
    with_term("requires", "requires: First tennant", "requires", "no lease named First tennant", "First tenant", "First tenant"),
    with_term("requires-itself", "requires: Second tenant", "requires", "requires itself", "another lease"),
    Refused(
        "requires-signed",
        "    start_month: 2026-02\n",
        "    start_month: 2026-02\n    requires: Second tenant\n",
        f"{SIGNED}.requires",
        "of a signed lease",
        "of offers",
    ),
    Refused(
        "requires-group",
        "",
        "",
        f"{OFFER}.requires",
        "only one or Second tenant may be taken (group Hall)",
        "outside of its own exclusive group",
        line_of="requires: First tenant",
        text=changed(
            WINDOW,
            f"{WINDOW}    exclusive_group: Hall\n    requires: First tenant\n",
            changed("    start_month: 2026-02\n", "    start_month: 2026-02\n    exclusive_group: Hall\n"),
        ),
    ),
    Refused(
        "termination-past",
        "    start_month: 2026-02\n",
        f"    start_month: 2020-02\n    terminations: [{{{RIGHT}, month_from_start: 24}}]\n",
        f"{SIGNED}.terminations.0",
        "in 2022-02, before the valuation date",
        "rights to come",
    ),
    Refused(
        "delay-past",
        "    start_month: 2026-02\n",
        "    start_month: 2025-12\n    delays: [{months: 3, probability_fraction: 0.7}]\n",
        f"{SIGNED}.delays",
        "due before the valuation date",
        "deliveries to come",
    ),
]

DOLLARS = "  dollars: nominal\n"
RATE = "    power_contract: 0.08\n"
LOAN = "loan_to_cost_fraction: 0.8, rate_per_year: 0.07, amortisation_years: 10"


def in_finance(name: str, term: str, place: str, found: str, allowed: str, hint: str = "", line_of: str | None = None) -> Refused:
    """A mistake in a field that finance has on top."""
    return Refused(name, DOLLARS, f"{DOLLARS}  {term}\n", f"finance.{place}", found, allowed, hint, line_of=line_of)


def lent(name: str, terms: str, place: str, found: str, allowed: str, hint: str = "") -> Refused:
    """A mistake in the loan on the second tenant's lease."""
    with_rate = changed(RATE, f"{RATE}    debt: 0.07\n")
    return Refused(name, WINDOW, f"{WINDOW}    debt: {{{terms}}}\n", f"{OFFER}.{place}", found, allowed, hint, text=with_rate)


MONEY = [
    in_finance(
        "tax-neither",
        "tax: {rate_fraction: 0.21}",
        "tax.depreciation_years",
        "neither depreciation_years",
        "exactly one of the two",
    ),
    in_finance(
        "tax-both",
        "tax: {rate_fraction: 0.21, depreciation_years: 15, macrs_years: 15}",
        "tax.depreciation_years",
        "both depreciation_years and macrs_years",
        "exactly one of the two",
    ),
    in_finance(
        "macrs-class",
        "tax: {rate_fraction: 0.21, macrs_years: 10}",
        "tax.macrs_years",
        "10 years",
        "5, 7, 15 or 39",
        "depreciation_years is for straight lines",
    ),
    in_finance("macrs-months", "tax: {rate_fraction: 0.21, macrs_years: 180}", "tax.macrs_years", "180", "5 to 39 years"),
    in_finance(
        "bonus-straight",
        "tax: {rate_fraction: 0.21, depreciation_years: 15, bonus_fraction: 0.4}",
        "tax.bonus_fraction",
        "a bonus share on a straight line",
        "macrs_years 5, 7 or 15",
    ),
    in_finance(
        "bonus-building",
        "tax: {rate_fraction: 0.21, macrs_years: 39, bonus_fraction: 0.4}",
        "tax.bonus_fraction",
        "39-year real property",
        "macrs_years 5, 7 or 15",
    ),
    in_finance(
        "bonus-percent",
        "tax: {rate_fraction: 0.21, macrs_years: 15, bonus_fraction: 60}",
        "tax.bonus_fraction",
        "60",
        "0 to 1",
        "percent is 0.6",
    ),
    in_finance(
        "cumulative-millions",
        "cumulative_capex_budget_usd: {2027: 350}",
        "cumulative_capex_budget_usd.2027",
        "350",
        "1,000",
        "million",
    ),
    in_finance(
        "cumulative-year",
        "cumulative_capex_budget_usd: {FY27: 350_000_000}",
        "cumulative_capex_budget_usd.FY27",
        "FY27",
        "a calendar year, 2009 to 2100",
        "fiscal",
    ),
    in_finance("cash-millions", "cash: {opening_usd: 40, floor_usd: {2026: 0}}", "cash.opening_usd", "40", "1,000", "million"),
    in_finance(
        "cash-raised-millions",
        "cash: {opening_usd: 0, raised_usd: {2026: 150}, floor_usd: {2026: 0}}",
        "cash.raised_usd.2026",
        "150",
        "1,000",
        "million",
    ),
    in_finance("cash-floor-below", "cash: {opening_usd: 0, floor_usd: {2026: -5}}", "cash.floor_usd.2026", "-5", "1,000"),
    in_finance(
        "cash-without-a-floor",
        "cash: {opening_usd: 0, floor_usd: {}}",
        "cash.floor_usd",
        "cash without a floor",
        "at least one year",
        "0 USD is a floor",
    ),
    in_finance(
        "cash-and-coins",
        "treasury: {hold_fraction: 0.5}\n  cash: {opening_usd: 0, floor_usd: {2026: 0}}",
        "cash",
        "coins that are kept beside floors of cash",
        "one of the two",
        "leave out treasury",
    ),
    in_finance("treasury-percent", "treasury: {hold_fraction: 50}", "treasury.hold_fraction", "50", "0 to 1", "percent is 0.5"),
    in_finance(
        "treasury-month",
        "treasury: {hold_fraction: 0.5, sell_month: 2041-01}",
        "treasury.sell_month",
        "a sale in 2041-01",
        "a month of the horizon, 2026-01 to 2040-03",
        "leave it out",
    ),
    in_finance(
        "treasury-all-taxed",
        "tax: {rate_fraction: 1, macrs_years: 5}\n  treasury: {hold_fraction: 0.5}",
        "treasury.hold_fraction",
        "all income is taxed away",
        "below 100 %",
    ),
    Refused(
        "treasury-price",
        "    kind: network\n    btc_price_usd: {flat: 90000}\n",
        "    kind: given\n    usd_per_ph_day: {flat: 40}\n",
        "finance.treasury",
        "coins kept without a price",
        "a BTC price",
        "btc_price_usd",
        line_of="treasury:",
        text=changed(
            GOOD[GOOD.index("    network_eh:") : GOOD.index("power:")],
            "",
            changed(DOLLARS, f"{DOLLARS}  treasury: {{hold_fraction: 0.5}}\n"),
        ),
    ),
    lent("loan-percent", LOAN.replace("0.8", "80"), "debt.loan_to_cost_fraction", "80", "0 to 1", "percent is 0.8"),
    lent("loan-rate", LOAN.replace("0.07", "7"), "debt.rate_per_year", "7", "0 to 0.3", "percent is 0.07"),
    lent("loan-months", LOAN.replace("10", "10.01"), "debt.amortisation_years", "10.01 years", "whole number of months", "10.0000"),
    lent(
        "loan-long",
        f"{LOAN}, grace_months: 36",
        "debt",
        "156 months after the start",
        "base term of 144 months",
        "a tenant is bound",
    ),
    lent("loan-fee", f"{LOAN}, fee_fraction: 2", "debt.fee_fraction", "2", "0 to 0.1", "percent is 0.02"),
    lent(
        "loan-interest",
        f"{LOAN}, interest_while_building: added",
        "debt.interest_while_building",
        "added",
        "paid or capitalised",
    ),
    Refused(
        "loan-without-rate",
        WINDOW,
        f"{WINDOW}    debt: {{{LOAN}}}\n",
        "finance.discount_rate_per_year.debt",
        "no discount rate for debt, which a lease has",
        "0 to 0.5",
        "at the loan's own rate",
        line_of="discount_rate_per_year:",
    ),
    Refused(
        "loan-spent-late",
        WINDOW,
        f"{WINDOW}    debt: {{{LOAN.replace('10', '1')}}}\n",
        f"{OFFER}.debt",
        "capex spent 24 months after the start of rent",
        "before month 12",
        text=changed(
            "    build_months: 12\n",
            "    capex_spending: [{month_from_start: 24, share_fraction: 1}]\n",
            changed(RATE, f"{RATE}    debt: 0.07\n"),
        ),
    ),
]


REFUSED = [*NUMBERS, *UNITS, *DATES, *STRUCTURE, *HOSTILE, *TERMS, *MONEY]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_bad_input(case: Refused, tmp_path: Path) -> None:
    file = case.write(tmp_path)
    present = sorted(tmp_path.iterdir())
    with pytest.raises(InputError) as caught:
        load(file)
    problem = next((found for found in caught.value.problems if found.field == case.field), None)
    assert problem is not None, caught.value
    assert case.found in problem.found
    assert case.allowed in problem.allowed
    assert case.hint in problem.hint
    assert problem.where == case.where(file)
    assert not jargon(str(caught.value))
    assert sorted(tmp_path.iterdir()) == present


ONE_PROBLEM = [case for case in REFUSED if case.name not in ("B032", "B040", "B085", "B085-start", "B094", "B120")]
"""The others are, rightly, two or more: an unknown field and a missing one, an anchor and its aliases, an alias in a wrong list."""


@pytest.mark.parametrize("case", ONE_PROBLEM, ids=lambda case: case.name)
def test_one_mistake_is_one_problem(case: Refused, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(case.write(tmp_path))
    assert [problem.field for problem in caught.value.problems] == [case.field]


@pytest.mark.parametrize("case", REFUSED[::7], ids=lambda case: case.name)
def test_the_command_ends_with_2_and_writes_nothing(case: Refused, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = case.write(tmp_path), tmp_path / "out"
    assert run_command(["run", str(file), "--out", str(out)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "in the input; nothing was written." in shown.err
    assert case.found in shown.err
    assert "Traceback" not in shown.err
    assert not out.exists()


def jargon(message: str) -> list[str]:
    """Words of the libraries in a message for planners."""
    words = (
        "pydantic",
        "Input should",
        "NoneType",
        "Traceback",
        "ValidationError",
        "validator",
        "discriminator",
        "Errno",
        "<class",
    )
    return [word for word in words if word in message]


# --- bad-looking input that is good --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Accepted:
    """A scenario that is taken as it is meant: what it then says, and its notes."""

    name: str
    old: str
    new: str
    meant: Callable[[Scenario], Any]
    value: Any
    notes: tuple[str, ...] = ()
    text: str = GOOD
    files: dict[str, str | bytes] = field(default_factory=dict)


def prices_of(scenario: Scenario) -> list[float]:
    return list(scenario.power.zones[0].price.series.usd_per_mwh)  # type: ignore[union-attr]


def from_prices(name: str, content: str | bytes, value: Any, notes: tuple[str, ...] = (), **spec: Any) -> Accepted:
    """January's prices from a file; `value` is the first five."""
    return Accepted(
        name, "", "", lambda s: prices_of(s)[:5], value, notes, hourly(**spec), {str(spec.get("file", "prices.csv")): content}
    )


def second(attribute: str) -> Callable[[Scenario], Any]:
    return lambda scenario: getattr(scenario.leases[1], attribute)


PLAIN = [30.0, 31.0, 32.0, 33.0, 34.0]

ACCEPTED = [
    Accepted("B005-no", GOOD, GOOD.replace("Rockdale", "NO"), lambda s: s.sites[0].name, "NO"),
    Accepted("B005-off", GOOD, GOOD.replace("West", "off"), lambda s: s.sites[0].zone, "off"),
    Accepted("B005-false", CRITICAL, f"{CRITICAL}\n    indivisible: no", second("indivisible"), False),
    Accepted("B008-underscore", RENT, "rent_usd_per_kw_month: 1_2_5", second("rent_usd_per_kw_month"), 125.0),
    from_prices("B013", cells((0, f"{TIMES[0]},-12")), [-12.0, *PLAIN[1:]]),
    Accepted(
        "B014-minus-zero",
        "adder_usd_per_mwh: 3",
        "adder_usd_per_mwh: -0.0",
        lambda s: str(s.sites[0].supply.adder_usd_per_mwh),
        "0.0",
    ),
    # Too small to change any figure that is shown, so there is no note either.
    Accepted(
        "B014-denormal", "adder_usd_per_mwh: 3", "adder_usd_per_mwh: 1e-320", lambda s: s.sites[0].supply.adder_usd_per_mwh, 0.0
    ),
    # The solver drops coefficients of this size in silence; here none of them reaches it.
    Accepted("B016", "opex_usd_per_kw_month: 0", "opex_usd_per_kw_month: 0.0000000001", second("opex_usd_per_kw_month"), 0.0),
    Accepted("B020", CRITICAL, "critical_it_mw: 0.004", second("critical_it_mw"), 0.004),
    Accepted("B026", RENT, "rent_usd_per_kw_month: 205", second("rent_usd_per_kw_month"), 205.0),
    Accepted("B028-w-per-th", "j_per_th: 20", "j_per_th: 18", lambda s: s.fleets[0].efficiency_j_per_th, 18.0),
    Accepted(
        "B030-larger-than-the-site",
        "hashrate_eh: 12",
        "hashrate_eh: 15",
        lambda s: round(s.fleets[0].owned_mw, 6),
        315.0,
        ("fleet Machines has 315.0 MW, more than Rockdale can energise (300.0 MW); the rest of its machines stand still",),
    ),
    Accepted(
        "offer-larger-than-the-site",
        CRITICAL,
        "critical_it_mw: 240",
        second("meter_mw"),
        324.0,
        ("Second tenant has 324.0 MW at the meter, and Rockdale at most 300.0 suitable MW; only a part of it can be taken",),
    ),
    Accepted(
        "budget-outside-the-horizon",
        "    2026: 200_000_000",
        "    2026: 200_000_000\n    2025: 1_000_000\n    2041: 0",
        lambda s: sorted(s.finance.capex_budget_usd),
        [2025, 2026, 2027, 2041],
        ("the capex budget of 2025, 2041 lies outside the horizon and limits nothing",),
    ),
    Accepted(
        "cash-outside-the-horizon",
        DOLLARS,
        f"{DOLLARS}  cash: {{opening_usd: 0, raised_usd: {{2020: 0}}, floor_usd: {{2026: 0, 2041: 0}}}}\n",
        lambda s: sorted(s.finance.cash.floor_usd),
        [2026, 2041],
        (
            "finance.cash.floor_usd of 2041 lies outside the horizon and limits nothing",
            "finance.cash.raised_usd of 2020 lies outside the horizon and adds nothing",
            "with floors of cash, break-evens, maps and live what-if are not made: at other prices the floors allow other plans",
        ),
    ),
    Accepted(
        "B033",
        "mining: 0.14",
        "mining: 0.0067",
        lambda s: s.finance.discount_rate_per_year.mining,
        0.0067,
        ("finance.discount_rate_per_year.mining is 0.0067 a year; if that is a monthly rate, 0.083 a year would be the same",),
    ),
    Accepted("B061-midnight", VALUATION, "valuation_date: 2026-01-01T00:00", lambda s: str(s.finance.valuation_date), "2026-01-01"),
    Accepted(
        "B065-before",
        "    from: 2026-01\n    retire_month: 2031-01",
        "    from: 2019-01\n    retire_month: 2025-01",
        lambda s: s.fleets[0].available_mw(s.calendar).max(),
        0.0,
        ("fleet Machines is retired in 2025-01, before the horizon begins",),
    ),
    Accepted(
        "B065-after",
        "    from: 2026-01\n    retire_month: 2031-01",
        "    from: 2080-01",
        lambda s: s.fleets[0].available_mw(s.calendar).max(),
        0.0,
        ("fleet Machines begins in 2080-01, after the horizon ends",),
    ),
    from_prices("B054-offsets", prices([*TIMES[:2], "2026-01-01T03:00-05:00", *TIMES[3:]]), PLAIN),
    from_prices(
        "B066-filled",
        prices([*TIMES[:1], *TIMES[3:]]),
        [30.0, 30.0, 30.0, 31.0, 32.0],
        ("prices.csv: 2 missing prices repeat the price before them (fill_gaps_up_to_hours)",),
        fill_gaps_up_to_hours=2,
    ),
    from_prices(
        "B068",
        "\n".join(["time,usd", *reversed(prices(TIMES).splitlines()[1:])]),
        PLAIN,
        ("prices.csv: the rows were out of order and have been sorted",),
    ),
    from_prices("B069-quarters", prices(january(timedelta(minutes=15))), PLAIN, resolution_minutes=15),
    Accepted(
        "B076",
        GOOD,
        GOOD.replace("name: Rockdale", "name: Z\u00fcrich").replace("Rockdale", "Zu\u0308rich"),
        lambda s: s.leases[0].site,
        "Z\u00fcrich",
    ),
    *(Accepted(f"B082-{word}", NAME, f"name: {word}", second("name"), word) for word in ("NA", "None", "nan", "N/A")),
    Accepted("B082-quoted", NAME, 'name: "null"', second("name"), "null"),
    *(
        Accepted(f"B084-{word}", NAME, f"name: '{word}'", second("name"), word)
        for word in ("History", "CON", "a:b", "Site/1", "n" * 32)
    ),
    Accepted("B090-no-leases", GOOD[GOOD.index("leases:") : GOOD.index("finance:")], "", lambda s: s.leases, ()),
    Accepted("B097-bom", b"\xef\xbb\xbf".decode(), "", lambda s: s.name, "good", text="\ufeff" + GOOD),
    Accepted("B097-cr", "", "", lambda s: s.name, "good", text=GOOD.replace("\n", "\r")),
    Accepted("B097-crlf", "", "", lambda s: s.name, "good", text=GOOD.replace("\n", "\r\n")),
    from_prices("B097-csv-bom", "\ufeff" + prices(TIMES), PLAIN),
    from_prices("B098-header-blanks", prices(TIMES, " time , usd "), PLAIN),
    from_prices("B098-blank-lines", prices(TIMES) + "\n\n", PLAIN),
    from_prices("B102", prices(TIMES, usd="50"), [50.0] * 5, ("prices.csv: the price is 50 USD/MWh in every hour; is it a stub?",)),
    *(
        Accepted(f"B128-{number}", NAME, f"name: '{word}'", second("name"), word)
        for number, word in enumerate(('=HYPERLINK("x")', "+1", "-1", "@SUM", "</script><script>", 'x" or "1"="1'))
    ),
    *(
        Accepted(f"B134-{word}", "title: A good scenario", f"title: '{word}'", lambda s: s.title, word)
        for word in ("{{7*7}}", "%s", "{0}")
    ),
]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_input_that_only_looks_bad(case: Accepted, tmp_path: Path) -> None:
    text = changed(case.old, case.new, case.text) if case.old else case.text
    scenario = load(write(tmp_path, text, case.files))
    assert case.meant(scenario) == case.value
    assert tuple(scenario.warnings()) == case.notes


@pytest.mark.parametrize("case", [case for case in ACCEPTED if case.notes], ids=lambda case: case.name)
def test_a_note_is_a_problem_where_the_input_must_be_strict(case: Accepted, tmp_path: Path) -> None:
    text = changed(case.old, case.new, case.text) if case.old else case.text
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, text, case.files), strict=True)
    assert [problem.found for problem in caught.value.problems] == list(case.notes)


# --- whole files -------------------------------------------------------------------------------------------------------

WHOLE_FILES = {
    "B089-empty": (b"", "an empty file", "a scenario", "hashlease new"),
    "B089-comments": (b"# nothing\n\n", "an empty file", "a scenario", "hashlease new"),
    "B089-text": (b"just a text", 'the text "just a text"', "a scenario (a table of fields)", "hashlease new"),
    "B089-list": (b"- a\n- b\n", "a list", "a scenario (a table of fields)", "hashlease new"),
    "B097-utf16": (GOOD.encode("utf-16"), "text that is not UTF-8", "UTF-8", "save the file as UTF-8"),
    "B097-utf16-without-mark": (GOOD.encode("utf-16-le"), "NUL characters", "text in UTF-8", "save the file as UTF-8"),
    "B097-latin1": (GOOD.replace("good", "güt").encode("latin-1"), "text that is not UTF-8", "UTF-8", "save the file as UTF-8"),
    "B137-workbook": (b"PK\x03\x04" + b"x" * 100, "a damaged ZIP archive", "an Excel workbook (.xlsx)", ""),
}


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_file_that_is_no_scenario(case: str, tmp_path: Path) -> None:
    content, found, allowed, hint = WHOLE_FILES[case]
    problem = only_problem(write(tmp_path, content))
    assert (problem.found, problem.allowed) == (found, allowed)
    assert hint in problem.hint


def only_problem(file: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        load(file)
    assert len(caught.value.problems) == 1, caught.value
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("missing.yaml", "no such file", id="B126-missing"),
        pytest.param("folder", "a folder", id="B126-folder"),
        pytest.param("pipe", "something that is not a regular file", id="B126-pipe"),
        pytest.param("device", "something that is not a regular file", id="B126-device"),
        pytest.param("n" * 300, "File name too long", id="B080-path"),
        pytest.param("a\0b", "a file name with a NUL character", id="B078-path"),
        pytest.param("scenario.yaml/x", "Not a directory", id="B126-under-a-file"),
    ],
)
def test_path_that_is_no_file(name: str, found: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    problem = only_problem(tmp_path / name)
    assert problem.found == found
    assert problem.allowed == "a scenario file (YAML, or an Excel workbook)"


def test_name_of_a_file_is_guessed(tmp_path: Path) -> None:
    write(tmp_path)
    assert only_problem(tmp_path / "scenrio.yaml").hint == "did you mean scenario.yaml?"
    assert only_problem(Path("rokdale")).hint == "did you mean rockdale?"


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=f"B12{5 + (kind != 'link')}-{kind}") for kind in ("link", "pipe", "folder", "loop")]
)
def test_price_file_that_is_no_regular_file(kind: str, tmp_path: Path) -> None:
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    target = scenarios / "prices.csv"
    (tmp_path / "elsewhere.csv").write_text(prices(TIMES))
    if kind == "link":
        target.symlink_to(tmp_path / "elsewhere.csv")
    elif kind == "pipe":
        os.mkfifo(target)
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to(target)
    problem = only_problem(write(scenarios, hourly()))
    expected = {
        "link": "which leaves the folder of the scenario",
        "pipe": "which is not a regular file",
        "folder": "which is not a regular file",
        "loop": "which ",
    }
    assert expected[kind] in problem.found
    assert problem.field == f"{PRICE}.file"


def test_link_to_a_price_file_in_the_folder_is_refused_too(tmp_path: Path) -> None:
    """B125."""
    (tmp_path / "real.csv").write_text(prices(TIMES))
    (tmp_path / "prices.csv").symlink_to("real.csv")
    assert "which is a link" in only_problem(write(tmp_path, hourly())).found


def test_parquet_named_csv_is_refused(tmp_path: Path) -> None:
    """B137."""
    problem = only_problem(write(tmp_path, hourly(), {"prices.csv": b"PAR1" + b"x" * 100}))
    assert problem.found == '"prices.csv", which is a Parquet file'
    assert problem.allowed == "a name that ends in .parquet"


# --- several problems ----------------------------------------------------------------------------------------------------


def problems_of(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        load(write(folder, text))
    return list(caught.value.problems)


def test_every_missing_field_is_listed(tmp_path: Path) -> None:
    """B086."""
    text = changed("    gross_up: 1.35\n", "", changed("    escalator_per_year: 0.02\n", "", GOOD))
    text = text[: text.index("finance:")]
    found = problems_of(tmp_path, text)
    assert {problem.field for problem in found} == {f"{OFFER}.gross_up", f"{OFFER}.escalator_per_year", "finance"}
    assert {problem.found for problem in found} == {"nothing"}
    allowed = {problem.field: problem.allowed for problem in found}
    assert allowed[f"{OFFER}.gross_up"] == "the field gross_up: a number, 1 to 2.5 meter MW per critical MW"
    row = text.splitlines().index("  - name: Second tenant") + 1
    assert [problem.where.rpartition(":")[2] for problem in found] == ["1", str(row), str(row)]


def test_empty_scenario_lists_all_its_tables(tmp_path: Path) -> None:
    """B086, B090."""
    assert [problem.field for problem in problems_of(tmp_path, "title: empty")] == ["market", "power", "sites", "finance"]


def test_escalators_of_nominal_contracts_do_not_mix_with_real_dollars(tmp_path: Path) -> None:
    """B041: a contract that has an escalator, or a value from which a rent is derived, is in nominal dollars."""
    found = problems_of(tmp_path, changed("dollars: nominal", "dollars: real"))
    assert [problem.field for problem in found] == [f"{SIGNED}.escalator_per_year", f"{OFFER}.escalator_per_year"]
    assert all("nominal dollars" in problem.found for problem in found)


def test_steps_are_totals_not_additions(tmp_path: Path) -> None:
    """B044."""
    found = problems_of(tmp_path, changed("        mw_total: 300", "        mw_total: 300\n        mw_added: 100"))
    assert [(problem.field, problem.allowed) for problem in found] == [
        (f"{SITE}.energised_mw.1.mw_added", "one of: from, mw_total, probability")
    ]


def test_two_unicode_forms_of_a_name_are_one_name(tmp_path: Path) -> None:
    """B076."""
    found = problems_of(tmp_path, GOOD.replace("First tenant", "Z\u00fcrich").replace("Second tenant", "Zu\u0308rich"))
    assert [problem.found for problem in found] == ['the name "Z\u00fcrich" again (first used in entry 1)']


def test_look_alike_name_is_not_the_name(tmp_path: Path) -> None:
    """B077: the site is Rockdale in Latin letters, the reference has a Cyrillic o and c."""
    found = problems_of(tmp_path, changed("status: offered", "tenant: R\u043e\u0441kdale\n    status: offered"))
    assert [problem.field for problem in found] == [f"{OFFER}.tenant"]
    assert "mixes Cyrillic and Latin letters" in found[0].found


def test_implied_prices_stand_beside_a_rent_that_no_bound_can_judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """B026: 205 may be USD/MWh by mistake; 205 USD x 12 months x 1000 kW / 8766 h / 1.35 is 207.9 USD per meter MWh."""
    file = write(tmp_path, changed(RENT, "rent_usd_per_kw_month: 205"))
    assert run_command(["validate", str(file)]) == 0
    assert f"{205 * 12 * 1000 / 8766 / 1.35:.1f}" in capsys.readouterr().out


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    mistakes = {
        "growth_per_year: 0.1": "growth_per_year: .nan",
        "time_zone: America/Chicago": "time_zone: America/Chicgo",
        "zone: West\n    energised": "zone: Wst\n    energised",
        "mw_total: 260": "mw_total: 260000",
        "to: 2027-12": "to: 2027-13",
        "j_per_th: 20": "j_per_th: 20\n    j_per_th: 21",
        "uptime_fraction: 0.95": "uptime_fraction: 95",
        "critical_it_mw: 10": "critical_it_mw: !!float 10",
        "term_years: 10": "term_yrs: 10",
        "name: Second tenant\n    site: Rockdale": "name: First_tenant\n    site: Rockdal",
        "power_paid_by: tenant\n    demand_charge_paid_by: landlord": "power_paid_by: tennant\n    demand_charge_paid_by: landlord",
        "valuation_date: 2026-01-01": "valuation_date: 01/01/2026",
        "2027: 300_000_000": "FY27: 300_000_000",
    }
    text = GOOD
    for old, new in mistakes.items():
        text = changed(old, new, text)
    found = problems_of(tmp_path, text)
    lines = [int(problem.where.rpartition(":")[2]) for problem in found]
    assert lines == sorted(lines)
    assert [problem.field for problem in found] == [
        "market.hashprice.network_eh.growth_per_year",
        "power.zones.West.time_zone",
        f"{SITE}.zone",
        f"{SITE}.energised_mw.0.mw_total",
        f"{SITE}.blocks.Block.to",
        f"{FLEET}.j_per_th",
        f"{FLEET}.uptime_fraction",
        f"{SIGNED}.term_years",
        f"{SIGNED}.critical_it_mw",
        f"{SIGNED}.term_yrs",
        "leases.First_tenant.name",
        "leases.First_tenant.site",
        "leases.First_tenant.power_paid_by",
        "finance.valuation_date",
        "finance.capex_budget_usd.FY27",
    ]
    hints = {problem.field: problem.hint for problem in found}
    assert "America/Chicago" in hints["power.zones.West.time_zone"]
    assert hints[f"{SIGNED}.term_yrs"] == "did you mean term_years?"
    assert hints["leases.First_tenant.site"] == 'did you mean "Rockdale"?'
    assert hints["leases.First_tenant.power_paid_by"] == "did you mean tenant?"


def test_the_first_fifty_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, GOOD + "".join(f"unknown_{number}: 1\n" for number in range(70))))
    message = str(caught.value)
    assert message.startswith("70 problems in the input; nothing was written.\n")
    assert message.count("the unknown field unknown_") == 50
    assert message.endswith("\nand 20 more")


def test_a_value_that_cannot_be_read_is_reported_once(tmp_path: Path) -> None:
    found = problems_of(tmp_path, changed(CRITICAL, "critical_it_mw: *size"))
    assert [(problem.field, problem.found) for problem in found] == [(CRITICAL_FIELD, "an alias (*size)")]


# --- anything anywhere ---------------------------------------------------------------------------------------------------

ODD_VALUES: list[Any] = [
    None,
    True,
    -1,
    10**299,
    float("nan"),
    "",
    "12:30",
    "\x1b[2J",
    "{found}",
    [],
    [[None]],
    {},
    {"flat": None},
    {"kind": ["x"]},
    {"csv": "x.csv", "month_column": "a", "value_column": "b"},
    {"anchors": {"2026-01": "x"}, "between": 3},
    {"from": "2026-01", "name": {"": 1}},
]


def places(data: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield place
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, (*place, key))


DOCUMENT = parse_yaml(GOOD, "good.yaml")


@pytest.mark.parametrize("place", list(places(DOCUMENT.data)), ids=lambda place: ".".join(map(str, place)) or "all")
def test_any_value_anywhere_is_explained_or_taken(place: tuple[str | int, ...], tmp_path: Path) -> None:
    """No value in any field ends in another exception, or in a message that speaks of the libraries."""
    for value in ODD_VALUES:
        data: Any = copy.deepcopy(DOCUMENT.data)
        target = data
        for part in place[:-1]:
            target = target[part]
        if place:
            target[place[-1]] = value
        else:
            data = value
        try:
            assert validate(replace(DOCUMENT, data=data), tmp_path).warnings() is not None
        except InputError as caught:
            assert not jargon(str(caught))
            assert all(problem.where.startswith("good.yaml") and problem.found and problem.allowed for problem in caught.problems)
            assert "\x1b" not in str(caught)
