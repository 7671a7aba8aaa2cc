"""Ancillary services at the prices of each hour: by hand, hour by hour in loops, and with the real prices of ERCOT."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import cases
import hashlease as hl
import numpy as np
import pytest
from hashlease.models.dispatch import SiteTerms
from hashlease.models.months import Array, Calendar, Month
from hashlease.models.prices import PriceTable
from hashlease.models.scenario import Scenario
from hashlease.models.values import TODAY, Multipliers, Values
from hashlease.optimizer.ledger import Ledger
from hashlease.scenarios.load import load
from hashlease.scenarios.workbook.writer import workbook_bytes

ENERGY, ECRS = (20.0, 60.0, 150.0, 400.0), (5.0, 10.0, 70.0, 300.0)
"""Four hours that a day has six times each: an ancillary price that is high where energy is dear. June has 180 of each."""


def four_hours(energy: tuple[float, ...] = ENERGY, **products: tuple[float, ...]) -> dict[str, Any]:
    return {
        "kind": "month_hour_profile",
        "usd_per_mwh": [list(energy) * 6] * 12,
        "ancillary_usd_per_mw_hour": {name: [list(usd) * 6] * 12 for name, usd in products.items()},
        "multiplier": {"flat": 1.0},
    }


BY_THE_HOUR = {"name": "Reserve", "share_fraction": 1.0, "hourly_prices": "ECRS"}
PLAIN = {"power__zones__0__price": four_hours(ECRS=ECRS), "leases": [], "horizon__end": "2026-06"}
"""A MWh mined earns 100 USD less 10 of opex."""
JUNE = 5


def june(service: dict[str, Any], at: Multipliers = TODAY, **terms: Any) -> float:
    """USD of one MW in June; that both code paths find it."""
    scenario = cases.scenario(**{**PLAIN, "sites__0__ancillary_services": [service], **terms})
    found = float(Values(scenario).mining_usd_per_mw(at)[0, JUNE])
    lines = Ledger(scenario, at).mining(scenario.fleets[0])
    assert sum(line.usd[JUNE] for line in lines) == pytest.approx(found, rel=1e-12)
    return found


def test_four_hours_by_hand() -> None:
    """90 + 5 - 20 = 75, 90 + 10 - 60 = 40, 90 + 70 - 150 = 10 and, off, 90 + 300 - 400 = -10: 180 x (75 + 40 + 10) = 22,500.

    The mean of 96.25 in every hour would be 166.25 + 126.25 + 36.25, and -213.75, which is off: 180 x 328.75 = 59,175.
    """
    assert june(BY_THE_HOUR) == pytest.approx(22_500)
    mean = {"name": "Reserve", "share_fraction": 1.0, "usd_per_mw_hour": {"flat": 96.25}}
    assert june(mean) == pytest.approx(59_175)


def test_the_lines_of_the_ledger() -> None:
    """540 hours run: revenue 54,000, opex 5,400, energy 180 x 230 = 41,400, the service 180 x 85 = 15,300 USD a MW."""
    scenario = cases.scenario(**PLAIN, sites__0__ancillary_services=[BY_THE_HOUR])
    plan = hl.solve(scenario)
    assert plan.verdict == "CERTIFIED"
    usd = {row["item"]: row["usd"] / 100 for row in plan.rows["cash_flow"] if row["period"] == "2026-06"}
    expected = {"mining_revenue": 54_000, "mining_variable_opex": -5_400, "mining_power": -41_400, "ancillary_income": 15_300}
    assert usd == pytest.approx(expected)


def test_losses_delivery_share_and_season() -> None:
    """With 10 % lost and 2 USD of delivery: 71, 32, -7 and -52, so 180 x 103 in the service and without it 180 x (66 + 22)."""
    terms = {"sites__0__delivery": {"usd_per_mwh": {"flat": 2}, "loss_fraction": 0.1}}
    assert june({**BY_THE_HOUR, "share_fraction": 0.25}, **terms) == pytest.approx(180 * (0.25 * 103 + 0.75 * 88))
    assert june({**BY_THE_HOUR, "from_month_of_year": 7, "to_month_of_year": 4}, **terms) == pytest.approx(180 * 88)


def test_both_prices_move_with_the_power_multiplier() -> None:
    """At half of both: 90 + 2.5 - 10 = 82.5, 90 + 5 - 30 = 65, 90 + 35 - 75 = 50, 90 + 150 - 200 = 40, all of which pay."""
    assert june(BY_THE_HOUR, Multipliers(power=0.5)) == pytest.approx(180 * 237.5)
    assert june(BY_THE_HOUR, Multipliers(power=0.0)) == pytest.approx(720 * 90)


def test_the_level_of_the_zone_moves_both_prices() -> None:
    price = {**four_hours(ECRS=ECRS), "multiplier": {"flat": 0.5}}
    assert june(BY_THE_HOUR, power__zones__0__price=price) == pytest.approx(180 * 237.5)


def test_at_a_fixed_price_only_the_service_varies() -> None:
    """At 100 USD: 90 + 5 - 100 and 90 + 10 - 100 do not pay more than nothing, 90 + 70 - 100 = 60 and 90 + 300 - 100 = 290 do."""
    fixed = {"kind": "fixed", "usd_per_mwh": {"flat": 100}}
    assert june(BY_THE_HOUR, sites__0__supply=fixed) == pytest.approx(180 * 350)
    assert june(BY_THE_HOUR, Multipliers(power=0.5), sites__0__supply=fixed) == pytest.approx(180 * (25 + 140))


@pytest.mark.parametrize(
    ("off_in", "hours", "usd"),
    [
        ("dearest", 100, 180 * (75 + 40 + 10 + 290) - 100 * 290),  # at 400 USD, where the service makes them the best of all
        ("dearest", 190, 180 * (75 + 40 + 10) - 10 * 10),
        ("cheapest", 10, 180 * (75 + 40 + 10 + 290) - 10 * 75),
        ("average", 72, 0.9 * 180 * (75 + 40 + 10 + 290)),
    ],
)
def test_hours_that_are_off_have_their_rank_among_market_prices(off_in: str, hours: float, usd: float) -> None:
    """At 600 USD of ancillary price the dearest hours earn most: 90 + 600 - 400 = 290."""
    price = four_hours(ECRS=(5.0, 10.0, 70.0, 600.0))
    duty = {"name": "Host", "off_hours_per_month": hours, "off_in": off_in}
    found = june(BY_THE_HOUR, power__zones__0__price=price, sites__0__curtailments=[duty])
    assert found == pytest.approx(usd)


def test_hours_of_one_price_are_off_in_proportion() -> None:
    """100 of the 360 hours at 150 USD are off: 50 where the service pays 70 USD (10 a MWh), 50 where it pays 160 (100)."""
    price = four_hours((20.0, 60.0, 150.0, 150.0), ECRS=(5.0, 10.0, 70.0, 160.0))
    duty = {"name": "Host", "off_hours_per_month": 100}
    found = june(BY_THE_HOUR, power__zones__0__price=price, sites__0__curtailments=[duty])
    assert found == pytest.approx(180 * (75 + 40) + 130 * (10 + 100))


def test_a_peak_is_weighed_with_what_the_service_earns() -> None:
    """Being off in the 180 dearest hours avoids 60,000 USD, or 50,000; with the service they earn 180 x 290 = 52,200."""
    price = four_hours(ECRS=(5.0, 10.0, 70.0, 600.0))
    peak = {"name": "4CP", "usd_per_kw": {"flat": 60}, "avoided_fraction": 1, "off_hours_per_month": 180}
    others = 180 * (75 + 40 + 10)
    assert june(BY_THE_HOUR, power__zones__0__price=price, sites__0__coincident_peaks=[peak]) == pytest.approx(others)
    peak["usd_per_kw"] = {"flat": 50}
    found = june(BY_THE_HOUR, power__zones__0__price=price, sites__0__coincident_peaks=[peak])
    assert found == pytest.approx(others + 52_200 - 50_000)


# --- hour by hour in loops ------------------------------------------------------------------------------------------------------


def hourly_case(folder: Path, seed: int, **changes: Any) -> Scenario:
    """25 years on one year of a file, whose energy prices are whole tens, so that many hours have one price."""
    own = random.Random(seed)
    lines = ["utc,usd,regup,ecrs"]
    for hour in range(8_760):
        energy = 10 * round(own.gauss(3, 3)) + (own.randrange(0, 900, 10) if own.random() < 0.04 else 0)
        reserve = [round(max(0.0, energy * own.uniform(0, 0.9) + own.uniform(-20, 15)), 2) for _ in range(2)]
        lines.append(f"{datetime(2026, 1, 1) + timedelta(hours=hour):%Y-%m-%dT%H:%M},{energy},{reserve[0]},{reserve[1]}")
    (folder / "prices.csv").write_text("\n".join(lines) + "\n")
    price = {
        "kind": "hourly",
        "file": "prices.csv",
        "time_column": "utc",
        "price_column": "usd",
        "times_are": "utc",
        "convention": "hour_beginning",
        "ancillary_columns": [{"name": "ECRS", "column": "ecrs"}, {"name": "Reg-up", "column": "regup"}],
        "repeat_year": 2026,
        "multiplier": {"start": 1.0, "from": "2026-01", "growth_per_year": 0.01},
    }
    terms = {
        "horizon__end": "2050-12",
        "leases": [],
        "fleets__0__uptime_fraction": 0.93,
        "fleets__0__pool_fee_fraction": 0.01,
        "power__zones__0__price": price,
        "sites__0__delivery": {"usd_per_mwh": {"flat": 2.5}, "loss_fraction": 0.03},
        "sites__0__ancillary_services": [
            {"name": "A", "share_fraction": 0.4, "hourly_prices": "ECRS"},
            {"name": "B", "share_fraction": 0.2, "hourly_prices": "Reg-up", "from_month_of_year": 11, "to_month_of_year": 4},
            {"name": "C", "share_fraction": 0.1, "usd_per_mw_hour": {"flat": 9.0}},
        ],
        "sites__0__standby": [
            {"name": "D", "share_fraction": 0.2, "usd_per_mw_month": {"flat": 5_000}, "off_hours_per_month": 17.5}
        ],
        "sites__0__curtailments": [
            {"name": "Host", "off_hours_per_month": 7.25, "off_in": "cheapest"},
            {"name": "Utility", "off_hours_per_month": 30, "off_in": "average", "from_month_of_year": 6, "to_month_of_year": 9},
        ],
        "sites__0__coincident_peaks": [
            {
                "name": "4CP",
                "usd_per_kw": {"flat": 3},
                "avoided_fraction": 0.9,
                "off_hours_per_month": 40.5,
                "from_month_of_year": 5,
            }
        ],
    }
    return cases.scenario(folder, **{**terms, **changes})


Hour = tuple[float, dict[str, float], float]
"""Market price, ancillary prices by product, length."""


def hours_of(scenario: Scenario, file: list[str], t: int) -> list[Hour]:
    """The hours of a month of the horizon, from the lines of the file."""
    month, level = scenario.calendar.months[t], 1.01 ** (t / 12)
    lines = [line.split(",") for line in file if int(line[5:7]) == month.month_of_year]
    length = month.days * 24 / len(lines)
    return [
        (level * float(energy), {"ECRS": level * float(ecrs), "Reg-up": level * float(regup)}, length)
        for _, energy, regup, ecrs in lines
    ]


def kept(hours: list[Hour], off: list[tuple[str, float]]) -> list[float]:
    """The share of each hour in which mining is not off: one price after the other, the hours of one price alike."""
    order, shares = sorted(range(len(hours)), key=lambda number: hours[number][0]), [0.0] * len(hours)
    total, since = math.fsum(length for *_, length in hours), 0.0
    begins = max([0.0, *(many for kind, many in off if kind == "cheapest")])
    ends = total - max([0.0, *(many for kind, many in off if kind == "dearest")])
    by_chance = math.prod(1 - many / total for kind, many in off if kind == "average")
    for _, group in groupby(order, key=lambda number: hours[number][0]):
        same = list(group)
        until = since + math.fsum(hours[number][2] for number in same)
        for number in same:
            shares[number] = by_chance * max(0.0, min(until, ends) - max(since, begins)) / (until - since)
        since = until
    return shares


def in_loops(hours: list[Hour], month_of_year: int, hashprice: float, power: float, fixed: float | None) -> float:
    """USD of one MW of the case above in a month."""
    coins = hashprice * 100.0 * 0.99 - 10.0
    duties = [("cheapest", 7.25)] + ([("average", 30.0)] if 6 <= month_of_year <= 9 else [])
    peak = 3_000.0 if month_of_year >= 5 else 0.0
    winter = month_of_year >= 11 or month_of_year <= 4
    usd = 0.0
    for share, product, price, standby, called in (
        (0.4, "ECRS", 0.0, 0.0, []),
        (0.2, "Reg-up" if winter else "", 0.0, 0.0, []),
        (0.1, "", 9.0, 0.0, []),
        (0.2, "", 0.0, 5_000.0, [("dearest", 17.5)]),
        (0.1, "", 0.0, 0.0, []),
    ):
        best = -math.inf
        for avoided in (False, True):
            off = duties + called + ([("dearest", 40.5 if peak else 0.0)] if avoided else [])
            earned = -peak * (0.1 if avoided else 1.0)
            for (market, products, length), part in zip(hours, kept(hours, off), strict=True):
                sold = power * (products[product] if product else price)
                energy = 1.03 * (power * market if fixed is None else fixed)
                earned += 0.93 * length * part * max(0.0, coins + sold - energy - 2.5)
            best = max(best, earned)
        usd += share * (best + standby)
    return usd


@pytest.mark.parametrize(
    ("seed", "fixed", "hashprice", "power"),
    [(1, None, 1.0, 1.0), (2, None, 0.45, 1.3), (3, 55.0, 0.6, 0.8), (4, None, 0.5, 0.0)],
)
def test_months_in_loops(seed: int, fixed: float | None, hashprice: float, power: float, tmp_path: Path) -> None:
    """Off hours with broken edges, losses, a service by the hour all year and one in winter, one at a mean, a peak."""
    supply = {} if fixed is None else {"sites__0__supply": {"kind": "fixed", "usd_per_mwh": {"flat": fixed}}}
    scenario = hourly_case(tmp_path, seed, **supply)
    at = Multipliers(hashprice=hashprice, power=power)
    found = Values(scenario).mining_usd_per_mw(at)[0]
    ledger = np.sum([line.usd for line in Ledger(scenario, at).mining(scenario.fleets[0])], axis=0)
    assert len(found) == 300
    assert ledger == pytest.approx(found, rel=1e-10, abs=1e-6)
    file = (tmp_path / "prices.csv").read_text().splitlines()[1:]
    for t in range(seed, 300, 4):
        expected = in_loops(hours_of(scenario, file, t), scenario.calendar.months[t].month_of_year, hashprice, power, fixed)
        assert found[t] == pytest.approx(expected, rel=1e-10), t


def test_margins_are_convex_and_their_slopes_bound_them(tmp_path: Path) -> None:
    """Between any two pairs of multipliers a margin is at most the mean of the two, and a tangent lies below it everywhere."""
    values, own = Values(hourly_case(tmp_path, 5, horizon__end="2027-12")), random.Random(5)
    for _ in range(40):
        (h0, p0), (h1, p1) = ((own.uniform(0.2, 1.6), own.choice([0.0, own.uniform(0.1, 2.5)])) for _ in range(2))
        one, per_hashprice, per_power = values.mining_musd_and_slopes(Multipliers(hashprice=h0, power=p0))
        two = values.mining_musd(Multipliers(hashprice=h1, power=p1))
        middle = values.mining_musd(Multipliers(hashprice=(h0 + h1) / 2, power=(p0 + p1) / 2))
        assert one == pytest.approx(values.mining_musd(Multipliers(hashprice=h0, power=p0)), rel=1e-12)
        assert np.all(middle <= (one + two) / 2 + 1e-12)
        assert np.all(two >= one + per_hashprice * (h1 - h0) + per_power * (p1 - p0) - 1e-12)


def test_a_slope_is_that_of_the_value(tmp_path: Path) -> None:
    values, step = Values(hourly_case(tmp_path, 6, horizon__end="2027-12")), 1e-6

    def at(hashprice: float, power: float) -> Array:
        return values.mining_musd(Multipliers(hashprice=hashprice, power=power))

    _, per_hashprice, per_power = values.mining_musd_and_slopes(Multipliers(hashprice=0.61, power=1.07))
    by_hashprice = (at(0.61 + step, 1.07) - at(0.61 - step, 1.07)) / (2 * step)
    by_power = (at(0.61, 1.07 + step) - at(0.61, 1.07 - step)) / (2 * step)
    assert per_hashprice == pytest.approx(by_hashprice, rel=1e-5, abs=1e-8)
    assert per_power == pytest.approx(by_power, rel=1e-5, abs=1e-8)


def test_a_plan_is_certified(tmp_path: Path) -> None:
    scenario = hourly_case(tmp_path, 7, horizon__end="2027-12", leases=[cases.offer("Offer")])
    plan = hl.solve(scenario)
    assert plan.verdict == "CERTIFIED"
    income = sum(row["usd"] for row in plan.rows["cash_by_year"] if row["item"] == "ancillary_income")
    assert income > 0


# --- what a scenario keeps and shows --------------------------------------------------------------------------------------------


def test_the_content_of_a_scenario_holds_the_column(tmp_path: Path) -> None:
    """Another ancillary price is another content, and equal ones are the same series."""
    one, same = (hourly_case(tmp_path, 8, horizon__end="2026-12") for _ in range(2))
    assert one == same
    assert one.content() == same.content()
    text = (tmp_path / "prices.csv").read_text().splitlines()
    text[5] = text[5].rpartition(",")[0] + ",77.7"
    (tmp_path / "prices.csv").write_text("\n".join(text) + "\n")
    other = hourly_case_again(tmp_path, one)
    assert other.content()["files"] != one.content()["files"]
    assert other != one


def hourly_case_again(folder: Path, scenario: Scenario) -> Scenario:
    """The same fields, with the file read again."""
    return Scenario.model_validate(scenario.model_dump(mode="json", by_alias=True), context={"folder": str(folder)})


@pytest.mark.parametrize("kind", ["file", "profile"])
def test_a_workbook_holds_it(kind: str, tmp_path: Path) -> None:
    if kind == "file":
        scenario = hourly_case(tmp_path, 9, horizon__end="2026-12")
    else:
        prices = four_hours(ECRS=ECRS, **{"Non-spin 10": (0.0, 1.25, 2.0, 0.1 + 0.2)})
        scenario = cases.scenario(**{**PLAIN, "power__zones__0__price": prices}, sites__0__ancillary_services=[BY_THE_HOUR])
    (tmp_path / "scenario.xlsx").write_bytes(workbook_bytes(scenario))
    found = load(tmp_path / "scenario.xlsx")
    assert found == scenario
    assert found.content() == scenario.content()


# --- real prices ----------------------------------------------------------------------------------------------------------------


def margin(table: PriceTable, calendar: Calendar, service: dict[str, Any] | None) -> float:
    """USD of one MW that earns 60 USD a MWh before power over all months."""
    site = cases.scenario(
        leases=[],
        finance__valuation_date=f"{calendar.start}-01",
        horizon__end=str(calendar.end),
        power__zones__0__price=four_hours(RRS=ECRS, ECRS=ECRS),
        sites__0__ancillary_services=[] if service is None else [{"name": "Service", "share_fraction": 1.0, **service}],
        sites__0__delivery={"usd_per_mwh": {"flat": 0.0}},
    ).sites[0]
    found = SiteTerms.of(site, table, calendar).margin(np.full(calendar.length, 60.0), 1.0, 1.0)
    return float(found.usd.sum())


@pytest.mark.parametrize(
    ("product", "year", "by_mean", "by_hour"),
    [("RRS", 2022, 134_200, 61_000), ("RRS", 2023, 150_700, 39_800), ("RRS", 2024, 46_000, 19_700), ("ECRS", 2024, 67_000, 32_400)],
)
def test_how_far_the_mean_of_a_month_is_off(market_data: Path, product: str, year: int, by_mean: float, by_hour: float) -> None:
    """What a year in the service adds to a MW at HB_WEST, day ahead, that earns 60 USD a MWh; docs/power.md has these figures."""
    import pandas as pd

    energy, reserve = (
        pd.read_parquet(market_data / f"ercot_{kind}_hourly_to_2024.parquet").set_index("utc_start") for kind in ("dam", "as")
    )
    both = energy[["HB_WEST"]].join(reserve[[product.lower()]], how="inner").dropna()
    both = both[both.index.str.startswith(f"{year}")]
    calendar = Calendar(Month.of(f"{year}-01"), 12)
    months = [both[both.index.str.startswith(str(month))] for month in calendar.months]
    points = max(map(len, months))

    def rows(column: str) -> Array:
        return np.array([np.pad(month[column].to_numpy(), (0, points - len(month)), mode="edge") for month in months])

    hours = np.array([[1.0] * len(month) + [0.0] * (points - len(month)) for month in months])
    missing = (datetime(year + 1, 1, 1, tzinfo=UTC) - datetime(year, 1, 1, tzinfo=UTC)) / timedelta(hours=1) - hours.sum()
    assert missing == (6 if year == 2022 else 0), "the files begin in 2022 with the local day"
    table = PriceTable.of(rows("HB_WEST"), hours, {product: rows(product.lower())})
    means = {str(month): float(part[product.lower()].mean()) for month, part in zip(calendar.months, months, strict=True)}
    without = margin(table, calendar, None)
    mean = margin(table, calendar, {"usd_per_mw_hour": {"months": means}})
    hourly = margin(table, calendar, {"hourly_prices": product})
    assert mean - without == pytest.approx(by_mean, abs=100)
    assert hourly - without == pytest.approx(by_hour, abs=100)
    loops = sum(max(0.0, 60 + a - p) - max(0.0, 60 - p) for p, a in both.itertuples(index=False))
    assert hourly - without == pytest.approx(loops, rel=1e-9)
