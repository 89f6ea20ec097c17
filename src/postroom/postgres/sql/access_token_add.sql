-- Add a token, unless the person has reached the limit of valid ones. Delete the person's expired tokens.
WITH expired AS (
    DELETE FROM access_tokens WHERE kratos_identity_id = %(identity_id)s AND expires_at <= now()
)
INSERT INTO access_tokens (id, kratos_identity_id, name, token_hash, scopes, created_at, expires_at)
SELECT %(token_id)s, %(identity_id)s, %(name)s, %(token_hash)s, %(scopes)s, %(created_at)s, %(expires_at)s
WHERE %(limit)s > (
    SELECT count(*) FROM access_tokens WHERE kratos_identity_id = %(identity_id)s AND expires_at > now()
)
RETURNING id
