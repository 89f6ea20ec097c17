-- A destroyed submission is not listed any more, but what is held still leaves, as in Stalwart.
ALTER TABLE submissions ADD COLUMN is_destroyed INTEGER NOT NULL DEFAULT FALSE;

PRAGMA user_version = 8;
