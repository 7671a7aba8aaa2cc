"""The ways to the optimum that are compared; each states the same program and ends in the same allocation.

A contender is made from the value tables and then goes through its steps, which are timed apart: build (state the program),
compile (into arrays; only hashlease does this by itself), hand_over (into HiGHS), solve, read (back into arrays).
Those that keep the program in HiGHS can also `reprice` it and solve again.
Libraries are imported in the methods, so that a missing one is missed only by its own contender.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar
from unittest import mock

import floor
import numpy as np
from hashlease.models.values import Values
from hashlease.optimizer import program as program_module
from hashlease.optimizer.decisions import Decisions
from hashlease.optimizer.program import Program, build_program
from hashlease.optimizer.session import Session
from hashlease.optimizer.standard_form import compile_standard_form
from tables import Floats, Tables, Whole

Allocation = tuple[Floats, Floats]
"""Meter MW of each fleet and month; critical MW of each option (an offer at one of its starts)."""


class Contender:
    """The steps of one way."""

    title: ClassVar[str]
    persistent: ClassVar[bool] = True
    """Whether a solve can follow on another without a rebuild."""

    def __init__(self, values: Values, tables: Tables) -> None:
        self.values, self.tables = values, tables

    def build(self) -> None:
        raise NotImplementedError

    def compile(self) -> None:
        """Nothing, unless the library leaves this step to its user."""

    def hand_over(self) -> None:
        raise NotImplementedError

    def solve(self) -> float:
        """The optimum, USD million."""
        raise NotImplementedError

    def read(self) -> Allocation:
        raise NotImplementedError

    def size(self) -> list[int]:
        """[rows, columns, nonzeros] as HiGHS sees them."""
        raise NotImplementedError

    def reprice(self, tables: Tables) -> None:
        """Take the prices of other tables; everything else is the same in both."""
        raise NotImplementedError


class Floor(Contender):
    title = "floor: arrays into highspy"

    def build(self) -> None:
        self.layout = floor.Layout.of(self.tables)
        self.arrays = floor.assemble(self.tables, self.layout)

    def hand_over(self) -> None:
        self.highs = floor.handed_over(self.arrays)
        self.columns = np.arange(len(self.arrays.cost), dtype=np.int32)

    def solve(self) -> float:
        optimum = floor.optimum(self.highs)
        self.x = np.array(self.highs.getSolution().col_value)
        return optimum

    def read(self) -> Allocation:
        return self.layout.allocation(self.tables, self.x)

    def size(self) -> list[int]:
        return floor.size(self.highs)

    def reprice(self, tables: Tables) -> None:
        self.highs.changeColsCost(len(self.columns), self.columns, self.layout.cost(tables))


def stated(values: Values) -> Program:
    """The program as hashlease states it in Pyomo; in place of the standard form it holds the list of its columns.

    `build_program` compiles in the same breath; here the two are parted, so that each has its own time.
    """
    with mock.patch.object(program_module, "compile_standard_form", lambda _, columns: columns):
        return build_program(values)


class Hashlease(Contender):
    title = "hashlease"

    def build(self) -> None:
        self.stated = stated(self.values)

    def compile(self) -> None:
        columns: Any = self.stated.form
        self.program = replace(self.stated, form=compile_standard_form(self.stated.model, columns))

    def hand_over(self) -> None:
        self.session = Session(self.program.form)
        self.cost = self.program.form.cost.copy()

    def solve(self) -> float:
        self.solution = self.session.solve()
        return self.solution.objective

    def read(self) -> Allocation:
        decisions = Decisions.of(self.program, self.solution.x)
        return decisions.mining_mw, np.concatenate(decisions.lease_mw)

    def size(self) -> list[int]:
        form = self.program.form
        return [form.rows, form.columns, len(form.value)]

    def reprice(self, tables: Tables) -> None:
        self.cost[self.program.mining_columns] = tables.mining_musd[self.program.fleet_of, self.program.month_of]
        self.session.set_costs(self.cost)


class _PyomoInterface(Contender):
    """hashlease's Pyomo model through one of Pyomo's own interfaces, told that only the objective can change."""

    def build(self) -> None:
        import pyomo.environ  # noqa: F401  it registers the solver interfaces

        self.program = stated(self.values)

    def hand_over(self) -> None:
        self.solver: Any = self._interface()
        self.solver.set_instance(self.program.model)

    def _interface(self) -> Any:
        raise NotImplementedError

    def read(self) -> Allocation:
        self.results.solution_loader.load_vars()
        mining_mw = np.zeros_like(self.tables.mining_musd)
        model = self.program.model
        mining_mw[self.program.fleet_of, self.program.month_of] = [column.value for column in model.mining_mw.values()]
        return mining_mw, np.array([column.value for column in model.lease_mw.values()])

    def size(self) -> list[int]:
        return floor.size(self.solver._solver_model)

    def reprice(self, tables: Tables) -> None:
        from pyomo.core.expr.numeric_expr import LinearExpression

        model, program = self.program.model, self.program
        prices = [*tables.mining_musd[program.fleet_of, program.month_of].tolist(), *tables.option_musd.tolist()]
        columns = [*model.mining_mw.values(), *model.lease_mw.values()]
        model.npv_musd.set_value(LinearExpression(linear_coefs=prices, linear_vars=columns))


def _only_the_objective(updates: Any) -> None:
    """Switch off the checks for every other kind of change."""
    for check in updates:
        if "objective" not in check:
            updates[check] = False


class Appsi(_PyomoInterface):
    title = "Pyomo appsi_highs"

    def _interface(self) -> Any:
        from pyomo.contrib.appsi.solvers import Highs

        solver = Highs()
        solver.highs_options = floor.OPTIONS
        solver.config.load_solution = False
        _only_the_objective(solver.update_config)
        return solver

    def solve(self) -> float:
        self.results = self.solver.solve(self.program.model)
        return float(self.results.best_feasible_objective)


class ContribSolver(_PyomoInterface):
    title = "Pyomo contrib.solver highs"

    def _interface(self) -> Any:
        from pyomo.contrib.solver.solvers.highs import Highs

        solver = Highs(load_solutions=False, solver_options=floor.OPTIONS)
        _only_the_objective(solver.config.auto_updates)
        return solver

    def solve(self) -> float:
        self.results = self.solver.solve(self.program.model)
        return float(self.results.incumbent_objective)


class Linopy(Contender):
    """Stated on whole arrays; a fleet that is not there has an upper bound of 0 (a mask would take longer)."""

    title = "linopy"

    def build(self) -> None:
        import linopy
        import xarray as xr

        tables, self.model = self.tables, linopy.Model()
        self.months = {"month": range(tables.mining_musd.shape[1])}
        self.options = {"option": range(len(tables.offer_of_option))}
        available = xr.DataArray(tables.available_mw, {"fleet": range(len(tables.site_of_fleet)), **self.months})
        offered = xr.DataArray(tables.offered_mw, {"offer": range(len(tables.offered_mw))})
        self.offer_of_option = xr.DataArray(tables.offer_of_option, self.options, name="offer")
        offered_option = offered.isel(offer=self.offer_of_option).drop_vars("offer")
        self.mining = self.model.add_variables(0, available, name="mining_mw")
        self.lease = self.model.add_variables(0, offered_option, name="lease_mw")
        self.leased = self.model.add_variables(0, offered, name="leased_mw")
        self._add_constraints()
        self.objective(tables)

    def _add_constraints(self) -> None:
        import xarray as xr

        tables, model, lease, leased = self.tables, self.model, self.lease, self.leased
        common_mw = xr.DataArray(tables.common_mw, {"offer": leased.indexes["offer"], **self.months})
        own_mw = xr.DataArray(tables.own_mw, {**self.options, **self.months})
        taken = _by_site(leased * common_mw, "offer", tables.site_of_offer)
        taken += _by_site(lease * own_mw, "option", tables.site_of_option)
        mining = _by_site(1 * self.mining, "fleet", tables.site_of_fleet)
        sites = {"site": range(len(tables.energised_mw)), **self.months}
        energised, suitable = xr.DataArray(tables.energised_mw, sites), xr.DataArray(tables.suitable_mw, sites)
        model.add_constraints(mining + taken <= energised, name="site_power")
        model.add_constraints(lease.groupby(self.offer_of_option).sum() - leased == 0, name="offer_total")
        model.add_constraints(taken <= suitable, name="hpc_suitable", mask=suitable < energised)
        years = {"year": range(len(tables.budget_musd))}
        capex = (lease * xr.DataArray(tables.capex_musd, {**self.options, **years})).sum("option")
        model.add_constraints(capex <= xr.DataArray(tables.budget_musd, years), name="capex_budget")

    def objective(self, tables: Tables) -> None:
        import xarray as xr

        worth = (self.mining * xr.DataArray(tables.mining_musd, self.mining.coords)).sum()
        worth += (self.lease * xr.DataArray(tables.option_musd, self.lease.coords)).sum()
        self.model.add_objective(worth, overwrite=True, sense="max")

    def hand_over(self) -> None:
        self.solver = linopy_solver(self.model, track_updates=True)

    def solve(self) -> float:
        self.result = self.solver.solve()
        return float(self.result.solution.objective)

    def read(self) -> Allocation:
        self.model.assign_result(self.result, self.solver)
        return self.mining.solution.to_numpy(), self.lease.solution.to_numpy()

    def size(self) -> list[int]:
        return floor.size(self.solver.solver_model)

    def reprice(self, tables: Tables) -> None:
        self.objective(tables)
        self.solver.update(self.model)


def _by_site(expression: Any, dimension: str, site: Whole) -> Any:
    """Sum of a linopy expression over what is at the same site."""
    import xarray as xr

    return expression.groupby(xr.DataArray(site, {dimension: expression.indexes[dimension]}, name="site")).sum()


def linopy_solver(model: Any, track_updates: bool) -> Any:
    """What linopy's Model.solve(io_api="direct") does up to the run; tracked updates allow later solves without a rebuild."""
    from linopy.solvers import Highs

    model.constraints.sanitize_zeros()
    return Highs.from_model(model, io_api="direct", options=dict(floor.OPTIONS), track_updates=track_updates)


