-- What lets /query, Mailbox/get and Quota/get answer without reading every email, the seventh part of the schema.

-- The stored properties are large. Without them, a search reads fifteen emails with each page of the file.
CREATE TABLE email_documents (
    row      INTEGER PRIMARY KEY REFERENCES emails ON DELETE CASCADE,
    document TEXT NOT NULL
);
INSERT INTO email_documents SELECT row, document FROM emails;
ALTER TABLE emails DROP COLUMN document;

DROP INDEX emails_by_thread;
CREATE INDEX emails_by_thread ON emails (account_id, thread_id, received_at, document_id);

-- Each entry repeats what the order of a list needs, and what never changes: an index then holds the whole list.
CREATE TABLE entries (
    row         INTEGER NOT NULL REFERENCES emails ON DELETE CASCADE,
    account_id  INTEGER NOT NULL,
    mailbox_id  INTEGER NOT NULL,
    received_at TEXT NOT NULL,
    document_id INTEGER NOT NULL,
    thread_id   INTEGER NOT NULL,
    is_seen     INTEGER NOT NULL,  -- has the keyword $seen
    is_unread   INTEGER NOT NULL,  -- has neither $seen nor $draft (RFC 8621 §2)
    PRIMARY KEY (row, mailbox_id),
    FOREIGN KEY (account_id, mailbox_id) REFERENCES mailboxes
) WITHOUT ROWID;
INSERT INTO entries
SELECT m.row, m.account_id, m.mailbox_id, e.received_at, e.document_id, e.thread_id,
    EXISTS (SELECT 1 FROM email_keywords k WHERE k.row = m.row AND k.keyword = '$seen'),
    NOT EXISTS (SELECT 1 FROM email_keywords k WHERE k.row = m.row AND k.keyword IN ('$seen', '$draft'))
FROM email_mailboxes m JOIN emails e ON e.row = m.row;
DROP TABLE email_mailboxes;
ALTER TABLE entries RENAME TO email_mailboxes;
CREATE INDEX mailbox_by_time ON email_mailboxes (account_id, mailbox_id, received_at, document_id, thread_id);
CREATE INDEX mailbox_unseen_by_time ON email_mailboxes (account_id, mailbox_id, received_at, document_id, thread_id)
WHERE is_seen = 0;

CREATE TABLE keyword_entries (
    row         INTEGER NOT NULL REFERENCES emails ON DELETE CASCADE,
    keyword     TEXT NOT NULL,
    account_id  INTEGER NOT NULL,
    received_at TEXT NOT NULL,
    document_id INTEGER NOT NULL,
    thread_id   INTEGER NOT NULL,
    PRIMARY KEY (row, keyword)
) WITHOUT ROWID;
INSERT INTO keyword_entries
SELECT k.row, k.keyword, e.account_id, e.received_at, e.document_id, e.thread_id
FROM email_keywords k JOIN emails e ON e.row = k.row;
DROP TABLE email_keywords;
ALTER TABLE keyword_entries RENAME TO email_keywords;
CREATE INDEX keyword_by_time ON email_keywords (account_id, keyword, received_at, document_id, thread_id);

-- The counts of Mailbox/get. The triggers keep them right whatever the code does.
CREATE TABLE mailbox_threads (
    account_id INTEGER NOT NULL REFERENCES mail_accounts ON DELETE CASCADE,
    mailbox_id INTEGER NOT NULL,
    thread_id  INTEGER NOT NULL,
    emails     INTEGER NOT NULL,  -- of this thread in this mailbox
    unread     INTEGER NOT NULL,
    PRIMARY KEY (account_id, mailbox_id, thread_id)
) WITHOUT ROWID;
INSERT INTO mailbox_threads
SELECT account_id, mailbox_id, thread_id, count(*), sum(is_unread) FROM email_mailboxes
GROUP BY account_id, mailbox_id, thread_id;

