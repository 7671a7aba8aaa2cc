"""The same plan for any order of the input's rows, ties and all; and among plans of equal worth the one that the rule names."""

from __future__ import annotations

import random
from typing import Any

import pytest
from cases import data, fleet, offer
from hashlease import solve
from hashlease.models.scenario import Scenario
from hashlease.optimizer.plan import Plan

ORDERS, SCENARIOS = 30, 20


def tied(seed: int) -> dict[str, Any]:
    """Two sites alike, fleets alike, and groups of offers that differ in nothing but the name; some whole, some with a minimum."""
    draw = random.Random(seed)
    rent, capex = draw.choice([90.0, 110.0, 140.0]), draw.choice([2e5, 4e5])
    kind: dict[str, Any] = draw.choice([{}, {"indivisible": True}, {"minimum_critical_mw": 12.0}])
    window = {"earliest": "2026-02", "latest": draw.choice(["2026-02", "2026-04"])}
    rates = {kind: draw.choice([0.0, 0.1]) for kind in ("mining", "lease", "capex", "power_contract")}
    found = data(
        power__zones=[
            {"name": name, "time_zone": "UTC", "price": {"kind": "flat", "usd_per_mwh": {"flat": 40.0}}}
            for name in ("East", "West")
        ],
        sites=[
            {"name": name, "zone": zone, "energised_mw": 60.0, "supply": {"kind": "index", "adder_usd_per_mwh": 0.0}}
            for name, zone in (("Ash", "East"), ("Birch", "West"))
        ],
        # At 20 J/TH a MWh earns 100 USD; at 40 J/TH just what power and opex cost, so that to mine or not is worth the same.
        fleets=[
            fleet(f"{site} {number}", site=site, mw=draw.choice([20.0, 30.0]), j_per_th=draw.choice([20.0, 20.0, 40.0]))
            for site in ("Ash", "Birch")
            for number in range(3)
        ],
        leases=[
            offer(
                f"Lease {name}",
                site=site,
                rent_usd_per_kw_month=rent,
                capex_usd_per_critical_mw=capex,
                start_window=window,
                **kind,
            )
            for name, site in zip("ABCDEF", ("Ash", "Birch") * 3, strict=True)
        ],
        finance__discount_rate_per_year=rates,
    )
    if draw.random() < 0.5:
        found["finance"]["capex_budget_usd"] = {"2026": draw.choice([1.0, 2.0, 2.5]) * 20 * capex}
    if draw.random() < 0.3:
        for lease in found["leases"][:4]:
            lease["exclusive_group"] = "one of these"
    return found


def reordered(seed: int, order: int) -> Scenario:
    """The scenario with sites, fleets, leases and zones in another order."""
    found, draw = tied(seed), random.Random(1000 * seed + order)
    for rows in (found["sites"], found["fleets"], found["leases"], found["power"]["zones"]):
        draw.shuffle(rows)
    return Scenario.model_validate(found)


def decided(scenario: Scenario) -> tuple[Any, ...]:
    """What is decided, and the ledger's lines of it, to the last bit."""
    from hashlease.models.values import Values
    from hashlease.optimizer.certificate import Certifier
    from hashlease.optimizer.decisions import Decisions
    from hashlease.optimizer.optimise import Optimiser
    from hashlease.optimizer.ties import break_ties

    optimiser = Optimiser(Values(scenario))
    values, program = optimiser.values, optimiser.program
    found = Decisions.of(program, break_ties(program, optimiser.solve()).x)
    mining = {fleet.name: mw for fleet, mw in zip(values.fleets, found.mining_mw, strict=True)}
    leases = {
        (offer.offer.name, start): float(mw)
        for offer, amounts in zip(values.offers, found.lease_mw, strict=True)
        for start, mw in zip(offer.starts, amounts, strict=True)
    }
    lines = Certifier(values, program.form).ledger.lines(mining, leases)
    return (
        {name: mw.tobytes() for name, mw in mining.items()},
        leases,
        [(line.site, line.item, line.name, line.usd.tobytes(), line.discounted_usd.tobytes()) for line in lines],
    )


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_the_same_decisions_for_any_order_of_rows(seed: int) -> None:
    base = decided(Scenario.model_validate(tied(seed)))
    for order in range(ORDERS):
        assert decided(reordered(seed, order)) == base, order


