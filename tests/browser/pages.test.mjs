// The pages for people, with the sample ward.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before as beforeAll, test } from "node:test";
import { Service, launch, open } from "./support.mjs";

const AXE = await readFile(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

let service;
let browser;
let pages = [];
beforeAll(async () => {
  service = await Service.demo();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await service?.stop();
});
afterEach(async () => {
  const problems = pages.flatMap((page) => page.problems);
  for (const page of pages) await page.context().close();
  pages = [];
  assert.deepEqual(problems, [], "no error on the page");
});

async function go(path, options = {}) {
  const page = await open(browser, service, "", { locale: "zh-CN", viewport: { width: 1440, height: 900 }, ...options });
  pages.push(page);
  await page.goto(service.address + path);
  return page;
}
const get = async (path) => (await fetch(service.address + path)).json();
/** Every item of a list, page by page. */
async function every(path) {
  const items = [];
  for (let after = ""; ; ) {
    const page = await get(after ? `${path}${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(after)}` : path);
    items.push(...page.items);
    if (!page.next) return items;
    after = page.next;
  }
}
const post = (path, body = {}) => fetch(service.address + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const rows = (page) => page.locator("tr[data-visit]");

/** A visit that has a finding, and the finding, so that the test says of itself what it needs. */
async function visitWith(wanted) {
  const taken = new Set((await every("/v1/ledger?limit=1000")).map(({ finding_id: id }) => id));
  for (const { visit_id: visit } of await every("/v1/visits?limit=1000")) {
    const report = await get(`/v1/visits/${encodeURIComponent(visit)}/report`);
    const findings = report.findings.filter(({ status }) => status === "stable");
    const at = findings.findIndex((finding, index) => !taken.has(finding.id) && wanted(finding, index));
    if (at >= 0) return { visit, at, finding: findings[at], findings };
  }
  throw new Error("the sample ward has no such finding");
}

test("the ward shows every visit, the most urgent first, and its filters live in the address", async () => {
  const visits = await every("/v1/visits?limit=1000");
  const page = await go("/");
  await rows(page).first().waitFor();
  assert.equal(await rows(page).count(), visits.length);
  const worst = visits.find(({ discharged_at: discharged, next_duty: next }) => !discharged && next);
  const first = rows(page).first();
  assert.match(await first.locator(".next").innerText(), /已超时 \d+ (天|小时|分钟)/, "in words, not in colour alone");
  assert.ok(await first.locator(".next .over").count());
  const shown = await page.locator(`tr[data-visit="${worst.visit_id}"]`).innerText();
  for (const text of [worst.department, worst.grade, worst.total.toFixed(1), worst.next_duty.task]) assert.ok(shown.includes(text), text);
  await page.locator("select[name=grade]").selectOption("丙");
  assert.equal(await rows(page).count(), visits.filter(({ grade }) => grade === "丙").length);
  assert.match(decodeURIComponent(page.url()), /\?grade=丙$/);
  await page.reload();
  await rows(page).first().waitFor();
  assert.equal(await rows(page).count(), visits.filter(({ grade }) => grade === "丙").length);
  await page.keyboard.press("/");
  await page.keyboard.type("没有这样的病历");
  await page.getByText("没有符合条件的病历").waitFor();
  await page.goto(`${service.address}/?defect=T42`);
  await rows(page).first().waitFor();
  const having = new Set((await every("/v1/findings?defect=T42&state=open&limit=1000")).map(({ visit_id: visit }) => visit));
  assert.deepEqual(new Set(await rows(page).evaluateAll((all) => all.map((row) => row.dataset.visit))), having);
});

test("a finding and a changed score reach an open ward by themselves", async () => {
  const page = await go("/");
  await page.getByText("实时更新").waitFor();
  const visit = JSON.parse(await readFile(new URL("../visits/defect.json", import.meta.url), "utf8"));
  const answer = await fetch(`${service.address}/v1/visits/${visit.visit_id}`, { method: "PUT", body: JSON.stringify(visit) });
  assert.equal(answer.status, 201);
  await page.locator(".news").getByText(visit.visit_id).waitFor();
  await page.locator(`tr[data-visit="${visit.visit_id}"]`).waitFor();
});

test("five hundred visits are one request", async (context) => {
  const page = await go("/");
  await rows(page).first().waitFor();
  const [one] = await every("/v1/visits?limit=1");
  const items = Array.from({ length: 500 }, (_, at) => ({ ...one, visit_id: `MANY-${at}` }));
  let asked = 0;
  await page.route("**/v1/visits?*", (route) => {
    asked += 1;
    return route.fulfill({ json: { items, next: null } });
  });
  await page.reload();
  await rows(page).nth(499).waitFor({ state: "attached" });
  assert.equal(asked, 1);
  const painted = await page.evaluate(() => ({ first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime, rows: performance.getEntriesByName("ward-rows")[0]?.startTime }));
  const spent = await page.evaluate(async () => {
    const began = performance.now();
    document.querySelector("bingli-ward").draw();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
  });
  // Told, not asserted: it is this machine's, and of this moment.
  context.diagnostic(`first paint after ${painted.first?.toFixed(0)} ms, 500 rows after ${painted.rows.toFixed(0)} ms, drawn anew in ${spent.toFixed(0)} ms`);
});

test("the desk by keyboard alone: choose, accept, undo, dismiss with a reason, give notice", async () => {
  // The second finding is not in the ledger yet, so that a notice on it is news.
  const { visit, findings } = await visitWith((finding, at) => at === 1);
  const page = await go(`/visits/${encodeURIComponent(visit)}`);
  await page.locator(".card").first().waitFor();
  assert.equal(await page.locator(".card").count(), findings.length);
  const chosen = page.locator(".card.selected");
  await page.keyboard.press("j");
  assert.equal(await chosen.getAttribute("data-finding"), findings[0].id);
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  assert.equal(await chosen.getAttribute("data-finding"), findings[0].id);
  await page.keyboard.press("a");
  await chosen.getByText("已采纳").waitFor();
  await page.keyboard.press("u");
  await chosen.getByText("已采纳").waitFor({ state: "detached" });
  await page.keyboard.press("d");
  await page.keyboard.press("3");
  await chosen.getByText("已忽略：临床允许").waitFor();
  const decisions = await every(`/v1/visits/${encodeURIComponent(visit)}/decisions`);
  assert.deepEqual(decisions.map(({ finding, verdict, reason }) => [finding, verdict, reason]), [[findings[0].id, "dismissed", "临床允许"]]);
  await page.keyboard.press("d");
  await page.keyboard.press("7");
  await page.keyboard.press("Enter");
  await chosen.getByText("请写明理由").waitFor();
  await page.keyboard.type("患者拒绝");
  await page.keyboard.press("Enter");
  await chosen.getByText("已忽略：其他").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("n");
  await page.locator("dialog textarea").fill("请于今日内完成");
  await page.keyboard.press("Control+Enter");
  await chosen.getByText(/台账 \d{4}-\d{6}/).waitFor();
  const entry = (await every(`/v1/ledger?visit=${encodeURIComponent(visit)}`)).find(({ finding_id: id }) => id === findings[1].id);
  assert.equal(entry.demand, "请于今日内完成");
  await page.keyboard.press("?");
  await page.locator("dialog").getByText("选中文字后 m").waitFor();
  await page.keyboard.press("Escape");
  assert.match(await page.locator(".state").innerText(), /用时 00:\d\d/);
});

test("both sides of a contradiction are marked in the text when it is chosen", async () => {
  const sides = (finding, role) => finding.evidence.filter((quotation) => quotation.role === role);
  const { visit, at, finding } = await visitWith((candidate) => sides(candidate, "this").length && sides(candidate, "against").length);
  const page = await go(`/visits/${encodeURIComponent(visit)}`);
  await page.locator(".card").first().waitFor();
  for (let step = 0; step <= at; step++) await page.keyboard.press("j");
  for (const role of ["this", "against"]) {
    const marks = await page.locator(`mark.active.${role}`).allInnerTexts();
    for (const { quote } of sides(finding, role)) assert.ok(marks.join("").includes(quote), `${role} ${quote} in ${marks}`);
  }
  assert.ok(await page.locator("mark.active.this").first().evaluate((mark) => mark.getBoundingClientRect().top < innerHeight), "and stand in sight");
  await page.locator(".quote.against").first().click();
  const inSight = (mark) => mark.getBoundingClientRect().top > 0 && mark.getBoundingClientRect().bottom < innerHeight;
  assert.ok(await page.locator("mark.active.against").first().evaluate(inSight));
  const whole = await get(`/v1/visits/${encodeURIComponent(visit)}`);
  const texts = whole.documents.flatMap((document) => document.sections?.map(({ text }) => text) ?? [document.text]);
  const written = await page.locator(".text [data-section]").evaluateAll((all) => all.map((paragraph) => paragraph.textContent));
  assert.deepEqual(written.sort(), texts.sort(), "marks lose no word of the record");
});

test("selected words and m become a finding of one's own", async () => {
  const [{ visit_id: visit }] = await every("/v1/visits?limit=1");
  const page = await go(`/visits/${encodeURIComponent(visit)}`);
  await page.locator(".text article p").first().waitFor();
  await page.keyboard.press("m");
  await page.getByText("请先在一份文书内选中文字").waitFor();
  const quote = await page.evaluate(() => {
    const node = document.createTreeWalker(document.querySelector(".text article p"), NodeFilter.SHOW_TEXT).nextNode();
    getSelection().setBaseAndExtent(node, 0, node, Math.min(6, node.length));
    return getSelection().toString().trim();
  });
  await page.keyboard.press("m");
  await page.keyboard.press("Control+Enter");
  await page.locator("dialog").getByText("请填写缺陷名称").waitFor();
  await page.keyboard.type("一般情况填写不准确");
  await page.keyboard.press("Control+Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  const entry = (await every(`/v1/ledger?visit=${encodeURIComponent(visit)}`)).find(({ title }) => title === "一般情况填写不准确");
  assert.equal(entry.finding.quote, quote);
});

test("the record and the report are there without any script", async () => {
  const [{ visit_id: visit }] = await every("/v1/visits?limit=1");
  const page = await go(`/visits/${encodeURIComponent(visit)}`, { javaScriptEnabled: false });
  await page.getByRole("link", { name: "打开纯文本报告" }).click();
  await page.getByRole("heading", { name: `病历质控报告 · 住院号 ${visit}` }).waitFor();
});

test("what is done in one browser shows in the other, and a refusal says why", async () => {
  const [mine, other] = [await go("/ledger"), await go("/ledger")];
  const open = (page) => page.locator("tr[data-entry]").filter({ hasText: "已通知" }).first();
  await open(mine).waitFor();
  const entry = await open(mine).getAttribute("data-entry");
  const line = (page) => page.locator(`tr[data-entry="${entry}"]`);
  await line(other).waitFor();
  await line(mine).getByRole("button").click();
  await line(other).getByRole("button").click();
  await mine.locator('[data-action="appeal"]').click();
  await mine.locator(".drawer").getByText("请填写说明").waitFor();
  await other.locator(".drawer textarea").fill("我还在写");
  await mine.locator('[data-action="acknowledge"]').click();
  await line(mine).getByText("已确认").waitFor();
  await line(other).getByText("已确认").waitFor();
  await other.locator(".drawer .history").getByText("签收").waitFor();
  assert.equal(await other.locator(".drawer textarea").inputValue(), "我还在写", "a note outlives what others do");
  await other.locator('[data-action="fix"]').click();
  await line(mine).getByText("已说明整改").waitFor();
  await mine.locator(".drawer .history").getByText("我还在写").waitFor();
  await mine.locator('[data-action="verify"]').click();
  await mine.locator(".drawer .acts").getByText(/最新病历中该缺陷仍然存在|书写者不能复核/).waitFor();
  await mine.keyboard.press("Escape");
  assert.equal(await mine.locator(".drawer").isVisible(), false);
});

test("the ledger filters, and exports what is filtered", async () => {
  const page = await go("/ledger?severity=S1");
  await page.locator("tr[data-entry]").first().waitFor();
  const all = await every("/v1/ledger?limit=1000");
  assert.equal(await page.locator("tr[data-entry]").count(), all.filter(({ severity }) => severity === "S1").length);
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "导出 CSV" }).click();
  const text = await readFile(await (await downloading).path(), "utf8");
  assert.equal(text.trim().split("\n").filter((line) => /^\d{4}-\d{6}/.test(line)).length, all.filter(({ severity }) => severity === "S1").length);
});

test("a filter is kept under a name, chosen again, and forgotten", async () => {
  const page = await go("/ledger?severity=S1");
  await page.locator("tr[data-entry]").first().waitFor();
  const menu = page.locator(".saved");
  await menu.locator("summary").click();
  await menu.getByRole("button", { name: "保存当前筛选" }).click();
  await page.keyboard.type("严重的");
  await page.keyboard.press("Enter");
  await page.getByText("已保存「严重的」").waitFor();
  await page.goto(`${service.address}/ledger`);
  await page.locator("tr[data-entry]").first().waitFor();
  await menu.locator("summary").click();
  // Nothing is filtered, so there is nothing to keep.
  await menu.locator("button:disabled", { hasText: "保存当前筛选" }).waitFor();
  await menu.getByRole("link", { name: "严重的" }).click();
  await page.waitForURL(/\?severity=S1$/);
  await page.locator("tr[data-entry]").first().waitFor();
  assert.equal(await page.locator("select[name=severity]").inputValue(), "S1");
  await menu.locator("summary").click();
  await menu.getByRole("button", { name: "删除「严重的」" }).click();
  await menu.getByRole("link", { name: "严重的" }).waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await page.locator("h1").click();
  assert.equal(await menu.evaluate((element) => element.open), false);
  assert.deepEqual(await get("/v1/filters/ledger"), { items: [] });
});

test("figures agree with the lists behind them", async () => {
  const page = await go("/figures");
  await page.locator("svg").first().waitFor();
  const visits = await every("/v1/visits?limit=1000");
  const [grades, timeliness, defects] = [0, 1, 2].map((at) => page.locator("figure").nth(at));
  await grades.locator("summary").click();
  const totals = await grades.locator("tbody tr td:last-child").allInnerTexts();
  assert.equal(totals.map(Number).reduce((a, b) => a + b), visits.length);
  const { timeliness: tasks, defects: counted } = await get("/v1/figures");
  const findings = await every("/v1/findings?state=open&limit=1000");
  const { defect } = counted[0];
  const dismissed = new Set();
  for (const { visit_id: visit } of visits) for (const { finding, verdict } of await every(`/v1/visits/${encodeURIComponent(visit)}/decisions`)) if (verdict === "dismissed") dismissed.add(finding);
  assert.equal(counted[0].findings, findings.filter(({ finding }) => finding.defect === defect && finding.status === "stable" && !dismissed.has(finding.id)).length);
  const duties = await every("/v1/duties?limit=1000");
  const { task } = tasks.find(({ late, overdue }) => late + overdue > 0);
  const row = tasks.find((candidate) => candidate.task === task);
  const states = duties.filter((duty) => duty.task === task).map(({ state }) => state);
  for (const [name, state] of [["in_time", "in_time"], ["late", "late"], ["overdue", "overdue"], ["waiting", "open"]]) assert.equal(row[name], states.filter((one) => one === state).length, name);
  assert.ok((await timeliness.locator("svg").textContent()).includes("%"));
  const { whole } = await get("/v1/critical-values/figures");
  const critical = page.locator("figure", { hasText: "危急值：" });
  await critical.locator("summary").click();
  const counts = await critical.locator("table").first().locator("tbody tr td:nth-child(3)").allInnerTexts();
  assert.ok(whole.count > 0);
  assert.equal(counts.map(Number).reduce((a, b) => a + b), whole.count);
  await defects.locator("svg a").first().click();
  await rows(page).first().waitFor();
  assert.match(page.url(), new RegExp(`defect=${defect}`));
});

test("a rule is searched, read with its cases, and tried on a text with its words marked", async () => {
  const all = await every("/v1/rules?limit=1000");
  const page = await go("/rules");
  const lines = page.locator("tr[data-rule]");
  await lines.first().waitFor();
  assert.equal(await lines.count(), all.length);
  await page.locator("select[name=kind]").selectOption("pattern");
  await page.locator("input[name=text]").fill("主诉 持续时间");
  await page.locator('tr[data-rule="cc-duration"]').waitFor();
  await page.waitForFunction((most) => document.querySelectorAll("tr[data-rule]").length < most, 20);
  await page.locator('tr[data-rule="cc-duration"] button').click();
  const reader = page.locator(".reader");
  await reader.getByRole("heading", { name: "主诉缺持续时间" }).waitFor();
  const rule = await get("/v1/rules/cc-duration");
  assert.equal(await reader.locator(".case").count(), rule.case.length);
  assert.ok((await reader.innerText()).includes("《病历书写基本规范》第十八条"), "the basis in words");
  assert.match(decodeURIComponent(page.url()), /text=主诉.*rule=cc-duration/);
  await reader.locator("textarea").fill("入院记录😀\n\n入院记录\n主诉：咳嗽、咳痰\n现病史：5天前受凉后咳嗽。");
  await page.keyboard.press("Control+Enter");
  await reader.getByText("命中 1 处").waitFor();
  assert.deepEqual(await reader.locator(".tried mark").allInnerTexts(), ["咳嗽、咳痰"]);
  await reader.locator("textarea").fill("入院记录\n主诉：咳嗽、咳痰5天");
  await reader.getByRole("button", { name: "判断" }).click();
  await reader.getByText("未命中").waitFor();
  assert.equal(await reader.locator(".tried").count(), 0);
  await page.reload();
  await page.locator(".reader .case").first().waitFor();
});

test("the lists of rules and of the ledger are walked by j and k, and / goes to the search box", async () => {
  for (const path of ["/rules", "/ledger"]) {
    const page = await go(path);
    const links = page.locator("button.link");
    await links.nth(1).waitFor();
    const focused = () => page.evaluate(() => [...document.querySelectorAll("button.link")].indexOf(document.activeElement));
    const seen = [];
    for (const key of ["j", "j", "k", "k"]) {
      await page.keyboard.press(key);
      seen.push(await focused());
    }
    assert.deepEqual(seen, [0, 1, 0, 0], path);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "INPUT", path);
    await page.keyboard.press("j");
    assert.equal(await focused(), -1, `${path}: typed, not walked`);
  }
});

