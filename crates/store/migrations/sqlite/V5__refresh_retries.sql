-- In which of the last generations the previous refresh token was presented again, one bit for each, the current one lowest.

ALTER TABLE grants ADD COLUMN refresh_retries INTEGER NOT NULL DEFAULT 0 CHECK (refresh_retries BETWEEN 0 AND 255);
