// 发布: changed rules on their way into use. One person proposes, everybody sees what changes, another person decides.

import { h } from "/bingli/dom.js";
import { asked, call, get, part } from "/pages/api.js";
import { gradeTable, movesTable, progressOf, selection } from "/pages/batches.js";
import { ask } from "/pages/forms.js";
import { officeWords as says } from "/pages/office-words.js";
import { toast } from "/pages/parts.js";
import { facts, table } from "/pages/tables.js";
import { stamp } from "/pages/time.js";
import { words } from "/pages/words.js";

const me = document.body.dataset.name;
const short = (digest) => digest.replace("sha256:", "").slice(0, 8);
const stateOf = (state) => h(`span.stage.${state}`, {}, says.releaseStates[state] ?? state);
const decided = ({ decided_by: by, decided_at: at }) => (at ? `${words.by(by)} ${stamp(at)}` : "");

export async function list(office) {
  const { items } = await get("/v1/releases");
  const row = (release) => [
    office.link(stamp(release.proposed_at), "releases", release.id, { class: "n" }),
    words.by(release.proposed_by),
    h("code", {}, `${short(release.digest_before)} → ${short(release.digest_after)}`),
    stateOf(release.state),
    decided(release) || h("span.soft", {}, "–"),
  ];
  return [
    h("div.filters", {}, h("button.primary", { type: "button", onclick: () => propose(office) }, says.propose), h("span.small.soft", {}, says.proposeHint)),
    table([says.at, says.proposedBy, says.digest, says.state, says.decidedBy], items.map((release) => [release.id, release.state === "withdrawn" ? release.decided_at : "", row(release)]), says.none),
  ];
}

async function propose(office) {
  const { fields, chosen } = selection();
  const made = await ask({ title: says.propose, hint: says.proposeHint, fields, label: says.propose, send: () => call("POST", "/v1/releases", { visits: chosen() }) });
  if (made) await office.go("releases", made.id);
}

export async function one(office, id) {
  const path = `/v1/releases/${part(id)}`;
  const release = await get(path);
  const { state, replay, change, regressions } = release;
  if (replay && ["receiving", "running"].includes(replay.state)) office.later();
  const isOwn = release.proposed_by === me;
  const decide = async (verb, how) => {
    if (await ask({ ...how, send: () => call("POST", `${path}/${verb}`) })) {
      toast(verb === "release" ? says.released : says.withdrawn);
      await office.show();
    }
  };
  const let_in = () => decide("release", { title: says.releaseTitle, hint: says.releaseHint, label: says.release });
  const refusal = isOwn ? says.withdraw : says.refuse;
  const deeds = [isOwn ? null : h("button.primary", { type: "button", disabled: replay?.state !== "done", onclick: let_in }, says.release), h("button", { type: "button", onclick: () => decide("withdraw", { title: `${refusal}？`, label: refusal, danger: true }) }, refusal)];
  return [
    office.back("releases"),
    h("div.head", {}, h("h2", {}, `${says.proposal} `, h("code", {}, short(release.digest_after))), stateOf(state), state === "proposed" ? h("div.deeds.inline", {}, deeds.filter(Boolean)) : null),
    state === "proposed" && isOwn ? h("p.notice", {}, says.ownProposal) : null,
    h(
      "div.pair",
      {},
      h("section.paper.pad", {}, facts([
        [says.proposedBy, `${words.by(release.proposed_by)} ${stamp(release.proposed_at)}`],
        [says.decidedBy, decided(release)],
        [says.digest, h("code", {}, `${short(release.digest_before)} → ${short(release.digest_after)}`)],
        [says.replay, replay && progressOf(replay)],
        [says.precisionBefore, change && words.proportion(change.precision_before)],
        [says.precisionAfter, change && words.proportion(change.precision_after)],
        [says.unjudged, change && says.unjudgedOf(change.unjudged)],
        [says.wrong, wrong(office, regressions)],
      ])),
      replay ? h("section.paper.pad", {}, h("h3", {}, `${says.grades}（${says.after}）`), gradeTable(replay.grades), h("h3.block", {}, says.moves, h("span.small", {}, ` ${says.before} → ${says.after}`)), movesTable(replay.moves ?? {}), Object.keys(replay.moves ?? {}).length ? h("p", {}, office.link(says.toBatch, "batches", release.batch)) : null) : null,
    ),
    h("h2.block", {}, says.byRule),
    change ? ruleTable(change.rules) : h("p.soft", {}, says.waitingForResult),
  ];
}

function wrong(office, entries) {
  if (!entries) return h("span.soft", {}, says.unknownWrong);
  if (entries.length === 0) return h("span.good", {}, says.noWrong);
  return h("span.over.cases", {}, entries.map((entry) => office.link(entry, "regressions", entry, { class: "n" })));
}

function ruleTable(rules) {
  const rows = Object.entries(rules).sort((a, b) => b[1].new + b[1].gone - a[1].new - a[1].gone || (a[0] < b[0] ? -1 : 1));
  const row = ([rule, { new: added, gone }]) => [h("a", { href: `/rules${asked({ rule })}` }, rule), h(added ? "span.n.over" : "span.n", {}, added ? `+${added}` : "0"), h(gone ? "span.n.good" : "span.n", {}, gone ? `−${gone}` : "0")];
  return table([says.rule, says.ruleNew, says.ruleGone], rows.map((entry) => [entry[0], "", row(entry)]), says.noChange);
}
