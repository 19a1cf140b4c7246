-- Second factors, passkeys and links to accounts of other providers are credentials too (D25). A user may have several of one kind,
-- so each has an id.
DROP TRIGGER password_cost_added;
DROP TRIGGER password_cost_changed;
DROP TRIGGER password_cost_removed;
ALTER TABLE credentials RENAME TO credentials_before;

CREATE TABLE credentials (
    user_key     INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind IN ('password', 'totp', 'backup_code', 'passkey', 'upstream')),
    -- Empty where a user has one of the kind. Of a backup code the hash, of a passkey the credential id, of a link the provider and
    -- its subject.
    id           TEXT NOT NULL,
    -- Of a password the hash, of TOTP the sealed secret, of a passkey the public key. A backup code is its id.
    secret       TEXT CHECK (secret <> ''),
    -- The name that the user gave it.
    label        TEXT CHECK (label <> ''),
    data         TEXT CHECK (json_valid(data)),
    -- Of TOTP the last time step that was used, of a passkey its counter. It only rises.
    used         INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (user_key, kind, id),
    CHECK ((id = '') = (kind IN ('password', 'totp'))),
    CHECK (secret IS NOT NULL OR kind IN ('backup_code', 'upstream'))
) STRICT, WITHOUT ROWID;

INSERT INTO credentials (user_key, kind, id, secret, created_at)
    SELECT user_key, kind, '', secret, created_at FROM credentials_before ORDER BY user_key;
DROP TABLE credentials_before;

-- These belong to one user each, and say which.
CREATE UNIQUE INDEX credentials_by_id ON credentials (kind, id) WHERE kind = 'passkey' OR kind = 'upstream';

-- As in V6. The numbers stay.
CREATE TRIGGER password_cost_added AFTER INSERT ON credentials WHEN NEW.kind = 'password' BEGIN
    INSERT INTO password_costs (cost, users)
        VALUES (substr(NEW.secret, 16, instr(substr(NEW.secret, 16), '$') - 1), 1)
        ON CONFLICT DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER password_cost_changed AFTER UPDATE OF secret ON credentials WHEN NEW.kind = 'password' BEGIN
    UPDATE password_costs SET users = users - 1
        WHERE cost = substr(OLD.secret, 16, instr(substr(OLD.secret, 16), '$') - 1);
    INSERT INTO password_costs (cost, users)
        VALUES (substr(NEW.secret, 16, instr(substr(NEW.secret, 16), '$') - 1), 1)
        ON CONFLICT DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER password_cost_removed AFTER DELETE ON credentials WHEN OLD.kind = 'password' BEGIN
    UPDATE password_costs SET users = users - 1
        WHERE cost = substr(OLD.secret, 16, instr(substr(OLD.secret, 16), '$') - 1);
END;

-- Wrong codes of the second step since the last right one, across all tickets. Only who has proved the first factor gets there.
ALTER TABLE users ADD COLUMN failed_factors INTEGER NOT NULL DEFAULT 0 CHECK (failed_factors >= 0);
ALTER TABLE users ADD COLUMN last_factor_failure_at INTEGER
    CHECK ((failed_factors = 0) = (last_factor_failure_at IS NULL));
ALTER TABLE users ADD COLUMN factor_failure_audited_at INTEGER;

-- Browsers that the user trusts: they are not asked for a second factor.
CREATE TABLE trusted_devices (
    device_key   INTEGER PRIMARY KEY,
    user_key     INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    -- Of the token in the browser's cookie.
    token_hash   BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    label        TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX trusted_devices_by_user ON trusted_devices (user_key);
CREATE INDEX trusted_devices_by_expiry ON trusted_devices (expires_at);
