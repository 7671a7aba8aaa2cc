// The page: sliders, what they move, drawing what is in sight, theme and print.

const OWN_PRICES = { hashprice: 1, rent: 1, power: 1 };
const data = JSON.parse(document.getElementById("data").textContent);
const live = Boolean(data.model);
const model = live ? new Model(data.model) : data.planned ? new AsPlanned(data.planned) : null;
const state = {
  data,
  model,
  live,
  at: { ...OWN_PRICES },
  follow: "best",
  site: "",
  zone: model ? Math.max(model.zones.findIndex((_, zone) => model.edges(zone, [...model.months.keys()], OWN_PRICES).length), 0) : 0,
  year: model ? Number(model.months[0].slice(0, 4)) : 0,
  paper: false,
  colours: {
    lease: new Map(data.offers.map((offer, n) => [offer.name, OFFERS[n % OFFERS.length]])),
    mining: new Map(data.fleets.map((name, n) => [name, FLEETS[n % FLEETS.length]])),
  },
  ...(data.map ? choicesOf(model) : {}),
};

/** Values of all plans at the prices that are set, the plan that is shown, and its MW and cash. */
function evaluate() {
  if (!model) return;
  state.values = model.npv(state.at);
  state.best = model.best(state.values);
  state.plan = state.follow === "best" ? state.best : state.follow === "today" ? data.plan_today : data.all_mining;
  state.allocation = model.allocation(state.plan, state.at);
  state.cash = model.cash(state.plan, state.at);
}

/** Whether the bound holds at the prices that are set: "inside", or why not. */
function standing() {
  for (const axis of data.axes) {
    const value = state.at[axis.name];
    if (axis.certified && (value < axis.low - 1e-12 || value > axis.high + 1e-12)) return "outside";
    if (!axis.certified && Math.abs(value - 1) > 1e-12) return "off";
  }
  return "inside";
}

// --- charts ---------------------------------------------------------------------------------------------------------------

const figures = [];

/** A chart with its heading, key, choices, drawing, and the same figures as a table. */
class Figure {
  constructor(box, name) {
    this.box = box;
    this.name = name;
    this.hidden = new Set();
    this.inSight = false;
    this.stale = true;
    this.title = el("h3");
    this.subtitle = el("p", { class: "note" });
    this.choices = el("span", { class: "choices" });
    this.key = el("ul", { class: "key" });
    this.plot = el("div", { class: "plot", role: "img", tabindex: "-1" });
    this.note = el("p", { class: "note under" });
    this.details = el("details", { class: "figures" }, el("summary", {}, "Figures"));
    this.details.addEventListener("toggle", () => this.fillFigures());
    box.append(el("figcaption", {}, el("div", { class: "head" }, this.title, this.choices), this.subtitle), this.key, this.plot, this.note, this.details);
    figures.push(this);
  }

  get wide() {
    return this.plot.clientWidth >= 560;
  }

  draw() {
    this.stale = false;
    const pointer = () => this.pointer;
    const made = charts[this.name]({ ...state, ink: ink(), wide: this.wide, width: this.plot.clientWidth, set, pointer });
    this.made = made;
    this.title.textContent = made.title;
    this.subtitle.textContent = made.subtitle;
    this.note.textContent = made.note || "";
    this.plot.setAttribute("aria-label", made.label);
    const tall = state.paper ? Math.round(made.height * (made.onPaper || 0.7)) : made.height;
    if (this.tall !== tall) this.plot.style.height = (this.tall = tall) + "px";
    this.fillKey(made);
    this.fillChoices(made.choices || []);
    made.option.legend.selected = Object.fromEntries([...this.hidden].map((name) => [name, false]));
    made.option.legend.data = (made.legend || []).filter((entry) => !entry.fixed).map((entry) => entry.name);
    if (!this.chart) this.open();
    this.chart.setOption(made.option, { notMerge: true });
    if (this.details.open) this.fillFigures();
  }

