// Pictures of the widget and the pages for a person to look at: `node tests/browser/screenshots.mjs [widget|pages]`, into target/screenshots/.
// Those that the READMEs show go to tests/browser/pictures/ too.

import { copyFile, mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Service, launch, open } from "./support.mjs";

const FOLDER = fileURLToPath(new URL("../../target/screenshots/", import.meta.url));
const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

const SHOWN = new Map([["wide-light-2-two-sides", "widget"], ["wide-light-review", "desk"]]);

/** One picture, of the screen or of the whole page. */
async function picture(page, name, fullPage = false) {
  const path = `${FOLDER}${name}.png`;
  await page.screenshot({ path, fullPage });
  if (SHOWN.has(name)) await copyFile(path, new URL(`pictures/${SHOWN.get(name)}.png`, import.meta.url));
}

await mkdir(FOLDER, { recursive: true });
await mkdir(new URL("pictures/", import.meta.url), { recursive: true });
const [only = ""] = process.argv.slice(2);
const browser = await launch();
try {
  if (only !== "pages") await widget();
  if (only !== "widget") await pages();
} finally {
  await browser.close();
}

/** Every page with the sample ward. */
async function pages() {
  const service = await Service.demo();
  try {
    const { items } = await (await fetch(`${service.address}/v1/visits?limit=1000`)).json();
    const { visit_id: worst } = items.reduce((a, b) => (b.open > a.open ? b : a));
    const post = (path, body) => fetch(service.address + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    // Some verdicts, so that acceptance has something to show.
    const { items: findings } = await (await fetch(`${service.address}/v1/findings?state=open&limit=60`)).json();
    for (const [at, { visit_id: visit, finding }] of findings.entries()) {
      const body = at % 4 === 3 ? ["dismiss", { reason: "临床允许" }] : ["accept", {}];
      await post(`/v1/visits/${encodeURIComponent(visit)}/findings/${encodeURIComponent(finding.id)}/${body[0]}`, body[1]);
    }
    const entry = (await (await fetch(`${service.address}/v1/ledger?limit=1`)).json()).items[0]?.entry;
    if (entry) await post(`/v1/ledger/${entry}/acknowledge`, {});
    // A second version of a record, and something to administer.
    const changed = await (await fetch(`${service.address}/v1/visits/${encodeURIComponent(worst)}`)).json();
    const words = (document) => document.sections?.find(({ text }) => text?.length > 20) ?? document;
    words(changed.documents[0]).text = words(changed.documents[0]).text.replace("患者", "该患者").replace(/。/, "，经复核。");
    await fetch(`${service.address}/v1/visits/${encodeURIComponent(worst)}`, { method: "PUT", body: JSON.stringify(changed) });
    await post("/v1/accounts", { name: "李医师", password: "long enough 2026", role: "physician", department: "呼吸内科", person: "D1" });
    await post("/v1/accounts", { name: "wang.qc", password: "long enough 2026", role: "department_qc", department: "普通外科", person: "D12" });
    await post("/v1/tokens", { name: "his", role: "emr" });
    const office = await work(service, post);
    await post("/v1/webhooks", { id: "his", url: "https://his.example/in", format: "json", secret: "shared", topics: "finding.new,ledger" });
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of ["light", "dark"]) {
        const page = await open(browser, service, "", { viewport, colorScheme, locale: "zh-CN", deviceScaleFactor: size === "narrow" ? 2 : 1 });
        const shoot = (name, fullPage) => picture(page, `${size}-${colorScheme}-${name}`, fullPage);
        await page.goto(service.address);
        await page.locator("tr[data-visit]").first().waitFor();
        await page.locator(".news a").first().waitFor();
        await shoot("ward");
        await page.goto(`${service.address}/visits/${encodeURIComponent(worst)}`);
        await page.locator(".card").first().waitFor();
        // The first finding that has two sides in the text.
        const cards = await page.locator(".card").count();
        for (let at = 0; at < cards && (at === 0 || !(await page.locator("mark.against").count())); at++) await page.keyboard.press("j");
        await page.waitForTimeout(300);
        await shoot("review");
        await page.keyboard.press("d");
        await shoot("review-dismiss");
        await page.keyboard.press("Escape");
        await page.keyboard.press("n");
        await shoot("review-notice");
        await page.goto(`${service.address}/ledger`);
        await page.locator("tr[data-entry]").first().waitFor();
        await page.locator(".saved summary").click();
        await page.locator(".saved button").waitFor();
        await shoot("ledger");
        await page.keyboard.press("Escape");
        await page.locator("tr[data-entry] button").first().click();
        await page.locator(".drawer .deeds button").first().waitFor();
        await shoot("ledger-drawer");
        await page.goto(`${service.address}/figures`);
        await page.locator("svg").first().waitFor();
        await shoot("figures", true);
        await page.goto(`${service.address}/rules?text=${encodeURIComponent("主诉")}&rule=cc-duration`);
        await page.locator(".case button").first().click();
        await page.locator(".verdict").waitFor();
        await shoot("rules");
        await page.getByRole("button", { name: "试算" }).click();
        await page.locator("dialog").getByRole("button", { name: "试算" }).click();
        await page.locator(".shadow").scrollIntoViewIfNeeded();
        await shoot("rules-shadow");
        await page.goto(`${service.address}/visits/${encodeURIComponent(changed.visit_id)}`);
        await page.locator(".card").first().waitFor();
        await page.locator("button.versions").click();
        await page.locator("dialog.versions article").first().waitFor();
        await shoot("versions");
        await page.goto(`${service.address}/visits/${encodeURIComponent(worst)}/edit`);
        await page.locator(".sheet textarea").first().waitFor();
        await page.waitForTimeout(1_500);
        await shoot("edit");
        for (const [name, query, ready] of office) {
          await page.goto(`${service.address}/office${query}`);
          await page.locator(ready).first().waitFor();
          await page.waitForTimeout(300);
          await shoot(`office-${name}`);
        }
        await page.goto(`${service.address}/office`);
        await page.getByRole("button", { name: "抽取样本" }).click();
        await shoot("office-draw");
        await page.goto(`${service.address}/figures?month=2026-05`);
        await page.locator(".a4 table").first().waitFor();
        await shoot("month", true);
        for (const tab of ["accounts", "tokens", "webhooks", "settings", "audit"]) {
          await page.goto(`${service.address}/admin?tab=${tab}`);
          await page.locator("tbody tr").first().waitFor();
          if (tab === "audit") await page.locator(".chain.good").waitFor();
          await shoot(`admin-${tab}`);
        }
        if (page.problems.length) console.error(size, colorScheme, page.problems);
        await page.context().close();
      }
    }
  } finally {
    await service.stop();
  }
}

