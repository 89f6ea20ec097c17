-- The newest migration of this schema, and the newest migration of the oldest code that may run on it.
SELECT max(revision) AS revision, max(oldest_code) AS oldest_code FROM schema_history
