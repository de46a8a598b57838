// One editor under watch: its text, the findings in it, the lines under words, the chip, the card.

import { card } from "./card.js";
import { Checker } from "./checker.js";
import { deskFor } from "./desk.js";
import { h } from "./dom.js";
import { EditableSurface } from "./editable.js";
import { Layer } from "./layer.js";
import { placesIn, ranked } from "./places.js";
import { Popup } from "./popup.js";
import { edit, finishes, locate, shift } from "./spans.js";
import { TextareaSurface } from "./textarea.js";
import { wordsFor } from "./words.js";

const HOVER_MS = 220;

export class Field {
  constructor(element, options) {
    if (!options?.document) throw new TypeError("bingli.attach needs the id of a document");
    this.element = element;
    this.document = options.document;
    this.section = options.section ?? null;
    this.tell = (type, detail = {}) => options.onEvent?.({ type, document: this.document, section: this.section, ...detail });
    this.words = wordsFor(options.language, element);
    this.layer = new Layer(element);
    const Surface = element.tagName === "TEXTAREA" ? TextareaSurface : EditableSurface;
    this.surface = new Surface(element, this.layer);
    /** What the server found here: { finding, spans }, a span for each of its quotes whose words still stand. */
    this.entries = [];
    this.status = "unchecked";
    this.now = this.surface.text();
    this.checked = null;
    this.log = [];
    this.active = null;
    this.popup = new Popup(element, this.words, (how) => this.closed(how));
    this.desk = deskFor(options);
    this.desk.enter(this);
    this.checker = new Checker({
      ask: (signal) => this.ask(signal),
      report: (status, error) => this.settle(status, error),
      dirty: () => this.now !== this.checked,
    });
    this.listen();
    this.show();
    this.checker.plan(0);
  }

  place() {
    return { document: this.document, section: this.section, text: this.now };
  }

  listen() {
    this.controller = new AbortController();
    const on = (type, listener, target = this.element) => target.addEventListener(type, listener, { signal: this.controller.signal, passive: type.startsWith("mouse") });
    on("input", () => this.changed());
    on("compositionstart", () => this.checker.compositionStarted());
    on("compositionend", () => {
      this.changed();
      this.checker.compositionEnded(this.finished);
    });
    on("blur", () => {
      // A textarea does not tell what the page's own code wrote into it.
      this.take();
      this.checker.left();
    });
    on("keydown", (event) => this.key(event));
    on("mousemove", (event) => this.hover(event));
    on("mouseleave", () => this.unhover());
    on("click", (event) => this.openAt(this.under(event)));
    on("click", () => this.openList(), this.layer.chip);
    on("keydown", (event) => this.key(event), this.popup.box);
    this.surface.watch(() => this.changed());
  }

  // Text

  /** Takes in what the editor holds now: places move with the edit, words that were touched lose their line at once. */
  take() {
    const before = this.now;
    this.now = this.surface.text();
    const made = edit(before, this.now, this.surface.caret());
    if (made) {
      this.log.push(made);
      this.entries = moved(this.entries, made);
    }
    return made;
  }

  changed() {
    const made = this.take();
    if (!made) return this.paint();
    this.finished = finishes(this.now, made);
    if (!this.popup.hasFocus) this.popup.close();
    this.desk.refresh();
    this.checker.edited(this.finished);
  }

  async checkNow() {
    this.changed();
    await this.checker.now();
    return this.state;
  }

  async ask(signal) {
    this.take();
    const place = this.place();
    const log = (this.log = []);
    if (place.text.trim() === "") {
      this.entries = [];
      this.checked = place.text;
      return;
    }
    const others = [...this.desk.fields].filter((field) => field !== this).map((field) => field.place());
    const { report, visit } = await this.desk.client.check(place, others, signal);
    signal.throwIfAborted();
    this.desk.learn(visit);
    const found = report.findings.filter(({ status }) => status === "stable").map((finding) => this.entry(finding, place.text));
    // What was typed while the answer was under way.
    this.entries = log.reduce(moved, found.filter(Boolean));
    this.checked = place.text;
    this.desk.decisions.sendWaiting().catch(() => {});
  }

  isHere(quotation) {
    return quotation.role === "this" && quotation.document === this.document && (quotation.section ?? null) === this.section;
  }

  entry(finding, text) {
    const here = finding.evidence.filter((quotation) => this.isHere(quotation));
    if (!here.length) return null;
    return { finding, spans: here.map(({ quote, start_utf16 }) => locate(text, quote, start_utf16)).filter(Boolean) };
  }

