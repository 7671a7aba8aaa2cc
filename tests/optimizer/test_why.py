"""Reasons: closed forms, and every threshold, cost and price range by solving afresh on both sides of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import data, fleet, offer, rich, scenario
from hashlease.models.months import Month
from hashlease.models.scenario import Scenario
from hashlease.models.values import Values
from hashlease.optimizer.diagnosis import NoPlanError
from hashlease.optimizer.optimise import Optimiser, SolverError
from hashlease.optimizer.price_ranges import binding_limits
from hashlease.optimizer.session import Outcome, Session
from hashlease.optimizer.why import Why, why
from hashlease.scenarios.vary import vary

MUSD = 1e6


def use(found: Why, name: str) -> dict[str, Any]:
    return next(row for row in found.uses if row["name"] == name)


def flips(row: dict[str, Any]) -> dict[str, Any]:
    return {flip["input"]: flip["to"] for flip in row["flips"]}


# --- closed forms ----------------------------------------------------------------------------------------------------------


def test_an_offer_taken_in_closed_form() -> None:
    """A critical MW earns 1,200,000 - 400,000 and takes 1.25 MW that mine 438,000 each: 20 x (800,000 - 547,500) = 5.05 M USD.

    Rent: (547,500 + 400,000) / 12,000. Capex: 1,200,000 - 547,500. Hashprice: x 800,000 / 1.25 = 640,000 a MW: a MWh then earns
    50 + 640,000 / 8,760 = 123.06 USD of 100 today.
    """
    row = use(why(scenario()), "Offer")
    assert (row["decision"], row["rule"]) == ("taken", "its size")
    assert row["opposite_costs_usd"] == pytest.approx(5.05e6, rel=1e-9)
    found = flips(row)
    assert found["rent"] == pytest.approx(947_500 / 12_000, rel=1e-9)
    assert found["capex"] == pytest.approx(652_500, rel=1e-9)
    assert found["hashprice"] == pytest.approx((50 + 640_000 / 8_760) / 100, rel=1e-7)


def test_an_offer_left_out_in_closed_form() -> None:
    """At 75 USD/kW-month it earns 500,000, 47,500 less than mining: forcing all 20 MW costs 0.95 M USD; capex to 352,500."""
    row = use(why(scenario(leases__0__rent_usd_per_kw_month=75.0)), "Offer")
    assert (row["decision"], row["rule"], row["opposite"]) == ("not taken", "site power", "with all of it")
    assert row["opposite_costs_usd"] == pytest.approx(950_000, rel=1e-9)
    assert flips(row)["capex"] == pytest.approx(352_500, rel=1e-9)
    assert flips(row)["rent"] == pytest.approx(947_500 / 12_000, rel=1e-9)


def test_the_start_at_which_a_lease_is_no_longer_taken() -> None:
    """Its year of rent is cut off by the end of the horizon, 2027-12. From 2027-05 on 8 months remain, which earn a critical MW
    800,000 - 400,000 where mining earns 1.25 x 50 x 5,880 h = 367,500; from 2027-06 on 7: 300,000 against 1.25 x 50 x 5,136 h."""
    row = use(why(scenario()), "Offer")
    assert flips(row)["start"] == "2027-06"


def test_a_fleet_in_closed_form() -> None:
    """Without an offer 100 MW mine for two years at 50 USD a MWh: 17,520 h x 50 x 100 = 87.6 M USD. At half the hashprice a MWh
    earns what power and opex cost."""
    row = use(why(scenario(leases=[])), "Fleet")
    assert (row["decision"], row["rule"]) == ("mines", "machines")
    assert row["opposite_costs_usd"] == pytest.approx(87.6e6, rel=1e-9)
    assert flips(row)["hashprice"] == pytest.approx(0.5, rel=1e-6)


def test_a_fleet_that_stands_still() -> None:
    """At 50 J/TH a MWh earns 40 USD and costs 50: no hour runs, and to energise 100 MW costs fixed opex alone, 24 months x 1,000
    USD x 100 MW = 2.4 M USD. It mines from where the longest months pay: 744 h x (40 x hashprice - 50) = 1,000."""
    old = fleet("Old", j_per_th=50.0, fixed_opex_usd_per_mw_month=1_000.0)
    row = use(why(scenario(leases=[], fleets=[old])), "Old")
    assert (row["decision"], row["rule"]) == ("stands still", "no hour pays")
    assert row["opposite_costs_usd"] == pytest.approx(2.4e6, rel=1e-9)
    assert flips(row)["hashprice"] == pytest.approx((50 + 1_000 / 744) / 40, rel=1e-6)


def test_what_one_more_budget_dollar_is_worth_and_up_to_where() -> None:
    """A budget of 4 M USD pays for 10 of 20 critical MW, each 252,500 better than mining for 400,000 of capex."""
    found = why(scenario(finance__capex_budget_usd={"2026": 4e6}))
    budget = next(row for row in found.limits if row["rule"] == "capex_budget")
    assert (budget["limit"], budget["unit"], budget["price_unit"]) == (4.0, "M USD", "USD per USD")
    assert budget["one_more"] == budget["one_less"] == pytest.approx(252_500 / 400_000, rel=1e-9)
    assert budget["up_to"] == pytest.approx(8.0, rel=1e-6)
    assert budget["down_to"] == pytest.approx(0.0, abs=1e-6)


# --- both sides of everything, afresh --------------------------------------------------------------------------------------

CASES = {
    "plain": scenario,
    "rich": rich,
    "budget": lambda: scenario(finance__capex_budget_usd={"2026": 4e6}),
    "blocks": lambda: scenario(
        leases=[
            offer(f"Block {number}", indivisible=True, critical_it_mw=mw, rent_usd_per_kw_month=rent)
            for number, (mw, rent) in enumerate([(30.0, 110.0), (40.0, 104.0), (25.0, 98.0)])
        ],
        finance__capex_budget_usd={"2026": 2.6e7},
    ),
    "two_offers": lambda: hl.load("two_offers"),
}


@cache
def found_in(case: str) -> Why:
    return why(CASES[case](), most_limits=None)


def is_worth_having(case: Scenario, name: str) -> bool:
    optimiser = Optimiser(Values(case))
    number = next(n for n, other in enumerate(optimiser.values.offers) if other.offer.name == name)
    without = optimiser.solve(without=frozenset([number])).objective
    return optimiser.solve().objective - without > 1e-8


@pytest.mark.parametrize("case", CASES)
def test_every_flip_flips_and_not_before(case: str) -> None:
    base = CASES[case]()
    base = base.until(base.calendar.end)
    checked = 0
    for row in found_in(case).uses:
        lease = next((lease for lease in base.leases if lease.name == row["name"] and lease.status == "offered"), None)
        for flip in row["flips"] if lease is not None else []:
            if flip["to"] is None:
                continue
            path = f'leases."{row["name"]}"'
            today = is_worth_having(base, row["name"])
            if flip["input"] == "start":
                at = Month.of(flip["to"])
                first = Month.of(flip["today"])
                sides = [at + (-1 if at > first else 1), at] if today else [at]
                wants = [today, not today] if today else [not today]
                for month, want in zip(sides, wants, strict=True):
                    window = {f"{path}.start_window.{field}": str(month) for field in ("earliest", "latest")}
                    assert is_worth_having(vary(base, window), row["name"]) == want, (row["name"], flip, month)
            else:
                for share, want in ((1e-5, today), (-1e-5, not today)):
                    toward = 1.0 if flip["today"] > flip["to"] else -1.0
                    value = flip["to"] * (1 + toward * share)
                    fields = {
                        "rent": f"{path}.rent_usd_per_kw_month",
                        "capex": f"{path}.capex_usd_per_critical_mw",
                        "hashprice": "market.hashprice.multiplier",
                    }
                    factor = base.market.hashprice.multiplier if flip["input"] == "hashprice" else 1.0
                    assert is_worth_having(vary(base, {fields[flip["input"]]: value * factor}), row["name"]) == want, flip
            checked += 1
    assert checked


@pytest.mark.parametrize("case", CASES)
def test_the_opposite_costs_what_solving_again_says(case: str) -> None:
    optimiser = Optimiser(Values(CASES[case]()))
    best = optimiser.solve().objective
    for row in found_in(case).uses:
        if row["kind"] != "offer" or row["opposite_costs_usd"] is None:
            continue
        number = next(n for n, other in enumerate(optimiser.values.offers) if other.offer.name == row["name"])
        if row["taken_mw"]:
            other = optimiser.solve(without=frozenset([number])).objective
        else:
            least = row["of_mw"] if row["opposite"] == "with all of it" else float(row["opposite"].split()[1])
            program = optimiser.program
            form = program.form.with_least(np.array([program.leased_columns.start + number]), least)
            other = Session(form, integers=True).solve().objective
        assert row["opposite_costs_usd"] == pytest.approx((best - other) * MUSD, abs=1100.0), row["name"]


def value_at(optimiser: Optimiser, row: int, limit: float) -> float | None:
    form = optimiser.program.form
    upper = form.row_upper.copy()
    upper[row] = limit
    found = Session(replace(form, row_upper=upper)).solve()
    return found.objective if found.outcome is Outcome.OPTIMAL else None


@pytest.mark.parametrize("case", CASES)
def test_prices_hold_exactly_in_their_range_and_no_further(case: str) -> None:
    optimiser = Optimiser(Values(CASES[case]()))
    best = value_at(optimiser, 0, float(optimiser.program.form.row_upper[0]))
    assert best is not None
    names = {(family, str(index)): row for row, (family, index) in enumerate(optimiser.program.form.row_names)}
    limits = found_in(case).limits
    assert limits
    for limit in limits[:: max(1, len(limits) // 12)]:
        family = limit["rule"]
        row = next(
            row for (name, index), row in names.items() if name == family and limit["of"] in index and limit["period"] in index
        )
        scale = 1.0 if limit["price_unit"] == "USD per USD" else MUSD
        for price, end, sign in ((limit["one_more"], limit["up_to"], 1.0), (limit["one_less"], limit["down_to"], -1.0)):
            if price is None:
                continue
            far = limit["limit"] + sign * 50.0 if end is None else end
            at_end = value_at(optimiser, row, far)
            assert at_end is not None
            straight = best + price / scale * (far - limit["limit"])
            assert at_end == pytest.approx(straight, abs=1e-6), (limit, "within the range")
            beyond = None if end is None else value_at(optimiser, row, end + sign * 1.0)
            if beyond is not None:
                assert beyond < straight + price / scale * sign - 1e-12 + 1e-9, (limit, "beyond the range")


def test_every_binding_limit_is_told_and_the_most_valuable_first() -> None:
    optimiser = Optimiser(Values(rich()))
    dual = optimiser.solve(relaxed=True).row_dual
    assert dual is not None
    limits = binding_limits(optimiser)
    own = {"offer_total", "whole_blocks", "taken_most", "taken_least"}
    priced = [name for (name, _), price in zip(optimiser.program.form.row_names, dual, strict=True) if abs(price) > 1e-9]
    assert len(limits) == sum(name not in own for name in priced)
    worth = [abs(row["price"]) / (1.0 if row["price_unit"] == "USD per USD" else MUSD) * max(1.0, row["limit"]) for row in limits]
    assert worth == sorted(worth, reverse=True)


# --- the rest --------------------------------------------------------------------------------------------------------------


def test_one_use_by_its_name_and_names_that_are_none() -> None:
    assert [row["name"] for row in why(scenario(), "offer", 0).uses] == ["Offer"]
    assert [row["name"] for row in why(scenario(), "Fleet", 0).uses] == ["Fleet"]
    with pytest.raises(hl.InputError, match='"Ofer"'):
        why(scenario(), "Ofer")
    with pytest.raises(hl.InputError, match="0 or more"):
        why(scenario(), most_limits=-1)


def test_a_scenario_without_a_plan_says_why() -> None:
    signed = {key: value for key, value in offer("Atlas", status="signed", start_month="2026-01").items() if key != "start_window"}
    with pytest.raises(NoPlanError, match="Atlas"):
        why(Scenario.model_validate(data(leases=[{**signed, "critical_it_mw": 200.0}])))


def test_what_no_plan_can_do_is_said_so() -> None:
    row = use(why(scenario(sites__0__hpc_suitable_mw=0.0)), "Offer")
    assert (row["rule"], row["opposite_costs_usd"]) == ("does not fit", None)


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from hashlease.cli import run_command

    for width in ("80", "120"):
        monkeypatch.setenv("COLUMNS", width)
        assert run_command(["why", "rockdale", "amd_option_75_mw", "--most", "6"]) == 0
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= int(width)
        assert "the opposite, without it" in shown
    assert run_command(["why", "two_offers", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["limits"]) == found["limits_in_all"]
    assert run_command(["why", "two_offers", "nobody"]) == 2


def test_solver_faults_are_no_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    from hashlease.optimizer import why as module

    def without_proof(*_: Any) -> Any:
        plan = hl.solve(scenario())
        return replace(plan, verdict="DO NOT USE", conflicts=("not proved",))

    monkeypatch.setattr(module, "solve", without_proof)
    with pytest.raises(SolverError, match="not proved"):
        why(scenario())
