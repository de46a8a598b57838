// 工作台: every visit of the ward, the most urgent first, and what has just happened.

import { h } from "/bingli/dom.js";
import "/pages/bar.js";
import { all, asked, calmly, get, listen, part } from "/pages/api.js";
import { News } from "/pages/news.js";
import { choice, failure, filtersOf, gradeMark, isTyping, keepFilters, searchBox } from "/pages/parts.js";
import { SavedFilters } from "/pages/saved.js";
import { countTo, refreshCountdowns, setClock, shown, until } from "/pages/time.js";
import { words } from "/pages/words.js";

const TOPICS = ["reminder", "digest", "escalation", "finding.new", "visit.judged"];

/** Overdue in hospital, then serious defects in hospital, then the rest of those in hospital, then discharged records. */
function rank(visit) {
  const running = !visit.discharged_at;
  if (running && visit.next_duty && until(visit.next_duty.due) < 0) return 0;
  if (running) return visit.severe > 0 ? 1 : 2;
  return visit.severe > 0 ? 3 : 4;
}

function byUrgency(visits) {
  const due = (visit) => visit.next_duty?.due ?? "9";
  const keyed = visits.map((visit) => ({ visit, rank: rank(visit), due: due(visit) }));
  keyed.sort((a, b) => a.rank - b.rank || b.visit.severe - a.visit.severe || (a.due < b.due ? -1 : a.due > b.due ? 1 : 0) || (a.visit.total ?? 101) - (b.visit.total ?? 101) || (a.visit.visit_id < b.visit.visit_id ? -1 : 1));
  return keyed.map(({ visit }) => visit);
}

class Ward extends HTMLElement {
  connectedCallback() {
    this.filters = filtersOf(["mine", "department", "state", "grade", "text", "defect", "late"]);
    this.visits = [];
    this.count = h("p.soft", { role: "status" });
    this.bar = h("div.filters");
    this.saved = new SavedFilters("ward");
    this.body = h("tbody");
    this.news = new News();
    const columns = [words.department, words.visit, words.admitted, words.score, words.grade, words.severe, words.open, words.next];
    const numbers = [3, 5, 6];
    const table = h("table.ward", {}, h("thead", {}, h("tr", {}, columns.map((text, at) => h(numbers.includes(at) ? "th.right" : "th", { scope: "col" }, text)))), this.body);
    this.problem = h("div");
    this.append(
      h("div.head", {}, h("h1", {}, words.wardTitle), this.count),
      this.problem,
      h("div.columns", {}, h("section", { "aria-label": words.wardTitle }, this.bar, h("div.paper.scroll", {}, table)), this.news.element),
    );
    this.load().then(() => this.follow());
    document.addEventListener("keydown", (event) => this.key(event));
    setInterval(() => refreshCountdowns(this), 30_000);
  }

  async load() {
    try {
      const [visits] = await Promise.all([all("/v1/visits", { defect: this.filters.defect, late: this.filters.late, mine: this.filters.mine && "true" }), setClock()]);
      this.visits = byUrgency(visits);
      this.problem.replaceChildren();
      this.drawFilters();
      this.draw();
      performance.mark("ward-rows");
    } catch (error) {
      this.problem.replaceChildren(failure(error, () => this.load()));
    }
  }

  async follow() {
    const again = calmly(() => this.load(), 1_000);
    try {
      const recent = await get(`/v1/messages${asked({ last: 200, topics: TOPICS.join(",") })}`);
      recent.items.forEach((message) => this.news.add(message));
      this.news.draw();
      const take = (message) => {
        if (message.topic === "visit.judged") return again();
        this.news.add(message);
        this.news.draw();
      };
      listen({ after: recent.next }, TOPICS, take, (open) => this.news.says(open));
    } catch (error) {
      this.problem.replaceChildren(failure(error, () => location.reload()));
    }
  }

