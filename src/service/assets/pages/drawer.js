// One entry of the ledger: what it is about, what happened, and what may be done with it now. Whether it may is the server's word.

import { h } from "/bingli/dom.js";
import { call, get, part } from "/pages/api.js";
import { level, toast } from "/pages/parts.js";
import { countTo, shown } from "/pages/time.js";
import { words } from "/pages/words.js";

const NEXT = {
  notified: ["acknowledge", "fix", "appeal", "withdraw"],
  acknowledged: ["fix", "appeal", "withdraw"],
  fixed: ["verify", "return", "withdraw"],
  appealed: ["accept_appeal", "reject_appeal"],
  rechecked: ["verify", "return"],
  verified: ["close"],
};
const PHYSICIAN = ["physician"];
const DEPARTMENT = ["physician", "department_qc"];
const CONTROL = ["department_qc", "reviewer", "expert", "records_office"];
const ROLES = {
  acknowledge: DEPARTMENT, fix: PHYSICIAN, appeal: DEPARTMENT, withdraw: CONTROL, verify: CONTROL, return: CONTROL,
  accept_appeal: ["reviewer", "expert"], reject_appeal: ["reviewer", "expert"], close: ["reviewer", "records_office", "department_qc"],
};
const role = document.body.dataset.role;
const may = (action) => role === "administrator" || ROLES[action].includes(role);

export class Drawer {
  constructor(onAct, onClose) {
    this.onAct = onAct;
    this.onClose = onClose;
    this.entry = null;
    this.element = h("aside.drawer.paper", { hidden: true, "aria-label": words.history, tabindex: "-1" });
  }

  async open(entry) {
    const isNew = entry !== this.entry;
    this.entry = entry;
    if (isNew) this.note = "";
    try {
      const found = await get(`/v1/ledger/${part(entry)}`);
      if (this.entry !== entry) return;
      this.draw(found);
      this.element.hidden = false;
      if (isNew) this.element.focus();
    } catch (error) {
      toast(error.message);
    }
  }

  close() {
    if (this.element.hidden) return;
    this.entry = null;
    this.element.hidden = true;
    this.onClose();
  }

  /** Somebody, here or elsewhere, did something with an entry; a note that is being written stays. */
  changed(entry) {
    if (entry === this.entry) this.open(entry);
  }

  draw(entry) {
    const { finding } = entry;
    const evidence = finding?.evidence ?? (finding?.quote ? [{ title: "", quote: finding.quote }] : []);
    const actions = (NEXT[entry.state] ?? []).filter(may);
    const hadFocus = this.element.contains(document.activeElement) && document.activeElement.tagName === "TEXTAREA";
    const note = h("textarea", { rows: 2, oninput: () => (this.note = note.value) });
    note.value = this.note;
    this.problem = h("p.over", { role: "alert" });
    const facts = [
      [words.state, h(`span.stage.${entry.state}`, {}, words.states[entry.state])],
      [words.due, NEXT[entry.state] ? [`${shown(entry.due)} `, countTo(h("span"), entry.due)] : shown(entry.due)],
      [words.visit, [h("a.n", { href: `/visits/${part(entry.visit_id)}` }, entry.visit_id), ` ${entry.department}`]],
      [words.responsible, entry.responsible || words.unknown],
      [words.source, [...new Set([entry.source, words.by(entry.notified_by)])].join(" · ")],
    ];
    const parts = [
      h("div.head", {}, h("h2.n", {}, entry.number), level(entry.severity), h("button.close", { type: "button", "aria-label": words.close, onclick: () => this.close() }, "×")),
      h("p", {}, h("strong", {}, entry.title), " ", h("span.small.soft.n", {}, entry.defect)),
      finding?.message ? h("p", {}, finding.message) : null,
      ...evidence.map(({ title, quote }) => h("p.evidence", {}, title ? h("span.small.soft", {}, `${title} `) : null, h("q", {}, quote))),
      h("dl.facts", {}, facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
      entry.demand ? h("p", {}, h("span.soft", {}, `${words.demand}：`), entry.demand) : null,
      actions.length
        ? h("div.acts", {}, h("label.small.soft", {}, words.note, note), this.problem, h("div.deeds", {}, actions.map((action, at) => h(at === 0 ? "button.primary" : "button", { type: "button", "data-action": action, onclick: () => this.act(action) }, words.actions[action]))))
        : h("p.soft.small", {}, NEXT[entry.state] ? "" : words.final),
      h("h3", {}, words.history),
      h("ol.history", {}, [...entry.history].reverse().map((step) => h("li", {}, h("div.line", {}, h("strong", {}, words.actions[step.action] ?? step.action), h("span.soft", {}, words.by(step.actor)), h("time.n.small.soft", {}, shown(step.at))), step.note ? h("p.small", {}, step.note) : null))),
    ];
    this.element.replaceChildren(...parts.filter(Boolean));
    if (hadFocus) note.focus();
  }

  async act(action) {
    try {
      await call("POST", `/v1/ledger/${part(this.entry)}/${action}`, { note: this.note.trim() });
      this.note = "";
      await this.open(this.entry);
      this.onAct();
    } catch (error) {
      this.problem.textContent = error.message;
    }
  }
}
