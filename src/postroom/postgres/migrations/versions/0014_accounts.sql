-- What was read back last at the mail server: the account's name, and since when and why nobody may log in.
ALTER TABLE email_accounts
    ADD COLUMN IF NOT EXISTS name text,
    ADD COLUMN IF NOT EXISTS suspended_because text[],
    ADD COLUMN IF NOT EXISTS suspended_since timestamptz;
