-- The key of a verified address, with which its user logs in. Of two users with one address the older one has it.
ALTER TABLE users ADD COLUMN login_email TEXT CHECK (login_email <> '');
UPDATE users SET login_email = lower(email)
    WHERE email_verified = 1 AND email LIKE '_%@_%' AND NOT EXISTS
        (SELECT 1 FROM users o WHERE o.email_verified = 1 AND lower(o.email) = lower(users.email) AND o.user_key < users.user_key);
CREATE UNIQUE INDEX users_by_login_email ON users (login_email) WHERE login_email IS NOT NULL;

-- A new password is asked for at the next login.
ALTER TABLE users ADD COLUMN must_change_password INTEGER NOT NULL DEFAULT 0 CHECK (must_change_password IN (0, 1));
-- From then on the user is disabled.
ALTER TABLE users ADD COLUMN expires_at INTEGER;
-- From then on the user is removed. A login before that keeps the account.
ALTER TABLE users ADD COLUMN delete_at INTEGER;
-- The language that the user chose.
ALTER TABLE users ADD COLUMN locale TEXT;

CREATE INDEX users_by_expiry ON users (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX users_by_deletion ON users (delete_at) WHERE delete_at IS NOT NULL;

-- Links that a user was given, each for one use.
CREATE TABLE links (
    link_key   INTEGER PRIMARY KEY,
    -- SHA-256 of the token.
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    user_key   INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose    TEXT NOT NULL CHECK (purpose <> ''),
    -- Of a link about an address the address.
    payload    TEXT CHECK (payload <> ''),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX links_by_user ON links (user_key, purpose);
CREATE INDEX links_by_expiry ON links (expires_at);

-- Invitations to make an account.
CREATE TABLE invitations (
    invitation_key INTEGER PRIMARY KEY,
    invitation_id  TEXT NOT NULL UNIQUE CHECK (invitation_id <> ''),
    token_hash     BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    -- Without it whoever has the link can use it.
    email          TEXT CHECK (email <> ''),
    roles          TEXT NOT NULL CHECK (json_valid(roles)),
    -- The organization that the new user becomes a member of.
    organization   TEXT CHECK (organization <> ''),
    invited_by     TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX invitations_by_expiry ON invitations (expires_at);
