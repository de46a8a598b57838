// Small pieces that several pages are made of.

import { h } from "/bingli/dom.js";
import { words } from "/pages/words.js";

export const level = (severity) => h(`span.level.${severity}`, {}, words.severity[severity] ?? severity);
export const gradeMark = (grade) => (grade ? h(`span.grade.${grade}`, { title: words.gradeOf(grade) }, words.gradeOf(grade).slice(0, 1)) : h("span.soft", {}, "–"));

/** A labelled choice; `options` are `[value, text]`. */
export function choice(name, label, options, value, onchange) {
  const select = h("select", { name, "aria-label": label, onchange: () => onchange(select.value) }, h("option", { value: "" }, `${label}：${words.all}`), options.map(([key, text]) => h("option", { value: key }, text)));
  select.value = value;
  return select;
}

export function searchBox(label, value, oninput) {
  const box = h("input", { type: "search", name: "text", placeholder: label, "aria-label": `${words.search} ${label}`, autocomplete: "off", oninput: () => oninput(box.value) });
  box.value = value;
  return box;
}

/** Filters live in the address, so that a list can be linked to. */
export const filtersOf = (names) => {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries(names.map((name) => [name, given.get(name) ?? ""]));
};
export function keepFilters(filters) {
  const given = Object.entries(filters).filter(([, value]) => value);
  history.replaceState(null, "", given.length ? `?${new URLSearchParams(given)}` : location.pathname);
}

let toastTimer = null;
/** Says something for a moment, to screen readers too. */
export function toast(text) {
  let place = document.querySelector(".toast");
  if (!place) document.body.append((place = h("div.toast", { role: "status" })));
  place.hidden = false;
  place.textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (place.hidden = true), 4_000);
}

export function failure(error, retry) {
  return h("p.notice.bad", { role: "alert" }, `${words.failed}：${error.message} `, h("button", { type: "button", onclick: retry }, words.retry));
}

/** Whether a key belongs to the field that has the focus. */
export const isTyping = (event) => event.target.closest?.("input, textarea, select, [contenteditable], dialog") !== null || event.ctrlKey || event.metaKey || event.altKey;

/** "/" goes to the search box, j and k to the next and the previous entry of a list; without the focus on one of them, from that place. */
export function walk(event, bar, body, from = -1) {
  if (isTyping(event)) return;
  if (event.key === "/") {
    event.preventDefault();
    return bar.querySelector("input")?.focus();
  }
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  const buttons = [...body.querySelectorAll("button.link")];
  const at = buttons.indexOf(document.activeElement);
  buttons[Math.min(buttons.length - 1, Math.max(0, (at >= 0 ? at : from) + step))]?.focus();
}
