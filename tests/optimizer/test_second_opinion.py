"""Every dollar and MW of a plan against `plain_evaluator`, which shares no arithmetic with the package.

On the shipped scenarios, on odd inputs, and on random scenarios that mix what a scenario may say: all kinds of prices but files,
taxes, phases, free months, extensions, charges and power on either side, MW returned or kept, ramps, blocks, budgets, rights, and
leases that run already. That no other plan is better is asked of a second program (`hourly_program`), built from the same numbers.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import cases
import hashlease as hl
import pytest
from hashlease.models.values import Values
from hashlease.optimizer.optimise import Optimiser
from hourly_program import Program
from plain_evaluator import (
    Data,
    PlainScenario,
    days_in,
    ends,
    hashprice_usd_per_ph_day,
    hours_in,
    landlord_capex,
    mean_subsidy_btc,
    month_number,
    month_text,
    term_months,
)
from random_cases import random_case, with_rules
from second_opinion import RELATIVE, all_differences, decisions_of, plain

SHIPPED = ("rockdale", "starter", "two_offers")
RANDOM_CASES = 60
RANDOM_RULES = 30
OPERATING = (
    "rent",
    "hosting_fee",
    "hosting_revenue_share",
    "lease_opex",
    "lease_ground_rent",
    "lease_property_tax",
    "lease_insurance",
    "lease_maintenance",
    "lease_power",
    "lease_losses",
    "lease_delivery",
    "lease_demand_charge",
    "lease_peak_charge",
)
SEARCHED_USD = 0.2
"""The search over whole blocks ends when nothing better by 0.1 USD can be left."""


# ---------------------------------------------------------------- the comparison


@cache
def shipped(name: str) -> tuple[hl.Plan, PlainScenario]:
    scenario = hl.load(name)
    return hl.solve(scenario), plain(scenario)


def assert_nothing_is_better(plan: hl.Plan, opinion: PlainScenario) -> None:
    """The optimum of the second program, with whole blocks and without, is the plan's and its relaxation's."""
    program = Program(opinion, hourly=False)
    best, relaxed = program.solve(whole=True), program.solve()
    found = opinion.evaluate(*program.decisions(best))
    assert found.violations == []
    assert program.npv_usd(best) == pytest.approx(plan.npv_usd, abs=RELATIVE * found.gross_usd + SEARCHED_USD)
    assert program.npv_usd(relaxed) == pytest.approx(plan.relaxation_npv_usd, abs=RELATIVE * found.gross_usd + 1e-3)


def assert_all_mining(plan: hl.Plan, opinion: PlainScenario) -> None:
    """Without offers the months separate, and in each the fleets with the largest margins fill the MW that signed leases leave.

    Where machines may be bought, sold or moved, or a site expanded, the months hang together: the second program without a lease.
    """
    found = opinion.evaluate(opinion.best_mining({}), {})
    if opinion.offers or opinion.moves or opinion.expansions or any(fleet["sale"] for fleet in opinion.fleets.values()):
        program = Program(opinion, hourly=False)
        for column in program.offer_columns:
            program.upper[column] = 0.0
        found = opinion.evaluate(*program.decisions(program.solve()))
    assert found.violations == []
    assert plan.reference("all_mining").npv_usd == pytest.approx(found.npv_usd, rel=RELATIVE, abs=1e-3)


def assert_lease_all(plan: hl.Plan, opinion: PlainScenario) -> None:
    """Most critical MW first, then most value: two programs, the second held to what the first one found."""
    program, reference = Program(opinion, hourly=False), plan.reference("lease_all")
    offered = list(program.offer_columns)
    leased = [float(column in program.offer_columns) for column in range(len(program.cost))]
    most = program.solve(leased, whole=True)[offered].sum()
    program.rows.add([(column, -1.0) for column in offered], 1e-9 - most)
    found = opinion.evaluate(*program.decisions(program.solve(whole=True)))
    signed = sum(lease["critical_it_mw"] for lease in opinion.leases.values() if lease["status"] == "signed")
    assert reference.leased_critical_mw == pytest.approx(most + signed, abs=1e-6)
    assert reference.npv_usd == pytest.approx(found.npv_usd, abs=RELATIVE * found.gross_usd + 1.0)


# ---------------------------------------------------------------- shipped scenarios


@pytest.mark.parametrize("name", [*SHIPPED, "odessa"])
def test_shipped_plan_is_reckoned_the_same(name: str) -> None:
    plan, opinion = shipped(name)
    assert plan.verdict == "CERTIFIED"
    assert all_differences(plan, opinion) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_no_plan_of_a_shipped_scenario_is_better(name: str) -> None:
    assert_nothing_is_better(*shipped(name))


@pytest.mark.parametrize("name", SHIPPED)
def test_reference_plans(name: str) -> None:
    assert_all_mining(*shipped(name))
    assert_lease_all(*shipped(name))


# ---------------------------------------------------------------- random scenarios


@pytest.mark.parametrize("case", range(RANDOM_CASES))
def test_random_plan_is_reckoned_the_same(case: int) -> None:
    scenario = random_case(case)
    plan, opinion = hl.solve(scenario), plain(scenario)
    if plan.verdict == "INFEASIBLE, PROVED":
        assert opinion.violations({}, {}), "signed leases alone fit, and nothing else is forced"
        return
    assert plan.verdict == "CERTIFIED", plan.conflicts
    assert all_differences(plan, opinion) == []
    assert_nothing_is_better(plan, opinion)
    assert_all_mining(plan, opinion)


@pytest.mark.parametrize("case", range(RANDOM_RULES))
def test_random_plan_under_rules_is_reckoned_the_same(case: int) -> None:
    scenario = with_rules(random_case(case), case)
    plan, opinion = hl.solve(scenario), plain(scenario)
    if plan.verdict == "INFEASIBLE, PROVED":
        assert Program(opinion, hourly=False).has_no_plan
        return
    assert plan.verdict == "CERTIFIED", plan.conflicts
    assert all_differences(plan, opinion) == []
    assert_nothing_is_better(plan, opinion)


def test_most_random_rules_leave_a_plan_and_cost_something() -> None:
    cases = [(random_case(case), with_rules(random_case(case), case)) for case in range(RANDOM_RULES)]
    plans = [hl.solve(ruled) for _, ruled in cases]
    costly = [
        plan for (free, _), plan in zip(cases, plans, strict=True) if plan.is_final and plan.npv_usd < hl.solve(free).npv_usd - 1
    ]
    assert sum(plan.is_final for plan in plans) >= 0.6 * RANDOM_RULES
    assert len(costly) >= 0.3 * RANDOM_RULES


# ---------------------------------------------------------------- random floors of cash


def with_random_floors(case: int) -> hl.Scenario | None:
    """A random scenario with a floor between the cash of the plan that has none and the most that any plan has; at times above it.

    None where there is no plan.
    """
    drawn = random_case(case).model_dump(mode="json", by_alias=True)
    drawn["finance"]["treasury"] = None
    free = hl.Scenario.model_validate(drawn)
    plan, own = hl.solve(free), random.Random(case)
    if plan.verdict != "CERTIFIED":
        return None
    values = Values(free)
    optimiser, years = Optimiser(values), free.calendar.years
    paid = {year: sum(row["usd"] for row in plan.rows["cash_by_year"] if row["year"] <= year) for year in years}
    most = {}
    for year in years:
        until = values.cash_until(year)
        cost = replace(optimiser.program, values=until).cost_musd()
        most[year] = 1e6 * (float(cost @ optimiser.solve(cost).x) + until.constant_musd())
    year = max(years, key=lambda year: most[year] - paid[year])
    wanted = paid[year] + own.choice([0.3, 0.6, 0.9, 0.9, 1.1]) * (most[year] - paid[year])
    opening = max(0.0, -wanted) + own.choice([0.0, 1e6])
    others = {str(other): max(0.0, opening + paid[other] - 1e6) for other in own.sample(years, own.randint(0, len(years)))}
    floors = {year: usd if usd > 1e3 else 0.0 for year, usd in (others | {str(year): opening + wanted}).items()}
    drawn["finance"]["cash"] = {"opening_usd": opening if opening > 1e3 else 0.0, "raised_usd": {}, "floor_usd": floors}
    return hl.Scenario.model_validate(drawn)


@pytest.mark.parametrize("case", range(200, 260))
def test_random_floors(case: int) -> None:
    limited = with_random_floors(case)
    if limited is not None:
        assert_floors_are_held(limited)


@pytest.mark.parametrize("case", range(200, 215))
def test_random_floors_and_rules_together(case: int) -> None:
    limited = with_random_floors(case)
    if limited is not None:
        assert_floors_are_held(with_rules(limited, case))


def assert_floors_are_held(limited: hl.Scenario) -> None:
    plan, opinion = hl.solve(limited), plain(limited)
    program = Program(opinion, hourly=False)
    if plan.verdict == "INFEASIBLE, PROVED":
        assert program.has_no_plan
        return
    assert plan.verdict == "CERTIFIED", plan.conflicts
    assert all_differences(plan, opinion) == []
    best = program.solve(whole=True)
    assert opinion.evaluate(*program.decisions(best)).violations == []
    gross = opinion.evaluate(*program.decisions(best)).gross_usd
    assert program.npv_usd(best) == pytest.approx(plan.npv_usd, abs=2e-8 * gross + 1.0)
    assert program.npv_usd(program.solve()) == pytest.approx(plan.relaxation_npv_usd, abs=2e-8 * gross + 1.0)


def test_enough_random_floors_bind() -> None:
    priced = 0
    for case in range(200, 260):
        limited = with_random_floors(case)
        if limited is not None:
            priced += any(row["usd_per_usd"] > 1e-6 for row in hl.solve(limited).rows["cash_floor"])
    assert priced >= 5


# ---------------------------------------------------------------- odd inputs

NETWORK = {
    "kind": "network",
    "btc_price_usd": {"flat": 100_000},
    "network_eh": {"flat": 1000},
    "fees_fraction_of_subsidy": {"flat": 0.01},
}
EVERY_RATE = ("mining", "lease", "capex", "power_contract")
HALVES = [{"months_after_start": 0, "share_fraction": 0.5}, {"months_after_start": 3, "share_fraction": 0.5}]
SPRING = {"earliest": "2026-01", "latest": "2026-06"}


def rights(until: str, **changes: Any) -> Data:
    return cases.offer("Right", reserved_until=until, start_window=SPRING, **changes)


def option(probability: float) -> list[Data]:
    return [{"years": 0.5, "exercise_probability_fraction": probability}, {"years": 0.5, "exercise_probability_fraction": 0.5}]


def profile_in(time_zone: str) -> Data:
    """A price for every clock hour that no other hour has, so that an hour booked under the wrong clock shows."""
    rows = [[round(10 + 3.7 * hour + 0.9 * month, 2) for hour in range(24)] for month in range(12)]
    price = {"kind": "month_hour_profile", "usd_per_mwh": rows, "multiplier": {"flat": 1}}
    return {"name": "Zone", "time_zone": time_zone, "price": price}


ODD_INPUTS: dict[str, dict[str, Any]] = {
    "nothing is discounted": {"finance__discount_rate_per_year": dict.fromkeys(EVERY_RATE, 0)},
    "hashprice 0 and negative prices": {
        "market__hashprice__multiplier": 0,
        "power__zones__0__price__usd_per_mwh": {"flat": -30},
    },
    "power multiplier 0": {"power__multiplier": 0, "leases__0__power_paid_by": "landlord"},
    "power multiplier 100, so that nothing pays": {"power__multiplier": 100, "leases__0__power_paid_by": "landlord"},
    "a fleet of 0 MW": {"fleets__0__mw": 0},
    "a fleet of 0 MW and no lease": {"fleets__0__mw": 0, "leases": []},
    "fleets that were sold before, and no lease": {"fleets__0__retire_month": "2025-11", "leases": []},
    "no fleet": {"fleets": []},
    "no fleet, and a lease that does not pay": {"fleets": [], "leases__0__rent_usd_per_kw_month": 1},
    "no fleet, and no budget": {"fleets": [], "finance__capex_budget_usd": {"2026": 0}, "leases__0__gross_up": 1.21097},
    "a budget of 0": {"finance__capex_budget_usd": {"2026": 0}},
    "a budget of 0 and nothing to spend": {
        "finance__capex_budget_usd": {"2026": 0},
        "leases__0__capex_usd_per_critical_mw": 0,
    },
    "more suitable MW than energised": {"sites__0__hpc_suitable_mw": 300, "leases__0__critical_it_mw": 200},
    "no suitable MW": {"sites__0__hpc_suitable_mw": 0},
    "an option that is never used": {"leases__0__extensions": option(0)},
    "an option that is always used": {"leases__0__extensions": option(1)},
    "phases and free months over the end of the horizon": {
        "horizon__end": "2026-06",
        "leases__0__term_years": 2,
        "leases__0__free_months": 2,
        "leases__0__phases": HALVES,
        "leases__0__start_window": {"earliest": "2026-01", "latest": "2026-05"},
    },
    "lead time and every fifth month": {
        "leases__0__lead_time_months": 3,
        "leases__0__start_window": {"earliest": "2025-01", "latest": "2027-01", "every_months": 5},
    },
    "three offers with the same start": {"leases": [cases.offer(name) for name in ("A", "B", "C")]},
    "all income is taxed away": {"finance__tax": {"rate_fraction": 1, "depreciation_years": 1}},
    "one month": {"horizon__end": "2026-01"},
    "sixteen years before anything happens": {"finance__valuation_date": "2010-01-01", "fleets__0__from": "2026-01"},
    "a fleet sold on the first day": {"fleets__0__retire_month": "2026-01", "fleets__0__resale_usd_per_th": 3},
    "a fleet that comes after the horizon is not sold": {"fleets__0__from": "2028-01", "fleets__0__resale_usd_per_th": 3},
    "two halvings": {"horizon__end": "2033-12", "market__hashprice": NETWORK},
    "a kilowatt": {"sites__0__energised_mw": 0.001, "fleets__0__mw": 0.001, "leases__0__critical_it_mw": 0.001},
    "ten thousand MW in whole blocks": {
        "sites__0__energised_mw": 10_000,
        "fleets__0__mw": 10_000,
        "leases": [cases.offer(f"Block of {mw}", critical_it_mw=mw, gross_up=1.3, indivisible=True) for mw in (5000, 3000)],
    },
    "rights on half of the site and a third offer": {
        "leases": [rights("2026-04", critical_it_mw=60), cases.offer("Other", critical_it_mw=60)]
    },
    "rights on more MW than are suitable, and another offer": {
        "sites__0__hpc_suitable_mw": 20,
        "leases": [rights("2026-04"), cases.offer("Other", critical_it_mw=1)],
    },
    "rights on more MW than are suitable, and nobody else": {"sites__0__hpc_suitable_mw": 10, "leases": [rights("2026-04")]},
    "clocks that change by an hour": {"power__zones__0": profile_in("America/Chicago"), "leases__0__power_paid_by": "landlord"},
    "clocks that change by half an hour": {
        "power__zones__0": profile_in("Australia/Lord_Howe"),
        "leases__0__power_paid_by": "landlord",
    },
}


@pytest.mark.parametrize("name", ODD_INPUTS)
def test_odd_input(name: str) -> None:
    scenario = cases.scenario(**ODD_INPUTS[name])
    plan, opinion = hl.solve(scenario), plain(scenario)
    assert plan.verdict == "CERTIFIED", plan.conflicts
    assert all_differences(plan, opinion) == []
    assert_nothing_is_better(plan, opinion)
    assert_all_mining(plan, opinion)


def test_lease_all_takes_more_mw_before_dearer_mw() -> None:
    """25 suitable MW hold 20 MW of the plain offer at 1.25, or 19.84 MW of a far better one at 1.26; both offer 20 MW."""
    better = cases.offer("Better", gross_up=1.26, rent_usd_per_kw_month=500)
    scenario = cases.scenario(sites__0__hpc_suitable_mw=25, leases=[cases.offer("Plain"), better])
    plan = hl.solve(scenario)
    assert plan.reference("lease_all").leased_critical_mw == pytest.approx(20)
    assert_lease_all(plan, plain(scenario))


# ---------------------------------------------------------------- derived figures


def with_rates(opinion: PlainScenario, rate: float) -> PlainScenario:
    finance = {**opinion.data["finance"], "discount_rate_per_year": dict.fromkeys(EVERY_RATE, rate)}
    return PlainScenario({**opinion.data, "finance": finance})


@pytest.mark.parametrize("name", SHIPPED)
def test_rate_of_return_makes_a_lease_worth_nothing(name: str) -> None:
    plan, opinion = shipped(name)
    for row in plan.rows["leases"]:
        if row["starts"]:
            start = max(row["starts"], key=lambda start: start["critical_mw"])["start"]
            lease = {**opinion.leases[row["offer"]], "debt": None}  # the rate is the project's
            below, above = (
                with_rates(opinion, row["irr"] + step).unit_value_usd(lease, month_number(start)) for step in (-1e-9, 1e-9)
            )
            assert below > 0 > above


@pytest.mark.parametrize("name", SHIPPED)
def test_yield_on_cost(name: str) -> None:
    """Rent less opex, power and charges of the base term, a year, of what the landlord builds for."""
    assert_yield_on_cost(*shipped(name))


def test_yield_on_cost_of_a_term_that_the_horizon_cuts_off() -> None:
    """The landlord pays power and charges whose prices rise; only the months of the horizon count."""
    paid = {"leases__0__power_paid_by": "landlord", "leases__0__demand_charge_paid_by": "landlord"}
    charge = {"usd_per_kw_month": {"start": 5, "from": "2026-01", "growth_per_year": 0.5}, "avoided_by_mining_fraction": 0}
    scenario = cases.scenario(**paid, sites__0__demand_charge=charge, leases__0__term_years=4)
    assert_yield_on_cost(hl.solve(scenario), plain(scenario))


def assert_yield_on_cost(plan: hl.Plan, opinion: PlainScenario) -> None:
    for row in plan.rows["leases"]:
        lease, start = opinion.leases[row["offer"]], month_number(row["best_start"])
        months = [month for month in opinion.months if start <= month < start + term_months(lease)]
        entries = [entry for entry in opinion.lease_entries(lease, start) if entry.item in OPERATING and entry.period in months]
        yearly = sum(entry.usd for entry in entries) * 12 / len(months)
        assert row["yield_on_cost"] == pytest.approx(yearly / landlord_capex(lease), rel=RELATIVE)


@pytest.mark.parametrize("name", ["rockdale", "starter"])
def test_cash_beyond_the_horizon(name: str) -> None:
    """The same payments on a longer calendar, without what is sold or taxed."""
    plan, opinion = shipped(name)
    assert plan.beyond is not None
    longer = PlainScenario({**opinion.data, "horizon": {"end": str(plan.beyond["until"])}})
    _, leases, *_ = decisions_of(plan)
    expected = sum(
        mw * entry.discounted_usd
        for (offer, start), mw in leases.items()
        for entry in longer.lease_entries(longer.leases[offer], month_number(start))
        if entry.item in OPERATING and entry.period not in opinion.months
    )
    assert plan.beyond["leases_usd"] == pytest.approx(expected, rel=RELATIVE)
    last = max(
        month_number(start) + max(n for n, probability in ends(longer.leases[offer]) if probability) - 1 for offer, start in leases
    )
    assert str(plan.beyond["until"]) == month_text(last)


def optimum_usd(written: Data, without: str | None = None) -> float:
    """The optimum of the second program for plain data, perhaps without an offer (on the same horizon)."""
    leases = [lease for lease in written["leases"] if lease["name"] != without]
    program = Program(PlainScenario({**written, "leases": leases}), hourly=False)
    return program.npv_usd(program.solve(whole=True)) if program.cost else program.constant_usd


def gain_usd(written: Data, offer: str) -> float:
    return optimum_usd(written) - optimum_usd(written, without=offer)


CONTESTED: dict[str, Any] = {
    "horizon__end": "2026-12",
    "sites__0__hpc_suitable_mw": 40,
    "power__zones__0": profile_in("America/Chicago"),
    "fleets": [cases.fleet("Old", mw=60, j_per_th=27), cases.fleet("New", mw=60, j_per_th=17, fixed_opex_usd_per_mw_month=4000)],
    "leases": [
        cases.offer("Small", critical_it_mw=12, rent_usd_per_kw_month=88),
        cases.offer("Block", critical_it_mw=15, rent_usd_per_kw_month=92, indivisible=True, conversion_outage_months=1),
        cases.offer("Large", critical_it_mw=30, rent_usd_per_kw_month=84, start_window=SPRING),
        cases.offer("Signed", critical_it_mw=3, status="signed", start_month="2026-01", start_window=None),
    ],
    "finance__discount_rate_per_year": dict.fromkeys(EVERY_RATE, 0.1),
}
"""Offers that compete for 40 suitable MW and pay about what the two fleets earn, at a price that differs from hour to hour."""


@cache
def contested() -> tuple[hl.Plan, Data]:
    written = cases.data(**CONTESTED)
    del written["leases"][-1]["start_window"]
    scenario = hl.Scenario.model_validate(written)
    return hl.solve(scenario), plain(scenario).data


@pytest.mark.parametrize("name", ["Small", "Block", "Large", "Signed"])
def test_break_even_rent_is_where_the_decision_flips(name: str) -> None:
    """The second program is solved with the offer's rent a millionth above and below, with the offer and without."""
    plan, written = contested()
    row = next(row for row in plan.rows["leases"] if row["offer"] == name)

    def at_rent(usd_per_kw_month: float) -> float:
        leases = [
            {**lease, "rent_usd_per_kw_month": usd_per_kw_month} if lease["name"] == name else lease for lease in written["leases"]
        ]
        return gain_usd({**written, "leases": leases}, name)

    edge = row["break_even_rent_usd_per_kw_month"]
    above, below = at_rent(edge * (1 + 1e-6)), at_rent(edge * (1 - 1e-6))
    assert above > 0.5
    assert below < 0.5 if name == "Signed" else below == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("name", ["Small", "Block", "Large", "Signed"])
