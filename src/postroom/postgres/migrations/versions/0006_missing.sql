-- A mailbox that looks did not find at the mail server: the first such look, and the second, a minute later at least, which
-- makes it missing. Whoever is found again is neither.
ALTER TABLE email_accounts
    ADD COLUMN suspected_at timestamptz,
    ADD COLUMN missing_at timestamptz,
    ADD CHECK (missing_at IS NULL OR suspected_at IS NOT NULL);
CREATE INDEX email_accounts_doubtful ON email_accounts (kratos_identity_id) INCLUDE (missing_at)
    WHERE suspected_at IS NOT NULL;

-- Where the inspection of all mailboxes stands; after_id NULL: between two passes.
CREATE TABLE mailbox_inspection (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    after_id    uuid,
    due_at      timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz
) WITH (fillfactor = 50);
INSERT INTO mailbox_inspection DEFAULT VALUES;

INSERT INTO schema_history (revision, oldest_code) VALUES ('0006', '0003');
