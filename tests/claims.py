"""What the optimiser says about each shipped scenario, in sentences whose every number is computed here.

A scenario's description ends with its sentences, and docs/scenarios.md shows them. test_library.py compares them, and writes them
anew with HASHLEASE_REFRESH_DOCUMENTS=1. Sentences that depend on an answer choose their words by the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import hashlease as hl
from hashlease.models.lease import LeaseOffer
from hashlease.models.names import slug
from hashlease.models.prices import FlatPrice
from hashlease.models.reopened import can_reopen, reopened
from hashlease.models.scenario import Scenario
from hashlease.optimizer.policies import ValuedPlan, Valuer
from hashlease.scenarios.vary import vary

OPTION = "leases.option_50_mw_until_2027"


@dataclass(frozen=True)
class Study:
    """A shipped scenario with the plans that its sentences speak of."""

    scenario: Scenario

    @cached_property
    def valuer(self) -> Valuer:
        return Valuer(self.scenario)

    @property
    def plan(self) -> hl.Plan:
        assert self.valuer.optimum.plan is not None
        return self.valuer.optimum.plan

    @property
    def has_deals(self) -> bool:
        """Whether leases are signed that have not begun."""
        return bool(can_reopen(self.scenario))

    @cached_property
    def again(self) -> ValuedPlan:
        """The best plan with nothing signed."""
        return self.valuer.policy("nothing_signed")

    @cached_property
    def as_mine_usd(self) -> float:
        """Worth of the scenario where no lease is taken but those that have begun."""
        return Valuer(reopened(self.scenario)).policy("all_mining").npv_usd

    def row(self, offer: str) -> dict[str, Any]:
        """The row of an offer in the plan's table of leases."""
        return next(row for row in self.plan.rows["leases"] if row["offer"] == offer)

    def row_again(self, offer: str) -> dict[str, Any]:
        """The row of an offer where nothing is signed."""
        assert self.again.plan is not None
        return next(row for row in self.again.plan.rows["leases"] if row["offer"] == offer)

    def other(self, **fields: Any) -> hl.Plan:
        """The plan of the scenario with other values in some fields (paths with `__` for the points)."""
        return hl.solve(vary(self.scenario, {path.replace("__", "."): value for path, value in fields.items()}))

    def other_again(self, **fields: Any) -> hl.Plan:
        """The same with nothing signed."""
        plan = Study(vary(self.scenario, {path.replace("__", "."): value for path, value in fields.items()})).again.plan
        assert plan is not None
        return plan


@cache
def study(name: str) -> Study:
    return Study(hl.load(name))


def sentences(name: str) -> str:
    """The last paragraph of the scenario's description."""
    found = study(name)
    parts = ([deals(found)] if found.has_deals else []) + [SAYS[name](found)]
    return "What the optimiser says: " + " ".join(parts)


# --- words and numbers ---------------------------------------------------------------------------------------------------


def m(usd: float) -> str:
    """USD million; one decimal below 100."""
    millions = usd / 1e6
    return f"{millions:,.0f}" if abs(millions) >= 100 else f"{millions:,.1f}"


def rent(row: dict[str, Any]) -> str:
    usd = row["break_even_rent_usd_per_kw_month"]
    return "none" if usd is None else f"{usd:.1f}"


def backstop_usd(s: Study, *leases: str) -> float:
    """What the plan is worth more because a guarantor pays for leases whose tenants fail."""
    none = {f"leases.{slug(name)}.tenant_default.backstop_fraction": 0.0 for name in leases}
    return s.plan.npv_usd - hl.solve(vary(s.scenario, none)).npv_usd


def percent(fraction: float) -> str:
    return f"{fraction * 100:.0f} %"


def listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def of_plan(plan: hl.Plan, offer: str) -> dict[str, Any]:
    return next(row for row in plan.rows["leases"] if row["offer"] == offer)


def taken(row: dict[str, Any]) -> bool:
    return bool(row["critical_mw"])


def mean_mw(plan: hl.Plan, fleet: str, year: int) -> float:
    return sum(row["mw"] for row in plan.rows["fleets"] if row["fleet"] == fleet and row["year"] == year)


