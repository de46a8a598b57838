-- Real-time monitoring: what the EMR sent, the ladder of reminders, notices, what goes out, the ledger, decisions.
-- Moments of the service (…_at of events, notices, ledger) are the hospital's local time unless a column says UTC.

-- Events as they came; a visit is folded from its last snapshot and the events after it.
CREATE TABLE events (
  visit_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  at TEXT NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (visit_id, event_id)
);
CREATE INDEX events_by_time ON events (visit_id, at);

-- How many snapshots and events have come, and the last whole snapshot. Whoever adds one locks the row first.
CREATE TABLE inputs (
  visit_id TEXT PRIMARY KEY,
  snapshots BIGINT NOT NULL,
  events BIGINT NOT NULL,
  snapshot TEXT NOT NULL,
  snapshot_at TEXT NOT NULL
);
INSERT INTO inputs (visit_id, snapshots, events, snapshot, snapshot_at) SELECT visit_id, 1, 0, visit, '' FROM visits;

-- Visits with events that no judgement has seen yet, or whose hour has come; emptied by whichever node is first.
CREATE TABLE pending (visit_id TEXT PRIMARY KEY, why TEXT NOT NULL);
INSERT INTO pending (visit_id, why) SELECT visit_id, 'rulebook' FROM visits;

ALTER TABLE visits ADD COLUMN snapshots BIGINT NOT NULL DEFAULT 1;
ALTER TABLE visits ADD COLUMN events BIGINT NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN judged_for TEXT NOT NULL DEFAULT '';
CREATE INDEX findings_by_rule ON findings (rule, gone_at);

-- Derived again at the next judgement, now with the rung of the ladder that each has come to.
DROP TABLE duties;
CREATE TABLE duties (
  visit_id TEXT NOT NULL,
  rule TEXT NOT NULL,
  anchor TEXT NOT NULL,
  department TEXT NOT NULL,
  defect TEXT NOT NULL,
  severity TEXT NOT NULL,
  task TEXT NOT NULL,
  cause TEXT NOT NULL,
  begin_at TEXT NOT NULL,
  due TEXT NOT NULL,
  done TEXT NOT NULL,
  responsible TEXT NOT NULL,
  attending TEXT NOT NULL,
  -- When the next reminder goes out; '' when none does.
  next_at TEXT NOT NULL,
  last_judged BIGINT NOT NULL,
  PRIMARY KEY (visit_id, rule, anchor)
);
CREATE INDEX duties_by_due ON duties (due, visit_id, rule, anchor);
CREATE INDEX duties_by_next ON duties (next_at) WHERE next_at <> '';

-- What somebody is to be told; delivered once, after quiet hours.
CREATE TABLE notices (
  id TEXT PRIMARY KEY,
  deliver_at TEXT NOT NULL,
  delivered BIGINT NOT NULL,
  visit_id TEXT NOT NULL,
  department TEXT NOT NULL,
  recipient TEXT NOT NULL,
  person TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX notices_waiting ON notices (deliver_at) WHERE delivered = 0;

-- What goes out to streams and webhooks, in order of commit: whoever adds one locks the head first.
CREATE TABLE outbox_head (id BIGINT PRIMARY KEY, seq BIGINT NOT NULL);
INSERT INTO outbox_head (id, seq) VALUES (1, 0);
CREATE TABLE outbox (
  seq BIGINT PRIMARY KEY,
  at TEXT NOT NULL,
  topic TEXT NOT NULL,
  visit_id TEXT NOT NULL,
  department TEXT NOT NULL,
  recipient TEXT NOT NULL,
  person TEXT NOT NULL,
  body TEXT NOT NULL
);

CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);

CREATE TABLE ledger (
  entry TEXT PRIMARY KEY,
  visit_id TEXT NOT NULL,
  -- '' for a person's own finding.
  finding_id TEXT NOT NULL,
  department TEXT NOT NULL,
  source TEXT NOT NULL,
  rule TEXT NOT NULL,
  defect TEXT NOT NULL,
  severity TEXT NOT NULL,
  title TEXT NOT NULL,
  finding TEXT NOT NULL,
  demand TEXT NOT NULL,
  responsible TEXT NOT NULL,
  authors TEXT NOT NULL,
  state TEXT NOT NULL,
  notified_by TEXT NOT NULL,
  notified_at TEXT NOT NULL,
  -- The version of the visit when the notice was issued.
  notified_version BIGINT NOT NULL,
  due TEXT NOT NULL,
  acknowledged_at TEXT NOT NULL,
  fixed_by TEXT NOT NULL,
  fixed_at TEXT NOT NULL,
  explanation TEXT NOT NULL,
  appealed_by TEXT NOT NULL,
  appealed_at TEXT NOT NULL,
  appeal TEXT NOT NULL,
  verified_by TEXT NOT NULL,
  verified_at TEXT NOT NULL,
  closed_by TEXT NOT NULL,
  closed_at TEXT NOT NULL,
  conclusion TEXT NOT NULL,
  reopened BIGINT NOT NULL,
  escalated BIGINT NOT NULL,
  changes BIGINT NOT NULL
);
CREATE UNIQUE INDEX ledger_by_finding ON ledger (visit_id, finding_id) WHERE finding_id <> '';
CREATE INDEX ledger_by_state ON ledger (state, due);
CREATE INDEX ledger_by_department ON ledger (department, entry);

CREATE TABLE ledger_history (
  entry TEXT NOT NULL,
  number BIGINT NOT NULL,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (entry, number)
);

-- What physicians and reviewers said of findings; `verdict` is accepted or dismissed.
CREATE TABLE decisions (
  visit_id TEXT NOT NULL,
  finding_id TEXT NOT NULL,
  rule TEXT NOT NULL,
  verdict TEXT NOT NULL,
  reason TEXT NOT NULL,
  note TEXT NOT NULL,
  actor TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (visit_id, finding_id)
);
CREATE INDEX decisions_by_rule ON decisions (rule, verdict);

-- Rules that lost their voice inline, and why.
CREATE TABLE demotions (
  rule TEXT PRIMARY KEY,
  at TEXT NOT NULL,
  why TEXT NOT NULL
);

ALTER TABLE tokens ADD COLUMN person TEXT NOT NULL DEFAULT '';
