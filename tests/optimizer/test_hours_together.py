"""[V3] Blocks that are not resold in full and energy caps beside curtailment, services, programmes and peaks."""

from __future__ import annotations

from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import fleet, scenario
from hashlease.models.runners import SiteParts
from hashlease.models.values import Values
from hashlease.optimizer.ledger_mining import allowed_hours, shares_of_mw
from random_cases import random_case, with_energy_caps, with_resale_terms

CURVE = {
    "kind": "duration_bands",
    "share_of_hours_fraction": [0.25, 0.25, 0.25, 0.25],
    "usd_per_mwh": [[-10.0, 20.0, 60.0, 200.0]] * 12,
    "multiplier": {"flat": 1},
}
"""January has 744 hours, 186 at each price. The fleet of the plain scenario, 100 MW, earns 90 USD/MWh before its power."""
BLOCK = {"name": "Block", "mw": 50.0, "usd_per_mwh": 0.0, "from": "2026-01", "to": "2026-12", "resale_fraction": 0}
CHEAP_HOURS = 100 * 186 * (100 + 70 + 30)
"""USD of mining at -10, 20 and 60."""
USED_THERE = 50 * 186 * (20 + 60)
"""USD of the block's energy that is used at 20 and 60; at -10 the market is cheaper."""
DEAR = 50 * (200 - 110)
"""USD of an hour at 200 in which 50 MW run on the block: its energy less what they lose."""


def january(**changes: Any) -> hl.Plan:
    terms = {f"sites__0__{field}": found for field, found in changes.items()}
    base = {"horizon__end": "2026-01", "power__zones__0__price": CURVE, "leases": [], "sites__0__blocks": [BLOCK]}
    plan = hl.solve(scenario(**{**base, **terms}))
    assert plan.verdict == "CERTIFIED"
    return plan


def test_all_machines_of_a_curtailed_hour_leave_the_block_unused() -> None:
    """Of the 186 hours at 200 USD mining is off in the 93 dearest."""
    plan = january(curtailments=[{"name": "Host", "off_hours_per_month": 93, "off_in": "dearest"}])
    assert plan.npv_usd == pytest.approx(CHEAP_HOURS + USED_THERE + 93 * DEAR)
    assert plan.rows["fleets"][0]["mwh"] == pytest.approx(100 * 186 * 3 + 50 * 93)


def test_what_is_off_by_chance_is_off_together() -> None:
    """Half of all hours are off, whatever their price: half of everything is left. Two halves by chance leave a quarter."""
    half = {"name": "Half", "off_hours_per_month": 372, "off_in": "average"}
    assert january(curtailments=[half]).npv_usd == pytest.approx((CHEAP_HOURS + USED_THERE + 186 * DEAR) / 2)
    both = january(curtailments=[half, {**half, "name": "Other half"}])
    assert both.npv_usd == pytest.approx((CHEAP_HOURS + USED_THERE + 186 * DEAR) / 4)


def standby(share: float, hours: float, off_in: str) -> dict[str, Any]:
    usd = {"flat": 1.0}
    called = {"off_hours_per_month": hours, "off_in": off_in}
    return {"name": f"ERS {share}", "share_fraction": share, "usd_per_mw_month": usd, **called}


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_the_machines_that_a_programme_calls_on_leave_the_block_to_the_others(share: float) -> None:
    """In 93 of the dear hours the rest of the 100 MW can run on the block's 50; the programme pays 1 USD a MW."""
    plan = january(standby=[standby(share, 93, "dearest")])
    left = min(50.0, 100 * (1 - share))
    assert plan.npv_usd == pytest.approx(CHEAP_HOURS + USED_THERE + 93 * DEAR + 93 * left * 90 + 100 * share)


def test_programmes_called_by_chance_meet_each_other_by_chance() -> None:
    """40 MW off in half of the hours, 30 MW in a third: both in a sixth, when 30 MW are left for the block, else all 50.

    Mining itself loses 40 x 1/2 + 30 x 1/3 = 30 MW on average.
    """
    plan = january(standby=[standby(0.4, 372, "average"), standby(0.3, 248, "average")])
    both = 1 / 6
    used = 50 * (1 - both) + 30 * both
    cheap = (CHEAP_HOURS * 0.7) + USED_THERE / 50 * used
    assert plan.npv_usd == pytest.approx(cheap + 186 * used * 90 + 70)


def test_a_service_pays_for_the_dear_hours_too() -> None:
    """At 120 USD a MW and hour 30 MW earn 210 before their power, run at 200 at the index and use the block first; 20 more run on
    it alone. The service is paid in every hour.
    """
    service = {"name": "ECRS", "share_fraction": 0.3, "usd_per_mw_hour": {"flat": 120.0}}
    plan = january(ancillary_services=[service])
    dear = 186 * (30 * 10 + 50 * 200 - 20 * 110)
    assert plan.npv_usd == pytest.approx(CHEAP_HOURS + 30 * 120 * 558 + USED_THERE + dear)
    income = {row["item"]: row["usd"] for row in plan.rows["cash_by_year"]}["ancillary_income"]
    assert income == pytest.approx(30 * 120 * 744)


def test_a_service_that_does_not_pay_the_dear_hours_says_which_machines_run_on_the_block() -> None:
    """At 50 USD 30 MW lose 60 an hour at 200 and the others 110: they run first, and are paid for it."""
    service = {"name": "ECRS", "share_fraction": 0.3, "usd_per_mw_hour": {"flat": 50.0}}
    plan = january(ancillary_services=[service])
    dear = 186 * (50 * 200 - 30 * 60 - 20 * 110)
    assert plan.npv_usd == pytest.approx(CHEAP_HOURS + 30 * 50 * 558 + USED_THERE + dear)
    income = {row["item"]: row["usd"] for row in plan.rows["cash_by_year"]}["ancillary_income"]
    assert income == pytest.approx(30 * 50 * 744)


