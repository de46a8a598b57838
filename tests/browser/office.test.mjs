// The page of the QC office, the reviewer's task at the desk, and the monthly report.

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, afterEach, before as beforeAll, test } from "node:test";
import { Service, launch, open } from "./support.mjs";

const PASSWORD = "records-of-2026";
const PEOPLE = { root: "administrator", sun: "reviewer", wang: "reviewer", zhao: "expert", li: "physician" };
const rules = await mkdtemp(join(tmpdir(), "bingli-rules-"));
const defect = await readFile(new URL("../visits/defect.json", import.meta.url), "utf8");
const clean = await readFile(new URL("../visits/clean.json", import.meta.url), "utf8");

let ward;
let house;
let browser;
let pages = [];
beforeAll(async () => {
  await cp(fileURLToPath(new URL("../../rules", import.meta.url)), rules, { recursive: true });
  [ward, house] = await Promise.all([Service.demo(), Service.start("--tokens", "--tick", "0", "--no-model", "--two-people", "--rules", rules)]);
  for (const [name, role] of Object.entries(PEOPLE)) await house.account(name, role, PASSWORD);
  browser = await launch();
  const root = await enter("root", "/admin");
  for (const visit of [defect, clean]) await api(root, "PUT", `/v1/visits/${JSON.parse(visit).visit_id}`, JSON.parse(visit));
  await closeAll();
});
after(async () => {
  await browser?.close();
  await Promise.all([ward?.stop(), house?.stop()]);
  await rm(rules, { recursive: true, force: true });
});
afterEach(async () => assert.deepEqual(await closeAll(), [], "no error on the page"));

async function closeAll() {
  const problems = pages.flatMap((page) => page.problems);
  for (const page of pages) await page.context().close();
  pages = [];
  return problems;
}

async function go(path, options = {}, service = ward) {
  const page = await open(browser, service, "", { locale: "zh-CN", viewport: { width: 1440, height: 900 }, ...options });
  pages.push(page);
  await page.goto(service.address + path);
  return page;
}

/** A page of somebody who logs in for it. */
async function enter(name, path) {
  const page = await go(path, {}, house);
  await page.getByLabel("用户名").fill(name);
  await page.getByLabel("密码").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator("#main").waitFor();
  return page;
}

/** A call as the page itself makes it: with its session. */
const api = (page, method, path, body) => page.evaluate(async ([method, path, body]) => (await import("/pages/api.js")).call(method, path, body), [method, path, body]);
const get = async (path) => (await fetch(ward.address + path)).json();
const post = async (path, body = {}) => (await fetch(ward.address + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).json();
const line = (page, name) => page.locator(`tr[data-name="${name}"]`);
const fact = (page, name) => page.locator("dt", { hasText: new RegExp(`^${name}$`) }).locator("+ dd");

async function fileOf(rule, folder = rules) {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) if (entry.name === `${rule}.toml`) return join(entry.parentPath ?? entry.path, entry.name);
  throw new Error(`no rule ${rule}`);
}