test("cases of rules that are plain text judge as the rules' own tests do", async () => {
  const page = await go("/rules?rule=cc-duration");
  await page.locator(".case").first().waitFor();
  const { tried, wrong } = await page.evaluate(async () => {
    const { asText } = await import("/pages/cases.js");
    const wrong = [];
    let tried = 0;
    const { items } = await (await fetch("/v1/rules?limit=1000&defect=C-E")).json();
    for (const { id, kind, status } of items) {
      if (["judge", "suspect"].includes(kind) || status === "off") continue;
      const rule = await (await fetch(`/v1/rules/${id}`)).json();
      for (const example of rule.case) {
        const text = asText(example);
        if (!text) continue;
        const answer = await (await fetch(`/v1/rules/${id}/try`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text }) })).json();
        tried += 1;
        const said = answer.findings.length ? "hit" : answer.outcome === "skipped" ? "skip" : "pass";
        if (said !== example.expect) wrong.push([id, example.expect, said, text]);
      }
    }
    return { tried, wrong };
  });
  assert.deepEqual(wrong, []);
  assert.ok(tried > 40, `${tried} cases`);
});

test("an administrator makes and disables accounts, makes a token once, adds a webhook, and finds it all in the trail", async () => {
  const page = await go("/admin");
  const line = (name) => page.locator(`tr[data-name="${name}"]`);
  const dialog = page.locator("dialog");
  await page.getByRole("button", { name: "新建账号" }).click();
  await dialog.getByLabel("名称").fill("zhou");
  await dialog.getByLabel("密码").fill("short");
  await page.keyboard.press("Enter");
  await dialog.getByText("密码应为 8 个以上字符").waitFor();
  assert.equal(await dialog.getByLabel("名称").inputValue(), "zhou", "what was typed stays");
  await dialog.getByLabel("密码").fill("respiratory medicine");
  await dialog.getByLabel("科室").fill("呼吸内科");
  await page.keyboard.press("Enter");
  await line("zhou").getByText("医师").waitFor();
  await page.getByRole("button", { name: "更改 zhou" }).click();
  await dialog.getByLabel("角色").selectOption("department_qc");
  await dialog.getByRole("button", { name: "保存" }).click();
  await line("zhou").getByText("科室质控医师").waitFor();
  await page.getByRole("button", { name: "停用 zhou" }).click();
  await dialog.getByRole("button", { name: "停用" }).click();
  await line("zhou").getByText("已停用").waitFor();
  assert.equal(await line("zhou").getByRole("button").count(), 0);

  await page.getByRole("tab", { name: "令牌" }).click();
  await page.getByRole("button", { name: "新建令牌" }).click();
  await dialog.getByLabel("名称").fill("lis");
  await page.keyboard.press("Enter");
  assert.match(await dialog.locator(".secret").innerText(), /^bingli_[0-9a-f]{64}$/);
  await dialog.getByRole("button", { name: "已保存，关闭" }).click();
  await line("lis").getByText("电子病历系统").waitFor();
  await page.locator(".secret").waitFor({ state: "detached" });
  assert.ok(!(await page.content()).includes("bingli_"), "shown once");
  await page.getByRole("button", { name: "吊销 lis" }).click();
  await dialog.getByRole("button", { name: "吊销" }).click();
  await line("lis").getByText("已吊销").waitFor();

  await page.getByRole("tab", { name: "推送" }).click();
  await page.getByRole("button", { name: "新增推送" }).click();
  await dialog.getByLabel("名称").fill("robot");
  await dialog.getByLabel("地址").fill("https://robot.example/send?key=hidden");
  await dialog.getByLabel("格式").selectOption("wecom");
  await dialog.getByLabel("新缺陷").check();
  await dialog.getByRole("button", { name: "新建" }).click();
  await line("robot").getByText("新缺陷").waitFor();
  assert.ok(!(await page.content()).includes("hidden"), "a robot's key is not shown");
  await page.getByRole("button", { name: "删除 robot" }).click();
  await dialog.getByRole("button", { name: "删除" }).click();
  await line("robot").waitFor({ state: "detached" });

  await page.getByRole("tab", { name: "审计记录" }).click();
  await page.getByText(/审计记录 \d+ 条，链条完整/).waitFor();
  await page.locator("input[name=action]").fill("account");
  await page.waitForFunction(() => [...document.querySelectorAll(".trail tbody tr")].every((row) => row.textContent.includes("account.")));
  const deeds = await page.locator(".trail tbody code").allInnerTexts();
  assert.deepEqual(deeds.slice(0, 3), ["account.disable", "account.change", "account.create"]);
  assert.match(page.url(), /tab=audit&action=account$/);
  const [{ visit_id: visit }] = await every("/v1/visits?limit=1");
  for (let time = 0; time < 110; time++) await get(`/v1/visits/${encodeURIComponent(visit)}`);
  await page.goto(`${service.address}/admin?tab=audit&visit=${encodeURIComponent(visit)}`);
  const trail = page.locator(".trail tbody tr");
  await trail.nth(99).waitFor();
  assert.equal(await trail.count(), 100);
  await page.getByRole("button", { name: "更早的记录" }).click();
  await trail.nth(105).waitFor();
  const numbers = (await trail.locator("td:first-child").allInnerTexts()).map(Number);
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => b - a), "each line once, the newest first");
});

