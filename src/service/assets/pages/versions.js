// 版本对照: what was written, changed and taken out between two versions of a record, document by document.

import { h } from "/bingli/dom.js";
import { all, get } from "/pages/api.js";
import { show } from "/pages/dialogs.js";
import { compare, diff } from "/pages/diff.js";
import { shown } from "/pages/time.js";
import { english, words } from "/pages/words.js";

const zh = {
  title: "版本对照", from: "旧版本", to: "新版本", version: ({ version, received }) => `第 ${version} 版 ${shown(received)}`, one: "这份病历只有一个版本。", same: (n) => `另有 ${n} 份文书没有改动`, nothing: "两个版本的文书没有差别",
  state: { added: "新增", removed: "删除", changed: "修改" }, facts: { title: "标题", event_at: "时间" }, other: (names) => `文书以外有改动：${names.join("、")}`, legend: ["新增的文字", "删除的文字"], loading: "读取中",
  parts: { patient: "患者信息", admission: "入院信息", discharge: "出院信息", diagnoses: "诊断", orders: "医嘱", labs: "检验", cultures: "培养", exams: "检查", pathology: "病理", critical_values: "危急值", operations: "手术", transfusions: "输血", vitals: "体温单", consults: "会诊", transfers: "转科", rescues: "抢救", front_page: "病案首页", staff: "人员", conditions: "病危病重", downtimes: "停机" },
};
const en = {
  title: "Versions", from: "Older version", to: "Newer version", version: ({ version, received }) => `Version ${version}, ${shown(received)}`, one: "There is only one version of this record.", same: (n) => `${n} more documents are unchanged`, nothing: "The documents of both versions are the same",
  state: { added: "added", removed: "removed", changed: "changed" }, facts: { title: "Title", event_at: "Time" }, other: (names) => `Changed besides the documents: ${names.join(", ")}`, legend: ["added", "removed"], loading: "Reading",
  parts: {},
};
const says = english ? en : zh;

/** Longer stretches that stayed are shown by their ends. */
const LONG = 120;
const END = 40;

function kept(text) {
  const characters = [...text];
  if (characters.length <= LONG) return [text];
  return [characters.slice(0, END).join(""), h("span.soft", {}, " …… "), characters.slice(-END).join("")];
}

const changes = (before, after) => diff(before, after).flatMap(([kind, text]) => (kind === "same" ? kept(text) : [h(kind === "added" ? "ins" : "del", {}, text)]));

/** Opens the comparison of the last two versions; others can be chosen. */
export async function versions(path) {
  const body = h("div.changes", { "aria-live": "polite" }, h("p.soft", {}, says.loading));
  const choices = h("div.filters");
  const dialog = show(says.title, h("div.legend.small", {}, h("ins", {}, says.legend[0]), " ", h("del", {}, says.legend[1])), choices, body, h("div.deeds", {}, h("button", { type: "button", onclick: () => dialog.close() }, words.close)));
  dialog.classList.add("versions");
  const known = new Map();
  const read = (version) => {
    if (!known.has(version)) known.set(version, get(`${path}/versions/${version}`));
    return known.get(version);
  };
  try {
    const list = await all(`${path}/versions`);
    if (list.length < 2) return body.replaceChildren(h("p.soft", {}, says.one));
    const select = (label, chosen) => {
      const element = h("select", { "aria-label": label, onchange: () => draw() }, [...list].reverse().map((version) => h("option", { value: version.version }, says.version(version))));
      element.value = chosen.version;
      return element;
    };
    const [from, to] = [select(says.from, list.at(-2)), select(says.to, list.at(-1))];
    choices.append(from, h("span.soft", { "aria-hidden": "true" }, "→"), to);
    let turn = 0;
    const draw = async () => {
      const mine = ++turn;
      const [before, after] = await Promise.all([read(from.value), read(to.value)]).catch((error) => [null, error]);
      if (mine !== turn) return;
      if (!before) return body.replaceChildren(h("p.over", { role: "alert" }, after.message));
      body.replaceChildren(...drawn(compare(before, after)));
    };
    await draw();
  } catch (error) {
    body.replaceChildren(h("p.over", { role: "alert" }, error.message));
  }
}

function drawn({ documents, same, other }) {
  return [
    ...documents.map(({ document, before, state, sections, facts }) =>
      h(
        "article",
        { "data-document": document.id },
        h("div.head", {}, h("h3", {}, document.title ?? words.document), h("time.n.soft.small", {}, shown(document.event_at)), h(`span.change.small.${state}`, {}, says.state[state])),
        facts.map((name) => h("p", {}, h("span.small.soft", {}, `${says.facts[name]} `), changes(String(before[name] ?? ""), String(document[name] ?? "")))),
        sections.map((section) => h("p", {}, section.name ? h("span.small.soft", {}, `${section.name} `) : null, changes(section.before, section.after))),
      ),
    ),
    documents.length === 0 ? h("p", {}, says.nothing) : same ? h("p.small.soft", {}, says.same(same)) : null,
    other.length ? h("p.small.soft", {}, says.other(other.map((name) => says.parts[name] ?? name))) : null,
  ].filter(Boolean);
}