def mining_mw(plan: hl.Plan, year: int) -> float:
    return sum(row["mw"] for row in plan.rows["fleets"] if row["year"] == year)


def deals(s: Study) -> str:
    """Whether each deal would be signed again, and what the plan is worth with nothing signed."""
    yes, no = [], []
    for lease in can_reopen(s.scenario):
        row = s.row_again(lease.name)
        where = f"{lease.name} ({lease.first_year_rent_usd_per_kw_month:.1f}, break-even {rent(row)})"
        (yes if taken(row) else no).append(where)
    parts = [f"{listed(yes)} would be signed again" if yes else "", f"{listed(no)} would not be signed again" if no else ""]
    said = "; ".join(part for part in parts if part)
    return (
        f"with nothing signed, all capex still to be decided and first-year rents in USD/kW-month, {said}. "
        f"The plan is then worth {m(s.again.npv_usd)} M USD, the site with no lease to come {m(s.as_mine_usd)} M."
    )


# --- the scenarios -------------------------------------------------------------------------------------------------------


def helios(s: Study) -> str:
    high, low = s.row("Market 128, triple net"), s.row("Market 112, triple net")
    steps = s.plan.rows["expansions"]
    energised, capex = sum(row["mw"] for row in steps), sum(row["capex_usd"] for row in steps)
    most = steps[0]["break_even_capex_usd_per_mw"]
    return (
        f"Of the additional 830 MW it energises {energised:,.1f}, for {m(capex)} M USD at the assumed 0.35 M a MW; the first step "
        f"pays up to {most / 1e6:,.2f} M a MW. It lets {high['critical_mw']:,.0f} MW of critical IT at 128 USD/kW-month "
        f"from {high['start']} and "
        f"{low['critical_mw']:,.0f} MW at 112, which is worth letting only from {rent(low)} up. As signed, the plan is worth "
        f"{m(s.plan.npv_usd)} M USD."
    )


def river_bend(s: Study) -> str:
    dear = s.other_again(leases__fluidstack_for_anthropic__capex_usd_per_critical_mw=14_200_000.0)
    row = of_plan(dear, "Fluidstack for Anthropic")
    return (
        "At 14.2 M USD per critical MW, which Beacon Point's 4.25 billion of notes imply at 85 % of cost, the break-even rises to "
        f"{rent(row)} and the plan is worth {m(dear.npv_usd)} M USD: the lease bears "
        f"{'even that' if taken(row) else 'no such cost'}. If Fluidstack fails as assumed, Google's backstop is worth "
        f"{m(backstop_usd(s, 'Fluidstack for Anthropic'))} M USD to Hut 8."
    )


def denton(s: Study) -> str:
    own = s.other_again(leases__coreweave_halls_of_2027__tenant_funded_capex_fraction=0.0)
    row = of_plan(own, "CoreWeave halls of 2027")
    late = [f"leases.{slug(lease.name)}" for lease in s.scenario.leases if lease.delays]
    never = {
        f"{path}.{field}": value for path in late for field, value in (("delays", ()), ("delay_penalty_fraction_of_rent", 0.0))
    }
    on_time = hl.solve(vary(s.scenario, never))
    return (
        f"If the landlord paid for all of the halls of 2027 at 10 M USD per critical MW, their break-even would be {rent(row)} "
        "USD/kW-month and the plan would "
        f"{'still sign them' if taken(row) else 'not sign them: it is the money of the tenant that makes the deal'}. "
        "That the halls may be late costs "
        f"{m(on_time.npv_usd - s.plan.npv_usd)} M USD of the {m(on_time.npv_usd)} M that the plan "
        "would be worth with all of them on time."
    )


