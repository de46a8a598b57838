-- Batches: many visits scored again. What is to be scored lies in chunks that the workers of all nodes take; a chunk's results are written
-- together with its end, so that every visit is scored exactly once. Moments are UTC.

CREATE TABLE batches (
  id TEXT PRIMARY KEY,
  -- '' where it may hold visits of every department.
  department TEXT NOT NULL,
  -- receiving, running, paused, done, cancelled
  state TEXT NOT NULL,
  plan TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL,
  -- When its last chunk came in: one that is never received to its end is removed.
  heard_at TEXT NOT NULL,
  finished_at TEXT NOT NULL,
  -- Lines; 0 until all have come.
  total BIGINT NOT NULL
);
CREATE INDEX batches_by_state ON batches (state, created_at);

CREATE TABLE batch_chunks (
  batch TEXT NOT NULL,
  number BIGINT NOT NULL,
  -- '' : not scored yet.
  tally TEXT NOT NULL,
  worker TEXT NOT NULL,
  held_until TEXT NOT NULL,
  -- The visits; emptied when they are scored.
  items TEXT NOT NULL,
  -- NDJSON
  results TEXT NOT NULL,
  PRIMARY KEY (batch, number)
);
CREATE INDEX batch_chunks_open ON batch_chunks (batch, number) WHERE tally = '';
