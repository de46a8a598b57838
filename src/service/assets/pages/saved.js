// 常用筛选: the filters in a page's address, kept under names by each person for themselves.

import { h } from "/bingli/dom.js";
import { call, get, part } from "/pages/api.js";
import { ask, field, textBox } from "/pages/forms.js";
import { toast } from "/pages/parts.js";
import { words } from "/pages/words.js";

export class SavedFilters {
  /** `page`: ward or ledger. */
  constructor(page) {
    this.path = `/v1/filters/${page}`;
    this.list = h("ul", { role: "list" });
    this.keep = h("button", { type: "button", onclick: () => this.save() }, words.saveFilter);
    this.element = h("details.saved", {}, h("summary.button", {}, words.saved), h("div.paper", {}, this.list, this.keep));
    const close = (event) => {
      if (event.key === "Escape" ? this.element.contains(document.activeElement) : event.type === "click" && !this.element.contains(event.target)) this.element.open = false;
    };
    document.addEventListener("click", close);
    document.addEventListener("keydown", close);
    this.element.addEventListener("toggle", () => this.element.open && this.load());
  }

  async load() {
    // There is nothing to keep where nothing is filtered.
    this.keep.disabled = location.search.length < 2;
    try {
      const { items } = await get(this.path);
      this.list.replaceChildren(...items.map(({ name, query }) => this.line(name, query)));
    } catch (error) {
      this.list.replaceChildren(h("li.over", { role: "alert" }, error.message));
    }
  }

  line(name, query) {
    const here = location.search.slice(1) === query;
    const forget = h("button.link", { type: "button", "aria-label": words.forgetFilter(name), title: words.forgetFilter(name), onclick: () => this.forget(name) }, "×");
    return h("li", {}, h("a", { href: `?${query}`, "aria-current": here ? "page" : null }, name), forget);
  }

  async save() {
    const name = textBox("", { maxlength: 40, required: true });
    const query = location.search.slice(1);
    const send = async () => {
      await call("PUT", `${this.path}/${part(name.value.trim())}`, { query });
      toast(words.filterSaved(name.value.trim()));
    };
    await ask({ title: words.saveFilter, fields: [field(words.saveFilterName, name, words.saveFilterHint)], label: words.save, send });
    this.load();
  }

  async forget(name) {
    try {
      await call("DELETE", `${this.path}/${part(name)}`);
    } catch (error) {
      toast(error.message);
    }
    this.load();
  }
}
