// Numbers as people read them, and elements whose text is always text.

const MINUS = "\u2212";

/** A number with separators of thousands and a true minus. */
function number(value, decimals = 0, plus = false) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const zero = !/[1-9]/.test(size);
  return (value < 0 && !zero ? MINUS : plus && !zero ? "+" : "") + size;
}

/** USD as millions with one decimal. */
function musd(usd, plus = false) {
  return number(usd / 1e6, 1, plus);
}

function percent(fraction, decimals = 1, plus = false) {
  return number(100 * fraction, decimals, plus) + " %";
}

/** An element with attributes and children; strings become text, never markup. */
function el(tag, attributes = {}, ...children) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) found.addEventListener(name.slice(2), value);
    else if (value === true) found.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) found.setAttribute(name, value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) found.append(child instanceof Node ? child : String(child));
  }
  return found;
}

/** A name cut to a length, whole characters kept. */
function short(text, longest = 28) {
  const characters = Array.from(text);
  return characters.length <= longest ? text : characters.slice(0, longest - 1).join("").trimEnd() + "…";
}

/** What a chart shows under the pointer: a heading and rows of [colour or nothing, name, value]. */
function tip(heading, rows) {
  return el(
    "div",
    { class: "tip" },
    el("strong", {}, heading),
    el(
      "table",
      {},
      rows.map(([colour, name, value]) => {
        const dot = el("i", {});
        if (colour) dot.style.background = colour;
        return el("tr", {}, el("td", {}, colour ? dot : "", " ", name), el("td", {}, value));
      }),
    ),
  );
}

/** Colours of the present theme. */
function ink() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { text: of("--text"), faint: of("--faint"), line: of("--line"), card: of("--card"), accent: of("--accent"), font: of("--font") };
}
