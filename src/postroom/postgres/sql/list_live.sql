-- As list_dead.sql, for waiting and running requests, in the order in which they are due.
WITH page AS (
    SELECT {request}, created_at FROM email_requests
    WHERE state IN ('waiting', 'running')
      AND (due_at, identity_id) > (coalesce(%(after_at)s::timestamptz, '-infinity'),
                                   coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY due_at, identity_id LIMIT %(limit)s
), ended AS (
    SELECT due_at AS last_at, identity_id AS last_id, (SELECT count(*) FROM page) AS rows_read
    FROM page ORDER BY due_at DESC, identity_id DESC LIMIT 1
)
SELECT last_at, last_id, rows_read, {request of p}, p.created_at
FROM ended LEFT JOIN page p ON p.state = ANY(%(states)s::text[]) AND starts_with(coalesce(p.last_error, ''), %(reason_starts)s)
    AND (%(domain)s::text IS NULL OR split_part(p.email, '@', 2) = %(domain)s)
    AND (%(waits_for)s::text IS NULL OR p.waits_for = %(waits_for)s)
ORDER BY p.due_at, p.identity_id