test("a sample is drawn, given out to two, reviewed by keyboard and added up", async () => {
  const sun = await enter("sun", "/office");
  const dialog = sun.locator("dialog");
  await sun.getByText("没有分派给您的评审任务").waitFor();
  await sun.getByRole("button", { name: "抽取样本" }).click();
  await dialog.getByRole("button", { name: "抽取样本" }).click();
  await dialog.getByText("请至少指定").waitFor();
  await dialog.getByLabel("含在院病历").check();
  await dialog.getByLabel("科室", { exact: true }).last().check();
  await dialog.getByLabel("随机 数量", { exact: true }).fill("2");
  await dialog.getByRole("button", { name: "抽取样本" }).click();
  await sun.getByRole("heading", { name: /样本号 \d{4}-S0001/ }).waitFor();
  const id = (await sun.locator("h2", { hasText: "样本号" }).innerText()).split(" ")[1];
  await sun.getByText("总体 2 份，抽取 2 份").waitFor();
  assert.equal(await fact(sun, "分层").innerText(), "科室");
  assert.equal(await line(sun, "CLI-2").getByText("未分派").count(), 1);

  await sun.getByRole("button", { name: "分派评审" }).click();
  await dialog.getByLabel("评审人").fill("sun、li");
  await dialog.getByLabel("双人评审比例（%）").fill("100");
  await sun.keyboard.press("Enter");
  await dialog.getByText("li 不是可评审的账号").waitFor();
  await dialog.getByLabel("评审人").fill("sun、wang");
  await sun.keyboard.press("Enter");
  await line(sun, "CLI-2").getByText("复评").waitFor();
  assert.match(await line(sun, "CLI-2").innerText(), /(sun|wang) 待评/);

  const tasks = (await api(sun, "GET", "/v1/reviews")).items;
  assert.equal(tasks.length, 2);
  const task = tasks.find(({ visit_id: visit }) => visit === "CLI-2");
  await sun.getByRole("button", { name: "返回列表" }).click();
  await sun.getByRole("link", { name: `评审 ${task.id}` }).click();
  await sun.locator(".card").first().waitFor();
  const { findings } = await api(sun, "GET", `/v1/reviews/${task.id}`);
  assert.equal(await sun.locator(".card").count(), findings.length);
  for (let at = 0; at < findings.length; at++) {
    await sun.keyboard.press("j");
    await sun.keyboard.press(at === 0 ? "d" : "a");
    if (at === 0) await sun.keyboard.press("1");
    await sun.getByText(`已处理 ${at + 1} / ${findings.length}`).waitFor();
  }
  await sun.locator(".card.dismissed").getByText("不采纳：事实不符").waitFor();
  assert.equal(await sun.getByRole("button", { name: "下达整改通知" }).count(), 0, "a reviewer judges, and issues no notice");
  await sun.keyboard.press("m");
  await dialog.getByLabel("缺陷编码").fill("nothing");
  await sun.keyboard.press("Enter");
  await dialog.getByText("没有缺陷编码 NOTHING").waitFor();
  await dialog.getByLabel("缺陷编码").fill("c-h01");
  await sun.keyboard.press("Enter");
  await sun.locator(".added").getByText("C-H01").waitFor();
  await sun.keyboard.press("s");
  await sun.keyboard.press("Enter");
  await sun.getByText("请对每条缺陷作出判断").waitFor();
  await sun.keyboard.press("s");
  await sun.keyboard.type("88");
  await sun.keyboard.press("Tab");
  await sun.keyboard.press("ArrowDown");
  await sun.keyboard.press("ArrowDown");
  await sun.keyboard.press("Tab");
  await sun.keyboard.press("Enter");
  await sun.locator(".task").getByText(/已提交/).waitFor();
  const kept = (await api(sun, "GET", `/v1/reviews/${task.id}`)).answer;
  assert.deepEqual([kept.total, kept.grade, kept.added.map(({ defect: code }) => code), kept.verdicts.filter(({ accepted }) => !accepted).map(({ finding, reason }) => [finding, reason])], [88, "乙", ["C-H01"], [[findings[0].id, "事实不符"]]]);
  assert.equal(await sun.locator(".task button").isDisabled(), true);

  // The other one says 甲, so that a third has to judge, who sees what both said.
  const wang = await enter("wang", "/office");
  const other = (await api(wang, "GET", "/v1/reviews")).items.find(({ visit_id: visit }) => visit === "CLI-2");
  assert.equal((await api(wang, "GET", `/v1/reviews/${other.id}`)).reviewers_said, undefined);
  const verdicts = findings.map(({ id: finding }) => ({ finding, accepted: true, reason: "", note: "" }));
  await api(wang, "PUT", `/v1/reviews/${other.id}`, { verdicts, added: [], total: 95, grade: "甲" });
  await api(wang, "POST", `/v1/reviews/${other.id}/submit`);
  await wang.goto(`${house.address}/office?tab=samples&id=${id}`);
  await line(wang, "CLI-2").getByText("待领取").waitFor();
  const agreed = await api(wang, "GET", `/v1/samples/${id}/agreement`);
  assert.deepEqual([agreed.double, agreed.disputed], [1, 1]);
  const tile = (name) => wang.locator(".tile", { hasText: name });
  assert.match(await tile("已有结论").innerText(), new RegExp(`${agreed.settled} / 2 份[^]*1 份转仲裁`));
  assert.match(await tile("阳性一致率").innerText(), new RegExp(`${agreed.defects.positive_agreement.toFixed(2)}[^]*共同指出 ${agreed.defects.both} 处`));
  assert.match(await tile("加权 κ").innerText(), /1 份双人评审中 0 份等级相同/);
  assert.match(await tile("ICC").innerText(), /平均相差 7\.0 分/);
  assert.match(await tile("漏检率").innerText(), /尚无数据/);

  const zhao = await enter("zhao", "/office");
  await zhao.getByRole("link", { name: /^评审 / }).click();
  await zhao.locator(".said").getByText("评审人 1").waitFor();
  assert.match(await zhao.locator(`.card[data-finding="${findings[0].id}"]`).innerText(), /评审人 \d：不采纳（事实不符）/);
});

