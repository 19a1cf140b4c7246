-- When the challenge was made that the last sign-in with a passkey has answered. It only rises, so that each challenge counts once.
ALTER TABLE credentials ADD COLUMN challenged_at INTEGER;