test("what changed between two versions is shown document by document, and its parts make both texts", async () => {
  const visit = JSON.parse(await readFile(new URL("../visits/defect.json", import.meta.url), "utf8"));
  visit.visit_id = "VERSIONS-1";
  const put = () => fetch(`${service.address}/v1/visits/VERSIONS-1`, { method: "PUT", body: JSON.stringify(visit) });
  assert.equal((await put()).status, 201);
  const changed = visit.documents.find(({ text }) => text?.includes("咳嗽减轻"));
  const before = changed.text;
  changed.text = before.replace("咳嗽减轻", "咳嗽明显减轻");
  visit.documents.push({ id: "new", kind: "daily_course", title: "日常病程记录", event_at: "2026-03-11T09:00:00+08:00", text: "患者今日出院。" });
  assert.equal((await put()).status, 200);
  const page = await go("/visits/VERSIONS-1");
  await page.getByRole("button", { name: "版本对照" }).click();
  const dialog = page.locator("dialog.versions");
  const article = dialog.locator(`article[data-document="${changed.id}"]`);
  await article.getByText("修改").waitFor();
  assert.deepEqual(await article.locator("ins").allInnerTexts(), ["明显"]);
  assert.equal(await article.locator("del").count(), 0);
  await dialog.locator('article[data-document="new"]').getByText("新增").waitFor();
  assert.equal(await dialog.locator("article").count(), 2);
  await dialog.getByText(`另有 ${visit.documents.length - 2} 份文书没有改动`).waitFor();
  await dialog.getByLabel("新版本").selectOption("1");
  await dialog.getByText("两个版本的文书没有差别").waitFor();
  await dialog.getByLabel("旧版本").selectOption("2");
  assert.deepEqual(await article.locator("del").allInnerTexts(), ["明显"], "the other way round");
});

