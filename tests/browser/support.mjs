// A real service on a database of its own, a real browser, and the few things that every test asks of them.
// BINGLI: the program. BINGLI_ASSETS: a folder to take the widget's files from instead of the program, while writing them.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = process.env.BINGLI ?? join(ROOT, "target/release/bingli");
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const TYPES = { js: "text/javascript", css: "text/css", html: "text/html" };

export class Service {
  static async start(...more) {
    const service = new Service();
    service.more = more;
    service.folder = await mkdtemp(join(tmpdir(), "bingli-browser-"));
    await service.run("127.0.0.1:0");
    return service;
  }

  /** The sample ward, when all its visits are there. */
  static async demo() {
    const service = new Service();
    service.folder = await mkdtemp(join(tmpdir(), "bingli-browser-"));
    await service.listen(["demo", "--port", "0"], /^\S+ (http\S+?)\/? [^]*^已载入/m);
    return service;
  }

  /** Makes an account in the database that the service has open. */
  async account(name, role, password) {
    const database = `sqlite:${join(this.folder, "test.db")}?mode=rwc`;
    const child = spawn(PROGRAM, ["account", "create", name, "--role", role, "--database", database], { cwd: ROOT, stdio: ["pipe", "ignore", "inherit"] });
    child.stdin.end(`${password}\n`);
    const code = await new Promise((end) => child.once("exit", end));
    if (code !== 0) throw new Error(`no account: ${code}`);
  }

  /** Listens; after `kill` on the same port with the same database. */
  async run(listen = new URL(this.address).host) {
    const database = `sqlite:${join(this.folder, "test.db")}?mode=rwc`;
    await this.listen(["serve", "--listen", listen, "--database", database, ...this.more], /^bingli (http\S+?)\/?$/m);
  }

  async listen(words, pattern) {
    this.child = spawn(PROGRAM, words, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
    this.address = await new Promise((found, failed) => {
      let said = "";
      this.child.once("error", failed);
      this.child.once("exit", (code) => failed(new Error(`bingli ended with ${code}`)));
      this.child.stdout.on("data", (bytes) => {
        said += bytes;
        const address = pattern.exec(said);
        if (address) found(address[1]);
      });
    });
  }

  async kill() {
    this.child.removeAllListeners("exit");
    const ended = new Promise((end) => this.child.once("exit", end));
    this.child.kill("SIGKILL");
    await ended;
  }

  async stop() {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

/** A context of the browser in which `/test` is the given body, under the same policy as the example page. */
export async function open(browser, service, body = "", options = {}) {
  const context = await browser.newContext(options);
  if (process.env.BINGLI_ASSETS) {
    await context.route(/\/(bingli\.js|bingli\/[^/]+|pages\/[^/]+|example|example\/[^/]+)(\?.*)?$/, async (route) => {
      const path = new URL(route.request().url()).pathname.slice(1);
      const name = path === "example" ? "example.html" : path;
      const text = await readFile(join(process.env.BINGLI_ASSETS, name), "utf8").catch(() => null);
      if (text === null) return route.fulfill({ status: 404 });
      return route.fulfill({ body: text, contentType: `${TYPES[name.split(".").pop()]}; charset=utf-8`, headers: name.endsWith(".html") ? { "content-security-policy": POLICY } : {} });
    });
  }
  await context.route("**/test", (route) =>
    route.fulfill({ contentType: "text/html; charset=utf-8", headers: { "content-security-policy": POLICY }, body: `<!doctype html><html lang="zh-CN"><title>test</title>${body}</html>` }),
  );
  const page = await context.newPage();
  page.problems = [];
  page.checks = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  // A request that fails while the service is away is no mistake of the page.
  page.on("console", (message) => message.type() === "error" && !message.text().includes("Failed to load resource") && page.problems.push(message.text()));
  page.on("request", (request) => request.url().includes("/v1/check") && page.checks.push(request.postDataJSON()));
  return page;
}

/** The policy of `/example`; Trusted Types make any markup from a string an error. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; require-trusted-types-for 'script'";

export const MALE = {
  schema: "bingli.visit/1",
  visit_id: "WIDGET-1",
  as_of: "2026-03-12T12:00:00+08:00",
  patient: { name: "钱某某", sex: "male", birth_date: "1958-05-02", age_text: "67岁" },
  admission: { admitted_at: "2026-03-02T09:00:00+08:00", department: "呼吸内科" },
  documents: [
    { id: "d1", kind: "admission_note", title: "入院记录", event_at: "2026-03-02T10:00:00+08:00", sections: [{ name: "主诉", text: "咳嗽、咳痰5天" }, { name: "现病史", text: "5天前受凉后出现咳嗽，咳黄痰，无发热。病来精神可，食欲睡眠欠佳，大小便如常，体重无明显变化。" }] },
    { id: "d2", kind: "daily_course", title: "日常病程记录", event_at: "2026-03-03T09:00:00+08:00", text: "患者咳嗽减轻。" },
  ],
};

/** Attaches the widget to `#editor`, keeps its handle and events in the page, and waits for the first answer. */
export async function attach(page, options = {}) {
  await page.evaluate(
    async ({ visit, options }) => {
      const { attach } = await import("/bingli.js");
      window.events = [];
      window.handle = attach(document.getElementById("editor"), { server: "", visit, document: "d2", onEvent: (event) => window.events.push(event), ...options });
    },
    { visit: MALE, options },
  );
}

export const state = (page) => page.evaluate(() => ({ ...window.handle.state, findings: window.handle.state.findings.map(({ title }) => title) }));

/** Waits until the widget is in the state, and says what it was in when it is not. */
export async function settles(page, status, within = 8_000) {
  const reached = await page.waitForFunction((wanted) => window.handle.state.status === wanted, status, { timeout: within, polling: 30 }).catch(() => false);
  if (!reached) throw new Error(`the widget is ${JSON.stringify(await state(page))}, not ${status}`);
}

/** The words that carry a line now: from the page's highlights, or from the mirror of a textarea. */
export const underlined = (page) =>
  page.evaluate(async () => {
    await new Promise(requestAnimationFrame);
    const ranges = [...CSS.highlights].filter(([name]) => /^bingli-S\d$/.test(name)).flatMap(([, highlight]) => [...highlight]);
    const live = ranges.map(String).filter(Boolean);
    const marks = [...document.querySelectorAll("[data-bingli]")].flatMap((host) => [...host.shadowRoot.querySelectorAll(".mirror mark")]);
    return [...live, ...marks.map((mark) => mark.textContent)];
  });

/** Where the line stands in the text that comes before it. */
export const before = (page) =>
  page.evaluate(() => {
    const editor = document.getElementById("editor");
    if (editor.tagName === "TEXTAREA") {
      const mark = [...document.querySelectorAll("[data-bingli]")].map((host) => host.shadowRoot.querySelector(".mirror mark")).find(Boolean);
      const line = mark.parentElement;
      const above = [...line.parentElement.children].slice(0, [...line.parentElement.children].indexOf(line));
      let text = "";
      for (let node = mark.previousSibling; node; node = node.previousSibling) text = node.textContent + text;
      return [...above.map((other) => other.textContent), text].join("\n");
    }
    const [range] = [...CSS.highlights].filter(([name]) => /^bingli-S\d$/.test(name)).flatMap(([, highlight]) => [...highlight]);
    const head = document.createRange();
    head.setStart(editor, 0);
    head.setEnd(range.startContainer, range.startOffset);
    return head.toString();
  });

export const EDITABLE = '<div id="editor" contenteditable="true"></div>';
export const TEXTAREA = '<textarea id="editor" rows="6" cols="40"></textarea>';
