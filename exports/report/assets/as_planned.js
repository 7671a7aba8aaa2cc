// The plan at the scenario's own prices, for a page that cannot revalue it: what the charts ask of Model, answered from figures that
// exports/report/as_planned.py took from the plan's tables, the ledger and the decision map.

class AsPlanned {
  constructor(data) {
    this.months = data.months;
    this.length = data.months.length;
    this.zones = data.zones.map((zone) => new Zone(zone));
    this.sites = data.sites.map((name) => ({ name }));
    this.rows = data.allocation.map((row) => ({ ...row, mw: unpack(row.mw, true) }));
    this.lines = data.cash.map((line) => ({ ...line, usd: unpack(line.usd, true) }));
    const monthly = ["mined", "curtailed", "still", "edge", "share", "available"];
    this.fleets = data.fleets.map((fleet) => ({ ...fleet, ...Object.fromEntries(monthly.map((name) => [name, unpack(fleet[name], true)])) }));
    this.hashprices = data.hashprices || [];
    this.plans = data.plans || [];
    this.hoursNote = data.hours_note;
  }

  allocation() {
    return this.rows;
  }

  cash() {
    return this.lines;
  }

  energy() {
    return this.fleets;
  }

  edges(zone, months) {
    return edgesOf(this, zone, months, (fleet) => (fleet.at_index ? fleet : null));
  }

  /** The column of the map that is nearest to a hashprice. */
  column(hashprice) {
    const [low, high] = [this.hashprices[0], this.hashprices[this.hashprices.length - 1]];
    return Math.round((clamp((hashprice - low) / (high - low), 0, 1) || 0) * (this.hashprices.length - 1));
  }

  linesInRent(at) {
    const n = this.column(at.hashprice);
    return { level: this.plans.map((plan) => plan.level[n]), slope: this.plans.map((plan) => plan.slope) };
  }

  npv(at) {
    const { level, slope } = this.linesInRent(at);
    return level.map((usd, plan) => usd + at.rent * slope[plan]);
  }

  best(values) {
    return bestOf(values);
  }

  /** Critical MW by offer that is taken. */
  leases(plan) {
    return new Map(this.plans[plan].leases);
  }
}