test("the page to try words in checks while one writes, and keeps nothing", async () => {
  const visit = JSON.parse(await readFile(new URL("../visits/clean.json", import.meta.url), "utf8"));
  visit.visit_id = "SCRATCH-1";
  assert.equal((await fetch(`${service.address}/v1/visits/SCRATCH-1`, { method: "PUT", body: JSON.stringify(visit) })).status, 201);
  const before = await get("/v1/visits/SCRATCH-1");
  const page = await go("/?text=SCRATCH-1");
  await page.getByRole("link", { name: "试写 SCRATCH-1" }).click();
  await page.getByText("不保存到任何地方").waitFor();
  const complaint = page.getByLabel("主诉", { exact: true });
  await complaint.fill("咳嗽、咳痰");
  await page.waitForFunction(() => [...document.querySelectorAll("[data-bingli]")].some((host) => [...host.shadowRoot.querySelectorAll(".mirror mark")].some((mark) => mark.textContent === "咳嗽、咳痰")));
  await page.getByRole("button", { name: "恢复原文" }).click();
  assert.equal(await page.getByLabel("主诉", { exact: true }).inputValue(), visit.documents[0].sections.find(({ name }) => name === "主诉").text);
  assert.deepEqual(await get("/v1/visits/SCRATCH-1"), before);
  assert.equal((await every("/v1/visits/SCRATCH-1/versions")).length, 1);
});

