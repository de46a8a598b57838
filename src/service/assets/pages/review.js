// 审阅台: one record with its findings, judged from the keyboard.

import { h } from "/bingli/dom.js";
import "/pages/bar.js";
import { all, call, calmly, get, listen, part } from "/pages/api.js";
import { card, evidenceOf } from "/pages/card.js";
import { help, noticeDialog } from "/pages/dialogs.js";
import { marked, place, sectionsOf, select } from "/pages/marks.js";
import { failure, filtersOf, gradeMark, isTyping, toast } from "/pages/parts.js";
import { taskWords } from "/pages/task-words.js";
import { Task } from "/pages/task.js";
import { countTo, refreshCountdowns, setClock, shown } from "/pages/time.js";
import { versions } from "/pages/versions.js";
import { REASONS, words } from "/pages/words.js";

const NARROW = matchMedia("(max-width: 720px)");

class Review extends HTMLElement {
  connectedCallback() {
    this.visitId = this.getAttribute("visit");
    this.path = `/v1/visits/${part(this.visitId)}`;
    const { review } = filtersOf(["review"]);
    this.task = review ? new Task(review, () => this.refresh()) : null;
    this.names = this.task ? taskWords : words;
    this.selected = null;
    this.choosing = null;
    this.seconds = 0;
    this.about = h("div.about");
    this.tools = h("div.state");
    // A reviewer's form stays where it is while what stands around it is drawn anew.
    this.head = h("header.summary", {}, this.about, this.task?.form, this.tools);
    this.text = h("div.text", { "aria-label": words.documents, role: "region", tabindex: "0" });
    this.outline = h("nav.outline", { "aria-label": words.documents });
    this.list = h("div.cards", { role: "list", "aria-label": words.findings });
    this.side = h("aside.side", { "aria-label": words.findings });
    this.spent = h("span.n", {}, "00:00");
    this.append(this.head, h("div.desk", {}, this.outline, this.text, this.side));
    this.load().then(() => this.task || this.follow());
    document.addEventListener("keydown", (event) => this.key(event));
    setInterval(() => this.tick(), 1_000);
    setInterval(() => refreshCountdowns(this), 30_000);
  }

  /** Only time in sight of the page counts. */
  tick() {
    if (document.hidden) return;
    this.seconds += 1;
    this.spent.textContent = `${String(Math.floor(this.seconds / 60)).padStart(2, "0")}:${String(this.seconds % 60).padStart(2, "0")}`;
  }

  async load() {
    try {
      // A reviewer judges what was found at the draw, and sees neither what is found now nor what others said of it.
      [this.visit, this.report, this.duties] = await Promise.all([get(this.path), this.task ? null : get(`${this.path}/report`), all("/v1/duties", { visit: this.visitId }), setClock(), this.task?.load()]);
      this.findings = this.task?.findings ?? this.report.findings.filter((finding) => finding.status === "stable");
      await this.loadVerdicts();
      this.draw();
    } catch (error) {
      this.about.replaceChildren(failure(error, () => this.load()));
    }
  }

  async loadVerdicts() {
    if (this.task) {
      this.decisions = this.task.decisions();
      this.entries = new Map();
      return;
    }
    const [decisions, entries] = await Promise.all([get(`${this.path}/decisions`), all("/v1/ledger", { visit: this.visitId })]);
    this.decisions = new Map(decisions.items.map((decision) => [decision.finding, decision]));
    this.entries = new Map(entries.filter(({ finding_id: finding }) => finding).map((entry) => [entry.finding_id, entry]));
  }

  follow() {
    const record = calmly(() => (this.choosing || document.querySelector("dialog[open]") ? record() : this.load()), 800);
    const verdicts = calmly(() => this.refresh(), 300);
    listen({ visit: this.visitId }, ["visit.judged", "ledger"], (message) => (message.topic === "ledger" ? verdicts() : record()));
  }

  async refresh() {
    await this.loadVerdicts();
    if (this.task) this.drawSide();
    else this.drawCards();
    this.drawHead();
  }

  draw() {
    this.drawHead();
    this.drawText();
    this.drawSide();
  }

  drawSide() {
    const duties = h("details.duties", {}, h("summary", {}, `${words.duties} ${this.duties.length}`), h("ul", {}, this.duties.map(duty)));
    duties.open = this.duties.some(({ state }) => state === "overdue" || state === "open");
    const last = this.task ? this.task.parts() : [h("p.small.soft", {}, words.manifest(this.report.manifest.ran, this.report.manifest.skipped.length))];
    this.side.replaceChildren(this.list, ...(this.task ? [...last, duties] : [duties, ...last]).filter(Boolean));
    this.drawCards();
  }

