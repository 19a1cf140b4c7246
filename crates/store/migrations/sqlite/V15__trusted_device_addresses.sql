-- Where a trusted browser was last used; its User-Agent is the label.
ALTER TABLE trusted_devices ADD COLUMN address TEXT;
