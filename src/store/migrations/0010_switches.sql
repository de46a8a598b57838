-- Rules that the hospital puts in use, on trial or off against what their files say: proposed by one person, released by another. Moments are UTC.

CREATE TABLE switches (
  id TEXT PRIMARY KEY,
  rule TEXT NOT NULL,
  -- Empty: the whole hospital.
  department TEXT NOT NULL,
  -- stable, preview, off; file: as its file says again
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  -- proposed, released, withdrawn, replaced
  state TEXT NOT NULL,
  proposed_by TEXT NOT NULL,
  proposed_at TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at TEXT NOT NULL
);
CREATE INDEX switches_by_rule ON switches (rule, department, state);
