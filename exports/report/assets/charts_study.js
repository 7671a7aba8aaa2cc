// Charts of the studies around the plan: break-even curves, waterfall, tornado. They hold at the scenario's own prices.

const LINES = [BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, "#8A4B20", "#7A8B99", "#2F5D8C", "#A65000", "#00543D", "#B59A00"];
const DASHES = ["solid", [7, 3], [9, 3, 2, 3], [2, 2], [12, 3, 2, 3, 2, 3], [4, 2]];

charts.break_even = (state) => {
  const table = tableOf(state.data.curves);
  const at = Object.fromEntries(table.columns.map((column, n) => [column, n]));
  const offers = [...new Set(table.rows.map((row) => row[at.offer]))];
  const today = state.data.axes.find((one) => one.name === "hashprice");
  const here = state.at.hashprice;
  const series = offers.map((offer, n) => {
    const rows = table.rows.filter((row) => row[at.offer] === offer);
    return { offer, colour: LINES[n % LINES.length], dash: DASHES[Math.floor(n / 2) % DASHES.length], rows, rent: state.data.rents[offer] };
  });
  const near = (one, x) => {
    let found = null;
    for (let n = 1; n < one.rows.length; n++) {
      const [a, b] = [one.rows[n - 1], one.rows[n]];
      const [ra, rb] = [a[at.break_even_rent_usd_per_kw_month], b[at.break_even_rent_usd_per_kw_month]];
      if (a[at.value] <= x && x <= b[at.value] && ra !== null && rb !== null) {
        const width = b[at.value] - a[at.value];
        found = width ? ra + ((rb - ra) * (x - a[at.value])) / width : rb;
      }
    }
    return found;
  };
  const left = state.data.curves_left_out;
  return {
    title: "Break-even rents over the hashprice",
    subtitle:
      "USD/kW-month of critical IT at which each offer flips, the other prices as the scenario's; ◆ the rent on the table. Above its curve an offer is worth having." +
      (left ? " The " + left + " offers furthest from their break-even are left out." : ""),
    label: "Lines of break-even rent over the hashprice multiplier: " + offers.join(", "),
    height: 420,
    legend: series.map((one) => ({ name: one.offer, colour: one.colour })),
    table,
    option: {
      ...base(state, { grid: { bottom: 28, right: 22 } }),
      xAxis: valueAxis(state, "hashprice, " + state.data.curve_unit, { min: "dataMin", max: "dataMax", nameLocation: "middle", nameGap: 26, splitLine: { show: false }, axisLine: { show: true, onZero: false }, axisLabel: { formatter: (value) => "×" + number(value, 2) }, nameTextStyle: { align: "center", padding: 0 } }),
      yAxis: valueAxis(state, "", { scale: true }),
      tooltip: {
        ...base(state).tooltip,
        trigger: "axis",
        formatter: (marks) => {
          const x = marks[0].axisValue;
          const unit = today && today.today !== null ? " = " + number(x * today.today, 2) + " " + today.unit : "";
          const rows = series.map((one) => [one.colour, one.offer, near(one, x) === null ? "–" : number(near(one, x), 2)]);
          return tip("×" + number(x, 3) + unit, rows);
        },
      },
      series: [
        ...series.map((one, place) => ({
          name: one.offer,
          type: "line",
          symbol: "none",
          color: one.colour,
          lineStyle: { width: 2.2, type: one.dash },
          emphasis: { disabled: true },
          data: one.rows.map((row) => [row[at.value], row[at.break_even_rent_usd_per_kw_month]]),
          markPoint: one.rent === undefined ? undefined : {
            silent: true,
            symbol: "diamond",
            symbolSize: 11,
            itemStyle: { color: state.ink.card, borderColor: one.colour, borderWidth: 2 },
            label: { show: false },
            data: [{ coord: [1, one.rent] }],
          },
          markLine: place ? undefined : {
            silent: true,
            symbol: "none",
            label: { color: state.ink.faint, fontSize: 10, position: "insideEndTop", formatter: (mark) => mark.name },
            lineStyle: { color: state.ink.faint, type: "dashed" },
            data: [{ name: "scenario", xAxis: 1 }, ...(Math.abs(here - 1) > 1e-9 ? [{ name: "slider", xAxis: here, lineStyle: { color: state.ink.accent, type: "solid" } }] : [])],
          },
        })),
        // Diamonds beyond the last curve still belong on the plot.
        { type: "scatter", symbolSize: 0.1, silent: true, data: series.filter((one) => one.rent !== undefined).map((one) => [1, one.rent]), tooltip: { show: false } },
      ],
    },
  };
};

