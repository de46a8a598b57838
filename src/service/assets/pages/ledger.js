// 台账: every entry with where it stands, and a drawer in which somebody acts on it.

import { h } from "/bingli/dom.js";
import "/pages/bar.js";
import { all, asked, calmly, get, listen, part } from "/pages/api.js";
import { Drawer } from "/pages/drawer.js";
import { choice, failure, filtersOf, keepFilters, level, searchBox, walk } from "/pages/parts.js";
import { SavedFilters } from "/pages/saved.js";
import { countTo, refreshCountdowns, setClock, shown, until } from "/pages/time.js";
import { words } from "/pages/words.js";

const FINAL = ["closed", "withdrawn", "archived_open"];
const NAMES = ["state", "department", "severity", "stage", "visit", "text"];

class Ledger extends HTMLElement {
  connectedCallback() {
    this.filters = filtersOf(NAMES);
    this.entries = [];
    this.count = h("p.soft", { role: "status" });
    this.bar = h("div.filters");
    this.saved = new SavedFilters("ledger");
    this.body = h("tbody");
    this.problem = h("div");
    this.drawer = new Drawer(() => this.load(), () => this.mark(null));
    const columns = [words.number, words.severityLabel, words.defect, words.title, words.visit, words.department, words.responsible, words.due, words.state];
    const table = h("table.ledger", {}, h("thead", {}, h("tr", {}, columns.map((text) => h("th", { scope: "col" }, text)))), this.body);
    this.append(h("div.head", {}, h("h1", {}, words.ledgerTitle), this.count), this.problem, this.bar, h("div.paper.scroll", {}, table), this.drawer.element);
    this.load().then(() => this.follow());
    document.addEventListener("keydown", (event) => this.key(event));
    setInterval(() => refreshCountdowns(this), 30_000);
  }

  async load() {
    try {
      const { visit } = this.filters;
      [this.entries] = await Promise.all([all("/v1/ledger", { visit }), setClock()]);
      this.problem.replaceChildren();
      this.drawFilters();
      this.draw();
    } catch (error) {
      this.problem.replaceChildren(failure(error, () => this.load()));
    }
  }

  follow() {
    const again = calmly(() => this.load(), 250);
    const state = (open) => {
      if (open && this.wasAway) again();
      this.wasAway = !open;
    };
    listen({}, ["ledger", "escalation"], ({ body }) => {
      again();
      this.drawer.changed(body.entry);
    }, state);
  }

  drawFilters() {
    const set = (name) => (value) => {
      this.filters[name] = value;
      keepFilters(this.filters);
      if (name === "visit") this.load();
      else this.draw();
      this.drawExports();
    };
    this.exports ??= h("span.exports");
    this.drawExports();
    if (this.bar.contains(document.activeElement)) return;
    const departments = [...new Set(this.entries.map(({ department }) => department))].filter(Boolean).sort((a, b) => a.localeCompare(b, "zh-CN"));
    const pairs = (texts) => Object.entries(texts);
    this.bar.replaceChildren(
      searchBox(words.searchLedger, this.filters.text, set("text")),
      choice("stage", words.stage, pairs(words.stages), this.filters.stage, set("stage")),
      choice("state", words.state, pairs(words.states), this.filters.state, set("state")),
      choice("department", words.department, departments.map((name) => [name, name]), this.filters.department, set("department")),
      choice("severity", words.severityLabel, pairs(words.severity), this.filters.severity, set("severity")),
      ...(this.filters.visit ? [h("button.tag", { type: "button", onclick: () => set("visit")("") }, `${words.visit} ${this.filters.visit} ×`)] : []),
      this.saved.element,
      this.exports,
    );
  }

  /** What is exported is what the server's own filters can choose. */
  drawExports() {
    const { text: _, ...filters } = this.filters;
    const link = (format) => h("a.button", { href: `/v1/ledger${asked({ ...filters, format })}`, download: `ledger.${format}` }, words[format]);
    this.exports.replaceChildren(link("xlsx"), " ", link("csv"));
  }

  matches(entry) {
    const { state, department, severity, stage, text } = this.filters;
    if ((state && entry.state !== state) || (department && entry.department !== department) || (severity && entry.severity !== severity)) return false;
    if (stage && (FINAL.includes(entry.state) || (stage === "overdue" && until(entry.due) >= 0))) return false;
    const wanted = text.trim().toLowerCase();
    return !wanted || [entry.number, entry.visit_id, entry.title, entry.defect, entry.responsible].join(" ").toLowerCase().includes(wanted);
  }

  draw() {
    const open = (entry) => (FINAL.includes(entry.state) ? 1 : 0);
    const found = this.entries.filter((entry) => this.matches(entry)).sort((a, b) => open(a) - open(b) || (a.due < b.due ? -1 : a.due > b.due ? 1 : 0) || (a.entry < b.entry ? -1 : 1));
    const here = document.activeElement?.closest?.("tr")?.dataset.entry;
    this.count.textContent = words.ledgerCount(found.length);
    this.body.replaceChildren(...found.map((entry) => this.row(entry)));
    if (found.length === 0) this.body.append(h("tr", {}, h("td.empty", { colspan: 9 }, words.ledgerEmpty)));
    if (here) this.body.querySelector(`tr[data-entry="${CSS.escape(here)}"] button`)?.focus();
    this.mark(this.drawer.entry);
  }

  row(entry) {
    const cell = (name, ...children) => h(`td.${name}`, {}, ...children);
    const open = () => {
      this.mark(entry.entry);
      this.drawer.open(entry.entry);
    };
    return h(
      "tr",
      { "data-entry": entry.entry, onclick: (event) => !event.target.closest("a") && open() },
      cell("number", h("button.link.n", { type: "button", "aria-haspopup": "dialog" }, entry.number)),
      cell("severity", level(entry.severity)),
      cell("defect.n.soft", entry.defect),
      cell("title", entry.title),
      cell("visit.n", h("a", { href: `/visits/${part(entry.visit_id)}` }, entry.visit_id)),
      cell("department", entry.department),
      cell("responsible", entry.responsible || h("span.soft", {}, words.unknown)),
      cell("due", h("span.n.soft", {}, shown(entry.due)), " ", FINAL.includes(entry.state) ? h("span.soft", {}, words.finished) : countTo(h("span.n"), entry.due)),
      cell("state", h(`span.stage.${entry.state}`, {}, words.states[entry.state])),
    );
  }

  mark(entry) {
    for (const row of this.body.querySelectorAll("tr[data-entry]")) row.setAttribute("aria-current", String(row.dataset.entry === entry));
  }

  key(event) {
    if (event.key === "Escape") return this.drawer.close();
    walk(event, this.bar, this.body);
  }
}

customElements.define("bingli-ledger", Ledger);
