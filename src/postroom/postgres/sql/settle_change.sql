-- Store what an attempt of a change read and how it ended, if this holder still holds the request: request, account, addresses,
-- audit and the person's event in one statement. What was read is stored whatever the outcome. If another goal is wanted by now,
-- it is due at once. NULL for an address: nothing was read.
-- What the mail server shows of this account counts more than another identity's mere wish for the address, and less than what
-- another one holds.
WITH read AS (
    SELECT %(main)s::text IS NOT NULL AS is_read, cardinality(%(because)s::text[]) > 0 AS is_suspended
), held AS (
    SELECT identity_id, goal <> %(goal)s AS is_overtaken, coalesce(want_email, email) AS wish FROM email_requests
    WHERE identity_id = %(identity_id)s AND state = 'running' AND holder = %(holder)s
    FOR NO KEY UPDATE
), settled AS (
    UPDATE email_requests r SET
        state = CASE WHEN is_overtaken THEN 'waiting' ELSE %(state)s END,
        due_at = now() + CASE WHEN NOT is_overtaken THEN make_interval(secs => %(delay)s::float8) ELSE interval '0' END,
        holder = NULL,
        -- Unless a request of another identity waits for it: then its attempt decides.
        email = coalesce((
            SELECT %(main)s::text WHERE NOT EXISTS (
                SELECT FROM email_requests o
                WHERE o.email = %(main)s AND o.state <> 'dead' AND o.identity_id <> r.identity_id
            )
        ), r.email),
        display_name = coalesce(%(name)s, display_name),
        retries = CASE WHEN is_overtaken THEN 0 ELSE %(retries)s END,
        crashes = 0,
        postponed = CASE WHEN is_overtaken THEN 0 ELSE %(postponed)s END,
        waits_for = CASE WHEN NOT is_overtaken THEN %(waits_for)s END,
        outcome_unknown = %(outcome_unknown)s,
        enqueued_at = clock_timestamp(),
        last_error = %(error)s,
        reason = CASE WHEN NOT is_overtaken THEN %(reason)s END,
        have_goal = CASE WHEN %(state)s = 'provisioned' THEN %(goal)s ELSE have_goal END,
        given_up = CASE
            WHEN is_overtaken OR %(state)s = 'provisioned' THEN NULL
            WHEN %(state)s = 'dead' THEN %(goal)s
            ELSE given_up END
    FROM held h WHERE r.identity_id = h.identity_id
    RETURNING {request of r}, h.wish
), account AS (
    UPDATE email_accounts a SET
        email = coalesce(%(main)s, a.email),
        stalwart_account_id = coalesce(%(stalwart_account_id)s, a.stalwart_account_id),
        name = CASE WHEN r.is_read THEN %(name)s ELSE a.name END,
        state = CASE WHEN NOT r.is_read THEN a.state WHEN r.is_suspended THEN 'suspended' ELSE 'active' END,
        suspended_because = CASE WHEN NOT r.is_read THEN a.suspended_because WHEN r.is_suspended THEN %(because)s::text[] END,
        suspended_since = CASE
            WHEN NOT r.is_read THEN a.suspended_since
            WHEN r.is_suspended THEN coalesce(a.suspended_since, now()) END,
        suspected_at = CASE
            WHEN %(is_missing)s THEN coalesce(a.suspected_at, now())
            WHEN NOT r.is_read THEN a.suspected_at END,
        missing_at = CASE WHEN NOT r.is_read THEN a.missing_at END
    FROM settled s, read r WHERE a.kratos_identity_id = s.identity_id
    RETURNING a.id
), leaving AS (
    -- Read back without it: it has left.
    DELETE FROM addresses a USING settled s
    WHERE a.identity_id = s.identity_id AND a.role = 'leaving' AND a.address <> ALL(%(seen)s::text[]) AND (SELECT is_read FROM read)
), seen AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT shown, s.identity_id, CASE WHEN shown = %(main)s THEN 'held' ELSE 'old' END
    FROM settled s, unnest(%(seen)s::text[]) AS shown
    WHERE NOT EXISTS (
        SELECT FROM addresses l WHERE l.address = shown AND l.identity_id = s.identity_id AND l.role = 'leaving'
    )
    ORDER BY shown
    ON CONFLICT (address) WHERE role <> 'leaving' DO UPDATE SET identity_id = excluded.identity_id, role = excluded.role
    WHERE (addresses.role = 'wanted' OR addresses.identity_id = excluded.identity_id)
      AND (addresses.identity_id, addresses.role) <> (excluded.identity_id, excluded.role)
), ended AS (
    -- A wish ends with its goal. It stays reserved if the mail server may still do what an attempt asked for.
    DELETE FROM addresses a USING settled s
    WHERE a.identity_id = s.identity_id AND a.role = 'wanted' AND a.address <> ALL(%(seen)s::text[])
      AND (a.address <> s.wish OR s.state = 'dead') AND NOT s.outcome_unknown
), unknown AS (
    UPDATE addresses a SET role = 'old' FROM settled s
    WHERE a.identity_id = s.identity_id AND a.role = 'wanted' AND a.address <> ALL(%(seen)s::text[])
      AND (a.address <> s.wish OR s.state = 'dead') AND s.outcome_unknown
), watched AS (
    -- Polls for new mail log in by the new address. The row is locked before an event's id is drawn, so that the ids of one person
    -- grow in the order of the commits.
    UPDATE mail_states m SET email = coalesce(%(main)s, m.email) FROM settled s
    WHERE m.kratos_identity_id = s.identity_id AND %(actions)s::text[] <> '{}'
    RETURNING m.kratos_identity_id, m.seen_at
), events AS (
    INSERT INTO live_events (kratos_identity_id, type, data)
    SELECT kratos_identity_id, 'mailbox', '{"state": "changed"}' FROM watched WHERE seen_at > now() - interval '1 day'
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, holder, stalwart_account_id)
    SELECT identity_id, email, action, status, attempts, error, log_holder, %(stalwart_account_id)s
    FROM (
        SELECT identity_id, email, attempts, 0 AS ordinal, 'change' AS action, %(status)s AS status,
               coalesce(%(reason)s, %(error)s) AS error, %(holder)s::uuid AS log_holder
        FROM settled
        UNION ALL
        SELECT s.identity_id, s.email, s.attempts, a.ordinal, a.action, 'done', a.text, NULL
        FROM settled s, unnest(%(actions)s::text[], %(texts)s::text[]) WITH ORDINALITY AS a (action, text, ordinal)
    ) AS entries
    ORDER BY ordinal
)
SELECT {request of settled}, account.id AS account_id,
       -- Each process forgets what it knows of the person's logins (realtime/live_streams.py).
       (SELECT pg_notify('postroom_live', replace(identity_id::text, '-', '') || ':moved') WHERE 'rename' = ANY(%(actions)s::text[]))
FROM settled LEFT JOIN account ON true
