-- Several object types that exist once, all with the same id. The sixth part of the schema.

CREATE TABLE only_ones (
    id       INTEGER NOT NULL,
    name     TEXT PRIMARY KEY,  -- the object type
    document TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO only_ones SELECT id, name, document FROM singletons;
DROP TABLE singletons;
ALTER TABLE only_ones RENAME TO singletons;

PRAGMA user_version = 6;
