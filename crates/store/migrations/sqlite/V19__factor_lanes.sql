-- Wrong codes in browsers in which the user proved a second factor before are counted by themselves: no other browser keeps those waiting.
ALTER TABLE users ADD COLUMN failed_factors_known INTEGER NOT NULL DEFAULT 0 CHECK (failed_factors_known >= 0);
ALTER TABLE users ADD COLUMN last_factor_failure_known_at INTEGER
    CHECK ((failed_factors_known = 0) = (last_factor_failure_known_at IS NULL));
