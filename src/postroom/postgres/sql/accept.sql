-- Store a new request, the reservation of its address and its audit row: one statement, one commit. An address that another
-- identity has fails the statement on a unique index, which undoes the request, too. A reservation that is left of an earlier
-- request of this identity stays.
WITH gate AS (
    SELECT %(holder)s::uuid IS NOT NULL AND NOT open AS starts FROM mail_server_breaker
), added AS (
    INSERT INTO email_requests
        (identity_id, email, display_name, state, due_at, holder, attempts, enqueued_at)
    SELECT %(identity_id)s, %(email)s, %(display_name)s,
           CASE WHEN starts THEN 'running' ELSE 'waiting' END,
           CASE WHEN starts THEN clock_timestamp() + make_interval(secs => %(lease)s) ELSE now() END,
           CASE WHEN starts THEN %(holder)s::uuid END,
           starts::int,
           clock_timestamp()
    FROM gate
    ON CONFLICT (identity_id) DO NOTHING
    RETURNING {request}
), reserved AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id, 'wanted' FROM added
    ON CONFLICT (address, identity_id) DO NOTHING
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, holder, trigger_id, request_id, traceparent)
    SELECT identity_id, email,
           CASE WHEN holder IS NULL THEN %(action)s ELSE 'create' END,
           CASE WHEN holder IS NULL THEN 'done' ELSE 'pending' END,
           attempts, holder, %(trigger_id)s, %(request_id)s, %(traceparent)s
    FROM added
)
SELECT {request} FROM added
