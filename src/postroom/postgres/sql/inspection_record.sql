-- Record what lookups changed, only for the accounts that they looked up: another account may be on record by now.
-- Those that another transaction has locked are left out, so that it holds back no others: the next lookup meets them.
WITH lookups AS (
    SELECT * FROM unnest(%(identity_ids)s::uuid[], %(stalwart_ids)s::text[], %(doubts)s::text[], %(reasons)s::text[])
        AS l (identity_id, stalwart_account_id, doubt, reason)
), before AS (
    SELECT l.identity_id, l.doubt, l.reason, a.missing_at IS NOT NULL AS was_missing
    FROM email_accounts a JOIN lookups l ON l.identity_id = a.kratos_identity_id
    WHERE a.stalwart_account_id = l.stalwart_account_id
    FOR UPDATE OF a SKIP LOCKED
), recorded AS (
    UPDATE email_accounts a SET
        suspected_at = CASE WHEN b.doubt IS NOT NULL THEN coalesce(a.suspected_at, now()) END,
        missing_at = CASE
            -- Not if another process has found it since: then it takes two checks again.
            WHEN b.doubt = 'missing' AND a.suspected_at IS NOT NULL THEN coalesce(a.missing_at, now())
            WHEN b.doubt IS NOT NULL THEN a.missing_at END
    FROM before b WHERE a.kratos_identity_id = b.identity_id
    RETURNING a.kratos_identity_id AS identity_id, a.email, a.stalwart_account_id, b.reason, b.was_missing,
              a.missing_at IS NOT NULL AS is_missing
), changed AS (
    SELECT * FROM recorded WHERE was_missing <> is_missing
), unwatched AS (
    -- Polls for new mail there would be refused, and count as failed logins. The row is locked before an event's id is
    -- drawn, so that the ids of one person grow in the order of the commits.
    DELETE FROM mail_states WHERE kratos_identity_id IN (SELECT identity_id FROM changed WHERE is_missing)
    RETURNING kratos_identity_id, seen_at
), events AS (
    INSERT INTO live_events (kratos_identity_id, type, data)
    SELECT kratos_identity_id, 'mailbox', '{"state": "missing"}' FROM unwatched WHERE seen_at > now() - interval '1 day'
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, stalwart_account_id)
    SELECT identity_id, c.email, CASE WHEN is_missing THEN 'missing' ELSE 'found' END, 'done', r.attempts, c.reason,
           stalwart_account_id
    FROM changed c JOIN email_requests r USING (identity_id)
)
SELECT identity_id, is_missing FROM changed
