-- As list_dead.sql, for provisioned requests, in the order of their ids.
WITH page AS (
    SELECT {request}, created_at FROM email_requests
    WHERE identity_id > coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000')
    ORDER BY identity_id LIMIT %(limit)s
), ended AS (
    SELECT NULL::timestamptz AS last_at, identity_id AS last_id, (SELECT count(*) FROM page) AS rows_read
    FROM page ORDER BY identity_id DESC LIMIT 1
)
SELECT last_at, last_id, rows_read, {request of p}, p.created_at
FROM ended LEFT JOIN page p ON p.state = 'provisioned'
    AND starts_with(coalesce(p.last_error, ''), %(reason_starts)s)
    AND (%(domain)s::text IS NULL OR split_part(p.email, '@', 2) = %(domain)s)
ORDER BY p.identity_id
