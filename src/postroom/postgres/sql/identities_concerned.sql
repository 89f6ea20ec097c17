-- The identities that an address concerns now, and how: who has it, requests it, or says at Kratos that it is theirs. A request that
-- an operator has dismissed counts only where nobody else is concerned (identities_of_address.sql).
SELECT identity_id, role AS how FROM addresses WHERE address = %(stored)s
UNION ALL
SELECT identity_id, 'requested' FROM email_requests WHERE email = %(stored)s AND dismissed_at IS NULL
UNION ALL
SELECT identity_id, 'at Kratos' FROM doubts WHERE kind = 'rename' AND seen = %(stored)s
LIMIT %(limit)s
