-- Take what is due, each under a fresh random holder; a counter would be issued twice after a fail-over that
-- lost commits. now() in the conditions, because a scan with clock_timestamp() cannot use the index.
-- A lease that ran out is a crash. A request that crashed runs again only alone, so that a poison one cannot
-- bury its neighbours: 1st crash: again at once, 2nd: after a delay, 3rd: dead.
WITH asked AS (
    SELECT * FROM unnest(%(identity_ids)s::uuid[], %(holders)s::uuid[]) AS a (identity_id, new_holder)
), candidates AS (
    SELECT r.identity_id, r.holder AS old_holder, a.new_holder, r.state = 'running' AS crashed,
           CASE WHEN r.state = 'waiting' OR r.crashes = 0 THEN 'running'
                WHEN r.crashes + 1 < %(max_crashes)s THEN 'waiting'
                ELSE 'dead' END AS new_state
    FROM email_requests r JOIN asked a USING (identity_id)
    WHERE NOT (SELECT open FROM mail_server_breaker)
      AND ((r.state = 'waiting' AND r.due_at <= now() + interval '50 milliseconds')
           OR (r.state = 'running' AND r.due_at <= now()))
      AND (%(alone)s OR (r.state = 'waiting' AND r.crashes = 0))
    ORDER BY r.identity_id
    FOR UPDATE OF r SKIP LOCKED
), moved AS (
    UPDATE email_requests r SET
        state = c.new_state,
        holder = CASE WHEN c.new_state = 'running' THEN c.new_holder END,
        due_at = CASE c.new_state
                     WHEN 'running' THEN clock_timestamp() + make_interval(secs => %(lease)s)
                     WHEN 'waiting' THEN clock_timestamp() + make_interval(secs => %(crash_delay)s) END,
        attempts = r.attempts + (c.new_state = 'running')::int,
        crashes = r.crashes + c.crashed::int,
        outcome_unknown = r.outcome_unknown OR c.crashed,
        enqueued_at = CASE WHEN c.new_state = 'running' THEN r.enqueued_at ELSE clock_timestamp() END,
        last_error = CASE WHEN c.crashed THEN 'the process died during the attempt' ELSE r.last_error END,
        reason = CASE WHEN c.new_state = 'dead'
                      THEN format('%%s processes died during its attempts', r.crashes + 1) END
    FROM candidates c
    WHERE r.identity_id = c.identity_id
    RETURNING r.*, c.crashed, c.old_holder
), logged AS (
    INSERT INTO email_provisioning_log
        (kratos_identity_id, email, action, status, attempt_count, error_message, holder)
    SELECT identity_id, email, 'create', status, attempt, error, log_holder
    FROM (
        SELECT identity_id, email, 1 AS place, 'crashed' AS status,
               attempts - (state = 'running')::int AS attempt,
               coalesce(reason, 'the process died during the attempt') AS error, old_holder AS log_holder
        FROM moved WHERE crashed
        UNION ALL
        SELECT identity_id, email, 2, 'pending', attempts, NULL, holder FROM moved WHERE state = 'running'
    ) AS entries
    ORDER BY place
)
SELECT a.identity_id AS asked_id,
       CASE WHEN m.state = 'running' THEN 'granted'
            -- Asked again after the answer was lost: this very holder was granted it then.
            WHEN r.state = 'running' AND r.holder = a.new_holder THEN 'granted'
            WHEN m.state IS NOT NULL THEN m.state
            WHEN r.state IS NULL THEN 'unknown'
            WHEN r.state IN ('provisioned', 'dead') THEN r.state
            WHEN (SELECT open FROM mail_server_breaker) THEN 'breaker'
            WHEN NOT %(alone)s AND r.due_at <= now() AND (r.state = 'running' OR r.crashes > 0) THEN 'alone'
            ELSE r.state END AS answer,
       -- of a granted one: how late we came, as a negative number
       extract(epoch FROM CASE m.state WHEN 'waiting' THEN m.due_at ELSE r.due_at END
                          - clock_timestamp())::float8 AS due_in,
       coalesce(m.identity_id, r.identity_id) AS identity_id,
       CASE WHEN m.identity_id IS NULL THEN r.email ELSE m.email END AS email,
       CASE WHEN m.identity_id IS NULL THEN r.wanted_email ELSE m.wanted_email END AS wanted_email,
       CASE WHEN m.identity_id IS NULL THEN r.display_name ELSE m.display_name END AS display_name,
       coalesce(m.state, r.state) AS state,
       CASE WHEN m.identity_id IS NULL THEN r.due_at ELSE m.due_at END AS due_at,
       CASE WHEN m.identity_id IS NULL THEN r.holder ELSE m.holder END AS holder,
       coalesce(m.attempts, r.attempts) AS attempts,
       coalesce(m.retries, r.retries) AS retries,
       coalesce(m.crashes, r.crashes) AS crashes,
       coalesce(m.outcome_unknown, r.outcome_unknown) AS outcome_unknown,
       coalesce(m.enqueued_at, r.enqueued_at) AS enqueued_at,
       CASE WHEN m.identity_id IS NULL THEN r.last_error ELSE m.last_error END AS last_error,
       CASE WHEN m.identity_id IS NULL THEN r.reason ELSE m.reason END AS reason
FROM asked a
LEFT JOIN moved m ON m.identity_id = a.identity_id
LEFT JOIN email_requests r ON r.identity_id = a.identity_id
