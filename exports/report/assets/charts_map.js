// The decision map: which leases the best plan signs at which hashprice and rent, at the power price that is set.

const CIVIDIS = ["#00204d", "#00336f", "#39486b", "#575c6d", "#707173", "#8a8779", "#a69d75", "#c4b56c", "#e4cf5b", "#ffea46"];
const COLUMNS = 96;
const BISECTIONS = 7;
const MOST_LISTED = 9;
const MOST_NAMED = 5;

/** Plans that sign the same MW are one choice. [{plans, leases, mw, words}], and the choice of every plan. */
function choicesOf(model) {
  const choices = [];
  const ofPlan = model.plans.map((_, plan) => {
    const leases = model.leases(plan, false);
    const key = JSON.stringify([...leases].map(([name, mw]) => [name, Math.round(mw * 1000)]).filter((pair) => pair[1]).sort());
    let at = choices.findIndex((choice) => choice.key === key);
    if (at < 0) {
      const mw = [...leases.values()].reduce((sum, one) => sum + one, 0);
      const listed = [...leases].filter((pair) => pair[1] > 5e-4).map(([name, amount]) => number(amount, amount % 1 ? 1 : 0) + " MW " + name);
      at = choices.push({ key, plans: [], leases, mw, words: listed.join("; ") || "no offer" }) - 1;
    }
    choices[at].plans.push(plan);
    return at;
  });
  const order = choices.map((_, at) => at).sort((a, b) => choices[a].mw - choices[b].mw || b - a);
  order.forEach((choice, rank) => (choices[choice].colour = cividis(1 - (0.94 * rank) / Math.max(order.length - 1, 1))));
  return { choices, ofPlan };
}

function cividis(share) {
  const at = Math.min(share, 0.999999) * (CIVIDIS.length - 1);
  const [low, high] = [CIVIDIS[Math.floor(at)], CIVIDIS[Math.floor(at) + 1]];
  const part = (colour, n) => parseInt(colour.slice(1 + 2 * n, 3 + 2 * n), 16);
  return "#" + [0, 1, 2].map((n) => Math.round(part(low, n) + (at % 1) * (part(high, n) - part(low, n))).toString(16).padStart(2, "0")).join("");
}

/** A choice against today's, in words: the MW more or less of each offer. */
function against(choices, choice, today) {
  if (choice === today) return choices[today].leases.size > MOST_NAMED ? "today's plan" : "today's plan: " + choices[today].words;
  const [here, there] = [choices[choice].leases, choices[today].leases];
  const told = [...new Set([...there.keys(), ...here.keys()])]
    .map((name) => [name, (here.get(name) || 0) - (there.get(name) || 0)])
    .filter((pair) => Math.abs(pair[1]) > 5e-4)
    .map(([name, mw]) => number(mw, Math.abs(mw) % 1 ? 1 : 0, true) + " MW " + name);
  return told.join("; ");
}

/** Black or white, whichever is read more easily on a colour. */
function inkOn(colour) {
  const [r, g, b] = [0, 1, 2].map((n) => Math.pow(parseInt(colour.slice(1 + 2 * n, 3 + 2 * n), 16) / 255, 2.2));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000000" : "#ffffff";
}

/** Which choice wins at which rent, exactly: values are straight lines in the rent. [[choice, from, to], ...] upwards. */
function columnOf(model, ofPlan, hashprice, power, low, high) {
  const { level, slope } = model.linesInRent({ hashprice, rent: 1, power });
  const worth = (plan, rent) => level[plan] + rent * slope[plan];
  let at = low;
  let plan = model.best(level.map((_, i) => worth(i, low)));
  const found = [[ofPlan[plan], low, high]];
  for (;;) {
    let next = high;
    let winner = -1;
    for (let other = 0; other < level.length; other++) {
      if (slope[other] <= slope[plan]) continue;
      const meet = (level[plan] - level[other]) / (slope[other] - slope[plan]);
      if (meet < next && meet >= at - 1e-12) {
        next = Math.max(meet, at);
        winner = other;
      } else if (winner >= 0 && meet === next && slope[other] > slope[winner]) {
        winner = other;
      }
    }
    if (winner < 0) return found;
    if (ofPlan[winner] !== ofPlan[plan]) {
      found[found.length - 1][2] = next;
      found.push([ofPlan[winner], next, high]);
    }
    plan = winner;
    at = next;
  }
}

const sameOrder = (a, b) => a.length === b.length && a.every((segment, n) => segment[0] === b[n][0]);

