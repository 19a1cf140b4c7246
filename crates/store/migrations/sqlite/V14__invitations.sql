-- Invitations (2.1, D27). The table of V10 was never written.
DROP TABLE invitations;
CREATE TABLE invitations (
    invitation_key INTEGER PRIMARY KEY,
    invitation_id  TEXT NOT NULL UNIQUE CHECK (length(invitation_id) BETWEEN 1 AND 64),
    -- SHA-256 of the token.
    token_hash     BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    email          TEXT NOT NULL CHECK (email <> ''),
    -- The address as it is compared.
    email_key      TEXT NOT NULL CHECK (email_key <> ''),
    -- Proposed for a new account.
    username       TEXT CHECK (username <> ''),
    -- The organization to join.
    org_key        INTEGER REFERENCES organizations ON DELETE CASCADE,
    -- Inside the organization; without one of the new account.
    roles          TEXT NOT NULL CHECK (json_valid(roles)),
    locale         TEXT CHECK (locale <> ''),
    invited_by     TEXT NOT NULL CHECK (json_valid(invited_by)),
    -- The name that is shown.
    inviter        TEXT CHECK (inviter <> ''),
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX invitations_by_address ON invitations (email_key, coalesce(org_key, 0));
CREATE INDEX invitations_by_organization ON invitations (org_key, invitation_key);
CREATE INDEX invitations_by_expiry ON invitations (expires_at);

-- Users with a verified address of a domain of the organization are offered to join.
ALTER TABLE organizations ADD COLUMN join_by_domain INTEGER NOT NULL DEFAULT 0 CHECK (join_by_domain IN (0, 1));