def corsicana(s: Study) -> str:
    shell = s.row("Tenant for the shell")
    path = "leases__tenant_for_the_shell__"
    without = s.other(
        **{
            f"{path}capex_usd_per_critical_mw": 12_000_000.0,
            f"{path}lead_time_months": 21,
            f"{path}build_months": 18,
        }
    )
    high, low = s.row("Market 128, 15 years"), s.row("Market 112, 15 years")
    worth = s.plan.npv_usd - without.npv_usd
    return (
        f"the plan is worth {m(s.plan.npv_usd)} M USD against {m(s.plan.reference('all_mining').npv_usd)} M of mining alone; it "
        "lets the shell from "
        f"{shell['start']} and would do so down to {rent(shell)} USD/kW-month, and lets {high['critical_mw']:,.0f} MW more at 128 "
        f"and {low['critical_mw']:,.0f} MW at 112 (break-even {rent(low)}). "
        f"Without the shell the same tenant could come nine months later at 12 M USD per MW: the shell is worth {m(worth)} M USD, "
        f"{'more' if worth > 214e6 else 'less'} than the 214 M it begins with, if the tenant comes."
    )


def barber_lake(s: Study) -> str:
    dear = s.other_again(leases__fluidstack_168_mw__capex_usd_per_critical_mw=11_000_000.0)
    row = of_plan(dear, "Fluidstack 168 MW")
    third = s.row("Market 130, 10 years")
    return (
        f"At 11 M USD per critical MW, the top of Cipher's range, the first would break even at {rent(row)}. A third lease at 130 "
        "on the 200 MW "
        f"that the site may grow by is {'taken' if taken(third) else 'left'} (break-even {rent(third)}). As signed, with what is "
        "spent sunk, "
        f"the plan is worth {m(s.plan.npv_usd)} M USD, of which {m(backstop_usd(s, 'Fluidstack 168 MW', 'Fluidstack 39 MW'))} M by "
        "Google's backstop."
    )


def lake_mariner(s: Study) -> str:
    option = s.row("Core42 option 48 MW")
    worth = s.plan.npv_usd - hl.solve(_without(s.scenario, "Core42 option 48 MW")).npv_usd
    unpaid = s.other(leases__core42_60_mw__prepayment=None)
    return (
        f"Core42's option is worth {m(worth)} M USD to TeraWulf if it is used (break-even {rent(option)}). Mining falls from "
        f"{mining_mw(s.plan, 2026):,.0f} MW on the mean of 2026 to {mining_mw(s.plan, 2028):,.0f} MW in 2028. "
        f"As signed, the plan is worth {m(s.plan.npv_usd)} M USD, of which "
        f"{m(backstop_usd(s, 'Fluidstack CB-3 and CB-4', 'Fluidstack CB-5'))} M by Google's backstop; the credits of Core42's "
        f"advance cost {m(unpaid.npv_usd - s.plan.npv_usd)} M."
    )


def ellendale(s: Study) -> str:
    cheap = s.other_again(leases__coreweave_hall_3__capex_usd_per_critical_mw=10_000_000.0)
    row = of_plan(cheap, "CoreWeave hall 3")
    return (
        "The assumed cost decides: at 10 M USD per critical MW, the middle of Barber Lake's range, hall 3 would break even at "
        f"{rent(row)} and {'would be signed' if taken(row) else 'would still not be signed'}. As signed, with what is spent sunk, "
        "the plan is worth "
        f"{m(s.plan.npv_usd)} M USD."
    )


def odessa(s: Study) -> str:
    block = "sites__odessa__blocks__luminant__"
    free = s.other(**{f"{block}resale_fraction": 1.0, f"{block}resale_fee_usd_per_mwh": 0.0})
    lost = s.other(**{f"{block}resale_fraction": 0.0, f"{block}resale_fee_usd_per_mwh": 0.0})
    without = s.other(sites__odessa__blocks=[])
    offers = [s.row("Market 130, half of the site"), s.row("Market 112, other half")]
    runs = next(row["running_fraction"] for row in s.plan.rows["fleets"] if row["year"] == 2026)
    starts = sorted({part["start"] for row in offers for part in row["starts"]})
    worth = s.plan.npv_usd
    return (
        f"the plan is worth {m(worth)} M USD, of which the contract is {m(worth - without.npv_usd)} M; were its energy sold "
        f"back without loss, the plan would be worth {m(free.npv_usd - worth)} M more, were it not sold back at all "
        f"{m(worth - lost.npv_usd)} M less. The machines run {percent(runs)} of the hours they could in 2026 and to the "
        f"end of their life; rent is to begin in {listed(starts) if starts else 'no month'}, worth signing at 130 down to "
        f"{rent(offers[0])} USD/kW-month and at 112 down to {rent(offers[1])}."
    )


