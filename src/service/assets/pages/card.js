// One finding at the desk: what it says, both sides of it, and what was decided.

import { h } from "/bingli/dom.js";
import { basisText } from "/bingli/words.js";
import { level } from "/pages/parts.js";
import { REASONS, words } from "/pages/words.js";

const ORDER = { this: 0, against: 1, context: 2 };

/** The finding's own words first, then what contradicts them, then what is related. */
export const evidenceOf = (finding) => [...finding.evidence].sort((a, b) => ORDER[a.role] - ORDER[b.role]);

export function card(finding, { selected, needed, decision, entry, choosing, said, names = words, on }) {
  const state = decision ? (decision.verdict === "accepted" ? words.accepted : `${names.dismissed}：${words.reasons[REASONS.indexOf(decision.reason)] ?? decision.reason}`) : null;
  const head = h(
    "button.title",
    { type: "button", "aria-expanded": selected, onclick: on.select },
    level(finding.severity),
    h("strong", {}, finding.title),
    h("span.small.soft.n", {}, finding.defect),
    finding.veto ? h("span.small.over", {}, words.veto) : finding.points > 0 ? h("span.small.soft.n", {}, words.points(finding.points)) : null,
    needed ? h("span.needed.small", {}, words.needed) : null,
  );
  const states = state || entry ? h("p.small.states", {}, state ? h("span", {}, state) : null, entry ? h("a.n", { href: `/ledger?text=${encodeURIComponent(entry.number)}` }, words.inLedger(entry.number)) : null) : null;
  const classes = ["card", finding.severity, selected && "selected", decision && "decided", decision?.verdict].filter(Boolean).join(".");
  const element = h(`article.${classes}`, { role: "listitem", "data-finding": finding.id, "aria-current": selected ? "true" : null }, head, states, h("p", {}, finding.message), said ? h("p.small.soft", {}, said) : "");
  if (!selected) return element;
  element.append(
    h("ul.sides", {}, evidenceOf(finding).map((quotation, at) => h("li", {}, h(`button.quote.${quotation.role}`, { type: "button", onclick: () => on.side(at) }, h("span.small", {}, `${words.role[quotation.role]} · ${[quotation.title, quotation.section].filter(Boolean).join(" ")}`), h("q", {}, quotation.quote))))),
    ...(finding.data ?? []).map(({ label }) => h("p.small.soft", {}, `${words.data}：${label}`)),
    h("p", {}, h("span.soft", {}, `${words.suggestion}：`), finding.suggestion),
    h("p.small.soft", {}, `${words.basis}：${finding.basis.map(basisText).join("、")}`),
    choosing ? reasons(names, on) : deeds(decision, entry, names, on),
  );
  return element;
}

function deeds(decision, entry, names, on) {
  const button = (text, key, onclick, extra = {}) => h("button", { type: "button", onclick, ...extra }, text, " ", h("kbd", {}, key));
  return h(
    "div.deeds",
    {},
    button(words.accept, "a", on.accept, { "aria-pressed": decision?.verdict === "accepted" }),
    button(names.dismiss, "d", on.dismiss, { "aria-pressed": decision?.verdict === "dismissed" }),
    entry || !on.notify ? null : button(words.notify, "n", on.notify),
    decision ? button(words.undo, "u", on.undo) : null,
  );
}

function reasons(names, on) {
  const note = h("input", { type: "text", placeholder: words.note, "aria-label": words.note });
  const problem = h("p.over.small", { role: "alert" });
  const other = () => {
    if (note.value.trim()) return on.reason(6, note.value.trim());
    problem.textContent = words.noteNeeded;
    note.focus();
  };
  note.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && other());
  return h(
    "div.reasons",
    { role: "group", "aria-label": names.reasonTitle },
    h("p.small.soft", {}, names.reasonTitle),
    words.reasons.slice(0, 6).map((text, at) => h("button", { type: "button", onclick: () => on.reason(at) }, h("kbd", {}, at + 1), ` ${text}`)),
    h("div.other", {}, h("button", { type: "button", onclick: other }, h("kbd", {}, 7), ` ${words.reasons[6]}`), note),
    problem,
    h("button", { type: "button", onclick: on.cancel }, `${words.cancel} `, h("kbd", {}, "Esc")),
  );
}