test("pages with words of records carry the reader's name, in nobody's way", async () => {
  const [{ visit_id: visit }] = await every("/v1/visits?limit=1");
  const page = await go(`/visits/${encodeURIComponent(visit)}`);
  await page.locator(".text article p").first().waitFor();
  const mark = page.locator(".watermark");
  const { picture, through, print } = await mark.evaluate((cover) => ({ picture: decodeURIComponent(getComputedStyle(cover).backgroundImage), through: getComputedStyle(cover).pointerEvents, print: getComputedStyle(cover).printColorAdjust }));
  assert.match(picture, /本机用户 2026-06-12 \d\d:\d\d/);
  assert.deepEqual([through, print], ["none", "exact"]);
  await page.goto(`${service.address}/figures`);
  await page.locator("svg").first().waitFor();
  assert.equal(await mark.count(), 0);
});

test("whoever is logged in logs out by the bar", async () => {
  const service = await Service.start("--tokens", "--tick", "0");
  try {
    await service.account("zhang", "physician", "respiratory-2026");
    const page = await open(browser, service, "", { locale: "zh-CN" });
    pages.push(page);
    await page.goto(service.address);
    await page.getByLabel("用户名").fill("zhang");
    await page.getByLabel("密码").fill("respiratory-2026");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "工作台" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "管理" }).count(), 0, "not for a physician");
    await page.getByRole("button", { name: "退出" }).click();
    await page.getByLabel("用户名").waitFor();
    await page.goto(service.address);
    await page.getByLabel("用户名").waitFor();
  } finally {
    await service.stop();
  }
});

