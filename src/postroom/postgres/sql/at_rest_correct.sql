-- Record what lookups showed of mailboxes at rest, and make due those that an attempt is to bring nearer to what is wanted: without a
-- new goal, so that a dead letter ends as before. A row that has moved since it was read (`version`) is left alone, and so is one
-- that another transaction has locked: the next lookup meets it. NULL for an address: nothing was found under the account's id.
-- What the mail server shows counts as in settle_change.sql.
WITH asked AS (
    SELECT * FROM unnest(%(identity_ids)s::uuid[], %(moved_at)s::timestamptz[], %(mains)s::text[], %(names)s::text[],
                         %(because)s::text[], %(due)s::boolean[], %(texts)s::text[])
        AS a (identity_id, version, main, name, because, is_due, what)
), chosen AS (
    SELECT a.*, r.attempts FROM asked a JOIN email_requests r ON r.identity_id = a.identity_id
    WHERE r.enqueued_at = a.version AND r.state IN ('provisioned', 'dead')
    FOR NO KEY UPDATE OF r SKIP LOCKED
), due AS (
    UPDATE email_requests r SET
        step = 'change', state = 'waiting', due_at = now(), retries = 0, crashes = 0, postponed = 0, waits_for = NULL,
        enqueued_at = clock_timestamp(), last_error = coalesce(reason, last_error), reason = NULL,
        -- What was wanted stays so, whatever address and name an attempt reads and records.
        want_email = coalesce(want_email, email), want_name = coalesce(want_name, display_name)
    FROM chosen c WHERE r.identity_id = c.identity_id AND c.is_due
    RETURNING {request of r}
), moved AS (
    UPDATE email_requests r SET email = c.main FROM chosen c
    WHERE r.identity_id = c.identity_id AND NOT c.is_due AND c.main <> r.email
      AND NOT EXISTS (
          SELECT FROM email_requests o WHERE o.email = c.main AND o.state <> 'dead' AND o.identity_id <> r.identity_id
      )
), account AS (
    UPDATE email_accounts a SET
        email = c.main,
        name = c.name,
        state = CASE WHEN c.because = '' THEN 'active' ELSE 'suspended' END,
        suspended_because = CASE WHEN c.because <> '' THEN string_to_array(c.because, ',') END,
        suspended_since = CASE WHEN c.because <> '' THEN coalesce(a.suspended_since, now()) END
    FROM chosen c WHERE a.kratos_identity_id = c.identity_id AND c.main IS NOT NULL
), seen AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT DISTINCT ON (s.address) s.address, s.identity_id, CASE WHEN s.address = c.main THEN 'held' ELSE 'old' END
    FROM unnest(%(seen_ids)s::uuid[], %(seen)s::text[]) AS s (identity_id, address)
    JOIN chosen c ON c.identity_id = s.identity_id
    WHERE NOT EXISTS (
        SELECT FROM addresses l WHERE l.address = s.address AND l.identity_id = s.identity_id AND l.role = 'leaving'
    )
    ORDER BY s.address
    ON CONFLICT (address) WHERE role <> 'leaving' DO UPDATE SET identity_id = excluded.identity_id, role = excluded.role
    WHERE (addresses.role = 'wanted' OR addresses.identity_id = excluded.identity_id)
      AND (addresses.identity_id, addresses.role) <> (excluded.identity_id, excluded.role)
), watched AS (
    UPDATE mail_states m SET email = c.main FROM chosen c
    WHERE m.kratos_identity_id = c.identity_id AND c.main IS NOT NULL AND c.what <> ''
    RETURNING m.kratos_identity_id, m.seen_at
), events AS (
    INSERT INTO live_events (kratos_identity_id, type, data)
    SELECT kratos_identity_id, 'mailbox', '{"state": "changed"}' FROM watched WHERE seen_at > now() - interval '1 day'
), logged AS (
    INSERT INTO email_provisioning_log (kratos_identity_id, email, action, status, attempt_count, error_message)
    SELECT identity_id, main, 'differs', 'done', attempts, what FROM chosen WHERE what <> ''
)
SELECT {request of due}, c.is_due,
       -- Each process forgets what it knows of the person's logins (realtime/live_streams.py).
       (SELECT pg_notify('postroom_live', replace(c.identity_id::text, '-', '') || ':moved') WHERE c.what LIKE '%%address: %%')
FROM chosen c LEFT JOIN due ON due.identity_id = c.identity_id
