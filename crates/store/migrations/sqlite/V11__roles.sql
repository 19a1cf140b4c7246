-- Roles, groups and organizations (D27).

CREATE TABLE roles (
    role_key    INTEGER PRIMARY KEY,
    name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    -- The client whose tokens carry it; null for a role of all clients.
    client_key  INTEGER REFERENCES clients ON DELETE CASCADE,
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    owner       TEXT NOT NULL CHECK (owner IN ('file', 'store'))
) STRICT;
CREATE UNIQUE INDEX roles_by_name ON roles (name, coalesce(client_key, 0));
CREATE INDEX roles_by_client ON roles (client_key) WHERE client_key IS NOT NULL;

CREATE TABLE user_groups (
    group_key INTEGER PRIMARY KEY,
    name      TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128),
    roles     TEXT NOT NULL CHECK (json_valid(roles)),
    owner     TEXT NOT NULL CHECK (owner IN ('file', 'store')),
    -- Not in the file any more: it gives nothing, and its users are kept.
    enabled   INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    CHECK (enabled OR owner = 'file')
) STRICT;

CREATE TABLE group_members (
    user_key  INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    group_key INTEGER NOT NULL REFERENCES user_groups ON DELETE CASCADE,
    PRIMARY KEY (user_key, group_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_group ON group_members (group_key);

-- Roles and groups are few, and kept in memory: each read of a user says which revision it goes with.
CREATE TABLE role_revision (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO role_revision VALUES (1, 0);
CREATE TRIGGER roles_added AFTER INSERT ON roles BEGIN UPDATE role_revision SET revision = revision + 1; END;
CREATE TRIGGER roles_changed AFTER UPDATE ON roles BEGIN UPDATE role_revision SET revision = revision + 1; END;
CREATE TRIGGER roles_removed AFTER DELETE ON roles BEGIN UPDATE role_revision SET revision = revision + 1; END;
CREATE TRIGGER user_groups_added AFTER INSERT ON user_groups BEGIN UPDATE role_revision SET revision = revision + 1; END;
CREATE TRIGGER user_groups_changed AFTER UPDATE ON user_groups BEGIN UPDATE role_revision SET revision = revision + 1; END;
CREATE TRIGGER user_groups_removed AFTER DELETE ON user_groups BEGIN UPDATE role_revision SET revision = revision + 1; END;

CREATE TABLE organizations (
    org_key    INTEGER PRIMARY KEY,
    org_id     TEXT NOT NULL UNIQUE CHECK (length(org_id) BETWEEN 1 AND 64),
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL UNIQUE CHECK (name_key <> ''),
    owner      TEXT NOT NULL CHECK (owner IN ('file', 'store')),
    -- Not in the file any more: no token of it is active, and its members are kept.
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    CHECK (enabled OR owner = 'file')
) STRICT;

CREATE TABLE organization_domains (
    domain  TEXT PRIMARY KEY CHECK (domain <> ''),
    org_key INTEGER NOT NULL REFERENCES organizations ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX organization_domains_by_organization ON organization_domains (org_key);

CREATE TABLE organization_members (
    user_key  INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    org_key   INTEGER NOT NULL REFERENCES organizations ON DELETE CASCADE,
    roles     TEXT NOT NULL CHECK (json_valid(roles)),
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (user_key, org_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX organization_members_by_organization ON organization_members (org_key, user_key);

-- Codes are few: without an index of their own.
ALTER TABLE codes ADD COLUMN org_key INTEGER REFERENCES organizations ON DELETE CASCADE;
-- A grant outside of an organization is in no further index.
ALTER TABLE grants ADD COLUMN org_key INTEGER REFERENCES organizations ON DELETE CASCADE;
CREATE INDEX grants_by_organization ON grants (org_key, user_key) WHERE org_key IS NOT NULL;
