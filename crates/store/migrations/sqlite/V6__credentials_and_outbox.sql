-- A user's secrets are rows of their own, read only where they are verified (D25). Another kind is one more word in the CHECK.
CREATE TABLE credentials (
    user_key   INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('password')),
    -- Of a password the argon2id hash, in PHC form.
    secret     TEXT NOT NULL CHECK (secret <> ''),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_key, kind)
) STRICT, WITHOUT ROWID;

-- When a password was set was not recorded before; it is not older than its user.
INSERT INTO credentials (user_key, kind, secret, created_at)
    SELECT user_key, 'password', password_hash, created_at FROM users WHERE password_hash IS NOT NULL ORDER BY user_key;

-- How many passwords have each cost is counted there from now on (V4). The numbers stay.
DROP TRIGGER password_cost_of_a_new_user;
DROP TRIGGER password_cost_of_a_new_password;
DROP TRIGGER password_cost_of_a_removed_user;

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

ALTER TABLE users DROP COLUMN password_hash;

-- Everything that leaves the process because of a write (D28): written in the transaction of its cause, gone when it was delivered
-- or given up. The payload has what the kind needs, by names: the row outlives session and user.
CREATE TABLE outbox (
    message_key INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('logout_token')),
    -- The receiver, if it is a client.
    client_key  INTEGER REFERENCES clients ON DELETE CASCADE,
    payload     TEXT NOT NULL CHECK (json_valid(payload)),
    request_id  TEXT NOT NULL,
    made_at     INTEGER NOT NULL,
    -- Counted when a try begins, and until `due_at` no other node may try: a process that dies in a try has made it.
    attempts    INTEGER NOT NULL CHECK (attempts >= 0),
    due_at      INTEGER NOT NULL,
    sid         TEXT GENERATED ALWAYS AS (payload ->> 'sid') VIRTUAL,
    CHECK (kind <> 'logout_token' OR (client_key IS NOT NULL AND payload ->> 'subject' IS NOT NULL AND payload ->> 'sid' IS NOT NULL))
) STRICT;

INSERT INTO outbox (message_key, kind, client_key, payload, request_id, made_at, attempts, due_at)
    SELECT logout_key, 'logout_token', client_key, json_object('subject', subject, 'sid', sid), request_id, made_at, attempts, due_at
    FROM logouts;
DROP TABLE logouts;

CREATE INDEX outbox_by_time ON outbox (kind, due_at);
CREATE INDEX outbox_by_session ON outbox (sid) WHERE sid IS NOT NULL;
CREATE INDEX outbox_by_client ON outbox (client_key);
