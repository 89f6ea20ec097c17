-- The due requests behind a position in the order of due times, and the seconds until the next one. Both use the same
-- now(): a request that becomes due in between would be in neither. Grace does not apply to a lease that ran out.
-- Only some steps are claimed (claim.sql).
WITH due AS MATERIALIZED (
    SELECT identity_id, due_at FROM email_requests
    WHERE ((state = 'waiting' AND due_at <= now() - make_interval(secs => %(grace)s))
           OR (state = 'running' AND due_at <= now()))
      AND step = ANY(%(steps)s::text[])
      AND (due_at, identity_id) > (coalesce(%(after_due)s::timestamptz, '-infinity'),
                                   coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY due_at, identity_id LIMIT %(limit)s
), following AS (
    SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 AS next_in
    FROM email_requests WHERE state IN ('waiting', 'running') AND step = ANY(%(steps)s::text[]) AND due_at > now() - make_interval(secs => %(grace)s)
)
SELECT identity_id, due_at, next_in FROM following LEFT JOIN due ON true ORDER BY due_at, identity_id
