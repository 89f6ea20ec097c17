-- A live token by its hash. Its use is noted every 30 s: a busy program must not write a row with every request. A
-- process asks no oftener for one that it remembers, so what is noted is exact to the minute.
WITH found AS (
    SELECT id, kratos_identity_id, name, scopes, created_at, expires_at, last_used_at
    FROM access_tokens WHERE token_hash = %(token_hash)s AND expires_at > now()
), noted AS (
    UPDATE access_tokens t SET last_used_at = now()
    FROM found
    WHERE t.id = found.id AND (t.last_used_at IS NULL OR t.last_used_at < now() - interval '30 seconds')
)
SELECT id, kratos_identity_id, name, scopes, created_at, expires_at, last_used_at FROM found
