-- The nodes that serve. A signing key is used when each of them knows it.
CREATE TABLE nodes (
    id         TEXT PRIMARY KEY CHECK (id <> ''),
    keys       TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
