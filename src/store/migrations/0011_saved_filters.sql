-- Filters of lists that somebody keeps under a name. Moments are UTC.

CREATE TABLE saved_filters (
  -- The account's or token's name.
  owner TEXT NOT NULL,
  -- ward, ledger
  page TEXT NOT NULL,
  name TEXT NOT NULL,
  -- As in the page's address, without the question mark.
  query TEXT NOT NULL,
  saved_at TEXT NOT NULL,
  PRIMARY KEY (owner, page, name)
);
