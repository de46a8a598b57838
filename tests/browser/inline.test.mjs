// The widget in an editor, as a physician uses it.

import assert from "node:assert/strict";
import { after, afterEach, before as beforeAll, describe, test } from "node:test";
import { EDITABLE, MALE, Service, TEXTAREA, attach, before, launch, open, settles, state, underlined } from "./support.mjs";

let service;
let browser;
let page;
beforeAll(async () => {
  service = await Service.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await service?.stop();
});
afterEach(async () => {
  const problems = page?.problems ?? [];
  await page?.context().close();
  page = null;
  assert.deepEqual(problems, [], "no error on the page");
});

async function start(body, options) {
  page = await open(browser, service, body, { locale: "zh-CN" });
  await page.goto(`${service.address}/test`);
  await attach(page, options);
  return page;
}

const type = (text) => page.keyboard.type(text, { delay: 4 });
const popup = () => page.locator(".popup");

for (const [name, body] of [["contenteditable", EDITABLE], ["textarea", TEXTAREA]]) {
  describe(`in a ${name}`, () => {
    test("an error gets its line at exactly the right words", async () => {
      await start(body);
      await page.locator("#editor").click();
      await type("患者咳嗽减轻。子宫附件区未触及包块。");
      await settles(page, "found");
      assert.deepEqual(await underlined(page), ["子宫附件"]);
      assert.equal(await before(page), "患者咳嗽减轻。");
      assert.deepEqual((await state(page)).findings, ["性别与器官、疾病矛盾"]);
    });

    test("characters of two units before the error keep it in place", async () => {
      await start(body);
      await page.locator("#editor").click();
      await page.keyboard.insertText("𠮷某诉😀咳嗽👨‍👩‍👧减轻。子宫附件区未触及包块。");
      await settles(page, "found");
      assert.deepEqual(await underlined(page), ["子宫附件"]);
      assert.equal(await before(page), "𠮷某诉😀咳嗽👨‍👩‍👧减轻。");
    });

    test("the line follows edits before it at once, and goes with its words", async () => {
      await start(body);
      await page.locator("#editor").click();
      await page.keyboard.insertText("咳嗽减轻。子宫附件区未触及包块。");
      await settles(page, "found");
      await page.keyboard.press("Control+Home");
      await type("𠮷患者");
      assert.deepEqual(await underlined(page), ["子宫附件"], "before any new answer");
      assert.equal(await before(page), "𠮷患者咳嗽减轻。");
      // The same character right before the words is not taken for a change of them.
      for (let step = 0; step < "咳嗽减轻。".length; step++) await page.keyboard.press("ArrowRight");
      await type("子");
      assert.deepEqual(await underlined(page), ["子宫附件"]);
      assert.equal(await before(page), "𠮷患者咳嗽减轻。子");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Delete");
      assert.deepEqual(await underlined(page), [], "a changed word loses its line before any answer");
    });

    test("a repaired text is clean, which is not the same as not checked", async () => {
      await start(body);
      assert.equal((await state(page)).status, "unchecked");
      await page.locator("#editor").click();
      await page.keyboard.insertText("患者咳嗽减轻。子宫附件区未触及包块。");
      await settles(page, "found");
      await page.keyboard.press("Control+A");
      await page.keyboard.insertText("患者咳嗽减轻。");
      await settles(page, "clean");
      assert.deepEqual(await underlined(page), []);
      assert.equal(await page.locator(".chip").innerText(), "已检查，未发现问题");
      await type("双肺");
      assert.equal(await page.locator(".chip").innerText(), "未检查");
      await settles(page, "clean");
    });

    test("inside a composition nothing is asked, after it at once", async () => {
      await start(body);
      await page.locator("#editor").click();
      await type("患者咳嗽减轻。");
      await settles(page, "clean");
      const asked = page.checks.length;
      const session = await page.context().newCDPSession(page);
      for (const text of ["z", "zi", "zi g", "zi gong", "子宫fu", "子宫附件。"]) {
        await session.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
        await page.waitForTimeout(250);
      }
      await page.evaluate(() => window.handle.check());
      await page.waitForTimeout(900);
      assert.equal(page.checks.length, asked, "no request in 2.4 s of composing");
      await session.send("Input.insertText", { text: "子宫附件正常。" });
      await settles(page, "found");
      assert.ok(page.checks.length > asked);
      assert.deepEqual(await underlined(page), ["子宫附件"]);
    });

    test("while the service is away typing goes on and lines stay; it comes back by itself", async () => {
      await start(body);
      await page.locator("#editor").click();
      await page.keyboard.insertText("子宫附件区未触及包块。");
      await settles(page, "found");
      await service.kill();
      try {
        await page.keyboard.press("Control+Home");
        await type("患者咳嗽减轻。");
        await settles(page, "unavailable");
        assert.equal(await page.locator(".chip").innerText(), "服务不可用");
        await type("一般情况可。");
        assert.match(await page.locator("#editor").evaluate((editor) => editor.value ?? editor.innerText), /^患者咳嗽减轻。一般情况可。子宫附件区/);
        assert.deepEqual(await underlined(page), ["子宫附件"]);
        assert.equal(await before(page), "患者咳嗽减轻。一般情况可。");
      } finally {
        await service.run();
      }
      await settles(page, "found", 15_000);
      assert.deepEqual(page.checks.at(-1).visit.documents[1].text, "患者咳嗽减轻。一般情况可。子宫附件区未触及包块。");
    });

    test("a finding that was ignored stays so after a reload", async () => {
      const words = "患者咳嗽减轻。子宫附件区未触及包块。";
      await start(body);
      await page.locator("#editor").click();
      await page.keyboard.insertText(words);
      await settles(page, "found");
      const told = page.waitForRequest((request) => request.url().endsWith("/dismiss"));
      await page.keyboard.press("Alt+F8");
      await popup().getByRole("button", { name: "忽略" }).click();
      await popup().getByRole("radio", { name: "已在他处记录" }).check();
      await popup().getByRole("button", { name: "提交" }).click();
      const request = await told;
      assert.match(request.url(), /\/v1\/visits\/WIDGET-1\/findings\/[0-9a-f-]+\/dismiss$/);
      assert.deepEqual(request.postDataJSON(), { reason: "已在他处记录", rule: "sex-organ" });
      assert.deepEqual(await underlined(page), []);
      await page.reload();
      await attach(page);
      await page.locator("#editor").click();
      await page.keyboard.insertText(words);
      await settles(page, "clean");
      assert.deepEqual(await underlined(page), []);
      // Other words are another finding.
      await page.keyboard.press("Control+A");
      await page.keyboard.insertText("子宫肌瘤随访。");
      await settles(page, "found");
      assert.deepEqual(await underlined(page), ["子宫肌瘤"]);
    });

    test("the card by keyboard alone", async () => {
      await start(body);
      await page.locator("#editor").click();
      await page.keyboard.insertText("患者咳嗽减轻。子宫附件区未触及包块。");
      await settles(page, "found");
      await page.keyboard.press("Alt+F8");
      await popup().waitFor();
      assert.equal(await popup().getAttribute("role"), "dialog");
      assert.equal(await popup().getAttribute("aria-label"), "严重 性别与器官、疾病矛盾");
      assert.match(await popup().innerText(), /患者为男性.*《病历书写基本规范》第三条.*高（95%，规则判定）/s);
      const focused = () => page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.textContent ?? document.activeElement.id);
      const seen = [];
      for (let step = 0; step < 5; step++) {
        await page.keyboard.press("Tab");
        seen.push(await focused());
      }
      assert.deepEqual(seen, ["×", "采纳", "忽略", "稍后", "申诉"]);
      await page.keyboard.press("Enter");
      await type("已核对");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      assert.equal(await focused(), "取消");
      await page.keyboard.press("Enter");
      assert.equal(await focused(), "采纳", "giving up the form leaves the keyboard in the card");
      await page.keyboard.press("Escape");
      await popup().waitFor({ state: "detached" });
      await type("好");
      assert.match(await page.locator("#editor").evaluate((editor) => editor.value ?? editor.innerText), /包块。好$/, "the caret is where it was");
      await settles(page, "found");
      await page.keyboard.press("Alt+F8");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await type("右肺呼吸音粗");
      assert.match(await page.locator("#editor").evaluate((editor) => editor.value ?? editor.innerText), /减轻。右肺呼吸音粗区未/, "accepting selects the words, to be written over");
    });

    test("the card by pointer, and its line shows which words are meant", async () => {
      await start(body);
      await page.locator("#editor").click();
      await page.keyboard.insertText("患者咳嗽减轻。子宫附件区未触及包块。");
      await settles(page, "found");
      assert.deepEqual(await underlined(page), ["子宫附件"]);
      const box = await page.evaluate(() => {
        const [range] = [...CSS.highlights].filter(([key]) => key === "bingli-S1").flatMap(([, highlight]) => [...highlight]);
        const mark = [...document.querySelectorAll("[data-bingli]")].map((host) => host.shadowRoot.querySelector(".mirror mark")).find(Boolean);
        const { left, top, width, height } = (range ?? mark).getBoundingClientRect();
        return { x: left + width / 2, y: top + height / 2 };
      });
      await page.mouse.move(box.x, box.y);
      await popup().waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.id), "editor", "a card by pointer leaves the keyboard alone");
      await page.mouse.move(box.x + 2, box.y + 300);
      await popup().waitFor({ state: "detached" });
    });
  });
}