def moses_lake(s: Study) -> str:
    first, later = s.row("Build first, price later"), s.row("Tenant first")
    soon = of_plan(s.other(leases__build_first_price_later__free_months=3), "Build first, price later")
    best = (
        "build first" if taken(first) else f"find the tenant first, and mine until the conversion for a start in {later['start']}"
    )
    a_month = (first["break_even_rent_usd_per_kw_month"] - soon["break_even_rent_usd_per_kw_month"]) / 6
    return (
        f"{best}: worth {m(s.plan.npv_usd)} M USD against "
        f"{m(s.plan.reference('all_mining').npv_usd)} M of mining on. Build first needs {rent(first)} USD/kW-month if the hall "
        "stands empty for nine months and "
        f"{rent(soon)} for three: each empty month asks for {a_month:.1f} USD/kW-month more rent through ten years. Tenant first "
        f"breaks even at {rent(later)}."
    )


def pure_miner(s: Study) -> str:
    plan = s.plan
    dear = s.other(sites__georgia__supply__usd_per_mwh__start=40.0)
    old, young = "S19j Pro class", "T21 class"
    running = {row["fleet"]: row["running_fraction"] for row in plan.rows["fleets"] if row["year"] == 2026}
    block = sum(row["discounted_usd"] for row in plan.rows["cash_flow"] if row["item"] == "block_settlement")
    offers = {row["name"]: row for row in plan.rows["machines"]}
    bought, sold = ([row for row in offers.values() if row["decision"] == decision] for decision in ("buy", "sell"))
    when = "hold now and buy after the halving" if min(row["month"] for row in bought) >= "2028-04" else "buy now"
    purchases = "; ".join(f"{row['mw']:,.0f} MW of {row['name']} for {m(-row['usd'])} M USD in {row['month']}" for row in bought)
    sales = "; ".join(f"{row['mw']:,.0f} MW of {row['name']} for {m(row['usd'])} M USD in {row['month']}" for row in sold)
    xp, plus, later, south = (
        f"{offers[name]['break_even_usd_per_th']:.1f}"
        for name in (
            "S21 XP at 25.70, West",
            "S21+ at 14.25, West",
            "S23 Hyd class of 2028, West",
            "S23 Hyd class of 2028, Georgia",
        )
    )
    return (
        f"{when}. In 2026 machines of 19 J/TH mine with {mean_mw(plan, f'{young}, West', 2026):,.0f} MW in Texas, "
        f"{percent(running[f'{young}, West'])} of the "
        f"hours they could, and {mean_mw(plan, f'{young}, Georgia', 2026):,.0f} MW in Georgia; those of 29.5 J/TH with "
        f"{mean_mw(plan, f'{old}, West', 2026):,.0f} MW in Texas, "
        f"{percent(running[f'{old}, West'])} of the hours, and {mean_mw(plan, f'{old}, Georgia', 2026):,.0f} MW in Georgia. "
        f"It buys {purchases}, and sells {sales}. In Texas an S21 XP would be worth its price at {xp} USD/TH instead of "
        f"25.7, an S21+ at "
        f"{plus} instead of 14.3, and the machines of 2028 up to {later}; in Georgia these at {south} instead of 8. "
        f"The whole is worth {m(plan.npv_usd)} M USD, of which {m(block)} M are the block against the index; at 40 USD/MWh in "
        f"Georgia it would be {m(dear.npv_usd)} M."
    )


