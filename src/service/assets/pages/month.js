// 月报: one month of discharges on a sheet of A4: grades, what vetoed, frequent defects, timeliness, critical values, indicators.

import { h } from "/bingli/dom.js";
import { asked, get } from "/pages/api.js";
import { criticalTable } from "/pages/critical.js";
import { monthWords as says } from "/pages/month-words.js";
import { failure, level } from "/pages/parts.js";
import { numbers } from "/pages/tables.js";
import { setClock, today } from "/pages/time.js";
import { words } from "/pages/words.js";

const GRADES = ["甲", "乙", "丙"];
const FIRST = 15;
const sum = (list) => list.reduce((a, b) => a + b, 0);
const percent = (hits, total) => (total ? `${((100 * hits) / total).toFixed(1)}%` : "–");

/** `2026-03` of the month before. */
export function before(month) {
  const [year, number] = month.split("-").map(Number);
  return number === 1 ? `${year - 1}-12` : `${year}-${String(number - 1).padStart(2, "0")}`;
}

/** The last month that is over. */
export async function lastMonth() {
  await setClock();
  return before(today().slice(0, 7));
}

export class Month {
  /** `print`: the browser's dialog opens when everything is there. */
  constructor({ month, department, print }) {
    Object.assign(this, { month, department, wantsPrint: print });
    this.bar = h("div.filters");
    this.sheet = h("article.a4.paper", { "aria-label": says.title });
    this.element = h("div.monthly", {}, this.bar, this.sheet);
  }

  async load() {
    const of = { period: this.month, department: this.department };
    try {
      const [figures, last, indicators, critical, whole] = await Promise.all([
        get(`/v1/figures${asked(of)}`),
        get(`/v1/figures${asked({ ...of, period: before(this.month) })}`),
        get(`/v1/indicators${asked(of)}`),
        get(`/v1/critical-values/figures${asked(of)}`),
        this.departments ? null : get("/v1/figures"),
        setClock(),
      ]);
      this.departments ??= [...new Set(whole.grades.map(({ department }) => department))].filter(Boolean);
      this.drawBar();
      this.draw(figures, last, indicators.rows, critical.rows);
      if (this.wantsPrint) {
        this.wantsPrint = false;
        print();
      }
    } catch (error) {
      this.sheet.replaceChildren(failure(error, () => this.load()));
    }
  }

  drawBar() {
    const set = (name, value) => {
      this[name] = value;
      history.replaceState(null, "", asked({ month: this.month, department: this.department }));
      this.load();
    };
    const month = h("input", { type: "month", "aria-label": says.month, required: true, onchange: () => month.value && set("month", month.value) });
    month.value = this.month;
    const department = h("select", { "aria-label": words.department, onchange: () => set("department", department.value) }, h("option", { value: "" }, says.whole), this.departments.map((name) => h("option", {}, name)));
    department.value = this.department;
    const of = { period: this.month, department: this.department };
    const file = (text, href, name) => h("a.button", { href, download: name }, text);
    this.bar.replaceChildren(
      month,
      department,
      h("button.primary", { type: "button", onclick: () => print() }, says.print),
      file(says.xlsx, `/v1/indicators${asked({ ...of, format: "xlsx" })}`, `indicators-${this.month}.xlsx`),
      file(says.xlsxByDepartment, `/v1/indicators${asked({ ...of, by: "department", format: "xlsx" })}`, `indicators-${this.month}-departments.xlsx`),
      file(says.ledgerXlsx, `/v1/ledger${asked({ department: this.department, format: "xlsx" })}`, "ledger.xlsx"),
      h("a.button", { href: "/figures" }, says.back),
    );
  }

  draw({ grades, defects, timeliness, vetoes }, last, indicators, critical) {
    const [year, month] = this.month.split("-");
    const now = counted(grades);
    const earlier = counted(last.grades);
    this.sheet.replaceChildren(
      h("header", {}, h("h1", {}, says.heading(year, Number(month))), h("p.soft", {}, [this.department || says.whole, says.basis, says.made(today())].join(" · "))),
      summary(now, earlier, vetoes),
      section(says.byDepartment, departments(grades), now.all, says.none, "section.sum"),
      section(says.vetoes, vetoTable(vetoes, now.all), vetoes.length, says.noVetoes),
      section(says.defects(Math.min(FIRST, defects.length)), defectTable(defects, now.all), defects.length),
      section(says.timeliness, timelinessTable(timeliness), timeliness.length),
      section(says.critical, criticalTable(critical), critical.length),
      section(says.indicators, indicatorTable(indicators), indicators.length),
      h("footer.small.soft", {}, says.note),
    );
  }
}

