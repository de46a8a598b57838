// Dialogs with a few fields that are sent somewhere; what the server refuses is said in the dialog, and nothing typed is lost.

import { h } from "/bingli/dom.js";
import { show } from "/pages/dialogs.js";
import { words } from "/pages/words.js";

let fields = 0;
/** A labelled field, with a hint that screen readers read after it. */
export function field(label, element, hint = null) {
  element.id = `field-${++fields}`;
  if (hint) element.setAttribute("aria-describedby", `${element.id}-hint`);
  return h("div.field", {}, h("label", { for: element.id }, label), element, hint ? h("span.small.soft", { id: `${element.id}-hint` }, hint) : null);
}

export const textBox = (value = "", properties = {}) => {
  const box = h("input", { type: "text", autocomplete: "off", spellcheck: "false", maxlength: 256, ...properties });
  box.value = value;
  return box;
};

export function options(pairs, value) {
  const select = h("select", {}, pairs.map(([key, text]) => h("option", { value: key }, text)));
  if (value !== undefined) select.value = value;
  return select;
}

/** Asks, and sends when told to; what `send` returned, or undefined where somebody thought better of it. */
export function ask({ title, fields: rows = [], hint = null, label, danger = false, send }) {
  return new Promise((resolve) => {
    const problem = h("p.over", { role: "alert" });
    let answer;
    const submit = h(danger ? "button.danger" : "button.primary", { type: "submit" }, label);
    const form = h("form", { novalidate: true }, h("div.fields", {}, hint ? h("p.soft", {}, hint) : null, ...rows), problem);
    const dialog = show(title, form);
    form.append(h("div.deeds", {}, submit, h("button", { type: "button", onclick: () => dialog.close() }, words.cancel)));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      submit.disabled = true;
      try {
        answer = (await send()) ?? true;
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
        submit.disabled = false;
      }
    });
    dialog.addEventListener("close", () => resolve(answer));
    (form.querySelector("input, select, textarea") ?? submit).focus();
  });
}
