-- The live tokens of a person.
SELECT * FROM access_tokens
WHERE kratos_identity_id = %(identity_id)s AND expires_at > now()
ORDER BY created_at, id
