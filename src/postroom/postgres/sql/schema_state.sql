-- The newest migration that was made, and the oldest code that may run on it, by the newest migration that it brings.
SELECT max(revision) AS revision, max(oldest_code) AS oldest_code FROM schema_history
