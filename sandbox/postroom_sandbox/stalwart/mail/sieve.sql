-- Sieve scripts, the fifth part of the schema. An account has at most one active script. Its vacation response is one.

CREATE TABLE sieve_scripts (
    account_id INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    id         INTEGER NOT NULL,
    name       TEXT NOT NULL,
    digest     TEXT NOT NULL REFERENCES blobs,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID;

ALTER TABLE mail_accounts ADD COLUMN last_script INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mail_accounts ADD COLUMN active_script INTEGER;
DELETE FROM vacations;  -- earlier ones have no script

PRAGMA user_version = 5;
