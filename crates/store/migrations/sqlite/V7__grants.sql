-- Where a grant comes from and which key it is bound to (D25), and fewer indexes: a login writes half as many pages.

ALTER TABLE codes ADD COLUMN sender_method TEXT CHECK (sender_method IN ('dpop', 'mtls'));
ALTER TABLE codes ADD COLUMN sender_thumbprint BLOB CHECK (length(sender_thumbprint) = 32)
    CHECK ((sender_thumbprint IS NULL) = (sender_method IS NULL));
-- Codes are few, and live for a minute: where one is not looked up by its key, all are read.
DROP INDEX codes_by_session;
DROP INDEX codes_by_expiry;

-- A session is looked up by its cookie; by its sid only among those of its user.
DROP INDEX sessions_one_alive_by_sid;

-- Ids rise with time. Logins are most of the audit and are found without an index, those of a user by the user.
DROP INDEX audit_by_time;
DROP INDEX audit_by_event;
CREATE INDEX audit_by_event ON audit (event) WHERE event <> 'login';

ALTER TABLE grants RENAME TO grants_before;

-- One row is behind all tokens of one redemption. No column that a rotation writes is in an index: it writes one page.
CREATE TABLE grants (
    grant_key               INTEGER PRIMARY KEY,
    -- Derived from the code: a code that was used is found by it again.
    grant_id                BLOB NOT NULL UNIQUE CHECK (length(grant_id) = 16),
    client_key              INTEGER NOT NULL REFERENCES clients ON DELETE CASCADE,
    user_key                INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    -- Refers to sessions. Triggers hold that, because a foreign key would need an index of its own.
    session_key             INTEGER,
    origin                  TEXT NOT NULL CHECK (origin <> ''),
    -- Only of grants that were made before the id was derived.
    code_hash               BLOB CHECK (length(code_hash) = 32),
    offline                 INTEGER NOT NULL CHECK (offline IN (0, 1)),
    redirect_uri            TEXT,
    redirect_uri_given      INTEGER CHECK (redirect_uri_given IN (0, 1)),
    code_challenge          TEXT,
    sender_method           TEXT CHECK (sender_method IN ('dpop', 'mtls')),
    sender_thumbprint       BLOB CHECK (length(sender_thumbprint) = 32),
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
    -- Only of grants that were made before refresh tokens had the id of the grant.
    refresh_token_id        BLOB CHECK (length(refresh_token_id) = 16),
    refresh_sealed_secret   BLOB,
    refresh_generation      INTEGER CHECK (refresh_generation >= 0),
    refresh_rotated_at      INTEGER,
    refresh_current_seen    INTEGER CHECK (refresh_current_seen IN (0, 1)),
    refresh_idle_expires_at INTEGER,
    refresh_late_retry_at   INTEGER,
    refresh_retries         INTEGER NOT NULL DEFAULT 0 CHECK (refresh_retries BETWEEN 0 AND 255),
    refresh_anomaly_at      INTEGER,
    last_address            TEXT,
    last_user_agent         TEXT,
    CHECK (origin <> 'code' OR (session_key IS NOT NULL AND redirect_uri IS NOT NULL AND redirect_uri_given IS NOT NULL)),
    CHECK ((sender_thumbprint IS NULL) = (sender_method IS NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
    CHECK ((refresh_generation IS NULL) = (refresh_sealed_secret IS NULL)
       AND (refresh_generation IS NULL) = (refresh_rotated_at IS NULL)
       AND (refresh_generation IS NULL) = (refresh_current_seen IS NULL)
       AND (refresh_generation IS NULL) = (refresh_idle_expires_at IS NULL)),
    CHECK (refresh_generation IS NOT NULL
        OR coalesce(refresh_token_id, refresh_late_retry_at, refresh_anomaly_at, last_address, last_user_agent) IS NULL)
) STRICT;

INSERT INTO grants (grant_key, grant_id, client_key, user_key, session_key, origin, code_hash, offline, redirect_uri,
        redirect_uri_given, code_challenge, scope, resources, claims, nonce, auth_time, acr, amr, created_at, expires_at,
        revoked_at, revoked_reason, refresh_token_id, refresh_sealed_secret, refresh_generation, refresh_rotated_at,
        refresh_current_seen, refresh_idle_expires_at, refresh_late_retry_at, refresh_retries, refresh_anomaly_at,
        last_address, last_user_agent)
    SELECT grant_key, grant_id, client_key, user_key, session_key, 'code', code_hash, offline, redirect_uri,
        redirect_uri_given, code_challenge, scope, resources, claims, nonce, auth_time, acr, amr, created_at, expires_at,
        revoked_at, revoked_reason, refresh_token_id, refresh_sealed_secret, refresh_generation, refresh_rotated_at,
        refresh_current_seen, refresh_idle_expires_at, refresh_late_retry_at, refresh_retries, refresh_anomaly_at,
        last_address, last_user_agent
    FROM grants_before ORDER BY grant_key;
DROP TABLE grants_before;

-- A user's living grants are together, behind the dead; those of one session are found among them.
CREATE INDEX grants_by_user ON grants (user_key, coalesce(revoked_at, expires_at), client_key, session_key);
CREATE INDEX grants_by_end ON grants (coalesce(revoked_at, expires_at));
-- These two become empty as old grants are removed.
CREATE UNIQUE INDEX grants_by_code ON grants (code_hash) WHERE code_hash IS NOT NULL;
CREATE UNIQUE INDEX grants_by_refresh_token ON grants (refresh_token_id) WHERE refresh_token_id IS NOT NULL;

-- A session stays as long as a grant names it, so that its name can always be told. When a user is removed, the user's row is gone
-- first, then sessions and grants in any order.
CREATE TRIGGER a_session_stays_while_grants_name_it BEFORE DELETE ON sessions
    WHEN EXISTS (SELECT 1 FROM users u JOIN grants g ON g.user_key = u.user_key
                 WHERE u.user_key = OLD.user_key AND g.session_key = OLD.session_key) BEGIN
    SELECT RAISE(ABORT, 'a grant names the session');
END;
CREATE TRIGGER a_session_keeps_its_user BEFORE UPDATE OF session_key, user_key ON sessions BEGIN
    SELECT RAISE(ABORT, 'a session keeps its user');
END;
CREATE TRIGGER a_grant_keeps_its_session BEFORE UPDATE OF session_key, user_key ON grants BEGIN
    SELECT RAISE(ABORT, 'a grant keeps its user and session');
END;
CREATE TRIGGER a_grant_is_made_in_its_users_session BEFORE INSERT ON grants
    WHEN NEW.session_key IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM sessions s WHERE s.session_key = NEW.session_key AND s.user_key = NEW.user_key) BEGIN
    SELECT RAISE(ABORT, 'a grant is made in a session of its user');
END;
