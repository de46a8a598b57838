// 统计: what the stored records add up to, each figure with its table and with links to what is behind it.

import { h } from "/bingli/dom.js";
import "/pages/bar.js";
import { asked, get } from "/pages/api.js";
import { pareto, shares, stacked } from "/pages/charts.js";
import { criticalPicture, criticalTable, overdueTable } from "/pages/critical.js";
import { choice, failure, filtersOf, keepFilters, level } from "/pages/parts.js";
import { Month, lastMonth } from "/pages/month.js";
import { numbers } from "/pages/tables.js";
import { words } from "/pages/words.js";

const GRADES = ["甲", "乙", "丙"];
const FIRST = 20;
const percent = (share) => (Number.isFinite(share) ? `${(share * 100).toFixed(1)}%` : "–");
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

class Figures extends HTMLElement {
  connectedCallback() {
    const { month, ...filters } = filtersOf(["department", "month"]);
    if (/^\d{4}-\d{2}$/.test(month)) return this.report(month, filters.department);
    this.filters = filters;
    this.bar = h("div.filters");
    this.body = h("div.figures");
    this.append(h("div.head", {}, h("h1", {}, words.figuresTitle)), this.bar, this.body);
    this.load();
  }

  /** `?month=2026-03`, and `&print` for whoever wants paper. */
  report(month, department) {
    const report = new Month({ month, department, print: new URLSearchParams(location.search).has("print") });
    this.append(report.element);
    report.load();
  }

  async load() {
    try {
      const [figures, critical, overdue, whole] = await Promise.all([
        get(`/v1/figures${asked(this.filters)}`),
        get(`/v1/critical-values/figures${asked(this.filters)}`),
        get(`/v1/critical-values${asked({ ...this.filters, state: "overdue", limit: FIRST })}`),
        this.departments ? null : get("/v1/figures"),
      ]);
      this.month ??= await lastMonth();
      this.departments ??= [...new Set(whole.grades.map(({ department }) => department))].filter(Boolean);
      this.draw(figures, critical, overdue.items);
    } catch (error) {
      this.body.replaceChildren(failure(error, () => this.load()));
    }
  }

  draw({ grades, defects, timeliness, acceptance }, critical, overdue) {
    const set = (value) => {
      this.filters.department = value;
      keepFilters(this.filters);
      this.load();
    };
    this.bar.replaceChildren(
      choice("department", words.department, this.departments.map((name) => [name, name]), this.filters.department, set),
      h("a.button", { href: `/v1/indicators${asked({ ...this.filters, format: "csv" })}`, download: "indicators.csv" }, words.indicators),
      h("a.button", { href: `/figures${asked({ month: this.month, ...this.filters })}` }, words.monthly),
    );
    this.body.replaceChildren(this.grades(grades), this.timeliness(timeliness), this.defects(defects), criticalFigure(critical, overdue), acceptanceFigure(acceptance));
  }

  link(filters) {
    return `/${asked({ department: this.filters.department, ...filters })}`;
  }

  grades(grades) {
    const byDepartment = new Map();
    for (const { department, grade, visits } of grades) {
      const row = byDepartment.get(department) ?? { 甲: 0, 乙: 0, 丙: 0, "": 0 };
      row[GRADES.includes(grade) ? grade : ""] += visits;
      byDepartment.set(department, row);
    }
    const rows = [...byDepartment].map(([department, counts]) => ({ department, counts, all: sum(Object.values(counts)) })).sort((a, b) => b.all - a.all);
    const bars = rows.map(({ department, counts, all }) => ({
      label: department || "–",
      end: String(all),
      parts: GRADES.map((grade) => ({ name: words.gradeOf(grade), value: counts[grade], colour: { 甲: "A", 乙: "B", 丙: "C" }[grade], href: this.link({ department, grade }) })),
    }));
    const number = (department, grade, value) => (value ? h("a", { href: this.link({ department, grade }) }, value) : "0");
    const table = numbers(
      [words.department, ...GRADES.map(words.gradeOf), words.noGrade, words.total],
      rows.map(({ department, counts, all }) => [h("a", { href: this.link({ department }) }, department || "–"), ...GRADES.map((grade) => number(department, grade, counts[grade])), counts[""], all]),
    );
    return figure(words.gradesTitle, stacked(bars, words.gradesTitle), table);
  }

