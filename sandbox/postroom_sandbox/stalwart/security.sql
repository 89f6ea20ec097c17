-- Settings against abuse, the fourth part of the schema.

CREATE TABLE allowed_ips (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,  -- the address or network
    document TEXT NOT NULL
);

CREATE TABLE singletons (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,  -- the object type
    document TEXT NOT NULL
);

PRAGMA user_version = 4;
