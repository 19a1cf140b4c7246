-- A login at another provider: which one, and hashes of the user and of the session there, by which the provider's logout finds
-- the sessions here.
ALTER TABLE sessions ADD COLUMN upstream TEXT CHECK (upstream <> '');
ALTER TABLE sessions ADD COLUMN upstream_link TEXT CHECK ((upstream_link IS NULL) = (upstream IS NULL));
ALTER TABLE sessions ADD COLUMN upstream_session TEXT CHECK (upstream_session IS NULL OR upstream IS NOT NULL);

CREATE INDEX sessions_by_upstream_link ON sessions (upstream_link) WHERE upstream_link IS NOT NULL;
CREATE INDEX sessions_by_upstream_session ON sessions (upstream_session) WHERE upstream_session IS NOT NULL;

-- By which address an identity finds its account.
CREATE INDEX users_by_verified_email ON users (lower(email)) WHERE email_verified = 1;

-- Logout tokens of other providers that were used.
CREATE TABLE upstream_logouts (
    -- SHA-256 of the provider, its issuer and the token's jti.
    token_hash TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX upstream_logouts_by_expiry ON upstream_logouts (expires_at);
