-- A valid token by its hash. Its use is recorded every 30 s at most: a busy program must not write a row with every
-- request. A process that caches the token asks no more often, so the time is exact to the minute.
WITH found AS (
    SELECT id, kratos_identity_id, name, scopes, created_at, expires_at, last_used_at
    FROM access_tokens WHERE token_hash = %(token_hash)s AND expires_at > now()
), recorded AS (
    UPDATE access_tokens t SET last_used_at = now()
    FROM found
    WHERE t.id = found.id AND (t.last_used_at IS NULL OR t.last_used_at < now() - interval '30 seconds')
)
SELECT id, kratos_identity_id, name, scopes, created_at, expires_at, last_used_at FROM found