test("a pause alone is enough, and a newer request ends the older one", async () => {
  await start(EDITABLE);
  await page.locator("#editor").click();
  let held = 0;
  await page.route("**/v1/check*", async (route) => {
    if (held++ === 0) await new Promise((go) => setTimeout(go, 2_500));
    await route.continue().catch(() => {});
  });
  const ended = page.waitForEvent("requestfailed");
  await type("子宫附件");
  await page.waitForTimeout(1_000);
  assert.equal(held, 1);
  await type("区未触及包块");
  await settles(page, "found");
  assert.match((await ended).url(), /\/v1\/check/);
  assert.equal(held, 2);
  assert.deepEqual(await underlined(page), ["子宫附件"]);
});

test("what was typed while the answer was under way moves its lines", async () => {
  await start(EDITABLE);
  await page.locator("#editor").click();
  await page.route("**/v1/check*", async (route) => {
    const response = await route.fetch();
    await new Promise((go) => setTimeout(go, 500));
    await route.fulfill({ response }).catch(() => {});
  });
  await type("子宫附件区正常。");
  await page.waitForRequest("**/v1/check*");
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowUp");
  await type("患者");
  await page.waitForFunction(() => window.handle.state.findings.length === 1, null, { polling: 20 });
  assert.deepEqual(await underlined(page), ["子宫附件"]);
  assert.equal(await before(page), "患者");
});

