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
const every = async (path) => (await get(path)).items;
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

test("five hundred visits are one request and paint fast", async () => {
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
  const spent = await page.evaluate(async () => {
    const began = performance.now();
    document.querySelector("bingli-ward").draw();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
  });
  assert.ok(spent < 500, `${spent} ms`);
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
  await defects.locator("svg a").first().click();
  await rows(page).first().waitFor();
  assert.match(page.url(), new RegExp(`defect=${defect}`));
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

test("no serious violation of accessibility, in light and dark, wide and narrow, and nothing wider than the screen", async () => {
  const [{ visit_id: visit }] = (await every("/v1/visits?limit=1000")).sort((a, b) => b.open - a.open);
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
      for (const [path, ready, deed] of [["/", "tr[data-visit]"], [`/visits/${encodeURIComponent(visit)}`, ".card", (page) => page.keyboard.press("j")], ["/ledger", "tr[data-entry]", (page) => page.locator("tr[data-entry] button").first().click()], ["/figures", "svg"]]) {
        const page = await go(path, { colorScheme, viewport, bypassCSP: true });
        await page.locator(ready).first().waitFor();
        await deed?.(page);
        await page.waitForTimeout(200);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${path} is ${wide} px too wide at ${viewport.width}`);
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => window.axe.run(document));
        for (const { id, impact, nodes } of violations) if (["serious", "critical"].includes(impact)) found.push(`${path} ${colorScheme} ${viewport.width} ${id}: ${nodes[0].html.slice(0, 160)} ${nodes[0].failureSummary?.slice(0, 160)}`);
      }
    }
  }
  assert.deepEqual(found, []);
});
