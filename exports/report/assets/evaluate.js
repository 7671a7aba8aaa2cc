// The value, cash and MW of every plan at any multipliers of hashprice, rent and market price; see optimizer/plan_terms.py for the
// formulas. Plain numbers in, plain numbers out: no page, no chart.
"use strict";

/** A packed list as an array; numbers as Float64Array where `numeric`. */
function unpack(packed, numeric) {
  let found = packed;
  if (!Array.isArray(packed)) {
    found = [];
    for (let at = 0; at < packed.runs.length; at += 2) {
      const value = packed.of[packed.runs[at]];
      for (let left = packed.runs[at + 1]; left > 0; left--) found.push(value);
    }
  }
  return numeric ? Float64Array.from(found) : found;
}

/** A zone's prices by month, ascending, with the hours and the cost of one MW up to each; one copy for months of one shape. */
class Zone {
  constructor(data) {
    this.name = data.name;
    this.prices = data.price.rows.map((row) => unpack(row, true));
    this.hours = data.hours.rows.map((row) => unpack(row, true));
    this.priceRow = unpack(data.price.row);
    this.priceTimes = unpack(data.price.times);
    this.hoursRow = unpack(data.hours.row);
    this.hoursTimes = unpack(data.hours.times);
    this.sums = new Map();
  }

  /** Prefix sums of hours and of price x hours of a month's shapes. */
  month(t) {
    const key = this.priceRow[t] * this.hours.length + this.hoursRow[t];
    let found = this.sums.get(key);
    if (!found) {
      const price = this.prices[this.priceRow[t]];
      const hours = this.hours[this.hoursRow[t]];
      found = { price, hours: new Float64Array(price.length + 1), cost: new Float64Array(price.length + 1) };
      for (let n = 0; n < price.length; n++) {
        found.hours[n + 1] = found.hours[n] + hours[n];
        found.cost[n + 1] = found.cost[n] + hours[n] * price[n];
      }
      this.sums.set(key, found);
    }
    return found;
  }

  /** [hours of month t in which p x price < limit, their price x hours without p]. */
  running(t, p, limit) {
    const sums = this.month(t);
    const times = this.priceTimes[t];
    let low = 0;
    let high = sums.price.length;
    if (p > 0) {
      while (low < high) {
        const middle = (low + high) >> 1;
        if (p * (times * sums.price[middle]) < limit) low = middle + 1;
        else high = middle;
      }
    } else {
      low = limit > 0 ? high : 0;
    }
    return [this.hoursTimes[t] * sums.hours[low], this.hoursTimes[t] * times * sums.cost[low]];
  }

  monthHours(t) {
    const sums = this.month(t);
    return this.hoursTimes[t] * sums.hours[sums.hours.length - 1];
  }

  /** [[price, hours], ...] of the months, cheapest hours first. */
  duration(months) {
    const points = [];
    for (const t of months) {
      const price = this.prices[this.priceRow[t]];
      const hours = this.hours[this.hoursRow[t]];
      for (let n = 0; n < price.length; n++) {
        if (hours[n] > 0) points.push([this.priceTimes[t] * price[n], this.hoursTimes[t] * hours[n]]);
      }
    }
    return points.sort((a, b) => a[0] - b[0]);
  }
}

function bestOf(values) {
  let best = 0;
  for (let plan = 1; plan < values.length; plan++) if (values[plan] > values[best]) best = plan;
  return best;
}

/** Means over the months in which a fleet is there, by hours. `monthly`: its {edge, share} by month, or null for one off the market. */
function edgesOf(model, zone, months, monthly) {
  const found = [];
  model.fleets.forEach((fleet, k) => {
    const there = months.filter((t) => fleet.available[t] > 0);
    const of = fleet.zone === zone && there.length ? monthly(fleet, k) : null;
    if (!of) return;
    const hours = there.reduce((sum, t) => sum + model.zones[zone].monthHours(t), 0);
    const mean = (row) => there.reduce((sum, t) => sum + model.zones[zone].monthHours(t) * row[t], 0) / hours;
    found.push({ name: fleet.name, site: fleet.site, edge: mean(of.edge), share: mean(of.share) });
  });
  return found;
}

class Model {
  constructor(data) {
    this.months = data.months;
    this.length = data.months.length;
    this.tax = data.tax_rate;
    this.zones = data.zones.map((zone) => new Zone(zone));
    this.fleets = data.fleets.map((fleet) => ({
      ...fleet,
      fixed_price: fleet.fixed_price && unpack(fleet.fixed_price, true),
      revenue: unpack(fleet.revenue, true),
      charge: unpack(fleet.charge, true),
      available: unpack(fleet.available, true),
    }));
    this.options = data.options.map((option) => ({
      ...option,
      uses: Object.fromEntries(Object.entries(option.uses).map(([use, mw]) => [use, unpack(mw, true)])),
      adds: option.adds && unpack(option.adds, true),
    }));
    this.plans = data.plans.map((plan) => ({ ...plan, machines: plan.machines.map((mw) => unpack(mw, true)) }));
    this.sites = data.sites.map((site) => ({ name: site.name, energised: unpack(site.energised, true) }));
    this.factors = {};
    for (const [kind, rate] of Object.entries(data.rates)) {
      for (const [when, years] of Object.entries(data.years)) {
        this.factors[kind + " " + when] = Float64Array.from(years, (y) => Math.pow(1 + rate, -y));
      }
    }
    this.rows = data.rows.map((row) => {
      const usd = unpack(row.usd, true);
      const factor = this.factors[row.kind + " " + row.when];
      return { ...row, usd, value: usd.reduce((sum, amount, t) => sum + amount * factor[t], 0) };
    });
  }

