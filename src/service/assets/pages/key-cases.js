// 重点病例: visits on the must-check lists by reason, and the printable report of one.

import { h } from "/bingli/dom.js";
import { asked, get, part } from "/pages/api.js";
import { officeWords as says } from "/pages/office-words.js";
import { choice, gradeMark, level } from "/pages/parts.js";
import { facts, table } from "/pages/tables.js";
import { shown } from "/pages/time.js";
import { words } from "/pages/words.js";

export async function list(office, { list: reason }) {
  const { lists, items } = await get(`/v1/key-cases${asked({ list: reason })}`);
  const names = new Map(lists.map(({ id, name }) => [id, name]));
  const row = ({ visit_id: visit, department, doctor, stay_days: days, lists: on }) => [
    office.link(visit, "cases", visit, { class: "n" }),
    department,
    doctor || h("span.soft", {}, "–"),
    days === null ? h("span.soft", {}, "–") : h("span.n", {}, says.days(days)),
    h("div.wrap", {}, on.map((id) => h("span.tagged", {}, names.get(id) ?? id))),
  ];
  return [
    h("div.filters", {}, choice("list", says.list, lists.map(({ id, name }) => [id, name]), reason, (value) => office.go("cases", "", { list: value })), h("span.soft", { role: "status" }, says.caseCount(items.length))),
    table([says.visit, says.department, says.doctor, says.stay, says.lists], items.map((item) => [item.visit_id, "", row(item)]), says.none),
  ];
}

export async function one(office, visit) {
  const path = `/v1/key-cases/${part(visit)}`;
  const report = await get(path);
  const { score } = report;
  const none = () => h("p.soft", {}, says.noneHere);
  const items = (title, list, line) => [h("h3.block", {}, title), list.length ? h("ul.lines", {}, list.map((one) => h("li", {}, line(one)))) : none()];
  return [
    office.back("cases"),
    h("div.head", {}, h("h2", {}, `${says.report} `, h("span.n", {}, visit)), h("div.deeds.inline", {}, h("button.primary", { type: "button", onclick: () => print() }, says.print), h("a.button", { href: `${path}?format=markdown`, download: `${visit}.md` }, says.markdown), h("a.button", { href: `/visits/${part(visit)}` }, says.openDesk))),
    h(
      "article.paper.pad.report",
      {},
      facts([
        [says.lists, report.lists.map(({ name }) => name).join("、")],
        [says.department, report.department],
        [says.doctor, report.doctor],
        [says.disease, report.disease],
        [says.admitted, shown(report.admitted_at)],
        [says.discharged, shown(report.discharged_at) || says.inHospital],
        [says.stay, report.stay_days === null ? null : says.days(report.stay_days)],
        [says.systemScore, score && h("span", {}, score.total === null ? null : h("strong.n", {}, `${score.total.toFixed(1)} `), gradeMark(score.grade))],
      ]),
      items(says.findings, report.findings, ({ severity, title, defect, message, evidence }) => [h("div", {}, level(severity), " ", h("strong", {}, title), h("span.small.soft.n", {}, ` ${defect}`)), h("div", {}, message), ...evidence.map(({ title: source, quote }) => h("div.small", {}, h("span.soft", {}, `${source ?? ""} `), h("q", {}, quote)))]),
      items(says.late, report.late, ({ task, trigger, due, done }) => [h("strong", {}, task), h("span.soft", {}, ` ${trigger}`), h("div.small", {}, `${says.due(shown(due))}，`, done ? says.doneAt(shown(done)) : h("span.over", {}, says.notDone))]),
      items(says.operations, report.operations, ({ name, level: rank, started_at: at }) => [name ?? "", h("span.soft", {}, ` ${[rank ? says.level(rank) : "", shown(at)].filter(Boolean).join(" · ")}`)]),
      items(says.critical, report.critical_values, critical),
    ),
  ];
}

/** One loop: what was reported, each step, and where it stands. */
function critical({ item, value, state, steps }) {
  return [h("div", {}, h("strong", {}, [item, value].filter(Boolean).join(" ")), " ", h(state === "overdue" ? "span.over" : "span.soft", {}, says.loopStates[state] ?? state)), h("div.small.soft", {}, steps.filter(({ at }) => at).map(({ step, at }) => `${words.steps[step]} ${shown(at)}`).join(" · "))];
}
