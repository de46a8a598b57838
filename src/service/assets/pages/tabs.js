// A row of tabs over one panel, walked with the arrow keys.

import { h } from "/bingli/dom.js";

/** `open(name)` is called for whoever chooses a tab; `mark(name)` shows which one is open. */
export class Tabs {
  constructor(names, labels, title, open) {
    this.names = names;
    this.panel = h("section", { id: "panel", role: "tabpanel", tabindex: "-1" });
    this.bar = h("div.tabs", { role: "tablist", "aria-label": title }, names.map((name) => h("button", { id: `tab-${name}`, type: "button", role: "tab", "aria-controls": "panel", onclick: () => open(name) }, labels[name])));
    this.bar.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = names[(names.indexOf(this.chosen) + step + names.length) % names.length];
      open(next);
      document.getElementById(`tab-${next}`).focus();
    });
  }

  mark(chosen) {
    this.chosen = chosen;
    for (const button of this.bar.children) {
      const isChosen = button.id === `tab-${chosen}`;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
    }
    this.panel.setAttribute("aria-labelledby", `tab-${chosen}`);
  }
}
