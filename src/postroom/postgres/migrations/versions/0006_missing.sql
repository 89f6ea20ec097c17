-- suspected_at: the first lookup that did not find the mailbox at the mail server. missing_at: the second one, at least
-- a minute later; from then on the mailbox counts as missing. Both become NULL when it is found again.
ALTER TABLE email_accounts
    ADD COLUMN suspected_at timestamptz,
    ADD COLUMN missing_at timestamptz,
    ADD CHECK (missing_at IS NULL OR suspected_at IS NOT NULL);
CREATE INDEX email_accounts_doubtful ON email_accounts (kratos_identity_id) INCLUDE (missing_at)
    WHERE suspected_at IS NOT NULL;

-- The position of the inspection of all mailboxes. `after_id` is NULL between two passes.
CREATE TABLE mailbox_inspection (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    after_id    uuid,
    due_at      timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz
) WITH (fillfactor = 50);
INSERT INTO mailbox_inspection DEFAULT VALUES;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0006', '0003');
