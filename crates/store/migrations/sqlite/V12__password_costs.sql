-- Password hashes of other systems are counted too, each by its algorithm and parameters: what stands before salt and hash. That is
-- the text before the third dollar, of argon2 before the fourth: $argon2id$v=19$m=19456,t=2,p=1$salt$hash, $2b$12$salthash.
ALTER TABLE credentials ADD COLUMN cost TEXT GENERATED ALWAYS AS (
    CASE
        WHEN kind <> 'password' THEN NULL
        WHEN secret GLOB '$argon2id$v=[0-9][0-9]$*' THEN substr(secret, 1, 14 + instr(substr(secret, 16), '$'))
        WHEN secret GLOB '$argon2[id]$v=[0-9][0-9]$*' THEN substr(secret, 1, 13 + instr(substr(secret, 15), '$'))
        ELSE substr(secret, 1, instr(substr(secret, 2), '$')
            + instr(substr(secret, 2 + instr(substr(secret, 2), '$')), '$'))
    END) VIRTUAL;

DROP TRIGGER IF EXISTS password_cost_added;
DROP TRIGGER IF EXISTS password_cost_changed;
DROP TRIGGER IF EXISTS password_cost_removed;

DELETE FROM password_costs;
INSERT INTO password_costs (cost, users) SELECT cost, count(*) FROM credentials WHERE kind = 'password' GROUP BY cost;

CREATE TRIGGER password_cost_added AFTER INSERT ON credentials WHEN NEW.kind = 'password' BEGIN
    INSERT INTO password_costs (cost, users) VALUES (NEW.cost, 1) ON CONFLICT DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER password_cost_changed AFTER UPDATE OF secret ON credentials WHEN NEW.kind = 'password' BEGIN
    UPDATE password_costs SET users = users - 1 WHERE cost = OLD.cost;
    INSERT INTO password_costs (cost, users) VALUES (NEW.cost, 1) ON CONFLICT DO UPDATE SET users = users + 1;
END;

CREATE TRIGGER password_cost_removed AFTER DELETE ON credentials WHEN OLD.kind = 'password' BEGIN
    UPDATE password_costs SET users = users - 1 WHERE cost = OLD.cost;
END;

-- What a name looks like (UTS 39 §4). NULL until the program has computed it, with the key of RFC 8265, after this migration.
ALTER TABLE users ADD COLUMN username_skeleton TEXT;
CREATE INDEX users_by_skeleton ON users (username_skeleton) WHERE username_skeleton IS NOT NULL;
CREATE INDEX users_without_skeleton ON users (user_key) WHERE username_skeleton IS NULL;
