-- Plain SQL for SQLite and PostgreSQL alike. Text that is not known is '', so that comparisons need no NULL.
-- Moments of the service are RFC 3339 in UTC; moments of the record are the hospital's local time without an offset. Both sort as text.

CREATE TABLE visits (
  visit_id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  -- Counts judgements: a new rulebook judges the same version again.
  judged BIGINT NOT NULL,
  hash TEXT NOT NULL,
  rulebook TEXT NOT NULL,
  received_at TEXT NOT NULL,
  department TEXT NOT NULL,
  admitted_at TEXT NOT NULL,
  discharged_at TEXT NOT NULL,
  total DOUBLE PRECISION,
  grade TEXT NOT NULL,
  visit TEXT NOT NULL,
  report TEXT NOT NULL
);
CREATE INDEX visits_by_department ON visits (department, visit_id);

CREATE TABLE visit_versions (
  visit_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  hash TEXT NOT NULL,
  received_at TEXT NOT NULL,
  visit TEXT NOT NULL,
  PRIMARY KEY (visit_id, version)
);

CREATE TABLE findings (
  visit_id TEXT NOT NULL,
  finding_id TEXT NOT NULL,
  department TEXT NOT NULL,
  rule TEXT NOT NULL,
  defect TEXT NOT NULL,
  severity TEXT NOT NULL,
  status TEXT NOT NULL,
  finding TEXT NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  -- The judgement of the visit that last had it: what an older one had and the newest has not is gone.
  last_judged BIGINT NOT NULL,
  gone_at TEXT NOT NULL,
  PRIMARY KEY (visit_id, finding_id)
);
CREATE INDEX findings_by_defect ON findings (defect, visit_id);

CREATE TABLE duties (
  visit_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  department TEXT NOT NULL,
  rule TEXT NOT NULL,
  defect TEXT NOT NULL,
  task TEXT NOT NULL,
  cause TEXT NOT NULL,
  due TEXT NOT NULL,
  done TEXT NOT NULL,
  PRIMARY KEY (visit_id, number)
);
CREATE INDEX duties_by_due ON duties (done, due);

CREATE TABLE indicator_entries (
  visit_id TEXT NOT NULL,
  indicator TEXT NOT NULL,
  month TEXT NOT NULL,
  department TEXT NOT NULL,
  entry TEXT NOT NULL,
  PRIMARY KEY (visit_id, indicator)
);
CREATE INDEX indicator_entries_by_month ON indicator_entries (month, indicator);

CREATE TABLE tokens (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  department TEXT NOT NULL,
  created_at TEXT NOT NULL,
  revoked_at TEXT NOT NULL
);

-- One row: whoever appends to the audit trail locks it first, so that the chain has no forks.
CREATE TABLE audit_head (id BIGINT PRIMARY KEY, seq BIGINT NOT NULL, hash TEXT NOT NULL);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

CREATE TABLE audit (
  seq BIGINT PRIMARY KEY,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL
);