  open() {
    this.chart = echarts.init(this.plot, null, { renderer: "svg" });
    const zr = this.chart.getZr();
    const spot = (event) => (this.chart.containPixel("grid", [event.offsetX, event.offsetY]) ? this.chart.convertFromPixel("grid", [event.offsetX, event.offsetY]) : null);
    zr.on("mousemove", (event) => (this.pointer = spot(event)));
    zr.on("click", (event) => {
      const at = spot(event);
      if (at && this.made.clicked) this.made.clicked(at);
    });
  }

  fillKey(made) {
    const entries = made.legend || [];
    const said = JSON.stringify([entries, made.legendMore]);
    if (this.said === said) return;
    this.said = said;
    this.key.replaceChildren(
      ...entries.map((entry) => {
        const dot = el("i", { class: (entry.stripes ? "stripes " : "") + (entry.round ? "round" : "") });
        dot.style.backgroundColor = entry.colour;
        if (entry.fixed) return el("li", {}, el("span", {}, dot, entry.name));
        const button = el("button", { type: "button", "aria-pressed": String(!this.hidden.has(entry.name)), title: "Show or hide" }, dot, entry.name);
        button.addEventListener("click", () => {
          if (!this.hidden.delete(entry.name)) this.hidden.add(entry.name);
          button.setAttribute("aria-pressed", String(!this.hidden.has(entry.name)));
          this.draw();
        });
        return el("li", {}, button);
      }),
      ...(made.legendMore ? [el("li", { class: "note" }, made.legendMore)] : []),
    );
  }

  fillChoices(choices) {
    const said = JSON.stringify(choices);
    if (this.chosen === said) return;
    this.chosen = said;
    this.choices.replaceChildren(
      ...choices.map((choice) => {
        const list = el("select", {}, choice.options.map(([value, text]) => el("option", { value, selected: value === choice.value }, text)));
        list.addEventListener("change", () => {
          state[choice.name] = choice.name === "site" ? list.value : Number(list.value);
          refresh();
        });
        return el("label", {}, choice.label + " ", list);
      }),
    );
  }

  fillFigures() {
    if (!this.details.open || !this.made) return;
    const old = this.details.querySelector(".table");
    const made = sortable(this.made.table, this.made.title + (this.made.tableNote ? ", " + this.made.tableNote : ""));
    if (old) old.replaceWith(made);
    else this.details.append(made);
  }

  refresh() {
    this.stale = true;
    if (this.inSight || state.paper) this.draw();
  }
}

function refresh() {
  evaluate();
  if (live) tellReadout();
  for (const figure of figures) figure.refresh();
}

let waiting = 0;

/** Set prices and draw in the next frame. */
function set(prices) {
  Object.assign(state.at, prices);
  showSliders();
  if (!waiting) {
    waiting = requestAnimationFrame(() => {
      waiting = 0;
      refresh();
    });
  }
}

// --- sliders --------------------------------------------------------------------------------------------------------------

const sliders = new Map();

function makeSliders() {
  for (const axis of data.axes) {
    const width = axis.high - axis.low;
    const [low, high] = [Math.max(0, axis.low - 0.12 * width), axis.high + 0.12 * width];
    const place = (value) => (100 * (value - low)) / (high - low);
    const id = "slider-" + axis.name;
    const input = el("input", { id, type: "range", min: low, max: high, step: "any" });
    input.style.setProperty("--from", (axis.certified ? place(axis.low) : place(1) - 0.4) + "%");
    input.style.setProperty("--to", (axis.certified ? place(axis.high) : place(1) + 0.4) + "%");
    const output = el("output", { for: id });
    input.addEventListener("input", () => set({ [axis.name]: snapped(Number(input.value), width) }));
    input.addEventListener("keydown", (event) => step(event, axis, low, high));
    const ends = el("span", { class: "ends", "aria-hidden": "true" });
    for (const value of [axis.low, 1, axis.high]) {
      const tick = el("span", {}, "×" + number(value, value % 1 ? (String(value).length > 3 ? 2 : 1) : 0));
      tick.style.left = place(value) + "%";
      if (value === 1 || axis.certified) ends.append(tick);
    }
    sliders.set(axis.name, { axis, input, output });
    const about = (axis.certified ? "" : "Not an axis of the map: not certified off ×1. ") + axis.meaning;
    document.getElementById("sliders").append(el("div", { class: "slider" }, el("div", { class: "top" }, el("label", { for: id }, axis.label), output), input, ends, el("p", { class: "note" }, about)));
  }
  const follow = el(
    "select",
    { id: "follow" },
    [["best", "the best plan at these prices"], ["today", "the scenario's plan, kept"], ["mining", "all mining"]].map(([value, text]) => el("option", { value }, text)),
  );
  follow.addEventListener("change", () => {
    state.follow = follow.value;
    refresh();
  });
  const reset = el("button", { type: "button", id: "reset" }, "Back to the scenario");
  reset.addEventListener("click", () => set(OWN_PRICES));
  document.getElementById("sliders").append(el("div", { class: "slider buttons" }, el("label", { for: "follow" }, "Charts show"), follow, reset));
}