  // What is seen

  settle(status, error) {
    if (status === "unavailable" && this.status !== status) this.tell("error", { error });
    this.error = error;
    this.status = status;
    this.desk.refresh();
  }

  /** Findings of this editor that are in sight, and how many wait behind them. */
  inSight() {
    const ids = this.desk.shown(this.document);
    const open = this.entries.filter(({ finding }) => !this.desk.hides(finding));
    const entries = open.filter(({ finding }) => ids.has(finding.id));
    return { entries, rest: open.length - entries.length };
  }

  get state() {
    const { entries, rest } = this.inSight();
    const empty = this.now.trim() === "";
    const status = this.status !== "done" ? this.status : entries.length || rest ? "found" : empty ? "unchecked" : "clean";
    return { status, findings: entries.map(({ finding }) => finding), more: rest };
  }

  show() {
    this.paint();
    const { status, findings, more } = this.state;
    const { chip, news } = this.layer;
    const count = findings.length ? this.words.found(findings.length) : "";
    const counted = [count, more ? this.words.more(more) : ""].filter(Boolean).join(" · ");
    const label = status !== "unavailable" && counted ? counted : this.words.status[status];
    const level = ranked(findings)[0]?.severity;
    if (chip.textContent !== label) chip.replaceChildren(h("span.dot", { "aria-hidden": "true" }), label);
    chip.dataset.status = status;
    if (level) chip.dataset.level = level;
    else delete chip.dataset.level;
    chip.title = status === "unavailable" ? this.words.nothing.unavailable : this.words.help;
    // Only what is settled is read out.
    const settled = status === "unchecked" || status === "checking" ? null : label;
    if (settled && news.textContent !== settled) news.textContent = settled;
    const told = JSON.stringify([status, findings.map(({ id }) => id), more]);
    if (told !== this.told) this.tell("status", this.state);
    this.told = told;
  }

  paint() {
    const marks = this.inSight().entries.flatMap(({ finding, spans }) =>
      spans.map((span) => ({ id: finding.id, severity: finding.severity, span, active: finding.id === this.active })),
    );
    this.surface.paint(marks);
  }

  // Pointer and keyboard

  /** The finding whose words are under the pointer. */
  under({ clientX: x, clientY: y }) {
    const hit = (box) => x >= box.left && x <= box.right && y >= box.top - 1 && y <= box.bottom + 3;
    return this.inSight().entries.find(({ finding }) => this.surface.boxes(finding.id).some(hit)) ?? null;
  }

  hover(event) {
    if (event.buttons || this.checker.composing) return;
    const entry = this.under(event);
    if (entry?.finding.id === this.hovered) return;
    this.hovered = entry?.finding.id;
    clearTimeout(this.waiting);
    if (entry) this.waiting = setTimeout(() => this.openAt(entry), HOVER_MS);
    else if (this.popup.isOpen) this.popup.leave();
  }

  unhover() {
    clearTimeout(this.waiting);
    this.hovered = null;
    if (this.popup.isOpen) this.popup.leave();
  }

