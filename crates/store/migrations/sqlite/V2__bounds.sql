-- A person has at most 64 living grants with a client: the oldest is superseded. A CHECK can't be changed in place, so the table
-- is made anew, with its rows.

ALTER TABLE grants RENAME TO grants_before;

CREATE TABLE grants (
    grant_key               INTEGER PRIMARY KEY,
    grant_id                BLOB NOT NULL UNIQUE CHECK (length(grant_id) = 16),
    client_key              INTEGER NOT NULL REFERENCES clients ON DELETE CASCADE,
    user_key                INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    session_key             INTEGER NOT NULL REFERENCES sessions,
    code_hash               BLOB NOT NULL UNIQUE CHECK (length(code_hash) = 32),
    offline                 INTEGER NOT NULL CHECK (offline IN (0, 1)),
    redirect_uri            TEXT NOT NULL,
    redirect_uri_given      INTEGER NOT NULL CHECK (redirect_uri_given IN (0, 1)),
    code_challenge          TEXT,
    scope                   TEXT NOT NULL,
    resources               TEXT NOT NULL CHECK (json_valid(resources)),
    claims                  TEXT NOT NULL CHECK (json_valid(claims)),
    nonce                   TEXT,
    auth_time               INTEGER NOT NULL,
    acr                     TEXT NOT NULL,
    amr                     TEXT NOT NULL CHECK (json_valid(amr)),
    created_at              INTEGER NOT NULL,
    expires_at              INTEGER NOT NULL,
    revoked_at              INTEGER,
    revoked_reason          TEXT CHECK (revoked_reason IN
                                ('code_reused', 'refresh_reuse', 'foreign_client', 'client', 'person', 'logout', 'operator', 'superseded')),
    refresh_token_id        BLOB CHECK (length(refresh_token_id) = 16),
    refresh_sealed_secret   BLOB,
    refresh_generation      INTEGER CHECK (refresh_generation >= 0),
    refresh_rotated_at      INTEGER,
    refresh_current_seen    INTEGER CHECK (refresh_current_seen IN (0, 1)),
    refresh_idle_expires_at INTEGER,
    refresh_late_retry_at   INTEGER,
    refresh_anomaly_at      INTEGER,
    last_address            TEXT,
    last_user_agent         TEXT,
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
    CHECK ((refresh_token_id IS NULL) = (refresh_sealed_secret IS NULL)
       AND (refresh_token_id IS NULL) = (refresh_generation IS NULL)
       AND (refresh_token_id IS NULL) = (refresh_rotated_at IS NULL)
       AND (refresh_token_id IS NULL) = (refresh_current_seen IS NULL)
       AND (refresh_token_id IS NULL) = (refresh_idle_expires_at IS NULL)),
    CHECK (refresh_token_id IS NOT NULL
        OR coalesce(refresh_late_retry_at, refresh_anomaly_at, last_address, last_user_agent) IS NULL)
) STRICT;

INSERT INTO grants SELECT * FROM grants_before;
DROP TABLE grants_before;

CREATE UNIQUE INDEX grants_by_refresh_token ON grants (refresh_token_id) WHERE refresh_token_id IS NOT NULL;
CREATE INDEX grants_by_session ON grants (session_key);
-- The living ones of a person and a client stand together, behind the dead.
CREATE INDEX grants_by_user ON grants (user_key, client_key, coalesce(revoked_at, expires_at));
CREATE INDEX grants_by_client ON grants (client_key);
CREATE INDEX grants_by_end ON grants (coalesce(revoked_at, expires_at));

-- At most one row a minute for a grant (D22): what is asked before one is written.
CREATE INDEX audit_by_refresh_ahead ON audit (grant_id, at) WHERE event = 'refresh_ahead';
