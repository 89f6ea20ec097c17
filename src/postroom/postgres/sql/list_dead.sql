-- The next dead letters after a cursor, the newest first, and which of them match. The statement reads `limit` rows and no
-- more, however few match, so that it never reaches the statement timeout. No rows: the list has ended.
WITH page AS (
    SELECT {request}, created_at FROM email_requests
    WHERE state = 'dead' AND dismissed_at IS NULL
      AND (enqueued_at, identity_id) < (coalesce(%(after_at)s::timestamptz, 'infinity'),
                                        coalesce(%(after_id)s::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
    ORDER BY enqueued_at DESC, identity_id DESC LIMIT %(limit)s
), ended AS (
    SELECT enqueued_at AS last_at, identity_id AS last_id, (SELECT count(*) FROM page) AS rows_read
    FROM page ORDER BY enqueued_at, identity_id LIMIT 1
)
SELECT last_at, last_id, rows_read, {request of p}, p.created_at
FROM ended LEFT JOIN page p ON starts_with(p.reason, %(reason_starts)s)
    AND (%(domain)s::text IS NULL OR split_part(p.email, '@', 2) = %(domain)s)
ORDER BY p.enqueued_at DESC, p.identity_id DESC
