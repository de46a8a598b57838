// 回归: what the program was wrong about, without whose it is; accepted ones hold every later rulebook.

import { h } from "/bingli/dom.js";
import { all, asked, call, get, part } from "/pages/api.js";
import { sectionsOf } from "/pages/marks.js";
import { officeWords as says } from "/pages/office-words.js";
import { choice, toast } from "/pages/parts.js";
import { button, facts, table } from "/pages/tables.js";
import { shown, stamp } from "/pages/time.js";

const stateOf = (state) => h(`span.stage.${state}`, {}, says.caseState[state] ?? state);
const ruleLink = (rule) => h("a", { href: `/rules${asked({ rule })}` }, rule);

export async function list(office, { state, rule }) {
  const cases = await all("/v1/regressions", { state, rule });
  const row = ({ entry, department, rule: id, defect, reason, state: stage, proposed_at: made, decided_by: by, decided_at: at }) => [
    office.link(entry, "regressions", entry, { class: "n" }),
    h("div", {}, ruleLink(id), h("div.small.soft.n", {}, defect)),
    department,
    h("div.wrap", {}, reason),
    stateOf(stage),
    at ? h("span.n", {}, says.decided(by, stamp(at))) : h("span.n.soft", {}, stamp(made)),
    h("div.deeds", {}, deciding(office, entry, stage)),
  ];
  const columns = [says.entry, says.rule, says.department, says.reason, says.state, says.at, says.deeds];
  return [
    h("div.filters", {}, choice("state", says.state, Object.entries(says.caseState), state, (value) => office.go("regressions", "", { state: value, rule })), h("span.small.soft", {}, says.caseHint)),
    table(columns, cases.map((one) => [one.entry, "", row(one)]), says.none),
  ];
}

/** One click each; what is decided may be decided otherwise later. */
function deciding(office, entry, state) {
  const decide = (verb, said) => async () => {
    const answer = await call("POST", `/v1/regressions/${part(entry)}/${verb}`).catch(office.refused);
    if (answer) toast(`${entry} ${said}`);
    await office.show();
  };
  return [
    state === "accepted" || state === "unfit" ? null : button(says.accept, entry, decide("accept", says.acceptedNow)),
    state === "rejected" ? null : button(says.reject, entry, decide("reject", says.rejectedNow)),
  ].filter(Boolean);
}

export async function one(office, entry) {
  const kept = await get(`/v1/regressions/${part(entry)}`);
  const documents = kept.visit.documents ?? [];
  return [
    office.back("regressions"),
    h("div.head", {}, h("h2.n", {}, entry), stateOf(kept.state), h("div.deeds.inline", {}, deciding(office, entry, kept.state))),
    h("section.paper.pad", {}, facts([
      [says.rule, h("span", {}, ruleLink(kept.rule), h("span.soft.n", {}, ` ${kept.defect}`))],
      [says.reason, kept.reason],
      [says.department, kept.department],
      [says.judgedAt, `${shown(kept.at)} · ${says.phases[kept.phase] ?? kept.phase}`],
      [says.proposedAt, stamp(kept.proposed_at)],
      [says.state, h(kept.still_hits ? "span.over" : "span.good", {}, kept.still_hits ? says.stillHits : says.hitsNoMore)],
      [says.record, h("a.n", { href: `/ledger${asked({ text: entry })}` }, entry)],
    ])),
    h("h2.block", {}, says.text),
    ...documents.map((document) =>
      h("article.paper.pad.record", {}, h("div.head", {}, h("h3", {}, document.title ?? document.kind ?? ""), h("time.n.small.soft", {}, shown(document.event_at))), sectionsOf(document).flatMap(({ name, text }) => [name ? h("h4.small.soft", {}, name) : null, h("p", {}, text)])),
    ),
  ];
}
