CREATE TABLE contact_cards (
    account_id INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    id         INTEGER NOT NULL,
    updated    TEXT NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
ALTER TABLE mail_accounts ADD COLUMN last_contact INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 9;
