"""Hosting of machines of others, by hand, through both paths: the value tables and the ledger's lines.

The plain offer of cases.py costs 400,000 USD a MW, takes 1.25 MW at the meter and runs from January to December 2026, 8,760 hours.
Power is at 40 USD/MWh, or in bands at 20, 60 and 150; a MWh mined at 20 J/TH brings 48 / (0.024 x 20) = 100 USD.
"""

from __future__ import annotations

from typing import Any

import hashlease as hl
import numpy as np
import pytest
from cases import fleet, offer, scenario
from hashlease.models.hosting import first_hosted
from hashlease.models.scenario import Scenario
from hashlease.models.values import Multipliers, Values
from hashlease.optimizer.ledger import Ledger
from hashlease.optimizer.ledger_lines import total_usd
from hashlease.optimizer.plan_terms import PlanTerms
from one_lease import lines_usd, with_terms, worth_usd
from pydantic import ValidationError

FEE = {"fee_usd_per_kwh": 0.07, "uptime_fraction": 1.0}
BANDS = {
    "kind": "duration_bands",
    "share_of_hours_fraction": [0.5, 0.3, 0.2],
    "usd_per_mwh": [[20, 60, 150]] * 12,
    "multiplier": {"flat": 1.0},
}
BANDED = {"power__zones__0__price": BANDS}


def case(hosting: dict[str, Any], payer: str = "landlord", **fields: Any) -> Scenario:
    terms = with_terms(rent_usd_per_kw_month=None, hosting={**FEE, **hosting}, power_paid_by=payer)
    return scenario(**{**terms, **fields})


def test_a_fee_that_contains_the_power() -> None:
    # 8,760 MWh x 70 USD less 1.25 x 8,760 x 40 of power and the capex
    found = case({})
    assert lines_usd(found, "hosting_fee") == pytest.approx(613_200)
    assert lines_usd(found, "lease_power") == pytest.approx(-438_000)
    assert worth_usd(found) == pytest.approx(613_200 - 438_000 - 400_000)


def test_a_fee_on_top_of_the_power() -> None:
    found = case({"uptime_fraction": 0.9}, payer="tenant")
    assert lines_usd(found, "lease_power") == 0
    assert worth_usd(found) == pytest.approx(0.9 * 613_200 - 400_000)


def test_a_share_of_what_is_mined() -> None:
    # 10 % of 8,760 x 100 USD less the pool's 2 %
    found = case({"revenue_share_fraction": 0.1, "j_per_th": 20, "pool_fee_fraction": 0.02})
    assert lines_usd(found, "hosting_revenue_share") == pytest.approx(0.1 * 876_000 * 0.98)
    assert worth_usd(found) == pytest.approx(613_200 + 85_848 - 438_000 - 400_000)


def test_off_above_a_strike() -> None:
    # on at 20 and 60 USD, 80 % of the hours; power of these 1.25 x 8,760 x (0.5 x 20 + 0.3 x 60)
    found = case({"curtailed": "above_strike", "strike_usd_per_mwh": 100}, **BANDED)
    assert lines_usd(found, "hosting_fee") == pytest.approx(0.8 * 613_200)
    assert lines_usd(found, "lease_power") == pytest.approx(-1.25 * 8_760 * 28)


def test_off_where_the_customer_loses_and_a_minimum_bill() -> None:
    # the customer keeps 100 - 30 a MWh and pays 1.25 x price: on at 20 (25), off at 60 (75); billed for 80 % of the hours
    terms = {"fee_usd_per_kwh": 0.03, "j_per_th": 20, "curtailed": "by_customer"}
    assert lines_usd(case(terms, payer="tenant", **BANDED), "hosting_fee") == pytest.approx(30 * 4_380)
    least = case({**terms, "minimum_bill_fraction": 0.8}, payer="tenant", **BANDED)
    assert lines_usd(least, "hosting_fee") == pytest.approx(30 * 7_008)


def test_a_share_of_profit() -> None:
    # a quarter of 4,380 hours x (100 - 30 - 25)
    terms = {"fee_usd_per_kwh": 0.03, "j_per_th": 20, "curtailed": "by_customer"}
    found = case({**terms, "revenue_share_fraction": 0.25, "share_of": "profit"}, payer="tenant", **BANDED)
    assert lines_usd(found, "hosting_revenue_share") == pytest.approx(0.25 * 4_380 * 45)
    assert worth_usd(found) == pytest.approx(30 * 4_380 + 0.25 * 4_380 * 45 - 400_000)


