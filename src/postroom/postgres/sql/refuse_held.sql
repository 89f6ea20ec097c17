-- The address is held by another identity: the request is dead from the start, with its reason. The holder has the address by its
-- row, or by a living request alone: older code asks for addresses without regard to their rows, and an operator may delete one.
WITH holder AS (
    SELECT coalesce(
        (SELECT identity_id FROM addresses
         WHERE address = %(email)s AND role <> 'leaving' AND identity_id <> %(identity_id)s),
        (SELECT identity_id FROM email_requests
         WHERE email = %(email)s AND state <> 'dead' AND identity_id <> %(identity_id)s)
    ) AS identity_id
), added AS (
    INSERT INTO email_requests (identity_id, email, display_name, state, attempts, enqueued_at, last_error, reason)
    SELECT %(identity_id)s, %(email)s, %(display_name)s, 'dead', 0, clock_timestamp(), why, why
    FROM (SELECT %(reason)s::text || ', ' || identity_id AS why FROM holder WHERE identity_id IS NOT NULL) AS held
    ON CONFLICT (identity_id) DO NOTHING
    RETURNING {request}
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, trigger_id, request_id, traceparent)
    SELECT identity_id, email, %(action)s, 'conflict', 0, reason, %(trigger_id)s, %(request_id)s, %(traceparent)s
    FROM added
)
SELECT {request} FROM added
