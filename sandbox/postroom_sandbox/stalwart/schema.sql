-- The state of the stand-in. With AUTOINCREMENT, no id is used twice, and a failed create uses none. The primary key of
-- `addresses` ensures that no address, enabled or not, exists twice, whatever the code does.

CREATE TABLE domains (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL
);

CREATE TABLE roles (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL,  -- the description
    document TEXT NOT NULL
);

CREATE TABLE accounts (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT NOT NULL,
    domain_id INTEGER NOT NULL REFERENCES domains,
    document  TEXT NOT NULL
);
CREATE INDEX accounts_by_domain ON accounts (domain_id);

CREATE TABLE addresses (
    name       TEXT NOT NULL,
    domain_id  INTEGER NOT NULL REFERENCES domains,
    account_id INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('primary', 'alias', 'disabled')),
    PRIMARY KEY (name, domain_id)
) WITHOUT ROWID;
CREATE INDEX addresses_by_account ON addresses (account_id);
CREATE INDEX addresses_by_domain ON addresses (domain_id);

CREATE TABLE words (  -- the text index
    word       TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    PRIMARY KEY (word, account_id)
) WITHOUT ROWID;
CREATE INDEX words_by_account ON words (account_id);

CREATE TABLE credentials (
    account_id INTEGER NOT NULL REFERENCES accounts ON DELETE CASCADE,
    id         INTEGER NOT NULL,
    name       TEXT NOT NULL CHECK (name IN ('Password', 'AppPassword', 'ApiKey')),
    secret     TEXT NOT NULL,  -- a hash
    document   TEXT NOT NULL,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys ON credentials (secret) WHERE name = 'ApiKey';

CREATE TABLE faults (
    kind     TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    seen     INTEGER NOT NULL DEFAULT 0,  -- requests to which the fault could apply
    struck   INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

PRAGMA user_version = 1;
