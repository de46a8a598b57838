// The dialog that draws a sample: from which visits, whole lists, strata, and how many of each part.

import { h } from "/bingli/dom.js";
import { call } from "/pages/api.js";
import { ask, field, options, textBox } from "/pages/forms.js";
import { officeWords as says } from "/pages/office-words.js";

const PARTS = ["clean", "high_risk", "low_confidence", "random"];
const check = (value, text, properties = {}) => h("label.check", {}, h("input", { type: "checkbox", value, ...properties }), text);
const chosen = (set) => [...set.querySelectorAll(":checked")].map(({ value }) => value);

/** A part's number and what it counts; nothing where no number is given. */
function sizeFields(name) {
  const number = h("input", { type: "number", min: 0, step: "any", inputmode: "decimal", "aria-label": `${says.parts[name]} ${says.size}` });
  const mode = options(Object.entries(says.modes), "count");
  mode.setAttribute("aria-label", `${says.parts[name]} ${says.size} ${Object.values(says.modes).join("/")}`);
  const size = () => {
    const value = Number(number.value);
    if (!number.value.trim()) return null;
    return { [mode.value]: mode.value === "share" ? value / 100 : value };
  };
  return { size, element: h("div.size", {}, h("span", {}, says.parts[name], h("span.small.soft", {}, ` ${says.partHints[name]}`)), h("span.amount", {}, number, mode)) };
}

/** The sample that was drawn, or nothing where somebody thought better of it. */
export function drawSample(names) {
  const department = textBox();
  const [from, to] = [textBox("", { type: "date" }), textBox("", { type: "date" })];
  const running = check("running", says.running);
  const must = h("fieldset", {}, h("legend.small.soft", {}, says.must), ...[...names].map(([id, name]) => check(id, name)));
  const strata = h("fieldset", {}, h("legend.small.soft", {}, says.strata), ...Object.entries(says.stratumNames).map(([id, name]) => check(id, name)));
  const parts = Object.fromEntries(PARTS.map((name) => [name, sizeFields(name)]));
  const seed = textBox(String(1 + Math.floor(Math.random() * 99_999)), { type: "number", min: 0, step: 1 });
  const blind = check("blind", says.blind);
  const send = () => {
    const plan = {
      query: { department: department.value.trim(), discharged_from: from.value, discharged_to: to.value, running: running.firstChild.checked },
      seed: Number(seed.value),
      must: chosen(must),
      strata: chosen(strata),
    };
    for (const name of PARTS) plan[name] = parts[name].size();
    return call("POST", "/v1/samples", { plan, blind_score: blind.firstChild.checked });
  };
  const fields = [
    h("div.two", {}, field(says.from, from), field(says.to, to)),
    h("div.two", {}, field(says.department, department), field(says.seed, seed, says.seedHint)),
    running,
    must,
    strata,
    h("div.sizes", { role: "group", "aria-label": says.size }, PARTS.map((name) => parts[name].element)),
    blind,
  ];
  return ask({ title: says.draw, hint: says.drawHint, fields, label: says.draw, send });
}
