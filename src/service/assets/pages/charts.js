// Four pictures out of numbers, as SVG that knows nothing of what the numbers mean. Colours are classes of the page's style.

const SVG = "http://www.w3.org/2000/svg";
const NARROW = matchMedia("(max-width: 720px)").matches;
const [WIDTH, LABEL, END] = NARROW ? [350, 112, 104] : [560, 168, 118];
const EMS = NARROW ? 7.4 : 11.4;
const ROW = 26;

function s(tag, properties = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) if (value !== null && value !== undefined) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

const tip = (text) => s("title", {}, text);
const text = (x, y, words, more = {}) => s("text", { x, y, ...more }, words);
const linked = (href, ...children) => (href ? s("a", { href }, ...children) : s("g", {}, ...children));
const frame = (height, label, ...children) => s("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": label }, ...children);

/** A label that fits its column; the whole of it is in the tip. A Chinese character is about one em wide, others half. */
function fitted(label, ems) {
  let width = 0;
  let cut = "";
  for (const character of label) {
    width += character.charCodeAt(0) > 0x2e7f ? 1 : 0.64;
    if (width > ems) return `${cut}…`;
    cut += character;
  }
  return cut;
}

const row = (at) => at * ROW + 4;
const label = (at, words) => text(LABEL - 10, row(at) + 13, fitted(words, EMS), { class: "label", "text-anchor": "end" });
const end = (at, words) => text(WIDTH - END + 8, row(at) + 13, words, { class: "end" });
const room = WIDTH - LABEL - END;

/** Bars of parts: `{label, end, parts: [{name, value, colour, href}]}`; the longest fills the width. */
export function stacked(bars, title) {
  const most = Math.max(1, ...bars.map(({ parts }) => parts.reduce((all, { value }) => all + value, 0)));
  const names = bars[0]?.parts ?? [];
  const legend = names.map(({ name, colour }, at) => s("g", {}, s("rect", { x: LABEL + at * 64, y: 4, width: 10, height: 10, rx: 2, class: `fill-${colour}` }), text(LABEL + at * 64 + 15, 13, name, { class: "end" })));
  const rows = bars.map((bar, index) => {
    const at = index + 1;
    let x = LABEL;
    const parts = bar.parts.filter(({ value }) => value > 0).map(({ name, value, colour, href }) => {
      const width = (value / most) * room;
      const box = s("rect", { x, y: row(at), width: Math.max(1, width - 1), height: 18, rx: 2, class: `fill-${colour}` }, tip(`${bar.label} ${name} ${value}`));
      const inside = width > 22 ? text(x + width / 2, row(at) + 13, String(value), { class: "inside", "text-anchor": "middle" }) : null;
      x += width;
      return s("a", { href, "aria-label": `${bar.label} ${name} ${value}` }, box, inside);
    });
    return s("g", {}, label(at, bar.label), ...parts, text(x + 8, row(at) + 13, bar.end, { class: "end" }));
  });
  return frame(row(bars.length + 1) + 4, title, ...legend, ...rows);
}

/** Shares of one: `{label, share, end, href}`. */
export function shares(bars, title) {
  const rows = bars.map(({ label: words, share, end: tail, href }, at) =>
    linked(
      href,
      label(at, words),
      s("rect", { x: LABEL, y: row(at), width: room, height: 18, rx: 2, class: "track" }, tip(`${words} ${tail}`)),
      s("rect", { x: LABEL, y: row(at), width: room * share, height: 18, rx: 2, class: share >= 0.9 ? "fill-A" : share >= 0.7 ? "fill-B" : "fill-C" }, tip(`${words} ${tail}`)),
      end(at, tail),
    ),
  );
  return frame(row(bars.length) + 4, title, ...rows);
}

/** Bars in falling order with the line of their running share: `{label, value, share, colour, href}`. */
export function pareto(bars, title) {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const point = ({ share }, at) => [LABEL + room * share, row(at) + 9];
  const rows = bars.map(({ label: words, value, share, colour, href }, at) =>
    linked(
      href,
      label(at, words),
      s("rect", { x: LABEL, y: row(at), width: Math.max(1, (value / most) * room), height: 18, rx: 2, class: `fill-${colour}` }, tip(`${words} ${value}`)),
      end(at, `${value} · ${(share * 100).toFixed(0)}%`),
    ),
  );
  const line = s("polyline", { points: bars.map((bar, at) => point(bar, at).map((number) => number.toFixed(1)).join(",")).join(" "), class: "line" });
  const dots = bars.map((bar, at) => s("circle", { cx: point(bar, at)[0], cy: point(bar, at)[1], r: 2.5, class: "dot" }));
  return frame(row(bars.length) + 4, title, ...rows, line, ...dots);
}

/** Lengths on a scale of powers, the median as a bar and the 90th percentile as a line to its right: `{label, median, p90, end, late}`; `ticks`: `[length, text]`. */
export function intervals(bars, ticks, title) {
  const most = Math.log1p(Math.max(1, ...bars.map(({ p90 }) => p90)));
  const x = (length) => LABEL + (Math.log1p(Math.max(0, length)) / most) * room;
  const foot = row(bars.length);
  const grid = ticks.filter(([length]) => Math.log1p(length) <= most).map(([length, words]) => s("g", {}, s("path", { d: `M${x(length)} 0V${foot}`, class: "grid" }), text(x(length), foot + 12, words, { class: "end", "text-anchor": "middle" })));
  const rows = bars.map(({ label: words, median, p90, end: tail, late }, at) =>
    s(
      "g",
      {},
      label(at, words),
      s("rect", { x: LABEL, y: row(at), width: Math.max(1, x(median) - LABEL), height: 18, rx: 2, class: late ? "fill-B" : "fill-A" }, tip(`${words} ${tail}`)),
      s("path", { d: `M${x(median)} ${row(at) + 9}H${x(p90)}m0 -5v10`, class: "line" }),
      end(at, tail),
    ),
  );
  return frame(foot + 18, title, ...grid, ...rows);
}
