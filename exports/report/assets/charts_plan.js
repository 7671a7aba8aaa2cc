// Charts of the plan that is shown, at the prices that are set: MW, cash, hours, prices, sites.
// A chart is a function of the page's state: {title, subtitle, label, height, option, legend, table, choices}.

// Okabe and Ito, Color Universal Design, and darker and lighter neighbours.
const [ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE] = ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"];
const OFFERS = [BLUE, "#9FD0F0", "#2F5D8C", SKY, GREEN, "#8FE0C4", PURPLE, "#7A4E8C"];
const FLEETS = [ORANGE, "#A65000", "#FBD38A", VERMILLION];
const GROUPS = { mining_revenue: ORANGE, rent: BLUE, lease_opex: SKY, lease_capex: "#8A4B20", residual_value: YELLOW, income_tax: VERMILLION, machine_sale: GREEN };
const MORE_GROUPS = [PURPLE, "#2F5D8C", "#7A8B99", "#8FE0C4"];
const PLAIN = {
  conversion: { text: "dark for a build", colour: "#B9B48A", stripes: true },
  kept: { text: "kept by buildings after the lease", colour: PURPLE, stripes: true },
  idle: { text: "idle", colour: "#C9C9C9" },
};
const USES = ["lease", "kept", "conversion", "mining", "idle"];
const USE_WORDS = { lease: "leases", mining: "mining" };
const MOST_NAMES = 12;

const charts = {};

/** What all charts share. */
function base(state, more = {}) {
  const { text, faint, line, card, font } = state.ink;
  return {
    animation: false,
    textStyle: { fontFamily: font, color: text },
    legend: { show: false, selected: {} },
    tooltip: {
      confine: true,
      backgroundColor: card,
      borderColor: line,
      borderWidth: 1,
      padding: 10,
      textStyle: { color: text, fontSize: 12 },
      extraCssText: "box-shadow:0 4px 16px rgba(0,0,0,.14);border-radius:8px;max-width:min(420px,80vw);white-space:normal",
      axisPointer: { type: "line", lineStyle: { color: faint, type: "solid", width: 1 }, shadowStyle: { color: "rgba(128,128,128,.12)" } },
      ...more.tooltip,
    },
    grid: { left: 8, right: 16, top: 14, bottom: 8, containLabel: true, ...more.grid },
  };
}

function axis(state, more = {}) {
  const { text, faint, line } = state.ink;
  return {
    axisLine: { lineStyle: { color: faint }, ...more.axisLine },
    axisTick: { lineStyle: { color: faint }, ...more.axisTick },
    axisLabel: { color: text, fontSize: 11, hideOverlap: true, ...more.axisLabel },
    splitLine: { show: false, lineStyle: { color: line }, ...more.splitLine },
    nameTextStyle: { color: faint, fontSize: 11, ...more.nameTextStyle },
    ...Object.fromEntries(Object.entries(more).filter(([key]) => !["axisLine", "axisTick", "axisLabel", "splitLine", "nameTextStyle"].includes(key))),
  };
}

function valueAxis(state, name, more = {}) {
  const signs = (value) => (value < 0 ? MINUS : "") + Math.abs(value).toLocaleString("en-US", { maximumFractionDigits: 6 });
  return axis(state, {
    type: "value",
    name,
    nameLocation: "end",
    nameGap: 8,
    nameTextStyle: { align: "left", padding: [0, 0, 0, -34] },
    splitLine: { show: true },
    axisLine: { show: false },
    axisTick: { show: false },
    ...more,
    axisLabel: { formatter: signs, ...more.axisLabel },
  });
}

const striped = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4, color: "rgba(0,0,0,.45)" };

/** Sums of a monthly row by year: total, or the mean over the months' days. */
function byYear(state, row, mean) {
  const found = new Map();
  const days = new Map();
  state.model.months.forEach((month, t) => {
    const year = Number(month.slice(0, 4));
    const weight = mean ? new Date(year, Number(month.slice(5)), 0).getDate() : 1;
    found.set(year, (found.get(year) || 0) + weight * row[t]);
    days.set(year, (days.get(year) || 0) + weight);
  });
  return [...found].map(([year, sum]) => [year, mean ? sum / days.get(year) : sum]);
}

function yearsOf(state) {
  return [...new Set(state.model.months.map((month) => Number(month.slice(0, 4))))];
}

