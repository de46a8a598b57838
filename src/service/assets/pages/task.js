// A review that was given to the caller: verdicts on the findings of the draw, what was missed, one's own score and grade; then it is submitted.
// It is kept at every step. Nothing of another reviewer's, and of the program's score only what the sample lets reviewers see.

import { h } from "/bingli/dom.js";
import { call, get, part } from "/pages/api.js";
import { ask, field, options, textBox } from "/pages/forms.js";
import { gradeMark, toast } from "/pages/parts.js";
import { taskWords as says } from "/pages/task-words.js";
import { stamp } from "/pages/time.js";
import { words } from "/pages/words.js";

const GRADES = ["甲", "乙", "丙"];

export class Task {
  /** `onChange` is called when something was kept. */
  constructor(id, onChange) {
    this.id = id;
    this.path = `/v1/reviews/${part(id)}`;
    this.onChange = onChange;
    this.queue = Promise.resolve();
    this.form = this.makeForm();
    this.added = h("ul.added");
    this.said = h("div.said");
  }

  async load() {
    this.review = await get(this.path);
    this.answer = { verdicts: [], added: [], total: null, grade: "", ...this.review.answer };
    this.total.value = this.answer.total ?? "";
    this.grade.value = this.answer.grade;
    this.draw();
  }

  get findings() {
    return this.review.findings;
  }

  get isSubmitted() {
    return Boolean(this.review.submitted_at);
  }

  /** The program's score at the draw, where the reviewer may see it. */
  get program() {
    return this.review.program;
  }

  makeForm() {
    this.total = h("input", { type: "number", min: 0, max: 100, step: "any", inputmode: "decimal", "aria-label": says.total, placeholder: says.total, onchange: () => this.keepScore() });
    this.grade = options([["", says.grade], ...GRADES.map((grade) => [grade, words.gradeOf(grade)])]);
    this.grade.setAttribute("aria-label", says.grade);
    this.grade.addEventListener("change", () => this.keepScore());
    this.state = h("span.soft");
    this.button = h("button.primary", { type: "submit" }, says.submit);
    const form = h("form.task", { "aria-label": says.title, novalidate: true }, this.state, this.total, this.grade, this.button, h("a.button", { href: "/office" }, says.back));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    return form;
  }

  draw() {
    this.state.textContent = `${this.id} · ${says.slots[this.review.slot]}${this.isSubmitted ? ` · ${says.submittedAt(stamp(this.review.submitted_at))}` : ""}`;
    for (const element of [this.total, this.grade, this.button]) element.disabled = this.isSubmitted;
    const entry = ({ defect, document, quote, note }, at) => h("li", {}, h("span.n", {}, defect), quote ? h("q", {}, quote) : h("span.soft", {}, document ? "" : says.missing), note ? h("span.small.soft", {}, note) : null, this.isSubmitted ? null : h("button.small", { type: "button", "aria-label": `${says.remove} ${defect} ${quote}`, onclick: () => this.remove(at) }, says.remove));
    this.added.replaceChildren(...this.answer.added.map(entry));
    // Only an arbiter is told what the two before said.
    const said = this.review.reviewers_said ?? [];
    this.said.replaceChildren(...said.map(({ total, grade, added }, at) => h("p", {}, h("strong", {}, says.reviewer(at + 1)), ` ${says.points(total)} `, gradeMark(grade), added.length ? ` ${says.addedBy(added.map(({ defect, quote }) => (quote ? `${defect}「${quote}」` : defect)))}` : "")));
  }

  /** Beside the findings: what was added, and what reviewers said. */
  parts() {
    const isArbiter = this.review.slot === "arbiter";
    return [
      isArbiter ? h("section.extra", {}, h("h3", {}, says.saidTitle), this.said) : null,
      h("section.extra", {}, h("h3", {}, says.addedTitle), this.answer.added.length ? this.added : h("p.small.soft", {}, says.noneAdded)),
    ];
  }

  /** What two reviewers said of a finding, for the arbiter. */
  saidOf(finding) {
    const verdicts = (this.review.reviewers_said ?? []).map(({ verdicts: given }, at) => {
      const verdict = given.find((one) => one.finding === finding);
      return verdict && `${says.reviewer(at + 1)}：${verdict.accepted ? words.accept : `${says.notAccepted}（${[verdict.reason, verdict.note].filter(Boolean).join("：")}）`}`;
    });
    return verdicts.filter(Boolean).join("；");
  }

  /** As the desk's cards show decisions. */
  decisions() {
    return new Map(this.answer.verdicts.map(({ finding, accepted, reason }) => [finding, { finding, verdict: accepted ? "accepted" : "dismissed", reason }]));
  }

  /** Keeps what `change` makes of the answer; one after the other, so that none is lost. */
  keep(change) {
    this.queue = this.queue.catch(() => {}).then(() => this.write(change(this.answer)));
    return this.queue;
  }

  async write(change) {
    const answer = { ...this.answer, ...change };
    this.review = { ...this.review, ...(await call("PUT", this.path, answer)) };
    this.answer = answer;
    this.draw();
    this.onChange();
  }

  /** `verb`: accept, dismiss or restore, as of any finding. */
  decide(finding, verb, { reason = "", note = "" } = {}) {
    const given = { finding: finding.id, accepted: verb === "accept", reason: verb === "accept" ? "" : reason, note };
    return this.keep(({ verdicts }) => {
      const others = verdicts.filter((verdict) => verdict.finding !== finding.id);
      return { verdicts: verb === "restore" ? others : [...others, given] };
    });
  }

  remove(at) {
    this.keep(({ added }) => ({ added: added.filter((_, other) => other !== at) })).catch((error) => toast(error.message));
  }

  keepScore() {
    const total = this.total.value.trim() === "" ? null : Number(this.total.value);
    const grade = this.grade.value;
    if (total === this.answer.total && grade === this.answer.grade) return;
    this.keep(() => ({ total, grade })).catch((error) => toast(error.message));
  }

  /** A defect that the program missed: words of a document, or without words one that is missing. */
  async add({ document, quote }) {
    const [defect, note] = [textBox("", { maxlength: 12, placeholder: "C-H01" }), textBox()];
    const fields = [quote ? h("blockquote", {}, quote) : h("p.soft", {}, says.missingHint), field(says.code, defect, says.codeHint), field(words.note, note)];
    const send = () => this.keep(({ added }) => ({ added: [...added, { defect: defect.value.trim().toUpperCase(), document, quote, note: note.value.trim() }] }));
    await ask({ title: says.addTitle, fields, label: words.send, send });
  }

  async submit() {
    try {
      this.keepScore();
      await this.queue;
      this.review = { ...this.review, ...(await call("POST", `${this.path}/submit`)) };
      this.draw();
      this.onChange();
      toast(says.submitted);
    } catch (error) {
      toast(error.message);
    }
  }
}