def figures(plan: Plan) -> dict[str, Any]:
    """Everything the plan says but the hash of the input's text; notes on the input follow its order."""
    found = {key: value for key, value in plan.as_dict().items() if key != "manifest"}
    return found | {"warnings": sorted(found["warnings"])}


@pytest.mark.parametrize("seed", range(0, SCENARIOS, 5))
def test_the_same_output_for_another_order_of_rows(seed: int) -> None:
    base = solve(Scenario.model_validate(tied(seed)))
    assert base.verdict == "CERTIFIED"
    assert figures(solve(reordered(seed, 7))) == figures(base)


# --- which of the plans that are worth the same ----------------------------------------------------------------------------


def taken(plan: Plan) -> dict[str, list[tuple[str, float]]]:
    """(start, critical MW) of every offer."""
    return {row["offer"]: [(part["start"], part["critical_mw"]) for part in row["starts"]] for row in plan.rows["leases"]}


def mining_mw(plan: Plan, period: str) -> dict[str, float]:
    rows = plan.rows["allocation"]
    return {row["name"]: row["mw"] for row in rows if row["use"] == "mining" and row["period"] == period}


@pytest.mark.parametrize("kind", [{}, {"indivisible": True}, {"minimum_critical_mw": 60.0}, {"exclusive_group": "one"}])
def test_of_offers_alike_the_first_by_name_is_taken(kind: dict[str, Any]) -> None:
    """Three offers of 64 critical MW (80 at the meter) on a site of 100 MW: one fits, or one and a part."""
    alike = [offer(name, critical_it_mw=64.0, rent_usd_per_kw_month=300.0, **kind) for name in ("C", "A", "B")]
    found = taken(solve(Scenario.model_validate(data(leases=alike))))
    assert found["A"] == [("2026-01", 64.0)]
    assert found["C"] == []
    rest = [("2026-01", pytest.approx(16.0))] if not kind else []  # 20 meter MW are left for a divisible second offer
    assert found["B"] == rest


def test_an_offer_that_adds_nothing_is_not_signed() -> None:
    """A meter MW mines 438,000 USD in 2026; the rent that earns as much leaves (547,500 + 400,000) / 12,000 USD/kW-month."""
    equal = (438_000 * 1.25 + 400_000) / 12_000
    found = solve(Scenario.model_validate(data(leases=[offer("Equal", rent_usd_per_kw_month=equal)])))
    assert taken(found)["Equal"] == []
    more = solve(Scenario.model_validate(data(leases=[offer("More", rent_usd_per_kw_month=equal + 0.01)])))
    assert taken(more)["More"] == [("2026-01", 20.0)]


def test_of_equal_starts_the_earliest() -> None:
    """Without discounting, mining or escalation every start of the window earns the same."""
    window = {"earliest": "2026-03", "latest": "2026-09"}
    plan = solve(Scenario.model_validate(data(fleets=[], leases=[offer("Offer", start_window=window)])))
    assert taken(plan)["Offer"] == [("2026-03", 20.0)]


def test_mining_that_earns_nothing_stays_idle_and_of_equal_fleets_the_first_mines() -> None:
    # 40 J/TH: a MWh earns 50 USD and costs 40 + 10.
    nothing = solve(
        Scenario.model_validate(data(fleets=[fleet("Fleet", j_per_th=40.0)], leases=[]) | {"horizon": {"end": "2026-03"}})
    )
    assert mining_mw(nothing, "2026-02") == {}
    equal = solve(Scenario.model_validate(data(fleets=[fleet(name, mw=70.0) for name in ("B", "A")], leases=[])))
    assert mining_mw(equal, "2026-02") == {"A": 70.0, "B": pytest.approx(30.0)}


def test_a_plan_without_ties_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from hashlease.optimizer import ties

    def never(*_: Any) -> Any:
        raise AssertionError("nothing to decide")

    monkeypatch.setattr(ties, "_first_by_rule", never)
    plan = solve(Scenario.model_validate(data(fleets=[fleet("Fleet", mw=100.0)])))
    assert taken(plan)["Offer"] == [("2026-01", 20.0)]
