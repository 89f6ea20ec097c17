-- An operator has a mailbox made again that checks did not find, or whose record is lost; also where making it again has failed
-- before. `outcome_unknown`: the attempt looks up the mark first, so that a mailbox under another id is found and no second one
-- is made. What is wanted of it is done once it is there (settle.sql).
WITH chosen AS (
    SELECT r.identity_id, a.stalwart_account_id
    FROM email_requests r LEFT JOIN email_accounts a ON a.kratos_identity_id = r.identity_id
    WHERE r.identity_id = %(identity_id)s
      AND (a.suspected_at IS NOT NULL AND (r.state IN ('provisioned', 'dead') OR r.state = 'waiting' AND r.step = 'change')
           OR a.id IS NULL AND r.state = 'provisioned')
    FOR UPDATE OF r
), moved AS (
    UPDATE email_requests r SET
        state = 'waiting', step = 'create', due_at = now(), outcome_unknown = true, retries = 0, crashes = 0, postponed = 0,
        enqueued_at = clock_timestamp(), last_error = NULL, reason = NULL, waits_for = NULL, given_up = NULL,
        -- A new mailbox has nothing of what was wanted of the old one.
        goal = goal + (want_written_at IS NOT NULL OR operator_suspended_at IS NOT NULL)::int
    FROM chosen c WHERE r.identity_id = c.identity_id
    RETURNING {request of r}, c.stalwart_account_id
), reserved AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id, 'held' FROM moved
    ON CONFLICT (address, identity_id) DO NOTHING
), unwatched AS (
    DELETE FROM mail_states WHERE kratos_identity_id IN (SELECT identity_id FROM moved)
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, stalwart_account_id, actor)
    SELECT identity_id, email, 'remake', 'done', attempts,
           'asked to make it again, or to find it by its mark', stalwart_account_id, %(actor)s
    FROM moved
)
SELECT {request} FROM moved
