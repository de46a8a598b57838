// Arithmetic on places in a text, in UTF-16 units. Knows neither the page nor the server.

/** The one replacement that turns `before` into `after`, or null. Typing a repeated character is ambiguous: the caret says which one it was. */
export function edit(before, after, caret = null) {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let prefix = 0;
  while (prefix < shorter && before[prefix] === after[prefix]) prefix++;
  const common = (limit) => {
    let suffix = 0;
    while (suffix < limit && before[before.length - 1 - suffix] === after[after.length - 1 - suffix]) suffix++;
    return suffix;
  };
  let start = prefix;
  let suffix = common(shorter - prefix);
  if (caret !== null && caret >= 0 && caret <= after.length) {
    const tail = common(Math.min(after.length - caret, shorter));
    const head = Math.min(prefix, shorter - tail);
    // The caret's reading counts where it explains the change by no more characters than the shortest one.
    if (head + tail === prefix + suffix) [start, suffix] = [head, tail];
  }
  return { start, end: before.length - suffix, inserted: after.length - suffix - start };
}

/** The span after the edit, or null when its own words were touched. */
export function shift(span, { start, end, inserted }) {
  const grown = inserted - (end - start);
  if (end <= span.start) return { start: span.start + grown, end: span.end + grown };
  if (start >= span.end) return span;
  return null;
}

/** Where the quote stands in the text: at its place, else at the nearest place that has the same words, else null. */
export function locate(text, quote, start) {
  if (!quote) return null;
  if (text.startsWith(quote, start)) return { start, end: start + quote.length };
  let best = null;
  for (let at = text.indexOf(quote); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (best === null || Math.abs(at - start) < Math.abs(best - start)) best = at;
  }
  return best === null ? null : { start: best, end: best + quote.length };
}

const ENDS = /[。；！？;!?\n]/u;

/** Whether the edit finished a sentence. */
export const finishes = (text, { start, inserted }) => ENDS.test(text.slice(start, start + inserted));

const CLAUSE = /[，。；！？,;\n]/u;

/** Words around a span, cut between clauses where there are any and never inside a character. */
export function passage(text, span, around = 24) {
  const inside = (at) => /[\uDC00-\uDFFF]/.test(text[at] ?? "") && /[\uD800-\uDBFF]/.test(text[at - 1] ?? "");
  let from = Math.max(0, span.start - around);
  let to = Math.min(text.length, span.end + around);
  if (from > 0) {
    while (from < span.start && !CLAUSE.test(text[from - 1])) from++;
    if (from === span.start) from = Math.max(0, span.start - around);
  }
  if (to < text.length) {
    while (to > span.end && !CLAUSE.test(text[to - 1])) to--;
    if (to === span.end) to = Math.min(text.length, span.end + around);
  }
  if (inside(from)) from--;
  if (inside(to)) to++;
  return {
    before: (from > 0 ? "…" : "") + text.slice(from, span.start),
    quote: text.slice(span.start, span.end),
    after: text.slice(span.end, to) + (to < text.length ? "…" : ""),
  };
}