test("paragraphs, line breaks and nested elements count as the server counts", async () => {
  await start('<div id="editor" contenteditable="true"><p>患者<b>咳嗽</b>减轻。</p><p><br></p><div>双肺<br>呼吸音清，子<i>宫附</i>件区正常。</div></div>');
  await settles(page, "found");
  assert.equal(page.checks.at(-1).visit.documents[1].text, "患者咳嗽减轻。\n\n双肺\n呼吸音清，子宫附件区正常。");
  assert.deepEqual(await underlined(page), ["子宫附件"]);
});

test("a section is spliced into the visit, and only its own findings are shown", async () => {
  const visit = structuredClone(MALE);
  visit.documents[1].text = "子宫附件区未触及包块。";
  await start(TEXTAREA, { visit, document: "d1", section: "主诉" });
  await page.locator("#editor").click();
  await page.keyboard.insertText("咳嗽、咳痰");
  await settles(page, "found");
  assert.deepEqual(page.checks.at(-1).visit.documents[0].sections.map(({ name, text }) => [name, text.slice(0, 5)]), [["主诉", "咳嗽、咳痰"], ["现病史", "5天前受凉"]]);
  assert.deepEqual((await state(page)).findings, ["主诉缺持续时间"]);
  assert.deepEqual(await underlined(page), ["咳嗽、咳痰"]);
});

