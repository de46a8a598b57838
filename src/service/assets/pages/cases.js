// The cases of a rule: as they stand in its file, and as plain text that can be tried.

import { h } from "/bingli/dom.js";
import { marked } from "/pages/marks.js";
import { ruleWords as says } from "/pages/rule-words.js";

/** What plain text can say of a visit at its head. */
const HEAD = { patient: { name: "姓名", sex: "性别", age_text: "年龄" }, admission: { department: "科别", admitted_at: "入院时间" } };
const SEX = { male: "男", female: "女" };

function headOf(visit) {
  const lines = [];
  for (const [part, fields] of Object.entries(visit ?? {})) {
    if (!HEAD[part]) return null;
    for (const [name, value] of Object.entries(fields ?? {})) {
      const label = HEAD[part][name];
      if (!label) return null;
      lines.push(`${label}：${name === "sex" ? SEX[value] : String(value).replace("T", " ").slice(0, name === "admitted_at" ? 16 : undefined)}`);
    }
  }
  return lines;
}

/** The record of a case as plain text; null where a part of it, such as an order, is no text. */
export function asText({ text = {}, visit, history = [], at, phase }) {
  const places = Object.entries(text);
  const head = headOf(visit);
  if (!head || history.length || at || phase || places.length === 0 || places.some(([place]) => place.startsWith("@"))) return null;
  const documents = new Map();
  for (const [place, words] of places) {
    const [whole, section] = place.split("/");
    documents.set(whole, [...(documents.get(whole) ?? []), section ? `${section}：${words}` : words]);
  }
  const written = [...documents].map(([whole, sections]) => [whole.split("@").reverse().join(" "), ...sections].join("\n"));
  return [...(head.length ? [head.join("\n")] : []), ...written].join("\n\n");
}

/** The words that the case wants to see quoted, where they stand in its text. */
function quotedIn(text, { quote = [] }, severity) {
  const found = quote.map((words) => [words, text.indexOf(words)]).filter(([, start]) => start >= 0);
  return marked(text, found.map(([words, start]) => ({ start, end: start + words.length, finding: { id: words, severity }, role: "this" })));
}

export function caseView(example, number, severity, onTry) {
  const { expect, trap, name, text = {}, visit, history = [], at } = example;
  const plain = asText(example);
  const data = (value) => h("pre.small", { tabindex: "0" }, JSON.stringify(value, null, 1).replace(/\n\s*/g, " "));
  return h(
    "li.case",
    {},
    h("div.line", {}, h("span.small.soft.n", {}, says.example(number)), h(`span.stage.${expect}`, {}, says.expect[expect]), trap ? h("span.stage.trap", {}, says.trap) : null, name ? h("span", {}, name) : null, plain ? h("button.link.small", { type: "button", onclick: () => onTry(plain), "aria-label": `${says.tryCase} ${number}` }, says.tryCase) : null),
    Object.entries(text).map(([place, words]) => h("p", {}, h("span.small.soft", {}, `${place} `), quotedIn(words, example, severity))),
    visit ? h("div", {}, h("span.small.soft", {}, says.data), data(visit)) : null,
    history.map((earlier) => h("div", {}, h("span.small.soft", {}, says.earlier), data(earlier.visit ? earlier : (earlier.text ?? earlier)))),
    at ? h("p.small.soft.n", {}, says.at(at.replace("T", " "))) : null,
  );
}
