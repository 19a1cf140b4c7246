-- Logouts on their way to clients (OpenID Back-Channel Logout): written in the transaction that ends a session, gone when the
-- client has answered, or was asked often enough. Whose session it was is told by names: the row outlives session and person.

ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT
    GENERATED ALWAYS AS (metadata ->> 'backchannel_logout_uri') VIRTUAL;

CREATE TABLE logouts (
    logout_key INTEGER PRIMARY KEY,
    client_key INTEGER NOT NULL REFERENCES clients ON DELETE CASCADE,
    subject    TEXT NOT NULL,
    sid        TEXT NOT NULL,
    request_id TEXT NOT NULL,
    made_at    INTEGER NOT NULL,
    -- Counted when a try begins, and until then nobody else may try: a process that dies in a try has made it.
    attempts   INTEGER NOT NULL CHECK (attempts >= 0),
    due_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX logouts_by_time ON logouts (due_at);
CREATE INDEX logouts_by_session ON logouts (sid);
CREATE INDEX logouts_by_client ON logouts (client_key);
