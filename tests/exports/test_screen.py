"""What is on the screen: nothing added up over sites, budgets, notes, and the file and changes a result belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import data, fleet, offer, scenario
from hashlease import load, solve
from hashlease.exports.scenario_screen import scenario_lines
from hashlease.exports.screen import plan_lines

SITE: dict[str, Any] = data()["sites"][0]


def text_of(**changes: Any) -> str:
    return "\n".join(plan_lines(solve(scenario(**changes))))


def section(text: str, heading: str) -> list[str]:
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(heading))
    return lines[first + 1 : lines.index("", first)]


def test_the_worth_of_a_mw_stands_site_by_site() -> None:
    """A mining MW-year is worth 8,760 x 50 = 438 k USD at North; at South the same machines find 45 USD/MWh dearer."""
    sites = [{**SITE, "name": "North"}, {**SITE, "name": "South", "supply": {"kind": "index", "adder_usd_per_mwh": 45.0}}]
    fleets = [fleet(f"Fleet {name}", site=name, mw=200.0) for name in ("North", "South")]
    text = text_of(sites=sites, fleets=fleets, leases=[])
    table = section(text, "What one more energised MW through the year is worth today, by site")
    assert [line.split() for line in table] == [["North", "South"], ["2026", "438.0", "43.8"], ["2027", "438.0", "43.8"]]
    assert "mean MW at the meter of all sites together, and cash" in text
    assert "481.8" not in text


def test_the_budget_has_a_section() -> None:
    """20 critical MW for 400,000 USD each, of a budget of 10 M USD."""
    text = text_of(finance__capex_budget_usd={"2026": 10_000_000})
    assert section(text, "Capex budget")[-2].split() == ["2026", "10.0", "8.0", "2.0", "0.000"]
    assert "no limit in the years without a budget (2027); capex of signed leases does not count" in text
    assert "Capex budget" not in text_of()


def test_an_offer_left_out_has_no_npv_on_the_screen() -> None:
    row = section(text_of(leases__0__rent_usd_per_kw_month=1.0), "Lease offers")[2]
    assert row.split()[:5] == ["Offer", "0.0", "of", "20.0", "-"]


def test_what_the_horizon_cuts_off_stands_beside_the_rates() -> None:
    text = " ".join(text_of(leases__0__term_years=4.0).split())
    assert "the horizon ends in 2027-12, before the base term of Offer: NPV, IRR, yield and break-evens count no cash" in text


def test_the_title_names_file_and_changes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(data()))
    found = load(file, "leases.Offer.rent_usd_per_kw_month=10")
    for lines in (list(plan_lines(solve(found))), list(scenario_lines(found, sources=False))):
        assert lines[:2] == ["one_site (mine.yaml)", "  --set leases.Offer.rent_usd_per_kw_month=10"]


@pytest.mark.parametrize("name", ["rockdale", "starter", "two_offers"])
def test_validate_fits_eighty_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, scenario_lines(load(name), sources=False))) <= 80


def test_validate_echoes_sites_and_money() -> None:
    text = " ".join(" ".join(scenario_lines(load("starter"), sources=False)).split())
    for part in (
        "1 site, 1 fleet, 2 lease offers",
        "as a mean over the horizon",
        "energised 80.0 MW from 2026-01, 100.0 MW from 2026-07; suitable for leases 60.0 MW",
        "at the market price of My zone +3.00 USD/MWh; demand charge 5.00 USD/kW-month, of which mining avoids 90 %",
        "fixed block Block 2027, 40.0 MW at 35.00 USD/MWh, 2026-01 to 2027-12",
        "mining 14 %, leases 9 %, capex 9 %, power contracts 8 %, debt 7 %",
        "tax: 21 %, lease capex depreciated as 15-year property (MACRS), 40 % of it at once",
        "capex budget, M USD: 2026 200.0, 2027 300.0; no limit in the years without a budget (2028 to 2040)",
    ):
        assert part in text


def test_validate_echoes_other_ways_with_money() -> None:
    hashprice = {"kind": "given", "usd_per_ph_day": {"flat": 48.0}, "btc_price_usd": {"flat": 9e4}}
    case = scenario(
        finance__tax={"rate_fraction": 0.21, "depreciation_years": 15},
        finance__capex_budget_usd={"2026": 1e7},
        finance__cumulative_capex_budget_usd={"2027": 3e7},
        finance__capex_budget_is_net_of_debt=True,
        finance__treasury={"hold_fraction": 0.5},
        market__hashprice=hashprice,
    )
    text = " ".join(" ".join(scenario_lines(case, sources=False)).split())
    for part in (
        "tax: 21 %, lease capex depreciated over 15 years",
        "treasury: 50 % of the mined coins are kept and sold in 2027-12",
        "capex budget, M USD: 2026 10.0, up to 2027 30.0; capex of signed leases does not count; what lenders pay out",
    ):
        assert part in text


def test_validate_echoes_rules() -> None:
    rules = [
        {"name": "Floor", "kind": "hashrate", "at_least_eh": 2.5, "at_most_eh": 4, "to": "2026-06"},
        {"name": "Off", "kind": "curtailable_share", "site": "Site", "at_least_fraction": 0.4, "from": "2027-01"},
        {"name": "Nobody", "kind": "tenant_mw", "at_most_mw": 1_750},
    ]
    text = " ".join(" ".join(scenario_lines(scenario(rules=rules), sources=False)).split())
    for part in (
        "rule Floor: hashrate at least 2.5 EH/s and at most 4 EH/s, all sites, 2026-01 to 2026-06",
        "rule Off: MW that mine, of the load, at least 40 %, Site, 2027-01 to 2027-12",
        "rule Nobody: each tenant: MW let at most 1,750 MW, all sites, 2026-01 to 2027-12",
    ):
        assert part in text


def test_the_name_of_a_file_cannot_command_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "a\033[31m.yaml"
    file.write_text(yaml.safe_dump(data()))
    assert next(plan_lines(solve(load(file)))) == "one_site (a\\x1b[31m.yaml)"


def test_many_sites_are_several_blocks_of_columns() -> None:
    sites = [{**SITE, "name": f"Site {number}"} for number in range(8)]
    text = text_of(sites=sites, fleets=[fleet("Fleet", site="Site 0")], leases=[offer("Offer", site="Site 1")])
    table = section(text, "What one more suitable MW")
    assert [line.split() for line in table if line.split()[0] != "Site"][::3] == [["0", "1", "2", "3", "4", "5"], ["6", "7"]]
