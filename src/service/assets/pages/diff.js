// What was added to a text and what was taken out of it: by sentences, then by characters. Knows neither the page nor the server.

/** More steps than this are not worth waiting for: the whole piece counts as replaced. */
const MOST = 4_000_000;
/** Fewer characters in common than this share: two sentences, not one that was changed. */
const ALIKE = 0.3;

const pieces = (text) => text.match(/[^。；;！？!?\n]*[。；;！？!?\n]|[^。；;！？!?\n]+$/g) ?? [];

/** `[kind, items]` of two lists; kinds are `same`, `removed`, `added`. */
function runs(before, after) {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const [a, b] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  return [["same", before.slice(0, head)], ...between(a, b), ["same", before.slice(before.length - tail)]].filter(([, items]) => items.length);
}

/** The longest common subsequence of what differs at both ends. */
function between(a, b) {
  if (!a.length || !b.length || a.length * b.length > MOST) return [["removed", a], ["added", b]];
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
  }
  const found = [];
  const add = (kind, item) => (found.at(-1)?.[0] === kind ? found.at(-1)[1].push(item) : found.push([kind, [item]]));
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) add("same", a[i++], j++);
    else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) add("removed", a[i++]);
    else add("added", b[j++]);
  }
  return found;
}

/** Joins neighbours: between two texts that stay there is one that went and one that came. A single character that stays is no place to rest the eye. */
function tidy(found) {
  const calm = [];
  let [removed, added] = ["", ""];
  const flush = () => {
    if (removed) calm.push(["removed", removed]);
    if (added) calm.push(["added", added]);
    [removed, added] = ["", ""];
  };
  found.forEach(([kind, text], at) => {
    const isLone = kind === "same" && [...text].length < 2 && at > 0 && at < found.length - 1;
    if (kind === "removed" || isLone) removed += text;
    if (kind === "added" || isLone) added += text;
    if (kind === "same" && !isLone) {
      flush();
      if (calm.at(-1)?.[0] === "same") calm.at(-1)[1] += text;
      else calm.push(["same", text]);
    }
  });
  flush();
  return calm;
}

/** `[["same" | "removed" | "added", text]]`, in the order of reading. Same and removed make `before`, same and added make `after`. */
export function diff(before, after) {
  const bySentence = tidy(runs(pieces(before), pieces(after)).map(([kind, items]) => [kind, items.join("")]));
  const found = [];
  for (let at = 0; at < bySentence.length; at++) {
    const [kind, text] = bySentence[at];
    const next = bySentence[at + 1];
    if (kind !== "removed" || next?.[0] !== "added") {
      found.push([kind, text]);
      continue;
    }
    const [a, b] = [[...text], [...next[1]]];
    const fine = runs(a, b).map(([sort, items]) => [sort, items.join("")]);
    const common = fine.filter(([sort]) => sort === "same").reduce((sum, [, part]) => sum + [...part].length, 0);
    found.push(...(common >= ALIKE * Math.max(a.length, b.length) ? fine : [[kind, text], next]));
    at++;
  }
  return tidy(found);
}

const sections = (document) => (document?.sections ? document.sections.map(({ name, text }) => ({ name, text: text ?? "" })) : [{ name: "", text: document?.text ?? "" }]);

/** Sections of two states of a document, paired by name in their order. */
function paired(before, after) {
  const left = before ? sections(before) : [];
  const pairs = (after ? sections(after) : []).map(({ name, text }) => {
    const at = left.findIndex((candidate) => candidate.name === name);
    return { name, before: at < 0 ? "" : left.splice(at, 1)[0].text, after: text };
  });
  return [...pairs, ...left.map(({ name, text }) => ({ name, before: text, after: "" }))];
}

/**
 * What two versions of a visit differ in: `documents` with their state (`added`, `removed`, `changed`) and the sections that changed, the number
 * of documents that are `same`, and the names of `other` parts of the visit that changed.
 */
export function compare(before, after) {
  const old = new Map((before.documents ?? []).map((document) => [document.id, document]));
  const documents = [];
  let same = 0;
  const add = (from, to) => {
    const changed = paired(from, to).filter((pair) => pair.before !== pair.after);
    const facts = ["title", "event_at"].filter((name) => from && to && (from[name] ?? "") !== (to[name] ?? ""));
    if (from && to && changed.length === 0 && facts.length === 0) same += 1;
    else documents.push({ document: to ?? from, before: from, state: from ? (to ? "changed" : "removed") : "added", sections: changed, facts });
  };
  for (const document of after.documents ?? []) {
    add(old.get(document.id), document);
    old.delete(document.id);
  }
  for (const document of old.values()) add(document, undefined);
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const other = [...names].filter((name) => !["documents", "as_of", "schema", "visit_id"].includes(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return { documents, same, other };
}