ALTER TABLE mailboxes ADD COLUMN total_emails INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailboxes ADD COLUMN unread_emails INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailboxes ADD COLUMN total_threads INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailboxes ADD COLUMN unread_threads INTEGER NOT NULL DEFAULT 0;
UPDATE mailboxes SET (total_emails, unread_emails, total_threads, unread_threads) = (
    SELECT coalesce(sum(t.emails), 0), coalesce(sum(t.unread), 0), count(*), count(nullif(t.unread, 0))
    FROM mailbox_threads t WHERE t.account_id = mailboxes.account_id AND t.mailbox_id = mailboxes.id
);

CREATE TRIGGER email_enters_a_mailbox AFTER INSERT ON email_mailboxes
BEGIN
    INSERT INTO mailbox_threads (account_id, mailbox_id, thread_id, emails, unread)
    VALUES (NEW.account_id, NEW.mailbox_id, NEW.thread_id, 1, NEW.is_unread)
    ON CONFLICT DO UPDATE SET emails = emails + 1, unread = unread + NEW.is_unread;
    UPDATE mailboxes SET
        total_emails = total_emails + 1,
        unread_emails = unread_emails + NEW.is_unread,
        total_threads = total_threads + (t.emails = 1),
        unread_threads = unread_threads + (NEW.is_unread AND t.unread = 1)
    FROM mailbox_threads t
    WHERE t.account_id = NEW.account_id AND t.mailbox_id = NEW.mailbox_id AND t.thread_id = NEW.thread_id
        AND mailboxes.account_id = NEW.account_id AND mailboxes.id = NEW.mailbox_id;
END;

CREATE TRIGGER email_leaves_a_mailbox AFTER DELETE ON email_mailboxes
BEGIN
    UPDATE mailbox_threads SET emails = emails - 1, unread = unread - OLD.is_unread
    WHERE account_id = OLD.account_id AND mailbox_id = OLD.mailbox_id AND thread_id = OLD.thread_id;
    UPDATE mailboxes SET
        total_emails = total_emails - 1,
        unread_emails = unread_emails - OLD.is_unread,
        total_threads = total_threads - (t.emails = 0),
        unread_threads = unread_threads - (OLD.is_unread AND t.unread = 0)
    FROM mailbox_threads t
    WHERE t.account_id = OLD.account_id AND t.mailbox_id = OLD.mailbox_id AND t.thread_id = OLD.thread_id
        AND mailboxes.account_id = OLD.account_id AND mailboxes.id = OLD.mailbox_id;
    DELETE FROM mailbox_threads
    WHERE account_id = OLD.account_id AND mailbox_id = OLD.mailbox_id AND thread_id = OLD.thread_id AND emails = 0;
END;

-- The size of an account's mail in bytes.
ALTER TABLE mail_accounts ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
UPDATE mail_accounts SET used = (
    SELECT coalesce(sum(size), 0) FROM emails e WHERE e.account_id = mail_accounts.account_id
);
CREATE TRIGGER email_takes_room AFTER INSERT ON emails
BEGIN UPDATE mail_accounts SET used = used + NEW.size WHERE account_id = NEW.account_id; END;
CREATE TRIGGER email_frees_room AFTER DELETE ON emails
BEGIN UPDATE mail_accounts SET used = used - OLD.size WHERE account_id = OLD.account_id; END;

-- Blobs that lost a reference, perhaps their last one: only these are examined at the next upload.
CREATE TABLE released_blobs (digest TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO released_blobs SELECT digest FROM blobs;
CREATE TRIGGER email_releases_its_blob AFTER DELETE ON emails
BEGIN INSERT INTO released_blobs VALUES (OLD.digest) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER upload_releases_its_blob AFTER DELETE ON uploads
BEGIN INSERT INTO released_blobs VALUES (OLD.digest) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER submission_releases_its_blob AFTER DELETE ON submissions
BEGIN INSERT INTO released_blobs VALUES (OLD.digest) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER script_releases_its_blob AFTER DELETE ON sieve_scripts
BEGIN INSERT INTO released_blobs VALUES (OLD.digest) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER script_replaces_its_blob AFTER UPDATE OF digest ON sieve_scripts
BEGIN INSERT INTO released_blobs VALUES (OLD.digest) ON CONFLICT DO NOTHING; END;

PRAGMA user_version = 7;