/** A table of years by names. */
function yearTable(state, series, mean) {
  const rows = yearsOf(state).map((year) => [year]);
  for (const one of series) byYear(state, one.values, mean).forEach(([, value], at) => rows[at].push(value));
  return { columns: ["year", ...series.map((one) => one.name)], rows };
}

/** Bands from below: leases, MW kept and dark, fleets, idle; by name where there are few, else by use. */
function layers(state) {
  const rows = state.allocation.filter((row) => state.site === "" || row.site === state.site);
  const names = new Set(rows.filter((row) => USE_WORDS[row.use]).map((row) => row.use + row.name));
  const found = new Map();
  for (const use of USES) {
    for (const row of rows.filter((one) => one.use === use)) {
      const named = USE_WORDS[use] && names.size <= MOST_NAMES;
      const name = PLAIN[use] ? PLAIN[use].text : named ? row.name : USE_WORDS[use];
      const key = use + "\u0000" + name;
      if (!found.has(key)) {
        const colour = PLAIN[use] ? PLAIN[use].colour : !named ? (use === "lease" ? BLUE : ORANGE) : state.colours[use].get(row.name);
        found.set(key, { name, colour, stripes: PLAIN[use]?.stripes, use, values: new Float64Array(state.model.length) });
      }
      row.mw.forEach((mw, t) => (found.get(key).values[t] += mw));
    }
  }
  return distinct([...found.values()].filter((layer) => layer.values.some((mw) => mw > 1e-6)));
}

/** Series need different names; the same name of a fleet and an offer gets its use behind it. */
function distinct(series) {
  const seen = new Set();
  for (const one of series) {
    let name = one.name;
    while (seen.has(name)) name += " (" + (one.use || "2") + ")";
    seen.add((one.name = name));
  }
  return series;
}

charts.allocation = (state) => {
  const bands = layers(state);
  const { months } = state.model;
  const ends = [...months, "end"];
  const step = Math.max(1, Math.ceil(yearsOf(state).length / (state.wide ? 20 : 7)));
  const january = (index) => (ends[index] || "").endsWith("-01") && (Number(ends[index].slice(0, 4)) - Number(months[0].slice(0, 4))) % step === 0;
  const yearTicks = months.length > 18 ? january : (index) => index % Math.ceil(months.length / 8) === 0;
  const halvings = state.data.halvings.filter((month) => months.includes(month));
  return {
    title: "Allocation over time",
    subtitle: "MW at the meter by month and use" + (state.site ? ", " + state.site : state.model.sites.length > 1 ? ", all sites" : ""),
    label: "Stacked areas of megawatts by month: " + bands.map((band) => band.name).join(", "),
    height: 380,
    legend: bands.map((band) => ({ name: band.name, colour: band.colour, stripes: band.stripes })),
    table: yearTable(state, bands, true),
    tableNote: "mean MW of each year",
    choices: siteChoice(state),
    option: {
      ...base(state, { grid: { top: halvings.length ? 28 : 14 } }),
      xAxis: axis(state, {
        type: "category",
        data: ends,
        boundaryGap: false,
        axisTick: { interval: yearTicks },
        axisLabel: { interval: yearTicks, formatter: (month) => (months.length > 18 ? month.slice(0, 4) : month) },
      }),
      yAxis: valueAxis(state, ""),
      tooltip: {
        ...base(state).tooltip,
        trigger: "axis",
        formatter: (points) => {
          const t = Math.min(points[0].dataIndex, months.length - 1);
          const rows = bands.filter((band) => band.values[t] > 1e-6).map((band) => [band.colour, band.name, number(band.values[t], 1) + " MW"]);
          return tip(months[t], rows.reverse());
        },
      },
      series: bands.map((band, place) => ({
        name: band.name,
        type: "line",
        stack: "mw",
        step: "end",
        symbol: "none",
        color: band.colour,
        lineStyle: { width: 0.8, color: state.ink.card },
        areaStyle: { opacity: 1, color: band.colour },
        itemStyle: band.stripes ? { decal: striped } : {},
        emphasis: { disabled: true },
        data: [...band.values, band.values[months.length - 1]].map((mw) => Math.round(mw * 1e6) / 1e6),
        markLine: place || !halvings.length ? undefined : {
          silent: true,
          symbol: "none",
          lineStyle: { color: state.ink.text, type: "dotted" },
          label: { show: state.wide, formatter: (mark) => "halving " + mark.name, color: state.ink.faint, fontSize: 10, position: "end" },
          data: halvings.map((month) => ({ name: month, xAxis: months.indexOf(month) })),
        },
      })),
    },
  };
};

