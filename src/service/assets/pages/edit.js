// 试写: a copy of a record in which words are tried with the inline widget. Nothing of it is kept: the record stays as it is.

import { attach } from "/bingli.js";
import { h } from "/bingli/dom.js";
import "/pages/bar.js";
import { get, part, token } from "/pages/api.js";
import { sectionsOf } from "/pages/marks.js";
import { failure } from "/pages/parts.js";
import { shown } from "/pages/time.js";
import { english, words } from "/pages/words.js";

const says = english
  ? { title: "Try words", notice: "A scratch copy: what is written here is checked while you write and kept nowhere. The record itself does not change.", open: "Open record", choose: "Document", again: "As it was", whole: "Text" }
  : { title: "试写", notice: "这是一份草稿：书写时即时检查，不保存到任何地方，原病历不会改变。", open: "打开病历", choose: "文书", again: "恢复原文", whole: "正文" };

class Edit extends HTMLElement {
  connectedCallback() {
    this.visitId = this.getAttribute("visit");
    this.handles = [];
    this.sheet = h("section.sheet.paper", { "aria-label": words.document });
    this.bar = h("div.filters");
    this.append(
      h("div.head", {}, h("h1", {}, says.title, " ", h("span.n", {}, this.visitId)), h("a", { href: `/visits/${part(this.visitId)}` }, says.open)),
      h("p.notice", { role: "note" }, says.notice),
      this.bar,
      this.sheet,
    );
    this.load();
  }

  async load() {
    try {
      this.original = await get(`/v1/visits/${part(this.visitId)}`);
    } catch (error) {
      return this.sheet.replaceChildren(failure(error, () => this.load()));
    }
    // No visit that the service keeps has this id, so that no decision made here counts for the record or for a rule.
    this.draft = { ...structuredClone(this.original), visit_id: `draft:${this.visitId}` };
    const documents = this.draft.documents ?? [];
    const name = ({ title, event_at: at }) => [title ?? words.document, shown(at)].filter(Boolean).join(" ");
    this.chosen = h("select", { "aria-label": says.choose, onchange: () => this.show() }, documents.map((document) => h("option", { value: document.id }, name(document))));
    const again = h("button", { type: "button", onclick: () => this.restore() }, says.again);
    this.bar.replaceChildren(this.chosen, again);
    if (documents.length) this.show();
  }

  /** The editors of one document; what was tried in the others stays for as long as the page is open. */
  show() {
    for (const handle of this.handles.splice(0)) handle.detach();
    const document = this.draft.documents.find(({ id }) => id === this.chosen.value);
    const editors = sectionsOf(document).map(({ name, text }, at) => {
      const area = h("textarea", { id: `section-${at}`, spellcheck: "false", rows: Math.min(14, Math.max(2, Math.ceil(text.length / 60) + text.split("\n").length - 1)) });
      area.value = text;
      area.addEventListener("input", () => {
        if (document.sections) document.sections[at].text = area.value;
        else document.text = area.value;
      });
      return { name, area };
    });
    this.sheet.replaceChildren(h("h2", {}, document.title ?? words.document, " ", h("time.n.small.soft", {}, shown(document.event_at))), ...editors.flatMap(({ name, area }) => [h("label.small.soft", { for: area.id }, name ?? says.whole), area]));
    const options = { server: "", visit: this.visit, csrf: token, language: english ? "en" : "zh", document: document.id };
    this.handles = editors.map(({ name, area }) => attach(area, { ...options, section: name }));
  }

  visit = () => this.draft;

  restore() {
    const id = this.chosen.value;
    const at = this.draft.documents.findIndex((document) => document.id === id);
    this.draft.documents[at] = structuredClone(this.original.documents.find((document) => document.id === id));
    this.show();
  }
}

customElements.define("bingli-edit", Edit);