const section = (title, table, count, none = says.none, what = "section") => h(what, {}, h("h2", {}, title), count ? h("div.scroll", { tabindex: "0", role: "region", "aria-label": title }, table) : h("p.soft", {}, none));

function counted(grades) {
  const of = (grade) => sum(grades.filter((row) => row.grade === grade).map(({ visits }) => visits));
  const [a, b, c] = GRADES.map(of);
  const all = sum(grades.map(({ visits }) => visits));
  return { a, b, c, all, graded: a + b + c };
}

/** The month at a glance; 甲 against the month before, in words and not in colour. */
function summary(now, earlier, vetoes) {
  const tile = (name, value, note) => h("div", {}, h("dt.small.soft", {}, name), h("dd", {}, h("strong.n", {}, value), note ? h("span.small.soft", {}, note) : null));
  const change = now.graded && earlier.graded ? (100 * now.a) / now.graded - (100 * earlier.a) / earlier.graded : null;
  const against = change === null ? says.noBefore : says.change(change);
  return h(
    "dl.glance",
    {},
    tile(says.discharges, now.all, now.all - now.graded ? says.notGraded(now.all - now.graded) : null),
    tile(says.rateA, percent(now.a, now.graded), against),
    tile(words.gradeOf("乙"), now.b, percent(now.b, now.graded)),
    tile(words.gradeOf("丙"), now.c, percent(now.c, now.graded)),
    tile(says.vetoKinds, vetoes.length, says.kinds),
  );
}

function departments(grades) {
  const names = [...new Set(grades.map(({ department }) => department))];
  const rows = names.map((department) => ({ department, ...counted(grades.filter((row) => row.department === department)) })).sort((x, y) => y.all - x.all || (x.department < y.department ? -1 : 1));
  const line = ({ department, a, b, c, all, graded }) => [department || "–", a, b, c, all - graded, all, percent(a, graded)];
  return numbers([words.department, ...GRADES.map(words.gradeOf), words.noGrade, words.total, says.rateA], [...rows.map(line), line({ department: words.total, ...counted(grades) })]);
}

const vetoTable = (vetoes, all) => numbers([words.defect, words.title, says.atBest, words.visits, says.shareOf], vetoes.map(({ defect, title, grade, visits }) => [defect, title, words.gradeOf(grade), visits, percent(visits, all)]), [0, 1, 2]);

const defectTable = (defects, all) => numbers([words.defect, words.title, words.severityLabel, words.count, words.visits, says.shareOf], defects.slice(0, FIRST).map(({ defect, title, severity, findings, visits }) => [defect, title, level(severity), findings, visits, percent(visits, all)]), [0, 1, 2]);

function timelinessTable(timeliness) {
  const rows = timeliness.map((row) => ({ ...row, known: row.in_time + row.late + row.overdue })).sort((x, y) => y.late + y.overdue - x.late - x.overdue || (x.task < y.task ? -1 : 1));
  return numbers([words.task, words.inTime, words.late, words.overdue, words.rate], rows.map(({ task, in_time: good, late, overdue, known }) => [task, good, late, overdue, percent(good, known)]));
}

/** Those that the records say something of; what is counted by hand stands in a line below. */
function indicatorTable(rows) {
  const known = rows.filter(({ figure }) => figure.total);
  const interval = ({ low, high }) => `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}%`;
  const line = ({ code, name, figure, not_documented: missing }) => [code || "–", name, percent(figure.hits, figure.total), `${figure.hits}/${figure.total}`, interval(figure), missing];
  return h("div", {}, numbers([says.code, says.indicator, says.value, says.counts, says.interval, says.missing], known.map(line), [0, 1]), rows.length > known.length ? h("p.small.soft", {}, says.without(rows.length - known.length)) : null);
}