/** Something to show in the QC office: a sample given out, a batch, a regression case; where each is, and what shows that it is there. */
async function work(service, post) {
  const said = async (path, body) => (await post(path, body)).json();
  const get = async (path) => (await fetch(service.address + path)).json();
  for (const name of ["sun.qc", "zhao.qc"]) await post("/v1/accounts", { name, password: "long enough 2026", role: "reviewer", department: "", person: "" });
  const sample = await said("/v1/samples", { plan: { query: { running: true }, seed: 20260612, must: ["death"], strata: ["department"], clean: { count: 6 }, high_risk: { count: 6 } } });
  await post(`/v1/samples/${sample.id}/assign`, { reviewers: ["sun.qc", "zhao.qc"], double_share: 0.2 });
  const batch = await said("/v1/batches?against_sheet=reject-90-75", {});
  const { items } = await get("/v1/ledger?limit=1000");
  const { entry } = items.find(({ state, finding_id: finding }) => state === "notified" && finding);
  await post(`/v1/ledger/${entry}/withdraw`, { note: "文书另页已有记录，系统未读到。" });
  while ((await get(`/v1/batches/${batch.id}`)).state !== "done") await new Promise((done) => setTimeout(done, 500));
  const { items: cases } = await get("/v1/key-cases?list=rescue");
  return [
    ["samples", "", "tr[data-name]"],
    ["sample", `?tab=samples&id=${sample.id}`, "tr[data-name]"],
    ["batches", "?tab=batches", "tr[data-name]"],
    ["batch", `?tab=batches&id=${batch.id}`, "tr[data-name]"],
    ["releases", "?tab=releases", "table"],
    ["regressions", "?tab=regressions", "tr[data-name]"],
    ["regression", `?tab=regressions&id=${entry}`, "article"],
    ["cases", "?tab=cases", "tr[data-name]"],
    ["case", `?tab=cases&id=${encodeURIComponent(cases[0].visit_id)}`, "article"],
  ];
}

async function widget() {
  const service = await Service.start();
  try {
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of ["light", "dark"]) {
        const page = await open(browser, service, "", { viewport, colorScheme, locale: "zh-CN", deviceScaleFactor: size === "narrow" ? 2 : 1 });
        const shoot = (name, fullPage) => picture(page, `${size}-${colorScheme}-${name}`, fullPage);
        const chip = (id) => page.locator(`#${id} + [data-bingli] .chip`);
        await page.goto(`${service.address}/example`);
        await page.waitForFunction(async () => (await import("/example/example.js")).handles.course.state.status === "found");
        await page.waitForTimeout(900);
        await shoot("1-page");
        await page.locator("#course").click();
        await page.keyboard.press("Control+Home");
        await page.keyboard.press("Alt+F8");
        await page.waitForTimeout(300);
        await shoot("2-card");
        await page.keyboard.press("Alt+F8");
        await page.waitForTimeout(300);
        await shoot("2-two-sides");
        await page.locator(".popup").getByRole("button", { name: "忽略" }).click();
        await page.waitForTimeout(200);
        await shoot("3-reasons");
        await page.keyboard.press("Escape");
        await page.locator("#history").fill("患者2年前出现腹股沟区肿块，体温８２℃。1月前子宫肌瘤术后，血压50/120mmHg，门诊以“右侧腹股沟疝”收入院。");
        await page.locator("#complaint").fill("腹股沟肿块");
        await page.waitForTimeout(1_800);
        await chip("history").click();
        await page.waitForTimeout(300);
        await shoot("4-list");
        await page.keyboard.press("Escape");
        await page.locator("bingli-panel").scrollIntoViewIfNeeded();
        if (size === "narrow") await page.evaluate(() => document.querySelector("bingli-panel").scrollIntoView());
        await page.waitForTimeout(300);
        await shoot("5-panel");
        await page.route("**/v1/**", (route) => route.abort());
        await page.locator("#complaint").fill("右侧腹股沟肿块2年");
        await page.waitForTimeout(1_500);
        await page.evaluate(() => scrollTo(0, 0));
        await shoot("6-away");
        await page.context().close();
      }
    }
  } finally {
    await service.stop();
  }
}