  /** Hours that run, energy cost and margin before tax of one MW of a fleet by month, USD; and revenue less the pool's fee. */
  fleetHours(k, at) {
    const fleet = this.fleets[k];
    const zone = this.zones[fleet.zone];
    const found = { runs: new Float64Array(this.length), energy: new Float64Array(this.length), margin: new Float64Array(this.length) };
    for (let t = 0; t < this.length; t++) {
      const kept = at.hashprice * fleet.revenue[t] * (1 - fleet.pool_fee) - fleet.variable;
      let runs;
      let energy;
      if (fleet.fixed_price) {
        runs = kept > fleet.fixed_price[t] ? zone.monthHours(t) : 0;
        energy = runs * fleet.fixed_price[t];
      } else {
        const [hours, usd] = zone.running(t, at.power, kept - fleet.adder);
        runs = hours;
        energy = at.power * usd + fleet.adder * hours;
      }
      runs *= fleet.uptime;
      energy *= fleet.uptime;
      found.runs[t] = runs;
      found.energy[t] = energy;
      found.margin[t] = kept * runs - energy - fleet.fixed - fleet.charge[t];
    }
    return found;
  }

  scale(row, at) {
    return row.scales === "rent" ? at.rent : row.scales === "power" ? at.power : 1;
  }

  /** Value of one MW of each option (critical MW of a lease, meter MW of an expansion) without rent and of rent at a multiplier of 1, and of what no decision changes, USD. */
  optionValues(at) {
    const fixed = new Float64Array(this.options.length);
    const rent = new Float64Array(this.options.length);
    let standing = 0;
    for (const row of this.rows) {
      if (row.scales === "rent" && row.option >= 0) rent[row.option] += row.value;
      else if (row.option >= 0) fixed[row.option] += this.scale(row, at) * row.value;
      else standing += this.scale(row, at) * row.value;
    }
    return { fixed, rent, standing };
  }

  /** Values of all plans as straight lines in the rent multiplier: USD at a rent of 0, and USD per unit of it. */
  linesInRent(at) {
    const factor = this.factors["mining middle"];
    const worth = this.fleets.map((_, k) =>
      this.fleetHours(k, at).margin.map((margin, t) => Math.max(margin, 0) * (1 - this.tax) * factor[t]),
    );
    const { fixed, rent, standing } = this.optionValues(at);
    const level = new Float64Array(this.plans.length);
    const slope = new Float64Array(this.plans.length);
    this.plans.forEach((plan, i) => {
      let usd = standing;
      let perRent = 0;
      plan.machines.forEach((machines, k) => {
        const row = worth[k];
        for (let t = 0; t < machines.length; t++) usd += machines[t] * row[t];
      });
      plan.options.forEach((mw, option) => {
        usd += mw * fixed[option];
        perRent += mw * rent[option];
      });
      level[i] = usd;
      slope[i] = perRent;
    });
    return { level, slope };
  }

  /** Value of every plan, USD. */
  npv(at) {
    const { level, slope } = this.linesInRent(at);
    return level.map((usd, plan) => usd + at.rent * slope[plan]);
  }

  best(values) {
    return bestOf(values);
  }

  /** Energy of each fleet by month, MWh: mined, curtailed because power is dearer than its break-even, still because the month loses. */
  energy(plan, at) {
    return this.fleets.map((fleet, k) => {
      const { runs, margin } = this.fleetHours(k, at);
      const able = this.plans[plan].machines[k].map((mw, t) => mw * fleet.uptime * this.zones[fleet.zone].monthHours(t));
      const mined = this.plans[plan].machines[k].map((mw, t) => (margin[t] > 0 ? mw * runs[t] : 0));
      const curtailed = able.map((mwh, t) => (margin[t] > 0 ? mwh - mined[t] : 0));
      const still = able.map((mwh, t) => (margin[t] > 0 ? 0 : mwh));
      return { site: fleet.site, mined, curtailed, still };
    });
  }

  /** Break-even market prices of the fleets of a zone over some months, and the share of their hours that run. */
  edges(zone, months, at) {
    return edgesOf(this, zone, months, (fleet, k) => {
      if (fleet.fixed_price) return null;
      const { runs } = this.fleetHours(k, at);
      const edge = (t) => at.hashprice * fleet.revenue[t] * (1 - fleet.pool_fee) - fleet.variable - fleet.adder;
      const hours = (t) => fleet.uptime * this.zones[zone].monthHours(t);
      return { edge: fleet.revenue.map((_, t) => edge(t)), share: runs.map((amount, t) => amount / hours(t)) };
    });
  }