/** Regions as polygons: columns of the same order of choices are joined, and the place where the order changes is bisected. */
function regionsOf(model, ofPlan, power, x, y) {
  const column = (h) => [h, columnOf(model, ofPlan, h, power, y.low, y.high)];
  const runs = [];
  for (let n = 0; n <= COLUMNS; n++) {
    const next = column(x.low + ((x.high - x.low) * n) / COLUMNS);
    const run = runs[runs.length - 1];
    if (run && sameOrder(run[run.length - 1][1], next[1])) {
      run.push(next);
      continue;
    }
    if (run) {
      let [left, right] = [run[run.length - 1], next];
      for (let step = 0; step < BISECTIONS; step++) {
        const middle = column((left[0] + right[0]) / 2);
        if (sameOrder(middle[1], left[1])) left = middle;
        else right = middle;
      }
      run.push(left, [right[0], left[1]]);
      runs.push(sameOrder(right[1], next[1]) ? [right, next] : [[right[0], next[1]], next]);
    } else {
      runs.push([next]);
    }
  }
  const polygons = [];
  for (const run of runs) {
    run[0][1].forEach(([choice], n) => {
      const below = run.map(([h, segments]) => [h, segments[n][1]]);
      const above = run.map(([h, segments]) => [h, segments[n][2]]);
      let area = 0;
      for (let i = 1; i < run.length; i++) area += ((run[i][0] - run[i - 1][0]) * (above[i][1] + above[i - 1][1] - below[i][1] - below[i - 1][1])) / 2;
      polygons.push({ choice, points: [...below, ...above.reverse()], area, run, n });
    });
  }
  return polygons;
}

/** Where the number of a choice stands: in its highest column. */
function labelOf(polygons, choice) {
  let found = null;
  for (const polygon of polygons.filter((one) => one.choice === choice)) {
    polygon.run.forEach(([h, segments], at) => {
      const [, low, high] = segments[polygon.n];
      const room = Math.min(at, polygon.run.length - 1 - at);
      const score = (high - low) * Math.min(room + 0.5, 6) + 0.001 * room;
      if (!found || score > found.score) found = { score, at: [h, (low + high) / 2], tall: high - low, wide: room };
    });
  }
  return found;
}

let kept = { key: "", polygons: [] };

