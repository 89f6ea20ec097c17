-- Notifications about new mail, the third part of the schema.

CREATE TABLE web_hooks (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,  -- the URL
    document TEXT NOT NULL
);

PRAGMA user_version = 3;
