-- Store an outcome, if this holder still holds the request: row, address, account and audit in one statement. The address of a
-- mailbox is held from then on; that of a dead letter is free again, unless there is a mailbox.
WITH settled AS (
    UPDATE email_requests SET
        -- A mailbox that was made again may have to change: somebody wanted that before.
        state = CASE WHEN %(state)s = 'provisioned' AND goal <> have_goal THEN 'waiting' ELSE %(state)s END,
        step = CASE WHEN %(state)s = 'provisioned' AND goal <> have_goal THEN 'change' ELSE step END,
        due_at = now() + make_interval(secs => CASE
            WHEN %(state)s = 'provisioned' AND goal <> have_goal THEN 0 ELSE %(delay)s::float8 END),
        holder = NULL,
        retries = %(retries)s,
        crashes = 0,
        postponed = %(postponed)s,
        waits_for = %(waits_for)s,
        outcome_unknown = %(outcome_unknown)s,
        enqueued_at = clock_timestamp(),
        last_error = %(error)s,
        reason = %(reason)s
    WHERE identity_id = %(identity_id)s AND state = 'running' AND holder = %(holder)s
    RETURNING {request}
), held AS (
    UPDATE addresses a SET role = 'held' FROM settled s
    WHERE a.address = s.email AND a.identity_id = s.identity_id AND a.role = 'wanted' AND %(state)s = 'provisioned'
), reserved AS (
    -- An operator may have deleted the row. Where another identity has one by now, the mailbox is made all the same.
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id, 'held' FROM settled WHERE %(state)s = 'provisioned'
    ON CONFLICT DO NOTHING
), freed AS (
    DELETE FROM addresses a USING settled s
    WHERE a.address = s.email AND a.identity_id = s.identity_id AND a.role = 'wanted' AND s.state = 'dead'
), account AS (
    INSERT INTO email_accounts (id, kratos_identity_id, email, stalwart_account_id)
    SELECT %(account_id)s, identity_id, email, %(stalwart_account_id)s FROM settled WHERE %(state)s = 'provisioned'
    ON CONFLICT (kratos_identity_id) DO UPDATE SET
        email = excluded.email, stalwart_account_id = excluded.stalwart_account_id,
        suspected_at = NULL, missing_at = NULL
    RETURNING id
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, holder, stalwart_account_id)
    SELECT identity_id, email, %(step)s, %(status)s, attempts, coalesce(%(reason)s, %(error)s), %(holder)s,
           %(stalwart_account_id)s
    FROM settled
)
SELECT {request of settled}, account.id AS account_id FROM settled LEFT JOIN account ON true