def test_interruptible_machines_avoid_the_peaks() -> None:
    charge = {"usd_per_kw_month": {"flat": 5.0}, "avoided_by_mining_fraction": 0.9}
    terms = {"sites__0__demand_charge": charge, "leases__0__demand_charge_paid_by": "landlord"}
    firm, shut_off = (lines_usd(case({"interruptible": on}, **terms), "lease_demand_charge") for on in (False, True))
    assert firm == pytest.approx(-1.25 * 12 * 5_000)
    assert shut_off == pytest.approx(0.1 * firm)


@pytest.mark.parametrize("curtailed", ["never", "above_strike", "by_customer"])
@pytest.mark.parametrize("at", [Multipliers(hashprice=0.4), Multipliers(power=1.8), Multipliers(2.0, 1.3, 0.5)])
def test_values_at_other_prices_are_those_of_the_ledger(curtailed: str, at: Multipliers) -> None:
    strike = {"strike_usd_per_mwh": 100} if curtailed == "above_strike" else {}
    found = case({"j_per_th": 20, "revenue_share_fraction": 0.2, "curtailed": curtailed, **strike}, payer="tenant", **BANDED)
    offered = Values(found).offers[0]
    by_ledger = total_usd(Ledger(found, at).lease(offered.offer, offered.starts[0]))
    assert float(offered.musd(at)[0]) * 1e6 == pytest.approx(by_ledger, rel=1e-12, abs=1e-6)


def test_the_optimum_takes_hosting_where_it_pays_and_the_break_even_is_a_fee() -> None:
    """A meter MW mines for 50 USD x 8,760 = 438,000; hosting a critical MW brings 8,760 x fee - 438,000 - 40,000 and takes 1.25 MW:
    8,760 x fee = 478,000 + 547,500, 117.07 USD/MWh.
    """
    for fee, taken in ((0.117, 0.0), (0.1172, 20.0)):
        found = case({"fee_usd_per_kwh": fee}, leases__0__capex_usd_per_critical_mw=40_000.0, horizon__end="2026-12")
        plan = hl.solve(found)
        assert plan.verdict == "CERTIFIED"
        row = plan.rows["leases"][0]
        assert row["critical_mw"] == pytest.approx(taken)
        edge = row["break_even_rent_usd_per_kw_month"] / 730.5
        assert edge == pytest.approx(1_025_500 / 8_760 / 1_000, rel=1e-6)


def test_a_map_over_hashprice_holds_a_share_and_refuses_hours_that_jump() -> None:
    fleets = [fleet("Old", mw=60.0, j_per_th=30.0), fleet("New", mw=40.0)]
    terms = {"fee_usd_per_kwh": 0.08, "j_per_th": 20, "revenue_share_fraction": 0.3}
    share = case(terms, leases__0__capex_usd_per_critical_mw=1e5, horizon__end="2026-12", fleets=fleets, **BANDED)
    found = hl.decision_map(share, {"hashprice": (0.5, 2.0)}, 0.001)
    for multiplier in (0.5, 0.8, 1.1, 1.7):
        written = share.model_dump(mode="json", by_alias=True)
        written["market"]["hashprice"]["multiplier"] = multiplier
        best = hl.solve(Scenario.model_validate(written)).npv_usd
        known = float(np.max(found.npv_usd(hashprice=multiplier)))
        assert best - found.bound_usd - 1 <= known <= best + 1
    jumps = case({**terms, "curtailed": "by_customer"}, horizon__end="2026-12", **BANDED)
    with pytest.raises(hl.InputError, match="by_customer"):
        hl.decision_map(jumps, {"hashprice": (0.5, 2.0)})
    with pytest.raises(hl.InputError, match="follow prices"):
        hl.break_even_curve(jumps, "Offer", "hashprice", 0.5, 2.0)


def test_not_beside_a_cap() -> None:
    with pytest.raises(ValidationError) as refused:
        case({}, sites__0__energy_cap={"mwh_per_year": 1e6})
    (fault,) = refused.value.errors()[0]["ctx"]["faults"]
    assert fault.place == ("leases", 0, "hosting")


def test_a_workbook_and_sliders_refuse_in_words() -> None:
    with pytest.raises(hl.InputError, match=r"leases\.offer\.hosting"):
        PlanTerms.of(Values(case({})), [])
    assert first_hosted(case({}), moved=True) == ""
    assert first_hosted(scenario(leases=[offer("Other")])) == ""
