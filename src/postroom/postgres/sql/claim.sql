-- Claim the due requests, at most `limit`, each under a new random holder: a counter would repeat its values after a
-- fail-over that lost commits. The conditions use now(): a scan with clock_timestamp() cannot use the index.
-- A lease that ran out without an outcome is a crash. It never makes a request a dead letter: the request runs again,
-- exclusively, so that a poison request cannot crash others with it. It runs at once after the first crash, and after a
-- growing delay from the second on.
-- Only the given steps are claimed: work that a later version stored is left to it, and unknown here.
-- A create whose address another identity has, since older code stored it without regard to that, ends as a dead letter. One
-- whose address has no row gets it: an operator may have deleted it. A change compares addresses itself.
-- Nothing is claimed while the breaker is open, or while the mail server asks for less.
WITH gate AS (
    SELECT open OR coalesce(slow_until > now(), false) AS is_closed FROM mail_server_breaker
), asked AS (
    SELECT * FROM unnest(%(identity_ids)s::uuid[], %(holders)s::uuid[]) AS a (identity_id, new_holder)
), candidates AS (
    SELECT r.identity_id, r.holder AS old_holder, a.new_holder, r.state = 'running' AS crashed, o.owner,
           CASE WHEN o.owner IS NOT NULL THEN 'dead'
                WHEN r.state = 'waiting' OR r.crashes = 0 THEN 'running' ELSE 'waiting' END AS new_state
    FROM email_requests r JOIN asked a USING (identity_id)
    LEFT JOIN LATERAL (
        SELECT h.identity_id AS owner FROM addresses h
        WHERE r.step = 'create' AND h.address = r.email AND h.role <> 'leaving' AND h.identity_id <> r.identity_id LIMIT 1
    ) o ON true
    WHERE NOT (SELECT is_closed FROM gate)
      AND r.step = ANY(%(steps)s::text[])
      AND ((r.state = 'waiting' AND r.due_at <= now() + interval '50 milliseconds')
           OR (r.state = 'running' AND r.due_at <= now()))
      AND (%(exclusive)s OR (r.state = 'waiting' AND r.crashes = 0))
    ORDER BY r.due_at, r.identity_id
    LIMIT %(limit)s
    FOR UPDATE OF r SKIP LOCKED
), moved AS (
    UPDATE email_requests r SET
        state = c.new_state,
        holder = CASE WHEN c.new_state = 'running' THEN c.new_holder END,
        due_at = clock_timestamp() + make_interval(secs => CASE c.new_state
                     WHEN 'running' THEN %(lease)s::float8
                     WHEN 'waiting' THEN least(%(crash_delay)s * 2.0 ^ least(r.crashes - 1, 16), %(longest_crash_delay)s)
                     END),
        attempts = r.attempts + (c.new_state = 'running')::int,
        crashes = r.crashes + c.crashed::int,
        outcome_unknown = r.outcome_unknown OR c.crashed,
        waits_for = NULL,
        enqueued_at = CASE WHEN c.new_state = 'running' THEN r.enqueued_at ELSE clock_timestamp() END,
        last_error = CASE WHEN c.crashed THEN 'the attempt ended without an outcome' ELSE r.last_error END,
        reason = %(held)s::text || ', ' || c.owner
    FROM candidates c
    WHERE r.identity_id = c.identity_id
    RETURNING {request of r}, c.crashed, c.old_holder
), reserved AS (
    INSERT INTO addresses (address, identity_id, role)
    SELECT email, identity_id,
           CASE WHEN EXISTS (SELECT FROM email_accounts a
                             WHERE a.kratos_identity_id = m.identity_id AND a.email = m.email)
                THEN 'held' ELSE 'wanted' END
    FROM moved m WHERE step = 'create' AND state <> 'dead' ORDER BY email
    ON CONFLICT DO NOTHING
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, holder)
    SELECT identity_id, email, action, status, attempt, error, log_holder
    FROM (
        SELECT identity_id, email, 1 AS ordinal, step AS action, 'crashed' AS status,
               attempts - (state = 'running')::int AS attempt,
               'the attempt ended without an outcome' AS error, old_holder AS log_holder
        FROM moved WHERE crashed
        UNION ALL
        SELECT identity_id, email, 2, step, 'pending', attempts, NULL, holder FROM moved WHERE state = 'running'
        UNION ALL
        SELECT identity_id, email, 3, 'accept', 'conflict', attempts, reason, NULL FROM moved WHERE state = 'dead'
    ) AS entries
    ORDER BY ordinal
), present AS (
    SELECT {request of moved} FROM moved
    UNION ALL
    SELECT {request of r} FROM email_requests r JOIN asked USING (identity_id)
    WHERE NOT EXISTS (SELECT FROM moved WHERE moved.identity_id = r.identity_id)
)
SELECT a.identity_id AS asked_id,
       CASE WHEN m.state = 'running' THEN 'granted'
            -- Repeated because the reply was lost: the first time, this same holder was granted it.
            WHEN r.state = 'running' AND r.holder = a.new_holder THEN 'granted'
            WHEN m.state IS NOT NULL THEN m.state
            WHEN r.state IS NULL THEN 'unknown'
            WHEN r.state IN ('provisioned', 'dead') THEN r.state
            WHEN r.step <> ALL(%(steps)s::text[]) THEN 'unknown'
            WHEN (SELECT is_closed FROM gate) THEN 'breaker'
            WHEN NOT %(exclusive)s AND r.due_at <= now() AND (r.state = 'running' OR r.crashes > 0) THEN 'exclusive'
            ELSE r.state END AS result,
       coalesce(m.crashed, false) AS crashed,
       -- of a granted request: how late it is, as a negative number
       extract(epoch FROM CASE WHEN m.state IN ('waiting', 'dead') THEN m.due_at
                               -- Repeated: due_at is the end of its lease now. It was due 50 ms from now at the latest.
                               WHEN r.holder = a.new_holder THEN now() + interval '50 milliseconds'
                               ELSE r.due_at END
                          - clock_timestamp())::float8 AS due_in,
       {request of n}
FROM asked a
LEFT JOIN moved m ON m.identity_id = a.identity_id
LEFT JOIN email_requests r ON r.identity_id = a.identity_id
LEFT JOIN present n ON n.identity_id = a.identity_id
