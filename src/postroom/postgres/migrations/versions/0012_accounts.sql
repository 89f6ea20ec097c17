-- Whether the mailbox may be used, as it was last seen at the mail server. Only `active` ones are served; nothing writes
-- `suspended` yet.
ALTER TABLE email_accounts
    ADD COLUMN IF NOT EXISTS state text NOT NULL DEFAULT 'active',
    DROP CONSTRAINT IF EXISTS email_accounts_state_check,
    ADD CONSTRAINT email_accounts_state_check CHECK (state IN ('active', 'suspended')) NOT VALID;
