-- More than one kind of which there is but one: all of them have the same id. The sixth part of the state.

CREATE TABLE only_ones (
    id       INTEGER NOT NULL,
    name     TEXT PRIMARY KEY,  -- the kind
    document TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO only_ones SELECT id, name, document FROM singletons;
DROP TABLE singletons;
ALTER TABLE only_ones RENAME TO singletons;

PRAGMA user_version = 6;