test("roles see what they may do and nothing else", async () => {
  const li = await enter("li", "/figures");
  assert.equal(await li.getByRole("link", { name: "质控办" }).count(), 0);
  const zhao = await enter("zhao", "/office");
  await zhao.getByRole("heading", { name: "我的评审任务" }).waitFor();
  assert.deepEqual(await zhao.getByRole("tab").allInnerTexts(), ["抽查", "回归", "重点病例"]);
  assert.equal(await zhao.getByRole("button", { name: "抽取样本" }).count(), 0);
  const sun = await enter("sun", "/office");
  await sun.getByRole("tab", { name: "发布" }).waitFor();
  await sun.locator("#tab-samples").focus();
  for (const name of ["批次", "发布", "回归", "重点病例", "抽查"]) {
    await sun.keyboard.press("ArrowRight");
    await sun.getByRole("tab", { name, selected: true }).waitFor();
  }
});

test("a batch compares two score sheets: progress, who moves and by what, and the download", async () => {
  const page = await go("/office?tab=batches");
  const dialog = page.locator("dialog");
  await page.getByRole("button", { name: "新建批次" }).click();
  const { sheets } = await get("/v1/batches");
  assert.deepEqual(await dialog.getByLabel("评分表", { exact: true }).locator("option").allInnerTexts(), sheets.map(({ title }) => title));
  await dialog.getByLabel("对比评分表").selectOption("reject-90-75");
  await dialog.getByRole("button", { name: "开始" }).click();
  await page.getByRole("heading", { name: /^批次 / }).waitFor();
  const id = new URL(page.url()).searchParams.get("id");
  await page.getByRole("button", { name: /^暂停/ }).click();
  await page.locator(".head").getByText("已暂停").waitFor();
  assert.equal((await get(`/v1/batches/${id}`)).state, "paused");
  await page.getByRole("button", { name: /^继续/ }).click();
  // The page looks again by itself.
  await page.locator(".head").getByText("已完成").waitFor({ timeout: 120_000 });
  const batch = await get(`/v1/batches/${id}`);
  const results = (await (await fetch(`${ward.address}/v1/batches/${id}/results`)).text()).trim().split("\n").map((text) => JSON.parse(text));
  const changed = results.filter(({ changed: what }) => what === "grade");
  assert.ok(changed.length > 0, "the two sheets differ on the sample ward");
  assert.deepEqual(new Set(await page.locator("tr[data-name]").evaluateAll((rows) => rows.map((row) => row.dataset.name))), new Set(changed.map(({ visit_id: visit }) => visit)));
  const [one] = changed;
  assert.match(await line(page, one.visit_id).innerText(), new RegExp(`${one.against.grade ?? "–"} → ${one.grade}`));
  const moves = await page.locator(".moves li").allInnerTexts();
  assert.deepEqual(moves.map((text) => text.replaceAll(" ", "")).sort(), Object.entries(batch.moves).map(([move, visits]) => `${move}${visits}`).sort());
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "下载 NDJSON" }).click();
  assert.equal((await readFile(await (await downloading).path(), "utf8")).trim().split("\n").length, batch.total);
  await page.getByRole("button", { name: /^删除/ }).click();
  await dialog.getByRole("button", { name: "删除" }).click();
  await page.getByRole("button", { name: "新建批次" }).waitFor();
  assert.equal(await line(page, id).count(), 0);

  await page.getByRole("button", { name: "新建批次" }).click();
  await dialog.getByLabel("仅限样本").fill("2026-S9999");
  await page.keyboard.press("Enter");
  await dialog.getByText("没有找到").waitFor();
});

