-- When nobody could write, and who stands in for whom. Moments are local, as those of duties.

CREATE TABLE downtimes (
  id TEXT PRIMARY KEY,
  -- '' is the whole hospital.
  department TEXT NOT NULL,
  from_at TEXT NOT NULL,
  to_at TEXT NOT NULL,
  reason TEXT NOT NULL,
  recorded_by TEXT NOT NULL,
  recorded_at TEXT NOT NULL
);

CREATE TABLE delegations (
  id TEXT PRIMARY KEY,
  -- Ids in the EMR's staff list.
  person TEXT NOT NULL,
  delegate TEXT NOT NULL,
  from_at TEXT NOT NULL,
  to_at TEXT NOT NULL,
  recorded_by TEXT NOT NULL,
  recorded_at TEXT NOT NULL
);
CREATE INDEX delegations_by_person ON delegations (person, to_at);
