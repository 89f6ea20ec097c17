-- Who is due, behind a place in the order of due times, and how long until the next one is. Both by the same now():
-- what comes due in between would be in neither. A lease that ran out is looked at without grace.
WITH due AS MATERIALIZED (
    SELECT identity_id, due_at FROM email_requests
    WHERE ((state = 'waiting' AND due_at <= now() - make_interval(secs => %(grace)s))
           OR (state = 'running' AND due_at <= now()))
      AND (due_at, identity_id) > (coalesce(%(after_due)s::timestamptz, '-infinity'),
                                   coalesce(%(after_id)s::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY due_at, identity_id LIMIT %(limit)s
), following AS (
    SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 AS next_in
    FROM email_requests WHERE state IN ('waiting', 'running') AND due_at > now() - make_interval(secs => %(grace)s)
)
SELECT identity_id, due_at, next_in FROM following LEFT JOIN due ON true ORDER BY due_at, identity_id
