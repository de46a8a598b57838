// 批次: stored visits judged again by another rulebook or sheet, as far as it is, and which of them change their grade by what.

import { h } from "/bingli/dom.js";
import { asked, call, get, lines, part } from "/pages/api.js";
import { ask, field, options, textBox } from "/pages/forms.js";
import { officeWords as says } from "/pages/office-words.js";
import { gradeMark } from "/pages/parts.js";
import { button, facts, numbers, table } from "/pages/tables.js";
import { stamp } from "/pages/time.js";
import { words } from "/pages/words.js";

const GRADES = ["甲", "乙", "丙"];
const FIRST = 100;
/** States in which something may still change. */
const GOING = ["receiving", "running"];
const nameOf = (rulebook) => says.names[rulebook] ?? rulebook;

export async function list(office) {
  const { items, rulebooks, sheets } = await get("/v1/batches");
  if (items.some(({ state }) => GOING.includes(state))) office.later();
  const row = (batch) => [
    office.link(batch.id.slice(0, 8), "batches", batch.id, { class: "n" }),
    h("div.wrap", {}, basis(batch.plan, sheets)),
    batch.department || h("span.soft", {}, says.allDepartments),
    progressOf(batch),
    stateOf(batch.state),
    words.by(batch.created_by),
    h("span.n", {}, stamp(batch.created_at)),
    h("div.deeds", {}, steering(office, batch)),
  ];
  const columns = [says.batch, says.judgedBy, says.department, words.visits, says.state, says.by, says.at, says.deeds];
  return [
    h("div.filters", {}, h("button.primary", { type: "button", onclick: () => begin(office, rulebooks, sheets) }, says.newBatch), h("span.small.soft", {}, says.batchHint)),
    table(columns, items.map((batch) => [batch.id, "", row(batch)]), says.none),
  ];
}

const stateOf = (state) => h(`span.stage.${state}`, {}, says.batchStates[state] ?? state);

export function progressOf({ id, visits, errors, total }) {
  const done = visits + errors;
  return h("span.progress", {}, h("progress", { value: done, max: Math.max(1, total), "aria-label": `${says.batch} ${id.slice(0, 8)}` }), h("span.n", {}, says.progressOf(done, total)));
}

/** By what it is judged, and with what that is compared. */
function basis({ rulebook, sheet, against }, sheets) {
  const title = (id) => sheets.find((known) => known.id === id)?.title ?? id;
  const side = (one) => `${nameOf(one.rulebook)} · ${title(one.sheet)}`;
  return against ? says.versus(side({ rulebook, sheet }), side(against)) : side({ rulebook, sheet });
}

/** What may be done with a batch as it stands. */
function steering(office, { id, state }) {
  const path = `/v1/batches/${part(id)}`;
  const name = id.slice(0, 8);
  const now = (verb) => office.after(call("POST", `${path}/${verb}`).catch(office.refused));
  const cancel = () => office.after(ask({ title: says.cancelTitle, hint: says.cancelHint, label: says.cancelBatch, danger: true, send: () => call("POST", `${path}/cancel`) }));
  const remove = async () => {
    const removed = await ask({ title: says.removeTitle, hint: says.removeHint, label: says.remove, danger: true, send: () => call("DELETE", path) });
    if (removed) await office.go("batches");
  };
  return [
    state === "running" ? button(says.pause, name, () => now("pause")) : null,
    state === "paused" ? button(says.resume, name, () => now("resume")) : null,
    ["running", "paused"].includes(state) ? button(says.cancelBatch, name, cancel) : null,
    ["done", "cancelled"].includes(state) ? button(says.remove, name, remove) : null,
  ].filter(Boolean);
}

/** Which stored visits: the fields, and what they say. */
export function selection() {
  const [department, sample] = [textBox(), textBox("", { placeholder: "2026-S0001" })];
  const [from, to] = [textBox("", { type: "date" }), textBox("", { type: "date" })];
  const state = options([["", says.anyState], ...Object.entries(says.states)]);
  const grade = options([["", words.all], ...GRADES.map((one) => [one, words.gradeOf(one)])]);
  const fields = [
    h("div.two", {}, field(says.from, from), field(says.to, to)),
    h("div.two", {}, field(says.department, department), field(says.state, state)),
    h("div.two", {}, field(says.grade, grade), field(says.onlySample, sample)),
  ];
  const chosen = () => {
    const given = { department: department.value.trim(), grade: grade.value, state: state.value, discharged_from: from.value || null, discharged_to: to.value || null, sample: sample.value.trim() };
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value));
  };
  return { fields, chosen };
}

async function begin(office, rulebooks, sheets) {
  const { fields, chosen } = selection();
  const books = rulebooks.map((name) => [name, nameOf(name)]);
  const kinds = sheets.map(({ id, title }) => [id, title]);
  const [rulebook, sheet] = [options(books, "current"), options(kinds, "default")];
  const [otherBook, otherSheet] = [options([["", says.noAgainst], ...books]), options([["", says.noAgainst], ...kinds])];
  const model = h("label.check", {}, h("input", { type: "checkbox" }), says.withModel);
  const send = () => {
    const choice = { rulebook: rulebook.value, sheet: sheet.value, against_rulebook: otherBook.value, against_sheet: otherSheet.value, model: model.firstChild.checked || "" };
    return call("POST", `/v1/batches${asked(choice)}`, chosen());
  };
  const more = [h("div.two", {}, field(says.rulebook, rulebook), field(says.sheet, sheet)), h("div.two", {}, field(says.againstRulebook, otherBook), field(says.againstSheet, otherSheet)), model];
  const made = await ask({ title: says.newBatch, hint: says.batchHint, fields: [...fields, ...more], label: says.begin, send });
  if (made) await office.go("batches", made.id);
}

