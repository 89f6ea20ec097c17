-- The mail of the stand-in, the second part of its schema. No row here refers to `accounts`, because Stalwart creates
-- mailboxes for any account number in a request. The trigger deletes the mail with its account.

CREATE TABLE mail_accounts (
    account_id      INTEGER PRIMARY KEY,
    change_id       INTEGER NOT NULL,            -- the last change; all types share the numbers
    last_email      INTEGER NOT NULL DEFAULT 0,  -- the last number of each type; no number is used twice
    last_thread     INTEGER NOT NULL DEFAULT 0,
    last_mailbox    INTEGER NOT NULL DEFAULT 6,  -- 5 and 6 are reserved for roles
    last_identity   INTEGER NOT NULL DEFAULT 0,
    last_submission INTEGER NOT NULL DEFAULT 0
);
CREATE TRIGGER mail_ends_with_the_account AFTER DELETE ON accounts
BEGIN DELETE FROM mail_accounts WHERE account_id = OLD.id; END;

CREATE TABLE mail_states (
    account_id INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    type       TEXT NOT NULL,
    change_id  INTEGER NOT NULL,
    PRIMARY KEY (account_id, type)
) WITHOUT ROWID;

CREATE TABLE mail_changes (
    account_id  INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    type        TEXT NOT NULL,
    change_id   INTEGER NOT NULL,
    object_id   INTEGER NOT NULL,
    verb        TEXT NOT NULL CHECK (verb IN ('created', 'updated', 'destroyed')),
    counts_only INTEGER NOT NULL DEFAULT 0,  -- for a mailbox: only its counts changed
    PRIMARY KEY (account_id, type, change_id, object_id)
) WITHOUT ROWID;

CREATE TABLE blobs (
    digest  TEXT PRIMARY KEY,  -- SHA-256, hexadecimal
    content BLOB NOT NULL
);

CREATE TABLE uploads (
    account_id INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    digest     TEXT NOT NULL REFERENCES blobs,
    expires_at TEXT NOT NULL,
    PRIMARY KEY (account_id, digest)
) WITHOUT ROWID;
CREATE INDEX uploads_by_digest ON uploads (digest);

CREATE TABLE mailboxes (
    account_id    INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    id            INTEGER NOT NULL,
    name          TEXT NOT NULL,
    parent_id     INTEGER,
    role          TEXT,
    sort_order    INTEGER NOT NULL DEFAULT 0,
    is_subscribed INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID;

CREATE TABLE emails (
    row            INTEGER PRIMARY KEY,
    account_id     INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    document_id    INTEGER NOT NULL,
    thread_id      INTEGER NOT NULL,
    digest         TEXT NOT NULL REFERENCES blobs,
    size           INTEGER NOT NULL,
    received_at    TEXT NOT NULL,
    sent_at        TEXT NOT NULL,     -- UTC; '' if the message has no date
    sender         TEXT NOT NULL,     -- this and the next two are sort keys
    recipient      TEXT NOT NULL,
    subject        TEXT NOT NULL,
    has_attachment INTEGER NOT NULL,
    document       TEXT NOT NULL,
    UNIQUE (account_id, document_id)
);
CREATE INDEX emails_by_thread ON emails (account_id, thread_id);
CREATE INDEX emails_by_time ON emails (account_id, received_at, document_id, thread_id);
CREATE INDEX emails_by_digest ON emails (digest);

CREATE TABLE email_mailboxes (
    row        INTEGER NOT NULL REFERENCES emails ON DELETE CASCADE,
    account_id INTEGER NOT NULL,
    mailbox_id INTEGER NOT NULL,
    PRIMARY KEY (row, mailbox_id),
    FOREIGN KEY (account_id, mailbox_id) REFERENCES mailboxes
) WITHOUT ROWID;
CREATE INDEX emails_by_mailbox ON email_mailboxes (account_id, mailbox_id, row);

CREATE TABLE email_keywords (
    row     INTEGER NOT NULL REFERENCES emails ON DELETE CASCADE,
    keyword TEXT NOT NULL,
    PRIMARY KEY (row, keyword)
) WITHOUT ROWID;

CREATE TABLE email_references (  -- each Message-ID that an email has or refers to
    account_id INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    row        INTEGER NOT NULL REFERENCES emails ON DELETE CASCADE,
    PRIMARY KEY (account_id, message_id, row)
) WITHOUT ROWID;
CREATE INDEX references_by_email ON email_references (row);

CREATE VIRTUAL TABLE email_text USING fts5 (
    sender, recipients, cc, bcc, subject, body, tokenize = 'porter unicode61'
);
CREATE TRIGGER text_ends_with_the_email AFTER DELETE ON emails
BEGIN DELETE FROM email_text WHERE rowid = OLD.row; END;

CREATE TABLE identities (
    account_id INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    id         INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID;

CREATE TABLE submissions (
    account_id  INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    id          INTEGER NOT NULL,
    identity_id INTEGER NOT NULL,
    email_id    INTEGER NOT NULL,
    thread_id   INTEGER NOT NULL,
    digest      TEXT NOT NULL REFERENCES blobs,
    send_at     TEXT NOT NULL,
    undo_status TEXT NOT NULL CHECK (undo_status IN ('pending', 'final', 'canceled')),
    document    TEXT NOT NULL,  -- envelope and deliveryStatus
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
CREATE INDEX submissions_queued ON submissions (send_at) WHERE undo_status = 'pending';

CREATE TABLE vacations (
    account_id INTEGER PRIMARY KEY REFERENCES mail_accounts ON DELETE CASCADE,
    document   TEXT NOT NULL
);

PRAGMA user_version = 2;
