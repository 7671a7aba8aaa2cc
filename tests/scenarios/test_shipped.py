"""Every shipped scenario runs, is certified, and says where its figures come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hashlease import load, shipped_names, solve
from hashlease.exports.figures import figures
from hashlease.models.scenario import Scenario
from hashlease.models.sources import is_assumption
from hashlease.scenarios.load import STARTER
from pydantic import BaseModel

NAMES = [*shipped_names(), str(STARTER)]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_certified(name: str) -> None:
    plan = solve(load(name))
    assert plan.verdict == "CERTIFIED"
    assert plan.npv_usd >= max(reference.npv_usd for reference in plan.references) - 1.0


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_a_source_or_is_called_an_assumption(name: str) -> None:
    without = [place for place, _, source in figures(load(name)) if not source]
    assert without == []


def test_an_assumption_gives_its_reason() -> None:
    for name in NAMES:
        for place, _, source in figures(load(name)):
            if is_assumption(source):
                assert len(source) > len("assumption: ") + 5, (name, place)


def test_two_offers_as_its_comment_says() -> None:
    plan = solve(load("two_offers"))
    assert plan.npv_usd == pytest.approx(3_200_000 + 5 * 438_000, rel=1e-12)
    assert plan.reference("all_mining").npv_usd == pytest.approx(10 * 438_000, rel=1e-12)
    assert plan.reference("lease_all").npv_usd == pytest.approx(3_200_000 + 4 * 480_000, rel=1e-12)
    assert [row["critical_mw"] for row in plan.rows["leases"]] == [pytest.approx(4), 0]


def test_rockdale_holds_the_published_figures() -> None:
    """Interconnect, blocks, fleet and the AMD lease as the company reported them."""
    case = load("rockdale")
    site = case.site("Rockdale")
    assert [step.mw_total for step in site.energised_mw] == [700]
    assert {(block.mw, str(block.last_month)) for block in site.blocks} == {(195, "2030-04"), (150, "2027-10")}
    own = next(fleet for fleet in case.fleets if fleet.name == "Riot own machines")
    assert (own.hashrate_eh, own.j_per_th) == (15.0, 20.5)
    amd = next(lease for lease in case.leases if lease.name == "AMD 25 MW")
    assert (amd.critical_it_mw, amd.contract_value_usd, amd.term_years, len(amd.extensions)) == (25, 311e6, 10, 3)
    assert amd.landlord_capex_usd_per_critical_mw * amd.critical_it_mw == pytest.approx(89.8e6)
    assert amd.contract_value == pytest.approx(311e6)
    rights = {lease.critical_it_mw for lease in case.leases if lease.tenant == "AMD" and lease.status == "offered"}
    assert rights == {75, 100}
    # All options used, 25 years: about 1,000 million USD
    from hashlease.models.lease import LeaseOffer

    used = [{"years": 5, "exercise_probability_fraction": 1.0}] * 3
    whole = LeaseOffer.model_validate({**amd.model_dump(mode="json", exclude_unset=True), "extensions": used})
    assert float(whole.schedule.rent_usd.sum()) * 25 == pytest.approx(1.0e9, rel=0.03)


def test_rockdale_market_begins_where_january_2026_was() -> None:
    case = load("rockdale")
    path = case.market.hashprice.market(case.calendar)
    # 450 x 90,526 / 981 = 41.5 USD/PH/day and fees of 0.55 %
    assert path.hashprice_usd_per_ph_day[0] == pytest.approx(450 * 90_526 / 981_000 * 1.0055, rel=1e-9)
    halving = case.calendar.index(case.calendar.start + 27)
    assert path.subsidy_btc[halving - 1] == 3.125
    assert 1.5625 < path.subsidy_btc[halving] < 3.125
    assert path.subsidy_btc[halving + 1] == 1.5625
    # 2032, 2036 and 2040
    assert path.subsidy_btc[-1] == 1.5625 / 8


def all_models(annotation: Any, seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in seen:
            seen.add(annotation)
            yield annotation
            for field in annotation.model_fields.values():
                yield from all_models(field.annotation, seen)
        return
    for inner in (*get_args(annotation), getattr(annotation, "__value__", None)):
        if inner is not None:
            yield from all_models(inner, seen)


def test_the_starter_explains_every_field() -> None:
    text = STARTER.read_text()
    models = list(all_models(Scenario, set()))
    assert len(models) > 25
    for model in models:
        for name, field in model.model_fields.items():
            if name != "read":
                written = field.alias or name
                assert f"{written}:" in text, f"{model.__name__}.{written}"
