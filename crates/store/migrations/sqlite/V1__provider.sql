-- The schema is written so that a wrong state can't be stored: each rule that a constraint can hold is a constraint.
-- Times are epoch milliseconds. JSON stands only where nothing is searched by it. `*_key` columns are internal integers:
-- what is joined at each request is found by one step in one tree, and a session's cookie can change under its grants.

PRAGMA application_id = 1128354372; -- "CARD"

CREATE TABLE marks (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    issuer           TEXT NOT NULL,
    development      INTEGER NOT NULL CHECK (development IN (0, 1)),
    master_key_check BLOB NOT NULL
) STRICT;

CREATE TABLE leases (
    job        TEXT PRIMARY KEY,
    holder     TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Written and emptied when the disk was full, to see whether it still is.
CREATE TABLE probe (
    filler BLOB NOT NULL
) STRICT;

CREATE TABLE signing_keys (
    kid            TEXT PRIMARY KEY,
    algorithm      TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('next', 'active', 'retired', 'hidden')),
    sealed_private BLOB NOT NULL,
    created_at     INTEGER NOT NULL,
    activated_at   INTEGER,
    retired_at     INTEGER,
    CHECK (state <> 'next' OR activated_at IS NULL),
    CHECK (state <> 'active' OR activated_at IS NOT NULL),
    CHECK ((state IN ('retired', 'hidden')) = (retired_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (algorithm) WHERE state = 'next';
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (algorithm) WHERE state = 'active';

CREATE TABLE clients (
    client_key  INTEGER PRIMARY KEY,
    client_id   TEXT NOT NULL UNIQUE CHECK (length(client_id) BETWEEN 1 AND 128),
    owner       TEXT NOT NULL CHECK (owner IN ('file', 'store')),
    status      TEXT NOT NULL CHECK (status IN ('enabled', 'disabled')),
    secret_hash BLOB CHECK (length(secret_hash) = 32),
    metadata    TEXT NOT NULL CHECK (json_valid(metadata)),
    created_at  INTEGER NOT NULL
) STRICT;

-- By the client's name, not its row: a client that is removed and made again doesn't forget what was used.
CREATE TABLE assertions (
    client_id  TEXT NOT NULL,
    jti_hash   BLOB NOT NULL CHECK (length(jti_hash) = 32),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, jti_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX assertions_by_expiry ON assertions (expires_at);

CREATE TABLE users (
    user_key           INTEGER PRIMARY KEY,
    subject            TEXT NOT NULL UNIQUE CHECK (length(subject) BETWEEN 1 AND 255),
    username           TEXT NOT NULL,
    username_key       TEXT NOT NULL UNIQUE CHECK (username_key <> ''),
    email              TEXT,
    email_verified     INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    password_hash      TEXT,
    roles              TEXT NOT NULL CHECK (json_valid(roles)),
    claims             TEXT NOT NULL CHECK (json_valid(claims)),
    status             TEXT NOT NULL CHECK (status IN ('enabled', 'disabled')),
    failed_logins      INTEGER NOT NULL DEFAULT 0 CHECK (failed_logins >= 0),
    last_failure_at    INTEGER,
    failure_audited_at INTEGER,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    CHECK (email IS NOT NULL OR email_verified = 0),
    CHECK ((failed_logins = 0) = (last_failure_at IS NULL))
) STRICT;

-- Names of the configuration file that were seeded once; they stay when the person goes.
CREATE TABLE seeds (
    username_key TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    session_key     INTEGER PRIMARY KEY,
    cookie_hash     BLOB NOT NULL UNIQUE CHECK (length(cookie_hash) = 32),
    sid             TEXT NOT NULL,
    user_key        INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    auth_time       INTEGER NOT NULL,
    acr             TEXT NOT NULL,
    amr             TEXT NOT NULL CHECK (json_valid(amr)),
    created_at      INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    address         TEXT,
    user_agent      TEXT,
    ended_at        INTEGER,
    end_reason      TEXT CHECK (end_reason IN ('logout', 'remote', 'replaced', 'operator', 'expired')),
    -- When the clean-up looks at an ended session: it goes then, or, while grants name it, stays as long as they.
    keep_until      INTEGER,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK ((ended_at IS NULL) = (keep_until IS NULL))
) STRICT;
CREATE UNIQUE INDEX sessions_one_alive_by_sid ON sessions (sid) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_user ON sessions (user_key);
CREATE INDEX sessions_by_expiry ON sessions (min(idle_expires_at, expires_at)) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_end ON sessions (keep_until) WHERE keep_until IS NOT NULL;

-- The person is the session's: said once, it can't be said wrongly.
CREATE TABLE codes (
    code_hash          BLOB PRIMARY KEY CHECK (length(code_hash) = 32),
    client_key         INTEGER NOT NULL REFERENCES clients ON DELETE CASCADE,
    session_key        INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    redirect_uri       TEXT NOT NULL,
    redirect_uri_given INTEGER NOT NULL CHECK (redirect_uri_given IN (0, 1)),
    code_challenge     TEXT,
    scope              TEXT NOT NULL,
    resources          TEXT NOT NULL CHECK (json_valid(resources)),
    claims             TEXT NOT NULL CHECK (json_valid(claims)),
    nonce              TEXT,
    auth_time          INTEGER NOT NULL,
    acr                TEXT NOT NULL,
    amr                TEXT NOT NULL CHECK (json_valid(amr)),
    issued_at          INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_by_session ON codes (session_key);
CREATE INDEX codes_by_expiry ON codes (expires_at);

-- One row stands behind all tokens of one redemption. No column that a rotation writes is in an index: it writes one page.
-- A session stays as long as a grant names it, so that its name can always be told.
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
                                ('code_reused', 'refresh_reuse', 'foreign_client', 'client', 'person', 'logout', 'operator')),
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
CREATE UNIQUE INDEX grants_by_refresh_token ON grants (refresh_token_id) WHERE refresh_token_id IS NOT NULL;
CREATE INDEX grants_by_session ON grants (session_key);
CREATE INDEX grants_by_user ON grants (user_key, client_key);
CREATE INDEX grants_by_client ON grants (client_key);
CREATE INDEX grants_by_end ON grants (coalesce(revoked_at, expires_at));

CREATE TABLE revoked_tokens (
    jti        TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

CREATE TABLE consents (
    user_key   INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    client_key INTEGER NOT NULL REFERENCES clients ON DELETE CASCADE,
    scope      TEXT NOT NULL,
    given_at   INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_key, client_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX consents_by_client ON consents (client_key);

-- By names, without foreign keys: it outlives what it tells of.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    event      TEXT NOT NULL CHECK (event <> ''),
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('stranger', 'person', 'client', 'operator', 'system')),
    actor_id   TEXT,
    subject    TEXT,
    client_id  TEXT,
    grant_id   BLOB CHECK (length(grant_id) = 16),
    address    TEXT,
    user_agent TEXT,
    request_id TEXT NOT NULL,
    detail     TEXT,
    CHECK ((actor_kind IN ('stranger', 'system')) = (actor_id IS NULL))
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_event ON audit (event);
CREATE INDEX audit_by_subject ON audit (subject) WHERE subject IS NOT NULL;
CREATE INDEX audit_by_client ON audit (client_id) WHERE client_id IS NOT NULL;