test("a wrong finding becomes a case; changed rules are held to it and come into use by a second person", async () => {
  const sun = await enter("sun", "/office?tab=releases");
  const dialog = sun.locator("dialog");
  const { findings } = await api(sun, "GET", "/v1/visits/CLI-2/report");
  const wrong = findings.find(({ rule }) => rule === "sex-organ");
  const { items } = await api(sun, "GET", "/v1/ledger?visit=CLI-2");
  const { entry } = items.find(({ finding_id: finding }) => finding === wrong.id);
  await api(sun, "POST", `/v1/ledger/${entry}/withdraw`, { note: "本人为双性畸形" });

  await sun.getByRole("tab", { name: "回归" }).click();
  await line(sun, entry).getByText("本人为双性畸形").waitFor();
  await line(sun, entry).getByRole("link", { name: entry }).click();
  await sun.getByText("子宫附件").waitFor();
  await sun.getByText("现行规则仍会误报").waitFor();
  assert.ok(!(await sun.locator("#panel").innerText()).includes("CLI-2"), "without whose it is");
  await sun.getByRole("button", { name: `接受 ${entry}` }).click();
  await sun.locator(".stage.accepted").waitFor();
  assert.equal((await api(sun, "GET", `/v1/regressions/${entry}`)).state, "accepted");
  await sun.getByRole("button", { name: "返回列表" }).click();
  await sun.getByLabel("状态").selectOption("rejected");
  await sun.getByText("暂无记录").waitFor();
  await sun.getByLabel("状态").selectOption("accepted");
  await line(sun, entry).waitFor();

  await sun.getByRole("tab", { name: "发布" }).click();
  const propose = async () => {
    await sun.getByRole("button", { name: "提请发布" }).click();
    await dialog.getByRole("button", { name: "提请发布" }).click();
  };
  await propose();
  await dialog.getByText("规则文件夹没有变化").waitFor();
  await dialog.getByRole("button", { name: "取消" }).click();
  // A comment changes nothing but the digest: the case is still wrong.
  const file = await fileOf("sex-organ");
  await writeFile(file, `# changed\n${await readFile(file, "utf8")}`);
  await propose();
  await sun.getByRole("heading", { name: /^提请 / }).waitFor();
  await sun.getByText("缺陷没有变化").waitFor();
  await fact(sun, "仍会误报的回归病例").getByRole("link", { name: entry }).waitFor();
  await sun.getByText("须由另一人发布").waitFor();
  assert.equal(await sun.getByRole("button", { name: "发布", exact: true }).count(), 0);
  await sun.getByRole("button", { name: "返回列表" }).click();
  await rm(file);
  await propose();
  await sun.getByRole("heading", { name: /^提请 / }).waitFor();
  await line(sun, "sex-organ").getByText("−1").waitFor();
  assert.equal(await fact(sun, "仍会误报的回归病例").innerText(), "没有");
  const id = new URL(sun.url()).searchParams.get("id");

  const wang = await enter("wang", `/office?tab=releases&id=${id}`);
  const { change } = await api(wang, "GET", `/v1/releases/${id}`);
  assert.match(await fact(wang, "新增缺陷中尚无人判断").innerText(), new RegExp(`^${change.unjudged} 处`));
  await wang.getByRole("button", { name: "发布", exact: true }).click();
  await wang.locator("dialog").getByRole("button", { name: "发布" }).click();
  await wang.locator(".stage.released").waitFor();
  assert.match(await fact(wang, "决定人").innerText(), /^wang /);
  assert.equal(await wang.evaluate(async () => (await fetch("/v1/rules/sex-organ")).status), 404, "the rule is out of use");

  // Another change is refused by the second person.
  const other = await fileOf("cc-duration");
  await writeFile(other, `# changed\n${await readFile(other, "utf8")}`);
  await sun.goto(`${house.address}/office?tab=releases`);
  await propose();
  await sun.getByRole("heading", { name: /^提请 / }).waitFor();
  await wang.goto(sun.url());
  await wang.getByRole("button", { name: "不予发布" }).click();
  await wang.locator("dialog").getByRole("button", { name: "不予发布" }).click();
  await wang.locator(".stage.withdrawn").waitFor();
});

