-- An operator asks to try now. A dead request starts over; a held address fails on a unique index. A row that is locked
-- is skipped, so that it does not delay the others. A dead create whose mailbox is there stays as it is: while a mailbox is made
-- again, it is not served. A change keeps its goal.
WITH chosen AS (
    SELECT identity_id, state AS old_state FROM email_requests r
    WHERE identity_id = ANY(%(identity_ids)s::uuid[])
      AND (state = 'waiting' OR state = 'dead' AND (step = 'change' OR NOT EXISTS (
          SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id AND a.suspected_at IS NULL
      )))
    FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE email_requests r SET
        state = 'waiting', due_at = now(), waits_for = NULL, postponed = 0, enqueued_at = clock_timestamp(), reason = NULL,
        given_up = NULL,
        retries = CASE WHEN c.old_state = 'dead' THEN 0 ELSE r.retries END,
        crashes = CASE WHEN c.old_state = 'dead' THEN 0 ELSE r.crashes END
    FROM chosen c WHERE r.identity_id = c.identity_id
    RETURNING {request of r}, c.old_state, CASE WHEN r.step = 'change' THEN coalesce(r.want_email, r.email) ELSE r.email END AS wish
), reserved AS (
    -- In the order of addresses, as in sweep_store.sql.
    INSERT INTO addresses (address, identity_id, role)
    SELECT wish, identity_id,
           CASE WHEN EXISTS (SELECT FROM email_accounts a
                             WHERE a.kratos_identity_id = m.identity_id AND a.email = m.wish)
                THEN 'held' ELSE 'wanted' END
    FROM moved m WHERE old_state = 'dead' ORDER BY wish
    ON CONFLICT (address, identity_id) DO NOTHING
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, actor)
    SELECT identity_id, email, 'retry', 'done', attempts, 'asked to try again; it was ' || old_state, %(actor)s
    FROM moved
)
SELECT {request} FROM moved