test("three at most, the rest one click away", async () => {
  await start(TEXTAREA);
  await page.locator("#editor").click();
  await page.keyboard.insertText("子宫附件区无压痛。子宫肌瘤随访。卵巢囊肿随访。体温８２℃。血压50/120mmHg。脉搏900次/分。");
  await settles(page, "found");
  const first = await state(page);
  assert.equal(first.findings.length, 3);
  assert.ok(first.more > 0, `${first.more} more`);
  assert.equal((await underlined(page)).length, 3);
  await page.locator(".chip").click();
  await popup().getByRole("button", { name: `另有 ${first.more} 条` }).click();
  const all = await state(page);
  assert.equal(all.findings.length, 3 + first.more);
  assert.equal(all.more, 0);
  assert.equal((await underlined(page)).length, all.findings.length);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await popup().locator(".card").count(), 1);
});

test("the other side of a contradiction is quoted with its document and time, and jumped to", async () => {
  const visit = structuredClone(MALE);
  visit.documents[0].sections[1].text = "5天前受凉后出现咳嗽，咳黄痰，对青霉素过敏，右侧腹股沟区肿块。";
  visit.documents[0].sections.push({ name: "既往史", text: "否认药物过敏史。" });
  page = await open(browser, service, '<textarea id="editor"></textarea><textarea id="other"></textarea>', { locale: "zh-CN" });
  await page.goto(`${service.address}/test`);
  await page.evaluate((text) => (document.getElementById("other").value = text), visit.documents[0].sections[1].text);
  // The report is the server's own but for one finding with two sides, so that this test stands whatever the rules say of a visit.
  await page.route("**/v1/check*", async (route) => {
    const sent = route.request().postDataJSON().visit;
    const response = await route.fetch();
    const report = await response.json();
    const side = (document, title, section, text, quote, role) => {
      const start = text.indexOf(quote);
      return { document, title, section, quote, role, start, end: start + quote.length, start_utf16: start, end_utf16: start + quote.length };
    };
    report.findings = [{
      id: "two-sides", rule: "side-conflict", defect: "C-C01", severity: "S1", status: "stable", title: "左右侧不一致", message: "侧别不一致", suggestion: "统一侧别 [请核对侧别]。",
      basis: ["BW2010-22(15)", "local"], found_by: "rule", confidence: 0.98, group: "g", points: 0, veto: false,
      evidence: [side("d2", "日常病程记录", null, sent.documents[1].text, "左侧腹股沟", "this"), side("d1", "入院记录", "现病史", sent.documents[0].sections[1].text, "右侧腹股沟", "against")],
    }];
    await route.fulfill({ response, json: report });
  });
  await page.evaluate(async (visit) => {
    const { attach } = await import("/bingli.js");
    window.events = [];
    const onEvent = (event) => window.events.push(event);
    attach(document.getElementById("other"), { server: "", visit, document: "d1", section: "现病史", onEvent });
    window.handle = attach(document.getElementById("editor"), { server: "", visit, document: "d2", onEvent });
  }, visit);
  await page.locator("#editor").click();
  await page.keyboard.insertText("左侧腹股沟区可及肿块。");
  await settles(page, "found");
  await page.keyboard.press("Alt+F8");
  const said = await popup().innerText();
  assert.match(said, /与之矛盾\s+入院记录 · 现病史\s+2026-03-02 10:00/);
  assert.match(said, /对青霉素过敏，右侧腹股沟区肿块/);
  assert.match(said, /《病历书写基本规范》第二十二条（十五）、本院规定/);
  assert.equal(await popup().locator(".hole").innerText(), "[请核对侧别]");
  await popup().getByRole("button", { name: "查看原文" }).click();
  const jump = await page.evaluate(() => window.events.find(({ type }) => type === "jump"));
  assert.equal(jump.target.document, "d1");
  assert.equal(jump.target.quote, "右侧腹股沟");
  assert.equal(jump.handled, true);
  const selected = await page.locator("#other").evaluate((other) => other.value.slice(other.selectionStart, other.selectionEnd));
  assert.equal(selected, "右侧腹股沟");
});

