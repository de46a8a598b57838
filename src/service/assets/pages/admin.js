// 管理: accounts, tokens, webhooks, settings, and the audit trail to search.

import { h } from "/bingli/dom.js";
import "/pages/bar.js";
import { adminWords as says } from "/pages/admin-words.js";
import { call, get, part } from "/pages/api.js";
import { AuditTrail } from "/pages/audit.js";
import { ask, field, options, textBox } from "/pages/forms.js";
import { show } from "/pages/dialogs.js";
import { failure, filtersOf, keepFilters, toast } from "/pages/parts.js";
import { SettingsFiles } from "/pages/settings.js";
import { button, table } from "/pages/tables.js";
import { Tabs } from "/pages/tabs.js";

const TABS = ["accounts", "tokens", "webhooks", "settings", "audit"];
const me = document.body.dataset.name;
const roles = () => Object.entries(says.roles);
const utc = (stamp) => stamp.slice(0, 16).replace("T", " ");
const scope = (department) => department || h("span.soft", {}, says.allDepartments);
const dash = (text) => text || h("span.soft", {}, "–");

class Admin extends HTMLElement {
  connectedCallback() {
    const { tab } = filtersOf(["tab"]);
    this.tabs = new Tabs(TABS, says.tabs, says.title, (name) => this.open(name));
    this.panel = this.tabs.panel;
    this.trail = new AuditTrail();
    this.append(h("div.head", {}, h("h1", {}, says.title)), this.tabs.bar, this.panel);
    this.open(TABS.includes(tab) ? tab : "accounts");
  }

  open(tab) {
    this.tab = tab;
    if (tab !== "audit") keepFilters({ tab: tab === "accounts" ? "" : tab });
    this.tabs.mark(tab);
    this.panel.replaceChildren();
    return this.load();
  }

  async load() {
    const { tab } = this;
    if (tab === "audit") return this.panel.replaceChildren(this.trail.open());
    try {
      const found = await get(`/v1/${tab}`);
      if (tab === this.tab) this.panel.replaceChildren(...this[tab](found));
    } catch (error) {
      this.panel.replaceChildren(failure(error, () => this.load()));
    }
  }

  /** After a deed: what is there now. */
  async after(deed) {
    if ((await deed) !== undefined) await this.load();
  }

  settings(found) {
    return new SettingsFiles().list(found);
  }

  accounts({ items }) {
    const row = ({ name, role, department, person, created_at: created, seen_at: seen, disabled_at: disabled }) => {
      const own = name === me;
      const deeds = disabled
        ? []
        : [
            own ? null : button(says.change, name, () => this.changeAccount({ name, role, department, person })),
            button(says.reset, name, () => this.resetPassword(name)),
            own ? null : button(says.disable, name, () => this.disableAccount(name)),
          ];
      return [[name, own ? h("span.small.soft", {}, ` ${says.you}`) : null], says.roles[role] ?? role, scope(department), dash(person), h("span.n", {}, utc(created)), h("span.n", {}, dash(utc(seen))), state(disabled, says.disabled), h("div.deeds", {}, ...deeds.filter(Boolean))];
    };
    const columns = [says.name, says.role, says.department, says.person, says.created, says.seen, says.state, says.deeds];
    return [h("div.filters", {}, h("button.primary", { type: "button", onclick: () => this.addAccount() }, says.addAccount)), table(columns, items.map((item) => [item.name, item.disabled_at, row(item)]), says.none)];
  }

  addAccount() {
    const [name, password, role, department, person] = [textBox("", { maxlength: 64 }), textBox("", { type: "password", autocomplete: "new-password" }), options(roles(), "physician"), textBox(), textBox()];
    const fields = [field(says.name, name), field(says.password, password, says.passwordHint), field(says.role, role), field(says.department, department, says.departmentHint), field(says.person, person, says.personHint)];
    const send = () => call("POST", "/v1/accounts", { name: name.value, password: password.value, role: role.value, department: department.value, person: person.value });
    return this.after(ask({ title: says.addAccount, fields, label: says.add, send }));
  }

  changeAccount(account) {
    const [role, department, person] = [options(roles(), account.role), textBox(account.department), textBox(account.person)];
    const fields = [field(says.role, role), field(says.department, department, says.departmentHint), field(says.person, person, says.personHint)];
    const send = () => call("PUT", `/v1/accounts/${part(account.name)}`, { role: role.value, department: department.value, person: person.value });
    return this.after(ask({ title: says.changeTitle(account.name), hint: says.changeHint, fields, label: says.save, send }));
  }

  resetPassword(name) {
    const password = textBox("", { type: "password", autocomplete: "new-password" });
    const send = () => call("POST", `/v1/accounts/${part(name)}/password`, { password: password.value });
    return this.after(ask({ title: says.resetTitle(name), hint: says.changeHint, fields: [field(says.newPassword, password, says.passwordHint)], label: says.save, send }));
  }

