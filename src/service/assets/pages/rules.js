// 规则: the rulebook to browse and to search; one rule with its reasons, its cases and its card, tried on a text.

import { h } from "/bingli/dom.js";
import { basisText } from "/bingli/words.js";
import "/pages/bar.js";
import { all, call, calmly, get, part } from "/pages/api.js";
import { caseView } from "/pages/cases.js";
import { marked } from "/pages/marks.js";
import { choice, failure, filtersOf, isTyping, keepFilters, level, searchBox, walk } from "/pages/parts.js";
import { ruleWords as says } from "/pages/rule-words.js";
import { mark, standing } from "/pages/switches.js";
import { words } from "/pages/words.js";

const FILTERS = ["text", "severity", "kind", "status", "phase"];

class Rules extends HTMLElement {
  connectedCallback() {
    this.filters = filtersOf([...FILTERS, "defect", "rule"]);
    this.rules = [];
    this.turn = 0;
    this.count = h("p.soft", { role: "status" });
    this.bar = h("div.filters");
    this.body = h("tbody");
    this.problem = h("div");
    this.reader = h("article.reader.paper", { tabindex: "-1", "aria-label": says.name }, h("p.empty", {}, says.choose));
    const columns = [says.code, words.severityLabel, says.name, says.kind, says.status, says.acceptance];
    const table = h("table.rules", {}, h("thead", {}, h("tr", {}, columns.map((text, at) => h(at === 5 ? "th.right" : "th", { scope: "col" }, text)))), this.body);
    this.append(h("div.head", {}, h("h1", {}, says.title), this.count), this.problem, h("div.shelf", {}, h("section", { "aria-label": says.title }, this.bar, h("div.paper.scroll", {}, table)), this.reader));
    this.search = calmly(() => this.load(), 200);
    this.drawFilters();
    this.load();
    if (this.filters.rule) this.read(this.filters.rule);
    document.addEventListener("keydown", (event) => this.key(event));
  }

  async load() {
    const turn = ++this.turn;
    const { rule: _, ...asked } = this.filters;
    try {
      const found = await all("/v1/rules", asked);
      // An answer that a later question has overtaken says nothing any more.
      if (turn !== this.turn) return;
      this.rules = found.sort((a, b) => (a.defect < b.defect ? -1 : a.defect > b.defect ? 1 : 0));
      this.problem.replaceChildren();
      this.draw();
    } catch (error) {
      this.problem.replaceChildren(failure(error, () => this.load()));
    }
  }

  drawFilters() {
    const set = (name) => (value) => {
      this.filters[name] = value;
      keepFilters(this.filters);
      this.search();
    };
    const { defect } = this.filters;
    const tag = h("button.tag", { type: "button", onclick: () => (tag.remove(), set("defect")("")) }, `${words.only.defect(defect)} ×`);
    this.bar.replaceChildren(
      searchBox(says.search, this.filters.text, set("text")),
      choice("severity", words.severityLabel, Object.entries(words.severity), this.filters.severity, set("severity")),
      choice("kind", says.kind, Object.entries(says.kinds), this.filters.kind, set("kind")),
      choice("status", says.status, Object.entries(says.statuses), this.filters.status, set("status")),
      choice("phase", says.phase, Object.entries(says.phases), this.filters.phase, set("phase")),
      ...(defect ? [tag] : []),
    );
  }

  draw() {
    const here = document.activeElement?.closest?.("tr")?.dataset.rule;
    this.count.textContent = says.count(this.rules.length);
    this.body.replaceChildren(...this.rules.map((rule) => this.row(rule)));
    if (this.rules.length === 0) this.body.append(h("tr", {}, h("td.empty", { colspan: 6 }, says.empty)));
    if (here) this.body.querySelector(`tr[data-rule="${CSS.escape(here)}"] button`)?.focus();
    this.mark();
  }

  row({ id, defect, title, severity, kind, status, switched, acceptance }) {
    const cell = (name, ...children) => h(`td.${name}`, {}, ...children);
    const share = acceptance?.decisions ? `${acceptance.accepted} / ${acceptance.decisions}` : null;
    return h(
      "tr",
      { "data-rule": id, onclick: () => this.read(id) },
      cell("defect.n.soft", defect),
      cell("severity", level(severity)),
      cell("title", h("button.link", { type: "button" }, title)),
      cell("kind", says.kinds[kind]),
      cell("status", h(`span.stage.${status}`, {}, says.statuses[status]), mark(switched)),
      cell("acceptance.n.right", share ? h(acceptance.demoted ? "span.over" : "span", { title: acceptance.demoted }, share) : h("span.soft", {}, "–")),
    );
  }

  mark() {
    for (const row of this.body.querySelectorAll("tr[data-rule]")) row.setAttribute("aria-current", String(row.dataset.rule === this.filters.rule));
    this.classList.toggle("reading", Boolean(this.filters.rule));
  }

  async read(id) {
    this.filters.rule = id;
    keepFilters(this.filters);
    this.mark();
    try {
      const rule = await get(`/v1/rules/${part(id)}`);
      if (this.filters.rule !== id) return;
      this.show(rule);
      this.reader.scrollTo?.(0, 0);
      if (getComputedStyle(this.bar).display === "none" || this.reader.offsetTop > innerHeight) scrollTo(0, 0);
      this.reader.focus({ preventScroll: true });
    } catch (error) {
      this.reader.replaceChildren(failure(error, () => this.read(id)));
    }
  }