  drawFilters() {
    if (this.bar.contains(document.activeElement)) return;
    const departments = [...new Set(this.visits.map((visit) => visit.department))].filter(Boolean).sort((a, b) => a.localeCompare(b, "zh-CN"));
    const set = (name) => (value) => {
      this.filters[name] = value;
      keepFilters(this.filters);
      if (["mine", "defect", "late"].includes(name)) this.load();
      else this.draw();
    };
    const tags = ["defect", "late"].filter((name) => this.filters[name]);
    this.bar.replaceChildren(
      searchBox(words.searchWard, this.filters.text, set("text")),
      ...(document.body.dataset.person ? [choice("mine", words.patients, [["1", words.mine]], this.filters.mine, set("mine"))] : []),
      choice("department", words.department, departments.map((name) => [name, name]), this.filters.department, set("department")),
      choice("state", words.state, [["running", words.running], ["discharged", words.discharged]], this.filters.state, set("state")),
      choice("grade", words.grade, ["甲", "乙", "丙"].map((grade) => [grade, words.gradeOf(grade)]), this.filters.grade, set("grade")),
      ...tags.map((name) => h("button.tag", { type: "button", onclick: () => set(name)("") }, `${words.only[name](this.filters[name])} ×`)),
      this.saved.element,
    );
  }

  matches(visit) {
    const { department, state, grade, text } = this.filters;
    if (department && visit.department !== department) return false;
    if (grade && visit.grade !== grade) return false;
    if (state && (state === "running") === Boolean(visit.discharged_at)) return false;
    const wanted = text.trim().toLowerCase();
    return !wanted || `${visit.visit_id} ${visit.department} ${visit.next_duty?.task ?? ""}`.toLowerCase().includes(wanted);
  }

  draw() {
    const here = document.activeElement?.closest?.("tr")?.dataset.visit;
    const found = this.visits.filter((visit) => this.matches(visit));
    this.count.textContent = `${words.wardCount(found.length, this.visits.length)} · ${words.wardOrder}`;
    this.body.replaceChildren(...found.map(row));
    if (found.length === 0) this.body.append(h("tr", {}, h("td.empty", { colspan: 8 }, words.wardEmpty)));
    if (here) this.body.querySelector(`tr[data-visit="${CSS.escape(here)}"] a`)?.focus();
  }

  key(event) {
    if (event.key === "/" && !isTyping(event)) {
      event.preventDefault();
      return this.bar.querySelector("input").focus();
    }
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    const inRow = document.activeElement?.closest?.("tr");
    if (!step || isTyping(event) || (event.key.startsWith("Arrow") && !inRow)) return;
    event.preventDefault();
    const links = [...this.body.querySelectorAll("a.open")];
    const at = links.indexOf(document.activeElement);
    links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
  }
}

function row(visit) {
  const { next_duty: next } = visit;
  const cell = (name, label, ...children) => h(`td.${name}`, { "data-label": label }, ...children);
  return h(
    "tr",
    { "data-visit": visit.visit_id },
    cell("department", words.department, visit.department || "–"),
    cell("id.n", words.visit, h("a.open", { href: `/visits/${part(visit.visit_id)}` }, visit.visit_id), " ", h("a.draft.small", { href: `/visits/${part(visit.visit_id)}/edit`, "aria-label": `${words.draft} ${visit.visit_id}` }, words.draft)),
    cell("admitted.n", words.admitted, shown(visit.admitted_at), visit.discharged_at ? h("span.soft.small", {}, ` ${words.discharged}`) : null),
    cell("score.n.right", words.score, visit.total === null ? "–" : visit.total.toFixed(1)),
    cell("mark", words.grade, gradeMark(visit.grade)),
    cell("severe.n.right", words.severe, visit.severe ? h("span.level.S1", {}, visit.severe) : h("span.soft", {}, "0")),
    cell("open.n.right", words.open, visit.open),
    cell("next", words.next, next ? [h("span.task", {}, next.task), " ", countTo(h("span.n", { title: words.dueAt(shown(next.due)) }), next.due)] : h("span.soft", {}, words.none)),
  );
}

customElements.define("bingli-ward", Ward);