  disableAccount(name) {
    return this.after(ask({ title: says.disableTitle(name), hint: says.disableHint, label: says.disable, danger: true, send: () => call("POST", `/v1/accounts/${part(name)}/disable`) }));
  }

  tokens({ items }) {
    const row = ({ name, role, department, person, created_at: created, revoked_at: revoked }) => {
      const deeds = revoked || name === me ? [] : [button(says.revoke, name, () => this.revoke(name))];
      return [name, says.roles[role] ?? role, scope(department), dash(person), h("span.n", {}, utc(created)), state(revoked, says.revoked), h("div.deeds", {}, ...deeds)];
    };
    const columns = [says.name, says.role, says.department, says.person, says.created, says.state, says.deeds];
    return [h("div.filters", {}, h("button.primary", { type: "button", onclick: () => this.addToken() }, says.addToken)), table(columns, items.map((item) => [item.name, item.revoked_at, row(item)]), says.none)];
  }

  async addToken() {
    const [name, role, department, person] = [textBox("", { maxlength: 64 }), options(roles(), "emr"), textBox(), textBox()];
    const fields = [field(says.name, name), field(says.role, role), field(says.department, department, says.departmentHint), field(says.person, person, says.personHint)];
    const send = () => call("POST", "/v1/tokens", { name: name.value, role: role.value, department: department.value, person: person.value });
    const made = await ask({ title: says.addToken, fields, label: says.add, send });
    if (!made) return;
    const text = h("code.secret", { tabindex: "0" }, made.token);
    const copy = async () => {
      await navigator.clipboard?.writeText(made.token).then(() => toast(says.copied), () => getSelection().selectAllChildren(text));
    };
    const dialog = show(says.addToken, h("p", {}, says.shownOnce), text, h("div.deeds", {}, h("button.primary", { type: "button", onclick: () => dialog.close() }, says.done), h("button", { type: "button", onclick: copy }, says.copy)));
    await this.load();
  }

  revoke(name) {
    return this.after(ask({ title: says.revokeTitle(name), hint: says.revokeHint, label: says.revoke, danger: true, send: () => call("DELETE", `/v1/tokens/${part(name)}`) }));
  }

  webhooks({ items, topics: known }) {
    const named = (topics) => topics.split(",").map((topic) => says.topicNames[topic.trim()] ?? topic).join("、");
    const row = ({ id, url, format, topics, department, behind, failures, retry_at: retry }) => [
      id, h("span.address", {}, url), says.formats[format], topics ? named(topics) : h("span.soft", {}, says.allTopics), scope(department),
      failures ? [h("span.n", {}, behind), " ", h("span.over.small", {}, says.failures(failures, utc(retry)))] : h("span.n", {}, behind),
      h("div.deeds", {}, button(says.remove, id, () => this.removeWebhook(id))),
    ];
    const columns = [says.name, says.address, says.format, says.topics, says.department, says.behind, says.deeds];
    return [h("div.filters", {}, h("button.primary", { type: "button", onclick: () => this.addWebhook(known) }, says.addWebhook), h("span.small.soft", {}, says.webhookHint)), table(columns, items.map((item) => [item.id, "", row(item)]), says.none)];
  }

  addWebhook(known) {
    const [id, url, format, secret, department] = [textBox("", { maxlength: 64 }), textBox("", { type: "url", maxlength: 1024, placeholder: "https://" }), options(Object.entries(says.formats), "json"), textBox("", { type: "password", autocomplete: "new-password" }), textBox()];
    const topics = known.map((topic) => h("label.check", {}, h("input", { type: "checkbox", value: topic }), says.topicNames[topic] ?? topic));
    const chosen = h("fieldset", {}, h("legend.small.soft", {}, says.topicsHint), ...topics);
    const fields = [field(says.name, id), field(says.address, url), field(says.format, format), field(says.secret, secret, says.secretHint), field(says.department, department, says.departmentHint), chosen];
    const send = () => call("POST", "/v1/webhooks", { id: id.value, url: url.value, format: format.value, secret: secret.value, department: department.value, topics: [...chosen.querySelectorAll(":checked")].map(({ value }) => value).join(",") });
    return this.after(ask({ title: says.addWebhook, fields, label: says.add, send }));
  }

  removeWebhook(id) {
    return this.after(ask({ title: says.removeTitle(id), hint: says.removeHint, label: says.remove, danger: true, send: () => call("DELETE", `/v1/webhooks/${part(id)}`) }));
  }
}

const state = (ended, text) => (ended ? h("span.soft", { title: utc(ended) }, text) : h("span.good", {}, says.inForce));

customElements.define("bingli-admin", Admin);
