-- An operator makes waiting requests dead letters, which frees the addresses that are not those of a mailbox. A running one must end first: its outcome is unknown. A row that is
-- locked is skipped, so that it does not delay the others.
WITH chosen AS (
    SELECT identity_id FROM email_requests
    WHERE identity_id = ANY(%(identity_ids)s::uuid[]) AND state = 'waiting'
    FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE email_requests r SET
        state = 'dead', due_at = NULL, waits_for = NULL, enqueued_at = clock_timestamp(),
        reason = 'buried by ' || %(actor)s || ': ' || %(reason)s
    FROM chosen c WHERE r.identity_id = c.identity_id
    RETURNING {request of r}
), freed AS (
    DELETE FROM addresses a USING moved m
    WHERE a.address = m.email AND a.identity_id = m.identity_id AND a.role = 'wanted'
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, actor)
    SELECT identity_id, email, 'bury', 'done', attempts, %(reason)s, %(actor)s FROM moved
)
SELECT {request} FROM moved