/** The scenario's own prices hold the thumb a little, so that a hand finds them again. */
function snapped(value, width) {
  return Math.abs(value - 1) < 0.006 * width ? 1 : Math.round(value * 1e4) / 1e4;
}

/** Arrow keys move by a hundredth of the scenario's price. */
function step(event, axis, low, high) {
  const by = { ArrowRight: 0.01, ArrowUp: 0.01, ArrowLeft: -0.01, ArrowDown: -0.01, PageUp: 0.1, PageDown: -0.1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  set({ [axis.name]: clamp(Math.round((state.at[axis.name] + by) * 1e4) / 1e4, low, high) });
}

function showSliders() {
  for (const { axis, input, output } of sliders.values()) {
    const value = state.at[axis.name];
    input.value = value;
    const inUnits = axis.today === null ? "" : number(value * axis.today, 2) + " " + axis.unit;
    output.replaceChildren(el("b", {}, inUnits || "×" + number(value, 3)), inUnits ? " ×" + number(value, 3) : "");
    input.setAttribute("aria-valuetext", inUnits + " (" + number(value, 3) + " times the scenario's)");
  }
}

function tellReadout() {
  const { values, best, at } = state;
  const today = data.plan_today;
  const regret = values[best] - values[today];
  const where = standing();
  const own = at.hashprice === 1 && at.rent === 1 && at.power === 1;
  const bound = where !== "inside" ? null : own ? 1 : data.map.bound_usd;
  const words = {
    inside: ["good", own ? "the scenario's own prices" : "inside the certified box"],
    outside: ["bad", "outside of the certified box"],
    off: ["bad", "not certified: off ×1 on a price that is no axis of the map"],
  }[where];
  const promise =
    bound === null
      ? "Values are exact for the plans of the list, but another plan may be worth more; nothing bounds by how much."
      : "No plan can be worth more than the best of these by over " + (bound < 1e4 ? number(bound) + " USD" : number(bound / 1e6, 2) + " M USD") + ".";
  const fact = (label, value, note, id) => el("div", { class: "fact" }, el("span", { class: "label" }, label), el("strong", { id }, value), el("span", { class: "note" }, note));
  const more = [...model.expansions(best)];
  document.getElementById("readout").replaceChildren(
    fact("Best plan here", musd(values[best]), "M USD", "best-npv"),
    fact("The scenario's plan, kept", musd(values[today]), regret < 0.5e5 ? "M USD: still the best of the list" : "M USD: gives up " + musd(regret), "kept-npv"),
    fact("Against all mining", musd(values[best] - values[data.all_mining], true), "M USD", "gain"),
    el(
      "div",
      { class: "fact plan" },
      el("span", { class: "label" }, "It signs"),
      el("span", { id: "best-leases", class: "leases" }, state.choices[state.ofPlan[best]].words),
      more.length ? el("span", { id: "best-expansions", class: "leases" }, "and energises " + more.map(([name, mw]) => number(mw, 1) + " MW more by " + name).join(", ")) : "",
      el("span", { class: "status " + words[0], id: "status" }, words[1]),
      el("span", { class: "note", id: "promise" }, promise),
    ),
  );
}

// --- the rest of the page -------------------------------------------------------------------------------------------------

function tableNamed(name) {
  const found = data.tables.find((table) => table.name === name);
  return found && { ...tableOf(found), at: Object.fromEntries(found.columns.map((column, n) => [column, n])) };
}

function makeOffers() {
  const { rows, at } = tableNamed("leases");
  const box = document.getElementById("offer-list");
  if (!rows.length) return box.append(el("p", { class: "lead" }, "The scenario has no offers and no leases."));
  const cards = rows.map((row) => {
    const of = (column) => row[at[column]];
    const taken = of("critical_mw") > 0;
    const signed = of("status") === "signed";
    const edge = of("break_even_rent_usd_per_kw_month");
    const flip = of("break_even_hashprice_multiplier");
    const facts = [
      ["critical MW", number(of("critical_mw"), 1) + " of " + number(of("offered_critical_mw"), 1)],
      ["rent from", taken ? of("start") : "–"],
      ["rent", number(of("first_year_rent_usd_per_kw_month"), 2)],
      ["flips at", edge === null ? "none" : number(edge, 2)],
      ["at hashprice", flip === null ? "none" : "×" + number(flip, 3)],
      ["NPV, M USD", taken ? musd(of("npv_usd")) : "–"],
      ["IRR", of("irr") === null ? "–" : percent(of("irr"))],
      ["yield on cost", of("yield_on_cost") === null ? "–" : percent(of("yield_on_cost"))],
    ];
    return el(
      "article",
      { class: "offer " + (signed ? "signed" : taken ? "taken" : "left") },
      el("h3", {}, of("offer")),
      el("span", { class: "status " + (signed ? "fair" : taken ? "good" : "neutral") }, signed ? "signed" : !taken ? "left out" : of("critical_mw") >= of("offered_critical_mw") * (1 - 1e-9) ? "taken in full" : "taken in part"),
      el("dl", {}, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
      el("p", {}, of("reason")),
    );
  });
  box.append(el("div", { class: "offers" }, cards), el("p", { class: "note" }, "Rents in USD per kW of critical IT and month, first year. Flips: all else as it is, by solving again; none: no flip up to 64 times the rent, or from 0 to 10 times the hashprice."));
}

function makeProof() {
  const box = document.getElementById("proof-notes");
  const { rows, at } = tableNamed("certificate");
  const parts = rows.map((row) => {
    const of = (column) => row[at[column]];
    const size = of("number") > 0 && Math.abs(of("figure")) < of("limit") / 1000 ? "below " + (of("limit") / 1000).toExponential(0) : String(Number(of("figure").toPrecision(2)));
    return el("li", { class: of("passed") ? "ok" : "open" }, el("b", {}, of("name")), " " + size + " " + of("unit") + (of("note") ? " (" + of("note") + ")" : ""));
  });
  const map = data.map;
  box.append(
    el("h3", {}, "The plan: " + data.verdict),
    el("ol", { class: "parts", start: "0" }, parts),
    el("h3", {}, "The map"),
    el("p", {}, map ? map.verdict + ". " + number(map.plans) + " plans, " + number(map.solves) + " solves, " + number(map.simplices) + " simplices." + (map.complete ? "" : " " + number(map.tolerance_usd) + " USD was asked for; the proof was stopped before.") : "There is none."),
    el("h3", {}, "Notes on the input"),
    data.notes.length ? el("ul", {}, data.notes.map((note) => el("li", {}, note))) : el("p", {}, "None."),
  );
}

function makeTheme() {
  const button = document.getElementById("theme");
  if (!button) return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const show = (on) => {
    document.documentElement.dataset.theme = on ? "dark" : "light";
    button.textContent = on ? "Light" : "Dark";
    button.setAttribute("aria-pressed", String(on));
    figures.forEach((figure) => figure.refresh());
  };
  button.addEventListener("click", () => show(document.documentElement.dataset.theme !== "dark"));
  dark.addEventListener("change", (event) => show(event.matches));
  show(dark.matches);
  document.getElementById("print").addEventListener("click", () => window.print());
}

/** On paper: light, every chart drawn at the width of a page, short tables open. */
let before = null;
function toPaper() {
  if (before) return;
  before = { theme: document.documentElement.dataset.theme, open: [...document.querySelectorAll("details[open]")] };
  state.paper = true;
  document.documentElement.dataset.theme = "light";
  document.body.classList.add("paper");
  document.querySelectorAll("details.folded").forEach((details) => {
    if (ON_PAPER.includes(details.dataset.table)) {
      details.fill();
      details.open = true;
    }
  });
  drawAll();
}

/** Draw every chart at its present size; the first drawing sets the height. */
function drawAll() {
  for (const figure of figures) {
    figure.draw();
    figure.chart.resize();
    figure.draw();
  }
}

function toScreen() {
  if (!before) return;
  state.paper = false;
  document.body.classList.remove("paper");
  document.documentElement.dataset.theme = before.theme;
  document.querySelectorAll("details[open]").forEach((details) => (details.open = before.open.includes(details)));
  before = null;
  drawAll();
}

/** In place of a chart that the scenario does not have: why not. */
function absentChart(box, why) {
  return el("p", { class: "note absent", "data-absent": box.dataset.chart }, why);
}

/** Draw the charts below the fold while nothing else is to do, so that nothing moves when a reader comes to them. */
function drawAhead() {
  const later = window.requestIdleCallback || ((next) => setTimeout(next, 50));
  const next = () => {
    const figure = figures.find((one) => one.stale && !one.chart);
    if (!figure) return;
    figure.draw();
    later(next);
  };
  later(next);
}

const ON_PAPER = ["budget_price", "assumptions", "unsourced", "manifest"];

function start() {
  const shownCharts = new Set(data.charts);
  const alone = document.getElementById("alone");
  if (alone) alone.dataset.chart = data.charts[0] || "";
  for (const box of document.querySelectorAll("figure[data-chart]")) {
    if (shownCharts.has(box.dataset.chart)) new Figure(box, box.dataset.chart);
    else if (data.absent && data.absent[box.dataset.chart]) box.replaceWith(absentChart(box, data.absent[box.dataset.chart]));
    else box.remove();
  }
  evaluate();
  if (live) {
    makeSliders();
    showSliders();
    tellReadout();
  } else {
    document.getElementById("controls").remove();
  }
  makeTheme();
  if (data.tables) {
    makeOffers();
    const [full, empty] = [data.tables.filter((table) => table.all_rows), data.tables.filter((table) => !table.all_rows)];
    document.getElementById("table-list").append(...full.map(foldedTable));
    if (empty.length) document.getElementById("table-list").append(el("p", { class: "note" }, "Without rows here: " + empty.map((table) => table.title).join(", ") + "."));
    makeProof();
  }
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const figure = figures.find((one) => one.box === entry.target);
        figure.inSight = entry.isIntersecting;
        if (figure.inSight && figure.stale) figure.draw();
      }
    },
    { rootMargin: "300px" },
  );
  figures.forEach((figure) => watcher.observe(figure.box));
  const sizes = new ResizeObserver((entries) => {
    for (const entry of entries) {
      const figure = figures.find((one) => one.plot === entry.target);
      if (figure.chart && !state.paper && entry.contentRect.width !== figure.lastWidth) {
        figure.lastWidth = entry.contentRect.width;
        figure.chart.resize();
        figure.draw();
      }
    }
  });
  figures.forEach((figure) => sizes.observe(figure.plot));
  window.addEventListener("beforeprint", toPaper);
  window.addEventListener("afterprint", toScreen);
  if (location.hash === "#paper") toPaper();
  else drawAhead();
  // For whoever wants to check a number in the browser's console.
  window.hashlease = { data, model, state, set, refresh, figures };
  document.documentElement.dataset.ready = "yes";
}

start();
