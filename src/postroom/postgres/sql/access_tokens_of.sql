-- The valid tokens of a person.
SELECT id, kratos_identity_id, name, scopes, created_at, expires_at, last_used_at FROM access_tokens
WHERE kratos_identity_id = %(identity_id)s AND expires_at > now()
ORDER BY created_at, id
