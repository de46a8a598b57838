-- Samples, what was drawn as it was then, and reviews. Moments are UTC.

CREATE TABLE samples (
  id TEXT PRIMARY KEY,
  -- '' where it was drawn from every department.
  department TEXT NOT NULL,
  plan TEXT NOT NULL,
  draw TEXT NOT NULL,
  rulebook TEXT NOT NULL,
  -- 1: no reviewer sees the program's score and points.
  blind_score BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL
);

-- The program's findings and score at the draw: two reviewers judge the same.
CREATE TABLE sample_visits (
  sample TEXT NOT NULL,
  visit_id TEXT NOT NULL,
  department TEXT NOT NULL,
  findings TEXT NOT NULL,
  total DOUBLE PRECISION,
  grade TEXT NOT NULL,
  -- Staff ids of who wrote or signed in it.
  authors TEXT NOT NULL,
  PRIMARY KEY (sample, visit_id)
);

CREATE TABLE reviews (
  id TEXT PRIMARY KEY,
  sample TEXT NOT NULL,
  visit_id TEXT NOT NULL,
  -- 1 first, 2 second, 3 arbiter
  slot BIGINT NOT NULL,
  -- '' : an arbitration that nobody has taken yet.
  reviewer TEXT NOT NULL,
  answer TEXT NOT NULL,
  created_at TEXT NOT NULL,
  submitted_at TEXT NOT NULL
);
CREATE UNIQUE INDEX reviews_by_slot ON reviews (sample, visit_id, slot);
CREATE INDEX reviews_by_reviewer ON reviews (reviewer, submitted_at);