function siteChoice(state) {
  if (state.model.sites.length < 2) return [];
  return [{ name: "site", label: "Site", value: state.site, options: [["", "all sites"], ...state.model.sites.map((site) => [site.name, site.name])] }];
}

charts.cash = (state) => {
  const years = yearsOf(state);
  const lines = state.cash.filter((line) => state.site === "" || line.site === state.site);
  const sum = (items) => {
    const row = new Float64Array(state.model.length);
    for (const line of lines) if (items.includes(line.item)) line.usd.forEach((usd, t) => (row[t] += usd));
    return row;
  };
  const groups = state.data.groups
    .map((group, at) => ({ name: group.name, colour: GROUPS[group.items.find((item) => GROUPS[item])] || MORE_GROUPS[at % MORE_GROUPS.length], items: group.items, values: sum(group.items) }))
    .filter((group) => group.values.some((usd) => Math.abs(usd) > 0.005));
  const yearly = groups.map((group) => byYear(state, group.values).map(([, usd]) => usd));
  const net = years.map((_, at) => yearly.reduce((total, row) => total + row[at], 0));
  const items = [...new Set(groups.flatMap((group) => group.items))].map((item) => ({ name: words(item), values: sum([item]) }));
  const shownItems = items.filter((item) => item.values.some((usd) => usd !== 0));
  const table = yearTable(state, shownItems.map((item) => ({ name: item.name + " usd", values: item.values })));
  table.columns.push("net usd");
  table.rows.forEach((row, at) => row.push(net[at]));
  return {
    title: "Cash by year and line",
    subtitle: "M USD of each year, not discounted; inflows up, outflows down",
    label: "Stacked bars of cash by year: " + groups.map((group) => group.name).join(", "),
    height: 360,
    legend: [...groups.map((group) => ({ name: group.name, colour: group.colour })), { name: "net of the year", colour: state.ink.text, round: true }],
    table,
    option: {
      ...base(state),
      xAxis: axis(state, { type: "category", data: years.map(String), axisTick: { show: false }, axisLine: { onZero: false } }),
      yAxis: valueAxis(state, ""),
      tooltip: {
        ...base(state).tooltip,
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: "rgba(128,128,128,.12)" } },
        formatter: (points) => {
          const at = points[0].dataIndex;
          const rows = groups.map((group, place) => [group.colour, group.name, musd(yearly[place][at]) + " M"]);
          return tip(String(years[at]), [...rows.filter((_, place) => yearly[place][at]), [state.ink.text, "net", musd(net[at]) + " M"]]);
        },
      },
      series: [
        ...groups.map((group, place) => ({
          name: group.name,
          type: "bar",
          stack: "cash",
          barCategoryGap: "22%",
          color: group.colour,
          itemStyle: { borderColor: state.ink.card, borderWidth: 0.5 },
          emphasis: { disabled: true },
          data: yearly[place].map((usd) => usd / 1e6),
        })),
        {
          name: "net of the year",
          type: "line",
          data: net.map((usd) => usd / 1e6),
          symbol: "diamond",
          symbolSize: 9,
          lineStyle: { width: 0 },
          itemStyle: { color: state.ink.card, borderColor: state.ink.text, borderWidth: 1.4 },
          emphasis: { disabled: true },
          z: 5,
        },
      ],
    },
  };
};

