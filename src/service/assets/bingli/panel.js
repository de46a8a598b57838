// <bingli-panel>: findings of a visit by document, for an EMR whose editor cannot be reached. Same card, same actions.
//
//   <bingli-panel server="https://bingli.example" visit="ZY2025030117" language="zh"></bingli-panel>
//
// Properties instead of attributes where text will not do: `visit` takes an object or a function too, `token` and `csrf` a string or a function.

import { card, times } from "./card.js";
import { Client } from "./client.js";
import { Decisions } from "./decisions.js";
import { adopt, h, takeTheme } from "./dom.js";
import { placesIn, ranked } from "./places.js";
import { PANEL } from "./style.js";
import { wordsFor } from "./words.js";

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;

export class BingliPanel extends HTMLElement {
  static observedAttributes = ["server", "visit", "language", "data-theme"];

  #visit = null;
  #token = null;
  #csrf = null;
  #opened = new Set();
  #failures = 0;
  #seen = null;
  #key = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    adopt(root, PANEL);
    this.bar = h("div.bar");
    this.body = h("div.body");
    this.face = h("div.face", {}, this.bar, this.body);
    root.append(this.face);
  }

  get visit() {
    return this.#visit ?? this.getAttribute("visit");
  }

  set visit(visit) {
    this.#visit = visit;
    this.#restart();
  }

  set token(token) {
    this.#token = token;
    this.#restart();
  }

  /** On the service's own pages: what a session's changes must send back. */
  set csrf(csrf) {
    this.#csrf = csrf;
    this.#restart();
  }

  connectedCallback() {
    this.controller = new AbortController();
    // Whoever comes back to the window sees what holds now.
    window.addEventListener("focus", () => this.refresh(), { signal: this.controller.signal });
    window.addEventListener("online", () => this.refresh(), { signal: this.controller.signal });
    this.#restart();
  }

  disconnectedCallback() {
    this.controller.abort();
    this.asking?.abort();
    clearTimeout(this.timer);
  }

  attributeChangedCallback(name) {
    if (name !== "data-theme") this.#restart();
  }

  /** Several changes in one turn are one request. */
  #restart() {
    if (!this.isConnected || this.starting) return;
    this.starting = true;
    queueMicrotask(() => {
      this.starting = false;
      this.#seen = null;
      this.#failures = 0;
      this.refresh();
    });
  }

  /** Asks for the present state: of a stored visit the latest report, of an object or a function a check. */
  async refresh() {
    clearTimeout(this.timer);
    this.asking?.abort();
    if (!this.isConnected || !this.visit) return this.#show("unchecked");
    const asking = new AbortController();
    this.asking = asking;
    if (!this.#seen) this.#show("checking");
    try {
      const seen = await this.#ask(asking.signal);
      if (this.asking !== asking) return;
      this.#seen = seen;
      this.#failures = 0;
      this.#show("done");
      seen.decisions.sendWaiting().catch(() => {});
    } catch (error) {
      if (this.asking !== asking) return;
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
      this.#show("unavailable", { error });
      this.timer = setTimeout(() => this.refresh(), wait * (0.8 + Math.random() * 0.4));
    }
  }

  async #ask(signal) {
    const client = new Client({ server: this.getAttribute("server") ?? "", visit: this.visit, token: this.#token, csrf: this.#csrf });
    let report;
    const visit = await client.current(signal);
    if (typeof this.visit === "string") report = await client.call("GET", `/v1/visits/${encodeURIComponent(this.visit)}/report`, undefined, signal);
    else report = await client.call("POST", "/v1/check", visit, signal);
    const decisions = this.#seen?.visit.visit_id === visit.visit_id ? this.#seen.decisions : new Decisions(client, visit.visit_id);
    return { visit, report, decisions };
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(`bingli-${type}`, { detail, bubbles: true, composed: true }));
  }

  #bar(words, state, said) {
    const again = h("button.jump", { type: "button", onclick: () => this.refresh() }, words.refresh);
    this.bar.replaceChildren(h("h2", {}, words.panel), h(state, { role: "status" }, said), again);
  }

  #show(status, { error, decided = false } = {}) {
    takeTheme(this, this.parentElement);
    const words = wordsFor(this.getAttribute("language"), this);
    this.face.lang = words.lang;
    const groups = this.#groups();
    const count = groups.reduce((sum, { findings }) => sum + findings.length, 0);
    const clean = status === "done" && count === 0;
    const time = this.#seen && status === "done" ? words.checkedAt(new Date().toTimeString().slice(0, 5)) : "";
    const said = status !== "done" ? words.status[status] : clean ? words.status.clean : `${words.found(count)} · ${time}`;
    const refused = status === "unavailable" && error?.status && !error.retry;
    const empty = refused ? words.refused : clean && this.#seen.report.findings.some(shownAtAll) ? words.nothing.hidden : words.nothing[clean ? "clean" : status];
    this.#bar(words, `p.state.${clean ? "clean" : status}`, said);
    // Cards are made anew only when they differ, and never under a form that is being filled.
    const key = JSON.stringify([words.lang, [...this.#opened], count ? groups : empty]);
    const filling = this.body.querySelector("form") && !decided;
    if (key !== this.#key && !filling) {
      this.#key = key;
      this.body.replaceChildren(...(count ? groups.map((group) => this.#group(group, words)) : [h("p.empty", {}, empty)]));
    }
    this.#tell("status", { status: status === "done" ? (count ? "found" : "clean") : status, count, error });
  }

  /** Findings in sight, each with the document that it speaks of, in the order of the record. */
  #groups() {
    if (!this.#seen) return [];
    const { visit, report, decisions } = this.#seen;
    const byDocument = new Map(visit.documents.map((document) => [document.id, { document, findings: [] }]));
    const whole = { document: null, findings: [] };
    for (const finding of ranked(report.findings.filter(shownAtAll))) {
      if (decisions.hides(finding)) continue;
      const main = finding.evidence.find(({ role }) => role === "this") ?? finding.evidence[0];
      (byDocument.get(main?.document) ?? whole).findings.push(finding);
    }
    return [...byDocument.values(), whole].filter(({ findings }) => findings.length);
  }

  #group({ document, findings }, words) {
    const id = document?.id ?? "";
    const limit = this.#opened.has(id) ? findings.length : 3;
    const open = () => {
      this.#opened.add(id);
      this.#show("done");
    };
    const places = placesIn(this.#seen.visit, [], { home: id });
    return h(
      "section",
      { "data-document": id },
      h("h3", {}, document ? (document.title ?? id) : words.whole, times(document?.event_at)),
      findings.slice(0, limit).map((finding) => card(finding, words, places, this.#deeds(finding, words))),
      findings.length > limit && h("button.more", { type: "button", onclick: open }, words.more(findings.length - limit)),
    );
  }

  #deeds(finding, words) {
    const { decisions, visit } = this.#seen;
    const quoted = ({ document, section, quote, start_utf16, end_utf16 }) => ({ document, section, quote, start_utf16, end_utf16 });
    const main = finding.evidence.find(({ role }) => role === "this") ?? finding.evidence[0];
    const detail = { visit: visit.visit_id, finding };
    return {
      jump: (quotation) => this.#tell("jump", { ...detail, target: quoted(quotation) }),
      accept: () => {
        this.#tell("accept", { ...detail, target: main ? quoted(main) : null });
        decisions.accept(finding);
      },
      later: () => {
        decisions.postpone(finding);
        this.#tell("later", detail);
        this.#show("done", { decided: true });
      },
      decide: (verb, body) => {
        this.#tell(verb, { ...detail, ...body });
        const added = decisions.add(finding, verb, body);
        this.#show("done", { decided: true });
        const say = (text) => this.bar.querySelector(".state").append(text);
        say(` · ${words.done[verb]}`);
        added.then(({ kept }) => kept || say(words.local[verb]), () => say(words.kept));
      },
    };
  }
}

/** A rule in preview is not shown to whoever writes. */
const shownAtAll = ({ status }) => status === "stable";
