// The side panel, for an EMR whose editor cannot be reached; and the example page.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, afterEach, before as beforeAll, test } from "node:test";
import { Service, launch, open } from "./support.mjs";

let service;
let browser;
let page;
const defect = await readFile(new URL("../visits/defect.json", import.meta.url), "utf8");
beforeAll(async () => {
  service = await Service.start();
  browser = await launch();
  const put = await fetch(`${service.address}/v1/visits/CLI-2`, { method: "PUT", body: defect });
  assert.equal(put.status, 201);
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

async function start(body) {
  page = await open(browser, service, body, { locale: "zh-CN" });
  await page.goto(`${service.address}/test`);
  await page.evaluate(async () => {
    window.events = [];
    for (const type of ["jump", "accept", "dismiss", "status"]) {
      document.addEventListener(`bingli-${type}`, ({ detail }) => window.events.push({ type, detail }));
    }
    await import("/bingli.js");
  });
}

const panel = () => page.locator("bingli-panel");
const titles = () => panel().locator(".title").allInnerTexts();

test("findings of a stored visit by document, with the words in their passage", async () => {
  await start('<bingli-panel server="" visit="CLI-2"></bingli-panel>');
  const notes = panel().locator('section[data-document="d2"]');
  await notes.waitFor();
  assert.match(await notes.locator("> h3").innerText(), /日常病程记录\s+2026-03-03 09:00/);
  assert.equal(await notes.locator(".quote mark").innerText(), "子宫附件");
  assert.match(await notes.locator(".quote").innerText(), /患者咳嗽减轻。子宫附件区未触及包块/);
  assert.ok((await titles()).includes("主诉缺持续时间"));
  await notes.getByRole("button", { name: "查看原文" }).click();
  const jump = await page.evaluate(() => window.events.find(({ type }) => type === "jump").detail);
  assert.deepEqual(jump.target, { document: "d2", section: null, quote: "子宫附件", start_utf16: 7, end_utf16: 11 });
  assert.equal(jump.visit, "CLI-2");
});

test("ignoring takes the card away, for good", async () => {
  await start('<bingli-panel server="" visit="CLI-2"></bingli-panel>');
  const card = panel().locator('section[data-document="d2"] .card');
  await card.getByRole("button", { name: "忽略" }).click();
  await card.getByRole("button", { name: "提交" }).click();
  assert.equal(await card.getByRole("alert").innerText(), "忽略的原因", "without a reason nothing is sent");
  await card.getByRole("radio", { name: "其他说明" }).check();
  await card.getByRole("button", { name: "提交" }).click();
  assert.equal(await card.getByRole("alert").innerText(), "请写明理由");
  await card.getByRole("textbox").fill("患者为两性畸形");
  const told = page.waitForRequest("**/dismiss");
  await card.getByRole("button", { name: "提交" }).click();
  assert.deepEqual((await told).postDataJSON(), { reason: "其他", note: "患者为两性畸形", rule: "sex-organ" });
  await card.waitFor({ state: "detached" });
  await page.reload();
  await page.evaluate(() => import("/bingli.js"));
  await panel().getByText("主诉缺持续时间").waitFor();
  assert.equal(await card.count(), 0);
});

test("a note that is being written outlives a refresh", async () => {
  await start('<bingli-panel server="" visit="CLI-2"></bingli-panel>');
  const card = panel().locator('section[data-document="d1"] .card').first();
  await card.getByRole("button", { name: "申诉" }).click();
  await card.getByRole("textbox").fill("已由上级");
  const answered = page.waitForResponse("**/report");
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await answered;
  await page.waitForTimeout(200);
  await page.keyboard.type("医师核对");
  assert.equal(await card.getByRole("textbox").inputValue(), "已由上级医师核对");
  await card.getByRole("button", { name: "取消" }).click();
  await card.getByRole("button", { name: "稍后" }).waitFor();
});

test("of an object or a function it asks for a check", async () => {
  await start("<bingli-panel server=''></bingli-panel>");
  await page.evaluate((visit) => {
    document.querySelector("bingli-panel").visit = () => visit;
  }, { ...JSON.parse(defect), visit_id: "CLI-3" });
  await panel().getByText("性别与器官、疾病矛盾").waitFor();
  assert.equal(page.checks.at(-1).visit_id, "CLI-3");
});

test("in a session the panel sends back its token, and what is decided is kept", async () => {
  const service = await Service.start("--tokens", "--tick", "0");
  try {
    await service.account("admin", "administrator", "records-2026");
    page = await open(browser, service, "<bingli-panel server=''></bingli-panel>", { locale: "zh-CN" });
    await page.goto(`${service.address}/test`);
    const csrf = await page.evaluate(async (visit) => {
      const send = (method, path, body, csrf) => fetch(path, { method, headers: { "content-type": "application/json", "x-csrf-token": csrf }, body });
      const { csrf } = await (await send("POST", "/v1/login", JSON.stringify({ name: "admin", password: "records-2026" }), "")).json();
      await send("PUT", "/v1/visits/CLI-2", visit, csrf);
      await import("/bingli.js");
      return csrf;
    }, defect);
    const dismissed = async (text) => {
      const card = panel().locator("article, .card").filter({ hasText: text }).first();
      await card.getByRole("button", { name: "忽略" }).click();
      await card.getByRole("radio", { name: "临床允许" }).check();
      const answered = page.waitForResponse("**/dismiss");
      await card.getByRole("button", { name: "提交" }).click();
      return (await answered).status();
    };
    await page.evaluate(() => (document.querySelector("bingli-panel").visit = "CLI-2"));
    assert.equal(await dismissed("主诉缺持续时间"), 403, "a session's changes need it");
    await page.evaluate((csrf) => (document.querySelector("bingli-panel").csrf = () => csrf), csrf);
    await panel().locator('section[data-document="d2"] .card').waitFor();
    assert.equal(await dismissed("性别与器官"), 204);
    const { items } = await page.evaluate(async () => (await fetch("/v1/visits/CLI-2/decisions")).json());
    assert.deepEqual(items.map(({ verdict }) => verdict), ["dismissed"]);
  } finally {
    await service.stop();
  }
});

test("an unknown visit and a lost service are not clean", async () => {
  await start('<bingli-panel server="" visit="NOBODY"></bingli-panel>');
  await panel().getByText("服务不可用").waitFor();
  await page.evaluate(() => document.querySelector("bingli-panel").setAttribute("visit", "CLI-2"));
  await panel().getByText("主诉缺持续时间").waitFor();
  await page.route("**/v1/**", (route) => route.abort());
  await panel().getByRole("button", { name: "重新检查" }).click();
  await panel().getByText("服务不可用").waitFor();
  assert.ok((await titles()).includes("主诉缺持续时间"), "what was seen last stays");
});

test("the example page works under its own policy, in dark as in light", async () => {
  page = await open(browser, service, "", { locale: "zh-CN", colorScheme: "dark" });
  await page.goto(`${service.address}/example`);
  await panel().getByText("性别与器官、疾病矛盾").waitFor();
  const course = () => page.evaluate(async () => (await import("/example/example.js")).handles.course.state);
  await page.waitForFunction(async () => (await import("/example/example.js")).handles.course.state.status === "found");
  assert.deepEqual((await course()).findings.map(({ title }) => title), ["过敏史前后矛盾", "性别与器官、疾病矛盾"]);
  const ground = () => panel().locator(".face").evaluate((face) => getComputedStyle(face).backgroundColor);
  const dark = await ground();
  await page.evaluate(() => (document.documentElement.dataset.theme = "light"));
  await panel().getByRole("button", { name: "重新检查" }).click();
  await page.waitForTimeout(500);
  assert.notEqual(await ground(), dark);
  await page.locator("#course p:nth-child(2)").selectText();
  await page.keyboard.insertText("拟明日手术。");
  await page.waitForFunction(async () => (await import("/example/example.js")).handles.course.state.status === "clean");
  await panel().getByText("性别与器官、疾病矛盾").waitFor({ state: "detached" });
});

test("served with type and validator, and sent once", { skip: process.env.BINGLI_ASSETS && "taken from a folder" }, async () => {
  for (const [path, type] of [["/bingli.js", "text/javascript"], ["/bingli/field.js", "text/javascript"], ["/bingli.d.ts", "application/typescript"], ["/example", "text/html"], ["/example/example.css", "text/css"]]) {
    const first = await fetch(service.address + path);
    assert.equal(first.status, 200, path);
    assert.match(first.headers.get("content-type"), new RegExp(`^${type}`));
    assert.equal(first.headers.get("x-content-type-options"), "nosniff");
    const again = await fetch(service.address + path, { headers: { "if-none-match": first.headers.get("etag") } });
    assert.equal(again.status, 304, path);
  }
  assert.equal((await fetch(`${service.address}/bingli/nothing.js`)).status, 404);
  assert.equal((await fetch(`${service.address}/bingli/..%2fexample.html`)).status, 404);
  assert.match((await fetch(`${service.address}/example`)).headers.get("content-security-policy"), /script-src 'self'/);
});

test("from the page of an EMR on another origin, if the service was told of it", { skip: process.env.BINGLI_ASSETS && "taken from a folder" }, async () => {
  const emr = createServer((_, response) => response.setHeader("content-type", "text/html; charset=utf-8").end('<!doctype html><textarea id="editor">子宫附件区未触及包块。</textarea>'));
  await new Promise((listening) => emr.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${emr.address().port}`;
  const friendly = await Service.start("--page-origin", origin);
  try {
    for (const [address, status] of [[friendly.address, "found"], [service.address, "unavailable"]]) {
      page = await open(browser, service);
      await page.goto(origin);
      const reached = await page.evaluate(
        async ({ address, visit }) => {
          const { attach } = await import(`${address}/bingli.js`);
          const handle = attach(document.getElementById("editor"), { server: address, visit, document: "d2" });
          return (await handle.check()).status;
        },
        { address, visit: JSON.parse(defect) },
      );
      assert.equal(reached, status);
      page.problems = page.problems.filter((text) => status === "found" || !text.includes("CORS policy"));
      if (status === "found") await page.context().close();
    }
  } finally {
    await friendly.stop();
    emr.close();
  }
});
