-- A page of the requests, and those of it whose mailbox is made although no row says which it is: after a restore of
-- single tables. LATERAL with LIMIT: PostgreSQL must look up each account by an index.
WITH page AS (
    SELECT identity_id, email, state FROM email_requests
    WHERE identity_id > coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000')
    ORDER BY identity_id LIMIT %(limit)s
), unrecorded AS (
    SELECT p.identity_id, p.email
    FROM page p LEFT JOIN LATERAL (
        SELECT true AS is_recorded FROM email_accounts q WHERE q.kratos_identity_id = p.identity_id LIMIT 1
    ) a ON true
    WHERE p.state = 'provisioned' AND a.is_recorded IS NULL
)
SELECT ended.last_id, u.identity_id, u.email
FROM (SELECT identity_id AS last_id FROM page ORDER BY identity_id DESC LIMIT 1) ended
LEFT JOIN unrecorded u ON true
ORDER BY u.identity_id
