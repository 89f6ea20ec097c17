-- Write what an identity wants of its mailbox, as far as it may be followed; NULL for an address or a name that stays. What was
-- read before the last write is dropped: no row is returned then, nor if there is no mailbox, or one that is being made again.
-- Something new is a new goal, which is due now; a newer version alone is stored without one. Nothing new writes no row.
-- A new address is reserved unless another identity has it: then the attempt says who. One that is not wanted any more is free,
-- unless an attempt that wanted it ended without the mail server's answer, or is under way (settle_change.sql).
WITH chosen AS (
    SELECT identity_id, state AS former_state, outcome_unknown AS was_unknown,
           coalesce(want_email, email) AS former_email,
           coalesce(%(email)s, want_email, email) AS new_email,
           coalesce(%(name)s, want_name, display_name) AS new_name,
           coalesce(%(email)s, want_email, email) <> coalesce(want_email, email) AS is_rename,
           (coalesce(%(email)s, want_email, email), coalesce(%(name)s, want_name, display_name), %(want_because)s::text)
               IS DISTINCT FROM (coalesce(want_email, email), coalesce(want_name, display_name), want_because) AS is_new,
           %(want_version)s::timestamptz > coalesce(want_version, '-infinity') AS is_newer
    FROM email_requests r
    WHERE identity_id = %(identity_id)s AND coalesce(want_written_at < %(read_at)s, true)
      AND NOT (state IN ('waiting', 'running') AND step <> 'change')
      AND EXISTS (SELECT FROM email_accounts a WHERE a.kratos_identity_id = r.identity_id)
    FOR NO KEY UPDATE
), wanted AS (
    UPDATE email_requests r SET
        want_email = new_email,
        want_name = new_name,
        want_because = %(want_because)s,
        want_version = CASE WHEN is_newer THEN %(want_version)s ELSE want_version END,
        want_written_at = clock_timestamp(),
        goal = goal + is_new::int,
        step = CASE WHEN is_new THEN 'change' ELSE step END,
        state = CASE WHEN is_new AND former_state <> 'running' THEN 'waiting' ELSE state END,
        due_at = CASE
            -- One that has crashed keeps its time.
            WHEN is_new AND former_state <> 'running' AND NOT (former_state = 'waiting' AND crashes > 0) THEN now()
            ELSE due_at END,
        enqueued_at = CASE WHEN is_new AND former_state <> 'running' THEN clock_timestamp() ELSE enqueued_at END,
        waits_for = CASE WHEN is_new THEN NULL ELSE waits_for END,
        retries = CASE WHEN is_new AND former_state <> 'running' THEN 0 ELSE retries END,
        postponed = CASE WHEN is_new AND former_state <> 'running' THEN 0 ELSE postponed END,
        crashes = CASE WHEN is_new AND former_state IN ('provisioned', 'dead') THEN 0 ELSE crashes END,
        last_error = CASE WHEN is_new AND former_state <> 'running' THEN NULL ELSE last_error END,
        reason = CASE WHEN is_new THEN NULL ELSE reason END,
        given_up = CASE WHEN is_new THEN NULL ELSE given_up END
    FROM chosen c WHERE r.identity_id = c.identity_id AND (is_new OR is_newer)
    RETURNING {request of r}, c.is_new, c.is_rename, c.former_email, c.new_email, c.former_state, c.was_unknown
), ended AS (
    DELETE FROM addresses a USING wanted w
    WHERE a.address = w.former_email AND a.identity_id = w.identity_id AND a.role = 'wanted'
      AND w.is_rename AND w.former_state <> 'running' AND NOT w.was_unknown
), unknown AS (
    UPDATE addresses a SET role = 'old' FROM wanted w
    WHERE a.address = w.former_email AND a.identity_id = w.identity_id AND a.role = 'wanted'
      AND w.is_rename AND w.former_state <> 'running' AND w.was_unknown
), reserved AS (
    -- One of its own stays what it is, also if it must leave.
    INSERT INTO addresses (address, identity_id, role)
    SELECT new_email, identity_id, 'wanted' FROM wanted WHERE is_rename
    ON CONFLICT DO NOTHING
), passed AS (
    INSERT INTO let_through (identity_id, kind, at)
    SELECT identity_id, kind, clock_timestamp() FROM wanted, unnest(%(passed)s::text[]) AS kind
    ON CONFLICT (identity_id, kind) DO UPDATE SET
        at = excluded.at,
        accepted_at = CASE WHEN let_through.accepted_at > coalesce(let_through.at, '-infinity') THEN let_through.accepted_at END
), logged AS (
    -- So that a person is found by the new address.
    INSERT INTO email_provisioning_log (kratos_identity_id, email, action, status, attempt_count, error_message)
    SELECT identity_id, new_email, %(action)s, 'done', attempts, 'it is wanted in place of ' || former_email
    FROM wanted WHERE is_rename
)
SELECT {request}, is_new FROM wanted
UNION ALL
SELECT {request of r}, false FROM email_requests r JOIN chosen c ON c.identity_id = r.identity_id
WHERE NOT EXISTS (SELECT FROM wanted)
