// 质控办: samples, batches, releases, regression cases and key cases, each a list and what stands behind one of its lines.

import { h } from "/bingli/dom.js";
import "/pages/bar.js";
import { asked } from "/pages/api.js";
import * as batches from "/pages/batches.js";
import * as cases from "/pages/key-cases.js";
import { officeWords as says } from "/pages/office-words.js";
import { failure, filtersOf, toast } from "/pages/parts.js";
import * as regressions from "/pages/regressions.js";
import * as releases from "/pages/releases.js";
import * as samples from "/pages/samples.js";
import { Tabs } from "/pages/tabs.js";
import { setClock } from "/pages/time.js";

const ALL = ["department_qc", "reviewer", "expert", "records_office", "administrator"];
// What each role may do is the server's word; this only leaves out what it would refuse.
const TABS = [
  ["samples", samples, ALL],
  ["batches", batches, ["department_qc", "reviewer", "records_office", "administrator"]],
  ["releases", releases, ["reviewer", "administrator"]],
  ["regressions", regressions, ["reviewer", "expert", "records_office", "administrator"]],
  ["cases", cases, ALL],
].filter(([, , roles]) => roles.includes(document.body.dataset.role));
const POLL_MS = 2_000;

class Office extends HTMLElement {
  connectedCallback() {
    this.turn = 0;
    this.tabs = new Tabs(TABS.map(([name]) => name), says.tabs, says.title, (tab) => this.go(tab));
    this.append(h("div.head", {}, h("h1", {}, says.title)), this.tabs.bar, this.tabs.panel);
    addEventListener("popstate", () => this.show());
    this.show();
  }

  /** Another place on this page, of which the browser knows the way back. */
  go(tab, id = "", more = {}) {
    history.pushState(null, "", asked({ tab, id, ...more }));
    return this.show(Boolean(id));
  }

  /** What the address names. */
  async show(isOpened = false) {
    const { tab, id, ...filters } = filtersOf(["tab", "id", "list", "state", "rule"]);
    const [name, module] = TABS.find(([known]) => known === tab) ?? TABS[0];
    const turn = ++this.turn;
    clearTimeout(this.timer);
    this.tabs.mark(name);
    this.tabs.panel.setAttribute("aria-busy", "true");
    let made;
    try {
      await (this.clock ??= setClock());
      made = await (id ? module.one(this, id) : module.list(this, filters));
    } catch (error) {
      made = [failure(error, () => this.show())];
    }
    // Whoever went on meanwhile sees nothing of it.
    if (turn !== this.turn) return;
    this.draw(made);
    this.tabs.panel.removeAttribute("aria-busy");
    if (isOpened) {
      this.tabs.panel.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
  }

  /** In place of what was there; a button that has the focus keeps it, and where it is gone the panel gets it. */
  draw(made) {
    const { panel } = this.tabs;
    const held = panel.contains(document.activeElement) ? document.activeElement : null;
    const label = held?.getAttribute("aria-label");
    panel.replaceChildren(...made.filter((part) => part !== null));
    const again = label ? panel.querySelector(`[aria-label="${CSS.escape(label)}"]`) : null;
    if (held) (again ?? panel).focus({ preventScroll: true });
  }

  /** Looks again in a while, for as long as this place is open; not under a dialog, and not where nobody looks. */
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (document.hidden || document.querySelector("dialog[open]") ? this.later() : this.show()), POLL_MS);
  }

  /** After a deed in a dialog: what is there now. */
  async after(deed) {
    const answer = await deed;
    if (answer !== undefined) await this.show();
    return answer;
  }

  /** What the server refuses is said in its words. */
  refused = (error) => toast(error.message);

  /** A link to another place on this page. */
  link(text, tab, id, properties = {}) {
    const href = asked({ tab, id });
    return h("a", { href, ...properties, onclick: (event) => this.follow(event, tab, id) }, text);
  }

  follow(event, tab, id) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.go(tab, id);
  }

  back(tab) {
    return h("div.filters", {}, h("button", { type: "button", onclick: () => this.go(tab) }, `← ${says.back}`));
  }
}

customElements.define("bingli-office", Office);