  /** Meter MW by site, use and name of a plan at prices: machines stand idle in months in which they would lose money. */
  allocation(plan, at) {
    const found = [];
    const add = (site, use, name, mw) => {
      if (!mw.some((value) => value > 1e-9)) return;
      const known = found.find((row) => row.site === site && row.use === use && row.name === name);
      if (known) mw.forEach((value, t) => (known.mw[t] += value));
      else found.push({ site, use, name, mw: Float64Array.from(mw) });
    };
    for (const site of this.sites) {
      this.options.forEach((option, number) => {
        const taken = this.plans[plan].options[number];
        if (taken && option.site === site.name) {
          for (const [use, mw] of Object.entries(option.uses)) add(site.name, use, option.offer, mw.map((value) => value * taken));
        }
      });
      this.fleets.forEach((fleet, k) => {
        if (fleet.site === site.name) add(site.name, "mining", fleet.name, this.mining(plan, k, at));
      });
      const left = this.energised(plan, site);
      for (const row of found) if (row.site === site.name) row.mw.forEach((value, t) => (left[t] -= value));
      found.push({ site: site.name, use: "idle", name: "", mw: left.map((value) => (Math.abs(value) < 1e-7 ? 0 : value)) });
    }
    return found;
  }

  /** Meter MW of a site that a plan may use, by month: energised ones and those of its expansions. */
  energised(plan, site) {
    const found = Float64Array.from(site.energised);
    this.options.forEach((option, number) => {
      const mw = this.plans[plan].options[number];
      if (option.adds && mw && option.site === site.name) option.adds.forEach((value, t) => (found[t] += mw * value));
    });
    return found;
  }

  /** Meter MW of a fleet that mine, by month. */
  mining(plan, k, at) {
    const { margin } = this.fleetHours(k, at);
    return this.plans[plan].machines[k].map((mw, t) => (margin[t] > 0 ? mw : 0));
  }

  /** Lines of the ledger of a plan: site, item, name, USD by month and the same discounted. */
  cash(plan, at) {
    const lines = [];
    const factor = this.factors["mining middle"];
    this.fleets.forEach((fleet, k) => {
      const { runs, energy, margin } = this.fleetHours(k, at);
      const mw = this.plans[plan].machines[k].map((value, t) => (margin[t] > 0 ? value : 0));
      if (!mw.some((value) => value > 0)) return;
      const revenue = (t) => at.hashprice * fleet.revenue[t] * runs[t];
      const items = {
        mining_revenue: revenue,
        pool_fee: (t) => -fleet.pool_fee * revenue(t),
        mining_power: (t) => -energy[t],
        mining_variable_opex: (t) => -fleet.variable * runs[t],
        mining_fixed_opex: () => -fleet.fixed,
        mining_demand_charge: (t) => -fleet.charge[t],
        income_tax: (t) => -this.tax * margin[t],
      };
      for (const [item, usd] of Object.entries(items)) this.push(lines, fleet.site, item, fleet.name, (t) => mw[t] * usd(t), factor);
    });
    for (const row of this.rows) {
      const times = (row.option < 0 ? 1 : this.plans[plan].options[row.option]) * this.scale(row, at);
      if (times) this.push(lines, row.site, row.item, row.name, (t) => times * row.usd[t], this.factors[row.kind + " " + row.when]);
    }
    return lines;
  }

  push(lines, site, item, name, amount, factor) {
    const usd = new Float64Array(this.length);
    for (let t = 0; t < this.length; t++) usd[t] = amount(t);
    if (!usd.some((value) => value !== 0)) return;
    let line = lines.find((one) => one.site === site && one.item === item && one.name === name);
    if (!line) {
      line = { site, item, name, usd: new Float64Array(this.length), discounted: 0 };
      lines.push(line);
    }
    for (let t = 0; t < this.length; t++) {
      line.usd[t] += usd[t];
      line.discounted += usd[t] * factor[t];
    }
  }

  /** Meter MW by expansion that a plan energises. */
  expansions(plan) {
    const found = new Map();
    this.options.forEach((option, number) => {
      const mw = this.plans[plan].options[number];
      if (mw && option.kind === "expand") found.set(option.offer, (found.get(option.offer) || 0) + mw);
    });
    return found;
  }

  /** Critical MW by offer of a plan; signed leases only where asked for. */
  leases(plan, signed) {
    const found = new Map();
    this.options.forEach((option, number) => {
      const mw = this.plans[plan].options[number];
      if (mw && !option.kind && (signed || !option.signed)) found.set(option.offer, (found.get(option.offer) || 0) + mw);
    });
    return found;
  }
}

if (typeof module !== "undefined") module.exports = { Model, Zone, unpack };
