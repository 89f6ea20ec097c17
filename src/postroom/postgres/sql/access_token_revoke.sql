-- In one commit: delete the token, and notify every process that caches tokens.
WITH revoked AS (
    DELETE FROM access_tokens WHERE id = %(token_id)s AND kratos_identity_id = %(identity_id)s RETURNING id
)
SELECT id, pg_notify('postroom_access_tokens', '') FROM revoked
