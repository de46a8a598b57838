// 抽查: reviews given to the caller, samples, and of one sample who reviews what and how far they agree.

import { h } from "/bingli/dom.js";
import { call, get, part } from "/pages/api.js";
import { ask, field, textBox } from "/pages/forms.js";
import { officeWords as says } from "/pages/office-words.js";
import { toast } from "/pages/parts.js";
import { drawSample } from "/pages/sample-form.js";
import { facts, numbers, table } from "/pages/tables.js";
import { stamp } from "/pages/time.js";
import { words } from "/pages/words.js";

const { name: me, role } = document.body.dataset;
const DRAWS = ["department_qc", "reviewer", "records_office", "administrator"].includes(role);
const REVIEWERS = ["department_qc", "reviewer", "expert", "records_office", "administrator"];
const deskOf = (visit, task) => `/visits/${part(visit)}${task ? `?review=${part(task)}` : ""}`;
const percent = (share) => `${(share * 100).toFixed(1)}%`;

const namesOf = ({ lists }) => new Map(lists.map(({ id, name }) => [id, name]));

export async function list(office) {
  const [tasks, samples] = await Promise.all([get("/v1/reviews"), DRAWS ? get("/v1/samples") : null]);
  return [h("h2", {}, says.mine), myTasks(tasks.items), ...(samples ? sampleList(office, samples.items, namesOf(samples)) : [])];
}

function myTasks(tasks) {
  if (tasks.length === 0) return h("p.soft.block", {}, says.noTasks);
  const row = ({ id, visit_id: visit, department, slot, taken, submitted_at: submitted }) => [
    h("span.n", {}, id),
    h("span.n", {}, visit),
    department,
    says.slots[slot],
    submitted ? h("span.good", {}, `${says.submitted} ${stamp(submitted)}`) : taken ? says.waiting : says.open_task,
    h("div.deeds", {}, h("a.button.small", { href: deskOf(visit, id), "aria-label": `${says.review} ${id}` }, submitted ? words.openVisit : says.review)),
  ];
  const columns = [says.task, says.visit, says.department, says.slot, says.state, says.deeds];
  return table(columns, tasks.map((task) => [task.id, task.submitted_at, row(task)]), says.noTasks);
}

function sampleList(office, samples, names) {
  const row = ({ id, department, visits, reviews, submitted, blind_score: blind, created_by: by, created_at: at }) => [
    office.link(id, "samples", id, { class: "n" }),
    department || h("span.soft", {}, says.allDepartments),
    h("span.n", {}, visits),
    reviews ? progress(submitted, reviews, `${says.progress} ${id}`) : h("span.soft", {}, says.notGiven),
    blind ? says.isBlind : h("span.soft", {}, "–"),
    words.by(by),
    h("span.n", {}, stamp(at)),
  ];
  const columns = [says.sample, says.department, says.visits, says.progress, says.isBlind, says.by, says.at];
  const draw = async () => {
    const made = await drawSample(names);
    if (made) await office.go("samples", made.id);
  };
  return [h("div.head.block", {}, h("h2", {}, says.sampleList), h("button.primary", { type: "button", onclick: draw }, says.draw)), table(columns, samples.map((sample) => [sample.id, "", row(sample)]), says.none)];
}

export const progress = (done, all, label) => h("span.progress", {}, h("progress", { value: done, max: Math.max(1, all), "aria-label": label }), h("span.n", {}, says.done(done, all)));

export async function one(office, id) {
  const path = `/v1/samples/${part(id)}`;
  const [sample, agreed] = await Promise.all([get(path), get(`${path}/agreement`)]);
  const names = namesOf(sample);
  const { plan, visits, cells, population, reviews } = sample;
  const of = new Map();
  for (const review of reviews) of.set(review.visit_id, [...(of.get(review.visit_id) ?? []), review]);
  const shown = cells.filter(({ drawn, population: size }) => drawn || size);
  return [
    office.back("samples"),
    h("div.head", {}, h("h2.n", {}, `${says.sample} ${id}`), h("span.soft", {}, says.drawnOf(population, visits.length)), reviews.length ? null : h("button.primary", { type: "button", onclick: () => office.after(assign(path)) }, says.assign)),
    h(
      "div.pair",
      {},
      h("section.paper.pad", {}, h("h3", {}, says.plan), facts([
        [says.department, plan.query.department || says.allDepartments],
        [says.periodLabel, says.period(plan.query.discharged_from, plan.query.discharged_to) + (plan.query.running ? `，${says.running}` : "")],
        [says.parts.must, plan.must.map((list) => names.get(list) ?? list).join("、")],
        [says.strata, plan.strata.map((stratum) => says.stratumNames[stratum]).join("、") || says.whole],
        ...["clean", "high_risk", "low_confidence", "random"].filter((name) => plan[name]).map((name) => [says.parts[name], sizeText(plan[name])]),
        [says.seed, plan.seed],
        [says.isBlind, sample.blind_score ? says.blind : ""],
        [says.by, `${words.by(sample.created_by)} ${stamp(sample.created_at)}`],
      ]), h("details", {}, h("summary", {}, says.cells), h("div.scroll", { tabindex: "0", role: "region", "aria-label": says.cells }, numbers([says.part, says.stratum, says.population, says.drawn], shown.map(({ part: name, stratum, population: size, drawn }) => [says.parts[name], stratum || says.whole, size, drawn]), [0, 1])))),
      agreement(agreed),
    ),
    h("h2.block", {}, says.queue),
    queue(visits, of, names),
  ];
}