  key(event) {
    if (event.key === "Escape" && this.popup.isOpen) {
      // A dialog of the page around the editor stays open.
      event.preventDefault();
      event.stopPropagation();
      this.popup.close({ back: this.popup.hasFocus });
    }
    if (event.key !== "F8" || !event.altKey || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    this.step(event.shiftKey ? -1 : 1);
  }

  /** The next finding after the one open, else after the caret. */
  step(by) {
    const entries = this.inSight().entries.filter(({ spans }) => spans.length);
    if (!entries.length) return this.openList();
    entries.sort((a, b) => a.spans[0].start - b.spans[0].start);
    const open = entries.findIndex(({ finding }) => finding.id === this.active);
    const caret = this.surface.caret() ?? 0;
    const after = entries.findIndex(({ spans }) => spans[0].end >= caret);
    // A card that came by pointer first takes the keyboard.
    const next = open >= 0 ? open + (this.popup.hasFocus ? by : 0) : after < 0 ? (by > 0 ? 0 : -1) : by > 0 ? after : after - 1;
    this.openAt(entries.at(next % entries.length), { focus: true });
  }

  openAt(entry, { focus = false } = {}) {
    if (!entry) return;
    if (focus && !this.popup.hasFocus) this.giveBack = this.surface.remember();
    this.active = entry.finding.id;
    this.paint();
    const boxes = () => this.surface.boxes(entry.finding.id)[0];
    if (!boxes() && entry.spans[0]) this.surface.reveal(entry.spans[0]);
    const { finding } = entry;
    const places = placesIn(this.desk.visit, this.desk.texts(), { here: (quotation) => this.isHere(quotation) });
    this.popup.open({
      content: card(finding, this.words, places, this.deeds(entry)),
      label: `${this.words.severity[finding.severity]} ${finding.title}`,
      anchor: () => boxes() ?? this.layer.chip.getBoundingClientRect(),
      focus,
    });
    const box = boxes();
    if (box && this.popup.covers(box)) this.surface.reveal(entry.spans[0], "center");
    this.tell("open", { finding });
  }

  openList() {
    if (!this.popup.hasFocus) this.giveBack = this.surface.remember();
    const { status, more } = this.state;
    const { entries } = this.inSight();
    const items = entries.map((entry, index) => {
      const { finding } = entry;
      const open = () => this.openAt(entry, { focus: true });
      return h(
        `button.item.${finding.severity}`,
        { type: "button", onclick: open, "data-first": index === 0 },
        h("span.level", {}, this.words.severity[finding.severity]),
        h("span.text", {}, h("span.name", {}, finding.title), h("span.message", {}, finding.message)),
      );
    });
    const showAll = () => {
      this.desk.showAll(this.document);
      this.openList();
    };
    const refused = status === "unavailable" && this.error?.status && !this.error.retry;
    const nothing = refused ? this.words.refused : this.words.nothing[this.entries.length && status === "clean" ? "hidden" : status];
    const content = h(
      "div",
      {},
      items.length > 0 && h("div.list-head", {}, h("span", {}, this.words.list), h("span", {}, this.words.help)),
      h("ul", {}, items.map((item) => h("li", {}, item))),
      nothing && (!items.length || status === "unavailable") && h("p.said", {}, nothing),
      more > 0 && h("button.more", { type: "button", onclick: showAll, "data-first": items.length === 0 }, this.words.more(more)),
    );
    this.popup.open({ content, label: this.words.list, anchor: () => this.layer.chip.getBoundingClientRect(), focus: true });
  }

  closed({ back }) {
    this.active = null;
    this.hovered = null;
    this.paint();
    if (back) this.giveBack?.();
    this.giveBack = null;
  }

  // What the physician does about a finding

  deeds(entry) {
    const { finding } = entry;
    return {
      close: () => this.popup.close({ back: this.popup.hasFocus }),
      jump: (quotation) => this.jump(finding, quotation),
      accept: () => {
        this.giveBack = null;
        this.popup.close();
        if (entry.spans[0]) this.surface.select(entry.spans[0]);
        this.tell("accept", { finding });
        // Counts for the rule; where the server is away nothing is lost but that.
        this.desk.decisions.accept(finding);
      },
      later: () => {
        this.desk.decisions.postpone(finding);
        this.tell("later", { finding });
        this.done(this.words.done.later);
      },
      decide: (verb, body) => {
        this.tell(verb, { finding, ...body });
        this.done(this.words.done[verb]);
        const added = this.desk.decisions.add(finding, verb, body);
        this.desk.refresh();
        added.then(({ kept }) => kept || this.popup.add(this.words.local[verb]), () => this.popup.add(this.words.kept));
      },
    };
  }

  done(text) {
    this.popup.say(text);
    this.giveBack?.();
    this.giveBack = null;
    this.desk.refresh();
  }

  /** The host shows the other place; where it stands in another attached editor, the words are selected there. */
  jump(finding, quotation) {
    const { document, section, quote, start_utf16, end_utf16 } = quotation;
    const field = [...this.desk.fields].find((other) => other.document === document && other.section === (section ?? null));
    const span = field && locate(field.now, quote, start_utf16);
    if (span) {
      this.giveBack = null;
      this.popup.close();
      field.surface.select(span);
    }
    this.tell("jump", { finding, target: { document, section, quote, start_utf16, end_utf16 }, handled: Boolean(span) });
  }

  remove() {
    this.controller.abort();
    clearTimeout(this.waiting);
    this.checker.stop();
    this.popup.close();
    this.surface.remove();
    this.layer.remove();
    this.desk.leave(this);
  }
}

/** Entries after an edit; one whose every quoted word was touched is gone until the next check. */
function moved(entries, made) {
  return entries.flatMap((entry) => {
    if (!entry.spans.length) return [entry];
    const spans = entry.spans.map((span) => shift(span, made)).filter(Boolean);
    return spans.length ? [{ ...entry, spans }] : [];
  });
}