test("words of a record never become markup", async () => {
  const visit = structuredClone(MALE);
  visit.documents[1].title = "<img src=x onerror='window.hit=1'>";
  await start(EDITABLE, { visit });
  await page.locator("#editor").click();
  await page.keyboard.insertText("<img src=x onerror='window.hit=1'>子宫附件<script>window.hit=1</script>。");
  await settles(page, "found");
  await page.keyboard.press("Alt+F8");
  await popup().waitFor();
  assert.equal(await page.evaluate(() => window.hit), undefined);
  assert.equal(await popup().locator("img, script").count(), 0);
});

test("detaching leaves nothing behind", async () => {
  await start(TEXTAREA);
  await page.locator("#editor").click();
  await page.keyboard.insertText("子宫附件区未触及包块。");
  await settles(page, "found");
  await page.evaluate(() => window.handle.detach());
  assert.equal(await page.locator("[data-bingli]").count(), 0);
  const asked = page.checks.length;
  await type("子宫肌瘤。");
  await page.waitForTimeout(900);
  assert.equal(page.checks.length, asked);
  assert.equal(await page.locator("#editor").inputValue(), "子宫附件区未触及包块。子宫肌瘤。");
});

test("what the service was too far away to hear is sent when it is back; putting off lasts until the page is opened again", async () => {
  await start(TEXTAREA);
  const words = "子宫附件区未触及包块。体温８２℃。";
  await page.locator("#editor").click();
  await page.keyboard.insertText(words);
  await settles(page, "found");
  await page.locator("#editor").press("Control+Home");
  await page.route("**/appeal", (route) => route.abort());
  await page.keyboard.press("Alt+F8");
  await popup().getByRole("button", { name: "申诉" }).click();
  await popup().getByRole("textbox").fill("患者为两性畸形");
  await popup().getByRole("button", { name: "提交" }).click();
  await popup().getByText("已记录申诉。已记在本机，服务恢复后送达。").waitFor();
  assert.deepEqual(await underlined(page), ["体温８２℃"]);
  await page.keyboard.press("Alt+F8");
  await popup().getByRole("button", { name: "稍后" }).click();
  assert.deepEqual(await underlined(page), []);
  await page.unroute("**/appeal");
  const told = page.waitForRequest("**/appeal");
  await page.evaluate(() => window.handle.check());
  assert.deepEqual((await told).postDataJSON(), { note: "患者为两性畸形", rule: "sex-organ" });
  await page.reload();
  await attach(page);
  await page.locator("#editor").click();
  await page.keyboard.insertText(words);
  await settles(page, "found");
  assert.deepEqual(await underlined(page), ["体温８２℃"], "put off is not ignored, appealed is out of sight");
});

