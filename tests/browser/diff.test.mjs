// What changed between two texts, without a browser: the parts must make both texts again, whatever was changed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, diff } from "../../src/service/assets/pages/diff.js";

const side = (parts, kind) => parts.filter(([sort]) => sort === "same" || sort === kind).map(([, text]) => text).join("");

test("random changes: what stayed and went is the old text, what stayed and came the new one", () => {
  let seed = 20261128;
  const random = (limit) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed >>> 8) % limit;
  };
  const word = (length) => Array.from({ length }, () => ["咳", "嗽", "热", "😀", "。", "\n", "；"][random(7)]).join("");
  for (let round = 0; round < 5_000; round++) {
    const before = word(random(40));
    let after = before;
    for (let change = random(4); change > 0; change--) {
      const characters = [...after];
      const at = random(characters.length + 1);
      characters.splice(at, random(6), ...word(random(6)));
      after = characters.join("");
    }
    const parts = diff(before, after);
    assert.equal(side(parts, "removed"), before);
    assert.equal(side(parts, "added"), after);
    if (before === after) assert.ok(parts.every(([kind]) => kind === "same"));
    for (const [, text] of parts) assert.ok(text.isWellFormed(), "no half of a character");
  }
});

test("a changed value is shown as the value alone, and another sentence as a whole", () => {
  assert.deepEqual(diff("体温38.5℃。今日咳嗽减轻。", "体温36.8℃。今日咳嗽减轻。"), [["same", "体温3"], ["removed", "8.5"], ["added", "6.8"], ["same", "℃。今日咳嗽减轻。"]]);
  assert.deepEqual(diff("今日咳嗽减轻。", "患者要求出院。"), [["removed", "今日咳嗽减轻。"], ["added", "患者要求出院。"]]);
  assert.deepEqual(diff("", "新写。"), [["added", "新写。"]]);
  assert.deepEqual(diff("甲。乙。", "甲。丙丁戊。乙。"), [["same", "甲。"], ["added", "丙丁戊。"], ["same", "乙。"]]);
});

test("documents are paired by id and sections by name", () => {
  const before = { patient: { sex: "male" }, documents: [{ id: "a", title: "入院记录", sections: [{ name: "主诉", text: "咳嗽" }, { name: "现病史", text: "同前" }] }, { id: "b", text: "走了" }, { id: "c", text: "一样" }] };
  const after = { patient: { sex: "female" }, documents: [{ id: "a", title: "入院记录", sections: [{ name: "现病史", text: "同前" }, { name: "主诉", text: "咳嗽5天" }] }, { id: "c", text: "一样" }, { id: "d", text: "来了" }] };
  const { documents, same, other } = compare(before, after);
  assert.deepEqual(documents.map(({ document, state, sections }) => [document.id, state, sections]), [
    ["a", "changed", [{ name: "主诉", before: "咳嗽", after: "咳嗽5天" }]],
    ["d", "added", [{ name: "", before: "", after: "来了" }]],
    ["b", "removed", [{ name: "", before: "走了", after: "" }]],
  ]);
  assert.equal(same, 1);
  assert.deepEqual(other, ["patient"]);
});
