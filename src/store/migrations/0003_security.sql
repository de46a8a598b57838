-- Accounts of people, their sessions, failed logins, webhooks. Moments are UTC.

CREATE TABLE accounts (
  name TEXT PRIMARY KEY,
  -- Argon2id as a PHC string.
  password TEXT NOT NULL,
  role TEXT NOT NULL,
  department TEXT NOT NULL,
  person TEXT NOT NULL,
  created_at TEXT NOT NULL,
  disabled_at TEXT NOT NULL
);

CREATE TABLE sessions (
  -- Of the secret in the cookie.
  hash TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  csrf TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  seen_at TEXT NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Of names too only the hash: people type passwords into the wrong field.
CREATE TABLE login_attempts (
  name TEXT PRIMARY KEY,
  attempts BIGINT NOT NULL,
  since TEXT NOT NULL
);

CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  format TEXT NOT NULL,
  -- Separated by commas; '' is every topic.
  topics TEXT NOT NULL,
  department TEXT NOT NULL,
  created_at TEXT NOT NULL,
  -- The last message of the outbox that was delivered or is none of its business.
  last_seq BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  retry_at TEXT NOT NULL,
  -- Whoever delivers now holds it until then.
  held_by TEXT NOT NULL,
  held_until TEXT NOT NULL
);
