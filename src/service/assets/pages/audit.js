// The audit trail: who did what to which record, when; the newest first, page by page.

import { h } from "/bingli/dom.js";
import { adminWords as says } from "/pages/admin-words.js";
import { asked, calmly, get, part } from "/pages/api.js";
import { failure, filtersOf, keepFilters } from "/pages/parts.js";

const NAMES = ["visit", "actor", "action", "from", "to"];

export class AuditTrail {
  open() {
    this.filters = filtersOf(NAMES);
    this.turn = 0;
    const again = calmly(() => this.load(), 300);
    const box = (name, label, properties = {}) => {
      const input = h("input", { type: "search", name, autocomplete: "off", spellcheck: "false", placeholder: label, "aria-label": label, ...properties });
      input.value = this.filters[name];
      input.addEventListener("input", () => {
        this.filters[name] = input.value.trim();
        this.keep();
        again();
      });
      return input;
    };
    this.body = h("tbody");
    this.problem = h("div");
    this.more = h("button", { type: "button", hidden: true, onclick: () => this.next() }, says.more);
    this.chain = h("span.chain.small", { role: "status" });
    this.verifying = h("button", { type: "button", onclick: () => this.verify() }, says.verify);
    const day = (name, label) => h("label.day.small.soft", {}, label, box(name, label, { type: "date" }));
    const columns = [says.seq, says.at, says.actor, says.action, says.target];
    const element = h(
      "div",
      {},
      h("div.filters", {}, box("visit", says.visit), box("actor", says.actor), box("action", says.action, { title: says.actionHint }), day("from", says.from), day("to", says.to), h("span.verify", {}, this.chain, this.verifying)),
      this.problem,
      h("div.paper.scroll", { tabindex: "0", role: "region", "aria-label": says.tabs.audit }, h("table.trail", {}, h("thead", {}, h("tr", {}, columns.map((text, at) => h(at === 0 ? "th.right" : "th", { scope: "col" }, text)))), this.body)),
      h("div.deeds", {}, this.more),
    );
    this.keep();
    this.load();
    this.verify();
    return element;
  }

  keep() {
    keepFilters({ tab: "audit", ...this.filters });
  }

  async load() {
    const turn = ++this.turn;
    try {
      const found = await get(`/v1/audit${asked(this.filters)}`);
      if (turn !== this.turn) return;
      this.problem.replaceChildren();
      this.body.replaceChildren(...(found.items.length ? found.items.map(row) : [h("tr", {}, h("td.empty", { colspan: 5 }, says.auditEmpty))]));
      this.goesOn(found);
    } catch (error) {
      this.problem.replaceChildren(failure(error, () => this.load()));
    }
  }

  async next() {
    const { turn } = this;
    try {
      const found = await get(`/v1/audit${asked({ ...this.filters, after: this.after })}`);
      if (turn !== this.turn) return;
      this.body.append(...found.items.map(row));
      this.goesOn(found);
    } catch (error) {
      this.problem.replaceChildren(failure(error, () => this.next()));
    }
  }

  goesOn({ next }) {
    this.after = next;
    this.more.hidden = !next;
  }

  async verify() {
    this.verifying.disabled = true;
    this.chain.className = "chain small soft";
    this.chain.textContent = says.verifying;
    try {
      const { whole, lines, broken_at: broken } = await get("/v1/audit/verification");
      this.chain.className = whole ? "chain small good" : "chain small over";
      this.chain.textContent = whole ? says.whole(lines) : says.broken(broken);
    } catch (error) {
      this.chain.textContent = error.message;
    }
    this.verifying.disabled = false;
  }
}

/** Targets that are visits, or stand below one, lead to it. */
function target(action, text) {
  const [visit] = text.split("/");
  return /^(visit|report|finding)\./.test(action) && visit ? [h("a.n", { href: `/visits/${part(visit)}` }, visit), text.slice(visit.length)] : text;
}

function row({ seq, at, local, actor, action, target: text }) {
  return h("tr", {}, h("td.n.right.soft", {}, seq), h("td.n", { title: `${at} UTC` }, local.replace("T", " ")), h("td", {}, says.who[actor] ?? actor), h("td.n", {}, h("code", {}, action)), h("td.target", {}, target(action, text)));
}
