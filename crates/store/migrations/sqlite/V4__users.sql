-- A browser that logged a user in before is not locked out by failed logins of others. After a new password, after the user was
-- disabled or when the account was compromised, only browsers that logged in later count.
ALTER TABLE users ADD COLUMN devices_since INTEGER;

-- How many users have hashes of each cost: checking the password of an unknown name must cost what it costs for users.
CREATE TABLE password_costs (
    cost  TEXT PRIMARY KEY,
    users INTEGER NOT NULL CHECK (users >= 0)
) STRICT, WITHOUT ROWID;

-- The parameters of a PHC string stand between its third and its fourth dollar: $argon2id$v=19$m=19456,t=2,p=1$salt$hash
INSERT INTO password_costs
    SELECT substr(password_hash, 16, instr(substr(password_hash, 16), '$') - 1), count(*)
    FROM users WHERE password_hash IS NOT NULL GROUP BY 1;

CREATE TRIGGER password_cost_of_a_new_user AFTER INSERT ON users WHEN NEW.password_hash IS NOT NULL BEGIN
    INSERT OR IGNORE INTO password_costs
        VALUES (substr(NEW.password_hash, 16, instr(substr(NEW.password_hash, 16), '$') - 1), 0);
    UPDATE password_costs SET users = users + 1
        WHERE cost = substr(NEW.password_hash, 16, instr(substr(NEW.password_hash, 16), '$') - 1);
END;

CREATE TRIGGER password_cost_of_a_new_password AFTER UPDATE OF password_hash ON users BEGIN
    UPDATE password_costs SET users = users - 1
        WHERE cost = substr(OLD.password_hash, 16, instr(substr(OLD.password_hash, 16), '$') - 1);
    INSERT OR IGNORE INTO password_costs
        SELECT substr(NEW.password_hash, 16, instr(substr(NEW.password_hash, 16), '$') - 1), 0
        WHERE NEW.password_hash IS NOT NULL;
    UPDATE password_costs SET users = users + 1
        WHERE cost = substr(NEW.password_hash, 16, instr(substr(NEW.password_hash, 16), '$') - 1);
END;

CREATE TRIGGER password_cost_of_a_removed_user AFTER DELETE ON users WHEN OLD.password_hash IS NOT NULL BEGIN
    UPDATE password_costs SET users = users - 1
        WHERE cost = substr(OLD.password_hash, 16, instr(substr(OLD.password_hash, 16), '$') - 1);
END;
