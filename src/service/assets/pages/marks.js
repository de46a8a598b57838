// The record's text with the words that findings rest on marked in it.

import { h } from "/bingli/dom.js";
import { locate } from "/bingli/spans.js";

/** Places every quotation once, in the first section of its name that has its words, as the plain report does. */
export function place(visit, findings) {
  const spans = new Map();
  const sections = (visit.documents ?? []).flatMap((document) => sectionsOf(document).map((section) => ({ document: document.id, ...section })));
  for (const finding of findings) {
    for (const quotation of finding.evidence) {
      const candidates = sections.filter(({ document, name }) => document === quotation.document && name === (quotation.section ?? null));
      const exact = candidates.find(({ text }) => text.startsWith(quotation.quote, quotation.start_utf16));
      const section = exact ?? candidates.find(({ text }) => text.includes(quotation.quote));
      const span = section && locate(section.text, quotation.quote, quotation.start_utf16);
      if (!span) continue;
      const list = spans.get(section.key) ?? [];
      list.push({ ...span, finding, role: quotation.role });
      spans.set(section.key, list);
    }
  }
  return spans;
}

export function sectionsOf(document) {
  if (document.sections) return document.sections.map(({ name, text }, at) => ({ key: `${document.id}/${at}`, name, text: text ?? "" }));
  return [{ key: `${document.id}/`, name: null, text: document.text ?? "" }];
}

/** Cuts a text at the ends of its spans; every piece knows all findings that rest on it, so overlapping ones lose nothing. */
export function marked(text, spans) {
  const cuts = [...new Set([0, text.length, ...spans.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  const pieces = [];
  for (let at = 0; at + 1 < cuts.length; at++) {
    const [from, to] = [cuts[at], cuts[at + 1]];
    const here = spans.filter(({ start, end }) => start <= from && end >= to);
    const words = text.slice(from, to);
    if (here.length === 0) pieces.push(words);
    else {
      const worst = here.reduce((a, b) => (b.finding.severity < a.finding.severity ? b : a)).finding.severity;
      const mark = h(`mark.${worst}`, {}, words);
      mark.rests = here.map(({ finding, role }) => ({ id: finding.id, role }));
      pieces.push(mark);
    }
  }
  return pieces;
}

/** Shows the sides of one finding in the text: its own words, what contradicts them, and what is related. */
export function select(root, id) {
  const sides = [];
  for (const mark of root.querySelectorAll("mark")) {
    const rest = mark.rests.find((candidate) => candidate.id === id);
    mark.classList.remove("active", "this", "against", "context");
    if (rest) {
      mark.classList.add("active", rest.role);
      sides.push(mark);
    }
  }
  return sides;
}