class Pypsa(Contender):
    """PyPSA minimises cost, so values are negative costs. Months are snapshots and sites are buses.

    A site's grid is a generator of its energised MW, a fleet a generator of sign -1 limited by its available MW. An option is
    an extendable generator of sign -1 whose draw is fixed at occupied MW per critical MW: PyPSA's own constraints then state [C1]
    and [C2] exactly. Offers, suitable MW and budgets have no counterpart and are added to its linopy model.
    """

    title = "PyPSA (+ 3 constraints in linopy)"
    persistent = False

    def build(self) -> None:
        self.fleet = [f"fleet {number}" for number in range(len(self.tables.site_of_fleet))]
        self.option = [f"option {number}" for number in range(len(self.tables.offer_of_option))]
        self.network = self._network()
        self.model = self.network.optimize.create_model(include_objective_constant=False, consistency_check=False)
        self._add_constraints()

    def _network(self) -> Any:
        import pypsa

        tables, network = self.tables, pypsa.Network()
        network.set_snapshots(range(tables.mining_musd.shape[1]))
        site = np.array([f"site {number}" for number in range(len(tables.energised_mw))])
        network.add("Bus", site)
        network.add("Generator", site, suffix=" grid", bus=site, p_nom=1, p_max_pu=tables.energised_mw.T)
        network.add(
            "Generator",
            self.fleet,
            bus=site[tables.site_of_fleet],
            sign=-1,
            p_nom=1,
            p_max_pu=tables.available_mw.T,
            marginal_cost=-tables.mining_musd.T,
        )
        network.add(
            "Generator",
            self.option,
            bus=site[tables.site_of_option],
            sign=-1,
            p_nom_extendable=True,
            p_nom_max=tables.offered_mw[tables.offer_of_option],
            p_min_pu=tables.occupied_mw.T,
            p_max_pu=tables.occupied_mw.T,
            capital_cost=-tables.option_musd,
        )
        return network

    def _add_constraints(self) -> None:
        import xarray as xr

        tables, model = self.tables, self.model
        names = {"name": self.option}
        critical_mw = model["Generator-p_nom"].sel(name=self.option)
        taken = critical_mw.groupby(xr.DataArray(tables.offer_of_option, names, name="offer")).sum()
        model.add_constraints(
            taken <= xr.DataArray(tables.offered_mw, {"offer": range(len(tables.offered_mw))}), name="offer_total"
        )
        draw = model["Generator-p"].sel(name=self.option)
        drawn = (1 * draw).groupby(xr.DataArray(tables.site_of_option, names, name="site")).sum()
        at = {"snapshot": self.network.snapshots, "site": range(len(tables.energised_mw))}
        suitable, energised = xr.DataArray(tables.suitable_mw.T, at), xr.DataArray(tables.energised_mw.T, at)
        model.add_constraints(drawn <= suitable, name="hpc_suitable", mask=suitable < energised)
        years = {"year": range(len(tables.budget_musd))}
        capex = (critical_mw * xr.DataArray(tables.capex_musd, {**names, **years})).sum("name")
        model.add_constraints(capex <= xr.DataArray(tables.budget_musd, years), name="capex_budget")

    def hand_over(self) -> None:
        self.solver = linopy_solver(self.model, track_updates=False)

    def solve(self) -> float:
        self.result = self.solver.solve()
        return -float(self.result.solution.objective)

    def read(self) -> Allocation:
        self.model.assign_result(self.result, self.solver)
        optimise = self.network.optimize
        optimise.assign_solution()
        optimise.assign_duals()
        optimise.post_processing()
        generators = self.network.c.generators
        return generators.dynamic.p[self.fleet].to_numpy().T, generators.static.p_nom_opt[self.option].to_numpy()

    def size(self) -> list[int]:
        return floor.size(self.solver.solver_model)


CONTENDERS: dict[str, type[Contender]] = {
    kind.__name__.lower(): kind for kind in (Floor, Hashlease, Appsi, ContribSolver, Linopy, Pypsa)
}
