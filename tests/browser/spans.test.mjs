// Places in a text, without a browser: every edit of a text, found again from the two texts and the caret, must move a span as the edit itself would.

import assert from "node:assert/strict";
import { test } from "node:test";
import { edit, finishes, locate, passage, shift } from "../../src/service/assets/bingli/spans.js";
import { spliced } from "../../src/service/assets/bingli/client.js";
import { basisText, timeText } from "../../src/service/assets/bingli/words.js";

const apply = (text, { start, end }, inserted) => text.slice(0, start) + inserted + text.slice(end);

test("random edits: an untouched span keeps its words, a touched one is given up", () => {
  let seed = 20261127;
  const random = (limit) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed >>> 8) % limit;
  };
  // Few characters, so that ambiguous edits are frequent.
  const word = (length) => Array.from({ length }, () => "子宫附😀。"[random(5)]).join("");
  let kept = 0;
  for (let round = 0; round < 20_000; round++) {
    const before = word(1 + random(12));
    const from = random(before.length);
    const span = { start: from, end: from + 1 + random(before.length - from) };
    const at = random(before.length + 1);
    const cut = { start: at, end: at + random(before.length - at + 1) };
    const inserted = word(random(4));
    const after = apply(before, cut, inserted);
    const made = edit(before, after, cut.start + inserted.length);
    if (!made) continue;
    assert.equal(apply(before, made, after.slice(made.start, made.start + made.inserted)), after, "the edit found is an edit that was made");
    const moved = shift(span, made);
    if (moved) {
      assert.equal(after.slice(moved.start, moved.end), before.slice(span.start, span.end));
      kept++;
    } else {
      assert.ok(made.start < span.end && made.end > span.start, "only a touched span is given up");
    }
  }
  assert.ok(kept > 5_000, `${kept} spans were kept`);
});

test("typing the first character of the span again, before it", () => {
  const made = edit("子宫附件", "子子宫附件", 1);
  assert.deepEqual(shift({ start: 0, end: 4 }, made), { start: 1, end: 5 });
  assert.equal(shift({ start: 0, end: 4 }, edit("子宫附件", "子宫宫附件", 2)), null);
});

test("an insertion inside a span gives it up, at its edges it stays", () => {
  const span = { start: 2, end: 4 };
  assert.deepEqual(shift(span, { start: 2, end: 2, inserted: 1 }), { start: 3, end: 5 });
  assert.deepEqual(shift(span, { start: 4, end: 4, inserted: 1 }), span);
  assert.equal(shift(span, { start: 3, end: 3, inserted: 1 }), null);
});

test("a quote is found at its place, else nearest to it, else not", () => {
  assert.deepEqual(locate("左侧，左侧，左侧", "左侧", 3), { start: 3, end: 5 });
  assert.deepEqual(locate("左侧，左侧，左侧", "左侧", 7), { start: 6, end: 8 });
  assert.equal(locate("右侧", "左侧", 0), null);
});

test("ends of sentences", () => {
  assert.ok(finishes("咳嗽。", { start: 2, inserted: 1 }));
  assert.ok(finishes("咳嗽；无痰", { start: 0, inserted: 5 }));
  assert.ok(!finishes("咳嗽，", { start: 2, inserted: 1 }));
});

test("a passage never cuts a character and ends between clauses", () => {
  const text = "😀".repeat(30) + "子宫附件" + "𠮷".repeat(30);
  const { before, quote, after } = passage(text, { start: 60, end: 64 }, 25);
  assert.equal(quote, "子宫附件");
  assert.ok((before + after).isWellFormed?.() ?? !/(^|[^\uD800-\uDBFF])[\uDC00-\uDFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])/.test(before + after));
  assert.equal(passage("患者一般情况可，体温36.5℃，腹软。子宫附件未触及。", { start: 19, end: 23 }, 8).before, "…腹软。");
});

test("the host's visit is not changed by splicing", () => {
  const visit = { visit_id: "v", documents: [{ id: "a", sections: [{ name: "主诉", text: "旧" }] }, { id: "b", text: "旧" }] };
  const copy = structuredClone(visit);
  const sent = spliced(visit, [{ document: "a", section: "主诉", text: "新" }, { document: "b", section: null, text: "新" }]);
  assert.deepEqual(visit, copy);
  assert.deepEqual(sent.documents, [{ id: "a", sections: [{ name: "主诉", text: "新" }] }, { id: "b", text: "新" }]);
  assert.throws(() => spliced(visit, [{ document: "c", section: null, text: "新" }]), /c/);
  assert.throws(() => spliced(visit, [{ document: "b", section: "主诉", text: "新" }]), /主诉/);
});

test("a basis as a physician reads it", () => {
  assert.equal(basisText("BW2010-18(6)"), "《病历书写基本规范》第十八条（六）");
  assert.equal(basisText("BW2010-22(21)"), "《病历书写基本规范》第二十二条（二十一）");
  assert.equal(basisText("HX2018-14"), "《医疗质量安全核心制度要点》第十四项");
  assert.equal(basisText("ZB2021-20"), "《病案管理质量控制指标》指标二十");
  assert.equal(basisText("local"), "本院规定");
  assert.equal(basisText("XYZ-1"), "XYZ-1");
  assert.equal(timeText("2026-03-03T09:00:00+08:00"), "2026-03-03 09:00");
});