test("rules that came with the program cannot be proposed, and the server's words say so", async () => {
  const page = await go("/office?tab=releases");
  await page.getByRole("button", { name: "提请发布" }).click();
  await page.locator("dialog").getByRole("button", { name: "提请发布" }).click();
  await page.locator("dialog").getByText("没有可重新读取的 --rules 文件夹").waitFor();
});

test("key cases by reason, each with a report to print", async () => {
  const { items, lists } = await get("/v1/key-cases");
  const page = await go("/office?tab=cases");
  await line(page, items[0].visit_id).waitFor();
  assert.equal(await page.locator("tr[data-name]").count(), items.length);
  const rescued = items.filter(({ lists: on }) => on.includes("rescue"));
  assert.ok(rescued.length > 0 && rescued.length < items.length);
  await page.getByLabel("类别").selectOption("rescue");
  await page.getByText(`${rescued.length} 份`, { exact: true }).waitFor();
  assert.deepEqual(await page.locator("tr[data-name]").evaluateAll((rows) => rows.map((row) => row.dataset.name)), rescued.map(({ visit_id: visit }) => visit));
  const [{ visit_id: visit }] = rescued;
  await line(page, visit).getByRole("link").click();
  const report = await get(`/v1/key-cases/${encodeURIComponent(visit)}`);
  await page.getByRole("heading", { name: `评审报告 ${visit}` }).waitFor();
  assert.equal(await fact(page, "类别").innerText(), report.lists.map(({ name }) => name).join("、"));
  assert.ok(lists.some(({ name }) => name === report.lists[0].name));
  for (const { title } of report.findings) assert.ok((await page.locator(".report").innerText()).includes(title), title);
  await page.goBack();
  await line(page, visit).waitFor();
});

test("the monthly report agrees with the records of the month, and fits on A4", async () => {
  const visits = (await get("/v1/visits?limit=1000")).items.filter(({ discharged_at: at }) => at?.startsWith("2026-05"));
  const counts = Object.fromEntries(["甲", "乙", "丙"].map((grade) => [grade, visits.filter((visit) => visit.grade === grade).length]));
  const page = await go("/figures");
  await page.getByRole("link", { name: "月报" }).click();
  await page.getByRole("heading", { name: "病历质量月报（2026 年 5 月）" }).waitFor();
  const rows = page.getByRole("region", { name: "各科室病历等级" }).locator("tbody tr");
  const graded = counts.甲 + counts.乙 + counts.丙;
  assert.deepEqual(await rows.last().locator("td").allInnerTexts(), ["合计", counts.甲, counts.乙, counts.丙, visits.length - graded, visits.length, `${((100 * counts.甲) / graded).toFixed(1)}%`].map(String));
  // What vetoed, out of the records' own reports.
  const vetoed = new Map();
  for (const { visit_id: visit } of visits) {
    const { score, findings } = await get(`/v1/visits/${encodeURIComponent(visit)}/report`);
    const seen = new Set((score?.vetoes ?? []).map(({ finding, grade }) => `${findings.find(({ id }) => id === finding).defect} ${grade}`));
    for (const key of seen) vetoed.set(key, (vetoed.get(key) ?? 0) + 1);
  }
  assert.ok(vetoed.size > 0);
  const shown = await page.getByRole("region", { name: "单项否决分析" }).locator("tbody tr").evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
  assert.deepEqual(new Map(shown.map(([code, , grade, number]) => [`${code} ${grade.slice(0, 1)}`, Number(number)])), vetoed);
  assert.equal(await page.getByRole("link", { name: "指标 XLSX", exact: true }).getAttribute("href"), "/v1/indicators?period=2026-05&format=xlsx");
  await page.evaluate(() => (window.print = () => (window.printed = (window.printed ?? 0) + 1)));
  await page.getByRole("button", { name: "打印" }).click();
  assert.equal(await page.evaluate(() => window.printed), 1);
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: 690, height: 1000 });
  assert.equal(await page.getByRole("button", { name: "打印" }).isVisible(), false);
  const cut = await page.locator(".a4 .scroll").evaluateAll((all) => all.filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.getAttribute("aria-label")));
  assert.deepEqual(cut, [], "no table is wider than the paper");
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  assert.deepEqual(await page.locator(".a4").evaluate((sheet) => [getComputedStyle(sheet).backgroundColor, getComputedStyle(sheet).color]), ["rgb(255, 255, 255)", "rgb(29, 39, 51)"], "on paper it is light");
  await page.emulateMedia({ media: "screen", colorScheme: "light" });
  const [name] = [...new Set(visits.map(({ department }) => department))];
  await page.getByLabel("科室", { exact: true }).selectOption(name);
  await page.waitForFunction((department) => document.querySelector(".a4 header p").textContent.startsWith(department), name);
  assert.equal(await rows.count(), 2, "the department and the sum");
});

