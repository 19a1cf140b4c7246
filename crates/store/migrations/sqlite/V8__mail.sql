-- Mails are messages of the outbox. The kinds are listed by the code that decodes them: a CHECK can't be changed in place.

ALTER TABLE outbox RENAME TO outbox_before;
DROP INDEX outbox_by_time;
DROP INDEX outbox_by_session;
DROP INDEX outbox_by_client;

-- Everything that leaves the process because of a write (D28): written in the transaction of its cause, gone when it was delivered
-- or given up. The payload has what the kind needs, by names: the row outlives session and user.
CREATE TABLE outbox (
    message_key INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind <> ''),
    -- The receiver, if it is a client.
    client_key  INTEGER REFERENCES clients ON DELETE CASCADE,
    -- The receiver's address as it is compared, of a mail that somebody without an account caused: their number is bounded.
    stranger    TEXT CHECK (stranger <> ''),
    payload     TEXT NOT NULL CHECK (json_valid(payload)),
    request_id  TEXT NOT NULL,
    made_at     INTEGER NOT NULL,
    -- Counted when a try begins, and until `due_at` no other node may try: a process that dies in a try has made it.
    attempts    INTEGER NOT NULL CHECK (attempts >= 0),
    due_at      INTEGER NOT NULL,
    sid         TEXT GENERATED ALWAYS AS (payload ->> 'sid') VIRTUAL,
    CHECK (kind <> 'logout_token' OR (client_key IS NOT NULL AND payload ->> 'subject' IS NOT NULL AND payload ->> 'sid' IS NOT NULL)),
    CHECK (kind <> 'mail' OR (client_key IS NULL AND payload ->> 'to' IS NOT NULL AND payload ->> 'template' IS NOT NULL)),
    CHECK (kind = 'mail' OR stranger IS NULL)
) STRICT;

INSERT INTO outbox (message_key, kind, client_key, payload, request_id, made_at, attempts, due_at)
    SELECT message_key, kind, client_key, payload, request_id, made_at, attempts, due_at FROM outbox_before;
DROP TABLE outbox_before;

CREATE INDEX outbox_by_time ON outbox (kind, due_at);
CREATE INDEX outbox_by_session ON outbox (sid) WHERE sid IS NOT NULL;
CREATE INDEX outbox_by_client ON outbox (client_key) WHERE client_key IS NOT NULL;
CREATE INDEX outbox_by_stranger ON outbox (stranger) WHERE stranger IS NOT NULL;
