// Tables that sort and copy: headings are buttons, cells keep the full number beside what is shown.

const TIMES_MW = /(^|_)mw$/;
const MONEY = /(^|_)usd$/;
const PER_UNIT = /usd_per_/;
const SHARE = /(fraction|share_of_box|irr|yield_on_cost)/;

/** Rows of a packed table. */
function tableOf(packed) {
  const columns = packed.data.map((values) => unpack(values));
  const rows = Array.from({ length: columns.length ? columns[0].length : 0 }, (_, row) => columns.map((values) => values[row]));
  return { columns: packed.columns, rows };
}

/** A cell as it is shown. Money of a dozen digits is easier to compare in whole dollars, rents in cents. */
function shown(column, value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (column === "year" || column === "plan" || column === "number") return String(value);
  if (SHARE.test(column)) return percent(value, 2);
  if (MONEY.test(column)) return number(value, 0);
  if (PER_UNIT.test(column)) return number(value, Math.abs(value) >= 1e4 ? 0 : 2);
  if (TIMES_MW.test(column)) return number(value, 2);
  if (Number.isInteger(value)) return number(value, 0);
  return Math.abs(value) >= 1e-3 ? number(value, Math.abs(value) >= 100 ? 2 : 4) : value.toExponential(2);
}

function words(column) {
  return column.replaceAll("_", " ").replace(/\busd\b/g, "USD").replace(/\bmw\b/g, "MW").replace(/\bnpv\b/g, "NPV").replace(/\birr\b/g, "IRR");
}

/** Text for a spreadsheet: tabs between cells; a cell that a spreadsheet would run gets an apostrophe in front. */
function clipboardText({ columns, rows }) {
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = String(value).replace(/[\t\r\n]+/g, " ");
    return /^[=+\-@]/.test(text) ? "'" + text : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join("\t")).join("\n") + "\n";
}

function byColumn(at, down) {
  const order = (a, b) => {
    const [x, y] = [a[at], b[at]];
    if (x === null || y === null) return (x === null) - (y === null);
    const found = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
    return down ? -found : found;
  };
  return order;
}

const ROWS_AT_ONCE = 200;

/** A table element with its tools. `caption` is read aloud and copied nowhere. */
function sortable(table, caption) {
  const numeric = table.columns.map((_, at) => table.rows.some((row) => typeof row[at] === "number"));
  let rows = table.rows;
  let limit = ROWS_AT_ONCE;
  const body = el("tbody");
  const more = el("button", { type: "button", class: "small", onclick: () => ((limit = Infinity), fill()) });
  const fill = () => {
    body.replaceChildren(
      ...rows.slice(0, limit).map((row) =>
        el("tr", {}, row.map((value, at) => el(at ? "td" : "th", { scope: at ? null : "row", class: numeric[at] ? "number" : null }, shown(table.columns[at], value)))),
      ),
    );
    more.hidden = rows.length <= limit;
    more.textContent = "Show all " + number(rows.length) + " rows";
  };
  const headings = table.columns.map((column, at) => {
    const heading = el("th", { scope: "col", "aria-sort": "none", class: numeric[at] ? "number" : null });
    const sort = () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows = [...table.rows].sort(byColumn(at, down));
      fill();
    };
    heading.append(el("button", { type: "button", onclick: sort }, words(column)));
    return heading;
  });
  const copy = el("button", { type: "button", class: "small" }, "Copy");
  copy.addEventListener("click", () => copyText(clipboardText({ columns: table.columns, rows }), copy));
  fill();
  const scroller = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption });
  scroller.append(el("table", {}, el("caption", { class: "aside" }, caption), el("thead", {}, el("tr", {}, headings)), body));
  const box = el("div", { class: "table" }, el("div", { class: "table-tools" }, copy, more), scroller);
  box.text = () => clipboardText({ columns: table.columns, rows });
  return box;
}

/** Put text on the clipboard; from a file the browser may only allow the old way. */
async function copyText(text, button) {
  const said = button.textContent;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "aside", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
  }
  button.textContent = done ? "Copied" : "Not allowed";
  setTimeout(() => (button.textContent = said), 1500);
}

/** A section that makes its table when it is opened. */
function foldedTable(data) {
  const kept = data.rows === data.all_rows;
  const summary = el("summary", {}, el("b", {}, data.title), " ", el("span", { class: "note" }, number(data.all_rows) + (data.all_rows === 1 ? " row" : " rows")));
  const details = el("details", { class: "folded", "data-table": data.name }, summary);
  const fill = () => {
    if (details.childElementCount > 1) return;
    if (data.about) details.append(el("p", { class: "note" }, data.about));
    details.append(kept ? sortable(tableOf(data), data.title) : el("p", {}, "Too long for a page: hashlease run --out DIR writes it."));
  };
  details.addEventListener("toggle", () => details.open && fill());
  details.fill = fill;
  return details;
}