  timeliness(timeliness) {
    const rows = timeliness.map((row) => ({ ...row, rate: row.in_time / (row.in_time + row.late + row.overdue) })).sort((a, b) => (Number.isFinite(b.rate) ? b.late + b.overdue : -1) - (Number.isFinite(a.rate) ? a.late + a.overdue : -1) || (a.task < b.task ? -1 : 1));
    const known = rows.filter(({ rate }) => Number.isFinite(rate));
    const bars = known.slice(0, FIRST).map(({ task, rate, in_time: good, late, overdue }) => ({ label: task, share: rate, end: `${percent(rate)}（${good}/${good + late + overdue}）`, href: this.link({ late: task }) }));
    const table = numbers(
      [words.task, words.inTime, words.late, words.overdue, words.waiting, words.rate],
      rows.map(({ task, in_time: good, late, overdue, waiting, rate }) => [late + overdue ? h("a", { href: this.link({ late: task }) }, task) : task, good, late, overdue, waiting, percent(rate)]),
    );
    return figure(words.timelinessTitle, shares(bars, words.timelinessTitle), table, [words.byLate, known.length > FIRST ? words.first(FIRST, known.length) : null].filter(Boolean).join(" · "));
  }

  defects(defects) {
    const all = sum(defects.map(({ findings }) => findings));
    let running = 0;
    const rows = defects.map((defect) => ({ ...defect, cumulative: (running += defect.findings) / all }));
    const bars = rows.slice(0, FIRST).map(({ defect, title, severity, findings, cumulative }) => ({ label: `${defect} ${title}`, short: defect, value: findings, share: cumulative, colour: severity, href: this.link({ defect }) }));
    const table = numbers(
      [words.defect, words.title, words.severityLabel, words.count, words.visits, words.cumulative],
      rows.map(({ defect, title, severity, findings, visits, cumulative }) => [h("a.n", { href: this.link({ defect }) }, defect), title, level(severity), findings, visits, percent(cumulative)]),
      [0, 1, 2],
    );
    return figure(words.defectsTitle, pareto(bars, words.defectsTitle), table, words.defectsNote);
  }
}

/** How long after the report each step came; the records that are still waited for stand below. */
function criticalFigure({ whole, rows }, overdue) {
  if (whole.count === 0) return figure(words.criticalTitle, h("p.empty", {}, words.noCritical), null);
  const tables = [h("div", {}, criticalTable(rows, true), overdue.length ? [h("h3.block", {}, words.criticalOverdue), overdueTable(overdue)] : null)];
  return figure(words.criticalTitle, criticalPicture(whole), tables, [words.criticalNote, words.criticalCounts(whole)].join(" · "));
}

function acceptanceFigure(acceptance) {
  // A rule that was given its voice back begins anew; its old name carries the moment.
  const rows = acceptance.filter(({ rule }) => !rule.includes("@")).map((row) => ({ ...row, share: row.accepted / row.decisions }));
  if (rows.length === 0) return figure(words.acceptanceTitle, h("p.empty", {}, words.noDecisions), null);
  const bars = rows.slice(0, FIRST).map(({ rule, title, share, accepted, decisions, demoted }) => ({ label: title ?? rule, share, end: `${percent(share)}（${accepted}/${decisions}）${demoted ? ` ${words.demoted}` : ""}` }));
  const table = numbers(
    [words.rule, words.title, words.acceptedCount, words.decisions, words.share, words.demoted],
    rows.map(({ rule, title, accepted, decisions, share, demoted }) => [h("span.n", {}, rule), title ?? "", accepted, decisions, percent(share), demoted ?? ""]),
    [0, 1, 5],
  );
  return figure(words.acceptanceTitle, shares(bars, words.acceptanceTitle), table, rows.length > FIRST ? words.first(FIRST, rows.length) : null);
}

function figure(title, picture, table, note = null) {
  return h("figure.paper", {}, h("figcaption", {}, h("h2", {}, title), note ? h("span.small.soft", {}, note) : null), h("div.picture", {}, picture), table ? h("details", {}, h("summary", {}, words.table), h("div.scroll", { tabindex: "0", role: "region", "aria-label": `${title} ${words.table}` }, table)) : null);
}

customElements.define("bingli-figures", Figures);
