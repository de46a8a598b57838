// The server: one visit judged, one finding dismissed. Keeps no text of a record beyond the request.

/** Thrown for an answer that is no success; `retry` says whether waiting may help. */
export class Refused extends Error {
  constructor(status, retryAfter = 0) {
    super(`bingli answered ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
    this.retry = status === 429 || status >= 500;
  }
}

const LIMIT_MS = 15_000;

export class Client {
  /**
   * `token`: a string, or a function that returns one or a promise of one; `csrf` the same for whoever is logged in at the service's own pages.
   * `visit`: an object, a function that returns one, or an id.
   */
  constructor({ server, visit, token, csrf }) {
    this.server = String(server ?? "").replace(/\/+$/, "");
    this.visit = visit;
    this.token = token;
    this.csrf = csrf;
    this.stored = null;
  }

  async call(method, path, body, signal) {
    const given = (source) => (typeof source === "function" ? source() : source);
    const [token, csrf] = [await given(this.token), method === "GET" ? null : await given(this.csrf)];
    const headers = {};
    if (body !== undefined) headers["content-type"] = "application/json";
    if (token) headers.authorization = `Bearer ${token}`;
    if (csrf) headers["x-csrf-token"] = csrf;
    const late = AbortSignal.timeout(LIMIT_MS);
    const response = await fetch(this.server + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? either(signal, late) : late,
      credentials: "same-origin",
      cache: "no-store",
    });
    if (!response.ok) throw new Refused(response.status, Number(response.headers.get("retry-after")) || 0);
    return response.status === 204 ? null : response.json();
  }

  /** The visit as the host has it now; one that only the server has is asked for once. */
  async current(signal) {
    const visit = typeof this.visit === "function" ? await this.visit() : this.visit;
    if (typeof visit !== "string") return visit;
    if (this.stored?.visit_id !== visit) this.stored = await this.call("GET", `/v1/visits/${encodeURIComponent(visit)}`, undefined, signal);
    return this.stored;
  }

  /** What the server says of the place under the pen; the texts of the other editors that stand open go with it. */
  async check(place, others, signal) {
    const visit = await this.current(signal);
    const { document, section } = place;
    const focus = section === null ? { document } : { document, section };
    const report = await this.call("POST", "/v1/check", { focus, visit: spliced(visit, [...others, place]) }, signal);
    return { report, visit };
  }

  /** Tells the server what the physician decided. `kept` is false where the server does not know the visit or the finding. */
  async decide(visitId, finding, verb, body) {
    try {
      await this.call("POST", `/v1/visits/${encodeURIComponent(visitId)}/findings/${encodeURIComponent(finding)}/${verb}`, body);
      return { kept: true };
    } catch (error) {
      if (error instanceof Refused && !error.retry) return { kept: false };
      throw error;
    }
  }
}

function either(...signals) {
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true, signal: controller.signal });
  }
  return controller.signal;
}

/** A copy of the visit in which each `{document, section, text}` replaces the words of its place; the host's object stays as it is. */
export function spliced(visit, texts) {
  const documents = [...(visit.documents ?? [])];
  for (const part of texts) {
    const at = documents.findIndex(({ id }) => id === part.document);
    if (at < 0) throw new Error(`bingli: the visit has no document ${part.document}`);
    documents[at] = withText(documents[at], part);
  }
  return { ...visit, documents };
}

function withText(document, { section, text }) {
  if (section === null) {
    const { sections: _, ...rest } = document;
    return { ...rest, text };
  }
  // A section put beside flat text would hide the rest of it.
  if (!document.sections && document.text) throw new Error(`bingli: document ${document.id} has one text and no section ${section}`);
  const sections = [...(document.sections ?? [])];
  const at = sections.findIndex((part) => part.name === section);
  if (at >= 0) sections[at] = { ...sections[at], text };
  else sections.push({ name: section, text });
  return { ...document, sections };
}