  drawHead() {
    const { patient = {}, admission = {} } = this.visit;
    const score = this.report?.score;
    const who = [patient.name, words.sex[patient.sex], patient.age_text, admission.department, shown(admission.admitted_at)].filter(Boolean).join(" · ");
    const dealt = this.findings.filter(({ id }) => this.decisions.has(id) || this.entries.has(id)).length;
    const needed = score?.to_grade_a?.length ?? 0;
    const verdict = () => (score ? [score.total === null || score.total === undefined ? null : h("strong.total.n", {}, score.total.toFixed(1)), gradeMark(score.grade), h("span", {}, needed ? words.toA(needed) : score.grade === "甲" ? words.isA : "")] : h("span.soft", {}, words.noScore));
    const program = () => (this.task.program ? [h("span.soft", {}, taskWords.program), h("strong.n", {}, this.task.program.total?.toFixed(1) ?? "–"), gradeMark(this.task.program.grade)] : []);
    this.about.replaceChildren(
      h("div", {}, h("h1", {}, h("span.n", {}, this.visitId)), h("p.soft", {}, who)),
      h("div.verdict", {}, this.task ? program() : verdict()),
    );
    const report = this.task ? [] : [h("a.button", { href: `/visits/${part(this.visitId)}/report` }, words.plain)];
    this.tools.replaceChildren(h("span.n", { role: "status" }, words.done(dealt, this.findings.length)), h("span.soft", {}, `${words.spent} `, this.spent), h("button.versions", { type: "button", onclick: () => versions(this.path) }, words.versions), ...report, h("button", { type: "button", onclick: () => this.help() }, `${words.keysHint} `, h("kbd", {}, "?")));
  }

  drawText() {
    const spans = place(this.visit, this.findings);
    const documents = [...(this.visit.documents ?? [])].map((document, at) => ({ document, at }));
    const time = ({ document }) => document.event_at ?? document.created_at ?? "";
    documents.sort((a, b) => (time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : a.at - b.at));
    const name = (document) => document.title ?? words.document;
    this.text.replaceChildren(
      ...documents.map(({ document }) =>
        h(
          "article",
          { "data-document": document.id },
          h("div.head", {}, h("h2", {}, name(document)), h("time.n.soft.small", {}, shown(document.event_at))),
          sectionsOf(document).flatMap(({ key, name: section, text }) => [section ? h("h3", {}, section) : null, h("p", { "data-section": section ?? "" }, marked(text, spans.get(key) ?? []))]),
        ),
      ),
    );
    const counts = new Map();
    for (const finding of this.findings) for (const id of new Set(finding.evidence.map((quotation) => quotation.document))) counts.set(id, (counts.get(id) ?? 0) + 1);
    this.outline.replaceChildren(
      h("ol", {}, documents.map(({ document }) => h("li", {}, h("button", { type: "button", onclick: () => this.article(document.id)?.scrollIntoView({ block: "start" }) }, h("time.n.small.soft", {}, shown(document.event_at).slice(5)), h("span", {}, name(document)), counts.has(document.id) ? h("span.count", {}, counts.get(document.id)) : null)))),
    );
    for (const mark of this.text.querySelectorAll("mark")) mark.addEventListener("click", () => getSelection().isCollapsed && this.select(mark.rests[0].id, false));
    this.sides = select(this.text, this.selected);
  }

  article(id) {
    return this.text.querySelector(`article[data-document="${CSS.escape(id)}"]`);
  }

  drawCards() {
    const needed = new Set(this.report?.score?.to_grade_a ?? []);
    const cards = this.findings.map((finding) =>
      card(finding, {
        selected: finding.id === this.selected,
        needed: needed.has(finding.id),
        decision: this.decisions.get(finding.id),
        entry: this.entries.get(finding.id),
        choosing: this.choosing === finding.id,
        said: this.task?.saidOf(finding.id),
        names: this.names,
        on: {
          select: () => this.select(finding.id),
          side: (at) => this.goTo(at),
          accept: () => this.accept(),
          dismiss: () => this.choose(),
          undo: () => this.undo(),
          notify: this.task ? null : () => this.notify(),
          reason: (number, note) => this.dismiss(number, note),
          cancel: () => this.cancel(),
        },
      }),
    );
    this.list.replaceChildren(...(cards.length ? cards : [h("p.empty", {}, words.clean)]));
    if (this.choosing) this.list.querySelector(".reasons button")?.focus();
  }

  finding() {
    return this.findings.find(({ id }) => id === this.selected);
  }

