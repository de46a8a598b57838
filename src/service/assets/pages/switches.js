// 启用范围: where the hospital has put a rule in use, on trial or off against its file, who proposed and who let it in; and 试算, what the rule would
// have said of the visits that are kept.

import { h } from "/bingli/dom.js";
import { asked, call, get, part } from "/pages/api.js";
import { selection } from "/pages/batches.js";
import { ask, field, options, textBox } from "/pages/forms.js";
import { failure, toast } from "/pages/parts.js";
import { ruleWords as says } from "/pages/rule-words.js";
import { button, numbers, table } from "/pages/tables.js";
import { stamp } from "/pages/time.js";
import { words } from "/pages/words.js";

/** Kinds of rules that the language model decides: what it finds stays a proposal. */
const BY_MODEL = ["judge", "suspect"];

const { name: me, role } = document.body.dataset;
export const maySwitch = ["reviewer", "administrator", "department_qc"].includes(role);

const placeOf = (department) => department || says.house;
const statusOf = (status) => h(`span.stage.${status}`, {}, says.statuses[status] ?? says.asFiled);

/** What is switched, as a mark beside a rule's own status. */
export const mark = (switched) => (switched.length ? h("span.small.soft", { title: switched.map(({ department, status }) => `${placeOf(department)}：${says.statuses[status] ?? says.asFiled}`).join("；") }, ` ${says.switched}`) : null);

/** The section of a rule that says where it holds. `changed` is called when something came into force. */
export function standing(rule, changed) {
  const body = h("div");
  const answer = h("div.answer", { "aria-live": "polite" });
  const draw = async () => {
    try {
      const { items } = await get(`/v1/switches${asked({ rule: rule.id })}`);
      const open = items.filter(({ state }) => state === "released" || state === "proposed");
      body.replaceChildren(open.length ? table([says.place, says.status, says.reason, says.people], open.map((line) => [line.id, "", row(line)]), "") : h("p.soft", {}, says.asFiledEverywhere));
    } catch (error) {
      body.replaceChildren(failure(error, draw));
    }
  };
  const decide = async (line, verb, how) => {
    if (!(await ask({ ...how, send: () => call("POST", `/v1/switches/${part(line.id)}/${verb}`) }))) return;
    toast(verb === "release" ? says.switchReleased : says.switchWithdrawn);
    await draw();
    if (verb === "release") changed();
  };
  const row = (line) => {
    const name = `${placeOf(line.department)} ${says.statuses[line.status] ?? says.asFiled}`;
    const isOwn = line.proposed_by === me;
    const refusal = isOwn ? says.withdraw : says.refuse;
    const deeds = [
      isOwn ? null : button(says.release, name, () => decide(line, "release", { title: says.releaseTitle, hint: `${rule.title}：${name}。${says.releaseHint}`, label: says.release })),
      button(refusal, name, () => decide(line, "withdraw", { title: `${refusal}？`, label: refusal, danger: true })),
    ];
    return [
      placeOf(line.department),
      statusOf(line.status),
      line.reason,
      [
        h("div.small", {}, `${says.proposedBy} ${words.by(line.proposed_by)} ${stamp(line.proposed_at)}`),
        h("div.small", {}, line.state === "released" ? `${says.decidedBy} ${words.by(line.decided_by)} ${stamp(line.decided_at)}` : isOwn ? says.waitsForOther : says.waits),
        line.state === "proposed" && maySwitch ? h("div.deeds", {}, deeds.filter(Boolean)) : null,
      ],
    ];
  };
  const propose = async () => {
    const [department, reason] = [textBox(), textBox("", { required: true })];
    const status = options([...Object.entries(says.statuses).filter(([key]) => key !== "retired" && !(key === "stable" && BY_MODEL.includes(rule.check.kind))), ["file", says.asFiled]], rule.status === "stable" ? "off" : "preview");
    const send = () => call("POST", `/v1/rules/${part(rule.id)}/switches`, { department: department.value.trim(), status: status.value, reason: reason.value.trim() });
    const fields = [field(says.place, department, says.placeHint), field(says.status, status), field(says.reason, reason)];
    if (await ask({ title: says.change, hint: says.changeHint, fields, label: says.propose, send })) {
      toast(says.proposed);
      await draw();
    }
  };
  const shadow = async () => {
    const { fields, chosen } = selection();
    const found = await ask({ title: says.shadow, hint: says.shadowHint, fields, label: says.shadow, send: () => call("POST", `/v1/rules/${part(rule.id)}/shadow`, { visits: chosen() }) });
    if (found) answer.replaceChildren(...shadowOf(found));
  };
  draw();
  return [
    h("h3", {}, says.standing),
    body,
    maySwitch
      ? h("div.deeds", {}, rule.status === "retired" ? null : h("button", { type: "button", onclick: propose }, says.change), BY_MODEL.includes(rule.check.kind) ? null : h("button", { type: "button", onclick: shadow }, says.shadow))
      : null,
    answer,
  ];
}

function shadowOf({ visits, ran, hit_visits: hit, findings, all, departments, items }) {
  const rows = departments.filter(({ hit_visits: some }) => some).map(({ department, visits: of, hit_visits: some }) => [department || words.none, some, of]);
  const line = ({ visit_id: visit, finding }) => h("li", {}, h("a.n", { href: `/visits/${part(visit)}` }, visit), " ", finding.message);
  return [
    h("p", {}, says.shadowFound({ visits, ran, hit, findings }), all ? null : ` ${says.shadowMore}`),
    rows.length ? numbers([words.department, says.shadowHit, says.shadowOf], rows) : null,
    items.length ? h("ol.shadow", {}, items.map(line)) : null,
    items.length < findings ? h("p.small.soft", {}, says.shadowFirst(items.length)) : null,
  ].filter(Boolean);
}