test("three findings of a document are in sight over all its editors", async () => {
  page = await open(browser, service, '<textarea id="editor"></textarea><textarea id="other"></textarea>', { locale: "zh-CN" });
  await page.goto(`${service.address}/test`);
  const seen = await page.evaluate(async (visit) => {
    const { attach } = await import("/bingli.js");
    const [editor, other] = ["editor", "other"].map((id) => document.getElementById(id));
    editor.value = "咳嗽、咳痰";
    other.value = "5天前受凉后咳嗽，子宫肌瘤随访，体温８２℃，血压50/120mmHg，脉搏900次/分。";
    const handles = [attach(editor, { server: "", visit, document: "d1", section: "主诉" }), attach(other, { server: "", visit, document: "d1", section: "现病史" })];
    for (const handle of handles) await handle.check();
    return handles.map(({ state }) => [state.findings.length, state.more]);
  }, MALE);
  assert.equal(seen[0][0] + seen[1][0], 3, JSON.stringify(seen));
  assert.ok(seen[0][1] + seen[1][1] > 0, JSON.stringify(seen));
});

test("without the highlight API boxes are drawn under the words", async () => {
  page = await open(browser, service, EDITABLE, { locale: "zh-CN" });
  await page.addInitScript(() => delete CSS.highlights);
  await page.goto(`${service.address}/test`);
  await attach(page);
  await page.locator("#editor").click();
  await page.keyboard.insertText("患者咳嗽减轻。子宫附件区未触及包块。");
  await settles(page, "found");
  const [box, words] = await page.evaluate(() => {
    const line = [...document.querySelectorAll("[data-bingli]")].map((host) => host.shadowRoot.querySelector(".box")).find(Boolean);
    const range = document.createRange();
    range.setStart(document.getElementById("editor").firstChild, 7);
    range.setEnd(document.getElementById("editor").firstChild, 11);
    return [line.getBoundingClientRect(), range.getBoundingClientRect()].map(({ left, width, bottom }) => ({ left, width, bottom }));
  });
  assert.ok(Math.abs(box.left - words.left) < 1 && Math.abs(box.width - words.width) < 1 && Math.abs(box.bottom - words.bottom) < 4, JSON.stringify([box, words]));
});

test("in a modal dialog, in a shadow tree and in a frame", async () => {
  page = await open(browser, service, '<dialog id="dialog"><textarea id="inDialog"></textarea></dialog><div id="shadow"></div><iframe id="frame" width="500" height="200"></iframe>', { locale: "zh-CN" });
  await page.goto(`${service.address}/test`);
  const found = await page.evaluate(async (visit) => {
    const { attach } = await import("/bingli.js");
    const dialog = document.getElementById("dialog");
    dialog.showModal();
    const inDialog = document.getElementById("inDialog");
    inDialog.value = "子宫附件区未触及包块。";
    const root = document.getElementById("shadow").attachShadow({ mode: "open" });
    const inShadow = root.appendChild(document.createElement("div"));
    const inFrame = document.getElementById("frame").contentDocument.body;
    for (const element of [inShadow, inFrame]) {
      element.contentEditable = "true";
      element.textContent = "患者子宫附件区未触及包块。";
    }
    const places = { inDialog, inShadow, inFrame };
    const handles = Object.entries(places).map(([name, element]) => [name, attach(element, { server: "", visit: structuredClone(visit), document: "d2" })]);
    const states = [];
    for (const [name, handle] of handles) states.push([name, (await handle.check()).status]);
    await new Promise(requestAnimationFrame);
    const words = (view) => [...view.CSS.highlights].filter(([key]) => key === "bingli-S1").flatMap(([, highlight]) => [...highlight]).map(String);
    return { states, words: words(window), frame: words(document.getElementById("frame").contentWindow) };
  }, MALE);
  assert.deepEqual(found.states, [["inDialog", "found"], ["inShadow", "found"], ["inFrame", "found"]]);
  assert.deepEqual([found.words, found.frame], [["子宫附件"], ["子宫附件"]]);
  await page.locator("#inDialog").click();
  await page.keyboard.press("Alt+F8");
  await page.locator("dialog .popup").getByRole("button", { name: "采纳" }).click();
  await page.keyboard.insertText("双肺");
  assert.equal(await page.locator("#inDialog").inputValue(), "双肺区未触及包块。");
  await page.evaluate(() => document.getElementById("dialog").close());
  const frame = page.frameLocator("#frame");
  await frame.locator("body").press("Alt+F8");
  await frame.locator(".popup").getByRole("button", { name: "采纳" }).click();
  await page.keyboard.insertText("双肺");
  assert.equal(await frame.locator("body").evaluate((body) => body.innerText.trim()), "患者双肺区未触及包块。");
});