test("language and theme are switched and kept", async () => {
  const page = await go("/");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Ward" }).waitFor();
  await page.goto(`${service.address}/ledger`);
  await page.getByRole("heading", { name: "Ledger" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Dark" }).click();
  assert.notEqual(await ground(), light);
  await page.reload();
  assert.notEqual(await ground(), light);
});

test("no serious violation of accessibility, light and wide, dark and narrow, and nothing wider than the screen", async () => {
  const [{ visit_id: visit }] = (await every("/v1/visits?limit=1000")).sort((a, b) => b.open - a.open);
  const found = [];
  const desk = `/visits/${encodeURIComponent(visit)}`;
  const { id: sample } = await (await post("/v1/samples", { plan: { query: { running: true }, must: ["death"], strata: ["department"] } })).json();
  const { id: batch } = await (await post("/v1/batches?against_sheet=reject-90-75")).json();
  const [{ visit_id: onList }] = await every("/v1/key-cases");
  // Where, what shows that it is there, and what is opened first.
  const pages = [
    ["/", "tr[data-visit]"],
    [desk, ".card", (page) => page.keyboard.press("j")],
    [desk, ".card", async (page) => {
      await page.getByRole("button", { name: "版本对照" }).click();
      await page.locator("dialog.versions .changes").waitFor();
    }],
    [`${desk}/edit`, ".sheet textarea"],
    ["/ledger", "tr[data-entry]", (page) => page.locator("tr[data-entry] button").first().click()],
    ["/figures", "svg"],
    ["/figures?month=2026-05", ".a4 table"],
    ["/office", "h2", (page) => page.getByRole("button", { name: "抽取样本" }).click()],
    [`/office?tab=samples&id=${sample}`, "tr[data-name]", (page) => page.locator("summary").click()],
    [`/office?tab=batches&id=${batch}`, ".moves, .pair"],
    ["/office?tab=batches", "tr[data-name]"],
    ["/office?tab=releases", "table", (page) => page.getByRole("button", { name: "提请发布" }).click()],
    ["/office?tab=cases", "tr[data-name]"],
    [`/office?tab=cases&id=${encodeURIComponent(onList)}`, ".report"],
    ["/rules?rule=cc-duration", ".case"],
    ["/rules?rule=cc-duration", ".case", async (page) => {
      await page.getByRole("button", { name: "试算" }).click();
      await page.locator("dialog").getByRole("button", { name: "试算" }).click();
      await page.getByText("份命中").waitFor();
      await page.getByRole("button", { name: "调整状态" }).click();
    }],
    ["/rules", "tr[data-rule]"],
    ["/admin", "tbody tr"],
    ["/admin?tab=settings", "tbody tr", async (page) => {
      await page.getByRole("button", { name: "查看 calendar.toml" }).click();
      await page.locator(".setting textarea").waitFor();
    }],
    ["/admin?tab=audit", ".trail tbody tr", (page) => page.locator(".chain.good").waitFor()],
    ["/admin?tab=webhooks", "tbody tr", (page) => page.getByRole("button", { name: "新增推送" }).click()],
  ];
  // Colours depend on the theme and the order of things on the width: both of each, but not each with each, which takes twice as long.
  for (const [colorScheme, viewport] of [["light", { width: 1440, height: 900 }], ["dark", { width: 390, height: 844 }]]) {
    for (const [path, ready, deed] of pages) {
      const page = await go(path, { colorScheme, viewport, bypassCSP: true });
      await page.locator(ready).first().waitFor();
      await deed?.(page);
      await page.waitForTimeout(200);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${path} is ${wide} px too wide at ${viewport.width}`);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      for (const { id, impact, nodes } of violations) if (["serious", "critical"].includes(impact)) found.push(`${path} ${colorScheme} ${viewport.width} ${id}: ${nodes[0].html.slice(0, 160)} ${nodes[0].failureSummary?.slice(0, 160)}`);
    }
  }
  assert.deepEqual(found, []);
});
