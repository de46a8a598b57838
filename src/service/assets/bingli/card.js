// One finding, shown whole, and what can be done about it. Used by the editor's card and by the panel.

import { h } from "./dom.js";
import { passage } from "./spans.js";
import { REASONS, basisText, timeText } from "./words.js";

/**
 * `places`: { home: id of the document under whose name the card stands, or null, here(quotation): boolean, time(document): string | undefined, text(quotation): { text, span } | null }
 * `actions`: { jump(quotation), accept(), decide(verb, body), later(), close? }
 */
export function card(finding, words, places, actions) {
  const titleId = `title-${finding.id}`;
  const foot = h("div.deeds");
  const show = (...children) => foot.replaceChildren(...children);
  const usual = () => show(deeds(words, actions, { ignore: () => ask(reasonForm), appeal: () => ask(appealForm) }));
  const ask = (form) => {
    const back = () => {
      usual();
      foot.querySelector("button").focus({ preventScroll: true });
    };
    show(form(words, back, actions.decide));
    foot.querySelector("input, textarea").focus({ preventScroll: true });
    foot.scrollIntoView({ block: "nearest" });
  };
  usual();
  return h(
    `article.card.${finding.severity}`,
    { "aria-labelledby": titleId },
    h(
      "div.head",
      {},
      h("span.level", {}, words.severity[finding.severity] ?? finding.severity),
      h("h3.title", { id: titleId }, finding.title),
      actions.close && h("button.close", { type: "button", "aria-label": words.close, onclick: actions.close }, "×"),
    ),
    h("p.message", {}, finding.message),
    evidence(finding, words, places, actions),
    finding.suggestion && h("p.suggestion", {}, h("span.name", {}, words.suggestion), withHoles(finding.suggestion)),
    facts(finding, words),
    foot,
  );
}

function evidence(finding, words, places, actions) {
  const shown = (finding.evidence ?? []).filter((quotation) => !places.here(quotation));
  // Under a document's own name its words come first; beside the words themselves, what speaks against them.
  const order = places.home ? { this: 0, against: 1, context: 2 } : { against: 0, this: 1, context: 2 };
  shown.sort((a, b) => order[a.role] - order[b.role]);
  const label = { against: words.against, this: places.home ? words.here : words.also, context: words.context };
  const named = (quotation) => quotation.document !== places.home;
  return shown.map((quotation) =>
    h(
      "div.evidence",
      { "data-role": quotation.role },
      h(
        "div.where",
        {},
        h(
          "span.what",
          {},
          h("span.role", {}, label[quotation.role]),
          h("span.document", {}, [named(quotation) && quotation.title, quotation.section].filter(Boolean).join(" · ")),
          named(quotation) && times(places.time(quotation.document)),
        ),
        h("button.jump", { type: "button", onclick: () => actions.jump(quotation) }, words.jump),
      ),
      quote(quotation, places.text(quotation)),
    ),
  );
}

export function times(time) {
  const text = timeText(time);
  return text ? h("time", { datetime: time }, text) : null;
}

/** The quote, within its passage where the record's text is at hand. */
function quote(quotation, found) {
  const around = found && passage(found.text, found.span);
  if (!around) return h("p.quote", {}, "「", h("mark", {}, quotation.quote), "」");
  return h("p.quote", {}, around.before, h("mark", {}, around.quote), around.after);
}

/** Placeholders stand out: they are for the physician to fill, never a fact. */
function withHoles(text) {
  return text.split(/(\[[^\]]+\])/u).map((part, index) => (index % 2 ? h("span.hole", {}, part) : part));
}

function facts(finding, words) {
  const rows = [];
  const add = (name, text) => text && rows.push(h("dt", {}, name), h("dd", {}, text));
  add(words.data, (finding.data ?? []).map((entry) => entry.label).join("；"));
  add(words.basis, (finding.basis ?? []).map(basisText).join("、"));
  const share = Math.round((finding.confidence ?? 0) * 100);
  add(words.sure, `${words.certainty(finding.confidence ?? 0)}（${share}%，${words.foundBy[finding.found_by] ?? finding.found_by}）`);
  return h("dl.foot", {}, rows);
}

function deeds(words, actions, { ignore, appeal }) {
  const button = (kind, word, onclick) => h(`button.action${kind}`, { type: "button", onclick }, word);
  return h(
    "div.actions",
    { role: "group" },
    button(".primary", words.accept, actions.accept),
    button("", words.ignore, ignore),
    button("", words.later, actions.later),
    button(".plain.end", words.appeal, appeal),
  );
}

function reasonForm(words, back, decide) {
  const note = h("textarea", { rows: 2, "aria-label": words.note, placeholder: words.note, hidden: true });
  const last = REASONS.length - 1;
  const radios = words.reasons.map((word, index) =>
    h("label", {}, h("input", { type: "radio", name: "reason", value: index, required: true }), h("span", {}, word)),
  );
  const form = decision(words, back, [h("fieldset", {}, h("legend", {}, words.reason), h("div.reasons", {}, radios)), note], () => {
    const chosen = form.querySelector("input:checked");
    if (!chosen) return words.reason;
    const other = Number(chosen.value) === last;
    if (other && !note.value.trim()) return words.noteNeeded;
    decide("dismiss", { reason: REASONS[chosen.value], ...(other && { note: note.value.trim() }) });
    return null;
  });
  form.addEventListener("change", () => {
    note.hidden = Number(form.querySelector("input:checked")?.value) !== last;
    if (!note.hidden) note.focus();
  });
  return form;
}

function appealForm(words, back, decide) {
  const note = h("textarea", { rows: 2, "aria-label": words.appealNote, placeholder: words.appealNote });
  return decision(words, back, [note], () => {
    if (!note.value.trim()) return words.noteNeeded;
    decide("appeal", { note: note.value.trim() });
    return null;
  });
}

/** A small form; `submit` answers what is wrong, or null. */
function decision(words, back, fields, submit) {
  const problem = h("p.problem", { role: "alert" });
  const form = h(
    "form",
    { novalidate: true },
    fields,
    problem,
    h("div.reasons", {}, h("button.action.primary", { type: "submit" }, words.send), h("button.action.plain", { type: "button", onclick: back }, words.cancel)),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    problem.textContent = submit() ?? "";
  });
  return form;
}