def late_2028(s: Study) -> str:
    glut, low = s.row("Glut 95"), s.row("Market 122")
    price = next(row["hashprice_usd_per_ph_day"] for row in s.plan.rows["market"])
    return (
        f"at a hashprice of {price:.1f} USD/PH/day mining alone is worth {m(s.plan.reference('all_mining').npv_usd)} M USD, the "
        f"plan {m(s.plan.npv_usd)} M with "
        f"{sum(row['critical_mw'] for row in s.plan.rows['leases']):,.0f} MW of critical IT let. A lease at 122 is worth signing "
        f"down to {rent(low)} USD/kW-month; at 95 "
        f"{'it is signed too' if taken(glut) else f'none is signed (it would take {rent(glut)})'}. In 2029 "
        f"{mining_mw(s.plan, 2029):,.0f} MW still mine."
    )


def five_hundred_mw(s: Study) -> str:
    worth = flexibility_usd(s.scenario)
    short = s.row("Two years, air-cooled")
    return (
        f"the plan is worth {m(s.plan.npv_usd)} M USD against {m(s.plan.reference('all_mining').npv_usd)} M of mining alone. Of "
        f"the four parts, switching off in dear hours is worth {m(worth['dear hours'])} M, "
        f"avoiding the peak charge {m(worth['peak charges'])} M, the short lease {m(worth['short lease'])} M (it would need "
        f"{rent(short)} USD/kW-month, where ten years are signed at 130) and "
        f"the date on which an option that is not used lapses {m(worth['lapse'])} M. Firm leases bring {m(worth['firm leases'])} "
        f"M. A lease that the landlord ends after five years would need {rent(s.row('Ten years, ended after five'))} USD/kW-month. "
        "What is left of the shift is the switch of the mine itself."
    )


def flexibility_usd(scenario: Scenario) -> dict[str, float]:
    """What the plan is worth less without each part of the flexibility; of the option, what its lapse is worth if it is not "
    "used."""
    unused = vary(scenario, {f"{OPTION}.rent_usd_per_kw_month": 1.0})
    for_ever = vary(unused, {f"{OPTION}.reserved_until": str(scenario.calendar.end)})
    without = {
        "peak charges": vary(scenario, {"sites.*.demand_charge.avoided_by_mining_fraction": 0.0}),
        "dear hours": at_mean_prices(scenario),
        "short lease": _without(scenario, "Two years, air-cooled"),
        "firm leases": _without(scenario, "Firm 10 years, 130", "Ten years, ended after five", "Firm 15 years, 128"),
    }
    whole_usd = hl.solve(scenario).npv_usd
    worth = {part: whole_usd - hl.solve(other).npv_usd for part, other in without.items()}
    return {**worth, "lapse": hl.solve(unused).npv_usd - hl.solve(for_ever).npv_usd}


def at_mean_prices(scenario: Scenario) -> Scenario:
    """The scenario with each month's mean price in all of its hours, so that switching off within a month is worth nothing."""
    calendar = scenario.calendar
    changes: dict[str, Any] = {}
    for zone in scenario.power.zones:
        table = scenario.price_tables[zone.name]
        means = table.month_usd_per_mw / table.month_hours
        path = {"months": {str(month): float(usd) for month, usd in zip(calendar.months, means, strict=True)}}
        changes[f"power.zones.{zone.name}.price"] = FlatPrice.model_validate(
            {"kind": "flat", "usd_per_mwh": path, "sources": {"*": "the same prices, averaged"}}
        )
    return vary(scenario, changes)


def _without(scenario: Scenario, *names: str) -> Scenario:
    kept: tuple[LeaseOffer, ...] = tuple(lease for lease in scenario.leases if lease.name not in names)
    return vary(scenario, {"leases": kept, "horizon": {"end": str(scenario.calendar.end)}})


