// 设置: score sheets, holidays, thresholds and the like, as files of the rules folder; what is wrong in a changed one is said before anything is written.

import { h } from "/bingli/dom.js";
import { adminWords as says } from "/pages/admin-words.js";
import { call, get, part } from "/pages/api.js";
import { failure, toast } from "/pages/parts.js";
import { button, table } from "/pages/tables.js";

export class SettingsFiles {
  list({ items, writable, two_people: twoPeople }) {
    const row = ({ path, kind }) => [kind, h("code", {}, path), h("div.deeds", {}, button(writable ? says.edit : says.view, path, () => this.open(path)))];
    const hint = writable ? (twoPeople ? says.settingsByTwo : says.settingsAtOnce) : says.settingsFixed;
    this.writable = writable;
    this.reader = h("section.setting");
    return [h("p.small.soft", {}, hint), table([says.setting, says.file, says.deeds], items.map((item) => [item.path, "", row(item)]), says.none), this.reader];
  }

  async open(path) {
    try {
      const file = await get(`/v1/settings/${part(path)}`);
      const text = h("textarea", { rows: 24, spellcheck: "false", wrap: "off", readonly: !this.writable, "aria-label": `${file.kind} ${path}` });
      text.value = file.text;
      const problem = h("p.over.lines", { role: "alert" });
      const save = h("button.primary", { type: "button", onclick: () => this.save(file, text, problem, save) }, says.save);
      this.reader.replaceChildren(h("h2.block", {}, `${file.kind} `, h("code", {}, path)), text, problem, h("div.deeds", {}, this.writable ? save : null, h("button", { type: "button", onclick: () => this.reader.replaceChildren() }, says.close)));
      text.focus();
      text.setSelectionRange(0, 0);
      this.reader.scrollIntoView({ block: "start" });
    } catch (error) {
      this.reader.replaceChildren(failure(error, () => this.open(path)));
    }
  }

  async save(file, text, problem, button) {
    button.disabled = true;
    problem.textContent = "";
    try {
      const { hash, in_use: inUse } = await call("PUT", `/v1/settings/${part(file.path)}`, { text: text.value, was: file.hash });
      file.hash = hash;
      toast(inUse ? says.settingInUse : says.settingWaits);
    } catch (error) {
      problem.textContent = error.message;
    }
    button.disabled = false;
  }
}