  close() {
    const id = this.filters.rule;
    this.filters.rule = "";
    keepFilters(this.filters);
    this.mark();
    this.reader.replaceChildren(h("p.empty", {}, says.choose));
    this.body.querySelector(`tr[data-rule="${CSS.escape(id)}"] button`)?.focus();
  }

  show(rule) {
    const { id, title, defect, also = [], severity, status, basis, why, fix, message, phases, applies, check, card, file, since } = rule;
    const listed = (list) => (list?.length ? list.join("、") : null);
    const rows = (pairs) => h("dl.facts", {}, pairs.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    const { acceptance, model } = card;
    this.text = h("textarea", { rows: 6, "aria-label": says.tryLabel, placeholder: says.tryLabel, spellcheck: "false" });
    this.text.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && this.attempt(id));
    this.answer = h("div.answer", { "aria-live": "polite" });
    this.reader.replaceChildren(
      h("div.head", {}, h("h2", {}, title), level(severity), h("span.n.soft", {}, defect), h(`span.stage.${status}`, {}, says.statuses[status]), h("button.close", { type: "button", onclick: () => this.close() }, says.back)),
      rows([
        [says.why, why],
        [says.message, message],
        [says.fix, fix],
        [says.basis, listed(basis.map(basisText))],
        [says.kind, says.kinds[check.kind]],
        [says.phase, listed(phases.map((phase) => says.phases[phase]))],
        [says.departments, listed(applies.departments)],
        [says.notDepartments, listed(applies.not_departments)],
        [says.also, listed(also)],
        [says.file, h("span", {}, h("code", {}, file), h("span.soft", {}, ` ${says.since} ${says.version(since)}`))],
      ]),
      h("h3", {}, says.card),
      rows([
        [says.cases, says.kept(card.cases)],
        // Not told to those who do not read figures.
        [says.acceptance, acceptance && (acceptance.decisions ? says.accepted(acceptance.accepted, acceptance.decisions) + (acceptance.demoted ? `；${words.demoted}：${acceptance.demoted}` : "") : says.neverJudged)],
        [says.model, model && says.models[model.state](model)],
        [says.precision, listed(Object.entries(card.precision).map(([data, share]) => `${data} ${words.proportion(share)}`))],
        [says.drill, card.drill && `${defect} ${words.proportion(card.drill)}`],
      ]),
      ...standing(rule, () => this.load()),
      h("h3", {}, says.try),
      h("p.small.soft", {}, says.tryHint),
      this.text,
      h("div.deeds", {}, (this.button = h("button.primary", { type: "button", onclick: () => this.attempt(id) }, says.run)), h("span.small.soft", {}, h("kbd", {}, "Ctrl + Enter"))),
      this.answer,
      h("h3", {}, says.cases),
      h("ol.cases", {}, rule.case.map((example, at) => caseView(example, at + 1, severity, (text) => {
        this.text.value = text;
        this.text.scrollIntoView({ block: "nearest" });
        this.attempt(id);
      }))),
      h("details", {}, h("summary", {}, says.check), h("pre.small", { tabindex: "0" }, JSON.stringify({ ...(Object.keys(applies).length ? { applies } : {}), check }, null, 2))),
    );
  }

  async attempt(id) {
    const text = this.text.value;
    if (!text.trim()) return this.text.focus();
    const { answer, button } = this;
    button.disabled = true;
    button.textContent = says.running;
    try {
      answer.replaceChildren(...answerOf(await call("POST", `/v1/rules/${part(id)}/try`, { text }), text));
    } catch (error) {
      answer.replaceChildren(h("p.over", { role: "alert" }, error.message));
    }
    button.disabled = false;
    button.textContent = says.run;
  }

  key(event) {
    if (event.key === "Escape" && this.filters.rule && !isTyping(event)) return this.close();
    walk(event, this.bar, this.body, this.rules.findIndex(({ id }) => id === this.filters.rule));
  }
}

/** What the rule said, and the text with its words marked. */
function answerOf({ outcome, why, findings }, text) {
  const hit = findings.length > 0;
  const verdict = h(`p.verdict.${hit ? "hit" : outcome}`, { role: "status" }, hit ? says.found(findings.length) : [says.outcomes[outcome], why].filter(Boolean).join("："));
  if (!hit) return [verdict];
  const spans = [];
  for (const { start, end, others, finding } of findings) {
    if (start !== null) spans.push({ start, end, finding, role: "this" });
    for (const other of others) spans.push({ ...other, finding, role: "against" });
  }
  const said = h("ul.said", {}, findings.map(({ start, finding }) => h("li", {}, finding.message, start === null ? h("span.small.soft", {}, ` ${says.unplaced}`) : null)));
  if (spans.length === 0) return [verdict, said];
  const shown = h("p.tried", { tabindex: "0", role: "region", "aria-label": says.tryLabel }, marked(text, spans));
  for (const mark of shown.querySelectorAll("mark")) mark.classList.add("active", mark.rests.some(({ role }) => role === "this") ? "this" : "against");
  return [verdict, said, shown];
}

customElements.define("bingli-rules", Rules);