charts.map = (state) => {
  const [x, y] = ["hashprice", "rent"].map((name) => state.data.axes.find((one) => one.name === name));
  const { model, data, at, choices, ofPlan } = state;
  const key = String(at.power);
  if (kept.key !== key) kept = { key, polygons: regionsOf(model, ofPlan, at.power, x, y) };
  const polygons = kept.polygons;
  const edges = polygons.filter((one) => one.n > 0).map((one) => one.points.slice(0, one.points.length / 2));
  const share = choices.map(() => 0);
  for (const polygon of polygons) share[polygon.choice] += polygon.area / ((x.high - x.low) * (y.high - y.low));
  const listed = choices.map((_, n) => n).filter((n) => share[n] > 0).sort((a, b) => (b === ofPlan[data.plan_today]) - (a === ofPlan[data.plan_today]) || share[b] - share[a]);
  const labels = listed.map((choice) => ({ choice, ...labelOf(polygons, choice) })).filter((one) => one.tall > 0.05 * (y.high - y.low) && one.wide >= 2);
  const flips = data.map.holds_today && Math.abs(at.power - 1) < 0.005 ? data.map.flips.filter((row) => row.power === 1) : [];
  const nearest = flips[0];
  const colour = (choice) => choices[choice].colour;
  const units = (axis, value) => (axis.today === null ? "×" + number(value, 3) : "×" + number(value, 3) + " = " + number(value * axis.today, 2) + " " + axis.unit);
  const mark = (name, spot, symbol, size, fill, edge) => ({
    name,
    type: "scatter",
    data: [spot],
    symbol,
    symbolSize: size,
    silent: true,
    itemStyle: { color: fill, borderColor: edge, borderWidth: 1.6 },
    z: 10,
  });
  const certified = x.certified && y.certified;
  return {
    title: "Decision map",
    subtitle:
      "Which leases the best plan signs, " + (state.live ? "power at ×" + number(at.power, 2) : "power price as it is") + (certified ? "; darker: more MW leased" : "; not certified off the axes of the map"),
    label: "Map of hashprice against rent. Today: " + choices[ofPlan[data.plan_today]].words,
    height: 420,
    legend: listed.slice(0, MOST_LISTED).map((choice) => ({ name: choice + 1 + ": " + against(choices, choice, ofPlan[data.plan_today]), colour: colour(choice), fixed: true })),
    legendMore: listed.length > MOST_LISTED ? "and " + (listed.length - MOST_LISTED) + " choices of smaller regions, in the figures" : "",
    note: "★ the scenario's prices" + (nearest ? ", ◇ the nearest flip beyond the tolerance (" + nearest.direction + " " + percent(nearest.change_fraction, 1, true) + ")" : "") + (state.live ? ". The cross: the sliders; a click sets them." : "."),
    table: {
      columns: ["number", "leases", "against today's plan", "critical_mw", "share of the map fraction"],
      rows: listed.map((choice) => [choice + 1, choices[choice].words, against(choices, choice, ofPlan[data.plan_today]), choices[choice].mw, share[choice]]),
    },
    option: {
      ...base(state, { grid: { right: 18, bottom: 30, top: 12 } }),
      xAxis: valueAxis(state, "hashprice, multiple of the scenario's", { min: x.low, max: x.high, nameLocation: "middle", nameGap: 26, splitLine: { show: false }, axisLine: { show: true, onZero: false }, axisTick: { show: true }, axisLabel: { formatter: (value) => "×" + number(value, 2) }, nameTextStyle: { align: "center", padding: 0 } }),
      yAxis: valueAxis(state, "rent of the offers, multiple", { min: y.low, max: y.high, nameLocation: "middle", nameGap: 44, splitLine: { show: false }, axisLine: { show: true, onZero: false }, axisTick: { show: true }, axisLabel: { formatter: (value) => "×" + number(value, 2) }, nameTextStyle: { align: "center", padding: 0 } }),
      tooltip: {
        ...base(state).tooltip,
        trigger: "item",
        formatter: () => {
          const spot = state.pointer("map");
          if (!spot) return "";
          const here = { hashprice: spot[0], rent: spot[1], power: at.power };
          const worth = model.npv(here);
          const best = model.best(worth);
          return tip(choices[ofPlan[best]].words, [
            ["", "hashprice", units(x, here.hashprice)],
            ["", "rent", units(y, here.rent)],
            [colour(ofPlan[best]), "best plan is worth", musd(worth[best]) + " M USD"],
            ["", "today's plan gives up", musd(worth[best] - worth[data.plan_today]) + " M USD"],
          ]);
        },
      },
      series: [
        {
          type: "custom",
          name: "regions",
          polygons,
          clip: true,
          data: polygons.map((_, n) => [n, n]),
          encode: { x: -1, y: -1 },
          renderItem: (params, api) => {
            const polygon = polygons[params.dataIndex];
            const fill = colour(polygon.choice);
            return {
              type: "polygon",
              shape: { points: polygon.points.map((point) => api.coord(point)) },
              style: { fill, stroke: fill, lineWidth: 1 },
              emphasisDisabled: true,
            };
          },
        },
        {
          type: "custom",
          name: "edges",
          clip: true,
          silent: true,
          data: edges.map((_, n) => [n, n]),
          encode: { x: -1, y: -1 },
          renderItem: (params, api) => ({
            type: "polyline",
            shape: { points: edges[params.dataIndex].map((point) => api.coord(point)) },
            style: { stroke: "#ffffff", lineWidth: 0.8, fill: "none" },
          }),
        },
        {
          type: "scatter",
          name: "numbers",
          silent: true,
          symbolSize: 1,
          itemStyle: { opacity: 0 },
          data: labels.map((one) => ({
            value: one.at,
            label: { show: true, opacity: 1, formatter: () => String(one.choice + 1), color: inkOn(colour(one.choice)), fontWeight: 700, fontSize: 12 },
          })),
        },
        ...(nearest
          ? [
              { type: "line", name: "flip", silent: true, symbol: "none", data: [[1, 1], [nearest.hashprice, nearest.rent]], lineStyle: { color: "#ffffff", width: 2.5, shadowColor: "#000", shadowBlur: 2 }, z: 9 },
              mark("nearest flip", [nearest.hashprice, nearest.rent], "diamond", 12, "#ffffff", "#000000"),
            ]
          : []),
        ...(data.map.holds_today ? [mark("today", [1, 1], STAR, 18, "#ffffff", "#000000")] : []),
        ...(at.hashprice === 1 && at.rent === 1 ? [] : [mark("here", [at.hashprice, at.rent], CROSS, 18, "#ffffff", "#000000")]),
      ],
    },
    clicked: (spot) => state.live && state.set({ hashprice: clamp(spot[0], x.low, x.high), rent: clamp(spot[1], y.low, y.high) }),
  };
};

const STAR = "path://M50 0 L61 37 L98 37 L68 59 L79 95 L50 73 L21 95 L32 59 L2 37 L39 37 Z";
const CROSS = "path://M42 0 H58 V42 H100 V58 H58 V100 H42 V58 H0 V42 H42 Z";

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