test("in a scrolled pane the lines are where the words are, and nowhere outside the pane", async () => {
  await start('<div id="pane"><textarea id="editor" rows="30" cols="40"></textarea></div>');
  await page.evaluate(() => Object.assign(document.getElementById("pane").style, { height: "150px", overflow: "auto" }));
  await page.locator("#editor").click();
  await page.keyboard.insertText("子宫附件正常。\n".padEnd(200, "咳\n"));
  await settles(page, "found");
  const place = () =>
    page.evaluate(async () => {
      await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
      const host = document.querySelector("#editor + [data-bingli]");
      const mark = host.shadowRoot.querySelector(".mirror mark").getBoundingClientRect();
      const editor = document.getElementById("editor");
      return { mark: mark.top - editor.getBoundingClientRect().top + editor.scrollTop, cut: host.shadowRoot.querySelector(".lines").style.clipPath };
    });
  await page.evaluate(() => document.getElementById("pane").scrollTo(0, 0));
  const above = await place();
  await page.evaluate(() => document.getElementById("pane").scrollTo(0, 90));
  const scrolled = await place();
  assert.ok(Math.abs(above.mark - scrolled.mark) < 1, JSON.stringify([above, scrolled]));
  assert.match(scrolled.cut, /^polygon/);
});

test("a keystroke in a long note costs the widget less than a frame", async () => {
  for (const body of [EDITABLE, TEXTAREA]) {
    await start(body);
    await page.locator("#editor").click();
    await page.keyboard.insertText("子宫附件区未触及包块。");
    await page.evaluate(() => {
      const editor = document.getElementById("editor");
      const paragraph = "患者咳嗽减轻，双肺呼吸音清。".repeat(10);
      if (editor.value === undefined) for (let number = 0; number < 150; number++) editor.append(Object.assign(document.createElement("p"), { textContent: paragraph }));
      else editor.value += `\n${paragraph}`.repeat(150);
    });
    await page.evaluate(() => window.handle.check());
    await settles(page, "found", 20_000);
    const [median, length] = await page.evaluate(async () => {
      const editor = document.getElementById("editor");
      const frame = () => new Promise((next) => requestAnimationFrame(() => next(performance.now())));
      const times = [];
      for (let key = 0; key < 41; key++) {
        if (editor.value === undefined) editor.firstChild.insertData(5, "减");
        else editor.setRangeText("减", 5, 5, "end");
        // The browser's own layout of the editor comes first and does not count.
        editor.scrollHeight;
        const drawing = frame();
        const began = performance.now();
        editor.dispatchEvent(new InputEvent("input", { data: "减", bubbles: true }));
        const handled = performance.now() - began;
        const drawn = frame();
        times.push(handled + (await drawn) - (await drawing));
      }
      return [times.sort((a, b) => a - b)[20], (editor.value ?? editor.textContent).length];
    });
    console.log(`${body.includes("textarea") ? "textarea" : "contenteditable"}, ${length} characters: ${median.toFixed(1)} ms a keystroke`);
    assert.deepEqual(await underlined(page), ["子宫附件"]);
    assert.ok(median < 16, `${median} ms`);
    if (body === EDITABLE) await page.context().close();
  }
});

test("in English", async () => {
  await start(TEXTAREA, { language: "en" });
  await page.locator("#editor").click();
  await page.keyboard.insertText("患者咳嗽减轻。");
  await settles(page, "clean");
  assert.equal(await page.locator(".chip").innerText(), "Checked, nothing found");
});
