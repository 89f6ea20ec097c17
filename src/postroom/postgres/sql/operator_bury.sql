-- An operator makes a waiting request a dead letter. A running one must end first: its outcome is unknown.
WITH moved AS (
    UPDATE email_requests SET
        state = 'dead', due_at = NULL, waits_for = NULL, enqueued_at = clock_timestamp(),
        reason = 'buried by ' || %(actor)s || ': ' || %(reason)s
    WHERE identity_id = %(identity_id)s AND state = 'waiting'
    RETURNING {request}
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, actor)
    SELECT identity_id, email, 'bury', 'done', attempts, %(reason)s, %(actor)s FROM moved
)
SELECT {request} FROM moved
