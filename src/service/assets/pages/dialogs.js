// Dialogs, and those of the desk: a notice, and the keys.

import { h } from "/bingli/dom.js";
import { call } from "/pages/api.js";
import { words } from "/pages/words.js";

export function show(title, ...children) {
  const before = document.activeElement;
  const dialog = h("dialog", { "aria-label": title }, h("h2", {}, title), ...children);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus?.();
  });
  dialog.showModal();
  return dialog;
}

export function help(keys) {
  if (document.querySelector("dialog[open]")) return;
  const dialog = show(
    words.keysTitle,
    h("div.keys", {}, keys.flatMap(([keys, what]) => [h("span", {}, h("kbd", {}, keys)), h("span", {}, what)])),
    h("div.deeds", {}, h("button", { type: "button", onclick: () => dialog.close() }, words.close)),
  );
}

/** Asks for the notice and issues it; the entry, or null where somebody thought better of it. */
export function noticeDialog({ visit, finding, own }) {
  return new Promise((resolve) => {
    const field = (label, element) => h("label", {}, label, element);
    const title = own && h("input", { type: "text", required: true, maxlength: 80 });
    const code = own && h("input", { type: "text", maxlength: 12, autocomplete: "off" });
    const severity = own && h("select", {}, ["S1", "S2", "S3", "S4"].map((level) => h("option", { value: level, selected: level === "S3" }, words.severity[level])));
    const demand = h("textarea", { rows: 4 });
    demand.value = finding?.suggestion ?? "";
    const problem = h("p.over", { role: "alert" });
    let entry = null;
    const send = async () => {
      if (own && !title.value.trim()) {
        problem.textContent = words.titleNeeded;
        return title.focus();
      }
      const body = own
        ? { ...own, visit_id: visit, title: title.value.trim(), defect: code.value.trim(), severity: severity.value, demand: demand.value.trim() }
        : { visit_id: visit, finding: finding.id, demand: demand.value.trim() };
      submit.disabled = true;
      try {
        entry = await call("POST", "/v1/ledger", body);
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
        submit.disabled = false;
      }
    };
    const submit = h("button.primary", { type: "button", onclick: send }, words.send);
    const dialog = show(
      own ? words.own : words.notify,
      h(
        "div.fields",
        {},
        finding ? h("p", {}, h("strong", {}, finding.title), h("br"), h("span.soft.small", {}, finding.message)) : null,
        own ? [field(words.ownQuote, h("blockquote", {}, own.quote)), field(words.ownTitle, title), field(words.severityLabel, severity), field(words.ownCode, code)] : null,
        field(words.demand, demand),
      ),
      problem,
      h("div.deeds", {}, submit, h("button", { type: "button", onclick: () => dialog.close() }, words.cancel), h("span.small.soft", {}, h("kbd", {}, "Ctrl + Enter"))),
    );
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
    });
    dialog.addEventListener("close", () => resolve(entry));
    (title ?? demand).focus();
  });
}
