// Lists of kept things: a table that on a narrow screen becomes one card a row.

import { h } from "/bingli/dom.js";

/** A button of one row; its label for screen readers says of which. */
export const button = (text, name, onclick) => h("button.small", { type: "button", "aria-label": `${text} ${name}`, onclick }, text);

/** `rows`: `[name, ended, cells]`; `none` is said where there is no row. */
export function table(columns, rows, none) {
  const cells = (row) => row.map((cell, at) => h("td", { "data-label": columns[at] }, ...[cell].flat().filter((part) => part !== null)));
  const lines = rows.length ? rows.map(([name, ended, row]) => h(ended ? "tr.ended" : "tr", { "data-name": name }, ...cells(row))) : [h("tr", {}, h("td.empty", { colspan: columns.length }, none))];
  return h("div.paper.scroll", {}, h("table.kept", {}, h("thead", {}, h("tr", {}, columns.map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, ...lines)));
}

/** Names and values, one a line; what has no value is left out. */
export const facts = (rows) => h("dl.facts", {}, rows.filter(([, value]) => value !== null && value !== undefined && value !== "").flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

/** Numbers in a table: the columns that are words are named in `texts`. */
export function numbers(columns, rows, texts = [0]) {
  const align = (tag, at) => (texts.includes(at) ? tag : `${tag}.right.n`);
  return h("table", {}, h("thead", {}, h("tr", {}, columns.map((text, at) => h(align("th", at), { scope: "col" }, text)))), h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, at) => h(align("td", at), {}, cell))))));
}
