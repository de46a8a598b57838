// The service's API from its own pages: answers, refusals in the server's words, messages, and the service's clock.

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** What a session's changes must send back; empty where nobody has to log in. Asked once. */
let csrf = null;
export async function token() {
  csrf ??= fetch("/v1/session", { credentials: "same-origin", cache: "no-store" })
    .then((response) => (response.ok ? response.json() : {}))
    .then((session) => session.csrf ?? "", () => "");
  return csrf;
}

async function answered(method, path, body) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  if (method !== "GET") headers["x-csrf-token"] = await token();
  const init = { method, credentials: "same-origin", cache: "no-store", headers };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(path, init);
  if (response.ok) return response.text();
  // The session may have been another one's, or have ended.
  if (response.status === 401 || response.status === 403) csrf = null;
  const problem = await response.json().catch(() => ({}));
  const text = [problem.title, problem.detail].filter(Boolean).join("：");
  throw new Refused(response.status, text || `HTTP ${response.status}`);
}

export async function call(method, path, body) {
  const text = await answered(method, path, body);
  return text ? JSON.parse(text) : null;
}

export const get = (path) => call("GET", path);

/** The objects of an NDJSON answer. */
export const lines = async (path) => (await answered("GET", path)).split("\n").filter(Boolean).map((line) => JSON.parse(line));

export const part = encodeURIComponent;

/** `?a=1&b=2` of what is given, without empty values. */
export function asked(values) {
  const given = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** Every item of a list, page by page. */
export async function all(path, values = {}) {
  const items = [];
  let after = "";
  do {
    const page = await get(path + asked({ ...values, limit: 1000, after }));
    items.push(...page.items);
    after = page.next ?? "";
  } while (after);
  return items;
}

/** Messages as they come; the browser reconnects by itself and goes on where it was. Returns what ends it. */
export function listen(values, topics, onMessage, onState = () => {}) {
  const source = new EventSource(`/v1/stream${asked({ ...values, topics: topics.join(",") })}`);
  for (const topic of topics) source.addEventListener(topic, (event) => onMessage(JSON.parse(event.data)));
  source.addEventListener("open", () => onState(true));
  source.addEventListener("error", () => onState(false));
  return () => source.close();
}

/** Runs at most once in a while, and once more after the last call. */
export function calmly(work, milliseconds = 400) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, milliseconds);
  };
}
