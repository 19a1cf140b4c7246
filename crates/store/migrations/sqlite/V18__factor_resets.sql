-- Resets of second factors that an operator requested and that are not done; one for each user.
CREATE TABLE factor_resets (
    user_key   INTEGER PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- From then on the factors can be removed.
    valid_from INTEGER NOT NULL,
    -- SHA-256 of the token of the link with which the user removes them. Without one they are removed by themselves.
    token_hash BLOB UNIQUE CHECK (length(token_hash) = 32),
    expires_at INTEGER CHECK (expires_at > valid_from),
    CHECK ((token_hash IS NULL) = (expires_at IS NULL))
) STRICT;

CREATE INDEX factor_resets_by_time ON factor_resets (valid_from) WHERE token_hash IS NULL;
CREATE INDEX factor_resets_by_expiry ON factor_resets (expires_at) WHERE expires_at IS NOT NULL;
