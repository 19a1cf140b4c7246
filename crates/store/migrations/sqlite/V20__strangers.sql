-- A share of the pending mails for each network: one network can't take the place of all.
ALTER TABLE outbox ADD COLUMN stranger_network TEXT;
CREATE INDEX outbox_by_stranger_network ON outbox (stranger_network) WHERE stranger_network IS NOT NULL;

-- The sign-ups that made an account, by the subject in their link, until the link expires: an account that was removed is not made again.
CREATE TABLE used_sign_ups (
    subject    TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_sign_ups_by_expiry ON used_sign_ups (expires_at);
