-- The address is held by another identity: the request is dead from the start, with its reason.
WITH added AS (
    INSERT INTO email_requests (identity_id, email, display_name, state, attempts, enqueued_at, last_error, reason)
    SELECT %(identity_id)s, %(email)s, %(display_name)s, 'dead', 0, clock_timestamp(), %(reason)s, %(reason)s
    WHERE EXISTS (
        SELECT FROM addresses
        WHERE address = %(email)s AND role <> 'leaving' AND identity_id <> %(identity_id)s
    )
    ON CONFLICT (identity_id) DO NOTHING
    RETURNING {request}
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, trigger_id, request_id, traceparent)
    SELECT identity_id, email, %(action)s, 'conflict', 0, reason, %(trigger_id)s, %(request_id)s, %(traceparent)s
    FROM added
)
SELECT {request} FROM added
