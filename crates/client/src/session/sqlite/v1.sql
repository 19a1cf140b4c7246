CREATE TABLE logins (
    -- Counts up, so that the oldest can go without counting what is there.
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    state BLOB NOT NULL UNIQUE,
    browser BLOB,
    -- NULL: it was taken.
    sealed BLOB,
    ends_at INTEGER NOT NULL
) STRICT;
CREATE INDEX logins_by_end ON logins (ends_at);

CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    sid BLOB,
    sub BLOB NOT NULL,
    sealed BLOB NOT NULL,
    version INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    lease_holder BLOB,
    lease_until INTEGER
) STRICT;
CREATE INDEX sessions_by_end ON sessions (ends_at);
CREATE INDEX sessions_by_sid ON sessions (sid) WHERE sid IS NOT NULL;
CREATE INDEX sessions_by_sub ON sessions (sub);

CREATE TABLE notices (
    -- The token's id, or the sid in it; no digest is both.
    jti BLOB PRIMARY KEY,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_by_end ON notices (ends_at);
