-- An operator removes dead requests from the list and the count of dead letters. They stay dead, with their reason. When a
-- request is no longer dead, a trigger clears `dismissed_at`. A row that is locked is skipped, so that it does not delay the
-- others.
WITH chosen AS (
    SELECT identity_id FROM email_requests
    WHERE identity_id = ANY(%(identity_ids)s::uuid[]) AND state = 'dead' AND dismissed_at IS NULL
    FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE email_requests r SET dismissed_at = now()
    FROM chosen c WHERE r.identity_id = c.identity_id
    RETURNING {request of r}
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, actor)
    SELECT identity_id, email, 'dismiss', 'done', attempts, %(reason)s, %(actor)s FROM moved
)
SELECT {request} FROM moved
