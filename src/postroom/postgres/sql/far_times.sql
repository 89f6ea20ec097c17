-- Bring back the times that are further away than any rule puts them, and return which. A running request gets the time
-- of a lease: its attempt may be under way. Locked rows are met again. A clock that was ahead by minutes shows in the time
-- of writing, and in the interval of a probe.
WITH far AS (
    SELECT identity_id FROM email_requests
    WHERE state IN ('waiting', 'running') AND due_at > now() + make_interval(secs => %(spare)s::float8)
      AND (due_at > now() + make_interval(secs => %(request)s::float8)
           OR enqueued_at > now() + make_interval(secs => %(spare)s::float8))
    ORDER BY due_at LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), requests AS (
    UPDATE email_requests r SET
        due_at = now() + make_interval(secs => CASE WHEN state = 'running' THEN %(lease)s::float8 ELSE 0 END),
        enqueued_at = least(enqueued_at, clock_timestamp())
    FROM far WHERE r.identity_id = far.identity_id
    RETURNING r.identity_id
), breaker AS (
    SELECT probe_at > now() + make_interval(secs => least(interval_s + %(spare)s::float8, %(probe)s::float8))
               AND probe_at <> 'infinity' AS probe,
           slow_until > now() + make_interval(secs => %(slow)s::float8) AS slow,
           creates_probe_at > now() + make_interval(secs => %(create_probe)s::float8) AS create_probe
    FROM mail_server_breaker
), closer AS (
    UPDATE mail_server_breaker SET
        probe_at = CASE WHEN probe THEN now() ELSE probe_at END,
        slow_until = CASE WHEN slow THEN NULL ELSE slow_until END,
        creates_probe_at = CASE WHEN create_probe THEN now() ELSE creates_probe_at END
    FROM breaker WHERE probe OR slow OR create_probe
), sweep AS (
    UPDATE identity_sweep SET due_at = now() WHERE due_at > now() + make_interval(secs => %(sweep)s::float8)
    RETURNING due_at
), inspection AS (
    UPDATE mailbox_inspection SET due_at = now()
    WHERE due_at > now() + make_interval(secs => %(inspection)s::float8)
    RETURNING due_at
)
SELECT 'request' AS what, identity_id FROM requests
UNION ALL SELECT 'probe', NULL FROM breaker WHERE probe
UNION ALL SELECT 'slow', NULL FROM breaker WHERE slow
UNION ALL SELECT 'create_probe', NULL FROM breaker WHERE create_probe
UNION ALL SELECT 'sweep', NULL FROM sweep
UNION ALL SELECT 'inspection', NULL FROM inspection
