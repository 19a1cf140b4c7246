-- Whoever is in no group is read without a look at the groups, at each refresh and introspection.
ALTER TABLE users ADD COLUMN group_count INTEGER NOT NULL DEFAULT 0 CHECK (group_count >= 0);
UPDATE users SET group_count = (SELECT count(*) FROM group_members m WHERE m.user_key = users.user_key)
    WHERE user_key IN (SELECT user_key FROM group_members);
CREATE TRIGGER group_members_added AFTER INSERT ON group_members BEGIN
    UPDATE users SET group_count = group_count + 1 WHERE user_key = new.user_key;
END;
CREATE TRIGGER group_members_removed AFTER DELETE ON group_members BEGIN
    UPDATE users SET group_count = group_count - 1 WHERE user_key = old.user_key;
END;