def test_break_even_hashprice_is_where_the_decision_flips(name: str) -> None:
    plan, written = contested()
    row = next(row for row in plan.rows["leases"] if row["offer"] == name)
    edge = row["break_even_hashprice_multiplier"]
    assert edge is not None

    def worth_having(multiplier: float) -> bool:
        hashprice = {**written["market"]["hashprice"], "multiplier": multiplier}
        return gain_usd({**written, "market": {"hashprice": hashprice}}, name) > (0 if name == "Signed" else 0.5)

    assert worth_having(edge * (1 - 1e-6)) != worth_having(edge * (1 + 1e-6))
    between = [1 + (edge - 1) * step / 6 for step in range(6)]
    assert len({worth_having(multiplier) for multiplier in between}) == 1, "a flip nearer to today's hashprice"


def test_break_even_hashprice_of_a_signed_lease_that_bars_a_block() -> None:
    """At hashprice 0 the signed lease is not worth having, since a block would use its MW; only in between it is.

    20 suitable MW: the signed lease takes 5, the block needs all. A signed critical MW brings 12 x 78,600 - 400,000 = 543,200 USD
    and uses 1.25 MW x 8,760 hours that earn 100 h - 50 USD at h times the hashprice: equal at h = 0.99607. There the block,
    which brings 380,000 USD, loses to mining; at h = 0 it is worth 16 x 380,000, and without the signed lease it would be there.
    """
    signed = cases.offer("Signed", critical_it_mw=4, rent_usd_per_kw_month=78.6, status="signed", start_month="2026-01")
    del signed["start_window"]
    block = cases.offer("Block", critical_it_mw=16, rent_usd_per_kw_month=65, indivisible=True)
    plan = hl.solve(cases.scenario(horizon__end="2026-12", sites__0__hpc_suitable_mw=20, leases=[signed, block]))
    row = next(row for row in plan.rows["leases"] if row["offer"] == "Signed")
    assert row["break_even_hashprice_multiplier"] == pytest.approx((543_200 / 10_950 + 50) / 100, rel=1e-6)


