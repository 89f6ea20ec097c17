-- The schema of the stand-in's state, then every statement by its name. A document is the JSON that Kratos shows.

-- name: schema
BEGIN;
CREATE TABLE IF NOT EXISTS identities (
    id         TEXT PRIMARY KEY,
    identifier TEXT NOT NULL UNIQUE,  -- for the login, trimmed and in lower case
    password   TEXT,                  -- a hash; NULL for an identity without a password
    document   TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
    token       TEXT PRIMARY KEY,
    identity_id TEXT NOT NULL REFERENCES identities ON DELETE CASCADE,
    document    TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_identity ON sessions (identity_id);
CREATE TABLE IF NOT EXISTS authenticators (
    identity_id TEXT PRIMARY KEY REFERENCES identities ON DELETE CASCADE,
    secret      TEXT  -- NULL after the app was unlinked
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    id        INTEGER PRIMARY KEY,
    recipient TEXT NOT NULL,
    document  TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS flows (
    id       TEXT PRIMARY KEY,
    document TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    id          INTEGER PRIMARY KEY,
    identity_id TEXT NOT NULL,
    email       TEXT NOT NULL,
    trigger_id  TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    sent_at     TEXT NOT NULL,
    answer      TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_by_identity ON deliveries (identity_id);
CREATE TABLE IF NOT EXISTS faults (
    kind     TEXT PRIMARY KEY,
    delay_ms INTEGER NOT NULL
) WITHOUT ROWID;
COMMIT;

-- name: insert_identity
INSERT INTO identities (id, identifier, password, document) VALUES (:id, :identifier, :password, :document)

-- name: update_identity
UPDATE identities SET identifier = :identifier, document = :document WHERE id = :id

-- name: delete_identity
DELETE FROM identities WHERE id = :id

-- name: identity
SELECT document FROM identities WHERE id = :id

-- name: login
SELECT document, password FROM identities WHERE identifier = :identifier

-- name: identities
SELECT document FROM identities
WHERE id > :after
  AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))
ORDER BY id
LIMIT :limit

-- name: insert_session
INSERT INTO sessions (token, identity_id, document) VALUES (:token, :identity_id, :document)

-- name: update_session
UPDATE sessions SET document = :document WHERE token = :token

-- name: session
SELECT sessions.document, identities.document
FROM sessions JOIN identities ON identities.id = sessions.identity_id
WHERE token = :token

-- name: revoke_session
UPDATE sessions SET document = json_set(document, '$.active', json('false')) WHERE token = :token

-- name: sessions
SELECT document FROM sessions
WHERE identity_id = :identity_id
  AND token <> :not_of
  AND json_extract(document, '$.active')
  AND julianday(json_extract(document, '$.expires_at')) > julianday(:at)
ORDER BY json_extract(document, '$.authenticated_at') DESC

-- name: revoke_sessions
UPDATE sessions SET document = json_set(document, '$.active', json('false'))
WHERE identity_id = :identity_id
  AND token <> :not_of
  AND (:session_id IS NULL OR json_extract(document, '$.id') = :session_id)

-- name: age_sessions
UPDATE sessions SET document = json_set(document, '$.authenticated_at', :authenticated_at)

-- name: totp
SELECT secret FROM authenticators WHERE identity_id = :identity_id

-- name: put_totp
INSERT INTO authenticators (identity_id, secret) VALUES (:identity_id, :secret)
ON CONFLICT (identity_id) DO UPDATE SET secret = excluded.secret

-- name: put_password
UPDATE identities SET password = :password WHERE id = :id

-- name: insert_message
INSERT INTO messages (recipient, document) VALUES (:recipient, :document)

-- name: messages
SELECT document FROM messages
WHERE :recipient IS NULL OR recipient = :recipient
ORDER BY id DESC
LIMIT :limit

-- name: put_flow
INSERT INTO flows (id, document) VALUES (:id, :document)
ON CONFLICT (id) DO UPDATE SET document = excluded.document

-- name: flow
SELECT document FROM flows WHERE id = :id

-- name: insert_delivery
INSERT INTO deliveries (identity_id, email, trigger_id, attempt, sent_at, answer)
VALUES (:identity_id, :email, :trigger_id, :attempt, :sent_at, :answer)

-- name: deliveries
SELECT identity_id, email, attempt, sent_at, answer FROM deliveries
WHERE :identity_id IS NULL OR identity_id = :identity_id
ORDER BY id DESC
LIMIT :limit

-- name: faults
SELECT kind, delay_ms FROM faults ORDER BY kind

-- name: put_fault
INSERT INTO faults (kind, delay_ms) VALUES (:kind, :delay_ms)
ON CONFLICT (kind) DO UPDATE SET delay_ms = excluded.delay_ms

-- name: delete_faults
DELETE FROM faults
