// The side list: reminders and new findings, newest first, findings of one visit together.

import { h } from "/bingli/dom.js";
import { part } from "/pages/api.js";
import { level } from "/pages/parts.js";
import { shown } from "/pages/time.js";
import { words } from "/pages/words.js";

const MOST = 40;

/** A message's own moment is UTC; a day and hour of this browser's zone are near enough for a list of news. */
const clock = (at) => {
  const when = new Date(at);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(when.getMonth() + 1)}-${two(when.getDate())} ${two(when.getHours())}:${two(when.getMinutes())}`;
};

export class News {
  constructor() {
    this.reminders = [];
    this.found = new Map();
    this.state = h("span.small.soft", { role: "status" });
    this.lists = { reminders: h("ul.paper"), found: h("ul.paper") };
    this.element = h(
      "aside.news",
      { "aria-label": words.today },
      h("div.head", {}, h("h2", {}, words.reminders), this.state),
      this.lists.reminders,
      h("div.head", {}, h("h2", {}, words.newFindings)),
      this.lists.found,
    );
  }

  says(open) {
    this.state.textContent = open ? words.live : words.away;
    this.state.classList.toggle("over", !open);
  }

  add(message) {
    if (message.topic === "finding.new") {
      const known = this.found.get(message.visit_id) ?? { findings: new Map() };
      known.findings.set(message.body.id, message.body);
      this.found.delete(message.visit_id);
      this.found.set(message.visit_id, { ...known, at: message.at, department: message.department });
    } else if (message.topic !== "visit.judged") this.reminders.push(message);
    if (this.reminders.length > MOST) this.reminders.shift();
    if (this.found.size > MOST) this.found.delete(this.found.keys().next().value);
  }

  draw() {
    const fill = (list, items) => list.replaceChildren(...(items.length ? items : [h("li.soft", {}, words.quiet)]));
    fill(this.lists.reminders, unique(this.reminders).reverse().map(reminder));
    fill(this.lists.found, [...this.found].reverse().map(([visit, entry]) => foundIn(visit, entry)));
  }
}

/** One reminder goes to several people; here it stands once. */
function unique(messages) {
  const seen = new Map();
  for (const message of messages) {
    const key = JSON.stringify([message.topic, message.visit_id, message.body.task ?? message.body.entry, message.body.items?.map((item) => [item.visit_id, item.task, item.due])]);
    seen.delete(key);
    seen.set(key, message);
  }
  return [...seen.values()];
}

const visitLink = (id) => h("a.n", { href: `/visits/${part(id)}` }, id);

function reminder({ topic, at, visit_id: visit, department, body }) {
  const head = (...children) => h("div.line", {}, ...children, h("time.small.soft.n", { datetime: at }, clock(at)));
  if (topic === "digest") {
    const items = body.items.slice(0, 4).map((item) => h("div.small", {}, visitLink(item.visit_id), ` ${item.task} `, h(item.overdue ? "span.over" : "span.soft", {}, words.dueAt(shown(item.due)))));
    return h("li", {}, head(h("strong", {}, words.digest(body.count)), h("span.soft", {}, department)), items, body.items.length > 4 ? h("div.small.soft", {}, words.more(body.count)) : null);
  }
  const title = topic === "escalation" ? `${words.escalated} ${body.number} ${body.title}` : body.task;
  return h("li", {}, head(visitLink(visit), h("span.soft", {}, department)), h("div", {}, title, " ", h(body.overdue ? "span.over" : "span.soft.small", {}, words.dueAt(shown(body.due)))));
}

function foundIn(visit, { findings, at, department }) {
  const all = [...findings.values()].sort((a, b) => (a.severity < b.severity ? -1 : 1));
  return h(
    "li",
    {},
    h("div.line", {}, visitLink(visit), h("span.soft", {}, department), h("time.small.soft.n", { datetime: at }, clock(at))),
    all.slice(0, 3).map(({ severity, title }) => h("div", {}, level(severity), ` ${title}`)),
    all.length > 3 ? h("div.small.soft", {}, words.more(all.length)) : null,
  );
}
