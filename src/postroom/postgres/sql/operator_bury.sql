-- An operator makes waiting requests dead letters, which frees the addresses that are not those of a mailbox. A running one must
-- end first: its outcome is unknown. So must what takes something away. A row that is locked is skipped, so that it does not delay
-- the others.
WITH chosen AS (
    SELECT r.identity_id FROM email_requests r
    WHERE identity_id = ANY(%(identity_ids)s::uuid[]) AND state = 'waiting'
      AND NOT (r.step = 'change' AND (
          (r.want_because IS NOT NULL OR r.operator_suspended_at IS NOT NULL)
              AND EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id AND a.state = 'active')
          OR EXISTS (SELECT FROM addresses l WHERE l.identity_id = r.identity_id AND l.role = 'leaving')
      ))
    FOR UPDATE OF r SKIP LOCKED
), moved AS (
    UPDATE email_requests r SET
        state = 'dead', due_at = NULL, waits_for = NULL, enqueued_at = clock_timestamp(),
        reason = 'buried by ' || %(actor)s || ': ' || %(reason)s,
        given_up = CASE WHEN step = 'change' THEN goal END
    FROM chosen c WHERE r.identity_id = c.identity_id
    RETURNING {request of r}
), freed AS (
    DELETE FROM addresses a USING moved m
    WHERE a.identity_id = m.identity_id AND a.role = 'wanted' AND NOT (m.step = 'change' AND m.outcome_unknown)
), unknown AS (
    -- The mail server may still carry out an update to it.
    UPDATE addresses a SET role = 'old' FROM moved m
    WHERE a.identity_id = m.identity_id AND a.role = 'wanted' AND m.step = 'change' AND m.outcome_unknown
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, actor)
    SELECT identity_id, email, 'bury', 'done', attempts, %(reason)s, %(actor)s FROM moved
)
SELECT {request} FROM moved