charts.hours = (state) => {
  const { model, at, plan } = state;
  const kinds = [
    { name: "mined", of: "mined", colour: ORANGE },
    { name: "curtailed: power dearer than break-even", of: "curtailed", colour: "#7A8B99" },
    { name: "still: the month does not pay", of: "still", colour: "#D5D9DD", stripes: true },
  ];
  const fleets = model.energy(plan, at).filter((fleet) => state.site === "" || fleet.site === state.site);
  for (const kind of kinds) kind.values = Float64Array.from(model.months, (_, t) => fleets.reduce((sum, fleet) => sum + fleet[kind.of][t], 0) / 1000);
  const years = yearsOf(state);
  const yearly = kinds.map((kind) => byYear(state, kind.values).map(([, gwh]) => gwh));
  const total = years.map((_, at) => yearly.reduce((sum, row) => sum + row[at], 0));
  return {
    title: "Hours mined and curtailed",
    subtitle: "GWh that the committed machines could draw, by what they do with it",
    label: "Stacked bars of energy by year: mined, curtailed, standing still",
    height: 360,
    legend: kinds.map((kind) => ({ name: kind.name, colour: kind.colour, stripes: kind.stripes })),
    note: model.hoursNote,
    table: yearTable(state, kinds.map((kind) => ({ name: kind.name + " gwh", values: kind.values }))),
    option: {
      ...base(state),
      xAxis: axis(state, { type: "category", data: years.map(String), axisTick: { show: false } }),
      yAxis: valueAxis(state, ""),
      tooltip: {
        ...base(state).tooltip,
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: "rgba(128,128,128,.12)" } },
        formatter: (points) => {
          const at = points[0].dataIndex;
          const share = (gwh) => (total[at] ? " (" + percent(gwh / total[at], 0) + ")" : "");
          return tip(String(years[at]), kinds.map((kind, place) => [kind.colour, kind.name, number(yearly[place][at]) + " GWh" + share(yearly[place][at])]));
        },
      },
      series: kinds.map((kind, place) => ({
        name: kind.name,
        type: "bar",
        stack: "hours",
        barCategoryGap: "22%",
        color: kind.colour,
        itemStyle: kind.stripes ? { decal: striped } : {},
        emphasis: { disabled: true },
        data: yearly[place],
      })),
    },
  };
};

/** Labels of lines that lie closer than `room` stand side by side in as many columns as there are; a label without room is left to the figures. */
function placeLabels(fleets, room, columns) {
  const last = new Array(columns).fill(-Infinity);
  for (const fleet of [...fleets].sort((a, b) => a.edge - b.edge)) {
    const free = last.findIndex((edge) => fleet.edge - edge >= room);
    fleet.column = free < 0 ? null : free;
    if (free >= 0) last[free] = fleet.edge;
  }
}

charts.duration = (state) => {
  const { model, at } = state;
  const years = yearsOf(state);
  const year = years.includes(state.year) ? state.year : years[0];
  const place = Math.min(state.zone, model.zones.length - 1);
  const zone = model.zones[place];
  const months = model.months.map((month, t) => [month, t]).filter(([month]) => Number(month.slice(0, 4)) === year).map(([, t]) => t);
  const hours = zone.duration(months).map(([price, amount]) => [at.power * price, amount]);
  const all = hours.reduce((sum, [, amount]) => sum + amount, 0);
  let gone = 0;
  const points = [];
  for (const [price, amount] of hours) {
    points.push([(100 * gone) / all, price]);
    gone += amount;
    points.push([(100 * gone) / all, price]);
  }
  const fleets = model.edges(place, months, at).map((fleet) => ({ ...fleet, colour: state.colours.mining.get(fleet.name) }));
  const highest = Math.max(60, ...fleets.map((fleet) => 1.5 * fleet.edge));
  const top = Math.ceil(highest / 20) * 20;
  const lowest = points.length ? Math.min(0, ...points.map((point) => point[1])) : 0;
  placeLabels(fleets, (16 * (top - lowest)) / 320, state.wide ? 4 : 1);
  return {
    title: "Price-duration curve with each fleet's break-even",
    subtitle: zone.name + ", " + year + ": share of the hours that are cheaper; a fleet mines left of where its line meets the curve",
    label: "Curve of market prices, cheapest hours first, with a break-even line for each fleet: " + fleets.map((fleet) => fleet.name + " " + number(fleet.edge, 1)).join(", "),
    height: 360,
    legend: [{ name: "market price", colour: state.ink.text }, ...fleets.map((fleet) => ({ name: fleet.name, colour: fleet.colour }))],
    table: {
      columns: ["fleet", "break-even usd_per_mwh", "hours that pay fraction"],
      rows: fleets.map((fleet) => [fleet.name, fleet.edge, fleet.share]),
    },
    note: points.length && points[points.length - 1][1] > top ? "the dearest hours go on to " + number(points[points.length - 1][1]) + " USD/MWh" : "",
    choices: [
      { name: "year", label: "Year", value: String(year), options: years.map((one) => [String(one), String(one)]) },
      ...(model.zones.length > 1 ? [{ name: "zone", label: "Zone", value: String(state.zone), options: model.zones.map((one, n) => [String(n), one.name]) }] : []),
    ],
    option: {
      ...base(state, { grid: { right: 24, bottom: 26 } }),
      xAxis: valueAxis(state, "% of the hours", { min: 0, max: 100, nameLocation: "middle", nameGap: 26, splitLine: { show: false }, axisLine: { show: true, onZero: false }, nameTextStyle: { align: "center", padding: 0 } }),
      yAxis: valueAxis(state, "", { max: top, min: Math.floor(lowest / 20) * 20 }),
      tooltip: {
        ...base(state).tooltip,
        trigger: "axis",
        formatter: (marks) => {
          const x = marks[0].axisValue;
          const at = points.findLast((point) => point[0] <= x) || points[0];
          return tip(number(x, 1) + " % of the hours", [
            [state.ink.text, "market price", number(at[1], 2) + " USD/MWh"],
            ...fleets.map((fleet) => [fleet.colour, fleet.name + (at[1] < fleet.edge ? " mines" : " stands still"), number(fleet.edge, 2)]),
          ]);
        },
      },
      series: [
        { name: "market price", type: "line", symbol: "none", color: state.ink.text, lineStyle: { width: 1.8 }, areaStyle: { color: state.ink.text, opacity: 0.05 }, data: points, emphasis: { disabled: true } },
        ...fleets.map((fleet) => ({
          name: fleet.name,
          type: "line",
          symbol: "none",
          color: fleet.colour,
          lineStyle: { width: 2, type: "dashed" },
          data: [[0, fleet.edge], [100, fleet.edge]],
          emphasis: { disabled: true },
          endLabel: { show: false },
          markPoint: {
            symbol: "circle",
            symbolSize: 1,
            silent: true,
            data: fleet.column === null ? [] : [{ coord: [1 + 24 * fleet.column, fleet.edge] }],
            label: { show: true, position: [0, -15], align: "left", color: state.ink.text, fontSize: 11, formatter: () => number(fleet.edge, 1) + " USD/MWh, " + percent(fleet.share, 0) + " of hours" },
          },
        })),
      ],
    },
  };
};

