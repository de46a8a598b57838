// What the physician decided about findings: told to the server, and kept in this browser for when the server is away or does not know.
// A finding's id is a fingerprint of its words, so a decision holds as long as those words stand, also after a reload.

const PREFIX = "bingli:decisions:";
const MOST = 200;

export class Decisions {
  constructor(client, visitId) {
    this.client = client;
    this.visitId = visitId;
    this.key = `${PREFIX}${client.server}:${visitId}`;
    this.later = new Set();
    this.underWay = new Set();
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? {};
    } catch {
      return this.fallback ?? {};
    }
  }

  write(entries) {
    const newest = Object.entries(entries).sort(([, a], [, b]) => b.at - a.at).slice(0, MOST);
    this.fallback = Object.fromEntries(newest);
    try {
      localStorage.setItem(this.key, JSON.stringify(this.fallback));
    } catch {
      // A full or forbidden storage costs only the memory across reloads.
    }
  }

  /** Whether the finding is out of sight: dismissed, appealed, or put off until the page is opened again. */
  hides(finding) {
    return this.later.has(finding.id) || finding.id in this.read();
  }

  postpone(finding) {
    this.later.add(finding.id);
  }

  /** Tells the server that the finding is right; it stays in sight until the words are mended. */
  async accept(finding) {
    try {
      await this.client.decide(this.visitId, finding.id, "accept", { rule: finding.rule });
    } catch {
      // Only a count is lost.
    }
  }

  /** `verb`: dismiss or appeal. Takes effect at once; the server hears of it now or, where it is away, after the next good check. */
  async add(finding, verb, body) {
    const entry = { verb, body: { ...body, rule: finding.rule }, at: Date.now(), waiting: true };
    this.write({ ...this.read(), [finding.id]: entry });
    return this.send(finding.id, entry);
  }

  async send(id, entry) {
    this.underWay.add(id);
    try {
      const { kept } = await this.client.decide(this.visitId, id, entry.verb, entry.body);
      // Words of the physician leave this browser once they need not be sent any more.
      const { note: _, ...body } = entry.body;
      this.write({ ...this.read(), [id]: { ...entry, body: kept ? body : entry.body, waiting: false } });
      return { kept };
    } finally {
      this.underWay.delete(id);
    }
  }

  async sendWaiting() {
    for (const [id, entry] of Object.entries(this.read())) {
      if (entry.waiting && !this.underWay.has(id)) await this.send(id, entry);
    }
  }
}
