-- Whether a user who is added from now on has not logged in yet: the first login of an account is on no new device.
ALTER TABLE users ADD COLUMN awaits_first_login INTEGER NOT NULL DEFAULT 0 CHECK (awaits_first_login IN (0, 1));
-- When the user was last told by mail that logins fail. It bounds what a stranger can cause.
ALTER TABLE users ADD COLUMN failures_mailed_at INTEGER;
