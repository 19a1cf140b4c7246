-- The words by which operators search users. The texts stay in `users`; this is only their index.
CREATE VIEW user_texts AS
    SELECT user_key, username, email,
           concat_ws(' ', claims->>'$.name', claims->>'$.given_name', claims->>'$.family_name') AS name
    FROM users;

-- A search finds words by how they begin. Without an index of beginnings, a frequent one costs as many steps as there are users.
CREATE VIRTUAL TABLE user_search USING fts5 (
    username, email, name,
    content = 'user_texts', content_rowid = 'user_key',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3 4 5 6 7'
);
-- The words of a removed user leave the file at once.
INSERT INTO user_search (user_search, rank) VALUES ('secure-delete', 1);
INSERT INTO user_search (user_search) VALUES ('rebuild');

CREATE TRIGGER user_search_add AFTER INSERT ON users BEGIN
    INSERT INTO user_search (rowid, username, email, name)
    VALUES (new.user_key, new.username, new.email,
            concat_ws(' ', new.claims->>'$.name', new.claims->>'$.given_name', new.claims->>'$.family_name'));
END;

CREATE TRIGGER user_search_remove AFTER DELETE ON users BEGIN
    INSERT INTO user_search (user_search, rowid, username, email, name)
    VALUES ('delete', old.user_key, old.username, old.email,
            concat_ws(' ', old.claims->>'$.name', old.claims->>'$.given_name', old.claims->>'$.family_name'));
END;

CREATE TRIGGER user_search_change AFTER UPDATE OF username, email, claims ON users
WHEN old.username <> new.username OR old.email IS NOT new.email OR old.claims <> new.claims BEGIN
    INSERT INTO user_search (user_search, rowid, username, email, name)
    VALUES ('delete', old.user_key, old.username, old.email,
            concat_ws(' ', old.claims->>'$.name', old.claims->>'$.given_name', old.claims->>'$.family_name'));
    INSERT INTO user_search (rowid, username, email, name)
    VALUES (new.user_key, new.username, new.email,
            concat_ws(' ', new.claims->>'$.name', new.claims->>'$.given_name', new.claims->>'$.family_name'));
END;
