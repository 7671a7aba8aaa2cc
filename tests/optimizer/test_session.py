"""HiGHS: every status has a meaning, and only an optimum is an answer."""

from __future__ import annotations

import highspy
import numpy as np
import pytest
from cases import scenario
from hashlease.models.values import Values
from hashlease.optimizer.optimise import Optimiser, SolverError
from hashlease.optimizer.session import OUTCOME_OF_STATUS, Outcome, Session


def test_every_status_is_mapped() -> None:
    statuses = set(highspy.HighsModelStatus.__members__.values())
    assert set(OUTCOME_OF_STATUS) == statuses
    assert len(statuses) == 20
    assert [status for status, outcome in OUTCOME_OF_STATUS.items() if outcome is Outcome.OPTIMAL] == [
        highspy.HighsModelStatus.kOptimal,
        highspy.HighsModelStatus.kModelEmpty,
    ]


def test_the_installed_solver_is_not_one_known_to_be_wrong() -> None:
    assert tuple(int(part) for part in highspy.Highs().version().split(".")) >= (1, 15, 1)


def test_a_solver_stopped_early_is_no_answer() -> None:
    optimiser = Optimiser(Values(scenario()))
    optimiser.relaxed._highs.setOptionValue("simplex_iteration_limit", 0)
    optimiser.relaxed._highs.setOptionValue("presolve", "off")
    with pytest.raises(SolverError, match="Iteration limit"):
        optimiser.solve()


def test_an_empty_range_of_bounds_is_infeasible_and_has_a_ray() -> None:
    session = Session(Optimiser(Values(scenario())).program.form)
    form = session.form
    columns = np.arange(form.columns)
    total = [i for i, name in enumerate(form.column_names) if name[0] == "leased_mw"]
    lower = form.lower.copy()
    lower[total] = 1e4
    session.set_bounds(columns, lower, np.maximum(form.upper, lower))
    assert session.solve().outcome is Outcome.INFEASIBLE


def test_maximum_and_duals_have_the_sign_of_a_gain() -> None:
    optimiser = Optimiser(Values(scenario(fleets__0__mw=104.0)))
    solution = optimiser.solve()
    assert solution.row_dual is not None
    power = [
        dual for (row, _), dual in zip(optimiser.program.form.row_names, solution.row_dual, strict=True) if row == "site_power"
    ]
    assert min(power) >= -1e-9
    assert max(power) > 0