test("what is drawn again while it goes on leaves the keyboard where it was", async () => {
  await post("/v1/batches?against_sheet=points-90-75");
  const page = await go("/figures");
  // However fast it is scored: it goes on until we say that it is done.
  let state = "running";
  await page.route("**/v1/batches", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    body.items[0].state = state;
    await route.fulfill({ response, json: body });
  });
  await page.goto(`${ward.address}/office?tab=batches`);
  const held = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id);
  const drawn = async () => {
    await page.waitForResponse("**/v1/batches");
    await page.waitForTimeout(300);
  };
  const pause = page.getByRole("button", { name: /^暂停/ }).first();
  await pause.focus();
  const label = await pause.getAttribute("aria-label");
  await drawn();
  assert.equal(await held(), label);
  state = "done";
  await drawn();
  assert.equal(await held(), "panel", "the button is gone");
});

test("a rule is tried on what is kept, and switched off for a department by two people", async () => {
  const sun = await enter("sun", "/rules?rule=impossible-vital");
  const dialog = sun.locator("dialog");
  await sun.getByRole("button", { name: "试算" }).click();
  await dialog.getByRole("button", { name: "试算" }).click();
  await sun.getByText(/2 份病历，可判断 2 份，其中 1 份命中/).waitFor();
  assert.equal(await sun.locator("ol.shadow a", { hasText: "CLI-2" }).count() > 0, true);
  await sun.getByText("各科室均按规则文件执行").waitFor();
  await sun.getByRole("button", { name: "调整状态" }).click();
  await dialog.getByLabel("科室").fill("呼吸内科");
  await sun.keyboard.press("Enter");
  await dialog.getByText("请写明理由").waitFor();
  await dialog.getByLabel("理由").fill("本科另有规定");
  await sun.keyboard.press("Enter");
  await sun.getByText("待另一人批准", { exact: true }).waitFor();
  assert.equal(await sun.getByRole("button", { name: /^批准 / }).count(), 0, "whoever proposed it does not let it in");
  assert.equal((await api(sun, "POST", "/v1/check", JSON.parse(defect))).findings.some(({ rule }) => rule === "impossible-vital"), true);

  const wang = await enter("wang", "/rules?rule=impossible-vital");
  await wang.getByRole("button", { name: "批准 呼吸内科 未启用", exact: true }).click();
  await wang.locator("dialog").getByRole("button", { name: "批准", exact: true }).click();
  await wang.locator(`tr[data-rule="impossible-vital"]`).getByText("有调整").waitFor();
  assert.equal((await api(sun, "POST", "/v1/check", JSON.parse(defect))).findings.some(({ rule }) => rule === "impossible-vital"), false);

  const li = await enter("li", "/rules?rule=impossible-vital");
  await li.getByText("本科另有规定").waitFor();
  assert.equal(await li.getByRole("button", { name: "调整状态" }).count(), 0, "a physician switches nothing");
});

test("a setting with a mistake is refused by file and line, a right one is kept for a second person", async () => {
  const root = await enter("root", "/admin?tab=settings");
  await root.getByRole("button", { name: "编辑 calendar.toml" }).click();
  const text = root.getByLabel("节假日 calendar.toml");
  const before = await text.inputValue();
  await text.fill(`[[year]\n${before}`);
  await root.getByRole("button", { name: "保存" }).click();
  await root.getByRole("alert").getByText("calendar.toml").waitFor();
  await text.fill(`# 已核对\n${before}`);
  await root.getByRole("button", { name: "保存" }).click();
  await root.getByText("已保存，待提请发布").waitFor();
  assert.equal(await readFile(join(rules, "calendar.toml"), "utf8"), `# 已核对\n${before}`);
});
