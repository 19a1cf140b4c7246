-- The link that an operator was shown while there were no users: one, the last.
CREATE TABLE first_account (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  token_hash BLOB NOT NULL CHECK (length(token_hash) = 32),
  expires_at INTEGER NOT NULL
) STRICT;