  select(id, scroll = true) {
    this.selected = id;
    this.choosing = null;
    this.drawCards();
    this.sides = select(this.text, id);
    this.side_at = 0;
    this.list.querySelector(".card.selected")?.scrollIntoView({ block: "nearest" });
    // On a narrow screen the text stands below the cards: there it is gone to only when asked.
    if (scroll && !NARROW.matches) this.goTo(0);
  }

  goTo(at) {
    const quotation = evidenceOf(this.finding() ?? { evidence: [] })[at];
    const mark = quotation && this.sides.find((candidate) => candidate.closest("article").dataset.document === quotation.document && quotation.quote.includes(candidate.textContent));
    (mark ?? this.sides[0])?.scrollIntoView({ block: "center" });
  }

  step(by) {
    if (this.findings.length === 0) return;
    const at = this.findings.findIndex(({ id }) => id === this.selected);
    const next = at < 0 ? 0 : Math.min(this.findings.length - 1, Math.max(0, at + by));
    this.select(this.findings[next].id);
  }

  /** Does something with the chosen finding and says how it went. */
  async act(work) {
    const finding = this.finding();
    if (!finding) return toast(words.nothingSelected);
    try {
      await work(finding);
      await this.refresh();
    } catch (error) {
      toast(error.message);
    }
  }

  decide(finding, verb, body = {}) {
    if (this.task) return this.task.decide(finding, verb, body);
    return call("POST", `${this.path}/findings/${part(finding.id)}/${verb}`, body);
  }

  accept() {
    return this.act(async (finding) => {
      await this.decide(finding, "accept");
      toast(`${words.accepted}：${finding.title}`);
    });
  }

  choose() {
    if (!this.finding()) return toast(words.nothingSelected);
    this.choosing = this.selected;
    this.drawCards();
  }

  cancel() {
    this.choosing = null;
    this.drawCards();
  }

  dismiss(number, note = "") {
    return this.act(async (finding) => {
      await this.decide(finding, "dismiss", { reason: REASONS[number], note });
      this.choosing = null;
      toast(`${this.names.dismissed}：${words.reasons[number]}`);
    });
  }

  undo() {
    return this.act((finding) => this.decide(finding, "restore"));
  }

  notify() {
    return this.act(async (finding) => {
      const notice = await noticeDialog({ visit: this.visitId, finding });
      if (notice) toast(words.notified(notice.number));
    });
  }

  /** The selected words of one document, as a finding of the reviewer's own. */
  async own() {
    const chosen = getSelection();
    const quote = chosen.toString().trim();
    const end = (node) => (node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement)?.closest("article");
    const article = end(chosen.anchorNode);
    if (this.task && !quote) return this.task.add({ document: "", quote: "" });
    if (!quote || !article || article !== end(chosen.focusNode)) return toast(words.selectFirst);
    if (this.task) return this.task.add({ document: article.dataset.document, quote });
    try {
      const notice = await noticeDialog({ visit: this.visitId, own: { document: article.dataset.document, quote } });
      if (notice) toast(words.notified(notice.number));
    } catch (error) {
      toast(error.message);
    }
  }

  help() {
    help(this.task ? taskWords.keys : words.keys);
  }

  key(event) {
    if (this.choosing && event.key === "Escape") return this.cancel();
    if (isTyping(event) || !this.findings) return;
    if (this.choosing && /^[1-7]$/.test(event.key)) {
      event.preventDefault();
      const number = Number(event.key) - 1;
      if (number < 6) return this.dismiss(number);
      return this.list.querySelector(".reasons input").focus();
    }
    const deeds = {
      j: () => this.step(1),
      k: () => this.step(-1),
      e: () => this.sides?.length && this.goTo((this.side_at = ((this.side_at ?? 0) + 1) % evidenceOf(this.finding()).length)),
      a: () => this.accept(),
      d: () => this.choose(),
      ...(this.task ? { s: () => this.task.total.focus() } : { n: () => this.notify() }),
      u: () => this.undo(),
      m: () => this.own(),
      "?": () => this.help(),
    };
    if (!Object.hasOwn(deeds, event.key)) return;
    event.preventDefault();
    deeds[event.key]();
  }
}

function duty({ task, trigger, due, done, state }) {
  return h("li", {}, h("div", {}, h("strong", {}, task), " ", done ? h(state === "late" ? "span.over" : "span.soft", {}, words.dutyState[state]) : countTo(h("span.n"), due)), h("div.small.soft", {}, `${trigger} · ${words.dueAt(shown(due))}`));
}

customElements.define("bingli-review", Review);