const sizeText = (size) => {
  const [[mode, number]] = Object.entries(size);
  return mode === "share" ? percent(number) : `${number} ${says.modes[mode]}`;
};

function queue(visits, of, names) {
  const review = ({ id, slot, reviewer, submitted_at: submitted }) =>
    h("div", {}, h("span.soft", {}, `${says.slots[slot]} `), reviewer || says.open_task, " ", h(submitted ? "span.good" : "span.soft", { title: id }, submitted ? says.submitted : says.waiting));
  const row = ({ visit_id: visit, part: name, stratum, lists }) => {
    const reviews = of.get(visit) ?? [];
    const mine = reviews.find(({ reviewer, submitted_at: submitted }) => reviewer === me && !submitted);
    return [
      h("a.n", { href: deskOf(visit, mine?.id), "aria-label": says.desk(visit) }, visit),
      h("div", {}, says.parts[name], lists.length ? h("div.small.soft.wrap", {}, lists.map((list) => names.get(list) ?? list).join("、")) : null),
      stratum || h("span.soft", {}, "–"),
      reviews.length ? h("div", {}, reviews.map(review)) : h("span.soft", {}, says.notGiven),
    ];
  };
  return table([says.visit, says.why, says.stratum, says.progress], visits.map((visit) => [visit.visit_id, "", row(visit)]), says.none);
}

/** Figures of two reviewers, and of the program against people; nothing is shown as a number that stands on nothing. */
function agreement({ visits, settled, disputed, grades, defects, scores, findings, missed }) {
  const number = (value) => (value === null ? says.nodata : value.toFixed(2));
  const tile = (name, value, note) => h("div.tile", {}, h("dt.small.soft", {}, name), h("dd", {}, h("strong.n", {}, value), note ? h("div.small.soft", {}, note) : null));
  const share = (name, proportion, note) => tile(name, proportion.total ? percent(proportion.share) : says.nodata, [proportion.total ? `${proportion.hits}/${proportion.total}，${says.interval(proportion.low, proportion.high)}` : null, note].filter(Boolean).join("；"));
  return h(
    "section.paper.pad",
    { "aria-label": says.agreement },
    h("h3", {}, says.agreement),
    h(
      "dl.tiles",
      {},
      tile(says.settled, says.of(settled, visits), disputed ? says.disputed(disputed) : null),
      tile(says.kappa, number(grades.kappa), grades.pairs ? says.same(grades.same, grades.pairs) : null),
      tile(says.positive, number(defects.positive_agreement), defects.positive_agreement === null ? null : says.positiveNote(defects)),
      tile(says.icc, number(scores.icc), scores.mean_difference === null ? null : says.iccNote(scores.mean_difference)),
      share(says.accepted, findings.accepted),
      share(says.missed, missed, says.missedNote),
    ),
  );
}

/** Who reviews: chosen from the accounts where the caller may see them, else named. */
async function assign(path) {
  const { items } = role === "administrator" ? await get("/v1/accounts").catch(() => ({ items: [] })) : { items: [] };
  const able = items.filter(({ role: theirs, disabled_at: ended }) => !ended && REVIEWERS.includes(theirs));
  const boxes = able.map(({ name }) => h("label.check", {}, h("input", { type: "checkbox", value: name }), name));
  const named = textBox("", { maxlength: 1024 });
  const double = textBox("20", { type: "number", min: 0, max: 100, step: 1 });
  const fields = [boxes.length ? h("fieldset", {}, h("legend.small.soft", {}, says.reviewers), ...boxes) : field(says.reviewers, named, says.reviewersHint), field(says.double, double, says.doubleHint)];
  const reviewers = () => (boxes.length ? boxes.map((box) => box.firstChild).filter(({ checked }) => checked).map(({ value }) => value) : named.value.split(/[,，、\s]+/).filter(Boolean));
  const send = () => call("POST", `${path}/assign`, { reviewers: reviewers(), double_share: Number(double.value) / 100 });
  const given = await ask({ title: says.assign, fields, label: says.assign, send });
  if (given) toast(given.unassigned.length ? says.unassigned(given.unassigned) : says.assigned);
  return given;
}

