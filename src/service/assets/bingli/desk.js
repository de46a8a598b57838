// What editors of one visit share: the client, the physician's decisions, and the limit on what is shown of a document.

import { Client } from "./client.js";
import { Decisions } from "./decisions.js";
import { ranked } from "./places.js";

const desks = new Set();

/** The desk of the visit, shared by all editors that were given the same visit (object, function or id) and server. */
export function deskFor({ server, visit, token, csrf, visible = 3 }) {
  const client = new Client({ server, visit, token, csrf });
  for (const desk of desks) if (desk.client.visit === visit && desk.client.server === client.server) return desk;
  const desk = new Desk(client, visible);
  desks.add(desk);
  return desk;
}

class Desk {
  constructor(client, limit) {
    this.client = client;
    this.limit = limit;
    this.fields = new Set();
    this.opened = new Set();
    this.visit = null;
    this.decisions = null;
  }

  enter(field) {
    this.fields.add(field);
  }

  leave(field) {
    this.fields.delete(field);
    if (this.fields.size === 0) desks.delete(this);
    else this.refresh();
  }

  learn(visit) {
    this.visit = visit;
    if (this.decisions?.visitId !== visit.visit_id) this.decisions = new Decisions(this.client, visit.visit_id);
  }

  /** The present texts of all editors of the visit. */
  texts() {
    return [...this.fields].map((field) => field.place());
  }

  hides(finding) {
    return this.decisions?.hides(finding) ?? false;
  }

  /** Ids of the findings of a document that are shown: the most urgent ones of all its editors. */
  shown(document) {
    const open = new Map();
    for (const field of this.fields) {
      if (field.document !== document) continue;
      for (const { finding } of field.entries) if (!this.hides(finding)) open.set(finding.id, finding);
    }
    const limit = this.opened.has(document) ? open.size : this.limit;
    return new Set(ranked(open.values()).slice(0, limit).map(({ id }) => id));
  }

  showAll(document) {
    this.opened.add(document);
    this.refresh();
  }

  refresh() {
    for (const field of this.fields) field.show();
  }
}