charts.waterfall = (state) => {
  const steps = state.data.waterfall.map((row) => {
    const change = row.kind === "change";
    return { name: row.step, change, end: row.npv_usd, begin: change ? row.npv_usd - row.change_usd : 0, usd: change ? row.change_usd : row.npv_usd };
  });
  const colour = (step) => (!step.change ? "#7A8B99" : step.usd >= 0 ? GREEN : VERMILLION);
  const low = Math.min(0, ...steps.map((step) => Math.min(step.begin, step.end))) / 1e6;
  const high = Math.max(0, ...steps.map((step) => Math.max(step.begin, step.end))) / 1e6;
  return {
    title: "From all mining to the plan",
    subtitle: "Discounted M USD by line of the ledger; the steps add up",
    label: "Waterfall: " + steps.map((step) => step.name + " " + musd(step.usd, step.change)).join(", "),
    height: 360,
    legend: [{ name: "value", colour: "#7A8B99", fixed: true }, { name: "adds", colour: GREEN, fixed: true }, { name: "takes away", colour: VERMILLION, fixed: true }],
    table: { columns: ["step", "usd", "arrives at usd"], rows: steps.map((step) => [step.name, step.usd, step.end]) },
    option: {
      ...base(state, { grid: { right: 64 } }),
      yAxis: axis(state, { type: "category", inverse: true, data: steps.map((step) => step.name), axisTick: { show: false }, axisLine: { show: false }, axisLabel: { interval: 0, hideOverlap: false, formatter: (name) => short(name, 48), width: Math.round(state.width * 0.3), overflow: "break", lineHeight: 13 } }),
      xAxis: valueAxis(state, "", { min: low, max: high, axisLabel: { showMaxLabel: false, showMinLabel: low === 0 } }),
      tooltip: { ...base(state).tooltip, trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: "rgba(128,128,128,.12)" } }, formatter: (points) => {
        const step = steps[points[0].dataIndex];
        return tip(step.name, [[colour(step), step.change ? "changes the value by" : "value", musd(step.usd, step.change) + " M USD"], ...(step.change ? [["", "arrives at", musd(step.end) + " M USD"]] : [])]);
      } },
      series: [{
        type: "custom",
        name: "steps",
        data: steps.map((step, n) => [step.begin / 1e6, step.end / 1e6, n]),
        encode: { x: [0, 1], y: 2 },
        renderItem: (params, api) => {
          const step = steps[params.dataIndex];
          const [a, b] = [api.coord([step.begin / 1e6, params.dataIndex]), api.coord([step.end / 1e6, params.dataIndex])];
          const tall = api.size([0, 1])[1] * 0.58;
          const rect = { x: Math.min(a[0], b[0]), y: a[1] - tall / 2, width: Math.max(Math.abs(a[0] - b[0]), 1), height: tall };
          return {
            type: "group",
            children: [
              { type: "rect", shape: { ...rect, r: 2 }, style: { fill: colour(step) } },
              ...(params.dataIndex < steps.length - 1 ? [{ type: "line", shape: { x1: b[0], x2: b[0], y1: a[1] + tall / 2, y2: a[1] + api.size([0, 1])[1] - tall / 2 }, style: { stroke: state.ink.faint } }] : []),
              { type: "text", style: { text: musd(step.usd, step.change), x: rect.x + rect.width + 5, y: a[1], verticalAlign: "middle", fill: state.ink.text, font: "11px " + state.ink.font } },
            ],
          };
        },
      }],
    },
  };
};

charts.tornado = (state) => {
  const rows = state.data.tornado;
  const gain = (row, side) => (row["npv_" + side + "_usd"] === null ? null : (row["npv_" + side + "_usd"] - row.npv_today_usd) / 1e6);
  const value = (given) => (given === null ? "–" : typeof given === "number" ? number(given, Math.abs(given) >= 1000 || Number.isInteger(given) ? 0 : Math.abs(given) < 1 ? 3 : 2) : String(given));
  const moved = percent(state.data.tornado_change, 0);
  const bars = [
    { side: "low", name: "input " + moved + " lower", colour: BLUE },
    { side: "high", name: "input " + moved + " higher", colour: ORANGE },
  ];
  return {
    title: "What the value hangs on",
    subtitle: "Change of the best plan's value, M USD, with one input " + moved + " lower or higher; ◆ other leases are best then",
    label: "Tornado: " + rows.map((row) => row.label).join(", "),
    height: Math.max(360, 60 + 30 * rows.length),
    legend: bars.map((bar) => ({ name: bar.name, colour: bar.colour })),
    table: {
      columns: ["input", "path", "today", "low", "npv_low_usd", "leases change low", "high", "npv_high_usd", "leases change high", "swing_usd", "same effect as"],
      rows: rows.map((row) => [row.label, row.path, row.today, row.low, row.npv_low_usd, row.plan_changes_low, row.high, row.npv_high_usd, row.plan_changes_high, row.swing_usd, row.same_as_others.join("; ")]),
    },
    option: {
      ...base(state, { grid: { right: 30, left: 8 } }),
      yAxis: axis(state, { type: "category", inverse: true, data: rows.map((row) => row.label), axisTick: { show: false }, axisLine: { onZero: true, lineStyle: { color: state.ink.text } }, axisLabel: { interval: 0, hideOverlap: false, formatter: (name) => short(name, 70), width: Math.round(state.width * 0.4), overflow: "break", lineHeight: 12, fontSize: 10.5 }, offset: 4 }),
      xAxis: valueAxis(state, ""),
      tooltip: { ...base(state).tooltip, trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: "rgba(128,128,128,.12)" } }, formatter: (points) => {
        const row = rows[points[0].dataIndex];
        return tip(row.label, bars.map((bar) => [bar.colour, value(row[bar.side]) + (row["plan_changes_" + bar.side] ? " ◆" : ""), gain(row, bar.side) === null ? "–" : number(gain(row, bar.side), 1, true) + " M USD"]));
      } },
      series: bars.map((bar) => ({
        name: bar.name,
        type: "bar",
        barGap: "-100%",
        barMaxWidth: 20,
        color: bar.colour,
        itemStyle: bar.side === "high" ? { decal: { ...striped, color: "rgba(0,0,0,.25)" } } : {},
        emphasis: { disabled: true },
        data: rows.map((row) => gain(row, bar.side)),
        label: { show: true, position: "inside", color: "#000", fontSize: 10, formatter: (point) => (rows[point.dataIndex]["plan_changes_" + bar.side] ? "◆" : "") },
      })),
    },
  };
};