def test_shadow_prices_lie_between_one_sided_differences() -> None:
    """Of energised and of suitable MW; the relaxed program is solved with a little more and a little less of each."""
    (plan, written), step_mw = contested(), 1e-4

    def value_usd(field: str, month: str, change_mw: float) -> float:
        site = written["sites"][0]
        usual = site[field][0]["mw_total"]
        after = month_text(month_number(month) + 1)
        steps = [
            {"from": "2009-01", "mw_total": usual},
            {"from": month, "mw_total": usual + change_mw},
            {"from": after, "mw_total": usual},
        ]
        steps = [{"probability": 1, **step} for step in steps]
        program = Program(PlainScenario({**written, "sites": [{**site, field: steps}]}), hourly=False)
        return program.npv_usd(program.solve())

    today = plan.relaxation_npv_usd
    for row in plan.rows["shadow_price"][::3]:
        for field, price in (("energised_mw", row["usd_per_mw"]), ("hpc_suitable_mw", row["usd_per_suitable_mw"])):
            more = (value_usd(field, row["period"], step_mw) - today) / step_mw
            less = (today - value_usd(field, row["period"], -step_mw)) / step_mw
            assert more - 1 <= price <= less + 1, (row, field)


def by_year(opinion: PlainScenario, monthly: dict[int, float]) -> dict[int, float]:
    years = {month // 12 for month in opinion.months}
    return {year: sum(amount for month, amount in monthly.items() if month // 12 == year) for year in years}


@pytest.mark.parametrize("name", [*SHIPPED, "terms", "by_the_hour"])
def test_fleets_by_year(name: str) -> None:
    """MW are means over days, energy and margin are sums, and a fleet runs a share of the hours it could."""
    if name in ("terms", "by_the_hour"):
        scenario = cases.rich(**(cases.TERMS if name == "terms" else cases.TERMS_BY_THE_HOUR))
        plan, opinion = hl.solve(scenario), plain(scenario)
    else:
        plan, opinion = shipped(name)
    mining, *_ = decisions_of(plan)
    days = by_year(opinion, {month: float(days_in(month)) for month in opinion.months})
    for row in plan.rows["fleets"]:
        fleet = opinion.fleets[row["fleet"]]
        mw = {month: mining.get((fleet["name"], month_text(month)), 0.0) for month in opinion.months}
        lines = {month: opinion.mining_lines(fleet, month) for month in opinion.months}
        mwh = {month: mw[month] * opinion.running_mwh(fleet, month) for month in mw}
        clock = opinion.zones[opinion.sites[fleet["site"]]["zone"]]["time_zone"]
        able = {month: mw[month] * fleet["uptime_fraction"] * hours_in(clock, month) for month in mw}
        margin = {month: mw[month] * sum(lines[month].values()) for month in mw}
        year = row["year"]
        assert row["mw"] == pytest.approx(by_year(opinion, {t: mw[t] * days_in(t) for t in mw})[year] / days[year], abs=1e-9)
        assert row["mwh"] == pytest.approx(by_year(opinion, mwh)[year], rel=RELATIVE, abs=1e-6)
        assert row["margin_usd"] == pytest.approx(by_year(opinion, margin)[year], rel=RELATIVE, abs=1e-3)
        if by_year(opinion, able)[year]:
            ran = by_year(opinion, mwh)[year] / by_year(opinion, able)[year]
            assert row["running_fraction"] == pytest.approx(ran, rel=RELATIVE)


@pytest.mark.parametrize("name", SHIPPED)
def test_market_and_budget_tables(name: str) -> None:
    plan, opinion = shipped(name)
    for row in plan.rows["market"]:
        month, hashprice = month_number(row["period"]), opinion.data["market"]["hashprice"]
        assert row["hashprice_usd_per_ph_day"] == pytest.approx(hashprice_usd_per_ph_day(hashprice, month), rel=1e-12)
        assert row["subsidy_btc"] == pytest.approx(mean_subsidy_btc(hashprice["blocks"], month), rel=1e-12)
    _, leases, *_ = decisions_of(plan)
    spent = opinion.capex_by_year(leases)
    for row in plan.rows["budget_price"]:
        assert row["spent_usd"] == pytest.approx(spent.get(row["year"], 0.0), rel=RELATIVE, abs=1e-3)
