-- Visits that the program was wrong about, without whose they are, and rulebooks on their way into use. Moments are UTC.

CREATE TABLE regressions (
  -- The entry of the ledger that was withdrawn.
  entry TEXT PRIMARY KEY,
  department TEXT NOT NULL,
  rule TEXT NOT NULL,
  defect TEXT NOT NULL,
  -- What was said against the finding.
  reason TEXT NOT NULL,
  visit TEXT NOT NULL,
  -- Local.
  judged_for TEXT NOT NULL,
  phase TEXT NOT NULL,
  -- proposed, unfit (the rule does not say it of the visit without names), accepted, rejected
  state TEXT NOT NULL,
  proposed_at TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at TEXT NOT NULL
);
CREATE INDEX regressions_by_rule ON regressions (rule, state);

CREATE TABLE releases (
  id TEXT PRIMARY KEY,
  -- proposed, released, withdrawn
  state TEXT NOT NULL,
  digest_before TEXT NOT NULL,
  digest_after TEXT NOT NULL,
  -- The batch that was scored by both.
  batch TEXT NOT NULL,
  proposed_by TEXT NOT NULL,
  proposed_at TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at TEXT NOT NULL
);
