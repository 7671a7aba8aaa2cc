"""Mistakes in expansions and in uncertain steps of ramps: each refused where it is written, with what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hashlease.errors import InputError
from hashlease.scenarios.load import load
from scenario_text import GOOD, changed, write

SITE = "sites.Rockdale"
MORE = f"{SITE}.expansions.More"
FIELDS = """\
    expansions:
      - name: More
        mw: 50
        capex_usd_per_mw: 400_000
        build_months: 11
        lead_months: 18
        window: {earliest: 2027-07, latest: 2029-12, every_months: 3}
        fixed_usd_per_mw_month: 300
        residual_fraction: 0.25
        hpc_suitable_fraction: 0.5
        probability: 0.75
    mw_counted: expected
"""
SUPPLY = "    supply: {kind: index, adder_usd_per_mwh: 3}\n"
TEXT = GOOD.replace(SUPPLY, FIELDS + SUPPLY)

CASES = {
    # (old, new): (field, found, allowed, hint)
    ("name: More", "name: Machines"): (f"{SITE}.expansions.Machines.name", "which another fleet has", "a name of its own", ""),
    ("name: More", "name: Second tenant"): (f"{SITE}.expansions.Second tenant.name", "which another lease has", "of its own", ""),
    ("mw: 50", "mw: 0"): (f"{MORE}.mw", "an expansion of 0 MW", "a size above 0", "leave the expansion out"),
    ("mw: 50", "mw: -50"): (f"{MORE}.mw", "-50 MW", "0 or 0.001 to 10,000 MW", "positive"),
    ("mw: 50", "mw: 50_000"): (f"{MORE}.mw", "50,000 MW", "0 or 0.001 to 10,000 MW", "50,000 in kW is 50 MW"),
    ("mw: 400_000", "mw: 0.4"): (
        f"{MORE}.capex_usd_per_mw",
        "0.4 USD",
        "1000 to 20,000,000 USD",
        "0.4 in millions of USD is 400,000",
    ),
    ("mw: 400_000", "mw: 400"): (f"{MORE}.capex_usd_per_mw", "400 USD", "0 or 1000 to", "400 in USD per kW is 400,000 USD"),
    ("mw: 400_000", "mw: -1"): (
        f"{MORE}.capex_usd_per_mw",
        "-1 USD",
        "1000 to",
        "costs and sizes are written as positive numbers",
    ),
    ("        capex_usd_per_mw: 400_000\n", ""): (f"{MORE}.capex_usd_per_mw", "nothing", "the field capex_usd_per_mw", ""),
    ("build_months: 11", "build_months: 2.5"): (f"{MORE}.build_months", "2.5 months", "a whole number, 0 to 120 months", ""),
    ("build_months: 11", "build_months: 2028"): (f"{MORE}.build_months", "2028 months", "0 to 120 months", "not the calendar year"),
    ("lead_months: 18", "lead_months: -1"): (f"{MORE}.lead_months", "-1 months", "0 to 120 months", "positive"),
    ("        lead_months: 18\n", ""): (f"{MORE}.lead_months", "nothing", "the field lead_months", ""),
    ("latest: 2029-12", "latest: 2027-06"): (f"{MORE}.window.latest", "2027-06 before earliest 2027-07", "on or after", ""),
    ("every_months: 3}", "every_months: 0}"): (f"{MORE}.window.every_months", "0 months", "1 to 12 months", ""),
    ("2027-07, latest: 2029-12", "2026-07, latest: 2027-01"): (
        f"{MORE}.window",
        "no possible month from 2026-07 to 2027-01",
        "a month from 2027-07 (lead time and construction) to",
        "a later window",
    ),
    ("fixed_usd_per_mw_month: 300", "fixed_usd_per_mw_month: -3"): (f"{MORE}.fixed_usd_per_mw_month", "-3 USD", "100 to", ""),
    ("residual_fraction: 0.25", "residual_fraction: 25"): (f"{MORE}.residual_fraction", "25", "0 to 3", "25 in percent is 0.25"),
    ("hpc_suitable_fraction: 0.5", "hpc_suitable_fraction: 50"): (f"{MORE}.hpc_suitable_fraction", "50", "0 to 1", "0.5"),
    ("probability: 0.75", "probability: 75"): (f"{MORE}.probability", "75", "0 to 1", "75 in percent is 0.75"),
    ("probability: 0.75", "probability: 0"): (f"{MORE}.probability", "never approved", "a probability above 0", "leave it out"),
    ("mw_counted: expected", "mw_counted: mean"): (f"{SITE}.mw_counted", '"mean"', "firm_only", ""),
    ("        mw: 50\n", "        mw: 50\n        debt: {rate_per_year: 0.07}\n"): (f"{MORE}.debt", "unknown field", "one of:", ""),
    ("mw_total: 300", "mw_total: 300\n        probability: 60"): (
        f"{SITE}.energised_mw.1.probability",
        "60",
        "0 to 1",
        "60 in percent is 0.6",
    ),
}


@pytest.mark.parametrize("change", CASES, ids=lambda change: f"{change[0].strip()} to {change[1].strip()}")
def test_a_mistake_is_refused_where_it_is_written(change: tuple[str, str], tmp_path: Path) -> None:
    field, found, allowed, hint = CASES[change]
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, changed(*change, TEXT), {}))
    problem = next((one for one in caught.value.problems if one.field == field), None)
    assert problem is not None, caught.value
    assert found in problem.found
    assert allowed in problem.allowed
    assert hint in problem.hint
    line = int(problem.where.rsplit(":", 1)[1])
    where = next(part for part in reversed(field.split(".")) if not part.isdigit())
    assert where in changed(*change, TEXT).splitlines()[line - 1] or not change[1] or where in ("window", "every_months", "latest")


def test_two_expansions_need_two_names(tmp_path: Path) -> None:
    twice = FIELDS.replace("    mw_counted", "      - {name: More, mw: 1, capex_usd_per_mw: 0, lead_months: 1}\n    mw_counted")
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, GOOD.replace(SUPPLY, twice + SUPPLY), {}))
    assert any('the name "More" twice' in problem.found for problem in caught.value.problems)


def test_an_expansion_without_a_window_needs_a_horizon_beyond_its_lead_time(tmp_path: Path) -> None:
    text = changed("        window: {earliest: 2027-07, latest: 2029-12, every_months: 3}\n", "", TEXT)
    text = changed("lead_months: 18", "lead_months: 120", text)
    text = changed("horizon: {end: 2040-03}", "horizon: {end: 2035-12}", text)
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, text, {}))
    (problem,) = caught.value.problems
    assert problem.field == f"{MORE}.lead_months"
    assert "no possible month" in problem.found
    assert "2036-01 (lead time and construction) to 2035-12 (end of the horizon)" in problem.allowed


def test_the_good_text_says_what_it_says(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, TEXT, {}))
    (expansion,) = scenario.sites[0].expansions
    assert (expansion.mw, expansion.counted_mw("expected"), expansion.counted_mw("firm_only")) == (50.0, 37.5, 0.0)
    assert [str(month) for month in expansion.months(scenario.calendar)][:3] == ["2027-07", "2027-10", "2028-01"]
    assert any(
        "the expansion More has a probability of 0.75; 37.5 of its 50.0 MW can be taken" in note for note in scenario.warnings()
    )


def test_fields_are_set_by_the_name_of_the_expansion(tmp_path: Path) -> None:
    file = write(tmp_path, TEXT, {})
    scenario = load(file, ["sites.rockdale.expansions.more.capex_usd_per_mw=250000", "sites.*.expansions.*.mw=70"])
    (expansion,) = scenario.sites[0].expansions
    assert (expansion.capex_usd_per_mw, expansion.mw) == (250_000.0, 70.0)