export async function one(office, id) {
  const path = `/v1/batches/${part(id)}`;
  const [batch, { sheets }] = await Promise.all([get(path), get("/v1/batches")]);
  const { state, plan, grades, moves, errors } = batch;
  if (GOING.includes(state)) office.later();
  const moved = moves ? Object.values(moves).reduce((a, b) => a + b, 0) : 0;
  // The list is read once it is whole: a result may be long.
  const changed = moved && !GOING.includes(state) ? await lines(`${path}/results?changed=grade`) : [];
  return [
    office.back("batches"),
    h("div.head", {}, h("h2.n", {}, `${says.batch} ${id.slice(0, 8)}`), stateOf(state), progressOf(batch), errors ? h("span.over", {}, says.errors(errors)) : null, h("div.deeds.inline", {}, steering(office, batch), h("a.button", { href: `${path}/results`, download: `batch-${id}.ndjson` }, says.download))),
    batch.rulebook_here || !GOING.includes(state) ? null : h("p.notice", {}, says.notHere),
    h(
      "div.pair",
      {},
      h("section.paper.pad", {}, facts([
        [says.judgedBy, `${nameOf(plan.rulebook)} · ${sheets.find((sheet) => sheet.id === plan.sheet)?.title ?? plan.sheet}`],
        [says.against, plan.against && `${nameOf(plan.against.rulebook)} · ${sheets.find((sheet) => sheet.id === plan.against.sheet)?.title ?? plan.against.sheet}`],
        [says.department, batch.department || says.allDepartments],
        [says.by, `${words.by(batch.created_by)} ${stamp(batch.created_at)}`],
        [words.finished, batch.finished_at && stamp(batch.finished_at)],
      ])),
      h("section.paper.pad", {}, h("h3", {}, says.grades), gradeTable(grades), moves ? [h("h3.block", {}, says.moves, h("span.small", {}, ` ${says.movesNote}`)), movesTable(moves)] : null),
    ),
    ...(moves ? [h("h2.block", {}, says.changed), changedTable(changed, moved, state)] : []),
  ];
}

export function gradeTable(grades) {
  const all = Object.values(grades).reduce((a, b) => a + b, 0);
  const other = Object.entries(grades).filter(([grade]) => !GRADES.includes(grade)).reduce((sum, [, visits]) => sum + visits, 0);
  const row = (name, visits) => [name, visits, all ? `${((100 * visits) / all).toFixed(1)}%` : "–"];
  return numbers([words.grade, words.visits, words.portion], [...GRADES.map((grade) => row(words.gradeOf(grade), grades[grade] ?? 0)), ...(other ? [row(words.noGrade, other)] : []), row(words.total, all)]);
}

/** From what to what, and how many. */
export function movesTable(moves) {
  const entries = Object.entries(moves).sort((a, b) => b[1] - a[1]);
  if (entries.length === 0) return h("p.soft", {}, says.noMoves);
  return h("ul.moves", {}, entries.map(([move, visits]) => {
    const [from, to] = move.split("→");
    return h("li", {}, gradeMark(from), " → ", gradeMark(to), h("span.n", {}, ` ${visits}`));
  }));
}

function changedTable(changed, moved, state) {
  if (GOING.includes(state)) return h("p.soft", {}, says.waitingForResult);
  if (moved === 0) return h("p.soft", {}, says.noMoves);
  const row = (line) => [
    h("a.n", { href: `/visits/${part(line.visit_id)}` }, line.visit_id),
    h("span", {}, gradeMark(line.against.grade), " → ", gradeMark(line.grade)),
    h("span.n", {}, `${says.score(line.against.total)} → ${says.score(line.total)}`),
    h("div.wrap", {}, causes(line)),
  ];
  const columns = [says.visit, words.grade, words.score, says.changedBy];
  return h("div", {}, table(columns, changed.slice(0, FIRST).map((line) => [line.visit_id, "", row(line)]), says.noMoves), changed.length > FIRST ? h("p.small.soft", {}, says.firstOf(FIRST, changed.length)) : null);
}

/** By what findings a visit moved: those of one side alone, and those whose points differ. */
function causes({ against: { new: added, gone, points } }) {
  const finding = (kind, text, { rule, defect }) => h(`span.cause.${kind}`, {}, `${text} `, h("a", { href: `/rules${asked({ rule })}` }, [defect, rule].filter(Boolean).join(" ")));
  const made = [...added.map((one) => finding("added", says.added, one)), ...gone.map((one) => finding("gone", says.gone, one)), ...points.map(({ rule, from, to }) => finding("points", says.points(from, to), { rule }))];
  return made.length ? made : h("span.soft", {}, says.bySheet);
}
