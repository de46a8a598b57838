// 危急值: how long from the report to each step, and what is overdue.

import { h } from "/bingli/dom.js";
import { part } from "/pages/api.js";
import { intervals } from "/pages/charts.js";
import { monthWords as says } from "/pages/month-words.js";
import { numbers } from "/pages/tables.js";
import { shown } from "/pages/time.js";
import { words } from "/pages/words.js";

const percent = ({ hits, total }) => (total ? `${((100 * hits) / total).toFixed(1)}%` : "–");
const minutes = ({ known, median, p90 }) => (known ? words.medianAndP90(Math.round(median), Math.round(p90)) : "–");

/** Bars of the steps that were ever recorded. */
export function criticalPicture({ steps }) {
  const known = steps.filter(({ known }) => known > 0);
  const bar = (step) => ({ label: words.steps[step.step], median: step.median, p90: step.p90, end: minutes(step), late: step.in_time.hits < step.in_time.total });
  const ticks = [[1, words.minutes(1)], [10, words.minutes(10)], [60, words.hours(1)], [1440, words.days(1)]];
  return intervals(known.map(bar), ticks, words.criticalTitle);
}

/** A month and department a line; `withMinutes`: the intervals too. */
export function criticalTable(rows, withMinutes = false) {
  const steps = rows[0]?.steps.map(({ step }) => words.steps[step]) ?? [];
  const head = [...(withMinutes ? [says.month] : []), words.department, says.count, says.closed, words.overdue];
  const line = ({ month, department, count, closed, overdue, steps: each }) => [
    ...(withMinutes ? [month] : []),
    department || "–",
    count,
    closed,
    overdue,
    ...each.map((step) => (withMinutes ? `${minutes(step)}（${percent(step.in_time)}）` : percent(step.in_time))),
  ];
  return numbers([...head, ...steps.map((step) => (withMinutes ? step : says.stepInTime(step)))], rows.map(line), withMinutes ? [0, 1] : [0]);
}

/** Loops that nobody closed in time, each with its record. */
export function overdueTable(loops) {
  const next = ({ steps }) => words.steps[steps.find(({ standing }) => standing === "overdue")?.step] ?? "";
  const reported = ({ steps }) => steps.find(({ step }) => step === "reported")?.at;
  return numbers(
    [words.visit, words.department, words.criticalItem, words.steps.reported, words.criticalMissing],
    loops.map((entry) => [h("a", { href: `/visits/${part(entry.visit_id)}` }, entry.visit_id), entry.department || "–", `${entry.item} ${entry.value}`, reported(entry) ? shown(reported(entry)) : "–", next(entry)]),
    [0, 1, 2, 3, 4],
  );
}
