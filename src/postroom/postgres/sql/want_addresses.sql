-- The rows of some addresses: those of this identity, and those of others, which are never `leaving`.
SELECT address, identity_id, role FROM addresses
WHERE address = ANY(%(addresses)s::text[]) AND (identity_id = %(identity_id)s OR role <> 'leaving')
