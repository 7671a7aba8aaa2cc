"""Random scenarios that mix what a scenario may say: all kinds of prices but files, taxes, phases, free months, extensions, charges
and power on either side, MW returned or kept, ramps, blocks, budgets, rights, leases that run already, prepayments, deposits,
defaults, early ends, service levels and delays, minimum sizes, exclusive groups and prerequisites, machines that may be bought,
sold and moved.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import hashlease as hl
from plain_evaluator import Data, month_number, month_text
from pydantic import ValidationError


class Draw:
    """Draws of one random scenario; what is drawn depends on the seed alone."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.first = month_number(self.random.choice(["2023-10", "2024-01", "2026-03", "2027-11", "2028-04", "2031-12"]))
        self.length = self.random.choice([1, 2, 5, 11, 14, 20, 27, 33])

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def number(self, low: float, high: float) -> float:
        return self.random.uniform(low, high)

    def whole(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def month(self, low: int, high: int) -> str:
        """A month so many months after the first one."""
        return month_text(self.first + self.whole(low, high))

    def shares(self) -> list[float]:
        """One to three shares in eighths, which add up to 1 exactly."""
        cuts = sorted(self.random.sample(range(1, 8), self.whole(0, 2)))
        return [(after - before) / 8 for before, after in zip([0, *cuts], [*cuts, 8], strict=True)]

    def path(self, low: float, high: float) -> Data:
        form = self.random.choice(["flat", "start", "anchors", "months"])
        if form == "flat":
            return {"flat": self.number(low, high)}
        if form == "start":
            return {"start": self.number(low, high), "from": self.month(-9, 9), "growth_per_year": self.number(-0.2, 0.2)}
        if form == "months":
            months = range(self.first - 1, self.first + self.whole(0, 6))
            stated = {month_text(month): self.number(low, high) for month in months}
            return {"months": stated, "then_growth_per_year": self.number(-0.2, 0.2)}
        places = sorted({-self.whole(0, 4), *(self.whole(1, 40) for _ in range(self.whole(0, 3)))})
        return {
            "anchors": {month_text(self.first + place): self.number(low, high) for place in places},
            "between": self.random.choice(["linear", "step"] if low <= 0 else ["geometric", "linear", "step"]),
            "then_growth_per_year": self.number(-0.2, 0.2),
        }


def random_hashprice(draw: Draw) -> Data:
    level = {"multiplier": draw.random.choice([1.0, 0.6, 1.7])}
    if draw.chance(0.4):
        price = {"btc_price_usd": draw.path(50_000, 120_000)} if draw.chance(0.5) else {}
        return {"kind": "given", "usd_per_ph_day": draw.path(20, 90), **price, **level}
    size = {"network_eh": draw.path(500, 1500)} if draw.chance(0.5) else {"difficulty": draw.path(7e13, 2e14)}
    fees = {"fees_btc_per_block": draw.path(0, 0.2)} if draw.chance(0.5) else {"fees_fraction_of_subsidy": draw.path(0, 0.1)}
    blocks = {"height": draw.whole(800_000, 880_000), "day": "2024-02-29", "blocks_per_day": draw.number(140, 150)}
    chosen = {"blocks": blocks} if draw.chance(0.5) else {}
    return {"kind": "network", "btc_price_usd": draw.path(50_000, 120_000), **size, **fees, **chosen, **level}


def random_price(draw: Draw) -> Data:
    kind = draw.random.choice(["flat", "month_hour_profile", "duration_bands"])
    if kind == "flat":
        return {"kind": kind, "usd_per_mwh": draw.path(-20, 90)}
    level = {"multiplier": draw.path(0.5, 1.5)} if draw.chance(0.5) else {"monthly_mean_usd_per_mwh": draw.path(20, 60)}
    bands = [0.0625, 0.1875, 0.5, 0.125, 0.125] if kind == "duration_bands" else [1 / 24] * 24
    rows = [[round(draw.number(-30, 60) + (900 if draw.chance(0.04) else 20), 2) for _ in bands] for _ in range(12)]
    shares = {"share_of_hours_fraction": bands} if kind == "duration_bands" else {}
    return {"kind": kind, "usd_per_mwh": rows, **shares, **level}


def random_zone(draw: Draw, number: int) -> Data:
    clocks = ["UTC", "America/Chicago", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Auckland"]
    return {"name": f"Zone {number}", "time_zone": draw.random.choice(clocks), "price": random_price(draw)}


def random_site(draw: Draw, number: int) -> Data:
    def ramp(low: float, high: float) -> list[Data]:
        places = sorted({-draw.whole(0, 5), *(draw.whole(1, 20) for _ in range(draw.whole(0, 2)))})
        return [{"from": month_text(draw.first + place), "mw_total": draw.number(low, high)} for place in places]

    site: Data = {"name": f"Site {number}", "zone": f"Zone {draw.whole(1, 2)}", "energised_mw": ramp(12, 60)}
    if draw.chance(0.6):
        site["hpc_suitable_mw"] = ramp(8, 80)
    if draw.chance(0.3):
        site["supply"] = {"kind": "fixed", "usd_per_mwh": draw.path(20, 60)}
    else:
        site["supply"] = {"kind": "index", "adder_usd_per_mwh": draw.number(-5, 10)}
        site["blocks"] = [random_block(draw, number, k) for k in range(draw.whole(0, 2))]
    if draw.chance(0.6):
        avoided = draw.random.choice([0, 1, draw.number(0, 1)])
        site["demand_charge"] = {"usd_per_kw_month": draw.path(1, 12), "avoided_by_mining_fraction": avoided}
    return site | (random_terms(draw) if draw.chance(0.5) else {})


def random_terms(draw: Draw) -> Data:
    """Delivery, peaks, curtailment, ancillary services and standby, each now and then."""

    def season() -> Data:
        if draw.chance(0.4):
            return {}
        return {"from_month_of_year": draw.whole(1, 12), "to_month_of_year": draw.whole(1, 12)}

    def off() -> Data:
        hours = draw.random.choice([0, draw.whole(1, 60), draw.number(1, 400)])
        agreed: Data = {"off_hours_per_month": hours}
        if random.Random(f"year {hours}").random() < 0.4:
            agreed = {"off_hours_per_year": 5 * hours}
        return {**agreed, "off_in": draw.random.choice(["dearest", "average", "cheapest"]), **season()}

    terms: Data = {}
    if draw.chance(0.5):
        terms["delivery"] = {"usd_per_mwh": draw.path(0, 12), "loss_fraction": draw.random.choice([0, draw.number(0, 0.2)])}
    terms["coincident_peaks"] = [
        {"name": f"Peak {n}", "usd_per_kw": draw.path(0.01, 30), "avoided_fraction": draw.random.choice([0, 1, 0.9]), **off()}
        for n in range(draw.whole(0, 2))
    ]
    for peak in terms["coincident_peaks"]:
        chosen = random.Random(f"avoid {peak['usd_per_kw']}").random()
        if chosen < 0.3:
            peak["avoid"] = "always" if chosen < 0.15 else "never"
    terms["curtailments"] = [{"name": f"Duty {n}", **off()} for n in range(draw.whole(0, 2))]
    shares = [draw.random.choice([0, draw.number(0, 0.33)]) for _ in range(3)]
    terms["ancillary_services"] = [
        {"name": f"Service {n}", "share_fraction": share, "usd_per_mw_hour": draw.path(0, 40), **season()}
        for n, share in enumerate(shares[: draw.whole(0, 2)])
    ]
    if draw.chance(0.4):
        pay = draw.path(1, 9000)
        terms["standby"] = [{"name": "Standby", "share_fraction": shares[2], "usd_per_mw_month": pay, **off()}]
    return terms


def with_hourly_prices(seed: int, written: Data) -> Data:
    """Ancillary prices by the hour in some profiles, and services that are paid them; from a source of its own.

    In half of these profiles energy has the same price in many hours, in which the ancillary price differs.
    """
    own = random.Random(f"ancillary {seed}")
    for zone in written["power"]["zones"]:
        price = zone["price"]
        if price["kind"] != "month_hour_profile" or own.random() < 0.3:
            continue
        if own.random() < 0.5:
            price["usd_per_mwh"] = [[25.0 * round(usd / 25) for usd in row] for row in price["usd_per_mwh"]]
        price["ancillary_usd_per_mw_hour"] = {
            name: [[own.choice([0, own.uniform(0, 30), own.uniform(0, 200)]) for _ in row] for row in price["usd_per_mwh"]]
            for name in ("ECRS", "RRS")
        }
        for site in written["sites"]:
            for service in site.get("ancillary_services", []) if site["zone"] == zone["name"] else []:
                if own.random() < 0.7:
                    del service["usd_per_mw_hour"]
                    service["hourly_prices"] = own.choice(["ECRS", "RRS"])
    return written


def random_block(draw: Draw, site: int, number: int) -> Data:
    first = draw.whole(-6, 12)
    months = {"from": month_text(draw.first + first), "to": month_text(draw.first + first + draw.whole(0, 20))}
    return {"name": f"Block {site}.{number}", "mw": draw.number(1, 40), "usd_per_mwh": draw.number(15, 60), **months}


def _without_hosting(data: Data) -> None:
    """Hosted machines decide their hours themselves, so they are not where a cap or a block does: their fee becomes a rent."""
    for lease in data["leases"]:
        if lease["hosting"] is not None:
            lease["rent_usd_per_kw_month"] = 700 * lease["hosting"]["fee_usd_per_kwh"]
            lease["hosting"] = None


def _with_a_policy_of_peaks(site: Data, seed: int) -> None:
    """Peaks are avoided or not as a policy where a block or a cap decides hours."""
    own = random.Random(f"policy {seed} {site['name']}")
    for peak in site["coincident_peaks"]:
        peak["avoid"] = own.choice(["always", "always", "never"])


def with_resale_terms(scenario: hl.Scenario, seed: int) -> hl.Scenario:
    """The scenario with blocks that may not be resold in full, at sites that buy at index, whatever else decides their hours."""
    own, data = Draw(seed), scenario.model_dump(mode="json", by_alias=True)
    own.random, own.first, own.length = (
        random.Random(f"resale {seed}"),
        month_number(str(scenario.calendar.start)),
        scenario.calendar.length,
    )
    for number, site in enumerate(data["sites"]):
        site["supply"] = {"kind": "index", "adder_usd_per_mwh": own.number(-5, 10)}
        _with_a_policy_of_peaks(site, seed)
        site["delivery"] = own.random.choice([None, {"usd_per_mwh": own.path(0, 8), "loss_fraction": own.number(0, 0.1)}])
        site["blocks"] = [random_block(own, number, k) for k in range(own.whole(1, 3))]
        for block in site["blocks"]:
            block["resale_fraction"] = own.random.choice([0, 1, own.number(0, 1)])
            block["resale_fee_usd_per_mwh"] = own.random.choice([0, own.number(0, 20)])
    data["finance"]["treasury"] = None
    _without_hosting(data)
    return hl.Scenario.model_validate(data)


def with_energy_caps(scenario: hl.Scenario, seed: int) -> hl.Scenario:
    """The scenario with caps on what some sites draw in a year, whatever else decides their hours."""
    own, data = Draw(seed), scenario.model_dump(mode="json", by_alias=True)
    own.random, own.first = random.Random(f"caps {seed}"), month_number(str(scenario.calendar.start))
    own.length = scenario.calendar.length
    for site in data["sites"]:
        _with_a_policy_of_peaks(site, seed)
        site["delivery"] = own.random.choice([None, {"usd_per_mwh": own.path(0, 8), "loss_fraction": own.number(0, 0.1)}])
        most = 8_760 * max(step["mw_total"] for step in site["energised_mw"])
        if own.chance(0.8):
            site["energy_cap"] = {"mwh_per_year": most * own.random.choice([own.number(0, 0.05), own.number(0, 0.3)])}
    data["finance"]["treasury"] = None
    _without_hosting(data)
    return hl.Scenario.model_validate(data)


def random_fleet(draw: Draw, number: int, sites: int) -> Data:
    fleet: Data = {"name": f"Fleet {number}", "site": f"Site {draw.whole(1, sites)}"}
    fleet |= (
        {"mw": draw.random.choice([0, draw.number(1, 12), draw.number(8, 40)])}
        if draw.chance(0.6)
        else {"hashrate_eh": draw.number(0.1, 1.2)}
    )
    fleet |= {"asic": draw.random.choice(["S19 Pro", "S23 Hyd"])} if draw.chance(0.3) else {"j_per_th": draw.number(8, 35)}
    first = draw.random.choice([None, draw.whole(-10, max(0, draw.length - 1))])
    retired = draw.random.choice([None, draw.whole(-2, draw.length + 4)])
    if first is not None:
        fleet["from"] = month_text(draw.first + first)
        retired = None if retired is None else max(retired, first + 1)
    if retired is not None:
        fleet["retire_month"] = month_text(draw.first + retired)
    return fleet | {
        "overhead": draw.number(1, 1.2),
        "pool_fee_fraction": draw.random.choice([0, 0.01, draw.number(0, 0.5)]),
        "uptime_fraction": draw.random.choice([1, draw.number(0.5, 1)]),
        "variable_opex_usd_per_mwh": draw.random.choice([0, draw.number(0, 20)]),
        "fixed_opex_usd_per_mw_month": draw.random.choice([0, draw.number(100, 8000)]),
        "resale_usd_per_th": draw.random.choice([0, draw.number(0, 5)]),
    }


def random_lease(draw: Draw, number: int, sites: int) -> Data:
    term = draw.random.choice([3, 7, 12, 13, 24, 30])
    free = draw.random.choice([0, 0, 1])
    shares = draw.shares() if draw.chance(0.5) else [1.0]
    extensions = [
        {
            "years": draw.random.choice([3, 12, 20]) / 12,
            "exercise_probability_fraction": draw.random.choice([0, 1, draw.number(0, 1)]),
        }
        for _ in range(draw.random.choice([0, 0, 1, 2]))
    ]
    lease: Data = {
        "name": f"Lease {number}",
        "site": f"Site {draw.whole(1, sites)}",
        "gross_up": draw.number(1, 1.6),
        "escalator_per_year": draw.random.choice([0, 0.03, -0.02]),
        "term_years": term / 12,
        "extensions": extensions,
        "free_months": free,
        "phases": [{"months_after_start": min(k, term - free - 1), "share_fraction": share} for k, share in enumerate(shares)],
        "conversion_outage_months": draw.random.choice([0, 1, 5]),
        "mw_after_term": draw.random.choice(["returned", "kept"]),
    }
    if draw.chance(0.35):
        lease["debt"] = random_debt(draw, term)
    lease |= random_lease_money(draw) | random_lease_dates(draw, lease)
    lease |= random_other_terms(random.Random(f"{draw.first} {draw.length} {lease['gross_up']}"), term)
    lease = random_gpus(random.Random(f"GPUs {lease['gross_up']}"), lease, term)
    return random_hosting(random.Random(f"hosting {lease['gross_up']}"), lease)


def random_gpus(draw: random.Random, lease: Data, term: int) -> Data:
    """A cloud of GPUs in a quarter of the leases; from a source of its own."""
    if draw.random() > 0.25:
        return lease
    cloud: Data = {
        "gpus_per_critical_mw": draw.uniform(200, 1000),
        "gpu_capex_usd_per_gpu": draw.choice([0, draw.uniform(500, 9000)]),
        "hours_sold_fraction": draw.choice([1, draw.random()]),
        "price_decay_per_year": draw.choice([0, draw.uniform(0, 0.5)]),
        "gpu_paid_months_before_start": draw.choice([0, 3]),
        "gpu_resale_fraction": draw.choice([0, draw.random()]),
        "gpu_depreciation_years": draw.choice([1, 1.4, 5]),
    }
    if draw.random() < 0.6:
        cloud |= {"refresh_years": draw.choice([3, 7, term]) / 12, "refresh_cost_fraction": draw.choice([1, draw.random()])}
    if draw.random() < 0.6:
        lease = {key: value for key, value in lease.items() if key not in ("rent_usd_per_kw_month", "contract_value_usd")}
        cloud["usd_per_gpu_hour"] = draw.uniform(0.05, 3)
    return {**lease, "gpu_cloud": cloud}


def random_hosting(draw: random.Random, lease: Data) -> Data:
    """Hosted machines in a quarter of the leases; from a source of its own."""
    if draw.random() > 0.25:
        return lease
    instead = ("rent_usd_per_kw_month", "contract_value_usd", "gpu_cloud", "opex_fraction_of_rent", "load_factor_fraction")
    lease = {key: value for key, value in lease.items() if key not in instead}
    curtailed = draw.choice(["never", "above_strike", "by_customer", "by_customer"])
    hosting: Data = {
        "fee_usd_per_kwh": draw.uniform(0.02, 0.12),
        "uptime_fraction": draw.choice([1, draw.uniform(0.5, 1)]),
        "j_per_th": draw.uniform(12, 30),
        "pool_fee_fraction": draw.choice([0, 0.02]),
        "revenue_share_fraction": draw.choice([0, draw.uniform(0, 0.5)]),
        "curtailed": curtailed,
        "interruptible": draw.random() < 0.5,
    }
    if curtailed == "above_strike":
        hosting["strike_usd_per_mwh"] = draw.uniform(10, 120)
    if curtailed == "by_customer":
        hosting |= {"minimum_bill_fraction": draw.choice([0, draw.random()]), "share_of": draw.choice(["revenue", "profit"])}
    return {**lease, "hosting": hosting}


def random_other_terms(draw: random.Random, term: int) -> Data:
    """Each of the terms beside rent and construction in a third of the leases; from a source of its own."""

    def some(terms: Data) -> Data:
        return terms if draw.random() < 0.35 else {}

    before, first = draw.choice([0, 2, 14]), draw.randrange(term)
    delays = [{"months": draw.randint(1, 6), "probability_fraction": draw.choice([0, 0.2, 0.45])} for _ in range(2)]
    months = sorted(draw.sample(range(1, term), draw.randint(1, min(2, term - 1))))
    rights = [
        {
            "by": draw.choice(["tenant", "landlord"]),
            "month_from_start": month,
            "probability_fraction": draw.choice([0, 1, draw.random()]),
            "fee_months_of_rent": draw.choice([0, draw.uniform(0, 12)]),
            "fee_usd_per_critical_mw": draw.choice([0, draw.uniform(1e4, 1e6)]),
        }
        for month in months
    ]
    default = {
        "hazard_per_year": draw.choice([0, draw.uniform(0, 0.5)]),
        "recovery_fraction": draw.choice([0, draw.random()]),
        "backstop_fraction": draw.choice([0, 1, draw.random()]),
        "backstop_limit_fraction_of_contract_value": draw.choice([1, draw.uniform(0, 0.3)]),
    }
    ahead = {"contract_value_fraction": draw.uniform(0, 0.5), "paid_months_before_start": before}
    costs = [
        {
            "kind": kind,
            draw.choice(["usd_per_kw_month", "fraction_of_capex_per_year"]): draw.uniform(0, 0.05),
            "escalator_per_year": draw.choice([0, draw.uniform(-0.02, 0.1)]),
            "tenant_share_fraction": draw.choice([0, 1, draw.random()]),
            "tenant_share_of_rises_fraction": draw.choice([None, 0, 1, draw.random()]),
        }
        | draw.choice([{}, {"abated_years": draw.randint(1, 3), "abated_fraction": draw.uniform(0.1, 1)}])
        for kind in draw.sample(["ground_rent", "property_tax", "insurance", "maintenance"], draw.randint(1, 4))
    ]
    level = {"rent_at_risk_fraction": draw.uniform(0, 1), "expected_loss_fraction": draw.uniform(0, 1)}
    return (
        some({"prepayment": {**ahead, "credited_from_month": first, "credited_months": draw.randint(1, term - first)}})
        | some({"deposit": {"months_of_rent": draw.uniform(0, 12), "paid_months_before_start": before}})
        | some({"tenant_default": default})
        | some({"terminations": rights})
        | some({"service_level": level})
        | some({"property_costs": costs})
        | some({"delays": delays, "delay_penalty_fraction_of_rent": draw.choice([0, draw.uniform(0, 2)])})
    )


def random_choices(leases: list[Data]) -> list[Data]:
    """Minimum sizes, a group and prerequisites for some of the leases; from a source of its own."""
    draw = random.Random(repr([lease["gross_up"] for lease in leases]))
    for lease in leases:
        if lease["status"] == "offered" and not lease["indivisible"] and draw.random() < 0.4:
            lease["minimum_critical_mw"] = draw.uniform(0.2, 1) * lease["critical_it_mw"]
    if len(leases) > 1 and draw.random() < 0.5:
        for lease in draw.sample(leases, 2):
            lease["exclusive_group"] = "Either"
    if len(leases) > 1 and draw.random() < 0.5:
        later, earlier = draw.sample(leases, 2)
        if later["status"] == "offered":
            later["requires"] = earlier["name"]
    return leases


def random_lease_money(draw: Draw) -> Data:
    money: Data = {
        "capex_usd_per_critical_mw": draw.random.choice([0, draw.number(1e5, 2e6)]),
        "tenant_funded_capex_fraction": draw.random.choice([0, 0, 1, draw.number(0, 1)]),
        "opex_usd_per_kw_month": draw.random.choice([0, draw.number(0, 20)]),
        "opex_fraction_of_rent": draw.random.choice([0, draw.number(0, 0.3)]),
        "opex_escalator_per_year": draw.random.choice([0, 0.025]),
        "power_paid_by": draw.random.choice(["tenant", "landlord"]),
        "load_factor_fraction": draw.random.choice([1, draw.number(0.3, 1)]),
        "demand_charge_paid_by": draw.random.choice(["tenant", "landlord"]),
    }
    if draw.chance(0.7):
        money["rent_usd_per_kw_month"] = draw.number(40, 200)
    else:
        money["contract_value_usd"] = draw.number(3e6, 3e7)
    if draw.chance(0.5):
        money["residual_value_fraction_of_capex"] = draw.random.choice([0, draw.number(0, 1)])
    else:
        money["residual_value_usd_per_critical_mw"] = draw.number(1e4, 5e5)
    return money


def random_lease_dates(draw: Draw, lease: Data) -> Data:
    if draw.chance(0.5):
        dates: Data = {"build_months": draw.random.choice([0, 1, 4])}
    else:
        spending = [{"month_from_start": draw.whole(-8, 5), "share_fraction": share} for share in draw.shares()]
        dates = {"capex_spending": spending}
    if draw.chance(0.3):
        return dates | {
            "status": "signed",
            "critical_it_mw": draw.number(0.1, 3),
            "start_month": draw.month(-round(12 * lease["term_years"]), draw.length - 1),
        }
    earliest = draw.whole(-3, draw.length)
    window = {"earliest": month_text(draw.first + earliest), "latest": month_text(draw.first + earliest + draw.whole(0, 8))}
    if draw.chance(0.3):
        dates["reserved_until"] = draw.month(-2, draw.length + 2)
    return dates | {
        "status": "offered",
        "critical_it_mw": draw.number(0.5, 12),
        "indivisible": draw.chance(0.4),
        "lead_time_months": draw.random.choice([0, 0, 3]),
        "start_window": {**window, "every_months": draw.random.choice([1, 2, 3])},
    }


def random_sales(seed: int, draw: Draw, fleets: list[Data]) -> list[Data]:
    """A market for used machines for some of the fleets; from a source of its own."""
    own = Draw(seed)
    own.random, own.first, own.length = random.Random(f"sales {seed}"), draw.first, draw.length
    for fleet in fleets:
        if own.chance(0.4):
            earliest = own.whole(-2, max(0, own.length - 1))
            fleet["sale"] = {
                "usd_per_th": own.path(0, 6),
                "follows_hashprice_fraction": own.random.choice([0, 1, own.number(0, 1)]),
                "window": {
                    "earliest": month_text(own.first + earliest),
                    "latest": month_text(own.first + earliest + own.whole(0, 20)),
                    "every_months": own.random.choice([1, 1, 4]),
                },
            }
    return fleets


def random_moves(seed: int, draw: Draw, fleets: list[Data], sites: int) -> list[Data]:
    """Ways to move some of the fleets to another site, where there is one; from a source of its own."""
    own, found = Draw(seed), list[Data]()
    own.random, own.first, own.length = random.Random(f"moves {seed}"), draw.first, draw.length
    for number, fleet in enumerate(fleets if sites > 1 else []):
        if own.chance(0.9):
            earliest = own.whole(-2, max(0, own.length // 2))
            found.append(
                {
                    "name": f"Moved {number}",
                    "fleet": fleet["name"],
                    "site": {"Site 1": "Site 2", "Site 2": "Site 1"}[fleet["site"]],
                    **own.random.choice(
                        [{"usd_per_mw": own.number(100, 30_000)}, {"usd_per_th": own.number(0, 0.1)}, {"usd_per_mw": 0}]
                    ),
                    "downtime_months": own.random.choice([0, 1, 3]),
                    "overhead": own.number(1, 1.2),
                    "uptime_fraction": own.number(0.5, 1),
                    "variable_opex_usd_per_mwh": own.number(0, 20),
                    "fixed_opex_usd_per_mw_month": own.random.choice([0, own.number(100, 8000)]),
                    "window": {
                        "earliest": month_text(own.first + earliest),
                        "latest": month_text(own.first + earliest + own.whole(0, 20)),
                        "every_months": own.random.choice([1, 1, 4]),
                    },
                }
            )
    return found


def random_machines(seed: int, draw: Draw, sites: int) -> list[Data]:
    """Machines on offer in half of the scenarios; from a source of its own."""
    own = Draw(seed)
    own.random, own.first, own.length = random.Random(f"machines {seed}"), draw.first, draw.length
    return [random_machine_offer(own, number, sites) for number in range(own.random.choice([0, 0, 1, 2]))]


def random_machine_offer(draw: Draw, number: int, sites: int) -> Data:
    fleet = random_fleet(draw, number, sites)
    kept = ("site", "asic", "j_per_th", "overhead", "pool_fee_fraction", "uptime_fraction", "variable_opex_usd_per_mwh")
    earliest = draw.whole(-3, draw.length)
    return {key: fleet[key] for key in (*kept, "fixed_opex_usd_per_mw_month", "resale_usd_per_th") if key in fleet} | {
        "name": f"Machines {number}",
        **draw.random.choice([{"mw": draw.number(1, 30)}, {"hashrate_eh": draw.number(0.1, 1.2)}]),
        "usd_per_th": draw.path(0.2, 8),
        "paid_months_before_delivery": draw.random.choice([0, 0, 1, 4]),
        "delivery_window": {
            "earliest": month_text(draw.first + earliest),
            "latest": month_text(draw.first + earliest + draw.whole(0, 12)),
            "every_months": draw.random.choice([1, 2, 5]),
        },
        "life_months": draw.random.choice([1, 6, 13, 60]),
    }


def with_expansions(seed: int, draw: Draw, sites: list[Data]) -> list[Data]:
    """Sites with uncertain steps of ramps and with expansions in half of the scenarios; from a source of its own."""
    own = Draw(seed)
    own.random, own.first, own.length = random.Random(f"expansions {seed}"), draw.first, draw.length
    if own.chance(0.5):
        return sites
    found = []
    for number, site in enumerate(sites, start=1):
        ramps = {
            field: [{**step, "probability": own.random.choice([1, 1, own.number(0, 1)])} for step in site[field]]
            for field in ("energised_mw", "hpc_suitable_mw")
            if field in site
        }
        more = [random_expansion(own, f"Expansion {number}.{k}") for k in range(own.whole(0, 2))]
        counted = own.random.choice(["firm_only", "expected", "all"])
        found.append({**site, **ramps, "expansions": more, "mw_counted": counted})
    return found


def random_expansion(draw: Draw, name: str) -> Data:
    earliest = draw.whole(-3, draw.length - 1)
    window = {
        "earliest": month_text(draw.first + earliest),
        "latest": month_text(draw.first + earliest + draw.whole(0, 15)),
        "every_months": draw.random.choice([1, 1, 3]),
    }
    build = draw.random.choice([0, 1, 5])
    return {
        "name": name,
        "mw": draw.number(1, 40),
        "capex_usd_per_mw": draw.random.choice([0, draw.number(2e4, 6e5)]),
        "build_months": build,
        "lead_months": draw.whole(0, 6),
        "window": draw.random.choice([None, window]),
        "fixed_usd_per_mw_month": draw.random.choice([0, draw.number(100, 3000)]),
        "residual_fraction": draw.random.choice([0, draw.number(0, 0.9)]),
        "hpc_suitable_fraction": draw.random.choice([0, 1, draw.number(0, 1)]),
        "probability": draw.random.choice([1, 1, draw.number(0.1, 1)]),
    }


def random_schedule(draw: Draw) -> Data:
    if draw.chance(0.4):
        return {"depreciation_years": draw.random.choice([1, 1.3, 5, 15])}
    macrs_years = draw.random.choice([5, 7, 15, 39])
    return {"macrs_years": macrs_years, "bonus_fraction": 0 if macrs_years == 39 else draw.random.choice([0, 1, draw.number(0, 1)])}


def random_debt(draw: Draw, term: int) -> Data:
    grace = draw.whole(0, term - 3) if draw.chance(0.5) else 0
    return {
        "loan_to_cost_fraction": draw.random.choice([1, draw.number(0, 1)]),
        "rate_per_year": draw.random.choice([0, draw.number(0.01, 0.12)]),
        "amortisation_years": draw.whole(3, term - grace) / 12,
        "grace_months": grace,
        "fee_fraction": draw.random.choice([0, draw.number(0, 0.03)]),
        "interest_while_building": draw.random.choice(["paid", "capitalised"]),
    }


def random_finance(draw: Draw) -> Data:
    rates = {
        kind: draw.random.choice([0, draw.number(0.01, 0.2)]) for kind in ("mining", "lease", "capex", "power_contract", "debt")
    }
    finance: Data = {
        "valuation_date": f"{month_text(draw.first)}-01",
        "dollars": "nominal",
        "discount_rate_per_year": rates,
    }
    if draw.chance(0.6):
        schedule = random_schedule(draw)
        machines = {1: None, 1.3: 1, 5: 2.5, 15: None}.get(schedule.get("depreciation_years", 5))
        finance["tax"] = {"rate_fraction": draw.number(0, 0.4), **schedule, "machine_depreciation_years": machines}
        if schedule.get("macrs_years") in (5, 39):
            finance["tax"]["machine_depreciation_years"] = None
    if draw.chance(0.4):
        years = range(draw.first // 12, draw.first // 12 + draw.whole(1, 3))
        finance["capex_budget_usd"] = {str(year): draw.random.choice([0, draw.number(1e5, 2e7)]) for year in years}
    if draw.chance(0.3):
        years = range(draw.first // 12 - 1, draw.first // 12 + draw.whole(1, 4))
        finance["cumulative_capex_budget_usd"] = {str(year): draw.number(1e5, 3e7) for year in years}
        finance["capex_budget_is_net_of_debt"] = draw.chance(0.5)
    if draw.chance(0.3):
        kept = {"hold_fraction": draw.random.choice([1, draw.number(0, 1)])}
        finance["treasury"] = kept | ({"sell_month": draw.month(0, draw.length - 1)} if draw.chance(0.5) else {})
    return finance


def random_scenario(seed: int, machines: bool = True) -> hl.Scenario | None:
    """A scenario, or None where the draws do not fit together (a window without a start, a fleet larger than its site).

    machines: whether machines may be bought, sold and moved, and sites expanded.
    """
    draw = Draw(seed)
    sites = draw.whole(1, 2)
    written: Data = {
        "name": f"random-{seed}",
        "horizon": {"end": month_text(draw.first + draw.length - 1)},
        "market": {"hashprice": random_hashprice(draw)},
        "power": {"zones": [random_zone(draw, number) for number in (1, 2)], "multiplier": draw.random.choice([1, 1, 0.7])},
        "sites": [random_site(draw, number + 1) for number in range(sites)],
        "fleets": [random_fleet(draw, number, sites) for number in range(draw.whole(0, 3))],
        "leases": random_choices([random_lease(draw, number, sites) for number in range(draw.whole(0, 3))]),
        "finance": random_finance(draw),
        "machine_offers": random_machines(seed, draw, sites) if machines else [],
    }
    written["fleets"] = random_sales(seed, draw, written["fleets"]) if machines else written["fleets"]
    written["sites"] = with_expansions(seed, draw, written["sites"]) if machines else written["sites"]
    written["machine_moves"] = random_moves(seed, draw, written["fleets"], sites) if machines else []
    if draw.chance(0.2) and written["leases"]:
        del written["horizon"]
    try:
        return hl.Scenario.model_validate(with_hourly_prices(seed, written))
    except ValidationError:
        return None


RULES = {
    "hashrate": ("at_least", "at_most"),
    "mining_share": ("at_least", "at_most"),
    "lease_share": ("at_least", "at_most"),
    "load": ("at_least", "at_most"),
    "curtailable_share": ("at_least",),
    "tenant_share": ("at_most",),
    "tenant_rent_share": ("at_most",),
    "tenant_mw": ("at_most",),
}
"""Kinds of rules and the sides on which they limit."""


def with_rules(scenario: hl.Scenario, seed: int) -> hl.Scenario:
    """The scenario with two to five rules of any kind, near what its machines and leases can do; from a source of its own."""
    draw = random.Random(f"rules {seed}")
    written: Data = scenario.model_dump(mode="json", by_alias=True)
    for lease in written["leases"]:
        lease["tenant"] = draw.choice([None, "X", "Y"])
    rules = [random_rule(draw, scenario, f"Rule {number}") for number in range(draw.randint(2, 5))]
    written["rules"] = [rule for rule in rules if any(field.startswith("at_") for field in rule)]
    return hl.Scenario.model_validate(written)


def random_rule(draw: random.Random, scenario: hl.Scenario, name: str) -> Data:
    """Upper limits of some share of what there is, lower ones of some of the MW that mine at least in each of the rule's months."""
    kind, length = draw.choice(list(RULES)), scenario.calendar.length
    rule: Data = {"name": name, "kind": kind}
    site = draw.choice(scenario.sites).name if draw.random() < 0.4 else None
    start = draw.randrange(length) if draw.random() < 0.5 else 0
    end = draw.randint(start, length) if draw.random() < 0.5 else length - 1
    rule |= {"site": site, "from": str(scenario.calendar.start + start), "to": str(scenario.calendar.start + end)}
    fleets = [fleet for fleet in scenario.fleets if site in (None, fleet.site)]
    least = min(
        sum(float(fleet.available_mw(scenario.calendar)[t]) for fleet in fleets) for t in range(start, min(end + 1, length))
    )
    machines = sum(fleet.owned_mw for fleet in fleets)
    per_eh = max([fleet.mw_per_eh for fleet in fleets], default=20.0)
    for side in RULES[kind] if draw.random() < 0.5 else RULES[kind][-1:]:
        mw = draw.uniform(0, 0.35) * min(least, 20.0) if side == "at_least" else draw.uniform(0.3, 1) * machines
        if kind == "hashrate":
            rule[f"{side}_eh"] = max(mw / per_eh, 0.001) if side == "at_most" else mw / per_eh if mw / per_eh > 0.001 else 0.0
        elif kind == "load":
            rule[f"{side}_mw"] = max(mw, 15.0) if side == "at_most" else mw if mw > 0.01 else 0.0
        elif kind == "tenant_mw":
            rule[f"{side}_mw"] = draw.uniform(3, 20)
        else:
            low = draw.choice([0.0, 0.0, 0.03]) if kind == "lease_share" else 0.0 if least < 5 else draw.uniform(0, 0.08)
            rule[f"{side}_fraction"] = low if side == "at_least" else draw.uniform(0.25, 1)
    if rule.get("at_least_eh", 0) > rule.get("at_most_eh", 1e9) or rule.get("at_least_mw", 0) > rule.get("at_most_mw", 1e9):
        rule = {field: value for field, value in rule.items() if not field.startswith("at_least")}
    return rule


def random_case(case: int, machines: bool = True) -> hl.Scenario:
    """The first valid scenario of a row of seeds; the odds are about two in three."""
    drawn: Iterator[hl.Scenario | None] = (random_scenario(1000 * case + attempt, machines) for attempt in range(30))
    return next(scenario for scenario in drawn if scenario is not None)
