-- How many mails with a link "it wasn't me" were sent since then, within an hour: who has an account floods no mailbox.
ALTER TABLE users ADD COLUMN notices INTEGER NOT NULL DEFAULT 0 CHECK (notices >= 0);
ALTER TABLE users ADD COLUMN notices_since INTEGER CHECK ((notices = 0) = (notices_since IS NULL));

-- Users whose account was made by a sign-in at another provider log in with a verified address as all others do.
UPDATE users SET login_email = lower(email)
    WHERE login_email IS NULL AND email_verified = 1 AND email LIKE '_%@_%'
      AND NOT EXISTS (SELECT 1 FROM users o WHERE o.login_email = lower(users.email))
      AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_verified = 1 AND lower(o.email) = lower(users.email)
                        AND o.login_email IS NULL AND o.user_key < users.user_key);
