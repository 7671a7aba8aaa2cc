"""Plans in plain numbers against the ledger of every plan and against re-evaluated values, at prices far from today's."""

from __future__ import annotations

import numpy as np
import pytest
from cases import growing, rich
from hashlease import InputError, decision_map, load
from hashlease.models.hosting import first_hosted
from hashlease.models.scenario import Scenario
from hashlease.models.values import TODAY, USD_PER_MUSD, Multipliers, Values
from hashlease.optimizer import plan_terms
from hashlease.optimizer.decisions import Decisions
from hashlease.optimizer.diagnosis import conflicts
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.ledger_lines import gross_usd, total_usd
from hashlease.optimizer.optimise import Optimiser
from hashlease.optimizer.plan_terms import PlanTerms
from random_cases import random_case

ELSEWHERE = (TODAY, Multipliers(1.7, 0.3, 0.8), Multipliers(0.0, 2.0, 3.0), Multipliers(0.45, 1.0, 0.0))


def terms_of(scenario: Scenario) -> tuple[Values, PlanTerms]:
    """The plan of today and the one that mines."""
    optimiser = Optimiser(Values(scenario))
    decisions = [Decisions.of(optimiser.program, optimiser.solve().x), optimiser.all_mining()]
    return optimiser.values, PlanTerms.of(optimiser.values, decisions)


def by_ledger_musd(scenario: Scenario, values: Values, plan: Decisions, at: Multipliers) -> tuple[float, float]:
    """Value and gross flows of a plan whose machines stand idle in months that lose money."""
    ledger, (_, leases, _, expanded) = Ledger(scenario, at), plan.named(values)
    gains = np.array(
        [np.sum([line.discounted_usd for line in ledger.mining(fleet)], axis=0) > 0 for fleet in values.fleets], dtype=bool
    ).reshape(plan.mining_mw.shape)
    mining = {fleet.name: np.where(gains[k], plan.mining_mw[k], 0.0) for k, fleet in enumerate(values.fleets)}
    lines = ledger.lines(mining, leases, expansion_mw=expanded)
    return total_usd(lines) / USD_PER_MUSD, gross_usd(lines) / USD_PER_MUSD


@pytest.mark.parametrize("case", range(40))
def test_random_plans_are_worth_what_the_ledger_says(case: int) -> None:
    scenario = random_case(case, machines=False)
    if conflicts(scenario):
        pytest.skip("no plan")
    if first_hosted(scenario):
        with pytest.raises(InputError, match="hosting"):
            terms_of(scenario)
        return
    if scenario.finance.treasury is not None:
        with pytest.raises(InputError, match=r"finance\.treasury"):
            terms_of(scenario)
        return
    if any(scenario.site(fleet.site).has_terms for fleet in scenario.fleets):
        with pytest.raises(InputError, match="a term whose cash is not linear"):
            terms_of(scenario)
        return
    values, terms = terms_of(scenario)
    for at in ELSEWHERE:
        found = terms.npv_musd(at)
        for plan, decisions in enumerate(terms.decisions):
            expected, gross = by_ledger_musd(scenario, values, decisions, at)
            assert found[plan] == pytest.approx(expected, abs=1e-9 * max(gross, 1.0))


def test_plans_that_expand_a_site_are_worth_what_the_ledger_says() -> None:
    """Mining alone energises less than the plan of today, whose leases take MW of the expansions."""
    scenario = growing()
    values, terms = terms_of(scenario)
    (expanded,) = terms.option_mw[:, len(terms.leases) :].T
    assert expanded.tolist() == pytest.approx([40 / 3, 0])
    for at in ELSEWHERE:
        for plan, decisions in enumerate(terms.decisions):
            expected, gross = by_ledger_musd(scenario, values, decisions, at)
            assert terms.npv_musd(at)[plan] == pytest.approx(expected, abs=1e-9 * max(gross, 1.0))
    items = {row.item: row.scales for row in terms.rows if row.option >= len(terms.leases)}
    assert items == {"expansion_capex": "fixed", "expansion_upkeep": "fixed", "residual_value": "fixed", "income_tax": "fixed"}


def test_the_list_of_a_map_is_worth_what_the_map_says() -> None:
    found = decision_map(load("rockdale"), tolerance=0.02)
    terms = PlanTerms.of(found.values.values, found.decisions)
    for at in ELSEWHERE:
        expected = found.npv_usd(hashprice=at.hashprice, rent=at.rent, power=at.power) / USD_PER_MUSD
        assert terms.npv_musd(at) == pytest.approx(expected, rel=1e-11)


def test_another_discount_rate_is_that_of_the_scenario() -> None:
    scenario = rich()
    rates = scenario.finance.discount_rate_per_year
    dearer = {kind: 1.5 * getattr(rates, kind) for kind in ("mining", "lease", "capex", "power_contract")}
    other = scenario.model_copy(
        update={"finance": scenario.finance.model_copy(update={"discount_rate_per_year": rates.model_copy(update=dearer)})}
    )
    values, terms = terms_of(scenario)
    expected, _ = by_ledger_musd(other, values, terms.decisions[0], ELSEWHERE[1])
    assert terms.npv_musd(ELSEWHERE[1], discount=1.5)[0] == pytest.approx(expected, rel=1e-10)


def test_an_id_follows_the_allocation_alone() -> None:
    _, terms = terms_of(load("rockdale"))
    _, again = terms_of(load("rockdale", ["market.hashprice.multiplier=1.0001"]))
    assert terms.ids[1] == again.ids[1]
    assert len(set(terms.ids)) == len(terms.ids)


def test_a_term_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rent rows that are not linear: the ledger's lines at other prices than those that they were taken from differ."""
    parts = plan_terms._parts

    def without_rent(option: int, lines: list) -> list:  # type: ignore[type-arg]
        return [row for row in parts(option, lines) if row.scales != "rent"]

    monkeypatch.setattr(plan_terms, "_parts", without_rent)
    with pytest.raises(InputError, match="not linear in rent"):
        terms_of(load("rockdale"))