def rockdale(s: Study) -> str:
    rights = ("AMD option 75 MW", "AMD first refusal 100 MW")
    option, refusal = (s.row(name) for name in rights)
    free = vary(s.scenario, {f"leases.{slug(name)}.reserved_until": None for name in rights})
    return (
        f"As signed, the plan is worth {m(s.plan.npv_usd)} M USD against {m(s.plan.reference('all_mining').npv_usd)} M of mining "
        "beside AMD's 25 MW. It grants "
        f"{option['critical_mw']:,.1f} MW of the option (break-even {rent(option)}) and {refusal['critical_mw']:,.1f} MW of the "
        f"first refusal (break-even {rent(refusal)}); "
        f"keeping the MW of both rights free of other leases until {option['reserved_until']} costs "
        f"{m(hl.solve(free).npv_usd - s.plan.npv_usd)} M USD."
    )


def childress(s: Study) -> str:
    hall, retrofit, own = s.row("Market 128, 15 years"), s.row("Retrofit, 5 years"), s.row("Own cloud 50 MW")
    said = ["let" if taken(row) else "not let" for row in (hall, retrofit)]
    parts = [f"leases.microsoft_horizon_{part}" for part in (1, 2, 3, 4)]
    worn = s.other_again(**{f"{part}.residual_value_fraction_of_capex": 0.3 for part in parts})
    left = [name for name in ("Microsoft Horizon 1", "Microsoft Horizon 4") if taken(of_plan(worn, name))]
    rents = [rent(of_plan(worn, f"Microsoft Horizon {part}")) for part in (1, 2, 3, 4)]
    usd_per_hour = own["break_even_rent_usd_per_kw_month"] / own["first_year_rent_usd_per_kw_month"] * 2.91
    return (
        "It turns on what is left after five years: were the halls worth 0.3 of their cost then instead of 0.8, "
        f"{listed(left) if left else 'none of the four'} would be signed (break-evens {listed(rents)}). With the contract kept, "
        f"the plan is worth {m(s.plan.npv_usd)} M USD. A cloud that sells by the hour is {'built' if taken(own) else 'not built'} "
        f"(2.91 USD an hour, break-even {usd_per_hour:.2f}). A new hall at 128 USD/kW-month is {said[0]} (break-even "
        f"{rent(hall)}), the retrofit at 90 for five years is {said[1]} (break-even {rent(retrofit)})."
    )


def portfolio(s: Study) -> str:
    rows = [row for row in s.plan.rows["leases"] if row["status"] == "offered"]
    left = sorted(row["offer"] for row in rows if not taken(row))
    part = sorted(row["offer"] for row in rows if 1e-6 < row["critical_mw"] < row["offered_critical_mw"] - 1e-6)
    free = s.other(finance__capex_budget_usd={})
    unruled = s.other(rules=[])
    prices = [f"{row['usd_per_usd']:.2f} in {row['year']}" for row in s.plan.rows["budget_price"]]
    moves = [row for row in s.plan.rows["machines"] if row["mw"]]
    moved = "; ".join(f"{row['mw']:,.0f} MW of {row['name']}, worth {m(row['worth_usd'])} M" for row in moves) or "no machines"
    return (
        f"As signed, the plan is worth {m(s.plan.npv_usd)} M USD, {m(s.plan.npv_usd - s.plan.reference('all_mining').npv_usd)} M "
        "more than "
        f"without any of its offers. It lets {sum(row['critical_mw'] for row in rows):,.0f} MW of critical IT beyond what is signed"
        f"{', in part ' + listed(part) if part else ''}, and leaves {'; '.join(left) if left else 'none'}. It moves {moved}. "
        "One more dollar of budget is worth today "
        f"{listed(prices)}; without a budget the plan would be worth {m(free.npv_usd - s.plan.npv_usd)} M more, without the "
        f"board's rules {m(unruled.npv_usd - s.plan.npv_usd)} M."
    )


SAYS: dict[str, Callable[[Study], str]] = {
    "barber_lake": barber_lake,
    "childress": childress,
    "corsicana": corsicana,
    "denton": denton,
    "ellendale": ellendale,
    "five_hundred_mw": five_hundred_mw,
    "helios": helios,
    "lake_mariner": lake_mariner,
    "late_2028": late_2028,
    "moses_lake": moses_lake,
    "portfolio": portfolio,
    "odessa": odessa,
    "pure_miner": pure_miner,
    "river_bend": river_bend,
    "rockdale": rockdale,
}