charts.sites = (state) => {
  const years = yearsOf(state);
  const year = years.includes(state.year) ? state.year : years[0];
  const mean = (row) => byYear(state, row, true).find(([one]) => one === year)[1];
  const sites = state.model.sites.map((site) => site.name);
  const amounts = new Map(USES.map((use) => [use, sites.map(() => 0)]));
  for (const row of state.allocation) amounts.get(row.use)[sites.indexOf(row.site)] += mean(row.mw);
  const worth = sites.map((site) => state.cash.filter((line) => line.site === site).reduce((sum, line) => sum + line.discounted, 0));
  const look = (use) => (PLAIN[use] ? PLAIN[use] : { text: USE_WORDS[use], colour: use === "lease" ? BLUE : ORANGE });
  const shownUses = USES.filter((use) => amounts.get(use).some((mw) => mw > 1e-6));
  return {
    title: "Sites",
    subtitle: "Mean MW at the meter of " + year + " by use, and what each site's cash is worth today",
    label: "Bars of megawatts by site and use",
    height: 90 + 34 * sites.length,
    legend: shownUses.map((use) => ({ name: look(use).text, colour: look(use).colour, stripes: look(use).stripes })),
    table: {
      columns: ["site", ...shownUses.map((use) => look(use).text + " mw"), "npv_usd"],
      rows: sites.map((site, at) => [site, ...shownUses.map((use) => amounts.get(use)[at]), worth[at]]),
    },
    choices: [{ name: "year", label: "Year", value: String(year), options: years.map((one) => [String(one), String(one)]) }],
    option: {
      ...base(state, { grid: { right: 90 } }),
      yAxis: axis(state, { type: "category", inverse: true, data: sites, axisTick: { show: false }, axisLabel: { formatter: (name) => short(name, 22), hideOverlap: false } }),
      xAxis: valueAxis(state, ""),
      tooltip: {
        ...base(state).tooltip,
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: "rgba(128,128,128,.12)" } },
        formatter: (points) => {
          const at = points[0].dataIndex;
          return tip(sites[at], [...shownUses.map((use) => [look(use).colour, look(use).text, number(amounts.get(use)[at], 1) + " MW"]), ["", "worth", musd(worth[at]) + " M USD"]]);
        },
      },
      series: shownUses.map((use, place) => ({
        name: look(use).text,
        type: "bar",
        stack: "mw",
        barMaxWidth: 22,
        color: look(use).colour,
        itemStyle: look(use).stripes ? { decal: striped } : {},
        emphasis: { disabled: true },
        data: amounts.get(use),
        label: place < shownUses.length - 1 ? undefined : { show: true, position: "right", color: state.ink.text, fontSize: 11, formatter: (point) => musd(worth[point.dataIndex]) + " M USD" },
      })),
    },
  };
};