def peak(avoid: str) -> dict[str, Any]:
    off = {"off_hours_per_month": 93, "off_in": "dearest"}
    return {"name": "4CP", "usd_per_kw": {"flat": 3.0}, "avoided_fraction": 0.9, "avoid": avoid, **off}


def test_a_peak_is_avoided_or_paid_as_a_policy() -> None:
    """Of 100 MW x 3,000 USD a tenth is left where mining is off in the 93 dearest hours."""
    avoided, paid = (january(coincident_peaks=[peak(avoid)]) for avoid in ("always", "never"))
    assert avoided.npv_usd == pytest.approx(CHEAP_HOURS + USED_THERE + 93 * DEAR - 30_000)
    assert paid.npv_usd == pytest.approx(CHEAP_HOURS + USED_THERE + 186 * DEAR - 300_000)


@pytest.mark.parametrize(("usd_per_kw", "best"), [(16.0, "always"), (3.0, "never")])
def test_a_policy_of_peaks_without_blocks(usd_per_kw: float, best: str) -> None:
    """Of the 300 dearest hours 114 would earn 30 USD: 3,420 a MW, against nine tenths of the charge, 14,400 or 2,700."""

    def npv_usd(avoid: str) -> float:
        off = {"off_hours_per_month": 300, "off_in": "dearest"}
        own = {**peak(avoid), "usd_per_kw": {"flat": usd_per_kw}, **off}
        return january(blocks=[], coincident_peaks=[own]).npv_usd

    found = {avoid: npv_usd(avoid) for avoid in ("always", "never")}
    assert npv_usd("when_it_pays") == found[best] == max(found.values())
    assert found["always"] != pytest.approx(found["never"])


def test_a_cap_counts_what_is_left_of_the_hours() -> None:
    """744 hours, half of them off by chance: 27,900 MWh at -10, 20 and 60. A cap of 20,000 in January gives up 7,900 at 60 USD.

    ECRS pays 30 MW 15 USD more an hour, so that its 2,790 MWh at 60 earn 45 and go last.
    """
    half = {"name": "Half", "off_hours_per_month": 372, "off_in": "average"}
    service = {"name": "ECRS", "share_fraction": 0.3, "usd_per_mw_hour": {"flat": 15.0}}
    for mwh, forgone in ((20_000, 6_510 * 30 + 1_390 * 45), (22_000, 5_900 * 30)):
        cap = {"mwh_per_year": mwh * 365 / 31}
        plan = january(blocks=[], curtailments=[half], ancillary_services=[service], energy_cap=cap)
        assert plan.npv_usd == pytest.approx(CHEAP_HOURS / 2 + 30 * 15 * 279 - forgone)
        assert plan.rows["fleets"][0]["mwh"] == pytest.approx(mwh)


@pytest.mark.parametrize("case", range(300, 330))
def test_the_states_of_the_hours_are_all_hours(case: int) -> None:
    """Those in which a part may run are the hours that the ledger leaves it, at every price point."""
    for found in (with_resale_terms(random_case(case), case), with_energy_caps(random_case(case), case)):
        for site in found.sites:
            if site.decides_hours:
                table = found.price_tables[site.zone]
                parts = SiteParts.of(site, table, found.calendar)
                left = parts.hours(table.hours.shape[1])
                for n, (*_, called) in enumerate(shares_of_mw(site, table, found.calendar)):
                    assert np.allclose(left[n], allowed_hours(site, table, found.calendar, called), rtol=1e-12, atol=1e-9)
                assert np.allclose(parts.states.hours.sum(axis=1), table.month_hours, rtol=1e-12)


def test_enough_random_cases_have_terms_where_hours_are_decided() -> None:
    with_terms = states = 0
    for case in range(300, 330):
        found = with_resale_terms(random_case(case), case)
        sites = [site for site in found.sites if site.blocks_to_use and site.has_terms]
        with_terms += len(sites)
        states += any(len(use.states.point) > use.band_of_state.shape[1] // 2 for use in Values(found).block_uses if sites)
    assert with_terms >= 12 and states >= 8


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize("beside", [{"blocks": [BLOCK]}, {"energy_cap": {"mwh_per_year": 1e5}}])
def test_a_peak_that_is_weighed_is_refused_in_words(beside: dict[str, Any]) -> None:
    words = "4CP with avoid: when_it_pays beside .*avoid: always or avoid: never"
    with pytest.raises(ValueError, match=words):
        january(**{"blocks": [], **beside}, coincident_peaks=[{key: value for key, value in peak("").items() if key != "avoid"}])


def test_more_programmes_by_chance_than_can_be_told_apart_are_refused() -> None:
    programmes = [{**standby(0.1, 10, "average"), "name": f"ERS {n}"} for n in range(7)]
    with pytest.raises(ValueError, match=r"7 programmes that call by chance .* at most 6"):
        january(standby=programmes)
    six = january(standby=programmes[:6])
    assert six.npv_usd < january().npv_usd + 60


def test_a_policy_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="when_it_pays"):
        january(coincident_peaks=[peak("mostly")])


def test_a_cap_beside_blocks_to_use_is_refused() -> None:
    with pytest.raises(ValueError, match="energy cap beside a block that is not resold in full"):
        january(energy_cap={"mwh_per_year": 1e5})
    assert fleet("Any")["name"] == "Any"
